"""Shares of true effects above a threshold, against MetaUtility."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm
from tests.reference import load

from pdt_evidence import pool
from pdt_evidence.analysis.pooled.bayes import HalfNormal, pool_bayes
from pdt_evidence.analysis.pooled.multilevel import pool_multilevel
from pdt_evidence.errors import RequestError

CASES = load("threshold", cases=7)["cases"]
ROWS = [(case, row) for case in CASES for row in case["parametric"]]


@pytest.mark.parametrize(("case", "row"), ROWS, ids=lambda one: str(one.get("q", one.get("id"))))
def test_the_normal_share_agrees_with_the_reference(case, row):
    """Estimates to 1e-11: tau2 by REML is iterated on both sides."""
    fit = pool(case["yi"], case["vi"], method=row["tau2_method"], test="z")
    found, expected = fit.beyond(row["q"], draws=100), row["parametric"]
    assert_allclose(found.share, expected["est"], rtol=1e-10, atol=1e-11)
    given = [expected[name] for name in ("se", "lo", "hi")]
    known = [np.nan if value is None else value for value in given]
    assert_allclose([found.se, *found.ci], known, rtol=1e-9)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
@pytest.mark.parametrize("method", ["DL", "REML"])
def test_calibrated_effects_agree_with_the_reference(case, method):
    """DL to rounding; REML to 1e-4, as the reference iterates metafor's default 1e-5 only."""
    fit = pool(case["yi"], case["vi"], method=method, test="z")
    found = fit.beyond(0.2, draws=100)
    tolerance = 1e-12 if method == "DL" else 1e-4
    assert_allclose(found.effects, case[f"calibrated_{method}"], atol=tolerance)
    expected = {row["q"]: row[method] for row in case["prop_above_calibrated"]}
    assert found.calibrated == pytest.approx(expected[0.2], abs=1e-12)


def test_the_share_falls_with_the_threshold_and_is_half_at_the_mean():
    fit = pool(CASES[5]["yi"], CASES[5]["vi"])
    shares = [fit.beyond(q, draws=100).share for q in np.linspace(-1, 2, 13)]
    assert np.all(np.diff(shares) < 0)
    assert fit.beyond(fit.estimate, draws=100).share == pytest.approx(0.5)


def test_the_bootstrap_interval_covers_the_true_share():
    """Nominal 95%; 150 drawn meta-analyses leave two standard errors of 0.036."""
    rng, true, inside = np.random.default_rng(3), float(norm.sf((0.1 - 0.3) / 0.3)), 0
    for _ in range(150):
        vi = rng.uniform(0.01, 0.04, 40)
        found = pool(rng.normal(rng.normal(0.3, 0.3, 40), np.sqrt(vi)), vi, method="DL").beyond(
            0.1, draws=400
        )
        inside += found.calibrated_ci[0] <= true <= found.calibrated_ci[1]
    assert 0.88 <= inside / 150 <= 1


def test_one_true_effect_gives_all_or_none_and_says_so():
    found = pool([0.3, 0.3, 0.31], [0.1, 0.1, 0.1]).beyond(0.2, draws=100)
    assert (found.share, found.calibrated) == (1, 1)
    assert np.isnan([*found.ci, *found.calibrated_ci]).all()
    assert [note.code for note in found.notes] == ["one-true-effect", "same-share"]


def test_several_effects_a_trial_give_the_normal_share_alone():
    case = CASES[5]
    fit = pool_multilevel(case["yi"], case["vi"], [f"t{i // 2}" for i in range(len(case["yi"]))])
    found = fit.beyond(0.2)
    assert found.share == pytest.approx(norm.cdf((fit.estimate - 0.2) / np.sqrt(fit.tau2)))
    assert np.isnan(found.calibrated)
    assert "several-effects" in [note.code for note in found.notes]


def test_a_posterior_names_the_call_that_answers():
    fit = pool_bayes([0.2, 0.5, 0.9], [0.04, 0.05, 0.03], HalfNormal(0.5))
    with pytest.raises(RequestError, match=r"probability\(above=0.24, of='theta_new'\)"):
        fit.beyond(0.24)


def test_all_bad_options_are_listed_at_once():
    fit = pool([0.2, 0.5, 0.9], [0.04, 0.05, 0.03])
    with pytest.raises(RequestError) as found:
        fit.beyond(np.nan, level=2, draws=1, seed=-1)
    assert len(found.value.problems) == 4


def test_the_summary_ends_with_the_answers():
    fit = pool([0.2, 0.5, 0.9], [0.04, 0.05, 0.03])
    answer = fit.beyond(0.24, draws=100)
    assert fit.summary([answer]).endswith(answer.summary())
    assert fit.summary([answer]).startswith(fit.summary())
