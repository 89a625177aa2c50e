"""The studies every contender gets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["many_analyses", "one_analysis"]

Floats = NDArray[np.float64]


def many_analyses(size: int, k: int = 33) -> tuple[Floats, Floats]:
    """Effects and variances of `size` meta-analyses of `k` studies, shape (size, k); tau2 is 0.1."""
    rng = np.random.default_rng(2004)
    vi = rng.uniform(0.02, 0.3, (size, k))
    return rng.normal(0.4, np.sqrt(vi + 0.1)), vi


def one_analysis(k: int = 33) -> tuple[Floats, Floats]:
    """The first of `many_analyses`."""
    yi, vi = many_analyses(1, k)
    return yi[0], vi[0]
