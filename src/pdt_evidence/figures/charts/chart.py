"""Plain charts: Axes of a journal's size and look for the figures that are no forests.

As with a forest, all text is measured first and the plot takes what it leaves, so that title,
legend, labels and ticks stay within the figure, or within the box of the Axes given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from pdt_evidence.errors import RequestError
from pdt_evidence.figures.forests.arms import directions
from pdt_evidence.figures.sheet import axis
from pdt_evidence.figures.sheet.canvas import MARGIN, Frame, available, new_axes, resize
from pdt_evidence.figures.sheet.families import families_for
from pdt_evidence.figures.sheet.measure import Typeface, between_lines, tidy
from pdt_evidence.figures.sheet.options import millimetres
from pdt_evidence.figures.sheet.settings import plain_axes
from pdt_evidence.figures.sheet.styles import Style, shrunk, style_of
from pdt_evidence.formatting import Format
from pdt_evidence.results import PooledEffect

__all__ = ["LINE", "LINEAR", "MM", "Chart", "Chosen", "Ruler", "along", "chart", "effects", "golden"]

MM = 72 / 25.4
LINE = 1.25  # from one line of a text to the next, in ems
TICK = 5.5  # points from the plot to its tick labels
GAP = 4.0
LEAST = (16 * MM, 12 * MM)  # what the plot itself keeps, across and up
NAMES = 0.34  # share of the width that names of bands may take
LEGEND = {"handlelength": 1.6, "handletextpad": 0.5, "columnspacing": 1.2, "labelspacing": 0.35}


@dataclass(frozen=True, slots=True)
class Ruler:
    """How an axis is labelled: its scale, and whether the data are logarithms of what is shown."""

    scale: axis.Scale = field(default_factory=lambda: axis.Scale(log=False))
    logs: bool = False
    whole: bool = False  # ticks at whole numbers alone: years, sessions

    def ticks(
        self, ends: tuple[float, float], room: float, width: Any, form: Format
    ) -> list[tuple[float, str]]:
        """Places of the ticks and their labels, as many as stand apart in `room` points."""
        low, high = (math.exp(end) if self.logs else end for end in sorted(ends))

        def label(value: float) -> str:
            return axis.tick_label(float(f"{value:.6g}"), form)

        found = axis.ticks(self.scale, low, high, room, width, label, whole=self.whole)
        places = [math.log(value) if self.logs else value for value, _ in found]
        texts = [text for _, text in found]
        return list(
            zip(places, texts if self.scale.log else axis.same_decimals(texts, form.decimal), strict=True)
        )


@dataclass(frozen=True, slots=True)
class Chosen(Ruler):
    """Ticks at values of our own, the weightiest first: one that would touch an earlier one is left out."""

    values: tuple[float, ...] = ()

    def ticks(
        self, ends: tuple[float, float], room: float, width: Any, form: Format
    ) -> list[tuple[float, str]]:
        """Those that stand apart in `room` points."""
        low, high = sorted(ends)
        kept: list[tuple[float, str]] = []
        for value in self.values:
            text = form.shortest(value)
            apart = (abs(value - other) / (high - low) * room for other, _ in kept)
            if all(gap >= width(text) for gap in apart):
                kept.append((value, text))
        return sorted(kept)


LINEAR = Ruler()
Labels = Ruler | Sequence[tuple[float, str]] | None


def along(label: str, results: Sequence[PooledEffect]) -> str:
    """The label of an effect axis, and on a line of its own which side favours whom, where that is known."""
    return "\n".join(filter(None, (label, directions(results))))


def golden(values: Any) -> Any:
    """Places from -0.5 to 0.5 that keep points of like values apart; the same ones every time."""
    order = np.argsort(values, kind="stable")
    places = np.empty(len(values))
    # Along the sorted values the golden ratio never puts neighbours at the same place.
    places[order] = (np.arange(len(values)) * 0.618033988749895) % 1.0
    return places - 0.5


def effects(measure: str) -> Ruler:
    """The ruler of pooled effects: those of ratios are logarithms, and labelled on the natural scale."""
    scale = axis.scale_of(measure)
    return Ruler(scale, logs=scale.log)


@dataclass(frozen=True, slots=True)
class _Words:
    """Everything said around the plot, broken into lines, and what it takes on each side in points."""

    style: Style
    panel: tuple[float, float]
    sides: tuple[float, float, float, float]  # left, right, top, bottom
    title: str
    xlabel: str
    ylabel: str
    xticks: Sequence[tuple[float, str]]
    yticks: Sequence[tuple[float, str]]
    bands: float  # points up that the names of bands need
    columns: int  # of the legend
    pad: float  # from the plot to the title


class Chart:
    """Axes with a style: what every companion of the forest plot starts from."""

    def __init__(self, ax: Any, style: Style, texts: Sequence[str] = (), around: float = 0.0) -> None:
        plain_axes(ax)
        self.around = around  # points of the figure that are not ours, in each direction
        self.ax, self.style = ax, style
        self.face = Typeface(families_for(texts, style), ax.figure.dpi)
        self.room = available(ax)
        self.panel = self.room  # of the plot itself, once `finish` knows it

    def font(self, text: str = "", small: bool = False, weight: str = "normal") -> Any:
        """Font properties for that text."""
        size = self.style.small if small else self.style.size
        return self.face.properties(size, weight, "normal", text)

    def text(self, x: float, y: float, text: str, gid: str, **look: Any) -> Any:
        """A text in data coordinates unless told otherwise; never mathtext."""
        text = tidy(text, lines=True)
        look = {"color": self.style.ink, "fontproperties": self.font(text, small=True), "gid": gid} | look
        return self.ax.text(x, y, text, parse_math=False, **look)

    def finish(
        self,
        *,
        title: str = "",
        xlabel: str = "",
        ylabel: str = "",
        x: Labels = LINEAR,
        y: Labels = LINEAR,
        legend: Sequence[Any] = (),
        above: float = 0.0,
        grid: str = "",
        band: float | None = None,
    ) -> Any:
        """Spines, ticks, labels, legend and title in the style; returns the Axes.

        `x` and `y` say how the axes are labelled: by a ruler, by words at places of their own, or (None)
        not at all. `above` lines of small text stay free between the plot and its legend. A new figure is made as
        high as it takes for bands of `band` points.
        """
        options = {
            "title": tidy(title, lines=True),
            "xlabel": tidy(xlabel, lines=True),
            "ylabel": tidy(ylabel, lines=True),
            "x": x,
            "y": y,
            "legend": legend,
            "above": above,
        }
        text = self._fitted(options, band)
        self.style, self.panel = text.style, text.panel
        self._write(text)
        self._legend(legend, text, above)
        for one in (self.ax.xaxis, self.ax.yaxis):
            one.get_majorticklabels()  # made now, under our settings
        if grid:
            self.ax.grid(visible=True, axis=grid, color=self.style.faint, linewidth=0.4, zorder=0)
            self.ax.set_axisbelow(True)
        frame: Any = Frame(*text.sides)
        self.ax.set_axes_locator(frame)
        self.ax.apply_aspect(frame(self.ax, None))  # so that it is in place before it is first drawn
        return self.ax

    def _fitted(self, requested: dict[str, Any], band: float | None) -> _Words:
        """The words at the largest text that leaves the plot its least size."""
        if band is not None:
            self._resize(requested, band)
        sizes = [self.style.size - 0.5 * n for n in range(20)]
        said = None
        for size in [size for size in sizes if size >= self.style.smallest] or sizes[:1]:
            said = self._around(shrunk(self.style, size), **requested)
            if said.panel[0] >= LEAST[0] and said.panel[1] >= max(LEAST[1], said.bands):
                return said
        assert said is not None
        left, right, top, bottom = said.sides
        least = (LEAST[0], max(LEAST[1], said.bands))
        needed = (left + right + least[0], top + bottom + least[1])
        has = [(side + self.around) / MM for side in self.room]
        wanted = [max(math.ceil((side + self.around) / MM), round(has[n])) for n, side in enumerate(needed)]
        raise RequestError(
            f"The figure has {has[0]:.0f} x {has[1]:.0f} mm, and its text leaves the plot no room: at "
            f"{said.style.size:g} pt it needs about {wanted[0]} x {wanted[1]} mm. Give it more, or a shorter title."
        )

    def _resize(self, requested: dict[str, Any], band: float) -> None:
        """As high as the text and bands of `band` points, more for names of several lines, take."""
        text = self._around(self.style, **requested)
        body = max(band * len(text.yticks), text.bands, LEAST[1])
        self.room = (self.room[0], text.sides[2] + text.sides[3] + body)
        resize(self.ax, *self.room)

    def _around(
        self,
        style: Style,
        *,
        title: str,
        xlabel: str,
        ylabel: str,
        x: Any,
        y: Any,
        legend: Sequence[Any],
        above: float,
    ) -> _Words:
        """What the text takes; ticks depend on the room that it leaves, so it is worked out in turns."""
        face, (wide, tall) = self.face, self.room
        small, step = LINE * style.small, LINE * style.size
        across, up = 0.8 * wide, 0.7 * tall
        found = None
        for _ in range(4):
            yticks, beside = self._y_ticks(style, y, up)
            bands = 0.0 if isinstance(y, Ruler) else len(yticks) * (_tallest(yticks) * small + 2.0)
            xticks, over = self._x_ticks(style, x, across)
            ylines = _lines(face, ylabel, up, style.size)
            xlines = _lines(face, xlabel, across, style.size)
            left = max(
                beside + (TICK if yticks else 0.0) + (len(ylines) * step + GAP if ylines else 0.0), over[0]
            )
            heads = _lines(face, title, wide - left, style.size + 1, "bold")
            columns, key = self._key(style, legend, wide - left)
            pad = above * small + key + (GAP if key else 0.0) + GAP
            top = pad + len(heads) * LINE * (style.size + 1)
            bottom = (TICK + _tallest(xticks) * small if xticks else 0.0) + (
                len(xlines) * step + GAP if xlines else 0.0
            )
            panel = (wide - left - over[1], tall - top - bottom)
            across, up = (max(side, 1.0) for side in panel)
            found = _Words(
                style,
                panel,
                (left, over[1], top, bottom),
                "\n".join(heads),
                "\n".join(xlines),
                "\n".join(ylines),
                xticks,
                yticks,
                bands,
                columns,
                pad,
            )
        assert found is not None
        return found

    def _x_ticks(
        self, style: Style, x: Labels, across: float
    ) -> tuple[list[tuple[float, str]], tuple[float, float]]:
        """Ticks, and how far the first and the last label reach beyond the plot."""

        def width(text: str) -> float:
            return max(self.face.width(line, style.small) for line in text.split("\n"))

        low, high = self.ax.get_xlim()
        found = x.ticks((low, high), across, width, style.format) if isinstance(x, Ruler) else list(x or ())
        places = [(at - low) / (high - low) * across for at, _ in found]
        if not isinstance(x, Ruler):  # words, broken so that neighbours stand apart
            room = max(min((b - a for a, b in pairwise(places)), default=across) - GAP, 3 * style.small)
            found = [(at, "\n".join(_lines(self.face, text, room, style.small))) for at, text in found]
        halves = [width(text) / 2 for _, text in found]
        before = max((half - at for at, half in zip(places, halves, strict=True)), default=0.0)
        after = max((at + half - across for at, half in zip(places, halves, strict=True)), default=0.0)
        return found, (max(before, 0.0) + 1.0, max(after, 0.0) + 1.0)

    def _y_ticks(self, style: Style, y: Labels, up: float) -> tuple[list[tuple[float, str]], float]:
        """Ticks and the width of their labels."""
        if isinstance(y, Ruler):
            found = y.ticks(self.ax.get_ylim(), up, lambda _: 1.3 * style.small, style.format)
        else:
            wide = NAMES * self.room[0]
            found = [(at, "\n".join(self.face.wrap(tidy(name), wide, style.small))) for at, name in y or ()]
        widths = [self.face.width(line, style.small) for _, text in found for line in text.split("\n")]
        return found, max(widths, default=0.0)

    def _key(self, style: Style, handles: Sequence[Any], room: float) -> tuple[int, float]:
        """Columns of the legend, as many as fit side by side, and its height."""
        if not handles:
            return 0, 0.0
        small = style.small
        sign = (LEGEND["handlelength"] + LEGEND["handletextpad"]) * small
        labels = [_lines(self.face, h.get_label(), max(room - sign, 4 * small), small) for h in handles]
        widths = [sign + max(self.face.width(line, small) for line in lines) for lines in labels]
        columns, groups = len(handles) + 1, _in_columns(range(len(handles)), 1)
        needed = math.inf
        while needed > room and columns > 1:
            columns -= 1
            groups = _in_columns(range(len(handles)), columns)
            needed = sum(max(widths[i] for i in group) for group in groups)
            needed += (columns - 1) * LEGEND["columnspacing"] * small
        rows = max(sum(len(labels[i]) for i in group) for group in groups)
        between = between_lines(handles if rows > 1 else (), small, LEGEND["labelspacing"])
        return columns, rows * (1.2 + between) * small

    def _legend(self, handles: Sequence[Any], sentence: _Words, above: float) -> None:
        """Above the plot, without a frame."""
        if not handles:
            return
        from matplotlib.transforms import ScaledTranslation

        style, ax = self.style, self.ax
        sign = (LEGEND["handlelength"] + LEGEND["handletextpad"]) * style.small
        room = max(self.room[0] - sentence.sides[0] - sign, 4 * style.small)
        labels = ["\n".join(_lines(self.face, handle.get_label(), room, style.small)) for handle in handles]
        up = (GAP + above * LINE * style.small) / 72
        place = ax.transAxes + ScaledTranslation(0.0, up, ax.figure.dpi_scale_trans)
        look: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "bbox_transform": place}
        look |= {
            "frameon": False,
            "borderpad": 0.0,
            "borderaxespad": 0.0,
            "ncols": sentence.columns,
            **LEGEND | {"labelspacing": between_lines(handles, style.small, LEGEND["labelspacing"])},
        }
        font = self.font("".join(labels), small=True)
        found = ax.legend(handles, labels, prop=font, labelcolor=style.ink, **look)
        for text in found.get_texts():
            text.set_parse_math(False)
            text.set_linespacing(self.face.spacing(LINE))
        found.set_gid("legend")

    def _write(self, sentence: _Words) -> None:
        """Spines, ticks, labels and title."""
        from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

        ax, style = self.ax, sentence.style
        ax.set_facecolor("none")
        for side, spine in ax.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set(linewidth=0.7, color=style.ink)
        look: dict[str, Any] = {"labelsize": style.small, "color": style.ink, "labelcolor": style.ink}
        ax.tick_params(length=3.0, width=0.7, pad=2.5, labelfontfamily=list(self.face.families), **look)
        for one, ticks in ((ax.xaxis, sentence.xticks), (ax.yaxis, sentence.yticks)):
            one.set_major_locator(FixedLocator([at for at, _ in ticks]))
            one.set_major_formatter(FixedFormatter([text for _, text in ticks]))
            one.set_minor_locator(NullLocator())
        spacing = self.face.spacing(LINE)
        for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
            label.set_linespacing(spacing)
        look = {"color": style.ink, "parse_math": False, "linespacing": spacing}
        ax.set_xlabel(sentence.xlabel, fontproperties=self.font(sentence.xlabel), labelpad=GAP - 2, **look)
        ax.set_ylabel(sentence.ylabel, fontproperties=self.font(sentence.ylabel), labelpad=GAP - 2, **look)
        if sentence.title:
            font = self.face.properties(style.size + 1, "bold", "normal", sentence.title)
            ax.set_title(sentence.title, loc="left", pad=sentence.pad, fontproperties=font, **look)


def _lines(face: Typeface, text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """A text broken where it is too wide, and where it says so itself."""
    parts = text.split("\n") if text else []
    return [line for part in parts for line in face.wrap(part, max(width, 2 * size), size, weight)]


def _tallest(ticks: Sequence[tuple[float, str]]) -> int:
    """Lines of the label that has most."""
    return max((text.count("\n") + 1 for _, text in ticks), default=0)


def _in_columns(items: Sequence[int], columns: int) -> Sequence[Sequence[int]]:
    """Items column by column, as Matplotlib fills a legend: the first columns hold one more."""
    rows, longer = divmod(len(items), columns)
    starts = [n * rows + min(n, longer) for n in range(columns + 1)]
    return [items[a:b] for a, b in pairwise(starts)]


def chart(ax: Any, style: str | Style, width: float, height: float, texts: Sequence[str] = ()) -> Chart:
    """A chart on `ax`, or on a new figure of `width` by `height` millimetres."""
    chosen = style_of(style)
    if ax is None:
        for name, value in (("width", width), ("height", height)):
            if not (math.isfinite(millimetres(value, name)) and 20 <= value <= 2000):
                raise RequestError(f"{name} = {value!r} is not a {name}. Give millimetres, from 20 to 2000.")
        ax = new_axes(width * MM - 2 * MARGIN, height * MM - 2 * MARGIN, chosen.paper)
        return Chart(ax, chosen, texts, around=2 * MARGIN)
    return Chart(ax, chosen, texts)
