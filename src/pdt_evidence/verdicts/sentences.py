"""What can be said of a claim: sentences that a careful reviewer would sign, filled in from the same results.

The verdict is not made here (`rules`), and no number is typed in; which words are used follows from intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

from pdt_evidence.analysis.conclusions.equivalence import (
    VERDICTS,
    equivalence,
    equivalence_from_interval,
)
from pdt_evidence.analysis.conclusions.wording import rising_changes
from pdt_evidence.formatting import PAGE
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.questions import FEWEST_TRIALS, MARGIN, no_effect, side
from pdt_evidence.verdicts.words import NETWORK_NAMES, counted, in_words

__all__ = ["sentence"]

LONG_TERM = ("general_symptoms", "somatic_symptoms", "anxiety", "depression", "social_adjustment")


def sentence(claim_id: str, facts: Facts) -> str:
    """What can be said of the claim; "" for claims whose findings speak for themselves."""
    return SENTENCES[claim_id](facts) if claim_id in SENTENCES else ""


def _against_control(facts: Facts) -> str:
    effect = facts.pooled()
    if effect is None:
        return "No trial against control is held."
    result = PAGE.estimate(effect.estimate, effect.ci)
    if not effect.ci[0] > 0:
        return f"In {effect.k} trials held here an advantage over control is not shown ({result})."
    text = f"In {effect.k} trials held here PDT does better than control at the end of treatment ({result})"
    if not isnan(effect.pi[0]) and effect.pi[0] < 0:
        text += f", though a new trial could find none (prediction interval {PAGE.interval(effect.pi)})"
    kinds = facts.controls.table
    kinds = kinds[kinds["tested"].astype(bool)].sort_values("estimate", ascending=False)
    if len(kinds) > 1:
        sizes = ", ".join(f"{row['level']} {PAGE.number(row['estimate'])}" for _, row in kinds.iterrows())
        clear = "" if kinds["p"].iloc[0] < 0.05 else ", a difference that may be chance"
        text += f". How much depends on what it is compared with: {sizes} ({PAGE.p_value(kinds['p'].iloc[0])}{clear})"
    return f"{text}. Whether the review named found the same between groups cannot be checked: its values are not held."


def _against_cbt(facts: Facts) -> str:
    parts = ["That no significant difference was found is not the same as being as effective."]
    own = facts.pooled(comparison="pdt_vs_cbt")
    if own is not None and own.k >= FEWEST_TRIALS:
        test = equivalence(own, margin=MARGIN)
        text = "equivalence" if test.equivalent else "no equivalence"
        holds = "holds" if own.ci[0] <= 0 <= own.ci[1] else "excludes"
        parts.append(
            f"In the {own.k} trials held here, which are those with open data, the difference is "
            f"{PAGE.number(own.estimate)}; its 90% interval, {PAGE.interval(test.ci, 3)}, "
            f"shows {text} within {MARGIN.value:g} ({VERDICTS[test.verdict]}), and its 95% interval {holds} 0."
        )
    printed = facts.printed("steinert2017", comparison="pdt_vs_active_treatment", follow_up="post")
    if printed is not None:
        parts.append(_printed(*printed[["estimate", "ci_low", "ci_high", "ci_level"]].astype(float)))
    mixed = facts.head_to_head.table.query("evidence == 'mixed'").to_dict("records")
    results = "; ".join(
        f"{NETWORK_NAMES.get(row['network'], row['network'])} "
        f"{PAGE.estimate(row['estimate'], (row['ci_low'], row['ci_high']))}, {row['verdict']}"
        for row in mixed
    )
    settled = any(row["verdict"].startswith("equivalent") for row in mixed)
    return " ".join(
        [*parts, f"Networks: {results}." if settled else f"Networks do not settle it ({results})."]
    )


def _printed(estimate: float, low: float, high: float, level: float) -> str:
    """Steinert's interval in words; it may be edited, so the words are found anew."""
    try:
        test = equivalence_from_interval(estimate, (low, high), level / 100, margin=MARGIN)
    except ValueError:
        return "The interval printed by Steinert 2017 does not fit its estimate."
    if test.equivalent and test.inferior:
        return (
            f"Steinert 2017 is equivalent within {MARGIN.value:g} and yet below 0 ({PAGE.number(estimate)}): "
            "a small disadvantage of PDT, too small to matter by that margin."
        )
    return f"Steinert 2017 by its printed interval: {test.verdict}."


def _domains(facts: Facts) -> str:
    held = [
        f"{in_words(row['outcome'])} {PAGE.estimate(row['estimate'], (row['ci_low'], row['ci_high']))}"
        for outcome in ("general_symptoms", "social_adjustment")
        if (row := facts.printed("abbass2006", outcome=outcome, follow_up="short")) is not None
    ]
    text = "Of the review named only changes within the treated group are held, and they compare nothing."
    return (
        f"{text} Another review has, against control in the short term: {'; '.join(held)}." if held else text
    )


def _lasting(_: Facts) -> str:
    return (
        "The numbers are differences between treated and control groups nine months or more after treatment. The claim "
        "speaks of patients: how many kept their gains is held of no review."
    )


def _ongoing(facts: Facts) -> str:
    found = facts.follow_up
    rising, figures = rising_changes(found.published)
    parts = [
        f"Change since the start is larger at the later visit in {rising} of {figures} published figures for treated "
        "patients (a printed range counts once), but these have no control group."
    ]
    trend = found.trend[found.trend["comparison"].eq("pdt_vs_control")].iloc[0]
    row = found.changes.query("comparison == 'pdt_vs_control' and rho_time == @found.rho_time")
    if len(row):
        one = row.iloc[0]
        result = PAGE.estimate(one["estimate"], (one["ci_low"], one["ci_high"]))
        enough = one["trials"] >= FEWEST_TRIALS
        grown = "is shown" if enough and one["ci_low"] > 0 else "is not shown, nor ruled out"
        parts.append(
            f"Against control growth {grown}: change within {counted(one['trials'], 'trial')} {result}."
        )
    parts.append(
        f"Only {trend['trials_after']} of {trend['trials']} trials held were measured at a known time after the end, "
        "so processes set going by therapy can be neither seen nor denied in them."
    )
    return " ".join(parts)


def _both(facts: Facts) -> str:
    long = facts.pooled(window="long")
    printed = [facts.printed("abbass2006", outcome=outcome, follow_up="long") for outcome in LONG_TERM]
    there = sum(
        row is not None and side(row["ci_low"], row["ci_high"], no_effect(row["measure"])) > 0
        for row in printed
    )
    text = f"A review of 2006 has an advantage over control in {there} of {len(printed)} outcomes in the long term."
    if long is not None:
        result = PAGE.estimate(long.estimate, long.ci)
        if long.k < FEWEST_TRIALS:
            sure = f"{'is' if long.k == 1 else 'are'} too few to confirm it"
        else:
            sure = "confirm it" if long.ci[0] > 0 else "do not confirm it"
        text += (
            f" The {counted(long.k, 'trial')} held here nine months or more after the end {sure} ({result})."
        )
    return f"{text} That benefits grow is another matter, and of CBT over time nothing is held."


SENTENCES: dict[str, Callable[[Facts], str]] = {
    "cochrane-lasting": _lasting,
    "archives-vs-control": _against_control,
    "archives-vs-cbt": _against_cbt,
    "archives-domains": _domains,
    "apa-ongoing-change": _ongoing,
    "gains-increase-both": _both,
}
