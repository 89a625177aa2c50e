"""A table of trials pooled stratum by stratum as Review Manager pools (`style="revman"`).

Scores by inverse variance, events by Mantel-Haenszel or Peto, random effects by DerSimonian and
Laird, Wald intervals. Every row counts, as in a review: rows of one trial are not combined, which
is why this is for comparing with a review and not the default.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
import pandas as pd

from pdt_evidence.analysis.as_revman.pooling import RevmanPool, pool_as_revman, revman_smd
from pdt_evidence.analysis.pooled.rows_to_pool import OWN_FIELDS
from pdt_evidence.effects.means import mean_difference
from pdt_evidence.effects.ratios import log_odds_ratio
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import EvidenceError, SchemaError, require_choice
from pdt_evidence.evidence.schema import missing_column
from pdt_evidence.models.fixed import peto_effects
from pdt_evidence.results import Note, PooledEffect, Synthesis

__all__ = ["EVENT_METHODS", "synthesize_as_revman"]

MEASURES = ("SMD", "MD")
EVENT_METHODS = ("MH", "IV", "PETO")
MEANS = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
EVENTS = ("event_t", "n_t", "event_c", "n_c")
NOT_ESTIMABLE = "nobody had the event, or everybody: not estimable, as Review Manager says"


def synthesize_as_revman(
    table: pd.DataFrame,
    *,
    by: str | Sequence[str] = ("outcome", "follow_up"),
    measure: str = "SMD",
    events: str = "MH",
    random: bool = True,
    level: float = 0.95,
) -> Synthesis:
    """Pool each stratum as Review Manager does.

    Parameters
    ----------
    table : DataFrame
        One row a contrast, as `read_revman` or `read_trials` gives it.
    by : str or list of str
        Columns whose combinations are the strata.
    measure : {"SMD", "MD"}
        For strata with means.
    events : {"MH", "IV", "PETO"}
        How the odds ratio is pooled in strata that have events and no means.
    random : bool
        Random effects (DerSimonian and Laird); else one common effect. Peto is always the latter.
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
        If a column of `by` is missing, an option is unknown, or no row can be pooled.
    """
    require_choice("measure", measure, MEASURES)
    require_choice("events", events, EVENT_METHODS)
    by = (by,) if isinstance(by, str) else tuple(by)
    missing = [missing_column(name, table.columns) for name in by if name not in table.columns]
    if missing:
        raise SchemaError.from_problems(missing, "the table to pool")
    strata: dict[tuple[str, ...], PooledEffect] = {}
    excluded = []
    for key, rows in pd.DataFrame(table).groupby(list(by), sort=False):
        words = tuple(str(word) for word in (key if isinstance(key, tuple) else (key,)))
        used, kind = _usable(rows)
        rest = rows.loc[~rows.index.isin(used.index)]
        why = np.where((kind == "events") & _all_alike(rest), NOT_ESTIMABLE, f"no {kind} in its stratum")
        excluded.append(rest[["row_id"]].assign(reason=why))
        if len(used):
            stratum = dict(zip(by, words, strict=True))
            used = used if kind == "effect" else used.assign(yi_basis=kind)
            strata[words] = _stratum(used, kind, stratum, measure, events, random, level)
    if not strata:
        raise EvidenceError("No row of the table has means, events or a reported effect that can be pooled.")
    return Synthesis(
        by=by,
        strata=strata,
        left_out=pd.concat(excluded, ignore_index=True),
        measure=measure,
        method="DL" if random else "EE",
        test="z",
        level=level,
        dependence="none (style 'revman')",
    )


def _usable(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows of the first kind of data that a stratum has, and the name of that kind."""
    signed = (
        rows["better"].isin(["lower", "higher"]) if "better" in rows else pd.Series(True, index=rows.index)
    )
    for kind, names in (("means", MEANS), ("events", EVENTS)):
        if set(names) <= set(rows.columns):
            complete = rows[list(names)].notna().all(axis=1) & signed
            if complete.any():
                return rows[complete & ~_all_alike(rows)], kind
    try:
        with_effects = effect_sizes(rows, "SMD") if not {"yi", "vi"} <= set(rows.columns) else rows
    except SchemaError:
        return rows.iloc[:0], "effect"
    return with_effects[with_effects["yi"].notna() & with_effects["vi"].notna()], "effect"


def _all_alike(rows: pd.DataFrame) -> pd.Series:
    """Rows in which nobody had the event, or everybody: they tell nothing of an odds ratio."""
    if not set(EVENTS) <= set(rows.columns):
        return pd.Series(False, index=rows.index)
    events, persons = rows["event_t"] + rows["event_c"], rows["n_t"] + rows["n_c"]
    return (events == 0) | (events == persons)


def _stratum(
    rows: pd.DataFrame,
    kind: str,
    stratum: dict[str, str],
    measure: str,
    events: str,
    random: bool,
    level: float,
) -> PooledEffect:
    """One stratum, pooled on the scale of the arm data and sign reversed so that above 0 favours arm 1."""
    towards = _towards(rows)
    if kind == "means":
        # Scales on which high is good are turned before they are pooled, as a review would.
        columns = {name: rows[name].to_numpy(dtype=float) for name in MEANS}
        columns |= {name: towards * columns[name] for name in ("mean_t", "mean_c")}
        effects = (revman_smd if measure == "SMD" else mean_difference)(*(columns[name] for name in MEANS))
        settings = {"kind": "continuous", "measure": measure, "method": "IV"}
    elif kind == "events":
        columns = {name: rows[name].to_numpy(dtype=float) for name in EVENTS}
        for arm in "tc":  # count what is good: a low number of bad events is a high one of the others
            good, n = columns[f"event_{arm}"], columns[f"n_{arm}"]
            columns[f"event_{arm}"] = np.where(towards > 0, good, n - good)
        measure, effects = "OR", _odds_ratios(columns, events)
        settings = {"kind": "dichotomous", "measure": "OR", "method": events}
    else:
        columns = {
            "estimate": rows["yi"].to_numpy(dtype=float),
            "se": np.sqrt(rows["vi"].to_numpy(dtype=float)),
        }
        measure, effects = "SMD", (columns["estimate"], columns["se"] ** 2)
        settings = {"kind": "generic", "measure": "SMD", "method": "IV"}
    random = random and settings["method"] != "PETO"
    pooled = pool_as_revman(columns, random=random, level=level, **settings)
    return _effect(
        rows, pooled, effects, stratum, measure, f"{settings['method']}{', DL' if random else ''}", level
    )


def _towards(rows: pd.DataFrame) -> np.ndarray:
    if "better" not in rows:
        return np.ones(len(rows))
    return np.where(rows["better"] == "lower", -1.0, 1.0)


def _odds_ratios(columns: dict[str, np.ndarray], method: str) -> tuple[np.ndarray, np.ndarray]:
    arms = [columns[name] for name in EVENTS]
    if method != "PETO":
        return log_odds_ratio(*arms, double_zero="drop")
    o_minus_e, variance = peto_effects(*arms)
    return o_minus_e / variance, 1 / variance


def _effect(
    rows: pd.DataFrame,
    pooled: RevmanPool,
    effects: tuple[np.ndarray, np.ndarray],
    stratum: dict[str, str],
    measure: str,
    method: str,
    level: float,
) -> PooledEffect:
    yi, vi = effects
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.nan_to_num(1 / (vi + np.nan_to_num(pooled.tau2)))
    several = pooled.k > 1
    return PooledEffect(
        stratum=stratum,
        measure=measure,
        method=method,
        test="z",
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
        weights=100 * weights / weights.sum() if weights.sum() > 0 else weights,
        row_ids=tuple(rows["row_id"].astype(str)),
        columns={name: tuple(rows[name]) for name in rows.columns if name not in OWN_FIELDS},
        notes=(
            Note("rows-not-combined", "Pooled as Review Manager pools: rows of one trial are not combined."),
        ),
    )
