"""Words of a user's table that are nearly ours: capitals are read over, a slip is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from pdt_evidence.evidence.package import fields
from pdt_evidence.evidence.readers.columns import FREE_WORDS, OPEN_WORDS, trial_fields
from pdt_evidence.evidence.schema import Coded, Problem, cell_problems
from pdt_evidence.other_names import ours as of_others

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_spelled", "near_misses"]

VOCABULARY_SIZE = 200  # a column with more different words is no vocabulary, and is not searched for slips
SLIP = 0.85  # likeness of two words that are probably one
MONTHS = "Give months in months_since_end, as a number, and leave follow_up blank: it is made of them."
NEAR = 0.6  # the same where no other word is taken, so that a guess only helps


@cache
def _vocabulary() -> dict[str, tuple[str, ...]]:
    """Column -> the words of ours that it takes, also where own words are welcome."""
    ours = {field.name: field.enum for field in (*fields("trials"), *trial_fields()) if field.enum}
    return {name: words for name, words in ours.items() if name not in FREE_WORDS}


def as_spelled(column: str, words: list[str]) -> tuple[list[str], str]:
    """The words with ours as we write them, and a sentence on one that was written otherwise.

    Examples
    --------
    >>> as_spelled("better", ["Lower", "higher"])
    (['lower', 'higher'], "'Lower' is read as 'lower'")
    """
    ours = _vocabulary().get(column, ())
    if not ours:
        return words, ""
    known = {_plain(word): word for word in ours}
    meant = [word if word in ours else known.get(_plain(word[:80]), word) for word in words]
    text = next((f"{a!r} is read as {b!r}" for a, b in zip(words, meant, strict=True) if a != b), "")
    return meant, text


def _plain(word: str) -> str:
    return "_".join(word.lower().split())


def near_misses(table: pd.DataFrame, coded: dict[str, Coded], lines: Sequence[int]) -> list[Problem]:
    """Own words are welcome in some columns, misspelt ones of ours in none: they would split a stratum in two."""
    problems, advice = [], ""
    for column, ours in _vocabulary().items():
        words = coded[column].words if column in coded else []
        if len(words) > VOCABULARY_SIZE:
            continue
        own = "a known word or one of your own" if column in OPEN_WORDS else f"one of {', '.join(ours)}"
        for word in words:
            if not word or word in ours:
                continue
            closed = column not in OPEN_WORDS
            text = of_others(word[:80], ours) if closed else ""
            near = (
                [text] if text else get_close_matches(word[:80], ours, n=1, cutoff=NEAR if closed else SLIP)
            )
            if column == "follow_up" and any(letter.isdigit() for letter in word):
                near, advice = [word], MONTHS
            elif near:
                advice = f"Did you mean {near[0]!r}?"
            if near:
                wrong = coded[column].cells(other == word for other in words)
                problems += cell_problems(table, column, wrong, f"expected {own}", lines, advice)
    return problems
