"""`pool_multilevel_many`: the batch equals a loop of `pool_multilevel`, and never falls below the reference."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError

NAN = float("nan")


def specifications(n=40, seed=4):
    """Rows in trials; each specification leaves other rows out and takes another correlation."""
    rng = np.random.default_rng(seed)
    cluster = rng.permutation(np.repeat(np.arange(9), [1, 2, 2, 3, 4, 1, 2, 5, 1]))
    k = len(cluster)
    vi = rng.uniform(0.02, 0.3, (n, k))
    yi = 0.4 + rng.normal(0, 0.3, 9)[cluster] + rng.normal(0, np.sqrt(vi))
    yi[rng.random((n, k)) < 0.3] = NAN
    return yi, vi, [f"trial {code}" for code in cluster], rng.uniform(0, 0.9, n)


def alone(yi, vi, cluster, rho, **options):
    kept = np.isfinite(yi)
    names = [name for name, keep in zip(cluster, kept, strict=True) if keep]
    return pdt.pool_multilevel(yi[kept], vi[kept], names, rho=rho, **options)


@pytest.mark.parametrize("test", ["t", "z"])
def test_a_batch_equals_a_loop(test):
    yi, vi, cluster, rho = specifications()
    many = pdt.pool_multilevel_many(yi, vi, cluster, rho=rho, test=test, level=0.9)
    on_edge = 0
    for i in range(len(yi)):
        one = alone(yi[i], vi[i], cluster, rho[i], test=test, level=0.9)
        for name in ("k", "n_clusters", "log_likelihood", "estimate", "se", "statistic", "df", "p", "ci"):
            assert_allclose(getattr(many, name)[i], getattr(one, name), rtol=1e-7, err_msg=name)
        assert_allclose(many.sigma2[i], one.sigma2, rtol=1e-6, atol=1e-9)
        for name in ("se", "statistic", "df", "p", "ci"):
            assert_allclose(getattr(many.robust, name)[i], getattr(one.robust, name), rtol=1e-7, err_msg=name)
        on_edge += 0.0 in one.sigma2
    assert 0 < on_edge < len(yi)


def test_small_specifications_have_the_holes_of_pool_multilevel():
    """One row, one cluster, clusters of one effect, and no row at all."""
    yi = np.array([[0.1, NAN, NAN], [0.1, 0.4, NAN], [0.1, NAN, 0.9], [NAN, NAN, NAN]])
    cluster = ["a", "a", "b"]
    many = pdt.pool_multilevel_many(yi, [0.1, 0.2, 0.1], cluster, rho=0.5)
    for i in range(3):
        one = alone(yi[i], np.array([0.1, 0.2, 0.1]), cluster, 0.5)
        for name in ("estimate", "se", "df", "p", "ci", "sigma2", "log_likelihood"):
            assert_allclose(getattr(many, name)[i], getattr(one, name), atol=1e-12, err_msg=name)
        assert_allclose(many.robust.ci[i], one.robust.ci)
    assert many.k[3] == 0
    assert np.isnan([many.estimate[3], many.se[3], many.tau2[3], many.robust.p[3]]).all()


def test_the_order_of_rows_changes_nothing():
    yi, vi, cluster, rho = specifications(5)
    order = np.random.default_rng(0).permutation(len(cluster))
    first = pdt.pool_multilevel_many(yi, vi, cluster, rho=rho)
    turned = pdt.pool_multilevel_many(yi[:, order], vi[:, order], [cluster[i] for i in order], rho=rho)
    assert_allclose(turned.estimate, first.estimate, rtol=1e-9)
    assert_allclose(turned.robust.df, first.robust.df, rtol=1e-7)


def test_shared_rows_take_a_correlation_each():
    yi, vi, cluster, _ = specifications(1, seed=8)
    many = pdt.pool_multilevel_many(np.nan_to_num(yi[0]), vi[0], cluster, rho=[0.0, 0.3, 0.6])
    assert many.estimate.shape == (3,)
    assert len(set(many.estimate)) == 3


def test_each_specification_takes_its_own_covariance():
    yi, vi, cluster, rho = specifications(12)
    together = np.array([[one == other for other in cluster] for one in cluster])
    covariances = rho[:, None, None] * np.sqrt(vi[:, :, None] * vi[:, None, :]) * together
    own = pdt.pool_multilevel_many(yi, vi, cluster, V=covariances)
    by_rho = pdt.pool_multilevel_many(yi, vi, cluster, rho=rho)
    assert_allclose(own.estimate, by_rho.estimate, rtol=1e-9)
    assert_allclose(own.robust.df, by_rho.robust.df, rtol=1e-7)
    shared = pdt.pool_multilevel_many(yi, vi, cluster, V=covariances[3])
    assert_allclose(shared.estimate[3], own.estimate[3], rtol=1e-9)
    with pytest.raises(EvidenceError, match=r"shape \(2, 21, 21\), but needs \(21, 21\).* or \(12, 21, 21\)"):
        pdt.pool_multilevel_many(yi, vi, cluster, V=covariances[:2])


def test_a_robust_error_without_ground_is_none():
    """Identical effects leave residuals of rounding: their root is no standard error."""
    many = pdt.pool_multilevel_many(
        [[0.3] * 6, [0.3, 0.3, 0.3, 0.3, 0.3, 0.9]], [0.05] * 6, list("aabbcc"), rho=0.5
    )
    assert np.isnan([many.robust.se[0], many.robust.df[0], many.robust.p[0], *many.robust.ci[0]]).all()
    assert np.isfinite([many.robust.se[1], many.robust.p[1]]).all()


def test_every_fault_is_listed_at_once():
    with pytest.raises(EvidenceError) as found:
        pdt.pool_multilevel_many([[0.1, 0.2]] * 2, [0.1, 0.1], ["a", None, "b"], rho=[0.1, 0.2, 0.3])
    for text in ("3 entries for 2 rows", "row 2: its cluster is missing", "one for each of 2"):
        assert text in str(found.value)
    with pytest.raises(EvidenceError, match=r"(?s)rho\[1\] = 1 does not .* rho\[2\] = -0\.6 does not"):
        pdt.pool_multilevel_many([0.1, 0.2, 0.5], [0.1] * 3, list("aaa"), rho=[0.5, 1.0, -0.6])
    with pytest.raises(EvidenceError, match=r"(?s)^pool_multilevel_many\(\).*vi\[0\] = -1 is not above 0"):
        pdt.pool_multilevel_many([0.1, 0.2], [-1, 0.1], list("ab"))
