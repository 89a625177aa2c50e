"""`pool_multilevel_many`: one set of rows in clusters under thousands of specifications, in one call.

A multiverse leaves rows out, takes other effects or variances for them, or another correlation of their
sampling errors; the clusters stay. All specifications are fitted together by the code of `pool_multilevel`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.checks import checked_arrays, require_workable
from pdt_evidence.analysis.progress import progress_bar
from pdt_evidence.arguments import shown
from pdt_evidence.effects.dependence import positive_definite
from pdt_evidence.errors import EvidenceError, known_options
from pdt_evidence.formatting import counted
from pdt_evidence.models.distributions import two_sided_p, two_sided_quantile
from pdt_evidence.models.multilevel import fit_reml_many
from pdt_evidence.models.nested import Blocks, nest_many, sampling_blocks, total_blocks
from pdt_evidence.models.robust import NOTHING, cr2_means
from pdt_evidence.models.tasks import in_order
from pdt_evidence.options import LEVEL, Choice, check_options
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["MultilevelArrays", "RobustMeans", "pool_multilevel_many"]

Array = NDArray[np.float64]
TESTS = ("t", "z")
AT_ONCE = 100_000  # rows of specifications fitted together: what stays in the cache


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RobustMeans(Brief):
    """Cluster-robust (CR2) inference on each mean; NaN where it has nothing to stand on, as with one cluster."""

    se: Array
    statistic: Array
    df: Array
    p: Array
    ci: Array


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MultilevelArrays(Brief):
    """The names of `MultilevelEffect`, arrays of shape (n,); `ci` and `sigma2` have the shape (n, 2).

    `sigma2` is (between clusters, within clusters): between is NaN where there is one cluster, within is 0
    where no cluster has two effects. Everything is NaN where no row is present.
    """

    k: NDArray[np.intp]
    n_clusters: NDArray[np.intp]
    rho: Array
    estimate: Array
    se: Array
    statistic: Array
    df: Array
    p: Array
    ci: Array
    sigma2: Array
    tau2: Array
    log_likelihood: Array
    robust: RobustMeans


@known_options
def pool_multilevel_many(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: Iterable[Hashable],
    *,
    rho: ArrayLike | None = None,
    V: ArrayLike | None = None,
    test: str = "t",
    level: float = 0.95,
    executor: Executor | None = None,
    progress: bool = False,
) -> MultilevelArrays:
    """Pool the same clustered rows under many specifications, by three-level REML with CR2 beside it.

    Parameters
    ----------
    yi, vi : array_like, shapes (n, k), or (k,) where all specifications share them
        Effects and sampling variances, a specification on each row; NaN in either, or an infinite variance,
        leaves that effect out of that specification.
    cluster : sequence, length k
        The trial (or other unit) of each effect, the same in all specifications.
    rho : array_like, shape () or (n,), optional
        Correlation between the sampling errors of a cluster (CHE); None takes them as independent.
    V : array_like, shape (k, k) or (n, k, k), optional
        Sampling covariances, the same in all specifications or one matrix for each, instead of `rho`. Those within
        clusters are read; the variances are `vi`.
    test, level
        As in `pool_multilevel`.
    executor : concurrent.futures.Executor, optional
        Threads, processes or ``dask.distributed.Client.get_executor()`` to share the work, with the same numbers; it
        is left open.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    MultilevelArrays
        Entry i is what `pool_multilevel` gives for the rows of specification i, without the intervals of the
        variances, the likelihood-ratio tests and the prediction interval, which cost more than the rest. `rho` is NaN
        where V was given.

    Raises
    ------
    EvidenceError
        For shapes that do not fit, a missing cluster, values that are not numbers, infinite effects,
        variances not above 0, and a `rho` outside of what keeps the sampling covariance positive definite;
        every position is listed. For a `V` that does not fit or is not positive definite.
    RequestError
        For an unknown option or value.

    References
    ----------
    .. [1] Konstantopoulos (2011), Research Synthesis Methods 2, 61. doi:10.1002/jrsm.35
    .. [2] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.1, 0.3, 0.5, 0.2, 0.6], [0.04] * 5
    >>> many = pdt.pool_multilevel_many(yi, vi, ["a", "a", "b", "b", "c"], rho=[0.0, 0.6])
    >>> many.estimate.round(4).tolist(), many.robust.df.round(2).tolist()
    ([0.3456, 0.3607], [1.85, 1.95])
    """
    check_options(test=(test, Choice(TESTS)), level=(level, LEVEL))
    y, v, codes, r = _checked(yi, vi, list(cluster), rho)
    order = np.argsort(codes, kind="stable")
    given = None if V is None else _checked_covariance(V, rho, codes, len(y))[:, order[:, None], order]
    codes = codes[order]
    absent = ~(np.isfinite(y) & np.isfinite(v))
    y, v = (np.where(absent, np.nan, part)[:, order] for part in (y, v))
    if given is None:
        _check_rho(np.isfinite(y), codes, r)
    else:
        r = np.full(len(y), np.nan)
    step = max(1, AT_ONCE // y.shape[1])
    slices = (
        (y[i : i + step], v[i : i + step], r[i : i + step], None if given is None else given[i : i + step])
        for i in range(0, len(y), step)
    )
    parts = []
    with (
        progress_bar("specifications", len(y), progress) as update,
        in_order(partial(_fit, codes), slices, executor) as fits,
    ):
        for part in fits:
            parts.append(part)
            if update:
                update(len(part[0]))
    found = [np.concatenate(part) for part in zip(*parts, strict=True)]
    k, n_clusters, mu, variance, sigma2, log_likelihood, se, df = found
    own_df = np.where((n_clusters > 1) & (test == "t"), n_clusters - 1.0, np.nan)
    own = _inference(mu, np.sqrt(variance), own_df, level)
    # NaN degrees of freedom are the normal's: a robust df that is not known must not turn into it.
    robust = _inference(np.where(np.isnan(se), np.nan, mu), se, df, level)
    return MultilevelArrays(
        k=k, n_clusters=n_clusters, rho=r, estimate=mu, se=own.se, statistic=own.statistic, df=own.df,
        p=own.p, ci=own.ci, sigma2=np.where((n_clusters == 1)[:, None] & [True, False], np.nan, sigma2),
        tau2=sigma2.sum(axis=1), log_likelihood=log_likelihood, robust=robust,
    )  # fmt: skip


def _fit(codes: NDArray[np.intp], piece: tuple[Array, Array, Array, Array | None]) -> tuple[Array, ...]:
    """All arrays of a slice of specifications, rows sorted by cluster."""
    y, v, rho, V = piece
    present = np.isfinite(y)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    m, k = len(starts), present.sum(axis=1)
    n_clusters = np.logical_or.reduceat(present, starts, axis=1).sum(axis=1)
    some = np.flatnonzero(k)
    whole = [np.full((len(y), *shape), np.nan) for shape in ((), (), (2,), (), (), ())]
    if len(some):
        y, v, rho = y[some], v[some], rho[some]
        blocks = (
            _blocks(v, codes + m * np.arange(len(some))[:, None], rho)
            if V is None
            else _given(v, starts, V[some])
        )
        nested = nest_many(y, blocks, starts)
        free = np.stack([n_clusters[some] > 1, n_clusters[some] < k[some]], axis=-1)
        peaks = fit_reml_many(nested, free)
        total = total_blocks(blocks, peaks.sigma2, y.shape[1])
        se, df = cr2_means(y - peaks.mu[:, None], total, peaks.variance)
        unsure = ~(se > NOTHING * np.sqrt(peaks.variance))
        se, df = (np.where(unsure, np.nan, part) for part in (se, df))
        value = np.where(k[some] > 1, peaks.log_likelihood, np.nan)
        sigma2 = np.where((k[some] > 1)[:, None], peaks.sigma2, np.nan)
        for part, values in zip(whole, (peaks.mu, peaks.variance, sigma2, value, se, df), strict=True):
            part[some] = values
    return (k, n_clusters, *whole)


def _blocks(v: Array, codes: NDArray[np.intp], rho: Array) -> Blocks:
    """Sampling covariances of the present rows; rows number the values of ``v.ravel()``."""
    where = np.flatnonzero(np.isfinite(v))
    correlation = np.repeat(rho, np.isfinite(v).sum(axis=1))
    found = sampling_blocks(v.ravel()[where], codes.ravel()[where], correlation)
    return [(where[rows], V) for rows, V in found]


def _given(v: Array, starts: NDArray[np.intp], V: Array) -> Blocks:
    """The same with covariances (n, k, k) that are given: those of the rows of a cluster that are present."""
    k = v.shape[1]
    present = np.isfinite(v)
    by_size: dict[int, Blocks] = {}
    for start, stop in zip(starts, [*starts[1:], k], strict=True):
        patterns, which = np.unique(present[:, start:stop], axis=0, return_inverse=True)
        for at, pattern in enumerate(patterns):
            columns = start + np.flatnonzero(pattern)
            if not len(columns):
                continue
            own = np.flatnonzero(which.reshape(-1) == at)
            rows = own[:, None] * k + columns
            block = V[own[:, None, None], columns[:, None], columns]
            block[:, np.arange(len(columns)), np.arange(len(columns))] = v.ravel()[rows]
            if not positive_definite(block).all():
                raise EvidenceError("V, with vi on its diagonal, is not positive definite within clusters.")
            by_size.setdefault(len(columns), []).append((rows, block))
    return [
        (np.concatenate([rows for rows, _ in parts]), np.concatenate([block for _, block in parts]))
        for parts in by_size.values()
    ]


def _checked_covariance(V: ArrayLike, rho: ArrayLike | None, codes: NDArray[np.intp], n: int) -> Array:
    """V as an array, one matrix a specification, with nothing between clusters."""
    problems = ["Give rho or V, not both."] if rho is not None else []
    try:
        found = np.asarray(V, dtype=float)
    except (TypeError, ValueError):
        raise EvidenceError(
            f"V holds values that are no numbers; expected a matrix {(len(codes),) * 2}."
        ) from None
    one = (len(codes), len(codes))
    if found.shape not in (one, (n, *one)):
        problems.append(
            f"V has the shape {found.shape}, but needs {one}, a row and column an effect, or {(n, *one)}."
        )
    elif not np.isfinite(found).all() or not np.allclose(found, np.swapaxes(found, -1, -2)):
        problems.append("V has to be symmetric, and all of its values finite.")
    if problems:
        raise EvidenceError.from_problems(problems, "pool_multilevel_many()")
    return np.broadcast_to(np.where(codes[:, None] == codes, found, 0.0), (n, *one))


def _inference(mu: Array, se: Array, df: Array, level: float) -> RobustMeans:
    """Inference by t with `df` degrees of freedom; by the standard normal where `df` is NaN."""
    half = two_sided_quantile(level, df) * se
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = np.where(se > 0, mu / se, np.nan)
    return RobustMeans(
        se=se,
        statistic=statistic,
        df=df,
        p=np.asarray(two_sided_p(statistic, df)),
        ci=np.stack([mu - half, mu + half], axis=-1),
    )


def _checked(
    yi: ArrayLike, vi: ArrayLike, cluster: list[Hashable], rho: ArrayLike | None
) -> tuple[Array, Array, NDArray[np.intp], Array]:
    """yi and vi of shape (n, k), cluster codes (k,) and rho (n,)."""
    y, v, _ = checked_arrays(yi, vi, "pool_multilevel_many()")
    require_workable(y, v, "pool_multilevel_many()")
    r = np.asarray(0.0 if rho is None else rho, dtype=float)
    problems = []
    if y.ndim > 2:
        problems.append(f"yi and vi have the shape {y.shape}, but need (n, k) or (k,).")
    if y.shape[-1] != len(cluster):
        problems.append(
            f"cluster has {counted(len(cluster), 'entry')} for {counted(y.shape[-1], 'row')}; each row needs one."
        )
    for i, name in enumerate(cluster):
        if not isinstance(name, Hashable):
            problems.append(f"row {i + 1}: its cluster is {shown(name)}, but must be a name or a number.")
        elif name is None or type(name).__name__ == "NAType" or name != name:
            problems.append(f"row {i + 1}: its cluster is missing.")
    n = len(y) if y.ndim == 2 else (r.size if r.ndim else 1)
    if r.ndim > 1 or (r.ndim == 1 and len(r) not in (1, n)):
        problems.append(f"rho has the shape {r.shape}, but needs one value, or one for each of {n}.")
    if problems:
        raise EvidenceError.from_problems(problems, "pool_multilevel_many()")
    codes: dict[Hashable, int] = {}
    numbered = np.array([codes.setdefault(name, len(codes)) for name in cluster], dtype=np.intp)
    shape = (n, len(cluster))
    return np.broadcast_to(y, shape), np.broadcast_to(v, shape), numbered, np.broadcast_to(r, (n,)).copy()


def _check_rho(present: NDArray[np.bool_], codes: NDArray[np.intp], rho: Array) -> None:
    """Raise one error for every rho that gives a covariance that is not positive definite."""
    largest = np.add.reduceat(present, np.flatnonzero(np.diff(codes, prepend=-1)), axis=1, dtype=int).max(
        axis=1
    )
    low = np.where(largest > 1, -1.0 / np.maximum(largest - 1, 1), -np.inf)
    bad = ~(np.isfinite(rho) & ((largest < 2) | ((rho > low + 1e-12) & (rho < 1 - 1e-12))))
    problems = [
        f"rho[{i}] = {rho[i]:g} does not give a positive definite sampling covariance; with at most "
        f"{counted(largest[i], 'effect')} in a cluster, it has to be above {max(low[i], -1.0):.4g} and below 1."
        for i in np.flatnonzero(bad)
    ]
    if problems:
        raise EvidenceError.from_problems(problems, "pool_multilevel_many()")
