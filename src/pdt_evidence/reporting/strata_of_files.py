"""The columns of a file that make strata: the usual ones, and those of the user's own that may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pdt_evidence.analysis.pooled.usual_strata import meant_as, usual_strata
from pdt_evidence.errors import SchemaError
from pdt_evidence.evidence.readers.columns import renamed_columns
from pdt_evidence.evidence.schema import listed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["outcome_meant", "strata_of", "usual_strata_of", "without_outcome"]

NO_STRATA = (
    "row_id",
    "trial_id",
    "study",
    "better",
    "note",
    "locator",
    "reference",
)  # words that part no trials


def usual_strata_of(table: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """The usual strata of a table that was read from a file with these columns.

    Raises
    ------
    SchemaError
        Where one of the columns may be the outcome under another name; names those that may make strata.
    """
    if near := outcome_meant(columns):
        raise SchemaError(
            f"column 'outcome' is missing; {near[0]!r} may be it. Rename it, or choose strata with --by, "
            f"of {strata_of(table, columns)}."
        )
    return usual_strata(table)


def outcome_meant(columns: Iterable[object]) -> list[str]:
    """The columns that may be the outcome, of a file that has none by this name."""
    names = [str(name) for name in columns]
    return [] if "outcome" in names else meant_as("outcome", names)


def without_outcome(table: pd.DataFrame, columns: Sequence[str]) -> str:
    """What becomes of a table that has no column of outcomes, and what its reader may do about it."""
    return (
        "there is no column 'outcome', so `pool` and `forest` take all rows as one outcome. Add it, or choose strata "
        f"with --by, of {strata_of(table, columns)}."
    )


def strata_of(table: pd.DataFrame, columns: Sequence[str]) -> str:
    """The columns of the user's own file that hold words, and `follow_up`, which every table is given."""
    elsewhere = renamed_columns(columns)  # said to be others of ours
    words = [
        column
        for column in columns
        if column not in (*NO_STRATA, "follow_up", *elsewhere)
        and table[column].dtype.kind not in "fib"
        and (table[column] != "").any()
    ]
    timed = "follow_up" if table["follow_up"].nunique() > 1 else "follow_up (all rows are in one)"
    return f"the columns of your file: {listed([*words, timed])}" if words else timed
