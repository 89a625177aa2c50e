"""`pool_bayes` against bayesmeta, and what it says and refuses."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import trapezoid

from pdt_evidence.analysis.pooled.bayes import HalfCauchy, HalfNormal, Uniform, pool_bayes, rhodes
from pdt_evidence.errors import EvidenceError, RequestError
from reference import load

REFERENCE = load("bayesmeta", cases=9)
CASES = REFERENCE["cases"]
PRIORS = {"halfnormal": HalfNormal, "halfcauchy": HalfCauchy, "uniform": Uniform}
Y, V = [0.5, 0.1, 0.8, -0.1], [0.04, 0.09, 0.05, 0.02]


def case_id(case):
    return f"{case['id']} {case['prior']}"


def fitted(case):
    kind, *scale = case["prior"].split("_")
    assert case["mu_prior"] == "flat"
    return pool_bayes(case["yi"], case["vi"], PRIORS[kind](*map(float, scale)))


def parts(summary):
    return [summary.median, summary.mean, summary.sd, *summary.ci]


def known(values):
    return [values[name] for name in ("median", "mean", "sd", "95% lower", "95% upper")]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_tau_agrees_with_the_reference(case):
    """bayesmeta integrates the posterior of tau adaptively; its mode is a search by values."""
    tau = fitted(case).tau
    assert_allclose(parts(tau), known(case["tau"]), rtol=2e-6)
    assert_allclose(tau.mode, case["tau"]["mode"], atol=3e-5)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_mu_and_a_new_study_agree_with_the_reference(case):
    """bayesmeta has mu as a mixture over few values of tau, by default to a divergence of 0.01, and so a bit wide.

    Against adaptive quadrature ours is good to 1e-9 (models/test_bayes.py).
    """
    fit = fitted(case)
    for summary, name in ((fit.mu, "mu"), (fit.theta_new, "theta_new")):
        reference = case[name]
        width = reference["95% upper"] - reference["95% lower"]
        assert_allclose(parts(summary), known(reference), atol=2e-3 * width, err_msg=name)
        assert_allclose(summary.mode, reference["mode"], atol=5e-4, err_msg=name)
    assert_allclose(fit.mu.mean, case["mu"]["mean"], atol=1e-4)
    assert_allclose(fit.shrinkage_mean, case["shrinkage_mean"], atol=5e-4)
    assert_allclose(fit.probability(above=0), case["p_mu_gt_0"], atol=3e-4)
    assert_allclose(fit.probability(above=-0.25, below=0.25), case["p_abs_mu_lt_0.25"], atol=3e-4)


def test_the_record_is_a_pooled_effect_by_its_posterior():
    fit = pool_bayes(Y, V, labels=["A", "B", "C", "D"], measure="SMD", stratum={"outcome": "pain"})
    assert (fit.estimate, fit.se, fit.ci, fit.pi) == (fit.mu.median, fit.mu.sd, fit.mu.ci, fit.theta_new.ci)
    assert fit.tau2 == fit.tau.median**2
    assert np.isnan(fit.p)
    assert fit.weights.sum() == pytest.approx(100)
    studies = fit.studies()
    assert studies["label"].tolist() == ["A", "B", "C", "D"]
    assert (studies["shrinkage_low"] < studies["shrinkage_mean"]).all()
    assert "HalfNormal(scale=0.5)" in fit.summary()
    assert fit.to_frame()["outcome"].tolist() == ["pain"]
    plain = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert plain["tau"]["median"] == pytest.approx(fit.tau.median)


def test_probabilities_add_up():
    fit = pool_bayes(Y, V)
    assert fit.probability(above=0.1) + fit.probability(below=0.1) == pytest.approx(1)
    assert fit.probability(above=0.1, of="theta_new") < fit.probability(above=0.1)
    assert fit.probability(below=fit.quantile(0.3, of="tau"), of="tau") == pytest.approx(0.3)
    far = fit.probability(above=4)
    assert 0 < far < 1e-3


def test_densities_are_those_of_the_summaries():
    fit = pool_bayes(Y, V)
    for density, summary in (
        (fit.density_mu, fit.mu),
        (fit.density_tau, fit.tau),
        (fit.density_theta_new, fit.theta_new),
    ):
        grid = np.linspace(-8, 8, 16_001)
        height = density(grid)
        assert trapezoid(grid * height, grid) == pytest.approx(summary.mean, rel=1e-4)
        assert grid[np.argmax(height)] == pytest.approx(summary.mode, abs=1e-3)


def test_sign_and_scale_carry_over():
    fit, sign_reversed = (
        pool_bayes(Y, V, HalfNormal(0.5)),
        pool_bayes(-10 * np.array(Y), 100 * np.array(V), HalfNormal(5)),
    )
    assert sign_reversed.mu.mean == pytest.approx(-10 * fit.mu.mean, rel=1e-9)
    assert sign_reversed.tau.median == pytest.approx(10 * fit.tau.median, rel=1e-9)
    assert sign_reversed.mu.ci == pytest.approx((-10 * fit.mu.ci[1], -10 * fit.mu.ci[0]), rel=1e-8)


@pytest.mark.parametrize(
    "option",
    [
        {"prior": HalfNormal(1)},
        {"prior": rhodes()},
        {"mu_prior": (0, 0.3)},
        {"level": 0.9},
        {"interval": "shortest"},
    ],
    ids=str,
)
def test_every_option_changes_the_result(option):
    assert pool_bayes(Y, V, **option).ci != pool_bayes(Y, V).ci


def test_an_infinite_spread_is_said_to_be_so():
    fit = pool_bayes(Y[:3], V[:3], Uniform())
    assert (fit.tau.mean, fit.mu.sd) == (np.inf, np.inf)
    assert "no finite standard deviation" in fit.notes[0]
    assert np.isfinite(fit.ci).all()


def test_an_improper_posterior_is_refused():
    with pytest.raises(EvidenceError, match="improper and 2 studies are too few"):
        pool_bayes(Y[:2], V[:2], Uniform())


def test_bad_rows_come_in_one_error():
    with pytest.raises(EvidenceError) as caught:
        pool_bayes([0.1, np.nan, 0.3], [0.1, 0.1, -1.0])
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interval": "hpd"}, "interval = 'hpd' is not known. Choose one of: 'central', 'shortest'"),
        ({"prior": 0.5}, "prior = 0.5 is none: give HalfNormal"),
        ({"mu_prior": (0, 0)}, "needs a finite .mean, sd. with sd above 0"),
        ({"level": 95}, "level = 95 must be a number between 0 and 1"),
    ],
)
def test_requests_that_cannot_be_are_refused(options, message):
    with pytest.raises(EvidenceError, match=message):
        pool_bayes(Y, V, **options)
    with pytest.raises(RequestError, match="needs `above` or `below`"):
        pool_bayes(Y, V).probability()


def test_Q_has_one_degree_of_freedom_less_than_studies():
    weights = 1 / np.array(V)
    fit = pool_bayes(Y, V)
    assert fit.Q_df == len(Y) - 1
    assert pytest.approx(np.sum(weights * (Y - np.average(Y, weights=weights)) ** 2)) == fit.Q
