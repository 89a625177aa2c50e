"""Pooling of 2 x 2 tables under one common effect: Mantel-Haenszel and Peto.

These two, and the inverse-variance pool of `common_effect`, are what Review Manager calls
fixed-effect methods. Tables lie on the last axis and NaN marks an absent one, so that a
thousand analyses cost one call. Effects are logs for the two ratios.

Zero cells. A Mantel-Haenszel pool needs no correction of a single empty cell, and `zero_cells`
"none" makes none; Review Manager adds 1/2 to all four cells of each table that has one
("only-zero"). The study effects that the heterogeneity rests on always have it. Tables
with no event, or nothing but events, in both arms tell nothing of a ratio and are excluded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtr, ndtri

from pdt_evidence.errors import require_choice

__all__ = ["FixedPool", "common_effect", "mantel_haenszel", "peto", "peto_effects"]

Array = NDArray[np.float64]
MEASURES = ("OR", "RR", "RD")
ZERO_CELLS = ("none", "only-zero")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedPool:
    """One common effect for each leading index; NaN where no table could be used."""

    k: NDArray[np.int64]
    estimate: Array  # log scale for "OR" and "RR"
    se: Array
    statistic: Array  # estimate / se, standard normal
    p: Array
    ci: Array  # shape (..., 2)
    Q: Array
    Q_df: NDArray[np.int64]
    Q_p: Array
    I2: Array  # percent, max(0, (Q - df) / Q); NaN where k < 2
    weights: Array  # shape (..., k), percent; 0 where a table is absent


def common_effect(yi: ArrayLike, vi: ArrayLike, *, level: float = 0.95) -> FixedPool:
    """Inverse-variance pool of effects under one common effect.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects and their variances; NaN in either marks an absent study.
    level : float
        Of the Wald interval.

    References
    ----------
    .. [1] Deeks JJ, Higgins JPT. Statistical algorithms in Review Manager 5. Cochrane
       Statistical Methods Group, 2010.

    Examples
    --------
    >>> pool = common_effect([0.2, 0.4], [0.04, 0.04])
    >>> round(float(pool.estimate), 4), round(float(pool.se), 4)
    (0.3, 0.1414)
    """
    yi, vi = _floats(yi, vi)
    wi = _inverse(yi, vi)
    total = wi.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = (wi * _zeroed(yi, wi)).sum(axis=-1) / total
        se = np.sqrt(1 / total)
    return _pool(estimate, se, yi, vi, wi, level)


def mantel_haenszel(
    event_t: ArrayLike,
    n_t: ArrayLike,
    event_c: ArrayLike,
    n_c: ArrayLike,
    *,
    measure: str = "OR",
    zero_cells: str = "none",
    level: float = 0.95,
) -> FixedPool:
    """Mantel-Haenszel odds ratio, risk ratio or risk difference.

    Parameters
    ----------
    event_t, n_t, event_c, n_c : array_like, shape (..., k)
        Persons with the event and persons in all, arm 1 first; NaN marks an absent table.
    measure : {"OR", "RR", "RD"}
    zero_cells : {"none", "only-zero"}
        What the pooled estimate does about empty cells, see the module.
    level : float
        Of the Wald interval.

    Returns
    -------
    FixedPool
        Logs for "OR" and "RR". The variance of the log odds ratio is that of Robins, Breslow
        and Greenland [2]_; those of the risk ratio [3]_ and the risk difference [4]_ are
        consistent for few large and for many sparse tables alike.

    References
    ----------
    .. [1] Mantel N, Haenszel W. J Natl Cancer Inst 22 (1959) 719. doi:10.1093/jnci/22.4.719
    .. [2] Robins J, Breslow N, Greenland S. Biometrics 42 (1986) 311. doi:10.2307/2531052
    .. [3] Greenland S, Robins JM. Biometrics 41 (1985) 55. doi:10.2307/2530643
    .. [4] Sato T, Greenland S, Robins JM. Biometrics 45 (1989) 1323. doi:10.2307/2531784

    Examples
    --------
    >>> pool = mantel_haenszel([49, 44], [615, 758], [67, 64], [624, 771])
    >>> round(float(np.exp(pool.estimate)), 4)
    0.7005
    """
    require_choice("measure", measure, MEASURES)
    require_choice("zero_cells", zero_cells, ZERO_CELLS)
    table = _table(event_t, n_t, event_c, n_c, drop_double_zero=measure != "RD")
    pooled = table + 0.5 * (table == 0).any(axis=0) if zero_cells == "only-zero" else table
    estimate, se, wi = {"OR": _mh_or, "RR": _mh_rr, "RD": _mh_rd}[measure](*np.nan_to_num(pooled))
    wi = np.where(np.isnan(table[0]), 0.0, wi)
    yi, vi = _study_effects(table, measure)
    return _pool(estimate, se, yi, vi, wi, level)


def peto_effects(
    event_t: ArrayLike, n_t: ArrayLike, event_c: ArrayLike, n_c: ArrayLike
) -> tuple[Array, Array]:
    """Observed less expected events of arm 1, and the hypergeometric variance, of each table.

    Returns
    -------
    o_minus_e, variance : ndarray, shape (..., k)
        Both NaN for tables without events, or without anything else.
    """
    a, b, c, d = _table(event_t, n_t, event_c, n_c, drop_double_zero=True)
    n_1, n_2, total = a + b, c + d, a + b + c + d
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = n_1 * (a + c) / total
        variance = n_1 * n_2 * (a + c) * (b + d) / (total**2 * (total - 1))
    keep = np.isfinite(variance) & (variance > 0)
    return np.where(keep, a - expected, np.nan), np.where(keep, variance, np.nan)


def peto(o_minus_e: ArrayLike, variance: ArrayLike, *, level: float = 0.95) -> FixedPool:
    """Peto's one-step log odds ratio; with a log-rank O - E and V, the log hazard ratio.

    Parameters
    ----------
    o_minus_e, variance : array_like, shape (..., k)
        As `peto_effects` gives them, or as a trial reports them; NaN marks an absent study.
    level : float
        Of the Wald interval.

    References
    ----------
    .. [1] Yusuf S, Peto R, Lewis J, Collins R, Sleight P. Prog Cardiovasc Dis 27 (1985) 335.
       doi:10.1016/S0033-0620(85)80003-7

    Examples
    --------
    >>> pool = peto(*peto_effects([49, 44], [615, 758], [67, 64], [624, 771]))
    >>> round(float(np.exp(pool.estimate)), 4)
    0.703
    """
    o_minus_e, variance = _floats(o_minus_e, variance)
    with np.errstate(invalid="ignore", divide="ignore"):
        return common_effect(o_minus_e / variance, 1 / variance, level=level)


def _floats(*values: ArrayLike) -> list[Array]:
    return list(np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values)))


def _table(
    event_t: ArrayLike, n_t: ArrayLike, event_c: ArrayLike, n_c: ArrayLike, *, drop_double_zero: bool
) -> Array:
    """The four cells, shape (4, ..., k); NaN in all four of a table that is absent."""
    event_t, n_t, event_c, n_c = _floats(event_t, n_t, event_c, n_c)
    table = np.stack([event_t, n_t - event_t, event_c, n_c - event_c])
    absent = np.isnan(table).any(axis=0)
    if drop_double_zero:
        absent |= ((table[0] == 0) & (table[2] == 0)) | ((table[1] == 0) & (table[3] == 0))
    return np.where(absent, np.nan, table)


def _inverse(yi: Array, vi: Array) -> Array:
    keep = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    return np.where(keep, 1 / np.where(keep, vi, 1.0), 0.0)


def _zeroed(yi: Array, wi: Array) -> Array:
    return np.where(wi > 0, yi, 0.0)


def _study_effects(table: Array, measure: str) -> tuple[Array, Array]:
    """Effect and variance of each table, 1/2 added where a cell is empty."""
    a, b, c, d = table + 0.5 * (table == 0).any(axis=0)
    n_1, n_2 = a + b, c + d
    if measure == "OR":
        return np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d
    if measure == "RR":
        return np.log(a / n_1) - np.log(c / n_2), 1 / a - 1 / n_1 + 1 / c - 1 / n_2
    return a / n_1 - c / n_2, a * b / n_1**3 + c * d / n_2**3


def _mh_or(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array, Array]:
    total = _at_least_one(a + b + c + d)
    r, s = a * d / total, b * c / total
    p, q = (a + d) / total, (b + c) / total
    R, S = r.sum(axis=-1), s.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (
            (p * r).sum(axis=-1) / (2 * R**2)
            + (p * s + q * r).sum(axis=-1) / (2 * R * S)
            + (q * s).sum(axis=-1) / (2 * S**2)
        )
        return _finite(np.log(R / S), np.sqrt(variance), s)


def _mh_rr(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array, Array]:
    n_1, n_2 = a + b, c + d
    total = _at_least_one(n_1 + n_2)
    r, s = a * n_2 / total, c * n_1 / total
    p = (n_1 * n_2 * (a + c) - a * c * total) / total**2
    R, S = r.sum(axis=-1), s.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _finite(np.log(R / S), np.sqrt(p.sum(axis=-1) / (R * S)), s)


def _mh_rd(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array, Array]:
    n_1, n_2 = a + b, c + d
    total = _at_least_one(n_1 + n_2)
    wi = n_1 * n_2 / total
    W = wi.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = (a * n_2 / total - c * n_1 / total).sum(axis=-1) / W
        n_1, n_2 = _at_least_one(n_1), _at_least_one(n_2)
        p = (n_1**2 * c - n_2**2 * a + n_1 * n_2 * (n_2 - n_1) / 2) / total**2
        q = (a * (n_2 - c) + c * (n_1 - a)) / (2 * total)
        p, q = np.where(wi > 0, p, 0.0), np.where(wi > 0, q, 0.0)
        variance = (estimate * p.sum(axis=-1) + q.sum(axis=-1)) / W**2
        return _finite(estimate, np.sqrt(variance), wi)


def _at_least_one(total: Array) -> Array:
    """Absent tables are all zeros; dividing them by 1 leaves them so."""
    return np.where(total > 0, total, 1.0)


def _finite(estimate: Array, se: Array, wi: Array) -> tuple[Array, Array, Array]:
    keep = np.isfinite(estimate) & np.isfinite(se)
    return np.where(keep, estimate, np.nan), np.where(keep, se, np.nan), wi


def _pool(estimate: Array, se: Array, yi: Array, vi: Array, wi: Array, level: float) -> FixedPool:
    half = ndtri(0.5 + level / 2) * se
    inverse = _inverse(yi, vi)
    k = (inverse > 0).sum(axis=-1)
    Q = (inverse * (_zeroed(yi, inverse) - np.where(inverse > 0, estimate[..., None], 0.0)) ** 2).sum(axis=-1)
    Q = np.where(k > 1, Q, np.where(k == 1, 0.0, np.nan))  # one study: 0, not what rounding leaves
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = estimate / se
        I2 = np.where(Q > 0, 100 * np.maximum(0.0, (Q - (k - 1)) / np.where(Q > 0, Q, 1.0)), 0.0)
        weights = 100 * wi / wi.sum(axis=-1, keepdims=True)
    return FixedPool(
        k=k,
        estimate=estimate,
        se=se,
        statistic=statistic,
        p=2 * ndtr(-np.abs(statistic)),
        ci=np.stack([estimate - half, estimate + half], axis=-1),
        Q=Q,
        Q_df=np.maximum(k - 1, 0),
        Q_p=np.where(k > 1, chdtrc(np.maximum(k - 1, 1), np.nan_to_num(Q)), np.nan),
        I2=np.where(k > 1, I2, np.nan),
        weights=np.nan_to_num(weights),
    )
