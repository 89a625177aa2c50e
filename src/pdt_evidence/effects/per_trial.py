"""One row a trial, so that pooled rows are independent: all rows in one value, or one row chosen by a rule."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fnmatch import translate
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, codes_of
from pdt_evidence.effects.dependence import aggregate as combine
from pdt_evidence.effects.shared_arms import arm_keys, covariance_blocks
from pdt_evidence.effects.standing import outcome_kind, primary_outcome
from pdt_evidence.errors import EvidenceError, SchemaError, known_options, require_choice

__all__ = [
    "AGGREGATES",
    "PRIORITY_COLUMNS",
    "OnePerTrial",
    "aggregate_rows",
    "aggregated_cells",
    "first_in_order",
    "one_per_trial",
    "standing",
]

PRIORITY_COLUMNS = ("outcome", "rank", "instrument", "rating")
AGGREGATES = ("mean", "gls")
AVERAGED = ("weeks", "months_since_end")
JOINERS = {"row_id": "+"}
KINDS = ("flags", "numbers", "words")
ANY = "*"
Cells = Any  # of one column: an array of numpy or of pandas
Joint = tuple[NDArray[np.intp], NDArray[Any]]  # places, and the cell of each


class OnePerTrial(NamedTuple):
    """The rows chosen, and those not: `row_id` and `reason`."""

    chosen: pd.DataFrame
    left_out: pd.DataFrame


@known_options
def aggregate_rows(
    table: pd.DataFrame, *, rho: float = 0.6, aggregate: str = "mean", cluster: str = "trial_id"
) -> pd.DataFrame:
    """All rows of a trial in one, under the covariance of `covariance_blocks`.

    The plain mean of m effects has the variance (1/m)^2 (sum of v_i + sum over i != j of cov_ij), where cov_ij is
    rho sqrt(v_i v_j) for two measurements of the same arms [1]_; it lies within its effects.

    Parameters
    ----------
    table : DataFrame
        Rows of `effect_sizes`, of one measure. Rows without `yi` do not take part.
    rho : float
        Correlation between two measurements of the same persons.
    aggregate : {"mean", "gls"}
        The plain mean, or weights by the inverse of the covariance. Those are the most precise if the covariance is
        right, but turn negative where precisions differ much: the value may then lie outside the effects it is
        made of.
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
        Where rows of several measures are mixed within a trial.

    References
    ----------
    .. [1] Borenstein M, Hedges LV, Higgins JPT, Rothstein HR. Introduction to meta-analysis. Wiley, 2009, ch. 24.
       doi:10.1002/9780470743386.ch24

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"row_id": ["a", "b"], "trial_id": "A", "yi": [0.2, 0.6], "vi": [0.04, 0.09]})
    >>> aggregate_rows(rows, rho=0.5)[["row_id", "yi", "vi"]].round(4).to_numpy().tolist()
    [['a+b', 0.4, 0.0475]]
    """
    require_choice("aggregate", aggregate, AGGREGATES)
    return pd.DataFrame(aggregated_cells(table, rho=rho, aggregate=aggregate, cluster=cluster))


def aggregated_cells(
    table: pd.DataFrame, *, rho: float, aggregate: str, cluster: str
) -> dict[Hashable, Cells]:
    """The columns of `aggregate_rows`, not yet put together into a table."""
    rows = table[_usable(table)].reset_index(drop=True)
    if rows.empty:
        return {name: rows[name].array for name in rows.columns} | {"rows": np.empty(0, dtype=int)}
    _refuse_mixed_measures(rows, cluster)
    yi, vi, members = combine(
        rows["yi"],
        rows["vi"],
        rows[cluster].to_numpy(),
        V=covariance_blocks(rows, rho, cluster=cluster),
        weighted=aggregate == "gls",
    )
    one = _one_row_each(rows, cluster, members)
    return one | {"yi": yi, "vi": vi, "rows": np.array([len(own) for own in members])}


def _usable(table: pd.DataFrame) -> NDArray[np.bool_]:
    yi, vi = table["yi"].to_numpy(dtype=float), table["vi"].to_numpy(dtype=float)
    return np.isfinite(yi) & np.isfinite(vi) & (vi > 0)


def _refuse_mixed_measures(rows: pd.DataFrame, cluster: str) -> None:
    if "measure" not in rows.columns or rows["measure"].nunique() < 2:
        return
    mixed = rows[rows.groupby(cluster, sort=False)["measure"].transform("nunique").gt(1)]
    if len(mixed):
        counts = mixed["measure"].value_counts()
        found = ", ".join(f"{word} ({count} rows)" for word, count in counts.items())
        raise EvidenceError(f"the rows mix measures: {found}. Pool each measure by itself.")


def _one_row_each(rows: pd.DataFrame, cluster: str, members: list[NDArray[np.intp]]) -> dict[Hashable, Cells]:
    """The first row of each trial; where the rows of a trial differ in a column, what they say together."""
    sizes = np.array([len(own) for own in members])
    order = np.concatenate(members)
    first = order[np.cumsum(sizes) - sizes]
    one: dict[Hashable, Cells] = {name: rows[name].array.take(first) for name in rows.columns}
    if len(first) == len(rows):
        return one
    several = np.flatnonzero(np.repeat(sizes > 1, sizes))  # rows that have others of their trial beside them
    places = np.repeat(np.arange(len(members)), sizes)[several]
    for name, joint in _joint_cells(rows.take(order[several]), {cluster, "yi", "vi"}, places).items():
        one[name] = _with_joint(one[name], *joint)
    n = [name for name in ("n_t", "n_c") if name in rows.columns]
    if n:
        trial = np.empty(len(rows), dtype=np.intp)
        trial[order] = np.repeat(np.arange(len(members)), sizes)
        keys: dict[str, NDArray[np.intp]] = dict(zip(("n_t", "n_c"), arm_keys(rows, cluster), strict=True))
        one |= {name: _persons(rows[name].to_numpy(dtype=float), keys[name], trial) for name in n}
    return one


def _joint_cells(
    table: pd.DataFrame, passed_over: set[str], places: NDArray[np.intp]
) -> dict[Hashable, Joint]:
    """By column, the trials whose rows differ there, and the cell of each; nothing where all agree.

    `places` holds the trial of each row, rows of one trial beside each other. Columns of a kind are looked at
    together: a table has many of them, and few differ.
    """
    starts = np.flatnonzero(np.r_[True, places[1:] != places[:-1]])
    kinds = {name: _kind(dtype) for name, dtype in table.dtypes.items() if name not in passed_over}
    found: dict[Hashable, Joint] = {}
    for kind in KINDS:
        own = [name for name in kinds if kinds[name] == kind]
        if not own:
            continue
        values, missing = _cells(table[own], kind)
        differs = _differing(values, missing, starts)
        for at in np.flatnonzero(differs.any(axis=0)).tolist():
            unlike = np.flatnonzero(differs[:, at])
            cells = _together(values[:, at], own[at], kind, starts, unlike)
            found[own[at]] = places[starts[unlike]], cells
    return found


def _kind(dtype: Any) -> str:
    return "flags" if dtype.kind == "b" else "numbers" if dtype.kind in "iufc" else "words"


def _cells(table: pd.DataFrame, kind: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The cells, shape (rows, columns), and which of them are missing."""
    if kind == "flags":
        flags = table.to_numpy(dtype=bool)
        return flags, np.zeros(flags.shape, dtype=bool)
    if kind == "numbers":
        numbers = table.to_numpy(dtype=float, na_value=np.nan)
        return numbers, np.isnan(numbers)
    words = table.to_numpy(dtype=object, copy=True)
    missing = pd.isna(words)
    words[missing] = ""
    return words, missing


def _together(
    values: NDArray[Any], name: Hashable, kind: str, starts: NDArray[np.intp], unlike: NDArray[np.intp]
) -> NDArray[Any]:
    """What the rows of each trial that is `unlike` within itself say together in one column."""
    if kind == "flags":
        return np.ones(len(unlike), dtype=bool)
    if kind == "numbers":
        means = name in AVERAGED
        return _known_means(values, starts)[unlike] if means else np.full(len(unlike), np.nan)
    cells = np.empty(len(unlike), dtype=object)
    ends, joiner = np.r_[starts[1:], len(values)], JOINERS.get(str(name), " / ")
    for at, place in enumerate(unlike.tolist()):
        words = dict.fromkeys(str(word) for word in values[starts[place] : ends[place]] if word != "")
        cells[at] = joiner.join(words)
    return cells


def _differing(
    values: NDArray[Any], missing: NDArray[np.bool_], starts: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which trials (by row) have a cell unlike their first in which column; a missing one is like a missing one."""
    lengths = np.diff(np.r_[starts, len(values)])
    head = np.repeat(starts, lengths)
    unlike = (missing != missing[head]) | (~missing & (values != values[head]).astype(bool))
    return np.asarray(np.logical_or.reduceat(unlike, starts), dtype=np.bool_)


def _with_joint(column: Cells, places: NDArray[np.intp], cells: NDArray[Any]) -> NDArray[Any]:
    """A cell a trial: that of its first row, or the joint one of the trials in `places`."""
    kind = _kind(column.dtype)
    if kind == "flags":
        values: NDArray[Any] = np.array(column, dtype=bool)
    elif kind == "numbers":
        values = pd.Series(column).to_numpy(dtype=float, na_value=np.nan, copy=True)
    else:
        values = np.array(column, dtype=object)
        values[pd.isna(values)] = ""
    values[places] = cells
    return values


def _known_means(values: Array, starts: NDArray[np.intp]) -> Array:
    known = ~np.isnan(values)
    count = np.add.reduceat(known.astype(float), starts)
    total = np.add.reduceat(np.where(known, values, 0.0), starts)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _persons(n: Array, arm: NDArray[np.intp], trial: NDArray[np.intp]) -> Array:
    """Persons of each trial: every arm counted once, with the largest number any row gives it."""
    known = ~np.isnan(n)
    largest = np.full(arm.max() + 1, -np.inf)
    np.maximum.at(largest, arm[known], n[known])
    arms, at = np.unique(arm, return_index=True)
    counted = np.isfinite(largest[arms])
    persons = np.bincount(trial[at[counted]], weights=largest[arms[counted]], minlength=trial.max() + 1)
    some = np.bincount(trial[at[counted]], minlength=trial.max() + 1) > 0
    return np.where(some, persons, np.nan)


def one_per_trial(
    table: pd.DataFrame,
    priority: pd.DataFrame | None = None,
    *,
    rho: float = 0.6,
    cluster: str = "trial_id",
) -> OnePerTrial:
    """The row of each trial that comes first in a stated order, never by lot or letter.

    Scores come before counts of persons, the outcome that the trial names as primary (column `primary`) before
    others, named instruments before unnamed ones, then the rank in `priority`. Rows that still tie are averaged.

    Parameters
    ----------
    table : DataFrame
        Rows of `effect_sizes`, usually of one outcome at one follow-up.
    priority : DataFrame, optional
        One rule a row, columns `outcome`, `rank` (1 is best), `instrument`, `rating`. An instrument may hold
        "*" and "?" for any characters, capitals do not count; "*" alone, or an empty cell, is any. A row of
        `table` has the best rank among the rules it fits, and comes last where it fits none.
    rho : float
        Correlation between two measurements of the same persons, for rows that tie.
    cluster : str
        Column that names the trial.

    Returns
    -------
    OnePerTrial
        `chosen`, one row a trial that has an effect, and `left_out`, every other row with its reason. Tied rows
        are one row in `chosen`, their plain mean, as in `aggregate_rows`.

    Raises
    ------
    EvidenceError
        Where `priority` lacks a column or a rank is no number, or rows of several measures tie.
    """
    usable = np.flatnonzero(_usable(table))
    keys = standing(table, priority)
    trial = codes_of(table[cluster])
    winner = first_in_order(keys, trial, usable)
    chosen = np.zeros(len(table), dtype=bool)
    chosen[usable] = np.all([key[usable] == key[winner[usable]] for key in keys.values()], axis=0)
    one = aggregate_rows(table[chosen].reset_index(drop=True), rho=rho, cluster=cluster)
    return OnePerTrial(one.drop(columns="rows"), _excluded(table, winner, keys, chosen))


def first_in_order(
    keys: Mapping[str, Array], trial: NDArray[np.intp], rows: NDArray[np.intp]
) -> NDArray[np.intp]:
    """The row of its trial that comes first among `rows`, for every row; -1 where its trial has none."""
    order = rows[np.lexsort([*(key[rows] for key in reversed(list(keys.values()))), trial[rows]])]
    best = np.full(trial.max(initial=-1) + 1, -1)
    best[trial[order[::-1]]] = order[::-1]
    return best[trial]


def standing(table: pd.DataFrame, priority: pd.DataFrame | None) -> dict[str, Array]:
    """What a row's place in the order depends on, weightiest first; lower is better."""
    return {
        "kind": (outcome_kind(table) == "response").astype(float),
        "primary": (~primary_outcome(table)).astype(float),
        "named": _column_of_words(table, "instrument").eq("").to_numpy().astype(float),
        "rank": _ranks(table, priority),
    }


WHY = {
    "kind": "a score before a count of persons",
    "primary": "the trial's primary outcome",
    "named": "a named instrument before an unnamed one",
}


def _excluded(
    table: pd.DataFrame, winner: NDArray[np.intp], keys: dict[str, Array], chosen: NDArray[np.bool_]
) -> pd.DataFrame:
    ids = _row_ids(table)
    usable, why = _usable(table), _column_of_words(table, "yi_reason")
    reasons = []
    for at in np.flatnonzero(~chosen).tolist():
        if not usable[at]:
            reasons.append("no effect: " + (why.iloc[at] or "yi or vi is missing"))
            continue
        best = int(winner[at])
        name = next(name for name, key in keys.items() if key[best] != key[at])
        ranks = f"rank {_rank_word(keys['rank'][best])} before {_rank_word(keys['rank'][at])}"
        reasons.append(f"row {ids.iloc[best]} of the same trial comes first ({WHY.get(name, ranks)})")
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


def _column_of_words(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table.columns:
        return pd.Series("", index=table.index, dtype=str)
    return table[name].fillna("").astype(str).str.strip()
