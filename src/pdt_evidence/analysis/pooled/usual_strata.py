"""The columns that make strata where a call names none: one rule for every function that takes a table."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from difflib import get_close_matches

import pandas as pd

from pdt_evidence.analysis.pooled.rows_to_pool import ONE_FOR_ALL, lacking
from pdt_evidence.arguments import given_columns
from pdt_evidence.errors import EvidenceError, RequestError, SchemaError, warn
from pdt_evidence.evidence.schema import listed
from pdt_evidence.formatting import counted
from pdt_evidence.other_names import columns_of_others

__all__ = ["STRATA", "meant_as", "named_strata", "usual_strata", "with_strata"]

STRATA = ("outcome", "follow_up")
ALL = "all rows"  # in the column ONE_FOR_ALL
ALIKE = 0.75  # likeness of a column to the name of one that is missing


def with_strata(table: pd.DataFrame, by: str | Sequence[str] | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table and the columns of its strata: those named, else the usual ones.

    A table that has none of them is one stratum, "all rows".

    Raises
    ------
    RequestError
        Where `by` is empty.
    EvidenceError
        As `named_strata`.
    SchemaError
        As `usual_strata`.
    """
    if by is not None:
        named = named_strata(table, by)
        if not named:
            raise RequestError("by = (): expected at least one column that makes the strata.")
        return table, named
    found = usual_strata(table)
    return (table, found) if found else (table.assign(**{ONE_FOR_ALL: ALL}), (ONE_FOR_ALL,))


def named_strata(table: pd.DataFrame, by: str | Sequence[str]) -> tuple[str, ...]:
    """The columns that a call names for its strata, each once.

    Raises
    ------
    EvidenceError
        Where cells of such a column are lists or the like, which no two rows can share.
    """
    named = tuple(dict.fromkeys((by,) if isinstance(by, str) else by))
    problems = [
        f"column {name!r}: expected words or numbers that make strata, found {found!r}. Write each as one word."
        for name in named
        if name in table.columns and table[name].dtype == object
        for found in [next((cell for cell in table[name] if not isinstance(cell, Hashable)), None)]
        if found is not None
    ]
    if problems:
        raise EvidenceError.from_problems(problems, "the table to pool")
    return named


def usual_strata(table: pd.DataFrame, usual: Sequence[str] = STRATA) -> tuple[str, ...]:
    """Those of the usual columns that the table has.

    Raises
    ------
    SchemaError
        If a column seems to be one of the others under another name.
    """
    columns = [str(name) for name in table.columns]
    missing = [name for name in usual if name not in columns]
    if meant := [name for name in missing if meant_as(name, columns)]:
        raise SchemaError.from_problems(lacking(meant, given_columns(table)), "the table to pool")
    if "outcome" in missing:
        _say_one_outcome(table)
    return tuple(name for name in usual if name in columns)


def meant_as(name: str, columns: Sequence[str]) -> list[str]:
    """Columns that may be the one of this name, which is missing."""
    months = columns_of_others(columns, ["months_since_end"]) if name == "follow_up" else {}
    lower = {own.lower(): own for own in columns}
    near = [lower[own] for own in get_close_matches(name, lower, n=1, cutoff=ALIKE)]
    return [*columns_of_others(columns, [name]), *months, *near]


def _say_one_outcome(table: pd.DataFrame) -> None:
    """Rows of one trial without an outcome each may be of several: they are combined, but not in silence."""
    name = next((name for name in ("trial_id", "study") if name in table.columns), "")
    if not name:
        return
    several = table[name][table[name].duplicated()].dropna().astype(str).unique().tolist()
    if several:
        warn(
            "The table has no column 'outcome', so all rows are pooled as one outcome, though there are several "
            f"of {counted(len(several), 'trial')}: {listed(several)}. "
            "Say in 'outcome' what each row measures."
        )
