"""Two one-sided tests, their interval, their power and the studies they need.

Each takes an estimate with its standard error and degrees of freedom (NaN: standard
normal) and a margin above 0 on the scale of the estimate; all broadcast.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtr, ndtri, stdtr, stdtrit

from pdt_evidence.models.quadrature import legendre

__all__ = ["critical_value", "equivalence_tests", "power_of_equivalence", "studies_needed", "upper_tail"]

MOST_STUDIES = 1_000_000  # beyond this no literature answers
NODES = 200  # Gauss-Legendre nodes; the power is then good to 1e-10


def upper_tail(statistic: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    """P(T > statistic) for a t with `df` degrees of freedom, standard normal where `df` is NaN."""
    statistic, df = np.asarray(statistic, float), np.asarray(df, float)
    normal = np.isnan(df)
    return np.where(normal, ndtr(-statistic), stdtr(np.where(normal, 1.0, df), -statistic))


def critical_value(alpha: float, df: ArrayLike) -> NDArray[np.float64]:
    """The value that T exceeds with probability `alpha`."""
    df = np.asarray(df, float)
    normal = np.isnan(df)
    return np.where(normal, -ndtri(alpha), -stdtrit(np.where(normal, 1.0, df), alpha))


def equivalence_tests(
    estimate: ArrayLike, se: ArrayLike, df: ArrayLike, margin: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One-sided p of "below -margin" and of "above margin", each to be rejected.

    Returns
    -------
    p_lower, p_upper : ndarray
        Small where the effect is shown to lie above -margin, and below margin.
        The larger of the two is the p of equivalence.

    References
    ----------
    .. [1] Schuirmann DJ. Journal of Pharmacokinetics and Biopharmaceutics 15 (1987) 657.
       doi:10.1007/BF01068419
    """
    estimate, se, margin = (np.asarray(value, float) for value in (estimate, se, margin))
    return upper_tail((estimate + margin) / se, df), upper_tail((margin - estimate) / se, df)


def power_of_equivalence(margin: float, se: float, *, effect: float, df: float, alpha: float) -> float:
    """Probability that the 1 - 2 alpha interval falls within the margin.

    With finite `df` the standard error is itself estimated: s^2 df / se^2 is chi-squared,
    and the normal power is averaged over it. NaN `df` takes `se` as known.

    Parameters
    ----------
    margin, se, effect : float
        On one scale; `effect` is the true difference.

    References
    ----------
    .. [1] Phillips KF. Journal of Pharmacokinetics and Biopharmaceutics 18 (1990) 137.
       doi:10.1007/BF01063556
    """
    critical = float(critical_value(alpha, df))
    if math.isnan(df):
        return float(_normal_power(margin, se, effect, np.array(critical * se)))
    # Beyond this s the interval is wider than the margin allows, whatever its centre.
    widest = margin / critical / se
    # All but 1e-14 of chi lies here, so that large df do not hide between the nodes.
    low = max(0.0, 1 - 8 / math.sqrt(2 * df))
    high = min(widest, 1 + 8 / math.sqrt(2 * df) + 8 / df)
    if low >= high:
        return 0.0
    nodes, weights = legendre(NODES)
    ratio = (nodes + 1) / 2 * (high - low) + low  # s / se
    constant = math.log(2) + df / 2 * math.log(df / 2) - gammaln(df / 2)
    log_density = constant + (df - 1) * np.log(ratio) - df * ratio**2 / 2  # of chi / sqrt(df)
    power = _normal_power(margin, se, effect, critical * se * ratio)
    return float((weights * np.exp(log_density) * power).sum() * (high - low) / 2)


def studies_needed(
    margin: float, tau2: float, vi: float, *, effect: float, alpha: float, power: float, t_test: bool
) -> float:
    """Least k whose equivalence test has the `power`; inf where no number of studies has it.

    A study has the typical variance `vi`; the standard error is sqrt((tau2 + vi) / k).
    """
    if abs(effect) >= margin:
        return math.inf

    def enough(k: int) -> bool:
        se, df = math.sqrt((tau2 + vi) / k), k - 1.0 if t_test else math.nan
        return power_of_equivalence(margin, se, effect=effect, df=df, alpha=alpha) >= power

    least = 2 if t_test else 1
    if enough(least):
        return least
    low, high = least, 2 * least
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST_STUDIES:
            return math.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _normal_power(margin: float, se: float, effect: float, half: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(-margin + half < estimate < margin - half) for a normal estimate."""
    inside = ndtr((margin - half - effect) / se) - ndtr((half - margin - effect) / se)
    return np.maximum(inside, 0.0)
