"""Entry points to small-study effects: is the funnel lopsided, and what if it were not?"""

from __future__ import annotations

from numpy.typing import ArrayLike

from pdt_evidence.analysis.robustness.refits import pool_first
from pdt_evidence.errors import known_options, require_choice
from pdt_evidence.models.bias import small_study
from pdt_evidence.models.bias.small_study import RegressionTest, TrimAndFill
from pdt_evidence.results import PooledEffect

__all__ = ["regression_test", "trim_and_fill"]

SIDES = (None, "left", "right")
ESTIMATORS = ("L0", "R0")


@known_options
def regression_test(yi: ArrayLike | PooledEffect, vi: ArrayLike | None = None) -> RegressionTest:
    """Test a funnel for asymmetry: Egger's regression of the effects on their standard errors.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` as `yi`, and no `vi`.

    Returns
    -------
    RegressionTest
        `slope`, `statistic`, `df`, `p`, and `limit`, the effect of a study without sampling error; NaN where
        k < 3 or all variances are equal. `funnel(fit, regression=...)` draws the line.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For the result of a model with several effects a trial.

    References
    ----------
    .. [1] Egger M, Davey Smith G, Schneider M, Minder C. BMJ 315 (1997) 629. doi:10.1136/bmj.315.7109.629

    Examples
    --------
    >>> found = regression_test([0.9, 0.6, 0.5, 0.3], [0.20, 0.10, 0.05, 0.02])
    >>> round(found.slope, 2), found.df
    (1.91, 2)
    """
    full = pool_first(yi, vi, None, None, None, None)
    return small_study.regression_test(full.yi, full.vi)


@known_options
def trim_and_fill(
    yi: ArrayLike | PooledEffect,
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
        Effects and their variances; or a `PooledEffect` as `yi`, and no `vi`.
    side : {"left", "right"}, optional
        Where studies are missing; without it the side on which `regression_test` has fewer small ones.
    estimator : {"L0", "R0"}
        Of the number of missing studies.
    method, test, level
        As in `pool`; those not given are those of the `PooledEffect`, or the defaults of `pool`.

    Returns
    -------
    TrimAndFill
        `k0` studies filled in, their `yi` and `vi`, and the `estimate` with its `ci` that all come to.
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
    >>> trim_and_fill([0.9, 0.6, 0.5, 0.3, 0.2], [0.20, 0.10, 0.05, 0.02, 0.02], side="left").k0
    2
    """
    require_choice("side", side, SIDES)
    require_choice("estimator", estimator, ESTIMATORS)
    full = pool_first(yi, vi, method, test, level, None)
    options = {"method": full.method, "test": full.test, "level": full.level}
    return small_study.trim_and_fill(full.yi, full.vi, side=side, estimator=estimator, **options)
