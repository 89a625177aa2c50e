"""A figure looks the same whatever fonts the machine has."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest
from furnished import SERIF, furnished, picture
from made_results import effect
from matplotlib import font_manager
from matplotlib.font_manager import FontEntry, fontManager
from matplotlib.text import Text
from pin import PICTURES

from only_shipped_fonts import is_shipped
from pdt_evidence.errors import EvidenceWarning
from pdt_evidence.figures import STYLES, forest, save
from pdt_evidence.figures.sheet import families


@pytest.fixture
def with_fonts_of_its_own():
    with furnished():
        yield


def test_the_tests_see_only_fonts_that_a_user_gets():
    assert fontManager.ttflist
    assert [font.fname for font in fontManager.ttflist if not is_shipped(font.fname)] == []


@pytest.mark.parametrize("name", ["default", "lancet"])
@pytest.mark.parametrize("ending", ["pdf", "svg", "png"])
def test_fonts_of_the_machine_change_no_byte(name, ending, tmp_path, request):
    alone = save(forest(effect(4), style=name), tmp_path / f"alone.{ending}", dpi=80).read_bytes()
    request.getfixturevalue("with_fonts_of_its_own")
    assert save(forest(effect(4), style=name), tmp_path / f"b.{ending}", dpi=80).read_bytes() == alone


def test_the_furnished_machine_is_noticed_where_a_style_asks_for_it(with_fonts_of_its_own, tmp_path):
    style = replace(STYLES["default"], fonts=("Arial",))
    assert fonts_in(save(forest(effect(4), style=style), tmp_path / "a.pdf")) == {"DejaVuSerif-Bold"}


def fonts_in(path: Path) -> set[str]:
    """Names of the fonts in a PDF, without the six letters that mark a subset."""
    found = re.findall(rb"/BaseFont /(?:[A-Z]{6}\+)?([\w-]+)", path.read_bytes())
    return {name.decode() for name in found}


@pytest.mark.usefixtures("with_fonts_of_its_own")
@pytest.mark.parametrize("name", PICTURES)
def test_a_figure_is_set_in_what_is_shipped(name):
    figure, _ = picture(name)
    texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert texts
    kind = "STIXGeneral" if name == "style_lancet" else "LiberationSans"
    for text in texts:
        path = Path(font_manager.findfont(text.get_fontproperties()))
        assert is_shipped(path), text
        assert path.name.startswith(kind), text


@pytest.mark.parametrize(
    "file", sorted(families.FOLDER.glob("*.ttf")), ids=lambda path: path.stem.removeprefix("LiberationSans-")
)
def test_the_typeface_has_what_results_are_written_with(file):
    font = font_manager.get_font(str(file))
    signs = "0123456789²³½αβγδθκλμρστφχωΔΣ−–—∞≤≥×±·…‘’“”†‡√•←→↑↓≈≠%[]()<>ŁőřşğñçßøåæśžČ"
    assert [sign for sign in signs if ord(sign) not in font.get_charmap()] == []
    font.set_size(100, 72)
    widths = {font.load_char(ord(digit)).linearHoriAdvance for digit in "0123456789"}
    assert len(widths) == 1, "figures are not tabular"


def test_the_typeface_is_narrower_than_that_of_matplotlib():
    def width(name):
        font = font_manager.get_font(font_manager.findfont(name))
        font.set_size(100, 72)
        text = "Psychodynamic therapy against control, 12 months: 0.42 [0.11, 0.73]"
        return sum(font.load_char(ord(char)).linearHoriAdvance for char in text)

    families.register()
    assert width("Liberation Sans") < 0.92 * width("DejaVu Sans")


def test_there_is_a_true_italic_and_a_bold():
    families.register()
    for look, file in (("italic", "Italic"), ("bold", "Bold"), ("normal", "Regular")):
        key = "weight" if look == "bold" else "style"
        requested = font_manager.FontProperties(family="Liberation Sans", **{key: look})
        assert Path(font_manager.findfont(requested)) == families.FOLDER / f"LiberationSans-{file}.ttf"


def test_registering_twice_adds_nothing_and_touches_no_settings():
    before = dict(mpl.rcParams)
    families.register()
    once = list(fontManager.ttflist)
    families.register()
    assert fontManager.ttflist == once
    assert dict(mpl.rcParams) == before
    assert "Liberation Sans" not in mpl.rcParams["font.sans-serif"]


def test_the_licence_lies_beside_the_typeface():
    text = (families.FOLDER / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Reserved Font Name Liberation" in text


@pytest.mark.parametrize(
    ("fonts", "message"),
    [
        (("Garamond", "Univers"), "asks for Garamond, Univers, which .* not have: drawn in Liberation Sans"),
        (("Univers", "DejaVu Serif", "Garamond"), "asks for Univers, which .* drawn in DejaVu Serif"),
    ],
)
def test_a_style_says_what_it_fell_back_to(fonts, message):
    with pytest.warns(EvidenceWarning, match=f"The style 'mine' {message}"):
        forest(effect(3), style=replace(STYLES["default"], name="mine", fonts=fonts))


@pytest.mark.parametrize("name", sorted(STYLES))
def test_our_own_styles_have_nothing_to_say(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)  # of Matplotlib's own, with newer pyparsing
        forest(effect(3), style=name)


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_script_that_is_not_shipped_is_said_to_depend_on_the_machine():
    labels = ("Smith 2001", "北京 2010")
    with pytest.warns(EvidenceWarning, match="Text in CJK letters is not covered by any font found here"):
        forest(effect(2, labels=labels))
    fontManager.ttflist.append(FontEntry(fname=str(SERIF), name="Noto Sans CJK SC"))
    try:
        with pytest.warns(EvidenceWarning, match="drawn in Noto Sans CJK SC, a font of this machine"):
            forest(effect(2, labels=labels))
    finally:
        fontManager.ttflist.pop()


def test_an_svg_names_families_of_the_same_widths_for_viewers_without_ours(tmp_path):
    for style, alike in (("default", "Arial, Helvetica, sans-serif"), ("lancet", "'Times New Roman', serif")):
        text = save(forest(effect(3), style=style), tmp_path / "a.svg").read_text(encoding="utf-8")
        named = set(re.findall(r"font(?:-family)?: ([^;\"]+)", text))
        assert named
        assert all(alike in names for names in named), named
