"""The automatic axis: an interval may go on beyond it, with an arrow; an estimate never does."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import pdt_evidence as pdt
from pdt_evidence.figures.sheet.axis import EDGE, limits, scale_of


def wild(seed):
    """Effects with heavy tails and now and then one that is very far off, as first trials of a field can be."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 30))
    yi = np.clip(rng.standard_cauchy(k) * rng.choice([0.01, 0.3, 2]), -600, 600)  # exp(700) is infinite
    if rng.random() < 0.5:
        yi[0] = rng.choice([-1, 1]) * rng.choice([3, 20, 200])
    return yi, rng.uniform(0.01, 4, k)


@pytest.mark.parametrize("measure", ["SMD", "RR"])
def test_every_estimate_is_in_sight_with_its_mark(measure):
    scale = scale_of(measure)
    for seed in range(200):
        yi, vi = wild(seed)
        ends = [
            (scale.shown(y - 2 * s), scale.shown(y + 2 * s)) for y, s in zip(yi, np.sqrt(vi), strict=True)
        ]
        low, high = scale.place(limits(scale, [scale.shown(y) for y in yi], ends, [ends[0]]))
        room = 0.9 * EDGE * (high - low)
        assert low <= yi.min() - room, seed
        assert yi.max() + room <= high, seed
        assert low < 0 < high, seed


@pytest.mark.parametrize("draw", [pdt.forest, pdt.funnel])
def test_a_figure_cuts_no_study_at_its_own_point(draw):
    """Nineteen that agree and one that does not, as Covi 1987 among those of psychodynamic therapy and CBT."""
    yi = [*np.linspace(0.28, 0.32, 19), -1.66]
    ax = draw(pdt.pool(yi, [0.05] * 19 + [0.37], measure="SMD"))
    (marks,) = [one for one in ax.collections if one.get_gid() in ("studies", "squares")]
    x, y = np.asarray(marks.get_offsets()).T
    (low, high), (bottom, top) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
    assert len(x) == 20
    assert low < x.min() < x.max() < high
    assert bottom < y.min() < y.max() < top
    plt.close("all")
