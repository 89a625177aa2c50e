"""From findings to a verdict: two questions, and one table of rules, the same for every claim.

Does the source say so? Do the numbers bear it out? Each is answered by itself; the headline follows from both by
the first rule of `RULES` whose condition holds. Nothing about a particular claim stands here, and no recipe can name
a verdict. Which numbers may answer for a claim is data (`judged_by` in claims.csv), with its reason beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import counted
from pdt_evidence.verdicts.records import ANY_EVIDENCE, PARTS, THE_REVIEW, Finding

__all__ = [
    "BORNE_OUT", "RULES", "SAYS", "VERDICTS", "Answers", "Rule", "Rules", "combined", "judge",
]  # fmt: skip

STATED, NOT_STATED, MISATTRIBUTED, NOT_SEEN = "stated", "not stated", "misattributed", "not seen"
NONE_NAMED = "no source named"
SAYS = {  # does the source say so? -> what that means
    STATED: "every part of the claim is in the source",
    NOT_STATED: "a part of the claim is not in the source",
    MISATTRIBUTED: "the source says something else",
    NOT_SEEN: "the place where a part of the claim would stand was not seen",
    NONE_NAMED: "the article names no source",
}
BORNE, PARTLY, NOT_SHOWN, CONTRARY = "borne out", "partly", "not shown", "contrary"
NOT_CHECKED = "cannot be checked with open data"
BORNE_OUT = {  # do the numbers bear it out? -> what that means
    BORNE: "every part of the claim comes out as claimed, and the words say no more than the numbers",
    PARTLY: "some of it comes out as claimed, and some does not, is open, or is less than the words say",
    NOT_SHOWN: "no part of it comes out as claimed",
    CONTRARY: "none of it comes out as claimed, and some numbers show the opposite",
    NOT_CHECKED: "no number that may answer for it is open to anybody",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The two answers to a claim, and whether its words say more than the numbers."""

    source: str  # a key of `SAYS`
    numbers: str  # a key of `BORNE_OUT`
    too_strong: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A verdict, the condition for it in words and as a test, and what is then said."""

    verdict: str
    when: str
    holds: Callable[[Answers], bool]
    says: str


RULES = (
    Rule(
        "misattributed",
        "The source says something else.",
        lambda of: of.source == MISATTRIBUTED,
        "The source named does not say what is attributed to it.",
    ),
    Rule(
        "stated, cannot be checked",
        "The source says so, and no number that may answer is open.",
        lambda of: of.source == STATED and of.numbers == NOT_CHECKED,
        "The source says so in words; the numbers behind them are not open.",
    ),
    Rule(
        "cannot be checked",
        "No number that may answer is open, and the source is not known to say so.",
        lambda of: of.numbers == NOT_CHECKED,
        "Neither the words of the source nor numbers that may answer for it were seen.",
    ),
    Rule(
        "not supported",
        "The numbers do not bear it out in any part.",
        lambda of: of.numbers in (NOT_SHOWN, CONTRARY),
        "None of it is shown.",
    ),
    Rule(
        "overstated",
        "Some of it is borne out, and the words say more than the numbers.",
        lambda of: of.too_strong,
        "The words say more than the numbers.",
    ),
    Rule(
        "partly supported",
        "The numbers bear out a part of it.",
        lambda of: of.numbers == PARTLY,
        "Some of it is shown, and some is not or is open.",
    ),
    Rule(
        "partly supported",
        "The numbers bear it out, and the source is not known to say so.",
        lambda of: of.source in (NOT_STATED, NOT_SEEN),
        "Other evidence bears it out; that the source named says so was not seen.",
    ),
    Rule(
        "supported",
        "Everything else: the numbers bear it out, and the source says so or none is named.",
        lambda _: True,
        "The numbers bear it out.",
    ),
)
VERDICTS = tuple(dict.fromkeys(rule.verdict for rule in RULES))
# The article's words as numbers: small and medium effect, Cohen 1992, doi:10.1037/0033-2909.112.1.155
MODEST, SUBSTANTIAL = 0.2, 0.5
FEWEST_TRIALS = 3  # of a pool that answers: two give an interval with 1 degree of freedom, one gives none


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything in a verdict that somebody may see otherwise; the margin of equivalence is asked for by itself.

    Attributes
    ----------
    headline : tuple of Rule
        The first whose condition holds gives the verdict. Each has its `verdict`, `when` (the condition in words),
        `holds` (the condition, of the two answers to a claim) and what it `says`.
    fewest_trials : int
        Of a pool that answers a question; 3.
    modest : float
        The standardised mean difference that this word of the article stands for; 0.2.
    substantial : float
        The same; 0.5.
    majority : float
        Share of the answered questions that must come out as claimed, for a body of evidence or a part of a
        claim to come out as claimed: more than this, and none of them contrary; 0.5.

    Raises
    ------
    RequestError
        If there is no rule, or a number is none that can decide.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> [f"{rule.verdict}: {rule.when}" for rule in pdt.Rules().headline][3]
    'not supported: The numbers do not bear it out in any part.'
    >>> strict = pdt.check_claims(rules=pdt.Rules(substantial=0.8, fewest_trials=5))
    >>> pdt.check_claims().changes(strict)[["number", "verdict", "verdict_other"]].values.tolist()
    [[8, 'partly supported', 'overstated']]
    """

    headline: tuple[Rule, ...] = RULES
    fewest_trials: int = FEWEST_TRIALS
    modest: float = MODEST
    substantial: float = SUBSTANTIAL
    majority: float = 0.5

    def __post_init__(self) -> None:
        problems = []
        if not self.headline:
            problems.append("headline is empty, but a verdict needs at least one rule.")
        if self.fewest_trials < 1:
            problems.append(f"fewest_trials = {self.fewest_trials!r} must be 1 or more.")
        if not 0 <= self.majority < 1:
            problems.append(f"majority = {self.majority!r} must be from 0 to below 1.")
        if problems:
            raise RequestError.from_problems(problems)


def combined(answers: Sequence[str], majority: float = 0.5) -> str:
    """One answer of several: "yes", "partly", "not shown", "contrary", or "open" where none is answered.

    Examples
    --------
    >>> combined(["yes", "yes", "not shown"]), combined(["yes", "contrary"]), combined(["open"])
    ('yes', 'partly', 'open')
    """
    answered = [answer for answer in answers if answer != "open"]
    if not answered:
        return "open"
    contrary = "contrary" in answered
    if answered.count("yes") > majority * len(answered) and not contrary:
        return "yes"
    if {"yes", "partly"} & set(answered):
        return "partly"
    return "contrary" if contrary else "not shown"


def by_subject(findings: Sequence[Finding], part: str, majority: float = 0.5) -> dict[str, str]:
    """The answer about each subject of a claim; findings on the same trials (one `body`) count once."""
    bodies: dict[str, dict[str, list[str]]] = {}
    for place, finding in enumerate(findings):
        if finding.part == part:
            body = finding.body or f"finding {place}"
            bodies.setdefault(finding.about, {}).setdefault(body, []).append(finding.answer)
    return {
        about: combined([combined(answers, majority) for answers in found.values()], majority)
        for about, found in bodies.items()
    }


def source_says(findings: Sequence[Finding]) -> str:
    """A key of `SAYS`, from the questions of attribution."""
    answers = [finding.answer for finding in findings if finding.part == "attribution"]
    if not answers:
        return NONE_NAMED
    if "contrary" in answers:
        return MISATTRIBUTED
    if "not shown" in answers:
        return NOT_STATED
    return NOT_SEEN if "open" in answers else STATED


def numbers_say(findings: Sequence[Finding], judged_by: str, majority: float = 0.5) -> tuple[str, bool]:
    """A key of `BORNE_OUT`, and whether the words say more than the numbers."""
    content = by_subject(findings, "content", majority)
    wording = by_subject(findings, "wording", majority)
    too_strong = any(answer not in ("yes", "open") for answer in wording.values())
    answers = list(content.values())
    unknown = answers.count("open")
    few = judged_by == THE_REVIEW and 2 * unknown > len(
        answers
    )  # some of its results do not tell of the others
    if unknown == len(answers) or few:
        return NOT_CHECKED, too_strong
    if not {"yes", "partly"} & set(answers):
        return CONTRARY if "contrary" in answers else NOT_SHOWN, too_strong
    whole = set(answers) == {"yes"} and not too_strong
    return BORNE if whole else PARTLY, too_strong


def judge(
    findings: Sequence[Finding], *, judged_by: str = ANY_EVIDENCE, rules: Rules | None = None
) -> tuple[str, str, Answers]:
    """Verdict, the reason for it, and the two answers it is made of.

    Parameters
    ----------
    findings : sequence of Finding
        What sources and numbers say, part by part.
    judged_by : {"any evidence", "the review"}
        "the review": the claim says what one review found, so only that review's numbers answer for its
        content and its wording; other evidence is shown beside them and not counted.
    rules : Rules, optional
        Thresholds and the table of rules; default: those of this module.

    Returns
    -------
    verdict, why : str
        `verdict` is one of `VERDICTS` (or of the rules given); `why` ends with a count for each part.
    answers : Answers
    """
    rules = rules or Rules()
    used = [finding for finding in findings if finding.counts_for(judged_by)]
    numbers, too_strong = numbers_say(used, judged_by, rules.majority)
    answers = Answers(source=source_says(used), numbers=numbers, too_strong=too_strong)
    rule = next((rule for rule in rules.headline if rule.holds(answers)), None)
    if rule is None:
        raise RequestError(
            f"No rule of the table fits a source that is {answers.source!r} with numbers that are "
            f"{answers.numbers!r}. Let the last rule hold always."
        )
    return rule.verdict, " ".join([rule.says, *_counts(used, rules.majority)]), answers


def _counts(used: Sequence[Finding], majority: float) -> list[str]:
    lines = []
    for part in PARTS:
        answers = list(by_subject(used, part, majority).values())
        if part == "attribution":
            answers = [finding.answer for finding in used if finding.part == part]
        if not answers:
            continue
        yes, unknown = answers.count("yes"), answers.count("open")
        answered = len(answers) - unknown
        if not answered:
            lines.append(f"{part.capitalize()}: {counted(unknown, 'part')} open, none answered.")
            continue
        verb = "comes" if 1 in (yes, answered) else "come"
        still = f", {unknown} open" if unknown else ""
        lines.append(
            f"{part.capitalize()}: {yes} of {counted(answered, 'answered part')} {verb} out as claimed{still}."
        )
    return lines
