"""Cumulative meta-analysis: the studies enter one after the other, every step pooled at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.pool import Options, PooledArrays, fit

__all__ = ["accumulate"]

Floats = NDArray[np.float64]


def accumulate(yi: Floats, vi: Floats, options: Options) -> PooledArrays:
    """The fits of the first 1, 2, ..., k studies, for yi and vi of shape (k,), as one batch."""
    later = np.triu(np.ones((yi.size, yi.size), dtype=bool), 1)
    return fit(np.where(later, np.nan, yi), np.tile(vi, (yi.size, 1)), options)
