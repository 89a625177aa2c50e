"""The columns of Metapsy databases under one name each, whichever release they come from.

Standard: https://docs.metapsy.org/data-preparation/format/. Older releases name arms `_trt1` and
`_trt2` or `_ig` and `_cg`, and use the words of the first database ("Post_M", "Improved_N").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pdt_evidence.errors import SchemaError
from pdt_evidence.evidence.minus import plain_minus

__all__ = ["DOMAINS", "MISSING", "RATINGS", "canonical_columns", "to_number"]

ARM = re.compile(r"^(?P<stem>.+?)[_.]?(?P<arm>arm1|arm2|trt1|trt2|ig|cg)$")
SIDES = {"arm1": "arm1", "trt1": "arm1", "ig": "arm1", "arm2": "arm2", "trt2": "arm2", "cg": "arm2"}
DOMAINS = ("d1", "d2", "d3", "d4", "d5")  # of RoB 2, in its order
RATINGS = {
    "sr": "self",
    "self": "self",
    "self-report": "self",
    "self-reported": "self",
    "self report": "self",
    "cr": "clinician",
    "clinician": "clinician",
    "clinician-rated": "clinician",
}
STEMS = {
    "post_m": "mean",
    "post_sd": "sd",
    "post_n": "n",
    "m": "mean",
    "change_m": "mean_change",
    "change_sd": "sd_change",
    "change_n": "n_change",
    "improved_n": "event",
    "rand_n": "totaln",
    "total_n": "totaln",
    "cond_spec": "condition",
    "multiple_arms": "multi",
}
WHOLE = {
    "outc_measure": "instrument",
    "outc_type": "outcome_type",
    "sr_clinician": "rating",
    "outcome": "outcome_domain",
    "symptom_domain": "outcome_domain",
    "rob_overall": "rob",
    "n_sessions_arm1": "n_sessions",
    "disorder": "diagnosis",
    "es": ".g",
    "se": ".g_se",
    ".log_rr_se": ".log_rr_se",
}
NEEDED = ("study", "condition_arm1", "condition_arm2")
MISSING = frozenset({"", "na", "nan", "n/a", "-", ".", "nr", "none", "null", "missing"})
DECIMAL_COMMA = re.compile(r"^[+-]?\d*(?:\.\d{3})*,\d+(?:[eE][+-]?\d+)?$")


def canonical_columns(names: Sequence[str], where: str) -> dict[str, str]:
    """Name in the standard -> name in the file; the standard's own spelling wins over older ones.

    Raises
    ------
    SchemaError
        If the columns are not those of a wide Metapsy database.
    """
    found: dict[str, str] = {}
    exact = {name for name in names if _canonical(name) == name}
    for name in names:
        ours = _canonical(name)
        if ours and (ours not in found or name in exact):
            found[ours] = name
    missing = [name for name in NEEDED if name not in found]
    if missing:
        long = (
            " It has one row an arm; give the wide form, one row a comparison."
            if "condition" in found
            else ""
        )
        raise SchemaError(
            f"{where}: expected a database in the Metapsy standard; there is no column {', '.join(missing)}.{long}"
        )
    return found


def _canonical(name: str) -> str:
    plain = name.strip().lower().replace(" ", "_")
    if plain in WHOLE:
        return WHOLE[plain]
    arm = ARM.match(plain)
    if arm is None or plain.startswith("descr"):
        return plain
    stem = arm["stem"].replace(".", "_") if not arm["stem"].startswith(".") else arm["stem"]
    joined = f"{STEMS.get(stem, stem)}_{SIDES[arm['arm']]}"
    return WHOLE.get(joined, "n_sessions" if joined == "n_sessions_arm1" else joined)


def to_number(text: str) -> float | None:
    """A number with decimal point or comma; NaN where the database says nothing; None for no number."""
    text = plain_minus(text.strip())
    if text.lower() in MISSING:
        return float("nan")
    if DECIMAL_COMMA.match(text):
        text = text.replace(".", "").replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e300 and "_" not in text else None
