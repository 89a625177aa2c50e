"""Figures of selective publication: what it would do to a mean, and how the chance to be published falls with p."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import chart
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import counted, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.bias.selection_records import SelectionModel
    from pdt_evidence.analysis.bias.sensitivity import PublicationSensitivity

__all__ = ["s_value_curve", "selection_function"]

RATIOS = (1, 2, 5, 10, 20, 50, 100, 200)
BROKEN = (0, (4, 2.5))


@drawn
@known_options
def s_value_curve(
    result: PublicationSensitivity,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 120.0,
    height: float = 80.0,
    title: str = "",
) -> Axes:
    """Draw the corrected mean against the selection ratio, with both S-values and the worst case.

    Parameters
    ----------
    result : PublicationSensitivity
        What `publication_sensitivity` returns.
    ax, style, width, height, title
        As in `funnel`.

    Returns
    -------
    Axes
        The ratio runs on a logarithmic scale from 1 to 200. Gids: "curve", "band", "s-value", "s-value-ci",
        "worst-case", "target".

    Raises
    ------
    RequestError
        For another kind of result, or one that could not be computed.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> found = pdt.publication_sensitivity(fit, direction="positive")
    >>> ax = pdt.s_value_curve(found)
    >>> sorted(mark.get_gid() for mark in ax.get_children() if mark.get_gid())
    ['band', 'curve', 'legend', 'target', 'worst-case']
    """
    if type(result).__name__ != "PublicationSensitivity":
        raise RequestError(
            f"s_value_curve() takes what publication_sensitivity() returns, found {type(result).__name__}."
        )
    if result.why:
        raise RequestError(f"There is no curve to draw: {result.why}.")
    made = chart(ax, style, width, height)
    plot, look = made.ax, made.style
    logs = np.log(result.curve["ratio"].to_numpy(float))
    low, high = (result.curve[name].to_numpy(float) for name in ("ci_low", "ci_high"))
    band = plot.fill_between(logs, low, high, color=look.zone, gid="band", zorder=0.5, linewidth=0)
    band.set_label(f"{percent(result.level)} interval")
    line = plot.plot(
        logs,
        result.curve["estimate"],
        color=look.study,
        linewidth=1.6,
        gid="curve",
        zorder=2.5,
        label="Corrected mean",
    )
    plot.axhline(result.q, color=look.muted, linewidth=0.7, gid="target", zorder=1)
    worst = plot.axhline(
        result.worst_case.estimate,
        color=look.prediction,
        linewidth=1.0,
        linestyle=BROKEN,
        gid="worst-case",
        zorder=2,
    )
    worst.set_label(f"Worst case ({counted(result.worst_case.k, result.unit)})")
    handles: list[Any] = [*line, band, worst]
    dots = (("s-value", result.s_value, "Mean", "o"), ("s-value-ci", result.s_value_ci, "Interval", "D"))
    for gid, ratio, what, marker in dots:
        if 1 < ratio <= RATIOS[-1]:
            label = f"{what} at {result.q:g}: ratio {ratio:.1f}"
            place: Any = ([math.log(ratio)], [result.q])
            dot = plot.scatter(
                *place, s=34, marker=marker, color=look.pooled, zorder=3, clip_on=False, gid=gid
            )
            dot.set_label(label)
            handles.append(dot)
    plot.set_xlim(0, math.log(RATIOS[-1]))
    seen = [*low, *high, result.q, result.worst_case.estimate]
    margin = 0.06 * (max(seen) - min(seen))
    plot.set_ylim(min(seen) - margin, max(seen) + margin)
    kind = "positive" if result.sign > 0 else "negative"
    return made.finish(
        title=title,
        xlabel=f"How many times likelier significant {kind} results are published",
        ylabel="Corrected mean",
        x=[(math.log(ratio), str(ratio)) for ratio in RATIOS],
        legend=handles,
    )


@drawn
@known_options
def selection_function(
    result: SelectionModel,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 120.0,
    height: float = 80.0,
    title: str = "",
) -> Axes:
    """Draw the relative chance to be published against the one-sided p-value, with intervals of the steps.

    Parameters
    ----------
    result : SelectionModel
        What `selection_model` returns.
    ax, style, width, height, title
        As in `funnel`.

    Returns
    -------
    Axes
        The p-value runs on a square-root scale, for small ones matter most. Gids: "weights", "interval",
        "no-selection".

    Raises
    ------
    RequestError
        For another kind of result, or one whose weights are not determined.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.9, 0.7, 0.6, 0.5, 0.1, 0.0, 0.4, 0.2], [0.05, 0.04, 0.03, 0.02, 0.04, 0.06, 0.03, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD")
    >>> ax = pdt.selection_function(pdt.selection_model(fit, direction="positive"))
    >>> sorted(mark.get_gid() for mark in ax.get_children() if mark.get_gid())
    ['interval', 'legend', 'no-selection', 'weights']
    """
    if type(result).__name__ != "SelectionModel":
        raise RequestError(
            f"selection_function() takes what selection_model() returns, found {type(result).__name__}."
        )
    if not result.weights:
        raise RequestError(f"There are no weights to draw: {result.why}.")
    made = chart(ax, style, width, height)
    plot, look = made.ax, made.style
    if result.kind == "step":
        p = np.repeat(np.array([0.0, *result.steps, 1.0]), 2)[1:-1]
        weights = np.repeat(result.weights, 2)
    else:
        p = np.linspace(0.0, 1.0, 801) ** 2
        weights = result.weight(p)
    line = plot.plot(
        np.sqrt(p), weights, color=look.study, linewidth=1.8, gid="weights", zorder=2.5, label="Estimate"
    )
    handles: list[Any] = list(line)
    top = max(float(np.max(weights)), 1.0)
    if result.kind == "step" and result.weights_ci:
        ends = np.repeat(np.array(result.weights_ci), 2, axis=0)
        top = min(max(top, float(ends[np.isfinite(ends)].max())), 4 * top)
        band = plot.fill_between(
            np.sqrt(p), ends[:, 0], np.minimum(ends[:, 1], 2 * top), color=look.zone, zorder=0.5
        )
        band.set(gid="interval", linewidth=0, label=f"{percent(result.level)} interval")
        handles.append(band)
    plot.axhline(1.0, color=look.muted, linewidth=0.7, linestyle=BROKEN, gid="no-selection", zorder=1)
    plot.set_xlim(0, 1)
    plot.set_ylim(0, 1.08 * top)
    own = result.steps if result.kind == "step" else (0.025,)
    ticks = sorted({0.0, 0.1, 0.25, 0.5, 1.0, *own})
    apart = [t for i, t in enumerate(ticks) if i == 0 or math.sqrt(t) - math.sqrt(ticks[i - 1]) > 0.05]
    return made.finish(
        title=title,
        xlabel="One-sided p-value",
        ylabel="Relative chance to be published",
        x=[(math.sqrt(t), f"{t:g}") for t in apart],
        legend=handles,
    )
