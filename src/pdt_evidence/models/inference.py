"""Standard error, statistic, degrees of freedom and interval of the pooled estimate, by test.

z        Wald: the standard error 1 / sqrt(sum(w)), standard normal
t        the same with t on k - 1 degrees of freedom
knha     Knapp-Hartung [1]_ [2]_: the variance times q = Q / (k - 1), t on k - 1
adhoc    as knha with q at least 1, the modification proposed in [2]_
adhoc-ci the wider of the knha and the z interval, with the statistics of that one [3]_

References
----------
.. [1] Hartung, Knapp. Statistics in Medicine 20 (2001) 1771. doi:10.1002/sim.791
.. [2] Knapp, Hartung. Statistics in Medicine 22 (2003) 2693. doi:10.1002/sim.1482
.. [3] Jackson, Law, Rucker, Schwarzer. Statistics in Medicine 36 (2017) 3923. doi:10.1002/sim.7411
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.distributions import two_sided_quantile
from pdt_evidence.models.weights import Batch, Sums

__all__ = ["TESTS", "Inference", "infer"]

Floats = NDArray[np.float64]
TESTS = ("z", "t", "knha", "adhoc", "adhoc-ci")


@dataclass(slots=True)
class Inference:
    """Arrays of shape (B,)."""

    se: Floats
    df: Floats  # NaN where the reference is standard normal
    half_width: Floats  # of the interval


def infer(batch: Batch, at: Sums, test: str, level: float) -> Inference:
    """Inference from the sums at the estimated tau2; a single study keeps its own Wald interval."""
    wald = batch.blank(1 / np.sqrt(at.total), least=1)
    if test == "z":
        return _with_interval(wald, np.nan, level)
    df = batch.blank(batch.n - 1)
    if test == "t":
        return _with_interval(wald, df, level)
    q = at.Q / df
    q[batch.few] = 1.0
    if test == "adhoc":
        q = np.maximum(q, 1.0)
    found = _with_interval(wald * np.sqrt(q), df, level)
    if test == "adhoc-ci":
        other = _with_interval(wald, np.nan, level)
        wider = other.half_width > found.half_width
        pairs = ((found.se, other.se), (found.df, other.df), (found.half_width, other.half_width))
        return Inference(*(np.where(wider, b, a) for a, b in pairs))
    return found


def _with_interval(se: Floats, df: Floats | float, level: float) -> Inference:
    return Inference(se, np.broadcast_to(df, se.shape), se * two_sided_quantile(level, df))
