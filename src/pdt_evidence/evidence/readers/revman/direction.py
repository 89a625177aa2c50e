"""Which direction is good in an analysis: as the review prints it under its plot, else as its outcome is known.

Labels ("Favours treatment") that stand on the wrong side turn every effect of an analysis; where they contradict what
is known of the outcome or the event, they are still the review's own words and hold, and the contradiction is said.
Lines of a user's own mapping come before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pdt_evidence.evidence.readers.names import Names, Rule
from pdt_evidence.evidence.readers.revman.review import Analysis

__all__ = ["OPPOSITE", "contradictions", "direction", "known_direction"]

OPPOSITE = {"lower": "higher", "higher": "lower"}
NEGATED = re.compile(r"\b(?:no|not|non|without|fail\w*|lack)\b", re.IGNORECASE)

TREATMENT = ("experimental", "treatment", "intervention", "therapy", "psychother", "stpp", "psychodyn")
CONTROL = ("control", "usual", "placebo", "wait", "comparison", "comparator", "no treatment", "tau")


def _side(text: str, analysis: Analysis) -> str:
    """Which arm a "Favours ..." under the plot names: "t", "c", or "" if it cannot be told."""
    plain = text.lower().replace("favors", "favours").partition("favours")[2].strip()
    if not plain:
        return ""
    own = {"t": analysis.label_t.lower().strip(), "c": analysis.label_c.lower().strip()}
    named = [side for side, label in own.items() if label and (label in plain or plain in label)]
    if len(named) == 1:
        return named[0]
    if any(word in plain for word in CONTROL):
        return "c"
    return "t" if any(word in plain for word in TREATMENT) else ""


def direction(analysis: Analysis, names: Names) -> str:
    """Whether a lower or a higher score (or fewer or more events) is good: "" where nothing says so."""
    rule = _rule_of_outcome(analysis, names)
    if rule and rule.better and names.is_own(rule):
        return rule.better
    return _shown(analysis) or (rule.better if rule else "")


def _rule_of_outcome(analysis: Analysis, names: Names) -> Rule | None:
    return names.find("outcome", analysis.outcome, analysis.comparison)


def _shown(analysis: Analysis) -> str:
    """The direction that the labels under the plot show."""
    left, right = _side(analysis.favours_left, analysis), _side(analysis.favours_right, analysis)
    if left != right and (left or right):
        lower = left == "t" or right == "c"
        shown = "lower" if lower else "higher"
        return OPPOSITE[shown] if analysis.swap_events else shown
    return ""


def known_direction(analysis: Analysis, names: Names) -> str:
    """The direction that is good of a known outcome, or of a known event where persons are counted."""
    if analysis.kind != "dichotomous":
        rule = names.find("outcome", analysis.outcome)
    elif NEGATED.search(analysis.outcome):
        return ""  # "no response": the event is known by a word that it denies
    else:
        rule = names.find("event", analysis.outcome)
    return rule.better if rule else ""


def contradictions(analyses: Iterable[Analysis], names: Names) -> list[tuple[Analysis, str]]:
    """The analyses whose labels say the opposite of what is known, and what they say."""
    found = []
    for analysis in analyses:
        shown, known = direction(analysis, names), known_direction(analysis, names)
        if _shown(analysis) and shown and known and shown != known:
            what = "more events are" if analysis.kind == "dichotomous" else "higher scores are"
            what = what if shown == "higher" else what.replace("more", "fewer").replace("higher", "lower")
            found.append((analysis, f"{what} better, but of {analysis.outcome!r} it is the other way round"))
    return found
