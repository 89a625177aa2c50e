"""The gallery: every figure that it shows can be drawn, reads well and has its picture."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import geometry
import pytest
from examples import GALLERY_EXAMPLES

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"


@pytest.mark.parametrize("name", GALLERY_EXAMPLES)
def test_every_figure_of_the_gallery_reads_well(name):
    geometry.assert_readable(GALLERY_EXAMPLES[name].in_the_gallery())


def test_the_page_and_its_pictures_are_those_of_the_examples():
    spec = importlib.util.spec_from_file_location("gallery_draw", FOLDER / "draw.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == script.page(), "run docs/gallery/draw.py"
    assert {path.stem for path in FOLDER.glob("*.png")} == set(GALLERY_EXAMPLES), "run docs/gallery/draw.py"
