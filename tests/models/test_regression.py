"""Meta-regression on arrays: the projection against its definition, the maximum, the permutations."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.models import regression
from pdt_evidence.models.estimators import REGRESSION_METHODS, regression_tau2
from pdt_evidence.models.permutation import _multiset_permutations, count_arrangements, permutation_test
from thorough import cases


def problem(seed, k=12, p=3):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(k), rng.normal(size=(k, p - 1))])
    vi = rng.uniform(0.02, 0.4, k)
    return X, rng.normal(0, np.sqrt(vi + 0.1 * (seed % 2))), vi


def dense_likelihood(X, y, vi, tau2, restricted):
    W = np.diag(1 / (vi + tau2))
    XWX = X.T @ W @ X
    P = W - W @ X @ np.linalg.inv(XWX) @ X.T @ W
    k, p = X.shape
    value = -0.5 * (np.log(vi + tau2).sum() + y @ P @ y)
    if not restricted:
        return value - 0.5 * k * np.log(2 * np.pi)
    logdets = np.linalg.slogdet(X.T @ X)[1] - np.linalg.slogdet(XWX)[1]
    return value - 0.5 * (k - p) * np.log(2 * np.pi) + 0.5 * logdets


@pytest.mark.parametrize("restricted", [True, False])
def test_likelihood_is_the_one_of_the_definition(restricted):
    X, y, vi = problem(1)
    Q = regression.basis(X)[0]
    found = regression.log_likelihood(Q[None], y[None], vi, np.array([0.13]), restricted)
    assert_allclose(found, dense_likelihood(X, y, vi, 0.13, restricted), rtol=1e-12)


@pytest.mark.random
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_a_fine_grid_never_finds_a_better_tau2(method):
    """Few studies: there the likelihood may fall from 0 and rise to a higher hill further on."""
    ladder = np.concatenate([[0.0], np.geomspace(1e-5, 10, 400)])
    behind_a_dip = 0
    for seed in range(cases(100, 400)):
        rng = np.random.default_rng(seed)
        k = 5 + seed % 3
        X = np.column_stack([np.ones(k), rng.normal(size=k)])
        vi = rng.lognormal(-2, 2.5, k)
        y = rng.standard_t(2, k) * np.sqrt(vi + 0.05)
        Q = np.repeat(regression.basis(X)[0][None], len(ladder), 0)
        tau2 = regression_tau2(Q[:1], y[None], vi, method)
        best = regression.log_likelihood(Q[:1], y[None], vi, tau2, method == "REML")[0]
        values = regression.log_likelihood(
            Q, np.repeat(y[None], len(ladder), 0), vi, ladder, method == "REML"
        )
        assert best >= values.max() - 1e-10
        behind_a_dip += tau2[0] > 0 and values[1] < values[0]
    assert behind_a_dip > 0


@pytest.mark.parametrize("method", REGRESSION_METHODS)
def test_a_batch_is_a_loop(method):
    X, y, vi = problem(3)
    rng = np.random.default_rng(0)
    designs = np.stack([regression.basis(X[rng.permutation(len(y))])[0] for _ in range(20)])
    batch = regression_tau2(designs, y[None], vi, method)
    loop = [regression_tau2(Q[None], y[None], vi, method)[0] for Q in designs]
    assert_allclose(batch, loop, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("method", REGRESSION_METHODS)
def test_units_of_the_moderators_do_not_touch_tau2(method):
    X, y, vi = problem(5)
    shifted = X @ np.array([[1.0, 2000.0, -3.0], [0, 1e4, 0], [0, 0, 1e-3]])
    found = [regression_tau2(regression.basis(D)[0][None], y[None], vi, method) for D in (X, shifted)]
    assert_allclose(found[0], found[1], rtol=1e-8, atol=1e-12)


def test_Q_profile_limits_are_where_Q_is_the_quantile():
    X, y, vi = problem(7)
    Q = regression.basis(X)[0][None]
    low, high = regression.profile_Q(Q, y[None] * 3, vi, (16.0, 3.0))
    for end, target in ((low, 16.0), (high, 3.0)):
        W = np.diag(1 / (vi + end))
        P = W - W @ X @ np.linalg.inv(X.T @ W @ X) @ X.T @ W
        assert 9 * y @ P @ y == pytest.approx(target, rel=1e-10)


def test_aliased_columns_are_named():
    X = problem(1)[0]
    twice = np.column_stack([X, X[:, 1] - 2 * X[:, 0], np.zeros(len(X))])
    assert regression.aliased(twice, ["one", "a", "b", "again", "zero"]) == ["again", "zero"]


def test_distinct_orders_are_listed_once_each():
    items = [0, 0, 1, 2, 2]
    found = [tuple(order) for order in _multiset_permutations(items)]
    assert len(found) == len(set(found))
    assert set(found) == set(permutations(items))


def test_arrangements_are_counted_by_distinct_rows():
    X = np.array([[1.0, 0], [1, 0], [1, 1], [1, 1], [1, 2]])
    assert count_arrangements(X, 1000) == (30, True)
    assert count_arrangements(X, 29) == (29, False)
    assert count_arrangements(np.ones((5, 1)), 1000) == (32, True)


def test_a_permutation_test_is_the_same_however_the_work_is_split():
    X, y, vi = problem(9)
    tested = np.array([False, True, True])
    with ThreadPoolExecutor(2) as executor:
        alone, shared = (
            permutation_test(X, y, vi, "DL", "knha", tested, 900, 11, executor=by) for by in (None, executor)
        )
    assert_allclose(alone.p, shared.p, rtol=0)
    assert alone.QM_p == shared.QM_p
    other = permutation_test(X, y, vi, "DL", "knha", tested, 900, 12)
    assert (other.p != alone.p).any()


def test_a_permutation_test_reports_each_arrangement_once():
    X, y, vi = problem(9, k=6, p=2)
    for n, total in ((720, 720), (500, 499)):  # drawn: the observed one is known already
        done = []
        permutation_test(X, y, vi, "DL", "z", np.array([False, True]), n, 1, progress=done.append)
        assert sum(done) == total
