"""All rows of a trial in one: an effect under their covariance, and what the other columns say together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array
from pdt_evidence.effects.columns import Columns
from pdt_evidence.effects.dependence import aggregate as combine
from pdt_evidence.effects.shared_arms import Covariances
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.frames import Cells
from pdt_evidence.formatting import counted

__all__ = ["Aggregation", "with_effect"]

AVERAGED = ("weeks", "months_since_end", "months_since_start")
JOINERS = {"row_id": "+"}
KINDS = ("flags", "numbers", "words")


class Aggregation:
    """The rows of trials, to be put together; what does not depend on `rho` and weights is worked out once.

    Parameters
    ----------
    columns : Columns
        Of rows of `effect_sizes`; those without an effect do not take part.
    cluster : str
        Column that names the trial.
    """

    def __init__(self, columns: Columns, cluster: str = "trial_id") -> None:
        self._rows, self._cluster = columns.take(np.flatnonzero(with_effect(columns))), cluster
        _refuse_mixed_measures(self._rows, cluster)

    @cached_property
    def covariances(self) -> Covariances:
        """Of the rows that give an effect."""
        return Covariances(self._rows, self._cluster)

    def cells(self, rho: float, aggregate: str = "mean") -> dict[Hashable, Cells]:
        """The columns of `aggregate_rows`, not yet put together into a table."""
        rows = self._rows
        if not rows.rows:
            return {**rows, "rows": np.empty(0, dtype=int)}
        yi, vi, trial = rows.numbers("yi"), rows.numbers("vi"), rows[self._cluster]
        V = self.covariances.blocks(rho)
        yi, vi, members = combine(yi, vi, trial, V=V, weighted=aggregate == "gls")
        return self._others(members) | {"yi": yi, "vi": vi, "rows": np.array(list(map(len, members)))}

    def _others(self, members: list[NDArray[np.intp]]) -> dict[Hashable, Cells]:
        """Every column but the effects: `members` are the same for every `rho`."""
        if self._made is None:
            self._made = _one_row_each(self._rows, members, self._cluster, self.covariances)
        return dict(self._made)

    _made: dict[Hashable, Cells] | None = None


def with_effect(table: Mapping[Hashable, Cells] | pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows have an effect and a variance above 0."""
    yi, vi = (_floats(table[name]) for name in ("yi", "vi"))
    return np.isfinite(yi) & np.isfinite(vi) & (vi > 0)


def _refuse_mixed_measures(rows: Columns, cluster: str) -> None:
    if "measure" not in rows or len(pd.unique(rows["measure"])) < 2:
        return
    both = pd.DataFrame({"cluster": rows[cluster], "measure": rows["measure"]})
    mixed = both[both.groupby("cluster", sort=False)["measure"].transform("nunique").gt(1)]
    if len(mixed):
        counts = mixed["measure"].value_counts()
        found = ", ".join(f"{word} ({counted(count, 'row')})" for word, count in counts.items())
        raise EvidenceError(f"the rows mix measures: {found}. Pool each measure by itself.")


def _one_row_each(
    rows: Columns, members: list[NDArray[np.intp]], cluster: str, covariances: Covariances
) -> dict[Hashable, Cells]:
    """The first row of each trial; where the rows of a trial differ in a column, what they say together."""
    sizes, order = np.array([len(own) for own in members]), np.concatenate(members)
    starts = np.cumsum(sizes) - sizes
    one = {name: cells[order[starts]] for name, cells in rows.items()}
    if len(starts) == rows.rows:
        return one
    kinds = {name: _kind(cells.dtype) for name, cells in rows.items() if name not in (cluster, "yi", "vi")}
    for kind in KINDS:  # all columns of a kind at once: a table has many
        own = [name for name in kinds if kinds[name] == kind]
        if own:
            one |= _joint(own, *_plain([rows[name] for name in own], kind, order), kind, starts)
    n = [name for name in ("n_t", "n_c") if name in rows]
    if n:
        trial = np.empty(rows.rows, dtype=np.intp)
        trial[order] = np.repeat(np.arange(len(members)), sizes)
        keys: dict[str, NDArray[np.intp]] = dict(zip(("n_t", "n_c"), covariances.arms, strict=True))
        one |= {name: _persons(_floats(rows[name]), keys[name], trial) for name in n}
    return one


def _joint(
    names: Sequence[Hashable],
    values: NDArray[Any],
    missing: NDArray[np.bool_],
    kind: str,
    starts: NDArray[np.intp],
) -> dict[Hashable, NDArray[Any]]:
    """The columns in which rows of a trial differ, a cell a trial; the rows of a trial begin at its start."""
    differs, firsts = _differing(values, missing, starts), values[starts]
    spans = [slice(*ends) for ends in pairwise([*starts.tolist(), len(values)])]
    found: dict[Hashable, NDArray[Any]] = {}
    for at in np.flatnonzero(differs.any(axis=0)).tolist():
        unlike, cells = np.flatnonzero(differs[:, at]), firsts[:, at].copy()
        cells[unlike] = _together(values[:, at], names[at], kind, spans, unlike)
        found[names[at]] = cells
    return found


def _kind(dtype: Any) -> str:
    return "flags" if dtype.kind == "b" else "numbers" if dtype.kind in "iufc" else "words"


def _plain(
    columns: Sequence[Cells], kind: str, order: NDArray[np.intp]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The cells of columns of one kind, shape (rows, columns), and which of them are missing; missing words are ""."""
    if kind == "flags":
        flags = np.column_stack([np.asarray(cells, dtype=bool) for cells in columns])[order]
        return flags, np.zeros(flags.shape, dtype=bool)
    if kind == "numbers":
        numbers = np.column_stack([_floats(cells) for cells in columns])[order]
        return numbers, np.isnan(numbers)
    words = np.column_stack([np.asarray(cells, dtype=object) for cells in columns])[order]
    missing = pd.isna(words)
    words[missing] = ""
    return words, missing


def _floats(cells: Cells) -> Array:
    if isinstance(cells, np.ndarray):
        return cells.astype(float, copy=False)
    return cells.to_numpy(dtype=float, na_value=np.nan)


def _together(
    values: NDArray[Any], name: Hashable, kind: str, spans: Sequence[slice], unlike: NDArray[np.intp]
) -> Any:
    """What the rows of each trial that is `unlike` within itself say together in one column."""
    if kind == "flags":
        return True
    if kind == "numbers":
        return _known_means(values, [span.start for span in spans])[unlike] if name in AVERAGED else np.nan
    joiner, words = JOINERS.get(str(name), " / "), values.tolist()
    own = [dict.fromkeys(map(str, words[spans[place]])) for place in unlike.tolist()]  # each word once
    return [joiner.join(filter(None, each)) for each in own]


def _differing(
    values: NDArray[Any], missing: NDArray[np.bool_], starts: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which trials (by row) have a cell unlike their first in which column; a missing one is like a missing one."""
    head = np.repeat(starts, np.diff(np.r_[starts, len(values)]))
    unlike = (missing != missing[head]) | (~missing & (values != values[head]).astype(bool))
    return np.asarray(np.logical_or.reduceat(unlike, starts), dtype=np.bool_)


def _known_means(values: Array, starts: Sequence[int]) -> Array:
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
