"""How wide a text is, in points, before any figure exists.

Widths come from the fonts themselves, so that columns fit what they hold. Plain Latin text
is the sum of its advances (kept per font); any other script is shaped and measured whole.
On a screen letters snap to pixels, which makes small text up to a tenth wider than in print,
so an advance is the larger of the two.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

__all__ = ["Typeface", "between_lines", "runs", "tidy"]

# The symbol of a statistic: a letter by itself, before its value. The space after it goes with it, as no
# piece may begin with a space: SVG would drop it.
_SYMBOL = re.compile(r"(?<!\w)([QFpIτ] ?)(?=²? ?(?:[=<]|not known))")
SNAPPED = 1.05  # allowance for pixels where a text is measured whole
APART = 2.0  # points between two marks of a legend
_SIGNS = "–—‘’“”†‡•…−≤≥×←→"


@cache
def runs(text: str) -> tuple[tuple[str, str], ...]:
    """A line in pieces, each with its slant: symbols of statistics are in italics.

    Examples
    --------
    >>> runs("df = 2, p = 0.04; I² = 1%")
    (('df = 2, ', 'normal'), ('p ', 'italic'), ('= 0.04; ', 'normal'), ('I', 'italic'), ('² = 1%', 'normal'))
    """
    pieces = enumerate(_SYMBOL.split(text))  # every other one is what the pattern found
    return tuple((piece, "italic" if i % 2 else "normal") for i, piece in pieces if piece)


def tidy(text: str, *, lines: bool = False) -> str:
    """A text as it can be set: tabs, carriage returns and other control signs are blanks; line ends stay with `lines`.

    Examples
    --------
    >>> tidy("A\\tnew\\r\\nline"), tidy("two\\r\\nlines", lines=True)
    ('A new line', 'two\\nlines')
    """
    text = str(text)
    if text.isprintable() and "  " not in text:
        return text
    parts = re.split(r"\r\n|[\r\n\v\f\x85\u2028\u2029]", text)
    # A blank that does not break stays one.
    parts = [re.sub(r"(?:[^\S\xa0]|[\x00-\x1f\x7f-\x9f])+", " ", part).strip(" ") for part in parts]
    return "\n".join(parts) if lines else " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Typeface:
    """Families and the measuring of text set in them."""

    families: tuple[str, ...]
    dpi: float = 200.0

    def properties(
        self, size: float, weight: str = "normal", slant: str = "normal", text: str = ""
    ) -> FontProperties:
        """Matplotlib's description of this face at `size` points, with the fallbacks that `text` needs."""
        families = self.families
        # A single family is several times as fast to look up and to set.
        if all(char.isascii() or char in _advances(families, weight, slant, size, self.dpi) for char in text):
            families = families[:1]
        return _properties(families, size, weight, slant)

    def width(self, text: str, size: float, weight: str = "normal", slant: str = "normal") -> float:
        """Width of one line in points."""
        if not text:
            return 0.0
        advances = _advances(self.families, weight, slant, size, self.dpi)
        try:
            return sum(advances[char] for char in text)
        except KeyError:
            return SNAPPED * _shaped_width(text, self.properties(size, weight, slant, text))

    def printed(self, text: str, size: float, weight: str, slant: str) -> float:
        """Width of one line in points where letters stand between pixels, as in print."""
        known = _glyphs(self.families, weight, slant)
        try:
            return sum(known[char] for char in text) * size
        except KeyError:
            return self.width(text, size, weight, slant)

    def statistics_width(self, text: str, size: float) -> float:
        """Width in points of a line whose symbols of statistics are in italics."""
        return sum(self.width(part, size, slant=slant) for part, slant in runs(text))

    def wrap(self, text: str, width: float, size: float, weight: str = "normal") -> list[str]:
        """Lines no wider than `width` points, broken between words, inside one only if it must be."""
        lines: list[str] = []
        line = ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if self.width(longer, size, weight) <= width:
                line = longer
                continue
            lines += [line] if line else []
            *full, line = self._chopped(word, width, size, weight)
            lines += full
        return [*lines, line] if line or not lines else lines

    def spacing(self, line: float) -> float:
        """Matplotlib's `linespacing` at which lines of this face stand at most `line` ems apart."""
        return min(1.2, _spacing(self.families, line))

    def _chopped(self, word: str, width: float, size: float, weight: str) -> list[str]:
        if self.width(word, size, weight) <= width:
            return [word]
        begin, dash, end = next(filter(all, map(word.partition, "-–")), (word, "", ""))  # DerSimonian–Laird
        if dash and self.width(begin + dash, size, weight) <= width:
            return [begin + dash, *self._chopped(end, width, size, weight)]
        pieces = [""]
        for char in word:
            # A combining mark stays with the letter that it belongs to.
            fits = self.width(pieces[-1] + char, size, weight) <= width
            if fits or not pieces[-1] or unicodedata.combining(char):
                pieces[-1] += char
            else:
                pieces.append(char)
        return pieces


@cache
def _properties(families: tuple[str, ...], size: float, weight: str, slant: str) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    slants: Any = slant
    return FontProperties(family=list(families), size=size, weight=weight, style=slants)


class _Glyphs(dict[str, float]):
    """Width in ems, as printed, of each letter, digit and sign; looked up when first met."""

    def __init__(self, properties: FontProperties) -> None:
        from matplotlib.font_manager import findfont, get_font

        self.font = get_font(findfont(properties))
        self.present = self.font.get_charmap()

    def __missing__(self, char: str) -> float:
        code = ord(char)
        # Latin with its accents, Greek and Cyrillic stand letter by letter; no shaping needed.
        plain = (0x20 <= code <= 0x52F and not 0x300 <= code <= 0x36F) or char in _SIGNS
        if not plain or code not in self.present:
            raise KeyError(char)
        self.font.set_size(100.0, 72)  # 1 em is 100 units
        glyph = self.font.load_char(code, flags=_no_hinting())
        self[char] = glyph.linearHoriAdvance / 65536 / 100
        return self[char]


class _Advances(dict[str, float]):
    """Width of each letter in points, the larger of print and screen; looked up when first met."""

    def __init__(self, glyphs: _Glyphs, size: float, dpi: float) -> None:
        from matplotlib import rcParams
        from matplotlib.backends.backend_agg import get_hinting_flag

        # Before 3.11 Matplotlib loaded letters this many times as wide, to place them between pixels.
        self.stretch = rcParams.get("text.hinting_factor") or 1
        self.glyphs, self.size, self.dpi = glyphs, size, dpi
        self.flags = get_hinting_flag()

    def __contains__(self, char: object) -> bool:
        try:
            self[char]  # pyright: ignore[reportArgumentType]
        except KeyError:
            return False
        return True

    def __missing__(self, char: str) -> float:
        printed = self.glyphs[char]
        font = self.glyphs.font
        font.set_size(self.size, self.dpi)
        pixels = font.load_char(ord(char), flags=self.flags).horiAdvance / 64 / self.stretch
        self[char] = max(printed * self.size, pixels * 72 / self.dpi)
        return self[char]


@cache
def _no_hinting() -> Any:
    """The flag that keeps letters as wide as in print; its name changed with Matplotlib 3.10."""
    from matplotlib import ft2font

    flags = getattr(ft2font, "LoadFlags", None)
    return flags.NO_HINTING if flags is not None else ft2font.LOAD_NO_HINTING  # pyright: ignore


@cache
def _glyphs(families: tuple[str, ...], weight: str, slant: str) -> _Glyphs:
    return _Glyphs(_properties(families[:1], 10.0, weight, slant))


@cache
def _advances(families: tuple[str, ...], weight: str, slant: str, size: float, dpi: float) -> _Advances:
    return _Advances(_glyphs(families, weight, slant), size, dpi)


@cache
def _spacing(families: tuple[str, ...], line: float) -> float:
    """How far apart lines stand is a + b times the spacing; some faces are so tall that 1.2 sets them wide."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    figure = Figure(dpi=720)
    renderer = FigureCanvasAgg(figure).get_renderer()

    def height(text: str, spacing: float) -> float:
        properties = _properties(families[:1], 10.0, "normal", "normal")
        made = Text(0, 0, text, fontproperties=properties, linespacing=spacing, figure=figure)
        return made.get_window_extent(renderer).height / 100  # in ems: of 10 points at 720 pixels an inch

    narrow, wide = (height("lp\nlp", at) - height("lp", at) for at in (1.0, 2.0))
    return 1.0 + (line - narrow) / (wide - narrow)


@cache
def _shaped_width(text: str, properties: FontProperties) -> float:
    from matplotlib.textpath import text_to_path

    return float(text_to_path.get_text_width_height_descent(text, properties, ismath=False)[0])


def between_lines(handles: Sequence[Any], small: float, least: float) -> float:
    """What is free between two lines of a legend, in letters: more where its largest marks would touch."""
    areas = [max(handle.get_sizes(), default=0.0) for handle in handles if hasattr(handle, "get_sizes")]
    return max(least, (math.sqrt(max(areas, default=0.0)) + APART) / small - 1.0)
