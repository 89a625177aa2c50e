"""Tests of the pooled estimate, one against another."""

import numpy as np
import pytest
from scipy import stats

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.models.inference import TESTS

Y, V = [0.12, 0.55, -0.20, 0.81, 0.43, 1.10], [0.04, 0.05, 0.09, 0.02, 0.10, 0.06]


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_interval_and_p_value_rest_on_the_same_law(test, level):
    fit = pool(Y, V, test=test, level=level)
    law = stats.norm() if np.isnan(fit.df) else stats.t(fit.df)
    half = law.ppf((1 + level) / 2) * fit.se
    assert fit.ci == pytest.approx((fit.estimate - half, fit.estimate + half))
    assert fit.p == pytest.approx(2 * law.sf(abs(fit.statistic)))
    assert np.exp(fit.log_p) == pytest.approx(fit.p)
    assert fit.statistic == pytest.approx(fit.estimate / fit.se)


def test_knapp_hartung_scales_the_wald_variance():
    wald, knha = pool(Y, V, test="z"), pool(Y, V, test="knha")
    w = 1 / (np.array(V) + wald.tau2)
    q = (w * (np.array(Y) - wald.estimate) ** 2).sum() / 5
    assert knha.se == pytest.approx(wald.se * np.sqrt(q))
    assert (wald.df, knha.df) == (pytest.approx(np.nan, nan_ok=True), 5)
    assert pool(Y, V, test="t").se == wald.se


def test_a_far_tail_keeps_its_logarithm():
    fit = pool([50.0, 50.1, 49.9], [1e-4] * 3, method="EE", test="z")
    assert fit.p == 0
    assert fit.log_p < -1e6
