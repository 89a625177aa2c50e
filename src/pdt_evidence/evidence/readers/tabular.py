"""A table in a file, as text: CSV, TSV, Excel and Parquet by one road, with the line of every row.

What is wrong with the shape of a file (a header that names a column twice, a row with a cell
too many, a quote that never ends) is collected here; what is wrong with a cell comes later.
"""

from __future__ import annotations

import csv
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.safe import as_text, file_bytes, refuse_xml_entities, zip_members

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ENDINGS", "TextTable", "delimited", "read_table"]

Mask = NDArray[np.bool_]

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")
MAX_CELLS = 10_000_000  # 200,000 rows of 50 columns
MAX_COLUMNS = 2_000
MAX_HEADER = 1_000_000  # characters
MAX_BLANK_ROWS = 10_000  # a sheet with more of them in a row was formatted, not filled


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """Every cell as text, "" where there is none."""

    data: pd.DataFrame
    lines: list[int]  # of the file (Excel: of the sheet), one for each row
    decimal: str  # "," where semicolons part the columns, else "."
    blank: list[int]  # lines without any cell, which are not rows
    part: str = "line"  # what a row of the file is called: "line", "row", "sheet 'Trials', row"


def read_table(path: str | Path) -> TextTable:
    """Read the table in a file; its ending says the format.

    Raises
    ------
    EvidenceError
        If the file cannot be read as what its ending says, or has no header, or rows of unequal
        length, or no rows at all.
    """
    path = Path(path)
    ending, where = path.suffix.lower(), path.name
    if ending not in ENDINGS:
        raise EvidenceError(f"{where}: expected a name ending in {', '.join(ENDINGS)}, found {ending!r}.")
    content = file_bytes(path)
    if ending == ".xlsx":
        return _excel(content, where)
    if ending == ".parquet":
        return _parquet(content, where)
    return delimited(as_text(content, where), where, tab=ending != ".csv")


def delimited(text: str, where: str, *, tab: bool = False) -> TextTable:
    """A delimited text; whether comma, semicolon or tab parts the columns is seen in its header."""
    header = text[:MAX_HEADER].lstrip("\r\n").split("\n", 1)[0]
    counts = {mark: header.count(mark) for mark in ("\t", ";", ",")}
    mark = "\t" if tab and counts["\t"] else max(counts, key=lambda mark: counts[mark])
    if counts[mark] > MAX_COLUMNS:
        raise EvidenceError(
            f"{where} has more than {MAX_COLUMNS} columns. Leave out those that are not needed."
        )
    decimal = "," if mark == ";" else "."
    plain = _plain(text, mark, decimal)
    if plain is not None:
        return plain
    reader = csv.reader(StringIO(text, newline=""), delimiter=mark, strict=True)
    return _table(_csv_rows(reader, where), where, decimal)


def _plain(text: str, mark: str, decimal: str) -> TextTable | None:
    """The table of a text in which nothing is odd, several times as fast; None for any other.

    Every row has the cells of the header, quotes begin and end cells, no line is blank. What is
    wrong with a text that is not so is for the slow road to say.
    """
    import pandas as pd

    text = text.replace("\r\n", "\n").rstrip("\n")
    header = [cell.strip() for cell in text.split("\n", 1)[0].split(mark)]
    if (
        not text
        or "\r" in text
        or text.startswith("\n")
        or '"' in "".join(header)
        or _header_problems(header, 1)
    ):
        return None
    content = text.encode()
    del text  # a large file is in memory often enough
    lines = _row_lines(content, mark, len(header))
    if not lines or len(lines) * len(header) > MAX_CELLS:
        return None
    data = pd.read_csv(
        BytesIO(content), sep=mark, dtype=str, keep_default_na=False, header=0, names=header, index_col=False
    )
    return TextTable(data=data, lines=lines, decimal=decimal, blank=[]) if len(data) == len(lines) else None


def _row_lines(content: bytes, mark: str, width: int) -> list[int] | None:
    """The lines in which the rows below the header begin; None if some row is not of `width` cells."""
    flat = np.frombuffer(content, dtype=np.uint8)
    quotes, breaks, marks = flat == ord('"'), flat == ord("\n"), flat == ord(mark)
    inside = np.logical_xor.accumulate(quotes)
    if not _quotes_are_plain(quotes, inside, breaks | marks):
        return None
    ends = np.append(np.flatnonzero(breaks & ~inside), flat.size)
    starts = np.append(0, ends[:-1] + 1)
    counts = np.diff(np.searchsorted(np.flatnonzero(marks & ~inside), ends), prepend=0)
    blank = ~np.logical_or.reduceat(~(marks | quotes | breaks | (flat == ord(" "))), starts)
    if (counts != width - 1).any() or blank.any():
        return None
    return (np.searchsorted(np.flatnonzero(breaks), starts[1:]) + 1).tolist()


def _quotes_are_plain(quotes: Mask, inside: Mask, between: Mask) -> bool:
    """Whether each quoted stretch begins and ends at a separator (or is a doubled quote), and ends at all."""
    if inside.size and inside[-1]:
        return False
    neighbour = np.pad(between | quotes, 1, constant_values=True)
    at = np.flatnonzero(quotes)
    return bool(np.where(inside[at], neighbour[at], neighbour[at + 2]).all())


def _csv_rows(reader: Any, where: str) -> Iterator[tuple[int, list[str]]]:
    start = 1
    try:
        for row in reader:
            yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise EvidenceError(
            f"{where}, line {start}: {error}. Check the quotation marks of this line, and save the file again."
        ) from error


def _table(rows: Iterable[tuple[int, list[str]]], where: str, decimal: str = ".") -> TextTable:
    import pandas as pd

    rows = iter(rows)
    at, names = next(((line, row) for line, row in rows if any(cell.strip() for cell in row)), (0, []))
    header = [cell.strip() for cell in names]
    if not header:
        raise EvidenceError(f"{where} has no header: expected the names of the columns in its first line.")
    problems = _header_problems(header, at)
    kept, lines, blank = [], [], []
    most = MAX_CELLS // len(header)
    for line, row in rows:
        if len(row) == len(header) and any(row):
            kept.append(row)
            lines.append(line)
        elif not any(cell.strip() for cell in row):
            blank.append(line)
        else:
            problems.append(
                f"line {line}: expected {len(header)} cells as in the header, found {len(row)}. "
                "Check for a missing or an extra separator, or put quotes around text that holds one."
            )
        if len(kept) > most:
            raise EvidenceError(f"{where} has more than {most} rows of {len(header)} columns. Split it.")
    if problems:
        raise EvidenceError.from_problems(problems, where)
    if not kept:
        raise EvidenceError(f"{where} has no rows: expected a header line and at least one trial below it.")
    return TextTable(
        data=pd.DataFrame(kept, columns=header, dtype=object), lines=lines, decimal=decimal, blank=blank
    )


def _header_problems(header: list[str], line: int) -> list[str]:
    counts = Counter(header)
    problems = [
        f"line {line}: the header names column {name!r} {count} times. Rename or remove the others."
        for name, count in counts.items()
        if count > 1 and name
    ]
    if counts[""] > 1:
        problems.append(f"line {line}: {counts['']} columns of the header have no name. Name them.")
    return problems


def _excel(content: bytes, where: str) -> TextTable:
    """The first sheet, values as last computed by Excel: a formula is never run here."""
    refuse_xml_entities(zip_members(content, where, lambda name: name.endswith((".xml", ".rels"))), where)
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise EvidenceError(f"{where}: {error}. Install pdt-evidence[excel], or save as CSV.") from error
    try:
        with (
            redirect_stdout(StringIO()),
            warnings.catch_warnings(),
        ):  # it prints, and warns of fonts and styles
            warnings.simplefilter("ignore")
            values, formulas = (
                load_workbook(BytesIO(content), read_only=True, data_only=data_only, keep_links=False)
                for data_only in (True, False)
            )
            rows = list(_sheet_rows(values, formulas, where))
            part = f"sheet {values.worksheets[0].title!r}, row"
    except EvidenceError:
        raise
    except Exception as error:  # damaged workbooks surface as whatever the library meets first
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EvidenceError(
            f"{where} cannot be read as an Excel workbook: {reason}. Save it again."
        ) from error
    return replace(_table(rows, where), part=part)


def _sheet_rows(values: Any, formulas: Any, where: str) -> Iterator[tuple[int, list[str]]]:
    sheets = values.worksheets[0], formulas.worksheets[0]
    for sheet in sheets:
        sheet.reset_dimensions()  # the size a sheet claims is not to be trusted
    blank_run = cells = width = 0
    for line, (row, source) in enumerate(
        zip(*(sheet.iter_rows(values_only=True) for sheet in sheets), strict=True), start=1
    ):
        text = [_cell_text(value, formula, where, line) for value, formula in zip(row, source, strict=True)]
        while text and not text[-1]:
            text.pop()
        blank_run = 0 if text else blank_run + 1
        width = width or len(text)
        cells += max(width, len(text))
        if cells > MAX_CELLS or blank_run > MAX_BLANK_ROWS:
            raise EvidenceError(
                f"{where}: its first sheet has too many cells. Delete the empty rows and columns."
            )
        yield line, text + [""] * (width - len(text))


def _cell_text(value: Any, formula: Any, where: str, line: int) -> str:
    if value is None:
        if isinstance(formula, str) and formula.startswith("="):
            raise EvidenceError(
                f"{where}, row {line}: found a formula without a saved value ({formula[:40]!r}). "
                "Formulas are not run; paste the values in their place."
            )
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def _parquet(content: bytes, where: str) -> TextTable:
    import pandas as pd

    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise EvidenceError(f"{where}: {error}. Install pdt-evidence[parquet], or save as CSV.") from error
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        meta = file.metadata
        if meta.num_rows * max(meta.num_columns, 1) > MAX_CELLS:
            raise EvidenceError(f"{where} has more than {MAX_CELLS} cells. Split it.")
        header = [str(name) for name in file.schema_arrow.names]
        columns = [_arrow_text(column) for column in file.read(use_threads=False).columns]
    except EvidenceError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise EvidenceError(f"{where} cannot be read as Parquet: {reason}. Save it again.") from error
    problems = _header_problems(header, 0)
    if problems:
        raise EvidenceError.from_problems(problems, where)
    data = pd.concat(columns, axis=1, keys=header) if columns else pd.DataFrame()
    blank = (data == "").all(axis=1).to_numpy()
    if blank.all():
        raise EvidenceError(f"{where} has no rows: expected at least one trial.")
    lines = np.arange(1, len(data) + 1)
    return TextTable(
        data=data[~blank].reset_index(drop=True),
        lines=lines[~blank].tolist(),
        decimal=".",
        blank=lines[blank].tolist(),
        part="row",
    )


def _arrow_text(column: Any) -> pd.Series:
    """One column as text; a number keeps all its digits, an integer that became a float loses its ".0"."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute  # its functions are made on import, and no type checker sees them
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if not (is_text or pa.types.is_primitive(kind) or pa.types.is_null(kind) or pa.types.is_decimal(kind)):
        raise EvidenceError(f"a column holds {kind}, which is no number, word or date. Leave it out.")
    if pa.types.is_null(kind):
        column = pa.chunked_array([pa.array([""] * len(column), pa.string())])
    text = pc.fill_null(column.cast(pa.string()), "")
    if pa.types.is_floating(kind):
        known = pc.fill_null(pc.invert(pc.is_nan(column)), False)
        text = pc.if_else(known, pc.replace_substring_regex(text, r"^(-?\d+)\.0$", r"\1"), "")
    return text.to_pandas()
