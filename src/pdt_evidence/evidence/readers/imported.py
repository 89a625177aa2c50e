"""What a reader gives back: a table of trials that remembers where it came from and what it excluded."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["LOG_COLUMNS", "ImportedTrials", "make_log"]

LOG_COLUMNS = ("line", "row", "action", "reason")


class ImportedTrials(pd.DataFrame):
    """A table of trials, in the columns of the bundled one, with its history.

    It is a DataFrame in every respect; what is below survives selecting, sorting and copying.

    Attributes
    ----------
    log : DataFrame
        One row for everything that was not taken over as it stood: `line` in the file, `row` (what
        it is), `action` ("dropped", "merged", "turned", "blanked", "noted") and `reason`.
    source : dict
        File name, size and SHA-256, format, and what the reader decided for the whole file.
    totals : DataFrame or None
        What a review prints for its analyses, one row a number; `audit` recomputes them.
    analyses : DataFrame or None
        The study rows of those analyses, as the review has them.
    lines : dict
        `row_id` -> line of the file, for a table of trials; empty for what was put together from others.
    """

    _metadata = ["log", "source", "totals", "analyses", "lines"]  # noqa: RUF012 (the name and type pandas looks for)

    log: pd.DataFrame
    source: dict[str, Any]
    totals: pd.DataFrame | None
    analyses: pd.DataFrame | None
    lines: dict[str, int]

    @property
    def _constructor(self) -> type[ImportedTrials]:
        return ImportedTrials

    @classmethod
    def make(
        cls,
        table: pd.DataFrame,
        *,
        log: pd.DataFrame,
        source: dict[str, Any],
        totals: pd.DataFrame | None = None,
        analyses: pd.DataFrame | None = None,
        lines: dict[str, int] | None = None,
    ) -> ImportedTrials:
        """`table` with its history."""
        made = cls(table)
        made.log, made.source, made.totals, made.analyses = log, source, totals, analyses
        made.lines = lines or {}
        return made


def make_log(entries: list[tuple[int | None, str, str, str]]) -> pd.DataFrame:
    """The log of an import from (line, row, action, reason) entries."""
    return pd.DataFrame(entries, columns=list(LOG_COLUMNS)).astype({"line": "Int64"})
