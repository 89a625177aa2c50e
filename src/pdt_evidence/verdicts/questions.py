"""Questions that several recipes put to the data; each answer is a `Finding`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isnan, sqrt
from typing import TYPE_CHECKING

from scipy.special import ndtri, stdtrit

from pdt_evidence.analysis.conclusions.equivalence import STEINERT_2017
from pdt_evidence.analysis.regression.clustered import (
    FEWEST_DF,  # below it an interval is too rough to answer anything
)
from pdt_evidence.effects.reported import RATIOS
from pdt_evidence.formatting import PAGE
from pdt_evidence.results import PooledEffect
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.records import Finding
from pdt_evidence.verdicts.words import NETWORK_NAMES, counted, in_words

if TYPE_CHECKING:
    import pandas as pd

MARGIN = STEINERT_2017  # of every verdict and sentence on equivalence
FEWEST_TRIALS = 3  # of a pool that answers: two give an interval with 1 degree of freedom, one gives none


def no_effect(measure: str) -> float:
    """The value that says "no difference" on the scale a measure is printed on: 1 for ratios, else 0."""
    return 1.0 if measure in RATIOS else 0.0


def side(low: float, high: float, none: float = 0.0) -> int:
    """1 where an interval lies above no effect, -1 where it lies below, 0 where it holds it (or is not known)."""
    return int(low > none) - int(high < none)


def cited_cochrane(facts: Facts, outcome: str, window: str) -> list[Finding]:
    """The Cochrane 2014 review's own pooled effect, from its imported trials where a user brought them."""
    name = in_words(outcome)
    effect = facts.imported("abbass2014", outcome=outcome, follow_up=window)
    if effect is None:
        question = capital(f"{name}, {window} term, in the 2014 review, against control: above 0?")
        return [not_held(question, "abbass2014")]
    found = pooled_above_zero(effect, f"{name}, {window} term, trials of the 2014 review")
    return [replace(one, cited=True, source=one.source.replace("pooled here", "imported")) for one in found]


def printed_above_zero(facts: Facts, review: str, outcome: str, window: str) -> Finding:
    row = facts.printed(review, outcome=outcome, follow_up=window)
    question = capital(f"{in_words(outcome)}, {window} term ({review}), difference from control: above 0?")
    if row is None or isnan(row["ci_low"]):
        return Finding(question=question, part="content", holds=None, shown="not held", source=review)
    where = side(row["ci_low"], row["ci_high"], no_effect(row["measure"]))
    return Finding(
        question=question,
        part="content",
        holds=where > 0,
        against=where < 0,
        shown=PAGE.estimate(row["estimate"], (row["ci_low"], row["ci_high"])),
        source=f"reviews {row['row_id']}",
    )


def intervals_in_favour(table: pd.DataFrame) -> Finding:
    """Whether most published between-group intervals lie on the side of PDT, each by its own measure."""
    sides = [
        side(low, high, no_effect(measure))
        for low, high, measure in zip(table["ci_low"], table["ci_high"], table["measure"], strict=True)
    ]
    above, below = sides.count(1), sides.count(-1)
    return Finding(
        question="Do most published between-group intervals exclude no effect (0, or 1 for ratios) in favour of PDT, "
        "and none against?",
        part="content",
        holds=above > len(sides) / 2 and not below if sides else None,
        against=below > len(sides) / 2,
        shown=f"{above} of {len(sides)}" + (f", {below} against" if below else ""),
        source=row_names(table),
        rows=tuple(table["row_id"]),
    )


def pooled_above_zero(effect: PooledEffect | None, what: str) -> list[Finding]:
    """A pool of trials held here; with too few trials it shows, but answers nothing."""
    if effect is None:
        return []
    where = side(*effect.ci)
    return [
        Finding(
            question=f"PDT against control, {what}, above 0?",
            part="content",
            holds=where > 0 if _enough(effect.k) else None,
            against=where < 0,
            shown=PAGE.estimate(effect.estimate, effect.ci),
            source=pool_name(effect),
            rows=effect.row_ids,
        )
    ]


def at_least(effect: PooledEffect, size: float, word: str, what: str) -> Finding:
    return Finding(
        question=capital(f"{what}: is the point estimate at least {size:g} ({word})?"),
        part="wording",
        holds=effect.estimate >= size if _enough(effect.k) else None,
        shown=PAGE.number(effect.estimate),
        source=pool_name(effect),
    )


def pool_name(effect: PooledEffect) -> str:
    return f"pooled here, k = {effect.k}{too_few(effect.k)}"


def too_few(trials: float) -> str:
    return "" if _enough(trials) else ": too few"


def _enough(trials: float) -> bool:
    return trials >= FEWEST_TRIALS


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
        against=True,
        shown=f"{stated:g}",
        source=review,
        cited=True,
    )


Intervals = tuple[tuple[float, float], tuple[float, float]]  # 90 percent, 95 percent


def equivalent(
    name: str, estimate: float, intervals: Intervals, source: str, rows: tuple[str, ...] = ()
) -> list[Finding]:
    """Two questions: is the 90 percent interval inside the margin, and does the 95 percent one hold 0?

    Low power cannot answer the second with yes: an interval that holds 0 says "as effective" only where
    equivalence is shown as well.
    """
    (low90, high90), (low95, high95) = intervals
    inside = low90 > -MARGIN.value and high90 < MARGIN.value
    where = side(low95, high95)
    return [
        Finding(
            question=f"{name}: equivalent within {MARGIN.value:g}?",
            part="content",
            holds=inside,
            against=high90 < -MARGIN.value or low90 > MARGIN.value,
            shown=f"{PAGE.number(estimate)}, 90% interval {PAGE.interval((low90, high90))}",
            source=source,
            rows=rows,
        ),
        Finding(
            question=f"{name}: equivalent, and without a significant difference?",
            part="wording",
            holds=False if where < 0 else True if inside and where == 0 else None,
            against=where < 0,
            shown=f"95% interval {PAGE.interval((low95, high95))}"
            + ("" if where < 0 or inside else ": inconclusive"),
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
            question=f"{capital(in_words(str(outcome)))} ({review}): larger at follow-up than at the end?",
            part="content",
            holds=bool(after > before),
            shown=f"{PAGE.number(before)} to {PAGE.number(after)}, uncontrolled or not stated to be controlled",
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
    return _from_interval(
        f"{capital(in_words(outcome))} against control: larger in the long term?",
        (difference, low, high),
        f"reviews {short['row_id']}, {long['row_id']}, as if the two were independent; the trials differ",
        label="change ",
    )


def against_each_control(facts: Facts) -> Iterator[Finding]:
    """One question a kind of control; kinds with too few trials are named and not answered."""
    for _, row in facts.controls.table.iterrows():
        answered = bool(row["tested"]) and _enough(row["trials"]) and row["df"] >= FEWEST_DF
        yield _from_interval(
            f"PDT against {row['level']}, end of treatment, above 0?",
            (row["estimate"], row["ci_low"], row["ci_high"]),
            f"robust regression on kind of control, {counted(row['trials'], 'trial')}",
            answered=answered,
        )


def whatever_the_rule(facts: Facts) -> Finding:
    """Whether the answer hangs on what is done with several rows of one trial."""
    table = facts.under_every_rule
    low, high = table["estimate"].min(), table["estimate"].max()
    answered = _enough(table["trials"].min())
    return Finding(
        question="… above 0 under every rule for dependent rows, correlations from 0 to 0.9?",
        part="content",
        holds=bool((table["ci_low"] > 0).all()) if answered else None,
        against=bool((table["ci_high"] < 0).all()),
        shown=f"{PAGE.interval((low, high))}, lowest limit {PAGE.number(table['ci_low'].min())}",
        source=f"pooled here in {len(table)} ways{too_few(table['trials'].min())}",
    )


def through_networks(facts: Facts) -> Iterator[Finding]:
    """PDT against CBT in each network, direct and indirect evidence together."""
    table = facts.head_to_head.table
    for _, row in table[table["evidence"].eq("mixed")].iterrows():
        z90, z95 = ndtri(0.95), ndtri(0.975)
        intervals = tuple(
            (row["estimate"] - z * row["se"], row["estimate"] + z * row["se"]) for z in (z90, z95)
        )
        source = (
            f"{row['studies']} studies in the network; {row['k_direct']} compare the two directly and give "
            f"{row['direct_share']:.0%} of the weight"
        )
        name = f"PDT against CBT ({NETWORK_NAMES.get(row['network'], row['network'])})"
        yield from equivalent(name, row["estimate"], intervals, source)  # pyright: ignore


def trend_after_the_end(facts: Facts) -> Finding:
    """Whether effects against control grow with the months since the end, in the trials held."""
    trend = facts.follow_up.trend
    row = trend[trend["comparison"].eq("pdt_vs_control")].iloc[0]
    return _from_interval(
        "Trials held: does the effect against control grow with the months since the end?",
        (row["estimate"], row["ci_low"], row["ci_high"]),
        f"{counted(row['trials_after'], 'trial')} measured after the end",
        label="slope ",
        answered=bool(row["fitted"]) and _enough(row["trials_after"]) and row["df"] >= FEWEST_DF,
    )


def change_within_trials(facts: Facts) -> Finding:
    """Whether the advantage over control grows from the end to follow-up, within the same trials."""
    question = "Trials held: does the advantage over control grow within a trial?"
    found, changes = facts.follow_up, facts.follow_up.changes
    rows = changes[changes["comparison"].eq("pdt_vs_control") & changes["rho_time"].eq(found.rho_time)]
    if rows.empty:
        return not_held(question, "")
    row = rows.iloc[0]
    return _from_interval(
        question,
        (row["estimate"], row["ci_low"], row["ci_high"]),
        f"{counted(row['trials'], 'trial')}, correlation {found.rho_time:g} between visits assumed",
        answered=_enough(row["trials"]),
    )


def long_after_the_end(facts: Facts) -> Finding:
    """Whether the advantage over control is there nine months or more after the end, in the trials held."""
    question = "Trials held: PDT against control nine months or more after the end, above 0?"
    effect = facts.pooled(window="long")
    if effect is None:
        return not_held(question, "")
    return _from_interval(
        question,
        (effect.estimate, *effect.ci),
        f"pooled here, k = {effect.k}",
        answered=_enough(effect.k),
        rows=effect.row_ids,
    )


def _from_interval(
    question: str,
    numbers: tuple[float, float, float],
    source: str,
    *,
    label: str = "",
    answered: bool = True,
    rows: tuple[str, ...] = (),
) -> Finding:
    """A question of content, answered by where an interval lies; open where it rests on too little."""
    where = side(*numbers[1:])
    return Finding(
        question=question,
        part="content",
        holds=where > 0 if answered else None,
        against=where < 0,
        shown="" if isnan(numbers[0]) else f"{label}{PAGE.estimate(numbers[0], numbers[1:])}",
        source=source + ("" if answered else ": too few"),
        rows=rows,
    )


def _se(row: pd.Series) -> float:
    return (row["ci_high"] - row["ci_low"]) / (2 * ndtri(0.5 + row["ci_level"] / 200))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def row_names(table: pd.DataFrame) -> str:
    ids = list(table["row_id"])
    return f"reviews {ids[0]}–{ids[-1]}" if len(ids) > 3 else f"reviews {', '.join(ids)}"
