"""`vcalc`: how the sampling errors of rows go together that come from the same persons."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.checks import fault_of_variance, numbers
from pdt_evidence.errors import EvidenceError, known_options
from pdt_evidence.formatting import counted
from pdt_evidence.models.multivariate import sampling_correlations
from pdt_evidence.options import RHO, check_options

__all__ = ["codes_by_appearance", "vcalc"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@known_options
def vcalc(
    vi: ArrayLike,
    cluster: Iterable[Hashable],
    *,
    outcome: Iterable[Hashable] | None = None,
    measurement: Iterable[Hashable] | None = None,
    time: ArrayLike | None = None,
    arm_t: Iterable[Hashable] | None = None,
    arm_c: Iterable[Hashable] | None = None,
    n_t: ArrayLike | None = None,
    n_c: ArrayLike | None = None,
    rho: float = 0.6,
    rho_outcomes: float | None = None,
    phi: float | None = None,
) -> Array:
    """Sampling covariances of rows that come from the same persons.

    Parameters
    ----------
    vi : array_like, shape (k,)
        Sampling variances.
    cluster : sequence, length k
        The trial of each row; rows of different trials are independent.
    outcome, measurement : sequence, length k, optional
        What was measured, and by which instrument or as which row. Two measurements of one outcome correlate by `rho`,
        two outcomes by `rho_outcomes` (`rho` without it). With none of these nor `time` and arms every row is a
        measurement of its own.
    time : array_like, shape (k,), optional
        When, in any unit: correlations fall by `phi` a unit.
    arm_t, arm_c, n_t, n_c : sequence, length k, optional
        The two arms of each row and their persons: contrasts of one trial that share an arm are correlated by that.
    rho, rho_outcomes, phi : float
        Correlations of two measurements of the same persons, of two outcomes, and of one unit of time apart.

    Returns
    -------
    ndarray, shape (k, k)
        As metafor's `vcalc` with `type` = outcome, `obs` = measurement, `grp1` and `grp2` = arms, `w1` and `w2` = n.

    Raises
    ------
    EvidenceError
        For unequal lengths and variances that are not above 0; `time` without `phi`, one arm without the other.

    References
    ----------
    .. [1] Borenstein M, Hedges LV, Higgins JPT, Rothstein HR. Introduction to meta-analysis. Wiley, 2009, ch. 24.
       doi:10.1002/9780470743386.ch24

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> V = pdt.vcalc([0.04, 0.09, 0.04], ["a", "a", "b"], rho=0.5)
    >>> V.round(3).tolist()
    [[0.04, 0.03, 0.0], [0.03, 0.09, 0.0], [0.0, 0.0, 0.04]]
    """
    check_options(rho=(rho, RHO))
    variances = _variances(vi)
    k = len(variances)
    given = {
        "cluster": cluster,
        "outcome": outcome,
        "measurement": measurement,
        "arm_t": arm_t,
        "arm_c": arm_c,
    }
    words = {name: list(value) for name, value in given.items() if value is not None}
    told = {"time": time, "n_t": n_t, "n_c": n_c}
    amounts = {
        name: np.asarray(value, dtype=float).ravel() for name, value in told.items() if value is not None
    }
    _check_columns(k, words, amounts, {"rho_outcomes": rho_outcomes, "phi": phi})
    own = not (set(words) - {"cluster"} or amounts)
    measured = list(range(k)) if own else words.get("measurement", [0] * k)
    sides = codes_by_appearance([*words["arm_t"], *words["arm_c"]]) if "arm_t" in words else None
    correlation = sampling_correlations(
        codes_by_appearance(words["cluster"]),
        codes_by_appearance(words.get("outcome", [0] * k)),
        codes_by_appearance(measured),
        None if sides is None else (sides[:k], sides[k:]),
        (amounts["n_t"], amounts["n_c"]) if "n_t" in amounts else None,
        amounts.get("time"),
        rho,
        rho if rho_outcomes is None else rho_outcomes,
        1.0 if phi is None else phi,
    )
    root = np.sqrt(variances)
    return np.where(np.eye(k, dtype=bool), variances, correlation * np.outer(root, root))


def _check_columns(
    k: int, words: dict[str, list[Hashable]], amounts: dict[str, Array], correlations: dict[str, float | None]
) -> None:
    """Every fault of what `vcalc` was given, in one error."""
    every = {**words, **amounts}
    problems = [
        f"{name} has {counted(len(x), 'value')} for {counted(k, 'row')}."
        for name, x in every.items()
        if len(x) != k
    ]
    if "time" in every and correlations["phi"] is None:
        problems.append("time needs phi, the correlation over one unit of time.")
    for one, other in (("arm_t", "arm_c"), ("n_t", "n_c")):
        if (one in every) != (other in every):
            problems.append(f"{one} and {other} are needed together.")
    if "n_t" in every and "arm_t" not in every:
        problems.append("n_t and n_c need arm_t and arm_c.")
    for name in ("n_t", "n_c"):
        if name in amounts and not (amounts[name] > 0).all():
            problems.append(f"{name} has to be above 0 in each row.")
    for name, r in correlations.items():
        if r is not None and not -1 <= r <= 1:
            problems.append(f"{name} = {r!r} has to lie between -1 and 1.")
    if problems:
        raise EvidenceError.from_problems(problems, "vcalc()")


def _variances(vi: ArrayLike) -> Array:
    values, text = numbers(vi)
    if values.ndim != 1 or not len(values):
        raise EvidenceError("vcalc(): vi has to be a list of one or more variances.")
    problems = [
        f"row {i + 1}: {fault}"
        for i, value in enumerate(values)
        if (fault := fault_of_variance(value, text.get(i)))
    ]
    if problems:
        raise EvidenceError.from_problems(problems, "vcalc()")
    return values


def codes_by_appearance(values: Sequence[Hashable]) -> Codes:
    """One number for each different value, from 0, in order of appearance."""
    found: dict[Hashable, int] = {}
    return np.array([found.setdefault(value, len(found)) for value in values], dtype=np.intp)
