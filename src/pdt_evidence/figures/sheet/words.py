"""What a figure says: the names of measures, outcomes and rules, and the lines about a model.

Text only; what it says comes from the results. A minus is a minus sign, never a hyphen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

from pdt_evidence.evidence.comparisons import ARMS
from pdt_evidence.evidence.spoken import WINDOWS, WORDS, heading, inner, spoken, told, within
from pdt_evidence.formatting import NOT_REPORTED, PAGE, RATIOS, Format, percent
from pdt_evidence.models.estimators import ESTIMATORS
from pdt_evidence.models.inference import TESTS_BY_CODE
from pdt_evidence.models.prediction import PI_RULES_BY_CODE
from pdt_evidence.results import ABOUT_PREDICTION, code_of

if TYPE_CHECKING:
    from pdt_evidence.analysis.pooled.multilevel import MultilevelEffect
    from pdt_evidence.analysis.regression.subgroups import SubgroupComparison
    from pdt_evidence.results import PooledEffect

__all__ = [
    "ARMS",
    "MEASURES",
    "WINDOWS",
    "WORDS",
    "heading",
    "heterogeneity",
    "inner",
    "method_line",
    "spoken",
    "told",
    "within",
]

ABSENT = f"{NOT_REPORTED}: not reported."
NOT_COMPUTED = f"{PAGE.unknown}: cannot be computed."

MEASURES = {  # short name, full name
    "SMD": ("Hedges’ g", "Standardised mean difference"),
    "MD": ("MD", "Mean difference"),
    "ROM": ("RoM", "Ratio of means"),
    "OR": ("OR", "Odds ratio"),
    "RR": ("RR", "Risk ratio"),
    "HR": ("HR", "Hazard ratio"),
    "IRR": ("IRR", "Incidence rate ratio"),
    "RD": ("RD", "Risk difference"),
    "SMCC": ("SMCC", "Standardised mean change"),
    "SMCR": ("SMCR", "Standardised mean change"),
    "GEN": ("Effect", "Effect"),
}
TESTS = {code: record.name for code, record in TESTS_BY_CODE.items()}
ESTIMATED = {code: record.name for code, record in ESTIMATORS.items()}
REVMAN = {  # how Review Manager pools: in words, and what Q is taken about where that is not the weighted mean
    "MH": ("Mantel–Haenszel", " with Q about the Mantel–Haenszel estimate"),
    "IV": ("inverse variance", ""),
    "PETO": ("Peto’s method", ""),
}


def not_computed(cells: Iterable[str]) -> list[str]:
    """What the sign for it means, where one of the cells has it."""
    return [NOT_COMPUTED] if any(cell.endswith(PAGE.unknown) for cell in cells) else []


def shared_word(effects: Sequence[PooledEffect], column: str) -> str:
    """The one word that all rows have in a column; "" where they differ or one has none."""
    available = {value for effect in effects for value in effect.columns.get(column, ("",)) or ("",)}
    word = available.pop() if len(available) == 1 else ""
    return word if isinstance(word, str) else ""


def heterogeneity(effect: PooledEffect, form: Format) -> list[str]:
    """Q, I2 and tau2 in pieces that may go on lines of their own."""
    pieces = []
    if not math.isnan(effect.Q):
        pieces += [
            f"Q = {form.number(effect.Q, 2)},",
            f"df = {effect.Q_df},",
            form.p_value(effect.Q_p) + ";",
        ]
    if not math.isnan(effect.I2):
        pieces.append(f"I² = {form.number(effect.I2, 0 if effect.I2 in (0, 100) else 1)}%;")
    if not math.isnan(effect.tau2):
        pieces.append(f"τ² = {form.variance(effect.tau2)}")
        between, within = effect.sigma2 if clustered(effect) else (math.nan, math.nan)
        if not math.isnan(between + within):
            pieces += [f"({form.variance(between)} between,", f"{form.variance(within)} within clusters)"]
    return [*pieces[:-1], pieces[-1].rstrip(";")] if pieces else []


def difference(test: SubgroupComparison, form: Format) -> list[str]:
    """The test of groups against one another, in pieces."""
    known = [value for value in test.df if not math.isnan(value)]
    symbol = "F" if len(known) == 2 else "Q"
    df = ", ".join(f"{value:g}" for value in known)
    return [
        "Test of group differences:",
        f"{symbol} = {form.number(test.statistic, 2)},",
        f"df = {df},",
        form.p_value(test.p),
    ]


def method_line(effect: PooledEffect) -> str:
    """Model, estimator, test and the rule of the prediction interval in one sentence."""
    test = TESTS.get(effect.test, effect.test)
    if clustered(effect) and effect.test == "t":
        test = "Wald (t, clusters − 1 df)"
    text = f"{_model(effect)}; {percent(effect.level)} confidence interval: {test}"
    if not math.isnan(effect.pi[0]):
        text += f"; prediction interval: {pi_rule(effect.pi_rule)}"
    return text + "."


def model_head(effect: PooledEffect) -> str:
    """The model and the interval as Review Manager heads a column; the interval alone of a model it has not.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> model_head(pdt.PooledEffect(k=3, method="REML")), model_head(pdt.PooledEffect(k=3, method="MH"))
    ('IV, Random, 95% CI', 'M-H, Fixed, 95% CI')
    """
    how, _, estimator = effect.method.partition(", ")
    common = effect.method == "EE" or (how in REVMAN and not estimator)
    weights = {"MH": "M-H", "PETO": "Peto"}.get(how, "IV")
    interval = f"{percent(effect.level)} CI"
    return interval if clustered(effect) else f"{weights}, {'Fixed' if common else 'Random'}, {interval}"


def clustered(effect: PooledEffect) -> TypeGuard[MultilevelEffect]:
    """Whether its model has several effects a trial."""
    return effect.is_multilevel


def _model(effect: PooledEffect) -> str:
    """The model and how its variance is estimated."""
    how, _, estimator = effect.method.partition(", ")
    if how in REVMAN:  # weights and Q as Review Manager has them
        named, about = REVMAN[how]
        if not estimator:
            return f"Equal-effects model, {named}"
        return f"Random-effects model, inverse-variance weights, τ² by {ESTIMATED.get(estimator, estimator)}{about}"
    if effect.method == "EE":
        return "Equal-effects model"
    method = ESTIMATED.get(effect.method, effect.method)
    method += f" ({effect.method})" if effect.method in ESTIMATED else ""
    if not clustered(effect):
        return f"Random-effects model, τ² by {method}"
    if _errors_correlate(effect):
        return f"Correlated and hierarchical effects (CHE) model{_rho(effect)}, variances by {method}"
    return f"Three-level random-effects model, variances by {method}"


def _errors_correlate(effect: MultilevelEffect) -> bool:
    """Whether the sampling errors of a trial do: the working model of CHE."""
    return effect.rho != 0


def _rho(effect: MultilevelEffect) -> str:
    return "" if math.isnan(effect.rho) else f", ρ = {effect.rho:g}"


def without_prediction(effect: PooledEffect) -> PooledEffect:
    """The same result, silent on its prediction interval."""
    kept = tuple(note for note in effect.notes if code_of(note) not in ABOUT_PREDICTION)
    return replace(effect, pi=(math.nan, math.nan), notes=kept)


def in_signs(note: str) -> str:
    """A note of a result with the signs that figures have."""
    return note.replace("tau2", "τ²").replace("I2", "I²")


def remarks(effects: Sequence[PooledEffect], most: int = 3, names: Sequence[str] = ()) -> list[str]:
    """What a reader must know of each summary, after its name where there are several; `names` are those of rows."""
    told: dict[str, list[PooledEffect]] = {}
    for effect in effects:
        for note in effect.notes if effect.k > 1 else ():  # a lone study has a line of its own
            told.setdefault(in_signs(note), []).append(effect)
    if len(told) > most:
        rows = len({id(effect) for available in told.values() for effect in available})
        return [f"Notes on {rows} of these results are in their summary()."]
    named = {
        name
        for effect in effects
        for name, word in effect.stratum.items()
        if any(other.stratum.get(name) != word for other in effects)
    }
    lines = []
    for note, available in told.items():
        own = [{name: word for name, word in effect.stratum.items() if name in named} for effect in available]
        where = "; ".join(dict.fromkeys(heading(words) for words in own if words))
        if names:  # of all rows a note needs no name
            rows = zip(effects, names, strict=False)
            own_names = [name for effect, name in rows if any(effect is one for one in available)]
            where = "; ".join(own_names) if len(own_names) < len(effects) else ""
        lines.append(f"{where}: {note}" if where else note)
    return lines


def lone_line(effect: PooledEffect) -> str:
    """What the method line says where there is nothing to pool."""
    return f"One study: its own {percent(effect.level)} confidence interval (Wald)."


def pi_rule(rule: str) -> str:
    """The rule of a prediction interval in words, as it stands where it has none."""
    known = PI_RULES_BY_CODE.get(rule)
    return known.name if known else rule.replace("-", "–")


def title_of(effect: PooledEffect) -> str:
    """The name of the summary row: the model where there are several effects a trial."""
    if clustered(effect):
        robust = f", {effect.test}" if effect.test == "CR2" else ""
        return (f"CHE{_rho(effect)}" if _errors_correlate(effect) else "Three-level model") + robust
    return "Equal-effects estimate" if effect.method in ("EE", *REVMAN) else "Random-effects estimate"


def model_of(effect: PooledEffect) -> str:
    """The same name where another model stands beside it: the estimator, or the model of several effects a trial."""
    title = title_of(effect)
    return title if clustered(effect) or title.startswith("Equal") else f"{title} ({effect.method})"


def short_measure(measure: str) -> str:
    """The measure as a column head has it."""
    return MEASURES.get(measure, (measure, measure))[0]


def several(measure: str) -> str:
    """The measure in words, in the plural."""
    return "Ratios of means" if measure == "ROM" else f"{full_measure(measure)}s"


def turning(measure: str) -> str:
    """What turns an effect on a scale that sources print as well; "" where none does."""
    if measure in RATIOS:
        return f"1/{short_measure(measure)}"
    return "sign changed" if measure in ("MD", "RD") else ""


def full_measure(measure: str) -> str:
    """The measure in words."""
    return MEASURES.get(measure, (measure, measure))[1]
