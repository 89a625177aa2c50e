"""What a drawn figure looks like, measured: boxes of texts, places of marks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox

# What text may stand on: tints, zones, rules, and the disc behind a judgement's sign.
GROUNDS = ("stripes", "zone", "band", "contour:", "significant", "lights:", "rule:", "level", "k:", "bias:")


def texts(ax: Any) -> Iterator[tuple[str, Any]]:
    """Every text that can be seen with a name of its own: gids, tick labels by value, the legend's by its words."""
    for one in (ax, *ax.child_axes):
        inner = "" if one is ax else "inset:"
        found = [(text.get_gid(), text) for text in one.texts]
        legend = one.get_legend()
        found += [(f"legend:{text.get_text()}", text) for text in legend.get_texts()] if legend else []
        found += [("title", title) for title in (one.title, one._left_title)]
        for letter, axis in (("x", one.xaxis), ("y", one.yaxis)) if one.axison else ():
            if axis.get_visible():
                low, high = sorted(axis.get_view_interval())
                labels = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
                found += [(f"{letter}tick:{t.get_text()}", t) for at, t in labels if low <= at <= high]
                found += [(f"{letter}label", axis.label), (f"{letter}offset", axis.get_offset_text())]
        for name, text in found:
            if text.get_visible() and text.get_text():
                yield inner + str(name), text


def boxes(ax: Any) -> dict[str, Any]:
    """Pixel boxes of every text that can be seen, by name; a figure is drawn once, and anew when it has changed."""
    figure = ax.figure.canvas.figure
    if figure.stale:
        figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    found = {}
    for name, text in texts(ax):
        assert name not in found, f"two texts are called {name}"
        found[name] = text.get_window_extent(renderer)
    return found


def overlaps(ax: Any) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes share more than a pixel in both directions."""
    return overlapping(boxes(ax))


def overlapping(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same of boxes that are known already."""
    names = list(found)
    edges = np.array([found[name].extents for name in names]).reshape(-1, 4)
    low_x, low_y, high_x, high_y = edges.T
    wide = np.minimum(high_x[:, None], high_x) - np.maximum(low_x[:, None], low_x)
    tall = np.minimum(high_y[:, None], high_y) - np.maximum(low_y[:, None], low_y)
    both = np.argwhere(np.triu((wide > 1.0) & (tall > 1.0), 1))
    return [(names[i], names[j]) for i, j in both]


def outside(ax: Any, found: dict[str, Any]) -> list[str]:
    """Names of the texts that leave the figure."""
    width, height = ax.figure.canvas.figure.bbox.size
    return [
        name
        for name, box in found.items()
        if box.x0 < -0.5 or box.y0 < -0.5 or box.x1 > width + 0.5 or box.y1 > height + 0.5
    ]


def covered(ax: Any, found: dict[str, Any]) -> list[tuple[str, str]]:
    """Texts that a mark which is not theirs runs through, each with that mark."""
    hit = set()
    padded = {name: text for name, text in texts(ax) if text.get_bbox_patch() is not None}
    names = list(found)
    edges = np.array([found[name].extents for name in names]).reshape(-1, 4) + np.array(
        [0.5, 0.5, -0.5, -0.5]
    )
    for one in (ax, *ax.child_axes):
        for artist in (*one.collections, *one.lines, *one.patches):
            gid = str(artist.get_gid())
            if not artist.get_visible() or gid.startswith(GROUNDS):
                continue
            seen = one.bbox.extents if artist.get_clip_on() else (-np.inf, -np.inf, np.inf, np.inf)
            for shape, filled in _inked(artist):
                for i in _near(shape, edges, seen):
                    box = Bbox([np.maximum(edges[i, :2], seen[:2]), np.minimum(edges[i, 2:], seen[2:])])
                    on_top = names[i] in padded and padded[names[i]].zorder > artist.zorder
                    if not on_top and shape.intersects_bbox(box, filled=filled):
                        hit.add((names[i], gid))
    return sorted(hit)


def _near(shape: Path, edges: np.ndarray, seen: Any) -> Any:
    """Which boxes a shape may meet in what is seen of it."""
    corners = np.asarray(shape.vertices)
    known = corners[np.isfinite(corners).all(axis=1)]
    if not len(known):
        return ()
    low, high = np.maximum(known.min(axis=0), seen[:2]), np.minimum(known.max(axis=0), seen[2:])
    return np.flatnonzero((edges[:, :2] < high).all(axis=1) & (edges[:, 2:] > low).all(axis=1))


def _inked(artist: Any) -> Iterator[tuple[Path, bool]]:
    """The outlines of what an artist draws in pixels, and whether they are filled."""
    if isinstance(artist, LineCollection):
        for path in artist.get_paths():
            yield artist.get_transform().transform_path(path), False
    elif hasattr(artist, "get_offsets"):
        yield from _placed(artist)
    elif hasattr(artist, "get_marker"):
        line = artist.get_transform().transform_path(artist.get_path())
        if artist.get_linestyle() not in ("None", "none", ""):
            yield line, False
        if artist.get_marker() not in ("None", "none", "", None):
            half = artist.get_markersize() / 2 * artist.figure.dpi / 72
            for x, y in line.vertices:
                yield (
                    Path(
                        Bbox.from_extents(x - half, y - half, x + half, y + half).corners()[[0, 1, 3, 2, 0]]
                    ),
                    True,
                )
    elif artist.get_fill():
        yield artist.get_transform().transform_path(artist.get_path()), True


def _placed(artist: Any) -> Iterator[tuple[Path, bool]]:
    """Markers where they stand, and polygons."""
    transforms = artist.get_transforms()
    paths = artist.get_paths()
    if not len(transforms):
        for path in paths:
            yield artist.get_transform().transform_path(path), True
        return
    offsets = artist.get_offset_transform().transform(np.ma.filled(artist.get_offsets(), np.nan))
    for i, (x, y) in enumerate(offsets):
        if np.isfinite(x + y):
            place = Affine2D(transforms[i % len(transforms)]).translate(x, y)
            yield place.transform_path(paths[i % len(paths)]), True


def assert_readable(ax: Any) -> dict[str, Any]:
    """No two texts overlap, none leaves the figure, and no mark runs through one; the boxes that show it."""
    found = boxes(ax)
    assert overlapping(found) == []
    assert outside(ax, found) == []
    assert covered(ax, found) == []
    return found


def mark(ax: Any, gid: str) -> Any:
    """The collection of that gid, None where it was not drawn."""
    found = [item for item in ax.collections if item.get_gid() == gid]
    assert len(found) <= 1
    return found[0] if found else None


def ends(ax: Any, gid: str = "intervals") -> np.ndarray:
    """Low and high end of every line of a collection."""
    found = mark(ax, gid)
    segments = [] if found is None else found.get_segments()
    return np.array([[a[0], b[0]] for a, b in segments]).reshape(-1, 2)
