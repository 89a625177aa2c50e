"""One line of text whose symbols of statistics may stand in italics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
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
        else:
            super().draw(renderer)

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
                part = Text(x, y, text, alpha=self.get_alpha(), parse_math=False, **look)
                part.set_figure(figure)
                part.draw(renderer)
                x += renderer.points_to_pixels(self.face.printed(text, size, weight, slant))
        renderer.close_group("text")
        self.stale = False
