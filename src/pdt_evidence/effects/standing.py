"""Which rows may stand for a trial: scores of symptoms before counts of persons.

A trial that reports a depression score and how many remitted reports one thing twice: the count is the score, cut
in two. In a pool of standardised mean differences the score stands for the trial; the count enters only where
there is nothing else, or is pooled as what it is, an odds or risk ratio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import codes_of, joint_codes
from pdt_evidence.effects.bases import plain_basis
from pdt_evidence.effects.left_out import rows_left_out
from pdt_evidence.errors import EvidenceError

__all__ = [
    "EVENTS",
    "OF_COUNTS",
    "OUTCOME_KINDS",
    "counts_persons",
    "outcome_kind",
    "primary_outcome",
    "scores_before_events",
]

EVENTS = ("fallback", "never", "pool")
OUTCOME_KINDS = ("score", "response")
OF_COUNTS = ("events", "reported OR", "reported RR", "reported RD")  # in `yi_basis`
SAME_OUTCOME = ("trial_id", "comparison", "outcome", "follow_up")
TRUE = ("true", "yes", "1", "1.0", "primary")


def outcome_kind(table: pd.DataFrame) -> NDArray[np.str_]:
    """What each row measures: a score of persons, or how many persons had an event.

    Parameters
    ----------
    table : DataFrame
        Rows of `effect_sizes`. Rows without an effect are known by their arms' counts.

    Returns
    -------
    ndarray of str, shape (rows,)
        "response" where the effect comes from counts or a ratio of odds or risks, else "score"; also "score" where
        a table brings `yi` and `vi` and does not say what they were made of.

    Examples
    --------
    >>> import pandas as pd
    >>> outcome_kind(pd.DataFrame({"yi_basis": ["means", "events", "reported OR"]})).tolist()
    ['score', 'response', 'response']
    """
    return np.where(counts_persons(table, len(table)), "response", "score")


def counts_persons(columns: pd.DataFrame | Mapping[Any, Any], rows: int) -> NDArray[np.bool_]:
    """Which rows are of kind "response"; `columns` may have `yi_basis`, `event_t` and `mean_t`."""
    if "yi_basis" not in columns:
        return np.zeros(rows, dtype=bool)
    words = np.asarray(columns["yi_basis"], dtype=object)
    of_counts = {word: plain_basis(str(word)) in OF_COUNTS for word in set(words)}
    counts = np.array([of_counts[word] for word in words], dtype=bool)
    if "event_t" in columns and "mean_t" in columns:
        event, mean = (pd.isna(np.asarray(columns[name], dtype=object)) for name in ("event_t", "mean_t"))
        counts |= (pd.isna(words) | (words == "")) & ~event & mean
    return counts


def primary_outcome(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows of the outcome that their trial names as primary, in a column `primary`; none without that column."""
    if "primary" not in table.columns:
        return np.zeros(len(table), dtype=bool)
    words = table["primary"].to_numpy(dtype=object)
    return np.array([str(word).strip().lower() in TRUE for word in words], dtype=bool)


def scores_before_events(
    table: pd.DataFrame, events: str = "fallback", by: Sequence[str] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set counts of persons aside where the same trial, comparison, outcome and window has a score.

    Only standardised mean differences: an odds or risk ratio is pooled as what it is.

    Parameters
    ----------
    table : DataFrame
        Rows with an effect and a `row_id`; those whose `measure` is not "SMD" are kept.
    events : {"fallback", "never", "pool"}
        Whether counts are used where a trial has nothing else, never, or always.
    by : sequence of str
        Further columns within which scores and counts are compared: those of the strata.

    Returns
    -------
    kept, set_aside : DataFrame
        `set_aside` as `rows_left_out` gives it.

    Raises
    ------
    EvidenceError
        Where no row is left.
    """
    counts = _as_differences(table) & counts_persons(table, len(table))
    if events == "pool" or not counts.any():
        return table, rows_left_out(table.iloc[:0], "")
    reasons = np.full(len(table), "counts persons with an event; only scores are pooled", dtype=object)
    aside = counts
    if events == "fallback":
        aside, reasons = _beside_scores(table, counts, by)
    if aside.all():
        raise EvidenceError(
            "There is nothing to pool: every row counts persons with an event. "
            "Use events='fallback', or pool them as ratios: synthesize(table, outcome_kind='response')."
        )
    return table[~aside].reset_index(drop=True), rows_left_out(table[aside], reasons[aside])


def _as_differences(table: pd.DataFrame) -> NDArray[np.bool_]:
    if "measure" not in table.columns:
        return np.zeros(len(table), dtype=bool)
    return np.asarray(table["measure"], dtype=object) == "SMD"


def _beside_scores(
    table: pd.DataFrame, counts: NDArray[np.bool_], by: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.object_]]:
    """Which counts stand beside a score of the same patients, and the sentence that names the first such score."""
    names = [name for name in dict.fromkeys((*SAME_OUTCOME, *by)) if name in table.columns]
    same = joint_codes([codes_of(table[name]) for name in names])
    score = np.full(same.max() + 1, -1)
    at = np.flatnonzero(~counts)[::-1]
    score[same[at]] = at  # the first row of each wins
    aside = counts & (score[same] >= 0)
    ids = table["row_id"].astype(str).to_numpy(dtype=object)
    reasons = np.full(len(table), "", dtype=object)
    for row in np.flatnonzero(aside).tolist():
        beside = str(ids[score[same[row]]]).removeprefix("row ")
        reasons[row] = (
            f"counts persons with an event; row {beside} of the same trial has a score of this outcome"
        )
    return aside, reasons
