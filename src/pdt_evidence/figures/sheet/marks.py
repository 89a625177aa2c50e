"""The marks of a forest plot: intervals, squares, diamonds, arrows, each kind as one collection.

Collections instead of one artist a study: a figure of two hundred studies costs little more
than one of ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["arrows", "diamonds", "intervals", "points"]

_TIP_RIGHT = Path([(-1.0, 0.42), (0.0, 0.0), (-1.0, -0.42), (-1.0, 0.42)], closed=True)
_TIP_LEFT = Path([(1.0, 0.42), (0.0, 0.0), (1.0, -0.42), (1.0, 0.42)], closed=True)


def intervals(
    ax: Axes, spans: Sequence[tuple[float, float, float]], *, color: Any, width: float, gid: str, **more: Any
) -> LineCollection | None:
    """Horizontal lines from low to high at y; each span is (low, high, y)."""
    if not spans:
        return None
    lines = LineCollection(
        [[(a, y), (b, y)] for a, b, y in spans], colors=color, linewidths=width, capstyle="butt", **more
    )
    return _added(ax, lines, gid)


def verticals(
    ax: Axes,
    spans: Sequence[tuple[float, float, float]],
    *,
    color: str | Sequence[str],
    width: float,
    gid: str,
    **more: Any,
) -> LineCollection | None:
    """Vertical lines at x from top to bottom; each span is (x, top, bottom)."""
    if not spans:
        return None
    lines = LineCollection([[(x, a), (x, b)] for x, a, b in spans], colors=color, linewidths=width, **more)
    return _added(ax, lines, gid)


def points(
    ax: Axes,
    at: Sequence[tuple[float, float]],
    areas: Sequence[float],
    *,
    color: str | Sequence[str],
    shape: str,
    gid: str,
    zorder: float = 3.0,
    place: Any = None,
) -> PathCollection | None:
    """Markers of the given areas in square points; `place` is where they stand, if not in data."""
    if not at:
        return None
    marker = MarkerStyle(shape)
    path = marker.get_path().transformed(marker.get_transform())
    found = PathCollection(
        [path],
        sizes=list(areas),
        facecolors=color,
        edgecolors="none",
        linewidths=0.0,
        offsets=np.asarray(at, dtype=float),
        offset_transform=place or ax.transData,
        zorder=zorder,
    )
    found.set_transform(IdentityTransform())
    found.set_clip_on(place is None)
    return _added(ax, found, gid)


def arrows(
    ax: Axes,
    at: Sequence[tuple[float, float]],
    *,
    right: bool,
    size: float,
    color: str,
    gid: str,
    beyond: float = 0.0,
) -> PathCollection | None:
    """Arrowheads with their tips at the given places, or by a part of their size `beyond`, where a thick bar would
    blunt them: the interval goes on beyond the axis.
    """
    if not at:
        return None
    tip = _TIP_RIGHT if right else _TIP_LEFT
    heads = PathCollection(
        [Path(np.add(tip.vertices, (beyond if right else -beyond, 0.0)), tip.codes)],
        sizes=[size**2],
        facecolors=color,
        edgecolors="none",
        offsets=np.asarray(at, dtype=float),
        offset_transform=ax.transData,
        zorder=3.2,
    )
    heads.set_transform(IdentityTransform())
    heads.set_clip_on(False)
    return _added(ax, heads, gid)


def diamonds(
    ax: Axes,
    at: Sequence[tuple[float, float, float, float]],
    half: float,
    *,
    color: str | Sequence[str],
    gid: str,
) -> PolyCollection | None:
    """Diamonds as wide as their intervals; each is (low, estimate, high, y)."""
    if not at:
        return None
    corners = [[(low, y), (middle, y - half), (high, y), (middle, y + half)] for low, middle, high, y in at]
    return _added(ax, PolyCollection(corners, facecolors=color, edgecolors="none", zorder=3.1), gid)


def bands(
    ax: Axes, spans: Sequence[tuple[float, float]], *, color: str, transform: Any, gid: str
) -> PolyCollection | None:
    """Bands from top to bottom, from 0 to 1 across `transform`."""
    if not spans:
        return None
    corners = [[(0.0, a), (1.0, a), (1.0, b), (0.0, b)] for a, b in spans]
    found = PolyCollection(corners, facecolors=color, edgecolors="none", transform=transform, zorder=0.5)
    found.set_clip_on(False)
    return _added(ax, found, gid)


def _added(ax: Axes, collection: Any, gid: str) -> Any:
    collection.set_gid(gid)
    ax.add_collection(collection, autolim=False)
    return collection
