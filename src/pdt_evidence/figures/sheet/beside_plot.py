"""What is written beside and below the plot of Axes, in points from its sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

__all__ = ["Sheet"]


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
