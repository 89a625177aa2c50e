"""Network meta-analysis as one regression whose covariance is diagonal at every tau2.

A study with m arms gives m - 1 contrasts with its first arm. Between studies they vary
with tau2 P, P having 1 on its diagonal and 1/2 beside it (every contrast of the study
has the same tau2); within the study with S, made of the pairwise variances. One change
of coordinates turns P into the identity and S into a diagonal d, so that the weights
are 1 / (d + tau2): multi-arm studies then need no treatment of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from pdt_evidence.models.roots import falling_root
from pdt_evidence.showing import Brief

__all__ = [
    "Regression",
    "StudyBlock",
    "basic_covariance",
    "consistency_model",
    "contrast_matrices",
    "heterogeneity_Q",
    "incidence",
    "solve",
    "tau2_dl",
    "tau2_interval",
    "tau2_reml",
]

Floats = NDArray[np.float64]
GRID = 80  # points at which the restricted likelihood is looked at before one maximum is refined


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StudyBlock(Brief):
    """The arms of one study, and all that is known of their differences.

    Attributes
    ----------
    label : str
    arms : ndarray of int, shape (m,)
        Positions in the list of treatments; no treatment twice.
    effects : ndarray, shape (m,)
        Effect of each arm, the first being 0; only differences mean anything.
    variances : ndarray, shape (m, m)
        Sampling variance of each difference; 0 on the diagonal.
    """

    label: str
    arms: NDArray[np.intp]
    effects: Floats
    variances: Floats

    @property
    def design(self) -> tuple[int, ...]:
        """The set of treatments compared."""
        return tuple(sorted(self.arms.tolist()))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Regression(Brief):
    """y = X b with independent errors of variance d + tau2, one row a contrast."""

    y: Floats
    X: Floats
    d: Floats

    @property
    def df(self) -> int:
        """Residual degrees of freedom; X has full column rank."""
        return len(self.y) - self.X.shape[1]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Solution(Brief):
    """Weighted least squares at one tau2."""

    beta: Floats
    cov: Floats  # inverse of X'WX
    Q: float  # weighted residual sum of squares
    residuals: Floats
    wi: Floats
    log_det: float  # of X'WX


def basic_covariance(variances: Floats) -> Floats:
    """Covariance of the contrasts with the first arm, shape (m - 1, m - 1).

    Exact for any variances of all pairs: cov(i - 0, j - 0) = (v_0i + v_0j - v_ij) / 2.
    """
    own = variances[0, 1:]
    return (own[:, None] + own[None, :] - variances[1:, 1:]) / 2


def consistency_model(blocks: Sequence[StudyBlock], n_treatments: int) -> Regression:
    """The regression on all treatments' effects against treatment 0."""
    return diagonal_form(blocks, [incidence(block, n_treatments)[:, 1:] for block in blocks])


def diagonal_form(blocks: Sequence[StudyBlock], designs: Sequence[Floats]) -> Regression:
    """Rows of every study, in the coordinates in which its covariance is d + tau2.

    `designs` has for each study the rows that predict its contrasts with its first arm.
    """
    ys, Xs, ds = [], [], []
    for block, rows in zip(blocks, designs, strict=True):
        size = len(block.arms) - 1
        to_identity = np.linalg.inv(np.linalg.cholesky((np.eye(size) + 1) / 2))
        d, turn = np.linalg.eigh(to_identity @ basic_covariance(block.variances) @ to_identity.T)
        to_diagonal = turn.T @ to_identity
        ys.append(to_diagonal @ (block.effects[1:] - block.effects[0]))
        Xs.append(to_diagonal @ rows)
        ds.append(d)
    return Regression(np.concatenate(ys), np.concatenate(Xs), np.concatenate(ds))


def solve(model: Regression, tau2: float) -> Solution:
    """Weighted least squares with weights 1 / (d + tau2)."""
    wi = 1 / (model.d + tau2)
    weighted = model.X * wi[:, None]
    root = np.linalg.cholesky(model.X.T @ weighted)
    half = np.linalg.inv(root)
    beta = half.T @ (half @ (weighted.T @ model.y))
    residuals = model.y - model.X @ beta
    return Solution(
        beta=beta,
        cov=half.T @ half,
        Q=float(wi @ residuals**2),
        residuals=residuals,
        wi=wi,
        log_det=2 * float(np.log(np.diag(root)).sum()),
    )


def contrast_matrices(solution: Solution) -> tuple[Floats, Floats]:
    """Estimates and standard errors of all pairs, row minus column, shape (T, T)."""
    size = len(solution.beta) + 1
    effects, cov = np.zeros(size), np.zeros((size, size))
    effects[1:], cov[1:, 1:] = solution.beta, solution.cov
    variance = np.diag(cov)[:, None] + np.diag(cov)[None, :] - 2 * cov
    # Rounding may leave -1e-18 on the diagonal.
    return effects[:, None] - effects[None, :], np.sqrt(np.maximum(variance, 0.0))


def heterogeneity_Q(model: Regression) -> float:
    """Cochran's Q of the whole regression: at tau2 = 0."""
    return solve(model, 0.0).Q


def tau2_dl(model: Regression) -> float:
    """Generalised moment estimate of the common tau2 (method "DL"); NaN without residual df.

    References
    ----------
    .. [1] Jackson D, White IR, Thompson SG. Statistics in Medicine 29 (2010) 1282.
       doi:10.1002/sim.3602
    """
    if model.df < 1:
        return np.nan
    fixed = solve(model, 0.0)
    scale = fixed.wi.sum() - np.trace(fixed.cov @ _cross(model, fixed.wi**2))
    return max(0.0, float((fixed.Q - model.df) / scale))


def tau2_reml(model: Regression) -> float:
    """Restricted maximum likelihood of the common tau2; NaN without residual df.

    The likelihood may have several maxima: it is looked at on a grid from 0 to beyond
    the residual variance, and the highest point is refined to a root of the score.
    """
    if model.df < 1:
        return np.nan
    spread = float(np.max(np.abs(model.y - model.X @ np.linalg.lstsq(model.X, model.y, rcond=None)[0])))
    top = 10 * (spread**2 + float(np.median(model.d)))
    grid = np.concatenate([[0.0], np.geomspace(1e-8 * top, top, GRID)])
    heights = [_restricted(model, tau2) for tau2 in grid]
    best = int(np.argmax(heights))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, GRID)]
    if best == 0 and _score(model, 0.0) <= 0:
        return 0.0
    if _score(model, low) <= 0:  # the maximum lies between the grid's best point and the one before
        low = grid[best]
    return _root(lambda tau2: _score(model, tau2), low, high)


def tau2_interval(model: Regression, level: float) -> tuple[float, float]:
    """Q-profile interval of the common tau2: where Q(tau2) meets the chi-squared quantiles.

    References
    ----------
    .. [1] Viechtbauer W. Statistics in Medicine 26 (2007) 37. doi:10.1002/sim.2514
    """
    if model.df < 1:
        return np.nan, np.nan
    limits = [_where_Q_is(model, float(chdtri(model.df, p))) for p in ((1 - level) / 2, (1 + level) / 2)]
    return limits[0], limits[1]


def _where_Q_is(model: Regression, target: float) -> float:
    """The tau2 at which Q falls to `target`; 0 where it starts below."""
    if target >= solve(model, 0.0).Q:
        return 0.0
    high = float(np.max(model.d))
    while target < solve(model, high).Q:
        high *= 2
    return _root(lambda tau2: solve(model, tau2).Q - target, 0.0, high)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function of tau2 is 0 between its bounds."""
    found = falling_root(lambda x: np.array([function(x.item())]), np.array([low]), np.array([high]))
    return found.item()


def _restricted(model: Regression, tau2: float) -> float:
    """Restricted log-likelihood up to a constant."""
    at = solve(model, tau2)
    return 0.5 * (float(np.log(at.wi).sum()) - at.log_det - at.Q)


def _score(model: Regression, tau2: float) -> float:
    """Twice the slope of the restricted log-likelihood in tau2."""
    at = solve(model, tau2)
    trace = at.wi.sum() - np.trace(at.cov @ _cross(model, at.wi**2))
    return float(at.wi**2 @ at.residuals**2 - trace)


def _cross(model: Regression, weights: Floats) -> Floats:
    return model.X.T @ (model.X * weights[:, None])


def incidence(block: StudyBlock, n_treatments: int) -> Floats:
    """Rows of arm minus first arm, shape (m - 1, T)."""
    rows = np.zeros((len(block.arms) - 1, n_treatments))
    rows[np.arange(len(rows)), block.arms[1:]] = 1.0
    rows[:, block.arms[0]] -= 1.0
    return rows
