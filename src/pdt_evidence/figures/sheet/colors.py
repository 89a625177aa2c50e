"""Colours worked out from a style's own: mixed, and made dark or light enough to be read."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["contrast", "legible", "mixed"]

READABLE = 4.5  # contrast of text, by the Web Content Accessibility Guidelines


def mixed(color: Any, other: Any, share: float) -> tuple[float, float, float]:
    """`color` with that share of `other` in it."""
    from matplotlib.colors import to_rgb

    red, green, blue = (a + (b - a) * share for a, b in zip(to_rgb(color), to_rgb(other), strict=True))
    return red, green, blue


def contrast(one: Any, other: Any) -> float:
    """Contrast ratio of two colours, from 1 to 21.

    Examples
    --------
    >>> round(contrast("black", "white"), 1)
    21.0
    """
    first, second = sorted((_luminance(one), _luminance(other)))
    return (second + 0.05) / (first + 0.05)


def legible(color: Any, ground: Any) -> tuple[float, float, float]:
    """`color`, darker or lighter where text in it would be hard to read on `ground`.

    Examples
    --------
    >>> contrast(legible("#d55e00", "white"), "white") >= 4.5
    True
    """
    end = max(("black", "white"), key=lambda one: contrast(one, ground))
    shares = (n / 20 for n in range(21))
    return next(found for share in shares if contrast(found := mixed(color, end, share), ground) >= READABLE)


def _luminance(color: Any) -> float:
    from matplotlib.colors import to_rgb

    parts = np.asarray(to_rgb(color))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
