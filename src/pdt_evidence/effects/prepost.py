"""Change within one group: standardised mean change, and the SD of change it needs.

Such an effect has no control arm: what time alone would have done is in it. It is never pooled with
differences between arms. Numbers or arrays that broadcast; NaN gives NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.effects.arrays import Array, Effect, floats
from pdt_evidence.effects.smd import bias_correction

__all__ = ["sd_of_change", "smcc", "smcr"]


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
