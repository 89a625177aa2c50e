"""Rows of a Metapsy database as texts and numbers, and which of their numbers can be used."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.metapsy.columns import MISSING, canonical_columns, to_number
from pdt_evidence.evidence.readers.safe import most_memory
from pdt_evidence.evidence.readers.tabular.decimals import minus_signs
from pdt_evidence.evidence.readers.tabular.text_table import Entry, TextTable
from pdt_evidence.evidence.schema import Coded
from pdt_evidence.formatting import counted

__all__ = ["NAN", "Entry", "Row", "arm_data", "read_rows", "weeks_at_end"]

NAN = math.nan
MAX_TEXT = 10_000  # characters of a cell; a long reference has a tenth
BYTES_A_ROW = 3_700  # of memory, measured
ARM_NUMBERS = ("mean", "sd", "n", "mean_change", "sd_change", "n_change", "event", "totaln")
OWN_EFFECTS = (".g", ".g_se", "precalc_g", "precalc_g_se")
MOST_SDS = 100.0  # no trial's arms lie this far apart
STEMS = {
    "endpoint": ("mean", "sd", "n"),
    "change": ("mean_change", "sd_change", "n_change"),
    "events": ("event", "totaln"),
}
NAMED = {"endpoint": ("mean", "sd", "n"), "change": ("mean", "sd", "n"), "events": ("event", "n")}
Array = NDArray[np.float64]
Pair = tuple[Array, Array]  # of arm 1 and arm 2
NUMBERS = frozenset(
    (
        *(f"{stem}_{arm}" for stem in ARM_NUMBERS for arm in ("arm1", "arm2")),
        *(
            "precalc_g",
            "precalc_g_se",
            "precalc_log_rr",
            "precalc_log_rr_se",
            ".g",
            ".g_se",
            ".log_rr",
            ".log_rr_se",
        ),
        *("time_weeks", "n_sessions", "mean_age", "percent_women"),
    )
)


@dataclass(frozen=True)
class Columns:
    """A database by the names of the standard: its texts, "" where it says nothing, and its numbers.

    What its numbers say together is computed by columns, once: lists with a value a row, NaN where they say nothing.
    """

    rows: int
    words: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, list[float]] = field(default_factory=dict)

    def _pair(self, stem: str) -> tuple[Array, Array]:
        none = [NAN] * self.rows
        one, other = (np.array(self.numbers.get(f"{stem}_{arm}", none)) for arm in ("arm1", "arm2"))
        return one, other

    @cached_property
    def usable(self) -> dict[str, list[bool]]:
        """By kind of score, in the order of metapsyTools, whether both arms have a complete set of numbers."""
        pairs = {score: [self._pair(stem) for stem in stems] for score, stems in STEMS.items()}
        fits = {
            score: _are_means(*of_score) if score != "events" else _are_events(*of_score)
            for score, of_score in pairs.items()
        }
        return {score: both.tolist() for score, both in fits.items()}

    @cached_property
    def difference(self) -> list[float]:
        """Mean of arm 1 less mean of arm 2."""
        one, other = self._pair("mean")
        return np.where(self.usable["endpoint"], one - other, NAN).tolist()

    @cached_property
    def effect_of_means(self) -> list[float]:
        """The difference of the means in pooled SDs (Hedges' g)."""
        (n1, n2), (sd1, sd2) = self._pair("n"), self._pair("sd")
        df = n1 + n2 - 2
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df)
            return (self.difference / pooled * (1 - 3 / (4 * df - 1))).tolist()

    @cached_property
    def event_difference(self) -> list[float]:
        """Share of arm 1 with the event less that of arm 2."""
        (event1, event2), (n1, n2) = self._pair("event"), self._pair("totaln")
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.usable["events"], event1 / n1 - event2 / n2, NAN).tolist()


def _are_means(mean: Pair, sd: Pair, n: Pair) -> NDArray[np.bool_]:
    whole = [(size >= 2) & (size % 1 == 0) for size in n]
    return np.logical_and.reduce([*whole, *(own > 0 for own in sd), *(np.isfinite(own) for own in mean)])


def _are_events(event: Pair, n: Pair) -> NDArray[np.bool_]:
    within = [(own >= 0) & (own <= of) & (of >= 1) for own, of in zip(event, n, strict=True)]
    return np.logical_and.reduce([*within, *(count % 1 == 0 for count in (*event, *n))])


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a database."""

    line: int
    at: int
    columns: Columns

    def word(self, name: str) -> str:
        column = self.columns.words.get(name)
        return column[self.at] if column else ""

    def pair(self, stem: str) -> tuple[float, float]:
        return self.number(f"{stem}_arm1"), self.number(f"{stem}_arm2")

    def number(self, name: str) -> float:
        column = self.columns.numbers.get(name)
        return column[self.at] if column else NAN

    def difference(self) -> float:
        """Mean of arm 1 less mean of arm 2, NaN unless both are usable."""
        return self.columns.difference[self.at]

    def effect_of_means(self) -> float:
        """The difference of the means in pooled SDs (Hedges' g), NaN unless both arms are usable."""
        return self.columns.effect_of_means[self.at]

    def event_difference(self) -> float:
        """Share of arm 1 with the event less that of arm 2, NaN unless both are usable."""
        return self.columns.event_difference[self.at]

    def own_g(self) -> float:
        g = self.number(".g")
        return self.number("precalc_g") if math.isnan(g) else g


def read_rows(text: TextTable, where: str, size: int, log: list[Entry]) -> list[Row]:
    """The rows of a database whose file has `size` bytes; cells that should be numbers and are none are logged."""
    names = canonical_columns(list(text.data.columns), where)
    most = most_memory(size) // BYTES_A_ROW
    if len(text.lines) > most:
        raise EvidenceError(
            f"{where} has {counted(len(text.lines), 'row')}, more than the {most} that are read of "
            "a file of its size. Split it."
        )
    columns = Columns(len(text.lines))
    for ours, theirs in names.items():
        coded = Coded.of(text.data[theirs])
        codes = coded.codes.tolist()
        if ours not in NUMBERS:
            words = [_said(word) for word in coded.words]
            columns.words[ours] = [words[code] for code in codes]
            continue
        values = [to_number(word) for word in coded.words]
        signs = minus_signs(list(coded.words))[1]
        log += [(None, ours, "noted", signs)] if signs else []
        wrong = {code for code, value in enumerate(values) if value is None}
        log += (
            [
                (line, ours, "blanked", f"expected a number, found {coded.words[code][:40]!r}")
                for line, code in zip(text.lines, codes, strict=True)
                if code in wrong
            ]
            if wrong
            else []
        )
        numbers = [NAN if value is None or math.isnan(value) else value for value in values]  # the one NaN
        columns.numbers[ours] = [numbers[code] for code in codes]
        if ours in OWN_EFFECTS:
            _blank_impossible(ours, columns.numbers[ours], text.lines, log)
    return [Row(line, at, columns) for at, line in enumerate(text.lines)]


def _blank_impossible(name: str, numbers: list[float], lines: list[int], log: list[Entry]) -> None:
    """Effects and errors of hundreds of SDs are no effects: their decimal sign is lost (-806857980385137)."""
    for at, value in enumerate(numbers):
        if abs(value) > MOST_SDS:
            numbers[at] = NAN
            log.append((lines[at], name, "blanked", f"{value:g} SDs are no effect: its decimal sign is lost"))


def _said(word: str) -> str:
    word = word[:MAX_TEXT].strip()
    return "" if word.lower() in MISSING else word


def weeks_at_end(rows: list[Row]) -> dict[str, float]:
    """Weeks from randomisation to the end of treatment of each study, where one value is given."""
    found: dict[str, set[float]] = {}
    for row in rows:
        if row.word("time").lower().startswith("post") and row.number("time_weeks") > 0:
            found.setdefault(row.word("study"), set()).add(row.number("time_weeks"))
    return {study: weeks.pop() for study, weeks in found.items() if len(weeks) == 1}


def arm_data(row: Row) -> tuple[str, dict[str, float]]:
    """The first complete set of numbers in the order of metapsyTools, and what kind of score it is."""
    for score, stems in STEMS.items():
        if row.columns.usable[score][row.at]:
            return score, _by_arm(
                {ours: row.pair(stem) for ours, stem in zip(NAMED[score], stems, strict=True)}
            )
    return "", {}


def _by_arm(stems: dict[str, tuple[float, float]]) -> dict[str, float]:
    return {
        f"{stem}_{arm}": value for stem, pair in stems.items() for arm, value in zip("tc", pair, strict=True)
    }
