"""Each suspicious value is found, and a clean table has none."""

import numpy as np
import pandas as pd
import pytest

from pdt_evidence.evidence.lint import as_text, lint


def table(*changes):
    """Six clean rows of six trials; each change is (row, {column: value})."""
    rows = pd.DataFrame(
        {
            "row_id": [f"r{i}" for i in range(6)],
            "trial_id": [f"t{i}" for i in range(6)],
            "outcome": "depression",
            "instrument": "BDI-II",
            "follow_up": "post",
            "better": "lower",
            "score": "endpoint",
            "mean_t": [10.0, 11.5, 9.2, 12.3, 10.9, 8.7],
            "sd_t": [6.1, 5.8, 7.0, 6.4, 5.5, 6.9],
            "n_t": [30.0, 28, 41, 25, 33, 52],
            "mean_c": [13.2, 14.0, 12.9, 14.8, 13.5, 12.2],
            "sd_c": [6.6, 6.2, 7.1, 6.0, 6.3, 7.2],
            "n_c": [29.0, 31, 40, 27, 30, 50],
        }
    )
    for at, values in changes:
        for column, value in values.items():
            if column not in rows:
                rows[column] = np.nan if isinstance(value, float) else ""
            rows.loc[at, column] = value
    return rows


def test_a_clean_table_has_no_findings():
    assert lint(table()) == []
    assert as_text([], "mine.csv") == "mine.csv: nothing suspicious."


@pytest.mark.parametrize(
    ("changes", "at", "column", "what"),
    [
        ([(2, {"sd_t": 1.1})], 2, "sd_t", "looks like a standard error"),
        ([(1, {"mean_t": 40.0})], 1, "mean_t", "the arms differ by 4.3 SDs"),
        ([(1, {"trial_id": "t0", "n_t": 90.0})], 0, "n_t", "where the trial's other rows have about"),
        ([(3, {"reported_metric": "g", "reported": 0.9, "reported_ci_low": 0.1, "reported_ci_high": 0.5})], 3,
         "reported", "0.9 lies outside of its interval 0.1 to 0.5"),
        ([(4, {"reported_metric": "g", "reported": 3.1})], 4, "reported", "an effect of 3.1 SDs is rare"),
        ([(5, dict(zip(["mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"], [10.0, 6.1, 30, 13.2, 6.6, 29],
                       strict=True)))], 5, "mean_t", "the same numbers as row r0"),
        ([(5, {"mean_c": 8.7, "sd_c": 6.9, "n_c": 52.0})], 5, "mean_c", "both arms have the same numbers"),
        ([(2, {"score": "change"})], 2, "score", "a change from baseline, where other rows of its stratum"),
        ([(2, {"mean_t": -5.0, "mean_c": -2.0})], 2, "score", "they look like changes"),
        ([(0, {"reported_metric": "g", "reported": -0.5})], 0, "reported", "its sign says the opposite of the means"),
        ([(0, {"reported_metric": "OR", "reported": 0.4})], 0, "reported", "its sign says the opposite of the means"),
    ],
)  # fmt: skip
def test_a_suspicious_value_is_found(changes, at, column, what):
    findings = [
        finding for finding in lint(table(*changes)) if finding.column == column and what in finding.what
    ]
    assert [finding.row_id for finding in findings][:1] == [f"r{at}"]
    assert findings[0].line == at + 2
    assert findings[0].how_to_mend


def test_a_standard_error_is_mended_with_the_number_it_stands_for():
    finding = lint(table((2, {"sd_t": 1.1})))[0]
    assert finding.how_to_mend == "If it is one, the SD is 1.1 x sqrt(41) = 7.04."


def test_both_arms_of_one_row_tell_when_the_instrument_has_no_peers():
    rows = table((0, {"instrument": "own scale", "sd_c": 1.2}))
    assert [finding.column for finding in lint(rows)] == ["sd_c"]


def test_findings_are_printed_as_a_linter_does():
    text = as_text(lint(table((1, {"mean_t": 40.0})), lines=list(range(12, 18))), "mine.csv")
    assert text.splitlines() == [
        "mine.csv: line 13 (r1), mean_t: the arms differ by 4.3 SDs. Check the means, and whether sd_t and sd_c are "
        "standard errors.",
        "1 suspicious value.",
    ]


def test_a_table_of_effects_alone_is_looked_at_too():
    rows = pd.DataFrame({"row_id": ["a"], "measure": ["SMD"], "yi": [3.2], "vi": [0.1]})
    assert [finding.column for finding in lint(rows)] == ["yi"]


REPEATED = table().iloc[0].to_dict()


def test_a_row_that_is_there_twice_is_found_once():
    rows = table((5, REPEATED | {"row_id": "r5"}))
    findings = [finding for finding in lint(rows) if finding.row_id == "r5"]
    assert [(finding.column, finding.what) for finding in findings] == [
        ("study", "repeats row r0, number by number.")
    ]


def test_the_same_contrast_with_other_numbers_is_found():
    rows = table((5, REPEATED | {"row_id": "r5", "trial_id": " T0", "mean_t": 9.0}))
    assert [finding.what for finding in lint(rows) if finding.column == "study"] == [
        "the same contrast as row r0, with other numbers."
    ]


@pytest.mark.parametrize(
    "difference", [{"instrument": "HAM-D"}, {"follow_up": "long"}, {"rating": "self"}, {"outcome": "anxiety"}]
)
def test_another_outcome_time_or_rater_is_no_repetition(difference):
    rows = table((5, REPEATED | {"row_id": "r5", "mean_t": 9.0} | difference))
    assert [finding for finding in lint(rows) if finding.column == "study"] == []


def test_names_that_differ_only_in_case_or_spaces_are_found():
    rows = table((0, {"trial_id": "Invented A"}), (3, {"trial_id": "invented  a"}))
    rows = rows.assign(study=rows["trial_id"], row_id=[f"line {line}" for line in range(2, 8)])
    assert [str(finding) for finding in lint(rows) if finding.column == "trial_id"] == [
        "line 5, trial_id: 'invented  a' and 'Invented A' (line 2) differ only in case or spaces, and count as two. "
        "If they are one trial, write them alike."
    ]


def test_two_spellings_of_a_study_are_no_matter_where_its_trial_is_named():
    rows = table((0, {"trial_id": "t3", "instrument": "HAM-D"})).assign(
        study=["A 1", "b", "c", "a  1", "d", "e"]
    )
    assert [finding for finding in lint(rows) if finding.column == "study"] == []
    rows = table().assign(study=["A 1", "b", "c", "a  1", "d", "e"])
    assert [finding.column for finding in lint(rows)] == ["study"]
