"""Egger's regression and trim-and-fill, beside metafor."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.models.bias.small_study import regression_test, trim_and_fill
from reference import load

REFERENCE = load("small_study", cases=5)
FILLS = [(case, fill) for case in REFERENCE["cases"] for fill in case["fills"]]


def arrays(case):
    return np.array(case["yi"]), np.array(case["vi"])


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: case["id"])
def test_the_regression_test_agrees_with_metafor(case):
    found = regression_test(*arrays(case))
    for name, value in case["regression"].items():
        assert_allclose(getattr(found, name), value, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("case", "fill"), FILLS, ids=[f"{c['id']}-{f['method']}-{f['estimator']}-{f['side']}" for c, f in FILLS]
)
def test_trim_and_fill_agrees_with_metafor(case, fill):
    options = {name: fill[name] for name in ("method", "estimator", "side")}
    found = trim_and_fill(*arrays(case), **options)
    assert found.k0 == fill["k0"]
    # trimfill() lets its searches for the REML tau2 stop at a change of 1e-5, which shows in the rest.
    close = {"rtol": 1e-4, "atol": 1e-5} if fill["method"] == "REML" else {"rtol": 1e-9, "atol": 1e-12}
    for name in ("estimate", "se", "ci"):
        assert_allclose(getattr(found, name), fill[name], err_msg=name, **close)
    assert_allclose(np.sort(found.yi), fill["yi"], **close)


def test_a_symmetric_funnel_is_left_alone():
    yi = np.array([-0.41, -0.2, 0.19, 0.4])
    found = trim_and_fill(yi, np.array([0.3, 0.1, 0.1, 0.3]), side="left")
    assert found.k0 == 0
    assert len(found.yi) == 0
    assert found.estimate == pytest.approx(-0.005, abs=1e-3)


def test_the_mirror_turns_everything_round():
    case = REFERENCE["cases"][0]
    yi, vi = arrays(case)
    left, right = trim_and_fill(yi, vi), trim_and_fill(-yi, vi)
    assert {left.side, right.side} == {"left", "right"}
    assert_allclose(left.estimate, -right.estimate)
    assert_allclose(left.yi, -right.yi)


def test_two_studies_tell_nothing_about_asymmetry():
    assert np.isnan(regression_test(np.array([0.1, 0.2]), np.array([0.1, 0.2])).p)
    assert np.isnan(regression_test(np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.1, 0.1])).p)
