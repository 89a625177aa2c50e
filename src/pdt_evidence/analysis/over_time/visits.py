"""The same trial, contrast and measure at the end of treatment and later: how its effect changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.effects.dependence import aggregate

__all__ = ["RHO_TIME_GRID", "pooled_changes", "unpaired_visits", "visit_pairs"]

SAME_MEASURE = [
    "trial_id",
    "comparison",
    "arm_t_label",
    "arm_c_label",
    "outcome",
    "instrument",
    "rating",
    "event_label",
    "score",
    "yi_basis",
]
RHO_TIME_GRID = (0.0, 0.3, 0.6, 0.9)
LATER = "follow"  # in the source's own name of a visit whose months are not known
PAIRED = [
    "row_id",
    "trial_id",
    "study",
    "comparison",
    "outcome",
    "instrument",
    "event_label",
    "months_since_end",
    "time_label",
    "yi",
    "vi",
]
PAIR_COLUMNS = [
    "trial_id",
    "study",
    "comparison",
    "outcome",
    "instrument",
    "what",
    "months",
    "visit",
    "row_post",
    "row_later",
    "post",
    "later",
    "vi_post",
    "vi_later",
    "change",
    "vi_change",
    "ci_low",
    "ci_high",
]


def visit_pairs(rows: pd.DataFrame, rho_time: float = 0.6, level: float = 0.95) -> pd.DataFrame:
    """Every measure of a trial held at the end of treatment and at a later visit.

    Parameters
    ----------
    rows : DataFrame
        Rows with an effect, as `trials` gives them.
    rho_time : float
        Correlation between the two effects, which no trial reports: the variance of their difference is
        v1 + v2 - 2 rho_time sqrt(v1 v2).

    Returns
    -------
    DataFrame
        One row a pair; `change` is later minus post, above 0 where the advantage of arm 1 grew. `months` is
        NaN where the source calls the visit a follow-up and does not say when it was.
    """
    return _with_changes(_pairs(rows), rho_time, level)


def _pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Both visits of each pair in one row, without what depends on their correlation."""
    slim = rows[[name for name in PAIRED if name in rows.columns]].assign(measure_=_measure(rows))
    post = slim[slim["months_since_end"].eq(0)]
    post = post[~post["measure_"].duplicated(keep=False)]  # with two there is no telling which one goes on
    pairs = slim[_is_later(slim)].merge(
        post[["measure_", "row_id", "yi", "vi"]], on="measure_", suffixes=("", "_post")
    )
    names = {
        "months_since_end": "months",
        "time_label": "visit",
        "event_label": "what",
        "yi": "later",
        "vi": "vi_later",
        "row_id": "row_later",
        "yi_post": "post",
        "row_id_post": "row_post",
    }
    pairs = pairs.rename(columns=names)
    return pairs.assign(change=pairs["later"] - pairs["post"])


def _with_changes(pairs: pd.DataFrame, rho_time: float, level: float) -> pd.DataFrame:
    variance = _variance_of_change(pairs, rho_time)
    half = float(ndtri(0.5 + level / 2)) * np.sqrt(variance)
    limits = {"ci_low": pairs["change"] - half, "ci_high": pairs["change"] + half}
    return pairs.assign(vi_change=variance, **limits).reindex(columns=PAIR_COLUMNS)


def _variance_of_change(pairs: pd.DataFrame, rho_time: float) -> pd.Series:
    both = pairs["vi_post"] * pairs["vi_later"]
    return pairs["vi_post"] + pairs["vi_later"] - 2 * rho_time * np.sqrt(both)


def unpaired_visits(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Rows not at the end of treatment that have no partner there: `row_id`, `study`, `comparison`, `reason`."""
    other = rows[rows["months_since_end"].ne(0) & ~rows["row_id"].isin(pairs["row_later"])]
    at_end = set(
        rows.loc[rows["months_since_end"].eq(0), ["trial_id", "comparison"]].itertuples(
            index=False, name=None
        )
    )
    reasons = []
    cells = (other[name].tolist() for name in ("trial_id", "comparison", "months_since_end", "time_label"))
    for trial, comparison, months, visit in zip(*cells, strict=True):
        if (trial, comparison) not in at_end:
            reasons.append("nothing held of this contrast at the end of treatment")
        elif np.isnan(months) and LATER not in str(visit).lower():
            reasons.append("when it was, counted from the end of treatment, is not known")
        else:
            reasons.append("the end of treatment is not held in the same measure")
    return other[["row_id", "trial_id", "study", "comparison", "outcome"]].assign(reason=reasons)


def _measure(rows: pd.DataFrame) -> pd.Series:
    """One word for all visits of one measure of one contrast: `contrast_id` without its last part, the visit."""
    if "contrast_id" in rows.columns and rows["contrast_id"].fillna("").ne("").all():
        return rows["contrast_id"].str.rsplit("/", n=1).str[0] + "/" + rows["yi_basis"]
    present = [name for name in SAME_MEASURE if name in rows.columns]
    return rows[present].fillna("").astype(str).agg("/".join, axis=1)


def _is_later(rows: pd.DataFrame) -> pd.Series:
    named = rows["time_label"].fillna("").str.lower().str.contains(LATER)
    return rows["months_since_end"].gt(0) | (rows["months_since_end"].isna() & named)


def pooled_changes(
    rows: pd.DataFrame,
    *,
    rho: float = 0.6,
    rho_times: Sequence[float] = RHO_TIME_GRID,
    test: str = "adhoc",
    level: float = 0.95,
) -> pd.DataFrame:
    """Change within trials by comparison: one value a trial, then REML.

    Parameters
    ----------
    rows : DataFrame
        As for `visit_pairs`.
    rho : float
        Correlation between the changes of several measures of one trial.
    rho_times : sequence of float
        Correlations between the two visits, each with a row of its own.
    test : str
        As in `pool`.

    Returns
    -------
    DataFrame
        One row a comparison and correlation; with one trial the interval is the trial's own.
    """
    found, by_comparison = [], list(_pairs(rows).groupby("comparison", sort=False))
    for rho_time in rho_times:
        for comparison, pairs in by_comparison:
            variance = _variance_of_change(pairs, rho_time)
            one = aggregate(pairs["change"], variance, pairs["trial_id"].to_numpy(), rho=rho)
            fit = pool(one.yi, one.vi, test=test, level=level)
            found.append(
                {
                    "comparison": comparison,
                    "rho_time": rho_time,
                    "pairs": len(pairs),
                    "trials": fit.k,
                    "estimate": fit.estimate,
                    "se": fit.se,
                    "df": fit.df,
                    "ci_low": fit.ci[0],
                    "ci_high": fit.ci[1],
                    "p": fit.p,
                }
            )
    columns = ["comparison", "rho_time", "pairs", "trials", "estimate", "se", "df", "ci_low", "ci_high", "p"]
    return pd.DataFrame(found, columns=columns)
