"""Regression of dependent effects, held against metafor and clubSandwich."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.pooled.multilevel import pool_multilevel
from pdt_evidence.models.clustered_regression import fit_clustered, robust_test
from pdt_evidence.models.nested import sampling_blocks
from pdt_evidence.models.nested_regression import nest_design
from reference import load

REFERENCE = load("clustered_regression", cases=2)
# The reference stops its search for sigma2 at about 1e-7 of it; everything else follows from sigma2.
RTOL = 2e-5


@pytest.fixture(scope="module")
def data():
    columns = {name: np.array(values) for name, values in REFERENCE["data"].items()}
    cluster = columns["trial"] - 1
    se = np.sqrt(columns["vi"])
    correlation = np.where(np.eye(len(se), dtype=bool), 1.0, REFERENCE["rho"])
    V = np.where(cluster[:, None] == cluster, correlation * np.outer(se, se), 0.0)
    return columns, cluster, V


def design(columns, name):
    if name == "year":
        return np.column_stack([np.ones(len(columns["year"])), columns["year"]])
    return (columns["kind"][:, None] == np.array(["a", "b", "c"])).astype(float)


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: case["name"])
def test_coefficients_and_their_inference_agree_with_the_reference(data, case):
    columns, cluster, V = data
    fit = fit_clustered(columns["yi"], design(columns, case["name"]), cluster, V)
    assert_allclose(fit.sigma2, case["sigma2"], rtol=1e-4, atol=1e-9)
    assert_allclose(fit.beta, case["beta"], rtol=RTOL)
    assert_allclose(np.sqrt(np.diag(fit.cov_robust)), case["se"], rtol=RTOL)
    for place, unit in enumerate(np.eye(len(fit.beta))):
        test = robust_test(fit, unit)
        assert_allclose(test.df, case["df"][place], rtol=RTOL)
        assert_allclose(test.p, case["p"][place], rtol=2e-4)


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: case["name"])
def test_several_coefficients_are_tested_as_the_reference_does(data, case):
    columns, cluster, V = data
    fit = fit_clustered(columns["yi"], design(columns, case["name"]), cluster, V)
    contrast = np.array([0.0, 1.0]) if case["name"] == "year" else np.array([[-1.0, 1, 0], [-1, 0, 1]])
    test = robust_test(fit, contrast)
    for name in ("F", "q", "df", "p"):
        assert_allclose(getattr(test, name), case["htz"][name], rtol=1e-4, err_msg=name)


def restricted_likelihood(yi, X, cluster, V, sigma2):
    """By dense matrices, as the formula is written."""
    M = V + sigma2[0] * (cluster[:, None] == cluster) + sigma2[1] * np.eye(len(yi))
    XWX = X.T @ np.linalg.solve(M, X)
    residual = yi - X @ np.linalg.solve(XWX, X.T @ np.linalg.solve(M, yi))
    logdet = np.linalg.slogdet(M)[1] + np.linalg.slogdet(XWX)[1]
    return -0.5 * (logdet + residual @ np.linalg.solve(M, residual))


@pytest.mark.parametrize("name", ["year", "kind"])
def test_likelihood_slope_and_curvature_are_those_of_dense_matrices(data, name):
    columns, cluster, V = data
    X = design(columns, name)
    blocks = [
        (rows, V[rows[:, :, None], rows[:, None, :]])
        for rows, _ in sampling_blocks(np.diag(V), cluster, None)
    ]
    nested = nest_design(columns["yi"], X, blocks)
    points = np.array([[0.0, 0.0], [0.05, 0.02], [0.4, 0.0]])
    value, gradient, hessian = nested.likelihood(points)
    dense = [restricted_likelihood(columns["yi"], X, cluster, V, at) for at in points]
    assert_allclose(value - value[0], np.array(dense) - dense[0], rtol=1e-7, atol=1e-7)
    step = 1e-5
    for i, move in enumerate(np.eye(2) * step):
        up, down = (nested.likelihood(points + sign * move) for sign in (1, -1))
        assert_allclose(gradient[:, i], (up[0] - down[0]) / (2 * step), rtol=1e-5, atol=1e-5)
        assert_allclose(hessian[:, i], (up[1] - down[1]) / (2 * step), rtol=1e-5, atol=1e-4)


def test_the_value_is_the_greatest_of_a_fine_grid(data):
    columns, cluster, V = data
    fit = fit_clustered(columns["yi"], design(columns, "kind"), cluster, V)
    ladder = np.concatenate([[0.0], np.geomspace(1e-4, 1, 9)])
    grid = [(x, z) for x in ladder for z in ladder]
    values = [restricted_likelihood(columns["yi"], design(columns, "kind"), cluster, V, at) for at in grid]
    assert fit.log_likelihood >= max(values) - 1e-9
    assert_allclose(
        fit.log_likelihood,
        restricted_likelihood(columns["yi"], design(columns, "kind"), cluster, V, fit.sigma2),
        rtol=1e-10,
    )


def test_any_basis_of_the_same_contrasts_gives_the_same_test(data):
    columns, cluster, V = data
    fit = fit_clustered(columns["yi"], design(columns, "kind"), cluster, V)
    one = robust_test(fit, np.array([[-1.0, 1, 0], [-1, 0, 1]]))
    other = robust_test(fit, np.array([[0.0, 3, -3], [2, -1, -1]]))
    assert_allclose([one.F, one.df, one.p], [other.F, other.df, other.p], rtol=1e-9)


def test_the_intercept_alone_is_the_pooled_mean(data):
    """The same model through another program path: eigenvalues of the blocks against dense matrices."""
    columns, cluster, V = data
    blocks = {int(j): V[np.ix_(cluster == j, cluster == j)] for j in np.unique(cluster)}
    mean = pool_multilevel(columns["yi"], columns["vi"], cluster, V=blocks)
    fit = fit_clustered(columns["yi"], np.ones((len(cluster), 1)), cluster, V)
    test = robust_test(fit, np.ones(1))
    assert_allclose(fit.sigma2, mean.sigma2, rtol=1e-7, atol=1e-12)
    assert_allclose(
        [fit.beta[0], fit.cov_robust[0, 0] ** 0.5, test.df],
        [mean.estimate, mean.robust.se, mean.robust.df],
        rtol=1e-8,
    )


def test_the_order_of_rows_changes_nothing(data):
    columns, cluster, V = data
    order = np.random.default_rng(4).permutation(len(cluster))
    X = design(columns, "kind")
    one = fit_clustered(columns["yi"], X, cluster, V)
    other = fit_clustered(columns["yi"][order], X[order], cluster[order], V[np.ix_(order, order)])
    assert_allclose(other.cov_robust, one.cov_robust, rtol=1e-8)
    assert_allclose(other.sigma2, one.sigma2, rtol=1e-8)


def test_a_variance_at_its_boundary_is_exactly_zero():
    yi, vi = np.array([0.30, 0.31, 0.29, 0.30, 0.31]), np.full(5, 0.05)
    fit = fit_clustered(yi, np.ones((5, 1)), np.array([0, 0, 1, 1, 2]), np.diag(vi))
    assert fit.sigma2 == (0.0, 0.0)


def test_too_few_clusters_for_a_joint_test_give_none():
    """Two groups of one cluster each leave no residual: their contrasts cannot be tested robustly."""
    yi = np.array([0.1, 0.3, 0.6, 0.2])
    fit = fit_clustered(
        yi, np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]), np.arange(4), np.eye(4) * 0.02
    )
    test = robust_test(fit, np.array([[-1.0, 1, 0], [-1, 0, 1]]))
    assert np.isnan(test.p)
    assert np.isnan(test.df)
