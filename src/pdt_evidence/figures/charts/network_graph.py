"""The network graph: treatments as discs, direct comparisons as lines between them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import MM, Chart, chart
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style, shrunk
from pdt_evidence.formatting import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["network_plot"]

LARGEST = 640.0  # square points of the largest disc
THICKEST = 7.0  # points of the thickest line
SMALLEST = 0.2  # radius of the circle as a part of the shorter side
# Shares of a line at which its number may stand; not first in the middle, where lines through the centre cross.
ALONG = sorted((n / 50 for n in range(7, 44)), key=lambda share: (abs(abs(share - 0.5) - 0.14), share))


@drawn
@known_options
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
        Line widths are proportional to the number of studies, which stands on each line; among very many
        lines the smallest numbers are excluded, and a line below says so. Gids: "treatments", "edge:a|b",
        "k:a|b", "name:a".

    Raises
    ------
    RequestError
        Where `sizes` leaves out a treatment, or the names leave no room for the circle.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> treatments, controls = ["PDT", "CBT", "CBT"], ["waitlist", "waitlist", "waitlist"]
    >>> yi, vi, studies = [0.5, 0.3, 0.4], [0.04, 0.05, 0.06], ["A", "B", "C"]
    >>> found = pdt.network(yi, vi, treatments, controls, studies, reference="waitlist")
    >>> ax = pdt.network_plot(found)
    >>> sorted(gid for text in ax.texts if (gid := text.get_gid() or "").startswith("name:"))
    ['name:CBT', 'name:PDT', 'name:waitlist']
    """
    if not (hasattr(network, "treatments") and hasattr(network, "studies")):
        raise RequestError(
            f"network_plot draws a Network, found {type(network).__name__}. Give what network returns."
        )
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
    counts = [f"{'' if sizes is not None else 'k = '}{n:.0f}" for n in amounts]
    made.ax.set_axis_off()
    made.finish(title=title, x=None, y=None)
    shares = [amount / max(amounts) for amount in amounts]
    placed = _fitted(made, treatments, counts, spots, shares)
    made.style, unit = placed.style, placed.unit
    x, y = zip(*spots, strict=True)
    look = made.style
    made.ax.scatter(
        x,
        y,
        s=placed.areas,
        color=look.study,
        edgecolor=look.paper,
        linewidth=1.0,
        zorder=3,
        gid="treatments",
    )
    _names(made, treatments, placed.texts, spots, placed.boxes)
    made.ax.set_aspect("equal")
    room = made.panel
    made.ax.set_xlim(-room[0] / 2 / unit, room[0] / 2 / unit)
    made.ax.set_ylim(-room[1] / 2 / unit - placed.foot / unit, room[1] / 2 / unit - placed.foot / unit)
    _edges(made, edges, spots, treatments, placed)
    return made.ax


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a name stands: points from the centre of its disc to its own middle, and half its size."""

    right: float
    up: float
    half_width: float
    half_height: float


@dataclass(frozen=True, slots=True)
class _Placed:
    """Sizes in points: those of a unit of the circle and of all around it."""

    style: Style
    unit: float
    areas: list[float]
    texts: list[str]
    boxes: list[_Box]
    foot: float  # half a line of small text, kept free below


def _fitted(
    made: Chart,
    treatments: list[str],
    counts: list[str],
    spots: list[tuple[float, float]],
    shares: list[float],
) -> _Placed:
    """Names at the largest text that leaves the circle room, or a refusal that says what would do."""
    room, style = made.panel, made.style
    names = [words.spoken(name) for name in treatments]
    sizes = [s for s in (style.size - 0.5 * n for n in range(20)) if s >= style.smallest] or [style.size]
    for more, size in [
        *((1.0, size) for size in sizes),
        *((more, sizes[-1]) for more in (1.2, 1.5, 2.0, 3.0, 5.0)),
    ]:
        made.style, made.panel = shrunk(style, size), (more * room[0], more * room[1])
        found = _roomiest(made, names, counts, spots, shares)
        if found is not None and more == 1.0:
            return found
        if found is not None:
            break
    needed = " x ".join(f"{math.ceil(side / MM)}" for side in made.panel)
    raise RequestError(
        f"The names of {counted(len(treatments), 'treatment')} leave no room for a network on {room[0] / MM:.0f} x "
        f"{room[1] / MM:.0f} mm below its title. Give it about {needed} mm."
    )


def _roomiest(
    made: Chart, names: list[str], counts: list[str], spots: list[tuple[float, float]], shares: list[float]
) -> _Placed | None:
    """The largest circle that the names leave, broken into lines where that makes it larger; None if too small."""
    tried = []
    for part in (1.0, 0.3, 0.22):
        broken = [made.face.wrap(name, part * made.panel[0], made.style.size) for name in names]
        texts = ["\n".join([*lines, amount]) for lines, amount in zip(broken, counts, strict=True)]
        tried.append(_arranged(made, texts, spots, shares))
    found = max((one for one in tried if one is not None), key=lambda one: one.unit, default=None)
    return found if found is not None and found.unit >= SMALLEST * min(made.panel) else None


def _arranged(
    made: Chart, texts: list[str], spots: list[tuple[float, float]], shares: list[float]
) -> _Placed | None:
    """The largest circle around which every name has room, none on another; None where there is none."""
    foot = 0.6 * made.style.small
    wide, tall = made.panel[0], made.panel[1] - 2 * foot
    for unit in (part / 100 * min(wide, tall) for part in range(46, 9, -2)):
        radius = min(math.sqrt(LARGEST / math.pi), 0.2 * unit, 0.85 * math.pi * unit / len(spots))
        areas = [math.pi * radius**2 * share for share in shares]
        boxes = _apart([_beside(made, *one) for one in zip(texts, spots, areas, strict=True)], spots, unit)
        if all(
            abs(unit * x + box.right) + box.half_width + 1.0 <= wide / 2
            and abs(unit * y + box.up) + box.half_height + 1.0 <= tall / 2
            for (x, y), box in zip(spots, boxes, strict=True)
        ):
            return _Placed(made.style, unit, areas, texts, boxes, foot)
    return None


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
    made: Chart,
    edges: Counter[tuple[int, int]],
    spots: list[tuple[float, float]],
    treatments: list[str],
    placed: _Placed,
) -> None:
    """Lines with their numbers, each where it covers neither a disc nor another number.

    Where many lines leave no such place the smallest numbers are excluded, and a line below says so.
    """
    look, unit = made.style, placed.unit
    most = max(edges.values(), default=1)
    radii = [math.sqrt(area / math.pi) / unit for area in placed.areas]
    taken = [(x, y, r, r) for (x, y), r in zip(spots, radii, strict=True)]
    bare = 0
    for (i, j), k in sorted(edges.items(), key=lambda edge: (-edge[1], edge[0])):
        (x0, y0), (x1, y1) = spots[i], spots[j]
        name = f"{treatments[i]}|{treatments[j]}"
        thick = max(0.6, THICKEST * min(1.0, unit / 100) * k / most)
        made.ax.plot(
            [x0, x1],
            [y0, y1],
            color=look.faint,
            linewidth=thick,
            zorder=1,
            solid_capstyle="round",
            gid=f"edge:{name}",
        )
        half = ((0.5 * made.face.width(str(k), look.small) + 1.5) / unit, 0.62 * look.small / unit)
        places = [(x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in ALONG]
        free = [one for one in places if all(_clear(one, half, other) for other in taken)]
        if not free:
            bare = max(bare, k)
            continue
        x, y = free[0]
        taken.append((x, y, *half))
        box = {"boxstyle": "round,pad=0.15", "facecolor": look.paper, "edgecolor": "none"}
        made.text(x, y, str(k), f"k:{name}", ha="center", va="center", color=look.muted, bbox=box, zorder=2)
    if bare:
        text = f"Lines without a number: {'1 study' if bare == 1 else f'at most {bare} studies'}."
        made.text(0.0, 0.0, text, "note", transform=made.ax.transAxes, va="bottom", color=look.muted)


def _clear(
    at: tuple[float, float], half: tuple[float, float], other: tuple[float, float, float, float]
) -> bool:
    x, y, wide, tall = other
    return abs(at[0] - x) > wide + half[0] or abs(at[1] - y) > tall + half[1]


def _names(
    made: Chart, treatments: list[str], texts: list[str], spots: list[tuple[float, float]], boxes: list[_Box]
) -> None:
    """Names with what their discs stand for below."""
    for name, text, spot, box in zip(treatments, texts, spots, boxes, strict=True):
        note = made.ax.annotate(
            text,
            spot,
            xytext=(box.right, box.up),
            textcoords="offset points",
            ha="center",
            va="center",
            color=made.style.ink,
            fontproperties=made.font(text),
        )
        note.set_parse_math(False)
        note.set_gid(f"name:{name}")
