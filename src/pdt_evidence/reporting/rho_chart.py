"""The sensitivity chart: a pooled effect against the correlation that nobody reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError
from pdt_evidence.figures.charts.chart import Chart, chart
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.reporting.names import named

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["rho_chart"]

RULES = {"aggregate": "one value a trial", "che": "all rows, robust interval (CHE)"}
FIXED = {"one-per-trial": "one chosen row a trial", "three-level": "three-level model"}
FIXED_AT = (1.0, 1.1)


def rho_chart(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 160.0,
    height: float = 95.0,
    title: str = "The pooled effect under every rule for several rows of one trial",
) -> Axes:
    """Draw what `sensitivity` gives, by one column of strata or none.

    Parameters
    ----------
    table : DataFrame
        Of `sensitivity`, its strata by at most one column.
    ax, style, width, height, title
        As in `forest`.

    Returns
    -------
    Axes
        Estimates as lines with their intervals as ribbons, one colour a stratum, one kind of line a rule; rules
        without a correlation stand at the right.

    Raises
    ------
    RequestError
        If the strata are by more than one column.
    """
    by = list(table.columns[: table.columns.get_loc("dependence")])  # pyright: ignore[reportArgumentType]
    if len(by) > 1:
        raise RequestError(f"A chart over rho takes strata of one column, these are by {', '.join(by)}.")
    strata = dict(iter(table.groupby(by[0], sort=False))) if by else {"": table}
    names = {str(key): named(str(key)) for key in strata}
    made = chart(ax, style, width, height, list(names.values()))
    hues = made.style.palette
    handles = []
    for place, (key, rows) in enumerate(strata.items()):
        handles += _stratum(made, names[str(key)], rows, hues[place % len(hues)])
    made.ax.axhline(0.0, color=made.style.ink, linewidth=0.7, zorder=1)
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, *FIXED_AT]
    words = [f"{tick:g}" for tick in ticks[:5]] + ["one chosen\nrow a trial", "three-\nlevel"]
    made.ax.axvline(0.95, color=made.style.faint, linewidth=0.7)
    return made.finish(
        title=title,
        xlabel="Assumed correlation between measures of one trial",
        ylabel="Hedges’ g (ribbons: 95% CI)\n← Favours the other | Favours PDT →",
        grid="y",
        x=list(zip(ticks, words, strict=True)),
        legend=handles,
    )


def _stratum(made: Chart, name: str, rows: pd.DataFrame, colour: Any) -> list[Any]:
    """A line and a ribbon a rule, and the rules without a correlation at the right."""
    handles = []
    for line, (rule, words) in zip(("-", (0, (4, 2))), RULES.items(), strict=True):
        own = rows[rows["dependence"].eq(rule)].sort_values("rho")
        made.ax.fill_between(
            own["rho"], own["ci_low"], own["ci_high"], color=colour, alpha=0.13, linewidth=0, zorder=1.8
        )
        label = f"{name}: {words}"
        handles += made.ax.plot(
            own["rho"], own["estimate"], color=colour, linewidth=1.5, linestyle=line, label=label, zorder=3
        )
    for at, rule in zip(FIXED_AT, FIXED, strict=True):
        _point(made, at, rows[rows["dependence"].eq(rule)], colour)
    return handles


def _point(made: Chart, x: float, rows: pd.DataFrame, colour: Any) -> None:
    reach = [rows["estimate"] - rows["ci_low"], rows["ci_high"] - rows["estimate"]]
    made.ax.errorbar(
        [x] * len(rows),
        rows["estimate"],
        yerr=reach,
        color=colour,
        ecolor=colour,
        elinewidth=1.0,
        marker="s",
        markersize=4.5,
        linestyle="none",
        capsize=0,
        zorder=3,
    )
