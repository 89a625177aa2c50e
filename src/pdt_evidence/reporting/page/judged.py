"""The words of the page for what is said of a claim, and its findings as a page lists them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pdt_evidence.formatting import counted
from pdt_evidence.reporting.names import CLAIMS
from pdt_evidence.verdicts.records import Claim, Finding

__all__ = ["Listed", "Words", "in_few_words", "listed", "numbers_words", "source_words"]


class Words(NamedTuple):
    """An answer in words: as an answer to its question, and by itself as a mark."""

    answer: str
    mark: str


SOURCE = {  # the answers that `rules.SAYS` has
    "stated": Words("yes", "source says it"),
    "not stated": Words("not all of it", "source says not all of it"),
    "misattributed": Words("no, it says something else", "source says something else"),
    "not seen": Words("unknown, it could not be read there", "source could not be read"),
    "no source named": Words("no source is named", "no source is named"),
}
NUMBERS = {  # the answers that `rules.BORNE_OUT` has
    "borne out": Words("yes", "numbers bear it out"),
    "partly": Words("in part", "numbers bear out a part"),
    "not shown": Words("no, they do not show it", "numbers do not show it"),
    "contrary": Words("no, they show the opposite", "numbers show the opposite"),
    "cannot be checked with open data": Words("unknown, no numbers are open", "no open numbers"),
}
FEWEST_FOLDED = 4  # findings without an answer, in one part of a claim, that share a line
REASONS = {  # what a finding without an answer has in it -> why there is none
    "no interval": "printed without an interval",
    "held": "not available to us",
    "too few": "of too few trials",
    "inconclusive": "with too wide an interval",
    "possibly": "with an interval that leaves it open",
}


def source_words(answer: str) -> Words:
    """Does the source say so?"""
    return SOURCE[answer]


def numbers_words(answer: str) -> Words:
    """Do the numbers bear it out?"""
    return NUMBERS[answer]


def in_few_words(claim: Claim) -> str:
    """A claim on a label."""
    return CLAIMS.get(claim.claim_id, claim.statement)


class Listed(NamedTuple):
    """Findings that have a line each, and those without an answer, on one line under their reasons."""

    each: tuple[Finding, ...]
    folded: tuple[Finding, ...]
    words: str


def listed(findings: Sequence[Finding]) -> Listed:
    """The findings of one part of a claim; many without an answer are folded."""
    unanswered = tuple(one for one in findings if one.answer == "open")
    if len(unanswered) < FEWEST_FOLDED:
        return Listed(tuple(findings), (), "")
    reasons = Counter(filter(None, map(_reason, unanswered)))
    why = ", ".join(f"{count} {words}" for words, count in reasons.most_common())
    head = f"{counted(len(unanswered), 'result')} cannot answer"
    return Listed(
        tuple(one for one in findings if one.answer != "open"), unanswered, f"{head}: {why}" if why else head
    )


def _reason(finding: Finding) -> str:
    text = f"{finding.shown} {finding.source}"
    return next((words for sign, words in REASONS.items() if sign in text), "")
