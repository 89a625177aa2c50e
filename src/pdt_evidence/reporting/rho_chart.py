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
STEP = 0.012  # sideways, so that two intervals at one correlation stand apart
FIXED_AT = (1.0, 1.1)


def rho_chart(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 160.0,
    height: float = 95.0,
    title: str = "",
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
        Estimates with intervals against rho, one colour a stratum, one mark a rule; rules without a correlation
        stand at the right.

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
        xlabel="assumed correlation between measures of one trial",
        ylabel="pooled Hedges’ g (95% CI)",
        grid="y",
        x=list(zip(ticks, words, strict=True)),
        legend=handles,
    )


def _stratum(made: Chart, name: str, rows: pd.DataFrame, colour: Any) -> list[Any]:
    handles = []
    for place, (rule, words) in enumerate(RULES.items()):
        own = rows[rows["dependence"].eq(rule)]
        look = {
            "markerfacecolor": colour if place == 0 else made.style.paper,
            "marker": "o" if place == 0 else "D",
        }
        label = f"{name}: {words}"
        handles.append(_bars(made, own["rho"] + (2 * place - 1) * STEP, own, colour, label, **look))
    for at, rule in zip(FIXED_AT, FIXED, strict=True):
        own = rows[rows["dependence"].eq(rule)]
        _bars(made, [at] * len(own), own, colour, "", marker="s", markerfacecolor=colour)
    return handles


def _bars(made: Chart, x: Any, rows: pd.DataFrame, colour: Any, label: str, **look: Any) -> Any:
    reach = [rows["estimate"] - rows["ci_low"], rows["ci_high"] - rows["estimate"]]
    return made.ax.errorbar(
        x,
        rows["estimate"],
        yerr=reach,
        color=colour,
        ecolor=colour,
        elinewidth=1.0,
        markersize=4.5,
        markeredgecolor=colour,
        linewidth=0.9,
        linestyle="-" if label else "none",
        capsize=0,
        label=label,
        zorder=3,
        **look,
    )
