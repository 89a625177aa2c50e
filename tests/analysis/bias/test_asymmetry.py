"""Entry points to small-study effects; their numbers are held to metafor's in tests/models."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.models.bias import small_study

YI, VI = np.array([0.9, 0.6, 0.5, 0.3, 0.2]), np.array([0.20, 0.10, 0.05, 0.02, 0.02])


def test_a_pooled_effect_and_its_numbers_give_the_same():
    fit = pdt.pool(YI, VI, method="DL", test="z")
    assert pdt.regression_test(fit) == pdt.regression_test(YI, VI) == small_study.regression_test(YI, VI)
    found, again = pdt.trim_and_fill(fit), pdt.trim_and_fill(YI, VI, method="DL", test="z")
    assert (found.k0, found.estimate, found.ci) == (again.k0, again.estimate, again.ci)
    assert_allclose(found.estimate, small_study.trim_and_fill(YI, VI, method="DL").estimate)


def test_filled_studies_are_drawn():
    fit = pdt.pool(YI, VI)
    ax = pdt.funnel(fit, filled=pdt.trim_and_fill(fit, side="left"), regression=pdt.regression_test(fit))
    assert ax.figure is not None


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(RequestError, match="side = 'up' is not known"):
        pdt.trim_and_fill(YI, VI, side="up")
    with pytest.raises(RequestError, match="estimator = 'Q0' is not known"):
        pdt.trim_and_fill(YI, VI, estimator="Q0")
    with pytest.raises(EvidenceError, match="vi"):
        pdt.regression_test(YI, -VI)


@pytest.mark.parametrize("test", ["t", "z", "CR2"])
@pytest.mark.parametrize(
    "entry_point",
    [pdt.trim_and_fill, pdt.regression_test, pdt.leave_one_out, pdt.cumulative, pdt.influence],
    ids=lambda one: one.__name__,
)
def test_a_multilevel_fit_is_refused_in_its_own_words(entry_point, test):
    """Whatever its test: never over an option that nobody has given."""
    clustered = pdt.pool_multilevel(YI, VI, [1, 1, 2, 3, 4], rho=0.5, test="z" if test == "z" else "t")
    clustered = clustered.with_robust() if test == "CR2" else clustered
    with pytest.raises(RequestError, match="model with several effects a trial"):
        entry_point(clustered)
