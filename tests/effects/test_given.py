"""Effects that a table brings itself are numbers that can be pooled, or the rows that are not are named."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.effects.given import given_effects
from pdt_evidence.errors import EvidenceError

TABLE = pd.DataFrame(
    {
        "study": list("ABCD"),
        "outcome": "depression",
        "yi": [0.1, 0.2, 0.3, 0.5],
        "vi": [0.1] * 4,
        "year": range(2000, 2004),
    }
)
CALLS = {
    "synthesize": pdt.synthesize,
    "che": lambda table: pdt.synthesize(table, dependence="che"),
    "as a review": lambda table: pdt.synthesize(table, style="revman"),
    "one a trial": pdt.aggregate_rows,
    "every rule": pdt.sensitivity,
    "multiverse": pdt.multiverse,
    "moderators": lambda table: pdt.moderators(table, names=["year"]),
    "regression": lambda table: pdt.metareg("yi ~ year", table),
    "comparing": lambda table: pdt.compare(TABLE, table),
}
WRONG = {
    "text": ({"yi": ["0.1", "x", "0.2", "0.3"]}, "row 2, column 'yi': expected a finite number, found 'x'"),
    "decimal commas": ({"yi": ["0,1", "0.2", "0.3", "0.4"]}, "row 1, column 'yi': .* found '0,1'"),
    "infinite": ({"yi": [0.1, 0.2, np.inf, 0.3]}, "row 3, column 'yi': .* found inf"),
    "a variance below 0": ({"vi": [0.1, -0.1, 0.1, 0.1]}, "row 2, column 'vi': .* a finite number above 0, found -0.1"),
    "a variance of 0": ({"vi": [0.1, 0, 0.1, 0.1]}, "row 2, column 'vi': .* found 0"),
    "an infinite variance": ({"vi": [0.1, np.inf, 0.1, 0.1]}, "row 2, column 'vi': .* found inf"),
    "truth values": ({"yi": [True, False, True, True]}, "column 'yi' holds truth values"),
    "complex": ({"yi": [0.1 + 1j, 0.2, 0.3, 0.4]}, "column 'yi' holds complex numbers"),
    "dates": ({"vi": pd.date_range("2000-01-01", periods=4)}, "column 'vi' holds dates or durations"),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("wrong", WRONG)
def test_an_effect_that_cannot_be_pooled_is_named(call, wrong):
    """None was dropped in silence before: a variance of 0 or below took its row out of the pool without a word."""
    columns, said = WRONG[wrong]
    with pytest.raises(EvidenceError, match=said):
        CALLS[call](TABLE.assign(**columns))


def test_all_rows_are_named_at_once_in_their_order():
    table = TABLE.assign(yi=["a", "0.2", "b", "0.3"], vi=[0.1, -1, 0.1, 0.1], row_id=list("wxyz"))
    with pytest.raises(EvidenceError) as caught:
        given_effects(table)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "row w, column 'yi'",
        "row x, column 'vi'",
        "row y, column 'yi'",
    ]


@pytest.mark.parametrize(
    "cells",
    [["0.1", "", None, "0.5"], [Decimal("0.1"), None, None, Decimal("0.5")], pd.Categorical(["0.1", "", "", "0.5"])],
)  # fmt: skip
def test_numbers_written_as_text_are_numbers_and_blanks_are_not_known(cells):
    found = given_effects(TABLE.assign(yi=cells))["yi"]
    assert found.dtype == float
    assert found.fillna(-1).tolist() == [0.1, -1, -1, 0.5]


def test_a_variance_beside_no_effect_is_nobodys_fault():
    table = TABLE.assign(yi=[0.1, np.nan, 0.3, 0.5], vi=[0.1, 0.0, 0.1, 0.1])
    assert given_effects(table) is table


def test_months_that_are_no_numbers_make_no_window():
    table = TABLE.assign(months_since_end=["0", "six", "6", ""])
    with pytest.raises(
        EvidenceError, match="row 2, column 'months_since_end': expected a number, found 'six'"
    ):
        pdt.synthesize(table)
    windows = pdt.synthesize(table.assign(months_since_end=["0", "0", "6", ""]))
    assert [key[1] for key in windows] == ["post", "medium", "unknown"]


def test_months_that_are_no_numbers_are_named_beside_a_window_too():
    table = TABLE.assign(
        follow_up="post", comparison="pdt_vs_control", months_since_end=["0", "six", "6", ""]
    )
    said = "row 2, column 'months_since_end': expected a number, found 'six'"
    with pytest.raises(EvidenceError, match=said):
        pdt.follow_up(table)
    with pytest.raises(EvidenceError, match=said):
        pdt.synthesize(table.assign(treatment_weeks=10), clock="start")
    found = pdt.follow_up(table.assign(months_since_end=["0", "0", "6", "0"]))
    assert found.pools["trials"].sum() == 4
