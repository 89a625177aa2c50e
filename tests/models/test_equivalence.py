"""The two one-sided tests, their power and the studies they need, as numbers."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from pdt_evidence.models.equivalence import (
    critical_value,
    equivalence_tests,
    power_of_equivalence,
    studies_needed,
    upper_tail,
)


@pytest.mark.parametrize("df", [1.0, 3.0, 11.0, 200.0, math.nan])
def test_tails_and_critical_values_are_those_of_t_and_of_the_normal(df):
    """NaN degrees of freedom mean the standard normal."""
    law = stats.norm() if math.isnan(df) else stats.t(df)
    assert_allclose(upper_tail([-1.0, 0.3, 4.0], df), law.sf([-1.0, 0.3, 4.0]), rtol=1e-12)
    assert_allclose(critical_value(0.05, df), law.isf(0.05), rtol=1e-12)


def test_the_larger_one_sided_p_is_alpha_where_the_interval_touches_the_margin():
    """The interval at 1 - 2 alpha and the tests at alpha are one decision."""
    se, df, estimate = 0.1, 9.0, -0.07
    margin = abs(estimate) + critical_value(0.05, df) * se
    p_lower, p_upper = equivalence_tests(estimate, se, df, margin)
    assert_allclose(p_lower, 0.05, rtol=1e-10)
    assert p_upper < 0.05


@pytest.mark.parametrize(
    ("df", "effect", "se", "seed"),
    [(4.0, 0.0, 0.08, 1), (9.0, 0.1, 0.09, 2), (29.0, -0.05, 0.1, 3), (1.0, 0.0, 0.02, 4)],
)
def test_power_with_an_estimated_standard_error_agrees_with_simulation(df, effect, se, seed):
    """400,000 draws: three Monte Carlo errors are below 0.0025."""
    rng = np.random.default_rng(seed)
    draws = 400_000
    estimate = rng.normal(effect, se, draws)
    half = critical_value(0.05, df) * se * np.sqrt(rng.chisquare(df, draws) / df)
    simulated = np.mean((estimate - half > -0.25) & (estimate + half < 0.25))
    power = power_of_equivalence(0.25, se, effect=effect, df=df, alpha=0.05)
    assert_allclose(power, simulated, atol=0.0025)


@pytest.mark.parametrize("df", [2.0, 7.0, 60.0, 999.0])
def test_the_power_integral_agrees_with_adaptive_quadrature(df):
    """The fixed nodes hold the density of s at small and at large degrees of freedom."""
    from scipy.integrate import quad

    margin, se, effect, alpha = 0.25, 0.07, 0.03, 0.05
    critical = stats.t.isf(alpha, df)

    def integrand(s):
        low, high = critical * s - margin, margin - critical * s
        inside = stats.norm.cdf((high - effect) / se) - stats.norm.cdf((low - effect) / se)
        return max(inside, 0.0) * stats.chi.pdf(s / se * math.sqrt(df), df) * math.sqrt(df) / se

    upper = margin / critical
    spread = 3 * se / math.sqrt(2 * df)
    points = [p for p in (se - spread, se, se + spread) if 0 < p < upper]
    expected, _ = quad(integrand, 0, upper, points=points, epsabs=1e-13, limit=400)
    assert_allclose(power_of_equivalence(margin, se, effect=effect, df=df, alpha=alpha), expected, atol=1e-9)


def test_power_with_many_degrees_of_freedom_is_that_of_a_known_standard_error():
    known = power_of_equivalence(0.25, 0.09, effect=0.02, df=math.nan, alpha=0.05)
    assert_allclose(power_of_equivalence(0.25, 0.09, effect=0.02, df=1e7, alpha=0.05), known, atol=1e-6)
    assert_allclose(
        known,
        stats.norm.cdf(0.23 / 0.09 - 1.6448536269514722) - stats.norm.cdf(-0.27 / 0.09 + 1.6448536269514722),
        rtol=1e-12,
    )


def test_a_margin_narrower_than_the_interval_has_no_power():
    assert power_of_equivalence(0.01, 0.5, effect=0.0, df=math.nan, alpha=0.05) == 0.0
    assert power_of_equivalence(0.01, 0.5, effect=0.0, df=500.0, alpha=0.05) == 0.0


@pytest.mark.parametrize("t_test", [True, False])
@pytest.mark.parametrize("effect", [0.0, 0.1])
def test_the_studies_needed_reach_the_power_and_one_fewer_does_not(t_test, effect):
    k = studies_needed(0.25, 0.05, 0.06, effect=effect, alpha=0.05, power=0.8, t_test=t_test)

    def power(k):
        df = k - 1.0 if t_test else math.nan
        return power_of_equivalence(0.25, math.sqrt(0.11 / k), effect=effect, df=df, alpha=0.05)

    assert power(k) >= 0.8 > power(k - 1)


def test_no_number_of_studies_shows_equivalence_of_what_differs_by_the_margin():
    for effect in (0.25, -0.3):
        assert studies_needed(0.25, 0.0, 0.1, effect=effect, alpha=0.05, power=0.8, t_test=True) == math.inf
    assert studies_needed(1e-6, 0.1, 0.1, effect=0.0, alpha=0.05, power=0.8, t_test=False) == math.inf
