"""Files: formats, the same bytes every time, text kept as text."""

from __future__ import annotations

import re
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import pytest
from made_results import effect, synthesis
from matplotlib.figure import Figure
from PIL import Image

from pdt_evidence.errors import RequestError
from pdt_evidence.figures import forest, forest_pages, save


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


def test_pdf_embeds_letters_without_the_tables_that_set_them(tmp_path):
    from fontTools import subset

    usual = subset.load_font
    content = save(forest(synthesis()), tmp_path / "forest.pdf").read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, flags=re.S)
    fonts = [font for font in map(_unpacked, streams) if font.startswith(b"\x00\x01\x00\x00")]
    tables = {font[12 + 16 * i : 16 + 16 * i] for font in fonts for i in range(font[5])}
    assert {b"glyf", b"hmtx"} <= tables
    assert not tables & {b"GSUB", b"GPOS", b"GDEF", b"kern"}
    assert subset.load_font is usual  # only while it is written


def test_threads_write_one_figure_at_a_time(tmp_path, monkeypatch):
    """Settings of Matplotlib and the loader of fonts are of the process: two at once would undo each other's."""
    from fontTools import subset

    usual, dpi, under_way, most = subset.load_font, mpl.rcParams["savefig.dpi"], [], []
    savefig = Figure.savefig

    def slowly(figure, *where, **how):
        under_way.append(figure)
        most.append(len(under_way))
        time.sleep(0.02)  # long enough for another thread to begin
        savefig(figure, *where, **how)
        under_way.pop()

    drawn = [forest(effect(k)) for k in (2, 3)]
    alone = [save(ax, tmp_path / "alone.pdf").read_bytes() for ax in drawn]
    monkeypatch.setattr(Figure, "savefig", slowly)
    with ThreadPoolExecutor(2) as executor:
        paths = list(executor.map(save, drawn, (tmp_path / "0.pdf", tmp_path / "1.pdf")))
    assert [path.read_bytes() for path in paths] == alone
    assert max(most) == 1
    assert subset.load_font is usual
    assert mpl.rcParams["savefig.dpi"] == dpi


def _unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


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


def test_pages_become_one_pdf_with_the_same_bytes(tmp_path):
    files = [save(forest_pages(synthesis(), height=120), tmp_path / f"{name}.pdf") for name in "ab"]
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert len(re.findall(rb"/Type /Page\b", first)) > 1
    with pytest.raises(RequestError, match=r"pages go into a \.pdf"):
        save(forest_pages(synthesis(), height=120), tmp_path / "a.png")
