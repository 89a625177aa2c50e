"""A bare table where one meta-analysis is meant: the rows of one stratum, selected as `synthesize` selects them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pdt_evidence.analysis.pooled.rows_to_pool import in_a_sentence, rows_to_pool
from pdt_evidence.analysis.pooled.usual_strata import usual_strata
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.left_out import together
from pdt_evidence.effects.standing import scores_before_events
from pdt_evidence.errors import RequestError
from pdt_evidence.evidence.frames import as_pandas, is_table, light
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.formatting import counted
from pdt_evidence.results import PooledEffect

__all__ = [
    "OneStratum",
    "one_stratum",
    "refuse_beside_table",
    "rows_of_one_stratum",
    "the_fit",
]

WHOLE = "_all"  # the one stratum of a table that has neither
MOST_STRATA = 4  # in a sentence
OTHER_ROW, ANY_ROW = r"\brow \S+ of the same trial\b", "another row of the same trial"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OneStratum:
    """What a table was made into, and the sentences that say how."""

    fit: PooledEffect
    how: tuple[str, ...]


def one_stratum(table: Any, caller: str, **options: Any) -> OneStratum:
    """The table's one stratum pooled by `synthesize`, one value a trial unless `options` say otherwise.

    Raises
    ------
    EvidenceError
        As `synthesize`.
    RequestError
        Where the table has several strata; `caller` names the function that wants one.
    """
    rows, by, named = _ready(table, caller)
    synthesis = synthesize(rows, by=by, **options)
    (fit,) = synthesis.strata.values()
    fit = replace(fit, stratum={} if by == (WHOLE,) else fit.stratum)
    used = len(rows) - len(synthesis.left_out)
    how = (
        f"{counted(fit.k, 'trial')}, one row each" if used == fit.k else _combined(fit.k, used, synthesis.rho)
    )
    return OneStratum(fit=fit, how=_sentences(how if named else "", list(fit.labels), synthesis.left_out))


def the_fit(data: Any, caller: str, **options: Any) -> Any:
    """The pool of a table's one stratum, as `one_stratum` makes it; anything else is handed back as it is."""
    return one_stratum(data, caller, **options).fit if is_table(data) else data


def refuse_beside_table(**given: Any) -> None:
    """A table brings along what arrays are given with.

    Raises
    ------
    RequestError
        For options that were given.
    """
    if named := [name for name, value in given.items() if value is not None]:
        raise RequestError(
            f"A table brings its {' and '.join(named)} along: leave {' and '.join(named)} out."
        )


def rows_of_one_stratum(table: Any, caller: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """All rows that `synthesize` would pool of the table's one stratum, for a caller who says which belong together.

    Raises
    ------
    EvidenceError
        As `synthesize`.
    RequestError
        Where the table has several strata; `caller` names the function that wants one.
    """
    rows, by, named = _ready(table, caller)
    usable, without = rows_to_pool(light(rows), by, None)
    usable, aside = scores_before_events(usable, by=by)
    left_out = together(without, aside)
    trials = list(dict.fromkeys(usable["study"].astype(str)))
    how = f"{counted(len(usable), 'row')} of {counted(usable['trial_id'].nunique(), 'trial')}, each kept"
    return usable.drop(columns=WHOLE, errors="ignore"), _sentences(how if named else "", trials, left_out)


def _ready(table: Any, caller: str) -> tuple[pd.DataFrame, tuple[str, ...], bool]:
    """The table with a stratum and a study in every row; the columns of the stratum; whether it names trials."""
    rows = as_read(as_pandas(table))
    by = usual_strata(rows)
    known = rows[rows["yi"].notna()] if "yi" in rows.columns else rows
    keys = known[list(by)].dropna().drop_duplicates().astype(str) if by else known.iloc[:0]
    strata = [", ".join(key) for key in keys.to_numpy().tolist()]
    if len(strata) > 1:
        shown = "; ".join(strata[:MOST_STRATA]) + ("; …" if len(strata) > MOST_STRATA else "")
        key = ", ".join(repr(word) for word in strata[0].split(", "))
        raise RequestError(
            f"{caller}() looks at one meta-analysis, and the table has "
            f"{counted(len(strata), 'stratum', 'strata')} ({shown}): filter the "
            f"table, or give one stratum of synthesize, as in {caller}(synthesize(table)[{key}])."
        )
    named = bool({"trial_id", "study"} & set(rows.columns))
    if not named:  # bare effects: each is a trial of its own
        rows = rows.assign(study=[str(number) for number in range(1, len(rows) + 1)])
    return (rows, by, named) if by else (rows.assign(**{WHOLE: "all"}), (WHOLE,), named)


def _combined(k: int, used: int, rho: float) -> str:
    return (
        f"{counted(k, 'trial')} with {counted(used, 'row')}, one value a trial as in synthesize: several rows of a "
        f"trial are their mean, with an assumed correlation of {rho:g}"
    )


def _sentences(how: str, trials: list[str], left_out: pd.DataFrame) -> tuple[str, ...]:
    first = (f"Of the table: {how}. The trials: {'; '.join(trials)}.",) if how else ()
    return (*first, *_reasons(left_out))


def _reasons(left_out: pd.DataFrame) -> tuple[str, ...]:
    """A sentence for each reason, with the rows; reasons that name one row each are one."""
    reasons = left_out["reason"].astype(str).str.rstrip(".").str.replace(OTHER_ROW, ANY_ROW, regex=True)
    return tuple(
        f"Left out ({reason}): {in_a_sentence(rows)}."
        for reason, rows in left_out["row_id"].groupby(reasons, sort=False)
    )
