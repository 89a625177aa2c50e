"""Values that fit the schema and are suspicious all the same, each with what to do about it.

Nothing here is an error: a large effect may be true. Rows that their table sets aside (a `status`
other than ok, not `preferred`) were looked at before, and are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pdt_evidence.evidence.lint_arms import ARM_RULES
from pdt_evidence.evidence.lint_rules import RULES, Rows
from pdt_evidence.evidence.lint_signs import SIGN_RULES
from pdt_evidence.evidence.lint_spreads import SPREADS
from pdt_evidence.evidence.tables import set_aside
from pdt_evidence.showing import Brief

__all__ = ["Finding", "lint"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Finding(Brief):
    """One value that is wrong or suspicious: where it is, what is odd, how to fix it."""

    line: int | None  # of the file, None where a finding is of the file as a whole
    row_id: str = ""
    column: str = ""
    what: str
    how_to_mend: str = ""
    severity: str = "warning"  # or error: the file cannot be used until it is fixed
    place: str = ""  # how the file itself calls the row: "sheet 'Trials', row 6"; default: its line

    def _line(self) -> str:
        return str(self)

    def __str__(self) -> str:
        place = self.place or (f"line {self.line}" if self.line is not None else "")
        own_name = self.row_id != f"line {self.line}"  # which a row without a name is given
        if place and own_name and self.row_id not in place:
            place = f"{place} ({self.row_id})"
        where = ", ".join(part for part in (place, self.column) if part)
        text = f"{self.severity}: {self.what} {self.how_to_mend}".rstrip()
        return f"{where}: {text}" if where else text


def lint(
    table: pd.DataFrame, lines: Sequence[int | None] | None = None, places: Sequence[str] | None = None
) -> list[Finding]:
    """Everything suspicious in a table of trials, in the order of its rows.

    Parameters
    ----------
    table : DataFrame
        As `read_trials` gives it; columns that are missing are not looked at.
    lines : sequence of int, optional
        The lines of the file that the rows stand in (None for a row that is on none); without
        them, one row a line below a header.
    places : sequence of str, optional
        How the file calls the rows, where that is not by their lines.

    Returns
    -------
    list of Finding
        SDs that look like standard errors; effects beyond 2.5 SDs; sizes of arms that disagree with
        the trial's other rows; effects outside their own interval or far off its middle, errors that fit neither
        variance nor interval; arms, rows and contrasts entered
        twice; an arm that two trials have number by number; names of trials that differ only in case or
        spaces; scores whose good direction is not that of the other rows of the outcome; changes beside
        endpoints; effects whose sign disagrees with the means.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"row_id": "a", "mean_t": 5.0, "sd_t": 1.0, "n_t": 20, "mean_c": 9.0, "sd_c": 1.0, "n_c": 20}
    >>> print(lint(pd.DataFrame([row]))[0].what)
    the arms differ by 3.9 SDs; more than 2.5 is rare.
    """
    used = np.flatnonzero((set_aside(table) == "").to_numpy())
    where = list(lines) if lines is not None else list(range(2, len(table) + 2))
    named = list(places) if places is not None else ["" if line is None else f"line {line}" for line in where]
    ids = table["row_id"].astype(str).tolist() if "row_id" in table else named
    called = [place or f"row {row}" for place, row in zip(named, ids, strict=True)]
    rows = Rows(table.iloc[used].reset_index(drop=True), [called[at] for at in used])
    found = [
        (int(used[at]), text)
        for rule in (*RULES, *ARM_RULES, *SPREADS, *SIGN_RULES)
        for at, text in rule(rows)
    ]
    return [
        Finding(
            line=where[at],
            row_id=ids[at],
            column=column,
            what=what,
            how_to_mend=fix,
            place=named[at] or f"row {ids[at]}",
        )
        for at, (column, what, fix) in sorted(found, key=lambda pair: pair[0])
    ]
