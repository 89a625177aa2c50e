"""The columns of a table as arrays: unpacked once, so that rows are taken from arrays and not from a wide table."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, as_numbers, as_words

__all__ = ["Cells", "Columns", "as_table"]

Cells = Any  # of one column: an array of numpy, else (dates, categories, numbers of pandas' own) of pandas


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
        if not table.columns.is_unique:
            raise ValueError("expected each name of a column once")
        return cls({name: _plain(column) for name, column in table.items()}, len(table))

    def __getitem__(self, name: Hashable) -> Cells:
        return self._cells[name]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

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
        cells = np.column_stack(present)
        cells[pd.isna(cells)] = None
        known: dict[tuple[Any, ...], int] = {}
        return np.array([known.setdefault(tuple(row), len(known)) for row in cells.tolist()], dtype=np.intp)


def _plain(column: pd.Series) -> Cells:
    if isinstance(column.dtype, pd.StringDtype):
        return column.array.to_numpy(dtype=object, na_value=np.nan)
    of_numpy = isinstance(column.dtype, np.dtype) and column.dtype.kind not in "mM"
    return column.to_numpy() if of_numpy else column.array


def as_table(columns: Mapping[Hashable, Cells], dtypes: Mapping[Hashable, Any]) -> pd.DataFrame:
    """The columns as a table, those of words in the dtype that each had: converted together, as one call is dear."""
    made = dict(columns)
    own: dict[Any, list[Hashable]] = {}
    for name, dtype in dtypes.items():
        if isinstance(dtype, pd.StringDtype):
            own.setdefault(dtype, []).append(name)
    for dtype, names in own.items():
        words = pd.array(np.concatenate([columns[name] for name in names]), dtype=dtype)
        rows = len(words) // len(names)
        made |= {name: words[at * rows : (at + 1) * rows] for at, name in enumerate(names)}
    return pd.DataFrame(made)
