"""Entry point to cumulative meta-analysis: how the evidence built up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.analysis.ordered import InOrder, in_their_order
from pdt_evidence.analysis.robustness.refits import PooledSeries, options_of, pool_first, series
from pdt_evidence.errors import EvidenceError, did_you_mean, known_options
from pdt_evidence.formatting import counted
from pdt_evidence.models.cumulative import accumulate
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cumulative"]


@known_options
def cumulative(
    yi: ArrayLike | PooledEffect | pd.DataFrame,
    vi: ArrayLike | None = None,
    *,
    order: Sequence[object] | ArrayLike | None = None,
    method: str | None = None,
    test: str | None = None,
    level: float | None = None,
    labels: Sequence[object] | None = None,
) -> PooledSeries:
    """Pool the first study, the first two, ..., all of them.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.
    order : sequence, length k, or str, optional
        Studies enter by these values, smallest first (ordered categories in their order), equal ones as they
        stand: years, -years
        for the latest first, vi for the most precise first. For a `PooledEffect` also the name of one of its
        `columns`, such as "year". As they stand if None.
    method, test, level, labels
        As in `pool`; those not given are those of the `PooledEffect`, or the defaults of `pool`.

    Returns
    -------
    PooledSeries
        The labels name the study that enters; its first fit is that study's own estimate.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`; for an `order` of another length, with missing
        values, or of values that cannot be compared.
    RequestError
        For an unknown option or value, or a result that `pool` does not give.

    References
    ----------
    .. [1] Lau, Antman, Jimenez-Silva, Kupelnick, Mosteller, Chalmers. New England Journal of Medicine
       327 (1992) 248. doi:10.1056/NEJM199207233270406

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> steps = pdt.cumulative([0.9, 0.2, 0.1], [0.06, 0.05, 0.04], order=[2003, 1999, 2001], method="EE")
    >>> steps.labels, steps.estimate.round(3).tolist()
    (('2', '3', '1'), [0.2, 0.144, 0.349])
    """
    full = pool_first(yi, vi, method, test, level, labels, "cumulative")
    if isinstance(order, str):
        order = _column(full, order)
    at = np.arange(full.k) if order is None else _places(order, full)
    fits = accumulate(full.yi[at], full.vi[at], options_of(full))
    return series("cumulative", [full.labels[i] for i in at], full, fits)


def _column(full: PooledEffect, name: str) -> Sequence[object]:
    columns = full.columns
    if name not in columns:
        known = ", ".join(map(repr, columns)) or "none"
        raise EvidenceError(
            f"order = {name!r} names no column of the result.{did_you_mean(name, columns)} There are: {known}."
        )
    return columns[name]


def _places(order: Sequence[object] | ArrayLike, full: PooledEffect) -> list[int]:
    """The studies' numbers in the order they enter."""
    given = in_their_order(order) if hasattr(order, "__len__") else order
    if isinstance(given, InOrder):
        place = {word: at for at, word in enumerate(given.categories)}
        values: list[Any] = [place.get(word) for word in given]
    else:
        values = order.tolist() if isinstance(order, np.ndarray) else list(order)  # pyright: ignore[reportArgumentType]
    if len(values) != full.k:
        raise EvidenceError(
            f"order has {counted(len(values), 'value')} for {counted(full.k)}; each study needs one."
        )
    missing = [
        f"study {i + 1} ({full.labels[i]}) has no value in order."
        for i, value in enumerate(values)
        if _absent(value)
    ]
    if missing:
        raise EvidenceError.from_problems(missing, "cumulative()")
    try:
        return sorted(range(full.k), key=values.__getitem__)
    except TypeError as error:
        raise EvidenceError(f"The values of order cannot be compared with each other: {error}.") from error


def _absent(value: object) -> bool:
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float) and math.isnan(value))
    )
