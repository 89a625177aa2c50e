"""Hides the machine's own fonts from the tests: they see what comes with the package and with Matplotlib."""

from pathlib import Path

import matplotlib
from matplotlib.font_manager import fontManager

from pdt_evidence.figures.sheet.families import FOLDER

SHIPPED = (FOLDER, Path(matplotlib.get_data_path()))


def is_shipped(path: str | Path) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in SHIPPED)


def hide_others() -> None:
    """Leave only shipped fonts in Matplotlib's list, in this process; its file of the list stays as it is."""
    fontManager.ttflist[:] = [font for font in fontManager.ttflist if is_shipped(font.fname)]
    fontManager.afmlist[:] = [font for font in fontManager.afmlist if is_shipped(font.fname)]
    fontManager._findfont_cached.cache_clear()
