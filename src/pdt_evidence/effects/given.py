"""Effects that a table brings itself: finite numbers, with variances above 0."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.frames import found_in, numbers_given

__all__ = ["given_effects"]

EXPECTED = {"yi": "a finite number", "vi": "a finite number above 0"}
NO_NUMBERS = {
    "b": "truth values",
    "c": "complex numbers",
    "m": "dates or durations",
    "M": "dates or durations",
}


def given_effects(table: pd.DataFrame) -> pd.DataFrame:
    """The table with what it has of `yi` and `vi` as floats; NaN where a cell is blank.

    Raises
    ------
    EvidenceError
        For all rows at once whose effect is no finite number, or whose variance is none above 0.
    """
    names = [name for name in EXPECTED if name in table.columns]
    kinds = {name: NO_NUMBERS.get(table[name].dtype.kind) for name in names}
    if others := [f"column {name!r} holds {kind}: expected numbers." for name, kind in kinds.items() if kind]:
        raise EvidenceError.from_problems(others)
    numbers, problems = {}, []
    for name in names:
        cells, wrong = numbers_given(table[name])
        wrong = wrong | np.isinf(cells)
        if name == "vi":
            wrong |= cells <= 0
        if "yi" in numbers:  # without an effect a row is left out in any case
            wrong &= ~np.isnan(numbers["yi"])
        numbers[name] = cells
        problems += [(at, found_in(table, name, at, EXPECTED[name])) for at in np.flatnonzero(wrong).tolist()]
    if problems:
        raise EvidenceError.from_problems([text for _, text in sorted(problems)], "effects of the table")
    new = {name: cells for name, cells in numbers.items() if table[name].dtype != np.float64}
    return table.assign(**new) if new else table
