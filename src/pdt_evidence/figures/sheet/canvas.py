"""The sheet a figure is drawn on: a figure of the right size, or Axes that exist already.

The plot itself keeps what the text around it leaves: an axes locator works this out at every
drawing, so that text of so many points stays in place when a window or a layout changes size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.transforms import (
    Affine2D,
    Bbox,
    BboxTransformTo,
    ScaledTranslation,
    Transform,
    TransformedBbox,
    blended_transform_factory,
)

from pdt_evidence.figures.sheet.lines import Line

if TYPE_CHECKING:
    from pdt_evidence.figures.sheet.measure import Typeface
    from pdt_evidence.figures.sheet.styles import Style

__all__ = [
    "DPI",
    "MARGIN",
    "Frame",
    "Sheet",
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


class _Widened(TransformedBbox):
    """The plot's box in pixels, wider by so many points on the left and the right."""

    def __init__(self, ax: Any, left: float, right: float) -> None:
        super().__init__(Bbox.unit(), ax.transAxes)
        self.figure, self.left, self.right = ax.figure, left, right

    def get_points(self) -> Any:
        scale = self.figure.dpi / 72
        points = super().get_points().copy()
        points[0, 0] -= self.left * scale
        points[1, 0] += self.right * scale
        return points


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
        from matplotlib.pyplot import figure
    return figure(figsize=(width / 72, height / 72), facecolor=paper, dpi=DPI, **layout)


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


class Sheet:
    """Writes beside and below a plot: x in points from one of its sides, y in its data or in points."""

    def __init__(self, ax: Any, face: Typeface, style: Style) -> None:
        self.ax, self.face, self.style = ax, face, style
        self._known: dict[tuple[float, ...], Transform] = {}

    def margin(self, side: float, edge: float) -> Transform:
        """x in points from the left (0) or right (1) side of the plot, y from its bottom (0) or top (1)."""
        if (side, edge) not in self._known:
            figure = self.ax.figure
            corner = ScaledTranslation(side, edge, self.ax.transAxes)
            self._known[side, edge] = Affine2D().scale(1 / 72) + figure.dpi_scale_trans + corner
        return self._known[side, edge]

    def rows(self, side: float, drop: float) -> Transform:
        """x in points from a side of the plot, y in its data and so many points below."""
        key = (side, drop, -1.0)
        if key not in self._known:
            down = ScaledTranslation(0, -drop / 72, self.ax.figure.dpi_scale_trans)
            self._known[key] = blended_transform_factory(self.margin(side, 0.0), self.ax.transData) + down
        return self._known[key]

    def across(self, left: float, right: float) -> Transform:
        """x from 0 to 1 over the plot and so many points on its left and right, y in its data."""
        return blended_transform_factory(BboxTransformTo(_Widened(self.ax, left, right)), self.ax.transData)

    def write(
        self,
        text: str,
        x: float,
        y: float,
        transform: Transform,
        *,
        gid: str,
        size: float | None = None,
        weight: str = "normal",
        slant: str = "normal",
        align: str = "left",
        color: Any = None,
        symbols: bool = False,
    ) -> Line | None:
        """One line of text, its baseline at y; `symbols` of statistics are set in italics."""
        size = size or self.style.size
        made = Line(
            x,
            y,
            text,
            fontproperties=self.face.properties(size, weight, slant, text),
            ha=align,
            va="baseline",
            color=color or self.style.ink,
            transform=transform,
            parse_math=False,
        )
        made.face, made.symbols = self.face, symbols
        made.set_gid(gid)
        made.set_clip_on(False)
        self.ax._add_text(made)
        return made

    def rule(
        self, start: tuple[float, float], end: tuple[float, float], edge: float, up: float, **look: Any
    ) -> None:
        """A horizontal line between two places, each a side of the plot and points from there."""
        from matplotlib.lines import Line2D

        if start[0] == end[0]:
            line = Line2D([start[1], end[1]], [up, up], transform=self.margin(start[0], edge), **look)
        else:
            box = BboxTransformTo(_Widened(self.ax, -start[1], end[1]))
            place = blended_transform_factory(box, self.margin(0.0, edge))
            line = Line2D([0, 1], [up, up], transform=place, **look)
        line.set_clip_on(False)
        self.ax.add_artist(line)
