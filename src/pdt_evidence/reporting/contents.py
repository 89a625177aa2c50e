"""What a full run produces: which tables, which pools, which figures. Computed once, written by others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.trials import light_trials
from pdt_evidence.errors import unheard
from pdt_evidence.evidence import data_version, load, reviews, sources
from pdt_evidence.evidence.coverage import coverage
from pdt_evidence.evidence.spoken import within
from pdt_evidence.notes import code_of
from pdt_evidence.reporting.comparisons import Comparisons
from pdt_evidence.reporting.corrections import Corrections, corrections
from pdt_evidence.reporting.meanings import Meanings, meanings
from pdt_evidence.reporting.names import COMPARISONS
from pdt_evidence.reporting.versions import versions
from pdt_evidence.results import PooledEffect, Synthesis
from pdt_evidence.verdicts import ClaimReport, check_claims

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contents"]

FEWEST_FOR_A_FIGURE = 2  # studies in the largest stratum of an outcome


@dataclass(frozen=True)
class Contents:
    """Everything a run shows; each part is computed when first asked for."""

    # Parts that need no more than the trials and the pools, by their path: those that have a figure, and others.
    DRAWN: ClassVar[tuple[str, ...]] = (
        "meanings",
        "comparisons.dependence",
        "comparisons.follow_up",
        "comparisons.head_to_head",
        "comparisons.moderators",
    )
    NOT_DRAWN: ClassVar[tuple[str, ...]] = ("comparisons.published", "corrections", "coverage")

    imported: pd.DataFrame | None = None  # trials a user brought, as `read_any` gives them
    review: str = ""  # the cited review they belong to, if any

    @cached_property
    def coverage(self) -> pd.DataFrame:
        return coverage()

    @cached_property
    def trials(self) -> pd.DataFrame:
        """Every row that is held, with the disputed and the second-choice ones."""
        return light_trials(disputed=True, preferred=False)

    @cached_property
    def pooled(self) -> dict[str, Synthesis]:
        """By outcome and follow-up, one synthesis a comparison."""
        table = light_trials()
        with unheard():  # rows without effect are listed by `left_out`
            return {
                comparison: synthesize(table[table["comparison"] == comparison], by=("outcome", "follow_up"))
                for comparison in COMPARISONS
                if (table["comparison"] == comparison).any()
            }

    def from_scores(self, comparison: str, outcome: str) -> PooledEffect | None:
        """A pool at the end of treatment without counts of persons; None where it holds none, or nothing else."""
        effect = self.pooled[comparison].strata[outcome, "post"]
        if not any(code_of(note) == "counts-beside-scores" for note in effect.notes):
            return None
        table = light_trials(comparison=comparison, outcome=outcome, follow_up="post")
        with unheard():
            found = synthesize(table, by=("outcome", "follow_up"), events="never").strata
        return found.get((outcome, "post"))

    @cached_property
    def corrections(self) -> Corrections:
        """For publication bias, of the strata with trials enough."""
        return corrections(self.pooled)

    @cached_property
    def meanings(self) -> Meanings:
        """What the larger strata come to in people, and how sure they are."""
        return meanings(self.pooled)

    @cached_property
    def claims(self) -> ClaimReport:
        return check_claims(self.imported, review=self.review)

    @cached_property
    def brought(self) -> Synthesis | None:
        """The imported trials, pooled like the bundled ones; None where nothing was imported."""
        if self.imported is None:
            return None
        with unheard():
            return synthesize(self.imported, by=("outcome", "follow_up"))

    def import_log(self) -> pd.DataFrame:
        """What became of the rows of the imported file that were dropped, merged or changed."""
        import pandas as pd

        return pd.DataFrame(getattr(self.imported, "log", None))

    @cached_property
    def comparisons(self) -> Comparisons:
        return Comparisons()

    @cached_property
    def sources(self) -> pd.DataFrame:
        return sources()

    @cached_property
    def versions(self) -> dict[str, str]:
        """What the numbers were computed with, and on which data."""
        return versions(**{"data (SHA-256)": data_version()})

    def tables(self) -> dict[str, pd.DataFrame]:
        """File name -> table."""
        return dict(self._tables)

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        return {
            "coverage": self.coverage,
            "trials": self.trials,
            "pooled": self.pooled_table(),
            "left_out": self.left_out(),
            "publication_bias": self.corrections.to_frame(),
            "findings": self.meanings.to_frame(),
            "published": reviews(),
            "claims": self.claims.to_frame(),
            "claim_findings": self.claims.findings(),
            "statements": load("statements"),
            "wanted": load("wanted"),
            "members": load("members"),
            "sources": self.sources,
            **self.comparisons.tables(),
            **(
                {}
                if self.brought is None
                else {"imported": self.brought.to_frame(), "import_log": self.import_log()}
            ),
        }

    def pooled_table(self) -> pd.DataFrame:
        """One row a comparison, outcome and follow-up window."""
        return _stacked({comparison: synthesis.to_frame() for comparison, synthesis in self.pooled.items()})

    def left_out(self) -> pd.DataFrame:
        """Rows that went into no pool, each with its reason."""
        return _stacked({comparison: synthesis.left_out for comparison, synthesis in self.pooled.items()})

    def compute(self) -> None:
        """Compute what a page shows besides the parts that are named above."""
        _ = self.claims, self.brought, self.trials

    @cached_property
    def forests(self) -> tuple[tuple[str, str, Synthesis], ...]:
        """File name, title and strata of each forest plot: one for each comparison and outcome worth one."""
        return tuple(self._forests())

    def _forests(self) -> Iterator[tuple[str, str, Synthesis]]:
        for comparison, synthesis in self.pooled.items():
            outcomes = list(dict.fromkeys(key[0] for key in synthesis))
            for outcome in outcomes:
                part = synthesis.only(outcome=outcome)
                if max(effect.k for effect in part.strata.values()) >= FEWEST_FOR_A_FIGURE:
                    title = f"{COMPARISONS[comparison]}: {within('outcome', outcome)}"
                    yield f"forest_{comparison}_{outcome}", title, part


def _stacked(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    filled = [table.assign(comparison=name) for name, table in tables.items() if len(table)]
    if not filled:
        return pd.DataFrame({"comparison": []})
    stacked = pd.concat(filled, ignore_index=True)
    return stacked[["comparison", *(column for column in stacked.columns if column != "comparison")]]
