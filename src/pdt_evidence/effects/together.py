"""All rows of a trial in one: an effect under their covariance, and what the other columns say together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from types import NoneType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array
from pdt_evidence.effects.columns import Columns
from pdt_evidence.effects.dependence import Clusters, combined
from pdt_evidence.effects.shared_arms import Covariances
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.frames import Cells
from pdt_evidence.formatting import counted

__all__ = ["Aggregation", "with_effect"]

AVERAGED = ("weeks", "months_since_end", "months_since_start")
JOINERS: dict[Hashable, str] = {"row_id": "+"}


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
    def _trials(self) -> Clusters:
        return Clusters.of(self._rows[self._cluster])

    @cached_property
    def _covariances(self) -> Covariances:
        return Covariances(self._rows, self._cluster, self._trials)

    def cells(self, rho: float, aggregate: str = "mean") -> dict[Hashable, Cells]:
        """The columns of `aggregate_rows`, not yet put together into a table."""
        rows = self._rows
        if not rows.rows:
            return {**rows, "rows": np.empty(0, dtype=int)}
        sizes = self._trials.sizes
        yi, vi = combined(rows.numbers("yi"), self._covariances.blocks(rho), weighted=aggregate == "gls")
        return self._others | {"yi": yi, "vi": vi, "rows": sizes}

    @cached_property
    def _others(self) -> dict[Hashable, Cells]:
        """Every column but the effects, which are the same for every `rho`."""
        one = _one_row_each(self._rows, self._cluster, self._trials)
        for side, name in enumerate(("n_t", "n_c")):
            if name in one and len(self._trials.sizes) < self._rows.rows:
                n = _floats(self._rows[name])
                one[name] = _persons(n, self._covariances.arms[side], self._trials)
        return one


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


def _one_row_each(rows: Columns, cluster: str, trials: Clusters) -> dict[Hashable, Cells]:
    """The first row of each trial; where the rows of a trial differ in a column, what they say together."""
    one = {name: cells[trials.rows[trials.starts]] for name, cells in rows.items()}
    if len(trials.starts) == rows.rows:
        return one
    kinds: dict[str, list[Hashable]] = {}
    for name, cells in rows.items():
        if name not in (cluster, "yi", "vi"):
            kinds.setdefault(_kind(cells.dtype), []).append(name)
    for kind, names in kinds.items():  # all columns of a kind at once: a table has many
        one |= _joint(names, _plain([rows[name] for name in names], kind)[:, trials.rows], kind, trials)
    return one


def _kind(dtype: Any) -> str:
    return "flags" if dtype.kind == "b" else "numbers" if dtype.kind in "iufc" else "words"


def _plain(columns: Sequence[Cells], kind: str) -> NDArray[Any]:
    """The cells of columns of one kind, shape (columns, rows); missing words are None, missing numbers NaN."""
    if kind == "flags":
        return np.stack([np.asarray(cells, dtype=bool) for cells in columns])
    if kind == "numbers":
        return np.stack([_floats(cells) for cells in columns])
    words = np.stack([np.asarray(cells, dtype=object) for cells in columns])
    try:
        words[(words != words).astype(bool)] = None  # NaN is not itself: asked in a third of the time of isna
    except TypeError:  # pd.NA is neither itself nor not
        words[pd.isna(words)] = None
    return words


def _floats(cells: Cells) -> Array:
    if isinstance(cells, np.ndarray):
        return cells.astype(float, copy=False)
    return cells.to_numpy(dtype=float, na_value=np.nan)


def _joint(
    names: Sequence[Hashable], values: NDArray[Any], kind: str, trials: Clusters
) -> dict[Hashable, NDArray[Any]]:
    """The columns in which rows of a trial differ, a cell a trial; `values` (columns, rows) trial by trial."""
    differs = _differing(values, trials)
    some = np.flatnonzero(differs.any(axis=1))
    names, values, differs = [names[at] for at in some.tolist()], values[some], differs[some]
    cells = values[:, trials.starts]
    if kind == "flags":
        cells |= differs
    elif kind == "numbers":
        cells[differs] = np.nan
        for at in [at for at, name in enumerate(names) if name in AVERAGED]:
            cells[at] = np.where(differs[at], _known_means(values[at], trials.starts), cells[at])
    else:
        cells[cells == None] = ""  # noqa: E711
        cells[differs] = _joined(values, differs, trials, [JOINERS.get(name, " / ") for name in names])
    return dict(zip(names, cells, strict=True))


def _differing(values: NDArray[Any], trials: Clusters) -> NDArray[np.bool_]:
    """Which trials have a cell unlike their first in which column, shape (columns, trials); all missing are alike."""
    trial = np.repeat(np.arange(len(trials.starts)), trials.sizes)
    later = np.flatnonzero(np.arange(len(trial)) != trials.starts[trial])
    cells, first = values[:, later], values[:, trials.starts[trial[later]]]
    unlike = (cells != first).astype(bool)
    if values.dtype == np.float64:
        unlike &= ~(np.isnan(cells) & np.isnan(first))
    differs = np.zeros((len(values), len(trials.starts)), dtype=bool)
    column, row = np.nonzero(unlike)
    differs[column, trial[later[row]]] = True
    return differs


def _joined(
    values: NDArray[Any], differs: NDArray[np.bool_], trials: Clusters, joiners: Sequence[str]
) -> list[str]:
    """The words of the rows of each trial that `differs`, each word once, column by column."""
    words = values.tolist()
    if not set(map(type, values.flat)) <= {str, NoneType}:
        words = [[None if word is None else str(word) for word in column] for column in words]
    columns, places = np.nonzero(differs)
    starts, ends = trials.starts[places], (trials.starts + trials.sizes)[places]
    return [
        joiners[at].join(filter(None, dict.fromkeys(words[at][start:end])))
        for at, start, end in zip(columns.tolist(), starts.tolist(), ends.tolist(), strict=True)
    ]


def _known_means(values: Array, starts: NDArray[np.intp]) -> Array:
    known = ~np.isnan(values)
    count = np.add.reduceat(known.astype(float), starts)
    total = np.add.reduceat(np.where(known, values, 0.0), starts)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _persons(n: Array, arm: NDArray[np.intp], trials: Clusters) -> Array:
    """Persons of each trial: every arm counted once, with the largest number any row gives it."""
    trial = np.empty(len(n), dtype=np.intp)
    trial[trials.rows] = np.repeat(np.arange(len(trials.starts)), trials.sizes)
    known = ~np.isnan(n)
    largest = np.full(arm.max() + 1, -np.inf)
    np.maximum.at(largest, arm[known], n[known])
    arms, at = np.unique(arm, return_index=True)
    counted = np.isfinite(largest[arms])
    persons = np.bincount(trial[at[counted]], weights=largest[arms[counted]], minlength=len(trials.starts))
    some = np.bincount(trial[at[counted]], minlength=len(trials.starts)) > 0
    return np.where(some, persons, np.nan)
