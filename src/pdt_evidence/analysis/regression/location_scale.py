"""Location-scale meta-regression: what the mean effect depends on, and what its spread between studies does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from pdt_evidence.analysis.regression.formulas import check_design, new_design, read_design, rows_of
from pdt_evidence.analysis.regression.result import (
    fitted_rows,
    moderator_columns,
    remarks,
    require_columns,
    wald_df,
)
from pdt_evidence.errors import EvidenceError
from pdt_evidence.formatting import PAGE, TEXT, aligned, note_lines, percent, plain
from pdt_evidence.models.distributions import chi2_tail, two_sided_p, two_sided_quantile
from pdt_evidence.models.location_scale import fit_scale
from pdt_evidence.results import Note
from pdt_evidence.showing import Brief, Cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LIKELIHOODS", "SCALE_TESTS", "LocationScale", "fit_location_scale"]

Array = NDArray[np.float64]
NAN = float("nan")
LIKELIHOODS = ("REML", "ML")
SCALE_TESTS = ("z", "t")
ADVICE = "Use fewer columns in `scale`, or leave it out."

FAR_OUT = 10.0  # standard error of log tau2 across one SD of the moderator: an interval from e^-20 to e^20 times tau2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LocationScale(Brief):
    """A location-scale model: log tau2 of each study is linear in the columns of `scale_formula`."""

    formula: str
    scale_formula: str
    method: str
    test: str
    level: float
    k: int
    coefficients: pd.DataFrame  # of the mean, by term: estimate se statistic df p ci_low ci_high
    scale: pd.DataFrame  # of log tau2, the same columns
    covariance: Array  # of the coefficients of the mean, shape (p, p)
    tau2: Array  # of each study, shape (k,)
    QS: float  # all columns of the scale: chi2, or F where the test is by t; NaN where there is none
    QS_df: tuple[float, float]
    QS_p: float
    log_likelihood: float
    left_out: pd.DataFrame
    notes: tuple[str, ...]
    yi: Array
    vi: Array
    design: Array  # (k, p)
    scale_design: Array  # (k, q)
    spec: Any
    scale_spec: Any
    measure: str = "GEN"  # of the effects, where the table says it

    def __repr__(self) -> str:
        rules = f"{self.formula}, scale {self.scale_formula}, {self.method} {self.test}"
        return f"<{type(self).__name__} {rules} k={self.k}: scale {TEXT.p_value(self.QS_p)}>"

    def predict(self, table: pd.DataFrame | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Mean effect, tau2, and the intervals of the mean and of a new study, for each row of `table`.

        Without a table, for the rows the model was fitted to; a dict of values is one row, of lists several.

        Raises
        ------
        RequestError
            Where a moderator is missing or has a level that the model has not seen.
        """
        if table is None:
            return self.at_design(self.design, self.scale_design)
        rows = rows_of(table)
        fitted = self.at_design(new_design(self.spec, rows), new_design(self.scale_spec, rows))
        return fitted.set_axis(rows.index)

    def at_design(self, X: Array, Z: Array) -> pd.DataFrame:
        """As `predict`, for rows of the two designs: of the mean (n, p) and of log tau2 (n, q).

        Raises
        ------
        RequestError
            Where the rows have other numbers of columns than the model.
        """
        require_columns(X, self.design)
        require_columns(Z, self.scale_design)
        tau2 = np.exp(Z @ self.scale["estimate"].to_numpy())
        found = fitted_rows(self, X, tau2)
        found.insert(2, "tau2", tau2)
        return found

    def to_frame(self) -> pd.DataFrame:
        """The coefficients of the mean and of log tau2, one row a term."""
        import pandas as pd

        parts = {"mean": self.coefficients, "log tau2": self.scale}
        return pd.concat(parts, names=["of", "term"]).reset_index()

    def to_dict(self) -> dict[str, Any]:
        """Every number as plain Python, ready for JSON; NaN becomes None."""
        names = (
            "formula",
            "scale_formula",
            "method",
            "test",
            "level",
            "k",
            "QS",
            "QS_df",
            "QS_p",
            "log_likelihood",
        )
        values = {name: plain(getattr(self, name)) for name in (*names, "notes")}
        values["tau2"] = plain(self.tau2.tolist())
        for name in ("coefficients", "scale"):
            values[name] = plain(getattr(self, name).to_dict("index"))
        return values | {"left_out": plain(self.left_out.to_dict("records"))}

    def summary(self) -> str:
        """Aligned text: the model, the test of the scale, both sets of coefficients."""
        kind = "F" if self.test == "t" else "QS"
        df = ", ".join(f"{value:.4g}" for value in self.QS_df if not np.isnan(value))
        test = f"Scale: {kind}(df = {df}) = {TEXT.unitless(self.QS)}, {TEXT.p_value(self.QS_p)}"
        low, high = TEXT.number(float(self.tau2.min())), TEXT.number(float(self.tau2.max()))
        head = f"Location-scale model ({self.method}), mean {self.formula}, log tau2 {self.scale_formula}, k = {self.k}"
        lines = [f"{head}; test: {self.test}", "", f"tau2 of the studies from {low} to {high}", test]
        for title, table in (("Mean effect", self.coefficients), ("Log tau2", self.scale)):
            level = f"{percent(self.level)} CI"
            rows: list[tuple[str, ...]] = [
                (title, "estimate", "se", "t" if self.test == "t" else "z", "p", level)
            ]
            for term, row in table.iterrows():
                numbers = (TEXT.number(row[name]) for name in ("estimate", "se", "statistic"))
                rows.append((str(term), *numbers, TEXT.p(row.p), TEXT.interval((row.ci_low, row.ci_high))))
            lines += ["", *aligned(rows, 1)]
        return "\n".join([*lines, *note_lines(self.notes)])

    def _line(self) -> str:
        return f"{self.formula}, scale {self.scale_formula}, k = {self.k}"

    def _cells(self) -> Cells:
        table: Any = self.to_frame()
        rows = [
            (
                row.of,
                row.term,
                PAGE.number(row.estimate),
                PAGE.interval((row.ci_low, row.ci_high)),
                PAGE.p(row.p),
            )
            for row in table.itertuples()
        ]
        return [("of", "term", "estimate", f"{percent(self.level)} CI", "p"), *rows]


def fit_location_scale(
    formula: str,
    scale: str,
    table: pd.DataFrame,
    vi: str,
    method: str,
    test: str,
    level: float,
    given: list[str],
) -> LocationScale:
    """`metareg` with a formula for log tau2; its arguments are checked already."""
    left = formula.partition("~")[0].strip() if "~" in formula else "yi"
    right = scale.partition("~")[2] if "~" in scale else scale
    y, v, X, spec, gone = read_design(formula, table, vi, given)
    _, _, Z, scale_spec, gone_too = read_design(f"{left or 'yi'} ~ {right}", table, vi, given)
    kept, kept_too = (
        np.setdiff1d(np.arange(len(table)), rows["row"].to_numpy(dtype=int)) for rows in (gone, gone_too)
    )
    both = np.intersect1d(kept, kept_too)
    of_mean, of_scale = np.isin(kept, both), np.isin(kept_too, both)
    y, v, X, Z = y[of_mean], v[of_mean], X[of_mean], Z[of_scale]
    names, scale_names = ([str(name) for name in one.column_names] for one in (spec, scale_spec))
    check_design(X, names)
    check_design(Z, scale_names)
    left_out = _joined(gone, gone_too)
    fit = fit_scale(y, v, X, Z, restricted=method == "REML", start=max(float(np.var(y) - v.mean()), 0.0))
    if not fit.converged and not np.isfinite(fit.alpha_cov).all():
        raise EvidenceError(
            f"The location-scale model has no best fit: with log tau2 {scale}, tau2 of some of the {len(y)} "
            f"studies goes to 0 or without bound. {ADVICE}"
        )
    k, q = len(y), Z.shape[1]
    moderators = int(moderator_columns(X).sum() + moderator_columns(Z).sum())
    coefficients = _coefficients(fit.beta, fit.beta_cov, names, wald_df(test, k, X.shape[1]), level)
    unbounded = _unbounded(fit.alpha_cov, Z)
    alpha_cov = np.where(unbounded | unbounded[:, None], NAN, fit.alpha_cov)
    scales = _coefficients(fit.alpha, alpha_cov, scale_names, wald_df(test, k, q), level)
    QS, QS_df, QS_p = _test(fit.alpha, alpha_cov, moderator_columns(Z), wald_df(test, k, q))
    return LocationScale(
        formula=formula,
        scale_formula=f"~ {right.strip()}",
        method=method,
        test=test,
        level=level,
        k=k,
        coefficients=coefficients,
        scale=scales,
        covariance=fit.beta_cov,
        tau2=fit.tau2,
        QS=QS,
        QS_df=QS_df,
        QS_p=QS_p,
        log_likelihood=fit.log_likelihood,
        left_out=left_out,
        notes=(
            *remarks(k, moderators, len(left_out), scale_spec),
            *_vanishing(fit.tau2, v, unbounded),
        ),
        yi=y,
        vi=v,
        design=X,
        scale_design=Z,
        spec=spec,
        scale_spec=scale_spec,
    )


def _joined(gone: pd.DataFrame, gone_too: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([gone, gone_too], ignore_index=True).drop_duplicates("row", ignore_index=True)


def _coefficients(estimate: Array, cov: Array, names: list[str], df: float, level: float) -> pd.DataFrame:
    import pandas as pd

    se = np.sqrt(np.diagonal(cov))
    half = float(two_sided_quantile(level, df)) * se
    p = two_sided_p(estimate / se, np.full(len(estimate), df))
    columns = {"estimate": estimate, "se": se, "statistic": estimate / se, "df": df, "p": p}
    return pd.DataFrame(columns | {"ci_low": estimate - half, "ci_high": estimate + half}, index=names)


def _test(
    estimate: Array, cov: Array, tested: NDArray[np.bool_], df: float
) -> tuple[float, tuple[float, float], float]:
    """Wald's test of all columns but the intercept."""
    m = int(tested.sum())
    if not m:
        return NAN, (0.0, df), NAN
    own = estimate[tested]
    Q = float(own @ np.linalg.solve(cov[tested][:, tested], own))
    if np.isnan(df):
        return Q, (float(m), df), float(chi2_tail(Q, m))
    return Q / m, (float(m), df), float(fdtrc(m, df, Q / m))


def _unbounded(cov: Array, Z: Array) -> NDArray[np.bool_]:
    """Coefficients of log tau2 that run off to where tau2 is 0: their standard error is out of all proportion.

    Each is judged across one SD of its column, the intercept by log tau2 at the mean of all columns.
    """
    spread, mean = Z.std(axis=0), Z.mean(axis=0)
    at_mean = np.sqrt(mean @ cov @ mean)
    return np.where(spread > 0, np.sqrt(np.diagonal(cov)) * spread, at_mean) > FAR_OUT


def _vanishing(tau2: Array, v: Array, unbounded: NDArray[np.bool_]) -> list[Note]:
    """Where tau2 is as good as 0, its coefficients are wild, though the mean is not."""
    if not (unbounded.any() or (tau2 < 1e-4 * v).any()):
        return []
    words = "tau2 of some studies is as good as 0: its coefficients are far out and their standard errors mean little"
    if unbounded.any():
        words += "; Wald's test of such tends to p = 1 whatever the data say, so none is given"
    return [Note("vanishing-tau2", f"{words}.")]
