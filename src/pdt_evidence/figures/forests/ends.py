"""How far the effect axis of a forest goes, and what is shaded on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pdt_evidence.errors import RequestError
from pdt_evidence.figures.forests.records import ForestLayout, Row
from pdt_evidence.figures.sheet import axis
from pdt_evidence.figures.sheet.options import numbers

__all__ = ["grounds", "limits_of", "zone_of"]

MOST_WIDE = 2.0  # times what the studies of a stratum span: beyond it a pooled interval is cut off


def limits_of(
    layout: ForestLayout, xlim: tuple[float, float] | None, zone: tuple[float, float] | None
) -> tuple[float, float]:
    """Ends of the axis, as asked for or such that what matters is seen."""
    if xlim is not None:
        return _pair(xlim, "xlim", layout)
    rows = {
        kind: [row for row in layout.rows if row.kind == kind]
        for kind in ("study", "pooled", "estimate", "prediction")
    }
    seen = [
        (row.low, row.high)
        for row in rows["pooled"] + rows["prediction"]
        if not _absurd(layout, (row.low, row.high), _studies_of(row, rows["study"]))
    ]
    estimates = [(row.low, row.high) for row in rows["estimate"]]
    pooled = [(row.low, row.high) for row in rows["pooled"] if (row.low, row.high) in seen]
    sure = axis.ordinary(layout.scale, [*pooled, *estimates])
    # Results that are rows have no studies here: what is usual among them stands for these.
    reaches = [row.reach for row in rows["pooled"] + rows["estimate"]]
    usual = [*sure, *axis.ordinary(layout.scale, reaches)]
    seen += [pair for pair in estimates if not _absurd(layout, pair, sure)]
    seen += [pair for pair in reaches if not _absurd(layout, pair, usual)]
    return axis.limits(
        layout.scale,
        [row.estimate for row in rows["study"] + rows["pooled"] + rows["estimate"]],
        [*((row.low, row.high) for row in rows["study"]), *seen],
        [*sure, zone] if zone else sure,
    )


def _studies_of(row: Row, studies: Sequence[Row]) -> list[tuple[float, float]]:
    return [(one.low, one.high) for one in studies if one.stratum == row.stratum]


def _absurd(layout: ForestLayout, pair: tuple[float, float], among: Sequence[tuple[float, float]]) -> bool:
    """Whether an interval is far wider than all of these together, as that of two studies by t can be."""
    low, high = layout.scale.place(pair)
    ends = layout.scale.place([end for one in among for end in one])
    ends = ends[np.isfinite(ends)]
    return len(ends) > 0 and math.isfinite(high - low) and high - low > MOST_WIDE * (ends.max() - ends.min())


def _pair(pair: tuple[float, float], name: str, layout: ForestLayout) -> tuple[float, float]:
    """Two ends in order, as drawn."""
    available = numbers(pair, name, "two numbers, the lower first")
    low, high = available if len(available) == 2 else (math.nan, math.nan)
    if math.isfinite(low) and math.isfinite(high) and low < high and (low > 0 or not layout.scale.log):
        return low, high
    above = ", above 0 for a ratio" if layout.scale.log else ""
    raise RequestError(f"{name} = {pair!r} is not a range. Give two finite numbers, the lower first{above}.")


def grounds(
    layout: ForestLayout, zone: tuple[float, float] | None, margins: Any, prediction: str
) -> list[str]:
    """What the shaded grounds of the plot are, for the note below it."""
    said = []
    if zone is not None:
        low, high = (f"{end:g}".replace("-", "−") for end in zone)
        ends = f"±{high}" if not layout.scale.log and zone[0] == -zone[1] else f"{low} to {high}"
        name = getattr(margins, "name", "")
        said.append(f"Shaded: margin of equivalence, {ends}{f' ({name})' if name else ''}.")
    if prediction == "band" and any(row.kind == "prediction" for row in layout.rows):
        said.append("Band: prediction interval.")
    return [" ".join(said)] if said else []


def zone_of(margins: float | tuple[float, float] | None, layout: ForestLayout) -> tuple[float, float] | None:
    """The range of equivalence; one number stands for both sides of no effect."""
    if margins is None:
        return None
    if hasattr(margins, "value"):
        margins = float(margins)  # pyright: ignore[reportArgumentType]
    if isinstance(margins, (int, float)):
        if not (math.isfinite(margins) and margins > layout.scale.null):
            above = f"above {layout.scale.null:g}"
            raise RequestError(f"margins = {margins!r}: one margin for both sides is a number {above}.")
        return _pair((1 / margins if layout.scale.log else -margins, margins), "margins", layout)
    return _pair(margins, "margins", layout)
