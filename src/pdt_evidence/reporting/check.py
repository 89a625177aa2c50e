"""Everything that is wrong or suspicious in a file, in one pass: what `pdt-evidence check` prints."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isinf, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.effects.given import MEANS_UNUSED, means_unused
from pdt_evidence.errors import EvidenceError, EvidenceWarning, SchemaError
from pdt_evidence.evidence.judgements import judged_domains, of_a_tool
from pdt_evidence.evidence.lint import Finding, lint
from pdt_evidence.evidence.readers.columns import column_doubts, column_problems, own_columns, renamed_columns
from pdt_evidence.evidence.readers.events import label_of_events
from pdt_evidence.evidence.readers.files import kind_of, read_any
from pdt_evidence.evidence.readers.own_columns import mixed_columns
from pdt_evidence.evidence.readers.provenance import with_import
from pdt_evidence.evidence.readers.safe import file_bytes
from pdt_evidence.evidence.readers.tabular.tables import read_table
from pdt_evidence.evidence.readers.tabular.text_table import RaggedError, TextTable
from pdt_evidence.evidence.readers.trials import file_source, typed_trials, with_defaults
from pdt_evidence.evidence.readers.writing import csv_text
from pdt_evidence.evidence.schema import Problem, first_of_cells, listed
from pdt_evidence.evidence.tables import set_aside
from pdt_evidence.formatting import counted
from pdt_evidence.reporting.places import places
from pdt_evidence.reporting.strata_of_files import outcome_meant, usual_strata_of, without_outcome
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FileCheck", "check_file"]

TOLD = ("dropped", "blanked", "noted")  # what of an import's log is worth a look; the rest is counted
STAYS_OUT = "As it is, the row stays out of every pool."
NO_VARIANCE = "yi has no vi, no sei, and not both limits of its interval"
NO_EFFECT_BUT_MEANS = f"yi or vi is blank, and {MEANS_UNUSED}."
OR_FROM_MEANS = (
    f"Fill them in, or pool with --measure SMD: every effect is then computed from arm data. {STAYS_OUT}"
)
COLUMN_OF = {
    "'better'": "better",
    NO_VARIANCE: "vi",
    "the reported": "reported",
    "a reported": "reported",
}
BLANK = re.compile(r"no ((?:\w+, )*\w+)")  # how `effect_sizes` says which cells are blank


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileCheck(Brief):
    """What was found in a file: errors, which must be fixed, and warnings, which are worth a look."""

    file: str
    rows: int
    trials: int
    findings: tuple[Finding, ...]  # by line
    notes: tuple[str, ...]  # of the file as a whole

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity != "error")

    def _line(self) -> str:
        return self.summary().rpartition("\n")[2]

    def summary(self) -> str:
        """A line for each finding and note, and a last one that counts them."""
        lines = [f"{self.file}: {finding}" for finding in self.findings]
        lines += [f"note: {note}" for note in self.notes]
        size = f"{counted(self.rows, 'row')} of {counted(self.trials, 'trial')}"
        found = [
            counted(len(some), word)
            for some, word in ((self.errors, "error"), (self.warnings, "warning"))
            if some
        ]
        if self.errors:
            return "\n".join(
                [*lines, f"{self.file}: {' and '.join(found)}{f' in {size}' if self.rows else ''}."]
            )
        fit = f"{size} {'fits' if self.rows == 1 else 'fit'} the schema"
        return "\n".join([*lines, f"{self.file}: {fit}; {found[0] if found else 'nothing suspicious'}."])

    def to_json(self) -> str:
        """The same for a program."""
        counts = {"errors": len(self.errors), "warnings": len(self.warnings)}
        about = {"file": self.file, "rows": self.rows, "trials": self.trials, **counts, "notes": self.notes}
        return json.dumps(about | {"findings": [asdict(finding) for finding in self.findings]}, indent=1)


def check_file(path: str | Path) -> FileCheck:
    """Read a file as `read_any` does, and say all that is wrong or suspicious in it.

    Parameters
    ----------
    path : str or Path
        A table of trials, a Review Manager file, or a Metapsy database.

    Returns
    -------
    FileCheck
        With `.errors` the file cannot be used. Of a table of trials the rest is looked at all the
        same, as far as it can be read.

    Raises
    ------
    EvidenceError
        If the file cannot be read at all.
    """
    path = Path(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EvidenceWarning)
        try:
            table, findings, notes = (_table if kind_of(path) == "trials" else _import)(path)
        except EvidenceError as error:
            if error.problems == (str(error),):
                raise
            findings = [Finding(line=None, what=problem, severity="error") for problem in error.problems]
            return FileCheck(file=path.name, rows=0, trials=0, findings=tuple(findings), notes=())
    messages = [str(one.message) for one in caught if issubclass(one.category, EvidenceWarning)]
    texts = [message.removeprefix(f"{path.name}: ") for message in messages]
    general = [Finding(line=None, what=f"{text[:1].upper()}{text[1:]}") for text in texts]
    label = " ".join(messages)  # what was warned of is no note as well
    return FileCheck(
        file=path.name,
        rows=len(table),
        trials=int(table["trial_id"].nunique()),
        findings=(*general, *sorted(findings, key=lambda finding: finding.line or 0)),
        notes=tuple(note for note in notes if note.rstrip(".") not in label),
    )


Checked = tuple["pd.DataFrame", list[Finding], list[str]]


def _table(path: Path) -> Checked:
    """A table of trials; cells that are wrong are blank for the checks that follow."""
    content = file_bytes(path)
    try:
        text, ragged = read_table(path, content), ()
    except RaggedError as error:
        text, ragged = error.rest, error.problems
    columns = [str(name) for name in text.data.columns]
    faults = column_problems(columns)
    table, problems = typed_trials(text)
    problems = first_of_cells(problems)
    table = _without(table, problems, text.lines)
    table = with_defaults(table if "study" in table else table.assign(study=""), text.lines)
    where = places(table, dict(zip(table["row_id"], text.lines, strict=True)), text.part)
    found = [Finding(line=None, what=problem, severity="error") for problem in ragged]
    found += [_of_column(fault) for fault in faults]
    found += [
        Finding(line=None, column=own, what=f"{doubt}", place="header")
        for own, doubt in [*column_doubts(columns), *mixed_columns(text, table)]
        if own not in outcome_meant(columns)  # which is an error, below
    ]
    found += _of_cells(problems, dict(zip(text.lines, where, strict=True)))
    found += _judgements(table, text.lines, where)
    wrong = {(finding.line, finding.column) for finding in found}
    found += [one for one in lint(table, text.lines, where) if (one.line, one.column) not in wrong]
    assumed: list[str] = []
    try:
        usual_strata_of(table, columns)
    except SchemaError as error:
        found.append(_of_column(str(error)))
    if not faults:
        lines = {line for line, _ in wrong}
        computed = _computed(table)
        found += [one for one in _without_effect(computed, text.lines, where) if one.line not in lines]
        found += _changed_since(computed, text.lines, where)
        assumed = list(_assumed(computed, where))
    source, _ = with_import(path, file_source(path, content, "table of trials"), lambda: csv_text(table))
    imported = [f"imported from {source['imported']['file']}."] if "imported" in source else []
    return table, found, [*imported, *_notes(table, columns, text, source), *assumed]


def _judgements(table: pd.DataFrame, lines: Sequence[int], where: Sequence[str]) -> Iterator[Finding]:
    """The cells of columns on risk of bias that hold no judgement which figures know, and no rating of readers."""
    from pdt_evidence.figures.forests.columns import BIAS, SAID, reading

    for name in (str(name) for name in table.columns if BIAS.match(str(name))):
        cells = [] if name == "rob_tool" else table[name].tolist()
        if not cells or reading(cells) is not None:
            continue
        rated = _rated(table) if name == "rob" else [False] * len(cells)
        for at, cell in enumerate(cells):
            if not rated[at] and reading([cell]) is None:
                yield Finding(
                    line=lines[at],
                    row_id=str(table["row_id"].iloc[at]),
                    column=name,
                    what=f"{str(cell)!r} is no judgement of risk of bias that is known.",
                    how_to_mend=f"Write one of {', '.join(SAID.values())}, or leave it blank; as it is, no figure "
                    "shows this column.",
                    place=where[at],
                )


def _rated(table: pd.DataFrame) -> list[bool]:
    """Whether each `rob` is what readers take over from a file: judgements by domain, or a rating of the tool named."""
    from pdt_evidence.figures.forests.columns import reading

    named = zip(table["rob"], of_a_tool(table), strict=True)
    return [of_tool or reading(judged_domains(cell)) is not None for cell, of_tool in named]


def _changed_since(table: pd.DataFrame, lines: Sequence[int], where: Sequence[str]) -> Iterator[Finding]:
    """The rows whose effect is not what their own cells give."""
    from pdt_evidence.effects.stale import effects_of_now

    now = effects_of_now(table)
    for at in [at for at, value in enumerate(now.tolist()) if not isnan(value)]:
        gives = "none" if isinf(now[at]) else f"{now[at]:.4g}"
        yield Finding(
            line=lines[at],
            row_id=str(table["row_id"].iloc[at]),
            column="yi",
            what=f"yi is {table['yi'].iloc[at]:.4g}, but the cells that it is said to come of give {gives}.",
            how_to_mend="If they were changed since, remove the columns yi and vi: both are computed again.",
            place=where[at],
        )


def _without(table: pd.DataFrame, problems: Sequence[Problem], lines: Sequence[int]) -> pd.DataFrame:
    position = {line: at for at, line in enumerate(lines)}
    for name in {problem.column for problem in problems}:
        wrong = [position[problem.line] for problem in problems if problem.column == name]
        column = table[name].copy()
        if column.dtype != bool:
            column.iloc[wrong] = float("nan") if column.dtype.kind == "f" else ""
        table = table.assign(**{name: column})
    return table


def _of_column(fault: str) -> Finding:
    what, _, fix = fault.partition(". ")
    column = re.search(r"column '([^']+)'", what)
    return Finding(
        line=None,
        column=column[1] if column else "",
        what=f"{what.removesuffix('.')}.",
        how_to_mend=fix,
        severity="error",
        place="header",
    )


def _of_cells(problems: Sequence[Problem], where: dict[int, str]) -> list[Finding]:
    return [
        Finding(
            line=problem.line,
            row_id=problem.row_id,
            column=problem.column,
            what=problem.what,
            how_to_mend=problem.advice,
            severity="error",
            place=where[problem.line],
        )
        for problem in problems
    ]


def _computed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its effects: those it brings, else standardised mean differences."""
    from pdt_evidence.effects.table import effect_sizes

    return table if {"yi", "vi"} <= set(table.columns) else effect_sizes(table, measure="SMD")


def _assumed(table: pd.DataFrame, where: Sequence[str]) -> Iterator[str]:
    """What was assumed for effects that no means or counts gave, and of which rows."""
    if "yi_basis" not in table.columns:
        return
    words = table["yi_basis"].fillna("").astype(str).to_numpy()
    for said in dict.fromkeys(word for word in words.tolist() if ";" in word):
        rows = [where[at] for at in (words == said).nonzero()[0].tolist()]
        basis, _, assumption = said.partition("; ")
        yield f"assumed for {counted(len(rows), 'effect')} from {basis}: {assumption}; {listed(rows)}."


def _without_effect(
    table: pd.DataFrame, lines: Sequence[int | None], where: Sequence[str]
) -> Iterator[Finding]:
    """The rows no effect comes of, and what is lacking; `table` as `_computed` gives it."""
    computed = table
    none = (computed["yi"].isna() | computed["vi"].isna()) & (set_aside(table) == "")
    unused = means_unused(computed)
    for at in none.to_numpy().nonzero()[0].tolist():
        if unused[at]:
            here = {"line": lines[at], "row_id": str(table["row_id"].iloc[at]), "place": where[at]}
            yield Finding(column="yi", what=NO_EFFECT_BUT_MEANS, how_to_mend=OR_FROM_MEANS, **here)
            continue
        reason = str(computed["yi_reason"].iloc[at]) if "yi_reason" in computed else ""
        yield _lacking(
            reason or ("no yi" if computed["yi"].isna().iloc[at] else NO_VARIANCE),
            line=lines[at],
            row_id=str(table["row_id"].iloc[at]),
            place=where[at],
        )


def _lacking(reason: str, **where: Any) -> Finding:
    """A row without an effect: which cells are blank, or what else stands in the way."""
    blank = BLANK.fullmatch(reason)
    if blank is None:
        column = next((name for word, name in COLUMN_OF.items() if word in reason), "")
        return Finding(
            column=column, what=f"no effect can be computed: {reason}.", how_to_mend=STAYS_OUT, **where
        )
    names = blank[1].split(", ")
    text = f"{', '.join(names[:-1])} and {names[-1]} are" if len(names) > 1 else f"{names[0]} is"
    fix = f"Fill {'them' if len(names) > 1 else 'it'} in; {STAYS_OUT[0].lower()}{STAYS_OUT[1:]}"
    return Finding(
        column=names[0], what=f"no effect can be computed: {text} blank.", how_to_mend=fix, **where
    )


def _import(path: Path) -> Checked:
    """Somebody else's file: what reading it excluded or changed, and what is suspicious in the rest."""
    table = read_any(path)
    in_file = table["locator"].str.extract(r"line (\d+)$", expand=False)
    lines = [int(line) if isinstance(line, str) else None for line in in_file]
    where = places(table, dict(zip(table["row_id"], lines, strict=True)))
    reported = table.log["action"].isin(TOLD)
    found = [
        _of_log(*entry) for entry in table.log[reported].astype(object).itertuples(index=False, name=None)
    ]
    found += lint(table, lines, where)
    computed = _computed(table)
    # Of rows without a direction the reader has told already, one line for all.
    found += [one for one in _without_effect(computed, lines, where) if one.column != "better"]
    rest = table.log.loc[~reported, "action"].value_counts()
    notes = [
        f"{counted(int(count), 'row')} {action}; `pdt-evidence import` lists them."
        for action, count in rest.items()
    ]
    events = label_of_events(table)
    return table, found, [*notes, *([events] if events else []), *_assumed(computed, where)]


def _of_log(line: object, row: str, action: str, reason: str) -> Finding:
    at = line if isinstance(line, int) else None
    place = ", ".join(part for part in (f"line {at}" if at is not None else "", row) if part)
    return Finding(line=at, row_id=row, what=f"{action}: {reason}.", place=place)


def _notes(
    table: pd.DataFrame, columns: Sequence[str], text: TextTable, source: Mapping[str, Any]
) -> Iterator[str]:
    """What is to be known of the file as a whole, and is no fault."""
    spoken_of = renamed_columns(columns) | {*outcome_meant(columns)}
    own = [name for name in own_columns(columns) if name not in spoken_of]
    if own:
        yield f"columns of your own, kept as they are and not checked: {listed(own)}."
    if "outcome" not in table.columns and not outcome_meant(columns):
        yield without_outcome(table, columns)
    for _, what, _, reason in text.notes:
        yield f"{what}: {reason}."
    if events := label_of_events(table, source):
        yield events
    if text.blank:
        yield f"{counted(len(text.blank), 'blank line')} left out."
    aside = set_aside(table)
    for reason, count in aside[aside != ""].value_counts().items():
        yield f"{counted(int(count), 'row')} set aside, not checked and not pooled: {reason}."
