"""Databases in the Metapsy data standard as a table of trials.

The effect of a row comes from its means, else its changes, else its events, else the effect the
database gives: the order of metapsyTools. Means are taken over as they stand, with the direction
that is good beside them; the database's own effect is turned once so that above 0 favours arm 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import EvidenceError, known_options, require_choice
from pdt_evidence.evidence.readers.metapsy.columns import DOMAINS, RATINGS
from pdt_evidence.evidence.readers.metapsy.database import (
    ARM_COLUMNS,
    NAN,
    Array,
    Database,
    Entry,
    Flags,
    Words,
    is_end,
    read_database,
)
from pdt_evidence.evidence.readers.metapsy.own_effects import (
    better_events,
    contradicting,
    exchanged,
    own_effects,
)
from pdt_evidence.evidence.readers.metapsy.sign import Convention, contradicted, decide, scale_directions
from pdt_evidence.evidence.readers.metapsy.telling import tell_doubts, tell_sizes
from pdt_evidence.evidence.readers.names import Names, Rule, comparison_of, load_names, slug
from pdt_evidence.evidence.readers.safe import file_bytes
from pdt_evidence.evidence.readers.tabular.tables import read_table
from pdt_evidence.evidence.readers.trials import file_source, fit_schema
from pdt_evidence.evidence.windows import follow_up_window

if TYPE_CHECKING:
    import pandas as pd

    from pdt_evidence.evidence.readers.imported import ImportedTrials

__all__ = ["read_metapsy"]

WEEKS_PER_MONTH = 365.25 / 7 / 12
GENERIC = ("other psy", "other", "psy", "other non-trauma-focused", "mixed", "ig", "")  # tell no therapy


@known_options
def read_metapsy(
    path: str | Path,
    *,
    sign: str | None = None,
    better: str | None = None,
    mapping: str | Path | None = None,
    review: str | None = None,
) -> ImportedTrials:
    """Read a database in the Metapsy data standard, in any of its dialects.

    Parameters
    ----------
    path : str or Path
        CSV (commas, semicolons or tabs; decimal points or commas), Excel or Parquet.
    sign : {"+", "-"}, optional
        The sign of `.g` that favours arm 1. By default it is decided from the rows that have both
        means and `.g`, and `.source["sign"]` says how.
    better : {"lower", "higher"}, optional
        The direction that is good on scales of which neither the database nor the mapping tells.
    mapping : str or Path, optional
        An edited copy of `names.csv`, asked before the bundled one.
    review : str, optional
        What the rows are to have as `source_id`; else the file's name.

    Returns
    -------
    ImportedTrials
        One row for each comparison, outcome and time that has numbers, in the columns of the
        bundled trials; PDT is arm 1 wherever it is compared. `.log` lists what was excluded,
        merged, turned or blanked, and rows whose own effect contradicts their arm data.

    Warns
    -----
    EvidenceWarning
        If the sign cannot be decided, or treatments do worse than controls by it; of unknown outcomes and directions.

    Raises
    ------
    EvidenceError
        If the file cannot be read safely, or is no wide Metapsy database, or has no usable row.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pdt_evidence as pdt
    >>> columns = "study,condition_arm1,condition_arm2,outcome_type,instrument,time,mean_arm1,sd_arm1,n_arm1,mean_arm2,"
    >>> text = f"{columns}sd_arm2,n_arm2,.g\\nA 2001,dyn,wl,msd,BDI,post,10,6,20,14,6,20,-0.65"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "database.csv").write_text(text, encoding="utf-8")
    ...     rows = pdt.read_metapsy(f"{folder}/database.csv", better="lower", sign="-")
    >>> rows[["study", "comparison", "instrument", "mean_t"]].to_dict("records")
    [{'study': 'A 2001', 'comparison': 'pdt_vs_control', 'instrument': 'BDI', 'mean_t': 10.0}]
    """
    from pdt_evidence.evidence.readers.imported import ImportedTrials, make_log

    path = Path(path)
    if better is not None:
        require_choice("better", better, ("lower", "higher"))
    names = load_names(mapping)
    content = file_bytes(path)
    text = read_table(path, content)
    log: list[Entry] = list(text.notes)
    database = read_database(text, path.name, len(content), log)
    rows, g, difference = len(database.lines), database.own_g, database.difference
    convention = decide(g, difference, sign)
    apart, most = contradicted(g, database.effect_of_means)
    directions = scale_directions(_instruments(database), g, difference, convention)
    table = _Reader(database, names, convention, directions, better or "", log, apart, most).trials()
    if table.empty:
        raise EvidenceError(f"{path.name}: none of its {rows} rows has usable numbers.")
    tell_sizes(database, apart, most, path.name)
    tell_doubts(table, names, convention, int(np.isfinite(g).sum()), rows, path.name)
    percent = table["percent_women"]
    log += [(line, "mapping", "noted", f"{what} matches no name of this file") for line, what in names.idle()]
    if percent.max() <= 1:
        table["percent_women"] = 100 * percent
        log.append((None, "percent_women", "turned", "fractions into percent"))
    table = fit_schema(table, log)
    source_id = review or path.stem
    table = table.assign(source_id=source_id, verification="database", status="ok", preferred=True)
    source = file_source(path, content, "Metapsy data standard") | {
        "source_id": source_id,
        "sign": convention.why,
    }
    return ImportedTrials.make(table, log=make_log(log), source=source)


def _instruments(database: Database) -> list[str]:
    return [word.lower() for word in database.words("instrument").tolist()]


@dataclass(slots=True)
class _Reader:
    database: Database
    names: Names
    convention: Convention
    directions: dict[str, str]  # instrument -> better, as the database's own effects show it
    better: str  # where nothing else tells
    log: list[Entry]
    contradicted: Flags  # rows whose means give an effect of another size than their own
    by_own_effect: bool  # most are: their own effect is taken instead of the means
    notes: list[tuple[int, str, str]] = field(default_factory=list)  # row, action, reason

    def trials(self) -> pd.DataFrame:
        """The usable rows in the columns of the trials table."""
        import pandas as pd

        columns, kept = self._columns()
        key = zip(*(_as_key(columns[name][kept]) for name in SAME), strict=True)
        first: dict[tuple[Any, ...], str] = {}
        ids: dict[int, str] = {}
        for at, cells in zip(np.flatnonzero(kept).tolist(), key, strict=True):
            if cells in first:
                self._note(at, "merged", f"the same as row {first[cells]}")
            else:
                ids[at] = first[cells] = f"M{len(ids) + 1:04d}"
        self._write_log()
        columns["row_id"] = np.array([ids.get(at, "") for at in range(len(kept))], dtype=object)
        chosen = list(ids)
        table = pd.DataFrame({name: cells[chosen] for name, cells in columns.items()})
        return table if table.empty else table.assign(follow_up=follow_up_window(table["months_since_end"]))

    def _note(self, at: int, action: str, reason: str) -> None:
        self.notes.append((at, action, reason))

    def _write_log(self) -> None:
        """What was noted of the rows, row by row."""
        words = [self.database.words(name) for name in ("study", "instrument", "time")]
        for at, action, reason in sorted(self.notes, key=lambda note: note[0]):
            where = ", ".join(cells[at] for cells in words)
            self.log.append((self.database.lines[at], where, action, reason))

    def _columns(self) -> tuple[dict[str, Any], Flags]:
        """The columns of all rows, and which rows have numbers."""
        database, words = self.database, self.database.words
        arms = [self._arms(arm) for arm in ("arm1", "arm2")]
        outcome = self._outcomes()
        score, data = self._arm_data()
        better = self._betters(score, outcome)
        effect = own_effects(database, self.convention, score, better, self._event)
        self._note_contradictions(effect, better, score)
        kept = (score != "") | (effect["reported_metric"] != "")
        swapped = kept & arms[1].pdt & ~arms[0].pdt
        self._note_dropped(kept, swapped)
        arms, data = _exchanged_arms(arms, swapped), _exchanged_data(data, swapped)
        study = _each(lambda word: re.sub(r",\s*(?=\d{4})", " ", word), words("study"))
        domain, instrument, kind = (words(name) for name in ("outcome_domain", "instrument", "outcome_type"))
        return {
            "row_id": np.full(len(kept), "", dtype=object),
            "trial_id": _each(slug, study),
            "study": study,
            "year": _each(_year, _first_said(words("year"), study)).astype(float),
            "disorder": words("diagnosis"),
            "comparison": _each(comparison_of, arms[0].word, arms[1].word),
            "arm_t": arms[0].word,
            "arm_c": arms[1].word,
            "arm_t_label": arms[0].label,
            "arm_c_label": arms[1].label,
            "outcome": _first_said(outcome, domain, instrument, kind, "unknown"),
            "outcome_label": domain,
            "instrument": instrument,
            "rating": _each(lambda word: RATINGS.get(word.lower(), "unknown"), words("rating")),
            "better": better,
            "score": _first_said(score, "reported"),
            **self._times(),
            **data,
            **exchanged(effect, swapped),
            "event_label": _first_said(
                *(words(name) for name in ("dich_type", "dich", "dich_paper")),
                np.where(score == "events", kind, ""),
            ),
            "rob_tool": np.full(
                len(kept), "RoB2" if "d1" in database.texts else "as in the database", dtype=object
            ),
            "rob": words("rob"),
            **{f"rob_{domain}": words(domain) for domain in DOMAINS if domain in database.texts},
            **{name: words(name) for name in ("format", "country", "age_group")},
            **{name: database.numbers(name) for name in ("n_sessions", "mean_age", "percent_women")},
            "locator": np.array([f"line {line}" for line in database.lines], dtype=object),
            "reference": words("full_ref"),
        }, kept

    def _arm_data(self) -> tuple[Words, dict[str, Array]]:
        """The arms' numbers; means that contradict the row's own effect are said, and not used where most do."""
        use = "; the means are not used" if self.by_own_effect else ""
        of_means, own = self.database.effect_of_means, self.database.own_g
        for at in np.flatnonzero(self.contradicted).tolist():
            self._note(
                at, "noted", f"its means give {of_means[at]:.2f} SDs, its own effect is {own[at]:.2f}{use}"
            )
        return self.database.arm_data(without=self.contradicted & self.by_own_effect)

    def _arms(self, arm: str) -> _Arms:
        """Our words for the arms of one side, and their own names."""
        named = [self.database.words(f"{name}_{arm}") for name in ("condition", "multi")]
        words = _each(self._arm, *named)
        labels = _each(lambda *names: "; ".join(dict.fromkeys(filter(None, names))), *named)
        return _Arms(words, labels, np.array([word.startswith("pdt") for word in words.tolist()], dtype=bool))

    def _arm(self, condition: str, multi: str) -> str:
        """Our word for an arm; some databases name the therapy in `multi_arm1` only."""
        generic = condition.lower() in GENERIC
        rule = self.names.find("arm", multi) if generic and multi else self.names.find("arm", condition)
        rule = rule or self.names.find("arm", multi or condition)
        return rule.word if rule else "_".join(condition.lower().split()) or "unknown"

    def _outcomes(self) -> Words:
        def word(domain: str, instrument: str, kind: str) -> str:
            rule = self.names.find("outcome", domain) or self.names.find("instrument", instrument)
            return rule.word if rule else self.names.word("outcome", domain or instrument or kind)

        return _each(
            word, *(self.database.words(name) for name in ("outcome_domain", "instrument", "outcome_type"))
        )

    def _betters(self, score: Words, outcome: Words) -> Words:
        """The direction that is good: of events by their name, of scales by the database's own effects."""
        domain, instrument = self.database.words("outcome_domain"), self.database.words("instrument")
        events, better = np.flatnonzero(score == "events"), better_events(self.database, self.convention)
        for at in events.tolist():
            rule = self._event(at)
            better[at] = rule.better if rule else better[at]
        scales = np.flatnonzero(score != "events")
        better[scales] = _each(self._scale, instrument[scales], domain[scales], outcome[scales])
        return better

    def _scale(self, instrument: str, domain: str, outcome: str) -> str:
        own = self.directions.get(instrument.lower())
        if own:
            return own
        rule = self.names.find("outcome", domain, outcome.replace("_", " "))
        rule = rule or self.names.find("instrument", instrument)
        return (rule.better if rule else "") or self.better

    def _event(self, at: int) -> Rule | None:
        """What kind of event a row counts, wherever the database words it."""
        texts = self.database.texts
        told = (texts[name][at] for name in texts if name.startswith(("dich", "outcome", "event")))
        return self.names.find("event", *told)

    def _note_contradictions(self, effect: dict[str, Any], better: Words, score: Words) -> None:
        g = np.where(effect["reported_metric"] == "g", effect["reported"], NAN)
        for at in np.flatnonzero(contradicting(self.database, g, better, score)).tolist():
            data = "events" if score[at] == "events" else "means"
            self._note(at, "noted", f"its own effect contradicts its {data}")

    def _note_dropped(self, kept: Flags, swapped: Flags) -> None:
        unsigned = np.isfinite(self.database.own_g) & (not self.convention.turn("lower"))
        for at in np.flatnonzero(~kept).tolist():
            why = (
                "its effect cannot be signed; pass sign='+' or '-'"
                if unsigned[at]
                else "no means, changes, events or effect"
            )
            self._note(at, "dropped", why)
        for at in np.flatnonzero(swapped).tolist():
            self._note(at, "turned", "arms exchanged: PDT is the second arm")

    def _times(self) -> dict[str, Any]:
        """When rows were assessed: "post" is the end of treatment, a follow-up counts from there."""
        labels, weeks = self.database.words("time"), self.database.numbers("time_weeks")
        weeks = np.where(weeks > 0, weeks, NAN)  # 0 stands for "not reported" in some databases
        end, since = is_end(labels), weeks - self.database.weeks_at_end
        after = ~end & (weeks > self.database.weeks_at_end)
        return {
            "time_label": labels,
            "weeks": weeks,
            "months_since_end": np.select([end, after], [0.0, since / WEEKS_PER_MONTH], NAN),
            "months_basis": np.select([end, after], ["labelled", "derived"], "unknown").astype(object),
            "follow_up": np.full(len(weeks), "", dtype=object),
        }


class _Arms(NamedTuple):
    """The arms of one side of all rows."""

    word: Words
    label: Words
    pdt: Flags


def _exchanged_arms(arms: list[_Arms], rows: Flags) -> list[_Arms]:
    one, other = arms
    return [
        _Arms(*(np.where(rows, b, a) for a, b in zip(*pair, strict=True)))
        for pair in ((one, other), (other, one))
    ]


def _exchanged_data(data: dict[str, Array], rows: Flags) -> dict[str, Array]:
    return {name: np.where(rows, data[_other(name)], cells) for name, cells in data.items()}


def _other(name: str) -> str:
    return name[:-1] + {"t": "c", "c": "t"}[name[-1]]


def _year(text: str) -> float:
    found = re.search(r"\b(19|20)\d\d\b", text)
    return float(found[0]) if found else NAN


def _each(of: Callable[..., Any], *columns: Words) -> Words:
    """What a function says of the cells of each row, asked once for each combination of them."""
    return np.array(list(map(cache(of), *(cells.tolist() for cells in columns))), dtype=object)


def _first_said(*words: Words | str) -> Words:
    """In each row the first of some words that is not ""."""
    said, *others = words
    for other in others:
        said = np.where(said == "", other, said)
    return np.asarray(said, dtype=object)


def _as_key(cells: NDArray[Any]) -> list[Any]:
    """The cells of a column, all missing numbers alike."""
    if cells.dtype == object:
        return cells.tolist()
    return [None if missing else cell for missing, cell in zip(np.isnan(cells), cells.tolist(), strict=True)]


SAME = (
    "trial_id",
    "arm_t_label",
    "arm_c_label",
    "outcome",
    "instrument",
    "rating",
    "time_label",
    "weeks",
    *ARM_COLUMNS,
    "reported",
    "event_label",
)
