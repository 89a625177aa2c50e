"""Power of pooled effects, of differences between pools, and of the test of heterogeneity.

All rest on k studies of one sampling variance `v` with true effects of variance `tau2`, for which the laws are
exact; `alpha` is two-sided.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from pdt_evidence.models.distributions import two_sided_quantile
from pdt_evidence.models.quadrature import legendre

__all__ = [
    "expected_width",
    "power_estimated",
    "power_heterogeneity",
    "power_known",
    "power_of_subgroups",
    "power_t",
    "variance_of_smd",
]

Floats = NDArray[np.float64]
NODES = 160


def variance_of_smd(d: float, n_t: float, n_c: float) -> float:
    """Sampling variance of a standardised mean difference `d` of arms with `n_t` and `n_c` patients."""
    return 1 / n_t + 1 / n_c + d**2 / (2 * (n_t + n_c))


def power_known(effect: ArrayLike, se: ArrayLike, alpha: float) -> Floats:
    """Power of the z test where `se` is known.

    References
    ----------
    .. [1] Hedges LV, Pigott TD. Psychological Methods (2001). doi:10.1037/1082-989X.6.3.203
    """
    z, away = special.ndtri(1 - alpha / 2), np.asarray(effect, dtype=float) / np.asarray(se, dtype=float)
    return special.ndtr(away - z) + special.ndtr(-away - z)


def power_t(effect: ArrayLike, se: ArrayLike, df: ArrayLike, alpha: float) -> Floats:
    """Power of a t test whose standard error is estimated with `df` degrees of freedom; NaN where df < 1.

    With studies of one variance the Hartung-Knapp test is exactly such a test with k - 1.
    """
    away = np.abs(np.asarray(effect, dtype=float) / np.asarray(se, dtype=float))
    df = np.asarray(df, dtype=float)
    t = two_sided_quantile(1 - alpha, df)
    found = 1 - special.nctdtr(df, away, t) + special.nctdtr(df, away, -t)
    lost = np.isnan(found)  # far out the noncentral t of scipy is NaN
    found = np.where(lost, _averaged(*np.broadcast_arrays(away, df, t)), found) if lost.any() else found
    return np.where(df >= 1, found, np.nan)


def _averaged(away: Floats, df: Floats, t: Floats) -> Floats:
    """Power of the t test as the normal power averaged over the estimated standard error."""
    nodes, weights = legendre(NODES)
    half = np.where(df >= 1, df, 1.0)[..., None] / 2
    bound = t[..., None] * np.sqrt(special.gammaincinv(half, (nodes + 1) / 2) / half)
    power = special.ndtr(away[..., None] - bound) + special.ndtr(-away[..., None] - bound)
    return (weights * power).sum(axis=-1) / 2


def power_estimated(
    effect: float, v: float, tau2: float, k: int, alpha: float, *, df: float = math.nan
) -> float:
    """Power of the Wald test where tau2 is estimated by moments (DerSimonian-Laird).

    Parameters
    ----------
    effect, v, tau2 : float
        True mean effect; sampling variance of each study; variance of true effects.
    k : int
        Studies, at least 2.
    df : float
        Of the t distribution that the statistic is held against; NaN: standard normal.

    Notes
    -----
    With studies of one variance, Q v / (v + tau2) is chi-squared with k - 1 degrees of freedom and independent of
    the mean, whose estimated variance is v / k times the larger of 1 and Q / (k - 1). The normal power is averaged
    over Q, in two parts that meet where the estimate of tau2 leaves 0.

    References
    ----------
    .. [1] Jackson D, Turner R. Research Synthesis Methods (2017). doi:10.1002/jrsm.1240
    """
    if k < 2:
        return math.nan
    critical = float(two_sided_quantile(1 - alpha, np.asarray(df)))
    ratio, half = (v + tau2) / v, (k - 1) / 2
    kink = float(special.gammainc(half, half / ratio))  # chance that tau2 is estimated as 0
    away = effect / math.sqrt((v + tau2) / k)

    def power(scale: Floats) -> Floats:
        """At an estimated variance of the mean of v / k times `scale`."""
        bound = critical * np.sqrt(scale / ratio)
        return special.ndtr(away - bound) + special.ndtr(-away - bound)

    nodes, weights = legendre(NODES)
    chance = kink + (1 - kink) * (nodes + 1) / 2
    scale = ratio * special.gammaincinv(half, chance) / half
    rest = float((weights * power(np.maximum(scale, 1.0))).sum() * (1 - kink) / 2)
    return kink * float(power(np.array(1.0))) + rest


def expected_width(se: float, df: float, level: float) -> float:
    """Mean width of the interval; with finite `df` the standard error is estimated, otherwise known."""
    quantile = float(two_sided_quantile(level, np.asarray(df)))
    if math.isnan(df):
        return 2 * quantile * se
    mean = math.sqrt(2 / df) * math.exp(special.gammaln((df + 1) / 2) - special.gammaln(df / 2))
    return 2 * quantile * se * mean


def power_heterogeneity(v: float, tau2: ArrayLike, k: ArrayLike, alpha: float) -> Floats:
    """Power of the Q test against true effects that vary by `tau2`; NaN where k < 2.

    References
    ----------
    .. [1] Hedges LV, Pigott TD. Psychological Methods (2001). doi:10.1037/1082-989X.6.3.203
    """
    half = (np.asarray(k, dtype=float) - 1) / 2
    safe = np.where(half > 0, half, 0.5)
    limit = special.gammaincinv(safe, 1 - alpha)
    return np.where(
        half > 0, special.gammaincc(safe, limit * v / (v + np.asarray(tau2, dtype=float))), np.nan
    )


def power_of_subgroups(effects: ArrayLike, ses: ArrayLike, alpha: float) -> float:
    """Power of the test that pooled effects of subgroups differ, their standard errors known.

    Parameters
    ----------
    effects, ses : array_like, shape (groups,)

    Notes
    -----
    The weighted sum of squares between groups is noncentral chi-squared with groups - 1 degrees of freedom.
    """
    effects, wi = np.asarray(effects, dtype=float), 1 / np.asarray(ses, dtype=float) ** 2
    mean = (wi * effects).sum() / wi.sum()
    away, df = float((wi * (effects - mean) ** 2).sum()), len(effects) - 1.0
    limit = 2 * special.gammaincinv(df / 2, 1 - alpha)
    return float(1 - special.chndtr(limit, df, away))
