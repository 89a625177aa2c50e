"""How much studies differ: Q, I2 and H2, and the typical within-study variance.

I2 and H2 follow from tau2 and the typical variance of a study; the forms that follow
from Q are kept under names of their own, since they agree only for method "DL".

References
----------
.. [1] Higgins, Thompson. Statistics in Medicine 21 (2002) 1539. doi:10.1002/sim.1186
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["H2_from_Q", "H2_from_tau2", "I2_from_Q", "I2_from_tau2", "cochran_Q", "typical_variance"]

Floats = NDArray[np.float64]


def cochran_Q(yi: ArrayLike, vi: ArrayLike) -> Floats:
    """Weighted sum of squares around the inverse-variance mean, studies on the last axis.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        NaN marks an absent study.

    Returns
    -------
    ndarray, shape (...)
        NaN where no study is present.

    Examples
    --------
    >>> float(cochran_Q([0.0, 1.0, 2.0], [1.0, 1.0, 1.0]))
    2.0
    """
    from pdt_evidence.models.weights import prepare

    yi, vi = np.broadcast_arrays(np.asarray(yi, dtype=float), np.asarray(vi, dtype=float))
    lead = yi.shape[:-1]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        batch = prepare(yi.reshape(-1, yi.shape[-1]), vi.reshape(-1, yi.shape[-1]))
    return np.where(batch.n > 0, batch.at0.Q, np.nan).reshape(lead)


def typical_variance(k: Floats, trace_P: Floats) -> Floats:
    """(k - 1) / tr(P) at tau2 = 0, eq. 9 of [1]_; NaN where k < 2."""
    return np.where(k > 1, (k - 1) / trace_P, np.nan)


def I2_from_tau2(tau2: Floats, typical: Floats) -> Floats:
    """Percent of the total variance of a typical study that lies between studies."""
    return 100 * tau2 / (typical + tau2)


def H2_from_tau2(tau2: Floats, typical: Floats) -> Floats:
    """Total over sampling variance of a typical study."""
    return tau2 / typical + 1


def I2_from_Q(Q: ArrayLike, df: ArrayLike) -> Floats:
    """Percent, max(0, (Q - df) / Q); 0 where Q is 0, NaN where df < 1."""
    Q, df = np.asarray(Q, dtype=float), np.asarray(df, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = np.where(Q > 0, 100 * np.maximum(Q - df, 0.0) / Q, 0.0)
    return np.where(df >= 1, excess, np.nan)


def H2_from_Q(Q: ArrayLike, df: ArrayLike) -> Floats:
    """Q / df; NaN where df < 1."""
    df = np.asarray(df, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(df >= 1, np.asarray(Q) / df, np.nan)
