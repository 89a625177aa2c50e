"""Write the figures of the registry where they must stand as text: python tools/list_figures.py.

Those places are the stub of `pdt_evidence`, the list in its docstring, and what type checkers read of
`pdt_evidence.figures`. A test fails where they disagree with the registry.
"""

import re
import textwrap
from pathlib import Path

from pdt_evidence import figures
from pdt_evidence.figures.registry import FIGURES

PACKAGE = Path(__file__).parents[1] / "src" / "pdt_evidence"
BESIDE = ("alt_text", "to_table", "save")  # public, and no figures of a result
PAGES = "forest_pages"


def lists() -> dict[Path, str]:
    """Each of those files as it should be."""
    names = [PAGES, *FIGURES]
    docstring = textwrap.fill(" ".join(["forest", PAGES, *list(FIGURES)[1:]]), 78,
                              initial_indent=4 * " ", subsequent_indent=4 * " ")  # fmt: skip
    stub = [f"from pdt_evidence.figures import {name} as {name}" for name in sorted([*names, *BESIDE])]
    types = sorted(
        f"    from pdt_evidence.figures.{figures.HOMES[name]} import {name} as {name}"
        for name in figures.__all__
    )
    return {
        PACKAGE / "__init__.py": _replaced(
            PACKAGE / "__init__.py",
            r"(?<=^Figures\n).*?(?=^Everything)",
            f"{docstring}\n    {' '.join(BESIDE)}\n",
        ),
        PACKAGE / "__init__.pyi": _replaced(
            PACKAGE / "__init__.pyi", r"(^from pdt_evidence\.figures import .*?\n)+", "\n".join(stub) + "\n"
        ),
        PACKAGE / "figures" / "__init__.py": _replaced(
            PACKAGE / "figures" / "__init__.py",
            r"(^    from pdt_evidence\.figures\.\S+ import \S+ as \S+\n)+",
            "\n".join(types) + "\n",
        ),
    }


def _replaced(path: Path, block: str, text: str) -> str:
    found, count = re.subn(
        block, lambda _: text, path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    if count != 1:
        raise SystemExit(f"{path}: expected one block of figures, found {count}.")
    return found


if __name__ == "__main__":
    for path, text in lists().items():
        path.write_text(text, encoding="utf-8")
