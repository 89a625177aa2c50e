"""The main figures as pinned pictures: ``python tests/figures/pin.py [name ...]`` draws them; then look at each.

Styles name fonts that come with the package or with Matplotlib, so that a picture is the same wherever
that version of Matplotlib draws it; results are made by hand, so that only the drawing is tested.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from scipy.ndimage import uniform_filter

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from examples import PINNED_EXAMPLES  # noqa: E402

from pdt_evidence import figures  # noqa: E402

PINNED = HERE / "pinned"
DPI = 80
PICTURES: dict[str, Callable[[], Any]] = {name: one.pinned for name, one in PINNED_EXAMPLES.items()}
TILE = 12  # pixels of a tile's side: two letters
TOLERATED = 0.012  # of the range of a channel; a point that becomes a comma is 0.02, rounding below 0.01


def draw(name: str, folder: Path) -> tuple[Any, Path]:
    """Draw one picture into `folder`: its figure, and its file."""
    np.random.seed(0)  # noqa: NPY002  # figures that jitter must not depend on what ran before
    path = folder / f"{name}.png"
    drawn = PICTURES[name]()
    figures.save(drawn, path, dpi=DPI)
    return drawn if hasattr(drawn, "savefig") else drawn.figure, path


def difference(pinned: np.ndarray, drawn: np.ndarray) -> float:
    """Root mean square between two pictures (0 to 1) over the tile where it is greatest, wherever that lies.

    A letter is lost in the mean of a whole picture, not in that of a tile.
    """
    if pinned.shape != drawn.shape:
        return 1.0
    squares = np.square(pinned.astype(float) - drawn).max(axis=-1)
    return float(np.sqrt(max(0.0, uniform_filter(squares, TILE, mode="constant").max())))


if __name__ == "__main__":
    PINNED.mkdir(exist_ok=True)
    for picture in sys.argv[1:] or PICTURES:
        print(draw(picture, PINNED)[1])
    if not sys.argv[1:]:
        (PINNED / "VERSION").write_text(f"matplotlib {matplotlib.__version__}\n", encoding="utf-8")
