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

from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.arrays import Array, as_numbers, as_words
from pdt_evidence.errors import EvidenceError, RequestError, SchemaError, did_you_mean, warn
from pdt_evidence.evidence.frames import row_names
from pdt_evidence.evidence.minus import plain_minus
from pdt_evidence.evidence.p_values import P_COLUMNS, read_p
from pdt_evidence.evidence.readers.words import as_spelled
from pdt_evidence.other_names import columns_of_others

__all__ = ["BASES", "MEASURES", "Inputs", "read_inputs", "require_a_basis"]

BASES: Mapping[str, tuple[str, ...]] = {
    "means": ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"),
    "medians": ("median_t", "n_t", "median_c", "n_c"),
    "baseline": ("mean_t", "sd_pre_t", "n_t", "mean_c", "sd_pre_c", "n_c", "r"),
    "events": ("event_t", "n_t", "event_c", "n_c"),
    "reported": ("reported_metric", "reported"),
    "t": ("t", "n_t", "n_c"),
    "f": ("f", "n_t", "n_c"),
    "p": ("p", "n_t", "n_c"),
    "change": ("mean_post", "sd_post", "mean_pre", "sd_pre", "n", "r"),
    "raw change": ("mean_post", "mean_pre", "sd_pre", "n", "r"),
    "given": ("yi",),
}
MEASURES: Mapping[str, tuple[str, ...]] = {
    "SMD": ("means", "medians", "baseline", "events", "reported", "t", "f", "p"),
    "SMDH": ("means", "medians"),
    "PPC2": ("baseline",),
    "MD": ("means", "medians", "reported"),
    "ROM": ("means", "reported"),
    "OR": ("events", "reported"),
    "RR": ("events", "reported"),
    "RD": ("events", "reported"),
    "HR": ("reported",),
    "SMCC": ("change",),
    "SMCR": ("raw change",),
    "SMCRP": ("change",),
    "GEN": ("given",),
}
RARE = ("medians", "baseline", "t", "f", "p")  # not offered to a table that has nothing of them
OF_MEDIANS = tuple(f"{name}_{arm}" for arm in "tc" for name in ("mean", "sd", "q1", "q3", "min", "max"))
OF_TESTS = ("favours", "better", "mean_t", "mean_c")  # which way a test without a sign goes
CLUSTERED = ("icc", "cluster_size")
EXTRA: Mapping[str, tuple[str, ...]] = {  # read where the table has them
    "means": ("better", "score", *CLUSTERED),
    "medians": ("better", *OF_MEDIANS, *CLUSTERED),
    "baseline": ("better", "score", "mean_pre_t", "mean_pre_c", *CLUSTERED),
    "events": ("better", *CLUSTERED),
    "reported": (
        "reported_se",
        "reported_ci_low",
        "reported_ci_high",
        "reported_ci_level",
        "reported_p",
        "n_t",
        "n_c",
        "n_total",
        *CLUSTERED,
    ),
    "t": OF_TESTS,
    "f": OF_TESTS,
    "p": OF_TESTS,
    "change": ("better",),
    "raw change": ("better",),
    "given": ("vi", "sei", "ci_low", "ci_high", "ci_level"),
}
WORDS = {  # roles that hold words
    "better": ("lower", "higher"),
    "score": (),
    "reported_metric": (),
    "favours": ("arm 1", "arm 2"),
}
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

    def bound(self, role: str) -> NDArray[np.object_]:
        """Of a p: "<" or ">" where it is a bound, "ns" where it is only called not significant, else ""."""
        return self.words(f"{role} bound")

    def begun(self, basis: str) -> bool:
        """Whether the table has a column that no other basis would have."""
        return any(self.has(role) for role in BASES[basis] if role not in SHARED_ROLES)

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
    require_a_basis(table, measure, sources)
    labels = row_names(table)
    problems = _duplicates(table)
    values: dict[str, NDArray[Any]] = {}
    for role, source in sources.items():
        if role in P_COLUMNS:
            values[role], values[f"{role} bound"], found = _to_p(table, role, source, labels)
        else:
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
        raise SchemaError.from_problems(problems, f"the table has {_listed(given_columns(table))}")
    return sources


def require_a_basis(table: pd.DataFrame, measure: str, sources: Mapping[str, object] | None = None) -> None:
    """Refuse a table that lacks every basis, or that seems to misspell a column of one; `sources` as `_sources`."""
    sources = _sources(table, _roles(measure), {}) if sources is None else sources
    lacking = {basis: [role for role in BASES[basis] if role not in sources] for basis in MEASURES[measure]}
    used = {source for source in sources.values() if isinstance(source, str)}
    free = [str(column) for column in table.columns if column not in used]
    begun = {basis for basis in lacking if any(role in sources for role in _own_roles(basis, measure))}
    misspelt = [
        (role, near)
        for basis in lacking
        if basis in begun
        for role in lacking[basis]
        if (near := _nearest(role, free))
    ]
    complete = any(not missing for missing in lacking.values())
    if complete and not misspelt and _has_spread(measure, sources):
        return
    if misspelt:
        problems = [f"column {role!r} is missing; did you mean {near!r}?" for role, near in misspelt]
    elif complete:
        problems = ["expected a column 'vi', or 'sei', or 'ci_low' and 'ci_high', beside 'yi'; found none"]
    elif "yi" in table.columns and not begun:
        raise SchemaError(
            f"There is nothing to compute {measure} from, but the table has effects already, in column 'yi'. "
            "With vi beside it `synthesize` and `forest` take it as it is; read_trials(table) makes vi of sei or of "
            "limits, and so does measure='GEN' here."
        )
    else:
        problems = [
            f"from {basis}: {_listed(BASES[basis])}; of these {_listed(missing)} missing"
            + "".join(f"; {role} may be {near!r}" for role in missing if (near := _nearest(role, free)))
            for basis, missing in lacking.items()
            if basis in begun or basis not in RARE or len(lacking) == 1
        ]
    where = f"measure {measure} cannot be computed from columns {_listed(given_columns(table))}"
    roles = [role for missing in lacking.values() for role in missing]
    others = columns_of_others(free, roles) or {"m1": "mean_t"}
    how = ", ".join(f"{role}={column!r}" for column, role in others.items())
    problems[-1] += f" (to name columns of your own: effect_sizes(table, {how}))"
    raise SchemaError.from_problems(problems, where)


def _own_roles(basis: str, measure: str) -> list[str]:
    """The roles that no better basis of the measure has: they tell that a table means to give this one."""
    order = MEASURES[measure]
    earlier = {role for name in order[: order.index(basis)] for role in BASES[name]}
    return [role for role in BASES[basis] if role not in SHARED_ROLES and role not in earlier]


def _has_spread(measure: str, sources: Mapping[str, object]) -> bool:
    return measure != "GEN" or any(role in sources for role in ("vi", "sei", "ci_low"))


def _to_numbers(
    table: pd.DataFrame, role: str, source: object, labels: NDArray[Any]
) -> tuple[Array, list[str]]:
    column = _column(table, source)
    if not pd.api.types.is_numeric_dtype(column):
        column = _plain_numbers(column, str(source if isinstance(source, str) else role))
    numbers = as_numbers(column)
    blank = np.isnan(numbers) if column.dtype == np.float64 else column.isna().to_numpy()
    if not pd.api.types.is_numeric_dtype(column):
        blank = blank | (column.astype(str).str.strip() == "").to_numpy()
    dated = column.dtype.kind in "mM"  # which pandas would take as nanoseconds
    wrong = (np.isnan(numbers) & ~blank) | np.isinf(numbers) | (dated & ~blank)
    name = source if isinstance(source, str) else role
    return numbers, _cells(
        wrong, labels, str(name), "a number", column.to_numpy(), "Use digits or leave it empty"
    )


def _plain_numbers(column: pd.Series, name: str) -> pd.Series:
    """Texts with the signs of print that stand for minus as "-", which is said."""
    printed = column.map(lambda cell: isinstance(cell, str) and plain_minus(cell) != cell)
    if not printed.any():
        return column
    example = column[printed].iloc[0]
    warn(f"column {name!r}: printed minus signs are read as minus: {example!r} as {plain_minus(example)}.")
    return column.astype(object).where(~printed, column[printed].map(plain_minus))


def _to_p(
    table: pd.DataFrame, role: str, source: object, labels: NDArray[Any]
) -> tuple[Array, NDArray[np.object_], list[str]]:
    column = _column(table, source)
    numbers, bounds, wrong = read_p(column)
    name = source if isinstance(source, str) else role
    expected = "a p such as 0.03 or < 0.001"
    found = _cells(wrong, labels, str(name), expected, column.to_numpy(), "Correct it or leave it empty")
    return numbers, bounds, found


def _to_words(
    table: pd.DataFrame, role: str, source: object, labels: NDArray[Any]
) -> tuple[NDArray[np.object_], list[str]]:
    column = _column(table, source)
    words = np.array(as_spelled(role, [word.strip() for word in as_words(column).tolist()])[0], dtype=object)
    known = WORDS[role]
    if not known:
        return words, []
    wrong = ~np.isin(words.astype(str), ["", *known])
    name = source if isinstance(source, str) else role
    expected = " or ".join(map(repr, known))
    found = [
        _cells(
            at, labels, str(name), expected, words, did_you_mean(word, known).strip() or "Correct the word"
        )
        for word in dict.fromkeys(words[wrong].tolist())
        for at in [wrong & (words == word)]
    ]
    return words, [problem for cells in found for problem in cells]


def _column(table: pd.DataFrame, source: object) -> pd.Series:
    column: Any = source if isinstance(source, pd.Series) else table[source]
    return column.astype(object).infer_objects() if isinstance(column.dtype, pd.CategoricalDtype) else column


def _range_problems(inputs: Inputs, measure: str, labels: NDArray[Any]) -> list[str]:
    problems = []
    for role, (is_wrong, expected, advice) in _ranges(measure).items():
        if inputs.has(role):
            with np.errstate(invalid="ignore"):
                wrong = np.asarray(is_wrong(inputs[role]))
            problems += _cells(wrong, labels, inputs.names[role], expected, inputs[role], advice)
    for low, high, expected, advice in PAIRS:
        lows, highs = inputs[low], inputs[high]
        for at in np.flatnonzero(lows > highs).tolist():
            bound = expected.format(column=inputs.names[high], bound=highs[at])
            problems += _cells(np.arange(len(lows)) == at, labels, inputs.names[low], bound, lows, advice)
    return problems


AT_MOST = "at most {column} = {bound:g}"
IN_ORDER = ("min", "q1", "median", "q3", "max")
PAIRS = (
    ("event_t", "n_t", AT_MOST, "Count persons once"),
    ("event_c", "n_c", AT_MOST, "Count persons once"),
    ("reported_ci_low", "reported_ci_high", AT_MOST, "Swap the two limits"),
    ("ci_low", "ci_high", AT_MOST, "Swap the two limits"),
    *(
        (
            f"{low}_{arm}",
            f"{high}_{arm}",
            AT_MOST,
            "Least, lower quartile, median, upper quartile, greatest: in this order",
        )
        for arm in "tc"
        for at, low in enumerate(IN_ORDER)
        for high in IN_ORDER[at + 1 :]
    ),
)


def _ranges(measure: str) -> dict[str, tuple[Callable[[Array], Any], str, str]]:
    least = 2 if measure.startswith("SMC") else 1  # rows of two arms may be of events
    fix = "Correct it or leave it empty"
    size = (lambda n: n < least, f"at least {least} person{'s' if least > 1 else ''}", fix)
    sd = (lambda sd: sd <= 0, "an SD above 0", fix)
    count = (lambda event: event < 0, "a count, 0 or more", fix)
    se = (lambda se: se <= 0, "a standard error above 0", fix)
    level = (
        lambda level: (level <= 0) | (level >= 100) | (level == 1),
        "a confidence level such as 95",
        "Leave it empty for 95",
    )
    p = (lambda p: (p < 0) | (p > 1), "a p between 0 and 1", fix)
    return {
        **dict.fromkeys(("n_t", "n_c", "n", "n_total"), size),
        **dict.fromkeys(("sd_t", "sd_c", "sd_pre", "sd_post", "sd_pre_t", "sd_pre_c"), sd),
        **dict.fromkeys(("event_t", "event_c"), count),
        **dict.fromkeys(("reported_se", "sei"), se),
        **dict.fromkeys(("reported_ci_level", "ci_level"), level),
        **dict.fromkeys(P_COLUMNS, p),
        "vi": (lambda vi: vi <= 0, "a variance above 0", fix),
        "r": (lambda r: np.abs(r) >= 1, "a correlation between -1 and 1, both excluded", fix),
        "f": (lambda f: f < 0, "an F, 0 or more", fix),
        "icc": (lambda icc: (icc < 0) | (icc >= 1), "an intracluster correlation from 0 to below 1", fix),
        "cluster_size": (lambda size: size < 1, "persons in a cluster on average, 1 or more", fix),
    }


def _cells(
    wrong: Any, labels: NDArray[Any], name: str, expected: str, found: NDArray[Any], advice: str
) -> list[str]:
    end = "" if advice.endswith("?") else "."
    return [
        f"row {labels[at]}, column {name!r}: expected {expected}, found {_shown(found[at])}. {advice}{end}"
        for at in np.flatnonzero(wrong).tolist()
    ]


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _duplicates(table: pd.DataFrame) -> list[str]:
    if "row_id" not in table.columns:
        return []
    ids = table["row_id"]
    repeated = ids[ids.duplicated() & ids.notna() & (ids != "")].unique()
    return [
        f"row {str(row).removeprefix('row ')}, column 'row_id': expected each id once, found it again. Rename one."
        for row in repeated
    ]


def _nearest(name: str, columns: Sequence[str]) -> str:
    lower = {column.lower(): column for column in columns}
    near = get_close_matches(name.lower(), list(lower), n=1, cutoff=0.8)
    return lower[near[0]] if near else ""


def _hint(name: str, known: Sequence[str]) -> str:
    return f" (did you mean {near!r}?)" if (near := _nearest(name, known)) else ""


def _did_you_mean(name: str, columns: Any) -> str:
    near = _nearest(name, [str(column) for column in columns])
    return f" Did you mean {near!r}?" if near else ""


def _listed(names: Any) -> str:
    return ", ".join(str(name) for name in names) or "none"
