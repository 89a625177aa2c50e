"""From a table as it comes to the rows that can be pooled: checked, named, with an effect each.

What cannot be pooled is listed with its reason; what may surprise is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.given import given_effects, why_without
from pdt_evidence.effects.inputs import require_a_basis
from pdt_evidence.effects.left_out import rows_left_out
from pdt_evidence.effects.stale import tell_stale
from pdt_evidence.effects.symptoms import NOT_SYMPTOMS
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import EvidenceError, SchemaError, is_heard, warn
from pdt_evidence.evidence.repeats import named_row, tell_no_trials, tell_repeats
from pdt_evidence.evidence.schema import missing_column
from pdt_evidence.evidence.tables import set_aside
from pdt_evidence.formatting import counted
from pdt_evidence.other_names import columns_of_others
from pdt_evidence.results import Note

__all__ = [
    "ONE_FOR_ALL",
    "OWN_FIELDS",
    "about_counts",
    "check_table",
    "distinct_words",
    "in_a_sentence",
    "lacking",
    "nothing_gives",
    "rows_to_pool",
    "tell_left_out",
    "with_names",
    "words_of",
]

ONE_FOR_ALL = "stratum"  # the column that with_strata gives a table without strata
OWN_FIELDS = ("yi", "vi", "study", "row_id", "measure", "yi_reason")  # a result has them by themselves
ROWS_SHOWN = 8
REASONS_SHOWN, NAMES_SHOWN = 3, 4  # of rows without an effect, which are named by their studies
GIVEN_BY_READING = {"row_id", "trial_id", "study", "follow_up"}
HOW_PUT_TOGETHER = (
    "Tables that are put together each count their rows from the first: drop the column, as in "
    "pandas.concat([one, other]).drop(columns='row_id'), or give each table names of its own before, as in "
    "one.assign(row_id='one, ' + one['row_id'])."
)
READ = (
    " read_trials(table) gives a table of one's own what it leaves to be understood: row_id, trial_id, and follow_up "
    "from months_since_end, else 'unknown'."
)


def rows_to_pool(
    table: pd.DataFrame, by: tuple[str, ...], measure: str | None, given: Sequence[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of a user's table that can be pooled, and the others, each with its reason; see `synthesize`.

    Without `by` the table is one question, of one measure. `given` has the columns that the user gave, where the
    caller added others.
    """
    given = given_columns(table) if given is None else given
    check_table(table, by, given)
    computed = measure is not None or not {"yi", "vi"} <= set(table.columns)
    if computed:  # before the names that are added here: a refusal lists the columns
        require_a_basis(table[[name for name in given if name in table.columns]], measure or "SMD")
    table = with_names(table)
    table = effect_sizes(table, measure or "SMD") if computed else given_effects(_completed(table))
    return _usable(table)


def about_counts(rows: int, events: str) -> tuple[Note, ...]:
    """What is said of rows that `scores_before_events` sets aside."""
    if not rows:
        return ()
    why = "a trial has a score of the same outcome" if events == "fallback" else "only scores are pooled"
    what = "1 row that counts persons is" if rows == 1 else f"{counted(rows, 'row')} that count persons are"
    return (
        Note("counts-set-aside", f"{what} not pooled with scores, as {why}; they can be pooled as ratios."),
    )


def _blanks(table: pd.DataFrame, by: tuple[str, ...]) -> list[str]:
    """A sentence for each column without which a row belongs to no stratum, or to no trial, and has no value."""
    problems, given = [], False
    for name in dict.fromkeys([*by, "trial_id", "study", "row_id"]):
        if name not in table.columns or isinstance(table[name], pd.DataFrame):
            continue
        blank = table[name].isna().to_numpy()
        if name not in by or name == "follow_up":  # other words of a database may be none
            blank = blank | np.array(
                [isinstance(cell, str) and not cell.strip() for cell in table[name]], dtype=bool
            )
        if blank.any():
            rows = [str(at + 1) for at in np.flatnonzero(blank)]
            word = "row" if len(rows) == 1 else "rows"
            more = f" and {len(rows) - ROWS_SHOWN} more" if len(rows) > ROWS_SHOWN else ""
            problems.append(
                f"column {name!r} is blank in {word} {', '.join(rows[:ROWS_SHOWN])}{more} of "
                f"{len(table)}. Give each row its {name}, or leave these rows out."
            )
            given = given or name in GIVEN_BY_READING
    if given:
        problems[-1] += f"{READ} Tables that are put together are read one by one before."
    return problems


def lacking(missing: Iterable[str], columns: Iterable[object]) -> list[str]:
    """A sentence for each column that is missing; the last says what reading the table would give."""
    missing, words = list(missing), list(map(str, columns))
    sentences = [missing_column(name, words) for name in missing]
    if GIVEN_BY_READING & set(missing):
        months = [own for own in columns_of_others(words, ["months_since_end"]) if "follow_up" in missing]
        sentences[-1] += READ + "".join(f" Rename {own!r} to 'months_since_end' first." for own in months)
    return sentences


def check_table(table: pd.DataFrame, by: tuple[str, ...], given: Sequence[str]) -> None:
    """Raise on what cannot be pooled by these columns, every fault at once, and warn of what seldom should be.

    `given` has the columns that the user gave.
    """
    if table.empty:
        raise EvidenceError("There is nothing to pool: the table has no rows. Widen the filters.")
    if {"review_id", "estimate"} <= set(table.columns) and "trial_id" not in table.columns:
        raise SchemaError(
            "These are published pooled estimates (a table of reviews()), and what is pooled is not pooled again: "
            "reviews share their trials. Give trials, as trials(review=...) does, or read the estimates as they are."
        )
    missing = [name for name in by if name not in table.columns]
    missing += [] if {"trial_id", "study"} & set(table.columns) else ["study"]
    if missing:
        raise SchemaError.from_problems(lacking(missing, given), "the table to pool")
    problems = []
    if "row_id" in table.columns:
        ids = table["row_id"].dropna()
        repeated = sorted(set(ids[ids.duplicated()].astype(str)) - {""})
        if repeated:
            first = f"{', '.join(repeated[:ROWS_SHOWN])}{', …' if len(repeated) > ROWS_SHOWN else ''}"
            problems.append(
                f"column 'row_id': expected each row once, found again: {first}. {HOW_PUT_TOGETHER}"
            )
    problems += _mixed(table, by)
    problems += _blanks(table, by)
    if problems:
        raise EvidenceError.from_problems(problems, "the table to pool")
    _tell_mixed(table, by)
    if is_heard():
        _say_set_aside(table)


def _tell_mixed(table: pd.DataFrame, by: tuple[str, ...]) -> None:
    """What may be pooled together, and seldom should be: several comparisons, symptoms with dropout."""
    compared = sorted(words_of(table, "comparison")) if "comparison" not in by else []
    if compared and table["comparison"].eq("").any():
        # Other arms of a database have none; NaN is of a table without the column.
        compared.append("and rows that name none")
    if len(compared) > 1:
        warn(_mixing(f"comparisons ({', '.join(compared)})", "comparison", by))
    outcomes = set(words_of(table, "outcome")) if "outcome" not in by else set()
    if (other := outcomes & {*NOT_SYMPTOMS}) and outcomes - other:
        warn(_mixing(f"symptoms with {' and '.join(sorted(other))}", "outcome", by))


def _mixing(what: str, column: str, by: tuple[str, ...]) -> str:
    """The sentence on a column that belongs among the strata; where there are none it can only be filtered."""
    if not by:
        return f"The table mixes {what}. Filter the table."
    strata = ", ".join(f'"{name}"' for name in (column, *by) if name != ONE_FOR_ALL)
    return f"Strata mix {what}. Filter the table, or write by=[{strata}]."


def _say_set_aside(table: pd.DataFrame) -> None:
    """Rows that their table says not to use are pooled if they are given, but not in silence."""
    reasons = set_aside(table)
    reasons = reasons[reasons != ""]
    if len(reasons):
        counts = "; ".join(f"{reason}: {number}" for reason, number in reasons.value_counts().items())
        warn(
            f"Rows are pooled that their own table sets aside ({counts}). To leave them out, keep only rows whose "
            "status is 'ok' and that are preferred."
        )


def _mixed(table: pd.DataFrame, by: tuple[str, ...]) -> list[str]:
    """A sentence where designs are mixed anywhere, and for each stratum whose rows are of several measures."""
    problems = []
    if "design" in table.columns and table["design"].nunique() > 1:  # not even side by side in one figure
        problems.append(_several("the table", table, "design"))
    if "measure" in table.columns and "measure" not in by and table["measure"].nunique() > 1:
        if not by:
            return [*problems, _several("the table", table, "measure")]
        for key, rows in table.groupby(list(by), sort=False, dropna=False):
            if rows["measure"].nunique() > 1:
                words = ", ".join(map(str, key if isinstance(key, tuple) else (key,)))
                problems.append(_several(f"stratum {words}", rows, "measure"))
    return problems


def _several(where: str, rows: pd.DataFrame, column: str) -> str:
    shown = _shown((rows["row_id"] if "row_id" in rows.columns else rows.index + 1).tolist())
    found = ", ".join(map(str, sorted(rows[column].dropna().unique())))
    return f"{where}, {shown}, column {column!r}: expected one value, found {found}. Pool them apart."


def _shown(ids: Sequence[Any]) -> str:
    """The first of many ids, and how many more there are."""
    more = f" and {len(ids) - ROWS_SHOWN} more" if len(ids) > ROWS_SHOWN else ""
    return f"{in_a_sentence(ids[:ROWS_SHOWN])}{more}"


def in_a_sentence(ids: Iterable[Any]) -> str:
    """Rows as a sentence names them by their ids: of rows that their reader or nobody named, the numbers.

    Examples
    --------
    >>> in_a_sentence(["T0001"]), in_a_sentence(["row 2", "row 4"]), in_a_sentence(["line 2", "line 3"])
    ('row T0001', 'rows 2, 4', 'lines 2, 3')
    """
    names = [str(one) for one in ids]
    noun = "line" if all(name.startswith("line ") for name in names) else "row"
    return (
        f"{noun}{'s' if len(names) > 1 else ''} {', '.join(name.removeprefix(f'{noun} ') for name in names)}"
    )


def with_names(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a row id, a trial and a study in every row: what a short table leaves to be understood."""
    names = {}
    if "row_id" not in table.columns:
        names["row_id"] = [f"row {number}" for number in range(1, len(table) + 1)]
    for name, other in (("trial_id", "study"), ("study", "trial_id")):
        if name not in table.columns and other in table.columns:
            names[name] = table[other].astype(str)
    return table.assign(**names)


def _completed(table: pd.DataFrame) -> pd.DataFrame:
    """The effects of rows that never had one, beside rows that have: tables of two makers, put together."""
    if not {"yi_reason", "measure"} <= set(table.columns):
        return table
    known = table["measure"].dropna().unique()
    new = table["yi"].isna() & table["yi_reason"].isna()
    if not new.any() or len(known) != 1:
        return table
    table = table.reset_index(drop=True)
    new = new.to_numpy()
    return pd.concat([table[~new], effect_sizes(table[new], str(known[0]))]).sort_index()


def _usable(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with an effect; and the others, each with its reason."""
    without = table["yi"].isna() | table["vi"].isna()
    gone = table[without]
    reasons = pd.Series(why_without(gone, ["no yi or vi"] * len(gone)), index=gone.index, dtype=object)
    if "yi_reason" in gone.columns:
        reasons = gone["yi_reason"].fillna(reasons)
    excluded = rows_left_out(gone, reasons)
    if without.all():
        raise nothing_gives(
            excluded, "There is nothing to pool: no row of the table gives an effect and its variance"
        )
    tell_left_out(excluded)
    usable = (table[~without] if without.any() else table).reset_index(drop=True)
    if is_heard():
        tell_repeats(usable, "and both are pooled")
        tell_no_trials(usable, "and pooled as trials")
        tell_stale(usable)
    return usable, excluded


def tell_left_out(gone: pd.DataFrame) -> None:
    """Warn of rows that give no effect: which they are, and why, the reasons that most have first.

    `gone` has `row_id`, `study` and `reason`.
    """
    if gone.empty or not is_heard():
        return
    groups = gone.groupby("reason", sort=False)
    words = []
    for reason in groups.size().sort_values(ascending=False, kind="stable").index[:REASONS_SHOWN]:
        rows = groups.get_group(reason)
        first = rows.head(NAMES_SHOWN)
        names = [named_row(*row) for row in zip(first["row_id"], first["study"], strict=True)]
        more = f" and {len(rows) - NAMES_SHOWN} more" if len(rows) > NAMES_SHOWN else ""
        words.append(f"{', '.join(names)}{more}: {str(reason).rstrip('.')}")
    more = "; and more, all in `left_out`" if len(groups) > REASONS_SHOWN else ""
    warn(f"Left out, without an effect: {'; '.join(words)}{more}.")


def nothing_gives(excluded: pd.DataFrame, what: str) -> EvidenceError:
    """The error that says why, reason by reason with its rows; `excluded` has `row_id` and `reason`."""
    groups = excluded.groupby("reason", sort=False)["row_id"]
    problems = [f"{_shown(rows.tolist())}: {str(reason).rstrip('.')}." for reason, rows in groups]
    return EvidenceError.from_problems(problems, what)


def words_of(rows: pd.DataFrame, column: str) -> list[str]:
    """The different words in a column, those that rows made of several have joined among them."""
    return distinct_words(rows[column].tolist()) if column in rows.columns else []


def distinct_words(cells: Iterable[Any]) -> list[str]:
    """As `words_of`, of the cells of one column."""
    known = dict.fromkeys(str(cell) for cell in cells if not pd.isna(cell))
    return list(dict.fromkeys(word for cell in known for word in cell.split(" / ") if word))
