"""A multilevel model fitted again and again: without each of its clusters, or with some of them only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.analysis.pooled.covariances import covariance_of_fit
from pdt_evidence.analysis.pooled.multilevel import MultilevelEffect
from pdt_evidence.analysis.pooled.multilevel_many import MultilevelArrays, pool_multilevel_many
from pdt_evidence.errors import RequestError
from pdt_evidence.models.distributions import chi2_tail, two_sided_quantile
from pdt_evidence.models.influence import Diagnostics

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Clusters", "RefitArrays", "clusters_of", "diagnose_clusters", "refit"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
FEWEST_FOR_PREDICTION = 3  # clusters
SAME = 1e-6  # relative: a fit and its refit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """The effects of a fit by cluster, and what each cluster adds to sums without random effects."""

    fit: MultilevelEffect
    V: Floats
    codes: Codes
    labels: tuple[str, ...]
    sums: Floats  # shape (m, 5): 1'W1, 1'Wy, trace W, 1'WW1, y'Wy with W the inverse of V_j, y about its mean

    @property
    def m(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RefitArrays:
    """What `PooledArrays` has of each fit, one value a fit; `within` is the part of tau2 within clusters."""

    k: NDArray[np.int64]
    estimate: Floats
    se: Floats
    statistic: Floats
    df: Floats
    p: Floats
    ci: Floats
    pi: Floats
    tau2: Floats
    I2: Floats
    H2: Floats
    Q: Floats
    Q_df: NDArray[np.int64]
    Q_p: Floats
    sigma2: Floats
    model_se: Floats


def clusters_of(fit: MultilevelEffect) -> Clusters:
    """What every refit of a multilevel model starts from.

    Raises
    ------
    RequestError
        For a fit that does not keep its sampling covariance, or is not of the one that its rows give.
    """
    V, codes = covariance_of_fit(fit)
    y = fit.yi - fit.yi.mean()
    sums = []
    for code in range(int(codes.max()) + 1):
        rows = np.flatnonzero(codes == code)
        W = np.linalg.inv(V[np.ix_(rows, rows)])
        one, r = W.sum(axis=1), y[rows]
        sums.append((one.sum(), one @ r, np.trace(W), one @ one, r @ W @ r))
    found = Clusters(fit=fit, V=V, codes=codes, labels=_labels(fit, codes), sums=np.array(sums))
    _check_same(found)
    return found


def _check_same(clusters: Clusters) -> None:
    """The covariance must be that of the fit: under its variances it gives its estimate."""
    precision, moment = _sums(clusters, np.array([clusters.fit.sigma2]))
    again, fit = float(moment.sum() / precision.sum()), clusters.fit
    if abs(again - fit.estimate) > SAME * fit.se + SAME * abs(fit.estimate):
        raise RequestError(
            f"With the sampling covariance that its rows give, this fit would be {again:.6g}, not {fit.estimate:.6g}: "
            "something else has made it. Fit it with rho=, or by synthesize(dependence='che')."
        )


def _labels(fit: MultilevelEffect, codes: Codes) -> tuple[str, ...]:
    """A cluster by the one label of its effects, else by its own name."""
    names = []
    for code in range(int(codes.max()) + 1):
        rows = np.flatnonzero(codes == code)
        labels = {fit.labels[row] for row in rows} if fit.labels else set()
        names.append(labels.pop() if len(labels) == 1 else fit.cluster[rows[0]])
    return tuple(names) if len(set(names)) == len(names) else tuple(dict.fromkeys(fit.cluster))


def refit(
    clusters: Clusters, kept: NDArray[np.bool_], executor: Executor | None = None, progress: bool = False
) -> RefitArrays:
    """The fits of some clusters at a time, as one batch; `kept` has the shape (n, m).

    Inference is that of the fit: cluster-robust where its `test` is "CR2", else by the model.
    """
    fit = clusters.fit
    y = np.where(kept[:, clusters.codes], fit.yi, np.nan)
    many = pool_multilevel_many(
        y, fit.vi, clusters.codes.tolist(), V=clusters.V, test="z" if fit.test == "z" else "t", level=fit.level,
        executor=executor, progress=progress,
    )  # fmt: skip
    return arrays_of(many, fit, kept.astype(float) @ clusters.sums)


def arrays_of(many: MultilevelArrays, fit: MultilevelEffect, sums: Floats) -> RefitArrays:
    """The batch in the names of `pool_many`, with what it leaves out: prediction, Q and I2."""
    own = many.robust if fit.test == "CR2" else many
    with np.errstate(invalid="ignore", divide="ignore"):
        half = two_sided_quantile(fit.level, own.df) * np.sqrt(own.se**2 + many.tau2)
        half[many.n_clusters < FEWEST_FOR_PREDICTION] = np.nan
        one, moment, trace, squares, total = sums.T
        Q = np.maximum(total - moment**2 / one, 0.0)
        df = many.k - 1
        typical = df / (trace - squares / one)
        I2 = np.where(many.k > 1, 100 * many.tau2 / (many.tau2 + typical), np.nan)
        H2 = (many.tau2 + typical) / typical
    return RefitArrays(
        k=many.k.astype(np.int64), estimate=many.estimate, se=own.se, statistic=own.statistic, df=own.df, p=own.p,
        ci=own.ci, pi=np.stack([many.estimate - half, many.estimate + half], axis=-1), tau2=many.tau2, I2=I2, H2=H2,
        Q=Q, Q_df=df.astype(np.int64), Q_p=np.asarray(chi2_tail(Q, df)), sigma2=many.sigma2, model_se=many.se,
    )  # fmt: skip


def diagnose_clusters(clusters: Clusters, without: RefitArrays) -> tuple[Diagnostics, Floats]:
    """The diagnostics of `influence` for whole clusters, and the weight of each in percent.

    With one effect a cluster they are those of the studies. A cluster's own mean is weighted by the inverse of its
    covariance under the variances found without it.
    """
    fit, m = clusters.fit, clusters.m
    share = np.bincount(clusters.codes, fit.weights, m) / 100
    own, mean, whole = _under(clusters, without.sigma2)
    model_se = 1 / np.sqrt(_sums(clusters, np.array([fit.sigma2]))[0].sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        change = fit.estimate - without.estimate
        dffits, dfbetas = change / np.sqrt(share / own), change * np.sqrt(whole)
        cook_d = (change / model_se) ** 2
        far = (np.abs(dffits) > 3 * np.sqrt(1 / (m - 1))) | (np.abs(dfbetas) > 1)
        found = Diagnostics(
            rstudent=(mean - without.estimate) / np.sqrt(1 / own + without.model_se**2),
            dffits=dffits, cook_d=cook_d, cov_r=(without.model_se / model_se) ** 2, tau2_del=without.tau2,
            Q_del=without.Q, hat=share, dfbetas=dfbetas,
            influential=far | (chi2_tail(cook_d, 1) < 0.5) | (share > 3 / m),
        )  # fmt: skip
    return found, 100 * share


def _under(clusters: Clusters, sigma2: Floats) -> tuple[Floats, Floats, Floats]:
    """Under the variances of each fit: precision and mean of its own cluster, and the precision of all together."""
    precision, moment = _sums(clusters, sigma2)
    n = np.arange(len(sigma2))
    own = precision[n, n % clusters.m]
    return own, moment[n, n % clusters.m] / own, precision.sum(axis=1)


def _sums(clusters: Clusters, sigma2: Floats) -> tuple[Floats, Floats]:
    """1'M_j^-1 1 and 1'M_j^-1 y of every cluster under the variances of each fit, both of shape (n, m)."""
    n, m = len(sigma2), clusters.m
    precision, moment = np.empty((n, m)), np.empty((n, m))
    between, within = (np.nan_to_num(sigma2[:, i])[:, None, None] for i in (0, 1))
    for code in range(m):
        rows = np.flatnonzero(clusters.codes == code)
        M = clusters.V[np.ix_(rows, rows)] + between + within * np.eye(len(rows))
        w = np.linalg.solve(M, np.ones((n, len(rows), 1)))[:, :, 0]
        precision[:, code], moment[:, code] = w.sum(axis=1), w @ clusters.fit.yi[rows]
    return precision, moment


def refuse_options(**given: Any) -> None:
    """A multilevel fit is made again as it is: it has no other estimator.

    Raises
    ------
    RequestError
        For options that were given.
    """
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise RequestError(
            f"{', '.join(named)}: a multilevel fit is made again as it is. Leave it out, or give another fit."
        )


def at_least_two(
    labels: Sequence[str], entry_point: str, does: str = "leaves out one trial after another"
) -> None:
    """Raise where there is one cluster only."""
    if len(labels) < 2:
        raise RequestError(f"{entry_point}() {does}, and this fit has one; without it nothing is left.")
