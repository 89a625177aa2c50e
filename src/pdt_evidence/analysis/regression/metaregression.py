"""`metareg`: how effects vary with what is known of their studies; `compare_subgroups`: between groups of them.

The formula names columns of the table ("yi ~ year + C(rating)"). No row goes missing in silence: those
without a moderator are listed in `left_out`, and counted.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from pdt_evidence.analysis.progress import progress_bar
from pdt_evidence.analysis.regression.formulas import check_design, new_design, read_design, warn_of_repeats
from pdt_evidence.errors import RequestError, known_options, require_choice
from pdt_evidence.formatting import aligned, interval, note_lines, number, p_value, plain
from pdt_evidence.models import regression
from pdt_evidence.models.distributions import chi2_quantile, chi2_tail, two_sided_p, two_sided_quantile
from pdt_evidence.models.heterogeneity import H2_from_Q, H2_from_tau2, I2_from_Q, I2_from_tau2
from pdt_evidence.models.permutation import count_arrangements, permutation_test

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MetaRegression", "PermutationTest", "inflation", "metareg", "moderator_columns", "remarks"]

NAN = float("nan")
TESTS = ("z", "t", "knha", "adhoc")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PermutationTest:
    """p-values of a permutation test: `coefficients` (DataFrame: statistic, p) and all moderators (`QM_p`)."""

    coefficients: pd.DataFrame
    QM_p: float
    n: int  # arrangements, the observed one among them
    exact: bool  # all distinct arrangements were taken
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MetaRegression:
    """A meta-regression; intervals at `level`, heterogeneity is what the moderators leave."""

    formula: str
    method: str
    test: str
    level: float
    k: int
    coefficients: pd.DataFrame  # by term: estimate se statistic df p ci_low ci_high
    covariance: Array  # of the coefficients, shape (p, p)
    tau2: float
    tau2_se: float  # from the expected information; NaN unless method is REML or ML
    tau2_ci: tuple[float, float]  # Q-profile
    I2: float  # percent
    H2: float
    R2: float  # percent of tau2 (EE: of Q, adjusted) that the moderators account for; NaN where there is none
    QE: float  # residual heterogeneity
    QE_df: int
    QE_p: float
    QM: float  # all moderators: chi2, or F where the test is by t
    QM_df: tuple[float, float]  # numerator, denominator (NaN for chi2)
    QM_p: float
    vif: pd.DataFrame  # by moderator: df, vif (generalised), sif = vif ** (1 / (2 df))
    log_likelihood: float
    left_out: pd.DataFrame  # row, row_id (where the table has one), reason
    notes: tuple[str, ...]
    yi: Array
    vi: Array
    design: Array  # (k, p)
    spec: Any  # formulaic's ModelSpec, by which `predict` reads a new table

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.formula}, {self.method} {self.test} k={self.k}: p {p_value(self.QM_p)}>"

    def predict(self, table: pd.DataFrame | None = None) -> pd.DataFrame:
        """Mean effect with its interval, and the interval for a new study, for each row of `table`.

        Without a table, for the rows the model was fitted to. Raises `RequestError` where a moderator is
        missing or has a level that the model has not seen.
        """
        import pandas as pd

        X = self._rows(table)
        fitted = X @ self.coefficients["estimate"].to_numpy()
        variance = np.einsum("ij,jk,ik->i", X, self.covariance, X)
        crit = float(two_sided_quantile(self.level, _df(self.test, self.k, X.shape[1])))
        half, wide = crit * np.sqrt(variance), crit * np.sqrt(variance + self.tau2)
        values = {
            "estimate": fitted,
            "se": np.sqrt(variance),
            "ci_low": fitted - half,
            "ci_high": fitted + half,
        }
        values |= {"pi_low": fitted - wide, "pi_high": fitted + wide}
        return pd.DataFrame(values, index=None if table is None else table.index)

    def _rows(self, table: pd.DataFrame | None) -> Array:
        return self.design if table is None else new_design(self.spec, table)

    def _head(self) -> str:
        return f"Mixed-effects model ({self.method}), {self.formula}, k = {self.k}; test: {self.test}"

    def permutation_test(
        self,
        n: int = 1000,
        *,
        seed: int = 0,
        executor: Executor | None = None,
        progress: bool = False,
    ) -> PermutationTest:
        """p-values that rest on no distribution: the moderators change places among the studies.

        Parameters
        ----------
        n : int
            Arrangements; where there are no more distinct ones than that, all are taken (exact).
        seed : int
            The same seed gives the same numbers, with any executor.
        executor : concurrent.futures.Executor, optional
            Threads, processes or ``dask.distributed.Client.get_executor()`` to share the work, up to 32 tasks
            at once; it is left open. An error in a task is raised as it is; an interrupt cancels those that wait.
        progress : bool
            Show a progress bar on stderr.

        References
        ----------
        .. [1] Higgins, Thompson (2004), Statistics in Medicine 23, 1663. doi:10.1002/sim.1752
        """
        if n < 2:
            raise RequestError(f"n = {n}, but a permutation test needs at least 2 arrangements.")
        if seed < 0:
            raise RequestError(f"seed = {seed}, but it has to be 0 or more.")
        data = (self.design, self.yi, self.vi, self.method, self.test, moderator_columns(self.spec))
        with progress_bar("arrangements", count_arrangements(self.design, n)[0], progress) as update:
            found = permutation_test(*data, n, seed, executor, update)
        table = self.coefficients[["estimate", "statistic"]].assign(p=found.p)
        return PermutationTest(coefficients=table, QM_p=found.QM_p, n=found.n, exact=found.exact, seed=seed)

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, one row a term."""
        return self.coefficients.rename_axis("term").reset_index()

    def to_dict(self) -> dict[str, Any]:
        """Every number as plain Python, ready for JSON; NaN becomes None."""
        names = ("formula", "method", "test", "level", "k", "tau2", "tau2_se", "tau2_ci", "I2", "H2", "R2",
                 "QE", "QE_df", "QE_p", "QM", "QM_df", "QM_p", "log_likelihood", "notes")  # fmt: skip
        values = {name: plain(getattr(self, name)) for name in names}
        values["coefficients"] = plain(self.coefficients.to_dict("index"))
        values["vif"] = plain(self.vif.to_dict("index"))
        values["left_out"] = plain(self.left_out.to_dict("records"))
        return values

    def summary(self) -> str:
        """Aligned text: heterogeneity, the test of the moderators, the coefficients."""
        level = f"{100 * self.level:g}% CI"
        tau2 = f"tau2 {number(self.tau2)} ({level} {interval(self.tau2_ci)})"
        left = f"{tau2}, I2 {number(self.I2, 1)}%, R2 {number(self.R2, 1)}%"
        QE = f"Residual heterogeneity: QE(df = {self.QE_df}) = {number(self.QE)}, p {p_value(self.QE_p)}"
        kind = "QM" if np.isnan(self.QM_df[1]) else "F"
        df = ", ".join(f"{value:.4g}" for value in self.QM_df if not np.isnan(value))
        QM = f"Moderators: {kind}(df = {df}) = {number(self.QM)}, p {p_value(self.QM_p)}"
        rows = [("", "estimate", "se", "t" if kind == "F" else "z", "df", "p", level)]
        for term, row in self.coefficients.iterrows():
            numbers = (number(row.estimate), number(row.se), number(row.statistic), f"{row.df:.3g}")
            rows.append((str(term), *numbers, p_value(row.p, bare=True), interval((row.ci_low, row.ci_high))))
        return "\n".join([self._head(), "", left, QE, QM, "", *aligned(rows, 1), *note_lines(self.notes)])

    def _repr_html_(self) -> str:
        return self.coefficients.to_html(float_format=lambda value: f"{value:.4g}", na_rep="")


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
) -> MetaRegression:
    """Regress effects on moderators, with what is left over between the studies as tau2.

    Parameters
    ----------
    formula : str
        In formulaic's grammar, effects on the left: ``"yi ~ year + C(rating)"``; without a left side, `yi`.
    table : DataFrame
        One row a study, with the columns that the formula names; several rows a trial need `cluster`.
    vi : str
        The column of sampling variances.
    method : {"REML", "ML", "DL", "PM", "EB", "HE", "HS", "SJ", "EE"}
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

    Returns
    -------
    MetaRegression
        With `cluster`, one that has `sigma2` (between, within clusters) and `n_clusters` as well.

    Raises
    ------
    EvidenceError
        Where rows have variances that are not above 0; where there are fewer studies than coefficients + 2;
        where columns are determined by others, with their names; where `cluster` meets another `method` or `test`.

    Warns
    -----
    EvidenceWarning
        Where rows are left out, since a value is missing; where `trial_id` repeats and no `cluster` is given.

    References
    ----------
    .. [1] Knapp, Hartung (2003), Statistics in Medicine 22, 2693. doi:10.1002/sim.1482
    .. [2] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"yi": [0.1, 0.2, 0.5, 0.4, 0.8], "vi": 0.02, "year": [1, 2, 3, 4, 5]})
    >>> metareg("yi ~ year", table).coefficients["estimate"].round(3).to_dict()
    {'Intercept': -0.08, 'year': 0.16}
    """
    require_choice("method", method, regression.METHODS)
    require_choice("test", test, TESTS)
    if not 0 < level < 1:
        raise RequestError(f"level = {level!r}, but it needs 0 < level < 1.")
    y, v, X, spec, left_out = data = read_design(formula, table, vi)
    names = [str(name) for name in spec.column_names]
    check_design(X, names)
    if cluster is not None:
        from pdt_evidence.analysis.regression.by_cluster import fit_by_cluster

        require_choice("method (with cluster)", method, ("REML",))
        require_choice("test (with cluster: always CR2)", test, ("knha",))
        return fit_by_cluster(formula, data, table, cluster, rho, level)
    warn_of_repeats(table, left_out)
    return _fit(formula, y, v, X, spec, names, method, test, level, left_out)


def _fit(formula, y, v, X, spec, names, method, test, level, left_out) -> MetaRegression:
    k, p = X.shape
    Q, R = regression.basis(X)
    Q, y1 = Q[None], y[None]
    tau2 = regression.estimate_tau2(Q, y1, v, method)
    tested = moderator_columns(spec)
    found = regression.coefficients(Q, R, y1, v, tau2, test, tested)
    QE = float(regression.residual_Q(Q, y1, v)[0])
    typical = float(regression.typical_variance(Q, v)[0])
    upper, lower = (float(chi2_quantile(side, k - p)) for side in (0.5 + level / 2, 0.5 - level / 2))
    I2, H2 = _share(method, QE, k - p, float(tau2[0]), typical)
    m, df = int(tested.sum()), _df(test, k, p)
    QM = float(found.QM[0]) if m else NAN
    QM_p = NAN if not m else float(chi2_tail(QM, m)) if np.isnan(df) else float(fdtrc(m, df, QM))
    return MetaRegression(
        formula=formula, method=method, test=test, level=level, k=k,
        coefficients=_coefficients(found, names, df, level), covariance=found.cov[0],
        tau2=float(tau2[0]), tau2_se=regression.tau2_se(Q, y1, v, tau2, method),
        tau2_ci=regression.profile_Q(Q, y1, v, (upper, lower)),
        I2=I2, H2=H2,
        R2=_explained(y1, v, float(tau2[0]), QE, method, spec),
        QE=QE, QE_df=k - p, QE_p=float(chi2_tail(QE, k - p)),
        QM=QM, QM_df=(float(m), df), QM_p=QM_p, vif=inflation(found.cov[0], spec),
        log_likelihood=float(regression.log_likelihood(Q, y1, v, tau2, method not in ("ML", "EE"))[0]),
        left_out=left_out, notes=remarks(k, m, len(left_out)), yi=y, vi=v, design=X, spec=spec,
    )  # fmt: skip


def _share(method: str, QE: float, df: int, tau2: float, typical: float) -> tuple[float, float]:
    """I2 (percent) and H2 from tau2; from QE where the model has no tau2 (EE)."""
    if method == "EE":
        return float(I2_from_Q(QE, df)), float(H2_from_Q(QE, df))
    between, within = np.array(tau2), np.array(typical)
    return float(I2_from_tau2(between, within)), float(H2_from_tau2(between, within))


def _df(test: str, k: int, p: int) -> float:
    return NAN if test == "z" else float(k - p)


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
    if not _has_intercept(spec):
        return NAN
    k, p = len(v), len(spec.column_names)
    alone = np.full((1, k, 1), k**-0.5)
    if method == "EE":
        before, left = float(regression.residual_Q(alone, y1, v)[0]) / (k - 1), QE / (k - p)
    else:
        before, left = float(regression.estimate_tau2(alone, y1, v, method)[0]), tau2
    return 100 * max(0.0, (before - left) / before) if before > 0 else NAN


def inflation(cov: Array, spec: Any) -> pd.DataFrame:
    """Generalised variance inflation of each moderator (Fox, Monette 1992), the intercept apart."""
    import pandas as pd

    keep = moderator_columns(spec)
    rows = {}
    if _has_intercept(spec) and keep.any():
        scale = np.sqrt(np.diagonal(cov)[keep])
        corr = cov[keep][:, keep] / np.outer(scale, scale)
        position = np.cumsum(keep) - 1
        for term, columns in spec.term_indices.items():
            own = np.zeros(len(corr), dtype=bool)
            own[[position[i] for i in columns if keep[i]]] = True
            if not own.any():
                continue
            rest = np.linalg.det(corr[~own][:, ~own]) if (~own).any() else 1.0
            vif = float(np.linalg.det(corr[own][:, own]) * rest / np.linalg.det(corr))
            df = int(own.sum())
            rows[str(term)] = {"df": df, "vif": vif, "sif": vif ** (1 / (2 * df))}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["df", "vif", "sif"])


def moderator_columns(spec: Any) -> NDArray[np.bool_]:
    """Which columns are moderators: all but the intercept; the intercept where there is nothing else."""
    names = [str(name) for name in spec.column_names]
    keep = np.array([name != "Intercept" for name in names])
    return keep if keep.any() else ~keep


def _has_intercept(spec: Any) -> bool:
    return "Intercept" in [str(name) for name in spec.column_names]


def remarks(k: int, m: int, left_out: int) -> tuple[str, ...]:
    """What a reader must know of k independent units and m coefficients of moderators."""
    notes = [f"{left_out} rows were left out, since a value is missing (see left_out)."] if left_out else []
    if k < 10 * m:
        notes.append(f"{k} studies for {m} coefficients of moderators: fewer than ten for each.")
    return tuple(notes)
