"""Each pinned figure, drawn once where a machine has fonts of its own: tests of its letters and its pixels share it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import image
from matplotlib.font_manager import FontEntry, fontManager
from pin import draw

SERIF = Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSerif-Bold.ttf")  # stands for any font of a machine


@contextmanager
def furnished() -> Iterator[None]:
    """A machine whose own fonts bear the names that figures might look for, ours among them."""
    before = list(fontManager.ttflist)
    names = ("Arial", "Helvetica", "Liberation Sans", "Nimbus Sans", "STIXGeneral", "Times New Roman")
    fontManager.ttflist.extend(FontEntry(fname=str(SERIF), name=name) for name in names)
    fontManager._findfont_cached.cache_clear()
    try:
        yield
    finally:
        fontManager.ttflist[:] = before
        fontManager._findfont_cached.cache_clear()


@cache
def picture(name: str) -> tuple[Any, np.ndarray]:
    """The figure, and its pixels."""
    with furnished(), tempfile.TemporaryDirectory() as folder:
        figure, path = draw(name, Path(folder))
        return figure, image.imread(path)[:, :, :3]
