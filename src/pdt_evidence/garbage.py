"""Garbage in cycles, looked for more seldom while much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collected_seldom"]

NEW_OBJECTS = 100_000  # between two looks; Python's own number is 700 to 2,000


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Look for garbage in cycles after many more new objects than usual: a run keeps nearly all that it makes.

    Where the caller has turned the search off, or made it more seldom still, it stays as it is.
    """
    before = gc.get_threshold()
    if 0 < before[0] < NEW_OBJECTS:
        gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
