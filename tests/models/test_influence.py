"""Case deletion and cumulation against metafor, and by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.models.cumulative import accumulate
from pdt_evidence.models.influence import delete_each, diagnose
from pdt_evidence.models.pool import Options, fit
from reference import load

REFERENCE = load("influence", cases=44)
# metafor iterates tau2 until it moves by less than 1e-14 times the data's variance, and differences
# of nearly equal estimates (dffits, cook_d) lose digits on both sides.
RTOL = 1e-8


def case_id(case):
    return f"{case['set']}-{case['method']}-{case['test']}"


def studies(case):
    data = REFERENCE["sets"][case["set"]]
    return np.array(data["yi"]), np.array(data["vi"])


def options(case):
    return Options(method=case["method"], test=case["test"], tau2_ci_method=None)


def same(got, want, name):
    want = np.array(want, dtype=float)
    # Values next to 0 are held to the size of their column, not their own.
    assert_allclose(got, want, rtol=RTOL, atol=RTOL * 1e-3 * np.abs(want).max(), err_msg=name)


def test_the_reference_holds_tau2_of_zero_and_influential_studies():
    cases = REFERENCE["cases"]
    assert len({case["set"] for case in cases}) == 7
    assert {case["method"] for case in cases} == {"EE", "DL", "REML", "ML", "PM", "SJ"}
    assert any(case["method"] == "REML" and not any(case["influence"]["tau2_del"]) for case in cases)
    assert any(any(case["influence"]["influential"]) for case in cases)


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=case_id)
def test_diagnostics_agree_with_the_reference(case):
    yi, vi = studies(case)
    full = fit(yi, vi, options(case))
    found = diagnose(full, delete_each(yi, vi, options(case)))
    for name, want in case["influence"].items():
        if name == "influential":
            assert found.influential.tolist() == want
        else:
            same(100 * found.hat if name == "weight" else getattr(found, name), want, name)


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=case_id)
def test_fits_without_each_study_agree_with_the_reference(case):
    deleted = delete_each(*studies(case), options(case))
    for name, want in case["leave_one_out"].items():
        same(getattr(deleted, name), want, name)


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=case_id)
def test_cumulation_agrees_with_the_reference_in_any_order(case):
    yi, vi = studies(case)
    for kind, at in (
        ("cumulative", np.arange(yi.size)),
        ("cumulative_by_variance", np.argsort(vi, kind="stable")),
    ):
        steps = accumulate(yi[at], vi[at], options(case))
        for name, want in case[kind].items():
            # For one study the reference has tau2 = 0 and I2 = 0; here they are unknown.
            start = 1 if name in ("Q_p", "tau2", "I2") else 0
            same(getattr(steps, name)[start:], want[start:], name)


@pytest.mark.parametrize("method", ["EE", "DL", "REML"])
@pytest.mark.parametrize("test", ["z", "knha", "adhoc-ci"])
def test_each_diagnostic_is_what_its_definition_says(method, test):
    """From fits made one at a time, by the textbook formulas."""
    rng = np.random.default_rng(3)
    vi = rng.uniform(0.02, 0.3, 7)
    yi = rng.normal(0.3, np.sqrt(vi + 0.2))
    requested = Options(method=method, test=test, tau2_ci_method=None)
    full = fit(yi, vi, requested)
    found = diagnose(full, delete_each(yi, vi, requested))
    for i in range(7):
        rest = np.arange(7) != i
        one = fit(yi[rest], vi[rest], requested)
        factor = one.se**2 * (1 / (vi[rest] + one.tau2)).sum()
        change = full.estimate - one.estimate
        resid = (yi[i] - one.estimate) / np.sqrt(one.se**2 + factor * (vi[i] + one.tau2))
        assert_allclose(found.rstudent[i], resid, rtol=1e-9)
        assert_allclose(found.cook_d[i], change**2 / full.se**2, rtol=1e-9)
        assert_allclose(found.cov_r[i], one.se**2 / full.se**2, rtol=1e-9)
        assert_allclose(found.dfbetas[i], change / np.sqrt(factor / (1 / (vi + one.tau2)).sum()), rtol=1e-9)
        assert_allclose([found.tau2_del[i], found.Q_del[i]], [one.tau2, one.Q], rtol=1e-9)


def test_of_two_studies_the_other_alone_is_left():
    """Its estimate is known, its tau2 and all that rests on it is not, except under equal effects."""
    yi, vi = np.array([0.1, 0.5]), np.array([0.1, 0.2])
    for method in ("DL", "EE"):
        requested = Options(method=method, test="z", tau2_ci_method=None)
        found = diagnose(fit(yi, vi, requested), delete_each(yi, vi, requested))
        assert np.isnan(found.rstudent).all() == (method == "DL")
        assert np.isfinite(found.cook_d).all()


def test_identical_effects_have_no_residuals():
    yi, vi = np.full(5, 0.1), np.arange(1.0, 6.0)
    requested = Options(method="REML", test="z", tau2_ci_method=None)
    found = diagnose(fit(yi, vi, requested), delete_each(yi, vi, requested))
    assert not found.rstudent.any()
    assert not found.cook_d.any()
    assert not found.dfbetas.any()
