"""What the figure of an update shows, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pdt_evidence.figures.alt.sentences import capital, shown, to
from pdt_evidence.figures.charts.updates import drawn_strata
from pdt_evidence.figures.sheet import words
from pdt_evidence.formatting import counted, percent

if TYPE_CHECKING:
    from pdt_evidence.analysis.updates.record import Update

__all__ = ["update_plot"]

MOST = 12  # strata that are said one by one


def update_plot(update: Update, *, every: bool = False) -> str:
    """Every stratum drawn: before, after, and the change."""
    rows = drawn_strata(update, every)
    total = len(update.estimates)
    measure = words.short_measure(rows[0]["measure"])
    strata = counted(len(rows), "stratum", "strata")
    texts = [
        f"Estimates before and after, {strata} of {total} ({measure}, {percent(update.level)} confidence intervals)."
    ]
    texts += [_said(update.by, row) for row in rows[:MOST]]
    if len(rows) > MOST:
        texts.append(f"And {counted(len(rows) - MOST, 'further one')}.")
    return " ".join(texts)


def _said(by: tuple[str, ...], row: Mapping[Any, Any]) -> str:
    name = words.heading({column: str(row[column]) for column in by}) or "All studies"
    before, after = (_fit(row, side) for side in ("old", "new"))
    if row["status"] == "new":
        return f"{name}: new, {after}."
    if row["status"] == "gone":
        return f"{name}: withdrawn, {before}."
    text = f"{name}: from {before} to {after}"
    return capital(text + ("; now on another side of no effect." if row["flips"] else "."))


def _fit(row: Mapping[Any, Any], side: str) -> str:
    value, low, high = (row[f"{name}_{side}"] for name in ("estimate", "ci_low", "ci_high"))
    if math.isnan(value):
        return "no estimate"
    ends = "interval not known" if math.isnan(low) else to((low, high), row["measure"])
    return f"{shown(value, row['measure'])} ({ends}; k = {row[f'k_{side}']})"
