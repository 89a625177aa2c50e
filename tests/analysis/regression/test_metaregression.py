"""`metareg` and `compare_subgroups` against metafor, and what they refuse."""

import json
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.regression import formulas, metaregression
from pdt_evidence.analysis.regression.metaregression import metareg
from pdt_evidence.analysis.regression.subgroups import compare_subgroups
from pdt_evidence.errors import EvidenceError, EvidenceWarning, RequestError, SchemaError
from reference import load

REFERENCE = load("regression", cases=470)
CASES = REFERENCE["cases"]
TABLES = {name: pd.DataFrame(columns).dropna() for name, columns in REFERENCE["data"].items()}
NUMBERS = ("tau2", "tau2_se", "H2", "R2", "QE", "QE_p", "QM", "QM_p", "log_likelihood")
BY_R = [case for case in CASES if "optimised" not in case]


def case_id(case):
    return case["id"]


@cache
def design_of(data, formula):
    """The arrays of a formula and a table, which no fit may change."""
    y, v, X, spec, left_out = formulas.read_design(formula, TABLES[data], "vi")
    for array in (y, v, X):
        array.setflags(write=False)
    return y, v, X, spec, left_out


@cache
def fit_of(data, formula, method, test):
    """Reading a formula takes longer than a fit: each is read once for all methods and tests."""
    formula = "yi " + formula.replace("factor(", "C(")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metaregression, "read_design", lambda *_: design_of(data, formula))
        return metareg(formula, TABLES[data], method=method, test=test)


def fitted(case):
    return fit_of(case["data"], case["formula"], case["method"], case["test"])


def known(case, name):
    """A reference value, None where the reference has none (R's NULL is written {})."""
    value = case.get(name)
    return None if value is None or value == {} else value


def test_the_grid_of_references_is_whole():
    assert len({case["data"] for case in BY_R}) >= 6
    assert {case["method"] for case in BY_R} == {
        "EE",
        "DL",
        "REML",
        "PM",
        "ML",
        "EB",
        "HE",
        "HS",
        "SJ",
        "DL2",
    }
    assert {case["test"] for case in BY_R} == {"z", "t", "knha", "adhoc"}


@pytest.mark.parametrize("case", BY_R, ids=case_id)
def test_metareg_agrees_with_the_reference(case):
    """The absolute tolerance is for values that are 0 but for rounding."""
    fit = fitted(case)
    for name in ("estimate", "se", "statistic", "p", "ci_low", "ci_high"):
        assert_allclose(fit.coefficients[name], case[name], rtol=1e-8, atol=1e-11, err_msg=name)
    for name in NUMBERS:
        if known(case, name) is not None:
            assert_allclose(getattr(fit, name), case[name], rtol=1e-8, atol=1e-10, err_msg=name)
    assert_allclose(fit.I2, case["I2"], rtol=1e-8, atol=1e-8)
    if known(case, "tau2_ci"):
        assert_allclose(fit.tau2_ci, case["tau2_ci"], rtol=1e-8, atol=1e-10)
    if known(case, "vif"):
        assert_allclose(fit.vif["vif"], case["vif"], rtol=1e-8)


@pytest.mark.parametrize("case", BY_R, ids=case_id)
def test_predictions_agree_with_the_reference(case):
    predicted = fitted(case).predict()
    for name, values in case["predict"].items():
        if values != {}:
            values = np.atleast_1d(values)
            assert_allclose(predicted[name][: len(values)], values, rtol=1e-7, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("case", [case for case in CASES if "optimised" in case], ids=case_id)
def test_a_model_without_intercept_agrees_with_the_reference(case):
    """From rma.mv, which finds tau2 by values of the likelihood only; see the script for why not rma.uni."""
    fit = fitted(case)
    assert_allclose(fit.tau2, case["tau2"], rtol=1e-6)
    assert_allclose(fit.coefficients["estimate"], case["estimate"], rtol=1e-8)
    assert_allclose((fit.QE, fit.log_likelihood), (case["QE"], case["log_likelihood"]), rtol=1e-9)
    assert np.isnan(fit.R2)


@pytest.mark.parametrize(
    "case", REFERENCE["permutation"], ids=lambda case: f"{case['formula']} {case['test']}"
)
def test_exact_permutation_tests_agree_with_the_reference(case):
    table = TABLES["bcg"].iloc[np.array(case["rows"]) - 1]
    test = metareg("yi " + case["formula"], table, method=case["method"], test=case["test"]).permutation_test(
        1000
    )
    assert (test.exact, test.n) == (True, case["n"])
    assert_allclose(test.coefficients["p"], case["p"], rtol=1e-9)
    assert_allclose(test.QM_p, case["QM_p"], rtol=1e-9)


def test_a_drawn_permutation_test_comes_near_the_exact_one():
    table = TABLES["bcg"].iloc[[0, 2, 4, 6, 8, 11, 12]]
    fit = metareg("yi ~ ablat", table, method="DL")
    exact, drawn = fit.permutation_test(5040), fit.permutation_test(2000, seed=5)
    assert exact.exact
    assert not drawn.exact
    assert_allclose(drawn.coefficients["p"], exact.coefficients["p"], atol=0.04)
    assert drawn.QM_p == fit.permutation_test(2000, seed=5).QM_p


@pytest.mark.parametrize(("tau2", "statistic"), [("common", "Q_common"), ("separate", "Q_separate")])
def test_subgroups_agree_with_the_reference(tau2, statistic):
    known = REFERENCE["subgroups"]
    found = compare_subgroups(TABLES["bcg"], "alloc", tau2=tau2, test="z")
    assert_allclose(found.statistic, known[statistic], rtol=1e-8)
    assert_allclose(found.p, known[statistic.replace("Q", "p")], rtol=1e-8)
    assert found.groups.index.tolist() == known["groups"]
    if tau2 == "separate":
        for name in ("estimate", "se", "tau2"):
            assert_allclose(found.groups[name], known[name], rtol=1e-8)
    else:
        assert_allclose(found.groups["tau2"], known["tau2_common"], rtol=1e-8)
    assert "Between groups: Q(df = 2)" in found.summary()


def test_a_group_of_one_study_is_that_study():
    table = TABLES["bcg"].assign(alloc=["x"] + ["y"] * 12)
    found = compare_subgroups(table, "alloc", tau2="separate")
    alone = found.groups.loc["x"]
    assert (alone.k, alone.estimate) == (1, table["yi"].iloc[0])
    assert alone.se == pytest.approx(table["vi"].iloc[0] ** 0.5)
    assert "A single study in x" in found.notes[0]


def table(k=20):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "yi": rng.normal(size=k),
            "vi": 0.1,
            "year": np.arange(k) + 2000.0,
            "rating": list("abcd") * (k // 4),
            "row_id": [f"T{i:04}" for i in range(k)],
        }
    )


def test_predictions_for_new_rows_are_those_of_the_formula():
    fit = metareg("yi ~ year + C(rating)", table())
    new = pd.DataFrame({"year": [2001.0, 2010], "rating": ["a", "c"]}, index=["p", "q"])
    predicted = fit.predict(new)
    beta = fit.coefficients["estimate"]
    assert predicted.index.tolist() == ["p", "q"]
    assert predicted["estimate"].tolist() == pytest.approx(
        [
            beta["Intercept"] + 2001 * beta["year"],
            beta["Intercept"] + 2010 * beta["year"] + beta["C(rating)[T.c]"],
        ]
    )
    assert (predicted["pi_low"] <= predicted["ci_low"]).all()


def test_rows_without_a_moderator_are_listed_and_counted():
    some = table()
    some.loc[3, "year"] = np.nan
    some.loc[7, ["rating", "vi"]] = [None, np.nan]
    with pytest.warns(EvidenceWarning, match="2 of 20 rows left out of the meta-regression"):
        fit = metareg("yi ~ center(year) + rating", some)
    assert fit.k == 18
    assert fit.left_out.to_dict("records") == [
        {"row": 3, "row_id": "T0003", "reason": "no year"},
        {"row": 7, "row_id": "T0007", "reason": "no rating, vi"},
    ]
    assert "2 rows were left out" in fit.notes[0]


def test_a_level_that_no_row_has_makes_no_column():
    some = table().assign(rating=lambda t: pd.Categorical(t["rating"], categories=list("abcdz")))
    assert len(metareg("yi ~ rating", some).coefficients) == 4


def test_too_many_moderators_are_refused_with_the_number_that_is_needed():
    with pytest.raises(
        EvidenceError, match=r"8 studies cannot carry 8 coefficients .*at least 10 are needed"
    ):
        metareg("yi ~ year * rating", table(8))


def test_columns_that_others_determine_are_refused_by_name():
    some = table().assign(age=lambda t: 2025 - t["year"])
    with pytest.raises(EvidenceError, match="the column 'age' is determined by those before it"):
        metareg("yi ~ year + age", some)


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        (
            "yi ~ yeer + rating",
            SchemaError,
            "The table has no column 'yeer'. Did you mean 'year'\\? It has: yi, vi, year, rating",
        ),
        ("yi ~ year +", RequestError, "The formula 'yi ~ year \\+' cannot be read"),
        ("yi ~ nothing(year)", SchemaError, "The table has no column 'nothing'"),
        ("yi ~ center(rating)", RequestError, "cannot be applied"),
        ("rating ~ year", EvidenceError, "row T0000: rating = 'a', but an effect is a finite number"),
    ],
)
def test_formulas_that_do_not_fit_the_table_are_refused(formula, error, message):
    with pytest.raises(error, match=message):
        metareg(formula, table())


def test_unknown_options_are_refused_with_a_list():
    with pytest.raises(
        RequestError, match=r"method = 'FE' is not known. Did you mean 'EE'\? Choose one of: 'EE', 'DL'"
    ):
        metareg("yi ~ year", table(), method="FE")
    with pytest.raises(
        RequestError, match=r"tau2 = 'both' is not known. Choose one of: 'common', 'separate'"
    ):
        compare_subgroups(table(), "rating", tau2="both")


@pytest.mark.parametrize(
    "option", [{"method": "DL"}, {"method": "HE"}, {"test": "t"}, {"test": "z"}, {"level": 0.9}]
)
def test_every_option_changes_the_result(option):
    base = TABLES["bcg"]
    before, after = metareg("yi ~ ablat", base), metareg("yi ~ ablat", base, **option)
    assert before.coefficients["ci_low"].iloc[1] != after.coefficients["ci_low"].iloc[1]


def test_bad_variances_come_in_one_error():
    some = table()
    some.loc[[2, 5], "vi"] = [-1.0, 0.0]
    with pytest.raises(EvidenceError) as caught:
        metareg("yi ~ year", some)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ({"year": [2000.0], "rating": ["zz"]}, "It has seen rating: a, b, c, d"),
        ({"year": [2000.0]}, "`rating` is not present"),
        ({"year": [np.nan], "rating": ["a"]}, "null values"),
    ],
)
def test_new_rows_that_do_not_fit_are_refused(new, message):
    fit = metareg("yi ~ year + rating", table())
    with pytest.raises(RequestError, match=message):
        fit.predict(pd.DataFrame(new))


def test_the_record_prints_and_turns_into_plain_values():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = metareg("yi ~ ablat + alloc", TABLES["bcg"])
    assert "Moderators: F(df = 3, 9)" in fit.summary()
    assert fit.to_frame()["term"].tolist() == ["Intercept", "ablat", "alloc[T.random]", "alloc[T.systematic]"]
    assert fit.vif.loc["alloc", "df"] == 2
    json.dumps(fit.to_dict(), allow_nan=False)


def test_the_mean_alone_is_the_pooled_mean():
    from pdt_evidence.analysis.pooled.pooling import pool

    base = TABLES["bcg"]
    fit, pooled = metareg("yi ~ 1", base), pool(base["yi"], base["vi"])
    assert fit.tau2 == pytest.approx(pooled.tau2, rel=1e-9)
    row = fit.coefficients.loc["Intercept"]
    assert (row.estimate, row.se, row.ci_low) == pytest.approx(
        (pooled.estimate, pooled.se, pooled.ci[0]), rel=1e-9
    )


def test_a_blank_is_no_group():
    table = pd.DataFrame(
        {"yi": [0.1, 0.3, 0.2, 0.6, 0.9], "vi": 0.05, "rob": ["low", "low", "high", "high", ""]}
    )
    with pytest.warns(EvidenceWarning, match="1 of 5 rows left out"):
        found = compare_subgroups(table, "rob")
    assert found.groups.index.tolist() == ["high", "low"]
    assert found.notes == ("1 row was left out, since a value is missing (see left_out).",)


@pytest.mark.parametrize("cluster", [None, "trial_id"])
def test_counts_beside_scores_are_warned_about_and_the_rows_of_a_pool_are_not(cluster):
    rows = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    rows = rows[rows["yi"].notna()]
    for regress in (
        lambda table: pdt.metareg("yi ~ year", table, cluster=cluster),
        lambda table: pdt.compare_subgroups(table, "arm_c", cluster=cluster),
    ):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            regress(rows)
        said = [str(one.message) for one in heard if "count persons beside a score" in str(one.message)]
        assert len(said) == 1
        assert said[0].startswith("15 rows (T00")
    fit = pdt.synthesize(rows, dependence="che")["depression", "post"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = pdt.metareg("yi ~ 1", fit.studies(), cluster="trial_id").coefficients.loc["Intercept"]
    assert_allclose(again["estimate"], fit.estimate, rtol=1e-9)
    assert_allclose(again["se"], fit.se, rtol=1e-6)


def test_a_logarithm_of_nothing_is_said_and_python_warns_of_nothing():
    table = pd.DataFrame({"yi": [0.1, 0.2, 0.3, 0.4, 0.5, 0.3], "vi": 0.1, "x": [1.0, 2, 3, -1, 5, 4]})
    with pytest.warns(
        EvidenceWarning, match="1 of 6 rows left out .*: a moderator has no value after"
    ) as said:
        found = metareg("yi ~ log(x)", table)
    assert len(said) == 1
    assert found.k == 5
    with warnings.catch_warnings(), pytest.raises(EvidenceError, match="not finite after its transformation"):
        warnings.simplefilter("error")
        metareg("yi ~ log(x)", table.assign(x=table["x"].abs().replace(2, 0)))
