"""What a drawn figure looks like, measured: boxes of texts, places of marks."""

from __future__ import annotations

from typing import Any

import numpy as np


def boxes(ax: Any) -> dict[str, Any]:
    """Pixel boxes of every text that can be seen, by gid (tick labels by their value, those out of sight left out)."""
    figure = ax.figure.canvas.figure
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    found = {}
    ticks = []
    for letter, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        if ax.axison and axis.get_visible():
            low, high = sorted(axis.get_view_interval())
            labels = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            ticks += [(f"{letter}tick:{t.get_text()}", t) for at, t in labels if low <= at <= high]
    ticks += [("xlabel", ax.xaxis.label), ("ylabel", ax.yaxis.label)] if ax.axison else []
    ticks += [("title", title) for title in (ax.title, ax._left_title)]
    for name, text in [*((text.get_gid(), text) for text in ax.texts), *ticks]:
        if text.get_visible() and text.get_text():
            assert name not in found, f"two texts are called {name}"
            found[name] = text.get_window_extent(renderer)
    return found


def overlaps(ax: Any) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes share more than a pixel in both directions."""
    return overlapping(boxes(ax))


def overlapping(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The same of boxes that are known already."""
    names = list(found)
    edges = np.array([found[name].extents for name in names])
    low_x, low_y, high_x, high_y = edges.T
    wide = np.minimum(high_x[:, None], high_x) - np.maximum(low_x[:, None], low_x)
    tall = np.minimum(high_y[:, None], high_y) - np.maximum(low_y[:, None], low_y)
    both = np.argwhere(np.triu((wide > 1.0) & (tall > 1.0), 1))
    return [(names[i], names[j]) for i, j in both]


def assert_readable(ax: Any) -> None:
    """No two texts overlap and none leaves the figure."""
    found = boxes(ax)
    assert overlapping(found) == []
    width, height = ax.figure.canvas.figure.bbox.size
    inside = {
        name: box.x0 >= -0.5 and box.y0 >= -0.5 and box.x1 <= width + 0.5 and box.y1 <= height + 0.5
        for name, box in found.items()
    }
    assert [name for name, within in inside.items() if not within] == []


def mark(ax: Any, gid: str) -> Any:
    """The collection of that gid, None where it was not drawn."""
    found = [item for item in ax.collections if item.get_gid() == gid]
    assert len(found) <= 1
    return found[0] if found else None


def ends(ax: Any, gid: str = "intervals") -> np.ndarray:
    """Low and high end of every line of a collection."""
    return np.array([[a[0], b[0]] for a, b in mark(ax, gid).get_segments()])
