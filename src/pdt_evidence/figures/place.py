"""From words to places: column edges, row heights and text sizes, all in points.

Given the width (and, for Axes that exist already, the height) it finds the largest text at
which everything fits; it shrinks the text a little, then breaks long labels, then leaves out
default columns, and says so when even that is not enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pdt_evidence.figures.measure import Typeface, families_for
from pdt_evidence.figures.records import Column, ForestLayout, Row
from pdt_evidence.figures.styles import Style, shrunk

__all__ = ["PlacedColumn", "PlacedRow", "Placement", "place", "typeface_of"]

MM = 72 / 25.4
WIDEST = 178 * MM  # two journal columns
NOTES_GAP = 8.0
FAVOURS_GAP = 4.0  # from the line of no effect to the text beside it
PANEL = 58 * MM  # the plot where nothing forces it narrower
LONGEST_LABEL = 62 * MM


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A column with its edges; from the left edge of the content, or right of the plot from its edge."""

    column: Column
    start: float
    end: float
    head: tuple[str, ...]

    @property
    def anchor(self) -> float:
        """Where its text is pinned."""
        return {"left": self.start, "right": self.end, "center": (self.start + self.end) / 2}[
            self.column.align
        ]


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row with its middle and height (points, downwards from the first row) and its broken label."""

    row: Row
    middle: float
    height: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """Everything in points; the plot takes what the text leaves."""

    style: Style
    face: Typeface
    columns: tuple[PlacedColumn, ...]
    rows: tuple[PlacedRow, ...]
    left: float  # from the content's left edge to the plot
    right: float
    panel: float
    body: float
    title: tuple[str, ...]
    head_lines: int
    panel_head: tuple[str, ...]
    favours: tuple[tuple[str, ...], tuple[str, ...]]  # lines left and right of no effect
    share: float  # how far across the plot that is
    notes: tuple[str, ...]
    fits: bool

    @property
    def width(self) -> float:
        """Of the content."""
        return self.left + self.panel + self.right

    @property
    def line(self) -> float:
        """Line height of the text."""
        return 1.22 * self.style.size

    @property
    def title_height(self) -> float:
        """Of the title above the head."""
        return len(self.title) * 1.25 * (self.style.size + 1) + (5.0 if self.title else 0.0)

    @property
    def top(self) -> float:
        """From the top of the content to the first row."""
        return self.title_height + self.head_lines * self.line + 7.0

    @property
    def axis_height(self) -> float:
        """From the last row to the notes: ticks, their labels, the two directions."""
        return self.ticks_height + max(map(len, self.favours)) * 1.25 * self.style.small

    @property
    def ticks_height(self) -> float:
        """From the last row to below the tick labels."""
        return 5.0 + 1.25 * self.style.small + 2.0

    @property
    def bottom(self) -> float:
        """From the last row to the bottom of the content."""
        return self.axis_height + (NOTES_GAP + len(self.notes) * self.note_line if self.notes else 0.0)

    @property
    def note_line(self) -> float:
        """Line height of the notes."""
        return 1.3 * self.style.small

    @property
    def height(self) -> float:
        """Of the content."""
        return self.top + self.body + self.bottom


def typeface_of(layout: ForestLayout, style: Style, dpi: float) -> Typeface:
    """The style's face, with fallbacks for the scripts that the labels are written in."""
    texts = [text for row in layout.rows for text in row.cells.values()]
    texts += [layout.title, *layout.notes, *layout.favours, *(column.head for column in layout.columns)]
    return Typeface(families_for(texts, style.fonts), dpi)


def place(
    layout: ForestLayout,
    style: Style,
    share: float,
    dpi: float,
    width: float | None = None,
    height: float | None = None,
) -> Placement:
    """Columns and rows in a content of `width` points (chosen when None), at most `height` points high.

    `share` says how far across the plot the line of no effect stands, `dpi` how fine the sheet is.
    """
    face = typeface_of(layout, style, dpi)
    if width is None:
        natural = _columns_width(layout, style, face, ())
        width = min(WIDEST, sum(natural) + PANEL)
    placed = None
    for size, dropped, narrowest, least in _attempts(layout, style):
        placed = _placed(layout, shrunk(style, size), face, width, share, dropped, narrowest, least)
        if placed is not None and (
            height is None or placed.top + 0.8 * placed.body + placed.bottom <= height
        ):
            return placed
    from dataclasses import replace

    if placed is None:
        least_style = shrunk(style, style.smallest)
        placed = _placed(layout, least_style, face, width, share, _droppable(layout), 4.0, 4.0, anyway=True)
    assert placed is not None
    return replace(placed, fits=False)


def _attempts(layout: ForestLayout, style: Style) -> Iterator[tuple[float, tuple[str, ...], float, float]]:
    """Text size, columns left out, narrowest broken label and narrowest plot (both in ems); best first."""
    drops = _droppable(layout)
    some = drops[:1]
    whole = 1e9  # labels on one line
    size = style.size
    yield from ((size - less, (), whole, 14.0) for less in (0.0, 0.5, 1.0))
    yield (size - 1.0, (), 13.0, 12.0)
    yield from (
        (size - less, some, narrow, 11.0) for less, narrow in ((1.0, whole), (1.0, 11.0), (1.5, 10.0))
    )
    sizes = [size - 1.5, size - 2.0, size - 2.5, size - 3.0]
    yield from ((max(s, style.smallest), drops, 9.0, 9.0) for s in sizes if s >= style.smallest - 0.5)
    yield (style.smallest, drops, 7.0, 7.0)


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
    longest = max(face.width(word, style.size, "bold") for word in column.head.split())
    lines = tuple(face.wrap(column.head, max(cells, longest, 5.2 * style.size), style.size, "bold"))
    return max(cells, *(face.width(line, style.size, "bold") for line in lines)), lines


def _columns_width(
    layout: ForestLayout, style: Style, face: Typeface, dropped: Sequence[str]
) -> tuple[float, float]:
    """Natural widths left and right of the plot, the gaps beside it included."""
    columns = _kept(layout, dropped)
    widths = {c.key: _natural(c, layout, style, face)[0] for c in columns}
    widths["study"] = max(
        min(widths["study"], LONGEST_LABEL), _study_floor(layout, style, face, widths, columns)
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
    """Label width at which the heterogeneity lines stand on one line left of the plot, where that is modest."""
    notes = [row for row in layout.rows if row.kind == "note"]
    if not notes:
        return 0.0
    longest = max(notes, key=lambda row: len(" ".join(row.pieces)))
    wanted = face.statistics_width(" ".join(longest.pieces), style.small) + indent_of(longest, style) + 2.0
    left = [column for column in columns if column.left]
    others = _edges(left, widths | {"study": 0.0}, style, face)[1]
    return min(wanted - others, 46 * MM)


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
    anyway: bool = False,
) -> Placement | None:
    """The placement at these settings, or None where it does not fit."""
    columns = _kept(layout, dropped)
    naturals = {c.key: _natural(c, layout, style, face) for c in columns}
    widths = {key: natural for key, (natural, _) in naturals.items()}
    lefts, rights = [c for c in columns if c.left], [c for c in columns if not c.left]
    right = _edges(rights, widths, style, face)[1] + _beside(style) if rights else 4.0
    others = _edges(lefts, widths | {"study": 0.0}, style, face)[1] + _beside(style)
    room = width - right - others - least * style.size
    if room < min(widths["study"], narrowest * style.size) and not anyway:
        return None
    comfortable = max(room - max(18.0 - least, 0.0) * style.size, 0.0)
    floor = min(_study_floor(layout, style, face, widths, columns), comfortable)
    widths["study"] = max(
        min(widths["study"], max(room, 3 * style.size), max(LONGEST_LABEL, comfortable)), floor
    )
    edges, left = _edges(lefts, widths, style, face)
    redges, _ = _edges(rights, widths, style, face)
    left += _beside(style)
    panel = max(width - left - right, 10.0)
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
        favours=_favours(layout, style, face, (left + share * panel, (1 - share) * panel + right)),
        share=share,
        notes=tuple(line for note in layout.notes for line in face.wrap(note, 0.97 * width, style.small)),
        fits=True,
    )


def _favours(
    layout: ForestLayout, style: Style, face: Typeface, rooms: tuple[float, float]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The two directions with their arrows, broken where a side is too narrow."""
    left, right = layout.favours
    texts = (f"←\u00a0{left}" if left else "", f"{right}\u00a0→" if right else "")
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
    y = 0.15 * style.size
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
    return tuple(placed), y + 0.35 * style.size


def _broken(pieces: Sequence[str], width: float, style: Style, face: Typeface) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        longer = f"{lines[-1]} {piece}" if lines else piece
        if lines and face.statistics_width(longer, style.small) <= width:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines
