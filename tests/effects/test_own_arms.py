"""A table of means of both arms is served wherever effects are wanted, as if `effect_sizes` had been called."""

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import SchemaError


def arms(**changes):
    table = {
        "study": ["A", "B", "C", "D", "E", "A"],
        "comparison": ["pdt_vs_control"] * 3 + ["pdt_vs_cbt"] * 3,
        "outcome": "depression",
        "follow_up": "post",
        "better": "lower",
        "year": [2001, 2004, 2010, 2012, 2013, 2001],
        "mean_t": [10, 12, 9, 11, 10, 8],
        "sd_t": [4, 5, 4, 4, 5, 3],
        "n_t": [30, 40, 25, 33, 28, 30],
        "mean_c": [13, 14, 12, 12, 11, 10],
        "sd_c": [4, 5, 4, 5, 4, 3],
        "n_c": [30, 38, 26, 30, 30, 30],
    }
    return pdt.read_trials(pd.DataFrame(table | changes))


@pytest.mark.parametrize(
    "answer",
    [
        pdt.aggregate_rows,
        lambda table: pdt.metareg("~ year", table, cluster="trial_id").to_frame(),
        lambda table: pdt.compare_subgroups(table, "comparison", cluster="trial_id").to_frame(),
    ],
    ids=["aggregate_rows", "metareg", "compare_subgroups"],
)
def test_means_of_arms_are_taken_as_their_effects(answer):
    table = arms()
    pd.testing.assert_frame_equal(answer(table), answer(pdt.effect_sizes(table)))


def test_what_is_not_clear_is_left_to_the_user():
    with pytest.raises(SchemaError, match=r"no column 'vi', 'yi'\. Give effect_sizes"):
        pdt.metareg("~ year", arms().drop(columns="sd_c"))
    with pytest.raises(SchemaError, match="no column 'vi'"):  # of an effect of one's own
        pdt.metareg("other ~ year", arms().assign(other=0.3))


def test_the_warning_of_mixed_comparisons_says_what_to_write():
    with pytest.warns(pdt.EvidenceWarning) as said:
        pdt.synthesize(arms())
    assert any('write by=["comparison", "outcome", "follow_up"].' in str(one.message) for one in said)
    by = ["comparison", "outcome", "follow_up"]
    assert len(pdt.synthesize(arms(), by=by)) == 2
