"""CR2 against its definition in dense matrices."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.models.nested import sampling_blocks, total_blocks
from pdt_evidence.models.robust import cr2_mean


def problem(seed=1):
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(7), [1, 2, 2, 3, 4, 5, 1])
    vi = rng.uniform(0.05, 0.4, len(cluster))
    return (
        rng.normal(size=len(cluster)),
        cluster,
        total_blocks(sampling_blocks(vi, cluster, 0.4), (0.1, 0.05)),
    )


def dense(yi, cluster, blocks):
    """Equations 7 to 12 of Pustejovsky and Tipton with every matrix written out."""
    k = len(yi)
    M = np.zeros((k, k))
    for rows, stack in blocks:
        for where, block in zip(rows, stack, strict=True):
            M[np.ix_(where, where)] = block
    W, one = np.linalg.inv(M), np.ones((k, 1))
    m = 1 / (one.T @ W @ one)
    H = one @ m @ one.T @ W
    rest = (np.eye(k) - H) @ yi
    loads = []
    for j in np.unique(cluster):
        rows = np.flatnonzero(cluster == j)
        phi = M[np.ix_(rows, rows)]
        D = np.linalg.cholesky(phi).T
        I_H = (np.eye(k) - H)[rows]
        values, axes = np.linalg.eigh(D @ I_H @ M @ I_H.T @ D.T)
        A = D.T @ axes @ np.diag(values**-0.5) @ axes.T @ D
        loads.append((m * one[rows].T @ W[np.ix_(rows, rows)] @ A @ I_H).ravel())
    P = np.array(loads)
    G = P @ M @ P.T
    return np.sqrt(((P @ yi) ** 2).sum()), np.trace(G) ** 2 / (G**2).sum(), rest, float(m[0, 0]), np.trace(G)


def test_se_and_df_are_those_of_the_definition():
    yi, cluster, blocks = problem()
    se, df, rest, m, _ = dense(yi, cluster, blocks)
    assert_allclose(cr2_mean(rest, blocks, m), (se, df), rtol=1e-10)


def test_the_variance_is_unbiased_under_the_working_model():
    yi, cluster, blocks = problem(2)
    *_, m, expected = dense(yi, cluster, blocks)
    assert expected == pytest.approx(m, rel=1e-10)


def test_equal_clusters_have_one_degree_less_than_clusters():
    cluster = np.repeat(np.arange(6), 3)
    blocks = total_blocks(sampling_blocks(np.full(18, 0.2), cluster, 0.5), (0.1, 0.1))
    m = 1 / sum(np.linalg.inv(M).sum() for _, M in blocks)
    assert cr2_mean(np.random.default_rng(0).normal(size=18), blocks, m)[1] == pytest.approx(5)


def test_one_cluster_gives_nan():
    blocks = sampling_blocks(np.array([0.1, 0.2]), np.array([0, 0]), None)
    assert np.isnan(cr2_mean(np.array([0.1, -0.1]), blocks, 0.1)).all()
