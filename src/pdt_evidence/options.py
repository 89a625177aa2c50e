"""What the options of a call may be, each kind once; a call with several faults gets one error with all of them.

check_options(method=(method, Choice(METHODS)), level=(level, LEVEL), seed=(seed, SEED))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Protocol

from pdt_evidence.errors import RequestError, did_you_mean

__all__ = ["DIGITS", "LEVEL", "RHO", "SEED", "Choice", "Kind", "Number", "Whole", "check_options"]


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
        if value in self.known:
            return None
        listed = ", ".join(repr(word) for word in self.known)
        return f"{name} = {value!r} is not known.{did_you_mean(value, self.known)} Choose one of: {listed}."


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
            number = float(value)
            if self.low < number < self.high or (self.with_low and number == self.low):
                return None
        return f"{name} = {value!r} must be {self.expected}."


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
            return f"{name} = {value!r} is not a whole number from {self.least} to {self.most}."
        end = ", or None" if self.or_none else ""
        return f"{name} = {value!r} must be a whole number of at least {self.least}{end}."


LEVEL = Number(low=0, high=1, expected="a number between 0 and 1, such as 0.95")
RHO = Number(low=0, high=1, with_low=True, expected="a correlation from 0 to below 1, such as 0.6")
SEED = Whole(least=0, or_none=True)
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
