"""Two fits of each stratum side by side: estimate, interval, tau2, and the weight of each study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, nan

import numpy as np
import pandas as pd

from pdt_evidence.results import PooledEffect

__all__ = ["estimates_of", "reading_of", "weights_of"]

Key = tuple[str, ...]
Strata = Mapping[Key, PooledEffect]
NUMBERS = ("k", "estimate", "se", "p", "tau2", "I2")
INTERVALS = ("ci", "pi")
SAME = 1e-8  # relative: files print ten digits
ABSENT = PooledEffect(measure="")


def reading_of(fit: PooledEffect) -> str:
    """Which side of no effect the interval is on."""
    low, high = fit.ci
    if isnan(low) or isnan(high):
        return "no interval"
    return "above 0" if low > 0 else "below 0" if high < 0 else "includes 0"


def estimates_of(by: Sequence[str], old: Strata, new: Strata) -> pd.DataFrame:
    """One row a stratum, in the order of the new side, those that are gone after it."""
    keys = [*new, *(key for key in old if key not in new)]
    rows = [_row(by, key, old.get(key, ABSENT), new.get(key, ABSENT)) for key in keys]
    return pd.DataFrame(rows, columns=list(_row(by, ("",) * len(by), ABSENT, ABSENT)))


def _row(by: Sequence[str], key: Key, old: PooledEffect, new: PooledEffect) -> dict[str, object]:
    status = "new" if old is ABSENT else "gone" if new is ABSENT else "both"
    row: dict[str, object] = {**dict(zip(by, key, strict=True)), "status": status}
    row["measure"] = new.measure or old.measure
    for name in NUMBERS:
        row |= {f"{name}_old": getattr(old, name), f"{name}_new": getattr(new, name)}
    for name in INTERVALS:
        for side, fit in (("old", old), ("new", new)):
            row[f"{name}_low_{side}"], row[f"{name}_high_{side}"] = getattr(fit, name)
    comparable = status == "both" and old.measure == new.measure
    for name in ("estimate", "tau2"):
        row[f"{name}_change"] = getattr(new, name) - getattr(old, name) if comparable else nan
    readings = tuple("" if fit is ABSENT else reading_of(fit) for fit in (old, new))
    row["reading_old"], row["reading_new"] = readings
    row["flips"] = status == "both" and readings[0] != readings[1]
    row["changed"] = status != "both" or _moved(old, new)
    return row


def _moved(old: PooledEffect, new: PooledEffect) -> bool:
    """Whether any number that is shown differs by more than rounding."""
    if old.measure != new.measure:
        return True
    pair = [[fit.k, fit.estimate, fit.tau2, *fit.ci, *fit.pi] for fit in (old, new)]
    return not bool(np.allclose(*pair, rtol=SAME, atol=1e-10, equal_nan=True))


def weights_of(by: Sequence[str], old: Strata, new: Strata) -> pd.DataFrame:
    """One row a study of a stratum: its weights in percent; those of several values of a trial are added."""
    rows = []
    for key in [*new, *(key for key in old if key not in new)]:
        before, after = (_by_study(side[key]) if key in side else {} for side in (old, new))
        words = dict(zip(by, key, strict=True))
        for study in [*after, *(study for study in before if study not in after)]:
            one, other = before.get(study, nan), after.get(study, nan)
            rows.append(
                {**words, "study": study, "weight_old": one, "weight_new": other, "change": other - one}
            )
    return pd.DataFrame(rows, columns=[*by, "study", "weight_old", "weight_new", "change"])


def _by_study(fit: PooledEffect) -> dict[str, float]:
    """Weights by trial, or by label; none where they are not known."""
    if not len(fit.weights):
        return {}
    names = fit.labels or fit.row_ids or tuple(str(at) for at in range(1, len(fit.weights) + 1))
    found: dict[str, float] = {}
    for name, weight in zip(names, fit.weights.tolist(), strict=True):
        found[name] = found.get(name, 0.0) + weight
    return found
