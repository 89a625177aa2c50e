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

from pdt_evidence.models.quadrature import legendre

__all__ = ["Beta"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
LOG_2PI = np.log(2 * np.pi)
ROOT_2PI = np.sqrt(2 * np.pi)
NODES = 48
SIDES = np.array([[1.0], [-1.0]])  # of the bounds: the tail above the upper, the tail below the lower
# The pairs of parameters in the order of second derivatives, and where each is in a Hessian.
FIRST = np.array([0, 0, 1, 0, 0, 1, 1, 2, 2, 3])
SECOND = np.array([0, 1, 1, 2, 3, 2, 3, 2, 3, 3])
PAIRS = np.empty((4, 4), dtype=np.intp)
PAIRS[FIRST, SECOND] = PAIRS[SECOND, FIRST] = np.arange(10)


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
    spots: Floats = field(init=False)  # (k, Q), the nodes as effects of each study
    loads: Floats = field(init=False)  # (Q,), their weights in the integral
    columns: Floats = field(init=False)  # (Q, 6): 1, log p, log(1 - p), their squares and product
    cuts: Floats = field(init=False)  # (2,), the bounds in z
    ends: Floats = field(init=False)  # (2, 6), the columns at the bounds

    def __post_init__(self) -> None:
        small, large = self.bounds
        high, low = -ndtri(small), -ndtri(large)
        x, w = legendre(NODES)
        nodes = low + (high - low) * (x + 1) / 2
        z = np.clip(self.yi / np.sqrt(self.vi), low, high)
        for name, content in (
            ("logs", np.stack([log_ndtr(-z), log_ndtr(z)])),
            ("spots", nodes * np.sqrt(self.vi)[:, None]),
            ("loads", w * (high - low) / 2),
            ("columns", _columns(nodes)),
            ("cuts", np.array([high, low])),
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
            second = slopes[:, FIRST] * slopes[:, SECOND] - curves  # (B, 10, k)
            second[:, 0] -= 1 / u
            second[:, 1] -= scaled / u
            second[:, 2] += (0.5 - square) / u**2
            second[:, 7] += shape[:, :1] * self.logs[0]
            second[:, 9] += shape[:, 1:] * self.logs[1]
        summed = second.sum(-1) if self.times is None else np.einsum("bpk,bk->bp", second, self.times[owner])
        return at, score, summed[:, PAIRS]

    def _integral(self, mu: Floats, u: Floats, shape: Floats) -> tuple[Floats, Floats, Floats]:
        """A (B, k) and its derivatives relative to it, (B, 4, k) and, of the pairs, (B, 10, k).

        Derivatives by mu and tau2 are sums over Hermite polynomials of the standardised distance x, as
        N(x)' = -x N(x): by mu He1 / root, by tau2 He2 / (2 u), and so on to He4 / (4 u**2). Beyond the bounds, where
        the weight is constant, their integrals are N(h) times the polynomial of one degree less at the bound.
        """
        sei, root = np.sqrt(self.vi), np.sqrt(u)
        weight = np.exp(((shape - 1)[:, :, None] * self.columns[:, 1:3].T).sum(1)) * self.loads  # (B, Q)
        columns = weight[:, :, None] * self.columns  # (B, Q, 6)
        x = (self.spots - mu[:, :, None]) / root[:, :, None]  # (B, k, Q)
        square = x * x
        height = np.exp(-0.5 * square)
        moved = height * x
        h = (self.cuts[:, None] * sei - mu[:, None]) / root[:, None]  # (B, 2, k)
        load = np.exp(((shape - 1)[:, None] * self.ends[:, 1:3]).sum(2))[:, :, None] * SIDES
        density = load * np.exp(-0.5 * h**2) / ROOT_2PI
        inner, three, one = (sei / (root * ROOT_2PI))[:, :, None], columns[..., :3], columns[..., :1]
        zero = (height @ columns) * inner + self._beyond(load * SIDES * ndtr(-SIDES * h), 6)
        he1 = (moved @ three) * inner + self._beyond(density, 3)
        he2 = ((height * (square - 1)) @ three) * inner + self._beyond(density * h, 3)
        he3 = ((moved * (square - 3)) @ one) * inner + self._beyond(density * (h**2 - 1), 1)
        he4 = ((height * ((square - 6) * square + 3)) @ one) * inner + self._beyond(
            density * (h**2 - 3) * h, 1
        )
        by_mu, by_tau2 = he1 / root[:, :, None], he2 / (2 * u[:, :, None])
        curved = (he2[..., 0] / u, he3[..., 0] / (2 * u * root), he4[..., 0] / (4 * u**2))
        return _arranged(zero, by_mu, by_tau2, curved, shape)

    def _beyond(self, parts: Floats, columns: int) -> Floats:
        """Both tails (B, 2, k) by column, (B, k, columns)."""
        return np.swapaxes(parts, 1, 2) @ self.ends[:, :columns]


def _columns(z: Floats) -> Floats:
    p, q = log_ndtr(-z), log_ndtr(z)
    return np.column_stack([np.ones_like(z), p, q, p**2, p * q, q**2])


def _arranged(
    zero: Floats, by_mu: Floats, by_tau2: Floats, curved: tuple[Floats, Floats, Floats], shape: Floats
) -> tuple[Floats, Floats, Floats]:
    """First and second derivatives of A by the four parameters, relative to A."""
    A = zero[..., 0]
    a, b = shape[:, :1], shape[:, 1:]
    by_a, by_b = a * zero[..., 1], b * zero[..., 2]
    slopes = np.stack([by_mu[..., 0], by_tau2[..., 0], by_a, by_b], axis=1)
    curves = np.stack(
        [
            *curved,
            a * by_mu[..., 1],
            b * by_mu[..., 2],
            a * by_tau2[..., 1],
            b * by_tau2[..., 2],
            a**2 * zero[..., 3] + by_a,
            a * b * zero[..., 4],
            b**2 * zero[..., 5] + by_b,
        ],
        axis=1,
    )
    return A, slopes / A[:, None], curves / A[:, None]
