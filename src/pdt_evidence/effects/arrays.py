"""The shapes that effect formulas share: arrays of numbers in, effect and variance out; and cells as codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "Effect", "codes_of", "floats", "joint_codes"]

Array = NDArray[np.float64]
Effect = tuple[Array, Array]  # yi, vi


def floats(*values: ArrayLike) -> tuple[Array, ...]:
    """Each value as an array of floats."""
    return tuple(np.asarray(value, dtype=np.float64) for value in values)


def codes_of(cells: pd.Series) -> NDArray[np.intp]:
    """One number for each different cell, from 0, in order of appearance; missing cells are alike."""
    codes = pd.factorize(cells, use_na_sentinel=True)[0].astype(np.intp)
    return np.where(codes < 0, codes.max(initial=-1) + 1, codes)


def joint_codes(parts: Sequence[NDArray[np.intp]]) -> NDArray[np.intp]:
    """One number for each different combination of codes, from 0."""
    joint = parts[0]
    for part in parts[1:]:
        joint = np.unique(joint * (part.max(initial=0) + 1) + part, return_inverse=True)[1]
    return np.asarray(joint, dtype=np.intp)
