"""`metareg`: how effects vary with what is known of their studies; `compare_subgroups`: between groups of them.

The formula names columns of the table ("yi ~ year + C(rating)"). No row goes missing in silence: those
without a moderator are listed in `left_out`, and counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from pdt_evidence.analysis.regression.by_cluster import fit_by_cluster
from pdt_evidence.analysis.regression.formulas import (
    check_design,
    measure_of,
    read_design,
    warn_of_counts,
    warn_of_repeats,
    with_effects_of_means,
)
from pdt_evidence.analysis.regression.location_scale import (
    LIKELIHOODS,
    SCALE_TESTS,
    LocationScale,
    fit_location_scale,
)
from pdt_evidence.analysis.regression.result import (
    MetaRegression,
    has_intercept,
    inflation,
    moderator_columns,
    remarks,
    wald_df,
)
from pdt_evidence.arguments import given_columns
from pdt_evidence.errors import RequestError, SchemaError, known_options, require_choice
from pdt_evidence.evidence.schema import missing_column
from pdt_evidence.models import regression
from pdt_evidence.models.distributions import chi2_quantile, chi2_tail, two_sided_p, two_sided_quantile
from pdt_evidence.models.estimators import REGRESSION_METHODS, estimator, regression_tau2, regression_tau2_se
from pdt_evidence.models.heterogeneity import H2_from_Q, H2_from_tau2, I2_from_Q, I2_from_tau2
from pdt_evidence.models.inference import REGRESSION_TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, check_options
from pdt_evidence.results import Note

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["metareg"]

NAN = float("nan")
PERFECT = Note(
    "perfect-fit",
    "The model gives every effect exactly, so the Knapp-Hartung standard errors would be 0: there is nothing to "
    "judge them by, and no interval and no test (test 'adhoc' or 'z' has them).",
)
Array = NDArray[np.float64]


@overload
def metareg(
    formula: str,
    table: pd.DataFrame,
    *,
    vi: str = "vi",
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    cluster: str | None = None,
    rho: float = 0.6,
    scale: None = None,
) -> MetaRegression: ...


@overload
def metareg(
    formula: str,
    table: pd.DataFrame,
    *,
    vi: str = "vi",
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    scale: str,
) -> LocationScale: ...


@known_options
def metareg(
    formula: str,
    table: pd.DataFrame,
    *,
    vi: str = "vi",
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    cluster: str | None = None,
    rho: float = 0.6,
    scale: str | None = None,
) -> MetaRegression | LocationScale:
    """Regress effects on moderators, with what is left over between the studies as tau2.

    Parameters
    ----------
    formula : str
        In formulaic's grammar, effects on the left: ``"yi ~ year + C(rating)"``; without a left side, `yi`.
    table : DataFrame
        One row a study, with the columns that the formula names; several rows a trial need `cluster`. Means of both
        arms (mean_t, sd_t, n_t, ...) serve where it has neither yi nor vi, as Hedges' g.
    vi : str
        The column of sampling variances.
    method : {"REML", "ML", "DL", "PM", "EB", "HE", "HS", "SJ", "DL2", "EE"}
    test : {"knha", "adhoc", "t", "z"}
        Of coefficients and moderators: Knapp-Hartung (`adhoc`: never narrower than Wald's), or Wald's by t
        with k - p degrees of freedom or standard normal.
    level : float
        Of all intervals.
    cluster : str, optional
        The column that names the trial of each row ("trial_id"), where trials have several. The model is then
        that of correlated and hierarchical effects by REML, and inference is cluster-robust (CR2 with
        Satterthwaite degrees of freedom; HTZ for all moderators): `method` and `test` keep their defaults.
    rho : float
        With `cluster`: correlation between two measurements of the same persons. Contrasts that share an arm
        keep their covariance.
    scale : str, optional
        A formula for the spread between studies, "~ control": log tau2 is linear in its columns (location-scale model,
        by REML or ML). `test` is then "z" or "t", which is what the default means there.

    Returns
    -------
    MetaRegression
        With `cluster`, one that has `sigma2` (between, within clusters) and `n_clusters` as well; with `scale` a
        LocationScale, whose `scale` has the coefficients of log tau2.

    Raises
    ------
    EvidenceError
        Where rows have variances that are not above 0; where there are fewer studies than coefficients + 2;
        where columns are determined by others, with their names; where `cluster` meets another `method` or `test`.

    Warns
    -----
    EvidenceWarning
        Where rows are excluded, since a value is missing; where `trial_id` repeats and no `cluster` is given;
        where counts of persons stand beside scores of the same trial and outcome, which a pool leaves out.

    References
    ----------
    .. [1] Knapp, Hartung (2003), Statistics in Medicine 22, 2693. doi:10.1002/sim.1482
    .. [2] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3
    .. [3] Viechtbauer, López-López (2022). doi:10.1002/jrsm.1562

    Examples
    --------
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> table = pd.DataFrame({"yi": [0.1, 0.2, 0.5, 0.4, 0.8], "vi": 0.02, "year": [1, 2, 3, 4, 5]})
    >>> pdt.metareg("yi ~ year", table).coefficients["estimate"].round(3).to_dict()
    {'Intercept': -0.08, 'year': 0.16}
    """
    check_options(
        method=(method, Choice(REGRESSION_METHODS)),
        test=(test, Choice(REGRESSION_TESTS)),
        level=(level, LEVEL),
        rho=(rho, RHO),
    )
    given = given_columns(table)
    if cluster is not None and cluster not in table.columns:
        raise SchemaError(missing_column(cluster, given))
    table = with_effects_of_means(formula, table, vi)
    measure = measure_of(formula, table)
    if scale is not None:
        return replace(
            _with_scale(formula, scale, table, vi, method, test, level, cluster, given), measure=measure
        )
    y, v, X, spec, excluded = data = read_design(formula, table, vi, given)
    names = [str(name) for name in spec.column_names]
    check_design(X, names)
    warn_of_counts(table, excluded)
    if cluster is not None:
        require_choice("method (with cluster)", method, ("REML",))
        require_choice("test (with cluster: always CR2)", test, ("knha",))
        return replace(fit_by_cluster(formula, data, table, cluster, rho, level), measure=measure)
    warn_of_repeats(table, excluded)
    return replace(_fit(formula, y, v, X, spec, names, method, test, level, excluded), measure=measure)


def _with_scale(
    formula: str,
    scale: str,
    table: pd.DataFrame,
    vi: str,
    method: str,
    test: str,
    level: float,
    cluster: str | None,
    given: list[str],
) -> LocationScale:
    """A location-scale model, of rows that are one a trial."""
    if not isinstance(scale, str):
        raise RequestError(f"scale is a formula such as '~ control', found {type(scale).__name__}.")
    if cluster is not None:
        raise RequestError(
            "scale and cluster cannot be had together: make one row a trial (studies() of a pool)."
        )
    require_choice("method (with scale)", method, LIKELIHOODS)
    test = "t" if test == "knha" else test
    require_choice("test (with scale)", test, SCALE_TESTS)
    found = fit_location_scale(formula, scale, table, vi, method, test, level, given)
    warn_of_counts(table, found.left_out)
    warn_of_repeats(table, found.left_out)
    return found


def _fit(formula, y, v, X, spec, names, method, test, level, left_out) -> MetaRegression:
    k, p = X.shape
    Q, R = regression.basis(X)
    Q, y1 = Q[None], y[None]
    tau2 = regression_tau2(Q, y1, v, method)
    tested = moderator_columns(X)
    found = regression.coefficients(Q, R, y1, v, tau2, test, tested if tested.any() else ~tested)
    perfect = test == "knha" and regression.fits_perfectly(y, X @ found.beta[0])
    wald = found.cov[0]
    if perfect:
        found = regression.unknown(found)
    QE = float(regression.residual_Q(Q, y1, v)[0])
    typical = float(regression.typical_variance(Q, v)[0])
    upper, lower = (float(chi2_quantile(side, k - p)) for side in (0.5 + level / 2, 0.5 - level / 2))
    I2, H2 = _share(method, QE, k - p, float(tau2[0]), typical)
    restricted = estimator(method).likelihood == "restricted"
    m, df = int(tested.sum()), wald_df(test, k, p)
    QM = float(found.QM[0]) if m else NAN
    QM_p = NAN if not m else float(chi2_tail(QM, m)) if np.isnan(df) else float(fdtrc(m, df, QM))
    return MetaRegression(
        formula=formula,
        method=method,
        test=test,
        level=level,
        k=k,
        coefficients=_coefficients(found, names, df, level),
        covariance=found.cov[0],
        tau2=float(tau2[0]),
        tau2_se=regression_tau2_se(Q, y1, v, tau2, method),
        tau2_ci=regression.profile_Q(Q, y1, v, (upper, lower)),
        I2=I2,
        H2=H2,
        R2=_explained(y1, v, float(tau2[0]), QE, method, spec),
        QE=QE,
        QE_df=k - p,
        QE_p=float(chi2_tail(QE, k - p)),
        QM=QM,
        QM_df=(float(m), df),
        QM_p=QM_p,
        vif=inflation(wald, spec, tested),
        log_likelihood=float(regression.log_likelihood(Q, y1, v, tau2, restricted)[0]),
        left_out=left_out,
        notes=(*remarks(k, m, len(left_out), spec), *([PERFECT] if perfect else [])),
        yi=y,
        vi=v,
        design=X,
        spec=spec,
    )


def _share(method: str, QE: float, df: int, tau2: float, typical: float) -> tuple[float, float]:
    """I2 (percent) and H2 from tau2; from QE where the model has no tau2 (EE)."""
    if method == "EE":
        return float(I2_from_Q(QE, df)), float(H2_from_Q(QE, df))
    between, within = np.array(tau2), np.array(typical)
    return float(I2_from_tau2(between, within)), float(H2_from_tau2(between, within))


def _coefficients(found: regression.Estimates, names: list[str], df: float, level: float) -> pd.DataFrame:
    import pandas as pd

    beta, se = found.beta[0], np.sqrt(np.diagonal(found.cov[0]))
    half = float(two_sided_quantile(level, df)) * se
    p = two_sided_p(found.statistic[0], np.full(len(beta), df))
    columns = {"estimate": beta, "se": se, "statistic": found.statistic[0], "df": df, "p": p}
    return pd.DataFrame(columns | {"ci_low": beta - half, "ci_high": beta + half}, index=names)


def _explained(y1: Array, v: Array, tau2: float, QE: float, method: str, spec: Any) -> float:
    """R2, percent, not below 0: how much of the tau2 of the mean alone is gone; NaN where that is 0.

    Without tau2 (EE): the adjusted share of Cochran's Q.
    """
    if not has_intercept(spec):
        return NAN
    k, p = len(v), len(spec.column_names)
    alone = np.full((1, k, 1), k**-0.5)
    if method == "EE":
        before, left = float(regression.residual_Q(alone, y1, v)[0]) / (k - 1), QE / (k - p)
    else:
        before, left = float(regression_tau2(alone, y1, v, method)[0]), tau2
    return 100 * max(0.0, (before - left) / before) if before > 0 else NAN
