"""The terminal that text is printed on: how wide it is, and whether it shows colours.

Text is as wide as it is unless `within` says how much there is; then tables leave out what is worth least, and
lines are broken between words.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from textwrap import wrap

__all__ = [
    "SPARE",
    "colours",
    "emphasised",
    "fitted",
    "room",
    "screen_width",
    "too_wide",
    "within",
    "wrapped",
]

_ROOM: ContextVar[int | None] = ContextVar("room", default=None)
NARROWEST = 40
LEAST_CELL = 12  # letters that a column of words keeps when it is broken into lines
# Columns by what is given up first where a table is too wide; those of one entry go together.
SPARE = (("H2",), ("df",), ("tau2",), ("se",), ("pi.lb", "pi.ub"), ("I2",), ("trials",), ("measure",), ("p",))
GREEN, YELLOW, RED, NONE = "32", "33", "31", ""
COLOURS = {  # how a verdict begins -> its colour
    "supported": GREEN,
    "equivalent": GREEN,
    "superior": GREEN,
    "non-inferior": GREEN,
    "partly supported": YELLOW,
    "overstated": YELLOW,
    "stated": YELLOW,
    "not shown": YELLOW,
    "inconclusive": YELLOW,
    "non-superior": YELLOW,
    "contradicted": RED,
    "misattributed": RED,
    "inferior": RED,
}


def screen_width() -> int | None:
    """Columns of the terminal; None where text goes to a file or a pipe, and nobody says how wide it is."""
    if not (os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty()):
        return None
    return max(shutil.get_terminal_size().columns, NARROWEST)


def colours() -> bool:
    """Whether to print in colour: only on a terminal, and where NO_COLOR is not set (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


@contextmanager
def within(width: int | None) -> Iterator[None]:
    """Make all text of this context at most so many columns wide, words longer than that excepted."""
    token = _ROOM.set(width)
    try:
        yield
    finally:
        _ROOM.reset(token)


def room(otherwise: int | None = None) -> int | None:
    """The columns there are; `otherwise` where no one said."""
    width = _ROOM.get()
    return otherwise if width is None else width if otherwise is None else min(width, otherwise)


def wrapped(text: str, width: int | None = None) -> str:
    """Each line that is too long broken between words, the rest of it below its beginning.

    Examples
    --------
    >>> print(wrapped("  one two three", 11))
      one two
        three
    """
    width = room() if width is None else width
    if width is None:
        return text
    return "\n".join(_broken(line, width) for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    indent = re.match(r" *", line)[0]  # pyright: ignore[reportOptionalSubscript]
    lines = wrap(
        line.strip(),
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def fitted(
    rows: Sequence[tuple[str, ...]], words: int, spare: Sequence[Sequence[str]] = SPARE
) -> tuple[list[tuple[str, ...]], int, tuple[str, ...]]:
    """Rows of a table, its head first, without the columns that there is no room for; how many of those left
    are words, and the names of what was left out. Cells of words are broken into rows of their own at last.
    """
    width, left = room(), list(rows)
    if width is None or not left or not too_wide(left):
        return left, words, ()
    broken = _broken_cells(left, words, width)
    if spare is not SPARE and _wide(broken) <= width:
        return broken, words, ()
    dropped: list[str] = []
    for names in spare:
        places = [i for i, name in enumerate(left[0]) if name in names]
        if places:
            dropped += [left[0][i] for i in places]
            words -= sum(i < words for i in places)
            left = [tuple(cell for i, cell in enumerate(row) if i not in places) for row in left]
        broken = left if spare is SPARE else _broken_cells(left, words, width)
        if _wide(broken) <= width:
            return broken, words, tuple(dropped)
    return _broken_cells(left, words, width), words, tuple(dropped)


def too_wide(rows: Sequence[tuple[str, ...]]) -> bool:
    """Whether the rows of a table are longer than there is room."""
    width = room()
    return width is not None and _wide(rows) > width


def _wide(rows: Sequence[tuple[str, ...]]) -> int:
    return sum(max(map(len, column)) + 2 for column in zip(*rows, strict=True)) - 2


def _broken_cells(rows: list[tuple[str, ...]], words: int, width: int) -> list[tuple[str, ...]]:
    """The widest columns of words broken into lines, each as narrow as the width asks."""
    limits = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while sum(limits) + 2 * len(limits) - 2 > width:
        widest = max(range(words), key=limits.__getitem__, default=None)
        if widest is None or limits[widest] <= LEAST_CELL:
            break
        limits[widest] -= 1
    lines: list[tuple[str, ...]] = []
    for row in rows:
        cells = [
            wrap(cell, limits[i], break_long_words=False, break_on_hyphens=False) or [""]
            if i < words
            else [cell]
            for i, cell in enumerate(row)
        ]
        for n in range(max(map(len, cells))):
            lines.append(tuple(cell[n] if n < len(cell) else "" for cell in cells))
    return lines


def emphasised(text: str, verdict: str = "") -> str:
    """A text in bold and in the colour of its verdict, where the terminal shows colours."""
    if not colours():
        return text
    word = (verdict or text).lower()
    found = [start for start in COLOURS if word.startswith(start)]
    colour = COLOURS[max(found, key=len)] if found else NONE
    return f"\033[1{';' + colour if colour else ''}m{text}\033[0m"
