"""The three-level model: effects within clusters, clusters around one mean.

    y_ij = mu + u_j + w_ij + e_ij,   Var(u) = sigma2[0],  Var(w) = sigma2[1],  Cov(e_j) = V_j

The sampling covariance V_j of a cluster is diagonal, or has one correlation `rho` between the effects of
a cluster (the correlated and hierarchical effects model, CHE), or is given. Each V_j is diagonalised once;
in its own axes M_j = V_j + sigma2[1] I + sigma2[0] 11' is a diagonal matrix plus a rank of one, so that the
restricted likelihood, its slope and its curvature cost one pass over the rows, whatever V_j is.

References
----------
.. [1] Konstantopoulos (2011), Research Synthesis Methods 2, 61. doi:10.1002/jrsm.35
.. [2] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

__all__ = [
    "Blocks",
    "Nested",
    "Peak",
    "fit_reml",
    "nest",
    "profile_interval",
    "sampling_blocks",
    "total_blocks",
]

Array = NDArray[np.float64]
Blocks = list[tuple[NDArray[np.intp], Array]]
MOST_STEPS = 200
ENOUGH = 1e-7  # of a variance


@dataclass(frozen=True, slots=True)
class Nested:
    """Rows sorted into clusters, each in the axes of its sampling covariance.

    Attributes
    ----------
    starts : ndarray, shape (m,)
        First row of each of the m clusters.
    lam, one, y : ndarray, shape (k,)
        Eigenvalues of the V_j; the vector of ones and the centred effects in their axes.
    centre : float
        What was taken from every effect; `mu` is found around it.
    """

    starts: NDArray[np.intp]
    lam: Array
    one: Array
    y: Array
    centre: float


@dataclass(frozen=True, slots=True)
class Peak:
    """Where the restricted likelihood is greatest; `gradient` is in units of 1 / sigma2."""

    sigma2: tuple[float, float]
    log_likelihood: float
    gradient: tuple[float, float]
    mu: float
    variance: float  # of mu


def sampling_blocks(
    vi: Array, cluster: NDArray[np.intp], rho: float | None, blocks: Sequence[Array] | None = None
) -> Blocks:
    """Sampling covariances by cluster, clusters of one size stacked.

    Parameters
    ----------
    vi, cluster : ndarray, shape (k,)
        Sampling variances, and cluster codes 0 ... m-1.
    rho : float or None
        Correlation between any two effects of a cluster; None is 0.
    blocks : sequence of ndarray, optional
        V_j of cluster 0 ... m-1, rows in the order they have in `vi`; used instead of `vi` and `rho`.

    Returns
    -------
    list of (rows, V)
        For each size s: row numbers (b, s) of the b clusters of that size, and their covariances (b, s, s).
    """
    order = np.argsort(cluster, kind="stable")
    sizes = np.bincount(cluster)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    stacked: Blocks = []
    for size in np.unique(sizes):
        members = np.flatnonzero(sizes == size)
        rows = order[starts[members][:, None] + np.arange(size)]
        if blocks is not None:
            V = np.stack([np.asarray(blocks[int(j)], dtype=float) for j in members])
        else:
            sd = np.sqrt(vi[rows])
            V = (rho or 0.0) * sd[:, :, None] * sd[:, None, :]
            V[:, np.arange(size), np.arange(size)] = vi[rows]
        stacked.append((rows, V))
    return stacked


def nest(yi: Array, blocks: Blocks) -> Nested:
    """Rotate every cluster of `blocks` into the axes of its sampling covariance."""
    centre = float(np.mean(yi))
    lam, one, y, sizes = [], [], [], []
    for rows, V in blocks:
        values, axes = np.linalg.eigh(V)
        lam.append(values.ravel())
        one.append(axes.sum(axis=-2).ravel())
        y.append(np.einsum("bij,bi->bj", axes, yi[rows] - centre).ravel())
        sizes.append(np.full(len(rows), rows.shape[1]))
    size = np.concatenate(sizes)
    starts = np.concatenate([[0], np.cumsum(size)[:-1]]).astype(np.intp)
    return Nested(starts, np.concatenate(lam), np.concatenate(one), np.concatenate(y), centre)


def total_blocks(blocks: Blocks, sigma2: tuple[float, float]) -> Blocks:
    """Marginal covariances M_j = V_j + sigma2[1] I + sigma2[0] 11', stacked as `blocks` are."""
    between, within = sigma2
    return [(rows, V + between + within * np.eye(V.shape[-1])) for rows, V in blocks]


def _likelihood(nested: Nested, sigma2: Array) -> tuple[Array, Array, Array]:
    """Restricted log-likelihood (constant excluded), its gradient and its Hessian.

    `sigma2` has shape (s, 2); the answers (s,), (s, 2), (s, 2, 2). With d = 1 / (lam + within), and sums over
    the rows of a cluster A = sum d one**2, B = sum d one y, C = sum d y**2, g = 1 + between A:
    log|M_j| = sum log(1/d) + log g,  1'W1 = A / g,  1'Wy = B / g,  y'Wy = C - between B**2 / g.
    """
    x = sigma2[:, :1]
    d = 1.0 / (nested.lam + sigma2[:, 1:])
    (A, Az, Azz), (B, Bz, Bzz) = _cluster_sums(nested, d)
    g = 1.0 + x * A
    h = 1.0 / g
    p, q, a, b, aa = A * h, B * h, Az * h, Bz * h, Azz * h
    ah, xa, qq = a * h, x * a, q * q
    # By line: log|M|, T = 1'W1, N = 1'Wy, R = y'Wy; each with its derivatives by
    # x (between), z (within), xx, xz, zz.
    terms = np.array(
        [
            [np.log(g), p, xa, -p * p, ah, x * aa - xa * xa],
            [p, -p * p, ah, 2 * p**3, -2 * p * ah, (aa - 2 * xa * a) * h],
            [
                q,
                -p * q,
                b - xa * q,
                2 * q * p * p,
                2 * xa * p * q - b * p - q * a,
                Bzz * h - x * (2 * b * a + q * aa) + 2 * q * xa * xa,
            ],
            [
                -x * q * B,
                -qq,
                x * q * (x * q * Az - 2 * Bz),
                2 * qq * p,
                2 * q * (xa * q - b),
                x * (4 * q * xa * Bz - 2 * (Bz * b + q * Bzz) + x * qq * (Azz - 2 * xa * Az)),
            ],
        ]
    ).sum(axis=-1)
    dd, yy = d * d, nested.y**2
    terms[0, 0] -= np.log(d).sum(1)
    terms[0, 2] += d.sum(1)
    terms[0, 5] -= dd.sum(1)
    terms[3, 0] += d @ yy
    terms[3, 2] -= dd @ yy
    terms[3, 5] += 2 * (dd * d) @ yy
    return _combine(*terms)


def _cluster_sums(nested: Nested, d: Array) -> tuple[Array, Array]:
    """A and B of `_likelihood`, each with two derivatives by the within variance: (3, s, m)."""
    powers = np.array([d, -d * d, 2 * d**3])
    a, b = nested.one**2, nested.one * nested.y
    return np.add.reduceat(powers * a, nested.starts, axis=2), np.add.reduceat(
        powers * b, nested.starts, axis=2
    )


def _combine(logdet: Array, T: Array, N: Array, R: Array) -> tuple[Array, Array, Array]:
    """Put -2 l = logdet + log T + R - N**2 / T together, with first and second derivatives."""
    mu = N[0] / T[0]
    value = logdet[0] + np.log(T[0]) + R[0] - N[0] * mu
    dT = T / T[0]
    dmu = (N - mu * T) / T[0]  # rows 1 and 2: derivatives of mu
    first = logdet + dT + R - N * mu - N[0] * dmu
    gradient = -0.5 * np.stack([first[1], first[2]], axis=-1)
    hessian = np.empty((len(mu), 2, 2))
    for i, j, ij in ((1, 1, 3), (1, 2, 4), (2, 2, 5)):
        dij = (N[ij] - dmu[j] * T[i] - mu * T[ij]) / T[0] - dmu[i] * dT[j]
        curve = logdet[ij] + dT[ij] - dT[i] * dT[j] + R[ij] - N[ij] * mu - N[i] * dmu[j] - N[j] * dmu[i]
        hessian[:, i - 1, j - 1] = hessian[:, j - 1, i - 1] = -0.5 * (curve - N[0] * dij)
    return -0.5 * value, gradient, hessian


def _climb(nested: Nested, start: Array, free: tuple[bool, bool]) -> tuple[Array, Array, Array]:
    """Newton from each row of `start` (s, 2) over sigma2 >= 0; fixed coordinates stay where they are.

    The step is Newton's where the surface is concave and along |curvature| where it is not, halved until
    the likelihood does not fall; so every accepted step climbs, and the last ones are quadratic: past one
    that is small next to the variances, the error is its square.
    """
    at = start.astype(float).copy()
    may_move = np.array(free)
    scale = float(np.median(nested.lam)) + float(np.mean(nested.y**2))
    finest = 1e-3 * float(nested.lam.min())
    value, gradient, hessian = _likelihood(nested, at)
    live = np.ones(len(at), dtype=bool)
    for _ in range(MOST_STEPS):
        available = ~may_move | ((at <= 0) & (gradient <= 0))
        step = np.where(live[:, None], _newton_step(gradient, hessian, available, scale), 0.0)
        live &= np.abs(step).max(1) > 1e-15 * (scale + at.max(1))
        last = live & (np.abs(step) <= ENOUGH * (at + finest)).all(axis=1)
        trying, moved, factor = live.copy(), np.zeros(len(at), dtype=bool), 1.0
        while trying.any() and factor > 1e-10:
            trial = np.maximum(at + factor * step, 0.0)
            new = _likelihood(nested, trial)
            # Near the peak values agree to rounding; there a smaller slope tells the better point.
            flat = np.abs(new[0] - value) <= 1e-13 * (1 + np.abs(value))
            calmer = np.abs(np.where(available, 0, new[1])).max(1) < np.abs(
                np.where(available, 0, gradient)
            ).max(1)
            better = trying & np.where(flat, calmer, new[0] > value)
            at, gradient = _where(better, trial, at), _where(better, new[1], gradient)
            value, hessian = np.where(better, new[0], value), _where(better, new[2], hessian)
            moved |= better
            trying &= ~better & ~flat
            factor /= 2
        live &= moved & ~last
        if not live.any():
            break
    return at, value, gradient


def _where(rows: NDArray[np.bool_], new: Array, old: Array) -> Array:
    return np.where(rows.reshape(-1, *[1] * (old.ndim - 1)), new, old)


def _newton_step(gradient: Array, hessian: Array, available: NDArray[np.bool_], scale: float) -> Array:
    """-H^-1 g on the coordinates that are not held, with |curvature| for curvature."""
    g = np.where(available, 0.0, gradient) * scale
    H = hessian * scale**2
    H = np.where(available[:, :, None] | available[:, None, :], 0.0, H)
    values, axes = np.linalg.eigh(H)
    curvature = np.maximum(np.abs(values), 1e-8 * np.abs(values).max(1, keepdims=True) + 1e-300)
    along = np.einsum("sij,si->sj", axes, g) / curvature
    step = scale * np.einsum("sij,sj->si", axes, along)
    return np.where(available, 0.0, step)


def _starts(nested: Nested, free: tuple[bool, bool], fixed: tuple[float, float]) -> Array:
    """The local maxima of a coarse grid over sigma2: where a climb may end somewhere else."""
    spread = float(np.mean(nested.y**2)) + float(np.median(nested.lam))
    ladder = np.concatenate([[0.0], np.geomspace(1e-4, 10.0, 11) * spread])
    axes = [ladder if is_free else np.array([value]) for is_free, value in zip(free, fixed, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    batch = max(1, 500_000 // len(nested.y))
    flat = grid.reshape(-1, 2)
    values = np.concatenate(
        [_likelihood(nested, flat[i : i + batch])[0] for i in range(0, len(flat), batch)]
    ).reshape(grid.shape[:2])
    padded = np.pad(values, 1, constant_values=-np.inf)
    neighbours = np.stack([np.roll(padded, shift, (0, 1)) for shift in _AROUND])[:, 1:-1, 1:-1]
    peaks = grid[values >= neighbours.max(axis=0)]
    return peaks[:8]


_AROUND = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]


def fit_reml(
    nested: Nested, free: tuple[bool, bool] = (True, True), fixed: tuple[float, float] = (0.0, 0.0)
) -> Peak:
    """The greatest restricted likelihood over sigma2 >= 0.

    Parameters
    ----------
    nested : Nested
        Rows of all clusters.
    free : (bool, bool)
        Which of (between, within) is estimated; the other is held at its value in `fixed`.

    Returns
    -------
    Peak
        A variance at its boundary is exactly 0. The log-likelihood has all of its constants, as
        metafor's ``logLik`` has them.
    """
    return _peak(nested, _starts(nested, free, fixed), free)


def _peak(nested: Nested, starts: Array, free: tuple[bool, bool]) -> Peak:
    at, value, gradient = _climb(nested, starts, free)
    best = int(np.argmax(value))
    x, z = at[best]
    k = len(nested.y)
    constant = -0.5 * (k - 1) * np.log(2 * np.pi) + 0.5 * np.log(k)
    mu, variance = _mean(nested, x, z)
    slope = (float(gradient[best, 0]), float(gradient[best, 1]))
    return Peak((float(x), float(z)), float(value[best] + constant), slope, mu, variance)


def _mean(nested: Nested, between: float, within: float) -> tuple[float, float]:
    d = 1.0 / (nested.lam + within)
    A = np.add.reduceat(d * nested.one**2, nested.starts)
    B = np.add.reduceat(d * nested.one * nested.y, nested.starts)
    g = 1.0 + between * A
    T = (A / g).sum()
    return float(nested.centre + (B / g).sum() / T), float(1.0 / T)


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
        if rest[other]:
            near = np.concatenate([near, _starts(nested, rest, available)])
        found = _peak(nested, near, rest)
        return 2 * (peak.log_likelihood - found.log_likelihood) - critical, -2 * found.gradient[which]

    middle = peak.sigma2[which]
    outside = max(2 * middle, float(np.median(nested.lam)))
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
