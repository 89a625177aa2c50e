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

__all__ = ["NOTHING", "cr2_mean", "cr2_means"]

Array = NDArray[np.float64]
NOTHING = 1e-9  # of the model's standard error: a robust one below it has nothing to stand on
Blocks = list[tuple[NDArray[np.intp], Array]]


def cr2_mean(residuals: Array, blocks: Blocks, variance: float) -> tuple[float, float]:
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
    se, df = cr2_means(residuals[None], blocks, np.array([variance]))
    return se.item(), df.item()


def cr2_means(residuals: Array, blocks: Blocks, variance: Array) -> tuple[Array, Array]:
    """The same for n means, each of its own specification.

    Parameters
    ----------
    residuals : ndarray, shape (n, k)
    blocks : list of (rows, M)
        As above, with `rows` numbering the values of ``residuals.ravel()``.
    variance : ndarray, shape (n,)

    Returns
    -------
    (se, df) : ndarray, shape (n,)
    """
    n, k = residuals.shape
    flat = residuals.ravel()
    owners = np.concatenate([rows[:, 0] // k for rows, _ in blocks])
    score, spread, load = [], [], []
    for rows, M in blocks:
        m = variance[rows[:, 0] // k]
        s = m[:, None] * _adjusted_weights(M, m[:, None, None])
        score.append((s * flat[rows]).sum(axis=1))
        spread.append((s[:, None, :] @ M @ s[:, :, None])[:, 0, 0])
        load.append(s.sum(axis=1))
    e, u, t = np.concatenate(score), np.concatenate(spread), np.concatenate(load)
    # g_ij = [i = j] u_i - variance t_i t_j: the covariances of the scores, whose sum of squares gives df.
    own = u - variance[owners] * t**2

    def total(values: Array) -> Array:
        return np.bincount(owners, values, n).astype(float)

    squares = total(own**2) + variance**2 * (total(t**2) ** 2 - total(t**4))
    several = np.bincount(owners, minlength=n) > 1
    with np.errstate(invalid="ignore", divide="ignore"):
        df = total(own) ** 2 / squares
    return np.where(several, np.sqrt(total(e**2)), np.nan), np.where(several, df, np.nan)


def _adjusted_weights(M: Array, variance: Array) -> Array:
    """A_j M_j^-1 1 for a stack of clusters of one size: (b, s, s) and (b, 1, 1) -> (b, s)."""
    if M.shape[-1] == 1:  # A (M - m) A = M and all of them numbers
        rest = M * (M - variance)
        small = rest <= M * M * 1e-12
        return np.where(small, 0.0, 1.0 / np.sqrt(np.where(small, 1.0, rest)))[:, :, 0]
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
