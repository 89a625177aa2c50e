"""Whether the estimates of subsets fall into two clusters, and which studies tell the two apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.formatting import TEXT, aligned
from pdt_evidence.showing import Brief, Cells, cells_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GoshSplit", "split_of"]

Floats = NDArray[np.float64]
ONE_NORMAL, ONE_UNIFORM = (
    2 / np.pi,
    0.75,
)  # what the best cut explains where there is one cluster of that shape
CLEAR = 0.8  # difference of the shares from which a study tells the two apart
SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class GoshSplit(Brief):
    """The best cut of the estimates in two, and how far each study decides on which side a subset lies.

    Attributes
    ----------
    cut : float
        Estimates above it are the upper cluster; NaN where all are equal.
    means, sizes : tuple
        Of the lower and the upper cluster.
    explained : float
        Share of the variance of the estimates between the two: 0.64 for one normal cloud, 0.75 for a uniform one,
        near 1 for two that are apart.
    studies : DataFrame
        One row a study, the most decisive first: the share of the lower and of the upper subsets that hold it, and
        the `difference`, from -1 (only lower ones do) to 1.
    """

    cut: float
    means: tuple[float, float]
    sizes: tuple[int, int]
    explained: float
    studies: pd.DataFrame = field(repr=False)

    def _cells(self) -> Cells:
        return cells_of(self.studies, study="label", lower="lower", upper="upper", difference="difference")

    def summary(self) -> str:
        """How far the two are apart, and the studies that tell them apart."""
        if np.isnan(self.cut):
            return "All subsets give the same estimate: there is nothing to tell apart."
        low, high = (TEXT.number(mean) for mean in self.means)
        lines = [
            f"The best cut of the estimates in two, at {TEXT.number(self.cut)}, explains {100 * self.explained:.0f}% "
            f"of their variance (one normal cloud: {100 * ONE_NORMAL:.0f}%, a uniform one: {100 * ONE_UNIFORM:.0f}%).",
            f"Means {low} ({self.sizes[0]:,} subsets) and {high} ({self.sizes[1]:,}).",
            *self._decided(),
        ]
        cells = [("study", "in lower", "in upper", "difference")]
        cells += [
            (str(label), *(f"{100 * share:.0f}%" for share in (lower, upper)), f"{100 * difference:+.0f}")
            for label, lower, upper, difference in self.studies.head(SHOWN).itertuples(index=False)
        ]
        return "\n".join([*lines, "", *aligned(cells, 1)])

    def _decided(self) -> list[str]:
        """The studies that decide nearly alone on which side a subset lies."""
        clear = self.studies[self.studies["difference"].abs() >= CLEAR]
        return [
            f"{label} tells the two apart: {100 * upper:.0f}% of the upper subsets hold it, "
            f"{100 * lower:.0f}% of the lower."
            for label, lower, upper, _ in clear.itertuples(index=False)
        ]

    __str__ = summary


def split_of(estimate: Floats, held: NDArray[np.bool_], labels: tuple[str, ...]) -> GoshSplit:
    """The cut in two with the least variance within, found exactly, and the studies by how they tell the two apart.

    Parameters
    ----------
    estimate : ndarray, shape (n,)
    held : ndarray, shape (n, k)
        Which subset holds which study.
    """
    import pandas as pd

    order = np.argsort(estimate, kind="stable")
    x = estimate[order] - estimate.mean()
    total = float((x**2).sum())
    n = len(x)
    empty = pd.DataFrame(columns=["label", "lower", "upper", "difference"])
    if n < 2 or total <= 1e-24 * max(1.0, float((estimate**2).sum())):
        return GoshSplit(cut=np.nan, means=(np.nan, np.nan), sizes=(n, 0), explained=np.nan, studies=empty)
    sums, below = np.cumsum(x)[:-1], np.arange(1, n)
    between = sums**2 / below + sums**2 / (n - below)  # the sums of both sides are equal but for the sign
    between[np.diff(x) == 0] = -1.0  # equal estimates stay together
    at = int(np.argmax(between))
    cut = float((estimate[order[at]] + estimate[order[at + 1]]) / 2)
    upper = estimate > cut
    shares = np.stack([held[~upper].mean(axis=0), held[upper].mean(axis=0)])
    table = pd.DataFrame(
        {"label": list(labels), "lower": shares[0], "upper": shares[1], "difference": shares[1] - shares[0]}
    )
    decisive = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    return GoshSplit(
        cut=cut,
        means=(float(estimate[~upper].mean()), float(estimate[upper].mean())),
        sizes=(int((~upper).sum()), int(upper.sum())),
        explained=float(between[at] / total),
        studies=table.loc[decisive].reset_index(drop=True),
    )
