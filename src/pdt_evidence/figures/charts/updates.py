"""What changed in each estimate from one state of the evidence to another, drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import along, chart, effects
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.updates.record import Update

__all__ = ["drawn_strata", "update_plot"]

BAND = 12.0 * 72 / 25.4  # points from one stratum to the next
BLANK = "\N{NO-BREAK SPACE}"
K = f"k{BLANK}={BLANK}"
BESIDE = 0.2  # of a band: the old estimate above the middle, the new one below


@known_options
def update_plot(
    update: Update,
    *,
    every: bool = False,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 150.0,
    height: float | None = None,
    title: str | None = None,
) -> Axes:
    """Draw old and new estimate of each stratum that changed, with an arrow from the one to the other.

    Parameters
    ----------
    update : Update
        What `compare` returns.
    every : bool
        Also the strata that did not change. They are drawn in any case where none did.
    ax, style, width
        As in `funnel`.
    title : str, optional
        What all strata have in common, unless given.
    height : float, optional
        Millimetres; by the number of strata without it.

    Returns
    -------
    Axes
        One band a stratum; below the axis which side favours whom, where that is known. Gids: "old:0", "new:0" and
        so on for estimates, "old-ci:0", "new-ci:0" for intervals, "arrow:0", and "no-effect".

    Raises
    ------
    RequestError
        For another kind of result, no estimate to draw, or strata of several measures.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> rows = pdt.trials(comparison="pdt_vs_control", outcome="anxiety", follow_up="post")
    >>> change = pdt.compare(rows[rows["year"] < 2015], rows, by=["comparison", "outcome"], claims=False)
    >>> print(pdt.update_plot(change).get_xlabel())
    Standardised mean difference (95% CI)
    ← Favours control | Favours PDT →
    """
    rows = drawn_strata(update, every)
    measure = rows[0]["measure"]
    shared = [name for name in update.by if len(rows) > 1 and len({row[name] for row in rows}) == 1]
    names = [_name([name for name in update.by if name not in shared], row) for row in rows]
    if title is None:
        title = words.heading({name: str(rows[0][name]) for name in shared})
    made = chart(ax, style, width, height or 60.0, names)
    plot, look = made.ax, made.style
    low, high = _ends(rows)
    plot.set_xlim(low, high)
    plot.set_ylim(len(rows) - 0.5, -0.5)
    plot.axvline(0, color=look.muted, linewidth=0.7, gid="no-effect", zorder=1)
    for at, row in enumerate(rows):
        for side, y, color in (("old", at - BESIDE, look.muted), ("new", at + BESIDE, look.pooled)):
            _estimate(plot, row, side, y, color, look, at)
        _arrow(plot, row, at, look)
    legend = [_key("Before", look.muted, look.paper), _key("After", look.pooled, look.pooled)]
    label = f"{words.full_measure(measure)} ({percent(update.level)} CI)"
    return made.finish(
        title=title,
        xlabel=along(label, update.pooled) if update.pooled else label,
        x=effects(measure),
        y=list(enumerate(names)),
        legend=legend,
        band=BAND if ax is None and height is None else None,
    )


def drawn_strata(update: Update, every: bool = False) -> list[dict[Any, Any]]:
    """The rows of `estimates` that are drawn.

    Raises
    ------
    RequestError
        As `update_plot`.
    """
    if type(update).__name__ != "Update":
        raise RequestError(f"update_plot() draws what compare() gives, found {type(update).__name__}.")
    known = update.estimates[update.estimates[["estimate_old", "estimate_new"]].notna().any(axis=1)]
    changed = known[known["changed"]]
    rows = (known if every or changed.empty else changed).to_dict("records")
    if not rows:
        raise RequestError("There is nothing to draw: neither side has an estimate.")
    measures = sorted({str(row["measure"]) for row in rows})
    if len(measures) > 1:
        raise RequestError(
            f"The strata are of several measures ({', '.join(measures)}), which share no axis. Compare them apart."
        )
    return rows


def _name(by: Sequence[str], row: Mapping[Any, Any]) -> str:
    said = words.heading({name: str(row[name]) for name in by}) or "All studies"
    counts = [row[f"k_{side}"] for side in ("old", "new")]
    if row["status"] == "new":
        return f"{said} (new, {K}{counts[1]})"
    if row["status"] == "gone":
        return f"{said} (withdrawn, {K}{counts[0]})"
    return f"{said} ({K}{counts[0]}{f'{BLANK}→{BLANK}{counts[1]}' if counts[0] != counts[1] else ''})"


def _estimate(
    plot: Any, row: Mapping[Any, Any], side: str, y: float, color: str, look: Style, at: int
) -> None:
    middle, low, high = (row[f"{name}_{side}"] for name in ("estimate", "ci_low", "ci_high"))
    if math.isnan(middle):
        return
    if not math.isnan(low):
        width = 1.1 if side == "old" else 1.7
        plot.plot(
            [low, high],
            [y, y],
            color=color,
            linewidth=width,
            gid=f"{side}-ci:{at}",
            zorder=2,
            solid_capstyle="butt",
        )
    face = look.paper if side == "old" else color
    plot.plot(
        [middle], [y], marker="o", markersize=5.5, markerfacecolor=face, markeredgecolor=color,
        markeredgewidth=1.2, linestyle="none", gid=f"{side}:{at}", zorder=3,
    )  # fmt: skip


def _arrow(plot: Any, row: Mapping[Any, Any], at: int, look: Style) -> None:
    """From the old estimate to the new one."""
    if math.isnan(row["estimate_change"]):
        return
    arrow = plot.annotate(
        "",
        xy=(row["estimate_new"], at + BESIDE),
        xytext=(row["estimate_old"], at - BESIDE),
        arrowprops={"arrowstyle": "-|>", "color": look.prediction, "linewidth": 1.1, "shrinkA": 3.4, "shrinkB": 3.4,
                    "mutation_scale": 8},
        zorder=3.5,
    )  # fmt: skip
    arrow.arrow_patch.set_gid(f"arrow:{at}")


def _ends(rows: list[dict[Any, Any]]) -> tuple[float, float]:
    """The axis: all estimates and no effect, and of intervals no more than three times as much on either side."""
    middles = [row[f"estimate_{side}"] for row in rows for side in ("old", "new")]
    middles = [0.0, *(value for value in middles if not math.isnan(value))]
    low, high = min(middles), max(middles)
    room = max(high - low, 0.2)
    limits = [
        row[f"{end}_{side}"] for row in rows for side in ("old", "new") for end in ("ci_low", "ci_high")
    ]
    limits = [value for value in limits if low - 1.5 * room <= value <= high + 1.5 * room]
    low, high = min([low, *limits]), max([high, *limits])
    beyond = [
        row[f"{end}_{side}"] for row in rows for side in ("old", "new") for end in ("ci_low", "ci_high")
    ]
    if any(value < low for value in beyond):
        low -= 0.5 * room
    if any(value > high for value in beyond):
        high += 0.5 * room
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def _key(text: str, color: str, face: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], color=color, marker="o", markersize=5, markerfacecolor=face, markeredgecolor=color, label=text
    )
