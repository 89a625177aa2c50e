"""What the engine hands back: frozen records that hold values and where they came from.

`PooledEffect` is one stratum (one outcome at one follow-up), pooled; `Synthesis` is the
set of strata of one call. They carry no model and no table; their methods only format.
"""

# Tables below keep one row a line: broken up, this file would pass 400 lines or a function 60.
from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import (
    RATIOS,
    TEXT,
    aligned,
    counted,
    note_lines,
    percent,
    plain,
    root,
    scale_name,
    stratum_in_words,
)
from pdt_evidence.keys import key_of
from pdt_evidence.models.described import Described
from pdt_evidence.models.inference import TESTS_BY_CODE
from pdt_evidence.notes import ABOUT_PREDICTION, Answer, Note, closing, code_of
from pdt_evidence.other_names import as_written
from pdt_evidence.showing import Brief, Cells, pooled_cells, pooled_head

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.models.threshold import Beyond

__all__ = [
    "ABOUT_PREDICTION",
    "Answer",
    "Note",
    "PooledEffect",
    "Synthesis",
    "as_ratios",
    "closing",
    "code_of",
]

NAN = math.nan
NO_INTERVAL = (NAN, NAN)
ONE_EFFECT = ("EE", "MH", "IV", "PETO")  # methods that take all studies to have one true effect


def _no_values() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PooledEffect(Brief, Described):
    """One stratum pooled; on the scale of `measure`, above 0 favours arm 1.

    Intervals are pairs (low, high) at `level`; NaN stands for what cannot be known, and
    `notes` says why. Every value has a default, so that a record can be made by hand.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.pool([0.6, 0.2, 0.4], [0.04, 0.03, 0.09], measure="SMD")
    <PooledEffect REML knha k=3: SMD 0.38 [-0.16, 0.93]>
    """

    stratum: Mapping[str, str] = field(default_factory=dict[str, str])  # {"outcome": "depression", ...}
    measure: str = "GEN"
    method: str = "REML"
    test: str = "knha"
    level: float = 0.95
    k: int = 0
    estimate: float = NAN
    se: float = NAN
    statistic: float = NAN
    df: float = NAN  # NaN where the test is standard normal
    p: float = NAN
    log_p: float = NAN  # natural logarithm of p, finite where p underflows to 0
    ci: tuple[float, float] = NO_INTERVAL
    pi: tuple[float, float] = NO_INTERVAL
    pi_rule: str = "HTS-t(k-2)"
    tau2: float = NAN  # squared units of `estimate`
    tau2_se: float = NAN
    tau2_ci: tuple[float, float] = NO_INTERVAL
    tau2_ci_method: str = "q-profile"
    I2: float = NAN  # percent, from tau2 and the typical variance
    I2_ci: tuple[float, float] = NO_INTERVAL
    H2: float = NAN
    H2_ci: tuple[float, float] = NO_INTERVAL
    I2_Q: float = NAN  # percent, max(0, (Q - df) / Q)
    H2_Q: float = NAN  # Q / df
    Q: float = NAN
    Q_df: int = 0
    Q_p: float = NAN
    log_likelihood: float = NAN  # restricted, unless method is "ML" or "EE"
    labels: tuple[str, ...] = ()
    yi: NDArray[np.float64] = field(default_factory=_no_values)
    vi: NDArray[np.float64] = field(default_factory=_no_values)
    weights: NDArray[np.float64] = field(default_factory=_no_values)  # percent, sum 100
    row_ids: tuple[str, ...] = ()  # "T0001+T0002" where a value was aggregated
    columns: Mapping[str, tuple[Any, ...]] = field(
        default_factory=dict[str, tuple[Any, ...]]
    )  # per study, for figures
    notes: tuple[str, ...] = ()
    values_by: Mapping[str, Any] = field(default_factory=dict[str, Any])  # a synthesis's rules for its values

    @property
    def is_multilevel(self) -> bool:
        """Whether its model has several effects a trial, as `MultilevelEffect` has."""
        return False

    @property
    def trials(self) -> float:
        """Distinct trials behind the `k` effects; NaN where `columns` has no "trial_id"."""
        named = self.columns.get("trial_id", ())
        return len(set(named)) if len(named) else NAN

    def __repr__(self) -> str:
        words = f"{' '.join(self.stratum.values())}, " if self.stratum else ""
        size = f"k={self.k}" if math.isnan(self.trials) else f"k={self.k} trials={self.trials:g}"
        numbers = TEXT.estimate(self.estimate, self.ci)
        scale = "" if self.measure == "GEN" else f"{scale_name(self.measure)} "
        return f"<{type(self).__name__} {words}{self.method} {self.test} {size}: {scale}{numbers}>"

    def __str__(self) -> str:
        return self.summary()

    def to_dict(self) -> dict[str, Any]:
        """Every value as plain Python, ready for JSON; NaN becomes None."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}

    def to_frame(self) -> pd.DataFrame:
        """One row: the stratum's words first, then the numbers, intervals as `_low`, `_high`."""
        import pandas as pd

        return pd.DataFrame([_row(self)])

    def studies(self) -> pd.DataFrame:
        """One row a study: label, evidence rows, yi, vi, its Wald interval, weight, columns."""
        import pandas as pd
        from scipy.special import ndtri

        half = ndtri(0.5 + self.level / 2) * np.sqrt(self.vi)
        table: dict[str, Any] = {"label": list(self.labels) or [str(i + 1) for i in range(len(self.yi))]}
        if self.row_ids:
            table["row_ids"] = list(self.row_ids)
        table |= {"yi": self.yi, "vi": self.vi, "ci_low": self.yi - half, "ci_high": self.yi + half}
        table |= {} if self.measure == "GEN" else {"measure": self.measure}
        table |= {"weight": self.weights} if len(self.weights) else {}
        table |= {name: list(values) for name, values in self.columns.items() if name not in table}
        return pd.DataFrame(table)

    def summary(self, also: Iterable[Answer] = ()) -> str:
        """Aligned text that names the rules used, as a reader of metafor knows it.

        `also` are answers to put below it, as in ``fit.summary([fit.beyond(0.24), absolute(fit)])``.

        Raises
        ------
        RequestError
            For an answer that has no summary.
        """
        parts = (_heading(self), _heterogeneity(self), _estimate(self))
        return "\n".join([line for part in parts for line in (*part, "")][:-1] + closing(self.notes, also))

    def beyond(
        self, q: float, *, level: float | None = None, draws: int = 2000, seed: int | None = 1
    ) -> Beyond:
        """Share of true effects above `q`, on the scale of the estimate (log for ratios), with its intervals.

        `level` is the result's own without one; `draws` and `seed` are of the bootstrap.

        Raises
        ------
        RequestError
            For bad options, and a posterior, whose `probability` answers.
        """
        from pdt_evidence.models.threshold import beyond

        return beyond(self, q, self.level if level is None else level, draws, seed)

    def _cells(self) -> Cells:
        head = (*self.stratum, *pooled_head(self.measure, self.level))
        return [head, (*map(str, self.stratum.values()), *pooled_cells(self))]

    def _caption(self) -> str:
        return _title(self)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Synthesis(Brief, Described):
    """The strata of one call, in order, and the rows that went into none.

    `syn["depression", "post"]` is the `PooledEffect` of one stratum; a synthesis by a
    single column is also keyed by the plain word. Iteration gives the keys, as tuples.

    Examples
    --------
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> table = pd.DataFrame({"study": ["A", "B", "A", "B"], "outcome": ["anxiety"] * 2 + ["depression"] * 2,
    ...                       "yi": [0.6, 0.2, 0.4, 0.5], "vi": [0.04, 0.03, 0.09, 0.05]})
    >>> pooled = pdt.synthesize(table, by="outcome")
    >>> list(pooled), pooled["anxiety"].k
    ([('anxiety',), ('depression',)], 2)
    """

    by: tuple[str, ...]
    strata: Mapping[tuple[str, ...], PooledEffect]
    left_out: pd.DataFrame  # row_id, study, outcome, follow_up (those the table has), reason
    measure: str = "SMD"
    method: str = "REML"
    test: str = "knha"
    level: float = 0.95
    dependence: str = "aggregate"
    rho: float = NAN
    aggregate: str = ""  # how several rows became one; "" where none did
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        rho = "" if math.isnan(self.rho) else f" rho={self.rho:g}"
        rules = f"{self.measure}, {self.method} {self.test}, {self.dependence}{rho}"
        strata = counted(len(self), "stratum", "strata")
        return f"<Synthesis of {strata} by {', '.join(self.by)}: {rules}>"

    def __str__(self) -> str:
        return self.summary()

    def __getitem__(self, key: str | tuple[str, ...]) -> PooledEffect:
        """The `PooledEffect` of one stratum, by all its words in order or by those that no other stratum has.

        Raises
        ------
        RequestError
            Where no stratum has these words, or several have; the error lists those there are.
        """
        return self.strata[key_of(key, self.strata, self.by)]

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self.strata)

    def __len__(self) -> int:
        return len(self.strata)

    def __contains__(self, key: object) -> bool:
        return ((key,) if isinstance(key, str) else key) in self.keys()

    def keys(self) -> list[tuple[str, ...]]:
        """The strata's keys, in order."""
        return list(self.strata)

    def values(self) -> list[PooledEffect]:
        """The `PooledEffect` of every stratum, in order."""
        return list(self.strata.values())

    def items(self) -> list[tuple[tuple[str, ...], PooledEffect]]:
        """Key and `PooledEffect` of every stratum, in order."""
        return list(self.strata.items())

    def only(self, **words: str) -> Synthesis:
        """The strata with these words, as in ``only(outcome="depression")``; what was excluded stays with it.

        Raises
        ------
        RequestError
            For a column that makes no strata, or words that no stratum has.
        """
        unknown = [column for column in words if column not in self.by]
        if unknown:
            raise RequestError(f"{', '.join(unknown)} makes no strata here; {', '.join(self.by)} does.")
        there = {column: {key[self.by.index(column)] for key in self.strata} for column in words}
        meant = {column: as_written(word, there[column]) for column, word in words.items()}
        strata = {
            key: effect
            for key, effect in self.strata.items()
            if all(key[self.by.index(column)] == word for column, word in meant.items())
        }
        if not strata:
            raise RequestError(
                f"No stratum has {words}. There are: {'; '.join(', '.join(key) for key in self.strata)}."
            )
        return replace(self, strata=strata)

    def to_frame(self) -> pd.DataFrame:
        """One row a stratum, as `PooledEffect.to_frame`."""
        import pandas as pd

        if not self.strata:
            empty = _row(PooledEffect(stratum=dict.fromkeys(self.by, "")))
            return pd.DataFrame([empty]).iloc[:0]
        return pd.DataFrame([_row(effect) for effect in self.strata.values()])

    def summary(self) -> str:
        """One aligned line a stratum, then what was excluded, and the notes of the strata by their numbers."""
        notes = list(dict.fromkeys(note for effect in self.strata.values() for note in effect.notes))
        mixed = len({effect.measure for effect in self.strata.values()}) > 1
        head = (*self.by, *(["measure"] if mixed else []), "k", "trials", "estimate", "ci.lb", "ci.ub", "p",
                "pi.lb", "pi.ub", "tau2", "I2", *(["note"] if notes else []))  # fmt: skip
        cells = [head, *(_line(key, effect, mixed, notes) for key, effect in self.strata.items())]
        rho = "" if math.isnan(self.rho) else f", rho = {self.rho:g}"
        rules = f"{self.method}, {self.test}, {percent(self.level)} intervals"
        rules += f"; dependence: {self.dependence}{rho}"
        measures = "" if mixed else f"{scale_name(self.measure)} "
        lines = [f"{measures}by {', '.join(self.by)} ({rules})", "", *aligned(cells, len(self.by) + mixed)]
        lines += ["", *(f"[{n}] {note}" for n, note in enumerate(notes, 1))] if notes else []
        if len(self.left_out):
            lines += ["", f"{counted(len(self.left_out), 'row')} went into no stratum (see left_out)."]
        return "\n".join([*lines, *note_lines(self.notes)])

    def _cells(self) -> Cells:
        mixed = len({effect.measure for effect in self.strata.values()}) > 1
        head = (*self.by, *pooled_head("" if mixed else self.measure, self.level))
        return [head, *((*key, *pooled_cells(one, named=mixed)) for key, one in self.strata.items())]

    def _caption(self) -> str:
        return repr(self)[1:-1]


def _row(effect: PooledEffect) -> dict[str, Any]:
    row: dict[str, Any] = dict(effect.stratum)
    for name in ("measure", "k", "trials", "estimate", "se", "ci", "statistic", "df", "p", "pi", "tau2", "tau2_se",
                 "tau2_ci", "I2", "I2_ci", "H2", "H2_ci", "Q", "Q_df", "Q_p", "method", "test", "level",
                 "pi_rule", "tau2_ci_method"):  # fmt: skip
        value = getattr(effect, name)
        if isinstance(value, tuple):
            row[f"{name}_low"], row[f"{name}_high"] = value
        else:
            row[name] = value
    row["notes"] = " ".join(effect.notes)
    return row


def _title(effect: PooledEffect) -> str:
    words = stratum_in_words(effect.stratum)
    model = (
        "Equal-effects model" if effect.method in ONE_EFFECT else f"Random-effects model ({effect.method})"
    )
    several = not math.isnan(effect.trials) and effect.trials != effect.k
    k = f"{counted(effect.k, 'effect')} of {counted(effect.trials, 'trial')}" if several else effect.k
    return f"{words}: {model}, k = {k}" if words else f"{model}, k = {k}"


def _heading(effect: PooledEffect) -> list[str]:
    known = TESTS_BY_CODE.get(effect.test)
    meaning = known.meaning if known else "as named"  # of another model, which has no such test
    return [_title(effect), f"measure: {scale_name(effect.measure)}; test: {effect.test} ({meaning})"]


def _heterogeneity(effect: PooledEffect) -> list[str]:
    rows = [("", "estimate", f"{percent(effect.level)} CI ({effect.tau2_ci_method})")]
    rows += [
        ("tau2", TEXT.number(effect.tau2), TEXT.interval(effect.tau2_ci)),
        ("tau", TEXT.number(math.sqrt(effect.tau2)), TEXT.interval(root(effect.tau2_ci))),
        ("I2 (%)", TEXT.unitless(effect.I2, 2), TEXT.interval(effect.I2_ci, 2)),
        ("H2", TEXT.unitless(effect.H2, 2), TEXT.interval(effect.H2_ci, 2)),
    ]
    test = f"Test for heterogeneity: Q(df = {effect.Q_df}) = {TEXT.unitless(effect.Q)}, {TEXT.p_value(effect.Q_p)}"
    return [*aligned(rows, words=1), "", test]


def _estimate(effect: PooledEffect) -> list[str]:
    kind = "z" if math.isnan(effect.df) else "t"
    head = ("estimate", "se", kind, "df", "p", "ci.lb", "ci.ub", "pi.lb", "pi.ub")
    df = "" if kind == "z" else f"{effect.df:g}"
    values = (effect.estimate, effect.se, effect.statistic)
    row = (*map(TEXT.number, values), df, TEXT.p(effect.p), *map(TEXT.number, (*effect.ci, *effect.pi)))
    rule = f"pi: prediction interval by {effect.pi_rule}"
    return [*aligned([head, row], words=0), *as_ratios(effect), f"ci, pi: {percent(effect.level)}; {rule}"]


def as_ratios(effect: PooledEffect) -> list[str]:
    """The estimate of a ratio measure, and its intervals, as ratios."""
    if effect.measure not in RATIOS or math.isnan(effect.estimate):
        return []
    with np.errstate(over="ignore"):
        values = np.exp([effect.estimate, *effect.ci, *effect.pi])
    ratio, *ends = values.tolist()
    low, high, *pi = (TEXT.limit(value, 2, 1.0) for value in ends)
    also = "" if math.isnan(ends[2]) else f", pi {pi[0]} to {pi[1]}"
    return [f"exp: {effect.measure} {TEXT.effect(ratio, 2, 1.0)} [{low}, {high}]{also}"]


def _line(key: tuple[str, ...], effect: PooledEffect, mixed: bool, notes: list[str]) -> tuple[str, ...]:
    numbers = ",".join(str(notes.index(note) + 1) for note in dict.fromkeys(effect.notes))
    return (*key, *([scale_name(effect.measure)] if mixed else []), str(effect.k), TEXT.number(effect.trials, 0),
            *map(TEXT.number, (effect.estimate, *effect.ci)), TEXT.p(effect.p),
            *map(TEXT.number, effect.pi), TEXT.number(effect.tau2), TEXT.unitless(effect.I2, 1),
            *([f"[{numbers}]" if numbers else ""] if notes else []))  # fmt: skip
