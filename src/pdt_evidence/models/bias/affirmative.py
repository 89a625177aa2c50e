"""Means under publication that favours affirmative results by a ratio eta: significant, in the favoured direction.

Results that are not affirmative count eta times, which undoes a selection of that strength. The "fixed" form has
weights eta / vi and t on k - 1 degrees of freedom. The "robust" form has weights eta / (vi + tau2), with tau2 of
the uncorrected REML fit, and bias-reduced cluster-robust errors under working variances that are the mean of
`vi` in a cluster, as robumeta has it, on which the R package of the authors rests; its degrees of freedom are
Satterthwaite's for equal variances, and so are these.

References
----------
.. [1] Mathur, VanderWeele (2020). doi:10.1111/rssc.12440
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pdt_evidence.models.distributions import two_sided_quantile

__all__ = ["LARGEST_RATIO", "Corrected", "Selection", "is_affirmative", "limit_ratio", "mean_ratio"]

Floats = NDArray[np.float64]
LARGEST_RATIO = 1e4
GRID = 161


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrected:
    """Means, standard errors, degrees of freedom and intervals, one a ratio: arrays (E,), `ci` (E, 2)."""

    estimate: Floats
    se: Floats
    df: Floats
    ci: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """Effects turned so that selection favours those above 0, and how they are weighed."""

    yi: Floats  # (k,)
    vi: Floats
    affirmative: NDArray[np.bool_]
    tau2: float  # 0 for the fixed form
    codes: NDArray[np.intp]  # cluster of each effect
    model: str  # "fixed" or "robust"
    level: float

    def corrected(self, ratios: Floats) -> Corrected:
        """Means under the ratios (E,)."""
        w = np.where(self.affirmative, 1.0, ratios[:, None]) / (self.vi + self.tau2)
        return self._fixed(w) if self.model == "fixed" else self._robust(w)

    def worst(self) -> Corrected:
        """The mean of the results that are not affirmative: what remains as the ratio goes to infinity."""
        rest = ~self.affirmative
        codes = np.unique(self.codes[rest], return_inverse=True)[1]
        part = Selection(yi=self.yi[rest], vi=self.vi[rest], affirmative=np.zeros(int(rest.sum()), dtype=bool),
                         tau2=self.tau2, codes=codes, model=self.model, level=self.level)  # fmt: skip
        return part.corrected(np.ones(1))

    def _fixed(self, w: Floats) -> Corrected:
        total = w.sum(1)
        estimate = (w @ self.yi) / total
        se = np.sqrt(w**2 @ self.vi) / total
        return _with_interval(estimate, se, np.full(len(w), float(len(self.yi) - 1)), self.level)

    def _robust(self, w: Floats) -> Corrected:
        h = w / w.sum(1, keepdims=True)
        estimate = h @ self.yi
        residual = self.yi - estimate[:, None]
        size = np.bincount(self.codes)
        working = (np.bincount(self.codes, self.vi) / size)[self.codes]
        spread = (h**2 * working).sum(1)
        m = len(size)
        if m < 2:
            nothing = np.full(len(w), np.nan)
            return _with_interval(estimate, nothing, nothing, self.level)
        score, load, own, cross = (np.zeros((len(w), m)) for _ in range(4))
        order = np.argsort(self.codes, kind="stable")
        ends = np.concatenate([[0], np.cumsum(size)])
        for s in np.unique(size):
            clusters = np.flatnonzero(size == s)
            rows = order[ends[clusters][:, None] + np.arange(s)]  # (n, s)
            g = _adjusted(h[:, rows], working[rows[:, 0]], spread)
            score[:, clusters] = (g * residual[:, rows]).sum(-1)
            load[:, clusters] = g.sum(-1)
            own[:, clusters] = (g**2).sum(-1)
            cross[:, clusters] = (g * h[:, rows]).sum(-1)
        df = _degrees(load, own, cross, (h**2).sum(1))
        return _with_interval(estimate, np.sqrt((score**2).sum(1)), df, self.level)


def is_affirmative(yi: Floats, vi: Floats, alpha: float) -> NDArray[np.bool_]:
    """Whether a result is above 0 and significant at the two-sided `alpha`."""
    return yi / np.sqrt(vi) > -ndtri(alpha / 2)


def _adjusted(h: Floats, variance: Floats, spread: Floats) -> Floats:
    """A_j h_j of clusters of one size, (E, n, s): with A_j the bias-reduced adjustment of their residuals."""
    s = h.shape[-1]
    ones = np.ones((s, 1))
    pair = h[..., :, None] * ones.T + ones * h[..., None, :]
    P = variance[:, None, None] * (np.eye(s) - pair) + spread[:, None, None, None]
    values, axes = np.linalg.eigh(P)
    # A cluster that carries the whole weight has no residual in one direction, and adds nothing there.
    small = values <= 1e-12 * values.max(-1, keepdims=True)
    root = np.where(small, 0.0, np.sqrt(variance[:, None] / np.where(small, 1.0, values)))
    return np.einsum("enij,enj,enlj,enl->eni", axes, root, axes, h)


def _degrees(load: Floats, own: Floats, cross: Floats, kappa: Floats) -> Floats:
    """Satterthwaite's from the matrix diag(own) - cross load' - load cross' + kappa load load'."""
    diagonal = np.arange(load.shape[1])
    M = kappa[:, None, None] * load[:, :, None] * load[:, None]
    M -= cross[:, :, None] * load[:, None] + load[:, :, None] * cross[:, None]
    M[:, diagonal, diagonal] += own
    return np.trace(M, axis1=1, axis2=2) ** 2 / (M**2).sum((1, 2))


def _with_interval(estimate: Floats, se: Floats, df: Floats, level: float) -> Corrected:
    half = np.where(df > 0, two_sided_quantile(level, np.where(df > 0, df, 1.0)), np.nan) * se
    return Corrected(estimate=estimate, se=se, df=df, ci=np.column_stack([estimate - half, estimate + half]))


def mean_ratio(data: Selection, q: float) -> float:
    """The ratio that brings the mean to q; infinite where none does, 1 where it is there already."""
    w = 1 / (data.vi + data.tau2)
    above, below = (float((w * (data.yi - q))[rows].sum()) for rows in (data.affirmative, ~data.affirmative))
    if above + below <= 0:
        return 1.0
    return -above / below if below < 0 else np.inf


def limit_ratio(data: Selection, q: float) -> float:
    """The smallest ratio that brings the lower end of the interval to q; infinite where none up to 10,000 does."""
    ratios = np.geomspace(1.0, LARGEST_RATIO, GRID)
    lower = data.corrected(ratios).ci[:, 0] - q
    if np.isnan(lower[0]):
        return np.nan
    reached = np.flatnonzero(lower <= 0)
    if not reached.size:
        return np.inf
    if reached[0] == 0:
        return 1.0
    low, high = np.log(ratios[reached[0] - 1]), np.log(ratios[reached[0]])
    for _ in range(6):  # each round has a sixteenth of the last one's width
        inside = np.linspace(low, high, 17)
        at = int(np.argmax(data.corrected(np.exp(inside)).ci[:, 0] - q <= 0))
        low, high = inside[max(at - 1, 0)], inside[at]
    return float(np.exp((low + high) / 2))
