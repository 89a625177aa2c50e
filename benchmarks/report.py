"""Rows of a benchmark as aligned text."""

from __future__ import annotations

from benchmarks.contest import Row

__all__ = ["heading", "line_of"]


def heading(title: str) -> str:
    """Title, then the columns' names."""
    return f"{title}\n  {'':<40}{'time':>12}{'ratio':>12}{'target':>10}   met"


def line_of(row: Row) -> str:
    """One row; its note, if any, at the end."""
    if row.seconds is None and row.text is None:
        return f"  {row.name:<40}not installed"
    time = _time(row.seconds) if row.seconds is not None else row.text
    ratio = "" if row.ratio is None else f"{row.ratio:.3g} x" if row.ratio < 999.5 else f"{row.ratio:,.0f} x"
    met = "" if row.met is None else "met" if row.met else "NOT MET"
    line = f"  {row.name:<40}{time:>12}{ratio:>12}{row.target:>10}   {met:<8}{row.note}"
    return line.rstrip()


def _time(seconds: float) -> str:
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 else f"{seconds:,.0f} s"
    return f"{seconds / 1e-9:.3g} ns"
