"""Each suspicious value is found, and a clean table has none."""

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.evidence.lint import lint


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


@pytest.mark.parametrize(
    ("changes", "at", "column", "what"),
    [
        ([(2, {"sd_t": 1.1})], 2, "sd_t", "looks like a standard error"),
        ([(1, {"mean_t": 40.0})], 1, "mean_t", "the arms differ by 4.3 SDs"),
        ([(1, {"trial_id": "t0", "n_t": 90.0})], 0, "n_t", "where the trial's other row has 90"),
        (
            [(3, {"reported_metric": "g", "reported": 0.9, "reported_ci_low": 0.1, "reported_ci_high": 0.5})],
            3,
            "reported",
            "0.9 lies outside of its interval 0.1 to 0.5",
        ),
        ([(4, {"reported_metric": "g", "reported": 3.1})], 4, "reported", "an effect of 3.1 SDs; more than"),
        (
            [
                (
                    5,
                    dict(
                        zip(
                            ["mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"],
                            [10.0, 6.1, 30, 13.2, 6.6, 29],
                            strict=True,
                        )
                    ),
                )
            ],
            5,
            "mean_t",
            "the same numbers as line 2, of another trial (t0)",
        ),
        ([(5, {"mean_c": 8.7, "sd_c": 6.9, "n_c": 52.0})], 5, "mean_c", "both arms have the same numbers"),
        ([(2, {"study": "Subtotal"})], 2, "study", "a total of other rows, by its name"),
        ([(2, {"study": "Mittelwert"})], 2, "study", "a total of other rows, by its name"),
        ([(2, {"study": "Example 2001 (delete this row)"})], 2, "study", "an example of the template"),
        ([(2, {"score": "change"})], 2, "score", "a change from baseline, where other rows of its stratum"),
        ([(2, {"mean_t": -5.0, "mean_c": -2.0})], 2, "score", "they look like changes"),
        (
            [(0, {"reported_metric": "g", "reported": -0.5})],
            0,
            "reported",
            "its sign says the opposite of the means",
        ),
        (
            [(0, {"reported_metric": "OR", "reported": 0.4})],
            0,
            "reported",
            "its sign says the opposite of the means",
        ),
    ],
)
def test_a_suspicious_value_is_found(changes, at, column, what):
    findings = [
        finding for finding in lint(table(*changes)) if finding.column == column and what in finding.what
    ]
    assert [finding.row_id for finding in findings][:1] == [f"r{at}"]
    assert findings[0].line == at + 2
    assert findings[0].how_to_mend


def test_a_standard_error_is_fixed_with_the_number_it_stands_for():
    finding = lint(table((2, {"sd_t": 1.1})))[0]
    assert finding.how_to_mend == "If it is one, the SD is 1.1 x sqrt(41) = 7.04."


def test_both_arms_of_one_row_tell_when_the_instrument_has_no_peers():
    rows = table((0, {"instrument": "own scale", "sd_c": 1.2}))
    assert [finding.column for finding in lint(rows)] == ["sd_c"]


def test_a_finding_says_where_what_and_how_to_fix_it():
    assert str(lint(table((1, {"mean_t": 40.0})), lines=list(range(12, 18)))[0]) == (
        "line 13 (r1), mean_t: warning: the arms differ by 4.3 SDs; more than 2.5 is rare. Check the means, and "
        "whether sd_t and sd_c are standard errors."
    )


def test_a_table_of_effects_alone_is_looked_at_too():
    rows = pd.DataFrame({"row_id": ["a"], "measure": ["SMD"], "yi": [3.2], "vi": [0.1]})
    assert [finding.column for finding in lint(rows)] == ["yi"]


REPEATED = table().iloc[0].to_dict()


def test_a_row_that_is_there_twice_is_found_once():
    rows = table((5, REPEATED | {"row_id": "r5"}))
    findings = [finding for finding in lint(rows) if finding.row_id == "r5"]
    assert [(finding.column, finding.what) for finding in findings] == [
        ("study", "repeats line 2, number by number.")
    ]


def test_the_same_contrast_with_other_numbers_is_found():
    rows = table((5, REPEATED | {"row_id": "r5", "trial_id": " T0", "mean_t": 9.0}))
    assert [finding.what for finding in lint(rows) if finding.column == "study"] == [
        "the same contrast as line 2, with other numbers."
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
        "line 5, trial_id: warning: 'invented  a' and 'Invented A' (line 2) differ only in case or spaces, and count "
        "as two. If they are one trial, write them alike."
    ]


def test_two_spellings_of_a_study_are_no_matter_where_its_trial_is_named():
    rows = table((0, {"trial_id": "t3", "instrument": "HAM-D"})).assign(
        study=["A 1", "b", "c", "a  1", "d", "e"]
    )
    assert [finding for finding in lint(rows) if finding.column == "study"] == []
    rows = table().assign(study=["A 1", "b", "c", "a  1", "d", "e"])
    assert [finding.column for finding in lint(rows)] == ["study"]


def said(rows, column):
    return [(finding.row_id, finding.what) for finding in lint(rows) if finding.column == column]


ARMS = dict(
    zip(["mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"], [10.0, 6.1, 30, 13.2, 6.6, 29], strict=True)
)
TURNED = {name[:-1] + {"t": "c", "c": "t"}[name[-1]]: value for name, value in ARMS.items()}


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ([(2, {"sd_t": 3.4})], "sd_t"),  # half of the usual, in 41 persons: too large for a standard error
        ([(2, {"sd_t": 2.6, "n_t": 6.0})], "sd_t"),  # six persons may well have a small SD
        ([(1, {"mean_t": 26.0})], "mean_t"),  # 2.0 SDs
        ([(1, {"trial_id": "t0", "n_t": 22.0})], "n_t"),  # dropout
        ([(1, {"trial_id": "t0", "n_t": 90.0, "note": "all who began"}), (0, {"note": "completers"})], "n_t"),
        ([(1, {"trial_id": "t0", "n_t": 90.0, "follow_up": "long"})], "n_t"),  # another time
        ([(1, {"trial_id": "t0", "n_t": 90.0, "arm_t_label": "group therapy"})], "n_t"),  # another arm
        (
            [(3, {"reported_metric": "g", "reported": 0.3, "reported_ci_low": 0.1, "reported_ci_high": 0.5})],
            "reported",
        ),
        ([(4, {"reported_metric": "MD", "reported": 3.1})], "reported"),  # not in SDs
        ([(5, ARMS | {"instrument": "HAM-D"})], "mean_t"),  # another instrument of another trial
        ([(5, ARMS | {"outcome": "anxiety"})], "mean_t"),  # another outcome of another trial
        ([(5, ARMS | {"mean_t": 10.1})], "mean_t"),  # one number differs
        ([(5, {"mean_c": 8.7, "sd_c": 6.9})], "mean_c"),  # the sizes of the arms differ
        ([(2, {"score": "change", "follow_up": "long"})], "score"),  # no endpoints in its stratum
        ([(2, {"mean_t": -5.0, "mean_c": -2.0, "instrument": "symptom change index"})], "score"),
        ([(0, {"reported_metric": "g", "reported": 0.5})], "reported"),  # the sign of the means
        ([(0, {"reported_metric": "g", "reported": -0.05})], "reported"),  # too near to 0 to have one
        ([(0, {"reported_metric": "OR", "reported": 2.5})], "reported"),
        ([(2, {"study": "Meaney 2003"})], "study"),
        ([(2, {"study": "Sumner"})], "study"),
    ],
)
def test_what_is_well_is_not_suspected(changes, column):
    assert said(table(*changes), column) == []


@pytest.mark.parametrize(("arms", "words"), [(ARMS, ""), (TURNED, ", with the arms exchanged")])
def test_arms_entered_twice_in_one_trial_are_found_whatever_the_outcome(arms, words):
    rows = table((5, arms | {"trial_id": "t0", "outcome": "anxiety", "instrument": "STAI"}))
    assert said(rows, "mean_t") == [("r5", f"the same numbers as line 2{words}.")]


def test_the_same_events_are_found_within_a_trial_and_outcome_only():
    events = {"event_t": 4.0, "event_c": 9.0, "mean_t": np.nan, "mean_c": np.nan, "n_t": 20.0, "n_c": 20.0}
    match = events | {"instrument": "interview"}
    assert said(table((0, events), (5, match)), "event_t") == []
    assert said(table((0, events), (5, match | {"trial_id": "t0", "outcome": "dropout"})), "event_t") == []
    assert [row for row, _ in said(table((0, events), (5, match | {"trial_id": "t0"})), "event_t")] == ["r5"]


@pytest.mark.parametrize("aside", [{"status": "disputed"}, {"preferred": False}])
def test_rows_that_their_table_sets_aside_are_passed_over(aside):
    rows = table((1, {"mean_t": 40.0})).assign(status="ok", preferred=True)
    assert len(lint(rows)) == 1
    for name, value in aside.items():
        rows.loc[1, name] = value
    assert lint(rows) == []


def test_a_therapy_that_is_compared_with_itself_is_asked_about_unless_labels_tell_the_arms_apart():
    arms = {"arm_t": "pdt", "arm_c": "PDT"}
    assert said(table((2, arms)), "arm_c") == [
        ("r2", "the same word as arm_t, 'pdt': the row compares a therapy with itself.")
    ]
    labels = {"arm_t_label": "twice a week", "arm_c_label": "once a week"}
    assert said(table((2, arms | labels)), "arm_c") == []


@pytest.mark.parametrize(
    ("mean", "sd", "others", "rows"),
    [
        (9.2, 1.0, [5.8, 6.4, 5.5, 6.9], ["r2"]),
        (0.9, 1.0, [5.8, 6.4, 5.5, 6.9], []),  # a mean of another, smaller scale
        (9.2, 1.0, [5.8, 1.9, 5.5, 6.9], []),  # another trial has a scale with small SDs
        (9.2, 3.0, [5.8, 6.4, 5.5, 6.9], []),  # times the root of 41 far above the others
    ],
)
def test_without_an_instrument_the_other_trials_of_the_outcome_tell_a_standard_error(mean, sd, others, rows):
    sds = dict(zip([1, 3, 4, 5], others, strict=True))
    changes = [(at, {"sd_t": value, "sd_c": value}) for at, value in sds.items()]
    bare = table(*changes, (2, {"mean_t": mean, "sd_t": sd, "sd_c": sd, "mean_c": mean + 1}))
    assert [row for row, _ in said(bare.drop(columns="instrument"), "sd_t")] == rows


def test_usual_is_what_other_trials_have():
    """Three rows of one trial do not make their own SD the usual one, nor does a row count as its own peer."""
    sds = {"sd_t": 1.0, "sd_c": 1.1}
    rows = table(*((at, sds | {"trial_id": "t0", "time_label": f"visit {at}"}) for at in range(3)))
    assert {row for row, _ in said(rows, "sd_t")} == {"r0", "r1", "r2"}
    few = table(*((at, sds | {"trial_id": "t0", "time_label": f"visit {at}"}) for at in range(4)))
    few = few.assign(instrument="own scale")  # which no bundled trial has
    assert said(few, "sd_t") == []  # two other trials are too few to say


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_the_median_and_the_least_of_the_others_are_those_of_a_loop(size):
    from pdt_evidence.evidence.lint_rules import PEERS, _of_others

    values = np.sort(np.random.default_rng(size).normal(size=size))
    group = np.concatenate([np.zeros(size), np.ones(4)]).astype(int)
    median, least = _of_others(group, np.concatenate([values, [1.0, 2, 3, 9]]))
    for found, of, of_four in ((median, np.median, [3, 3, 2, 2]), (least, np.min, [2, 1, 1, 1])):
        expected = [of(np.delete(values, at)) if size > PEERS else np.nan for at in range(size)]
        np.testing.assert_allclose(found, [*expected, *of_four])


def test_two_trials_of_the_bundled_evidence_have_something_to_look_at():
    """Every other row is without suspicion, or was set aside with a reason."""
    import pdt_evidence as pdt

    found = lint(pdt.trials(disputed=True, preferred=False))
    assert [(finding.row_id, finding.column) for finding in found] == [
        ("T0017", "sd_c"),  # 2.0 points on the Hamilton scale in ten persons
        ("T0159", "score"),
    ]


def test_sds_of_two_arms_that_differ_threefold_are_looked_at():
    """As in Bateman 2009 (T0054): 0.13 beside 0.55, at a size of arms that rules a standard error out."""
    arms = {"instrument": "IIP", "mean_t": 1.28, "sd_t": 0.13, "mean_c": 1.65, "sd_c": 0.55}
    rows = table((2, arms | {"n_t": 71.0, "n_c": 63.0}))
    assert said(rows, "sd_t") == [
        ("r2", "0.13 is 4.2 times smaller than sd_c, 0.55; more than 3 is rare."),
    ]
    assert said(table((2, arms | {"sd_t": 0.19})), "sd_t") == []


def test_the_row_of_bateman_2009_would_have_been_looked_at():
    from pdt_evidence.evidence.package import load

    rows = load("trials").assign(status="ok", preferred=True)
    assert "T0054" in {name for name, what in said(rows, "sd_t") if "times smaller" in what}


def test_sds_far_from_those_of_the_scale_in_the_bundled_trials_are_looked_at():
    rows = table().assign(instrument="HDRS-17", sd_t=26.0, sd_c=25.0)
    assert said(rows, "sd_t")[0] == (
        "r0",
        "26 is far from 6.75, the usual SD of this scale in the bundled trials.",
    )
    assert len(said(rows, "sd_t")) == len(said(rows, "sd_c")) == 6
    assert said(rows.assign(note="the sum of two forms"), "sd_t") == []
    assert said(rows.assign(instrument="an unknown scale"), "sd_t") == []


SHARED = {"mean_c": 13.2, "sd_c": 6.6, "n_c": 29.0}  # as the first row has it


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (SHARED, True),
        (SHARED | {"trial_id": "t0"}, False),  # one trial, as it should be
        (SHARED | {"instrument": "HRSD"}, False),
        (SHARED | {"outcome": "anxiety"}, False),
        (SHARED | {"follow_up": "long"}, False),
        (SHARED | {"sd_c": 6.5}, False),
        (SHARED | {"n_c": np.nan}, False),
    ],
)
def test_an_arm_that_two_trials_have_is_one_control_group_counted_twice(changes, found):
    said = [one for one in lint(table((3, changes))) if "counted twice" in one.what]
    assert [(one.row_id, one.column) for one in said] == ([("r3", "mean_c")] if found else [])
    if found:
        assert "those of line 2 (t0)" in said[0].what
        assert "one trial_id and the same words in arm_c_label" in said[0].how_to_mend


def test_a_treatment_that_two_trials_have_is_found_too_and_a_whole_contrast_said_once():
    treated = {"mean_t": 10.0, "sd_t": 6.1, "n_t": 30.0}
    assert [one.column for one in lint(table((3, treated)))] == ["mean_t"]
    assert ["counted twice" in one.what for one in lint(table((3, treated | SHARED)))] == [False]


def test_no_bundled_trial_counts_an_arm_twice():
    assert not [one for one in lint(pdt.trials()) if "counted twice" in one.what]


def test_a_contrast_under_the_name_of_another_study_is_asked_about():
    arms = {"mean_t": 10.0, "sd_t": 4.0, "n_t": 30, "mean_c": 13.0, "sd_c": 4.0, "n_c": 31}
    names = ("A 2001", "Z 2003")
    rows = [{"study": name, "trial_id": name, "outcome": "depression"} | arms for name in names]
    (found,) = lint(pd.DataFrame(rows))
    assert "the same numbers as" in found.what
