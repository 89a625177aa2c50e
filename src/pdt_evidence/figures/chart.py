"""Plain charts: Axes of a journal's size and look for the figures that are no forests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pdt_evidence.figures.canvas import new_figure
from pdt_evidence.figures.measure import Typeface, families_for
from pdt_evidence.figures.styles import Style, style_of

__all__ = ["Chart", "chart"]

MM = 1 / 25.4
MINUS = str.maketrans("-", "−")


class Chart:
    """Axes with a style: what every companion of the forest plot starts from."""

    def __init__(self, ax: Any, style: Style, texts: Sequence[str] = ()) -> None:
        self.ax, self.style = ax, style
        self.face = Typeface(families_for(texts, style.fonts), ax.figure.dpi)

    def font(self, text: str = "", small: bool = False, weight: str = "normal") -> Any:
        """Font properties for that text."""
        size = self.style.small if small else self.style.size
        return self.face.properties(size, weight, "normal", text)

    def text(self, x: float, y: float, text: str, gid: str, **look: Any) -> Any:
        """A text in data coordinates unless told otherwise; never mathtext."""
        look = {"color": self.style.ink, "fontproperties": self.font(text, small=True), "gid": gid} | look
        return self.ax.text(x, y, text, parse_math=False, **look)

    def finish(
        self, *, title: str = "", xlabel: str = "", ylabel: str = "", grid: str = "", pad: float = 5.0
    ) -> Any:
        """Spines, ticks, labels and title in the style; returns the Axes."""
        ax, style = self.ax, self.style
        ax.set_facecolor("none")
        for side, spine in ax.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set(linewidth=0.7, color=style.ink)
        look: dict[str, Any] = {"labelsize": style.small, "color": style.ink, "labelcolor": style.ink}
        ax.tick_params(length=3.0, width=0.7, pad=2.5, labelfontfamily=self.face.families[0], **look)
        if grid:
            ax.grid(visible=True, axis=grid, color=style.faint, linewidth=0.4, zorder=0)
            ax.set_axisbelow(True)
        ax.set_xlabel(xlabel, fontproperties=self.font(xlabel), color=style.ink, parse_math=False)
        ax.set_ylabel(ylabel, fontproperties=self.font(ylabel), color=style.ink, parse_math=False)
        if title:
            font = self.face.properties(style.size + 1, "bold", "normal", title)
            ax.set_title(title, loc="left", pad=pad, fontproperties=font, color=style.ink, parse_math=False)
        return ax

    def legend(self, handles: Sequence[Any], **look: Any) -> None:
        """A legend without a frame, its text in the style."""
        labels = [handle.get_label() for handle in handles]
        look = {"frameon": False, "handlelength": 1.6, "borderaxespad": 0.2, "labelspacing": 0.35} | look
        found = self.ax.legend(
            handles=handles, prop=self.font("".join(labels), small=True), labelcolor=self.style.ink, **look
        )
        found.set_gid("legend")


def chart(ax: Any, style: str | Style, width: float, height: float, texts: Sequence[str] = ()) -> Chart:
    """A chart on `ax`, or on a new figure of `width` by `height` millimetres."""
    chosen = style_of(style)
    if ax is None:
        points = MM * 72
        ax = new_figure(width * points, height * points, chosen.paper, layout="constrained").add_subplot()
    return Chart(ax, chosen, texts)
