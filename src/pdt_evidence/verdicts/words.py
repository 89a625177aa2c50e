"""Numbers and names as they stand in findings, sentences and the report."""

from __future__ import annotations

import re
from math import isnan

from pdt_evidence.formatting import end

__all__ = ["MINUS", "NETWORK_NAMES", "counted", "in_words", "interval", "shown", "true_minus", "two_digits"]

MINUS = "−"
NETWORK_NAMES = {
    "sad_mayowilson2014": "social anxiety network",
    "depression_nice": "depression network",
    "metapsy_pdt_multiarm:depression": "multi-arm trials, depression",
    "metapsy_pdt_multiarm:generalised_anxiety": "multi-arm trial, generalised anxiety",
    "metapsy_pdt_multiarm:social_anxiety": "multi-arm trials, social anxiety",
    "metapsy_pdt_multiarm:ptsd": "multi-arm trial, PTSD",
}
MINUS_OF_A_NUMBER = re.compile(r"(?<![\w.−-])-(?=\.?\d)")  # not in R001-R010, 2024-05-08 or well-being
MINUS_OF_ZERO = re.compile(r"−(?=0(?:\.0+)?(?!\.?\d))")


def two_digits(value: float, digits: int = 2) -> str:
    """A number with a true minus sign, never as a negative zero; a dash for NaN."""
    if isnan(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)


def interval(low: float, high: float, digits: int = 2) -> str:
    return f"{_end(low, digits)} to {_end(high, digits)}"


def shown(estimate: float, low: float, high: float) -> str:
    """An estimate with its interval, two digits."""
    return f"{two_digits(estimate)} [{_end(low)}, {_end(high)}]"


def _end(value: float, digits: int = 2) -> str:
    """One end of an interval, with the digits that it takes to see on which side of 0 it lies."""
    return two_digits(value) if isnan(value) else end(value, digits, 0.0).replace("-", MINUS)


def true_minus(text: str) -> str:
    """Text with the hyphens before its numbers as minus signs, and no negative zero.

    Examples
    --------
    >>> true_minus("-0.00 [-0.41, 0.29] on 2024-05-08, rows 1-3")
    '0.00 [−0.41, 0.29] on 2024-05-08, rows 1-3'
    """
    return MINUS_OF_ZERO.sub("", MINUS_OF_A_NUMBER.sub(MINUS, text))


def counted(number: int, noun: str, several: str = "") -> str:
    """The number with its noun, for example "1 trial", "2 trials".

    Examples
    --------
    >>> counted(1, "stratum", "strata"), counted(2, "stratum", "strata")
    ('1 stratum', '2 strata')
    """
    return f"{number} {noun if number == 1 else several or noun + 's'}"


def in_words(name: str) -> str:
    """A column's word, for example "general_symptoms", as words."""
    return name.replace("_", " ")
