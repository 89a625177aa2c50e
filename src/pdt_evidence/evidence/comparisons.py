"""What the two arms of a comparison are called, in words for readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["ARMS", "GENERAL", "arms_compared"]

GENERAL = ("arm 1", "control")  # where nothing says what is compared
ARMS = {
    "pdt_vs_control": ("PDT", "control"),
    "pdt_vs_cbt": ("PDT", "CBT"),
    "pdt_vs_other_therapy": ("PDT", "other therapy"),
    "pdt_vs_medication": ("PDT", "medication"),
    "pdt_plus_medication_vs_medication": ("PDT + medication", "medication"),
    "pdt_vs_active_control": ("PDT", "active control"),
    "pdt_vs_combined": ("PDT", "combined treatment"),
}


def arms_compared(stratum: Mapping[str, str], columns: Mapping[str, Iterable[object]]) -> tuple[str, str]:
    """Names of both arms: by the comparison of a stratum, or the one that all its rows have.

    Examples
    --------
    >>> arms_compared({"comparison": "pdt_vs_cbt"}, {}), arms_compared({}, {})
    (('PDT', 'CBT'), ('arm 1', 'control'))
    """
    known = stratum.get("comparison", "")
    found = {known} if known else set(map(str, columns.get("comparison", ())))
    return ARMS.get(found.pop(), GENERAL) if len(found) == 1 else GENERAL
