"""How large a share of the true effects lies above a threshold.

Two answers: of a normal distribution of true effects, with the delta method's interval, and of calibrated
estimates, which assume no shape, with a bootstrap interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from pdt_evidence.formatting import TEXT, effects_of, note_lines, percent, plain
from pdt_evidence.models.pool import Options
from pdt_evidence.models.pool import fit as pool_arrays
from pdt_evidence.notes import Note
from pdt_evidence.options import LEVEL, SEED, Number, Whole, check_options
from pdt_evidence.showing import Brief

__all__ = ["Beyond", "beyond", "bootstrap_share", "calibrated_effects", "normal_share"]

Floats = NDArray[np.float64]
NAN = math.nan
NO_INTERVAL = (NAN, NAN)
# The delta method's interval is not given for shares outside these, where a share is far from normal.
DELTA_LIMITS = (0.15, 0.85)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Beyond(Brief):
    """The share of true effects above a threshold.

    Attributes
    ----------
    q : float
        The threshold, on the scale of the estimate (log for ratios).
    share, se, ci : float, float, tuple of float
        Of a normal distribution of true effects; `se` and `ci` by the delta method, NaN where they do not hold.
    calibrated, calibrated_ci : float, tuple of float
        Of the calibrated estimates of the studies, and its BCa bootstrap interval.
    effects : ndarray, shape (k,)
        The calibrated estimates.
    """

    q: float
    level: float = 0.95
    k: int = 0
    trials: float = NAN  # behind the k effects, where it is known
    share: float = NAN
    se: float = NAN
    ci: tuple[float, float] = NO_INTERVAL
    calibrated: float = NAN
    calibrated_ci: tuple[float, float] = NO_INTERVAL
    effects: Floats = field(default_factory=lambda: np.empty(0))
    draws: int = 0
    seed: int | None = None
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """The two shares in sentences, and what must be known about them."""
        level, q = percent(self.level), TEXT.shortest(self.q)
        lines = [
            f"True effects above {q}: {_percent(self.share)}{_interval(self.ci, level)} if they are normal;",
            f"of the calibrated estimates of {effects_of(self.k, self.trials)} {_percent(self.calibrated)}"
            f"{_interval(self.calibrated_ci, level)}.",
        ]
        return "\n".join([*lines, *note_lines(self.notes)])

    def __str__(self) -> str:
        return self.summary()

    def _line(self) -> str:
        return " ".join(self.summary().partition("\nNote")[0].split())

    def to_dict(self) -> dict[str, Any]:
        """Every value as plain Python, ready for JSON; NaN becomes None."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


class Pooled(Protocol):
    """What `beyond` needs of a pooled result."""

    @property
    def yi(self) -> Floats: ...
    @property
    def vi(self) -> Floats: ...
    @property
    def k(self) -> int: ...
    @property
    def trials(self) -> float: ...
    @property
    def estimate(self) -> float: ...
    @property
    def se(self) -> float: ...
    @property
    def tau2(self) -> float: ...
    @property
    def tau2_se(self) -> float: ...
    @property
    def method(self) -> str: ...
    @property
    def is_multilevel(self) -> bool: ...


def beyond(fit: Pooled, q: float, level: float, draws: int, seed: int | None) -> Beyond:
    """The share of the true effects behind `fit` that lies above `q`, by both models.

    Raises
    ------
    RequestError
        For bad options.
    """
    check_options(
        q=(q, Number(low=-math.inf, high=math.inf, expected="a number, on the scale of the estimate")),
        level=(level, LEVEL),
        draws=(draws, Whole(least=100)),
        seed=(seed, SEED),
    )
    share, se, ci = normal_share(fit.estimate, fit.se, fit.tau2, fit.tau2_se, q, level)
    found: dict[str, Any] = {
        "q": float(q),
        "level": level,
        "k": fit.k,
        "trials": fit.trials,
        "share": share,
        "se": se,
        "ci": ci,
    }
    if fit.is_multilevel or fit.k < 2:
        return Beyond(**found, notes=tuple(_notes(fit, found, None)))
    effects = calibrated_effects(fit.yi, fit.vi, np.array(fit.estimate), np.array(fit.tau2))
    interval = bootstrap_share(fit.yi, fit.vi, q=q, method=fit.method, level=level, draws=draws, seed=seed)
    return Beyond(
        **found,
        calibrated=float((effects > q).mean()),
        calibrated_ci=interval,
        effects=effects,
        draws=draws,
        seed=seed,
        notes=tuple(_notes(fit, found, interval)),
    )


def _notes(fit: Pooled, found: dict[str, Any], interval: tuple[float, float] | None) -> Iterator[Note]:
    """Why something is not known."""
    if math.isnan(fit.tau2):
        yield Note(
            "no-heterogeneity", "The variance of true effects is not known, and so neither is a share."
        )
    elif fit.tau2 == 0:
        yield Note(
            "one-true-effect",
            "No variance between studies was found, so all true effects are taken as the mean: the share can "
            "only be all or none, and has no interval.",
        )
    elif not DELTA_LIMITS[0] <= found["share"] <= DELTA_LIMITS[1]:
        low, high = (f"{100 * limit:.0f}%" for limit in DELTA_LIMITS)
        yield Note(
            "extreme-share",
            f"The normal model gives no interval for a share below {low} or above {high}, where the delta method "
            "does not hold.",
        )
    elif math.isnan(found["se"]):
        yield Note(
            "no-variance-se", "The standard error of tau2 is not known, so the normal share has no interval."
        )
    if fit.is_multilevel:
        yield Note(
            "several-effects", "With several effects a trial there are no calibrated estimates of studies."
        )
    elif interval is not None and math.isnan(interval[0]):
        yield Note("same-share", "Every bootstrap draw gives the same share, so it has no interval.")


def normal_share(
    mu: float, se: float, tau2: float, tau2_se: float, q: float, level: float
) -> tuple[float, float, tuple[float, float]]:
    """Share of a normal distribution of true effects above `q`, its standard error and interval.

    Parameters
    ----------
    mu, se, tau2, tau2_se : float
        Pooled estimate and variance of true effects with their standard errors.
    q, level : float
        The threshold on the scale of `mu`; the level of the interval.

    Returns
    -------
    share, se, ci
        `se` and `ci` NaN where tau2 is 0, where the share lies outside `DELTA_LIMITS`, or where `tau2_se` is
        not known. The interval ends at 0 and 1.

    References
    ----------
    .. [1] Mathur MB, VanderWeele TJ. Statistics in Medicine (2019). doi:10.1002/sim.8057
    """
    if not tau2 > 0:
        return (NAN if math.isnan(tau2) or mu == q else float(mu > q)), NAN, NO_INTERVAL
    away = (mu - q) / math.sqrt(tau2)
    share = float(ndtr(away))
    if not DELTA_LIMITS[0] <= share <= DELTA_LIMITS[1] or math.isnan(se + tau2_se):
        return share, NAN, NO_INTERVAL
    density = math.exp(-(away**2) / 2) / math.sqrt(2 * math.pi)
    share_se = density * math.sqrt(se**2 / tau2 + (tau2_se * away / (2 * tau2)) ** 2)
    half = float(ndtri(0.5 + level / 2)) * share_se
    return share, share_se, (max(share - half, 0.0), min(share + half, 1.0))


def calibrated_effects(yi: Floats, vi: Floats, mu: Floats, tau2: Floats) -> Floats:
    """Estimates drawn to the mean so far that they vary as the true effects do.

    Parameters
    ----------
    yi, vi : ndarray, shape (..., k)
    mu, tau2 : ndarray, shape (...)

    Returns
    -------
    ndarray, shape (..., k)

    References
    ----------
    .. [1] Mathur MB, VanderWeele TJ. Research Synthesis Methods (2020). doi:10.1002/jrsm.1399
    """
    mu, tau2 = np.asarray(mu)[..., None], np.asarray(tau2)[..., None]
    return mu + np.sqrt(tau2 / (tau2 + vi)) * (yi - mu)


def bootstrap_share(
    yi: Floats, vi: Floats, *, q: float, method: str, level: float, draws: int, seed: int | None
) -> tuple[float, float]:
    """BCa interval of the share of calibrated estimates above `q`; studies are drawn, all at once.

    Returns
    -------
    tuple of float
        NaN where every draw gives one and the same share.

    References
    ----------
    .. [1] Mathur MB, VanderWeele TJ. Research Synthesis Methods (2020). doi:10.1002/jrsm.1399
    """
    k = len(yi)

    def shares(chosen: NDArray[np.intp]) -> Floats:
        y, v = yi[chosen], vi[chosen]
        many = pool_arrays(y, v, Options(method=method, test="z", level=level, tau2_ci_method=None))
        return (calibrated_effects(y, v, many.estimate, many.tau2) > q).mean(axis=-1)

    drawn = np.sort(shares(np.random.default_rng(seed).integers(0, k, (draws, k))))
    if drawn[0] == drawn[-1]:
        return NO_INTERVAL
    whole = shares(np.arange(k)[None])[0]
    below = (np.mean(drawn < whole) + np.mean(drawn <= whole)) / 2  # shares are few values: ties count half
    z0 = ndtri(np.clip(below, 1 / (draws + 1), draws / (draws + 1)))
    away = shares(np.array([np.delete(np.arange(k), i) for i in range(k)]))
    away = away.mean() - away
    spread = (away**2).sum()
    bend = (away**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    z = z0 + ndtri(np.array([0.5 - level / 2, 0.5 + level / 2]))
    low, high = np.quantile(drawn, ndtr(z0 + z / (1 - bend * z))).tolist()
    return low, high


def _percent(share: float) -> str:
    return "not known" if math.isnan(share) else f"{100 * share:.0f}%"


def _interval(ci: Iterable[float], level: str) -> str:
    low, high = ci
    return "" if math.isnan(low + high) else f" ({level} CI {_percent(low)} to {_percent(high)})"
