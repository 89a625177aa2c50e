"""Subsets: the same numbers as the engine gives one at a time, fairly drawn, however split."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from pdt_evidence.models.gosh import GOSH_METHODS, all_subsets, holds, pool_subsets, sample_subsets
from pdt_evidence.models.pool import Options, fit

NAMES = ("k", "estimate", "tau2", "I2", "Q")


def studies(k, seed=1):
    rng = np.random.default_rng(seed)
    vi = rng.uniform(0.01, 0.4, k)
    return rng.normal(0.3, np.sqrt(vi + 0.1)), vi


def present(masks, k):
    return np.stack([holds(masks, i) for i in range(k)], axis=1)


def one_by_one(yi, vi, masks, method):
    return [
        fit(yi[here], vi[here], Options(method=method, test="z", tau2_ci_method=None))
        for here in present(masks, yi.size)
    ]


def test_all_subsets_are_each_there_once():
    here = {tuple(np.flatnonzero(row)) for row in present(all_subsets(6), 6)}
    assert here == {chosen for size in range(1, 7) for chosen in combinations(range(6), size)}
    assert len(all_subsets(6)) == 63


@pytest.mark.parametrize("method", GOSH_METHODS)
def test_every_subset_has_the_engines_numbers(method):
    """Nine studies need two tables of eight, so the merge of tables is part of it."""
    yi, vi = studies(9)
    masks = all_subsets(9)
    fits = pool_subsets(yi, vi, masks, method)
    wanted = one_by_one(yi, vi, masks, method)
    for name in NAMES:
        want = np.array([getattr(one, name) for one in wanted], dtype=float)
        assert_allclose(getattr(fits, name), want, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("method", GOSH_METHODS)
def test_unequal_variances_far_from_zero_lose_no_digits(method):
    """Sums of squares would cancel here: Q is a tiny part of the sum of w y**2."""
    yi, vi = studies(10)
    vi[::3] *= 1e-6
    yi = 1e3 + yi * np.sqrt(vi)
    masks = sample_subsets(10, 100, np.random.default_rng(2))
    fits, wanted = pool_subsets(yi, vi, masks, method), one_by_one(yi, vi, masks, method)
    for name in ("estimate", "Q", "tau2"):
        want = np.array([getattr(one, name) for one in wanted])
        assert_allclose(getattr(fits, name), want, rtol=1e-9, atol=1e-12 * vi.min(), err_msg=name)


@pytest.mark.parametrize("scale", [2.0**-300, 2.0**300])
@pytest.mark.parametrize("method", GOSH_METHODS)
def test_any_unit_of_the_effects_will_do(method, scale):
    yi, vi = studies(9)
    plain = pool_subsets(yi, vi, all_subsets(9), method)
    scaled = pool_subsets(yi * scale, vi * scale**2, all_subsets(9), method)
    assert_allclose(scaled.estimate / scale, plain.estimate, rtol=1e-12)
    assert_allclose(scaled.tau2 / scale**2, plain.tau2, rtol=1e-9, atol=1e-12)
    assert_allclose(scaled.Q, plain.Q, rtol=1e-12, atol=1e-12)
    assert_allclose(scaled.I2, plain.I2, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("k", [40, 64, 65, 130])
@pytest.mark.parametrize("method", GOSH_METHODS)
def test_samples_of_many_studies_have_the_engines_numbers(k, method):
    yi, vi = studies(k)
    masks = sample_subsets(k, 50, np.random.default_rng(3))
    fits, wanted = pool_subsets(yi, vi, masks, method), one_by_one(yi, vi, masks, method)
    for name in NAMES:
        want = np.array([getattr(one, name) for one in wanted], dtype=float)
        assert_allclose(getattr(fits, name), want, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize(
    ("k", "n"), [(4, 15), (4, 7), (10, 100), (10, 400), (33, 5000), (70, 5000), (128, 50)]
)
def test_a_sample_is_distinct_not_empty_and_of_the_size_asked_for(k, n):
    masks = sample_subsets(k, n, np.random.default_rng(4))
    assert masks.shape == (n, -(-k // 64))
    here = present(masks, k)
    assert len(np.unique(here, axis=0)) == n
    assert here.any(axis=1).all()
    words = "".join(f"{word:064b}" for word in masks[0, ::-1])
    assert words[:-k].strip("0") == ""  # no bit beyond the studies


@pytest.mark.parametrize(("k", "n"), [(4, 4), (6, 2)])
def test_every_subset_is_as_likely_as_any_other(k, n):
    """Both ways of drawing: from a permutation, and with repeats thrown away."""
    draws, most = 6000, 2**k - 1
    rng = np.random.default_rng(5)
    firsts, counts = Counter(), Counter()
    for _ in range(draws):
        drawn = sample_subsets(k, n, rng)[:, 0].tolist()
        firsts[drawn[0]] += 1
        counts.update(drawn)
    for counter, mean in ((counts, draws * n / most), (firsts, draws / most)):
        assert len(counter) == most
        statistic = sum((count - mean) ** 2 / mean for count in counter.values())
        assert statistic < most + 6 * np.sqrt(2 * most)  # chi-squared with about `most` degrees of freedom


@pytest.mark.parametrize("method", GOSH_METHODS)
def test_the_numbers_do_not_depend_on_who_computes_them(method):
    yi, vi = studies(16)
    masks = all_subsets(15)
    alone = pool_subsets(yi[:15], vi[:15], masks, method)
    with ThreadPoolExecutor(2) as executor:
        threads = pool_subsets(yi[:15], vi[:15], masks, method, executor)
    for name in NAMES:
        assert_array_equal(getattr(threads, name), getattr(alone, name), err_msg=name)


def test_progress_adds_up():
    done = []
    pool_subsets(*studies(14), all_subsets(14), "EE", progress=done.append)
    assert sum(done) == 2**14 - 1
    assert len(done) == 2
