"""From a standardised mean difference to people: responders, numbers needed to treat, overlap of two arms.

Each takes effects `d`, above 0 where arm 1 does better, of any shape; a normal outcome of one variance in both
arms is assumed throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

__all__ = [
    "mean_response_rate",
    "nnt_without_rate",
    "number_needed",
    "overlap",
    "response_rate",
    "superiority",
    "u3",
]

Floats = NDArray[np.float64]


def response_rate(d: ArrayLike, control_rate: ArrayLike) -> Floats:
    """Rate of responders in arm 1 where it is `control_rate` in the control arm.

    References
    ----------
    .. [1] Furukawa TA, Leucht S. PLoS ONE (2011). doi:10.1371/journal.pone.0019070
    """
    d, control_rate = np.asarray(d, dtype=float), np.asarray(control_rate, dtype=float)
    # No effect leaves the rate as it is, to the last digit: the number needed is infinite there.
    return np.where(d == 0, control_rate, ndtr(d + ndtri(control_rate)))


def mean_response_rate(mu: ArrayLike, tau2: ArrayLike, control_rate: ArrayLike) -> Floats:
    """`response_rate` on average over true effects that are normal with mean `mu` and variance `tau2`.

    Notes
    -----
    With X standard normal, P(X < z + D) for D ~ N(mu, tau2) is P(X - D < z), and X - D ~ N(-mu, 1 + tau2).
    """
    at = np.asarray(mu, dtype=float) + ndtri(np.asarray(control_rate, dtype=float))
    return ndtr(at / np.sqrt(1 + np.asarray(tau2, dtype=float)))


def number_needed(difference: ArrayLike) -> Floats:
    """Patients to treat for one more responder: 1 / `difference` of the rates; inf where it is 0, below 0 for harm."""
    difference = np.asarray(difference, dtype=float)
    with np.errstate(divide="ignore"):
        return np.where(difference == 0, np.inf, 1 / difference)


def nnt_without_rate(d: ArrayLike) -> Floats:
    """Number needed to treat from the chance that a patient of arm 1 does better than one of the control arm.

    References
    ----------
    .. [1] Kraemer HC, Kupfer DJ. Biological Psychiatry (2006). doi:10.1016/j.biopsych.2005.09.014
    """
    return number_needed(2 * superiority(d) - 1)


def superiority(d: ArrayLike) -> Floats:
    """Chance that a random patient of arm 1 does better than one of the control arm (CLES)."""
    return ndtr(np.asarray(d, dtype=float) / np.sqrt(2))


def u3(d: ArrayLike) -> Floats:
    """Share of the control arm that does worse than the average patient of arm 1 (Cohen's U3)."""
    return ndtr(np.asarray(d, dtype=float))


def overlap(d: ArrayLike) -> Floats:
    """Share of the area that the distributions of both arms have in common."""
    return 2 * ndtr(-np.abs(np.asarray(d, dtype=float)) / 2)
