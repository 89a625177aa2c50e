"""The columns of a table as a formula can take them: blanks missing, numbers kept as text numbers, no dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import SchemaError, warn

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_numbers", "blanks_missing", "in_order", "in_words", "text_of_numbers"]


def blanks_missing(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """A plain DataFrame of the named columns, rows numbered from 0, NaN where a cell is blank.

    A subclass of DataFrame may lose the numbers of its rows inside formulaic.

    Raises
    ------
    SchemaError
        Where columns are of dates or durations, which are no numbers and no groups.
    """
    import pandas as pd

    names = list(names)
    twice = sorted({str(name) for name in names if isinstance(table[name], pd.DataFrame)})
    if twice:
        raise SchemaError(
            f"The table has more than one column {', '.join(map(repr, twice))}. Rename or remove the others."
        )
    dated = [name for name in names if table[name].dtype.kind in "mM"]
    if dated:
        raise SchemaError.from_problems(
            [
                f"column {name!r} holds dates or durations; make a number of it first, "
                f"such as table[{name!r}].dt.year."
                if table[name].dtype.kind == "M"
                else f"column {name!r} holds durations; make a number of it first."
                for name in dated
            ]
        )
    return pd.DataFrame({name: _blank_missing(table[name]) for name in names}).reset_index(drop=True)


def _blank_missing(column: pd.Series) -> pd.Series:
    import pandas as pd

    kinds = pd.api.types
    if isinstance(column.dtype, pd.CategoricalDtype):
        blank = [word for word in column.cat.categories if isinstance(word, str) and not word.strip()]
        return column.cat.remove_categories(blank) if blank else column
    if kinds.is_object_dtype(column.dtype) or kinds.is_string_dtype(column.dtype):
        return column.mask(column.map(lambda cell: isinstance(cell, str) and not cell.strip()).astype(bool))
    if kinds.is_extension_array_dtype(column.dtype) and not kinds.is_bool_dtype(column.dtype):
        return pd.Series(column.to_numpy(dtype=float, na_value=float("nan")), index=column.index)
    return column


def text_of_numbers(table: pd.DataFrame) -> list[str]:
    """The columns of text all of whose filled cells are numbers."""
    return [str(name) for name in table.columns if _all_numbers(table[name])]


def _all_numbers(column: pd.Series) -> bool:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return False
    filled = column.dropna()
    if filled.empty or any(isinstance(cell, bool) for cell in filled):
        return False
    try:
        return bool(pd.to_numeric(filled, errors="coerce").notna().all())
    except (TypeError, ValueError):
        return False


def _odd_among_numbers(column: pd.Series) -> list[str]:
    """The values that are no numbers in a column of text two thirds of whose filled cells are."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return []
    filled = column.dropna()
    odd = filled[pd.to_numeric(filled.map(str), errors="coerce").isna()]
    return list(dict.fromkeys(map(str, odd))) if len(filled) > 3 * len(odd) else []


def as_numbers(table: pd.DataFrame, formula: str, numeric: Iterable[str]) -> pd.DataFrame:
    """The table with numbers in the columns `numeric`, unless the formula names them only as categories, C(...)."""
    import pandas as pd

    outside = re.sub(r"\bC\([^()]*\)", " ", formula)
    named = {word.strip("`") for word in re.findall(r"`[^`]+`|[A-Za-z_]\w*", outside)}
    changed: dict[str, Any] = {name: pd.to_numeric(table[name]) for name in numeric if name in named}
    for name in table.columns.intersection(list(named)).difference(list(changed)):
        odd = _odd_among_numbers(table[name])
        if odd:
            are = "is no number" if len(odd) == 1 else "are no numbers"
            warn(
                f"{name} is taken for groups, as {len(odd)} of its values {are}: "
                f"{', '.join(map(repr, odd[:3]))}. Make them NaN to have numbers."
            )
    words = [name for name in changed if table[name].map(lambda cell: isinstance(cell, str)).any()]
    if words:
        warn(
            f"Numbers kept as text are taken as numbers: {', '.join(words)}. Write C({words[0]}) in the formula "
            "where they are codes of groups."
        )
    return table.assign(**changed)


def in_order(values: Iterable[Any]) -> list[Any]:
    """Values from least to greatest; those that cannot be compared with each other, by their words."""
    values = list(values)
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=in_words)


def in_words(value: object) -> str:
    """A value as the name of a group: whole numbers without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
