"""What can be said of a claim: sentences that a careful reviewer would sign, filled in from the same results.

The verdict is not made here (`rules`), and no number is typed in; which words are used follows from intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan

from pdt_evidence.analysis.conclusions.equivalence import (
    VERDICTS,
    equivalence,
    equivalence_from_interval,
)
from pdt_evidence.analysis.conclusions.wording import rising_changes
from pdt_evidence.analysis.regression.clustered import FEWEST_DF
from pdt_evidence.formatting import PAGE, counted
from pdt_evidence.verdicts.facts import Facts, Row, follow_up_held, trend_against_control
from pdt_evidence.verdicts.head_to_head import interval_at
from pdt_evidence.verdicts.pools import INFLUENCE, SCORES, Pool
from pdt_evidence.verdicts.questions import no_effect, side
from pdt_evidence.verdicts.records import Finding
from pdt_evidence.verdicts.rules import by_subject
from pdt_evidence.verdicts.words import NETWORK_NAMES, in_words

__all__ = ["sentence"]

LONG_TERM = ("general_symptoms", "somatic_symptoms", "anxiety", "depression", "social_adjustment")


def sentence(claim_id: str, facts: Facts, findings: Sequence[Finding]) -> str:
    """What can be said of the claim; "" for claims whose findings speak for themselves."""
    return SENTENCES[claim_id](facts, findings) if claim_id in SENTENCES else ""


def without_some(pool: Pool) -> str:
    """How far a pooled number hangs on single trials; "" where there are too few to leave one out."""
    low, high = pool.leave_one_out
    if isnan(low):
        return ""
    text = f" Leaving out one trial at a time gives {PAGE.interval((low, high))}"
    other, scores = pool.under.get(INFLUENCE), pool.under.get(SCORES)
    if other is None:
        text += "; influence flags none of them"
    else:
        flagged = counted(len(pool.flagged), "trial")
        text += (
            f"; without the {flagged} flagged by influence it is {PAGE.estimate(other.estimate, other.ci)}"
        )
    if scores is not None:
        result = PAGE.estimate(scores.estimate, scores.ci)
        text += (
            f"; from scores alone, without trials that only count patients, it is {result} (k = {scores.k})"
        )
    return f"{text}."


def _against_control(facts: Facts, _: Sequence[Finding]) -> str:
    found = facts.pooled()
    if found is None:
        return "No trial against control is held."
    effect = found.effect
    result = PAGE.estimate(effect.estimate, effect.ci)
    if not effect.ci[0] > 0:
        return f"In {counted(effect.k, 'trial')} held here an advantage over control is not shown ({result})."
    text = f"In {counted(effect.k, 'trial')} held here PDT does better than control at the end of treatment ({result})"
    if not isnan(effect.pi[0]) and effect.pi[0] < 0:
        text += f", though a new trial could find none (prediction interval {PAGE.interval(effect.pi)})"
    text += f".{without_some(found)}"
    kinds = facts.controls.table if facts.controls is not None else None
    if kinds is not None:
        kinds = kinds[kinds["tested"].astype(bool)].sort_values("estimate", ascending=False)
    if kinds is not None and len(kinds) > 1:
        sizes = ", ".join(f"{row['level']} {PAGE.number(row['estimate'])}" for _, row in kinds.iterrows())
        clear = "" if kinds["p"].iloc[0] < 0.05 else ", a difference that may be chance"
        text += f" How much depends on what it is compared with: {sizes} ({PAGE.p_value(kinds['p'].iloc[0])}{clear})."
    return f"{text} The review named says so in words; its own sizes against controls are not held."


def _against_cbt(facts: Facts, _: Sequence[Finding]) -> str:
    parts = ["That no significant difference was found is not the same as being as effective."]
    own = facts.pooled(comparison="pdt_vs_cbt")
    if own is not None and own.effect.k >= facts.rules.fewest_trials:
        effect = own.effect
        test = equivalence(effect, margin=facts.margin)
        parts.append(
            f"In the {counted(effect.k, 'trial')} held here, which are those with open data, the difference is "
            f"{PAGE.number(effect.estimate)}: {test.verdict} ({VERDICTS[test.verdict]}; margin "
            f"{test.margin:g}, {_both(test.ci90, test.ci95, 3)}).{without_some(own)}"
        )
    low = facts.pooled(comparison="pdt_vs_cbt", outcome="depression")
    if low is not None and low.effect.k >= facts.rules.fewest_trials:
        result = PAGE.estimate(low.effect.estimate, low.effect.ci)
        parts.append(
            f"Of depression alone {counted(low.effect.k, 'trial')} "
            f"{'gives' if low.effect.k == 1 else 'give'} {result}.{without_some(low)}"
        )
    for review, words in (
        ("steinert2017", {"comparison": "pdt_vs_active_treatment", "follow_up": "post"}),
        ("smith_hewitt2024", {"follow_up": "post"}),
        ("smith_hewitt2024", {"follow_up": "unknown"}),
    ):
        row = facts.printed(review, **words)
        if row is not None:
            parts.append(_printed(row, facts))
    mixed = facts.head_to_head.table.query("evidence == 'mixed'").to_dict("records")
    results = "; ".join(
        f"{NETWORK_NAMES.get(row['network'], row['network'])} "
        f"{PAGE.estimate(row['estimate'], (row['ci_low'], row['ci_high']))}, {row['verdict']}"
        for row in mixed
    )
    settled = any(row["verdict"].startswith("equivalent") for row in mixed)
    parts.append(f"Networks: {results}." if settled else f"Networks do not settle it ({results}).")
    return " ".join([*parts, facts.late_against_cbt])


def _both(narrow: tuple[float, float], wide: tuple[float, float], digits: int = 2) -> str:
    return f"90% interval {PAGE.interval(narrow, digits)}, 95% interval {PAGE.interval(wide, digits)}"


def _printed(row: Row, facts: Facts) -> str:
    """A printed interval in words; it may be edited, so the words are found anew."""
    name = f"{row['citation']} ({row['outcome_label']}, {row['follow_up_label']})"
    try:
        test = equivalence_from_interval(
            row["estimate"], (row["ci_low"], row["ci_high"]), row["ci_level"] / 100, margin=facts.margin
        )
    except ValueError:
        return f"The interval printed by {name} does not fit its estimate."
    if test.equivalent and test.ci95[1] < 0:
        return (
            f"{name} is equivalent within {test.margin:g} and yet below 0 ({PAGE.number(row['estimate'])}): "
            "a small disadvantage of PDT, too small to matter by that margin."
        )
    both = _both(*interval_at(row["estimate"], row["ci_low"], row["ci_high"], row["ci_level"]))
    return f"{name} by its printed interval: {test.verdict} ({PAGE.number(row['estimate'])}, {both})."


def _domains(facts: Facts, _: Sequence[Finding]) -> str:
    held = [
        f"{in_words(row['outcome'])} {PAGE.estimate(row['estimate'], (row['ci_low'], row['ci_high']))}"
        for outcome in ("general_symptoms", "social_adjustment")
        if (row := facts.printed("abbass2006", outcome=outcome, follow_up="short")) is not None
    ]
    text = (
        "The review named says so in words for these domains; of its numbers only changes within the treated group "
        "are held, and they compare nothing."
    )
    return (
        f"{text} Another review has, against control in the short term: {'; '.join(held)}." if held else text
    )


def _lasting(facts: Facts, findings: Sequence[Finding]) -> str:
    values = [one for one in findings if one.part == "content" and one.holds is not None and not one.cited]
    there = sum(bool(one.holds) for one in values)
    parts = [
        "The numbers are differences between treated and control groups nine months or more after treatment. The "
        "claim speaks of patients: how many kept their gains is held of no review."
    ]
    if values:
        parts.append(
            f"The version of 2006 has an advantage over control in {there} of {counted(len(values), 'outcome')}."
        )
    against = [one.shown for one in findings if one.part == "beside" and one.answer == "contrary"]
    if against:
        parts.append(f"Against it stands, in words: {' '.join(against)}")
    return " ".join(parts)


def _ongoing(facts: Facts, _: Sequence[Finding]) -> str:
    found = facts.follow_up
    rising, figures = rising_changes((found or follow_up_held()).published)
    parts = [
        f"Change since the start is larger at the later visit in {rising} of {figures} published figures for treated "
        "patients (a printed range counts once), but these have no control group."
    ]
    trend = trend_against_control(facts.follow_up)
    if found is None or trend is None:
        why = facts.why_open("follow_up", follow_up="").removeprefix("cannot be checked: ")
        parts.append(f"Growth against control cannot be checked in the trials given: {why}.")
        return " ".join([*parts, facts.undated, facts.late_against_cbt])
    row = found.changes.query("comparison == 'pdt_vs_control' and rho_time == @found.rho_time")
    if len(row):
        one = row.iloc[0]
        result = PAGE.estimate(one["estimate"], (one["ci_low"], one["ci_high"]))
        if one["trials"] >= facts.rules.fewest_trials and side(one["ci_low"], one["ci_high"]):
            grown = "is shown" if one["ci_low"] > 0 else "is not shown: the advantage shrank"
        else:
            grown = "is not shown, nor ruled out"
        parts.append(
            f"Against control growth {grown}: change within {counted(one['trials'], 'trial')} {result}."
        )
    measured = (
        f"{trend['trials_after']} of {counted(trend['trials'], 'trial')} held were measured "
        "at a known time after the end"
    )
    if trend["fitted"] and trend["df"] >= FEWEST_DF:
        slope = PAGE.estimate(trend["estimate"], (trend["ci_low"], trend["ci_high"]))
        parts.append(f"Only {measured}; across them the slope on the logarithm of months is {slope}.")
    else:
        parts.append(
            f"Only {measured}, so processes set going by therapy can be neither seen nor denied in them."
        )
    return " ".join([*parts, facts.undated, facts.late_against_cbt])


def _both_therapies(facts: Facts, findings: Sequence[Finding]) -> str:
    long = facts.pooled(window="long")
    printed = [facts.printed("abbass2006", outcome=outcome, follow_up="long") for outcome in LONG_TERM]
    there = sum(
        row is not None and side(row["ci_low"], row["ci_high"], no_effect(row["measure"])) > 0
        for row in printed
    )
    text = (
        f"A review of 2006 has an advantage over control in {there} of "
        f"{counted(len(printed), 'outcome')} in the long term."
    )
    if long is not None:
        effect = long.effect
        result = PAGE.estimate(effect.estimate, effect.ci)
        if effect.k < facts.rules.fewest_trials:
            sure = f"{'is' if effect.k == 1 else 'are'} too few to confirm it"
        else:
            sure = "confirm it" if effect.ci[0] > 0 else "do not confirm it"
        text += f" The {counted(effect.k, 'trial')} held here nine months or more after the end {sure} ({result})."
    both = [one.shown for one in findings if one.about == "CBT" and one.rows]
    text += " That benefits grow is another matter."
    text += f" Of CBT over time one trial is held: {both[0]}" if both else " Of CBT nothing is held."
    return f"{text} {facts.late_against_cbt}"


def _personality(facts: Facts, findings: Sequence[Finding]) -> str:
    answered = [one for one in findings if one.part == "content" and one.holds is not None]
    there = sum(bool(one.holds) for one in answered)
    parts = [
        f"Against control {there} of {counted(len(answered), 'answered question')} come out in favour of PDT; they "
        "share trials."
    ]
    sizes = [one for one in findings if one.part == "wording" and one.holds is not None]
    small = [one for one in sizes if not one.holds]
    if small:
        reached = (
            f"{len(sizes) - len(small)} of {len(sizes)} point estimates reach {facts.rules.substantial:g}"
        )
        parts.append(f"{reached}; those that do not: {', '.join(one.shown for one in small)}.")
    found = facts.pooled(condition="personality disorders")
    if found is not None:
        parts.append(
            f"In the {counted(found.effect.k, 'trial')} held here it is "
            f"{PAGE.estimate(found.effect.estimate, found.effect.ci)}.{without_some(found)}"
        )
    other = [one for one in findings if one.part == "beside" and one.source.startswith("reviews")]
    if other:
        parts.append(f"Against other active care: {'; '.join(one.shown for one in other)}.")
    return " ".join(parts)


def _across(facts: Facts, findings: Sequence[Finding]) -> str:
    used = [one for one in findings if one.part == "content"]
    answers = by_subject(used, "content", facts.rules.majority)
    words = {
        "yes": "Better than control is shown in",
        "partly": "shown in part in",
        "not shown": "not shown in",
        "contrary": "contrary in",
        "open": "and open, with too few trials or none, in",
    }
    groups = {answer: [name for name, found in answers.items() if found == answer] for answer in words}
    said = "; ".join(f"{words[answer]} {', '.join(names)}" for answer, names in groups.items() if names)
    said = said.removeprefix("and ")
    said = said[:1].upper() + said[1:]
    against = [one for one in findings if one.holds is False and one.part != "attribution"]
    tail = f" {counted(len(against), 'finding')} below, counted or only shown, {'does' if len(against) == 1 else 'do'} "
    return f"{said}.{tail}not come out as claimed." if against else f"{said}."


SENTENCES: dict[str, Callable[[Facts, Sequence[Finding]], str]] = {
    "cochrane-lasting": _lasting,
    "archives-vs-control": _against_control,
    "archives-vs-cbt": _against_cbt,
    "archives-domains": _domains,
    "apa-personality": _personality,
    "apa-ongoing-change": _ongoing,
    "gains-increase-both": _both_therapies,
    "works-across-disorders": _across,
}
