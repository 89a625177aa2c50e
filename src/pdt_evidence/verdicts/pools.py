"""The pools behind the verdicts, each computed once for all claims, and again under other rules.

One call of `synthesize` gives every pool of one kind (all symptoms, by outcome, by condition), so that a claim
picks its pool and no pool is computed for one claim alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.robustness.influence import Influence, influence
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.symptoms import symptom_rows
from pdt_evidence.errors import EvidenceError, unheard
from pdt_evidence.evidence import load
from pdt_evidence.evidence.frames import light
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["TEST", "Pool", "Pools", "conditions", "pooled_alone"]

TEST = "adhoc"  # Hartung-Knapp, never narrower than Wald: a falsely narrow interval decides nothing
COMPARISONS = ("pdt_vs_control", "pdt_vs_cbt")
WINDOWS = ("post", "long")
FEWEST_FOR_INFLUENCE = 3  # one left out, two still make a pool
LOWEST = "without the one trial that raises it most"
HIGHEST = "without the one trial that lowers it most"
INFLUENCE = "without the trials flagged by influence"
SCORES = "from scores alone"
CONTROLS = {  # code of a control arm -> rule
    "waitlist": "against waiting lists alone",
    "care_as_usual": "against care as usual alone",
    "enhanced_care_as_usual": "against enhanced care as usual alone",
    "other_control": "against other controls alone",
    "pill_placebo": "against pill placebo alone",
    "placebo": "against placebo alone",
}


@cache
def conditions(kind: str = "disorder") -> dict[str, tuple[str, ...]]:
    """The conditions that the article names, each with the disorders, or the outcomes, that stand for it."""
    table = load("conditions")
    rows = table[table["kind"].eq(kind)]
    return {condition: tuple(words) for condition, words in rows.groupby("condition", sort=False)["word"]}  # pyright: ignore[reportReturnType]


@dataclass(frozen=True)
class Pool:
    """A pooled effect, and the same under other rules, by the words for the rule."""

    effect: PooledEffect
    others: dict[str, PooledEffect] = field(default_factory=dict)

    @cached_property
    def _influence(self) -> Influence | None:
        return influence(self.effect) if self.effect.k >= FEWEST_FOR_INFLUENCE else None

    @cached_property
    def flagged(self) -> tuple[str, ...]:
        """The trials flagged by the rules of `influence`."""
        if self._influence is None:
            return ()
        marks = self._influence.influential
        return tuple(label for label, marked in zip(self.effect.labels, marks, strict=True) if marked)

    @cached_property
    def leave_one_out(self) -> tuple[float, float]:
        """The lowest and the highest estimate with one trial left out; NaN with too few trials."""
        if self._influence is None:
            return nan, nan
        estimates = self._influence.leave_one_out.estimate
        return float(np.nanmin(estimates)), float(np.nanmax(estimates))

    @cached_property
    def under(self) -> dict[str, PooledEffect]:
        """The pool under every other rule that changes it."""
        found = {}
        if self._influence is not None:
            estimates = self._influence.leave_one_out.estimate
            every = np.arange(self.effect.k)
            found[LOWEST] = _fit(self.effect, every != np.nanargmin(estimates))
            found[HIGHEST] = _fit(self.effect, every != np.nanargmax(estimates))
            flagged = np.asarray(self._influence.influential, dtype=bool)
            if flagged.any() and not flagged.all():
                found[INFLUENCE] = _fit(self.effect, ~flagged)
        return {**found, **self.others}


class Pools:
    """Every pool of a table of trials; kinds of pools are computed when first needed."""

    def __init__(self, table: pd.DataFrame) -> None:
        keep = table["comparison"].isin(COMPARISONS) & table["follow_up"].isin(WINDOWS) & table["yi"].notna()
        table = light(symptom_rows(table[keep]))
        word_of = {code: word for word, codes in conditions().items() for code in codes}
        self._table = table.assign(condition=table["disorder"].map(word_of).fillna(""))
        self._strata: dict[tuple[tuple[str, ...], str], dict[tuple[str, ...], PooledEffect]] = {}
        self._made: dict[tuple[str, ...], Pool | None] = {}

    def pool(self, comparison: str, window: str, *, outcome: str = "", condition: str = "") -> Pool | None:
        """One pool; `outcome` or `condition` narrows it, neither takes all symptoms. None where nothing is held."""
        wanted = (comparison, window, outcome, condition)
        if wanted not in self._made:
            self._made[wanted] = self._make(*wanted)
        return self._made[wanted]

    def _make(self, comparison: str, window: str, outcome: str, condition: str) -> Pool | None:
        by: tuple[str, ...] = ("comparison", "follow_up")
        key: tuple[str, ...] = (comparison, window)
        for name, word in (("outcome", outcome), ("condition", condition)):
            if word:
                by, key = (*by, name), (*key, word)
        effect = self._all(by).get(key)
        if effect is None:
            return None
        others = {}
        scores = self._all(by, events="never").get(key)
        if scores is not None and scores.row_ids != effect.row_ids:
            others[SCORES] = scores
        if comparison == "pdt_vs_control":
            kinds = self._all((*by, "arm_c"))
            for code, rule in CONTROLS.items():
                kind = kinds.get((*key, code))
                if kind is not None and kind.k < effect.k:
                    others[rule] = kind
        return Pool(effect, others)

    def _all(self, by: tuple[str, ...], events: str = "fallback") -> dict[tuple[str, ...], PooledEffect]:
        """Every pool by these columns, in one call."""
        if (by, events) not in self._strata:
            table = self._table
            if "condition" in by:
                table = table[table["condition"].ne("")]
            self._strata[by, events] = _strata(table, by, events)
        return self._strata[by, events]


def pooled_alone(table: pd.DataFrame) -> Pool | None:
    """One pool of a whole table of one comparison; None where no row has an effect."""
    if not table["yi"].notna().any():
        return None
    return Pool(next(iter(_strata(table, ("comparison",), "fallback").values())))


def _strata(table: pd.DataFrame, by: tuple[str, ...], events: str) -> dict[tuple[str, ...], PooledEffect]:
    if table.empty:
        return {}
    with unheard():  # rows excluded are counted in the pools' own report
        try:
            return dict(synthesize(table, by=by, test=TEST, events=events).strata)
        except EvidenceError:
            if events != "never":
                raise
            return {}  # no score at all


def _fit(effect: PooledEffect, keep: NDArray) -> PooledEffect:
    return pool(
        np.asarray(effect.yi)[keep],
        np.asarray(effect.vi)[keep],
        method=effect.method,
        test=effect.test,
        level=effect.level,
        labels=[label for label, one in zip(effect.labels, keep, strict=True) if one],
    )
