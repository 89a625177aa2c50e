"""Means and SDs from the medians, quartiles and ranges that trials print of skewed scores.

First comes a test of skewness. Where it does not object the scores are taken as normal; where it does, the
distribution of four whose quantiles lie nearest to the printed ones stands for them. Arrays; NaN where nothing
can be said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.effects.arrays import Array, floats

__all__ = ["FEWEST", "FromQuantiles", "mean_and_sd"]

FEWEST = 5  # persons in an arm: of fewer the quartiles are the scores themselves
GRID = 120  # shapes at which a family is first tried
GOLDEN = (np.sqrt(5) - 1) / 2
GOLDEN_STEPS = 70  # each divides the bracket by 1.6: to the last digits that a sum of squares can tell

Curve = Callable[
    [Array, Array], Array
]  # probabilities (k, 5) and shapes (k, S) -> quantiles (k, S, 5) at scale 1
Moments = Callable[[Array], tuple[Array, Array]]  # shapes (k,) -> mean and SD at scale 1


class FromQuantiles(NamedTuple):
    """Mean and SD of each arm, and what its scores were taken for."""

    mean: Array
    sd: Array
    skewed: NDArray[np.bool_]  # the test of skewness objects to a normal distribution
    family: NDArray[np.object_]  # "normal", "log-normal", "gamma", "Weibull"; "" where there is nothing


def mean_and_sd(
    median: ArrayLike, q1: ArrayLike, q3: ArrayLike, low: ArrayLike, high: ArrayLike, n: ArrayLike
) -> FromQuantiles:
    """Mean and SD of scores from their median with quartiles, range or both.

    Parameters
    ----------
    median, q1, q3, low, high : array_like, shape (k,)
        Median, quartiles, least and greatest score, in the unit of the scores. Quartiles count in pairs, and so do
        the ends of the range; NaN for what is not printed.
    n : array_like, shape (k,)
        Persons, at least 5.

    Returns
    -------
    FromQuantiles
        The mean by Luo [1]_ and the SD by Wan [2]_ (of all five numbers by Shi [3]_) where the test of skewness [4]_
        does not object; else those of the normal, log-normal, gamma or Weibull distribution whose quantiles are
        nearest to the printed ones by least squares (McGrath [5]_, quantile estimation). NaN where n is under 5,
        where the quantiles do not differ, and where skewed scores go below 0, as the skewed families do not.

    References
    ----------
    .. [1] Luo, Wan, Liu, Tong. Statistical Methods in Medical Research 27 (2018) 1785, equations 7, 11, 15.
    .. [2] Wan, Wang, Liu, Tong. BMC Medical Research Methodology 14 (2014) 135, equations 9 and 16.
    .. [3] Shi and others (2020), equation 10, as metafor's `conv.fivenum` has it.
    .. [4] Shi and others (2023), as metafor's `conv.fivenum` has it.
    .. [5] McGrath and others. Statistical Methods in Medical Research 29 (2020) 2520.

    Examples
    --------
    >>> found = mean_and_sd([12.0, 5.0], [8.0, 3.0], [17.0, 12.0], [np.nan] * 2, [np.nan] * 2, [40, 60])
    >>> found.mean.round(2).tolist(), found.sd.round(2).tolist(), found.family.tolist()
    ([12.35, 10.64], [6.92, 17.8], ['normal', 'log-normal'])
    """
    median, q1, q3, low, high, n = np.broadcast_arrays(*floats(median, q1, q3, low, high, n))
    quartiles, ends = ~np.isnan(q1 + q3), ~np.isnan(low + high)
    usable = (n >= FEWEST) & ~np.isnan(median) & (quartiles | ends)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, sd = _normal(median, q1, q3, low, high, n)
        skewed = usable & _is_skewed(median, q1, q3, low, high, n)
    family = np.where(usable & (sd > 0), "normal", "").astype(object)
    for at in [np.flatnonzero(skewed & (sd > 0))]:
        if at.size:
            points = np.stack([low, q1, median, q3, high], axis=-1)[at]
            levels = np.stack([1 / n, 0 * n + 0.25, 0 * n + 0.5, 0 * n + 0.75, 1 - 1 / n], axis=-1)[at]
            mean, sd = mean.copy(), sd.copy()
            mean[at], sd[at], family[at] = _nearest_family(points, levels)
    none = family == ""
    return FromQuantiles(np.where(none, np.nan, mean), np.where(none, np.nan, sd), skewed, family)


def _normal(median: Array, q1: Array, q3: Array, low: Array, high: Array, n: Array) -> tuple[Array, Array]:
    """Mean and SD of normal scores: of the range, of the quartiles, of both."""
    from scipy.special import ndtri

    of_range = (high - low) / (2 * ndtri((n - 0.375) / (n + 0.25)))
    of_quartiles = (q3 - q1) / (2 * ndtri((0.75 * n - 0.125) / (n + 0.25)))
    w_range, w_quartiles = 4 / (4 + n**0.75), 0.7 + 0.39 / n
    w_low, w_middle = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    w_sd = 1 / (1 + 0.07 * n**0.6)
    middle, quarter = (low + high) / 2, (q1 + q3) / 2
    both = w_low * middle + w_middle * quarter + (1 - w_low - w_middle) * median
    mean = _first(
        both,
        w_range * middle + (1 - w_range) * median,
        w_quartiles * quarter + (1 - w_quartiles) * median,
    )
    return mean, _first(w_sd * of_range + (1 - w_sd) * of_quartiles, of_range, of_quartiles)


def _is_skewed(median: Array, q1: Array, q3: Array, low: Array, high: Array, n: Array) -> NDArray[np.bool_]:
    of_range = np.abs(low + high - 2 * median) / (high - low)
    of_quartiles = np.abs(q1 + q3 - 2 * median) / (q3 - q1)
    of_both = np.maximum(2.65 * np.log(0.6 * n) / np.sqrt(n) * of_range, of_quartiles)
    return np.asarray(
        np.where(
            ~np.isnan(of_both),
            of_both >= 3 / np.sqrt(n) - 40 / n**3,
            (of_range >= 1 / np.log(n + 9) + 2.5 / (n + 1)) | (of_quartiles >= 2.65 / np.sqrt(n) - 6 / n**2),
        )
    )


def _first(*candidates: Array) -> Array:
    chosen = candidates[0]
    for candidate in candidates[1:]:
        chosen = np.where(np.isnan(chosen), candidate, chosen)
    return chosen


def _nearest_family(points: Array, levels: Array) -> tuple[Array, Array, NDArray[np.object_]]:
    """Mean, SD and name of the family whose quantiles are nearest, points and levels of shape (k, 5)."""
    mean, sd, loss = _fitted_normal(points, levels)
    negative = (points < 0).any(axis=1)
    family = np.where(negative, "", "normal").astype(object)
    for name, (curve, moments) in FAMILIES.items():
        shape, scale, new = _fitted(curve, points, levels)
        new_mean, new_sd = (scale * value for value in moments(shape))
        better = ~negative & (new < loss) & np.isfinite(new_sd)
        mean, sd = np.where(better, new_mean, mean), np.where(better, new_sd, sd)
        loss, family = np.where(better, new, loss), np.where(better, name, family)
    return mean, sd, family


def _fitted_normal(points: Array, levels: Array) -> tuple[Array, Array, Array]:
    """Mean and SD by the line of the points on the normal quantiles, and its sum of squares."""
    from scipy.special import ndtri

    z = np.where(np.isnan(points), np.nan, ndtri(levels))
    dz, dq = z - np.nanmean(z, axis=1, keepdims=True), points - np.nanmean(points, axis=1, keepdims=True)
    slope = np.nansum(dz * dq, axis=1) / np.nansum(dz**2, axis=1)
    mean = np.nanmean(points, axis=1) - slope * np.nanmean(z, axis=1)
    return mean, slope, np.nansum((dq - slope[:, None] * dz) ** 2, axis=1)


def _fitted(curve: Curve, points: Array, levels: Array) -> tuple[Array, Array, Array]:
    """Shape, scale and sum of squares: at each shape the best scale is known, so one number is sought."""
    known = ~np.isnan(points)
    held = np.where(known, points, 0.0)

    def loss(log_shape: Array) -> tuple[Array, Array]:
        at = np.where(known[:, None, :], curve(levels, np.exp(log_shape)), 0.0)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            scale = (at * held[:, None, :]).sum(axis=-1) / (at**2).sum(axis=-1)
            total = ((scale[..., None] * at - held[:, None, :]) ** 2).sum(axis=-1)
        return np.where(np.isfinite(total), total, np.inf), scale

    grid = np.linspace(np.log(1e-2), np.log(1e2), GRID)
    first = loss(np.broadcast_to(grid, (len(points), GRID)))[0].argmin(axis=1)
    low, high = grid[np.maximum(first - 1, 0)], grid[np.minimum(first + 1, GRID - 1)]
    for _ in range(GOLDEN_STEPS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        found = loss(np.stack([left, right], axis=1))[0]
        lower = found[:, 0] <= found[:, 1]
        low, high = np.where(lower, low, left), np.where(lower, right, high)
    best = (low + high) / 2
    total, scale = loss(best[:, None])
    return np.exp(best), scale[:, 0], total[:, 0]


def _log_normal(levels: Array, sigma: Array) -> Array:
    from scipy.special import ndtri

    return np.exp(ndtri(levels)[:, None, :] * np.minimum(sigma, 20.0)[..., None])


def _gamma(levels: Array, shape: Array) -> Array:
    from scipy.special import gammaincinv

    return gammaincinv(shape[..., None], levels[:, None, :])


def _weibull(levels: Array, shape: Array) -> Array:
    with np.errstate(over="ignore"):
        return (-np.log1p(-levels))[:, None, :] ** (1 / shape[..., None])


def _weibull_moments(shape: Array) -> tuple[Array, Array]:
    from scipy.special import gamma

    mean = gamma(1 + 1 / shape)
    with np.errstate(invalid="ignore", over="ignore"):
        return mean, np.sqrt(gamma(1 + 2 / shape) - mean**2)


def _log_normal_moments(sigma: Array) -> tuple[Array, Array]:
    with np.errstate(over="ignore"):
        mean = np.exp(sigma**2 / 2)
        return mean, mean * np.sqrt(np.expm1(sigma**2))


FAMILIES: Mapping[str, tuple[Curve, Moments]] = {
    "log-normal": (_log_normal, _log_normal_moments),
    "gamma": (_gamma, lambda shape: (shape, np.sqrt(shape))),
    "Weibull": (_weibull, _weibull_moments),
}
