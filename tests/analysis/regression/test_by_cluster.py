"""`metareg` and `compare_subgroups` where trials have several rows: the warning, and the robust regression."""

import re
import warnings

import numpy as np
import pytest

import pdt_evidence as pdt
from pdt_evidence.analysis.pooled.multilevel import pool_multilevel
from pdt_evidence.analysis.regression.clustered import clustered_fit, coefficient
from pdt_evidence.effects.per_trial import aggregate_rows
from pdt_evidence.effects.shared_arms import covariance_blocks


@pytest.fixture(scope="module")
def rows():
    """Those of the pool: without counts of persons beside scores."""
    table = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    pooled = pdt.synthesize(table[table["yi"].notna()], dependence="che")["depression", "post"]
    return table[table["row_id"].isin(pooled.row_ids)].reset_index(drop=True)


def test_rows_of_one_trial_are_not_taken_as_independent_without_a_word(rows):
    sizes = rows["trial_id"].value_counts()
    expected = f"{len(rows)} rows come from {len(sizes)} trials ({sizes.index[0]}: {sizes.iloc[0]} rows"
    with pytest.warns(pdt.EvidenceWarning, match=re.escape(expected)):
        pdt.metareg("yi ~ year", rows)
    for tau2 in ("common", "separate"):
        with pytest.warns(pdt.EvidenceWarning, match=re.escape(expected)) as found:
            pdt.compare_subgroups(rows, "rating", tau2=tau2)
        assert len(found) == 1


def test_one_row_a_trial_gives_no_warning_and_is_less_sure(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        aggregated = pdt.metareg("yi ~ year", aggregate_rows(rows))
        robust = pdt.metareg("yi ~ year", rows, cluster="trial_id")
    with pytest.warns(pdt.EvidenceWarning):
        naive = pdt.metareg("yi ~ year", rows)
    assert naive.QM_p < 0.05 < min(aggregated.QM_p, robust.QM_p)


def test_the_mean_alone_is_the_robust_mean_of_the_multilevel_model(rows):
    V = covariance_blocks(rows, 0.6)
    blocks = {trial: block for trial, (_, block) in zip(V.clusters, V.by_cluster(), strict=True)}
    mean = pool_multilevel(rows["yi"], rows["vi"], rows["trial_id"], V=blocks)
    fit = pdt.metareg("yi ~ 1", rows, cluster="trial_id")
    row = fit.coefficients.loc["Intercept"]
    assert (row.estimate, row.se, row.df, row.p) == pytest.approx(
        (mean.estimate, mean.robust.se, mean.robust.df, mean.robust.p), rel=1e-6
    )
    assert fit.sigma2 == pytest.approx(mean.sigma2, rel=1e-5, abs=1e-9)
    assert (fit.QE, fit.I2, fit.log_likelihood) == pytest.approx(
        (mean.Q, mean.I2, mean.log_likelihood), rel=1e-6
    )


def test_the_slope_is_that_of_the_clustered_regression(rows):
    X = np.column_stack([np.ones(len(rows)), rows["year"]])
    expected = coefficient(clustered_fit(rows, X, 0.6), np.array([0.0, 1.0]), 0.95)
    fit = pdt.metareg("yi ~ year", rows, cluster="trial_id")
    row = fit.coefficients.loc["year"]
    assert (row.estimate, row.se, row.p) == pytest.approx(
        (expected.estimate, expected.se, expected.p), rel=1e-5
    )
    assert (fit.QM, fit.QM_p) == pytest.approx((row.statistic**2, row.p))
    assert (
        f"k = {len(rows)} rows in {rows['trial_id'].nunique()} clusters (trial_id); test: CR2"
        in fit.summary()
    )


def test_predictions_are_robust_and_hold_the_interval(rows):
    fit = pdt.metareg("yi ~ year", rows, cluster="trial_id")
    found = fit.predict(rows[["year"]].head(3))
    assert found.to_numpy() == pytest.approx(fit.predict().head(3).to_numpy())
    assert (found["pi_low"] <= found["ci_low"]).all()
    assert (found["ci_high"] <= found["pi_high"]).all()
    with pytest.raises(pdt.EvidenceError, match="cannot be permuted one by one"):
        fit.permutation_test()


def test_regressions_have_short_names(rows):
    fit = pdt.metareg("yi ~ year", rows, cluster="trial_id")
    assert repr(fit) == f"<ClusteredMetaRegression yi ~ year, REML CR2 k={len(rows)}: p = {fit.QM_p:.4f}>"
    found = pdt.compare_subgroups(rows[rows["rating"] != "unknown"], "rating", cluster="trial_id")
    assert repr(found) == f"<SubgroupComparison 2 groups by rating, common tau2, REML CR2: p = {found.p:.4f}>"


def test_groups_are_compared_robustly(rows):
    known = rows[rows["rating"] != "unknown"]
    found = pdt.compare_subgroups(known, "rating", cluster="trial_id")
    assert (found.test, found.df[0], found.groups["k"].sum()) == ("CR2", 1, len(known))
    assert 0.05 < found.p < 1


def test_a_group_of_one_trial_has_no_robust_inference_and_no_test_rests_on_it(rows):
    alone = rows["trial_id"].eq("lindqvist2020") & rows["rating"].eq("unknown")
    one = rows[alone | rows["rating"].ne("unknown")]
    found = pdt.compare_subgroups(one, "rating", cluster="trial_id")
    assert found.groups["se"].isna().to_dict() == {"clinician": False, "self": False, "unknown": True}
    assert np.isnan(found.p)
    assert any(note.code == "no-inference" and "unknown" in note for note in found.notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "DL"}, "method (with cluster) = 'DL'"),
        ({"test": "z"}, "test (with cluster: always CR2) = 'z'"),
        ({"cluster": "trail_id"}, "column 'trail_id' is missing"),
    ],
)
def test_what_has_no_meaning_in_clusters_is_refused(rows, options, message):
    with pytest.raises(pdt.EvidenceError, match=re.escape(message)):
        pdt.metareg("yi ~ year", rows, **{"cluster": "trial_id"} | options)


def test_too_few_clusters_and_rows_without_one_are_refused(rows):
    few = rows[rows["trial_id"].isin(list(dict.fromkeys(rows["trial_id"]))[:2])].head(8)
    with pytest.raises(pdt.EvidenceError, match="2 clusters in 'trial_id' cannot carry 1 coefficient "):
        pdt.metareg("yi ~ 1", few, cluster="trial_id")
    with pytest.raises(pdt.EvidenceError, match="names no cluster in the rows 0 of"):
        pdt.metareg(
            "yi ~ year", rows.assign(trial_id=rows["trial_id"].where(rows.index > 0)), cluster="trial_id"
        )
