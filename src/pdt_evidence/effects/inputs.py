"""From a table's columns to checked arrays: what each measure needs, and all that a table lacks of it.

A *role* is what a number means (`mean_t`, `sd_t`, `event_c`, `reported_se` ...); by default it is read from
the column of that name. A group of roles that together give an effect is a *basis*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array
from pdt_evidence.errors import EvidenceError, RequestError, SchemaError

__all__ = ["BASES", "MEASURES", "Inputs", "read_inputs"]

BASES: Mapping[str, tuple[str, ...]] = {
    "means": ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"),
    "events": ("event_t", "n_t", "event_c", "n_c"),
    "reported": ("reported_metric", "reported"),
    "change": ("mean_post", "sd_post", "mean_pre", "sd_pre", "n", "r"),
    "raw change": ("mean_post", "mean_pre", "sd_pre", "n", "r"),
    "given": ("yi",),
}
MEASURES: Mapping[str, tuple[str, ...]] = {
    "SMD": ("means", "events", "reported"),
    "MD": ("means", "reported"),
    "ROM": ("means", "reported"),
    "OR": ("events", "reported"),
    "RR": ("events", "reported"),
    "RD": ("events", "reported"),
    "HR": ("reported",),
    "SMCC": ("change",),
    "SMCR": ("raw change",),
    "GEN": ("given",),
}
EXTRA: Mapping[str, tuple[str, ...]] = {  # read where the table has them
    "means": ("better", "score"),
    "events": ("better",),
    "reported": (
        "reported_se",
        "reported_ci_low",
        "reported_ci_high",
        "reported_ci_level",
        "reported_p",
        "n_t",
        "n_c",
        "n_total",
    ),
    "change": ("better",),
    "raw change": ("better",),
    "given": ("vi", "sei", "ci_low", "ci_high", "ci_level"),
}
WORDS = {"better": ("lower", "higher"), "score": (), "reported_metric": ()}  # roles that hold words
SHARED_ROLES = ("n_t", "n_c", "n", "r")  # their columns alone do not tell what a table means to give


@dataclass(frozen=True, slots=True)
class Inputs:
    """One array a role, a row each; NaN or "" where the table says nothing."""

    rows: int
    values: Mapping[str, NDArray[Any]]
    names: Mapping[str, str]  # role -> what messages call it

    def __getitem__(self, role: str) -> Array:
        return self.values.get(role, np.full(self.rows, np.nan))

    def words(self, role: str) -> NDArray[np.object_]:
        return self.values.get(role, np.full(self.rows, "", dtype=object))

    def has(self, role: str) -> bool:
        return role in self.values

    def all_present(self, basis: str) -> NDArray[np.bool_]:
        """Rows that have every number of this basis."""
        return np.logical_and.reduce([~np.isnan(self[role]) for role in BASES[basis]])


def read_inputs(table: pd.DataFrame, measure: str, columns: Mapping[str, object]) -> Inputs:
    """Find, convert and check what `measure` can use of `table`; all problems in one error."""
    known = _roles(measure)
    unknown = [f"{role!r}{_hint(role, known)}" for role in columns if role not in known]
    if unknown:
        raise RequestError(
            f"measure={measure!r} has no column named {', '.join(unknown)}. It takes: {', '.join(known)}."
        )
    sources = _sources(table, known, columns)
    _require_a_basis(table, measure, sources)
    labels = _row_labels(table)
    problems = _duplicates(table)
    values: dict[str, NDArray[Any]] = {}
    for role, source in sources.items():
        convert = _to_words if role in WORDS else _to_numbers
        values[role], found = convert(table, role, source, labels)
        problems += found
    names = {role: source if isinstance(source, str) else role for role, source in sources.items()}
    inputs = Inputs(len(table), values, names)
    problems += _range_problems(inputs, measure, labels)
    if problems:
        raise EvidenceError.from_problems(problems, f"effect sizes, measure {measure}")
    return inputs


def _roles(measure: str) -> list[str]:
    roles = [role for basis in MEASURES[measure] for role in (*BASES[basis], *EXTRA[basis])]
    return list(dict.fromkeys(roles))


def _sources(table: pd.DataFrame, known: Sequence[str], columns: Mapping[str, object]) -> dict[str, object]:
    """Role -> the column it is read from, or the one value it has in every row."""
    sources: dict[str, object] = {role: role for role in known if role in table.columns}
    problems = []
    for role, given in columns.items():
        constant = not isinstance(given, str) or (role in WORDS and given not in table.columns)
        if constant and (isinstance(given, str) or np.ndim(given) == 0):  # pyright: ignore[reportArgumentType]
            sources[role] = pd.Series([given] * len(table), index=table.index)
        elif isinstance(given, str) and given in table.columns:
            sources[role] = given
        else:
            problems.append(f"{role}={given!r}: no such column.{_did_you_mean(str(given), table.columns)}")
    if problems:
        raise SchemaError.from_problems(problems, f"the table has {_listed(table.columns)}")
    return sources


def _require_a_basis(table: pd.DataFrame, measure: str, sources: Mapping[str, object]) -> None:
    """Refuse a table that lacks every basis, or that seems to misspell a column of one."""
    lacking = {basis: [role for role in BASES[basis] if role not in sources] for basis in MEASURES[measure]}
    used = {source for source in sources.values() if isinstance(source, str)}
    free = [str(column) for column in table.columns if column not in used]
    misspelt = []
    for basis, missing in lacking.items():
        begun = any(role in sources for role in BASES[basis] if role not in SHARED_ROLES)
        misspelt += [(role, near) for role in missing if begun and (near := _nearest(role, free))]
    complete = any(not missing for missing in lacking.values())
    if complete and not misspelt and _has_spread(measure, sources):
        return
    if misspelt:
        problems = [f"column {role!r} is missing; did you mean {near!r}?" for role, near in misspelt]
    elif complete:
        problems = ["expected a column 'vi', or 'sei', or 'ci_low' and 'ci_high', beside 'yi'; found none"]
    else:
        problems = [
            f"from {basis}: {_listed(BASES[basis])}; of these {_listed(missing)} missing"
            + "".join(f"; {role} may be {near!r}" for role in missing if (near := _nearest(role, free)))
            for basis, missing in lacking.items()
        ]
    where = f"measure {measure} cannot be computed from columns {_listed(table.columns)}"
    raise SchemaError.from_problems(
        [f"{problem} (name columns of your own as in mean_t='m1')" for problem in problems], where
    )


def _has_spread(measure: str, sources: Mapping[str, object]) -> bool:
    return measure != "GEN" or any(role in sources for role in ("vi", "sei", "ci_low"))


def _to_numbers(
    table: pd.DataFrame, role: str, source: object, labels: NDArray[Any]
) -> tuple[Array, list[str]]:
    column = _column(table, source)
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    blank = column.isna().to_numpy()
    if not pd.api.types.is_numeric_dtype(column):
        blank = blank | (column.astype(str).str.strip() == "").to_numpy()
    dated = column.dtype.kind in "mM"  # which pandas would take as nanoseconds
    wrong = (np.isnan(numbers) & ~blank) | np.isinf(numbers) | (dated & ~blank)
    name = source if isinstance(source, str) else role
    return numbers, _cells(
        wrong, labels, str(name), "a number", column.to_numpy(), "Use digits or leave it empty"
    )


def _to_words(
    table: pd.DataFrame, role: str, source: object, labels: NDArray[Any]
) -> tuple[NDArray[np.object_], list[str]]:
    column = _column(table, source)
    words = column.where(column.notna(), "").astype(str).str.strip().to_numpy(dtype=object)
    known = WORDS[role]
    if not known:
        return words, []
    wrong = ~np.isin(words.astype(str), ["", *known])
    name = source if isinstance(source, str) else role
    return words, _cells(wrong, labels, str(name), " or ".join(map(repr, known)), words, "Correct the word")


def _column(table: pd.DataFrame, source: object) -> pd.Series:
    return source if isinstance(source, pd.Series) else table[source]  # pyright: ignore[reportReturnType]


def _range_problems(inputs: Inputs, measure: str, labels: NDArray[Any]) -> list[str]:
    problems = []
    for role, (is_wrong, expected, advice) in _ranges(measure).items():
        if inputs.has(role):
            with np.errstate(invalid="ignore"):
                wrong = np.asarray(is_wrong(inputs[role]))
            problems += _cells(wrong, labels, inputs.names[role], expected, inputs[role], advice)
    pairs = [
        ("event_t", "n_t", "at most {column} = {bound:g}", "Count persons once"),
        ("event_c", "n_c", "at most {column} = {bound:g}", "Count persons once"),
        ("reported_ci_low", "reported_ci_high", "at most {column} = {bound:g}", "Swap the two limits"),
        ("ci_low", "ci_high", "at most {column} = {bound:g}", "Swap the two limits"),
    ]
    for low, high, expected, advice in pairs:
        lows, highs = inputs[low], inputs[high]
        for at in np.flatnonzero(lows > highs).tolist():
            bound = expected.format(column=inputs.names[high], bound=highs[at])
            problems += _cells(np.arange(len(lows)) == at, labels, inputs.names[low], bound, lows, advice)
    return problems


def _ranges(measure: str) -> dict[str, tuple[Callable[[Array], Any], str, str]]:
    least = 2 if measure in ("SMD", "MD", "ROM", "SMCC", "SMCR") else 1
    size = (lambda n: n < least, f"at least {least} persons", "Correct it or leave it empty")
    sd = (lambda sd: sd <= 0, "an SD above 0", "Correct it or leave it empty")
    count = (lambda event: event < 0, "a count, 0 or more", "Correct it or leave it empty")
    se = (lambda se: se <= 0, "a standard error above 0", "Correct it or leave it empty")
    level = (
        lambda level: (level <= 0) | (level >= 100) | (level == 1),
        "a confidence level such as 95",
        "Leave it empty for 95",
    )
    p = (lambda p: (p < 0) | (p > 1), "a p between 0 and 1", "Correct it or leave it empty")
    return {
        "n_t": size,
        "n_c": size,
        "n": size,
        "n_total": size,
        "sd_t": sd,
        "sd_c": sd,
        "sd_pre": sd,
        "sd_post": sd,
        "event_t": count,
        "event_c": count,
        "reported_se": se,
        "sei": se,
        "vi": (lambda vi: vi <= 0, "a variance above 0", "Correct it or leave it empty"),
        "r": (lambda r: np.abs(r) > 1, "a correlation from -1 to 1", "Correct it or leave it empty"),
        "reported_p": p,
        "reported_ci_level": level,
        "ci_level": level,
    }


def _cells(
    wrong: Any, labels: NDArray[Any], name: str, expected: str, found: NDArray[Any], advice: str
) -> list[str]:
    return [
        f"row {str(labels[at])!r}, column {name!r}: expected {expected}, found {_shown(found[at])}. {advice}."
        for at in np.flatnonzero(wrong).tolist()
    ]


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _row_labels(table: pd.DataFrame) -> NDArray[Any]:
    """What a reader calls each row: its row_id, else its place in the index."""
    return (table["row_id"] if "row_id" in table.columns else table.index).to_numpy()


def _duplicates(table: pd.DataFrame) -> list[str]:
    if "row_id" not in table.columns:
        return []
    ids = table["row_id"]
    repeated = ids[ids.duplicated() & ids.notna() & (ids != "")].unique()
    return [
        f"row {row!r}, column 'row_id': expected each id once, found it again. Rename one."
        for row in repeated
    ]


def _nearest(name: str, columns: Sequence[str]) -> str:
    lower = {column.lower(): column for column in columns}
    near = get_close_matches(name.lower(), list(lower), n=1, cutoff=0.8)
    return lower[near[0]] if near else ""


def _hint(name: str, known: Sequence[str]) -> str:
    near = _nearest(name, known)
    return f" (did you mean {near!r}?)" if near else ""


def _did_you_mean(name: str, columns: Any) -> str:
    near = _nearest(name, [str(column) for column in columns])
    return f" Did you mean {near!r}?" if near else ""


def _listed(names: Any) -> str:
    return ", ".join(str(name) for name in names) or "none"
