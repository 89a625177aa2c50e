"""Coded words as readers know them: outcomes, windows, comparisons and columns."""

from __future__ import annotations

from collections.abc import Mapping

from pdt_evidence.evidence.comparisons import ARMS

__all__ = ["WINDOWS", "WORDS", "heading", "inner", "spoken", "told", "within"]

WINDOWS = {
    "post": "End of treatment",
    "short": "Short-term follow-up",
    "medium": "Medium-term follow-up",
    "long": "Long-term follow-up",
    "unknown": "Time of assessment unknown",
}
WORDS = (
    WINDOWS
    | {
        "ptsd_symptoms": "PTSD symptoms",
        "ptsd": "PTSD",
        "rob": "Risk of bias",
        "rob_tool": "Risk-of-bias tool",
        "arm_t": "Treatment arm",
        "arm_c": "Comparison arm",
        "n_sessions": "Number of sessions",
        "n_total": "Number of patients",
        "n_t": "Number of patients treated",
        "n_c": "Number of patients compared",
        "percent_women": "Women (%)",
        "treatment_weeks": "Weeks of treatment",
        "months_since_start": "Months since the start of treatment",
        "months_since_end": "Months since the end of treatment",
        "pdt_plus_medication_vs_medication": "PDT + medication versus medication",
    }
    | {name: f"PDT versus {other}" for name, (arm, other) in ARMS.items() if arm == "PDT"}
)
# Columns whose words say of themselves what they are; "self" or "3" needs the column's name before it.
PLAIN = (
    "comparison",
    "outcome",
    "outcome_label",
    "event_label",
    "follow_up",
    "time_label",
    "disorder",
    "country",
    "instrument",
    "study",
    "trial_id",
    "source_id",
    "arm_t",
    "arm_c",
    "arm_t_label",
    "arm_c_label",
    "network",
    "evidence",
    "moderator",
    "level",
)
SHORT = ("pdt", "cbt", "dbt", "eaet", "asa")  # arms whose names are abbreviations


def spoken(word: str) -> str:
    """A coded word as a reader knows it.

    Examples
    --------
    >>> spoken("general_symptoms"), spoken("pdt+medication"), spoken("post")
    ('General symptoms', 'PDT + medication', 'End of treatment')
    """
    if word in WORDS:
        return WORDS[word]
    parts = [part.strip() for part in str(word).replace("_", " ").split("+")]
    text = " + ".join(
        " ".join(one.upper() if one.lower() in SHORT else one for one in part.split(" ")) for part in parts
    )
    return text[:1].upper() + text[1:]


def told(column: str, word: str) -> str:
    """A word of a column as a heading has it, after the column's name where it says nothing by itself.

    Examples
    --------
    >>> told("outcome", "depression"), told("rating", "self"), told("dose", "3"), told("format", "")
    ('Depression', 'Rating: self', 'Dose: 3', 'Format: not stated')
    >>> told("follow_up", "unknown"), told("rating", "unknown")
    ('Time of assessment unknown', 'Rating: unknown')
    """
    # A short therapy is no short-term follow-up.
    coded = word not in WINDOWS or column in ("", "follow_up")
    text = (spoken(word) if coded else word) or "Not stated"
    if not column or column in PLAIN:
        return text
    return f"{spoken(column)}: {text if _is_name(word) else inner(text)}"


def within(column: str, word: str) -> str:
    """The same inside a sentence; what the source wrote with a capital keeps it.

    Examples
    --------
    >>> within("outcome", "depression"), within("outcome", "Death after Surgery"), within("rating", "self")
    ('depression', 'Death after Surgery', 'rating: self')
    """
    text = told(column, word)
    return text if _is_name(word) and text.startswith(word[:1]) and column in (*PLAIN, "") else inner(text)


def _is_name(word: str) -> bool:
    return word[:1].isupper()


def heading(stratum: Mapping[str, str], inside: bool = False) -> str:
    """The words of a stratum on one line, as a title or inside a sentence."""
    pairs = [(name, word) for name, word in stratum.items() if word]
    if not pairs:
        return ""
    first = (within if inside else told)(*pairs[0])
    others = ", ".join(within(*pair) for pair in pairs[1:])
    between = ": " if "comparison" in stratum else ", "
    return first + between + others if others else first


def inner(text: str) -> str:
    """The same words inside a sentence: lower-case first letter unless it begins an abbreviation."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
