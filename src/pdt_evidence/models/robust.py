"""Cluster-robust inference on a weighted mean: bias-reduced (CR2) variance, Satterthwaite degrees of freedom.

The working model is the one that gave the weights. The adjustment A_j of a cluster is the symmetric solution
of A (M_j - m 11') A = M_j, with M_j its working covariance and m the variance of the mean: under the working
model the variance is then unbiased. A does not depend on which square root of M_j is taken.

References
----------
.. [1] Pustejovsky, Tipton (2018), Journal of Business & Economic Statistics 36, 672.
   doi:10.1080/07350015.2016.1247004
.. [2] Tipton (2015), Psychological Methods 20, 375. doi:10.1037/met0000011
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cr2_mean"]

Array = NDArray[np.float64]


def cr2_mean(
    residuals: Array, blocks: list[tuple[NDArray[np.intp], Array]], variance: float
) -> tuple[float, float]:
    """Robust standard error of an inverse-covariance weighted mean, and its degrees of freedom.

    Parameters
    ----------
    residuals : ndarray, shape (k,)
        Effects minus the mean.
    blocks : list of (rows, M)
        Working covariances: row numbers (b, s) and matrices (b, s, s) of the clusters of each size.
    variance : float
        Of the mean under the working model, 1 / sum(1' M_j^-1 1).

    Returns
    -------
    (se, df) : (float, float)
        NaN, NaN where there is one cluster only.
    """
    if sum(len(rows) for rows, _ in blocks) < 2:
        return np.nan, np.nan
    score, spread, load = [], [], []
    for rows, M in blocks:
        s = variance * _adjusted_weights(M, variance)
        score.append(np.einsum("bi,bi->b", s, residuals[rows]))
        spread.append(np.einsum("bi,bij,bj->b", s, M, s))
        load.append(s.sum(axis=1))
    e, u, t = np.concatenate(score), np.concatenate(spread), np.concatenate(load)
    # g_ij = [i = j] u_i - variance t_i t_j: the covariances of the scores, whose sum of squares gives df.
    own = u - variance * t**2
    squares = (own**2).sum() + variance**2 * ((t**2).sum() ** 2 - (t**4).sum())
    return float(np.sqrt((e**2).sum())), float(own.sum() ** 2 / squares)


def _adjusted_weights(M: Array, variance: float) -> Array:
    """A_j M_j^-1 1 for a stack of clusters of one size: (b, s, s) -> (b, s)."""
    L = np.linalg.cholesky(M)
    Lt = np.swapaxes(L, -1, -2)
    LtL = Lt @ L
    sums = L.sum(axis=-2)  # L'1
    values, axes = np.linalg.eigh(LtL @ LtL - variance * sums[:, :, None] * sums[:, None, :])
    # A cluster that carries the whole weight leaves no residual in one direction: it adds nothing there.
    small = values <= values.max(axis=-1, keepdims=True) * 1e-12
    root = np.where(small, 0.0, 1.0 / np.sqrt(np.where(small, 1.0, values)))
    ones = np.linalg.solve(L, np.ones((*M.shape[:-1], 1)))
    inner = axes @ (root[:, :, None] * (np.swapaxes(axes, -1, -2) @ ones))
    return (L @ inner)[:, :, 0]
