"""Tails, quantiles and the law of a quadratic form, against other ways to them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from pdt_evidence.models.distributions import (
    chi2_quantile,
    chi2_tail,
    log_two_sided_p,
    quadratic_form_cdf,
    two_sided_p,
    two_sided_quantile,
)


def test_p_values_are_tails_not_complements():
    z = np.array([0, 1, 5, 20, 37])
    assert_allclose(two_sided_p(z, np.full(5, np.nan)), 2 * stats.norm.sf(z), rtol=1e-13)
    assert_allclose(two_sided_p(-z, np.full(5, 7.0)), 2 * stats.t.sf(z, 7), rtol=1e-10)
    mixed = two_sided_p([2.0, 2.0], [np.nan, 7.0])
    assert_allclose(mixed, [2 * stats.norm.sf(2), 2 * stats.t.sf(2, 7)])


def test_log_p_is_the_logarithm_where_p_is_not_0():
    t, df = np.array([0.3, 4.0, 20.0, 1e4]), np.array([3.0, np.nan, 12.0, 15.0])
    assert_allclose(log_two_sided_p(t, df), np.log(two_sided_p(t, df)), rtol=1e-12)


def test_log_p_stays_finite_where_p_underflows():
    """For z against the tail's expansion, for t against its leading power of the statistic."""
    z = 60.0
    expansion = -z * z / 2 - np.log(z * np.sqrt(2 * np.pi)) + np.log(2) + np.log1p(-1 / z**2 + 3 / z**4)
    assert_allclose(log_two_sided_p([z], [np.nan]), expansion, rtol=1e-9)
    t, df = np.array([1e12, 1e200]), np.array([40.0, 300.0])
    got = log_two_sided_p(t, df)
    assert (two_sided_p(t, df) == 0).all()
    # Each further factor of 10 in t costs 10**-df.
    assert_allclose(log_two_sided_p(t * 10, df) - got, -df * np.log(10), rtol=1e-10)
    # Either side of the change of formula.
    near = log_two_sided_p([1e14, 1e30], [20.0, 20.0])
    assert_allclose(near[1] - near[0], -20 * 16 * np.log(10), rtol=1e-9)


def test_the_two_formulas_of_log_p_meet():
    t = np.array([1e20])
    direct = np.log(two_sided_p(t, [13.0]))
    together = log_two_sided_p(np.array([1e20, 1e40]), np.array([13.0, 13.0]))  # the second underflows
    assert_allclose(together[0], direct[0], rtol=1e-12)


def test_quantiles():
    assert_allclose(
        two_sided_quantile(0.95, np.array([np.nan, 1, 5, 0.0])),
        [stats.norm.ppf(0.975), stats.t.ppf(0.975, 1), stats.t.ppf(0.975, 5), np.nan],
    )
    df = np.tile([1.0, 4.0, 9.0, -1.0], 50)
    assert_allclose(chi2_quantile(0.3, df), np.where(df > 0, stats.chi2.ppf(0.3, np.abs(df)), np.nan))
    assert_allclose(chi2_quantile(0.3, np.full(100, 6.0)), stats.chi2.ppf(0.3, 6))
    assert_allclose(two_sided_quantile(0.9, np.full(100, 6.0)), stats.t.ppf(0.95, 6))
    assert_allclose(chi2_tail([500.0, 1.0], [10, 0]), [stats.chi2.sf(500, 10), np.nan], rtol=1e-10)


@pytest.mark.parametrize("m", [1, 2, 3, 10, 40, 160, 1000])
def test_equal_eigenvalues_give_chi_squared(m):
    x = stats.chi2.ppf([1e-6, 0.025, 0.5, 0.975, 1 - 1e-6], m)
    for scale in (1.0, 1e-9, 1e9):
        got = quadratic_form_cdf(scale * x, np.full((5, m), scale))
        assert_allclose(got, stats.chi2.cdf(x, m), rtol=0, atol=1e-12)


@pytest.mark.parametrize("small", [0.9, 1e-3, 1e-8])
def test_pairs_of_eigenvalues_give_the_law_of_two_exponentials(small):
    """Two chi-squared variables of equal weight make one exponential, whose sums have closed forms."""
    a, b = 1 / (2 * small), 1 / 6
    x = np.array([1e-6, 0.01, 0.5, 3, 30, 90.0])
    exact = 1 - (a * np.exp(-b * x) - b * np.exp(-a * x)) / (a - b)
    lam = np.broadcast_to([small, small, 3, 3, 0], (6, 5))
    assert_allclose(quadratic_form_cdf(x, lam), exact, rtol=0, atol=1e-12)


def test_a_form_of_rank_0_is_0_and_no_form_is_negative():
    assert_allclose(quadratic_form_cdf([0.0, 2.0, -1.0], [[0.0], [0.0], [1.0]]), [1, 1, 0])
