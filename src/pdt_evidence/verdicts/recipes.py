"""How each claim is put to the data: one recipe a claim, each a list of findings.

A recipe asks; it never concludes. What a finding leans on is said in its `source`: rows of `reviews`, statements of
sources, or a pool of the trials held here. What sources say in words is asked for every claim alike (`said`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isnan, nan

from pdt_evidence.formatting import PAGE, counted
from pdt_evidence.verdicts.changes import (
    AGAINST,
    change_within_trials,
    growth_against_control,
    growth_within,
    trend_after_the_end,
)
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.head_to_head import equivalent, interval_at, pooled_equivalent, through_networks
from pdt_evidence.verdicts.pools import conditions
from pdt_evidence.verdicts.questions import (
    against_each_control,
    at_least,
    cited_cochrane,
    every_printed,
    imported,
    intervals_in_favour,
    long_after_the_end,
    not_held,
    of_the_review,
    pooled_above_zero,
    printed_above_zero,
    row_names,
    said,
    trials_of_review,
    unanswered,
    whatever_the_rule,
    when_measured,
)
from pdt_evidence.verdicts.records import Finding
from pdt_evidence.verdicts.words import in_words

__all__ = ["RECIPES", "findings_of"]

COCHRANE_OUTCOMES = (
    "general_symptoms",
    "somatic_symptoms",
    "anxiety",
    "depression",
    "interpersonal_problems",
    "social_adjustment",
)
SYMPTOMS = ("depression", "anxiety")  # asked as symptoms, of whatever patients, in claim 1 and claim 11 alike
PERSONALITY = "personality disorders"
CONTROL = ("pdt_vs_control", "pdt_vs_mixed")
OTHER_CARE = ("pdt_vs_active_treatment", "pdt_vs_other_therapy", "pdt_vs_cbt", "pdt_vs_active_control")
THERAPIES = "other therapies"


def findings_of(claim_id: str, facts: Facts) -> list[Finding]:
    """What sources say of a claim, then what the numbers say."""
    return [*said(facts, claim_id), *RECIPES[claim_id](facts)]


def _symptom(facts: Facts, outcome: str) -> list[Finding]:
    """Every published estimate and the pool held of one kind of symptom against control: claims 1 and 11."""
    body = f"{outcome}: {outcome}"  # published pools and the one here share trials
    return [
        *every_printed(facts, comparisons=CONTROL, outcomes=(outcome,), about=outcome),
        *pooled_above_zero(
            facts,
            facts.pooled(outcome=outcome),
            f"{outcome} in any patients, at the end of treatment",
            about=outcome,
            body=body,
            outcome=outcome,
        ),
    ]


def _condition(facts: Facts, word: str) -> list[Finding]:
    """Every published estimate and the pool held of the patients of one condition against control."""
    reviews, measured = facts.reviews_of(word), conditions("outcome").get(word, ())
    printed = every_printed(facts, comparisons=CONTROL, about=word, reviews=reviews) if reviews else []
    if measured:  # the same thing measured in other patients
        seen = {one.rows for one in printed}
        more = every_printed(facts, comparisons=CONTROL, about=word, outcomes=measured)
        printed += [one for one in more if one.rows not in seen]
    name = f"{word}, all symptoms at the end of treatment"
    disorder = " or ".join(conditions().get(word, ()))
    held = pooled_above_zero(facts, facts.pooled(condition=word), name, about=word, disorder=disorder)
    if printed or held:
        return [*printed, *held]
    question = f"PDT against control in {word}, above 0?"
    return [
        Finding(
            question=question,
            part="content",
            holds=None,
            shown="no trial with an effect held",
            source="trials",
            about=word,
        )
    ]


def _other_care(facts: Facts, word: str) -> list[Finding]:
    """The same patients against other or unnamed care: whether it is more than that "helps" does not say."""
    reviews = facts.reviews_of(word)
    found = []
    if reviews:
        others = (*OTHER_CARE, "unstated")
        found += every_printed(facts, comparisons=others, about=word, reviews=reviews, part="beside")
    pool = facts.pooled(comparison="pdt_vs_cbt", condition=word)
    held = pooled_above_zero(
        facts,
        pool,
        f"{word}, all symptoms at the end of treatment",
        about=word,
        part="beside",
        comparison="pdt_vs_cbt",
        disorder=" or ".join(conditions().get(word, ())),
    )
    return found + [
        replace(one, question=one.question.replace("against control", "against CBT")) for one in held
    ]


def cochrane_depression_anxiety(facts: Facts) -> list[Finding]:
    """Claim 1: depression and anxiety improve significantly, by a modest to moderate amount."""
    findings = []
    for outcome in SYMPTOMS:
        findings += [*cited_cochrane(facts, outcome, "short"), *_symptom(facts, outcome)]
        if (found := facts.pooled(outcome=outcome)) is not None:
            name = f"{outcome} against control"
            findings.append(at_least(facts, found, facts.rules.modest, "modest", name, about=outcome))
    return findings


def cochrane_all_outcomes(facts: Facts) -> list[Finding]:
    """Claim 2: significantly more than controls in all six outcome categories."""
    findings = []
    for outcome in COCHRANE_OUTCOMES:
        findings += cited_cochrane(facts, outcome, "short")
        findings.append(printed_above_zero(facts, "abbass2006", outcome, "short"))
    return findings


def cochrane_lasting(facts: Facts) -> list[Finding]:
    """Claim 3: changes last nine months or more."""
    findings = []
    for outcome in COCHRANE_OUTCOMES:
        findings += cited_cochrane(facts, outcome, "long")
        findings.append(printed_above_zero(facts, "abbass2006", outcome, "long"))
    return findings


def archives_vs_control(facts: Facts) -> list[Finding]:
    """Claim 4: 17 randomised trials, significantly better than control."""
    about = "control"
    printed = facts.between(comparisons=("pdt_vs_control",))
    return [
        trials_of_review(facts, "leichsenring2004", claimed=17),
        *of_the_review(
            facts,
            "leichsenring2004",
            "Between-group effects of the review against control, above 0?",
            "all outcomes at the end of treatment, trials of the review",
            about=about,
            comparison="pdt_vs_control",
            follow_up="post",
        ),
        *pooled_above_zero(facts, facts.pooled(), "all outcomes at the end of treatment", about=about),
        whatever_the_rule(facts, about),
        *against_each_control(facts, about),
        intervals_in_favour([row for row in printed if not isnan(row["ci_low"])], about),
    ]


def archives_vs_cbt(facts: Facts) -> list[Finding]:
    """Claim 5: just as effective as CBT. Equivalence, not the absence of a difference, is the test."""
    question = "Between-group effects of the review against other therapies?"
    margin = float(facts.margin)
    findings = [not_held(question, "leichsenring2004", THERAPIES)]
    if (own := facts.imported("leichsenring2004", comparison="pdt_vs_cbt", follow_up="post")) is not None:
        name = "PDT against CBT (trials of the review, end of treatment)"
        answers = pooled_equivalent(facts, own, name, about=THERAPIES, body="the review")
        findings = [imported(one) for one in answers]
    for row in facts.between(comparisons=OTHER_CARE):
        patients = row["patients"] or row["citation"]  # reviews of the same patients share trials
        name = f"PDT against other treatment ({row['citation']}; {row['outcome_label']}, {row['follow_up_label']})"
        source, rows = f"reviews {row['row_id']}", (row["row_id"],)
        if isnan(row["ci_low"]) or isnan(row["ci_high"]) or isnan(row["ci_level"]):
            shown = f"{PAGE.number(row['estimate'])}, no interval with its level printed"
            question = f"{name}: equivalent within {margin:g}?"
            findings.append(
                Finding(
                    question=question, part="content", holds=None, shown=shown, source=source, rows=rows,
                    about=THERAPIES, body=patients,
                )
            )  # fmt: skip
            continue
        intervals = interval_at(row["estimate"], row["ci_low"], row["ci_high"], row["ci_level"])
        words = {"margin": margin, "about": THERAPIES, "body": patients}
        findings += equivalent(name, row["estimate"], intervals, source, rows, **words)
    for outcome, body in (("", "all disorders"), ("depression", "depression")):
        name = f"PDT against CBT (the trials held here, {outcome or 'all symptoms'} at the end of treatment)"
        own = facts.pooled(comparison="pdt_vs_cbt", outcome=outcome)
        if own is not None:
            findings += pooled_equivalent(facts, own, name, about=THERAPIES, body=body)
        else:
            question = f"{name}: equivalent within {margin:g}?"
            findings += unanswered(facts, question, THERAPIES, comparison="pdt_vs_cbt", outcome=outcome)
    late = when_measured(facts, THERAPIES, undated=False)
    return [*findings, *through_networks(facts, THERAPIES), *late]


def archives_domains(facts: Facts) -> list[Finding]:
    """Claim 6: in psychiatric symptoms and social functioning. Other evidence is shown, and cannot stand in."""
    findings = []
    for name, outcome in (
        ("Psychiatric symptoms", "general_symptoms"),
        ("Social functioning", "social_adjustment"),
    ):
        about = in_words(outcome)
        question = f"{name} against control or CBT in the review, between groups?"
        held = facts.pooled(outcome=outcome)
        what = f"{about} at the end of treatment, trials of the review"
        words = {"comparison": "pdt_vs_control", "outcome": outcome, "follow_up": "post"}
        findings += [
            *of_the_review(facts, "leichsenring2004", question, what, about=about, **words),
            printed_above_zero(facts, "abbass2006", outcome, "short"),
            *pooled_above_zero(facts, held, f"{about} at the end of treatment", about=about, outcome=outcome),
        ]
    return findings


def apa_160_studies(facts: Facts) -> list[Finding]:
    """Claim 7: one meta-analysis of 160 studies with more than 1,400 patients."""
    release = facts.source("shedler2010_apa_release")
    reviews = release["reviews_included"]
    unnamed = [row for row in facts.reviews if row["review_id"] == "shedler2010_apa_release"]
    patients = max((row["n"] for row in unnamed if not isnan(row["n"])), default=nan)
    match = facts.printed("abbass2006")
    return [
        Finding(
            question="Do the 160 studies belong to one meta-analysis?",
            part="attribution",
            holds=None if isnan(reviews) else bool(reviews == 1),
            against=True,
            shown=f"{counted(release['trials_included'])} in {counted(reviews, 'meta-analysis', 'meta-analyses')}",
            source="shedler2010_apa_release",
            cited=True,
        ),
        Finding(
            question="Does one of the meta-analyses have more than 1,400 patients?",
            part="content",
            holds=None if isnan(patients) else bool(patients > 1400),
            shown=f"{patients:g} patients",
            source=row_names(unnamed),
            cited=True,
        ),
        Finding(
            question="Does the meta-analysis with that many patients have 160 studies?",
            part="attribution",
            holds=bool(facts.source("abbass2006")["trials_included"] == 160) if match else None,
            against=True,
            shown=counted(facts.source("abbass2006")["trials_included"], "trial"),
            source="abbass2006, whose number of patients it is; the release names no review",
        ),
    ]


def apa_personality(facts: Facts) -> list[Finding]:
    """Claim 8: substantial benefit even in personality disorders. Every held review and pool is asked."""
    findings = [
        not_held("Effect in personality disorders in the article's review?", "shedler2010", PERSONALITY)
    ]
    size = facts.rules.substantial
    for one in _condition(facts, PERSONALITY):
        findings.append(one)
        rows = [row for row in facts.reviews if row["row_id"] in one.rows]
        if len(rows) == 1 and one.source.startswith("reviews") and rows[0]["measure"] in ("g", "d", "SMD"):
            estimate = rows[0]["estimate"]
            what = one.question.removesuffix(": in favour of psychodynamic therapy?")
            findings.append(
                replace(
                    one,
                    part="wording",
                    question=f"{what}: is the point estimate at least {size:g} (substantial)?",
                    holds=bool(estimate >= size),
                    against=False,
                    shown=PAGE.number(estimate),
                )
            )
    if (own := facts.pooled(condition=PERSONALITY)) is not None:
        findings.append(
            at_least(facts, own, size, "substantial", f"{PERSONALITY} against control", PERSONALITY)
        )
    return [*findings, *_other_care(facts, PERSONALITY)]


def apa_ongoing_change(facts: Facts) -> list[Finding]:
    """Claim 9: change goes on after therapy. Against controls, or only within the treated group?"""
    grown = []
    for review in ("leichsenring2004", "shedler2010_apa_release"):
        grown += growth_within(facts, review)
    against = [growth_against_control(facts, outcome) for outcome in COCHRANE_OUTCOMES]
    checked = [one for one in against if one is not None]
    rising = sum(bool(one.holds) for one in checked)
    return [
        *grown,
        *checked,
        trend_after_the_end(facts),
        change_within_trials(facts),
        Finding(
            question="Against controls, does the effect grow significantly in more than half of the outcomes?",
            part="wording",
            holds=rising > len(checked) / 2 if checked else None,
            shown=f"{rising} of {len(checked)}",
            source="abbass2006, short against long term, as if the two were independent; the trials differ",
            about=AGAINST,
        ),
        *when_measured(facts, AGAINST),
    ]


def gains_increase_both(facts: Facts) -> list[Finding]:
    """Claim 10: benefits of CBT and PDT last or grow. Asked of each therapy by itself."""
    pdt, cbt = "psychodynamic therapy", "CBT"
    findings = [
        not_held("CBT against control, at the end and at follow-up?", "", cbt),
        *(
            replace(printed_above_zero(facts, "abbass2006", outcome, "long"), about=pdt)
            for outcome in COCHRANE_OUTCOMES
        ),
        long_after_the_end(facts, pdt),
        change_within_trials(facts, pdt),
    ]
    for row in facts.statements:
        if row["source_id"] != "leichsenring2014" or row["says"] != "yes":
            continue
        findings += [
            Finding(
                question=f"{therapy} two years after the end (Leichsenring 2014): as good as at the end?",
                part="content",
                holds=None,
                shown=f"{row['statement']} {row['note']}",
                source=f"{row['source_id']}: one trial without an untreated group, too few",
                rows=(row["statement_id"],),
                about=about,
            )
            for about, therapy in ((pdt, "PDT"), (cbt, "CBT"))
        ]
    return [*findings, *when_measured(facts, pdt, undated=False)]


def works_across_disorders(facts: Facts) -> list[Finding]:
    """Claim 11: helps in nine named disorders. Each is asked by itself, with every held review and pool."""
    findings = []
    for outcome in SYMPTOMS:
        findings += _symptom(facts, outcome)
    for word in conditions():
        findings += [*_condition(facts, word), *_other_care(facts, word)]
    return findings


RECIPES: dict[str, Callable[[Facts], list[Finding]]] = {
    "cochrane-depression-anxiety": cochrane_depression_anxiety,
    "cochrane-all-outcomes": cochrane_all_outcomes,
    "cochrane-lasting": cochrane_lasting,
    "archives-vs-control": archives_vs_control,
    "archives-vs-cbt": archives_vs_cbt,
    "archives-domains": archives_domains,
    "apa-160-studies": apa_160_studies,
    "apa-personality": apa_personality,
    "apa-ongoing-change": apa_ongoing_change,
    "gains-increase-both": gains_increase_both,
    "works-across-disorders": works_across_disorders,
}
