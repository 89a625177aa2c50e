"""Which treatment is best, and how sure that is: P-scores and rank probabilities."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from pdt_evidence.models.networks.model import Floats

__all__ = ["p_scores", "rank_probabilities"]


def p_scores(estimates: Floats, standard_errors: Floats) -> Floats:
    """Mean probability of being better than another treatment; higher estimates are better.

    Parameters
    ----------
    estimates, standard_errors : ndarray, shape (T, T)
        Row minus column.

    Returns
    -------
    ndarray, shape (T,)
        Between 0 and 1; their mean is 1/2.

    References
    ----------
    .. [1] Rücker G, Schwarzer G. BMC Medical Research Methodology 15 (2015) 58.
       doi:10.1186/s12874-015-0060-8
    """
    size = len(estimates)
    off = ~np.eye(size, dtype=bool)
    z = np.divide(estimates, standard_errors, out=np.zeros_like(estimates), where=off)
    return np.where(off, ndtr(z), 0.0).sum(axis=1) / (size - 1)


def rank_probabilities(beta: Floats, cov: Floats, *, draws: int, seed: int) -> Floats:
    """Probability of each rank, shape (T, T): row the treatment, column the rank, best first.

    Drawn from the normal distribution of the effects against treatment 0, `beta` with
    covariance `cov`; higher is better. The Monte Carlo error is below 0.5 / sqrt(draws).

    References
    ----------
    .. [1] Salanti G, Ades AE, Ioannidis JPA. Journal of Clinical Epidemiology 64 (2011) 163.
       doi:10.1016/j.jclinepi.2010.03.016
    """
    rng = np.random.default_rng(seed)
    size = len(beta) + 1
    effects = np.zeros((draws, size))
    effects[:, 1:] = beta + rng.standard_normal((draws, size - 1)) @ np.linalg.cholesky(cov).T
    order = np.argsort(-effects, axis=1)
    counts = np.zeros((size, size))
    for rank in range(size):
        counts[:, rank] = np.bincount(order[:, rank], minlength=size)
    return counts / draws
