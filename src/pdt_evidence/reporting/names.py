"""Comparisons and networks in the words of the report."""

from __future__ import annotations

from pdt_evidence.verdicts.words import NETWORK_NAMES, in_words

__all__ = ["CLAIMS", "COMPARISONS", "heading", "named", "of_two"]

COMPARISONS = {
    "pdt_vs_control": "PDT against control",
    "pdt_vs_cbt": "PDT against CBT",
    "pdt_vs_active_control": "PDT against active controls",
    "pdt_vs_other_therapy": "PDT against other therapies",
    "pdt_vs_medication": "PDT against medication",
    "pdt_plus_medication_vs_medication": "PDT with medication against medication",
    "pdt_vs_combined": "PDT against combined treatment",
}
CLAIMS = {  # the article's claims, by their names in the table, in a few words
    "cochrane-depression-anxiety": "Cochrane review: eases depression, anxiety",
    "cochrane-all-outcomes": "Cochrane review: better in six outcomes",
    "cochrane-lasting": "Gains kept nine months or more",
    "archives-vs-control": "Archives review: better than control",
    "archives-vs-cbt": "Archives review: as effective as CBT",
    "archives-domains": "So in symptoms and social functioning",
    "apa-160-studies": "One meta-analysis of 160 studies",
    "apa-personality": "Substantial in personality disorders",
    "apa-ongoing-change": "Change goes on after therapy",
    "gains-increase-both": "Gains of PDT and CBT last or grow",
    "works-across-disorders": "Helps in nine kinds of disorder",
}
CONTROLS = "waitlist, usual care, placebo, minimal support"  # what `pdt_vs_control` takes in


TREATMENTS = {
    "pdt": "PDT",
    "cbt": "CBT",
    "self_help": "self-help",
    "waitlist": "waiting list",
}  # classes of treatment whose names are no words


def named(word: str) -> str:
    """A network, a comparison, or two treatments of a network, in words.

    Examples
    --------
    >>> named("cbt+medication:cbt+placebo"), named("pdt_vs_cbt")
    ('CBT with medication against CBT with placebo', 'PDT against CBT')
    """
    known = NETWORK_NAMES | COMPARISONS
    if word in known or not set(":+") & set(word):
        return known.get(word, in_words(word))
    arms = ([TREATMENTS.get(one, in_words(one)) for one in arm.split("+")] for arm in word.split(":"))
    return " against ".join(" with ".join(arm) for arm in arms)


def heading(comparison: str) -> str:
    """A comparison as a heading, which says what counts as control."""
    return f"{named(comparison)} ({CONTROLS})" if comparison == "pdt_vs_control" else named(comparison)


def of_two(studies: int, word: str = "trials") -> str:
    """What is said beside an interval of two studies: it has one degree of freedom, wide or narrow."""
    return f"two {word} settle nothing" if studies == 2 else ""
