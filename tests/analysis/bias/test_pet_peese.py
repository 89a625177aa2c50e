"""PET-PEESE beside metafor and clubSandwich, by its invariants, and where it must say that it cannot."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError, RequestError
from reference import load

PLAIN = load("pet_peese", cases=7)["cases"]
CLUSTERED = load("pet_peese_che", cases=4)["cases"]
TABLE = pd.DataFrame(
    {
        "yi": [0.9, 0.6, 0.5, 0.3, 0.2],
        "vi": [0.20, 0.10, 0.05, 0.02, 0.02],
        "n_t": [10, 20, 40, 100, 90],
        "n_c": [10, 22, 41, 98, 100],
        "measure": "SMD",
    }
)


def agrees(found, of, i, names, **close):
    """Intercept (i = 0) of a reference fit against an adjusted estimate."""
    for ours, theirs in names.items():
        assert_allclose(getattr(found, ours), of[theirs][i], err_msg=ours, **close)


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case["id"])
def test_fixed_weights_agree_with_least_squares(case):
    found = pdt.pet_peese(case["yi"], case["vi"], model="wls")
    names = {"estimate": "b", "se": "se", "p": "p"}
    for ours, theirs in ((found.pet, case["pet_wls"]), (found.peese, case["peese_wls"])):
        agrees(ours, theirs, 0, names, rtol=1e-8)
        assert_allclose(ours.ci, (theirs["ci_lb"][0], theirs["ci_ub"][0]), rtol=1e-8)
        assert_allclose((ours.slope, ours.slope_p), (theirs["b"][1], theirs["p"][1]), rtol=1e-8)
    assert found.chosen.lower() == case["pet_peese"]["chosen_one_sided_05"]
    assert_allclose((found.uwls.estimate, found.uwls.se), (case["uwls"]["b"], case["uwls"]["se"]), rtol=1e-8)
    assert found.waap.k == case["waap_wls"]["k"]
    if case["waap_wls"]["b"] is None:
        assert np.isnan(found.waap.estimate)
        assert "power 0.8" in found.waap.why
    else:
        assert_allclose((found.waap.estimate, found.waap.se), (case["waap_wls"]["b"], case["waap_wls"]["se"]))


@pytest.mark.parametrize("test", ["z", "t", "knha"])
@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case["id"])
def test_random_effects_agree_with_metafor(case, test):
    found = pdt.pet_peese(case["yi"], case["vi"], test=test)
    for ours, theirs in ((found.pet, case["pet_reml"][test]), (found.peese, case["peese_reml"][test])):
        agrees(ours, theirs, 0, {"estimate": "b", "se": "se", "p": "p"}, rtol=1e-8)
        assert_allclose(ours.tau2, theirs["tau2"], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("case", [case for case in PLAIN if case["n1"]], ids=lambda case: case["id"])
def test_precision_by_n_agrees_with_metafor(case):
    table = pd.DataFrame({"yi": case["yi"], "vi": case["vi"], "n_t": case["n1"], "n_c": case["n2"]})
    found = pdt.pet_peese(table, precision="n", model="wls").pet
    agrees(found, case["pet_wls_modified_se"], 0, {"estimate": "b", "se": "se", "p": "p"}, rtol=1e-8)
    found = pdt.pet_peese(table, precision="n").pet
    agrees(found, case["pet_reml_modified_se"]["knha"], 0, {"estimate": "b", "se": "se"}, rtol=1e-8)


@pytest.mark.parametrize("case", CLUSTERED, ids=lambda case: case["id"])
def test_effects_in_clusters_agree_with_clubsandwich(case):
    """To 1e-5, as the reference's own optimisers agree on the variances to 1e-7."""
    for which in ("pet", "peese"):
        for want in case[f"che_{which}"]:
            fit = pdt.pool_multilevel(case["yi"], case["vi"], case["cluster"], rho=want["rho"])
            found = pdt.pet_peese(fit)
            assert found.model == "che"
            names = {"estimate": "b", "se": "robust_se", "df": "robust_df", "p": "robust_p"}
            agrees(getattr(found, which), want, 0, names, rtol=1e-5, atol=1e-6)


def test_standardised_differences_take_precision_by_n():
    """The standard error of g holds g, so a line on it slopes where nothing is missing."""
    assert pdt.pet_peese(TABLE).precision == "n"
    assert pdt.pet_peese(TABLE.assign(measure="MD")).precision == "sei"
    assert pdt.pet_peese(TABLE.drop(columns="n_c")).precision == "sei"
    with pytest.raises(RequestError, match="n_t, n_c"):
        pdt.pet_peese(TABLE.drop(columns="n_c"), precision="n")


def test_the_mirror_turns_everything_round_and_order_is_nothing():
    found = pdt.pet_peese(TABLE)
    mirrored = pdt.pet_peese(TABLE.assign(yi=-TABLE["yi"]), direction="negative")
    assert mirrored.chosen == found.chosen
    assert_allclose(mirrored.pet.ci[::-1], -np.array(found.pet.ci))
    assert_allclose(pdt.pet_peese(TABLE[::-1]).peese.ci, found.peese.ci)


def test_the_direction_is_not_guessed_between_two_treatments():
    between = TABLE.assign(comparison="pdt_vs_cbt")
    with pytest.raises(RequestError, match="not known for pdt_vs_cbt"):
        pdt.pet_peese(between)
    assert pdt.pet_peese(between, direction="negative").chosen
    against_control = pdt.pet_peese(TABLE.assign(comparison="pdt_vs_control"))
    assert "against a control" in against_control.notes[0]


def test_what_cannot_be_computed_is_said():
    same = pdt.pet_peese([0.1, 0.5, 0.3], [0.1, 0.1, 0.1])
    assert np.isnan(same.estimate)
    assert "equally precise" in same.pet.why
    assert same.chosen == ""
    two = pdt.pet_peese([0.1, 0.5], [0.1, 0.2])
    assert np.isnan(two.pet.p)
    assert "needs 3 studies" in two.summary()
    paired = pdt.pet_peese(TABLE, cluster=["a", "a", "b", "b", "b"])
    assert "needs 3 clusters" in paired.pet.why
    with pytest.raises(EvidenceError, match="2 names for 5 effects"):
        pdt.pet_peese(TABLE, cluster=["a", "b"])


def test_it_writes_itself():
    found = pdt.pet_peese(TABLE)
    frame = found.to_frame()
    assert frame["method"].tolist() == ["PET", "PEESE", "UWLS", "WAAP-WLS"]
    assert frame.loc[frame["chosen"], "method"].tolist() == [found.chosen]
    assert found.rule in found.summary()
    assert "<table" in found._repr_html_()
