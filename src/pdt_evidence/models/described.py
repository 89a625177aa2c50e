"""How a result was computed, as a paragraph for a paper, from the options that it records.

Names and references come from the registries of estimators, tests and prediction intervals, so that a sentence
cannot say another thing than what was done. Numbers in brackets are items of the PRISMA 2020 checklist.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from pdt_evidence.errors import known_options
from pdt_evidence.formatting import counted, percent
from pdt_evidence.models.estimators import ESTIMATORS
from pdt_evidence.models.inference import TESTS_BY_CODE
from pdt_evidence.models.prediction import PI_RULES_BY_CODE
from pdt_evidence.models.works import bibtex_entry, reference_line
from pdt_evidence.notes import code_of

__all__ = ["Described", "Methods"]

JOINED = "+"  # between the names of rows that one value is made of
NONE = "none"  # how a record begins that has no reference
MEASURES = {
    "SMD": ("standardised mean differences (Hedges’ g)", "10.3102/10769986006002107"),
    "MD": ("mean differences", ""),
    "ROM": ("log ratios of means", ""),
    "OR": ("log odds ratios", ""),
    "RR": ("log risk ratios", ""),
    "RD": ("risk differences", ""),
    "HR": ("log hazard ratios", ""),
}
INTERVALS_OF_TAU2 = {
    "q-profile": ("its interval by the Q-profile method", "10.1002/sim.2514"),
    "generalised-q": ("its interval by the generalised Q method", "10.1002/jrsm.1081"),
    "profile-likelihood": ("its interval by profile likelihood", "10.1002/sim.2514"),
    "wald": ("its interval by a Wald test", "10.1002/sim.2514"),
}
I2 = "10.1002/sim.1186"
# Where trials have several effects: intervals of the mean, and how the rule of the prediction interval begins.
OF_CLUSTERS = {"t": "Wald (t, trials − 1 df)"}
OF_NEW_CLUSTERS = {
    "t(": "a new effect of a new trial, t with trials − 1 df",
    "z": "a new effect of a new trial, normal",
    "CR2, t(": "a new effect of a new trial, t with the degrees of freedom of the cluster-robust inference",
}
THREE_LEVEL, CHE = "10.1002/jrsm.35", "10.1007/s11121-021-01246-3"
FROM_ODDS = ("10.1037/0033-2909.117.1.167", "10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M")
PLAIN_MEAN = "10.1002/9780470743386.ch24"


class Methods(str):
    """The paragraph and the list of its references below it.

    `paragraph` is the first without the second, `references` are the DOIs in the order of their numbers, `bibtex` their
    entries.
    """

    paragraph: str
    references: tuple[str, ...]
    __slots__ = ("paragraph", "references")

    def __new__(cls, paragraph: str, references: Iterable[str] = ()) -> Methods:
        found = tuple(references)
        listed = [reference_line(number, doi) for number, doi in enumerate(found, 1)]
        made = super().__new__(cls, "\n".join([paragraph, "", *listed] if listed else [paragraph]))
        made.paragraph, made.references = paragraph, found
        return made

    @property
    def bibtex(self) -> str:
        """One entry a reference, with what the library's docstrings give of it; the DOI finds the rest."""
        return "\n\n".join(bibtex_entry(f"ref{number}", doi) for number, doi in enumerate(self.references, 1))


class Described:
    """A result that says how it was computed."""

    __slots__ = ()

    @known_options
    def methods(self) -> Methods:
        """How it was computed, for the section on methods, from the options that were used.

        Returns
        -------
        Methods
            Text with its list of references; `paragraph` is without the list, `references` are the DOIs, numbered as
            in the text, and `bibtex` their entries. "item 13d" and so on are those of the PRISMA 2020 checklist.
        """
        found: list[str] = []
        sentences = [*_effects(self, found), *_dependence(self, found), *_pooling(self, found)]
        software = f"Computed with pdt_evidence {version('pdt-evidence')} (item 13d)."
        return Methods(" ".join([*sentences, software]), found)


def _cite(found: list[str], *dois: str) -> str:
    """ " [1, 2]" for DOIs, each numbered when it first comes; "" where there is no reference."""
    dois = tuple(doi for doi in dois if doi and not doi.startswith(NONE))
    for doi in dois:
        if doi not in found:
            found.append(doi)
    return f" [{', '.join(str(found.index(doi) + 1) for doi in dois)}]" if dois else ""


def _effects(of: Any, found: list[str]) -> list[str]:
    words, doi = MEASURES.get(of.measure, ("taken as given", ""))
    lines = [f"Effects are {words}{_cite(found, doi)}; above 0 favours the first arm (item 12)."]
    lines += _from_counts(of, found)
    by = getattr(of, "by", ())
    if by:
        columns = " and ".join(name.replace("follow_up", "follow-up").replace("_", " ") for name in by)
        lines.append(f"They were pooled by {columns} (item 13a).")
    excluded = getattr(of, "left_out", None)
    if excluded is not None and len(excluded):
        lines.append(f"{counted(len(excluded), 'row')} went into no pool, each with its reason (item 13a).")
    return lines


def _strata(of: Any) -> list[Any]:
    """The fits of a synthesis, or a fit alone."""
    return list(of.strata.values()) if hasattr(of, "strata") else [of]


def _rules(of: Any) -> Mapping[str, Any]:
    """How values were chosen and combined: by the synthesis that made the fits, else by the model itself."""
    made = [fit.values_by for fit in _strata(of) if getattr(fit, "values_by", None)]
    if made:
        return made[0]
    return {"dependence": "che"} if getattr(of, "is_multilevel", False) else {}


def _from_counts(of: Any, found: list[str]) -> list[str]:
    """What became of counts of persons, where there are any."""
    codes = {code_of(note) for fit in _strata(of) for note in getattr(fit, "notes", ())}
    aside = _rules(of).get("counts", "")
    lines = []
    if "from-odds-ratios" in codes:
        lines.append(
            f"Counts of persons and odds ratios entered as log odds ratios times √3/π{_cite(found, *FROM_ODDS)} "
            "(item 13b)."
        )
    if "counts-beside-scores" in codes:
        lines.append(
            "Counts of persons stood beside scores only where a trial had no score of the same outcome (item 13a)."
            if aside == "fallback"
            else "Counts of persons stood beside scores (item 13a)."
        )
    elif aside:
        lines.append("Counts of persons were not pooled with scores (item 13a).")
    return lines


def _dependence(of: Any, found: list[str]) -> list[str]:
    rules = _rules(of)
    rule, rho = rules.get("dependence", ""), rules.get("rho", getattr(of, "rho", math.nan))
    assumed = (
        ""
        if math.isnan(rho)
        else f", with a correlation of {rho:g} between values of the same persons assumed"
    )
    if rule == "aggregate":
        if not any(JOINED in name for fit in _strata(of) for name in fit.row_ids):
            return []
        how = {"mean": "their plain mean", "gls": "weighted by the inverse of their covariance"}
        kind = rules.get("aggregate", "")
        value = f"{how.get(kind, 'one a trial')}{_cite(found, PLAIN_MEAN) if kind == 'mean' else ''}"
        return [
            f"Where a trial gave several values they were combined into one, {value}{assumed} (item 13b)."
        ]
    if rule == "one-per-trial":
        return [
            "Where a trial gave several values one was chosen by a stated order of instruments (item 13b)."
        ]
    if rule in ("three-level", "che"):
        return [
            "The values of a trial were modelled with a variance between trials and one within them"
            f"{_cite(found, THREE_LEVEL, CHE)}{assumed} (item 13d)."
        ]
    return []


def _pooling(of: Any, found: list[str]) -> list[str]:
    one = next(iter(_strata(of)), None)
    if of.method not in ESTIMATORS:
        return [f"They were pooled by the method {of.method} (item 13d).", *_beside(of, found)]
    estimator, test = ESTIMATORS[of.method], TESTS_BY_CODE.get(of.test)
    clustered = one is not None and one.is_multilevel
    if of.method == "EE":
        model = "an equal-effects model"
    else:
        variance = f"{estimator.name}{_cite(found, estimator.source)}"
        model = f"a random-effects model, the variance between studies (τ²) by {variance}"
    tested = ""
    if test:
        name = OF_CLUSTERS.get(of.test, test.name) if clustered else test.name
        tested = f", {percent(of.level)} confidence intervals by {name}{_cite(found, test.source)}"
    lines = [f"They were pooled by inverse variance in {model}{tested} (item 13d)."]
    if clustered:
        robust = TESTS_BY_CODE["CR2"]
        if test is not robust:
            lines.append(f"Beside them stand {robust.name} intervals{_cite(found, robust.source)}.")
        return [*lines, *_beside(of, found)]
    if of.method == "EE" or one is None:
        return lines
    interval, doi = INTERVALS_OF_TAU2.get(one.tau2_ci_method, ("", ""))
    parts = [
        f"τ²{f', {interval}{_cite(found, doi)}' if interval else ''}",
        f"I² of the typical variance{_cite(found, I2)}",
        *_prediction(of, found),
    ]
    return [*lines, f"Heterogeneity is described by {'; '.join(parts)} (item 13d)."]


def _beside(of: Any, found: list[str]) -> list[str]:
    """The sentence on prediction intervals of a model whose heterogeneity has none."""
    return [f"Beside the means stand {text} (item 13d)." for text in _prediction(of, found)]


def _prediction(of: Any, found: list[str]) -> list[str]:
    """By which rule prediction intervals are, where there are any: too few studies have none."""
    rules = [fit.pi_rule for fit in _strata(of) if not math.isnan(fit.pi[0])]
    if not rules:
        return []
    known = PI_RULES_BY_CODE.get(rules[0])
    if known:
        return [f"prediction intervals ({known.name}){_cite(found, known.source)}"]
    how = next((words for code, words in OF_NEW_CLUSTERS.items() if rules[0].startswith(code)), rules[0])
    return [f"prediction intervals ({how})"]
