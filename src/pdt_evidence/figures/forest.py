"""The forest plot: results to layout, layout to places, places to marks on Axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, require_choice
from pdt_evidence.figures import axis
from pdt_evidence.figures.layout import ForestLayout, Wishes, forest_layout
from pdt_evidence.figures.place import (
    FAVOURS_GAP,
    NOTES_GAP,
    PlacedColumn,
    PlacedRow,
    Placement,
    indent_of,
    place,
)
from pdt_evidence.figures.styles import Style, style_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["forest"]

PREDICTIONS = ("bar", "band", "line", "off")
BASELINE = 0.36  # of the text size: from the middle of a row down to the baseline
LARGEST = 0.66  # side of the largest square, as a part of a row
MM = 72 / 25.4


def forest(
    result: PooledEffect | Synthesis,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float | None = None,
    title: str | None = None,
    columns: Sequence[str] | None = None,
    arms: tuple[str, str] | None = None,
    favours: tuple[str, str] | None = None,
    sources: str | Sequence[str] | Mapping[str, str] | None = None,
    sort: str | None = None,
    xlim: tuple[float, float] | None = None,
    digits: int = 2,
    prediction: str = "bar",
    heterogeneity: bool = True,
    method: bool = True,
) -> Axes:
    """Draw the studies of a pooled effect, or of every stratum of a synthesis, with their summaries.

    Parameters
    ----------
    result : PooledEffect or Synthesis
        A synthesis is drawn in groups, comparison around outcome around follow-up.
    ax : Axes, optional
        Where to draw: text and plot together take the box that it has. Without it, a figure of
        the right size is made.
    style : str or Style
        "default", "dark", "revman", "jama", "bmj", "lancet", "apa", or a record of your own.
    width : float, optional
        Width of a new figure in millimetres (journal columns: 85 and 170); as wide as the text
        needs, and at most 182, without it.
    title : str, optional
        Instead of the words of the stratum; "" for none.
    columns : sequence of str, optional
        Text columns in order: "study", "n", "effect", "weight" or any of the result's own
        columns; "plot" stands for the plot. Without it: study, n (where known), plot, effect,
        weight; of these, a narrow figure leaves out the weight first, then n.
    arms : (str, str), optional
        Names of arm 1 and arm 2, for the heads of n and the two directions.
    favours : (str, str), optional
        What stands left and right of no effect, instead of "Favours ..." with the arms' names.
    sources : str, sequence or mapping, optional
        The line under the plot: a text, names, or a name for each `source_id`; "" for none.
    sort : {"effect", "precision", "weight", "label", "year"}, optional
        Order of the studies within their stratum; as in the result without it.
    xlim : (float, float), optional
        Ends of the axis, ratios on their natural scale. Intervals that go on beyond get arrows.
    digits : int
        Decimals of effects.
    prediction : {"bar", "band", "line", "off"}
        The prediction interval: a row of its own, that row and a shaded band behind the studies, a line
        through the diamond, or nothing.
    heterogeneity, method : bool
        Whether to write Q, I2 and tau2 under each summary, and the methods under the plot.

    Returns
    -------
    Axes
        Its x axis is the effect axis (logarithmic for ratios), its y axis runs down the rows. Marks
        and texts carry gids: "intervals", "squares", "diamonds", "study:...:estimate" and so on.

    Raises
    ------
    RequestError
        For an unknown option, a column that is not there, or a result without studies.

    Warns
    -----
    EvidenceWarning
        Where the Axes given are too small for what is to be shown.

    Examples
    --------
    >>> from pdt_evidence.figures import forest
    >>> from pdt_evidence.pooling import pool
    >>> ax = forest(pool([0.6, 0.2, 0.4], [0.04, 0.03, 0.09], labels=["A 2001", "B 2004", "C 2010"]))
    >>> [text.get_text() for text in ax.texts][:1]
    ['Study']
    """
    require_choice("prediction", prediction, PREDICTIONS)
    chosen = style_of(style)
    layout = forest_layout(
        result,
        chosen,
        Wishes(
            title=title,
            columns=columns,
            arms=arms,
            favours=favours,
            sources=sources,
            digits=digits,
            prediction=prediction,
            heterogeneity=heterogeneity,
            method=method,
            sort=sort,
        ),
    )
    return draw(layout, chosen, ax, width, _ends(layout, xlim), prediction)


def _ends(layout: ForestLayout, xlim: tuple[float, float] | None) -> tuple[float, float]:
    if xlim is not None:
        low, high = map(float, xlim)
        if not (
            math.isfinite(low) and math.isfinite(high) and low < high and (low > 0 or not layout.scale.log)
        ):
            wanted = "two finite numbers, the lower first" + (
                ", above 0 for a ratio" if layout.scale.log else ""
            )
            raise RequestError(f"xlim = {xlim!r} is not an axis. Give {wanted}.")
        return low, high
    studies = [row for row in layout.rows if row.kind == "study"]
    pooled = [row for row in layout.rows if row.kind == "pooled"]
    wide = [row for row in layout.rows if row.kind == "prediction"]
    return axis.limits(
        layout.scale,
        [row.estimate for row in studies],
        [(row.low, row.high) for row in [*studies, *wide]],
        [(row.low, row.high) for row in pooled],
    )


def draw(
    layout: ForestLayout,
    style: Style,
    ax: Any,
    width: float | None,
    ends: tuple[float, float],
    prediction: str,
) -> Any:
    """Place the layout and draw it, on `ax` or on a figure of its own."""
    from pdt_evidence.figures import canvas

    share = _share(layout, ends)
    if ax is None:
        content = None if width is None else width * MM - 2 * canvas.MARGIN
        placed = place(layout, style, share, canvas.DPI, content)
        ax = canvas.new_axes(placed.width, placed.height, style.paper)
    else:
        placed = place(layout, style, share, ax.figure.dpi, *canvas.available(ax))
    _warn(placed)
    _prepare(ax, layout, placed, ends)
    writer = canvas.Writer(ax, placed.face, placed.style)
    _head(writer, placed)
    _rows(writer, placed)
    _marks(ax, layout, placed, ends, prediction)
    _directions(writer, placed)
    _notes(writer, placed)
    _rules(ax, placed)
    ax.apply_aspect(ax.get_axes_locator()(ax, None))  # so that it is in place before it is first drawn
    return ax


def _warn(placed: Placement) -> None:
    if placed.fits:
        return
    import warnings

    from pdt_evidence.errors import EvidenceWarning

    needed = f"{placed.width / MM:.0f} x {placed.height / MM:.0f} mm"
    warnings.warn(
        f"The forest plot does not fit: at {placed.style.size:g} pt it needs about {needed}. "
        "Give it larger Axes, fewer columns or shorter labels.",
        EvidenceWarning,
        stacklevel=4,
    )


def _prepare(ax: Any, layout: ForestLayout, placed: Placement, ends: tuple[float, float]) -> None:
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

    from pdt_evidence.figures.canvas import Frame

    style = placed.style
    ax.set_axes_locator(Frame(placed.left, placed.right, placed.top, placed.bottom))
    ax.set_facecolor("none")
    if layout.scale.log:
        ax.set_xscale("log")
    ax.set_xlim(*ends)
    ax.set_ylim(placed.body, 0.0)
    ax.set_autoscale_on(False)
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set(linewidth=0.7, color=style.ink)
    ax.yaxis.set_visible(False)
    marks = tick_marks(layout, placed, ends)
    ax.xaxis.set_major_locator(FixedLocator([value for value, _ in marks]))
    ax.xaxis.set_major_formatter(FixedFormatter([text for _, text in marks]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(
        axis="x",
        length=3.0,
        width=0.7,
        pad=2.0,
        color=style.ink,
        labelcolor=style.ink,
        bottom=True,
        labelbottom=True,
        top=False,
        labeltop=False,
        labelsize=style.small,
    )
    for label in ax.get_xticklabels():
        label.set_fontproperties(placed.face.properties(style.small))


def tick_marks(layout: ForestLayout, placed: Placement, ends: tuple[float, float]) -> list[tuple[float, str]]:
    """Ticks that stand apart at the width that the plot has."""
    style, face = placed.style, placed.face

    def label(value: float) -> str:
        return axis.tick_label(layout.scale, value).replace(".", style.decimal)

    def width(text: str) -> float:
        return face.width(text, style.small)

    found = axis.ticks(layout.scale, *ends, placed.panel, width, label)
    if layout.scale.log:
        return found
    texts = axis.same_decimals([text for _, text in found], style.decimal)
    return list(zip((value for value, _ in found), texts, strict=True))


def _head(writer: Any, placed: Placement) -> None:
    style = placed.style
    bottom = 7.0 - style.size * 0.1  # points from the first row up to the last head line's baseline
    for n, text in enumerate(placed.title):
        up = placed.top - (n + 0.85) * 1.25 * (style.size + 1)
        writer.write(
            text,
            0,
            1,
            writer.at(0, -placed.left, up, 1.0),
            gid=f"title:{n + 1}",
            size=style.size + 1,
            weight="bold",
        )
    for n, text in enumerate(placed.panel_head):
        up = bottom + (len(placed.panel_head) - 1 - n) * placed.line
        writer.write(
            text, 0.5, 1, writer.at(0, 0, up, 1.0), gid=f"head:plot:{n + 1}", weight="bold", align="center"
        )
    for found in placed.columns:
        side, origin = _origin(found, placed)
        x = origin + found.anchor
        for n, text in enumerate(found.head):
            up = bottom + (len(found.head) - 1 - n) * placed.line
            writer.write(
                text,
                side,
                1,
                writer.at(0, x, up, 1.0),
                gid=f"head:{found.column.key}:{n + 1}",
                weight="bold",
                align=found.column.align,
            )
    _shared_heads(writer, placed, bottom)


def _origin(found: PlacedColumn, placed: Placement) -> tuple[float, float]:
    """The side of the plot that a column hangs on, and the points from there to its origin."""
    return (0.0, -placed.left) if found.column.left else (1.0, 0.0)


def _shared_heads(writer: Any, placed: Placement, bottom: float) -> None:
    style = placed.style
    groups: dict[tuple[bool, str], list[PlacedColumn]] = {}
    for found in placed.columns:
        if found.column.over:
            groups.setdefault((found.column.left, found.column.over), []).append(found)
    for (_, text), members in groups.items():
        side, origin = _origin(members[0], placed)
        lines = max(len(member.head) for member in members)
        middle = origin + (members[0].start + members[-1].end) / 2
        up = bottom + lines * placed.line
        writer.write(
            text,
            side,
            1,
            writer.at(0, middle, up, 1.0),
            gid=f"head:{members[0].column.key}:shared",
            weight="bold",
            align="center",
        )
        if lines and style.rules:
            _rule(
                writer.ax,
                (side, origin + members[0].start),
                (side, origin + members[-1].end),
                up - 2.2,
                1.0,
                0.4,
                style.muted,
                f"rule:{text}",
            )


def _rule(
    ax: Any,
    start: tuple[float, float],
    end: tuple[float, float],
    up: float,
    edge: float,
    width: float,
    color: str,
    gid: str,
) -> None:
    """A horizontal line between two places given as (side of the plot, points), `up` points above an edge."""
    from matplotlib.patches import ConnectionPatch

    def where(side: float, dx: float) -> Any:
        from matplotlib.transforms import ScaledTranslation

        return ax.transAxes + ScaledTranslation(dx / 72, up / 72, ax.figure.dpi_scale_trans)

    patch = ConnectionPatch(
        (start[0], edge),
        (end[0], edge),
        where(*start),
        where(*end),
        linewidth=width,
        color=color,
        capstyle="butt",
        shrinkA=0,
        shrinkB=0,
    )
    patch.set_gid(gid)
    patch.set_clip_on(False)
    patch.set_annotation_clip(False)
    ax.add_artist(patch)


def _rows(writer: Any, placed: Placement) -> None:
    style = placed.style
    drop = -BASELINE * style.size
    transforms = {}
    for found in placed.columns:
        side, origin = _origin(found, placed)
        transforms[found.column.key] = (side, writer.at(0, origin + found.anchor, drop), found.column.align)
    for found in placed.rows:
        row = found.row
        start = -placed.left + indent_of(row, style)
        if row.kind == "note":
            _note_lines(writer, found, start, style)
            continue
        weight = "bold" if row.kind == "pooled" or (row.kind == "heading" and not _quiet(found)) else "normal"
        slant = "italic" if row.kind == "heading" and _quiet(found) else "normal"
        color = style.muted if row.kind == "prediction" else style.ink
        step = 1.15 * style.size
        for n, line in enumerate(found.lines):
            y = found.middle + (n - (len(found.lines) - 1) / 2) * step
            if line:
                writer.write(
                    line,
                    0,
                    y,
                    writer.at(0, start, drop),
                    gid=f"{row.key}:study:{n + 1}",
                    weight=weight,
                    slant=slant,
                    color=color,
                )
        for key, (side, transform, align) in transforms.items():
            text = row.cells.get(key, "")
            if text and key != "study":
                writer.write(
                    text,
                    side,
                    found.middle,
                    transform,
                    gid=f"{row.key}:{key}",
                    weight=weight,
                    align=align,
                    color=color,
                )


def _quiet(found: PlacedRow) -> bool:
    """Whether a heading is the innermost of several."""
    return found.row.deepest and found.row.indent > 0


def _note_lines(writer: Any, found: PlacedRow, start: float, style: Style) -> None:
    step = 1.4 * style.small
    for n, line in enumerate(found.lines):
        y = found.middle - 0.125 * style.size + (n - (len(found.lines) - 1) / 2) * step
        writer.write(
            line,
            0,
            y,
            writer.at(0, start, -BASELINE * style.small),
            gid=f"{found.row.key}:{n + 1}",
            size=style.small,
            color=style.muted,
            math=True,
        )


def _marks(
    ax: Any, layout: ForestLayout, placed: Placement, ends: tuple[float, float], prediction: str
) -> None:
    from pdt_evidence.figures import marks

    style = placed.style
    low, high = ends
    by_kind: dict[str, list[PlacedRow]] = {}
    for found in placed.rows:
        by_kind.setdefault(found.row.kind, []).append(found)
    studies, pooled = by_kind.get("study", []), by_kind.get("pooled", [])
    predicted = by_kind.get("prediction", [])
    _background(ax, layout, placed, ends, pooled, predicted if prediction == "band" else [])
    pitch = style.pitch * style.size
    inside = [s for s in studies if s.row.low <= high and s.row.high >= low]
    marks.intervals(
        ax,
        [(max(s.row.low, low), min(s.row.high, high), s.middle) for s in inside],
        color=style.study_line,
        width=0.9,
        gid="intervals",
        zorder=2.5,
    )
    seen = [s for s in studies if low <= s.row.estimate <= high]
    side = LARGEST * pitch
    areas = [(side**2) * (s.row.share if s.row.share == s.row.share else 0.3) for s in seen]
    marks.points(
        ax,
        [(s.row.estimate, s.middle) for s in seen],
        areas,
        color=style.study,
        shape=style.marker,
        gid="squares",
    )
    marks.diamonds(
        ax,
        [(p.row.low, p.row.estimate, p.row.high, p.middle) for p in pooled],
        0.34 * pitch,
        color=style.pooled,
        gid="diamonds",
    )
    shown = predicted if prediction != "off" else []
    _prediction(ax, shown, ends, placed, pooled if prediction == "line" else None)
    for kind, rows, color in (
        ("study", studies, style.study_line),
        ("pooled", pooled, style.pooled),
        ("prediction", shown, style.prediction),
    ):
        size = 0.5 * style.size
        marks.arrows(
            ax,
            [(low, r.middle) for r in rows if r.row.low < low],
            right=False,
            size=size,
            color=color,
            gid=f"arrows-left:{kind}",
        )
        marks.arrows(
            ax,
            [(high, r.middle) for r in rows if r.row.high > high],
            right=True,
            size=size,
            color=color,
            gid=f"arrows-right:{kind}",
        )


def _background(
    ax: Any,
    layout: ForestLayout,
    placed: Placement,
    ends: tuple[float, float],
    pooled: Sequence[PlacedRow],
    banded: Sequence[PlacedRow],
) -> None:
    """The line of no effect, a broken line down to each diamond, bands and stripes."""
    from pdt_evidence.figures import marks

    style = placed.style
    if ends[0] <= layout.scale.null <= ends[1]:
        marks.verticals(
            ax,
            [(layout.scale.null, 0.0, placed.body)],
            color=style.muted,
            width=0.7,
            gid="no-effect",
            zorder=1.5,
        )
    spans = []
    for found in pooled:
        mates = [
            row for row in placed.rows if row.row.stratum == found.row.stratum and row.row.kind == "study"
        ]
        if ends[0] <= found.row.estimate <= ends[1]:
            spans.append((found.row.estimate, mates[0].middle - mates[0].height / 2, found.middle))
    marks.verticals(
        ax, spans, color=style.pooled, width=0.6, gid="estimate-lines", linestyles=[(0, (3, 2.5))], zorder=1.6
    )
    from matplotlib.patches import Rectangle

    for found in banded:
        mates = [
            row for row in placed.rows if row.row.stratum == found.row.stratum and row.row.kind == "study"
        ]
        top = mates[0].middle - mates[0].height / 2
        band = Rectangle(
            (found.row.low, top),
            found.row.high - found.row.low,
            found.middle - top,
            facecolor=style.prediction,
            alpha=0.12,
            edgecolor="none",
            zorder=1.0,
        )
        band.set_gid(f"band:{found.row.key}")
        ax.add_artist(band)
    if style.stripes:
        _stripes(ax, placed)


def _stripes(ax: Any, placed: Placement) -> None:
    from matplotlib.patches import Rectangle

    # Across text and plot alike: x runs in points from the plot's left edge.
    shown = [row for row in placed.rows if row.row.kind == "study"][::2]
    across = _wide_transform(ax, placed)
    for found in shown:
        stripe = Rectangle(
            (0, found.middle - found.height / 2),
            1,
            found.height,
            transform=across,
            clip_on=False,
            facecolor=placed.style.stripe,
            edgecolor="none",
            zorder=0.5,
        )
        stripe.set_gid(f"stripe:{found.row.key}")
        ax.add_artist(stripe)


def _wide_transform(ax: Any, placed: Placement) -> Any:
    """x from 0 to 1 over the whole content, y in rows."""
    from matplotlib.transforms import BboxTransformTo, TransformedBbox, blended_transform_factory

    class Wide(TransformedBbox):
        def get_points(self) -> Any:
            points = super().get_points().copy()
            scale = ax.figure.dpi / 72
            points[0, 0] -= placed.left * scale
            points[1, 0] += placed.right * scale
            return points

    from matplotlib.transforms import Bbox

    return blended_transform_factory(BboxTransformTo(Wide(Bbox.unit(), ax.transAxes)), ax.transData)


def _prediction(
    ax: Any,
    shown: Sequence[PlacedRow],
    ends: tuple[float, float],
    placed: Placement,
    pooled: Sequence[PlacedRow] | None,
) -> None:
    from pdt_evidence.figures import marks

    style = placed.style
    levels = {row.row.stratum: row.middle for row in pooled or ()}
    spans = [
        (max(r.row.low, ends[0]), min(r.row.high, ends[1]), levels.get(r.row.stratum, r.middle))
        for r in shown
        if r.row.low <= ends[1] and r.row.high >= ends[0]
    ]
    marks.intervals(
        ax, spans, color=style.prediction, width=1.1 if pooled else 1.8, gid="predictions", zorder=3.0
    )
    tall = 0.17 * style.pitch * style.size
    caps = [
        (x, y - tall, y + tall)
        for r, (a, b, y) in zip(shown, spans, strict=False)
        for x, end in ((a, r.row.low), (b, r.row.high))
        if x == end
    ]
    marks.verticals(ax, caps, color=style.prediction, width=1.1, gid="prediction-caps", zorder=3.0)


def _share(layout: ForestLayout, ends: tuple[float, float]) -> float:
    """How far across the plot the line of no effect stands, at its edge where it is out of sight."""
    low, high, null = (float(value) for value in layout.scale.place([*ends, layout.scale.null]))
    return min(max((null - low) / (high - low), 0.0), 1.0)


def _directions(writer: Any, placed: Placement) -> None:
    """What each side of no effect means."""
    small = placed.style.small
    for side, lines in zip(("left", "right"), placed.favours, strict=True):
        away = FAVOURS_GAP if side == "right" else -FAVOURS_GAP
        for n, line in enumerate(lines):
            down = placed.ticks_height + (n + 0.8) * 1.25 * small
            writer.write(
                line,
                placed.share,
                0,
                writer.at(0, away, -down, 0.0),
                gid=f"favours:{side}:{n + 1}",
                size=small,
                align="left" if side == "right" else "right",
            )


def _notes(writer: Any, placed: Placement) -> None:
    style = placed.style
    for n, line in enumerate(placed.notes):
        down = placed.axis_height + NOTES_GAP + (n + 0.8) * placed.note_line
        writer.write(
            line,
            0,
            0,
            writer.at(0, -placed.left, -down, 0.0),
            gid=f"note:{n + 1}",
            size=style.small,
            color=style.muted,
        )


def _rules(ax: Any, placed: Placement) -> None:
    if not placed.style.rules:
        return
    start, end = (0.0, -placed.left), (1.0, placed.right)
    ink = placed.style.ink
    _rule(ax, start, end, placed.top - placed.title_height, 1.0, 0.8, ink, "rule:top")
    _rule(ax, start, end, 2.0, 1.0, 0.5, ink, "rule:head")
    if placed.notes:
        _rule(ax, start, end, -placed.axis_height - 4.0, 0.0, 0.5, ink, "rule:foot")
