"""The shapes that effect formulas share: arrays of numbers in, effect and variance out; and cells as codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Array",
    "Effect",
    "as_numbers",
    "as_words",
    "codes_of",
    "floats",
    "joint_codes",
    "numbers_in",
    "words_in",
]

Array = NDArray[np.float64]
Effect = tuple[Array, Array]  # yi, vi
MOST_CODES = 2**31  # joined without a look at which there are: the next column may have as many


def floats(*values: ArrayLike) -> tuple[Array, ...]:
    """Each value as an array of floats."""
    return tuple(np.asarray(value, dtype=np.float64) for value in values)


def codes_of(cells: Any) -> NDArray[np.intp]:
    """One number for each different cell of a column, from 0, in order of appearance; missing cells are alike."""
    values = np.asarray(cells) if cells.dtype == object else cells
    codes = pd.factorize(values, use_na_sentinel=True)[0].astype(np.intp)
    return np.where(codes < 0, codes.max(initial=-1) + 1, codes)


def joint_codes(parts: Sequence[NDArray[np.intp]]) -> NDArray[np.intp]:
    """One number for each different combination of codes, from 0."""
    joint = parts[0]
    for part in parts[1:]:
        joint = joint * (part.max(initial=0) + 1) + part
        if part is parts[-1] or joint.max(initial=0) > MOST_CODES:
            joint = np.unique(joint, return_inverse=True)[1]
    return np.asarray(joint, dtype=np.intp)


def as_numbers(cells: Any) -> Array:
    """The cells of a column as floats: NaN where one is no number."""
    if cells.dtype == np.float64:
        return np.asarray(cells)
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = pd.Series(cells).astype(object)
    numbers = pd.to_numeric(pd.Series(cells, dtype=cells.dtype), errors="coerce")
    return numbers.to_numpy(dtype=float, na_value=np.nan)


def as_words(cells: Any) -> NDArray[np.object_]:
    """The cells of a column as words: "" where one is missing."""
    words = np.array(cells, dtype=object)
    words[pd.isna(words)] = ""
    return words if set(map(type, words)) <= {str} else words.astype(str).astype(object)


def numbers_in(table: pd.DataFrame, name: str) -> Array:
    """One column as floats: NaN where it is no number, everywhere where the table lacks it."""
    return as_numbers(table[name]) if name in table.columns else np.full(len(table), np.nan)


def words_in(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    """One column as words: "" where a cell is missing, everywhere where the table lacks it."""
    return as_words(table[name]) if name in table.columns else np.full(len(table), "", dtype=object)
