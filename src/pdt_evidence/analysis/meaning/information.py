"""How many patients would settle a question, and how many are held: the required information size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from pdt_evidence.analysis.checks import one_value_a_trial
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.formatting import counted, note_lines, percent, plain
from pdt_evidence.models.pool import Options
from pdt_evidence.models.pool import fit as pool_arrays
from pdt_evidence.models.sequential import obrien_fleming_boundaries
from pdt_evidence.notes import Note
from pdt_evidence.options import LEVEL, Choice, Number, check_options
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["InformationSize", "information_size", "sizes_of"]

NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class InformationSize(Brief):
    """Patients required and held.

    Attributes
    ----------
    single : float
        Patients that one trial would need, both arms together.
    diversity : float
        D2, the share (0 to 1) of the variance of the mean that variation between trials adds.
    required, held, fraction : float
        Patients that the meta-analysis needs, unrounded: `single` / (1 - `diversity`); those of its studies; held /
        required.
    looks : DataFrame or None
        With boundaries: one row a study in order of year: study, held, fraction, z, boundary.
    """

    minimal: float
    sd: float
    power: float
    level: float
    single: float
    diversity: float
    required: float
    held: float
    fraction: float
    looks: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """Required, held and the fraction, with what is assumed."""
        lines = [
            f"Required information size: {math.ceil(round(self.required, 6))} patients for a difference of "
            f"{self.minimal:g} (SD {self.sd:g}; power {percent(self.power)}, level {percent(self.level)})",
            f"one trial would need {math.ceil(round(self.single, 6))}; diversity between trials "
            f"{percent(round(self.diversity, 3))}",
            "held: not known"
            if math.isnan(self.held)
            else f"held: {self.held:.0f} patients, {100 * self.fraction:.0f}% of it",
        ]
        if self.looks is not None:
            crossed = self.looks[self.looks["z"].abs() >= self.looks["boundary"]]
            first = f"first at {crossed['study'].iloc[0]}" if len(crossed) else "at no study"
            lines.append(f"Sequential boundary (O'Brien-Fleming) crossed: {first}")
        return "\n".join([*lines, *note_lines(self.notes)])

    def __str__(self) -> str:
        return self.summary()

    def to_dict(self) -> dict[str, Any]:
        """Every value as plain Python, ready for JSON; NaN becomes None."""
        values = {item.name: plain(getattr(self, item.name)) for item in fields(self) if item.name != "looks"}
        return values | {"looks": None if self.looks is None else plain(self.looks.to_dict("records"))}


@known_options
def information_size(
    fit: PooledEffect,
    *,
    minimal: float,
    power: float = 0.9,
    level: float = 0.95,
    sd: float | None = None,
    diversity: float | None = None,
    held: float | None = None,
    boundaries: bool = False,
) -> InformationSize:
    """How many patients the meta-analysis needs to find a minimal difference, and how many it has.

    Parameters
    ----------
    fit : PooledEffect
        Of measure "SMD" or "MD", one value a trial.
    minimal : float
        The least difference that matters, on the scale of the estimate.
    power, level : float
        1 minus the chance to miss it; 1 minus the two-sided level of the test.
    sd : float, optional
        Standard deviation of the outcome; 1 for "SMD", needed for "MD".
    diversity : float, optional
        D2, from 0 to below 1; without it that of `fit`.
    held : float, optional
        Patients held; without it those of the studies' columns n_t and n_c, or n_total.
    boundaries : bool
        Whether to give the sequential boundaries of O'Brien and Fleming at each study.

    Returns
    -------
    InformationSize

    Raises
    ------
    RequestError
        For bad options, another measure, or several effects a trial.

    References
    ----------
    .. [1] Wetterslev J, Thorlund K, Brok J, Gluud C. BMC Medical Research Methodology (2009).
       doi:10.1186/1471-2288-9-86

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> fit = pdt.pool([0.2, 0.5, 0.9], [0.04, 0.05, 0.03], measure="SMD", columns={"n_total": [100, 80, 130]})
    >>> size = pdt.information_size(fit, minimal=0.24)
    >>> round(size.single), round(size.required), size.held, round(size.fraction, 2)
    (730, 2539, 310.0, 0.12)
    """
    _check(fit, minimal, power, level, sd, diversity, held)
    spread = 1.0 if sd is None else float(sd)
    single = 4 * float(ndtri(0.5 + level / 2) + ndtri(power)) ** 2 * spread**2 / minimal**2
    share = _diversity(fit) if diversity is None else float(diversity)
    sizes = sizes_of(fit)
    known = np.isfinite(sizes)
    total = float(held) if held is not None else float(sizes[known].sum()) if known.any() else NAN
    required = single / (1 - share)
    return InformationSize(
        minimal=float(minimal),
        sd=spread,
        power=power,
        level=level,
        single=single,
        diversity=share,
        required=required,
        held=total,
        fraction=total / required,
        looks=_looks(fit, sizes, required, level) if boundaries else None,
        notes=tuple(_notes(known, held, boundaries)),
    )


def _check(
    fit: PooledEffect, minimal: Any, power: Any, level: Any, sd: Any, diversity: Any, held: Any
) -> None:
    if not isinstance(fit, PooledEffect):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise RequestError(
            "information_size() takes a PooledEffect, as synthesize(table) has one for each stratum, "
            f"found {type(fit).__name__}."
        )
    kinds: dict[str, Any] = {
        "minimal": (minimal, Number(low=0, high=math.inf, expected="a difference above 0")),
        "power": (power, Number(low=0, high=1, expected="a number between 0 and 1, such as 0.9")),
        "level": (level, LEVEL),
        "measure of the result": (fit.measure, Choice(("SMD", "MD"))),
    }
    if sd is not None or fit.measure == "MD":
        kinds["sd"] = (sd, Number(low=0, high=math.inf, expected="a standard deviation above 0"))
    if diversity is not None:
        kinds["diversity"] = (
            diversity,
            Number(low=0, high=1, with_low=True, expected="a share from 0 to below 1"),
        )
    if held is not None:
        kinds["held"] = (held, Number(low=0, high=math.inf, with_low=True, expected="a number of patients"))
    check_options(**kinds)
    one_value_a_trial(fit, "information_size")


def _diversity(fit: PooledEffect) -> float:
    """1 minus the variance of the equal-effects mean over that of the random-effects mean."""
    return float(1 - (1 / (1 / fit.vi).sum()) / (1 / (1 / (fit.vi + fit.tau2)).sum())) if fit.k > 1 else 0.0


def sizes_of(fit: PooledEffect) -> Any:
    """Patients of each study; NaN where not known."""
    sizes = np.full(fit.k, NAN)
    columns = [np.array(fit.columns[name], dtype=float) for name in ("n_t", "n_c") if name in fit.columns]
    if len(columns) == 2:
        sizes = columns[0] + columns[1]
    if "n_total" in fit.columns:
        sizes = np.where(np.isnan(sizes), np.array(fit.columns["n_total"], dtype=float), sizes)
    return sizes


def _looks(fit: PooledEffect, sizes: Any, required: float, level: float) -> pd.DataFrame:
    """Information and z as studies came, with the boundary at each."""
    import pandas as pd

    known = np.isfinite(sizes)
    if not known.all() or "year" not in fit.columns:
        raise RequestError("Sequential boundaries need the year and the size of every study.")
    order = np.argsort(np.array(fit.columns["year"], dtype=float), kind="stable")
    y, v = fit.yi[order], fit.vi[order]
    so_far = np.tril(np.ones((fit.k, fit.k), dtype=bool))
    many = pool_arrays(
        np.where(so_far, y, NAN),
        np.where(so_far, v, NAN),
        Options(method=fit.method, test="z", level=level, tau2_ci_method=None),
    )
    held = np.cumsum(sizes[order])
    fraction = held / required
    within = np.minimum(fraction, 1.0)
    last = int(np.searchsorted(fraction, 1.0)) + 1  # once all is held, later studies change no boundary
    bounds = np.full(fit.k, NAN)
    bounds[:last] = obrien_fleming_boundaries(within[:last], 1 - level)
    names = [fit.labels[i] if fit.labels else str(i + 1) for i in order]
    return pd.DataFrame(
        {"study": names, "held": held, "fraction": fraction, "z": many.statistic, "boundary": bounds}
    )


def _notes(known: Any, held: float | None, boundaries: bool) -> Iterator[Note]:
    if held is None and not known.all():
        yield Note(
            "sizes-missing",
            f"The size of {int((~known).sum())} of {counted(len(known))} is not known and not counted.",
        )
    if boundaries:
        yield Note(
            "sequential-caution",
            "Sequential boundaries treat the pool as one trial looked at repeatedly; diversity is estimated from few "
            "studies, and no analysis was planned so. They are a caution, not a proof.",
        )
