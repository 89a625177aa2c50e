"""A user's own table of trials, in the schema of the bundled one.

What a table must have is little: a `study`, and columns an effect can be computed from; with means
or events also `better`. What it has beyond that is checked against the bundled schema, and columns
that the schema does not know are kept as they are. `template` gives a file to fill in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as field_of
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import EvidenceError, known_options
from pdt_evidence.evidence.readers.columns import (
    ARM_DATA,
    check_columns,
    column_problems,
    has_given_effects,
    trial_fields,
)
from pdt_evidence.evidence.readers.letters import whole_letters
from pdt_evidence.evidence.readers.own_columns import all_numbers, nothing_said, tell_doubts, whole_numbers
from pdt_evidence.evidence.readers.printed_columns import printed_problems, with_bounds
from pdt_evidence.evidence.readers.provenance import with_import
from pdt_evidence.evidence.readers.safe import file_bytes
from pdt_evidence.evidence.readers.tabular.decimals import decimal_points, doubtful_point, minus_signs
from pdt_evidence.evidence.readers.tabular.tables import read_table
from pdt_evidence.evidence.readers.tabular.text_table import Entry, RaggedError, TextTable, text_of_frame
from pdt_evidence.evidence.readers.words import as_spelled, near_misses
from pdt_evidence.evidence.readers.writing import csv_text
from pdt_evidence.evidence.schema import (
    Field,
    Problem,
    cell_problems,
    sentences,
    table_problems,
    typed_columns,
)  # fmt: skip
from pdt_evidence.evidence.windows import follow_up_window

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.imported import ImportedTrials

__all__ = [
    "check_trials",
    "file_source",
    "fit_schema",
    "read_trials",
    "trial_fields",
    "typed_trials",
    "with_defaults",
]

MISSING = frozenset(("NA", "N/A", "#N/A"))  # how R and Excel write an empty cell
GUARDED = re.compile(r"'\s*[=+\-@]")  # an apostrophe keeps a spreadsheet from running a cell
IMPORTED = "database"  # `verification` of rows that a reader of databases or reviews wrote


@known_options
def read_trials(path: str | Path | pd.DataFrame) -> ImportedTrials:
    """Read a table of trials from CSV, TSV, Excel or Parquet.

    Parameters
    ----------
    path : str or Path
        The ending says the format: .csv, .tsv, .txt (tabs), .xlsx (its first sheet), .parquet.
        With semicolons between the columns a comma may stand in numbers. Or a table of pandas, polars or pyarrow
        itself, which is checked as a file is; its rows are counted from 1.

    Returns
    -------
    ImportedTrials
        The columns of the file, typed, and where the file says nothing: `row_id` ("line 2", …),
        `trial_id` (the study), `source_id` (the file's name), `follow_up` (from `months_since_end`; "unknown"
        without it), and `vi` beside `yi` (from `sei`, else from `ci_low ci_high ci_level`). `.lines` has the line of
        each row, `.log` the lines excluded and what was decided for the whole file (encoding, decimal commas).
        Of a table that `import_file` wrote, `.source["imported"]` names the file it came from, and `.log` has
        what that import excluded or changed.

    Raises
    ------
    EvidenceError
        With every problem of the file at once: line, row, column, what was expected, what was
        found, what to do. Among them: means or events without `better`, columns that nearly have a
        name of ours, blank cells of `outcome`.

    Warns
    -----
    EvidenceWarning
        If a table that was imported is no longer as it was written; if a text is in no certain encoding;
        if numbers of a row contradict each other; of rows a workbook hides, and of cells it shows as percent.

    Examples
    --------
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> table = pd.DataFrame({"study": ["A 2001"], "outcome": ["depression"], "yi": [0.4], "vi": [0.04]})
    >>> mine = pdt.read_trials(table)
    >>> mine[["row_id", "study", "follow_up", "yi"]].to_dict("records")
    [{'row_id': 'line 1', 'study': 'A 2001', 'follow_up': 'unknown', 'yi': 0.4}]
    """
    from pdt_evidence.evidence.readers.imported import ImportedTrials, make_log

    if not isinstance(path, (str, Path)):
        return _of_frame(path)
    path = Path(path)
    content = file_bytes(path)
    try:
        text = read_table(path, content)
    except RaggedError as error:
        raise _with_the_rest(error, path.name) from None
    table = check_trials(text, path.name)
    source = file_source(path, content, "table of trials") | {
        "columns": [str(name) for name in text.data.columns]
    }
    source, earlier = with_import(path, source, lambda: csv_text(table))
    before: list[Entry] = [
        (entry["line"], entry["row"], entry["action"], entry["reason"]) for entry in earlier
    ]
    blank: list[Entry] = [(line, "", "dropped", "a blank line") for line in text.blank]
    log = make_log(before + text.notes + blank)
    _fill(table, "source_id", lambda: np.full(len(table), path.stem, dtype=object))
    tell_doubts(text, table, path.name)
    lines = dict(zip(table["row_id"].tolist(), text.lines, strict=True))
    return ImportedTrials.make(table, log=log, source=source, lines=lines)


def _with_the_rest(error: RaggedError, where: str) -> EvidenceError:
    """The error of a file some of whose rows have not the cells of the header, with the faults of the others."""
    columns = [str(name) for name in error.rest.data.columns]
    faults = [*column_problems(columns), *sentences(typed_trials(error.rest)[1])]
    return EvidenceError.from_problems([*error.problems, *faults], where)


def _of_frame(frame: Any) -> ImportedTrials:
    """A table in memory, checked as a file."""
    from pdt_evidence.evidence.frames import as_pandas
    from pdt_evidence.evidence.readers.imported import ImportedTrials, make_log

    where = "the table"
    text = text_of_frame(as_pandas(frame), where)
    table = check_trials(text, where)
    _fill(table, "source_id", lambda: np.full(len(table), "table", dtype=object))
    tell_doubts(text, table, where)
    source = {"file": "", "format": "table in memory", "columns": [str(name) for name in text.data.columns]}
    lines = dict(zip(table["row_id"].tolist(), text.lines, strict=True))
    return ImportedTrials.make(table, log=make_log(list(text.notes)), source=source, lines=lines)


def file_source(path: Path, content: bytes, kind: str) -> dict[str, Any]:
    """Name, size and SHA-256 of a file that was read."""
    return {
        "file": path.name,
        "format": kind,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def check_trials(text: TextTable, where: str) -> pd.DataFrame:
    """The typed and checked table; raises with everything that is wrong with it."""
    check_columns([str(column) for column in text.data.columns], f"{where}{text.beside}")
    table, problems = typed_trials(text)
    if problems:
        raise EvidenceError.from_problems(sentences(problems), where)
    return with_defaults(table, text.lines)


def typed_trials(text: TextTable) -> tuple[pd.DataFrame, list[Problem]]:
    """The typed table, and everything that is wrong with its cells."""
    known = tuple(with_bounds(field, text.data) for field in trial_fields())
    words = _Words(text, {field.name for field in known})
    every = [*known, *words.own_fields()]
    table, problems, coded = typed_columns(text.data, every, text.lines, words.mended)
    table = whole_numbers(table, every[len(known) :])
    problems += row_problems(table, text.lines)  # before the schema's: of two rules the stricter is said
    problems += printed_problems(table, text.lines)
    problems += _blanks(table, text.lines)
    problems += near_misses(table, coded, text.lines)
    problems += table_problems(table, known, text.lines, coded)
    text.notes.extend(words.notes)
    return table, problems


@dataclass(slots=True)
class _Words:
    """The words of a table as they are meant; what is not plain about that is noted."""

    text: TextTable
    known: set[str]
    notes: list[Entry] = field_of(default_factory=list)

    def own_fields(self) -> list[Field]:
        """Columns of the user's own: numbers where all their filled cells are, else text."""
        own = (str(name) for name in self.text.data.columns if name not in self.known)
        return [
            Field(name=name, type="number" if all_numbers(self.text, name, MISSING) else "string")
            for name in own
        ]

    def mended(self, column: Field, words: list[str]) -> list[str]:
        """Without what stands for a missing value, guards against formulas, broken letters, decimal commas."""
        if column.type == "string":
            words, example = whole_letters(words)
            if example:
                self.notes.append((None, column.name, "noted", example))
            words = [word[1:] if GUARDED.match(word) else word for word in words]
        if column.name == "preferred":  # blank: nobody said that another row is
            words = [word or "true" for word in words]
        own = column.type == "number" and column.name not in self.known
        words = ["" if word in MISSING or (own and nothing_said(word)) else word for word in words]
        if column.type in ("number", "integer"):
            words, example = minus_signs(words)
            if example:
                self.notes.append((None, column.name, "noted", example))
        words, example = as_spelled(column.name, words)
        if example:
            self.notes.append((None, column.name, "noted", example))
        if column.type not in ("number", "integer"):
            return words
        plain, example = decimal_points(words, semicolons=self.text.decimal == ",")
        if example and self.text.decimal != ",":
            shown = f"{example!r} as {plain[words.index(example)]}"
            self.notes.append((None, column.name, "noted", f"decimal commas are read as points: {shown}"))
        if self.text.decimal == "," and (doubt := doubtful_point(words)):
            self.notes.append((None, column.name, "noted", doubt))
        return plain


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


def with_defaults(table: pd.DataFrame, lines: Sequence[int]) -> pd.DataFrame:
    """The table with `row_id`, `trial_id` and `follow_up`, made where it says nothing of them."""
    if "row_id" not in table.columns:
        table.insert(0, "row_id", "")
    _fill(table, "row_id", lambda: np.array([f"line {line}" for line in lines], dtype=object))
    _fill(table, "trial_id", lambda: table["study"].to_numpy())
    months = table["months_since_end"] if "months_since_end" in table.columns else np.full(len(table), np.nan)
    _fill(table, "follow_up", lambda: follow_up_window(months))
    if has_given_effects(table.columns):
        table["vi"] = _variances(table)
    if "better" not in table.columns and any(set(names) <= set(table.columns) for names in ARM_DATA.values()):
        table["better"] = ""  # its effects are given; of other measures the direction is not known
    return table


def _fill(table: pd.DataFrame, name: str, values: Callable[[], NDArray[Any]]) -> None:
    """Put `values` where the column is blank, or not there."""
    if name not in table.columns:
        table[name] = values()
    elif (blank := (table[name] == "").to_numpy()).any():
        table[name] = np.where(blank, values().astype(object), table[name].to_numpy())


def _variances(table: pd.DataFrame) -> NDArray[np.float64]:
    """The variance of `yi` as given, else of its standard error, else of its interval (95 and 0.95 alike)."""
    nan = np.full(len(table), np.nan)
    vi, sei, low, high, level = (
        table[name].to_numpy(dtype=float) if name in table.columns else nan
        for name in ("vi", "sei", "ci_low", "ci_high", "ci_level")
    )
    level = np.where(np.isnan(level), 95, level)
    unique, at = np.unique(np.where(level > 1, level / 100, level), return_inverse=True)
    z = np.array([NormalDist().inv_cdf((1 + share) / 2) for share in unique.tolist()])[at]
    for se in (sei, (high - low) / (2 * z)):
        vi = np.where(np.isnan(vi), se**2, vi)
    return vi


# What a number must be for an effect to come of it, beyond what the schema asks of it.
LIMITS: tuple[tuple[tuple[str, ...], str, float, str], ...] = (
    (("n_t", "n_c"), "at least 1 person", 1, "Correct it, or leave the cell blank."),
    (("sd_t", "sd_c"), "an SD above 0", 0, "Correct it, or leave the cell blank."),
    (("reported_se", "sei"), "a standard error above 0", 0, "Correct it, or leave the cell blank."),
    (("vi",), "a variance above 0", 0, "Correct it; the variance is the standard error squared."),
    (("event_t", "event_c"), "a count, 0 or more", 0, "Correct it, or leave the cell blank."),
)
PAIRS = (
    ("reported_ci_low", "reported_ci_high", "Swap the two limits."),
    ("ci_low", "ci_high", "Swap the two limits."),
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
    for name in {"ci_level", "reported_ci_level"} & set(table.columns):
        wrong = (table[name] <= 0) | (table[name] >= 100) | (table[name] == 1)
        advice = "Leave the cell blank for 95."
        problems += cell_problems(table, name, wrong, "expected a confidence level such as 95", lines, advice)
    return problems


def _blanks(table: pd.DataFrame, lines: Sequence[int]) -> list[Problem]:
    """Blank cells that would decide something by themselves: the sign of an effect, or a stratum without a name."""
    problems = []
    if "better" in table.columns and not has_given_effects(table.columns):
        undirected = (table["better"] == "") & _has_arm_data(table)
        if "verification" in table.columns:  # what a database leaves open was said on import
            undirected &= table["verification"] != IMPORTED
        expected = "expected lower or higher, the direction of the score that is good"
        advice = "Without it means and events do not tell whom they favour."
        problems += cell_problems(table, "better", undirected, expected, lines, advice)
    if "study" in table.columns:
        advice = "Name the trial in each of its rows; of cells that are merged only the first has the name."
        problems += cell_problems(table, "study", table["study"] == "", "expected a name", lines, advice)
    if "outcome" in table.columns:
        advice = "Write what was measured: depression, anxiety, ... or a word of your own."
        problems += cell_problems(table, "outcome", table["outcome"] == "", "expected a word", lines, advice)
    return problems


def _has_arm_data(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows with all numbers of both arms."""
    complete = np.zeros(len(table), dtype=bool)
    for names in ARM_DATA.values():
        if set(names) <= set(table.columns):
            complete |= table[list(names)].notna().all(axis=1).to_numpy()
    return complete
