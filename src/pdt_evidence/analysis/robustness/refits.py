"""One meta-analysis pooled again and again: what `influence`, `leave_one_out` and `cumulative` share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.checks import without_variances
from pdt_evidence.analysis.one_stratum import refuse_beside_table, the_fit
from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.robustness.clusters import RefitArrays
from pdt_evidence.errors import RequestError
from pdt_evidence.evidence.frames import is_table
from pdt_evidence.formatting import TEXT, aligned, counted, effects_of, percent, scale_name
from pdt_evidence.models.inference import TESTS
from pdt_evidence.models.pool import Options, PooledArrays
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief, Cells, pooled_cells, pooled_head

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PooledSeries", "options_of", "pool_first", "series"]

Floats = NDArray[np.float64]
WORDS = {"leave-one-out": "left out", "cumulative": "added"}
SAME = 1e-8  # relative: a pooled effect and its refit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PooledSeries(Brief):
    """Fits of one meta-analysis with changing studies; every array has one value a fit.

    `kind` says what the labels name: "leave-one-out", the study excluded; "cumulative", the
    study that enters. NaN stands for what the studies present cannot tell.
    """

    kind: str
    labels: tuple[str, ...]
    measure: str
    method: str
    test: str
    level: float
    pi_rule: str
    k: NDArray[np.int64]  # studies in the fit
    estimate: Floats
    se: Floats
    statistic: Floats
    df: Floats  # NaN where the reference is standard normal
    p: Floats
    ci: Floats  # shape (n, 2)
    pi: Floats  # shape (n, 2)
    tau2: Floats
    I2: Floats  # percent
    H2: Floats
    Q: Floats
    Q_df: NDArray[np.int64]
    Q_p: Floats
    full: PooledEffect = field(repr=False)  # the fit of all studies

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return (
            f"<PooledSeries {self.kind}, {self.method} {self.test}: {counted(len(self), 'fit')} "
            f"of {effects_of(self.full.k, self.full.trials)}>"
        )

    def summary(self) -> str:
        """One aligned line a fit, in the order of the series; under them what all studies come to."""
        head = (
            WORDS.get(self.kind, self.kind),
            "k",
            "estimate",
            "ci.lb",
            "ci.ub",
            "p",
            "pi.lb",
            "pi.ub",
            "tau2",
            "I2",
        )
        rows = [
            (
                label,
                str(k),
                *map(TEXT.number, (self.estimate[i], *self.ci[i])),
                TEXT.p(self.p[i]),
                *map(TEXT.number, self.pi[i]),
                TEXT.number(self.tau2[i]),
                TEXT.unitless(self.I2[i], 1),
            )
            for i, (label, k) in enumerate(zip(self.labels, self.k, strict=True))
        ]
        rules = f"{self.method}, {self.test}, {percent(self.level)} intervals"
        title = f"{self.kind.capitalize()}: {scale_name(self.measure)} ({rules})"
        what = counted(self.full.trials, "trial") if self.full.is_multilevel else counted(self.full.k)
        full = f"All {what}: {TEXT.number(self.full.estimate)} ({TEXT.interval(self.full.ci)})"
        return "\n".join([title, "", *aligned([head, *rows], 1), "", full])

    def to_frame(self) -> pd.DataFrame:
        """One row a fit, `label` first, intervals as `_low` and `_high`."""
        import pandas as pd

        return pd.DataFrame({"label": list(self.labels), **columns_of(self)})

    def _cells(self) -> Cells:
        named = (WORDS.get(self.kind, self.kind), *pooled_head(self.measure, self.level))
        rows = [(label, *pooled_cells(_Fit(self, i))) for i, label in enumerate(self.labels)]
        return [named, *rows, ("all", *pooled_cells(self.full))]


class _Fit:
    """One fit of a series, with the names of a pooled effect."""

    trials = math.nan

    def __init__(self, series: PooledSeries, i: int) -> None:
        self.measure, self.k = series.measure, int(series.k[i])
        self.estimate, self.I2, self.p = float(series.estimate[i]), float(series.I2[i]), float(series.p[i])
        self.ci, self.pi = tuple(series.ci[i].tolist()), tuple(series.pi[i].tolist())


def columns_of(record: Any) -> dict[str, NDArray]:
    """The arrays of a record by name, those of pairs in two columns."""
    columns = {}
    for item in fields(record):
        value = getattr(record, item.name)
        if not isinstance(value, np.ndarray):
            continue
        if value.ndim == 2:
            columns |= {f"{item.name}_low": value[:, 0], f"{item.name}_high": value[:, 1]}
        else:
            columns[item.name] = value
    return columns


def pool_first(
    yi: ArrayLike | PooledEffect,
    vi: ArrayLike | None,
    method: str | None,
    test: str | None,
    level: float | None,
    labels: Sequence[object] | None,
    caller: str,
    refused: str = "without one effect of a trial the others of it would stay",
) -> PooledEffect:
    """The fit of all studies: checked effects pooled, or a pooled effect, with what is asked to differ.

    A table of trials is one stratum for `caller`, as `one_stratum` makes it; `refused` says why a multilevel fit will
    not do.

    Raises
    ------
    EvidenceError
        As `pool`.
    RequestError
        For a pooled effect that `pool` does not give from its yi and vi, such as one of a
        model with several effects a trial: leaving a row out of that is another matter.
    """
    options = {"method": method, "test": test, "level": level, "labels": labels}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if is_table(yi):
        refuse_beside_table(vi=vi, labels=labels)
        options = {"method": method, "test": test, "level": level}
        return the_fit(yi, caller, **{name: value for name, value in options.items() if value is not None})
    if not isinstance(yi, PooledEffect):
        if vi is None:
            raise without_variances(yi)
        return pool(yi, vi, tau2_ci_method="wald", **given)
    if vi is not None:
        raise RequestError("A pooled effect brings its variances along: leave vi out.")
    if yi.is_multilevel or yi.test not in TESTS:
        raise RequestError(
            f"This result is of a model with several effects a trial (test {yi.test!r}), which is not fitted again "
            f"here: {refused}. Give a result of pool, or of synthesize with dependence='aggregate' or 'one-per-trial'."
        )
    names = ("method", "test", "level", "pi_rule", "measure", "stratum", "columns", "row_ids")
    kept: dict[str, Any] = {name: getattr(yi, name) for name in names}
    kept |= {"labels": yi.labels or None, "tau2_ci_method": "wald"}
    again = pool(yi.yi, yi.vi, **kept)
    if not math.isclose(again.estimate, yi.estimate, rel_tol=SAME, abs_tol=SAME * again.se):
        raise RequestError(
            f"Pooling its {counted(again.k, 'effect')} by {yi.method} gives {again.estimate:.6g}, "
            f"not the {yi.estimate:.6g} "
            "of this result, which another model has made. Give yi and vi, one value a trial."
        )
    return pool(yi.yi, yi.vi, **(kept | given)) if given else again


def options_of(full: PooledEffect) -> Options:
    """How to pool as `full` was pooled, without intervals of tau2."""
    return Options(
        method=full.method, test=full.test, level=full.level, pi_rule=full.pi_rule, tau2_ci_method=None
    )


def series(
    kind: str, labels: Sequence[str], full: PooledEffect, fits: PooledArrays | RefitArrays
) -> PooledSeries:
    """The fits as a record, every array read-only."""
    names = (
        "k",
        "estimate",
        "se",
        "statistic",
        "df",
        "p",
        "ci",
        "pi",
        "tau2",
        "I2",
        "H2",
        "Q",
        "Q_df",
        "Q_p",
    )
    arrays: dict[str, Any] = {name: frozen(getattr(fits, name)) for name in names}
    return PooledSeries(
        kind=kind,
        labels=tuple(labels),
        measure=full.measure,
        method=full.method,
        test=full.test,
        level=full.level,
        pi_rule=full.pi_rule,
        full=full,
        **arrays,
    )


def frozen(array: NDArray) -> NDArray:
    """The array itself, read-only from now on."""
    array.setflags(write=False)
    return array
