"""What an effect comes to in people and in points."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests.reference import load

import pdt_evidence as pdt
from pdt_evidence.models import responders

REFERENCE = load("responder", cases=2)["cases"]
CONVERSIONS = REFERENCE[0]["cases"]


def fit_of(d, se=0.1, measure="SMD", **options):
    return pdt.PooledEffect(
        k=9, measure=measure, estimate=d, se=se, ci=(d - 2 * se, d + 2 * se), tau2=0.04, **options
    )


@pytest.mark.parametrize("case", CONVERSIONS, ids=lambda case: f"{case['d']}-{case['cer']}")
def test_conversions_agree_with_the_reference(case):
    """Closed forms: to 1e-10."""
    found = pdt.absolute(fit_of(case["d"]), control_rate=case["cer"], sd=9)
    pairs = {
        "rate": "eer_furukawa",
        "nnt": "nnt_furukawa",
        "nnt_without_rate": "nnt_kraemer_kupfer",
        "difference": "rd",
        "cles": "cles",
        "u3": "u3",
        "overlap": "overlap",
        "points": "bdi_like_points_sd9",
    }
    for name, key in pairs.items():
        assert_allclose(getattr(found, name), case[key], rtol=1e-10, err_msg=name)


def test_shares_above_a_threshold_agree_with_the_reference():
    for case in REFERENCE[1]["cases"]:
        for row in case["dist"]:
            fit = pdt.PooledEffect(estimate=row["mu"], tau2=row["tau"] ** 2, k=1)
            assert_allclose(fit.beyond(case["mid"]).share, row["prop_above_mid_normal"], rtol=1e-10)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.41, 0.5, 0.9])
@pytest.mark.parametrize("d", [-0.8, -0.1, 0.3, 1.2])
def test_a_rate_and_its_complement_mirror(d, rate):
    """Who responds at one rate does not respond at the other, and benefit becomes harm."""
    one, other = (
        pdt.absolute(fit_of(d), control_rate=rate),
        pdt.absolute(fit_of(-d), control_rate=1 - rate),
    )
    assert_allclose(one.difference, -other.difference, atol=1e-14)
    assert_allclose(one.rate_ci, [1 - value for value in other.rate_ci[::-1]], atol=1e-14)


def test_no_effect_needs_infinitely_many_patients():
    assert pdt.absolute(fit_of(0.0), control_rate=0.3).nnt == np.inf
    found = [pdt.absolute(fit_of(d), control_rate=0.3).nnt for d in (0.1, 0.01, 0.001)]
    assert found[0] < found[1] < found[2]
    assert found[2] > 1000


def test_the_interval_of_the_nnt_runs_through_infinity_where_the_effect_crosses_no_effect():
    found = pdt.absolute(fit_of(0.1, se=0.1), control_rate=0.3)
    assert found.disjoint
    assert found.nnt_ci[0] > 0 > found.nnt_ci[1]
    assert "to infinity to NNTH" in found.summary()
    sure = pdt.absolute(fit_of(0.5, se=0.1), control_rate=0.3)
    assert not sure.disjoint
    assert 0 < sure.nnt_ci[0] < sure.nnt < sure.nnt_ci[1]


def test_the_mean_rate_is_the_mean_over_the_true_effects():
    """By simulation, to three standard errors."""
    effects = np.random.default_rng(1).normal(0.4, 0.5, 400_000)
    rates = responders.response_rate(effects, 0.2)
    assert abs(rates.mean() - responders.mean_response_rate(0.4, 0.25, 0.2)) < 3 * rates.std() / 400_000**0.5


def test_a_pool_that_varies_says_that_its_nnt_is_no_mean():
    assert "mean-effect" in [note.code for note in pdt.absolute(fit_of(0.4), control_rate=0.2).notes]


@pytest.mark.parametrize(
    ("measure", "estimate", "rate"), [("OR", np.log(2), 0.4), ("RR", np.log(1.5), 0.375), ("RD", 0.1, 0.35)]
)
def test_ratios_turn_the_rate_itself(measure, estimate, rate):
    start = 0.25
    expected = {"OR": 2 / 3 / (1 + 2 / 3), "RR": rate, "RD": rate}[measure]
    found = pdt.absolute(fit_of(estimate, measure=measure), control_rate=start)
    assert found.rate == pytest.approx(expected)
    assert np.isnan(found.cles)


@pytest.fixture(scope="module")
def depression():
    table = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    return table, pdt.pool(
        [0.2, 0.5, 0.9],
        [0.04, 0.05, 0.03],
        measure="SMD",
        stratum={"comparison": "pdt_vs_control", "outcome": "depression", "follow_up": "post"},
    )


def test_rates_and_sds_come_from_held_control_arms_and_name_their_rows(depression):
    table, fit = depression
    found = pdt.absolute(fit, instrument="HDRS-17")
    arms = table[table["row_id"].isin(found.control_arms.row_ids)]
    assert arms["event_label"].str.startswith("response").all()
    assert arms["trial_id"].is_unique
    assert found.control_rate == pytest.approx(arms["event_c"].sum() / arms["n_c"].sum())
    spread = pdt.trials().set_index("row_id").loc[list(found.sd_arms.row_ids)]
    weights = spread["n_c"] - 1
    assert found.sd_arms.value == pytest.approx(
        np.sqrt((weights * spread["sd_c"] ** 2).sum() / weights.sum())
    )
    assert set(spread["instrument"]) == {"HDRS-17"}


def test_without_held_arms_rates_are_not_known_and_a_note_says_so():
    found = pdt.absolute(fit_of(0.3))
    assert np.isnan([found.rate, found.nnt]).all()
    assert np.isfinite(found.nnt_without_rate)
    assert found.notes[0].code == "no-control-rate"


def test_bad_requests_are_refused_in_words():
    with pytest.raises(pdt.EvidenceError) as found:
        pdt.absolute(fit_of(0.3), control_rate=1.0, sd=0)
    assert len(found.value.problems) == 2
    with pytest.raises(pdt.EvidenceError, match=r"HDRS-18.*Did you mean 'HDRS-17'\?.*Give sd="):
        pdt.absolute(fit_of(0.3), instrument="HDRS-18")
    with pytest.raises(pdt.EvidenceError, match=r"'GEN'.*measure='SMD'"):
        pdt.absolute(fit_of(0.3, measure="GEN"), control_rate=0.3)


@pytest.mark.parametrize(
    ("comparison", "said"),
    [
        (
            "pdt_vs_control",
            ["Response with PDT:", "A patient with PDT does better than one of the control arm"],
        ),
        ("pdt_vs_cbt", ["Response with CBT:", "Patients with CBT below the average with PDT"]),
        ("", ["Response in arm 1:", "A patient of arm 1 does better than one of the control arm"]),
    ],
)
def test_arms_have_the_names_of_what_was_compared(comparison, said):
    """By the stratum, or by its rows where all are of one comparison; else general names."""
    fit = pdt.pool([0.2, 0.5, 0.9], [0.04, 0.05, 0.03], measure="SMD")
    for named in (
        replace(fit, stratum={"comparison": comparison} if comparison else {}),
        replace(fit, columns={"comparison": (comparison,) * 3} if comparison else {}),
    ):
        text = pdt.absolute(named, control_rate=0.2).summary()
        assert all(words in text for words in said)
