"""Review Manager 5 files (.rm5): XML that carries the study data and the totals of every analysis.

The file is read as a stream of elements and only what belongs to the analyses is kept; the text of
the review, most of the file, is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.letters import whole_letters
from pdt_evidence.evidence.readers.revman.review import (
    MAX_TEXT,
    Analysis,
    Cells,
    Review,
    StudyRow,
    Total,
    decimals,
    most_rows,
    number,
    printed_weight,
)
from pdt_evidence.evidence.readers.safe import parse_xml

__all__ = ["read_rm5"]

KINDS = {"DICH": "dichotomous", "CONT": "continuous", "IV": "generic", "IPD": "o-e"}
MEASURES = {
    "OR": "OR",
    "ODDS_RATIO": "OR",
    "ODDS RATIO": "OR",
    "PETO_OR": "OR",
    "PETO ODDS RATIO": "OR",
    "RR": "RR",
    "RISK_RATIO": "RR",
    "RISK RATIO": "RR",
    "RELATIVE RISK": "RR",
    "RD": "RD",
    "RISK_DIFFERENCE": "RD",
    "RISK DIFFERENCE": "RD",
    "MD": "MD",
    "WMD": "MD",
    "MEAN_DIFFERENCE": "MD",
    "MEAN DIFFERENCE": "MD",
    "SMD": "SMD",
    "STD_MEAN_DIFFERENCE": "SMD",
    "STD. MEAN DIFFERENCE": "SMD",
    "STANDARDIZED MEAN DIFFERENCE": "SMD",
    "STANDARDISED MEAN DIFFERENCE": "SMD",
    "HR": "HR",
    "HAZARD_RATIO": "HR",
    "HAZARD RATIO": "HR",
}
RATIOS = ("OR", "RR", "HR")
CELLS = {
    "STUDIES": "k",
    "EFFECT_SIZE": "estimate",
    "CI_START": "ci_low",
    "CI_END": "ci_high",
    "Z": "statistic",
    "P_Z": "p",
    "TAU2": "tau2",
    "CHI2": "Q",
    "DF": "Q_df",
    "P_CHI2": "Q_p",
    "I2": "I2",
    "EVENTS_1": "event_t",
    "EVENTS_2": "event_c",
    "TOTAL_1": "n_t",
    "TOTAL_2": "n_c",
}
BETWEEN = {"Q": "between_Q", "P_Q": "between_p", "I2_Q": "between_I2"}
ARMS = {"MEAN_1": "mean_t", "SD_1": "sd_t", "MEAN_2": "mean_c", "SD_2": "sd_c"}
EVENTS = {"EVENTS_1": "event_t", "EVENTS_2": "event_c"}
SIZES = {"TOTAL_1": "n_t", "TOTAL_2": "n_c"}
NUMBERS = {
    "DICH": EVENTS | SIZES,
    "CONT": ARMS | SIZES,
    "IV": {"ESTIMATE": "estimate", "SE": "se"} | SIZES,
    "IPD": {"O_E": "o_minus_e", "VAR": "variance"} | EVENTS | SIZES,
}
JUDGEMENTS = {"YES": "low risk", "NO": "high risk", "UNKNOWN": "unclear risk"}
TEXTS = frozenset(
    {"NAME", "TITLE", "GROUP_LABEL_1", "GROUP_LABEL_2", "GRAPH_LABEL_1", "GRAPH_LABEL_2", "FOOTNOTE"}
)
KEPT = frozenset({"STUDY", "OUTCOME", "SUBGROUP", "DATA"})  # how the names end of elements that are many


def read_rm5(content: bytes, where: str) -> Review:
    """Read a Review Manager 5 file.

    Raises
    ------
    EvidenceError
        If it is not such a file, or numbers in it are none; all of them at once.
    """
    review = parse_xml(content, _Target(most_rows(len(content))), where)
    if review.problems:
        raise EvidenceError.from_problems(review.problems, where)
    if not review.analyses:
        raise EvidenceError(
            f"{where} holds no analyses. Expected a Review Manager 5 file with data (CDnnnnnnStatsDataOnly.rm5)."
        )
    return review


class _Target:
    """What an XML parser calls; `line` is set by `parse_xml`."""

    line: Callable[[], int]

    def __init__(self, most: int) -> None:
        self.left = most  # studies, outcomes, subgroups and study rows that may still be kept
        self.review = Review(kind="RevMan 5 (.rm5)")
        self.path: list[str] = []
        self.text: list[str] | None = None
        self.studies: dict[str, tuple[str, int | None]] = {}
        self.comparison: dict[str, Any] = {}
        self.outcome: dict[str, Any] = {}
        self.subgroup: dict[str, Any] = {}
        self.row: dict[str, Any] = {}
        self.quality: dict[str, Any] = {}
        self.rob: dict[str, dict[str, str]] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.path and tag != "COCHRANE_REVIEW":
            raise EvidenceError(f"the document is a <{tag[:40]}>, not a Review Manager 5 review")
        self.path.append(tag)
        self.text = [] if tag in TEXTS else None
        family, _, part = tag.rpartition("_")
        if tag == "STUDY":
            attributes = attributes | {"NAME": self._whole("study", attributes.get("NAME", ""))}
        if part in KEPT:
            self._count()
        element = {"cells": Cells(attributes, self.line(), self.review.problems), "family": family}
        if tag == "COCHRANE_REVIEW":
            self.review.doi = attributes.get("DOI", "")[:200]
        elif tag == "STUDY":
            cells = element["cells"]
            self.studies[attributes.get("ID", "")] = (cells.text("NAME"), cells.year("YEAR"))
        elif tag == "COMPARISON":
            self.comparison = element
        elif tag == "QUALITY_ITEM":
            self.quality = element
        elif tag == "QUALITY_ITEM_DATA_ENTRY":
            self._judge(attributes)
        elif part == "OUTCOME" and self.path[-2:-1] == ["COMPARISON"]:
            self.outcome, self.subgroup = element | {"rows": [], "totals": []}, {}
        elif part == "SUBGROUP" and self.outcome:
            self.subgroup = element | {"rows": [], "totals": []}
        elif part == "DATA" and family in KINDS and self.outcome:
            self.row = _row(element["cells"], NUMBERS[family])

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise EvidenceError(
                "the review has more studies and analyses than are read of a file of its size"
            )

    def data(self, data: str) -> None:
        if self.text is not None:
            self.text.append(data)

    def end(self, tag: str) -> None:
        self.path.pop()
        if self.text is not None and tag in TEXTS:
            self._keep_text(tag, self._whole(tag.lower(), "".join(self.text)))
        self.text = None
        family, _, part = tag.rpartition("_")
        if part == "DATA" and self.row:
            (self.subgroup or self.outcome)["rows"].append(self.row)
            self.row = {}
        elif part == "SUBGROUP" and self.subgroup:
            self.outcome.setdefault("subgroups", []).append(self.subgroup)
            self.subgroup = {}
        elif part == "OUTCOME" and self.outcome and family == self.outcome["family"]:
            self._finish_outcome()
            self.outcome = {}

    def close(self) -> Review:
        self.review.rob = {
            name: self.rob[study] for study, (name, _) in self.studies.items() if study in self.rob and name
        }
        return self.review

    def _whole(self, what: str, text: str) -> str:
        """A text on one line, with whole letters; the first one that was mended is noted."""
        (whole,), mended = whole_letters([text])
        if mended and all(noted != what for _, noted, _ in self.review.notes):
            self.review.notes.append((self.line(), what, mended))
        return " ".join(whole.split())[:MAX_TEXT]

    def _keep_text(self, tag: str, text: str) -> None:
        parent = self.path[-1] if self.path else ""
        if tag == "TITLE" and parent == "COVER_SHEET":
            self.review.title = text
        elif tag == "FOOTNOTE" and self.row:
            self.row["footnote"] = text
        elif parent == "QUALITY_ITEM":
            self.quality[tag] = text
        elif parent == "COMPARISON":
            self.comparison[tag] = text
        elif parent.endswith("_SUBGROUP"):
            self.subgroup[tag] = text
        elif parent.endswith("_OUTCOME"):
            self.outcome[tag] = text

    def _judge(self, attributes: dict[str, str]) -> None:
        judgement = JUDGEMENTS.get(attributes.get("RESULT", ""))
        self._count()
        if judgement and self.quality.get("NAME"):
            self.rob.setdefault(attributes.get("STUDY_ID", ""), {})[self.quality["NAME"]] = judgement

    def _finish_outcome(self) -> None:
        family, cells = self.outcome["family"], self.outcome["cells"]
        number_of = [part["cells"].text("NO") or "?" for part in (self.comparison, self.outcome) if part]
        name = ".".join(number_of)
        if family not in KINDS:
            self.review.skipped.append(
                (
                    cells.line,
                    f"analysis {name} ({self.outcome.get('NAME', '')})",
                    "an analysis of words, without numbers",
                )
            )
            return
        while name in self.review.analyses:  # files in which a number is used twice exist
            name += "'"
        analysis = self._analysis(name, family, cells)
        self.review.analyses[name] = analysis
        self._take(analysis, "", self.outcome)
        for subgroup in self.outcome.get("subgroups", []):
            self._take(
                analysis, subgroup.get("NAME") or subgroup["cells"].text("NO") or "(no name)", subgroup
            )

    def _analysis(self, name: str, family: str, cells: Cells) -> Analysis:
        wording = cells.text("EFFECT_MEASURE")
        measure = MEASURES.get(wording.upper(), wording)
        method = cells.text("METHOD").upper() or ("PETO" if family == "IPD" else "IV")
        level = cells.number("CI_TOTAL")
        return Analysis(
            number=name,
            comparison=self.comparison.get("NAME", ""),
            outcome=self.outcome.get("NAME", ""),
            kind=KINDS[family],
            method="PETO" if "PETO" in method or wording.upper() == "PETO_OR" or family == "IPD" else method,
            measure="OR" if family == "IPD" and not measure else measure,
            random=cells.flag("RANDOM"),
            log_scale=measure in RATIOS or "RATIO" in wording.upper() or family == "IPD",
            level=level / 100 if 0 < level < 100 else 0.95,
            swap_events=cells.flag("SWAP_EVENTS"),
            overall=cells.text("TOTALS").upper() in ("YES", ""),
            subtotals=cells.text("TOTALS").upper() in ("YES", "SUB", "") and cells.flag("SUBGROUPS"),
            label_t=self.outcome.get("GROUP_LABEL_1", ""),
            label_c=self.outcome.get("GROUP_LABEL_2", ""),
            favours_left=self.outcome.get("GRAPH_LABEL_1", ""),
            favours_right=self.outcome.get("GRAPH_LABEL_2", ""),
            line=cells.line,
        )

    def _take(self, analysis: Analysis, subgroup: str, element: dict[str, Any]) -> None:
        """The rows and the printed totals of an outcome or of one of its subgroups."""
        for row in element["rows"]:
            study = row.pop("study_id")
            name, year = self.studies.get(study, (study, None))
            identity = {
                "analysis": analysis.number,
                "subgroup": subgroup,
                "study": name or study,
                "year": year,
            }
            self.review.rows.append(StudyRow(**identity, **row))
        if analysis.subtotals if subgroup else analysis.overall:
            wanted = CELLS if subgroup or not analysis.subtotals else CELLS | BETWEEN
            self.review.totals += printed_totals(analysis, subgroup, element["cells"], wanted)


def _row(cells: Cells, numbers: dict[str, str]) -> dict[str, Any]:
    """What is kept of a study row; the dozen other attributes of each are let go at once."""
    row: dict[str, Any] = {ours: cells.number(theirs) for theirs, ours in numbers.items()}
    row |= printed_weight(cells.text("WEIGHT"))
    estimable = cells.flag("ESTIMABLE", default=True)
    return row | {"study_id": cells.text("STUDY_ID"), "line": cells.line, "estimable": estimable}


def printed_totals(analysis: Analysis, subgroup: str, cells: Cells, wanted: dict[str, str]) -> list[Total]:
    """The totals that are printed: those of an analysis that was not calculated are zeros, and are none."""
    estimable = cells.flag("ESTIMABLE", default=True)
    low, high = (number(cells.text(name)) for name in _limits(wanted))
    calculated = estimable and low is not None and high is not None and low < high
    totals = []
    for theirs, ours in wanted.items():
        text = cells.text(theirs)
        value = cells.number(theirs)
        counted = ours in ("k", "event_t", "event_c", "n_t", "n_c")
        if value != value or not (counted or calculated) or (ours == "tau2" and not analysis.random):
            continue
        totals.append(
            Total(
                analysis=analysis.number,
                subgroup=subgroup,
                cell=ours,
                printed=value,
                digits=decimals(text),
                line=cells.line,
            )
        )
    return totals


def _limits(wanted: dict[str, str]) -> tuple[str, str]:
    theirs = {ours: name for name, ours in wanted.items()}
    return theirs["ci_low"], theirs["ci_high"]
