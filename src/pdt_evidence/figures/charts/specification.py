"""The specification curve: one estimate under every way to arrive at it, and which way that was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.specification_layout import (
    BARE,
    CLEAR,
    GAP,
    HOLDS,
    LINE,
    SIGN,
    Curve,
    Placed,
    Row,
    compared,
    curve_of,
    limits_of,
    place,
)
from pdt_evidence.figures.forests.arms import GENERAL
from pdt_evidence.figures.sheet.settings import drawn, plain_axes
from pdt_evidence.figures.sheet.styles import Style, style_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.multiverse.result import Multiverse

__all__ = ["specification_curve"]

MM = 72 / 25.4


@drawn
@known_options
def specification_curve(
    table: pd.DataFrame | Multiverse,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 160.0,
    height: float | None = None,
    title: str = "",
    estimate: str = "estimate",
    ci: tuple[str, str] = ("ci_low", "ci_high"),
    choices: str | Sequence[str] | None = None,
    reference: float = 0.0,
    ylabel: str = "Estimate",
    arms: tuple[str, str] = GENERAL,
    favours: tuple[str, str] | None = None,
) -> Axes:
    """Draw estimates in order of size, and below them the choices that led to each.

    Parameters
    ----------
    table : DataFrame or Multiverse
        One row a specification, as `sensitivity` gives them for one stratum; or a `multiverse` of one stratum.
    ax : Axes, optional
        Where to draw, the choices in an inset of it; a new figure without it.
    style, title, arms, favours
        As in `forest`; `favours` is what stands below and above the reference: nothing unless it or `arms` is given,
        or all rows are of one bundled comparison.
    width, height : float
        Millimetres of a new figure; its height is by the number of options without it.
    estimate, ci : str and pair of str
        Columns of the estimates and of both limits of their intervals (NaN: none, drawn as a point).
    choices : str or sequence of str, optional
        Columns of the choices, numeric ones too. Without it all columns of words that differ between rows
        (all columns of words for a single row). An empty cell: the choice does not arise there.
    reference : float
        Where the line stands that intervals hold or exclude; one that ends on it holds it.
    ylabel : str
        What the estimates are.

    Returns
    -------
    Axes
        Of the estimates; the choices are in `ax.child_axes`. Gids: "intervals:excludes", "estimates:excludes",
        "used:excludes", the same with "holds" and "bare" (no interval), "reference", "arrow" where an interval
        is cut off, "option:rho:0.5", "choice:rho".

    Raises
    ------
    SchemaError
        For columns that are not there or not numbers where numbers are due.
    RequestError
        If there is no estimate or no choice to draw, more than sixty options, an interval's ends are in
        the wrong order, or the width or the Axes are too small for the text.

    References
    ----------
    .. [1] Simonsohn U, Simmons JP, Nelson LD. Nature Human Behaviour 4 (2020) 1208-1214.
       doi:10.1038/s41562-020-0912-z

    Examples
    --------
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> runs = pd.DataFrame({"estimate": [0.4, 0.3], "ci_low": [0.1, -0.1], "ci_high": [0.7, 0.7],
    ...                      "method": ["REML", "DL"]})
    >>> pdt.specification_curve(runs).child_axes[0].get_xlim() == pdt.specification_curve(runs).get_xlim()
    True
    """
    from pdt_evidence.figures.sheet import canvas

    chosen = style_of(style)
    if not math.isfinite(reference):
        raise RequestError(f"reference = {reference!r} is not a finite number.")
    curve = curve_of(table, estimate, ci, choices, reference, chosen)
    limits = limits_of(curve, reference)
    arms = arms if arms != GENERAL else compared(table) or arms
    named = arms != GENERAL  # whose arms are named is said to be signed
    below, above = favours or ((f"Favours {arms[1]}", f"Favours {arms[0]}") if named else ("", ""))
    sides = (f"↑ {above}" if above else "", ylabel, f"↓ {below}" if below else "")
    texts = (sides, title, chosen.format.shortest(reference))
    if ax is None:
        content = width * MM - 2 * canvas.MARGIN
        tall = None if height is None else height * MM - 2 * canvas.MARGIN
        placed = place(curve, chosen, texts, limits, canvas.DPI, content, tall)
        down = tall or placed.top + placed.upper + GAP + placed.lower + placed.bottom
        ax = canvas.new_axes(content, down, chosen.paper)
    else:
        plain_axes(ax)
        placed = place(curve, chosen, texts, limits, ax.figure.dpi, *canvas.available(ax))
    return _draw(ax, curve, placed, limits, reference)


def _draw(ax: Any, curve: Curve, placed: Placed, limits: tuple[float, float], reference: float) -> Any:
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    from pdt_evidence.figures.sheet.beside_plot import Sheet
    from pdt_evidence.figures.sheet.canvas import Frame

    style, below = placed.style, placed.bottom + placed.lower + GAP
    frame = Frame(placed.left, placed.right, placed.top, below)
    inset = ax.inset_axes((0.0, 0.0, 1.0, 1.0))
    inset.set_gid("choices")
    ax.set_axes_locator(frame)
    inset.set_axes_locator(_Below(frame, ax, placed.lower))
    count = len(curve.estimates)
    beyond = max(0.7, 0.5 + 0.008 * count)  # among hundreds the first would touch the axis
    for one in (ax, inset):
        one.set(facecolor="none", xlim=(-beyond, count - 1 + beyond), autoscale_on=False)
        one.xaxis.set_visible(False)
        one.spines[["right", "top", "bottom", "left"]].set_visible(False)
    ax.spines["left"].set(visible=True, linewidth=0.7, color=style.ink)
    ax.set_ylim(*limits)
    inset.set_ylim(placed.lower, 0.0)
    inset.yaxis.set_visible(False)
    ax.yaxis.set_major_locator(FixedLocator([value for value, _ in placed.ticks]))
    ax.yaxis.set_major_formatter(FixedFormatter([text for _, text in placed.ticks]))
    ax.yaxis.set_minor_locator(NullLocator())
    look: dict[str, Any] = {"length": 3.0, "width": 0.7, "pad": 2.0, "labelsize": style.small}
    ax.tick_params(
        axis="y", color=style.ink, labelcolor=style.ink, labelfontfamily=placed.face.families[0], **look
    )
    look = {"color": style.muted, "linewidth": 0.8, "linestyle": (0, (4, 2.5)), "zorder": 1.5}
    ax.axhline(reference, gid="reference", **look)
    _marks(ax, inset, curve, placed, limits)
    sheet = Sheet(ax, placed.face, style)
    _write_options(sheet, curve, placed)
    _write_around(sheet, placed)
    ax.apply_aspect(frame(ax, None))  # so that it is in place before it is first drawn
    return ax


class _Below:
    """Locator of the choices: so many points high, under the estimates."""

    def __init__(self, frame: Any, above: Any, height: float) -> None:
        self.frame, self.above, self.height = frame, above, height

    def __call__(self, _ax: Any, renderer: Any) -> Any:
        from matplotlib.transforms import Bbox

        from pdt_evidence.figures.sheet.canvas import points_of

        box = self.frame(self.above, renderer)
        tall = points_of(self.above.figure)[1]
        top = box.y0 - GAP / tall
        return Bbox.from_extents(box.x0, top - self.height / tall, box.x1, top)

    def get_subplotspec(self) -> None:
        """None: layout engines take the Axes' own place."""
        return None


def _look(kind: str, style: Style) -> dict[str, Any]:
    """Colour and shape together, so that grey print keeps the kinds apart."""
    color = {CLEAR: style.study, HOLDS: style.prediction, BARE: style.muted}[kind]
    face = color if kind == CLEAR else style.paper
    return {"marker": {CLEAR: "o", HOLDS: "s", BARE: "D"}[kind], "facecolor": face, "edgecolor": color}


def _marks(ax: Any, inset: Any, curve: Curve, placed: Placed, limits: tuple[float, float]) -> None:
    style = placed.style
    step = max(placed.across, 1.0) / float(np.diff(ax.get_xlim())[0])
    wide = min(max(0.75 * step, 2.0), 0.65 * style.size)
    middles = [np.array([row.middle for row in group]) for group in placed.options]
    for group in middles:
        inset.hlines(group, *inset.get_xlim(), color=style.faint, linewidth=0.4, zorder=1)
    for kind in (CLEAR, HOLDS, BARE):
        at = np.flatnonzero(curve.kinds == kind)
        if not len(at):
            continue
        look = _look(kind, style)
        if kind != BARE:
            low, high = (np.clip(side[at], *limits) for side in (curve.low, curve.high))
            ax.vlines(
                at,
                low,
                high,
                color=look["edgecolor"],
                linewidth=min(max(0.35 * step, 0.5), 1.2),
                zorder=2,
                gid=f"intervals:{kind}",
            )
        ax.scatter(
            at,
            curve.estimates[at],
            s=wide**2,
            linewidth=min(0.9, 0.3 * wide),
            zorder=3,
            gid=f"estimates:{kind}",
            **look,
        )
        used = [
            (i, middles[n][c.taken[i]]) for n, c in enumerate(curve.choices) for i in at if c.taken[i] >= 0
        ]
        if used and step < 4.5:  # dots of so many would run into one another; strokes do not
            look = {"marker": "|", "color": look["edgecolor"]}
        if used:
            stroke = (0.6 if kind == HOLDS else 1.1) * style.size  # length tells them apart in grey
            size, line = (wide, 0.9) if step >= 4.5 else (stroke, max(0.7 * step, 0.5))
            inset.scatter(
                *zip(*used, strict=True), s=size**2, linewidth=line, zorder=2, gid=f"used:{kind}", **look
            )
    for side, end, marker in ((curve.low, limits[0], "v"), (curve.high, limits[1], "^")):
        at = np.flatnonzero(side < end if marker == "v" else side > end)
        if len(at):
            ax.scatter(
                at,
                [end] * len(at),
                s=wide**2,
                marker=marker,
                color=style.ink,
                linewidth=0,
                zorder=3,
                clip_on=False,
                gid="arrow",
            )


def _write_options(sheet: Any, curve: Curve, placed: Placed) -> None:
    """Names of the choices in bold, their options right of them."""
    size = placed.style.size
    where = sheet.margin(0.0, 0.0)

    def write(row: Row, x: float, gid: str, **look: Any) -> None:
        first = -GAP - row.middle + (len(row.lines) - 1) / 2 * LINE * size - 0.35 * size
        for n, line in enumerate(row.lines):
            sheet.write(line, x, first - n * LINE * size, where, gid=gid + (f":{n + 1}" if n else ""), **look)

    for choice, name, group in zip(curve.choices, placed.names, placed.options, strict=True):
        write(name, -placed.left, f"choice:{choice.name}", weight="bold")
        for option, row in zip(choice.options, group, strict=True):
            write(row, -GAP, f"option:{choice.name}:{option}", align="right")


def _write_around(sheet: Any, placed: Placed) -> None:
    """Title and key above, directions beside, the count below."""
    style, left = placed.style, placed.left
    size, small = style.size, style.small
    above, beside, below = placed.sides
    x = -placed.ticks_width - GAP
    for name, lines, edge, first in (
        ("above", above, 1.0, -0.75 * size),
        ("ylabel", beside, 0.5, ((len(beside) - 1) / 2 * LINE - 0.35) * size),
        ("below", below, 0.0, (len(below) - 1) * LINE * size),
    ):
        for n, line in enumerate(lines):
            up = first - n * LINE * size
            sheet.write(line, x, up, sheet.margin(0.0, edge), gid=f"{name}:{n + 1}", align="right")
    top = sheet.margin(0.0, 1.0)
    for n, line in enumerate(placed.title):
        up = placed.top - (n + 0.85) * LINE * (size + 1)
        sheet.write(line, -left, up, top, gid=f"heading:{n + 1}", size=size + 1, weight="bold")
    last = max(entry.line for entry in placed.key)
    for entry in placed.key:
        up, start = GAP + (last - entry.line + 0.2) * LINE * small, entry.start - left
        sheet.write(entry.text, start + SIGN, up, top, gid=f"key:{entry.kind}", size=small)
        sheet.ax.scatter(
            [start + 3],
            [up + 0.35 * small],
            s=0.35 * small**2,
            linewidth=0.9,
            transform=top,
            clip_on=False,
            gid=f"sign:{entry.kind}",
            **_look(entry.kind, style),
        )
    for n, line in enumerate(placed.foot):
        down = 2 * GAP + placed.lower + (n + 0.8) * LINE * small
        sheet.write(
            line, -left, -down, sheet.margin(0.0, 0.0), gid=f"note:{n + 1}", size=small, color=style.muted
        )
