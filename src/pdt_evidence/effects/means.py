"""Mean differences and ratios of means, from the means, SDs and sizes of two arms.

Numbers or arrays that broadcast; NaN in any input of a row gives NaN for that row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.effects.arrays import Effect, floats

__all__ = ["log_ratio_of_means", "mean_difference"]


def mean_difference(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_c: ArrayLike, sd_c: ArrayLike, n_c: ArrayLike
) -> Effect:
    """Difference of means (measure "MD"), the SDs of the arms not assumed equal.

    Returns
    -------
    yi, vi : ndarray
        mean_t - mean_c in the unit of the scores, and sd_t^2/n_t + sd_c^2/n_c in its square.

    Examples
    --------
    >>> yi, vi = mean_difference(12.0, 5.0, 25, 15.0, 6.0, 36)
    >>> float(yi), float(vi)
    (-3.0, 2.0)
    """
    mean_t, sd_t, n_t, mean_c, sd_c, n_c = floats(mean_t, sd_t, n_t, mean_c, sd_c, n_c)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return mean_t - mean_c, sd_t**2 / n_t + sd_c**2 / n_c


def log_ratio_of_means(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_c: ArrayLike, sd_c: ArrayLike, n_c: ArrayLike
) -> Effect:
    """Log of the ratio of means (measure "ROM"), for scores with a true zero.

    Returns
    -------
    yi, vi : ndarray
        log(mean_t / mean_c) and sd_t^2/(n_t mean_t^2) + sd_c^2/(n_c mean_c^2); both NaN where
        the means differ in sign or one is 0, for then there is no such logarithm.

    References
    ----------
    .. [1] Hedges LV, Gurevitch J, Curtis PS. Ecology 80 (1999) 1150.
       doi:10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2

    Examples
    --------
    >>> yi, vi = log_ratio_of_means(10.0, 2.0, 25, 20.0, 4.0, 25)
    >>> round(float(yi), 4), round(float(vi), 4)
    (-0.6931, 0.0032)
    """
    mean_t, sd_t, n_t, mean_c, sd_c, n_c = floats(mean_t, sd_t, n_t, mean_c, sd_c, n_c)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio = mean_t / mean_c
        defined = (ratio > 0) & np.isfinite(ratio)
        vi = sd_t**2 / (n_t * mean_t**2) + sd_c**2 / (n_c * mean_c**2)
        return np.log(np.where(defined, ratio, np.nan)), np.where(defined, vi, np.nan)
