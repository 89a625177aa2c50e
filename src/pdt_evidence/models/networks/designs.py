"""Where a network disagrees with itself: Q within and between designs, and the net heat.

A design is the set of treatments that a study compares. The saturated model gives every
design effects of its own; consistency says that they are all differences of the same
treatment effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from pdt_evidence.models.networks.model import (
    Floats,
    StudyBlock,
    consistency_model,
    diagonal_form,
    incidence,
    solve,
    tau2_dl,
)
from pdt_evidence.showing import Brief

__all__ = ["DesignQ", "NetHeat", "QTest", "decompose_Q", "design_list", "net_heat"]

Design = tuple[int, ...]


@dataclass(frozen=True, slots=True, repr=False)
class QTest(Brief):
    """A sum of squares, its degrees of freedom, and p (NaN without any)."""

    Q: float
    df: int
    p: float


@dataclass(frozen=True, slots=True, repr=False)
class DesignQ(Brief):
    """Q of the whole network, split; every term but `interaction` is of the fixed model.

    Attributes
    ----------
    total, within, between : QTest
        total = within designs + between designs.
    by_design : dict of design to QTest
        The part of `within` that each design has.
    interaction : QTest
        Between designs, under random effects with the tau2 of the saturated model
        (`tau2_within`, by moments): the full design-by-treatment interaction test. NaN
        where no design has studies enough to tell that tau2.

    References
    ----------
    .. [1] Higgins JPT et al. Research Synthesis Methods 3 (2012) 98. doi:10.1002/jrsm.1044
    .. [2] Krahn U, Binder H, König J. BMC Medical Research Methodology 13 (2013) 35.
       doi:10.1186/1471-2288-13-35
    """

    total: QTest
    within: QTest
    between: QTest
    by_design: dict[Design, QTest]
    interaction: QTest
    tau2_within: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NetHeat(Brief):
    """How each design's disagreement changes when another design is let go.

    Attributes
    ----------
    designs : tuple of design
    Q : ndarray, shape (D,)
        Residual Q of each design under consistency.
    heat : ndarray, shape (D, D)
        Q of the row's design minus what remains when the column's design has effects of
        its own: above 0, the column's design is what the row's disagrees with.
    hat : ndarray, shape (R, R)
        Weight of each designs' contrast (column) in the network's estimate of the row's.
    rows : tuple of (design, arm, first arm)
        What the rows and columns of `hat` are.
    """

    designs: tuple[Design, ...]
    Q: Floats
    heat: Floats
    hat: Floats
    rows: tuple[tuple[Design, int, int], ...]


def design_list(blocks: Sequence[StudyBlock]) -> list[Design]:
    """The designs there are: fewest arms first, then by treatment."""
    return sorted({block.design for block in blocks}, key=lambda design: (len(design), design))


def q_test(Q: float, df: int) -> QTest:
    """Q against chi-squared; a Q of rounding alone is 0."""
    if df < 1:
        return QTest(0.0, 0, np.nan)
    return QTest(max(Q, 0.0), df, float(chdtrc(df, max(Q, 0.0))))


def decompose_Q(blocks: Sequence[StudyBlock], n_treatments: int) -> DesignQ:
    """Split Q into within and between designs, and test consistency under random effects."""
    by_design = {}
    for design in design_list(blocks):
        own = diagonal_form(*_saturated([block for block in blocks if block.design == design], [design]))
        by_design[design] = q_test(solve(own, 0.0).Q, own.df)
    together = consistency_model(blocks, n_treatments)
    saturated = diagonal_form(*_saturated(blocks, list(by_design)))
    total, within = solve(together, 0.0).Q, sum(test.Q for test in by_design.values())
    df_between = together.df - saturated.df
    tau2_within = tau2_dl(saturated)
    interaction = QTest(np.nan, df_between, np.nan)
    if not np.isnan(tau2_within):
        apart = solve(together, tau2_within).Q - solve(saturated, tau2_within).Q
        interaction = q_test(apart, df_between)
    return DesignQ(
        total=q_test(total, together.df),
        within=q_test(within, saturated.df),
        between=q_test(total - within, df_between),
        by_design=by_design,
        interaction=interaction,
        tau2_within=tau2_within,
    )


def net_heat(blocks: Sequence[StudyBlock], n_treatments: int, tau2: float = 0.0) -> NetHeat:
    """The matrix behind a net heat plot, one row and column a design (see `NetHeat`).

    References
    ----------
    .. [1] Krahn U, Binder H, König J. BMC Medical Research Methodology 13 (2013) 35.
       doi:10.1186/1471-2288-13-35
    """
    pooled, covariances = _pool_designs(blocks, tau2)
    X = np.vstack([incidence(block, n_treatments) for block in pooled])
    y = np.concatenate([block.effects[1:] for block in pooled])
    sizes = [len(block.arms) - 1 for block in pooled]
    slices = [slice(end - size, end) for end, size in zip(np.cumsum(sizes), sizes, strict=True)]
    precision = np.zeros((len(y), len(y)))
    for place, cov in zip(slices, covariances, strict=True):
        precision[place, place] = np.linalg.inv(cov)

    def residual_Q(columns: Floats) -> Floats:
        # The pseudo-inverse: a design let go may leave a treatment with no other evidence.
        beta = np.linalg.pinv(columns.T @ precision @ columns, hermitian=True) @ columns.T @ precision @ y
        left = y - columns @ beta
        return np.array([left[place] @ precision[place, place] @ left[place] for place in slices])

    Q = residual_Q(X)
    heat = np.empty((len(pooled), len(pooled)))
    for column, place in enumerate(slices):
        free = np.zeros((len(y), sizes[column]))
        free[place] = np.eye(sizes[column])
        heat[:, column] = Q - residual_Q(np.hstack([X, free]))
    hat = X @ np.linalg.pinv(X.T @ precision @ X, hermitian=True) @ X.T @ precision
    rows = tuple((block.design, int(arm), int(block.arms[0])) for block in pooled for arm in block.arms[1:])
    return NetHeat(tuple(block.design for block in pooled), Q, heat, hat, rows)


def _saturated(
    blocks: Sequence[StudyBlock], designs: Sequence[Design]
) -> tuple[Sequence[StudyBlock], list[Floats]]:
    """Each design's effects against its first treatment as columns of their own."""
    starts = np.concatenate([[0], np.cumsum([len(design) - 1 for design in designs])])
    rows = []
    for block in blocks:
        position = designs.index(block.design)
        within = np.zeros((len(block.arms), starts[-1]))
        for row, arm in enumerate(block.arms):
            place = block.design.index(int(arm))
            if place:
                within[row, starts[position] + place - 1] = 1.0
        rows.append(within[1:] - within[0])
    return blocks, rows


def _pool_designs(blocks: Sequence[StudyBlock], tau2: float) -> tuple[list[StudyBlock], list[Floats]]:
    """One block a design with its pooled effects, and their covariance."""
    pooled, covariances = [], []
    for design in design_list(blocks):
        own = diagonal_form(*_saturated([block for block in blocks if block.design == design], [design]))
        solution = solve(own, tau2)
        arms = np.array(design, dtype=np.intp)
        effects = np.concatenate([[0.0], solution.beta])
        pooled.append(StudyBlock("", arms, effects, np.zeros((len(arms), len(arms)))))
        covariances.append(solution.cov)
    return pooled, covariances
