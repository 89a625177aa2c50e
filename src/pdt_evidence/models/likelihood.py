"""tau2 by maximum likelihood, restricted (REML) or full (ML): the global maximum.

With P as in `weights.Traces`, the score is half of f(t) = g(t) - T(t), where
g = y'PPy and T = tr(P) (REML) or sum(w) (ML); both fall as t grows. Three facts make the
search for the global maximum cheap and safe:

- g(t) >= g(a) (x / (x + t - a))**2 for t > a with x = g(a) / y'PPPy(a), because
  g**-1/2 is a power mean of linear functions of t and so concave. With m eigenvalues (of
  P, k - 1 of them, or of W) T(t) <= T(a) / (1 + (t - a) T(a) / m), their sum being largest
  where they are equal. A step that keeps the first bound above the second crosses no root
  of f; for equal variances it leads to the root.
- At a root, Q < 2 T**2 / U with U = tr(PP) (or sum(w**2)) implies a falling f, by
  Cauchy-Schwarz; Q falls and T**2 / U grows with t, so past the first such t there is at
  most one root, and it is a maximum.
- Beyond t = (s2 + sqrt(s2**2 + 4 s2 max(v))) / 2, with s2 the sample variance of y, f < 0.

Few sets need more than the first two; those are scanned (`_scan`) for every stationary
point and the best of them and of 0 is taken.

References
----------
.. [1] Viechtbauer. J. Educational and Behavioral Statistics 30 (2005) 261.
   doi:10.3102/10769986030003261
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.quadratic import solve_Q
from pdt_evidence.models.roots import falling_root
from pdt_evidence.models.weights import Batch, dot, prepare, scratch, sums, traces

__all__ = ["Score", "log_likelihood", "maximise", "score"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.intp]
EPS = np.finfo(float).eps

MARCHES = 8  # certified steps before a set is handed to the scan
MOST_STEPS = 200
ENOUGH = 3e-8  # a Newton step this small, relative to t, leaves an error of its square
GRID = 96
FAR_APART = 1e30  # squared standard errors between effects
UNSEEN = 1e-25  # a variance, relative to tau2, that changes no digit of it
SCAN_VALUES = 4_000_000  # doubles in one array of the scan


@dataclass(slots=True)
class Score:
    """The pieces of the score at one t each, shape (B,)."""

    g: Floats  # y'PPy
    T: Floats  # tr(P), or sum(w) for ML
    slope_g: Floats  # y'PPPy, minus half the derivative of g
    U: Floats  # tr(PP), or sum(w**2) for ML: minus the derivative of T
    Q: Floats  # y'Py

    @property
    def f(self) -> Floats:
        """Twice the score."""
        return self.g - self.T

    @property
    def slope(self) -> Floats:
        """Derivative of f."""
        return self.U - 2 * self.slope_g

    def take(self, where: Index) -> Score:
        """The pieces of some of the sets."""
        return Score(*(getattr(self, name)[where] for name in Score.__slots__))

    def one_root_ahead(self) -> Flags:
        """Whether f has at most one root to the right, and that one a maximum."""
        return self.Q * self.U <= 2 * self.T * self.T


def score(y: Floats, v: Floats, t: Floats, restricted: bool, apart: bool = True) -> Score:
    """`Score` at t, shape (B,), for y and v of shape (k, B); `apart` as in `traces`."""
    w = np.add(v, t, out=scratch("w", y.shape))
    np.divide(1.0, w, out=w)
    total = np.add.reduce(w, axis=0)
    return _score(y, w, total, dot(w, y) / total, restricted, apart)


def _score(y: Floats, w: Floats, total: Floats, mean: Floats, restricted: bool, apart: bool) -> Score:
    if restricted:
        trace = traces(w, total, apart)
        T, U = trace.P, trace.PP
    else:
        T, U = total, dot(w, w)
    q = np.subtract(y, mean, out=scratch("rest", y.shape))
    q *= w
    g = dot(q, q)
    Q = dot(q, y)  # y'Py = q'y, since q sums to 0
    wq = np.multiply(w, q, out=scratch("product", y.shape))
    around = np.add.reduce(wq, axis=0)
    slope_g = dot(wq, q) - around * around / total
    # The bound holds exactly (Cauchy-Schwarz); rounding must not break it.
    slope_g = np.fmax(slope_g, g * g / Q)
    return Score(g, T, slope_g, U, Q)


def log_likelihood(batch: Batch, tau2: Floats, restricted: bool) -> Floats:
    """Log-likelihood at tau2, shape (B,); the mean is profiled out or, restricted, integrated out.

    The restricted form has the term log(k) / 2 of the contrasts' Jacobian, as metafor does.
    """
    return _log_likelihood(batch.y, batch.v, batch.n, tau2, restricted)


def _log_likelihood(y: Floats, v: Floats, n: Floats, tau2: Floats, restricted: bool) -> Floats:
    at = sums(y, v, tau2)
    present = at.w > 0
    logs = np.log(np.where(present, at.w, 1.0)).sum(axis=0)
    if not restricted:
        return 0.5 * (logs - at.Q - n * np.log(2 * np.pi))
    return 0.5 * (logs - at.Q - (n - 1) * np.log(2 * np.pi) + np.log(n) - np.log(at.total))


def maximise(batch: Batch, restricted: bool) -> Floats:
    """The tau2, shape (B,), with the largest likelihood; 0 exactly at the boundary, NaN where k < 2."""
    at0, n = batch.at0, batch.n
    far, moment = _beyond_products(batch)
    if far.size:  # the rest in one piece, these by themselves
        tau2, near = np.empty(n.size), np.setdiff1d(np.arange(n.size), far)
        tau2[far] = _without_small_variances(batch, far, moment, restricted)
        if near.size:
            y, v = batch.take(near)
            tau2[near] = maximise(prepare(np.where(np.isfinite(v), y, np.nan).T, v.T), restricted)
        return tau2
    at = _score(batch.y, at0.w, at0.total, at0.mean, restricted, batch.apart)
    rising, one_root = at.g > at.T, at.one_root_ahead()
    tau2 = batch.blank(np.zeros(n.size))
    unsure = (~(rising | one_root) & (n > 1)).nonzero()[0]
    where = rising.nonzero()[0]
    if where.size:
        y, v, guess = batch.y, batch.v, (at0.Q - (n - 1)) / batch.trace0  # the moment estimate
        if where.size < n.size:
            y, v, guess = y.take(where, axis=1), v.take(where, axis=1), guess[where]
            one_root, at = one_root[where], at.take(where)
        low, high = np.zeros(where.size), np.full(where.size, np.inf)
        guess[~((guess > 0) & one_root)] = np.nan
        rank = n[where] - (1 if restricted else 0)
        found = _climb(y, v, low, low, high, at, one_root, rank, restricted, batch.apart, guess)
        tau2[where] = found
        unsure = np.concatenate([unsure, where[np.isnan(found)]])
    if unsure.size:
        tau2[unsure] = _scan(*batch.take(unsure), n[unsure], restricted)
    return tau2


def _beyond_products(batch: Batch) -> tuple[Index, Floats]:
    """Sets whose effects lie so far apart that products of weights are no numbers, and a tau2 of each."""
    apart = (FAR_APART * np.maximum(batch.n - 1, 1) < batch.at0.Q).nonzero()[0]
    if not apart.size:
        return apart, np.empty(0)
    moment = solve_Q(*batch.take(apart), batch.n[apart] - 1)
    smallest = batch.v[:, apart].min(axis=0)
    return apart[moment > FAR_APART * smallest], moment[moment > FAR_APART * smallest]


def _without_small_variances(batch: Batch, where: Index, moment: Floats, restricted: bool) -> Floats:
    """tau2 in units of the Paule-Mandel one, with variances not below a share of it that no digit shows."""
    y, v = batch.take(where)
    y = (y - y.mean(axis=0)) / np.sqrt(moment) * np.isfinite(v)
    v = np.maximum(v / moment, UNSEEN)
    absent = ~np.isfinite(v)
    rows = np.where(absent, np.nan, y).T
    return moment * maximise(prepare(rows, v.T), restricted)


def _climb(
    y: Floats,
    v: Floats,
    t: Floats,
    low: Floats,
    high: Floats,
    at: Score,
    one_root: Flags,
    rank: Floats,
    restricted: bool,
    apart: bool = True,
    guess: Floats | None = None,
) -> Floats:
    """Roots of f between low and high from t, where `at` is the score; found sets leave the arrays.

    The first step leads to `guess` where that is no NaN. NaN where `MARCHES` certified steps
    did not reach the point beyond which one root is left.
    """
    root, where = np.empty(t.size), np.arange(t.size)
    for step in range(MOST_STEPS):
        ahead = _propose(t, low, high, at, one_root, rank)
        if guess is not None and not step:
            ahead = np.where(np.isnan(guess), ahead, guess)
        noise = 4 * EPS * at.T / at.U  # T / U is of the size of v + t
        going = ~(one_root & (np.abs(ahead - t) <= ENOUGH * ahead + noise))
        root[where] = ahead
        if step >= MARCHES:
            root[where[~one_root]] = np.nan
            going &= one_root
        index = going.nonzero()[0]
        if not index.size:
            return root
        t = ahead
        if index.size < where.size:
            y, v = y.take(index, axis=1), v.take(index, axis=1)
            where, one_root, rank = where[index], one_root[index], rank[index]
            t, low, high = t[index], low[index], high[index]
        at = score(y, v, t, restricted, apart)
        rising = at.g > at.T
        low, high = np.where(rising, t, low), np.where(rising, high, t)
        if not np.logical_and.reduce(one_root):
            # A certified step ends left of the first root but for rounding: then the root is here.
            one_root = one_root | ~rising | at.one_root_ahead()
    raise ArithmeticError(f"no root of the score within {MOST_STEPS} steps")  # bisection needs fewer


def _propose(t: Floats, low: Floats, high: Floats, at: Score, one_root: Flags, rank: Floats) -> Floats:
    """Newton's method on T / g - 1 inside the bracket, else bisection; the certified step elsewhere."""
    ahead = t + at.g * (at.g - at.T) / (2 * at.T * at.slope_g - at.U * at.g)
    usable = one_root & (ahead >= low) & (ahead <= high)
    if np.logical_and.reduce(usable):
        return ahead
    x, excess = at.g / at.slope_g, at.g / at.T
    half = x * at.g / (2 * rank) - 1  # (excess) (1 + s T / m) = (1 + s / x)**2, solved for s
    march = x * (half + np.sqrt(half * half + excess - 1))
    middle = np.where(np.isinf(high), t + 2 * march, (low + high) / 2)
    return np.where(usable, ahead, np.where(one_root, middle, t + march))


def _scan(y: Floats, v: Floats, n: Floats, restricted: bool) -> Floats:
    """The global maximum by way of every stationary point; sets in slices of bounded memory."""
    k, size = y.shape
    best = np.empty(size)
    slice_size = max(1, SCAN_VALUES // (k * GRID))
    for start in range(0, size, slice_size):
        part = slice(start, start + slice_size)
        best[part] = _scan_slice(y[:, part], v[:, part], n[part], restricted)
    return best


def _scan_slice(y: Floats, v: Floats, n: Floats, restricted: bool) -> Floats:
    size = n.size
    grid = _grid(y, v, n)
    at = score(np.repeat(y, GRID, axis=1), np.repeat(v, GRID, axis=1), grid.ravel(), restricted)
    f, slope = at.f.reshape(size, GRID), at.slope.reshape(size, GRID)
    owner, cell = np.nonzero((f[:, :-1] > 0) & (f[:, 1:] <= 0))
    low, high = grid[owner, cell], grid[owner, cell + 1]
    # Two roots in one cell leave no sign change, but a turn of f towards zero.
    above = f[:, :-1] > 0
    same = above == (f[:, 1:] > 0)
    turn = np.where(above, (slope[:, :-1] < 0) & (slope[:, 1:] > 0), (slope[:, :-1] > 0) & (slope[:, 1:] < 0))
    cells = np.nonzero(same & turn)
    other, low2, high2 = _hidden(y, v, grid, f, cells[0], cells[1], restricted)
    owner = np.concatenate([owner, other])
    low, high = np.concatenate([low, low2]), np.concatenate([high, high2])
    ys, vs = y[:, owner], v[:, owner]
    middle, certain = (low + high) / 2, np.ones(owner.size, dtype=bool)
    at = score(ys, vs, middle, restricted)
    rising = at.g > at.T
    low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    peak = _climb(ys, vs, middle, low, high, at, certain, n[owner], restricted)
    return _best(y, v, n, owner, peak, restricted)


def _grid(y: Floats, v: Floats, n: Floats) -> Floats:
    """Where to look, (B, GRID): 0, then geometric from well below the least variance to past the last root.

    As a function of log t the score's singularities lie pi away from the real line, so
    it has no feature narrower than about 1; `GRID` points keep the spacing well below that.
    """
    present = np.isfinite(v)
    mean = y.sum(axis=0) / n
    s2 = (np.where(present, y - mean, 0.0) ** 2).sum(axis=0) / (n - 1)
    largest = np.where(present, v, 0.0).max(axis=0)
    start = v.min(axis=0) / 32
    stop = np.maximum((s2 + np.sqrt(s2 * s2 + 4 * s2 * largest)) / 2, 2 * start) * (1 + 1e-6)
    steps = np.linspace(0.0, 1.0, GRID - 1)
    ratio = np.log(stop / start)
    return np.column_stack([np.zeros(n.size), start[:, None] * np.exp(ratio[:, None] * steps)])


def _hidden(
    y: Floats, v: Floats, grid: Floats, f: Floats, owner: Index, cell: Index, restricted: bool
) -> tuple[Index, Floats, Floats]:
    """Brackets of the maxima in cells whose ends do not show them: f at the turn of its slope tells."""
    low, high = grid[owner, cell], grid[owner, cell + 1]
    if not owner.size:
        return owner, low, high
    above = f[owner, cell] > 0
    ys, vs = y[:, owner], v[:, owner]
    towards_zero = np.where(above, -1.0, 1.0)
    turn = falling_root(lambda t: towards_zero * score(ys, vs, t, restricted).slope, low, high)
    found = (score(ys, vs, turn, restricted).f > 0) != above
    low, high = np.where(above, low, turn), np.where(above, turn, high)
    return owner[found], low[found], high[found]


def _best(y: Floats, v: Floats, n: Floats, owner: Index, peak: Floats, restricted: bool) -> Floats:
    """Of 0 and the peaks of each set the one of largest likelihood; the smaller at a tie."""
    tau2 = np.zeros(n.size)
    top = _log_likelihood(y, v, n, tau2, restricted)
    height = _log_likelihood(y[:, owner], v[:, owner], n[owner], peak, restricted)
    for i in np.lexsort((peak, owner)):
        if height[i] > top[owner[i]]:
            top[owner[i]], tau2[owner[i]] = height[i], peak[i]
    return tau2
