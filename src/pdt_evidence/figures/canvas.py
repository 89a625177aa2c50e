"""The sheet a figure is drawn on: a figure of the right size, or Axes that exist already.

The plot itself keeps what the text around it leaves: an axes locator works this out at every
drawing, so that text of so many points stays in place when a window or a layout changes size.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox, ScaledTranslation, Transform, blended_transform_factory

if TYPE_CHECKING:
    from pdt_evidence.figures.measure import Typeface
    from pdt_evidence.figures.styles import Style

__all__ = ["FigureAxes", "Frame", "Writer", "available", "new_axes"]

MARGIN = 6.0  # points around a figure of our own
DPI = 200.0


class FigureAxes(Axes):
    """Axes that show their figure in a notebook, without a global list of open figures."""

    name = "pdt_evidence"

    def _repr_png_(self) -> bytes:
        sheet = io.BytesIO()
        self.get_figure(root=True).savefig(sheet, format="png", dpi=144)  # pyright: ignore
        return sheet.getvalue()


class Frame:
    """Axes locator: the Axes' own box less so many points on each side."""

    def __init__(self, left: float, right: float, top: float, bottom: float) -> None:
        self.left, self.right, self.top, self.bottom = left, right, top, bottom

    def __call__(self, ax: Any, renderer: Any) -> Bbox:
        """The plot's box as fractions of the figure."""
        box = ax.get_position(original=True)
        width, height = points_of(ax.figure)
        x0, x1 = box.x0 + self.left / width, box.x1 - self.right / width
        y0, y1 = box.y0 + self.bottom / height, box.y1 - self.top / height
        return Bbox.from_extents(x0, y0, max(x1, x0 + 1e-3), max(y1, y0 + 1e-3))

    def get_subplotspec(self) -> None:
        """None: layout engines take the Axes' own place."""
        return None


def points_of(figure: Any) -> tuple[float, float]:
    """Width and height of a figure or subfigure in points."""
    return figure.bbox.width * 72 / figure.dpi, figure.bbox.height * 72 / figure.dpi


def available(ax: Any) -> tuple[float, float]:
    """Width and height in points of the box that Axes stand in."""
    width, height = points_of(ax.figure)
    box = ax.get_position(original=True)
    return box.width * width, box.height * height


def new_axes(width: float, height: float, paper: str) -> Axes:
    """Axes that fill a new figure of that content size, save for its margin."""
    across, down = width + 2 * MARGIN, height + 2 * MARGIN
    figure = Figure(figsize=(across / 72, down / 72), facecolor=paper, dpi=DPI)
    FigureCanvasAgg(figure)  # a bare Figure's canvas cannot draw
    box = (MARGIN / across, MARGIN / down, width / across, height / down)
    return figure.add_subplot(axes_class=FigureAxes, position=box)


class Writer:
    """Puts text beside the plot: x in points from one of its sides, y in its data or in points."""

    def __init__(self, ax: Any, face: Typeface, style: Style) -> None:
        self.ax, self.face, self.style = ax, face, style
        self._known: dict[tuple[float, float, float | None], Transform] = {}

    def at(self, side: float, dx: float, dy: float = 0.0, edge: float | None = None) -> Transform:
        """Fraction `side` across the plot plus `dx` points; y in data, or from its top (1) or bottom (0)."""
        key = (side, dx, edge)
        if (key, dy) not in self._known:
            ax = self.ax
            across = ScaledTranslation(dx / 72, dy / 72, ax.figure.dpi_scale_trans)
            base = ax.transAxes if edge is not None else blended_transform_factory(ax.transAxes, ax.transData)
            self._known[key, dy] = base + across  # pyright: ignore[reportArgumentType]
        return self._known[key, dy]  # pyright: ignore[reportArgumentType]

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
        color: str | None = None,
        math: bool = False,
    ) -> Text:
        """One line of text, its baseline at y."""
        size = size or self.style.size
        made = Text(
            x,
            y,
            text,
            fontproperties=self.face.properties(size, weight, slant),
            ha=align,
            va="baseline",
            color=color or self.style.ink,
            transform=transform,
            parse_math=math,
        )
        made.set_gid(gid)
        made.set_clip_on(False)
        self.ax._add_text(made)
        return made
