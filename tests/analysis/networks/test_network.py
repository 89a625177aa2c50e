"""Networks: against netmeta and metafor, against what must hold, and our own."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.conclusions.equivalence import STEINERT_2017, equivalence
from pdt_evidence.analysis.networks.comparison import network_table
from pdt_evidence.analysis.networks.network import (
    network,
    network_arms,
    network_contrasts,
)
from pdt_evidence.analysis.networks.small_studies import adjusted_effects
from pdt_evidence.analysis.networks.transitivity import network_transitivity
from pdt_evidence.errors import EvidenceError, RequestError, SchemaError
from reference import load

HERE = Path(__file__).parents[2]
NETMETA = {case["id"]: case for case in load("netmeta", cases=2)["cases"]}
METAFOR = load("network", cases=6)
NETMETA_RTOL = 1e-9  # fifteen digits printed; the sums are taken in another order
METAFOR_ATOL = 1e-6  # its optimisers stop there, and Linde 2016 prints loops that close to 1e-6 only


def of_netmeta(case, **kwargs):
    given = case["contrasts"]
    variance = np.square(given["seTE"])
    return network(
        given["TE"],
        variance,
        given["treat1"],
        given["treat2"],
        given["study"],
        reference=case["ref"],
        **kwargs,
    )


def of_metafor(case, **kwargs):
    given = case["contrasts"]
    return network(
        given["yi"],
        given["vi"],
        given["arm_t"],
        given["arm_c"],
        given["study"],
        reference=case["treatments"][0],
        **kwargs,
    )


def loop(**kwargs):
    """Three treatments in a loop of two-arm studies."""
    return network(
        [0.5, 0.3, 0.1, 0.2],
        [0.04, 0.05, 0.06, 0.03],
        ["A", "B", "A", "A"],
        ["C", "C", "B", "C"],
        ["1", "2", "3", "4"],
        reference="C",
        **kwargs,
    )


# --- netmeta -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETMETA)
def test_moments_and_all_matrices_agree_with_netmeta(name):
    case = NETMETA[name]
    fit = of_netmeta(case, method="DL")
    assert list(fit.treatments) == case["DL"]["trts"]
    assert_allclose(fit.tau2, case["DL"]["tau2"], rtol=NETMETA_RTOL, atol=1e-12)
    assert_allclose([fit.Q, fit.I2 / 100], [case["DL"]["Q"], case["DL"]["I2"]], rtol=NETMETA_RTOL, atol=1e-12)
    assert fit.Q_df == case["DL"]["df"]
    assert_allclose(fit.estimates, case["DL"]["TE_random"], rtol=NETMETA_RTOL, atol=1e-12)
    assert_allclose(fit.standard_errors, case["DL"]["seTE_random"], rtol=NETMETA_RTOL)
    fixed = of_netmeta(case, method="EE")
    assert_allclose(fixed.estimates, case["DL"]["TE_common"], rtol=NETMETA_RTOL, atol=1e-12)
    assert_allclose(fixed.standard_errors, case["DL"]["seTE_common"], rtol=NETMETA_RTOL)


@pytest.mark.parametrize("name", NETMETA)
def test_the_matrices_agree_with_netmeta_at_its_restricted_likelihood_estimate(name):
    """Its tau2 is held: see the next test for why ours differs where a study has three arms."""
    case = NETMETA[name]["REML"]
    fit = of_netmeta(NETMETA[name], tau2=case["tau2"])
    assert_allclose(fit.estimates, case["TE_random"], rtol=NETMETA_RTOL, atol=1e-12)
    assert_allclose(fit.standard_errors, case["seTE_random"], rtol=NETMETA_RTOL)


def test_netmeta_leaves_a_covariance_out_of_its_restricted_likelihood_and_we_do_not():
    """From contrasts alone netmeta 3.6 estimates tau2 as if a study's contrasts were independent.

    rma.mv with that shortcut gives netmeta's number, rma.mv with the covariance gives ours.
    """
    printed = NETMETA["senn2013"]["REML"]["tau2"]
    assert_allclose(METAFOR["senn2013_reml_tau2_without_covariance"], printed, atol=1e-9)
    fit = of_netmeta(NETMETA["senn2013"])
    assert_allclose(fit.tau2, METAFOR["cases"]["senn2013"]["REML"]["tau2"], atol=1e-9)
    assert abs(fit.tau2 - printed) > 1e-3


@pytest.mark.parametrize("name", NETMETA)
def test_p_scores_agree_with_netmeta(name):
    """Its effects are harms in both data sets: smaller is better."""
    expected = NETMETA[name]["pscore_random"]
    scores = of_netmeta(NETMETA[name], method="DL").ranks(better="lower", draws=1000)["p_score"]
    for treatment, score in expected.items():
        assert_allclose(scores[treatment], score, atol=1e-9)


@pytest.mark.parametrize("name", NETMETA)
def test_the_split_agrees_with_netmeta(name):
    expected = NETMETA[name]["split"]
    table = of_netmeta(NETMETA[name], method="DL").split().set_index(["treatment", "versus"])
    signs = {}
    for pair in table.index:
        signs[frozenset(pair)] = pair
    assert len(expected["comparison"]) == len(table)
    for at, comparison in enumerate(expected["comparison"]):
        pair = tuple(comparison.split(":"))
        row, sign = table.loc[signs[frozenset(pair)]], 1 if pair in table.index else -1
        assert row["k"] == expected["k"][at]
        for column, factor in (("direct", sign), ("indirect", sign), ("p", 1)):
            value = expected[column][at]
            wanted = np.nan if value is None else factor * value
            assert_allclose(row[column], wanted, rtol=1e-8, atol=1e-12, err_msg=f"{comparison} {column}")


@pytest.mark.parametrize("name", NETMETA)
def test_Q_within_and_between_designs_agrees_with_netmeta(name):
    table = of_netmeta(NETMETA[name], method="DL").inconsistency()
    rows = {"Total": "total", "Within designs": "within designs", "Between designs": "between designs"}
    for row in NETMETA[name]["Q_inconsistency"]:
        found = table.loc[rows[row["_row"]]]
        assert_allclose([found["Q"], found["df"], found["p"]], [row["Q"], row["df"], row["pval"]], rtol=1e-8)


# --- metafor -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["EE", "DL", "REML"])
@pytest.mark.parametrize("name", METAFOR["cases"])
def test_estimates_agree_with_rma_mv(name, method):
    case = METAFOR["cases"][name]
    fit = of_metafor(case, method=method)
    assert_allclose(fit.tau2, case[method].get("tau2", 0.0), atol=METAFOR_ATOL)
    assert_allclose(fit.estimates, case[method]["estimates"], atol=METAFOR_ATOL)
    assert_allclose(fit.standard_errors, case[method]["standard_errors"], atol=METAFOR_ATOL)
    assert_allclose(fit.Q, case["Q"], rtol=1e-7)
    assert fit.Q_df == case["Q_df"]


@pytest.mark.parametrize("name", METAFOR["cases"])
def test_the_design_by_treatment_test_agrees_with_rma_mv(name):
    """Saturated model, tau2 by moments, difference of weighted sums of squares."""
    case = METAFOR["cases"][name]
    table = of_metafor(case).inconsistency()
    assert_allclose(table.loc["within designs", "Q"], case["Q_within"], atol=1e-5)
    assert table.loc["within designs", "df"] == case["Q_within_df"]
    interaction = table.loc["design-by-treatment interaction"]
    assert_allclose(interaction["tau2"], case["tau2_within"], atol=METAFOR_ATOL)
    assert_allclose(interaction["Q"], case["Q_interaction"], atol=1e-5)


@pytest.mark.parametrize("name", [name for name, case in METAFOR["cases"].items() if "arms" in case])
def test_arms_give_the_network_of_their_contrasts(name):
    """Odds ratios (with empty cells), mean differences, standardised mean differences."""
    case = METAFOR["cases"][name]
    fit = network_arms(case["arms"], measure=case["measure"], reference=case["treatments"][0])
    assert_allclose(fit.estimates, case["REML"]["estimates"], atol=METAFOR_ATOL)
    assert_allclose(fit.standard_errors, case["REML"]["standard_errors"], atol=METAFOR_ATOL)


# --- what must hold ----------------------------------------------------------------------------


def test_neither_row_order_nor_direction_nor_reference_changes_an_estimate():
    case = METAFOR["cases"]["hasselblad1998_OR"]
    frame = pd.DataFrame(case["contrasts"]).sample(frac=1, random_state=3)
    sign_reversed = frame.index % 2 == 0
    yi = np.where(sign_reversed, -frame["yi"], frame["yi"])
    arm_t, arm_c = (
        np.where(sign_reversed, frame[a], frame[b]) for a, b in (("arm_c", "arm_t"), ("arm_t", "arm_c"))
    )
    fit = network(yi, frame["vi"], arm_t, arm_c, frame["study"], reference=case["treatments"][2])
    assert_allclose(fit.estimates, of_metafor(case).estimates, atol=1e-9)


def test_doubled_effects_double_everything_and_quadruple_tau2():
    case = METAFOR["cases"]["senn2013"]
    given = case["contrasts"]
    once = of_metafor(case)
    twice = network(
        2 * np.array(given["yi"]),
        4 * np.array(given["vi"]),
        given["arm_t"],
        given["arm_c"],
        given["study"],
        reference="plac",
    )
    assert_allclose(twice.tau2, 4 * once.tau2, rtol=1e-8)
    assert_allclose(twice.standard_errors, 2 * once.standard_errors, rtol=1e-8)


@pytest.mark.parametrize("method", ["DL", "REML"])
def test_two_treatments_are_a_pairwise_meta_analysis(method):
    """The one comparison is the pooled effect of the textbook estimator."""
    yi, vi = np.array([0.3, 0.1, 0.8, 0.4]), np.array([0.02, 0.03, 0.05, 0.01])
    fit = network(yi, vi, ["A"] * 4, ["B"] * 4, list("abcd"), reference="B", method=method)
    wi = 1 / (vi + fit.tau2)
    assert_allclose(fit.estimates[0, 1], wi @ yi / wi.sum())
    assert_allclose(fit.standard_errors[0, 1], wi.sum() ** -0.5)
    assert fit.direct_share[0, 1] == 1.0
    if method == "DL":
        w = 1 / vi
        Q = w @ (yi - w @ yi / w.sum()) ** 2
        assert_allclose(fit.tau2, (Q - 3) / (w.sum() - (w**2).sum() / w.sum()))


def test_mixed_evidence_is_the_precision_weighted_mean_of_direct_and_indirect():
    fit = loop()
    share = fit.direct_share[0, 1]
    expected = share * fit.direct.estimates[0, 1] + (1 - share) * fit.indirect.estimates[0, 1]
    assert_allclose(fit.estimates[0, 1], expected)
    assert 0 < share < 1


def test_in_a_simple_loop_both_ways_of_splitting_agree():
    """Without multi-arm studies the rest of the network is what the mixed estimate holds beyond the direct one."""
    fit = loop(method="DL")
    for column in ("indirect", "indirect_se", "p"):
        assert_allclose(fit.split()[column], fit.split(method="SIDDE")[column], rtol=1e-9)


def test_indirect_evidence_goes_through_the_common_comparator():
    fit = network([0.5, 0.2], [0.04, 0.05], ["A", "B"], ["C", "C"], ["1", "2"], reference="C", method="EE")
    found = fit.comparison("A", "B", "indirect")
    assert_allclose([found.estimate, found.se], [0.3, 0.3])
    assert np.isnan(fit.comparison("A", "B", "direct").estimate)
    assert np.isnan(fit.comparison("A", "C", "indirect").estimate)
    assert fit.direct_share[0, 1] == 0.0


def test_without_residual_df_tau2_is_unknown_and_the_notes_say_so():
    fit = network([0.5, 0.2], [0.04, 0.05], ["A", "B"], ["C", "C"], ["1", "2"], reference="C")
    assert np.isnan(fit.tau2)
    assert "cannot be estimated" in fit.notes[0]
    assert_allclose(fit.standard_errors[0, 2], 0.2)
    assert np.isnan(fit.inconsistency().loc["design-by-treatment interaction", "p"])


def test_a_held_tau2_is_used_and_noted():
    fit = loop(tau2=0.3)
    assert fit.tau2 == 0.3
    assert "held at 0.3" in fit.notes[0]


def test_contributions_of_direct_comparisons_add_up_to_a_hundred():
    table = of_netmeta(NETMETA["senn2013"]).contributions()
    assert_allclose(table.sum(axis=1), 100.0)
    assert table.loc["benf:plac", "benf:plac"] == pytest.approx(100.0)
    assert (table >= 0).all().all()


def test_contributions_are_refused_where_a_covariance_makes_a_weight_negative():
    """Variances 1, 1 and 3 are possible (3 < 4), but only with a negative conductance."""
    fit = network(
        [0.1, 0.2, 0.1], [1.0, 1.0, 3.0], ["A", "A", "B"], ["B", "C", "C"], ["1"] * 3, reference="A"
    )
    assert_allclose(fit.standard_errors**2, [[0, 1, 1], [1, 0, 3], [1, 3, 0]], atol=1e-12)
    with pytest.raises(RequestError, match="negative weight"):
        fit.contributions()


def test_the_hat_matrix_of_a_direct_only_comparison_is_one():
    table = loop().hat_matrix()
    assert_allclose(table.loc["A:B", "A:C"], -table.loc["A:B", "B:C"])
    assert_allclose(table.loc["A:B", "A:B"] + table.loc["A:B", "A:C"], 1.0)


def test_the_league_table_reads_row_against_column():
    fit = loop(method="EE")
    table = fit.league(upper="mixed")
    value = fit.estimates[2, 0]
    assert table.loc["C", "A"].startswith(f"{value:.2f} [")
    assert table.loc["A", "C"].startswith(f"{-value:.2f} [")
    assert table.loc["B", "B"] == "B"
    assert fit.league().loc["A", "C"] == "{:.2f} [{:.2f}; {:.2f}]".format(
        *((c := fit.comparison("A", "C", "direct")).estimate, *c.ci)
    )
    tree = network([0.5, 0.2], [0.04, 0.05], ["A", "B"], ["C", "C"], ["1", "2"], reference="C", method="EE")
    assert tree.league().loc["A", "B"] == "."


def test_the_best_treatment_is_ranked_first_and_draws_repeat():
    ranks = loop(method="EE").ranks()
    assert ranks.index[0] == "A"
    assert_allclose(ranks[["rank_1", "rank_2", "rank_3"]].sum(axis=1), 1.0)
    pd.testing.assert_frame_equal(ranks, loop(method="EE").ranks())
    assert loop(method="EE").ranks(better="lower").index[0] == "C"


def test_the_record_formats_itself():
    fit = loop()
    text = fit.summary()
    assert "3 treatments, k = 4 studies" in text
    assert "Q design-by-treatment interaction" in text
    json.dumps(fit.to_dict(), allow_nan=False)
    assert len(fit.to_frame()) == 3
    assert "<table" in fit._repr_html_()
    assert list(fit.net_heat(random=True).index) == ["A:B", "A:C", "B:C"]
    assert fit.designs().loc["A:C", "k"] == 2


def test_a_comparison_can_be_tested_for_equivalence():
    found = loop(method="EE").comparison("A", "B")
    assert found.ci[0] < found.estimate < found.ci[1]
    assert equivalence(found, margin=STEINERT_2017).verdict == "non-inferior"


def test_unknown_words_are_refused_with_those_there_are():
    with pytest.raises(RequestError, match=r"reference = 'D' is not known\. Choose one of: 'A', 'B', 'C'"):
        network([0.5, 0.2], [0.04, 0.05], ["A", "B"], ["C", "C"], ["1", "2"], reference="D")
    fit = loop()
    for call in (
        lambda: fit.comparison("A", "X"),
        lambda: fit.comparison("A", "B", "both"),
        lambda: fit.split(method="nodes"),
        lambda: fit.ranks(better="up"),
        lambda: loop(method="ML"),
        lambda: loop(level=95),
        lambda: loop(tau2=-1),
    ):
        with pytest.raises(RequestError):
            call()


# --- what is refused ---------------------------------------------------------------------------


def test_all_bad_rows_are_one_error():
    with pytest.raises(EvidenceError) as caught:
        network(
            [0.1, np.nan, 0.2, 0.3, 0.4, 0.1],
            [0.1, 0.1, 0.0, 0.1, np.inf, 0.1],
            list("AAABAC"),
            ["B", "B", "B", "B", "C", None],
            ["1", "2", "3", "4", "5", "6"],
            reference="A",
        )
    problems = caught.value.problems
    assert problems == (
        "Row 2 (study '2'): expected a finite yi, found nan.",
        "Row 3 (study '3'): expected vi > 0, found 0.",
        "Row 4 (study '4'): compares 'B' with itself.",
        "Row 5 (study '5'): expected vi > 0, found inf.",
        "Row 6 (study '6'): arm_c is missing.",
    )


def test_a_repeated_contrast_is_refused_in_either_direction():
    with pytest.raises(EvidenceError, match=r"by aggregate_rows with .* Row 2 \(study '1'\): repeats row 1"):
        network([0.1, -0.1], [0.1, 0.1], ["A", "B"], ["B", "A"], ["1", "1"], reference="A")


def test_columns_of_unequal_length_and_no_rows_are_refused():
    with pytest.raises(EvidenceError, match="yi has 2, vi has 1"):
        network([0.1, 0.2], [0.1], ["A", "A"], ["B", "B"], ["1", "2"], reference="A")
    with pytest.raises(EvidenceError, match="there are none"):
        network([], [], [], [], [], reference="A")


def test_missing_contrasts_of_a_multi_arm_study_are_named():
    with pytest.raises(
        EvidenceError, match=r"Study '1' has 3 arms \(A, B, C\), so 3 contrasts, but lacks B against C"
    ):
        network([0.1, 0.2], [0.1, 0.1], ["A", "A"], ["B", "C"], ["1", "1"], reference="A")


def test_contrasts_that_do_not_add_up_are_refused():
    with pytest.raises(EvidenceError, match="The contrasts of study '1' do not add up"):
        network([0.1, 0.2, 0.3], [0.1] * 3, ["A", "A", "B"], ["B", "C", "C"], ["1"] * 3, reference="A")
    fit = network(
        [0.1, 0.2, 0.11],
        [0.1] * 3,
        ["A", "A", "B"],
        ["B", "C", "C"],
        ["1"] * 3,
        reference="A",
        loop_tolerance=0.02,
    )
    assert fit.k == 1


def test_variances_that_no_covariance_has_are_refused():
    with pytest.raises(EvidenceError, match="The variances of study '1' contradict each other"):
        network([0.1, 0.2, 0.1], [0.1, 0.1, 0.9], ["A", "A", "B"], ["B", "C", "C"], ["1"] * 3, reference="A")


def test_a_disconnected_network_is_refused_with_its_parts_named():
    with pytest.raises(EvidenceError, match=r"falls into 2 parts that no study links: \(A, B\); \(C, D\)"):
        network([0.1, 0.2], [0.1, 0.1], ["A", "C"], ["B", "D"], ["1", "2"], reference="A")


# --- tables of arms ----------------------------------------------------------------------------


def arms(**columns):
    return pd.DataFrame(columns)


def test_low_scores_that_are_good_are_reversed_round():
    table = arms(study=["1", "1"], node=["PDT", "wait"], mean=[10.0, 14.0], sd=[4.0, 4.0], n=[30, 30])
    higher = network_contrasts(table)
    lower = network_contrasts(table.assign(better="lower"))
    assert lower["yi"][0] > 0
    assert_allclose(lower["yi"], -higher["yi"])
    assert_allclose(network_contrasts(table, better="lower")["yi"], lower["yi"])


def test_events_become_standardised_differences_in_a_network_of_them():
    table = arms(study=["1", "1"], node=["PDT", "CBT"], events=[10, 14], n=[40, 41])
    as_smd, as_or = network_contrasts(table), network_contrasts(table, measure="OR")
    assert_allclose(as_smd["yi"], as_or["yi"] * np.sqrt(3) / np.pi)
    assert_allclose(as_smd["vi"], as_or["vi"] * 3 / np.pi**2)


def test_contrasts_with_the_first_arm_give_all_contrasts():
    """se of B against C: var(B) + var(C) - 2 var(first arm)."""
    table = arms(
        study=["1"] * 3,
        node=["B", "wait", "C"],
        contrast=[-0.9, 0.0, -1.3],
        se=[0.3, np.nan, 0.4],
        var_arm1=[np.nan, 0.05, np.nan],
    )
    found = network_contrasts(table, better="lower").set_index(["arm_t", "arm_c"])
    assert_allclose(found.loc[("B", "wait")].drop("study").astype(float), [0.9, 0.09])
    assert_allclose(found.loc[("B", "C")].drop("study").astype(float), [-0.4, 0.09 + 0.16 - 0.1])


def test_arms_of_one_treatment_become_one_arm_and_studies_of_one_treatment_are_named():
    table = arms(
        study=["1"] * 3 + ["2"] * 2 + ["3"] * 2,
        node=["CBT", "CBT", "wait", "CBT", "CBT", "CBT", "wait"],
        events=[5, 7, 2, 4, 4, 6, 3],
        n=[20, 20, 20, 20, 20, 30, 30],
    )
    fit = network_arms(table, measure="OR", reference="wait", method="EE")
    assert fit.k == 2
    assert fit.notes == ("Left out, since all their arms have one treatment: 2 (CBT).",)
    merged = arms(study=["1"] * 2, node=["CBT", "wait"], events=[12, 2], n=[40, 20])
    assert_allclose(
        network_contrasts(table, measure="OR")["yi"][0], network_contrasts(merged, measure="OR")["yi"][0]
    )


def test_everything_wrong_with_a_table_of_arms_is_one_error():
    table = arms(
        study=["1", "1", "2", "2", "3", "3", "3", "4", "4", "5", "5"],
        node=["A", "B", "A", "B", "A", "B", "C", "A", "B", "A", "B"],
        mean=[1.0, 2.0, *[np.nan] * 7, 1.0, np.nan],
        sd=[1.0, 0.0, *[np.nan] * 7, 1.0, np.nan],
        n=[10, 10, 10, 10, *[np.nan] * 5, 10, 10],
        events=[np.nan, np.nan, 3, 12, *[np.nan] * 7],
        contrast=[*[np.nan] * 4, 0, 0.2, 0.3, 0.1, 0.2, np.nan, np.nan],
        se=[*[np.nan] * 5, 0.2, 0.3, 0.1, 0.1, np.nan, np.nan],
    )
    with pytest.raises(EvidenceError) as caught:
        network_contrasts(table)
    assert caught.value.problems == (
        "Study '1': arm 'B' needs sd > 0 and n > 1, found sd = 0, n = 10.",
        "Study '2': arm 'B' needs 0 <= events <= n, found 12 of 10.",
        "Study '3': 3 arms need var_arm1 > 0, the first arm's variance, found nan.",
        "Study '4': exactly one arm, the first, must have a blank se, but 0 have.",
        "Study '5': every arm needs contrast/se or mean/sd/n or events/n for measure 'SMD'.",
    )


def test_transitivity_shows_what_the_trials_of_each_comparison_have_in_common():
    table = arms(
        study=["1"] * 3 + ["2"] * 2,
        node=["A", "B", "C", "A", "B"],
        n=[10, 20, 30, 40, 50],
        year=[2000] * 3 + [2010] * 2,
    )
    found = network_transitivity(table, columns=("year", "n"))
    assert list(found.index) == ["A:B", "A:C", "B:C"]
    assert found.loc["A:B", ["k", "year_low", "year_median", "year_high"]].tolist() == [2, 2000, 2005, 2010]
    assert found.loc["A:B", ["n_low", "n_median", "n_high"]].tolist() == [30, 60, 90]
    assert found.loc["B:C", "n_median"] == 50


def test_cells_without_a_name_or_a_number_are_one_error():
    table = arms(study=["1", None], node=["A", " "], events=["3", "many"], n=[10, float("inf")])
    with pytest.raises(EvidenceError) as caught:
        network_contrasts(table, measure="OR")
    assert caught.value.problems == (
        "row 2 has no study.",
        "row 2 has no arm.",
        "row 2, column 'n': expected a number, found inf.",
        "row 2, column 'events': expected a number, found 'many'.",
    )


def test_missing_integers_of_pandas_are_blank():
    table = arms(
        study=["1"] * 2,
        node=["A", "B"],
        events=pd.array([3, 5], "Int64"),
        n=[10, 10],
        mean=pd.array([None, None], "Float64"),
    )
    assert len(network_contrasts(table, measure="OR")) == 1


def test_a_missing_column_is_named():
    with pytest.raises(SchemaError, match=r"no column 'node'; there are \['study'\]"):
        network_contrasts(arms(study=["1"]))


# --- our own networks --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled():
    table = pd.read_csv(HERE.parent / "data" / "networks.csv")
    return table[table["preferred"] & (table["status"] == "ok")]


@pytest.fixture(scope="module")
def social_anxiety(bundled):
    return network_arms(bundled[bundled["network_id"] == "sad_mayowilson2014"], reference="waitlist")


@pytest.fixture(scope="module")
def depression(bundled):
    return network_arms(bundled[bundled["network_id"] == "depression_nice"], reference="pill_placebo")


@pytest.mark.parametrize(
    ("study", "node", "n", "mean", "sd"),
    [
        ("Connolly Gibbons 2016", "pdt", 118, -4.16, 5.32),
        ("Connolly Gibbons 2016", "cbt", 119, -5.02, 5.12),
        ("Fonagy 2019", "self_help", 54, -4.08, 8.84),
        ("Salminen 2008", "medication", 25, -11.20, 4.60),
        ("Maina 2007", "pdt+medication", 18, -10.84, 3.90),
    ],
)
def test_arms_of_the_depression_network_are_as_the_source_has_them(bundled, study, node, n, mean, sd):
    """Typed from the description of the network, rounded there to two decimals."""
    row = bundled[(bundled["network_id"] == "depression_nice") & (bundled["study"] == study)]
    (row,) = row[row["node"] == node].to_dict("records")
    assert (row["n"], round(row["mean"], 2), round(row["sd"], 2)) == (n, mean, sd)


def test_one_measure_a_trial_is_preferred_and_its_arms_are_complete(bundled):
    for (name, study), arms_of_study in bundled.groupby(["network_id", "study"]):
        assert arms_of_study["instrument"].nunique(dropna=False) == 1, (name, study)
        assert arms_of_study["arm"].is_unique, (name, study)
        assert len(arms_of_study) > 1, (name, study)


def test_every_treatment_node_helps_more_than_a_waiting_list(social_anxiety, depression):
    """A flipped sign anywhere would show here."""
    for fit in (social_anxiety, depression):
        for node in ("cbt", "pdt", "self_help", "medication", "other_therapy"):
            assert fit.comparison(node, "waitlist").estimate > 0, node


def test_social_anxiety_pdt_against_cbt_rests_on_two_trials(bundled, social_anxiety):
    """Leichsenring 2013 and Emmelkamp 2006, both in favour of CBT, pooled with the network's tau2."""
    direct = social_anxiety.comparison("pdt", "cbt", "direct")
    pair = bundled[(bundled["network_id"] == "sad_mayowilson2014") & bundled["node"].isin(["pdt", "cbt"])]
    both = pair[pair.groupby("study")["node"].transform("nunique") == 2].set_index(["study", "node"])[
        "contrast"
    ]
    trials = [-(both[study, "pdt"] - both[study, "cbt"]) for study in ("Leichsenring 2012", "Emmelkamp 2006")]
    assert_allclose(trials, [-0.420791, -0.218989], atol=1e-6)
    assert min(trials) < direct.estimate < max(trials)
    assert_allclose(
        social_anxiety.direct_share[
            social_anxiety.treatments.index("pdt"), social_anxiety.treatments.index("cbt")
        ],
        0.628,
        atol=0.01,
    )


def test_social_anxiety_pdt_against_cbt_points_one_way_directly_and_indirectly(social_anxiety):
    found = {kind: social_anxiety.comparison("pdt", "cbt", kind) for kind in ("direct", "indirect", "mixed")}
    assert all(value.estimate < 0 for value in found.values())
    assert_allclose([value.estimate for value in found.values()], [-0.341, -0.495, -0.398], atol=0.005)
    assert equivalence(found["mixed"], margin=STEINERT_2017).verdict == "non-superior"
    split = social_anxiety.split().set_index(["treatment", "versus"])
    assert split.loc[("cbt", "pdt"), "p"] > 0.05


def test_depression_pdt_against_cbt_is_inconclusive(depression):
    """Connolly Gibbons 2016 leans to CBT, Fonagy 2019 to PDT; tau2 is large."""
    found = {kind: depression.comparison("pdt", "cbt", kind) for kind in ("direct", "indirect", "mixed")}
    assert depression.direct.k[depression.treatments.index("pdt"), depression.treatments.index("cbt")] == 2
    assert_allclose([value.estimate for value in found.values()], [0.052, -0.026, 0.014], atol=0.005)
    assert equivalence(found["mixed"], margin=STEINERT_2017).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("disorder", "k", "estimate"),
    [
        ("depression", 4, -0.264),
        ("generalised_anxiety", 1, -0.121),
        ("social_anxiety", 1, -0.295),
        ("ptsd", 1, -0.268),
    ],
)
def test_multi_arm_trials_compare_pdt_with_cbt_directly(bundled, disorder, k, estimate):
    table = bundled[(bundled["network_id"] == "metapsy_pdt_multiarm") & (bundled["disorder"] == disorder)]
    fit = network_arms(table, reference="pdt")
    assert fit.direct.k[fit.treatments.index("pdt"), fit.treatments.index("cbt")] == k
    assert_allclose(fit.comparison("pdt", "cbt", "direct").estimate, estimate, atol=0.005)


def test_a_network_says_how_many_of_its_numbers_are_derived_and_at_which_tau2_it_tests():
    table = network_table("depression_nice")
    fit = network_arms(table, reference="waitlist")
    derived = int((table["verification"] == "derived").sum())
    assert derived > 0
    assert f"{derived} of {len(table)} arms hold numbers that were computed" in fit.notes[0]
    assert "p = 0.0000" not in fit.summary()
    assert "Q within designs, with tau2 = 0: " in fit.summary()


EXTRA = load("network_extra", cases=1)["cases"][0]


def of_extra():
    c = EXTRA["contrasts"]
    vi = np.square(c["seTE"])
    return network(
        c["TE"], vi, c["treat1"], c["treat2"], c["study"], reference=EXTRA["reference"], method="DL"
    )


def test_contributions_by_shortest_paths_are_netmetas_but_for_ties():
    table = of_extra().contributions("shortest path") / 100
    expected = EXTRA["contribution"]["shortestpath"]
    found = table.loc[expected["rows"], expected["cols"]].to_numpy()
    apart = np.abs(found - np.array(expected["random"])).max(axis=1)
    assert (apart < 1e-6).mean() > 0.95  # of paths of equal length netmeta takes any
    assert apart.max() < 0.002
    walks = of_extra().contributions() / 100
    assert np.abs(walks - table).max().max() < 0.06  # two ways to divide the same current


def test_effects_around_their_comparisons_are_those_of_netmetas_funnel():
    expected = EXTRA["comparison_adjusted"]
    found = adjusted_effects(of_extra(), expected["order"])
    ours, theirs = (
        sorted(zip(np.round(se, 8), np.round(te, 8), strict=True))
        for se, te in ((found.sei, found.yi), (expected["seTE"], expected["TE_adj"]))
    )
    assert_allclose(ours, theirs, atol=1e-6)
    assert_allclose(
        [found.intercept, found.se], [expected["egger_intercept"], expected["egger_se"]], rtol=1e-6
    )
    assert_allclose([found.t, found.df, found.p], [expected["t"], expected["df"], expected["p"]], rtol=1e-6)
    turned = adjusted_effects(of_extra(), expected["order"][::-1])
    assert_allclose(sorted(turned.yi), sorted(-found.yi))
    with pytest.raises(RequestError, match="name each treatment once"):
        adjusted_effects(of_extra(), ["placebo"])
