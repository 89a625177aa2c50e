"""Tables of trials in, pooled strata out."""

import math
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.special import stdtrit

import pdt_evidence as pdt
from pdt_evidence.analysis.synthesis import DEPENDENCE, synthesize
from pdt_evidence.errors import EvidenceError, EvidenceWarning, RequestError
from reference import load

REFERENCE = load("strata", cases=4)


@pytest.fixture(scope="module")
def control():
    return pdt.trials(comparison="pdt_vs_control")


@pytest.fixture(scope="module")
def table():
    """Two trials with two instruments each, one with one; a second window for the last."""
    return pd.DataFrame(
        {
            "row_id": list("abcdef"),
            "trial_id": ["t1", "t1", "t2", "t2", "t3", "t3"],
            "study": ["One", "One", "Two", "Two", "Three", "Three"],
            "outcome": "depression",
            "follow_up": ["post"] * 5 + ["long"],
            "instrument": ["HDRS", "BDI", "HDRS", "BDI", "BDI", "BDI"],
            "rating": ["clinician", "self", "clinician", "self", "self", "self"],
            "measure": "SMD",
            "yi": [0.5, 0.3, 0.8, 0.6, 0.2, 0.1],
            "vi": [0.05, 0.05, 0.08, 0.07, 0.04, 0.05],
        }
    )


def quietly(*args, **options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Left out, without an effect", EvidenceWarning)
        return synthesize(*args, **options)


def case_id(case):
    return f"{case['comparison']}-{case['outcome']}-{case['follow_up']}"


@pytest.mark.parametrize(
    "fit_name", ["REML z", "REML knha", "DL z", "DL knha", "PM z", "PM knha", "EE z", "EE knha"]
)
@pytest.mark.parametrize("case", REFERENCE["cases"], ids=case_id)
def test_our_own_strata_agree_with_metafor(case, fit_name):
    method, test = fit_name.split()
    synthesis = quietly(pdt.trials(comparison=case["comparison"]), method=method, test=test)
    fit = synthesis[case["outcome"], case["follow_up"]]
    assert list(fit.row_ids) == case["row_ids"]
    assert_allclose(fit.yi, case["yi"], rtol=1e-12)
    assert_allclose(fit.vi, case["vi"], rtol=1e-12)
    for name, value in case["fits"][fit_name].items():
        # atol: metafor leaves tau2 of about 1e-15 where the estimate is exactly 0
        assert_allclose(getattr(fit, name), value, rtol=1e-8, atol=1e-10, err_msg=name)


def test_the_reference_is_whole():
    assert len(REFERENCE["cases"]) >= 4
    assert all(len(case["fits"]) == 8 for case in REFERENCE["cases"])
    assert REFERENCE["source"].startswith("metafor")


def test_a_trial_counts_once_in_a_stratum(table):
    assert quietly(table)["depression", "post"].k == 3
    assert quietly(table)["depression", "long"].k == 1


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9])
def test_aggregation_is_the_mean_where_variances_are_equal(table, rho):
    fit = quietly(table, rho=rho)["depression", "post"]
    assert_allclose(fit.yi[0], 0.4)
    assert_allclose(fit.vi[0], 0.05 * (1 + rho) / 2)


def test_more_correlation_means_less_information(table):
    ses = [
        quietly(table, rho=rho, test="z", method="EE")["depression", "post"].se for rho in (0, 0.3, 0.6, 0.9)
    ]
    assert ses == sorted(ses)


def test_one_per_trial_takes_the_clinician_scale_and_lists_the_rest(table):
    synthesis = quietly(table, dependence="one-per-trial")
    assert synthesis["depression", "post"].row_ids == ("a", "c", "e")
    assert synthesis.left_out["row_id"].tolist() == ["b", "d"]
    assert synthesis.left_out["reason"].str.contains("rank 1 before 3").all()
    assert math.isnan(synthesis.rho)


@pytest.mark.parametrize("dependence", ["three-level", "che"])
def test_multilevel_models_keep_every_row(table, dependence):
    fit = quietly(table, dependence=dependence)["depression", "post"]
    assert fit.k == 5
    assert fit.n_clusters == 3
    assert_allclose(fit.weights.sum(), 100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"dependence": "che", "method": "DL"},
            "method = 'DL', but dependence = 'che' is fitted by REML only",
        ),
        ({"dependence": "three-level", "method": "EE"}, "dependence = 'three-level' is fitted by REML only"),
        ({"dependence": "che", "test": "z"}, "test = 'z', but dependence = 'che' is always cluster-robust"),
        ({"dependence": "three-level", "test": "adhoc"}, "'three-level' has 't' (the default) and 'z'"),
    ],
)
def test_multilevel_models_refuse_what_they_do_not_have(table, options, message):
    with pytest.raises(RequestError, match=re.escape(message)):
        quietly(table, **options)


@pytest.mark.parametrize(
    ("options", "test"),
    [
        ({"dependence": "che"}, "CR2"),
        ({"dependence": "three-level"}, "t"),
        ({"dependence": "three-level", "test": "z"}, "z"),
        ({"test": "t"}, "t"),
    ],
)
def test_a_synthesis_says_what_was_done(control, options, test):
    synthesis = quietly(control, **options)
    assert (synthesis.method, synthesis.test) == ("REML", test)
    assert f"(REML, {test}, 95% intervals" in synthesis.summary()
    assert synthesis["depression", "post"].test == test


@pytest.mark.parametrize("dependence", DEPENDENCE)
def test_a_prediction_interval_holds_the_confidence_interval(control, dependence):
    synthesis = quietly(control, dependence=dependence)
    for effect in synthesis.strata.values():
        if not math.isnan(effect.pi[0]):
            assert effect.pi[0] <= effect.ci[0]
            assert effect.ci[1] <= effect.pi[1]


def test_the_robust_prediction_interval_has_the_robust_error_and_freedom(control):
    fit = quietly(control, dependence="che")["depression", "post"]
    half = stdtrit(fit.df, 0.975) * math.sqrt(fit.se**2 + fit.tau2)
    assert_allclose(fit.pi, (fit.estimate - half, fit.estimate + half))


@pytest.mark.parametrize("dependence", DEPENDENCE)
def test_effects_and_trials_are_counted_apart(control, dependence):
    synthesis = quietly(control, dependence=dependence)
    row = synthesis.to_frame().set_index(["outcome", "follow_up"]).loc[("depression", "post")]
    effects = 26 if dependence in ("three-level", "che") else 17
    assert (row["k"], row["trials"]) == (effects, 17)
    line = next(
        line for line in synthesis.summary().splitlines() if line.startswith("depression") and "post" in line
    )
    assert line.split()[2:4] == [str(effects), "17"]


def test_every_way_of_dependence_changes_the_result(control):
    part = control[control["outcome"].eq("depression")]
    estimates = {way: quietly(part, dependence=way)["depression", "post"].estimate for way in DEPENDENCE}
    assert len({round(value, 6) for value in estimates.values()}) == len(DEPENDENCE)


def test_row_order_changes_nothing(control):
    first = quietly(control)["depression", "post"]
    again = quietly(control.sample(frac=1, random_state=1))["depression", "post"]
    assert_allclose(again.estimate, first.estimate, rtol=1e-10)
    assert_allclose(again.tau2, first.tau2, rtol=1e-8)


def test_strata_pooled_together_equal_strata_pooled_alone(control):
    together = quietly(control)
    for outcome, window in together:
        alone = quietly(control[control["outcome"].eq(outcome) & control["follow_up"].eq(window)])
        for name in ("estimate", "se", "tau2", "ci", "pi", "p"):  # sums of padded rows round otherwise
            one, whole = (getattr(found[outcome, window], name) for found in (alone, together))
            assert whole == pytest.approx(one, rel=1e-11, abs=1e-14, nan_ok=True), (outcome, window, name)


def test_windows_come_in_the_order_of_time(control):
    windows = [window for outcome, window in quietly(control) if outcome == "depression"]
    assert windows == ["post", "medium", "long", "unknown"]


def test_no_row_is_lost(control):
    synthesis = quietly(control)
    pooled = {row for fit in synthesis.strata.values() for ids in fit.row_ids for row in ids.split("+")}
    assert pooled | set(synthesis.left_out["row_id"]) == set(control["row_id"])
    assert not pooled & set(synthesis.left_out["row_id"])
    assert (synthesis.left_out["reason"] != "").all()


def test_rows_without_effect_are_said_aloud(table):
    holed = table.assign(yi=table["yi"].where(table["row_id"] != "e"))
    with pytest.warns(EvidenceWarning, match=r"Left out, without an effect: row e \(.*\): no yi or vi\."):
        synthesis = synthesize(holed)
    assert synthesis["depression", "post"].k == 2


def test_one_study_gives_its_own_estimate(table):
    fit = quietly(table)["depression", "long"]
    assert (fit.estimate, fit.se) == (0.1, math.sqrt(0.05))
    assert math.isnan(fit.tau2)
    assert math.isnan(fit.pi[0])


def test_effects_are_computed_where_the_table_has_arm_data_only():
    arms = pd.DataFrame(
        {
            "study": ["A", "B"],
            "trial_id": ["A", "B"],
            "mean_t": [10.0, 12],
            "sd_t": [4.0, 5],
            "n_t": [30, 40],
            "mean_c": [13.0, 13],
            "sd_c": [4.0, 5],
            "n_c": [30, 40],
            "better": "lower",
            "outcome": "depression",
        }
    )
    fit = synthesize(arms, by="outcome")["depression"]
    assert fit.measure == "SMD"
    assert (fit.yi > 0).all()


def test_studies_carry_what_figures_show(control):
    fit = quietly(control)["depression", "post"]
    assert fit.stratum == {"comparison": "pdt_vs_control", "outcome": "depression", "follow_up": "post"}
    assert {"n_t", "n_c", "year", "source_id"} <= set(fit.columns)
    assert all(len(values) == fit.k for values in fit.columns.values())


BAD = [
    (lambda t: t.iloc[:0], {}, "the table has no rows"),
    (lambda t: t, {"by": "outcomes"}, r"column 'outcomes' is missing\. Did you mean 'outcome'\?"),
    (lambda t: t, {"by": ()}, "expected at least one column"),
    (lambda t: t.assign(row_id="a"), {}, "'row_id': expected each row once, found again: a"),
    (
        lambda t: t.assign(measure=["SMD"] * 3 + ["OR"] * 3),
        {},
        "'measure': expected one value, found OR, SMD",
    ),
    (
        lambda t: t.assign(design=["between"] * 3 + ["pre-post"] * 3),
        {},
        "'design': expected one value, found between",
    ),
    (lambda t: t.assign(yi=np.nan), {}, "no row of the table gives an effect"),
    (lambda t: t, {"dependence": "ignore"}, "dependence = 'ignore' is not known. Choose one of: 'aggregate'"),
    (lambda t: t, {"method": "MAGIC"}, "method = 'MAGIC' is not known"),
    (lambda t: t, {"test": "F"}, "test = 'F' is not known"),
]


@pytest.mark.parametrize(("change", "options", "message"), BAD, ids=[case[2][:30] for case in BAD])
def test_bad_requests_are_refused_with_what_was_expected(table, change, options, message):
    with pytest.raises(EvidenceError, match=message):
        quietly(change(table), **options)


def test_all_faults_of_a_table_come_at_once(table):
    with pytest.raises(EvidenceError) as caught:
        synthesize(table.assign(row_id="a", measure=["SMD"] * 3 + ["OR"] * 3))
    assert len(caught.value.problems) == 2


def test_a_regression_on_the_studies_of_a_pool_rests_on_its_numbers():
    """Also where trials count patients beside their scores, which the pool leaves out."""
    trials = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    pool = quietly(trials)["depression", "post"]
    alone = pdt.metareg("yi ~ 1", pool.studies())
    found = (alone.coefficients["estimate"].iloc[0], alone.tau2)
    assert found == pytest.approx((pool.estimate, pool.tau2), rel=1e-6)
    averaged = pdt.aggregate_rows(trials)
    assert not np.allclose(averaged["yi"], pool.yi)


def test_rows_without_a_comparison_beside_named_ones_are_warned_about(table):
    """Other arms of a database, which `import` leaves without one."""
    mixed = table.assign(comparison=["pdt_vs_control"] * 3 + [""] * 3)
    with pytest.warns(EvidenceWarning, match=r"mix comparisons \(pdt_vs_control, and rows that name none\)"):
        synthesize(mixed)


def test_mixed_comparisons_are_warned_about(table):
    mixed = table.assign(comparison=["pdt_vs_cbt"] * 3 + ["pdt_vs_control"] * 3)
    with pytest.warns(EvidenceWarning, match=r"Strata mix comparisons \(pdt_vs_cbt, pdt_vs_control\)"):
        synthesize(mixed)


def test_an_unknown_stratum_lists_the_known_ones(table):
    with pytest.raises(RequestError, match="There are: depression, post; depression, long"):
        quietly(table)["anxiety", "post"]


def test_published_designs_never_pool_together():
    printed = pdt.reviews(review=["leichsenring2004", "abbass2006"])
    rows = printed.assign(
        trial_id=printed["row_id"], study=printed["citation"], yi=printed["estimate"], vi=0.1
    )
    with pytest.raises(EvidenceError, match="'design': expected one value, found between, pre-post"):
        synthesize(rows.drop(columns="measure"))


def test_a_short_table_needs_a_study_and_its_effect_only():
    short = pd.DataFrame(
        {"study": ["A", "B", "C"], "outcome": "sleep", "yi": [0.1, 0.4, 0.3], "vi": [0.04, 0.05, 0.03]}
    )
    fit = synthesize(short, by="outcome")["sleep"]
    assert fit.k == 3
    assert fit.labels == ("A", "B", "C")
    with pytest.raises(EvidenceError, match="column 'study' is missing"):
        synthesize(short.drop(columns="study"), by="outcome")


def test_a_direction_that_nobody_gave_is_said_aloud():
    arms = pd.DataFrame(
        {
            "study": ["A", "B"],
            "mean_t": [10.0, 12],
            "sd_t": [4.0, 5],
            "n_t": [30, 40],
            "mean_c": [13.0, 13],
            "sd_c": [4.0, 5],
            "n_c": [30, 40],
            "outcome": "depression",
        }
    )
    with pytest.warns(
        EvidenceWarning, match="no column 'better', so effects from arm data are arm 1 less arm 2"
    ):
        synthesize(arms, by="outcome")


def test_rows_that_their_table_sets_aside_are_never_pooled_in_silence():
    table = pd.DataFrame(
        {
            "study": ["A", "B", "C", "D"],
            "outcome": "anxiety",
            "follow_up": "post",
            "yi": [0.1, 0.2, 0.3, 0.4],
            "vi": 0.04,
            "status": ["ok", "retracted", None, "ok"],
            "preferred": [True, True, True, False],
        }
    )
    with pytest.warns(
        EvidenceWarning, match=r"its status is retracted: 1; not the preferred row of its contrast: 1"
    ):
        assert synthesize(table)["anxiety", "post"].k == 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert synthesize(table.iloc[[0, 2]])["anxiety", "post"].k == 2


def joined():
    """The bundled trials, which have effects, and two trials of a user that have not."""
    arms = {"mean_t": 12.4, "sd_t": 8.1, "n_t": 30, "mean_c": 17.9, "sd_c": 8.8, "n_c": 28}
    mine = pd.DataFrame(
        [
            {
                "row_id": f"M{i}",
                "study": f"Mine {i}",
                "trial_id": f"mine{i}",
                "outcome": "depression",
                "follow_up": "post",
                "better": "lower",
                **arms,
            }
            for i in (1, 2)
        ]
    )
    available = pdt.trials(comparison="pdt_vs_cbt", outcome="depression", follow_up="post")
    return available[available["yi"].notna()], mine


def test_rows_without_an_effect_get_one_where_they_are_joined_to_rows_with():
    available, mine = joined()
    together = synthesize(pd.concat([available, mine]))["depression", "post"]
    assert together.k == synthesize(available)["depression", "post"].k + 2
    assert_allclose(together.yi[-2:], pdt.effect_sizes(mine)["yi"])


def test_a_row_without_an_effect_has_a_reason_whatever_table_it_comes_from():
    table = pd.DataFrame(
        {"study": list("AB"), "outcome": "x", "follow_up": "post", "yi": [0.1, None], "vi": 0.1}
    )
    with pytest.warns(EvidenceWarning, match="without an effect"):
        assert synthesize(table).left_out["reason"].tolist() == ["no yi or vi"]


def test_what_a_stratum_has_in_it_is_said():
    rows = pdt.trials(comparison="pdt_vs_cbt", follow_up="post", outcome=["depression", "anxiety", "dropout"])
    with pytest.warns(EvidenceWarning, match="Strata mix symptoms with dropout"):
        synthesize(rows[rows["yi"].notna()], by="comparison")
    fit = synthesize(rows[rows["yi"].notna() & (rows["outcome"] != "dropout")], by="comparison")["pdt_vs_cbt"]
    assert "Outcomes pooled together: anxiety, depression." in fit.notes
    assert "Effects from events or odds ratios are log odds ratios times √3/π." in fit.notes
    means = rows[rows["yi_basis"] == "means"]
    assert not any("log odds" in note for note in synthesize(means)["depression", "post"].notes)


TWO_KINDS = pd.DataFrame(
    {
        "row_id": list("abcd"),
        "trial_id": ["A", "A", "B", "C"],
        "study": ["A", "A", "B", "C"],
        "outcome": "depression",
        "follow_up": "post",
        "instrument": ["BDI", "HDRS", "HDRS", "BDI"],
        "better": ["lower", "higher", "higher", "lower"],
        "mean_t": [10.0, math.nan, math.nan, 11.0],
        "sd_t": [4.0, math.nan, math.nan, 5.0],
        "mean_c": [13.0, math.nan, math.nan, 13.0],
        "sd_c": [5.0, math.nan, math.nan, 5.0],
        "event_t": [math.nan, 18, 15, math.nan],
        "event_c": [math.nan, 9, 10, math.nan],
        "n_t": 30,
        "n_c": 30,
    }
)


def test_counts_enter_the_pool_of_scores_only_where_a_trial_has_nothing_else():
    found = pdt.synthesize(TWO_KINDS)
    assert found["depression", "post"].row_ids == ("a", "c", "d")
    assert found.left_out[["row_id", "reason"]].to_numpy().tolist() == [
        ["b", "counts persons with an event; row a of the same trial has a score of this outcome"]
    ]
    assert [note.code for note in found.notes] == ["counts-set-aside"]
    note = "1 of 3 values comes from counting patients (how many recovered, for example), not from scores."
    assert note in found["depression", "post"].notes
    unnamed = pdt.synthesize(TWO_KINDS.drop(columns="row_id"))
    assert unnamed.left_out["reason"].tolist() == [
        "counts persons with an event; row 1 of the same trial has a score of this outcome"
    ]


def test_values_made_of_scores_and_counts_are_said_to_come_from_counts_in_part():
    def said(table):
        notes = pdt.synthesize(table, events="pool")["depression", "post"].notes
        return [str(note) for note in notes if note.code == "counts-beside-scores"]

    counting = "from counting patients (how many recovered, for example), not from scores"
    assert said(TWO_KINDS) == [f"1 of 3 values comes {counting}; 1 more is made of both."]
    assert said(TWO_KINDS[TWO_KINDS["row_id"] != "c"]) == [f"1 of 2 values comes in part {counting} alone."]


def test_the_p_of_three_levels_is_not_said_to_be_the_robust_one():
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"study": np.repeat(list("ABCD"), 2), "outcome": "x", "yi": rng.normal(0.3, 0.2, 8)})
    table = table.assign(vi=np.tile([0.04, 0.09], 4))
    codes = {
        rule: {note.code for note in pdt.synthesize(table, by="outcome", dependence=rule)["x",].notes}
        for rule in ("three-level", "che")
    }
    assert "few-degrees-of-freedom" in codes["che"] - codes["three-level"]


@pytest.mark.parametrize(("events", "used"), [("never", ("a", "d")), ("pool", ("a+b", "c", "d"))])
def test_counts_can_be_used_never_and_always(events, used):
    assert pdt.synthesize(TWO_KINDS, events=events)["depression", "post"].row_ids == used


def test_counts_are_pooled_as_ratios_by_themselves():
    found = pdt.synthesize(pdt.effect_sizes(TWO_KINDS), outcome_kind="response")
    fit = found["depression", "post"]
    assert (fit.measure, fit.row_ids) == ("OR", ("b", "c"))
    assert fit.yi[0] == pytest.approx(math.log((18 / 12) / (9 / 21)))
    assert pdt.synthesize(TWO_KINDS, outcome_kind="response", measure="RR")["depression", "post"].yi[1] == (
        pytest.approx(math.log(15 / 10))
    )
    with pytest.raises(RequestError, match="measure"):
        pdt.synthesize(TWO_KINDS, outcome_kind="response", measure="SMD")


def test_a_pool_of_counts_lists_the_rows_that_count_nobody():
    """They went without a word, and rows without ids were numbered anew."""
    table = TWO_KINDS.drop(columns="row_id").assign(event_t=TWO_KINDS["event_t"].where(TWO_KINDS.index != 2))
    with pytest.warns(EvidenceWarning, match=r"row 3 .*: no event_t"):
        found = pdt.synthesize(table, outcome_kind="response")
    assert found["depression", "post"].row_ids == ("row 2",)
    assert found.left_out[["row_id", "reason"]].to_numpy().tolist() == [
        ["row 1", "counts no persons with an event; only such counts are pooled"],
        ["row 4", "counts no persons with an event; only such counts are pooled"],
        ["row 3", "no event_t"],
    ]


def test_without_a_single_score_nothing_is_pooled_and_the_way_out_is_named():
    with pytest.raises(EvidenceError, match="outcome_kind='response'"):
        pdt.synthesize(TWO_KINDS.iloc[[1, 2]], events="never")


def test_the_clock_that_starts_with_treatment_makes_its_own_windows():
    table = TWO_KINDS.assign(months_since_end=[0, 0, 5, 0], treatment_weeks=[10, 10, 26, 60])
    found = pdt.synthesize(table, clock="start")
    assert found.keys() == [
        ("depression", "to 3 months"),
        ("depression", "6 to 12 months"),
        ("depression", "12 to 24 months"),
    ]
    assert found["depression", "12 to 24 months"].row_ids == ("d",)
    assert found["depression", "6 to 12 months"].row_ids == ("c",)
    with pytest.raises(EvidenceError, match="No row says how many months after the start"):
        pdt.synthesize(TWO_KINDS, clock="start")
    with pytest.raises(RequestError, match="has no 'follow_up'"):
        pdt.synthesize(table, by="outcome", clock="start")


def test_where_no_row_gives_an_effect_it_is_said_why_row_by_row():
    rows = {"row_id": ["a", "b"], "study": ["A", "B"], "outcome": "x", "better": "lower"}
    rows |= {
        "mean_t": [1.0, np.nan],
        "sd_t": 1.0,
        "n_t": [20, np.nan],
        "mean_c": 2.0,
        "sd_c": 1.0,
        "n_c": [np.nan, 9],
    }
    with pytest.raises(
        EvidenceError, match="no row of the table gives an effect and its variance: 2 problems"
    ) as caught:
        synthesize(pd.DataFrame(rows), by="outcome")
    assert caught.value.problems == ("row a: no n_c.", "row b: no mean_t, n_t.")


@pytest.mark.parametrize("dependence", ["aggregate", "che", "one-per-trial"])
def test_a_column_of_ordered_categories_keeps_its_order_in_the_result(dependence):
    """Not the alphabet's: high, low, mid."""
    doses = pd.Categorical(["mid", "low", "high", "low"], ["low", "mid", "high"], ordered=True)
    table = pd.DataFrame({"study": list("abcd"), "outcome": "x", "dose": doses})
    table = table.assign(yi=[0.1, 0.2, 0.3, 0.4], vi=[0.1, 0.1, 0.2, 0.1])
    fit = synthesize(table, by="outcome", dependence=dependence)["x"]
    assert tuple(fit.columns["dose"]) == ("mid", "low", "high", "low")
    if dependence != "che":
        assert pdt.cumulative(fit, order="dose").labels == ("b", "d", "a", "c")
    assert pickle.loads(pickle.dumps(fit)).columns["dose"].categories == ("low", "mid", "high")


def test_a_trial_with_rows_of_two_categories_has_no_place_among_them():
    doses = pd.Categorical(["mid", "low", "high", "low"], ["low", "mid", "high"], ordered=True)
    table = pd.DataFrame({"study": list("aabc"), "outcome": "x", "dose": doses})
    table = table.assign(yi=[0.1, 0.2, 0.3, 0.4], vi=[0.1, 0.1, 0.2, 0.1])
    fit = synthesize(table, by="outcome")["x"]
    assert fit.columns["dose"] == ("mid / low", "high", "low")
    with pytest.raises(EvidenceError, match=r"study 1 \(a\) has no value in order"):
        pdt.cumulative(fit, order="dose")


def test_what_a_table_without_strata_mixes_can_be_written_as_strata():
    own = pd.DataFrame(
        {"study": list("abcd"), "comparison": list("xxyy"), "yi": [0.1, 0.3, 0.2, 0.4], "vi": 0.1}
    )
    with pytest.warns(EvidenceWarning, match=r'mix comparisons \(x, y\)\. .* write by=\["comparison"\]\.$'):
        pdt.synthesize(own)
    assert len(pdt.synthesize(own, by=["comparison"])) == 2
