"""What the trials of each direct comparison of a network are like."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.networks.arms import is_blank

__all__ = ["network_transitivity"]

Floats = NDArray[np.float64]


def network_transitivity(
    table: pd.DataFrame, *, columns: Sequence[str] = ("year", "n"), study: str = "study", arm: str = "node"
) -> pd.DataFrame:
    """What the trials of each direct comparison are like, side by side.

    Indirect evidence holds only if trials of one comparison could have been trials of
    another: the same years, sizes, severity.

    Parameters
    ----------
    table : DataFrame
        One row an arm, as for `network_arms`.
    columns : sequence of str
        Numbers to describe: `n` is added over the two arms, of others a study's mean is taken.

    Returns
    -------
    DataFrame
        One row a comparison ("CBT:PDT"): k, and low, median and high of every column over its studies.
    """
    studies: dict[Any, dict[Any, list[int]]] = {}
    for at, (label, treatment) in enumerate(zip(table[study], table[arm], strict=True)):
        if not (is_blank(label) or is_blank(treatment)):
            studies.setdefault(label, {}).setdefault(treatment, []).append(at)
    pairs = [
        (f"{one}:{other}", arms[one] + arms[other])
        for arms in studies.values()
        for one, other in combinations(sorted(map(str, arms)), 2)
    ]
    numbers = table[list(columns)].to_numpy(dtype=float, na_value=np.nan)
    cells = np.array([_of_pair(numbers[at], columns) for _, at in pairs]).reshape(len(pairs), len(columns))
    groups = pd.DataFrame(cells, columns=list(columns)).groupby(
        pd.Series([name for name, _ in pairs], name="comparison")
    )
    parts = {"low": groups.min(), "median": groups.median(), "high": groups.max()}
    return pd.DataFrame(
        {"k": groups.size()}
        | {f"{name}_{part}": found[name] for name in columns for part, found in parts.items()}
    )


def _of_pair(values: Floats, columns: Sequence[str]) -> Floats:
    """`n` added over the rows of two arms, of others the mean; NaN where unknown."""
    known = ~np.isnan(values)
    count, total = known.sum(axis=0), np.where(known, values, 0.0).sum(axis=0)
    added = np.array([name == "n" for name in columns])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(added, np.where(count < 2, np.nan, total), total / count)
