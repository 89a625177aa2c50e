"""The maximum of many likelihoods at once, inside a box, by Newton's method; and intervals by their profiles.

A likelihood is called as `value(theta, owner)`: parameters (B, P) and, for each of the B, the number of the
data set that it belongs to. It gives the log-likelihood (B,), its gradient (B, P) and its Hessian (B, P, P).
Parameters should be of the order of 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Likelihood", "Peak", "ascend", "best_of", "covariance", "profile_interval"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.intp]
Likelihood = Callable[[Floats, Index], tuple[Floats, Floats, Floats]]

MOST_ROUNDS = 200
LONGEST_STEP = 2.0  # of one parameter in one round: beyond it the quadratic says nothing
CLOSE_GAIN = 1e-11  # a Newton step that promises less than this is the last one
FLATTEST = 1e-10  # curvature, relative to the largest, below which a direction counts as flat
EDGE = 1e-12
CLOSE_DEVIANCE = 1e-9  # of an end of a profile interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Peak:
    """Where likelihoods are largest; `fixed` marks parameters on an edge of the box."""

    theta: Floats  # (B, P)
    log_likelihood: Floats  # (B,)
    hessian: Floats  # (B, P, P)
    fixed: Flags  # (B, P)


def ascend(
    value: Likelihood,
    start: Floats,
    owner: Index,
    box: tuple[Floats, Floats],
    still: Flags | None = None,
) -> Peak:
    """The maximum that Newton's method reaches from each start.

    Parameters
    ----------
    value : callable
        As the module says.
    start : ndarray, shape (B, P)
    owner : ndarray of int, shape (B,)
    box : (ndarray, ndarray), each of shape (P,) or (B, P)
        Least and largest values; a maximum on an edge is one.
    still : ndarray of bool, shape (B, P), optional
        Parameters that stay as they are.
    """
    low, high = (np.broadcast_to(side, start.shape) for side in box)
    still = np.zeros(start.shape, dtype=bool) if still is None else still
    theta = np.where(still, start, np.clip(start, low, high))
    at, gradient, hessian = value(theta, owner)
    damping = np.ones(len(theta))
    open_ = np.flatnonzero(np.isfinite(at))
    for _ in range(MOST_ROUNDS):
        if not open_.size:
            break
        now = theta[open_]
        fixed = still[open_] | _pressed(now, gradient[open_], low[open_], high[open_])
        step, gain = _inside(now, gradient[open_], hessian[open_], fixed, low[open_], high[open_])
        tried = _snapped(now + damping[open_, None] * step, low[open_], high[open_])
        tried = np.where(still[open_], now, tried)
        there, slope, curve = value(tried, owner[open_])
        last = (gain < CLOSE_GAIN) | (np.abs(tried - now).max(axis=1) < 1e-13)
        # Rounding alone may let the last step fall.
        better = there >= at[open_] - np.where(last, 1e-9, 0.0)
        rows = open_[better]
        theta[rows], at[rows] = tried[better], there[better]
        gradient[rows], hessian[rows] = slope[better], curve[better]
        damping[open_] = np.where(better, np.minimum(1.0, 4 * damping[open_]), damping[open_] / 4)
        open_ = open_[~last]
    fixed = still | _pressed(theta, gradient, low, high)
    return Peak(theta=theta, log_likelihood=at, hessian=hessian, fixed=fixed)


def _pressed(theta: Floats, gradient: Floats, low: Floats, high: Floats) -> Flags:
    return ((theta <= low) & (gradient < 0)) | ((theta >= high) & (gradient > 0))


def _snapped(theta: Floats, low: Floats, high: Floats) -> Floats:
    """Back into the box; what rounding leaves beside an edge is on it."""
    theta = np.where(theta < low + EDGE, low, theta)
    return np.where(theta > high - EDGE, high, theta)


def _inside(
    theta: Floats, gradient: Floats, hessian: Floats, fixed: Flags, low: Floats, high: Floats
) -> tuple[Floats, Floats]:
    """Newton's step; where it leaves the box, to the edge and the best step of the others given that."""
    step, gain = _newton(gradient, hessian, fixed)
    there: Floats = theta + step
    out: Flags = np.logical_or(there < low, there > high)
    rows = out.any(axis=1)
    if rows.any():
        to_edge = np.where(out, np.clip(there, low, high) - theta, 0.0)[rows]
        given = gradient[rows] + np.einsum("bij,bj->bi", hessian[rows], to_edge)
        rest, _ = _newton(given, hessian[rows], fixed[rows] | out[rows])
        step[rows] = rest + to_edge
    return step, gain


def _newton(gradient: Floats, hessian: Floats, fixed: Flags) -> tuple[Floats, Floats]:
    """A step uphill and the gain that it promises; a Hessian that bends upwards is turned over."""
    free = ~fixed
    g = gradient * free
    curve = -hessian * (free[:, :, None] & free[:, None, :])
    diagonal = np.arange(g.shape[1])
    curve[:, diagonal, diagonal] += fixed
    values, axes = np.linalg.eigh(np.where(np.isfinite(curve), curve, 0.0))
    size = np.abs(values)
    size = np.maximum(size, FLATTEST * size.max(axis=1, keepdims=True) + 1e-300)
    along = np.einsum("bij,bi->bj", axes, g)
    step = np.einsum("bij,bj->bi", axes, along / size)
    gain = (along**2 / size).sum(axis=1)
    return step * np.minimum(1.0, LONGEST_STEP / (np.abs(step).max(axis=1, keepdims=True) + 1e-300)), gain


def best_of(peak: Peak, owner: Index, count: int) -> Index:
    """The row of the highest peak of each of `count` data sets; the first of equal ones."""
    height = np.where(np.isfinite(peak.log_likelihood), peak.log_likelihood, -np.inf)
    order = np.lexsort((np.arange(len(owner)), -height, owner))
    return order[np.searchsorted(owner[order], np.arange(count))]


def covariance(hessian: Floats, fixed: Flags) -> Floats:
    """Inverse observed information (B, P, P) of the free parameters; NaN elsewhere, or where it is singular."""
    free = ~fixed
    pair = free[:, :, None] & free[:, None, :]
    diagonal = np.arange(hessian.shape[1])
    curve = np.where(pair, -hessian, 0.0)
    curve[:, diagonal, diagonal] += fixed
    usable: Flags = np.all(np.isfinite(curve), axis=(1, 2))
    values, axes = np.linalg.eigh(np.where(usable[:, None, None], curve, np.eye(len(diagonal))))
    usable &= values.min(axis=1) > 1e-12 * np.abs(values).max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = (axes / values[:, None, :]) @ np.swapaxes(axes, 1, 2)
    return np.where(pair & usable[:, None, None], inverse, np.nan)


def profile_interval(
    value: Likelihood, theta: Floats, top: float, se: Floats, box: tuple[Floats, Floats], drop: float
) -> Floats:
    """Ends of the profile-likelihood intervals of all parameters of one data set, shape (P, 2).

    Parameters
    ----------
    value : callable
        As the module says; called with owners 0.
    theta : ndarray, shape (P,)
        The maximum, of log-likelihood `top`.
    se : ndarray, shape (P,)
        Where to look first; NaN where not known.
    box : (ndarray, ndarray), each of shape (P,)
        An end that lies outside of it is the edge.
    drop : float
        How far twice the log-likelihood falls: a quantile of chi-squared with 1 degree of freedom.
    """
    size = len(theta)
    which = np.repeat(np.arange(size), 2)
    rows = np.arange(2 * size)
    edge = np.column_stack(box).ravel()
    still = np.zeros((2 * size, size), dtype=bool)
    still[rows, which] = True
    width = np.repeat(np.where(np.isfinite(se) & (se > 0), se, 1.0), 2) * np.tile([-1.0, 1.0], size)
    inner, outer, known = theta[which].copy(), edge.copy(), np.zeros(2 * size, dtype=bool)
    x = _between(inner + np.sqrt(drop) * width, inner, outer)
    guess = np.tile(theta, (2 * size, 1))
    ends, open_ = edge.copy(), np.flatnonzero(edge != theta[which])
    for _ in range(60):
        if not open_.size:
            break
        guess[open_, which[open_]] = x[open_]
        peak = ascend(value, guess[open_], np.zeros(open_.size, dtype=np.intp), box, still[open_])
        guess[open_] = peak.theta
        slope = value(peak.theta, np.zeros(open_.size, dtype=np.intp))[1][np.arange(open_.size), which[open_]]
        fall = np.maximum(2 * (top - peak.log_likelihood), 0.0)
        beyond = fall >= drop
        outer[open_] = np.where(beyond, x[open_], outer[open_])
        known[open_] |= beyond
        inner[open_] = np.where(beyond, inner[open_], x[open_])
        reached = np.abs(fall - drop) < CLOSE_DEVIANCE
        reached |= np.abs(outer[open_] - inner[open_]) <= 1e-12 * (1 + np.abs(x[open_]))
        ends[open_] = np.where(reached, x[open_], ends[open_])
        x[open_] = _next(
            x[open_], fall, slope, drop, inner[open_], outer[open_], known[open_], theta[which][open_]
        )
        open_ = open_[~reached]
    return ends.reshape(size, 2)


def _between(x: Floats, inner: Floats, outer: Floats) -> Floats:
    return np.clip(x, np.minimum(inner, outer), np.maximum(inner, outer))


def _next(
    x: Floats,
    fall: Floats,
    slope: Floats,
    drop: float,
    inner: Floats,
    outer: Floats,
    known: Flags,
    top: Floats,
) -> Floats:
    """Newton on the root of the fall, which is nearly a straight line; else further out, or the middle."""
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(fall)
        newton = x - (root - np.sqrt(drop)) / (-slope / root)
    inside = (newton - inner) * (newton - outer) < 0
    middle = np.where(known, (inner + outer) / 2, _between(top + 2 * (x - top), inner, outer))
    # The edge itself has to be tried once: only if the fall there is too small is it the end.
    return np.where(inside & np.isfinite(newton), newton, middle)
