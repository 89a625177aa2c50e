"""Effects on events: log odds ratio, log risk ratio and risk difference of two arms.

Zero cells. A table in which some cell is 0 has no odds ratio, and mostly no risk ratio. The rule is
named by `zero_cells`:

- "only-zero" (default): 1/2 is added to all four cells of the tables that have a 0;
- "all": 1/2 is added to all four cells of every table;
- "none": nothing is added; what then has no value is NaN.

Double zeros. A table in which no one, or everyone, had the event in both arms is kept by default,
with 1/2 added as above: its ratio is near 1 with a large variance. `double_zero="drop"` makes it
NaN, since such a trial tells nothing of a ratio.

Numbers or arrays that broadcast; NaN in any input of a row gives NaN for that row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.effects.arrays import Array, Effect, floats
from pdt_evidence.errors import require_choice

__all__ = [
    "DOUBLE_ZERO",
    "ZERO_CELLS",
    "Cells",
    "cells",
    "log_odds_ratio",
    "log_risk_ratio",
    "risk_difference",
]

ZERO_CELLS = ("only-zero", "all", "none")
DOUBLE_ZERO = ("keep", "drop")


class Cells(NamedTuple):
    """A 2 x 2 table, after what the zero-cell rule adds: with and without the event, by arm."""

    event_t: Array
    free_t: Array
    event_c: Array
    free_c: Array


def cells(
    event_t: ArrayLike,
    n_t: ArrayLike,
    event_c: ArrayLike,
    n_c: ArrayLike,
    *,
    zero_cells: str = "only-zero",
    double_zero: str = "keep",
) -> Cells:
    """The four cells of each table under the zero-cell rule of this module."""
    require_choice("zero_cells", zero_cells, ZERO_CELLS)
    require_choice("double_zero", double_zero, DOUBLE_ZERO)
    event_t, n_t, event_c, n_c = floats(event_t, n_t, event_c, n_c)
    table = np.stack(np.broadcast_arrays(event_t, n_t - event_t, event_c, n_c - event_c))
    zero = table == 0
    if double_zero == "drop":
        empty = (zero[0] & zero[2]) | (zero[1] & zero[3])
        table = np.where(empty, np.nan, table)
    if zero_cells != "none":
        add = 0.5 if zero_cells == "all" else 0.5 * zero.any(axis=0)
        table = table + add
    return Cells(*table)


def _defined(yi: Array, vi: Array) -> Effect:
    """NaN in both where either is not finite (a zero cell under "none")."""
    keep = np.isfinite(yi) & np.isfinite(vi)
    return np.where(keep, yi, np.nan), np.where(keep, vi, np.nan)


def log_odds_ratio(
    event_t: ArrayLike,
    n_t: ArrayLike,
    event_c: ArrayLike,
    n_c: ArrayLike,
    *,
    zero_cells: str = "only-zero",
    double_zero: str = "keep",
) -> Effect:
    """Log odds ratio (measure "OR") and its variance, the sum of 1 over each cell.

    Parameters
    ----------
    event_t, n_t, event_c, n_c : array_like
        Persons with the event and persons in all, arm 1 first.
    zero_cells : {"only-zero", "all", "none"}
        What is done about zero cells, see the module.
    double_zero : {"keep", "drop"}
        Whether a table without events, or without anything else, in both arms has a value.

    Returns
    -------
    yi, vi : ndarray
        Log odds ratio, positive where arm 1 had more events, and its variance.

    References
    ----------
    .. [1] Woolf B. Annals of Human Genetics 19 (1955) 251.
       doi:10.1111/j.1469-1809.1955.tb01348.x

    Examples
    --------
    >>> yi, vi = log_odds_ratio(14, 51, 12, 50)
    >>> round(float(yi), 4), round(float(vi), 4)
    (0.1808, 0.2081)
    """
    a, b, c, d = cells(event_t, n_t, event_c, n_c, zero_cells=zero_cells, double_zero=double_zero)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _defined(np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d)


def log_risk_ratio(
    event_t: ArrayLike,
    n_t: ArrayLike,
    event_c: ArrayLike,
    n_c: ArrayLike,
    *,
    zero_cells: str = "only-zero",
    double_zero: str = "keep",
) -> Effect:
    """Log risk ratio (measure "RR") and its variance; arguments as `log_odds_ratio`.

    Returns
    -------
    yi, vi : ndarray
        Log risk ratio, positive where the event was more frequent in arm 1, and its variance.

    References
    ----------
    .. [1] Katz D, Baptista J, Azen SP, Pike MC. Biometrics 34 (1978) 469. doi:10.2307/2530610

    Examples
    --------
    >>> yi, vi = log_risk_ratio(10, 40, 20, 40)
    >>> round(float(yi), 4), round(float(vi), 4)
    (-0.6931, 0.1)
    """
    a, b, c, d = cells(event_t, n_t, event_c, n_c, zero_cells=zero_cells, double_zero=double_zero)
    with np.errstate(invalid="ignore", divide="ignore"):
        yi = np.log(a / (a + b)) - np.log(c / (c + d))
        return _defined(yi, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def risk_difference(
    event_t: ArrayLike, n_t: ArrayLike, event_c: ArrayLike, n_c: ArrayLike, *, zero_cells: str = "only-zero"
) -> Effect:
    """Difference of the two risks (measure "RD") and its variance.

    The risk difference exists for every table, but with a risk of 0 or 1 the variance is too small;
    the zero-cell rule therefore applies here as it does to the ratios.

    Returns
    -------
    yi, vi : ndarray
        Risk in arm 1 less risk in arm 2, between -1 and 1, and its variance.

    Examples
    --------
    >>> yi, vi = risk_difference(10, 40, 20, 40)
    >>> float(yi), float(vi)
    (-0.25, 0.0109375)
    """
    a, b, c, d = cells(event_t, n_t, event_c, n_c, zero_cells=zero_cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_t, p_c = a / (a + b), c / (c + d)
        return _defined(p_t - p_c, p_t * (1 - p_t) / (a + b) + p_c * (1 - p_c) / (c + d))
