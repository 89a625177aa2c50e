"""The first sheet of an Excel workbook as text; no formula is run, and nothing unpacked that is too much."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from io import BytesIO, StringIO
from typing import Any

from pdt_evidence.errors import EvidenceError, not_installed, warn
from pdt_evidence.evidence.readers.safe import most_memory, zip_pieces
from pdt_evidence.evidence.readers.tabular.text_table import MAX_CELLS, TextTable, table_of
from pdt_evidence.evidence.schema import listed

__all__ = ["read_excel"]

MAX_BLANK_ROWS = 10_000  # a sheet with more of them in a row was formatted, not filled
MOST_SEEN = 20  # rows and columns of a sheet in which its first cell is looked for
BYTES_A_ROW, BYTES_A_CELL = 350, 40  # of memory, beside the letters of the cells; measured
ROW_TIMES = 40  # a row is taken whole, in so many times the bytes that it has in the file
ROW_END = re.compile(rb"</(?:\w+:)?row\s*>")
ROW = re.compile(rb"<(?:\w+:)?row\s[^>]{0,300}>")
HIDDEN, NUMBER = re.compile(rb"\shidden=[\"'](?:1|true)[\"']"), re.compile(rb"\sr=[\"'](\d{1,7})[\"']")
PERCENT = re.compile(rb"""numFmtId=["'](?:9|10)["']|formatCode=["'][^"']*%""")
MOST_TOLD = 5  # hidden rows that a warning names
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")


def read_excel(content: bytes, where: str) -> TextTable:
    """The first sheet that is not hidden, values as last computed by Excel: a formula is never run here."""
    scan = _scan_workbook(content, where)
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise EvidenceError(f"{where}: {not_installed('openpyxl', 'excel')}, or save as CSV.") from error
    try:
        with (
            redirect_stdout(StringIO()),
            warnings.catch_warnings(),
        ):  # it prints, and warns of fonts and styles
            warnings.simplefilter("ignore")
            books = [
                load_workbook(BytesIO(content), read_only=True, data_only=data_only, keep_links=False)
                for data_only in ((True, False) if scan.formulas else (True,))
            ]
            name, others = _sheets(books[0])
            sheets = [book[name] for book in books]
            rows = _sheet_rows(sheets, where, most_memory(len(content)))
            others_read = f", sheet {name!r} (not read: {listed(map(repr, others))})" if others else ""
            table = table_of(rows, f"{where}{others_read}")
            table = replace(table, part=f"sheet {name!r}, row", beside=others_read)
            notes = [*_hidden(scan, sheets[0], table), *(_percents(books[0][name]) if scan.percents else [])]
    except EvidenceError:
        raise
    except Exception as error:  # damaged workbooks surface as whatever the library meets first
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EvidenceError(
            f"{where} cannot be read as an Excel workbook: {reason}. Save it again."
        ) from error
    for what, fix in notes:
        warn(f"{where}: {what}. {fix}.")
        table.notes.append((None, where, "noted", f"{what}. {fix}"))
    if others:
        only = f"only its sheet {name!r} is read, and not {listed(repr(other) for other in others)}"
        fix = "Save each sheet that holds trials as a file of its own"
        warn(f"{where}: {only}. {fix}.")
        table.notes.append((None, where, "noted", f"{only}. {fix}"))
    return table


@dataclass(slots=True)
class _Scan:
    """What only the parts of a workbook tell."""

    formulas: bool = False
    percents: bool = False  # some style shows a number as percent
    hidden: dict[str, set[int]] = field(default_factory=dict)  # part -> rows


def _hidden(scan: _Scan, sheet: Any, table: TextTable) -> Iterator[tuple[str, str]]:
    """The rows that are read and that its owner does not see, by a filter or by hand."""
    part = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
    rows = sorted(scan.hidden.get(part, set()) & set(table.lines))
    if rows:
        count = "1 row is hidden" if len(rows) == 1 else f"{len(rows)} rows are hidden"
        shown = listed(map(str, rows[:MOST_TOLD])) + (" and others" if len(rows) > MOST_TOLD else "")
        yield (
            f"{count} in its sheet {sheet.title!r} and read like the others (row {shown})",
            "Show or delete them, or set them aside by a column 'status'",
        )


def _percents(sheet: Any) -> Iterator[tuple[str, str]]:
    """The columns with cells that are shown as percent and saved as fractions."""
    names: list[str] = []
    found: dict[int, float] = {}
    for row in sheet.iter_rows():
        if not names:
            names = [str(cell.value or "") for cell in row] if any(cell.value for cell in row) else []
            continue
        for at, cell in enumerate(row):
            if at not in found and isinstance(cell.value, (int, float)) and "%" in cell.number_format:
                found[at] = cell.value
    for at, value in found.items():
        name = names[at] if at < len(names) else str(at + 1)
        yield (
            f"column {name!r} has cells shown as percent, which are saved as fractions: "
            f"{100 * value:g} % is read as {value:g}",
            "If percents are meant, show the column as plain numbers and enter them so",
        )


def _sheets(book: Any) -> tuple[str, list[str]]:
    """The first sheet that its owner sees, and the others that hold anything in their first rows."""
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
    return shown[0].title, [sheet.title for sheet in shown[1:] if _is_filled(sheet)]


def _is_filled(sheet: Any) -> bool:
    sheet.reset_dimensions()
    first = sheet.iter_rows(max_row=MOST_SEEN, max_col=MOST_SEEN, values_only=True)
    return any(value is not None for row in first for value in row)


def _scan_workbook(content: bytes, where: str) -> _Scan:
    """What its parts tell; refuses what unpacks to too much, and documents with entities.

    A sheet is read row by row; the shared words and the styles are in memory as a whole.
    """
    memory = most_memory(len(content))
    scan = _Scan()
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
            hidden = {
                int(row[1]) for tag in ROW.findall(flat) if HIDDEN.search(tag) and (row := NUMBER.search(tag))
            }
            scan.hidden.setdefault(name, set()).update(hidden)
        scan.formulas = scan.formulas or FORMULA.search(flat) is not None
        scan.percents = scan.percents or (name.endswith("styles.xml") and PERCENT.search(flat) is not None)
    return scan


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
