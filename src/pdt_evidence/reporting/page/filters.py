"""How the page prints a number, a name, a note or an address."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from pdt_evidence.analysis.bias.records import Adjusted
from pdt_evidence.analysis.meaning.absolute import Absolute, nnt_words
from pdt_evidence.formatting import PAGE, RATIOS
from pdt_evidence.reporting.corrections import Corrected, leaves_open
from pdt_evidence.reporting.meanings import Meaning
from pdt_evidence.reporting.names import named
from pdt_evidence.reporting.works import works
from pdt_evidence.results import PooledEffect

__all__ = [
    "between", "doi", "footnoted", "in_doubt", "letter", "measure", "needed", "p", "percentage", "scaled", "shown",
    "spelled", "stratum", "told", "unit", "words",
]  # fmt: skip

NAME_OF_A_WORK = re.compile(r"\b[a-z]\w*[\d_]\w*")
LARGEST_LOG = 700.0  # beyond it a ratio overflows


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
    """Text with the names of publications in the tables, such as "abbass2006", as short citations."""
    return NAME_OF_A_WORK.sub(lambda found: works().get(found[0], found[0]), text)


def p(effect: PooledEffect | float) -> str:
    return PAGE.p(effect.p if isinstance(effect, PooledEffect) else effect)


def words(text: str) -> str:
    return text.replace("follow_up", "follow-up").replace("_", " ")


def doi(doi: str) -> str:
    from markupsafe import Markup

    return Markup(f'<a href="https://doi.org/{escape(doi)}">{escape(doi)}</a>') if doi else Markup("")


def unit(measure: str) -> str:
    """The name of a measure in the head of a column."""
    from pdt_evidence.figures.sheet.words import short_measure

    return "g" if measure == "SMD" else short_measure(measure)


def shown(effect: PooledEffect) -> str:
    """The estimate on the scale that its measure is read on: ratios as ratios."""
    return scaled(effect.estimate, effect)


def scaled(value: float, effect: PooledEffect) -> str:
    """A value on the scale that the measure of its effect is read on."""
    return PAGE.effect(_read(effect, value), None, _null(effect))


def in_doubt(one: Adjusted) -> str:
    """Whether a correction leaves it open that there is no effect."""
    return PAGE.unknown if math.isnan(sum(one.ci)) else "yes" if leaves_open(one) else "no"


def between(limits: tuple[float, float], effect: PooledEffect) -> str:
    """An interval on the scale that the measure of its effect is read on."""
    low, high = (_read(effect, value) for value in limits)
    return PAGE.interval((low, high), None, _null(effect))


def _null(effect: PooledEffect) -> float:
    return 1.0 if effect.measure in RATIOS else 0.0


def _read(effect: PooledEffect, value: float) -> float:
    if effect.measure not in RATIOS or math.isnan(value):
        return value
    return math.exp(value) if value < LARGEST_LOG else math.inf


def told(word: str, column: str) -> str:
    """A word of a column of strata as a reader knows it."""
    from pdt_evidence.figures.sheet import words

    return words.within(column, word)


def stratum(row: Corrected | Meaning) -> str:
    """The words of a stratum on one line, its comparison as the page names it."""
    from pdt_evidence.figures.sheet.words import heading

    if not row.comparison:
        return heading(row.effect.stratum) or "All studies"
    rest = {name: word for name, word in row.effect.stratum.items() if name != "comparison"}
    return f"{named(row.comparison)}: {heading(rest, inside=True)}"


def percentage(share: float) -> str:
    return PAGE.unknown if math.isnan(share) else f"{100 * share:.0f}%"


def needed(people: Absolute) -> str:
    """The number needed to treat with its interval."""
    return nnt_words(people.nnt, people.nnt_ci, people.disjoint)
