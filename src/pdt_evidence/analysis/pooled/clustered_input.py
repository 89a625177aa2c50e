"""Effects in clusters as `pool_multilevel` is given them: every fault of effects, variances, clusters and V at once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.checks import (
    LARGEST,
    SMALLEST,
    fault_of_effect,
    fault_of_variance,
    numbers,
    require_workable,
)
from pdt_evidence.effects.dependence import positive_definite
from pdt_evidence.errors import EvidenceError
from pdt_evidence.formatting import counted
from pdt_evidence.models.nested import Blocks

__all__ = ["check_definite", "check_lengths", "checked", "given_blocks"]

Array = NDArray[np.float64]


def check_lengths(k: int, given: Mapping[str, Sequence[Any] | None]) -> None:
    """Raise one error for all that is carried along but has not one entry a row."""
    problems = [
        f"{name} has {len(values) if hasattr(values, '__len__') else 'no'} entries for {counted(k, 'row')}; each row "
        "needs one."
        for name, values in given.items()
        if values is not None and not (hasattr(values, "__len__") and len(values) == k)
    ]
    if problems:
        raise EvidenceError.from_problems(problems, "pool_multilevel()")


def checked(
    yi: ArrayLike, vi: ArrayLike, cluster: list[Any]
) -> tuple[Array, Array, list[Hashable], NDArray[np.intp]]:
    """Arrays, cluster names in order of appearance, and codes; every fault in one error."""
    (y, y_text), (v, v_text) = numbers(yi), numbers(vi)
    problems: list[str] = []
    if not y.shape == v.shape == (len(cluster),) or not cluster:
        shapes = f"{y.shape}, {v.shape} and ({len(cluster)},)"
        raise EvidenceError(f"yi, vi and cluster have the shapes {shapes}, but need one length, 1 or more.")
    doubtful = ~(np.abs(y) <= LARGEST) | ~(np.isfinite(v) & (v >= SMALLEST))  # most often none
    doubtful |= np.array(
        [name is None or type(name).__name__ == "NAType" or name != name for name in cluster]
    )
    for i in np.flatnonzero(doubtful).tolist():
        faults = [fault_of_effect(y[i], y_text.get(i)), fault_of_variance(v[i], v_text.get(i))]
        if cluster[i] is None or type(cluster[i]).__name__ == "NAType" or cluster[i] != cluster[i]:
            faults.append("its cluster is missing.")
        problems += [f"row {i + 1}: {fault}" for fault in faults if fault]
    if problems:
        raise EvidenceError.from_problems(problems, "pool_multilevel()")
    require_workable(y, v, "pool_multilevel()")
    found: dict[Hashable, int] = {}
    codes = np.array([found.setdefault(name, len(found)) for name in cluster], dtype=np.intp)
    return y, v, list(found), codes


def given_blocks(
    V: Mapping[Hashable, ArrayLike] | None,
    v: Array,
    names: list[Hashable],
    codes: NDArray[np.intp],
    rho: float | None,
) -> list[Array] | None:
    """The V of each cluster, in the order of the codes; every fault in one error."""
    if V is None:
        return None
    problems = ["Give rho or V, not both."] if rho is not None else []
    blocks = []
    for j, name in enumerate(names):
        size = int((codes == j).sum())
        block = np.asarray(V[name], dtype=float) if name in V else None
        if block is None or block.shape != (size, size):
            has = "is missing" if block is None else f"has the shape {block.shape}"
            problems.append(f"V of cluster {name!r} {has}, but its effects need ({size}, {size}).")
        elif not _close(block, block.T) or not _close(np.diag(block), v[codes == j]):
            problems.append(f"V of cluster {name!r} has to be symmetric with the vi on its diagonal.")
        else:
            blocks.append(block)
    if problems:
        raise EvidenceError.from_problems(problems)
    return blocks


def _close(values: Array, others: Array) -> bool:
    """As `np.allclose`, which takes longer than the fit of a small model where there are many clusters."""
    return bool((np.abs(values - others) <= 1e-8 + 1e-5 * np.abs(others)).all())


def check_definite(blocks: Blocks, rho: float | None, given: bool) -> None:
    what = "V" if given else f"rho = {rho}"
    largest = max(rows.shape[1] for rows, _ in blocks)
    for _, M in blocks:
        if not (np.isfinite(M).all() and positive_definite(M).all()):
            low = f"{-1 / (largest - 1):.4g}" if largest > 1 else "-1"
            raise EvidenceError(
                f"{what} does not give a positive definite sampling covariance; "
                f"with at most {largest} effects in a cluster, rho has to be above {low} and below 1."
            )
