"""The decisions of a multiverse about rows: which of a table each option keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.arguments import given_columns, shown
from pdt_evidence.errors import RequestError, did_you_mean
from pdt_evidence.evidence.schema import missing_column
from pdt_evidence.formatting import counted
from pdt_evidence.other_names import as_written

__all__ = ["ALL", "COLUMNS", "NOTHING", "RowChoice", "row_choices"]

Kept = NDArray[np.bool_]
ALL, NOTHING = "all", "nothing"
NAMES = ("row_id", "trial_id", "study")  # columns that say which rows are meant
COLUMNS = {"comparison": "comparison", "outcome": "outcome", "follow_up": "follow_up", "risk_of_bias": "rob"}


@dataclass(frozen=True, slots=True)
class RowChoice:
    """One decision about rows: its options, and which rows of the table each keeps."""

    name: str
    options: Mapping[str, Kept]
    column: str = ""  # that its words stand in; "" for exclusions


def row_choices(
    table: pd.DataFrame, words: Mapping[str, Any], exclude: Mapping[str, Any] | Sequence[Any] | str | None
) -> list[RowChoice]:
    """The choices by words of `COLUMNS` and by exclusions; those that are None are none.

    Raises
    ------
    RequestError
        With every option that names what the table does not have.
    """
    problems: list[str] = []
    found = [
        RowChoice(name, _by_words(table, name, given, problems), COLUMNS[name])
        for name, given in words.items()
        if given is not None
    ]
    found += _exclusions(table, {} if exclude is None else exclude, problems)
    for choice in found:
        if not choice.options and not problems:
            problems.append(f"{choice.name} has no option. Give at least one.")
    if problems:
        raise RequestError.from_problems(problems)
    return found


def _by_words(table: pd.DataFrame, name: str, given: Any, problems: list[str]) -> dict[str, Kept]:
    column = COLUMNS[name]
    if column not in table.columns:
        problems.append(f"{name}: {missing_column(column, given_columns(table))}")
        return {}
    cells = table[column].astype(str).to_numpy()
    known = sorted(set(cells))
    options = {}
    for label, words in _labelled(given):
        if words is None:
            options[label] = np.ones(len(table), dtype=bool)
            continue
        words = [as_written(word, known) for word in words]
        for word in words:
            if word not in known:
                problems.append(
                    f"{name} = {word!r} is in no row.{did_you_mean(word, known)} There are: {', '.join(known)}."
                )
        options[label] = np.isin(cells, words)
    return options


def _labelled(given: Any) -> Iterator[tuple[str, list[str] | None]]:
    """Each option's label and words; None keeps all rows, several words are taken together."""
    pairs = given.items() if isinstance(given, Mapping) else ((None, one) for one in _many(given))
    for label, one in pairs:
        words = None if one is None else [str(word) for word in _many(one)]
        yield str(label) if label is not None else ALL if words is None else " + ".join(words), words


def _many(value: Any) -> list[Any]:
    """What there is in a value; what is no list is one thing."""
    try:
        return [value] if isinstance(value, str) else list(value)
    except TypeError:
        return [value]


def _exclusions(table: pd.DataFrame, exclude: Any, problems: list[str]) -> list[RowChoice]:
    """Masks by name are the options of one choice, and so is each entry of a list of names; a mapping of masks
    is a choice by itself.
    """
    if not isinstance(exclude, Mapping):
        exclude = _by_names(exclude, problems)
    flat = {name: mask for name, mask in exclude.items() if not isinstance(mask, Mapping)}
    groups = {name: masks for name, masks in exclude.items() if isinstance(masks, Mapping)}
    if flat:
        groups = {"exclude": {NOTHING: None, **flat}} | groups
    return [
        RowChoice(
            str(name), {str(label): ~_mask(table, label, mask, problems) for label, mask in masks.items()}
        )
        for name, masks in groups.items()
    ]


def _by_names(exclude: Any, problems: list[str]) -> dict[str, list[str]]:
    """Each entry of a list, a name or a list of names that go together, is what one option leaves out."""
    entries = [_many(one) for one in _many(exclude) if one is not None]
    if isinstance(exclude, set) or not all(isinstance(name, str) and name for one in entries for name in one):
        problems.append(
            f"exclude = {shown(exclude)}: expected row ids or names of studies, as in "
            "exclude=['Smith 2010', 'Jones 2011'], or names and masks, as in exclude={'no outliers': mask}."
        )
        return {}
    return {" + ".join(one): one for one in entries if one}


def _mask(table: pd.DataFrame, label: Any, mask: Any, problems: list[str]) -> Kept:
    """True for the rows that are excluded: by a mask, by ids or names of studies, or by a function of the table."""
    nothing = np.zeros(len(table), dtype=bool)
    if mask is None:
        return nothing
    if isinstance(mask, Callable):
        mask = mask(table)
    if isinstance(mask, pd.Series) and not mask.index.equals(table.index):
        mask = mask.reindex(table.index)
    values = pd.array(_many(mask))
    if len(values) and all(isinstance(value, str) for value in values):
        return _rows_of(table, label, [str(value) for value in values], problems)
    if len(values) != len(table):
        problems.append(
            f"exclude, {label!r}: {counted(len(values), 'value')} for {counted(len(table), 'row')}; each row needs one."
        )
    elif not all(isinstance(value, bool | np.bool_) for value in values):
        problems.append(
            f"exclude, {label!r}: expected True (left out) or False in every row, row ids or names of studies; found "
            f"{next(repr(value) for value in values if not isinstance(value, bool | np.bool_))}."
        )
    else:
        found = np.array(values, dtype=bool)
        if 0 < found.sum() < len(found):
            return found
        problems.append(_idle(label, found))
    return nothing


def _idle(label: Any, mask: Kept) -> str:
    """The sentence on a mask that makes no choice: it leaves out no row, or all."""
    rows = f"exclude, {label!r}: it leaves out {int(mask.sum())} of {counted(len(mask), 'row')}"
    if mask.any():
        return f"{rows}, so that nothing is left to pool."
    return (
        f"{rows}, which is no specification of its own. Look for a typing error in it, or leave the mask out."
    )


def _rows_of(table: pd.DataFrame, label: Any, names: Sequence[str], problems: list[str]) -> Kept:
    """The rows that have one of these ids or are of one of these trials or studies."""
    columns = [table[name].astype(str).to_numpy() for name in NAMES if name in table.columns]
    if not columns:
        problems.append(f"exclude, {label!r}: {missing_column('row_id', given_columns(table))}")
        return np.zeros(len(table), dtype=bool)
    known = {cell for cells in columns for cell in cells if cell}
    words = [as_written(name, known) for name in names]
    for word in dict.fromkeys(word for word in words if word not in known):
        problems.append(f"exclude, {label!r}: no row, trial or study {word!r}.{did_you_mean(word, known)}")
    found = np.logical_or.reduce([np.isin(cells, words) for cells in columns])
    if len(found) and found.all():
        problems.append(_idle(label, found))
    return found
