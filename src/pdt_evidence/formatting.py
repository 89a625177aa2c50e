"""Numbers, intervals and tables as text; plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

__all__ = [
    "RATIOS", "aligned", "escape", "interval", "note_lines", "number", "p_value", "percent", "plain", "root",
    "scale_name", "short_interval",
]  # fmt: skip

RATIOS = ("OR", "RR", "ROM", "HR", "IRR")  # pooled as logarithms


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def aligned(rows: list[tuple[str, ...]], words: int) -> list[str]:
    """Rows as text: the first `words` columns flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def number(value: float, digits: int = 4) -> str:
    if math.isnan(value):
        return "-"
    # Neither a tiny nor a huge scale may print as 0.0000 or as a row of digits.
    small = value != 0 and abs(value) < 10.0**-digits
    return f"{value:.{digits}g}" if small or abs(value) >= 1e7 else f"{value:.{digits}f}"


def interval(pair: tuple[float, float], digits: int = 4) -> str:
    if all(map(math.isnan, pair)):
        return "-"
    return f"{number(pair[0], digits)} to {number(pair[1], digits)}"


def p_value(p: float, bare: bool = False) -> str:
    if math.isnan(p):
        return "-" if bare else "not known"
    if p < 0.0001:
        return "<.0001" if bare else "< .0001"
    return f"{p:.4f}" if bare else f"= {p:.4f}"


def percent(level: float) -> str:
    return f"{100 * level:g}%"


def root(pair: tuple[float, float]) -> tuple[float, float]:
    return math.sqrt(pair[0]), math.sqrt(pair[1])


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def note_lines(notes: tuple[str, ...]) -> list[str]:
    return ["", *(f"Note: {note}" for note in notes)] if notes else []


def scale_name(measure: str) -> str:
    """The measure on the scale that its numbers are on: ratios are pooled as logarithms."""
    return f"log {measure}" if measure in RATIOS else measure


def short_interval(estimate: float, ci: tuple[float, float]) -> str:
    """An estimate with its interval in two decimals, for a record's name."""
    return f"{number(estimate, 2)} [{number(ci[0], 2)}, {number(ci[1], 2)}]"
