"""Entry points to case deletion: which study moves the result, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.pooled.multilevel import MultilevelEffect
from pdt_evidence.analysis.robustness.clusters import (
    Clusters,
    RefitArrays,
    at_least_two,
    clusters_of,
    diagnose_clusters,
    refit,
    refuse_options,
)
from pdt_evidence.analysis.robustness.refits import (
    PooledSeries,
    columns_of,
    frozen,
    options_of,
    pool_first,
    series,
)
from pdt_evidence.errors import EvidenceError, known_options
from pdt_evidence.formatting import counted
from pdt_evidence.models.influence import Diagnostics, delete_each, diagnose
from pdt_evidence.models.pool import fit
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief, Cells, cells_of, shortened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Influence", "influence", "leave_one_out"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Influence(Brief):
    """What leaving each study out does; arrays of shape (k,), in the order of the studies.

    NaN stands for what the remaining studies cannot tell: one alone has no tau2.
    """

    labels: tuple[str, ...]
    rstudent: Floats  # externally standardised residual
    dffits: Floats
    cook_d: Floats  # Cook's distance
    cov_r: Floats  # covariance ratio
    tau2_del: Floats  # tau2 without the study
    Q_del: Floats  # Q without the study
    hat: Floats
    weight: Floats  # percent
    dfbetas: Floats
    influential: NDArray[np.bool_]
    leave_one_out: PooledSeries = field(repr=False)

    @property
    def full(self) -> PooledEffect:
        """The fit of all studies."""
        return self.leave_one_out.full

    def __repr__(self) -> str:
        named = [label for label, is_so in zip(self.labels, self.influential, strict=True) if is_so]
        return shortened(
            f"<Influence of {counted(len(self.labels))}; influential: {', '.join(named) or 'none'}>"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a study: `label`, the diagnostics, then the fit without the study."""
        import pandas as pd

        diagnostics = pd.DataFrame({"label": list(self.labels), **columns_of(self)})
        without = self.leave_one_out.to_frame().drop(columns=["label", "tau2", "Q"])
        return diagnostics.join(without)

    def summary(self) -> str:
        """The diagnostics as aligned text; a star marks the influential studies."""
        shown = ("rstudent", "dffits", "cook_d", "cov_r", "tau2_del", "Q_del", "hat", "weight", "dfbetas")
        wide = max(map(len, (*self.labels, "study")))
        lines = ["  ".join(["study".ljust(wide), *(f"{name:>9}" for name in shown), "inf"])]
        for i, label in enumerate(self.labels):
            cells = [f"{getattr(self, name)[i]:9.4f}" for name in shown]
            lines.append("  ".join([label.ljust(wide), *cells, "*" if self.influential[i] else ""]).rstrip())
        return "\n".join(lines)

    def _caption(self) -> str:
        return repr(self)[1:-1]

    def _cells(self) -> Cells:
        shown = {
            "study": "label",
            "rstudent": "rstudent",
            "Cook's_D": "cook_d",
            "hat": "hat",
            "weight": "weight",
        }
        columns = {**shown, "without_it_ci": ("estimate", "ci_low", "ci_high"), "influential": "influential"}
        return cells_of(self.to_frame(), **columns)


@known_options
def influence(
    yi: ArrayLike | PooledEffect | pd.DataFrame,
    vi: ArrayLike | None = None,
    *,
    method: str | None = None,
    test: str | None = None,
    level: float | None = None,
    labels: Sequence[object] | None = None,
) -> Influence:
    """Diagnose how much each study sways the pooled estimate.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`. Of a
        multilevel fit whole trials (clusters) are left out, one at a time.
    method, test, level, labels
        As in `pool`; those not given are those of the `PooledEffect`, or the defaults of `pool`.

    Returns
    -------
    Influence
        `influential` flags a study by the rules of metafor: |dffits| > 3 sqrt(1 / (k - 1)), the
        lower tail of chi-squared with 1 degree of freedom at Cook's distance above 1/2,
        hat > 3 / k or |dfbetas| > 1. `leave_one_out` holds the k fits.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`, and for a single study.
    RequestError
        For an unknown option or value, or a result that `pool` does not give.

    References
    ----------
    .. [1] Viechtbauer, Cheung. Research Synthesis Methods 1 (2010) 112. doi:10.1002/jrsm.11

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> found = pdt.influence([0.1, 0.2, 0.3, 2.0], [0.05, 0.04, 0.06, 0.05], method="DL")
    >>> found.rstudent.round(2).tolist(), found.influential.tolist()
    ([-0.63, -0.5, -0.38, 16.43], [False, False, False, True])
    """
    if isinstance(yi, MultilevelEffect):
        refuse_options(vi=vi, method=method, test=test, level=level, labels=labels)
        clusters, left = _without_each(yi, "influence")
        found, weight = diagnose_clusters(clusters, left)
        arrays = {item.name: frozen(getattr(found, item.name)) for item in fields(Diagnostics)}
        kept = series("leave-one-out", clusters.labels, yi, left)
        return Influence(labels=clusters.labels, weight=frozen(weight), leave_one_out=kept, **arrays)
    full = _at_least_two(pool_first(yi, vi, method, test, level, labels, "influence"), "influence")
    options = options_of(full)
    deleted = delete_each(full.yi, full.vi, options)
    found = diagnose(fit(full.yi, full.vi, options), deleted)
    arrays = {item.name: frozen(getattr(found, item.name)) for item in fields(Diagnostics)}
    without = series("leave-one-out", full.labels, full, deleted)
    return Influence(labels=full.labels, weight=full.weights, leave_one_out=without, **arrays)


@known_options
def leave_one_out(
    yi: ArrayLike | PooledEffect | pd.DataFrame,
    vi: ArrayLike | None = None,
    *,
    method: str | None = None,
    test: str | None = None,
    level: float | None = None,
    labels: Sequence[object] | None = None,
) -> PooledSeries:
    """Pool k times, each time without one of the k studies.

    Parameters
    ----------
    yi, vi, method, test, level, labels
        As in `influence`.

    Returns
    -------
    PooledSeries
        The labels name the study excluded.

    Raises
    ------
    EvidenceError, RequestError
        As in `influence`.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> left = pdt.leave_one_out([0.1, 0.2, 0.9], [0.05, 0.04, 0.06], method="DL", labels=["A", "B", "C"])
    >>> dict(zip(left.labels, left.estimate.round(3).tolist()))
    {'A': 0.536, 'B': 0.494, 'C': 0.156}
    """
    if isinstance(yi, MultilevelEffect):
        refuse_options(vi=vi, method=method, test=test, level=level, labels=labels)
        clusters, left = _without_each(yi, "leave_one_out")
        return series("leave-one-out", clusters.labels, yi, left)
    full = _at_least_two(pool_first(yi, vi, method, test, level, labels, "leave_one_out"), "leave_one_out")
    return series("leave-one-out", full.labels, full, delete_each(full.yi, full.vi, options_of(full)))


def _without_each(fit: MultilevelEffect, entry_point: str) -> tuple[Clusters, RefitArrays]:
    """A multilevel fit without each of its clusters, all in one batch."""
    clusters = clusters_of(fit)
    at_least_two(clusters.labels, entry_point)
    return clusters, refit(clusters, ~np.eye(clusters.m, dtype=bool))


def _at_least_two(full: PooledEffect, entry_point: str) -> PooledEffect:
    if full.k < 2:
        raise EvidenceError(
            f"{entry_point}() needs at least two studies; without the one there is nothing to pool."
        )
    return full
