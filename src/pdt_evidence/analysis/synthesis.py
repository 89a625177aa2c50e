"""From a table of trials to pooled strata; the one place where tables meet arrays.

Rows that give no effect are set aside with their reason, the rows of one trial become one value
(or a model of their own), and all strata are pooled in one call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import nan
from typing import Any

import pandas as pd

from pdt_evidence.analysis.as_revman.synthesis import synthesize_as_revman
from pdt_evidence.analysis.pooled.multilevel import pool_multilevel
from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.pooled.rows_to_pool import OWN_FIELDS, rows_to_pool, words_of
from pdt_evidence.effects.per_trial import aggregate_rows, one_per_trial
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.errors import (
    RequestError,
    known_options,
    require_choice,
)
from pdt_evidence.evidence import WINDOWS, load
from pdt_evidence.models.estimators import METHODS
from pdt_evidence.models.inference import TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, check_options
from pdt_evidence.results import Note, PooledEffect, Synthesis

__all__ = ["DEPENDENCE", "synthesize"]

DEPENDENCE = ("aggregate", "one-per-trial", "three-level", "che")
MULTILEVEL_TESTS = {"three-level": ("knha", "t", "z"), "che": ("knha",)}  # "knha" is merely the default
STYLES = ("library", "revman")
Strata = dict[tuple[str, ...], PooledEffect]
FROM_ODDS = {"events", "reported OR"}  # in `yi_basis`


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
        `test` is "z". More choices in `analysis.as_revman.synthesis.synthesize_as_revman`.

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
        If rows give no effect and are excluded, strata mix comparisons, or rows are pooled that their own
        table sets aside: their `status` is not "ok", or they are not `preferred`.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> syn = pdt.synthesize(pdt.trials(comparison="pdt_vs_cbt", outcome="depression"))
    >>> syn["depression", "post"].estimate < 0
    True
    """
    check_options(
        dependence=(dependence, Choice(DEPENDENCE)),
        style=(style, Choice(STYLES)),
        method=(method, Choice(METHODS)),
        test=(test, Choice(TESTS)),
        level=(level, LEVEL),
        rho=(rho, RHO),
    )
    by = (by,) if isinstance(by, str) else tuple(by)
    if style == "revman":
        return _as_revman(table, by, measure, method, test, level, dependence)
    if dependence in MULTILEVEL_TESTS:
        _check_multilevel(dependence, method, test)
    usable, excluded = rows_to_pool(table, by, measure)
    settings = {"method": method, "test": test, "level": level}
    if dependence in MULTILEVEL_TESTS:
        settings["test"] = "CR2" if dependence == "che" else "z" if test == "z" else "t"
    if dependence == "aggregate":
        strata = _pool_values(_aggregated(usable, by, rho), by, settings)
    elif dependence == "one-per-trial":
        chosen, passed_over = _chosen(usable, by)
        excluded = pd.concat([excluded, passed_over], ignore_index=True) if len(excluded) else passed_over
        strata = _pool_values(chosen, by, settings)
    else:
        strata = _pool_rows(usable, by, settings, rho if dependence == "che" else None)
    return Synthesis(
        by=by,
        strata=strata,
        left_out=excluded,
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
    if "outcome" not in by and len(outcomes := words_of(rows, "outcome")) > 1:
        notes.append(
            Note(
                "outcomes-together",
                f"Outcomes pooled together: {', '.join(word.replace('_', ' ') for word in outcomes)}.",
            )
        )
    if fit.measure == "SMD" and FROM_ODDS & set(words_of(rows, "yi_basis")):
        notes.append(
            Note("from-odds-ratios", "Effects from events or odds ratios are log odds ratios times √3/π.")
        )
    return replace(fit, notes=(*fit.notes, *notes)) if notes else fit


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
