"""Batches and their sums."""

import threading
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from pdt_evidence.models.heterogeneity import cochran_Q
from pdt_evidence.models.weights import prepare, scratch, sums, traces


def dense(v, t):
    W = np.diag(1 / (v + t))
    return W - W @ np.ones((len(v), len(v))) @ W / W.sum()


def test_sums_and_traces_are_those_of_the_matrices():
    rng = np.random.default_rng(1)
    y, v = rng.normal(size=(7, 5)), np.exp(rng.normal(size=(7, 5)))
    batch = prepare(y, v)
    at = sums(batch.y, batch.v, np.full(7, 0.3))
    trace = traces(at.w, at.total)
    for i in range(7):
        P = dense(v[i], 0.3)
        assert_allclose(at.Q[i], y[i] @ P @ y[i])
        assert_allclose(trace.P[i], np.trace(P))
        assert_allclose(trace.PP[i], np.trace(P @ P))
        assert_allclose(at.mean[i] + batch.origin[i], np.average(y[i], weights=1 / (v[i] + 0.3)))


def test_traces_keep_their_digits_where_one_study_outweighs_the_rest():
    """Exact values from fractions: with w = 1e12, 1, 1 the plain sums keep four digits at best."""
    v = np.array([[1.0, 1e-12, 1.0]])
    batch = prepare(np.array([[0.0, 5.0, 1.0]]), v)
    trace = traces(batch.at0.w, batch.at0.total)
    w, total = 1e12, 1e12 + 2
    assert_allclose(trace.P, (2 * w * 2 + 2) / total, rtol=1e-15)
    assert_allclose(trace.PP, (4 * w * w + 2 * (w + 1) ** 2 + 2 * (2 * w * w + 1)) / total**2, rtol=1e-15)
    assert batch.origin[0] == 5.0


def test_absent_studies_weigh_nothing():
    y = np.array([[np.nan, 1.0, 2.0, 3.0], [np.nan] * 4, [1.0, 2.0, 9.0, 7.0]])
    v = np.array([[1.0, 1.0, np.inf, 2.0], [1.0] * 4, [1.0, 1.0, np.nan, 2.0]])
    with np.errstate(invalid="ignore"):
        batch = prepare(y, v)
    assert_array_equal(batch.n, [2, 0, 3])
    assert_array_equal(np.count_nonzero(batch.at0.w, axis=0), [2, 0, 3])
    assert_allclose(cochran_Q(y, v), [4 / 3, np.nan, cochran_Q([1.0, 2.0, 7.0], [1.0, 1.0, 2.0])])


def exact_Q(y, v):
    """Q in rational arithmetic."""
    y, w = [Fraction(x) for x in y], [1 / Fraction(x) for x in v]
    mean = sum(a * b for a, b in zip(w, y, strict=True)) / sum(w)
    return float(sum(a * (b - mean) ** 2 for a, b in zip(w, y, strict=True)))


@pytest.mark.parametrize("unit", [1.0, 1e-60, 1e60])
def test_effects_far_from_zero_lose_no_digits(unit):
    """Near, far and very far ones, some beside a study that outweighs the rest."""
    rng = np.random.default_rng(2)
    v = rng.uniform(0.02, 0.3, (9, 6))
    v[::2, 3] = 1e-9
    y = (rng.normal(0, 0.5, (9, 6)) + np.repeat([0.3, 5.0, 1e6], 3)[:, None]) * unit
    v *= unit**2
    with np.errstate(over="ignore"):
        batch = prepare(y, v)
    assert_allclose(batch.at0.Q, [exact_Q(*one) for one in zip(y, v, strict=True)], rtol=1e-12)
    mean = [np.average(a, weights=1 / b) for a, b in zip(y, v, strict=True)]
    assert_allclose(batch.locate(batch.at0.mean), mean, rtol=1e-13)


def test_only_what_needs_care_is_moved():
    v = np.full((3, 4), 0.1)
    y = np.array([[0.1, 0.4, -0.3, 0.2], [7.1, 7.4, 6.7, 7.2], [0.3] * 4])
    batch = prepare(y, v)
    assert_array_equal(batch.origin, [0.0, 7.1, 0.3])
    assert batch.at0.Q[2] == 0
    assert not batch.plain
    assert prepare(y[:1], v[:1]).plain


def test_arrange_follows_the_order_of_studies():
    v = np.array([[1.0, 0.01, 2.0], [1.0, 1.1, 1.2]])
    y = np.arange(6.0).reshape(2, 3)
    batch = prepare(y, v)
    assert_array_equal(batch.arrange(y), batch.y + batch.origin)


def test_work_arrays_belong_to_one_thread():
    mine, theirs = scratch("x", (20, 300)), []
    thread = threading.Thread(target=lambda: theirs.append(scratch("x", (20, 300))))
    thread.start()
    thread.join()
    assert not np.shares_memory(mine, theirs[0])
    assert np.shares_memory(mine, scratch("x", (30, 200)))
