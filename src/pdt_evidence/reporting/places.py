"""Where the rows of a table stand in the file that they were read from, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["places"]


def places(table: pd.DataFrame, lines: Mapping[str, int | None], part: str = "line") -> list[str]:
    """Where each row is in its file, and whose it is: "line 6 (Cooper 2003)".

    `part` is what the file calls a row; of a review the comparison and the outcome are named as well.
    """
    studies = table["study"].tolist()
    if {"analysis", "comparison_label", "outcome_label", "subgroup"} <= set(table.columns):
        names = zip(*(table[name] for name in ("comparison_label", "outcome_label", "subgroup")), strict=True)
        within = [" / ".join(filter(None, parts)) for parts in names]
        return [
            f"analysis {n} ({name}), {study}"
            for n, name, study in zip(table["analysis"], within, studies, strict=True)
        ]
    return [
        _place(row, lines.get(row), part, study) for row, study in zip(table["row_id"], studies, strict=True)
    ]


def _place(row: str, line: int | None, part: str, study: str) -> str:
    at = f"{part} {line}" if line is not None else ""
    own = f"row {row}" if row != f"line {line}" and not row.startswith("line ") else ""
    place = ", ".join(filter(None, (at, own))) or row
    return f"{place} ({study})" if study else place
