"""What a review has beside its trials, as tables: study rows, totals, settings of analyses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pdt_evidence.evidence.readers.revman.review import Analysis, Review, StudyRow, Total

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METRICS", "analyses", "event_measures", "frame", "settings"]

METRICS = {"SMD": "SMD", "MD": "MD", "OR": "OR", "RR": "RR", "RD": "RD", "HR": "HR"}


def frame(records: Sequence[StudyRow] | Sequence[Total] | Sequence[Analysis]) -> pd.DataFrame:
    import pandas as pd

    if not records:
        return pd.DataFrame()
    names = [field.name for field in fields(records[0])]
    return pd.DataFrame({name: [getattr(record, name) for record in records] for name in names})


def event_measures(review: Review) -> list[str]:
    """What the review itself computes of events."""
    kept = (one.measure for one in review.analyses.values() if one.kind == "dichotomous")
    return sorted({METRICS[measure] for measure in kept if measure in METRICS})


def settings(review: Review) -> dict[str, dict[str, Any]]:
    """How the review pools each analysis, for those who pool its rows as it does."""
    return {
        number: {
            name: getattr(one, name) for name in ("measure", "method", "random", "estimator", "interval")
        }
        for number, one in review.analyses.items()
    }


def analyses(review: Review) -> pd.DataFrame:
    """The study rows beside the settings of their analysis, for `audit`."""
    rows, settings = frame(review.rows), frame(list(review.analyses.values()))
    settings = settings.drop(columns="line").rename(columns={"number": "analysis"})
    return rows.merge(settings, on="analysis", how="left", validate="many_to_one")
