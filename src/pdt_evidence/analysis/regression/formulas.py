"""From a formula and a table to arrays: effects, variances, design, and the rows that could not go in."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.analysis.regression.columns import as_numbers, blanks_missing, text_of_numbers
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.given import why_without
from pdt_evidence.effects.left_out import rows_left_out
from pdt_evidence.effects.own_arms import effects_of_means
from pdt_evidence.effects.standing import scores_before_events
from pdt_evidence.errors import EvidenceError, RequestError, SchemaError, did_you_mean, warn
from pdt_evidence.evidence.frames import row_names
from pdt_evidence.formatting import counted
from pdt_evidence.models.regression import aliased

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "check_design",
    "measure_of",
    "new_design",
    "no_column",
    "read_design",
    "rows_of",
    "warn_of_counts",
    "warn_of_repeats",
    "with_effects_of_means",
]

MOST_NAMED = 5  # trials in a warning

Array = NDArray[np.float64]


def check_design(X: Array, names: list[str]) -> None:
    """Raise `EvidenceError` unless k >= p + 2 and no column is determined by others."""
    k, p = X.shape
    problems = []
    if k < p + 2:
        problems.append(
            f"{counted(k)} cannot carry {counted(p, 'coefficient')} ({', '.join(names)}): with tau2 to estimate, "
            f"at least {p + 2} are needed. Use fewer moderators or levels."
        )
    else:
        problems += [
            f"the column {name!r} is determined by those before it; leave it out."
            for name in aliased(X, names)
        ]
    if problems:
        raise EvidenceError.from_problems(problems)


def with_effects_of_means(formula: str, table: pd.DataFrame, vi: str) -> pd.DataFrame:
    """The table, with effects where the formula is about `yi` and the table has means of both arms instead."""
    return effects_of_means(table) if (_left(formula), vi) == ("yi", "vi") else table


def measure_of(formula: str, table: pd.DataFrame) -> str:
    """The measure that a table with effects says they are of; "GEN" where it says none, or several."""
    measures = set(table["measure"].dropna()) if "measure" in table.columns else set()
    return str(measures.pop()) if len(measures) == 1 and _left(formula) == "yi" else "GEN"


def _left(formula: str) -> str:
    """The column of effects."""
    return (formula.partition("~")[0].strip(" `") if "~" in formula else "") or "yi"


def read_design(formula: str, table: pd.DataFrame, vi: str, given: Sequence[str] | None = None):
    """Effects, variances and design from the rows of a table that are complete.

    Parameters
    ----------
    formula : str
        In formulaic's grammar; without a left side the effects are in `yi`.
    table : DataFrame
    vi : str
        The column of sampling variances.
    given : sequence of str, optional
        The columns that the user gave, where others were added.

    Returns
    -------
    (yi, vi, X, spec, left_out)
        Arrays (k,), (k,), (k, p); formulaic's ModelSpec; DataFrame with the rows that did not go in.

    Raises
    ------
    EvidenceError
        `RequestError` where the formula cannot be read or applied, `SchemaError` where a column is missing,
        and one error for all rows whose numbers cannot be used.

    Warns
    -----
    EvidenceWarning
        Where rows are excluded.
    """
    import pandas as pd
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        parsed: Any = Formula(formula)  # pyright: ignore[reportAbstractUsage]
        left = str(parsed.lhs).strip("`") if hasattr(parsed, "lhs") else "yi"
        right = parsed.rhs if hasattr(parsed, "rhs") else parsed
        if "|" in formula:
            raise RequestError(
                f"The formula {formula!r} has several parts (a bar makes them): write one, with +."
            )
    except (FormulaicError, SyntaxError) as error:
        raise RequestError(f"The formula {formula!r} cannot be read: {_unstyled(error)}") from error
    unknown = sorted({left, vi, *map(str, right.required_variables)} - set(map(str, table.columns)))
    if unknown:
        raise SchemaError(no_column(unknown, given_columns(table) if given is None else given))
    named = [word.strip("`") for word in re.findall(r"`[^`]+`|[A-Za-z_]\w*", f"{formula} `{left}` `{vi}`")]
    used = [name for name in dict.fromkeys(named) if name in table.columns]
    plain = blanks_missing(table, used)
    lacking = plain.isna()
    numeric = [name for name in text_of_numbers(plain) if name not in (left, vi)]
    whole = as_numbers(plain[~lacking.any(axis=1)], formula.partition("~")[2] or formula, numeric)
    try:
        with np.errstate(all="ignore"):  # a logarithm of 0 or less gives rows that are named below
            design = right.get_model_matrix(_present_levels(whole), na_action="drop", output="pandas")
    except (FormulaicError, ValueError, TypeError) as error:
        raise RequestError(f"The formula {formula!r} cannot be applied: {_unstyled(error)}") from error
    whole = whole.loc[design.index]
    y, v = (pd.to_numeric(whole[name], errors="coerce").to_numpy(dtype=float) for name in (left, vi))
    X = design.to_numpy(dtype=float)
    _check_numbers(y, v, X, whole[[left, vi]], row_names(table)[whole.index])
    excluded = _excluded(table.reset_index(drop=True), lacking, design.index)
    return y, v, X, design.model_spec, excluded


def _unstyled(error: Exception) -> str:
    return re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).strip()


def _present_levels(table: pd.DataFrame) -> pd.DataFrame:
    """Without the levels of a categorical column that no row has: they would be columns of zeros."""
    return table.assign(
        **{
            name: table[name].cat.remove_unused_categories()
            for name in table.columns
            if hasattr(table[name], "cat")
        }
    )


def _check_numbers(y: Array, v: Array, X: Array, given: pd.DataFrame, names: Iterable[object]) -> None:
    """Raise one error for all rows with a number that cannot be used; `given` has them as they came, by `names`."""
    left, vi = given.columns
    problems = []
    for i, row in enumerate(zip(names, given[left], given[vi], strict=True)):
        if not np.isfinite(y[i]):
            problems.append(f"row {row[0]}: {left} = {row[1]!r}, but an effect is a finite number.")
        if not (np.isfinite(v[i]) and v[i] > 0):
            problems.append(
                f"row {row[0]}: {vi} = {row[2]!r}, but a sampling variance is finite and above 0."
            )
        if not np.isfinite(X[i]).all():
            problems.append(f"row {row[0]}: a moderator is not finite after its transformation.")
    if problems:
        raise EvidenceError.from_problems(problems)


def _excluded(plain: pd.DataFrame, lacking: pd.DataFrame, kept: pd.Index) -> pd.DataFrame:
    """One row for each that did not go in, with the reason; warns where there are any."""

    gone = plain.index.difference(kept)
    reasons = [
        "no " + ", ".join(lacking.columns[lacking.loc[row]])
        if lacking.loc[row].any()
        else "a moderator has no value after its transformation"
        for row in gone
    ]
    if len(gone):
        why = "a value is missing" if lacking.loc[gone].any(axis=None) else reasons[0]
        warn(
            f"{len(gone)} of {counted(len(plain), 'row')} left out of the meta-regression: {why} (see left_out)."
        )
    excluded = rows_left_out(plain.loc[gone], why_without(plain.loc[gone], reasons))
    excluded.insert(0, "row", list(gone))
    return excluded


def no_column(unknown: Sequence[str], given: Sequence[str]) -> str:
    """The sentence for columns that are not there: what was asked for, the nearest, what there is."""
    hint = did_you_mean(unknown[0], given)
    if {"yi", "vi"} & {*unknown}:
        hint = " Give effect_sizes(table), which computes them, or of effects and standard errors read_trials(table)."
    known = ", ".join(given)
    return f"The table has no column {', '.join(map(repr, unknown))}.{hint} It has: {known}."


def warn_of_counts(table: pd.DataFrame, left_out: pd.DataFrame) -> None:
    """Warn where counts of persons enter beside scores of the same trial and outcome: a pool leaves them out."""
    if not {"trial_id", "measure"} <= set(table.columns):
        return
    rows = table.reset_index(drop=True).drop(index=left_out["row"].tolist())
    if "row_id" not in rows.columns:
        rows = rows.assign(row_id=[str(at + 1) for at in rows.index])
    aside = scores_before_events(rows)[1]["row_id"].astype(str).tolist()
    if aside:
        more = f" and {len(aside) - MOST_NAMED} more" if len(aside) > MOST_NAMED else ""
        warn(
            f"{counted(len(aside), 'row')} ({', '.join(aside[:MOST_NAMED])}{more}) count persons beside a score of the "
            "same trial and outcome. A pool leaves such rows out; to regress on its rows, take those of "
            "synthesize(table, dependence='che')[...].studies()."
        )


def warn_of_repeats(table: pd.DataFrame, left_out: pd.DataFrame) -> None:
    """Warn where rows of one trial would be taken as independent studies."""
    if "trial_id" not in table.columns:
        return
    kept = table["trial_id"].reset_index(drop=True).drop(index=left_out["row"].tolist())
    named = kept.dropna().astype(str).to_numpy()
    trials, counts = np.unique(named[named != ""], return_counts=True)
    if not (counts > 1).any():
        return
    order = np.argsort(-counts, kind="stable")[: (counts > 1).sum()]
    shown = ", ".join(f"{trials[i]}: {counted(int(counts[i]), 'row')}" for i in order[:MOST_NAMED])
    more = f" and {len(order) - MOST_NAMED} more" if len(order) > MOST_NAMED else ""
    warn(
        f"{counts.sum()} rows come from {counted(len(trials), 'trial')} ({shown}{more}) and are taken as independent: "
        "intervals are too narrow and p too small. Make one row a trial (studies() of a pool), or give "
        "cluster='trial_id' for cluster-robust inference."
    )


def rows_of(table: Any) -> pd.DataFrame:
    """The rows to predict for: a table, or a dict of values (one row) or of lists (several).

    Raises
    ------
    RequestError
        For anything else, and for lists of different lengths.

    Examples
    --------
    >>> rows_of({"year": 2001, "rating": ["self", "clinician"]})["rating"].tolist()
    ['self', 'clinician']
    """
    import pandas as pd

    from pdt_evidence.evidence.frames import as_pandas

    if not isinstance(table, Mapping):
        return as_pandas(table, "what predict() takes")
    sizes = {len(value) for value in table.values() if np.ndim(value) == 1}
    if len(sizes) > 1 or not table or any(np.ndim(value) > 1 for value in table.values()):
        raise RequestError(
            "predict() takes a dict with one value a column, or lists of one length; found "
            f"{', '.join(f'{name}: {np.shape(value) or 1}' for name, value in table.items()) or 'an empty one'}."
        )
    return pd.DataFrame(dict(table), index=range(sizes.pop() if sizes else 1))


def new_design(spec: Any, table: pd.DataFrame) -> Array:
    """The design of new rows; `RequestError` where a value is missing or a level was not seen in the fit."""
    from formulaic.errors import DataMismatchWarning, FormulaicError

    if (
        not spec.required_variables
    ):  # an intercept alone: formulaic takes its rows from the columns, of which it has none
        return np.ones((len(table), len(spec.column_names)))
    table = _as_in_the_fit(spec, table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", DataMismatchWarning)
        try:
            X = spec.get_model_matrix(table, na_action="raise").to_numpy(dtype=float)
        except DataMismatchWarning as error:
            seen = "; ".join(f"{name}: {', '.join(map(str, found.levels))}" for name, found in _levels(spec))
            raise RequestError(
                f"The new table has a level that the model has not seen. It has seen {seen}."
            ) from error
        except (FormulaicError, ValueError, TypeError) as error:
            raise RequestError(f"The new table does not fit the model: {_unstyled(error)}") from error
    return X


def _as_in_the_fit(spec: Any, table: pd.DataFrame) -> pd.DataFrame:
    """The columns that a model names, with numbers where those of its fit were numbers."""
    import pandas as pd

    used = [name for name in map(str, spec.required_variables) if name in table.columns]
    plain = blanks_missing(table, used)
    in_words = [
        factor for factor, state in _levels(spec) if any(isinstance(one, str) for one in state.levels)
    ]
    named = {word.strip("`") for word in re.findall(r"`[^`]+`|[A-Za-z_]\w*", " ".join(in_words))}
    return plain.assign(
        **{
            name: pd.to_numeric(plain[name])
            for name in text_of_numbers(plain)
            if name not in named | set(in_words)
        }
    )


def _levels(spec: Any) -> list[tuple[str, Any]]:
    return [(str(factor), state) for factor, state in spec.factor_contrasts.items()]
