"""PDT against control and against CBT after therapy has ended: pools by window, the trend over months, the
change within trials, and what can and cannot be concluded from them.

Published changes of the treated group alone are listed beside; they never enter a pool.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.conclusions.wording import about_follow_up
from pdt_evidence.analysis.over_time.visits import RHO_TIME_GRID, pooled_changes, unpaired_visits, visit_pairs
from pdt_evidence.analysis.pooled.rows_to_pool import lacking, rows_to_pool
from pdt_evidence.analysis.regression.clustered import clustered_fit, coefficient
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.standing import scores_before_events
from pdt_evidence.effects.symptoms import NOT_SYMPTOMS
from pdt_evidence.effects.trials import light_trials
from pdt_evidence.errors import EvidenceError, SchemaError, known_options, unheard
from pdt_evidence.evidence import WINDOWS, reviews
from pdt_evidence.evidence.frames import as_pandas, light, with_numbers, with_own_words
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.formatting import as_text, counted
from pdt_evidence.models.clustered_regression import robust_test
from pdt_evidence.options import LEVEL, RHO, check_options
from pdt_evidence.results import Synthesis
from pdt_evidence.showing import Brief, Cells, cells_of

__all__ = ["COMPARISONS", "FollowUp", "follow_up", "published_changes"]

COMPARISONS = ("pdt_vs_control", "pdt_vs_cbt")
# A slope needs trials measured after the end; a curve needs several of them at several times.
TRIALS_FOR_SLOPE = 2
TRIALS_FOR_SPLINE = 10
TIMES_FOR_SPLINE = 4
KNOTS = (0.1, 0.5, 0.9)  # quantiles of the times
NEEDED = ("comparison", "follow_up", "months_since_end", "outcome")
BY = ("comparison", "follow_up")
OF_A_VISIT = ("instrument", "event_label", "time_label")  # tell visits apart where a table has them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FollowUp(Brief):
    """What is known of the effect after therapy has ended.

    Attributes
    ----------
    pools : DataFrame
        One row a comparison and window, windows without a trial among them (`trials` 0): `trials`, `rows`,
        `estimate`, `se`, `df`, `ci_low`, `ci_high`, `pi_low`, `pi_high`, `p`, `tau2`, `months_low`, `months_high`.
    synthesis : Synthesis
        The same pools, by comparison and follow-up, as a figure takes them.
    trend : DataFrame
        One row a comparison and term of the regression on log(1 + months since the end): `term`, `fitted`,
        `estimate`, `se`, `df`, `ci_low`, `ci_high`, `p`, `trials`, `trials_after`, `times`, `reason`.
    pairs, changes, unpaired : DataFrame
        The same measure of a trial at the end and later; their change pooled, for several correlations
        between visits; rows after the end that have no partner, with the reason.
    published : DataFrame
        Pre-post values of reviews, treated group alone: at the end and later.
    conclusions : tuple of str
        What follows, and what does not.
    """

    pools: pd.DataFrame
    synthesis: Synthesis
    trend: pd.DataFrame
    pairs: pd.DataFrame
    changes: pd.DataFrame
    unpaired: pd.DataFrame
    published: pd.DataFrame
    conclusions: tuple[str, ...]
    rho: float
    rho_time: float
    level: float

    def to_frame(self) -> pd.DataFrame:
        """The pools, one row a comparison and window."""
        return self.pools.copy()

    def summary(self) -> str:
        """The pools and the conclusions as text."""
        columns = ["comparison", "follow_up", "trials", "estimate", "ci_low", "ci_high"]
        return "\n".join([as_text(self.pools[columns]), "", *self.conclusions])

    def _line(self) -> str:
        known = self.pools[self.pools["trials"] > 0]
        later = known[known["follow_up"] != "post"]
        windows = f"{counted(len(known), 'window')} with trials, {len(later)} of them after the end"
        return f"{windows}; {counted(len(self.pairs), 'pair')} of visits"

    def _cells(self) -> Cells:
        shown = {
            "effect_ci": ("estimate", "ci_low", "ci_high"),
            "PI_low": "pi_low",
            "PI_high": "pi_high",
            "p": "p",
        }
        first = {"comparison": "comparison", "follow_up": "follow_up", "trials": "trials", "rows": "rows"}
        return cells_of(self.pools, **first, **shown)

    def _below(self) -> tuple[str, ...]:
        return self.conclusions


@known_options
def follow_up(
    table: Any = None,
    *,
    comparisons: Sequence[str] = COMPARISONS,
    rho: float = 0.6,
    rho_time: float = 0.6,
    test: str = "adhoc",
    level: float = 0.95,
) -> FollowUp:
    """Put together what is known of the effect after therapy has ended.

    Parameters
    ----------
    table : DataFrame, optional
        As `trials` gives it, or as in `synthesize`, with `comparison` and `months_since_end`; default: all bundled
        trials. Outcomes that are no symptoms (dropout, use of services) are left aside; the others count together, one
        value a trial.
    comparisons : sequence of str
        Each with pools, a trend and changes of its own.
    rho : float
        Correlation between two measures of one trial.
    rho_time : float
        Correlation between the effects at two visits of one measure; `changes` shows others too.
    test : str
        As in `synthesize`. Windows after therapy hold few trials, where the Knapp-Hartung interval can be falsely
        narrow; "adhoc" is never narrower than Wald's.
    level : float
        Of all intervals.

    Returns
    -------
    FollowUp

    Raises
    ------
    EvidenceError
        Where a column is missing, or no row has an effect.
    RequestError
        For a correlation or a level that is none.

    Notes
    -----
    The slope needs two trials measured after the end. A restricted cubic spline with three knots (two degrees
    of freedom) needs ten such trials at four different times; below that the straight line is all that the
    data support, and `reason` says so.

    References
    ----------
    .. [1] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> found = pdt.follow_up()
    >>> found.pools.set_index(["comparison", "follow_up"]).loc[("pdt_vs_cbt", "long"), "trials"].item()
    0
    """
    check_options(rho=(rho, RHO), rho_time=(rho_time, RHO), level=(level, LEVEL))
    if table is None:
        with unheard():  # what of our own trials gives no effect is in `synthesis.left_out`
            asked, usable = _asked(light_trials(comparison=list(comparisons)), comparisons)
    else:
        asked, usable = _asked(light(as_read(as_pandas(table))), comparisons)
    with unheard():  # it was said of these rows
        synthesis = synthesize(asked, by=BY, test=test, level=level, rho=rho)
    rows, _ = scores_before_events(usable, by=BY)  # listed by the synthesis
    pools, trend = _pools(rows, synthesis, comparisons), _trends(rows, comparisons, rho, level)
    pairs = with_own_words(visit_pairs(rows, rho_time, level))
    rho_times = sorted({*RHO_TIME_GRID, rho_time})
    changes = pooled_changes(rows, rho=rho, rho_times=rho_times, test=test, level=level)
    published = published_changes()
    return FollowUp(
        pools=pools,
        synthesis=synthesis,
        trend=trend,
        pairs=pairs,
        changes=changes,
        unpaired=with_own_words(unpaired_visits(rows, pairs)),
        published=published,
        rho=rho,
        rho_time=rho_time,
        level=level,
        conclusions=about_follow_up(pools, trend, changes, rho_time, published),
    )


def _asked(table: pd.DataFrame, comparisons: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows on symptoms in these comparisons, and those of them that give an effect."""
    if missing := [name for name in NEEDED if name not in table.columns]:
        raise SchemaError.from_problems(lacking(missing, table.columns), "the table")
    table = with_numbers(table, "months_since_end")
    asked = table[table["comparison"].isin(comparisons) & ~table["outcome"].isin(NOT_SYMPTOMS)]
    if asked.empty:
        raise EvidenceError(f"No row of {', '.join(comparisons)} is on a symptom.")
    asked = asked.assign(**{name: "" for name in OF_A_VISIT if name not in asked.columns})
    return asked, rows_to_pool(asked, BY, None)[0]


def _pools(rows: pd.DataFrame, synthesis: Synthesis, comparisons: Sequence[str]) -> pd.DataFrame:
    lines, own = [], dict(list(rows.groupby(["comparison", "follow_up"])["months_since_end"]))
    for comparison in comparisons:
        for window in WINDOWS:
            line: dict[str, Any] = {"comparison": comparison, "follow_up": window, "trials": 0, "rows": 0}
            if (comparison, window) in synthesis.strata:
                fit = synthesis.strata[comparison, window]
                months = own[comparison, window]
                line |= {
                    "trials": fit.k,
                    "rows": len(months),
                    "estimate": fit.estimate,
                    "se": fit.se,
                    "df": fit.df,
                    "ci_low": fit.ci[0],
                    "ci_high": fit.ci[1],
                    "pi_low": fit.pi[0],
                    "pi_high": fit.pi[1],
                    "p": fit.p,
                    "tau2": fit.tau2,
                    "months_low": months.min(),
                    "months_high": months.max(),
                }
            lines.append(line)
    return pd.DataFrame(lines)


def _trends(rows: pd.DataFrame, comparisons: Sequence[str], rho: float, level: float) -> pd.DataFrame:
    known = rows[rows["months_since_end"].ge(0)]
    lines: list[dict[str, Any]] = []
    for comparison in comparisons:
        own = known[known["comparison"].eq(comparison)].reset_index(drop=True)
        after = own[own["months_since_end"].gt(0)]
        counts = {
            "comparison": comparison,
            "trials": own["trial_id"].nunique(),
            "trials_after": after["trial_id"].nunique(),
            "times": after["months_since_end"].nunique(),
        }
        lines += [counts | line for line in _trend(own, counts, rho, level)]
    return pd.DataFrame(lines)


def _trend(own: pd.DataFrame, counts: dict[str, Any], rho: float, level: float) -> list[dict[str, Any]]:
    nothing = {"fitted": False} | dict.fromkeys(("estimate", "se", "df", "ci_low", "ci_high", "p"), nan)
    slope, spline = {"term": "log(1 + months)"}, {"term": "spline, departure from the line"}
    after, times = counts["trials_after"], counts["times"]
    needed = f"{TRIALS_FOR_SPLINE} trials after the end at {TIMES_FOR_SPLINE} times are needed"
    lacking = f"{needed}, {after} at {times} are held"
    if after < TRIALS_FOR_SLOPE:
        short = f"{TRIALS_FOR_SLOPE} trials after the end are needed, {after} held"
        return [slope | nothing | {"reason": short}, spline | nothing | {"reason": lacking}]
    x = np.log1p(own["months_since_end"].to_numpy(dtype=float))
    line = slope | _fitted(own, np.column_stack([np.ones(len(x)), x]), rho, level)
    if after < TRIALS_FOR_SPLINE or times < TIMES_FOR_SPLINE:
        return [line, spline | nothing | {"reason": lacking}]
    curve = np.column_stack([np.ones(len(x)), x, _spline(x)])
    return [line, spline | _fitted(own, curve, rho, level)]


def _fitted(own: pd.DataFrame, X: NDArray[np.float64], rho: float, level: float) -> dict[str, Any]:
    """The last column's coefficient."""
    fit = clustered_fit(own, X, rho)
    last = np.eye(X.shape[1])[-1]
    one, test = coefficient(fit, last, level), robust_test(fit, last)
    return {
        "fitted": True,
        "estimate": one.estimate,
        "se": one.se,
        "df": one.df,
        "ci_low": one.ci[0],
        "ci_high": one.ci[1],
        "p": test.p,
        "reason": one.reason,
    }


def _spline(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The curved column of a restricted cubic spline with three knots, linear beyond the outer ones."""
    low, middle, high = np.quantile(np.unique(x), KNOTS)

    def cubed(knot: float) -> NDArray[np.float64]:
        return np.maximum(x - knot, 0.0) ** 3

    inner = (cubed(middle) * (high - low) - cubed(high) * (middle - low)) / (high - middle)
    return (cubed(low) - inner) / (high - low) ** 2


def published_changes() -> pd.DataFrame:
    """Change of the treated group alone between two visits, as reviews print it.

    Returns
    -------
    DataFrame
        One row a review, group and outcome. Either `earlier` and `later` count from the start of treatment and
        `change` is their difference, or the source prints the change itself (`earlier`, `later` NaN). The first
        visit (`earlier_visit`) is the end of treatment, but where the source has a short-term follow-up. No
        control group stands behind any of these numbers.
    """
    table = reviews(design="pre-post")
    table = table[table["scope"].eq("pdt") & table["status"].eq("ok") & table["estimate"].notna()]
    lines, counted = [], {}
    for row in table.to_dict("records"):
        if re.match(r"post.* to .*follow-up", row["follow_up_label"].lower()):
            lines.append(_published(row, None))
        else:
            group = row["review_id"], row["comparison_label"], row["outcome_label"]
            counted.setdefault(group, []).append(row)
    for rows in counted.values():
        if len(rows) == 2 and rows[0]["follow_up"] != rows[1]["follow_up"]:
            first, second = sorted(rows, key=lambda row: WINDOWS.index(row["follow_up"]))
            lines.append(_published(second, first))
    return pd.DataFrame(lines)


def _published(row: Mapping[Any, Any], first: Mapping[Any, Any] | None) -> dict[str, Any]:
    line = {
        "review_id": row["review_id"],
        "group": row["comparison_label"],
        "outcome": row["outcome_label"],
        "measure": row["measure"],
        "earlier_visit": "end of treatment",
        "visit": row["follow_up_label"],
        "earlier": nan,
        "later": nan,
        "change": row["estimate"],
        "rows": row["row_id"],
    }
    if first is None:
        return line
    earlier, later = first["estimate"], row["estimate"]
    visit = "end of treatment" if first["follow_up"] == "post" else first["follow_up_label"]
    line |= {"earlier_visit": visit, "earlier": earlier, "later": later, "change": later - earlier}
    return line | {"rows": f"{first['row_id']}, {row['row_id']}"}
