"""Columns of a user's own: numbers where all their filled cells are numbers; and what is doubtful in a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pdt_evidence.errors import warn
from pdt_evidence.evidence.contradictions import tell_contradictions
from pdt_evidence.evidence.minus import plain_minus
from pdt_evidence.evidence.readers.columns import column_doubts, own_columns
from pdt_evidence.evidence.readers.tabular.decimals import decimal_points
from pdt_evidence.evidence.repeats import tell_doubtful_numbers, tell_no_trials, tell_repeats
from pdt_evidence.evidence.schema import Coded, Field
from pdt_evidence.evidence.tables import set_aside

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.tabular.text_table import TextTable

__all__ = ["all_numbers", "mixed_columns", "nothing_said", "tell_doubts", "whole_numbers"]

OWN_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d{0,14})?(?:(?<=\d)\.?|\.\d{1,17})(?:[eE][+-]?\d{1,2})?", re.ASCII)


# What stands for no number among numbers, in small letters. "none" does not: it may be a 0.
NOTHING = frozenset(("", "na", "n/a", "#n/a", "n.a.", "nr", "n.r.", "nan", "null", "-", "–", "—", ".", "?"))
NOTHING |= {"not reported", "not available", "unknown", "missing", "unclear"}
MOSTLY = 2 / 3  # of the filled cells: a column of so many numbers was meant as numbers
MOST_SHOWN = 3


def nothing_said(word: str) -> bool:
    """Whether a cell among numbers says that there is none."""
    return word.strip().casefold() in NOTHING


def all_numbers(text: TextTable, name: str, missing: Collection[str]) -> bool:
    """Whether a column is of numbers; identifiers such as 007, or too long for a float, are none."""
    column = text.data[name]
    if column.dtype == float:
        return True
    plain = _plain({word for word in Coded.of(column).words if word not in missing}, text)
    return bool(plain) and all(OWN_NUMBER.fullmatch(word) for word in plain.values())


def _plain(words: Collection[str], text: TextTable) -> dict[str, str]:
    """The words that say something, each as a number is written here."""
    said = sorted(word for word in words if not nothing_said(word))
    plain, _ = decimal_points([plain_minus(word.strip()) for word in said], semicolons=text.decimal == ",")
    return dict(zip(said, plain, strict=True))


def mixed_columns(text: TextTable, table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The columns of the user's own that are kept as words though most of their cells are numbers, and a sentence."""
    for name in own_columns(text.data.columns):
        if table[name].dtype.kind in "fiub":
            continue
        cells = text.words(name)
        plain = _plain(set(cells), text)
        filled = [(line, cell) for line, cell in zip(text.lines, cells, strict=True) if cell in plain]
        odd = [(line, cell) for line, cell in filled if not OWN_NUMBER.fullmatch(plain[cell])]
        if all(word.isdigit() for word in plain.values()) or len(filled) - len(odd) < MOSTLY * len(filled):
            continue  # codes such as 007, or words
        first = ", ".join(f"{cell!r} ({text.part} {line})" for line, cell in odd[:MOST_SHOWN])
        yield (
            name,
            f"column {name!r} is kept as words, as {len(odd)} of its {len(filled)} filled cells "
            f"{'is' if len(odd) == 1 else 'are'} no number: {first}{', ...' if len(odd) > MOST_SHOWN else ''}. "
            "A formula takes it for groups; to have numbers, correct these cells or leave them blank.",
        )


def tell_doubts(text: TextTable, table: pd.DataFrame, where: str) -> None:
    """Warn of columns that may be ours, of cells that may be numbers, and of rows that contradict themselves."""
    for _, doubt in [*column_doubts([str(name) for name in text.data.columns]), *mixed_columns(text, table)]:
        warn(f"{where}: {doubt}")
    tell_contradictions(table, text.lines, text.part, where)
    used = table[(set_aside(table) == "").to_numpy()]
    tell_repeats(used, f"in {where}, and both are kept")
    tell_no_trials(used, f"in {where}, and read as trials")
    tell_doubtful_numbers(used, f"in {where}, read as they stand")


def whole_numbers(table: pd.DataFrame, own: Sequence[Field]) -> pd.DataFrame:
    """Columns of the user's own as integers where all rows have one."""
    numbers = {field.name: table[field.name].to_numpy() for field in own if field.type == "number"}
    whole = {
        name: values.astype(np.int64)
        for name, values in numbers.items()
        if np.isfinite(values).all() and (values % 1 == 0).all() and (np.abs(values) < 2**53).all()
    }
    return table.assign(**whole)
