"""Regression of effects on their precision: PET, PEESE, Egger's test, and averages that need no line.

`weighted_line` is the fixed-weights form with a free residual variance, `random_line` the random-effects form.
The intercept is the effect of a study without sampling error; the slope says how much small studies differ.

References
----------
.. [1] Stanley, Doucouliagos (2014). doi:10.1002/jrsm.1095
.. [2] Pustejovsky, Rodgers (2019). doi:10.1002/jrsm.1332
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models import regression
from pdt_evidence.models.estimators import regression_tau2

__all__ = ["POWER", "Line", "has_spread", "random_line", "unrestricted_average", "weighted_line"]

Floats = NDArray[np.float64]
POWER = 2.8  # 1.96 + 0.84: standard errors that an effect takes to be seen with power 0.8
SAME = 1e-12  # relative spread below which precisions are all one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """yi = intercept + slope * x; arrays of the leading shape (...), `df` NaN where the test is by z.

    NaN throughout where k < 3 or every x is the same.
    """

    intercept: Floats
    intercept_se: Floats
    slope: Floats
    slope_se: Floats
    df: Floats
    tau2: Floats  # 0 for fixed weights


def has_spread(x: Floats) -> NDArray[np.bool_]:
    """Whether the values (..., k) differ by more than rounding, so that a line has a slope."""
    return np.ptp(x, axis=-1) > SAME * np.abs(x).max(axis=-1)


def weighted_line(yi: Floats, vi: Floats, x: Floats) -> Line:
    """Weights 1 / vi and a free residual variance, on k - 2 degrees of freedom.

    Parameters
    ----------
    yi, vi, x : ndarray, shape (..., k)
        Effects, their variances and the measure of precision, such as sqrt(vi) for PET.

    Returns
    -------
    Line
        Standard errors carry the residual variance, however small it is; NaN where the line goes through every
        effect, as nothing is left to judge it by.
    """
    yi, vi, x = np.broadcast_arrays(yi, vi, x)
    k = yi.shape[-1]
    w = 1 / vi
    total = w.sum(-1)
    # Centred on the weighted means, the two coefficients are estimated apart.
    middle, mean = (w * x).sum(-1) / total, (w * yi).sum(-1) / total
    away, y = x - middle[..., None], yi - mean[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.where((k > 2) & has_spread(x), (w * away**2).sum(-1), np.nan)
        slope = (w * away * y).sum(-1) / spread
        fitted = slope[..., None] * away
        scale = (w * (y - fitted) ** 2).sum(-1) / (k - 2)
        scale = np.where(regression.fits_perfectly(yi, mean[..., None] + fitted), np.nan, scale)
    return Line(
        intercept=mean - slope * middle,
        intercept_se=np.sqrt(scale * (1 / total + middle**2 / spread)),
        slope=slope,
        slope_se=np.sqrt(scale / spread),
        df=np.where(np.isnan(slope), np.nan, float(k - 2)),
        tau2=np.zeros_like(slope),
    )


def random_line(yi: Floats, vi: Floats, x: Floats, *, method: str = "REML", test: str = "knha") -> Line:
    """Random-effects meta-regression on x, of one meta-analysis.

    Parameters
    ----------
    yi, vi, x : ndarray, shape (k,)
    method : str
        Estimator of tau2; "REML" is the global maximum of the restricted likelihood.
    test : {"z", "t", "knha"}
        Of the coefficients: the last two by t with k - 2 degrees of freedom.
    """
    k, nan = len(yi), np.array(np.nan)
    if k < 3 or not has_spread(x):
        return Line(intercept=nan, intercept_se=nan, slope=nan, slope_se=nan, df=nan, tau2=nan)
    design = np.column_stack([np.ones(k), x])
    Q, R = regression.basis(design)
    tau2 = regression_tau2(Q[None], yi[None], vi, method)
    found = regression.coefficients(Q[None], R, yi, vi, tau2, test, np.array([False, True]))
    if test == "knha" and regression.fits_perfectly(yi, design @ found.beta[0]):
        found = regression.unknown(found)
    se = np.sqrt(np.diagonal(found.cov[0]))
    return Line(
        intercept=np.array(found.beta[0, 0]),
        intercept_se=np.array(se[0]),
        slope=np.array(found.beta[0, 1]),
        slope_se=np.array(se[1]),
        df=nan if test == "z" else np.array(float(k - 2)),
        tau2=np.array(tau2[0]),
    )


def unrestricted_average(yi: Floats, vi: Floats) -> tuple[float, float, int]:
    """The inverse-variance mean with a free residual variance (UWLS): estimate, se, k - 1.

    NaN for the standard error where k < 2 or no effect differs.
    """
    w = 1 / vi
    mean = (w * yi).sum() / w.sum()
    df = len(yi) - 1
    scale = (w * (yi - mean) ** 2).sum() / df if df and has_spread(yi) else np.nan
    return float(mean), float(np.sqrt(scale / w.sum())), df
