"""A claim, what was found about it, and the verdict that follows; plain records that only format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pdt_evidence.errors import RequestError, require_choice
from pdt_evidence.formatting import PAGE, counted
from pdt_evidence.showing import Brief, Cells
from pdt_evidence.verdicts.printed import (
    ANSWERS,
    ANY_EVIDENCE,
    PARTS,
    QUESTIONS,
    THE_REVIEW,
    answered,
    line_of,
    paragraph,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ANSWERS",
    "ANY_EVIDENCE",
    "PARTS",
    "QUESTIONS",
    "THE_REVIEW",
    "Claim",
    "ClaimReport",
    "Finding",
    "Judgement",
    "Under",
    "Variant",
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Claim(Brief):
    """One sentence of the article, in our words, the review it leans on, and which numbers may answer for it."""

    claim_id: str
    number: int
    statement: str
    review_id: str
    judged_by: str
    judged_why: str
    place: str = ""
    cites: str = ""

    def _line(self) -> str:
        return f"{self.number}. {self.statement}"

    def where(self) -> str:
        """Where the claim stands in the article, and what the article cites for it."""
        return f"In the article: {self.place}; {f'it cites {self.cites}' if self.cites else 'no source is named'}."

    def how_judged(self) -> str:
        """Which numbers answer for the claim, and why these."""
        return f"Judged by {self.judged_by}. {self.judged_why}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Variant(Brief):
    """A pooled number under another rule, and what it answers then."""

    rule: str
    estimate: float
    ci: tuple[float, float]
    k: int
    holds: bool | None
    against: bool = False
    few: bool = False  # too few trials to answer

    @property
    def answer(self) -> str:
        """One of `ANSWERS`."""
        return _answer(self.holds, self.against)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Finding(Brief):
    """One question put to the data about a claim.

    `holds` is True or False, or None where the data cannot answer; `against` tells, where it is False,
    that the numbers show the opposite (an interval on the other side) from numbers that show nothing.
    `part` says what the answer bears on, one of `PARTS`. `cited` tells numbers of the very source the
    article names from numbers of other evidence. `rows` are the evidence rows it rests on, if listed.
    `about` is the subject within the claim (one disorder of several); findings of one `body` of trials count
    once. `variants` are the same number under other rules.
    """

    question: str
    part: str
    holds: bool | None
    shown: str
    source: str
    cited: bool = False
    against: bool = False
    rows: tuple[str, ...] = ()
    about: str = ""
    body: str = ""
    variants: tuple[Variant, ...] = ()

    def _line(self) -> str:
        return line_of(self)

    @property
    def answer(self) -> str:
        """One of `ANSWERS`."""
        return _answer(self.holds, self.against)

    def counts_for(self, judged_by: str) -> bool:
        """Whether it counts for a claim that is judged so; if not, it is only shown."""
        if self.part == "beside":
            return False
        return judged_by == ANY_EVIDENCE or self.cited or self.part == "attribution"

    def variants_said(self) -> str:
        """The number under each other rule, and where the answer turns; "" where there are none."""
        said = []
        for one in self.variants:
            turned = f", then {one.answer}" if not one.few and one.answer != self.answer else ""
            few = ", too few to answer" if one.few else ""
            said.append(f"{one.rule} {PAGE.estimate(one.estimate, one.ci)}, k = {one.k}{turned}{few}")
        return "; ".join(said)

    def turns(self) -> tuple[str, ...]:
        """The rules under which the answer is another."""
        return tuple(one.rule for one in self.variants if not one.few and one.answer != self.answer)

    def under(self, rule: str) -> Finding:
        """The finding as it is under another rule; itself where that rule leaves it unanswered."""
        for variant in self.variants:
            if variant.rule == rule and not variant.few:
                return replace(self, holds=variant.holds, against=variant.against)
        return self


def _answer(holds: bool | None, against: bool) -> str:
    if holds is None:
        return "open"
    return "yes" if holds else "contrary" if against else "not shown"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Under(Brief):
    """The verdict of a claim where every pooled number is taken under one other rule."""

    rule: str
    verdict: str
    numbers_say: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Judgement(Brief):
    """A claim with its verdict, the two answers behind it, the findings, and the numbers not held.

    `source_says` answers whether the source says so, `numbers_say` whether the numbers bear it out. `under` has the
    verdict under other rules for the pooled numbers. `can_be_said` is what the results allow one to say instead; ""
    where the findings speak for themselves.
    """

    claim: Claim
    verdict: str
    why: str
    source_says: str
    numbers_say: str
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    can_be_said: str = ""
    under: tuple[Under, ...] = ()

    def _line(self) -> str:
        return f"claim {self.claim.number}, {self.claim.claim_id}: {self.verdict}"

    def _caption(self) -> str:
        return f"{self.claim.number}. {self.claim.statement} {self.verdict.capitalize()}."

    def _cells(self) -> Cells:
        head = ("part", "question", "answer", "shown", "source", "counts")
        return [
            head,
            *(
                (
                    one.part,
                    one.question,
                    one.answer,
                    one.shown,
                    one.source,
                    "yes" if self.counts(one) else "no",
                )
                for one in self.findings
            ),
        ]

    def _below(self) -> tuple[str, ...]:
        return tuple(text for text in (self.why, self.robustness()) if text)

    def flips(self) -> tuple[Under, ...]:
        """The rules under which the verdict, or what the numbers say, is another."""
        return tuple(
            one for one in self.under if (one.verdict, one.numbers_say) != (self.verdict, self.numbers_say)
        )

    def robustness(self) -> str:
        """Whether the verdict stands under other rules for the pooled numbers it rests on; "" where none does."""
        if not self.under:
            return ""
        turned = [f"{one.rule}: {one.verdict} (numbers: {one.numbers_say})" for one in self.flips()]
        if turned:
            text = f"The verdict hangs on a choice. {'; '.join(turned)}. Under the other rules it stays."
        else:
            rules = "; ".join(one.rule for one in self.under)
            text = f"The verdict stays under all {len(self.under)} other rules ({rules})."
        single = [
            f"{one.question} ({'; '.join(one.turns())})"
            for one in self.findings
            if one.turns() and self.counts(one)
        ]
        return f"{text} Answers of single pools that turn: {' '.join(single)}." if single else text

    def speaks_against(self) -> tuple[Finding, ...]:
        """What does not come out as claimed, whether it counts or is only shown."""
        return tuple(one for one in self.findings if one.holds is False)

    def by_part(self) -> dict[str, tuple[Finding, ...]]:
        """The findings, part by part; parts without any are excluded."""
        found = {part: tuple(one for one in self.findings if one.part == part) for part in PARTS}
        return {part: findings for part, findings in found.items() if findings}

    def counts(self, finding: Finding) -> bool:
        """Whether a finding counts for the verdict, or is only shown beside it."""
        return finding.counts_for(self.claim.judged_by)

    def summary(self) -> str:
        """The claim with its verdict, the reason and the findings, as text for a terminal."""
        return paragraph(self)

    __str__ = summary


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ClaimReport(Brief):
    """One judgement a claim, in the article's order.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> report = pdt.check_claims()
    >>> len(report), report["archives-vs-cbt"].verdict
    (11, 'overstated')
    """

    judgements: tuple[Judgement, ...]
    own_trials: bool = False  # judged by trials of a user's own in place of the bundled ones

    def __iter__(self) -> Iterator[Judgement]:
        return iter(self.judgements)

    def __len__(self) -> int:
        return len(self.judgements)

    def __getitem__(self, claim: str | int) -> Judgement:
        """The judgement of one claim, by its name or its number in the article.

        Raises
        ------
        RequestError
            For a claim that is not there; the error names the nearest.
        """
        if isinstance(claim, int):
            numbered = {judgement.claim.number: judgement for judgement in self.judgements}
            if claim not in numbered:
                raise RequestError(
                    f"There is no claim {claim}. There are claims {min(numbered)} to {max(numbered)}."
                )
            return numbered[claim]
        available = {judgement.claim.claim_id: judgement for judgement in self.judgements}
        require_choice("claim_id", claim, list(available))
        return available[claim]

    def changes(self, other: ClaimReport) -> pd.DataFrame:
        """Which answers and verdicts are others in `other`, one row a claim that moved.

        Examples
        --------
        >>> import pdt_evidence as pdt
        >>> pdt.check_claims().changes(pdt.check_claims(margin=0.05))["claim_id"].tolist()
        ['archives-vs-cbt']
        """
        import pandas as pd

        words = ("source_says", "numbers_say", "verdict")
        there = {judgement.claim.claim_id: judgement for judgement in other}
        moved = [
            {"claim_id": one.claim.claim_id, "number": one.claim.number}
            | {name: getattr(one, name) for name in words}
            | {f"{name}_other": getattr(there[one.claim.claim_id], name) for name in words}
            for one in self
            if one.claim.claim_id in there
            and any(getattr(one, name) != getattr(there[one.claim.claim_id], name) for name in words)
        ]
        return pd.DataFrame(
            moved, columns=["claim_id", "number", *words, *(f"{name}_other" for name in words)]
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a claim."""
        import pandas as pd

        return pd.DataFrame(
            {
                "claim_id": judgement.claim.claim_id,
                "number": judgement.claim.number,
                "statement": judgement.claim.statement,
                "place": judgement.claim.place,
                "cites": judgement.claim.cites,
                "source_says": judgement.source_says,
                "numbers_say": judgement.numbers_say,
                "verdict": judgement.verdict,
                "why": judgement.why,
                "robustness": judgement.robustness(),
                "judged_by": judgement.claim.judged_by,
                "judged_why": judgement.claim.judged_why,
                "can_be_said": judgement.can_be_said,
                "findings": "; ".join(line_of(finding) for finding in judgement.findings),
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
                "part": finding.part,
                "about": finding.about,
                "body": finding.body,
                "question": finding.question,
                "answer": finding.answer,
                "counts": judgement.counts(finding),
                "shown": finding.shown,
                "cited_source": finding.cited,
                "source": finding.source,
                "rows": " ".join(finding.rows),
                "variants": finding.variants_said(),
            }
            for judgement in self.judgements
            for finding in judgement.findings
        )

    def summary(self) -> str:
        """Each claim with verdict, reason and findings, as text for a terminal, below what a table answered."""
        first = [self.answered()] if self.own_trials else []
        return "\n\n".join([*first, *(judgement.summary() for judgement in self.judgements)])

    def answered(self) -> str:
        """How many of the questions that the claims put to trials these trials answer; the rest is open.

        Examples
        --------
        >>> import pdt_evidence as pdt
        >>> rows = pdt.trials(comparison="pdt_vs_cbt", outcome="depression")
        >>> pdt.check_claims(evidence=rows).answered()[:25]
        'Your table answered 2 of '
        """
        return answered(self)

    def _line(self) -> str:
        verdicts = [judgement.verdict for judgement in self.judgements]
        counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts)]
        return f"{counted(len(self), 'claim')}: {', '.join(counts)}"

    def _cells(self) -> Cells:
        rows = [
            (
                str(one.claim.number),
                one.claim.statement,
                one.source_says,
                one.numbers_say,
                one.verdict,
                one.why,
            )
            for one in self.judgements
        ]
        return [("", "claim", *QUESTIONS, "verdict", "why"), *rows]
