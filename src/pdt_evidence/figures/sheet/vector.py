"""A sheet that is written as SVG by itself: a forest without a figure, Axes and ticks around it.

It takes the marks and the texts that `Sheet` and its Axes take. A page shows some thirty forests: this takes a
fifth of the time of Matplotlib's way to the same picture, and half of its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import Collection, LineCollection, PathCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.path import Path
from matplotlib.scale import LogTransform
from matplotlib.transforms import Affine2D, IdentityTransform, Transform, blended_transform_factory

from pdt_evidence.figures.sheet.beside_plot import Sheet
from pdt_evidence.figures.sheet.canvas import MARGIN
from pdt_evidence.figures.sheet.families import ALIKE
from pdt_evidence.figures.sheet.measure import runs, tidy
from pdt_evidence.figures.sheet.settings import described
from pdt_evidence.markup import escape, in_quotes

if TYPE_CHECKING:
    from pdt_evidence.figures.sheet.axis import Scale
    from pdt_evidence.figures.sheet.measure import Typeface
    from pdt_evidence.figures.sheet.styles import Style

__all__ = ["Vector"]

TEXTS = 3.0  # how high texts lie over marks, as in Matplotlib
AXIS = 2.5
PAD, ASCENT = 2.0, 0.728  # points from a tick to its label, and ems from there to the baseline
COMMANDS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}


class Vector(Sheet):
    """Where `forest` and `summary_forest` draw, as `ax`, what is to be an SVG and nothing else."""

    def __init__(self) -> None:
        self.ax, self.axes = self, (self,)  # takes marks as Axes do, and says what it shows as a figure does
        self._written: list[tuple[float, str]] = []
        self._marks: list[Any] = []

    def lay(
        self,
        face: Typeface,
        style: Style,
        plot: tuple[float, float],
        sides: tuple[float, float, float, float],
        scale: Scale,
        ends: tuple[float, float],
        ticks: Iterable[tuple[float, str]],
    ) -> None:
        """Take a size and draw the axis: a plot so wide and high, in points, and so much left, right, above, below it.

        From here on a point of the sheet is points right of and below its corner.
        """
        self.face, self.style = face, style
        self._panel, self._body = plot
        left, right, top, bottom = (MARGIN + side for side in sides)
        self._left, self._top = left, top
        self.size = (left + self._panel + right, top + self._body + bottom)
        low, high = (float(end) for end in scale.place(ends))
        if scale.log:
            low, high = (end / np.log(10) for end in (low, high))
        step = self._panel / (high - low)
        across = Affine2D().translate(-low, 0).scale(step, 1).translate(self._left, self._top)
        logs = blended_transform_factory(LogTransform(10), IdentityTransform()) if scale.log else None
        self.transData: Transform = across if logs is None else logs + across
        self._axis(ticks)

    def margin(self, side: float, edge: float) -> Affine2D:
        """As of `Sheet`: x in points from a side of the plot, y upwards from its bottom (0) or top (1)."""
        up = self._top + self._body * (1 - edge)
        return Affine2D.from_values(1, 0, 0, -1, self._left + side * self._panel, up)

    def rows(self, side: float, drop: float) -> Affine2D:
        """As of `Sheet`: x in points from a side of the plot, y in its data and so many points below."""
        return Affine2D().translate(self._left + side * self._panel, self._top + drop)

    def across(self, left: float, right: float) -> Affine2D:
        """As of `Sheet`: x from 0 to 1 over the plot and so many points beside it, y in its data."""
        return Affine2D.from_values(left + self._panel + right, 0, 0, 1, self._left - left, self._top)

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
    ) -> None:
        """One line of text, as of `Sheet`."""
        size = size or self.style.size
        families = [repr(name) for name in self.face.properties(size, weight, slant, text).get_family()]
        look = ["font-style: italic"] * (slant == "italic") + ["font-weight: 700"] * (weight == "bold")
        look += [
            f"font-size: {size:g}px",
            f"font-family: {', '.join(ALIKE.get(name, name) for name in families)}",
        ]
        look += {"left": [], "right": ["text-anchor: end"], "center": ["text-anchor: middle"]}[align]
        look += [f"fill: {to_hex(color or self.style.ink)}"]
        at, down = transform.transform((x, y))
        content = "".join(map(_piece, runs(text))) if symbols else escape(text)
        where = f'x="{_short(at)}" y="{_short(down)}"'
        element = f'<text id={in_quotes(gid)} style="{"; ".join(look)}" {where}>{content}</text>'
        self._written.append((TEXTS, element))

    def rule(
        self, start: tuple[float, float], end: tuple[float, float], edge: float, up: float, **look: Any
    ) -> None:
        """A horizontal line, as of `Sheet`."""
        ends = [self.margin(side, edge).transform((x, up)) for side, x in (start, end)]
        self._line(ends, to_hex(look["color"]), look["linewidth"], look["gid"], 2.0)

    def add_collection(self, collection: Any, autolim: bool = False) -> None:
        """Marks, which may still be changed until the whole is written."""
        self._marks.append(collection)

    add_artist = add_collection  # of which there are rectangles, in data

    def file(self) -> bytes:
        """The SVG, marked as one image with what it shows in words in place of it."""
        words = described(self) or "Figure"
        drawn = [*self._written]
        for mark in self._marks:
            drawn += [(mark.get_zorder(), text) for text in self._mark(mark)]
        drawn.sort(key=lambda one: one[0])
        width, height = map(_short, self.size)
        head = (
            f'<svg width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label={in_quotes(tidy(words))} xmlns="http://www.w3.org/2000/svg" version="1.1">'
        )
        paper = f'<path d="M0 0H{width}V{height}H0Z" style="fill: {to_hex(self.style.paper)}"/>'
        lines = [
            '<?xml version="1.0" encoding="utf-8"?>',
            head,
            paper,
            *(text for _, text in drawn),
            "</svg>\n",
        ]
        return "\n".join(lines).encode()

    def _axis(self, ticks: Iterable[tuple[float, str]]) -> None:
        style = self.style
        bottom, width = self._top + self._body, 0.7 * style.scale
        ink = to_hex(style.ink)
        ends = [(self._left, bottom), (self._left + self._panel, bottom)]
        self._line(ends, ink, width, "axis", AXIS)
        long = 3.0 * style.scale
        for number, (value, label) in enumerate(ticks, 1):
            x = float(self.transData.transform((value, 0.0))[0])
            self._line([(x, bottom), (x, bottom + long)], ink, width, f"tick:{number}", AXIS)
            down = bottom + long + PAD + ASCENT * style.small
            gid = f"tick:{number}:label"
            self.write(label, x, down, Affine2D(), gid=gid, size=style.small, align="center")

    def _line(self, points: Sequence[Any], color: str, width: float, gid: str, zorder: float) -> None:
        look = f"fill: none; stroke: {color}; stroke-width: {_short(width)}"
        self._written.append((zorder, f'<path id={in_quotes(gid)} d="{_open(points)}" style="{look}"/>'))

    def _mark(self, mark: Any) -> Iterator[str]:
        """A path for each run of parts that look alike."""
        shapes = list(self._shapes(mark))
        looks = list(_looks(mark, len(shapes)))
        start, gid = 0, f" id={in_quotes(str(mark.get_gid()))}"
        for i in range(1, len(shapes) + 1):
            if i == len(shapes) or looks[i] != looks[start]:
                yield f'<path{gid} d="{"".join(shapes[start:i])}" style="{looks[start]}"/>'
                start, gid = i, ""

    def _shapes(self, mark: Any) -> Iterator[str]:
        if not isinstance(mark, Collection):  # a rectangle, cut where the plot ends
            (x0, y0), (x1, y1) = self.transData.transform(mark.get_bbox().get_points())
            x0, x1 = np.clip((x0, x1), self._left, self._left + self._panel)
            yield f"{_open([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])}Z"
            return
        transform = mark.get_transform() if mark.is_transform_set() else self.transData
        if isinstance(mark, PathCollection):
            (shape,), sizes = mark.get_paths(), mark.get_sizes()
            offsets = mark.get_offset_transform().transform(mark.get_offsets())
            for i, offset in enumerate(offsets):
                side = np.sqrt(sizes[i % len(sizes)])
                yield _path(np.asarray(shape.vertices) * (side, -side) + offset, shape.codes)
        elif isinstance(mark, LineCollection):
            yield from (_open(transform.transform(segment)) for segment in mark.get_segments())
        else:
            for shape in mark.get_paths():
                yield _path(transform.transform(shape.vertices), shape.codes)


def _looks(mark: Any, count: int) -> Iterator[str]:
    """The style of each part of a mark."""
    faces, edges = (np.reshape(color, (-1, 4)) for color in (mark.get_facecolor(), mark.get_edgecolor()))
    widths = np.ravel(mark.get_linewidth())
    dashes = mark.get_linestyle() if isinstance(mark, LineCollection) else [(0, None)]
    for i in range(count):
        look = _color("fill", None if isinstance(mark, LineCollection) else _of(faces, i))
        edge = _of(edges, i)
        if edge is not None and edge[3] > 0 and len(widths):
            look += f"; {_color('stroke', edge)}; stroke-width: {_short(_of(widths, i))}"
            pattern = _of(dashes, i)[1]
            look += f"; stroke-dasharray: {','.join(map(_short, pattern))}" if pattern else ""
        yield look


def _of(values: Any, i: int) -> Any:
    return values[i % len(values)] if len(values) else None


def _color(name: str, color: Any) -> str:
    if color is None or color[3] == 0:
        return f"{name}: none"
    opacity = "" if color[3] == 1 else f"; {name}-opacity: {_short(color[3])}"
    return f"{name}: {to_hex(to_rgba(color, 1.0))}{opacity}"


def _piece(piece: tuple[str, str]) -> str:
    text, slant = piece
    return f'<tspan style="font-style: italic">{escape(text)}</tspan>' if slant == "italic" else escape(text)


def _short(value: float) -> str:
    """Hundredths of a point, without zeros at the end."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _open(points: Iterable[Any]) -> str:
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points)


def _path(points: Any, codes: Any) -> str:
    """A path by Matplotlib's codes: the first point of a curve has the letter, the others follow."""
    if codes is None:
        return _open(points)
    written, left = [], 0
    for code, (x, y) in zip(codes, points, strict=True):
        if code == Path.CLOSEPOLY:
            written.append("Z")
            continue
        if left == 0:
            written.append(COMMANDS[code])
            left = {Path.CURVE3: 2, Path.CURVE4: 3}.get(code, 1)
        left -= 1
        written.append(f"{_short(x)} {_short(y)}{' ' if left else ''}")
    return "".join(written)
