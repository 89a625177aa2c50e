"""Write the typeface of the page with the letters that it has ready; run it when these or the typeface change.

python tools/make_page_faces.py
"""

from pathlib import Path

from pdt_evidence.reporting.page import face


def main() -> None:
    """Write one WOFF a weight beside the module that reads them."""
    folder = Path(face.__file__).parent
    letters = [letter for low, high in face.READY for letter in range(low, high + 1)]
    for weight in face.WEIGHTS:
        path = folder / face.ready_name(weight)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(face.with_letters(weight, letters))
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
