"""The gallery: every figure that it shows can be drawn, reads well and has its picture."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import geometry
import pytest

from pdt_evidence import figures

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"


def drawings():
    spec = importlib.util.spec_from_file_location("gallery_draw", FOLDER / "draw.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.gallery()


@pytest.fixture(scope="module")
def gallery():
    return drawings()


def test_every_figure_of_the_gallery_reads_well(gallery):
    for name, draw in gallery.items():
        try:
            geometry.assert_readable(draw())
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


def test_every_public_figure_is_in_the_gallery():
    script = (FOLDER / "draw.py").read_text(encoding="utf-8")
    others = {
        "STYLES",
        "Style",
        "alt_text",
        "save",
        "to_table",
        "forest_pages",
    }  # pages: forests one after another
    assert [name for name in set(figures.__all__) - others if f"figures.{name}(" not in script] == []


def test_the_page_shows_every_figure_and_no_other(gallery):
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    shown = {part.split(")")[0].removesuffix(".png") for part in page.split("![](")[1:]}
    assert shown == set(gallery)
    assert {path.stem for path in FOLDER.glob("*.png")} == set(gallery)
