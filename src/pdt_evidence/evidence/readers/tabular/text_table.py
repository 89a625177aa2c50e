"""A table as it comes out of any file: its cells as text, with the line of every row.

What is wrong with the shape of a file (a header that names a column twice, a row with a cell
too many) is collected here; what is wrong with a cell comes later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.schema import Coded, listed
from pdt_evidence.formatting import as_word, counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAX_CELLS", "Entry", "RaggedError", "TextTable", "header_problems", "table_of", "text_of_frame"]

Entry = tuple[int | None, str, str, str]  # of a log: line, row, action, reason
ROWS_AT_ONCE = 5_000
MAX_CELLS = 10_000_000  # 200,000 rows of 50 columns


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """Every cell as text, "" where there is none; columns of a file that has numbers may be float, with NaN."""

    data: pd.DataFrame
    lines: list[int]  # of the file (Excel: of the sheet), one for each row
    decimal: str  # "," where semicolons part the columns, else "."
    blank: list[int]  # lines without any cell, which are not rows
    part: str = "line"  # what a row of the file is called: "line", "row", "sheet 'Trials', row"
    beside: str = ""  # the other sheets of a workbook, as an error names them
    notes: list[Entry] = field(default_factory=list)  # for the log: what was decided for the whole file

    def words(self, name: str) -> list[str]:
        """The cells of a column as text."""
        coded = Coded.of(self.data[name])
        return [coded.words[code] for code in coded.codes.tolist()]


class RaggedError(EvidenceError):
    """Rows without the cells of the header; the others are `rest`, in which there may be more to say."""

    rest: TextTable

    @classmethod
    def of(cls, problems: list[str], where: str, rest: TextTable) -> RaggedError:
        """The error of these rows."""
        whole = cls.from_problems(problems, where)
        error = cls(str(whole), whole.problems)
        error.rest = rest
        return error


def table_of(rows: Iterable[tuple[int, list[str]]], where: str, decimal: str = ".") -> TextTable:
    """The table that rows of cells make, its header first, each with its line.

    Raises
    ------
    EvidenceError
        With every line that has not the cells of the header; if there is no header, or no row.
    """
    import pandas as pd

    rows = iter(rows)
    at, names = next(((line, row) for line, row in rows if any(cell.strip() for cell in row)), (0, []))
    header = [cell.strip() for cell in names]
    if not header:
        raise EvidenceError(f"{where} has no header: expected the names of the columns in its first line.")
    problems = header_problems(header, at)
    kept, lines, blank = [], [], []
    wider = 0  # rows with more cells than the header
    parts: list[pd.DataFrame] = []  # of many rows, which as lists of words take several times the room
    most = MAX_CELLS // len(header)
    for line, row in rows:
        if len(row) == len(header) and any(row):
            kept.append(row)
            lines.append(line)
        elif not any(cell.strip() for cell in row):
            blank.append(line)
        else:
            wider += len(row) > len(header)
            problems.append(
                f"line {line}: expected {counted(len(header), 'cell')} as in the header, found {len(row)}. "
                "Check for a missing or an extra separator, or put quotes around text that holds one."
            )
        if len(kept) == ROWS_AT_ONCE:
            parts.append(pd.DataFrame(kept, columns=header, dtype="str"))
            kept = []
        if len(lines) > most:
            raise EvidenceError(
                f"{where} has more than {counted(most, 'row')} of {counted(len(header), 'column')}. Split it."
            )
    if wider == len(problems) > max(1, len(lines)):  # it is the header that is not one
        raise EvidenceError(
            f"{where}: expected a name for each column in line {at}, found "
            f"{listed(repr(name[:40]) for name in header)}; most rows below have more cells. Delete what stands above "
            "the names of the columns; two lines of names become one, in which each column has its own."
        )
    if problems and (not lines or header_problems(header, at)):
        raise EvidenceError.from_problems(problems, where)
    if not lines:
        raise EvidenceError(f"{where} has no rows: expected a header line and at least one trial below it.")
    parts.append(pd.DataFrame(kept, columns=header, dtype="str"))
    data = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    table = TextTable(data=data, lines=lines, decimal=decimal, blank=blank)
    if problems:
        raise RaggedError.of(problems, where, table)
    return table


def text_of_frame(frame: pd.DataFrame, where: str) -> TextTable:
    """The cells of a table in memory: numbers as they are, all else as text; rows are counted from 1.

    Raises
    ------
    EvidenceError
        Where a column has no name of its own, or there is no row.
    """
    import pandas as pd

    header = [str(name) for name in frame.columns]
    problems = header_problems(header, 1)
    if problems:
        raise EvidenceError.from_problems(problems, where)
    if not len(frame):
        raise EvidenceError(f"{where} has no rows: expected at least one trial.")
    cells = {}
    for name, (_, column) in zip(header, frame.items(), strict=True):
        if pd.api.types.is_float_dtype(column) or pd.api.types.is_integer_dtype(column):
            cells[name] = column.astype(float).to_numpy()
        else:
            cells[name] = [_cell(value) for value in column.tolist()]
    data = pd.DataFrame(cells)
    lines = list(range(1, len(frame) + 1))
    return TextTable(data=data, lines=lines, decimal=".", blank=[], part="row")


def _cell(value: object) -> str:
    if value is None or value != value or str(value) in ("<NA>", "NaT"):
        return ""
    return str(value).lower() if isinstance(value, bool) else as_word(value)


def header_problems(header: list[str], line: int) -> list[str]:
    """A sentence for each name that a header has twice, and for more than one column without a name."""
    counts = Counter(header)
    problems = [
        f"line {line}: the header names column {name!r} {count} times. Rename or remove the others."
        for name, count in counts.items()
        if count > 1 and name
    ]
    if counts[""] > 1:
        problems.append(
            f"line {line}: {counted(counts[''], 'column')} of the header have no name. Name them, "
            "in one line: of cells that are merged only the first has the name, and a second line of names is "
            "read as a trial."
        )
    return problems
