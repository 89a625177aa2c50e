"""Rules of `lint` on SDs that cannot both be right: of two arms, and beside the bundled trials."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from pdt_evidence.evidence.lint_rules import (
    ARMS,
    PEERS,
    Floats,
    Found,
    Rows,
    other_sds,
    scale_of,
    standard_errors,
)
from pdt_evidence.evidence.package import load

__all__ = ["SPREADS"]

SD_FOLD = 3  # SDs of the two arms of a trial, or of one scale, seldom differ by more
SCORES = ("endpoint", "change")


def _spreads(rows: Rows) -> Found:
    """Both rules, of each cell one finding; none where it looks like a standard error, which is said already."""
    said = {(at, found[0]) for at, found in standard_errors(rows)}
    for rule in (_unequal_arms, _far_from_bundled):
        for at, found in rule(rows):
            if (at, found[0]) not in said:
                said.add((at, found[0]))
                yield at, found


def _unequal_arms(rows: Rows) -> Found:
    """SDs of the two arms that differ more than threefold: one may be a standard error, or misplaced.

    As in Bateman 2009, whose IIP has 0.13 beside 0.55.
    """
    sd_t, sd_c = rows.number("sd_t"), rows.number("sd_c")
    ratio = _fold(sd_t, sd_c)
    for at in np.flatnonzero(ratio > SD_FOLD).tolist():
        arm, other = ("t", "c") if sd_t[at] < sd_c[at] else ("c", "t")
        small, large = sorted((sd_t[at], sd_c[at]))
        what = f"{small:g} is {ratio[at]:.2g} times smaller than sd_{other}, {large:g}; more than {SD_FOLD} is rare."
        yield at, (f"sd_{arm}", what, "Check both SDs, and whether one is a standard error.")


def _far_from_bundled(rows: Rows) -> Found:
    """SDs more than threefold off the usual one of the instrument in the bundled trials.

    Where the table has other trials with the scale they decide, unless all of it is far off. A scale may be
    scored as a sum or as a mean of items, so a note that explains the row is heeded.
    """
    usual_of = _bundled_sds()
    score = rows.word("score")
    keys = pd.MultiIndex.from_arrays([scale_of(rows), np.where(score == "", "endpoint", score)])
    usual = usual_of.reindex(keys).to_numpy(dtype=float)
    here, _ = other_sds(rows)
    applies = (rows.word("note") == "") & (np.isnan(here) | (_fold(here, usual) > SD_FOLD))
    for arm in ARMS:
        sd = rows.number(f"sd_{arm}")
        far = (_fold(sd, usual) > SD_FOLD) & applies
        for at in np.flatnonzero(far).tolist():
            what = (
                f"{sd[at]:g} is far from {usual[at]:.3g}, the usual SD of this scale in the bundled trials."
            )
            yield at, (f"sd_{arm}", what, "Check it, or say in note how the scale is scored.")


def _fold(one: Floats, other: Floats) -> Floats:
    """How many times the larger exceeds the smaller; NaN where one is not known or not above 0."""
    known = (one > 0) & (other > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, np.maximum(one / other, other / one), np.nan)


@cache
def _bundled_sds() -> pd.Series:
    """Median SD by scale and kind of score, of scales that several bundled trials have."""
    table = load("trials")
    table = table[(table["status"] == "ok") & table["score"].isin(SCORES) & (table["instrument"] != "")]
    scale = scale_of(Rows(table, []))
    sds = pd.concat(
        [
            pd.DataFrame(
                {
                    "scale": scale,
                    "score": table["score"],
                    "trial": table["trial_id"],
                    "sd": table[f"sd_{arm}"],
                }
            )
            for arm in ARMS
        ]
    )
    by_trial = sds.groupby(["scale", "score", "trial"])["sd"].median().groupby(["scale", "score"])
    usual, trials = by_trial.median(), by_trial.size()
    return usual[trials >= PEERS]


SPREADS = (_spreads,)
