"""The shapes that effect formulas share: arrays of numbers in, effect and variance out; and cells as codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "Effect", "codes_of", "floats", "joint_codes", "numbers_in", "words_in"]

Array = NDArray[np.float64]
Effect = tuple[Array, Array]  # yi, vi


def floats(*values: ArrayLike) -> tuple[Array, ...]:
    """Each value as an array of floats."""
    return tuple(np.asarray(value, dtype=np.float64) for value in values)


def codes_of(cells: pd.Series) -> NDArray[np.intp]:
    """One number for each different cell, from 0, in order of appearance; missing cells are alike."""
    values = cells.to_numpy() if cells.dtype == object else cells
    codes = pd.factorize(values, use_na_sentinel=True)[0].astype(np.intp)
    return np.where(codes < 0, codes.max(initial=-1) + 1, codes)


def joint_codes(parts: Sequence[NDArray[np.intp]]) -> NDArray[np.intp]:
    """One number for each different combination of codes, from 0."""
    joint = parts[0]
    for part in parts[1:]:
        joint = np.unique(joint * (part.max(initial=0) + 1) + part, return_inverse=True)[1]
    return np.asarray(joint, dtype=np.intp)


def numbers_in(table: pd.DataFrame, name: str) -> Array:
    """One column as floats: NaN where it is no number, everywhere where the table lacks it."""
    if name not in table.columns:
        return np.full(len(table), np.nan)
    column = table[name]
    if column.dtype == np.float64:
        return column.to_numpy()
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def words_in(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    """One column as words: "" where a cell is missing, everywhere where the table lacks it."""
    if name not in table.columns:
        return np.full(len(table), "", dtype=object)
    words = table[name].to_numpy(dtype=object, na_value="")
    return words if all(type(word) is str for word in words) else words.astype(str).astype(object)
