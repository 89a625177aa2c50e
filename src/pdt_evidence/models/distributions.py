"""Tails and quantiles of the normal, t and chi-squared distributions, and of quadratic forms.

Everything rests on `scipy.special`; tails are computed as tails, never as one minus the
rest, and p-values that underflow stay finite on the log scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = [
    "chi2_quantile",
    "chi2_tail",
    "log_two_sided_p",
    "quadratic_form_cdf",
    "two_sided_p",
    "two_sided_quantile",
]

Floats = NDArray[np.float64]
SAFE_P = 1e-280  # below it p is subnormal or 0, and its logarithm is taken another way
CONTOUR_NODES, CONTOUR_STEP, CONTOUR_SLOPE = 52, 0.1, 0.6
SADDLE_STEPS = 24


def two_sided_quantile(level: float, df: ArrayLike) -> Floats:
    """Half-width, in standard errors, of a central interval at `level`.

    Parameters
    ----------
    level : float
        Between 0 and 1.
    df : array_like, shape (...)
        Degrees of freedom of t; NaN means standard normal; below 1 gives NaN.
    """
    return _each_once(partial(_t_quantile, (1 + level) / 2), np.asarray(df, dtype=float))


def _t_quantile(upper: float, df: float) -> float:
    if math.isnan(df):
        return float(special.ndtri(upper))
    return float(special.stdtrit(df, upper)) if df >= 1 else math.nan


def two_sided_p(statistic: ArrayLike, df: ArrayLike) -> Floats:
    """P(|X| >= |statistic|) for t with `df` degrees of freedom; NaN df means standard normal."""
    size, df = -np.abs(np.asarray(statistic, dtype=float)), np.asarray(df, dtype=float)
    normal = np.isnan(df)
    if not normal.any():
        return 2 * special.stdtr(df, size)
    if normal.all():
        return 2 * special.ndtr(size)
    return np.where(normal, 2 * special.ndtr(size), 2 * special.stdtr(np.where(normal, 1.0, df), size))


def log_two_sided_p(statistic: ArrayLike, df: ArrayLike) -> Floats:
    """Natural logarithm of `two_sided_p`, finite where that underflows.

    Notes
    -----
    For t the tail is an incomplete beta function, x**a (1 - x)**b / (a B(a, b)) times a
    hypergeometric series that tends to 1, with x = df / (df + t**2), a = df / 2, b = 1/2.
    """
    p = two_sided_p(statistic, df)
    if (p > SAFE_P).all():
        return np.log(p)
    t, df = np.broadcast_arrays(np.asarray(statistic, dtype=float), np.asarray(df, dtype=float))
    normal = np.isnan(df)
    a = np.where(normal, 1.0, df) / 2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_ratio = 2 * np.log(np.abs(t)) - np.log(2 * a)  # of t**2 / df, which may overflow
        log_x = -np.logaddexp(0, log_ratio)
        series = special.hyp2f1(a + 0.5, 1.0, a + 1, np.exp(log_x))
        log_rest = -np.logaddexp(0, -log_ratio)
        far = a * log_x + log_rest / 2 - np.log(a) - special.betaln(a, 0.5) + np.log(series)
        log_p_t = np.where(p > SAFE_P, np.log(p), far)
    return np.where(normal, special.log_ndtr(-np.abs(t)) + np.log(2), log_p_t)


def chi2_tail(x: ArrayLike, df: ArrayLike) -> Floats:
    """P(X >= x) for chi-squared with `df` degrees of freedom; NaN where df < 1."""
    df = np.asarray(df, dtype=float)
    with np.errstate(invalid="ignore"):
        return np.where(
            df >= 1, special.chdtrc(np.where(df >= 1, df, 1.0), np.asarray(x, dtype=float)), np.nan
        )


def chi2_quantile(lower: float, df: ArrayLike) -> Floats:
    """The x with P(X <= x) = `lower` for chi-squared; NaN where df < 1."""
    return _each_once(partial(_chi2_quantile, lower), np.asarray(df, dtype=float))


def _chi2_quantile(lower: float, df: float) -> float:
    return 2 * float(special.gammaincinv(df / 2, lower)) if df >= 1 else math.nan


def _each_once(quantile: Callable[[float], float], df: Floats) -> Floats:
    """quantile(df), computed once for each distinct df: a batch has few, most often one."""
    first = float(df.flat[0]) if df.size else math.nan
    if df.size < 2 or (np.isnan(df) if math.isnan(first) else df == first).all():
        return np.full(df.shape, quantile(first))
    values, where = np.unique(df, return_inverse=True)
    return np.array([quantile(one) for one in values.tolist()])[where].reshape(df.shape)


def quadratic_form_cdf(x: ArrayLike, eigenvalues: ArrayLike) -> Floats:
    """P(sum_i lambda_i X_i <= x) for independent chi-squared X_i with one degree of freedom.

    Parameters
    ----------
    x : array_like, shape (...)
    eigenvalues : array_like, shape (..., m)
        The lambda_i, none negative; zeros add nothing.

    Returns
    -------
    ndarray, shape (...)
        Absolute error below 1e-11.

    Notes
    -----
    The Laplace transform of the distribution function is exp(K(s)) / s with
    K(s) = -sum_i log(1 + 2 lambda_i s) / 2. Its inversion integral is taken by the midpoint
    rule, which converges geometrically, on a hyperbola around the singularities that starts
    where phi(s) = s x + K(s) - log(s) is least on the positive line, scaled by its curvature.

    References
    ----------
    .. [1] Trefethen, Weideman, Schmelzer. BIT 46 (2006) 653. doi:10.1007/s10543-006-0077-9
    """
    x, lam = np.asarray(x, dtype=float), np.asarray(eigenvalues, dtype=float)
    shape = np.broadcast_shapes(x.shape, lam.shape[:-1])
    # In units of the largest eigenvalue nothing over- or underflows.
    unit = np.broadcast_to(lam.max(axis=-1, initial=0.0), shape)
    known = (x > 0) & (unit > 0)
    safe = np.where(unit > 0, unit, 1.0)
    x = np.where(known, np.broadcast_to(x, shape) / safe, 1.0)
    twice = 2 * np.broadcast_to(lam, (*shape, lam.shape[-1])) / safe[..., None]
    s0, width = _saddle(x, twice)
    u = CONTOUR_STEP * (np.arange(CONTOUR_NODES) + 0.5)  # the upper half; the lower mirrors it
    s = s0[..., None] + width[..., None] * (1j * np.sinh(u) - CONTOUR_SLOPE * (np.cosh(u) - 1))
    exponent = s * x[..., None] - np.log(s)
    for i in range(twice.shape[-1]):  # one eigenvalue at a time bounds the memory
        exponent -= np.log1p(twice[..., i, None] * s) / 2
    along = width[..., None] * (np.cosh(u) + 1j * CONTOUR_SLOPE * np.sinh(u))  # ds / (i du)
    cdf = CONTOUR_STEP / np.pi * (np.exp(exponent) * along).real.sum(axis=-1)
    return np.where(known, np.clip(cdf, 0.0, 1.0), np.where(unit > 0, 0.0, 1.0))


def _saddle(x: Floats, twice: Floats) -> tuple[Floats, Floats]:
    """Where phi is least on the positive line, and phi''**-1/2 there.

    1 / s + sum_i lambda_i / (1 + 2 lambda_i s) = x lies between 1 / x and (1 + m / 2) / x; any
    point near it serves, so plain bisection does.
    """
    low, high = 1 / x, (1 + twice.shape[-1] / 2) / x
    for _ in range(SADDLE_STEPS):
        s = (low + high) / 2
        left = 1 / s + (twice / (1 + twice * s[..., None])).sum(axis=-1) / 2 > x
        low, high = np.where(left, s, low), np.where(left, high, s)
    part = twice / (1 + twice * low[..., None])
    return low, (1 / low**2 + (part**2).sum(axis=-1) / 2) ** -0.5
