"""Questions on what becomes of effects after the end of treatment; each answer is a `Finding`."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from scipy.special import ndtri

from pdt_evidence.analysis.regression.clustered import (
    FEWEST_DF,  # below it an interval is too rough to answer anything
)
from pdt_evidence.formatting import PAGE, counted
from pdt_evidence.verdicts.facts import Facts, Row, trend_against_control
from pdt_evidence.verdicts.questions import capital, from_interval, not_held, row_names, unanswered
from pdt_evidence.verdicts.records import Finding
from pdt_evidence.verdicts.words import in_words

WITHIN, AGAINST = "change of treated patients", "change against control"  # the two subjects of growth


def growth_within(facts: Facts, review: str) -> Iterator[Finding]:
    """Change of the treated group alone, end of treatment against follow-up; no control, no test."""
    by_outcome: dict[str, list[Row]] = {}
    for row in facts.reviews:
        if row["review_id"] == review:
            by_outcome.setdefault(row["outcome"], []).append(row)
    for outcome, rows in by_outcome.items():
        post = [row["estimate"] for row in rows if row["follow_up"] == "post"]
        later = [row["estimate"] for row in rows if row["follow_up"] != "post"]
        if len(post) != 1 or len(later) != 1:
            continue
        before, after = post[0], later[0]
        yield Finding(
            question=f"{capital(in_words(outcome))} ({review}): larger at follow-up than at the end?",
            part="content",
            holds=bool(after > before),
            shown=f"{PAGE.number(before)} to {PAGE.number(after)}, uncontrolled or not stated to be controlled",
            source=row_names(rows),
            about=WITHIN,
            body=review,
        )


def growth_against_control(facts: Facts, outcome: str) -> Finding | None:
    """Difference of the long- and short-term effects against control, as if they were independent."""
    short, long = (
        facts.printed("abbass2006", outcome=outcome, follow_up=window) for window in ("short", "long")
    )
    if short is None or long is None:
        return None
    difference = long["estimate"] - short["estimate"]
    se = sqrt(_se(short) ** 2 + _se(long) ** 2)
    low, high = difference - ndtri(0.975) * se, difference + ndtri(0.975) * se
    return from_interval(
        f"{capital(in_words(outcome))} against control: larger in the long term?",
        (difference, low, high),
        f"reviews {short['row_id']}, {long['row_id']}, as if the two were independent; the trials differ",
        label="change ",
        about=AGAINST,
    )


def trend_after_the_end(facts: Facts) -> Finding:
    """Whether effects against control grow with the months since the end, in the trials held."""
    question = "Trials held: does the effect against control grow with the months since the end?"
    row = trend_against_control(facts.follow_up)
    if row is None:
        return open_in_time(facts, question, AGAINST)
    return from_interval(
        question,
        (row["estimate"], row["ci_low"], row["ci_high"]),
        f"{counted(row['trials_after'], 'trial')} measured after the end",
        label="slope ",
        answered=bool(row["fitted"])
        and row["trials_after"] >= facts.rules.fewest_trials
        and row["df"] >= FEWEST_DF,
        about=AGAINST,
    )


def change_within_trials(facts: Facts, about: str = AGAINST) -> Finding:
    """Whether the advantage over control grows from the end to follow-up, within the same trials."""
    question = "Trials held: does the advantage over control grow within a trial?"
    found = facts.follow_up
    if found is None:
        return open_in_time(facts, question, about)
    changes = found.changes
    rows = changes[changes["comparison"].eq("pdt_vs_control") & changes["rho_time"].eq(found.rho_time)]
    if rows.empty:
        return open_in_time(facts, question, about)
    row = rows.iloc[0]
    return from_interval(
        question,
        (row["estimate"], row["ci_low"], row["ci_high"]),
        f"{counted(row['trials'], 'trial')}, correlation {found.rho_time:g} between visits assumed",
        answered=row["trials"] >= facts.rules.fewest_trials,
        about=about,
    )


def open_in_time(facts: Facts, question: str, about: str) -> Finding:
    """Not held; of the trials that a user gave, why they cannot answer."""
    made = unanswered(facts, question, about, of="follow_up", follow_up="")
    return made[0] if made else not_held(question, "", about=about)


def _se(row: Row) -> float:
    return (row["ci_high"] - row["ci_low"]) / (2 * ndtri(0.5 + row["ci_level"] / 200))
