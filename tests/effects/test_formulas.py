"""The formulas give the numbers of metafor's escalc(), and keep the symmetries of their definition."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import t as student_t

from pdt_evidence.effects import convert, means, prepost, ratios, smd
from pdt_evidence.errors import RequestError
from reference import load

REFERENCE = load("escalc", cases=103)
CASES = REFERENCE["cases"]

RTOL = 1e-12
# Its J is the difference of two log-gammas, good to some 1e-13 at a hundred persons and 1e-9 at a million.
# The unbiased variance then takes 1 - (df - 2) / (df J^2), near 1 / (2 df): that error times df. Ours is held
# to exact integers in `test_the_bias_correction_is_exact`.
RTOL_UB = 1e-10
RTOL_MANY = {"LS": 1e-8, "UB": 1e-5}


def tolerance(case):
    vtype = case.get("vtype", "LS")
    if np.max(case["inputs"].get("n_t", [0])) > 1000 and case["measure"] == "SMD":
        return RTOL_MANY[vtype]
    return RTOL_UB if vtype == "UB" else RTOL


def case_id(case):
    parts = ("id", "measure", "vtype", "zero_cells", "double_zero")
    return " ".join(str(case[part]) for part in parts if part in case)


def our_effect(case):
    inputs = {name: np.array(values, dtype=float) for name, values in case["inputs"].items()}
    options = {name: case[name] for name in ("vtype", "zero_cells", "double_zero") if name in case}
    if case["id"] == "from t":
        d = convert.d_from_t(inputs["t"], inputs["n_t"], inputs["n_c"])
        return smd.g_from_d(d, inputs["n_t"], inputs["n_c"])
    if case["id"] == "from d":
        return smd.g_from_d(**inputs)
    if case["measure"] == "D2ORL":  # escalc converts d, not g
        d = smd.cohens_d(**inputs)
        return d, smd.smd_variance(d, inputs["n_t"], inputs["n_c"])
    if case["measure"] == "OR2DL":
        return convert.log_or_to_smd(*ratios.log_odds_ratio(**inputs, **options))
    if case["measure"] == "RD":
        return ratios.risk_difference(**inputs, zero_cells=options["zero_cells"])
    formula = {
        "SMD": smd.hedges_g,
        "MD": means.mean_difference,
        "ROM": means.log_ratio_of_means,
        "OR": ratios.log_odds_ratio,
        "RR": ratios.log_risk_ratio,
        "SMCC": prepost.smcc,
        "SMCR": prepost.smcr,
    }[case["measure"]]
    return formula(**inputs, **options)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_effects_agree_with_the_reference(case):
    """Same arm data, same effects as the package and version named in the reference file."""
    yi, vi = our_effect(case)
    expected_yi = np.array(case["yi"], dtype=float)
    expected_vi = np.array(case["vi"], dtype=float)
    expected_yi[~np.isfinite(expected_vi)] = np.nan  # a value of infinite variance is no value here
    expected_vi[~np.isfinite(expected_yi)] = np.nan
    if case["measure"] == "D2ORL":  # the log odds ratio that escalc makes of d leads back to d
        expected_yi, expected_vi = convert.log_or_to_smd(expected_yi, expected_vi)
    assert_allclose(yi, expected_yi, rtol=tolerance(case), err_msg="yi")
    assert_allclose(vi, expected_vi, rtol=tolerance(case), err_msg="vi")


def test_the_reference_grid_is_whole():
    """Every measure is pinned on several data sets, and the zero-cell rules on tables with zeros."""
    seen = {(case["measure"], case["id"]) for case in CASES}
    data_sets = {
        ("SMD", "MD", "ROM"): ("normand1999", "curtis1998", "gibson2002", "awkward", "huge"),
        ("OR", "RR", "RD"): ("bcg", "li2007", "hine1989", "nielweise2007", "awkward"),
        ("SMCC", "SMCR"): ("morris2008_treated", "morris2008_control", "awkward"),
    }
    for measures, names in data_sets.items():
        assert {(measure, name) for measure in measures for name in names} <= seen
    assert sum(np.isfinite(np.array(case["yi"], dtype=float)).sum() for case in CASES) > 1000


@pytest.mark.parametrize("half", [1, 2, 5, 20, 50, 99, 100, 101, 500, 5000, 50_000])
def test_the_bias_correction_is_exact(half):
    """For df = 2 m + 1, J = sqrt(pi) m C(2m, m) / 4^m / sqrt(m + 1/2): integers, so no rounding to blame."""
    with localcontext() as digits:
        digits.prec = 50
        pi = Decimal("3.14159265358979323846264338327950288419716939937510")
        binomial = Decimal(math.comb(2 * half, half)) / Decimal(4**half)
        exact = pi.sqrt() * half * binomial / (Decimal(half) + Decimal("0.5")).sqrt()
    assert_allclose(smd.bias_correction(2 * half + 1), float(exact), rtol=2e-13)


def test_there_is_no_bias_correction_without_two_degrees_of_freedom():
    assert np.isnan(smd.bias_correction([0, 1, np.nan])).all()


positive = st.floats(0.1, 50)
score = st.floats(-100, 100)
size = st.integers(2, 500)
arms = st.tuples(score, positive, size, score, positive, size)


@given(arms, st.sampled_from(["LS", "UB"]))
@settings(deadline=None)
def test_swapping_the_arms_turns_the_sign_and_keeps_the_variance(arms, vtype):
    mean_t, sd_t, n_t, mean_c, sd_c, n_c = arms
    yi, vi = smd.hedges_g(*arms, vtype=vtype)
    back_yi, back_vi = smd.hedges_g(mean_c, sd_c, n_c, mean_t, sd_t, n_t, vtype=vtype)
    assert_allclose(back_yi, -yi, rtol=1e-12, atol=1e-14)
    assert_allclose(back_vi, vi, rtol=1e-9)


@given(arms, st.floats(0.01, 100), st.floats(-50, 50))
@settings(deadline=None)
def test_a_standardised_difference_does_not_know_the_unit_of_the_scale(arms, factor, shift):
    mean_t, sd_t, n_t, mean_c, sd_c, n_c = arms
    yi, vi = smd.hedges_g(*arms)
    moved = (factor * mean_t + shift, factor * sd_t, n_t, factor * mean_c + shift, factor * sd_c, n_c)
    moved_yi, moved_vi = smd.hedges_g(*moved)
    assert_allclose(moved_yi, yi, rtol=1e-6, atol=1e-9)
    assert_allclose(moved_vi, vi, rtol=1e-6)


@given(st.integers(1, 300), st.integers(1, 300), st.data(), st.sampled_from(ratios.ZERO_CELLS))
@settings(deadline=None)
def test_counting_those_without_the_event_turns_an_odds_ratio_round(n_t, n_c, data, rule):
    event_t, event_c = data.draw(st.integers(0, n_t)), data.draw(st.integers(0, n_c))
    yi, vi = ratios.log_odds_ratio(event_t, n_t, event_c, n_c, zero_cells=rule)
    back_yi, back_vi = ratios.log_odds_ratio(n_t - event_t, n_t, n_c - event_c, n_c, zero_cells=rule)
    swapped_yi, swapped_vi = ratios.log_odds_ratio(event_c, n_c, event_t, n_t, zero_cells=rule)
    for other_yi, other_vi in ((back_yi, back_vi), (swapped_yi, swapped_vi)):
        assert_allclose(other_yi, -yi, rtol=1e-10, atol=1e-12)
        assert_allclose(other_vi, vi, rtol=1e-12)


@given(st.lists(arms, min_size=1, max_size=8))
@settings(deadline=None, max_examples=40)
def test_a_batch_of_arms_is_the_loop_over_them(rows):
    columns = np.array(rows, dtype=float).T
    for formula in (smd.hedges_g, means.mean_difference, means.log_ratio_of_means):
        yi, vi = formula(*columns)
        each = np.array([formula(*row) for row in rows])
        assert_allclose(np.column_stack([yi, vi]), each, rtol=1e-14)


@given(score, positive, st.floats(0.5, 0.99), st.one_of(st.just(np.inf), st.floats(2, 200)))
@settings(deadline=None)
def test_the_standard_error_comes_back_from_the_interval_it_made(estimate, se, level, df):
    half = se * student_t.ppf((1 + level) / 2, df)
    assert_allclose(convert.se_from_ci(estimate - half, estimate + half, level, df), se, rtol=1e-7)


def test_a_p_value_gives_the_standard_error_of_its_estimate():
    assert_allclose(convert.se_from_p(0.5, 0.04550026389635839), 0.25, rtol=1e-10)
    assert np.isnan(convert.se_from_p([0.5, 0.0, 0.5, 0.5], [1.0, 0.5, 0.0, np.nan])).all()


def test_a_table_without_events_can_be_left_without_a_value():
    keep = ratios.log_odds_ratio([0, 10, 0], 10, [0, 12, 3], 12)
    drop = ratios.log_odds_ratio([0, 10, 0], 10, [0, 12, 3], 12, double_zero="drop")
    assert np.isfinite(keep[0]).all()
    assert np.isnan(drop[0]).tolist() == [True, True, False]


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(RequestError) as caught:
        ratios.log_odds_ratio(1, 5, 2, 5, zero_cells="never")
    assert str(caught.value) == (
        "zero_cells = 'never' is not known. Choose one of: 'only-zero', 'all', 'none'."
    )
    with pytest.raises(RequestError, match="vtype = 'XX' is not known"):
        smd.hedges_g(1, 1, 5, 2, 1, 5, vtype="XX")
