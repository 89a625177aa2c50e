"""What leads from the answers of the first screen to the rows behind their numbers."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Origin"]


class Origin(NamedTuple):
    """What leads from an answer to the rows behind its number."""

    phrase: str  # in the answer, with the number in it
    said: str  # the part of the phrase that is the link
    place: str  # an id on the page
