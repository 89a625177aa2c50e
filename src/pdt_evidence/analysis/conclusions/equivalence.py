"""Is "no significant difference" the same as "as effective"? Two one-sided tests answer.

`equivalence` takes any pooled result, `equivalence_from_interval` printed numbers. The interval at 1 - 2 alpha
decides whether two treatments are equivalent; better or worse is said only where the one at 1 - alpha excludes 0 too
(see `VERDICTS`).
"""

# Tables below keep one row a line: broken up, this file would pass 400 lines or a function 60.
from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pdt_evidence.analysis.conclusions.margins import CUIJPERS_2014, STEINERT_2017, Margin, margin_of
from pdt_evidence.analysis.conclusions.verdict import VERDICTS, verdict_of
from pdt_evidence.errors import EvidenceError, RequestError, known_options
from pdt_evidence.formatting import PAGE, TEXT, percent
from pdt_evidence.models.equivalence import (
    critical_value,
    equivalence_tests,
    power_of_equivalence,
    studies_needed,
    upper_tail,
)
from pdt_evidence.options import LEVEL, Choice, Kind, Number, check_options
from pdt_evidence.showing import Brief, Cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CUIJPERS_2014", "STEINERT_2017", "VERDICTS", "Equivalence", "Margin", "equivalence",
    "equivalence_from_interval", "equivalence_power", "k_needed",
]  # fmt: skip

Better = Literal["higher", "lower"]


MARGIN = Number(low=0, high=math.inf, expected="above 0, on the scale of the estimate")
ALPHA = Number(low=0, high=0.5, expected="a number between 0 and 0.5, such as 0.05")
POWER = Number(low=0, high=1, expected="a number between 0 and 1, such as 0.8")


class Pooled(Protocol):
    """What `equivalence` needs of a result; `ci` and `level` are checked where it has them."""

    @property
    def estimate(self) -> float: ...
    @property
    def se(self) -> float: ...
    @property
    def df(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Equivalence(Brief):
    """Two one-sided tests of one estimate against one margin.

    Attributes
    ----------
    estimate, se, df : float
        As tested against -margin and +margin; `df` is NaN where the tests are standard normal.
    ci : tuple of float
        The 1 - 2 alpha interval, also called `ci90`: 90% at the usual alpha of 0.05.
    ci95 : tuple of float
        The 1 - alpha interval: 95% at the usual alpha.
    p_lower, p_upper, p : float
        One-sided p against -margin and against +margin; `p`, the larger, is that of equivalence.
    p_difference : float
        Two-sided p of no difference at all.
    smallest_margin : float
        Every margin above this one is passed at `alpha`.
    verdict : str
        A key of `VERDICTS`.
    """

    measure: str = ""  # of the estimate; "" where the result names none
    estimate: float
    se: float
    df: float
    margin: float
    margin_source: str
    alpha: float
    better: Better
    ci: tuple[float, float]
    ci95: tuple[float, float]
    p_lower: float
    p_upper: float
    p: float
    p_difference: float
    smallest_margin: float
    verdict: str

    @property
    def ci90(self) -> tuple[float, float]:
        """The 1 - 2 alpha interval: 90% at the usual alpha of 0.05."""
        return self.ci

    @property
    def equivalent(self) -> bool:
        """Whether both one-sided tests reject: no difference as large as the margin, either way."""
        return self.verdict.startswith("equivalent")

    @property
    def non_inferior(self) -> bool:
        """Whether arm 1 is shown to be less than the margin worse (or better)."""
        return _benefit(self.ci, self.better)[0] > -self.margin

    @property
    def superior(self) -> bool:
        """Whether arm 1 is shown to be better at all: the two-sided test rejects 0 at `alpha`."""
        return self.p_difference <= self.alpha and _benefit(self.ci, self.better)[0] > 0

    @property
    def inferior(self) -> bool:
        """Whether arm 1 is shown to be worse at all: the two-sided test rejects 0 at `alpha`."""
        return self.p_difference <= self.alpha and _benefit(self.ci, self.better)[1] < 0

    def _line(self) -> str:
        level = percent(1 - 2 * self.alpha)
        shown = f"{TEXT.number(self.estimate, 2)}, {level} CI {TEXT.interval(self.ci, 2)}"
        return f"{self.verdict} (margin {self.margin:g}): {shown}, {TEXT.p_value(self.p)} of equivalence"

    def _caption(self) -> str:
        return f"{self.verdict}: {VERDICTS[self.verdict]}"

    def _cells(self) -> Cells:
        levels = percent(1 - 2 * self.alpha), percent(1 - self.alpha)
        head = ("estimate", *(f"{level} CI" for level in levels), "margin", "p", "smallest margin")
        ends = (PAGE.interval(self.ci, 2), PAGE.interval(self.ci95, 2))
        numbers = (f"±{PAGE.shortest(self.margin)}", PAGE.p(self.p), PAGE.number(self.smallest_margin, 2))
        return [head, (PAGE.number(self.estimate, 2), *ends, *numbers)]

    def summary(self) -> str:
        """Three sentences: the estimate and its interval, the tests, the verdict."""
        source = f" ({self.margin_source})" if self.margin_source else ""
        level, wider = percent(1 - 2 * self.alpha), percent(1 - self.alpha)
        m = TEXT.shortest(self.margin)
        return (
            f"Estimate {TEXT.number(self.estimate, 3)}, {level} interval {TEXT.interval(self.ci, 3)}, "
            f"{wider} interval {TEXT.interval(self.ci95, 3)}; margin {m}{source}.\n"
            f"Two one-sided tests: {TEXT.p_value(self.p_lower)} against -{m}, "
            f"{TEXT.p_value(self.p_upper)} against {m}; the smallest margin passed is "
            f"{TEXT.number(self.smallest_margin, 3)}.\n"
            f"Verdict: {self.verdict} ({VERDICTS[self.verdict]})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Every value as plain Python, ready for JSON; NaN becomes None."""
        values = asdict(self) | {"ci": list(self.ci), "ci95": list(self.ci95)}
        return {name: None if value != value else value for name, value in values.items()}

    def to_frame(self) -> pd.DataFrame:
        """One row: the numbers, the intervals as `ci_low`, `ci_high`, `ci95_low` and `ci95_high`, the verdict."""
        import pandas as pd

        row = asdict(self)
        row["ci_low"], row["ci_high"] = row.pop("ci")
        row["ci95_low"], row["ci95_high"] = row.pop("ci95")
        return pd.DataFrame([row])


@known_options
def equivalence(
    fit: Pooled, *, margin: float | Margin | str, alpha: float = 0.05, better: Better = "higher"
) -> Equivalence:
    """Test a pooled result for equivalence within a margin.

    Parameters
    ----------
    fit : PooledEffect, NetworkComparison or alike
        Has `estimate`, `se` and `df` (NaN: standard normal). A Knapp-Hartung fit is tested
        with its own standard error and t distribution.
    margin : float, Margin or str
        Above 0, on the scale of the estimate: a number, `STEINERT_2017`, `CUIJPERS_2014`, or one of these
        names as a word.
    alpha : float
        Level of each one-sided test.
    better : {"higher", "lower"}
        Which sign of the estimate favours arm 1; decides what "inferior" means.

    Returns
    -------
    Equivalence
        Both intervals, `verdict`, `p`, and the `smallest_margin` that would be passed.

    Raises
    ------
    RequestError
        If margin or alpha are out of range, or the result's own interval is not
        estimate plus or minus a quantile times se, so that no other level follows from it.

    References
    ----------
    .. [1] Schuirmann DJ (1987). doi:10.1007/BF01068419

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> fit = pdt.PooledEffect(k=12, estimate=-0.05, se=0.08, df=11.0)
    >>> result = pdt.equivalence(fit, margin=pdt.STEINERT_2017)
    >>> result.verdict, round(result.p, 4), round(result.smallest_margin, 3)
    ('equivalent', 0.0148, 0.194)
    """
    margin = margin_of(margin)
    check_options(
        margin=(float(margin), MARGIN), alpha=(alpha, ALPHA), better=(better, Choice(("higher", "lower")))
    )
    estimate, se, df = float(fit.estimate), float(fit.se), float(fit.df)
    if not (math.isfinite(estimate) and math.isfinite(se) and se > 0):
        raise RequestError(f"Equivalence needs an estimate with se > 0, found {estimate:g} with se {se:g}.")
    _check_own_interval(fit)
    width = float(margin)
    half = float(critical_value(alpha, df)) * se
    ci = (estimate - half, estimate + half)
    half = float(critical_value(alpha / 2, df)) * se
    wide = (estimate - half, estimate + half)
    p_lower, p_upper = (float(p) for p in equivalence_tests(estimate, se, df, width))
    p_difference = min(1.0, 2 * float(upper_tail(abs(estimate) / se, df)))
    return Equivalence(
        estimate=estimate, se=se, df=df, margin=width, alpha=alpha, better=better, ci=ci, ci95=wide,
        margin_source=f"{margin.name}, doi:{margin.doi}" if isinstance(margin, Margin) else "",
        p_lower=p_lower, p_upper=p_upper, p=max(p_lower, p_upper),
        p_difference=p_difference, measure=str(getattr(fit, "measure", "")),
        smallest_margin=max(abs(ci[0]), abs(ci[1])),
        verdict=verdict_of(_benefit(ci, better), _benefit(wide, better), width),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Printed:
    estimate: float
    se: float
    df: float


def equivalence_from_interval(
    estimate: float,
    ci: tuple[float, float],
    level: float,
    *,
    margin: float | Margin | str,
    alpha: float = 0.05,
    better: Better = "higher",
    df: float = math.nan,
) -> Equivalence:
    """Test an estimate as printed, with the standard error that its printed interval implies.

    Parameters
    ----------
    estimate : float
    ci : tuple of float
        Limits as printed, on the scale of the estimate (logarithms for ratios).
    level : float
        Of the printed interval: 0.90 for the interval of an equivalence test.
    margin, alpha, better
        As in `equivalence`.
    df : float
        Degrees of freedom behind the interval, where it is printed; NaN for standard normal.

    Raises
    ------
    EvidenceError
        If the estimate is not the centre of the interval, beyond what rounding explains;
        names the misprinted sign where a single one would fix it.

    Examples
    --------
    >>> steinert = equivalence_from_interval(-0.153, (-0.227, -0.079), 0.90, margin=STEINERT_2017)
    >>> steinert.verdict, steinert.equivalent
    ('equivalent, trivially worse', True)
    """
    margin = margin_of(margin)
    low, high = (float(limit) for limit in ci)
    check_options(margin=(float(margin), MARGIN), alpha=(alpha, ALPHA), level=(level, LEVEL))
    if not (all(map(math.isfinite, (estimate, low, high))) and low < high):
        raise EvidenceError(
            f"The interval {low:g} to {high:g} of the estimate {estimate:g} must be finite and ascending."
        )
    if not _centred(estimate, low, high):
        raise EvidenceError(_off_centre(estimate, low, high))
    se = (high - low) / 2 / float(critical_value((1 - level) / 2, df))
    return equivalence(_Printed(estimate, se, df), margin=margin, alpha=alpha, better=better)


def equivalence_power(
    *,
    margin: float | Margin | str,
    k: int,
    tau2: float,
    vi: float,
    effect: float = 0.0,
    alpha: float = 0.05,
    test: str = "knha",
) -> float:
    """Probability that k studies show equivalence within the margin.

    Parameters
    ----------
    margin, alpha
        As in `equivalence`.
    k : int
        Studies, each with the typical sampling variance `vi`.
    tau2, vi : float
        Squared units of the margin.
    effect : float
        The true difference.
    test : {"knha", "t", "z"}
        "knha" and "t" estimate the standard error with k - 1 degrees of freedom.

    Examples
    --------
    >>> round(equivalence_power(margin=0.25, k=20, tau2=0.05, vi=0.05), 3)
    0.922
    """
    margin = margin_of(margin)
    check_options(margin=(float(margin), MARGIN), alpha=(alpha, ALPHA), **_study(tau2, vi, test))
    least = 1 if test == "z" else 2
    if k < least:
        raise RequestError(f"k = {k} is too few: test = {test!r} needs at least {least}.")
    df = math.nan if test == "z" else k - 1.0
    se = math.sqrt((tau2 + vi) / k)
    return power_of_equivalence(float(margin), se, effect=effect, df=df, alpha=alpha)


def k_needed(
    *,
    margin: float | Margin | str,
    tau2: float,
    vi: float,
    effect: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
    test: str = "knha",
) -> float:
    """Least number of studies that show equivalence within the margin with the power asked for.

    Parameters as in `equivalence_power`; inf where the true `effect` is not inside the margin.

    Examples
    --------
    >>> k_needed(margin=0.25, tau2=0.05, vi=0.05)
    16
    """
    margin = margin_of(margin)
    request = {"margin": (float(margin), MARGIN), "alpha": (alpha, ALPHA), "power": (power, POWER)}
    check_options(**request, **_study(tau2, vi, test))
    options = {"effect": effect, "alpha": alpha, "power": power}
    return studies_needed(float(margin), tau2, vi, **options, t_test=test != "z")


def _study(tau2: float, vi: float, test: str) -> dict[str, tuple[object, Kind]]:
    return {
        "tau2": (tau2, Number(low=0, high=math.inf, with_low=True, expected="a variance of at least 0")),
        "vi": (vi, Number(low=0, high=math.inf, expected="a variance above 0")),
        "test": (test, Choice(("knha", "t", "z"))),
    }


def _check_own_interval(fit: Pooled) -> None:
    """Some intervals (profiles, say) are neither Wald nor t: estimate, se and df do not make them."""
    ci, level = getattr(fit, "ci", None), getattr(fit, "level", None)
    if ci is None or level is None or not all(map(math.isfinite, ci)):
        return
    half = float(critical_value((1 - level) / 2, fit.df)) * fit.se
    expected = (fit.estimate - half, fit.estimate + half)
    if max(abs(ci[0] - expected[0]), abs(ci[1] - expected[1])) > 1e-6 * half:
        raise RequestError(
            f"The result's interval {ci[0]:g} to {ci[1]:g} is not its estimate plus or minus a quantile "
            f"times its se ({expected[0]:g} to {expected[1]:g}), so no interval at another level follows "
            "from it. Give a result with a Wald or t interval."
        )


def _benefit(ci: tuple[float, float], better: Better) -> tuple[float, float]:
    return ci if better == "higher" else (-ci[1], -ci[0])


def _centred(estimate: float, low: float, high: float) -> bool:
    """Whether the estimate can be the centre: each printed number is off by half its last digit."""
    unit = 10.0 ** -max(map(_decimals, (estimate, low, high)))
    return abs(estimate - (low + high) / 2) <= unit * (1 + 1e-9)


def _decimals(value: float) -> int:
    text = f"{value:.12f}".rstrip("0")
    return len(text.partition(".")[2])


def _off_centre(estimate: float, low: float, high: float) -> str:
    text = (
        f"The estimate {estimate:g} is not the centre of its interval {low:g} to {high:g} "
        f"({(low + high) / 2:g}), beyond what rounding explains: one of the three is misprinted, or the "
        "interval is not symmetric on this scale."
    )
    for fixed in ((-low, high), (low, -high)):
        if fixed[0] < fixed[1] and _centred(estimate, *fixed):
            text += f" With one sign changed, {fixed[0]:g} to {fixed[1]:g} would fit."
    return f"{text} Give the corrected limits to test them."
