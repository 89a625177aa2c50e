"""A table in a file, as text: CSV, TSV, Excel and Parquet by one road, with the line of every row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.safe import as_utf8
from pdt_evidence.evidence.readers.tabular.excel import read_excel
from pdt_evidence.evidence.readers.tabular.parquet import read_parquet
from pdt_evidence.evidence.readers.tabular.text_table import (
    MAX_CELLS,
    Entry,
    TextTable,
    header_problems,
    table_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ENDINGS", "delimited", "read_table"]

Mask = NDArray[np.bool_]

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")
OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")  # how files of Office up to 2003 begin, and encrypted ones
NO_TEXT = (  # how files begin that are no table, whatever their name ends in
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "an archive (ZIP) or an Excel workbook (.xlsx)"),
    (b"PAR1", "a Parquet file"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
)
MAX_COLUMNS = 2_000
MAX_HEADER = 1_000_000  # characters
BLOCK = 1 << 24  # bytes that are parsed at once


def read_table(name: str | Path, content: bytes) -> TextTable:
    """Read the table in the content of a file; the ending of its name says the format.

    Raises
    ------
    EvidenceError
        If the file cannot be read as what its ending says, or has no header, or rows of unequal
        length, or no rows at all.
    """
    ending, where = Path(name).suffix.lower(), Path(name).name
    if content.startswith(OLD_OFFICE):
        raise EvidenceError(
            f"{where} is an Excel file of the old kind (.xls), or is protected by a password. Open it in Excel, "
            "take the password off if it has one, and save it as .xlsx."
        )
    if ending not in ENDINGS:
        raise EvidenceError(f"{where}: expected a name ending in {', '.join(ENDINGS)}, found {ending!r}.")
    if ending == ".xlsx":
        return read_excel(content, where)
    if ending == ".parquet":
        return read_parquet(content, where)
    start = content[:100].removeprefix(b"\xef\xbb\xbf").lstrip()
    for begins, what in NO_TEXT:
        if start.startswith(begins) or start.lower().startswith(begins):
            raise EvidenceError(
                f"{where} is {what} by its content, and no table of text. Save the table itself as CSV, or give "
                "the file the ending that is its own."
            )
    notes: list[Entry] = []
    text = as_utf8(content, where, notes)
    table = delimited(text, where, tab=ending != ".csv")
    table.notes.extend(notes)
    return table


def delimited(text: bytes, where: str, *, tab: bool = False) -> TextTable:
    """A delimited text in UTF-8; whether comma, semicolon or tab parts the columns is seen in its header."""
    header = text[:MAX_HEADER].lstrip(b"\r\n").split(b"\n", 1)[0]
    counts = {mark: header.count(mark.encode()) for mark in ("\t", ";", ",")}
    mark = "\t" if tab and counts["\t"] else max(counts, key=lambda mark: counts[mark])
    if counts[mark] > MAX_COLUMNS:
        raise EvidenceError(
            f"{where} has more than {MAX_COLUMNS} columns. Leave out those that are not needed."
        )
    decimal = "," if mark == ";" else "."
    plain = _plain(text, mark, decimal)
    if plain is not None:
        return plain
    reader = csv.reader(TextIOWrapper(BytesIO(text), "utf-8", newline=""), delimiter=mark, strict=True)
    return table_of(_csv_rows(reader, where), where, decimal)


def _plain(text: bytes, mark: str, decimal: str) -> TextTable | None:
    """The table of a text in which nothing is odd, several times as fast; None for any other.

    Every row has the cells of the header, quotes begin and end cells, no line is blank. What is
    wrong with a text that is not so is for the slow road to say.
    """
    text = (text.replace(b"\r\n", b"\n") if b"\r" in text else text).rstrip(b"\n")
    first, _, body = text.partition(b"\n")
    header = [cell.strip() for cell in first.decode().split(mark)]
    if not first or not body or b"\r" in text or b'"' in first or header_problems(header, 1):
        return None
    del text  # a large file is in memory often enough
    lines = _row_lines(body, mark, len(header))
    if not lines or len(lines) * len(header) > MAX_CELLS:
        return None
    data = _cells(body, mark, header, newlines=lines[-1] > len(lines) + 1)
    return TextTable(data=data, lines=lines, decimal=decimal, blank=[]) if len(data) == len(lines) else None


def _cells(body: bytes, mark: str, header: list[str], *, newlines: bool) -> pd.DataFrame:
    """The cells of a text that is known to be regular, by the fastest parser there is."""

    try:
        import pyarrow as pa
        from pyarrow import csv as arrow
    except ImportError:
        return _cells_by_pandas(body, mark, header)
    names = [str(at) for at in range(len(header))]  # a column may have no name
    options: dict[str, Any] = {"column_types": dict.fromkeys(names, pa.large_string())}
    try:
        table = arrow.read_csv(
            pa.BufferReader(body),
            read_options=arrow.ReadOptions(use_threads=False, column_names=names, block_size=BLOCK),
            parse_options=arrow.ParseOptions(delimiter=mark, newlines_in_values=newlines),
            convert_options=arrow.ConvertOptions(strings_can_be_null=False, **options),
        )
    except pa.ArrowInvalid:  # a row longer than a block
        return _cells_by_pandas(body, mark, header)
    return table.to_pandas(self_destruct=True).set_axis(header, axis=1)


def _cells_by_pandas(body: bytes, mark: str, header: list[str]) -> pd.DataFrame:
    import pandas as pd

    options: dict[str, Any] = {"sep": mark, "header": None, "names": header, "index_col": False}
    return pd.read_csv(BytesIO(body), dtype=object, keep_default_na=False, **options).astype("str")


def _row_lines(body: bytes, mark: str, width: int) -> list[int] | None:
    """The lines of the file in which the rows below its header begin; None if one is not of `width` cells."""
    flat = np.frombuffer(body, dtype=np.uint8)
    at = np.flatnonzero((flat == ord("\n")) | (flat == ord(mark)) | (flat == ord('"')))
    kind = flat[at]
    every_break = at[kind == ord("\n")]
    quotes = kind == ord('"')
    if quotes.any():
        inside = np.logical_xor.accumulate(quotes)
        if not _quotes_are_plain(flat, at[quotes], inside[quotes], mark):
            return None
        outside = ~(inside | quotes)
        at, kind = at[outside], kind[outside]
    breaks = np.flatnonzero(kind == ord("\n"))
    counts = np.diff(np.append(breaks, kind.size), prepend=-1) - 1
    starts = np.append(0, at[breaks] + 1)
    if (counts != width - 1).any() or _any_blank(body, flat, starts, mark):
        return None
    return (np.searchsorted(every_break, starts) + 2).tolist()


def _quotes_are_plain(flat: NDArray[np.uint8], at: NDArray[np.intp], opens: Mask, mark: str) -> bool:
    """Whether each quoted stretch begins and ends at a separator (or is a doubled quote), and ends at all."""
    if opens[-1]:
        return False
    beside = np.where(opens, at - 1, at + 1)
    edge = (beside < 0) | (beside == flat.size)
    neighbour = flat[np.where(edge, at, beside)]  # at the edge the quote itself, which is allowed
    return bool(np.isin(neighbour, np.frombuffer(f'{mark}\n"'.encode(), dtype=np.uint8)).all())


def _any_blank(body: bytes, flat: NDArray[np.uint8], starts: NDArray[np.intp], mark: str) -> bool:
    """Whether a row holds nothing but separators, quotes and blanks; most show in their first character."""
    nothing = f'{mark}" \n'.encode()
    doubtful = np.flatnonzero(np.isin(flat[starts], np.frombuffer(nothing, dtype=np.uint8))).tolist()
    begins, ends = starts.tolist(), np.append(starts[1:], flat.size).tolist()
    return any(not body[begins[at] : ends[at]].translate(None, nothing) for at in doubtful)


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
