"""What the recipes read: published rows, sources, what sources say in words, and pools of the trials held."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pdt_evidence.analysis.conclusions.equivalence import STEINERT_2017
from pdt_evidence.analysis.conclusions.margins import Margin
from pdt_evidence.analysis.networks.comparison import HeadToHead, pdt_against_cbt
from pdt_evidence.analysis.over_time.follow_up import FollowUp, follow_up
from pdt_evidence.analysis.regression.moderators import Moderation, moderators
from pdt_evidence.analysis.robustness.dependence import sensitivity
from pdt_evidence.effects.clock import months_on_clock
from pdt_evidence.effects.symptoms import symptom_rows
from pdt_evidence.effects.trials import light_trials
from pdt_evidence.errors import EvidenceError, unheard
from pdt_evidence.evidence import load
from pdt_evidence.evidence.coverage import LATE, late_said, undated_said
from pdt_evidence.verdicts.own_trials import why_open
from pdt_evidence.verdicts.pools import TEST, Pool, Pools, pooled_alone
from pdt_evidence.verdicts.rules import Rules

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLES", "Facts", "Row", "follow_up_held", "trend_against_control"]

Row = Mapping[Any, Any]  # of a table: the cell of each column

TABLES = ("trials", "reviews", "sources", "statements")  # what `evidence=` of `check_claims` may replace
NETWORKS = ("sad_mayowilson2014", "depression_nice")  # those with trials beyond the ones pooled by themselves
RHOS = (0.0, 0.5, 0.9)
T = TypeVar("T")


@dataclass(frozen=True)
class Facts:
    """The bundled evidence or what a user puts in its place, and what a user imported of a cited review."""

    brought: pd.DataFrame | None = None  # trials of `brought_of`, in the schema of `trials`
    brought_of: str = ""
    margin: float | Margin = STEINERT_2017
    rules: Rules = field(default_factory=Rules)
    evidence: Mapping[str, pd.DataFrame] = field(
        default_factory=dict
    )  # tables by name, instead of the bundled

    @property
    def trials(self) -> pd.DataFrame:
        return self.evidence["trials"] if "trials" in self.evidence else _trials()

    # Rows are looked at one by one, over and over: as dictionaries, which cost nothing to read.

    @cached_property
    def reviews(self) -> Sequence[Row]:
        """Published estimates that are what they seem: about PDT, not superseded, not misprinted."""
        rows = self._table("reviews").to_dict("records")
        return [row for row in rows if row["scope"] == "pdt" and row["status"] == "ok"]

    @cached_property
    def statements(self) -> Sequence[Row]:
        return self._table("statements").to_dict("records")

    @cached_property
    def _sources(self) -> pd.DataFrame:
        return self._table("sources").set_index("source_id")

    def _table(self, name: str) -> pd.DataFrame:
        return self.evidence[name] if name in self.evidence else load(name)

    def source(self, source_id: str) -> pd.Series:
        """What is said of a source; blank where a user's table does not have it."""
        return self._sources.reindex([source_id]).iloc[0]

    def printed(self, review: str, **words: str) -> Row | None:
        """The one published row of `review` with these words; None where it is not held."""
        words = {"review_id": review, **words}
        fitting = (row for row in self.reviews if all(row[name] == word for name, word in words.items()))
        return next(fitting, None)

    def between(self, *, comparisons: tuple[str, ...], outcomes: tuple[str, ...] = ()) -> Sequence[Row]:
        """Every published estimate between groups of these comparisons."""
        return [
            row
            for row in self.reviews
            if row["design"] == "between"
            and row["comparison"] in comparisons
            and row["measure"] != "count"
            and (not outcomes or row["outcome"] in outcomes)
        ]

    def reviews_of(self, patients: str) -> tuple[str, ...]:
        """The reviews whose trials treat these patients, as `reviews` tells."""
        return tuple(dict.fromkeys(row["review_id"] for row in self.reviews if row["patients"] == patients))

    @cached_property
    def undated(self) -> str:
        """How many of the rows that can be pooled do not tell when they were measured."""
        months = months_on_clock(self._with_effect)
        return undated_said(len(months), int(np.isnan(months).sum()))

    @cached_property
    def late_against_cbt(self) -> str:
        """How many trials against CBT can be pooled late after the end."""
        table = self._with_effect
        late = table["comparison"].eq("pdt_vs_cbt") & (months_on_clock(table) > LATE)
        return late_said(int(table.loc[late, "trial_id"].nunique()))

    @cached_property
    def _with_effect(self) -> pd.DataFrame:
        return self.trials[self.trials["yi"].notna()]

    @cached_property
    def _pools(self) -> Pools:
        return Pools(self.trials) if "trials" in self.evidence else _pools()

    def pooled(
        self,
        *,
        comparison: str = "pdt_vs_control",
        outcome: str = "",
        condition: str = "",
        window: str = "post",
    ) -> Pool | None:
        """Trials held here, at the end of treatment or in another window, one value a trial; None if none."""
        return self._pools.pool(comparison, window, outcome=outcome, condition=condition)

    # These rest on the trials alone, so for the bundled ones they are computed once a process.

    @cached_property
    def head_to_head(self) -> HeadToHead:
        """PDT against CBT through the networks held."""
        return _head_to_head(self.margin)

    @property
    def follow_up(self) -> FollowUp | None:
        """Effects by time; None where the table of a user gives none."""
        return self._time[0]

    @property
    def controls(self) -> Moderation | None:
        """The effect at the end of treatment by kind of control; None where the table of a user gives none."""
        return self._kinds[0]

    @property
    def under_every_rule(self) -> pd.DataFrame | None:
        """The pool against control under every rule for dependent rows and counts of persons; None likewise."""
        return self._ways[0]

    @cached_property
    def _time(self) -> tuple[FollowUp | None, str]:
        return self._of(follow_up) if "trials" in self.evidence else (follow_up_held(), "")

    @cached_property
    def _kinds(self) -> tuple[Moderation | None, str]:
        return self._of(_controls_of) if "trials" in self.evidence else (_controls(), "")

    @cached_property
    def _ways(self) -> tuple[pd.DataFrame | None, str]:
        return self._of(_every_rule) if "trials" in self.evidence else (_under_every_rule(), "")

    def _of(self, compute: Callable[[pd.DataFrame], T]) -> tuple[T | None, str]:
        """What is computed of the table of a user, or why it cannot be."""
        try:
            return compute(self.trials), ""
        except EvidenceError as error:
            return None, f"cannot be checked: {str(error).splitlines()[0]}"

    @property
    def own_trials(self) -> bool:
        """Whether a user gave the trials: what they cannot answer is then said of each question."""
        return "trials" in self.evidence

    def why_open(self, of: str = "", **wanted: str) -> str:
        """Why the trials give no pool of these words, or none of `follow_up`, `controls`, `under_every_rule`."""
        words = {"comparison": "pdt_vs_control", "follow_up": "post"} | wanted
        made = {"follow_up": self._time, "controls": self._kinds, "under_every_rule": self._ways}
        table = self._with_effect
        for column, word in words.items():
            if word and not table[column].isin(word.split(" or ")).any():
                return why_open(table, **words)
        return (made[of][1] if of else "") or why_open(table, **words)

    def imported(self, review: str, **words: str) -> Pool | None:
        """Trials of `review` that the user brought; None where there are none."""
        if self.brought is None or self.brought_of != review:
            return None
        table = self.brought
        for column, word in words.items():
            table = table[table[column].eq(word)]
        return pooled_alone(table)


def trend_against_control(found: FollowUp | None) -> Row | None:
    """The slope on months since the end against control; None where no such trial is held."""
    if found is None:
        return None
    rows = found.trend[found.trend["comparison"].eq("pdt_vs_control")]
    one = rows.to_dict("records")[0] if len(rows) else None
    return one if one is None or one.get("trials") != 0 else None


def _against_control(table: pd.DataFrame) -> pd.DataFrame:
    keep = table["comparison"].eq("pdt_vs_control") & table["follow_up"].eq("post")
    return symptom_rows(table[keep])


def _controls_of(table: pd.DataFrame) -> Moderation:
    with unheard():
        return moderators(_against_control(table), names=["control"])


def _every_rule(table: pd.DataFrame) -> pd.DataFrame:
    with unheard():  # the pools that these are beside name the rows left out
        return sensitivity(_against_control(table), by="comparison", rhos=RHOS, test=TEST)


@cache
def _trials() -> pd.DataFrame:
    return light_trials()


@cache
def _pools() -> Pools:
    return Pools(_trials())


@cache
def _head_to_head(margin: float | Margin) -> HeadToHead:
    return pdt_against_cbt(NETWORKS, margin=margin)


@cache
def follow_up_held() -> FollowUp:
    """`follow_up` of the bundled trials, computed once a process."""
    return follow_up()


@cache
def _controls() -> Moderation:
    return _controls_of(_trials())


@cache
def _under_every_rule() -> pd.DataFrame:
    return _every_rule(_trials())
