"""One line of text whose symbols of statistics may stand in italics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib import rc_context, rcParams
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from pdt_evidence.figures.sheet.measure import runs

if TYPE_CHECKING:
    from pdt_evidence.figures.sheet.measure import Typeface

__all__ = ["Line"]


class Line(Text):
    """A `Text` of one line on its baseline, unrotated, in a known typeface."""

    face: Typeface | None = None
    symbols = False  # whether symbols of statistics are in italics

    def draw(self, renderer: Any) -> None:
        """Draw the whole text at once, or piece by piece where its slant changes."""
        if self.symbols and self.get_visible():
            self._draw_runs(renderer)
        elif self._is_plain():
            self._draw_plain(renderer)
        else:
            super().draw(renderer)

    def _is_plain(self) -> bool:
        """Whether nobody made more of it than one line at a known place."""
        changed = self.get_rotation() or self.get_wrap() or self.get_usetex() or self.get_path_effects()
        shown = self.get_visible() and self.get_text() and "\n" not in self.get_text()
        return (
            bool(shown)
            and not changed
            and self.get_verticalalignment() == "baseline"
            and self.get_bbox_patch() is None
        )

    def _draw_plain(self, renderer: Any) -> None:
        """As `Text` draws it, without working out a layout: that is most of the time that a figure takes to write."""
        x, y = map(float, self.get_transform().transform(self.get_unitless_position()))
        text, look = self.get_text(), self.get_fontproperties()
        if self.get_horizontalalignment() != "left" and not _anchors(renderer):
            width = renderer.get_text_width_height_descent(text, look, False)[0]
            x -= width if self.get_horizontalalignment() == "right" else width / 2
        if renderer.flipy():
            y = renderer.get_canvas_width_height()[1] - y
        renderer.open_group("text", self.get_gid())
        gc = renderer.new_gc()
        gc.set_foreground(to_rgba(self.get_color()), isRGBA=True)
        gc.set_alpha(self.get_alpha())
        gc.set_url(self.get_url())
        gc.set_antialiased(self.get_antialiased())
        gc.set_snap(self.get_snap())
        if self.get_clip_on():
            gc.set_clip_rectangle(self.get_clip_box())
            gc.set_clip_path(self.get_clip_path())
        renderer.draw_text(gc, x, y, text, look, 0.0, ismath=False, mtext=self)
        gc.restore()
        renderer.close_group("text")
        self.stale = False

    def _draw_runs(self, renderer: Any) -> None:
        """Draw each piece as a text of its own, one after the other."""
        figure = self.get_figure()
        assert self.face is not None
        assert figure is not None
        size, weight = float(self.get_fontsize()), str(self.get_fontweight())
        x, y = self.get_transform().transform(self.get_unitless_position())
        renderer.open_group("text", self.get_gid())
        with rc_context({"text.hinting": "no_hinting"}):  # else it grows or shrinks with the resolution
            for text, slant in runs(self.get_text()):
                look = {
                    "fontproperties": self.face.properties(size, weight, slant, text),
                    "color": self.get_color(),
                }
                part = Line(x, y, text, alpha=self.get_alpha(), parse_math=False, **look)
                part.set_figure(figure)
                part.draw(renderer)
                x += renderer.points_to_pixels(self.face.printed(text, size, weight, slant))
        renderer.close_group("text")
        self.stale = False


def _anchors(renderer: Any) -> bool:
    """Whether the file says of a text how it is aligned, as SVG does, so that its width need not be known."""
    kind = type(getattr(renderer, "_renderer", renderer)).__name__
    return kind == "RendererSVG" and rcParams["svg.fonttype"] == "none"
