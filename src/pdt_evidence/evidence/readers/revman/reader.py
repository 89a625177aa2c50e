"""Review Manager files as a table of trials: arms named, outcomes recognised, effects signed.

What decides the direction of an effect is what the review prints under its forest plots
("Favours ..."); where it prints nothing, the outcome's usual direction, and a warning says so.
"""

# Tables below keep one row a line: broken up, this file would pass 400 lines or a function 60.
from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import EvidenceError, known_options, require_choice
from pdt_evidence.evidence.judgements import by_domain
from pdt_evidence.evidence.readers.asking import ask_about_labels, ask_for_directions, ask_for_names
from pdt_evidence.evidence.readers.names import Names, comparison_of, load_names, slug
from pdt_evidence.evidence.readers.revman.direction import OPPOSITE, contradictions, direction
from pdt_evidence.evidence.readers.revman.exported_csv import is_revman5_csv, read_revman5_csv
from pdt_evidence.evidence.readers.revman.frames import METRICS, analyses, event_measures, frame, settings
from pdt_evidence.evidence.readers.revman.review import Analysis, Review, StudyRow
from pdt_evidence.evidence.readers.revman.rm5 import read_rm5
from pdt_evidence.evidence.readers.revman.web import read_data_package, read_data_rows
from pdt_evidence.evidence.readers.safe import file_bytes
from pdt_evidence.evidence.readers.trials import file_source, fit_schema
from pdt_evidence.formatting import counted

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.imported import ImportedTrials

__all__ = ["read_revman"]


def read_csv(content: bytes, where: str) -> Review:
    """An export of Review Manager 5, or the study rows of RevMan Web."""
    return (read_revman5_csv if is_revman5_csv(content) else read_data_rows)(content, where)


READERS = {".rm5": read_rm5, ".zip": read_data_package, ".csv": read_csv}
MOST_DOMAINS = 30  # of bias; the tools have five to ten
Z_95 = 1.959963984540054  # standard normal quantile at 0.975
Entry = tuple[int | None, str, str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an analysis means in the words of this library, the same for all of its rows."""

    arm_t: str
    arm_c: str
    swapped: bool  # the review has PDT as its second group
    better: str  # of the score or the event, "" if nothing says so


@known_options
def read_revman(
    path: str | Path,
    *,
    mapping: str | Path | None = None,
    better: str | None = None,
    review: str | None = None,
) -> ImportedTrials:
    """Read a Cochrane review's data: RevMan 5 (`.rm5`) or a RevMan Web data package (`.zip`).

    Parameters
    ----------
    path : str or Path
        `CDnnnnnnStatsDataOnly.rm5`, `CDnnnnnn-dataPackage.zip`, the export of a whole review that
        has such a package in it, one `*-data-rows.csv`, or the CSV that Review Manager 5 writes by
        File > Export > Data and analyses.
    mapping : str or Path, optional
        Lines like those of `names.csv` (see `evidence.readers.names`), asked before the bundled ones; those
        of outcomes may say which direction is good. `.log` lists the lines that matched nothing.
    better : {"lower", "higher"}, optional
        The direction that is good in analyses that neither print it nor have a known outcome.
    review : str, optional
        What the rows are to have as `source_id`, such as "abbass2014"; else the file's name.

    Returns
    -------
    ImportedTrials
        One row for each study, outcome and time, in the columns of the bundled trials, and a column
        `rob_...` for each domain of bias that is judged; `.totals`
        (every total the review prints), `.analyses` (the study rows as the review has them; both
        are what `audit` works from), `.log` (what was excluded, merged or turned) and `.source`.

    Warns
    -----
    EvidenceWarning
        With the names that the mapping does not know (their rows are kept: the outcome as the
        review words it, the follow-up "unknown") and the outcomes whose direction nothing tells;
        and with the lines of a mapping that answer.

    Raises
    ------
    EvidenceError
        If the file cannot be read safely, is no review, or holds text where numbers belong.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pdt_evidence as pdt
    >>> export = '''Comparison Number,Outcome Number,Subgroup Number,Name,Data Type,Statistical Method,Effect Measure,\\
    ... Analysis Model,Mean 1,SD 1,Total 1,Mean 2,SD 2,Total 2,Effect Estimate,CI Start,CI End
    ... 1,0,0,STPP versus control,,,,,,,,,,,,,
    ... 1,1,0,Depression at the end of treatment,CON,IV,Mean Difference,Fixed,,,,,,,-3.00,-5.63,-0.37
    ... 1,1,0,Adler 1999,,,,,10,6,20,14,6,20,,,
    ... 1,1,0,Berger 2003,,,,,11,6,20,13,6,20,,,
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "review.csv")
    ...     _ = path.write_text(export, encoding="utf-8")
    ...     rows = pdt.read_revman(path, better="lower")
    >>> rows[["study", "mean_t", "sd_t", "n_t"]].to_dict("records")
    [{'study': 'Adler 1999', 'mean_t': 10.0, 'sd_t': 6.0, 'n_t': 20.0}, {'study': 'Berger 2003', 'mean_t': 11.0,
    'sd_t': 6.0, 'n_t': 20.0}]
    """
    path = Path(path)
    if better is not None:
        require_choice("better", better, tuple(OPPOSITE))
    ending = path.suffix.lower()
    if ending not in READERS:
        raise EvidenceError(f"{path.name}: expected a name ending in {', '.join(READERS)}, found {ending!r}.")
    names = load_names(mapping)
    content = file_bytes(path)
    found = READERS[ending](content, path.name)
    source = file_source(path, content, found.kind) | {"title": found.title, "doi": found.doi}
    return _as_trials(found, names, better, review or path.stem, source)


def _as_trials(
    review: Review, names: Names, better: str | None, source_id: str, source: dict[str, Any]
) -> ImportedTrials:
    from pdt_evidence.evidence.readers.imported import ImportedTrials, make_log

    log: list[Entry] = [(line, what, "dropped", why) for line, what, why in review.skipped]
    log += [(line, what, "noted", why) for line, what, why in review.notes]
    readings = {number: _read(analysis, names) for number, analysis in review.analyses.items()}
    log += [
        (
            review.analyses[number].line,
            f"analysis {number}",
            "turned",
            "arms exchanged: PDT is the second group",
        )
        for number, reading in readings.items()
        if reading.swapped
    ]
    names_of_columns: list[str] = []
    rows: list[tuple[Any, ...]] = []  # of values alone: names with each of them take twice the room
    seen: dict[tuple[Any, ...], str] = {}
    for row in review.rows:
        analysis, where = review.analyses[row.analysis], _where(row)
        why_not = _unusable(row, analysis)
        if why_not:
            log.append((row.line, where, "dropped", why_not))
            continue
        trial = _trial(row, analysis, readings[row.analysis], names, better)
        # A study comes back in subgroup and sensitivity analyses with the same numbers: one row.
        key = tuple(trial[name] for name in SAME)
        if key in seen:
            log.append((row.line, where, "merged", f"the same numbers as {seen[key]}"))
            continue
        if trial["flipped"]:
            log.append((row.line, where, "turned", "the sign, so that above 0 favours arm 1"))
        seen[key] = f"{where}, line {row.line}"
        trial |= {"rob": by_domain(review.rob.get(row.study, {})), "locator": seen[key]}
        names_of_columns = names_of_columns or list(trial)
        rows.append(tuple(trial.values()))
    table = _table(names_of_columns, rows, source_id)
    if table.empty:
        raise EvidenceError(
            f"{source['file']}: none of its {len(review.rows)} study rows has usable numbers."
        )
    table = fit_schema(table.assign(**_lights(review, table["study"])), log)
    log += [(line, "mapping", "noted", f"{what} matches no name of this file") for line, what in names.idle()]
    ask_for_names(names, source["file"])
    undirected = table[table["better"] == ""].drop_duplicates("analysis")
    requested = undirected[["analysis", "outcome_label", "outcome"]].itertuples(index=False, name=None)
    ask_for_directions(names, requested, source["file"])
    _say_contradictions(review, table["analysis"].unique(), names, log, source["file"])
    return ImportedTrials.make(
        table,
        log=make_log(log),
        source=source
        | {"source_id": source_id, "event_measures": event_measures(review), "analyses": settings(review)},
        totals=frame(review.totals),
        analyses=analyses(review),
    )


def _say_contradictions(
    review: Review, numbers: Iterable[str], names: Names, log: list[Entry], where: str
) -> None:
    """Log and warn of the analyses whose labels contradict their outcome."""
    against = contradictions((review.analyses[number] for number in numbers), names)
    log += [
        (one.line, f"analysis {one.number}", "noted", f"its labels say that {why}") for one, why in against
    ]
    ask_about_labels(against, names, where)


SAME = ("trial_id", "outcome", "outcome_label", "follow_up", "arm_t", "arm_c", "mean_t", "sd_t", "n_t", "mean_c",
        "sd_c", "n_c", "event_t", "event_c", "reported", "reported_se", "better")  # fmt: skip


def _read(analysis: Analysis, names: Names) -> Reading:
    """Arms, direction and sides of an analysis; unknown arms keep the review's own label."""
    halves = _halves(analysis.comparison)
    arm_t = names.find("arm", analysis.label_t, halves[0])
    arm_c = names.find("arm", analysis.label_c, halves[1])
    arms = [
        rule.word if rule else names.word("arm", label, half) or _own_word(label or half, default)
        for rule, label, half, default in (
            (arm_t, analysis.label_t, halves[0], "experimental"),
            (arm_c, analysis.label_c, halves[1], "control"),
        )
    ]
    swapped = arms[1].startswith("pdt") and not arms[0].startswith("pdt")
    better = direction(analysis, names)
    if swapped:
        arms.reverse()
    return Reading(arms[0], arms[1], swapped, better)


def _halves(comparison: str) -> tuple[str, str]:
    """The two sides of "STPP versus control"; blanks where the name has no such word."""
    for word in (" versus ", " vs. ", " vs ", " compared with ", " compared to "):
        left, found, right = comparison.partition(word)
        if found:
            return left, right
    return "", ""


def _own_word(label: str, default: str) -> str:
    return "_".join(label.lower().split())[:60] or default


def _unusable(row: StudyRow, analysis: Analysis) -> str:
    """Why a study row gives no effect, in words for the log; "" if it does."""
    sizes = (row.n_t, row.n_c)
    least = {"continuous": 2, "dichotomous": 1}.get(
        analysis.kind, 0
    )  # one person has no SD, but may have an event
    if least and not all(size >= least and size == int(size) for size in sizes):
        persons = counted(least, "person")
        return f"expected whole numbers of at least {persons} an arm, found {row.n_t:g} and {row.n_c:g}"
    if analysis.kind == "continuous" and not (row.sd_t > 0 and row.sd_c > 0):
        return f"expected SDs above 0, found {row.sd_t:g} and {row.sd_c:g}"
    events = (row.event_t, row.event_c)
    events_fit = all(
        0 <= event <= size and event == int(event) for event, size in zip(events, sizes, strict=True)
    )
    if analysis.kind == "dichotomous" and not events_fit:
        return f"expected whole numbers of events, at most the persons, found {row.event_t:g} and {row.event_c:g}"
    if analysis.kind == "generic" and not (row.se > 0 and math.isfinite(row.estimate)):
        return f"expected an estimate with its standard error, found {row.estimate:g} and {row.se:g}"
    if analysis.kind == "o-e" and not (row.variance > 0 and math.isfinite(row.o_minus_e)):
        return f"expected O - E with its variance, found {row.o_minus_e:g} and {row.variance:g}"
    return ""


def _lights(review: Review, studies: pd.Series) -> dict[str, pd.Series]:
    """A column `rob_...` for each domain of bias that the review judges, as figures draw lights of."""
    domains = dict.fromkeys(domain for judged in review.rob.values() for domain in judged)
    columns = {f"rob_{'_'.join(re.findall(r'[a-z0-9]+', domain.lower()))}"[:60]: domain for domain in domains}
    return {
        name: studies.map({study: judged.get(domain, "") for study, judged in review.rob.items()}).fillna("")
        for name, domain in list(columns.items())[:MOST_DOMAINS]
    }


def _where(row: StudyRow) -> str:
    subgroup = f", subgroup {row.subgroup!r}" if row.subgroup else ""
    return f"analysis {row.analysis}{subgroup}, {row.study}"


def _trial(
    row: StudyRow, analysis: Analysis, reading: Reading, names: Names, better: str | None
) -> dict[str, Any]:
    """One study row in the columns of the trials table."""
    outcome = names.word("outcome", analysis.outcome, row.subgroup, analysis.comparison)
    follow_up = names.follow_up(row.subgroup, analysis.outcome, analysis.comparison)
    trial_id = slug(row.study, row.year)
    trial = {
        "trial_id": trial_id,
        "study": row.study,
        "year": math.nan if row.year is None else float(row.year),
        "comparison": comparison_of(reading.arm_t, reading.arm_c) or _comparison(names, analysis.comparison),
        "comparison_label": analysis.comparison,
        "arm_t": reading.arm_t,
        "arm_c": reading.arm_c,
        "arm_t_label": analysis.label_c if reading.swapped else analysis.label_t,
        "arm_c_label": analysis.label_t if reading.swapped else analysis.label_c,
        "outcome": outcome or analysis.outcome,
        "outcome_label": analysis.outcome,
        "rating": "unknown",
        "better": reading.better or better or "",
        "score": {"continuous": "endpoint", "dichotomous": "events"}.get(analysis.kind, "reported"),
        "follow_up": follow_up,
        "time_label": row.subgroup,
        "months_since_end": 0.0 if follow_up == "post" else math.nan,
        "months_basis": "unknown" if follow_up == "unknown" else "labelled",
        "analysis": analysis.number,
        "subgroup": row.subgroup,
        "note": row.footnote,
        "contrast_id": f"{trial_id}/{analysis.number}/{row.subgroup}".rstrip("/"),
    }
    return trial | _arm_data(row, analysis, reading.swapped) | _reported(row, analysis, reading, better)


def _comparison(names: Names, name: str) -> str:
    rule = names.find("comparison", name)
    return rule.word if rule else ""


def _arm_data(row: StudyRow, analysis: Analysis, swapped: bool) -> dict[str, float]:
    stems = {"continuous": ("mean", "sd", "n"), "dichotomous": ("event", "n")}.get(analysis.kind, ("n",))
    data: dict[str, float] = dict.fromkeys(
        ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c", "event_t", "event_c"), math.nan
    )
    for stem in stems:
        t, c = getattr(row, f"{stem}_t"), getattr(row, f"{stem}_c")
        data[f"{stem}_t"], data[f"{stem}_c"] = (c, t) if swapped else (t, c)
    if analysis.kind not in ("continuous", "dichotomous"):
        # Sizes that a review leaves at 0 in these analyses were never entered.
        for name in ("n_t", "n_c"):
            data[name] = data[name] if data[name] >= 2 else math.nan
    return data


def _reported(row: StudyRow, analysis: Analysis, reading: Reading, better: str | None) -> dict[str, Any]:
    """The effect of a row without arm data, sign reversed so that above 0 (a ratio: above 1) favours arm 1."""
    blank = dict.fromkeys(
        ("reported", "reported_se", "reported_ci_low", "reported_ci_high", "reported_ci_level"), math.nan
    ) | {"reported_metric": "", "flipped": False}
    if analysis.kind == "generic":
        estimate, se = row.estimate, row.se
    elif analysis.kind == "o-e":
        estimate, se = row.o_minus_e / row.variance, 1 / math.sqrt(row.variance)
    else:
        return blank
    good = reading.better or better
    if not good:
        return blank
    # Arms that change places turn the sign once, a low effect that is good turns it once more.
    sign_reversed = (good == "lower") != reading.swapped
    estimate = -estimate if sign_reversed else estimate
    metric = METRICS.get(analysis.measure, "")
    low, high = estimate - Z_95 * se, estimate + Z_95 * se
    numbers = (estimate, se, low, high)
    if analysis.log_scale:
        if max(abs(low), abs(high)) > 700:  # the exponential function ends here
            return blank
        numbers = (math.exp(estimate), math.nan, math.exp(low), math.exp(high))
    columns = ("reported", "reported_se", "reported_ci_low", "reported_ci_high")
    return (
        blank
        | dict(zip(columns, numbers, strict=True))
        | {"reported_metric": metric, "reported_ci_level": 95.0, "flipped": sign_reversed}
    )


def _table(columns: list[str], rows: list[tuple[Any, ...]], source_id: str) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame.from_records(rows, columns=columns)
    if table.empty:
        return table
    table.insert(0, "row_id", [f"R{number:04d}" for number in range(1, len(table) + 1)])
    has_rob = table["rob"] != ""
    return table.assign(
        rob_tool=has_rob.map({True: "Cochrane risk of bias", False: ""}),
        status="ok",
        preferred=True,
        source_id=source_id,
        verification="database",
    )
