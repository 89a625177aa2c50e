"""Tables of other libraries (polars, pyarrow, ...) as pandas has them, and the window of their months."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.arguments import of_another_library, pandas_of
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.evidence.windows import follow_up_window

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

    Table = pd.DataFrame | IntoDataFrame

__all__ = [
    "Cells",
    "as_pandas",
    "as_table",
    "columns_of",
    "found_in",
    "is_table",
    "light",
    "numbers_given",
    "row_names",
    "with_numbers",
    "with_own_words",
    "with_window",
]

Cells = Any  # of one column: an array of numpy, else (dates, categories, numbers of pandas' own) of pandas


FEW_WORDS = 4  # columns of words: fewer are not worth a block of their own


def is_table(value: object) -> bool:
    """Whether a value is a table of pandas, or of a library that narwhals knows."""
    return isinstance(value, pd.DataFrame) or of_another_library(value)


def as_pandas(table: Any, where: str = "the table") -> pd.DataFrame:
    """The table as a pandas DataFrame; one that is one already is given back itself.

    Parameters
    ----------
    table : DataFrame
        Of pandas, polars, pyarrow or another library that narwhals knows.
    where : str
        What the call names it.

    Raises
    ------
    RequestError
        For anything else.

    Examples
    --------
    >>> import pyarrow as pa
    >>> as_pandas(pa.table({"study": ["A", "B"], "yi": [0.5, None]}))["yi"].tolist()
    [0.5, nan]
    """
    if isinstance(table, pd.DataFrame):
        return table
    converted = pandas_of(table)
    if not isinstance(converted, pd.DataFrame):
        raise RequestError(
            f"{where} is a {type(table).__name__}. Give a DataFrame of pandas or polars or a Table of pyarrow; a file "
            "is read by read_trials."
        )
    return converted


def with_window(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `follow_up` from `months_since_end`, where it has only the latter.

    Raises
    ------
    EvidenceError
        For all rows at once whose months are no number.
    """
    if "follow_up" in table.columns or "months_since_end" not in table.columns:
        return table
    table = with_numbers(table, "months_since_end")
    return table.assign(follow_up=follow_up_window(table["months_since_end"].to_numpy()))


def with_numbers(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The table with these columns, where it has them, as floats: NaN where a cell is blank.

    Raises
    ------
    EvidenceError
        For all cells at once that hold something else.
    """
    new, problems = {}, []
    for name in names:
        if name in table.columns and table[name].dtype != np.float64:
            new[name], wrong = numbers_given(table[name])
            problems += [found_in(table, name, at, "a number") for at in np.flatnonzero(wrong).tolist()]
    if problems:
        raise EvidenceError.from_problems(problems, "the table")
    return table.assign(**new) if new else table


def numbers_given(cells: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A column as floats, NaN where it is blank; and where it is neither blank nor a number."""
    if cells.dtype == np.float64:
        return cells.to_numpy(), np.zeros(len(cells), dtype=bool)
    numbers = pd.to_numeric(cells.astype(object), errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    blank = (cells.isna() | cells.astype(str).str.strip().eq("")).to_numpy(dtype=bool)
    return numbers, np.isnan(numbers) & ~blank


def row_names(table: pd.DataFrame) -> NDArray[np.object_]:
    """What a sentence calls each row, behind the word "row": its row_id, else its place, the first being 1."""
    names = table["row_id"] if "row_id" in table.columns else range(1, len(table) + 1)
    return np.array([str(name).removeprefix("row ") for name in names], dtype=object)


def found_in(table: pd.DataFrame, column: str, at: int, expected: str) -> str:
    """The sentence on a cell that holds another thing than what is expected."""
    row = row_names(table.iloc[[at]])[0] if "row_id" in table.columns else at + 1
    found = table[column].iloc[at]
    shown = f"{found:g}" if isinstance(found, float) else repr(found)
    return f"row {row}, column {column!r}: expected {expected}, found {shown}. Correct it, or leave the cell blank."


def light(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its words as plain objects, all in one block: rows are taken from it at once, not by column.

    What is missing is NaN, as before. For tables of many columns that are taken apart again and again.
    """
    of_words = np.array([isinstance(dtype, pd.StringDtype) for dtype in table.dtypes], dtype=bool)
    if of_words.sum() < FEW_WORDS:
        return table
    words, others = np.flatnonzero(of_words), np.flatnonzero(~of_words)
    cells = np.empty((len(table), len(words)), dtype=object)
    for place, (_, column) in enumerate(table.iloc[:, words].items()):
        cells[:, place] = column.to_numpy(dtype=object, na_value=np.nan)
    block = pd.DataFrame(cells, index=table.index, columns=table.columns[words], dtype=object)
    both = pd.concat([block, table.iloc[:, others]], axis=1)
    return both.take(np.argsort(np.r_[words, others]), axis=1)


def with_own_words(table: pd.DataFrame) -> pd.DataFrame:
    """The table of `light` with its plain objects, all of them words, in the dtype that pandas gives words."""
    words = pd.Series(dtype="str").dtype
    return table.astype({name: words for name, dtype in table.dtypes.items() if dtype.kind == "O"})


def columns_of(table: pd.DataFrame) -> dict[Hashable, Cells]:
    """An array a column, of a table that has each name once; words are plain objects, NaN where one is missing."""
    if not table.columns.is_unique:
        raise ValueError("expected each name of a column once")
    return {name: _plain(column) for name, column in table.items()}


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
