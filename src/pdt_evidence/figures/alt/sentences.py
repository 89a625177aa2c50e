"""Phrases that descriptions of figures are made of; the numbers are printed as the figures print them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pdt_evidence.figures.forests.arms import arms_of, directed
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.axis import scale_of
from pdt_evidence.figures.sheet.styles import STYLES
from pdt_evidence.formatting import effects_of, percent
from pdt_evidence.results import PooledEffect

__all__ = ["FORMAT", "about", "capital", "direction", "listed", "pooled", "shown", "size_of", "to"]

FORMAT = STYLES["default"].format


def listed(parts: Iterable[str]) -> str:
    """Words in a row, the last after "and"."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def size_of(effect: PooledEffect) -> str:
    """How many studies, or how many effects of how many trials."""
    return effects_of(effect.k, effect.trials)


def about(effect: PooledEffect) -> str:
    """The words of its stratum in brackets, after a blank."""
    text = words.heading(effect.stratum, inside=True)
    return f" ({text})" if text else ""


def capital(text: str) -> str:
    """The same words at the head of a sentence."""
    return text[:1].upper() + text[1:]


def shown(value: float, measure: str) -> str:
    """A value on the scale that the measure is shown on."""
    scale = scale_of(measure)
    return FORMAT.effect(scale.shown(value), 2, scale.null)


def to(pair: tuple[float, float], measure: str) -> str:
    """An interval in words."""
    scale = scale_of(measure)
    return " to ".join(FORMAT.limit(scale.shown(value), 2, scale.null) for value in pair)


def pooled(effect: PooledEffect, arms: tuple[str, str] | None = None, signed: bool = False) -> str:
    """Estimate, confidence interval, direction and prediction interval."""
    level = percent(effect.level)
    text = f"{words.short_measure(effect.measure)} {shown(effect.estimate, effect.measure)} "
    text += f"({level} confidence interval "
    known = not math.isnan(sum(effect.ci))
    text += f"{to(effect.ci, effect.measure)}, {direction(effect, arms, signed)})" if known else "not known)"
    if not math.isnan(effect.pi[0]):
        text += f", {level} prediction interval {to(effect.pi, effect.measure)}"
    return text


def direction(effect: PooledEffect, arms: tuple[str, str] | None = None, signed: bool = False) -> str:
    """Which side the interval stands on, if it stands on one; whom that favours only where it is known."""
    if effect.ci[0] <= 0 <= effect.ci[1]:
        return "which includes no effect"
    if not (signed or directed([effect])):
        side = "above" if effect.estimate > 0 else "below"
        return f"{side} no effect"
    first, second = arms or arms_of([effect])
    return f"favours {first if effect.estimate > 0 else second}"
