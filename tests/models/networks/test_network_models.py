"""Network numerics that no entry point shows: the diagonal form, flows, merging of arms, ranks."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.models.networks import arms as arms_of
from pdt_evidence.models.networks.designs import decompose_Q, design_list, net_heat
from pdt_evidence.models.networks.flow import (
    connected_parts,
    contributions,
    evidence_flow,
    network_laplacian,
    study_laplacian,
)
from pdt_evidence.models.networks.model import (
    StudyBlock,
    basic_covariance,
    consistency_model,
    contrast_matrices,
    solve,
    tau2_dl,
    tau2_interval,
    tau2_reml,
)
from pdt_evidence.models.networks.ranks import p_scores, rank_probabilities
from pdt_evidence.models.networks.split import direct_evidence


def random_blocks(seed, n_treatments=5, n_studies=12):
    """Studies of two to four independent arms that between them connect every treatment."""
    rng = np.random.default_rng(seed)
    blocks = []
    for number in range(n_studies):
        size = 2 if number < n_treatments - 1 else int(rng.integers(2, 5))
        arms = (
            np.array([number, number + 1])
            if number < n_treatments - 1
            else rng.permutation(n_treatments)[:size]
        )
        own = rng.uniform(0.02, 0.2, len(arms))
        effects = rng.normal(0, 0.6, len(arms))
        variances = (own[:, None] + own[None, :]) * (1 - np.eye(len(arms)))
        blocks.append(StudyBlock(f"study {number}", arms, effects - effects[0], variances))
    return blocks


def dense(blocks, n_treatments, tau2):
    """The same regression with its covariance written out in full."""
    ys, Xs, covs = [], [], []
    for block in blocks:
        size = len(block.arms) - 1
        rows = np.zeros((size, n_treatments))
        for row, arm in enumerate(block.arms[1:]):
            rows[row, arm] += 1
            rows[row, block.arms[0]] -= 1
        ys.append(block.effects[1:])
        Xs.append(rows[:, 1:])
        covs.append(basic_covariance(block.variances) + tau2 * (np.eye(size) + 1) / 2)
    V = np.zeros((sum(map(len, ys)),) * 2)
    start = 0
    for cov in covs:
        V[start : start + len(cov), start : start + len(cov)] = cov
        start += len(cov)
    return np.concatenate(ys), np.concatenate(Xs), V


def restricted_likelihood(blocks, n_treatments, tau2):
    y, X, V = dense(blocks, n_treatments, tau2)
    W = np.linalg.inv(V)
    cross = X.T @ W @ X
    left = y - X @ np.linalg.solve(cross, X.T @ W @ y)
    return -0.5 * (np.linalg.slogdet(V)[1] + np.linalg.slogdet(cross)[1] + left @ W @ left)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("tau2", [0.0, 0.15, 3.0])
def test_the_diagonal_form_is_the_full_regression(seed, tau2):
    blocks = random_blocks(seed)
    y, X, V = dense(blocks, 5, tau2)
    W = np.linalg.inv(V)
    solution = solve(consistency_model(blocks, 5), tau2)
    assert_allclose(solution.cov, np.linalg.inv(X.T @ W @ X), rtol=1e-9)
    assert_allclose(solution.beta, solution.cov @ X.T @ W @ y, rtol=1e-8, atol=1e-12)
    left = y - X @ solution.beta
    assert_allclose(solution.Q, left @ W @ left, rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_reml_is_the_highest_point_of_the_restricted_likelihood(seed):
    """No point of a fine grid is higher, and the slope there is 0 or the bound is reached."""
    blocks = random_blocks(seed)
    tau2 = tau2_reml(consistency_model(blocks, 5))
    top = restricted_likelihood(blocks, 5, tau2)
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 20, 400)])
    assert top >= max(restricted_likelihood(blocks, 5, other) for other in grid) - 1e-10


def test_reml_takes_the_higher_of_two_maxima():
    """One slope through precise and imprecise contrasts: the likelihood is bimodal here."""
    variances = lambda v: np.array([[0.0, v], [v, 0.0]])  # noqa: E731
    values = [(-1.0, 1e-4), (1.0, 1e-4), (0.99, 1e-4), (0.2, 5.0), (-9.0, 0.5), (9.0, 0.5)]
    blocks = [
        StudyBlock(str(i), np.array([0, 1]), np.array([0.0, y]), variances(v))
        for i, (y, v) in enumerate(values)
    ]
    tau2 = tau2_reml(consistency_model(blocks, 2))
    grid = np.geomspace(1e-6, 1e3, 4000)
    best = grid[np.argmax([restricted_likelihood(blocks, 2, other) for other in grid])]
    assert_allclose(tau2, best, rtol=0.01)


def test_the_moment_estimate_makes_Q_its_own_expectation():
    blocks = random_blocks(3)
    model = consistency_model(blocks, 5)
    tau2 = tau2_dl(model)
    y, X, V = dense(blocks, 5, 0.0)
    W = np.linalg.inv(V)
    P = W - W @ X @ np.linalg.inv(X.T @ W @ X) @ X.T @ W
    between = dense(blocks, 5, 1.0)[2] - V
    assert_allclose(y @ P @ y, len(y) - 4 + tau2 * np.trace(P @ between), rtol=1e-10)


def test_the_interval_of_tau2_is_where_Q_meets_the_quantiles():
    from scipy.stats import chi2

    model = consistency_model(random_blocks(3), 5)
    low, high = tau2_interval(model, 0.95)
    assert_allclose(solve(model, low).Q, chi2.ppf(0.975, model.df), rtol=1e-9)
    assert_allclose(solve(model, high).Q, chi2.ppf(0.025, model.df), rtol=1e-9)


@pytest.mark.parametrize("tau2", [0.0, 0.2])
def test_the_laplacian_gives_the_same_variances_as_the_regression(tau2):
    """Conductances of a multi-arm study stand for its whole covariance."""
    blocks = random_blocks(4)
    inverse = np.linalg.pinv(network_laplacian(blocks, 5, tau2))
    _, errors = contrast_matrices(solve(consistency_model(blocks, 5), tau2))
    resistance = np.diag(inverse)[:, None] + np.diag(inverse) - 2 * inverse
    assert_allclose(resistance, errors**2, atol=1e-12)


def test_a_study_of_two_arms_has_one_conductance():
    v = np.array([[0.0, 0.25], [0.25, 0.0]])
    assert_allclose(study_laplacian(v, 0.0), [[4.0, -4.0], [-4.0, 4.0]])
    assert_allclose(study_laplacian(v, 0.25), [[2.0, -2.0], [-2.0, 2.0]])


def test_the_flow_conserves_a_unit_current_and_is_the_hat_matrix():
    blocks = [block for block in random_blocks(5) if len(block.arms) == 2]
    laplacian = network_laplacian(blocks, 5, 0.1)
    flow = evidence_flow(laplacian)
    for a, b in combinations(range(5), 2):
        net = flow[a, b].sum(axis=1)  # out of every node
        expected = np.zeros(5)
        expected[a], expected[b] = 1, -1
        assert_allclose(net, expected, atol=1e-12)
    # With two-arm studies only, flow times direct estimates is the network estimate.
    direct = direct_evidence(blocks, 5, 0.1)
    estimates, _ = contrast_matrices(solve(consistency_model(blocks, 5), 0.1))
    known = np.nan_to_num(direct.estimates)
    assert_allclose((flow * known).sum(axis=(2, 3)) / 2, estimates, atol=1e-12)


def paths_downhill(step, node, end):
    if node == end:
        yield [node], 1.0
        return
    for following in np.flatnonzero(step[node] > 0):
        for path, chance in paths_downhill(step, following, end):
            yield [node, *path], chance * step[node, following]


@pytest.mark.parametrize("seed", [4, 6])
def test_contributions_are_those_of_every_path_taken_one_by_one(seed):
    laplacian = network_laplacian(random_blocks(seed), 5, 0.1)
    flow, shares = evidence_flow(laplacian), contributions(laplacian)
    for a, b in combinations(range(5), 2):
        current = np.where(flow[a, b] > 1e-12, flow[a, b], 0.0)
        step = current / np.where(
            current.sum(axis=1, keepdims=True) > 0, current.sum(axis=1, keepdims=True), 1.0
        )
        expected = np.zeros((5, 5))
        for path, chance in paths_downhill(step, a, b):
            for i, j in pairwise(path):
                expected[min(i, j), max(i, j)] += chance / (len(path) - 1)
        assert_allclose(shares[a, b], expected, atol=1e-12)
        assert_allclose(shares[a, b].sum(), 1.0, rtol=1e-12)


def test_parts_of_a_disconnected_network_are_named():
    v = np.array([[0.0, 1.0], [1.0, 0.0]])
    blocks = [StudyBlock("a", np.array(pair), np.zeros(2), v) for pair in ([0, 3], [1, 4], [4, 2])]
    assert connected_parts(blocks, 6) == [[0, 3], [1, 2, 4], [5]]


def test_Q_of_the_designs_adds_up_and_the_net_heat_starts_from_it():
    blocks = random_blocks(7, n_studies=20)
    parts = decompose_Q(blocks, 5)
    assert_allclose(parts.within.Q, sum(test.Q for test in parts.by_design.values()))
    assert parts.within.df + parts.between.df == parts.total.df
    heat = net_heat(blocks, 5)
    assert_allclose(heat.Q.sum(), parts.between.Q, rtol=1e-9)
    assert list(heat.designs) == design_list(blocks)
    assert_allclose(np.diag(heat.heat), heat.Q, atol=1e-9)  # a design let go fits itself


def test_a_design_that_disagrees_heats_the_others_up():
    """In a loop with one design off, letting go of any side of the loop fixes the others."""
    v = np.array([[0.0, 0.01], [0.01, 0.0]])
    effects = {(0, 1): 1.0, (1, 2): 1.0, (0, 2): 0.0}
    blocks = [StudyBlock(str(a), np.array(a), np.array([0.0, y]), v) for a, y in effects.items()]
    heat = net_heat(blocks, 3)
    assert_allclose(heat.Q, [4 / 9 / 0.01] * 3)
    assert_allclose(heat.heat, np.outer(heat.Q, np.ones(3)))


def test_two_arms_give_the_usual_standardised_difference():
    effects, variances = arms_of.smd_arms([10.0, 14.0], [4.0, 5.0], [30, 40])
    d = -4 / np.sqrt((29 * 16 + 39 * 25) / 68)
    g = d * (1 - 3 / (4 * 68 - 1))  # the usual approximation of the exact factor
    assert_allclose(effects[0] - effects[1], g, rtol=1e-4)
    assert_allclose(variances[0, 1], 1 / 30 + 1 / 40 + (effects[1] - effects[0]) ** 2 / 140)


def test_standardised_differences_of_three_arms_add_up_and_covary_as_gleser_and_olkin_say():
    effects, variances = arms_of.smd_arms([10.0, 14.0, 9.0], [4.0, 5.0, 4.5], [30, 40, 20])
    cov = basic_covariance(variances)
    g = effects[1:] - effects[0]
    assert_allclose(cov, np.diag([1 / 40, 1 / 20]) + 1 / 30 + np.outer(g, g) / 180, rtol=1e-12)


def test_merged_arms_are_the_arm_of_all_their_patients():
    rng = np.random.default_rng(1)
    first, second = rng.normal(3, 2, 25), rng.normal(5, 1, 40)
    mean, sd, n = arms_of.merge_means(
        [first.mean(), second.mean()], [first.std(ddof=1), second.std(ddof=1)], [25, 40]
    )
    together = np.concatenate([first, second])
    assert_allclose((mean, sd, n), (together.mean(), together.std(ddof=1), 65))


def test_merging_effects_is_merging_means_of_equal_spread():
    """Mean differences with known sd: precision weights are patients."""
    mean, sd, n = np.array([1.0, 2.0, 4.0, 3.0]), np.full(4, 2.0), np.array([10.0, 30.0, 20.0, 20.0])
    effects, variances = arms_of.mean_difference_arms(mean, sd, n)
    merged, spread = arms_of.merge_effects(effects, variances, np.array([0, 1, 1, 0]))
    assert_allclose(merged, [(10 + 60) / 30, (60 + 80) / 50])
    assert_allclose(spread[0, 1], 4 / 30 + 4 / 50)


def test_an_empty_cell_adds_a_half_to_every_arm_of_its_study():
    effects, variances = arms_of.event_arms([0, 5, 3], [10, 20, 12], "OR")
    assert_allclose(effects, np.log([0.5 / 10.5, 5.5 / 15.5, 3.5 / 9.5]))
    assert_allclose(variances[0, 1], 1 / 0.5 + 1 / 10.5 + 1 / 5.5 + 1 / 15.5)


@pytest.mark.parametrize(("measure", "difference"), [("RR", np.log(0.2 / 0.4)), ("RD", -0.2)])
def test_risks_are_compared_as_ratios_and_differences(measure, difference):
    effects, variances = arms_of.event_arms([4, 12], [20, 30], measure)
    assert_allclose(effects[0] - effects[1], difference)
    expected = 1 / 4 - 1 / 20 + 1 / 12 - 1 / 30 if measure == "RR" else 0.2 * 0.8 / 20 + 0.4 * 0.6 / 30
    assert_allclose(variances[0, 1], expected)


def test_p_scores_average_one_half_and_ranks_are_a_distribution():
    blocks = random_blocks(8)
    solution = solve(consistency_model(blocks, 5), 0.1)
    scores = p_scores(*contrast_matrices(solution))
    assert_allclose(scores.mean(), 0.5)
    chance = rank_probabilities(solution.beta, solution.cov, draws=200_000, seed=1)
    assert_allclose(chance.sum(axis=0), 1.0)
    assert_allclose(chance.sum(axis=1), 1.0)
    # SUCRA has the P-score as its expectation; four Monte Carlo errors.
    sucra = (5 - chance @ np.arange(1, 6)) / 4
    assert_allclose(sucra, scores, atol=0.005)
