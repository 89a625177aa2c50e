"""The words of a forest plot put on its sheet: title, heads, rows, directions, notes, rules."""

from __future__ import annotations

from pdt_evidence.figures.forests.columns import JUDGEMENTS, judgement
from pdt_evidence.figures.forests.place import indent_of
from pdt_evidence.figures.forests.placement import FAVOURS_GAP, NOTES_GAP, PlacedColumn, PlacedRow, Placement
from pdt_evidence.figures.sheet.beside_plot import Sheet
from pdt_evidence.figures.sheet.colors import legible

__all__ = ["write_all"]

BASELINE = 0.36  # of the text size: from the middle of a row down to the baseline
HEAD = 6.2  # points from the first row up to the baseline of the last head line


def write_all(sheet: Sheet, placed: Placement) -> None:
    """Everything on the sheet that is text or rule."""
    _title(sheet, placed)
    _heads(sheet, placed)
    _shared_heads(sheet, placed)
    for row in placed.rows:
        (_note if row.row.kind == "note" else _row)(sheet, placed, row)
    _directions(sheet, placed)
    _notes(sheet, placed)
    _rules(sheet, placed)


def _title(sheet: Sheet, placed: Placement) -> None:
    size = placed.style.size + 1
    for n, text in enumerate(placed.title):
        up = placed.top - (n + 0.85) * 1.25 * size
        where = sheet.margin(0.0, 1.0)
        sheet.write(text, -placed.left, up, where, gid=f"title:{n + 1}", size=size, weight="bold")


def _heads(sheet: Sheet, placed: Placement) -> None:
    count = len(placed.panel_head)
    for n, text in enumerate(placed.panel_head):
        up = HEAD + (count - 1 - n) * placed.line
        where = sheet.margin(0.5, 1.0)
        sheet.write(text, 0, up, where, gid=f"head:plot:{n + 1}", weight="bold", align="center")
    for found in placed.columns:
        side, origin = _origin(found, placed)
        for n, text in enumerate(found.head):
            up = HEAD + (len(found.head) - 1 - n) * placed.line
            gid = f"head:{found.column.key}:{n + 1}"
            where = sheet.margin(side, 1.0)
            sheet.write(
                text, origin + found.anchor, up, where, gid=gid, weight="bold", align=found.column.align
            )


def _origin(found: PlacedColumn, placed: Placement) -> tuple[float, float]:
    """The side of the plot that a column hangs on, and the points from there to its origin."""
    return (0.0, -placed.left) if found.column.left else (1.0, 0.0)


def _shared_heads(sheet: Sheet, placed: Placement) -> None:
    style = placed.style
    groups: dict[tuple[bool, str], list[PlacedColumn]] = {}
    for found in placed.columns:
        if found.column.over:
            groups.setdefault((found.column.left, found.column.over), []).append(found)
    for (_, text), members in groups.items():
        side, origin = _origin(members[0], placed)
        start, end = origin + members[0].start, origin + members[-1].end
        lines = max(len(member.head) for member in members)
        up = HEAD + lines * placed.line
        gid = f"head:{members[0].column.key}:shared"
        where = sheet.margin(side, 1.0)
        sheet.write(text, (start + end) / 2, up, where, gid=gid, weight="bold", align="center")
        if lines and style.rules:
            look = {"linewidth": 0.4 * style.scale, "color": style.muted, "gid": f"rule:{text}"}
            sheet.rule((side, start), (side, end), 1.0, up - 2.2, **look)


def _row(sheet: Sheet, placed: Placement, found: PlacedRow) -> None:
    row, style = found.row, placed.style
    drop = BASELINE * style.size
    quiet = row.kind == "heading" and row.deepest and row.indent > 0  # the innermost of several headings
    weight = "bold" if row.kind in ("pooled", "heading") and not quiet else "normal"
    slant = "italic" if quiet else "normal"
    color = style.muted if row.kind == "prediction" else style.ink
    start = -placed.left + indent_of(row, style)
    for n, line in enumerate(found.lines):
        if line:
            down = drop + (n - (len(found.lines) - 1) / 2) * 1.15 * style.size
            where, gid = sheet.rows(0.0, down), f"{row.key}:study:{n + 1}"
            sheet.write(line, start, found.middle, where, gid=gid, weight=weight, slant=slant, color=color)
    for column in placed.columns:
        key = column.column.key
        text = row.cells.get(key, "")
        if not text or key == "study":
            continue
        side, origin = _origin(column, placed)
        where, ink = sheet.rows(side, drop), color
        if column.column.lights and judgement(text):
            word = judgement(text)
            text, ink = JUDGEMENTS[word], legible(style.on_light, style.lights.get(word, style.faint))
        x = origin + column.anchor
        sheet.write(
            text,
            x,
            found.middle,
            where,
            gid=f"{row.key}:{key}",
            weight=weight,
            color=ink,
            align=column.column.align,
        )


def _note(sheet: Sheet, placed: Placement, found: PlacedRow) -> None:
    style = placed.style
    start = -placed.left + indent_of(found.row, style)
    first = BASELINE * style.small - 0.125 * style.size
    for n, line in enumerate(found.lines):
        gid = f"{found.row.key}:{n + 1}"
        where = sheet.rows(0.0, first + (n - (len(found.lines) - 1) / 2) * 1.5 * style.small)
        sheet.write(
            line, start, found.middle, where, gid=gid, size=style.small, color=style.muted, symbols=True
        )


def _directions(sheet: Sheet, placed: Placement) -> None:
    """What each side of no effect means, on both sides of it."""
    small = placed.style.small
    where = sheet.margin(placed.share, 0.0)
    for side, lines in zip(("left", "right"), placed.favours, strict=True):
        away = FAVOURS_GAP if side == "right" else -FAVOURS_GAP
        for n, line in enumerate(lines):
            down = placed.ticks_height + (n + 0.8) * 1.25 * small
            align, gid = ("left" if side == "right" else "right"), f"favours:{side}:{n + 1}"
            sheet.write(line, away, -down, where, gid=gid, size=small, align=align)


def _notes(sheet: Sheet, placed: Placement) -> None:
    style = placed.style
    where = sheet.margin(0.0, 0.0)
    for n, line in enumerate(placed.notes):
        down = placed.axis_height + NOTES_GAP + (n + 0.8) * placed.note_line
        gid = f"note:{n + 1}"
        sheet.write(line, -placed.left, -down, where, gid=gid, size=style.small, color=style.muted)


def _rules(sheet: Sheet, placed: Placement) -> None:
    if not placed.style.rules:
        return
    start, end = (0.0, -placed.left), (1.0, placed.right)
    ink, scale = placed.style.ink, placed.style.scale
    top = placed.top - placed.title_height
    sheet.rule(start, end, 1.0, top, linewidth=0.8 * scale, color=ink, gid="rule:top")
    sheet.rule(start, end, 1.0, 2.0, linewidth=0.5 * scale, color=ink, gid="rule:head")
    if placed.notes:
        sheet.rule(
            start, end, 0.0, -placed.axis_height - 4.0, linewidth=0.5 * scale, color=ink, gid="rule:foot"
        )
