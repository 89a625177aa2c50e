"""The Henmi-Copas interval against metafor and against simulation."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.pooled.pooling import henmi_copas
from pdt_evidence.models.henmi_copas import _conditional_moments
from pdt_evidence.models.weights import prepare
from reference import load

POOL = load("pool", cases=19)["cases"]
NEWER = load("metafor51", cases=3)["cases"]
WITH_VALUES = [case for case in POOL if case["methods"]["DL"].get("henmi_copas")]


def test_most_reference_sets_have_a_value():
    assert len(WITH_VALUES) >= 12


@pytest.mark.parametrize("case", WITH_VALUES, ids=lambda case: case["id"])
def test_the_interval_agrees_with_metafor(case):
    """metafor integrates by adaptive quadrature to about 1e-7 and was told to find roots closely."""
    expected = case["methods"]["DL"]["henmi_copas"]
    got = henmi_copas(case["yi"], case["vi"])
    assert_allclose(got.estimate, expected["estimate"], rtol=1e-8)
    width = expected["ci"][1] - expected["ci"][0]
    assert_allclose(got.ci, expected["ci"], rtol=0, atol=1e-6 * width)


@pytest.mark.parametrize("case", NEWER, ids=lambda case: case["id"])
def test_the_interval_agrees_with_a_newer_metafor(case):
    """Its values come with the default root tolerance, 1.2e-4 in the pivot's quantile."""
    got = henmi_copas(case["yi"], case["vi"])
    assert_allclose(got.ci, case["henmi_copas"]["ci"], rtol=2e-4)


def test_the_conditional_moments_are_those_of_the_joint_law():
    """With the matrices written out: Q given R, for effects of variance D."""
    v, t = np.array([0.1, 0.4, 0.02, 0.3]), 0.2
    batch = prepare(np.zeros((1, 4)), v[None])
    W1 = batch.at0.total
    a, b, c, d = (float(x[0]) for x in _conditional_moments(batch, np.array([t]), W1))
    w, D = 1 / v, np.diag(v + t)
    h = D @ w / np.sqrt(w.sum())
    variance = w @ D @ w / w.sum()
    P = np.diag(w) - np.outer(w, w) / w.sum()
    C = D - np.outer(h, h) / variance
    m = h / variance
    expected = [np.trace(P @ C), m @ P @ m, 2 * np.trace(P @ C @ P @ C), 4 * m @ P @ C @ P @ m]
    assert_allclose([a, b, c, d], expected)
