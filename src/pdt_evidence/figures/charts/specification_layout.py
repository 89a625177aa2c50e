"""What a specification curve holds and where it stands, in points, before any figure exists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.analysis.multiverse.result import Multiverse
from pdt_evidence.errors import RequestError, SchemaError, did_you_mean
from pdt_evidence.evidence.comparisons import ARMS
from pdt_evidence.figures.sheet import axis, words
from pdt_evidence.figures.sheet.families import families_for
from pdt_evidence.figures.sheet.measure import Typeface
from pdt_evidence.figures.sheet.styles import Style, shrunk

__all__ = [
    "BARE",
    "CLEAR",
    "GAP",
    "HOLDS",
    "LINE",
    "SIGN",
    "Curve",
    "Placed",
    "Row",
    "compared",
    "curve_of",
    "limits_of",
    "place",
]

MOST_OPTIONS = 60  # rows that still fit on a page below the estimates
LINE = 1.25  # from one line of a text to the next, in ems
MM = 72 / 25.4
GAP = 6.0  # points between the parts
SIGN = 10.0  # points from a mark in the key to its text
UPPER = 160.0  # points that the estimates get in a figure of its own
LEAST = (90.0, 60.0)  # points that the plot needs, across and down
LINEAR = axis.scale_of("GEN")
CLEAR, HOLDS, BARE = "excludes", "holds", "bare"  # what an interval says of the reference
CODES = {  # rules of pooling as readers know them
    "knha": "Knapp–Hartung",
    "adhoc": "Knapp–Hartung, not below Wald",
    "che": "all effects, modelled (CHE)",
    "aggregate": "one value a trial",
    "one-per-trial": "one row a trial",
    "three-level": "three-level model",
    "pet-peese": "PET-PEESE",
    "limit": "limit meta-analysis",
}
RULES = {  # column of a rule -> its name, and codes that are words of their own elsewhere
    "method": ("Variance between studies", {"REML": "restricted likelihood", "EE": "one true effect"}),
    "test": (
        "Interval and test",
        {"z": "normal distribution", "t": "t distribution", "CR2": "cluster-robust", "sandwich": "cluster-robust",
         "LR": "likelihood ratio"},
    ),
    "dependence": ("Several effects of a trial", {}),
    "aggregate": ("Combined by", {"mean": "plain mean", "gls": "weighted mean"}),
    "events": (
        "Counts of persons",
        {"fallback": "where there is no score", "never": "not used", "pool": "beside scores"},
    ),
    "rho": ("Correlation assumed", {}),
    "bias": ("Correction for bias", {}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision: its options and which of them each specification took (-1: none)."""

    name: str
    options: tuple[str, ...]
    taken: NDArray[np.intp]

    @property
    def said(self) -> str:
        """Its name as readers know it."""
        return RULES[self.name][0] if self.name in RULES else words.spoken(self.name)


@dataclass(frozen=True, slots=True)
class Curve:
    """Specifications by the size of their estimates."""

    estimates: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    kinds: NDArray[np.str_]
    choices: tuple[Choice, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Row:
    """An option, or a choice's name, as broken into lines; `middle` in points below the upper part."""

    lines: tuple[str, ...]
    middle: float
    height: float


@dataclass(frozen=True, slots=True)
class Entry:
    """What a mark means; `start` in points from the left."""

    kind: str
    text: str
    start: float
    line: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Sizes in points of everything around the plot."""

    style: Style
    face: Typeface
    names: tuple[Row, ...]
    options: tuple[tuple[Row, ...], ...]
    sides: tuple[tuple[str, ...], ...]  # above, beside and below the reference
    key: tuple[Entry, ...]
    foot: tuple[str, ...]
    title: tuple[str, ...]
    left: float
    right: float
    top: float
    lower: float
    bottom: float
    across: float
    upper: float
    ticks: tuple[tuple[float, str], ...]
    ticks_width: float
    least: float  # of the estimates, up


def curve_of(
    table: Any, estimate: str, ci: tuple[str, str], choices: Any, reference: float, style: Style
) -> Curve:
    if isinstance(table, Multiverse):
        table, choices = _of_multiverse(table, choices)
    if not (hasattr(table, "columns") and hasattr(table, "iterrows")):
        raise RequestError(f"Cannot draw a specification curve of {type(table).__name__}. Give a DataFrame.")
    if isinstance(ci, str) or len(ci) != 2:
        raise RequestError(f"ci = {ci!r}: expected the names of two columns, the lower end first.")
    named = [choices] if isinstance(choices, str) else choices
    _refuse_unknown(table, [estimate, *ci, *(named or [])])
    values, low, high = (_numbers(table, name) for name in (estimate, *ci))
    seen = np.isfinite(values)
    if not seen.any():
        raise RequestError(f"There is nothing to draw: column {estimate!r} holds no estimate.")
    turned = np.flatnonzero(low > high)
    if len(turned):
        raise RequestError(
            f"Row {table.index[turned[0]]!r} has {ci[0]} = {low[turned[0]]:g} above {ci[1]} = "
            f"{high[turned[0]]:g}. Give `ci` the lower end first."
        )
    found = _choices(table[seen], named, {estimate, *ci}, style)
    back = np.argsort(values[seen], kind="stable")
    found = tuple(replace(choice, taken=choice.taken[back]) for choice in found)
    values, low, high = (column[seen][back] for column in (values, low, high))
    beyond = (low > reference) | (high < reference)
    kinds = np.where(np.isnan(low + high), BARE, np.where(beyond, CLEAR, HOLDS))
    return Curve(values, low, high, kinds, found, int((~seen).sum()))


def compared(table: Any) -> tuple[str, str] | None:
    """The arms of the one comparison that all rows are of, where it is a bundled one."""
    rows = table.source.table if isinstance(table, Multiverse) else table
    found = set(rows["comparison"]) if "comparison" in getattr(rows, "columns", ()) else set()
    return ARMS.get(str(found.pop())) if len(found) == 1 else None


def _of_multiverse(found: Multiverse, choices: Any) -> tuple[Any, Any]:
    """Its table, and the choices with several options; one stratum at a time."""
    if len(found.keys()) > 1:
        raise RequestError(
            f"This multiverse has {len(found.keys())} strata; draw one, as in m[{found.keys()[0]!r}]."
        )
    return found.to_frame(), list(found.choices) if choices is None and found.choices else choices


def _refuse_unknown(table: Any, names: Sequence[str]) -> None:
    """All columns that are missing, or there twice, in one error."""
    known = list(table.columns)
    texts = [f"no column {name!r}.{did_you_mean(name, known)}" for name in names if name not in known]
    texts += [f"several columns {name!r}." for name in dict.fromkeys(names) if known.count(name) > 1]
    if texts:
        raise SchemaError(
            f"The table has {' It has '.join(texts)} Its columns: {', '.join(map(repr, known))}."
        )


def _numbers(table: Any, name: str) -> NDArray[np.float64]:
    try:
        return table[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"Column {name!r} holds something that is not a number: {error}.") from error


def _choices(rows: Any, named: Sequence[str] | None, others: set[str], style: Style) -> tuple[Choice, ...]:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    def of_words(name: Any) -> bool:
        kind = rows[name].dtype
        return name not in others and (is_bool_dtype(kind) or not is_numeric_dtype(kind))

    requested = list(dict.fromkeys(named)) if named is not None else [c for c in rows.columns if of_words(c)]
    found = [_choice(rows[name], str(name), style) for name in requested]
    fewest = 1 if named is not None or len(rows) == 1 else 2
    found = [choice for choice in found if len(choice.options) >= fewest]
    if not found:
        raise RequestError(
            "There is no choice to draw: name columns whose values tell the rows apart in `choices`. "
            f"The table has: {', '.join(map(repr, rows.columns))}."
        )
    count = sum(len(choice.options) for choice in found)
    if count > MOST_OPTIONS:
        sizes = ", ".join(f"{choice.name} ({len(choice.options)})" for choice in found)
        raise RequestError(
            f"{count} options are more than a figure holds ({MOST_OPTIONS}): {sizes}. "
            "Name fewer columns in `choices`."
        )
    return tuple(found)


def _choice(column: Any, name: str, style: Style) -> Choice:
    """Numbers ascend, categories keep their order, words stand in the order of the table."""
    reported = (column.notna() & (column.astype(str) != "")).to_numpy()
    values = list(column[reported].unique())
    if column.dtype.kind in "iuf":
        values.sort()
    elif hasattr(column.dtype, "categories"):
        values.sort(key=list(column.dtype.categories).index)
    codes = RULES[name][1] if name in RULES else {}
    said = {value: codes.get(str(value)) or _text(value, style, name) for value in values}
    options = tuple(dict.fromkeys(said.values()))
    numbers = {option: n for n, option in enumerate(options)}
    taken = [numbers[said[value]] if known else -1 for value, known in zip(column, reported, strict=True)]
    return Choice(name, options, np.array(taken, dtype=np.intp))


def _text(value: Any, style: Style, column: str = "") -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        return style.format.shortest(float(value))
    word = str(value)
    if column == "method" and word in words.ESTIMATED:
        return words.ESTIMATED[word]
    return CODES.get(word) or words.WORDS.get(word, word.replace("\n", " "))


def limits_of(curve: Curve, reference: float) -> tuple[float, float]:
    """Ends of the axis: every estimate and the reference, and intervals unless many times wider than most."""
    at = curve.estimates - reference
    known = [i for i in range(len(at)) if math.isfinite(curve.low[i] + curve.high[i])]
    pairs = [(float(curve.low[i] - reference), float(curve.high[i] - reference)) for i in known]
    must = [(float(at.min()), float(at.max())), *axis.ordinary(LINEAR, pairs)]
    low, high = axis.limits(LINEAR, at.tolist(), pairs, must)
    return low + reference, high + reference


def place(
    curve: Curve,
    style: Style,
    said: Any,
    ends: tuple[float, float],
    dpi: float,
    width: float,
    height: float | None,
) -> Placed:
    """The largest text at which all fits, down to the style's smallest."""
    texts = [text for choice in curve.choices for text in (choice.name, *choice.options)]
    face = Typeface(families_for([*texts, *said[0], said[1]], style), dpi)
    placed = None
    for less in np.arange(0.0, max(style.size - style.smallest, 0.0) + 0.25, 0.5):
        placed = _placed(curve, shrunk(style, style.size - float(less)), face, said, ends, width, height)
        if placed.across >= LEAST[0] and placed.upper >= placed.least:
            return placed
    assert placed is not None
    wide = placed.left + placed.right + LEAST[0]
    tall = placed.top + placed.least + GAP + placed.lower + placed.bottom
    have = f"{width / MM:.0f}" + ("" if height is None else f" x {height / MM:.0f}")
    need = f"{math.ceil(max(wide, width) / MM)} x {math.ceil(tall / MM)}"
    raise RequestError(
        f"The specification curve does not fit {have} mm: at {placed.style.size:g} pt its "
        f"{sum(len(choice.options) for choice in curve.choices)} options need about {need} mm, or name fewer `choices`."
    )


def _placed(
    curve: Curve,
    style: Style,
    face: Typeface,
    sentence: Any,
    limits: tuple[float, float],
    width: float,
    height: float | None,
) -> Placed:
    sides, title, reference = sentence
    size = style.size
    names, options, lower = _rows(curve, style, face, width)
    name_width = max(face.width(line, size, "bold") for row in names for line in row.lines)
    option_width = max(face.width(line, size) for group in options for row in group for line in row.lines)
    labels = name_width + size + option_width + GAP
    ticks_width = face.width("−0.000", style.small) + GAP
    beside = [
        face.wrap(text, max(labels - ticks_width - GAP, 9 * size), size) if text else [] for text in sides
    ]
    left = max(
        labels, ticks_width + GAP + max(face.width(line, size) for part in beside for line in part or [""])
    )
    key, key_lines = _key(curve.kinds, style, face, reference, width)
    heads = tuple(face.wrap(title, width, size + 1, "bold")) if title else ()
    top = len(heads) * LINE * (size + 1) + (GAP if heads else 0) + key_lines * LINE * style.small + GAP
    foot = tuple(face.wrap(_foot(curve), width, style.small))
    bottom = GAP + len(foot) * LINE * style.small
    room = UPPER if height is None else height - top - bottom - lower - GAP
    need = max(LEAST[1], sum(map(len, beside)) * LINE * size + 2 * GAP)
    across = width - left - GAP

    def tick(value: float) -> str:
        return axis.tick_label(value, style.format)

    marked = axis.ticks(LINEAR, *limits, max(room, 1.0), lambda _: 1.3 * style.small, tick)
    labelled = axis.same_decimals([text for _, text in marked], style.decimal)
    return Placed(
        style,
        face,
        names,
        options,
        tuple(map(tuple, beside)),
        key,
        foot,
        heads,
        left,
        GAP,
        top,
        lower,
        bottom,
        across,
        room,
        tuple(zip((v for v, _ in marked), labelled, strict=True)),
        ticks_width,
        need,
    )


def _rows(
    curve: Curve, style: Style, face: Typeface, width: float
) -> tuple[tuple[Row, ...], tuple[tuple[Row, ...], ...], float]:
    """Names and options one below the other, broken where they would take the plot's place."""
    size, down = style.size, 0.0
    names, groups = [], []

    def row(lines: Sequence[str], start: float) -> Row:
        tall = (style.pitch + (len(lines) - 1) * LINE) * size
        return Row(tuple(lines), start + tall / 2, tall)

    for choice in curve.choices:
        name = row(face.wrap(choice.said, 0.2 * width, size, "bold"), down)
        group, at = [], down
        for option in choice.options:
            group.append(row(face.wrap(option, 0.26 * width, size), at))
            at += group[-1].height
        names.append(name)
        groups.append(tuple(group))
        down = max(at, down + name.height) + 0.5 * size
    return tuple(names), tuple(groups), down - 0.5 * size


def _key(
    kinds: NDArray[np.str_], style: Style, face: Typeface, reference: str, width: float
) -> tuple[tuple[Entry, ...], int]:
    entries, start, line = [], 0.0, 0
    texts = {
        CLEAR: f"Interval excludes {reference}",
        HOLDS: f"Interval holds {reference}",
        BARE: "No interval",
    }
    for kind in (kind for kind in texts if kind in kinds):
        wide = SIGN + face.width(texts[kind], style.small)
        if start and start + wide > width:
            start, line = 0.0, line + 1
        entries.append(Entry(kind, texts[kind], start, line))
        start += wide + 2 * style.small
    return tuple(entries), line + 1


def _foot(curve: Curve) -> str:
    n, out = len(curve.estimates), curve.left_out
    text = f"{n} specifications, by size of the estimate" if n > 1 else "1 specification"
    return text + (f"; not shown: {out} without an estimate" if out else "")
