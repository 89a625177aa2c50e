"""The strata of a table, and what each hands to an estimator: its cells, read from the table once for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.ordered import InOrder
from pdt_evidence.analysis.pooled.rows_to_pool import OWN_FIELDS
from pdt_evidence.effects.bases import plain_basis
from pdt_evidence.effects.clock import window_place
from pdt_evidence.effects.standing import OF_COUNTS, counts_persons
from pdt_evidence.formatting import as_word

__all__ = ["Cells", "Table", "strata_of"]

Table = pd.DataFrame | Mapping[Any, Any]  # the latter: an array a column


def strata_of(table: Table, by: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """Each combination of words with its rows; follow-up windows in the order of time, others as they come."""
    words = {column: list(map(as_word, table[column].tolist())) for column in by}
    order = {column: list(dict.fromkeys(words[column])) for column in by}
    if "follow_up" in order:
        order["follow_up"].sort(key=window_place)
    grouped: dict[tuple[str, ...], list[int]] = {}
    for at, key in enumerate(zip(*words.values(), strict=True)):
        grouped.setdefault(key, []).append(at)
    yield from sorted(
        grouped.items(),
        key=lambda item: [order[column].index(word) for column, word in zip(by, item[0], strict=True)],
    )


class Cells:
    """The cells of a table by column; a column is unpacked once, however many strata there are."""

    def __init__(self, table: Table, orders: Mapping[Any, tuple[Any, ...]] | None = None) -> None:
        self._orders = orders or {}  # categories of the columns that have an order of their own
        self._cells = {column: table[column].tolist() for column in table}
        self._yi, self._vi = (np.asarray(table[name], dtype=float) for name in ("yi", "vi"))

    @cached_property
    def _from_counts(self) -> NDArray[np.bool_]:
        return counts_persons(self._cells, len(self._yi))

    def from_counts(self, rows: list[int]) -> tuple[int, int]:
        """How many of some values count persons instead of scoring them; and how many do so in part, being of both."""
        joined = [
            {plain_basis(part) in OF_COUNTS for part in str(word).split(" / ")}
            for word in self.of("yi_basis", rows)
        ]
        partly = np.array([len(kinds) > 1 for kinds in joined])
        wholly = (self._from_counts[rows] | [kinds == {True} for kinds in joined]) & ~partly
        return int(wholly.sum()), int(partly.sum())

    def of(self, column: Any, rows: list[int]) -> list[Any]:
        """One column of some rows."""
        cells = self._cells[column]
        return [cells[at] for at in rows]

    def _column(self, column: Any, rows: list[int]) -> Any:
        values = self.of(column, rows)
        return InOrder(values, self._orders[column]) if column in self._orders else values

    def arguments(self, rows: list[int], by: tuple[str, ...], key: tuple[str, ...]) -> dict[str, Any]:
        """What every estimator takes of a stratum: the numbers, and what a figure says of them."""
        words = dict(zip(by, key, strict=True))
        compared = self.of("comparison", rows) if "comparison" in self._cells else []
        if len({word for word in compared if not pd.isna(word)}) == 1:
            words = {"comparison": str(compared[0]), **words}
        return {
            "yi": self._yi[rows],
            "vi": self._vi[rows],
            "labels": self.of("study", rows),
            "row_ids": self.of("row_id", rows),
            "columns": {
                column: self._column(column, rows) for column in self._cells if column not in OWN_FIELDS
            },
            "stratum": words,
            "measure": str(self.of("measure", rows[:1])[0]) if "measure" in self._cells else "GEN",
        }
