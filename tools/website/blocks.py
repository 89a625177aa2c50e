"""Pages of docs/ run: each Python block in turn, and the block of text below it is what it prints.

A picture that a page shows from the folder figures/ is the file that its blocks save under that name.

python tools/website/blocks.py    # writes what they print now into docs/how-to/ and docs/explanation/
"""

import contextlib
import io
import os
import re
import shutil
import tempfile
import warnings
from pathlib import Path

__all__ = ["EXPLANATION", "HOW_TO", "pictures", "with_outputs"]

HOW_TO, EXPLANATION = (Path(__file__).parents[2] / "docs" / folder for folder in ("how-to", "explanation"))
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", flags=re.MULTILINE | re.DOTALL)


def with_outputs(page: str) -> str:
    """The page with what its blocks print now; they run in the current folder, one after the other.

    The tables that pages work on, those of docs/how-to/data, are copied there first.
    """
    names: dict[str, object] = {}
    for table in (HOW_TO / "data").glob("*.csv"):
        shutil.copy(table, Path.cwd())

    def run(match: re.Match[str]) -> str:
        printed = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            warnings.simplefilter("ignore")
            exec(match[1], names)
        text = "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
        return f"```python\n{match[1]}```\n" + (f"\n```text\n{text}```\n" if text else "")

    return BLOCK.sub(run, page)


def pictures(page: str) -> list[str]:
    """The pictures of a page that its own blocks draw."""
    return re.findall(r"\]\(figures/([\w-]+\.png)\)", page)


def main() -> None:
    for path in sorted([*HOW_TO.glob("*.md"), *EXPLANATION.glob("*.md")]):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            page = with_outputs(path.read_text(encoding="utf-8"))
            path.write_text(page, encoding="utf-8")
            for name in pictures(page):
                shutil.copy(name, path.parent / "figures" / name)
            os.chdir(HOW_TO)


if __name__ == "__main__":
    main()
