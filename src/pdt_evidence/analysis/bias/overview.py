"""Entry point to all corrections for bias at once: one row a method, with the same columns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.analysis.bias.asymmetry import regression_test, trim_and_fill
from pdt_evidence.analysis.bias.limits import limit_meta, p_uniform
from pdt_evidence.analysis.bias.pet_peese import PetPeese, pet_peese
from pdt_evidence.analysis.bias.records import (
    ALONE,
    NAN,
    Adjusted,
    Tabular,
    adjusted_cells,
    student,
    table_of,
)
from pdt_evidence.analysis.bias.selection import selection_model
from pdt_evidence.analysis.bias.selection_records import SelectionModel
from pdt_evidence.analysis.bias.sensitivity import PublicationSensitivity, publication_sensitivity
from pdt_evidence.analysis.bias.studies import (
    DIRECTIONS,
    Evidence,
    Studies,
    direction_of,
    several_effects,
    studies_of,
)
from pdt_evidence.analysis.pooled.multilevel import pool_multilevel
from pdt_evidence.analysis.pooled.pooling import henmi_copas, pool
from pdt_evidence.errors import known_options
from pdt_evidence.formatting import TEXT, counted, note_lines
from pdt_evidence.models.bias.small_study import RegressionTest
from pdt_evidence.models.inference import TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, Whole, check_options
from pdt_evidence.results import PooledEffect
from pdt_evidence.showing import Cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Bias", "bias"]

LEAST = 10
COLUMNS = ("method", "estimate", "se", "ci_low", "ci_high", "p", "k", "tau2", "applies", "why")
SECTIONS = (  # in which order methods stand
    "uncorrected",
    "PET-PEESE",
    "UWLS",
    "WAAP-WLS",
    "selection model, 1 step",
    "selection model, 2 steps",
    "selection model, beta",
    "p-uniform*",
    "limit meta-analysis",
    "trim and fill",
    "Henmi-Copas",
    "worst case",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Bias(Tabular):
    """What each method makes of one meta-analysis; a method that does not apply has NaN and says why."""

    rows: tuple[Adjusted, ...]
    k: int
    trials: int
    measure: str = "GEN"
    stratum: Mapping[str, str] = field(default_factory=dict[str, str])
    level: float = 0.95
    direction: str = ""  # "positive" or "negative": which effects selection is taken to favour
    regression: RegressionTest | None = None
    sensitivity: PublicationSensitivity | None = None
    why: str = ""  # why no method was applied
    notes: tuple[str, ...] = ()

    def __getitem__(self, method: str) -> Adjusted:
        """The row of one method.

        Raises
        ------
        KeyError
            Where there is no such method.
        """
        return {row.method: row for row in self.rows}[method]

    def to_frame(self) -> pd.DataFrame:
        """One row a method: estimate, its error and interval, p, k, tau2, whether it applies, and why not."""
        import pandas as pd

        cells = [
            (row.method, row.estimate, row.se, *row.ci, row.p, row.k, row.tau2, _applies(row), row.why)
            for row in self.rows
        ]
        return pd.DataFrame(cells, columns=list(COLUMNS))

    def _line(self) -> str:
        used = sum(_applies(row) for row in self.rows)
        found = [row.estimate for row in self.rows if _applies(row)]
        ends = f", {TEXT.number(min(found), 2)} to {TEXT.number(max(found), 2)}" if found else ""
        return f"{used} of {counted(len(self.rows), 'method')} apply to {counted(self.k, 'effect')}{ends}"

    def _cells(self) -> Cells:
        return adjusted_cells(list(self.rows))

    def effects(self) -> dict[str, PooledEffect]:
        """The estimates of the methods that apply, by name, as figures draw them."""
        return {
            row.method: PooledEffect(
                stratum=self.stratum,
                measure=self.measure,
                method=row.method,
                test="t" if row.df == row.df else "z",
                level=self.level,
                k=row.k,
                estimate=row.estimate,
                se=row.se,
                df=row.df,
                p=row.p,
                ci=row.ci,
                tau2=row.tau2,
            )
            for row in self.rows
            if _applies(row)
        }

    @property
    def silent(self) -> tuple[str, ...]:
        """The methods that do not apply, each with its reason."""
        return tuple(f"{row.method}: {row.why}" for row in self.rows if not _applies(row))

    def summary(self) -> str:
        """The methods as a table, the test of asymmetry, the sentence on selection, and why some are silent."""
        lines = table_of([row for row in self.rows if _applies(row)], "Corrections for bias", self.level)
        if self.regression is not None:
            lines += ["", self.regression.summary()]
        if self.sensitivity is not None:
            lines += ["", self.sensitivity.sentence]
        notes = (*([self.why] if self.why else []), *self.notes, *(() if self.why else self.silent))
        return "\n".join([*lines, *note_lines(notes)])

    def __str__(self) -> str:
        return self.summary()


def _applies(row: Adjusted) -> bool:
    return not np.isnan(row.estimate)


@known_options
def bias(
    yi: Evidence,
    vi: ArrayLike | None = None,
    *,
    direction: str | None = None,
    cluster: Iterable[Hashable] | str | None = None,
    rho: float | None = None,
    level: float | None = None,
    least: int = LEAST,
) -> Bias:
    """Correct one meta-analysis for publication bias by every method that applies.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.
    direction : {"positive", "negative"}, optional
        Which effects selection favours. Without it positive, but trials of two treatments need it.
    cluster, rho
        As in `pet_peese`. Methods that take every effect as independent then say that they do not apply.
    level : float, optional
        Of the intervals; that of the fit, else 0.95.
    least : int
        Fewest trials for which anything is corrected: with fewer these methods say more about chance.

    Returns
    -------
    Bias
        `to_frame()` has one row a method with the same columns; `forest` draws it. No method is right everywhere:
        where they disagree, the answer depends on what one believes about the trials that are not seen.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For an unknown option, or a direction that must be given.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> found = pdt.bias([0.9, 0.6, 0.5, 0.3], [0.20, 0.10, 0.05, 0.02])
    >>> found.why
    '4 trials are fewer than 10: nothing is corrected for bias.'
    """
    check_options(
        direction=(direction, Choice(DIRECTIONS)),
        least=(least, Whole(least=3)),
        **({"level": (level, LEVEL)} if level is not None else {}),
        **({"rho": (rho, RHO)} if rho is not None else {}),
    )
    studies = studies_of(yi, vi, cluster=cluster, rho=rho)
    level = studies.level if level is None else level
    trials = studies.trials
    base: dict[str, Any] = {"k": studies.k, "trials": trials, "measure": studies.measure, "level": level}
    base["stratum"] = dict(studies.fit.stratum) if studies.fit is not None else {}
    first = replace(_uncorrected(studies, level), method="uncorrected")
    if trials < least:
        size = f"{counted(trials, 'trial')} {'is' if trials == 1 else 'are'}"
        why = f"{size} fewer than {least}: nothing is corrected for bias."
        blank = [Adjusted(method=name, k=studies.k, why=why) for name in SECTIONS[1:]]
        return Bias(**base, rows=(first, *blank), why=why, notes=studies.how)
    sign, note = direction_of(studies, direction)
    side = "positive" if sign > 0 else "negative"
    options: dict[str, Any] = {"direction": side, "level": level}
    pets = pet_peese(studies, **options)
    sensitivity = publication_sensitivity(studies, **options)
    rows = [
        first,
        _chosen(pets),
        pets.uwls,
        pets.waap,
        _of_selection("selection model, 1 step", selection_model(studies, **options)),
        _of_selection("selection model, 2 steps", selection_model(studies, steps=(0.025, 0.5), **options)),
        _of_selection("selection model, beta", selection_model(studies, kind="beta", **options)),
        *_of_independent(studies, side, level),
        replace(sensitivity.worst_case, method="worst case"),
    ]
    return Bias(
        **base,
        rows=tuple(rows),
        direction=side,
        regression=regression_test(studies),
        sensitivity=sensitivity,
        notes=(
            *studies.how,
            note,
            *_dependent(studies),
            *_two_means(first, sensitivity),
            *_beyond(rows, studies),
        ),
    )


def _uncorrected(studies: Studies, level: float) -> Adjusted:
    fit = studies.fit
    if fit is None or fit.level != level:
        if studies.cluster is not None:
            names = [str(code) for code in studies.cluster]
            fit = pool_multilevel(studies.yi, studies.vi, names, rho=studies.rho, level=level).with_robust()
        else:
            test = studies.test if studies.test in TESTS else "knha"
            fit = pool(studies.yi, studies.vi, method=studies.method, test=test, level=level)
    return Adjusted(
        method="uncorrected",
        estimate=fit.estimate,
        se=fit.se,
        df=fit.df,
        statistic=fit.statistic,
        p=fit.p,
        ci=fit.ci,
        k=fit.k,
        tau2=fit.tau2,
    )


def _chosen(pets: PetPeese) -> Adjusted:
    why = pets.pet.why if not pets.chosen else ""
    return replace(pets.adjusted, method="PET-PEESE", why=why)


def _of_selection(name: str, model: SelectionModel) -> Adjusted:
    return Adjusted(
        method=name,
        estimate=model.estimate,
        se=model.se,
        statistic=model.statistic,
        p=model.p,
        ci=model.ci,
        k=model.k,
        tau2=model.tau2,
        why=model.why,
    )


def _of_independent(studies: Studies, side: str, level: float) -> list[Adjusted]:
    """The methods that take one effect a trial."""
    makers: dict[str, Callable[[], Adjusted]] = {
        "p-uniform*": lambda: p_uniform(studies.yi, studies.vi, direction=side, level=level),
        "limit meta-analysis": lambda: limit_meta(studies.yi, studies.vi, level=level),
        "trim and fill": lambda: _filled(studies, side, level),
        "Henmi-Copas": lambda: _henmi_copas(studies, level),
    }
    if studies.cluster is not None:
        return [Adjusted(method=name, k=studies.k, why=ALONE) for name in makers]
    return [make() for make in makers.values()]


def _filled(studies: Studies, side: str, level: float) -> Adjusted:
    """Studies filled in opposite to where selection pushes."""
    test = studies.test if studies.test in TESTS else "knha"
    missing = "left" if side == "positive" else "right"
    found = trim_and_fill(studies.yi, studies.vi, side=missing, test=test, level=level)
    df = NAN if test == "z" else float(studies.k + found.k0 - 1)
    plain = student(
        "trim and fill", found.estimate, found.se, df, level, k=studies.k + found.k0, tau2=found.tau2
    )
    return replace(plain, ci=found.ci)


def _henmi_copas(studies: Studies, level: float) -> Adjusted:
    found = henmi_copas(studies.yi, studies.vi, level=level)
    return Adjusted(method="Henmi-Copas", estimate=found.estimate, ci=found.ci, k=found.k, tau2=found.tau2)


def _two_means(first: Adjusted, sensitivity: PublicationSensitivity) -> tuple[str, ...]:
    """A sentence where the mean that selection is to move is another than that of the model."""
    own = sensitivity.naive.estimate
    if np.isnan(own) or np.isclose(own, first.estimate, rtol=1e-4, atol=1e-6):
        return ()
    return (
        f"Two means stand here: {TEXT.number(first.estimate)} (uncorrected) is of the model that was pooled; "
        f"{TEXT.number(own)} is {sensitivity.mean}, from which the sensitivity to publication bias starts.",
    )


def _beyond(rows: list[Adjusted], studies: Studies) -> tuple[str, ...]:
    """A sentence where methods leave the effects that there are."""
    names = [row.method for row in rows if studies.is_beyond(row.estimate)]
    if not names:
        return ()
    effects = TEXT.interval((float(studies.yi.min()), float(studies.yi.max())))
    return (
        f"Outside of all effects observed ({effects}): {', '.join(names)}. No trial bears out what they come to.",
    )


def _dependent(studies: Studies) -> tuple[str, ...]:
    if studies.cluster is None:
        return ()
    return (
        "Trials have several effects: robust inference by trial where the method has it.",
        *several_effects(studies),
    )
