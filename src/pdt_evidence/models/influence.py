"""What each study does to the pooled estimate: case-deletion diagnostics, all k deletions at once.

The formulas are those of [1]_ for a model without moderators. A deletion leaves one study
fewer than the full fit has, so NaN marks what the remaining studies cannot tell.

References
----------
.. [1] Viechtbauer, Cheung. Research Synthesis Methods 1 (2010) 112. doi:10.1002/jrsm.11
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.distributions import chi2_tail
from pdt_evidence.models.pool import Options, PooledArrays, fit
from pdt_evidence.showing import Brief

__all__ = ["Diagnostics", "delete_each", "diagnose"]

Floats = NDArray[np.float64]
ROUNDING = 100 * np.finfo(float).eps  # differences this small, relative to the effects, are none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Diagnostics(Brief):
    """One value a study; every array of shape (k,)."""

    rstudent: Floats  # externally standardised residual
    dffits: Floats  # change of the estimate in its standard errors under the deleted tau2
    cook_d: Floats  # squared change of the estimate over its variance
    cov_r: Floats  # variance of the estimate without the study over that with it
    tau2_del: Floats
    Q_del: Floats
    hat: Floats  # leverage: the share of the weight
    dfbetas: Floats  # change of the estimate in standard errors, the study's weight put back
    influential: NDArray[np.bool_]


def delete_each(yi: Floats, vi: Floats, options: Options) -> PooledArrays:
    """The k fits that each leave one study out, for yi and vi of shape (k,), as one batch."""
    excluded = np.eye(yi.size, dtype=bool)
    return fit(np.where(excluded, np.nan, yi), np.tile(vi, (yi.size, 1)), options)


def diagnose(full: PooledArrays, deleted: PooledArrays) -> Diagnostics:
    """Compare the fit of all studies, scalars of shape (), with `delete_each`.

    A study is flagged if |dffits| > 3 sqrt(1 / (k - 1)), the lower tail of chi-squared
    with 1 degree of freedom at cook_d is above 1/2, hat > 3 / k or |dfbetas| > 1.
    """
    yi, vi, k = full.yi, full.vi, full.yi.size
    tau2 = np.zeros(k) if full.method == "EE" else deleted.tau2
    w = 1 / (vi + full.tau2)
    hat = w / w.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        # What the test multiplies the Wald variance with; 1 for "z" and "t".
        weights = 1 / (vi + tau2[:, None])
        factor = deleted.se**2 * weights.sum(axis=1, where=~np.eye(k, dtype=bool))
        least = ROUNDING * np.abs(yi).max()
        change = _cleared(full.estimate - deleted.estimate, least)
        resid = _cleared(yi - deleted.estimate, least)
        dffits = change / np.sqrt(factor * hat * (vi + tau2))
        dfbetas = change / np.sqrt(factor / weights.sum(axis=1))
        cook_d = (change / full.se) ** 2
        far = (np.abs(dffits) > 3 * np.sqrt(1 / (k - 1))) | (np.abs(dfbetas) > 1)
        return Diagnostics(
            rstudent=resid / np.sqrt(factor * (vi + tau2) + deleted.se**2),
            dffits=dffits,
            cook_d=cook_d,
            cov_r=(deleted.se / full.se) ** 2,
            tau2_del=tau2,
            Q_del=deleted.Q,
            hat=hat,
            dfbetas=dfbetas,
            influential=far | (chi2_tail(cook_d, 1) < 0.5) | (hat > 3 / k),
        )


def _cleared(difference: Floats, least: float) -> Floats:
    return np.where(np.abs(difference) < least, 0.0, difference)
