"""The network graph: treatments as discs, direct comparisons as lines between them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError
from pdt_evidence.figures import words
from pdt_evidence.figures.canvas import available, points_of
from pdt_evidence.figures.chart import Chart, chart
from pdt_evidence.figures.styles import Style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["network_plot"]

LARGEST = 640.0  # square points of the largest disc
THICKEST = 7.0  # points of the thickest line
# Shares of a line at which its number may stand; not first in the middle, where lines through the centre cross.
ALONG = (0.36, 0.64, 0.42, 0.58, 0.3, 0.7, 0.5, 0.24, 0.76, 0.2, 0.8)


def network_plot(
    network: Any,
    *,
    sizes: Mapping[str, float] | None = None,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 120.0,
    height: float = 110.0,
    title: str = "",
) -> Axes:
    """Draw which treatments have been compared with which, and in how many studies.

    Parameters
    ----------
    network : Network
        As `network` fits it: `treatments`, and `studies` with the positions of their arms.
    sizes : mapping of str to float, optional
        What the area of each disc stands for, such as patients; without it the number of studies.
    ax, style, width, height, title
        As in `funnel`.

    Returns
    -------
    Axes
        Line widths are proportional to the number of studies, which stands beside each line. Gids:
        "treatments", "edge:a|b", "name:a".

    Raises
    ------
    RequestError
        Where `sizes` leaves out a treatment.
    """
    treatments = [str(name) for name in network.treatments]
    edges: Counter[tuple[int, int]] = Counter()
    studies: Counter[int] = Counter()
    for study in network.studies:
        arms = sorted(int(arm) for arm in study.arms)
        studies.update(arms)
        edges.update(combinations(arms, 2))
    missing = [name for name in treatments if sizes is not None and name not in sizes]
    if missing:
        raise RequestError(
            f"sizes says nothing of {', '.join(map(repr, missing))}. Give every treatment a size."
        )
    amounts = [float(sizes[t]) if sizes is not None else float(studies[i]) for i, t in enumerate(treatments)]
    made = chart(ax, style, width, height, treatments)
    count = len(treatments)
    angles = [math.pi / 2 - 2 * math.pi * i / count for i in range(count)]
    spots = [(math.cos(angle), math.sin(angle)) for angle in angles]
    look = made.style
    texts = [
        f"{words.spoken(t)}\n{'' if sizes is not None else 'k = '}{n:.0f}"
        for t, n in zip(treatments, amounts, strict=True)
    ]
    # A new figure is all for the Axes; of those given the layout may still change, not by much.
    frame = points_of(made.ax.figure) if ax is None else available(made.ax)
    room = (frame[0] - 4.0, frame[1] - 4.0 - (2.0 * look.size if title else 0.0))
    largest = min(LARGEST, math.pi * (0.045 * min(room)) ** 2)  # smaller discs on small Axes
    areas = [largest * amount / max(amounts) for amount in amounts]
    unit, boxes = _arranged(made, texts, spots, areas, room)
    _edges(made, edges, spots, treatments, unit, areas)
    x, y = zip(*spots, strict=True)
    made.ax.scatter(
        x, y, s=areas, color=look.study, edgecolor=look.paper, linewidth=1.0, zorder=3, gid="treatments"
    )
    _names(made, treatments, texts, spots, boxes)
    made.finish(title=title)
    made.ax.set_axis_off()
    made.ax.set_aspect("equal")
    made.ax.set_xlim(-room[0] / 2 / unit, room[0] / 2 / unit)
    made.ax.set_ylim(-room[1] / 2 / unit, room[1] / 2 / unit)
    return made.ax


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a name stands: points from the centre of its disc to its own middle, and half its size."""

    right: float
    up: float
    half_width: float
    half_height: float


def _arranged(
    made: Chart, texts: list[str], spots: list[tuple[float, float]], areas: list[float],
    frame: tuple[float, float],
) -> tuple[float, list[_Box]]:  # fmt: skip
    """Points a unit, so that every name has room, and the names' boxes, none on another."""
    wide, tall = frame
    unit = 0.3 * min(wide, tall)
    boxes: list[_Box] = []
    for _ in range(3):  # names are moved apart by the radius, and the radius makes room for the names
        boxes = _apart([_beside(made, *one) for one in zip(texts, spots, areas, strict=True)], spots, unit)
        room = [
            (side / 2 - abs(offset) - half - 2.0) / abs(at)
            for (x, y), box in zip(spots, boxes, strict=True)
            for side, at, offset, half in (
                (wide, x, box.right, box.half_width),
                (tall, y, box.up, box.half_height),
            )
            if abs(at) > 0.05
        ]
        unit = max(min(room, default=unit), 0.12 * min(wide, tall))
    return unit, boxes


def _beside(made: Chart, text: str, spot: tuple[float, float], area: float) -> _Box:
    """Outside of the circle, clear of the disc; above the top one and below the bottom one."""
    x, y = spot
    away = math.sqrt(area / math.pi) + 5.0
    lines = text.split("\n")
    half_width = max(made.face.width(line, made.style.size) for line in lines) / 2
    half_height = 0.62 * made.style.size * len(lines)
    side = 0.0 if abs(x) < 0.05 else math.copysign(1.0, x)
    level = 0.0 if abs(y) < 0.8 and side else math.copysign(1.0, y)
    return _Box(away * x + side * half_width, away * y + level * half_height, half_width, half_height)


def _apart(boxes: list[_Box], spots: list[tuple[float, float]], unit: float) -> list[_Box]:
    """Names that would lie on others move up in the upper half and down in the lower one, the highest last."""
    found: dict[int, _Box] = {}
    for i in sorted(range(len(boxes)), key=lambda i: abs(spots[i][1])):
        box, sign = boxes[i], 1.0 if spots[i][1] >= 0 else -1.0
        while any(_overlap(box, spots[i], found[j], spots[j], unit) for j in found):
            box = replace(box, up=box.up + sign * 2.0)
        found[i] = box
    return [found[i] for i in range(len(boxes))]


def _overlap(
    one: _Box, at: tuple[float, float], other: _Box, there: tuple[float, float], unit: float
) -> bool:
    across = abs(unit * (at[0] - there[0]) + one.right - other.right)
    along = abs(unit * (at[1] - there[1]) + one.up - other.up)
    near = across < one.half_width + other.half_width + 3.0
    return near and along < one.half_height + other.half_height + 1.0


def _edges(
    made: Chart, edges: Counter[tuple[int, int]], spots: list[tuple[float, float]], treatments: list[str],
    unit: float, areas: list[float],
) -> None:  # fmt: skip
    """Lines with their numbers, each where it covers neither a disc nor another number, if there is such a place."""
    look = made.style
    most = max(edges.values(), default=1)
    taken = [(x, y, math.sqrt(area / math.pi) / unit) for (x, y), area in zip(spots, areas, strict=True)]
    half = 0.75 * look.small / unit
    for (i, j), k in sorted(edges.items()):
        (x0, y0), (x1, y1) = spots[i], spots[j]
        gid = f"edge:{treatments[i]}|{treatments[j]}"
        made.ax.plot([x0, x1], [y0, y1], color=look.faint, linewidth=max(0.6, THICKEST * k / most), zorder=1,
                     solid_capstyle="round", gid=gid)  # fmt: skip
        places = [(x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in ALONG]
        free = [min(math.hypot(x - a, y - b) - r - half for a, b, r in taken) for x, y in places]
        best = next((n for n, gap in enumerate(free) if gap > 0), free.index(max(free)))
        x, y = places[best]
        taken.append((x, y, half))
        box = {"boxstyle": "round,pad=0.15", "facecolor": look.paper, "edgecolor": "none"}
        made.text(x, y, str(k), f"k:{treatments[i]}|{treatments[j]}", ha="center", va="center", color=look.muted,
                  bbox=box, zorder=2)  # fmt: skip


def _names(
    made: Chart, treatments: list[str], texts: list[str], spots: list[tuple[float, float]], boxes: list[_Box]
) -> None:
    """Names with what their discs stand for below."""
    for name, text, spot, box in zip(treatments, texts, spots, boxes, strict=True):
        note = made.ax.annotate(text, spot, xytext=(box.right, box.up), textcoords="offset points", ha="center",
                                va="center", color=made.style.ink, fontproperties=made.font(text))  # fmt: skip
        note.set_parse_math(False)
        note.set_gid(f"name:{name}")
