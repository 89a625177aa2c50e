"""Limit meta-analysis: the effect of studies without sampling error that differ as those seen do.

A generalised radial regression, y / s on 1 / s with s^2 = vi + tau2, has the intercept alpha (the bias of small
studies) and the slope beta. A study whose sampling error is gone keeps its heterogeneity: its expected effect is
beta + tau alpha.

References
----------
.. [1] Rucker and others (2011). doi:10.1093/biostatistics/kxq046
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Limit", "limit_adjusted"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The adjusted effect and its parts; NaN where k < 3 or all studies are equally precise."""

    estimate: float  # beta + tau alpha
    se: float
    alpha: float
    beta: float
    Q_small: float  # the part of Cochran's Q that small-study effects explain, on 1 degree of freedom
    G2: float  # share of the variation between limit effects that they leave unexplained


def limit_adjusted(yi: Floats, vi: Floats, tau2: float) -> Limit:
    """The limit of a meta-analysis as sampling errors vanish; yi and vi of shape (k,), k at least 3."""
    sei, tau = np.sqrt(vi), np.sqrt(tau2)
    root = np.sqrt(vi + tau2)
    (alpha, beta), bread = _radial(yi, root)
    effects = beta + tau / root * (yi - beta)
    line = _radial(effects, sei)[0]
    left = effects / sei - line[0] - line[1] / sei
    away = effects / sei - (effects / sei).mean()
    w = 1 / vi
    Q = float((w * (yi - (w * yi).sum() / w.sum()) ** 2).sum())
    plain = _radial(yi, sei)[0]
    rest = float(((yi / sei - plain[0] - plain[1] / sei) ** 2).sum())
    variance = bread[1, 1] + tau2 * bread[0, 0] + 2 * tau * bread[0, 1]
    return Limit(
        estimate=float(beta + tau * alpha),
        se=float(np.sqrt(variance)),
        alpha=float(alpha),
        beta=float(beta),
        Q_small=Q - rest,
        G2=float((left**2).sum() / (away**2).sum()),
    )


def _radial(yi: Floats, root: Floats) -> tuple[Floats, Floats]:
    """Intercept and slope of yi / root on 1 / root, and the inverse of the normal matrix."""
    X = np.column_stack([np.ones(len(yi)), 1 / root])
    bread: Floats = np.asarray(np.linalg.inv(X.T @ X), dtype=np.float64)
    return bread @ (X.T @ (yi / root)), bread
