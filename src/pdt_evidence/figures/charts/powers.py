"""Power by the number of studies, drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import chart
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.meaning.power import Power

__all__ = ["ABOUT", "ENOUGH", "needed_of", "power_curve"]

ENOUGH = 0.8
TOP = 1.05  # of the axis, so that a dot at 1 lies below the frame
TESTS = {"knha": "Hartung-Knapp", "t": "Wald, t", "z": "Wald, τ² estimated"}
ABOUT = {
    "mean": "to find the mean effect",
    "moderator": "to find the moderator",
    "heterogeneity": "to find heterogeneity",
    "equivalence": "to show equivalence",
    "subgroups": "to find that subgroups differ",
}


@drawn
@known_options
def power_curve(
    power: Power,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 120.0,
    height: float = 85.0,
    title: str | None = None,
) -> Axes:
    """Draw how power grows with the number of studies.

    Parameters
    ----------
    power : Power
        From `power`, for any question but subgroups.
    ax, style, width, height, title
        As in `funnel`.

    Returns
    -------
    Axes
        Gids: "power", "known" (with tau2 known), "studies" (those there are), "enough" (80%).

    Raises
    ------
    RequestError
        For another kind of result, or power of subgroups.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> ax = pdt.power_curve(pdt.power(fit, effect=0.24))
    >>> sorted(line.get_gid() for line in ax.lines if line.get_gid())
    ['enough', 'known', 'power']
    """
    if type(power).__name__ != "Power":
        raise RequestError(f"power_curve() draws what power() gives, found {type(power).__name__}.")
    curve = power.curve
    made = chart(ax, style, width, height)
    plot, look = made.ax, made.style
    key = plot.plot(
        curve["k"],
        curve["power"],
        color=look.study,
        linewidth=1.6,
        gid="power",
        zorder=2.5,
        label=TESTS[power.test],
    )
    if not math.isnan(power.power_known):
        key += plot.plot(
            curve["k"],
            curve["power_known"],
            color=look.muted,
            linewidth=1.0,
            linestyle=(0, (4, 2.5)),
            gid="known",
            zorder=2,
            label="τ² known",
        )
    key.append(
        plot.axhline(
            ENOUGH, color=look.muted, linewidth=0.8, gid="enough", zorder=1, label=f"{percent(ENOUGH)} power"
        )
    )
    key.append(
        plot.scatter(
            [power.k],
            [power.power],
            s=34,
            color=look.prediction,
            zorder=3,
            gid="studies",
            clip_on=False,
            label=f"{power.k} studies: {100 * power.power:.0f}%",
        )
    )
    plot.set_xlim(0, float(curve["k"].iloc[-1]))
    plot.set_ylim(0, TOP)
    heading = f"Power {ABOUT[power.question]}{_effect(power)}" if title is None else title
    return made.finish(title=heading, xlabel="Studies", ylabel="Power", legend=key)


def needed_of(power: Power) -> float:
    """Studies that take power to 80%."""
    return power.studies_needed(ENOUGH)


def _effect(power: Power) -> str:
    return f" of {power.effect:g}" if power.question == "mean" else ""
