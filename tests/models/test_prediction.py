"""Prediction intervals: against metafor, and the bootstrap against its authors' package."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.pooled.pooling import pool, pool_many
from reference import load

NEWER = load("metafor51", cases=3)


@pytest.mark.parametrize("case", NEWER["cases"], ids=lambda case: case["id"])
@pytest.mark.parametrize("test", ["z", "knha"])
def test_rules_agree_with_metafor(case, test):
    """Its default and what it calls "Riley", which is Higgins-Thompson-Spiegelhalter on k - 2."""
    riley = pool(case["yi"], case["vi"], test=test, pi_rule="HTS-t(k-2)")
    assert_allclose(riley.pi, case[f"pi_riley_{test}"], rtol=1e-8)
    default = pool(case["yi"], case["vi"], test=test, pi_rule="metafor")
    assert_allclose(default.pi, case[f"pi_default_{test}"], rtol=1e-8)


def cisapride():
    """Log odds ratios of 13 trials, 0.5 added to every cell (Hartung, Knapp. doi:10.1002/sim.1009)."""
    m1 = np.array([15, 12, 29, 42, 14, 44, 14, 29, 10, 17, 38, 19, 21])
    n1 = np.array([16, 16, 34, 56, 22, 54, 17, 58, 14, 26, 44, 29, 38])
    m2 = np.array([9, 1, 18, 31, 6, 17, 7, 23, 3, 6, 12, 22, 19])
    n2 = np.array([16, 16, 34, 56, 22, 55, 15, 58, 15, 27, 45, 30, 38])
    a, b, c, d = m1 + 0.5, n1 - m1 + 0.5, m2 + 0.5, n2 - m2 + 0.5
    return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def test_the_bootstrap_agrees_with_its_authors_package():
    """The vignette of pimeta 1.1.4 for R prints 4.141 [0.533, 33.692] from 25,000 draws.

    The spread of such bounds over seeds is 1 to 2 percent; here they rest on ten times as many.
    """
    fit = pool(*cisapride(), method="DL", pi_rule="bootstrap", seed=1, bootstrap_draws=250_000)
    assert np.exp(fit.estimate) == pytest.approx(4.141, abs=5e-4)
    assert_allclose(np.exp(fit.pi), [0.533, 33.692], rtol=0.06)
    assert fit.pi_rule == "bootstrap"


def test_a_seed_settles_the_bootstrap_whatever_the_company():
    y, v = cisapride()
    batch = np.stack([y, y[::-1], np.where(np.arange(13) < 5, y, np.nan)])
    spread = np.stack([v, v[::-1], v])
    options = {"pi_rule": "bootstrap", "seed": 4, "bootstrap_draws": 2000}
    many = pool_many(batch, spread, **options)
    assert_allclose(many.pi[0], pool(y, v, **options).pi, rtol=1e-10)
    assert_allclose(many.pi[2], pool(y[:5], v[:5], **options).pi, rtol=1e-10)
    assert_allclose(many.pi[1], many.pi[0], rtol=1e-8)


def test_the_bootstrap_draws_tau2_from_its_confidence_distribution():
    """Without heterogeneity most draws are 0, and the interval is that of the mean alone."""
    fit = pool([0.2, 0.21, 0.19, 0.2], [0.04, 0.05, 0.03, 0.04], pi_rule="bootstrap", seed=1)
    assert 0 < fit.pi[1] - fit.pi[0] < 0.2
