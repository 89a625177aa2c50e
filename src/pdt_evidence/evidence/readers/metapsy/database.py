"""The columns of a Metapsy database as texts and numbers, and which of their numbers can be used."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.letters import whole_letters
from pdt_evidence.evidence.readers.metapsy.columns import MISSING, canonical_columns, to_number
from pdt_evidence.evidence.readers.safe import most_memory
from pdt_evidence.evidence.readers.tabular.decimals import minus_signs
from pdt_evidence.evidence.readers.tabular.text_table import Entry, TextTable
from pdt_evidence.evidence.schema import Coded
from pdt_evidence.formatting import counted

__all__ = ["ARM_COLUMNS", "NAN", "Array", "Database", "Entry", "Flags", "Words", "is_end", "read_database"]

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
ARM_COLUMNS = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c", "event_t", "event_c")
Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Words = NDArray[np.object_]
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


class Database:
    """A database by the names of the standard, an array a column: its texts, "" where it says nothing, and its numbers.

    Parameters
    ----------
    lines : list of int
        The line of the file that each row stands in.
    """

    def __init__(self, lines: list[int]) -> None:
        self.lines = lines
        self.texts: dict[str, Words] = {}
        self.values: dict[str, Array] = {}

    def words(self, name: str) -> Words:
        """One column of texts, "" everywhere where there is none."""
        return self.texts[name] if name in self.texts else np.full(len(self.lines), "", dtype=object)

    def numbers(self, name: str) -> Array:
        """One column of numbers, NaN where it says nothing."""
        return self.values[name] if name in self.values else np.full(len(self.lines), NAN)

    def pair(self, stem: str) -> Pair:
        """The numbers of arm 1 and of arm 2."""
        return self.numbers(f"{stem}_arm1"), self.numbers(f"{stem}_arm2")

    @cached_property
    def own_g(self) -> Array:
        """The effects that the database itself gives."""
        g = self.numbers(".g")
        return np.where(np.isnan(g), self.numbers("precalc_g"), g)

    @cached_property
    def usable(self) -> dict[str, Flags]:
        """By kind of score, in the order of metapsyTools, whether both arms have a complete set of numbers."""
        pairs = {score: [self.pair(stem) for stem in stems] for score, stems in STEMS.items()}
        return {
            score: _are_means(*of_score) if score != "events" else _are_events(*of_score)
            for score, of_score in pairs.items()
        }

    @cached_property
    def difference(self) -> Array:
        """Mean of arm 1 less mean of arm 2, NaN unless both are usable."""
        one, other = self.pair("mean")
        return np.where(self.usable["endpoint"], one - other, NAN)

    @cached_property
    def effect_of_means(self) -> Array:
        """The difference of the means in pooled SDs (Hedges' g), NaN unless both arms are usable."""
        (n1, n2), (sd1, sd2) = self.pair("n"), self.pair("sd")
        df = n1 + n2 - 2
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / df)
            return self.difference / pooled * (1 - 3 / (4 * df - 1))

    @cached_property
    def event_difference(self) -> Array:
        """Share of arm 1 with the event less that of arm 2, NaN unless both are usable."""
        (event1, event2), (n1, n2) = self.pair("event"), self.pair("totaln")
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.usable["events"], event1 / n1 - event2 / n2, NAN)

    def arm_data(self, without: Flags) -> tuple[Words, dict[str, Array]]:
        """The first complete set of numbers in the order of metapsyTools, and what kind of score it is, "" for none.

        The rows `without` get none. The numbers are those of `ARM_COLUMNS`.
        """
        data = {name: np.full(len(self.lines), NAN) for name in ARM_COLUMNS}
        score = np.full(len(self.lines), "", dtype=object)
        for kind, stems in STEMS.items():
            rows = self.usable[kind] & (score == "") & ~without
            score[rows] = kind
            for ours, stem in zip(NAMED[kind], stems, strict=True):
                for side, own in zip("tc", self.pair(stem), strict=True):
                    data[f"{ours}_{side}"][rows] = own[rows]
        return score, data

    @cached_property
    def weeks_at_end(self) -> Array:
        """Weeks from randomisation to the end of treatment of the row's study, where one value is given."""
        weeks, studies = self.numbers("time_weeks"), self.words("study").tolist()
        ends = is_end(self.words("time")) & (weeks > 0)
        found: dict[str, set[float]] = {}
        for at in np.flatnonzero(ends).tolist():
            found.setdefault(studies[at], set()).add(float(weeks[at]))
        one = {study: own.pop() for study, own in found.items() if len(own) == 1}
        return np.array([one.get(study, NAN) for study in studies], dtype=float)


def is_end(times: Words) -> Flags:
    """Which times are the end of treatment."""
    return np.array([time.lower().startswith("post") for time in times.tolist()], dtype=bool)


def _are_means(mean: Pair, sd: Pair, n: Pair) -> Flags:
    whole = [(size >= 2) & (size % 1 == 0) for size in n]
    return np.logical_and.reduce([*whole, *(own > 0 for own in sd), *(np.isfinite(own) for own in mean)])


def _are_events(event: Pair, n: Pair) -> Flags:
    within = [(own >= 0) & (own <= of) & (of >= 1) for own, of in zip(event, n, strict=True)]
    return np.logical_and.reduce([*within, *(count % 1 == 0 for count in (*event, *n))])


def read_database(text: TextTable, where: str, size: int, log: list[Entry]) -> Database:
    """The database of a file that has `size` bytes; cells that should be numbers and are none are logged."""
    names = canonical_columns(list(text.data.columns), where)
    most = most_memory(size) // BYTES_A_ROW
    if len(text.lines) > most:
        raise EvidenceError(
            f"{where} has {counted(len(text.lines), 'row')}, more than the {most} that are read of "
            "a file of its size. Split it."
        )
    database = Database(text.lines)
    for ours, theirs in names.items():
        coded = Coded.of(text.data[theirs])
        if ours in NUMBERS:
            database.values[ours] = _numbers(ours, coded, text.lines, log)
        else:
            whole, mended = whole_letters(coded.words)
            log += [(None, ours, "noted", mended)] if mended else []
            words = np.array([_said(word) for word in whole], dtype=object)
            database.texts[ours] = words[coded.codes]
    return database


def _numbers(name: str, coded: Coded, lines: list[int], log: list[Entry]) -> Array:
    values = [to_number(word) for word in coded.words]
    signs = minus_signs(list(coded.words))[1]
    log += [(None, name, "noted", signs)] if signs else []
    wrong = coded.cells(value is None for value in values)
    log += [
        (lines[at], name, "blanked", f"expected a number, found {coded.words[coded.codes[at]][:40]!r}")
        for at in np.flatnonzero(wrong).tolist()
    ]
    numbers = np.array([NAN if value is None else value for value in values], dtype=float)[coded.codes]
    if name in OWN_EFFECTS:
        _blank_impossible(name, numbers, lines, log)
    return numbers


def _blank_impossible(name: str, numbers: Array, lines: list[int], log: list[Entry]) -> None:
    """Effects and errors of hundreds of SDs are no effects: their decimal sign is lost (-806857980385137)."""
    lost = np.flatnonzero(np.abs(numbers) > MOST_SDS)
    log += [
        (lines[at], name, "blanked", f"{numbers[at]:g} SDs are no effect: its decimal sign is lost")
        for at in lost.tolist()
    ]
    numbers[lost] = NAN


def _said(word: str) -> str:
    word = word[:MAX_TEXT].strip()
    return "" if word.lower() in MISSING else word
