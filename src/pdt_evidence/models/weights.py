"""Inverse-variance sums over many meta-analyses at once.

A `Batch` holds the studies on the *first* axis, so that every sum runs along contiguous
memory. An absent study has infinite variance: its weight is exactly 0 and no mask is
needed. Three kinds of meta-analysis would lose digits in plain sums and get more care:
where one study outweighs the rest, it is put into row 0, which the sums hold apart; where
the effects lie far from 0, they are kept relative to row 0; extreme scales are brought to
unit scale. With that all sums are free of cancellation, however unequal the variances.

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
Index = NDArray[np.intp]
DOMINANT = 0.5  # share of sum(w**2) in sum(w)**2 above which one study may outweigh the rest
FAR = 64.0  # mean**2 over the weighted variance of the effects; more costs over two digits of Q
EXTREME = 1e-40
SMALL = 1 << 10  # work arrays up to this size are had for less than it takes to look one up
KEPT_VALUES = 1 << 18  # larger ones are rare and not kept
TURNED = 480  # rows transposed at a time: a cache line of each fits the first-level cache
NONE = np.empty(0, dtype=np.intp)


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
    if size <= SMALL:
        return np.empty(shape)
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

    y: Floats  # (k, B), in units of `unit`, relative to `origin`; 0 where absent
    v: Floats  # (k, B), in squared units; infinite where absent
    origin: Floats  # (B,), in units of `unit`
    unit: Floats  # (B,), a power of two; 1 unless the scale is extreme
    n: Floats  # (B,) studies present
    at0: Sums  # the sums at tau2 = 0
    trace0: Floats  # (B,) trace of P at tau2 = 0
    plain: bool  # origin 0 and unit 1 throughout
    apart: bool  # whether `traces` must hold row 0 apart
    few: Index  # the meta-analyses of fewer than two studies
    swapped: tuple[Index, Index]  # columns, and the rows that changed places with row 0

    def blank(self, values: Floats, least: int = 2) -> Floats:
        """The same array of shape (..., B), NaN now where fewer than `least` studies (1 or 2) are present."""
        if self.few.size:
            values[..., self.few if least == 2 else self.few[self.n[self.few] == 0]] = np.nan
        return values

    def locate(self, x: Floats) -> Floats:
        """Positions, shape (..., B), on the effects' own scale."""
        return x if self.plain else (x + self.origin) * self.unit

    def scale(self, x: Floats, power: int = 1) -> Floats:
        """Lengths, or their squares, shape (..., B), on the effects' own scale."""
        return x if self.plain else x * self.unit**power

    def arrange(self, values: Floats) -> Floats:
        """Values of shape (B, k), such as weights, as (k, B) in the batch's order of studies."""
        arranged = np.array(values.T, order="C")
        _swap(arranged, *self.swapped)
        return arranged

    def take(self, where: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Effects and variances of some of the meta-analyses."""
        return self.y.take(where, axis=1), self.v.take(where, axis=1)


def dot(a: Floats, b: Floats, c: Floats | None = None) -> Floats:
    """Sums of products over the studies: two or three arrays of shape (k, B) to (B,)."""
    if a.shape[1] == 1:  # the same sum by the routine that is quicker for a single one
        return (a.T @ (b if c is None else b * c))[0]
    return np.einsum("kb,kb->b", a, b) if c is None else np.einsum("kb,kb,kb->b", a, b, c)


def prepare(yi: Floats, vi: Floats, short_lived: bool = False, whole: bool = False) -> Batch:
    """Effects and variances of shape (B, k), NaN or infinite variance where absent, as a `Batch`.

    A short-lived batch sits in work arrays and is gone with the next one. `whole` says that
    no study is absent; without it that is looked up.
    """
    size, k = yi.shape
    y, v, w = (scratch(name, (k, size)) if short_lived else np.empty((k, size)) for name in "yvW")
    _turn(yi, y)
    _turn(vi, v)
    whole, n = whole or _is_whole(y, v), np.full(size, float(k))
    if not whole:
        absent = ~(np.isfinite(y) & np.isfinite(v))
        y[absent], v[absent] = 0.0, np.inf
        n -= absent.sum(axis=0)
    unit, total = _unit_and_weights(y, v, w)
    squares = dot(w, w)
    trace = total - squares / total
    heavy = squares > DOMINANT * (total * total)
    lead = (heavy if whole else heavy | (w[0] == 0.0)).nonzero()[0]
    rows, origin = NONE, np.zeros(size)
    if lead.size:
        rows = w[:, lead].argmax(axis=0)
        for array in (y, v, w):
            _swap(array, lead, rows)
        trace[lead] = _trace(w[:, lead], total[lead])
        _move(y, w, origin, lead)
    at0, far = _weighted(y, w, total)
    if far.size:
        _move(y, w, origin, far)
        at0, _ = _weighted(y, w, total)
    few = NONE if whole and k > 1 else (n < 2).nonzero()[0]
    plain = unit is None and not lead.size and not far.size
    unit = np.ones(size) if unit is None else unit
    return Batch(y, v, origin, unit, n, at0, trace, plain, bool(lead.size), few, (lead, rows))


def _turn(rows: Floats, out: Floats) -> None:
    """Transpose (B, k) into (k, B) piece by piece."""
    for start in range(0, rows.shape[0], TURNED):
        part = slice(start, start + TURNED)
        out[:, part] = rows[part].T


def _is_whole(y: Floats, v: Floats) -> bool:
    """Whether no study is absent; a NaN carries on to the extremes, which cost less than a mask."""
    return y.size > 0 and bool(y.min() > -np.inf and v.max() < np.inf)


def _move(y: Floats, w: Floats, origin: Floats, columns: Index) -> None:
    """Put the origin of some columns at the effect in row 0."""
    part = columns if columns.size < origin.size else slice(None)  # a view spares copies
    first = y[0, part].copy()
    origin[part] += first
    y[:, part] = (y[:, part] - first) * (w[:, part] > 0)


def _unit_and_weights(y: Floats, v: Floats, w: Floats) -> tuple[Floats | None, Floats]:
    """Fill w with 1 / v and sum it; where the scale is extreme, bring y and v to unit scale first.

    Cubes of weights are summed later: at unit scale they neither overflow nor vanish.
    """
    np.divide(1.0, v, out=w)
    total = np.add.reduce(w, axis=0)
    if total.size and total.min() > EXTREME and total.max() < 1 / EXTREME:
        return None, total
    extreme = (total > 1 / EXTREME) | ((total < EXTREME) & (total > 0))
    if not extreme.any():
        return None, total
    unit = np.ones(total.size)
    unit[extreme] = 2.0 ** np.round(-0.5 * np.log2(total[extreme]))
    y /= unit
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
        return _weighted(y, w, total)[0]
    return Sums(w, total, dot(w, y) / total, np.full(total.size, np.nan))


def _weighted(y: Floats, w: Floats, total: Floats) -> tuple[Sums, Index]:
    """The sums, and the columns whose effects lie far from the origin.

    Q is a difference of sums unless that would cost digits in such a column.
    """
    moment = dot(w, y)
    mean = moment / total
    shift = moment * mean
    Q = dot(w, y, y) - shift
    far = (shift > FAR * Q).nonzero()[0]
    if far.size:
        rest = np.subtract(y, mean, out=scratch("rest", w.shape))
        Q = dot(w, rest, rest)
    return Sums(w, total, mean, Q), far


def traces(w: Floats, total: Floats, apart: bool = True) -> Traces:
    """Traces of P and P P for weights of shape (k, B).

    Row 0 is held `apart` where it may outweigh the rest: there the textbook sums
    S1 - S2 / S1 and S2 - 2 S3 / S1 + (S2 / S1)**2 would be differences of near equals.
    """
    if not apart:
        S2, S3 = dot(w, w), dot(w, w, w)
        share = S2 / total
        return Traces(total - share, S2 - 2 * S3 / total + share * share)
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
