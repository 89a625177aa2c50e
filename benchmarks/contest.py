"""The library against one contender after the other, on one question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.timing import best

__all__ = ["Contest", "Entry", "Row"]

OURS = "pdt_evidence"
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contender; neither `seconds` nor `text` where it is not installed."""

    name: str
    seconds: float | None = None
    text: str | None = None  # what is measured where that is no time
    ratio: float | None = None
    target: str = ""
    met: bool | None = None  # None: there is no target, or nothing to hold it against
    note: str = ""


@dataclass(slots=True)
class Entry:
    """A contender to be timed, or whose time is known."""

    name: str
    call: Callable[[], Any] | None = None
    seconds: float | None = None
    times: float = 1.0  # what the time of the call is multiplied with
    least: float | None = None  # the ratio wanted; 1 means faster
    note: str = ""


class Contest:
    """The library's call, and its peers' to be held against it."""

    def __init__(self, call: Callable[[], Any], note: str = "") -> None:
        self.tau2 = call()  # None where there is nothing to compare
        self.ours = Entry(OURS, call, note=note)
        self.entries = [self.ours]

    def peer(
        self, name: str, maker: Callable[[], Callable[[], Any]], least: float | None = None,
        times: float = 1.0, note: str = "",
    ) -> None:  # fmt: skip
        """Enter a peer; its time is multiplied by `times`, its tau2 compared with the library's."""
        try:
            call = maker()
        except ImportError:
            self.entries.append(Entry(name))
            return
        found = call()
        if found is not None and self.tau2 is not None:
            gap = np.max(np.abs(np.ravel(found) - np.ravel(self.tau2)[: np.size(found)]))  # a loop has fewer
            note = "; ".join(part for part in (note, f"tau2 differs by up to {gap:.1g}") if part)
        self.entries.append(Entry(name, call, times=times, least=least, note=note))

    def known(self, name: str, seconds: float | None, least: float | None = None, note: str = "") -> None:
        """Enter a peer that was timed elsewhere; None where it is not installed."""
        self.entries.append(Entry(name, seconds=seconds, least=least, note=note))

    def rows(self) -> Iterator[Row]:
        """Time all in turn, several times over, so that a busy moment hurts all alike; best of each."""
        for _ in range(ROUNDS):
            for entry in self.entries:
                if entry.call is not None:
                    seconds = best(entry.call) * entry.times
                    entry.seconds = min(seconds, entry.seconds or seconds)
        assert self.ours.seconds is not None
        for entry in self.entries:
            yield _row(entry, self.ours.seconds)


def _row(entry: Entry, ours: float) -> Row:
    if entry.seconds is None:
        return Row(name=entry.name)
    if entry.name == OURS:
        return Row(name=OURS, seconds=ours, note=entry.note)
    ratio, least = entry.seconds / ours, entry.least
    if least is None:
        return Row(name=entry.name, seconds=entry.seconds, ratio=ratio, note=entry.note)
    target, met = ("> 1 x", ratio > 1) if least == 1 else (f"{least:,g} x", ratio >= least)
    return Row(name=entry.name, seconds=entry.seconds, ratio=ratio, target=target, met=met, note=entry.note)
