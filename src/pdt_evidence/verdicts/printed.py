"""The words of verdicts and findings, and how a judgement is printed."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from pdt_evidence.formatting import counted
from pdt_evidence.screen import room

__all__ = ["ANSWERS", "ANY_EVIDENCE", "PARTS", "QUESTIONS", "THE_REVIEW", "answered", "line_of", "paragraph"]

ANY_EVIDENCE, THE_REVIEW = "any evidence", "the review"  # the words of `judged_by`
# What a finding bears on, in the order in which they are shown.
PARTS = {
    "attribution": "does the source say so?",
    "content": "do the numbers bear it out?",
    "wording": "are they as much as the words say?",
    "beside": "what else is known, and does not decide",
}
QUESTIONS = ("does the source say so?", "do the numbers bear it out?")
ANSWERS = {  # how an answer is marked -> what that means
    "yes": "as claimed",
    "not shown": "the numbers do not show it (an interval that holds no effect, too small a number)",
    "contrary": "the numbers show the opposite, or the source says otherwise",
    "open": "cannot be answered: not held, or too few trials",
}

OF_TRIALS = (
    "pooled here",
    "trials",
)  # how the source of an answer begins that trials gave, or could not give
MISSING_SHOWN = 3  # on a terminal; the report lists all


def line_of(finding: Any) -> str:
    """A finding with its answer before it, as a line."""
    shown = f" {finding.shown}" if finding.shown else ""
    mark = "?" if finding.answer == "open" else finding.answer
    return f"[{mark}] {finding.question}{shown}"


def paragraph(judgement: Any) -> str:
    """A judgement with its findings, as text for a terminal."""
    claim = judgement.claim
    lines = [
        _wrapped(f"{claim.number}. {claim.statement}", "", "   "),
        _wrapped(f"Does the source say so? {judgement.source_says}.", "   ", "   "),
        _wrapped(f"Do the numbers bear it out? {judgement.numbers_say}.", "   ", "   "),
        _wrapped(f"{judgement.verdict.upper()}. {judgement.why}", "   ", "   "),
        _wrapped(f"{claim.where()} {claim.how_judged()}", "   ", "   "),
    ]
    for part, findings in judgement.by_part().items():
        lines.append(f"   {part.capitalize()} ({PARTS[part]})")
        for finding in findings:
            aside = "" if judgement.counts(finding) else "; shown, not counted"
            lines.append(_wrapped(f"{line_of(finding)} ({finding.source}{aside})", "     ", "         "))
            if finding.variants and part != "wording":
                lines.append(_wrapped(f"under other rules: {finding.variants_said()}", " " * 9, " " * 13))
    if judgement.robustness():
        lines.append(_wrapped(judgement.robustness(), "   ", "   "))
    if judgement.can_be_said:
        lines.append(_wrapped(f"What can be said: {judgement.can_be_said}", "   ", "   "))
    if judgement.missing:
        first, rest = judgement.missing[:MISSING_SHOWN], len(judgement.missing) - MISSING_SHOWN
        more = f"; and {rest} more (`wanted` in the tables)" if rest > 0 else ""
        lines.append(_wrapped(f"Not held: {'; '.join(first)}{more}.", "   ", "       "))
    return "\n".join(lines)


def _wrapped(text: str, first: str, rest: str) -> str:
    options = {"initial_indent": first, "subsequent_indent": rest, "break_long_words": False}
    return fill(text, room(100) or 100, break_on_hyphens=False, **options)


def answered(report: Any) -> str:
    """How many of the questions put to trials have an answer of them."""
    asked: dict[tuple[str, str, str], bool] = {}
    for judgement in report.judgements:
        for one in judgement.findings:
            if one.source.startswith(OF_TRIALS):
                question = (judgement.claim.claim_id, one.question, one.about)
                asked[question] = asked.get(question, False) or one.holds is not None
    whose = "Your table" if report.own_trials else "The trials held here"
    number = sum(asked.values())
    rest = "" if number == len(asked) else " The others are open, each with the reason."
    return f"{whose} answered {number} of {counted(len(asked), 'question')} put to trials.{rest}"
