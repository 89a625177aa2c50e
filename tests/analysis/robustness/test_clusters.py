"""Leaving out trials that have several effects each: a batch equals a loop, one effect a trial the plain case."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError

RNG = np.random.default_rng(1)
Y, V = RNG.normal(0.4, 0.4, 12), RNG.uniform(0.02, 0.1, 12)
CLUSTER = list("aabbbcddefgg")
NAMES = list(dict.fromkeys(CLUSTER))


def che(**options):
    return pdt.pool_multilevel(Y, V, CLUSTER, rho=0.6, **options).with_robust()


def test_with_one_effect_a_trial_every_diagnostic_is_that_of_the_study():
    fits = [pdt.pool_multilevel(Y, V, list("abcdefghijkl"), rho=0.6, test="z"), pdt.pool(Y, V, test="z")]
    clusters, studies = (pdt.influence(fit) for fit in fits)
    for name in ("rstudent", "dffits", "cook_d", "cov_r", "tau2_del", "Q_del", "hat", "weight", "dfbetas"):
        assert_allclose(getattr(clusters, name), getattr(studies, name), rtol=1e-8, atol=1e-12, err_msg=name)
    for name in ("estimate", "se", "tau2", "I2", "H2", "Q", "Q_p", "ci"):
        one, other = (getattr(found.leave_one_out, name) for found in (clusters, studies))
        assert_allclose(one, other, rtol=1e-8, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("test", ["CR2", "t", "z"])
def test_the_batch_is_a_loop_of_fits_without_each_trial(test):
    fit = che() if test == "CR2" else pdt.pool_multilevel(Y, V, CLUSTER, rho=0.6, test=test)
    left = pdt.leave_one_out(fit)
    assert left.labels == tuple(NAMES)
    for at, name in enumerate(NAMES):
        kept = np.array([one != name for one in CLUSTER])
        rest = [one for one in CLUSTER if one != name]
        alone = pdt.pool_multilevel(Y[kept], V[kept], rest, rho=0.6, test="z" if test == "z" else "t")
        alone = alone.with_robust() if test == "CR2" else alone
        for number in ("k", "estimate", "se", "df", "ci", "pi", "tau2", "I2", "Q"):
            assert_allclose(getattr(left, number)[at], getattr(alone, number), rtol=1e-6, err_msg=number)


def test_rows_that_share_an_arm_keep_their_covariance():
    """The fit of a table has more than rho; without a trial the others have it still."""
    table = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    table = table[table["yi"].notna()]
    fit = pdt.synthesize(table, dependence="che")["depression", "post"]
    left = pdt.leave_one_out(fit)
    without = table[table["trial_id"] != fit.cluster[0]]
    assert_allclose(
        left.estimate[0], pdt.synthesize(without, dependence="che")["depression", "post"].estimate, rtol=1e-6
    )
    assert left.labels[0] == fit.labels[0]


@pytest.mark.parametrize("function", [pdt.influence, pdt.leave_one_out])
def test_what_cannot_be_left_out_is_said(function):
    lone = pdt.pool_multilevel([0.1, 0.2], [0.1, 0.1], ["a", "a"])
    with pytest.raises(EvidenceError, match="this fit has one; without it nothing is left"):
        function(lone)
    given = pdt.pool_multilevel([0.1, 0.2], [0.1, 0.1], ["a", "b"], V={"a": [[0.1]], "b": [[0.1]]})
    with pytest.raises(EvidenceError, match="given a V that it does not keep"):
        function(given)
    with pytest.raises(EvidenceError, match="method: a multilevel fit is made again as it is"):
        function(che(), method="DL")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (pdt.trim_and_fill, "the trials that it fills in would have one effect each"),
        (pdt.rank_test, "ranks take every effect for a study of its own"),
    ],
)
def test_what_has_no_form_for_dependent_effects_says_so(function, said):
    with pytest.raises(EvidenceError, match=said):
        function(che())


def test_the_regression_test_of_a_multilevel_fit_is_cluster_robust():
    assert pdt.regression_test(che()).model == "che"


def test_a_covariance_that_is_given_is_that_of_its_rho():
    sd, same = np.sqrt(V), np.equal.outer(CLUSTER, CLUSTER)
    covariance = np.where(same, 0.6, 0.0) * np.outer(sd, sd)
    effects = np.where(RNG.random((40, 12)) < 0.2, np.nan, Y)
    one = pdt.pool_multilevel_many(effects, V, CLUSTER, rho=0.6)
    other = pdt.pool_multilevel_many(effects, V, CLUSTER, V=covariance)
    for name in ("estimate", "se", "tau2"):
        assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-7, atol=1e-10)
    assert_allclose(other.robust.se, one.robust.se, rtol=1e-7)
    with pytest.raises(EvidenceError, match="Give rho or V, not both"):
        pdt.pool_multilevel_many(effects, V, CLUSTER, rho=0.6, V=covariance)
    with pytest.raises(EvidenceError, match="V has the shape"):
        pdt.pool_multilevel_many(effects, V, CLUSTER, V=covariance[1:])
