"""A review as its file has it: analyses, study rows, printed totals. Both Review Manager formats give one.

Nothing is turned, merged or excluded here; that is the work of `revman`. Arm 1 is the review's
"experimental" group (`_t`), arm 2 its "control" (`_c`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from pdt_evidence.evidence.minus import plain_minus
from pdt_evidence.evidence.readers.letters import whole_letters
from pdt_evidence.evidence.readers.safe import most_memory

if TYPE_CHECKING:
    from pdt_evidence.evidence.readers.tabular.text_table import TextTable

__all__ = [
    "NAN",
    "Analysis",
    "Cells",
    "Review",
    "StudyRow",
    "Total",
    "decimals",
    "most_rows",
    "number",
    "printed_weight",
    "whole_columns",
]

NAN = math.nan
BLANK = frozenset({"", "null", "none", "#n/a", "na", "nan", "not applicable", "infinity", "-infinity"})
MAX_ROWS = 50_000  # the largest reviews have some thousand study rows
MAX_TEXT = 2_000  # characters of one name or footnote
BYTES_A_ROW = 3_700  # of memory, measured


def most_rows(size: int) -> int:
    """Rows of a table, or elements of a document, that are kept of a file of `size` bytes."""
    return min(MAX_ROWS, most_memory(size) // BYTES_A_ROW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One outcome of one comparison, and how the review pools it."""

    number: str  # "1.2": comparison and outcome
    comparison: str
    outcome: str
    kind: str  # dichotomous, continuous, generic, o-e
    method: str  # MH, IV or PETO
    measure: str  # OR, RR, RD, MD, SMD, HR, or as the file words it
    random: bool | None  # None where nothing tells
    log_scale: bool  # the measure is a ratio
    estimator: str = "DL"  # of tau2: DL, or REML in newer reviews
    interval: str = "wald"  # or hksj
    level: float = 0.95
    swap_events: bool = False  # the effect is of the persons without the event
    overall: bool = True  # totals over all studies are shown
    subtotals: bool = False  # totals of the subgroups are shown
    label_t: str = ""
    label_c: str = ""
    favours_left: str = ""
    favours_right: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """One study in one analysis; NaN where the analysis has no such number."""

    analysis: str
    subgroup: str
    study: str
    year: int | None
    line: int | None
    mean_t: float = NAN
    sd_t: float = NAN
    n_t: float = NAN
    mean_c: float = NAN
    sd_c: float = NAN
    n_c: float = NAN
    event_t: float = NAN
    event_c: float = NAN
    estimate: float = NAN  # generic inverse variance: as pooled, so the log of a ratio
    se: float = NAN
    o_minus_e: float = NAN
    variance: float = NAN
    estimable: bool = True
    in_overall: bool = True
    in_subgroup: bool = True
    weight: float = NAN  # percent, as printed
    weight_digits: int = 0  # decimals it is printed with
    footnote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One printed number of the total of an analysis (`subgroup` "") or of one of its subgroups."""

    analysis: str
    subgroup: str
    cell: str  # estimate, ci_low, ci_high, tau2, Q, Q_df, Q_p, I2, statistic, p, k, n_t, ...
    printed: float
    digits: int  # decimals it is printed with
    line: int | None


@dataclass(slots=True)
class Review:
    """Everything that was read."""

    kind: str
    most: int = MAX_ROWS  # rows that are read of each table
    title: str = ""
    doi: str = ""
    analyses: dict[str, Analysis] = field(default_factory=dict)
    rows: list[StudyRow] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    rob: dict[str, dict[str, str]] = field(default_factory=dict)  # study -> domain -> judgement
    skipped: list[tuple[int | None, str, str]] = field(default_factory=list)  # line, what, why
    notes: list[tuple[int | None, str, str]] = field(default_factory=list)  # what was inferred, alike
    problems: list[str] = field(default_factory=list)


def whole_columns(table: TextTable, review: Review) -> list[list[str]]:
    """The columns of a table in words with whole letters; what was mended is noted, once a column."""
    columns = []
    for name in map(str, table.data.columns):
        words, mended = whole_letters(table.words(name))
        review.notes += [(None, name, mended)] if mended else []
        columns.append(words)
    return columns


@dataclass(slots=True)
class Cells:
    """The named texts of one element or line, read as numbers; what is none becomes a problem."""

    values: dict[str, str]
    line: int | None
    problems: list[str]

    def text(self, name: str) -> str:
        return " ".join((self.values.get(name) or "")[:MAX_TEXT].split())

    def number(self, name: str) -> float:
        found = self.text(name)
        value = number(found)
        if value is None:
            self.problems.append(f"line {self.line}, {name}: expected a number, found {found[:40]!r}.")
            return NAN
        return value

    def year(self, name: str) -> int | None:
        """A year, or None for what is none: years are free text in reviews ("1999a", "in press")."""
        found = self.text(name)[:4]
        return int(found) if found.isascii() and found.isdigit() and 1900 <= int(found) <= 2100 else None

    def flag(self, name: str, default: bool = False) -> bool:
        found = self.text(name).lower()
        return default if not found else found in ("yes", "true", "1")


def number(text: str) -> float | None:
    """A number; NaN for a blank or what stands for one; None for anything else."""
    if text.lower() in BLANK:
        return NAN
    try:
        value = float(plain_minus(text))
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def printed_weight(text: str) -> dict[str, Any]:
    """The weight of a study row and its digits; NaN for what is none, "Not estimable" and the like."""
    value = number(text)
    return {"weight": NAN if value is None else value, "weight_digits": decimals(text)}


def decimals(text: str) -> int:
    """Decimals that a number is printed with: 2 in "0.90", 6 in "1.2E-5"."""
    try:
        exponent = Decimal(text.strip()).as_tuple().exponent
    except InvalidOperation:
        return 0
    return min(max(-exponent, 0), 400) if isinstance(exponent, int) else 0
