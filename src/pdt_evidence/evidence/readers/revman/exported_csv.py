"""The CSV that Review Manager 5 writes by File > Export > Data and analyses.

One line for each comparison, outcome, subgroup and study, told apart by their numbers and by the data type,
which outcomes and subgroups have. The layout is that of `Fleiss93_CR.csv` and of what `read.rm5` makes of
such files, both in the R package meta (https://github.com/guido-s/meta). No line says what is entered on
a log scale: the interval of the line shows it.
"""

from __future__ import annotations

import math
import re
from html import unescape
from typing import Any

from pdt_evidence.errors import EvidenceError, SchemaError
from pdt_evidence.evidence.readers.revman.review import (
    NAN,
    Analysis,
    Cells,
    Review,
    StudyRow,
    most_rows,
    whole_columns,
)
from pdt_evidence.evidence.readers.revman.rm5 import MEASURES, RATIOS, printed_totals
from pdt_evidence.evidence.readers.safe import as_utf8
from pdt_evidence.evidence.readers.tabular.tables import delimited
from pdt_evidence.formatting import counted

__all__ = ["is_revman5_csv", "read_revman5_csv"]

NUMBERED = ("Comparison Number", "Outcome Number", "Subgroup Number")
NEEDED = (*NUMBERED, "Name", "Data Type")
TOTALS = {
    "Effect Estimate": "estimate",
    "CI Start": "ci_low",
    "CI End": "ci_high",
    "Z": "statistic",
    "P(Z)": "p",
    "Tau²": "tau2",
    "Q": "Q",
    "df": "Q_df",
    "P(Q)": "Q_p",
    "I²(Q)": "I2",
    "Total 1": "n_t",
    "Total 2": "n_c",
}
BETWEEN = {"Qint": "between_Q", "P(Qint)": "between_p", "I²(Qint)": "between_I2"}
SIZES = {"Total 1": "n_t", "Total 2": "n_c"}
EVENTS = {"Events 1": "event_t", "Events 2": "event_c"}
NUMBERS = {
    "dichotomous": EVENTS | SIZES,
    "continuous": {"Mean 1": "mean_t", "SD 1": "sd_t", "Mean 2": "mean_c", "SD 2": "sd_c"} | SIZES,
    "generic": {"Effect Estimate": "estimate", "SE": "se"} | SIZES,
    "o-e": {"O-E": "o_minus_e", "Var": "variance"} | EVENTS | SIZES,
}
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
Z_95 = 1.959963984540054  # standard normal quantile at 0.975
CLOSE = 0.02  # relative; errors and limits are printed with eight decimals


def is_revman5_csv(content: bytes) -> bool:
    """Whether the header is that of such an export."""
    header = content[:20_000].replace(b"\0", b"").split(b"\n", 1)[0]
    return all(name.encode() in header for name in NUMBERED)


def read_revman5_csv(content: bytes, where: str) -> Review:
    """Read an export of Review Manager 5.

    Raises
    ------
    EvidenceError
        If it has not the columns or rows of one, or numbers in it are none; all of them at once.
    """
    review = Review(kind="RevMan 5 export (.csv)", most=most_rows(len(content)))
    records = _records(content, where, review)
    subgroups = {_number(cells) for cells in records if _is_subgroup(cells)}
    comparison, subgroup = "", ""
    kinds: dict[str, Analysis] = {}
    for cells in records:
        name, text = _number(cells), unescape(cells.text("Name"))
        if cells.text("Outcome Number") in ("", "0"):
            comparison = text
        elif _is_subgroup(cells):
            subgroup = text
            if name in kinds and kinds[name].subtotals:
                review.totals += printed_totals(kinds[name], subgroup, cells, _wanted(kinds[name]))
        elif cells.text("Data Type"):
            subgroup = ""
            analysis = _analysis(name, comparison, text, cells, name in subgroups, review)
            if analysis:
                kinds[name] = review.analyses[name] = analysis
        elif name in kinds:
            in_group = cells.text("Subgroup Number") not in ("", "0")
            review.rows.append(_study_row(kinds[name], subgroup if in_group else "", text, cells, review))
    if review.problems:
        raise EvidenceError.from_problems(review.problems, where)
    if not review.rows:
        raise EvidenceError(f"{where} holds no study rows. Export the data and analyses of the review again.")
    return review


def _records(content: bytes, where: str, review: Review) -> list[Cells]:
    try:
        table = delimited(as_utf8(content, where, []), where)
    except EvidenceError as error:
        if "cells as in the header" not in str(error):
            raise
        raise EvidenceError.from_problems(
            [*error.problems, "The field 'Risk of bias tables' breaks the lines: export again without it."],
            where,
        ) from error
    missing = [name for name in NEEDED if name not in table.data.columns]
    if missing:
        raise SchemaError(
            f"{where}: there is no column {', '.join(missing)}. Export the review with all fields."
        )
    if len(table.lines) > review.most:
        raise EvidenceError(
            f"{where} has {counted(len(table.lines), 'row')}, more than the {review.most} that are "
            "read of a file of its size."
        )
    names = list(table.data.columns)
    rows = zip(*whole_columns(table, review), strict=True)
    return [
        Cells({name: _plain(text) for name, text in zip(names, row, strict=True)}, line, review.problems)
        for line, row in zip(table.lines, rows, strict=True)
    ]


def _plain(text: str) -> str:
    """A number without commas between its thousands, which this export has; "0,5" is left to be complained of."""
    return text.replace(",", "") if THOUSANDS.fullmatch(text.strip()) else text


def _number(cells: Cells) -> str:
    return f"{cells.text('Comparison Number')}.{cells.text('Outcome Number')}"


def _is_subgroup(cells: Cells) -> bool:
    return bool(cells.text("Data Type")) and cells.text("Subgroup Number") not in ("", "0")


def _kind(cells: Cells) -> str:
    """The kind of data by its code and method; "" for data that are not numbers to pool."""
    code, method = cells.text("Data Type").upper(), cells.text("Statistical Method").upper()
    if method == "EXP_O_E_VAR" or code.startswith(("P", "IPD", "O")):
        return "o-e"
    return {"D": "dichotomous", "C": "continuous", "I": "generic", "G": "generic"}.get(code[:1], "")


def _analysis(
    name: str, comparison: str, outcome: str, cells: Cells, has_subgroups: bool, review: Review
) -> Analysis | None:
    kind = _kind(cells)
    if not kind:
        what = f"data of the type {cells.text('Data Type')!r} are not numbers to pool"
        review.skipped.append((cells.line, f"analysis {name} ({outcome})", what))
        return None
    wording = cells.text("Effect Measure")
    plain = re.sub(r" \(non-event\)$", "", wording, flags=re.IGNORECASE)
    measure = MEASURES.get(plain.upper(), plain) or ("OR" if kind == "o-e" else "")
    method = cells.text("Statistical Method").upper()
    totals = cells.text("Totals").lower()
    level = cells.text("Total Confidence Interval").rstrip("%")
    analysis = Analysis(
        number=name,
        comparison=comparison,
        outcome=outcome,
        kind=kind,
        method="PETO" if "PETO" in method + wording.upper() or kind == "o-e" else method or "IV",
        measure=measure,
        random=cells.text("Analysis Model").lower().startswith("random"),
        log_scale=measure in RATIOS or kind == "o-e",
        level=float(level) / 100 if level in ("90", "99") else 0.95,
        swap_events=cells.flag("Swap event and non-event") or plain != wording,
        overall=not totals.startswith(("no", "sub")),
        subtotals=has_subgroups and not totals.startswith("no"),
        label_t=cells.text("Group Label 1"),
        label_c=cells.text("Group Label 2"),
        favours_left=cells.text("Left Graph Label"),
        favours_right=cells.text("Right Graph Label"),
        line=cells.line,
    )
    if analysis.overall:
        wanted = _wanted(analysis) | (BETWEEN if has_subgroups else {})
        review.totals += printed_totals(analysis, "", cells, wanted)
    return analysis


def _wanted(analysis: Analysis) -> dict[str, str]:
    return TOTALS | (EVENTS if analysis.kind == "dichotomous" else {})


def _study_row(analysis: Analysis, subgroup: str, study: str, cells: Cells, review: Review) -> StudyRow:
    numbers: dict[str, Any] = {ours: cells.number(theirs) for theirs, ours in NUMBERS[analysis.kind].items()}
    for name in ("se", "variance"):  # an unused column is filled with zeros
        if numbers.get(name) == 0:
            numbers[name] = NAN
    if analysis.kind == "generic" and analysis.log_scale:
        numbers["estimate"] = _log_estimate(cells, numbers["estimate"], numbers["se"], review)
    return StudyRow(
        analysis=analysis.number,
        subgroup=subgroup,
        study=study,
        year=cells.year("Year of study"),
        line=cells.line,
        footnote=cells.text("Footnotes"),
        **numbers,
    )


def _log_estimate(cells: Cells, estimate: float, se: float, review: Review) -> float:
    """The log of a ratio, printed as a ratio or as its log: the width of its interval tells which."""
    low, high = cells.number("CI Start"), cells.number("CI End")
    width = 2 * Z_95 * se
    if 0 < low < high and math.isclose(math.log(high / low), width, rel_tol=CLOSE):
        return math.log(estimate) if estimate > 0 else NAN
    if math.isclose(high - low, width, rel_tol=CLOSE):
        return estimate
    if math.isfinite(estimate) and se > 0:
        what = "its interval and standard error do not tell whether its effect is a ratio or the log of one"
        review.skipped.append((cells.line, unescape(cells.text("Name")), what))
    return NAN
