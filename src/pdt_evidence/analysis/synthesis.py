"""From a table of trials to pooled strata; the one place where tables meet arrays.

Rows that give no effect are set aside with their reason, the rows of one trial become one value
(or a model of their own), and all strata are pooled in one call.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from math import nan
from typing import Any

import pandas as pd

from pdt_evidence.analysis.clustered import NOT_SYMPTOMS
from pdt_evidence.analysis.multilevel import pool_multilevel
from pdt_evidence.analysis.pooling import pool
from pdt_evidence.effects.per_trial import aggregate_rows, one_per_trial
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import (
    EvidenceError,
    EvidenceWarning,
    RequestError,
    SchemaError,
    known_options,
    require_choice,
)
from pdt_evidence.evidence import WINDOWS, load
from pdt_evidence.evidence.schema import missing_column
from pdt_evidence.evidence.tables import set_aside
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["DEPENDENCE", "synthesize"]

DEPENDENCE = ("aggregate", "one-per-trial", "three-level", "che")
MULTILEVEL_TESTS = {"three-level": ("knha", "t", "z"), "che": ("knha",)}  # "knha" is merely the default
STYLES = ("library", "revman")
SIGNED_BY_SCORE = ("SMD", "MD", "ROM", "OR", "RR", "RD")
Strata = dict[tuple[str, ...], PooledEffect]
OWN_FIELDS = ("yi", "vi", "study", "row_id", "measure", "yi_reason")  # not kept a second time
FROM_ODDS = {"events", "reported OR"}  # in `yi_basis`
ROWS_SHOWN = 8


@known_options
def synthesize(
    table: pd.DataFrame,
    *,
    by: str | Sequence[str] = ("outcome", "follow_up"),
    measure: str | None = None,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    dependence: str = "aggregate",
    rho: float = 0.6,
    style: str = "library",
) -> Synthesis:
    """Pool a table of trials, stratum by stratum.

    Parameters
    ----------
    table : DataFrame
        One row a contrast, as `trials` and `read_trials` give it. Without the columns `yi` and `vi`
        they are computed by `effect_sizes`.
    by : str or list of str
        Columns whose combinations are the strata.
    measure : str, optional
        Compute this measure anew; default: `yi` and `vi` of the table, or "SMD" where it has none.
    method, test, level
        As in `pool`. The multilevel models are fitted by REML. "three-level" tests by "z", or by t with one
        degree of freedom less than there are trials ("t", and the default); "che" is cluster-robust whatever
        the default is. What they do not have is refused; the result's `method` and `test` say what was done.
    dependence : {"aggregate", "one-per-trial", "three-level", "che"}
        What is done with several rows of one trial in one stratum: combined into one value with
        correlation `rho`; one chosen by the stated priority of instruments and raters
        (`data/priority.csv`); or all kept, in a three-level model, without or with `rho`
        ("che", with cluster-robust intervals). Contrasts that share an arm keep their covariance.
    rho : float
        Correlation between the outcomes of one trial; not used by "one-per-trial" and "three-level".
    style : {"library", "revman"}
        "revman" pools as Review Manager does, to compare with a review: inverse variance,
        Mantel-Haenszel for events, every row by itself; `method` is then "DL" (default) or "EE",
        `test` is "z". More choices in `analysis.revman_style.synthesize_as_revman`.

    Returns
    -------
    Synthesis
        One `PooledEffect` a stratum; rows that went into none are in `left_out`, with the reason.

    Raises
    ------
    EvidenceError
        If a column of `by` is missing, the table is empty, row ids repeat, or measures or designs
        (between groups, pre-post) are mixed, or a multilevel model is to have a method or test that it has not.

    Warns
    -----
    EvidenceWarning
        If rows give no effect and are left out, strata mix comparisons, or rows are pooled that their own
        table sets aside: their `status` is not "ok", or they are not `preferred`.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> syn = pdt.synthesize(pdt.trials(comparison="pdt_vs_cbt", outcome="depression"))
    >>> syn["depression", "post"].estimate < 0
    True
    """
    require_choice("dependence", dependence, DEPENDENCE)
    require_choice("style", style, STYLES)
    by = (by,) if isinstance(by, str) else tuple(by)
    if style == "revman":
        return _as_revman(table, by, measure, method, test, level, dependence)
    if dependence in MULTILEVEL_TESTS:
        _check_multilevel(dependence, method, test)
    _check(table, by)
    _say_set_aside(table)
    table = _named(table)
    if measure is not None or not {"yi", "vi"} <= set(table.columns):
        table = _with_effects(table, measure or "SMD")
    else:
        table = _completed(table)
    usable, left_out = _usable(table)
    settings = {"method": method, "test": test, "level": level}
    if dependence in MULTILEVEL_TESTS:
        settings["test"] = "CR2" if dependence == "che" else "z" if test == "z" else "t"
    if dependence == "aggregate":
        strata = _pool_values(_aggregated(usable, by, rho), by, settings)
    elif dependence == "one-per-trial":
        chosen, passed_over = _chosen(usable, by)
        left_out = pd.concat([left_out, passed_over], ignore_index=True) if len(left_out) else passed_over
        strata = _pool_values(chosen, by, settings)
    else:
        strata = _pool_rows(usable, by, settings, rho if dependence == "che" else None)
    return Synthesis(
        by=by,
        strata=strata,
        left_out=left_out,
        measure=_measure(usable),
        dependence=dependence,
        rho=rho if dependence in ("aggregate", "che") else nan,
        **settings,
    )


def _as_revman(
    table: pd.DataFrame,
    by: tuple[str, ...],
    measure: str | None,
    method: str,
    test: str,
    level: float,
    dependence: str,
) -> Synthesis:
    """Review Manager has its own rules; what contradicts them is refused, the library's defaults give way."""
    from pdt_evidence.analysis.revman_style import synthesize_as_revman

    require_choice("method (with style = 'revman')", method, ("REML", "DL", "EE"))
    require_choice("test (with style = 'revman')", test, ("knha", "z"))
    require_choice("dependence (with style = 'revman')", dependence, ("aggregate",))
    return synthesize_as_revman(table, by=by, measure=measure or "SMD", random=method != "EE", level=level)


def _check_multilevel(dependence: str, method: str, test: str) -> None:
    """A multilevel model does not have the methods and tests of `pool`: none may be asked for in vain."""
    problems = []
    if method != "REML":
        problems.append(f"method = {method!r}, but dependence = {dependence!r} is fitted by REML only.")
    if test not in MULTILEVEL_TESTS[dependence]:
        has = "is always cluster-robust (CR2)" if dependence == "che" else "has 't' (the default) and 'z'"
        problems.append(f"test = {test!r}, but dependence = {dependence!r} {has}.")
    if problems:
        raise RequestError.from_problems(problems)


def _check(table: pd.DataFrame, by: tuple[str, ...]) -> None:
    if table.empty:
        raise EvidenceError("There is nothing to pool: the table has no rows. Widen the filters.")
    if not by:
        raise RequestError("by = (): expected at least one column that makes the strata.")
    if {"review_id", "estimate"} <= set(table.columns) and "trial_id" not in table.columns:
        raise SchemaError(
            "These are published pooled estimates (a table of reviews()), and what is pooled is not pooled again: "
            "reviews share their trials. Give trials, as trials(review=...) does, or read the estimates as they are."
        )
    missing = [missing_column(name, table.columns) for name in by if name not in table.columns]
    if not {"trial_id", "study"} & set(table.columns):
        missing.append(missing_column("study", table.columns))
    if missing:
        raise SchemaError.from_problems(missing, "the table to pool")
    problems = []
    if "row_id" in table.columns:
        repeated = sorted(set(table.loc[table["row_id"].duplicated(), "row_id"].astype(str)))
        if repeated:
            problems.append(f"column 'row_id': expected each row once, found again: {', '.join(repeated)}.")
    problems += _mixed(table, by)
    if problems:
        raise EvidenceError.from_problems(problems, "the table to pool")
    compared = _words(table, "comparison") if "comparison" not in by else []
    if len(compared) > 1:
        mixed = ", ".join(sorted(compared))
        warnings.warn(
            f"Strata mix comparisons ({mixed}). Filter the table, or add 'comparison' to by.",
            EvidenceWarning,
            stacklevel=4,  # `known_options` is one level more
        )
    outcomes = set(_words(table, "outcome")) if "outcome" not in by else set()
    if (other := outcomes & {*NOT_SYMPTOMS}) and outcomes - other:
        warnings.warn(
            f"Strata mix symptoms with {' and '.join(sorted(other))}. Filter the table, or add 'outcome' to by.",
            EvidenceWarning,
            stacklevel=4,
        )


def _say_set_aside(table: pd.DataFrame) -> None:
    """Rows that their table says not to use are pooled if they are given, but not in silence."""
    reasons = set_aside(table)
    reasons = reasons[reasons != ""]
    if len(reasons):
        counts = "; ".join(f"{reason}: {number}" for reason, number in reasons.value_counts().items())
        warnings.warn(
            f"Rows are pooled that their own table sets aside ({counts}). To leave them out, keep only rows whose "
            "status is 'ok' and that are preferred.",
            EvidenceWarning,
            stacklevel=4,  # `known_options` is one level more
        )


def _mixed(table: pd.DataFrame, by: tuple[str, ...]) -> list[str]:
    """A sentence where designs are mixed anywhere, and for each stratum whose rows are of several measures."""
    problems = []
    if "design" in table.columns and table["design"].nunique() > 1:  # not even side by side in one figure
        problems.append(_several("the table", table, "design"))
    if "measure" in table.columns and "measure" not in by and table["measure"].nunique() > 1:
        for key, rows in table.groupby(list(by), sort=False, dropna=False):
            if rows["measure"].nunique() > 1:
                words = ", ".join(map(str, key if isinstance(key, tuple) else (key,)))
                problems.append(_several(f"stratum {words}", rows, "measure"))
    return problems


def _several(where: str, rows: pd.DataFrame, column: str) -> str:
    shown = _shown(rows["row_id"] if "row_id" in rows.columns else rows.index + 1)
    found = ", ".join(map(str, sorted(rows[column].dropna().unique())))
    return f"{where}, rows {shown}, column {column!r}: expected one value, found {found}. Pool them apart."


def _shown(ids: Iterable[Any]) -> str:
    """The first of many ids."""
    first = list(map(str, islice(ids, ROWS_SHOWN + 1)))
    return ", ".join(first[:ROWS_SHOWN]) + (", …" if len(first) > ROWS_SHOWN else "")


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a row id, a trial and a study in every row: what a short table leaves to be understood."""
    names = {}
    if "row_id" not in table.columns:
        names["row_id"] = [f"row {number}" for number in range(1, len(table) + 1)]
    if "trial_id" not in table.columns:
        names["trial_id"] = table["study"].astype(str)
    if "study" not in table.columns:
        names["study"] = table["trial_id"].astype(str)
    return table.assign(**names)


def _with_effects(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    if measure in SIGNED_BY_SCORE and "better" not in table.columns:
        warnings.warn(
            "The table has no column 'better', so effects from arm data are arm 1 less arm 2, whichever is good. "
            "Say in 'better' whether lower or higher scores are, and effects above 0 favour arm 1.",
            EvidenceWarning,
            stacklevel=4,  # `known_options` is one level more
        )
    return effect_sizes(table, measure=measure)


def _completed(table: pd.DataFrame) -> pd.DataFrame:
    """The effects of rows that never had one, beside rows that have: tables of two makers, put together."""
    if not {"yi_reason", "measure"} <= set(table.columns):
        return table
    known = table["measure"].dropna().unique()
    new = table["yi"].isna() & table["yi_reason"].isna()
    if not new.any() or len(known) != 1:
        return table
    table = table.reset_index(drop=True)
    new = new.to_numpy()
    return pd.concat([table[~new], _with_effects(table[new], str(known[0]))]).sort_index()


def _usable(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with an effect; and the others, each with its reason."""
    without = table["yi"].isna() | table["vi"].isna()
    reason = table["yi_reason"] if "yi_reason" in table.columns else pd.Series(pd.NA, index=table.index)
    left_out = (
        table.assign(reason=reason.fillna("no yi or vi"))
        .loc[without, ["row_id", "reason"]]
        .reset_index(drop=True)
    )
    if without.any():
        ids = _shown(left_out["row_id"])
        warnings.warn(
            f"Left out, as they give no effect (the reason is in `left_out`): rows {ids}.",
            EvidenceWarning,
            stacklevel=4,  # `known_options` is one level more
        )
    if without.all():
        raise EvidenceError("There is nothing to pool: no row of the table gives an effect and its variance.")
    return table[~without].reset_index(drop=True), left_out


def _measure(table: pd.DataFrame) -> str:
    return str(table["measure"].iloc[0]) if "measure" in table.columns else "GEN"


def _strata(table: pd.DataFrame, by: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """Each combination of words with its rows; follow-up windows in the order of time, others as they come."""
    first = {column: list(dict.fromkeys(table[column].astype(str))) for column in by}
    if "follow_up" in first:
        first["follow_up"].sort(key=lambda word: WINDOWS.index(word) if word in WINDOWS else len(WINDOWS))
    grouped = {
        tuple(str(word) for word in words): rows
        for words, rows in table.groupby(list(by), sort=False, dropna=False)
    }
    yield from sorted(
        grouped.items(),
        key=lambda item: [first[column].index(word) for column, word in zip(by, item[0], strict=True)],
    )


def _aggregated(table: pd.DataFrame, by: tuple[str, ...], rho: float) -> pd.DataFrame:
    """One value a trial and stratum; all trials of all strata in one call."""
    cluster = table[[*by, "trial_id"]].astype(str).agg("\x1f".join, axis=1)
    return aggregate_rows(table.assign(_cluster=cluster), rho=rho, cluster="_cluster").drop(
        columns="_cluster"
    )


def _chosen(table: pd.DataFrame, by: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a trial and stratum, by the stated priority; and the rows passed over, with the reason."""
    cluster = table[[*by, "trial_id"]].astype(str).agg("\x1f".join, axis=1)
    one = one_per_trial(table.assign(_cluster=cluster), load("priority"), cluster="_cluster")
    return one.chosen.drop(columns="_cluster"), one.left_out


def _pool_values(table: pd.DataFrame, by: tuple[str, ...], settings: dict[str, Any]) -> Strata:
    return {
        key: _noted(pool(**_arguments(rows, by, key), **settings), rows, by)
        for key, rows in _strata(table, by)
    }


def _pool_rows(
    table: pd.DataFrame, by: tuple[str, ...], settings: dict[str, Any], rho: float | None
) -> Strata:
    """Three-level models; with `rho` the sampling errors of a trial are correlated and inference is robust."""
    strata = {}
    for key, rows in _strata(table, by):
        fit = pool_multilevel(
            cluster=rows["trial_id"].to_numpy(),
            V=None if rho is None else _covariances(rows, rho),
            test="z" if settings["test"] == "z" else "t",
            level=settings["level"],
            **_arguments(rows, by, key),
        )
        strata[key] = _noted(fit if rho is None else replace(fit, rho=rho).with_robust(), rows, by)
    return strata


def _noted(fit: PooledEffect, rows: pd.DataFrame, by: tuple[str, ...]) -> PooledEffect:
    """The fit with what its rows have in them that its numbers do not show."""
    notes = []
    if "outcome" not in by and len(outcomes := _words(rows, "outcome")) > 1:
        notes.append(f"Outcomes pooled together: {', '.join(word.replace('_', ' ') for word in outcomes)}.")
    if fit.measure == "SMD" and FROM_ODDS & set(_words(rows, "yi_basis")):
        notes.append("Effects from events or odds ratios are log odds ratios times √3/π.")
    return replace(fit, notes=(*fit.notes, *notes)) if notes else fit


def _words(rows: pd.DataFrame, column: str) -> list[str]:
    """The different words in a column, those that rows made of several have joined among them."""
    if column not in rows.columns:
        return []
    cells = rows[column].dropna().astype(str).unique()
    return list(dict.fromkeys(word for cell in cells for word in cell.split(" / ") if word))


def _covariances(rows: pd.DataFrame, rho: float) -> dict[Any, Any]:
    """Sampling covariance of each trial: correlated outcomes, and arms that contrasts share."""
    blocks = covariance_blocks(rows, rho)
    return {trial: block for trial, (_, block) in zip(blocks.clusters, blocks.by_cluster(), strict=True)}


def _arguments(rows: pd.DataFrame, by: tuple[str, ...], key: tuple[str, ...]) -> dict[str, Any]:
    """What both engines take: the numbers, and what a figure says of them."""
    words = dict(zip(by, key, strict=True))
    if "comparison" in rows.columns and rows["comparison"].nunique() == 1:
        words = {"comparison": str(rows["comparison"].iloc[0]), **words}
    kept = [column for column in rows.columns if column not in OWN_FIELDS]
    return {
        "yi": rows["yi"].to_numpy(float),
        "vi": rows["vi"].to_numpy(float),
        "labels": rows["study"].tolist(),
        "row_ids": rows["row_id"].tolist(),
        "columns": {column: rows[column].tolist() for column in kept},
        "stratum": words,
        "measure": _measure(rows),
    }
