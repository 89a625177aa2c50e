"""What a forest can be drawn of: results as they are, tables pooled first, pooled results as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError
from pdt_evidence.figures.forests.layout import LEVELS
from pdt_evidence.figures.forests.series import ADAPTERS, Series, kind_of, series_of

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.analysis.bias.overview import Bias
    from pdt_evidence.analysis.networks.comparison import HeadToHead
    from pdt_evidence.analysis.networks.result import Network
    from pdt_evidence.analysis.regression.moderators import Moderation
    from pdt_evidence.analysis.robustness.influence import Influence
    from pdt_evidence.analysis.robustness.refits import PooledSeries
    from pdt_evidence.results import PooledEffect, Synthesis

    Drawable = (
        PooledEffect
        | Synthesis
        | PooledSeries
        | Influence
        | Network
        | Bias
        | HeadToHead
        | Moderation
        | Mapping[str, PooledEffect]
        | pd.DataFrame
    )

__all__ = ["drawable"]

# What has numbers but no forest: where it goes instead.
ELSEWHERE = {
    "MetaRegression": "Its coefficients have units of their own and no common axis: read them in its summary(), "
    "and give the studies as `pool` has them.",
    "SubgroupComparison": "Give the Synthesis of the groups, and this as `difference=`.",
    "Gosh": "Its subsets are drawn by gosh_plot; the studies are in its `full`.",
    "RobustMean": "Give the result that it is the `robust` of.",
}


def drawable(result: Any) -> PooledEffect | Synthesis | Series:
    """Studies with their summaries, those of a table pooled; or pooled results as rows."""
    from pdt_evidence.results import PooledEffect, Synthesis

    if isinstance(result, (PooledEffect, Synthesis)):
        return result
    if kind_of(result, ADAPTERS):
        return series_of(result)
    from pdt_evidence.evidence.frames import as_pandas, is_table
    from pdt_evidence.evidence.own_tables import as_read

    if not is_table(result):
        hint = ELSEWHERE.get(kind_of(result, ELSEWHERE), "")
        raise RequestError(
            f"Cannot draw a forest of {type(result).__name__}. "
            + (
                hint
                or "Give a PooledEffect, a Synthesis, a table, a Network, a leave-one-out or cumulative series, or "
                "a mapping of names to PooledEffect."
            )
        )
    result = as_read(as_pandas(result))
    from pdt_evidence.analysis.pooled.usual_strata import usual_strata

    by = [name for name in LEVELS if name in ("comparison", *usual_strata(result)) and name in result.columns]
    if by and {"trial_id", "study"} & set(result.columns):
        from pdt_evidence.analysis.synthesis import synthesize

        return synthesize(result, by=by)
    if {"yi", "vi"} <= set(result.columns):
        return _pooled_rows(result)
    from pdt_evidence.analysis.one_stratum import the_fit

    return the_fit(result, "forest")


def _pooled_rows(table: Any) -> PooledEffect:
    """A table of effects without strata, each row a study."""
    from pdt_evidence.analysis.pooled.pooling import pool

    names = next((name for name in ("study", "label", "trial_id") if name in table.columns), None)
    own = [name for name in table.columns if name not in ("yi", "vi", names, "row_id", "measure")]
    return pool(
        table["yi"].to_numpy(float),
        table["vi"].to_numpy(float),
        labels=None if names is None else table[names].astype(str).tolist(),
        measure=str(table["measure"].iloc[0]) if "measure" in table.columns else "GEN",
        row_ids=table["row_id"].astype(str).tolist() if "row_id" in table.columns else None,
        columns={str(name): table[name].tolist() for name in own},
    )
