"""Effects that their own rows no longer give: cells were changed after `yi` was computed of them.

A table that went through `effect_sizes` has its effects, so nothing computes them again. Whoever then corrects a
mean would pool the old effect.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, numbers_in, words_in
from pdt_evidence.effects.bases import FORMULAS, plain_basis
from pdt_evidence.effects.inputs import BASES, Inputs
from pdt_evidence.effects.ratios import ZERO_CELLS
from pdt_evidence.errors import warn
from pdt_evidence.evidence.repeats import named_row
from pdt_evidence.formatting import counted

__all__ = ["effects_of_now", "tell_stale"]

BASIS_OF = {"means": "means", "change": "means", "events": "events", "reported g": "printed"}  # by `yi_basis`
PLAIN = {"vtype": "LS", "double_zero": "keep"}
CLOSE = 1e-6  # of an effect with all its digits
FEWEST_DECIMALS, MOST_DECIMALS = 2, 5  # that files are written with
MOST_TOLD = 5


def effects_of_now(table: pd.DataFrame) -> Array:
    """For each row whose `yi` its means, its events or its printed g no longer give: what they give now; else NaN.

    An effect that they now do not give at all is inf. A row is not judged where the columns of its arms have other
    names, where it comes of anything else or is made of several (`rows`, as `aggregate_rows` and `studies` count
    them), and by size alone where no column says which way is better.
    """
    now = np.full(len(table), np.nan)
    if not {"yi", "yi_basis", "measure"} <= set(table.columns):
        return now
    yi, measures = numbers_in(table, "yi"), words_in(table, "measure")
    yi = np.where(numbers_in(table, "rows") > 1, np.nan, yi)
    basis = np.array([BASIS_OF.get(plain_basis(word), "") for word in words_in(table, "yi_basis").tolist()])
    for name, measure in product(("means", "events"), dict.fromkeys(measures.tolist())):
        rows = np.flatnonzero((basis == name) & (measures == measure) & ~np.isnan(yi))
        if len(rows) and (name, measure) in FORMULAS and set(BASES[name]) <= set(table.columns):
            now[rows] = _if_other(table, rows, name, measure)
    printed = (basis == "printed") & ~np.isnan(yi)
    now[printed] = _unless_same(yi[printed], numbers_in(table, "reported")[printed])
    return now


def _if_other(table: pd.DataFrame, rows: NDArray[np.intp], name: str, measure: str) -> Array:
    inputs = Inputs(len(rows), {role: numbers_in(table, role)[rows] for role in BASES[name]}, {})
    yi, signed = numbers_in(table, "yi")[rows], "better" in table.columns
    sign = np.where(words_in(table, "better")[rows] == "lower", -1.0, 1.0) if signed else np.ones(len(rows))
    now = np.full(len(rows), np.inf)
    # Which rule for zero cells the table was made with is not in it: an effect by any of them is no old one.
    for rule in reversed(ZERO_CELLS if name == "events" else ZERO_CELLS[:1]):
        new = FORMULAS[name, measure](inputs, PLAIN | {"zero_cells": rule})[0] * sign
        other = _unless_same(yi, new) if signed else _unless_same(np.abs(yi), np.abs(new))
        now = np.where(np.isnan(now), now, other)
    return now


def _unless_same(yi: Array, new: Array) -> Array:
    """The new effects where they are other ones: inf where there is none, NaN where they are the same."""
    same = np.abs(yi - new) <= np.maximum(CLOSE * np.maximum(1.0, np.abs(yi)), _rounding(yi))
    return np.where(same, np.nan, np.where(np.isnan(new), np.inf, new))


def _rounding(yi: Array) -> Array:
    """By how much an effect may be off as a file wrote it with few decimals; 0 where it has more.

    A last digit may be 0: an effect has no fewer decimals than most of the others.
    """
    if not len(yi):
        return yi
    decimals = range(FEWEST_DECIMALS, MOST_DECIMALS + 1)
    own = np.select(
        [np.abs(np.round(yi, places) - yi) < 1e-12 for places in decimals], decimals, MOST_DECIMALS + 1
    )
    places = np.maximum(own, np.median(own))
    return np.where(places > MOST_DECIMALS, 0.0, 0.501 * 10.0**-places)


def tell_stale(table: pd.DataFrame) -> None:
    """Warn of the effects that the row itself no longer gives; they are pooled as they stand."""
    now = effects_of_now(table)
    at = np.flatnonzero(~np.isnan(now))
    if not len(at):
        return
    ids, studies, yi = (table[name].tolist() for name in ("row_id", "study", "yi"))
    told = [
        f"{named_row(ids[i], studies[i])}: yi is {yi[i]:.4g}, its row gives "
        f"{'none' if np.isinf(now[i]) else f'{now[i]:.4g}'}"
        for i in at[:MOST_TOLD]
    ]
    more = f"; and {len(at) - MOST_TOLD} more" if len(at) > MOST_TOLD else ""
    warn(
        f"The effect of {counted(len(at), 'row')} is not what the means, events or printed g beside it give, and is "
        f"pooled as it stands: {'; '.join(told)}{more}. Was the row changed after the effects were computed? "
        "effect_sizes(table) computes them again; is yi meant as it is, drop the column yi_basis."
    )
