"""One row a trial, so that pooled rows are independent: all rows in one value, or one row chosen by a rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import translate
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, codes_of, words_in
from pdt_evidence.effects.columns import Columns
from pdt_evidence.effects.given import HOW_FROM_MEANS, MEANS_UNUSED, means_unused
from pdt_evidence.effects.left_out import rows_left_out
from pdt_evidence.effects.own_arms import effects_of_means
from pdt_evidence.effects.standing import counts_persons, primary_outcome
from pdt_evidence.effects.together import Aggregation, with_effect
from pdt_evidence.errors import EvidenceError, SchemaError, known_options, require_choice, warn
from pdt_evidence.evidence.frames import as_table
from pdt_evidence.formatting import counted

__all__ = [
    "AGGREGATES",
    "PRIORITY_COLUMNS",
    "OnePerTrial",
    "aggregate_rows",
    "first_in_order",
    "one_per_trial",
    "standing",
]

PRIORITY_COLUMNS = ("outcome", "rank", "instrument", "rating")
AGGREGATES = ("mean", "gls")
ANY = "*"


class OnePerTrial(NamedTuple):
    """The rows chosen, and those not, each with its `reason`."""

    chosen: pd.DataFrame
    left_out: pd.DataFrame


@known_options
def aggregate_rows(
    table: pd.DataFrame, *, rho: float = 0.6, aggregate: str = "mean", cluster: str = "trial_id"
) -> pd.DataFrame:
    """All rows of a trial in one, under the covariance of `covariance_blocks`.

    The plain mean of m effects has the variance (1/m)^2 (sum of v_i + sum over i != j of cov_ij), where cov_ij is
    rho sqrt(v_i v_j) for two measurements of the same arms [1]_; it lies within its effects.

    Counts of patients are averaged with the scores of their trial. `synthesize` pools the scores alone where there are
    some: `studies()` of its result is the table of what it pooled, for `metareg` and `compare_subgroups`.

    Parameters
    ----------
    table : DataFrame
        Rows of `effect_sizes`, of one measure. Rows without `yi` do not take part. A table with the means of both
        arms and neither yi nor vi is given Hedges' g first.
    rho : float
        Correlation between two measurements of the same persons.
    aggregate : {"mean", "gls"}
        The plain mean, or weights by the inverse of the covariance. Those are the most precise if the covariance is
        right, but turn negative where precisions differ much: the value may then lie outside the effects it is
        made of.
    cluster : str
        Column that names the trial; a table without `trial_id` has a study for each trial, as in `synthesize`.

    Returns
    -------
    DataFrame
        One row a trial, in order of first appearance, with the columns of `table` and `rows`, how many went in.
        `row_id` is joined by "+", other words by " / ". `n_t` and `n_c` count each arm of the trial once, by its
        largest number; `weeks` and the months since end and start are averaged. Any other number is kept where all
        rows of the trial agree, else NaN.

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
    >>> import pdt_evidence as pdt
    >>> rows = pd.DataFrame({"row_id": ["a", "b"], "trial_id": "A", "yi": [0.2, 0.6], "vi": [0.04, 0.09]})
    >>> pdt.aggregate_rows(rows, rho=0.5)[["row_id", "yi", "vi"]].round(4).to_numpy().tolist()
    [['a+b', 0.4, 0.0475]]
    """
    require_choice("aggregate", aggregate, AGGREGATES)
    table = effects_of_means(table)
    _tell_means_unused(table)
    if cluster == "trial_id" and cluster not in table.columns and "study" in table.columns:
        cluster = "study"
    cells = Aggregation(Columns.of(table), cluster).cells(rho, aggregate)
    return as_table(cells, dict(zip(table.columns.tolist(), table.dtypes.tolist(), strict=True)))


def _tell_means_unused(table: pd.DataFrame) -> None:
    """Rows without an effect take no part, but not in silence where one could be computed."""
    count = int(means_unused(table).sum())
    if count:
        warn(f"{counted(count, 'row')} without yi or vi left out: {MEANS_UNUSED}. {HOW_FROM_MEANS}.")


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
    usable = np.flatnonzero(with_effect(table))
    keys = standing(table, priority)
    trial = codes_of(table[cluster])
    winner = first_in_order(keys, trial, usable)
    chosen = np.zeros(len(table), dtype=bool)
    chosen[usable] = np.all([key[usable] == key[winner[usable]] for key in keys.values()], axis=0)
    one = aggregate_rows(table[chosen].reset_index(drop=True), rho=rho, cluster=cluster)
    return OnePerTrial(one, _excluded(table, winner, keys, chosen))


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
        "kind": counts_persons(table, len(table)).astype(float),
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
    usable, why = with_effect(table), _column_of_words(table, "yi_reason")
    reasons = []
    for at in np.flatnonzero(~chosen).tolist():
        if not usable[at]:
            reasons.append("no effect: " + (why.iloc[at] or "yi or vi is missing"))
            continue
        best = int(winner[at])
        name = next(name for name, key in keys.items() if key[best] != key[at])
        ranks = f"rank {_rank_word(keys['rank'][best])} before {_rank_word(keys['rank'][at])}"
        reasons.append(
            f"row {ids.iloc[best].removeprefix('row ')} of the same trial comes first ({WHY.get(name, ranks)})"
        )
    return rows_left_out(table.assign(row_id=ids)[~chosen], reasons)


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
    fits = np.ones((len(priority), len(table)), dtype=bool)
    for name in ("outcome", "instrument", "rating"):
        words, place = np.unique(_lower(table, name), return_inverse=True)
        for at, rule in enumerate(_lower(priority, name)):
            matches = re.compile(translate(rule or ANY)).match
            fits[at] &= np.array([matches(word) is not None for word in words], dtype=bool)[place]
    return np.where(fits, ranks.to_numpy(dtype=float)[:, None], np.inf).min(axis=0, initial=np.inf)


def _lower(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    return np.array([word.strip().lower() for word in words_in(table, name).tolist()], dtype=object)


def _row_ids(table: pd.DataFrame) -> pd.Series:
    ids = table["row_id"] if "row_id" in table.columns else pd.Series(table.index, index=table.index)
    return ids.astype(str)


def _column_of_words(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table.columns:
        return pd.Series("", index=table.index, dtype=str)
    return table[name].fillna("").astype(str).str.strip()
