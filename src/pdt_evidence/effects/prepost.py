"""Change from before to after: of one group, and of two arms beside each other.

The change of one group (`smcc`, `smcr`, `smcrp`) has no control arm: what time alone would have done is in it. It is
never pooled with differences between arms; `ppc2`, the difference of two changes, may be. All but `smcc` of a given
SD of change rest on the correlation of the two measurements. Numbers or arrays that broadcast; NaN gives NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.effects.arrays import Array, Effect, floats
from pdt_evidence.effects.smd import bias_correction, pooled_sd

__all__ = ["ppc2", "sd_of_change", "smcc", "smcr", "smcrp"]


def sd_of_change(sd_post: ArrayLike, sd_pre: ArrayLike, r: ArrayLike) -> Array:
    """SD of the change from the SDs before and after and their correlation `r`.

    Returns
    -------
    ndarray
        sqrt(sd_post^2 + sd_pre^2 - 2 r sd_post sd_pre), in the unit of the scores.
    """
    sd_post, sd_pre, r = floats(sd_post, sd_pre, r)
    with np.errstate(invalid="ignore"):
        return np.sqrt(sd_post**2 + sd_pre**2 - 2 * r * sd_post * sd_pre)


def _defined(d: Array) -> Array:
    return np.where(np.isfinite(d), d, np.nan)


def smcc(
    mean_post: ArrayLike,
    sd_post: ArrayLike,
    mean_pre: ArrayLike,
    sd_pre: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
) -> Effect:
    """Standardised mean change, in units of the SD of change (measure "SMCC").

    Parameters
    ----------
    mean_post, sd_post, mean_pre, sd_pre : array_like
        Means and SDs after and before, in the unit of the scores.
    n : array_like
        Persons measured both times.
    r : array_like
        Correlation of the two measurements.

    Returns
    -------
    yi, vi : ndarray
        J(n - 1) (mean_post - mean_pre) / SD of change, and 1/n + yi^2 / (2n) (the large-sample
        form); NaN where n < 3 and where the SD of change is 0.

    References
    ----------
    .. [1] Gibbons RD, Hedeker DR, Davis JM. Journal of Educational Statistics 18 (1993) 271.
       doi:10.3102/10769986018003271

    Examples
    --------
    >>> yi, vi = smcc(18.0, 8.0, 26.0, 8.0, 40, 0.5)
    >>> round(float(yi), 4), round(float(vi), 4)
    (-0.9806, 0.037)
    """
    mean_post, mean_pre, n = floats(mean_post, mean_pre, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        yi = bias_correction(n - 1) * _defined((mean_post - mean_pre) / sd_of_change(sd_post, sd_pre, r))
        return yi, 1 / n + yi**2 / (2 * n)


def smcr(mean_post: ArrayLike, mean_pre: ArrayLike, sd_pre: ArrayLike, n: ArrayLike, r: ArrayLike) -> Effect:
    """Standardised mean change, in units of the SD before (measure "SMCR").

    Parameters
    ----------
    mean_post, mean_pre, sd_pre : array_like
        Means after and before and the SD before, in the unit of the scores.
    n : array_like
        Persons measured both times.
    r : array_like
        Correlation of the two measurements.

    Returns
    -------
    yi, vi : ndarray
        J(n - 1) (mean_post - mean_pre) / sd_pre, and 2 (1 - r)/n + yi^2 / (2n), which takes the
        spread before and after to be equal; NaN where n < 3 and where sd_pre is 0.

    References
    ----------
    .. [1] Becker BJ. British Journal of Mathematical and Statistical Psychology 41 (1988) 257.
       doi:10.1111/j.2044-8317.1988.tb00901.x

    Examples
    --------
    >>> yi, vi = smcr(18.0, 26.0, 8.0, 40, 0.5)
    >>> round(float(yi), 4), round(float(vi), 4)
    (-0.9806, 0.037)
    """
    mean_post, mean_pre, sd_pre, n, r = floats(mean_post, mean_pre, sd_pre, n, r)
    with np.errstate(invalid="ignore", divide="ignore"):
        yi = bias_correction(n - 1) * _defined((mean_post - mean_pre) / sd_pre)
        return yi, 2 * (1 - r) / n + yi**2 / (2 * n)


def smcrp(
    mean_post: ArrayLike,
    sd_post: ArrayLike,
    mean_pre: ArrayLike,
    sd_pre: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
) -> Effect:
    """Standardised mean change, in units of the SDs before and after together (measure "SMCRP").

    Parameters
    ----------
    mean_post, sd_post, mean_pre, sd_pre : array_like
        Means and SDs after and before, in the unit of the scores.
    n : array_like
        Persons measured both times.
    r : array_like
        Correlation of the two measurements.

    Returns
    -------
    yi, vi : ndarray
        J(2 (n - 1) / (1 + r^2)) (mean_post - mean_pre) / sqrt((sd_pre^2 + sd_post^2) / 2), and
        2 (1 - r)/n + yi^2 (1 + r^2) / (4n); NaN where n < 3 and where both SDs are 0.

    References
    ----------
    .. [1] Cousineau (2020), equation 2, as metafor's `escalc` has it.

    Examples
    --------
    >>> yi, vi = smcrp(18.0, 8.0, 26.0, 8.0, 40, 0.5)
    >>> round(float(yi), 4), round(float(vi), 4)
    (-0.9879, 0.0326)
    """
    mean_post, sd_post, mean_pre, sd_pre, n, r = floats(mean_post, sd_post, mean_pre, sd_pre, n, r)
    with np.errstate(invalid="ignore", divide="ignore"):
        d = _defined((mean_post - mean_pre) / np.sqrt((sd_pre**2 + sd_post**2) / 2))
        yi = np.where(n < 3, np.nan, bias_correction(2 * (n - 1) / (1 + r**2))) * d
        return yi, 2 * (1 - r) / n + yi**2 * (1 + r**2) / (4 * n)


def ppc2(
    change_t: ArrayLike,
    sd_pre_t: ArrayLike,
    n_t: ArrayLike,
    change_c: ArrayLike,
    sd_pre_c: ArrayLike,
    n_c: ArrayLike,
    r: ArrayLike,
) -> Effect:
    """Difference of the mean changes of two arms, in units of the SD before (d_ppc2).

    Parameters
    ----------
    change_t, change_c : array_like
        Mean after less mean before of each arm, in the unit of the scores.
    sd_pre_t, sd_pre_c : array_like
        SDs before, which are pooled.
    n_t, n_c : array_like
        Persons in each arm, measured both times.
    r : array_like
        Correlation of the two measurements, the same in both arms.

    Returns
    -------
    yi, vi : ndarray
        J(n_t + n_c - 2) (change_t - change_c) / pooled SD, and 2 (1 - r) (1/n_t + 1/n_c) + yi^2 / (2 (n_t + n_c)), the
        large-sample variance, which takes the spread before and after to be equal. Morris prints another, exact one
        for that case; the two differ little.

    References
    ----------
    .. [1] Morris (2008), d_ppc2; the variance as the metafor site has it (analyses:morris2008).

    Examples
    --------
    >>> yi, vi = ppc2(7.9, 15.0, 20, -3.4, 13.8, 20, 0.47)
    >>> round(float(yi), 2), round(float(vi), 3)
    (0.77, 0.113)
    """
    change_t, n_t, change_c, n_c, r = floats(change_t, n_t, change_c, n_c, r)
    with np.errstate(invalid="ignore", divide="ignore"):
        d = _defined((change_t - change_c) / pooled_sd(sd_pre_t, n_t, sd_pre_c, n_c))
        yi = bias_correction(n_t + n_c - 2) * d
        return yi, 2 * (1 - r) * (1 / n_t + 1 / n_c) + yi**2 / (2 * (n_t + n_c))
