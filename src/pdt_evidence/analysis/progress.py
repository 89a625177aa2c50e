"""The progress bar of long runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(what: str, total: int, wanted: bool) -> Iterator[Callable[[int], object] | None]:
    """A bar on stderr, moved on by the number done since the last call; None where it is not `wanted`."""
    if not wanted:
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=what, unit="", unit_scale=True) as bar:
        yield bar.update
