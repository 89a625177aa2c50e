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

from pdt_evidence.analysis.pooled.rows_to_pool import about_counts, rows_to_pool, with_names
from pdt_evidence.analysis.pooled.stratified import MULTILEVEL_TESTS, Stratified
from pdt_evidence.analysis.pooled.usual_strata import with_strata
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.arrays import words_in
from pdt_evidence.effects.clock import CLOCKS, on_clock
from pdt_evidence.effects.left_out import rows_left_out, together
from pdt_evidence.effects.per_trial import AGGREGATES
from pdt_evidence.effects.standing import EVENTS, OUTCOME_KINDS, scores_before_events
from pdt_evidence.effects.standing import outcome_kind as kinds_of
from pdt_evidence.errors import EvidenceError, RequestError, known_options, require_choice
from pdt_evidence.evidence.frames import as_pandas, light
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.models.estimators import METHODS
from pdt_evidence.models.inference import TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, check_options
from pdt_evidence.results import Synthesis

__all__ = [
    "DEPENDENCE",
    "MULTILEVEL_TESTS",
    "synthesize",
    "test_done",
]

DEPENDENCE = ("aggregate", "one-per-trial", "three-level", "che")
STYLES = ("library", "revman")


@known_options
def synthesize(
    table: Any,
    *,
    by: str | Sequence[str] | None = None,
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
    """Pool a table of trials, stratum by stratum; `model_strata` pools all strata in one model.

    Parameters
    ----------
    table : DataFrame
        Of pandas, polars or pyarrow: one row a contrast, as `trials` and `read_trials` give it. Without the
        columns `yi` and `vi` they are computed by `effect_sizes`; without `follow_up` it is the window of
        `months_since_end`.
    by : str or list of str, optional
        Columns whose combinations are the strata; default: `outcome` and `follow_up`, as far as the table has them.
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
        `test` is "z". A stratum of means is no ratio: where its data do not give the `measure` that is asked for,
        it is pooled by its own and a note says so. More choices in `analysis.as_revman.synthesis.synthesize_as_revman`.

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

    References
    ----------
    .. [1] Borenstein M, Hedges LV, Higgins JPT, Rothstein HR. Introduction to meta-analysis. Wiley, 2009, ch. 24.
       doi:10.1002/9780470743386.ch24
    .. [2] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3

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
    table = as_pandas(table)
    given = given_columns(table)
    table, by = with_strata(as_read(table), by)
    table = _on_clock(table, by, clock)
    scores: list[pd.DataFrame] = []
    if outcome_kind == "response":
        table, scores, measure = _responses(table, measure, style)
    if style == "revman":
        require_choice("events (with style = 'revman')", events, ("fallback",))
        require_choice("aggregate (with style = 'revman')", aggregate, ("mean",))
        return _as_revman(table, by, measure, method, test, level, dependence)
    if dependence in MULTILEVEL_TESTS:
        _check_multilevel(dependence, method, test)
    usable, excluded = rows_to_pool(light(table), by, measure, given)
    usable, aside = scores_before_events(usable, events, by)
    notes = about_counts(len(aside), events)
    settings = {"method": method, "test": test, "level": level}
    if dependence in MULTILEVEL_TESTS:
        settings["test"] = test_done(dependence, test)
    strata, passed_over = Stratified(usable, by).pooled(settings, dependence, rho, aggregate)
    rules = {
        "dependence": dependence,
        "rho": rho if dependence in ("aggregate", "che") else nan,
        "aggregate": aggregate if dependence == "aggregate" else "",
    }
    made = rules | {"counts": events if len(aside) else ""}
    return Synthesis(
        by=by,
        strata={key: replace(fit, values_by=made) for key, fit in strata.items()},
        left_out=together(*scores, excluded, aside, passed_over),
        measure=_measure(usable),
        notes=notes,
        **rules,
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
    from pdt_evidence.analysis.as_revman.synthesis import synthesize_as_revman

    random = None if method == "REML" else method == "DL"  # REML is the default: as the review does
    return synthesize_as_revman(table, by=by, measure=measure, random=random, level=level)


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


def _responses(
    table: pd.DataFrame, measure: str | None, style: str
) -> tuple[pd.DataFrame, list[pd.DataFrame], str]:
    """The rows that count persons; the others, each with its reason; and the measure they are pooled by."""
    measure = measure or "OR"
    require_choice("measure (with outcome_kind = 'response')", measure, ("OR", "RR", "RD"))
    require_choice("style (with outcome_kind = 'response')", style, ("library",))
    held = kinds_of(table) == "response"
    for name in {"event_t", "event_c"} & set(table.columns):  # also beside the means of one row
        held |= words_in(table, name) != ""
    if not held.any():
        raise EvidenceError("There is nothing to pool: no row of the table counts persons with an event.")
    table = with_names(table)  # before rows go, as some are named by their places
    scores = rows_left_out(table[~held], "counts no persons with an event; only such counts are pooled")
    return table[held].reset_index(drop=True), [scores] if len(scores) else [], measure
