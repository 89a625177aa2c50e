"""What held control arms say: how many respond without psychodynamic therapy, how scores of an instrument vary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.effects.trials import light_trials
from pdt_evidence.errors import RequestError, did_you_mean
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief

__all__ = ["STRATUM", "ControlArms", "event_of", "held_rate", "held_sd", "stratum_of"]

RATIOS_AND_RD = ("OR", "RR", "RD")
STRATUM = ("comparison", "outcome", "follow_up")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ControlArms(Brief):
    """A number of control arms, and the rows that it stands on."""

    value: float
    what: str  # "response", "SD of HDRS-17"
    n: int = 0  # patients
    trials: int = 0
    row_ids: tuple[str, ...] = ()
    bundled: bool = False  # from the bundled trials, where the result is of others

    @property
    def basis(self) -> str:
        """Where the number is from, in words."""
        if not self.row_ids:
            return "as given by the user"
        arms = "1 control arm" if self.trials == 1 else f"{self.trials} control arms"
        whose = " of the bundled trials, not of the trials pooled" if self.bundled else ""
        return f"{self.what} in {arms} with {self.n} patients{whose} (rows {', '.join(self.row_ids)})"


def stratum_of(fit: PooledEffect) -> dict[str, str]:
    """Comparison, outcome and follow-up of a result, as far as it says or its studies agree."""
    found = {name: str(value) for name, value in fit.stratum.items() if name in STRATUM}
    for name in STRATUM:
        values = {str(value) for value in fit.columns.get(name, ())}
        if name not in found and len(values) == 1:
            found[name] = values.pop()
    return found


def event_of(fit: PooledEffect) -> str:
    """What a ratio of the result's own rows counts, where they agree on its first word; else "response"."""
    labels = fit.columns.get("event_label", ()) if fit.measure in RATIOS_AND_RD else ()
    words = {str(label).lower().split(" ")[0] for label in labels if isinstance(label, str) and label}
    return words.pop() if len(words) == 1 else "response"


def held_rate(fit: PooledEffect, event: str, table: pd.DataFrame | None) -> ControlArms | None:
    """Share of the control arms' patients with the event, one row a trial; None where no row has it."""
    stratum = stratum_of(fit)
    if set(stratum) != set(STRATUM):
        return None
    rows = light_trials() if table is None else table
    if not {*STRATUM, "trial_id", "event_c", "n_c", "event_label"} <= set(rows.columns):
        return None
    kept = np.logical_and.reduce([rows[name].astype(str).eq(value) for name, value in stratum.items()])
    begins = rows["event_label"].fillna("").astype(str).str.lower().str.startswith(event.lower())
    found = rows[kept & begins & (rows["n_c"] > 0) & rows["event_c"].notna()].drop_duplicates("trial_id")
    n = float(found["n_c"].sum())
    if not n:
        return None
    rate = float(found["event_c"].sum()) / n
    return ControlArms(
        value=rate, what=event, bundled=table is None and _are_others(fit, rows), **_size(found, n)
    )


def _are_others(fit: PooledEffect, bundled: pd.DataFrame) -> bool:
    """Whether a result has other rows than the bundled trials."""
    own = {row for ids in fit.row_ids for row in ids.split("+")}
    return not own or not own <= set(bundled["row_id"])


def held_sd(fit: PooledEffect, instrument: str, table: pd.DataFrame | None) -> ControlArms:
    """SD of an instrument pooled over the held control arms after treatment, one row a trial.

    Raises
    ------
    RequestError
        Where no control arm is held with an SD of that instrument; it lists those that are.
    """
    rows = light_trials() if table is None else table
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
    what = f"SD of {instrument}"
    return ControlArms(
        value=pooled, what=what, bundled=table is None and _are_others(fit, rows), **_size(found, n.sum())
    )


def _size(found: pd.DataFrame, n: float) -> Mapping[str, Any]:
    ids = found["row_id"] if "row_id" in found else found["trial_id"]
    return {"n": round(n), "trials": len(found), "row_ids": tuple(ids.astype(str))}
