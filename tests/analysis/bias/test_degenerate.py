"""What tells nothing gives no number: equal effects, equal variances, intervals without an end."""

import numpy as np
import pytest

import pdt_evidence as pdt

V = np.linspace(0.02, 0.1, 12)


@pytest.mark.parametrize("model", ["random", "wls"])
def test_equal_effects_are_not_tested_for_asymmetry(model):
    found = pdt.regression_test(np.full(12, 0.3), V, model=model)
    assert np.isnan([found.slope, found.p]).all()
    assert "it needs 3 studies of unequal precision and effect" in found.summary()


@pytest.mark.parametrize("how", [{"model": "random"}, {"model": "wls"}, {"cluster": np.arange(12) // 2}])
def test_effects_on_one_line_leave_nothing_to_judge_it_by(how):
    found = pdt.regression_test(0.2 + 3 * np.sqrt(V), V, **how)
    assert np.isclose(found.slope, 3)
    assert np.isnan([found.slope_se, found.statistic, found.p]).all()
    assert "not all on one line" in found.summary()


def test_an_estimate_beyond_every_effect_is_named():
    """Selection models and lines extrapolate: what no trial shows is said to be that."""
    yi, vi = np.full(12, 0.3) + np.tile([0.01, -0.01], 6), np.linspace(0.02, 0.3, 12)
    found = pdt.bias(yi, vi)
    outside = [row.method for row in found.rows if row.estimate > 0.31 or row.estimate < 0.29]
    assert "selection model, beta" in outside
    assert any(f"(0.2900 to 0.3100): {', '.join(outside)}." in note for note in found.notes)
    assert "outside of all effects observed" in pdt.selection_model(yi, vi, kind="beta").summary()
    assert "utside of all effects" not in pdt.bias(np.tile([-2.0, 2.0, 0.4], 4), vi).summary()


def test_averages_of_independent_effects_are_silent_where_trials_have_several():
    """UWLS of 12 effects of one trial had an interval as of 12 trials, without a word in bias()."""
    yi, vi = np.linspace(0.1, 0.9, 12), np.linspace(0.03, 0.2, 12)
    found = pdt.pet_peese(yi, vi, cluster=["a"] * 4 + ["b"] * 4 + ["c"] * 4)
    for row in (found.uwls, found.waap):
        assert np.isnan([row.estimate, row.se, row.p]).all()
        assert row.why == "it takes every effect as independent, and here trials have several"
    assert not np.isnan(pdt.pet_peese(yi, vi).uwls.se)


def test_too_few_studies_for_a_funnel_have_a_reason():
    filled = pdt.trim_and_fill([0.4, 0.2], [0.05, 0.03])
    assert np.isnan([filled.estimate, filled.se, filled.tau2]).all()
    assert "needs 3 studies, and there are 2" in repr(filled)
    assert "there is 1" in pdt.trim_and_fill([0.4], [0.05]).why
    assert "needs 3 studies" in pdt.rank_test([0.4, 0.2], [0.05, 0.03]).why
    assert pdt.rank_test([0.9, 0.6, 0.5], [0.2, 0.1, 0.05]).why == ""


def test_pet_of_effects_on_one_line_has_no_error():
    pet = pdt.pet_peese(0.2 + 3 * np.sqrt(V), V).to_frame().iloc[0]
    assert np.isclose(pet["estimate"], 0.2)
    assert np.isnan([pet["se"], pet["ci_low"], pet["ci_high"], pet["p"]]).all()


@pytest.mark.parametrize(("y", "v"), [(np.full(12, 0.3), V), (V, np.full(12, 0.05))])
def test_ranks_of_equal_numbers_are_not_tested(y, v):
    found = pdt.rank_test(y, v)
    assert np.isnan([found.tau, found.p]).all()


def test_one_trial_is_counted_as_one():
    assert pdt.bias([0.3], [0.1]).why == "1 trial is fewer than 10: nothing is corrected for bias."


def test_a_mean_that_the_data_do_not_bound_is_said():
    rng = np.random.default_rng(3)
    v = rng.uniform(0.02, 0.1, 12)
    found = pdt.selection_model(rng.normal(0.4, np.sqrt(v)), np.full(12, 0.05), kind="beta")
    assert found.ci == (-np.inf, np.inf)
    assert (
        "The data do not bound the mean on either side: the estimate is hardly told by them." in found.notes
    )
