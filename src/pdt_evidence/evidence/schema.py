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

from pdt_evidence.errors import EvidenceError, SchemaError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Field", "check_table", "read_csv_table", "to_types"]

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


def read_csv_table(stream: IO[bytes], fields: Sequence[Field], *, where: str, sep: str = ",") -> pd.DataFrame:
    """Read a CSV as text, then give every known column its type; all that does not fit is one error."""
    import pandas as pd

    text = pd.read_csv(stream, sep=sep, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return to_types(text, fields, where=where)


def to_types(text: pd.DataFrame, fields: Sequence[Field], *, where: str) -> pd.DataFrame:
    """Columns of text -> typed columns ("" is missing); columns that no field names stay text."""
    import pandas as pd

    problems: list[str] = []
    typed = {}
    for field in fields:
        if field.name not in text.columns:
            continue
        column = text[field.name].str.strip()
        blank = column == ""
        if field.type in ("number", "integer"):
            values = pd.to_numeric(column.where(~blank), errors="coerce").astype(float)
            wrong = (values.isna() & ~blank) | np.isinf(values)
            if field.type == "integer":
                wrong |= values.notna() & (values % 1 != 0)
                values = values.where(~wrong)
        elif field.type == "boolean":
            values = column.str.lower().map(TRUTH)
            wrong = values.isna() & ~blank
            values = values.where(~blank, False).where(~wrong, False).astype(bool)
        else:
            values, wrong = column, blank & False
        expected = {"number": "a number", "integer": "a whole number", "boolean": "true or false"}
        problems += _cells(text, field.name, wrong, f"expected {expected.get(field.type, 'text')}")
        typed[field.name] = values
    if problems:
        raise EvidenceError.from_problems(problems, where)
    return text.assign(**typed)


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
    problems: list[str] = []
    for field in fields:
        if field.name in table.columns:
            problems += _column_problems(table, field)
    if problems:
        raise EvidenceError.from_problems(problems, where)


def missing_column(name: str, columns: Iterable[str]) -> str:
    """The sentence for a column that is not there, with the likeliest misspelling."""
    columns = [str(column) for column in columns]
    near = get_close_matches(name, columns, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"column {name!r} is missing; the table has {', '.join(columns)}.{hint}"


def _column_problems(table: pd.DataFrame, field: Field) -> list[str]:
    column = table[field.name]
    present = column.notna() & (column.astype(str) != "") if field.type == "string" else column.notna()
    problems: list[str] = []
    if field.required:
        problems += _cells(table, field.name, ~present, "expected a value")
    if field.enum:
        known = ", ".join(field.enum)
        problems += _cells(table, field.name, present & ~column.isin(field.enum), f"expected one of {known}")
    if field.unique:
        problems += _cells(table, field.name, present & column.duplicated(), "expected a value not used before")
    if field.minimum is not None:
        problems += _cells(table, field.name, column < field.minimum, f"expected at least {field.minimum:g}")
    if field.maximum is not None:
        problems += _cells(table, field.name, column > field.maximum, f"expected at most {field.maximum:g}")
    return problems


def _cells(table: pd.DataFrame, name: str, wrong: pd.Series, expected: str) -> list[str]:
    """One sentence for each wrong cell: line of the file, row, column, what was expected and found."""
    if not wrong.any():
        return []
    ids = table["row_id"] if "row_id" in table.columns else None
    sentences = []
    for position in wrong.to_numpy().nonzero()[0]:
        row = f" (row {ids.iloc[position]})" if ids is not None and ids.iloc[position] else ""
        found = table[name].iloc[position]
        sentences.append(f"line {position + 2}{row}, column {name!r}: {expected}, found {found!r}.")
    return sentences
