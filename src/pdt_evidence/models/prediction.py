"""Where the true effect of a new study may lie; four rules that all go by one name elsewhere.

HTS-t(k-2)  estimate +/- t sqrt(tau2 + se**2), t on k - 2 degrees of freedom [1]_
HTS-t(k-1)  the same on k - 1
metafor     the quantile of the test: normal for "z", else t on k - 1
bootstrap   parametric bootstrap from the confidence distribution of tau2 [2]_, of its own
            moment estimate and Hartung-Knapp variance whatever method and test are

References
----------
.. [1] Higgins, Thompson, Spiegelhalter. J. Royal Statistical Society A 172 (2009) 137.
   doi:10.1111/j.1467-985X.2008.00552.x
.. [2] Nagashima, Noma, Furukawa. Statistical Methods in Medical Research 28 (2019) 1689.
   doi:10.1177/0962280218773520
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.distributions import two_sided_quantile
from pdt_evidence.models.weights import Batch

__all__ = ["PI_RULES", "prediction_half_width"]

Floats = NDArray[np.float64]
PI_RULES = ("HTS-t(k-2)", "HTS-t(k-1)", "metafor", "bootstrap")


def prediction_half_width(rule: str, n: Floats, tau2: Floats, se: Floats, df: Floats, level: float) -> Floats:
    """Half-width of the interval around the estimate, for every rule but "bootstrap".

    Parameters
    ----------
    n, tau2, se, df : ndarray, shape (B,)
        Studies; tau2; standard error and degrees of freedom of the estimate's test.

    Returns
    -------
    ndarray, shape (B,)
        NaN where there are too few studies for the rule: k < 3 for k - 2, else k < 2.
    """
    if rule != "metafor":
        df = n - (2.0 if rule == "HTS-t(k-2)" else 1.0)
        df = np.where(df >= 1, df, 0.0)
    half = two_sided_quantile(level, df) * np.sqrt(tau2 + se * se)
    return np.where(n > 1, half, np.nan)


def bootstrap_interval(batch: Batch, level: float, draws: int, seed: int | None) -> Floats:
    """Rule "bootstrap"; (B, 2)."""
    raise NotImplementedError
