"""Rows of a table, pooled stratum by stratum under one rule after the other for several rows of a trial.

What the rules share (who belongs together, which arms are shared, what the columns of a trial say together) is
worked out once, so that a sensitivity analysis costs little more than its fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.ordered import orders_of
from pdt_evidence.analysis.pooled.pooling import pool_each
from pdt_evidence.analysis.pooled.rows_to_pool import distinct_words
from pdt_evidence.analysis.pooled.strata import Cells, Table, strata_of
from pdt_evidence.effects.arrays import codes_of, joint_codes
from pdt_evidence.effects.columns import Columns
from pdt_evidence.effects.dependence import Blocks
from pdt_evidence.effects.per_trial import Aggregation, one_per_trial
from pdt_evidence.effects.shared_arms import Covariances
from pdt_evidence.evidence import load
from pdt_evidence.formatting import counted
from pdt_evidence.results import Note, PooledEffect

if TYPE_CHECKING:
    from pdt_evidence.analysis.pooled.multilevel import MultilevelEffect

__all__ = ["MULTILEVEL_TESTS", "NONE_PASSED_OVER", "OverRho", "Strata", "Stratified", "pooled_values"]

MULTILEVEL_TESTS = {"three-level": ("knha", "t", "z"), "che": ("knha",)}  # "knha" is merely the default
NONE_PASSED_OVER = pd.DataFrame({"row_id": [], "reason": []}, dtype=str)
FROM_ODDS = {"events", "reported OR"}  # in `yi_basis`
FEW = "few-degrees-of-freedom"  # the code of a note on robust inference
EFFECT = ("yi", "vi")
CLUSTER = "_cluster"  # one number for each trial and stratum
Strata = dict[tuple[str, ...], PooledEffect]


class OverRho(NamedTuple):
    """A stratum under n correlations: effects and variances (n, k), what is behind them, covariances (n, k, k)."""

    yi: NDArray[np.float64]
    vi: NDArray[np.float64]
    row_ids: Sequence[str]
    trials: Sequence[Any]
    V: NDArray[np.float64] | None = None


class Stratified:
    """Rows of `rows_to_pool` and the columns that make their strata.

    Parameters
    ----------
    usable : DataFrame
        Rows with an effect, a `row_id`, a `study` and a `trial_id` each.
    by : tuple of str
        Columns whose combinations are the strata.
    """

    def __init__(self, usable: pd.DataFrame, by: tuple[str, ...]) -> None:
        self._usable, self._by = usable, by
        self._covariances: dict[tuple[str, ...], Covariances] = {}

    @cached_property
    def _columns(self) -> Columns:
        return Columns.of(self._usable)

    @cached_property
    def _cluster(self) -> NDArray[np.intp]:
        return joint_codes([codes_of(self._columns[name]) for name in (*self._by, "trial_id")])

    @cached_property
    def _aggregation(self) -> Aggregation:
        return Aggregation(self._columns.beside(CLUSTER, self._cluster), CLUSTER)

    @cached_property
    def _orders(self) -> dict[Any, tuple[Any, ...]]:
        return orders_of(self._usable)

    @cached_property
    def _cells(self) -> Cells:
        return Cells(self._columns, self._orders)

    def values(self, dependence: str, rho: float, aggregate: str) -> tuple[Table, pd.DataFrame]:
        """One value a trial under a rule for dependence; and the rows passed over, with the reason.

        Raises
        ------
        EvidenceError
            Where rows of one trial are of several measures.
        """
        if dependence == "one-per-trial":
            rows = self._usable.assign(**{CLUSTER: self._cluster})
            one = one_per_trial(rows, load("priority"), rho=rho, cluster=CLUSTER)
            return one.chosen.drop(columns=CLUSTER), one.left_out
        together = self._aggregation.cells(rho, aggregate)
        return {name: together[name] for name in together if name != CLUSTER}, NONE_PASSED_OVER

    def pooled(
        self, settings: dict[str, Any], dependence: str, rho: float, aggregate: str
    ) -> tuple[Strata, pd.DataFrame]:
        """Every stratum pooled; and the rows passed over, with the reason.

        Raises
        ------
        EvidenceError
            As `values`, and as `pool` and `pool_multilevel`.
        """
        if dependence in MULTILEVEL_TESTS:
            return self._pooled_rows(settings, rho if dependence == "che" else None), NONE_PASSED_OVER
        table, passed_over = self.values(dependence, rho, aggregate)
        return pooled_values(table, self._by, settings, self._orders), passed_over

    def values_over(self, rhos: Sequence[float], aggregate: str) -> Iterator[tuple[tuple[str, ...], OverRho]]:
        """Every stratum with one value a trial under each correlation.

        Raises
        ------
        EvidenceError
            As `values`.
        """
        tables = [self.values("aggregate", rho, aggregate)[0] for rho in rhos]
        for key, rows in strata_of(tables[0], self._by):
            yi, vi = (
                np.array([np.asarray(one[name], dtype=float)[rows] for one in tables]) for name in EFFECT
            )
            ids, trials = ([tables[0][name][at] for at in rows] for name in ("row_id", "trial_id"))
            yield key, OverRho(yi, vi, ids, trials)

    def rows_over(self, rhos: Sequence[float]) -> Iterator[tuple[tuple[str, ...], OverRho]]:
        """Every stratum with all its rows, and their covariance under each correlation.

        Raises
        ------
        EvidenceError
            Where the rows lack what their covariance needs.
        """
        for key, rows in strata_of(self._columns, self._by):
            yi, vi = (np.tile(self._columns.numbers(name)[rows], (len(rhos), 1)) for name in EFFECT)
            V = np.stack([self._blocks(key, rows, rho).dense() for rho in rhos])
            yield key, OverRho(yi, vi, self._cells.of("row_id", rows), self._cells.of("trial_id", rows), V)

    def _pooled_rows(self, settings: dict[str, Any], rho: float | None) -> Strata:
        """Three-level models; with `rho` the sampling errors of a trial are correlated, inference is robust."""
        from pdt_evidence.analysis.pooled.multilevel import pool_multilevel

        strata, by = {}, self._by
        for key, rows in strata_of(self._columns, by):
            fit = pool_multilevel(
                cluster=self._cells.of("trial_id", rows),
                V=None if rho is None else self._covariance(key, rows, rho),
                test="z" if settings["test"] == "z" else "t",
                level=settings["level"],
                **self._cells.arguments(rows, by, key),
            )
            fit = _by_the_model(fit) if rho is None else replace(fit, rho=rho).with_robust()
            strata[key] = _noted(fit, self._cells, rows, by)
        return strata

    def _blocks(self, key: tuple[str, ...], rows: list[int], rho: float) -> Blocks:
        if key not in self._covariances:
            self._covariances[key] = Covariances(self._columns.take(np.asarray(rows)))
        return self._covariances[key].blocks(rho)

    def _covariance(self, key: tuple[str, ...], rows: list[int], rho: float) -> dict[Any, Any]:
        """Sampling covariance of each trial: correlated outcomes, and arms that contrasts share."""
        blocks = self._blocks(key, rows, rho)
        return {trial: V for trial, (_, V) in zip(blocks.clusters, blocks.by_cluster(), strict=True)}


def pooled_values(
    table: Table,
    by: tuple[str, ...],
    settings: dict[str, Any],
    orders: dict[Any, tuple[Any, ...]] | None = None,
) -> Strata:
    """One value a trial, pooled stratum by stratum; `orders` has the categories of ordered columns."""
    cells, strata = Cells(table, orders), list(strata_of(table, by))
    fits = pool_each([cells.arguments(rows, by, key) for key, rows in strata], **settings)
    return {key: _noted(fit, cells, rows, by) for (key, rows), fit in zip(strata, fits, strict=True)}


def _by_the_model(fit: MultilevelEffect) -> MultilevelEffect:
    """Without the warning of robust inference, whose p is not the one that stands in a synthesis by three levels."""
    return replace(fit, notes=tuple(note for note in fit.notes if getattr(note, "code", "") != FEW))


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
    bases = _words(fit, "yi_basis")
    if assumed := [basis for basis in bases if ";" in basis]:
        notes.append(Note("assumed", f"Assumed for some effects: {' | '.join(assumed)}."))
    if fit.measure == "SMD" and FROM_ODDS & {basis.split(";")[0] for basis in bases}:
        notes.append(
            Note("from-odds-ratios", "Effects from events or odds ratios are log odds ratios times √3/π.")
        )
        notes += _counts_beside_scores(fit.k, *cells.from_counts(rows))
    if fit.measure in ("OR", "RR", "RD") and len(labels := _words(fit, "event_label")) > 1:
        notes.append(Note("events-together", f"Events pooled together: {'; '.join(labels)}."))
    return replace(fit, notes=(*fit.notes, *notes)) if notes else fit


def _counts_beside_scores(k: int, wholly: int, partly: int) -> list[Note]:
    """How many of `k` values are made of counts, and of counts with scores; nothing where all are of counts."""
    if wholly == k or not wholly + partly:
        return []
    come = "comes" if (wholly or partly) == 1 else "come"
    head = f"{wholly or partly} of {counted(k, 'value')} {come} {'' if wholly else 'in part '}"
    end = "" if wholly else " alone"
    more = f"; {partly} more {'is' if partly == 1 else 'are'} made of both" if wholly and partly else ""
    text = f"{head}from counting patients (how many recovered, for example), not from scores{end}{more}."
    return [Note("counts-beside-scores", text)]


def _words(fit: PooledEffect, column: str) -> list[str]:
    """As `words_of`, of what went into a fit."""
    return distinct_words(fit.columns.get(column, ()))
