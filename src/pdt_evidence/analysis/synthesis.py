"""From a table of trials to pooled strata; the one place where tables meet arrays.

Rows that give no effect are set aside with their reason, the rows of one trial become one value
(or a model of their own), and all strata are pooled in one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Any

import pandas as pd

from pdt_evidence.analysis.as_revman.synthesis import synthesize_as_revman
from pdt_evidence.analysis.pooled.multilevel import pool_multilevel
from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.pooled.rows_to_pool import distinct_words, rows_to_pool
from pdt_evidence.analysis.pooled.strata import Cells, Table, strata_of
from pdt_evidence.effects.arrays import codes_of, joint_codes
from pdt_evidence.effects.clock import CLOCKS, on_clock
from pdt_evidence.effects.per_trial import AGGREGATES, aggregated_cells, one_per_trial
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.effects.standing import EVENTS, OUTCOME_KINDS, scores_before_events
from pdt_evidence.effects.standing import outcome_kind as kinds_of
from pdt_evidence.errors import EvidenceError, RequestError, known_options, require_choice
from pdt_evidence.evidence import load
from pdt_evidence.evidence.frames import as_pandas, light, with_window
from pdt_evidence.models.estimators import METHODS
from pdt_evidence.models.inference import TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, check_options
from pdt_evidence.results import Note, PooledEffect, Synthesis

__all__ = [
    "DEPENDENCE",
    "MULTILEVEL_TESTS",
    "pooled_strata",
    "pooled_values",
    "synthesize",
    "test_done",
    "values_to_pool",
]

DEPENDENCE = ("aggregate", "one-per-trial", "three-level", "che")
MULTILEVEL_TESTS = {"three-level": ("knha", "t", "z"), "che": ("knha",)}  # "knha" is merely the default
STYLES = ("library", "revman")
Strata = dict[tuple[str, ...], PooledEffect]
NONE_PASSED_OVER = pd.DataFrame({"row_id": [], "reason": []}, dtype=str)
FROM_ODDS = {"events", "reported OR"}  # in `yi_basis`


@known_options
def synthesize(
    table: Any,
    *,
    by: str | Sequence[str] = ("outcome", "follow_up"),
    measure: str | None = None,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    dependence: str = "aggregate",
    rho: float = 0.6,
    aggregate: str = "mean",
    events: str = "fallback",
    outcome_kind: str = "score",
    clock: str = "end",
    style: str = "library",
) -> Synthesis:
    """Pool a table of trials, stratum by stratum.

    Parameters
    ----------
    table : DataFrame
        Of pandas, polars or pyarrow: one row a contrast, as `trials` and `read_trials` give it. Without the
        columns `yi` and `vi` they are computed by `effect_sizes`; without `follow_up` it is the window of
        `months_since_end`.
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
    aggregate : {"mean", "gls"}
        How "aggregate" combines the rows of a trial: their plain mean, or weighed by the inverse of their
        covariance, which may leave their range; see `aggregate_rows`.
    events : {"fallback", "never", "pool"}
        Whether, among standardised mean differences, counts of persons (remission, response) enter where a trial
        has no score of the same outcome and window, never, or beside the scores.
    outcome_kind : {"score", "response"}
        "response" pools only rows that count persons, as what they are: `measure` is "OR" (default), "RR" or "RD".
    clock : {"end", "start"}
        What `follow_up` counts from: the end of treatment, or its start, in windows of 3, 6, 12 and 24 months;
        see `effects.clock.months_on_clock`.
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
        aggregate=(aggregate, Choice(AGGREGATES)),
        events=(events, Choice(EVENTS)),
        outcome_kind=(outcome_kind, Choice(OUTCOME_KINDS)),
        clock=(clock, Choice(CLOCKS)),
    )
    by = (by,) if isinstance(by, str) else tuple(by)
    table = with_window(as_pandas(table))
    table = _on_clock(table, by, clock)
    if outcome_kind == "response":
        table, measure = _responses(table, measure, style)
    if style == "revman":
        require_choice("events (with style = 'revman')", events, ("fallback",))
        require_choice("aggregate (with style = 'revman')", aggregate, ("mean",))
        return _as_revman(table, by, measure, method, test, level, dependence)
    if dependence in MULTILEVEL_TESTS:
        _check_multilevel(dependence, method, test)
    usable, excluded = rows_to_pool(light(table), by, measure)
    notes = ()
    if _measure(usable) == "SMD":
        usable, aside = scores_before_events(usable, events, by)
        excluded, notes = _joined(excluded, aside), _about_counts(len(aside), events)
    settings = {"method": method, "test": test, "level": level}
    if dependence in MULTILEVEL_TESTS:
        settings["test"] = test_done(dependence, test)
    strata, passed_over = pooled_strata(usable, by, settings, dependence, rho, aggregate)
    excluded = _joined(excluded, passed_over)
    return Synthesis(
        by=by,
        strata=strata,
        left_out=excluded,
        measure=_measure(usable),
        dependence=dependence,
        rho=rho if dependence in ("aggregate", "che") else nan,
        notes=notes,
        **settings,
    )


def pooled_strata(
    usable: pd.DataFrame,
    by: tuple[str, ...],
    settings: dict[str, Any],
    dependence: str,
    rho: float,
    aggregate: str,
) -> tuple[Strata, pd.DataFrame]:
    """Rows of `rows_to_pool`, pooled stratum by stratum; and the rows passed over, with the reason."""
    if dependence in MULTILEVEL_TESTS:
        return _pool_rows(usable, by, settings, rho if dependence == "che" else None), NONE_PASSED_OVER
    table, passed_over = values_to_pool(usable, by, dependence, rho, aggregate)
    return pooled_values(table, by, settings), passed_over


def values_to_pool(
    usable: pd.DataFrame, by: tuple[str, ...], dependence: str, rho: float, aggregate: str
) -> tuple[Table, pd.DataFrame]:
    """One value a trial under a rule for dependence; and the rows passed over."""
    if dependence == "one-per-trial":
        return _chosen(usable, by, rho)
    return _aggregated(usable, by, rho, aggregate), NONE_PASSED_OVER


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


def test_done(dependence: str, test: str) -> str:
    """The test that is done where `test` is asked for: multilevel models have their own."""
    if dependence not in MULTILEVEL_TESTS:
        return test
    return "CR2" if dependence == "che" else "z" if test == "z" else "t"


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


def _on_clock(table: pd.DataFrame, by: tuple[str, ...], clock: str) -> pd.DataFrame:
    """The table with windows by the clock; a clock that no stratum depends on is refused."""
    if "follow_up" not in by:
        if clock != "end":
            raise RequestError(f"clock = {clock!r}, but by = {by!r} has no 'follow_up' for it. Add it to by.")
        return table
    return table if clock == "end" else on_clock(table, clock)


def _responses(table: pd.DataFrame, measure: str | None, style: str) -> tuple[pd.DataFrame, str]:
    """The rows that count persons, and the measure they are pooled by."""
    measure = measure or "OR"
    require_choice("measure (with outcome_kind = 'response')", measure, ("OR", "RR", "RD"))
    require_choice("style (with outcome_kind = 'response')", style, ("library",))
    held = kinds_of(table) == "response"
    if {"event_t", "event_c"} <= set(table.columns):  # also beside the means of one row
        held |= (table["event_t"].notna() & table["event_c"].notna()).to_numpy(dtype=bool)
    counts = table[held]
    if counts.empty:
        raise EvidenceError("There is nothing to pool: no row of the table counts persons with an event.")
    return counts.reset_index(drop=True), measure


def _joined(excluded: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    if not len(more):
        return excluded
    return pd.concat([excluded, more], ignore_index=True) if len(excluded) else more


def _about_counts(rows: int, events: str) -> tuple[Note, ...]:
    if not rows:
        return ()
    why = "a trial has a score of the same outcome" if events == "fallback" else "only scores are pooled"
    what = "1 row that counts persons is" if rows == 1 else f"{rows} rows that count persons are"
    return (
        Note("counts-set-aside", f"{what} not pooled with scores, as {why}; they can be pooled as ratios."),
    )


def _by_trial(table: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    """The table with one number for each trial and stratum, in `_cluster`."""
    return table.assign(_cluster=joint_codes([codes_of(table[name]) for name in (*by, "trial_id")]))


def _aggregated(table: pd.DataFrame, by: tuple[str, ...], rho: float, aggregate: str) -> Table:
    """One value a trial and stratum; all trials of all strata in one call."""
    one = aggregated_cells(_by_trial(table, by), rho=rho, aggregate=aggregate, cluster="_cluster")
    del one["_cluster"]
    return one


def _chosen(table: pd.DataFrame, by: tuple[str, ...], rho: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a trial and stratum, by the stated order; and the rows passed over, with the reason."""
    one = one_per_trial(_by_trial(table, by), load("priority"), rho=rho, cluster="_cluster")
    return one.chosen.drop(columns="_cluster"), one.left_out


def pooled_values(table: Table, by: tuple[str, ...], settings: dict[str, Any]) -> Strata:
    """One value a trial, pooled stratum by stratum."""
    cells = Cells(table)
    return {
        key: _noted(pool(**cells.arguments(rows, by, key), **settings), cells, rows, by)
        for key, rows in strata_of(table, by)
    }


def _pool_rows(
    table: pd.DataFrame, by: tuple[str, ...], settings: dict[str, Any], rho: float | None
) -> Strata:
    """Three-level models; with `rho` the sampling errors of a trial are correlated and inference is robust."""
    strata, cells = {}, Cells(table)
    for key, rows in strata_of(table, by):
        fit = pool_multilevel(
            cluster=cells.of("trial_id", rows),
            V=None if rho is None else _covariances(table.take(rows).reset_index(drop=True), rho),
            test="z" if settings["test"] == "z" else "t",
            level=settings["level"],
            **cells.arguments(rows, by, key),
        )
        strata[key] = _noted(fit if rho is None else replace(fit, rho=rho).with_robust(), cells, rows, by)
    return strata


def _noted(fit: PooledEffect, cells: Cells, rows: list[int], by: tuple[str, ...]) -> PooledEffect:
    """The fit with what its rows have in them that its numbers do not show."""
    notes = []
    if "outcome" not in by and len(outcomes := _words(fit, "outcome")) > 1:
        notes.append(
            Note(
                "outcomes-together",
                f"Outcomes pooled together: {', '.join(word.replace('_', ' ') for word in outcomes)}.",
            )
        )
    if fit.measure == "SMD" and FROM_ODDS & set(_words(fit, "yi_basis")):
        notes.append(
            Note("from-odds-ratios", "Effects from events or odds ratios are log odds ratios times √3/π.")
        )
        if (counts := cells.from_counts(rows)) < fit.k:
            notes.append(
                Note(
                    "counts-beside-scores",
                    f"{counts} of {fit.k} values come from counts of persons, not from scores.",
                )
            )
    if fit.measure in ("OR", "RR", "RD") and len(labels := _words(fit, "event_label")) > 1:
        notes.append(Note("events-together", f"Events pooled together: {'; '.join(labels)}."))
    return replace(fit, notes=(*fit.notes, *notes)) if notes else fit


def _words(fit: PooledEffect, column: str) -> list[str]:
    """As `words_of`, of what went into a fit."""
    return distinct_words(fit.columns.get(column, ()))


def _covariances(rows: pd.DataFrame, rho: float) -> dict[Any, Any]:
    """Sampling covariance of each trial: correlated outcomes, and arms that contrasts share."""
    blocks = covariance_blocks(rows, rho)
    return {trial: block for trial, (_, block) in zip(blocks.clusters, blocks.by_cluster(), strict=True)}
