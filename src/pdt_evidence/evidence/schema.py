"""What a table must look like, and every way in which one does not.

A `Field` is one column of a Table Schema (https://specs.frictionlessdata.io/table-schema/).
The same check serves the bundled tables and those a user brings.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import EvidenceError, SchemaError
from pdt_evidence.formatting import counted
from pdt_evidence.other_names import columns_of_others

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TRUTH",
    "Coded",
    "Field",
    "Problem",
    "cell_problems",
    "check_table",
    "first_of_cells",
    "listed",
    "missing_column",
    "sentences",
    "table_problems",
    "typed_columns",
]

EXPECTED = {"number": "a number", "integer": "a whole number", "boolean": "true or false", "string": "text"}
MOST_NAMES = 12  # a line or two of a terminal
MOST_CELLS = 200  # cells of a column that are listed for one reason; of more, how many there are
MOST_LETTERS = 80  # of a cell or a name that are shown
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
    """The first problem of each cell, by line: a cell that breaks two rules is fixed once."""
    first: dict[tuple[int, str], Problem] = {}
    for problem in problems:
        first.setdefault((problem.line, problem.column), problem)
    return sorted(first.values(), key=lambda problem: problem.line)


def sentences(problems: Iterable[Problem]) -> list[str]:
    """The first problem of each cell, by line, in words."""
    return [problem.sentence for problem in first_of_cells(problems)]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of words by its different ones, so that each is looked at once: most columns have few."""

    codes: NDArray[np.intp]
    words: list[str]

    @classmethod
    def of(cls, column: pd.Series) -> Coded:
        import pandas as pd

        values = column.to_numpy() if column.dtype == object else column.array
        codes, unique = pd.factorize(values, use_na_sentinel=False)
        found = unique.tolist()
        return cls(codes, ["" if word is None or word != word else _plain(word) for word in found])

    def renamed(self, words: list[str]) -> Coded:
        """The same with other words, some of which may have become one."""
        import pandas as pd

        if len(set(words)) == len(words):
            return Coded(self.codes, words)
        codes, unique = pd.factorize(np.array(words, dtype=object))
        return Coded(codes[self.codes], unique.tolist())

    def cells(self, of_words: Iterable[bool]) -> NDArray[np.bool_]:
        """What is true of words as what is true of cells."""
        return np.fromiter(of_words, dtype=bool, count=len(self.words))[self.codes]


def give_back_memory() -> None:
    """Let pyarrow, which holds the words of tables, return to the system what it keeps in reserve."""
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()


def typed_columns(
    text: pd.DataFrame,
    fields: Sequence[Field],
    lines: Sequence[int] | None = None,
    mend: Callable[[Field, list[str]], list[str]] | None = None,
) -> tuple[pd.DataFrame, list[Problem], dict[str, Coded]]:
    """`text` with typed columns, a problem for each cell that has no such type (it becomes missing), and the words.

    `lines` are the lines of the file that the rows stand in; without them, one row a line. `fix` gives
    the different words of a column as they are meant.
    """
    import pandas as pd

    problems: list[Problem] = []
    typed: dict[str, pd.Series] = {}
    coded: dict[str, Coded] = {}
    for field in fields:
        if field.name not in text.columns:
            continue
        column = text[field.name]
        if column.dtype == float and field.type in ("number", "integer"):
            wrong = _no_number(values := column.to_numpy(), field.type)
            problems += cell_problems(text, field.name, wrong, f"expected {EXPECTED[field.type]}", lines)
            typed[field.name] = pd.Series(np.where(wrong, np.nan, values), index=column.index)
            continue
        raw = Coded.of(column)
        words = [word.strip() for word in raw.words]
        words = mend(field, words) if mend else words
        if field.type == "string":
            coded[field.name] = raw if words == raw.words else raw.renamed(words)
            if words != raw.words or column.dtype == float:
                typed[field.name] = pd.Series(words, dtype="str").take(raw.codes).set_axis(column.index)
            continue
        values, wrong = _typed(words, field.type)
        typed[field.name] = pd.Series(values[raw.codes], index=column.index)
        if wrong.any():
            problems += _no_such_type(text, field, words, raw.cells(wrong), raw.codes, lines)
    give_back_memory()
    return text.assign(**typed), problems, coded


# How teams write what is no number: the beginning of the cell says what to do. The first that fits is said.
NO_NUMBERS = tuple(
    (re.compile(shape, re.IGNORECASE), advice)
    for shape, advice in (
        (r"#.*[!?/]", "A formula failed there: write its value, or leave the cell blank."),
        (
            r"\d+([.,]\d+)? *(month|week|year|session|day)s?\b",
            "Write the number alone, in the unit of the column.",
        ),
        (
            r"\d{4}-\d\d?-\d\d?\b|\d\d?[./-]\d\d?[./-]\d+$|\d\d?[. -]+[a-zä]{3}|[a-zä]{3}[. -]+\d\d$",
            "The spreadsheet made a date of it: give the column the format of a number, and type it again.",
        ),
        (r".*%", "Write the number without the sign; of persons write how many, not the percentage."),
        (
            r".*\d.*(\(|±|\+/-)|\d+ */ *\d+$",
            "Write each of its numbers into a column of its own, as mean_t and sd_t.",
        ),
        (r"\d{1,3}([.' ’\u00a0\u202f]\d{3})+$", "Write nothing between thousands."),
        (
            r".*,",
            "A comma may part decimals or thousands: write a point before the decimals, and nothing between thousands.",
        ),
        (
            r"s\.?e\.?m?\.?\b",
            "A standard error is no SD: the SD is the error times the root of the persons of its arm.",
        ),
        (r"(post|end)\b", "Write 0 for the end of treatment."),
        (
            r".*\d.*[^\d., -]|[^\d., +-].*\d",
            "Write the number alone; what else is known of it belongs into note.",
        ),
        (r"\D*$", "Write it as a number, or leave the cell blank if it is not known."),
    )
)


def _no_such_type(
    text: pd.DataFrame,
    field: Field,
    words: list[str],
    wrong: NDArray[np.bool_],
    codes: NDArray[np.intp],
    lines: Sequence[int] | None,
) -> list[Problem]:
    expected = f"expected {EXPECTED[field.type]}"
    advised = np.array([_advice(word) for word in words], dtype=object)[codes]
    problems: list[Problem] = []
    for advice in dict.fromkeys(advised[wrong].tolist()):
        problems += cell_problems(text, field.name, wrong & (advised == advice), expected, lines, advice)
    return problems


def _advice(word: str) -> str:
    """What to do about a cell that is no number; "" where its shape does not tell."""
    return next((advice for shape, advice in NO_NUMBERS if shape.match(word[:MOST_LETTERS])), "")


def _typed(words: list[str], kind: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The words as values of a type, and which of them have none."""
    import pandas as pd

    blank = np.array([word == "" for word in words], dtype=bool)
    if kind == "boolean":
        wrong = np.array([word.lower() not in TRUTH for word in words], dtype=bool) & ~blank
        return np.array([TRUTH.get(word.lower(), False) for word in words], dtype=bool), wrong
    plain = np.array([word or None for word in words], dtype=object)
    typed = np.array(pd.to_numeric(plain, errors="coerce"), dtype=float)
    read = ~np.isnan(typed)
    # `to_numeric` of pandas 2 is a last digit off for some words; float() never is.
    typed[read] = [float(word) for word, known in zip(words, read.tolist(), strict=True) if known]
    wrong = (np.isnan(typed) & ~blank) | _no_number(typed, kind)
    return np.where(wrong, np.nan, typed), wrong


def _no_number(values: NDArray[np.float64], kind: str) -> NDArray[np.bool_]:
    """Infinite, or with decimals where a whole number belongs; a missing one is none of these."""
    wrong = np.isinf(values)
    if kind == "integer":
        with np.errstate(invalid="ignore"):
            wrong |= values % 1 > 0
    return wrong


def check_table(
    table: pd.DataFrame, fields: Sequence[Field], *, where: str, coded: dict[str, Coded] | None = None
) -> None:
    """Raise one error with everything in a typed `table` that its `fields` forbid; `coded` as in `table_problems`.

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
    problems = table_problems(table, fields, coded=coded)
    if problems:
        raise EvidenceError.from_problems(sentences(problems), where)


def table_problems(
    table: pd.DataFrame,
    fields: Sequence[Field],
    lines: Sequence[int] | None = None,
    coded: dict[str, Coded] | None = None,
) -> list[Problem]:
    """A problem for each cell of a typed `table` that breaks a constraint of its field.

    `coded` has the words of columns whose different words are known already.
    """
    problems = []
    for field in fields:
        if field.name in table.columns:
            column = table[field.name]
            if field.type == "string":
                checks = _word_checks((coded or {}).get(field.name) or Coded.of(column), field)
            else:
                checks = _value_checks(column, field)
            for wrong, expected in checks:
                problems += cell_problems(table, field.name, wrong, expected, lines)
    return problems


def missing_column(name: str, columns: Iterable[str]) -> str:
    """The sentence for a column that is not there, with the likeliest misspelling before the list."""
    columns = [str(column) for column in columns]
    if near := [*columns_of_others(columns, [name])] or get_close_matches(name, columns, n=1):
        return f"column {name!r} is missing. Did you mean {near[0]!r}? The table has {listed(columns)}."
    return f"column {name!r} is missing; the table has {listed(columns)}."


def listed(names: Iterable[object]) -> str:
    """Names with commas between them, the first twelve and how many more there are."""
    names = [str(name) for name in names]
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


Checks = list[tuple["NDArray[np.bool_]", str]]


def _word_checks(coded: Coded, field: Field) -> Checks:
    checks: Checks = []
    if field.required:
        checks.append((coded.cells(word == "" for word in coded.words), "expected a value"))
    if field.enum:
        known = {"", *field.enum}
        unknown = coded.cells(word not in known for word in coded.words)
        checks.append((unknown, f"expected one of {', '.join(field.enum)}"))
    if field.unique and len(coded.words) < len(coded.codes):
        first = np.zeros(len(coded.codes), dtype=bool)
        first[np.unique(coded.codes, return_index=True)[1]] = True
        present = coded.cells(word != "" for word in coded.words)
        checks.append((present & ~first, "expected a value not used before"))
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
    positions = np.flatnonzero(np.asarray(wrong, dtype=bool)).tolist()
    if not positions:
        return []
    shown, more = positions[:MOST_CELLS], len(positions) - MOST_CELLS
    cells = table[name].iloc[shown].tolist()
    ids = table["row_id"].iloc[shown].tolist() if "row_id" in table.columns else [""] * len(shown)
    problems = []
    for position, found, row_id in zip(shown, cells, ids, strict=True):
        line = position + 2 if lines is None else lines[position]
        problems.append(Problem(line, name, f"{expected}, found {_shown(found)}.", advice, str(row_id)))
    if more > 0:
        position = positions[MOST_CELLS]
        line = position + 2 if lines is None else lines[position]
        problems.append(Problem(line, name, f"{expected}, in {counted(more, 'line')} from here on.", advice))
    return problems


def _shown(value: object) -> str:
    """A cell as its writer knows it: 20008, not 20008.0; nothing where it is blank; the start of a long one."""
    if value is None or value != value or value == "":
        return "nothing"
    if isinstance(value, str) and len(value) > MOST_LETTERS:
        return f"{value[:MOST_LETTERS]!r} and {len(value) - MOST_LETTERS} more characters"
    return repr(value) if isinstance(value, str) else _plain(value)


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
