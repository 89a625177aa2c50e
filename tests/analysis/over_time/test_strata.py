"""One model of all strata: the separate pools where no trial is in two, `pool_multivariate` where trials are."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError, RequestError
from reference import load

RNG = np.random.default_rng(4)
METAFOR = load("joint_strata", cases=8)["cases"]


def table(trials=8, strata=(("depression", "post"), ("depression", "6m"), ("anxiety", "post"))):
    """Every trial in every stratum, no arm shared."""
    rows = [
        {"trial_id": f"T{i}", "study": f"T{i}", "outcome": outcome, "follow_up": window, "measure": "SMD"}
        | {"months_since_end": 0.0 if window == "post" else 6.0}
        for i in range(trials)
        for outcome, window in strata
    ]
    k = len(rows)
    effect = np.repeat(RNG.normal(0.4, 0.4, trials), len(strata)) + RNG.normal(0, 0.2, k)
    return pd.DataFrame(rows).assign(
        yi=effect, vi=RNG.uniform(0.02, 0.08, k), row_id=list(map(str, range(k)))
    )


ROWS = table()


@pytest.mark.parametrize("case", METAFOR, ids=[case["id"] for case in METAFOR])
def test_one_model_of_all_strata_is_metafors(case):
    """vcalc(type=, time1=, phi=) and rma.mv(struct="CS" | "UN"), outcome by follow-up; by z, as rma.mv tests.

    Tolerances are those of metafor's optimiser: the likelihood agrees to 1e-8, and is flat at its peak.
    """
    fit, rows = case["fit"], pd.DataFrame(case["rows"])
    joint = pdt.model_strata(rows, test="z", **case["options"])
    assert_allclose(
        [joint.log_likelihood, joint.QE, joint.QM], [fit["logLik"], fit["QE"], fit["QM"]], atol=1e-6
    )
    names = list(joint.coefficients.index)
    at = [names.index(name) for name in fit["strata"]]
    assert sorted(at) == list(range(len(names)))
    assert_allclose(joint.coefficients["estimate"].to_numpy()[at], fit["b"], atol=1e-7)
    assert_allclose(joint.covariance[np.ix_(at, at)], fit["vb"], atol=1e-7)
    tau2 = joint.tau2.loc[fit["strata"]].to_numpy()
    assert_allclose(tau2, fit["tau2"], atol=1e-6)
    assert_allclose(joint.correlation.to_numpy()[0, 1], fit["rho"], atol=1e-5)


def test_strata_without_a_trial_in_common_are_the_separate_pools():
    rows = ROWS.assign(trial_id=ROWS["row_id"], study=ROWS["row_id"])
    joint = pdt.model_strata(rows, struct="UN", test="z").coefficients
    apart = pdt.synthesize(rows, test="z").to_frame()
    assert joint.index.tolist() == [", ".join(key) for key in apart[["outcome", "follow_up"]].to_numpy()]
    for name in ("k", "estimate", "se", "tau2"):
        assert_allclose(joint[name], apart[name], rtol=1e-4, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("struct", ["CS", "UN"])
def test_it_is_pool_multivariate_under_vcalc(struct):
    name = ROWS["outcome"] + ", " + ROWS["follow_up"]
    V = pdt.vcalc(
        ROWS["vi"],
        ROWS["trial_id"],
        outcome=ROWS["outcome"],
        measurement=ROWS["row_id"],
        time=ROWS["months_since_end"],
        rho=0.6,
        rho_outcomes=0.4,
        phi=0.95,
    )
    by_hand = pdt.pool_multivariate(ROWS["yi"], V, name, ROWS["trial_id"], struct=struct)
    joint = pdt.model_strata(ROWS, struct=struct, rho=0.6, rho_outcomes=0.4, phi=0.95)
    expected = by_hand.coefficients.loc[joint.coefficients.index]
    assert_allclose(joint.coefficients.to_numpy(dtype=float), expected.to_numpy(dtype=float), rtol=1e-6)
    assert_allclose(joint.log_likelihood, by_hand.log_likelihood)


def test_rows_of_a_trial_in_a_stratum_are_the_mean_that_synthesize_takes():
    twice = pd.concat([ROWS, ROWS.assign(row_id="again" + ROWS["row_id"], yi=ROWS["yi"] + 0.2)])
    cell = ROWS["trial_id"] + ROWS["outcome"] + ROWS["follow_up"]
    one = pdt.aggregate_rows(twice.assign(cell=cell), rho=0, cluster="cell")
    joint = pdt.model_strata(twice, rho=0)  # no covariance between strata: only the means count
    assert_allclose(joint.coefficients["estimate"], pdt.model_strata(one, rho=0).coefficients["estimate"])
    assert joint.k == len(ROWS)


def test_the_order_of_rows_changes_nothing_and_signs_flip():
    joint = pdt.model_strata(ROWS).coefficients
    turned = pdt.model_strata(ROWS.iloc[::-1].assign(yi=-ROWS["yi"])).coefficients.loc[joint.index]
    assert_allclose(turned["estimate"], -joint["estimate"], atol=1e-6)
    assert_allclose(turned["se"], joint["se"], rtol=1e-5)


def test_one_correlation_is_printed_once():
    assert "every two: " in pdt.model_strata(ROWS).summary()
    assert "depression, post and anxiety, post: " in pdt.model_strata(ROWS, struct="UN").summary()


def test_what_cannot_be_modelled_is_refused_with_every_row():
    undated = ROWS.assign(months_since_end=np.nan)
    with pytest.raises(EvidenceError, match="missing in 0, 1, 2, 3, 4, 5, 6, 7 and 16 more"):
        pdt.model_strata(undated, phi=0.9)
    with pytest.raises(EvidenceError, match="one outcome only"):
        pdt.model_strata(ROWS[ROWS["outcome"].eq("anxiety")])
    with pytest.raises(RequestError, match="rho_outcomes needs a column 'outcome'"):
        pdt.model_strata(ROWS.drop(columns="outcome"), by="follow_up", rho_outcomes=0.3)
    with pytest.raises(RequestError, match="has no 'follow_up' for it"):
        pdt.model_strata(ROWS, by="outcome", clock="start")


def test_the_correlation_between_outcomes_counts_without_one_within():
    """With rho = 0 rows of one outcome are apart, and those of two still have what was asked for them."""
    none, some = (pdt.model_strata(ROWS, rho=0, rho_outcomes=r).coefficients["se"] for r in (0, 0.5))
    assert not np.allclose(none, some, rtol=1e-3)
