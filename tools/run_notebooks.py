"""Run every notebook from top to bottom and keep what it shows.

python tools/run_notebooks.py [03 05]    # all of them, or those whose names begin so
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def main() -> None:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not path.name.startswith(tuple(sys.argv[1:]) or ""):
            continue
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # times of the day say nothing
            for output in cell.get("outputs", []):
                shrink(output.get("data", {}))
        notebook.metadata["language_info"] = {"name": "python"}
        nbformat.write(notebook, path)
        print(f"ran {path.name}")


def shrink(data: dict[str, str]) -> None:
    """Keep a picture in 64 colours: nobody sees it, and it takes a quarter of the room."""
    if "image/png" in data:
        picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
        small = io.BytesIO()
        picture.quantize(64).save(small, format="PNG", optimize=True)
        data["image/png"] = base64.b64encode(small.getvalue()).decode()


if __name__ == "__main__":
    main()
