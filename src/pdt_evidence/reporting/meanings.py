"""The page's section on what the effects mean: people, shares of true effects, and how sure each result is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pdt_evidence.analysis.conclusions.margins import CUIJPERS_2014
from pdt_evidence.analysis.meaning.findings import Finding, findings
from pdt_evidence.results import PooledEffect, Synthesis

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.analysis.meaning.absolute import Absolute
    from pdt_evidence.models.threshold import Beyond

__all__ = ["FEWEST", "Meaning", "Meanings", "meanings"]

FEWEST = 3  # trials of a stratum, for it to be here
MINIMAL = CUIJPERS_2014.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One stratum: its row of the summary of findings, and the share of true effects beyond two thresholds."""

    comparison: str
    effect: PooledEffect
    finding: Finding
    above: Beyond  # no effect
    matters: Beyond | None  # the smallest difference that matters; None for another measure than SMD

    @property
    def people(self) -> Absolute | None:
        """Responders without and with, where the share without is known."""
        meaning = self.finding.meaning
        return None if meaning is None or math.isnan(meaning.rate) else meaning

    @property
    def arms(self) -> tuple[str, str]:
        """Names of the control arm and of the other."""
        from pdt_evidence.figures.sheet.people import arms_of_people

        return arms_of_people(self.people) if self.people is not None else ("control", "arm 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanings:
    """The strata with trials enough, in the order of the pools."""

    rows: tuple[Meaning, ...]
    minimal: float = MINIMAL

    @property
    def pictured(self) -> Meaning | None:
        """The stratum with most trials of those of which responders are known."""
        known = [row for row in self.rows if row.people is not None]
        return max(known, key=lambda row: row.effect.k) if known else None

    def to_frame(self) -> pd.DataFrame:
        """One row a stratum, as `findings` has it, with the shares beyond the thresholds."""
        import pandas as pd

        from pdt_evidence.analysis.meaning.findings import Findings

        if not self.rows:
            return pd.DataFrame({"comparison": []})
        level = self.rows[0].effect.level
        table = Findings(
            rows=tuple(row.finding for row in self.rows), minimal=self.minimal, level=level
        ).to_frame()
        shares = {"share_above_no_effect": [row.above.share for row in self.rows]}
        shares["share_that_matters"] = [row.matters.share if row.matters else math.nan for row in self.rows]
        comparisons = [row.comparison for row in self.rows]
        table = table.drop(columns="comparison", errors="ignore").assign(**shares)
        table.insert(0, "comparison", comparisons)
        return table


def meanings(pooled: Mapping[str, Synthesis], table: pd.DataFrame | None = None) -> Meanings:
    """What the strata with `FEWEST` trials or more come to; `table` has the control arms, else the bundled trials."""
    summary = partial(findings, minimal=MINIMAL, table=table)
    found = [
        Meaning(
            comparison=comparison,
            effect=effect,
            finding=summary(effect).rows[0],
            above=effect.beyond(0.0),
            matters=effect.beyond(MINIMAL) if effect.measure == "SMD" else None,
        )
        for comparison, synthesis in pooled.items()
        for effect in synthesis.strata.values()
        if effect.k >= FEWEST
    ]
    return Meanings(rows=tuple(found))
