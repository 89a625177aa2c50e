"""Estimators of tau2, the variance between studies, by the words users know.

Each takes a `Batch` and gives one tau2 for each of its meta-analyses: a thousand strata
cost one call. 0 where the equation's solution is negative, NaN where k < 2.

References
----------
.. [1] DL: Controlled Clinical Trials 7 (1986) 177. doi:10.1016/0197-2456(86)90046-2
.. [2] DL2: Contemporary Clinical Trials 28 (2007) 105. doi:10.1016/j.cct.2006.04.004
.. [3] SJ: J. Royal Statistical Society C 54 (2005) 367. doi:10.1111/j.1467-9876.2005.00489.x
.. [4] PM: J. Research National Bureau of Standards 87 (1982) 377. doi:10.6028/jres.087.022
.. [5] HE, HS, ML, REML, EB compared: J. Educational and Behavioral Statistics 30 (2005) 261.
   doi:10.3102/10769986030003261
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.likelihood import maximise
from pdt_evidence.models.quadratic import solve_Q
from pdt_evidence.models.weights import Batch, Sums, dot, sums, traces

__all__ = ["METHODS", "estimate_tau2", "tau2_standard_error"]

Floats = NDArray[np.float64]


def estimate_tau2(batch: Batch, method: str) -> Floats:
    """tau2, shape (B,), by one of `METHODS`."""
    return METHODS[method](batch)


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


METHODS: dict[str, Callable[[Batch], Floats]] = {
    "EE": _none,
    "DL": _dl,
    "REML": _reml,
    "PM": _pm,
    "ML": _ml,
    "EB": _pm,
    "HE": _he,
    "HS": _hs,
    "SJ": _sj,
    "DL2": _dl2,
}


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


def tau2_standard_error(batch: Batch, method: str, tau2: Floats, at: Sums) -> Floats:
    """Large-sample standard error of tau2, shape (B,); NaN for "EE" and where k < 2.

    `at` are the sums at tau2.

    Likelihood methods use the expected information, "PM" and "EB" the slope of their
    equation; moment methods, whose estimate is linear in a quadratic form y'Py, the
    variance 2 tr(P M P M) of that form under M = V + tau2 I.
    """
    n = batch.n
    if method == "EE":
        return np.full(n.shape, np.nan)
    if method in ("REML", "ML", "PM", "EB"):
        if method == "REML":
            se = np.sqrt(2 / traces(at.w, at.total, batch.apart).PP)
        elif method == "ML":
            se = np.sqrt(2 / dot(at.w, at.w))
        else:
            se = np.sqrt(2 * n * n / (n - 1)) / at.total
    else:
        se = _moment_standard_error(batch, method, tau2)
    return batch.blank(se)


def _moment_standard_error(batch: Batch, method: str, tau2: Floats) -> Floats:
    n, present = batch.n, batch.at0.w > 0
    crude = _squares(batch) / n
    if method in ("DL", "HS"):
        a = batch.at0.w
    elif method == "DL2":
        a = sums(batch.y, batch.v, _dl(batch)).w
    elif method == "SJ":
        a = sums(batch.y, batch.v, crude).w
    else:
        a = present.astype(float)
    total = a.sum(axis=0)
    m = np.where(present, batch.v + tau2, 0.0)
    cross = a * a * m
    off = cross[1:].sum(axis=0)
    off = 2 * cross[0] * off + off * off - (cross[1:] ** 2).sum(axis=0)  # sum over i != j
    spread = np.sqrt(2 * (((a * _others(a, total) * m) ** 2).sum(axis=0) + off / (total * total)))
    if method == "HS":
        return spread / total
    if method == "HE":
        return spread / (n - 1)
    if method == "SJ":
        return spread * crude / (n - 1)
    return spread / traces(a, total).P
