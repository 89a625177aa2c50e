"""The network graph: treatments as discs, direct comparisons as lines between them."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError
from pdt_evidence.figures import words
from pdt_evidence.figures.chart import Chart, chart
from pdt_evidence.figures.styles import Style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

__all__ = ["network_plot"]

LARGEST = 640.0  # square points of the largest disc
THICKEST = 7.0  # points of the thickest line


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
    _edges(made, edges, spots, treatments)
    look = made.style
    areas = [LARGEST * amount / max(amounts) for amount in amounts]
    x, y = zip(*spots, strict=True)
    made.ax.scatter(
        x, y, s=areas, color=look.study, edgecolor=look.paper, linewidth=1.0, zorder=3, gid="treatments"
    )
    _names(made, treatments, amounts, spots, areas, "" if sizes is not None else "k = ")
    made.finish(title=title)
    made.ax.set_axis_off()
    made.ax.set_aspect("equal")
    return made.ax


def _edges(
    made: Chart, edges: Counter[tuple[int, int]], spots: list[tuple[float, float]], treatments: list[str]
) -> None:
    look = made.style
    most = max(edges.values(), default=1)
    for (i, j), k in sorted(edges.items()):
        (x0, y0), (x1, y1) = spots[i], spots[j]
        gid = f"edge:{treatments[i]}|{treatments[j]}"
        made.ax.plot([x0, x1], [y0, y1], color=look.faint, linewidth=max(0.6, THICKEST * k / most), zorder=1,
                     solid_capstyle="round", gid=gid)  # fmt: skip
        # Not in the middle, where lines through the centre cross.
        x, y = x0 + 0.36 * (x1 - x0), y0 + 0.36 * (y1 - y0)
        box = {"boxstyle": "round,pad=0.15", "facecolor": look.paper, "edgecolor": "none"}
        made.text(x, y, str(k), f"k:{treatments[i]}|{treatments[j]}", ha="center", va="center", color=look.muted,
                  bbox=box, zorder=2)  # fmt: skip


def _names(
    made: Chart, treatments: list[str], amounts: list[float], spots: list[tuple[float, float]], areas: list[float],
    prefix: str,
) -> None:  # fmt: skip
    """Names outside the circle, clear of their discs, with what the disc stands for below."""
    reach = 1.0
    for name, amount, (x, y), area in zip(treatments, amounts, spots, areas, strict=True):
        away = math.sqrt(area / math.pi) + 5.0
        align = "center" if abs(x) < 0.25 else ("left" if x > 0 else "right")
        level = "center" if abs(y) < 0.8 and align != "center" else ("bottom" if y > 0 else "top")
        text = f"{words.spoken(name)}\n{prefix}{amount:.0f}"
        note = made.ax.annotate(text, (x, y), xytext=(away * x, away * y), textcoords="offset points", ha=align,
                                va=level, color=made.style.ink, fontproperties=made.font(text))  # fmt: skip
        note.set_parse_math(False)
        note.set_gid(f"name:{name}")
        reach = max(reach, abs(x), abs(y))
    # Room for the names, which the margins of a layout engine do not see inside the Axes.
    made.ax.set_xlim(-1.62, 1.62)
    made.ax.set_ylim(-1.36, 1.36)
