"""What the figures beside the forest show, in sentences; one function a figure, named as it is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.figures.alt.sentences import FORMAT, about, capital, listed, pooled, shown, size_of
from pdt_evidence.figures.charts.influences import baujat_points
from pdt_evidence.figures.charts.profiles import judged
from pdt_evidence.figures.charts.specification_layout import BARE, CLEAR, curve_of
from pdt_evidence.figures.charts.time_course import courses_of, since_start
from pdt_evidence.figures.forests.columns import SAID
from pdt_evidence.figures.forests.labels import labels_of
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.styles import STYLES
from pdt_evidence.formatting import counted, effects_of, percent
from pdt_evidence.results import PooledEffect, Synthesis

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.analysis.bias.selection_records import SelectionModel
    from pdt_evidence.analysis.bias.sensitivity import PublicationSensitivity
    from pdt_evidence.analysis.multiverse.result import Multiverse
    from pdt_evidence.analysis.networks.result import Network
    from pdt_evidence.analysis.robustness.gosh import Gosh
    from pdt_evidence.analysis.robustness.refits import PooledSeries
    from pdt_evidence.models.bias.small_study import RegressionTest, TrimAndFill

__all__ = [
    "baujat",
    "bias_summary",
    "drapery",
    "funnel",
    "gosh_plot",
    "network_plot",
    "orchard",
    "radial",
    "s_value_curve",
    "selection_function",
    "specification_curve",
    "tau2_profile",
    "trajectory",
]

FURTHEST = 3  # studies that are named


def number(value: float, digits: int = 2) -> str:
    return FORMAT.number(float(value), digits)


def between(values: Any, digits: int = 2) -> str:
    """The least and the greatest of the values that are known."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    return (
        f"from {number(known.min(), digits)} to {number(known.max(), digits)}" if known.size else "not known"
    )


def funnel(
    effect: PooledEffect, *, filled: TrimAndFill | None = None, regression: RegressionTest | None = None
) -> str:
    """How the studies lie about the pooled estimate."""
    sei, away = np.sqrt(effect.vi), effect.yi - effect.estimate
    outside = int((np.abs(away) > NormalDist().inv_cdf(0.5 + effect.level / 2) * sei).sum())
    texts = [
        f"Funnel plot of {size_of(effect)}{about(effect)}: effects against standard errors {between(sei)}."
    ]
    texts.append(
        f"{int((away < 0).sum())} lie left and {int((away > 0).sum())} right of the pooled {pooled(effect)}; "
        f"{outside} outside the {percent(effect.level)} funnel of chance."
    )
    if regression is not None and not math.isnan(regression.slope):
        name = regression.name.replace("'", "’")
        texts.append(f"{name}: {FORMAT.p_value(regression.p)}.")
    if filled is not None and not filled.k0:
        texts.append("Trim-and-fill adds no study.")
    elif filled is not None:
        side = f"on the {filled.side}, which leads to {shown(filled.estimate, effect.measure)}"
        texts.append(f"Trim-and-fill adds {counted(filled.k0)} {side}.")
    return " ".join(texts)


def radial(effect: PooledEffect) -> str:
    """Standardised effects against precision."""
    sei = np.sqrt(effect.vi)
    return (
        f"Radial plot of {size_of(effect)}{about(effect)}: effects over standard errors {between(effect.yi / sei)}, "
        f"against precision {between(1 / sei, 1)}; the line has the slope of the pooled {pooled(effect)}."
    )


def baujat(effect: PooledEffect, *, without: PooledSeries | None = None) -> str:
    """The studies that add most to heterogeneity and that sway the result most."""
    x, y = baujat_points(effect, without)
    labels = labels_of(effect)
    named = [
        listed(f"{labels[i]} ({number(values[i])})" for i in np.argsort(-values, kind="stable")[:FURTHEST])
        for values in (x, y)
    ]
    return (
        f"Baujat plot of {size_of(effect)}{about(effect)}. Most of the heterogeneity (squared residual) comes of "
        f"{named[0]}; most influence on the pooled effect has {named[1]}."
    )


def drapery(effect: PooledEffect) -> str:
    """The p-value curves and what they come to."""
    curves = f"p-value curves of {size_of(effect)}"
    rest = f" and of the pooled {pooled(effect)}" if effect.k > 1 else f", {pooled(effect)}"
    return f"Drapery plot{about(effect)}: {curves}{rest}."


def orchard(effect: PooledEffect) -> str:
    """Every effect as a dot, and what they come to."""
    limits = " to ".join(shown(float(value), effect.measure) for value in (effect.yi.min(), effect.yi.max()))
    return (
        f"Orchard plot of {size_of(effect)}{about(effect)}: effects from {limits}; pooled {pooled(effect)}."
    )


def tau2_profile(effect: PooledEffect) -> str:
    """Where the likelihood of tau2 is greatest."""
    kind = "Log-likelihood" if effect.method == "ML" else "Restricted log-likelihood"
    text = f"{kind} of the between-study variance τ² of {size_of(effect)}{about(effect)}: "
    text += f"estimate {FORMAT.variance(effect.tau2)} by {effect.method}"
    if math.isnan(effect.tau2_ci[0]):
        return f"{text}, its interval is not known."
    low, high = (FORMAT.variance(value) for value in effect.tau2_ci)
    return f"{text}, {percent(effect.level)} interval {low} to {high} ({effect.tau2_ci_method})."


def s_value_curve(result: PublicationSensitivity) -> str:
    """What selection does to the mean, and how strong it must be."""
    if result.why:
        return f"A curve of the corrected mean cannot be drawn: {result.why}."
    worst, ends = result.worst_case, [number(end) for end in result.worst_case.ci]
    size = effects_of(result.k, result.trials)
    text = f"Curve of the corrected mean against the selection ratio, {size}, "
    text += f"{result.affirmative} of them affirmative. {result.sentence} "
    text += f"Worst case, {counted(worst.k, result.unit)}: {number(worst.estimate)}"
    return f"{text} ({percent(result.level)} interval {ends[0]} to {ends[1]})."


def selection_function(result: SelectionModel) -> str:
    """The relative chance to be published, interval by interval of p."""
    size = effects_of(result.k, result.clusters)
    text = f"Curve of the relative chance to be published against the one-sided p-value, {size}: "
    if not result.weights:
        return f"{text}not determined, for {result.why}."
    if result.kind == "beta":
        a, b = (number(one - 1) for one in result.weights)
        return f"{text}p to the power {a} times 1 − p to the power {b}."
    edges = (0.0, *result.steps, 1.0)
    parts = [
        f"{number(weight)} for p from {edges[i]:g} to {edges[i + 1]:g} ({counted(result.counts[i], result.unit)})"
        for i, weight in enumerate(result.weights)
    ]
    return f"{text}{listed(parts)}."


def bias_summary(judgements: PooledEffect | Mapping[str, Sequence[object]]) -> str:
    """How many studies have which judgement, domain by domain."""
    reported = judged(judgements)
    size = max(map(len, reported.values()))
    texts = [f"Risk of bias of {counted(size)} in {counted(len(reported), 'domain')}."]
    for name, values in reported.items():
        counts = Counter(values)
        parts = [f"{counts[word]} {words.inner(said_as)}" for word, said_as in SAID.items() if counts[word]]
        parts += [f"{counts['']} not reported"] if counts[""] else []
        texts.append(f"{words.spoken(name.removeprefix('rob_'))}: {', '.join(parts)}.")
    return " ".join(texts)


def trajectory(result: Synthesis, *, months: Mapping[str, float] | None = None) -> str:
    """Every window of every line with its months, studies and effect."""
    courses, shared, placed, excluded = courses_of(result, months)
    clock = "start" if since_start(placed[0]) else "end"
    texts = [
        f"Effects by time since the {clock} of treatment{f' ({shared})' if shared else ''}, "
        f"{counted(len(placed), 'window')}."
    ]
    for course in courses:
        points = [
            f"at {month:.3g} months, {size_of(effect)}, {pooled(effect)}"
            for month, effect in zip(course.months, course.effects, strict=True)
        ]
        texts.append(
            f"{course.name}: {'; '.join(points)}." if course.name else f"{capital('; '.join(points))}."
        )
    if excluded:
        texts.append(f"{counted(excluded, 'window')} without a place in time left out.")
    return " ".join(texts)


def network_plot(network: Network) -> str:
    """Which treatments are compared with which, and in how many studies."""
    names = [words.spoken(name) for name in network.treatments]
    edges: Counter[tuple[int, int]] = Counter()
    for study in network.studies:
        edges.update(combinations(sorted(int(arm) for arm in study.arms), 2))
    pairs = len(names) * (len(names) - 1) // 2
    lines = [f"{names[i]} and {names[j]}: {counted(n)}" for (i, j), n in edges.most_common()]
    return (
        f"Network graph of {counted(len(names), 'treatment')} in {counted(len(network.studies))}: "
        f"{len(edges)} of {counted(pairs, 'pair')} {'is' if len(edges) == 1 else 'are'} compared "
        f"directly. {'; '.join(lines)}."
    )


def gosh_plot(subsets: Gosh, *, study: int | str | None = None) -> str:
    """The spread of the estimate and of I2 over subsets, and with and without a study."""
    full = subsets.full
    kind = "all" if subsets.complete else "a random sample of"
    least, middle, most = (
        shown(float(value), full.measure) for value in np.quantile(subsets.estimate, [0.0, 0.5, 1.0])
    )
    texts = [
        f"GOSH plot of {kind} {counted(len(subsets), 'subset')} of {counted(len(subsets.labels))}{about(full)}: "
        f"estimates from {least} to {most}, median {middle}, I² {between(subsets.I2, 0)}%."
    ]
    unknown = int((~np.isfinite(subsets.I2)).sum())
    if unknown:
        texts.append(f"{counted(unknown, 'subset')} without an I² not drawn.")
    if study is not None:
        available = subsets.included(study)
        name = subsets.labels[study] if isinstance(study, int) else study
        medians = [
            shown(float(np.median(subsets.estimate[kept])), full.measure) for kept in (available, ~available)
        ]
        texts.append(f"With {name} the median is {medians[0]}, without it {medians[1]}.")
    texts.append(f"All studies: pooled {pooled(full)}.")
    return " ".join(texts)


def specification_curve(
    table: pd.DataFrame | Multiverse,
    *,
    estimate: str = "estimate",
    ci: tuple[str, str] = ("ci_low", "ci_high"),
    choices: str | Sequence[str] | None = None,
    reference: float = 0.0,
) -> str:
    """The spread of the estimates, and what their intervals say of the reference."""
    curve = curve_of(table, estimate, ci, choices, reference, STYLES["default"])
    values, total = curve.estimates, len(curve.estimates)
    bare, clear = (int((curve.kinds == kind).sum()) for kind in (BARE, CLEAR))
    at = number(reference, 2 if reference else 0)
    texts = [
        f"Specification curve of {counted(total, 'specification')}: estimates {between(values)}, "
        f"median {number(float(np.median(values)))}.",
        f"{clear} of {total - bare} intervals exclude {at}; {counted(int((values > reference).sum()), 'estimate')} "
        f"above it, {int((values < reference).sum())} below.",
    ]
    if bare:
        texts.append(f"{bare} without an interval.")
    if curve.left_out:
        texts.append(f"{curve.left_out} without an estimate left out.")
    for choice in curve.choices:
        texts.append(f"{choice.said}: {', '.join(choice.options)}.")
    return " ".join(texts)
