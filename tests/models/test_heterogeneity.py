"""I2 and H2, from tau2 and from Q."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.models.heterogeneity import H2_from_Q, H2_from_tau2, I2_from_Q, I2_from_tau2, cochran_Q

Y, V = [0.12, 0.55, -0.20, 0.81, 0.43, 1.10], [0.04, 0.05, 0.09, 0.02, 0.10, 0.06]


def test_both_forms_agree_for_the_moment_estimator_alone():
    dl, reml = pool(Y, V, method="DL"), pool(Y, V, method="REML")
    assert pytest.approx(dl.I2_Q) == dl.I2
    assert pytest.approx(dl.H2_Q) == dl.H2
    assert pytest.approx(reml.I2_Q, rel=1e-3) != reml.I2
    assert reml.I2_Q == dl.I2_Q


def test_I2_and_H2_say_the_same():
    tau2, typical = np.array([0.0, 0.1, 3.0]), np.array([0.05, 0.05, 0.2])
    assert_allclose(I2_from_tau2(tau2, typical), 100 * (1 - 1 / H2_from_tau2(tau2, typical)), atol=1e-12)


def test_the_forms_from_Q_at_their_edges():
    assert_allclose(I2_from_Q([0.0, 1.0, 8.0, 0.0], [3, 3, 4, 0]), [0, 0, 50, np.nan])
    assert_allclose(H2_from_Q([6.0, 1.0], [3, 0]), [2, np.nan])


def test_Q_is_the_weighted_sum_of_squares():
    y, w = np.array(Y), 1 / np.array(V)
    assert_allclose(cochran_Q(Y, V), (w * (y - np.average(y, weights=w)) ** 2).sum())
    assert cochran_Q(np.array([Y, Y]), V).shape == (2,)
