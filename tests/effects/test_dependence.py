"""Effects of one trial: their covariance, one value in their place, one row chosen among them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from pdt_evidence.effects.dependence import (
    aggregate,
    constant_correlation,
    smd_shared_arm_covariance,
)
from pdt_evidence.effects.per_trial import aggregate_rows, one_per_trial
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.effects.smd import hedges_g
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import EvidenceError, RequestError, SchemaError
from reference import load
from thorough import cases

# Most tables here say no direction: their effects are arm 1 less arm 2.
pytestmark = pytest.mark.filterwarnings("ignore:The table has no column 'better'")
REFERENCE = load("aggregate", cases=40)
RTOL = 1e-11  # a Cholesky inverse there, a solve here


def case_id(case):
    return " ".join([case["id"], *(f"{key}={value}" for key, value in case.get("settings", {}).items())])


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=case_id)
def test_one_value_a_cluster_agrees_with_the_reference(case):
    """Same effects, same clusters, same values as the package and version named in the reference file."""
    found = aggregate(case["yi"], case["vi"], case["cluster"], **case["settings"])
    assert list(dict.fromkeys(case["cluster"])) == case["clusters"]
    assert_allclose(found.yi, case["agg_yi"], rtol=RTOL)
    assert_allclose(found.vi, case["agg_vi"], rtol=RTOL)


def test_the_reference_holds_five_data_sets_and_both_weightings():
    assert len({case["id"] for case in REFERENCE["cases"]}) >= 5
    assert {case["settings"]["weighted"] for case in REFERENCE["cases"]} == {True, False}


@pytest.mark.parametrize("case", REFERENCE["shared"], ids=case_id)
def test_comparisons_with_one_control_agree_with_the_reference(case):
    """The covariance written out pair by pair in R, and the value that metafor makes of it."""
    table = effect_sizes(pd.DataFrame(case["rows"]), case["measure"])
    blocks = covariance_blocks(table)
    assert_allclose(blocks.dense(), case["V"], rtol=1e-12)
    assert blocks.replaced == ()
    assert [str(label) for label in dict.fromkeys(table["trial_id"])] == case["clusters"]
    for weighted, name in ((True, "agg"), (False, "mean")):
        found = aggregate(table["yi"], table["vi"], table["trial_id"], V=blocks, weighted=weighted)
        assert_allclose(found.yi, case[f"{name}_yi"], rtol=RTOL)
        assert_allclose(found.vi, case[f"{name}_vi"], rtol=RTOL)


def test_the_covariance_of_a_shared_arm_is_that_of_simulated_trials():
    """40,000 trials of three arms: the formula is large-sample and a little cautious, so within 8 %."""
    rng = np.random.default_rng(20260)
    n, effects = 30, (0.8, 0.5)
    control = rng.normal(size=(40_000, n))
    g = []
    for effect in effects:
        arm = rng.normal(effect, size=(40_000, n))
        arms = (arm.mean(1), arm.std(1, ddof=1), n, control.mean(1), control.std(1, ddof=1), n)
        g.append(hedges_g(*arms)[0])
    simulated = np.cov(g)[0, 1]
    assert_allclose(smd_shared_arm_covariance(*effects, n, 3 * n), simulated, rtol=0.08)


ARM = {"mean_t": 10.0, "sd_t": 4.0, "n_t": 30, "mean_c": 13.0, "sd_c": 5.0, "n_c": 25}


def trial(*rows, **common):
    base = {"trial_id": "A", "arm_t": "pdt", "arm_c": "waitlist", "instrument": "bdi", **ARM, **common}
    table = pd.DataFrame([{"row_id": f"T{at}", **base, **cells} for at, cells in enumerate(rows, 1)])
    return effect_sizes(table)


def covariance(table, rho=0.6):
    return covariance_blocks(table, rho).dense()


def test_two_instruments_on_the_same_arms_correlate_by_rho():
    table = trial({}, {"instrument": "hdrs", "sd_t": 7.0})
    v = table["vi"].to_numpy()
    assert_allclose(
        covariance(table), [[v[0], 0.6 * np.sqrt(v[0] * v[1])], [0.6 * np.sqrt(v[0] * v[1]), v[1]]]
    )


def test_two_instruments_and_one_shared_arm_get_rho_times_what_the_arm_gives():
    table = trial({"arm_c": "waitlist"}, {"arm_c": "cbt", "n_c": 40, "instrument": "hdrs"})
    one_instrument = trial({"arm_c": "waitlist"}, {"arm_c": "cbt", "n_c": 40})
    g = table["yi"].to_numpy()
    full = smd_shared_arm_covariance(g[0], g[1], 30, 30 + 25 + 40)
    assert_allclose(covariance(one_instrument)[0, 1], full)
    assert_allclose(covariance(table)[0, 1], 0.6 * full)


def test_an_arm_on_opposite_sides_makes_the_covariance_negative():
    table = trial(
        {"arm_t": "pdt", "arm_c": "cbt"}, {"arm_t": "cbt", "arm_c": "waitlist", "n_t": 25, "n_c": 20}
    )
    g = table["yi"].to_numpy()
    assert_allclose(covariance(table)[0, 1], -1 / 25 + g[0] * g[1] / (2 * (30 + 25 + 20)))


def test_the_same_contrast_the_other_way_round_correlates_by_minus_rho():
    sign_reversed = {
        "arm_t": "waitlist",
        "arm_c": "pdt",
        "mean_t": 13.0,
        "sd_t": 5.0,
        "n_t": 25,
        "mean_c": 10.0,
    }
    table = trial({}, {**sign_reversed, "sd_c": 4.0, "n_c": 30})
    assert_allclose(covariance(table)[0, 1], -0.6 * table["vi"].iloc[0])


def test_labels_tell_two_arms_of_one_kind_apart():
    table = trial({"arm_t_label": "short", "arm_c_label": "w"}, {"arm_t_label": "long", "arm_c_label": "w"})
    g = table["yi"].to_numpy()
    assert_allclose(covariance(table)[0, 1], smd_shared_arm_covariance(*g, 25, 85))


def test_rows_without_an_arm_in_common_and_rows_of_two_trials_are_independent():
    table = trial({}, {"arm_t": "cbt", "arm_c": "medication"}, {"trial_id": "B"})
    assert np.count_nonzero(covariance(table)) == 3


def test_a_table_without_arms_has_the_same_arms_in_every_row():
    table = trial({}, {"instrument": "hdrs"}).drop(columns=["arm_t", "arm_c"])
    assert_allclose(covariance(table), constant_correlation(table["vi"], table["trial_id"], 0.6).dense())


@pytest.mark.parametrize(
    "arms",
    [
        [{"arm_t": "", "arm_c": ""}, {"arm_t": None, "arm_c": ""}],
        [{"arm_c": ""}, {"arm_t": ""}],
        [{}, {"arm_t": "", "arm_c": ""}],
        [{"arm_c": "pdt"}, {"arm_c": "pdt"}],
    ],
    ids=["none named", "each names one", "one row names both", "one name for both sides"],
)
def test_an_arm_that_is_not_named_is_that_of_the_other_rows_and_never_that_of_the_other_side(arms):
    table = trial(arms[0], {"instrument": "hdrs", **arms[1]})
    assert_allclose(covariance(table), constant_correlation(table["vi"], table["trial_id"], 0.6).dense())
    assert aggregate_rows(table)[["n_t", "n_c"]].to_numpy().tolist() == [[30, 25]]


def test_a_reported_effect_shares_its_variance_out_by_arm_size():
    reported = {"mean_t": np.nan, "reported_metric": "g", "reported": 0.5, "reported_se": 0.2}
    table = trial({**reported, "arm_c": "waitlist"}, {**reported, "arm_c": "cbt"})
    of_t = 0.04 * (1 / 30) / (1 / 30 + 1 / 25)
    assert_allclose(covariance(table)[0, 1], of_t)


def test_events_that_share_an_arm_covary_by_its_log_odds():
    events = {"mean_t": np.nan, "event_t": 12, "event_c": 6}
    table = trial({**events, "arm_c": "waitlist"}, {**events, "arm_c": "cbt"})
    assert_allclose(covariance(table)[0, 1], (1 / 12 + 1 / 18) * 3 / np.pi**2)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_what_the_arms_add_to_a_variance_is_the_whole_of_it(measure):
    """Two contrasts that swap one arm: cov(1, 2) + cov(1, 3) = v where 2 shares arm 1 and 3 shares arm 2 of 1."""
    base = {"trial_id": "A", "event_t": 12, "n_t": 30, "event_c": 6, "n_c": 25}
    rows = [("pdt", "waitlist"), ("pdt", "cbt"), ("medication", "waitlist")]
    table = effect_sizes(pd.DataFrame([{**base, "arm_t": t, "arm_c": c} for t, c in rows]), measure)
    V = covariance(table)
    assert_allclose(V[0, 1] + V[0, 2], V[0, 0])


def test_a_covariance_that_cannot_be_falls_back_to_the_constant_correlation():
    """Three contrasts of three arms are bound to each other; estimated g let the bond slip below zero."""
    rows = [("pdt", "cbt"), ("pdt", "waitlist"), ("cbt", "waitlist")]
    table = trial(*({"arm_t": t, "arm_c": c, "n_t": 30, "n_c": 30, "mean_t": 13.0} for t, c in rows))
    blocks = covariance_blocks(table, 0.6)
    assert blocks.replaced == ("A",)
    assert_allclose(blocks.dense(), constant_correlation(table["vi"], table["trial_id"], 0.6).dense())


clusters = st.lists(
    st.tuples(st.floats(-3, 3), st.floats(0.01, 2), st.sampled_from("ABCD")), min_size=1, max_size=15
)


@given(clusters, st.floats(0, 0.95), st.booleans())
@settings(deadline=None, max_examples=60)
def test_all_clusters_at_once_are_the_loop_over_them(rows, rho, weighted):
    yi, vi, cluster = (np.array(each) for each in zip(*rows, strict=True))
    found = aggregate(yi, vi, cluster, rho=rho, weighted=weighted)
    for at, label in enumerate(dict.fromkeys(cluster.tolist())):
        own = cluster == label
        assert found.members[at].tolist() == np.flatnonzero(own).tolist()
        alone = aggregate(yi[own], vi[own], cluster[own], rho=rho, weighted=weighted)
        assert_allclose([found.yi[at], found.vi[at]], [alone.yi[0], alone.vi[0]], rtol=1e-10, atol=1e-12)


@given(st.floats(-3, 3), st.floats(0.01, 2), st.integers(1, 6), st.floats(0, 0.95))
@settings(deadline=None)
def test_equal_effects_keep_their_value_and_gain_as_their_correlation_lets_them(yi, vi, count, rho):
    found = aggregate([yi] * count, [vi] * count, ["A"] * count, rho=rho)
    assert_allclose(found.yi, yi, rtol=1e-9, atol=1e-12)
    assert_allclose(found.vi, vi * (1 + (count - 1) * rho) / count, rtol=1e-9)


def test_the_order_of_the_rows_changes_nothing_but_the_order_of_the_values():
    yi, vi, cluster = [0.1, 0.5, 0.3, 0.2], [0.1, 0.2, 0.1, 0.3], ["A", "B", "A", "B"]
    forth, back = aggregate(yi, vi, cluster), aggregate(yi[::-1], vi[::-1], cluster[::-1])
    assert_allclose(back.yi[::-1], forth.yi)
    assert_allclose(back.vi[::-1], forth.vi)


def test_a_covariance_that_is_not_positive_definite_is_refused_by_cluster():
    with pytest.raises(EvidenceError) as caught:
        aggregate([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], ["A", "A", "B"], rho=1.0)
    assert str(caught.value) == (
        "aggregate: cluster 'A': the covariance of its effects is not positive definite;"
        " lower rho, or leave out effects that repeat each other."
    )


def test_effects_without_a_value_are_refused_together():
    with pytest.raises(EvidenceError) as caught:
        aggregate([0.1, np.nan, 0.3], [0.1, 0.1, 0.0], ["A", "A", "B"])
    assert caught.value.problems == (
        "effect 1: expected a number and a variance above 0, found yi = nan, vi = 0.1.",
        "effect 2: expected a number and a variance above 0, found yi = 0.3, vi = 0.",
    )


@pytest.mark.parametrize(
    "options", [{"rho": 1.5}, {"V": np.eye(2)}, {"V": [[1, 0.5, 0], [0, 1, 0], [0, 0, 1]]}]
)
def test_a_covariance_that_does_not_fit_is_refused(options):
    with pytest.raises(RequestError, match="expected a"):
        aggregate([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], ["A", "A", "B"], **options)


def test_a_table_without_a_trial_column_is_refused():
    with pytest.raises(SchemaError, match="column 'trial_id' is missing"):
        covariance_blocks(trial({}).drop(columns="trial_id"))


def test_all_rows_of_a_trial_become_one_row_that_says_so():
    table = trial(
        {"study": "Alpha 2001", "year": 2001, "weeks": 10.0, "percent_women": 60.0, "preferred": True},
        {"study": "Alpha 2001", "year": 2001, "weeks": 20.0, "instrument": "hdrs", "arm_c": "cbt", "n_c": 40},
        {"trial_id": "B", "study": "Beta 2002", "year": 2002, "weeks": 8.0},
        {"study": "Alpha 2001", "year": 2001, "weeks": 20.0, "sd_t": np.nan},
    )
    one = aggregate_rows(table)
    assert one["row_id"].tolist() == ["T1+T2", "T3"]
    assert one["rows"].tolist() == [2, 1]
    assert one["study"].tolist() == ["Alpha 2001", "Beta 2002"]
    assert one["arm_c"].tolist() == ["waitlist / cbt", "waitlist"]
    assert one["n_t"].tolist() == [30, 30]
    assert one["n_c"].tolist() == [65, 25]
    assert one["weeks"].tolist() == [15.0, 8.0]
    assert np.isnan(one["percent_women"].iloc[0])
    known = table[table["yi"].notna()]
    expected = aggregate(known["yi"], known["vi"], known["trial_id"], V=covariance_blocks(known))
    assert_allclose(one["yi"], expected.yi)
    assert_allclose(one["vi"], expected.vi)


def test_a_table_with_one_row_a_trial_comes_back_as_it_is():
    table = trial({}, {"trial_id": "B"})
    pd.testing.assert_frame_equal(aggregate_rows(table).drop(columns="rows"), table)


def test_rows_of_several_measures_are_not_made_one():
    table = pd.concat([trial({}), trial({}).assign(measure="MD", row_id="T9")])
    with pytest.raises(EvidenceError, match=r"the rows mix measures: SMD \(1 row\), MD \(1 row\)"):
        aggregate_rows(table)


PRIORITY = pd.DataFrame(
    {
        "outcome": ["depression", "depression", "*"],
        "rank": [1, 2, 9],
        "instrument": ["HDRS*", "bdi*", "*"],
        "rating": ["clinician", "", "self"],
    }
)


def test_the_first_row_by_the_stated_order_stands_for_its_trial():
    table = trial(
        {"instrument": "bdi-2", "rating": "self"},
        {"instrument": "hdrs-17", "rating": "clinician"},
        {"instrument": "hdrs-17", "rating": "clinician", "sd_t": np.nan},
        {"instrument": "phq-9", "rating": "clinician", "trial_id": "B"},
        {"instrument": "bdi", "rating": "self", "trial_id": "C"},
        {"instrument": "bdi", "rating": "self", "trial_id": "C"},
        outcome="depression",
    )
    chosen, excluded = one_per_trial(table, PRIORITY)
    assert chosen["row_id"].tolist() == ["T2", "T4", "T5+T6"]
    assert excluded[["row_id", "reason"]].to_dict("records") == [
        {"row_id": "T1", "reason": "row T2 of the same trial comes first (rank 1 before 2)"},
        {"row_id": "T3", "reason": "no effect: no sd_t"},
    ]


def test_rows_that_tie_are_averaged_whatever_their_letters():
    table = trial(
        {"instrument": "phq", "row_id": "row 1", "mean_t": 9.0},
        {"instrument": "bdi", "row_id": "row 10"},
        {"instrument": "", "row_id": "row 2"},
    )
    one = one_per_trial(table)
    expected = aggregate(table["yi"][:2], table["vi"][:2], ["A", "A"], rho=0.6)
    assert one.chosen["row_id"].tolist() == ["row 1+row 10"]
    assert_allclose([one.chosen["yi"], one.chosen["vi"]], [expected.yi, expected.vi])
    assert one.left_out["reason"].tolist() == [
        "row 1 of the same trial comes first (a named instrument before an unnamed one)"
    ]


def test_a_score_comes_before_a_count_and_the_primary_outcome_before_others():
    counts = {"mean_t": np.nan, "event_t": 12, "event_c": 6, "instrument": "hdrs", "rating": "clinician"}
    table = trial(
        counts, {"instrument": "bdi"}, {"instrument": "phq", "primary": "yes"}, outcome="depression"
    )
    one = one_per_trial(table, PRIORITY)
    assert one.chosen["row_id"].tolist() == ["T3"]
    assert one.left_out["reason"].tolist() == [
        "row T3 of the same trial comes first (a score before a count of persons)",
        "row T3 of the same trial comes first (the trial's primary outcome)",
    ]


@pytest.mark.random
@given(
    st.permutations(range(4)), st.lists(st.sampled_from(["bdi", "hdrs", "", "zung"]), min_size=4, max_size=4)
)
@settings(deadline=None, max_examples=cases(10, 25))
def test_the_order_of_the_rows_does_not_choose_the_row(order, instruments):
    table = trial(*({"instrument": word, "mean_t": 9.0 + at} for at, word in enumerate(instruments)))
    forth, back = one_per_trial(table, PRIORITY), one_per_trial(table.iloc[list(order)], PRIORITY)
    assert_allclose(back.chosen[["yi", "vi"]], forth.chosen[["yi", "vi"]])
    assert set(back.left_out["row_id"]) == set(forth.left_out["row_id"])


@pytest.mark.random
@given(clusters, st.floats(0, 0.95))
@settings(deadline=None, max_examples=cases(40, 100))
def test_the_value_of_a_trial_never_leaves_the_range_of_its_rows(rows, rho):
    yi, vi, cluster = (np.array(each) for each in zip(*rows, strict=True))
    table = pd.DataFrame({"row_id": np.arange(len(yi)).astype(str), "trial_id": cluster, "yi": yi, "vi": vi})
    one = aggregate_rows(table, rho=rho).set_index("trial_id")
    for label in set(cluster.tolist()):
        own = yi[cluster == label]
        assert own.min() - 1e-12 <= one.loc[label, "yi"] <= own.max() + 1e-12


def test_weights_by_inverse_covariance_may_leave_the_range_and_the_mean_does_not():
    """The reason for the default: a precise and an imprecise row, correlated highly."""
    table = pd.DataFrame({"row_id": ["a", "b"], "trial_id": "A", "yi": [0.54, 1.27], "vi": [0.02, 0.2]})
    assert aggregate_rows(table, aggregate="gls")["yi"].item() < 0.54
    assert aggregate_rows(table)["yi"].item() == pytest.approx((0.54 + 1.27) / 2)
    assert aggregate_rows(table)["vi"].item() == pytest.approx(
        (0.02 + 0.2 + 2 * 0.6 * (0.02 * 0.2) ** 0.5) / 4
    )


def test_a_stated_order_that_lacks_columns_or_numbers_is_refused():
    with pytest.raises(SchemaError, match="priority lacks rating; expected the columns outcome, rank"):
        one_per_trial(trial({}), PRIORITY.drop(columns="rating"))
    with pytest.raises(
        EvidenceError, match="priority, line 2, column 'rank': expected a number, found 'first'"
    ):
        one_per_trial(trial({}), PRIORITY.assign(rank=["first", 2, 3]))


@pytest.mark.parametrize("rho", [-0.1, 1.0, 1.5])
def test_a_correlation_that_cannot_be_is_refused(rho):
    table = pd.DataFrame({"trial_id": ["a", "a"], "yi": [0.1, 0.2], "vi": [0.1, 0.1]})
    with pytest.raises(RequestError, match="must be a correlation from 0 to below 1"):
        covariance_blocks(table, rho)


def test_the_shared_arm_of_risk_differences_adds_its_own_variance():
    """p (1 - p) / n of the arm that both rows have; with unequal risks and sizes no other split gives it."""
    arms = {"event_t": [10, 24], "n_t": [40, 60], "event_c": 6, "n_c": 50}
    table = pd.DataFrame({"trial_id": "a", "arm_t": ["pdt", "cbt"], "arm_c": "waitlist", **arms})
    table = effect_sizes(table.assign(study="A", better="higher"), measure="RD")
    blocks = covariance_blocks(table, 0.6)
    assert_allclose(blocks.dense()[0, 1], 6 / 50 * 44 / 50 / 50, rtol=1e-12)


@pytest.mark.parametrize(
    "sides", [("arm_t", "arm_c"), ("arm_t_label", "arm_c_label"), ("arm_t_label", "arm_c")]
)
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_a_shared_control_counts_however_it_is_named(sides, rho):
    rows = pd.DataFrame(
        {"trial_id": "A", "yi": [0.3, 0.5], "vi": [0.08, 0.09], "n_t": [30, 25], "n_c": 30}
    ).assign(**{sides[0]: ["CBT", "PDT"], sides[1]: "waiting list"})
    share = rows["n_t"] / (rows["n_t"] + rows["n_c"])  # of the variance, that of the control
    expected = np.sqrt((share * rows["vi"]).prod())
    assert covariance_blocks(rows, rho).dense()[0, 1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("other", ["waiting list ", "Waiting  List", "WAITING LIST"])
def test_a_shared_control_is_one_arm_however_its_name_is_typed(other):
    rows = [
        {"arm_t_label": "CBT", "arm_c_label": "waiting list"},
        {"arm_t_label": "PDT", "arm_c_label": other},
    ]
    alike = [rows[0], {**rows[1], "arm_c_label": "waiting list"}]
    assert_allclose(covariance(trial(*rows)), covariance(trial(*alike)))


TWO_ARMS = [{"n_t": 30, "mean_t": 10.0}, {"n_t": 25, "mean_t": 11.5}]
SAME_N = [{"n_t": 30, "mean_t": 10.0}, {"n_t": 30, "mean_t": 11.5}]
ONLY_CONTROL = {"arm_t": "", "arm_c": "", "arm_c_label": "waiting list"}


def named(rows, *labels):
    """The same rows with the treated arms named: what the unnamed ones must come to."""
    return trial(
        *({**ONLY_CONTROL, **row, "arm_t_label": label} for row, label in zip(rows, labels, strict=True))
    )


@pytest.mark.parametrize("rows", [TWO_ARMS, SAME_N], ids=["persons differ", "means differ"])
@pytest.mark.parametrize("rho", [0.0, 0.6, 0.95])
@pytest.mark.parametrize("by", [ONLY_CONTROL, {"arm_t": "", "arm_c": "waitlist"}, {"arm_t": "", "arm_c": ""}])
def test_a_control_is_shared_where_only_it_is_named_or_only_numbers_show_it(rows, rho, by):
    """One measurement of one arm has one n and one mean: two of them against one control are two arms."""
    told = trial(*({**by, **row} for row in rows))
    assert_allclose(covariance(told, rho), covariance(named(rows, "a", "b"), rho))
    one = aggregate_rows(told, rho=rho)
    assert one["vi"].item() == pytest.approx(aggregate_rows(told, rho=0.0)["vi"].item())  # rho has no say
    assert one["n_t"].item() == sum(row["n_t"] for row in rows)


def test_a_shared_treated_arm_is_known_by_numbers_too():
    rows = [{"arm_c": "", "n_c": 25}, {"arm_c": "", "n_c": 31, "mean_c": 12.0}]
    labelled = [{**row, "arm_c_label": label} for row, label in zip(rows, "ab", strict=True)]
    assert_allclose(covariance(trial(*rows)), covariance(trial(*labelled)))


def test_arms_told_apart_by_persons_are_the_same_in_every_instrument():
    hdrs = [{**row, "instrument": "hdrs", "mean_t": 17.0, "mean_c": 20.0} for row in TWO_ARMS]
    told = trial(*({**ONLY_CONTROL, **row} for row in TWO_ARMS + hdrs))
    assert_allclose(covariance(told), covariance(named(TWO_ARMS + hdrs, *"abab")))


def test_an_unnamed_arm_with_the_numbers_of_a_named_one_is_that_arm():
    rows = [{"arm_t_label": "a"}, {"n_t": 25, "mean_t": 11.5}, {"instrument": "hdrs"}]
    told = trial(*({**ONLY_CONTROL, **row} for row in rows))
    assert_allclose(covariance(told), covariance(named(rows, "a", "b", "a")))


def test_counts_tell_arms_apart_as_means_do():
    events = {"mean_t": np.nan, "n_t": 30, "n_c": 25, "event_c": 6}
    rows = [{**events, "event_t": 12}, {**events, "event_t": 9}]
    told = trial(*({**ONLY_CONTROL, **row} for row in rows))
    assert_allclose(covariance(told), covariance(named(rows, "a", "b")))


@pytest.mark.parametrize("column", ["follow_up", "instrument", "event_label", "outcome"])
def test_other_measurements_of_the_same_arms_are_not_other_arms(column):
    """Persons drop out between two visits: fewer of them are no second arm."""
    rows = [{**TWO_ARMS[0], column: "one"}, {**TWO_ARMS[1], column: "other"}]
    told = trial(*({**ONLY_CONTROL, **row} for row in rows))
    v = told["vi"].to_numpy()
    assert_allclose(covariance(told)[0, 1], 0.6 * np.sqrt(v.prod()))


@pytest.mark.parametrize(
    "rows",
    [
        [{}, {"sd_c": 4.0, "mean_c": 12.0, **TWO_ARMS[1]}],
        [{"mean_t": np.nan, "reported_metric": "g", "reported": g, "reported_se": 0.3} for g in (0.5, 0.7)],
        [*TWO_ARMS, {"instrument": "hdrs", "n_t": 28}],
    ],
    ids=["both arms differ", "only effects", "an instrument with other persons"],
)
@pytest.mark.warns("no number says whether they compare several arms")
def test_where_no_number_tells_the_guess_is_said(rows):
    covariance(trial(*({**ONLY_CONTROL, **row} for row in rows)))


def test_a_study_is_its_trial_where_no_column_names_trials():
    rows = pd.DataFrame({"study": ["A", "A", "B"], "yi": [0.2, 0.6, 0.3], "vi": [0.04, 0.09, 0.05]})
    expected = aggregate_rows(rows.assign(trial_id=rows["study"])).drop(columns="trial_id")
    pd.testing.assert_frame_equal(aggregate_rows(rows), expected)
