"""From a table of dependent effects to a clustered regression: rows chosen, columns made, covariance built."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.formatting import counted
from pdt_evidence.models.clustered_regression import ClusteredFit, RobustTest, fit_clustered, robust_test
from pdt_evidence.models.distributions import two_sided_quantile

__all__ = ["FEWEST_DF", "Coefficient", "clustered_fit", "coefficient"]

FEWEST_DF = 4.0  # below it a Satterthwaite test is not to be trusted: doi:10.1037/met0000011


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """One coefficient with cluster-robust (CR2) inference; all but the estimate NaN where there is none."""

    estimate: float
    se: float
    df: float  # Satterthwaite
    ci: tuple[float, float]
    p: float

    @property
    def trustworthy(self) -> bool:
        """Whether the degrees of freedom are enough for p and interval to mean what they say."""
        return self.df >= FEWEST_DF

    @property
    def reason(self) -> str:
        """Why it is not: in words for a cell."""
        if math.isnan(self.p):
            return "too few trials bear on it: no interval, no test"
        few = f"{counted(self.df, 'degree of freedom', decimals=1)}: p and interval are rough"
        return "" if self.trustworthy else few


def clustered_fit(table: pd.DataFrame, X: NDArray[np.float64], rho: float) -> ClusteredFit:
    """Correlated-and-hierarchical-effects regression of the rows of `table`, trials being the clusters.

    Parameters
    ----------
    table : DataFrame
        Rows with `yi`, `vi`, `trial_id`; arms that rows share keep their exact covariance.
    X : ndarray, shape (rows, p)
    rho : float
        Correlation between two measurements of the same persons.
    """
    codes = pd.factorize(table["trial_id"])[0].astype(np.intp)
    V = covariance_blocks(table, rho).dense()
    return fit_clustered(table["yi"].to_numpy(dtype=float), X, codes, V)


def coefficient(fit: ClusteredFit, weights: NDArray[np.float64], level: float) -> Coefficient:
    """The combination `weights @ beta` of the coefficients."""
    test: RobustTest = robust_test(fit, weights)
    estimate = float(weights @ fit.beta)
    se = float(np.sqrt(weights @ fit.cov_robust @ weights)) if np.isfinite(test.p) else np.nan
    half = float(two_sided_quantile(level, test.df)) * se
    return Coefficient(estimate=estimate, se=se, df=test.df, ci=(estimate - half, estimate + half), p=test.p)
