"""All rows of a trial in one: an effect under their covariance, and what the other columns say together."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array
from pdt_evidence.effects.dependence import aggregate as combine
from pdt_evidence.effects.shared_arms import Covariances
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.frames import light
from pdt_evidence.formatting import counted

__all__ = ["Aggregation", "with_effect"]

AVERAGED = ("weeks", "months_since_end", "months_since_start")
JOINERS = {"row_id": "+"}
KINDS = ("flags", "numbers", "words")
Cells = Any  # of one column: an array of numpy or of pandas
Joint = tuple[NDArray[np.intp], NDArray[Any]]  # places, and the cell of each


class Aggregation:
    """The rows of trials, to be put together; what does not depend on `rho` and weights is worked out once."""

    def __init__(self, table: pd.DataFrame, cluster: str = "trial_id") -> None:
        self._rows, self._cluster = light(table)[with_effect(table)].reset_index(drop=True), cluster
        _refuse_mixed_measures(self._rows, cluster)

    @cached_property
    def covariances(self) -> Covariances:
        """Of the rows that give an effect."""
        return Covariances(self._rows, self._cluster)

    def cells(self, rho: float, aggregate: str = "mean") -> dict[Hashable, Cells]:
        """The columns of `aggregate_rows`, not yet put together into a table."""
        rows = self._rows
        if rows.empty:
            empty: dict[Hashable, Cells] = {name: rows[name].array for name in rows.columns}
            return empty | {"rows": np.empty(0, dtype=int)}
        yi, vi, members = combine(
            rows["yi"],
            rows["vi"],
            rows[self._cluster].to_numpy(),
            V=self.covariances.blocks(rho),
            weighted=aggregate == "gls",
        )
        return self._others(members) | {"yi": yi, "vi": vi, "rows": np.array(list(map(len, members)))}

    def _others(self, members: list[NDArray[np.intp]]) -> dict[Hashable, Cells]:
        """Every column but the effects: `members` are the same for every `rho`."""
        if self._made is None:
            self._made = _one_row_each(self._rows, members, self._cluster, self.covariances)
        return dict(self._made)

    _made: dict[Hashable, Cells] | None = None


def with_effect(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows have an effect and a variance above 0."""
    yi, vi = table["yi"].to_numpy(dtype=float), table["vi"].to_numpy(dtype=float)
    return np.isfinite(yi) & np.isfinite(vi) & (vi > 0)


def _refuse_mixed_measures(rows: pd.DataFrame, cluster: str) -> None:
    if "measure" not in rows.columns or rows["measure"].nunique() < 2:
        return
    mixed = rows[rows.groupby(cluster, sort=False)["measure"].transform("nunique").gt(1)]
    if len(mixed):
        counts = mixed["measure"].value_counts()
        found = ", ".join(f"{word} ({counted(count, 'row')})" for word, count in counts.items())
        raise EvidenceError(f"the rows mix measures: {found}. Pool each measure by itself.")


def _one_row_each(
    rows: pd.DataFrame, members: list[NDArray[np.intp]], cluster: str, covariances: Covariances
) -> dict[Hashable, Cells]:
    """The first row of each trial; where the rows of a trial differ in a column, what they say together."""
    sizes = np.array([len(own) for own in members])
    order = np.concatenate(members)
    first = order[np.cumsum(sizes) - sizes]
    one: dict[Hashable, Cells] = {name: column.array for name, column in rows.take(first).items()}
    if len(first) == len(rows):
        return one
    several = np.flatnonzero(np.repeat(sizes > 1, sizes))  # rows that have others of their trial beside them
    places = np.repeat(np.arange(len(members)), sizes)[several]
    for name, joint in _joint_cells(rows.take(order[several]), {cluster, "yi", "vi"}, places).items():
        one[name] = _with_joint(one[name], *joint)
    n = [name for name in ("n_t", "n_c") if name in rows.columns]
    if n:
        trial = np.empty(len(rows), dtype=np.intp)
        trial[order] = np.repeat(np.arange(len(members)), sizes)
        keys: dict[str, NDArray[np.intp]] = dict(zip(("n_t", "n_c"), covariances.arms, strict=True))
        one |= {name: _persons(rows[name].to_numpy(dtype=float), keys[name], trial) for name in n}
    return one


def _joint_cells(
    table: pd.DataFrame, passed_over: set[str], places: NDArray[np.intp]
) -> dict[Hashable, Joint]:
    """By column, the trials whose rows differ there, and the cell of each; nothing where all agree.

    `places` holds the trial of each row, rows of one trial beside each other. Columns of a kind are looked at
    together: a table has many of them, and few differ.
    """
    starts = np.flatnonzero(np.r_[True, places[1:] != places[:-1]])
    kinds = {name: _kind(dtype) for name, dtype in table.dtypes.items() if name not in passed_over}
    found: dict[Hashable, Joint] = {}
    for kind in KINDS:
        own = [name for name in kinds if kinds[name] == kind]
        if not own:
            continue
        values, missing = _cells(table[own], kind)
        differs = _differing(values, missing, starts)
        for at in np.flatnonzero(differs.any(axis=0)).tolist():
            unlike = np.flatnonzero(differs[:, at])
            cells = _together(values[:, at], own[at], kind, starts, unlike)
            found[own[at]] = places[starts[unlike]], cells
    return found


def _kind(dtype: Any) -> str:
    return "flags" if dtype.kind == "b" else "numbers" if dtype.kind in "iufc" else "words"


def _cells(table: pd.DataFrame, kind: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The cells, shape (rows, columns), and which of them are missing."""
    if kind == "flags":
        flags = table.to_numpy(dtype=bool)
        return flags, np.zeros(flags.shape, dtype=bool)
    if kind == "numbers":
        numbers = table.to_numpy(dtype=float, na_value=np.nan)
        return numbers, np.isnan(numbers)
    words = table.to_numpy(dtype=object, copy=True)
    missing = pd.isna(words)
    words[missing] = ""
    return words, missing


def _together(
    values: NDArray[Any], name: Hashable, kind: str, starts: NDArray[np.intp], unlike: NDArray[np.intp]
) -> NDArray[Any]:
    """What the rows of each trial that is `unlike` within itself say together in one column."""
    if kind == "flags":
        return np.ones(len(unlike), dtype=bool)
    if kind == "numbers":
        means = name in AVERAGED
        return _known_means(values, starts)[unlike] if means else np.full(len(unlike), np.nan)
    cells = np.empty(len(unlike), dtype=object)
    ends, joiner = np.r_[starts[1:], len(values)], JOINERS.get(str(name), " / ")
    for at, place in enumerate(unlike.tolist()):
        words = dict.fromkeys(str(word) for word in values[starts[place] : ends[place]] if word != "")
        cells[at] = joiner.join(words)
    return cells


def _differing(
    values: NDArray[Any], missing: NDArray[np.bool_], starts: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which trials (by row) have a cell unlike their first in which column; a missing one is like a missing one."""
    lengths = np.diff(np.r_[starts, len(values)])
    head = np.repeat(starts, lengths)
    unlike = (missing != missing[head]) | (~missing & (values != values[head]).astype(bool))
    return np.asarray(np.logical_or.reduceat(unlike, starts), dtype=np.bool_)


def _with_joint(column: Cells, places: NDArray[np.intp], cells: NDArray[Any]) -> NDArray[Any]:
    """A cell a trial: that of its first row, or the joint one of the trials in `places`."""
    kind = _kind(column.dtype)
    if kind == "flags":
        values: NDArray[Any] = np.array(column, dtype=bool)
    elif kind == "numbers":
        values = pd.Series(column).to_numpy(dtype=float, na_value=np.nan, copy=True)
    else:
        values = np.array(column, dtype=object)
        values[pd.isna(values)] = ""
    values[places] = cells
    return values


def _known_means(values: Array, starts: NDArray[np.intp]) -> Array:
    known = ~np.isnan(values)
    count = np.add.reduceat(known.astype(float), starts)
    total = np.add.reduceat(np.where(known, values, 0.0), starts)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _persons(n: Array, arm: NDArray[np.intp], trial: NDArray[np.intp]) -> Array:
    """Persons of each trial: every arm counted once, with the largest number any row gives it."""
    known = ~np.isnan(n)
    largest = np.full(arm.max() + 1, -np.inf)
    np.maximum.at(largest, arm[known], n[known])
    arms, at = np.unique(arm, return_index=True)
    counted = np.isfinite(largest[arms])
    persons = np.bincount(trial[at[counted]], weights=largest[arms[counted]], minlength=trial.max() + 1)
    some = np.bincount(trial[at[counted]], minlength=trial.max() + 1) > 0
    return np.where(some, persons, np.nan)
