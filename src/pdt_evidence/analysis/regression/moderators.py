"""What the size of the effect goes with: control, rating, risk of bias, year, format, sessions; one table.

Each moderator has a regression of its own (correlated and hierarchical effects, trials as clusters, CR2
inference). Rows of which a moderator is not known do not enter its test; they are counted, and where they are
many enough pooled beside it. The p-values of all moderators tested are adjusted together (Holm).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.pooled.rows_to_pool import about_counts, nothing_gives, rows_to_pool, with_names
from pdt_evidence.analysis.regression.clustered import FEWEST_DF, clustered_fit, coefficient
from pdt_evidence.analysis.regression.moderator_codes import MODERATORS, UNKNOWN, Moderator, harmonised_rob
from pdt_evidence.analysis.regression.result import about_left_out
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.arrays import words_in
from pdt_evidence.effects.left_out import rows_left_out, together
from pdt_evidence.effects.standing import EVENTS, scores_before_events
from pdt_evidence.effects.symptoms import NOT_SYMPTOMS
from pdt_evidence.effects.trials import light_trials
from pdt_evidence.errors import EvidenceError, RequestError, SchemaError, known_options, unheard
from pdt_evidence.evidence.frames import as_pandas, light
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.evidence.schema import listed
from pdt_evidence.formatting import as_text, counted
from pdt_evidence.models.clustered_regression import robust_test
from pdt_evidence.options import LEVEL, RHO, Choice, check_options
from pdt_evidence.results import Note
from pdt_evidence.showing import Brief, Cells, cells_of

__all__ = ["MODERATORS", "Moderation", "harmonised_rob", "holm", "moderators"]

FEWEST_TRIALS = 3  # of a level, or of a slope's known rows, to enter a test
ALLEGIANCE = "Researcher allegiance is not coded in any table held, so it cannot be tested."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Moderation(Brief):
    """The moderator table and what it rests on.

    Attributes
    ----------
    table : DataFrame
        One row a level, or a slope: `moderator`, `level` ("per ..." for a slope), `rows`, `trials`,
        `estimate`, `se`, `df`, `ci_low`, `ci_high` (pooled effect of the level, or the slope), `tested`
        (whether the row enters the moderator's test), and for the whole moderator `F`, `df1`, `df2`, `p`,
        `p_holm`, `missing_rows`, `missing_trials`; `note` says what limits the row.
    rho, level : float
    rows, trials : int
        All that were eligible.
    left_out : DataFrame
        Rows that were not, each with its `reason`.
    """

    table: pd.DataFrame
    rho: float
    level: float
    rows: int
    trials: int
    left_out: pd.DataFrame
    rules: Mapping[str, str] = field(default_factory=dict)  # moderator -> how its codes were made one
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The moderator table."""
        return self.table.copy()

    def tests(self) -> pd.DataFrame:
        """One row a moderator: its test and the adjusted p."""
        columns = ["moderator", "F", "df1", "df2", "p", "p_holm", "missing_rows", "missing_trials"]
        return self.table[columns].drop_duplicates("moderator").reset_index(drop=True)

    def summary(self) -> str:
        """The table as text, with its notes."""
        return "\n".join([as_text(self.table.drop(columns=["se", "df"])), *self.notes])

    def _line(self) -> str:
        tests = self.tests()
        kept = tests.loc[tests["p_holm"] < 1 - self.level, "moderator"].tolist()
        found = f"adjusted p below {1 - self.level:.2g}: {', '.join(kept) or 'none'}"
        return (
            f"{counted(len(tests), 'moderator')} in {counted(self.trials, 'trial')} "
            f"({counted(self.rows, 'row')}); {found}"
        )

    def _cells(self) -> Cells:
        first = {"moderator": "moderator", "level": "level", "trials": "trials"}
        tests = {"p": "p", "p_adjusted": "p_holm", "note": "note"}
        return cells_of(self.table, **first, effect_ci=("estimate", "ci_low", "ci_high"), **tests)


@known_options
def moderators(
    table: pd.DataFrame | None = None,
    *,
    names: Sequence[str] | None = None,
    rho: float = 0.6,
    events: str = "fallback",
    level: float = 0.95,
) -> Moderation:
    """Test every moderator that the trials report, each by itself, with p adjusted for their number.

    Parameters
    ----------
    table : DataFrame, optional
        As `trials` gives it, of one comparison; default: PDT against control at the end of treatment. Moderators
        whose columns it does not have are named in `notes`.
        Rows without an effect, and outcomes that are no symptoms (dropout, use of services), are left out.
    names : sequence of str, optional
        Keys of `MODERATORS`; default: all. The adjustment is for those asked for.
    rho : float
        Correlation between two measurements of the same persons.
    events : {"fallback", "never", "pool"}
        What becomes of counts of persons; as in `synthesize`.
    level : float
        Of the intervals.

    Returns
    -------
    Moderation

    Raises
    ------
    EvidenceError
        Where an unknown moderator is asked for, or one whose columns the table does not have, or no row has an effect;
        where the table mixes measures.

    Warns
    -----
    EvidenceWarning
        As `synthesize`.

    Notes
    -----
    These are comparisons between trials, which were not randomised to their control or their format; a
    difference is an association. Levels with fewer than three trials are shown and not tested.

    References
    ----------
    .. [1] Pustejovsky, Tipton (2022), Prevention Science 23, 425. doi:10.1007/s11121-021-01246-3

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> found = pdt.moderators(names=["year"])
    >>> found.to_frame()[["moderator", "level", "rows", "trials"]].to_dict("records")
    [{'moderator': 'year', 'level': 'per 10 years', 'rows': 66, 'trials': 36}]
    """
    requested = list(MODERATORS) if names is None else list(names)
    unknown = [name for name in requested if name not in MODERATORS]
    if not requested:
        raise RequestError(f"names is empty; there is: {', '.join(MODERATORS)}.")
    if unknown:
        raise EvidenceError(f"names has {', '.join(unknown)}; there is: {', '.join(MODERATORS)}.")
    check_options(rho=(rho, RHO), events=(events, Choice(EVENTS)), level=(level, LEVEL))
    if table is None:
        with unheard():  # what of our own trials gives no effect is in `left_out`
            rows, left_out, aside = _eligible(
                light_trials(comparison="pdt_vs_control", follow_up="post"), events
            )
    else:
        table = as_pandas(table)
        rows, left_out, aside = _eligible(light(as_read(table)), events, given_columns(table))
    given = given_columns(rows if table is None else table)
    requested, absent = _with_columns(requested, rows, given, asked=names is not None)
    parts = [_one(MODERATORS[name], rows, rho, level) for name in requested]
    adjusted = holm([part["p"].iloc[0] for part in parts])
    found = [part.assign(p_holm=p) for part, p in zip(parts, adjusted, strict=True)]
    tested = sum(not isnan(p) for p in adjusted)
    return Moderation(
        table=pd.concat(found, ignore_index=True)[COLUMNS],
        rho=rho,
        level=level,
        rows=len(rows),
        trials=rows["trial_id"].nunique(),
        left_out=left_out,
        rules={name: MODERATORS[name].rule for name in requested if MODERATORS[name].rule},
        notes=(
            Note("holm", f"p_holm: adjusted for the {counted(tested, 'moderator')} tested (Holm 1979)."),
            Note("small-levels", f"Levels with fewer than {FEWEST_TRIALS} trials are shown and not tested."),
            Note("one-at-a-time", "Each moderator is tested by itself; trials differ in several at once."),
            Note("no-allegiance", ALLEGIANCE),
            *about_counts(aside, events),
            *about_left_out(len(left_out), "each with its reason"),
            *absent,
        ),
    )


def _eligible(
    table: pd.DataFrame, events: str, given: list[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The rows that a pool of the symptoms would take; the others with their reasons; how many of these are counts."""
    table = with_names(table)
    other = pd.Series(words_in(table, "outcome"), index=table.index).isin(NOT_SYMPTOMS)
    no_symptom = rows_left_out(table[other], "of an outcome that is no symptom")
    if other.all() and len(table):
        raise nothing_gives(no_symptom, "There is nothing to compare: no row of the table is on a symptom")
    usable, without = rows_to_pool(table[~other], (), None, given)
    rows, aside = scores_before_events(usable, events)
    return rows, together(no_symptom, without, aside), len(aside)


def _with_columns(
    requested: list[str], table: pd.DataFrame, given: list[str], asked: bool
) -> tuple[list[str], tuple[Note, ...]]:
    """The moderators whose columns the table has, and a note on the others; those asked for by name are required."""
    lacking = {
        name: [one for one in MODERATORS[name].columns if one not in table.columns] for name in requested
    }
    lacking = {name: columns for name, columns in lacking.items() if columns}
    shown = [f"{name} (no column {', '.join(map(repr, columns))})" for name, columns in lacking.items()]
    left = [name for name in requested if name not in lacking]
    if lacking and (asked or not left):
        raise SchemaError(f"The table does not tell of {'; '.join(shown)}. It has {listed(given)}.")
    note = Note("moderators-absent", f"The table does not tell of: {'; '.join(shown)}.")
    return left, ((note,) if lacking else ())


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment; NaN stays NaN and does not count.

    References
    ----------
    .. [1] Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics
       6 (1979) 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    known = sorted((value, place) for place, value in enumerate(p) if not isnan(value))
    adjusted, least = [nan] * len(p), 0.0
    for rank, (value, place) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * value))
        adjusted[place] = least
    return adjusted


COLUMNS = [
    "moderator",
    "level",
    "rows",
    "trials",
    "estimate",
    "se",
    "df",
    "ci_low",
    "ci_high",
    "tested",
    "F",
    "df1",
    "df2",
    "p",
    "p_holm",
    "missing_rows",
    "missing_trials",
    "note",
]


def _one(moderator: Moderator, rows: pd.DataFrame, rho: float, level: float) -> pd.DataFrame:
    values = moderator.read(rows)
    known = values.notna() if moderator.unit else values.ne(UNKNOWN)
    missing = {"missing_rows": int((~known).sum()), "missing_trials": rows.loc[~known, "trial_id"].nunique()}
    fit = _slope if moderator.unit else _levels
    found, test = fit(moderator, rows, values, known, rho, level)
    return pd.DataFrame(found).assign(moderator=moderator.name, **test, **missing)


Lines = tuple[list[dict[str, Any]], dict[str, Any]]
NO_TEST = {"F": nan, "df1": nan, "df2": nan, "p": nan}


def _slope(
    moderator: Moderator, rows: pd.DataFrame, values: pd.Series, known: pd.Series, rho: float, level: float
) -> Lines:
    used = rows[known].reset_index(drop=True)
    x = values[known].to_numpy(dtype=float)
    line = _line(moderator.unit, used)
    per_trial = pd.Series(x).groupby(used["trial_id"]).first() if len(used) else pd.Series(dtype=float)
    if per_trial.nunique() < FEWEST_TRIALS:
        return [line | {"tested": False, "note": "too few trials with different values"}], NO_TEST
    fit = clustered_fit(used, np.column_stack([np.ones(len(x)), x]), rho)
    slope = np.array([0.0, 1.0])
    return [line | _estimate(fit, slope, level) | {"tested": True}], _test(fit, slope)


def _levels(
    moderator: Moderator, rows: pd.DataFrame, values: pd.Series, known: pd.Series, rho: float, level: float
) -> Lines:
    counts = {str(word): own.nunique() for word, own in rows.groupby(values)["trial_id"]}
    tested = sorted(word for word, count in counts.items() if count >= FEWEST_TRIALS and word != UNKNOWN)
    lines, test = [], NO_TEST
    if tested:
        used = values.isin(tested)
        X = (values[used].to_numpy()[:, None] == np.array(tested)).astype(float)
        fit = clustered_fit(rows[used].reset_index(drop=True), X, rho)
        for place, word in enumerate(tested):
            line = _line(word, rows[values.eq(word)])
            lines.append(
                line | _estimate(fit, np.eye(len(tested))[place], level) | {"tested": len(tested) > 1}
            )
        if len(tested) > 1:
            test = _test(fit, np.eye(len(tested))[1:] - np.eye(len(tested))[0])
            rough = test["df2"] < FEWEST_DF
            lines = [
                line | {"note": "df of the test below 4: p is rough"} if rough else line for line in lines
            ]
    for word in sorted(set(counts) - set(tested), key=lambda word: (word == UNKNOWN, word)):
        lines.append(_apart(word, rows[values.eq(word)].reset_index(drop=True), rho, level))
    return lines, test


def _apart(word: str, own: pd.DataFrame, rho: float, level: float) -> dict[str, Any]:
    """A level outside of the test, pooled by itself where it has trials enough."""
    line = _line(word, own) | {"tested": False}
    if own["trial_id"].nunique() < FEWEST_TRIALS:
        return line | {"note": f"fewer than {FEWEST_TRIALS} trials: not estimated, not tested"}
    fit = clustered_fit(own, np.ones((len(own), 1)), rho)
    return line | _estimate(fit, np.ones(1), level) | {"note": "not tested: the moderator is not known"}


def _line(word: str, own: pd.DataFrame) -> dict[str, Any]:
    blank = dict.fromkeys(("estimate", "se", "df", "ci_low", "ci_high"), nan)
    return {"level": word, "rows": len(own), "trials": own["trial_id"].nunique(), "note": "", **blank}


def _estimate(fit: Any, weights: NDArray[np.float64], level: float) -> dict[str, Any]:
    one = coefficient(fit, weights, level)
    numbers = {
        "estimate": one.estimate,
        "se": one.se,
        "df": one.df,
        "ci_low": one.ci[0],
        "ci_high": one.ci[1],
    }
    if isnan(one.p):
        return numbers | {"note": one.reason}
    return numbers if one.trustworthy else numbers | {"note": "df below 4: interval and p are rough"}


def _test(fit: Any, contrast: NDArray[np.float64]) -> dict[str, float]:
    test = robust_test(fit, contrast)
    return {"F": test.F, "df1": float(test.q), "df2": test.df, "p": test.p}
