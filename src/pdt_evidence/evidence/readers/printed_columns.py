"""Columns for what trials print instead of means and SDs: medians, scores before, tests, clusters.

The bundled trials have none of them; they are of a user's table, and `effect_sizes` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pdt_evidence.evidence.p_values import P_COLUMNS, read_p
from pdt_evidence.evidence.schema import Field, Problem, cell_problems

__all__ = ["PRINTED_FIELDS", "PRINTED_SETS", "printed_problems", "with_bounds"]

ARM = {"t": "arm 1", "c": "arm 2"}
IN_ORDER = ("min", "q1", "median", "q3", "max")
OF_ARMS = {
    "median": "Median of {arm}, in the unit of the scores; with its quartiles, its range or both.",
    "q1": "Lower quartile of {arm}.",
    "q3": "Upper quartile of {arm}.",
    "min": "Least score of {arm}.",
    "max": "Greatest score of {arm}.",
    "mean_pre": "Mean before treatment of {arm}.",
    "sd_pre": "SD before treatment of {arm}; with r and mean changes it gives an effect.",
}
OF_ROWS = (
    ("r", "number", "Correlation of the scores before and after, between -1 and 1."),
    (
        "t",
        "number",
        "t of an unpaired test of the arms; above 0 favours arm 1, unless favours says otherwise.",
    ),
    ("f", "number", "F of a test of the two arms, with 1 degree of freedom; favours says which way."),
    ("p", "number", "Two-sided p of an unpaired test, or a bound such as < .001; favours says which way."),
    ("favours", "string", "Which arm did better by t, F or p: arm 1 or arm 2."),
    ("icc", "number", "Intracluster correlation of a trial randomised in clusters, from 0 to below 1."),
    ("cluster_size", "number", "Persons in a cluster, on average."),
)
PRINTED_FIELDS = (
    *(
        Field(name=f"{name}_{key}", type="number", description=text.format(arm=arm))
        for key, arm in ARM.items()
        for name, text in OF_ARMS.items()
    ),
    *(
        Field(name=name, type=kind, description=text, enum=("arm 1", "arm 2") if name == "favours" else ())
        for name, kind, text in OF_ROWS
    ),
)
PRINTED_SETS = {
    "medians": ("median_t", "n_t", "median_c", "n_c"),
    "changes": ("mean_t", "sd_pre_t", "n_t", "mean_c", "sd_pre_c", "n_c", "r"),
    "t": ("t", "n_t", "n_c"),
    "F": ("f", "n_t", "n_c"),
    "p": ("p", "n_t", "n_c"),
}
FIX = "Correct it, or leave the cell blank."


def with_bounds(field: Field, data: pd.DataFrame) -> Field:
    """A column of p values as text where one of them is a bound ("< .001") or a word, else as it is."""
    if field.name not in P_COLUMNS or field.name not in data.columns or data[field.name].dtype == float:
        return field
    _, bounds, _ = read_p(data[field.name].astype(str))
    return replace(field, type="string", minimum=None, maximum=None) if (bounds != "").any() else field


def printed_problems(table: pd.DataFrame, lines: Sequence[int] | None = None) -> list[Problem]:
    """Cells of these columns that cannot be true: quartiles upside down, a correlation of 1, a negative ICC …"""
    problems = []
    for name in [name for name in P_COLUMNS if name in table.columns]:
        numbers, _, wrong = read_p(table[name])
        expected = "expected a p from 0 to 1, or a bound such as < .001"
        problems += cell_problems(table, name, wrong | (numbers < 0) | (numbers > 1), expected, lines, FIX)
    for name, expected, wrong in (
        ("r", "a correlation between -1 and 1, both excluded", lambda r: r.abs() >= 1),
        ("f", "an F, 0 or more", lambda f: f < 0),
        ("icc", "an intracluster correlation from 0 to below 1", lambda icc: (icc < 0) | (icc >= 1)),
        ("cluster_size", "persons in a cluster on average, 1 or more", lambda size: size < 1),
        ("sd_pre_t", "an SD above 0", lambda sd: sd <= 0),
        ("sd_pre_c", "an SD above 0", lambda sd: sd <= 0),
    ):
        if name in table.columns:
            problems += cell_problems(table, name, wrong(table[name]), f"expected {expected}", lines, FIX)
    advice = "Least, lower quartile, median, upper quartile, greatest: in this order."
    for key in ARM:
        present = [name for part in IN_ORDER if (name := f"{part}_{key}") in table.columns]
        for at, low in enumerate(present):
            for high in present[at + 1 :]:
                wrong = table[low] > table[high]
                problems += cell_problems(
                    table, low, wrong, f"expected at most {high} of its row", lines, advice
                )
    return problems
