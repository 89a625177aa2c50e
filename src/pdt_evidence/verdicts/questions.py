"""Questions that several recipes put to the data; each answer is a `Finding`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isnan, sqrt
from typing import TYPE_CHECKING

from scipy.special import ndtri, stdtrit

from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.records import Finding
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 0.25  # equivalence margin of Steinert 2017, doi:10.1176/appi.ajp.2017.17010057
FEWEST_TRIALS = 2  # one trial settles nothing


def cited_cochrane(facts: Facts, outcome: str, window: str) -> list[Finding]:
    """The Cochrane 2014 review's own pooled effect, from its imported trials where a user brought them."""
    name = outcome.replace("_", " ")
    effect = facts.imported("abbass2014", outcome=outcome, follow_up=window)
    if effect is None:
        return [not_held(f"{name}, {window} term, in the 2014 review: above 0?", "abbass2014")]
    found = pooled_above_zero(effect, f"{name}, {window} term, trials of the 2014 review")
    return [replace(one, cited=True, source=f"imported, k = {effect.k}") for one in found]


def printed_above_zero(facts: Facts, review: str, outcome: str, window: str) -> Finding:
    row = facts.printed(review, outcome=outcome, follow_up=window)
    question = f"{outcome.replace('_', ' ')}, {window} term ({review}), above 0?".capitalize()
    if row is None or isnan(row["ci_low"]):
        return Finding(question=question, part="content", holds=None, shown="not held", source=review)
    return Finding(
        question=question,
        part="content",
        holds=bool(row["ci_low"] > 0),
        shown=shown(row["estimate"], row["ci_low"], row["ci_high"]),
        source=f"reviews {row['row_id']}",
    )


def pooled_above_zero(effect: PooledEffect | None, what: str) -> list[Finding]:
    """A pool of trials held here; with fewer than two trials it shows, but answers nothing."""
    if effect is None:
        return []
    enough = effect.k >= FEWEST_TRIALS and not isnan(effect.ci[0])
    return [
        Finding(
            question=f"PDT against control, {what}, above 0?",
            part="content",
            holds=effect.ci[0] > 0 if enough else None,
            shown=shown(effect.estimate, *effect.ci),
            source=f"pooled here, k = {effect.k}" + ("" if enough else ": one trial settles nothing"),
        )
    ]


def at_least(effect: PooledEffect, size: float, word: str) -> Finding:
    return Finding(
        question=f"Is the pooled effect at least {word} ({size:g})?",
        part="strength",
        holds=effect.estimate >= size,
        shown=f"{effect.estimate:.2f}",
        source=f"pooled here, k = {effect.k}",
    )


def not_held(question: str, source: str) -> Finding:
    return Finding(
        question=question,
        part="content",
        holds=None,
        shown="not held",
        source=source or "wanted",
        cited=bool(source),
    )


def trials_of_review(facts: Facts, review: str, claimed: int) -> Finding:
    stated = facts.source(review)["trials_included"]
    return Finding(
        question=f"Does the review include {claimed} trials?",
        part="attribution",
        holds=None if isnan(stated) else bool(stated == claimed),
        shown=f"{stated:g}",
        source=review,
        cited=True,
    )


Intervals = tuple[tuple[float, float], tuple[float, float]]  # 90 percent, 95 percent


def equivalent(name: str, estimate: float, intervals: Intervals, source: str) -> list[Finding]:
    """Two questions: is the 90 percent interval inside the margin, and does the 95 percent one spare 0?"""
    (low90, high90), (low95, high95) = intervals
    return [
        Finding(
            question=f"PDT against CBT or other active treatment ({name}): equivalent within {MARGIN:g}?",
            part="content",
            holds=low90 > -MARGIN and high90 < MARGIN,
            shown=f"{estimate:.2f}, 90% interval {low90:.2f} to {high90:.2f}",
            source=source,
        ),
        Finding(
            question=f"… and not significantly worse ({name})?",
            part="strength",
            holds=high95 >= 0,
            shown=f"95% interval {low95:.2f} to {high95:.2f}",
            source=source,
        ),
    ]


def interval_at(estimate: float, low: float, high: float, level: float) -> Intervals:
    """Printed interval -> the 90 and 95 percent ones, by its normal standard error."""
    se = (high - low) / (2 * ndtri(0.5 + level / 200))
    return tuple((estimate - ndtri(q) * se, estimate + ndtri(q) * se) for q in (0.95, 0.975))  # pyright: ignore


def interval_of(effect: PooledEffect) -> Intervals:
    quantiles = [ndtri(q) if isnan(effect.df) else stdtrit(effect.df, q) for q in (0.95, 0.975)]
    return tuple((effect.estimate - q * effect.se, effect.estimate + q * effect.se) for q in quantiles)  # pyright: ignore


def growth_within(facts: Facts, review: str) -> Iterator[Finding]:
    """Change of the treated group alone, end of treatment against follow-up; no control, no test."""
    table = facts.reviews[facts.reviews["review_id"].eq(review)]
    for outcome, rows in table.groupby("outcome", sort=False):
        post, later = rows[rows["follow_up"].eq("post")], rows[~rows["follow_up"].eq("post")]
        if len(post) != 1 or len(later) != 1:
            continue
        before, after = post["estimate"].item(), later["estimate"].item()
        yield Finding(
            question=f"{str(outcome).replace('_', ' ')} ({review}): larger at follow-up than at the end?".capitalize(),
            part="content",
            holds=bool(after > before),
            shown=f"{before:.2f} to {after:.2f}, uncontrolled or not stated to be controlled",
            source=row_names(rows),
            cited=review.startswith("shedler"),
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
    return Finding(
        question=f"{outcome.replace('_', ' ')} against control: larger in the long term?".capitalize(),
        part="content",
        holds=bool(low > 0),
        shown=f"change {shown(difference, low, high)}",
        source=f"reviews {short['row_id']}, {long['row_id']}",
    )


def _se(row: pd.Series) -> float:
    return (row["ci_high"] - row["ci_low"]) / (2 * ndtri(0.5 + row["ci_level"] / 200))


def shown(estimate: float, low: float, high: float) -> str:
    return f"{estimate:.2f} [{low:.2f}, {high:.2f}]"


def row_names(table: pd.DataFrame) -> str:
    ids = list(table["row_id"])
    return f"reviews {ids[0]}–{ids[-1]}" if len(ids) > 3 else f"reviews {', '.join(ids)}"
