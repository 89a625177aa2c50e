"""Tables as CSV in which nothing runs, and files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.columns import trial_fields

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "guarded", "write_all"]

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV: whole numbers without a point, nothing that a spreadsheet would run as a formula."""
    whole = [
        field.name for field in trial_fields() if field.type == "integer" and field.name in table.columns
    ]
    return guarded(table.astype(dict.fromkeys(whole, "Int64"))).to_csv(index=False, lineterminator="\n")


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before each text that a spreadsheet would run as a formula."""
    plain = table.copy()
    for name in plain.columns:
        if plain[name].dtype == object or str(plain[name].dtype) in ("str", "string"):
            text = plain[name].map(lambda value: isinstance(value, str) and value.startswith(FORMULA))
            plain[name] = plain[name].mask(text.astype(bool), "'" + plain[name].astype(str))
    return plain


def write_all(contents: dict[Path, bytes]) -> None:
    """Write several files, each replaced in one step; if one cannot be written, none is changed.

    Raises
    ------
    EvidenceError
        If a folder is missing or full, or a file cannot be replaced.
    """
    before: dict[Path, bytes | None] = {}
    made: list[tuple[Path, Path]] = []
    try:
        for path, content in contents.items():
            made.append((_temporary(path, content), path))
        for temporary, path in made:
            before[path] = path.read_bytes() if path.exists() else None
            os.replace(temporary, path)
    except OSError as error:
        _undo(before, [temporary for temporary, _ in made])
        reason = error.strerror or str(error)
        raise EvidenceError(
            f"{error.filename or next(iter(contents))} cannot be written: {reason}. Nothing was changed."
        ) from error


def _temporary(path: Path, content: bytes) -> Path:
    """A finished file in the folder of `path`, so that it can take its place in one step."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)  # temporary files are private, the table is not
    except OSError:
        os.unlink(name)
        raise
    return Path(name)


def _undo(before: dict[Path, Any], temporaries: Sequence[Path]) -> None:
    for path, content in before.items():
        with suppress(OSError):
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
    for temporary in temporaries:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
