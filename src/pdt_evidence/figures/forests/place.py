"""From words to places: column edges, row heights and text sizes, all in points.

Given the width (and, for Axes that exist already, the height) it finds the largest text at
which everything fits; it shrinks the text a little, then breaks long labels, then leaves out
default columns, and refuses when even that is not enough: no text is ever printed over another.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from pdt_evidence.errors import RequestError
from pdt_evidence.figures.forests.placement import (
    FAVOURS_GAP,
    FOOTROOM,
    HEADROOM,
    PlacedColumn,
    PlacedRow,
    Placement,
)
from pdt_evidence.figures.forests.records import Column, ForestLayout, Row
from pdt_evidence.figures.sheet.families import families_for
from pdt_evidence.figures.sheet.measure import Typeface
from pdt_evidence.figures.sheet.styles import Style, shrunk

__all__ = ["indent_of", "place", "typeface_of"]

MM = 72 / 25.4
WIDEST = 178 * MM  # two journal columns
PANEL = 58 * MM  # the plot where nothing forces it narrower
LEAST, SHARE = 22 * MM, 0.275  # the plot where much text does: that wide, or that share of a narrow figure
LONGEST_LABEL = 62 * MM


def typeface_of(layout: ForestLayout, style: Style, dpi: float) -> Typeface:
    """The style's face, with fallbacks for the scripts that the labels are written in."""
    texts = [text for row in layout.rows for text in row.cells.values()]
    texts += [layout.title, *layout.notes, *layout.favours, *(column.head for column in layout.columns)]
    return Typeface(families_for(texts, style), dpi)


def place(
    layout: ForestLayout,
    style: Style,
    share: float,
    dpi: float,
    width: float | None = None,
    height: float | None = None,
    margin: float = 0.0,
) -> Placement:
    """Columns and rows in a content of `width` points (chosen when None), at most `height` points high.

    `share` says how far across the plot the line of no effect stands, `dpi` how fine the sheet is;
    the figure adds a `margin`.
    """
    face = typeface_of(layout, style, dpi)
    if width is None:
        natural = sum(_columns_width(layout, style, face, ()))
        width = max(min(WIDEST * style.scale, natural + PANEL * style.scale), _needed(layout, style, face))
    for size, dropped, narrowest, least in _attempts(layout, style):
        for smaller in _sizes(size, style.smallest):
            one = shrunk(style, smaller)
            placed = _placed(layout, one, face, width, share, dropped, narrowest * smaller, least * smaller)
            if placed is None:
                break
            if height is None or placed.least_height <= height:
                return placed
    raise _too_small(layout, style, face, share, (width, height), margin)


def _sizes(size: float, smallest: float) -> list[float]:
    """From that size down to the smallest in halves of a point."""
    return [size - 0.5 * n for n in range(int(max(size - smallest, 0.0) / 0.5 + 1e-9) + 1)]


def _attempts(layout: ForestLayout, style: Style) -> Iterator[tuple[float, tuple[str, ...], float, float]]:
    """Text size, columns excluded, narrowest broken label and narrowest plot (both in ems); best first."""
    drops = _droppable(layout)
    whole = 1e9  # labels on one line
    wanted = [(less, 0, whole, 14.0) for less in (0.0, 0.5, 1.0)]
    wanted += [(1.0, 0, 13.0, 12.0), (1.0, 1, whole, 11.0), (1.0, 1, 11.0, 11.0), (1.5, 1, 10.0, 10.0)]
    wanted += [(less, 2, 9.0, 9.0) for less in (1.5, 2.0)] + [(2.0, 2, 7.0, 7.0), (9.0, 9, 5.0, 5.0)]
    for less, count, narrowest, least in wanted:
        yield max(style.size - less, style.smallest), drops[:count], narrowest, least


def _needed(layout: ForestLayout, style: Style, face: Typeface) -> float:
    """Width of the content with the smallest text, the narrowest label and nothing that may go."""
    one = shrunk(style, style.smallest)
    columns = _kept(layout, _droppable(layout))
    widths = {c.key: _natural(c, layout, one, face)[0] for c in columns}
    widths["study"] = min(widths["study"], 5.0 * one.size)
    left = _edges([c for c in columns if c.left], widths, one, face)[1] + _beside(one)
    rights = [c for c in columns if not c.left]
    beside = left + (_edges(rights, widths, one, face)[1] + _beside(one) if rights else 4.0)
    return beside + min(LEAST * style.scale, beside * SHARE / (1 - SHARE)) + 0.1


def _too_small(
    layout: ForestLayout,
    style: Style,
    face: Typeface,
    share: float,
    given: tuple[float, float | None],
    margin: float,
) -> RequestError:
    """What does not fit, and at which size it would."""
    width, height = given
    wide = max(width, _needed(layout, style, face))
    one = shrunk(style, style.smallest)
    placed = _placed(layout, one, face, wide, share, _droppable(layout), 0.0, 0.0)
    assert placed is not None
    held, needed = f"{(width + 2 * margin) / MM:.0f}", f"{math.ceil((wide + 2 * margin) / MM)}"
    if height is not None:
        held, needed = f"{held} x {height / MM:.0f}", f"{needed} x {math.ceil(placed.least_height / MM)}"
    widths: Counter[str] = Counter()
    for found in placed.columns:
        if found.column.key != "study":
            widths[found.column.over or found.column.head] += math.ceil((found.end - found.start) / MM)
    widest = ", ".join(f"{name!r} ({wide} mm)" for name, wide in widths.most_common(3))
    return RequestError(
        f"The forest plot does not fit {held} mm: at {one.size:g} pt its text and a legible plot need {needed} mm. "
        f"Give it that, fewer columns (the widest: {widest}) or rows, or a style with a smaller `smallest`."
    )


def _droppable(layout: ForestLayout) -> tuple[str, ...]:
    """Default columns that may go, the first to go first; none of those that the caller chose."""
    if layout.fixed_columns:
        return ()
    orders = sorted({column.order for column in layout.columns if column.order}, reverse=True)
    return tuple(str(order) for order in orders)


def _kept(layout: ForestLayout, dropped: Sequence[str]) -> list[Column]:
    return [column for column in layout.columns if str(column.order) not in dropped]


def _gap(before: Column | None, column: Column, size: float) -> float:
    """Space before a column: columns under one heading without heads of their own belong closer."""
    if before is None:
        return 0.0
    close = before.over and before.over == column.over
    return size * ((0.55 if not column.head else 1.0) if close else 1.35)


def _cell_width(row: Row, column: Column, style: Style, face: Typeface) -> float:
    weight = "bold" if row.kind in ("pooled", "heading") else "normal"
    text = row.cells.get(column.key, "")
    indent = indent_of(row, style) if column.key == "study" else 0.0
    return face.width(text, style.size, weight) + indent


def indent_of(row: Row, style: Style) -> float:
    """How far a row's label is set in, in points."""
    return 0.8 * style.size * row.indent


def _natural(
    column: Column, layout: ForestLayout, style: Style, face: Typeface
) -> tuple[float, tuple[str, ...]]:
    """A column's own width and its head, broken where the head alone would widen it."""
    rows = [row for row in layout.rows if row.kind != "heading" or column.key != "study"]
    cells = max((_cell_width(row, column, style, face) for row in rows), default=0.0)
    if column.key == "study" or not column.head:
        return max(cells, face.width(column.head, style.size, "bold")), (column.head,) if column.head else ()
    longest = max(face.width(word, style.size, "bold") for word in column.head.split(" "))
    lines = tuple(face.wrap(column.head, max(cells, longest, 5.2 * style.size), style.size, "bold"))
    return max(cells, *(face.width(line, style.size, "bold") for line in lines)), lines


def _columns_width(
    layout: ForestLayout, style: Style, face: Typeface, dropped: Sequence[str]
) -> tuple[float, float]:
    """Natural widths left and right of the plot, the gaps beside it included."""
    columns = _kept(layout, dropped)
    widths = {c.key: _natural(c, layout, style, face)[0] for c in columns}
    widths["study"] = max(
        min(widths["study"], LONGEST_LABEL * style.scale), _study_floor(layout, style, face, widths, columns)
    )
    left = _edges([c for c in columns if c.left], widths, style, face)[1] + _beside(style)
    right_columns = [c for c in columns if not c.left]
    right = _edges(right_columns, widths, style, face)[1] + _beside(style) if right_columns else 4.0
    return left, right


def _beside(style: Style) -> float:
    return 1.1 * style.size


def _study_floor(
    layout: ForestLayout, style: Style, face: Typeface, widths: dict[str, float], columns: Sequence[Column]
) -> float:
    """Label width at which headings and heterogeneity stand on one line left of the plot, where that is modest."""
    left = [column for column in columns if column.left]
    others = _edges(left, widths | {"study": 0.0}, style, face)[1]
    most = 46 * MM * style.scale
    notes, headings = [0.0], [0.0]
    for row in layout.rows:
        wanted = indent_of(row, style) + 2.0 - others
        if row.kind == "note":
            notes.append(wanted + face.statistics_width(" ".join(row.pieces), style.small))
        elif row.kind == "heading":
            headings.append(wanted + face.width(row.cells.get("study", ""), style.size, "bold"))
    return max(min(max(notes), most), *(one for one in headings if one <= most))


def _edges(
    columns: Sequence[Column], widths: dict[str, float], style: Style, face: Typeface
) -> tuple[list[tuple[float, float]], float]:
    """Start and end of each column from the first one's start, wide enough for shared headings."""
    edges: list[tuple[float, float]] = []
    at, before, i = 0.0, None, 0
    while i < len(columns):
        j = i
        while j < len(columns) and columns[j].over == columns[i].over and (columns[i].over or j == i):
            j += 1
        at += _gap(before, columns[i], style.size)
        group: list[tuple[float, float]] = []
        x = at
        for n, column in enumerate(columns[i:j]):
            x += _gap(columns[i + n - 1], column, style.size) if n else 0.0
            group.append((x, x + widths[column.key]))
            x += widths[column.key]
        extra = max(0.0, (face.width(columns[i].over, style.size, "bold") - (x - at)) / (j - i))
        edges += [(a + extra * n, b + extra * (n + 1)) for n, (a, b) in enumerate(group)]
        at = x + extra * (j - i)
        before, i = columns[j - 1], j
    return edges, at


def _placed(
    layout: ForestLayout,
    style: Style,
    face: Typeface,
    width: float,
    share: float,
    dropped: Sequence[str],
    narrowest: float,
    least: float,
) -> Placement | None:
    """The placement at these settings (points), or None where it does not fit."""
    columns = _kept(layout, dropped)
    naturals = {c.key: _natural(c, layout, style, face) for c in columns}
    widths = {key: natural for key, (natural, _) in naturals.items()}
    lefts, rights = [c for c in columns if c.left], [c for c in columns if not c.left]
    right = _edges(rights, widths, style, face)[1] + _beside(style) if rights else 4.0
    others = _edges(lefts, widths | {"study": 0.0}, style, face)[1] + _beside(style)
    least = max(least, min(LEAST * style.scale, SHARE * width))
    room = width - right - others - least
    if room < min(widths["study"], narrowest):
        return None
    comfortable = max(room - max(18.0 * style.size - least, 0.0), 0.0)
    floor = min(_study_floor(layout, style, face, widths, columns), comfortable)
    widths["study"] = max(min(widths["study"], room, max(LONGEST_LABEL * style.scale, comfortable)), floor)
    edges, left = _edges(lefts, widths, style, face)
    redges, _ = _edges(rights, widths, style, face)
    left += _beside(style)
    panel = width - left - right
    placed = [PlacedColumn(c, a, b, naturals[c.key][1]) for c, (a, b) in zip(lefts, edges, strict=True)]
    shift = _beside(style)
    placed += [
        PlacedColumn(c, a + shift, b + shift, naturals[c.key][1])
        for c, (a, b) in zip(rights, redges, strict=True)
    ]
    rows, body = _rows(layout, style, face, widths["study"], left - _beside(style))
    panel_head = tuple(face.wrap(layout.panel, panel, style.size, "bold")) if layout.panel else ()
    heads = [len(c.head) + (1 if c.column.over else 0) for c in placed]
    return Placement(
        style=style,
        face=face,
        columns=tuple(placed),
        rows=rows,
        left=left,
        right=right,
        panel=panel,
        body=body,
        title=tuple(face.wrap(layout.title, width, style.size + 1, "bold")) if layout.title else (),
        head_lines=max([*heads, len(panel_head)]),
        panel_head=panel_head,
        favours=_favours(layout, style, face, share, (left, panel, right)),
        share=share,
        notes=tuple(
            line
            for note in layout.notes_with(columns, signs=True)
            for line in face.wrap(note, 0.97 * width, style.small)
        ),
    )


def _favours(
    layout: ForestLayout, style: Style, face: Typeface, share: float, widths: tuple[float, float, float]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The directions in sight with their arrows, broken where a side is too narrow."""
    before, panel, after = widths
    rooms = (before + share * panel, (1 - share) * panel + after)
    left, right = layout.favours
    texts = (f"←\u00a0{left}" if left and share > 0 else "", f"{right}\u00a0→" if right and share < 1 else "")
    lines = [
        tuple(line.replace("\u00a0", " ") for line in face.wrap(text, room - FAVOURS_GAP, style.small))
        if text
        else ()
        for text, room in zip(texts, rooms, strict=True)
    ]
    return lines[0], lines[1]


def _rows(
    layout: ForestLayout, style: Style, face: Typeface, label: float, block: float
) -> tuple[tuple[PlacedRow, ...], float]:
    """Every row with its broken text, one below the other."""
    placed = []
    y = HEADROOM * style.size
    pitch = style.pitch * style.size
    for row in layout.rows:
        indent = indent_of(row, style)
        if row.kind == "note":
            lines = _broken(row.pieces, block - indent, style, face)
            height = 1.5 * style.small * len(lines) + 0.25 * style.size
        elif row.kind == "gap":
            lines, height = [], 0.55 * pitch
        else:
            weight = "bold" if row.kind in ("pooled", "heading") else "normal"
            # A heading may run on over the columns beside it: its row holds nothing else.
            limit = (block if row.kind == "heading" else label) - indent
            lines = face.wrap(row.cells.get("study", ""), max(limit, 2 * style.size), style.size, weight)
            height = pitch + 1.15 * style.size * (len(lines) - 1)
        placed.append(PlacedRow(row, y + height / 2, height, tuple(lines)))
        y += height
    return tuple(placed), y + FOOTROOM * style.size


def _broken(pieces: Sequence[str], width: float, style: Style, face: Typeface) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        longer = f"{lines[-1]} {piece}" if lines else piece
        if lines and face.statistics_width(longer, style.small) <= width:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines
