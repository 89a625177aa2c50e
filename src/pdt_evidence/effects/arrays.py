"""The two shapes that all effect formulas share: arrays of numbers in, effect and variance out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "Effect", "floats"]

Array = NDArray[np.float64]
Effect = tuple[Array, Array]  # yi, vi


def floats(*values: ArrayLike) -> tuple[Array, ...]:
    """Each value as an array of floats."""
    return tuple(np.asarray(value, dtype=np.float64) for value in values)
