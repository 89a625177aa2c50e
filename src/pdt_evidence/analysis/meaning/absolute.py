"""What a pooled effect comes to in people and in points: responders, number needed to treat, overlap, scale points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.analysis.meaning.control_arms import ControlArms, event_of, held_rate, held_sd, stratum_of
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.evidence.comparisons import GENERAL, arms_compared
from pdt_evidence.formatting import TEXT, note_lines, percent, plain
from pdt_evidence.models import responders
from pdt_evidence.notes import Note
from pdt_evidence.options import Number, check_options
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MEASURES", "Absolute", "absolute", "nnt_words"]

NAN = math.nan
NO_INTERVAL = (NAN, NAN)
MEASURES = ("SMD", "OR", "RR", "RD")
RATE = Number(low=0, high=1, expected="a rate between 0 and 1, such as 0.2")
SD = Number(low=0, high=math.inf, expected="a standard deviation above 0")
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Absolute(Brief):
    """A pooled effect in people and in points; intervals at `level`, NaN where something is not known.

    Attributes
    ----------
    arms : tuple of str
        Names of arm 1 and of the control arm: "PDT" and "CBT", or general ones where nothing says what is compared.
    control_rate, rate, rate_ci : float, float, tuple of float
        Share of responders in the control arm (from `control_arms`), and in arm 1 at the mean effect.
    rate_pi : tuple of float
        The same at the ends of the prediction interval: in the settings of single trials.
    rate_mean : float
        Average share of responders in arm 1 over the true effects, where they vary.
    difference, difference_ci : float, tuple of float
        Of the rates, arm 1 minus control; `per_1000` is the same for 1,000 patients.
    nnt, nnt_ci : float, tuple of float
        Number needed to treat, below 0 for harm, inf for no effect; the ends belong to the ends of the effect's
        interval, higher end first. Where that holds 0, the values lie *outside* the two ends (`disjoint`).
    nnt_without_rate, nnt_without_rate_ci
        Number needed to treat from `cles` alone, which needs no rate.
    cles, u3, overlap : float
        Chance that a patient of arm 1 does better than one of the control arm; share of the control arm below the
        average of arm 1; area the distributions share. Each with `_ci`.
    points, points_ci : float, tuple of float
        The effect in points of an instrument, above 0 for the better, by the SD of `sd_arms`.
    """

    measure: str
    estimate: float
    ci: Pair
    level: float
    stratum: Mapping[str, str] = field(default_factory=dict[str, str])
    arms: tuple[str, str] = GENERAL
    control_arms: ControlArms | None = None
    sd_arms: ControlArms | None = None
    instrument: str = ""
    control_rate: float = NAN
    rate: float = NAN
    rate_ci: Pair = NO_INTERVAL
    rate_pi: Pair = NO_INTERVAL
    rate_mean: float = NAN
    difference: float = NAN
    difference_ci: Pair = NO_INTERVAL
    nnt: float = NAN
    nnt_ci: Pair = NO_INTERVAL
    nnt_without_rate: float = NAN
    nnt_without_rate_ci: Pair = NO_INTERVAL
    cles: float = NAN
    cles_ci: Pair = NO_INTERVAL
    u3: float = NAN
    u3_ci: Pair = NO_INTERVAL
    overlap: float = NAN
    overlap_ci: Pair = NO_INTERVAL
    points: float = NAN
    points_ci: Pair = NO_INTERVAL
    notes: tuple[str, ...] = field(default=())

    @property
    def disjoint(self) -> bool:
        """Whether the interval of the number needed to treat runs through infinity, from benefit to harm."""
        return self.difference_ci[0] < 0 < self.difference_ci[1]

    @property
    def per_1000(self) -> float:
        """More (or, below 0, fewer) responders among 1,000 patients."""
        return 1000 * self.difference

    @property
    def per_1000_ci(self) -> Pair:
        """Interval of `per_1000`."""
        return 1000 * self.difference_ci[0], 1000 * self.difference_ci[1]

    def summary(self) -> str:
        """What is known, one line each, with where rates and SD come from."""
        return "\n".join([*_lines(self), *note_lines(self.notes)])

    def __str__(self) -> str:
        return self.summary()

    def to_dict(self) -> dict[str, Any]:
        """Every value as plain Python, ready for JSON; NaN and infinity become None."""
        values = {item.name: plain(getattr(self, item.name)) for item in fields(self)}
        for name, arms in (("control_arms", self.control_arms), ("sd_arms", self.sd_arms)):
            values[name] = arms and {item.name: plain(getattr(arms, item.name)) for item in fields(arms)}
        return values

    def to_frame(self) -> pd.DataFrame:
        """One row: every number, intervals as `_low`, `_high`, and where rate and SD come from."""
        import pandas as pd

        row: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name.endswith(("ci", "_pi")):
                row[f"{item.name}_low"], row[f"{item.name}_high"] = value
            elif item.name == "stratum":
                row |= dict(value)
            elif item.name == "arms":
                row |= dict(zip(("arm_t", "arm_c"), value, strict=True))
            elif item.name in ("control_arms", "sd_arms"):
                row[f"{item.name}_basis"] = value.basis if value else ""
            else:
                row[item.name] = " ".join(value) if item.name == "notes" else value
        return pd.DataFrame([row])


@known_options
def absolute(
    fit: PooledEffect,
    *,
    control_rate: float | None = None,
    sd: float | None = None,
    instrument: str | None = None,
    event: str | None = None,
    table: pd.DataFrame | None = None,
) -> Absolute:
    """Say a pooled effect in people and in points.

    Parameters
    ----------
    fit : PooledEffect
        Of measure "SMD" (everything) or "OR", "RR", "RD" (what rests on rates).
    control_rate : float, optional
        Share of the control arm that responds, between 0 and 1. Without it that of the held control arms of the
        result's comparison, outcome and follow-up, if there are any: all their events over all their patients, the
        first row of each trial.
    sd : float, optional
        Standard deviation of an instrument, for points of it.
    instrument : str, optional
        Name of the instrument; without `sd` the SD pooled over its held control arms is taken.
    event : str, optional
        How the label of the event begins in held rows: "response", "remission". Without it what the ratios of the
        result count, else "response".
    table : DataFrame, optional
        Rows whose control arms are taken; the bundled trials if None.

    Returns
    -------
    Absolute
        NaN for what cannot be known; `notes` say why.

    Raises
    ------
    RequestError
        For another measure, a rate outside (0, 1), an SD not above 0, an instrument of which no SD is held.

    References
    ----------
    .. [1] Furukawa TA, Leucht S. PLoS ONE (2011). doi:10.1371/journal.pone.0019070
    .. [2] Kraemer HC, Kupfer DJ. Biological Psychiatry (2006). doi:10.1016/j.biopsych.2005.09.014

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> fit = pdt.pool([0.2, 0.5, 0.9], [0.04, 0.05, 0.03], measure="SMD")
    >>> meaning = pdt.absolute(fit, control_rate=0.2, sd=8)
    >>> round(meaning.rate, 3), round(meaning.nnt, 1), meaning.disjoint, round(meaning.points, 1)
    (0.383, 5.5, True, 4.4)
    """
    _check(fit, control_rate, sd)
    event = event or event_of(fit)
    arms = (
        held_rate(fit, event, table) if control_rate is None else ControlArms(value=control_rate, what=event)
    )
    spread = None
    if fit.measure == "SMD" and (sd is not None or instrument is not None):
        spread = (
            held_sd(fit, str(instrument), table) if sd is None else ControlArms(value=float(sd), what="SD")
        )
    found: dict[str, Any] = {
        "measure": fit.measure,
        "estimate": fit.estimate,
        "ci": fit.ci,
        "level": fit.level,
    }
    found |= {
        "stratum": stratum_of(fit),
        "arms": arms_compared(fit.stratum, fit.columns),
        "control_arms": arms,
        "sd_arms": spread,
        "instrument": instrument or "",
    }
    if arms is not None:
        found |= _rates(fit, arms.value)
    if fit.measure == "SMD":
        found |= _distributions(fit)
    if spread is not None:
        found |= {"points": fit.estimate * spread.value, "points_ci": _pair(np.array(fit.ci) * spread.value)}
    return Absolute(**found, notes=tuple(_notes(fit, arms, event)))


def _check(fit: PooledEffect, control_rate: float | None, sd: float | None) -> None:
    if not isinstance(fit, PooledEffect):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise RequestError(
            "absolute() takes a PooledEffect, as synthesize(table) has one for each stratum, "
            f"found {type(fit).__name__}."
        )
    given = {"control_rate": (control_rate, RATE), "sd": (sd, SD)}
    check_options(**{name: pair for name, pair in given.items() if pair[0] is not None})
    if fit.measure not in MEASURES:
        raise RequestError(
            f"absolute() knows what an effect of measure {', '.join(MEASURES)} comes to; this result's is "
            f"{fit.measure!r}. Effects pooled by hand are given it by pool(..., measure='SMD')."
        )
    if sd is not None and fit.measure != "SMD":
        raise RequestError(f"sd turns an SMD into points; this result's measure is {fit.measure!r}.")


def _rates(fit: PooledEffect, rate: float) -> dict[str, Any]:
    values = np.array([fit.estimate, *fit.ci, *fit.pi])
    if fit.measure == "SMD":
        rates = responders.response_rate(values, rate)
    elif fit.measure == "OR":
        odds = np.exp(values) * rate / (1 - rate)
        rates = odds / (1 + odds)
    else:
        rates = np.clip(rate * np.exp(values) if fit.measure == "RR" else rate + values, 0.0, 1.0)
    needed = responders.number_needed(rates - rate)
    mean = responders.mean_response_rate(fit.estimate, fit.tau2, rate) if fit.measure == "SMD" else NAN
    return {
        "control_rate": rate,
        "rate": float(rates[0]),
        "rate_ci": _pair(rates[1:3]),
        "rate_pi": _pair(rates[3:]),
        "rate_mean": float(mean),
        "difference": float(rates[0]) - rate,
        "difference_ci": _pair(rates[1:3] - rate),
        "nnt": float(needed[0]),
        "nnt_ci": _pair(needed[2:0:-1]),
    }


def _distributions(fit: PooledEffect) -> dict[str, Any]:
    values = np.array([fit.estimate, *fit.ci])
    found: dict[str, Any] = {}
    for name, of in (
        ("cles", responders.superiority),
        ("u3", responders.u3),
        ("overlap", responders.overlap),
    ):
        numbers = of(values)
        found |= {name: float(numbers[0]), f"{name}_ci": _pair(np.sort(numbers[1:]))}
    if fit.ci[0] < 0 < fit.ci[1]:
        found["overlap_ci"] = (found["overlap_ci"][0], 1.0)
    needed = responders.nnt_without_rate(values)
    return found | {"nnt_without_rate": float(needed[0]), "nnt_without_rate_ci": _pair(needed[2:0:-1])}


def _pair(values: Any) -> Pair:
    low, high = (float(value) for value in values)
    return low, high


def _notes(fit: PooledEffect, arms: ControlArms | None, event: str) -> Iterator[Note]:
    if arms is None:
        yield Note(
            "no-control-rate",
            f"No control arm with a {event} is held for this result, so rates are not known: give control_rate.",
        )
    elif fit.tau2 > 0:
        yield Note(
            "mean-effect",
            "True effects vary between studies: the number needed to treat is that of the mean effect, not the mean "
            "of the studies' own.",
        )
    if fit.measure == "SMD":
        yield Note("normal-outcomes", "Assumes normal outcomes with one standard deviation in both arms.")


def nnt_words(nnt: float, ci: Pair, disjoint: bool) -> str:
    """A number needed to treat with its interval, which runs through infinity where both sides are possible.

    Examples
    --------
    >>> nnt_words(5.47, (2.36, -31.0), True)
    'NNTB 5.5 (NNTB 2.4 to infinity to NNTH 31.0)'
    """

    def one(value: float) -> str:
        return "infinite" if math.isinf(value) else f"NNT{'B' if value > 0 else 'H'} {abs(value):.1f}"

    if math.isnan(nnt):
        return "not known"
    middle = " to infinity to " if disjoint else " to "
    return one(nnt) if math.isnan(sum(ci)) else f"{one(nnt)} ({middle.join(map(one, ci))})"


def _in(arm: str) -> str:
    return {"arm 1": "in arm 1", "control": "in the control arm"}.get(arm, f"with {arm}")


def _of(arm: str) -> str:
    return {"arm 1": "of arm 1", "control": "of the control arm"}.get(arm, f"with {arm}")


def _lines(a: Absolute) -> Iterator[str]:
    level = percent(a.level)
    first, second = a.arms

    def share(value: float, ci: Pair) -> str:
        limits = "" if math.isnan(sum(ci)) else f" ({level} CI {100 * ci[0]:.0f}% to {100 * ci[1]:.0f}%)"
        return f"{100 * value:.0f}%{limits}"

    if a.control_arms is not None:
        what = a.control_arms.what
        yield f"{what.capitalize()} {_in(second)}: {100 * a.control_rate:.0f}% ({a.control_arms.basis})"
        yield f"{what.capitalize()} {_in(first)}: {share(a.rate, a.rate_ci)}"
        if not math.isnan(sum(a.rate_pi)):
            yield f"  in a new trial: {100 * a.rate_pi[0]:.0f}% to {100 * a.rate_pi[1]:.0f}%"
        if not math.isnan(a.rate_mean) and abs(a.rate_mean - a.rate) >= 0.005:
            yield f"  on average over the true effects: {100 * a.rate_mean:.0f}%"
        low, high = a.per_1000_ci
        more, low, high = (f"{round(value) or 0:.0f}" for value in (a.per_1000, low, high))  # no "-0"
        yield f"More per 1,000 patients: {more} ({low} to {high})"
        yield f"Number needed to treat: {nnt_words(a.nnt, a.nnt_ci, a.disjoint)}"
    if a.measure == "SMD":
        crosses = a.ci[0] < 0 < a.ci[1]
        yield f"  without a rate: {nnt_words(a.nnt_without_rate, a.nnt_without_rate_ci, crosses)}"
        yield f"A patient {_of(first)} does better than one {_of(second)} in {share(a.cles, a.cles_ci)}"
        yield f"Patients {_of(second)} below the average {_of(first)} (U3): {share(a.u3, a.u3_ci)}"
        yield f"Overlap of the arms: {share(a.overlap, a.overlap_ci)}"
    if a.sd_arms is not None:
        low, high = a.points_ci
        name = f" of {a.instrument}" if a.instrument else ""
        spread = f"SD {TEXT.number(a.sd_arms.value, 2)}, {a.sd_arms.basis}"
        yield f"Points{name}: {a.points:.1f} ({low:.1f} to {high:.1f}; {spread})"
