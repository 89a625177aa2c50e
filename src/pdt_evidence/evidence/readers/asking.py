"""What a reader of reviews could not know, asked of the user: each warning has the lines that answer it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import warn
from pdt_evidence.evidence.readers.names import COLUMNS, NO_NAME, Names
from pdt_evidence.formatting import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ask_about_labels", "ask_for_directions", "ask_for_names", "ask_for_scales"]

MOST_ASKED = 10  # names in one warning
UNSAID = "?"  # in the place of an answer; a mapping that still has it is refused
SAID = {  # field -> what is said of one name, and of several
    "arm": ("arm is not known, and keeps its own name", "arms are not known, and keep their own names"),
    "outcome": (
        "outcome is not known, and keeps its own name",
        "outcomes are not known, and keep their own names",
    ),
    "follow_up": (
        "analysis does not say when it was assessed; its follow-up is 'unknown'",
        "analyses do not say when they were assessed; their follow-up is 'unknown'",
    ),
}


def ask_for_names(names: Names, where: str) -> None:
    """Warn of the arms, outcomes and follow-ups that the mapping does not know."""
    for kind, (one, several) in SAID.items():
        unknown = names.unknown.get(kind, [])
        if not unknown:
            continue
        options = [name.partition(" / ")[0] for name in unknown[:MOST_ASKED] if name != NO_NAME]
        own = "" if kind == "follow_up" else ", or a word of your own"
        how = (
            f" To name them, give a mapping with such lines, for each {UNSAID} one of {', '.join(names.words(kind))}"
            f"{own}:\n{_as_csv((kind, name, UNSAID, '') for name in options)}"
        )
        what = f"{where}: {len(unknown)} {one if len(unknown) == 1 else several}: {_listed(unknown)}."
        warn(what + (how if options else ""))


def ask_for_directions(names: Names, outcomes: Iterable[tuple[str, str, str]], where: str) -> None:
    """Warn of outcomes (number of the analysis, name in the review, our word) that nothing tells the good end of."""
    analyses: dict[tuple[str, str], list[str]] = {}
    for number, name, word in outcomes:
        rule = names.find("outcome", name)
        analyses.setdefault((rule.contains if rule else name, word), []).append(number)
    if not analyses:
        return
    shown = [f"{word!r} (analysis {', '.join(numbers)})" for (_, word), numbers in analyses.items()]
    lines = [("outcome", contains, word, UNSAID) for contains, word in list(analyses)[:MOST_ASKED]]
    plural = "s" if len(analyses) > 1 else ""
    warn(
        f"{where}: nothing says which direction is good of {len(analyses)} outcome{plural}; their rows give no "
        f"effect: {_listed(shown)}. To say it of each, give a mapping with such lines, with lower or "
        f"higher for {UNSAID}:\n{_as_csv(lines)}\n"
        "Or pass better='lower' or better='higher' (pdt-evidence import --better), which then holds for all of them."
    )


def ask_for_scales(table: pd.DataFrame, where: str) -> None:
    """Warn of the rows of a database whose scale nothing tells the good end of; their arm data give no effect."""
    rows = table[table["better"] == ""]
    if rows.empty:
        return
    lost = int(rows["reported"].isna().sum())
    counts = Counter(rows["outcome"])
    shown = _listed([f"{name} ({count})" for name, count in counts.most_common()])
    by_label = rows["outcome_label"] != ""
    kind, name = (
        np.where(by_label, "outcome", "instrument"),
        rows["outcome_label"].where(by_label, rows["instrument"]),
    )
    lines = list(dict.fromkeys(line for line in zip(kind, name, rows["outcome"], strict=True) if line[1]))
    none = lost == len(table)
    so = (
        "So none of its rows gives an effect. "
        if none
        else f"So {lost} of its {counted(len(table), 'row')} {'gives' if lost == 1 else 'give'} no effect. "
    )
    warn(
        f"{where}: nothing says which direction is good of {counted(len(rows), 'row')}: {shown}. {so if lost else ''}"
        "Pass better='lower' or better='higher' (--better lower) if it holds for all of them; "
        "else give a mapping with such lines, with "
        f"lower or higher for {UNSAID}:\n{_as_csv((*line, UNSAID) for line in lines[:MOST_ASKED])}"
    )


def ask_about_labels(found: Sequence[tuple[Any, str]], names: Names, where: str) -> None:
    """Warn of analyses whose "Favours" labels contradict their outcome: exchanged, they turn the sign of every row."""
    if not found:
        return
    shown = [f"analysis {analysis.number}: {why}" for analysis, why in found]
    lines: dict[tuple[str, ...], None] = {}
    for analysis, _ in found:
        rule = names.find("outcome", analysis.outcome)
        lines[("outcome", analysis.outcome, rule.word if rule else UNSAID, UNSAID)] = None
    labels = "1 analysis" if len(found) == 1 else f"{len(found)} analyses"
    warn(
        f'{where}: the "Favours" labels of {labels} contradict the outcome, which turns the sign of every row if they '
        f"stand on the wrong side: {_listed(shown)}. The labels hold. If they are exchanged, say so in a mapping with "
        f"such lines, with lower or higher for {UNSAID}:\n{_as_csv(list(lines)[:MOST_ASKED])}"
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_ASKED
    return "; ".join(names[:MOST_ASKED]) + (f"; and {more} more" if more > 0 else "")


def _as_csv(lines: Iterable[tuple[str, ...]]) -> str:
    stream = StringIO()
    csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *lines])
    return stream.getvalue().rstrip()
