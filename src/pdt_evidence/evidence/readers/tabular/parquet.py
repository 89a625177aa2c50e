"""A Parquet file, a column at a time: what a few bytes unpack to is known before it is unpacked."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import EvidenceError, not_installed
from pdt_evidence.evidence.readers.safe import most_memory
from pdt_evidence.evidence.readers.tabular.text_table import MAX_CELLS, TextTable, header_problems
from pdt_evidence.evidence.schema import give_back_memory
from pdt_evidence.formatting import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_parquet"]

BYTES_A_ROW, BYTES_A_CELL, TIMES_TEXT = 350, 16, 2.5  # of memory, measured


def read_parquet(content: bytes, where: str) -> TextTable:
    """The table in a Parquet file.

    Raises
    ------
    EvidenceError
        If it cannot be read, holds more than numbers, words and dates, or unpacks to too much.
    """
    import pandas as pd

    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise EvidenceError(f"{where}: {not_installed('pyarrow', 'parquet')}, or save as CSV.") from error
    try:
        source = pa.BufferReader(content)
        metadata = pq.read_metadata(source)
        schema = metadata.schema.to_arrow_schema()
        header = [str(name) for name in schema.names]
        rows = metadata.num_rows
        if rows * max(metadata.num_columns, 1) > MAX_CELLS:
            raise EvidenceError(f"{where} has more than {MAX_CELLS} cells. Split it.")
        problems = header_problems(header, 0) + [
            f"column {field.name!r} holds {field.type}, which is no number, word or date. Leave it out."
            for field in schema
            if not _is_plain(field.type)
        ]
        if problems:
            raise EvidenceError.from_problems(problems, where)
        left = most_memory(len(content)) - rows * BYTES_A_ROW
        words = [field.name for field in schema if _is_text(field.type)]
        file = pq.ParquetFile(source, metadata=metadata, read_dictionary=words, pre_buffer=False)
        columns: dict[str, pd.Series] = {}
        for name in header:
            column = file.read(columns=[name], use_threads=False).column(0) if left > 0 else None
            left -= _unpacked(column) if column is not None else 0
            if column is None or left < 0:
                raise EvidenceError(
                    f"{where}: its {counted(rows, 'row')} of {len(header)} columns are packed into "
                    f"{len(content) / 1e6:.1f} MB, "
                    "and unpacked are more than a file of that size may be. Save it as CSV."
                )
            columns[name] = _arrow_cells(column)
            del column
            give_back_memory()
    except EvidenceError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise EvidenceError(f"{where} cannot be read as Parquet: {reason}. Save it again.") from error
    return _without_blank(pd.DataFrame(columns, copy=False), where)


def _without_blank(data: pd.DataFrame, where: str) -> TextTable:
    blank = np.ones(len(data), dtype=bool)
    for name in data.columns:
        blank &= (data[name].isna() if data[name].dtype == float else data[name] == "").to_numpy()
    if blank.all():
        raise EvidenceError(f"{where} has no rows: expected at least one trial.")
    lines = np.arange(1, len(data) + 1)
    if blank.any():
        data = data[~blank].reset_index(drop=True)
    return TextTable(
        data=data, lines=lines[~blank].tolist(), decimal=".", blank=lines[blank].tolist(), part="row"
    )


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_plain(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return (
        _is_text(kind) or pa.types.is_primitive(kind) or pa.types.is_null(kind) or pa.types.is_decimal(kind)
    )


def _unpacked(column: Any) -> int:
    """Bytes that a column takes as cells; words that repeat are counted as often as they do."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute  # its functions are made on import, and no type checker sees them
    total: float = BYTES_A_CELL * len(column)
    if pa.types.is_dictionary(column.type) and _is_text(column.type.value_type):
        for chunk in column.chunks:
            length = pc.cast(pc.binary_length(chunk.dictionary), pa.int64())
            total += TIMES_TEXT * (pc.sum(pc.take(length, chunk.indices)).as_py() or 0)
    return int(total)


def _arrow_cells(column: Any) -> pd.Series:
    """One column: whole and double numbers as they are, all else as text with every digit that it has."""
    import pyarrow as pa
    import pyarrow.compute

    pc: Any = pyarrow.compute
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_float64(kind) or pa.types.is_integer(kind):
        with suppress(pa.ArrowInvalid):  # a whole number too long for a float
            return column.cast(pa.float64()).to_pandas().astype(float)
    if pa.types.is_null(kind):
        column = pa.chunked_array([pa.array([""] * len(column), pa.string())])
    text = pc.fill_null(column.cast(pa.large_string()), "")
    text.validate(full=True)  # a damaged file may hold bytes that are no text
    if pa.types.is_floating(kind):
        known = pc.fill_null(pc.invert(pc.is_nan(column)), False)
        text = pc.if_else(known, pc.replace_substring_regex(text, r"^(-?\d+)\.0$", r"\1"), "")
    return text.to_pandas()
