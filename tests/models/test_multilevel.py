"""The restricted likelihood of the three-level model against its definition, and its maximum."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.models.multilevel import fit_reml, profile_interval
from pdt_evidence.models.nested import likelihood, likelihood_on_grid, nest, sampling_blocks, total_blocks
from thorough import cases


def simulated(seed, clusters=12, between=0.1, within=0.05):
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rng.integers(1, 6, clusters))
    k = len(cluster)
    vi = rng.uniform(0.02, 0.3, k)
    effects = rng.normal(0, between**0.5, clusters)[cluster] + rng.normal(0, within**0.5, k)
    return effects + rng.normal(0, np.sqrt(vi)), vi, rng.permutation(clusters)[cluster]


def dense(yi, blocks, sigma2):
    """The same from k x k matrices, as the definition has it."""
    M = np.zeros((len(yi), len(yi)))
    for rows, stack in total_blocks(blocks, sigma2):
        for where, block in zip(rows, stack, strict=True):
            M[np.ix_(where, where)] = block
    W = np.linalg.inv(M)
    total = W.sum()
    rest = yi - (W @ yi).sum() / total
    return -0.5 * (np.linalg.slogdet(M)[1] + np.log(total) + rest @ W @ rest)


@pytest.mark.parametrize("rho", [None, 0.6, -0.1])
@pytest.mark.parametrize("sigma2", [(0.1, 0.2), (0.0, 0.2), (0.3, 0.0), (0.0, 0.0)])
def test_likelihood_is_the_dense_one(rho, sigma2):
    yi, vi, cluster = simulated(1)
    blocks = sampling_blocks(vi, cluster, rho)
    value = likelihood(nest(yi, blocks), np.array([sigma2]))[0][0]
    assert_allclose(value, dense(yi, blocks, sigma2), rtol=1e-11)


def test_slope_and_curvature_are_those_of_thelikelihood():
    yi, vi, cluster = simulated(2)
    nested = nest(yi, sampling_blocks(vi, cluster, 0.5))
    at, h = np.array([0.12, 0.2]), 1e-5
    _, gradient, hessian = likelihood(nested, at[None])
    for i in range(2):
        step = np.eye(2)[i] * h
        up, down = likelihood(nested, (at + step)[None]), likelihood(nested, (at - step)[None])
        assert gradient[0, i] == pytest.approx((up[0][0] - down[0][0]) / (2 * h), rel=1e-6)
        assert_allclose(hessian[0, i], (up[1][0] - down[1][0]) / (2 * h), rtol=1e-5)


def test_a_grid_has_the_likelihood_of_each_of_its_points():
    yi, vi, cluster = simulated(4)
    nested = nest(yi, sampling_blocks(vi, cluster, 0.5))
    between, within = np.array([0.0, 0.01, 0.3]), np.array([0.0, 0.2])
    points = np.stack(np.meshgrid(between, within, indexing="ij"), -1).reshape(-1, 2)
    found = likelihood_on_grid(nested, between[:, None], within[:, None])
    assert_allclose(found.ravel(), likelihood(nested, points)[0], rtol=1e-12)


@pytest.mark.random
def test_a_fine_grid_never_finds_a_better_value():
    """Small sets, where the surface may have more than one hill or its top on an edge."""
    ladder = np.concatenate([[0.0], np.geomspace(1e-4, 5, 60)])
    axis = ladder[:, None]
    on_edge = 0
    for seed in range(seeds := cases(60, 150)):
        yi, vi, cluster = simulated(
            seed, clusters=3 + seed % 4, between=0.2 * (seed % 3), within=0.1 * (seed % 2)
        )
        nested = nest(yi, sampling_blocks(vi, cluster, [None, 0.6][seed % 2]))
        peak = fit_reml(nested)
        best = likelihood(nested, np.array([peak.sigma2]))[0][0]
        assert best >= likelihood_on_grid(nested, axis, axis).max() - 1e-10
        on_edge += 0.0 in peak.sigma2
    assert on_edge > seeds / 8


def test_the_slope_is_zero_inside_and_points_out_at_an_edge():
    for seed in range(40):
        yi, vi, cluster = simulated(seed)
        peak = fit_reml(nest(yi, sampling_blocks(vi, cluster, 0.4)))
        for value, slope in zip(peak.sigma2, peak.gradient, strict=True):
            assert slope <= 0 if value == 0 else abs(slope) < 1e-10 * (1 + 1 / value)


def test_equal_effects_have_both_variances_exactly_zero():
    cluster = np.array([0, 0, 1, 1, 2])
    peak = fit_reml(nest(np.full(5, 0.3), sampling_blocks(np.full(5, 0.1), cluster, None)))
    assert peak.sigma2 == (0.0, 0.0)
    assert peak.mu == pytest.approx(0.3, abs=1e-15)


def test_limits_of_the_profile_interval_are_where_the_deviance_is_critical():
    yi, vi, cluster = simulated(5, clusters=30, between=0.4, within=0.2)
    nested = nest(yi, sampling_blocks(vi, cluster, 0.3))
    peak = fit_reml(nested)
    for which in (0, 1):
        for end in profile_interval(nested, peak, which, 0.95):
            available = (end, 0.0) if which == 0 else (0.0, end)
            other = fit_reml(nested, (which == 1, which == 0), available)
            assert 2 * (peak.log_likelihood - other.log_likelihood) == pytest.approx(
                3.841458820694124, rel=1e-9
            )


def test_thousands_of_rows_need_no_square_matrix():
    """A dense inverse of 20,000 rows would take 3.2 GB."""
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(5000), 4)
    vi = rng.uniform(0.05, 0.2, 20_000)
    yi = 0.2 + rng.normal(0, 0.3, 5000)[cluster] + rng.normal(0, np.sqrt(vi + 0.04))
    peak = fit_reml(nest(yi, sampling_blocks(vi, cluster, 0.5)))
    # drawn at random: the mean of 5000 clusters has a standard error of 0.005, and this is six of them
    assert peak.mu == pytest.approx(0.2, abs=0.03)
