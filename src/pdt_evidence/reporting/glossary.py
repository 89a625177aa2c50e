"""The words of the page for the words of the library: what is held is available to us."""

from __future__ import annotations

import re

__all__ = ["plain", "plain_page"]

# In order; the first that fits a place is taken.
WORDS = (
    (r"\bheld against the\b", "put to the"),
    (r"\b([Nn]o|[Ee]very|[Tt]he|[Aa]ny|[Tt]hese) held (?=[a-z])", r"\1 available "),
    (r"\bheld (control|trial|row)", r"available \1"),
    (r"\bheld of (no|them|it|each|any)\b", r"available of \1"),
    (r"\bheld here\b", "available to us"),
    (r"\bheld by\b", "available by"),
    (r"\bheld\b", "available to us"),
    (r"\bHeld\b", "Available to us"),
    (r"\(conflict member\)", "(sources disagree whether it is in the review)"),
    (r"\bcounts persons with an event;", "only counts patients who had an outcome;"),
    (r"\((seen|believed) member\)", r"(\1 to be in the review)"),
    (r"\(seen to be", "(known to be"),
    (r"\bbelieved members\b", "the trials believed to be in the review"),
)
OF_THE_LIBRARY = re.compile("eld|member|persons")  # in any word that is replaced
APART = re.compile(r'(<(style|script|code)\b.*?</\2>|<td class="where\b[^>]*>.*?</td>|<[^>]+>)', re.S)


def plain(text: str) -> str:
    """Text in the words of the page.

    Examples
    --------
    >>> plain("cannot be answered: not held, or too few trials"), plain("Every held review is asked.")
    ('cannot be answered: not available to us, or too few trials', 'Every available review is asked.')
    >>> plain("patients held against the required size; what it holds")
    'patients put to the required size; what it holds'
    """
    if not OF_THE_LIBRARY.search(text):
        return text
    for pattern, words in WORDS:
        text = re.sub(pattern, words, text)
    return text


def plain_page(page: str) -> str:
    """A page with its words plain, but for code, and for what says where in a source a number stands."""
    parts = APART.split(page)  # text, mark, the name of a mark with content, text, ...
    parts[0::3] = map(plain, parts[0::3])
    return "".join(part for place, part in enumerate(parts) if place % 3 != 2)
