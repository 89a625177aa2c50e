"""When an effect was measured: months since treatment ended, or since it started.

Trials of long and short treatments measured "a year after randomisation" stand in one window by the clock that starts
with treatment, and in several by the clock that starts at its end.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdt_evidence.effects.arrays import Array, numbers_in
from pdt_evidence.errors import EvidenceError, require_choice
from pdt_evidence.evidence import WINDOWS, follow_up_window
from pdt_evidence.evidence.frames import with_numbers

__all__ = ["CLOCKS", "WINDOWS_FROM_START", "months_on_clock", "on_clock", "window_place"]

CLOCKS = ("end", "start")
START_EDGES = (3.0, 6.0, 12.0, 24.0)  # months; the first of each window but the first
WINDOWS_FROM_START = (
    "to 3 months",
    "3 to 6 months",
    "6 to 12 months",
    "12 to 24 months",
    "from 24 months",
    "unknown",
)
WEEKS_A_MONTH = 365.25 / 12 / 7


def months_on_clock(table: pd.DataFrame, clock: str = "end") -> Array:
    """Months since the end or the start of treatment.

    Parameters
    ----------
    table : DataFrame
        With any of `months_since_end`, `months_since_start`, `weeks` (since randomisation) and `treatment_weeks`.
    clock : {"end", "start"}

    Returns
    -------
    ndarray, shape (rows,)
        As the table says; else worked out: from the start, weeks since randomisation, or the length of treatment
        and the months since its end; from the end, weeks since randomisation less the length of treatment. NaN
        where a row gives none of these.

    Raises
    ------
    RequestError
        Where the clock is unknown.
    EvidenceError
        Where a cell holds no number.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"weeks": [26.0, None], "months_since_end": [0.0, 6.0]})
    >>> months_on_clock(rows, "start").round(1).tolist()
    [6.0, nan]
    """
    require_choice("clock", clock, CLOCKS)
    table = with_numbers(table, "months_since_end", "months_since_start", "weeks", "treatment_weeks")
    from_end = numbers_in(table, "months_since_end")
    since_start = numbers_in(table, "weeks") / WEEKS_A_MONTH
    length = numbers_in(table, "treatment_weeks") / WEEKS_A_MONTH
    if clock == "end":
        return _first_known(from_end, since_start - length)
    return _first_known(numbers_in(table, "months_since_start"), since_start, from_end + length)


def on_clock(table: pd.DataFrame, clock: str = "end") -> pd.DataFrame:
    """The table with `follow_up` by a clock.

    Parameters
    ----------
    table : DataFrame
        As `months_on_clock` takes it.
    clock : {"end", "start"}
        By the end, a `follow_up` that the table has stays.

    Returns
    -------
    DataFrame
        `follow_up` is one of `WINDOWS`, or by the start one of `WINDOWS_FROM_START` ("3 to 6 months" holds 3, not 6).

    Raises
    ------
    EvidenceError
        Where no row says when it was measured by that clock.
    """
    if clock == "end" and "follow_up" in table.columns:
        return table
    months = months_on_clock(table, clock)
    if len(table) and np.isnan(months).all():
        sources = (
            "months_since_start, weeks (since randomisation), or treatment_weeks with months_since_end"
            if clock == "start"
            else "months_since_end, or weeks (since randomisation) with treatment_weeks"
        )
        raise EvidenceError(
            f"No row says how many months after the {clock} of treatment it was measured. Fill in {sources}."
        )
    if clock == "end":
        return table.assign(follow_up=follow_up_window(months))
    return table.assign(follow_up=_from_start(months), months_since_start=months)


def window_place(word: str) -> int:
    """Where a window stands in the order of time, on either clock; words that are none come last."""
    for words in (WINDOWS, WINDOWS_FROM_START):
        if word in words:
            return words.index(word)
    return max(len(WINDOWS), len(WINDOWS_FROM_START))


def _from_start(months: Array) -> np.ndarray:
    known = np.isfinite(months) & (months >= 0)
    places = np.where(known, np.searchsorted(START_EDGES, months, side="right"), len(WINDOWS_FROM_START) - 1)
    return np.array(WINDOWS_FROM_START)[places]


def _first_known(*columns: Array) -> Array:
    found = columns[0]
    for column in columns[1:]:
        found = np.where(np.isnan(found), column, found)
    return found
