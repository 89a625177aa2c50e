"""Intervals and tests of the two variances of a three-level model.

They are computed when they are first read: together they cost many times what the fit itself does, and most
fits (of a sensitivity analysis, a multiverse, a verdict) are never asked for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pdt_evidence.models.distributions import chi2_tail
from pdt_evidence.models.multilevel import Peak, fit_reml, profile_interval
from pdt_evidence.models.nested import Nested
from pdt_evidence.showing import Brief

__all__ = ["NO_INTERVAL", "LikelihoodRatio", "OfVariances"]

NAN = float("nan")
NO_INTERVAL = (NAN, NAN)
NAMES = ("between clusters", "within clusters")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LikelihoodRatio(Brief):
    """The three-level model against the one without the variance named by `dropped`.

    `p` is by chi2 with `df`; `p_boundary` by half of it, as a variance of 0 is at the edge of what it can be.
    """

    dropped: str = ""
    statistic: float = NAN
    df: int = 1
    p: float = NAN
    p_boundary: float = NAN


@dataclass(frozen=True, repr=False)
class OfVariances(Brief):
    """What can be said of the variances at the peak of a likelihood, each when first read."""

    _nested: Nested
    _peak: Peak
    free: tuple[bool, bool]  # which of (between, within) is estimated
    level: float

    def _line(self) -> str:
        names = [name for name, free in zip(NAMES, self.free, strict=True) if free]
        return f"variances {' and '.join(names)}" if names else "no variance is estimated"

    @cached_property
    def sigma2_ci(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Profile-likelihood intervals; NaN for a variance that is not estimated."""
        return self._interval(0), self._interval(1)

    @cached_property
    def lrt(self) -> LikelihoodRatio:
        """The test of no variance between clusters."""
        return self._ratio(0)

    @cached_property
    def lrt_within(self) -> LikelihoodRatio:
        """The test of no variance within clusters."""
        return self._ratio(1)

    def _interval(self, which: int) -> tuple[float, float]:
        if not self.free[which] or self._nested.y.size == 1:
            return NO_INTERVAL
        return profile_interval(self._nested, self._peak, which, self.level, self.free)

    def _ratio(self, which: int) -> LikelihoodRatio:
        if not self.free[which]:
            return LikelihoodRatio(dropped=NAMES[which])
        smaller = fit_reml(self._nested, (self.free[0] and which != 0, self.free[1] and which != 1))
        statistic = max(2 * (self._peak.log_likelihood - smaller.log_likelihood), 0.0)
        p = float(chi2_tail(statistic, 1))
        return LikelihoodRatio(
            dropped=NAMES[which], statistic=statistic, p=p, p_boundary=p / 2 if statistic > 0 else 1.0
        )
