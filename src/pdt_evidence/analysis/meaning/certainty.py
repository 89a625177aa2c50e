"""The five domains of certainty (GRADE) of one pooled effect: a rule, its number and a suggestion each, no rating.

The thresholds are this library's: they say where a panel should look, not what it should decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pdt_evidence.analysis.bias.asymmetry import regression_test
from pdt_evidence.analysis.bias.studies import Studies, direction_of, studies_of
from pdt_evidence.analysis.meaning.information import information_size, sizes_of
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.evidence.judgements import WORDS, worst_judgement
from pdt_evidence.formatting import PAGE, counted, percent
from pdt_evidence.models.bias.small_study import RegressionTest
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief

__all__ = [
    "CERTAINTY_RULE",
    "DOMAINS",
    "SUGGESTIONS",
    "Certainty",
    "Domain",
    "certainty_of",
    "domains_of",
    "judgements_of",
]

DOMAINS = ("risk of bias", "inconsistency", "indirectness", "imprecision", "publication bias")
SUGGESTIONS = ("no concern", "serious", "very serious", "not assessed")
FINE, SERIOUS, VERY, OPEN = SUGGESTIONS
GRADE = ("not serious", "extremely serious")  # what panels also write
GRADE_OF_PUBLICATION = ("undetected", "strongly suspected")
LEVELS = ("high", "moderate", "low", "very low")
DOWN = {
    FINE: 0,
    "not serious": 0,
    "undetected": 0,
    SERIOUS: 1,
    "strongly suspected": 1,
    VERY: 2,
    "extremely serious": 3,
}
CERTAINTY_RULE = (
    "Starts at high, as that of randomised trials does, and goes down by what was confirmed of the five domains: "
    "serious one level, very serious two, extremely serious three, to very low at most. Not judged until all five are "
    "confirmed."
)
HALF = 50.0  # percent of the weight
ALWAYS = ("Low", "High")  # judgements that are named where no trial has them, too
LEAST_FOR_ASYMMETRY = 10  # trials
ALPHA = 0.05  # of the tests of asymmetry
MODELS = {"random": "random effects", "wls": "Egger's weights", "che": "effects clustered by trial,"}
PRECISIONS = {"sei": "the standard error", "n": "the size of the arms"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Domain(Brief):
    """One domain: the rule, what it was put to, what it suggests, and who decided what.

    `judgement`, `by` and `date` are "" until somebody confirmed (`Findings.confirm`).
    """

    name: str
    rule: str
    number: str
    suggestion: str
    judgement: str = ""
    by: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Certainty(Brief):
    """The certainty of a row by GRADE, from what was confirmed of its domains; never from suggestions."""

    level: str  # one of `LEVELS`; "not judged" while a domain is open
    down: tuple[tuple[str, int], ...]  # the domains that lower it, and by how many levels
    unjudged: tuple[str, ...]  # the domains that nobody has judged

    def __str__(self) -> str:
        if self.unjudged:
            names = "all five domains" if len(self.unjudged) == len(DOMAINS) else ", ".join(self.unjudged)
            return f"{self.level} (open: {names})"
        return (
            f"{self.level} ({', '.join(f'−{steps} {name}' for name, steps in self.down) or 'no downgrade'})"
        )


def certainty_of(domains: Sequence[Domain]) -> Certainty:
    """The certainty that the confirmed judgements come to, by `CERTAINTY_RULE`."""
    unjudged = tuple(one.name for one in domains if one.judgement not in DOWN)
    down = tuple((one.name, DOWN[one.judgement]) for one in domains if DOWN.get(one.judgement))
    total = sum(steps for _, steps in down)
    level = "not judged" if unjudged else LEVELS[min(total, len(LEVELS) - 1)]
    return Certainty(level=level, down=down, unjudged=unjudged)


def judgements_of(domain: str) -> tuple[str, ...]:
    """The words in which a person may judge a domain: those of the suggestions, and those of GRADE."""
    return (*SUGGESTIONS, *GRADE, *(GRADE_OF_PUBLICATION if domain == "publication bias" else ()))


def domains_of(fit: PooledEffect, minimal: float, power: float) -> tuple[Domain, ...]:
    """The five domains of a pooled effect, in the order of `DOMAINS`."""
    return (
        _risk_of_bias(fit),
        _inconsistency(fit, minimal),
        Domain(
            name="indirectness",
            rule="A person says whether patients, treatments and outcomes are those asked about.",
            number="",
            suggestion=OPEN,
        ),
        _imprecision(fit, minimal, power),
        _publication_bias(fit),
    )


def _risk_of_bias(fit: PooledEffect) -> Domain:
    rule = (
        "Weight by overall risk of bias. Serious where less than half of the weight is at low risk, very serious where "
        "more than half is at high risk; not assessed where more than half has no judgement."
    )
    cells: Sequence[object] = fit.columns.get("rob_overall", ("",) * len(fit.weights))
    judged = np.array([worst_judgement(cell) for cell in cells], dtype=object)
    share = {word: float(fit.weights[judged == word].sum()) for word in (*WORDS, "")}
    number = _shares(share)
    if share[""] > HALF or not len(judged):
        suggestion = OPEN
    else:
        suggestion = VERY if share["High"] > HALF else SERIOUS if share["Low"] < HALF else FINE
    return Domain(name="risk of bias", rule=rule, number=number, suggestion=suggestion)


def _shares(share: Mapping[str, float]) -> str:
    """Percent of the weight by judgement, rounded so that they add up to 100; what nothing has is left out."""
    if not math.isclose(sum(share.values()), 100.0):
        return "the weights are not known"
    floors = {word: math.floor(value) for word, value in share.items()}
    by_rest = sorted(share, key=lambda word: floors[word] - share[word])
    for word in by_rest[: 100 - sum(floors.values())]:
        floors[word] += 1
    shown = [(word.lower() or "not judged", floors[word]) for word in share if share[word] or word in ALWAYS]
    (first, percents), *others = shown
    return ", ".join([f"{percents}% of the weight {first}", *(f"{part}% {word}" for word, part in others)])


def _inconsistency(fit: PooledEffect, minimal: float) -> Domain:
    rule = (
        f"Prediction interval against no effect and the minimal difference ({minimal:g}). Serious where it holds both "
        "no effect and that difference, very serious where it holds that difference in both directions."
    )
    low, high = fit.pi
    I2 = f"I² {fit.I2:.0f}%{_limits(fit.I2_ci, 0, '%')}" if not math.isnan(fit.I2) else "I² not known"
    if math.isnan(low + high):
        return Domain(
            name="inconsistency", rule=rule, number=f"no prediction interval; {I2}", suggestion=OPEN
        )
    number = f"{percent(fit.level)} prediction interval {PAGE.interval(fit.pi)}; {I2}"
    return Domain(name="inconsistency", rule=rule, number=number, suggestion=_between(low, high, minimal))


def _imprecision(fit: PooledEffect, minimal: float, power: float) -> Domain:
    rule = (
        f"Interval against no effect and the minimal difference ({minimal:g}), and patients held against the required "
        f"information size (power {percent(power)}). Serious where the interval holds both, or fewer are held; very "
        "serious where the interval holds that difference in both directions."
    )
    number = f"{percent(fit.level)} interval {PAGE.interval(fit.ci)}"
    suggestion = _between(*fit.ci, minimal)
    try:
        size = information_size(fit, minimal=minimal, power=power)
    except EvidenceError:  # another measure, or several effects a trial
        number += "; information size not known for this result"
    else:
        known = int(np.isfinite(sizes_of(fit)).sum())
        patients = (
            "patients in the trials not known"
            if math.isnan(size.held)
            else f"{size.held:.0f} patients in the"
        )
        if not math.isnan(size.held):
            patients += " trials" if known == fit.k else f" {counted(known, 'trial')} of known size"
        number += f"; {patients}, {math.ceil(size.required):.0f} needed"
        suggestion = SERIOUS if suggestion == FINE and size.fraction < 1 else suggestion
    return Domain(name="imprecision", rule=rule, number=number, suggestion=suggestion)


def _publication_bias(fit: PooledEffect) -> Domain:
    rule = (
        f"Regression of effects on their precision, from {LEAST_FOR_ASYMMETRY} trials on: random effects and Egger's "
        "weights, on the standard error and on the size of the arms. Serious where p < 0.05 by each of these and small "
        "studies favour PDT more, or differ either way where it is not known which results would have been published "
        "sooner; not assessed where these choices disagree."
    )
    trials = int(fit.trials) if fit.is_multilevel else fit.k
    number, suggestion = counted(trials), OPEN
    if trials >= LEAST_FOR_ASYMMETRY:
        studies = studies_of(fit)
        found = regression_test(studies)
        if math.isnan(found.p):
            number = "all are equally precise, or on one line"
        elif found.disagree:
            number = f"the usual choices disagree: {_by_each_choice(found)}"
        else:
            sign = _favoured(studies)
            suggestion = SERIOUS if found.p < ALPHA and (sign is None or found.slope * sign > 0) else FINE
            number = f"slope {PAGE.number(found.slope)} ({_in_words(found.model, found.precision)}), "
            number += PAGE.p_value(found.p)
    return Domain(name="publication bias", rule=rule, number=number, suggestion=suggestion)


def _by_each_choice(found: RegressionTest) -> str:
    tests = [(found.model, found.precision, found.p), *found.others]
    return "; ".join(f"{_in_words(model, on)} {PAGE.p_value(p)}" for model, on, p in tests)


def _in_words(model: str, precision: str) -> str:
    return f"{MODELS[model]} on {PRECISIONS[precision]}"


def _favoured(studies: Studies) -> float | None:
    """The sign of the effects that would have been published sooner; None where nobody knows."""
    try:
        return direction_of(studies, None)[0] if studies.comparisons else None
    except RequestError:
        return None


def _between(low: float, high: float, minimal: float) -> str:
    """What an interval suggests that may hold no effect and the minimal difference."""
    if math.isnan(low + high):
        return OPEN
    if low <= -minimal and high >= minimal:
        return VERY
    null = low <= 0 <= high
    return SERIOUS if null and (high >= minimal or low <= -minimal) else FINE


def _limits(ci: tuple[float, float], digits: int, unit: str) -> str:
    if math.isnan(sum(ci)):
        return ""
    return f" ({ci[0]:.{digits}f}{unit} to {ci[1]:.{digits}f}{unit})"
