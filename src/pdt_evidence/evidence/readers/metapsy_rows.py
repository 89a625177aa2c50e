"""Rows of a Metapsy database as texts and numbers, and which of their numbers can be used."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.metapsy_columns import MISSING, canonical_columns, to_number
from pdt_evidence.evidence.readers.tabular import TextTable

__all__ = ["NAN", "Entry", "Row", "arm_data", "read_rows", "weeks_at_end"]

NAN = math.nan
MAX_ROWS = 50_000  # the largest database has some thousand
Entry = tuple[int | None, str, str, str]  # of a log: line, row, action, reason
ARM_NUMBERS = ("mean", "sd", "n", "mean_change", "sd_change", "n_change", "event", "totaln")
NUMBERS = (
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


@dataclass(slots=True)
class Row:
    """One row of a database: its texts and numbers by the names of the standard."""

    line: int
    words: dict[str, str]
    numbers: dict[str, float]

    def word(self, name: str) -> str:
        found = self.words.get(name, "").strip()
        return "" if found.lower() in MISSING else found

    def pair(self, stem: str) -> tuple[float, float]:
        return self.numbers.get(f"{stem}_arm1", NAN), self.numbers.get(f"{stem}_arm2", NAN)

    def number(self, name: str) -> float:
        return self.numbers.get(name, NAN)

    def difference(self) -> float:
        """Mean of arm 1 less mean of arm 2, NaN unless both are usable."""
        return float(np.subtract(*self.pair("mean"))) if _usable_means(self, "") else NAN

    def event_difference(self) -> float:
        """Share of arm 1 with the event less that of arm 2, NaN unless both are usable."""
        if not _usable_events(self):
            return NAN
        return float(np.subtract(*np.divide(self.pair("event"), self.pair("totaln"))))

    def own_g(self) -> float:
        g = self.number(".g")
        return self.number("precalc_g") if math.isnan(g) else g


def read_rows(text: TextTable, where: str, log: list[Entry]) -> list[Row]:
    columns = canonical_columns(list(text.data.columns), where)
    if len(text.lines) > MAX_ROWS:
        raise EvidenceError(f"{where} has more than {MAX_ROWS} rows, the most that are read of a database.")
    cells = {ours: text.data[theirs].tolist() for ours, theirs in columns.items()}
    numbers: dict[str, list[float]] = {}
    for name in NUMBERS:
        if name in cells:
            read = [to_number(cell) for cell in cells[name]]
            log += [
                (text.lines[at], name, "blanked", f"expected a number, found {cells[name][at][:40]!r}")
                for at, value in enumerate(read)
                if value is None
            ]
            numbers[name] = [NAN if value is None else value for value in read]
    return [
        Row(
            line,
            {name: values[at] for name, values in cells.items() if name not in numbers},
            {name: values[at] for name, values in numbers.items()},
        )
        for at, line in enumerate(text.lines)
    ]


def weeks_at_end(rows: list[Row]) -> dict[str, float]:
    """Weeks from randomisation to the end of treatment of each study, where one value is given."""
    found: dict[str, set[float]] = {}
    for row in rows:
        if row.word("time").lower().startswith("post") and row.number("time_weeks") > 0:
            found.setdefault(row.word("study"), set()).add(row.number("time_weeks"))
    return {study: weeks.pop() for study, weeks in found.items() if len(weeks) == 1}


def _usable_means(row: Row, kind: str) -> bool:
    sizes, sds, means = (row.pair(f"{stem}{kind}") for stem in ("n", "sd", "mean"))
    return (
        all(size >= 2 and size == int(size) for size in sizes)
        and all(sd > 0 for sd in sds)
        and all(math.isfinite(mean) for mean in means)
    )


def _usable_events(row: Row) -> bool:
    pairs = zip(row.pair("event"), row.pair("totaln"), strict=True)
    return all(0 <= event <= n and n >= 2 and event == int(event) and n == int(n) for event, n in pairs)


def arm_data(row: Row) -> tuple[str, dict[str, float]]:
    """The first complete set of numbers in the order of metapsyTools, and what kind of score it is."""
    for score, kind in (("endpoint", ""), ("change", "_change")):
        if _usable_means(row, kind):
            stems = {stem: row.pair(f"{stem}{kind}") for stem in ("mean", "sd", "n")}
            return score, _by_arm(stems)
    if _usable_events(row):
        return "events", _by_arm({"event": row.pair("event"), "n": row.pair("totaln")})
    return "", {}


def _by_arm(stems: dict[str, tuple[float, float]]) -> dict[str, float]:
    return {
        f"{stem}_{arm}": value for stem, pair in stems.items() for arm, value in zip("tc", pair, strict=True)
    }
