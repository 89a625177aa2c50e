"""Questions on whether two treatments are equivalent; each answer is a `Finding`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isnan

from scipy.special import ndtri, stdtrit

from pdt_evidence.analysis.conclusions.equivalence import STEINERT_2017
from pdt_evidence.formatting import PAGE, counted
from pdt_evidence.results import PooledEffect
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.pools import Pool
from pdt_evidence.verdicts.questions import enough, pool_name, side, variants
from pdt_evidence.verdicts.records import Finding
from pdt_evidence.verdicts.words import NETWORK_NAMES

MARGIN = STEINERT_2017  # of every verdict and sentence on equivalence, unless another is given
Intervals = tuple[tuple[float, float], tuple[float, float]]  # 90 percent, 95 percent


def equivalent(
    name: str,
    estimate: float,
    intervals: Intervals,
    source: str,
    rows: tuple[str, ...] = (),
    *,
    margin: float = float(MARGIN),
    about: str = "",
    body: str = "",
) -> list[Finding]:
    """Whether two treatments are equivalent, and whether the words "just as effective" fit."""
    (low90, high90), (low95, high95) = intervals
    inside, outside = within(intervals, margin)
    where = side(low95, high95)
    possibly = where == 0 and side(low90, high90)
    doubt = {1: ": possibly better", -1: ": possibly worse", 0: "" if inside else ": inconclusive"}[possibly]
    both = f"90% interval {PAGE.interval((low90, high90))}, 95% interval {PAGE.interval((low95, high95))}"
    return [
        Finding(
            question=f"{name}: equivalent within {margin:g}?",
            part="content",
            holds=inside,
            against=outside,
            shown=f"{PAGE.number(estimate)}, {both}",
            source=source,
            rows=rows,
            about=about,
            body=body,
        ),
        Finding(
            question=f"{name}: equivalent, and without a significant difference?",
            part="wording",
            holds=False if where < 0 else True if inside and not possibly and where == 0 else None,
            against=where < 0,
            shown=f"{both}{'' if where else doubt}",
            source=source,
            about=about,
            body=body,
        ),
    ]


def within(intervals: Intervals, margin: float) -> tuple[bool, bool]:
    """Whether the 90 percent interval lies inside the margin, or wholly beyond it."""
    low, high = intervals[0]
    return low > -margin and high < margin, high < -margin or low > margin


def pooled_equivalent(
    facts: Facts, found: Pool, name: str, *, about: str = "", body: str = ""
) -> list[Finding]:
    """The same of a pool of trials held here, under other rules too."""
    margin, effect = float(facts.margin), found.effect

    def content(other: PooledEffect) -> tuple[bool, bool]:
        return within(interval_of(other), margin)

    def wording(other: PooledEffect) -> tuple[bool | None, bool]:
        one = equivalent("", other.estimate, interval_of(other), "", margin=margin)[1]
        return one.holds, one.against

    source = pool_name(facts, effect)
    made = equivalent(
        name,
        effect.estimate,
        interval_of(effect),
        source,
        effect.row_ids,
        margin=margin,
        about=about,
        body=body,
    )
    fewest = facts.rules.fewest_trials
    if not enough(facts, effect.k):
        return [replace(one, holds=None) for one in made]
    return [
        replace(one, variants=variants(found, answer, fewest))
        for one, answer in zip(made, (content, wording), strict=True)
    ]


def interval_at(estimate: float, low: float, high: float, level: float) -> Intervals:
    """Printed interval -> the 90 and 95 percent ones, by its normal standard error; the printed one stays as it is."""
    se = (high - low) / (2 * ndtri(0.5 + level / 200))
    made = {q: (estimate - ndtri(0.5 + q / 200) * se, estimate + ndtri(0.5 + q / 200) * se) for q in (90, 95)}
    made[int(level)] = (low, high)
    return made[90], made[95]


def interval_of(effect: PooledEffect) -> Intervals:
    quantiles = [ndtri(q) if isnan(effect.df) else stdtrit(effect.df, q) for q in (0.95, 0.975)]
    return tuple((effect.estimate - q * effect.se, effect.estimate + q * effect.se) for q in quantiles)  # pyright: ignore


def through_networks(facts: Facts, about: str = "") -> Iterator[Finding]:
    """PDT against CBT in each network, direct and indirect evidence together."""
    table = facts.head_to_head.table
    for _, row in table[table["evidence"].eq("mixed")].iterrows():
        z90, z95 = ndtri(0.95), ndtri(0.975)
        intervals = tuple(
            (row["estimate"] - z * row["se"], row["estimate"] + z * row["se"]) for z in (z90, z95)
        )
        source = (
            f"{counted(row['studies'])} in the network; {row['k_direct']} compare the two directly and give "
            f"{row['direct_share']:.0%} of the weight"
        )
        word = str(NETWORK_NAMES.get(row["network"], row["network"]))
        yield from equivalent(
            f"PDT against CBT ({word})",
            row["estimate"],
            intervals,  # pyright: ignore[reportArgumentType]
            source,
            margin=float(facts.margin),
            about=about,
            body=word.removesuffix(" network"),
        )
