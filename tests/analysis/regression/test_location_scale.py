"""Location-scale models are metafor's rma(scale=), and say what they cannot tell."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from pdt_evidence import metareg
from pdt_evidence.errors import EvidenceError, RequestError
from reference import load

CASES = load("location_scale", cases=6)["cases"]
PEAKED = [case for case in CASES if case["id"] != "raudenbush1985"]  # there tau2 goes to 0


def table_of(case):
    return pd.DataFrame({"yi": case["yi"], "vi": case["vi"], "x": case["x_standardised"]})


def fitted(case, fit):
    formula = "yi ~ x" if fit["mods"] else "yi ~ 1"
    return metareg(formula, table_of(case), scale="~ x", method=fit["method"], test=fit["test"])


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_fit_is_that_of_the_reference(case):
    for fit in case["fits"]:
        found = fitted(case, fit)
        assert_allclose(found.log_likelihood, fit["logLik"], rtol=1e-10)
        assert_allclose(found.coefficients["estimate"], np.atleast_1d(fit["beta"]), atol=1e-6)
        assert_allclose(found.coefficients["se"], np.atleast_1d(fit["se_beta"]), atol=1e-6)
        if case["id"] == "raudenbush1985":  # tau2 goes to 0: only the likelihood is determined
            assert any(note.code == "vanishing-tau2" for note in found.notes)
            continue
        assert_allclose(found.scale["estimate"], fit["alpha"], atol=2e-6)
        assert_allclose(found.scale["se"], fit["se_alpha"], atol=1e-3)
        assert_allclose(found.scale["p"], fit["p_alpha"], atol=1e-3)
        assert_allclose(found.tau2, fit["tau2"], rtol=1e-5)
        assert_allclose([found.QS, found.QS_p], [fit["QS"], fit["QSp"]], atol=1e-3)
        assert_allclose(found.coefficients["ci_low"], np.atleast_1d(fit["ci_lb"]), atol=1e-6)


def test_a_scale_of_one_tau2_is_the_meta_regression():
    table = table_of(CASES[1])
    alone = metareg("yi ~ x", table, test="t")
    found = metareg("yi ~ x", table, scale="~ 1", test="t")
    assert_allclose(found.tau2, alone.tau2, rtol=1e-6)
    assert_allclose(found.log_likelihood, alone.log_likelihood, rtol=1e-10)
    assert_allclose(found.coefficients["se"], alone.coefficients["se"], rtol=1e-6)
    assert np.isnan(found.QS)


@pytest.mark.parametrize("case", PEAKED, ids=[case["id"] for case in PEAKED])
@pytest.mark.parametrize(
    ("shift", "size"), [(2005.0, 1.0), (1990.0, 12.0), (0.0, 1e-6), (0.0, 1e6), (1e6, 1.0)]
)
def test_neither_the_unit_of_a_moderator_nor_where_it_begins_changes_the_fit(case, shift, size):
    """With calendar years the climb stopped far below the peak: p = 0.97 where metafor has 0.43."""
    plain = table_of(case)
    moved = plain.assign(x=plain["x"] * size + shift)
    for formula in ("yi ~ 1", "yi ~ x"):
        one, other = (metareg(formula, table, scale="~ x") for table in (plain, moved))
        assert_allclose(other.log_likelihood, one.log_likelihood, rtol=1e-9)
        assert_allclose(other.tau2, one.tau2, rtol=1e-5)
        assert_allclose(other.scale.loc["x", "estimate"] * size, one.scale.loc["x", "estimate"], rtol=1e-4)
        assert_allclose([other.QS, other.QS_p], [one.QS, one.QS_p], rtol=1e-4)
        last = [found.coefficients["p"].iloc[-1] for found in (one, other)]
        assert_allclose(*last, rtol=1e-5)


@pytest.mark.parametrize("test", ["t", "z"])
def test_no_test_is_given_of_what_a_spread_of_nothing_depends_on(test):
    """Effects that agree have no spread: Wald's p of its coefficients would be 1 whatever they are."""
    table = pd.DataFrame({"yi": [0.3, 0.4, 0.5, 0.35, 0.45, 0.4], "vi": 0.1, "x": range(6)})
    found = metareg("yi ~ 1", table, scale="~ x", test=test)
    assert found.tau2.max() < 1e-6
    assert found.scale[["se", "statistic", "p", "ci_low", "ci_high"]].isna().all(axis=None)
    assert np.isnan([found.QS, found.QS_p]).all()
    assert any("none is given" in note for note in found.notes)
    assert_allclose(found.coefficients["estimate"], [0.4])
    assert_allclose(found.coefficients["se"], [(0.1 / 6) ** 0.5])


def test_a_new_study_is_predicted_with_the_tau2_of_its_kind():
    table = table_of(CASES[5]).assign(kind=lambda t: np.where(t["x"] > 0, "waitlist", "care as usual"))
    found = metareg("yi ~ kind", table, scale="~ kind")
    predicted = found.predict({"kind": ["waitlist", "care as usual"]})
    assert_allclose(
        predicted["tau2"], [found.tau2[table["kind"] == k][0] for k in ("waitlist", "care as usual")]
    )
    wide = (predicted["pi_high"] - predicted["pi_low"]).to_numpy()
    assert (wide[0] > wide[1]) == (predicted["tau2"][0] > predicted["tau2"][1])
    assert "Log tau2" in found.summary()
    assert found.to_frame()["of"].tolist() == ["mean", "mean", "log tau2", "log tau2"]


def test_a_dict_predicts_as_its_table_does():
    table = table_of(CASES[1])
    fit = metareg("yi ~ x", table)
    expected = fit.predict(pd.DataFrame({"x": [0.5, 1.0]}))
    pd.testing.assert_frame_equal(fit.predict({"x": [0.5, 1.0]}), expected)
    assert_allclose(fit.predict({"x": 0.5})["estimate"], expected["estimate"][:1])
    with pytest.raises(RequestError, match="one value a column, or lists of one length"):
        fit.predict({"x": [1, 2], "z": [1, 2, 3]})


@pytest.mark.warns("rows left out")
def test_rows_without_the_column_of_the_scale_are_left_out_and_listed():
    table = table_of(CASES[1])
    table.loc[3, "x"] = np.nan
    found = metareg("yi ~ 1", table, scale="~ x")
    assert found.k == len(table) - 1
    assert found.left_out["row"].tolist() == [3]


def test_what_a_location_scale_model_cannot_be_is_said():
    table = table_of(CASES[1]).assign(trial_id=[f"t{n}" for n in range(46)])
    with pytest.raises(RequestError, match="scale is a formula"):
        metareg("yi ~ 1", table, scale=3)
    with pytest.raises(EvidenceError, match="REML"):
        metareg("yi ~ 1", table, scale="~ x", method="DL")
    with pytest.raises(RequestError, match="cannot be had together"):
        metareg("yi ~ 1", table, scale="~ x", cluster="trial_id")
    with pytest.raises(EvidenceError, match="no column 'y2k'"):
        metareg("yi ~ 1", table, scale="~ y2k")


@pytest.mark.parametrize("columns", [(1, 2), (3, 2), (2, 1), (2, 3)])
def test_rows_of_another_design_are_refused(columns):
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"yi": rng.normal(0.4, 0.3, 12), "vi": rng.uniform(0.02, 0.1, 12), "x": range(12)})
    fit = metareg("yi ~ x", table, scale="~ x")
    with pytest.raises(RequestError, match="these rows have the shape"):
        fit.at_design(*(np.ones((4, n)) for n in columns))
