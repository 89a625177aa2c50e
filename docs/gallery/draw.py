"""Draw the gallery and write its page: python docs/gallery/draw.py [folder].

What it shows stands in tests/figures/examples.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "figures"))

from examples import GALLERY_EXAMPLES  # noqa: E402

from pdt_evidence import figures  # noqa: E402

HEAD = """# Figures

All drawn from the bundled evidence by [`draw.py`](draw.py); `python docs/gallery/draw.py` draws them anew.
"""


def page() -> str:
    """The page that shows them."""
    entries = (
        f"\n{one.caption}\n\n![{name.replace('_', ' ')}]({name}.png)\n"
        for name, one in GALLERY_EXAMPLES.items()
    )
    return HEAD + "".join(entries)


def main(folder: Path) -> None:
    """Write the page, and every figure as a PNG."""
    for name, one in GALLERY_EXAMPLES.items():
        figures.save(one.in_the_gallery(), folder / f"{name}.png", dpi=110)
        plt.close("all")
    (folder / "README.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
