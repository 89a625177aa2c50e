"""Which families a figure is set in, so that it looks the same on every machine.

The package brings Liberation Sans, as wide as Arial letter by letter; Matplotlib brings STIX and
DejaVu. Nothing else is used unless a style names it, or a text is in a script that these lack.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pdt_evidence.errors import warn

if TYPE_CHECKING:
    from pdt_evidence.figures.sheet.styles import Style

__all__ = ["ALIKE", "FOLDER", "families_for", "register"]

FOLDER = Path(__file__).parent / "fonts"
OURS = "Liberation Sans"
# Letters of SVG are those of the viewer's machine: families of the same widths, where it lacks ours.
ALIKE = {
    "'Liberation Sans'": "'Liberation Sans', Arial, Helvetica, sans-serif",
    "'STIXGeneral'": "'STIXGeneral', 'Times New Roman', serif",
}
LAST = "DejaVu Sans"  # comes with Matplotlib and covers most signs
# Families that cover a script, by the first word of its characters' Unicode names.
_BY_SCRIPT = {
    "CJK": (
        "Noto Sans CJK JP",
        "Noto Sans CJK SC",
        "Source Han Sans",
        "Hiragino Sans",
        "PingFang SC",
        "Yu Gothic",
        "Microsoft YaHei",
        "WenQuanYi Zen Hei",
    ),
    "HANGUL": ("Noto Sans CJK KR", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic"),
    "ARABIC": ("Noto Sans Arabic", "Noto Naskh Arabic", "Geeza Pro", "Segoe UI"),
}
_BY_SCRIPT |= dict.fromkeys(
    ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "FULLWIDTH", "IDEOGRAPHIC"), _BY_SCRIPT["CJK"]
)


def register() -> None:
    """Put the package's fonts first in Matplotlib's list, before another version on the machine."""
    from matplotlib.font_manager import fontManager

    paths = [str(path) for path in sorted(FOLDER.glob("*.ttf"))]
    fonts = fontManager.ttflist
    if [font.fname for font in fonts[: len(paths)]] == paths:
        return
    fonts[:] = [font for font in fonts if font.fname not in paths]
    for path in paths:
        fontManager.addfont(path)
    fonts[:] = fonts[-len(paths) :] + fonts[: -len(paths)]


def families_for(texts: Iterable[str], style: Style) -> tuple[str, ...]:
    """The style's family, then what comes with Matplotlib, then one for each further script in `texts`.

    Warns
    -----
    EvidenceWarning
        Where the machine lacks the family that the style asks for, or where the look of a
        text depends on what the machine has.
    """
    from matplotlib.font_manager import fontManager

    register()
    known = set(fontManager.get_font_names())
    found = tuple(dict.fromkeys((_chosen(style, known), LAST)))
    letters = {char for text in texts if not text.isascii() for char in text if ord(char) > 0x52F}
    missing = {char for char in letters if not any(ord(char) in _letters(family) for family in found)}
    scripts = sorted({unicodedata.name(char, "UNKNOWN").split(" ")[0] for char in missing})
    further = {script: _family_of(script, known) for script in scripts}
    for script, family in further.items():
        if family:
            warn(
                f"Text in {script} letters is drawn in {family}, a font of this machine: it will look otherwise on "
                "another machine."
            )
            continue
        wanted = _BY_SCRIPT.get(script, (f"Noto Sans {script.title()}",))[0]
        warn(
            f"Text in {script} letters is not covered by any font found here, and is drawn as empty boxes. Install one "
            f"that covers it, such as {wanted}, or name yours in Style(fonts=...)."
        )
    return tuple(dict.fromkeys((*found, *filter(None, further.values()))))


def _chosen(style: Style, known: set[str]) -> str:
    """The first of the style's families that there is, or else our own."""
    family = next((family for family in style.fonts if family in known), OURS)
    if style.fonts and family != style.fonts[0]:
        absent = style.fonts[: style.fonts.index(family)] if family in style.fonts else style.fonts
        warn(
            f"The style {style.name!r} asks for {', '.join(absent)}, which this machine does not have: "
            f"drawn in {family}."
        )
    return family


def _family_of(script: str, known: set[str]) -> str | None:
    wanted = (*_BY_SCRIPT.get(script, ()), f"Noto Sans {script.title()}", f"Noto Serif {script.title()}")
    return next((family for family in wanted if family in known), None)


def _letters(family: str) -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont

    return _letters_of(findfont(FontProperties(family=family)))


@cache
def _letters_of(path: str) -> frozenset[int]:
    from matplotlib.font_manager import get_font

    return frozenset(get_font(path).get_charmap())
