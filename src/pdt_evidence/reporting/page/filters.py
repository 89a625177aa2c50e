"""How the page prints a number, a name, a note or an address."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from html import escape
from typing import Any

from pdt_evidence.effects.reported import RATIOS
from pdt_evidence.formatting import PAGE
from pdt_evidence.reporting import citations
from pdt_evidence.results import PooledEffect
from pdt_evidence.verdicts.words import in_words

__all__ = ["address", "doi", "footnoted", "letter", "linked", "measure", "p", "spelled", "words"]


def footnoted(effects: Sequence[PooledEffect]) -> dict[str, Any]:
    """The notes of a table's rows, each once under a letter, and the letters of each row."""
    notes = list(dict.fromkeys(note for effect in effects for note in effect.notes))
    letters = {note: letter(place) for place, note in enumerate(notes)}
    rows = [(effect, ",".join(letters[note] for note in effect.notes)) for effect in effects]
    return {"rows": rows, "notes": [(letter, note) for note, letter in letters.items()]}


def letter(place: int) -> str:
    """a to z, then aa, ab, ..."""
    before, last = divmod(place, 26)
    return (letter(before - 1) if before else "") + chr(ord("a") + last)


def measure(word: str) -> str:
    """A measure; of a ratio also which value says that nothing differs."""
    return f"{word} (no effect = 1)" if word in RATIOS else word


def spelled(text: str) -> str:
    """Text with the names of sources, such as "abbass2006", as short citations."""
    names = citations.named()

    def spell(found: re.Match[str]) -> str:
        author, rest = found[1].replace("_", " ").title(), in_words(found[2])
        return names.get(found[0], f"{author} {rest}")

    return re.sub(r"\b([a-z][a-z_]*)(\d{4}\w*)", spell, text)


def linked(anchors: Collection[str], text: str) -> str:
    """Text with the names of evidence rows that this page shows as links to them."""
    from markupsafe import Markup

    def link(found: re.Match[str]) -> str:
        kind = "review" if found[0].startswith("R") else "trial"
        return f'<a href="#{kind}-{found[0]}">{found[0]}</a>' if found[0] in anchors else found[0]

    return Markup(re.sub(r"\b[RT]\d{3,}\b", link, escape(text)))


def p(effect: PooledEffect | float) -> str:
    return PAGE.p(effect.p if isinstance(effect, PooledEffect) else effect)


def words(text: str) -> str:
    return text.replace("_", " ")


def doi(doi: str) -> str:
    from markupsafe import Markup

    return Markup(f'<a href="https://doi.org/{escape(doi)}">{escape(doi)}</a>') if doi else Markup("")


def address(text: str) -> str:
    """Text with each web address in it as a link that shows its host alone."""
    from markupsafe import Markup

    def link(found: re.Match[str]) -> str:
        return f'<a href="{found[0]}">{found[1]}</a>'

    return Markup(re.sub(r"https?://([\w.-]+)[^\s;,)&]*", link, escape(text)))
