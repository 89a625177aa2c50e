"""`pool_multivariate`: several outcomes of each trial in one model.

Depression and anxiety of one trial, or one outcome at several follow-ups, are measured in the same persons. Pooled in
one model, a trial that lacks one of them still tells something of it, and their difference has an interval.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.checks import fault_of_effect, numbers
from pdt_evidence.analysis.pooled.sampling import codes_by_appearance
from pdt_evidence.errors import EvidenceError, RequestError, known_options
from pdt_evidence.formatting import PAGE, TEXT, aligned, counted, note_lines, percent, plain
from pdt_evidence.models.distributions import chi2_tail, two_sided_p, two_sided_quantile
from pdt_evidence.models.multivariate import STRUCTURES, fit_multivariate
from pdt_evidence.options import LEVEL, Choice, check_options
from pdt_evidence.results import Note
from pdt_evidence.showing import Brief, Cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Multivariate", "pool_multivariate"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
NAN = float("nan")
METHODS = ("REML", "ML")
TESTS = ("t", "z")
FEWEST = 3  # trials with both of two outcomes, below which their correlation is not told by the data


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Multivariate(Brief):
    """One mean an outcome, with the covariances of the true effects of one trial."""

    struct: str
    method: str
    test: str
    level: float
    k: int
    n_clusters: int
    coefficients: pd.DataFrame  # by outcome: k estimate se statistic df p ci_low ci_high tau2 pi_low pi_high
    covariance: Array  # of the estimates, shape (p, p)
    tau2: pd.Series  # by outcome
    correlation: pd.DataFrame  # of the true effects, outcome by outcome; NaN where a tau2 is 0
    log_likelihood: float
    QE: float
    QE_df: int
    QE_p: float
    QM: float  # all means 0
    QM_df: int
    QM_p: float
    notes: tuple[Note, ...]

    def __repr__(self) -> str:
        names = ", ".join(map(str, self.coefficients.index))
        return (
            f"<{type(self).__name__} {self.struct} {self.method} k={self.k} in "
            f"{counted(self.n_clusters, 'trial')}: {names}>"
        )

    def contrast(self, first: Hashable, second: Hashable) -> dict[str, float]:
        """The mean effect on `first` less that on `second`, with its interval and p.

        Raises
        ------
        RequestError
            For an outcome that the model does not have.
        """
        names = list(self.coefficients.index)
        for name in (first, second):
            if name not in names:
                raise RequestError(
                    f"The model has no outcome {name!r}. It has: {', '.join(map(str, names))}."
                )
        weights = np.zeros(len(names))
        weights[names.index(first)] += 1
        weights[names.index(second)] -= 1
        estimate = float(weights @ self.coefficients["estimate"].to_numpy())
        se = float(np.sqrt(weights @ self.covariance @ weights))
        df = float(self.k - len(names)) if self.test == "t" else NAN
        half = float(two_sided_quantile(self.level, df)) * se
        p = float(two_sided_p(np.array([estimate / se]), np.array([df]))[0]) if se > 0 else NAN
        return {"estimate": estimate, "se": se, "p": p, "ci_low": estimate - half, "ci_high": estimate + half}

    def to_frame(self) -> pd.DataFrame:
        """One row an outcome."""
        return self.coefficients.rename_axis("outcome").reset_index()

    def to_dict(self) -> dict[str, Any]:
        """Every number as plain Python, ready for JSON; NaN becomes None."""
        names = (
            "struct",
            "method",
            "test",
            "level",
            "k",
            "n_clusters",
            "log_likelihood",
            "QE",
            "QE_df",
            "QE_p",
        )
        values = {name: plain(getattr(self, name)) for name in (*names, "QM", "QM_df", "QM_p", "notes")}
        values["outcomes"] = plain(self.coefficients.to_dict("index"))
        return values | {"correlation": plain(self.correlation.to_dict("index"))}

    def summary(self) -> str:
        """Aligned text: the model, one line an outcome, how their true effects correlate."""
        head = f"Multivariate model ({self.struct}, {self.method}), k = {self.k} in {counted(self.n_clusters, 'trial')}"
        level = f"{percent(self.level)} CI"
        rows: list[tuple[str, ...]] = [("outcome", "k", "estimate", "se", "p", level, "tau2", "prediction")]
        for name, row in self.coefficients.iterrows():
            rows.append(
                (
                    str(name),
                    f"{row.k:.0f}",
                    TEXT.number(row.estimate),
                    TEXT.number(row.se),
                    TEXT.p(row.p),
                    TEXT.interval((row.ci_low, row.ci_high)),
                    TEXT.number(row.tau2),
                    TEXT.interval((row.pi_low, row.pi_high)),
                )
            )
        names = list(self.correlation.index)
        values = self.correlation.to_numpy()
        pairs = [
            f"  {a} and {b}: {TEXT.number(float(values[i, j]), 2)}"
            for i, a in enumerate(names)
            for j, b in enumerate(names)
            if j > i
        ]
        if self.struct == "CS":  # one correlation for all, NaN for all where tau2 is 0
            pairs = [f"  every two: {TEXT.number(float(values[0, 1]), 2)}"]
        QE = f"Residual heterogeneity: QE(df = {self.QE_df}) = {TEXT.unitless(self.QE)}, {TEXT.p_value(self.QE_p)}"
        QM = f"All means 0: QM(df = {self.QM_df}) = {TEXT.unitless(self.QM)}, {TEXT.p_value(self.QM_p)}"
        lines = [
            f"{head}; test: {self.test}",
            "",
            *aligned(rows, 1),
            "",
            "Correlation of true effects",
            *pairs,
        ]
        return "\n".join([*lines, "", QE, QM, *note_lines(self.notes)])

    def _line(self) -> str:
        return self.summary().partition("\n")[0]

    def _cells(self) -> Cells:
        rows = [
            (
                str(name),
                f"{row['k']:.0f}",
                PAGE.number(row["estimate"]),
                PAGE.interval((row["ci_low"], row["ci_high"])),
                PAGE.interval((row["pi_low"], row["pi_high"])),
                PAGE.p(row["p"]),
            )
            for name, row in self.coefficients.iterrows()
        ]
        level = percent(self.level)
        return [("outcome", "k", "estimate", f"{level} CI", f"{level} PI", "p"), *rows]


@known_options
def pool_multivariate(
    yi: ArrayLike,
    V: ArrayLike,
    outcome: Iterable[Hashable],
    cluster: Iterable[Hashable],
    *,
    struct: str = "UN",
    method: str = "REML",
    test: str = "t",
    level: float = 0.95,
) -> Multivariate:
    """Pool several outcomes of each trial in one model.

    Parameters
    ----------
    yi : array_like, shape (k,)
        Effects.
    V : array_like, shape (k, k) or (k,)
        Sampling covariances, as `vcalc` gives them; variances alone take the errors as independent.
    outcome, cluster : sequence, length k
        What each row measured (an outcome, or an outcome at a follow-up: `table["outcome"] + " " +
        table["follow_up"]`), and the trial.
    struct : {"UN", "CS"}
        Of the true effects of one trial: a variance for each outcome and a correlation for each pair, or one variance
        and one correlation for all, where there are many outcomes.
    method : {"REML", "ML"}
    test : {"t", "z"}
        t on k less the number of outcomes.
    level : float
        Of all intervals. The prediction interval is that of metafor: the quantile of the test, with se^2 + tau2.

    Returns
    -------
    Multivariate

    Raises
    ------
    EvidenceError
        With every fault of the input; where V is not positive definite; where there are fewer than two outcomes or
        fewer rows than outcomes and covariances to estimate.

    References
    ----------
    .. [1] Jackson D, White IR, Thompson SG. Statistics in Medicine 29 (2010) 1282. doi:10.1002/sim.3602
    .. [2] Berkey and others (1998), whose example it reproduces.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> V = pdt.vcalc([0.04, 0.05] * 4, [1, 1, 2, 2, 3, 3, 4, 4], outcome=["depression", "anxiety"] * 4, rho=0.6)
    >>> yi = [0.5, 0.3, 0.7, 0.6, 0.2, 0.1, 0.9, 0.5]
    >>> fit = pdt.pool_multivariate(yi, V, ["depression", "anxiety"] * 4, [1, 1, 2, 2, 3, 3, 4, 4], struct="CS")
    >>> fit.coefficients["estimate"].round(3).to_dict()
    {'depression': 0.575, 'anxiety': 0.375}
    """
    check_options(
        struct=(struct, Choice(STRUCTURES)),
        method=(method, Choice(METHODS)),
        test=(test, Choice(TESTS)),
        level=(level, LEVEL),
    )
    y, M, outcomes, names, codes = _checked(yi, V, list(outcome), list(cluster), struct)
    fit = fit_multivariate(y, M, outcomes, codes, struct=struct, restricted=method == "REML")
    k, p = len(y), len(names)
    df = float(k - p) if test == "t" else NAN
    QM = float(fit.beta @ np.linalg.solve(fit.beta_cov, fit.beta))
    T = np.diagonal(fit.T)
    return Multivariate(
        struct=struct,
        method=method,
        test=test,
        level=level,
        k=k,
        n_clusters=int(codes.max()) + 1,
        coefficients=_lines(fit.beta, fit.beta_cov, T, np.bincount(outcomes), names, df, level),
        covariance=fit.beta_cov,
        tau2=_series(T, names),
        correlation=_correlation(fit.T, names),
        log_likelihood=fit.log_likelihood,
        QE=fit.QE,
        QE_df=k - p,
        QE_p=float(chi2_tail(fit.QE, k - p)),
        QM=QM,
        QM_df=p,
        QM_p=float(chi2_tail(QM, p)),
        notes=tuple(_remarks(fit.T, names, outcomes, codes, struct)),
    )


def _checked(
    yi: ArrayLike, V: ArrayLike, outcome: list[Hashable], cluster: list[Hashable], struct: str
) -> tuple[Array, Array, Codes, list[Hashable], Codes]:
    y, text = numbers(yi)
    M = np.asarray(V, dtype=float)
    M = np.diag(M) if M.ndim == 1 else M
    k = len(y)
    if M.shape != (k, k) or len(outcome) != k or len(cluster) != k or not k:
        raise EvidenceError(
            f"pool_multivariate() has {counted(k, 'effect')}, {counted(len(outcome), 'outcome')}, "
            f"{counted(len(cluster), 'cluster')} and V of shape "
            f"{M.shape}, but needs one length."
        )
    problems = [f"row {i + 1}: {fault}" for i in range(k) if (fault := fault_of_effect(y[i], text.get(i)))]
    for name, values in (("outcome", outcome), ("cluster", cluster)):
        missing = [str(i + 1) for i, value in enumerate(values) if value is None or value != value]
        problems += [f"{name} is missing in row {', '.join(missing)}."] if missing else []
    if not problems and not (np.isfinite(M).all() and np.allclose(M, M.T) and np.linalg.eigvalsh(M)[0] > 0):
        problems.append(
            "V is not positive definite: two rows of a trial are the same measurement, or their correlation is too "
            "high."
        )
    names = list(dict.fromkeys(outcome))
    p = len(names)
    free = p * (p + 1) // 2 if struct == "UN" else 2
    if p < 2:
        problems.append("there is one outcome only; pool() and pool_multilevel() are for one.")
    elif k < p + free:
        problems.append(
            f"{counted(k, 'row')} cannot carry {counted(p, 'mean')} and {free} variances and correlations."
            + (" Use struct='CS', or fewer outcomes." if struct == "UN" else "")
        )
    if problems:
        raise EvidenceError.from_problems(problems, "pool_multivariate()")
    return y, M, np.array([names.index(name) for name in outcome]), names, codes_by_appearance(cluster)


def _series(values: Array, names: list[Hashable]) -> pd.Series:
    import pandas as pd

    return pd.Series(values.copy(), index=pd.Index(names), name="tau2")


def _lines(
    beta: Array, cov: Array, tau2: Array, k: Codes, names: list[Hashable], df: float, level: float
) -> pd.DataFrame:
    import pandas as pd

    se = np.sqrt(np.diagonal(cov))
    crit = float(two_sided_quantile(level, df))
    wide = crit * np.sqrt(se**2 + tau2)
    columns = {"k": k, "estimate": beta, "se": se, "statistic": beta / se, "df": df}
    columns |= {"p": two_sided_p(beta / se, np.full(len(beta), df))}
    columns |= {"ci_low": beta - crit * se, "ci_high": beta + crit * se, "tau2": tau2}
    return pd.DataFrame(columns | {"pi_low": beta - wide, "pi_high": beta + wide}, index=pd.Index(names))


def _correlation(T: Array, names: list[Hashable]) -> pd.DataFrame:
    import pandas as pd

    root = np.sqrt(np.diagonal(T))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(np.outer(root, root) > 1e-12, T / np.outer(root, root), np.nan)
    return pd.DataFrame(values, index=pd.Index(names), columns=pd.Index(names))


def _remarks(T: Array, names: list[Hashable], outcomes: Codes, codes: Codes, struct: str) -> list[Note]:
    """What a reader must know: pairs that hardly meet, correlations at their bound."""
    notes = []
    has = np.zeros((codes.max() + 1, len(names)))
    has[codes, outcomes] = 1
    together = has.T @ has
    few = [
        f"{names[i]} and {names[j]} ({together[i, j]:.0f})"
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if together[i, j] < FEWEST
    ]
    if few and struct == "UN":
        notes.append(
            Note(
                "few-trials-with-both",
                f"Fewer than {FEWEST} trials have both: {'; '.join(few)}. "
                "Their correlation is hardly told by the data.",
            )
        )
    root = np.sqrt(np.diagonal(T))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.abs(T / np.outer(root, root))[~np.eye(len(names), dtype=bool)]
    if (root < 1e-6).any() or (r > 1 - 1e-6).any():
        notes.append(
            Note(
                "at-the-bound",
                "A variance is estimated as 0 or a correlation as 1: the data do not tell them.",
            )
        )
    return notes
