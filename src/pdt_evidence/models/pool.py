"""The engine: effects and variances of many meta-analyses in, every pooled quantity out.

`fit` is the one implementation; a single meta-analysis is a batch of one. Batches are
worked through in slices that fit the processor's cache, which also bounds the memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.formatting import PAGE, counted, percent
from pdt_evidence.models.distributions import chi2_tail, log_two_sided_p, two_sided_p
from pdt_evidence.models.estimators import estimate_tau2, estimator, tau2_standard_error
from pdt_evidence.models.heterogeneity import (
    H2_from_Q,
    H2_from_tau2,
    I2_from_Q,
    I2_from_tau2,
)
from pdt_evidence.models.inference import Inference, infer, named_test
from pdt_evidence.models.intervals import tau2_interval
from pdt_evidence.models.prediction import bootstrap_interval, prediction_half_width
from pdt_evidence.models.tasks import in_order
from pdt_evidence.models.weights import Batch, prepare, scratch, sums
from pdt_evidence.showing import Brief, Cells, effect_cell

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["Options", "PooledArrays", "fit"]

Floats = NDArray[np.float64]
LOG_2PI = np.log(2 * np.pi)
SLICE_VALUES = 1 << 17  # most doubles in one array of a slice: a megabyte

MOST_POOLS = 20  # that a notebook shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for; the words are checked at the entry point."""

    method: str = "REML"
    test: str = "knha"
    level: float = 0.95
    pi_rule: str = "HTS-t(k-2)"
    tau2_ci_method: str | None = "q-profile"  # None: neither tau2_se nor the three intervals
    tau2_ci_weights: Floats | None = None  # (B, k), of "generalised-q"
    bootstrap_draws: int = 25_000
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PooledArrays(Brief):
    """Many meta-analyses pooled: the names of `PooledEffect`, each an array.

    Scalars have the leading shape (...) of the effects, intervals (..., 2), yi, vi and
    weights (..., k). NaN stands for what cannot be known, and everywhere where no study is
    present. What follows from other values, such as I2, p-values, weights and the
    log-likelihood, is computed when asked for.
    """

    method: str
    test: str
    level: float
    pi_rule: str
    tau2_ci_method: str | None
    k: NDArray[np.int64]  # studies present
    estimate: Floats
    se: Floats
    df: Floats
    ci: Floats
    pi: Floats
    tau2: Floats
    tau2_se: Floats
    tau2_ci: Floats
    typical: Floats  # sampling variance of a typical study, as in `typical_variance`
    Q: Floats
    yi: Floats
    vi: Floats

    def _line(self) -> str:
        most = int(self.k.max()) if self.k.size else 0
        return (
            f"{self.method} {self.test}: {counted(self.k.size, 'pool')} of up to "
            f"{counted(most)}, shape {self.k.shape}"
        )

    def _cells(self) -> Cells:
        def first(values: Any) -> list[Any]:
            return values.reshape(self.k.size, -1)[:MOST_POOLS].tolist()

        level = percent(self.level)
        effects = [
            effect_cell("", one, ci) for (one,), ci in zip(first(self.estimate), first(self.ci), strict=True)
        ]
        columns = {
            "k": [str(one) for (one,) in first(self.k)],
            f"estimate [{level} CI]": effects,
            f"{level} PI": [PAGE.interval(pi) for pi in first(self.pi)],
            "τ²": [PAGE.variance(one) for (one,) in first(self.tau2)],
            "I² (%)": [PAGE.number(one, 0) for (one,) in first(self.I2)],
            "p": [PAGE.p(one) for (one,) in first(self.p)],
        }
        return [tuple(columns), *zip(*columns.values(), strict=True)]

    def _below(self) -> tuple[str, ...]:
        return (f"The first {MOST_POOLS} of {self.k.size}.",) if self.k.size > MOST_POOLS else ()

    @property
    def statistic(self) -> Floats:
        """Estimate over standard error."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.estimate / self.se

    @property
    def p(self) -> Floats:
        """Two-sided p-value of the estimate."""
        return two_sided_p(self.statistic, self.df)

    @property
    def log_p(self) -> Floats:
        """Natural logarithm of `p`, finite where that underflows."""
        return log_two_sided_p(self.statistic, self.df)

    @property
    def Q_df(self) -> NDArray[np.int64]:
        """k - 1, and 0 where no study is present."""
        return np.maximum(self.k - 1, 0)

    @property
    def Q_p(self) -> Floats:
        """Upper tail of Q; NaN where k < 2."""
        return chi2_tail(self.Q, self.k - 1)

    @property
    def I2(self) -> Floats:
        """Percent, from tau2 and the typical variance; for "EE" from Q."""
        return self.I2_Q if self.method == "EE" else I2_from_tau2(self.tau2, self.typical)

    @property
    def I2_ci(self) -> Floats:
        """Interval of I2, from that of tau2."""
        return I2_from_tau2(self.tau2_ci, self.typical[..., None])

    @property
    def H2(self) -> Floats:
        """Total over sampling variance of a typical study; for "EE" from Q."""
        return self.H2_Q if self.method == "EE" else H2_from_tau2(self.tau2, self.typical)

    @property
    def H2_ci(self) -> Floats:
        """Interval of H2, from that of tau2."""
        return H2_from_tau2(self.tau2_ci, self.typical[..., None])

    @property
    def I2_Q(self) -> Floats:
        """Percent, max(0, (Q - df) / Q)."""
        return I2_from_Q(self.Q, self.k - 1)

    @property
    def H2_Q(self) -> Floats:
        """Q / df."""
        return H2_from_Q(self.Q, self.k - 1)

    @property
    def weights(self) -> Floats:
        """Percent, summing to 100 over the studies present; 0 for absent ones."""
        w = self._weights_at_tau2()
        with np.errstate(invalid="ignore"):
            return 100 * w / w.sum(axis=-1, keepdims=True)

    @property
    def log_likelihood(self) -> Floats:
        """Restricted log-likelihood at tau2, or the full one for "ML" and "EE"; NaN where no study is present."""
        w = self._weights_at_tau2()
        present, total, estimate = w > 0, w.sum(axis=-1), self.estimate[..., None]
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = np.subtract(self.yi, estimate, out=np.zeros(w.shape), where=present)
            logs = np.log(w, out=np.zeros(w.shape), where=present)
            value = (logs - w * rest * rest).sum(axis=-1) - self.k * LOG_2PI
            if estimator(self.method).likelihood == "restricted":
                value += LOG_2PI + np.log(self.k / total)
        return np.where(self.k > 0, 0.5 * value, np.nan)

    def _weights_at_tau2(self) -> Floats:
        """1 / (vi + tau2), and 0 for absent studies."""
        w = 1 / (self.vi + np.fmax(self.tau2, 0.0)[..., None])  # a single study has no tau2
        return np.where(np.isfinite(self.yi) & (w > 0), w, 0.0)


def fit(
    yi: Floats,
    vi: Floats,
    options: Options,
    executor: Executor | None = None,
    whole: bool = False,
    progress: Callable[[int], object] | None = None,
) -> PooledArrays:
    """Pool every meta-analysis in yi, vi of shape (..., k); input is checked at the entry point.

    Slices are independent and given to the executor, if there is one, in order. `whole` says
    that no study is absent; without it every slice looks for itself. `progress` is called with
    the number of meta-analyses that were done since the last call.
    """
    lead, most = yi.shape[:-1], yi.shape[-1]
    y, v, a = yi.reshape(-1, most), vi.reshape(-1, most), options.tau2_ci_weights
    slices = _slices(*y.shape)
    work = ((y[part], v[part], None if a is None else a[part]) for part in slices)
    options = options if a is None else replace(options, tau2_ci_weights=None)
    each = partial(_fit_slice, options=options, whole=whole)
    with in_order(each, work, executor) as parts:
        arrays = _joined(parts, slices, y.shape[0], progress)
    shaped: dict[str, Any] = {name: _shaped(array, lead) for name, array in arrays.items()}
    if "tau2_ci" not in shaped:
        shaped |= {"tau2_se": np.broadcast_to(np.nan, lead), "tau2_ci": np.broadcast_to(np.nan, (*lead, 2))}
    for array in shaped.values():
        array.setflags(write=False)
    return PooledArrays(
        method=options.method,
        test=options.test,
        level=options.level,
        pi_rule=options.pi_rule,
        tau2_ci_method=options.tau2_ci_method,
        yi=yi,
        vi=vi,
        **shaped,
    )


def _slices(size: int, most: int) -> list[slice]:
    """As few slices of the meta-analyses as the cache allows, of about one length."""
    number = max(1, math.ceil(size * most / SLICE_VALUES))
    width = max(1, math.ceil(size / number))
    return [slice(start, start + width) for start in range(0, max(size, 1), width)]


def _joined(
    parts: Iterable[dict[str, NDArray]],
    slices: list[slice],
    size: int,
    progress: Callable[[int], object] | None,
) -> dict[str, NDArray]:
    """The arrays of the slices, put together as they come."""
    whole: dict[str, NDArray] = {}
    for part, found in zip(slices, parts, strict=True):
        if progress:
            progress(len(found["k"]))
        if len(slices) == 1:
            return found
        for name, array in found.items():
            if not part.start:
                whole[name] = np.empty((*array.shape[:-1], size), array.dtype)
            whole[name][..., part] = array
    return whole


def _shaped(array: NDArray, lead: tuple[int, ...]) -> NDArray:
    """Scalars (B,) to (...), intervals (2, B) to (..., 2)."""
    return array.reshape(lead) if array.ndim == 1 else array.T.reshape(*lead, 2)


def _fit_slice(
    arrays: tuple[Floats, Floats, Floats | None], options: Options, whole: bool
) -> dict[str, NDArray]:
    yi, vi, weights = arrays
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return _fit_batch(prepare(yi, vi, short_lived=True, whole=whole), options, weights)


def _fit_batch(batch: Batch, options: Options, weights: Floats | None) -> dict[str, NDArray]:
    """Scalars (B,), intervals (2, B): in the batch's own units, brought back to the effects' at the end."""
    n, at = batch.n, batch.at0
    tau2 = estimate_tau2(batch, options.method)
    if options.method != "EE":
        known = np.where(n > 1, tau2, 0.0) if batch.few.size else tau2
        out = scratch("W at tau2", batch.y.shape)
        at = sums(batch.y, batch.v, known, out, spread=named_test(options.test).factor is not None)
    found = infer(batch, at, options.test, options.level)
    mean = batch.blank(at.mean, least=1)
    arrays = {
        "k": n.astype(np.int64),
        "estimate": batch.locate(mean),
        "se": batch.scale(found.se),
        "df": found.df,
        "ci": batch.locate(_around(mean, found.half_width)),
        "pi": batch.locate(_prediction(batch, options, mean, found, tau2)),
        "tau2": batch.scale(tau2, 2),
        "typical": batch.scale(batch.blank((n - 1) / batch.trace0), 2),
        "Q": batch.blank(batch.at0.Q, least=1),
    }
    if options.tau2_ci_method is not None and options.method != "EE":
        se = tau2_standard_error(batch, options.method, tau2, at)
        ci = tau2_interval(batch, options.tau2_ci_method, options.method, tau2, se, options.level, weights)
        arrays |= {"tau2_se": batch.scale(se, 2), "tau2_ci": batch.scale(ci, 2)}
    return arrays


def _prediction(batch: Batch, options: Options, mean: Floats, found: Inference, tau2: Floats) -> Floats:
    if options.method == "EE":  # one true effect: a new study has no other
        return np.full((2, batch.n.size), np.nan)
    if options.pi_rule == "bootstrap":
        return bootstrap_interval(batch, options.level, options.bootstrap_draws, options.seed)
    half = prediction_half_width(options.pi_rule, batch.n, tau2, found.se, found.df, options.level)
    return _around(mean, half)


def _around(middle: Floats, half: Floats) -> Floats:
    bounds = np.empty((2, middle.size))
    np.subtract(middle, half, out=bounds[0])
    np.add(middle, half, out=bounds[1])
    return bounds
