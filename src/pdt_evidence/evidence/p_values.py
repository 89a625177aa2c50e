"""A p as papers print it: a number, a bound ("< .001"), or the word that it is not significant."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["P_COLUMNS", "read_p"]

P_COLUMNS = ("p", "reported_p")
NOT_SIGNIFICANT = {"ns", "n.s.", "n.s", "not significant"}
PRINTED = re.compile(
    r"(?:p\s*)?([<>]?)\s*=?\s*((?:0|1)?[.,]\d+(?:e-?\d+)?|[01]|\d+(?:[.,]\d+)?e-\d+)", re.IGNORECASE
)


def read_p(cells: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.object_], NDArray[np.bool_]]:
    """The p of each cell; "<" or ">" where it is a bound, "ns" for not significant; and which cells are no p at all.

    Examples
    --------
    >>> p, bound, wrong = read_p(pd.Series(["0.03", "p < .001", "ns", "", "often"]))
    >>> p.tolist(), bound.tolist(), wrong.tolist()
    ([0.03, 0.001, nan, nan, nan], ['', '<', 'ns', '', ''], [False, False, False, False, True])
    """
    if pd.api.types.is_numeric_dtype(cells):
        numbers = cells.to_numpy(dtype=float, na_value=np.nan)
        return numbers, np.full(len(cells), "", dtype=object), np.isinf(numbers)
    read = [_read_one(str(cell).strip()) for cell in cells.where(cells.notna(), "").tolist()]
    numbers = np.array([number for number, _, _ in read], dtype=float)
    bounds = np.array([bound for _, bound, _ in read], dtype=object)
    return numbers, bounds, np.array([wrong for _, _, wrong in read], dtype=bool)


def _read_one(text: str) -> tuple[float, str, bool]:
    if text == "":
        return np.nan, "", False
    if text.lower() in NOT_SIGNIFICANT:
        return np.nan, "ns", False
    if found := PRINTED.fullmatch(text):
        return float(found[2].replace(",", ".")), found[1], False
    try:
        return float(text), "", False
    except ValueError:
        return np.nan, "", True
