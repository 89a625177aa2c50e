"""What held control arms say: how many respond without psychodynamic therapy, how scores of an instrument vary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.effects.trials import trials
from pdt_evidence.errors import RequestError, did_you_mean
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief

__all__ = ["STRATUM", "ControlArms", "held_rate", "held_sd", "stratum_of"]

STRATUM = ("comparison", "outcome", "follow_up")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ControlArms(Brief):
    """A number of control arms, and the rows that it stands on."""

    value: float
    what: str  # "response", "SD of HDRS-17"
    n: int = 0  # patients
    trials: int = 0
    row_ids: tuple[str, ...] = ()

    @property
    def basis(self) -> str:
        """Where the number is from, in words."""
        if not self.row_ids:
            return "as given by the user"
        arms = "1 control arm" if self.trials == 1 else f"{self.trials} control arms"
        return f"{self.what} in {arms} with {self.n} patients (rows {', '.join(self.row_ids)})"


def stratum_of(fit: PooledEffect) -> dict[str, str]:
    """Comparison, outcome and follow-up of a result, as far as it says or its studies agree."""
    found = {name: str(value) for name, value in fit.stratum.items() if name in STRATUM}
    for name in STRATUM:
        values = {str(value) for value in fit.columns.get(name, ())}
        if name not in found and len(values) == 1:
            found[name] = values.pop()
    return found


def held_rate(fit: PooledEffect, event: str, table: pd.DataFrame | None) -> ControlArms | None:
    """Share of the control arms' patients with the event, one row a trial; None where no row has it."""
    stratum = stratum_of(fit)
    if set(stratum) != set(STRATUM):
        return None
    rows = trials() if table is None else table
    if not {*STRATUM, "trial_id", "event_c", "n_c", "event_label"} <= set(rows.columns):
        return None
    kept = np.logical_and.reduce([rows[name].astype(str).eq(value) for name, value in stratum.items()])
    begins = rows["event_label"].fillna("").astype(str).str.lower().str.startswith(event.lower())
    found = rows[kept & begins & (rows["n_c"] > 0) & rows["event_c"].notna()].drop_duplicates("trial_id")
    n = float(found["n_c"].sum())
    if not n:
        return None
    return ControlArms(value=float(found["event_c"].sum()) / n, what=event, **_size(found, n))


def held_sd(instrument: str, table: pd.DataFrame | None) -> ControlArms:
    """SD of an instrument pooled over the held control arms after treatment, one row a trial.

    Raises
    ------
    RequestError
        Where no control arm is held with an SD of that instrument; it lists those that are.
    """
    rows = trials() if table is None else table
    usable = rows[(rows["sd_c"] > 0) & (rows["n_c"] > 1) & rows["score"].ne("change")]
    usable = usable[usable["instrument"].fillna("") != ""]
    found = usable[usable["instrument"].eq(instrument)].drop_duplicates("trial_id")
    if not len(found):
        known = sorted(set(usable["instrument"].astype(str)))
        raise RequestError(
            f"instrument = {instrument!r}: no control arm is held with its SD.{did_you_mean(instrument, known)} "
            f"Give sd=, or one of: {', '.join(known) or 'none'}."
        )
    n, sd = found["n_c"].to_numpy(dtype=float), found["sd_c"].to_numpy(dtype=float)
    pooled = math.sqrt(((n - 1) * sd**2).sum() / (n - 1).sum())
    return ControlArms(value=pooled, what=f"SD of {instrument}", **_size(found, n.sum()))


def _size(found: pd.DataFrame, n: float) -> Mapping[str, Any]:
    ids = found["row_id"] if "row_id" in found else found["trial_id"]
    return {"n": round(n), "trials": len(found), "row_ids": tuple(ids.astype(str))}
