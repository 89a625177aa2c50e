"""The three-level model: effects within clusters, clusters around one mean.

The sampling covariance of a cluster is diagonal, or has one correlation `rho` between the effects of a
cluster (the correlated and hierarchical effects model, CHE), or is given; `nested` has its likelihood. The
greatest restricted likelihood is found for all specifications of a batch at once: a grid names the hills,
Newton climbs each of them, the highest counts.

References
----------
.. [1] Konstantopoulos (2011), Research Synthesis Methods 2, 61. doi:10.1002/jrsm.35
.. [2] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from pdt_evidence.models.nested import Nested, weighted_mean

__all__ = ["Peak", "Peaks", "fit_reml", "fit_reml_many", "highest", "profile_interval"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
MOST_STEPS = 200
ENOUGH = 1e-7  # of a variance
AT_ONCE = 500_000  # values of a grid held at once


@dataclass(frozen=True, slots=True)
class Peak:
    """Where the restricted likelihood is greatest; `gradient` is in units of 1 / sigma2."""

    sigma2: tuple[float, float]
    log_likelihood: float
    gradient: tuple[float, float]
    mu: float
    variance: float  # of mu


@dataclass(frozen=True, slots=True)
class Peaks:
    """The same of n specifications: `sigma2` and `gradient` have the shape (n, 2), the rest (n,)."""

    sigma2: Array
    log_likelihood: Array
    gradient: Array
    mu: Array
    variance: Array


def _climb(nested: Nested, start: Array, free: Flags) -> tuple[Array, Array, Array]:
    """Newton from each row of `start` (s, 2) over sigma2 >= 0, where `free` (s, 2) lets it move.

    The step is Newton's where the surface is concave and along |curvature| where it is not, halved until
    the likelihood does not fall; so every accepted step climbs, and the last ones are quadratic: past one
    that is small next to the variances, the error is its square.
    """
    at = start.astype(float).copy()
    scale = nested.typical + _mean_square(nested)
    finest = 1e-3 * np.where(nested.present > 0, nested.lam, np.inf).min(axis=1)[:, None]
    value, gradient, hessian = nested.likelihood(at)
    live = np.arange(len(at))
    for _ in range(MOST_STEPS):
        fixed = ~free[live] | ((at[live] <= 0) & (gradient[live] <= 0))
        step = _newton_step(gradient[live], hessian[live], fixed, scale[live])
        long = np.abs(step).max(1) > 1e-15 * (scale[live] + at[live].max(1))
        live, step, fixed = live[long], step[long], fixed[long]
        if not len(live):
            break
        last = (np.abs(step) <= ENOUGH * (at[live] + finest[live])).all(axis=1)
        moved, trying, factor = np.zeros(len(live), dtype=bool), np.arange(len(live)), 1.0
        while len(trying) and factor > 1e-10:
            rows = live[trying]
            trial = np.maximum(at[rows] + factor * step[trying], 0.0)
            new = nested.take(rows).likelihood(trial)
            # Near the peak values agree to rounding; there a smaller slope tells the better point.
            flat = np.abs(new[0] - value[rows]) <= 1e-13 * (1 + np.abs(value[rows]))
            slopes = (np.where(fixed[trying], 0, slope) for slope in (new[1], gradient[rows]))
            calmer = np.less(*(np.abs(slope).max(1) for slope in slopes))
            better = np.where(flat, calmer, new[0] > value[rows])
            for old, fresh in ((at, trial), (value, new[0]), (gradient, new[1]), (hessian, new[2])):
                old[rows[better]] = fresh[better]
            moved[trying[better]] = True
            trying = trying[~better & ~flat]
            factor /= 2
        live = live[moved & ~last]
    return at, value, gradient


def _mean_square(nested: Nested) -> Array:
    return (nested.y**2).sum(axis=1) / nested.k


def _newton_step(gradient: Array, hessian: Array, fixed: Flags, scale: Array) -> Array:
    """-H^-1 g on the coordinates that are not fixed, with |curvature| for curvature."""
    g = np.where(fixed, 0.0, gradient) * scale[:, None]
    H = hessian * scale[:, None, None] ** 2
    H = np.where(fixed[:, :, None] | fixed[:, None, :], 0.0, H)
    values, axes = np.linalg.eigh(H)
    curvature = np.maximum(np.abs(values), 1e-8 * np.abs(values).max(1, keepdims=True) + 1e-300)
    along = np.einsum("sij,si->sj", axes, g) / curvature
    step = scale[:, None] * np.einsum("sij,sj->si", axes, along)
    return np.where(fixed, 0.0, step)


def _starts(nested: Nested, free: Flags, fixed: Array) -> tuple[NDArray[np.intp], Array]:
    """The local maxima of a coarse grid over sigma2, where a climb may end somewhere else.

    Returns
    -------
    (owner, points) : ndarray, shapes (s,) and (s, 2)
        Specification of each start, ascending; every specification has at least one.
    """
    spread = _mean_square(nested) + nested.typical
    ladder = np.concatenate([[0.0], np.geomspace(1e-4, 10.0, 11)])[:, None] * spread
    axes = [
        np.where(free[:, i], ladder, fixed[:, i]) if free[:, i].any() else fixed[None, :, i] for i in (0, 1)
    ]
    n, m = len(nested.y), len(nested.starts)
    batch = max(1, AT_ONCE // (len(axes[0]) * m + nested.y.shape[1]))
    parts = [np.arange(i, min(i + batch, n)) for i in range(0, n, batch)]
    values = np.concatenate(
        [nested.take(rows).on_grid(axes[0][:, rows], axes[1][:, rows]) for rows in parts], axis=-1
    )
    # A variance that is fixed has one value, not as many as the ladder of the others.
    for i in (0, 1):
        np.moveaxis(values, i, 0)[1:, :, ~free[:, i]] = -np.inf
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    rows, columns = values.shape[:2]
    neighbours = [padded[1 + i : 1 + i + rows, 1 + j : 1 + j + columns] for i, j in _AROUND]
    top = np.isfinite(values) & (values >= np.max(neighbours, axis=0))
    owner, x, z = np.nonzero(np.moveaxis(top, -1, 0))
    return owner, np.stack([axes[0][x, owner], axes[1][z, owner]], axis=-1)


_AROUND = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


def fit_reml_many(nested: Nested, free: Flags, fixed: Array | None = None) -> Peaks:
    """The greatest restricted likelihood of every specification over sigma2 >= 0.

    Parameters
    ----------
    nested : Nested
        Rows of n specifications.
    free : ndarray of bool, shape (n, 2)
        Which of (between, within) is estimated; the other stays at its value in `fixed`, or 0.

    Returns
    -------
    Peaks
        A variance at its boundary is exactly 0. The log-likelihood has all of its constants, as
        metafor's ``logLik`` has them.
    """
    fixed = np.zeros(free.shape) if fixed is None else fixed
    return _peaks(nested, *_starts(nested, free, fixed), free)


def highest(nested: Nested, free: tuple[bool, bool]) -> tuple[Array, float]:
    """The same for one specification, or one regression: sigma2, shape (2,), and the value there without constants."""
    flags = np.array([free])
    owner, starts = _starts(nested, flags, np.zeros((1, 2)))
    at, value, _ = _climb(nested.take(owner), starts, flags[owner])
    best = int(np.argmax(value))
    return at[best], float(value[best])


def _peaks(nested: Nested, owner: NDArray[np.intp], starts: Array, free: Flags) -> Peaks:
    at, value, gradient = _climb(nested.take(owner), starts, free[owner])
    order = np.lexsort((-value, owner))
    best = order[np.unique(owner[order], return_index=True)[1]]
    constant = -0.5 * (nested.k - 1) * np.log(2 * np.pi) + 0.5 * np.log(nested.k)
    mu, variance = weighted_mean(nested, at[best])
    return Peaks(at[best], value[best] + constant, gradient[best], mu, variance)


def fit_reml(
    nested: Nested, free: tuple[bool, bool] = (True, True), fixed: tuple[float, float] = (0.0, 0.0)
) -> Peak:
    """`fit_reml_many` for the one specification of `nested`."""
    return _only(fit_reml_many(nested, np.array([free]), np.array([fixed])))


def _only(peaks: Peaks) -> Peak:
    """The one peak of a batch of one, as plain numbers."""
    x, z = peaks.sigma2[0].tolist()
    up, along = peaks.gradient[0].tolist()
    value, mu, variance = (part.item() for part in (peaks.log_likelihood, peaks.mu, peaks.variance))
    return Peak((x, z), value, (up, along), mu, variance)


def profile_interval(
    nested: Nested, peak: Peak, which: int, level: float, free: tuple[bool, bool] = (True, True)
) -> tuple[float, float]:
    """Profile-likelihood interval of sigma2[which]; the other variance is maximised out where it is free.

    Returns
    -------
    (float, float)
        The lower end is exactly 0 where 0 is not refuted.
    """
    critical = float(chdtri(1.0, 1.0 - level))
    other = 1 - which
    rest = (free[0] and other == 0, free[1] and other == 1)

    def deviance(value: float) -> tuple[float, float]:
        available = (value, 0.0) if which == 0 else (0.0, value)
        near = np.array([peak.sigma2])
        near[:, which] = value
        moving = np.array([rest])
        if rest[other]:
            near = np.concatenate([near, _starts(nested, moving, np.array([available]))[1]])
        found = _only(_peaks(nested, np.zeros(len(near), dtype=np.intp), near, moving))
        return 2 * (peak.log_likelihood - found.log_likelihood) - critical, -2 * found.gradient[which]

    middle = peak.sigma2[which]
    outside = max(2 * middle, nested.typical.item())
    inside = middle
    while deviance(outside)[0] < 0:
        inside, outside = outside, 4 * outside
        if not np.isfinite(outside):
            return 0.0, np.inf
    upper = _crossing(deviance, inside, outside)
    if middle == 0.0 or deviance(0.0)[0] <= 0:
        return 0.0, upper
    return _crossing(deviance, middle, 0.0), upper


def _crossing(deviance: Callable[[float], tuple[float, float]], inside: float, outside: float) -> float:
    """Where the deviance passes 0 from `inside` (below) to `outside` (above): Newton, kept between them."""
    at = 0.5 * (inside + outside)
    for _ in range(200):
        value, slope = deviance(at)
        inside, outside = (at, outside) if value < 0 else (inside, at)
        step = at - value / slope if slope else np.nan
        low, high = min(inside, outside), max(inside, outside)
        following = step if low < step < high else 0.5 * (low + high)
        if abs(following - at) <= 1e-12 * abs(at) or high - low <= 1e-14 * high:
            return float(following)
        at = following
    return float(at)
