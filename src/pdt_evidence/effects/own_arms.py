"""Tables of means of arms, which have one effect that everybody means: Hedges' g."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdt_evidence.effects.given import given_effects
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import warn
from pdt_evidence.evidence.readers.columns import ARM_DATA

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["effects_of_means", "signed_effects"]

SIGNED_BY_SCORE = ("SMD", "MD", "ROM", "OR", "RR", "RD")


def effects_of_means(table: pd.DataFrame) -> pd.DataFrame:
    """The table, with effects as `synthesize` computes them where it has the means of both arms and no effect.

    Events alone are left as they are: whether odds ratios or differences are meant is for the user to say.
    """
    there = set(table.columns)
    if {"yi", "vi"} & there or not there.issuperset(ARM_DATA["means"]):
        return given_effects(table)
    return signed_effects(table, "SMD")


def signed_effects(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """What `effect_sizes` computes, with a warning where nothing says which scores are good."""
    computed = effect_sizes(table, measure=measure)
    if measure in SIGNED_BY_SCORE and "better" not in table.columns:
        warn(
            "The table has no column 'better', so effects from arm data are arm 1 less arm 2, whichever is good. "
            "Say in 'better' whether lower or higher scores are, and effects above 0 favour arm 1."
        )
    return computed
