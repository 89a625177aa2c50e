"""Effect sizes of a table of trials: one row in, one `yi` and `vi` out, and how they came about.

Each measure has an order of bases, best first (`inputs.MEASURES`): an SMD comes from the means of the arms,
else from their medians, else from their changes, events, the effect as reported, a test. All rows of a basis are
computed at once (`bases`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.effects.arrays import Array
from pdt_evidence.effects.bases import Mask, Words, from_basis
from pdt_evidence.effects.clusters import design_effect
from pdt_evidence.effects.inputs import BASES, MEASURES, Inputs, read_inputs
from pdt_evidence.errors import EvidenceError, known_options, require_choice, warn
from pdt_evidence.evidence.frames import as_pandas
from pdt_evidence.other_names import arms_called

__all__ = ["add_effects", "effect_sizes"]

MEDIAN = re.compile(r"(?:^|[^a-z])(?:median|mdn)", re.IGNORECASE)  # columns of a user's own
OUTPUT = ("measure", "yi", "vi", "yi_basis", "yi_reason")
BY_SCORE = ("means", "medians", "baseline", "events")  # whose sign `better` decides
SAY_ARMS = {"comparison", "arm_t", "arm_c", "arm_t_label", "arm_c_label"}
HALF_A_CLUSTER = "a trial randomised in clusters needs both icc and cluster_size"


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
    measure : {"SMD", "SMDH", "PPC2", "MD", "ROM", "OR", "RR", "RD", "HR", "SMCC", "SMCR", "SMCRP", "GEN"}
        SMD
            Hedges' g from `mean_t sd_t n_t mean_c sd_c n_c` (endpoint scores, or mean changes where `score`
            is "change"); else from medians (below); else from changes as PPC2; else from `event_t n_t event_c n_c`,
            the log odds ratio times sqrt(3)/pi; else from `reported` with `reported_metric` g, d, t or OR; else from
            a test: `t`, `f` or `p` with `n_t n_c`. A d or t is corrected to g. The variance of a reported g or d is
            that of its standard error, else of its confidence interval, else of `n_t` and `n_c`, else of its
            two-sided p.
        SMDH
            As SMD from means or medians, with SDs that are not taken to be equal.
        PPC2
            Mean changes in units of the pooled SD before, from `mean_t sd_pre_t n_t mean_c sd_pre_c n_c r`: `mean_t` is
            a change where `score` is "change", else `mean_pre_t` is taken from it.
        MD, ROM
            Difference (also from medians) and log ratio of means from the data of the arms, else as reported.
        OR, RR, RD
            Log odds ratio, log risk ratio, risk difference from events, else as reported (a ratio needs its
            confidence limits or p; a standard error beside a ratio is ambiguous and not used).
        HR
            Log hazard ratio from `reported` with its confidence limits or p, and from nothing else.
        SMCC, SMCR, SMCRP
            Change of one group from `mean_post sd_post mean_pre sd_pre n r` (SMCR: without `sd_post`), in
            units of the SD of change, of the SD before, or of the SDs before and after together.
        GEN
            `yi` as it stands, with `vi`, else `sei` squared, else from `ci_low ci_high ci_level`.
    vtype : {"LS", "UB"}
        Variance of g: large-sample or unbiased.
    zero_cells, double_zero : str
        What is done about zero cells, see `effects.ratios`.
        Medians are `median_t` with `q1_t q3_t`, `min_t max_t` or all four, and the same of arm c; an arm may have its
        mean and SD instead (`effects.quantiles`). A `p` may be a bound, "< .001", which gives the least effect. An
        `f` or a `p` has no sign: `favours` says "arm 1" or "arm 2", else the means do. `icc` and `cluster_size`
        multiply a variance that comes from persons by the design effect of a trial randomised in clusters.
    **columns : str or number
        Names of your own columns, as in ``mean_t="m1"``, or one value for all rows, as in ``r=0.5`` or
        ``better="lower"``. Columns that are named after arms ("mean_pdt", "mean_cbt") name these in figures, in
        `arm_t_label` and `arm_c_label`, where the table says nothing of its arms.

    Returns
    -------
    DataFrame
        A copy with the columns `measure`; `yi` and `vi` (log scale for ratios; NaN where nothing sound can be
        computed); `yi_basis` ("means", "change", "events", "reported g", ..., "" for none; behind a semicolon what
        was assumed for it, as in "pre-post; r = 0.5") and `yi_reason` (why `yi` is NaN, else "").

        Where `better` is "lower" the sign of effects from arm data is turned, so that above 0 favours arm 1;
        where it is "higher" or there is no such column, `yi` is arm 1 less arm 2; where its cell is empty
        there is no effect; where neither a column nor an option says it, an `EvidenceWarning` does. Reported
        effects and GEN are signed already. A confidence level may be written 95 or 0.95.

    Raises
    ------
    EvidenceError
        With all problems at once: columns missing or misspelt, text in numbers, infinite values, too few
        persons (n < 2; for OR, RR, RD n < 1), SD, SE or variance not above 0, negative events, more events
        than persons, limits or quartiles upside down, a correlation that is not between -1 and 1, a negative
        intracluster correlation, repeated `row_id`, an unknown measure, an empty table.

    References
    ----------
    .. [1] Hedges LV. Journal of Educational Statistics 6 (1981) 107. doi:10.3102/10769986006002107
    .. [2] Hasselblad V, Hedges LV. Psychological Bulletin 117 (1995) 167. doi:10.1037/0033-2909.117.1.167

    Examples
    --------
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> table = pd.DataFrame({"m1": [12.0], "s1": [5.0], "n1": [30], "m2": [15.0], "s2": [6.0], "n2": [28]})
    >>> g = pdt.effect_sizes(
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
    made = add_effects(table, measure, options, columns)
    return made if SAY_ARMS & set(table.columns) else made.assign(**arms_called(columns))


def add_effects(
    table: pd.DataFrame, measure: str, options: Mapping[str, str], columns: Mapping[str, object]
) -> pd.DataFrame:
    """`effect_sizes` with its choices made; an empty table is given back with empty columns."""
    inputs = read_inputs(table, measure, columns)
    yi, vi = np.full(inputs.rows, np.nan), np.full(inputs.rows, np.nan)
    basis, reason = np.full(inputs.rows, "", dtype=object), np.full(inputs.rows, "", dtype=object)
    undirected = False
    for name in MEASURES[measure]:
        if not inputs.begun(name):
            continue
        new = from_basis(name, inputs, measure, options)
        new_vi, new_basis = _clustered(inputs, new.vi, new.basis, new.own_error)
        take = np.isnan(yi) & np.isfinite(new.yi) & (new_vi > 0) & np.isfinite(new_vi)
        yi, vi = np.where(take, new.yi, yi), np.where(take, new_vi, vi)
        basis, reason = np.where(take, new_basis, basis), np.where(reason == "", new.reason, reason)
        undirected |= name in BY_SCORE and not inputs.has("better") and bool(take.any())
    if undirected:
        warn(
            "The table has no column 'better', so effects from arm data are arm 1 less arm 2, whichever is good. "
            "Say in 'better' whether lower or higher scores are, and effects above 0 favour arm 1."
        )
    none = np.isnan(yi)
    half = np.isnan(inputs["icc"]) != np.isnan(inputs["cluster_size"])
    reason = np.where(half, HALF_A_CLUSTER, reason)
    reason = np.where(none & (reason == ""), _nothing_given(table), reason)
    added = dict(zip(OUTPUT, (measure, yi, vi, basis, np.where(none, reason, "")), strict=True))
    return table.drop(columns=[name for name in OUTPUT if name in table.columns]).assign(**added)


def _nothing_given(table: pd.DataFrame) -> Words:
    """What is said of a row that has nothing an effect comes from; of medians under a name of their own, that."""
    reason = np.full(len(table), "neither arm data nor a reported effect", dtype=object)
    for column in table.columns:
        if MEDIAN.search(str(column)) and str(column) not in BASES["medians"]:
            given = (table[column].notna() & (table[column].astype(str).str.strip() != "")).to_numpy(
                dtype=bool
            )
            reason = np.where(
                given, f"medians in column {column!r} are not read: name it median_t or median_c", reason
            )
    return reason


def _clustered(inputs: Inputs, vi: Array, basis: Words, own_error: Mask) -> tuple[Array, Words]:
    """Variances times the design effect, said in the basis; NaN where only half of it is known."""
    if not (inputs.has("icc") or inputs.has("cluster_size")):
        return vi, basis
    icc, size = inputs["icc"], inputs["cluster_size"]
    times = np.where(own_error | (np.isnan(icc) & np.isnan(size)), 1.0, design_effect(icc, size))
    words = [
        f"; times the design effect {by:.3g}, of clusters of {m:g} and an ICC of {rho:g}"
        for by, m, rho in zip(times.tolist(), size.tolist(), icc.tolist(), strict=True)
    ]
    said = ~own_error & (basis != "") & ~np.isnan(icc + size)
    return vi * times, np.where(said, basis + np.array(words, dtype=object), basis)
