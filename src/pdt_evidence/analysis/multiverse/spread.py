"""How far estimates of many specifications lie apart, and which choice that comes from: arrays in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Explained", "explained", "vibration"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
LOW, HIGH = 1, 99  # percentiles


class Explained(NamedTuple):
    """Shares of the variance of the estimates, one a choice; NaN where the estimates do not vary."""

    alone: Floats  # between the means of its options
    beyond: Floats  # what it adds to all other choices
    together: float  # by all choices, added up without interactions


def explained(estimate: Floats, codes: Sequence[Codes]) -> Explained:
    """A plain decomposition of the variance over specifications.

    Parameters
    ----------
    estimate : ndarray, shape (n,)
        All known.
    codes : sequence of ndarray, shape (n,)
        The option of each choice, from 0.

    Returns
    -------
    Explained
        In a whole grid `alone` and `beyond` agree and sum to `together`; what is left is interaction.
    """
    total = ((estimate - estimate.mean()) ** 2).sum() if len(estimate) else 0.0
    none = np.full(len(codes), np.nan)
    if total <= 1e-24 * max(1.0, float((estimate**2).sum())):
        return Explained(none, none.copy(), np.nan)
    whole = _share(estimate, codes, total)
    alone = np.array([_share(estimate, [one], total) for one in codes])
    rest = [_share(estimate, [*codes[:at], *codes[at + 1 :]], total) for at in range(len(codes))]
    return Explained(alone, np.maximum(whole - np.array(rest), 0.0), whole)


def _share(estimate: Floats, codes: Sequence[Codes], total: float) -> float:
    columns = [np.ones((len(estimate), 1))]
    columns += [np.eye(int(one.max()) + 1)[one][:, 1:] for one in codes if one.max() > 0]
    design = np.hstack(columns)
    fitted = design @ np.linalg.lstsq(design, estimate, rcond=None)[0]
    return float(1 - ((estimate - fitted) ** 2).sum() / total)


def vibration(estimate: Floats, ratio: bool) -> float:
    """The 99th over the 1st percentile of the estimates, by size; of ratios themselves, where these are logarithms.

    Parameters
    ----------
    estimate : ndarray, shape (n,)
        All known.
    ratio : bool
        Whether they are logarithms of ratios.

    Returns
    -------
    float
        At least 1; NaN where the percentiles of differences have not one sign.
    """
    if not len(estimate):
        return np.nan
    low, high = np.percentile(estimate, [LOW, HIGH]).tolist()
    if ratio:
        return float(np.exp(high - low))
    if low > 0 or high < 0:
        return max(abs(low), abs(high)) / min(abs(low), abs(high))
    return np.nan
