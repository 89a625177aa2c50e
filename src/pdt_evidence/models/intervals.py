"""Intervals of tau2, by four methods; those of I2 and H2 follow from them.

q-profile           Q with weights 1 / (v + tau2) against its chi-squared quantiles [1]_
generalised-q       Q with fixed weights against its exact distribution [2]_
profile-likelihood  where twice the (restricted) log-likelihood has fallen by the quantile
                    of chi-squared with 1 degree of freedom, on either side of the maximum
wald                tau2 plus or minus a normal quantile times its standard error

A bound is 0 where the equation has no positive solution; if even the upper one is, the
q-profile and generalised-q intervals are empty, reported as (0, 0).

References
----------
.. [1] Viechtbauer. Statistics in Medicine 26 (2007) 37. doi:10.1002/sim.2514
.. [2] Jackson. Research Synthesis Methods 4 (2013) 220. doi:10.1002/jrsm.1081
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pdt_evidence.errors import require_choice
from pdt_evidence.models.distributions import chi2_quantile, quadratic_form_cdf
from pdt_evidence.models.estimators import estimator
from pdt_evidence.models.likelihood import log_likelihood
from pdt_evidence.models.quadratic import quadratic_form_law, solve_Q
from pdt_evidence.models.roots import falling_root
from pdt_evidence.models.weights import Batch

__all__ = ["TAU2_CI_METHODS", "tau2_interval"]

Floats = NDArray[np.float64]
TAU2_CI_METHODS = ("q-profile", "profile-likelihood", "generalised-q", "wald")


def tau2_interval(
    batch: Batch,
    how: str,
    method: str,
    tau2: Floats,
    tau2_se: Floats,
    level: float,
    weights: Floats | None = None,
) -> Floats:
    """Interval of tau2, low and high, shape (2, B), by one of `TAU2_CI_METHODS`; NaN where k < 2.

    `weights`, shape (B, k), are those of "generalised-q"; 1 / vi where None.
    """
    if how == "q-profile":
        return _q_profile(batch, tau2, level)
    if how == "generalised-q":
        return _generalised_q(batch, level, weights)
    if how == "profile-likelihood":
        return _profile(batch, tau2, level, restricted=estimator(method).likelihood == "restricted")
    require_choice("tau2_ci_method", how, ("wald",))
    half = ndtri((1 + level) / 2) * tau2_se
    return np.stack([np.maximum(tau2 - half, 0.0), tau2 + half])


def _q_profile(batch: Batch, tau2: Floats, level: float) -> Floats:
    y, v = np.concatenate([batch.y, batch.y], axis=1), np.concatenate([batch.v, batch.v], axis=1)
    df = batch.n - 1
    tails = np.concatenate([chi2_quantile(q, df) for q in ((1 + level) / 2, (1 - level) / 2)])
    # Near tau2 Q is about k - 1, and it changes about as the inverse of the total variance.
    start = (tau2 + df / batch.trace0) * (df / tails.reshape(2, -1)) - df / batch.trace0
    return solve_Q(y, v, tails, np.maximum(start, 0.0).ravel()).reshape(2, -1)


def _profile(batch: Batch, tau2: Floats, level: float, restricted: bool) -> Floats:
    """The bounds nearest to the maximum on the doubling grid that first brackets them."""
    fall = ndtri((1 + level) / 2) ** 2 / 2
    peak = np.where(batch.n > 1, tau2, 0.0)
    top = log_likelihood(batch, peak, restricted)

    def spare(t: Floats) -> Floats:
        return log_likelihood(batch, t, restricted) - top + fall

    step = peak + batch.v.min(axis=0)
    high = peak + step
    while (rising := (spare(high) > 0) & (batch.n > 1)).any():
        step = np.where(rising, 2 * step, step)
        high = np.where(rising, peak + step, high)
    upper = falling_root(spare, peak, high)
    at_zero = spare(np.zeros_like(peak)) >= 0
    # Mirrored at the maximum, the lower bound is a falling root too.
    lower = peak - falling_root(lambda s: spare(np.maximum(peak - s, 0.0)), np.zeros_like(peak), peak)
    return np.where(batch.n > 1, np.stack([np.where(at_zero, 0.0, lower), upper]), np.nan)


def _generalised_q(batch: Batch, level: float, weights: Floats | None) -> Floats:
    """Q has the law of a sum of weighted chi-squared variables; their weights grow with tau2."""
    a = batch.at0.w if weights is None else np.where(batch.at0.w > 0, batch.arrange(weights), 0.0)
    Q, law = quadratic_form_law(batch.y, batch.v, a, inverse_variance=weights is None)
    known = batch.n > 1
    largest = np.where(np.isinf(batch.v), 0.0, batch.v).max(axis=0)
    bounds = []
    for tail in ((1 + level) / 2, (1 - level) / 2):

        def excess(t: Floats, tail: float = tail) -> Floats:
            return quadratic_form_cdf(Q, law(t)) - tail

        low, high = np.zeros_like(Q), largest
        empty = (excess(low) <= 0) | ~known
        while (rising := (excess(high) > 0) & ~empty).any():
            low, high = np.where(rising, high, low), np.where(rising, 4 * high, high)
        bounds.append(np.where(empty, 0.0, falling_root(excess, low, high)))
    return np.where(known, np.stack(bounds), np.nan)
