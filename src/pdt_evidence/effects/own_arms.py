"""Tables of means of arms, which have one effect that everybody means: Hedges' g."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdt_evidence.effects.given import given_effects
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.evidence.own_tables import with_trial_names
from pdt_evidence.evidence.readers.columns import ARM_DATA

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["effects_of_means"]


def effects_of_means(table: pd.DataFrame) -> pd.DataFrame:
    """The table, with effects as `synthesize` computes them where it has the means of both arms and no effect.

    Events alone are left as they are: whether odds ratios or differences are meant is for the user to say.
    """
    table, there = with_trial_names(table), set(table.columns)
    if {"yi", "vi"} & there or not there.issuperset(ARM_DATA["means"]):
        return given_effects(table)
    return effect_sizes(table, measure="SMD")
