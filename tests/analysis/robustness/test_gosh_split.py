"""Which studies tell the clusters of GOSH apart, by study and by trial."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError

RNG = np.random.default_rng(2)
Y, V = np.array([*RNG.normal(0.3, 0.15, 8), 2.5]), np.full(9, 0.04)
TRIALS = list("aabcddeff")


def test_the_study_that_is_apart_tells_the_subsets_apart():
    split = pdt.gosh(Y, V, labels=[f"s{i}" for i in range(9)]).split()
    assert split.studies["label"].iloc[0] == "s8"
    assert split.studies["difference"].iloc[0] > 0.99
    assert split.means[0] < split.cut < split.means[1]
    assert "s8 tells the two apart: 100% of the upper subsets hold it, 0% of the lower." in split.summary()


def test_the_cut_is_the_best_of_all():
    found = pdt.gosh(Y[3:], V[3:])
    split, x = found.split(), np.sort(found.estimate)
    within = [x[:i].var() * i + x[i:].var() * (len(x) - i) for i in range(1, len(x))]
    assert 1 - split.explained == pytest.approx(min(within) / (x.var() * len(x)))
    assert split.sizes[0] == 1 + int(np.argmin(within))


def test_equal_estimates_have_nothing_to_tell_apart():
    split = pdt.gosh([0.2, 0.2, 0.2], [0.1, 0.1, 0.1]).split()
    assert np.isnan(split.cut)
    assert "nothing to tell apart" in split.summary()


def test_subsets_of_a_multilevel_fit_are_of_whole_trials():
    fit = pdt.pool_multilevel(Y, V, TRIALS, rho=0.5).with_robust()
    found = pdt.gosh(fit)
    assert (len(found), found.labels) == (63, tuple("abcdef"))
    at = int(np.flatnonzero(found.bitmask[:, 0] == 0b100001)[0])  # trials a and f
    kept = [one in "af" for one in TRIALS]
    alone = pdt.pool_multilevel(Y[kept], V[kept], list("aaff"), rho=0.5)
    assert found.k[at] == 2
    for name in ("estimate", "tau2", "I2", "Q"):
        assert_allclose(getattr(found, name)[at], getattr(alone, name), rtol=1e-6, err_msg=name)
    assert found.split().studies["label"].iloc[0] == "f"
    assert pdt.gosh(fit, sample=20, seed=1).estimate.shape == (20,)


def test_what_a_multilevel_fit_does_not_take_is_said():
    fit = pdt.pool_multilevel(Y, V, TRIALS, rho=0.5)
    with pytest.raises(EvidenceError, match="method: a multilevel fit is made again as it is"):
        pdt.gosh(fit, method="EE")
    with pytest.raises(EvidenceError, match="pools subsets of the trials, and this fit has one"):
        pdt.gosh(pdt.pool_multilevel([0.1, 0.2], [0.1, 0.1], ["a", "a"]))
