"""Boundaries of tests that are repeated as information gathers: Lan-DeMets spending after O'Brien and Fleming."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from pdt_evidence.models.quadrature import legendre

__all__ = ["obrien_fleming_boundaries"]

Floats = NDArray[np.float64]
NODES = 300
HIGHEST = 12.0  # no boundary is sought beyond: what is to be spent there is below any rounding
STEPS = 60


def obrien_fleming_boundaries(fractions: ArrayLike, alpha: float) -> Floats:
    """Boundaries of z at each look, so that all looks together err with probability `alpha`, half on each side.

    Parameters
    ----------
    fractions : array_like, shape (looks,)
        Information as a share of the required, ascending, above 0 and at most 1.
    alpha : float
        Two-sided.

    Returns
    -------
    ndarray, shape (looks,)
        Of abs(z); inf where next to nothing is spent yet.

    Notes
    -----
    By fraction t each side has spent 2 - 2 Phi(z / sqrt(t)), with z the upper alpha / 4 quantile. The density of
    what has not crossed is carried from look to look on Gauss-Legendre nodes.
    """
    t = np.asarray(fractions, dtype=float)
    spent = 2 * ndtr(ndtri(alpha / 4) / np.sqrt(t))
    bounds = np.empty(len(t))
    places, mass = np.zeros(1), np.ones(1)  # of the sum of information times effect, and its weight
    before, paid = 0.0, 0.0
    for look, (now, target) in enumerate(zip(t, spent, strict=True)):
        step = np.sqrt(now - before)
        low, high = 0.0, HIGHEST
        for _ in range(STEPS):
            middle = (low + high) / 2
            crossing = float((mass * ndtr((places - middle * np.sqrt(now)) / step)).sum())
            low, high = (middle, high) if crossing > target - paid else (low, middle)
        bounds[look] = np.inf if high == HIGHEST else high  # nothing to spend yet
        limit = min(high, 9.0) * np.sqrt(now)  # nothing lies beyond nine standard deviations
        nodes, weights = (part * limit for part in legendre(NODES))
        density = np.exp(-(((nodes[:, None] - places) / step) ** 2) / 2) / (step * np.sqrt(2 * np.pi))
        places, mass = nodes, weights * (density @ mass)
        before, paid = now, target
    return bounds
