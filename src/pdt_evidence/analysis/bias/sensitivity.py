"""Entry point to sensitivity to publication bias: how strong selection must be to explain a result away."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.analysis.bias.records import NAN, Adjusted, Tabular, student
from pdt_evidence.analysis.bias.studies import DIRECTIONS, Evidence, Studies, direction_of, studies_of
from pdt_evidence.errors import known_options
from pdt_evidence.formatting import TEXT, aligned, counted_below, effects_of, note_lines, percent
from pdt_evidence.models.bias.affirmative import (
    LARGEST_RATIO,
    Selection,
    is_affirmative,
    limit_ratio,
    mean_ratio,
)
from pdt_evidence.models.inference import TESTS
from pdt_evidence.models.pool import Options, fit
from pdt_evidence.options import LEVEL, Choice, Number, check_options

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PublicationSensitivity", "publication_sensitivity"]

MODELS = ("robust", "fixed")
ALPHA = Number(low=0, high=1, expected="a two-sided significance level between 0 and 1, such as 0.05")
ANY = Number(low=-np.inf, high=np.inf, expected="a number on the scale of the effects, such as 0 or 0.24")
SHOWN = (1.0, 2.0, 5.0, 10.0, 30.0)
FEW_DF = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PublicationSensitivity(Tabular):
    """What the mean would be under selection of any strength, and how strong it must be to move it to `q`."""

    model: str
    q: float
    k: int
    trials: int  # behind the k effects
    affirmative: int  # effects that are significant in the favoured direction
    naive: Adjusted
    worst_case: Adjusted  # of the other studies alone
    s_value: float = NAN  # the selection ratio that brings the mean to q; infinite where none does
    s_value_ci: float = NAN  # the same for the end of the interval that is nearer to q
    curve: pd.DataFrame  # ratio, estimate, ci_low, ci_high
    level: float = 0.95
    sign: float = 1.0
    mean: str = (
        "the estimate"  # what `naive` is, in words: not always the estimate of the model that was pooled
    )
    why: str = ""
    notes: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """What `k` and `affirmative` are numbers of: "study", or "effect" where trials have several."""
        return "effect" if self.trials < self.k else "study"

    @property
    def sentence(self) -> str:
        """What the two S-values say, for readers."""
        if self.why:
            return f"The sensitivity to publication bias cannot be computed: {self.why}."
        kind = "positive" if self.sign > 0 else "negative"
        to = f"{self.q:g}"
        which = f"studies with significant {kind} results ({self.affirmative} of {self.k})"
        if self.unit == "effect":
            size = effects_of(self.k, self.trials)
            which = f"significant {kind} results ({self.affirmative} of {size})"
        if np.isinf(self.s_value):
            first = (
                f"However much likelier {which} were to be published than the others, that would not "
                f"bring {self.mean} of "
                f"{TEXT.number(self.naive.estimate, 2)} to {to}"
            )
        else:
            first = (
                f"{which[0].upper()}{which[1:]} would have to be {_times(self.s_value)} "
                f"as likely to be published as the others to bring {self.mean} of "
                f"{TEXT.number(self.naive.estimate, 2)} to {to}"
            )
        return f"{first}; {self._limit(to)}."

    def _limit(self, to: str) -> str:
        interval = f"its {percent(self.level)} interval"
        if self.s_value_ci == 1:
            return f"{interval} holds {to} without any"
        if np.isinf(self.s_value_ci):
            return f"nor would it bring {interval} there, up to {LARGEST_RATIO:,.0f} times"
        return f"{_times(self.s_value_ci)} as likely would bring {interval} there"

    def summary(self) -> str:
        """The sentence, the mean under some ratios, and the worst case."""
        title = f"Sensitivity to publication bias, model = {self.model!r}, q = {self.q:g}"
        lines = [f"{title} ({percent(self.level)} intervals)", "", self.sentence]
        if len(self.curve):
            near = [int(np.abs(self.curve["ratio"] - ratio).argmin()) for ratio in SHOWN]
            rows = [
                (f"{ratio:.3g}", *map(TEXT.number, numbers))
                for ratio, *numbers in self.curve.iloc[near].to_numpy(dtype=float)
            ]
            worst = (self.worst_case.estimate, *self.worst_case.ci)
            rows.append((f"worst case, k = {self.worst_case.k}", *map(TEXT.number, worst)))
            lines += ["", *aligned([("selection ratio", "estimate", "ci.lb", "ci.ub"), *rows], 1)]
        return "\n".join([*lines, *note_lines(self.notes)])

    def to_frame(self) -> pd.DataFrame:
        """One row: both S-values, the worst case, how many effects are affirmative."""
        import pandas as pd

        worst = self.worst_case
        return pd.DataFrame(
            [
                {
                    "model": self.model,
                    "q": self.q,
                    "k": self.k,
                    "trials": self.trials,
                    "affirmative": self.affirmative,
                    "estimate": self.naive.estimate,
                    "s_value": self.s_value,
                    "s_value_ci": self.s_value_ci,
                    "worst_case": worst.estimate,
                    "worst_case_low": worst.ci[0],
                    "worst_case_high": worst.ci[1],
                    "why": self.why,
                }
            ]
        )

    def _line(self) -> str:
        return self.sentence

    def _shown(self) -> tuple[str, ...]:
        return ("k", "affirmative", "estimate", "s_value", "s_value_ci", "worst_case")

    def __str__(self) -> str:
        return self.summary()


def _times(ratio: float) -> str:
    return f"{ratio:.2g} times" if ratio < 10 else f"{ratio:,.0f} times"


@known_options
def publication_sensitivity(
    yi: Evidence,
    vi: ArrayLike | None = None,
    *,
    q: float = 0.0,
    model: str = "robust",
    alpha: float = 0.05,
    direction: str | None = None,
    cluster: Iterable[Hashable] | str | None = None,
    level: float | None = None,
) -> PublicationSensitivity:
    """Ask how much likelier significant results in one direction must be published to explain a result away.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.
    q : float
        What the mean, or the nearer end of its interval, is to be moved to; on the scale of the effects.
    model : {"robust", "fixed"}
        Random effects with cluster-robust errors, or a common effect, which leaves clusters out of account.
    alpha : float
        Two-sided level at which a result in the favoured direction counts as affirmative.
    direction : {"positive", "negative"}, optional
        Which effects selection favours. Without it positive, but trials of two treatments need it.
    cluster
        One name an effect, or a column of the table. A multilevel fit brings it along, a table with `trial_id` too.
    level : float, optional
        Of the intervals; that of the fit, else 0.95.

    Returns
    -------
    PublicationSensitivity
        `.s_value` and `.s_value_ci`, infinite where no selection of this kind does it; `.worst_case`, the mean of
        the studies that are not affirmative; `.curve`; `.sentence`. NaN with a reason in `why` where no study, or
        every study, is affirmative, or the mean lies beyond q already.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For an unknown option, or a direction that must be given.

    References
    ----------
    .. [1] Mathur, VanderWeele (2020). doi:10.1111/rssc.12440

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> found = pdt.publication_sensitivity([0.9, 0.7, 0.5, 0.1, -0.2], [0.05, 0.05, 0.04, 0.03, 0.03], model="fixed")
    >>> round(found.s_value, 1)
    13.3
    """
    check_options(
        q=(q, ANY),
        model=(model, Choice(MODELS)),
        alpha=(alpha, ALPHA),
        direction=(direction, Choice(DIRECTIONS)),
        **({"level": (level, LEVEL)} if level is not None else {}),
    )
    studies = studies_of(yi, vi, cluster=cluster, caller="publication_sensitivity")
    sign, note = direction_of(studies, direction)
    level = studies.level if level is None else level
    data = _selection(studies, sign, model, alpha, level)
    many = int(data.affirmative.sum())
    notes = [note, *_asides(studies, model)]
    base: dict[str, Any] = {
        "model": model,
        "q": q,
        "k": studies.k,
        "trials": studies.trials,
        "affirmative": many,
        "level": level,
        "sign": sign,
        "mean": _mean_in_words(studies, model),
    }
    why = _impossible(data, sign * q)
    if why:
        blank = Adjusted(method="", k=studies.k, why=why)
        return PublicationSensitivity(
            **base, naive=blank, worst_case=blank, curve=_no_curve(), why=why, notes=tuple(notes)
        )
    one = data.corrected(np.ones(1))
    if model == "robust" and one.df[0] < FEW_DF:
        notes.append(
            f"The robust interval rests on {counted_below(FEW_DF, one.df[0], 'degree of freedom')}: "
            "below 4 it is not to be trusted."
        )
    return PublicationSensitivity(
        **base,
        naive=student("uncorrected", sign * one.estimate[0], one.se[0], one.df[0], level, k=studies.k),
        worst_case=_worst_case(studies, data, sign),
        s_value=mean_ratio(data, sign * q),
        s_value_ci=limit_ratio(data, sign * q),
        curve=_curve(data, sign),
        notes=tuple(notes),
    )


def _selection(studies: Studies, sign: float, model: str, alpha: float, level: float) -> Selection:
    yi = sign * studies.yi
    tau2 = 0.0
    if model == "robust" and studies.k > 1:
        options = Options(method="REML", test="z", level=level, tau2_ci_method=None)
        tau2 = float(fit(yi, studies.vi, options).tau2)
    affirmative = is_affirmative(yi, studies.vi, alpha)
    return Selection(
        yi=yi,
        vi=studies.vi,
        affirmative=affirmative,
        tau2=tau2,
        codes=studies.codes,
        model=model,
        level=level,
    )


def _impossible(data: Selection, q: float) -> str:
    many = int(data.affirmative.sum())
    if len(np.unique(data.codes)) < 2:
        return "it takes at least 2 independent studies, and there is 1"
    one = "study" if len(np.unique(data.codes)) == len(data.yi) else "effect"
    if not many:
        return f"no {one} is significant in the direction that selection is taken to favour"
    if many == len(data.yi):
        return f"every {one} is significant in that direction, so that none tells what was not published"
    if data.corrected(np.ones(1)).estimate[0] <= q:
        return "the estimate lies at or beyond q already, away from where selection pushes it"
    return ""


def _worst_case(studies: Studies, data: Selection, sign: float) -> Adjusted:
    """The others alone: pooled by REML, or the robust mean where effects are in clusters."""
    rest = ~data.affirmative
    name, k = "worst case", int(rest.sum())
    if studies.cluster is None and data.model == "robust":
        test = studies.test if studies.test in TESTS else "knha"
        options = Options(method="REML", test=test, level=data.level, tau2_ci_method=None)
        found = fit(studies.yi[rest], studies.vi[rest], options)
        numbers = (float(found.estimate), float(found.se), float(found.df))
        return student(name, *numbers, data.level, k=k, tau2=float(found.tau2))
    found = data.worst()
    return student(name, sign * found.estimate[0], found.se[0], found.df[0], data.level, k=k)


def _curve(data: Selection, sign: float) -> pd.DataFrame:
    import pandas as pd

    ratios = np.unique(np.concatenate([np.geomspace(1.0, 200.0, 81), SHOWN]))
    found = data.corrected(ratios)
    ends = np.sort(sign * found.ci, axis=1)
    return pd.DataFrame(
        {"ratio": ratios, "estimate": sign * found.estimate, "ci_low": ends[:, 0], "ci_high": ends[:, 1]}
    )


def _no_curve() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"ratio": [], "estimate": [], "ci_low": [], "ci_high": []})


def _mean_in_words(studies: Studies, model: str) -> str:
    """What selection is to move: the estimate itself where that is the REML mean of single effects."""
    if model == "fixed":
        return "the common-effect mean"
    if studies.cluster is not None:
        return "this method's own mean (each effect weighted as if independent, errors robust by trial)"
    return "the estimate" if studies.method == "REML" else "the REML mean"


def _asides(studies: Studies, model: str) -> list[str]:
    if model == "fixed" and studies.cluster is not None:
        return [
            "The fixed form takes the effects of a trial as independent: its interval is too narrow here."
        ]
    return []
