"""PDT, CBT and controls in the report: equivalence, follow-up, moderators, dependence, published results.

Each part is computed when first asked for; tables and figures are the same for the page and for the files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pdt_evidence.analysis.conclusions.margins import STEINERT_2017
from pdt_evidence.analysis.networks.comparison import HeadToHead, networks, pdt_against_cbt
from pdt_evidence.analysis.over_time.follow_up import FollowUp
from pdt_evidence.analysis.regression.moderators import Moderation, moderators
from pdt_evidence.analysis.robustness.dependence import sensitivity
from pdt_evidence.effects.symptoms import NOT_SYMPTOMS
from pdt_evidence.effects.trials import light_trials
from pdt_evidence.errors import unheard
from pdt_evidence.formatting import PAGE, counted
from pdt_evidence.reporting.names import named
from pdt_evidence.verdicts.facts import follow_up_held
from pdt_evidence.verdicts.recompute import published_results

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["ComparisonFigure", "Comparisons", "moderator_groups"]

SHOWN = ("pdt_vs_control", "pdt_vs_cbt")


class ComparisonFigure(NamedTuple):
    """A figure of this part: file name, title, what it shows in words, how to draw it, and whether it is a forest."""

    name: str
    title: str
    alt: str
    draw: Callable[..., Axes]
    is_forest: bool


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
        table = light_trials(comparison=list(SHOWN), follow_up="post")
        with unheard():
            return sensitivity(table[~table["outcome"].isin(NOT_SYMPTOMS)], by="comparison", rules=False)

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

    @cached_property
    def figures(self) -> tuple[ComparisonFigure, ...]:
        """The figures of this part."""
        return tuple(map(self.figure, FIGURES))

    def figure(self, name: str) -> ComparisonFigure:
        """The figure of one analysis, by the name that the analysis has here."""
        return FIGURES[name](self)


def _against_cbt(shown: Comparisons) -> ComparisonFigure:
    from pdt_evidence.figures import alt_text, forest

    found = shown.head_to_head
    return ComparisonFigure(
        "pdt_against_cbt",
        "PDT against CBT: direct, indirect and mixed evidence",
        f"{alt_text(found)} Shaded: the equivalence margin of {found.margin:g}.",
        partial(forest, found, margins=_named_margin(found.margin), columns=("effect",)),
        is_forest=True,
    )


def _trajectory(shown: Comparisons) -> ComparisonFigure:
    from pdt_evidence.figures import alt_text, trajectory

    return ComparisonFigure(
        "follow_up_trajectory",
        "Effects by time since the end of treatment",
        alt_text(shown.follow_up.synthesis, "trajectory"),
        partial(trajectory, shown.follow_up.synthesis),
        is_forest=False,
    )


def _by_moderator(shown: Comparisons) -> ComparisonFigure:
    from pdt_evidence.figures import alt_text, forest

    return ComparisonFigure(
        "moderators",
        "PDT against control: by control, rating, risk of bias and format",
        alt_text(shown.moderators),
        partial(forest, shown.moderators),
        is_forest=True,
    )


def _over_rho(shown: Comparisons) -> ComparisonFigure:
    from pdt_evidence.reporting.rho_chart import rho_chart

    return ComparisonFigure(
        "rho_sensitivity",
        "The pooled effect under every rule for dependent rows",
        "Pooled estimates with intervals against the assumed correlation from 0 to 0.9. "
        + _span(shown.dependence),
        partial(rho_chart, shown.dependence),
        is_forest=False,
    )


FIGURES: dict[str, Callable[[Comparisons], ComparisonFigure]] = {
    "head_to_head": _against_cbt,
    "follow_up": _trajectory,
    "moderators": _by_moderator,
    "dependence": _over_rho,
}


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
                else f"{total} for {counted(found.trials, 'trial')}",
                "levels": rows.to_dict("records"),
            }
        )
    return groups


def _named_margin(margin: float) -> Any:
    """The margin with who says so, where it is the field's."""
    return STEINERT_2017 if margin == STEINERT_2017.value else margin


def _span(table: pd.DataFrame) -> str:
    lines = []
    for comparison, rows in table.groupby("comparison", sort=False):
        name = named(str(comparison))
        lines.append(
            f"{name}: estimates from {PAGE.interval((rows['estimate'].min(), rows['estimate'].max()))}."
        )
    return " ".join(lines)
