"""Entry point to PET-PEESE: the effect that a study without sampling error would have."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.bias.records import (
    ALONE,
    NAN,
    Adjusted,
    Tabular,
    adjusted_cells,
    row_of,
    student,
    table_of,
)
from pdt_evidence.analysis.bias.studies import (
    DIRECTIONS,
    Evidence,
    Studies,
    direction_of,
    several_effects,
    studies_of,
)
from pdt_evidence.errors import known_options
from pdt_evidence.formatting import note_lines
from pdt_evidence.models.bias.lines import (
    POWER,
    Line,
    has_spread,
    random_line,
    unrestricted_average,
    weighted_line,
)
from pdt_evidence.models.clustered_regression import fit_clustered, robust_test
from pdt_evidence.models.distributions import two_sided_p
from pdt_evidence.models.inference import REGRESSION_TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, check_options
from pdt_evidence.showing import Cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PetPeese", "pet_peese"]

Floats = NDArray[np.float64]
MODELS = ("reml", "wls")
PRECISIONS = ("sei", "n", None)
FEWEST_CLUSTERS = 3
ALPHA = 0.05
RULE = (
    "PEESE where the intercept of PET lies on the side that selection favours (one-sided p < .05), else PET"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PetPeese(Tabular):
    """PET and PEESE, the one that the rule chooses, and the averages UWLS and WAAP-WLS beside them."""

    pet: Adjusted
    peese: Adjusted
    uwls: Adjusted
    waap: Adjusted
    chosen: str  # "PET", "PEESE", or "" where neither could be computed
    rule: str
    model: str  # "reml", "wls" or "che"
    precision: str  # "sei" or "n"
    level: float
    notes: tuple[str, ...] = ()

    @property
    def adjusted(self) -> Adjusted:
        """The chosen one."""
        return self.peese if self.chosen == "PEESE" else self.pet

    @property
    def estimate(self) -> float:
        """Of the chosen one."""
        return self.adjusted.estimate

    def summary(self) -> str:
        """Both lines, the rule and what it chose, the averages beside them."""
        title = f"PET-PEESE, model = {self.model!r}, precision = {self.precision!r}"
        lines = table_of([self.pet, self.peese, self.uwls, self.waap], title, self.level)
        lines += ["", f"Chosen: {self.chosen or 'neither'}. Rule: {self.rule}."]
        why = [f"{row.method}: {row.why}" for row in (self.pet, self.peese, self.uwls, self.waap) if row.why]
        return "\n".join([*lines, *note_lines((*self.notes, *why))])

    def to_frame(self) -> pd.DataFrame:
        """One row an estimate: PET, PEESE, UWLS, WAAP-WLS; `chosen` marks one."""
        import pandas as pd

        rows = [row_of(one) for one in (self.pet, self.peese, self.uwls, self.waap)]
        return pd.DataFrame(rows).assign(chosen=[row["method"] == self.chosen for row in rows])

    def _line(self) -> str:
        return f"{self.chosen or 'neither'} chosen; {repr(self.adjusted)[1:-1].removeprefix('Adjusted: ')}"

    def _cells(self) -> Cells:
        return adjusted_cells([self.pet, self.peese, self.uwls, self.waap])

    def __str__(self) -> str:
        return self.summary()


@known_options
def pet_peese(
    yi: Evidence,
    vi: ArrayLike | None = None,
    *,
    model: str = "reml",
    precision: str | None = None,
    test: str | None = None,
    direction: str | None = None,
    cluster: Iterable[Hashable] | str | None = None,
    rho: float | None = None,
    level: float | None = None,
) -> PetPeese:
    """Regress effects on their standard error (PET) and on its square (PEESE), and read off the intercept.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.
    model : {"reml", "wls"}
        Random effects, or weights 1 / vi with a free residual variance. Effects in clusters are fitted as
        correlated and hierarchical effects whatever is chosen, with CR2 standard errors and Satterthwaite df.
    precision : {"sei", "n"}, optional
        The standard error, or sqrt(1 / n1 + 1 / n2), which does not hold the effect itself. Without it "n" for
        standardised differences whose arms' sizes are all known, else "sei".
    test : {"z", "t", "knha"}, optional
        Of the random-effects form; that of the fit where it is one of these, else "knha".
    direction : {"positive", "negative"}, optional
        Which effects selection favours. Without it positive, but trials of two treatments need it.
    cluster, rho
        One name an effect, or a column of the table; correlation of the sampling errors in a cluster. A
        multilevel fit brings both along. The rows of a table are one value a trial, as in `synthesize`, unless
        `cluster` is given.
    level : float, optional
        Of the intervals; that of the fit, else 0.95.

    Returns
    -------
    PetPeese
        `.pet`, `.peese`, `.chosen`, `.rule`, `.uwls`, `.waap`. NaN with a reason in `why` where k < 3, where all
        studies are equally precise, or where there are fewer than 3 clusters.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For an unknown option, a direction that must be given, or precision by n where an arm's size is missing.

    References
    ----------
    .. [1] Stanley, Doucouliagos (2014). doi:10.1002/jrsm.1095
    .. [2] Pustejovsky, Rodgers (2019). doi:10.1002/jrsm.1332
    .. [3] Rodgers, Pustejovsky (2021). doi:10.1037/met0000300
    .. [4] Stanley, Doucouliagos, Ioannidis (2017). doi:10.1002/sim.7228

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> found = pdt.pet_peese([0.9, 0.6, 0.5, 0.3, 0.2], [0.20, 0.10, 0.05, 0.02, 0.02], model="wls")
    >>> found.chosen, round(found.estimate, 2)
    ('PET', -0.05)
    """
    check_options(
        model=(model, Choice(MODELS)),
        precision=(precision, Choice(PRECISIONS)),
        test=(test, Choice((*REGRESSION_TESTS, None))),
        direction=(direction, Choice(DIRECTIONS)),
        **({"level": (level, LEVEL)} if level is not None else {}),
        **({"rho": (rho, RHO)} if rho is not None else {}),
    )
    studies = studies_of(yi, vi, cluster=cluster, rho=rho, caller="pet_peese")
    sign, why = direction_of(studies, direction)
    word, x = studies.precision(precision)
    level = studies.level if level is None else level
    test = test or (studies.test if studies.test in REGRESSION_TESTS else "knha")
    form = model if studies.cluster is None else "che"
    pet = _adjusted("PET", studies, x, form, test, level)
    peese = _adjusted("PEESE", studies, x**2, form, test, level)
    return PetPeese(
        pet=pet,
        peese=peese,
        uwls=_average("UWLS", studies, np.ones(studies.k, dtype=bool), level),
        waap=_waap(studies, level),
        chosen=_choice(pet, peese, sign),
        rule=RULE,
        model=form,
        precision=word,
        level=level,
        notes=(why, *several_effects(studies)),
    )


def _choice(pet: Adjusted, peese: Adjusted, sign: float) -> str:
    if np.isnan(pet.p) or np.isnan(peese.estimate):
        return "" if np.isnan(pet.estimate) else "PET"
    one_sided = pet.p / 2 if sign * pet.estimate > 0 else 1 - pet.p / 2
    return "PEESE" if one_sided < ALPHA else "PET"


def _adjusted(name: str, studies: Studies, x: Floats, form: str, test: str, level: float) -> Adjusted:
    blank = Adjusted(method=name, k=studies.k)
    if not has_spread(x):
        return _because(blank, "all studies are equally precise, so that no line has a slope")
    if studies.k < 3:
        return _because(blank, f"a line needs 3 studies, and there are {studies.k}")
    if form == "che":
        return _clustered(blank, studies, x, level)
    line = weighted_line(studies.yi, studies.vi, x) if form == "wls" else _random(studies, x, test)
    slope = student(name, float(line.slope), float(line.slope_se), float(line.df), level)
    tau2 = NAN if form == "wls" else float(line.tau2)
    more = {"k": studies.k, "tau2": tau2, "slope": slope.estimate, "slope_se": slope.se, "slope_p": slope.p}
    return student(name, float(line.intercept), float(line.intercept_se), float(line.df), level, **more)


def _random(studies: Studies, x: Floats, test: str) -> Line:
    return random_line(studies.yi, studies.vi, x, method="REML", test=test)


def _clustered(blank: Adjusted, studies: Studies, x: Floats, level: float) -> Adjusted:
    """The line by correlated and hierarchical effects, with CR2 inference."""
    assert studies.cluster is not None
    assert studies.V is not None
    count = int(studies.cluster.max()) + 1
    if count < FEWEST_CLUSTERS:
        return _because(
            blank, f"robust inference on a line needs {FEWEST_CLUSTERS} clusters, there are {count}"
        )
    fit = fit_clustered(studies.yi, np.column_stack([np.ones(studies.k), x]), studies.cluster, studies.V)
    tests = [robust_test(fit, row) for row in np.eye(2)]
    se = np.where([test.df > 0 for test in tests], np.sqrt(np.diag(fit.cov_robust)), NAN)
    slope_t = float(fit.beta[1] / se[1])
    more = {
        "k": studies.k,
        "tau2": sum(fit.sigma2),
        "slope": float(fit.beta[1]),
        "slope_se": float(se[1]),
        "slope_p": float(two_sided_p(slope_t, tests[1].df)) if tests[1].df > 0 else NAN,
    }
    return student(blank.method, float(fit.beta[0]), float(se[0]), tests[0].df, level, **more)


def _waap(studies: Studies, level: float) -> Adjusted:
    """UWLS of the studies that see the UWLS mean with power 0.8."""
    if studies.cluster is not None:
        return _because(Adjusted(method="WAAP-WLS", k=studies.k), ALONE)
    mean = unrestricted_average(studies.yi, studies.vi)[0]
    powered = np.sqrt(studies.vi) <= abs(mean) / POWER
    if powered.sum() < 2:
        blank = Adjusted(method="WAAP-WLS", k=int(powered.sum()))
        return _because(
            blank, f"{int(powered.sum())} of {studies.k} studies have power 0.8 for the UWLS mean, 2 needed"
        )
    return _average("WAAP-WLS", studies, powered, level)


def _average(name: str, studies: Studies, used: NDArray[np.bool_], level: float) -> Adjusted:
    if studies.cluster is not None:
        return _because(Adjusted(method=name, k=studies.k), ALONE)
    if used.sum() < 2:
        return _because(Adjusted(method=name, k=int(used.sum())), "its standard error needs 2 studies")
    estimate, se, df = unrestricted_average(studies.yi[used], studies.vi[used])
    return student(name, estimate, se, float(df), level, k=int(used.sum()))


def _because(blank: Adjusted, why: str) -> Adjusted:
    return replace(blank, why=why)
