"""Which way the effects of a Metapsy database point: decided from its own arm data, and said.

Databases differ. In some `.g` is arm 1 less arm 2 as it stands, so that on symptom scales
below 0 favours arm 1; in others it was turned already, so that above 0 does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import require_choice
from pdt_evidence.formatting import counted

__all__ = ["SMALL", "Convention", "contradicted", "decide", "scale_directions"]

Array = NDArray[np.float64]
SIGNS = ("+", "-")
AGREEMENT = 0.8  # of the rows, on which a decision may rest
SMALL = 0.05  # effects nearer to 0 than this may have either sign by rounding
APART = (0.3, 0.3)  # SDs, and share of the larger, by which two computations of one effect may differ
FEWEST = 2  # rows; one may be a slip


@dataclass(frozen=True, slots=True)
class Convention:
    """How to turn `.g` so that above 0 favours arm 1."""

    kind: str  # favours: + is good for arm 1; against: - is; difference: arm 1 less arm 2; unknown
    why: str

    def turn(self, better: str) -> float:
        """What `.g` is multiplied by on a scale where `better` is good; 0 if that cannot be known."""
        if self.kind == "difference":
            return {"lower": -1.0, "higher": 1.0}.get(better, 0.0)
        return {"favours": 1.0, "against": -1.0}.get(self.kind, 0.0)


def decide(g: Array, difference: Array, sign: str | None) -> Convention:
    """The convention of a database.

    Parameters
    ----------
    g : ndarray
        Its own effects; NaN where it has none.
    difference : ndarray
        Mean of arm 1 less mean of arm 2 of the same rows; NaN without means.
    sign : {"+", "-"} or None
        What the user says: the sign that favours arm 1. None: decide.
    """
    if sign is not None:
        require_choice("sign", sign, SIGNS)
        return Convention("favours" if sign == "+" else "against", f"given: {sign} favours arm 1")
    use = np.isfinite(g) & np.isfinite(difference) & (np.abs(g) > SMALL) & (difference != 0)
    rows = int(use.sum())
    if rows < FEWEST:
        return Convention(
            "unknown",
            f"not decided: {counted(rows, 'row')} {'has' if rows == 1 else 'have'} both means and .g",
        )
    same = int((np.sign(g[use]) == np.sign(difference[use])).sum())
    if same >= AGREEMENT * rows:
        return Convention(
            "difference",
            f".g is arm 1 less arm 2 in {same} of {counted(rows, 'row')} with means: "
            "where lower scores are better, below 0 favours arm 1",
        )
    if rows - same >= AGREEMENT * rows:
        return Convention(
            "favours",
            f".g is arm 2 less arm 1 in {rows - same} of {counted(rows, 'row')} with means: above 0 favours arm 1",
        )
    return Convention(
        "unknown", f"not decided: .g is arm 1 less arm 2 in {same} of {counted(rows, 'row')} with means"
    )


def scale_directions(
    instruments: Sequence[str], g: Array, difference: Array, convention: Convention
) -> dict[str, str]:
    """For databases whose `.g` favours: the direction that is good on each instrument, by majority."""
    if convention.kind not in ("favours", "against"):
        return {}
    towards = 1.0 if convention.kind == "favours" else -1.0
    use = np.isfinite(g) & np.isfinite(difference) & (np.abs(g) > SMALL) & (difference != 0)
    votes: dict[str, float] = {}
    for at, vote in zip(
        np.flatnonzero(use).tolist(), np.sign(g * towards)[use] * np.sign(difference)[use], strict=True
    ):
        votes[instruments[at]] = votes.get(instruments[at], 0.0) + float(vote)
    return {name: "higher" if vote > 0 else "lower" for name, vote in votes.items() if vote}


def contradicted(g: Array, from_means: Array) -> tuple[NDArray[np.bool_], bool]:
    """The rows whose means give an effect of another size than the database's own, and whether most do."""
    own, ours = np.abs(g), np.abs(from_means)
    both = np.isfinite(own) & np.isfinite(ours)
    with np.errstate(invalid="ignore"):
        apart = both & (np.abs(own - ours) > APART[0] + APART[1] * np.fmin(own, ours))
    return apart, bool(both.sum() >= FEWEST and 2 * apart.sum() > both.sum())
