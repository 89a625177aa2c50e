"""Two states of the evidence side by side: syntheses, tables, or what earlier runs left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdt_evidence.analysis.synthesis import DEPENDENCE, synthesize
from pdt_evidence.analysis.updates.estimates import estimates_of, weights_of
from pdt_evidence.analysis.updates.record import Update
from pdt_evidence.analysis.updates.rows import rows_changed
from pdt_evidence.analysis.updates.sides import Side, aligned_strata, of_fit, of_synthesis
from pdt_evidence.errors import RequestError, known_options, unheard
from pdt_evidence.evidence import load
from pdt_evidence.evidence.frames import as_pandas
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.evidence.tables import set_aside
from pdt_evidence.models.estimators import METHODS
from pdt_evidence.models.inference import TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, check_options
from pdt_evidence.reporting.releases import CLAIM, read_release
from pdt_evidence.results import PooledEffect, Synthesis
from pdt_evidence.verdicts import ClaimReport, check_claims

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare"]

NEEDED = "pdt_vs_control"  # without trials of this comparison the claims cannot be judged
BY = ("comparison", "outcome", "follow_up")
ANSWERS = ("source_says", "numbers_say", "verdict")
State = Any  # Synthesis, PooledEffect, ClaimReport, a table, or a path


@known_options
def compare(
    old: State,
    new: State,
    *,
    by: str | Sequence[str] | None = None,
    measure: str | None = None,
    method: str | None = None,
    test: str | None = None,
    level: float | None = None,
    dependence: str | None = None,
    rho: float | None = None,
    claims: bool | None = None,
) -> Update:
    """Compare two states of the evidence: estimates, weights, rows and verdicts.

    Parameters
    ----------
    old, new : Synthesis, PooledEffect, DataFrame, str or Path
        A synthesis or pooled effect; a table of trials; or a path: of a folder that `reproduce` wrote, its
        `results.json` or its table of pools, or of any table of trials. The two need not be of one kind.
    by, measure, method, test, level, dependence, rho
        How tables are pooled, as in `synthesize`; those not given are those of the other side where it is pooled
        already, else the defaults of `synthesize`, by comparison, outcome and window as far as both have them.
    claims : bool, optional
        Whether the article's claims are judged by each table (about five seconds each); without it, where a table
        has rows of the bundled evidence, and where it has none the summary says so. The verdicts of an earlier run are
        those it came to.

    Returns
    -------
    Update
        `estimates`, `weights`, `rows`, `verdicts`, `rules`: each a DataFrame. `to_frame()` has one row a stratum,
        `summary()` says it in a paragraph, and `update_plot` draws it. Rows are the same where their ids are, or,
        where ids only count lines, where study, comparison, arms, outcome, instrument, rater and window are. Rows that
        their own table sets aside (`status`, `preferred`) are in no pool, and no rows here.

    Raises
    ------
    EvidenceError
        For what cannot be read or pooled.
    RequestError
        For a side that is none of these, bad options, options where no side is a table, and strata by different
        columns.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> new = pdt.trials(comparison="pdt_vs_cbt", outcome="depression", follow_up="post")
    >>> change = pdt.compare(new.iloc[1:], new, claims=False)
    >>> change.rows[["what", "row_id", "study"]].values.tolist()
    [['came', 'T0141', 'Cooper 2003']]
    """
    asked = {"by": by, "measure": measure, "method": method, "test": test, "level": level,
             "dependence": dependence, "rho": rho}  # fmt: skip
    given = {name: value for name, value in asked.items() if value is not None}
    _check(given, claims)
    states = {"old": _read(old, "old"), "new": _read(new, "new")}
    if given and not any(_is_table(state) for state in states.values()):
        raise RequestError(
            f"{', '.join(given)} would pool tables, and neither side is one: both are pooled already. Leave it out."
        )
    options = _options(states, given)
    judged = _to_be_judged(states, claims)
    sides = [_side(state, name, options, judged) for name, state in states.items()]
    found = _update(*sides)
    if claims is None and found.verdicts is None:
        found = replace(found, notes=(*found.notes, _why_unjudged(states)))
    return found


def _check(given: Mapping[str, Any], claims: bool | None) -> None:
    kinds = {
        "method": Choice(METHODS),
        "test": Choice(TESTS),
        "level": LEVEL,
        "dependence": Choice(DEPENDENCE),
        "rho": RHO,
    }
    known = {name: (given[name], kind) for name, kind in kinds.items() if name in given}
    check_options(**known, claims=(claims, Choice((True, False, None))))


def _is_table(state: Any) -> bool:
    return hasattr(state, "columns") and hasattr(state, "iloc")


def _read(state: Any, place: str) -> Any:
    """A side as a Side, a pandas table, or a pooled result."""
    if isinstance(state, Synthesis | PooledEffect):
        return of_synthesis(state, place) if isinstance(state, Synthesis) else of_fit(state, place)
    if isinstance(state, str | Path):
        found = read_release(Path(state))
        if isinstance(found, Side):
            return found if found.rows is None else replace(found, rows=_used(found.rows))
        return _used(found)
    if isinstance(state, ClaimReport):
        raise RequestError(
            "compare() takes what verdicts rest on; ClaimReport.changes(other) compares verdicts alone."
        )
    try:
        return _used(as_read(as_pandas(state)))
    except RequestError as error:
        raise RequestError(
            f"{place} is a {type(state).__name__}: expected a synthesis, a pooled effect, a table of trials, or the "
            "path of a table or of an earlier run."
        ) from error


def _used(table: pd.DataFrame) -> pd.DataFrame:
    """Without the rows that their own table sets aside: they are in no pool."""
    return table[(set_aside(table) == "").to_numpy(dtype=bool)].reset_index(drop=True)


def _options(states: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """How tables are pooled: as said, else as the other side is."""
    done = [state for state in states.values() if isinstance(state, Side)]
    rules = {
        name: value
        for side in done
        for name, value in side.rules.items()
        if value == value and name != "measure"  # NaN: a rule without rho
    }
    if any(side.strata and next(iter(side.strata.values())).is_multilevel for side in done):
        rules.pop("method", None)
        rules.pop("test", None)  # names of what was done, which cannot be asked for
    found: dict[str, Any] = {**rules, **given}
    if "by" not in given:
        tables = [state for state in states.values() if _is_table(state)]
        columns = done[0].by if done else BY
        shared = tuple(name for name in columns if all(name in table for table in tables))
        if shared or all("measure" in table for table in tables):
            found["by"] = shared or ("measure",)
    if found.get("method") not in (None, *METHODS) or found.get("test") not in (None, *TESTS):
        found = {
            name: value for name, value in found.items() if name not in ("method", "test") or name in given
        }
    return found


def _to_be_judged(states: Mapping[str, Any], claims: bool | None) -> bool:
    """Whether tables are put to the claims."""
    tables = [state for state in states.values() if _is_table(state)]
    if claims is not None or not tables:
        return bool(claims)
    if any(isinstance(state, Side) and state.verdicts is None for state in states.values()):
        return False  # there is nothing to compare verdicts with
    return all(map(_has_needed, tables)) and any(map(_has_bundled_rows, tables))


def _has_needed(table: pd.DataFrame) -> bool:
    """Whether a table holds the comparison that most claims ask for: of a part without it they say nothing."""
    return "comparison" in table and bool(table["comparison"].eq(NEEDED).any())


def _has_bundled_rows(table: pd.DataFrame) -> bool:
    return "row_id" in table and not set(load("trials")["row_id"]).isdisjoint(table["row_id"].dropna())


def _why_unjudged(states: Mapping[str, Any]) -> str:
    """Why there are no verdicts to compare where none were asked for."""
    unjudged = [name for name, state in states.items() if isinstance(state, Side) and state.verdicts is None]
    if unjudged:
        return (
            f"No verdicts are compared: claims are judged by tables of rows, and the {' and the '.join(unjudged)} side "
            "is pooled already."
        )
    if any(_is_table(state) and _has_bundled_rows(state) for state in states.values()):
        return (
            "No verdicts are compared: a table holds no trials against control, which most of the article's claims are "
            "about; claims=True judges them by these tables all the same."
        )
    return (
        "No verdicts are compared: neither table has rows of the bundled evidence, which the article's claims are "
        "about; claims=True judges them by these tables all the same."
    )


def _side(state: Any, name: str, options: dict[str, Any], judged: bool) -> Side:
    if isinstance(state, Side):
        return state
    with unheard():  # what each table is like is said when it is pooled by itself
        synthesis = synthesize(state, **options)
        verdicts = check_claims(evidence=state).to_frame()[list(CLAIM)] if judged else None
    return replace(of_synthesis(synthesis, name), rows=state, whole=True, verdicts=verdicts)


def _update(old: Side, new: Side) -> Update:
    by, before, after = aligned_strata(old, new)
    known = bool(_row_ids(old) or old.rows is not None) and bool(_row_ids(new) or new.rows is not None)
    rows, notes = rows_changed(old, new) if known else (rows_changed(old, old)[0].iloc[:0], [])
    if known and any(not len(fit.weights) for side in (before, after) for fit in side.values()):
        notes.append("Weights are not known on both sides everywhere.")
    return Update(
        by=by,
        old=old.name,
        new=new.name,
        estimates=estimates_of(by, before, after),
        weights=weights_of(by, before, after),
        rows=rows,
        level=next((fit.level for fit in (*after.values(), *before.values())), 0.95),
        rows_known=known,
        verdicts=_verdicts(old, new),
        rules=_rules(old, new),
        notes=(*old.notes, *new.notes, *notes),
        pooled=(*before.values(), *after.values()),
    )


def _row_ids(side: Side) -> bool:
    return any(fit.row_ids for fit in side.strata.values())


def _verdicts(old: Side, new: Side) -> pd.DataFrame | None:
    """The claims that both sides judged, answers side by side."""
    if old.verdicts is None or new.verdicts is None:
        return None
    both = old.verdicts.merge(new.verdicts, on="claim_id", how="outer", suffixes=("_old", "_new"), sort=False)
    for name in ("number", "statement"):
        both[name] = both.pop(f"{name}_new").combine_first(both.pop(f"{name}_old"))
    both["number"] = both["number"].astype(int)
    answers = [f"{name}_{side}" for name in ANSWERS for side in ("old", "new")]
    both[answers] = both[answers].fillna("")
    both["flips"] = both["verdict_old"] != both["verdict_new"]
    return both[["number", "claim_id", "statement", *answers, "flips"]].sort_values(
        "number", ignore_index=True
    )


def _rules(old: Side, new: Side) -> pd.DataFrame:
    """Rules of pooling that both sides state, and differently."""
    import pandas as pd

    lines = [
        {"rule": rule, "old": str(old.rules[rule]), "new": str(new.rules[rule])}
        for rule in old.rules
        if rule in new.rules and str(old.rules[rule]) != str(new.rules[rule])
    ]
    return pd.DataFrame(lines, columns=["rule", "old", "new"])
