"""Likelihood of effects whose chance to be published is a beta function of their p-values.

The weight of a study with the one-sided p-value p is p^(a - 1) (1 - p)^(b - 1), with p brought between two
bounds: beyond them the weight is constant, without which the density need not have an integral. Between them
the integral over the effects is by Gauss-Legendre nodes in z = Phi^-1(1 - p), where the weight is smooth and
the density no narrower than the standard normal.

References
----------
.. [1] Citkowicz, Vevea (2017). doi:10.1037/met0000119
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri

__all__ = ["Beta"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
LOG_2PI = np.log(2 * np.pi)
ROOT_2PI = np.sqrt(2 * np.pi)
NODES = 48


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beta:
    """The data of the likelihood; an instance is a `Likelihood` in the sense of `ascent`.

    Parameters are mu, tau2, log a and log b.
    """

    yi: Floats  # (k,)
    vi: Floats
    bounds: tuple[float, float]  # of the p-values
    times: Floats | None = None  # (n, k), how often each study counts, one row a data set; None: once
    logs: Floats = field(init=False)  # (2, k), log p and log(1 - p) of each study
    nodes: Floats = field(init=False)  # (Q,), in z
    loads: Floats = field(init=False)  # (Q,), their weights in the integral
    columns: Floats = field(init=False)  # (Q, 6): 1, log p, log(1 - p), their squares and product
    ends: Floats = field(init=False)  # (2, 6), the same at the bounds

    def __post_init__(self) -> None:
        small, large = self.bounds
        high, low = -ndtri(small), -ndtri(large)
        x, w = np.polynomial.legendre.leggauss(NODES)
        nodes = low + (high - low) * (x + 1) / 2
        z = np.clip(self.yi / np.sqrt(self.vi), low, high)
        for name, content in (
            ("logs", np.stack([log_ndtr(-z), log_ndtr(z)])),
            ("nodes", nodes),
            ("loads", w * (high - low) / 2),
            ("columns", _columns(nodes)),
            ("ends", _columns(np.array([high, low]))),
        ):
            object.__setattr__(self, name, content)

    def __call__(self, theta: Floats, owner: Index) -> tuple[Floats, Floats, Floats]:
        at, score, hessian = self.parts(theta, owner)
        if self.times is None:
            return at.sum(-1), score.sum(-1), hessian
        times = self.times[owner]
        return (at * times).sum(-1), np.einsum("bpk,bk->bp", score, times), hessian

    def parts(self, theta: Floats, owner: Index) -> tuple[Floats, Floats, Floats]:
        """Log-likelihood (B, k) and score (B, 4, k) of each study, and the Hessian (B, 4, 4) of all."""
        mu, u = theta[:, :1], self.vi + theta[:, 1:2]
        shape = np.exp(theta[:, 2:])  # (B, 2): a, b
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            A, slopes, curves = self._integral(mu, u, shape)
            apart = self.yi - mu
            scaled = apart / u
            square = apart * scaled
            own = ((shape - 1)[:, :, None] * self.logs).sum(1)
            at = own - 0.5 * (np.log(u) + LOG_2PI + square) - np.log(A)
            score = -slopes
            score[:, 0] += scaled
            score[:, 1] += (square - 1) / (2 * u)
            score[:, 2:] += shape[:, :, None] * self.logs
            second = slopes[:, :, None] * slopes[:, None] - curves
            second[:, 0, 0] -= 1 / u
            second[:, 0, 1] -= scaled / u
            second[:, 1, 0] -= scaled / u
            second[:, 1, 1] += (0.5 - square) / u**2
            second[:, 2, 2] += shape[:, :1] * self.logs[0]
            second[:, 3, 3] += shape[:, 1:] * self.logs[1]
        if self.times is None:
            return at, score, second.sum(-1)
        return at, score, np.einsum("bpqk,bk->bpq", second, self.times[owner])

    def _integral(self, mu: Floats, u: Floats, shape: Floats) -> tuple[Floats, Floats, Floats]:
        """A (B, k) and its derivatives relative to it, (B, 4, k) and (B, 4, 4, k)."""
        sei = np.sqrt(self.vi)
        away = self.nodes * sei[:, None] - mu[:, :, None]  # (B, k, Q)
        weight = np.exp(((shape - 1)[:, :, None] * self.columns[:, 1:3].T).sum(1)) * self.loads  # (B, Q)
        root = np.sqrt(u)
        height = (
            np.exp(-0.5 * away**2 / u[:, :, None]) * weight[:, None] * (sei / (root * ROOT_2PI))[:, :, None]
        )
        # Sums over the nodes, by powers of the distance (0 ... 4) and by column.
        zero = height @ self.columns
        one, two = (height * away) @ self.columns[:, :3], (height * away**2) @ self.columns[:, :3]
        three, four = (height * away**3).sum(-1), (height * away**4).sum(-1)
        by_mu = one / u[..., None]
        by_tau2 = (two / u[..., None] - zero[..., :3]) / (2 * u[..., None])
        mu_mu = two[..., 0] / u**2 - zero[..., 0] / u
        mu_tau2 = (three / u - 3 * one[..., 0]) / (2 * u**2)
        tau2_tau2 = (four / u**2 - 6 * two[..., 0] / u + 3 * zero[..., 0]) / (4 * u**2)
        for end, sign in ((0, 1.0), (1, -1.0)):
            z = -ndtri(self.bounds[end])
            h = (z * sei - mu) / root
            load = np.exp(((shape - 1) * self.ends[end, 1:3]).sum(1))[:, None]
            density = sign * load * np.exp(-0.5 * h**2) / ROOT_2PI
            zero = zero + (load * ndtr(-sign * h))[..., None] * self.ends[end]
            by_mu = by_mu + (density / root)[..., None] * self.ends[end, :3]
            by_tau2 = by_tau2 + (density * h / (2 * u))[..., None] * self.ends[end, :3]
            mu_mu += density * h / u
            mu_tau2 += density * (h**2 - 1) / (2 * u * root)
            tau2_tau2 += density * h * (h**2 - 3) / (4 * u**2)
        return _arranged(zero, by_mu, by_tau2, (mu_mu, mu_tau2, tau2_tau2), shape)


def _columns(z: Floats) -> Floats:
    p, q = log_ndtr(-z), log_ndtr(z)
    return np.column_stack([np.ones_like(z), p, q, p**2, p * q, q**2])


def _arranged(
    zero: Floats, by_mu: Floats, by_tau2: Floats, curved: tuple[Floats, Floats, Floats], shape: Floats
) -> tuple[Floats, Floats, Floats]:
    """First and second derivatives of A by the four parameters, relative to A."""
    A = zero[..., 0]
    a, b = shape[:, :1], shape[:, 1:]
    slopes = np.stack([by_mu[..., 0], by_tau2[..., 0], a * zero[..., 1], b * zero[..., 2]], axis=1)
    curves = np.empty((len(A), 4, 4, A.shape[1]))
    curves[:, 0, 0], curves[:, 0, 1], curves[:, 1, 1] = curved
    curves[:, 0, 2], curves[:, 0, 3] = a * by_mu[..., 1], b * by_mu[..., 2]
    curves[:, 1, 2], curves[:, 1, 3] = a * by_tau2[..., 1], b * by_tau2[..., 2]
    curves[:, 2, 2] = a**2 * zero[..., 3] + a * zero[..., 1]
    curves[:, 2, 3] = a * b * zero[..., 4]
    curves[:, 3, 3] = b**2 * zero[..., 5] + b * zero[..., 2]
    for i, j in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        curves[:, j, i] = curves[:, i, j]
    return A, slopes / A[:, None], curves / A[:, None, None]
