"""A forest plot with every place known, in points, before any figure exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pdt_evidence.figures.forests.records import Column, Row
from pdt_evidence.figures.sheet.measure import Typeface
from pdt_evidence.figures.sheet.styles import Style

__all__ = ["FAVOURS_GAP", "FOOTROOM", "HEADROOM", "NOTES_GAP", "PlacedColumn", "PlacedRow", "Placement"]

NOTES_GAP = 8.0
HEADROOM, FOOTROOM = 0.15, 0.35  # above the first row and below the last, in ems
FAVOURS_GAP = 4.0  # from the line of no effect to the text beside it


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

    def squeezed(self, style: Style) -> float:
        """To what part of its height it can shrink before its text meets that of its neighbours."""
        size, step = (style.small, 1.5) if self.row.kind == "note" else (style.size, 1.15)
        return size * (1.25 + step * (len(self.lines) - 1)) / self.height if self.lines else 0.0


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

    def with_rows(self, rows: Sequence[PlacedRow]) -> Placement:
        """The same columns with these of the rows alone, moved up to the top."""
        y = HEADROOM * self.style.size
        moved = []
        for row in rows:
            moved.append(replace(row, middle=y + row.height / 2))
            y += row.height
        return replace(self, rows=tuple(moved), body=y + FOOTROOM * self.style.size)

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

    @property
    def least_height(self) -> float:
        """Of the content with its rows as close as their texts allow."""
        closest = max([0.8, *(row.squeezed(self.style) for row in self.rows)])
        return self.top + closest * self.body + self.bottom
