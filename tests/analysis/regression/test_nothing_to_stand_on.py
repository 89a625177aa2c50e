"""Intervals and tests that nothing supports are NaN, with a note: never 0, never certain."""

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.models.clustered_regression import fit_clustered, robust_test

TABLE = pd.DataFrame(
    {
        "trial_id": list("abcdef"),
        "g": list("xyyzzz"),
        "yi": [0.1, 0.2, 0.5, 0.3, 0.4, 0.8],
        "vi": [0.05, 0.04, 0.03, 0.05, 0.06, 0.02],
    }
)
NUMBERS = ["se", "statistic", "p", "ci_low", "ci_high"]


def codes(result):
    return {note.code for note in result.notes}


def test_a_coefficient_that_one_cluster_determines_has_no_robust_inference():
    fit = pdt.metareg("yi ~ g", TABLE, cluster="trial_id")
    assert fit.coefficients[NUMBERS].isna().all(axis=None)  # each is against the one trial of x
    assert fit.coefficients["estimate"].notna().all()
    assert np.isnan([fit.QM, fit.QM_p]).all()
    assert "no-robust-inference" in codes(fit)
    by_z = pdt.metareg("yi ~ C(g, contr.treatment('z'))", TABLE, cluster="trial_id")
    known = by_z.coefficients["p"].notna()
    assert known.tolist() == [True, False, True]  # z, x against z, y against z
    known = fit.predict()["ci_low"].notna()
    assert known.tolist() == [False, True, True, True, True, True]  # only the mean of x rests on one trial


@pytest.mark.parametrize("rows_of_x", [1, 2, 5])
def test_rows_of_one_trial_are_no_subgroup(rows_of_x):
    more = pd.concat([TABLE.iloc[[0]]] * (rows_of_x - 1) + [TABLE], ignore_index=True)
    more["yi"] += np.linspace(0, 0.1, len(more))
    found = pdt.compare_subgroups(more, "g", cluster="trial_id")
    assert found.groups.loc["x", ["se", "p", "ci_low", "ci_high"]].isna().all()
    assert found.groups.loc["z", ["se", "p"]].notna().all()
    assert np.isnan(found.p)
    assert "no-inference" in codes(found)


@pytest.mark.parametrize("seed", range(20))
def test_the_robust_variance_is_unbiased_under_the_working_model_or_not_given(seed):
    """CR2 by its definition: its expectation under the working model is the variance of the model."""
    rng = np.random.default_rng(seed)
    cluster = np.sort(rng.integers(0, 5, 12))
    cluster = np.unique(cluster, return_inverse=True)[1]
    X = np.column_stack([np.ones(12), cluster == rng.integers(0, 5), rng.normal(size=12)])
    if np.linalg.matrix_rank(X) < 3:
        X = X[:, [0, 2]]
    fit = fit_clustered(rng.normal(size=12), X.astype(float), cluster, np.diag(rng.uniform(0.1, 1, 12)))
    for one in np.eye(X.shape[1]):
        load = np.einsum("p,mpk->mk", one, fit.loads)
        expected = np.einsum("mk,kl,ml->", load, fit.total, load)
        whole = expected > 0.95 * (one @ fit.cov_model @ one)
        assert expected < (1 + 1e-9) * (one @ fit.cov_model @ one)
        assert np.isfinite(robust_test(fit, one).p) == whole


@pytest.mark.parametrize("formula", ["yi ~ 1", "yi ~ one", "yi ~ one - 1", "yi ~ 0 + five"])
@pytest.mark.parametrize("cluster", [None, "trial_id"])
def test_moderators_are_tested_only_where_there_is_one(formula, cluster):
    table = TABLE.assign(one="one", five=5.0).drop(columns=[] if cluster else "trial_id")
    fit = pdt.metareg(formula, table, cluster=cluster)
    assert np.isnan([fit.QM, fit.QM_p]).all()
    assert fit.QM_df[0] == 0
    assert "Moderators: none to test" in fit.summary()
    assert np.isfinite(fit.coefficients["p"]).all()
    assert ("one-level" in codes(fit)) == ("one" in formula)


@pytest.mark.parametrize("slope", [0.0, 0.1, 1e6])
def test_a_perfect_fit_is_judged_by_nothing(slope):
    table = TABLE.assign(x=[1, 2, 4, 5, 7, 9.0])
    table["yi"] = 0.3 + slope * table["x"]
    fit = pdt.metareg("yi ~ x", table)
    assert fit.coefficients[NUMBERS].isna().all(axis=None)
    assert np.isnan([fit.QM, fit.QM_p]).all()
    assert "perfect-fit" in codes(fit)
    assert fit.predict()[["se", "ci_low", "pi_high"]].isna().all(axis=None)
    assert np.isfinite(fit.vif["vif"]).all()
    wald = pdt.metareg("yi ~ x", table, test="z")
    assert wald.coefficients[NUMBERS].notna().all(axis=None)
    assert "perfect-fit" not in codes(wald)
    robust = pdt.metareg("yi ~ x", table, cluster="trial_id")
    assert robust.coefficients[NUMBERS].isna().all(axis=None)


@pytest.mark.parametrize("tau2", ["common", "separate"])
def test_groups_without_spread_are_not_compared(tau2):
    table = TABLE.assign(g=list("xxxzzz"), yi=[0.1, 0.1, 0.1, 0.3, 0.3, 0.3]).drop(columns="trial_id")
    found = pdt.compare_subgroups(table, "g", tau2=tau2)
    assert found.groups["estimate"].round(9).tolist() == [0.1, 0.3]
    assert found.groups[["se", "p", "ci_low", "ci_high"]].isna().all(axis=None)
    assert np.isnan(found.p)
    assert "no-inference" in codes(found)


@pytest.mark.parametrize("value", [0.5, 0.1 + 0.2, 1 / 3, -1e-9, 7e50])
def test_identical_effects_give_no_certainty_by_knapp_and_hartung(value):
    y, v = np.full(5, value), [0.04, 0.05, 0.06, 0.04, 0.03]
    y[2] *= 1 + 1e-15  # rounding is no spread
    fit = pdt.pool(y, v)
    assert np.isclose(fit.estimate, value)
    assert np.isnan([fit.se, fit.p, *fit.ci, *fit.pi]).all()
    assert "identical-effects" in [note.code for note in fit.notes]
    assert np.isnan(pdt.pool_many([y], [v]).se).all()
    for test in ("adhoc", "adhoc-ci", "z", "t"):
        assert np.isfinite([*pdt.pool(y, v, test=test).ci]).all()
