"""Limit meta-analysis beside metasens, p-uniform* beside puniform, and where they are silent."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import RequestError
from reference import load

LIMIT = load("limit_copas", cases=7)["cases"]
UNIFORM = load("puniform", cases=7)["cases"]
YI, VI = np.array([0.9, 0.6, 0.5, 0.3, 0.2]), np.array([0.20, 0.10, 0.05, 0.02, 0.02])


@pytest.mark.parametrize("case", LIMIT, ids=lambda case: case["id"])
def test_limit_meta_agrees_with_metasens(case):
    found, want = pdt.limit_meta(case["yi"], case["vi"]), case["limit"][0]
    ours = (found.estimate, found.se, *found.ci, found.p, found.alpha, found.beta, found.Q_small, found.G2)
    names = ("estimate", "se", "lower", "upper", "p", "alpha_r", "beta_r", "Q_small", "G2")
    assert_allclose(ours, [want[name] for name in names], rtol=1e-6, atol=1e-8)
    assert_allclose(found.tau2, case["tau2_reml"], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("case", UNIFORM, ids=lambda case: case["id"])
def test_p_uniform_agrees_with_puniform(case):
    """Its intervals stop at its tolerance; a bound of tau2 that it puts at 0 is exact."""
    found, want = pdt.p_uniform(case["yi"], case["vi"]), case["puni_star"][0]
    assert_allclose((found.estimate, found.tau2), (want["est"], want["tau2"]), atol=1e-4)
    assert_allclose(found.ci, (want["lb"], want["ub"]), atol=2e-3)
    assert_allclose((found.statistic**2, found.p), (want["L0"], want["p0"]), atol=1e-4)
    assert_allclose(found.tau2_ci, (want["tau2_lb"], want["tau2_ub"]), atol=2e-3)
    assert (found.k, found.significant) == (want["k"], want["k_sig"])


def test_equal_small_studies_have_no_limit_to_move_to():
    """Without heterogeneity and without a slope the limit is the common effect."""
    vi = np.array([0.1, 0.05, 0.02, 0.01])
    assert_allclose(pdt.limit_meta(np.full(4, 0.3), vi).estimate, 0.3)


def test_the_mirror_turns_both_round():
    assert_allclose(pdt.limit_meta(-YI, VI).estimate, -pdt.limit_meta(YI, VI).estimate)
    assert_allclose(
        pdt.p_uniform(-YI, VI, direction="negative").ci[::-1], -np.array(pdt.p_uniform(YI, VI).ci), rtol=1e-6
    )


def test_what_cannot_be_computed_is_said():
    assert "equally precise" in pdt.limit_meta(YI, np.full(5, 0.1)).why
    assert "needs 3 studies" in pdt.limit_meta(YI[:2], VI[:2]).why
    silent = pdt.p_uniform([0.1, 0.0, 0.1], [0.1, 0.1, 0.2])
    assert "no study is significant" in silent.why
    assert np.isnan([silent.estimate, *silent.ci]).all()
    clustered = pdt.pool_multilevel(YI, VI, [1, 1, 2, 3, 4], rho=0.5)
    for entry_point in (pdt.limit_meta, pdt.p_uniform):
        with pytest.raises(RequestError, match="every effect as independent"):
            entry_point(clustered)
