"""Pooling as Review Manager does it, so that a review's own totals can be computed again.

Fixed effect: Mantel-Haenszel, Peto or inverse variance. Random effects: DerSimonian and Laird,
where Q is taken about the Mantel-Haenszel estimate if that is the review's method. Wald
intervals. The standardised mean difference has the approximate correction and the variance that
Review Manager uses, not those of `effects.smd`.

References
----------
.. [1] Deeks JJ, Higgins JPT. Statistical algorithms in Review Manager 5. Cochrane Statistical
   Methods Group, 2010.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.effects.means import mean_difference
from pdt_evidence.effects.ratios import log_odds_ratio, log_risk_ratio, risk_difference
from pdt_evidence.effects.smd import cohens_d
from pdt_evidence.models.fixed import FixedPool, common_effect, mantel_haenszel, peto, peto_effects
from pdt_evidence.showing import Brief

__all__ = ["RevmanPool", "effects_as_revman", "pool_as_revman", "revman_smd"]

Array = NDArray[np.float64]
RATIO_FORMULAS = {"OR": log_odds_ratio, "RR": log_risk_ratio}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RevmanPool(Brief):
    """A total, on the scale it is pooled on (log for ratios); NaN where it cannot be known."""

    k: int
    estimate: float
    se: float
    statistic: float
    p: float
    ci: tuple[float, float]
    tau2: float
    Q: float
    Q_df: float
    Q_p: float
    I2: float
    weights: Array  # percent, in the order of the studies; 0 where one was not used


def revman_smd(
    mean_t: ArrayLike, sd_t: ArrayLike, n_t: ArrayLike, mean_c: ArrayLike, sd_c: ArrayLike, n_c: ArrayLike
) -> tuple[Array, Array]:
    """Hedges' adjusted g and its variance in the forms of Review Manager [1]_.

    Examples
    --------
    >>> yi, vi = revman_smd(5.0, 4.7, 13, 6.5, 3.8, 13)
    >>> round(float(yi), 4), round(float(vi), 4)
    (-0.3399, 0.1565)
    """
    n_t, n_c = np.asarray(n_t, dtype=float), np.asarray(n_c, dtype=float)
    total = n_t + n_c
    g = cohens_d(mean_t, sd_t, n_t, mean_c, sd_c, n_c) * (1 - 3 / (4 * total - 9))
    with np.errstate(invalid="ignore", divide="ignore"):
        return g, total / (n_t * n_c) + g**2 / (2 * (total - 3.94))


def pool_as_revman(
    columns: Mapping[str, ArrayLike],
    *,
    kind: str,
    measure: str,
    method: str,
    random: bool = False,
    estimator: str = "DL",
    interval: str = "wald",
    level: float = 0.95,
) -> RevmanPool:
    """The total of one analysis.

    Parameters
    ----------
    columns : mapping of arrays, shape (k,)
        What the kind needs: means, SDs and sizes of both arms ("continuous"), events and sizes
        ("dichotomous"), `estimate` and `se` ("generic"), `o_minus_e` and `variance` ("o-e").
    kind, measure, method : str
        As in `evidence.readers.review.Analysis`.
    random : bool
        Random effects; else one common effect.
    estimator : {"DL", "REML"}
        Of tau2.
    interval : {"wald", "hksj"}
        For random effects.
    level : float
        Of the interval.
    """
    data = {name: np.asarray(values, dtype=float) for name, values in columns.items()}
    if kind == "dichotomous" and method == "MH" and measure in ("OR", "RR", "RD"):
        # Review Manager adds 1/2 to each table with an empty cell for the ratios.
        zero_cells = "none" if measure == "RD" else "only-zero"
        arms = (data["event_t"], data["n_t"], data["event_c"], data["n_c"])
        fixed = mantel_haenszel(*arms, measure=measure, zero_cells=zero_cells, level=level)
    elif method == "PETO":
        fixed = peto(*_observed_less_expected(data, kind), level=level)
    else:
        fixed = None
    yi, vi = effects_as_revman(data, kind=kind, measure=measure, method=method)
    fixed = fixed or common_effect(yi, vi, level=level)
    if not random:
        return _record(fixed, fixed, 0.0)
    if estimator != "DL" or interval != "wald":
        return _newer(yi, vi, fixed, estimator, interval, level)
    tau2 = _tau2_dl(vi, float(fixed.Q), int(fixed.k))
    return _record(common_effect(yi, vi + tau2, level=level), fixed, tau2)


def _observed_less_expected(data: Mapping[str, Array], kind: str) -> tuple[Array, Array]:
    if kind == "dichotomous":
        return peto_effects(data["event_t"], data["n_t"], data["event_c"], data["n_c"])
    return data["o_minus_e"], data["variance"]


def effects_as_revman(
    data: Mapping[str, Array], *, kind: str, measure: str, method: str
) -> tuple[Array, Array]:
    """Effect and variance of each study."""
    if kind == "generic":
        return data["estimate"], data["se"] ** 2
    if method == "PETO":
        o_minus_e, variance = _observed_less_expected(data, kind)
        with np.errstate(invalid="ignore", divide="ignore"):
            return o_minus_e / variance, 1 / variance
    if kind == "continuous":
        arms = (data["mean_t"], data["sd_t"], data["n_t"], data["mean_c"], data["sd_c"], data["n_c"])
        return revman_smd(*arms) if measure == "SMD" else mean_difference(*arms)
    arms = (data["event_t"], data["n_t"], data["event_c"], data["n_c"])
    if measure in RATIO_FORMULAS:
        return RATIO_FORMULAS[measure](*arms, double_zero="drop")
    plain, corrected = (risk_difference(*arms, zero_cells=rule) for rule in ("none", "only-zero"))
    # The difference stays as it is; the correction is for variances that would be 0.
    return plain[0], np.where(plain[1] > 0, plain[1], corrected[1])


def _tau2_dl(vi: Array, Q: float, k: int) -> float:
    wi = 1 / vi[np.isfinite(vi) & (vi > 0)]
    if k < 2 or not np.isfinite(Q):
        return 0.0
    return max(0.0, (Q - (k - 1)) / float(wi.sum() - (wi**2).sum() / wi.sum()))


def _record(total: FixedPool, heterogeneity: FixedPool, tau2: float) -> RevmanPool:
    low, high = total.ci.tolist()
    return RevmanPool(
        k=int(total.k),
        estimate=float(total.estimate),
        se=float(total.se),
        statistic=float(total.statistic),
        p=float(total.p),
        ci=(low, high),
        tau2=tau2,
        Q=float(heterogeneity.Q),
        Q_df=float(heterogeneity.Q_df),
        Q_p=float(heterogeneity.Q_p),
        I2=float(heterogeneity.I2),
        weights=total.weights,
    )


def _newer(yi: Array, vi: Array, fixed: FixedPool, estimator: str, interval: str, level: float) -> RevmanPool:
    """Random effects by the options that Review Manager has had since 2024."""
    from pdt_evidence.analysis.pooled.pooling import pool

    use = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    if not use.any():
        return _record(fixed, fixed, nan)
    fit = pool(yi[use], vi[use], method=estimator, test="z" if interval == "wald" else "knha", level=level)
    return RevmanPool(
        k=fit.k,
        estimate=fit.estimate,
        se=fit.se,
        statistic=fit.statistic,
        p=fit.p,
        ci=fit.ci,
        tau2=fit.tau2,
        Q=float(fixed.Q),
        Q_df=float(fixed.Q_df),
        Q_p=float(fixed.Q_p),
        I2=float(fixed.I2),
        weights=_at(use, fit.weights),
    )


def _at(use: NDArray[np.bool_], weights: Array) -> Array:
    every = np.zeros(use.shape)
    every[use] = weights
    return every
