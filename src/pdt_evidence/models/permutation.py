"""Permutation test of a meta-regression: the rows of the design change places, the effects stay.

With an intercept alone, the signs of the effects change instead. Where the distinct arrangements are few,
all of them are taken and the p-value is exact. Arrangements are drawn in chunks of a fixed size, each with a
generator of its own, so that the same seed gives the same numbers however the work is split.

References
----------
.. [1] Higgins, Thompson (2004), Statistics in Medicine 23, 1663. doi:10.1002/sim.1752
.. [2] Follmann, Proschan (1999), Biometrics 55, 732. doi:10.1111/j.0006-341X.1999.00732.x
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.estimators import regression_tau2
from pdt_evidence.models.regression import basis, coefficients
from pdt_evidence.models.tasks import in_order

__all__ = ["PermutationP", "count_arrangements", "permutation_test"]

CHUNK = 200
TIE = 1e-8  # statistics that differ by rounding count as equal
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PermutationP:
    """p-values by permutation: of each coefficient (two-sided) and of all tested ones together."""

    p: Array  # (p,)
    QM_p: float
    n: int  # arrangements, the observed one among them
    exact: bool


def permutation_test(
    X: Array,
    y: Array,
    vi: Array,
    method: str,
    test: str,
    tested: NDArray[np.bool_],
    n: int,
    seed: int,
    executor: Executor | None = None,
    progress: Callable[[int], object] | None = None,
) -> PermutationP:
    """Test every coefficient, and the `tested` ones together, against `n` arrangements.

    `progress` is called with the number of arrangements that were done since the last call.
    """
    labels, signs = _labels(X)
    total, exact = count_arrangements(X, n)
    job = partial(_chunk, X, y, vi, method, test, tested, signs, seed)
    work: Iterable[object] = _listed(labels, signs, total) if exact else _drawn(total)
    observed = _statistics(X[None], y[None], X, vi, method, test, tested)
    more = np.zeros(X.shape[1] + 1)
    with in_order(partial(_count, job, observed), work, executor) as parts:
        for counted, size in parts:
            more += counted
            if progress:
                progress(size)
    if not exact:  # the observed arrangement is one of the n
        more += 1
    return PermutationP(more[:-1] / total, float(more[-1] / total), total, exact)


def count_arrangements(X: Array, n: int) -> tuple[int, bool]:
    """How many arrangements a test of `n` takes, and whether they are all distinct ones there are."""
    labels, signs = _labels(X)
    counts = np.bincount(labels).tolist()
    distinct = 2 ** len(X) if signs else factorial(len(X)) // prod(map(factorial, counts))
    return (distinct, True) if distinct <= n else (n, False)


def _labels(X: Array) -> tuple[NDArray[np.intp], bool]:
    """Equal numbers for equal rows of the design; and whether it is an intercept alone."""
    labels = np.unique(X, axis=0, return_inverse=True)[1].ravel()
    return labels, X.shape[1] == 1 and labels.max() == 0


def _drawn(total: int) -> Iterator[tuple[int, int]]:
    """(chunk number, size) of the random arrangements; one less than `total`, the observed is the last."""
    for number, start in enumerate(range(0, total - 1, CHUNK)):
        yield number, min(CHUNK, total - 1 - start)


def _listed(labels: NDArray[np.intp], signs: bool, total: int) -> Iterator[NDArray[np.intp]]:
    """Every distinct arrangement, in chunks: signs as 0 and 1, or row numbers of the design."""
    if signs:
        numbers = np.arange(total)
        for start in range(0, total, CHUNK):
            yield (numbers[start : start + CHUNK, None] >> np.arange(len(labels))) & 1
        return
    representative = np.array([np.flatnonzero(labels == j)[0] for j in range(labels.max() + 1)])
    chunk: list[list[int]] = []
    for arrangement in _multiset_permutations(sorted(labels.tolist())):
        chunk.append(arrangement)
        if len(chunk) == CHUNK:
            yield representative[np.array(chunk)]
            chunk = []
    if chunk:
        yield representative[np.array(chunk)]


def _multiset_permutations(items: list[int]) -> Iterator[list[int]]:
    """Distinct orders of a sorted list, in lexicographic order."""
    items = list(items)
    while True:
        yield list(items)
        i = len(items) - 2
        while i >= 0 and items[i] >= items[i + 1]:
            i -= 1
        if i < 0:
            return
        j = len(items) - 1
        while items[j] <= items[i]:
            j -= 1
        items[i], items[j] = items[j], items[i]
        items[i + 1 :] = reversed(items[i + 1 :])


def _count(job: Callable[..., Array], observed: Array, piece) -> tuple[Array, int]:
    found = job(piece)
    return (np.abs(found) >= np.abs(observed) - TIE).sum(axis=0), len(found)


def _chunk(X, y, vi, method, test, tested, signs: bool, seed: int, piece) -> Array:
    """Statistics of one chunk, (b, p + 1): listed arrangements, or (chunk number, size) to draw."""
    if isinstance(piece, tuple):
        rng = np.random.default_rng([seed, piece[0]])
        if signs:
            piece = rng.integers(0, 2, (piece[1], len(y)))
        else:
            piece = rng.permuted(np.tile(np.arange(len(y)), (piece[1], 1)), axis=1)
    if signs:
        return _statistics(X[None], y * (1 - 2 * piece), X, vi, method, test, tested)
    return _statistics(X[piece], y[None], X, vi, method, test, tested)


def _statistics(designs: Array, y: Array, X: Array, vi: Array, method: str, test: str, tested) -> Array:
    """Statistics of the coefficients and QM for a stack of designs whose rows are rows of X: (b, p + 1)."""
    R = basis(X)[1]
    b = max(len(designs), len(y))
    Q = np.broadcast_to(designs @ np.linalg.inv(R), (b, *X.shape))
    tau2 = regression_tau2(Q, y, vi, method)
    found = coefficients(Q, R, y, vi, tau2, test, tested)
    return np.column_stack([found.statistic, found.QM])
