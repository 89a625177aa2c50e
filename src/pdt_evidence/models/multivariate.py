"""Several outcomes of each trial in one model: their sampling covariances, and how their true effects vary together.

y ~ N(X beta, V + G), where G holds, for two rows of one trial, the covariance T of the true effects of their outcomes.
T is L L' with L lower triangular ("UN"), or one variance with one correlation ("CS").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["STRUCTURES", "MultivariateFit", "fit_multivariate", "sampling_correlations"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
STRUCTURES = ("UN", "CS")


@dataclass(frozen=True, slots=True, kw_only=True)
class MultivariateFit:
    """The best of the peaks found from several starts."""

    beta: Array  # (p,)
    beta_cov: Array  # (p, p)
    T: Array  # (p, p): covariances of the true effects
    log_likelihood: float
    QE: float  # residual heterogeneity


def sampling_correlations(
    cluster: Codes,
    kinds: Codes,
    observations: Codes,
    arms: tuple[Codes, Codes] | None,
    persons: tuple[Array, Array] | None,
    time: Array | None,
    rho: float,
    rho_kinds: float,
    phi: float,
) -> Array:
    """Correlations of the sampling errors of rows, 0 between clusters.

    As metafor's `vcalc` has it: of one kind `rho` between different observations, between kinds `rho_kinds`; times
    phi to the power of the time apart; times what contrasts of one trial share through their arms.

    Parameters
    ----------
    cluster, kinds, observations : ndarray of int, shape (k,)
    arms : (ndarray of int, ndarray of int), optional
        Arm 1 and arm 2 of each row; equal numbers are one arm.
    persons : (ndarray, ndarray), optional
        Persons in each, by which the arms weigh; without them all arms weigh alike.
    time : ndarray, shape (k,), optional
    """
    same = cluster[:, None] == cluster
    within = np.where(observations[:, None] == observations, 1.0, rho)
    r = np.where(kinds[:, None] == kinds, within, rho_kinds)
    lag = np.ones_like(r) if time is None else phi ** np.abs(time[:, None] - time)
    if arms is None:
        return np.where(same, r * lag, 0.0)
    n_t, n_c = persons if persons is not None else (np.ones(len(cluster)), np.ones(len(cluster)))
    parts = [(arms[0], 1.0 / np.sqrt(n_t), 1.0), (arms[1], 1.0 / np.sqrt(n_c), -1.0)]
    shared = sum(
        sign * other_sign * (arm[:, None] == other) * np.outer(root, other_root)
        for arm, root, sign in parts
        for other, other_root, other_sign in parts
    )
    scale = np.sqrt(1 / n_t + 1 / n_c - 2 * (arms[0] == arms[1]) / np.sqrt(n_t * n_c))
    return np.where(same, r * lag * shared / np.outer(scale, scale), 0.0)


def fit_multivariate(
    y: Array, V: Array, outcome: Codes, cluster: Codes, *, struct: str, restricted: bool
) -> MultivariateFit:
    """Maximise the (restricted) likelihood over T, with one mean an outcome.

    Parameters
    ----------
    y : ndarray, shape (k,)
    V : ndarray, shape (k, k)
        Sampling covariances.
    outcome, cluster : ndarray of int, shape (k,)
        From 0; every outcome occurs.
    struct : {"UN", "CS"}
    restricted : bool
        REML, else ML.
    """
    from scipy.optimize import minimize

    p = int(outcome.max()) + 1
    X = np.eye(p)[outcome]
    same = (cluster[:, None] == cluster).astype(float)
    scale = float(max(np.var(y - X @ np.linalg.lstsq(X, y, rcond=None)[0]), 0.05 * np.median(np.diagonal(V))))
    shape = _UN(p) if struct == "UN" else _CS(p)

    def loss(theta: Array) -> tuple[float, Array]:
        value, gradient = _likelihood(y, V, X, same, shape, theta, restricted)
        return -value, -gradient

    options: Any = {"gtol": 1e-9, "maxiter": 1000}
    peaks = [minimize(loss, start, jac=True, method="BFGS", options=options) for start in shape.starts(scale)]
    theta = min(peaks, key=lambda peak: peak.fun).x
    T = shape.T(theta)
    M = V + same * (X @ T @ X.T)
    W = np.linalg.inv(M)
    cov = np.asarray(np.linalg.inv(X.T @ W @ X), dtype=float)
    W0 = np.linalg.inv(V)
    fixed = W0 - W0 @ X @ np.linalg.solve(X.T @ W0 @ X, X.T @ W0)
    value = _likelihood(y, V, X, same, shape, theta, restricted)[0]
    return MultivariateFit(
        beta=cov @ X.T @ W @ y, beta_cov=cov, T=T, log_likelihood=value, QE=float(y @ fixed @ y)
    )


def _logistic(x: float) -> float:
    """1 / (1 + exp(-x)), which does not overflow."""
    return 0.5 * (1 + float(np.tanh(0.5 * x)))


class _UN:
    """T = L L': p (p + 1) / 2 numbers, any of which give a covariance."""

    def __init__(self, p: int) -> None:
        self.p, self.at = p, np.tril_indices(p)

    def T(self, theta: Array) -> Array:
        L = self._lower(theta)
        return L @ L.T

    def slopes(self, theta: Array) -> list[Array]:
        L = self._lower(theta)
        found = []
        for row, column in zip(*self.at, strict=True):
            slope = np.zeros((self.p, self.p))
            slope[row] = L[:, column]
            found.append(slope + slope.T)
        return found

    def starts(self, scale: float) -> list[Array]:
        """Independent, and strongly correlated either way; large and small."""
        found = []
        for size in (1.0, 0.1):
            for r in (0.0, 0.7, -0.7 / max(self.p - 1, 1)):
                T = size * scale * (np.full((self.p, self.p), r) + (1 - r) * np.eye(self.p))
                found.append(np.linalg.cholesky(T)[self.at])
        return found

    def _lower(self, theta: Array) -> Array:
        L = np.zeros((self.p, self.p))
        L[self.at] = theta
        return L


class _CS:
    """One variance a^2 and one correlation, from its least possible, -1 / (p - 1), to 1."""

    def __init__(self, p: int) -> None:
        self.p, self.low = p, -1 / max(p - 1, 1)

    def T(self, theta: Array) -> Array:
        r = self._r(theta)
        return theta[0] ** 2 * (np.full((self.p, self.p), r) + (1 - r) * np.eye(self.p))

    def slopes(self, theta: Array) -> list[Array]:
        share = _logistic(theta[1])
        off = 1 - np.eye(self.p)
        by_size = 2 * theta[0] * (np.eye(self.p) + self._r(theta) * off)
        return [by_size, theta[0] ** 2 * (1 - self.low) * share * (1 - share) * off]

    def starts(self, scale: float) -> list[Array]:
        return [np.array([np.sqrt(size * scale), t]) for size in (1.0, 0.1) for t in (0.0, 2.0, -2.0)]

    def _r(self, theta: Array) -> float:
        return float(self.low + (1 - self.low) * _logistic(theta[1]))


def _likelihood(
    y: Array, V: Array, X: Array, same: Array, shape: _UN | _CS, theta: Array, restricted: bool
) -> tuple[float, Array]:
    """Log-likelihood and its gradient by theta."""
    M = V + same * (X @ shape.T(theta) @ X.T)
    try:
        W = np.linalg.inv(M)
        sign, log_det = np.linalg.slogdet(M)
    except np.linalg.LinAlgError:
        sign, log_det, W = -1.0, 0.0, M
    if sign <= 0:
        return -1e10, np.zeros_like(theta)
    XWX = X.T @ W @ X
    P = W - W @ X @ np.linalg.solve(XWX, X.T @ W)
    Py = P @ y
    k, p = X.shape
    value = -0.5 * (log_det + float(y @ Py) + (k - (p if restricted else 0)) * np.log(2 * np.pi))
    if restricted:
        value += 0.5 * float(np.linalg.slogdet(X.T @ X)[1] - np.linalg.slogdet(XWX)[1])
    inner = same * (np.outer(Py, Py) - (P if restricted else W))
    by_T = X.T @ inner @ X  # derivative by T, entry by entry
    return value, np.array([0.5 * float(np.sum(by_T * slope)) for slope in shape.slopes(theta)])
