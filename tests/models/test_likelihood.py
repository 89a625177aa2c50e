"""REML and ML find the global maximum, with a gradient of zero to the last digit."""

import numpy as np
import pytest

from pdt_evidence.models.likelihood import log_likelihood, maximise, score
from pdt_evidence.models.weights import prepare


def random_sets(seed, k, size):
    rng = np.random.default_rng(seed)
    v = np.exp(rng.normal(0, rng.choice([0.3, 1, 2, 4], (size, 1)), (size, k)))
    spread = np.sqrt(v + rng.choice([0, 0.3, 2, 20], (size, 1)))
    return rng.normal(0, spread) * np.exp(rng.normal(0, 0.7, (size, k))), v


def on_a_grid(y, v, restricted, points=500):
    """The largest likelihood on a fine grid, written out afresh; shape (B,)."""
    top = 50 * (y.var(axis=1) + v.max(axis=1))
    t = np.geomspace(1e-6 * v.min(axis=1), top, points)
    t = np.concatenate([np.zeros((1, len(y))), t])[:, :, None]
    w = 1 / (v + t)
    mean = (w * y).sum(-1) / w.sum(-1)
    value = np.log(w).sum(-1) - (w * (y - mean[..., None]) ** 2).sum(-1)
    k = y.shape[1]
    if not restricted:
        return (value - k * np.log(2 * np.pi)).max(0) / 2
    return (value - np.log(w.sum(-1)) - (k - 1) * np.log(2 * np.pi) + np.log(k)).max(0) / 2


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("k", [2, 3, 4, 6, 9])
def test_no_point_of_a_fine_grid_is_better(k, restricted):
    y, v = random_sets(k, k, size=1500)
    batch = prepare(y, v)
    tau2 = maximise(batch, restricted)
    found, best = log_likelihood(batch, tau2, restricted), on_a_grid(y, v, restricted)
    assert (best - found <= 1e-12 * np.maximum(1, np.abs(found))).all()
    at = score(batch.y, batch.v, tau2, restricted)
    inside = tau2 > 0
    assert 0.2 < inside.mean() < 1
    assert np.abs(at.f / at.T)[inside].max() < 1e-12
    assert (at.f[~inside] <= 0).all()


@pytest.mark.parametrize(
    ("yi", "vi"),
    [
        ([4.93, 0.41, 0.44], [1.62, 0.12, 0.03]),
        ([-0.4, 7.19, -1.83], [0.31, 10.95, 2.28]),
        ([-1.18, 2.36, -1.33], [0.14, 1.77, 0.13]),
    ],
)
def test_a_maximum_inside_is_found_though_the_slope_at_0_is_negative(yi, vi):
    y, v = np.array([yi]), np.array([vi])
    batch = prepare(y, v)
    assert score(batch.y, batch.v, np.zeros(1), True).f < 0
    tau2 = maximise(batch, True)
    assert tau2 > 1
    assert log_likelihood(batch, tau2, True) > log_likelihood(batch, np.zeros(1), True)


def test_zero_is_kept_where_the_maximum_inside_is_lower():
    """Scanned sets whose best point is the boundary, though a peak lies inside."""
    y, v = random_sets(11, 3, size=4000)
    batch = prepare(y, v)
    tau2 = maximise(batch, True)
    at0 = score(batch.y, batch.v, np.zeros(len(y)), True)
    scanned = (at0.f <= 0) & ~at0.one_root_ahead()
    assert (tau2[scanned] == 0).any()
    assert (tau2[scanned] > 0).any()


def test_the_score_is_the_derivative_of_the_likelihood():
    y, v = random_sets(3, 6, size=20)
    batch = prepare(y, v)
    t, h = np.full(20, 0.7), 1e-5
    for restricted in (True, False):
        slope = (log_likelihood(batch, t + h, restricted) - log_likelihood(batch, t - h, restricted)) / (
            2 * h
        )
        at = score(batch.y, batch.v, t, restricted)
        np.testing.assert_allclose(at.f / 2, slope, rtol=1e-6, atol=1e-8)
        f = [score(batch.y, batch.v, t + d, restricted).f for d in (h, -h)]
        np.testing.assert_allclose(at.slope, (f[0] - f[1]) / (2 * h), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("restricted", [True, False])
def test_the_bounds_that_certify_a_step_hold(restricted):
    """g from below and T from above, to the right of any point; equal for equal variances."""
    y, v = random_sets(7, 5, size=400)
    v[:50] = 0.3
    batch = prepare(y, v)
    m = 4 if restricted else 5
    for t in (np.zeros(400), v.max(axis=1)):
        at = score(batch.y, batch.v, t, restricted)
        x = at.g / at.slope_g
        for times in np.geomspace(1e-3, 1e3, 13):
            s = times * v.mean(axis=1)
            ahead = score(batch.y, batch.v, t + s, restricted)
            least, most = at.g * (x / (x + s)) ** 2, at.T / (1 + s * at.T / m)
            assert (ahead.g >= least * (1 - 1e-10)).all()
            assert (most * (1 + 1e-10) >= ahead.T).all()
            np.testing.assert_allclose(ahead.g[:50], least[:50], rtol=1e-9)
            np.testing.assert_allclose(ahead.T[:50], most[:50], rtol=1e-9)
