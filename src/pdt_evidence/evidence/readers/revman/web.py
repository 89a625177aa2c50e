"""RevMan Web data packages (.zip) and the tables in them: the form the Cochrane Library offers today.

Specification: https://documentation.cochrane.org/revman-kb/data-package-specification-249561249.html,
version 1 and, since September 2024, version 2, which adds columns. A package may be wrapped in
the export of a whole review, or be one `*-data-rows.csv` alone.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from pdt_evidence.errors import EvidenceError, SchemaError
from pdt_evidence.evidence.readers.revman.printed import infer
from pdt_evidence.evidence.readers.revman.review import (
    NAN,
    Analysis,
    Cells,
    Review,
    StudyRow,
    most_rows,
    printed_weight,
    whole_columns,
)
from pdt_evidence.evidence.readers.revman.rm5 import MEASURES, RATIOS, printed_totals
from pdt_evidence.evidence.readers.safe import as_utf8, zip_members
from pdt_evidence.evidence.readers.tabular.tables import delimited
from pdt_evidence.formatting import counted

__all__ = ["read_data_package", "read_data_rows"]

ROWS, SETTINGS, SUBGROUPS, ROB = (
    "data-rows.csv",
    "overall-estimates-and-settings.csv",
    "subgroup-estimates.csv",
    "risk-of-bias.csv",
)
KINDS = {
    "dichotomous": "dichotomous",
    "continuous": "continuous",
    "contrast level": "generic",
    "o-e and variance": "o-e",
    "generic inverse variance": "generic",
}
NEEDED = ("Analysis group", "Analysis number", "Study")
TOTALS = {
    "Mean": "estimate",
    "CI start": "ci_low",
    "CI end": "ci_high",
    "Effect Z": "statistic",
    "Effect P": "p",
    "Heterogeneity Tau²": "tau2",
    "Heterogeneity Chi²": "Q",
    "Heterogeneity df": "Q_df",
    "Heterogeneity P": "Q_p",
    "Heterogeneity I²": "I2",
    "Experimental cases": "event_t",
    "Control cases": "event_c",
    "Experimental N": "n_t",
    "Control N": "n_c",
}
BETWEEN = {"Subgroup Chi²": "between_Q", "Subgroup P": "between_p", "Subgroup I²": "between_I2"}
SIZES = {"Experimental N": "n_t", "Control N": "n_c"}
EVENTS = {"Experimental cases": "event_t", "Control cases": "event_c"}
NUMBERS = {
    "dichotomous": EVENTS | SIZES,
    "continuous": {
        "Experimental mean": "mean_t",
        "Experimental SD": "sd_t",
        "Control mean": "mean_c",
        "Control SD": "sd_c",
    }
    | SIZES,
    "generic": {"GIV Mean": "estimate", "GIV SE": "se"} | SIZES,
    "o-e": {"O-E": "o_minus_e", "Variance": "variance"} | EVENTS | SIZES,
}


def read_data_package(content: bytes, where: str) -> Review:
    """Read a data package, or the export of a review that has one in it.

    Raises
    ------
    EvidenceError
        If the archive is not safe or holds no study rows, or numbers in it are none.
    """
    members = zip_members(
        content, where, lambda name: name.lower().endswith((ROWS, SETTINGS, SUBGROUPS, ROB))
    )
    found = {kind: _one(members, kind, where) for kind in (ROWS, SETTINGS, SUBGROUPS, ROB)}
    if not found[ROWS]:
        raise EvidenceError(
            f"{where} holds no file ending in {ROWS}. Expected a RevMan data package (CDnnnnnn-dataPackage.zip)."
        )
    review = Review(kind="RevMan Web data package (.zip)", most=most_rows(len(content)))
    for row in _records(found[SETTINGS], SETTINGS, NEEDED[:2], review):
        _take_settings(row, review)
    _take_rows(found[ROWS], ROWS, review)
    for row in _records(found[SUBGROUPS], SUBGROUPS, NEEDED[:2], review):
        _take_subgroup(row, review)
    _take_rob(found[ROB], review)
    return _checked(review, where)


def read_data_rows(content: bytes, where: str) -> Review:
    """Read the table of study rows alone: how the review pools them is inferred from what they print."""
    review = Review(kind="RevMan Web study rows (.csv)", most=most_rows(len(content)))
    _take_rows(content, where, review)
    return _checked(review, where)


def _checked(review: Review, where: str) -> Review:
    if review.problems:
        raise EvidenceError.from_problems(review.problems, where)
    return review


def _one(members: dict[str, bytes], ending: str, where: str) -> bytes:
    found = [name for name in members if PurePosixPath(name).name.lower().endswith(ending)]
    if len(found) > 1:
        raise EvidenceError(
            f"{where} holds {counted(len(found), 'file')} ending in {ending}: {', '.join(found[:5])}. Keep one."
        )
    return members[found[0]] if found else b""


def _records(content: bytes, where: str, needed: tuple[str, ...], review: Review) -> list[Cells]:
    """The lines of one table; a table with a header alone has none."""
    text = as_utf8(content, where, []).strip(b"\r\n")
    if b"\n" not in text:
        return []
    table = delimited(text, where)
    missing = [name for name in needed if name not in table.data.columns]
    if missing:
        raise SchemaError(
            f"{where}: expected the columns {', '.join(needed)}; there is no {', '.join(missing)}. A table of "
            "trials of your own is read by read_trials."
        )
    if len(table.lines) > review.most:
        raise EvidenceError(
            f"{where} has {counted(len(table.lines), 'row')}, more than the {review.most} that are "
            "read of a file of its size."
        )
    names = list(table.data.columns)
    columns = whole_columns(table, review)
    return [
        Cells(dict(zip(names, row, strict=True)), line, review.problems)
        for line, row in zip(table.lines, zip(*columns, strict=True), strict=True)
    ]


def _number_of(cells: Cells) -> str:
    return f"{cells.text('Analysis group')}.{cells.text('Analysis number')}"


def _take_settings(cells: Cells, review: Review) -> None:
    name = _number_of(cells)
    kind = KINDS.get(cells.text("Data type").lower())
    if kind is None:
        review.skipped.append(
            (
                cells.line,
                f"analysis {name}",
                f"data of the type {cells.text('Data type')!r} are not numbers to pool",
            )
        )
        return
    wording = cells.text("Effect measure")
    measure = MEASURES.get(wording.upper(), wording)
    peto = "peto" in (wording + cells.text("Statistical method")).lower()
    level = (cells.text("Estimate CI") or cells.text("CI/PI level")).rstrip("%")
    analysis = Analysis(
        number=name,
        comparison=cells.text("Analysis group name"),
        outcome=cells.text("Analysis name"),
        kind=kind,
        method="PETO" if peto or kind == "o-e" else cells.text("Statistical method").upper() or "IV",
        measure=measure,
        random=cells.text("Analysis model").lower().startswith("random"),
        log_scale=cells.flag("Log-scale data") or measure in RATIOS,
        estimator="REML" if "REML" in _initials(cells.text("Heterogeneity estimator")) else "DL",
        interval="hksj" if cells.text("CI method").lower().startswith(("hksj", "hartung")) else "wald",
        level=float(level) / 100 if level in ("90", "95", "99", "99.5", "97.5") else 0.95,
        swap_events=cells.flag("Swap event and non-event"),
        overall=cells.flag("Overall estimates", default=True),
        subtotals=cells.flag("Subgroup estimates", default=True),
        label_t=cells.text("Experimental group label") or cells.text("Experimental intervention"),
        label_c=cells.text("Control group label") or cells.text("Control intervention"),
        favours_left=cells.text("Graph label (left)"),
        favours_right=cells.text("Graph label (right)"),
        line=cells.line,
    )
    review.analyses[name] = analysis
    if analysis.overall:
        review.totals += printed_totals(analysis, "", cells, TOTALS | BETWEEN)


def _initials(name: str) -> str:
    """ "REML" and "Restricted maximum likelihood" are the same estimator."""
    words = "".join(word[0] for word in name.replace("-", " ").split()).upper()
    return "REML" if words.startswith("RML") else name.upper()


def _take_rows(content: bytes, where: str, review: Review) -> None:
    records = _records(content, where, NEEDED, review)
    if not records:
        raise EvidenceError(f"{where} has no study rows below its header.")
    by_analysis: dict[str, list[Cells]] = {}
    for cells in records:
        by_analysis.setdefault(_number_of(cells), []).append(cells)
    skipped = {what for _, what, _ in review.skipped}
    for name, rows in by_analysis.items():
        if f"analysis {name}" in skipped:
            continue
        analysis = review.analyses.get(name) or _inferred(name, rows, review)
        review.analyses[name] = analysis
        review.rows += [_study_row(analysis, cells) for cells in rows]


def _inferred(name: str, rows: list[Cells], review: Review) -> Analysis:
    """An analysis that no settings describe: what its rows print tells what it is."""
    found = infer(rows)
    outcome = rows[0].text("Analysis name")
    review.notes.append((rows[0].line, f"analysis {name} ({outcome})", found.how))
    review.notes += [
        (rows[at].line, f"analysis {name}, {rows[at].text('Study')}", what) for at, what in found.odd
    ]
    return Analysis(
        number=name,
        comparison="",
        outcome=outcome,
        kind=found.kind,
        method=found.method,
        measure=found.measure,
        random=found.random,
        log_scale=found.log_scale,
        swap_events=found.swap_events,
        overall=False,
        line=rows[0].line,
    )


def _study_row(analysis: Analysis, cells: Cells) -> StudyRow:
    use = cells.text("Applicability").upper()
    numbers: dict[str, Any] = {ours: cells.number(theirs) for theirs, ours in NUMBERS[analysis.kind].items()}
    for name in ("se", "variance"):  # an unused column is filled with zeros
        if numbers.get(name) == 0:
            numbers[name] = NAN
    return StudyRow(
        analysis=analysis.number,
        subgroup=cells.text("Subgroup"),
        study=cells.text("Study"),
        year=cells.year("Study year"),
        line=cells.line,
        in_overall=not use or "OVERALL" in use,
        in_subgroup=not use or "SUBGROUP" in use,
        footnote=cells.text("Footnotes"),
        **numbers,
        **printed_weight(cells.text("Weight")),
    )


def _take_subgroup(cells: Cells, review: Review) -> None:
    analysis = review.analyses.get(_number_of(cells))
    if analysis and analysis.subtotals:
        review.totals += printed_totals(analysis, cells.text("Subgroup"), cells, TOTALS)


def _take_rob(content: bytes, review: Review) -> None:
    for cells in _records(content, ROB, ("Study",), review):
        judged = {
            name.partition(":")[2].strip(): cells.text(name).lower()
            for name in cells.values
            if name.startswith("Domain (judgement)") and cells.text(name)
        }
        if judged:
            review.rob[cells.text("Study")] = judged
