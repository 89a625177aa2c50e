"""Entry point to GOSH: the pooled estimate of every subset of the studies."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.one_stratum import one_stratum, refuse_beside_table
from pdt_evidence.analysis.pooled.multilevel import MultilevelEffect
from pdt_evidence.analysis.progress import progress_bar
from pdt_evidence.analysis.robustness.clusters import at_least_two, clusters_of, refit, refuse_options
from pdt_evidence.analysis.robustness.gosh_split import GoshSplit, split_of
from pdt_evidence.analysis.robustness.refits import frozen, pool_first
from pdt_evidence.errors import EvidenceError, RequestError, known_options
from pdt_evidence.evidence.frames import is_table
from pdt_evidence.formatting import PAGE, counted, note_lines
from pdt_evidence.models.gosh import GOSH_METHODS, all_subsets, holds, pool_subsets, sample_subsets
from pdt_evidence.options import SEED, Choice, Whole, check_options
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief, Cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Gosh", "gosh"]

MOST_BY_TRIAL = 1 << 14  # subsets of trials with several effects, unless `sample` says how many

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Gosh(Brief):
    """Fits of the subsets of one meta-analysis; every array has one value a subset."""

    labels: tuple[str, ...]  # of the studies
    method: str
    complete: bool  # every subset, or a random sample of them
    k: NDArray[np.int64]  # studies in the subset
    estimate: Floats
    tau2: Floats  # NaN where k < 2
    I2: Floats  # percent; NaN where k < 2
    Q: Floats
    bitmask: NDArray[np.uint64]  # shape (n, words): bit i % 64 of word i // 64 is study i
    full: PooledEffect = field(repr=False)  # the fit of all studies
    how: tuple[str, ...] = ()  # of a table: which trials, how their rows became values, what was left out

    def __len__(self) -> int:
        return len(self.k)

    def __repr__(self) -> str:
        kind = "all" if self.complete else "a random sample of"
        return f"<Gosh {self.method}: {kind} {len(self):,} subsets of {counted(len(self.labels))}>"

    def _cells(self) -> Cells:
        head = ("", "min", "q1", "median", "q3", "max")
        rows = []
        for name, said in (("estimate", "estimate"), ("I2", "I² (%)")):
            values = getattr(self, name)
            quartiles = np.quantile(values[~np.isnan(values)], [0, 0.25, 0.5, 0.75, 1])
            rows.append((said, *(PAGE.number(float(value)) for value in quartiles)))
        return [head, *rows]

    def included(self, study: int | str) -> NDArray[np.bool_]:
        """Which subsets hold a study, given by its number from 0 or its label; shape (n,).

        Raises
        ------
        RequestError
            Where there is no such study, or several have the label.
        """
        return holds(self.bitmask, _number_of(study, self.labels))

    def to_frame(self) -> pd.DataFrame:
        """One row a subset: k, estimate, tau2, I2, Q."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in ("k", "estimate", "tau2", "I2", "Q")})

    def by_study(self) -> pd.DataFrame:
        """One row a study: mean estimate and I2 of the subsets with it and of those without."""
        import pandas as pd

        rows = []
        for i, label in enumerate(self.labels):
            available = holds(self.bitmask, i)
            rows.append(
                {"label": label}
                | {
                    f"{name}_{word}": _mean(getattr(self, name)[where])
                    for name in ("estimate", "I2")
                    for word, where in (("with", available), ("without", ~available))
                }
            )
        return pd.DataFrame(rows)

    def split(self) -> GoshSplit:
        """Whether the estimates fall into two clusters, and which studies tell the two apart.

        The cut is the one with the least variance within both clusters.
        """
        held = np.stack([holds(self.bitmask, i) for i in range(len(self.labels))], axis=1)
        return split_of(self.estimate, held, self.labels)

    def summary(self) -> str:
        """Quartiles of the estimate and of I2 as aligned text."""
        kind = "all" if self.complete else "a random sample of"
        lines = [f"Subsets of {counted(len(self.labels))} ({self.method}): {kind} {len(self):,}", ""]
        lines.append(" " * 8 + "".join(f"{word:>10}" for word in ("min", "q1", "median", "q3", "max")))
        for name in ("estimate", "I2"):
            values = getattr(self, name)
            quartiles = np.quantile(values[~np.isnan(values)], [0, 0.25, 0.5, 0.75, 1])
            lines.append(name.ljust(8) + "".join(f"{value:10.4f}" for value in quartiles))
        return "\n".join([*lines, *note_lines(self.how)])


@known_options
def gosh(
    yi: ArrayLike | PooledEffect,
    vi: ArrayLike | None = None,
    *,
    method: str | None = None,
    labels: Sequence[object] | None = None,
    budget: int = 1 << 20,
    sample: int | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> Gosh:
    """Pool every subset of the studies, or a random sample of the subsets.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` as `yi`, and no `vi`. Of a multilevel fit, such as
        `synthesize(dependence="che")` gives it, the subsets are of whole trials. A table of trials is one stratum,
        with the rows and the one value a trial that `synthesize` gives it by default.
    method : str, optional
        "EE", "DL" or "REML"; that of the `PooledEffect`, or "REML", if None.
    labels : sequence, length k, optional
        As in `pool`.
    budget : int
        All 2**k - 1 subsets are pooled if they are no more than this; else, unless `sample`
        says how many, that number of subsets is drawn; of trials with several effects no more than 16,384.
    sample : int, optional
        How many distinct subsets to draw, each as likely as any other; all of them if there are
        no more.
    seed : int, optional
        Of the draw; without it each call draws anew. The same seed gives the same subsets
        and numbers whatever the executor ("REML" up to rounding).
    executor : concurrent.futures.Executor, optional
        Threads, processes or ``dask.distributed.Client.get_executor()`` to share the work, up to 32 tasks
        at once; it is left open. An error in a task is raised as it is; an interrupt cancels those that wait.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Gosh
        Subsets in the order of their bit masks, a sample in the order drawn.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`, and for a single study.
    RequestError
        For an unknown option or value, a result that `pool` does not give, or a table of several strata.

    References
    ----------
    .. [1] Olkin, Dahabreh, Trikalinos. Research Synthesis Methods 3 (2012) 214. doi:10.1002/jrsm.1053

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> subsets = pdt.gosh([0.1, 0.2, 0.9], [0.05, 0.04, 0.06], method="EE", labels=["A", "B", "C"])
    >>> subsets.estimate.round(2).tolist()
    [0.1, 0.2, 0.16, 0.9, 0.46, 0.48, 0.36]
    >>> subsets.included("C").tolist()
    [False, False, False, True, True, True, True]
    """
    if is_table(yi):
        refuse_beside_table(vi=vi, labels=labels)
        chosen = one_stratum(yi, "gosh", method=method or "REML")
        found = gosh(
            chosen.fit, budget=budget, sample=sample, seed=seed, executor=executor, progress=progress
        )
        return replace(found, how=chosen.how)
    by_trial = yi if isinstance(yi, MultilevelEffect) else None
    if by_trial is not None:
        refuse_options(vi=vi, method=method, labels=labels)
    full = by_trial if by_trial is not None else pool_first(yi, vi, method, None, None, labels, "gosh")
    check_options(
        method=(full.method, Choice(GOSH_METHODS)),
        budget=(budget, Whole(least=1)),
        sample=(sample, Whole(least=1, or_none=True)),
        seed=(seed, SEED),
    )
    if by_trial is not None:
        most = budget if sample is not None else min(budget, MOST_BY_TRIAL)
        return _by_trial(by_trial, most, sample, seed, executor, progress)
    if full.k < 2:
        raise EvidenceError("gosh() needs at least two studies; one has no subsets but itself.")
    masks, complete = _subsets(full.k, budget, sample, seed)
    with progress_bar("subsets", len(masks), progress) as update:
        fits = pool_subsets(full.yi, full.vi, masks, full.method, executor, update)
    arrays: dict[str, Any] = {
        name: frozen(getattr(fits, name)) for name in ("k", "estimate", "tau2", "I2", "Q")
    }
    return Gosh(
        labels=full.labels, method=full.method, complete=complete, bitmask=frozen(masks), full=full, **arrays
    )


def _by_trial(
    fit: MultilevelEffect,
    budget: int,
    sample: int | None,
    seed: int | None,
    executor: Executor | None,
    progress: bool,
) -> Gosh:
    """Subsets of the trials of a multilevel fit, each fitted by its model."""
    clusters = clusters_of(fit)
    at_least_two(clusters.labels, "gosh", "pools subsets of the trials")
    masks, complete = _subsets(clusters.m, budget, sample, seed)
    held = np.stack([holds(masks, i) for i in range(clusters.m)], axis=1)
    found = refit(clusters, held, executor, progress)
    arrays: dict[str, Any] = {name: frozen(getattr(found, name)) for name in ("estimate", "tau2", "I2", "Q")}
    return Gosh(
        labels=clusters.labels, method="REML", complete=complete, bitmask=frozen(masks), full=fit,
        k=frozen(held.sum(axis=1)), **arrays,
    )  # fmt: skip


def _subsets(k: int, budget: int, sample: int | None, seed: int | None) -> tuple[NDArray[np.uint64], bool]:
    most = (1 << k) - 1
    if most <= (budget if sample is None else sample):
        return all_subsets(k), True
    return sample_subsets(k, sample or budget, np.random.default_rng(seed)), False


def _number_of(study: int | str, labels: tuple[str, ...]) -> int:
    if isinstance(study, str):
        if labels.count(study) != 1:
            why = "names several studies" if study in labels else "names no study"
            raise RequestError(f"{study!r} {why}. The labels are: {', '.join(labels)}.")
        return labels.index(study)
    if not 0 <= study < len(labels):
        raise RequestError(f"Study {study} is not there: they are numbered 0 to {len(labels) - 1}.")
    return int(study)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan
