"""What a selection model gives back, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.bias.records import NAN, NO_INTERVAL, Tabular, row_of
from pdt_evidence.formatting import PAGE, TEXT, aligned, counted, note_lines, percent
from pdt_evidence.showing import Brief, Cells, effect_cell, effect_head

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SelectionModel", "SelectionTest"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SelectionTest(Brief):
    """The test that there is no selection: all weights 1."""

    kind: str  # "likelihood ratio", or "robust Wald" where effects are in clusters
    statistic: float = NAN  # chi-squared
    df: int = 0
    p: float = NAN


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SelectionModel(Tabular):
    """The mean corrected for selection by p-values; NaN where it is not determined, and `why` says why."""

    kind: str
    steps: tuple[float, ...]  # one-sided p-values in the direction that selection favours
    counts: tuple[int, ...]  # effects in each interval; () for "beta"
    k: int
    clusters: int  # k where each effect is alone
    estimate: float = NAN
    se: float = NAN
    statistic: float = NAN
    p: float = NAN
    ci: tuple[float, float] = NO_INTERVAL
    tau2: float = NAN
    tau2_ci: tuple[float, float] = NO_INTERVAL
    weights: tuple[float, ...] = ()  # of the intervals, the first 1; the two exponents of "beta"
    weights_ci: tuple[tuple[float, float], ...] = ()
    given: bool = False  # whether the weights were
    log_likelihood: float = NAN
    lrt: SelectionTest
    unadjusted: float = NAN  # the mean by maximum likelihood without selection
    unadjusted_tau2: float = NAN
    inference: str = ""
    draws: Floats | None = None  # (n, 2 or more), of the bootstrap: mean, tau2, log weights
    sign: float = 1.0
    level: float = 0.95
    why: str = ""
    notes: tuple[str, ...] = ()

    def weight(self, p: ArrayLike) -> Floats:
        """The relative chance to be published of a study with these one-sided p-values."""
        values: Floats = np.asarray(p, dtype=np.float64)
        if not self.weights:
            return np.full(values.shape, NAN)
        if self.kind == "step":
            return np.array(self.weights)[np.searchsorted(self.steps, values, side="left")]
        a, b = self.weights
        inside = np.clip(values, self.steps[0], self.steps[-1])
        return inside ** (a - 1) * (1 - inside) ** (b - 1)

    def to_frame(self) -> pd.DataFrame:
        """One row: the corrected mean, tau2 and the test of no selection; `intervals` has the weights."""
        import pandas as pd

        left = ("steps", "counts", "weights", "weights_ci", "lrt", "draws")
        row = {name: value for name, value in row_of(self).items() if not name.startswith(left)}
        test = {"lrt_statistic": self.lrt.statistic, "lrt_df": self.lrt.df, "lrt_p": self.lrt.p}
        return pd.DataFrame([row | test])

    @property
    def unit(self) -> str:
        """What `k` and `counts` are numbers of: "study", or "effect" where trials have several."""
        return "effect" if self.clusters < self.k else "study"

    def intervals(self) -> pd.DataFrame:
        """One row an interval of the p-value, or an exponent: k (effects), weight and its interval."""
        import pandas as pd

        ends = self.weights_ci or ((NAN, NAN),) * len(self.weights)
        rows = {"weight": self.weights, "ci_low": [e[0] for e in ends], "ci_high": [e[1] for e in ends]}
        if self.kind == "beta":
            return pd.DataFrame({"exponent": ["a", "b"][: len(self.weights)], **rows})
        edges = (0.0, *self.steps, 1.0)
        names = {"p_above": edges[:-1], "p_to": edges[1:], "k": self.counts}
        weights = self.weights or (NAN,) * len(self.counts)
        ends = self.weights_ci or ((NAN, NAN),) * len(weights)
        return pd.DataFrame(
            {**names, "weight": weights, "ci_low": [e[0] for e in ends], "ci_high": [e[1] for e in ends]}
        )

    def summary(self) -> str:
        """The mean with and without selection, the weights, and the test of no selection."""
        title = f"Selection model, kind = {self.kind!r}, k = {self.k}"
        title += f" in {counted(self.clusters, 'cluster')}" if self.clusters < self.k else ""
        head = ("", "estimate", "se", "ci.lb", "ci.ub", "p", "tau2")
        numbers = (
            *map(TEXT.number, (self.estimate, self.se, *self.ci)),
            TEXT.p(self.p),
            TEXT.number(self.tau2),
        )
        plain = (
            "unadjusted",
            TEXT.number(self.unadjusted),
            "",
            "",
            "",
            "",
            TEXT.number(self.unadjusted_tau2),
        )
        lines = [f"{title} ({percent(self.level)} intervals: {self.inference or 'none'})", ""]
        lines += aligned([head, ("adjusted", *numbers), plain], 1)
        lines += ["", *self._weight_lines()]
        if not np.isnan(self.lrt.p):
            test = (
                f"chi2(df = {self.lrt.df}) = {TEXT.unitless(self.lrt.statistic)}, {TEXT.p_value(self.lrt.p)}"
            )
            lines += ["", f"Test of no selection ({self.lrt.kind}): {test}"]
        return "\n".join([*lines, *note_lines((*([self.why] if self.why else []), *self.notes))])

    def _weight_lines(self) -> list[str]:
        table = self.intervals()
        if self.kind == "beta":
            first = [(f"exponent {row.exponent}", "") for row in table.itertuples()]
        else:
            first = [(f"p {row.p_above:g} to {row.p_to:g}", str(row.k)) for row in table.itertuples()]
        rows = [
            (*name, *map(TEXT.number, cells))
            for name, cells in zip(first, table[["weight", "ci_low", "ci_high"]].to_numpy(), strict=True)
        ]
        several = "studies" if self.unit == "study" else "effects"
        return aligned([("", several, "weight", "ci.lb", "ci.ub"), *rows], 1)

    def _line(self) -> str:
        numbers = f"{TEXT.estimate(self.estimate, self.ci)}, {TEXT.p_value(self.lrt.p)} of no selection"
        return f"{self.kind}, k = {self.k}: {self.why if np.isnan(self.estimate) else numbers}"

    def _cells(self) -> Cells:
        head = ("", "k", effect_head("", self.level), "p", "τ²")
        mean = effect_cell("", self.estimate, self.ci)
        plain = PAGE.number(self.unadjusted)
        return [
            head,
            ("with selection", str(self.k), mean, PAGE.p(self.p), PAGE.variance(self.tau2)),
            ("without", str(self.k), plain, "", PAGE.variance(self.unadjusted_tau2)),
        ]

    def __str__(self) -> str:
        return self.summary()
