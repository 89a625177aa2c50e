"""The comparison-adjusted funnel plot of a network."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from pdt_evidence.analysis.networks.small_studies import AdjustedEffects, adjusted_effects
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import Chart, chart
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.styles import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.networks.result import Network

__all__ = ["adjusted_of", "network_funnel"]

MARKS = "osD^vPX<"  # of the comparisons with most contrasts; the others share a dot


@known_options
def network_funnel(
    network: Network,
    *,
    order: Sequence[str] | None = None,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 140.0,
    height: float = 110.0,
    title: str = "",
) -> Axes:
    """Draw the studies of a network around the mean of their own comparison, against their standard errors.

    Parameters
    ----------
    network : Network
        As `network` fits it.
    order : sequence of str, optional
        All treatments, the older or less promising first: points to the left then favour what comes later. Without it
        the reference comes first, the others as the network has them.
    ax, style, width, height, title
        As in `funnel`.

    Returns
    -------
    Axes
        One sign a comparison, dots for the less frequent ones. Gids: "studies:a|b" a comparison, "funnel",
        "regression" (Egger's line).

    Raises
    ------
    RequestError
        For another kind of result, or an order that does not name each treatment once.

    References
    ----------
    .. [1] Chaimani and others (2013). doi:10.1371/journal.pone.0076654

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> treatments, controls = ["PDT", "CBT", "CBT"], ["waitlist", "waitlist", "waitlist"]
    >>> yi, vi, studies = [0.5, 0.3, 0.4], [0.04, 0.05, 0.06], ["A", "B", "C"]
    >>> found = pdt.network(yi, vi, treatments, controls, studies, reference="waitlist")
    >>> ax = pdt.network_funnel(found)
    >>> sorted({gid for mark in ax.get_children() if (gid := mark.get_gid() or "").startswith("studies:")})
    ['studies:waitlist|CBT', 'studies:waitlist|PDT']
    """
    found = adjusted_of(network, order)
    made = chart(ax, style, width, height, network.treatments)
    plot, look = made.ax, made.style
    top = 1.08 * float(found.sei.max())
    half = NormalDist().inv_cdf(0.5 + network.level / 2) * top
    reach = 1.06 * max(half, float(abs(found.yi).max()))
    handles = _points(made, found)
    dashed: dict[str, Any] = {"color": look.pooled, "linewidth": 0.8, "linestyle": (0, (4, 2.5)), "zorder": 2}
    plot.plot([-half, 0, half], [top, 0, top], gid="funnel", **dashed)
    plot.axvline(0.0, color=look.pooled, linewidth=0.8, zorder=2)
    if not math.isnan(found.p):
        handles += _line(made, found, top)
    plot.set_xlim(-reach, reach)
    plot.set_ylim(top, 0.0)
    return made.finish(
        title=title, xlabel="Effect less that of its comparison", ylabel="Standard error", legend=handles
    )


def _points(made: Chart, found: AdjustedEffects) -> list[Any]:
    """A sign for each comparison with most contrasts, small dots for those of the others."""
    counts = Counter(found.comparisons)
    named = [pair for pair, _ in counts.most_common(len(MARKS))]
    named = named if len(counts) <= len(MARKS) else named[:-1]
    handles, rest = [], []
    for pair in counts:
        own = [i for i, comparison in enumerate(found.comparisons) if comparison == pair]
        look: dict[str, Any] = {"s": 8, "color": made.style.muted, "linewidth": 0, "zorder": 2.6}
        label = f"{len(counts) - len(named)} more comparisons"
        if pair in named:
            at = named.index(pair)
            color = (made.style.study, made.style.prediction)[at % 2]
            look = {"s": 26, "marker": MARKS[at], "facecolor": color, "edgecolor": made.style.paper}
            look |= {"linewidth": 0.5, "zorder": 3}
            label = " – ".join(map(words.spoken, pair))
        gid = f"studies:{pair[0]}|{pair[1]}"
        points = made.ax.scatter(found.yi[own], found.sei[own], gid=gid, label=label, **look)
        (handles if pair in named else rest).append(points)
    return [*handles, *rest[:1]]


def _line(made: Chart, found: AdjustedEffects, top: float) -> list[Any]:
    """Egger's regression: the effect that its line gives at each standard error."""
    slope = float((found.yi / found.sei - found.intercept).mean() / (1 / found.sei).mean())
    label = f"Egger’s regression ({made.style.format.p_value(found.p)})"
    ends = [slope, slope + found.intercept * top]
    look: dict[str, Any] = {"color": made.style.prediction, "linewidth": 1.2, "zorder": 2.4}
    return made.ax.plot(ends, [0.0, top], gid="regression", label=label, **look)


def adjusted_of(network: Network, order: Sequence[str] | None = None) -> AdjustedEffects:
    """What is drawn; refuses what is no network."""
    if type(network).__name__ != "Network":
        raise RequestError(f"network_funnel() draws what network() gives, found {type(network).__name__}.")
    return adjusted_effects(network, order)
