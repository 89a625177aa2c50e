"""The estimators of tau2, the variance between studies: one record each, which everything else reads.

What a user may choose, the names in figures, help and exports, and which ones a regression has all derive
from `ESTIMATORS`. A new one is its functions and a record in this file, and its reference in tests/reference.

`tau2` takes a `Batch` and gives one value for each of its meta-analyses: a thousand strata cost one call.
0 where the equation's solution is negative, NaN where k < 2.

References
----------
.. [1] DerSimonian, Laird. Controlled Clinical Trials 7 (1986) 177. doi:10.1016/0197-2456(86)90046-2
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import require_choice
from pdt_evidence.models import regression
from pdt_evidence.models.likelihood import maximise
from pdt_evidence.models.quadratic import solve_Q
from pdt_evidence.models.weights import Batch, Sums, dot, sums, traces

__all__ = [
    "ESTIMATORS",
    "METHODS",
    "REGRESSION_METHODS",
    "Estimator",
    "estimate_tau2",
    "estimator",
    "regression_tau2",
    "regression_tau2_se",
    "tau2_standard_error",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """What there is to know about one estimator of tau2."""

    code: str
    name: str  # for readers, as it stands inside a sentence
    source: str  # DOI; for "EE" why there is none
    tau2: Callable[[Batch], Floats]
    # The large-sample standard error of tau2 from batch, tau2 and the sums at tau2; None: nothing is estimated.
    tau2_se: Callable[[Batch, Floats, Sums], Floats] | None
    metafor: (
        str  # arguments of metafor's `rma` on a data frame `rows`; "" with the reason in `not_in_metafor`
    )
    not_in_metafor: str = ""
    # tau2 of a regression from bases, effects and variances; None: a regression does not have it.
    regression: Callable[[Floats, Floats, Floats], Floats] | None
    regression_se: Callable[[Floats, Floats, Floats, Floats], float] | None = None  # None: NaN
    likelihood: Literal["restricted", "full"] = "restricted"  # the one that is reported with it
    maximises_it: bool = False  # only then has tau2 a profile-likelihood interval


def estimator(code: str) -> Estimator:
    """The record of a code.

    Raises
    ------
    RequestError
        For an unknown code, with the known ones.
    """
    require_choice("method", code, METHODS)
    return ESTIMATORS[code]


def estimate_tau2(batch: Batch, method: str) -> Floats:
    """tau2, shape (B,), by one of `METHODS`."""
    return estimator(method).tau2(batch)


def tau2_standard_error(batch: Batch, method: str, tau2: Floats, at: Sums) -> Floats:
    """Large-sample standard error of tau2, shape (B,); NaN for "EE" and where k < 2.

    `at` are the sums at tau2.

    Likelihood methods use the expected information, "PM" and "EB" the slope of their
    equation; moment methods, whose estimate is linear in a quadratic form y'Py, the
    variance 2 tr(P M P M) of that form under M = V + tau2 I.
    """
    se = estimator(method).tau2_se
    return np.full(batch.n.shape, np.nan) if se is None else batch.blank(se(batch, tau2, at))


def regression_tau2(Q: Floats, y: Floats, vi: Floats, method: str) -> Floats:
    """tau2 of each design of a regression, by one of `REGRESSION_METHODS`.

    Parameters
    ----------
    Q : ndarray, shape (b, k, p) or (1, k, p)
        Orthonormal bases.
    y : ndarray, shape (b, k) or (1, k)
    vi : ndarray, shape (k,)

    Returns
    -------
    ndarray, shape (b,)
        Exactly 0 at the boundary.
    """
    require_choice("method", method, REGRESSION_METHODS)
    rule = ESTIMATORS[method].regression
    assert rule is not None  # by REGRESSION_METHODS
    b = max(len(Q), len(y))
    return rule(np.broadcast_to(Q, (b, *Q.shape[1:])), np.broadcast_to(y, (b, y.shape[1])), vi)


def regression_tau2_se(Q: Floats, y: Floats, vi: Floats, tau2: Floats, method: str) -> float:
    """Standard error of tau2 of the first design by the expected information; NaN unless REML or ML."""
    require_choice("method", method, REGRESSION_METHODS)
    se = ESTIMATORS[method].regression_se
    return np.nan if se is None else se(Q, y, vi, tau2)


def _none(batch: Batch) -> Floats:
    return batch.blank(np.zeros(batch.n.size))


def _dl(batch: Batch) -> Floats:
    """Moment estimate from Q at tau2 = 0."""
    return _from_moment(batch, (batch.at0.Q - (batch.n - 1)) / batch.trace0)


def _dl2(batch: Batch) -> Floats:
    """The moment estimate again, with the weights that the first one gives."""
    first = sums(batch.y, batch.v, _dl(batch))
    moment = (first.Q - _trace_PV(first.w, first.total, batch.v)) / traces(first.w, first.total).P
    return _from_moment(batch, moment)


def _pm(batch: Batch) -> Floats:
    """Where Q equals its expectation k - 1; "EB" solves the same equation, iterating otherwise."""
    return solve_Q(batch.y, batch.v, batch.blank(batch.n - 1), start=_dl(batch))


def _reml(batch: Batch) -> Floats:
    return maximise(batch, restricted=True)


def _ml(batch: Batch) -> Floats:
    return maximise(batch, restricted=False)


def _he(batch: Batch) -> Floats:
    """Sample variance less the mean sampling variance."""
    present = batch.at0.w > 0
    mean_v = np.where(present, batch.v, 0.0).sum(axis=0) / batch.n
    return _from_moment(batch, _squares(batch) / (batch.n - 1) - mean_v)


def _hs(batch: Batch) -> Floats:
    return _from_moment(batch, (batch.at0.Q - batch.n) / batch.at0.total)


def _sj(batch: Batch) -> Floats:
    """From the crude variance of the effects; positive unless the effects are identical."""
    crude = _squares(batch) / batch.n
    tau2 = crude * sums(batch.y, batch.v, crude).Q / (batch.n - 1)
    return batch.blank(tau2)


def _from_moment(batch: Batch, moment: Floats) -> Floats:
    # n decides, not the moment: for one study its denominator is 0 only up to rounding.
    return batch.blank(np.maximum(moment, 0.0))


def _squares(batch: Batch) -> Floats:
    present = batch.at0.w > 0
    rest = np.where(present, batch.y - batch.y.sum(axis=0) / batch.n, 0.0)
    return dot(rest, rest)


def _trace_PV(a: Floats, total: Floats, v: Floats) -> Floats:
    """Trace of P V, P the weight matrix A - A 1 1' A / sum(a)."""
    return dot(a * _others(a, total), np.where(a > 0, v, 0.0))


def _others(a: Floats, total: Floats) -> Floats:
    """1 - a / sum(a), shape (k, B), exact also for row 0, which may outweigh the rest."""
    share = 1 - a / total
    share[0] = a[1:].sum(axis=0) / total
    return share


def _reml_se(batch: Batch, _tau2: Floats, at: Sums) -> Floats:
    return np.sqrt(2 / traces(at.w, at.total, batch.apart).PP)


def _ml_se(_batch: Batch, _tau2: Floats, at: Sums) -> Floats:
    return np.sqrt(2 / dot(at.w, at.w))


def _pm_se(batch: Batch, _tau2: Floats, at: Sums) -> Floats:
    n = batch.n
    return np.sqrt(2 * n * n / (n - 1)) / at.total


def _dl_se(batch: Batch, tau2: Floats, _at: Sums) -> Floats:
    a = batch.at0.w
    total = a.sum(axis=0)
    return _spread(batch, a, total, tau2) / traces(a, total).P


def _dl2_se(batch: Batch, tau2: Floats, _at: Sums) -> Floats:
    a = sums(batch.y, batch.v, _dl(batch)).w
    total = a.sum(axis=0)
    return _spread(batch, a, total, tau2) / traces(a, total).P


def _he_se(batch: Batch, tau2: Floats, _at: Sums) -> Floats:
    a = (batch.at0.w > 0).astype(float)
    return _spread(batch, a, a.sum(axis=0), tau2) / (batch.n - 1)


def _hs_se(batch: Batch, tau2: Floats, _at: Sums) -> Floats:
    a = batch.at0.w
    total = a.sum(axis=0)
    return _spread(batch, a, total, tau2) / total


def _sj_se(batch: Batch, tau2: Floats, _at: Sums) -> Floats:
    crude = _squares(batch) / batch.n
    a = sums(batch.y, batch.v, crude).w
    return _spread(batch, a, a.sum(axis=0), tau2) * crude / (batch.n - 1)


def _spread(batch: Batch, a: Floats, total: Floats, tau2: Floats) -> Floats:
    """Standard deviation of the quadratic form y'Py with weights `a`, which sum to `total`."""
    m = np.where(batch.at0.w > 0, batch.v + tau2, 0.0)
    cross = a * a * m
    off = cross[1:].sum(axis=0)
    off = 2 * cross[0] * off + off * off - (cross[1:] ** 2).sum(axis=0)  # sum over i != j
    return np.sqrt(2 * (((a * _others(a, total) * m) ** 2).sum(axis=0) + off / (total * total)))


COMPARED = "10.3102/10769986030003261"  # the estimators that Viechtbauer (2005) compares
TWO_STEPS = (  # metafor has the general moment estimator, whose weights are those of the first step here
    'method = "DL", tau2 = rma(yi, vi, data = rows, method = "GENQ", '
    'weights = 1 / (vi + rma(yi, vi, data = rows, method = "DL")$tau2))$tau2'
)

ESTIMATORS = {
    record.code: record
    for record in (
        Estimator(
            code="EE",
            name="equal-effects model",
            source="none: one true effect is assumed, and tau2 is 0",
            tau2=_none,
            tau2_se=None,
            metafor='method = "EE"',
            regression=regression.tau2_none,
            likelihood="full",
        ),
        Estimator(
            code="DL",
            name="DerSimonian–Laird",
            source="10.1016/0197-2456(86)90046-2",
            tau2=_dl,
            tau2_se=_dl_se,
            metafor='method = "DL"',
            regression=regression.tau2_dl,
        ),
        Estimator(
            code="REML",
            name="restricted maximum likelihood",
            source=COMPARED,
            tau2=_reml,
            tau2_se=_reml_se,
            metafor='method = "REML"',
            regression=regression.tau2_reml,
            regression_se=regression.tau2_se_reml,
            maximises_it=True,
        ),
        Estimator(
            code="PM",
            name="Paule–Mandel",
            source="10.6028/jres.087.022",
            tau2=_pm,
            tau2_se=_pm_se,
            metafor='method = "PM"',
            regression=regression.tau2_pm,
        ),
        Estimator(
            code="ML",
            name="maximum likelihood",
            source=COMPARED,
            tau2=_ml,
            tau2_se=_ml_se,
            metafor='method = "ML"',
            regression=regression.tau2_ml,
            regression_se=regression.tau2_se_ml,
            likelihood="full",
            maximises_it=True,
        ),
        Estimator(
            code="EB",
            name="empirical Bayes",
            source=COMPARED,
            tau2=_pm,
            tau2_se=_pm_se,
            metafor='method = "EB"',
            regression=regression.tau2_pm,
        ),
        Estimator(
            code="HE",
            name="Hedges",
            source=COMPARED,
            tau2=_he,
            tau2_se=_he_se,
            metafor='method = "HE"',
            regression=regression.tau2_he,
        ),
        Estimator(
            code="HS",
            name="Hunter–Schmidt",
            source=COMPARED,
            tau2=_hs,
            tau2_se=_hs_se,
            metafor='method = "HS"',
            regression=regression.tau2_hs,
        ),
        Estimator(
            code="SJ",
            name="Sidik–Jonkman",
            source="10.1111/j.1467-9876.2005.00489.x",
            tau2=_sj,
            tau2_se=_sj_se,
            metafor='method = "SJ"',
            regression=regression.tau2_sj,
        ),
        Estimator(
            code="DL2",
            name="two-step DerSimonian–Laird",
            source="10.1016/j.cct.2006.04.004",
            tau2=_dl2,
            tau2_se=_dl2_se,
            metafor=TWO_STEPS,
            regression=regression.tau2_dl2,
        ),
    )
}
METHODS = tuple(ESTIMATORS)
REGRESSION_METHODS = tuple(code for code, one in ESTIMATORS.items() if one.regression is not None)
