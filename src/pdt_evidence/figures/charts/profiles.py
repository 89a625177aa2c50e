"""Two small figures: risk of bias by domain, and the likelihood of tau2."""

# Tables below keep one row a line: broken up, this file would pass 400 lines or a function 60.
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import chart
from pdt_evidence.figures.forests.columns import SAID, reading, unread_cells, worst_of
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.options import one_effect
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import counted, percent
from pdt_evidence.options import Number
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.results import PooledEffect

__all__ = ["bias_summary", "judged", "tau2_profile"]

END = Number(low=0.0, high=math.inf, expected="a number above 0, where the axis of τ² is to end")
BAND = 7.5 * 72 / 25.4  # points from one bar to the next


@drawn
@known_options
def bias_summary(
    judgements: PooledEffect | Mapping[str, Sequence[object]],
    *,
    weights: ArrayLike | None = None,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 150.0,
    height: float | None = None,
    title: str = "",
) -> Axes:
    """Draw the share of studies at each risk of bias, domain by domain.

    Parameters
    ----------
    judgements : PooledEffect or mapping of str to sequence
        Judgements ("low", "some concerns", "high", "unclear", ...) by domain; of a result its columns
        whose names begin with "rob_".
    weights : array_like, optional
        Weights of the studies, or of the effects where trials have several; without them each study counts once.
    ax, style, width, title
        As in `funnel`.
    height : float, optional
        Millimetres; by the number of domains without it.

    Returns
    -------
    Axes
        One bar a domain, with the number judged where some are not; gids are "bias:low", "bias:high" and so on.

    Raises
    ------
    RequestError
        Where there is no judgement, domains differ in length, or weights are not a number, 0 or more, for each study.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> ax = pdt.bias_summary({"Randomisation": ["low", "low", "high"], "Blinding": ["high", "high", "unclear"]})
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Randomisation', 'Blinding']
    """
    reported = judged(judgements)
    trials = trials_of(judgements)
    if weights is not None and trials and np.size(weights) == sum(map(len, trials)):  # one an effect
        values = np.asarray(weights, dtype=float).ravel()
        weights = [values[at].sum() for at in trials]
    share = _shares(weights, {name: len(values) for name, values in reported.items()})
    counts = {name: sum(map(bool, values)) for name, values in reported.items()}
    partly = min(counts.values()) < len(share)
    names = [
        words.spoken(name.removeprefix("rob_")) + (f" ({made} of {len(share)})" if partly else "")
        for name, made in counts.items()
    ]
    made = chart(ax, style, width, height or 60.0, names)
    plot, look = made.ax, made.style
    start = np.zeros(len(reported))
    handles = []
    for word, name in SAID.items():
        parts = [[w for w, v in zip(share, values, strict=True) if v == word] for values in reported.values()]
        totals = [sum(w for w, v in zip(share, values, strict=True) if v) for values in reported.values()]
        part = np.array([100 * sum(p) / total for p, total in zip(parts, totals, strict=True)])
        if part.any():
            bars = plot.barh(
                range(len(reported)),
                part,
                left=start,
                height=0.62,
                color=look.lights.get(word, look.faint),
                edgecolor=look.paper,
                linewidth=0.8,
                label=name,
            )
            for bar in bars:
                bar.set_gid(f"bias:{word}")
            handles.append(bars)
            start += part
    plot.set_ylim(len(reported) - 0.5, -0.5)
    plot.set_xlim(0, 100)
    kind = "Share of studies" if weights is None else "Share of weight"
    kind = f"{kind} with a judgement (%)" if partly else f"{kind} (%)"
    return made.finish(
        title=title,
        xlabel=kind,
        y=list(enumerate(names)),
        legend=handles,
        band=BAND if ax is None and height is None else None,
    )


def _shares(weights: ArrayLike | None, rows: Mapping[str, int]) -> NDArray[np.float64]:
    """What each study counts for; 1 where no weights are given."""
    if len(set(rows.values())) > 1:
        found = ", ".join(f"{name!r} {k}" for name, k in rows.items())
        raise RequestError(
            f"The domains differ in their number of judgements ({found}): each needs one a study."
        )
    k = next(iter(rows.values()))
    if weights is None:
        return np.ones(k)
    try:
        share = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        share = np.array([])
    if share.shape != (k,) or not (np.isfinite(share) & (share >= 0)).all() or not share.any():
        raise RequestError(
            f"weights: expected a number, 0 or more, for each of {counted(k)}, not all of them 0."
        )
    return share


def trials_of(judgements: PooledEffect | Mapping[str, Sequence[object]]) -> list[list[int]]:
    """Which effects each trial has; [] where each effect is a study, and for a mapping."""
    if not isinstance(judgements, PooledEffect) or not judgements.trials < judgements.k:
        return []
    found: dict[object, list[int]] = {}
    for at, trial in enumerate(judgements.columns["trial_id"]):
        found.setdefault(trial, []).append(at)
    return list(found.values())


def judged(judgements: PooledEffect | Mapping[str, Sequence[object]]) -> dict[str, list[str]]:
    """The judgements of each domain, "" for one not made; of the effects of a trial the worst."""
    if not isinstance(judgements, (Mapping, PooledEffect)):
        raise RequestError(
            f"bias_summary() takes a PooledEffect or a mapping of domains, found {type(judgements).__name__}."
        )
    table = (
        judgements
        if isinstance(judgements, Mapping)
        else {
            name: values
            for name, values in judgements.columns.items()
            if name.startswith("rob_") and name != "rob_tool"
        }
    )
    reads = {name: reading(values) for name, values in table.items()}
    unread = [name for name, read in reads.items() if read is None]
    if unread and table is judgements:
        raise RequestError.from_problems(
            [unread_cells(name, table[name]) for name in unread], "bias_summary()"
        )
    texts = {name: [read(v) for v in table[name]] for name, read in reads.items() if read is not None}
    texts = {name: values for name, values in texts.items() if any(values)}
    if not texts:
        raise RequestError(
            "There is no judgement to draw: domains are columns such as 'rob_allocation' that hold "
            f"one of {', '.join(map(repr, SAID.values()))}."
        )
    trials = trials_of(judgements)
    if trials:
        texts = {name: [worst_of([values[i] for i in at]) for at in trials] for name, values in texts.items()}
    return texts


@drawn
@known_options
def tau2_profile(
    result: PooledEffect,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 110.0,
    height: float = 80.0,
    title: str | None = None,
    most: float | None = None,
) -> Axes:
    """Draw the (restricted) log-likelihood of tau2, with the estimate and its interval.

    Parameters
    ----------
    result : PooledEffect
        Of two studies or more. The likelihood is the full one for method "ML", otherwise the restricted.
    ax, style, width, height, title
        As in `funnel`.
    most : float, optional
        Right end of the tau2 axis.

    Returns
    -------
    Axes
        Zero is the greatest value; the broken line is where the profile likelihood interval of the result's
        level ends. Gids: "profile", "estimate", "interval", "level".

    Raises
    ------
    RequestError
        For fewer than two studies or an equal-effects result, which has no tau2; for an end that is not above 0.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> ax = pdt.tau2_profile(fit)
    >>> sorted(mark.get_gid() for mark in ax.get_children() if mark.get_gid())
    ['estimate', 'interval', 'legend', 'level', 'profile']
    """
    one_effect(result, "tau2_profile")
    if most is not None and (fault := END.fault("most", most)):
        raise RequestError(fault)
    if result.k < 2 or result.method == "EE" or math.isnan(result.tau2):
        raise RequestError("A profile of τ² needs a random-effects result of two studies or more.")
    from pdt_evidence.models.distributions import chi2_quantile
    from pdt_evidence.models.likelihood import log_likelihood
    from pdt_evidence.models.weights import prepare

    upper = result.tau2_ci[1] if math.isfinite(result.tau2_ci[1]) else 6 * result.tau2
    end = most or 1.3 * max(upper, 2 * result.tau2, float(np.median(result.vi)))
    grid = np.union1d(np.linspace(0.0, end, 301), [result.tau2])
    batch = prepare(np.tile(result.yi, (grid.size, 1)), np.tile(result.vi, (grid.size, 1)))
    values = log_likelihood(batch, grid, result.method != "ML")
    made = chart(ax, style, width, height)
    plot, look = made.ax, made.style
    top = float(np.max(values))
    plot.plot(grid, values - top, color=look.study, linewidth=1.5, gid="profile", zorder=2.5)
    at = float(values[np.searchsorted(grid, result.tau2)]) - top
    floor = -0.5 * float(chi2_quantile(result.level, 1.0))
    level = percent(result.level)
    limits = plot.axhline(
        floor,
        color=look.muted,
        linewidth=0.7,
        linestyle=(0, (4, 2.5)),
        gid="level",
        zorder=1,
        label=f"{level} by likelihood: above this line",
    )
    dot = plot.scatter(
        [result.tau2],
        [at],
        s=34,
        color=look.prediction,
        zorder=3,
        gid="estimate",
        clip_on=False,
        label=f"Estimate ({result.method})",
    )
    key = [dot, limits]
    bottom = min(2.2 * floor, floor - 1.0)
    if math.isfinite(result.tau2_ci[0]):
        label = f"{level} CI ({result.tau2_ci_method})"
        key[1:1] = plot.plot(result.tau2_ci, [bottom * 0.97] * 2, color=look.prediction, linewidth=2.4, label=label,
                             zorder=2, solid_capstyle="butt", gid="interval")  # fmt: skip
    plot.set_xlim(0, end)
    plot.set_ylim(bottom, 0.25)
    heading = words.heading(result.stratum) if title is None else title
    kind = "Log-likelihood" if result.method == "ML" else "Restricted log-likelihood"
    return made.finish(
        title=heading,
        xlabel="Between-study variance τ²",
        ylabel=f"{kind} (0\u00a0=\u00a0greatest)",
        legend=key,
    )
