"""Nodes and weights of Gauss-Legendre quadrature, computed when first used, as loading the library is waited for."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["legendre"]


@cache
def legendre(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes from -1 to 1 and their weights, each of shape (count,)."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    nodes.setflags(write=False)
    weights.setflags(write=False)
    return nodes, weights
