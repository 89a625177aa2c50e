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
