"""Several rows of one trial: four rules side by side, and arms that rows share."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.robustness.dependence import RHO_GRID, sensitivity
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.errors import RequestError


@pytest.fixture(scope="module")
def anxiety():
    rows = pdt.trials(comparison="pdt_vs_control", outcome="anxiety", follow_up="post")
    return rows[rows["yi"].notna()]


@pytest.fixture(scope="module")
def table(anxiety):
    return sensitivity(anxiety, rules=False)


def test_every_rule_and_every_correlation_has_a_row(table):
    assert len(table) == 2 + 2 * len(RHO_GRID)
    for rule in ("aggregate", "che"):
        assert_allclose(table.loc[table["dependence"].eq(rule), "rho"], RHO_GRID)
    assert table.loc[table["rho"].isna(), "dependence"].tolist() == ["one-per-trial", "three-level"]
    assert table["trials"].eq(11).all()


@pytest.mark.parametrize("rule", ["aggregate", "che"])
@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9])
def test_a_row_is_what_synthesize_gives(table, anxiety, rule, rho):
    fit = pdt.synthesize(anxiety, dependence=rule, rho=rho)["anxiety", "post"]
    row = table[table["dependence"].eq(rule) & np.isclose(table["rho"], rho)].iloc[0]
    assert_allclose([row["estimate"], row["se"], row["ci_low"]], [fit.estimate, fit.se, fit.ci[0]])


def test_the_correlation_matters_where_trials_have_several_rows(table):
    """A plain mean is the same under each correlation; what moves is its precision, and with it its weight."""
    moved = table[table["dependence"].eq("aggregate")]
    assert moved["estimate"].max() - moved["estimate"].min() > 0.005
    assert moved["se"].nunique() == len(moved)


def test_one_row_a_trial_makes_all_correlations_alike():
    rows = pd.DataFrame(
        {
            "row_id": list("abcd"),
            "trial_id": list("abcd"),
            "study": list("abcd"),
            "outcome": "x",
            "follow_up": "post",
            "yi": [0.1, 0.5, 0.3, 0.9],
            "vi": [0.04, 0.05, 0.03, 0.06],
        }
    )
    found = sensitivity(rows, rhos=[0, 0.5, 0.9])
    assert_allclose(found["estimate"], found["estimate"].iloc[0], rtol=1e-7)


def test_a_shared_waiting_list_enters_every_model_that_takes_a_covariance():
    """Two dynamic therapies of Rahmani 2020 share 13 waiting-list patients: 1/13 + g g' / (2 x 41).

    The value of the trial, and its variance, are computed by hand from that covariance; `synthesize` has to
    come to the same.
    """
    rows = pdt.trials(comparison="pdt_vs_control", outcome="anxiety", follow_up="post")
    rows = rows[rows["trial_id"].eq("rahmani2020") & rows["instrument"].eq("LSAS-SR fear")].reset_index(
        drop=True
    )
    assert rows["arm_t_label"].nunique() == 2
    assert rows["n_c"].tolist() == [13, 13]
    V = covariance_blocks(rows, 0.6).dense()
    by_hand = 1 / 13 + rows["yi"].prod() / (2 * (14 + 14 + 13))
    assert V[0, 1] == pytest.approx(by_hand, rel=1e-12)
    W = np.linalg.inv(V)
    assert not covariance_blocks(rows, 0.6).replaced
    for rho in (0.0, 0.9):  # the same measurement: no correlation between outcomes comes in
        fit = pdt.synthesize(rows, dependence="aggregate", rho=rho)["anxiety", "post"]
        assert fit.estimate == pytest.approx(rows["yi"].mean(), rel=1e-12)
        assert fit.se**2 == pytest.approx(V.sum() / 4, rel=1e-10)
        fit = pdt.synthesize(rows, dependence="aggregate", aggregate="gls", rho=rho)["anxiety", "post"]
        assert fit.estimate == pytest.approx(W.sum(axis=0) @ rows["yi"] / W.sum(), rel=1e-10)
        assert fit.se**2 == pytest.approx(1 / W.sum(), rel=1e-10)


def test_robust_models_take_the_shared_arm_too():
    """Weights of CHE are those of the exact covariance, not of independent rows."""
    rows = pdt.trials(comparison="pdt_vs_control", outcome="anxiety", follow_up="post")
    rows = rows[rows["yi"].notna()].reset_index(drop=True)
    fit = pdt.synthesize(rows, dependence="che", rho=0.6, events="pool")["anxiety", "post"]
    V = covariance_blocks(rows, 0.6).dense()
    same = rows["trial_id"].to_numpy()[:, None] == rows["trial_id"].to_numpy()
    W = np.linalg.inv(V + fit.sigma2[0] * same + fit.sigma2[1] * np.eye(len(rows)))
    assert fit.estimate == pytest.approx(W.sum(axis=0) @ rows["yi"] / W.sum(), rel=1e-9)


def test_impossible_correlations_are_refused_all_at_once(anxiety):
    with pytest.raises(RequestError, match=r"(?s)rhos\[0\] = -0\.1 must be a correlation.*rhos\[\d\] = 1"):
        sensitivity(anxiety, rhos=[-0.1, 0.5, 1.0])


def test_the_rules_for_weights_and_for_counts_stand_side_by_side(anxiety):
    found = sensitivity(anxiety, rhos=[0.6])
    assert len(found) == 5 * 3
    for row in found[found["dependence"].str.startswith("aggregate")].to_dict("records"):
        how = "gls" if row["dependence"].endswith("weighed") else "mean"
        fit = pdt.synthesize(anxiety, events=row["events"], aggregate=how)["anxiety", "post"]
        assert_allclose([row["estimate"], row["trials"]], [fit.estimate, fit.k])


def test_strata_by_numbers_are_strata_too(anxiety):
    """And a stratum that counts of persons do not touch stands under each rule for them, with the same numbers."""
    rows = anxiety.assign(decade=anxiety["year"] // 10 * 10)
    found = sensitivity(rows, by="decade", rhos=[0.5])
    fits = pdt.synthesize(rows, by="decade", rho=0.5)
    for decade, fit in fits.strata.items():
        own = found[found["decade"].eq(decade[0])]
        assert own["events"].value_counts().nunique() == 1
        mean = own[own["dependence"].eq("aggregate") & own["events"].eq("fallback")]
        assert_allclose(mean["estimate"], fit.estimate)
