"""Estimators of tau2 where they are known in closed form, and their standard errors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.models.estimators import METHODS, estimate_tau2, tau2_standard_error
from pdt_evidence.models.quadratic import solve_Q
from pdt_evidence.models.weights import prepare, sums

Y = np.array([[0.1, 0.9, -0.4, 0.5, 1.6], [0.1, 0.2, 0.15, 0.1, 0.12]])


@pytest.mark.parametrize("method", ["DL", "REML", "PM", "EB", "HE", "DL2"])
def test_equal_variances_make_every_unbiased_estimator_the_same(method):
    """Then tau2 is the sample variance less the sampling variance, or 0."""
    tau2 = estimate_tau2(prepare(Y, np.full(Y.shape, 0.1)), method)
    assert_allclose(tau2, np.maximum(Y.var(axis=1, ddof=1) - 0.1, 0), rtol=1e-13)


def test_equal_variances_give_the_others_in_closed_form():
    batch = prepare(Y, np.full(Y.shape, 0.1))
    assert_allclose(estimate_tau2(batch, "ML"), np.maximum(Y.var(axis=1) - 0.1, 0), rtol=1e-13)
    assert_allclose(estimate_tau2(batch, "HS"), np.maximum(Y.var(axis=1) - 0.1, 0), rtol=1e-13)
    crude = Y.var(axis=1)
    assert_allclose(estimate_tau2(batch, "SJ"), crude * Y.var(axis=1, ddof=1) / (crude + 0.1), rtol=1e-13)


@pytest.mark.parametrize("method", METHODS)
def test_tau2_is_unknown_below_two_studies(method):
    y, v = np.array([[0.3, np.nan], [np.nan, np.nan]]), np.full((2, 2), 0.1)
    with np.errstate(all="ignore"):
        batch = prepare(y, v)
        tau2 = estimate_tau2(batch, method)
        assert np.isnan(tau2).all()
        assert np.isnan(tau2_standard_error(batch, method, tau2, batch.at0)).all()


def test_moment_standard_errors_are_the_spread_of_the_quadratic_form():
    """2 tr(P M P M) with the matrices written out, over the derivative of the moment."""
    v = np.array([[0.04, 0.05, 0.1, 0.2, 0.02]])
    batch = prepare(Y[:1], v)
    t = 0.3
    M = np.diag(v[0] + t)
    crude = Y[0].var()
    dl = estimate_tau2(batch, "DL")[0]
    a = {"DL": 1 / v[0], "HS": 1 / v[0], "HE": np.ones(5), "SJ": 1 / (v[0] + crude), "DL2": 1 / (v[0] + dl)}
    for method, weight in a.items():
        P = np.diag(weight) - np.outer(weight, weight) / weight.sum()
        over = {"HS": weight.sum(), "SJ": 4 / crude}.get(method, np.trace(P))
        expected = np.sqrt(2 * np.trace(P @ M @ P @ M)) / over
        assert_allclose(
            tau2_standard_error(batch, method, np.array([t]), batch.at0), expected, err_msg=method
        )


def test_solve_Q_meets_its_target_from_any_distance():
    rng = np.random.default_rng(2)
    y, v = rng.normal(0, 3, (200, 6)), np.exp(rng.normal(0, 3, (200, 6)))
    batch = prepare(y, v)
    target = batch.at0.Q * 10.0 ** rng.uniform(-8, 0.3, 200)
    target[0] = np.nan
    t = solve_Q(batch.y, batch.v, target)
    assert np.isnan(t[0])
    reached = target < batch.at0.Q
    w = 1 / (v + t[:, None])
    Q = (w * (y - (w * y).sum(1, keepdims=True) / w.sum(1, keepdims=True)) ** 2).sum(1)
    assert_allclose(Q[reached], target[reached], rtol=1e-9)
    assert (t[1:][~reached[1:]] == 0).all()


def test_Q_is_solved_from_either_side_of_its_root():
    rng = np.random.default_rng(8)
    v = np.exp(rng.normal(0, 1.5, (300, 7)))
    batch = prepare(rng.normal(0, np.sqrt(v + 1)), v)
    target = rng.uniform(1, 12, 300)
    root = solve_Q(batch.y, batch.v, target)
    assert (root == 0).any()
    assert (root > 0).any()
    for start in (root / 3, 3 * root, np.full(300, 1e4)):
        assert_allclose(solve_Q(batch.y, batch.v, target, start), root, rtol=1e-12)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "EE"])
def test_the_standard_error_scales_as_tau2_does(method):
    """Effects in other units: ten times the effects are a hundred times tau2 and its standard error."""
    v = np.array([[0.04, 0.05, 0.1, 0.2, 0.02]])
    found = []
    for scale in (1.0, 10.0):
        batch = prepare(scale * Y[:1], scale**2 * v)
        tau2 = estimate_tau2(batch, method)
        at = sums(batch.y, batch.v, tau2)
        found.append((tau2, tau2_standard_error(batch, method, tau2, at)))
    (tau2, se), (other, other_se) = found
    assert_allclose(other, 100 * tau2, rtol=1e-8)
    assert_allclose(other_se, 100 * se, rtol=1e-8)
