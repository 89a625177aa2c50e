"""What each specification pools: the rows that its choices leave, as one value a trial or row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.multiverse.specifications import Model
from pdt_evidence.effects.arrays import codes_of, joint_codes
from pdt_evidence.effects.dependence import aggregate, constant_correlation
from pdt_evidence.effects.per_trial import first_in_order, standing
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.effects.standing import SAME_OUTCOME, counts_persons
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence import load
from pdt_evidence.showing import Brief

__all__ = ["Pool", "Rows", "Values"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


class Values(NamedTuple):
    """What goes into one fit, and the trial of each value; without `yi`, why there is nothing to pool."""

    yi: Floats
    vi: Floats
    trial: Places
    rows: Places  # of the table, that went in
    reason: str = ""


NONE = np.empty(0, dtype=np.intp)


@dataclass(repr=False)
class Rows(Brief):
    """The rows of a table that give an effect, and what all specifications need to know of them.

    What is found for one specification is kept for the others that need the same.
    """

    table: pd.DataFrame
    measure: str
    strata: Sequence[str]

    def __post_init__(self) -> None:
        self._kept: dict[tuple[object, ...], Values] = {}
        self._blocks: dict[float, tuple[Floats, Places]] = {}
        self._plain: dict[float, Floats] = {}

    @cached_property
    def yi(self) -> Floats:
        return self.table["yi"].to_numpy(dtype=float)

    @cached_property
    def vi(self) -> Floats:
        return self.table["vi"].to_numpy(dtype=float)

    @cached_property
    def trial(self) -> Places:
        return codes_of(self.table["trial_id"])

    @cached_property
    def counts(self) -> NDArray[np.bool_]:
        """Rows that count persons with an event."""
        return counts_persons(self.table, len(self.table))

    @cached_property
    def same(self) -> Places:
        """One number for the rows among which a score stands before a count; as in `scores_before_events`."""
        names = [name for name in dict.fromkeys((*SAME_OUTCOME, *self.strata)) if name in self.table.columns]
        return joint_codes([codes_of(self.table[name]) for name in names])

    @cached_property
    def order(self) -> dict[str, Floats]:
        """The place of each row in the stated order of instruments and raters."""
        return standing(self.table, load("priority"))

    def under(self, kept: NDArray[np.bool_], events: str) -> NDArray[np.bool_]:
        """The rows kept, less those that the rule for counts of persons sets aside."""
        if events in ("", "pool"):
            return kept
        if events == "only":
            return kept & self.counts
        if events == "never":
            return kept & ~self.counts
        scores = np.bincount(self.same[kept & ~self.counts], minlength=self.same.max() + 1) > 0
        return kept & ~(self.counts & scores[self.same])

    def covariance(self, rho: float) -> tuple[Floats, Places]:
        """Sampling covariance of all rows, and the trials in which a constant correlation had to stand in.

        Raises
        ------
        EvidenceError
            As `covariance_blocks`.
        """
        if rho not in self._blocks:
            blocks = covariance_blocks(self.table, rho)
            where = [self.trial[self.table["trial_id"] == name][0] for name in blocks.replaced]
            self._blocks[rho] = blocks.dense(), np.array(where, dtype=np.intp)
        return self._blocks[rho]

    def is_plain(self, rows: Places, rho: float) -> bool:
        """Whether the rows of each trial simply correlate by `rho`, as none share one arm only.

        Raises
        ------
        EvidenceError
            As `covariance_blocks`.
        """
        if rho not in self._plain:
            self._plain[rho] = constant_correlation(self.vi, self.trial, rho).dense()
        V, among = self.covariance(rho)[0], np.ix_(rows, rows)
        return self.holds(rows, rho) and bool(
            np.allclose(V[among], self._plain[rho][among], rtol=1e-12, atol=0)
        )

    def holds(self, rows: Places, rho: float) -> bool:
        """Whether `covariance` is that of these rows alone: no trial among them had to do with a stand-in.

        Raises
        ------
        EvidenceError
            As `covariance_blocks`.
        """
        return not np.isin(self.trial[rows], self.covariance(rho)[1]).any()

    def values(self, kept: NDArray[np.bool_], model: Model) -> Values:
        """What a model pools of the rows that are kept.

        Raises
        ------
        EvidenceError
            As `covariance_blocks`.
        """
        used = self.under(kept, model.events)
        by_row = model.dependence in ("three-level", "che")
        key = (used.tobytes(), by_row, *([] if by_row else [model.dependence, model.aggregate, model.rho]))
        if key not in self._kept:
            rows = np.flatnonzero(used)
            self._kept[key] = self._made(rows, model, by_row) if len(rows) else _nothing(kept, model)
        return self._kept[key]

    def _made(self, rows: Places, model: Model, by_row: bool) -> Values:
        if by_row:
            return Values(self.yi[rows], self.vi[rows], self.trial[rows], rows)
        try:
            if model.dependence == "one-per-trial":
                return self._chosen(rows, model.rho)
            return self._aggregated(rows, model.rho, model.aggregate)
        except EvidenceError as error:
            return _without(str(error))

    def _aggregated(self, rows: Places, rho: float, how: str) -> Values:
        if self.holds(rows, rho):
            block = self.covariance(rho)[0][np.ix_(rows, rows)]
        else:  # fewer rows of a trial may do without the stand-in
            block = covariance_blocks(self.table.take(rows).reset_index(drop=True), rho)
        one = aggregate(self.yi[rows], self.vi[rows], self.trial[rows], V=block, weighted=how == "gls")
        first = np.array([members[0] for members in one.members])
        return Values(one.yi, one.vi, self.trial[rows][first], rows)

    def _chosen(self, rows: Places, rho: float) -> Values:
        """Those that come first of their trial; rows that tie are averaged, as in `one_per_trial`."""
        winner = first_in_order(self.order, self.trial, rows)[rows]
        first = np.all([key[rows] == key[winner] for key in self.order.values()], axis=0)
        return self._aggregated(rows[first], rho, "mean")


class Pool(NamedTuple):
    """One specification: the stratum, the options about rows, the model, and what it pools."""

    stratum: tuple[str, ...]
    labels: tuple[str, ...]
    kept: NDArray[np.bool_]
    model: Model
    values: Values


def _nothing(kept: NDArray[np.bool_], model: Model) -> Values:
    if not kept.any():
        return _without("no row of the table is left")
    what = "counts persons with an event" if model.events == "never" else "is a score"
    return _without(f"every row that is left {what}")


def _without(reason: str) -> Values:
    return Values(np.array([nan])[:0], np.array([nan])[:0], NONE, NONE, reason)
