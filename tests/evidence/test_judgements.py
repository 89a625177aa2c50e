"""Overall risk of bias, whatever scale its tool is on."""

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.evidence.judgements import WORDS, overall_judgements, worst_judgement

SUM = "RoB1 (4 items, 0-4)"


def test_every_bundled_rating_has_one_judgement():
    table = pdt.trials(disputed=True)
    assert set(table["rob_overall"]) <= {*WORDS, ""}
    rated = table["rob"].fillna("") != ""
    assert (table.loc[rated, "rob_overall"] != "").all()
    assert (table.loc[~rated, "rob_overall"] == "").all()


def test_four_of_four_criteria_met_is_low_risk():
    table = pdt.trials()
    sums = table[table["rob_tool"].eq(SUM)]
    assert set(sums.loc[sums["rob"].eq("4"), "rob_overall"]) == {"Low"}
    assert set(sums.loc[sums["rob"].eq("0"), "rob_overall"]) == {"High"}


@pytest.mark.parametrize(
    ("rob", "tool", "expected"),
    [
        ("Some concerns", "RoB2", "Some concerns"),
        ("high risk", "RoB2", "High"),
        ("4", "RoB1", "Unclear"),  # no source says what it counts
        ("0.5", "RoB1 items (0/0.5/1)", "Unclear"),
        (None, "RoB2", ""),
    ],
)
def test_words_are_taken_as_they_are_and_numbers_of_other_tools_are_unclear(rob, tool, expected):
    assert overall_judgements(pd.Series([rob]), pd.Series([tool])).tolist() == [expected]


def test_of_the_rows_of_a_trial_the_worst_judgement_counts():
    assert worst_judgement("Low / High / Some concerns") == "High"


def test_the_lights_of_bundled_trials_are_drawn():
    table = pdt.trials(comparison="pdt_vs_cbt", outcome="depression", follow_up="post")
    ax = pdt.forest(pdt.synthesize(table)["depression", "post"], columns=["study", "effect", "plot", "bias"])
    words = {text.get_text() for text in ax.texts}
    assert "Risk of bias" in words
    assert {"+", "?", "−"} & words
