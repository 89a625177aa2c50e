"""From what a paper prints to an effect and its variance: t, p, confidence limits, SE, odds ratios.

Only conversions that are exact for a two-arm comparison, or that rest on one named assumption, are
here. A risk ratio, risk difference or raw mean difference has no SMD without the data of the arms.
Numbers or arrays that broadcast; NaN gives NaN.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.effects.arrays import Array, Effect, floats

__all__ = [
    "d_from_t",
    "log_or_to_smd",
    "se_from_ci",
    "se_from_p",
    "t_from_p",
]

NORMAL = NormalDist()
LOGISTIC_SD = np.pi / np.sqrt(3)  # SD of the standard logistic distribution


def log_or_to_smd(yi: ArrayLike, vi: ArrayLike) -> Effect:
    """Log odds ratio to the SMD of the logistic trait that was cut in two.

    The bias correction of g is not applied: it fixes the estimated SD in the denominator of d,
    and there is none here.

    Parameters
    ----------
    yi, vi : array_like
        Log odds ratio and its variance.

    Returns
    -------
    yi, vi : ndarray
        yi sqrt(3)/pi and vi 3/pi^2.

    References
    ----------
    .. [1] Hasselblad V, Hedges LV. Psychological Bulletin 117 (1995) 167. doi:10.1037/0033-2909.117.1.167
    .. [2] Chinn S. Statistics in Medicine 19 (2000) 3127.
       doi:10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M

    Examples
    --------
    >>> yi, vi = log_or_to_smd(1.0, 0.25)
    >>> round(float(yi), 4), round(float(vi), 4)
    (0.5513, 0.076)
    """
    yi, vi = floats(yi, vi)
    return yi / LOGISTIC_SD, vi / LOGISTIC_SD**2


def d_from_t(t: ArrayLike, n_t: ArrayLike, n_c: ArrayLike) -> Array:
    """Cohen's d from the t of an unpaired, unadjusted comparison of two arms.

    Returns
    -------
    ndarray
        t sqrt(1/n_t + 1/n_c), with the sign of t. A t adjusted for covariates gives a d in units of
        the residual SD, which is too large.

    Examples
    --------
    >>> float(d_from_t(2.0, 8, 8))
    1.0
    """
    t, n_t, n_c = floats(t, n_t, n_c)
    with np.errstate(divide="ignore", invalid="ignore"):
        return t * np.sqrt(1 / n_t + 1 / n_c)


def se_from_ci(low: ArrayLike, high: ArrayLike, level: ArrayLike = 0.95, df: ArrayLike = np.inf) -> Array:
    """Standard error from the limits of a symmetric confidence interval.

    Parameters
    ----------
    low, high : array_like
        Limits; for a ratio, their logarithms.
    level : array_like
        Confidence level as a fraction.
    df : array_like
        Degrees of freedom where the interval used Student's t; infinite for a Wald interval.

    Examples
    --------
    >>> round(float(se_from_ci(-0.196, 0.196)), 4)
    0.1
    """
    low, high, level, df = floats(low, high, level, df)
    return (high - low) / (2 * _two_sided_quantile(1 - level, df))


def se_from_p(estimate: ArrayLike, p: ArrayLike, df: ArrayLike = np.inf) -> Array:
    """Standard error from an estimate and the exact two-sided p of its test against 0.

    Returns
    -------
    ndarray
        |estimate| over the quantile of p; NaN where p is 1 or the estimate 0, which fix no SE.
    """
    estimate, p, df = floats(estimate, p, df)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.abs(estimate) / _two_sided_quantile(p, df)
    return np.where((se > 0) & np.isfinite(se), se, np.nan)


def t_from_p(p: ArrayLike, df: ArrayLike) -> Array:
    """Size of the t whose two-sided p is this.

    Returns
    -------
    ndarray
        Not negative; NaN where p is not above 0 or above 1, and where df is under 1.

    Examples
    --------
    >>> round(float(t_from_p(0.05, 38)), 4)
    2.0244
    """
    p, df = np.broadcast_arrays(*floats(p, df))
    return np.where(df >= 1, _two_sided_quantile(p, df), np.nan)


def _two_sided_quantile(p: Array, df: Array) -> Array:
    """Value that |t| (or |z|, where df is infinite) exceeds with probability p; NaN outside (0, 1]."""
    tail = np.where((p > 0) & (p <= 1), p / 2, np.nan)
    finite = np.isfinite(df)
    if not (finite & ~np.isnan(tail)).any():
        return -_normal_quantile(tail)
    from scipy.special import ndtri, stdtrit  # loading it takes longer than the bundled trials, without t

    return -np.where(finite, stdtrit(np.where(finite, df, 1.0), tail), ndtri(tail))


def _normal_quantile(p: Array) -> Array:
    """Each of the different values once; most tables have one level of confidence."""
    values, where = np.unique(p, return_inverse=True)
    found = [NORMAL.inv_cdf(value) if value > 0 else np.nan for value in values.tolist()]
    return np.array(found, dtype=float)[where].reshape(p.shape)
