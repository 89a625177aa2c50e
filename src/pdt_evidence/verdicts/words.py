"""Names and counts as they stand in findings, sentences and the report."""

from __future__ import annotations

import re

from pdt_evidence.formatting import PAGE

__all__ = ["NETWORK_NAMES", "in_words", "true_minus"]

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


def true_minus(text: str) -> str:
    """Text with the hyphens before its numbers as minus signs, and no negative zero.

    Examples
    --------
    >>> true_minus("-0.00 [-0.41, 0.29] on 2024-05-08, rows 1-3")
    '0.00 [−0.41, 0.29] on 2024-05-08, rows 1-3'
    """
    return MINUS_OF_ZERO.sub("", MINUS_OF_A_NUMBER.sub(PAGE.minus, text))


def in_words(name: str) -> str:
    """A column's word, for example "general_symptoms", as words."""
    return name.replace("_", " ")
