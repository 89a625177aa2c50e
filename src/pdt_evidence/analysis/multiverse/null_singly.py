"""Specifications that no batch covers, under arrangements of signs: the rows of the table are turned, and fitted anew.

These are methods against bias, and multilevel models of trials whose own covariance cannot be. Each goes through what
made its own number, the effects of some trials the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.multiverse.run import fit_group, starts_from
from pdt_evidence.analysis.multiverse.specifications import Model
from pdt_evidence.analysis.multiverse.values import Pool, Rows
from pdt_evidence.models.tasks import in_order

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["refit_singly"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Groups = Sequence[tuple[Places, list[Model]]]  # rows, and the models of them


def refit_singly(
    pools: Sequence[Pool],
    source: Rows,
    signs: Floats,
    level: float,
    direction: str | None,
    executor: Executor | None,
    progress: Callable[[int], object] | None,
) -> Floats:
    """Estimate and p of every specification under each arrangement, shape (arrangements, pools, 2); NaN where none.

    The direction that selection favours stays as it is: it is of the field, not of the trials.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for at, pool in enumerate(pools):
        groups.setdefault(starts_from(pool), []).append(at)
    order = np.array([at for group in groups.values() for at in group], dtype=np.intp)
    models = [(pools[group[0]].values.rows, [pools[at].model for at in group]) for group in groups.values()]
    job = partial(_under, source.table, source.trial, level, direction, models)
    found = np.full((len(signs), len(pools), 2), np.nan)
    with in_order(job, signs, executor) as results:
        for at, numbers in enumerate(results):
            found[at, order] = numbers
            if progress:
                progress(1)
    return found


def _under(
    table: pd.DataFrame, trial: Places, level: float, direction: str | None, groups: Groups, signs: Floats
) -> Floats:
    """One arrangement, shape (models, 2)."""
    turned = table.assign(yi=table["yi"].to_numpy(dtype=float) * signs[trial])
    numbers = [
        (columns.get("estimate", np.nan), columns.get("p", np.nan))
        for group in groups
        for columns, _ in fit_group(turned, level, direction, group)
    ]
    return np.array(numbers, dtype=float)
