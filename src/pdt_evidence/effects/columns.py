"""The columns of a table as arrays: unpacked once, so that rows are taken from arrays and not from a wide table."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, as_numbers, as_words
from pdt_evidence.evidence.frames import Cells, columns_of

__all__ = ["Columns"]


class Columns(Mapping[Hashable, Cells]):
    """An array a column; words are plain objects, NaN where one is missing.

    Parameters
    ----------
    cells : mapping of hashable to array
        By name of the column, all of one length.
    rows : int
        That length.
    """

    def __init__(self, cells: Mapping[Hashable, Cells], rows: int) -> None:
        self._cells, self.rows = cells, rows

    @classmethod
    def of(cls, table: pd.DataFrame) -> Columns:
        """Those of a whole table, which has each name once."""
        return cls(columns_of(table), len(table))

    def __getitem__(self, name: Hashable) -> Cells:
        return self._cells[name]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def beside(self, name: Hashable, cells: Cells) -> Columns:
        """With one more column."""
        return Columns({**self._cells, name: cells}, self.rows)

    def take(self, rows: NDArray[np.intp]) -> Columns:
        """Some rows, by their places."""
        return Columns({name: cells[rows] for name, cells in self._cells.items()}, len(rows))

    def numbers(self, name: Hashable) -> Array:
        """One column as floats: NaN where it is no number, everywhere where there is no such column."""
        return as_numbers(self._cells[name]) if name in self._cells else np.full(self.rows, np.nan)

    def words(self, name: Hashable) -> NDArray[np.object_]:
        """One column as words: "" where a cell is missing, everywhere where there is no such column."""
        return as_words(self._cells[name]) if name in self._cells else np.full(self.rows, "", dtype=object)

    def codes(self, names: Sequence[Hashable]) -> NDArray[np.intp]:
        """One number for each combination of the columns that there are; missing cells are alike."""
        present = [np.asarray(self._cells[name], dtype=object) for name in names if name in self._cells]
        if not present:
            return np.zeros(self.rows, dtype=np.intp)
        cells = np.stack(present)
        cells[pd.isna(cells)] = None
        known: dict[tuple[Any, ...], int] = {}
        rows = zip(*cells.tolist(), strict=True)
        return np.array([known.setdefault(row, len(known)) for row in rows], dtype=np.intp)
