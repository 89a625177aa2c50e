"""How each moderator is read off a table: the codes of many sources made one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pdt_evidence.showing import Brief

__all__ = ["MODERATORS", "UNKNOWN", "Moderator", "harmonised_rob"]

UNKNOWN = "unknown"
CONTROLS = {
    "waitlist": "waitlist",
    "care_as_usual": "care as usual",
    "enhanced_care_as_usual": "care as usual",
    "pill_placebo": "placebo",
    "psychological_placebo": "placebo",
    "other_control": "other control",
    "active_control": "active control",
}
FORMATS = {
    "individual": "individual, in person",
    "face_to_face": "individual, in person",
    "guided_self_help": "self-help",
    "unguided_self_help": "self-help",
    "": UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Moderator(Brief):
    """How a moderator is read off the rows: as words (levels) or as a number (slope)."""

    name: str
    read: Callable[[pd.DataFrame], pd.Series]
    columns: tuple[str, ...]  # that it reads
    unit: str = ""  # of a slope; "" for words
    rule: str = ""  # how the source's codes were made one


def harmonised_rob(table: pd.DataFrame) -> pd.Series:
    """Risk of bias as "low", "not low" or "unknown", the only distinction that the tools in use share.

    Overall words of RoB 2 are taken as they are ("some concerns" and "high" are not low). The depression
    release counts the items met, 0 to 4: 4 is low. Every other code is unknown, as its scale is not documented.
    """
    words = {"low": "low", "some concerns": "not low", "high": "not low", "high risk": "not low"}
    tool, code = table["rob_tool"].fillna(""), table["rob"].fillna("").astype(str).str.strip().str.lower()
    by_word = code.map(words)
    counted = pd.to_numeric(code, errors="coerce")
    by_count = pd.Series(np.where(counted >= 4, "low", "not low"), index=table.index)
    of_four = tool.eq("RoB1 (4 items, 0-4)") & counted.notna()
    return by_count.where(of_four, by_word.where(by_word.notna(), UNKNOWN))


def _words(column: str, codes: Mapping[str, str], other: str = "") -> Callable[[pd.DataFrame], pd.Series]:
    """Codes of a column made one; what is not listed is `other`, or itself where that is ""."""

    def read(table: pd.DataFrame) -> pd.Series:
        values = table[column].fillna("").astype(str)
        rest = other if other else values.str.replace("_", " ")
        return values.map(codes).where(values.isin(list(codes)), rest)

    return read


def _number(column: str, centre: float, per: float) -> Callable[[pd.DataFrame], pd.Series]:
    def read(table: pd.DataFrame) -> pd.Series:
        return (pd.to_numeric(table[column], errors="coerce").astype(float) - centre) / per

    return read


MODERATORS: dict[str, Moderator] = {
    "control": Moderator(
        name="control",
        read=_words("arm_c", CONTROLS),
        columns=("arm_c",),
        rule="Enhanced care as usual counts as care as usual; pill and psychological placebo are one.",
    ),
    "waitlist": Moderator(
        name="waitlist",
        read=_words("arm_c", {"waitlist": "waitlist", "": UNKNOWN}, other="any other control"),
        columns=("arm_c",),
        rule="The one contrast of controls that was expected: a waiting list against every other control.",
    ),
    "rating": Moderator(
        name="rating", read=_words("rating", {"": UNKNOWN, UNKNOWN: UNKNOWN}), columns=("rating",)
    ),
    "risk of bias": Moderator(
        name="risk of bias",
        read=harmonised_rob,
        columns=("rob_tool", "rob"),
        rule="Low: RoB 2 overall low, or 4 of the 4 items of the depression release; not low: any other value "
        "of these two; unknown: every other tool and code, whose scale is not documented.",
    ),
    "format": Moderator(
        name="format",
        read=_words("format", FORMATS, other="other or combined"),
        columns=("format",),
        rule="Self-help is guided or not; group, family and combined formats are one.",
    ),
    "year": Moderator(name="year", read=_number("year", 2010, 10), columns=("year",), unit="per 10 years"),
    "sessions": Moderator(
        name="sessions", read=_number("n_sessions", 16, 10), columns=("n_sessions",), unit="per 10 sessions"
    ),
}
