"""How likely k studies are to find what is there: a mean, differences, heterogeneity, equivalence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.analysis.checks import one_value_a_trial
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.formatting import TEXT, counted, note_lines, percent, plain
from pdt_evidence.models import power as models
from pdt_evidence.models.equivalence import power_of_equivalence
from pdt_evidence.models.pool import Options, fit
from pdt_evidence.notes import Note
from pdt_evidence.options import LEVEL, SEED, Choice, Number, Whole, check_options
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.results import PooledEffect

__all__ = ["QUESTIONS", "Power", "power"]

NAN = math.nan
QUESTIONS = ("mean", "subgroups", "moderator", "heterogeneity", "equivalence")
TESTS = ("knha", "t", "z")
LEAST = {"mean": 2, "subgroups": 1, "moderator": 3, "heterogeneity": 2, "equivalence": 2}
WITHOUT_EFFECT = ("heterogeneity", "equivalence")  # questions that need none
NEAR = 0.005  # an effect this close to the observed one is the observed one, printed to two decimals
MOST_STUDIES, MOST_DRAWS = 10**9, 10**6
MOST_CURVE = 60  # studies that the curve goes to at least


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Power(Brief):
    """Power of one question put to k studies.

    Attributes
    ----------
    power : float
        Probability that the test finds it, at a two-sided level of 1 - `level`.
    power_known : float
        The same with the variance of true effects known, which no pool knows; NaN where `power` assumes it already.
    ci_width, pi_width : float
        Expected width of the interval of the mean effect; width of the prediction interval with known variances.
    vi, tau2, I2 : float
        Sampling variance of a study, variance of true effects, and the share (percent) of the latter.
    simulated, draws : float, int
        Share of `draws` simulated pools that found it; NaN without a simulation.
    """

    question: str
    k: int | tuple[int, ...]
    effect: float | tuple[float, ...]
    vi: float
    tau2: float
    I2: float
    test: str
    level: float
    power: float
    power_known: float = NAN
    ci_width: float = NAN
    pi_width: float = NAN
    margin: float = NAN
    moderator_sd: float = NAN
    simulated: float = NAN
    draws: int = 0
    notes: tuple[str, ...] = ()

    @property
    def curve(self) -> pd.DataFrame:
        """Power and expected width of the interval by the number of studies: k, power, power_known, ci_width.

        Raises
        ------
        RequestError
            For subgroups, which have several numbers of studies.
        """
        import pandas as pd

        if isinstance(self.k, tuple):
            raise RequestError("Power of subgroups has no curve by one number of studies.")
        most = max(MOST_CURVE, 2 * self.k)
        sizes = range(LEAST[self.question], most + 1)
        found = [_computed(replace(self, k=size)) for size in sizes]
        names = ("k", "power", "power_known", "ci_width")
        return pd.DataFrame([{name: getattr(one, name) for name in names} for one in found])

    def studies_needed(self, power: float = 0.8) -> float:
        """Least number of studies with that power, all else as it is; inf where 10,000 do not have it.

        Raises
        ------
        RequestError
            For a power outside (0, 1), and for subgroups.
        """
        check_options(power=(power, Number(low=0, high=1, expected="a power between 0 and 1, such as 0.8")))
        if isinstance(self.k, tuple):
            raise RequestError("Power of subgroups depends on several numbers of studies: try some.")
        low, high = LEAST[self.question] - 1, 10_000
        if _computed(replace(self, k=high)).power < power:
            return math.inf
        while high - low > 1:
            middle = (low + high) // 2
            enough = _computed(replace(self, k=middle)).power >= power
            low, high = (low, middle) if enough else (middle, high)
        return high

    def summary(self) -> str:
        """The question, what is assumed, the power."""
        what = {
            "mean": f"to find a mean effect of {_words(self.effect)}",
            "subgroups": f"to find that subgroups with effects of {_words(self.effect)} differ",
            "moderator": f"to find a slope of {_words(self.effect)} on a moderator with SD {self.moderator_sd:g}",
            "heterogeneity": "to find that true effects vary",
            "equivalence": f"to show equivalence within {self.margin:g} where the effect is {_words(self.effect)}",
        }[self.question]
        lines = [
            f"Power {what}: {self.power:.2f}",
            f"k = {_words(self.k)} studies of variance {TEXT.number(self.vi)}; tau2 = {TEXT.number(self.tau2)} (I2 = "
            f"{self.I2:.0f}%); test {self.test}, level {percent(self.level)}",
        ]
        if not math.isnan(self.power_known):
            lines.append(f"with tau2 known: {self.power_known:.2f}")
        if not math.isnan(self.ci_width):
            lines.append(f"expected width of the interval: {TEXT.number(self.ci_width, 2)}")
        if self.draws:
            lines.append(f"simulated: {self.simulated:.2f} ({counted(self.draws, 'pool')})")
        return "\n".join([*lines, *note_lines(self.notes)])

    def __str__(self) -> str:
        return self.summary()

    def to_dict(self) -> dict[str, Any]:
        """Every value as plain Python, ready for JSON; NaN becomes None."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}


@known_options
def power(
    fit: PooledEffect | None = None,
    *,
    effect: float | Sequence[float] | None = None,
    k: int | Sequence[int] | None = None,
    n_per_arm: float | tuple[float, float] | None = None,
    vi: float | None = None,
    tau2: float | None = None,
    I2: float | None = None,
    test: str = "knha",
    level: float = 0.95,
    question: str = "mean",
    margin: float | None = None,
    moderator_sd: float = 1.0,
    simulate: int = 0,
    seed: int | None = 1,
) -> Power:
    """Power of a random-effects meta-analysis.

    Parameters
    ----------
    fit : PooledEffect, optional
        Gives `k`, the typical variance and tau2 where they are not given.
    effect : float or sequence of float
        The true effect that matters, not the observed one: power at the observed effect only says its p-value again.
        One for each subgroup; the slope of a moderator; the true difference for equivalence, 0 without it.
    k : int or sequence of int
        Studies; one number for each subgroup.
    n_per_arm : float or pair of float
        Patients in each arm of each study, for the variance of a standardised mean difference.
    vi : float
        The sampling variance of each study, in the place of `n_per_arm`.
    tau2, I2 : float
        Variance of true effects, or its share of all variance in percent (from 0 to below 100); one of them.
    test : {"knha", "t", "z"}
        Hartung-Knapp, or the Wald statistic with tau2 estimated by moments against t with k - 1 or the normal
        distribution. Subgroups are compared with known variances, moderators by t with k - 2.
    level : float
        1 minus the two-sided level of the test.
    question : {"mean", "subgroups", "moderator", "heterogeneity", "equivalence"}
    margin : float
        Of equivalence, two one-sided tests of (1 - level) each.
    moderator_sd : float
        Standard deviation of the moderator over studies.
    simulate : int
        Pools to simulate as a check ("mean" and "heterogeneity"); none by default.
    seed : int, optional
        Of the simulation.

    Returns
    -------
    Power
        `print` says it in words; `power_curve` draws it by the number of studies.

    Raises
    ------
    RequestError
        For bad values, all at once, a result with several effects a trial, and power at the effect that `fit` observed.

    References
    ----------
    .. [1] Hedges LV, Pigott TD. Psychological Methods (2001). doi:10.1037/1082-989X.6.3.203
    .. [2] Jackson D, Turner R. Research Synthesis Methods (2017). doi:10.1002/jrsm.1240

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> found = pdt.power(k=10, n_per_arm=20, effect=0.3, I2=50)
    >>> round(found.power, 3), round(found.power_known, 3), found.studies_needed(0.8)
    (0.47, 0.559, 20)
    """
    effect = 0.0 if effect is None and question in WITHOUT_EFFECT else effect
    sizes, effects = _many(k if k is not None else getattr(fit, "k", None)), _many(effect)
    _check(question, test, level, sizes, effects, margin, moderator_sd, simulate, seed)
    given = (k, n_per_arm if vi is None else vi, tau2 if I2 is None else I2)
    if fit is not None and any(one is None for one in given):
        one_value_a_trial(fit, "power", "; or k=, n_per_arm= (or vi=) and tau2= (or I2=)")
    _refuse_observed(fit, effects, question)
    variance = _variance(fit, vi, n_per_arm, effects)
    between = _between(fit, tau2, I2, variance)
    several = question == "subgroups"
    asked = Power(
        question=question,
        k=tuple(map(int, sizes)) if several else int(sizes[0]),
        effect=tuple(map(float, effects)) if several else float(effects[0]),
        vi=variance,
        tau2=between,
        I2=100 * between / (between + variance),
        test=test,
        level=level,
        power=NAN,
        margin=NAN if margin is None else float(margin),
        moderator_sd=moderator_sd if question == "moderator" else NAN,
    )
    found = _computed(asked)
    notes = [Note("equal-variances", "Assumes studies of one size; unequal ones have less power.")]
    if several:
        notes.append(
            Note("known-variance", "Subgroups are compared as if tau2 were known, which overstates power.")
        )
    found = replace(found, notes=tuple(notes))
    return _simulated(found, simulate, seed) if simulate else found


def _computed(asked: Power) -> Power:
    """The record with its power for its own k."""
    alpha, question = 1 - asked.level, asked.question
    total = asked.vi + asked.tau2
    if question == "subgroups":
        ses = np.sqrt(total / np.array(asked.k, dtype=float))
        return replace(asked, power=models.power_of_subgroups(np.array(asked.effect), ses, alpha))
    assert isinstance(asked.k, int)
    assert isinstance(asked.effect, float)
    k, effect, se = asked.k, asked.effect, math.sqrt(total / asked.k)
    df = NAN if asked.test == "z" else k - 1.0
    if question == "heterogeneity":
        return replace(asked, power=float(models.power_heterogeneity(asked.vi, asked.tau2, k, alpha)))
    if question == "moderator":
        slope_se = se / asked.moderator_sd
        return replace(asked, power=float(models.power_t(effect, slope_se, k - 2.0, alpha)))
    quantile = models.expected_width(1.0, NAN, asked.level)
    widths = {
        "ci_width": models.expected_width(se, df if asked.test == "knha" else NAN, asked.level),
        "pi_width": quantile * math.sqrt(se**2 + asked.tau2),
    }
    if question == "equivalence":
        reached = power_of_equivalence(asked.margin, se, effect=effect, df=df, alpha=alpha)
        return replace(asked, power=reached, **widths)
    known = float(models.power_known(effect, se, alpha))
    if asked.test == "knha":
        reached = float(models.power_t(effect, se, df, alpha))
    else:
        reached = models.power_estimated(effect, asked.vi, asked.tau2, k, alpha, df=df)
    return replace(asked, power=reached, power_known=known, **widths)


def _simulated(found: Power, draws: int, seed: int | None) -> Power:
    """The same with the share of simulated pools that find it."""
    if found.question not in ("mean", "heterogeneity"):
        raise RequestError(f"simulate is for the mean and for heterogeneity, not for {found.question}.")
    assert isinstance(found.k, int)
    assert isinstance(found.effect, float)
    rng, shape = np.random.default_rng(seed), (draws, found.k)
    yi = rng.normal(found.effect, math.sqrt(found.tau2 + found.vi), shape)
    options = Options(method="DL", test=found.test, level=found.level, tau2_ci_method=None)
    many = fit(yi, np.full(shape, found.vi), options, None, True)
    p = many.p if found.question == "mean" else many.Q_p
    return replace(found, simulated=float((p < 1 - found.level).mean()), draws=draws)


def _many(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return (
        tuple(value) if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str) else (value,)
    )


def _check(
    question: str,
    test: str,
    level: float,
    sizes: tuple[Any, ...],
    effects: tuple[Any, ...],
    margin: float | None,
    moderator_sd: float,
    simulate: int,
    seed: int | None,
) -> None:
    """Every fault of the request at once."""
    kinds: dict[str, Any] = {
        "question": (question, Choice(QUESTIONS)),
        "test": (test, Choice(TESTS)),
        "level": (level, LEVEL),
        "moderator_sd": (moderator_sd, Number(low=0, high=math.inf, expected="a standard deviation above 0")),
        "simulate": (simulate, Whole(least=0, most=MOST_DRAWS)),
        "seed": (seed, SEED),
    }
    if question == "equivalence" or margin is not None:
        kinds["margin"] = (margin, Number(low=0, high=math.inf, expected="a margin above 0"))
    least = Whole(least=LEAST.get(question, 1), most=MOST_STUDIES)
    number = Number(low=-math.inf, high=math.inf, expected="a number")
    kinds |= {f"k[{i}]" if len(sizes) > 1 else "k": (size, least) for i, size in enumerate(sizes)}
    kinds |= {
        f"effect[{i}]" if len(effects) > 1 else "effect": (one, number) for i, one in enumerate(effects)
    }
    problems: list[str] = []
    if not sizes:
        problems.append("k is missing: how many studies? Give k, or a fit.")
    if not effects:
        problems.append("effect is missing: which is the least that matters?")
    if question == "subgroups" and not (len(sizes) == len(effects) > 1):
        problems.append("Subgroups need one k and one effect each, such as k=(10, 12), effect=(0.5, 0.2).")
    if question != "subgroups" and max(len(sizes), len(effects)) > 1:
        problems.append(
            f"question = {question!r} takes one k and one effect; several are question='subgroups'."
        )
    try:
        check_options(**kinds)
    except RequestError as error:
        problems = [*error.problems, *problems]
    if problems:
        raise RequestError.from_problems(problems, "power()")


def _refuse_observed(fit: PooledEffect | None, effects: tuple[float, ...], question: str) -> None:
    if fit is None or question != "mean" or abs(effects[0] - fit.estimate) >= NEAR:
        return
    raise RequestError(
        f"effect = {effects[0]:g} is what was observed ({fit.estimate:.3g}): power at the observed effect only says "
        "its p-value again. Give the least effect that would matter."
    )


def _variance(fit: PooledEffect | None, vi: Any, n_per_arm: Any, effects: tuple[float, ...]) -> float:
    if vi is not None:
        check_options(vi=(vi, Number(low=0, high=math.inf, expected="a variance above 0")))
        return float(vi)
    if n_per_arm is not None:
        arms = _many(n_per_arm)
        arms = arms * 2 if len(arms) == 1 else arms
        right = all(
            isinstance(n, Real) and not isinstance(n, bool) and 2 <= float(n) < math.inf for n in arms
        )
        if len(arms) != 2 or not right:
            raise RequestError(
                f"n_per_arm = {n_per_arm!r} must be a size of at least 2, or one for each arm."
            )
        return models.variance_of_smd(max(map(abs, effects)), float(arms[0]), float(arms[1]))
    if fit is not None and len(fit.vi):
        wi, k = 1 / fit.vi, len(fit.vi)  # the typical variance of I2
        return float((k - 1) * wi.sum() / (wi.sum() ** 2 - (wi**2).sum()) if k > 1 else fit.vi[0])
    raise RequestError("How large is a study? Give n_per_arm, vi or a fit.")


def _between(fit: PooledEffect | None, tau2: Any, I2: Any, vi: float) -> float:
    if tau2 is not None and I2 is not None:
        raise RequestError("tau2 and I2 say the same: give one.")
    if tau2 is not None:
        check_options(
            tau2=(tau2, Number(low=0, high=math.inf, with_low=True, expected="a variance of at least 0"))
        )
        return float(tau2)
    if I2 is not None:
        check_options(
            I2=(I2, Number(low=0, high=100, with_low=True, expected="a percentage from 0 to below 100"))
        )
        return I2 / (100 - I2) * vi
    if fit is not None and not math.isnan(fit.tau2):
        return float(fit.tau2)
    raise RequestError("How much do true effects vary? Give tau2 or I2 (0 where not at all), or a fit.")


def _words(value: Any) -> str:
    return " and ".join(f"{one:g}" for one in _many(value))
