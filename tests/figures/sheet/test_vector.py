"""The SVG that is written by itself is the picture that Matplotlib draws, in fewer words."""

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter

import numpy as np
import pytest
from made_results import effect
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PathCollection

import pdt_evidence as pdt
from pdt_evidence.figures import forest, summary_forest
from pdt_evidence.figures.sheet.vector import Vector

NAME = "{http://www.w3.org/2000/svg}"
RATIO = pdt.pool(np.log([0.4, 1.6, 3.1, 30.0]), [0.1, 0.2, 0.05, 1.9], measure="RR", labels=list("ABCD"))
LIGHTS = pdt.pool(
    [0.2, 0.5, -0.1],
    [0.04, 0.05, 0.06],
    labels=["A & <B>", 'C "D"', "Ø’s"],
    columns={"rob": ["low", "high", "some concerns"]},
)
DRAWINGS = {
    "a forest": lambda **ax: forest(effect(5), **ax),
    "one study": lambda **ax: forest(effect(1), **ax),
    "ratios, cut off": lambda **ax: forest(RATIO, xlim=(0.3, 4.0), prediction="band", **ax),
    "stripes and a zone": lambda **ax: forest(effect(4), style="jama", margins=0.2, lines=(0.5,), **ax),
    "dark": lambda **ax: forest(effect(3), style="dark", prediction="line", **ax),
    "two models": lambda **ax: forest(effect(4), also={"Fixed effect": effect(4)}, **ax),
    "lights, and names with signs": lambda **ax: forest(LIGHTS, lights=("rob",), **ax),
    "results": lambda **ax: summary_forest({"One": effect(4), "Another": effect(3)}, **ax),
}


@pytest.fixture(params=DRAWINGS, scope="module")
def both(request):
    """The same figure by Matplotlib and by itself."""
    drawing = DRAWINGS[request.param]
    ax = drawing()
    ax.figure.canvas.draw()
    yield ax, ElementTree.fromstring(drawing(ax=Vector()).file())
    plt.close(ax.figure)


def points(ax, transform, at):
    """Places as points right of and below the corner of the figure."""
    pixels = transform.transform(np.asarray(at, dtype=float))
    return (pixels * (1, -1) + (0, ax.figure.bbox.height)) * 72 / ax.figure.dpi


def numbers(path):
    return np.array(re.findall(r"-?[\d.]+", path.get("d")), dtype=float).reshape(-1, 2)


def test_it_is_as_large(both):
    ax, svg = both
    size = [float(svg.get(side).removesuffix("pt")) for side in ("width", "height")]
    assert size == pytest.approx(ax.figure.get_size_inches() * 72, abs=0.01)


def test_every_text_stands_where_it_stands_in_the_figure(both):
    ax, svg = both
    drawn = {text.get_gid(): text for text in ax.texts}
    found = {text.get("id"): text for text in svg.iter(f"{NAME}text") if "tick" not in text.get("id")}
    assert set(found) == set(drawn)
    for gid, text in found.items():
        like = drawn[gid]
        assert "".join(text.itertext()) == like.get_text()
        place = float(text.get("x")), float(text.get("y"))
        assert place == pytest.approx(points(ax, like.get_transform(), like.get_position()), abs=0.011), gid
        anchor = {"left": "", "right": "end", "center": "middle"}[like.get_ha()]
        assert f"text-anchor: {anchor}" in text.get("style") if anchor else "anchor" not in text.get("style")
        assert f"font-size: {like.get_fontsize():g}px" in text.get("style")
        assert ("font-weight: 700" in text.get("style")) == (like.get_fontweight() == "bold")


def test_ticks_are_those_of_the_figure(both):
    ax, svg = both
    found = [text for text in svg.iter(f"{NAME}text") if "tick" in text.get("id")]
    labels = [label for label in ax.get_xticklabels() if label.get_text()]
    assert [text.text for text in found] == [label.get_text() for label in labels]
    at = points(ax, ax.transData, [(label.get_position()[0], 0) for label in labels])[:, 0]
    assert [float(text.get("x")) for text in found] == pytest.approx(at, abs=0.011)


def test_marks_are_where_the_figure_has_them(both):
    """Of every collection each corner and each middle; the parts of one may stand in several paths."""
    ax, svg = both
    paths = [path for path in svg.iter(f"{NAME}path") if path.get("id", "axis") != "axis"]
    written = np.concatenate([numbers(path) for path in svg.iter(f"{NAME}path") if "H" not in path.get("d")])
    assert {path.get("id") for path in paths} >= {mark.get_gid() for mark in ax.collections}
    for mark in ax.collections:
        if isinstance(mark, PathCollection):
            offsets = points(ax, mark.get_offset_transform(), mark.get_offsets())
            path = next(path for path in paths if path.get("id") == mark.get_gid())
            assert path.get("d").count("M") <= len(offsets)
            continue
        transform = mark.get_transform()
        segments = isinstance(mark, LineCollection)
        parts = mark.get_segments() if segments else [one.vertices for one in mark.get_paths()]
        for corner in points(ax, transform, np.concatenate(parts)):
            assert np.abs(written - corner).max(axis=1).min() < 0.011, mark.get_gid()


def test_squares_have_the_area_of_the_weights():
    fit = effect(4)
    svg = ElementTree.fromstring(forest(fit, ax=Vector()).file())
    (path,) = [one for one in svg.iter(f"{NAME}path") if one.get("id") == "squares"]
    corners = [
        np.array(re.findall(r"-?[\d.]+", one), dtype=float).reshape(-1, 2)
        for one in path.get("d").split("M")[1:]
    ]
    areas = np.array([np.prod(np.ptp(one, axis=0)) for one in corners])
    weights = np.asarray(fit.weights)
    assert areas / areas.max() == pytest.approx(weights / weights.max(), rel=0.02)


def test_names_within_are_there_once(both):
    counts = Counter(one.get("id") for one in both[1].iter() if one.get("id"))
    assert max(counts.values()) == 1


def test_it_says_what_it_shows():
    svg = ElementTree.fromstring(forest(effect(3), ax=Vector()).file())
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == pdt.alt_text(effect(3), "forest")


def test_it_is_the_same_bytes_each_time():
    assert forest(effect(6), ax=Vector()).file() == forest(effect(6), ax=Vector()).file()
