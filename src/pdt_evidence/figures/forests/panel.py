"""The plot in the middle of a forest plot: its axis, its background and its marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

from pdt_evidence.figures.forests.columns import judgement
from pdt_evidence.figures.forests.placement import PlacedRow, Placement
from pdt_evidence.figures.forests.records import ForestLayout
from pdt_evidence.figures.sheet import axis, marks
from pdt_evidence.figures.sheet.beside_plot import Sheet
from pdt_evidence.figures.sheet.canvas import Frame
from pdt_evidence.figures.sheet.styles import Style

__all__ = ["Extras", "draw_all", "prepare"]

LARGEST = 0.66  # side of the largest square, as a part of a row
DIAMOND = 0.34  # half the height of a diamond, as a part of a row
SHAPES = ("s", "o", "D", "^", "v", "P", "X")
DASHES = [(0, (3, 2.5))]
Ends = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What is drawn beside the rows: reference lines, a shaded zone, and how prediction intervals look."""

    prediction: str = "bar"
    lines: tuple[float, ...] = ()
    zone: tuple[float, float] | None = None


def prepare(ax: Any, layout: ForestLayout, placed: Placement, ends: Ends) -> None:
    """Axes with the effect on x, the rows downwards on y, and nothing but the lower spine."""
    style = placed.style
    least = (0.0, placed.least_height - placed.top - placed.bottom)
    ax.set_axes_locator(Frame(placed.left, placed.right, placed.top, placed.bottom, least))
    ax.set_facecolor("none")
    if layout.scale.log:
        ax.set_xscale("log")
    ax.set_xlim(*ends)
    ax.set_ylim(placed.body, 0.0)
    ax.set_autoscale_on(False)
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set(linewidth=0.7 * style.scale, color=style.ink)
    ax.yaxis.set_visible(False)
    found = tick_marks(layout, placed, ends)
    ax.xaxis.set_major_locator(FixedLocator([value for value, _ in found]))
    ax.xaxis.set_major_formatter(FixedFormatter([text for _, text in found]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    look: dict[str, Any] = {
        "length": 3.0 * style.scale,
        "width": 0.7 * style.scale,
        "pad": 2.0,
        "labelsize": style.small,
    }
    look |= {"color": style.ink, "labelcolor": style.ink, "top": False, "labeltop": False}
    look["labelfontfamily"] = placed.face.families[0]
    ax.tick_params(axis="x", bottom=True, labelbottom=True, **look)
    ax.xaxis.get_majorticklabels()  # made now, under our settings


def tick_marks(layout: ForestLayout, placed: Placement, ends: Ends) -> list[tuple[float, str]]:
    """Ticks that stand apart at the width that the plot has."""
    style, face = placed.style, placed.face

    def label(value: float) -> str:
        return axis.tick_label(value, style.format)

    def width(text: str) -> float:
        return face.width(text, style.small)

    found = axis.ticks(layout.scale, *ends, placed.panel, width, label)
    if layout.scale.log:
        return found
    texts = axis.same_decimals([text for _, text in found], style.decimal)
    return list(zip((value for value, _ in found), texts, strict=True))


def draw_all(sheet: Sheet, layout: ForestLayout, placed: Placement, ends: Ends, extras: Extras) -> None:
    """Background first, then studies, predictions and summaries, then arrows at the edges."""
    ax, style = sheet.ax, placed.style
    rows = {kind: [row for row in placed.rows if row.row.kind == kind] for kind in ("study", "pooled")}
    predicted = [row for row in placed.rows if row.row.kind == "prediction"]
    if extras.prediction == "line":
        predicted = _on_diamonds(predicted, rows["pooled"])
    if style.stripes:
        _stripes(sheet, placed, rows["study"])
    _background(ax, layout, placed, ends, extras)
    _estimate_lines(ax, placed, ends, rows["pooled"])
    if extras.prediction == "band":
        _bands(ax, placed, predicted)
    _studies(ax, style, rows["study"], ends)
    _predictions(ax, style, predicted, ends, 1.1 if extras.prediction == "line" else 1.8)
    _diamonds(ax, placed, layout, rows["pooled"], ends)
    estimates = [row for row in placed.rows if row.row.kind == "estimate"]
    reaching = [
        replace(row, row=replace(row.row, low=row.row.reach[0], high=row.row.reach[1])) for row in estimates
    ]
    _estimates(ax, style, estimates, ends)
    for kind, shown, color in (
        ("study", rows["study"], style.study_line),
        ("pooled", rows["pooled"], style.pooled),
        ("prediction", predicted, style.prediction),
        ("reach", reaching, style.muted),
        ("estimate", estimates, style.study_line),
    ):
        _arrows(ax, shown, ends, style.size, color, kind)
    _lights(sheet, placed, rows["study"])


def hue_of(style: Style, hue: int) -> str:
    """Colour of a summary: the style's own, then the second model's, then the palette's."""
    return [style.pooled, style.second, *style.palette][hue % (2 + len(style.palette))]


def _studies(ax: Any, style: Style, studies: Sequence[PlacedRow], limits: Ends) -> None:
    low, high = limits
    inside = [s for s in studies if s.row.low <= high and s.row.high >= low]
    spans = [(max(s.row.low, low), min(s.row.high, high), s.middle) for s in inside]
    marks.intervals(ax, spans, color=style.study_line, width=0.9 * style.scale, gid="intervals", zorder=2.5)
    seen = [s for s in studies if low <= s.row.estimate <= high]
    largest = (LARGEST * style.pitch * style.size) ** 2
    # Correlated effects of one trial may have weights below 0, which have no area.
    weighted = [s for s in seen if not s.row.share <= 0]
    areas = [largest * (0.3 if math.isnan(s.row.share) else s.row.share) for s in weighted]
    at = [(s.row.estimate, s.middle) for s in weighted]
    marks.points(ax, at, areas, color=style.study, shape=style.marker, gid="squares")
    rest = [(s.row.estimate, s.middle) for s in seen if s.row.share <= 0]
    found = marks.points(
        ax, rest, [0.08 * largest] * len(rest), color=style.paper, shape="o", gid="points-without-weight"
    )
    if found is not None:
        found.set(edgecolors=style.study, linewidths=0.8 * style.scale)


def _diamonds(
    ax: Any, placed: Placement, layout: ForestLayout, pooled: Sequence[PlacedRow], ends: Ends
) -> None:
    """As wide as their intervals; a line with a small diamond on it where the axis cuts one off, a small diamond
    where one would be no wider than a line, and a hollow one where the interval is not known.
    """
    style = placed.style
    half = DIAMOND * style.pitch * style.size
    known = [p for p in pooled if not math.isnan(p.row.low + p.row.high)]
    cut = [p for p in known if p.row.low < ends[0] or p.row.high > ends[1]]
    span = float(layout.scale.place(ends[1]) - layout.scale.place(ends[0]))
    thin = [
        p
        for p in known
        if p not in cut
        and float(layout.scale.place(p.row.high) - layout.scale.place(p.row.low)) / span * placed.panel < half
    ]
    whole = [p for p in known if p not in cut and p not in thin]
    at = [(p.row.low, p.row.estimate, p.row.high, p.middle) for p in whole]
    marks.diamonds(ax, at, half, color=[hue_of(style, p.row.hue) for p in whole], gid="diamonds")
    partly = [p for p in cut if p.row.low <= ends[1] and p.row.high >= ends[0]]
    spans = [(max(p.row.low, ends[0]), min(p.row.high, ends[1]), p.middle) for p in partly]
    marks.intervals(
        ax,
        spans,
        color=[hue_of(style, p.row.hue) for p in partly],
        width=1.8 * style.scale,
        gid="diamonds-cut",
        zorder=3.0,
    )
    seen = [p for p in [*thin, *cut] if ends[0] <= p.row.estimate <= ends[1]]
    marks.points(
        ax,
        [(p.row.estimate, p.middle) for p in seen],
        [(1.4 * half) ** 2] * len(seen),
        color=[hue_of(style, p.row.hue) for p in seen],
        shape="D",
        gid="diamonds-small",
    )
    others = [p for p in pooled if p not in known]
    found = marks.points(
        ax,
        [(p.row.estimate, p.middle) for p in others],
        [(1.4 * half) ** 2] * len(others),
        color=style.paper,
        shape="D",
        gid="diamonds-without-interval",
    )
    if found is not None:
        found.set(edgecolors=[hue_of(style, p.row.hue) for p in others], linewidths=0.9 * style.scale)


def _estimates(ax: Any, style: Style, rows: Sequence[PlacedRow], limits: Ends) -> None:
    """Pooled results as rows: a marker by its hue, the interval, a thin line for the prediction interval."""
    low, high = limits

    def cut(pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float, float]]:
        return [
            (max(a, low), min(b, high), row.middle)
            for (a, b), row in zip(pairs, rows, strict=True)
            if a <= high and b >= low
        ]

    reaches = [row.row.reach for row in rows]
    marks.intervals(
        ax, cut(reaches), color=style.muted, width=0.6 * style.scale, gid="predictions:rows", zorder=2.2
    )
    if not rows:
        return
    spans = [(row.row.low, row.row.high) for row in rows]
    colors = [style.palette[row.row.hue % len(style.palette)] for row in rows]
    seen = [c for (a, b), c in zip(spans, colors, strict=True) if a <= high and b >= low]
    marks.intervals(ax, cut(spans), color=seen, width=1.5 * style.scale, gid="intervals", zorder=2.6)
    area = (0.46 * style.pitch * style.size) ** 2
    for hue in sorted({row.row.hue for row in rows}):
        at = [(r.row.estimate, r.middle) for r in rows if r.row.hue == hue and low <= r.row.estimate <= high]
        shape, color = SHAPES[hue % len(SHAPES)], style.palette[hue % len(style.palette)]
        marks.points(ax, at, [area] * len(at), color=color, shape=shape, gid=f"estimates:{hue}")


def _background(ax: Any, layout: ForestLayout, placed: Placement, limits: Ends, extras: Extras) -> None:
    """A shaded zone, reference lines and the line of no effect."""
    style, body = placed.style, placed.body
    if extras.zone is not None:
        low, high = max(extras.zone[0], limits[0]), min(extras.zone[1], limits[1])
        zone = Rectangle((low, 0.0), high - low, body, facecolor=style.zone, edgecolor="none", zorder=0.8)
        zone.set_gid("zone")
        ax.add_artist(zone)
    spans = [(x, 0.0, body) for x in extras.lines if limits[0] <= x <= limits[1]]
    look: dict[str, Any] = {"color": style.muted, "linestyles": [(0, (1, 2))], "zorder": 1.4}
    marks.verticals(ax, spans, width=0.8 * style.scale, gid="reference-lines", **look)
    null = layout.scale.null
    if limits[0] <= null <= limits[1]:
        marks.verticals(
            ax, [(null, 0.0, body)], color=style.muted, width=0.7 * style.scale, gid="no-effect", zorder=1.5
        )


def _top_of(placed: Placement, stratum: int) -> float:
    """Where a stratum's studies begin; the first row of all for one that has none, as the overall has."""
    rows = [
        row for row in placed.rows if row.row.stratum == stratum and row.row.kind in ("study", "estimate")
    ]
    first = (rows or placed.rows)[0]
    return first.middle - first.height / 2


def _estimate_lines(ax: Any, placed: Placement, limits: Ends, pooled: Sequence[PlacedRow]) -> None:
    """A broken line from the first study of a stratum down to its diamond."""
    shown = [p for p in pooled if limits[0] <= p.row.estimate <= limits[1]]
    spans = [(p.row.estimate, _top_of(placed, p.row.stratum), p.middle) for p in shown]
    colors = [hue_of(placed.style, p.row.hue) for p in shown]
    marks.verticals(
        ax,
        spans,
        color=colors,
        width=0.6 * placed.style.scale,
        gid="estimate-lines",
        linestyles=DASHES,
        zorder=1.6,
    )


def _bands(ax: Any, placed: Placement, predicted: Sequence[PlacedRow]) -> None:
    for found in predicted:
        top, row = _top_of(placed, found.row.stratum), found.row
        band = Rectangle((row.low, top), row.high - row.low, found.middle - top, zorder=1.0, alpha=0.12)
        band.set(facecolor=placed.style.prediction, edgecolor="none", gid=f"band:{row.key}")
        ax.add_artist(band)


def _on_diamonds(predicted: Sequence[PlacedRow], pooled: Sequence[PlacedRow]) -> list[PlacedRow]:
    """Prediction intervals at the height of their summaries."""
    levels = {(row.row.stratum, row.row.hue): row.middle for row in pooled}
    return [replace(r, middle=levels.get((r.row.stratum, r.row.hue), r.middle)) for r in predicted]


def _predictions(ax: Any, style: Style, predicted: Sequence[PlacedRow], limits: Ends, width: float) -> None:
    """Bars with end caps."""
    seen = [r for r in predicted if r.row.low <= limits[1] and r.row.high >= limits[0]]
    spans = [(max(r.row.low, limits[0]), min(r.row.high, limits[1]), r.middle) for r in seen]
    colors = [hue_of(style, r.row.hue) if r.row.hue else style.prediction for r in seen]
    marks.intervals(ax, spans, color=colors, width=width * style.scale, gid="predictions", zorder=3.0)
    tall = 0.17 * style.pitch * style.size
    caps = [
        ((x, y - tall, y + tall), color)
        for r, (a, b, y), color in zip(seen, spans, colors, strict=True)
        for x, end in ((a, r.row.low), (b, r.row.high))
        if x == end  # an arrow stands where it is cut off
    ]
    hues = [color for _, color in caps]
    marks.verticals(
        ax, [cap for cap, _ in caps], color=hues, width=1.1 * style.scale, gid="prediction-caps", zorder=3.0
    )


def _arrows(ax: Any, rows: Sequence[PlacedRow], limits: Ends, size: float, color: str, kind: str) -> None:
    """Heads on what the axis cuts off; larger ones on bars than on lines."""
    part, beyond = (0.8, 0.4) if kind in ("pooled", "prediction") else (0.5, 0.0)
    low, high = limits
    left = [(low, row.middle) for row in rows if row.row.low < low]
    right = [(high, row.middle) for row in rows if row.row.high > high]
    for at, tip, side in ((left, False, "left"), (right, True, "right")):
        gid = f"arrows-{side}:{kind}"
        marks.arrows(ax, at, right=tip, size=part * size, color=color, gid=gid, beyond=beyond)


def _stripes(sheet: Sheet, placed: Placement, studies: Sequence[PlacedRow]) -> None:
    """Every other study on a tint, across text and plot."""
    across = sheet.across(placed.left, placed.right)
    boxes = [(row.middle - row.height / 2, row.middle + row.height / 2) for row in studies[::2]]
    marks.bands(sheet.ax, boxes, color=placed.style.stripe, transform=across, gid="stripes")


def _lights(sheet: Sheet, placed: Placement, studies: Sequence[PlacedRow]) -> None:
    """A coloured disc behind the sign of every judgement."""
    style = placed.style
    for column in placed.columns:
        if not column.column.lights:
            continue
        side, origin = (0.0, -placed.left) if column.column.left else (1.0, 0.0)
        texts = [(row, judgement(row.row.cells.get(column.column.key, ""))) for row in studies]
        texts = [(row, word) for row, word in texts if word]
        marks.points(
            sheet.ax,
            [(origin + column.anchor, row.middle) for row, _ in texts],
            [(1.15 * style.size) ** 2] * len(texts),
            color=[style.lights.get(word, style.faint) for _, word in texts],
            shape="o",
            gid=f"lights:{column.column.key}",
            place=sheet.rows(side, 0.0),
            zorder=2.0,
        )
