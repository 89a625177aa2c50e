"""Meta-regression of several rows a trial: `metareg(..., cluster=...)`.

The working model is correlated and hierarchical effects (CHE); standard errors, degrees of freedom and the
test of all moderators are cluster-robust (CR2, Satterthwaite, HTZ), as in `models.clustered_regression`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.checks import require_workable
from pdt_evidence.analysis.regression.clustered import FEWEST_DF, Coefficient, coefficient
from pdt_evidence.analysis.regression.result import (
    MetaRegression,
    PermutationTest,
    inflation,
    moderator_columns,
    remarks,
    require_columns,
)
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.formatting import counted
from pdt_evidence.models.clustered_regression import ClusteredFit, RobustTest, fit_clustered, robust_test
from pdt_evidence.models.distributions import chi2_tail, two_sided_quantile
from pdt_evidence.models.heterogeneity import H2_from_tau2, I2_from_tau2
from pdt_evidence.results import Note

__all__ = ["ClusteredMetaRegression", "fit_by_cluster"]

NAN = float("nan")
FEWEST_CLUSTERS = 3
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)  # the repr is MetaRegression's
class ClusteredMetaRegression(MetaRegression):
    """A `MetaRegression` of rows in clusters, with robust inference; `tau2` is the sum of `sigma2`."""

    cluster: str  # the column that names the clusters
    n_clusters: int
    rho: float  # correlation between two measurements of the same persons
    sigma2: tuple[float, float]  # between clusters, within clusters
    working: ClusteredFit

    def at_design(self, X: Array) -> pd.DataFrame:
        """As `predict`, for rows of the design itself, shape (rows, p).

        Raises
        ------
        RequestError
            Where the rows have another number of columns than the model.
        """
        require_columns(X, self.design)
        numbers = _numbers([coefficient(self.working, x, self.level) for x in X])
        crit = two_sided_quantile(self.level, numbers["df"].to_numpy())
        wide = crit * np.sqrt(numbers["se"] ** 2 + self.tau2)
        numbers["pi_low"], numbers["pi_high"] = numbers["estimate"] - wide, numbers["estimate"] + wide
        return numbers[["estimate", "se", "df", "ci_low", "ci_high", "pi_low", "pi_high"]]

    def permutation_test(self, *_: Any, **__: Any) -> PermutationTest:
        """Refused: rows of one trial do not change places with rows of others.

        Raises
        ------
        RequestError
            Always.
        """
        raise RequestError(
            "Rows in clusters cannot be permuted one by one. The robust test needs no permutation."
        )

    def _head(self) -> str:
        rows = f"k = {counted(self.k, 'row')} in {counted(self.n_clusters, 'cluster')} ({self.cluster})"
        return f"Correlated and hierarchical effects (REML, rho = {self.rho:g}), {self.formula}, {rows}; test: CR2"


def fit_by_cluster(
    formula: str,
    data: tuple[Array, Array, Array, Any, pd.DataFrame],
    table: pd.DataFrame,
    cluster: str,
    rho: float,
    level: float,
) -> ClusteredMetaRegression:
    """The regression of what `read_design` gave as `data`, the rows of `table` being in clusters."""
    y, v, X, spec, excluded = data
    require_workable(y, v, "metareg() by cluster")
    rows = table.reset_index(drop=True).drop(index=excluded["row"].tolist()).reset_index(drop=True)
    codes = _codes(rows, cluster, X.shape[1])
    V = covariance_blocks(rows.assign(yi=y, vi=v), rho, cluster=cluster).dense()
    fit = fit_clustered(y, X, codes, V)
    names = [str(name) for name in spec.column_names]
    tested = moderator_columns(X)
    test = robust_test(fit, np.eye(len(names))[tested]) if tested.any() else RobustTest(NAN, 0, NAN, NAN)
    QE, typical = _residual(y, X, V)
    tau2, n_clusters = sum(fit.sigma2), int(codes.max()) + 1
    k, p = X.shape
    coefficients = _numbers([coefficient(fit, one, level) for one in np.eye(p)]).set_axis(names)
    constant = 0.5 * (np.linalg.slogdet(X.T @ X)[1] - (k - p) * np.log(2 * np.pi))
    return ClusteredMetaRegression(
        formula=formula,
        method="REML",
        test="CR2",
        level=level,
        k=k,
        coefficients=coefficients,
        covariance=_covariance(fit, coefficients),
        tau2=tau2,
        tau2_se=NAN,
        tau2_ci=(NAN, NAN),
        I2=float(I2_from_tau2(np.array(tau2), np.array(typical))),
        H2=float(H2_from_tau2(np.array(tau2), np.array(typical))),
        R2=_explained(y, codes, V, tau2) if "Intercept" in names else NAN,
        QE=QE,
        QE_df=k - p,
        QE_p=float(chi2_tail(QE, k - p)),
        QM=test.F,
        QM_df=(float(test.q), test.df),
        QM_p=test.p,
        vif=inflation(fit.cov_model, spec, tested),
        log_likelihood=fit.log_likelihood + constant,
        left_out=excluded,
        notes=(
            *remarks(n_clusters, test.q, len(excluded), spec),
            *_rough(coefficients, test),
            *_without(coefficients, test),
        ),
        yi=y,
        vi=v,
        design=X,
        spec=spec,
        cluster=cluster,
        n_clusters=n_clusters,
        rho=rho,
        sigma2=fit.sigma2,
        working=fit,
    )


def _codes(rows: pd.DataFrame, cluster: str, p: int) -> NDArray[np.intp]:
    blank = rows[cluster].isna() | rows[cluster].astype(str).str.strip().eq("")
    if blank.any():
        at = ", ".join(map(str, rows.index[blank]))
        raise EvidenceError(
            f"Column {cluster!r} names no cluster in the rows {at} of those complete. Fill it in."
        )
    codes = pd.factorize(rows[cluster])[0].astype(np.intp)
    count, least = int(codes.max()) + 1, max(FEWEST_CLUSTERS, p + 1)
    if count < least:
        raise EvidenceError(
            f"{counted(count, 'cluster')} in {cluster!r} cannot carry {counted(p, 'coefficient')} "
            "with robust inference: "
            f"at least {least} are needed."
        )
    return codes


def _numbers(found: list[Coefficient]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "estimate": [one.estimate for one in found],
            "se": [one.se for one in found],
            "statistic": [one.estimate / one.se if one.se > 0 else NAN for one in found],
            "df": [one.df for one in found],
            "p": [one.p for one in found],
            "ci_low": [one.ci[0] for one in found],
            "ci_high": [one.ci[1] for one in found],
        }
    )


def _residual(y: Array, X: Array, V: Array) -> tuple[float, float]:
    """QE and the typical sampling variance (k - p) / tr(P), both without random effects."""
    W = np.linalg.inv(V)
    P = W - W @ X @ np.linalg.solve(X.T @ W @ X, X.T @ W)
    return float(max(y @ P @ y, 0.0)), float((len(y) - X.shape[1]) / np.trace(P))


def _explained(y: Array, codes: NDArray[np.intp], V: Array, tau2: float) -> float:
    """R2 as in `metareg`, of the two variances together."""
    before = sum(fit_clustered(y, np.ones((len(y), 1)), codes, V).sigma2)
    return 100 * max(0.0, (before - tau2) / before) if before > 0 else NAN


def _covariance(fit: ClusteredFit, coefficients: pd.DataFrame) -> Array:
    """The robust covariance, NaN for coefficients that have no robust inference."""
    known = coefficients["se"].notna().to_numpy()
    return np.where(known[:, None] & known, fit.cov_robust, NAN)


ALL = "the test of all moderators"


def _rough(coefficients: pd.DataFrame, test: RobustTest) -> list[Note]:
    low = [str(name) for name, value in coefficients["df"].items() if value < FEWEST_DF]
    low += [ALL] if test.df < FEWEST_DF else []
    below = f"Robust inference has fewer than {FEWEST_DF:g} degrees of freedom"
    return (
        [Note("few-degrees-of-freedom", f"{below} for {', '.join(low)}: p may be too small.")] if low else []
    )


def _without(coefficients: pd.DataFrame, test: RobustTest) -> list[Note]:
    none = [str(name) for name, value in coefficients["p"].items() if np.isnan(value)]
    none += [ALL] if test.q and np.isnan(test.p) else []
    why = "the rows of too few clusters bear on it, or they differ in nothing"
    return [Note("no-robust-inference", f"No robust inference for {', '.join(none)}: {why}.")] if none else []
