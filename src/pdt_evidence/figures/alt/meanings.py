"""What the figures of meanings show, in sentences; one function a figure, named as it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pdt_evidence.figures.charts.bubbles import bubbles_of, level_words, moderator_words
from pdt_evidence.figures.charts.equivalences import rows_of
from pdt_evidence.figures.charts.lights import judged_of
from pdt_evidence.figures.charts.network_funnel import adjusted_of
from pdt_evidence.figures.charts.powers import ABOUT, needed_of
from pdt_evidence.figures.forests.columns import SAID
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.people import PEOPLE, arms_of_people, people_of
from pdt_evidence.formatting import PAGE, counted, effects_of, percent

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.analysis.conclusions.equivalence import Equivalence
    from pdt_evidence.analysis.meaning.absolute import Absolute
    from pdt_evidence.analysis.meaning.power import Power
    from pdt_evidence.analysis.networks.result import Network
    from pdt_evidence.analysis.regression.location_scale import LocationScale
    from pdt_evidence.analysis.regression.result import MetaRegression
    from pdt_evidence.results import PooledEffect

__all__ = ["bubble", "equivalence_plot", "network_funnel", "pictograph", "power_curve", "traffic_lights"]


def pictograph(meaning: Absolute) -> str:
    """How many of a hundred respond in each arm."""
    without, with_it = people_of(meaning)
    control, treated = arms_of_people(meaning)
    about = words.heading(meaning.stratum, inside=True)
    event = meaning.control_arms.what if meaning.control_arms else "response"
    low, high = meaning.rate_ci
    limits = (
        ""
        if math.isnan(low + high)
        else f" ({percent(meaning.level)} confidence interval {PEOPLE * low:.0f} to {PEOPLE * high:.0f})"
    )
    return (
        f"Pictograph of {PEOPLE} people an arm{f' ({about})' if about else ''}: {event} in {without} with {control} "
        f"and in {with_it} with {treated}{limits}."
    )


def power_curve(power: Power) -> str:
    """The power of the studies there are, and how many it takes for more."""
    needed = needed_of(power)
    rest = f"80% take {counted(needed)}" if math.isfinite(needed) else "no number of studies reaches 80%"
    return f"Power {ABOUT[power.question]} by the number of studies: {100 * power.power:.0f}% with {power.k}; {rest}."


def equivalence_plot(found: Equivalence | Mapping[str, Equivalence]) -> str:
    """Each estimate with both intervals, and the verdict against the margin."""
    rows = rows_of(found)
    first = next(iter(rows.values()))
    narrow, wide = (percent(1 - share * first.alpha) for share in (2, 1))
    lines = []
    for name, one in rows.items():
        ends = f"{narrow} interval {_pair(one.ci)}, {wide} interval {_pair(one.ci95)}"
        lines.append(f"{name or 'Estimate'} {PAGE.number(one.estimate, 2)} ({ends}): {one.verdict}.")
    return f"Intervals against a margin of equivalence of ±{PAGE.shortest(first.margin)}. {' '.join(lines)}"


def _pair(ends: tuple[float, float]) -> str:
    low, high = (PAGE.limit(end, 2) for end in ends)
    return f"{low} to {high}"


def traffic_lights(judgements: PooledEffect | pd.DataFrame) -> str:
    """Every study with its judgement in each domain."""
    studies, domains, table = judged_of(judgements)
    lines = []
    for study, row in zip(studies, table, strict=True):
        parts = [
            f"{words.inner(name)} {words.inner(SAID[word]) if word else 'not reported'}"
            for name, word in zip(domains, row, strict=True)
        ]
        lines.append(f"{study}: {', '.join(parts)}.")
    return f"Risk of bias of {counted(len(studies))} in {counted(len(domains), 'domain')}. {' '.join(lines)}"


def bubble(
    regression: MetaRegression | LocationScale, moderator: str | None = None, *, xlabel: str | None = None
) -> str:
    """The moderator, the mean effect at both ends or in each level, with its interval; tau2 there where it varies."""
    found = bubbles_of(regression, moderator)
    rows = found.fitted
    places = (
        list(enumerate(map(words.inner, level_words(found))))
        if found.levels
        else [(0, f"{found.at[0]:g}"), (-1, f"{found.at[-1]:g}")]
    )
    parts = [
        f"{rows['estimate'].iloc[at]:.2f} ({percent(regression.level)} confidence interval "
        f"{rows['ci_low'].iloc[at]:.2f} to {rows['ci_high'].iloc[at]:.2f}{_spread(rows, at)}) at {name}"
        for at, name in places
    ]
    against = words.inner(moderator_words(found) if xlabel is None else xlabel)
    size = effects_of(regression.k, getattr(regression, "n_clusters", math.nan))
    return f"{size} against {against}; mean effect {'; '.join(parts)}."


def _spread(rows: pd.DataFrame, at: int) -> str:
    return f", tau2 {rows['tau2'].iloc[at]:.3f}" if "tau2" in rows else ""


def network_funnel(network: Network, order: Sequence[str] | None = None) -> str:
    """How many contrasts of how many comparisons, and whether small studies find more."""
    found = adjusted_of(network, order)
    test = (
        ""
        if math.isnan(found.p)
        else f" Egger’s regression: intercept {found.intercept:.2f}, p = {found.p:.3g}."
    )
    return (
        f"Comparison-adjusted funnel of {counted(len(found.yi), 'contrast')} in "
        f"{counted(len(set(found.comparisons)), 'comparison')}, "
        f"standard errors from {found.sei.min():.2f} to {found.sei.max():.2f}.{test}"
    )
