"""Questions that several recipes put to the data; each answer is a `Finding`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isnan, sqrt
from typing import TYPE_CHECKING, Any

from scipy.special import ndtri, stdtrit

from pdt_evidence.analysis.clustered import FEWEST_DF  # below it an interval is too rough to answer anything
from pdt_evidence.analysis.equivalence import STEINERT_2017
from pdt_evidence.results import PooledEffect
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.records import Finding

if TYPE_CHECKING:
    import pandas as pd

MARGIN = STEINERT_2017.value
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


def against_each_control(facts: Facts) -> Iterator[Finding]:
    """One question a kind of control; kinds with too few trials are named and not answered."""
    for _, row in facts.controls.table.iterrows():
        answered = bool(row["tested"]) and row["df"] >= FEWEST_DF
        yield Finding(
            question=f"PDT against {row['level']}, end of treatment, above 0?",
            part="content",
            holds=bool(row["ci_low"] > 0) if answered else None,
            shown=shown(row["estimate"], row["ci_low"], row["ci_high"]) if row["tested"] else "",
            source=f"robust regression on kind of control, trials: {row['trials']}"
            + ("" if answered else ": too few"),
        )


def whatever_the_rule(facts: Facts) -> Finding:
    """Whether the answer hangs on what is done with several rows of one trial."""
    table = facts.under_every_rule
    low, high = table["estimate"].min(), table["estimate"].max()
    return Finding(
        question="… above 0 under every rule for dependent rows, correlations from 0 to 0.9?",
        part="content",
        holds=bool((table["ci_low"] > 0).all()),
        shown=f"{low:.2f} to {high:.2f}, lowest limit {table['ci_low'].min():.2f}",
        source=f"pooled here in {len(table)} ways",
    )


def through_networks(facts: Facts) -> Iterator[Finding]:
    """PDT against CBT in each network, direct and indirect evidence together."""
    table = facts.head_to_head.table
    for _, row in table[table["evidence"].eq("mixed")].iterrows():
        z90, z95 = ndtri(0.95), ndtri(0.975)
        intervals = tuple(
            (row["estimate"] - z * row["se"], row["estimate"] + z * row["se"]) for z in (z90, z95)
        )
        source = f"{row['studies']} studies, {row['k_direct']} of them direct, which give {row['direct_share']:.0%}"
        yield from equivalent(f"network {row['network']}", row["estimate"], intervals, source)  # pyright: ignore


def trend_after_the_end(facts: Facts) -> Finding:
    """Whether effects against control grow with the months since the end, in the trials held."""
    trend = facts.follow_up.trend
    row = trend[trend["comparison"].eq("pdt_vs_control")].iloc[0]
    answered = bool(row["fitted"]) and row["df"] >= FEWEST_DF
    return Finding(
        question="Trials held: does the effect against control grow with the months since the end?",
        part="content",
        holds=bool(row["ci_low"] > 0) if answered else None,
        shown=f"slope {shown(row['estimate'], row['ci_low'], row['ci_high'])}"
        if row["fitted"]
        else "not fitted",
        source=f"{row['trials_after']} trials measured after the end" + ("" if answered else ": too few"),
    )


def change_within_trials(facts: Facts) -> Finding:
    """Whether the advantage over control grows from the end to follow-up, within the same trials."""
    question = "Trials held: does the advantage over control grow within a trial?"
    found, changes = facts.follow_up, facts.follow_up.changes
    rows = changes[changes["comparison"].eq("pdt_vs_control") & changes["rho_time"].eq(found.rho_time)]
    if rows.empty:
        return not_held(question, "")
    row = rows.iloc[0]
    return _above_zero_later(question, row, f"correlation {found.rho_time:g} between visits assumed")


def long_after_the_end(facts: Facts) -> Finding:
    """Whether the advantage over control is there nine months or more after the end, in the trials held."""
    pools = facts.follow_up.pools.set_index(["comparison", "follow_up"])
    question = "Trials held: PDT against control nine months or more after the end, above 0?"
    row: Any = pools.loc[("pdt_vs_control", "long")]
    return _above_zero_later(question, row, "pooled here")


def _above_zero_later(question: str, row: pd.Series, source: str) -> Finding:
    """With as few trials as are held after the end, an interval may be too rough to answer anything."""
    answered = bool(row["df"] >= FEWEST_DF)
    trials = f"{row['trials']:.0f} trials"
    return Finding(
        question=question,
        part="content",
        holds=bool(row["ci_low"] > 0) if answered else None,
        shown=shown(row["estimate"], row["ci_low"], row["ci_high"]) if row["trials"] else "",
        source=f"{trials}, {source}" + ("" if answered else ": too few"),
    )


def _se(row: pd.Series) -> float:
    return (row["ci_high"] - row["ci_low"]) / (2 * ndtri(0.5 + row["ci_level"] / 200))


def shown(estimate: float, low: float, high: float) -> str:
    return f"{estimate:.2f} [{low:.2f}, {high:.2f}]"


def row_names(table: pd.DataFrame) -> str:
    ids = list(table["row_id"])
    return f"reviews {ids[0]}–{ids[-1]}" if len(ids) > 3 else f"reviews {', '.join(ids)}"
