"""The multiverse where there is no effect: signs of whole trials at random, in every specification at once."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.multiverse import null
from pdt_evidence.analysis.multiverse.multiverse import multiverse
from pdt_evidence.analysis.multiverse.null_singly import refit_singly
from pdt_evidence.errors import RequestError

ROWS = pd.DataFrame(
    {
        "trial_id": list("AABBCDE"),
        "study": list("AABBCDE"),
        "outcome": "depression",
        "yi": [0.1, 0.5, 0.9, 0.3, -0.2, 0.6, 0.4],
        "vi": [0.04, 0.05, 0.03, 0.06, 0.09, 0.05, 0.02],
    }
)
GRID = {
    "method": ["REML", "DL", "EE"],
    "test": ["knha", "z"],
    "dependence": ["aggregate", "one-per-trial", "three-level", "che"],
    "rho": [0.3, 0.6],
}


def test_signs_of_trials_give_the_exact_p_of_a_sign_test():
    """Equal effects of equal size: of all 2^4 arrangements two are as far from 0 as that observed."""
    table = pd.DataFrame({"study": list("ABCDE"), "yi": [0.5] * 5, "vi": [0.1] * 5})
    found = multiverse(table, method=["EE", "DL"], test="z").null_test(32)
    assert (found.exact, found.draws, found.specifications) == (True, 32, 2)
    assert (found.median_p, found.stouffer_p) == (2 / 32, 2 / 32)
    assert_allclose(found.median, 0.5)


def test_the_null_keeps_specifications_and_trials_together():
    m = multiverse(ROWS, by="outcome", **GRID)["depression"]
    found, again = (m.null_test(99, seed=1) for _ in range(2))
    assert found == again
    assert (found.trials, found.draws, found.exact) == (5, 32, True)
    assert min(found.median_p, found.share_p, found.stouffer_p) >= 2 / 32


def test_what_takes_no_part_in_the_null_is_said_with_the_reason():
    table = pdt.trials(comparison="pdt_vs_control", outcome="suicidal_behaviour", follow_up="post")
    options = {"by": "outcome", "direction": "positive", "rho": [0.3, 0.7]}
    m = multiverse(table, bias=["none", "uwls", "pet-peese"], dependence=["che", "aggregate"], **options)
    found = m.null_test(19, seed=1)
    assert found.specifications == 4
    assert set(found.untested) == {
        f"adjusted for bias ({name}), each draw is a search of its own (one_by_one=True takes them in)"
        for name in ("uwls", "pet-peese")
    }
    assert found.specifications + sum(found.untested.values()) == len(m)
    assert "further take no part: adjusted for bias (uwls)" in found.summary()
    with pytest.raises(RequestError, match="No specification can be drawn anew: adjusted for bias"):
        multiverse(table, bias="uwls", **options).null_test(19)


def test_what_no_batch_covers_takes_part_in_the_null_when_it_is_asked_for():
    """The observed arrangement gives the numbers of the multiverse again; equal effects have the p of a sign test."""
    table = pd.DataFrame({"study": list("ABCD"), "yi": [0.5] * 4, "vi": [0.1, 0.2, 0.1, 0.2]})
    m = multiverse(table, bias=["none", "uwls", "waap-wls"], direction="positive", test="z")
    ones = np.ones((1, 4))
    again = refit_singly(m.pools, m.source, ones, m.level, m.direction, None, None)[0]
    assert_allclose(again, m.frame[["estimate", "p"]].to_numpy(dtype=float), rtol=1e-12)
    found = m.null_test(19, one_by_one=True)
    assert (found.specifications, found.exact, found.draws, found.untested) == (3, True, 16, {})
    assert (found.median_p, found.stouffer_p) == (2 / 16, 2 / 16)
    assert m.null_test(19).specifications == 1


def test_an_arrangement_without_any_estimate_shows_nothing():
    """It counts as 0, not as missing, which would make what is observed look rarer."""
    found = np.full((4, 2, 2), np.nan)
    found[0] = [[0.5, 0.01], [0.4, np.nan]]
    found[1] = [[-0.5, 0.01], [np.nan, np.nan]]
    compared = null._compared(found, {}, 2, True)
    assert (compared.median, compared.median_p, compared.draws) == (0.45, 0.5, 4)
    nothing = null._compared(np.full((4, 2, 2), np.nan), {}, 2, True)
    assert (nothing.median_p, nothing.share_p, nothing.stouffer_p) == (1.0, 1.0, 1.0)
