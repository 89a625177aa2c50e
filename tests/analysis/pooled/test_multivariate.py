"""Outcomes together are metafor's rma.mv(struct="UN"), their sampling covariances its vcalc."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError, RequestError
from reference import load

BERKEY, BLOCKS = load("multivariate", cases=2)["cases"]
PREDICTIONS = load("che_prediction", cases=4)["cases"]
ROWS = BLOCKS["data"]


def berkey(**options):
    return pdt.pool_multivariate(BERKEY["yi"], BERKEY["V"], BERKEY["outcome"], BERKEY["trial"], **options)


@pytest.mark.parametrize("fit", BERKEY["fits"], ids=[fit["method"] for fit in BERKEY["fits"]])
def test_two_outcomes_with_their_own_variances_are_berkeys(fit):
    found = berkey(method=fit["method"], test="z")
    order = ["AL", "PD"]  # the reference has them by the alphabet, we as they appear
    at = [list(found.coefficients.index).index(name) for name in order]
    assert_allclose(found.coefficients.loc[order, "estimate"], fit["b"], atol=2e-6)
    assert_allclose(found.covariance[np.ix_(at, at)], fit["vb"], atol=2e-7)
    assert_allclose(found.tau2[order], fit["tau2"], atol=4e-6)
    assert_allclose(found.correlation.loc["AL", "PD"], fit["rho"], atol=2e-5)
    assert_allclose(
        [found.log_likelihood, found.QE, found.QM], [fit["logLik"], fit["QE"], fit["QM"]], rtol=1e-5
    )


def test_the_difference_of_two_outcomes_has_its_covariance():
    found = berkey(test="z")
    AL, PD = (found.coefficients.loc[name] for name in ("AL", "PD"))
    difference = found.contrast("PD", "AL")
    assert_allclose(difference["estimate"], PD["estimate"] - AL["estimate"])
    assert_allclose(difference["se"] ** 2, PD["se"] ** 2 + AL["se"] ** 2 - 2 * found.covariance[0, 1])
    with pytest.raises(RequestError, match="no outcome 'XY'"):
        found.contrast("XY", "AL")
    assert "Correlation of true effects" in found.summary()


def test_with_two_outcomes_of_equal_variance_both_structures_are_one():
    yi = [0.5, 0.3, 0.7, 0.5, 0.2, 0.0, 0.9, 0.7]  # the second is the first less 0.2
    cluster, outcome = [1, 1, 2, 2, 3, 3, 4, 4], ["a", "b"] * 4
    V = pdt.vcalc([0.04] * 8, cluster, outcome=outcome, rho=0.5)
    un, cs = (pdt.pool_multivariate(yi, V, outcome, cluster, struct=struct) for struct in ("UN", "CS"))
    assert_allclose(un.log_likelihood, cs.log_likelihood, rtol=1e-6)
    assert_allclose(un.coefficients["estimate"], cs.coefficients["estimate"])


def test_sampling_covariances_are_those_of_vcalc():
    vi, cluster = ROWS["vi"], ROWS["study"]
    arms = {"arm_t": ROWS["grp1"], "arm_c": ROWS["grp2"], "n_t": ROWS["n1"], "n_c": ROWS["n2"]}
    timed = {"outcome": ROWS["type"], "time": ROWS["time"], "phi": 0.9, "rho": 0.6}
    for name, options in {
        "rho_obs": {"rho": 0.6},
        "type_obs": {"outcome": ROWS["type"], "measurement": ROWS["obs"], "rho": 0.6, "rho_outcomes": 0.7},
        "ar1_time": timed,
        "shared_control": timed | arms,
    }.items():
        assert_allclose(pdt.vcalc(vi, cluster, **options), BLOCKS["V"][name], atol=1e-15, err_msg=name)


def test_outcome_by_follow_up_is_one_model_whose_contrast_is_the_change():
    """Two outcomes at two follow-ups of each of six trials, some without one of them."""
    rng = np.random.default_rng(5)
    rows = [(t, o, m) for t in range(12) for o in ("depression", "anxiety") for m in (0, 6)]
    rows = [row for n, row in enumerate(rows) if n % 7]
    trial, outcome, months = (list(column) for column in zip(*rows, strict=True))
    vi = [0.05] * len(rows)
    V = pdt.vcalc(vi, trial, outcome=outcome, time=months, rho=0.6, phi=0.95)
    yi = rng.multivariate_normal(np.where(np.array(months) > 0, 0.4, 0.5), V + 0.02 * np.eye(len(rows)))
    kinds = [f"{o} at {m} months" for o, m in zip(outcome, months, strict=True)]
    found = pdt.pool_multivariate(yi, V, kinds, trial, struct="CS")
    assert found.coefficients["k"].sum() == len(rows)
    assert found.contrast(kinds[0], kinds[0])["estimate"] == 0
    assert len(found.coefficients) == 4


def test_all_faults_are_told_at_once():
    with pytest.raises(EvidenceError) as caught:
        pdt.vcalc([0.1, 0.2], ["a", "a"], time=[0, 3], arm_t=["x", "y"], n_t=[0, 3], rho_outcomes=2)
    for words in (
        "time needs phi",
        "arm_t and arm_c are needed together",
        "n_t and n_c are needed together",
        "n_t has to be above 0",
        "rho_outcomes = 2 has to lie between -1 and 1",
    ):
        assert words in str(caught.value)
    same = pdt.vcalc([0.1] * 4, [1, 1, 2, 2], outcome=["a", "a", "a", "b"], rho=0.6)
    with pytest.raises(EvidenceError, match="not positive definite"):
        pdt.pool_multivariate([0.1, 0.2, 0.3, 0.4], same, ["a", "a", "a", "b"], [1, 1, 2, 2], struct="CS")
    with pytest.raises(EvidenceError, match="4 rows cannot carry 2 means and 3 variances"):
        pdt.pool_multivariate([0.1, 0.2, 0.3, 0.4], [0.1] * 4, ["a", "b"] * 2, [1, 1, 2, 2])


@pytest.mark.parametrize("case", PREDICTIONS, ids=[case["id"] for case in PREDICTIONS])
def test_the_prediction_interval_of_a_che_model_is_metafors_of_its_test(case):
    t, z = (
        pdt.pool_multilevel(case["yi"], case["vi"], case["cluster"], rho=case["rho"], test=test)
        for test in "tz"
    )
    assert_allclose(t.pi, case["pi_t_contain"], atol=1e-5)
    assert_allclose(z.pi, case["pi_z"], atol=1e-5)
    assert t.df == case["df_contain"]
