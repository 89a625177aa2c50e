"""Cumulation by hand; the pinned values are in test_influence."""

import numpy as np
from numpy.testing import assert_allclose

from pdt_evidence.models.cumulative import accumulate
from pdt_evidence.models.pool import Options, fit


def test_each_step_is_the_fit_of_the_studies_so_far():
    rng = np.random.default_rng(5)
    vi = rng.uniform(0.02, 0.3, 12)
    yi = rng.normal(0.3, np.sqrt(vi + 0.2))
    steps = accumulate(yi, vi, Options(tau2_ci_method=None))
    assert steps.k.tolist() == list(range(1, 13))
    for i in range(12):
        one = fit(yi[: i + 1], vi[: i + 1], Options(tau2_ci_method=None))
        for name in ("estimate", "se", "tau2", "ci", "pi", "Q", "p"):
            assert_allclose(getattr(steps, name)[i], getattr(one, name), rtol=1e-9, err_msg=name)
