"""Rows that are there twice, cell by cell: a table copied below itself, a line pasted again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pdt_evidence.errors import warn
from pdt_evidence.formatting import counted

if TYPE_CHECKING:
    from pdt_evidence.evidence.lint_rules import Found, Rows

__all__ = ["named_row", "repeated_rows", "tell_doubtful_numbers", "tell_no_trials", "tell_repeats"]

NAMES = ("row_id", "place", "locator")  # where a row stands is no part of what it says
NUMBERS = ("yi", "mean_t", "event_t", "reported")  # rows that differ in these are no copies: looked at first
MOST_TOLD = 5


def repeated_rows(table: pd.DataFrame) -> list[tuple[int, int]]:
    """Positions of the rows that repeat an earlier one in every cell, and of that one."""
    key = next((name for name in ("trial_id", "study") if name in table.columns), "")
    if not key or not table[key].duplicated().any():
        return []
    maybe = np.arange(len(table))
    for name in (*(name for name in NUMBERS if name in table.columns), key):
        maybe = maybe[table[name].iloc[maybe].duplicated(keep=False).to_numpy()]
    if not len(maybe):
        return []
    cells = [name for name in table.columns if name not in NAMES and not str(name).startswith("_")]
    rows = pd.DataFrame(table).iloc[maybe][cells].astype(object).map(_hashable)
    codes = rows.groupby(cells, sort=False, dropna=False).ngroup().to_numpy()
    home: dict[int, int] = {}
    found = [(int(at), home.setdefault(int(code), int(at))) for at, code in zip(maybe, codes, strict=True)]
    return [(at, first) for at, first in found if at != first]


def _hashable(cell: object) -> object:
    return str(cell) if isinstance(cell, (list, dict, set, np.ndarray)) else cell


def named_row(row_id: object, study: object) -> str:
    """A row as a sentence names it: by its id, and by its study where the id does not tell it.

    Examples
    --------
    >>> named_row("line 3", "Brown 2005"), named_row("T0001", "Abbass 2008"), named_row("row 2", "")
    ('line 3 (Brown 2005)', 'row T0001 (Abbass 2008)', 'row 2')
    """
    name = str(row_id)
    name = name if name.startswith(("row ", "line ")) else f"row {name}"
    return f"{name} ({study})" if isinstance(study, str) and study.strip() and study not in name else name


def tell_no_trials(table: pd.DataFrame, what: str) -> None:
    """Warn of rows that sum others up by their name, and of trials whose names differ in case or spaces alone."""
    from pdt_evidence.evidence.lint_rules import NAMED, TOTAL

    names = set(map(str, table["study"].dropna())) | set(map(str, table["trial_id"].dropna()))
    plain = {" ".join(name.split()).casefold() for name in names}
    if len(plain) < len(names) or any(TOTAL.fullmatch(name) for name in plain):
        _tell(
            table,
            NAMED,
            f"doubtful by name, {what}",
            "Remove what is no trial, and write the names of one alike.",
        )


def tell_doubtful_numbers(table: pd.DataFrame, what: str) -> None:
    """Warn of effects beyond what arms differ by, and of signs that one row turns."""
    from pdt_evidence.evidence.lint_rules import LARGE
    from pdt_evidence.evidence.lint_signs import SIGN_RULES

    _tell(table, (*LARGE, *SIGN_RULES), f"doubtful numbers {what}", "`pdt-evidence check` says what to do.")


def _tell(table: pd.DataFrame, rules: Sequence[Callable[[Rows], Found]], head: str, fix: str) -> None:
    from pdt_evidence.evidence.lint_rules import Rows

    rows = Rows(table, [named_row(*pair) for pair in zip(table["row_id"], table["study"], strict=True)])
    found = [(rows.places[at], text) for rule in rules for at, text in rule(rows)]
    if found:
        said = "; ".join(
            f"{place}, {column}: {text.rstrip('.')}" for place, (column, text, _) in found[:MOST_TOLD]
        )
        more = f"; and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
        warn(f"{head[:1].upper()}{head[1:]}: {said}{more}. {fix}")


def tell_repeats(table: pd.DataFrame, what: str, names: Sequence[str] = ()) -> None:
    """Warn of the rows that repeat another; `what` says what is done with them."""
    found = repeated_rows(table)
    if not found:
        return
    said = names or [
        named_row(row, study) for row, study in zip(table["row_id"], table["study"], strict=True)
    ]
    pairs = [f"{said[at]} repeats {said[home]}" for at, home in found[:MOST_TOLD]]
    more = f"; and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    warn(
        f"{counted(len(found), 'row')} {'is a copy' if len(found) == 1 else 'are copies'} of another, cell by cell, "
        f"{what}: {'; '.join(pairs)}{more}. Remove {'it' if len(found) == 1 else 'them'}, or say how the rows differ."
    )
