"""From findings to a verdict: one table of rules, the same for every claim.

The first rule whose condition holds gives the verdict. Nothing about a particular claim
stands here, and no recipe can name a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pdt_evidence.verdicts.records import Finding

__all__ = ["VERDICTS", "judge"]

VERDICTS = (
    "supported",
    "partly supported",
    "overstated",
    "misattributed",
    "not supported",
    "cannot be checked",
)


@dataclass(frozen=True, slots=True)
class _Tally:
    """How the findings of one part came out."""

    yes: int
    no: int
    unknown: int

    @classmethod
    def of(cls, findings: Sequence[Finding], part: str) -> _Tally:
        answers = [finding.holds for finding in findings if finding.part == part]
        return cls(answers.count(True), answers.count(False), answers.count(None))

    @property
    def answered(self) -> int:
        return self.yes + self.no


def judge(findings: Sequence[Finding], *, about_the_review: bool = False) -> tuple[str, str]:
    """Verdict and the reason for it.

    Parameters
    ----------
    findings : sequence of Finding
        What the data say, part by part.
    about_the_review : bool
        The claim says what one review found, so only that review's numbers answer for its content:
        other evidence is shown beside them, and without them nothing is concluded.

    Returns
    -------
    verdict, why : str
        `verdict` is one of `VERDICTS`.
    """
    attribution = _Tally.of(findings, "attribution")
    content = _Tally.of([f for f in findings if f.cited or not about_the_review], "content")
    strength = _Tally.of(findings, "strength")
    cited = [f for f in findings if f.cited and f.part == "content"]
    cited_held = [f for f in cited if f.holds is not None]

    if attribution.no:
        return "misattributed", "The source named does not contain what is attributed to it."
    if about_the_review and not cited_held:
        return "cannot be checked", "The claim is about the review's own results, and none of them is held."
    if not content.answered:
        return "cannot be checked", "No number that bears on it is held."
    if not content.yes:
        return "not supported", f"None of {content.answered} answered questions comes out as claimed."
    if strength.no:
        asked = strength.answered
        return "overstated", (
            f"{content.yes} of {content.answered} answered questions come out as claimed, "
            f"but {strength.no} of {asked} tests of the wording fail."
        )
    if content.no or content.unknown:
        unheld = f", {content.unknown} cannot be answered" if content.unknown else ""
        named = " (the numbers of the source named are not held)" if cited and not cited_held else ""
        return "partly supported", (
            f"{content.yes} of {content.answered} answered questions come out as claimed{unheld}{named}."
        )
    return "supported", f"All {content.yes} questions come out as claimed."
