"""Comparisons and networks in the words of the report."""

from __future__ import annotations

from pdt_evidence.verdicts.words import NETWORK_NAMES, in_words

__all__ = ["COMPARISONS", "heading", "named"]

COMPARISONS = {
    "pdt_vs_control": "PDT against control",
    "pdt_vs_cbt": "PDT against CBT",
    "pdt_vs_active_control": "PDT against active controls",
    "pdt_vs_other_therapy": "PDT against other therapies",
    "pdt_vs_medication": "PDT against medication",
    "pdt_plus_medication_vs_medication": "PDT with medication against medication",
    "pdt_vs_combined": "PDT against combined treatment",
}
CONTROLS = "waitlist, usual care, placebo, minimal support"  # what `pdt_vs_control` takes in


def named(word: str) -> str:
    """A network or comparison in words."""
    return (NETWORK_NAMES | COMPARISONS).get(word, in_words(word))


def heading(comparison: str) -> str:
    """A comparison as a heading, which says what counts as control."""
    return f"{named(comparison)} ({CONTROLS})" if comparison == "pdt_vs_control" else named(comparison)
