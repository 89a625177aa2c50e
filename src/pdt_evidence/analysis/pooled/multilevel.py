"""`pool_multilevel`: several effects a trial in one model, and inference that survives a wrong correlation.

Effects of one trial share its patients, so they are correlated. The three-level model gives trials and
effects within trials a variance each; `rho` adds the correlation of the sampling errors (CHE); and the
cluster-robust interval (`.robust`) holds even where that working model is not true.
"""

# Tables below keep one row a line: broken up, this file would pass 400 lines or a function 60.
from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.checks import (
    read_only,
)
from pdt_evidence.analysis.ordered import in_their_order
from pdt_evidence.analysis.pooled.clustered_input import check_definite, check_lengths, checked, given_blocks
from pdt_evidence.analysis.pooled.variances import NO_INTERVAL, LikelihoodRatio, OfVariances
from pdt_evidence.errors import known_options
from pdt_evidence.formatting import (
    TEXT,
    aligned,
    counted,
    counted_below,
    percent,
    plain,
    scale_name,
    stratum_in_words,
)
from pdt_evidence.models.distributions import chi2_tail, two_sided_p, two_sided_quantile
from pdt_evidence.models.multilevel import Peak, fit_reml
from pdt_evidence.models.nested import Blocks, Nested, nest, sampling_blocks, total_blocks
from pdt_evidence.models.robust import NOTHING, cr2_mean
from pdt_evidence.options import LEVEL, MEASURE, Choice, check_options
from pdt_evidence.results import Answer, Note, PooledEffect, as_ratios, closing
from pdt_evidence.showing import Brief

__all__ = ["LikelihoodRatio", "MultilevelEffect", "RobustMean", "pool_multilevel"]

NAN = float("nan")
TESTS = ("t", "z")
UNSURE = Note(
    "no-robust-inference", "No robust inference: no effect differs, or one cluster has all the weight."
)
NOT_ROBUST = Note("not-robust", "Inference is by the model, since none is robust here.")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RobustMean(Brief):
    """Cluster-robust (CR2) inference on the mean, t with Satterthwaite degrees of freedom."""

    se: float = NAN
    statistic: float = NAN
    df: float = NAN
    p: float = NAN
    ci: tuple[float, float] = NO_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # the repr is PooledEffect's
class MultilevelEffect(PooledEffect):
    """A `PooledEffect` of effects in clusters; `tau2` is the sum of `sigma2`, `I2` the total.

    `estimate`, `se`, `ci` are the working model's; `robust` has the cluster-robust ones. `k` counts
    effects, and `yi`, `vi`, `weights`, `labels` have one entry an effect.
    """

    cluster: tuple[str, ...] = ()
    n_clusters: int = 0
    # Correlation of the sampling errors within a cluster; NaN where V was given and it is not known of what.
    rho: float = NAN
    sigma2: tuple[float, float] = NO_INTERVAL  # between clusters, within clusters
    I2_levels: tuple[float, float] = NO_INTERVAL  # percent: between, within
    robust: RobustMean = field(default_factory=RobustMean)
    of_variances: OfVariances | None = field(default=None)  # `sigma2_ci`, `lrt`, `lrt_within` are made of it

    @property
    def sigma2_ci(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Profile-likelihood intervals of `sigma2`; a lower end is exactly 0 where 0 is not refuted."""
        return self.of_variances.sigma2_ci if self.of_variances else (NO_INTERVAL, NO_INTERVAL)

    @property
    def lrt(self) -> LikelihoodRatio:
        """The likelihood-ratio test of no variance between clusters."""
        return self.of_variances.lrt if self.of_variances else LikelihoodRatio()

    @property
    def lrt_within(self) -> LikelihoodRatio:
        """The likelihood-ratio test of no variance within clusters."""
        return self.of_variances.lrt_within if self.of_variances else LikelihoodRatio()

    def to_dict(self) -> dict[str, Any]:
        """Every value as plain Python, ready for JSON; NaN becomes None."""
        values = PooledEffect.to_dict(self)
        del values["of_variances"]
        return values | {name: plain(getattr(self, name)) for name in ("sigma2_ci", "lrt", "lrt_within")}

    def with_robust(self) -> MultilevelEffect:
        """The same record with the robust se, statistic, df, p, ci and pi in the place of the model's.

        With a single cluster there are none: the model's stay, and a note says so.
        """
        r = self.robust
        if np.isnan(r.se):
            return replace(self, notes=(*self.notes, NOT_ROBUST))
        prediction = _prediction(self.estimate, r.se**2, self.tau2, self.n_clusters, r.df, self.level)
        prediction["pi_rule"] = f"CR2, {prediction['pi_rule'].replace('clusters-1', 'Satterthwaite')}"
        return replace(
            self, test="CR2", se=r.se, statistic=r.statistic, df=r.df, p=r.p, ci=r.ci, **prediction
        )

    @property
    def is_multilevel(self) -> bool:
        """Whether its model has several effects a trial: always."""
        return True

    @property
    def trials(self) -> float:
        """Clusters, which are what independent studies are."""
        return self.n_clusters

    def summary(self, also: Iterable[Answer] = ()) -> str:
        """Aligned text: variances by level, the estimate by model and robust, the tests; `also` below it.

        Raises
        ------
        RequestError
            For an answer that has no summary.
        """
        level = f"{percent(self.level)} CI"
        model = "Three-level model" if self.rho == 0 else "Correlated and hierarchical effects"
        words = stratum_in_words(self.stratum)
        head = (
            f"{words}{': ' if words else ''}{model} (REML), k = {counted(self.k, 'effect')} in "
            f"{counted(self.n_clusters, 'cluster')}"
        )
        names = ("between clusters", "within clusters")
        variances = [("", "sigma2", level, "I2 (%)")]
        for name, value, ci, I2 in zip(names, self.sigma2, self.sigma2_ci, self.I2_levels, strict=True):
            variances.append((name, TEXT.number(value), TEXT.interval(ci), TEXT.unitless(I2, 1)))
        rows: list[tuple[str, ...]] = [("", "estimate", "se", "statistic", "df", "p", level)]
        model_based = [] if self.test == "CR2" else [(f"model ({self.test})", self)]
        for name, r in (*model_based, ("robust (CR2)", self.robust)):
            numbers = (*map(TEXT.number, (self.estimate, r.se, r.statistic)), TEXT.number(r.df, 1))
            rows.append((name, *numbers, TEXT.p(r.p), TEXT.interval(r.ci)))
        ratio = f"{TEXT.unitless(self.lrt.statistic)}, {TEXT.p_value(self.lrt.p)}"
        lrt = f"LR test of the variance between clusters: {ratio}"
        Q = f"Test for heterogeneity: Q(df = {self.Q_df}) = {TEXT.unitless(self.Q)}, {TEXT.p_value(self.Q_p)}"
        pi = f"pi ({self.pi_rule}): {TEXT.interval(self.pi)}"
        parts = [f"measure: {scale_name(self.measure)}", "", *aligned(variances, 1), "", Q, lrt, ""]
        return "\n".join([head, *parts, *aligned(rows, 1), pi, *as_ratios(self), *closing(self.notes, also)])


@known_options
def pool_multilevel(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: Iterable[Hashable],
    *,
    rho: float | None = None,
    V: Mapping[Hashable, ArrayLike] | None = None,
    test: str = "t",
    level: float = 0.95,
    measure: str = "GEN",
    labels: Sequence[str] | None = None,
    row_ids: Sequence[str] | None = None,
    columns: Mapping[str, Sequence[Any]] | None = None,
    stratum: Mapping[str, str] | None = None,
) -> MultilevelEffect:
    """Pool effects that come in clusters, by three-level REML with CR2 robust inference beside it.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the scale they are pooled on, and their sampling variances in squared units of `yi`.
    cluster : sequence, length k
        The trial (or other unit) of each effect.
    rho : float, optional
        Correlation between the sampling errors of a cluster (CHE); None takes them as independent.
    V : mapping, optional
        Sampling covariance of each cluster, by its name, rows in the order of the data; instead of `rho`.
    test : {"t", "z"}
        Of the model-based inference; t has one degree of freedom less than there are clusters.
    level : float
        Of all intervals.
    measure, labels, row_ids, columns, stratum
        Carried into the result as they are.

    Returns
    -------
    MultilevelEffect
        Where no cluster has two effects, there is one variance only: `sigma2` is (it, 0). With a single
        cluster the variance between clusters and the robust inference are NaN. `notes` says so.

    Raises
    ------
    EvidenceError
        With every fault of the input: unequal lengths, values that are not finite, variances that are not
        above 0, missing clusters, `rho` outside of what keeps V positive definite, a V that does not fit.

    References
    ----------
    .. [1] Konstantopoulos (2011), Research Synthesis Methods 2, 61. doi:10.1002/jrsm.35
    .. [2] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> fit = pdt.pool_multilevel([0.1, 0.3, 0.5, 0.2, 0.6], [0.04] * 5, ["a", "a", "b", "b", "c"], rho=0.6)
    >>> fit.k, fit.n_clusters
    (5, 3)
    >>> round(fit.estimate, 4), round(fit.robust.df, 2)
    (0.3607, 1.95)
    """
    check_options(test=(test, Choice(TESTS)), level=(level, LEVEL), measure=(measure, MEASURE))
    y, v, names, codes = checked(yi, vi, list(cluster))
    check_lengths(len(y), {"labels": labels, "row_ids": row_ids, **(columns or {})})
    blocks = sampling_blocks(v, codes, rho, given_blocks(V, v, names, codes, rho))
    check_definite(blocks, rho, V is not None)
    nested = nest(y, blocks)
    free = (len(names) > 1, len(names) < len(y))
    peak = fit_reml(nested, free)
    weights, robust, Q, typical = _from_covariances(y, blocks, peak, level)
    df = float(len(names) - 1) if test == "t" and len(names) > 1 else NAN  # NaN: standard normal
    own = _student(peak.mu, float(np.sqrt(peak.variance)), df, level)
    return MultilevelEffect(
        stratum=dict(stratum or {}), measure=measure, test=test, level=level,
        k=len(y), n_clusters=len(names), cluster=tuple(str(names[code]) for code in codes),
        rho=NAN if V is not None else float(rho or 0.0),
        estimate=peak.mu, se=own.se, statistic=own.statistic, df=own.df, p=own.p, ci=own.ci,
        robust=robust, of_variances=OfVariances(nested, peak, free, level),
        log_likelihood=peak.log_likelihood if len(y) > 1 else NAN,
        Q=Q, Q_df=len(y) - 1, Q_p=float(chi2_tail(Q, len(y) - 1)),
        yi=read_only(y), vi=read_only(v), weights=read_only(weights),
        labels=tuple(labels or ()), row_ids=tuple(row_ids or ()),
        columns={key: in_their_order(values) for key, values in (columns or {}).items()},
        notes=_remarks(len(y), len(names), robust),
        **_variances(nested, peak, free, typical),
        **_prediction(peak.mu, peak.variance, sum(peak.sigma2), len(names), df, level),
    )  # fmt: skip


def _variances(nested: Nested, peak: Peak, free: tuple[bool, bool], typical: float) -> dict[str, Any]:
    """sigma2 and its shares of the total; NaN between where there is one cluster."""
    if nested.y.size == 1:
        return {"sigma2": NO_INTERVAL, "tau2_ci_method": "none"}
    total = sum(peak.sigma2)
    sigma2 = (peak.sigma2[0] if free[0] else NAN, peak.sigma2[1])
    share = [100 * value / (total + typical) for value in sigma2]
    return {
        "sigma2": sigma2,
        "tau2": total,
        "tau2_ci_method": "none",  # the sum has no interval; its parts have
        "I2": float(np.nansum(share)),
        "I2_levels": tuple(share),
    }


def _prediction(
    mu: float, variance: float, tau2: float, n_clusters: int, df: float, level: float
) -> dict[str, Any]:
    """Interval for a new effect of a new cluster; not known below three clusters.

    Its degrees of freedom are those of the mean's own interval, which it therefore always holds.
    """
    rule = "z" if np.isnan(df) else "t(clusters-1)"
    pi = _student(mu, float(np.sqrt(variance + tau2)), df, level).ci if n_clusters > 2 else NO_INTERVAL
    return {"pi": pi, "pi_rule": f"{rule}, new effect of a new cluster"}


def _from_covariances(
    y: Array, blocks: Blocks, peak: Peak, level: float
) -> tuple[Array, RobustMean, float, float]:
    """What needs the matrices themselves: row weights, robust inference, Q and the typical variance."""
    total = total_blocks(blocks, peak.sigma2)
    weights = np.empty(len(y))
    for rows, M in total:
        weights[rows] = np.linalg.solve(M, np.ones((*rows.shape, 1)))[:, :, 0]
    se, df = cr2_mean(y - peak.mu, total, peak.variance)
    robust = _student(peak.mu, se, df, level) if se > NOTHING * peak.variance**0.5 else RobustMean()
    Q, typical = _fixed_effect(y, blocks)
    return 100 * weights / weights.sum(), robust, Q, typical


def _fixed_effect(y: Array, blocks: Blocks) -> tuple[float, float]:
    """Q and the typical sampling variance (k - 1) / tr(P), both without random effects."""
    sums = np.zeros(4)  # 1'W1, 1'Wy, tr W, 1'WW1
    squares = 0.0
    centre = y.mean()
    for rows, V in blocks:
        W = np.linalg.inv(V)
        one = W.sum(axis=-1)
        r = y[rows] - centre
        sums += one.sum(), (one * r).sum(), np.trace(W, axis1=-2, axis2=-1).sum(), (one**2).sum()
        squares += np.einsum("bi,bij,bj->", r, W, r)
    trace = sums[2] - sums[3] / sums[0]
    typical = (len(y) - 1) / trace if len(y) > 1 else NAN
    return float(max(squares - sums[1] ** 2 / sums[0], 0.0)), float(typical)


def _student(mu: float, se: float, df: float, level: float) -> RobustMean:
    """Inference by t with `df` degrees of freedom; by the standard normal where `df` is NaN."""
    half = float(two_sided_quantile(level, df)) * se
    statistic = mu / se if se > 0 else NAN
    p = float(two_sided_p(statistic, df))
    return RobustMean(se=se, statistic=statistic, df=df, p=p, ci=(mu - half, mu + half))


def _remarks(k: int, n_clusters: int, robust: RobustMean) -> tuple[Note, ...]:
    notes: list[Note] = []
    if n_clusters == 1:
        text = "One cluster: no variance between clusters, no robust inference, the model's by z."
        notes.append(Note("one-cluster", text))
    elif n_clusters == k:
        text = "No cluster has two effects: the variance within clusters is not estimated (0)."
        notes.append(Note("no-variance-within", text))
    if n_clusters > 1 and np.isnan(robust.se):
        notes.append(UNSURE)
    if robust.df < 4:
        few = f"Robust inference has {counted_below(4, robust.df, 'degree of freedom')}; below 4 p may be too small."
        notes.append(Note("few-degrees-of-freedom", few))
    return tuple(notes)
