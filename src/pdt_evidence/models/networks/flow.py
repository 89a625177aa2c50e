"""The network as a graph: its parts, its Laplacian, and what each comparison contributes.

A comparison's weight is a conductance; the evidence for a against b is then the current
that flows from a to b. A multi-arm study is a set of edges whose conductances together
have exactly its covariance (the pseudo-inverse of its Laplacian gives the variances).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from pdt_evidence.models.networks.model import Floats, StudyBlock

__all__ = [
    "PATHS",
    "connected_parts",
    "contributions",
    "contributions_by_shortest_paths",
    "evidence_flow",
    "network_laplacian",
    "study_laplacian",
]

NEGLIGIBLE = 1e-12  # share of the unit current below which an edge carries nothing but rounding


def connected_parts(blocks: Sequence[StudyBlock], n_treatments: int) -> list[list[int]]:
    """The treatments that studies connect, part by part; one part is what a network needs."""
    part = list(range(n_treatments))
    for block in blocks:
        joined = {part[arm] for arm in block.arms}
        part = [min(joined) if own in joined else own for own in part]
    return [[i for i in range(n_treatments) if part[i] == label] for label in sorted(set(part))]


def study_laplacian(variances: Floats, tau2: float) -> Floats:
    """Laplacian of one study's conductances, shape (m, m); tau2 is added to every difference.

    References
    ----------
    .. [1] Rücker G. Research Synthesis Methods 3 (2012) 312. doi:10.1002/jrsm.1058
    """
    m = len(variances)
    centre = np.eye(m) - 1 / m
    total = variances + tau2 * (1 - np.eye(m))
    return np.asarray(np.linalg.pinv(-0.5 * centre @ total @ centre, hermitian=True), dtype=np.float64)


def network_laplacian(blocks: Sequence[StudyBlock], n_treatments: int, tau2: float) -> Floats:
    """Sum of the studies' Laplacians, shape (T, T)."""
    laplacian = np.zeros((n_treatments, n_treatments))
    for block in blocks:
        laplacian[np.ix_(block.arms, block.arms)] += study_laplacian(block.variances, tau2)
    return laplacian


def evidence_flow(laplacian: Floats) -> Floats:
    """Current on every edge for every comparison, shape (T, T, T, T).

    Entry [a, b, i, j] is the hat-matrix weight of the direct comparison i against j in
    the network estimate of a against b: the part of the unit current that goes from i to j.
    """
    inverse = np.linalg.pinv(laplacian, hermitian=True)
    conductance = -laplacian * (1 - np.eye(len(laplacian)))
    potential = inverse[:, None, :] - inverse[None, :, :]  # [a, b, node]
    return conductance * (potential[..., :, None] - potential[..., None, :])


def contributions(laplacian: Floats) -> Floats:
    """Share that each direct comparison has in each network estimate, shape (T, T, T, T).

    A random walker follows the current from a to b; a path's probability is divided
    evenly among its edges. Summed over all paths by their lengths, not one by one.
    Entries [a, b, i, j] with i < j add up to 1 for every a, b; other i, j are 0.

    References
    ----------
    .. [1] Davies AL et al. Statistics in Medicine 41 (2022) 2091. doi:10.1002/sim.9346
    """
    flow = evidence_flow(laplacian)
    size = len(laplacian)
    inverse = np.linalg.pinv(laplacian, hermitian=True)
    shares = np.zeros_like(flow)
    for a, b in combinations(range(size), 2):
        potential = inverse[a] - inverse[b]
        walked = _walk(np.where(flow[a, b] > NEGLIGIBLE, flow[a, b], 0.0), np.argsort(-potential), a, b)
        shares[a, b] = shares[b, a] = np.triu(walked + walked.T, 1)
    return shares


def _walk(flow: Floats, downhill: np.ndarray, start: int, end: int) -> Floats:
    """Shares of the edges for one comparison; current only runs `downhill`, so there is no cycle."""
    size = len(flow)
    out = flow.sum(axis=1, keepdims=True)
    step = np.divide(flow, out, out=np.zeros_like(flow), where=out > 0)
    step[end] = 0.0
    come, go = np.zeros((size, size)), np.zeros((size, size))  # [node, steps taken], [node, steps to go]
    come[start, 0] = go[end, 0] = 1.0
    for node in downhill:
        come[:, 1:] += step[node][:, None] * come[node, :-1]
    for node in downhill[::-1]:
        if node != end:
            go[node, 1:] = step[node] @ go[:, :-1]
    steps = np.arange(size)
    per_edge = 1 / (steps[:, None] + 1 + steps[None, :])  # length of a path through the edge
    return step * np.einsum("is,st,jt->ij", come, per_edge, go)


def contributions_by_shortest_paths(laplacian: Floats) -> Floats:
    """As `contributions`, taking the flow apart one shortest path after the other.

    Each time the path of fewest edges takes as much of the current as its narrowest edge carries, divided evenly among
    its edges. Of paths of equal length the one along the stronger currents is taken; netmeta takes any, so that single
    shares may differ a little from its own.

    References
    ----------
    .. [1] Papakonstantinou and others (2018), as netmeta's `netcontrib(method="shortestpath")` has it.
    """
    flow = evidence_flow(laplacian)
    shares = np.zeros_like(flow)
    for a, b in combinations(range(len(laplacian)), 2):
        left, taken = np.where(flow[a, b] > NEGLIGIBLE, flow[a, b], 0.0), np.zeros_like(laplacian)
        while path := _shortest(left, a, b):
            edges = tuple(np.array(side) for side in zip(*path, strict=True))
            through = left[edges].min()
            taken[edges] += through / len(path)
            left[edges] = np.where(left[edges] - through > NEGLIGIBLE, left[edges] - through, 0.0)
        shares[a, b] = shares[b, a] = np.triu(taken + taken.T, 1)
    return shares


def _shortest(flow: Floats, start: int, end: int) -> list[tuple[int, int]]:
    """The edges of a shortest path along the current; none where there is no path."""
    before, reached = {start: start}, [start]
    while reached and end not in before:
        found = []
        for node in reached:
            ahead = np.flatnonzero(flow[node] > 0)
            for other in ahead[np.argsort(-flow[node][ahead], kind="stable")].tolist():
                if other not in before:
                    before[other] = node
                    found.append(other)
        reached = found
    path = []
    node = end
    while node in before and node != start:
        path.append((before[node], node))
        node = before[node]
    return path[::-1]


PATHS = {"random walk": contributions, "shortest path": contributions_by_shortest_paths}
