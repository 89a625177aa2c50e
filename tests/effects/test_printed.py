"""Effects as trials print them: medians, changes, tests, clusters; each pinned, and each says what it assumed."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.quantiles import mean_and_sd
from pdt_evidence.effects.smd import hedges_g
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import read_trials
from pdt_evidence.reporting.check import check_file
from reference import load

# Most tables here say no direction: their effects are arm 1 less arm 2.
pytestmark = pytest.mark.filterwarnings("ignore:The table has no column 'better'")
REFERENCE = load("printed", cases=9, of="medians")
EFFECTS = {case["id"]: case for case in REFERENCE["effects"]}
ARMS = {"mean_t": 12.0, "sd_t": 5.0, "n_t": 30, "mean_c": 15.0, "sd_c": 6.0, "n_c": 28}
MEDIANS = {"median_t": 12, "q1_t": 8, "q3_t": 17, "n_t": 40, "median_c": 5, "q1_c": 3, "q3_c": 12, "n_c": 60}


def effect(measure="SMD", /, **cells):
    return effect_sizes(pd.DataFrame([cells]), measure).iloc[0]


def message(rows, measure="SMD"):
    with pytest.raises(EvidenceError) as caught:
        effect_sizes(pd.DataFrame(rows), measure)
    return str(caught.value)


def of_inputs(*inputs):
    names = ("median", "q1", "q3", "min", "max", "n")
    return mean_and_sd(*([np.nan if (x := one.get(name)) is None else x for one in inputs] for name in names))


def test_medians_give_the_means_and_sds_of_the_reference_the_skew_test_first():
    cases = REFERENCE["medians"]
    found = of_inputs(*(case["inputs"] for case in cases))
    assert found.skewed.tolist() == [case["skewed"] for case in cases]
    assert 0 < found.skewed.sum() < len(cases)
    expected = [case["qe"] if case["skewed"] else case["normal"] | {"family": "normal"} for case in cases]
    assert found.family.tolist() == [one["family"] for one in expected]
    assert_allclose(found.mean, [one["mean"] for one in expected], rtol=2e-8)
    assert_allclose(found.sd, [one["sd"] for one in expected], rtol=2e-8)


def test_quantile_estimation_gives_what_estmeansd_prints():
    printed = REFERENCE["source"]["estmeansd"]
    found = of_inputs(printed["inputs"])
    assert_allclose(
        [found.mean[0], found.sd[0]], [printed["mean"], printed["sd"]], rtol=1e-5
    )  # its optimiser's digits


def test_symmetric_quantiles_keep_their_middle_and_a_change_of_unit_changes_only_the_unit():
    one = {"min": 2, "q1": 8, "median": 12, "q3": 16, "max": 22, "n": 50}
    found = of_inputs(one)
    assert_allclose(found.mean, 12)
    skewed = {"q1": 3, "median": 5, "q3": 12, "n": 60}
    tenfold = skewed | {name: 10 * skewed[name] for name in ("q1", "median", "q3")}
    small, large = of_inputs(skewed), of_inputs(tenfold)
    assert_allclose([large.mean, large.sd], [10 * small.mean, 10 * small.sd], rtol=1e-7)


@pytest.mark.parametrize("name", ["SMDH", "SMCRP", "PPC2"])
def test_measures_give_the_effects_of_the_reference(name):
    case = EFFECTS[name]
    found = effect_sizes(pd.DataFrame(case["inputs"]), name)
    assert_allclose(found["yi"], case["yi"], rtol=1e-10)
    assert_allclose(found["vi"], case["vi"], rtol=1e-10)


def test_the_pre_post_control_effect_is_that_of_morris_and_of_printed_changes():
    case = EFFECTS["PPC2"]
    table = pd.DataFrame(case["inputs"])
    found = effect_sizes(table, "PPC2")
    assert_allclose(found["yi"], case["morris"], atol=0.005)
    changes = table.assign(
        score="change",
        mean_t=table["mean_t"] - table["mean_pre_t"],
        mean_c=table["mean_c"] - table["mean_pre_c"],
    ).drop(columns=["mean_pre_t", "mean_pre_c"])
    as_smd = effect_sizes(changes, "SMD")
    assert_allclose(as_smd[["yi", "vi"]], found[["yi", "vi"]])
    assert as_smd["yi_basis"][0] == "change in SDs before; r = 0.47"


def test_a_correlation_is_seen_and_a_larger_one_makes_the_change_more_precise():
    rows = pd.DataFrame([{k: v[0] for k, v in EFFECTS["PPC2"]["inputs"].items()}] * 3).assign(
        r=[0.2, 0.5, 0.8]
    )
    found = effect_sizes(rows, "PPC2")
    assert found["yi"].nunique() == 1
    assert found["vi"].is_monotonic_decreasing
    assert found["yi_basis"].tolist() == [f"change in SDs before; r = {r}" for r in (0.2, 0.5, 0.8)]
    assert effect("PPC2", **rows.assign(r=np.nan).iloc[0])["yi_reason"] == "no r"


def test_t_f_and_p_columns_are_one_effect_three_times():
    case = EFFECTS["t"]
    table = pd.DataFrame(case["inputs"])
    found = effect_sizes(table)
    assert_allclose(found[["yi", "vi"]].T, [case["yi"], case["vi"]], rtol=1e-10)
    sides = np.where(table["t"] > 0, "arm 1", "arm 2")
    for name in ("f", "p"):
        same = effect_sizes(table[["n_t", "n_c"]].assign(favours=sides, **{name: case[name]}))
        assert_allclose(same[["yi", "vi"]].T, [case["yi"], case["vi"]], rtol=1e-9)
    assert effect(t=2.0, n_t=20, n_c=20)["yi_basis"] == "t; taken for an unpaired, unadjusted test"


def test_a_bound_gives_the_least_effect_and_says_so():
    found = effect(p="p < .001", n_t=30, n_c=30, favours="arm 1")
    assert found["yi_basis"].startswith("p < 0.001; taken as p = 0.001, so the effect is at least this large")
    assert_allclose(found["yi"], effect(p=0.001, n_t=30, n_c=30, favours="arm 1")["yi"])
    assert effect(p=0.0001, n_t=30, n_c=30, favours="arm 1")["yi"] > found["yi"]
    reported = effect(reported_metric="g", reported=0.4, reported_p="<0,001")
    assert reported["yi_basis"] == "reported g; p < 0.001 taken as p = 0.001"


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (
            {"p": 0.03, "n_t": 20, "n_c": 20},
            "p says how large the effect is, not which way: write 'arm 1' or 'arm 2'",
        ),
        (
            {"f": 4.1, "n_t": 20, "n_c": 20},
            "F says how large the effect is, not which way: write 'arm 1' or 'arm 2'",
        ),
        ({"p": "ns", "n_t": 20, "n_c": 20}, "'not significant' says that the effect is small, not how small"),
        (
            {"p": ">0.05", "n_t": 20, "n_c": 20},
            "a p above a bound says that the effect is small, not how small",
        ),
        ({"p": 0.03, "n_t": 20, "n_c": np.nan}, "p needs n_t and n_c to be turned into g"),
        (
            {**MEDIANS, "q1_t": np.nan},
            "a median needs its quartiles or its range: no q1_t and q3_t, no min_t and max_t",
        ),
        ({**MEDIANS, "n_c": 4}, "a median of fewer than 5 persons gives no mean and SD"),
        (
            {**MEDIANS, "q1_c": -1, "median_c": 1},
            "skewed scores below 0 fit none of the distributions for medians",
        ),
        ({**ARMS, "icc": 0.05, "cluster_size": np.nan}, "a trial randomised in clusters needs both"),
    ],
)
def test_what_was_not_printed_is_a_reason_and_no_number(cells, reason):
    found = effect(**cells)
    assert np.isnan(found["yi"])
    assert found["yi_reason"].startswith(reason)


def test_the_means_tell_which_way_a_p_goes():
    cells = {"p": 0.02, "n_t": 20, "n_c": 20, "mean_t": 10.0, "mean_c": 14.0}
    assert effect(**cells, better="lower")["yi"] > 0 > effect(**cells, better="higher")["yi"]


def test_one_arm_may_have_a_median_and_the_other_its_mean():
    both = effect(**MEDIANS, better="lower")
    arm = of_inputs({"q1": 8, "median": 12, "q3": 17, "n": 40})
    mixed = effect(**{**MEDIANS, "median_t": np.nan}, mean_t=arm.mean[0], sd_t=arm.sd[0], better="lower")
    assert_allclose(mixed[["yi", "vi"]].astype(float), both[["yi", "vi"]].astype(float))
    assert both["yi_basis"] == (
        "medians; arm 1 taken as normal, arm 2 skewed, so a log-normal distribution was fitted"
    )


def test_clusters_widen_by_the_design_effect_as_the_effective_sample_would():
    plain, clustered = effect(**ARMS), effect(**ARMS, icc=0.05, cluster_size=21)
    assert_allclose(clustered["vi"], 2 * plain["vi"])
    assert clustered["yi"] == plain["yi"]
    assert clustered["yi_basis"] == "means; times the design effect 2, of clusters of 21 and an ICC of 0.05"
    half = effect("MD", **ARMS | {"n_t": 15, "n_c": 14})
    assert_allclose(effect("MD", **ARMS, icc=0.05, cluster_size=21)["vi"], half["vi"])
    assert effect(**ARMS, icc=0.0, cluster_size=21)["vi"] == plain["vi"]
    own = {"reported_metric": "g", "reported": 0.4, "reported_se": 0.2}
    assert (
        effect(**own, icc=0.05, cluster_size=21)["vi"] == effect(**own)["vi"]
    )  # its error has its clusters in it


def test_all_bad_cells_are_told_at_once():
    rows = [
        {**MEDIANS, "q1_t": 18},
        {**ARMS, "icc": -0.1, "cluster_size": 20},
        {**ARMS, "icc": 0.1, "cluster_size": 0.5},
        {"f": -2, "n_t": 20, "n_c": 20},
        {"p": "maybe", "n_t": 20, "n_c": 20},
        {**ARMS, "sd_pre_t": 0, "sd_pre_c": 5, "r": 1.0},
        {"p": 1.2, "n_t": 20, "n_c": 20, "favours": "us"},
    ]
    said = message(rows)
    for words in (
        "row 1, column 'q1_t': expected at most median_t = 12, found 18.",
        "row 2, column 'icc': expected an intracluster correlation from 0 to below 1, found -0.1.",
        "row 3, column 'cluster_size': expected persons in a cluster on average, 1 or more, found 0.5.",
        "row 4, column 'f': expected an F, 0 or more, found -2.",
        "row 5, column 'p': expected a p such as 0.03 or < 0.001, found 'maybe'.",
        "row 6, column 'sd_pre_t': expected an SD above 0, found 0.",
        "row 6, column 'r': expected a correlation between -1 and 1, both excluded, found 1.",
        "row 7, column 'p': expected a p between 0 and 1, found 1.2.",
        "row 7, column 'favours': expected 'arm 1' or 'arm 2', found 'us'.",
    ):
        assert words in said


def test_means_stand_before_medians():
    assert (
        effect(**ARMS, median_t=1, q1_t=0, q3_t=2, median_c=1, q1_c=0, q3_c=2)["yi"]
        == hedges_g(*ARMS.values())[0]
    )


FILE = """study,outcome,better,months_since_end,median_t,q1_t,q3_t,n_t,median_c,q1_c,q3_c,n_c,p,favours,icc,cluster_size
Adler 1999,depression,lower,0,12,8,17,40,15,10,21,60,,,,
Berg 2001,depression,lower,0,5,3,12,60,9,5,20,55,,,0.05,21
Conti 2004,depression,lower,0,,,,30,,,,31,p < .001,arm 1,,
"""


def test_a_file_of_medians_and_bounds_is_read_pooled_and_its_assumptions_listed(tmp_path):
    path = tmp_path / "printed.csv"
    path.write_text(FILE)
    fit = synthesize(read_trials(path))["depression", "post"]
    assert fit.k == 3
    assert any(note.code == "assumed" for note in fit.notes)
    notes = "\n".join(check_file(path).notes)
    assert "assumed for 1 effect from medians: taken as normal; line 2 (Adler 1999)." in notes
    assert "assumed for 1 effect from p < 0.001: taken as p = 0.001" in notes
    assert "columns of your own" not in notes


def test_bad_cells_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text(
        FILE.replace("12,8,17", "12,18,17").replace("0.05,21", "-0.05,21").replace("p < .001", "often")
    )
    with pytest.raises(EvidenceError) as caught:
        read_trials(path)
    assert len(caught.value.problems) == 3
    assert "column 'icc': expected an intracluster correlation from 0 to below 1, found -0.05" in str(
        caught.value
    )
