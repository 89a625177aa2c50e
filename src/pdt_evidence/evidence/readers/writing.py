"""Tables as CSV in which nothing runs, and files that are written whole or not at all."""

from __future__ import annotations

import glob
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.columns import trial_fields

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "guarded", "write_all"]

FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "＝",
    "＋",
    "－",
    "＠",
)  # how a cell begins that a spreadsheet would run
UNSEEN = "\ufeff\u200b\u200c\u200d\u2060\0"  # letters without width, which a cell may begin with
LEFT_BEHIND = 3600.0  # seconds after which a temporary file is one that a killed run left


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV: whole numbers without a point, nothing that a spreadsheet would run as a formula."""
    whole = [
        field.name for field in trial_fields() if field.type == "integer" and field.name in table.columns
    ]
    whole += [
        name
        for name in table.columns
        if name not in {f.name for f in trial_fields()} and _is_whole(table[name])
    ]
    return guarded(table.astype(dict.fromkeys(whole, "Int64"))).to_csv(index=False, lineterminator="\n")


def _is_whole(column: pd.Series) -> bool:
    """Whether a column of floats has whole numbers alone, which cells that are blank made floats."""
    if column.dtype != float:
        return False
    values = column.dropna().to_numpy()
    return bool(len(values)) and bool(((values % 1 == 0) & (abs(values) < 2**53)).all())


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before each text, names and categories too, that a spreadsheet would run."""
    import pandas as pd

    plain = table.rename(columns=_one_break).copy()
    for name in plain.columns:
        column = plain[name]
        if str(column.dtype) == "category":
            column = plain[name] = column.astype(object)
        if column.dtype == object or str(column.dtype) in ("str", "string"):
            if column.astype(str).str.contains("\r", regex=False).any():
                column = plain[name] = column.map(_one_break)
            risky = [_would_run(cell) for cell in column.tolist()]
            if any(risky):
                plain[name] = column.mask(pd.Series(risky, index=column.index), "'" + column.astype(str))
    return plain.rename(columns={name: f"'{name}" for name in plain.columns if _would_run(name)})


def _one_break(cell: Any) -> Any:
    """A text with line feeds for its carriage returns, which would end the line of a CSV, quotes or no quotes."""
    return cell.replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell


def _would_run(cell: object) -> bool:
    """Whether a cell is the beginning of a formula; "-0.42", a number kept as it was printed, is none."""
    if not isinstance(cell, str):
        return False
    if not (cell.startswith(FORMULA) or _bare(cell).startswith(FORMULA)):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def _bare(cell: str) -> str:
    """The cell from its first letter that is seen."""
    before = ""
    while before != cell:
        before, cell = cell, cell.lstrip().lstrip(UNSEEN)
    return cell


def write_all(contents: dict[Path, bytes]) -> None:
    """Write several files, each replaced in one step; if one cannot be written, none is changed.

    Raises
    ------
    EvidenceError
        If a folder is missing or full, or a file cannot be replaced.
    """
    folders = [str(path) for path in contents if path.is_dir()]
    if folders:
        raise EvidenceError(f"{folders[0]} cannot be written: it is a folder. Nothing was changed.")
    made: list[tuple[Path, Path]] = []
    kept: list[tuple[Path, Path | None]] = []  # what was there before, under another name; None for nothing
    try:
        for path, content in contents.items():
            target = Path(os.path.realpath(path))  # a link stays one, to a file that is new
            made.append((_temporary(target, content), target))
        for temporary, target in made:
            kept.append((target, _second_name(target)))
            os.replace(temporary, target)
    except BaseException as error:  # an interrupted run leaves nothing half done either
        _undo(kept)
        _remove([temporary for temporary, _ in made])
        if not isinstance(error, OSError):
            raise
        lost = next((path for path in contents if not path.parent.is_dir()), None)
        if isinstance(error, FileNotFoundError) and lost:
            raise EvidenceError(
                f"{lost} cannot be written: the folder {lost.parent} does not exist. Nothing was changed."
            ) from error
        reason = error.strerror or str(error)
        raise EvidenceError(
            f"{error.filename or next(iter(contents))} cannot be written: {reason}. Nothing was changed."
        ) from error
    _remove([before for _, before in kept if before is not None])


def _temporary(path: Path, content: bytes) -> Path:
    """A finished file in the folder of `path`, so that it can take its place in one step."""
    _remove(_left_behind(path))
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, _mode(path))  # temporary files are private, the table need not be
    except BaseException:
        os.unlink(name)
        raise
    return Path(name)


def _left_behind(path: Path) -> list[Path]:
    """The temporary files that runs which were killed left for the same path, not those of one at work."""
    found = []
    for one in path.parent.glob(f".{glob.escape(path.name)}.????????"):
        with suppress(OSError):
            if one.is_file() and time.time() - one.stat().st_mtime > LEFT_BEHIND:
                found.append(one)
    return found


def _mode(path: Path) -> int:
    """The permissions of the file that is replaced; of a new one those that any program would give it."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        mask = os.umask(0o077)
        os.umask(mask)
        return 0o666 & ~mask


def _second_name(path: Path) -> Path | None:
    """The file of `path` under another name beside it, so that it can come back without room on the disk."""
    if not path.exists():
        return None
    second = path.with_name(f".{path.name}.before")
    second.unlink(missing_ok=True)
    try:
        os.link(path, second)
    except OSError:  # a file system without links
        shutil.copy2(path, second)
    return second


def _undo(kept: Sequence[tuple[Path, Path | None]]) -> None:
    for target, before in kept:
        with suppress(OSError):
            if before is None:
                target.unlink(missing_ok=True)
            elif target.exists() and os.path.samefile(before, target):  # it was not replaced yet
                before.unlink()
            else:
                os.replace(before, target)


def _remove(files: Sequence[Path]) -> None:
    for path in files:
        with suppress(OSError):
            path.unlink(missing_ok=True)
