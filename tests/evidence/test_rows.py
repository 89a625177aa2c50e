"""What a row of the bundled trials promises: its arms, its counts, its time and its status."""

from __future__ import annotations

import math
import re

import pytest

import pdt_evidence as pdt
from pdt_evidence.effects import trials as effects
from pdt_evidence.evidence.package import load

TRIALS = load("trials")
PERCENT = re.compile(r"\(([\d.]+) and ([\d.]+) percent\)")
MONTHS = 12 / 52.1775  # of a week


def prints_as(events: float, n: float, percent: str) -> bool:
    """Whether events of n print as a percentage, to the decimals that it has."""
    decimals = len(percent.partition(".")[2])
    return abs(100 * events / n - float(percent)) <= 0.5 * 10**-decimals + 1e-9


def test_counts_made_of_percentages_print_as_them():
    rows = TRIALS[TRIALS["note"].str.contains("Events: percent x n")]
    assert len(rows) >= 15
    for row in rows.to_dict("records"):
        of_t, of_c = PERCENT.search(row["note"]).groups()
        assert prints_as(row["event_t"], row["n_t"], of_t), row["row_id"]
        assert prints_as(row["event_c"], row["n_c"], of_c), row["row_id"]


@pytest.mark.parametrize(
    ("events", "n", "percent"), [(18, 34, "54"), (2, 39, "6"), (21, 38, "56"), (2, 19, "10")]
)
def test_counts_that_do_not_print_as_their_percentage_are_seen(events, n, percent):
    assert not prints_as(events, n, percent)


def test_one_arm_of_a_trial_has_one_code_and_one_kind_of_comparison():
    for name in ("arm_c", "comparison"):
        codes = TRIALS.groupby(["trial_id", "arm_t", "arm_t_label", "arm_c_label"])[name].nunique()
        assert not list(codes[codes > 1].index), name
    codes = TRIALS.groupby(["trial_id", "arm_c_label"])["arm_c"].unique()
    assert not codes[codes.map(len) > 1].to_dict()


@pytest.mark.parametrize("status", ["disputed", "conflict", "retracted", "mislabelled"])
def test_no_row_that_is_not_ok_is_given_to_be_pooled(status, monkeypatch):
    marked = pdt.trials(comparison="pdt_vs_control", outcome="anxiety")["row_id"].iloc[0]
    table = TRIALS.assign(status=TRIALS["status"].mask(TRIALS["row_id"] == marked, status))
    monkeypatch.setattr(effects, "load", lambda name: table.copy() if name == "trials" else load(name))
    monkeypatch.setattr(
        effects, "_with_effects", effects._with_effects.__wrapped__
    )  # not what was computed before
    assert marked not in set(pdt.trials()["row_id"])
    asked = set(pdt.trials(disputed=True)["row_id"])
    assert (marked in asked) == (status != "retracted")


def test_a_conflict_names_the_row_that_is_preferred():
    rows = TRIALS[TRIALS["status"] == "conflict"]
    known = TRIALS.set_index("row_id")
    assert len(rows) >= 8
    for row in rows.to_dict("records"):
        others = set(re.findall(r"T\d{4}", row["status_reason"])) | {row["row_id"]}
        contrast = known.loc[sorted(others)]
        assert set(contrast["contrast_id"]) == {row["contrast_id"]}, row["row_id"]
        assert contrast["preferred"].sum() == 1, row["row_id"]


def test_the_two_clocks_of_a_row_agree():
    for row in TRIALS.to_dict("records"):
        start, end, weeks = (
            row[name] for name in ("months_since_start", "months_since_end", "treatment_weeks")
        )
        assert not start < end - 0.05, row["row_id"]
        assert math.isnan(weeks) == (row["treatment_weeks_source"] == ""), row["row_id"]


def test_rows_without_a_window_are_those_whose_source_leaves_it_open():
    held = TRIALS[TRIALS["row_id"] < "T0230"]
    assert sorted(held.loc[held["months_since_end"].isna(), "row_id"]) == [
        "T0083",
        "T0084",
        "T0121",
        "T0140",
        "T0191",
        "T0195",
        "T0196",
        "T0197",
    ]


def test_a_member_is_linked_to_the_rows_of_its_trial():
    members, held = load("members"), set(TRIALS["study"])
    free = members.loc[members["trial_id"] == "", "study_label"]
    assert not set(free) & held
    known = members[members["trial_id"] != ""]
    assert set(known["trial_id"]) <= set(TRIALS["trial_id"])
