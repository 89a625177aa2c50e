"""The first sheet of an Excel workbook as text; no formula is run, and nothing unpacked that is too much."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from io import BytesIO, StringIO
from typing import Any

from pdt_evidence.errors import EvidenceError, warn
from pdt_evidence.evidence.readers.safe import most_memory, zip_pieces
from pdt_evidence.evidence.readers.tabular.text_table import MAX_CELLS, TextTable, table_of
from pdt_evidence.evidence.schema import listed

__all__ = ["read_excel"]

MAX_BLANK_ROWS = 10_000  # a sheet with more of them in a row was formatted, not filled
MOST_SEEN = 20  # rows and columns of a sheet in which its first cell is looked for
BYTES_A_ROW, BYTES_A_CELL = 350, 40  # of memory, beside the letters of the cells; measured
ROW_TIMES = 40  # a row is taken whole, in so many times the bytes that it has in the file
ROW_END = re.compile(rb"</(?:\w+:)?row\s*>")
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")


def read_excel(content: bytes, where: str) -> TextTable:
    """The first sheet that is not hidden, values as last computed by Excel: a formula is never run here."""
    has_formulas = _scan_workbook(content, where)
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
            books = [
                load_workbook(BytesIO(content), read_only=True, data_only=data_only, keep_links=False)
                for data_only in ((True, False) if has_formulas else (True,))
            ]
            name, others = _sheets(books[0])
            rows = _sheet_rows([book[name] for book in books], where, most_memory(len(content)))
            table = replace(table_of(rows, where), part=f"sheet {name!r}, row")
    except EvidenceError:
        raise
    except Exception as error:  # damaged workbooks surface as whatever the library meets first
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EvidenceError(
            f"{where} cannot be read as an Excel workbook: {reason}. Save it again."
        ) from error
    if others:
        only = f"only its sheet {name!r} is read, and not {listed(repr(other) for other in others)}"
        fix = "Save each sheet that holds trials as a file of its own"
        warn(f"{where}: {only}. {fix}.")
        table.notes.append((None, where, "noted", f"{only}. {fix}"))
    return table


def _sheets(book: Any) -> tuple[str, list[str]]:
    """The first sheet that its owner sees, and the others that hold anything in their first rows."""
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
    return shown[0].title, [sheet.title for sheet in shown[1:] if _is_filled(sheet)]


def _is_filled(sheet: Any) -> bool:
    sheet.reset_dimensions()
    first = sheet.iter_rows(max_row=MOST_SEEN, max_col=MOST_SEEN, values_only=True)
    return any(value is not None for row in first for value in row)


def _scan_workbook(content: bytes, where: str) -> bool:
    """Whether a sheet has formulas; refuses what unpacks to too much, and documents with entities.

    A sheet is read row by row; the shared words and the styles are in memory as a whole.
    """
    memory = most_memory(len(content))
    has_formulas = False
    lengths: dict[str, int] = {}  # of the row that each sheet is in, so far
    commented: set[str] = set()
    for name, piece in zip_pieces(content, where, lambda name: _most_of_part(name, memory)):
        flat = piece.replace(b"\0", b"")  # UTF-16 hides the word between zero bytes
        if b"<!DOCTYPE" in flat or b"<!ENTITY" in flat:
            raise EvidenceError(
                f"{where}: its part {name} declares a document type or entities. It was not read."
            )
        if "worksheets/" in name:
            if b"<!" in flat:  # from a comment on, which no spreadsheet writes, the end of a row may be none
                commented.add(name)
            before = lengths.get(name, 0)
            lengths[name] = before + len(flat) if name in commented else _row_length(flat, before)
            if lengths[name] > memory // ROW_TIMES:
                raise EvidenceError(
                    f"{where}: a row of its part {name} is longer than is read of a file of its size. "
                    "Delete empty columns, or save it as CSV."
                )
        has_formulas = has_formulas or FORMULA.search(flat) is not None
    return has_formulas


def _row_length(piece: bytes, before: int) -> int:
    """The bytes since a row of a sheet last ended."""
    ends = [match.end() for match in ROW_END.finditer(piece)]
    return len(piece) - ends[-1] if ends else before + len(piece)


def _most_of_part(name: str, memory: int) -> int:
    if not name.endswith((".xml", ".rels")):
        return 0
    return memory if "worksheets/" in name else memory // 4 if "sharedStrings" in name else memory // 20


def _sheet_rows(sheets: list[Any], where: str, memory: int) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet as text; `sheets` is the sheet with values, and with formulas if the book has any."""
    for sheet in sheets:
        sheet.reset_dimensions()  # the size a sheet claims is not to be trusted
    blank_run = cells = width = 0
    for line, rows in enumerate(
        zip(*(sheet.iter_rows(values_only=True) for sheet in sheets), strict=True), 1
    ):
        row, source = rows[0], rows[-1]
        text = [_cell_text(value, formula, where, line) for value, formula in zip(row, source, strict=True)]
        while text and not text[-1]:
            text.pop()
        blank_run = 0 if text else blank_run + 1
        width = width or len(text)
        cells += max(width, len(text))
        memory -= BYTES_A_ROW + BYTES_A_CELL * len(text) + sum(map(len, text))
        if cells > MAX_CELLS or blank_run > MAX_BLANK_ROWS or memory < 0:
            raise EvidenceError(
                f"{where}: the sheet has more cells than are read of a file of its size, "
                f"counted in row {line}. Delete empty rows and columns, or save it as CSV."
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
