"""Likelihoods of selection models beside metafor, numerical integration and their own derivatives."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from pdt_evidence.models.bias.beta_function import Beta
from pdt_evidence.models.bias.selection import Model, fit_selected, plain_maximum, refit_selected, scaled
from pdt_evidence.models.bias.step_function import Steps
from reference import load

STEP = load("selection", cases=7)["cases"]
GIVEN = load("selection_given", cases=7)["cases"]
BETA = load("selection_beta", cases=3)["cases"]
DEPENDENT = load("selection_dependent", cases=4)["cases"]
FITS = [(case, fit) for case in STEP for fit in case["fits"]]
ONE = np.zeros(1, dtype=int)
BOUNDS = (1e-5, 1 - 1e-5)


def arrays(case):
    return np.array(case["yi"]), np.array(case["vi"])


def fitted(case, kind, steps, sign=1.0):
    yi, vi = arrays(case)
    data = scaled(sign * yi, vi, sign)
    return data, fit_selected(data, Model(kind=kind, steps=np.atleast_1d(steps)), 0.95)


@pytest.mark.parametrize(("case", "fit"), FITS, ids=lambda one: one.get("id", ""))
def test_step_functions_agree_with_metafor(case, fit):
    """Log-likelihoods first; the reference is the better of two optimisers and stops short by up to 1e-8."""
    data, found = fitted(case, "step", fit["steps"])
    assert_allclose(found.log_likelihood, fit["logLik"], atol=1e-9)
    assert_allclose(2 * (found.log_likelihood - data.log_likelihood), fit["LRT"], atol=1e-8)
    assert_allclose(found.theta[:2], (fit["b"], fit["tau2"]), atol=1e-6)
    assert_allclose(np.exp(found.theta[2:]), fit["delta"][1:], rtol=1e-5)
    assert_allclose(np.sqrt(found.cov[0, 0]), fit["se"], rtol=1e-4)


@pytest.mark.parametrize("word", ["moderate", "severe"])
@pytest.mark.parametrize(("case", "given"), [*zip(STEP, GIVEN, strict=True)], ids=lambda one: one["id"])
def test_given_weights_agree_with_metafor(case, given, word):
    from pdt_evidence.analysis.bias.selection import A_PRIORI, A_PRIORI_STEPS

    yi, vi = arrays(case)
    weights = np.tile(A_PRIORI[word], (len(yi), 1))
    model = Model(kind="step", steps=np.array(A_PRIORI_STEPS), weights=weights)
    found = fit_selected(scaled(yi, vi, 1.0), model, None)
    assert_allclose(found.log_likelihood, given[word]["logLik"], atol=1e-7)
    assert_allclose(found.theta, (given[word]["b"], given[word]["tau2"]), atol=1e-4)


@pytest.mark.parametrize("case", BETA, ids=lambda case: case["id"])
def test_beta_functions_agree_with_integration_and_metafor(case):
    """The likelihood beside quadrature study by study; the estimates to what metafor's integration gives."""
    yi, vi = arrays(case)
    theta = np.array([case["b"], case["tau2"], *np.log(case["delta"])])
    ours = Beta(yi=yi, vi=vi, bounds=BOUNDS)(theta[None], ONE)[0][0]
    assert_allclose(ours, sum(quadrature(y, v, theta) for y, v in zip(yi, vi, strict=True)), atol=1e-9)
    _, found = fitted(case, "beta", BOUNDS)
    assert_allclose(found.log_likelihood, case["logLik"], atol=1e-3)
    assert_allclose(found.theta[:2], (case["b"], case["tau2"]), atol=1e-4)
    assert_allclose(np.exp(found.theta[2:]), case["delta"], atol=2e-4)


def quadrature(y, v, theta):
    """The log-likelihood of one study under a beta weight, by adaptive integration."""
    mu, tau2, (a, b) = theta[0], theta[1], np.exp(theta[2:])
    sei, root = np.sqrt(v), np.sqrt(v + tau2)

    def weight(x):
        p = min(max(ndtr(-x / sei), BOUNDS[0]), BOUNDS[1])
        return p ** (a - 1) * (1 - p) ** (b - 1)

    def density(x):
        return np.exp(-0.5 * ((x - mu) / root) ** 2) / (root * np.sqrt(2 * np.pi))

    low, high = -sei * ndtri(BOUNDS[1]), -sei * ndtri(BOUNDS[0])
    inside = quad(lambda x: weight(x) * density(x), low, high, epsabs=1e-13, epsrel=1e-12, limit=200)[0]
    outside = weight(high + 1) * ndtr((mu - high) / root) + weight(low - 1) * ndtr((low - mu) / root)
    return np.log(weight(y)) + np.log(density(y)) - np.log(inside + outside)


@pytest.mark.parametrize("make", ["step", "beta"])
def test_derivatives_are_those_of_the_likelihood(make):
    yi, vi = arrays(STEP[5])
    times = np.random.default_rng(1).integers(0, 3, (2, len(yi))).astype(float)
    if make == "beta":
        value = Beta(yi=yi, vi=vi, bounds=BOUNDS, times=times)
        theta = np.array([[0.2, 0.05, -0.5, 0.3], [-0.1, 0.2, 0.7, -0.2]])
    else:
        value = Steps(yi=yi, vi=vi, steps=np.array([0.025, 0.05, 0.5]), times=times)
        theta = np.array([[0.2, 0.05, -0.5, -0.6, -1.0], [-0.1, 0.2, 0.7, 0.1, 0.3]])
    owner = np.arange(2)
    _, gradient, hessian = value(theta, owner)
    for p, step in enumerate(1e-5 * np.eye(theta.shape[1])):
        up, down = value(theta + step, owner), value(theta - step, owner)
        assert_allclose(gradient[:, p], (up[0] - down[0]) / 2e-5, rtol=1e-6, atol=1e-5)
        assert_allclose(hessian[:, p], (up[1] - down[1]) / 2e-5, rtol=1e-5, atol=1e-3)


def test_weights_of_one_are_the_plain_model():
    yi, vi = arrays(STEP[3])
    mean, tau2, top = plain_maximum(yi, vi)
    model = Model(kind="step", steps=np.array([0.025]), weights=np.ones((len(yi), 2)))
    found = fit_selected(scaled(yi, vi, 1.0), model, 0.95)
    assert_allclose(found.theta, (mean, tau2), rtol=1e-8)
    assert_allclose(found.log_likelihood, top, rtol=1e-12)
    flat = Beta(yi=yi, vi=vi, bounds=BOUNDS)(np.array([[mean, tau2, 0.0, 0.0]]), ONE)
    assert_allclose(flat[0][0], top, rtol=1e-12)


@pytest.mark.parametrize("case", STEP[:4], ids=lambda case: case["id"])
def test_profile_intervals_end_where_the_likelihood_has_fallen(case):
    """1.92 below the top, checked by a fine grid of the profile that is not the algorithm's."""
    data, found = fitted(case, "step", 0.025)
    value = Model(kind="step", steps=np.array([0.025])).likelihood(data)
    unit = np.array([data.unit, data.unit**2, 1.0])
    for end in found.ci[0]:
        grid = [
            [end / data.unit, t2, z]
            for t2 in np.append(0, np.geomspace(0.02, 200, 100))
            for z in np.linspace(-6, 4, 101)
        ]
        profile = value(np.array(grid), np.zeros(len(grid), dtype=int))[0].max()
        top = value((found.theta / unit)[None], ONE)[0][0]
        assert_allclose(2 * (top - profile), 3.8415, atol=0.02)


def test_the_mirror_and_the_order_change_nothing():
    yi, vi = arrays(STEP[5])
    _, found = fitted(STEP[5], "step", [0.025, 0.5])
    turned = fit_selected(scaled(-yi, vi, -1.0), Model(kind="step", steps=np.array([0.025, 0.5])), 0.95)
    assert_allclose(turned.theta[0], -found.theta[0], rtol=1e-10)
    assert_allclose(turned.ci[0][::-1], -found.ci[0], rtol=1e-6)
    order = np.random.default_rng(2).permutation(len(yi))
    again = fit_selected(
        scaled(yi[order], vi[order], 1.0), Model(kind="step", steps=np.array([0.025, 0.5])), 0.95
    )
    assert_allclose(again.theta, found.theta, rtol=1e-7)


def test_a_batch_of_resamples_equals_each_alone():
    yi, vi = arrays(STEP[5])
    data, found = fitted(STEP[5], "step", 0.025)
    model = Model(kind="step", steps=np.array([0.025]))
    times = np.random.default_rng(3).multinomial(len(yi), np.full(len(yi), 1 / len(yi)), size=6).astype(float)
    batch = refit_selected(data, model, times, found.theta)
    for counts, row in zip(times.astype(int), batch, strict=True):
        alone = scaled(np.repeat(yi, counts), np.repeat(vi, counts), 1.0)
        assert_allclose(row, fit_selected(alone, model, None).theta, rtol=1e-5, atol=1e-7)
    nothing = np.where(value_above(data), 1.0, 0.0)[None]
    assert np.isnan(refit_selected(data, model, nothing, found.theta)).all()


def value_above(data):
    return data.yi / np.sqrt(data.vi) > -ndtri(0.025)


@pytest.mark.parametrize("case", DEPENDENT, ids=lambda case: case["id"])
def test_composite_likelihoods_agree_with_metaselection(case):
    """At its estimates, which a penalty of its own keeps from the maximum of the likelihood: ours is higher."""
    yi, vi = arrays(case)
    for fit in (fit for fit in case["fits"] if fit["estimator"] == "CML"):
        gamma = np.array([row["Est"] for row in fit["table"]])
        theta = np.array([gamma[0], np.exp(gamma[1]), *gamma[2:]])
        steps = np.atleast_1d(fit["steps"])
        value = (
            Beta(yi=yi, vi=vi, bounds=tuple(steps))
            if fit["type"] == "beta"
            else Steps(yi=yi, vi=vi, steps=steps)
        )
        assert_allclose(value(theta[None], ONE)[0][0], fit["logLik"], atol=1e-5)
        found = fitted(case, fit["type"], fit["steps"])[1]
        assert fit["logLik"] <= found.log_likelihood < fit["logLik"] + 0.2
