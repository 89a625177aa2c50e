"""A table with one row an arm -> the effects of each study's arms, checked.

Rows with the same treatment in one study become one arm; scores where low is good are
turned round, so that above 0 favours the first-named treatment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import EvidenceError, SchemaError, require_choice
from pdt_evidence.formatting import counted
from pdt_evidence.models.networks import arms as arms_of
from pdt_evidence.results import Note
from pdt_evidence.showing import Brief

__all__ = ["ArmStudies", "ArmTable", "read_arms"]

MEASURES = ("SMD", "MD", *arms_of.EVENT_MEASURES)
NUMBERS = ("mean", "sd", "n", "events", "contrast", "se", "var_arm1")
BASES = {  # what a row must have -> how it is used
    "contrast": ("contrast", "se"),
    "means": ("mean", "sd", "n"),
    "events": ("events", "n"),
}


class ArmTable(Protocol):
    """A DataFrame, or a mapping of columns."""

    def keys(self) -> Any: ...
    def __getitem__(self, name: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True, repr=False)
class ArmStudies(Brief):
    """Studies with two treatments or more: label, treatments, effects, variances of differences."""

    studies: tuple[tuple[str, tuple[str, ...], NDArray[np.float64], NDArray[np.float64]], ...]
    notes: tuple[str, ...]

    def contrasts(self) -> dict[str, list[Any]]:
        """Columns study, arm_t, arm_c, yi, vi: every pair of every study."""
        columns: dict[str, list[Any]] = {name: [] for name in ("study", "arm_t", "arm_c", "yi", "vi")}
        for label, names, effects, variances in self.studies:
            for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
                row = (label, names[i], names[j], float(effects[i] - effects[j]), float(variances[i, j]))
                for name, value in zip(columns, row, strict=True):
                    columns[name].append(value)
        return columns


def read_arms(table: ArmTable, *, measure: str, study: str, arm: str, better: str | None) -> ArmStudies:
    """Check the table, merge arms, form effects; all problems are one error."""
    require_choice("measure", measure, MEASURES)
    if better is not None:
        require_choice("better", better, ("higher", "lower"))
    columns = _columns(table, study, arm, better)
    rows_of: dict[str, list[int]] = {}
    for row, label in enumerate(columns["study"]):
        rows_of.setdefault(label, []).append(row)
    studies, problems, alone = [], [], []
    for label, rows in rows_of.items():
        cells = {name: [values[row] for row in rows] for name, values in columns.items()}
        basis, sentence = _basis(cells, measure)
        problems += [f"Study {label!r}: {text}." for text in sentence]
        if sentence:
            continue
        names = tuple(dict.fromkeys(cells["arm"]))
        if len(names) < 2:
            alone.append(f"{label} ({cells['arm'][0]})")
            continue
        effects, variances = _effects(cells, names, basis, measure)
        sign = -1.0 if cells["better"][0] == "lower" else 1.0
        studies.append((label, names, sign * effects, variances))
    if problems:
        raise EvidenceError.from_problems(problems, "network arms")
    notes = (
        [Note("one-treatment", f"Left out, since all their arms have one treatment: {', '.join(alone)}.")]
        if alone
        else []
    )
    derived = list(table["verification"]).count("derived") if "verification" in table.keys() else 0  # noqa: SIM118
    if derived:
        arms = len(columns["study"])
        notes.append(
            Note(
                "derived-arms",
                f"{derived} of {counted(arms, 'arm')} {'holds' if derived == 1 else 'hold'} numbers "
                "that were computed from others, not printed ('derived').",
            )
        )
    return ArmStudies(tuple(studies), tuple(notes))


def _columns(table: ArmTable, study: str, arm: str, better: str | None) -> dict[str, list[Any]]:
    present = list(table.keys())
    absent = [name for name in (study, arm) if name not in present]
    if absent:
        raise SchemaError(f"network arms: no column {', '.join(map(repr, absent))}; there are {present}.")
    words_of = {"study": list(table[study]), "arm": list(table[arm])}
    length = len(words_of["study"])
    problems = [
        f"row {row + 1} has no {name}."
        for name, values in words_of.items()
        for row, value in enumerate(values)
        if is_blank(value)
    ]
    columns: dict[str, list[Any]] = {name: list(map(str, values)) for name, values in words_of.items()}
    for name in NUMBERS:
        values = list(table[name]) if name in present else [math.nan] * length
        columns[name] = [_number(value) for value in values]
        problems += [
            f"row {row + 1}, column {name!r}: expected a number, found {value!r}."
            for row, value in enumerate(values)
            if not is_blank(value) and not _known(columns[name][row])
        ]
    if problems:
        raise EvidenceError.from_problems(problems, "network arms")
    words = (
        [better] * length if better else list(table["better"]) if "better" in present else ["higher"] * length
    )
    columns["better"] = words
    return columns


def _basis(cells: dict[str, list[Any]], measure: str) -> tuple[str, list[str]]:
    """Which numbers the study gives, and everything that is wrong with them."""
    problems = [
        f"better = {word!r} is neither 'higher' nor 'lower'"
        for word in set(cells["better"])
        if word not in ("higher", "lower")
    ]
    if not problems and len(set(cells["better"])) > 1:
        problems.append("its arms disagree about whether higher or lower is better")
    allowed = [name for name in BASES if _allowed(name, measure)]
    given = [name for name in allowed if all(map(_known, cells[BASES[name][0]]))]
    if not given:
        wanted = " or ".join("/".join(BASES[name]) for name in allowed)
        return "", [*problems, f"every arm needs {wanted} for measure {measure!r}"]
    basis = given[0]
    check = {"contrast": _contrast_problems, "means": _means_problems, "events": _events_problems}[basis]
    return basis, problems + check(cells)


def _allowed(basis: str, measure: str) -> bool:
    if basis == "events":
        return measure != "MD"
    return measure == "SMD" or (basis == "means" and measure == "MD")


def _known(value: float) -> bool:
    return math.isfinite(value)


def is_blank(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN, pandas' NA, or white space."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or str(value) in ("nan", "<NA>")


def _number(value: Any) -> float:
    try:
        return math.nan if is_blank(value) else float(value)
    except (TypeError, ValueError):
        return math.nan


def _means_problems(cells: dict[str, list[Any]]) -> list[str]:
    return [
        f"arm {arm!r} needs sd > 0 and n > 1, found sd = {sd:g}, n = {n:g}"
        for arm, sd, n in zip(cells["arm"], cells["sd"], cells["n"], strict=True)
        if not (sd > 0 and n > 1)
    ]


def _events_problems(cells: dict[str, list[Any]]) -> list[str]:
    return [
        f"arm {arm!r} needs 0 <= events <= n, found {events:g} of {n:g}"
        for arm, events, n in zip(cells["arm"], cells["events"], cells["n"], strict=True)
        if not 0 <= events <= n
    ]


def _contrast_problems(cells: dict[str, list[Any]]) -> list[str]:
    first = _first_arms(cells)
    if len(first) != 1:
        return [f"exactly one arm, the first, must have a blank se, but {len(first)} have"]
    problems = [
        f"arm {arm!r} needs se > 0, found {se:g}"
        for arm, se in zip(cells["arm"], cells["se"], strict=True)
        if _known(se) and se <= 0
    ]
    if cells["contrast"][first[0]] != 0:
        problems.append(
            f"the contrast of the first arm with itself is 0, found {cells['contrast'][first[0]]:g}"
        )
    return problems + _first_variance_problems(cells, cells["var_arm1"][first[0]])


def _first_variance_problems(cells: dict[str, list[Any]], own: float) -> list[str]:
    if len(cells["arm"]) < 3:
        return []
    if not own > 0:
        return [
            f"{counted(len(cells['arm']), 'arm')} need var_arm1 > 0, the first arm's variance, found {own:g}"
        ]
    least = min(se for se in cells["se"] if _known(se)) ** 2
    if own >= least:
        return [f"var_arm1 = {own:g} must be below every contrast's variance, of which one is {least:g}"]
    return []


def _first_arms(cells: dict[str, list[Any]]) -> list[int]:
    return [i for i, se in enumerate(cells["se"]) if not _known(se)]


def _effects(
    cells: dict[str, list[Any]], names: tuple[str, ...], basis: str, measure: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    group = np.array([names.index(arm) for arm in cells["arm"]])

    def merged(merge: Any, *columns: str) -> list[NDArray[np.float64]]:
        values = [np.array(cells[name], float) for name in columns]
        return [
            np.array(column)
            for column in zip(
                *(merge(*(v[group == i] for v in values)) for i in range(len(names))), strict=True
            )
        ]

    if basis == "means":
        arms = merged(arms_of.merge_means, "mean", "sd", "n")
        return arms_of.smd_arms(*arms) if measure == "SMD" else arms_of.mean_difference_arms(*arms)
    if basis == "events":
        events, n = merged(arms_of.merge_counts, "events", "n")
        if measure != "SMD":
            return arms_of.event_arms(events, n, measure)
        effects, variances = arms_of.event_arms(events, n, "OR")
        return effects / arms_of.LOGIT_SD, variances / arms_of.LOGIT_SD**2
    first = _first_arms(cells)[0]
    order = [first, *(i for i in range(len(group)) if i != first)]
    contrast, se = (np.array(cells[name], float)[order] for name in ("contrast", "se"))
    effects, variances = arms_of.contrast_arms(contrast, se, cells["var_arm1"][first])
    if len(names) == len(order):
        back = np.argsort(order)  # to the order of the rows, which is that of `names`
        return effects[back], variances[np.ix_(back, back)]
    return arms_of.merge_effects(effects, variances, group[order])
