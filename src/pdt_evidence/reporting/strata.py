"""What a file from the shell needs before it is pooled: named strata, the rows to use, words for the rest."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import RequestError, SchemaError, did_you_mean
from pdt_evidence.evidence.readers.columns import has_given_effects
from pdt_evidence.evidence.readers.events import event_measure
from pdt_evidence.evidence.schema import listed
from pdt_evidence.evidence.tables import set_aside
from pdt_evidence.formatting import as_word, counted
from pdt_evidence.other_names import as_written
from pdt_evidence.reporting.places import places
from pdt_evidence.reporting.strata_of_files import strata_of

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.imported import ImportedTrials
    from pdt_evidence.results import Synthesis

__all__ = ["in_no_stratum", "reasons_for_no_effect", "selected", "to_pool"]


def to_pool(table: ImportedTrials, by: Sequence[str], where: str) -> ImportedTrials:
    """The rows that their table does not set aside, with "unknown" where a column of `by` is blank.

    Raises
    ------
    SchemaError
        If a column of `by` is missing; names those of the user's file that it may be.
    """
    missing = [column for column in by if column not in table.columns]
    if missing:
        columns = given_columns(table)
        names = " and ".join(repr(column) for column in missing)
        raise SchemaError(
            f"{where} has no column {names} to make strata of. Add it, or choose strata with --by, "
            f"of {strata_of(table, columns)}."
        )
    table = table[set_aside(table) == ""]
    for column in by:
        blank = (table[column].isna() | (table[column] == "")).to_numpy()
        if blank.any():
            text = f"note: {counted(int(blank.sum()), 'row')} without {column} in stratum 'unknown'"
            print(text, file=sys.stderr)
            table = table.assign(**{column: table[column].astype(object).mask(blank, "unknown")})
    return table


def in_no_stratum(table: ImportedTrials, synthesis: Synthesis) -> list[str]:
    """The rows that were pooled in none, each with its place in the file and the reason."""
    reasons = dict(zip(table["row_id"], set_aside(table), strict=True))
    if len(synthesis.left_out):
        reasons |= dict(zip(synthesis.left_out["row_id"], synthesis.left_out["reason"], strict=True))
    place = zip(table["row_id"], places(table, table.lines), strict=True)
    return [f"{where}: {reasons[row]}" for row, where in place if reasons[row]]


def reasons_for_no_effect(table: ImportedTrials) -> dict[str, int]:
    """Why rows give no effect by the measure that their table is pooled by, most frequent first, with their counts."""
    aside = set_aside(table)
    measure = "GEN" if has_given_effects(table.columns) else event_measure(table) or "SMD"
    counts = aside.where(aside != "", effect_sizes(table, measure)["yi_reason"]).value_counts()
    return {str(reason): int(count) for reason, count in counts.items() if reason}


def selected(table: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """The rows that meet every condition; each is "column=word" or "column=word,word".

    Raises
    ------
    RequestError
        If a condition is none, or names a column or a word that the table does not have.
    """
    for condition in conditions:
        column, is_one, words = (part.strip() for part in condition.partition("="))
        column = as_written(column, table.columns)
        if not (is_one and column in table.columns):
            raise RequestError(
                f"{condition!r}: expected column=word with a column of the table.{did_you_mean(column, table.columns)} "
                f"It has {listed(given_columns(table))}."
            )
        found = table[column].map(as_word).astype(str)  # 30, where blank cells made it 30.0
        there = sorted(set(found) - {""})
        options = [as_written(word.strip(), there) for word in words.split(",")]
        unknown = [word for word in options if word not in {*there, *found}]
        if unknown:
            raise RequestError(
                f"{column} = {', '.join(unknown)} is in no row of the table.{did_you_mean(unknown[0], there)} "
                f"There is: {listed(there)}."
            )
        table = table[found.isin(options)]
    return table
