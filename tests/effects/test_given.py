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


SOME_GIVEN = pd.concat([TABLE, TABLE.assign(study=list("EFGH"))], ignore_index=True).assign(
    yi=[0.1, np.nan, 0.3, np.nan, 0.2, 0.4, 0.3, 0.1],
    vi=[0.1, np.nan, 0.1, np.nan, 0.1, 0.1, 0.1, 0.1],
    better="lower",
    mean_t=[np.nan, 10.0, 11.0, np.nan, 10.5, 10.0, 9.5, 9.0],
    sd_t=4.0,
    n_t=30,
    mean_c=13.0,
    sd_c=5.0,
    n_c=31,
)
UNUSED = "means of both arms are not used beside effects that are given: "
HOW = 'effect_sizes(table, measure="SMD") computes all effects from arm data, as --measure SMD does'


@pytest.mark.filterwarnings("ignore:Left out", "ignore:2 of 8 rows")
def test_a_row_of_means_beside_effects_is_told_why_it_has_none():
    """It was told that its yi and vi are missing, as if nothing could be computed."""
    for found, lacks in (
        (pdt.synthesize(SOME_GIVEN), "no yi or vi"),
        (pdt.metareg("yi ~ 1", SOME_GIVEN), "no yi, vi"),
    ):
        assert found.left_out["reason"].tolist() == [f"{lacks}; {UNUSED}{HOW}", lacks]
    computed = pdt.effect_sizes(SOME_GIVEN, measure="SMD")
    assert computed["yi"].notna().tolist() == [False, True, True, False, True, True, True, True]


def test_aggregating_says_that_rows_of_means_are_left_out():
    with pytest.warns(
        pdt.EvidenceWarning, match="1 row without yi or vi left out: means of both arms are not used"
    ):
        assert len(pdt.aggregate_rows(SOME_GIVEN)) == 6


@pytest.mark.filterwarnings("ignore:1 of 8 rows")
def test_a_row_of_means_that_gives_no_effect_keeps_its_reason():
    better = ["lower", "", *["lower"] * 6]
    table = SOME_GIVEN.drop(columns=["yi", "vi"]).assign(better=better, mean_t=range(6, 14))
    with pytest.warns(pdt.EvidenceWarning, match="'better'"):
        (reason,) = pdt.synthesize(table).left_out["reason"]
    assert UNUSED not in reason
    assert UNUSED not in pdt.metareg("yi ~ 1", table).left_out["reason"].iloc[0]
    assert len(pdt.aggregate_rows(table)) == 7
