"""A table of trials of a user's own, as the claims ask it: what it leaves open, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdt_evidence.analysis.pooled.rows_to_pool import lacking, with_names
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.stale import tell_stale
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import RequestError
from pdt_evidence.evidence.own_tables import as_read

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_asked", "why_open", "with_effects"]

ASKED = ("comparison", "disorder", "outcome", "arm_c", "follow_up")  # columns that the claims choose rows by
SAYS = {
    "comparison": "who is compared (such as pdt_vs_control)",
    "disorder": "who was treated",
    "outcome": "what was measured",
    "arm_c": "which control it has",
    "follow_up": "when it was measured",
}


def with_effects(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `yi` and `vi`, computed where it has none."""
    return table if {"yi", "vi"} <= set(table.columns) else effect_sizes(table)


def as_asked(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its effects and every column that the claims ask for, blank where it says nothing.

    Raises
    ------
    RequestError
        If it names neither its trials nor its studies.
    """
    if not {"trial_id", "study"} & set(table.columns):
        raise RequestError(f"evidence, trials: {' '.join(lacking(['study'], given_columns(table)))}")
    table = with_names(as_read(with_effects(table)))
    tell_stale(table)
    return table.assign(
        **{
            name: table[name].astype(object).where(table[name].notna(), "") if name in table.columns else ""
            for name in ASKED
        }
    )


def why_open(table: pd.DataFrame, **wanted: str) -> str:
    """Why no pool can be made of rows with these words ("one or other"): a column is blank, or no row has the word."""
    for column, word in wanted.items():
        if not word:
            continue
        if table.empty or table[column].eq("").all():
            return f"cannot be checked: no row of the table says {SAYS[column]}: column {column!r}"
        if not table[column].isin(word.split(" or ")).any():
            there = ", ".join(sorted(set(table[column]) - {""})[:6])
            return f"cannot be checked: no row of the table has {column} = {word} (there is {there})"
    words = ", ".join(f"{column} = {word}" for column, word in wanted.items() if word)
    return f"cannot be checked: no row of the table gives an effect with {words}"
