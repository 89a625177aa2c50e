"""What a meta-regression gives: its record, predictions, the permutation test, and what is said of its terms."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.analysis.progress import progress_bar
from pdt_evidence.analysis.regression.formulas import new_design, rows_of
from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import TEXT, aligned, counted, note_lines, percent, plain
from pdt_evidence.models.distributions import two_sided_quantile
from pdt_evidence.models.inference import REGRESSION_TESTS, TESTS_BY_CODE, named_test
from pdt_evidence.models.permutation import count_arrangements, permutation_test
from pdt_evidence.options import Whole, check_options
from pdt_evidence.results import Note
from pdt_evidence.showing import Brief, Cells, cells_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MetaRegression",
    "PermutationTest",
    "about_left_out",
    "has_intercept",
    "inflation",
    "moderator_columns",
    "remarks",
    "require_columns",
    "wald_df",
]

NAN = float("nan")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PermutationTest(Brief):
    """p-values of a permutation test: `coefficients` (DataFrame: statistic, p) and all moderators (`QM_p`)."""

    coefficients: pd.DataFrame
    QM_p: float
    n: int  # arrangements, the observed one among them
    exact: bool  # all distinct arrangements were taken
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class MetaRegression(Brief):
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
    QM: float  # all moderators: chi2, or F where the test is by t; NaN where there is none to test
    QM_df: tuple[float, float]  # numerator, denominator (NaN for chi2)
    QM_p: float
    vif: pd.DataFrame  # by moderator: df, vif (generalised), sif = vif ** (1 / (2 df))
    log_likelihood: float
    left_out: pd.DataFrame  # row; row_id, study, outcome, follow_up (those the table has); reason
    notes: tuple[str, ...]
    yi: Array
    vi: Array
    design: Array  # (k, p)
    spec: Any  # formulaic's ModelSpec, by which `predict` reads a new table
    measure: str = "GEN"  # of the effects, where the table says it

    def __repr__(self) -> str:
        rules = f"{self.formula}, {self.method} {self.test}"
        return f"<{type(self).__name__} {rules} k={self.k}: {TEXT.p_value(self.QM_p)}>"

    def predict(self, table: pd.DataFrame | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Mean effect with its interval, and the interval for a new study, for each row of `table`.

        Without a table, for the rows the model was fitted to; a dict of values is one row, of lists several. With
        clusters each row has the degrees of freedom of its own (`df`).

        Raises
        ------
        RequestError
            Where a moderator is missing or has a level that the model has not seen.
        """
        X, index = self._rows(table)
        found = self.at_design(X)
        return found if index is None else found.set_axis(index)

    def at_design(self, X: Array) -> pd.DataFrame:
        """As `predict`, for rows of the design itself, shape (rows, p).

        Raises
        ------
        RequestError
            Where the rows have another number of columns than the model.
        """
        require_columns(X, self.design)
        return fitted_rows(self, X, self.tau2)

    def _rows(self, table: pd.DataFrame | Mapping[str, Any] | None) -> tuple[Array, Any]:
        """The design to predict for and the index of its rows."""
        if table is None:
            return self.design, None
        rows = rows_of(table)
        return new_design(self.spec, rows), rows.index

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

        Raises
        ------
        RequestError
            For fewer than two arrangements or a negative seed.

        References
        ----------
        .. [1] Higgins, Thompson (2004), Statistics in Medicine 23, 1663. doi:10.1002/sim.1752
        """
        check_options(n=(n, Whole(least=2)), seed=(seed, Whole(least=0)))
        tested = moderator_columns(self.design)
        data = (self.design, self.yi, self.vi, self.method, self.test, tested if tested.any() else ~tested)
        with progress_bar("arrangements", count_arrangements(self.design, n)[0], progress) as update:
            found = permutation_test(*data, n, seed, executor, update)
        table = self.coefficients[["estimate", "statistic"]].assign(p=found.p)
        return PermutationTest(coefficients=table, QM_p=found.QM_p, n=found.n, exact=found.exact, seed=seed)

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, one row a term."""
        return self.coefficients.rename_axis("term").reset_index()

    def to_dict(self) -> dict[str, Any]:
        """Every number as plain Python, ready for JSON; NaN becomes None."""
        names = (
            "formula",
            "method",
            "test",
            "level",
            "k",
            "tau2",
            "tau2_se",
            "tau2_ci",
            "I2",
            "H2",
            "R2",
            "QE",
            "QE_df",
            "QE_p",
            "QM",
            "QM_df",
            "QM_p",
            "log_likelihood",
            "notes",
        )
        values = {name: plain(getattr(self, name)) for name in names}
        values["coefficients"] = plain(self.coefficients.to_dict("index"))
        values["vif"] = plain(self.vif.to_dict("index"))
        values["left_out"] = plain(self.left_out.to_dict("records"))
        return values

    def summary(self) -> str:
        """Aligned text: heterogeneity, the test of the moderators, the coefficients."""
        level = f"{percent(self.level)} CI"
        # Of a model with clusters there is no interval of tau2.
        around = "" if np.isnan(self.tau2_ci[0]) else f" ({level} {TEXT.interval(self.tau2_ci)})"
        tau2 = f"tau2 {TEXT.number(self.tau2)}{around}"
        left = f"{tau2}, I2 {TEXT.unitless(self.I2, 1)}%, R2 {TEXT.unitless(self.R2, 1)}%"
        QE = f"Residual heterogeneity: QE(df = {self.QE_df}) = {TEXT.unitless(self.QE)}, {TEXT.p_value(self.QE_p)}"
        kind = "F" if TESTS_BY_CODE[self.test].by_t else "QM"
        df = ", ".join(f"{value:.4g}" for value in self.QM_df if not np.isnan(value))
        QM = f"Moderators: {kind}(df = {df}) = {TEXT.unitless(self.QM)}, {TEXT.p_value(self.QM_p)}"
        if not self.QM_df[0]:
            QM = "Moderators: none to test"
        rows = [("", "estimate", "se", "t" if kind == "F" else "z", "df", "p", level)]
        for term, row in self.coefficients.iterrows():
            numbers = (
                TEXT.number(row.estimate),
                TEXT.number(row.se),
                TEXT.unitless(row.statistic),
                "-" if np.isnan(row.df) else f"{row.df:.3g}",
            )
            rows.append((str(term), *numbers, TEXT.p(row.p), TEXT.interval((row.ci_low, row.ci_high))))
        return "\n".join([self._head(), "", left, QE, QM, "", *aligned(rows, 1), *note_lines(self.notes)])

    def _cells(self) -> Cells:
        shown = {"estimate_ci": ("estimate", "ci_low", "ci_high"), "se": "se", "df": "df", "p": "p"}
        return cells_of(self.coefficients.rename_axis("term").reset_index(), term="term", **shown)


def require_columns(X: Array, design: Array) -> None:
    """Raise `RequestError` unless rows have the columns of a design."""
    if X.ndim != 2 or X.shape[1] != design.shape[1]:
        raise RequestError(
            f"The model has {counted(design.shape[1], 'column')}, but these rows have the shape {X.shape}."
        )


def fitted_rows(fit: Any, X: Array, tau2: Array | float) -> pd.DataFrame:
    """Mean effect at each row of a design, with the intervals of the mean and of a new study of that tau2."""
    import pandas as pd

    fitted = X @ fit.coefficients["estimate"].to_numpy()
    variance = np.einsum("ij,jk,ik->i", X, fit.covariance, X)
    crit = float(two_sided_quantile(fit.level, wald_df(fit.test, fit.k, X.shape[1])))
    half, wide = crit * np.sqrt(variance), crit * np.sqrt(variance + tau2)
    values = {"estimate": fitted, "se": np.sqrt(variance), "ci_low": fitted - half, "ci_high": fitted + half}
    return pd.DataFrame(values | {"pi_low": fitted - wide, "pi_high": fitted + wide})


def wald_df(test: str, k: int, p: int) -> float:
    """Degrees of freedom of a test of coefficients; NaN for the normal distribution."""
    return float(k - p) if named_test(test, REGRESSION_TESTS).by_t else NAN


@np.errstate(invalid="ignore")  # coefficients of a perfect fit vary in nothing: NaN
def inflation(cov: Array, spec: Any, keep: NDArray[np.bool_]) -> pd.DataFrame:
    """Generalised variance inflation of each moderator (Fox, Monette 1992), the intercept apart."""
    import pandas as pd

    rows = {}
    if has_intercept(spec) and keep.any():
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


def moderator_columns(X: Array) -> NDArray[np.bool_]:
    """Which columns of a design are moderators: all but an intercept, whatever it is called."""
    return np.ptp(X, axis=0) > 0


def has_intercept(spec: Any) -> bool:
    return "Intercept" in [str(name) for name in spec.column_names]


def about_left_out(count: int, why: str) -> tuple[Note, ...]:
    """What is said of rows that did not go in."""
    rows = "1 row was" if count == 1 else f"{count} rows were"
    return (Note("rows-left-out", f"{rows} left out, {why} (see left_out)."),) if count else ()


def remarks(k: int, m: int, left_out: int, spec: Any) -> tuple[Note, ...]:
    """What a reader must know of k independent units and m coefficients of moderators."""
    notes = list(about_left_out(left_out, "since a value is missing"))
    alone = [str(factor) for factor, state in spec.factor_contrasts.items() if len(list(state.levels)) == 1]
    if alone:
        notes.append(
            Note(
                "one-level",
                f"All rows that went in have the same {' and the same '.join(alone)}: nothing to compare.",
            )
        )
    if k < 10 * m:
        notes.append(
            Note(
                "few-studies",
                f"{counted(k)} for {counted(m, 'coefficient')} of moderators: fewer than ten for each.",
            )
        )
    return tuple(notes)
