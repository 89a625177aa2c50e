"""Inverse-variance sums over many meta-analyses at once.

A `Batch` holds the studies on the *first* axis, so that every sum runs along contiguous
memory. An absent study has infinite variance: its weight is exactly 0 and no mask is
needed. Effects are kept relative to the study in row 0, which is the most precise one
wherever one study dominates; with the sums below that keeps all of them free of
cancellation, however unequal the variances.

Where a meta-analysis has too few studies its sums are 0 / 0: callers silence numpy's
warnings once, around everything, and put NaN where it belongs.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Batch", "Sums", "Traces", "dot", "prepare", "scratch", "sums", "traces"]

Floats = NDArray[np.float64]
DOMINANT = 0.5  # share of sum(w**2) in sum(w)**2 above which one study may outweigh the rest


EXTREME = 1e-40
KEPT_VALUES = 1 << 18  # larger work arrays are rare and not kept


class _WorkArrays(threading.local):
    def __init__(self) -> None:
        self.by_name: dict[str, Floats] = {}


_work_arrays = _WorkArrays()


def scratch(name: str, shape: tuple[int, ...]) -> Floats:
    """A work array for use inside one function, uninitialised; each thread has its own.

    Fresh arrays of this size come from the system page by page, at a higher cost than the
    sums made in them; these are kept.
    """
    size = shape[0] * shape[1]
    kept = _work_arrays.by_name.get(name)
    if kept is None or kept.size < size:
        kept = np.empty(size)
        if size <= KEPT_VALUES:
            _work_arrays.by_name[name] = kept
    return kept[:size].reshape(shape)


@dataclass(slots=True)
class Sums:
    """Weighted mean and spread at one tau2 each; every array of shape (B,)."""

    w: Floats  # (k, B)
    total: Floats  # sum of w
    mean: Floats  # relative to the batch's origin
    Q: Floats  # sum of w (y - mean)**2


@dataclass(slots=True)
class Traces:
    """With P = W - W 1 1' W / sum(w), W = diag(w): the traces of P and of P P."""

    P: Floats
    PP: Floats


@dataclass(slots=True)
class Batch:
    """B meta-analyses of up to k studies; made by `prepare`."""

    y: Floats  # (k, B), relative to `origin` in units of `unit`; 0 where absent
    v: Floats  # (k, B), in squared units; infinite where absent
    origin: Floats  # (B,)
    unit: Floats  # (B,), a power of two; 1 unless the scale is extreme
    n: Floats  # (B,) studies present
    at0: Sums  # the sums at tau2 = 0
    trace0: Floats  # (B,) trace of P at tau2 = 0
    swapped: tuple[NDArray[np.intp], NDArray[np.intp]]  # columns, and the rows that changed places with row 0

    def locate(self, x: Floats) -> Floats:
        """Positions, shape (..., B), on the effects' own scale."""
        return x * self.unit + self.origin

    def arrange(self, values: Floats) -> Floats:
        """Values of shape (B, k), such as weights, as (k, B) in the batch's order of studies."""
        arranged = np.array(values.T, order="C")
        _swap(arranged, *self.swapped)
        return arranged

    def take(self, where: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Effects and variances of some of the meta-analyses."""
        return self.y.take(where, axis=1), self.v.take(where, axis=1)


def dot(a: Floats, b: Floats) -> Floats:
    """Sums of products over the studies: (k, B), (k, B) to (B,)."""
    if a.shape[1] == 1:  # the same sum by the routine that is quicker for a single one
        return (a.T @ b)[0]
    return np.einsum("kb,kb->b", a, b)


def prepare(yi: Floats, vi: Floats, short_lived: bool = False) -> Batch:
    """Effects and variances of shape (B, k), NaN or infinite variance where absent, as a `Batch`.

    A short-lived batch sits in work arrays and is gone with the next one.
    """
    k, size = yi.shape[1], yi.shape[0]
    y, v, w = (scratch(name, (k, size)) if short_lived else np.empty((k, size)) for name in "yvW")
    v[:] = vi.T
    origin = yi[:, 0].copy()
    np.subtract(yi.T, origin, out=y)
    # One NaN or infinity makes a sum not finite: a mask is made only where one is needed.
    whole = bool(np.isfinite(np.add.reduce(yi, axis=None) + np.add.reduce(vi, axis=None)))
    n = np.full(size, float(k))
    if not whole:
        absent = ~(np.isfinite(yi) & np.isfinite(vi)).T
        v[absent] = np.inf
        n -= absent.sum(axis=0)
    unit, total = _unit_and_weights(v, w)
    squares = dot(w, w)
    trace = (total * total - squares) / total
    lead = ((squares > DOMINANT * total * total) | (w[0] == 0.0)).nonzero()[0]
    rows = w[:, lead].argmax(axis=0)
    if lead.size:
        y[:, lead] = yi.T[:, lead]
        for array in (y, v, w):
            _swap(array, lead, rows)
        origin[lead] = y[0, lead]
        y[:, lead] -= origin[lead]
        trace[lead] = _trace(w[:, lead], total[lead])
    if not whole:
        y[w == 0.0] = 0.0
    if unit is not None:
        y /= unit
    unit = np.ones(size) if unit is None else unit
    return Batch(y, v, origin, unit, n, _weighted(y, w, total), trace, (lead, rows))


def _unit_and_weights(v: Floats, w: Floats) -> tuple[Floats | None, Floats]:
    """Fill w with 1 / v and sum it; where the scale is extreme, bring v to unit scale first.

    Cubes of weights are summed later: at unit scale they neither overflow nor vanish.
    """
    np.divide(1.0, v, out=w)
    total = np.add.reduce(w, axis=0)
    extreme = (total > 1 / EXTREME) | ((total < EXTREME) & (total > 0))
    if not extreme.any():
        return None, total
    unit = np.ones(total.size)
    unit[extreme] = 2.0 ** np.round(-0.5 * np.log2(total[extreme]))
    v /= unit * unit
    np.divide(1.0, v, out=w)
    return unit, np.add.reduce(w, axis=0)


def _swap(array: Floats, columns: NDArray[np.intp], rows: NDArray[np.intp]) -> None:
    first = array[0, columns]
    array[0, columns] = array[rows, columns]
    array[rows, columns] = first


def sums(y: Floats, v: Floats, tau2: Floats, out: Floats | None = None, spread: bool = True) -> Sums:
    """`Sums` with weights 1 / (v + tau2), kept in `out`; y, v of shape (k, B), tau2 of shape (B,).

    Without `spread` Q, which costs as much as the rest, is left NaN.
    """
    w = np.add(v, tau2, out=out)
    np.divide(1.0, w, out=w)
    total = np.add.reduce(w, axis=0)
    if spread:
        return _weighted(y, w, total)
    return Sums(w, total, dot(w, y) / total, np.full(total.size, np.nan))


def _weighted(y: Floats, w: Floats, total: Floats) -> Sums:
    mean = dot(w, y) / total
    rest = np.subtract(y, mean, out=scratch("rest", w.shape))
    return Sums(w, total, mean, dot(np.multiply(w, rest, out=scratch("product", w.shape)), rest))


def traces(w: Floats, total: Floats) -> Traces:
    """Traces of P and P P for weights of shape (k, B).

    Row 0 is held apart: where it outweighs the rest, the textbook sums
    S1 - S2 / S1 and S2 - 2 S3 / S1 + (S2 / S1)**2 would be differences of near equals.
    """
    first, rest = w[0], w[1:]
    squared = np.multiply(rest, rest, out=scratch("product", rest.shape))
    R1 = np.add.reduce(rest, axis=0)
    R2 = np.add.reduce(squared, axis=0)
    R3 = dot(squared, rest)
    heavy = first * first
    PP = heavy * (R1 * R1 + 2 * R2) + total * (total * R2 - 2 * R3) + R2 * R2
    return Traces((2 * first * R1 + (R1 * R1 - R2)) / total, PP / (total * total))


def _trace(w: Floats, total: Floats) -> Floats:
    first, rest = w[0], w[1:]
    R1 = np.add.reduce(rest, axis=0)
    return (2 * first * R1 + (R1 * R1 - dot(rest, rest))) / total
