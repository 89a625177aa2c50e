"""Effects that a table brings itself: finite numbers, with variances above 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import numbers_in, words_in
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.frames import found_in, numbers_given
from pdt_evidence.evidence.readers.columns import ARM_DATA

__all__ = ["HOW_FROM_MEANS", "MEANS_UNUSED", "given_effects", "means_unused", "why_without"]

MEANS_UNUSED = "means of both arms are not used beside effects that are given"
HOW_FROM_MEANS = (
    'effect_sizes(table, measure="SMD") computes all effects from arm data, as --measure SMD does'
)

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


def means_unused(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows have the means of both arms, and neither an effect nor a reason why there is none."""
    effect = numbers_in(table, "yi") + numbers_in(table, "vi")
    means = np.sum([numbers_in(table, name) for name in ARM_DATA["means"]], axis=0)
    return np.isnan(effect) & ~np.isnan(means) & (words_in(table, "yi_reason") == "")


def why_without(table: pd.DataFrame, lacking: Sequence[str]) -> list[str]:
    """Why each row without an effect has none: what it lacks, and what it has that is not used."""
    more = f"; {MEANS_UNUSED}: {HOW_FROM_MEANS}"
    unused = means_unused(table).tolist()
    return [f"{reason}{more if means else ''}" for reason, means in zip(lacking, unused, strict=True)]
