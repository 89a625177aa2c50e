"""Effect sizes of a table of trials: one row in, one `yi` and `vi` out, and how they came about.

Each measure has an order of bases, best first (`inputs.MEASURES`): an SMD comes from the means of the arms,
else from their events, else from the effect as reported. All rows of a basis are computed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, Effect
from pdt_evidence.effects.convert import log_or_to_smd, se_from_ci
from pdt_evidence.effects.inputs import BASES, MEASURES, Inputs, read_inputs
from pdt_evidence.effects.means import log_ratio_of_means, mean_difference
from pdt_evidence.effects.prepost import smcc, smcr
from pdt_evidence.effects.ratios import log_odds_ratio, log_risk_ratio, risk_difference
from pdt_evidence.effects.reported import as_fraction, reported_effects
from pdt_evidence.effects.smd import hedges_g
from pdt_evidence.errors import EvidenceError, known_options, require_choice
from pdt_evidence.evidence.frames import as_pandas

__all__ = ["add_effects", "effect_sizes"]

OUTPUT = ("measure", "yi", "vi", "yi_basis", "yi_reason")
Formula = Callable[[Inputs, Mapping[str, str]], Effect]


@known_options
def effect_sizes(
    table: Any,
    measure: str = "SMD",
    *,
    vtype: str = "LS",
    zero_cells: str = "only-zero",
    double_zero: str = "keep",
    **columns: object,
) -> pd.DataFrame:
    """The table with an effect `yi` and its sampling variance `vi` in every row that allows one.

    Parameters
    ----------
    table : DataFrame
        Of pandas, polars or pyarrow. A row a contrast of two arms (SMCC and SMCR: a row a group). Columns are
        found by the names below; empty cells are allowed and lead to NaN with a reason.
    measure : {"SMD", "MD", "ROM", "OR", "RR", "RD", "HR", "SMCC", "SMCR", "GEN"}
        SMD
            Hedges' g from `mean_t sd_t n_t mean_c sd_c n_c` (endpoint scores, or mean changes where `score`
            is "change"); else from `event_t n_t event_c n_c`, the log odds ratio times sqrt(3)/pi; else from
            `reported` with `reported_metric` g, d, t or OR. A d or t is corrected to g. The variance of a
            reported g or d is that of its standard error, else of its confidence interval, else of `n_t`
            and `n_c`, else of its exact two-sided p.
        MD, ROM
            Difference and log ratio of means from the data of the arms, else as reported.
        OR, RR, RD
            Log odds ratio, log risk ratio, risk difference from events, else as reported (a ratio needs its
            confidence limits or p; a standard error beside a ratio is ambiguous and not used).
        HR
            Log hazard ratio from `reported` with its confidence limits or p, and from nothing else.
        SMCC, SMCR
            Change of one group from `mean_post sd_post mean_pre sd_pre n r` (SMCR: without `sd_post`), in
            units of the SD of change or of the SD before.
        GEN
            `yi` as it stands, with `vi`, else `sei` squared, else from `ci_low ci_high ci_level`.
    vtype : {"LS", "UB"}
        Variance of g: large-sample or unbiased.
    zero_cells, double_zero : str
        What is done about zero cells, see `effects.ratios`.
    **columns : str or number
        Names of your own columns, as in ``mean_t="m1"``, or one value for all rows, as in ``r=0.5`` or
        ``better="lower"``.

    Returns
    -------
    DataFrame
        A copy with the columns `measure`; `yi` and `vi` (log scale for ratios; NaN where nothing sound can be
        computed); `yi_basis` ("means", "change", "events", "reported g", ..., "" for none) and `yi_reason`
        (why `yi` is NaN, else "").

        Where `better` is "lower" the sign of effects from arm data is turned, so that above 0 favours arm 1;
        where it is "higher" or there is no such column, `yi` is arm 1 less arm 2; where its cell is empty
        there is no effect. Reported effects and GEN are signed already. A confidence level may be written
        95 or 0.95.

    Raises
    ------
    EvidenceError
        With all problems at once: columns missing or misspelt, text in numbers, infinite values, too few
        persons (n < 2; for OR, RR, RD n < 1), SD, SE or variance not above 0, negative events, more events
        than persons, limits upside down, repeated `row_id`, an unknown measure, an empty table.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"m1": [12.0], "s1": [5.0], "n1": [30], "m2": [15.0], "s2": [6.0], "n2": [28]})
    >>> g = effect_sizes(
    ...     table, mean_t="m1", sd_t="s1", n_t="n1", mean_c="m2", sd_c="s2", n_c="n2", better="lower"
    ... )
    >>> g[["yi", "vi"]].round(4).values.tolist()
    [[0.5376, 0.0715]]
    """
    require_choice("measure", measure, tuple(MEASURES))
    table = as_pandas(table)
    if len(table) == 0:
        raise EvidenceError("effect sizes: the table has no rows; expected at least one contrast.")
    options = {"vtype": vtype, "zero_cells": zero_cells, "double_zero": double_zero}
    return add_effects(table, measure, options, columns)


def add_effects(
    table: pd.DataFrame, measure: str, options: Mapping[str, str], columns: Mapping[str, object]
) -> pd.DataFrame:
    """`effect_sizes` with its choices made; an empty table is given back with empty columns."""
    inputs = read_inputs(table, measure, columns)
    yi, vi = np.full(inputs.rows, np.nan), np.full(inputs.rows, np.nan)
    basis, reason = np.full(inputs.rows, "", dtype=object), np.full(inputs.rows, "", dtype=object)
    for name in MEASURES[measure]:
        new_yi, new_vi, new_basis, new_reason = _from_basis(name, inputs, measure, options)
        take = np.isnan(yi) & np.isfinite(new_yi) & (new_vi > 0) & np.isfinite(new_vi)
        yi, vi = np.where(take, new_yi, yi), np.where(take, new_vi, vi)
        basis, reason = np.where(take, new_basis, basis), np.where(reason == "", new_reason, reason)
    none = np.isnan(yi)
    reason = np.where(none & (reason == ""), "neither arm data nor a reported effect", reason)
    added = dict(zip(OUTPUT, (measure, yi, vi, basis, np.where(none, reason, "")), strict=True))
    return table.drop(columns=[name for name in OUTPUT if name in table.columns]).assign(**added)


def _from_basis(
    name: str, inputs: Inputs, measure: str, options: Mapping[str, str]
) -> tuple[Array, Array, NDArray[np.object_], NDArray[np.object_]]:
    """Effects from one basis for all rows, with its word in `yi_basis` and the reason where there is none."""
    if name == "reported":
        if not (inputs.has("reported") and inputs.has("reported_metric")):
            return _nothing(inputs)
        return reported_effects(inputs, measure, options["vtype"])
    yi, vi = FORMULAS[name, measure](inputs, options)
    if name == "given":
        reason = np.where(np.isnan(yi), "no yi", "yi without vi, sei or confidence limits").astype(object)
        return yi, vi, np.full(inputs.rows, "given", dtype=object), reason
    return yi * _sign(inputs), vi, _basis_word(name, inputs), _arm_reasons(name, inputs, measure, yi)


def _nothing(inputs: Inputs) -> tuple[Array, Array, NDArray[np.object_], NDArray[np.object_]]:
    nan, empty = np.full(inputs.rows, np.nan), np.full(inputs.rows, "", dtype=object)
    return nan, nan, empty, empty


def _sign(inputs: Inputs) -> Array:
    """-1 where a lower score or fewer events are better; NaN where the table should say and does not."""
    if not inputs.has("better"):
        return np.ones(inputs.rows)
    better = inputs.words("better")
    return np.select([better == "higher", better == "lower"], [1.0, -1.0], np.nan)


def _basis_word(name: str, inputs: Inputs) -> NDArray[np.object_]:
    if name == "means":
        return np.where(inputs.words("score") == "change", "change", "means").astype(object)
    word = {"change": "pre-post", "raw change": "pre-post"}.get(name, name)
    return np.full(inputs.rows, word, dtype=object)


def _arm_reasons(name: str, inputs: Inputs, measure: str, yi: Array) -> NDArray[np.object_]:
    """Why arm data gave no effect: "" where there are none or all is well, else what stands in the way."""
    complete = inputs.all_present(name)
    own = [role for role in BASES[name] if role not in ("n_t", "n_c", "n", "r")]
    begun = np.logical_or.reduce([~np.isnan(inputs[role]) for role in own])
    reason = np.full(inputs.rows, "", dtype=object)
    for role in BASES[name]:
        lacking = begun & np.isnan(inputs[role])
        if lacking.any():
            reason = np.where(lacking, reason + np.where(reason == "", "no ", ", ") + role, reason)
    reason = np.where(complete & np.isnan(yi), f"{measure} has no value for these data", reason)
    undirected = complete & ~np.isnan(yi) & np.isnan(_sign(inputs))
    return np.where(undirected, "column 'better' does not say which direction is good", reason)


def _arms(inputs: Inputs) -> list[Array]:
    return [inputs[role] for role in BASES["means"]]


def _events(inputs: Inputs) -> list[Array]:
    return [inputs[role] for role in BASES["events"]]


def _smd_of_events(inputs: Inputs, options: Mapping[str, str]) -> Effect:
    return log_or_to_smd(*log_odds_ratio(*_events(inputs), **_zero_rules(options)))


def _zero_rules(options: Mapping[str, str]) -> dict[str, str]:
    return {rule: options[rule] for rule in ("zero_cells", "double_zero")}


def _given(inputs: Inputs, options: Mapping[str, str]) -> Effect:
    from_ci = se_from_ci(inputs["ci_low"], inputs["ci_high"], as_fraction(inputs["ci_level"]))
    vi = inputs["vi"]
    for se in (inputs["sei"], from_ci):
        vi = np.where(np.isnan(vi), se**2, vi)
    return inputs["yi"], vi


FORMULAS: Mapping[tuple[str, str], Formula] = {
    ("means", "SMD"): lambda at, options: hedges_g(*_arms(at), vtype=options["vtype"]),
    ("means", "MD"): lambda at, options: mean_difference(*_arms(at)),
    ("means", "ROM"): lambda at, options: log_ratio_of_means(*_arms(at)),
    ("events", "SMD"): _smd_of_events,
    ("events", "OR"): lambda at, options: log_odds_ratio(*_events(at), **_zero_rules(options)),
    ("events", "RR"): lambda at, options: log_risk_ratio(*_events(at), **_zero_rules(options)),
    ("events", "RD"): lambda at, options: risk_difference(*_events(at), zero_cells=options["zero_cells"]),
    ("change", "SMCC"): lambda at, options: smcc(*(at[role] for role in BASES["change"])),
    ("raw change", "SMCR"): lambda at, options: smcr(*(at[role] for role in BASES["raw change"])),
    ("given", "GEN"): _given,
}
