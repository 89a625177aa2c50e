"""Trials that gave treatment by groups, not by persons: how much less their persons tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.effects.arrays import Array, floats

__all__ = ["design_effect"]


def design_effect(icc: ArrayLike, cluster_size: ArrayLike) -> Array:
    """How many times larger the variance of a cluster-randomised trial is than that of as many single persons.

    Parameters
    ----------
    icc : array_like
        Intracluster correlation, from 0 to below 1.
    cluster_size : array_like
        Persons in a cluster, on average.

    Returns
    -------
    ndarray
        1 + (cluster_size - 1) icc. All large-sample variances here fall with the persons as 1/n, so that this times
        the variance is the variance of the effective sample size n / (1 + (cluster_size - 1) icc).

    References
    ----------
    .. [1] Cochrane Handbook for Systematic Reviews of Interventions, section 23.1.4 (effective sample sizes).

    Examples
    --------
    >>> float(design_effect(0.05, 21))
    2.0
    """
    icc, cluster_size = floats(icc, cluster_size)
    return np.asarray(1 + (cluster_size - 1) * icc)
