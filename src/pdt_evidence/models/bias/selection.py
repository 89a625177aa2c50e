"""Selection models on arrays: the mean that would be seen had all studies had the same chance to be published.

Effects are brought to unit scale first, so that parameters are of the order of 1, and turned so that selection
favours those above 0. The likelihood can have several maxima, with tau2 on its boundary and inside, so that
the ascent starts from several places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.bias.ascent import Peak, ascend, best_of, covariance, profile_interval
from pdt_evidence.models.bias.beta_function import Beta
from pdt_evidence.models.bias.step_function import Steps
from pdt_evidence.models.distributions import chi2_quantile
from pdt_evidence.models.likelihood import log_likelihood, maximise
from pdt_evidence.models.weights import prepare

__all__ = ["Model", "Scaled", "Selected", "fit_selected", "plain_maximum", "refit_selected", "scaled"]

Floats = NDArray[np.float64]
MOST_LOG_WEIGHT = 12.0  # a weight beyond e^12 or below e^-12 times that of the first interval is none
BETA_BOX = (np.log(1e-5), np.log(100.0))  # of the logarithms of both exponents, as metafor has them
FAR = 4.0  # how far beyond the effects, in their ranges, the mean is looked for


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaled:
    """Effects at unit scale, those that selection favours above 0, and the maximum without selection."""

    yi: Floats  # (k,)
    vi: Floats
    unit: float  # of yi, in units of the effects; negative where these were turned
    mean: float
    tau2: float
    log_likelihood: float  # of the effects as they were


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A family of weight functions, and what of it is given."""

    kind: str  # "step" or "beta"
    steps: Floats  # of the p-values: between the intervals, or the two bounds
    weights: Floats | None = None  # (k, m + 1), given in advance

    @property
    def extra(self) -> int:
        """Parameters beside the mean and tau2."""
        return 2 if self.kind == "beta" else 0 if self.weights is not None else len(self.steps)

    def likelihood(self, data: Scaled, times: Floats | None = None) -> Steps | Beta:
        """The likelihood of the data, or of data sets that count studies by `times` (n, k)."""
        if self.kind == "beta":
            low, high = self.steps
            return Beta(yi=data.yi, vi=data.vi, bounds=(float(low), float(high)), times=times)
        return Steps(yi=data.yi, vi=data.vi, steps=self.steps, weights=self.weights, times=times)

    def box(self, data: Scaled) -> tuple[Floats, Floats]:
        """Where parameters are looked for: far beyond the effects, and no weight that is none."""
        reach = FAR * (np.ptp(data.yi) + np.sqrt(data.vi.max()))
        least, most = BETA_BOX if self.kind == "beta" else (-MOST_LOG_WEIGHT, MOST_LOG_WEIGHT)
        low = np.array([data.yi.min() - reach, 0.0, *[least] * self.extra])
        return low, np.array([data.yi.max() + reach, reach**2, *[most] * self.extra])

    def starts(self, data: Scaled) -> Floats:
        """Around the maximum without selection: with and without heterogeneity, with little and much selection."""
        spread, mean = max(data.tau2, 0.05), data.mean
        if self.kind == "beta":
            places = [
                (mean, spread, (0.0, 0.0)),
                (mean / 2, 0.0, (-0.4, 0.5)),
                (mean + 2, spread, (0.5, 0.0)),
                (mean + 1, 2 * spread, (0.5, -1.0)),
                (mean - 1, spread, (-0.5, -0.5)),
            ]
            return np.array([[at, tau2, *logs] for at, tau2, logs in places])
        places = [(mean, spread, 0.0), (mean, 0.0, -0.5), (mean / 2, spread, -1.0), (0.0, 0.0, -2.0)]
        places.append((min(0.0, mean) - 1.0, 2 * spread, -3.0))
        return np.array([[at, tau2, *[log] * self.extra] for at, tau2, log in places])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selected:
    """The maximum of a likelihood with selection, in units of the effects.

    Parameters are the mean, tau2 and those of the weights, as logarithms. NaN is what is not determined.
    """

    theta: Floats  # (P,)
    ci: Floats  # (P, 2), by profile likelihood; infinite where the profile does not fall far enough
    cov: Floats  # (P, P), from the observed information; NaN for parameters on an edge
    log_likelihood: float
    without_mean: float  # the log-likelihood where the mean is 0
    edge: NDArray[np.bool_]  # parameters that run to an edge of where they are looked for; tau2 = 0 is none
    scores: Floats  # (k, P), of each study: for cluster-robust standard errors


def scaled(yi: Floats, vi: Floats, sign: float) -> Scaled:
    """Bring effects to unit scale and find the maximum of the likelihood without selection."""
    unit = sign * float(np.sqrt(np.median(vi)))
    y, v = yi / unit, vi / unit**2
    mean, tau2, top = plain_maximum(y, v)
    top -= len(y) * float(np.log(abs(unit)))
    return Scaled(yi=y, vi=v, unit=unit, mean=mean, tau2=tau2, log_likelihood=top)


def plain_maximum(yi: Floats, vi: Floats) -> tuple[float, float, float]:
    """Mean, tau2 and log-likelihood of the random-effects model by maximum likelihood."""
    with np.errstate(invalid="ignore", divide="ignore"):
        batch = prepare(yi[None], vi[None])
        tau2 = maximise(batch, restricted=False)
        top = log_likelihood(batch, tau2, restricted=False)
    w = 1 / (vi + tau2[0])
    return float((w * yi).sum() / w.sum()), float(tau2[0]), float(top[0])


def fit_selected(data: Scaled, model: Model, level: float | None) -> Selected:
    """The highest maximum of the likelihood, with its profile-likelihood intervals.

    Parameters
    ----------
    data : Scaled
    model : Model
        Every interval of a step function without given weights must hold a study.
    level : float or None
        Of the intervals; None leaves them NaN, and `without_mean` too.
    """
    value, box = model.likelihood(data), model.box(data)
    starts = model.starts(data)
    one = np.zeros(1, dtype=np.intp)
    peaks = ascend(value, starts, np.zeros(len(starts), dtype=np.intp), box)
    row = int(best_of(peaks, np.zeros(len(starts), dtype=np.intp), 1)[0])
    theta, top = peaks.theta[row], float(peaks.log_likelihood[row])
    cov = covariance(peaks.hessian[row : row + 1], peaks.fixed[row : row + 1])[0]
    ci, without = np.full((len(theta), 2), np.nan), np.nan
    if level is not None:
        drop = float(chi2_quantile(level, 1.0))
        with np.errstate(invalid="ignore"):
            ci = profile_interval(value, theta, top, np.sqrt(np.diag(cov)), box, drop)
        ci = _open_ends(ci, box)
        without = _without_mean(value, theta, box, data)
    scale = _scale(data, len(theta))
    away = len(data.yi) * float(np.log(abs(data.unit)))
    edge = (theta <= box[0]) | (theta >= box[1])
    edge[1] = theta[1] >= box[1][1]
    return Selected(
        theta=theta * scale,
        ci=np.sort(ci * scale[:, None], axis=1),
        cov=cov * scale[:, None] * scale,
        log_likelihood=top - away,
        without_mean=without - away,
        edge=edge,
        scores=value.parts(theta[None], one)[1][0].T / scale,
    )


def _scale(data: Scaled, size: int) -> Floats:
    return np.array([data.unit, data.unit**2, *np.ones(size - 2)])


def _open_ends(ci: Floats, box: tuple[Floats, Floats]) -> Floats:
    """Infinite ends where the profile reaches an edge of the box, but 0 for tau2."""
    low = np.where(ci[:, 0] <= box[0], -np.inf, ci[:, 0])
    low[1] = ci[1, 0]
    return np.column_stack([low, np.where(ci[:, 1] >= box[1], np.inf, ci[:, 1])])


def _without_mean(value: Steps | Beta, theta: Floats, box: tuple[Floats, Floats], data: Scaled) -> float:
    """The largest log-likelihood with the mean at 0."""
    still = np.zeros((2, len(theta)), dtype=bool)
    still[:, 0] = True
    start = np.array([theta, [0.0, max(data.tau2, 0.05), *np.zeros(len(theta) - 2)]])
    start[:, 0] = 0.0
    return float(ascend(value, start, np.zeros(2, dtype=np.intp), box, still).log_likelihood.max())


def refit_selected(data: Scaled, model: Model, times: Floats, start: Floats) -> Floats:
    """Maxima of the same studies counted anew, one row a data set: for the bootstrap.

    Parameters
    ----------
    times : ndarray, shape (n, k)
        How often each study counts.
    start : ndarray, shape (P,)
        The maximum of all studies, in units of the effects.

    Returns
    -------
    ndarray, shape (n, P)
        In units of the effects; NaN where an interval of p has no study left, or the likelihood no maximum.
    """
    value, box = model.likelihood(data, times), model.box(data)
    scale = _scale(data, len(start))
    filled = np.flatnonzero(_filled(value, times) if model.weights is None else times.any(axis=1))
    plain = np.array([data.mean, max(data.tau2, 0.05), *np.zeros(len(start) - 2)])
    starts = np.concatenate([np.tile(start / scale, (len(filled), 1)), np.tile(plain, (len(filled), 1))])
    found = np.full((len(times), len(start)), np.nan)
    if filled.size:
        number = np.tile(np.arange(len(filled)), 2)
        peaks = ascend(value, starts, filled[number], box)
        best = best_of(peaks, number, len(filled))
        lost = _at_edge(peaks, best, box)
        found[filled] = np.where(lost[:, None], np.nan, peaks.theta[best] * scale)
    return found


def _at_edge(peaks: Peak, rows: NDArray[np.intp], box: tuple[Floats, Floats]) -> NDArray[np.bool_]:
    theta = peaks.theta[rows]
    out = (theta <= box[0]) | (theta >= box[1])
    out[:, 1] = theta[:, 1] >= box[1][1]
    return np.logical_or(out.any(axis=1), ~np.isfinite(peaks.log_likelihood[rows]))


def _filled(value: Steps | Beta, times: Floats) -> NDArray[np.bool_]:
    """Which data sets have studies enough to tell the parameters: in every interval of p at least one."""
    if isinstance(value, Beta):
        return (times > 0).sum(axis=1) > 4
    inside = np.column_stack([value.where == j for j in range(len(value.steps) + 1)])
    held: Floats = times @ inside
    return np.all(held > 0, axis=1)
