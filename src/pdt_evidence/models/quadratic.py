"""Where the weighted sum of squares Q(t), with weights 1 / (v + t), meets a given value.

Q falls from Q(0) towards 0, and 1 / Q, a harmonic sum of linear functions of t, rises and is
concave. Newton's method on 1 / Q therefore climbs to the root from the left without ever
passing it; for equal variances it is there after one step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["solve_Q"]

Floats = NDArray[np.float64]
ENOUGH = 1e-9  # a Newton step this small, relative to t, leaves an error of its square
TINY = 1e-16  # relative to (v + t): below it a step is rounding
MOST_STEPS = 500


def solve_Q(y: Floats, v: Floats, target: Floats) -> Floats:
    """The t >= 0 with Q(t) = target.

    Parameters
    ----------
    y, v : ndarray, shape (k, B)
        As in `weights.Batch`.
    target : ndarray, shape (B,)
        NaN where nothing is to be solved.

    Returns
    -------
    ndarray, shape (B,)
        0 where Q(0) <= target already, NaN where the target is NaN.

    References
    ----------
    .. [1] Paule, Mandel. J. Research National Bureau of Standards 87 (1982) 377.
       doi:10.6028/jres.087.022
    """
    root = np.where(np.isnan(target), np.nan, 0.0)
    where = np.arange(target.size)
    t = np.zeros(target.size)
    for _ in range(MOST_STEPS):
        Q, g = _Q_and_slope(y, v, t)
        with np.errstate(invalid="ignore", divide="ignore"):
            typical = Q / g  # a weighted mean of v + t
            step = (Q / target - 1) * typical
            forward = step > 0
            going = step > ENOUGH * t + TINY * typical
        index = np.flatnonzero(forward)
        t = np.where(forward, t + step, t)
        root[where[index]] = t[index]
        index = np.flatnonzero(going)
        if not index.size:
            return root
        if index.size < where.size:
            where, t, target = where[index], t[index], target[index]
            y, v = y.take(index, axis=1), v.take(index, axis=1)
    raise ArithmeticError(f"Q did not meet its target within {MOST_STEPS} steps")


def _Q_and_slope(y: Floats, v: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Q at t, and minus its derivative, sum of (w (y - mean))**2."""
    w = v + t
    np.divide(1.0, w, out=w)
    rest = y - np.einsum("kb,kb->b", w, y) / np.add.reduce(w, axis=0)
    w *= rest
    return np.einsum("kb,kb->b", w, rest), np.einsum("kb,kb->b", w, w)
