"""Figures of effect against precision: the funnel with its contours, the radial plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import Chart, along, chart, effects
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.colors import mixed
from pdt_evidence.figures.sheet.options import known_kind, numbers, one_effect
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.formatting import percent
    from pdt_evidence.models.bias.small_study import RegressionTest, TrimAndFill
from pdt_evidence.results import PooledEffect

__all__ = ["funnel", "radial"]

LEVELS = (0.10, 0.05, 0.01)
LIGHTEST = 0.42  # share of paper in the darkest contour: steps of a third of the rest are told apart


@drawn
@known_options
def funnel(
    result: PooledEffect,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 120.0,
    height: float = 90.0,
    title: str | None = None,
    contours: Sequence[float] = LEVELS,
    filled: TrimAndFill | None = None,
    regression: RegressionTest | None = None,
) -> Axes:
    """Draw effects against their standard errors, with contours of significance.

    Parameters
    ----------
    result : PooledEffect
    ax : Axes, optional
        Where to draw: text and plot together take the box that it has. A new figure of `width` by `height`
        millimetres without it.
    style, title
        As in `forest`.
    width, height : float
        Millimetres, of a new figure.
    contours : sequence of float
        Two-sided p values whose regions around no effect are shaded; () for none.
    filled : TrimAndFill, optional
        Studies that trim-and-fill adds, drawn hollow, with the estimate that they lead to.
    regression : RegressionTest, optional
        Its line through the points, named as the test is: `model="wls"` gives Egger's.

    Returns
    -------
    Axes
        The standard error runs downwards; marks carry gids: "studies", "filled", "funnel", "contour:0.05".

    Raises
    ------
    RequestError
        For a contour that is no p value, another kind of result, one without studies, or a width, height or Axes
        too small for the text.

    References
    ----------
    .. [1] Peters JL, Sutton AJ, Jones DR, Abrams KR, Rushton L. J Clin Epidemiol 61 (2008) 991-996.
       doi:10.1016/j.jclinepi.2007.11.010

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> ax = pdt.funnel(fit)
    >>> pdt.alt_text(fit, figure="funnel")
    'Funnel plot of 4 studies: effects against standard errors from 0.17 to 0.30. 2 lie left and 2 right of the
    pooled Hedges’ g 0.32 (95% confidence interval −0.05 to 0.68, which includes no effect), 95% prediction interval
    −0.36 to 1.00; 0 outside the 95% funnel of chance.'
    """
    one_effect(result, "funnel")
    known_kind(filled, "filled", "TrimAndFill", "what trim_and_fill(fit) returns")
    known_kind(regression, "regression", "RegressionTest", "what regression_test(fit) returns")
    if regression is not None and regression.precision != "sei":
        raise RequestError(
            f"regression is on another measure of precision ({regression.precision!r}) than the axis of the funnel. "
            "Give regression_test(fit, precision='sei')."
        )
    numbers(contours, "contours", "a list of p values, such as [0.05, 0.01]")
    wrong = [value for value in contours if not 0 < value < 1]
    if wrong:
        raise RequestError(f"contours = {list(contours)!r}: {wrong[0]!r} is no p value between 0 and 1.")
    made = chart(ax, style, width, height)
    plot, look = made.ax, made.style
    sei = np.sqrt(result.vi)
    top = 1.08 * float(max(sei.max(), np.sqrt(filled.vi).max() if filled and filled.k0 else 0.0))
    reach = _reach(result, top, filled, contours)
    handles = _contours(made, top, reach, contours)
    handles += _cone(made, result, top)
    if regression is not None and not math.isnan(regression.slope):
        limits = [regression.limit, regression.limit + regression.slope * top]
        name = regression.name.replace("'", "’")
        label = f"{name} ({look.format.p_value(regression.p)})"
        handles += plot.plot(
            limits, [0, top], color=look.prediction, linewidth=1.2, gid="regression", label=label, zorder=2.4
        )
    _points(made, result.yi, sei, look.study, "studies", None)
    if filled is not None and filled.k0:
        count = f"Filled in ({filled.k0})"
        handles += [_points(made, filled.yi, np.sqrt(filled.vi), look.prediction, "filled", count)]
        dotted: dict[str, Any] = {"color": look.prediction, "linewidth": 0.8, "linestyle": (0, (1, 1.5))}
        label = "Estimate with those filled in"
        handles.append(plot.axvline(filled.estimate, gid="filled-estimate", label=label, **dotted))
    elif filled is not None:
        handles += plot.plot([], [], linestyle="none", label="Trim-and-fill adds no study")
    plot.set_xlim(*reach)
    plot.set_ylim(top, 0.0)
    heading = words.heading(result.stratum) if title is None else title
    return made.finish(
        title=heading,
        xlabel=along(words.full_measure(result.measure), [result]),
        ylabel="Standard error",
        x=effects(result.measure),
        legend=handles,
    )


def _reach(
    result: PooledEffect, top: float, filled: TrimAndFill | None, contours: Sequence[float]
) -> tuple[float, float]:
    """Ends of the effect axis: all points, the cone, and the middle of the contours."""
    half = NormalDist().inv_cdf(0.5 + result.level / 2) * top
    others = filled.yi.tolist() if filled else []
    values = [*result.yi.tolist(), *others, result.estimate - half, result.estimate + half]
    values += [-half, half] if contours else []
    low, high = min(values), max(values)
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def _contours(made: Chart, top: float, reach: tuple[float, float], levels: Sequence[float]) -> list[Any]:
    """Regions of p above each level, the widest drawn first."""
    from matplotlib.patches import Patch

    plot, style = made.ax, made.style
    handles = []
    ordered = sorted(levels)
    outside = mixed(
        style.muted, style.paper, LIGHTEST
    )  # steps from here to the paper are told apart in print
    for n, level in enumerate(ordered):
        z = NormalDist().inv_cdf(1 - level / 2)
        shade = mixed(outside, style.paper, (n + 1) / len(ordered)) if n + 1 < len(ordered) else style.paper
        side = z * top
        plot.fill(
            [0, -side, side],
            [0, top, top],
            facecolor=shade,
            edgecolor=style.faint,
            linewidth=0.5,
            gid=f"contour:{level:g}",
            zorder=0.5 + 0.1 * n,
        )
        above = ordered[n + 1] if n + 1 < len(ordered) else None
        label = f"{level:g} < p < {above:g}" if above else f"p > {level:g}"
        handles.append(Patch(facecolor=shade, edgecolor=style.faint, linewidth=0.5, label=label))
    if ordered:
        plot.axvspan(*reach, facecolor=outside, edgecolor="none", zorder=0.3, gid="significant")
        outer = Patch(facecolor=outside, edgecolor=style.faint, linewidth=0.5, label=f"p < {ordered[0]:g}")
        handles.insert(0, outer)
        plot.axvline(0.0, color=style.muted, linewidth=0.7, gid="no-effect", zorder=1.5)
    return handles


def _cone(made: Chart, result: PooledEffect, top: float) -> list[Any]:
    """Where studies of that precision lie if sampling is all that moves them."""
    half = NormalDist().inv_cdf(0.5 + result.level / 2) * top
    plot, style = made.ax, made.style
    centre = result.estimate
    look: dict[str, Any] = {"color": style.pooled, "linewidth": 0.8}
    plot.plot([centre, centre], [0, top], gid="estimate", zorder=2.0, **look)
    return plot.plot(
        [centre - half, centre, centre + half],
        [top, 0, top],
        linestyle=(0, (4, 2.5)),
        gid="funnel",
        label=f"{percent(result.level)} of studies, if sampling alone moves them",
        zorder=2.0,
        **look,
    )


def _points(made: Chart, x: Any, y: Any, color: str, gid: str, label: str | None) -> Any:
    face, edge, line = (made.style.paper, color, 0.9) if gid == "filled" else (color, made.style.paper, 0.5)
    return made.ax.scatter(
        x, y, s=22, facecolor=face, edgecolor=edge, linewidth=line, gid=gid, label=label, zorder=3
    )


@drawn
@known_options
def radial(
    result: PooledEffect,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 110.0,
    height: float = 90.0,
    title: str | None = None,
) -> Axes:
    """Draw a radial (Galbraith) plot: standardised effects against precision.

    The slope of a line from the origin to a point is the study's effect; studies within the band
    agree with the pooled effect as far as sampling, and tau2 where there is one, allow.

    Parameters
    ----------
    result, ax, style, width, height, title
        As in `funnel`.

    Returns
    -------
    Axes
        Marks carry gids: "studies", "estimate", "band".

    Raises
    ------
    RequestError
        For another kind of result, one without studies, or a width, height or Axes too small for the text.

    References
    ----------
    .. [1] Galbraith RF. Technometrics 30 (1988) 271-281. doi:10.1080/00401706.1988.10488400

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> ax = pdt.radial(fit)
    >>> pdt.alt_text(fit, figure="radial")
    'Radial plot of 4 studies: effects over standard errors from 0.45 to 3.00, against precision from 3.3 to 5.8;
    the line has the slope of the pooled Hedges’ g 0.32 (95% confidence interval −0.05 to 0.68, which includes no
    effect), 95% prediction interval −0.36 to 1.00.'
    """
    one_effect(result, "radial")
    made = chart(ax, style, width, height)
    plot, look = made.ax, made.style
    tau2 = 0.0 if math.isnan(result.tau2) else result.tau2
    precision = 1 / np.sqrt(result.vi + tau2)
    far = 1.06 * float(precision.max())
    z = NormalDist().inv_cdf(0.5 + result.level / 2)
    middle = np.array([0.0, result.estimate * far])
    share = percent(result.level)
    handles: list[Any] = [
        *plot.plot(
            [0, far],
            middle,
            color=look.pooled,
            linewidth=1.0,
            gid="estimate",
            label="Pooled effect",
            zorder=2,
        ),
        plot.fill_between(
            [0, far],
            middle - z,
            middle + z,
            facecolor=look.zone,
            edgecolor="none",
            gid="band",
            label=f"Where {share} of studies lie that agree with it",
            zorder=0.5,
        ),
    ]
    plot.axhline(0.0, color=look.muted, linewidth=0.6, gid="no-effect", zorder=1)
    _points(made, precision, result.yi * precision, look.study, "studies", None)
    plot.set_xlim(0, far)
    heading = words.heading(result.stratum) if title is None else title
    root = "1 / √(v + τ²)" if tau2 else "1 / √v"
    return made.finish(
        title=heading,
        xlabel=f"Precision, {root}",
        ylabel=along("Effect × precision", [result]),
        legend=handles,
    )
