"""Mixed-effects meta-regression on arrays: y ~ X beta + N(0, tau2) + N(0, vi), many designs at once.

Designs come in their orthonormal basis Q (X = Q R, `basis`), which leaves tau2 as it is and keeps every
product well-conditioned whatever the units of the moderators; coefficients return through R. A leading axis
runs over designs (or effects), so that a permutation test is one call. With W = diag(1 / (vi + tau2)) and
P = W - W Q (Q'WQ)^-1 Q'W, everything below is a function of P. The intercept alone is the plain pooled mean.

References
----------
.. [1] Viechtbauer et al. (2015), Psychological Methods 20, 360. doi:10.1037/met0000023
.. [2] Knapp, Hartung (2003), Statistics in Medicine 22, 2693. doi:10.1002/sim.1482
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.inference import REGRESSION_TESTS, named_test

__all__ = [
    "Estimates",
    "aliased",
    "basis",
    "coefficients",
    "log_likelihood",
    "profile_Q",
    "residual_Q",
    "tau2_dl",
    "tau2_dl2",
    "tau2_he",
    "tau2_hs",
    "tau2_ml",
    "tau2_none",
    "tau2_pm",
    "tau2_reml",
    "tau2_se_ml",
    "tau2_se_reml",
    "tau2_sj",
    "typical_variance",
]

GRID = 48  # points of the scan for local maxima of the likelihood
FAR_APART = 1e30  # squared standard errors between effects
UNSEEN = 1e-25  # a variance, relative to tau2, that changes no digit of it
MOST_STEPS = 100
Array = NDArray[np.float64]


@dataclass(slots=True)
class _Projection:
    """What the estimators need of P at one tau2 a design; arrays of shape (b,) but where noted."""

    w: Array  # (b, k)
    beta: Array  # (b, p) in the basis
    inverse: Array  # (b, p, p), (Q'WQ)^-1
    yPy: Array
    yPPy: Array
    yPPPy: Array
    trP: Array
    trPP: Array
    logdet: Array  # of Q'WQ


@dataclass(frozen=True, slots=True)
class Estimates:
    """Coefficients in the units of X, with leading axis b."""

    beta: Array  # (b, p)
    cov: Array  # (b, p, p), times the Knapp-Hartung factor where the test has one
    statistic: Array  # (b, p)
    QM: Array  # (b,) chi2 of the tested coefficients, or F where the test is by t


def fits_perfectly(y: Array, fitted: Array) -> NDArray[np.bool_]:
    """Whether effects (..., k) and fitted values differ by rounding alone: then nothing is left to judge the fit by."""
    return np.abs(y - fitted).max(axis=-1) <= 1e-12 * np.abs(y).max(axis=-1)


def unknown(found: Estimates) -> Estimates:
    """The same coefficients, nothing known of how sure they are."""
    nan = np.nan
    return replace(
        found,
        cov=np.full_like(found.cov, nan),
        statistic=np.full_like(found.statistic, nan),
        QM=np.full_like(found.QM, nan),
    )


def aliased(X: Array, names: list[str]) -> list[str]:
    """The columns that those before them already determine, by name."""
    found: list[str] = []
    kept = np.empty((len(X), 0))
    for j, name in enumerate(names):
        column = X[:, j]
        size = np.linalg.norm(column)
        rest = column - kept @ (kept.T @ column)
        rest = rest - kept @ (kept.T @ rest)  # once more: the first pass leaves its own rounding
        if size == 0 or np.linalg.norm(rest) <= 1e-9 * size:
            found.append(name)
        else:
            kept = np.column_stack([kept, rest / np.linalg.norm(rest)])
    return found


def basis(X: Array) -> tuple[Array, Array]:
    """Q (k, p) with orthonormal columns and upper triangular R (p, p), X = Q R."""
    Q, R = np.linalg.qr(X)
    return Q, R


def _project(Q: Array, y: Array, vi: Array, tau2: Array) -> _Projection:
    w = 1.0 / (vi + tau2[:, None])
    Qw = Q * w[:, :, None]
    Qt = np.swapaxes(Q, -1, -2)
    A = Qt @ Qw
    inverse = np.asarray(np.linalg.inv(A), dtype=np.float64)
    beta = (inverse @ (np.swapaxes(Qw, -1, -2) @ y[:, :, None]))[:, :, 0]
    u = w * (y - (Q @ beta[:, :, None])[:, :, 0])  # P y
    Qwu = (np.swapaxes(Qw, -1, -2) @ u[:, :, None])[:, :, 0]
    B = np.swapaxes(Qw, -1, -2) @ Qw  # Q'WWQ
    C = np.swapaxes(Qw, -1, -2) @ (Qw * w[:, :, None])  # Q'WWWQ
    IB = inverse @ B
    return _Projection(
        w=w,
        beta=beta,
        inverse=inverse,
        yPy=(u**2 / w).sum(-1),
        yPPy=(u**2).sum(-1),
        yPPPy=(w * u**2).sum(-1) - np.einsum("bi,bij,bj->b", Qwu, inverse, Qwu),
        trP=w.sum(-1) - np.trace(IB, axis1=-2, axis2=-1),
        trPP=(w**2).sum(-1) - 2 * np.einsum("bij,bji->b", inverse, C) + np.einsum("bij,bji->b", IB, IB),
        logdet=np.linalg.slogdet(A)[1],
    )


def log_likelihood(Q: Array, y: Array, vi: Array, tau2: Array, restricted: bool) -> Array:
    """Log-likelihood at `tau2` (b,); restricted, with all constants as metafor's ``logLik`` has them."""
    return _log_likelihood(_project(Q, y, vi, tau2), restricted)


def _log_likelihood(at: _Projection, restricted: bool) -> Array:
    k, p = at.w.shape[1], at.beta.shape[1]
    free = k - p if restricted else k
    value = -free * np.log(2 * np.pi) + np.log(at.w).sum(-1) - at.yPy
    return 0.5 * (value - at.logdet if restricted else value)


def _score(at: _Projection, restricted: bool) -> tuple[Array, Array]:
    """Twice the slope of the log-likelihood by tau2, and its derivative."""
    if restricted:
        return at.yPPy - at.trP, at.trPP - 2 * at.yPPPy
    return at.yPPy - at.w.sum(-1), (at.w**2).sum(-1) - 2 * at.yPPPy


# tau2 of each design, shape (b,), for bases Q (b, k, p), y (b, k) and vi (k,); `ESTIMATORS` has them by code.


def tau2_none(Q: Array, y: Array, vi: Array) -> Array:
    """One true effect: 0."""
    return np.zeros(len(Q))


def tau2_reml(Q: Array, y: Array, vi: Array) -> Array:
    """The global maximum of the restricted likelihood, found by a scan for every local one."""
    return _global_maximum(Q, y, vi, restricted=True)


def tau2_ml(Q: Array, y: Array, vi: Array) -> Array:
    """The same of the full likelihood."""
    return _global_maximum(Q, y, vi, restricted=False)


def tau2_pm(Q: Array, y: Array, vi: Array) -> Array:
    """Where y'Py equals k - p; "EB" solves the same equation."""
    k, p = Q.shape[1:]
    return _solve_Q(Q, y, vi, np.full(len(Q), float(k - p)))


def tau2_he(Q: Array, y: Array, vi: Array) -> Array:
    """Residual variance of least squares less the mean sampling variance."""
    k, p = Q.shape[1:]
    rest = y - (Q @ (np.swapaxes(Q, -1, -2) @ y[:, :, None]))[:, :, 0]
    leverage = (Q**2).sum(-1)
    return np.maximum(((rest**2).sum(-1) - (vi * (1 - leverage)).sum(-1)) / (k - p), 0.0)


def tau2_sj(Q: Array, y: Array, vi: Array) -> Array:
    """From the crude variance of the effects."""
    k, p = Q.shape[1:]
    start = y.var(axis=-1)
    return start * _project(Q, y, vi, start).yPy / (k - p)


def tau2_hs(Q: Array, y: Array, vi: Array) -> Array:
    """From QE less k, over the sum of the weights."""
    at = _project(Q, y, vi, np.zeros(len(Q)))
    return np.maximum((at.yPy - Q.shape[1]) / at.w.sum(-1), 0.0)


def tau2_dl(Q: Array, y: Array, vi: Array) -> Array:
    """Moment estimate from QE at tau2 = 0."""
    return _moment(Q, y, vi, np.zeros(len(Q)))


def tau2_dl2(Q: Array, y: Array, vi: Array) -> Array:
    """The moment estimate again, with the weights that the first one gives."""
    return _moment(Q, y, vi, tau2_dl(Q, y, vi))


def _moment(Q: Array, y: Array, vi: Array, start: Array) -> Array:
    """Moment estimate with the weights at `start`: (y'Py - tr(PV)) / tr(P), where tr(PV) = k - p - start tr(P)."""
    k, p = Q.shape[1:]
    at = _project(Q, y, vi, start)
    return np.maximum((at.yPy - (k - p)) / at.trP + start, 0.0)


def residual_Q(Q: Array, y: Array, vi: Array) -> Array:
    """Residual heterogeneity statistic QE (b,): y'Py at tau2 = 0."""
    return _project(Q, y, vi, np.zeros(len(Q))).yPy


def typical_variance(Q: Array, vi: Array) -> Array:
    """(k - p) / tr(P) at tau2 = 0, shape (b,)."""
    y = np.zeros((len(Q), Q.shape[1]))
    return (Q.shape[1] - Q.shape[2]) / _project(Q, y, vi, np.zeros(len(Q))).trP


def profile_Q(Q: Array, y: Array, vi: Array, quantiles: tuple[float, float]) -> tuple[float, float]:
    """Q-profile interval of tau2 for one design; `quantiles` are the upper and lower ones of chi2(k - p)."""
    limits = _solve_Q(np.repeat(Q, 2, 0), np.repeat(y, 2, 0), vi, np.array(quantiles))
    return float(limits[0]), float(limits[1])


def _solve_Q(Q: Array, y: Array, vi: Array, target: Array) -> Array:
    """The tau2 with y'Py = target, 0 where y'Py starts below it.

    1 / y'Py, a harmonic sum of linear functions of tau2, rises and is concave, so Newton from the left never passes
    the root, and few steps lead to one however far off.
    """
    tau2 = np.zeros(len(Q))
    for _ in range(MOST_STEPS):
        at = _project(Q, y, vi, tau2)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(at.yPy > target, (at.yPy / target - 1) * (at.yPy / at.yPPy), 0.0)
        tau2 = tau2 + step
        if (step <= 1e-15 * tau2).all():
            break
    return tau2


def _global_maximum(Q: Array, y: Array, vi: Array, restricted: bool) -> Array:
    """Scan for the cells where the slope turns from up to down, solve each, keep the best."""
    b = len(Q)
    moment = tau2_pm(Q, y, vi)
    if (
        moment.max() > FAR_APART * vi.min()
    ):  # products of weights would be no numbers: below it none shows a digit
        found = np.empty(b)
        for i in range(b):
            unit = max(float(moment[i]), float(vi.min()))
            small = np.maximum(vi / unit, UNSEEN)
            found[i] = unit * _global_maximum(Q[[i]], y[[i]] / np.sqrt(unit), small, restricted)[0]
        return found
    rest = y - (Q @ (np.swapaxes(Q, -1, -2) @ y[:, :, None]))[:, :, 0]
    # Beyond this the slope is negative: y'PPy <= |rest|^2 / min(v + t)^2 and tr(P) >= (k - p) / max(v + t).
    top = 1.001 * (rest**2).sum(-1) / (Q.shape[1] - Q.shape[2]) + vi.max()  # a little more, for the rounding
    ladder = np.concatenate([[0.0], np.geomspace(min(1e-4, 0.01 * float((vi.min() / top).min())), 1.0, GRID)])
    slopes = np.stack([_score(_project(Q, y, vi, t * top), restricted)[0] for t in ladder], axis=1)
    row, cell = np.nonzero((slopes[:, :-1] > 0) & (slopes[:, 1:] <= 0))
    best, value = np.zeros(b), np.full(b, -np.inf)
    at_zero = np.flatnonzero(slopes[:, 0] <= 0)
    if len(at_zero):
        start = _project(Q[at_zero], y[at_zero], vi, np.zeros(len(at_zero)))
        value[at_zero] = _log_likelihood(start, restricted)
    if len(row):
        low, high = ladder[cell] * top[row], ladder[cell + 1] * top[row]
        root = _root(Q[row], y[row], vi, low, high, restricted)
        found = _log_likelihood(_project(Q[row], y[row], vi, root), restricted)
        for i, t, ll in zip(row, root, found, strict=True):
            if ll > value[i]:
                best[i], value[i] = t, ll
    return best


def _root(Q: Array, y: Array, vi: Array, low: Array, high: Array, restricted: bool) -> Array:
    """The slope's root between `low` (it is above 0) and `high`: Newton, halving where a step would leave."""
    t = 0.5 * (low + high)
    for _ in range(MOST_STEPS):
        slope, curve = _score(_project(Q, y, vi, t), restricted)
        low, high = np.where(slope > 0, t, low), np.where(slope > 0, high, t)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = t - slope / curve
        inside = (step > low) & (step < high)
        new = np.where(inside, step, 0.5 * (low + high))
        done = np.abs(new - t) <= 1e-14 * t
        t = new
        if done.all():
            break
    return t


def coefficients(
    Q: Array, R: Array, y: Array, vi: Array, tau2: Array, test: str, tested: NDArray[np.bool_]
) -> Estimates:
    """Coefficients, their covariance and statistics at `tau2` (b,); QM tests those marked in `tested` (p,).

    `test` is one of `REGRESSION_TESTS`; its factor, of y'Py / (k - p), scales the covariance.
    """
    at = _project(Q, np.broadcast_to(y, Q.shape[:2]), vi, tau2)
    k, p = Q.shape[1:]
    back = np.linalg.inv(R)
    rule = named_test(test, REGRESSION_TESTS)
    scale = np.ones(len(Q)) if rule.factor is None else rule.factor(at.yPy / (k - p))
    cov = scale[:, None, None] * (back @ at.inverse @ back.T)
    beta = at.beta @ back.T
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = beta / np.sqrt(np.diagonal(cov, axis1=-2, axis2=-1))
        unscaled = (cov / scale[:, None, None])[:, tested][:, :, tested]
        some = beta[:, tested]
        QM = np.einsum("bi,bi->b", some, np.linalg.solve(unscaled, some[:, :, None])[:, :, 0]) / scale
    m = int(tested.sum())
    return Estimates(beta, cov, statistic, QM / m if rule.by_t and m else QM)


def tau2_se_reml(Q: Array, y: Array, vi: Array, tau2: Array) -> float:
    """Standard error of tau2 of the first design by the expected information."""
    return _se(_project(Q, y, vi, tau2).trPP[0])


def tau2_se_ml(Q: Array, y: Array, vi: Array, tau2: Array) -> float:
    """The same of the full likelihood."""
    return _se((_project(Q, y, vi, tau2).w[0] ** 2).sum())


def _se(twice_information: np.floating) -> float:
    """Standard error of tau2; NaN where the information is too small for a number."""
    return float(np.sqrt(2 / twice_information)) if twice_information > 0 else np.nan
