"""Plain frozen records that pass between the steps from results to a forest plot."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.measure import tidy

if TYPE_CHECKING:
    from pdt_evidence.analysis.regression.subgroups import SubgroupComparison
    from pdt_evidence.figures.sheet.axis import Scale
    from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["Column", "ForestLayout", "ForestOptions", "Row"]

NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of text; `order` says which default columns go first when room is short."""

    key: str
    head: str = ""
    over: str = ""  # a heading that neighbours share
    align: str = "right"
    left: bool = True  # left of the plot
    order: int = 0  # 0 stays; the highest goes first
    stands_for: str = ""  # what a head of one letter means
    lights: bool = False  # judgements, drawn as coloured marks
    signs: tuple[tuple[int, str], ...] = ()  # what the signs on its marks mean, and their order
    reads: Callable[[Any], str] | None = None  # what a cell says, where that is not its text
    parts: tuple[str, ...] = ()  # columns of the result that one cell joins
    joined: str = ""  # how: "{} / {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the plot: a study, a heading, a summary, a prediction interval or a note."""

    key: str
    kind: str
    cells: Mapping[str, str] = field(default_factory=dict)
    indent: int = 0
    estimate: float = NAN  # as drawn: ratios on the natural scale
    low: float = NAN
    high: float = NAN
    reach: tuple[float, float] = (NAN, NAN)  # a prediction interval on the same row
    weight: float = NAN  # percent of its stratum
    share: float = NAN  # of the largest weight in its stratum
    stratum: int = 0
    pieces: tuple[str, ...] = ()  # a line that may be broken between pieces
    deepest: bool = False  # a heading directly above studies
    hue: int = 0  # 0: the style's own colour; 1, 2, ...: further ones


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestLayout:
    """All that a forest plot shows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scale: Scale
    title: str
    panel: str  # what stands over the plot
    favours: tuple[str, str]  # left, right of no effect
    notes: tuple[str, ...]
    measure: str
    fixed_columns: bool = False  # chosen by the caller: none may be dropped

    @property
    def studies(self) -> int:
        """Rows that are studies."""
        return sum(row.kind == "study" for row in self.rows)

    def tidied(self) -> ForestLayout:
        """The same with every text on one line: line ends, tabs and control signs are blanks."""
        rows = tuple(
            replace(
                row,
                cells={key: tidy(text) for key, text in row.cells.items()},
                pieces=tuple(map(tidy, row.pieces)),
            )
            for row in self.rows
        )
        columns = tuple(replace(one, head=tidy(one.head), over=tidy(one.over)) for one in self.columns)
        left, right = map(tidy, self.favours)
        shown = {"title": tidy(self.title), "panel": tidy(self.panel), "notes": tuple(map(tidy, self.notes))}
        return replace(self, rows=rows, columns=columns, favours=(left, right), **shown)

    def notes_with(self, columns: Sequence[Column], *, signs: bool) -> tuple[str, ...]:
        """The notes where those columns are shown: what letters, and signs if there are any, stand for comes first."""
        keys = [f"{column.head} {column.stands_for}" for column in columns if column.stands_for]
        if signs and (found := {sign for column in columns for sign in column.signs}):
            keys.append(", ".join(text for _, text in sorted(found)))
        if not keys:
            return self.notes
        absent = [
            note for note in self.notes[:1] if note == words.ABSENT
        ]  # a light may be missing: one key for all
        key = " ".join([f"Risk of bias: {'; '.join(keys)}.", *absent])
        return (key, *self.notes[len(absent) :])


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestOptions:
    """What the caller of `forest` chose beyond the defaults."""

    title: str | None = None
    columns: Sequence[str] | None = None
    arms: tuple[str, str] | None = None
    favours: tuple[str, str] | None = None
    sources: str | Sequence[str] | Mapping[str, str] | None = None
    lights: Sequence[str] = ()
    digits: int | None = None  # None: two, more where all effects are smaller than that shows
    prediction: str = "bar"
    heterogeneity: bool = True
    method: bool = True
    sort: str | None = None
    also: Mapping[str, PooledEffect | Synthesis] | None = None
    overall: PooledEffect | None = None
    difference: SubgroupComparison | None = None
