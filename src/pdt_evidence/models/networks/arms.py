"""The arms of one study -> effects of the arms and the variances of all their differences.

Each gives `effects`, shape (m,), of which only differences mean anything, and `variances`,
shape (m, m), the sampling variance of every difference: all that a network needs, since
the covariance of two contrasts that share an arm follows from three variances.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

__all__ = [
    "EVENT_MEASURES",
    "LOGIT_SD",
    "contrast_arms",
    "event_arms",
    "mean_difference_arms",
    "merge_counts",
    "merge_effects",
    "merge_means",
    "smd_arms",
]

Floats = NDArray[np.float64]
Arms = tuple[Floats, Floats]

# Standard deviation of the logistic distribution: log odds ratios over this are standardised
# mean differences. Hasselblad & Hedges 1995, doi:10.1037/0033-2909.117.1.167
LOGIT_SD = math.pi / math.sqrt(3)
EVENT_MEASURES = ("OR", "RR", "RD")


def mean_difference_arms(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Arms:
    """Arm means, and variances of their differences with each arm's own sd."""
    mean, sd, n = (np.asarray(values, float) for values in (mean, sd, n))
    return mean, _independent(sd**2 / n)


def smd_arms(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Arms:
    """Hedges' g of every arm, standardised by the sd pooled over all arms of the study.

    One sd for all comparisons keeps them consistent (g_ij = g_ik - g_jk). The variance of a
    difference is 1/n_i + 1/n_j + (g_i - g_j)^2 / (2 N), N over all arms; two contrasts with
    a shared arm then covary as in Gleser & Olkin, Stochastically dependent effect sizes
    (The Handbook of Research Synthesis). With two arms both are the usual g and its variance.
    """
    mean, sd, n = (np.asarray(values, float) for values in (mean, sd, n))
    total, df = n.sum(), n.sum() - len(n)
    pooled = np.sqrt(((n - 1) * sd**2).sum() / df)
    g = _hedges_correction(df) * (mean - mean[0]) / pooled
    return g, _independent(1 / n) + (g[:, None] - g[None, :]) ** 2 / (2 * total)


def event_arms(events: ArrayLike, n: ArrayLike, measure: str) -> Arms:
    """Log odds ("OR"), log risk ("RR") or risk ("RD") of every arm.

    Where an arm of the study has no events or only events, 1/2 is added to both of its
    cells in all arms (as metafor and netmeta do).
    """
    events, n = np.asarray(events, float), np.asarray(n, float)
    if np.any(events == 0) or np.any(events == n):
        events, n = events + 0.5, n + 1
    if measure == "OR":
        return np.log(events / (n - events)), _independent(1 / events + 1 / (n - events))
    if measure == "RR":
        return np.log(events / n), _independent(1 / events - 1 / n)
    risk = events / n
    return risk, _independent(risk * (1 - risk) / n)


def contrast_arms(contrast: ArrayLike, se: ArrayLike, var_first: float) -> Arms:
    """Arms of which only the contrasts with the first one are known.

    Parameters
    ----------
    contrast, se : array_like, shape (m,)
        First entries are not used: the first arm's contrast is 0.
    var_first : float
        Variance of the first arm, which is the covariance of any two contrasts; not used
        (and may be NaN) where there are two arms.
    """
    contrast, se = np.array(contrast, float), np.asarray(se, float)
    contrast[0] = 0.0
    if len(contrast) == 2:
        return contrast, np.array([[0.0, se[1] ** 2], [se[1] ** 2, 0.0]])
    own = se**2 - var_first
    own[0] = var_first
    return contrast, _independent(own)


def merge_counts(events: ArrayLike, n: ArrayLike) -> tuple[float, float]:
    """Arms of one treatment as one arm: their events and their patients."""
    return float(np.sum(events)), float(np.sum(n))


def merge_means(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> tuple[float, float, float]:
    """Arms of one treatment as one arm: mean, sd and n of all their patients together."""
    mean, sd, n = (np.asarray(values, float) for values in (mean, sd, n))
    total = n.sum()
    centre = (n * mean).sum() / total
    squares = ((n - 1) * sd**2).sum() + (n * (mean - centre) ** 2).sum()
    return float(centre), float(np.sqrt(squares / (total - 1))), float(total)


def merge_effects(effects: Floats, variances: Floats, group: NDArray[np.intp]) -> Arms:
    """Arms of one treatment as one arm, where only effects are known: weighted by precision.

    Needs independent arms: variances[i, j] = a_i + a_j with m >= 3.

    Parameters
    ----------
    group : ndarray of int, shape (m,)
        The treatment of each arm, numbered from 0 without a gap.
    """
    m = len(effects)
    # Of three arms a_0 = (v_01 + v_02 - v_12) / 2; any other two serve as 1 and 2.
    own = np.array(
        [
            (variances[i, (i + 1) % m] + variances[i, (i + 2) % m] - variances[(i + 1) % m, (i + 2) % m]) / 2
            for i in range(m)
        ]
    )
    weight = np.bincount(group, 1 / own)
    return np.bincount(group, effects / own) / weight, _independent(1 / weight)


def _independent(own: Floats) -> Floats:
    """Variances of all differences of independent arms."""
    return (own[:, None] + own[None, :]) * (1 - np.eye(len(own)))


def _hedges_correction(df: float) -> float:
    """The exact factor J that makes g unbiased."""
    return float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2) - np.log(df / 2) / 2))
