"""Databases in the Metapsy data standard as a table of trials.

The effect of a row comes from its means, else its changes, else its events, else the effect the
database gives: the order of metapsyTools. Means are taken over as they stand, with the direction
that is good beside them; the database's own effect is turned once so that above 0 favours arm 1.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import EvidenceError, known_options, require_choice
from pdt_evidence.evidence.readers.metapsy.columns import DOMAINS, RATINGS
from pdt_evidence.evidence.readers.metapsy.rows import NAN, Entry, Row, arm_data, read_rows, weeks_at_end
from pdt_evidence.evidence.readers.metapsy.sign import (
    SMALL,
    Convention,
    contradicted,
    decide,
    scale_directions,
)
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

Z_95 = 1.959963984540054  # standard normal quantile at 0.975
WEEKS_PER_MONTH = 365.25 / 7 / 12
GENERIC = ("other psy", "other", "psy", "other non-trauma-focused", "mixed", "ig", "")  # tell no therapy
ARM_COLUMNS = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c", "event_t", "event_c")


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
    rows = read_rows(text, path.name, len(content), log)
    g = np.array([row.own_g() for row in rows])
    difference = np.array([row.difference() for row in rows])
    convention = decide(g, difference, sign)
    apart, most = contradicted(g, np.array([row.effect_of_means() for row in rows]))
    reader = _Reader(
        names,
        convention,
        scale_directions([_instrument(row) for row in rows], g, difference, convention),
        weeks_at_end(rows),
        better or "",
        log,
        frozenset(np.flatnonzero(apart).tolist()),
        most,
    )
    table = reader.trials(rows)
    if table.empty:
        raise EvidenceError(f"{path.name}: none of its {len(rows)} rows has usable numbers.")
    tell_sizes(rows, apart, most, path.name)
    tell_doubts(table, names, convention, int(np.isfinite(g).sum()), len(rows), path.name)
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


def _instrument(row: Row) -> str:
    return row.word("instrument").lower()


@dataclass(slots=True)
class _Reader:
    names: Names
    convention: Convention
    directions: dict[str, str]  # instrument -> better, as the database's own effects show it
    weeks_at_end: dict[str, float]
    better: str  # where nothing else tells
    log: list[Entry]
    contradicted: frozenset[int]  # rows whose means give an effect of another size than their own
    by_own_effect: bool  # most are: their own effect is taken instead of the means

    def trials(self, rows: list[Row]) -> pd.DataFrame:
        """The usable rows in the columns of the trials table."""
        import pandas as pd

        columns: list[str] = []
        trials: list[tuple[Any, ...]] = []  # of values alone: names with each of them take twice the room
        seen: dict[tuple[Any, ...], str] = {}
        for row in rows:
            where = f"{row.word('study')}, {row.word('instrument')}, {row.word('time')}"
            trial = self._trial(row, where)
            if trial is None:
                unsigned = math.isfinite(row.own_g()) and not self.convention.turn("lower")
                why = (
                    "its effect cannot be signed; pass sign='+' or '-'"
                    if unsigned
                    else "no means, changes, events or effect"
                )
                self.log.append((row.line, where, "dropped", why))
                continue
            key = tuple(trial[name] for name in SAME)
            if key in seen:
                self.log.append((row.line, where, "merged", f"the same as row {seen[key]}"))
                continue
            trial["row_id"] = seen[key] = f"M{len(trials) + 1:04d}"
            columns = columns or list(trial)
            trials.append(tuple(trial.values()))
        table = pd.DataFrame.from_records(trials, columns=columns)
        return table if table.empty else table.assign(follow_up=follow_up_window(table["months_since_end"]))

    def _trial(self, row: Row, where: str) -> dict[str, Any] | None:
        arm_t, arm_c = (self._arm(row, arm) for arm in ("arm1", "arm2"))
        swapped = arm_c[0].startswith("pdt") and not arm_t[0].startswith("pdt")
        outcome = self._outcome(row)
        score, data = self._arm_data(row, where)
        better = self._better(row, score, outcome)
        effect = self._reported(row, score, better, where)
        if not score and not effect:
            return None
        if swapped:
            arm_t, arm_c = arm_c, arm_t
            data = {_other(name): value for name, value in data.items()}
            effect = _negated(effect)
            self.log.append((row.line, where, "turned", "arms exchanged: PDT is the second arm"))
        study = re.sub(r",\s*(?=\d{4})", " ", row.word("study"))
        year = re.search(r"\b(19|20)\d\d\b", row.word("year") or study)
        return {
            "row_id": "",
            "trial_id": slug(study),
            "study": study,
            "year": float(year[0]) if year else NAN,
            "disorder": row.word("diagnosis"),
            "comparison": comparison_of(arm_t[0], arm_c[0]),
            "arm_t": arm_t[0],
            "arm_c": arm_c[0],
            "arm_t_label": arm_t[1],
            "arm_c_label": arm_c[1],
            "outcome": outcome
            or row.word("outcome_domain")
            or row.word("instrument")
            or row.word("outcome_type")
            or "unknown",
            "outcome_label": row.word("outcome_domain"),
            "instrument": row.word("instrument"),
            "rating": RATINGS.get(row.word("rating").lower(), "unknown"),
            "better": better,
            "score": score or "reported",
            **self._time(row),
            **dict.fromkeys(ARM_COLUMNS, NAN),
            **data,
            **REPORTED_BLANK,
            **effect,
            "event_label": row.word("dich_type")
            or row.word("dich")
            or row.word("dich_paper")
            or (row.word("outcome_type") if score == "events" else ""),
            "rob_tool": "RoB2" if "d1" in row.columns.words else "as in the database",
            "rob": row.word("rob"),
            **{f"rob_{domain}": row.word(domain) for domain in DOMAINS if domain in row.columns.words},
            "format": row.word("format"),
            "country": row.word("country"),
            "age_group": row.word("age_group"),
            "n_sessions": row.number("n_sessions"),
            "mean_age": row.number("mean_age"),
            "percent_women": row.number("percent_women"),
            "locator": f"line {row.line}",
            "reference": row.word("full_ref"),
        }

    def _arm_data(self, row: Row, where: str) -> tuple[str, dict[str, Any]]:
        """The arms' numbers; means that contradict the row's own effect are said, and not used where most do."""
        if row.at not in self.contradicted:
            return arm_data(row)
        size = f"its means give {row.effect_of_means():.2f} SDs, its own effect is {row.own_g():.2f}"
        use = "; the means are not used" if self.by_own_effect else ""
        self.log.append((row.line, where, "noted", size + use))
        return ("", {}) if self.by_own_effect else arm_data(row)

    def _arm(self, row: Row, arm: str) -> tuple[str, str]:
        """Our word for an arm, and its own name; some databases name the therapy in `multi_arm1` only."""
        condition, multi = row.word(f"condition_{arm}"), row.word(f"multi_{arm}")
        generic = condition.lower() in GENERIC
        rule = self.names.find("arm", multi) if generic and multi else self.names.find("arm", condition)
        rule = rule or self.names.find("arm", multi or condition)
        label = "; ".join(dict.fromkeys(name for name in (condition, multi) if name))
        return (rule.word if rule else "_".join(condition.lower().split()) or "unknown"), label

    def _outcome(self, row: Row) -> str:
        domain, instrument = row.word("outcome_domain"), row.word("instrument")
        rule = self.names.find("outcome", domain) or self.names.find("instrument", instrument)
        return (
            rule.word
            if rule
            else self.names.word("outcome", domain or instrument or row.word("outcome_type"))
        )

    def _better(self, row: Row, score: str, outcome: str) -> str:
        """The direction that is good: of events by their name, of scales by the database's own effects."""
        if score == "events":
            rule = self._event(row)
            return rule.better if rule else self._event_direction(row)
        own = self.directions.get(_instrument(row))
        if own:
            return own
        rule = self.names.find("outcome", row.word("outcome_domain"), outcome.replace("_", " "))
        rule = rule or self.names.find("instrument", row.word("instrument"))
        return (rule.better if rule else "") or self.better

    def _event(self, row: Row) -> Rule | None:
        """What kind of event is counted, wherever the database words it."""
        texts = (
            row.word(name) for name in row.columns.words if name.startswith(("dich", "outcome", "event"))
        )
        return self.names.find("event", *texts)

    def _event_direction(self, row: Row) -> str:
        """By the sign of the database's effect, if that is known to favour and not merely to subtract."""
        if self.convention.kind not in ("favours", "against") or math.isnan(row.own_g()):
            return ""
        more = row.event_difference()
        favours = row.own_g() * self.convention.turn("")
        if not more or abs(favours) < SMALL:
            return ""
        return "higher" if (more > 0) == (favours > 0) else "lower"

    def _reported(self, row: Row, score: str, better: str, where: str) -> dict[str, Any]:
        """The database's own effect, above 0 where it favours arm 1; {} if it has none that can be signed."""
        g, se = (
            (row.number(".g"), row.number(".g_se"))
            if not math.isnan(row.number(".g"))
            else (row.number("precalc_g"), row.number("precalc_g_se"))
        )
        turn = self.convention.turn(better)
        if score == "events" and self.convention.kind == "difference":
            # metapsyTools gives events the sign of "less is more": above 0 is fewer events in arm 1.
            turn = {"lower": 1.0, "higher": -1.0}.get(better, 0.0)
        if math.isfinite(g) and turn and (se > 0 or score):
            self._compare(row, g * turn, better, score, where)
            return {
                "reported_metric": "g",
                "reported": g * turn,
                "reported_se": se if se > 0 else NAN,
                "flipped": turn < 0,
            }
        return {} if score else self._risk_ratio(row)

    def _risk_ratio(self, row: Row) -> dict[str, Any]:
        """The database's log risk ratio, for rows that have nothing else; above 1 favours arm 1."""
        for prefix in (".log_rr", "precalc_log_rr"):
            log_rr, se = row.number(prefix), row.number(f"{prefix}_se")
            rule = self._event(row)
            if rule and se > 0 and abs(log_rr) + 2 * se < 700:  # the exponential function ends here
                turn = 1.0 if rule.better == "higher" else -1.0
                low, middle, high = (math.exp(turn * log_rr + step * Z_95 * se) for step in (-1, 0, 1))
                limits = {"reported_ci_low": low, "reported_ci_high": high, "reported_ci_level": 95.0}
                return {"reported_metric": "RR", "reported": middle, "flipped": turn < 0} | limits
        return {}

    def _compare(self, row: Row, favours: float, better: str, score: str, where: str) -> None:
        """Note a row whose own effect says the opposite of its means or events."""
        more = (
            row.event_difference() if score == "events" else row.difference() if score == "endpoint" else NAN
        )
        towards = {"higher": 1.0, "lower": -1.0}.get(better, 0.0)
        if abs(favours) > SMALL and more * towards * favours < 0:
            data = "events" if score == "events" else "means"
            self.log.append((row.line, where, "noted", f"its own effect contradicts its {data}"))

    def _time(self, row: Row) -> dict[str, Any]:
        """When it was assessed: "post" is the end of treatment, a follow-up counts from there."""
        label, weeks = row.word("time"), row.number("time_weeks")
        weeks = weeks if weeks > 0 else NAN  # 0 stands for "not reported" in some databases
        months, basis = NAN, "unknown"
        if label.lower().startswith("post"):
            months, basis = 0.0, "labelled"
        elif weeks > (end := self.weeks_at_end.get(row.word("study"), NAN)):
            months, basis = (weeks - end) / WEEKS_PER_MONTH, "derived"
        return {
            "time_label": label,
            "weeks": weeks,
            "months_since_end": months,
            "months_basis": basis,
            "follow_up": "",
        }


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
REPORTED_NUMBERS = ("reported", "reported_se", "reported_ci_low", "reported_ci_high", "reported_ci_level")
REPORTED_BLANK = {"reported_metric": "", **dict.fromkeys(REPORTED_NUMBERS, NAN), "flipped": False}


def _other(name: str) -> str:
    return name[:-1] + {"t": "c", "c": "t"}[name[-1]]


def _negated(effect: dict[str, Any]) -> dict[str, Any]:
    if not effect:
        return effect
    if effect["reported_metric"] == "RR":
        low, high = effect["reported_ci_low"], effect["reported_ci_high"]
        sign_reversed = {
            "reported": 1 / effect["reported"],
            "reported_ci_low": 1 / high,
            "reported_ci_high": 1 / low,
        }
    else:
        sign_reversed = {"reported": -effect["reported"]}
    return effect | sign_reversed | {"flipped": not effect["flipped"]}
