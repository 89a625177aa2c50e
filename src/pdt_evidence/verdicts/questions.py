"""Questions that several recipes put to sources and numbers; each answer is a `Finding`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import isnan

from pdt_evidence.analysis.regression.clustered import (
    FEWEST_DF,  # below it an interval is too rough to answer anything
)
from pdt_evidence.effects.reported import RATIOS
from pdt_evidence.formatting import PAGE, counted
from pdt_evidence.results import PooledEffect
from pdt_evidence.verdicts.facts import Facts, Row
from pdt_evidence.verdicts.pools import Pool
from pdt_evidence.verdicts.records import Finding, Variant
from pdt_evidence.verdicts.words import in_words

Answer = Callable[[PooledEffect], tuple[bool | None, bool]]  # -> holds, against
SAID = {"yes": (True, False), "no": (False, False), "otherwise": (False, True), "not seen": (None, False)}


def no_effect(measure: str) -> float:
    """The value that says "no difference" on the scale a measure is printed on: 1 for ratios, else 0."""
    return 1.0 if measure in RATIOS else 0.0


def side(low: float, high: float, none: float = 0.0) -> int:
    """1 where an interval lies above no effect, -1 where it lies below, 0 where it holds it (or is not known)."""
    return int(low > none) - int(high < none)


def said(facts: Facts, claim_id: str) -> Iterator[Finding]:
    """What sources say in words: the one that the article names answers for it, others are shown."""
    for row in facts.statements:
        if row["claim_id"] != claim_id:
            continue
        holds, against = SAID[row["says"]]
        verb = "Does it say" if row["cited"] else "In words, does it find"
        yield Finding(
            question=f"{verb}: {row['part']}?",
            part="attribution" if row["cited"] else "beside",
            holds=holds,
            against=against,
            shown=row["statement"],
            source=f"{row['source_id']}, {row['locator']}",
            cited=bool(row["cited"]),
            rows=(row["statement_id"],),
        )


def cited_cochrane(facts: Facts, outcome: str, window: str) -> list[Finding]:
    """The Cochrane 2014 review's own pooled effect, from its imported trials where a user brought them."""
    name = in_words(outcome)
    question = capital(f"{name}, {window} term, in the 2014 review, against control: above 0?")
    what = f"{name}, {window} term, trials of the 2014 review"
    return of_the_review(facts, "abbass2014", question, what, about=name, outcome=outcome, follow_up=window)


def of_the_review(
    facts: Facts, review: str, question: str, what: str, *, about: str, **words: str
) -> list[Finding]:
    """A review's own effect above 0, from its imported trials where a user brought them; else not held."""
    found = facts.imported(review, **words)
    if found is None:
        return [not_held(question, review, about)]
    return [imported(one) for one in pooled_above_zero(facts, found, what, about=about)]


def imported(one: Finding) -> Finding:
    """A finding on imported trials of the review that the claim cites: it may answer for it."""
    return replace(one, cited=True, source=one.source.replace("pooled here", "imported"))


def printed_above_zero(facts: Facts, review: str, outcome: str, window: str) -> Finding:
    """One printed estimate of a review against control, by its words."""
    row = facts.printed(review, outcome=outcome, follow_up=window)
    question = capital(f"{in_words(outcome)}, {window} term ({review}), difference from control: above 0?")
    about = in_words(outcome)
    if row is None:
        return Finding(
            question=question, part="content", holds=None, shown="not held", source=review, about=about
        )
    return printed_in_favour(row, about=about, question=question)


def printed_in_favour(
    row: Row, *, about: str = "", body: str = "", question: str = "", part: str = "content"
) -> Finding:
    """Whether a printed interval excludes no effect on the side of PDT; open where no interval is printed."""
    asked = question or capital(
        f"{row['outcome_label']}, {row['follow_up_label']} ({row['citation']}; {row['comparison_label']}): "
        "in favour of psychodynamic therapy?"
    )
    known = not (isnan(row["ci_low"]) or isnan(row["ci_high"]))
    where = side(row["ci_low"], row["ci_high"], no_effect(row["measure"])) if known else 0
    shown = PAGE.estimate(row["estimate"], (row["ci_low"], row["ci_high"]))
    return Finding(
        question=asked,
        part=part,
        holds=where > 0 if known else None,
        against=where < 0,
        shown=shown if known else f"{PAGE.number(row['estimate'])}, no interval printed",
        source=f"reviews {row['row_id']}",
        rows=(row["row_id"],),
        about=about,
        body=body,
    )


def every_printed(
    facts: Facts,
    *,
    comparisons: tuple[str, ...],
    about: str,
    outcomes: tuple[str, ...] = (),
    reviews: tuple[str, ...] = (),
    windows: tuple[str, ...] = ("post", "short", "unknown"),
    part: str = "content",
) -> list[Finding]:
    """Every published estimate that bears on one subject; reviews of one outcome share trials and count once."""
    return [
        printed_in_favour(row, about=about, body=f"{about}: {in_words(row['outcome'])}", part=part)
        for row in facts.between(comparisons=comparisons, outcomes=outcomes)
        if row["follow_up"] in windows and (not reviews or row["review_id"] in reviews)
    ]


def intervals_in_favour(rows: Sequence[Row], about: str = "") -> Finding:
    """Whether most published between-group intervals lie on the side of PDT, each by its own measure."""
    sides = [side(row["ci_low"], row["ci_high"], no_effect(row["measure"])) for row in rows]
    above, below = sides.count(1), sides.count(-1)
    return Finding(
        question="Do most published between-group intervals exclude no effect (0, or 1 for ratios) in favour of PDT, "
        "and none against?",
        part="content",
        holds=above > len(sides) / 2 and not below if sides else None,
        against=below > len(sides) / 2,
        shown=f"{above} of {len(sides)}" + (f", {below} against" if below else ""),
        source=row_names(rows),
        rows=tuple(row["row_id"] for row in rows),
        about=about,
    )


def variants(found: Pool, answer: Answer, fewest: int) -> tuple[Variant, ...]:
    """The pool under every other rule, each with what it answers; too few trials answer nothing."""
    made = []
    for rule, effect in found.under.items():
        few = effect.k < fewest
        holds, against = (None, False) if few else answer(effect)
        made.append(
            Variant(
                rule=rule,
                estimate=effect.estimate,
                ci=effect.ci,
                k=effect.k,
                holds=holds,
                against=against,
                few=few,
            )
        )
    return tuple(made)


def pooled_above_zero(
    facts: Facts,
    found: Pool | None,
    what: str,
    *,
    about: str = "",
    body: str = "",
    part: str = "content",
    **wanted: str,
) -> list[Finding]:
    """A pool of trials held here; with too few trials it shows, but answers nothing. `wanted` are its words."""
    if found is None:
        return unanswered(facts, f"PDT against control, {what}, above 0?", about, part=part, **wanted)
    effect = found.effect
    return [
        Finding(
            question=f"PDT against control, {what}, above 0?",
            part=part,
            holds=_above(effect)[0] if enough(facts, effect.k) else None,
            against=_above(effect)[1],
            shown=PAGE.estimate(effect.estimate, effect.ci),
            source=pool_name(facts, effect),
            rows=effect.row_ids,
            about=about,
            body=body,
            variants=variants(found, _above, facts.rules.fewest_trials),
        )
    ]


def unanswered(
    facts: Facts, question: str, about: str = "", *, of: str = "", part: str = "content", **wanted: str
) -> list[Finding]:
    """What the trials that a user gave cannot answer, and why; nothing of the bundled ones."""
    if not facts.own_trials:
        return []
    shown = facts.why_open(of, **wanted)
    return [Finding(question=question, part=part, holds=None, shown=shown, source="trials", about=about)]


def _above(effect: PooledEffect) -> tuple[bool, bool]:
    where = side(*effect.ci)
    return where > 0, where < 0


def at_least(facts: Facts, found: Pool, size: float, word: str, what: str, about: str = "") -> Finding:
    """Whether the point estimate of a pool is as large as a word says."""

    def answer(effect: PooledEffect) -> tuple[bool, bool]:
        return bool(effect.estimate >= size), False

    effect = found.effect
    return Finding(
        question=capital(f"{what}: is the point estimate at least {size:g} ({word})?"),
        part="wording",
        holds=answer(effect)[0] if enough(facts, effect.k) else None,
        shown=PAGE.number(effect.estimate),
        source=pool_name(facts, effect),
        about=about,
        variants=variants(found, answer, facts.rules.fewest_trials),
    )


def pool_name(facts: Facts, effect: PooledEffect) -> str:
    return f"pooled here, k = {effect.k}{too_few(facts, effect.k)}"


def too_few(facts: Facts, trials: float) -> str:
    return "" if enough(facts, trials) else ": too few"


def enough(facts: Facts, trials: float) -> bool:
    return trials >= facts.rules.fewest_trials


def not_held(question: str, source: str, about: str = "") -> Finding:
    return Finding(
        question=question,
        part="content",
        holds=None,
        shown="not held",
        source=source or "wanted",
        cited=bool(source),
        about=about,
    )


def trials_of_review(facts: Facts, review: str, claimed: int) -> Finding:
    stated = facts.source(review)["trials_included"]
    return Finding(
        question=f"Does the review include {counted(claimed, 'trial')}?",
        part="attribution",
        holds=None if isnan(stated) else bool(stated == claimed),
        against=True,
        shown=f"{stated:g}",
        source=review,
        cited=True,
    )


def against_each_control(facts: Facts, about: str = "") -> Iterator[Finding]:
    """One question a kind of control; kinds with too few trials are named and not answered."""
    if facts.controls is None:
        yield from unanswered(
            facts, "PDT against each kind of control, end of treatment, above 0?", about, of="controls"
        )
        return
    for row in facts.controls.table.to_dict("records"):
        answered = bool(row["tested"]) and enough(facts, row["trials"]) and row["df"] >= FEWEST_DF
        yield from_interval(
            f"PDT against {row['level']}, end of treatment, above 0?",
            (row["estimate"], row["ci_low"], row["ci_high"]),
            f"robust regression on kind of control, {counted(row['trials'], 'trial')}",
            answered=answered,
            about=about,
        )


def whatever_the_rule(facts: Facts, about: str = "") -> Finding:
    """Whether the answer hangs on what is done with several rows of one trial, or with counts of persons."""
    question = (
        "… above 0 however several results of one trial, and trials that only count patients, are dealt with?"
    )
    table = facts.under_every_rule
    if table is None:
        return unanswered(facts, question, about, of="under_every_rule")[0]
    low, high = table["estimate"].min(), table["estimate"].max()
    answered = enough(facts, table["trials"].min())
    return Finding(
        question=question,
        part="content",
        holds=bool((table["ci_low"] > 0).all()) if answered else None,
        against=bool((table["ci_high"] < 0).all()),
        shown=f"{PAGE.interval((low, high))}, lowest limit {PAGE.number(table['ci_low'].min())}",
        source=f"pooled here in {len(table)} ways{too_few(facts, table['trials'].min())}",
        about=about,
    )


def long_after_the_end(facts: Facts, about: str = "") -> Finding:
    """Whether the advantage over control is there nine months or more after the end, in the trials held."""
    question = "Trials held: PDT against control nine months or more after the end, above 0?"
    found = facts.pooled(window="long")
    if found is None:
        return next(
            iter(unanswered(facts, question, about, follow_up="long")), not_held(question, "", about=about)
        )
    effect = found.effect
    made = from_interval(
        question,
        (effect.estimate, *effect.ci),
        f"pooled here, k = {effect.k}",
        answered=enough(facts, effect.k),
        rows=effect.row_ids,
        about=about,
    )
    return replace(made, variants=variants(found, _above, facts.rules.fewest_trials))


def when_measured(facts: Facts, about: str = "", *, undated: bool = True) -> list[Finding]:
    """What the trials held can say of time at all; shown, and decides nothing."""
    asked = {"Trials held against CBT: how many late after the end?": facts.late_against_cbt}
    if undated:
        asked["Trials held: how many rows tell when they were measured?"] = facts.undated
    return [
        Finding(question=question, part="beside", holds=None, shown=shown, source="trials", about=about)
        for question, shown in asked.items()
    ]


def from_interval(
    question: str,
    numbers: tuple[float, float, float],
    source: str,
    *,
    label: str = "",
    answered: bool = True,
    rows: tuple[str, ...] = (),
    about: str = "",
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
        about=about,
    )


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def row_names(rows: Sequence[Row]) -> str:
    ids = [row["row_id"] for row in rows]
    return f"reviews {ids[0]}–{ids[-1]}" if len(ids) > 3 else f"reviews {', '.join(ids)}"
