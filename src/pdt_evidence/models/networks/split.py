"""Direct against indirect evidence, comparison by comparison.

All matrices are row minus column, shape (T, T); NaN where there is no such evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from pdt_evidence.models.networks.flow import connected_parts
from pdt_evidence.models.networks.model import Floats, StudyBlock, consistency_model, contrast_matrices, solve
from pdt_evidence.showing import Brief

__all__ = ["Evidence", "back_calculation", "direct_evidence", "separate_designs", "split_test"]

ALL_DIRECT = 1e-10  # a share of 1 up to rounding leaves no indirect evidence


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evidence(Brief):
    """Estimates, their standard errors, and how many studies give them (direct ones only)."""

    estimates: Floats
    standard_errors: Floats
    k: NDArray[np.int64]


def direct_evidence(blocks: Sequence[StudyBlock], n_treatments: int, tau2: float) -> Evidence:
    """Each comparison pooled over the studies that make it, with the network's tau2.

    A multi-arm study enters each of its comparisons with that comparison's own variance.
    """
    shape = (n_treatments, n_treatments)
    weight, total, k = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    for block in blocks:
        pairs = np.ix_(block.arms, block.arms)
        with np.errstate(divide="ignore"):
            wi = np.where(np.eye(len(block.arms)) > 0, 0.0, 1 / (block.variances + tau2))
        weight[pairs] += wi
        total[pairs] += wi * (block.effects[:, None] - block.effects[None, :])
        k[pairs] += wi > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        return Evidence(np.where(k > 0, total / weight, np.nan), np.where(k > 0, weight**-0.5, np.nan), k)


def back_calculation(mixed: Evidence, direct: Evidence) -> tuple[Evidence, Floats]:
    """Indirect evidence as what the mixed estimate holds beyond the direct one.

    Returns
    -------
    indirect : Evidence
        NaN where all evidence is direct; the mixed evidence where none is.
    share : ndarray, shape (T, T)
        Share of direct evidence, mixed variance over direct variance; 0 where there is none.

    References
    ----------
    .. [1] König J, Krahn U, Binder H. Statistics in Medicine 32 (2013) 5414. doi:10.1002/sim.6001
    .. [2] Dias S et al. Statistics in Medicine 29 (2010) 932. doi:10.1002/sim.3767
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(direct.k > 0, (mixed.standard_errors / direct.standard_errors) ** 2, 0.0)
        share = np.where(share > 1 - ALL_DIRECT, 1.0, share)
        known = np.where(direct.k > 0, direct.estimates, 0.0)
        estimates = np.where(share < 1, (mixed.estimates - share * known) / (1 - share), np.nan)
        errors = np.where(share < 1, mixed.standard_errors / np.sqrt(1 - share), np.nan)
    np.fill_diagonal(share, np.nan)
    return Evidence(estimates, errors, np.zeros_like(direct.k)), share


def separate_designs(blocks: Sequence[StudyBlock], direct: Evidence, tau2: float) -> Evidence:
    """Indirect evidence of the network without any study that makes the comparison (SIDDE).

    tau2 stays that of the whole network; NaN where what is left does not connect the two.
    """
    size = len(direct.k)
    estimates, errors = np.full((size, size), np.nan), np.full((size, size), np.nan)
    for i, j in combinations(range(size), 2):
        rest = [block for block in blocks if not {i, j} <= set(block.design)]
        part = next(part for part in connected_parts(rest, size) if i in part)
        if j not in part:
            continue
        place = {treatment: position for position, treatment in enumerate(part)}
        inside = [
            StudyBlock(b.label, np.array([place[int(arm)] for arm in b.arms]), b.effects, b.variances)
            for b in rest
            if int(b.arms[0]) in place
        ]
        matrices = contrast_matrices(solve(consistency_model(inside, len(part)), tau2))
        for target, matrix in zip((estimates, errors), matrices, strict=True):
            target[i, j], target[j, i] = matrix[place[i], place[j]], matrix[place[j], place[i]]
    return Evidence(estimates, errors, np.zeros_like(direct.k))


def split_test(direct: Evidence, indirect: Evidence) -> tuple[Floats, Floats, Floats]:
    """Direct minus indirect, its standard error, and the two-sided p; NaN where one is missing."""
    apart = np.where(direct.k > 0, direct.estimates - indirect.estimates, np.nan)
    se = np.where(direct.k > 0, np.hypot(direct.standard_errors, indirect.standard_errors), np.nan)
    return apart, se, 2 * ndtr(-np.abs(apart / se))
