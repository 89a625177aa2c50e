"""The folder in which a run makes its files, and what runs that were killed left behind."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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
    "results",
    "ro-crate-metadata",
}  # first parts of the names that a run makes; a folder with others is not ours


@contextmanager
def folder_to_make_in(out: Path) -> Iterator[Path]:
    """Give a new folder below `out` that is gone afterwards; remove those of runs that were killed.

    Each run holds a lock on its folder. The system frees it however the run ends, so a folder
    that can be locked belongs to nobody alive.
    """
    _remove_leftovers(out)
    making = (
        out / f"{PREFIX}{secrets.token_hex(8)}"
    )  # named before it is there: an interrupt at any point finds it
    with ExitStack() as afterwards:
        afterwards.callback(shutil.rmtree, making, ignore_errors=True)
        while not making.exists():  # again where another run has removed it before it was locked
            making.mkdir(mode=0o700)
            lock = _lock(making, wait=True)
            if lock is not None:
                afterwards.callback(os.close, lock)
        yield making


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
