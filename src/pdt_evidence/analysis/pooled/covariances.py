"""The sampling covariance of effects in clusters, from what is known of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.pooled.multilevel import MultilevelEffect
from pdt_evidence.effects.dependence import constant_correlation
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.errors import RequestError

__all__ = ["covariance_of", "covariance_of_fit"]

Floats = NDArray[np.float64]


def covariance_of(
    y: Floats, v: Floats, codes: NDArray[np.intp], columns: Mapping[str, Any], rho: float, measure: str
) -> Floats:
    """As the multilevel models have it: none for rho = 0, else with the arms that rows share where these are named.

    `measure` is that of all effects where `columns` has none: what an arm adds to a variance depends on it.
    """
    if rho == 0:
        return np.diag(v)
    if {"arm_t", "arm_c"} <= columns.keys():
        kept = {name: values for name, values in columns.items() if name not in ("yi", "vi")}
        table = pd.DataFrame({"measure": measure} | kept | {"yi": y, "vi": v, "_cluster": codes})
        return covariance_blocks(table, rho, cluster="_cluster").dense()
    return constant_correlation(v, codes, rho).dense()


def covariance_of_fit(fit: MultilevelEffect) -> tuple[Floats, NDArray[np.intp]]:
    """The covariance (k, k) of the effects of a fit, and the number of each one's cluster.

    Raises
    ------
    RequestError
        Where the fit was given a V of its own, which it does not keep.
    """
    if np.isnan(fit.rho):
        raise RequestError(
            "This fit was given a V that it does not keep, so it cannot be made again with other effects. Fit it with "
            "rho=, or by synthesize(dependence='che')."
        )
    codes = pd.factorize(np.array(fit.cluster, dtype=object))[0].astype(np.intp)
    columns = {name: np.asarray(values) for name, values in fit.columns.items()}
    return covariance_of(fit.yi, fit.vi, codes, columns, fit.rho, fit.measure), codes
