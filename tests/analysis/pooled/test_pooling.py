"""The entry points: what they accept, what they refuse, and that no option is decoration."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.pooled.pooling import henmi_copas, pool, pool_many
from pdt_evidence.errors import EvidenceError, RequestError

YI = [0.12, 0.55, -0.20, 0.81, 0.43, 1.10]
VI = [0.04, 0.05, 0.09, 0.02, 0.10, 0.06]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("method", "DL REML PM ML HE HS SJ DL2"),  # EB is PM by another iteration
        ("test", "z t knha"),
        ("pi_rule", "HTS-t(k-2) HTS-t(k-1) bootstrap"),  # "metafor" is k-1 under knha; see below
        ("tau2_ci_method", "q-profile profile-likelihood generalised-q wald"),
    ],
)
def test_every_word_of_an_option_changes_the_result(option, words):
    def numbers(word):
        seed = {"seed": 1} if word == "bootstrap" else {}
        fit = pool(YI, VI, **{option: word}, **seed)
        return tuple(round(x, 9) for x in (fit.tau2, *fit.ci, *fit.pi, *fit.tau2_ci, fit.tau2_se))

    found = [numbers(word) for word in words.split()]
    assert len(set(found)) == len(found)


def test_metafors_prediction_rule_follows_the_test():
    for test, rule in (("knha", "HTS-t(k-1)"), ("t", "HTS-t(k-1)")):
        assert pool(YI, VI, test=test, pi_rule="metafor").pi == pool(YI, VI, test=test, pi_rule=rule).pi
    normal, t = (pool(YI, VI, test="z", pi_rule=rule).pi for rule in ("metafor", "HTS-t(k-1)"))
    assert normal[1] < t[1]


def test_equal_effects_and_eb_are_methods_of_their_own():
    assert pool(YI, VI, method="EE").tau2 == 0 < pool(YI, VI, method="DL").tau2
    assert np.isnan(pool(YI, VI, method="EE").pi).all()
    assert pool(YI, VI, method="EB").tau2 == pytest.approx(pool(YI, VI, method="PM").tau2)


def test_the_ad_hoc_tests_never_give_less_than_wald():
    """Where the effects agree closely Knapp-Hartung is narrower than Wald, the modified tests are not."""
    y, v = [0.30, 0.31, 0.29, 0.305], [0.04, 0.05, 0.03, 0.06]
    width = {test: np.diff(pool(y, v, test=test).ci)[0] for test in ("z", "t", "knha", "adhoc", "adhoc-ci")}
    assert width["knha"] < width["z"]
    assert width["adhoc"] == pytest.approx(width["t"])
    assert width["adhoc-ci"] == pytest.approx(width["z"])
    assert pool(YI, VI, test="adhoc-ci").ci == pytest.approx(pool(YI, VI, test="knha").ci)


def test_level_seed_draws_and_weights_are_honoured():
    assert np.diff(pool(YI, VI, level=0.8).ci) < np.diff(pool(YI, VI, level=0.9).ci)
    boot = [
        pool(YI, VI, pi_rule="bootstrap", seed=s, bootstrap_draws=n).pi
        for s, n in ((1, 500), (1, 500), (2, 500), (1, 600))
    ]
    assert boot[0] == boot[1]
    assert len(set(boot)) == 3
    plain = pool(YI, VI, tau2_ci_method="generalised-q").tau2_ci
    assert pool(YI, VI, tau2_ci_method="generalised-q", tau2_ci_weights=[1] * 6).tau2_ci != plain


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (
            {"method": "MP"},
            "method = 'MP' is not known. Did you mean 'PM'? Choose one of: 'EE', 'DL', 'REML', 'PM', 'ML', 'EB', ",
        ),
        (
            {"test": "Z"},
            "test = 'Z' is not known. Did you mean 'z'? Choose one of: 'z', 't', 'knha', 'adhoc', 'adhoc-ci'.",
        ),
        ({"pi_rule": "HTS"}, "pi_rule = 'HTS' is not known. Choose one of: 'HTS-t(k-2)', "),
        (
            {"tau2_ci_method": "QP"},
            "tau2_ci_method = 'QP' is not known. Did you mean 'q-profile'? Choose one of: 'q-profile', ",
        ),
        (
            {"levle": 0.9},
            "has no option 'levle'. Did you mean 'level'? It has: yi, vi, method, test, level, ",
        ),
        ({"level": 95}, "level = 95 must be a number between 0 and 1, such as 0.95."),
        ({"level": 1}, "level = 1 must be a number between 0 and 1, such as 0.95."),
        ({"seed": -1}, "seed = -1 must be a whole number of at least 0, or None."),
        ({"bootstrap_draws": 3}, "bootstrap_draws = 3 must be a whole number of at least 100."),
        (
            {"method": "DL", "tau2_ci_method": "profile-likelihood"},
            "needs method 'REML' or 'ML'; method is 'DL'.",
        ),
        ({"tau2_ci_weights": [1] * 6}, "tau2_ci_weights belongs to tau2_ci_method = 'generalised-q' alone."),
    ],
)
def test_an_option_that_cannot_be_honoured_is_refused(option, sentence):
    for entry_point, y, v in ((pool, YI, VI), (pool_many, [YI], [VI])):
        with pytest.raises(RequestError) as error:
            entry_point(y, v, **option)
        assert sentence in str(error.value)


def test_all_bad_studies_are_listed_at_once():
    with pytest.raises(EvidenceError) as error:
        pool(
            [0.1, np.nan, "high", np.inf, 0.2, None],
            [0.1, 0.2, 0.3, 0.0, -0.5, "x"],
            labels=["A", "B", "C", "D", "E", "F"],
        )
    assert error.value.problems == (
        "study 2 (B): yi is missing (NaN). Leave the study out or give its effect.",
        "study 3 (C): yi = 'high' is not a number.",
        "study 4 (D): yi = inf is not finite.",
        "study 4 (D): vi = 0, but a sampling variance is above 0.",
        "study 5 (E): vi = -0.5, but a sampling variance is above 0.",
        "study 6 (F): yi is missing (NaN). Leave the study out or give its effect.",
        "study 6 (F): vi = 'x' is not a number.",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([], []), "There is no study to pool: yi and vi are empty."),
        (([0.1], [0.1, 0.2]), "yi has 1 value and vi has 2; each study needs one of each."),
        (
            ([[0.1]], [[0.1]]),
            "pool() takes yi and vi of shape (k,), got (1, 1) and (1, 1); pool_many() takes more.",
        ),
        ((["0.1", "0.2"], [0.1, 0.2]), "study 1: yi = '0.1' is not a number."),
        (([0.1, 0.2], [0.1, np.inf]), "study 2: vi = inf is not finite."),
    ],
)
def test_faulty_input_is_refused(arguments, sentence):
    with pytest.raises(EvidenceError) as error:
        pool(*arguments)
    assert sentence in str(error.value)


def test_labels_columns_and_rows_must_match_the_studies():
    with pytest.raises(EvidenceError, match="labels has 1 name for 6 studies"):
        pool(YI, VI, labels=["A"])
    with pytest.raises(EvidenceError) as error:
        pool(YI, VI, columns={"n_t": [1, 2]}, row_ids=["T0001"])
    assert len(error.value.problems) == 2


def test_what_comes_with_the_studies_is_kept():
    fit = pool(
        pd.Series(YI, index=list("abcdef")),
        VI,
        labels=["A", "A", "C", "D", "E", "F"],
        stratum={"outcome": "pain"},
        measure="SMD",
        row_ids=[f"T{i}" for i in range(6)],
        columns={"n_t": range(6)},
    )
    assert fit.labels == ("A", "A", "C", "D", "E", "F")
    assert (fit.stratum, fit.measure, fit.row_ids[5]) == ({"outcome": "pain"}, "SMD", "T5")
    assert fit.columns == {"n_t": (0, 1, 2, 3, 4, 5)}
    assert pool(YI, VI).labels == ("1", "2", "3", "4", "5", "6")
    with pytest.raises(ValueError, match="read-only"):
        fit.yi[0] = 9


def test_input_is_left_alone():
    y, v = np.array([YI, YI]), np.array([VI, VI])
    y[0, 0] = np.nan
    before = y.copy(), v.copy()
    pool_many(y, v, tau2_ci_method="q-profile")
    np.testing.assert_array_equal(y, before[0])
    np.testing.assert_array_equal(v, before[1])


def test_pool_many_lists_bad_positions():
    y, v = np.zeros((2, 3)), np.ones((2, 3))
    y[1, 2], v[0, 1], v[1, 0] = np.inf, -1, 0
    with pytest.raises(EvidenceError) as error:
        pool_many(y, v)
    assert error.value.problems == (
        "yi[1, 2] = inf is not finite.",
        "vi[0, 1] = -1 is not above 0.",
        "vi[1, 0] = 0 is not above 0.",
    )
    with pytest.raises(EvidenceError, match=r"yi has shape \(2, 3\) and vi \(2, 2\)"):
        pool_many(np.zeros((2, 3)), np.ones((2, 2)))
    with pytest.raises(EvidenceError, match="at least one study"):
        pool_many(np.zeros((2, 0)), np.ones((2, 0)))


def test_pool_many_gives_tau2_intervals_only_when_asked():
    assert np.isnan(pool_many([YI], [VI]).tau2_ci).all()
    requested = pool_many([YI], [VI], tau2_ci_method="q-profile")
    assert_allclose(requested.tau2_ci[0], pool(YI, VI).tau2_ci)


def test_an_empty_batch_gives_empty_arrays():
    many = pool_many(np.empty((0, 4)), np.empty((0, 4)))
    assert many.estimate.shape == (0,)
    assert many.ci.shape == (0, 2)


def test_henmi_copas_keeps_the_equal_effects_estimate_and_covers_more():
    got = henmi_copas(YI, VI)
    plain = pool(YI, VI, method="EE", test="z")
    assert got.estimate == pytest.approx(plain.estimate)
    assert got.ci[0] < plain.ci[0] < plain.ci[1] < got.ci[1]
    assert got.tau2 == pytest.approx(pool(YI, VI, method="DL").tau2)
    assert np.isnan(henmi_copas([0.1], [0.1]).ci).all()
    with pytest.raises(EvidenceError):
        henmi_copas([0.1, np.nan], [0.1, 0.1])
    with pytest.raises(RequestError):
        henmi_copas(YI, VI, level=2)


def test_pooling_arrays_loads_neither_pandas_nor_scipy_stats():
    code = (
        "import sys, pdt_evidence as pdt; pdt.pool([0.1, 0.4, 0.2], [0.1, 0.2, 0.1]).summary();"
        "print(sorted({'pandas', 'scipy.stats', 'matplotlib', 'statsmodels'} & set(sys.modules)))"
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "[]"


def test_a_prior_gives_the_posterior():
    from pdt_evidence.analysis.pooled.bayes import HalfNormal, pool_bayes

    yi, vi = [0.1, 0.4, 0.3], [0.04, 0.05, 0.03]
    through_pool = pool(yi, vi, prior=HalfNormal(0.5), level=0.9)
    direct = pool_bayes(yi, vi, HalfNormal(0.5), level=0.9)
    assert (through_pool.estimate, through_pool.ci) == (direct.estimate, direct.ci)
    assert through_pool.estimate != pool(yi, vi).estimate


@pytest.mark.parametrize(
    "option", [{"method": "DL"}, {"test": "z"}, {"seed": 1}, {"tau2_ci_weights": [1, 1]}]
)
def test_options_without_meaning_beside_a_prior_are_refused(option):
    from pdt_evidence.analysis.pooled.bayes import HalfNormal

    with pytest.raises(RequestError, match=f"{next(iter(option))} cannot be chosen together with a prior"):
        pool([0.1, 0.4], [0.04, 0.05], prior=HalfNormal(0.5), **option)


@pytest.mark.parametrize("option", [{"seed": 3}, {"bootstrap_draws": 300}])
def test_options_of_the_bootstrap_are_refused_without_it(option):
    with pytest.raises(RequestError, match="belong to pi_rule = 'bootstrap' alone"):
        pool(YI, VI, **option)


def test_the_bootstrap_interval_says_that_it_has_rules_of_its_own():
    fit = pool(YI, VI, method="REML", test="z", pi_rule="bootstrap", seed=1, bootstrap_draws=500)
    assert any("rules of its own" in note for note in fit.notes)


def test_variances_too_small_to_compute_with_are_refused():
    with pytest.raises(EvidenceError, match=r"vi = 1e-300 is below 1e-100, too small to compute with"):
        pool([1.0, 2, 3], [1e-300, 1e-299, 0.1])
    with pytest.raises(EvidenceError, match=r"vi\[0, 0\] = 1e-300 is below 1e-100"):
        pool_many([[1.0, 2, 3]], [[1e-300, 1e-99, 0.1]])


@pytest.mark.parametrize(
    "door", ["gosh", "cumulative", "influence", "leave_one_out", "pool_multilevel", "equivalence"]
)
def test_every_entry_point_names_its_options_where_one_is_unknown(door):
    import pdt_evidence as pdt

    with pytest.raises(TypeError, match=r"no option 'bogus'\..* It has: \w+, "):
        getattr(pdt, door)([0.1, 0.2, 0.3], [0.1, 0.1, 0.2], bogus=1)
