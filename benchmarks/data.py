"""The studies every contender gets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["clustered_rows", "many_analyses", "one_analysis"]

Floats = NDArray[np.float64]
CLUSTERS, ROWS = 34, 82


def many_analyses(size: int, k: int = 33) -> tuple[Floats, Floats]:
    """Effects and variances of `size` meta-analyses of `k` studies, shape (size, k); tau2 is 0.1."""
    rng = np.random.default_rng(2004)
    vi = rng.uniform(0.02, 0.3, (size, k))
    return rng.normal(0.4, np.sqrt(vi + 0.1)), vi


def one_analysis(k: int = 33) -> tuple[Floats, Floats]:
    """The first of `many_analyses`."""
    yi, vi = many_analyses(1, k)
    return yi[0], vi[0]


def clustered_rows() -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Effects, variances and trials of 82 rows in 34 trials; variance 0.05 between trials, 0.05 within them."""
    rng = np.random.default_rng(2004)
    trial = np.sort(np.concatenate([np.arange(CLUSTERS), rng.integers(0, CLUSTERS, ROWS - CLUSTERS)]))
    vi = rng.uniform(0.02, 0.3, ROWS)
    between = rng.normal(0, np.sqrt(0.05), CLUSTERS)[trial]
    return rng.normal(0.4 + between, np.sqrt(vi + 0.05)), vi, trial
