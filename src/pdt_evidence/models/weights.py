"""Inverse-variance sums over many meta-analyses at once.

A `Batch` holds the studies on the *first* axis, so that every sum runs along contiguous
memory. An absent study has infinite variance: its weight is exactly 0 and no mask is
needed. Effects are kept relative to the study in row 0, which is the most precise one
wherever one study dominates; with the sums below that keeps all of them free of
cancellation, however unequal the variances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Batch", "Sums", "Traces", "prepare", "sums", "traces"]

Floats = NDArray[np.float64]
DOMINANT = 0.5  # share of sum(w**2) in sum(w)**2 above which one study may outweigh the rest


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

    y: Floats  # (k, B), relative to `origin`; 0 where absent
    v: Floats  # (k, B), infinite where absent
    origin: Floats  # (B,)
    n: Floats  # (B,) studies present
    at0: Sums  # the sums at tau2 = 0
    swapped: tuple[NDArray[np.intp], NDArray[np.intp]]  # columns, and the rows that changed places with row 0

    def arrange(self, values: Floats) -> Floats:
        """Values of shape (B, k), such as weights, as (k, B) in the batch's order of studies."""
        arranged = np.array(values.T, order="C")
        _swap(arranged, *self.swapped)
        return arranged

    def take(self, where: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Effects and variances of some of the meta-analyses."""
        return self.y.take(where, axis=1), self.v.take(where, axis=1)


def prepare(yi: Floats, vi: Floats) -> Batch:
    """Effects and variances of shape (B, k), NaN or infinite variance where absent, as a `Batch`."""
    y, v = np.array(yi.T, order="C"), np.array(vi.T, order="C")
    k, size = y.shape
    # One NaN or infinity makes a sum not finite: a full mask is made only where one is needed.
    if np.isfinite(y.sum() + v.sum()):
        n = np.full(size, float(k))
    else:
        absent = ~(np.isfinite(y) & np.isfinite(v))
        y[absent], v[absent] = 0.0, np.inf
        n = k - absent.sum(axis=0, dtype=float)
    w = np.divide(1.0, v)
    total = np.add.reduce(w, axis=0)
    squares = np.einsum("kb,kb->b", w, w)
    with np.errstate(invalid="ignore"):
        lead = np.flatnonzero((squares > DOMINANT * total * total) | (w[0] == 0.0))
    swapped = (lead, w[:, lead].argmax(axis=0))
    if lead.size:
        for array in (y, v, w):
            _swap(array, *swapped)
    origin = y[0].copy()
    y -= origin
    if w.min(initial=np.inf) == 0.0:
        y[w == 0.0] = 0.0
    return Batch(y, v, origin, n, _weighted(y, w, total), swapped)


def _swap(array: Floats, columns: NDArray[np.intp], rows: NDArray[np.intp]) -> None:
    first = array[0, columns]
    array[0, columns] = array[rows, columns]
    array[rows, columns] = first


def sums(y: Floats, v: Floats, tau2: Floats | float) -> Sums:
    """`Sums` with weights 1 / (v + tau2); y, v of shape (k, B), tau2 of shape (B,)."""
    w = v + tau2
    np.divide(1.0, w, out=w)
    return _weighted(y, w, np.add.reduce(w, axis=0))


def _weighted(y: Floats, w: Floats, total: Floats) -> Sums:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.einsum("kb,kb->b", w, y) / total
        rest = y - mean
        Q = np.einsum("kb,kb->b", np.multiply(w, rest), rest)
    return Sums(w, total, mean, Q)


def traces(w: Floats, total: Floats) -> Traces:
    """Traces of P and P P for weights of shape (k, B).

    Row 0 is held apart: where it outweighs the rest, the textbook sums
    S1 - S2 / S1 and S2 - 2 S3 / S1 + (S2 / S1)**2 would be differences of near equals.
    """
    first, rest = w[0], w[1:]
    squared = rest * rest
    R1 = np.add.reduce(rest, axis=0)
    R2 = np.add.reduce(squared, axis=0)
    R3 = np.einsum("kb,kb->b", squared, rest)
    with np.errstate(invalid="ignore", divide="ignore"):
        P = (2 * first * R1 + (R1 * R1 - R2)) / total
        heavy = first * first
        PP = heavy * (R1 * R1 + 2 * R2) + total * (total * R2 - 2 * R3) + R2 * R2
        return Traces(P, PP / (total * total))
