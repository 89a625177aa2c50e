"""The restricted likelihood of effects within clusters, many specifications in one pass.

    y_ij = mu + u_j + w_ij + e_ij,   Var(u) = sigma2[0],  Var(w) = sigma2[1],  Cov(e_j) = V_j

Each V_j is diagonalised once; in its own axes M_j = V_j + sigma2[1] I + sigma2[0] 11' is a diagonal matrix
plus a rank of one, so that the restricted likelihood, its slope and its curvature cost one pass over the
rows, whatever V_j is. Specifications lie on the first axis, so that a thousand cost a few array operations.

References
----------
.. [1] Konstantopoulos (2011), Research Synthesis Methods 2, 61. doi:10.1002/jrsm.35
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Blocks",
    "Nested",
    "likelihood",
    "likelihood_on_grid",
    "nest",
    "nest_many",
    "row_order",
    "sampling_blocks",
    "total_blocks",
    "weighted_mean",
]

Array = NDArray[np.float64]
Blocks = list[tuple[NDArray[np.intp], Array]]


@dataclass(frozen=True, slots=True)
class Nested:
    """Rows sorted into clusters, each in the axes of its sampling covariance.

    Attributes
    ----------
    starts : ndarray, shape (m,)
        First row of each of the m clusters, the same for all n specifications.
    lam, one, y : ndarray, shape (n, k)
        Eigenvalues of the V_j; the vector of ones and the centred effects in their axes.
    present : ndarray, shape (n, k)
        1, or 0 for a row that a specification leaves out; `one` and `y` are 0 there, `lam` is 1.
    centre : ndarray, shape (n,)
        What was taken from every effect; `mu` is found around it.
    """

    starts: NDArray[np.intp]
    lam: Array
    one: Array
    y: Array
    present: Array
    centre: Array

    def take(self, rows: NDArray[np.intp]) -> Nested:
        """The specifications at `rows`."""
        if len(rows) == len(self.lam) and (rows == np.arange(len(rows))).all():
            return self
        kept = {name: getattr(self, name)[rows] for name in ("lam", "one", "y", "present", "centre")}
        return replace(self, **kept)

    def likelihood(self, sigma2: Array) -> tuple[Array, Array, Array]:
        """`likelihood` of these specifications; a regression of their rows has another."""
        return likelihood(self, sigma2)

    def on_grid(self, between: Array, within: Array) -> Array:
        """`likelihood_on_grid` of these specifications."""
        return likelihood_on_grid(self, between, within)

    @property
    def k(self) -> Array:
        """Rows of each specification, shape (n,)."""
        return self.present.sum(axis=1)

    @property
    def typical(self) -> Array:
        """Median eigenvalue of the sampling covariances, shape (n,)."""
        ordered = np.sort(np.where(self.present > 0, self.lam, np.inf), axis=1)
        count = self.k.astype(int)
        rows = np.arange(len(count))
        return 0.5 * (ordered[rows, (count - 1) // 2] + ordered[rows, count // 2])


def sampling_blocks(
    vi: Array,
    cluster: NDArray[np.intp],
    rho: float | Array | None,
    blocks: Sequence[Array] | None = None,
) -> Blocks:
    """Sampling covariances by cluster, clusters of one size stacked.

    Parameters
    ----------
    vi, cluster : ndarray, shape (k,)
        Sampling variances, and cluster codes 0 ... m-1; codes without a row are passed over.
    rho : float, ndarray of shape (k,), or None
        Correlation between any two effects of a cluster; None is 0. An array has one value a cluster,
        repeated for its rows.
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
    for size in np.unique(sizes[sizes > 0]):
        members = np.flatnonzero(sizes == size)
        rows = order[starts[members][:, None] + np.arange(size)]
        if blocks is not None:
            V = np.stack([np.asarray(blocks[int(j)], dtype=float) for j in members])
        else:
            sd = np.sqrt(vi[rows])
            correlation = np.broadcast_to(0.0 if rho is None else rho, vi.shape)[rows[:, 0], None, None]
            V = correlation * sd[:, :, None] * sd[:, None, :]
            V[:, np.arange(size), np.arange(size)] = vi[rows]
        stacked.append((rows, V))
    return stacked


def nest(yi: Array, blocks: Blocks) -> Nested:
    """Rotate every cluster of `blocks` into the axes of its sampling covariance: one specification."""
    order, starts, moved = row_order(blocks, len(yi))
    return nest_many(yi[order][None], moved, starts)


def row_order(blocks: Blocks, k: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Blocks]:
    """The k rows by cluster: their order, where each cluster starts in it, and `blocks` numbered by it."""
    sizes = np.concatenate([np.full(len(rows), rows.shape[1]) for rows, _ in blocks])
    order = np.concatenate([rows.ravel() for rows, _ in blocks])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
    position = np.empty(k, dtype=np.intp)
    position[order] = np.arange(k)
    return order, starts, [(position[rows], V) for rows, V in blocks]


def nest_many(yi: Array, blocks: Blocks, starts: NDArray[np.intp]) -> Nested:
    """The same for n specifications.

    Parameters
    ----------
    yi : ndarray, shape (n, k)
        Columns sorted by cluster; NaN where a specification leaves the row out.
    blocks : list of (rows, V)
        `rows` number the values of ``yi.ravel()``.
    starts : ndarray, shape (m,)
        First column of each cluster.
    """
    present = np.isfinite(yi).astype(float)
    centre = np.nansum(yi, axis=1) / present.sum(axis=1)
    rest = np.where(present > 0, yi - centre[:, None], 0.0).ravel()
    lam, one, y = np.ones(yi.size), np.zeros(yi.size), np.zeros(yi.size)
    for rows, V in blocks:
        if rows.shape[1] == 1:
            lam[rows], one[rows], y[rows] = V[:, 0], 1.0, rest[rows]
            continue
        values, axes = np.linalg.eigh(V)
        lam[rows], one[rows] = values, axes.sum(axis=-2)
        y[rows] = (rest[rows][:, None, :] @ axes)[:, 0]
    shape = yi.shape
    return Nested(starts, lam.reshape(shape), one.reshape(shape), y.reshape(shape), present, centre)


def total_blocks(blocks: Blocks, sigma2: tuple[float, float] | Array, k: int | None = None) -> Blocks:
    """Marginal covariances M_j = V_j + sigma2[1] I + sigma2[0] 11', stacked as `blocks` are.

    With `sigma2` of shape (n, 2), `k` is the number of rows of each specification, as `blocks` number them.
    """
    pairs = np.atleast_2d(np.asarray(sigma2, dtype=float))
    found: Blocks = []
    for rows, V in blocks:
        own = pairs[rows[:, 0] // k] if k else pairs
        between, within = own[:, 0, None, None], own[:, 1, None, None]
        found.append((rows, V + between + within * np.eye(V.shape[-1])))
    return found


def likelihood(nested: Nested, sigma2: Array) -> tuple[Array, Array, Array]:
    """Restricted log-likelihood (constant excluded), its gradient and its Hessian.

    `sigma2` has shape (n, 2), or (s, 2) for a single specification; the answers (s,), (s, 2), (s, 2, 2).
    With d = 1 / (lam + within), and sums over the rows of a cluster A = sum d one**2, B = sum d one y,
    C = sum d y**2, g = 1 + between A: log|M_j| = sum log(1/d) + log g,  1'W1 = A / g,  1'Wy = B / g,
    y'Wy = C - between B**2 / g.
    """
    x = sigma2[:, :1]
    spread = nested.lam + sigma2[:, 1:]
    d = nested.present / spread
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
    terms[0, 0] += (nested.present * np.log(spread)).sum(1)
    terms[0, 2] += d.sum(1)
    terms[0, 5] -= dd.sum(1)
    terms[3, 0] += (d * yy).sum(1)
    terms[3, 2] -= (dd * yy).sum(1)
    terms[3, 5] += 2 * (dd * d * yy).sum(1)
    return _combine(*terms)


def _cluster_sums(nested: Nested, d: Array) -> tuple[Array, Array]:
    """A and B of `_likelihood`, each with two derivatives by the within variance: (3, s, m)."""
    powers = np.array([d, -d * d, 2 * d * d * d])
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


def likelihood_on_grid(nested: Nested, between: Array, within: Array) -> Array:
    """Restricted log-likelihood (constant excluded) of every pair of variances: (p, q, n).

    Parameters
    ----------
    between, within : ndarray, shapes (p, n) and (q, n)
        The rows are passed over once for each of the q values within, not for each pair.
    """
    a, b, yy = nested.one**2, nested.one * nested.y, nested.y**2
    values = np.empty((len(between), len(within), len(nested.y)))
    x = between[:, :, None]
    for i, z in enumerate(within):
        spread = nested.lam + z[:, None]
        d = nested.present / spread
        A = np.add.reduceat(d * a, nested.starts, axis=1)
        B = np.add.reduceat(d * b, nested.starts, axis=1)
        g = 1.0 + x * A
        q = B / g
        T, N = (A / g).sum(-1), q.sum(-1)
        fixed = (nested.present * np.log(spread)).sum(1) + (d * yy).sum(1)
        values[:, i] = fixed + np.log(g).sum(-1) - between * (q * B).sum(-1) + np.log(T) - N * N / T
    return -0.5 * values


def weighted_mean(nested: Nested, sigma2: Array) -> tuple[Array, Array]:
    """The mean of each specification and its variance under the model, at `sigma2` (n, 2)."""
    d = nested.present / (nested.lam + sigma2[:, 1:])
    A = np.add.reduceat(d * nested.one**2, nested.starts, axis=1)
    B = np.add.reduceat(d * nested.one * nested.y, nested.starts, axis=1)
    g = 1.0 + sigma2[:, :1] * A
    T = (A / g).sum(axis=1)
    return nested.centre + (B / g).sum(axis=1) / T, 1.0 / T
