"""Rows that went into no pool, as a reader looks for them: which they are, and why."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["rows_left_out", "together"]

NAMES = ("row_id", "study", "outcome", "follow_up")  # as they stand in the table, where it has them


def rows_left_out(rows: pd.DataFrame, reasons: Any) -> pd.DataFrame:
    """The `NAMES` of rows and a `reason` for each; `reasons` is one for all, or one a row."""
    names = [name for name in NAMES if name in rows.columns]
    return rows[names].assign(reason=reasons).reset_index(drop=True)


def together(*tables: pd.DataFrame) -> pd.DataFrame:
    """Several such tables as one: rows that different steps left out."""
    return pd.concat([one for one in tables if len(one)] or [tables[0]], ignore_index=True)
