"""A user's own table of trials, in the schema of the bundled one.

What a table must have is little: a `study`, and columns an effect can be computed from.
What it has beyond that is checked against the bundled schema, and columns that the schema
does not know are kept as they are.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pdt_evidence.errors import EvidenceError, SchemaError
from pdt_evidence.evidence.package import fields
from pdt_evidence.evidence.schema import Field, check_table, missing_column, to_types
from pdt_evidence.evidence.windows import WINDOWS, follow_up_window

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_trials", "trial_fields"]

# Any one of these sets gives an effect; the first of each set names it in messages.
EFFECT_COLUMNS = {
    "means": ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"),
    "events": ("event_t", "n_t", "event_c", "n_c"),
    "reported effects": ("reported_metric", "reported"),
    "effects": ("yi", "vi"),
}
OPEN_WORDS = ("disorder", "outcome", "arm_t", "arm_c")  # a user may study what we do not hold
TEXT_READERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}


def trial_fields() -> tuple[Field, ...]:
    """The bundled schema as far as it binds a user: only `study` is required, own words are allowed."""
    bundled = [
        replace(
            field,
            required=field.name == "study",
            unique=field.name == "row_id",
            enum=() if field.name in OPEN_WORDS else field.enum,
        )
        for field in fields("trials")
    ]
    return (
        *bundled,
        Field(name="follow_up", type="string", enum=WINDOWS),
        Field(name="yi", type="number"),
        Field(name="vi", type="number", minimum=0.0),
    )


def read_trials(path: str | Path) -> pd.DataFrame:
    """Read a table of trials from CSV, TSV, Excel or Parquet.

    Parameters
    ----------
    path : str or Path
        The ending says the format: .csv, .tsv, .xlsx, .parquet.

    Returns
    -------
    DataFrame
        The columns of the file, typed, and where the file has none: `row_id` ("row 1", …),
        `trial_id` (the study), `follow_up` (from `months_since_end`; "unknown" without it).

    Raises
    ------
    EvidenceError
        With every problem of the file at once: line, column, what was expected, what was found.
    """
    path = Path(path)
    text = _read_text(path)
    where = path.name
    if text.empty:
        raise EvidenceError(f"{where} has no rows: expected a header line and at least one trial below it.")
    _check_columns(text, where)
    known = trial_fields()
    table = _with_defaults(to_types(text, known, where=where))
    check_table(table, known, where=where)
    _check_near_misses(table, where)
    return table


def _read_text(path: Path) -> pd.DataFrame:
    """Every cell as text, "" where there is none: one road into the schema for all formats."""
    import pandas as pd

    if not path.is_file():
        raise EvidenceError(f"{path} is not a file. Give the path of a CSV, TSV, Excel or Parquet table.")
    ending = path.suffix.lower()
    try:
        if ending in TEXT_READERS:
            return pd.read_csv(
                path, sep=TEXT_READERS[ending], dtype=str, keep_default_na=False, encoding="utf-8-sig"
            )
        if ending == ".xlsx":
            return pd.read_excel(path, dtype=str, keep_default_na=False)
        if ending == ".parquet":
            table = pd.read_parquet(path)
            return table.astype(object).where(table.notna(), "").astype(str)
    except ImportError as error:
        raise EvidenceError(f"{path.name}: {error}. Install pdt-evidence[excel,parquet], or save as CSV.") from error
    except (ValueError, UnicodeDecodeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise EvidenceError(f"{path.name} cannot be read as {ending[1:]}: {reason}") from error
    raise EvidenceError(f"{path.name}: expected a name ending in .csv, .tsv, .xlsx or .parquet, found {ending!r}.")


def _check_columns(text: pd.DataFrame, where: str) -> None:
    columns = [str(column) for column in text.columns]
    if "study" not in columns:
        raise SchemaError(f"{where}: {missing_column('study', columns)}")
    if any(set(needed) <= set(columns) for needed in EFFECT_COLUMNS.values()):
        return
    problems = [
        f"for {name} the table lacks {', '.join(column for column in needed if column not in columns)}"
        + _nearest([column for column in needed if column not in columns], columns)
        for name, needed in EFFECT_COLUMNS.items()
    ]
    raise SchemaError.from_problems(problems, f"{where} has no columns that give an effect")


def _nearest(missing: list[str], columns: list[str]) -> str:
    pairs = {name: get_close_matches(name, columns, n=1, cutoff=0.75) for name in missing}
    found = [f"{name} may be {near[0]!r}" for name, near in pairs.items() if near]
    return f" ({'; '.join(found)})" if found else ""


def _with_defaults(table: pd.DataFrame) -> pd.DataFrame:
    if "row_id" not in table.columns:
        table.insert(0, "row_id", [f"row {number}" for number in range(1, len(table) + 1)])
    if "trial_id" not in table.columns:
        table["trial_id"] = table["study"]
    if "follow_up" not in table.columns:
        months = table["months_since_end"] if "months_since_end" in table.columns else np.full(len(table), np.nan)
        table["follow_up"] = follow_up_window(months)
    return table


def _check_near_misses(table: pd.DataFrame, where: str) -> None:
    """Own words are welcome, misspelt ones of ours are not: they would split a stratum in two."""
    problems = []
    vocabulary = {field.name: field.enum for field in fields("trials")}
    for column in OPEN_WORDS:
        if column not in table.columns:
            continue
        for word in table[column].unique():
            near = get_close_matches(str(word), vocabulary[column], n=1, cutoff=0.85)
            if near and word not in vocabulary[column]:
                lines = ", ".join(str(index + 2) for index in np.flatnonzero(table[column] == word))
                problems.append(f"line {lines}, column {column!r}: found {word!r}; did you mean {near[0]!r}?")
    if problems:
        raise EvidenceError.from_problems(problems, where)
