"""The normal-normal model with a prior of tau, by numerical integration over tau alone: no sampling.

Given tau everything is normal, so each posterior is a mixture of normals over one variable. That variable
is integrated in u = log(tau), by Gauss-Legendre panels that are halved until two estimates agree; what is
kept are the nodes, their posterior weights, and the conditional mean and standard deviation of mu at each.

References
----------
.. [1] Röver (2020), Journal of Statistical Software 93(6). doi:10.18637/jss.v093.i06
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import ndtr

from pdt_evidence.models.priors import Prior
from pdt_evidence.models.quadrature import legendre
from pdt_evidence.showing import Brief

__all__ = ["INTERVALS", "Mixture", "TauPosterior", "finite_moment", "integrate", "interval", "shrinkage"]

INTERVALS = ("central", "shortest")
NODES, WEIGHTS = legendre(12)
NEGLIGIBLE = 45.0  # exp(-45) is below rounding next to 1
FURTHEST = 300.0  # of log(tau) from the scale of the data; tau ** 2 has to stay in range
TOLERANCE = 1e-14
CHUNK = 1_000_000  # doubles in one array of nodes by studies
MOST_HALVINGS = 12
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class _Data(Brief):
    y: Array
    v: Array
    prior: Prior
    mu_prior: tuple[float, float] | None  # mean, sd; None is flat

    def conditional(self, tau: Array) -> tuple[Array, Array, Array]:
        """Mean and sd of mu at each tau (n,), and the logarithm of the density of tau up to a constant."""
        rows = max(1, CHUNK // len(self.v))
        if len(tau) > rows:
            parts = [self.conditional(tau[i : i + rows]) for i in range(0, len(tau), rows)]
            mean, sd, log_density = (np.concatenate(part) for part in zip(*parts, strict=True))
            return mean, sd, log_density
        w = 1.0 / (self.v + np.square(tau)[:, None])
        m0, precision = (0.0, 0.0) if self.mu_prior is None else (self.mu_prior[0], self.mu_prior[1] ** -2)
        total = w.sum(axis=1) + precision
        mean = (w @ self.y + m0 * precision) / total
        spread = (w * (self.y - mean[:, None]) ** 2).sum(axis=1) + precision * (mean - m0) ** 2
        log_density = 0.5 * (np.log(w).sum(axis=1) - np.log(total) - spread) + self.prior.log_density(tau)
        return mean, total**-0.5, log_density


@dataclass(frozen=True, slots=True, repr=False)
class Mixture(Brief):
    """A mixture of normals: weights (n,) summing to 1, means and standard deviations (n,)."""

    weight: Array
    mean_at: Array
    sd_at: Array

    def density(self, x: Array) -> Array:
        """Density at each x."""
        x = np.asarray(x, dtype=float)
        flat, rows = x.ravel(), max(1, CHUNK // len(self.weight))
        value = np.empty(flat.shape)
        for i in range(0, len(flat), rows):
            z = (flat[i : i + rows, None] - self.mean_at) / self.sd_at
            value[i : i + rows] = (np.exp(-0.5 * z**2) / self.sd_at) @ self.weight
        return value.reshape(x.shape) / np.sqrt(2 * np.pi)

    def cdf(self, x: float) -> float:
        """P(X <= x)."""
        return float(ndtr((x - self.mean_at) / self.sd_at) @ self.weight)

    def tail(self, x: float) -> float:
        """P(X > x), without 1 - cdf, so that small ones stay exact."""
        return float(ndtr((self.mean_at - x) / self.sd_at) @ self.weight)

    def mean(self) -> float:
        """Mean of the mixture."""
        return float(self.weight @ self.mean_at)

    def sd(self) -> float:
        """Standard deviation of the mixture."""
        return float(np.sqrt(self.weight @ (self.sd_at**2 + (self.mean_at - self.mean()) ** 2)))

    def quantile(self, p: float) -> float:
        """The x with P(X <= x) = p."""
        order = np.argsort(self.sd_at)
        middle = order[np.searchsorted(np.cumsum(self.weight[order]), 0.5)]
        # A start of the usual size: with a heavy tail the largest components are of no use as a scale.
        low, high = (float(self.mean_at[middle] + side * 4 * self.sd_at[middle]) for side in (-1, 1))
        while self.cdf(low) > p:
            low -= 2 * (high - low)
        while self.tail(high) > 1 - p:
            high += 2 * (high - low)
        upper = p > 0.5
        return _root(lambda x: (1 - p) - self.tail(x) if upper else self.cdf(x) - p, low, high)

    def mode(self) -> float:
        """Where the density is greatest."""
        grid = np.linspace(self.quantile(0.02), self.quantile(0.98), 301)
        top = int(np.argmax(self.density(grid)))

        def slope(x: float) -> float:
            z = (x - self.mean_at) / self.sd_at
            return float((-z * np.exp(-0.5 * z**2) / self.sd_at**2) @ self.weight)

        return _root(slope, grid[max(top - 1, 0)], grid[min(top + 1, 300)])


@dataclass(frozen=True, slots=True, repr=False)
class TauPosterior(Brief):
    """The posterior of tau, on nodes of log(tau); and what mu is at each node.

    Attributes
    ----------
    edges, mass : ndarray, shape (m + 1,), (m,)
        Panels in log(tau) and the posterior probability of each.
    tau, weight, mu_mean, mu_sd : ndarray, shape (n,)
        Nodes, their posterior probability, and the normal that mu is given tau.
    log_constant : float
        Logarithm of the integral of the unnormalised density.
    """

    data: _Data
    edges: Array
    mass: Array
    tau: Array
    weight: Array
    mu_mean: Array
    mu_sd: Array
    log_constant: float

    def density(self, tau: Array) -> Array:
        """Density at each tau; 0 below 0."""
        tau = np.asarray(tau, dtype=float)
        at = np.maximum(tau.ravel(), np.exp(-FURTHEST))  # priors are asked for log(tau)
        value = np.exp(self.data.conditional(at)[2] - self.log_constant).reshape(tau.shape)
        return np.where(tau >= 0, value, 0.0)

    def cdf(self, tau: float) -> float:
        """P(T <= tau)."""
        if tau <= 0:
            return 0.0
        u = np.log(tau)
        panel = int(np.searchsorted(self.edges, u)) - 1
        if panel < 0 or panel >= len(self.mass):
            return float(panel >= 0)
        return float(self.mass[:panel].sum() + self._part(panel, u))

    def _part(self, panel: int, u: float) -> float:
        """Probability of a panel up to log(tau) = u."""
        half = (u - self.edges[panel]) / 2
        at = self.edges[panel] + half * (NODES + 1)
        value = self.data.conditional(np.exp(at))[2] + at - self.log_constant
        return float(half * (WEIGHTS @ np.exp(value)))

    def quantile(self, p: float) -> float:
        """The tau with P(T <= tau) = p."""
        if p <= 0:
            return 0.0
        reached = np.cumsum(self.mass)
        panel = min(int(np.searchsorted(reached, p)), len(self.mass) - 1)
        below = reached[panel] - self.mass[panel]
        low, high = self.edges[panel], self.edges[panel + 1]
        if below + self.mass[panel] <= p:
            return float(np.exp(high))
        return float(np.exp(_root(lambda u: below + self._part(panel, u) - p, low, high)))

    def moment(self, power: int) -> float:
        """E(T ** power); infinite where the integral is."""
        k, flat = len(self.data.y), self.data.mu_prior is None
        if not finite_moment(self.data.prior, k, flat, power):
            return np.inf
        return float(self.weight @ self.tau**power)

    def sd(self) -> float:
        """Standard deviation; infinite where the integral is."""
        mean = self.moment(1)
        return float(np.sqrt(self.weight @ (self.tau - mean) ** 2)) if np.isfinite(self.moment(2)) else np.inf

    def mode(self) -> float:
        """Where the density of tau is greatest; 0 where it falls from the start."""
        order = np.argsort(self.tau)
        grid = np.concatenate([[0.0], self.tau[order]])
        values = self.density(grid)
        top = int(np.argmax(values))
        low, high = grid[max(top - 1, 0)], grid[min(top + 1, len(grid) - 1)]
        found = minimize_scalar(
            lambda t: -float(self.density(np.array(t))),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-12 * high},
        )
        # A flat start looks like a mode just above 0 to any search by values.
        at_zero = values[0] >= -found.fun * (1 - 1e-12)
        return 0.0 if at_zero else float(found.x)

    def mixture(self, extra: float = 0.0) -> Mixture:
        """Of mu (`extra` 0), or of a new study's effect (`extra` 1: tau2 is added to the variance)."""
        return Mixture(self.weight, self.mu_mean, np.sqrt(self.mu_sd**2 + extra * self.tau**2))


def finite_moment(prior: Prior, k: int, flat: bool, power: int) -> bool:
    """Whether E(tau ** power) is finite: the likelihood falls as tau ** -(k - 1), with a prior of mu as -k.

    With `power` 0: whether there is a posterior.
    """
    if power == 0 and prior.proper:
        return True
    return (k - 1 if flat else k) + prior.tail - power > 1


def integrate(y: Array, v: Array, prior: Prior, mu_prior: tuple[float, float] | None) -> TauPosterior:
    """The posterior of tau and, on its nodes, of mu.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Effects and their sampling variances.
    prior : Prior
        Of tau.
    mu_prior : (mean, sd) or None
        Normal prior of mu; None is flat.
    """
    data = _Data(y, v, prior, mu_prior)
    flat = mu_prior is None
    power = max(r for r in (0, 1, 2) if r == 0 or finite_moment(prior, len(y), flat, r))
    edges = _support(data, power)
    edges, peak = _refine(data, edges, power)
    values = [_panels(data, edges[:-1], edges[1:], peak)]
    tau, weight, mean, sd = (part.ravel() for part in values[0])
    total = weight.sum()
    mass = weight.reshape(-1, len(NODES)).sum(axis=1) / total
    keep = weight > 0
    return TauPosterior(
        data, edges, mass, tau[keep], weight[keep] / total, mean[keep], sd[keep], float(peak + np.log(total))
    )


def _support(data: _Data, power: int) -> Array:
    """Panel edges in log(tau) that hold all but a negligible part of the integrals up to `power`."""
    centre = 0.5 * np.log(np.median(data.v))
    near = np.arange(-30.0, 30.0, 0.25)
    far = np.arange(30.0, FURTHEST + 1)
    u = centre + np.concatenate([-far[::-1], near, far])
    upper = getattr(data.prior, "upper", np.inf)
    if np.isfinite(upper):  # the density stops here, and so do the panels
        u = np.append(u[u < np.log(upper) - 1e-9], np.log(upper))
    g = data.conditional(np.exp(u))[2] + u
    matters = np.zeros(len(u), dtype=bool)
    for r in range(power + 1):
        level = g + r * u
        matters |= level > level.max() - NEGLIGIBLE
    first, last = np.flatnonzero(matters)[[0, -1]]
    return u[max(first - 1, 0) : last + 2]


def _panels(data: _Data, low: Array, high: Array, peak: float) -> tuple[Array, Array, Array, Array]:
    """tau, quadrature weight times density, and mean and sd of mu, on the nodes of each panel: (m, 12)."""
    half = (high - low)[:, None] / 2
    u = low[:, None] + half * (NODES + 1)
    tau = np.exp(u.ravel())
    mean, sd, g = data.conditional(tau)
    weight = half * WEIGHTS * np.exp(g.reshape(u.shape) + u - peak)
    return tau.reshape(u.shape), weight, mean.reshape(u.shape), sd.reshape(u.shape)


def _refine(data: _Data, edges: Array, power: int) -> tuple[Array, float]:
    """Halve panels until a panel and its halves agree on the integrals of 1, mu and tau ** power.

    Each difference is held against the whole integral; that of mu against the most it can be, since it may
    be nothing but rounding. With many studies the logarithm of the density is large, and its rounding sets
    what agreement there can be.
    """
    log_density = data.conditional(np.exp(edges))[2] + edges
    peak = float(log_density.max())
    largest = np.abs(np.log(data.v)).sum() + abs(peak)
    tolerance = max(TOLERANCE, 2 * np.finfo(float).eps * largest)

    def integrals(low: Array, high: Array) -> Array:
        tau, weight, mean, _ = _panels(data, low, high, peak)
        location = weight * ((mean - centre) / width) ** 2
        return np.stack([weight.sum(1), location.sum(1), (weight * tau**power).sum(1)])

    centre = float(np.average(data.y, weights=1 / data.v))
    prior_mean = centre if data.mu_prior is None else data.mu_prior[0]
    width = float(np.ptp(np.append(data.y, prior_mean)) + np.sqrt(data.v.min()))
    low, high, done = edges[:-1], edges[1:], []
    apart = np.ones(len(low), dtype=bool)
    whole = integrals(low, high)
    for _ in range(MOST_HALVINGS):
        middle = (low + high) / 2
        left, right = integrals(low, middle), integrals(middle, high)
        scale = left.sum(1) + right.sum(1) + sum(part.sum(1) for _, part in done)
        scale[1] = scale[0]
        apart = (np.abs(left + right - whole) > tolerance * scale[:, None]).any(axis=0)
        done.append((low[~apart], (left + right)[:, ~apart]))
        if not apart.any():
            break
        low, high = np.concatenate([low[apart], middle[apart]]), np.concatenate([middle[apart], high[apart]])
        whole = np.concatenate([left[:, apart], right[:, apart]], axis=1)
    starts = np.sort(np.concatenate([part for part, _ in done] + ([low] if apart.any() else [])))
    return np.append(starts, edges[-1]), peak


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """A root between two points; the end where the function is already 0 to rounding."""
    at_low, at_high = function(low), function(high)
    if at_low * at_high > 0:
        return float(low if abs(at_low) < abs(at_high) else high)
    size = max(abs(low), abs(high))
    return float(brentq(function, low, high, xtol=1e-14 * size + 1e-300, rtol=4 * np.finfo(float).eps))


def interval(quantile: Callable[[float], float], level: float, kind: str) -> tuple[float, float]:
    """The central interval, or the shortest one, of a distribution with one mode."""
    if kind == "central":
        return quantile(0.5 - level / 2), quantile(0.5 + level / 2)

    def width(p: float) -> float:
        return quantile(p + level) - quantile(p)

    room = 1 - level
    found = minimize_scalar(width, bounds=(0, room), method="bounded", options={"xatol": 1e-8})
    p = 0.0 if quantile(0.0) == 0.0 and width(0.0) <= found.fun else float(found.x)
    return quantile(p), quantile(p + level)


def shrinkage(posterior: TauPosterior, i: int) -> Mixture:
    """The posterior of the true effect of study i."""
    y, v = posterior.data.y[i], posterior.data.v[i]
    own = posterior.tau**2 / (v + posterior.tau**2)
    mean = own * y + (1 - own) * posterior.mu_mean
    return Mixture(posterior.weight, mean, np.sqrt(v * own + ((1 - own) * posterior.mu_sd) ** 2))
