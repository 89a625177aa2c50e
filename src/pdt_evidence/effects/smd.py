"""Standardised mean differences: Hedges' g with its exact small-sample correction.

Every function takes numbers or arrays that broadcast against each other and gives arrays;
NaN in any input of a row gives NaN for that row. Positive means arm 1 scored higher:
turning the sign to "favours arm 1" is the work of `effects.table`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.effects.arrays import Array, Effect, floats
from pdt_evidence.errors import require_choice

__all__ = [
    "VTYPES",
    "bias_correction",
    "cohens_d",
    "g_from_d",
    "hedges_g",
    "pooled_sd",
    "smd_variance",
    "smdh",
]

VTYPES = ("LS", "UB")

# Above this many degrees of freedom the difference of two log-gammas loses more digits than the
# series below, whose first dropped term is then under 1e-15.
_SERIES_FROM = 200.0


def bias_correction(df: ArrayLike) -> Array:
    """Exact correction J(df) that makes Cohen's d unbiased, from gamma functions.

    Parameters
    ----------
    df : array_like
        Degrees of freedom of the SD: n_t + n_c - 2 for two arms, n - 1 for one.

    Returns
    -------
    ndarray
        J, between 0 and 1; NaN where df <= 1, for which it does not exist.

    References
    ----------
    .. [1] Hedges LV. Journal of Educational Statistics 6 (1981) 107.
       doi:10.3102/10769986006002107

    Examples
    --------
    >>> round(float(bias_correction(10)), 6)
    0.922746
    """
    df = np.asarray(df, dtype=np.float64)
    exact = _by_gamma(np.where(df <= _SERIES_FROM, df, np.nan))
    with np.errstate(all="ignore"):
        x = (df - 1) / 2
        u = 1 / x  # Gamma(x + 1/2) / Gamma(x) = sqrt(x) (1 - 1/(8x) + 1/(128x^2) + ...)
        series = 1 + u * (-1 / 8 + u * (1 / 128 + u * (5 / 1024 + u * (-21 / 32768 - u * 399 / 262144))))
        ratio = np.sqrt(x / (x + 0.5)) * series
    return np.where(df > 1, np.where(df > _SERIES_FROM, ratio, exact), np.nan)


def _by_gamma(df: Array) -> Array:
    """Gamma(df / 2) / (sqrt(df / 2) Gamma((df - 1) / 2)), each of its values once; NaN where df is not above 1."""
    values, where = np.unique(df, return_inverse=True)
    found = [
        math.gamma(x / 2) / math.gamma((x - 1) / 2) / math.sqrt(x / 2) if x > 1 else math.nan
        for x in values.tolist()
    ]
    return np.array(found)[where].reshape(df.shape)


def pooled_sd(sd_t: ArrayLike, n_t: ArrayLike, sd_c: ArrayLike, n_c: ArrayLike) -> Array:
    """SD pooled over two arms, in the unit of the scores."""
    sd_t, n_t, sd_c, n_c = floats(sd_t, n_t, sd_c, n_c)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(((n_t - 1) * sd_t**2 + (n_c - 1) * sd_c**2) / (n_t + n_c - 2))


def cohens_d(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_c: ArrayLike, sd_c: ArrayLike, n_c: ArrayLike
) -> Array:
    """Difference of two means in units of their pooled SD, uncorrected for its bias."""
    mean_t, mean_c = floats(mean_t, mean_c)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (mean_t - mean_c) / pooled_sd(sd_t, n_t, sd_c, n_c)


def smd_variance(g: ArrayLike, n_t: ArrayLike, n_c: ArrayLike, *, vtype: str = "LS") -> Array:
    """Sampling variance of Hedges' g from g and the arm sizes.

    Parameters
    ----------
    g : array_like
        Hedges' g, bias corrected.
    n_t, n_c : array_like
        Persons in each arm.
    vtype : {"LS", "UB"}
        "LS", the large-sample form 1/n_t + 1/n_c + g^2 / (2 (n_t + n_c)) [1]_, or "UB", the
        unbiased one, which replaces 1 / (2 (n_t + n_c)) by 1 - (df - 2) / (df J^2) [2]_.

    Returns
    -------
    ndarray
        Variance; NaN where an input is.

    References
    ----------
    .. [1] Hedges LV. Psychological Bulletin 92 (1982) 490. doi:10.1037/0033-2909.92.2.490
    .. [2] Hedges LV. Psychological Bulletin 93 (1983) 388. doi:10.1037/0033-2909.93.2.388
    """
    require_choice("vtype", vtype, VTYPES)
    g, n_t, n_c = floats(g, n_t, n_c)
    with np.errstate(invalid="ignore", divide="ignore"):
        sampling = 1 / n_t + 1 / n_c
        if vtype == "LS":
            return sampling + g**2 / (2 * (n_t + n_c))
        df = n_t + n_c - 2
        return sampling + (1 - (df - 2) / (df * bias_correction(df) ** 2)) * g**2


def g_from_d(d: ArrayLike, n_t: ArrayLike, n_c: ArrayLike, *, vtype: str = "LS") -> Effect:
    """Hedges' g and its variance from Cohen's d and the arm sizes.

    Examples
    --------
    >>> yi, vi = g_from_d(0.5, 20, 20)
    >>> round(float(yi), 4), round(float(vi), 4)
    (0.4901, 0.103)
    """
    d, n_t, n_c = floats(d, n_t, n_c)
    g = bias_correction(n_t + n_c - 2) * d
    return g, smd_variance(g, n_t, n_c, vtype=vtype)


def hedges_g(
    mean_t: ArrayLike,
    sd_t: ArrayLike,
    n_t: ArrayLike,
    mean_c: ArrayLike,
    sd_c: ArrayLike,
    n_c: ArrayLike,
    *,
    vtype: str = "LS",
) -> Effect:
    """Hedges' g and its variance from the means, SDs and sizes of two arms.

    The means may be endpoint scores or mean changes; with the SD of the change the result is
    standardised by the spread of change, which is not the spread of scores.

    Parameters
    ----------
    mean_t, sd_t, n_t, mean_c, sd_c, n_c : array_like
        Mean and SD (unit of the instrument) and persons, arm 1 first.
    vtype : {"LS", "UB"}
        Form of the variance, see `smd_variance`.

    Returns
    -------
    yi, vi : ndarray
        g (positive where arm 1 scored higher) and its variance; NaN where an input is NaN,
        where n_t + n_c < 4 and where both SDs are 0.

    References
    ----------
    .. [1] Hedges LV. Journal of Educational Statistics 6 (1981) 107.
       doi:10.3102/10769986006002107

    Examples
    --------
    >>> yi, vi = hedges_g(12.0, 5.0, 30, 15.0, 6.0, 28)
    >>> round(float(yi), 4), round(float(vi), 4)
    (-0.5376, 0.0715)
    """
    d = cohens_d(mean_t, sd_t, n_t, mean_c, sd_c, n_c)
    return g_from_d(np.where(np.isfinite(d), d, np.nan), n_t, n_c, vtype=vtype)


def smdh(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_c: ArrayLike, sd_c: ArrayLike, n_c: ArrayLike
) -> Effect:
    """Standardised mean difference where the SDs of the arms are not taken to be equal (measure "SMDH").

    Returns
    -------
    yi, vi : ndarray
        The difference of means over sqrt((sd_t^2 + sd_c^2) / 2), times J(n_t + n_c - 2), and its large-sample
        variance [1]_ with the corrected effect put in; NaN where an input is NaN and where both SDs are 0.

    References
    ----------
    .. [1] Bonett (2009), equation 5, as metafor's `escalc` has it.

    Examples
    --------
    >>> yi, vi = smdh(12.0, 5.0, 30, 15.0, 6.0, 28)
    >>> round(float(yi), 4), round(float(vi), 4)
    (-0.5359, 0.0747)
    """
    mean_t, sd_t, n_t, mean_c, sd_c, n_c = floats(mean_t, sd_t, n_t, mean_c, sd_c, n_c)
    with np.errstate(invalid="ignore", divide="ignore"):
        var_t, var_c = sd_t**2, sd_c**2
        mean_var = (var_t + var_c) / 2
        d = (mean_t - mean_c) / np.sqrt(mean_var)
        yi = bias_correction(n_t + n_c - 2) * np.where(np.isfinite(d), d, np.nan)
        of_sds = yi**2 * (var_t**2 / (n_t - 1) + var_c**2 / (n_c - 1)) / (8 * mean_var**2)
        return yi, of_sds + (var_t / (n_t - 1) + var_c / (n_c - 1)) / mean_var
