"""One line of text that vector files take without being laid out again.

Matplotlib lays a text out once for its box and once more to write it. A line whose place and
width are known needs neither in a PDF: its letters go into the file at once. A figure with a
table beside it is mostly text, so this makes it several times as fast to save. Where the PDF
writer is another one than expected, or the text needs shaping, Matplotlib's own way is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from matplotlib import font_manager, rc_context
from matplotlib.text import Text

from pdt_evidence.figures.measure import runs

if TYPE_CHECKING:
    from pdt_evidence.figures.measure import Typeface

__all__ = ["Line"]

# Letters that each file being written has been told of, and its names of the fonts' subsets.
_CODES: WeakKeyDictionary[Any, dict[tuple[Any, str], tuple[Any, Any]]] = WeakKeyDictionary()
_NAMES: WeakKeyDictionary[Any, dict[tuple[Any, int], Any]] = WeakKeyDictionary()
SHIFT = {"left": 0.0, "center": 0.5, "right": 1.0}


class Line(Text):
    """A `Text` of one line on its baseline, unrotated, in a known typeface."""

    face: Typeface | None = None
    symbols = False  # whether symbols of statistics are in italics

    def draw(self, renderer: Any) -> None:
        """Draw by the short way where there is one."""
        if self._plain() and _pdf_of(renderer) and self._write(renderer):
            return
        if self.symbols and self.get_visible():
            self._draw_runs(renderer)
        else:
            super().draw(renderer)

    def _runs(self) -> tuple[tuple[str, str], ...]:
        """The text in pieces of one slant."""
        text = self.get_text()
        return runs(text) if self.symbols else ((text, self.get_fontstyle()),)

    def _draw_runs(self, renderer: Any) -> None:
        """Draw each piece as a text of its own, one after the other."""
        figure = self.get_figure()
        assert self.face is not None
        assert figure is not None
        size, weight = float(self.get_fontsize()), str(self.get_fontweight())
        x, y = self.get_transform().transform(self.get_unitless_position())
        renderer.open_group("text", self.get_gid())
        for text, slant in self._runs():
            look = {
                "fontproperties": self.face.properties(size, weight, slant, text),
                "color": self.get_color(),
            }
            part = Text(x, y, text, alpha=self.get_alpha(), parse_math=False, **look)
            part.set_figure(figure)
            with rc_context({"text.hinting": "no_hinting"}):  # else it grows or shrinks with the resolution
                part.draw(renderer)
            known = self.face.glyphs(text, size, weight, slant)
            x += renderer.points_to_pixels(known[1] if known else self.face.width(text, size, weight, slant))
        renderer.close_group("text")
        self.stale = False

    def _plain(self) -> bool:
        """Whether nothing asks for more than letters side by side."""
        text = self.get_text()
        return bool(
            self.face is not None
            and self.get_visible()
            and text
            and not self.get_parse_math()
            and not self.get_rotation()
            and self.get_verticalalignment() == "baseline"
            and self.get_bbox_patch() is None
            and not self.get_path_effects()
            and "\n" not in text
            and self.get_url() is None
        )

    def _write(self, renderer: Any) -> bool:
        """Write the letters into a PDF; False, and nothing written, where that cannot be done."""
        from matplotlib import rcParams

        assert self.face is not None
        size, weight = float(self.get_fontsize()), str(self.get_fontweight())
        found = [self.face.glyphs(text, size, weight, slant) for text, slant in self._runs()]
        if None in found or rcParams["pdf.use14corefonts"]:
            return False
        letters = [letter for part in found if part for letter in part[0]]
        width = sum(part[1] for part in found if part)
        x, y = self.get_transform().transform(self.get_unitless_position())
        x -= SHIFT[self.get_horizontalalignment()] * renderer.points_to_pixels(width)
        gc = renderer.new_gc()
        gc.set_foreground(self.get_color())
        gc.set_alpha(self.get_alpha())
        renderer.open_group("text", self.get_gid())
        _show(renderer, gc, float(x), float(y), size, letters)
        gc.restore()
        renderer.close_group("text")
        self.stale = False
        return True


def _pdf_of(renderer: Any) -> bool:
    """Whether this writes a PDF in the way that `_show` knows; a mixed renderer hands on to the vector one."""
    try:
        known = hasattr(font_manager, "FontPath")  # since 3.11; before, letters were tracked otherwise
        return known and callable(renderer.file._character_tracker.track_glyph)
    except AttributeError:
        return False


def _show(
    renderer: Any, gc: Any, x: float, y: float, size: float, letters: list[tuple[Any, str, int]]
) -> None:
    """One text object: place, font, letters; another font, or another subset of it, starts a new run."""
    from matplotlib import rcParams
    from matplotlib.backends.backend_pdf import Op

    renderer.check_gc(gc, gc._rgb)
    kind = rcParams["pdf.fonttype"]
    known = _CODES.setdefault(renderer.file, {})
    parts: list[Any] = [Op.begin_text, x, y, Op.textpos]
    run: list[Any] = []
    current = None
    for font, char, index in letters:
        name, code = known.get((font, char)) or _track(renderer.file, font, char, index)
        if name is not current:
            parts += [renderer._encode_glyphs(run, kind), Op.show] if run else []
            run, current = [], name
            parts += [name, size, Op.selectfont]
        run.append(code)
    renderer.file.output(*parts, renderer._encode_glyphs(run, kind), Op.show, Op.end_text)


def _track(file: Any, font: Any, char: str, index: int) -> tuple[Any, Any]:
    """Tell the file that it needs this letter; returns its font's name there and its code, and keeps both."""
    part, code = file._character_tracker.track_glyph(font, char, index)
    names = _NAMES.setdefault(file, {})
    if (font, part) not in names:
        names[font, part] = file.fontName(font_manager.FontPath(font.fname, font.face_index), part)
    _CODES[file][font, char] = (names[font, part], code)
    return names[font, part], code
