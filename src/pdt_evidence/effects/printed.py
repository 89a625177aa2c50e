"""Effects of trials that print a test and no effect: the t, the F or the p of two arms.

All three are taken for an unpaired test of two means, not adjusted for anything: a test adjusted for covariates gives
too large an effect. An F and a p say how large, not which way: that is read from `favours`, else from the means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.effects.arrays import Array
from pdt_evidence.effects.convert import d_from_t, t_from_p
from pdt_evidence.effects.smd import g_from_d

__all__ = ["TESTS", "effect_of_test", "sign_of"]

TESTS = ("t", "f", "p")


def sign_of(favours: NDArray[np.object_], difference: Array, better: Array) -> Array:
    """1 where arm 1 did better, -1 where arm 2 did; NaN where nothing tells.

    Parameters
    ----------
    favours : ndarray of str
        "arm 1", "arm 2" or "".
    difference : ndarray
        Mean of arm 1 less that of arm 2.
    better : ndarray
        1 where higher scores are better, -1 where lower ones are.
    """
    by_means = np.sign(difference) * better
    by_means = np.where(by_means == 0, np.nan, by_means)
    return np.select([favours == "arm 1", favours == "arm 2"], [1.0, -1.0], by_means)


def effect_of_test(
    test: str, value: ArrayLike, n_t: Array, n_c: Array, sign: Array, *, vtype: str
) -> tuple[Array, Array]:
    """Hedges' g and its variance from a t (signed already, unless `sign` says otherwise), an F or a two-sided p.

    Examples
    --------
    >>> n = np.array([20.0])
    >>> yi, vi = effect_of_test("p", np.array([0.05]), n, n, np.array([-1.0]), vtype="LS")
    >>> yi.round(3).tolist(), vi.round(3).tolist()
    ([-0.627], [0.105])
    """
    value = np.asarray(value, dtype=float)
    if test == "t":
        t = np.where(np.isnan(sign), value, np.abs(value) * sign)
    elif test == "f":
        t = np.sqrt(np.where(value >= 0, value, np.nan)) * sign
    else:
        t = t_from_p(value, n_t + n_c - 2) * sign
    return g_from_d(d_from_t(t, n_t, n_c), n_t, n_c, vtype=vtype)
