"""Names and counts as they stand in findings, sentences and the report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pdt_evidence.formatting import PAGE

__all__ = ["NETWORK_NAMES", "in_words", "kind_of", "true_minus"]

NETWORK_NAMES = {
    "sad_mayowilson2014": "social anxiety network",
    "depression_nice": "depression network",
    "metapsy_pdt_multiarm:depression": "multi-arm trials, depression",
    "metapsy_pdt_multiarm:generalised_anxiety": "multi-arm trial, generalised anxiety",
    "metapsy_pdt_multiarm:social_anxiety": "multi-arm trials, social anxiety",
    "metapsy_pdt_multiarm:ptsd": "multi-arm trial, PTSD",
}
TERMS = {
    "post": "end of treatment",
    "short": "short term",
    "medium": "medium term",
    "long": "long term",
    "unknown": "an unknown time",
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


def kind_of(what: str, rows: Sequence[Mapping[Any, Any]]) -> str:
    """What is missing in several rows of "wanted", with their outcomes and follow-up windows.

    Examples
    --------
    >>> kind_of("pooled SMD", [{"outcome": "anxiety", "follow_up": "post"}, {"outcome": "", "follow_up": "long"}])
    'pooled SMD (anxiety at end of treatment, long term)'
    """
    outcomes = [in_words(row["outcome"]) for row in rows]
    windows = [TERMS.get(row["follow_up"]) or str(row["follow_up"]) for row in rows]
    named = [
        ", ".join(word for word in dict.fromkeys(words) if word and word not in what)
        for words in (outcomes, windows)
    ]
    about = " at ".join(filter(None, named))
    return f"{what} ({about})" if about else what
