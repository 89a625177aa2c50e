"""Notes of results: sentences for readers, each with a code for programs."""

from __future__ import annotations

from typing import Any, Protocol

from pdt_evidence.arguments import shown
from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import note_lines

__all__ = ["ABOUT_PREDICTION", "Answer", "Note", "closing", "code_of"]

# Notes that are about the prediction interval alone, by their codes.
ABOUT_PREDICTION = frozenset({"bootstrap-prediction", "prediction-needs-three"})


class Note(str):
    """What a reader must know about a result: a sentence, and the code by which programs know it.

    Examples
    --------
    >>> note = Note("one-study", "One study: its own estimate and Wald interval.")
    >>> note, note.code
    ('One study: its own estimate and Wald interval.', 'one-study')
    """

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> Note:
        note = super().__new__(cls, text)
        note.code = code
        return note

    def __getnewargs__(self) -> tuple[str, str]:  # for copies and pickles  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.code, self.text

    @property
    def text(self) -> str:
        """The sentence as plain text."""
        return str(self)


def code_of(note: str) -> str:
    """The code of a note; "" where somebody wrote it as plain text."""
    return note.code if isinstance(note, Note) else ""


class Answer(Protocol):
    """What a question put to a result gives."""

    def summary(self) -> str: ...


def closing(notes: tuple[str, ...], also: Any) -> list[str]:
    """The last lines of a summary: its notes, and further answers, which must have one."""
    one = isinstance(also, str) or hasattr(also, "summary") or not hasattr(also, "__iter__")
    answers: list[Any] = [also] if one else [*also]
    if wrong := [shown(answer) for answer in answers if not hasattr(answer, "summary")]:
        raise RequestError(
            f"also = {wrong[0]} is no answer to put below. Give results that have a summary, as in "
            "also=[fit.beyond(0.24), absolute(fit)]."
        )
    return note_lines(notes) + [line for answer in answers for line in ("", answer.summary())]
