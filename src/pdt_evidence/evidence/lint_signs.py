"""The rule of `lint` on scores whose good direction differs from that of the other rows: a sign turned by a slip."""

from __future__ import annotations

import numpy as np

from pdt_evidence.evidence.lint_rules import Found, Rows, first_of

__all__ = ["SIGN_RULES"]


def _directions(rows: Rows) -> Found:
    """Means of one outcome and instrument whose `better` is not that of most of them, or, of two, of the first."""
    better, code = rows.word("better"), rows.code("better")
    same = rows.together("outcome", "outcome_label", "instrument")
    known = (code >= 0) & (rows.code("outcome") >= 0) & ~np.isnan(rows.number("mean_t"))
    for group in np.unique(same[known]).tolist():
        inside = np.flatnonzero(known & (same == group))
        words, counts = np.unique(better[inside].astype(str), return_counts=True)
        if len(words) != 2:
            continue
        first = str(better[inside[0]])
        usual = first if counts[0] == counts[1] else str(words[np.argmax(counts)])
        home = int(inside[first_of(code[inside])][better[inside] == usual][0])
        for at in inside[better[inside] != usual].tolist():
            what = f"{better[at]!r}, where {rows.places[home]} has {usual!r} of the same outcome."
            fix = "One of them turns the sign of its effect: correct it, or name the scale of each in instrument."
            yield at, ("better", what, fix)


SIGN_RULES = (_directions,)
