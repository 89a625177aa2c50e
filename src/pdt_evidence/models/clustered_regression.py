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

__all__ = ["ClusteredFit", "RobustTest", "fit_clustered", "robust_test"]

Array = NDArray[np.float64]
MOST_STEPS = 100
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
    same = (cluster[:, None] == cluster[None, :]).astype(float)
    free = (len(np.unique(cluster)) > 1, bool((same.sum(axis=1) > 1).any()))
    sigma2, value = _maximise(_padded(yi, X, V, cluster), free)
    total = V + sigma2[0] * same + sigma2[1] * np.eye(len(yi))
    W = np.linalg.inv(total)
    bread = np.linalg.inv(X.T @ W @ X)
    beta = bread @ (X.T @ (W @ yi))
    loads = _loads(X, W, bread, total, cluster)
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


def _loads(X: Array, W: Array, bread: Array, total: Array, cluster: NDArray[np.intp]) -> Array:
    """What every cluster adds to the score of beta, as a linear function of y: (m, p, k)."""
    k = len(X)
    hat = X @ bread @ X.T @ W
    found = []
    for code in np.unique(cluster):
        own = np.flatnonzero(cluster == code)
        M = total[np.ix_(own, own)]
        XWj = W[np.ix_(own, own)] @ X[own]
        adjusted = _adjustment(M, X[own], bread) @ XWj  # (s, p): A_j' W_j X_j, A_j being symmetric in M
        residual = np.eye(k)[own] - hat[own]
        found.append(bread @ adjusted.T @ residual)
    return np.array(found)


def _adjustment(M: Array, Xj: Array, bread: Array) -> Array:
    """Transpose of the CR2 matrix A_j = D' B^+1/2 D, B = D (M - X bread X') D', where M = D'D."""
    D = np.linalg.cholesky(M).T  # upper, M = D'D
    B = D @ (M - Xj @ bread @ Xj.T) @ D.T
    values, axes = np.linalg.eigh((B + B.T) / 2)
    small = values <= max(values.max(), 0.0) * TINY
    inverse_root = axes @ np.diag(np.where(small, 0.0, np.where(small, 1.0, values) ** -0.5)) @ axes.T
    return (D.T @ inverse_root @ D).T


@dataclass(frozen=True, slots=True)
class _Clusters:
    """Rows by cluster, filled up to the largest with rows of 0 that are independent and count nothing."""

    y: Array  # (m, s)
    X: Array  # (m, s, p)
    V: Array  # (m, s, s), 1 on the diagonal of a row that fills up
    parts: tuple[Array, Array]  # what a unit of each variance adds to V, 0 in the rows that fill up
    present: Array  # (m, s)


def _padded(yi: Array, X: Array, V: Array, cluster: NDArray[np.intp]) -> _Clusters:
    codes, sizes = np.unique(cluster, return_counts=True)
    order = np.argsort(cluster, kind="stable")
    m, s = len(codes), int(sizes.max())
    present = np.arange(s) < sizes[:, None]
    rows = np.zeros((m, s), dtype=np.intp)
    rows[present] = order
    both = (present[:, :, None] & present[:, None, :]).astype(float)
    filler = np.eye(s) * ~present[:, :, None]
    own = V[rows[:, :, None], rows[:, None, :]] * both + filler
    return _Clusters(
        yi[rows] * present,
        X[rows] * present[:, :, None],
        own,
        (both, both * np.eye(s)),
        present.astype(float),
    )


def _maximise(data: _Clusters, free: tuple[bool, bool]) -> tuple[Array, float]:
    """Greatest restricted likelihood over sigma2 >= 0: Fisher scoring from the best points of a grid."""
    there = data.present > 0
    own = np.diagonal(data.V, axis1=1, axis2=2)[there]
    scale = float(np.var(data.y[there])) + float(np.median(own))
    ladder = np.concatenate([[0.0], np.geomspace(1e-3, 3.0, 6) * scale])
    grid = [
        np.array([between if free[0] else 0.0, within if free[1] else 0.0])
        for between in (ladder if free[0] else [0.0])
        for within in (ladder if free[1] else [0.0])
    ]
    grid.sort(key=lambda at: _likelihood(data, at)[0], reverse=True)
    limits = [_climb(data, free, at, scale) for at in grid[:3]]
    return max(limits, key=lambda end: end[1])


def _climb(data: _Clusters, free: tuple[bool, bool], at: Array, scale: float) -> tuple[Array, float]:
    value, gradient, information = _likelihood(data, at)
    for _ in range(MOST_STEPS):
        moving = np.array(free) & ~((at <= 0) & (gradient <= 0))
        if not moving.any():
            break
        step = np.zeros(2)
        step[moving] = np.linalg.solve(information[np.ix_(moving, moving)], gradient[moving])
        trial = np.maximum(at + step, 0.0)
        new = _likelihood(data, trial)
        while new[0] < value - TINY * (1 + abs(value)) and np.abs(trial - at).max() > TINY * scale:
            trial = (at + trial) / 2
            new = _likelihood(data, trial)
        moved = np.abs(trial - at).max()
        at, (value, gradient, information) = trial, new
        if moved <= TINY * scale:
            break
    return at, value


def _likelihood(data: _Clusters, sigma2: Array) -> tuple[float, Array, Array]:
    """Restricted log-likelihood (no constants), its gradient, and the expected information.

    With W the inverse of the total covariance, B = (X'WX)^-1 and P = W - W X B X'W, everything is a sum over
    clusters: tr(P Z) = tr(W Z) - tr(B X'W Z W X), and likewise for tr(P Z P Z).
    """
    total = data.V + sigma2[0] * data.parts[0] + sigma2[1] * data.parts[1]
    W = np.linalg.inv(total) * data.parts[0]  # 0 in the rows that fill up
    WX = W @ data.X
    p = WX.shape[-1]
    XWX = np.einsum("msp,msq->pq", data.X, WX)
    B = np.linalg.inv(XWX)
    beta = B @ np.einsum("msp,ms->p", WX, data.y)
    Py = np.einsum("mst,mt->ms", W, data.y - data.X @ beta)
    logdet = np.linalg.slogdet(total)[1].sum() + np.linalg.slogdet(XWX)[1]
    value = -0.5 * (logdet + float((data.y * Py).sum()))
    gradient, information = np.empty(2), np.empty((2, 2))
    WZ = [W @ Z for Z in data.parts]
    ZWX = [(Z @ WX).reshape(-1, p) for Z in data.parts]
    BXZX = [B @ (WX.reshape(-1, p).T @ right) for right in ZWX]  # B X'W Z W X
    for i, Z in enumerate(data.parts):
        trace = np.trace(WZ[i], axis1=1, axis2=2).sum() - np.trace(BXZX[i])
        gradient[i] = -0.5 * (trace - np.einsum("ms,mst,mt->", Py, Z, Py))
        for j in range(2):
            WZWX = (W @ ZWX[j].reshape(WX.shape)).reshape(-1, p)
            crossed = (WZ[i] * np.swapaxes(WZ[j], 1, 2)).sum() - 2 * np.trace(B @ (ZWX[i].T @ WZWX))
            information[i, j] = 0.5 * (crossed + np.trace(BXZX[i] @ BXZX[j]))
    return value, gradient, information
