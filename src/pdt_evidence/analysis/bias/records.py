"""What the looks at bias have in common: an estimate with its interval, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.formatting import PAGE, TEXT, aligned, percent
from pdt_evidence.models.distributions import two_sided_p, two_sided_quantile
from pdt_evidence.showing import Brief, Cells, cells_of, effect_cell

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ALONE", "NAN", "NO_INTERVAL", "Adjusted", "Tabular", "adjusted_cells", "student"]

ALONE = "it takes every effect as independent, and here trials have several"
NAN = float("nan")
NO_INTERVAL = (NAN, NAN)


class Tabular(Brief):
    """A record that writes itself: `to_frame`, and from it the table of a notebook."""

    __slots__ = ()

    def to_frame(self) -> pd.DataFrame:
        """One row: the numbers, intervals as `_low` and `_high`."""
        import pandas as pd

        return pd.DataFrame([row_of(self)])

    def _cells(self) -> Cells:
        return cells_of(self.to_frame(), **{name: name for name in self._shown()})

    def _shown(self) -> tuple[str, ...]:
        """The columns of `to_frame` that a notebook shows."""
        return tuple(self.to_frame().columns[:8])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Adjusted(Tabular):
    """An estimate that one method corrects for bias; NaN where the method cannot say, and `why` says why."""

    method: str
    estimate: float = NAN
    se: float = NAN
    df: float = NAN  # NaN where the test is standard normal
    statistic: float = NAN
    p: float = NAN
    ci: tuple[float, float] = NO_INTERVAL
    k: int = 0
    tau2: float = NAN
    slope: float = NAN  # of a regression on precision; NaN where the method has none
    slope_se: float = NAN
    slope_p: float = NAN
    why: str = ""

    def _line(self) -> str:
        numbers = f"{TEXT.estimate(self.estimate, self.ci)}, k = {self.k}, {TEXT.p_value(self.p)}"
        return f"{self.method}: {self.why if np.isnan(self.estimate) else numbers}"

    def _cells(self) -> Cells:
        return adjusted_cells([self])

    def line(self) -> tuple[str, ...]:
        """The cells of its row in a summary."""
        df = "" if np.isnan(self.df) else f"{self.df:.3g}"
        numbers = map(TEXT.number, (self.estimate, self.se, *self.ci))
        return (self.method, str(self.k), *numbers, df, TEXT.p(self.p), TEXT.number(self.tau2))


HEAD = ("method", "k", "estimate", "se", "ci.lb", "ci.ub", "df", "p", "tau2")


def student(method: str, estimate: float, se: float, df: float, level: float, **more: Any) -> Adjusted:
    """An estimate tested by t with `df` degrees of freedom, by the standard normal where that is NaN."""
    half = float(two_sided_quantile(level, df)) * se
    statistic = estimate / se if se > 0 else NAN
    return Adjusted(
        method=method,
        estimate=float(estimate),
        se=float(se),
        df=float(df),
        statistic=float(statistic),
        p=float(two_sided_p(statistic, df)),
        ci=(float(estimate - half), float(estimate + half)),
        **more,
    )


def table_of(rows: list[Adjusted], title: str, level: float) -> list[str]:
    """A titled, aligned table of adjusted estimates."""
    cells = [HEAD, *(row.line() for row in rows)]
    return [f"{title} ({percent(level)} intervals)", "", *aligned(cells, 1)]


def adjusted_cells(rows: list[Adjusted]) -> Cells:
    """The cells of a notebook's table, the head first."""
    head = ("method", "k", "estimate [CI]", "p", "τ²", "why not")
    return [
        head,
        *(
            (row.method, str(row.k), effect_cell("", row.estimate, row.ci), PAGE.p(row.p), PAGE.variance(row.tau2),
             row.why)
            for row in rows
        ),
    ]  # fmt: skip


def row_of(record: Any) -> dict[str, Any]:
    """Numbers and words of a record by name; pairs in two columns, arrays, records and mappings left out."""
    row: dict[str, Any] = {}
    for item in fields(record):
        value = getattr(record, item.name)
        if isinstance(value, tuple) and len(value) == 2 and all(isinstance(one, float) for one in value):
            row[f"{item.name}_low"], row[f"{item.name}_high"] = value
        elif not isinstance(value, np.ndarray | Mapping | tuple | Tabular):
            row[item.name] = value
    return row
