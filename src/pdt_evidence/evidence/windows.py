"""Months since the end of treatment -> the follow-up window a row belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.errors import RequestError

__all__ = ["WINDOWS", "WINDOW_EDGES", "follow_up_window"]

WINDOWS = ("post", "short", "medium", "long", "unknown")
WINDOW_EDGES = (0.0, 3.0, 9.0)  # months: post is 0, short below 3, medium below 9, long from 9


def follow_up_window(months: ArrayLike, edges: Sequence[float] = WINDOW_EDGES) -> NDArray[np.str_]:
    """Window of each assessment.

    Parameters
    ----------
    months : array_like
        Months since the end of treatment; NaN where no source says.
    edges : three numbers, increasing
        Last month that counts as `post`, first month of `medium`, first month of `long`.

    Returns
    -------
    ndarray of str, same shape
        One of `WINDOWS`. NaN gives `unknown`, never `post`; so does a negative number, which
        is an assessment before the end of treatment.

    Examples
    --------
    >>> follow_up_window([0, 1, 3, 9, float("nan")]).tolist()
    ['post', 'short', 'medium', 'long', 'unknown']
    """
    post, medium, long = edges
    if not 0 <= post < medium < long:
        raise RequestError(
            f"edges = {tuple(edges)!r}: expected three increasing numbers of months, from 0 up."
        )
    months = np.asarray(months, dtype=float)
    with np.errstate(invalid="ignore"):
        conditions = [months < 0, months <= post, months < medium, months < long, months >= long]
    return np.select(conditions, ["unknown", "post", "short", "medium", "long"], default="unknown")
