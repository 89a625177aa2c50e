"""Power and information size, against metapower, RTSA and by simulation."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests.reference import load

import pdt_evidence as pdt
from pdt_evidence.errors import RequestError
from pdt_evidence.models.power import power_of_subgroups
from pdt_evidence.models.sequential import obrien_fleming_boundaries

CASES = load("power", cases=96)["cases"]
SIZES = {case["id"]: case["cases"] for case in load("information_size", cases=3)["cases"]}


def test_power_needs_the_effect_that_matters():
    """Without one it was 0, and power its own level: a number nobody asked for."""
    with pytest.raises(RequestError, match="effect is missing: which is the least that matters"):
        pdt.power(k=10, n_per_arm=30, tau2=0.05)
    same = {"k": 10, "n_per_arm": 30, "tau2": 0.05}
    assert pdt.power(**same, question="heterogeneity").power > 0.05
    found = pdt.power(**same, question="equivalence", margin=0.5)
    assert found.power == pdt.power(**same, question="equivalence", margin=0.5, effect=0.0).power


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['k']}-{case['mu']}-{case['n_per_arm']}-{case['I2']}"
)
def test_power_agrees_with_the_reference(case):
    """Closed forms to 1e-9; metapower integrates numerically to about 1e-6 (Jackson and Turner)."""
    asked = {"k": case["k"], "effect": case["mu"], "n_per_arm": case["n_per_arm"], "I2": 100 * case["I2"]}
    knha, wald = pdt.power(**asked), pdt.power(**asked, test="z")
    assert_allclose((knha.vi, knha.tau2), (case["v"], case["tau2"]), rtol=1e-12, atol=1e-15)
    assert_allclose(knha.power_known, case["power_wald_known_tau2"], rtol=1e-9)
    assert_allclose(knha.power, case["power_t_knha"], rtol=1e-9)
    assert_allclose(wald.power, case["power_random_jackson_turner_metapower"], atol=3e-6)
    assert_allclose(knha.ci_width, case["ci_width_knha_expected"], rtol=1e-9)
    assert_allclose(wald.ci_width, case["ci_width_wald"], rtol=1e-9)
    assert_allclose(knha.pi_width, case["pi_width_known"], rtol=1e-9)
    assert_allclose(pdt.power(**asked, question="heterogeneity").power, case["power_Q"], rtol=1e-9)
    equivalence = pdt.power(
        **asked | {"effect": 0, "vi": case["v"], "n_per_arm": None},
        question="equivalence",
        margin=0.25,
        test="z",
    )
    assert_allclose(equivalence.power, case["power_equivalence_025"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("test", ["knha", "z", "t"])
@pytest.mark.parametrize("k", [5, 20])
def test_simulated_pools_find_as_much(test, k):
    """20,000 pools: three standard errors are at most 0.011."""
    found = pdt.power(k=k, effect=0.3, n_per_arm=30, I2=60, test=test, simulate=20_000)
    assert abs(found.simulated - found.power) < 0.011
    spread = pdt.power(k=k, effect=0.3, n_per_arm=30, I2=60, question="heterogeneity", simulate=20_000)
    assert abs(spread.simulated - spread.power) < 0.011


def test_power_of_subgroups_is_that_of_simulated_ones():
    rng = np.random.default_rng(2)
    effects, ses = np.array([0.1, 0.3, 0.6]), np.array([0.1, 0.12, 0.2])
    drawn = rng.normal(effects, ses, (100_000, 3))
    wi = 1 / ses**2
    between = (wi * (drawn - (wi * drawn).sum(axis=1, keepdims=True) / wi.sum()) ** 2).sum(axis=1)
    assert abs((between > 5.991464547107979).mean() - power_of_subgroups(effects, ses, 0.05)) < 0.005
    two = pdt.power(k=(10, 12), effect=(0.5, 0.2), vi=0.05, tau2=0.02, question="subgroups")
    assert 0 < two.power < 1
    assert two.notes[-1].code == "known-variance"


def test_no_effect_is_found_as_often_as_chance_has_it():
    for test in ("knha", "z"):
        known = pdt.power(k=8, effect=0, vi=0.1, tau2=0.1, test=test)
        assert known.power_known == pytest.approx(0.05)
    assert pdt.power(k=8, effect=0, vi=0.1, tau2=0.1).power == pytest.approx(0.05)
    assert pdt.power(k=8, effect=0, vi=0.1, tau2=0.1, question="moderator").power == pytest.approx(0.05)


def test_studies_needed_are_the_first_with_that_power():
    asked = pdt.power(k=10, n_per_arm=20, effect=0.3, I2=50)
    needed = asked.studies_needed(0.8)
    curve = asked.curve.set_index("k")["power"]
    assert curve[needed] >= 0.8 > curve[needed - 1]
    assert asked.studies_needed(0.999999) < math.inf
    assert pdt.power(k=10, n_per_arm=20, effect=0, I2=50).studies_needed() == math.inf


def test_power_at_the_observed_effect_is_refused_in_words():
    fit = pdt.pool([0.2, 0.5, 0.9], [0.04, 0.05, 0.03])
    with pytest.raises(pdt.EvidenceError, match="power at the observed effect only says its p-value again"):
        pdt.power(fit, effect=fit.estimate)
    assert pdt.power(fit, effect=0.24).k == 3


def test_all_bad_values_are_listed_at_once():
    with pytest.raises(pdt.EvidenceError) as found:
        pdt.power(k=1, effect="x", test="y", level=1, vi=1, tau2=0)
    assert len(found.value.problems) == 4
    with pytest.raises(pdt.EvidenceError, match="tau2 or I2"):
        pdt.power(k=5, effect=0.3, vi=0.1)
    with pytest.raises(pdt.EvidenceError, match="n_per_arm, vi or a fit"):
        pdt.power(k=5, effect=0.3, tau2=0)


@pytest.mark.parametrize("case", SIZES["ois"], ids=lambda case: str(case["delta"]))
def test_the_information_size_agrees_with_the_reference(case):
    """Closed forms; RTSA rounds the size of one trial up before it adds diversity."""
    measure = "SMD" if case["sd"] == 1 else "MD"
    fit = pdt.pool([0.1, 0.2], [1.0, 1.0], measure=measure)
    asked = {
        "minimal": case["delta"],
        "power": 1 - case["beta"],
        "level": 1 - case["alpha"],
        "sd": case["sd"],
    }
    found = pdt.information_size(fit, **asked, diversity=0)
    assert_allclose(found.single, case["ois_participants_unrounded"], rtol=1e-12)
    for row in case["D2_adjusted"]:
        found = pdt.information_size(fit, **asked, diversity=row["D2"])
        assert_allclose(math.ceil(found.required * (1 - row["D2"])) / (1 - row["D2"]), row["n"], rtol=1e-12)


@pytest.mark.parametrize("case", SIZES["diversity"], ids=lambda case: case["id"])
@pytest.mark.parametrize("method", ["DL", "REML"])
def test_diversity_agrees_with_the_reference(case, method):
    fit = pdt.pool(case["yi"], case["vi"], method=method, test="knha", measure="SMD")
    found = pdt.information_size(fit, minimal=0.24)
    assert_allclose(found.diversity, case[f"D2_{method}"], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "case", SIZES["obrien_fleming_boundaries"], ids=lambda case: str(len(case["timing"]))
)
def test_boundaries_agree_with_the_reference(case):
    """RTSA integrates on a grid: 1e-5."""
    assert_allclose(obrien_fleming_boundaries(case["timing"], 0.05), case["alpha_upper"], atol=1e-5)


def test_boundaries_spend_alpha_in_all():
    """Simulated: the chance to cross any is 0.05, to three standard errors."""
    t = np.array([0.3, 0.6, 0.8, 1.0])
    steps = np.random.default_rng(4).normal(0, np.sqrt(np.diff(t, prepend=0)), (400_000, 4))
    z = np.cumsum(steps, axis=1) / np.sqrt(t)
    assert abs((np.abs(z) >= obrien_fleming_boundaries(t, 0.05)).any(axis=1).mean() - 0.05) < 0.00105


def sized(held=(100.0, 80.0, 130.0)):
    columns = {"n_total": held, "year": [2001, 2000, 2005]}
    return pdt.pool([0.2, 0.5, 0.9], [0.04, 0.05, 0.03], measure="SMD", columns=columns)


def test_the_required_size_gives_the_fraction_1():
    required = pdt.information_size(sized(), minimal=0.24).required
    assert pdt.information_size(sized(), minimal=0.24, held=required).fraction == 1


def test_looks_follow_the_years_and_warn():
    found = pdt.information_size(sized(), minimal=0.5, boundaries=True)
    assert found.looks["study"].tolist() == ["2", "1", "3"]
    assert found.looks["held"].tolist() == [80, 180, 310]
    assert found.notes[-1].code == "sequential-caution"


def test_missing_sizes_are_counted_and_said():
    found = pdt.information_size(sized((100.0, np.nan, 130.0)), minimal=0.24)
    assert found.held == 230
    assert [note.code for note in found.notes] == ["sizes-missing"]
    with pytest.raises(pdt.EvidenceError, match="year and the size of every study"):
        pdt.information_size(sized((100.0, np.nan, 130.0)), minimal=0.24, boundaries=True)


def test_all_bad_requests_for_a_size_are_listed_at_once():
    with pytest.raises(pdt.EvidenceError) as found:
        pdt.information_size(pdt.pool([0.1, 0.2], [1, 1]), minimal=0, power=1, diversity=1)
    assert len(found.value.problems) == 4
