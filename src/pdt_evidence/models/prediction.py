"""Where the true effect of a new study may lie; four rules that all go by one name elsewhere.

HTS-t(k-2)  estimate +/- t sqrt(tau2 + se**2), t on k - 2 degrees of freedom [1]_
HTS-t(k-1)  the same on k - 1
metafor     the quantile of the test: normal for "z", else t on k - 1
bootstrap   parametric bootstrap from the confidence distribution of tau2 [2]_, of its own
            moment estimate and Hartung-Knapp variance whatever method and test are

References
----------
.. [1] Higgins, Thompson, Spiegelhalter. J. Royal Statistical Society A 172 (2009) 137.
   doi:10.1111/j.1467-985X.2008.00552.x
.. [2] Nagashima, Noma, Furukawa. Statistical Methods in Medical Research 28 (2019) 1689.
   doi:10.1177/0962280218773520
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from pdt_evidence.errors import RequestError, require_choice
from pdt_evidence.models.distributions import quadratic_form_cdf, two_sided_quantile
from pdt_evidence.models.quadratic import quadratic_form_law
from pdt_evidence.models.weights import Batch, sums

__all__ = ["PI_RULES", "PI_RULES_BY_CODE", "PredictionRule", "bootstrap_interval", "prediction_half_width"]

Floats = NDArray[np.float64]
TABLE = 600  # points of a table of tau2, over some 15 decades
LEAST_CDF = 1e-9  # values below are rounding
HIGGINS, NAGASHIMA = "10.1111/j.1467-985X.2008.00552.x", "10.1177/0962280218773520"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRule:
    """What there is to know about one rule of the prediction interval."""

    code: str
    name: str  # for readers, as figures print it
    source: str  # DOI, or why there is none
    df: Callable[[Floats, Floats], Floats] | None  # from k and the df of the test; None: not by a quantile


def _k_less_2(k: Floats, _df: Floats) -> Floats:
    return k - 2.0


def _k_less_1(k: Floats, _df: Floats) -> Floats:
    return k - 1.0


def _of_the_test(_k: Floats, df: Floats) -> Floats:
    return df


PI_RULES_BY_CODE = {
    record.code: record
    for record in (
        PredictionRule(
            code="HTS-t(k-2)",
            name="Higgins–Thompson–Spiegelhalter, t with k − 2 df",
            source=HIGGINS,
            df=_k_less_2,
        ),
        PredictionRule(
            code="HTS-t(k-1)",
            name="Higgins–Thompson–Spiegelhalter, t with k − 1 df",
            source=HIGGINS,
            df=_k_less_1,
        ),
        PredictionRule(
            code="metafor",
            name="metafor",
            source="none: the default of metafor's predict()",
            df=_of_the_test,
        ),
        PredictionRule(
            code="bootstrap",
            name="bootstrap",
            source=NAGASHIMA,
            df=None,
        ),
    )
}
PI_RULES = tuple(PI_RULES_BY_CODE)


def prediction_half_width(rule: str, n: Floats, tau2: Floats, se: Floats, df: Floats, level: float) -> Floats:
    """Half-width of the interval around the estimate, for every rule but "bootstrap".

    Parameters
    ----------
    n, tau2, se, df : ndarray, shape (B,)
        Studies; tau2, NaN where k < 2; standard error and degrees of freedom of the estimate's test.

    Returns
    -------
    ndarray, shape (B,)
        NaN where there are too few studies for the rule: k < 3 for k - 2, else k < 2.
    """
    require_choice("pi_rule", rule, PI_RULES)
    quantile_df = PI_RULES_BY_CODE[rule].df
    if quantile_df is None:
        raise RequestError(f"pi_rule = {rule!r} has no half-width: its interval is not by a quantile.")
    return two_sided_quantile(level, quantile_df(n, df)) * np.sqrt(tau2 + se * se)


def bootstrap_interval(batch: Batch, level: float, draws: int, seed: int | None) -> Floats:
    """Interval of rule "bootstrap", shape (2, B), in the batch's units; NaN where k < 2.

    tau2 is drawn from its confidence distribution, the exact law of Q read as a function of
    tau2; the mean from t around the estimate at that tau2; the new effect from a normal
    around that mean. Every meta-analysis gets the same random numbers, so that its interval
    does not depend on the company it is computed in.

    Parameters
    ----------
    draws, seed : int
        How many; without a seed they differ from call to call.
    """
    rng = np.random.default_rng(seed)
    uniform, new, tail = rng.random(draws), rng.standard_normal(draws), rng.random(draws)
    bounds = np.full((2, batch.n.size), np.nan)
    tau2 = _draw_tau2(batch, uniform)
    for i in np.flatnonzero(batch.n > 1):  # one set of draws fills the cache: nothing to gain in batches
        y, v = batch.y[:, i, None], batch.v[:, i, None]
        at = sums(y, v, tau2[i])
        df = batch.n[i] - 1
        spread = np.sqrt(at.Q / df / at.total)
        effect = at.mean - stdtrit(df, tail) * spread + new * np.sqrt(tau2[i])
        bounds[:, i] = np.quantile(effect, [(1 - level) / 2, (1 + level) / 2])
    return bounds


def _draw_tau2(batch: Batch, uniform: Floats) -> Floats:
    """tau2, shape (B, draws), where P(Q <= observed; tau2) is `uniform`; 0 where it is less at 0.

    The distribution function is inverted on a table, log against log, in which its tail is a
    straight line; the error is far below that of the draws.
    """
    Q, law = quadratic_form_law(batch.y, batch.v, batch.at0.w, inverse_variance=True)
    largest = np.where(np.isinf(batch.v), 0.0, batch.v).max(axis=0)
    grid = np.geomspace(1e-4 * batch.v.min(axis=0), 1e10 * largest * (1 + Q), TABLE)
    cdf = quadratic_form_cdf(Q, law(grid))
    at_zero = quadratic_form_cdf(Q, law(np.zeros_like(Q)))
    drawn = np.zeros((Q.size, uniform.size))
    for i in np.flatnonzero(batch.n > 1):
        sure = cdf[:, i] > LEAST_CDF
        fall, rise = np.log(cdf[sure, i]), np.log(grid[sure, i])
        value = np.exp(np.interp(np.log(uniform), fall[::-1], rise[::-1]))
        drawn[i] = np.where(uniform < at_zero[i], value, 0.0)
    return drawn
