"""What one further trial would do to a pooled effect."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.one_stratum import the_fit
from pdt_evidence.analysis.pooled.multilevel import MultilevelEffect
from pdt_evidence.analysis.pooled.multilevel_many import pool_multilevel_many
from pdt_evidence.analysis.pooled.pooling import pool_many
from pdt_evidence.analysis.robustness.clusters import arrays_of, clusters_of
from pdt_evidence.analysis.robustness.refits import pool_first
from pdt_evidence.effects.smd import smd_variance
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.formatting import TEXT, counted, percent, scale_name
from pdt_evidence.options import Number
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief, Cells, cells_of

__all__ = ["WhatIf", "what_if"]

Floats = NDArray[np.float64]
EXPECTED = {"effect": "a number", "vi": "a variance above 0", "n_per_arm": "a number of persons, 2 or more"}
MOST = 100_000  # further trials in one call
FEWEST = 2  # persons in an arm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class WhatIf(Brief):
    """A pooled effect with one further trial; `frame` has one row for each that was asked about."""

    full: PooledEffect = field(repr=False)  # as it is now
    variance: str  # where the sampling variance of the further trial comes from
    frame: pd.DataFrame = field(repr=False)

    def __len__(self) -> int:
        return len(self.frame)

    def _line(self) -> str:
        moved = int(self.frame["flips"].sum())
        return f"{len(self)} further trials; {moved} would move the interval to another side of no effect"

    def _cells(self) -> Cells:
        intervals = {
            "estimate ci": ["estimate", "ci_low", "ci_high"],
            "predicted ci": ["estimate", "pi_low", "pi_high"],
        }
        return cells_of(
            self.frame, effect="effect", n_per_arm="n_per_arm", variance="vi", tau2="tau2", **intervals
        )

    def _below(self) -> tuple[str, ...]:
        return (self.variance,)

    def to_frame(self) -> pd.DataFrame:
        """One row a further trial.

        `effect`, `n_per_arm`, `vi`; then of the pool with it `estimate`, `change`, `ci_low`, `ci_high`, `p`,
        `tau2`, `pi_low`, `pi_high`; `flips`: the interval is on another side of no effect than now.
        """
        return self.frame.copy()

    def summary(self) -> str:
        """How things stand, what each further trial would make of it (or the range), and whence its variance."""
        full = self.full
        name = "" if full.measure == "GEN" else f"{scale_name(full.measure)} "
        lines = [
            f"Now: {name}{TEXT.estimate(full.estimate, full.ci)}, tau2 {TEXT.number(full.tau2)}, prediction interval "
            f"{TEXT.interval(full.pi)} (k = {full.k}, {percent(full.level)} intervals)"
        ]
        shown_rows = self.frame if len(self) <= 12 else self.frame.iloc[[0, -1]]
        lines += [_line(row) for row in shown_rows.to_dict("records")]
        if len(self) > 12:
            low, high = self.frame["estimate"].min(), self.frame["estimate"].max()
            lines.append(
                f"All {len(self)} further trials: estimates from {TEXT.number(low)} to {TEXT.number(high)}; the "
                f"interval would be on another side of no effect after {int(self.frame['flips'].sum())} of them"
            )
        return "\n".join([*lines, self.variance])

    def __str__(self) -> str:
        return self.summary()


def _line(row: dict[Any, Any]) -> str:
    size = "" if math.isnan(row["n_per_arm"]) else f" with {counted(row['n_per_arm'], 'person')} in each arm"
    fit = TEXT.estimate(row["estimate"], (row["ci_low"], row["ci_high"]))
    text = f"A trial of {TEXT.number(row['effect'], 2)}{size}: {fit}, tau2 {TEXT.number(row['tau2'])}, "
    text += f"prediction interval {TEXT.interval((row['pi_low'], row['pi_high']))}"
    return text + (": the interval would be on another side of no effect" if row["flips"] else "")


@known_options
def what_if(
    fit: PooledEffect | pd.DataFrame,
    *,
    effect: ArrayLike,
    n_per_arm: ArrayLike | None = None,
    vi: ArrayLike | None = None,
) -> WhatIf:
    """Pool a result again with one further trial of a given size and effect.

    Parameters
    ----------
    fit : PooledEffect or DataFrame
        From `pool`, `pool_multilevel` or `synthesize`, or the table of one stratum; the trial is pooled with its
        values by its own rules. In a multilevel fit it is a cluster of one effect.
    effect : float or sequence of float
        What the further trial finds, on the scale of the fit (logarithms for ratios).
    n_per_arm : float or sequence of float, optional
        Persons in each arm. Several effects and sizes are all combined.
    vi : float or sequence of float, optional
        The sampling variance of the trial, in the place of `n_per_arm`.

    Returns
    -------
    WhatIf
        One row for each further trial, all pooled in one batch where each trial has one value. `variance` says where
        the trial's variance comes from: for Hedges' g from its formula, 2 / n + g² / (4 n); for other measures from
        the studies of the fit whose arms are known, as the median of vi / (1 / n_t + 1 / n_c), times 2 / n.

    Raises
    ------
    RequestError
        For a result without studies, effects or sizes that are not numbers, a size that gives no variance as no
        study of the fit has known arms, and a multilevel fit that does not keep its sampling covariance.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> fit = pdt.pool([0.5, 0.3, 0.7], [0.05, 0.06, 0.04], measure="SMD")
    >>> found = pdt.what_if(fit, effect=[0.0, 0.5], n_per_arm=50)
    >>> found.to_frame()[["effect", "vi", "estimate"]].round(3).values.tolist()
    [[0.0, 0.04, 0.375], [0.5, 0.041, 0.519]]
    """
    fit = the_fit(fit, "what_if")
    if not isinstance(fit, PooledEffect):
        raise RequestError(
            f"what_if() takes a pooled effect, found {type(fit).__name__}. Give a result of pool or one stratum of a "
            "synthesis, as in what_if(syn['depression', 'post'], effect=0, n_per_arm=50)."
        )
    if not len(fit.yi):
        raise RequestError("This result holds no studies: pool effects first, and give that result.")
    if (n_per_arm is None) == (vi is None):
        raise RequestError("How large is the further trial? Give n_per_arm or vi, one of the two.")
    name, given = ("n_per_arm", n_per_arm) if vi is None else ("vi", vi)
    effects = _numbers("effect", effect, -math.inf)
    sizes = _numbers(name, given, FEWEST - 1e-9 if vi is None else 0.0)
    if len(effects) * len(sizes) > MOST:
        raise RequestError(
            f"{counted(len(effects), 'effect')} times {len(sizes)} sizes are more than {MOST}. Give fewer."
        )
    pairs = np.array([(y, size) for size in sizes for y in effects])
    y, size = pairs.T
    variances, source = size, "The variance of the further trial is as given."
    if vi is None:
        variances, source = _variances(fit, y, size)
    found = (
        _multilevel(fit, y, variances)
        if isinstance(fit, MultilevelEffect)
        else _univariate(fit, y, variances)
    )
    frame = pd.DataFrame({"effect": y, "n_per_arm": size if vi is None else np.nan, "vi": variances, **found})
    frame.insert(4, "change", frame["estimate"] - fit.estimate)
    frame["flips"] = _side(found["ci_low"], found["ci_high"]) != _side(
        *(np.full(len(y), end) for end in fit.ci)
    )
    return WhatIf(full=fit, variance=source, frame=frame)


def _numbers(name: str, given: Any, low: float) -> Floats:
    """Values of a scalar or a flat sequence, each above `low` and finite."""
    several = hasattr(given, "__iter__") and not isinstance(given, str)
    listed: list[Any] = list(given) if several else [given]
    kind = Number(low=low, high=math.inf, expected=f"{EXPECTED[name]}, or several")
    faults = [fault for fault in (kind.fault(name, one) for one in listed) if fault]
    if faults or not listed:
        raise RequestError(
            faults[0] if faults else f"{name} names none; expected {EXPECTED[name]}, or several."
        )
    return np.array([float(one) for one in listed])


def _variances(fit: PooledEffect, y: Floats, n: Floats) -> tuple[Floats, str]:
    """Sampling variances of trials with `n` persons in each arm, and where they come from."""
    if fit.measure == "SMD":
        source = "The variance of the further trial is that of Hedges' g: 2 / n + g² / (4 n)."
        return smd_variance(y, n, n), source
    unit, known = _per_person(fit)
    if not known:
        raise RequestError(
            f"The variance of a trial in {fit.measure} does not follow from its size alone, and no study of this fit "
            "has known arms (n_t, n_c) to go by. Give vi= in the place of n_per_arm."
        )
    source = (
        f"The variance of the further trial is {TEXT.number(unit)} times 2 / n: the median of the {known} "
        f"stud{'y' if known == 1 else 'ies'} of this fit with known arms, vi / (1 / n_t + 1 / n_c)."
    )
    return 2 * unit / n, source


def _per_person(fit: PooledEffect) -> tuple[float, int]:
    """The median of vi over 1 / n_t + 1 / n_c, and of how many studies."""
    if not {"n_t", "n_c"} <= set(fit.columns):
        return math.nan, 0
    arms = [
        pd.to_numeric(pd.Series(fit.columns[name]), errors="coerce").to_numpy(float)
        for name in ("n_t", "n_c")
    ]
    known = (arms[0] > 0) & (arms[1] > 0)
    if not known.any():
        return math.nan, 0
    return float(np.median(fit.vi[known] / (1 / arms[0][known] + 1 / arms[1][known]))), int(known.sum())


def _univariate(fit: PooledEffect, y: Floats, v: Floats) -> dict[str, Floats]:
    """One value a trial: every pool in one batch, by the rules of the fit, which must be those of `pool`."""
    full = pool_first(fit, None, None, None, None, None, "what_if")
    rows = _with(full, y, v)
    many = pool_many(*rows, method=full.method, test=full.test, level=full.level, pi_rule=full.pi_rule)
    return _columns(many)


def _multilevel(fit: MultilevelEffect, y: Floats, v: Floats) -> dict[str, Floats]:
    """The further trial is a cluster of one effect."""
    clusters = clusters_of(fit)
    V = np.zeros((fit.k + 1, fit.k + 1))
    V[:-1, :-1], V[-1, -1] = clusters.V, 1.0  # its variance is that of each row
    rows = _with(fit, y, v)
    codes = [*clusters.codes.tolist(), clusters.m]
    many = pool_multilevel_many(*rows, codes, V=V, test="z" if fit.test == "z" else "t", level=fit.level)
    return _columns(arrays_of(many, fit, np.broadcast_to(clusters.sums.sum(axis=0), (len(y), 5))))


def _with(fit: PooledEffect, y: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Effects and variances of shape (n, k + 1): those of the fit, and one further trial in each row."""

    def stacked(old: Floats, new: Floats) -> Floats:
        return np.concatenate([np.broadcast_to(old, (len(new), fit.k)), new[:, None]], axis=1)

    return stacked(fit.yi, y), stacked(fit.vi, v)


def _columns(many: Any) -> dict[str, Floats]:
    return {
        "estimate": many.estimate, "ci_low": many.ci[:, 0], "ci_high": many.ci[:, 1], "p": many.p, "tau2": many.tau2,
        "pi_low": many.pi[:, 0], "pi_high": many.pi[:, 1],
    }  # fmt: skip


def _side(low: Floats, high: Floats) -> NDArray[np.int_]:
    """Above no effect 1, below it -1, across it 0; 2 where the interval is not known."""
    return np.where(np.isnan(low) | np.isnan(high), 2, np.where(low > 0, 1, np.where(high < 0, -1, 0)))
