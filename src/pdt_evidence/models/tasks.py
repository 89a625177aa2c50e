"""Independent pieces of work, here or on an executor: the one way in which work is shared.

Executors' own `map` will not do: some take every piece before the first result is asked for, and that of
`distributed` refuses iterators. All of them can `submit`, and their tasks can be cancelled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from os import urandom
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

__all__ = ["WAITING", "in_order"]

WAITING = 32  # tasks handed to an executor ahead of the one whose result is due
Piece = TypeVar("Piece")
Found = TypeVar("Found")


@contextmanager
def in_order(
    job: Callable[[Piece], Found], pieces: Iterable[Piece], executor: Executor | None
) -> Iterator[Iterator[Found]]:
    """The results of `job`, piece by piece in order, with at most `WAITING` tasks under way.

    Parameters
    ----------
    job : callable
        Called with one piece; it and the pieces can be pickled.
    pieces : iterable
        Taken only as tasks are handed over, so that there may be more of them than memory holds.
    executor : concurrent.futures.Executor or None
        Left open; None: everything runs here.

    Yields
    ------
    iterator
        What a task raised is raised here as it is. When the block is left, by an error or an interrupt
        too, the tasks that no worker has begun are cancelled.

    Examples
    --------
    >>> with in_order(abs, [-1, 2, -3], None) as found:
    ...     list(found)
    [1, 2, 3]
    """
    if executor is None:
        yield map(job, pieces)
        return
    waiting: deque[Future[Found]] = deque()
    try:
        yield _results(job, iter(pieces), executor, waiting)
    finally:
        for task in waiting:
            task.cancel()


def _results(
    job: Callable[[Piece], Found], pieces: Iterator[Piece], executor: Executor, waiting: deque[Future[Found]]
) -> Iterator[Found]:
    marks = count(int.from_bytes(urandom(16)))
    tasks = (executor.submit(_run, job, piece, mark) for piece, mark in zip(pieces, marks, strict=False))
    waiting.extend(islice(tasks, WAITING))
    while waiting:
        found = waiting[0].result()  # it stays in the line until it is done: an interrupt cancels it as well
        waiting.popleft()
        waiting.extend(islice(tasks, 1))
        yield found


def _run(job: Callable[[Piece], Found], piece: Piece, mark: int) -> Found:
    """The `mark` makes each task another: `distributed` takes equal calls for one, and its result for theirs all."""
    return job(piece)
