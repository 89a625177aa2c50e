"""What a table must look like, and every way in which one does not.

A `Field` is one column of a Table Schema (https://specs.frictionlessdata.io/table-schema/).
The same check serves the bundled tables and those a user brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import EvidenceError, SchemaError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Field",
    "Problem",
    "cell_problems",
    "check_table",
    "first_of_cells",
    "listed",
    "missing_column",
    "read_csv_table",
    "sentences",
    "table_problems",
    "to_types",
    "typed_columns",
]

EXPECTED = {"number": "a number", "integer": "a whole number", "boolean": "true or false", "string": "text"}
MOST_NAMES = 12  # a line or two of a terminal
TRUTH = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column: its type and what may stand in it."""

    name: str
    type: str  # string, integer, number or boolean
    description: str = ""
    required: bool = False
    unique: bool = False
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def from_descriptor(cls, field: dict[str, Any]) -> Field:
        constraints = field.get("constraints", {})
        return cls(
            name=field["name"],
            type=field["type"],
            description=field.get("description", ""),
            required=constraints.get("required", False),
            unique=constraints.get("unique", False),
            enum=tuple(constraints.get("enum", ())),
            minimum=constraints.get("minimum"),
            maximum=constraints.get("maximum"),
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell, and what to do about it."""

    line: int
    column: str
    what: str  # "expected a number, found 'ten'."
    advice: str = ""
    row_id: str = ""

    @property
    def sentence(self) -> str:
        row = f" (row {self.row_id})" if self.row_id else ""
        return f"line {self.line}{row}, column {self.column!r}: {self.what} {self.advice}".rstrip()


def first_of_cells(problems: Iterable[Problem]) -> list[Problem]:
    """The first problem of each cell, by line: a cell that breaks two rules is mended once."""
    first: dict[tuple[int, str], Problem] = {}
    for problem in problems:
        first.setdefault((problem.line, problem.column), problem)
    return sorted(first.values(), key=lambda problem: problem.line)


def sentences(problems: Iterable[Problem]) -> list[str]:
    """The first problem of each cell, by line, in words."""
    return [problem.sentence for problem in first_of_cells(problems)]


def read_csv_table(stream: IO[bytes], fields: Sequence[Field], *, where: str, sep: str = ",") -> pd.DataFrame:
    """Read a CSV as text, then give every known column its type; all that does not fit is one error."""
    import pandas as pd

    text = pd.read_csv(stream, sep=sep, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return to_types(text, fields, where=where)


def to_types(text: pd.DataFrame, fields: Sequence[Field], *, where: str) -> pd.DataFrame:
    """Columns of text -> typed columns ("" is missing); columns that no field names stay text."""
    table, problems = typed_columns(text, fields)
    if problems:
        raise EvidenceError.from_problems(sentences(problems), where)
    return table


def typed_columns(
    text: pd.DataFrame, fields: Sequence[Field], lines: Sequence[int] | None = None
) -> tuple[pd.DataFrame, list[Problem]]:
    """`text` with typed columns, and a problem for each cell that has no such type (it becomes missing).

    `lines` are the lines of the file that the rows stand in; without them, one row a line.
    """
    problems: list[Problem] = []
    typed = {}
    for field in fields:
        if field.name in text.columns:
            typed[field.name], wrong = _typed_column(text[field.name], field.type)
            expected = f"expected {EXPECTED[field.type]}"
            problems += cell_problems(text, field.name, wrong, expected, lines)
    return text.assign(**typed), problems


def _typed_column(column: pd.Series, kind: str) -> tuple[pd.Series, NDArray[np.bool_]]:
    """The column with its type, and which cells have none; each different word is read once."""
    import pandas as pd

    codes, unique = pd.factorize(column)
    found = unique.tolist()
    words = [word.strip() for word in found]
    if kind == "string":
        values = column if words == found else pd.Series(words).take(codes).set_axis(column.index)
        return values, np.zeros(len(column), dtype=bool)
    blank = np.array([word == "" for word in words], dtype=bool)
    if kind == "boolean":
        wrong = np.array([word.lower() not in TRUTH for word in words], dtype=bool) & ~blank
        typed = np.array([TRUTH.get(word.lower(), False) for word in words], dtype=bool)
    else:
        plain = pd.Series(words, dtype=object).where(~blank)
        typed = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        wrong = (np.isnan(typed) & ~blank) | np.isinf(typed)
        if kind == "integer":
            wrong |= ~np.isnan(typed) & (np.nan_to_num(typed) % 1 != 0)
        typed = np.where(wrong, np.nan, typed)
    return pd.Series(typed[codes], index=column.index), wrong[codes]


def check_table(table: pd.DataFrame, fields: Sequence[Field], *, where: str) -> None:
    """Raise one error with everything in a typed `table` that its `fields` forbid.

    Raises
    ------
    SchemaError
        If a required column is missing; names the nearest column there is.
    EvidenceError
        If cells break a constraint: row, column, what was expected and what was found.
    """
    missing = [field.name for field in fields if field.required and field.name not in table.columns]
    if missing:
        raise SchemaError.from_problems([missing_column(name, table.columns) for name in missing], where)
    problems = table_problems(table, fields)
    if problems:
        raise EvidenceError.from_problems(sentences(problems), where)


def table_problems(
    table: pd.DataFrame, fields: Sequence[Field], lines: Sequence[int] | None = None
) -> list[Problem]:
    """A problem for each cell of a typed `table` that breaks a constraint of its field."""
    present = [field for field in fields if field.name in table.columns]
    return [problem for field in present for problem in _column_problems(table, field, lines)]


def missing_column(name: str, columns: Iterable[str]) -> str:
    """The sentence for a column that is not there, with the likeliest misspelling before the list."""
    columns = [str(column) for column in columns]
    near = get_close_matches(name, columns, n=1)
    if near:
        hint = f"there is one much like it. Did you mean {near[0]!r}?"
        return f"column {name!r} is missing; {hint} The table has {listed(columns)}."
    return f"column {name!r} is missing; the table has {listed(columns)}."


def listed(names: Iterable[object]) -> str:
    """Names with commas between them, the first twelve and how many more there are."""
    names = [str(name) for name in names]
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _column_problems(table: pd.DataFrame, field: Field, lines: Sequence[int] | None) -> list[Problem]:
    check = _word_checks if field.type == "string" else _value_checks
    return [
        problem
        for wrong, expected in check(table[field.name], field)
        for problem in cell_problems(table, field.name, wrong, expected, lines)
    ]


Checks = list[tuple["NDArray[np.bool_]", str]]


def _word_checks(column: pd.Series, field: Field) -> Checks:
    """Each different word is looked at once: columns of words have few."""
    codes, unique = column.factorize(use_na_sentinel=False)
    words = ["" if word is None or word != word else str(word) for word in unique.tolist()]
    present = np.array([word != "" for word in words], dtype=bool)
    checks: Checks = []
    if field.required:
        checks.append((~present[codes], "expected a value"))
    if field.enum:
        unknown = present & ~np.array([word in field.enum for word in words], dtype=bool)
        checks.append((unknown[codes], f"expected one of {', '.join(field.enum)}"))
    if field.unique and len(words) < len(column):
        repeated = present[codes] & column.duplicated().to_numpy()
        checks.append((repeated, "expected a value not used before"))
    return checks


def _value_checks(column: pd.Series, field: Field) -> Checks:
    values = column.to_numpy(dtype=float)
    checks: Checks = []
    if field.required:
        checks.append((np.isnan(values), "expected a value"))
    if field.unique:
        checks.append(
            (~np.isnan(values) & column.duplicated().to_numpy(), "expected a value not used before")
        )
    with np.errstate(invalid="ignore"):
        if field.minimum is not None:
            checks.append((values < field.minimum, f"expected at least {field.minimum:g}"))
        if field.maximum is not None:
            checks.append((values > field.maximum, f"expected at most {field.maximum:g}"))
    return checks


def cell_problems(
    table: pd.DataFrame,
    name: str,
    wrong: pd.Series | NDArray[np.bool_],
    expected: str,
    lines: Sequence[int] | None = None,
    advice: str = "",
) -> list[Problem]:
    """One problem for each wrong cell: line of the file, row, column, what was expected and found, what to do."""
    positions = np.asarray(wrong, dtype=bool).nonzero()[0].tolist()
    if not positions:
        return []
    ids = table["row_id"].tolist() if "row_id" in table.columns else None
    found = table[name].tolist()
    problems = []
    for position in positions:
        line = position + 2 if lines is None else lines[position]
        row = str(ids[position]) if ids is not None else ""
        problems.append(Problem(line, name, f"{expected}, found {_shown(found[position])}.", advice, row))
    return problems


def _shown(value: object) -> str:
    """A cell as its writer knows it: 20008, not 20008.0; nothing where it is blank."""
    if value is None or value != value or value == "":
        return "nothing"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)
