"""Which rows came, were changed (which cell) or were withdrawn between two tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.analysis.updates.sides import Side
from pdt_evidence.results import PooledEffect

__all__ = ["COLUMNS", "rows_changed"]

COLUMNS = ("what", "row_id", "study", "column", "old", "new")
CAME, CHANGED, WITHDRAWN = "came", "changed", "withdrawn"
MOST_DIGITS = 10  # of a cell in words
WHAT_A_ROW_IS = ("comparison", "arm_t", "arm_c", "outcome", "instrument", "rating", "follow_up", "time_label")
BY_PLACE = re.compile(r"(line|row) \d+")  # ids that say only where in a file a row stood
SAME = 1e-8  # relative: files print ten digits
DERIVED = ("_stratum", "row_id", "rows")  # not cells of their own


def rows_changed(old: Side, new: Side) -> tuple[pd.DataFrame, list[str]]:
    """One line a row that came or was withdrawn, and one a cell that changed; and what could not be compared."""
    if old.rows is None or new.rows is None:
        return _of_ids(old, new), ["Only the row ids of one side are known, so changed cells cannot be told."]
    if old.whole != new.whole:  # one side has rows, the other the values pooled of them
        return _of_ids(old, new), [
            "One side has rows, the other pooled values, so their cells are not compared."
        ]
    if not old.whole:
        return _of_values(old, new), []
    before, after = _keyed(old.rows, new.rows)
    ids = [key for key in before.index if key not in after.index]
    lines = _lines(CAME, after, [key for key in after.index if key not in before.index])
    lines += _cells(before, after)
    return _frame([*lines, *_lines(WITHDRAWN, before, ids)]), _other_columns(old.rows, new.rows)


def _frame(lines: Sequence[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _lines(what: str, table: pd.DataFrame, keys: Iterable[Any]) -> list[dict[str, Any]]:
    """Whole rows, by their ids and studies."""
    return [
        {"what": what, "row_id": _text(table.at[key, "row_id"]), "study": _text(table.at[key, "study"])}
        | {"column": "", "old": "", "new": ""}
        for key in keys
    ]


def _text(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell)


def _keyed(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables by what names their rows: ids, unless these only count lines; then what the rows are about."""
    tables = [_with_names(table) for table in (old, new)]
    by_id = all(
        table["row_id"].notna().all()
        and table["row_id"].is_unique
        and not table["row_id"].astype(str).str.fullmatch(BY_PLACE).any()
        for table in tables
    )
    if by_id:
        keys = [pd.Index(table["row_id"].astype(str)) for table in tables]
    else:
        columns = ["study", *(name for name in WHAT_A_ROW_IS if all(name in table for table in tables))]
        keys = [pd.Index(_by_content(table, columns)) for table in tables]
    return tables[0].set_axis(keys[0]), tables[1].set_axis(keys[1])


def _with_names(table: pd.DataFrame) -> pd.DataFrame:
    studies = table["study"] if "study" in table else table.get("trial_id", "")
    ids = table["row_id"] if "row_id" in table else [f"row {at}" for at in range(1, len(table) + 1)]
    return table.assign(study=studies, row_id=ids)


def _by_content(table: pd.DataFrame, columns: list[str]) -> list[str]:
    """What each row is about, in words; equal ones are numbered."""
    words = table[columns].astype(object).fillna("").astype(str).agg(" | ".join, axis=1)
    return (words + " #" + words.groupby(words).cumcount().astype(str)).tolist()


def _cells(before: pd.DataFrame, after: pd.DataFrame) -> list[dict[str, Any]]:
    """Every cell that differs, row by row, of the rows and columns that both have."""
    both = before.index[before.index.isin(after.index)]
    left, right = before.loc[both], after.loc[both]
    if not len(both):
        return []
    columns = [name for name in before.columns if name in after.columns and name not in DERIVED]
    differs = np.column_stack([_differ(left[name], right[name]) for name in columns])
    lines = []
    for at, place in zip(*np.nonzero(differs), strict=True):
        name = columns[place]
        lines.append(
            {"what": CHANGED, "row_id": _text(right["row_id"].iloc[at]), "study": _text(right["study"].iloc[at]),
             "column": name, **_old_and_new(left[name].iloc[at], right[name].iloc[at])}
        )  # fmt: skip
    return lines


def _differ(left: pd.Series, right: pd.Series) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Where two columns differ: as numbers where all of both are, else as text; nothing equals nothing."""
    one, other = (pd.to_numeric(column.astype(object), errors="coerce") for column in (left, right))
    if (one.notna() | _blank(left)).all() and (other.notna() | _blank(right)).all():
        a, b = one.to_numpy(float), other.to_numpy(float)
        return ~np.isclose(a, b, rtol=SAME, atol=0, equal_nan=True)
    return np.array([_said(a) != _said(b) for a, b in zip(left, right, strict=True)], dtype=bool)


def _blank(column: pd.Series) -> pd.Series:
    return column.isna() | (column.astype(object) == "")


def _old_and_new(old: Any, new: Any) -> dict[str, str]:
    """Two cells as text, numbers in as few digits as tell them apart."""
    pairs = [(_said(old, digits), _said(new, digits)) for digits in range(4, MOST_DIGITS + 1)]
    return dict(
        zip(("old", "new"), next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1]), strict=True)
    )


def _said(cell: Any, digits: int = MOST_DIGITS) -> str:
    """A cell as text; numbers in as many digits as they have, up to these, and whole ones in all."""
    if isinstance(cell, list | tuple):
        return ", ".join(map(str, cell))
    if pd.isna(cell):
        return ""
    number = isinstance(cell, int | float | np.number) and not isinstance(cell, bool | np.bool_)
    if number and float(cell).is_integer() and abs(cell) < 10**MOST_DIGITS:
        return str(int(cell))
    return f"{cell:.{digits}g}" if number else str(cell)


def _other_columns(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """The columns of one side alone, in a sentence."""
    sides = (("old", old, new), ("new", new, old))
    alone = [(name, [column for column in one if column not in other]) for name, one, other in sides]
    return [
        f"Only the {name} table has the column{'s' if len(columns) > 1 else ''} {', '.join(map(str, columns))}."
        for name, columns in alone
        if columns
    ]


def _of_values(old: Side, new: Side) -> pd.DataFrame:
    """Of syntheses: the evidence rows that came or went, and the cells of the values of the same trials."""
    assert old.rows is not None
    assert new.rows is not None
    tables = [side.rows.assign(_key=_places(side.rows)) for side in (old, new) if side.rows is not None]
    before, after = (table.set_index("_key") for table in tables)
    if not all("row_id" in table for table in tables):  # arrays pooled without ids
        before, after = (table.assign(row_id=table["study"]) for table in (before, after))
        lines = _lines(CAME, after, after.index.difference(before.index, sort=False))
        gone = _lines(WITHDRAWN, before, before.index.difference(after.index, sort=False))
        return _frame([*lines, *_cells(before, after), *gone])
    ids = _of_ids(old, new)
    changed = _frame(_cells(before, after))
    if len(changed):  # of a value that other rows made, only the value is a change
        same = changed["row_id"].isin(before["row_id"])
        changed = changed[same | changed["column"].isin(["yi", "vi"])]
    came = ids["what"] == CAME
    return pd.concat([ids[came], changed, ids[~came]], ignore_index=True)


def _places(rows: pd.DataFrame) -> list[str]:
    """Stratum and trial (or study) of each value, numbered where there are several."""
    trial = rows["trial_id"] if "trial_id" in rows else rows["study"]
    words = rows["_stratum"].astype(str) + " | " + trial.astype(str)
    return (words + " #" + words.groupby(words).cumcount().astype(str)).tolist()


def _of_ids(old: Side, new: Side) -> pd.DataFrame:
    """Rows that came and went, by their ids alone."""
    before, after = _ids(old), _ids(new)
    lines = [(CAME, one, after[one]) for one in after if one not in before]
    lines += [(WITHDRAWN, one, before[one]) for one in before if one not in after]
    return _frame(
        [
            {"what": what, "row_id": one, "study": study, "column": "", "old": "", "new": ""}
            for what, one, study in lines
        ]
    )


def _ids(side: Side) -> dict[str, str]:
    """Every evidence row that went into a stratum, with its study where that is known."""
    return {
        one: study
        for fit in side.strata.values()
        for joined, study in zip(fit.row_ids, _labels(fit), strict=True)
        for one in joined.split("+")
    }


def _labels(fit: PooledEffect) -> tuple[str, ...]:
    return fit.labels if len(fit.labels) == len(fit.row_ids) else ("",) * len(fit.row_ids)
