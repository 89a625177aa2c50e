"""A claim, what was found about it, and the verdict that follows; plain records that only format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING

from pdt_evidence.errors import require_choice

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ANSWERS", "ANY_EVIDENCE", "PARTS", "THE_REVIEW", "Claim", "ClaimReport", "Finding", "Judgement"]

ANY_EVIDENCE, THE_REVIEW = "any evidence", "the review"  # the words of `judged_by`
# What a finding bears on, in the order in which they are shown.
PARTS = {
    "attribution": "does the source say so?",
    "content": "is it so?",
    "wording": "is it as much as the words say?",
}
ANSWERS = {  # how an answer is marked -> what that means
    "yes": "as claimed",
    "not shown": "the numbers do not show it (an interval that holds no effect, too small a number)",
    "contrary": "the numbers show the opposite, or the source says otherwise",
    "open": "cannot be answered: not held, or too few trials",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of the article, in our words, the review it leans on, and which numbers may answer for it."""

    claim_id: str
    number: int
    statement: str
    review_id: str
    judged_by: str
    judged_why: str

    def how_judged(self) -> str:
        """Which numbers answer for the claim, and why these."""
        return f"Judged by {self.judged_by}. {self.judged_why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question put to the data about a claim.

    `holds` is True or False, or None where the data cannot answer; `against` tells, where it is False,
    that the numbers show the opposite (an interval on the other side) from numbers that show nothing.
    `part` says what the answer bears on, one of `PARTS`. `cited` tells numbers of the very source the
    article names from numbers of other evidence. `rows` are the evidence rows it rests on, if listed.
    """

    question: str
    part: str
    holds: bool | None
    shown: str
    source: str
    cited: bool = False
    against: bool = False
    rows: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """One of `ANSWERS`."""
        if self.holds is None:
            return "open"
        return "yes" if self.holds else "contrary" if self.against else "not shown"

    def counts_for(self, judged_by: str) -> bool:
        """Whether it counts for a claim that is judged so; if not, it is only shown."""
        return judged_by == ANY_EVIDENCE or self.cited or self.part == "attribution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A claim with its verdict, the rule that gave it, the findings, and the numbers not held.

    `can_be_said` is what the results allow one to say instead; "" where the findings speak for themselves.
    """

    claim: Claim
    verdict: str
    why: str
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    can_be_said: str = ""

    def by_part(self) -> dict[str, tuple[Finding, ...]]:
        """The findings, part by part; parts without any are excluded."""
        found = {part: tuple(one for one in self.findings if one.part == part) for part in PARTS}
        return {part: findings for part, findings in found.items() if findings}

    def counts(self, finding: Finding) -> bool:
        """Whether a finding counts for the verdict, or is only shown beside it."""
        return finding.counts_for(self.claim.judged_by)

    def summary(self) -> str:
        """The claim with its verdict, the reason and the findings, as text for a terminal."""
        return _paragraph(self)

    __str__ = summary


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReport:
    """One judgement a claim, in the article's order."""

    judgements: tuple[Judgement, ...]

    def __iter__(self) -> Iterator[Judgement]:
        return iter(self.judgements)

    def __len__(self) -> int:
        return len(self.judgements)

    def __getitem__(self, claim_id: str) -> Judgement:
        """The judgement of one claim.

        Raises
        ------
        RequestError
            For a claim that is not there; the error names the nearest.
        """
        available = {judgement.claim.claim_id: judgement for judgement in self.judgements}
        require_choice("claim_id", claim_id, list(available))
        return available[claim_id]

    def to_frame(self) -> pd.DataFrame:
        """One row a claim."""
        import pandas as pd

        return pd.DataFrame(
            {
                "claim_id": judgement.claim.claim_id,
                "number": judgement.claim.number,
                "statement": judgement.claim.statement,
                "verdict": judgement.verdict,
                "why": judgement.why,
                "judged_by": judgement.claim.judged_by,
                "judged_why": judgement.claim.judged_why,
                "can_be_said": judgement.can_be_said,
                "findings": "; ".join(_line(finding) for finding in judgement.findings),
                "missing": "; ".join(judgement.missing),
            }
            for judgement in self.judgements
        )

    def findings(self) -> pd.DataFrame:
        """One row a question: what was asked, what was found, where it comes from."""
        import pandas as pd

        return pd.DataFrame(
            {
                "claim_id": judgement.claim.claim_id,
                "question": finding.question,
                "part": finding.part,
                "answer": finding.answer,
                "counts": judgement.counts(finding),
                "shown": finding.shown,
                "cited_source": finding.cited,
                "source": finding.source,
                "rows": " ".join(finding.rows),
            }
            for judgement in self.judgements
            for finding in judgement.findings
        )

    def summary(self) -> str:
        """Each claim with its verdict, the reason and the findings, as text for a terminal."""
        return "\n\n".join(judgement.summary() for judgement in self.judgements)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{judgement.claim.number}</td><td>{escape(judgement.claim.statement)}</td>"
            f"<td><b>{escape(judgement.verdict)}</b></td><td>{escape(judgement.why)}</td></tr>"
            for judgement in self.judgements
        )
        return f"<table><tr><th></th><th>claim</th><th>verdict</th><th>why</th></tr>{rows}</table>"


MISSING_SHOWN = 3  # on a terminal; the report lists all


def _line(finding: Finding) -> str:
    shown = f" {finding.shown}" if finding.shown else ""
    mark = "?" if finding.answer == "open" else finding.answer
    return f"[{mark}] {finding.question}{shown}"


def _paragraph(judgement: Judgement) -> str:
    claim = judgement.claim
    lines = [
        _wrapped(f"{claim.number}. {claim.statement}", "", "   "),
        _wrapped(f"{judgement.verdict.upper()}. {judgement.why}", "   ", "   "),
        _wrapped(claim.how_judged(), "   ", "   "),
    ]
    for part, findings in judgement.by_part().items():
        lines.append(f"   {part.capitalize()} ({PARTS[part]})")
        for finding in findings:
            aside = "" if judgement.counts(finding) else "; shown, not counted"
            lines.append(_wrapped(f"{_line(finding)} ({finding.source}{aside})", "     ", "         "))
    if judgement.can_be_said:
        lines.append(_wrapped(f"What can be said: {judgement.can_be_said}", "   ", "   "))
    if judgement.missing:
        first, rest = judgement.missing[:MISSING_SHOWN], len(judgement.missing) - MISSING_SHOWN
        more = f"; and {rest} more (`wanted` in the tables)" if rest > 0 else ""
        lines.append(_wrapped(f"Not held: {'; '.join(first)}{more}.", "   ", "       "))
    return "\n".join(lines)


def _wrapped(text: str, first: str, rest: str) -> str:
    return fill(text, 100, initial_indent=first, subsequent_indent=rest)
