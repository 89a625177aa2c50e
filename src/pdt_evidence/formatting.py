"""Numbers, intervals and tables as text; plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

__all__ = [
    "RATIOS", "aligned", "end", "escape", "fixed", "interval", "note_lines", "number", "p_value", "percent", "plain",
    "printed", "root", "scale_name", "short_interval",
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


def fixed(value: float, digits: int) -> str:
    """`value` to `digits` decimals; a huge one shortened, 0 without a sign, a dash for NaN."""
    if math.isnan(value):
        return "-"
    if abs(value) >= 1e7:
        return f"{value:.{max(digits, 1)}g}"
    text = f"{value:.{digits}f}"
    return text if float(text) else text.lstrip("-")


def printed(value: float, digits: int, null: float) -> str:
    """An effect; a ratio (`null` is 1) has one decimal more where `digits` leave less than two that count.

    Examples
    --------
    >>> [printed(ratio, 2, 1.0) for ratio in (1.234, 0.041, 0.004, 0.0004)]
    ['1.23', '0.041', '0.004', '<0.001']
    """
    if null != 1 or not value < 10.0 ** (1 - digits):
        return fixed(value, digits)
    least = 10.0 ** -(digits + 1)
    # A ratio is never 0.
    return f"<{fixed(least, digits + 1)}" if value < least / 2 else fixed(value, digits + 1)


def end(value: float, digits: int, null: float) -> str:
    """One end of an interval, which never rounds onto no effect: whether that is held must be seen.

    Examples
    --------
    >>> [end(ratio, 2, 1.0) for ratio in (0.97, 0.998, 0.9999, 1.0, 1.004)]
    ['0.97', '0.998', '<1', '1.00', '1.004']
    """
    text = printed(value, digits, null)
    if value == null or text != fixed(null, digits):
        return text
    finer = fixed(value, digits + 1)
    if finer != fixed(null, digits + 1):
        return finer
    return f"{'<' if value < null else '>'}{null:g}"


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
