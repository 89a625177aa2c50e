"""Bracketed roots, many at once."""

import numpy as np
from numpy.testing import assert_allclose

from pdt_evidence.models.roots import falling_root


def test_roots_are_found_to_the_last_digits():
    c = np.array([1e-9, 0.3, 1.0, 7.0, 1e6])
    got = falling_root(lambda x: c - x**3, np.zeros(5), np.full(5, 1e3))
    assert_allclose(got, np.cbrt(c), rtol=1e-14)


def test_a_root_on_the_edge_is_that_edge():
    assert falling_root(lambda x: -x, np.zeros(1), np.ones(1)) == 0
    assert falling_root(lambda x: 1 - x, np.zeros(1), np.ones(1)) == 1


def test_flat_and_steep_functions_together():
    power = np.array([1.0, 9.0, 0.1])
    got = falling_root(lambda x: 0.5 - x**power, np.zeros(3), np.ones(3))
    assert_allclose(got, 0.5 ** (1 / power), rtol=1e-13)


def test_a_bracket_without_width_stays_finite_beside_one_that_goes_on():
    seen = []

    def f(x):
        seen.append(x)
        return np.array([-1.0, 0.3**9 - x[1] ** 9])

    got = falling_root(f, np.zeros(2), np.array([0.0, 50.0]))
    assert_allclose(got, [0, 0.3], rtol=1e-14)
    assert np.isfinite(seen).all()
