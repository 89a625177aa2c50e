"""A table to fill in, for those who bring trials of their own."""

from __future__ import annotations

from pdt_evidence.errors import known_options
from pdt_evidence.evidence.readers.columns import trial_fields
from pdt_evidence.evidence.readers.printed_columns import PRINTED_FIELDS

__all__ = ["template"]

MADE = ("follow_up", "yi", "vi", "sei", "ci_low", "ci_high", "ci_level")  # or for tables of effects alone
TEMPLATE_ROWS = (
    {
        "study": "Example 2001 (delete this row)",
        "outcome": "depression",
        "instrument": "BDI-II",
        "rating": "self",
        "better": "lower",
        "score": "endpoint",
        "months_since_end": "0",
        "mean_t": "12.4",
        "sd_t": "8.1",
        "n_t": "30",
        "mean_c": "17.9",
        "sd_c": "8.8",
        "n_c": "28",
    },
    {
        "study": "Example 2004 (delete this row)",
        "outcome": "depression",
        "rating": "clinician",
        "better": "higher",
        "score": "events",
        "months_since_end": "6",
        "event_t": "14",
        "n_t": "51",
        "event_c": "12",
        "n_c": "50",
    },
)


@known_options
def template() -> str:
    """A CSV to fill in: every column of the schema, and two rows that show its use.

    Returns
    -------
    str
        Header and two invented example rows, comma-separated.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.template().splitlines()[0].split(",")[:4]
    ['row_id', 'trial_id', 'study', 'year']
    """
    seldom = {field.name for field in PRINTED_FIELDS}  # told by the guide to the columns
    names = [field.name for field in trial_fields() if field.name not in {*MADE, *seldom}]
    lines = [",".join(names)]
    for number, example in enumerate(TEMPLATE_ROWS, start=1):
        filled = {
            "row_id": f"R{number}",
            "trial_id": f"example{number}",
            "disorder": "depression",
            "comparison": "pdt_vs_control",
            "arm_t": "pdt",
            "arm_c": "waitlist",
            "status": "ok",
            "preferred": "true",
        } | example
        lines.append(",".join(filled.get(name, "") for name in names))
    return "\n".join(lines) + "\n"
