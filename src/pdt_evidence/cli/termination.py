"""A command that is ended from outside tidies up first, as one that fails does."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["tidied_when_ended"]

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


@contextmanager
def tidied_when_ended() -> Iterator[None]:
    """Turn the signals that end a command into `SystemExit(128 + number)`, the exit code a shell shows.

    Python itself dies of SIGTERM and SIGHUP on the spot, and temporary files stay behind.
    A library may make another error of it on its way; the code stays that of the signal.
    A signal that the caller ignores (nohup) stays ignored; outside the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    ended: list[int] = []
    heard = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]

    def end(number: int, _: object) -> None:
        for one in heard:
            signal.signal(one, signal.SIG_IGN)  # the tidying is not cut short by a second signal
        ended.append(number)
        sys.exit(128 + number)

    try:
        for number in heard:
            signal.signal(number, end)
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])
        if ended:
            sys.exit(128 + ended[0])
