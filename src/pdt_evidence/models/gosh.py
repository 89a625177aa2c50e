"""Every subset of the studies pooled, or a random sample of the subsets [1]_.

A subset is a bit mask: bit i % 64 of word i // 64 stands for study i. For "EE" and "DL"
the sums over a subset are merged from tables of the 256 subsets of eight studies each
[2]_; every term of a merge is positive, so nothing cancels. For "REML" the engine's batched
estimator takes the subsets as masks. Work is cut into pieces of a fixed size and place, so
that the numbers do not depend on who computes which, and memory holds a few pieces only
beside the result.

References
----------
.. [1] Olkin, Dahabreh, Trikalinos. Research Synthesis Methods 3 (2012) 214. doi:10.1002/jrsm.1053
.. [2] Chan, Golub, LeVeque. American Statistician 37 (1983) 242. doi:10.1080/00031305.1983.10483115
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.heterogeneity import I2_from_Q, I2_from_tau2, typical_variance
from pdt_evidence.models.pool import Options, fit
from pdt_evidence.models.tasks import in_order

__all__ = ["GOSH_METHODS", "SubsetFits", "all_subsets", "holds", "pool_subsets", "sample_subsets"]

Floats = NDArray[np.float64]
Masks = NDArray[np.uint64]
GOSH_METHODS = ("EE", "DL", "REML")
PIECE = 1 << 13  # subsets in one task
TINY = np.finfo(float).tiny


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SubsetFits:
    """One value a subset; every array of shape (n,)."""

    k: NDArray[np.int64]  # studies in the subset
    estimate: Floats
    tau2: Floats  # NaN where k < 2
    I2: Floats  # percent; NaN where k < 2
    Q: Floats


@dataclass(slots=True)
class _Part:
    """Inverse-variance sums of a set of studies, mergeable without cancellation."""

    total: Floats  # sum of w
    mean: Floats
    Q: Floats
    pairs: Floats  # sum of w_i w_j over the pairs i < j

    def merge(self, other: _Part) -> _Part:
        """The sums of both sets of studies together."""
        total = self.total + other.total
        share = other.total / np.maximum(total, TINY)  # both may be empty
        gap = other.mean - self.mean
        mean = self.mean + share * gap
        Q = self.Q + other.Q + self.total * share * gap * gap
        return _Part(total, mean, Q, self.pairs + other.pairs + self.total * other.total)

    def __getitem__(self, index: NDArray) -> _Part:
        return _Part(self.total[index], self.mean[index], self.Q[index], self.pairs[index])


def all_subsets(k: int) -> Masks:
    """The 2**k - 1 subsets that are not empty, shape (2**k - 1, 1); `k` below 64."""
    return np.arange(1, 1 << k, dtype=np.uint64)[:, None]


def sample_subsets(k: int, n: int, rng: np.random.Generator) -> Masks:
    """`n` distinct subsets, shape (n, words), each set of `n` as likely as any other; none empty.

    In random order, so that any first part is a random sample too.
    """
    most = (1 << k) - 1
    if most <= 4 * n:
        return rng.permutation(most)[:n].astype(np.uint64)[:, None] + np.uint64(1)
    words = -(-k // 64)
    found = np.empty((0, words), dtype=np.uint64)
    while len(found) < n:
        drawn = rng.integers(0, 1 << 64, (n - len(found), words), dtype=np.uint64, endpoint=False)
        drawn[:, -1] &= np.uint64((1 << (k - 64 * (words - 1))) - 1)
        found = _distinct(np.concatenate([found, drawn[drawn.any(axis=1)]]))
    return found


def _distinct(masks: Masks) -> Masks:
    """The first of each, in the order drawn."""
    keys = masks[:, 0] if masks.shape[1] == 1 else masks.view(f"V{8 * masks.shape[1]}").ravel()
    return masks[np.sort(np.unique(keys, return_index=True)[1])]


def holds(masks: Masks, study: int) -> NDArray[np.bool_]:
    """Whether each subset holds a study, shape (n,)."""
    return (masks[:, study // 64] >> np.uint64(study % 64) & np.uint64(1)).astype(bool)


def pool_subsets(
    yi: Floats,
    vi: Floats,
    masks: Masks,
    method: str,
    executor: Executor | None = None,
    progress: Callable[[int], object] | None = None,
) -> SubsetFits:
    """Pool the subsets of yi, vi, shape (k,), that `masks`, shape (n, words), name.

    `progress` is called with the number of subsets that were done since the last call.
    """
    n = len(masks)
    fits = SubsetFits(
        k=np.empty(n, np.int64), estimate=np.empty(n), tau2=np.empty(n), I2=np.empty(n), Q=np.empty(n)
    )
    job = partial(_pool_piece, yi, vi, method)
    pieces = (masks[start : start + PIECE] for start in range(0, n, PIECE))
    start = 0
    with in_order(job, pieces, executor) as parts:
        for found in parts:
            stop = start + len(found.k)
            for name in SubsetFits.__slots__:
                getattr(fits, name)[start:stop] = getattr(found, name)
            if progress:
                progress(stop - start)
            start = stop
    return fits


def _pool_piece(yi: Floats, vi: Floats, method: str, masks: Masks) -> SubsetFits:
    if method == "REML":
        return _by_likelihood(yi, vi, masks)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _by_moments(yi, vi, method, masks)


def _by_likelihood(yi: Floats, vi: Floats, masks: Masks) -> SubsetFits:
    present = np.stack([holds(masks, i) for i in range(yi.size)]).T
    options = Options(method="REML", test="z", tau2_ci_method=None)
    fits = fit(np.where(present, yi, np.nan), np.broadcast_to(vi, present.shape), options)
    return SubsetFits(k=fits.k, estimate=fits.estimate, tau2=fits.tau2, I2=fits.I2, Q=fits.Q)


def _by_moments(yi: Floats, vi: Floats, method: str, masks: Masks) -> SubsetFits:
    # Relative to the common mean and in a unit of the order of the least standard error nothing overflows.
    origin, unit = np.average(yi, weights=1 / vi), 2.0 ** np.round(np.log2(vi.min()) / 2)
    y, v = (yi - origin) / unit, vi / unit**2
    k, at0 = _subset_sums(y, v, masks)
    if method == "EE":
        tau2, mean, I2 = np.zeros(k.size), at0.mean, I2_from_Q(at0.Q, k - 1)
    else:
        trace_P = 2 * at0.pairs / at0.total
        tau2, mean = np.maximum((at0.Q - (k - 1)) / trace_P, 0.0), at0.mean.copy()
        I2 = I2_from_tau2(tau2, typical_variance(k.astype(float), trace_P))
        spread = np.flatnonzero(tau2 > 0)
        mean[spread] = _weighted_mean(y, v, masks[spread], tau2[spread])
    tau2 = np.where(k > 1, tau2 * unit**2, np.nan)
    return SubsetFits(k=k, estimate=mean * unit + origin, tau2=tau2, I2=I2, Q=at0.Q)


def _subset_sums(y: Floats, v: Floats, masks: Masks) -> tuple[NDArray[np.int64], _Part]:
    """Studies in each subset, and their sums at tau2 = 0."""
    octets = np.ascontiguousarray(masks, dtype="<u8").view(np.uint8)  # eight studies each
    ones = np.array([number.bit_count() for number in range(256)])
    k = ones[octets].sum(axis=1)
    tables = (_table(y[start : start + 8], v[start : start + 8]) for start in range(0, y.size, 8))
    parts = (table[octets[:, number]] for number, table in enumerate(tables))
    return k, reduce(_Part.merge, parts)


def _table(y: Floats, v: Floats) -> _Part:
    """Sums over every subset of up to eight studies, by bit mask."""
    table = _Part(*np.zeros((4, 1)))
    for one, variance in zip(y, v, strict=True):
        more = table.merge(_Part(*np.array([[1 / variance], [one], [0.0], [0.0]])))
        both = ((getattr(table, name), getattr(more, name)) for name in _Part.__slots__)
        table = _Part(*(np.concatenate(pair) for pair in both))
    return table


def _weighted_mean(y: Floats, v: Floats, masks: Masks, tau2: Floats) -> Floats:
    total, moment = np.zeros(tau2.size), np.zeros(tau2.size)
    for i in range(y.size):  # one study at a time stays within the cache
        w = holds(masks, i) / (v[i] + tau2)
        total += w
        moment += w * y[i]
    return moment / total
