"""Figures of what single studies do: Baujat, drapery and orchard plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import Chart, Chosen, along, chart, effects, golden
from pdt_evidence.figures.forests.labels import label_of
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.measure import tidy
from pdt_evidence.figures.sheet.options import one_effect
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.robustness.refits import PooledSeries
    from pdt_evidence.results import PooledEffect

__all__ = ["baujat", "drapery", "orchard"]

NAMED = 5  # studies named in a Baujat plot, the furthest out first
REACH = 3.0  # points from the middle of a dot to its edge

LEVELS = (0.01, 0.05, 0.1)  # p values that the drapery plot marks


@drawn
@known_options
def baujat(
    result: PooledEffect,
    without: PooledSeries | None = None,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 110.0,
    height: float = 90.0,
    title: str | None = None,
) -> Axes:
    """Draw what each study adds to heterogeneity against what it does to the pooled effect.

    Parameters
    ----------
    result : PooledEffect
        With two studies or more.
    without : PooledSeries, optional
        The result without each study, as `leave_one_out` gives it; asked for there if None.
    ax, style, width, height, title
        As in `funnel`.

    Returns
    -------
    Axes
        Across: squared Pearson residual. Upwards: squared change of the estimate over its variance
        without the study. The studies furthest out are named.

    Raises
    ------
    RequestError
        For another kind of result, fewer than two studies, a series `without` that is not one result a
        study, or a width, height or Axes too small for the text.

    References
    ----------
    .. [1] Baujat B, Mahe C, Pignon JP, Hill C. Statistics in Medicine 21 (2002) 2641-2652.
       doi:10.1002/sim.1221

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> ax = pdt.baujat(fit)
    >>> [text.get_text() for text in ax.texts][:2]
    ['A 2001', 'D 2015']
    """
    x, y = baujat_points(result, without)
    names = [tidy(label_of(result, i)) for i in range(result.k)]
    made = chart(ax, style, width, height, names)
    look = made.style
    made.ax.scatter(
        x, y, s=24, color=look.study, edgecolor=look.paper, linewidth=0.5, gid="studies", zorder=3
    )
    made.ax.set_xlim(0, 1.18 * float(x.max()) or 1.0)
    made.ax.set_ylim(0, 1.12 * float(y.max()) or 1.0)
    heading = words.heading(result.stratum) if title is None else title
    made.finish(
        title=heading,
        xlabel="Contribution to heterogeneity (squared Pearson residual)",
        ylabel="Influence on the pooled effect",
    )
    _names(made, x, y, names)
    return made.ax


def baujat_points(result: PooledEffect, without: PooledSeries | None = None) -> tuple[Any, Any]:
    """What each study adds to heterogeneity, and what it does to the pooled effect."""
    one_effect(result, "baujat")
    if result.k < 2:
        raise RequestError(f"A Baujat plot needs two studies or more; this result has {result.k}.")
    from pdt_evidence.analysis.robustness.influence import leave_one_out

    deleted = leave_one_out(result) if without is None else without
    if len(deleted) != result.k:
        raise RequestError(
            f"without holds {counted(len(deleted), 'result')} for {counted(result.k)}. Give one a study."
        )
    tau2 = 0.0 if math.isnan(result.tau2) else result.tau2
    x = (result.yi - result.estimate) ** 2 / (result.vi + tau2)
    y = (deleted.estimate - result.estimate) ** 2 / deleted.se**2
    return x, y


def _names(made: Chart, x: Any, y: Any, names: Sequence[str]) -> None:
    """Names beside the points furthest out, where they meet neither a point nor another name."""
    wide, tall = made.panel
    spots = np.column_stack([x / made.ax.get_xlim()[1] * wide, y / made.ax.get_ylim()[1] * tall])
    small = made.style.small
    taken = [(a - REACH, b - REACH, a + REACH, b + REACH) for a, b in spots.tolist()]
    for i in map(int, np.argsort(-(spots / (wide, tall)).sum(axis=1), kind="stable")[:NAMED]):
        lines = made.face.wrap(names[i], 0.45 * wide, small)
        across, up = max(made.face.width(line, small) for line in lines), 1.2 * small * len(lines)
        a, b = spots[i].tolist()
        corners = [(a + REACH + 1, b - up / 2), (a - REACH - 1 - across, b - up / 2)]
        corners += [
            (a - part * across, b + away) for away in (REACH + 1, -REACH - 1 - up) for part in (0.5, 0.0, 1.0)
        ]
        boxes = [(left, low, left + across, low + up) for left, low in corners]
        free = [
            box for box in boxes if _inside(box, wide, tall) and not any(_meet(box, other) for other in taken)
        ]
        if not free:
            continue
        taken.append(free[0])
        left, low = free[0][0] - a, free[0][1] - b
        look = {
            "color": made.style.ink,
            "fontproperties": made.font(names[i], small=True),
            "linespacing": 1.1,
        }
        note = made.ax.annotate(
            "\n".join(lines),
            (x[i], y[i]),
            xytext=(left, low),
            textcoords="offset points",
            ha="left",
            va="bottom",
            **look,
        )
        note.set_parse_math(False)
        note.set_gid(f"name:{i + 1}")


def _inside(box: tuple[float, float, float, float], wide: float, tall: float) -> bool:
    return box[0] >= 1 and box[1] >= 1 and box[2] <= wide and box[3] <= tall


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@drawn
@known_options
def drapery(
    result: PooledEffect,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 120.0,
    height: float = 85.0,
    title: str | None = None,
) -> Axes:
    """Draw the p value of every study, and of the pooled effect, as a function of the effect tested.

    Parameters
    ----------
    result, ax, style, width, height, title
        As in `funnel`. The pooled curve is drawn by the test that the result was made with.

    Returns
    -------
    Axes
        Marks carry gids: "studies" and "pooled".

    Raises
    ------
    RequestError
        For another kind of result, one without studies, or a width, height or Axes too small for the text.

    References
    ----------
    .. [1] Rucker G, Schwarzer G. Research Synthesis Methods 12 (2021) 8-19. doi:10.1002/jrsm.1410

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> ax = pdt.drapery(fit)
    >>> pdt.alt_text(fit, figure="drapery")
    'Drapery plot: p-value curves of 4 studies and of the pooled Hedges’ g 0.32 (95% confidence interval −0.05 to
    0.68, which includes no effect), 95% prediction interval −0.36 to 1.00.'
    """
    from pdt_evidence.models.distributions import two_sided_p

    one_effect(result, "drapery")
    made = chart(ax, style, width, height)
    plot, look = made.ax, made.style
    sei = np.sqrt(result.vi)
    low, high = float((result.yi - 3 * sei).min()), float((result.yi + 3 * sei).max())
    middle = np.quantile(result.yi, [0.1, 0.9]) + np.median(sei) * np.array([-4, 4])
    grid = np.linspace(max(low, middle[0]), min(high, middle[1]), 401)
    curves = two_sided_p((grid - result.yi[:, None]) / sei[:, None], math.nan)
    from matplotlib.collections import LineCollection

    lines = LineCollection(
        [np.column_stack([grid, curve]) for curve in curves],
        colors=look.study,
        linewidths=0.6,
        alpha=0.6,
        gid="studies",
        zorder=2,
    )
    plot.add_collection(lines, autolim=False)
    if result.k > 1:
        pooled = two_sided_p((grid - result.estimate) / result.se, result.df)
        plot.plot(grid, pooled, color=look.pooled, linewidth=1.8, gid="pooled", zorder=3)
    plot.axvline(0.0, color=look.muted, linewidth=0.7, gid="no-effect", zorder=1)
    for level in LEVELS:
        plot.axhline(level, color=look.faint, linewidth=0.5, zorder=0.8, gid=f"level:{level:g}")
    plot.set_xlim(grid[0], grid[-1])
    plot.set_ylim(0, 1)
    heading = words.heading(result.stratum) if title is None else title
    return made.finish(
        title=heading,
        xlabel=along(words.full_measure(result.measure), [result]),
        ylabel="p value (two-sided)",
        x=effects(result.measure),
        y=Chosen(values=(1.0, 0.05, 0.5, 0.1, 0.25, 0.75)),
    )


@drawn
@known_options
def orchard(
    result: PooledEffect,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 130.0,
    height: float = 55.0,
    title: str | None = None,
    by: str | None = None,
    pooled: Sequence[PooledEffect] | None = None,
) -> Axes:
    """Draw every effect as a disc as large as its precision, with intervals of what they come to.

    Parameters
    ----------
    result : PooledEffect
    ax, style, width, height, title
        As in `funnel`.
    by : str, optional
        A column of the result whose values make a band each.
    pooled : sequence of PooledEffect, optional
        What each band comes to, in the order of their first appearance; needed to draw intervals with `by`.

    Returns
    -------
    Axes
        Thick lines are confidence intervals, thin ones prediction intervals.

    Raises
    ------
    RequestError
        Where `by` is no column of the result; for another kind of result, one without studies, or a width,
        height or Axes too small for the text.

    References
    ----------
    .. [1] Nakagawa S et al. Research Synthesis Methods 12 (2021) 4-12. doi:10.1002/jrsm.1424

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> ax = pdt.orchard(fit)
    >>> pdt.alt_text(fit, figure="orchard")
    'Orchard plot of 4 studies: effects from 0.10 to 0.60; pooled Hedges’ g 0.32 (95% confidence interval −0.05 to
    0.68, which includes no effect), 95% prediction interval −0.36 to 1.00.'
    """
    one_effect(result, "orchard")
    if by is not None and by not in result.columns:
        known = ", ".join(map(repr, result.columns)) or "none"
        raise RequestError(f"by = {by!r} is no column of this result. It has: {known}.")
    groups = [""] * result.k if by is None else [str(value) for value in result.columns[by]]
    bands = list(dict.fromkeys(groups))
    fits = [result] if by is None else list(pooled or ())
    made = chart(ax, style, width, height + 14 * (len(bands) - 1), bands)
    plot, look = made.ax, made.style
    size = 260 * (1 / np.sqrt(result.vi)) / float((1 / np.sqrt(result.vi)).max())
    for n, band in enumerate(bands):
        members = np.array([group == band for group in groups])
        color = look.palette[n % len(look.palette)]
        spread = 0.62 * golden(result.yi[members])
        plot.scatter(
            result.yi[members],
            n + spread,
            s=size[members],
            color=color,
            alpha=0.45,
            edgecolor=look.paper,
            linewidth=0.4,
            gid=f"studies:{band or 'all'}",
            zorder=2,
        )
        if n < len(fits):
            fit = fits[n]
            plot.plot(
                fit.pi, [n, n], color=look.ink, linewidth=0.8, gid=f"prediction:{band or 'all'}", zorder=3
            )
            plot.plot(
                fit.ci, [n, n], color=look.ink, linewidth=3.2, gid=f"interval:{band or 'all'}", zorder=3.1
            )
            plot.scatter(
                [fit.estimate],
                [n],
                s=46,
                color=color,
                edgecolor=look.ink,
                linewidth=1.0,
                zorder=3.2,
                gid=f"estimate:{band or 'all'}",
            )
    plot.axvline(0.0, color=look.muted, linewidth=0.7, linestyle=(0, (3, 2)), gid="no-effect", zorder=1)
    plot.set_ylim(-0.6, len(bands) - 0.4)
    heading = words.heading(result.stratum) if title is None else title
    return made.finish(
        title=heading,
        xlabel=along(words.full_measure(result.measure), [result]),
        x=effects(result.measure),
        y=list(enumerate(map(words.spoken, bands))) if by else None,
    )
