"""How much a pooled estimate depends on what is done with several rows of one trial.

A trial reports several instruments, raters and comparisons with one control arm. The ways to use them, the
correlation `rho` that some of them need and no trial reports, and what becomes of counts of persons, side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.analysis.pooled.multilevel_many import pool_multilevel_many
from pdt_evidence.analysis.pooled.pooling import pool_many
from pdt_evidence.analysis.pooled.rows_to_pool import rows_to_pool
from pdt_evidence.analysis.pooled.strata import strata_of
from pdt_evidence.analysis.pooled.stratified import MULTILEVEL_TESTS, OverRho, Stratified
from pdt_evidence.analysis.pooled.usual_strata import with_strata
from pdt_evidence.analysis.synthesis import test_done
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.columns import Columns
from pdt_evidence.effects.shared_arms import Covariances
from pdt_evidence.effects.standing import EVENTS, scores_before_events
from pdt_evidence.errors import EvidenceError, known_options
from pdt_evidence.evidence.frames import as_pandas, light
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.models.estimators import METHODS
from pdt_evidence.models.inference import TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, check_options

__all__ = ["RHO_GRID", "sensitivity"]

RHO_GRID = tuple(step / 10 for step in range(10))  # 0 to 0.9
WITHOUT_RHO = ("one-per-trial", "three-level")
WITH_RHO = ("aggregate", "che")
RHO_OF_TIES = 0.6  # where "one-per-trial" averages rows that tie, as in `synthesize`
GLS = "aggregate, weighed"  # the rule "aggregate" with its other weights
WEIGHTS = {"aggregate": "mean", GLS: "gls"}
NUMBERS = ("estimate", "se", "df", "p", "tau2")
COLUMNS = (
    *("dependence", "rho", "events", "rows", "trials", "estimate", "se", "df", "ci_low", "ci_high"),
    *("p", "tau2", "inference", "constant_correlation"),
)


@known_options
def sensitivity(
    table: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    rhos: Sequence[float] = RHO_GRID,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    rules: bool = True,
) -> pd.DataFrame:
    """Pool every stratum under every rule for dependent rows, and every correlation.

    Parameters
    ----------
    table : DataFrame
        As `synthesize` takes it.
    by, method, test, level
        As in `synthesize`; `method` and `test` where one value a trial is pooled, as the multilevel models
        have their own (`inference` names them).
    rhos : sequence of float
        Correlations between two measurements of the same persons, from 0 to below 1.
    rules : bool
        Whether one value a trial weighed by the inverse of the covariance ("aggregate, weighed"), and each
        rule with counts of persons never used and always used, are among them; `events` says which. Without,
        only the rules that `synthesize` takes for dependent rows.

    Returns
    -------
    DataFrame
        One row a stratum, rule and correlation: the columns of `by`, `dependence`, `rho` (NaN for
        "one-per-trial" and "three-level", which use none), `rows` that went in, `trials`, `estimate`, `se`,
        `df`, `ci_low`, `ci_high`, `p`, `tau2` (squared units of the estimate), `inference` (the test used)
        and `constant_correlation`, the trials whose own covariance was not positive definite, so that a
        constant correlation stood in. Contrasts that share an arm keep their exact covariance under
        "aggregate" and "che".

    Raises
    ------
    EvidenceError
        As `synthesize`.
    RequestError
        Where a correlation is not from 0 to below 1.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> rows = pdt.trials(comparison="pdt_vs_cbt", outcome="depression")
    >>> table = pdt.sensitivity(rows, rhos=[0, 0.5], rules=False)
    >>> table[["dependence", "rho"]].to_numpy().tolist()
    [['one-per-trial', nan], ['three-level', nan], ['aggregate', 0.0], ['aggregate', 0.5], ['che', 0.0], ['che', 0.5]]
    """
    check_options(
        method=(method, Choice(METHODS)),
        test=(test, Choice(TESTS)),
        level=(level, LEVEL),
        **{f"rhos[{place}]": (rho, RHO) for place, rho in enumerate(rhos)},
    )
    table = as_pandas(table)
    given = given_columns(table)
    table, columns = with_strata(as_read(table), by)
    with_rho = (*WITH_RHO, GLS) if rules else WITH_RHO
    rows: dict[tuple[str, ...], list[dict[str, object]]] = {}
    usable, _ = rows_to_pool(light(table), columns, None, given)
    replaced = _Replaced(usable)
    settings = {"method": method, "test": test, "level": level}
    made: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for events, fresh, same in _by_events(usable, columns, rules):
        again = {key: made[key] for key in same}
        made = again | (
            {} if fresh is None else _every_run(fresh, with_rho, list(rhos), settings, columns, replaced)
        )
        for key, found in made.items():
            rows.setdefault(key, []).extend({**row, "events": events} for row in found)
    found = pd.DataFrame([row for stratum in rows.values() for row in stratum])
    return found if rules else found.drop(columns="events")


def _by_events(
    usable: pd.DataFrame, by: tuple[str, ...], rules: bool
) -> Iterator[tuple[str, Stratified | None, list[tuple[str, ...]]]]:
    """Under each rule for counts of persons: the strata to pool, and those that hold the rows of the rule before."""
    before: dict[tuple[str, ...], frozenset[str]] = {}
    for events in EVENTS if rules else EVENTS[:1]:
        try:
            kept = scores_before_events(usable, events, by)[0]
        except EvidenceError:  # nothing is left, as there is no score
            if events != "never":
                raise
            kept = usable.iloc[:0]
        names, strata = kept["row_id"].tolist(), dict(strata_of(kept, by))
        ids = {key: frozenset(names[at] for at in rows) for key, rows in strata.items()}
        same = [key for key in ids if ids[key] == before.get(key)]
        fresh = kept.iloc[sorted(at for key, rows in strata.items() if key not in same for at in rows)]
        before = ids
        yield events, Stratified(fresh.reset_index(drop=True), by) if len(fresh) else None, same


def _every_run(
    strata: Stratified,
    with_rho: Sequence[str],
    rhos: Sequence[float],
    settings: dict[str, Any],
    by: tuple[str, ...],
    replaced: _Replaced,
) -> dict[tuple[str, ...], list[dict[str, object]]]:
    """The rows of each stratum, one a rule and correlation: all correlations of a rule are fitted together."""
    made: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for rule in WITHOUT_RHO:
        own = settings
        if rule in MULTILEVEL_TESTS:
            own = settings | {"method": "REML", "test": test_done(rule, "knha")}
        for key, fit in strata.pooled(own, rule, RHO_OF_TIES, "mean")[0].items():
            about = _about(by, key, rule, nan, fit.row_ids, fit.columns["trial_id"], replaced)
            numbers = {name: getattr(fit, name) for name in NUMBERS} | _ends(fit.ci)
            made.setdefault(key, []).append(about | numbers | {"inference": fit.test})
    for rule in with_rho if rhos else ():
        over = strata.rows_over(rhos) if rule == "che" else strata.values_over(rhos, WEIGHTS[rule])
        for key, stratum in over:
            fits = _robust(stratum, settings["level"]) if rule == "che" else _pooled(stratum, settings)
            about = [_about(by, key, rule, rho, stratum.row_ids, stratum.trials, replaced) for rho in rhos]
            made.setdefault(key, []).extend(one | fit for one, fit in zip(about, fits, strict=True))
    return {
        key: [{name: row[name] for name in (*by, *COLUMNS)} for row in rows] for key, rows in made.items()
    }


def _pooled(stratum: OverRho, settings: dict[str, Any]) -> list[dict[str, object]]:
    """One value a trial, pooled under each correlation."""
    fits = pool_many(stratum.yi, stratum.vi, **settings)
    numbers = {name: getattr(fits, name).tolist() for name in NUMBERS}
    return [
        {name: values[at] for name, values in numbers.items()} | _ends(ci) | {"inference": settings["test"]}
        for at, ci in enumerate(fits.ci.tolist())
    ]


def _robust(stratum: OverRho, level: float) -> list[dict[str, object]]:
    """All rows in the model with `rho`, under each correlation: robust, or by the model where that has no ground."""
    fits = pool_multilevel_many(stratum.yi, stratum.vi, stratum.trials, V=stratum.V, level=level)
    found = []
    for at in range(len(fits.k)):
        inference, by = ("t", fits) if np.isnan(fits.robust.se[at]) else ("CR2", fits.robust)
        numbers = {name: getattr(by, name)[at].item() for name in ("se", "df", "p")}
        model = {"estimate": fits.estimate[at].item(), "tau2": fits.tau2[at].item()}
        found.append(model | numbers | _ends(by.ci[at].tolist()) | {"inference": inference})
    return found


def _ends(ci: Sequence[float]) -> dict[str, float]:
    return {"ci_low": ci[0], "ci_high": ci[1]}


def _about(
    by: tuple[str, ...],
    key: tuple[str, ...],
    rule: str,
    rho: float,
    row_ids: Sequence[str],
    trials: Sequence[object],
    replaced: _Replaced,
) -> dict[str, object]:
    """What a row of the answer says besides its numbers."""
    used = frozenset(row for ids in row_ids for row in str(ids).split("+"))
    counts = {"rows": len(used), "trials": len(set(trials))}
    words: dict[str, object] = dict(zip(by, key, strict=True))
    words |= {"dependence": rule, "rho": rho, "events": ""}
    return words | counts | {"constant_correlation": replaced.among(used, rho)}


class _Replaced:
    """The trials whose own covariance was not positive definite, among some rows; each set of rows once."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._columns, self._ids = Columns.of(table), table["row_id"]
        self._of_rows: dict[frozenset[str], Covariances] = {}
        self._known: dict[tuple[frozenset[str], float], str] = {}

    def among(self, ids: frozenset[str], rho: float) -> str:
        if isnan(rho):
            return ""
        if (ids, rho) not in self._known:
            if ids not in self._of_rows:
                rows = np.flatnonzero(self._ids.isin(ids))
                self._of_rows[ids] = Covariances(self._columns.take(rows))
            self._known[ids, rho] = " ".join(map(str, self._of_rows[ids].blocks(rho).replaced))
        return self._known[ids, rho]
