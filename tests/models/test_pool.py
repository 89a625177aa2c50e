"""The engine against metafor, and what must hold whatever the data."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from pdt_evidence.analysis.pooled.pooling import pool, pool_many
from pdt_evidence.models.estimators import METHODS
from pdt_evidence.models.inference import TESTS
from pdt_evidence.models.pool import Options, fit
from reference import load
from thorough import cases

REFERENCE = load("pool", cases=19)
LEDGER = load("known_differences", cases=0, of="differences")["differences"]
CASES = {case["id"]: case for case in REFERENCE["cases"]}
RTOL = 1e-8  # both sides converge to the last digits of a double; some values are ill-conditioned
GRID = [(name, method) for name in CASES for method in METHODS]
ENGINE = settings(max_examples=40, deadline=None, derandomize=True)


def agree(got, expected, what, case, method):
    if any(
        known["case"] == case and known["method"] == method and known["value"] in what for known in LEDGER
    ):
        return
    assert_allclose(got, expected, rtol=RTOL, atol=1e-300, err_msg=f"{case} {method} {what}")


def test_the_reference_covers_every_kind_of_data_and_every_method():
    """A reference that lost its rows would pass any comparison."""
    assert REFERENCE["source"] == "metafor"
    assert len(CASES) >= 12
    sizes = [len(case["yi"]) for case in CASES.values()]
    assert min(sizes) <= 5
    assert max(sizes) >= 160
    for case in CASES.values():
        assert set(case["methods"]) == set(METHODS)
        for values in case["methods"].values():
            assert set(values["tests"]) == {"z", "t", "knha", "adhoc"}
    reml = [case["methods"]["REML"] for case in CASES.values()]
    assert any(values["tau2"] == 0 for values in reml)
    assert any(values["I2"] > 95 for values in reml)


@pytest.mark.parametrize(("name", "method"), GRID)
def test_pool_agrees_with_metafor(name, method):
    """Estimate, tau2, I2, H2, Q and likelihood; standard error, interval and prediction by every test."""
    case, expected = CASES[name], CASES[name]["methods"][method]
    for test, inference in expected["tests"].items():
        got = pool(case["yi"], case["vi"], method=method, test=test, pi_rule="metafor")
        for value in ("estimate", "tau2", "I2", "H2", "Q", "Q_p", "log_likelihood"):
            agree(getattr(got, value), expected[value], value, name, method)
        if expected["tau2_se"] is not None:
            agree(got.tau2_se, expected["tau2_se"], "tau2_se", name, method)
        for value in ("se", "ci", "pi", "statistic", "p"):
            if inference[value] is not None and inference["se"] > 0:
                agree(getattr(got, value), inference[value], f"{test} {value}", name, method)


@pytest.mark.parametrize("name", CASES)
def test_weights_agree_with_metafor(name):
    got = pool(CASES[name]["yi"], CASES[name]["vi"], test="z").weights
    assert_allclose(got, CASES[name]["methods"]["REML"]["weights"], rtol=RTOL)
    assert_allclose(got.sum(), 100)


def random_sets(rng, size=60, most=9):
    """Meta-analyses of 0 to `most` studies, NaN where absent, of unlike scales."""
    v = np.exp(rng.normal(0, rng.choice([0.3, 1.5], (size, 1)), (size, most)))
    y = rng.normal(0.3, np.sqrt(v + rng.choice([0, 0.5, 5], (size, 1))))
    absent = rng.random((size, most)) < rng.choice([0, 0.4, 0.9], (size, 1))
    y[absent] = np.nan
    v[np.roll(absent, 1, axis=0) & absent] = np.nan
    return y, v


@pytest.mark.random
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("test", TESTS)
def test_a_batch_equals_a_loop(method, test):
    """To rounding: sums of one set and of many run in different order."""
    y, v = random_sets(np.random.default_rng(5), cases(20, 60))
    many = pool_many(y, v, method=method, test=test, tau2_ci_method="q-profile")
    names = (
        "estimate",
        "se",
        "df",
        "statistic",
        "p",
        "log_p",
        "ci",
        "pi",
        "tau2",
        "tau2_se",
        "tau2_ci",
        "I2",
        "I2_ci",
        "H2",
        "H2_ci",
        "I2_Q",
        "H2_Q",
        "Q",
        "Q_df",
        "Q_p",
        "log_likelihood",
    )
    for i in range(len(y)):
        here = np.isfinite(y[i]) & np.isfinite(v[i])
        if not here.any():
            assert many.k[i] == 0
            assert np.isnan(many.estimate[i])
            assert np.isnan(many.ci[i]).all()
            continue
        one = pool(y[i, here], v[i, here], method=method, test=test)
        assert many.k[i] == one.k
        for name in names:
            assert_allclose(getattr(many, name)[i], getattr(one, name), rtol=1e-9, atol=1e-12, err_msg=name)
        assert_allclose(many.weights[i, here], one.weights, rtol=1e-9)
        assert_array_equal(many.weights[i, ~here], 0)


def test_slices_leading_axes_and_executors_change_nothing(monkeypatch):
    y, v = random_sets(np.random.default_rng(6), size=120)
    whole = fit(y, v, Options())
    monkeypatch.setattr("pdt_evidence.models.pool.SLICE_VALUES", 50)
    shape = (4, 5, 6, y.shape[-1])
    with ThreadPoolExecutor(2) as executor:
        side_by_side = pool_many(
            y.reshape(shape), v.reshape(shape), tau2_ci_method="q-profile", executor=executor
        )
    for pieces in (fit(y.reshape(shape), v.reshape(shape), Options()), side_by_side):
        assert pieces.estimate.shape == (4, 5, 6)
        assert pieces.tau2_ci.shape == (4, 5, 6, 2)
        for name in ("k", "estimate", "se", "ci", "pi", "tau2", "tau2_ci", "I2", "Q"):
            a, b = getattr(whole, name), getattr(pieces, name)
            assert_allclose(b.reshape(a.shape), a, rtol=1e-9, atol=1e-12, err_msg=name)


@st.composite
def meta_analyses(draw, least=2):
    k = draw(st.integers(least, 10))
    scale = draw(st.sampled_from([1e-6, 1.0, 1e6]))
    y = draw(st.lists(st.floats(-5, 5, allow_subnormal=False), min_size=k, max_size=k))
    log_v = draw(st.lists(st.floats(-4, 3), min_size=k, max_size=k))
    return scale * np.round(y, 6), scale**2 * np.exp(log_v)


OPTIONS = st.fixed_dictionaries({"method": st.sampled_from(list(METHODS)), "test": st.sampled_from(TESTS)})
CLOSE = {"rtol": 1e-7, "atol": 1e-10}


def scaled(fit_, unit=1.0, sign=1.0):
    """Everything a fit says, in units of `unit`; an interval turns round with the sign."""
    turn = 1 if sign > 0 else -1
    return np.array(
        [
            sign * fit_.estimate / unit,
            fit_.se / unit,
            fit_.tau2 / unit**2,
            fit_.I2,
            fit_.Q,
            *(sign * np.array(fit_.ci)[::turn] / unit),
            *(sign * np.array(fit_.pi)[::turn] / unit),
            *(np.array(fit_.tau2_ci) / unit**2),
        ]
    )


@ENGINE
@given(meta_analyses(), OPTIONS, st.randoms(use_true_random=False))
def test_the_order_of_studies_changes_nothing(data, options, random):
    y, v = data
    order = list(range(len(y)))
    random.shuffle(order)
    unit = np.sqrt(v.max())
    assert_allclose(
        scaled(pool(y[order], v[order], **options), unit), scaled(pool(y, v, **options), unit), **CLOSE
    )


@ENGINE
@given(meta_analyses(), OPTIONS)
def test_turning_every_sign_turns_the_result(data, options):
    y, v = data
    unit = np.sqrt(v.max())
    assert_allclose(
        scaled(pool(-y, v, **options), unit, sign=-1), scaled(pool(y, v, **options), unit), **CLOSE
    )


@ENGINE
@given(meta_analyses(), OPTIONS, st.sampled_from([1e-5, 0.5, 3.0, 1e4]))
def test_units_carry_through(data, options, c):
    y, v = data
    unit = np.sqrt(v.max())
    assert_allclose(
        scaled(pool(c * y, c * c * v, **options), c * unit), scaled(pool(y, v, **options), unit), **CLOSE
    )


@ENGINE
@given(meta_analyses(), OPTIONS)
def test_a_study_of_infinite_variance_changes_nothing(data, options):
    y, v = data
    alone = pool_many(y, v, **options)
    joined = pool_many(np.append(y, 3.0), np.append(v, np.inf), **options)
    assert joined.k == alone.k
    for name in ("estimate", "se", "ci", "pi", "tau2", "I2", "Q"):
        assert_allclose(getattr(joined, name), getattr(alone, name), rtol=1e-9, err_msg=name)


@ENGINE
@given(meta_analyses(), OPTIONS, st.sampled_from(["HTS-t(k-2)", "HTS-t(k-1)", "metafor"]))
def test_intervals_nest(data, options, rule):
    """tau2 is not negative, the CI holds the estimate and the PI the CI.

    The latter holds for these rules, whose quantile is at least the test's and whose spread
    at least the standard error; the bootstrap rule builds on another estimate.
    """
    fit_ = pool(*data, pi_rule=rule, **options)
    assert fit_.tau2 >= 0
    if np.isnan(fit_.se):  # the Knapp-Hartung error of identical effects, which would be 0
        assert np.ptp(data[0]) == 0
        assert any("identical" in note for note in fit_.notes)
        return
    assert fit_.ci[0] <= fit_.estimate <= fit_.ci[1]
    if not np.isnan(fit_.pi[0]):
        slack = 1e-12 * max(map(abs, fit_.pi))
        assert fit_.pi[0] <= fit_.ci[0] + slack
        assert fit_.pi[1] >= fit_.ci[1] - slack
    if not np.isnan(fit_.tau2_ci[0]):
        assert 0 <= fit_.tau2_ci[0] <= fit_.tau2_ci[1]


@pytest.mark.parametrize("method", METHODS)
def test_one_study_keeps_its_own_interval(method):
    fit_ = pool([0.4], [0.04], method=method)
    assert fit_.estimate == pytest.approx(0.4)
    assert fit_.se == pytest.approx(0.2)
    assert fit_.ci == pytest.approx((0.4 - 1.959963984540054 * 0.2, 0.4 + 1.959963984540054 * 0.2))
    unknown = (fit_.df, fit_.tau2, fit_.I2, fit_.H2, fit_.Q_p, *fit_.pi, *fit_.tau2_ci)
    assert np.isnan(unknown).all()
    assert (fit_.Q, fit_.Q_df) == (0, 0)
    assert "One study" in fit_.notes[0]


def test_two_studies_have_no_prediction_interval_on_k_minus_2():
    fit_ = pool([0.1, 0.9], [0.04, 0.05])
    assert np.isnan(fit_.pi).all()
    assert any("With two studies no prediction interval" in note for note in fit_.notes)
    assert np.isfinite(pool([0.1, 0.9], [0.04, 0.05], pi_rule="HTS-t(k-1)").pi).all()


@pytest.mark.parametrize("method", METHODS)
def test_identical_effects_have_no_heterogeneity(method):
    fit_ = pool([0.3] * 6, [0.1, 0.2, 0.3, 0.1, 0.5, 0.9], method=method, test="z")
    assert fit_.estimate == pytest.approx(0.3)
    assert (fit_.tau2, fit_.Q) == (0, 0)
    assert fit_.Q_p == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("unit", [1e-45, 1e-12, 1e12, 1e60])
def test_extreme_scales_lose_no_digits(method, unit):
    y, v = np.array([0.1, 0.9, -0.4, 0.5, 1.6]), np.array([0.04, 0.05, 0.1, 0.2, 0.02])
    assert_allclose(
        scaled(pool(y * unit, v * unit**2, method=method), unit), scaled(pool(y, v, method=method))
    )


@pytest.mark.parametrize("method", METHODS)
def test_variances_24_decades_apart_leave_the_other_studies_theirs(method):
    """The study of variance 1e12 counts for nothing, that of 1e-12 settles the equal-effects mean."""
    y, v = np.array([0.0, 1.0, 5e5, 2.0]), np.array([1e-12, 1.0, 1e12, 1.0])
    got = pool(y, v, method=method, test="z")
    assert np.isfinite([got.estimate, got.se, got.tau2, *got.ci]).all()
    assert pytest.approx(1 + 0.25 + 4, rel=1e-9) == got.Q
    if method == "EE":
        assert got.se == pytest.approx(1e-6)
