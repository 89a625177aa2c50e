"""Arms without a name that their numbers tell apart, so that a shared control is known as shared.

One measurement of one arm has one number of persons, one mean, one SD and one count. Rows of a trial that give the same
measurement of one arm, and other numbers on the side that is not named, therefore compare several arms with that one.
The one arm is the same where it has the same name and its numbers agree; where it has no name either, where its numbers
agree and are complete (persons and count, or persons, mean and SD).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, joint_codes

__all__ = ["ARM_NUMBERS", "Told", "tell_apart"]

ARM_NUMBERS = ("n", "mean", "sd", "event")
Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]
Words = NDArray[np.object_]


class Told(NamedTuple):
    """Names of the arms of one side of every row, and the rows whose arm stays unclear."""

    names: Words
    unclear: Flags


def tell_apart(own: Words, other: Words, numbers: tuple[Array, Array], same: tuple[Codes, Codes]) -> Told:
    """The arms of one side, those without a name told apart by their numbers.

    Parameters
    ----------
    own, other : ndarray of object, shape (k,)
        Name of the arm on this side and on the other; "" where it has none.
    numbers : tuple of ndarray, shape (k, 4)
        `ARM_NUMBERS` of the arm on this side and on the other.
    same : tuple of ndarray of int, shape (k,)
        Codes of the trial and of what is measured.

    Returns
    -------
    Told
        A row is unclear where others of its trial give the same measurement against the same named arm, and no number
        says whether this side is one arm or several; or where it fits none of the arms told apart.
    """
    trial, measurement = same
    names, unclear = own.copy(), np.zeros(len(own), dtype=bool)
    group = joint_codes([trial, measurement])
    rows = np.flatnonzero((np.bincount(group)[group] > 1) & _any_in(own == "", group))
    if not len(rows):
        return Told(names, unclear)
    mine, theirs = numbers[0][rows], numbers[1][rows]
    against = joint_codes([group[rows], pd.factorize(other[rows])[0].astype(np.intp)])
    one_arm = joint_codes([against, *(pd.factorize(column)[0].astype(np.intp) + 1 for column in theirs.T)])
    sure = (other[rows] != "") | _complete(theirs)
    differs = _differs(mine, one_arm) & sure[:, None]
    split = differs.any(axis=1)
    agreeing = np.bincount(one_arm)[one_arm] == np.bincount(against)[against]
    open_ = (other[rows] != "") & (np.bincount(against)[against] > 1) & ~(split & agreeing)
    unclear[rows] = _any_in(open_ & (own[rows] == ""), against)
    for one in np.unique(trial[rows[split]]).tolist():
        within = split & (trial[rows] == one)
        cells = np.where(differs[within], mine[within], np.nan)
        everywhere = np.flatnonzero(trial == one)
        unclear[everywhere] |= _name(
            names, rows[within], cells, one_arm[within], everywhere, numbers[0][:, 0]
        )
    return Told(names, unclear)


def _name(
    names: Words, rows: Codes, cells: Array, one_arm: Codes, everywhere: Codes, persons: Array
) -> Flags:
    """Name the blank arms of one trial in place; which of its rows (`everywhere`) fit none of the arms found.

    Where persons alone tell the arms apart, they tell them apart in the trial's other rows too.
    """
    keys = [tuple(np.nan_to_num(line, nan=-1.0).tolist()) for line in cells]
    by_persons = all(
        len({key[0] for key in own}) == len(set(own)) and min(own)[0] >= 0
        for own in (
            [key for key, code in zip(keys, one_arm, strict=True) if code == each] for each in set(one_arm)
        )
    )
    arms = [key[:1] if by_persons else (code, *key) for key, code in zip(keys, one_arm.tolist(), strict=True)]
    called = {arm: names[row] for arm, row in zip(arms, rows.tolist(), strict=True) if names[row]}
    for arm, row in zip(arms, rows.tolist(), strict=True):
        names[row] = names[row] or called.get(arm) or f"unnamed arm {arm}"
    known = set(arms)
    for row in everywhere[names[everywhere] == ""].tolist():
        arm = (float(persons[row]),)
        if by_persons and arm in known:
            names[row] = called.get(arm) or f"unnamed arm {arm}"
    return names[everywhere] == ""


def _any_in(flags: Flags, group: Codes) -> Flags:
    """Whether any row of the group of each row has the flag."""
    return np.bincount(group, weights=flags)[group] > 0


def _complete(numbers: Array) -> Flags:
    n, mean, sd, event = (~np.isnan(numbers)).T
    return n & (event | (mean & sd))


def _differs(numbers: Array, group: Codes) -> Flags:
    """In which columns the rows of a group, all of them known, are not all alike; shape of `numbers`."""
    differs = np.zeros(numbers.shape, dtype=bool)
    for at, column in enumerate(numbers.T):
        low, high = np.full(group.max() + 1, np.inf), np.full(group.max() + 1, -np.inf)
        with np.errstate(invalid="ignore"):  # NaN spreads, and nothing is below it
            np.minimum.at(low, group, column)
            np.maximum.at(high, group, column)
        differs[:, at] = (low < high)[group]
    return differs
