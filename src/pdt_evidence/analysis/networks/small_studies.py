"""Whether small studies of a network find more: effects less what all studies of their comparison find.

A network has no single effect for a funnel to stand around. Each study is therefore set against its own comparison,
and the treatments are put in an order, the older or less promising first: an asymmetric funnel then says that small
studies favour what comes later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import counted
from pdt_evidence.models.distributions import two_sided_p
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    from pdt_evidence.analysis.networks.result import Network

__all__ = ["AdjustedEffects", "adjusted_effects"]

Array = NDArray[np.float64]
FEWEST = 3  # contrasts, below which there is no line to fit
NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AdjustedEffects(Brief):
    """Contrasts of a network around their comparisons, and Egger's regression through them."""

    studies: tuple[str, ...]
    comparisons: tuple[tuple[str, str], ...]  # the earlier treatment of the order less the later one
    yi: Array  # adjusted effects
    sei: Array
    intercept: float  # of Egger's regression: effect over standard error at precision 0
    se: float
    t: float
    df: int
    p: float  # NaN below three contrasts

    def _line(self) -> str:
        test = f"Egger's intercept {self.intercept:.3g}, p {self.p:.3g}"
        return f"{counted(len(self.yi), 'contrast')} around their comparisons; {test}"


def adjusted_effects(network: Network, order: Sequence[str] | None = None) -> AdjustedEffects:
    """Every contrast of every study less the direct estimate of its comparison.

    Parameters
    ----------
    network : Network
    order : sequence of str, optional
        All treatments, the older or less promising first; without it the reference, then the others as the network
        has them.

    Raises
    ------
    RequestError
        For an order that does not name each treatment once.

    References
    ----------
    .. [1] Chaimani and others (2013). doi:10.1371/journal.pone.0076654
    """
    names = list(network.treatments)
    chosen = (
        list(order)
        if order is not None
        else [network.reference, *(t for t in names if t != network.reference)]
    )
    if sorted(chosen) != sorted(names):
        raise RequestError(f"order has to name each treatment once: {', '.join(names)}. Found {chosen!r}.")
    rank = np.array([chosen.index(name) for name in names])
    rows: list[tuple[str, tuple[str, str], float, float]] = []
    for study in network.studies:
        for i, j in combinations(range(len(study.arms)), 2):
            a, b = (i, j) if rank[study.arms[i]] < rank[study.arms[j]] else (j, i)
            one, other = int(study.arms[a]), int(study.arms[b])
            effect = study.effects[a] - study.effects[b] - network.direct.estimates[one, other]
            rows.append(
                (study.label, (names[one], names[other]), float(effect), float(study.variances[a, b]) ** 0.5)
            )
    studies, comparisons, yi, sei = zip(*rows, strict=True)
    return AdjustedEffects(
        studies=studies,
        comparisons=comparisons,
        yi=np.array(yi),
        sei=np.array(sei),
        **_egger(np.array(yi), np.array(sei)),
    )


def _egger(yi: Array, sei: Array) -> dict[str, Any]:
    """The line of effect / se on 1 / se by least squares, and the test of its intercept."""
    k = len(yi)
    if k < FEWEST or not np.ptp(sei):
        return {"intercept": NAN, "se": NAN, "t": NAN, "df": max(k - 2, 0), "p": NAN}
    X, z = np.column_stack([np.ones(k), 1 / sei]), yi / sei
    inverse = np.linalg.inv(X.T @ X)
    beta = inverse @ X.T @ z
    se = float(np.sqrt(np.sum((z - X @ beta) ** 2) / (k - 2) * inverse[0, 0]))
    t = float(beta[0]) / se if se > 0 else NAN
    p = float(two_sided_p(np.array([t]), np.array([float(k - 2)]))[0])
    return {"intercept": float(beta[0]), "se": se, "t": t, "df": k - 2, "p": p}
