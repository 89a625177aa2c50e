"""Effects of one trial that are not independent: their covariance, and one value in their place.

Rows of a trial share persons: they measure the same two arms with several instruments, or compare several arms
with one. `Blocks` holds the sampling covariance of the rows of every cluster; `aggregate` takes their mean, or
weighs them by its inverse. Clusters of one size are solved together, not one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.effects.arrays import Array, floats
from pdt_evidence.errors import EvidenceError, RequestError

__all__ = [
    "Aggregated",
    "Blocks",
    "Clusters",
    "aggregate",
    "combined",
    "constant_correlation",
    "correlated",
    "positive_definite",
    "smd_shared_arm_covariance",
]

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blocks:
    """Sampling covariance of k effects, zero between clusters; clusters of one size lie together."""

    clusters: tuple[object, ...]  # labels, in order of first appearance
    groups: tuple[tuple[Rows, Rows, Array], ...]  # places of m clusters; rows (m, s); covariance (m, s, s)
    k: int
    replaced: tuple[object, ...] = ()  # clusters whose own covariance was not positive definite
    indefinite: tuple[object, ...] | None = None  # those whose covariance here is not; None: not looked into

    def dense(self) -> Array:
        """The whole covariance matrix, shape (k, k)."""
        V = np.zeros((self.k, self.k))
        for _, rows, block in self.groups:
            V[rows[:, :, None], rows[:, None, :]] = block
        return V

    def by_cluster(self) -> list[tuple[Rows, Array]]:
        """Rows (s,) and covariance (s, s) of each cluster, in the order of `clusters`."""
        found = {
            place: (rows[at], block[at])
            for places, rows, block in self.groups
            for at, place in enumerate(places.tolist())
        }
        return [found[place] for place in range(len(self.clusters))]


class Aggregated(NamedTuple):
    """One value a cluster, in order of first appearance, and the rows that went into each."""

    yi: Array
    vi: Array
    members: list[Rows]


def smd_shared_arm_covariance(
    g_i: ArrayLike, g_j: ArrayLike, n_shared: ArrayLike, n_total: ArrayLike
) -> Array:
    """Covariance of two SMDs whose comparisons have one arm in common.

    Parameters
    ----------
    g_i, g_j : array_like
        The two SMDs; the shared arm stands on the same side of both (else the first term is negative).
    n_shared, n_total : array_like
        Persons in the shared arm, and in the three arms together.

    Returns
    -------
    ndarray
        1/n_shared + g_i g_j / (2 n_total). The second term takes the SD to be pooled over all arms; where each
        SMD has the SD of its own two arms it is a little too large, which errs on the side of caution.

    References
    ----------
    .. [1] Gleser LJ, Olkin I. Stochastically dependent effect sizes. In: Cooper H, Hedges LV, Valentine JC (eds).
       The handbook of research synthesis and meta-analysis, 2nd ed. Russell Sage Foundation, 2009, 357-376.

    Examples
    --------
    >>> round(float(smd_shared_arm_covariance(0.5, 0.4, 20, 60)), 6)
    0.051667
    """
    g_i, g_j, n_shared, n_total = floats(g_i, g_j, n_shared, n_total)
    return 1 / n_shared + g_i * g_j / (2 * n_total)


class Clusters(NamedTuple):
    """Which rows belong together."""

    labels: tuple[object, ...]  # in order of first appearance
    rows: Rows  # the first cluster's, the second's, ...
    sizes: Rows
    starts: Rows  # where each begins in `rows`

    @classmethod
    def of(cls, cluster: ArrayLike) -> Clusters:
        """Those of the label that each row has."""
        import pandas as pd

        # By their hashes, not sorted: labels of several kinds have no order.
        places, labels = pd.factorize(np.asarray(cluster), use_na_sentinel=False)
        sizes = np.bincount(places, minlength=len(labels))
        rows = np.argsort(places, kind="stable")
        return cls(tuple(labels.tolist()), rows, sizes, np.cumsum(sizes) - sizes)

    def by_size(self) -> list[tuple[Rows, Rows]]:
        """For each size s, the places of the m clusters of it and their rows (m, s)."""
        groups = []
        for size in np.unique(self.sizes).tolist():
            members = np.flatnonzero(self.sizes == size)
            groups.append((members, self.rows[self.starts[members][:, None] + np.arange(size)]))
        return groups


def constant_correlation(vi: ArrayLike, cluster: ArrayLike, rho: float) -> Blocks:
    """Every two effects of a cluster correlate by `rho`."""
    (vi,) = floats(vi)
    clusters = Clusters.of(cluster)
    blocks = tuple((places, rows, correlated(vi[rows], rho)) for places, rows in clusters.by_size())
    return Blocks(clusters=clusters.labels, groups=blocks, k=len(vi))


def correlated(vi: Array, rho: float) -> Array:
    """Covariance (m, s, s) of the s effects of each of m clusters, of variances (m, s), that correlate by `rho`."""
    se = np.sqrt(vi)
    return se[:, :, None] * se[:, None, :] * np.where(np.eye(vi.shape[1], dtype=bool), 1.0, rho)


def positive_definite(block: Array) -> NDArray[np.bool_]:
    """Which matrices of a stack (..., s, s) are positive definite, beyond rounding."""
    se = np.sqrt(np.diagonal(block, axis1=-2, axis2=-1))
    correlation = block / (se[..., :, None] * se[..., None, :])
    return np.linalg.eigvalsh(correlation)[..., 0] > 1e-10


def aggregate(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: ArrayLike | Sequence[object],
    *,
    rho: float = 0.6,
    V: ArrayLike | Blocks | None = None,
    weighted: bool = False,
) -> Aggregated:
    """One value for each cluster of dependent effects.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, all known.
    cluster : array_like, shape (k,)
        Label of the cluster (the trial) of each effect.
    rho : float
        Correlation of any two effects of a cluster; not used where `V` is given.
    V : array_like of shape (k, k), or Blocks, optional
        Sampling covariance of the effects, as `covariance_blocks` gives it; 0 between clusters.
    weighted : bool
        Whether effects are weighed by the inverse of their covariance (the most precise value, which may lie
        outside the effects) or equally (the plain mean, never outside them).

    Returns
    -------
    Aggregated
        `yi`, `vi` of shape (clusters,), in order of first appearance, and `members`, the rows of each.

    Raises
    ------
    EvidenceError
        Where an effect or variance is unknown, or the covariance of a cluster is not positive definite
        (it then claims that some combination of the effects is known exactly); all are named.

    References
    ----------
    .. [1] Gleser LJ, Olkin I, in the handbook named at `smd_shared_arm_covariance`.
    .. [2] Borenstein M, Hedges LV, Higgins JPT, Rothstein HR. Introduction to meta-analysis. Wiley, 2009, ch. 24.
       doi:10.1002/9780470743386.ch24

    Examples
    --------
    >>> yi, vi, members = aggregate([0.2, 0.4, 0.3], [0.04, 0.04, 0.05], ["A", "A", "B"], rho=0.5)
    >>> yi.round(3).tolist(), vi.round(3).tolist(), [rows.tolist() for rows in members]
    ([0.3, 0.3], [0.03, 0.05], [[0, 1], [2]])
    """
    yi, vi = floats(yi, vi)
    cluster = np.asarray(cluster)
    _check_effects(yi, vi, cluster)
    blocks = _as_blocks(V, vi, cluster, rho)
    members = [rows for rows, _ in blocks.by_cluster()]
    return Aggregated(*combined(yi, blocks, weighted), members)


def combined(yi: Array, blocks: Blocks, weighted: bool) -> tuple[Array, Array]:
    """Value and variance of each cluster, as `aggregate`, of effects that are all known."""
    _check_definite(blocks)
    value, variance = np.empty(len(blocks.clusters)), np.empty(len(blocks.clusters))
    for places, rows, block in blocks.groups:
        weight = np.ones(rows.shape)
        if weighted:
            weight = np.linalg.solve(block, weight[:, :, None])[:, :, 0]
        weight /= weight.sum(axis=1, keepdims=True)
        value[places] = (weight * yi[rows]).sum(axis=1)
        variance[places] = np.einsum("ms,mst,mt->m", weight, block, weight)
    return value, variance


def _check_effects(yi: Array, vi: Array, cluster: NDArray[np.generic]) -> None:
    if not yi.shape == vi.shape == cluster.shape or yi.ndim != 1:
        raise RequestError(
            f"yi, vi and cluster have shapes {yi.shape}, {vi.shape} and {cluster.shape};"
            " expected one dimension and one length."
        )
    bad = ~(np.isfinite(yi) & np.isfinite(vi) & (vi > 0))
    problems = [
        f"effect {at}: expected a number and a variance above 0, found yi = {yi[at]:g}, vi = {vi[at]:g}."
        for at in np.flatnonzero(bad).tolist()
    ]
    if problems:
        raise EvidenceError.from_problems(problems, "aggregate")


def _as_blocks(V: ArrayLike | Blocks | None, vi: Array, cluster: NDArray[np.generic], rho: float) -> Blocks:
    if V is None:
        if not -1 <= rho <= 1:
            raise RequestError(f"rho = {rho:g}: expected a correlation, from -1 to 1.")
        return constant_correlation(vi, cluster, rho)
    if isinstance(V, Blocks):
        return V
    matrix = np.asarray(V, dtype=float)
    if matrix.shape != (len(vi), len(vi)) or not np.allclose(matrix, matrix.T, rtol=1e-10):
        raise RequestError(
            f"V has shape {matrix.shape}; expected a symmetric matrix of shape {(len(vi), len(vi))}."
        )
    clusters = Clusters.of(cluster)
    blocks = tuple(
        (places, rows, matrix[rows[:, :, None], rows[:, None, :]]) for places, rows in clusters.by_size()
    )
    return Blocks(clusters=clusters.labels, groups=blocks, k=len(vi))


def _check_definite(blocks: Blocks) -> None:
    bad = blocks.indefinite
    if bad is None:
        bad = tuple(
            blocks.clusters[place]
            for places, _, block in blocks.groups
            for place in places[~positive_definite(block)].tolist()
        )
    if bad:
        problems = [
            f"cluster {label!r}: the covariance of its effects is not positive definite; lower rho, or leave out"
            " effects that repeat each other."
            for label in bad
        ]
        raise EvidenceError.from_problems(problems, "aggregate")
