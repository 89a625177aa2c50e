"""What a report on a user's own table shows: its strata, its rows, what went into no pool, and where it is from."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pdt_evidence.analysis.pooled.usual_strata import usual_strata
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import EvidenceWarning, SchemaError, unheard
from pdt_evidence.evidence.frames import as_pandas
from pdt_evidence.evidence.readers.events import event_measure
from pdt_evidence.evidence.readers.imported import ImportedTrials
from pdt_evidence.evidence.readers.provenance import origin, sha256, sources_of
from pdt_evidence.evidence.readers.trials import read_trials
from pdt_evidence.evidence.readers.writing import csv_text
from pdt_evidence.evidence.schema import missing_column
from pdt_evidence.evidence.tables import set_aside
from pdt_evidence.reporting.corrections import Corrections, corrections
from pdt_evidence.reporting.meanings import Meanings, meanings
from pdt_evidence.reporting.places import places
from pdt_evidence.reporting.versions import versions
from pdt_evidence.results import PooledEffect, Synthesis

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OwnTable", "own_table"]

UNKNOWN = "unknown"  # the stratum of rows whose column of strata is blank
FEWEST_FOR_A_FIGURE = 2


def own_table(
    table: pd.DataFrame | str | Path, by: str | Sequence[str] | None = None, measure: str | None = None
) -> OwnTable:
    """The contents of a report on a table in memory, or in a file that `read_any` can read.

    Raises
    ------
    EvidenceError
        If the table cannot be read, has no column of `by`, or without `by` has its outcome under another name.
    """
    if isinstance(table, (str, Path)):
        from pdt_evidence.evidence.readers.files import (
            read_any,  # all readers, which a table in memory does not need
        )

        table = read_any(table)
    elif not isinstance(table, ImportedTrials):
        table = read_trials(as_pandas(table))
    words = _strata_of(table) if by is None else tuple(dict.fromkeys((by,) if isinstance(by, str) else by))
    missing = [missing_column(name, given_columns(table)) for name in words if name not in table.columns]
    if missing:
        raise SchemaError.from_problems(missing, "the table to report on")
    return OwnTable(table=table, by=words, measure=measure or event_measure(table))


def _strata_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Outcome and follow-up, as far as the table has them; before them the comparison, where it has several."""
    several = (
        "comparison" in table and table.loc[table["comparison"].fillna("") != "", "comparison"].nunique() > 1
    )
    first = ("comparison",) if several else ()
    return (*first, *usual_strata(table))


@dataclass(frozen=True)
class OwnTable:
    """Everything a report on a user's table shows; each part is computed when first used."""

    DRAWN: ClassVar[tuple[str, ...]] = ("meanings",)  # as of `Contents`
    NOT_DRAWN: ClassVar[tuple[str, ...]] = ("corrections",)

    table: pd.DataFrame  # as it was read
    by: tuple[str, ...]
    measure: str | None = None  # None: effects as given, or standardised mean differences

    @property
    def name(self) -> str:
        """The table in a heading: its title, else its file."""
        source = self._source
        first = source.get("imported") or source
        return str(first.get("title") or first.get("file") or "this table")

    @property
    def origin(self) -> str:
        return origin(self.table)

    @cached_property
    def data_sha256(self) -> str:
        """Of the file that was read; of a table in memory, of its rows as CSV."""
        return str(self._source.get("sha256") or sha256(csv_text(self.table)))

    @property
    def sign(self) -> str:
        """What its reader found out about the sign of its effects."""
        return str((self._source.get("imported") or self._source).get("sign", ""))

    @property
    def _source(self) -> dict[str, Any]:
        return getattr(self.table, "source", None) or {}

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Every row with its effect or the reason for none, its place in the file, and why it is set aside."""
        given = {"yi", "vi"} <= set(self.table.columns) and self.measure is None
        with unheard():  # `_pooled` keeps what is to be said
            table = self.table if given else effect_sizes(self.table, measure=self.measure or "SMD")
        table = table.assign(aside=set_aside(table).to_numpy(), place=self._places(table))
        for name in self.by:
            blank = (table[name].isna() | (table[name] == "")).to_numpy()
            if blank.any():
                table = table.assign(**{name: table[name].astype(object).mask(blank, UNKNOWN)})
        return table

    def _places(self, table: pd.DataFrame) -> list[str]:
        lines = getattr(self.table, "lines", None) or {}
        return places(table, lines) if {"row_id", "study"} <= set(table) else [""] * len(table)

    @cached_property
    def _pooled(self) -> tuple[Synthesis | None, tuple[str, ...]]:
        usable = self.rows[self.rows["aside"] == ""].drop(columns=["aside", "place"])
        if not (usable["yi"].notna() & usable["vi"].notna()).any():
            return None, ()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", EvidenceWarning)
            synthesis = synthesize(usable, by=self.by)
        words = [str(one.message) for one in caught if issubclass(one.category, EvidenceWarning)]
        return synthesis, tuple(dict.fromkeys(text for text in words if not text.startswith("Left out")))

    @property
    def pooled(self) -> dict[str, Synthesis]:
        """The strata, under the name that the bundled ones have a comparison for; empty where no row has an effect."""
        synthesis = self._pooled[0]
        return {} if synthesis is None else {"": synthesis}

    @property
    def strata(self) -> list[PooledEffect]:
        return [effect for synthesis in self.pooled.values() for effect in synthesis.strata.values()]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the strata, from pooling."""
        synthesis, said = self._pooled
        return said if synthesis is None else (*said, *synthesis.notes)

    @cached_property
    def left_out(self) -> list[dict[str, str]]:
        """The rows that went into no pool: where they stand, and why."""
        reasons = {row: why for row, why in zip(self.rows["row_id"], self.rows["aside"], strict=True) if why}
        for synthesis in self.pooled.values():
            out = synthesis.left_out
            reasons = dict(zip(out["row_id"], out["reason"], strict=True)) | reasons
        if not self.pooled:
            reasons = (
                dict(zip(self.rows["row_id"], map(_reason, self.rows.to_dict("records")), strict=True))
                | reasons
            )
        where = dict(zip(self.rows["row_id"], self.rows["place"], strict=True))
        return [
            {"row_id": row, "where": where[row], "reason": reasons[row]} for row in where if row in reasons
        ]

    @cached_property
    def corrections(self) -> Corrections:
        """For publication bias, of the strata with trials enough."""
        return corrections(self.pooled)

    @cached_property
    def meanings(self) -> Meanings:
        """What the larger strata come to in people, and how sure they are."""
        return meanings(self.pooled, self.rows)

    @property
    def sources(self) -> pd.DataFrame:
        return sources_of(self.table)

    def log(self) -> pd.DataFrame:
        """What reading excluded, merged or changed, one row each."""
        import pandas as pd

        return pd.DataFrame(getattr(self.table, "log", None))

    @cached_property
    def versions(self) -> dict[str, str]:
        return versions()

    def compute(self) -> None:
        """Compute everything that a page shows, but for what a second process may do."""
        _ = self.left_out

    @cached_property
    def forests(self) -> tuple[tuple[str, str, Synthesis], ...]:
        """Name, title and strata of each forest plot: one for each word of the first column of strata."""
        return tuple(self._forests())

    def _forests(self) -> Iterator[tuple[str, str, Synthesis]]:
        from pdt_evidence.figures.sheet.words import told

        for synthesis in self.pooled.values():
            for number, word in enumerate(dict.fromkeys(key[0] for key in synthesis), 1):
                part = synthesis.only(**{self.by[0]: word})
                if max(effect.k for effect in part.strata.values()) >= FEWEST_FOR_A_FIGURE:
                    yield f"forest_{number}", told(self.by[0], word), part


def _reason(row: dict[Any, Any]) -> str:
    return str(row.get("yi_reason") or "no effect or no variance is given")
