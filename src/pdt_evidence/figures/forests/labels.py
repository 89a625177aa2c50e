"""Names of studies as a figure has them, rows of one name told apart by what differs between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pdt_evidence.figures.sheet import words
from pdt_evidence.formatting import Format
from pdt_evidence.results import PooledEffect

__all__ = ["known", "label_of", "labels_of", "text_of"]

YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
# What tells two rows of one trial apart, and how it is said; the first that differ are taken.
TELLING = {
    "instrument": "{}",
    "outcome": "{}",
    "outcome_label": "{}",
    "event_label": "{}",
    "follow_up": "{}",
    "time_label": "{}",
    "weeks": "{}",
    "months_since_end": "{}",
    "arm_t": "{}",
    "arm_c": "versus {}",
    "arm_t_label": "{}",
    "arm_c_label": "versus {}",
    "rating": "{}",
}


def known(value: Any) -> bool:
    """Whether a table's cell holds something."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return False
    return value == value and value != ""  # NaN differs from itself


def label_of(effect: PooledEffect, i: int) -> str:
    """The study's name with its year, which most names have already."""
    label = str(effect.labels[i]) if effect.labels else f"Study {i + 1}"
    years = effect.columns.get("year")
    if years is None or not known(years[i]):
        return label
    return label if YEAR.search(label) else f"{label} {text_of(years[i])}"


def labels_of(effect: PooledEffect) -> list[str]:
    """All names; those that several rows share go on with what differs, or with a number.

    Examples
    --------
    >>> twice = {"labels": ("Abbass 2009", "Abbass 2009"), "k": 2}
    >>> labels_of(PooledEffect(**twice, columns={"instrument": ("BDI", "HDRS")}))
    ['Abbass 2009, BDI', 'Abbass 2009, HDRS']
    >>> labels_of(PooledEffect(**twice))
    ['Abbass 2009 (1)', 'Abbass 2009 (2)']
    """
    labels = [label_of(effect, i) for i in range(effect.k)]
    for rows in _alike(range(effect.k), labels):
        for i, text in _apart(effect, rows, list(TELLING)):
            labels[i] += text
    for rows in _alike(range(effect.k), labels):
        for n, i in enumerate(rows, 1):
            labels[i] += f" ({n})"
    return labels


def _alike(rows: Iterable[int], values: Sequence[str] | Mapping[int, str]) -> list[list[int]]:
    """Those rows that share their value with another, value by value."""
    groups: dict[str, list[int]] = {}
    for i in rows:
        groups.setdefault(values[i], []).append(i)
    return [group for group in groups.values() if len(group) > 1]


def _apart(effect: PooledEffect, rows: Sequence[int], names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """What follows the name of each row: the first column that differs, and the next where some are still alike."""
    for n, name in enumerate(names):
        values = effect.columns.get(name, ())
        texts = {i: _said(name, values[i]) if len(values) else "" for i in rows}
        if len(set(texts.values())) == 1:
            continue
        yield from texts.items()
        for alike in _alike(rows, texts):
            yield from _apart(effect, alike, names[n + 1 :])
        return


def _said(name: str, value: Any) -> str:
    """A cell in words, without what it adds in brackets."""
    if not known(value):
        return ""
    text = words.within(name, text_of(value).split(" (")[0])
    return f", {TELLING[name].format(text)}"


def text_of(value: Any) -> str:
    """A table's cell as text: whole numbers without decimals, others to four digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    try:
        as_number = float(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)
    if as_number in (float("inf"), float("-inf")):
        return str(value)
    return Format().signs(f"{as_number:.0f}" if as_number == round(as_number) else f"{as_number:.4g}")
