"""Entry points to small-study effects; their numbers are held to metafor's in tests/models."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.models.bias import small_study
from reference import load

REFERENCE = load("rank_test", cases=7)
LINES = load("pet_peese", cases=7)["cases"]
YI, VI = np.array([0.9, 0.6, 0.5, 0.3, 0.2]), np.array([0.20, 0.10, 0.05, 0.02, 0.02])


def test_a_pooled_effect_and_its_numbers_give_the_same():
    fit = pdt.pool(YI, VI, method="DL", test="z")
    assert pdt.regression_test(fit, model="wls") == pdt.regression_test(YI, VI, model="wls", test="z")
    assert_allclose(pdt.regression_test(fit, model="wls").p, small_study.regression_test(YI, VI).p)
    found, again = pdt.trim_and_fill(fit), pdt.trim_and_fill(YI, VI, method="DL", test="z")
    assert (found.k0, found.estimate, found.ci) == (again.k0, again.estimate, again.ci)
    assert_allclose(found.estimate, small_study.trim_and_fill(YI, VI, method="DL").estimate)


def test_filled_studies_are_drawn():
    fit = pdt.pool(YI, VI)
    ax = pdt.funnel(fit, filled=pdt.trim_and_fill(fit, side="left"), regression=pdt.regression_test(fit))
    assert ax.figure is not None


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(RequestError, match="side = 'up' is not known"):
        pdt.trim_and_fill(YI, VI, side="up")
    with pytest.raises(RequestError, match="estimator = 'M0' is not known"):
        pdt.trim_and_fill(YI, VI, estimator="M0")
    with pytest.raises(EvidenceError, match="vi"):
        pdt.regression_test(YI, -VI)


@pytest.mark.parametrize("test", ["t", "z", "CR2"])
@pytest.mark.parametrize(
    "entry_point",
    [pdt.trim_and_fill, pdt.rank_test, pdt.cumulative],  # leave_one_out and influence leave out trials
    ids=lambda one: one.__name__,
)
def test_a_multilevel_fit_is_refused_in_its_own_words(entry_point, test):
    """Whatever its test: never over an option that nobody has given."""
    clustered = pdt.pool_multilevel(YI, VI, [1, 1, 2, 3, 4], rho=0.5, test="z" if test == "z" else "t")
    clustered = clustered.with_robust() if test == "CR2" else clustered
    with pytest.raises(RequestError, match="model with several effects a trial"):
        entry_point(clustered)


@pytest.mark.parametrize("case", LINES, ids=lambda case: case["id"])
def test_both_models_agree_with_metafor(case):
    for test in ("z", "t", "knha"):
        found = pdt.regression_test(case["yi"], case["vi"], test=test)
        want = case["pet_reml"][test]
        assert_allclose(
            (found.slope, found.p, found.limit), (want["b"][1], want["p"][1], want["b"][0]), rtol=1e-7
        )
    found = pdt.regression_test(case["yi"], case["vi"], model="wls")
    assert_allclose((found.slope, found.p), (case["pet_wls"]["b"][1], case["pet_wls"]["p"][1]), rtol=1e-8)
    assert found.model == "wls"


@pytest.mark.warns("Left out")
def test_choices_that_disagree_are_both_printed():
    case = next(case for case in LINES if case["id"] == "hackshaw1998")
    found = pdt.regression_test(case["yi"], case["vi"], model="wls")
    assert found.others[0][:2] == ("random", "sei")
    assert found.disagree == ((found.p < 0.05) != (found.others[0][2] < 0.05))
    pool = pdt.synthesize(pdt.trials(comparison="pdt_vs_control", outcome="depression"), by=("outcome",))[
        "depression"
    ]
    test = pdt.regression_test(pool)
    assert str(test).startswith("Regression test with random effects (model = 'random'")
    assert "\n  Egger's test (model = 'wls', precision = 'sei'): p = 0.0" in str(test)
    assert test.disagree == ("disagree" in str(test))


def test_the_slope_of_clusters_is_that_of_pet_under_dependence():
    clustered = pdt.pool_multilevel(YI, VI, [1, 1, 2, 3, 4], rho=0.5)
    found, pet = pdt.regression_test(clustered), pdt.pet_peese(clustered).pet
    assert found.model == "che"
    assert_allclose((found.slope, found.p), (pet.slope, pet.slope_p))


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: case["id"])
def test_ranks_and_fills_agree_with_metafor(case):
    found = pdt.rank_test(case["yi"], case["vi"])
    assert_allclose((found.tau, found.p), (case["ranktest"]["tau"], case["ranktest"]["p"]), rtol=1e-6)
    for side, want in case["q0"].items():
        fill = pdt.trim_and_fill(case["yi"], case["vi"], side=side, estimator="Q0", test="z")
        assert fill.k0 == want["k0"]
        assert_allclose(
            (fill.estimate, fill.se), (want["b"], want["se"]), rtol=2e-5
        )  # it refits at metafor's default threshold
    interval = pdt.henmi_copas(case["yi"], case["vi"])
    assert_allclose(interval.ci, (case["hc"]["lb"], case["hc"]["ub"]), rtol=1e-3)


def test_peters_agrees_with_least_squares():
    want = REFERENCE["peters"]
    table = pd.DataFrame({name: want[name] for name in ("yi", "vi", "event_t", "event_c", "n_t", "n_c")})
    found = pdt.regression_test(table, model="peters")
    assert_allclose((found.slope, found.slope_se, found.p), (want["slope"], want["se"], want["p"]), rtol=1e-8)
    with pytest.raises(RequestError, match="event_t, n_t, event_c, n_c"):
        pdt.regression_test(YI, VI, model="peters")


def test_a_line_on_another_precision_is_not_drawn_over_standard_errors():
    table = pd.DataFrame({"yi": YI, "vi": VI, "n_t": [10, 20, 40, 100, 90], "n_c": [10, 22, 41, 98, 100]})
    with pytest.raises(RequestError, match="another measure of precision"):
        pdt.funnel(pdt.pool(YI, VI), regression=pdt.regression_test(table, precision="n"))
