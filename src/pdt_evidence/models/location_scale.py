"""Location-scale models: the mean effect depends on some columns, the variance between studies on others.

y_i ~ N(x_i beta, v_i + tau2_i), log tau2_i = z_i alpha. The likelihood is climbed in alpha alone, with beta at its
best for each alpha, by Newton's method with exact derivatives.

References
----------
.. [1] Viechtbauer, López-López (2022). doi:10.1002/jrsm.1562
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ScaleFit", "fit_scale"]

Array = NDArray[np.float64]
STEPS = 200
STEEP = 1e-9  # gradient at which a peak is reached
LARGEST = 2.0  # of a step: tau2 at most 7 times what it was
FARTHEST = 30.0  # of log tau2 from that of the effects: beyond it tau2 is 0 or without bound


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleFit:
    """The best of the peaks that were found."""

    alpha: Array  # (q,)
    alpha_cov: Array  # (q, q), from the observed information
    beta: Array  # (p,)
    beta_cov: Array  # (p, p)
    tau2: Array  # (k,)
    log_likelihood: float
    converged: bool  # the gradient is 0 there and the likelihood falls off on all sides


@dataclass(frozen=True, slots=True)
class _At:
    value: float
    gradient: Array
    hessian: Array


def fit_scale(y: Array, v: Array, X: Array, Z: Array, *, restricted: bool, start: float) -> ScaleFit:
    """Maximise the (restricted) likelihood.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Effects and sampling variances.
    X, Z : ndarray, shape (k, p), (k, q)
        Designs of the mean and of log tau2, of full rank.
    restricted : bool
        REML, else ML.
    start : float
        A tau2 of all studies to begin with; 0 is replaced by a share of the variances.
    """
    # Climbed on orthonormal columns of the same span, where a calendar year is no steeper than a share.
    X, of_mean = _orthonormal(X)
    Z, of_scale = _orthonormal(Z)
    level = np.log(max(start, 0.01 * float(np.median(v))))
    flat = Z.T @ np.ones(len(y)) / len(y)  # Z flat = 1 where Z has an intercept
    peaks = [_climb(y, v, X, Z, flat * (level + shift), restricted) for shift in (0.0, 2.0, -2.0, -6.0)]
    alpha, at = max(peaks, key=lambda peak: peak[1].value)
    W, XWX = _weights(v, X, Z, alpha)
    cov = np.asarray(np.linalg.inv(XWX), dtype=float)
    information = -at.hessian
    sure = bool(np.all(np.isfinite(information)) and np.linalg.eigvalsh(information)[0] > 0)
    alpha_cov = np.linalg.inv(information) if sure else np.full_like(information, np.nan)
    return ScaleFit(
        alpha=of_scale @ alpha,
        alpha_cov=of_scale @ alpha_cov @ of_scale.T,
        beta=of_mean @ cov @ (X.T @ (W * y)),
        beta_cov=of_mean @ cov @ of_mean.T,
        tau2=_tau2(Z, alpha),
        log_likelihood=at.value,
        converged=sure and float(np.abs(at.gradient).max()) < 1e-4,
    )


def _orthonormal(X: Array) -> tuple[Array, Array]:
    """Columns U of the same span with U'U = k, and the matrix that takes their coefficients to those of X."""
    size = np.sqrt(np.mean(X**2, axis=0))
    Q, R = np.linalg.qr(X / size)
    root = np.sqrt(len(X))
    return Q * root, np.linalg.inv(R / root) / size[:, None]


def _tau2(Z: Array, alpha: Array) -> Array:
    return np.exp(np.clip(Z @ alpha, -300.0, 300.0))


def _weights(v: Array, X: Array, Z: Array, alpha: Array) -> tuple[Array, Array]:
    W = 1 / (v + _tau2(Z, alpha))
    return W, X.T @ (W[:, None] * X)


def _climb(y: Array, v: Array, X: Array, Z: Array, alpha: Array, restricted: bool) -> tuple[Array, _At]:
    """Newton's steps uphill, each shortened until it is one."""
    at = _derivatives(y, v, X, Z, alpha, restricted)
    around = float(np.mean(Z @ alpha))
    for _ in range(STEPS):
        if np.abs(at.gradient).max() < STEEP:
            break
        curvature, axes = np.linalg.eigh(-at.hessian)
        floor = 1e-6 * max(float(np.abs(curvature).max()), 1e-12)
        step = axes @ ((axes.T @ at.gradient) / np.maximum(np.abs(curvature), floor))
        step *= min(1.0, LARGEST / max(float(np.abs(Z @ step).max()), 1e-300))
        for _ in range(40):
            new = _derivatives(y, v, X, Z, alpha + step, restricted)
            if new.value >= at.value:
                break
            step = step / 2
        else:
            break
        alpha, gained, at = alpha + step, new.value - at.value, new
        if gained < 1e-14 * (1 + abs(at.value)) and np.abs(at.gradient).max() < 1e-6:
            break
        if np.abs(Z @ alpha - around).min() > FARTHEST:
            break
    return alpha, at


def _derivatives(y: Array, v: Array, X: Array, Z: Array, alpha: Array, restricted: bool) -> _At:
    """Log-likelihood with its first and second derivatives by alpha.

    With P = W - W X (X'WX)^-1 X'W and D_j = diag(tau2 z_j): the gradient is (y'P D_j P y - tr(P D_j)) / 2, for ML with
    tr(W D_j) instead.
    """
    tau2 = _tau2(Z, alpha)
    W, XWX = _weights(v, X, Z, alpha)
    WX = W[:, None] * X
    P = np.diag(W) - WX @ np.linalg.solve(XWX, WX.T)
    Py = P @ y
    k, p = X.shape
    T = P if restricted else np.diag(W)
    diagonal = np.diagonal(T)
    value = 0.5 * (np.log(W).sum() - float(y @ Py) - (k - (p if restricted else 0)) * np.log(2 * np.pi))
    if restricted:
        value += 0.5 * (np.linalg.slogdet(X.T @ X)[1] - np.linalg.slogdet(XWX)[1])
    D = tau2[:, None] * Z  # column j: the diagonal of D_j
    gradient = 0.5 * (D.T @ (Py**2 - diagonal))
    DPy = D * Py[:, None]
    hessian = 0.5 * D.T @ (T**2) @ D - DPy.T @ P @ DPy + 0.5 * (Z.T * (tau2 * (Py**2 - diagonal))) @ Z
    return _At(float(value), gradient, hessian)
