"""Roots of many functions at once, inside brackets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["falling_root"]

Floats = NDArray[np.float64]
MOST_STEPS = 200
RELATIVE = 4 * np.finfo(float).eps


def falling_root(f: Callable[[Floats], Floats], low: Floats, high: Floats) -> Floats:
    """The x between low and high where f turns from positive to negative.

    Parameters
    ----------
    f : callable
        Arrays of shape (B,) to arrays of shape (B,), element by element.
    low, high : ndarray, shape (B,)
        f(low) >= 0 >= f(high); elsewhere the result means nothing.

    Returns
    -------
    ndarray, shape (B,)
        To the last few bits of x or to an exact zero of f.

    References
    ----------
    .. [1] Chandrupatla. Advances in Engineering Software 28 (1997) 145.
       doi:10.1016/S0965-9978(96)00051-8
    """
    a, b = high.astype(float), low.astype(float)  # b is the latest point
    fa, fb = f(a), f(b)
    c, fc = a, fa
    share, best = np.full(a.shape, 0.5), b
    for _ in range(MOST_STEPS):
        x = a + share * (b - a)
        fx = f(x)
        same = np.sign(fx) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        better = np.abs(fa) < np.abs(fb)
        best = np.where(better, a, b)
        with np.errstate(invalid="ignore", divide="ignore"):
            tolerance = RELATIVE * np.abs(best) / np.abs(b - a)
            done = (np.where(better, fa, fb) == 0) | ~(tolerance < 0.5)
            if done.all():
                return best
            share = _next_share(a, b, c, fa, fb, fc)
            share = np.clip(share, np.minimum(tolerance, 0.5), np.maximum(1 - tolerance, 0.5))
            # Beside columns that go on, one that is done stays where it is: its tolerance may be 0 / 0.
            share = np.where(done, 0.0, share)
    return best


def _next_share(a: Floats, b: Floats, c: Floats, fa: Floats, fb: Floats, fc: Floats) -> Floats:
    """Inverse quadratic interpolation where it can be trusted, else the middle."""
    xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
    trusted = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    share = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
    return np.where(trusted & np.isfinite(share), share, 0.5)
