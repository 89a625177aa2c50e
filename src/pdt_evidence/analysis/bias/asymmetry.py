"""Entry points to small-study effects: is the funnel lopsided, and what if it were not?"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.bias.records import Tabular
from pdt_evidence.analysis.bias.studies import Evidence, Studies, studies_of
from pdt_evidence.analysis.robustness.refits import pool_first
from pdt_evidence.errors import RequestError, known_options, require_choice
from pdt_evidence.models.bias import small_study
from pdt_evidence.models.bias.lines import has_spread, random_line, weighted_line
from pdt_evidence.models.bias.small_study import RegressionTest, TrimAndFill
from pdt_evidence.models.clustered_regression import fit_clustered, robust_test
from pdt_evidence.models.distributions import two_sided_p
from pdt_evidence.models.inference import REGRESSION_TESTS
from pdt_evidence.options import RHO, Choice, check_options
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RankTest", "rank_test", "regression_test", "trim_and_fill"]

Floats = NDArray[np.float64]
SIDES = (None, "left", "right")
ESTIMATORS = ("L0", "R0", "Q0")
MODELS = ("random", "wls", "peters")


@known_options
def regression_test(
    yi: Evidence,
    vi: ArrayLike | None = None,
    *,
    model: str | None = None,
    precision: str = "sei",
    test: str | None = None,
    cluster: Iterable[Hashable] | str | None = None,
    rho: float | None = None,
) -> RegressionTest:
    """Test a funnel for asymmetry: regress the effects on their standard errors, or on sizes, and test the slope.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.
    model : {"random", "wls", "peters"}, optional
        Random effects (REML); weights 1 / vi with a free residual variance, Egger's own; or Peters' test of ratios
        and risk differences, on 1 / n with weights by the events. "random" without it. Effects in clusters are
        fitted as correlated and hierarchical effects, with a CR2 test.
    precision : {"sei", "n"}
        The standard error, or sqrt(1 / n1 + 1 / n2), which for standardised differences does not hold the effect.
    test : {"z", "t", "knha"}, optional
        Of the random-effects form; that of the fit where it is one of these, else "knha".
    cluster, rho
        As in `pet_peese`.

    Returns
    -------
    RegressionTest
        `slope`, `statistic`, `df`, `p`, and `limit`, the effect of a study without sampling error; NaN where
        k < 3 or all are equally precise. `others` has p by the other usual choices, and `summary()` prints them
        where they disagree. `funnel(fit, regression=...)` draws the line of precision "sei".

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For an unknown option, precision by n where an arm's size is missing, or "peters" without counts of events.

    References
    ----------
    .. [1] Egger M, Davey Smith G, Schneider M, Minder C. BMJ 315 (1997) 629. doi:10.1136/bmj.315.7109.629
    .. [2] Pustejovsky, Rodgers (2019). doi:10.1002/jrsm.1332

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> found = pdt.regression_test([0.9, 0.6, 0.5, 0.3], [0.20, 0.10, 0.05, 0.02], model="wls")
    >>> round(found.slope, 2), found.df
    (1.91, 2.0)
    """
    check_options(
        model=(model, Choice((*MODELS, None))),
        precision=(precision, Choice(("sei", "n"))),
        test=(test, Choice((*REGRESSION_TESTS, None))),
        **({"rho": (rho, RHO)} if rho is not None else {}),
    )
    studies = studies_of(yi, vi, cluster=cluster, rho=rho, caller="regression_test")
    test = test or (studies.test if studies.test in REGRESSION_TESTS else "knha")
    form = "che" if studies.cluster is not None else model or "random"
    if form == "peters":
        chosen = _peters(studies)
    else:
        word, x = studies.precision(precision)
        chosen = _regressed(studies, form, word, x, test)
    others = [
        (other.model, other.precision, other.p)
        for name in (("che",) if form == "che" else ("random", "wls"))
        for word in ("sei", "n")
        if (name, word) != (chosen.model, chosen.precision) and (word == "sei" or studies.by_n is not None)
        for other in (_regressed(studies, name, word, studies.precision(word)[1], test),)
    ]
    return replace(chosen, others=tuple(others))


def _regressed(studies: Studies, form: str, word: str, x: Floats, test: str) -> RegressionTest:
    k = studies.k
    if k < 3 or not has_spread(x) or not has_spread(studies.yi):  # else rounding is tested against rounding
        return _no_test(form, word)
    if form == "che":
        assert studies.cluster is not None
        assert studies.V is not None
        if int(studies.cluster.max()) + 1 < 3:
            return _no_test(form, word)
        fit = fit_clustered(studies.yi, np.column_stack([np.ones(k), x]), studies.cluster, studies.V)
        limit, slope = (float(one) for one in fit.beta)
        limit_se, slope_se = (float(one) for one in np.sqrt(np.diag(fit.cov_robust)))
        df = robust_test(fit, np.array([0.0, 1.0])).df
        slope_se = slope_se if df > 0 else float("nan")
    else:
        line = (
            weighted_line(studies.yi, studies.vi, x)
            if form == "wls"
            else random_line(studies.yi, studies.vi, x, test=test)
        )
        limit, limit_se, slope, slope_se = (
            float(one) for one in (line.intercept, line.intercept_se, line.slope, line.slope_se)
        )
        df = float(line.df)
    statistic = slope / slope_se
    return RegressionTest(
        limit=limit,
        limit_se=limit_se,
        slope=slope,
        slope_se=slope_se,
        statistic=statistic,
        df=df,
        p=float(two_sided_p(statistic, df)),
        model=form,
        precision=word,
    )


def _no_test(form: str, word: str) -> RegressionTest:
    nan = float("nan")
    return RegressionTest(
        limit=nan,
        limit_se=nan,
        slope=nan,
        slope_se=nan,
        statistic=nan,
        df=nan,
        p=nan,
        model=form,
        precision=word,
    )


def _peters(studies: Studies) -> RegressionTest:
    """The effect on 1 / n, weighted by events times persons without one over n."""
    if studies.events is None:
        raise RequestError(
            "model = 'peters' needs the events and persons of both arms (event_t, n_t, event_c, n_c) of every study. "
            "Add them, or use model='random' or 'wls'."
        )
    events, persons = studies.events
    weight = events * (persons - events) / persons
    kept = weight > 0
    line = weighted_line(studies.yi[kept], 1 / weight[kept], 1 / persons[kept])
    statistic = float(line.slope / line.slope_se)
    return RegressionTest(
        limit=float(line.intercept),
        limit_se=float(line.intercept_se),
        slope=float(line.slope),
        slope_se=float(line.slope_se),
        statistic=statistic,
        df=float(line.df),
        p=float(two_sided_p(statistic, line.df)),
        model="peters",
        precision="1/n",
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RankTest(Tabular):
    """Begg and Mazumdar's test; NaN where k < 3, or all effects or all variances are equal."""

    tau: float  # Kendall's, of standardised effects and variances
    p: float
    k: int
    why: str = ""  # tau and p are NaN; "" where they are not


@known_options
def rank_test(yi: ArrayLike | PooledEffect | pd.DataFrame, vi: ArrayLike | None = None) -> RankTest:
    """Test a funnel for asymmetry by the rank correlation of effects and variances.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.

    Returns
    -------
    RankTest
        The p-value is exact without ties. It finds little with fewer than 20 studies.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For the result of a model with several effects a trial.

    References
    ----------
    .. [1] Begg, Mazumdar (1994). doi:10.2307/2533446

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.rank_test([0.9, 0.6, 0.5, 0.3], [0.20, 0.10, 0.05, 0.02]).tau
    1.0
    """
    full = pool_first(
        yi, vi, None, None, None, None, "rank_test", "ranks take every effect for a study of its own"
    )
    if full.k < 3 or not has_spread(full.yi) or not has_spread(full.vi):
        why = "it needs 3 studies, of different effects and different precision"
        return RankTest(tau=float("nan"), p=float("nan"), k=full.k, why=why)
    from scipy.stats import kendalltau

    w = 1 / full.vi
    apart = (full.yi - (w * full.yi).sum() / w.sum()) / np.sqrt(full.vi - 1 / w.sum())
    tied = len(np.unique(apart)) < full.k or len(np.unique(full.vi)) < full.k
    found = kendalltau(apart, full.vi, method="asymptotic" if tied else "exact")
    return RankTest(tau=float(found.statistic), p=float(found.pvalue), k=full.k)


@known_options
def trim_and_fill(
    yi: ArrayLike | PooledEffect | pd.DataFrame,
    vi: ArrayLike | None = None,
    *,
    side: str | None = None,
    estimator: str = "L0",
    method: str | None = None,
    test: str | None = None,
    level: float | None = None,
) -> TrimAndFill:
    """Fill in the studies that are missing from one side of the funnel, and pool them with the others.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.
    side : {"left", "right"}, optional
        Where studies are missing; without it the side on which `regression_test` has fewer small ones.
    estimator : {"L0", "R0", "Q0"}
        Of the number of missing studies.
    method, test, level
        As in `pool`; those not given are those of the `PooledEffect`, or the defaults of `pool`.

    Returns
    -------
    TrimAndFill
        `k0` studies filled in, their `yi` and `vi`, and the `estimate` with its `ci` that all come to; NaN, and `why`,
        for fewer than 3 studies.
        `funnel(fit, filled=...)` draws them. It is a what-if, not a corrected estimate.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For an unknown option, or the result of a model with several effects a trial.

    References
    ----------
    .. [1] Duval S, Tweedie R. Biometrics 56 (2000) 455. doi:10.1111/j.0006-341X.2000.00455.x

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.trim_and_fill([0.9, 0.6, 0.5, 0.3, 0.2], [0.20, 0.10, 0.05, 0.02, 0.02], side="left").k0
    2
    """
    require_choice("side", side, SIDES)
    require_choice("estimator", estimator, ESTIMATORS)
    alone = "the trials that it fills in would have one effect each, where those that there are have several"
    full = pool_first(yi, vi, method, test, level, None, "trim_and_fill", alone)
    if full.k < 3:
        why = f"A funnel needs 3 studies, and there {'is' if full.k == 1 else 'are'} {full.k}."
        return _not_filled(side or "left", why)
    options = {"method": full.method, "test": full.test, "level": full.level}
    return small_study.trim_and_fill(full.yi, full.vi, side=side, estimator=estimator, **options)


def _not_filled(side: str, why: str) -> TrimAndFill:
    nan, none = float("nan"), np.array([])
    return TrimAndFill(
        k0=0, side=side, yi=none, vi=none, estimate=nan, se=nan, ci=(nan, nan), tau2=nan, why=why
    )
