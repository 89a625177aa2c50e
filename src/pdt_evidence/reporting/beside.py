"""Work that a second process does while this one is at something else, and that both then finish.

The second process is a fork: it has all that this one knows and costs no start. Where a fork cannot be had, or is
not safe (another system than Linux; threads, as in a notebook; one core), this process does the work alone.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

__all__ = ["Beside"]

T = TypeVar("T")

NUMBER = struct.Struct("I")
FEWEST, MOST = 3, 10_000  # jobs that are worth a process, and whose numbers a pipe has room for
DIE_WITH_PARENT = 1  # of prctl, PR_SET_PDEATHSIG


class Beside(Generic[T]):
    """Jobs that a second process begins at once; `results` helps with them and gives what each came to, in order.

    Both processes take the numbers of jobs out of pipes, so that each does the next one when it is free: the second
    process from the first job on, this one first those from `own` on. What the second process does not bring,
    whatever became of it, is done here: a job that fails or warns does so in this process, where its caller sees it.
    """

    def __init__(self, jobs: Sequence[Callable[[], T]], own: int = 0) -> None:
        self._jobs, self._own = jobs, own
        self._numbers: list[int] = []  # ends of pipes: of the jobs before `own`, and of those after
        self._answer = self._process = None
        if FEWEST <= len(jobs) <= MOST and _may_fork():
            self._fork()

    def __enter__(self) -> Beside[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def results(self, done: Callable[[int], object] = lambda _: None) -> list[T]:
        """What the jobs came to, in their order; `done` is called with how many more are."""
        found: dict[int, T] = {}
        while (number := self._next(self._numbers[::-1])) is not None:
            found[number] = self._jobs[number]()
            done(1)
        theirs = self._theirs()
        done(len(theirs))
        found |= theirs
        for number, job in enumerate(self._jobs):
            if number not in found:
                found[number] = job()
                done(1)
        return [found[number] for number in range(len(self._jobs))]

    def close(self) -> None:
        """End the second process, wherever it is."""
        if self._process is not None:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)
            self._process = None
        for pipe in (*self._numbers, *([] if self._answer is None else [self._answer])):
            os.close(pipe)
        self._numbers, self._answer = [], None

    def _fork(self) -> None:
        for part in (range(self._own), range(self._own, len(self._jobs))):
            taken, numbers = os.pipe()
            os.write(numbers, b"".join(map(NUMBER.pack, part)))
            os.close(numbers)
            self._numbers.append(taken)
        self._answer, answer = os.pipe()
        parent = os.getpid()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # of threads that are not Python's: those of BLAS
            self._process = os.fork()
        if self._process == 0:
            try:
                _end_with(parent)
                self._work(answer)
            finally:
                os._exit(0)
        os.close(answer)

    def _next(self, pipes: Sequence[int]) -> int | None:
        """A job that nobody has begun, from the first pipe that has one."""
        for pipe in pipes:
            if taken := os.read(pipe, NUMBER.size):
                return NUMBER.unpack(taken)[0]
        return None

    def _work(self, answer: int) -> None:
        """All that the second process does."""
        found = {}
        while (number := self._next(self._numbers)) is not None:
            with suppress(Exception), warnings.catch_warnings(record=True) as heard:
                result = self._jobs[number]()
                if not heard:
                    found[number] = result
        with os.fdopen(answer, "wb") as pipe:
            pickle.dump(found, pipe)

    def _theirs(self) -> dict[int, T]:
        """What the second process brought; nothing where it was ended."""
        if self._answer is None:
            return {}
        with os.fdopen(self._answer, "rb") as pipe:
            self._answer = None
            content = pipe.read()
        self.close()
        with suppress(Exception):
            return pickle.loads(content)
        return {}


def _may_fork() -> bool:
    """Whether a fork is safe: a thread may hold a lock that nobody would free in the other process."""
    return sys.platform == "linux" and len(sys._current_frames()) == 1 and len(os.sched_getaffinity(0)) > 1


def _end_with(parent: int) -> None:
    """Let this process be ended by its parent alone, and with it, however that ends."""
    import ctypes

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL)
    system: Any = ctypes.CDLL(None)
    system.prctl(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
