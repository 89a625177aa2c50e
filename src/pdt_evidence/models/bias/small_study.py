"""Small-study effects: does the effect depend on how small a study is, and what if it did?

Arrays of one meta-analysis in, numbers out. `regression_test` fits the effect to the standard
error; `trim_and_fill` adds the mirror images of the studies that stick out on one side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.formatting import PAGE, TEXT
from pdt_evidence.models.distributions import two_sided_p
from pdt_evidence.models.pool import Options, fit
from pdt_evidence.models.regression import fits_perfectly
from pdt_evidence.showing import Brief, Cells, effect_cell

__all__ = ["RegressionTest", "TrimAndFill", "regression_test", "trim_and_fill"]

Floats = NDArray[np.float64]
MOST_ROUNDS = 100  # the number of studies trimmed settles within a few, or goes round in a circle


# Only the first is Egger's own test: effects weighted by 1 / vi, with a free residual variance, on the standard error.
TEST_NAMES = {
    ("wls", "sei"): "Egger's test",
    ("wls", "n"): "Egger's weights, on size",
    ("random", "sei"): "Regression test with random effects",
    ("random", "n"): "Regression test with random effects, on size",
    ("che", "sei"): "Regression test, effects clustered by trial",
    ("che", "n"): "Regression test, effects clustered by trial, on size",
    ("peters", "1/n"): "Peters' test",
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RegressionTest(Brief):
    """The line yi = limit + slope * sei through the effects, by one of several models: `name` says which."""

    limit: float  # the effect of a study without sampling error, in units of yi
    limit_se: float
    slope: float
    slope_se: float
    statistic: float  # slope over its standard error
    df: float  # NaN where the test is standard normal
    p: float
    model: str = "wls"  # "wls", "random" or "che"
    precision: str = "sei"  # "sei", "n", or "1/n" of Peters' test
    others: tuple[tuple[str, str, float], ...] = ()  # model, precision and p of the other usual choices

    @property
    def name(self) -> str:
        """What the test is called: "Egger's test" is one of several."""
        return TEST_NAMES[self.model, self.precision]

    @property
    def disagree(self) -> bool:
        """Whether the usual choices fall on both sides of p = 0.05."""
        found = [self.p, *(p for *_, p in self.others)]
        known = [p for p in found if not np.isnan(p)]
        return bool(known) and min(known) < 0.05 <= max(known)

    def summary(self) -> str:
        """The choice, its slope and p, and the other choices where they disagree."""
        choice = _called(self.model, self.precision)
        if np.isnan(self.p):
            return f"{choice}: it needs 3 studies of unequal precision and effect, and not all on one line."
        kind = "z" if np.isnan(self.df) else f"t(df = {self.df:.3g})"
        lines = [f"{choice}: slope {self.slope:.4f}, {kind} = {self.statistic:.2f}, {self._p(self.p)}"]
        if self.disagree:
            lines.append("The usual choices disagree:")
            lines += [f"  {_called(model, precision)}: {self._p(p)}" for model, precision, p in self.others]
        return "\n".join(lines)

    @staticmethod
    def _p(p: float) -> str:
        return f"p = {p:.3f}" if not p < 0.0005 else "p < 0.001"

    def __str__(self) -> str:
        return self.summary()


def _called(model: str, precision: str) -> str:
    return f"{TEST_NAMES[model, precision]} (model = {model!r}, precision = {precision!r})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TrimAndFill(Brief):
    """Studies that a symmetric funnel would also hold, and what all of them come to."""

    k0: int  # studies filled in
    side: str  # "left" or "right": where they are
    yi: Floats  # of the filled studies alone
    vi: Floats
    estimate: float  # of all studies, filled ones included
    se: float
    ci: tuple[float, float]
    tau2: float
    why: str = ""  # nothing is filled in; "" where it can be

    def _line(self) -> str:
        if self.why:
            return self.why
        filled = f"{self.k0} filled in{f' on the {self.side}' if self.k0 else ''}"
        return f"{filled}; with them {TEXT.estimate(self.estimate, self.ci)}, tau2 {TEXT.number(self.tau2)}"

    def _cells(self) -> Cells:
        head = ("filled in", "side", "estimate [CI]", "τ²")
        return [
            head,
            (str(self.k0), self.side, effect_cell("", self.estimate, self.ci), PAGE.variance(self.tau2)),
        ]


def regression_test(yi: Floats, vi: Floats) -> RegressionTest:
    """Test a funnel for asymmetry by regression on the standard error.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and variances of one meta-analysis, k at least 3, with unequal variances.

    Returns
    -------
    RegressionTest
        NaN throughout where k < 3 or all variances are equal; no error, test and p where the line goes through
        every effect, as nothing is left to judge it by.

    References
    ----------
    .. [1] Egger M, Davey Smith G, Schneider M, Minder C. BMJ 315 (1997) 629-634.
       doi:10.1136/bmj.315.7109.629
    """
    k = len(yi)
    sei = np.sqrt(vi)
    if k < 3 or np.ptp(sei) <= 1e-12 * sei.max():
        nan = float("nan")
        return RegressionTest(limit=nan, limit_se=nan, slope=nan, slope_se=nan, statistic=nan, df=0, p=nan)
    # Centred on the weighted mean, the two coefficients are estimated apart.
    wi = 1 / vi
    middle = (wi * sei).sum() / wi.sum()
    away = sei - middle
    spread = (wi * away**2).sum()
    mean = (wi * yi).sum() / wi.sum()
    slope = (wi * away * (yi - mean)).sum() / spread
    rest = yi - mean - slope * away
    scale = (wi * rest**2).sum() / (k - 2)
    if fits_perfectly(yi, yi - rest):
        scale = float("nan")
    slope_se = np.sqrt(scale / spread)
    limit_se = np.sqrt(scale * (1 / wi.sum() + middle**2 / spread))
    statistic = slope / slope_se
    return RegressionTest(
        limit=float(mean - slope * middle),
        limit_se=float(limit_se),
        slope=float(slope),
        slope_se=float(slope_se),
        statistic=float(statistic),
        df=k - 2,
        p=float(two_sided_p(statistic, float(k - 2))),
    )


def trim_and_fill(
    yi: Floats,
    vi: Floats,
    *,
    side: str | None = None,
    estimator: str = "L0",
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
) -> TrimAndFill:
    """Fill in the studies missing from one side of the funnel.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,)
        Effects and variances of one meta-analysis.
    side : {"left", "right"}, optional
        Where studies are missing; without it the side on which small studies have fewer, by the sign
        of `regression_test`.
    estimator : {"L0", "R0", "Q0"}
        Of the number of missing studies.
    method, test, level
        As in `pool`, for trimming and for what all studies come to.

    References
    ----------
    .. [1] Duval S, Tweedie R. Biometrics 56 (2000) 455-463. doi:10.1111/j.0006-341X.2000.00455.x
    .. [2] Duval S, Tweedie R. JASA 95 (2000) 89-98. doi:10.1080/01621459.2000.10473905
    """
    options = Options(method=method, test=test, level=level, tau2_ci_method=None)
    if side is None:
        side = "right" if regression_test(yi, vi).slope < 0 else "left"
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * yi, kind="stable")
    y, v = (sign * yi)[order], vi[order]
    k = len(y)
    k0, before, centre = 0, -1, 0.0
    for _ in range(MOST_ROUNDS):
        if k0 == before:
            break
        before = k0
        centre = float(fit(y[: k - k0], v[: k - k0], options).estimate)
        k0 = min(_missing(y - centre, estimator), k - 1)
    # The mirror images of the outermost studies on the other side.
    filled_y, filled_v = sign * (2 * centre - y[k - k0 :]), v[k - k0 :]
    whole = fit(np.append(yi, filled_y), np.append(vi, filled_v), options)
    return TrimAndFill(
        k0=k0,
        side=side,
        yi=filled_y,
        vi=filled_v,
        estimate=float(whole.estimate),
        se=float(whole.se),
        ci=(float(whole.ci[..., 0]), float(whole.ci[..., 1])),
        tau2=float(whole.tau2),
    )


def _missing(away: Floats, estimator: str) -> int:
    """Number of missing studies by the ranks of the distances from the centre."""
    k = len(away)
    size = np.abs(away)
    # Distances that differ by rounding alone share a rank, or chance would decide between the sides.
    _, where, count = np.unique(
        np.round(size / (size.max() or 1.0), 12), return_inverse=True, return_counts=True
    )
    ranks = (np.cumsum(count) - (count - 1) / 2)[where]
    signed = np.sign(away) * ranks
    if estimator == "R0":
        below = -signed[signed < 0]
        found = (k - below.max() if len(below) else k) - 1
    elif estimator == "Q0":
        # The root of a negative number has no meaning: then the ranks say that all but one are missing.
        found = k - 0.5 - np.sqrt(max(2 * k**2 - 4 * signed[signed > 0].sum() + 0.25, 0.0))
    else:
        found = (4 * signed[signed > 0].sum() - k * (k + 1)) / (2 * k - 1)
    return max(0, int(np.rint(found)))
