"""The weighted sum of squares Q: where it meets a given value, and its law.

With weights 1 / (v + t) Q falls from Q(0) towards 0, and 1 / Q, a harmonic sum of linear functions of t, rises and is
concave. Newton's method on 1 / Q therefore climbs to the root from the left without ever
passing it, and from the right its first step leads to the left; for equal variances it is
there after one step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.weights import dot, scratch

__all__ = ["quadratic_form_law", "solve_Q"]

Floats = NDArray[np.float64]
ENOUGH = 3e-8  # a Newton step this small, relative to t, leaves an error of its square
TINY = 1e-16  # relative to (v + t): below it a step is rounding
MOST_STEPS = 500


def solve_Q(y: Floats, v: Floats, target: Floats, start: Floats | None = None) -> Floats:
    """The t >= 0 with Q(t) = target.

    Parameters
    ----------
    y, v : ndarray, shape (k, B)
        As in `weights.Batch`.
    target : ndarray, shape (B,)
        NaN where nothing is to be solved.
    start : ndarray, shape (B,), optional
        Where to start, on either side of the root; 0 if None.

    Returns
    -------
    ndarray, shape (B,)
        0 where Q(0) <= target already, NaN where the target is NaN.

    References
    ----------
    .. [1] Paule, Mandel. J. Research National Bureau of Standards 87 (1982) 377.
       doi:10.6028/jres.087.022
    """
    root, unknown = np.zeros(target.size), np.isnan(target)
    where = np.arange(target.size)
    t = np.zeros(target.size) if start is None else start
    for number in range(MOST_STEPS):
        Q, g = _Q_and_slope(y, v, t)
        typical = Q / g  # a weighted mean of v + t
        step = (Q / target - 1) * typical
        if number:  # left of the root by now: a step back is rounding
            step = np.maximum(step, 0.0)
        going = np.abs(step) > ENOUGH * t + TINY * typical
        t = np.fmax(t + step, 0.0)  # effects that are identical give no step, and 0
        root[where] = t
        index = going.nonzero()[0]
        if not index.size:
            root[unknown] = np.nan
            return root
        if index.size < where.size:
            where, t, target = where[index], t[index], target[index]
            y, v = y.take(index, axis=1), v.take(index, axis=1)
    raise ArithmeticError(f"Q did not meet its target within {MOST_STEPS} steps")


def _Q_and_slope(y: Floats, v: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Q at t, and minus its derivative, sum of (w (y - mean))**2."""
    w = np.add(v, t, out=scratch("w", y.shape))
    np.divide(1.0, w, out=w)
    rest = np.subtract(y, dot(w, y) / np.add.reduce(w, axis=0), out=scratch("rest", y.shape))
    w *= rest
    return dot(w, rest), dot(w, w)


def quadratic_form_law(
    y: Floats, v: Floats, a: Floats, inverse_variance: bool
) -> tuple[Floats, Callable[[Floats], Floats]]:
    """Q with fixed weights a, and the eigenvalues of its law as a function of tau2.

    Parameters
    ----------
    y, v, a : ndarray, shape (k, B)
        As in `weights.Batch`; weights 0 where absent.
    inverse_variance : bool
        Whether a is 1 / v.

    Returns
    -------
    Q : ndarray, shape (B,)
    law : callable
        tau2, shape (..., B), to eigenvalues, shape (..., B, k): Q is distributed as their sum,
        each times a chi-squared variable with 1 degree of freedom.

    Notes
    -----
    They are the eigenvalues of P (V + tau2 I), P = A - A 1 1' A / sum(a). For a = 1 / v the
    nonzero ones are 1 + tau2 times those of P.
    """
    total = a.sum(axis=0)
    rest = y - (a * y).sum(axis=0) / total
    share = np.nan_to_num(a / total).T
    Q = np.nan_to_num((a * rest * rest).sum(axis=0))
    weight = a.T
    P = weight[:, :, None] * (np.eye(y.shape[0]) - share[:, None, :])
    known = np.where(np.isinf(v), 0.0, v)
    if inverse_variance:
        values = np.maximum(np.linalg.eigvalsh(P), 0.0)
        rank = np.count_nonzero(a > 0, axis=0) - 1
        nonzero = np.arange(y.shape[0]) >= y.shape[0] - rank[:, None]
        return Q, lambda tau2: np.where(nonzero, 1 + tau2[..., None] * values, 0.0)

    def law(tau2: Floats) -> Floats:
        root = np.sqrt(np.moveaxis(known + tau2[..., None, :], -2, -1))
        return np.maximum(np.linalg.eigvalsh(root[..., :, None] * P * root[..., None, :]), 0.0)

    return Q, law
