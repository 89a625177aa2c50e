"""From a pooled result, or from printed numbers, to a verdict in the field's words."""

import math

import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.conclusions.equivalence import (
    CUIJPERS_2014,
    STEINERT_2017,
    VERDICTS,
    equivalence,
    equivalence_from_interval,
    equivalence_power,
    k_needed,
)
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.results import PooledEffect

STEINERT_PRINTED = (-0.153, (-0.227, -0.079), 0.90)  # doi:10.1176/appi.ajp.2017.17010057, abstract


def fit_with_interval(low, high, df=math.nan):
    """A result whose 90% interval is low to high."""
    from pdt_evidence.models.equivalence import critical_value

    se = (high - low) / 2 / float(critical_value(0.05, df))
    return PooledEffect(estimate=(low + high) / 2, se=se, df=df)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.30, 0.60, "superior beyond the margin"),
        (0.10, 0.40, "superior"),
        (0.05, 0.20, "equivalent, trivially better"),
        (-0.10, 0.20, "equivalent"),
        (-0.20, -0.05, "equivalent, trivially worse"),
        (-0.20, 0.30, "non-inferior"),
        (-0.30, 0.20, "non-superior"),
        (0.01, 0.40, "not equivalent; possibly better"),
        (0.005, 0.20, "equivalent, possibly trivially better"),
        (-0.20, -0.005, "equivalent, possibly trivially worse"),
        (-0.40, -0.01, "not equivalent; possibly worse"),
        (-0.40, -0.10, "inferior"),
        (-0.60, -0.30, "inferior beyond the margin"),
        (-0.30, 0.30, "inconclusive"),
    ],
)
def test_where_the_interval_lies_decides_the_verdict(low, high, verdict):
    """Every row of the table of verdicts, for Wald and for t intervals, and its mirror image."""
    for df in (math.nan, 7.0):
        result = equivalence(fit_with_interval(low, high, df), margin=0.25)
        assert result.verdict == verdict
        assert_allclose(result.ci90, (low, high), atol=1e-12)
        mirrored = equivalence(fit_with_interval(-high, -low, df), margin=0.25, better="lower")
        assert mirrored.verdict == verdict
        assert (mirrored.superior, mirrored.inferior) == (result.superior, result.inferior)


def test_worse_is_said_only_where_both_intervals_exclude_0_and_both_are_printed():
    """The pool against CBT of an earlier state: 90% below 0, 95% holds 0."""
    result = equivalence(PooledEffect(estimate=-0.1736, se=0.0950, df=12.0), margin=0.25)
    assert result.ci90[1] < 0 < result.ci95[1]
    assert result.verdict == "not equivalent; possibly worse"
    assert "90% interval -0.343 to -0.004, 95% interval -0.381 to 0.033" in result.summary()
    assert result.to_dict()["ci95"] == list(result.ci95)
    assert result.to_frame()["ci95_high"].item() == result.ci95[1]


def test_every_verdict_has_its_meaning_and_its_case():
    cases = test_where_the_interval_lies_decides_the_verdict.pytestmark[0].args[1]
    assert {case[2] for case in cases} == set(VERDICTS)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.01, 0.40, "not equivalent; possibly better"),
        (-0.40, -0.01, "not equivalent; possibly worse"),
        (0.01, 0.20, "equivalent, possibly trivially better"),
        (-0.20, -0.01, "equivalent, possibly trivially worse"),
        (0.26, 6.0, "not equivalent; possibly better"),
        (-6.0, -0.26, "not equivalent; possibly worse"),
    ],
)
def test_no_difference_is_named_where_the_usual_interval_holds_0(low, high, verdict):
    result = equivalence(fit_with_interval(low, high), margin=0.25)
    assert result.p_difference > 0.05
    assert result.verdict == verdict
    assert not result.superior
    assert not result.inferior


def test_the_claims_agree_with_one_another():
    result = equivalence(fit_with_interval(-0.2, -0.05), margin=0.25)
    assert result.equivalent
    assert result.non_inferior
    assert result.inferior
    assert not result.superior


def test_steinert_2017_is_equivalent_within_its_margin_and_yet_different_from_zero():
    """The printed estimate and 90% interval give the printed verdict, and say what it leaves out."""
    result = equivalence_from_interval(*STEINERT_PRINTED, margin=STEINERT_2017)
    assert result.margin == 0.25
    assert result.equivalent
    assert result.verdict == "equivalent, trivially worse"
    assert_allclose(result.ci90, (-0.227, -0.079), atol=5e-4)
    assert result.p < 0.05
    assert result.p_difference < 0.001
    assert_allclose(result.smallest_margin, 0.227, atol=5e-4)


def test_steinert_2017_passes_the_minimal_important_difference_of_depression_too():
    result = equivalence_from_interval(*STEINERT_PRINTED, margin=CUIJPERS_2014)
    assert result.equivalent
    assert not equivalence_from_interval(*STEINERT_PRINTED, margin=0.22).equivalent


def test_a_misprinted_interval_is_refused_and_the_likely_sign_named():
    """Steinert 2017 prints -0.137 to -0.038 around -0.049 for the follow-up."""
    with pytest.raises(EvidenceError, match=r"not the centre .* -0\.137 to 0\.038 would fit"):
        equivalence_from_interval(-0.049, (-0.137, -0.038), 0.90, margin=STEINERT_2017)
    fixed = equivalence_from_interval(-0.049, (-0.137, 0.038), 0.90, margin=STEINERT_2017)
    assert fixed.verdict == "equivalent"


def test_rounding_of_the_printed_numbers_is_no_misprint():
    """The authors' reply prints -0.12 with -0.20 to -0.05: off-centre by half a unit of the last digit."""
    result = equivalence_from_interval(-0.12, (-0.20, -0.05), 0.90, margin=STEINERT_2017)
    assert result.equivalent
    with pytest.raises(EvidenceError, match="not the centre"):
        equivalence_from_interval(-0.10, (-0.20, -0.05), 0.90, margin=STEINERT_2017)


def test_the_level_of_a_printed_interval_is_used():
    """A 95% interval is narrower at 90%."""
    at_95 = equivalence_from_interval(0.0, (-0.28, 0.28), 0.95, margin=0.25)
    at_90 = equivalence_from_interval(0.0, (-0.28, 0.28), 0.90, margin=0.25)
    assert at_95.equivalent
    assert at_90.verdict == "inconclusive"


def test_a_t_interval_is_wider_than_a_wald_interval_with_the_same_standard_error():
    wald = equivalence(PooledEffect(estimate=-0.1, se=0.08), margin=0.25)
    hartung_knapp = equivalence(PooledEffect(estimate=-0.1, se=0.08, df=4.0), margin=0.25)
    assert wald.equivalent
    assert hartung_knapp.verdict == "non-superior"
    assert hartung_knapp.smallest_margin > wald.smallest_margin


def test_every_margin_above_the_smallest_is_passed_and_none_below():
    fit = PooledEffect(estimate=-0.1, se=0.08, df=4.0)
    smallest = equivalence(fit, margin=0.25).smallest_margin
    assert equivalence(fit, margin=smallest * 1.0001).p < 0.05
    assert equivalence(fit, margin=smallest * 0.9999).p > 0.05


def test_an_interval_that_estimate_and_se_do_not_make_is_refused():
    """A profile interval, say, has no se from which another level follows."""
    fit = PooledEffect(estimate=0.1, se=0.05, ci=(-0.2, 0.4), level=0.95)
    with pytest.raises(RequestError, match="is not its estimate plus or minus a quantile"):
        equivalence(fit, margin=0.25)


def test_the_own_interval_of_a_wald_fit_is_recognised():
    half = 0.05 * 1.959963984540054
    fit = PooledEffect(estimate=0.1, se=0.05, ci=(0.1 - half, 0.1 + half))
    assert equivalence(fit, margin=0.25).verdict == "equivalent, trivially better"


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"margin": 0.0}, "margin = 0.0 must be above 0"),
        ({"margin": math.nan}, "margin = nan must be above 0"),
        ({"margin": 0.25, "alpha": 0.5}, "alpha = 0.5 must be a number between 0 and 0.5"),
        ({"margin": 0.25, "better": "up"}, "better = 'up' is not known"),
    ],
)
def test_a_request_out_of_range_is_refused(kwargs, said):
    with pytest.raises(RequestError, match=said):
        equivalence(PooledEffect(estimate=0.0, se=0.1), **kwargs)


def test_a_result_without_an_estimate_is_refused():
    with pytest.raises(RequestError, match="needs an estimate with se > 0"):
        equivalence(PooledEffect(), margin=0.25)


def test_printed_limits_must_ascend_and_have_a_level():
    with pytest.raises(EvidenceError, match="must be finite and ascending"):
        equivalence_from_interval(0.0, (0.1, -0.1), 0.9, margin=0.25)
    with pytest.raises(RequestError, match="level = 90 must be a number between 0 and 1"):
        equivalence_from_interval(0.0, (-0.1, 0.1), 90, margin=0.25)


def test_power_grows_with_k_and_falls_with_heterogeneity():
    powers = [equivalence_power(margin=STEINERT_2017, k=k, tau2=0.05, vi=0.05) for k in (4, 8, 16, 32)]
    assert powers == sorted(powers)
    assert equivalence_power(margin=0.25, k=16, tau2=0.1, vi=0.05) < powers[2]
    assert k_needed(margin=0.25, tau2=0.1, vi=0.05) > k_needed(margin=0.25, tau2=0.0, vi=0.05)


def test_more_studies_are_needed_with_an_estimated_standard_error():
    z, t = (k_needed(margin=0.25, tau2=0.05, vi=0.05, test=test) for test in ("z", "knha"))
    assert t > z


def test_requests_about_power_are_checked():
    with pytest.raises(RequestError, match="k = 1 is too few"):
        equivalence_power(margin=0.25, k=1, tau2=0.0, vi=0.1)
    with pytest.raises(RequestError, match=r"tau2 = -1\.0 must be a variance of at least 0"):
        k_needed(margin=0.25, tau2=-1.0, vi=0.1)
    with pytest.raises(RequestError, match="power = 80 must be a number between 0 and 1"):
        k_needed(margin=0.25, tau2=0.0, vi=0.1, power=80)


def test_the_result_formats_itself():
    result = equivalence_from_interval(*STEINERT_PRINTED, margin=STEINERT_2017)
    assert "Verdict: equivalent, trivially worse" in result.summary()
    assert "doi:10.1176/appi.ajp.2017.17010057" in result.summary()
    assert result.to_dict()["df"] is None
    assert result.to_frame().loc[0, "ci_low"] == result.ci[0]


@pytest.mark.parametrize("test", ["z", "t", "knha", "adhoc", "adhoc-ci"])
def test_a_pooled_result_is_tested_with_its_own_interval(test):
    """At alpha = 0.025 the 1 - 2 alpha interval is the 95% interval that pool gives."""
    from pdt_evidence.analysis.pooled.pooling import pool

    fit = pool([0.1, -0.2, 0.05, 0.3, -0.1], [0.02, 0.03, 0.05, 0.04, 0.02], test=test)
    result = equivalence(fit, margin=0.5, alpha=0.025)
    assert_allclose(result.ci, fit.ci, rtol=1e-9)
    assert_allclose(result.p_difference, fit.p, rtol=1e-9)
