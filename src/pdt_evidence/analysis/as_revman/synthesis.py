"""A table of trials pooled stratum by stratum as Review Manager pools (`style="revman"`).

Scores by inverse variance, events by Mantel-Haenszel or Peto, random effects by DerSimonian and
Laird, Wald intervals; of a review that was read from its file measure, model and method are its own.
Every row counts, as in a review: rows of one trial are not combined, which is why this is for comparing
with a review and not the default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from pdt_evidence.analysis.as_revman.pooling import RevmanPool, effects_as_revman, pool_as_revman
from pdt_evidence.analysis.pooled.rows_to_pool import (
    OWN_FIELDS,
    check_table,
    nothing_gives,
    tell_left_out,
    with_names,
)
from pdt_evidence.analysis.pooled.usual_strata import with_strata
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.bases import from_basis
from pdt_evidence.effects.given import given_effects
from pdt_evidence.effects.inputs import BASES, read_inputs
from pdt_evidence.effects.inputs import MEASURES as OF_EFFECTS
from pdt_evidence.effects.left_out import rows_left_out, together
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import SchemaError, require_choice
from pdt_evidence.evidence.readers.events import measures_of_review, settings_of_review
from pdt_evidence.formatting import as_word
from pdt_evidence.results import Note, PooledEffect, Synthesis

__all__ = ["EVENT_METHODS", "synthesize_as_revman"]

MEASURES = ("SMD", "MD", "OR", "RR", "RD")
OF_KIND = {"means": ("SMD", "MD"), "events": ("OR", "RR", "RD")}  # the first is the default
KINDS = {"means": "continuous", "events": "dichotomous", "effect": "generic"}
EVENT_METHODS = ("MH", "IV", "PETO")
MEANS, EVENTS = BASES["means"], BASES["events"]
HOLDS = {"means": "means", "events": "events", "effect": "effects that are given"}
ARMS = {"means": MEANS, "events": EVENTS}
AS_EFFECTS = {"vtype": "LS", "zero_cells": "only-zero", "double_zero": "keep"}  # `effect_sizes` by default
NOT_ESTIMABLE = "nobody had the event, or everybody: not estimable, as Review Manager says"
NOT_COMBINED = Note(
    "rows-not-combined", "Pooled as Review Manager pools: rows of one trial are not combined."
)
DIFFERS = Note(
    "review-differs", "The analyses pooled here have different measures, models or methods in their review."
)


class _Model(NamedTuple):
    """How a stratum is pooled."""

    measure: str
    method: str  # MH, IV, PETO
    random: bool
    estimator: str = "DL"
    interval: str = "wald"

    @property
    def name(self) -> str:
        return f"{self.method}{f', {self.estimator}' if self.random else ''}"


def synthesize_as_revman(
    table: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    measure: str | None = None,
    events: str | None = None,
    random: bool | None = None,
    level: float = 0.95,
) -> Synthesis:
    """Pool each stratum as Review Manager does.

    Parameters
    ----------
    table : DataFrame
        One row a contrast, as `read_revman` or `read_trials` gives it.
    by : str or list of str, optional
        Columns whose combinations are the strata; default: `outcome` and `follow_up`, as far as the table has them.
    measure : {"SMD", "MD", "OR", "RR", "RD"}, optional
        For strata with means (the first two) or with events and no means (the others); a stratum whose data do not
        give it is pooled by its own measure, and a note says so. What is not given, here and below, is what the
        review itself does, if the table was read from one and its analyses in a stratum agree; else "SMD" and "OR".
    events : {"MH", "IV", "PETO"}, optional
        How events are pooled; else "MH". Peto's is an odds ratio and has one common effect.
    random : bool, optional
        Random effects (by DerSimonian and Laird unless the review says REML); else one common effect.
    level : float
        Of the intervals.

    Returns
    -------
    Synthesis
        Effects above 0 favour arm 1, as everywhere in this library. Strata that have neither means
        nor events are pooled by inverse variance from their reported effects, as SMDs. Rows that
        their stratum's method cannot use are in `left_out`.

    Raises
    ------
    EvidenceError
        If a column of `by` is missing or has blank cells, an option is unknown, the data are such as
        `effect_sizes` refuses, or no row can be pooled.
    """
    if measure is not None:
        require_choice("measure", measure, MEASURES)
    if events is not None:
        require_choice("events", events, EVENT_METHODS)
    given = given_columns(table)
    table, by = with_strata(table, by)
    check_table(table, by, given)
    table = with_names(table)
    reviewed, of_events = settings_of_review(table), measures_of_review(table)
    table, lost = _checked(table)
    strata: dict[tuple[str, ...], PooledEffect] = {}
    excluded = []
    for key, rows in pd.DataFrame(table).groupby(list(by), sort=False):
        words = tuple(as_word(word) for word in (key if isinstance(key, tuple) else (key,)))
        own = _own_model(rows, reviewed)
        rows, used, kind = _usable(rows, lost, str((own or {}).get("measure") or measure or "SMD"))
        one = {"measure": of_events[0]} if kind == "events" and len(of_events) == 1 else {}
        model = _model(used, kind, own or one, measure, events, random)
        if kind == "events" and model.measure != "RD":  # a difference of 0 is known of arms that are alike
            used = used[~_all_alike(used)]
        rest = rows.loc[~rows.index.isin(used.index)]
        excluded.append(rows_left_out(rest, _why(rest, kind, lost)))
        if len(used):
            stratum = dict(zip(by, words, strict=True))
            used = used if kind == "effect" else used.assign(yi_basis=kind)
            fit = _stratum(used, kind, stratum, model, level)
            notes = (*fit.notes, *([DIFFERS] if own == {} else []), *_another_measure(measure, model, kind))
            strata[words] = replace(fit, notes=notes)
    left_out = together(*excluded)
    if not strata:
        what = "There is nothing to pool: no row has means, events or a reported effect that can be pooled"
        raise nothing_gives(left_out, what)
    tell_left_out(left_out)
    return Synthesis(
        by=by,
        strata=strata,
        left_out=left_out,
        measure=_said([fit.measure for fit in strata.values()]),
        method=_said([fit.method for fit in strata.values()]),
        test=_said([fit.test for fit in strata.values()]),
        level=level,
        dependence="none (style 'revman')",
    )


def _checked(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table with its arm data as numbers, refused as `effect_sizes` refuses it; why rows have none of a kind."""
    table = table.reset_index(drop=True)
    of_arms = any(set(names) <= set(table.columns) for names in (MEANS, EVENTS))
    if {"yi", "vi"} <= set(table.columns) and not of_arms:
        return table, pd.DataFrame("", index=table.index, columns=list(ARMS))
    inputs = read_inputs(table, "SMD", {})
    words = [
        name
        for name in dict.fromkeys((*MEANS, *EVENTS))
        if name in table and not is_numeric_dtype(table[name])
    ]
    lost = {kind: from_basis(kind, inputs, "SMD", AS_EFFECTS).reason for kind in ARMS}
    return table.assign(**{name: inputs[name] for name in words}), pd.DataFrame(lost, index=table.index)


def _said(words: Sequence[str]) -> str:
    return " / ".join(dict.fromkeys(words))


def _own_model(rows: pd.DataFrame, reviewed: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """What the review does in the analyses of a stratum; {} where they differ, None where there is no review."""
    if not reviewed or "analysis" not in rows.columns:
        return None
    own = [reviewed.get(str(number), {}) for number in rows["analysis"].unique()]
    return own[0] if all(one == own[0] for one in own) else {}


def _model(
    rows: pd.DataFrame,
    kind: str,
    own: dict[str, Any],
    measure: str | None,
    events: str | None,
    random: bool | None,
) -> _Model:
    """What was asked for, else what the review does, else the defaults."""
    if kind == "effect":
        measure = str(rows["measure"].iloc[0]) if "measure" in rows.columns and len(rows) else "SMD"
    else:
        asked = (str(word) for word in (measure, own.get("measure"), OF_KIND[kind][0]))
        measure = next(word for word in asked if word in OF_KIND[kind])
    method = (events or own.get("method") or "MH") if kind == "events" else "IV"
    if method == "PETO":
        return _Model("OR", method, False)
    if random is None:
        random = own.get("random")
    exact = (own.get("estimator", "DL"), own.get("interval", "wald"))
    return _Model(measure, method, random is not False, *exact)


def _another_measure(asked: str | None, model: _Model, kind: str) -> tuple[Note, ...]:
    """That a stratum could not be pooled by the measure that was asked for, and why."""
    if asked in (None, model.measure):
        return ()
    peto = model.method == "PETO" and asked in OF_KIND["events"]
    why = "Peto's method is one of odds ratios" if peto else f"the stratum holds {HOLDS[kind]}"
    text = f"Pooled as {model.measure}, not as {asked}, which was asked for: {why}."
    return (Note("another-measure", text),)


def _usable(rows: pd.DataFrame, lost: pd.DataFrame, measure: str) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """All rows; those of the first kind of data that a stratum has; and the name of that kind."""
    for kind in ARMS:
        usable = _complete(rows, kind) & lost.loc[rows.index, kind].eq("")
        if usable.any():
            return rows, rows[usable], kind
    try:
        measure = measure if measure in OF_EFFECTS else "SMD"
        given = {"yi", "vi"} <= set(rows.columns)
        with_effects = given_effects(rows) if given else effect_sizes(rows, measure)
    except SchemaError:
        return rows.assign(yi_reason=None), rows.iloc[:0], "effect"
    if "yi_reason" not in with_effects:
        with_effects = with_effects.assign(yi_reason=None)
    return with_effects, with_effects[with_effects["yi"].notna() & with_effects["vi"].notna()], "effect"


def _complete(rows: pd.DataFrame, kind: str) -> pd.Series:
    """Rows that have every number of this kind of data."""
    names = list(ARMS[kind])
    if not set(names) <= set(rows.columns):
        return pd.Series(False, index=rows.index)
    return rows[names].notna().all(axis=1)


def _why(rest: pd.DataFrame, kind: str, lost: pd.DataFrame) -> pd.Series:
    """Why each of these rows is not pooled in its stratum, which has data of that kind."""
    if kind == "effect":
        return rest["yi_reason"].fillna("no effect with its variance")
    other, has = {"means": ("events", "counts persons"), "events": ("means", "has means")}[kind]
    why = pd.Series(f"the stratum is of {kind}; the row has none", index=rest.index)
    own = lost.loc[rest.index, kind]
    why = why.mask(own.ne(""), own)
    another = _complete(rest, other) & ~_complete(rest, kind)
    why = why.mask(another, f"the stratum is of {kind}; the row {has}")
    return why.mask((kind == "events") & _all_alike(rest) & own.eq(""), NOT_ESTIMABLE)


def _all_alike(rows: pd.DataFrame) -> pd.Series:
    """Rows in which nobody had the event, or everybody: they tell nothing of a ratio."""
    if not set(EVENTS) <= set(rows.columns):
        return pd.Series(False, index=rows.index)
    events, persons = rows["event_t"] + rows["event_c"], rows["n_t"] + rows["n_c"]
    return (events == 0) | (events == persons)


def _stratum(
    rows: pd.DataFrame, kind: str, stratum: dict[str, str], model: _Model, level: float
) -> PooledEffect:
    """One stratum, pooled on the scale of the arm data and sign reversed so that above 0 favours arm 1."""
    towards = _towards(rows)
    if kind == "means":
        # Scales on which high is good are turned before they are pooled, as a review would.
        columns = {name: rows[name].to_numpy(dtype=float) for name in MEANS}
        columns |= {name: towards * columns[name] for name in ("mean_t", "mean_c")}
    elif kind == "events":
        # Of a bad event what favours arm 1 is fewer of them: the arms change places.
        arms = {name: rows[name].to_numpy(dtype=float) for name in EVENTS}
        columns = {name: np.where(towards > 0, arms[name], arms[_other(name)]) for name in EVENTS}
    else:
        columns = {
            "estimate": rows["yi"].to_numpy(dtype=float),
            "se": np.sqrt(rows["vi"].to_numpy(dtype=float)),
        }
    settings = {"kind": KINDS[kind], "measure": model.measure, "method": model.method}
    pooled = pool_as_revman(
        columns,
        random=model.random,
        estimator=model.estimator,
        interval=model.interval,
        level=level,
        **settings,
    )
    return _effect(rows, pooled, effects_as_revman(columns, **settings), stratum, model, level)


def _other(name: str) -> str:
    return name[:-1] + {"t": "c", "c": "t"}[name[-1]]


def _towards(rows: pd.DataFrame) -> np.ndarray:
    if "better" not in rows:
        return np.ones(len(rows))
    return np.where(rows["better"] == "lower", -1.0, 1.0)


def _effect(
    rows: pd.DataFrame,
    pooled: RevmanPool,
    effects: tuple[np.ndarray, np.ndarray],
    stratum: dict[str, str],
    model: _Model,
    level: float,
) -> PooledEffect:
    yi, vi = effects
    several = pooled.k > 1
    return PooledEffect(
        stratum=stratum,
        measure=model.measure,
        method=model.name,
        test="knha" if model.random and model.interval == "hksj" and several else "z",
        level=level,
        k=pooled.k,
        estimate=pooled.estimate,
        se=pooled.se,
        statistic=pooled.statistic,
        p=pooled.p,
        ci=pooled.ci,
        pi_rule="none",
        tau2=pooled.tau2 if several else nan,
        I2=pooled.I2,
        Q=pooled.Q,
        Q_df=int(pooled.Q_df),
        Q_p=pooled.Q_p,
        labels=tuple(rows["study"].astype(str)) if "study" in rows else tuple(rows["row_id"].astype(str)),
        yi=yi,
        vi=vi,
        weights=pooled.weights,
        row_ids=tuple(rows["row_id"].astype(str)),
        columns={name: tuple(rows[name]) for name in rows.columns if name not in OWN_FIELDS},
        notes=(NOT_COMBINED,),
    )
