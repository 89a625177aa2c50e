"""`compare_subgroups`: does the pooled effect differ between groups of studies?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.analysis.regression.columns import blanks_missing, in_order, in_words
from pdt_evidence.analysis.regression.formulas import no_column, warn_of_counts, warn_of_repeats
from pdt_evidence.analysis.regression.metaregression import metareg
from pdt_evidence.analysis.regression.result import MetaRegression, about_left_out
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.own_arms import effects_of_means
from pdt_evidence.errors import (
    EvidenceError,
    RequestError,
    SchemaError,
    known_options,
    require_choice,
    unheard,
)
from pdt_evidence.formatting import PAGE, TEXT, aligned, counted, note_lines, percent
from pdt_evidence.models import regression
from pdt_evidence.models.distributions import chi2_tail, two_sided_p, two_sided_quantile
from pdt_evidence.models.estimators import REGRESSION_METHODS, regression_tau2
from pdt_evidence.models.inference import REGRESSION_TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, check_options
from pdt_evidence.results import Note
from pdt_evidence.showing import Brief, Cells, cells_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SubgroupComparison", "compare_subgroups"]

NAN = float("nan")
TAU2 = ("common", "separate")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SubgroupComparison(Brief):
    """Pooled effects by group and the test that they are one."""

    by: str
    tau2: str  # "common" or "separate"
    method: str
    test: str
    level: float
    groups: pd.DataFrame  # by group: k (with clusters also trials) estimate se df p ci_low ci_high tau2
    statistic: float  # chi2 between groups; F for a common tau2 where the test is by t
    df: tuple[float, float]  # denominator NaN for chi2
    p: float
    left_out: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        groups = f"{counted(len(self.groups), 'group')} by {self.by}"
        return f"<SubgroupComparison {groups}, {self.tau2} tau2, {self.method} {self.test}: {TEXT.p_value(self.p)}>"

    def _caption(self) -> str:
        return f"Subgroups by {self.by}, {self.tau2} tau2, {self.method}, {self.test}; {PAGE.p_value(self.p)}"

    def _cells(self) -> Cells:
        sizes = {name: name for name in ("k", "trials") if name in self.groups}
        shown = {**sizes, "effect_ci": ("estimate", "ci_low", "ci_high"), "p": "p", "τ²": "tau2"}
        return cells_of(self.to_frame(), group=self.by, **shown)

    def to_frame(self) -> pd.DataFrame:
        """One row a group."""
        return self.groups.rename_axis(self.by).reset_index()

    def summary(self) -> str:
        """Aligned text: the groups, then the test between them."""
        counts = [name for name in ("k", "trials") if name in self.groups]
        rows = [(self.by, *counts, "estimate", "se", "p", f"{percent(self.level)} CI", "tau2")]
        for name, row in self.groups.iterrows():
            sizes = [str(int(row[name])) for name in counts]
            numbers = (*sizes, TEXT.number(row.estimate), TEXT.number(row.se), TEXT.p(row.p))
            rows.append(
                (str(name), *numbers, TEXT.interval((row.ci_low, row.ci_high)), TEXT.number(row.tau2))
            )
        kind = "Q" if np.isnan(self.df[1]) else "F"
        df = ", ".join(f"{value:g}" for value in self.df if not np.isnan(value))
        between = (
            f"Between groups: {kind}(df = {df}) = {TEXT.unitless(self.statistic)}, {TEXT.p_value(self.p)}"
        )
        head = f"Subgroups by {self.by}, {self.tau2} tau2 ({self.method}), test: {self.test}"
        return "\n".join([head, "", *aligned(rows, 1), "", between, *note_lines(self.notes)])


@known_options
def compare_subgroups(
    table: pd.DataFrame,
    by: str,
    *,
    tau2: str = "common",
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    yi: str = "yi",
    vi: str = "vi",
    cluster: str | None = None,
    rho: float = 0.6,
) -> SubgroupComparison:
    """Pool each group of a table and test whether the groups differ.

    Parameters
    ----------
    table : DataFrame
        One row a study, with the columns named by `yi`, `vi` and `by`; rows where `by` is blank are excluded.
        Means of both arms serve for yi and vi, as in `metareg`.
    by : str
        The column that makes the groups.
    tau2 : {"common", "separate"}
        One variance for all groups, as a meta-regression on the group has; or one a group, and then the test
        is a chi2 of the group estimates weighted by 1 / se**2.
    method, test, level
        As in `metareg`. With a separate tau2 a group of one study has the study's own Wald interval.
    yi, vi : str
        Columns of the effects and their variances.
    cluster, rho
        As in `metareg`, for tables with several rows a trial; with a common tau2 only.

    Returns
    -------
    SubgroupComparison

    Raises
    ------
    EvidenceError
        As `metareg`; where there are fewer than two groups.

    Warns
    -----
    EvidenceWarning
        As `metareg`.

    References
    ----------
    .. [1] Knapp, Hartung (2003), Statistics in Medicine 22, 2693. doi:10.1002/sim.1482

    Examples
    --------
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> table = pd.DataFrame({"yi": [0.6, 0.5, 0.2, 0.1], "vi": [0.04, 0.03, 0.09, 0.05],
    ...                       "format": ["group", "group", "single", "single"]})
    >>> print(pdt.compare_subgroups(table, "format").summary())
    Subgroups by format, common tau2 (REML), test: knha
    <BLANKLINE>
    format  k  estimate      se       p             95% CI    tau2
    group   2    0.5429  0.0429  0.0062   0.3585 to 0.7273  0.0000
    single  2    0.1357  0.0587  0.1469  -0.1168 to 0.3882  0.0000
    <BLANKLINE>
    Between groups: F(df = 1, 2) = 31.3913, p = 0.0304
    """
    import pandas as pd

    check_options(
        tau2=(tau2, Choice(TAU2)),
        method=(method, Choice(REGRESSION_METHODS)),
        test=(test, Choice(REGRESSION_TESTS)),
        level=(level, LEVEL),
        rho=(rho, RHO),
    )
    given = given_columns(table)
    if (yi, vi) == ("yi", "vi"):
        table = effects_of_means(table)
    missing = [name for name in (by, yi, vi, cluster) if name is not None and name not in table.columns]
    if missing:
        raise SchemaError(no_column(missing, given))
    if "`" in by:
        raise RequestError(f"by = {by!r} has a backtick, which a formula cannot name.")
    groups, complete = _groups(table, by, yi, vi)
    sizes = groups[complete].value_counts().reindex(groups.cat.categories)
    if len(sizes) < 2:
        raise EvidenceError(
            f"{by!r} makes {len(sizes)} group of complete rows, but a comparison needs 2 or more."
        )
    words = table.assign(**{by: groups.to_numpy(dtype=object)})
    words[by] = words[by].astype(groups.dtype)
    options = {"vi": vi, "method": method, "test": test, "level": level}
    incomplete = pd.DataFrame({"row": np.flatnonzero(~complete)})
    if cluster is not None:
        require_choice("tau2 (with cluster)", tau2, ("common",))
        options |= {"cluster": cluster, "rho": rho}
    else:
        warn_of_counts(table, incomplete)
        warn_of_repeats(table, incomplete)
        words = words.drop(columns=words.columns.intersection(["trial_id"]).difference([by]))
    if tau2 == "common":
        return _common(words, by, yi, sizes, options)
    return _separate(words, by, yi, sizes, options)


def _groups(table: pd.DataFrame, by: str, yi: str, vi: str) -> tuple[pd.Series, NDArray[np.bool_]]:
    """The group of each row in words, and which rows are complete.

    Groups are in the order of the categories, of the numbers, or of the alphabet; those that no
    complete row is in are no groups.
    """
    import pandas as pd

    plain = blanks_missing(table, dict.fromkeys([by, yi, vi]))
    complete = plain.notna().all(axis=1).to_numpy()
    column = plain[by]
    if isinstance(column.dtype, pd.CategoricalDtype):
        values = list(column[complete].cat.remove_unused_categories().cat.categories)
    else:
        values = in_order(column[complete].unique().tolist())
    names = [in_words(value) for value in values]
    words = column.astype(object).map(dict(zip(values, names, strict=True)))
    return words.astype(pd.CategoricalDtype(names)), complete


def _common(
    table: pd.DataFrame, by: str, yi: str, sizes: pd.Series, options: dict[str, Any]
) -> SubgroupComparison:
    fit = metareg(f"`{yi}` ~ `{by}`", table, **options)
    with unheard():  # the same rows as those of the fit
        means = metareg(
            f"`{yi}` ~ `{by}` - 1", table[table[[by, yi, options["vi"]]].notna().all(axis=1)], **options
        )
    (levels,) = (state.levels for state in means.spec.factor_contrasts.values())
    groups = means.coefficients.drop(columns="statistic").set_axis(list(levels), axis=0).reindex(sizes.index)
    groups.insert(0, "k", sizes.to_numpy())
    if "cluster" in options:  # k counts rows, of which a trial may have several
        whole = table[table[[by, yi, options["vi"]]].notna().all(axis=1)]
        trials = whole.groupby(by, observed=True)[options["cluster"]].nunique()
        groups.insert(1, "trials", trials.reindex(sizes.index).to_numpy())
    groups["tau2"] = fit.tau2
    return _comparison(by, "common", options, groups, fit.QM, fit.QM_df, fit.QM_p, fit)


def _separate(
    table: pd.DataFrame, by: str, yi: str, sizes: pd.Series, options: dict[str, Any]
) -> SubgroupComparison:
    import pandas as pd

    fit = metareg(f"`{yi}` ~ `{by}`", table, **options)  # checks the rows, and lists those excluded
    whole = table[table[[by, yi, options["vi"]]].notna().all(axis=1)]
    rows = {name: _alone(whole[whole[by] == name], yi, options) for name in sizes.index}
    groups = pd.DataFrame.from_dict(rows, orient="index")
    weight = 1 / groups["se"].to_numpy() ** 2
    estimate = groups["estimate"].to_numpy()
    statistic = float((weight * (estimate - (weight * estimate).sum() / weight.sum()) ** 2).sum())
    df = len(groups) - 1
    return _comparison(
        by, "separate", options, groups, statistic, (df, NAN), float(chi2_tail(statistic, df)), fit
    )


def _alone(group: pd.DataFrame, yi: str, options: dict[str, Any]) -> dict[str, float]:
    """One group pooled by itself; a single study is its own estimate, by z."""
    y, v = group[yi].to_numpy(dtype=float), group[options["vi"]].to_numpy(dtype=float)
    k, test = len(y), options["test"]
    if k == 1:
        estimate, se, df, tau2 = y[0], np.sqrt(v[0]), NAN, NAN
    else:
        Q, R = regression.basis(np.ones((k, 1)))
        tau2 = float(regression_tau2(Q[None], y[None], v, options["method"])[0])
        found = regression.coefficients(Q[None], R, y[None], v, np.array([tau2]), test, np.array([True]))
        if test == "knha" and regression.fits_perfectly(y, np.full(k, found.beta[0, 0])):
            found = regression.unknown(found)
        estimate, se = float(found.beta[0, 0]), float(np.sqrt(found.cov[0, 0, 0]))
        df = NAN if test == "z" else k - 1.0
    half = float(two_sided_quantile(options["level"], df)) * se
    p = float(two_sided_p(estimate / se, df))
    return {
        "k": k,
        "estimate": estimate,
        "se": se,
        "df": df,
        "p": p,
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "tau2": tau2,
    }


def _comparison(
    by: str,
    tau2: str,
    options: dict[str, Any],
    groups: pd.DataFrame,
    statistic: float,
    df: tuple[float, float],
    p: float,
    fit: MetaRegression,
) -> SubgroupComparison:
    small = [str(name) for name, k in groups["k"].items() if k == 1]
    notes = (
        [Note("single-study", f"A single study in {', '.join(small)}: no group to speak of.")]
        if small
        else []
    )
    unsure = [str(name) for name in groups.index[groups["se"].isna()]]
    if unsure:
        why = "its rows are of too few trials, or its effects do not differ"
        notes.append(
            Note(
                "no-inference",
                f"No interval and no test of {', '.join(unsure)}: {why}; nor between the groups.",
            )
        )
    notes += about_left_out(len(fit.left_out), "since a value is missing")
    return SubgroupComparison(
        by=by,
        tau2=tau2,
        method=fit.method,
        test=fit.test,
        level=options["level"],
        groups=groups,
        statistic=statistic,
        df=df,
        p=p,
        left_out=fit.left_out,
        notes=tuple(notes),
    )
