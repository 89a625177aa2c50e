"""A table of trials becomes effects row by row, or one error that names every bad cell."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import pdt_evidence as pdt
from pdt_evidence.effects.convert import d_from_t, log_or_to_smd, se_from_ci, se_from_p
from pdt_evidence.effects.ratios import log_odds_ratio, log_risk_ratio
from pdt_evidence.effects.smd import bias_correction, hedges_g, smd_variance
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import EvidenceError, RequestError, SchemaError
from reference import load

# Most tables here say no direction: their effects are arm 1 less arm 2.
pytestmark = pytest.mark.filterwarnings("ignore:The table has no column 'better'")
CASES = load("escalc", cases=103)["cases"]
ARMS = {"mean_t": 12.0, "sd_t": 5.0, "n_t": 30, "mean_c": 15.0, "sd_c": 6.0, "n_c": 28}


def row(**cells):
    return pd.DataFrame([cells])


def effect(measure="SMD", /, **cells):
    found = effect_sizes(row(**cells), measure).iloc[0]
    return found["yi"], found["vi"], found["yi_basis"], found["yi_reason"]


def message(table, measure="SMD", /, **columns):
    with pytest.raises(EvidenceError) as caught:
        effect_sizes(table, measure, **columns)
    return str(caught.value)


@pytest.mark.parametrize("measure", ["SMD", "MD", "ROM", "OR", "RR", "RD", "SMCC", "SMCR"])
def test_a_table_gives_the_effects_of_the_reference(measure):
    """The entry point leads to the same formulas that are pinned one by one, and marks what has no value."""
    cases = [
        case
        for case in CASES
        if case["measure"] == measure
        and case["id"] not in ("from t", "from d")
        and case.get("vtype", "LS") == "LS"
        and case.get("zero_cells", "only-zero") == "only-zero"
        and case.get("double_zero", "keep") == "keep"
    ]
    for case in cases:
        inputs = pd.DataFrame(case["inputs"])
        possible = (inputs["r"] < 1).to_numpy() if "r" in inputs else np.ones(len(inputs), dtype=bool)
        found = effect_sizes(
            inputs[possible], measure
        )  # a correlation of 1 is refused: no two visits agree so
        expected = np.array([case["yi"], case["vi"]], dtype=float)[:, possible]
        expected[:, ~np.isfinite(expected).all(axis=0)] = np.nan
        assert_allclose(found[["yi", "vi"]].to_numpy().T, expected, rtol=1e-8)
        assert ((found["yi_reason"] == "") == found["yi"].notna()).all()
    assert len(cases) >= 3


def test_arm_means_come_before_events_and_events_before_what_was_reported():
    events = {"event_t": 10, "event_c": 5}
    reported = {"reported_metric": "g", "reported": 0.4, "reported_se": 0.2}
    assert effect(**ARMS, **events, **reported)[2] == "means"
    assert effect(**{**ARMS, "sd_c": np.nan}, **events, **reported)[2] == "events"
    assert effect(**{**ARMS, "sd_c": np.nan}, **reported)[2] == "reported g"


def test_a_lower_score_that_is_better_turns_the_sign():
    yi, vi = hedges_g(*ARMS.values())
    assert effect(**ARMS, better="higher")[:3] == (yi, vi, "means")
    assert effect(**ARMS, better="lower")[:3] == (-yi, vi, "means")
    assert effect(**ARMS)[:3] == (yi, vi, "means")


def test_arm_data_without_a_direction_give_no_effect_but_a_reason():
    yi, _, basis, reason = effect(**ARMS, better="")
    assert np.isnan(yi)
    assert (basis, reason) == ("", "column 'better' does not say which direction is good")


def test_change_scores_are_named_so():
    assert effect(**ARMS, score="change", better="lower")[2] == "change"


def test_events_become_a_standardised_difference_by_way_of_the_odds_ratio():
    yi, vi, basis, _ = effect(event_t=14, n_t=51, event_c=12, n_c=50, better="higher")
    expected = log_or_to_smd(*log_odds_ratio(14, 51, 12, 50))
    assert_allclose([yi, vi], expected, rtol=1e-14)
    assert basis == "events"
    assert effect(event_t=14, n_t=51, event_c=12, n_c=50, better="lower")[0] == -yi


REPORTED = [
    ("g with se", {"reported_metric": "g", "reported": 0.4, "reported_se": 0.2}, 0.4, 0.04),
    (
        "g with limits",
        {"reported_metric": "Hedges' g", "reported": 0.4, "reported_ci_low": 0.0, "reported_ci_high": 0.8},
        0.4,
        float(se_from_ci(0.0, 0.8)) ** 2,
    ),
    (
        "g with 90 % limits",
        {
            "reported_metric": "g",
            "reported": 0.4,
            "reported_ci_low": 0.0,
            "reported_ci_high": 0.8,
            "reported_ci_level": 90,
        },
        0.4,
        float(se_from_ci(0.0, 0.8, 0.9)) ** 2,
    ),
    (
        "g with n",
        {"reported_metric": "g", "reported": 0.4, "n_t": 20, "n_c": 25},
        0.4,
        float(smd_variance(0.4, 20, 25)),
    ),
    (
        "g with p",
        {"reported_metric": "g", "reported": 0.4, "reported_p": 0.03},
        0.4,
        float(se_from_p(0.4, 0.03)) ** 2,
    ),
    (
        "d with n",
        {"reported_metric": "Cohen's d", "reported": 0.4, "n_t": 20, "n_c": 25},
        0.4 * float(bias_correction(43)),
        float(smd_variance(0.4 * bias_correction(43), 20, 25)),
    ),
    (
        "d with se",
        {"reported_metric": "d", "reported": 0.4, "reported_se": 0.3, "n_t": 20, "n_c": 25},
        0.4 * float(bias_correction(43)),
        float(bias_correction(43) * 0.3) ** 2,
    ),
    (
        "t",
        {"reported_metric": "t", "reported": 2.1, "n_t": 20, "n_c": 25},
        float(d_from_t(2.1, 20, 25) * bias_correction(43)),
        float(smd_variance(d_from_t(2.1, 20, 25) * bias_correction(43), 20, 25)),
    ),
    (
        "odds ratio",
        {"reported_metric": "OR", "reported": 2.0, "reported_ci_low": 1.0, "reported_ci_high": 4.0},
        float(np.log(2) * np.sqrt(3) / np.pi),
        float(se_from_ci(0.0, np.log(4)) ** 2 * 3 / np.pi**2),
    ),
    (
        "log odds ratio",
        {"reported_metric": "log OR", "reported": -0.7, "reported_se": 0.35},
        -0.7 * 3**0.5 / np.pi,
        0.35**2 * 3 / np.pi**2,
    ),
]


@pytest.mark.parametrize(
    ("cells", "yi", "vi"), [case[1:] for case in REPORTED], ids=[case[0] for case in REPORTED]
)
def test_reported_effects_keep_their_sign_and_get_the_variance_they_allow(cells, yi, vi):
    found = effect(**cells, better="lower")
    assert_allclose(found[:2], (yi, vi), rtol=1e-12)
    assert found[2].startswith("reported ")
    assert found[3] == ""


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (
            {"reported_metric": "RR", "reported": 1.2, "reported_ci_low": 1.0, "reported_ci_high": 1.5},
            "a reported RR cannot be turned into SMD without the data of the arms",
        ),
        (
            {"reported_metric": "MD", "reported": 3.0, "reported_se": 1.0},
            "a reported MD cannot be turned into SMD without the data of the arms",
        ),
        (
            {"reported_metric": "partial eta squared", "reported": 0.05},
            "a reported partial eta squared cannot be turned into SMD without the data of the arms",
        ),
        (
            {"reported_metric": "d", "reported": 0.5, "reported_se": 0.2},
            "a reported d needs n_t and n_c to be turned into g",
        ),
        (
            {"reported_metric": "g", "reported": 0.5},
            "the reported g comes without standard error, confidence limits or arm sizes",
        ),
        (
            {"reported_metric": "OR", "reported": 2.0, "reported_se": 0.2},
            "the reported OR comes without standard error, confidence limits or p",
        ),
        ({"reported_metric": "g", "reported": np.nan}, "neither arm data nor a reported effect"),
        ({**ARMS, "sd_c": np.nan, "mean_t": np.nan}, "no mean_t, sd_c"),
    ],
)
def test_what_cannot_be_computed_is_nan_with_its_reason(cells, reason):
    yi, vi, basis, found = effect(**cells)
    assert np.isnan([yi, vi]).all()
    assert (basis, found) == ("", reason)


def test_reported_ratios_are_taken_for_their_own_measure_only():
    cells = {"reported_metric": "RR", "reported": 1.2, "reported_ci_low": 1.0, "reported_ci_high": 1.5}
    yi, vi, basis, _ = effect("RR", **cells)
    assert_allclose([yi, vi], [np.log(1.2), se_from_ci(0, np.log(1.5)) ** 2])
    assert basis == "reported RR"
    assert np.isnan(effect("OR", **cells)[0])
    assert effect("MD", reported_metric="MD", reported=3.0, reported_se=1.5)[:2] == (3.0, 2.25)


def test_a_table_of_mixed_rows_is_the_loop_over_its_rows():
    """Bases are computed together; no row may feel its neighbours."""
    table = pd.DataFrame(
        [
            {**ARMS, "better": "lower", "score": "endpoint"},
            {"event_t": 3, "n_t": 20, "event_c": 9, "n_c": 22, "better": "lower"},
            {"reported_metric": "d", "reported": 0.4, "n_t": 20, "n_c": 25},
            {"reported_metric": "RR", "reported": 1.2},
            {**ARMS, "better": "higher", "score": "change"},
        ]
    )
    whole = effect_sizes(table)
    each = pd.concat([effect_sizes(table.iloc[[at]]) for at in range(len(table))])
    pd.testing.assert_frame_equal(whole, each)
    assert whole["yi_basis"].tolist() == ["means", "events", "reported d", "", "change"]


def test_the_table_itself_is_left_as_it_was():
    table = row(**ARMS)
    before = table.copy()
    effect_sizes(table)
    pd.testing.assert_frame_equal(table, before)


def test_a_second_run_gives_the_same_columns_once():
    once = effect_sizes(row(**ARMS))
    pd.testing.assert_frame_equal(effect_sizes(once), once)


def test_own_names_and_constants_stand_for_columns():
    table = pd.DataFrame({"m": [18.0], "s": [8.0], "m0": [26.0], "s0": [8.0], "k": [40]})
    found = effect_sizes(
        table, "SMCC", mean_post="m", sd_post="s", mean_pre="m0", sd_pre="s0", n="k", r=0.5, better="lower"
    )
    assert_allclose(found["yi"], 0.98063, atol=1e-5)
    assert found["yi_basis"].tolist() == ["pre-post; r = 0.5"]


def test_columns_beside_the_effect_are_left_alone():
    table = row(**ARMS, study="Alpha", note=None)
    found = effect_sizes(table, better="lower")
    pd.testing.assert_frame_equal(found[table.columns], table)
    assert found["yi"].iloc[0] > 0


def test_generic_effects_stand_as_they_are():
    table = pd.DataFrame(
        {
            "yi": [0.1, 0.2, 0.3, 0.4],
            "vi": [0.01, np.nan, np.nan, np.nan],
            "sei": [np.nan, 0.2, np.nan, np.nan],
            "ci_low": [np.nan, np.nan, 0.1, np.nan],
            "ci_high": [np.nan, np.nan, 0.5, np.nan],
        }
    )
    found = effect_sizes(table, "GEN")
    assert_allclose(found["vi"], [0.01, 0.04, se_from_ci(0.1, 0.5) ** 2, np.nan])
    assert_array_equal(found["yi"].isna(), [False, False, False, True])
    assert found["yi_reason"].iloc[3] == "yi without vi, sei or confidence limits"


def test_zero_cells_follow_the_named_rule():
    cells = {"event_t": 0, "n_t": 20, "event_c": 4, "n_c": 20}
    assert_allclose(effect("RR", **cells)[0], log_risk_ratio(0, 20, 4, 20)[0])
    found = effect_sizes(row(**cells), "RR", zero_cells="none").iloc[0]
    assert np.isnan(found["yi"])
    assert found["yi_reason"] == "a count of 0 gives no RR without a correction"


def test_every_bad_cell_is_told_at_once():
    table = pd.DataFrame(
        {
            "row_id": ["A", "B", "C", "D", "D"],
            "mean_t": [1.0, "twelve", np.inf, 1.0, 1.0],
            "sd_t": [0.0, 1.0, 1.0, -2.0, 1.0],
            "n_t": [10, 10, 0, 10, 10],
            "mean_c": [1.0] * 5,
            "sd_c": [1.0] * 5,
            "n_c": [10] * 5,
            "better": ["lower", "smaller", "", "higher", "higher"],
        }
    )
    assert message(table).splitlines() == [
        "effect sizes, measure SMD: 7 problems",
        "  - row D, column 'row_id': expected each id once, found it again. Rename one.",
        "  - row B, column 'mean_t': expected a number, found 'twelve'. Use digits or leave it empty.",
        "  - row C, column 'mean_t': expected a number, found inf. Use digits or leave it empty.",
        "  - row B, column 'better': expected 'lower' or 'higher', found 'smaller'. Did you mean 'lower'?",
        "  - row C, column 'n_t': expected at least 1 person, found 0. Correct it or leave it empty.",
        "  - row A, column 'sd_t': expected an SD above 0, found 0. Correct it or leave it empty.",
        "  - row D, column 'sd_t': expected an SD above 0, found -2. Correct it or leave it empty.",
    ]


@pytest.mark.parametrize(
    ("measure", "cells", "told"),
    [
        (
            "OR",
            {"event_t": 12, "n_t": 10, "event_c": 1, "n_c": 10},
            "row 1, column 'event_t': expected at most n_t = 10, found 12. Count persons once.",
        ),
        (
            "OR",
            {"event_t": -1, "n_t": 10, "event_c": 1, "n_c": 10},
            "row 1, column 'event_t': expected a count, 0 or more, found -1. Correct it or leave it empty.",
        ),
        (
            "SMD",
            {"reported_metric": "g", "reported": 0.1, "reported_ci_low": 0.5, "reported_ci_high": -0.5},
            "row 1, column 'reported_ci_low': expected at most reported_ci_high = -0.5, found 0.5."
            " Swap the two limits.",
        ),
        (
            "SMD",
            {"reported_metric": "g", "reported": 0.1, "reported_se": -0.5},
            "row 1, column 'reported_se': expected a standard error above 0, found -0.5."
            " Correct it or leave it empty.",
        ),
        (
            "GEN",
            {"yi": 0.1, "vi": -0.5},
            "row 1, column 'vi': expected a variance above 0, found -0.5. Correct it or leave it empty.",
        ),
        (
            "SMCR",
            {"mean_post": 1, "mean_pre": 2, "sd_pre": 1, "n": 9, "r": 1.5},
            "row 1, column 'r': expected a correlation between -1 and 1, both excluded, found 1.5. "
            "Correct it or leave it empty.",
        ),
    ],
)
def test_one_bad_cell_is_told_with_row_and_column(measure, cells, told):
    assert message(row(**cells), measure) == f"effect sizes, measure {measure}: {told}"


def test_a_misspelt_column_is_told_with_the_nearest_there_is():
    table = row(**{("SD_t" if name == "sd_t" else name): value for name, value in ARMS.items()})
    assert message(table).endswith(
        "column 'sd_t' is missing; did you mean 'SD_t'? (to name columns of your own: effect_sizes(table, mean_t='m1'))"
    )


def test_a_misspelt_column_is_not_passed_over_for_a_poorer_basis():
    table = row(**{**ARMS, "reported_metric": "g", "reported": 0.5, "reported_se": 0.2}).rename(
        columns={"sd_t": "sdt"}
    )
    assert "did you mean 'sdt'?" in message(table)


def test_a_table_without_any_basis_is_told_what_each_needs():
    reported = message(row(study="A", n_t=10, n_c=10))
    assert (
        "from means: mean_t, sd_t, n_t, mean_c, sd_c, n_c; of these mean_t, sd_t, mean_c, sd_c missing"
        in reported
    )
    assert "from events: event_t, n_t, event_c, n_c; of these event_t, event_c missing" in reported
    assert "from reported: reported_metric, reported; of these reported_metric, reported missing" in reported


def test_a_keyword_that_names_no_column_of_the_table_is_an_error():
    with pytest.raises(SchemaError, match=r"mean_t='mean1': no such column\. Did you mean 'mean_1'\?"):
        effect_sizes(row(mean_1=1.0), mean_t="mean1")


def test_an_unknown_keyword_is_an_error_with_the_nearest_known_one():
    with pytest.raises(RequestError, match=r"no column named 'means_t' \(did you mean 'mean_t'\?\)"):
        effect_sizes(row(**ARMS), means_t="mean_t")


def test_an_unknown_measure_lists_the_known_ones():
    assert message(row(**ARMS), "SMDX") == (
        "measure = 'SMDX' is not known. Did you mean 'SMD'? Choose one of: "
        "'SMD', 'SMDH', 'PPC2', 'MD', 'ROM', 'OR', 'RR', 'RD', 'HR', 'SMCC', 'SMCR', 'SMCRP', 'GEN'."
    )


def test_an_empty_table_is_an_error():
    assert "the table has no rows" in message(row(**ARMS).iloc[:0])


def test_a_yi_without_any_variance_is_an_error():
    assert "expected a column 'vi', or 'sei', or 'ci_low' and 'ci_high', beside 'yi'; found none" in message(
        row(yi=0.5), "GEN"
    )


@pytest.mark.parametrize(("metric", "measure"), [("g", "SMD"), ("d", "SMD"), ("MD", "MD")])
def test_a_printed_p_of_means_is_of_a_t_with_n_less_two(metric, measure):
    """Two arms of 6: the p is one of t(10), 3.169 at p = .01 (Student's tables); a normal has 2.576 there."""
    row = {"study": "A", "reported": 0.9, "reported_metric": metric, "reported_p": 0.01}
    table = effect_sizes(pd.DataFrame([row | {"n_t": 6, "n_c": 6}]), measure=measure)
    if measure == "MD":  # for SMDs the sizes of the arms come first
        assert_allclose(np.sqrt(table["vi"]), 0.9 / 3.169273, rtol=1e-6)
    assert_allclose(se_from_p(0.9, 0.01, 10), 0.9 / 3.169273, rtol=1e-6)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "SMD"])
def test_a_double_zero_is_there_and_its_reason_says_so(measure):
    cells = {"event_t": [0, 20, 4], "n_t": 20, "event_c": [0, 20, 6], "n_c": 20, "better": "lower"}
    found = effect_sizes(pd.DataFrame(cells), measure, zero_cells="none")
    alike = f"nobody had the event in either arm, or everybody had it: no {measure} without a correction"
    assert found["yi_reason"].tolist() == [alike, alike, ""]


@pytest.mark.parametrize("metric", ["g", "OR"])
def test_a_p_printed_as_zero_is_a_bound_and_not_missing(metric):
    table = pd.DataFrame({"reported_metric": [metric], "reported": [1.5], "reported_p": [0.0]})
    found = effect_sizes(table).iloc[0]
    assert np.isnan(found["yi"])
    assert found["yi_reason"].startswith("a p printed as 0 is a bound, from which no error follows")


@pytest.mark.parametrize("column", ["Median (treatment)", "mdn", "median_of_arm_1"])
def test_medians_under_a_name_of_their_own_are_named_and_not_called_missing(column):
    cells = {"mean_t": [12.0, np.nan], "n_t": 20, "mean_c": [15.0, np.nan], "n_c": 20, column: [np.nan, 11.0]}
    table = pd.DataFrame(cells).assign(sd_t=[4.0, np.nan], sd_c=[4.0, np.nan])
    why = f"medians in column {column!r} are not read: name it median_t or median_c"
    assert effect_sizes(table)["yi_reason"].tolist() == ["", why]


def test_an_arm_of_one_person_has_no_sd_but_may_have_an_event():
    cells = {"mean_t": 9.0, "sd_t": 4.0, "n_t": [1, 20], "mean_c": 12.0, "sd_c": 4.0, "n_c": [20, 20]}
    found = effect_sizes(pd.DataFrame(cells))
    assert found["yi_reason"].tolist() == ["an arm of one person has no SD", ""]
    counts = effect_sizes(pd.DataFrame({"event_t": [0, 1], "n_t": 1, "event_c": [0, 0], "n_c": 1}), "OR")
    assert counts["yi_basis"].tolist() == ["events", "events"]
    assert counts["yi"].iloc[0] == 0
    both = effect_sizes(pd.DataFrame({**cells, "event_t": 1, "event_c": 9}))
    assert both["yi_basis"].tolist() == [
        "events",
        "means",
    ]  # what the one person's mean cannot, the count can


@pytest.mark.parametrize("sign", "\u2212\u2013\u2010\u2011\uff0d")
@pytest.mark.warns("printed minus signs are read as minus")
def test_signs_of_print_are_read_as_minus(sign):
    found = effect_sizes(pd.DataFrame({"yi": [f"{sign}0.5", "0.25"], "vi": ["0.1", f"1e{sign}1"]}), "GEN")
    assert found["yi"].tolist() == [-0.5, 0.25]
    assert found["vi"].tolist() == [0.1, 0.1]


def test_a_range_is_no_negative_number():
    with pytest.raises(EvidenceError, match="expected a number, found '3\u20135'"):
        effect_sizes(pd.DataFrame({"yi": ["3\u20135"], "vi": [0.1]}), "GEN")


def test_effects_that_are_there_already_are_pointed_out():
    given = pd.DataFrame({"study": ["A", "B"], "yi": [0.5, 0.2], "vi": [0.04, 0.05]})
    assert "makes vi of sei or of limits, and so does measure='GEN' here" in message(given)
    assert effect_sizes(given, "GEN")["yi"].tolist() == [0.5, 0.2]


def test_no_difference_is_0_whichever_direction_is_good():
    for better in ("lower", "higher"):
        yi = effect_sizes(row(event_t=5, n_t=50, event_c=5, n_c=50, better=better), "RD")["yi"]
        assert np.copysign(1, yi.item()) == 1


MEANS = pd.DataFrame([{"study": "A", "mean_t": 10, "sd_t": 4, "n_t": 30, "mean_c": 13, "sd_c": 4, "n_c": 30}])
COUNTS = pd.DataFrame([{"study": "A", "event_t": 10, "n_t": 30, "event_c": 13, "n_c": 30}])


@pytest.mark.parametrize(
    ("table", "measure"), [(MEANS, "SMD"), (MEANS, "SMDH"), (COUNTS, "SMD"), (COUNTS, "RR")]
)
def test_effects_whose_sign_nothing_tells_are_warned_about_once_as_pools_warn(table, measure):
    with pytest.warns(pdt.EvidenceWarning) as said:
        pdt.synthesize(effect_sizes(table, measure), by="study")
    assert [str(one.message) for one in said] == [
        "The table has no column 'better', so effects from arm data are arm 1 less arm 2, whichever is good. "
        "Say in 'better' whether lower or higher scores are, and effects above 0 favour arm 1."
    ]


@pytest.mark.parametrize(
    ("table", "options"),
    [
        (MEANS, {"better": "lower"}),
        (MEANS.assign(good="higher"), {"better": "good"}),
        (MEANS.assign(better="lower"), {}),
        (MEANS.assign(better=""), {}),  # no effect, which has its reason
        (pd.DataFrame({"reported_metric": ["g"], "reported": [0.4], "reported_se": [0.2]}), {}),
        (pdt.trials(comparison="pdt_vs_control"), {}),
    ],
    ids=["option", "own name", "column", "blank", "signed already", "bundled"],
)
def test_effects_whose_sign_is_told_are_not_warned_about(table, options):
    with warnings.catch_warnings():
        warnings.simplefilter("error", pdt.EvidenceWarning)
        effect_sizes(table, **options)


def test_columns_named_after_the_arms_name_them_in_figures_and_change_no_number():
    from pdt_evidence.figures import forest

    ours = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
    numbers = pd.DataFrame([[10.1, 4.2, 30, 12.9, 4.8, 31], [11.4, 5.0, 45, 12.6, 5.1, 44]], columns=ours)
    numbers = numbers.assign(study=["A", "B"], better="lower")
    # The columns as they were given say which arm is first, not their names alone.
    for first, second in (("pdt", "cbt"), ("cbt", "pdt")):
        names = {role: role[:-1] + (first if role.endswith("t") else second) for role in ours}
        made = pdt.effect_sizes(numbers.rename(columns=names), **names)
        assert set(made["arm_t_label"] + made["arm_c_label"]) == {f"{first}{second}".upper()}
        text = " ".join(one.get_text() for one in forest(pdt.synthesize(made)).texts)
        assert f"Favours {second.upper()}" in text
        assert f"Favours {first.upper()}" in text
        pd.testing.assert_frame_equal(made[["yi", "vi"]], pdt.effect_sizes(numbers)[["yi", "vi"]])
    said = numbers.rename(columns=names).assign(arm_c="waitlist")
    assert "arm_c_label" not in pdt.effect_sizes(said, **names)
