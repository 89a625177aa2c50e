"""How each claim is put to the data: one recipe a claim, each a list of findings.

A recipe asks; it never concludes. What a finding leans on is said in its `source`: rows of
`reviews`, or a pool of the trials held here.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

from pdt_evidence.formatting import PAGE
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.questions import (
    FEWEST_TRIALS,
    against_each_control,
    at_least,
    change_within_trials,
    cited_cochrane,
    equivalent,
    growth_against_control,
    growth_within,
    interval_at,
    interval_of,
    intervals_in_favour,
    long_after_the_end,
    no_effect,
    not_held,
    pool_name,
    pooled_above_zero,
    printed_above_zero,
    row_names,
    side,
    through_networks,
    trend_after_the_end,
    trials_of_review,
    whatever_the_rule,
)
from pdt_evidence.verdicts.records import Finding
from pdt_evidence.verdicts.words import in_words

__all__ = ["RECIPES"]

# The article's words as numbers, each with the source of the number.
MODEST, SUBSTANTIAL = 0.2, 0.5  # small and medium effect: Cohen 1992, doi:10.1037/0033-2909.112.1.155

COCHRANE_OUTCOMES = (
    "general_symptoms",
    "somatic_symptoms",
    "anxiety",
    "depression",
    "interpersonal_problems",
    "social_adjustment",
)
ARTICLE_DISORDERS = {  # the article's word -> disorders of the bundled trials
    "depression": ("depression",),
    "anxiety": ("generalised_anxiety", "depression_and_anxiety"),
    "personality disorders": ("borderline_personality", "avoidant_personality"),
    "addictions": ("substance_use",),
    "social anxiety": ("social_anxiety",),
    "eating disorders": ("anorexia_nervosa", "bulimia_nervosa"),
    "panic": ("panic",),
    "PTSD": ("ptsd",),
    "chronic pain": ("chronic_pain",),
}


def cochrane_depression_anxiety(facts: Facts) -> list[Finding]:
    """Claim 1: depression and anxiety improve significantly, by a modest to moderate amount."""
    findings = []
    for outcome in ("depression", "anxiety"):
        findings += [
            *cited_cochrane(facts, outcome, "short"),
            printed_above_zero(facts, "abbass2006", outcome, "short"),
            *pooled_above_zero(facts.pooled(outcome=outcome), f"{outcome} at the end of treatment"),
        ]
        if (effect := facts.pooled(outcome=outcome)) is not None:
            findings.append(at_least(effect, MODEST, "modest", f"{outcome} against control"))
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
    printed = facts.reviews
    between = printed[printed["comparison"].eq("pdt_vs_control") & printed["ci_low"].notna()]
    return [
        trials_of_review(facts, "leichsenring2004", claimed=17),
        not_held("Between-group effects of the review against control, above 0?", "leichsenring2004"),
        *pooled_above_zero(facts.pooled(), "all outcomes at the end of treatment"),
        whatever_the_rule(facts),
        *against_each_control(facts),
        intervals_in_favour(between),
    ]


def archives_vs_cbt(facts: Facts) -> list[Finding]:
    """Claim 5: just as effective as CBT. Equivalence, not the absence of a difference, is the test."""
    published = (
        ("PDT against CBT or other active treatment (Steinert 2017)", "steinert2017", {"follow_up": "post"}),
        (
            "PDT against other active treatment in social anxiety (Zhang 2022)",
            "zhang2022",
            {"outcome": "anxiety"},
        ),
    )
    findings = [not_held("Between-group effects of the review against other therapies?", "leichsenring2004")]
    for name, review, words in published:
        row = facts.printed(review, comparison="pdt_vs_active_treatment", **words)
        if row is not None:
            intervals = interval_at(row["estimate"], row["ci_low"], row["ci_high"], row["ci_level"])
            findings += equivalent(name, row["estimate"], intervals, f"reviews {row['row_id']}")
    own = facts.pooled(comparison="pdt_vs_cbt")
    if own is not None and own.k >= FEWEST_TRIALS:
        name = "PDT against CBT (the trials held here, all symptoms at the end of treatment)"
        findings += equivalent(name, own.estimate, interval_of(own), pool_name(own), own.row_ids)
    return [*findings, *through_networks(facts)]


def archives_domains(facts: Facts) -> list[Finding]:
    """Claim 6: in psychiatric symptoms and social functioning. Other evidence is shown, and cannot stand in."""
    findings = []
    for name, outcome in (
        ("Psychiatric symptoms", "general_symptoms"),
        ("Social functioning", "social_adjustment"),
    ):
        findings += [
            not_held(f"{name} against control or CBT in the review, between groups?", "leichsenring2004"),
            printed_above_zero(facts, "abbass2006", outcome, "short"),
            *pooled_above_zero(facts.pooled(outcome=outcome), f"{in_words(outcome)} at the end of treatment"),
        ]
    return findings


def apa_160_studies(facts: Facts) -> list[Finding]:
    """Claim 7: one meta-analysis of 160 studies with more than 1,400 patients."""
    release = facts.source("shedler2010_apa_release")
    reviews = release["reviews_included"]
    unnamed = facts.reviews[facts.reviews["review_id"].eq("shedler2010_apa_release")]
    patients = unnamed["n"].dropna().max()
    match = facts.reviews[facts.reviews["review_id"].eq("abbass2006")]
    return [
        Finding(
            question="Do the 160 studies belong to one meta-analysis?",
            part="attribution",
            holds=None if isnan(reviews) else bool(reviews == 1),
            against=True,
            shown=f"{release['trials_included']:g} studies in {reviews:g} meta-analyses",
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
            holds=bool(facts.source("abbass2006")["trials_included"] == 160) if len(match) else None,
            against=True,
            shown=f"{facts.source('abbass2006')['trials_included']:g} trials",
            source="abbass2006, whose number of patients it is; the release names no review",
        ),
    ]


def apa_personality(facts: Facts) -> list[Finding]:
    """Claim 8: substantial benefit even in personality disorders."""
    core = facts.printed("keefe2020", comparison="pdt_vs_control", outcome="personality_pathology")
    findings = [not_held("Effect in personality disorders in the article's review?", "shedler2010")]
    if core is not None:
        numbers = PAGE.estimate(core["estimate"], (core["ci_low"], core["ci_high"]))
        where = side(core["ci_low"], core["ci_high"], no_effect(core["measure"]))
        what = "Core personality disorder symptoms against control, in later evidence (Keefe 2020)"
        source = f"reviews {core['row_id']}"
        findings += [
            Finding(
                question=f"{what}: above 0?",
                part="content",
                holds=where > 0,
                against=where < 0,
                shown=numbers,
                source=source,
            ),
            Finding(
                question=f"{what}: is the point estimate at least {SUBSTANTIAL:g} (substantial)?",
                part="wording",
                holds=bool(core["estimate"] >= SUBSTANTIAL),
                shown=numbers,
                source=source,
            ),
        ]
    own = facts.pooled(disorder=ARTICLE_DISORDERS["personality disorders"])
    return [*findings, *pooled_above_zero(own, "personality disorders, all outcomes at the end of treatment")]


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
        ),
    ]


def gains_increase_both(facts: Facts) -> list[Finding]:
    """Claim 10: benefits of CBT and PDT last or grow. Asked against controls, each therapy by itself."""
    return [
        not_held("CBT against control, at the end and at follow-up?", ""),
        *(printed_above_zero(facts, "abbass2006", outcome, "long") for outcome in COCHRANE_OUTCOMES),
        long_after_the_end(facts),
        change_within_trials(facts),
    ]


def works_across_disorders(facts: Facts) -> list[Finding]:
    """Claim 11: helps in nine named disorders. Each is asked by itself."""
    findings = []
    for word, disorders in ARTICLE_DISORDERS.items():
        effect = facts.pooled(disorder=disorders)
        found = pooled_above_zero(effect, f"{word}, all outcomes at the end of treatment")
        findings += found or [
            Finding(
                question=f"PDT against control in {word}, above 0?",
                part="content",
                holds=None,
                shown="no trial with an effect held",
                source="trials",
            )
        ]
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
