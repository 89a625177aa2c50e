"""The Henmi-Copas interval: the equal-effects estimate with a random-effects interval.

Small studies that are biased pull the random-effects mean, in which they weigh more, but
hardly the equal-effects one. This interval is centred on the latter and stays valid under
heterogeneity: it uses the joint law of that estimate and of Q, from which tau2 is estimated.

References
----------
.. [1] Henmi, Copas. Statistics in Medicine 29 (2010) 2969. doi:10.1002/sim.4029
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

from pdt_evidence.models.estimators import estimate_tau2
from pdt_evidence.models.quadrature import legendre
from pdt_evidence.models.roots import falling_root
from pdt_evidence.models.weights import Batch
from pdt_evidence.showing import Brief

__all__ = ["HenmiCopas", "henmi_copas_interval"]

Floats = NDArray[np.float64]
NODES = 160
FAR = 12.0  # standard deviations beyond which the normal density adds nothing


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HenmiCopas(Brief):
    """The equal-effects estimate with an interval that allows for heterogeneity."""

    k: int
    level: float
    estimate: float
    ci: tuple[float, float]  # NaN for k = 1
    tau2: float  # the moment estimate that the interval rests on


def henmi_copas_interval(batch: Batch, level: float) -> Floats:
    """Interval around the equal-effects estimate, shape (2, B); NaN where k < 2.

    With b that estimate, w = 1 / v and T the moment estimate of tau2, U = (b - mu) / s(T),
    s(T)**2 = (1 + T sum(w**2) / sum(w)) / sum(w), is the pivot. Given R = (b - mu) sqrt(sum(w)),
    Q is taken as gamma with its exact conditional mean and variance at the estimated tau2;
    |U| > u is then R > u and Q below a bound, integrated over R.
    """
    n = batch.n
    tau2 = np.nan_to_num(estimate_tau2(batch, "DL"))
    w = batch.at0.w
    W1, W2 = batch.at0.total, (w * w).sum(axis=0)
    spread = np.sqrt(1 + tau2 * W2 / W1)  # standard deviation of R
    moments = _conditional_moments(batch, tau2, W1)
    scale = (W1 - W2 / W1) * W1 / W2

    def excess(u: Floats) -> Floats:
        """P(U > u) less its nominal value."""
        return _tail(u, spread, scale, n - 1, moments) - (1 - level) / 2

    u = falling_root(excess, np.zeros_like(n), 2 * FAR * spread)
    half = u * spread / np.sqrt(W1)
    bounds = np.stack([batch.at0.mean - half, batch.at0.mean + half])
    return np.where(n > 1, batch.locate(bounds), np.nan)


def _conditional_moments(batch: Batch, tau2: Floats, W1: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean a + b r**2 and variance c + d r**2 of Q given R = r, as (a, b, c, d).

    With D = V + tau2 I and h = D w / sqrt(sum(w)) the effects given R are normal around
    h r / var(R) with covariance D - h h' / var(R); Q is the quadratic form of
    P = W - w w' / sum(w), for which P V P = P, so that P h = tau2 P w / sqrt(sum(w)).
    """
    w = batch.at0.w
    d = np.where(w > 0, batch.v, 0.0) + tau2
    W2, W3 = (w * w).sum(axis=0), (w**3).sum(axis=0)
    variance = 1 + tau2 * W2 / W1
    u = tau2 * w * (w - W2 / W1) / np.sqrt(W1)  # P h
    hPh = tau2**2 * (W3 - W2**2 / W1) / W1
    hPDPh = (u * u * d).sum(axis=0)
    share = w * d
    trace_PD = share.sum(axis=0) - (share * w).sum(axis=0) / W1
    trace_PDPD = (share**2).sum(axis=0) - 2 * (share**2 * w).sum(axis=0) / W1
    trace_PDPD += ((share * w).sum(axis=0) / W1) ** 2
    a, b = trace_PD - hPh / variance, hPh / variance**2
    c = 2 * (trace_PDPD - 2 * hPDPh / variance + (hPh / variance) ** 2)
    return a, b, c, 4 * (hPDPh - hPh**2 / variance) / variance**2


def _tail(u: Floats, spread: Floats, scale: Floats, df: Floats, moments: tuple[Floats, ...]) -> Floats:
    """P(U > u): the integral over R > u of P(T < tau2 bound | R) times R's density."""
    start, (nodes, weights) = u / spread, legendre(NODES)
    half = (FAR - np.minimum(start, FAR)) / 2
    z = np.minimum(start, FAR) + half * (1 + nodes[:, None])  # (nodes, B)
    r = z * spread
    a, b, c, d = moments
    mean, variance = a + b * r * r, c + d * r * r
    bound = df + scale * ((r / u) ** 2 - 1)
    inside = gammainc(mean * mean / variance, bound * mean / variance)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return half * (weights[:, None] * inside * density).sum(axis=0)
