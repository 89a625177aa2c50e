"""`pool_multilevel` against metafor's rma.mv and clubSandwich, and what it does at the edges."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.pooled.multilevel import pool_multilevel
from pdt_evidence.errors import EvidenceError, RequestError
from reference import load

REFERENCE = load("multilevel", cases=36)
CASES = REFERENCE["cases"]


def case_id(case):
    return case["id"]


def data_of(case):
    """Rows of a case, in the order in which R had them: sorted by cluster."""
    order = np.array(case["order"]) - 1
    return tuple(np.array(REFERENCE["data"][case["data"]][name])[order] for name in ("yi", "vi", "cluster"))


@pytest.fixture(scope="module")
def fits():
    return {case["id"]: pool_multilevel(*data_of(case), rho=case["rho"]) for case in CASES}


def test_the_grid_of_references_is_whole():
    assert len({case["data"] for case in CASES}) >= 9
    assert {case["rho"] for case in CASES} == {None, 0.3, 0.6, 0.9}
    assert any(0 in case["sigma2"] or case["at_zero"][0] for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_variances_agree_with_the_reference(case, fits):
    """rma.mv searches by values of the likelihood, which leaves its variances good to about 1e-7."""
    fit = fits[case["id"]]
    sigma2 = np.where(case["at_zero"], 0.0, case["sigma2"])
    assert_allclose(fit.sigma2, sigma2, rtol=1e-6, atol=1e-9)
    assert_allclose(fit.I2_levels, np.where(case["at_zero"], 0.0, case["I2"]), rtol=1e-6, atol=1e-6)
    assert_allclose(fit.I2, sum(fit.I2_levels))
    assert fit.log_likelihood >= case["log_likelihood"] - 1e-10
    assert_allclose(fit.log_likelihood, case["log_likelihood"], rtol=1e-9)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_the_mean_agrees_with_the_reference(case, fits):
    fit = fits[case["id"]]
    z = pool_multilevel(*data_of(case), rho=case["rho"], test="z")
    assert_allclose(fit.estimate, case["estimate"], rtol=1e-8)
    # What follows from the variances has their error.
    assert_allclose(fit.se, case["se"], rtol=1e-7)
    assert_allclose(z.ci, case["ci"], rtol=1e-6)
    assert_allclose(z.p, case["p"], rtol=1e-6, atol=1e-12)
    assert fit.df == case["t_df"]
    assert_allclose(fit.ci, case["t_ci"], rtol=1e-6)
    assert_allclose(fit.p, case["t_p"], rtol=1e-6, atol=1e-12)
    assert_allclose((fit.Q, fit.Q_p), (case["Q"], case["Q_p"]), rtol=1e-9, atol=1e-300)
    assert_allclose(fit.weights, case["weights"], rtol=1e-5, atol=1e-5)
    assert fit.weights.sum() == pytest.approx(100)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_robust_inference_agrees_with_the_reference(case, fits):
    robust, known = fits[case["id"]].robust, case["robust"]
    for name in ("se", "df", "statistic", "ci"):
        assert_allclose(getattr(robust, name), known[name], rtol=1e-7, err_msg=name)
    assert_allclose(robust.p, known["p"], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("case", [case for case in CASES if case["sigma2_ci"]], ids=case_id)
def test_profile_intervals_agree_with_the_reference(case, fits):
    assert_allclose(fits[case["id"]].sigma2_ci, case["sigma2_ci"], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_likelihood_ratios_agree_with_the_reference(case, fits):
    fit = fits[case["id"]]
    for test, name in ((fit.lrt, "two_level"), (fit.lrt_within, "cluster_only")):
        statistic = 2 * (case["log_likelihood"] - case[f"log_likelihood_{name}"])
        assert_allclose(test.statistic, statistic, rtol=1e-7, atol=1e-8)
        assert test.p_boundary <= test.p


def test_a_known_covariance_gives_what_its_correlation_gives():
    case = next(case for case in CASES if case["id"] == "assink2016_rho0.6")
    yi, vi, cluster = data_of(case)
    V = {}
    for name in np.unique(cluster):
        sd = np.sqrt(vi[cluster == name])
        V[name] = np.where(np.eye(len(sd)) == 1, sd**2, 0.6 * np.outer(sd, sd))
    by_rho, by_V = (pool_multilevel(yi, vi, cluster, **given) for given in ({"rho": 0.6}, {"V": V}))
    assert by_V.sigma2 == pytest.approx(by_rho.sigma2, rel=1e-10)
    assert by_V.robust.se == pytest.approx(by_rho.robust.se, rel=1e-12)
    assert np.isnan(by_V.rho)


def test_the_order_of_rows_changes_nothing():
    case = next(case for case in CASES if case["id"] == "knapp2017_rho0.3")
    yi, vi, cluster = data_of(case)
    mixed = np.random.default_rng(1).permutation(len(yi))
    fit = pool_multilevel(yi, vi, cluster, rho=0.3)
    other = pool_multilevel(yi[mixed], vi[mixed], cluster[mixed], rho=0.3)
    assert other.estimate == pytest.approx(fit.estimate, rel=1e-12)
    assert other.sigma2 == pytest.approx(fit.sigma2, rel=1e-9)
    assert other.robust.df == pytest.approx(fit.robust.df, rel=1e-10)
    assert_allclose(other.weights, fit.weights[mixed], rtol=1e-8)


def test_a_change_of_scale_scales_the_result():
    yi, vi, cluster = data_of(CASES[4])
    fit, wide = (
        pool_multilevel(yi, vi, cluster, rho=0.6),
        pool_multilevel(-10 * yi, 100 * vi, cluster, rho=0.6),
    )
    assert wide.estimate == pytest.approx(-10 * fit.estimate, rel=1e-10)
    assert wide.sigma2 == pytest.approx(tuple(100 * value for value in fit.sigma2), rel=1e-8)
    assert wide.robust.se == pytest.approx(10 * fit.robust.se, rel=1e-10)
    assert wide.robust.p == pytest.approx(fit.robust.p, rel=1e-8)


def test_clusters_of_one_are_a_pooled_mean_with_one_variance():
    yi, vi = [0.1, 0.6, -0.2, 0.4], [0.02, 0.03, 0.02, 0.05]
    fit = pool_multilevel(yi, vi, ["a", "b", "c", "d"])
    assert fit.sigma2[1] == 0
    assert fit.sigma2[0] > 0
    assert "variance within clusters is not estimated" in fit.notes[0]


def test_one_cluster_has_no_variance_between_and_no_robust_inference():
    fit = pool_multilevel([0.1, 0.6, -0.2], [0.02, 0.03, 0.02], ["a"] * 3)
    assert np.isnan(fit.sigma2[0])
    assert np.isnan([fit.robust.se, fit.df, *fit.pi]).all()
    assert np.isfinite([fit.estimate, fit.se, *fit.ci]).all()
    assert fit.with_robust().ci == fit.ci
    assert "none is robust" in fit.with_robust().notes[-1]


def test_a_single_effect_is_that_study():
    fit = pool_multilevel([0.3], [0.04], ["a"])
    assert (fit.estimate, fit.se) == pytest.approx((0.3, 0.2))
    assert np.isnan([fit.tau2, fit.I2, fit.Q_p, *fit.pi, *fit.sigma2]).all()


def test_the_record_with_robust_inference_has_it_in_place_of_the_model_s():
    fit = pool_multilevel(*data_of(CASES[4]), rho=0.6)
    robust = fit.with_robust()
    assert (robust.se, robust.df, robust.p, robust.ci) == (
        fit.robust.se,
        fit.robust.df,
        fit.robust.p,
        fit.robust.ci,
    )
    assert robust.estimate == fit.estimate
    assert robust.test == "CR2"


def test_the_record_prints_and_carries_what_it_was_given():
    fit = pool_multilevel(
        [0.1, 0.3, 0.5],
        [0.04, 0.04, 0.05],
        ["a", "a", "b"],
        rho=0.5,
        labels=["A1", "A2", "B"],
        row_ids=["T1", "T2", "T3"],
        columns={"year": [2000, 2000, 2010]},
        stratum={"outcome": "depression"},
        measure="SMD",
    )
    assert "between clusters" in fit.summary()
    assert fit.studies()["label"].tolist() == ["A1", "A2", "B"]
    assert fit.to_frame()["outcome"].tolist() == ["depression"]
    plain = json.loads(json.dumps(fit.to_dict()))
    assert plain["cluster"] == ["a", "a", "b"]
    assert plain["columns"] == {"year": [2000, 2000, 2010]}


@pytest.mark.parametrize("option", [{"rho": 0.9}, {"test": "z"}, {"level": 0.9}], ids=str)
def test_every_option_changes_the_result(option):
    data = data_of(CASES[0])
    assert pool_multilevel(*data, **option).ci != pool_multilevel(*data).ci


def test_all_faults_of_the_rows_come_in_one_error():
    with pytest.raises(EvidenceError) as caught:
        pool_multilevel([0.1, float("nan"), 0.2, np.inf], [0.1, 0.1, 0.0, 0.1], ["a", "b", None, "c"])
    assert len(caught.value.problems) == 4
    assert "row 2: yi is missing" in str(caught.value)
    assert "row 3: its cluster is missing" in str(caught.value)


def test_unknown_options_are_refused_with_a_list():
    with pytest.raises(RequestError, match=r"test = 'knha' is not known. Choose one of: 't', 'z'."):
        pool_multilevel([0.1, 0.2], [0.1, 0.1], ["a", "b"], test="knha")


@pytest.mark.parametrize("rho", [1.0, -0.6, 2.0, float("nan")])
def test_a_correlation_that_cannot_be_is_refused(rho):
    with pytest.raises(EvidenceError, match=r"rho has to be above -0.5 and below 1"):
        pool_multilevel([0.1, 0.2, 0.3, 0.1], [0.1] * 4, ["a", "a", "a", "b"], rho=rho)


def test_a_covariance_that_does_not_fit_is_refused():
    with pytest.raises(EvidenceError, match=r"V of cluster 'b' is missing, but its effects need \(1, 1\)"):
        pool_multilevel([0.1, 0.2, 0.3], [0.1] * 3, ["a", "a", "b"], V={"a": [[0.1, 0.05], [0.05, 0.1]]})
    with pytest.raises(EvidenceError, match="Give rho or V, not both"):
        pool_multilevel([0.1], [0.1], ["a"], V={"a": [[0.1]]}, rho=0.2)


def test_what_is_carried_along_needs_one_entry_a_row():
    with pytest.raises(EvidenceError, match="labels has 1 entries for 2 rows"):
        pool_multilevel([0.1, 0.2], [0.1, 0.1], ["a", "b"], labels=["A"])


@pytest.mark.parametrize(("given", "shown"), [(None, 0.0), (0.3, 0.3), (0.9, 0.9)])
def test_a_fit_tells_the_correlation_it_was_made_with(given, shown):
    fit = pool_multilevel([0.1, 0.3, 0.5, 0.2, 0.6], [0.04] * 5, ["a", "a", "b", "b", "c"], rho=given)
    assert fit.rho == shown
    assert fit.to_dict()["rho"] == shown


@pytest.mark.parametrize("small", [1e-7, 1e-10])
def test_variances_of_any_size_may_stand_in_one_cluster(small):
    """What must be positive definite is the correlation: a variance of 1e6 beside 1e-7 is no fault of theirs."""
    fit = pool_multilevel([0.1, 0.5, 0.3, 0.2], [small, 1e6, 0.04, 0.05], ["a", "a", "b", "c"], rho=0.6)
    assert np.isfinite([fit.estimate, fit.se, fit.with_robust().se]).all()
    V = np.diag([small, 1e6, 0.04, 0.05])
    V[0, 1] = V[1, 0] = 0.6 * np.sqrt(small * 1e6)
    given = {"a": V[:2, :2], "b": V[2:3, 2:3], "c": V[3:, 3:]}
    found = pool_multilevel([0.1, 0.5, 0.3, 0.2], np.diag(V), ["a", "a", "b", "c"], V=given)
    assert found.estimate == pytest.approx(fit.estimate, rel=1e-9)
    V[0, 1] = V[1, 0] = 1.01 * np.sqrt(small * 1e6)
    with pytest.raises(EvidenceError, match="does not give a positive definite"):
        pool_multilevel([0.1, 0.5, 0.3, 0.2], np.diag(V), ["a", "a", "b", "c"], V=given)  # views of V
