"""What the recipes read: published rows, sources, and pools of the trials held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from pdt_evidence.analysis.networks.comparison import HeadToHead, pdt_against_cbt
from pdt_evidence.analysis.over_time.follow_up import FollowUp, follow_up
from pdt_evidence.analysis.regression.moderators import Moderation, moderators
from pdt_evidence.analysis.robustness.dependence import sensitivity
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.symptoms import NOT_SYMPTOMS
from pdt_evidence.effects.trials import trials
from pdt_evidence.evidence import load, reviews
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Facts"]

TEST = "adhoc"  # Hartung-Knapp, never narrower than Wald: a falsely narrow interval decides nothing
NETWORKS = ("sad_mayowilson2014", "depression_nice")  # those with trials beyond the ones pooled by themselves
RHOS = (0.0, 0.5, 0.9)


@dataclass(frozen=True)
class Facts:
    """The bundled evidence, and what a user imported of a cited review."""

    brought: pd.DataFrame | None = None  # trials of `brought_of`, in the schema of `trials`
    brought_of: str = ""

    @cached_property
    def trials(self) -> pd.DataFrame:
        return trials()

    @cached_property
    def reviews(self) -> pd.DataFrame:
        """Published estimates that are what they seem: about PDT, not superseded, not misprinted."""
        table = reviews()
        return table[table["scope"].eq("pdt") & table["status"].eq("ok")]

    def source(self, source_id: str) -> pd.Series:
        return load("sources").set_index("source_id").loc[source_id]  # pyright: ignore[reportReturnType]

    def stands_in(self, review: str) -> str:
        """What is held in place of the publication that a claim names, "press_release"; "" for itself or none."""
        kind = str(self.source(review)["kind"]) if review else ""
        return "" if kind in ("", "review") else kind

    def printed(self, review: str, **words: str) -> pd.Series | None:
        """The one published row of `review` with these words; None where it is not held."""
        table = self.reviews[self.reviews["review_id"].eq(review)]
        for column, word in words.items():
            table = table[table[column].eq(word)]
        return table.iloc[0] if len(table) else None

    def pooled(
        self,
        *,
        comparison: str = "pdt_vs_control",
        outcome: str = "",
        disorder: Sequence[str] = (),
        window: str = "post",
    ) -> PooledEffect | None:
        """Trials held here, at the end of treatment or in another window, one value a trial; None if none."""
        table = self.trials
        table = table[table["comparison"].eq(comparison) & table["follow_up"].eq(window)]
        table = table[table["outcome"].eq(outcome) if outcome else ~table["outcome"].isin(NOT_SYMPTOMS)]
        if disorder:
            table = table[table["disorder"].isin(disorder)]
        return _pool(table)

    # These rest on the bundled trials alone, so they are computed once a process.

    @property
    def head_to_head(self) -> HeadToHead:
        """PDT against CBT through the networks held."""
        return _head_to_head()

    @property
    def follow_up(self) -> FollowUp:
        return _follow_up()

    @property
    def controls(self) -> Moderation:
        """The effect at the end of treatment by kind of control."""
        return _controls()

    @property
    def under_every_rule(self) -> pd.DataFrame:
        """The pool against control under every rule for dependent rows."""
        return _under_every_rule()

    def imported(self, review: str, **words: str) -> PooledEffect | None:
        """Trials of `review` that the user brought; None where there are none."""
        if self.brought is None or self.brought_of != review:
            return None
        table = self.brought
        for column, word in words.items():
            table = table[table[column].eq(word)]
        return _pool(table)


def _pool(table: pd.DataFrame) -> PooledEffect | None:
    if not table["yi"].notna().any():
        return None
    return synthesize(table, by=("comparison",), test=TEST)[str(table["comparison"].iloc[0])]


@cache
def _head_to_head() -> HeadToHead:
    return pdt_against_cbt(NETWORKS)


@cache
def _follow_up() -> FollowUp:
    return follow_up()


@cache
def _controls() -> Moderation:
    return moderators(names=["control"])


@cache
def _under_every_rule() -> pd.DataFrame:
    table = trials(comparison="pdt_vs_control", follow_up="post")
    return sensitivity(table[~table["outcome"].isin(NOT_SYMPTOMS)], by="comparison", rhos=RHOS, test=TEST)
