"""Regression of effects that come in clusters: y = X beta + u_j + w_ij + e_ij, with robust inference.

The working model is the three-level one of `multilevel` with moderators: Var(u) = sigma2[0] between
clusters, Var(w) = sigma2[1] within them, Cov(e_j) = V_j as it is given (the correlated and hierarchical
effects model, CHE). Inference is cluster-robust: the bias-reduced variance (CR2) with Satterthwaite degrees
of freedom for one coefficient, and the approximate Hotelling test (HTZ) for several at once.

References
----------
.. [1] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3
.. [2] Pustejovsky, Tipton (2018), Journal of Business & Economic Statistics 36, 672.
   doi:10.1080/07350015.2016.1247004
.. [3] Tipton, Pustejovsky (2015), Journal of Educational and Behavioral Statistics 40, 604.
   doi:10.3102/1076998615606099
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from pdt_evidence.models.multilevel import highest
from pdt_evidence.models.nested import Blocks, sampling_blocks, total_blocks
from pdt_evidence.models.nested_regression import nest_design

__all__ = ["ClusteredFit", "RobustTest", "fit_clustered", "robust_test"]

Array = NDArray[np.float64]
TINY = 1e-12
LOST = 0.05  # share of a variance that may be lost with directions in which a cluster leaves no residual


@dataclass(frozen=True, slots=True)
class ClusteredFit:
    """A fitted regression; coefficients in the order of the columns of X.

    Attributes
    ----------
    beta : ndarray, shape (p,)
    cov_robust : ndarray, shape (p, p)
        CR2 covariance of `beta`.
    sigma2 : (float, float)
        Between clusters, within clusters; exactly 0 at the boundary.
    loads : ndarray, shape (m, p, k)
        `loads[j] @ y` is what cluster j adds to the score of `beta`; their covariances give the
        degrees of freedom of every test.
    total : ndarray, shape (k, k)
        Covariance of y under the working model.
    """

    beta: Array
    cov_robust: Array
    cov_model: Array
    sigma2: tuple[float, float]
    log_likelihood: float  # restricted, without its constants
    loads: Array
    total: Array


@dataclass(frozen=True, slots=True)
class RobustTest:
    """q linear combinations of the coefficients against 0; for q = 1 the square of a t test."""

    F: float
    q: int
    df: float  # of the denominator; NaN where it is not above 0
    p: float


def fit_clustered(yi: Array, X: Array, cluster: NDArray[np.intp], V: Array) -> ClusteredFit:
    """Fit by restricted likelihood, with CR2 covariance of the coefficients.

    Parameters
    ----------
    yi : ndarray, shape (k,)
    X : ndarray, shape (k, p)
        Of full rank, p < k.
    cluster : ndarray, shape (k,)
        Codes 0 ... m-1.
    V : ndarray, shape (k, k)
        Sampling covariance, 0 between clusters.
    """
    blocks = [
        (rows, V[rows[:, :, None], rows[:, None, :]])
        for rows, _ in sampling_blocks(np.diag(V), cluster, None)
    ]
    free = (sum(len(rows) for rows, _ in blocks) > 1, any(rows.shape[1] > 1 for rows, _ in blocks))
    sigma2, value = highest(nest_design(yi, X, blocks), free)
    log_volume = np.log(np.abs(np.diag(np.linalg.qr(X, mode="r")))).sum()  # likelihood of X, not of a basis
    return _robust(yi, X, total_blocks(blocks, sigma2), sigma2, value - log_volume)


def _robust(yi: Array, X: Array, totals: Blocks, sigma2: Array, value: float) -> ClusteredFit:
    """Coefficients and their covariances where the marginal covariances of the clusters are `totals`."""
    k, p = X.shape
    weighted, total = np.empty((k, p)), np.zeros((k, k))  # W X; all of the covariance
    for rows, M in totals:
        weighted[rows] = np.linalg.solve(M, X[rows])
        total[rows[:, :, None], rows[:, None, :]] = M
    bread = np.linalg.inv(X.T @ weighted).astype(float)
    beta = bread @ (weighted.T @ yi)
    loads = _loads(X, weighted, bread, totals)
    scores = loads @ yi  # (m, p)
    return ClusteredFit(
        beta=beta,
        cov_robust=scores.T @ scores,
        cov_model=bread,
        sigma2=(float(sigma2[0]), float(sigma2[1])),
        log_likelihood=value,
        loads=loads,
        total=total,
    )


def robust_test(fit: ClusteredFit, contrast: Array) -> RobustTest:
    """Test contrast @ beta = 0 by Hotelling's T squared with estimated degrees of freedom (HTZ).

    Parameters
    ----------
    contrast : ndarray, shape (q, p) or (p,)
        Rows linearly independent.

    Returns
    -------
    RobustTest
        F on q and eta - q + 1 degrees of freedom; NaN where that is not above 0, where too few clusters
        tell of the combinations, or one cluster alone determines a coefficient in them (it leaves no residual
        there, and CR2 would take its part of the variance for 0), and where the fit leaves no residual at all.
    """
    C = np.atleast_2d(np.asarray(contrast, dtype=float))
    q = len(C)
    values, axes = np.linalg.eigh(C @ fit.cov_model @ C.T)
    root = axes @ np.diag(values**-0.5) @ axes.T @ C  # unit covariance under the working model
    g = np.einsum("sp,mpk->smk", root, fit.loads)
    between = np.einsum("smk,kl,tnl->stmn", g, fit.total, g, optimize=True)
    diagonal = np.einsum("ssmn->smn", between)
    # CR2 is unbiased under the working model: what is missing of 1 has been lost with a direction.
    lost = 1 - np.einsum("smm->s", diagonal).min()
    if not lost < LOST:
        return RobustTest(np.nan, q, np.nan, np.nan)
    if q == 1:
        own = np.trace(diagonal[0])
        eta = max(own**2 / (diagonal[0] ** 2).sum(), 1.0)  # never below 1 but by rounding
    else:
        spread = (diagonal[:, None] * diagonal[None, :] + between * np.swapaxes(between, 2, 3)).sum()
        eta = q * (q + 1) / spread
    df, covariance = float(eta - q + 1), root @ fit.cov_robust @ root.T
    known = df > TINY and np.linalg.eigvalsh(covariance)[0] > TINY
    if not known:  # too few clusters for so many combinations, or nothing left to judge by
        return RobustTest(np.nan, q, np.nan, np.nan)
    estimate = root @ fit.beta
    Q = float(estimate @ np.linalg.solve(covariance, estimate))
    F = Q * df / (eta * q)
    return RobustTest(float(F), q, df, float(fdtrc(q, df, F)))


def _loads(X: Array, weighted: Array, bread: Array, totals: Blocks) -> Array:
    """What every cluster adds to the score of beta, as a linear function of y: (m, p, k)."""
    k = len(X)
    fitted = bread @ weighted.T  # beta as a linear function of y
    found = []
    for rows, M in totals:
        # A_j' W_j X_j, A_j being symmetric in M
        adjusted = bread @ np.swapaxes(_adjustment(M, X[rows], bread) @ weighted[rows], -1, -2)  # (b, p, s)
        found.append(adjusted @ (np.eye(k)[rows] - X[rows] @ fitted))
    return np.concatenate(found)


def _adjustment(M: Array, Xj: Array, bread: Array) -> Array:
    """Transposes of the CR2 matrices A_j = D' B^+1/2 D, B = D (M - X bread X') D', where M = D'D: (b, s, s)."""
    lower = np.linalg.cholesky(M)  # D'
    D = np.swapaxes(lower, -1, -2)
    B = D @ (M - Xj @ bread @ np.swapaxes(Xj, -1, -2)) @ lower
    values, axes = np.linalg.eigh((B + np.swapaxes(B, -1, -2)) / 2)
    small = values <= np.maximum(values.max(-1, keepdims=True), 0.0) * TINY
    power = np.where(small, 0.0, np.where(small, 1.0, values) ** -0.5)
    inverse_root = (axes * power[:, None, :]) @ np.swapaxes(axes, -1, -2)
    return np.swapaxes(lower @ inverse_root @ D, -1, -2)
