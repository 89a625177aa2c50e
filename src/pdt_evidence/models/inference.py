"""Standard error, statistic, degrees of freedom and interval of the pooled estimate, by test.

z        Wald: the standard error 1 / sqrt(sum(w)), standard normal
t        the same with t on k - 1 degrees of freedom
knha     Knapp-Hartung [1]_ [2]_: the variance times q = Q / (k - 1), t on k - 1
adhoc    as knha with q at least 1, the modification proposed in [2]_
adhoc-ci the wider of the knha and the z interval, with the statistics of that one [3]_

References
----------
.. [1] Hartung, Knapp. Statistics in Medicine 20 (2001) 1771. doi:10.1002/sim.791
.. [2] Knapp, Hartung. Statistics in Medicine 22 (2003) 2693. doi:10.1002/sim.1482
.. [3] Jackson, Law, Rucker, Schwarzer. Statistics in Medicine 36 (2017) 3923. doi:10.1002/sim.7411
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import require_choice
from pdt_evidence.models.distributions import two_sided_quantile
from pdt_evidence.models.weights import Batch, Sums

__all__ = [
    "CLUSTERED",
    "REGRESSION_TESTS",
    "TESTS",
    "TESTS_BY_CODE",
    "Inference",
    "Test",
    "infer",
    "named_test",
]

SAME = 1e-12  # of the mean: effects that differ by less differ by rounding alone
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """What there is to know about one test of the pooled estimate."""

    __test__ = False  # pytest collects what is called Test

    code: str
    name: str  # for readers, as figures print it
    meaning: str  # in a summary, after the code
    source: str  # DOI, or why there is none
    by_t: bool  # t on k - p degrees of freedom; else standard normal
    factor: Callable[[Floats], Floats] | None  # of the variance, from q = Q / (k - p); None: 1
    or_wald: bool = False  # where that is wider, the statistics of "z"
    metafor: tuple[str, ...]  # what its `test` is there; of two the wider interval; () with the reason below
    not_in_metafor: str = ""
    pools: bool = True  # has `pool` it
    regression: bool  # has a regression without clusters it


def _as_it_is(q: Floats) -> Floats:
    return q


def _at_least_1(q: Floats) -> Floats:
    return np.maximum(q, 1.0)


CLUSTERED = "CR2"
TESTS_BY_CODE = {
    record.code: record
    for record in (
        Test(
            code="z",
            name="Wald (normal)",
            meaning="Wald, standard normal",
            source="none: the standard error 1 / sqrt(sum(w)) and the normal distribution",
            by_t=False,
            factor=None,
            metafor=("z",),
            regression=True,
        ),
        Test(
            code="t",
            name="Wald (t, k − 1 df)",
            meaning="Wald, t with k - 1 degrees of freedom",
            source="none: the standard error 1 / sqrt(sum(w)) and the t distribution",
            by_t=True,
            factor=None,
            metafor=("t",),
            regression=True,
        ),
        Test(
            code="knha",
            name="Knapp–Hartung",
            meaning="Knapp-Hartung",
            source="10.1002/sim.791",
            by_t=True,
            factor=_as_it_is,
            metafor=("knha",),
            regression=True,
        ),
        Test(
            code="adhoc",
            name="Knapp–Hartung, never narrower than Wald",
            meaning="Knapp-Hartung, its variance factor at least 1",
            source="10.1002/sim.1482",
            by_t=True,
            factor=_at_least_1,
            metafor=("adhoc",),
            regression=True,
        ),
        Test(
            code="adhoc-ci",
            name="the wider of Knapp–Hartung and Wald",
            meaning="the wider of Knapp-Hartung and Wald",
            source="10.1002/sim.7411",
            by_t=True,
            factor=_as_it_is,
            or_wald=True,
            metafor=("knha", "z"),
            regression=False,  # which of the two would have to be chosen for each coefficient apart
        ),
        Test(
            code=CLUSTERED,
            name="cluster-robust (CR2)",
            meaning="cluster-robust, t with Satterthwaite degrees of freedom",
            source="10.1080/07350015.2016.1247004",
            by_t=True,
            factor=None,
            metafor=(),
            not_in_metafor="clubSandwich has it: conf_int(fit, vcov = 'CR2')",
            pools=False,
            regression=False,
        ),
    )
}
TESTS = tuple(code for code, one in TESTS_BY_CODE.items() if one.pools)
REGRESSION_TESTS = tuple(code for code, one in TESTS_BY_CODE.items() if one.regression)


def named_test(code: str, known: tuple[str, ...] = TESTS) -> Test:
    """The record of a code.

    Raises
    ------
    RequestError
        For one that is not in `known`.
    """
    require_choice("test", code, known)
    return TESTS_BY_CODE[code]


@dataclass(slots=True)
class Inference:
    """Arrays of shape (B,)."""

    se: Floats
    df: Floats  # NaN where the reference is standard normal
    half_width: Floats  # of the interval


def infer(batch: Batch, at: Sums, test: str, level: float) -> Inference:
    """Inference from the sums at the estimated tau2; a single study keeps its own Wald interval.

    NaN by "knha" where all effects are identical.
    """
    rule = named_test(test)
    wald = batch.blank(1 / np.sqrt(at.total), least=1)
    df = batch.blank(batch.n - 1) if rule.by_t else np.nan
    if rule.factor is None:
        return _with_interval(wald, df, level)
    q = at.Q / (batch.n - 1)
    if rule.factor is _as_it_is and not rule.or_wald:
        spread = batch.scale(np.sqrt(at.Q / at.total))
        alike = spread <= SAME * np.abs(batch.locate(at.mean))
        q[alike] = np.nan  # a standard error of 0 would be certainty out of nothing
    q[batch.few] = 1.0
    found = _with_interval(wald * np.sqrt(rule.factor(q)), df, level)
    if not rule.or_wald:
        return found
    other = _with_interval(wald, np.nan, level)
    wider = other.half_width > found.half_width
    pairs = ((found.se, other.se), (found.df, other.df), (found.half_width, other.half_width))
    return Inference(*(np.where(wider, b, a) for a, b in pairs))


def _with_interval(se: Floats, df: Floats | float, level: float) -> Inference:
    return Inference(se, np.broadcast_to(df, se.shape), se * two_sided_quantile(level, df))
