"""Files: formats, the same bytes every time, text kept as text."""

from __future__ import annotations

import io
import re

import matplotlib as mpl
import pytest
from made_results import effect, synthesis
from matplotlib import font_manager
from matplotlib.text import Text
from PIL import Image

from pdt_evidence.errors import RequestError
from pdt_evidence.figures import forest, forest_pages, save
from pdt_evidence.figures.lines import Line


@pytest.mark.parametrize("ending", ["pdf", "svg", "png", "tiff", "tif"])
def test_the_same_figure_gives_the_same_bytes(tmp_path, ending):
    before = dict(mpl.rcParams)
    files = [save(forest(effect(5)), tmp_path / f"{name}.{ending}", dpi=100) for name in "ab"]
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert len(first) > 2000
    assert dict(mpl.rcParams) == before


def test_a_tiff_has_colours_alone_at_its_size(tmp_path):
    with Image.open(save(forest(effect(3), width=85), tmp_path / "a.tif", dpi=300)) as picture:
        assert picture.mode == "RGB"
        assert picture.size[0] == int(85 / 25.4 * 300)
        assert picture.info["dpi"] == (300, 300)
        assert picture.info["compression"] == "tiff_lzw"


def test_svg_keeps_text_as_text_and_says_what_is_what(tmp_path):
    text = save(forest(effect(3)), tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "Abbass 1986" in text
    assert 'id="diamonds"' in text
    assert "<dc:date>" not in text


def test_pdf_embeds_truetype_fonts(tmp_path):
    content = save(forest(effect(3)), tmp_path / "a.pdf").read_bytes()
    assert b"/CIDFontType2" in content
    assert b"/Type3" not in content
    assert b"CreationDate" not in content


def test_a_figure_can_be_saved_as_well_as_its_axes(tmp_path):
    assert save(forest(effect(3)).figure, tmp_path / "a.png", dpi=50).stat().st_size > 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.docx", "cannot write 'docx'. Use one of: .pdf, .svg, .png, .tiff."),
        ("a", "cannot write 'a file without ending'"),
        ("none/a.pdf", "does not exist. Create it first."),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(tmp_path, name, message):
    with pytest.raises(RequestError) as caught:
        save(forest(effect(3)), tmp_path / name)
    assert message in str(caught.value)


@pytest.mark.parametrize("fonttype", [3, 42])
def test_the_short_way_into_a_pdf_writes_what_the_long_way_does(fonttype, monkeypatch):
    """Same letters in the same fonts, and lines that end or begin where they are pinned."""
    with mpl.rc_context({"pdf.fonttype": fonttype}):
        short = pdf_of(forest(effect(3)))
        monkeypatch.setattr(Line, "_write", lambda self, renderer: False)
        long = pdf_of(forest(effect(3)))
    assert b"".join(letters(short)) == b"".join(letters(long))
    assert len(short) < len(long) * 1.05


def pdf_of(ax):
    content = io.BytesIO()
    with mpl.rc_context({"pdf.compression": 0}):
        ax.figure.savefig(content, format="pdf", metadata={"CreationDate": None})
    return content.getvalue()


def letters(pdf):
    """The bytes of every string that the page shows, kerning left out, text object by text object."""
    shown = re.findall(rb"BT(.*?)ET", pdf, re.DOTALL)
    strings = (re.findall(rb"\(((?:\\.|[^\\()])*)\)", part, re.DOTALL) for part in shown)
    return [b"".join(found) for found in strings]


@pytest.mark.skipif(not hasattr(font_manager, "FontPath"), reason="before 3.11 all text goes the long way")
def test_text_that_needs_shaping_takes_the_long_way(monkeypatch):
    taken = []
    monkeypatch.setattr(Text, "draw", lambda self, renderer: taken.append(self.get_text()))
    pdf_of(forest(effect(2, labels=("Smith 2001", "\u5317\u4eac 2010"))))
    assert "\u5317\u4eac 2010" in taken
    assert "Smith 2001" not in taken


def test_pages_become_one_pdf_with_the_same_bytes(tmp_path):
    files = [save(forest_pages(synthesis(), height=120), tmp_path / f"{name}.pdf") for name in "ab"]
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert len(re.findall(rb"/Type /Page\b", first)) > 1
    with pytest.raises(RequestError, match=r"pages go into a \.pdf"):
        save(forest_pages(synthesis(), height=120), tmp_path / "a.png")
