"""How a result shows itself in a session: one short line, and in a notebook a table of a few set columns.

`Brief` is what every result derives from. A result says its line in `_line` and its cells in `_cells`, where the
first line of its summary, or its plain fields, are not what a reader wants to see.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from pdt_evidence.errors import known_options_of_methods
from pdt_evidence.formatting import PAGE, RATIOS, TEXT, counted, percent
from pdt_evidence.markup import escape
from pdt_evidence.other_names import field_of_others

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Brief",
    "Cells",
    "cells_of",
    "effect_cell",
    "effect_head",
    "pooled_cells",
    "pooled_head",
    "shortened",
    "table",
]

MOST_LETTERS = 150  # of a line; with the name of the record it stays below 200
MOST_FIELDS = 8
MOST_ROWS = 60  # of a table in a notebook
NUMBER = re.compile(r"(?:[\d\s.,<>=+−–±∞%()\[\]×·]|to|trials|inf|yes|no)*")
Cells = list[tuple[str, ...]]

# Only inherited colours and half-transparent lines, so that a light and a dark page show it alike.
LOOK = """<style>
.pdt-result{color:inherit;overflow-x:auto}
.pdt-result table{border-collapse:collapse;color:inherit;background:transparent;font-variant-numeric:tabular-nums}
.pdt-result caption{caption-side:top;text-align:left;color:inherit;font-weight:600;padding:.2em 0;white-space:normal}
.pdt-result tr,.pdt-result tbody tr:nth-child(odd){background:transparent}
.pdt-result th,.pdt-result td{color:inherit;border:0;border-bottom:1px solid rgba(128,128,128,.4);padding:.25em .7em;
text-align:right;vertical-align:top;max-width:28em;white-space:normal}
.pdt-result td:not(.word){white-space:nowrap}
.pdt-result .word{text-align:left}
.pdt-result p{margin:.3em 0;opacity:.85;font-size:90%}
</style>"""


def freeze_arrays(record: Any) -> None:
    """Have a frozen dataclass hold views of its arrays that cannot be written to; the arrays themselves still can."""
    for name in record.__dataclass_fields__:
        value = getattr(record, name)
        if isinstance(value, np.ndarray) and value.flags.writeable:
            view = value.view()
            view.setflags(write=False)
            object.__setattr__(record, name, view)


class Brief:
    """A record whose `repr` is one short line, and which a notebook shows as a table; its arrays are not written to."""

    __slots__ = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        known_options_of_methods(cls)

    def __post_init__(self) -> None:
        freeze_arrays(self)

    if not TYPE_CHECKING:  # for which a field that is not there stays one

        def __getattr__(self, name: str) -> Any:
            meant = "" if name.startswith("_") else field_of_others(name, self)
            hint = f". Did you mean {meant!r}?" if meant else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {shortened(self._line())}>"

    def _line(self) -> str:
        """What the line says: the first line of the summary, or the plain fields where there is none."""
        summary = getattr(self, "summary", None)
        if summary is not None:
            return str(summary()).partition("\n")[0]
        return ", ".join(f"{name} {value}" for name, value in _plain_fields(self, TEXT.number))

    def _cells(self) -> Cells:
        """The table of a notebook, its head first."""
        shown = list(_plain_fields(self, PAGE.number))[:MOST_FIELDS]
        return [tuple(name.replace("_", " ") for name, _ in shown), tuple(value for _, value in shown)]

    def _caption(self) -> str:
        return self._line()

    def _below(self) -> Iterable[str]:
        """What is said below the table."""
        return getattr(self, "notes", ())

    def _repr_html_(self) -> str:
        return table(self._caption(), self._cells(), self._below())


def shortened(text: str, most: int = MOST_LETTERS) -> str:
    """One line of at most so many letters, cut between words.

    Examples
    --------
    >>> shortened("one two three", 9)
    'one two …'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rpartition(" ")[0] + " …"


def table(caption: str, cells: Cells, below: Iterable[str] = ()) -> str:
    """A table as HTML that takes its colours from the page; `cells` has the head first."""
    head, *rows = cells
    words = [not all(NUMBER.fullmatch(row[i]) for row in rows) for i in range(len(head))]
    said = list(below)
    if len(rows) > MOST_ROWS:
        said.insert(0, f"{len(rows) - MOST_ROWS} more rows (to_frame() has all).")
    body = "".join(f"<tr>{_row(row, words, 'td')}</tr>" for row in rows[:MOST_ROWS])
    notes = "".join(f"<p>{escape(text)}</p>" for text in said)
    return (
        f'{LOOK}<div class="pdt-result"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{_row(head, words, 'th')}</tr></thead><tbody>{body}</tbody></table>{notes}</div>"
    )


def cells_of(frame: pd.DataFrame, **columns: str | Sequence[str]) -> Cells:
    """Cells of a table's columns, by what they are headed: one column, or an estimate and its two limits.

    An underscore in a heading stands for a blank; "ci" at its end for the interval in brackets.
    """
    head = tuple(re.sub(r" ci$", " [CI]", name.replace("_", " ")) for name in columns)
    parts = []
    for wanted in columns.values():
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        if len(names) == 3:
            rows = zip(*(frame[name].tolist() for name in names), strict=True)
            parts.append([_interval(*numbers) for numbers in rows])
        else:
            parts.append(_column(names[0], frame[names[0]].tolist()))
    return [head, *zip(*parts, strict=True)]


def effect_head(measure: str, level: float) -> str:
    """How the column of an effect with its interval is headed: Hedges' g, a ratio as a ratio."""
    name = {"SMD": "g", "GEN": "estimate", "": "effect"}.get(measure, measure)
    return f"{name} [{percent(level)} CI]"


def effect_cell(measure: str, estimate: float, ci: tuple[float, float]) -> str:
    """An effect with its interval; a ratio as a ratio, though it is pooled as a logarithm."""
    if math.isnan(estimate):
        return PAGE.unknown
    null, values = 0.0, [estimate, *ci]
    if measure in RATIOS:
        null, values = 1.0, [_exp(value) for value in values]
    value, low, high = values
    return f"{PAGE.effect(value, 2, null)} [{PAGE.limit(low, 2, null)}, {PAGE.limit(high, 2, null)}]"


def pooled_head(measure: str, level: float) -> tuple[str, ...]:
    """The head over `pooled_cells`."""
    return ("k", effect_head(measure, level), f"{percent(level)} PI", "I²", "p")


def pooled_cells(effect: Any, *, named: bool = False) -> tuple[str, ...]:
    """k, effect with its interval, prediction interval, I² and p of a pooled effect; `named` with its measure."""
    several = not math.isnan(effect.trials) and effect.trials != effect.k
    size = f"{effect.k} ({counted(effect.trials, 'trial')})" if several else f"{effect.k}"
    shown = effect_cell(effect.measure, effect.estimate, effect.ci)
    low, high = map(_exp, effect.pi) if effect.measure in RATIOS else effect.pi
    pi = PAGE.unknown if math.isnan(low) else PAGE.interval((low, high), 2, float(effect.measure in RATIOS))
    I2 = PAGE.unknown if math.isnan(effect.I2) else f"{effect.I2:.0f}%"
    name = f"{'g' if effect.measure == 'SMD' else effect.measure} " if named else ""
    return (size, name + shown, pi, I2, PAGE.p(effect.p))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _row(cells: Sequence[str], words: Sequence[bool], tag: str) -> str:
    return "".join(
        f'<{tag} class="word">{escape(cell)}</{tag}>' if word else f"<{tag}>{escape(cell)}</{tag}>"
        for cell, word in zip(cells, words, strict=True)
    )


def _interval(estimate: float, low: float, high: float) -> str:
    return effect_cell("", estimate, (low, high))


def _column(name: str, values: Sequence[Any]) -> list[str]:
    numbers = [value for value in values if isinstance(value, Real) and value == value]
    whole = bool(numbers) and all(float(value).is_integer() for value in numbers)
    is_p = name == "p" or name.startswith("p_") or name.endswith("_p")
    absent = "" if any(isinstance(value, str) for value in values) else PAGE.unknown
    return [_cell(value, is_p, 0 if whole else 3 if "tau2" in name else 2, absent) for value in values]


def _cell(value: Any, is_p: bool, digits: int, absent: str) -> str:
    if value is None or value != value:
        return absent
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "yes" if value else "no"
    if not isinstance(value, Real):
        return str(value)
    return PAGE.p(float(value)) if is_p else PAGE.number(float(value), digits)


def _plain_fields(record: Any, number: Any) -> Iterable[tuple[str, str]]:
    """Name and text of the fields that a short line can hold: numbers, words, pairs of numbers, sizes of arrays."""
    for item in fields(record):
        value: Any = getattr(record, item.name)
        if isinstance(value, str | bool | Integral):
            if value != "":
                yield item.name, str(value)
        elif isinstance(value, Real):
            if not math.isnan(float(value)):
                yield item.name, number(float(value))
        elif isinstance(value, tuple) and len(value) == 2 and all(isinstance(one, float) for one in value):
            yield item.name, f"[{number(value[0])}, {number(value[1])}]"
        elif isinstance(value, Mapping | tuple):
            yield item.name, f"({len(cast('tuple[Any, ...]', value))})"
        elif hasattr(value, "shape"):
            yield item.name, "×".join(map(str, value.shape)) or number(float(value))
