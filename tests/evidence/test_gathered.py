"""What was gathered in November 2026: every finding is a row, or says why it is none."""

from __future__ import annotations

import re

import pytest

import pdt_evidence as pdt
from pdt_evidence.evidence.package import load

GATHERED, TRIALS = load("gathered"), load("trials").set_index("row_id")
COUNTS = {
    "arms": (7, 0, 0, 0),
    "trial": (68, 50, 43, 52),
    "pooled": (26, 2, 3, 3),
    "member": (0, 5, 0, 0),
    "timing": (0, 54, 21, 20),
}


@pytest.mark.parametrize("kind", COUNTS)
def test_every_finding_is_there_once(kind):
    rows = GATHERED[GATHERED["kind"] == kind]
    for hunt, count in enumerate(COUNTS[kind], 1):
        numbers = rows.loc[rows["hunt"] == hunt, "number"]
        assert sorted(numbers) == list(range(1, count + 1)), hunt


def test_every_finding_is_held_or_says_why_not():
    assert ((GATHERED["held_as"] == "") == (GATHERED["why_not"] != "")).all()
    assert (GATHERED.loc[GATHERED["held_as"] != "", "direction"] == "").all()


def test_what_is_held_names_rows_that_exist_and_are_of_that_trial_or_review():
    reviews = load("reviews").set_index("row_id")
    members = load("members")
    for row in GATHERED[GATHERED["held_as"] != ""].to_dict("records"):
        names = row["held_as"].split(";")
        if row["kind"] == "member":
            known = {f"{review}, {trial}" for review, trial in members[["review_id", "trial"]].to_numpy()}
            assert set(names) <= known, row["item_id"]
        elif row["kind"] == "pooled":
            assert set(names) <= set(reviews.index), row["item_id"]
        else:
            assert {TRIALS.loc[name, "trial_id"] for name in names} == {row["about"]}, row["item_id"]


def test_every_new_row_comes_from_a_finding():
    named = set(";".join(GATHERED["held_as"]).split(";"))
    assert set(TRIALS.index[TRIALS.index >= "T0230"]) <= named
    reviews = load("reviews")["row_id"]
    later = {"R183", "R184"}  # of a review's abstract, read after the gatherings
    assert set(reviews[reviews >= "R160"]) - later <= named


def test_findings_in_words_are_counted_whomever_they_favour():
    words = GATHERED[GATHERED["why_not"] == "a verdict in words, no effect size"]
    assert set(words["direction"]) == {"pdt", "other", "none", "mixed"}
    # Against or null, by name: nothing that speaks against was left out of the account.
    against = {
        "barkham1999",
        "durham1994",
        "robin1999",
        "lock2010",
        "kaminer1999",
        "sorensen2011",
        "muran2005",
    }
    assert against <= set(words.loc[words["direction"] == "other", "about"])
    null = {"blay2002", "jorgensen2013", "griffiths2019", "kompoliti2014", "malkomsen2025", "zipfel2014"}
    assert null <= set(words.loc[words["direction"] == "none", "about"])


def test_slopes_are_shown_and_never_pooled():
    slopes = pdt.trials(disputed=True).query("reported_metric == 'slope'")
    assert sorted(slopes["row_id"]) == ["T0240", "T0241"]
    assert slopes["yi"].isna().all()
    assert not slopes["yi_reason"].eq("").any()
    signs = TRIALS.loc[["T0240", "T0241"], "reported"]
    assert signs.tolist() == [-0.64, 0.62]  # both halves of one report, or neither


def test_a_treatment_has_one_length_in_every_row_of_its_trial_and_arm():
    weeks = TRIALS[TRIALS["treatment_weeks"].notna()].groupby(["trial_id", "arm_t", "arm_t_label"])
    assert (weeks["treatment_weeks"].nunique() == 1).all()


def test_the_row_named_in_a_note_exists():
    for name, note in TRIALS["note"].items():
        assert set(re.findall(r"T\d{4}", note)) <= set(TRIALS.index), name
