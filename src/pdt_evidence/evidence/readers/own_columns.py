"""Columns of a user's own: numbers where all their filled cells are numbers."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pdt_evidence.evidence.minus import plain_minus
from pdt_evidence.evidence.readers.tabular.decimals import decimal_points
from pdt_evidence.evidence.schema import Coded, Field

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.tabular.text_table import TextTable

__all__ = ["all_numbers", "whole_numbers"]

OWN_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d{0,14})?(?:(?<=\d)\.?|\.\d{1,17})(?:[eE][+-]?\d{1,2})?", re.ASCII)


def all_numbers(text: TextTable, name: str, missing: Collection[str]) -> bool:
    """Whether a column is of numbers; identifiers such as 007, or too long for a float, are none."""
    column = text.data[name]
    if column.dtype == float:
        return True
    words = {word.strip() for word in Coded.of(column).words} - {"", *missing}
    words = {plain_minus(word) for word in words}
    plain, _ = decimal_points(sorted(words), semicolons=text.decimal == ",")
    return bool(plain) and all(OWN_NUMBER.fullmatch(word) for word in plain)


def whole_numbers(table: pd.DataFrame, own: Sequence[Field]) -> pd.DataFrame:
    """Columns of the user's own as integers where all rows have one."""
    numbers = {field.name: table[field.name].to_numpy() for field in own if field.type == "number"}
    whole = {
        name: values.astype(np.int64)
        for name, values in numbers.items()
        if np.isfinite(values).all() and (values % 1 == 0).all() and (np.abs(values) < 2**53).all()
    }
    return table.assign(**whole)
