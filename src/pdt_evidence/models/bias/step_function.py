"""Likelihood of effects that were selected by their p-values, with a weight for each interval of p.

A study with effect y, variance v and one-sided p = 1 - Phi(y / sqrt(v)) has the density

    weight(p) N(y; mu, v + tau2) / A,    A = sum over intervals of weight * P(p in the interval).

The weight of the first interval is 1. Weights are estimated, as logarithms, or given in advance, the same for
all studies or each its own.

References
----------
.. [1] Hedges, Vevea (1996). doi:10.3102/10769986021004299
.. [2] Vevea, Hedges (1995). doi:10.1007/BF02294384
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

__all__ = ["Steps", "interval_of"]

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
LOG_2PI = np.log(2 * np.pi)
ROOT_2PI = np.sqrt(2 * np.pi)


def interval_of(yi: Floats, vi: Floats, steps: Floats) -> Index:
    """The interval of the one-sided p-value of each study, 0 the smallest; p = steps[j] belongs to interval j."""
    return np.searchsorted(steps, ndtr(-yi / np.sqrt(vi)), side="left")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """The data of the likelihood; an instance is a `Likelihood` in the sense of `ascent`.

    Parameters are mu, tau2 and, unless `weights` are given, the logarithms of the weights but the first.
    """

    yi: Floats  # (k,)
    vi: Floats
    steps: Floats  # (m,), rising
    weights: Floats | None = None  # (k, m + 1), given in advance
    times: Floats | None = None  # (n, k), how often each study counts, one row a data set; None: once
    where: Index = field(init=False)  # (k,), the interval of each study
    edges: Floats = field(init=False)  # (m, k), effects at the steps
    inside: Floats = field(init=False)  # (m, k), 1 where a study is in an interval, the first left out

    def __post_init__(self) -> None:
        where = interval_of(self.yi, self.vi, self.steps)
        object.__setattr__(self, "where", where)
        object.__setattr__(self, "edges", -ndtri(self.steps)[:, None] * np.sqrt(self.vi))
        object.__setattr__(self, "inside", (where == np.arange(1, len(self.steps) + 1)[:, None]) * 1.0)

    def __call__(self, theta: Floats, owner: Index) -> tuple[Floats, Floats, Floats]:
        at, score, hessian = self.parts(theta, owner)
        times = 1.0 if self.times is None else self.times[owner]
        gradient = score.sum(-1) if self.times is None else np.einsum("bpk,bk->bp", score, times)
        return (at * times).sum(-1), gradient, hessian

    def parts(self, theta: Floats, owner: Index) -> tuple[Floats, Floats, Floats]:
        """Log-likelihood (B, k) and score (B, P, k) of each study, and the Hessian (B, P, P) of all."""
        mu, u = theta[:, :1], self.vi + theta[:, 1:2]
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            own, weight = self._weights(theta)
            part, first, second = self._probabilities(mu, u)
            A = (weight * part).sum(1)
            # Differences of neighbouring weights carry the derivatives: A = w_m + sum_j (w_j-1 - w_j) S_j.
            change = weight[:, :-1] - weight[:, 1:]
            slopes = (change[:, None] * first).sum(2) / A[:, None]  # (B, 2, k), by mu and tau2
            curves = (change[:, None] * second).sum(2) / A[:, None]  # (B, 3, k)
            apart = self.yi - mu
            scaled = apart / u
            square = apart * scaled
            at = own - 0.5 * (np.log(u) + LOG_2PI + square) - np.log(A)
            score = np.empty((len(theta), theta.shape[1], len(self.yi)))
            score[:, 0] = scaled - slopes[:, 0]
            score[:, 1] = (square - 1) / (2 * u) - slopes[:, 1]
            plain = np.stack([-1 / u, -scaled / u, (0.5 - square) / u**2], axis=1) - curves
            share = None
            if self.weights is None:
                share = weight[:, 1:] * part[:, 1:] / A[:, None]  # (B, m, k)
                score[:, 2:] = self.inside - share
            hessian = self._hessian(owner, slopes, plain, share, weight, first, A)
        return at, score, hessian

    def _weights(self, theta: Floats) -> tuple[Floats, Floats]:
        """Log weight of each study, (B, k) or (1, k), and the weights of the intervals, (B, m + 1, 1 or k)."""
        where = self.where
        if self.weights is not None:
            return np.log(self.weights[np.arange(len(where)), where])[None], self.weights.T[None]
        logs = np.concatenate([np.zeros((len(theta), 1)), theta[:, 2:]], axis=1)
        return logs[:, where], np.exp(logs)[:, :, None]

    def _probabilities(self, mu: Floats, u: Floats) -> tuple[Floats, Floats, Floats]:
        """P of each interval (B, m + 1, k); of the tails above its edges the derivatives by mu and tau2.

        The first derivatives have the shape (B, 2, m, k), the second (B, 3, m, k): mu mu, mu tau2, tau2 tau2.
        """
        root = np.sqrt(u)
        h = (self.edges - mu[:, None]) / root[:, None]
        above, below = ndtr(-h), ndtr(h)
        # Between two edges, from whichever tails are the smaller ones: nothing cancels.
        middle = np.where(h[:, 1:] > 0, above[:, 1:] - above[:, :-1], below[:, :-1] - below[:, 1:])
        part = np.concatenate([above[:, :1], middle, below[:, -1:]], axis=1)
        density = np.exp(-0.5 * h**2) / ROOT_2PI
        u, root = u[:, None], root[:, None]
        first = np.stack([density / root, density * h / (2 * u)], axis=1)
        second = np.stack(
            [density * h / u, density * (h**2 - 1) / (2 * u * root), density * h * (h**2 - 3) / (4 * u**2)],
            axis=1,
        )
        return part, first, second

    def _hessian(
        self,
        owner: Index,
        slopes: Floats,
        plain: Floats,
        share: Floats | None,
        weight: Floats,
        first: Floats,
        A: Floats,
    ) -> Floats:
        """Sum over studies of the second derivatives."""
        times = None if self.times is None else self.times[owner]
        extra = 0 if share is None else share.shape[1]
        log_A = slopes if share is None else np.concatenate([slopes, share], axis=1)  # derivatives of log A
        weighed = log_A if times is None else log_A * times[:, None]
        found = weighed @ np.swapaxes(log_A, 1, 2)
        summed = plain.sum(-1) if times is None else np.einsum("bpk,bk->bp", plain, times)
        found[:, 0, 0] += summed[:, 0]
        found[:, 0, 1] += summed[:, 1]
        found[:, 1, 0] += summed[:, 1]
        found[:, 1, 1] += summed[:, 2]
        if extra:
            assert share is not None
            # An interval's probability is the tail above its lower edge less that above its upper one.
            ends = np.concatenate([first, np.zeros_like(first[:, :, :1])], axis=2)
            mixed = (
                weight[:, None, 1:] * (ends[:, :, 1:] - ends[:, :, :-1]) / A[:, None, None]
            )  # (B, 2, m, k)
            cross = mixed.sum(-1) if times is None else np.einsum("bpjk,bk->bpj", mixed, times)
            found[:, :2, 2:] -= cross
            found[:, 2:, :2] -= np.swapaxes(cross, 1, 2)
            own = share.sum(-1) if times is None else np.einsum("bjk,bk->bj", share, times)
            at = 2 + np.arange(extra)
            found[:, at, at] -= own
        return found
