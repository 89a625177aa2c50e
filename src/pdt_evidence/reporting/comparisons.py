"""PDT, CBT and controls in the report: equivalence, follow-up, moderators, dependence, published results.

Each part is computed when first asked for; tables and figures are the same for the page and for the files.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from pdt_evidence.analysis.networks.comparison import HeadToHead, networks, pdt_against_cbt
from pdt_evidence.analysis.over_time.follow_up import FollowUp
from pdt_evidence.analysis.regression.moderators import Moderation, moderators
from pdt_evidence.analysis.robustness.dependence import sensitivity
from pdt_evidence.effects.symptoms import NOT_SYMPTOMS
from pdt_evidence.effects.trials import trials
from pdt_evidence.errors import EvidenceWarning
from pdt_evidence.formatting import PAGE
from pdt_evidence.reporting.names import named
from pdt_evidence.results import PooledEffect
from pdt_evidence.verdicts.facts import follow_up_held
from pdt_evidence.verdicts.recompute import published_results

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["ComparisonFigure", "Comparisons", "head_to_head_effects", "moderator_effects", "moderator_groups"]

SHOWN = ("pdt_vs_control", "pdt_vs_cbt")


class ComparisonFigure(NamedTuple):
    """A figure of this part: file name, title, what it shows in words, and how to draw it."""

    name: str
    title: str
    alt: str
    draw: Callable[[], Axes]


@dataclass(frozen=True)
class Comparisons:
    """The analyses behind "as effective as CBT" and "gains that last"."""

    @cached_property
    def follow_up(self) -> FollowUp:
        return follow_up_held()

    @cached_property
    def head_to_head(self) -> HeadToHead:
        return pdt_against_cbt()

    @cached_property
    def moderators(self) -> Moderation:
        """Of PDT against control, at the end of treatment."""
        return moderators()

    @cached_property
    def dependence(self) -> pd.DataFrame:
        """The pools at the end of treatment under every rule for dependent rows."""
        table = trials(comparison=list(SHOWN), follow_up="post")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EvidenceWarning)
            return sensitivity(table[~table["outcome"].isin(NOT_SYMPTOMS)], by="comparison")

    @cached_property
    def published(self) -> pd.DataFrame:
        return published_results()

    def tables(self) -> dict[str, pd.DataFrame]:
        """File name -> table."""
        found = self.follow_up
        return {
            "pdt_against_cbt": self.head_to_head.to_frame(),
            "networks": networks(),
            "transitivity": self.head_to_head.transitivity(),
            "follow_up": found.to_frame(),
            "follow_up_trend": found.trend,
            "follow_up_pairs": found.pairs,
            "follow_up_changes": found.changes,
            "follow_up_unpaired": found.unpaired,
            "follow_up_published": found.published,
            "moderators": self.moderators.to_frame(),
            "dependence": self.dependence,
            "published_results": self.published,
        }

    def figures(self) -> Iterator[ComparisonFigure]:
        """The figures of this part."""
        from pdt_evidence.figures import alt_text, summary_forest, trajectory
        from pdt_evidence.reporting.rho_chart import rho_chart

        duel = head_to_head_effects(self.head_to_head)
        yield ComparisonFigure(
            "pdt_against_cbt",
            "PDT against CBT: direct, indirect and mixed evidence",
            f"{alt_text(duel, arms=('PDT', 'CBT'))} Shaded: the equivalence margin of {self.head_to_head.margin:g}.",
            lambda: summary_forest(
                duel,
                margins=self.head_to_head.margin,
                columns=("effect",),  # k of the direct rows alone would be studies of PDT against CBT
                favours=("favours CBT", "favours PDT"),
                prediction=False,
            ),
        )
        yield ComparisonFigure(
            "follow_up_trajectory",
            "Effects by time since the end of treatment",
            alt_text(self.follow_up.synthesis, "trajectory"),
            lambda: trajectory(self.follow_up.synthesis),
        )
        kinds = moderator_effects(self.moderators)
        yield ComparisonFigure(
            "moderators",
            "PDT against control: by control, rating, risk of bias and format",
            alt_text(kinds, arms=("PDT", "control")),
            lambda: summary_forest(kinds, favours=("favours control", "favours PDT"), prediction=False),
        )
        yield ComparisonFigure(
            "rho_sensitivity",
            "The pooled effect under every rule for dependent rows",
            "Pooled estimates with intervals against the assumed correlation from 0 to 0.9. "
            + _span(self.dependence),
            lambda: rho_chart(self.dependence),
        )


def moderator_groups(found: Moderation) -> list[dict[str, Any]]:
    """The moderator table, one group a moderator: what it asks, its one p, and its levels."""
    groups = []
    for name, rows in found.table.groupby("moderator", sort=False):
        first, total = rows.iloc[0], int(rows["trials"].sum())
        slope = str(first["level"]).startswith("per ")
        groups.append(
            {
                "name": str(name),
                "asks": "is the slope other than 0" if slope else "do the levels differ",
                "p": float(first["p"]),
                "p_holm": float(first["p_holm"]),
                "missing": int(first["missing_trials"]),
                "counted_twice": ""
                if slope or total <= found.trials
                else f"{total} for {found.trials} trials",
                "levels": rows.to_dict("records"),
            }
        )
    return groups


def head_to_head_effects(found: HeadToHead) -> dict[str, PooledEffect]:
    """The rows of `pdt_against_cbt` as a forest takes them, those without evidence excluded."""
    rows = found.table[found.table["estimate"].notna()]
    alone = rows.groupby("network")["evidence"].transform("nunique") < 3
    rows = rows[~alone | rows["evidence"].eq("direct")]  # without indirect evidence mixed is direct once more
    return {
        f"{named(row['network'])}: {row['evidence']}": _effect(
            row, row["k_direct"] if row["evidence"] == "direct" else row["studies"], "z"
        )
        for row in rows.to_dict("records")
    }


def moderator_effects(found: Moderation) -> dict[str, PooledEffect]:
    """The levels of the moderator table as a forest takes them.

    Slopes are on another scale and excluded, and so is the moderator "waitlist", the controls once more.
    """
    rows = found.table[found.table["estimate"].notna() & ~found.table["level"].str.startswith("per ")]
    rows = rows[rows["moderator"].ne("waitlist")]
    return {
        f"{row['moderator']}: {row['level']}": _effect(row, row["trials"], "CR2")
        for row in rows.to_dict("records")
    }


def _effect(row: Mapping[Any, Any], k: int, test: str) -> PooledEffect:
    ci = (row["ci_low"], row["ci_high"])
    return PooledEffect(measure="SMD", k=int(k), estimate=row["estimate"], se=row["se"], ci=ci, test=test)


def _span(table: pd.DataFrame) -> str:
    lines = []
    for comparison, rows in table.groupby("comparison", sort=False):
        name = named(str(comparison))
        lines.append(
            f"{name}: estimates from {PAGE.interval((rows['estimate'].min(), rows['estimate'].max()))}."
        )
    return " ".join(lines)
