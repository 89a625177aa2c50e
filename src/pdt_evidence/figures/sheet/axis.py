"""The effect axis: how far it goes and where its ticks stand.

Values here are as drawn: ratios on their natural scale, everything else as it is pooled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.formatting import RATIOS, Format

EDGE = 0.03  # share of the axis that half the largest mark takes
__all__ = ["Scale", "limits", "ordinary", "scale_of", "ticks"]


@dataclass(frozen=True, slots=True)
class Scale:
    """Whether values are ratios, and the value of no effect."""

    log: bool

    @property
    def null(self) -> float:
        """The value of no effect."""
        return 1.0 if self.log else 0.0

    def shown(self, value: float) -> float:
        """A pooled value as drawn; beyond what a float holds it is infinite."""
        if not self.log:
            return float(value)
        return math.exp(value) if value < 700 else math.inf

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        """Drawn values on a scale on which equal steps are equally wide."""
        if not self.log:
            return np.asarray(values, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(values)

    def unplace(self, value: float) -> float:
        """The inverse of `place`."""
        return math.exp(value) if self.log else value


def scale_of(measure: str) -> Scale:
    """The scale on which that measure is shown."""
    return Scale(measure in RATIOS)


def limits(
    scale: Scale,
    points: Sequence[float],
    ends: Sequence[tuple[float, float]],
    must: Sequence[tuple[float, float]],
) -> tuple[float, float]:
    """Both ends of the axis.

    `points` are the estimates, `ends` their intervals and `must` the intervals that have to be
    seen whole (the pooled ones). Every estimate that is finite is in sight. A study's interval may
    stretch the axis, but one that is many times wider than what it stands among is cut off and
    gets an arrow.
    """
    at = scale.place(points)
    at = at[np.isfinite(at)]
    sure = scale.place([value for pair in must for value in pair])
    core = np.concatenate([at, sure[np.isfinite(sure)], [float(scale.place(scale.null))]])
    low, high = float(core.min()), float(core.max())
    both = scale.place(np.asarray(ends, dtype=float).reshape(-1, 2))
    lows, highs = (side[np.isfinite(side)] for side in both.T)
    with np.errstate(invalid="ignore"):  # an interval may be all at infinity
        widths = both[:, 1] - both[:, 0]
    typical = float(np.median(widths[np.isfinite(widths)]) / 2) if np.isfinite(widths).any() else 0.0
    room = max(0.8 * (high - low), 2.0 * typical)
    low = min(low, max(float(lows.min(initial=low)), low - room))
    high = max(high, min(float(highs.max(initial=high)), high + room))
    if high - low < 1e-12:
        low, high = low - 1.0, high + 1.0
    # Both directions are named under the axis, so both are seen.
    null, span = float(scale.place(scale.null)), high - low
    low, high = min(low, null - 0.08 * span), max(high, null + 0.08 * span)
    margin = 0.03 * (high - low)
    low, high = _clear_of(at, low - margin, high + margin)
    return scale.unplace(low), scale.unplace(high)


def _clear_of(at: NDArray[np.float64], low: float, high: float) -> tuple[float, float]:
    """Ends moved out until no estimate in sight is so near one that its mark would be cut."""
    for _ in range(3):
        room = EDGE * (high - low)
        near = at[(at >= low - room) & (at <= high + room)]
        low, high = min([low, *(near - room)]), max([high, *(near + room)])
    return low, high


def ordinary(scale: Scale, pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those intervals that are not many times wider than most: one of two studies may span the sheet."""
    widths = [float(scale.place(high) - scale.place(low)) for low, high in pairs]
    known = [width for width in widths if math.isfinite(width)]
    # The lower of two medians: of two intervals the narrow one is the usual one.
    most = 3.0 * float(np.quantile(known, 0.5, method="lower")) if known else math.inf
    return [pair for pair, width in zip(pairs, widths, strict=True) if width <= most]


def ticks(
    scale: Scale,
    low: float,
    high: float,
    room: float,
    width: Callable[[str], float],
    label: Callable[[float], str],
    *,
    whole: bool = False,
) -> list[tuple[float, str]]:
    """Tick values with their labels, as many as stand apart in `room` points.

    `width` measures a label in points; `whole` leaves out steps between whole numbers. The value of no effect has a
    tick whenever it is in sight.
    """
    for candidates in _log_candidates(low, high) if scale.log else _linear_candidates(low, high):
        if whole and any(value != round(value) for value in candidates):
            continue
        found = [(value, label(value)) for value in candidates]
        span = float(scale.place(high) - scale.place(low))
        places = [float(scale.place(value) - scale.place(low)) / span * room for value, _ in found]
        halves = [width(text) / 2 for _, text in found]
        gaps = [b - a - p - q for a, b, p, q in zip(places, places[1:], halves, halves[1:], strict=False)]
        if len(found) <= min(max(3, room / 15), 9) and all(gap >= 5.0 for gap in gaps):
            return found
    return [(scale.null, label(scale.null))] if low <= scale.null <= high else []


def _linear_candidates(low: float, high: float) -> list[list[float]]:
    span = high - low
    power = math.floor(math.log10(span)) - 2
    steps = [m * 10.0**p for p in range(power, power + 5) for m in (1, 2, 2.5, 5)]
    found = []
    for step in steps:
        if span / step > 60:
            continue
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        found.append([i * step for i in range(first, last + 1)])
    return found


def _log_candidates(low: float, high: float) -> list[list[float]]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    mantissas = [(1, 1.5, 2, 3, 5, 7), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)]
    if math.log10(high / low) < 0.5:
        # Within a factor of about three, round numbers are too few: evenly spaced ones serve.
        return [[v for v in values if v > 0] for values in _linear_candidates(low, high)]
    decades = [[m * 10.0**p for p in range(first, last + 1) for m in ms] for ms in mantissas]
    decades += [[10.0**p for p in range(first, last + 1) if p % step == 0] for step in (2, 3, 4, 6, 8)]
    decades = [[value for value in values if low <= value <= high] for values in decades]
    return [sides for values in decades for sides in (_both_sides(values, low, high), values)]


def _both_sides(values: list[float], low: float, high: float) -> list[float]:
    """With a tick between no effect and a near end of the axis, where round ratios leave that side without."""
    if not low < 1.0 < high or not values:
        return values
    below = [0.1 * n for n in range(1, 10) if 0.1 * n >= low][:1] if values[0] >= 1 else []
    above = [0.1 * n for n in range(19, 10, -1) if 0.1 * n <= high][:1] if values[-1] <= 1 else []
    return sorted({*values, *(round(value, 1) for value in [*below, *above])})


def tick_label(value: float, form: Format) -> str:
    """The shortest exact writing of a tick value."""
    if abs(value) < 1e-12:
        return "0"
    text = f"{value:.10g}"
    if "e" in text:
        mantissa, power = text.split("e")
        text = f"{mantissa}e{int(power)}"
    return form.signs(text)


def same_decimals(labels: Sequence[str], decimal: str) -> list[str]:
    """Linear tick labels with the same number of decimals; zero stays bare, and so do powers of ten."""
    if any("e" in text for text in labels):
        return list(labels)
    most = max((len(text.partition(decimal)[2]) for text in labels), default=0)
    return ["0" if text == "0" else _padded(text, most, decimal) for text in labels]


def _padded(text: str, most: int, decimal: str) -> str:
    whole, _, part = text.partition(decimal)
    return whole + (decimal + part.ljust(most, "0") if most else "")
