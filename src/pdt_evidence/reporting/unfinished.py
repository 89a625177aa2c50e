"""The folder in which a run makes its files, and what runs that were killed left behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: whether a run is alive cannot be asked, so leftovers stay
    fcntl = None

__all__ = ["folder_to_make_in"]

PREFIX = ".making-"
MADE = {
    "tables",
    "figures",
    "report",
}  # first parts of the names that a run makes; a folder with others is not ours


@contextmanager
def folder_to_make_in(out: Path) -> Iterator[Path]:
    """Give a new folder below `out` that is gone afterwards; remove those of runs that were killed.

    Each run holds a lock on its folder. The system frees it however the run ends, so a folder
    that can be locked belongs to nobody alive.
    """
    _remove_leftovers(out)
    making, lock = _locked_folder(out)
    try:
        yield making
    finally:
        shutil.rmtree(making, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _locked_folder(out: Path) -> tuple[Path, int | None]:
    while True:
        making = Path(tempfile.mkdtemp(dir=out, prefix=PREFIX))
        lock = _lock(making, wait=True)
        if making.exists():  # else another run has just removed it, as a leftover that nobody had locked
            return making, lock
        if lock is not None:
            os.close(lock)


def _remove_leftovers(out: Path) -> None:
    for folder in out.glob(f"{PREFIX}*"):
        with suppress(OSError):  # of another user, or gone meanwhile
            if folder.is_symlink() or not _ours(folder):
                continue
            lock = _lock(folder, wait=False)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _ours(folder: Path) -> bool:
    return all(path.name.lstrip(".").partition(".")[0] in MADE for path in folder.iterdir())


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Lock `folder`; None if another process has, or the file system knows no locks."""
    if fcntl is None:
        return None
    lock = None
    try:
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        if lock is not None:
            os.close(lock)
        return None
    return lock
