"""What the options of a call may be, each kind once; a call with several faults gets one error with all of them.

check_options(method=(method, Choice(METHODS)), level=(level, LEVEL), seed=(seed, SEED))
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Protocol

from pdt_evidence.arguments import shown
from pdt_evidence.errors import RequestError, did_you_mean, is_one_of
from pdt_evidence.formatting import RATIOS

__all__ = [
    "AT_LEAST_0",
    "DIGITS",
    "LEVEL",
    "MEASURE",
    "RHO",
    "SEED",
    "Choice",
    "Kind",
    "Measure",
    "Number",
    "Whole",
    "check_options",
]


class Kind(Protocol):
    """What an option may be."""

    def fault(self, name: str, value: object) -> str | None:
        """What is wrong with a value, in a sentence; None where nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the known words."""

    known: Sequence[object]

    def fault(self, name: str, value: object) -> str | None:
        """As in `Kind`."""
        if is_one_of(value, self.known):
            return None
        listed = ", ".join(repr(word) for word in self.known)
        return (
            f"{name} = {shown(value)} is not known.{did_you_mean(value, self.known)} Choose one of: {listed}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number from `low` to `high`; NaN, truth values and text are none."""

    low: float
    high: float
    with_low: bool = False  # whether `low` itself is allowed; `high` is not
    expected: str

    def fault(self, name: str, value: object) -> str | None:
        """As in `Kind`."""
        if isinstance(value, Real) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            if self.low < number < self.high or (self.with_low and number == self.low):
                return None
        return f"{name} = {shown(value)} must be {self.expected}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole number from `least` to `most`, both included."""

    least: int
    most: int | None = None
    or_none: bool = False

    def fault(self, name: str, value: object) -> str | None:
        """As in `Kind`."""
        if value is None and self.or_none:
            return None
        if isinstance(value, Integral) and not isinstance(value, bool):
            number = int(value)
            if number >= self.least and (self.most is None or number <= self.most):
                return None
        if self.most is not None:
            return f"{name} = {shown(value)} is not a whole number from {self.least} to {self.most}."
        end = ", or None" if self.or_none else ""
        return f"{name} = {shown(value)} must be a whole number of at least {self.least}{end}."


@dataclass(frozen=True, slots=True)
class Measure:
    """The name of a measure: one of ours, spelt as ours are, or a word of the user's own."""

    def fault(self, name: str, value: object) -> str | None:
        """As in `Kind`."""
        if not isinstance(value, str):
            return f"{name} = {shown(value)} must be a word, such as 'SMD' or 'OR'."
        plain = re.sub(r"[^a-z]", "", value.lower())
        ours = MEASURES_AS_SAID.get(plain, "")
        if not ours or ours == value:
            return None
        return (
            f"{name} = {value!r} is not known. Did you mean {ours!r}? Effects are then taken as it has them"
            + (", ratios as their logarithms." if ours in RATIOS else ".")
        )


MEASURES_AS_SAID = {one.lower(): one for one in ("SMD", "MD", "RD", "SMCC", "SMCR", "GEN", *RATIOS)} | {
    f"{log}{said}": ours
    for log in ("", "log", "ln")
    for said, ours in {
        **{one.lower(): one for one in RATIOS},
        "oddsratio": "OR",
        "riskratio": "RR",
        "relativerisk": "RR",
        "hazardratio": "HR",
        "rateratio": "IRR",
    }.items()
}
LEVEL = Number(low=0, high=1, expected="a number between 0 and 1, such as 0.95")
RHO = Number(low=0, high=1, with_low=True, expected="a correlation from 0 to below 1, such as 0.6")
AT_LEAST_0 = Number(low=0, high=math.inf, with_low=True, expected="at least 0")
SEED = Whole(least=0, or_none=True)
MEASURE = Measure()
DIGITS = Whole(least=0, most=6)


def check_options(**options: tuple[object, Kind]) -> None:
    """Check each option, given as its value and its kind.

    Raises
    ------
    RequestError
        With every fault.

    Examples
    --------
    >>> check_options(level=(0.95, LEVEL), seed=(1, SEED))
    """
    faults = [kind.fault(name, value) for name, (value, kind) in options.items()]
    problems = [fault for fault in faults if fault]
    if problems:
        raise RequestError.from_problems(problems)
