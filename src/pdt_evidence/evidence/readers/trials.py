"""A user's own table of trials, in the schema of the bundled one.

What a table must have is little: a `study`, and columns an effect can be computed from.
What it has beyond that is checked against the bundled schema, and columns that the schema
does not know are kept as they are. `template` gives a file to fill in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import EvidenceError, SchemaError
from pdt_evidence.evidence.package import fields
from pdt_evidence.evidence.readers.tabular import TextTable, read_table
from pdt_evidence.evidence.schema import (
    Field,
    Problem,
    cell_problems,
    missing_column,
    sentences,
    table_problems,
    typed_columns,
)
from pdt_evidence.evidence.windows import WINDOWS, follow_up_window

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.imported import ImportedTrials

__all__ = [
    "check_trials",
    "file_source",
    "fit_schema",
    "read_trials",
    "template",
    "trial_fields",
    "with_defaults",
]

# Any one of these sets gives an effect; the first of each set names it in messages.
EFFECT_COLUMNS = {
    "means": ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"),
    "events": ("event_t", "n_t", "event_c", "n_c"),
    "reported effects": ("reported_metric", "reported"),
    "effects": ("yi", "vi"),
}
OPEN_WORDS = ("disorder", "outcome", "arm_t", "arm_c")  # a user may study what we do not hold
MORE_METRICS = ("t", "ROM", "HR", "log OR", "log RR")  # of use in a user's table, in none of the bundled ones
FREE_WORDS = ("source_id", "locator", "verification", "contrast_id")  # name rows of the bundled sources
VOCABULARY_SIZE = 200  # a column with more different words is no vocabulary, and is not searched for slips
MISSING = ("NA", "N/A", "#N/A")  # how R and Excel write an empty cell
SLIP = 0.85  # likeness of two words that are probably one


def trial_fields() -> tuple[Field, ...]:
    """The bundled schema as far as it binds a user: only `study` is required, own words are allowed."""
    bundled = [
        replace(
            field,
            required=field.name == "study",
            unique=field.name == "row_id",
            enum=_enum_for_users(field),
        )
        for field in fields("trials")
    ]
    return (
        *bundled,
        Field(name="follow_up", type="string", enum=WINDOWS),
        Field(name="yi", type="number"),
        Field(name="vi", type="number"),
    )


def _enum_for_users(field: Field) -> tuple[str, ...]:
    if field.name in OPEN_WORDS + FREE_WORDS:
        return ()
    return field.enum + MORE_METRICS if field.name == "reported_metric" else field.enum


def read_trials(path: str | Path) -> ImportedTrials:
    """Read a table of trials from CSV, TSV, Excel or Parquet.

    Parameters
    ----------
    path : str or Path
        The ending says the format: .csv, .tsv, .txt (tabs), .xlsx (its first sheet), .parquet.
        With semicolons between the columns a comma may stand in numbers.

    Returns
    -------
    ImportedTrials
        The columns of the file, typed, and where the file has none: `row_id` ("row 1", …),
        `trial_id` (the study), `follow_up` (from `months_since_end`; "unknown" without it).
        `.log` lists the lines left out.

    Raises
    ------
    EvidenceError
        With every problem of the file at once: line, row, column, what was expected, what was
        found, what to do.
    """
    from pdt_evidence.evidence.readers.imported import ImportedTrials, make_log

    path = Path(path)
    text = read_table(path)
    table = check_trials(text, path.name)
    log = make_log([(line, "", "dropped", "a blank line") for line in text.blank])
    return ImportedTrials.make(table, log=log, source=file_source(path, "table of trials"))


def file_source(path: Path, kind: str) -> dict[str, Any]:
    """Name, size and SHA-256 of a file that was read."""
    content = path.read_bytes()
    return {
        "file": path.name,
        "format": kind,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def check_trials(text: TextTable, where: str) -> pd.DataFrame:
    """The typed and checked table; raises with everything that is wrong with it."""
    _check_columns(text.data, where)
    known = trial_fields()
    table, problems = typed_columns(_plain_numbers(text, known), known, text.lines)
    problems += row_problems(table, text.lines)  # before the schema's: of two rules the stricter is said
    problems += table_problems(table, known, text.lines)
    problems += _near_misses(table, text.lines)
    if problems:
        raise EvidenceError.from_problems(sentences(problems), where)
    return with_defaults(table)


def _plain_numbers(text: TextTable, known: Sequence[Field]) -> pd.DataFrame:
    """Blank out "NA"; in a file of semicolons turn the decimal comma of numbers into a point."""
    data = text.data
    numbers = [field.name for field in known if field.type in ("number", "integer") and field.name in data]
    data = data.assign(**{name: _unguarded(data[name]) for name in data if name not in numbers})
    data = data.assign(
        **{name: data[name].replace(dict.fromkeys(MISSING, "")) for name in data if _says_na(data[name])}
    )
    if text.decimal == ",":
        return data.assign(**{name: data[name].str.replace(",", ".", regex=False) for name in numbers})
    return data


def _unguarded(column: pd.Series) -> pd.Series:
    """Without the apostrophe that keeps a spreadsheet from running a cell."""
    guarded = column.str.startswith(("'=", "'+", "'-", "'@"))
    return column.where(~guarded, column.str[1:]) if guarded.any() else column


def fit_schema(table: pd.DataFrame, log: list[tuple[int | None, str, str, str]]) -> pd.DataFrame:
    """`table` without the numbers that its schema does not allow; each is blanked and logged.

    For the readers of other people's databases: one impossible age is no reason to refuse a file.
    """
    for field in trial_fields():
        if field.name not in table.columns or (field.minimum is None and field.maximum is None):
            continue
        column = table[field.name]
        low = -np.inf if field.minimum is None else field.minimum
        high = np.inf if field.maximum is None else field.maximum
        wrong = column.notna() & ~column.between(low, high)
        for row, found in zip(table.loc[wrong, "row_id"], column[wrong], strict=True):
            log.append(
                (None, row, "blanked", f"{field.name} = {found:g} is not between {low:g} and {high:g}")
            )
        table = table.assign(**{field.name: column.mask(wrong)})
    return table


def _says_na(column: pd.Series) -> bool:
    return bool(column.isin(MISSING).any())


def _check_columns(text: pd.DataFrame, where: str) -> None:
    columns = [str(column) for column in text.columns]
    problems = [] if "study" in columns else [missing_column("study", columns)]
    if not any(set(needed) <= set(columns) for needed in EFFECT_COLUMNS.values()):
        problems += [
            f"for {name} the table lacks {', '.join(column for column in needed if column not in columns)}"
            + _nearest([column for column in needed if column not in columns], columns)
            for name, needed in EFFECT_COLUMNS.items()
        ]
        where = f"{where} has no columns that give an effect"
    if problems:
        raise SchemaError.from_problems(problems, where)


def _nearest(missing: list[str], columns: list[str]) -> str:
    pairs = {name: get_close_matches(name, columns[:VOCABULARY_SIZE], n=1, cutoff=0.75) for name in missing}
    found = [f"{name} may be {near[0]!r}" for name, near in pairs.items() if near]
    return f" ({'; '.join(found)})" if found else ""


def with_defaults(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `row_id`, `trial_id` and `follow_up`, made where it has none."""
    if "row_id" not in table.columns:
        table.insert(0, "row_id", [f"row {number}" for number in range(1, len(table) + 1)])
    if "trial_id" not in table.columns:
        table["trial_id"] = table["study"]
    if "follow_up" not in table.columns:
        months = (
            table["months_since_end"] if "months_since_end" in table.columns else np.full(len(table), np.nan)
        )
        table["follow_up"] = follow_up_window(months)
    return table


# What a number must be for an effect to come of it, beyond what the schema asks of it.
LIMITS: tuple[tuple[tuple[str, ...], str, float, str], ...] = (
    (("n_t", "n_c"), "at least 2 persons", 2, "Correct it, or leave the cell blank."),
    (("sd_t", "sd_c"), "an SD above 0", 0, "Correct it, or leave the cell blank."),
    (("reported_se",), "a standard error above 0", 0, "Correct it, or leave the cell blank."),
    (("vi",), "a variance above 0", 0, "Correct it; the variance is the standard error squared."),
    (("event_t", "event_c"), "a count, 0 or more", 0, "Correct it, or leave the cell blank."),
)
PAIRS = (
    ("reported_ci_low", "reported_ci_high", "Swap the two limits."),
    ("event_t", "n_t", "Count each person once."),
    ("event_c", "n_c", "Count each person once."),
)


def row_problems(table: pd.DataFrame, lines: Sequence[int] | None = None) -> list[Problem]:
    """Cells that fit their type but cannot be true: limits upside down, more events than persons …"""
    problems = []
    for names, expected, least, advice in LIMITS:
        for name in names:
            if name in table.columns:
                column = table[name]
                wrong = column < least if names[0] in ("n_t", "event_t") else column <= least
                problems += cell_problems(table, name, wrong, f"expected {expected}", lines, advice)
    for low, high, advice in PAIRS:
        if {low, high} <= set(table.columns):
            wrong = table[low] > table[high]
            problems += cell_problems(table, low, wrong, f"expected at most {high} of its row", lines, advice)
    return problems


def _near_misses(table: pd.DataFrame, lines: Sequence[int]) -> list[Problem]:
    """Own words are welcome, misspelt ones of ours are not: they would split a stratum in two."""
    problems = []
    vocabulary = {field.name: field.enum for field in fields("trials")}
    for column in OPEN_WORDS:
        words = table[column].unique() if column in table.columns else []
        if len(words) > VOCABULARY_SIZE:
            continue
        for word in words:
            near = get_close_matches(str(word)[:80], vocabulary[column], n=1, cutoff=SLIP)
            if near and word not in vocabulary[column]:
                advice = f"Did you mean {near[0]!r}?"
                problems += cell_problems(
                    table,
                    column,
                    table[column] == word,
                    "expected a known word or one of your own",
                    lines,
                    advice,
                )
    return problems


TEMPLATE_ROWS = (
    {
        "study": "Example 2001 (delete this row)",
        "outcome": "depression",
        "instrument": "BDI-II",
        "rating": "self",
        "better": "lower",
        "score": "endpoint",
        "months_since_end": "0",
        "mean_t": "12.4",
        "sd_t": "8.1",
        "n_t": "30",
        "mean_c": "17.9",
        "sd_c": "8.8",
        "n_c": "28",
    },
    {
        "study": "Example 2004 (delete this row)",
        "outcome": "depression",
        "rating": "clinician",
        "better": "higher",
        "score": "events",
        "months_since_end": "6",
        "event_t": "14",
        "n_t": "51",
        "event_c": "12",
        "n_c": "50",
    },
)


def template() -> str:
    """A CSV to fill in: every column of the schema, and two rows that show its use.

    Returns
    -------
    str
        Header and two invented example rows, comma-separated.
    """
    names = [field.name for field in trial_fields() if field.name not in ("yi", "vi", "follow_up")]
    lines = [",".join(names)]
    for number, example in enumerate(TEMPLATE_ROWS, start=1):
        filled = {
            "row_id": f"R{number}",
            "trial_id": f"example{number}",
            "disorder": "depression",
            "comparison": "pdt_vs_control",
            "arm_t": "pdt",
            "arm_c": "waitlist",
            "status": "ok",
            "preferred": "true",
        } | example
        lines.append(",".join(filled.get(name, "") for name in names))
    return "\n".join(lines) + "\n"


def column_guide() -> str:
    """What each column of a table of trials means, in which unit, and which words it takes.

    Returns
    -------
    str
        A line a column, and below it the words that are known; own words are welcome where it says so.
    """
    lines = []
    for field, bundled in zip(trial_fields(), fields("trials"), strict=False):
        lines.append(f"{field.name} ({field.type}): {bundled.description}")
        if bundled.enum and field.name not in FREE_WORDS:
            own = ", or a word of your own" if field.name in OPEN_WORDS else ""
            lines.append(f"    {', '.join(field.enum or bundled.enum)}{own}")
    return "\n".join(lines)
