"""From findings to a verdict: one table of rules, the same for every claim.

The first rule of `RULES` whose condition holds gives the verdict. Nothing about a particular claim
stands here, and no recipe can name a verdict. Which numbers may answer for a claim is data
(`judged_by` in claims.csv), with its reason beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pdt_evidence.verdicts.records import ANY_EVIDENCE, PARTS, THE_REVIEW, Finding
from pdt_evidence.verdicts.words import counted

__all__ = ["RULES", "VERDICTS", "Rule", "judge"]

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

    @property
    def asked(self) -> int:
        return self.answered + self.unknown

    def said(self, part: str) -> str:
        """The count of one part: "Content: 1 of 2 answered questions comes out as claimed, 1 open."."""
        if not self.answered:
            return f"{part.capitalize()}: {counted(self.unknown, 'question')} open, none answered."
        still = f", {self.unknown} open" if self.unknown else ""
        verb = "comes" if 1 in (self.yes, self.answered) else "come"
        return (
            f"{part.capitalize()}: {self.yes} of {counted(self.answered, 'answered question')} {verb} out as "
            f"claimed{still}."
        )


@dataclass(frozen=True, slots=True)
class _Case:
    """What the rules look at."""

    attribution: _Tally
    content: _Tally
    wording: _Tally
    judged_by: str
    own_asked: bool  # whether a number of the source named is asked for
    own_held: bool  # and whether one is held
    source_kind: str  # of what is held in place of the source itself; "" for the source itself

    def source_says(self) -> str:
        if self.source_kind:
            return f"What is held of the source (a {self.source_kind.replace('_', ' ')}) says otherwise."
        return "The source named does not contain what is attributed to it."

    def some_open(self) -> str:
        if self.own_asked and not self.own_held and not self.content.no:
            return "Other evidence bears it out, and the numbers of the source named are not held."
        return f"Some of it is shown, and some is {'not' if self.content.no else 'open'}."


@dataclass(frozen=True, slots=True)
class Rule:
    """A verdict, the condition for it in words and as a test, and what is then said."""

    verdict: str
    when: str
    holds: Callable[[_Case], bool]
    says: Callable[[_Case], str]


RULES = (
    Rule(
        "misattributed",
        "A question of attribution (does the source say so?) is answered with no.",
        lambda case: case.attribution.no > 0,
        _Case.source_says,
    ),
    Rule(
        "cannot be checked",
        "The claim is judged by the review alone, and none of the review's own numbers is held.",
        lambda case: case.judged_by == THE_REVIEW and not case.own_held,
        lambda _: "The claim is about the review's own results, and none of them is held.",
    ),
    Rule(
        "cannot be checked",
        "The claim is judged by the review alone, and more of its own numbers are open than answered.",
        lambda case: case.judged_by == THE_REVIEW and case.content.unknown > case.content.answered,
        lambda _: "Most of the review's own results are not held, and some do not tell of the others.",
    ),
    Rule(
        "cannot be checked",
        "No question of content (is it so?) is answered.",
        lambda case: not case.content.answered,
        lambda _: "No number that bears on it is held.",
    ),
    Rule(
        "not supported",
        "No answered question of content comes out as claimed.",
        lambda case: not case.content.yes,
        lambda _: "None of it is shown.",
    ),
    Rule(
        "overstated",
        "Some content comes out as claimed, and a question of wording (is it as much as the words say?) does not.",
        lambda case: case.wording.no > 0,
        lambda _: "The words say more than the numbers.",
    ),
    Rule(
        "partly supported",
        "Some content comes out as claimed, and some does not or is open.",
        lambda case: case.content.no + case.content.unknown > 0,
        _Case.some_open,
    ),
    Rule(
        "supported",
        "Everything else: all content comes out as claimed, and no question of wording fails.",
        lambda _: True,
        lambda _: "All of it is shown.",
    ),
)


def judge(
    findings: Sequence[Finding], *, judged_by: str = ANY_EVIDENCE, source_kind: str = ""
) -> tuple[str, str]:
    """Verdict and the reason for it.

    Parameters
    ----------
    findings : sequence of Finding
        What the data say, part by part.
    judged_by : {"any evidence", "the review"}
        "the review": the claim says what one review found, so only that review's numbers answer for its
        content and its wording; other evidence is shown beside them and not counted.
    source_kind : str
        What is held in place of the source named, such as "press_release"; "" where it is the source itself.

    Returns
    -------
    verdict, why : str
        `verdict` is one of `VERDICTS`; `why` ends with a count for each part.
    """
    used = [finding for finding in findings if finding.counts_for(judged_by)]
    own = [finding for finding in findings if finding.cited and finding.part == "content"]
    case = _Case(
        attribution=_Tally.of(used, "attribution"),
        content=_Tally.of(used, "content"),
        wording=_Tally.of(used, "wording"),
        judged_by=judged_by,
        own_asked=bool(own),
        own_held=any(finding.holds is not None for finding in own),
        source_kind=source_kind,
    )
    rule = next(rule for rule in RULES if rule.holds(case))
    tallies: dict[str, _Tally] = {part: getattr(case, part) for part in PARTS}
    counts = [tally.said(part) for part, tally in tallies.items() if tally.asked]
    return rule.verdict, " ".join([rule.says(case), *counts])
