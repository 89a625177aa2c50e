"""Rows that hold events and no scores, and the measure by which their review pools them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.evidence.readers.columns import ARM_DATA, has_given_effects
from pdt_evidence.evidence.tables import set_aside

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["event_measure", "label_of_events", "measures_of_review", "settings_of_review"]

EVENT_MEASURES = ("OR", "RR", "RD")


def event_measure(table: pd.DataFrame, source: Mapping[str, Any] | None = None) -> str | None:
    """The measure of a table of events alone, if it was read from a review that pools them by one; else None."""
    alone, used = _events_alone(table)
    reviewed = measures_of_review(table, source)
    return reviewed[0] if alone.any() and alone[used].all() and len(reviewed) == 1 else None


def label_of_events(
    table: pd.DataFrame, source: Mapping[str, Any] | None = None, left_out: Collection[str] = ()
) -> str:
    """What becomes of rows of events where no measure is asked for; "" for a table that has none.

    `source` tells of the file of a table that does not know it; `left_out` has the ids of rows that no pool took.

    Examples
    --------
    >>> import pandas as pd
    >>> label_of_events(pd.DataFrame({"event_t": [4, 9], "n_t": 20, "event_c": [8, 9], "n_c": 20}))
    '2 rows hold events alone: converted to SMDs from their log odds ratios. --measure OR keeps them as events.'
    """
    alone = _events_alone(table)[0]
    count = int((alone & ~table["row_id"].isin(left_out).to_numpy() if len(left_out) else alone).sum())
    if not count:
        return ""
    held = "1 row holds" if count == 1 else f"{count} rows hold"
    measure = event_measure(table, source)
    if measure:
        return f"{held} events, pooled by {measure} as in their review. --measure SMD converts them."
    keeps = " or ".join(measures_of_review(table, source)) or EVENT_MEASURES[0]
    return f"{held} events alone: converted to SMDs from their log odds ratios. --measure {keeps} keeps them as events."


def settings_of_review(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """How the review that a table was read from, or imported from, pools each of its analyses; {} without one."""
    about: Mapping[str, Any] = getattr(table, "source", None) or {}
    found = (about.get("imported") or about).get("analyses")
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        return {}
    return {str(number): dict(settings) for number, settings in found.items()}


def measures_of_review(table: pd.DataFrame, source: Mapping[str, Any] | None = None) -> list[str]:
    """The measures by which the review that a table was read from pools events."""
    about: Mapping[str, Any] = source or getattr(table, "source", None) or {}
    found = (about.get("imported") or about).get("event_measures")
    return [word for word in EVENT_MEASURES if isinstance(found, list) and word in found]


def _events_alone(table: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The rows with events and no other effect that are used, and all that are used."""
    used = (set_aside(table) == "").to_numpy()
    if has_given_effects(table.columns):
        return np.zeros(len(table), dtype=bool), used
    means, events = (_complete(table, ARM_DATA[kind]) for kind in ("means", "events"))
    return events & ~means & used, used


def _complete(table: pd.DataFrame, names: tuple[str, ...]) -> NDArray[np.bool_]:
    if not set(names) <= set(table.columns):
        return np.zeros(len(table), dtype=bool)
    return table[list(names)].notna().all(axis=1).to_numpy()
