"""One row a trial, so that pooled rows are independent: all rows in one value, or one row chosen by a rule."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import translate
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array
from pdt_evidence.effects.dependence import aggregate
from pdt_evidence.effects.shared_arms import arm_keys, covariance_blocks
from pdt_evidence.errors import EvidenceError, SchemaError, known_options

__all__ = ["PRIORITY_COLUMNS", "OnePerTrial", "aggregate_rows", "one_per_trial"]

PRIORITY_COLUMNS = ("outcome", "rank", "instrument", "rating")
AVERAGED = ("weeks", "months_since_end")
JOINERS = {"row_id": "+"}
ANY = "*"


class OnePerTrial(NamedTuple):
    """The rows chosen, and those not: `row_id` and `reason`."""

    chosen: pd.DataFrame
    left_out: pd.DataFrame


@known_options
def aggregate_rows(
    table: pd.DataFrame, *, rho: float = 0.6, weighted: bool = True, cluster: str = "trial_id"
) -> pd.DataFrame:
    """All rows of a trial in one, under the covariance of `covariance_blocks`.

    Parameters
    ----------
    table : DataFrame
        Rows of `effect_sizes`, of one measure. Rows without `yi` do not take part.
    rho : float
        Correlation between two measurements of the same persons.
    weighted : bool
        Whether the rows of a trial are weighed by the inverse of their covariance, or equally.
    cluster : str
        Column that names the trial.

    Returns
    -------
    DataFrame
        One row a trial, in order of first appearance, with the columns of `table` and `rows`, how many went in.
        `row_id` is joined by "+", other words by " / ". `n_t` and `n_c` count each arm of the trial once, by its
        largest number; `weeks` and `months_since_end` are averaged. Any other number is kept where all rows of
        the trial agree, else NaN.

    Raises
    ------
    EvidenceError
        Where rows of several measures are mixed.
    """
    usable = _usable(table)
    rows = table[usable].reset_index(drop=True)
    if rows.empty:
        return rows.assign(rows=pd.Series(dtype=int))
    _refuse_mixed_measures(rows)
    yi, vi, members = aggregate(
        rows["yi"],
        rows["vi"],
        rows[cluster].to_numpy(),
        V=covariance_blocks(rows, rho, cluster=cluster),
        weighted=weighted,
    )
    one = _one_row_each(rows, cluster, members)
    return one.assign(yi=yi, vi=vi, rows=[len(own) for own in members])


def _usable(table: pd.DataFrame) -> NDArray[np.bool_]:
    yi, vi = table["yi"].to_numpy(dtype=float), table["vi"].to_numpy(dtype=float)
    return np.isfinite(yi) & np.isfinite(vi) & (vi > 0)


def _refuse_mixed_measures(rows: pd.DataFrame) -> None:
    if "measure" in rows.columns and rows["measure"].nunique() > 1:
        counts = rows["measure"].value_counts()
        found = ", ".join(f"{word} ({count} rows)" for word, count in counts.items())
        raise EvidenceError(f"the rows mix measures: {found}. Pool each measure by itself.")


def _one_row_each(rows: pd.DataFrame, cluster: str, members: list[NDArray[np.intp]]) -> pd.DataFrame:
    """The first row of each trial; where the rows of a trial differ in a column, what they say together."""
    first = np.array([own[0] for own in members])
    trial = np.empty(len(rows), dtype=np.intp)
    for place, own in enumerate(members):
        trial[own] = place
    one = rows.iloc[first].reset_index(drop=True)
    if len(one) == len(rows):
        return one
    for name in rows.columns.drop([cluster, "yi", "vi"]):
        codes = pd.factorize(rows[name])[0]
        differs = np.unique(trial[codes != codes[first][trial]])
        if len(differs):
            one[name] = _merged(rows[name], str(name), first, differs, members)
    for name, key in zip(("n_t", "n_c"), arm_keys(rows, cluster), strict=True):
        if name in rows.columns:
            one[name] = _persons(rows[name].to_numpy(dtype=float), key, trial)
    return one


def _merged(
    column: pd.Series,
    name: str,
    first: NDArray[np.intp],
    differs: NDArray[np.intp],
    members: list[NDArray[np.intp]],
) -> NDArray[Any]:
    """One column, a cell a trial: that of its first row, or a joint one for the trials in `differs`."""
    values, join = _joinable(column, name)
    merged = values[first]
    merged[differs] = [join(values[members[place]]) for place in differs.tolist()]
    return merged


def _joinable(column: pd.Series, name: str) -> tuple[NDArray[Any], Callable[[NDArray[Any]], object]]:
    """The cells of a column, and what becomes of those of one trial where they differ."""
    if pd.api.types.is_bool_dtype(column):
        return column.to_numpy(dtype=bool), np.any
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        return numbers, _known_mean if name in AVERAGED else lambda cells: np.nan
    words = column.fillna("").astype(str).to_numpy(dtype=object)
    joiner = JOINERS.get(name, " / ")
    return words, lambda cells: joiner.join(dict.fromkeys(word for word in cells if word))


def _known_mean(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def _persons(n: Array, arm: NDArray[np.intp], trial: NDArray[np.intp]) -> Array:
    """Persons of each trial: every arm counted once, with the largest number any row gives it."""
    largest = pd.Series(n).groupby([trial, arm]).max()
    return np.asarray(largest.groupby(level=0).sum(min_count=1), dtype=np.float64)


def one_per_trial(
    table: pd.DataFrame, priority: pd.DataFrame | None = None, *, cluster: str = "trial_id"
) -> OnePerTrial:
    """The row of each trial that comes first in a stated order of instruments and raters.

    Parameters
    ----------
    table : DataFrame
        Rows of `effect_sizes`, usually of one outcome at one follow-up.
    priority : DataFrame, optional
        One rule a row, columns `outcome`, `rank` (1 is best), `instrument`, `rating`. An instrument may hold
        "*" and "?" for any characters, capitals do not count; "*" alone, or an empty cell, is any. A row of
        `table` has the best rank among the rules it fits, and comes last where it fits none.
    cluster : str
        Column that names the trial.

    Returns
    -------
    OnePerTrial
        `chosen`, one row a trial that has an effect, and `left_out`, every other row with its reason. Rows of
        equal rank go by instrument in alphabetical order, then by `row_id`, lowest first.

    Raises
    ------
    EvidenceError
        Where `priority` lacks a column or a rank is no number.
    """
    rank = _ranks(table, priority)
    order = pd.DataFrame(
        {
            "trial": table[cluster].to_numpy(),
            "unusable": ~_usable(table),
            "rank": rank,
            "instrument": _column_of_words(table, "instrument").str.lower().to_numpy(),
            "row_id": _sortable(_row_ids(table)).to_numpy(),
        }
    ).sort_values(["unusable", "rank", "instrument", "row_id"], kind="stable")
    first = order[~order["unusable"]].drop_duplicates("trial").index
    chosen = np.zeros(len(table), dtype=bool)
    chosen[first] = True
    return OnePerTrial(
        table[chosen].reset_index(drop=True), _excluded(table, order.loc[first], rank, chosen, cluster)
    )


def _excluded(
    table: pd.DataFrame, first: pd.DataFrame, rank: Array, chosen: NDArray[np.bool_], cluster: str
) -> pd.DataFrame:
    ids = _row_ids(table)
    winner = pd.Series(first.index, index=first["trial"]).reindex(table[cluster].to_numpy()).to_numpy()
    usable, why = _usable(table), _column_of_words(table, "yi_reason")
    reasons = []
    for at in np.flatnonzero(~chosen).tolist():
        if not usable[at]:
            reasons.append("no effect: " + (why.iloc[at] or "yi or vi is missing"))
            continue
        best = int(winner[at])
        ranks = f"rank {_rank_word(rank[best])} before {_rank_word(rank[at])}"
        tie = "equal rank, by instrument and row_id" if rank[best] == rank[at] else ranks
        reasons.append(f"row {ids.iloc[best]} of the same trial comes first ({tie})")
    return pd.DataFrame({"row_id": ids[~chosen].to_numpy(), "reason": reasons})


def _rank_word(rank: float) -> str:
    return "no rank" if np.isinf(rank) else f"{rank:g}"


def _ranks(table: pd.DataFrame, priority: pd.DataFrame | None) -> Array:
    """Best rank among the rules that each row fits; infinite where it fits none."""
    rank = np.full(len(table), np.inf)
    if priority is None:
        return rank
    missing = [name for name in PRIORITY_COLUMNS if name not in priority.columns]
    if missing:
        raise SchemaError(
            f"priority lacks {', '.join(missing)}; expected the columns {', '.join(PRIORITY_COLUMNS)}."
        )
    ranks = pd.to_numeric(priority["rank"], errors="coerce")
    problems = [
        f"priority, line {at + 2}, column 'rank': expected a number, found {priority['rank'].iloc[at]!r}."
        for at in np.flatnonzero(ranks.isna()).tolist()
    ]
    if problems:
        raise EvidenceError.from_problems(problems)
    words = {name: _column_of_words(table, name).str.lower() for name in ("outcome", "instrument", "rating")}
    rules = {name: _column_of_words(priority, name).str.lower().replace("", ANY) for name in words}
    for at, this in enumerate(ranks.to_numpy(dtype=float)):
        fits = np.ones(len(table), dtype=bool)
        for name, cells in words.items():
            fits &= cells.str.match(translate(rules[name].iloc[at])).to_numpy(dtype=bool)
        rank = np.where(fits, np.minimum(rank, this), rank)
    return rank


def _row_ids(table: pd.DataFrame) -> pd.Series:
    ids = table["row_id"] if "row_id" in table.columns else pd.Series(table.index, index=table.index)
    return ids.astype(str)


def _sortable(ids: pd.Series) -> pd.Series:
    """Numbers within ids padded, so that "row 2" comes before "row 10"."""
    return ids.str.replace(r"\d+", lambda digits: digits.group().zfill(12), regex=True)


def _column_of_words(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table.columns:
        return pd.Series("", index=table.index, dtype=str)
    return table[name].fillna("").astype(str).str.strip()
