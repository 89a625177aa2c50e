"""Intervals of tau2 meet the equations that define them, and metafor's values."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.integrate import quad

from pdt_evidence.analysis.pooled.pooling import pool, pool_many
from pdt_evidence.models.likelihood import log_likelihood
from pdt_evidence.models.weights import prepare
from reference import load

POOL = load("pool", cases=19)["cases"]
NEWER = load("metafor51", cases=3)
# The intervals of metafor51.json come from confint() at its default root tolerance, eps**0.25 in tau2.
ROOT_TOLERANCE = np.finfo(float).eps ** 0.25


def q_at(y, v, t):
    w = 1 / (v + t)
    return (w * (y - (w * y).sum() / w.sum()) ** 2).sum()


@pytest.mark.parametrize("case", POOL, ids=lambda case: case["id"])
@pytest.mark.parametrize(
    ("method", "how", "key"),
    [
        ("REML", "q-profile", "q_profile"),
        ("REML", "profile-likelihood", "profile_likelihood"),
        ("ML", "profile-likelihood", "profile_likelihood"),
    ],
)
def test_intervals_agree_with_metafor(case, method, how, key):
    """Of tau2, I2 and H2, with metafor's root tolerance tightened; its bounds are right to 1e-8."""
    expected = case["methods"][method][key]
    got = pool(case["yi"], case["vi"], method=method, tau2_ci_method=how)
    for name in ("tau2", "I2", "H2"):
        assert_allclose(getattr(got, f"{name}_ci"), expected[name], rtol=1e-6, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("case", NEWER["cases"], ids=lambda case: case["id"])
def test_intervals_agree_with_a_newer_metafor(case):
    def ci(method, how):
        return pool(case["yi"], case["vi"], method=method, tau2_ci_method=how).tau2_ci

    for got, key in (
        (ci("REML", "q-profile"), "ci_qprofile"),
        (ci("REML", "profile-likelihood"), "ci_profile_reml"),
        (ci("ML", "profile-likelihood"), "ci_profile_ml"),
        (ci("DL", "generalised-q"), "ci_generalised_q_dl"),
    ):
        assert_allclose(got, case[key]["tau2"], atol=ROOT_TOLERANCE, rtol=0, err_msg=key)


@pytest.mark.parametrize("case", POOL, ids=lambda case: case["id"])
def test_the_q_profile_bounds_solve_their_equations(case):
    y, v = np.array(case["yi"]), np.array(case["vi"])
    for level in (0.5, 0.95, 0.999):
        bounds = pool(y, v, level=level).tau2_ci
        for bound, tail in zip(bounds, ((1 + level) / 2, (1 - level) / 2), strict=True):
            target = stats.chi2.ppf(tail, len(y) - 1)
            if bound > 0:
                assert q_at(y, v, bound) == pytest.approx(target, rel=1e-10)
            else:
                assert q_at(y, v, 0.0) <= target


@pytest.mark.parametrize("case", POOL, ids=lambda case: case["id"])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_the_likelihood_has_fallen_by_the_quantile_at_its_bounds(case, method):
    got = pool(case["yi"], case["vi"], method=method, tau2_ci_method="profile-likelihood", level=0.9)
    batch = prepare(np.array([case["yi"]]), np.array([case["vi"]]))

    def value(t):
        return log_likelihood(batch, np.array([t]), method == "REML")[0]

    fall = stats.chi2.ppf(0.9, 1) / 2
    low, high = got.tau2_ci
    assert value(got.tau2) - value(high) == pytest.approx(fall, abs=1e-8)
    if low > 0:
        assert value(got.tau2) - value(low) == pytest.approx(fall, abs=1e-8)
    else:
        assert value(got.tau2) - value(0.0) <= fall + 1e-9


def imhof(x, eigenvalues):
    """P(sum lambda_i X_i <= x) by Imhof's integral (Biometrika 48 (1961) 419), by adaptive quadrature."""

    def integrand(u):
        angle = np.arctan(eigenvalues * u).sum() / 2 - x * u / 2
        return np.sin(angle) / (u * np.exp(np.log1p((eigenvalues * u) ** 2).sum() / 4))

    return 0.5 - quad(integrand, 0, np.inf, limit=2000, epsabs=1e-11)[0] / np.pi


@pytest.mark.parametrize("power", [1.0, 0.5])
@pytest.mark.parametrize("name", ["bcg_log_rr", "raudenbush1985_smd", "normand1999_smd"])
def test_the_generalised_q_bounds_put_the_tails_where_they_belong(name, power):
    """Inverse-variance and inverse-standard-error weights, the law by an independent formula."""
    case = next(case for case in POOL if case["id"] == name)
    y, v = np.array(case["yi"]), np.array(case["vi"])
    a = v**-power
    got = pool(y, v, method="DL", tau2_ci_method="generalised-q", tau2_ci_weights=a).tau2_ci
    P = np.diag(a) - np.outer(a, a) / a.sum()
    for bound, tail in zip(got, (0.975, 0.025), strict=True):
        root = np.diag(np.sqrt(v + bound))
        assert imhof(y @ P @ y, np.linalg.eigvalsh(root @ P @ root)) == pytest.approx(tail, abs=1e-7)


def test_default_weights_of_generalised_q_are_the_inverse_variances():
    case = POOL[0]
    v = np.array(case["vi"])
    plain = pool(case["yi"], v, tau2_ci_method="generalised-q").tau2_ci
    given = pool(case["yi"], v, tau2_ci_method="generalised-q", tau2_ci_weights=1 / v).tau2_ci
    assert_allclose(given, plain, rtol=1e-9)


def test_wald_is_cut_off_at_0():
    case = POOL[0]
    got = pool(case["yi"], case["vi"], tau2_ci_method="wald")
    half = stats.norm.ppf(0.975) * got.tau2_se
    assert got.tau2_ci == pytest.approx((max(0, got.tau2 - half), got.tau2 + half))
    assert pool([0.1, 0.5, 0.2], [0.1, 0.1, 0.1], tau2_ci_method="wald").tau2_ci[0] == 0


def test_an_empty_interval_is_0_0_and_said_to_be():
    """Effects that agree more than sampling error allows: Q(0) lies below both quantiles."""
    got = pool([0.2, 0.201, 0.199, 0.2], [0.5, 0.4, 0.6, 0.5])
    assert got.tau2_ci == (0, 0)
    assert any("empty" in note for note in got.notes)


def test_every_method_works_on_a_batch_with_absent_studies():
    y = np.array([[0.1, 0.9, -0.4, 0.5], [0.1, 0.9, np.nan, 0.5], [0.1, np.nan, np.nan, np.nan]])
    v = np.full(y.shape, 0.05)
    for how in ("q-profile", "profile-likelihood", "generalised-q", "wald"):
        many = pool_many(y, v, tau2_ci_method=how)
        assert np.isnan(many.tau2_ci[2]).all()
        for i in range(2):
            here = ~np.isnan(y[i])
            one = pool(y[i, here], v[i, here], tau2_ci_method=how)
            assert_allclose(many.tau2_ci[i], one.tau2_ci, rtol=1e-8, err_msg=how)
            assert_allclose(many.I2_ci[i], one.I2_ci, rtol=1e-8, err_msg=how)
