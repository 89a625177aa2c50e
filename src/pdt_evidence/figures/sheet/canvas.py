"""The sheet a figure is drawn on: a figure of the right size, or Axes that exist already.

The plot itself keeps what the text around it leaves: an axes locator works this out at every
drawing, so that text of so many points stays in place when a window or a layout changes size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

__all__ = [
    "DPI",
    "MARGIN",
    "Frame",
    "available",
    "new_axes",
    "new_figure",
    "only_for_files",
    "resize",
]

MM = 72 / 25.4
MARGIN = 6.0  # points around a figure of our own
DPI = 200.0
_only_for_files: ContextVar[bool] = ContextVar("only_for_files", default=False)


class Frame:
    """Axes locator: the Axes' own box less so many points on each side.

    Where a window or a layout has become so small that less than `least` points across and up are left,
    text meets text; a warning says so once.
    """

    def __init__(
        self, left: float, right: float, top: float, bottom: float, least: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        self.left, self.right, self.top, self.bottom = left, right, top, bottom
        self.least = least

    def __call__(self, ax: Any, renderer: Any) -> Bbox:
        """The plot's box as fractions of the figure."""
        from matplotlib.transforms import Bbox

        box = ax.get_position(original=True)
        width, height = points_of(ax.figure)
        x0, x1 = box.x0 + self.left / width, box.x1 - self.right / width
        y0, y1 = box.y0 + self.bottom / height, box.y1 - self.top / height
        if (x1 - x0) * width < self.least[0] - 1 or (y1 - y0) * height < self.least[1] - 1:
            self._warn(box.width * width, box.height * height)
        return Bbox.from_extents(x0, y0, max(x1, x0 + 1e-3), max(y1, y0 + 1e-3))

    def _warn(self, across: float, up: float) -> None:
        from pdt_evidence.errors import warn

        wide, tall = self.left + self.right + self.least[0], self.top + self.bottom + self.least[1]
        self.least = (0.0, 0.0)
        warn(
            f"A figure drawn for at least {wide / MM:.0f} x {tall / MM:.0f} mm has become {across / MM:.0f} x "
            f"{up / MM:.0f} mm: draw it again at this size, or make the window larger."
        )

    def get_subplotspec(self) -> None:
        """None: layout engines take the Axes' own place."""
        return None


def points_of(figure: Any) -> tuple[float, float]:
    """Width and height of a figure or subfigure in points."""
    return figure.bbox.width * 72 / figure.dpi, figure.bbox.height * 72 / figure.dpi


def available(ax: Any) -> tuple[float, float]:
    """Width and height in points of the box that Axes stand in, as a layout engine would place it now."""
    figure = ax.figure.canvas.figure
    if figure.get_layout_engine() is not None:
        figure.get_layout_engine().execute(figure)
    width, height = points_of(ax.figure)
    box = ax.get_position(original=True)
    return box.width * width, box.height * height


@contextmanager
def only_for_files() -> Iterator[None]:
    """Make figures that nobody shows: no window is opened for them, and none has to be closed."""
    before = _only_for_files.set(True)
    try:
        yield
    finally:
        _only_for_files.reset(before)


def new_figure(width: float, height: float, paper: str, **layout: Any) -> Any:
    """A figure of that size in points, made by pyplot: a notebook shows, and plt.show() opens, only those."""
    if _only_for_files.get():
        from matplotlib.figure import Figure as figure
    else:
        figure = _pyplot().figure
    return figure(figsize=(width / 72, height / 72), facecolor=paper, dpi=DPI, **layout)


def _pyplot() -> Any:
    """pyplot, ready to make a figure.

    Matplotlib 3.8 asks IPython for a name that 9.16 has no longer, in the middle of making the first figure, which a
    notebook then never shows. It asks once, at the end of what is set up here.
    """
    from matplotlib import pyplot

    with suppress(ImportError):
        pyplot.install_repl_displayhook()
    return pyplot


def new_axes(width: float, height: float, paper: str) -> Axes:
    """Axes that fill a new figure of that content size, save for its margin."""
    across, down = width + 2 * MARGIN, height + 2 * MARGIN
    box = (MARGIN / across, MARGIN / down, width / across, height / down)
    return new_figure(across, down, paper).add_axes(box)


def resize(ax: Any, width: float, height: float) -> None:
    """Make the figure of `new_axes` one of another content size."""
    across, down = width + 2 * MARGIN, height + 2 * MARGIN
    ax.figure.set_size_inches(across / 72, down / 72)
    ax.set_position((MARGIN / across, MARGIN / down, width / across, height / down))
