"""Mantel-Haenszel and Peto pools, held against metafor's rma.mh and rma.peto."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.errors import EvidenceError
from pdt_evidence.models.fixed import common_effect, mantel_haenszel, peto, peto_effects
from reference import load

REFERENCE = load("mh", cases=28)
RTOL = 1e-10  # closed forms in double precision on both sides; the file has 15 digits


def case_id(case):
    return f"{case['set']}-{case['method']}-{case['measure']}-{case['zero_cells']}"


def tables(name):
    columns = REFERENCE["sets"][name]
    return [np.array(columns[column], dtype=float) for column in ("ai", "n1i", "ci", "n2i")]


def pool(case, arrays):
    if case["method"] == "Peto":
        return peto(*peto_effects(*arrays))
    return mantel_haenszel(*arrays, measure=case["measure"], zero_cells=case["zero_cells"])


def test_the_grid_of_reference_cases_is_whole():
    assert len(REFERENCE["cases"]) == len(REFERENCE["sets"]) * (3 * 2 + 1)


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=case_id)
def test_fixed_pools_agree_with_the_reference(case):
    """Same tables, same numbers as the package named in REFERENCE["source"]."""
    fit = pool(case, tables(case["set"]))
    for name in ("k", "estimate", "se", "statistic", "p", "ci", "Q"):
        assert_allclose(getattr(fit, name), case[name], rtol=RTOL, atol=1e-13, err_msg=name)
    if fit.k > 1:  # the reference gives I2 = 0 for one study, this library says that it cannot be known
        assert_allclose([fit.Q_p, fit.I2], [case["Q_p"], case["I2"]], rtol=RTOL, atol=1e-12)
    used = fit.weights[-len(np.atleast_1d(case["weights"])) :]  # the double zero comes first in its set
    assert_allclose(used, np.atleast_1d(case["weights"]), rtol=RTOL, atol=1e-12)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_a_batch_equals_a_loop_and_nan_marks_an_absent_table(measure):
    rng = np.random.default_rng(7)
    n_t, n_c = rng.integers(5, 60, (40, 6)), rng.integers(5, 60, (40, 6))
    event_t, event_c = rng.binomial(n_t, 0.3).astype(float), rng.binomial(n_c, 0.4).astype(float)
    event_t[::3, -1] = np.nan
    batch = mantel_haenszel(event_t, n_t, event_c, n_c, measure=measure)
    for row in range(40):
        here = ~np.isnan(event_t[row])
        one = mantel_haenszel(
            event_t[row, here], n_t[row, here], event_c[row, here], n_c[row, here], measure=measure
        )
        for name in ("k", "estimate", "se", "Q", "ci"):
            assert_allclose(getattr(batch, name)[row], getattr(one, name), rtol=1e-12, err_msg=name)


def test_swapping_the_arms_turns_the_sign():
    event_t, n_t, event_c, n_c = tables("sparse")
    for measure in ("OR", "RR", "RD"):
        forth = mantel_haenszel(event_t, n_t, event_c, n_c, measure=measure)
        back = mantel_haenszel(event_c, n_c, event_t, n_t, measure=measure)
        assert_allclose([back.estimate, back.se, back.Q], [-forth.estimate, forth.se, forth.Q], rtol=1e-12)


def test_inverse_variance_weighs_by_precision():
    """The weighted mean by hand, and an absent study counts for nothing."""
    fit = common_effect([1.0, 3.0, np.nan], [1.0, 0.5, 1.0])
    assert_allclose(
        [fit.estimate, fit.se, fit.Q], [7 / 3, (1 / 3) ** 0.5, 4 / 3 * 1 + 0.0 + 4 / 3], rtol=1e-12
    )
    assert fit.k == 2
    assert_allclose(fit.weights, [100 / 3, 200 / 3, 0], rtol=1e-12)


def test_no_usable_table_gives_nan_and_not_an_error():
    fit = mantel_haenszel([0.0], [10.0], [0.0], [12.0], measure="OR")
    assert fit.k == 0
    assert np.isnan(fit.estimate)
    assert np.isnan(fit.se)


def test_a_table_without_events_says_nothing_of_an_odds_ratio_but_counts_for_a_risk_difference():
    with_it = mantel_haenszel([0, 4.0], [20, 41], [0, 9.0], [20, 40], measure="OR")
    without = mantel_haenszel([4.0], [41], [9.0], [40], measure="OR")
    assert_allclose(with_it.estimate, without.estimate, rtol=1e-12)
    difference = mantel_haenszel([0, 4.0], [20, 41], [0, 9.0], [20, 40], measure="RD")
    assert difference.k == 2


def test_an_unknown_measure_lists_the_known_ones():
    with pytest.raises(EvidenceError, match=r"measure = 'HR' is not known\. Choose one of: 'OR', 'RR', 'RD'"):
        mantel_haenszel([1], [10], [2], [10], measure="HR")


def test_a_batch_of_common_effects_is_each_by_itself():
    yi = np.array([[[0.1, 0.5, np.nan], [0.3, -0.2, 0.4]], [[0.2, 0.2, 0.9], [np.nan, 0.7, 0.1]]])
    vi = np.array([[[0.1, 0.2, 0.3], [0.04, 0.05, 0.2]], [[0.1, 0.3, 0.1], [0.2, 0.2, 0.1]]])
    batch = common_effect(yi, vi)
    assert batch.estimate.shape == (2, 2)
    for at in np.ndindex(2, 2):
        alone = common_effect(yi[at], vi[at])
        there = np.isfinite(yi[at])
        weights = 1 / vi[at][there]
        assert_allclose(batch.estimate[at], np.average(yi[at][there], weights=weights), rtol=1e-12)
        assert_allclose(batch.se[at], weights.sum() ** -0.5, rtol=1e-12)
        for name in ("k", "estimate", "se", "p", "ci", "Q", "Q_df", "Q_p", "I2", "weights"):
            assert_allclose(getattr(batch, name)[at], getattr(alone, name), rtol=1e-12, err_msg=name)
