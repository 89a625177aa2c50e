"""A user's table in memory as reading it would take its cells: one rule for every function that takes a table."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from pdt_evidence.evidence.frames import with_window
from pdt_evidence.evidence.readers.columns import trial_fields
from pdt_evidence.evidence.readers.words import as_spelled
from pdt_evidence.formatting import as_word

__all__ = ["as_read", "with_trial_names"]

NAMES = ("trial_id", "study")  # what belongs together by them is one trial, so 1, 1.0 and "1" are one name
OF_EFFECTS = ("yi", "vi", "sei")


def as_read(table: pd.DataFrame) -> pd.DataFrame:
    """The table with names of trials as text, our words as we write them, numbers as numbers, and its windows.

    Nothing is checked but the months that windows are made of: each function refuses what it cannot use.

    Raises
    ------
    EvidenceError
        As `with_window`.

    Examples
    --------
    >>> mine = pd.DataFrame({"study": [1.0, "1 "], "outcome": ["Depression", "depression "]})
    >>> as_read(mine).to_numpy().tolist()
    [['1', 'depression'], ['1', 'depression']]
    """
    if not table.columns.is_unique:
        return table
    table = with_trial_names(table)
    numbers = {field.name for field in trial_fields() if field.type in ("number", "integer")} | {*OF_EFFECTS}
    new = {}
    for name, column in table.items():
        if name in numbers:
            if isinstance(column.dtype, pd.CategoricalDtype):
                new[name] = column.astype(object).infer_objects()
        elif (words := _mended(column, lambda words, name=str(name): _spelled(name, words))) is not column:
            new[name] = words
    return with_window(table.assign(**new) if new else table)


def with_trial_names(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its trials and studies named by text without blanks around it, where a cell names one."""
    new = {}
    for name in NAMES:
        if name not in table.columns or isinstance(column := table[name], pd.DataFrame):
            continue
        cells = column.astype(object) if pd.api.types.is_numeric_dtype(column) else column
        named = _mended(cells, lambda different: [as_word(cell).strip() for cell in different])
        if named is not column:
            new[name] = named
    return table.assign(**new) if new else table


def _spelled(column: str, cells: list[object]) -> list[object]:
    """Texts without blanks around them, ours as we write them; other cells as they are."""
    trimmed = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
    known = iter(as_spelled(column, [cell for cell in trimmed if isinstance(cell, str)])[0])
    return [next(known) if isinstance(cell, str) else cell for cell in trimmed]


def _mended(column: pd.Series, mend: Callable[[list[object]], list[object]]) -> pd.Series:
    """A column of words or mixed cells with each different cell mended; itself where none is another then."""
    if pd.api.types.is_numeric_dtype(column) or column.dtype.kind in "mM":
        return column
    cells = column.to_numpy(dtype=object).tolist()
    try:
        different = [
            cell for cell in dict.fromkeys(cells) if not (cell is None or cell is pd.NA or cell != cell)
        ]
    except TypeError:  # lists and the like, which are nobody's words
        return column
    pairs = zip(different, mend(different), strict=True)
    changed = {old: new for old, new in pairs if type(old) is not type(new) or old != new}
    if not changed:
        return column
    meant = pd.Series([changed.get(cell, cell) for cell in cells], index=column.index, dtype=object)
    return meant.infer_objects()
