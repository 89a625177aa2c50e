"""Entry point: one table under every combination of the choices that a reviewer could make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pdt_evidence.analysis.bias.studies import DIRECTIONS
from pdt_evidence.analysis.multiverse.choices import RowChoice, row_choices
from pdt_evidence.analysis.multiverse.result import Multiverse
from pdt_evidence.analysis.multiverse.run import fit_all
from pdt_evidence.analysis.multiverse.specifications import Model, model_grid, options_of
from pdt_evidence.analysis.multiverse.values import Pool, Rows
from pdt_evidence.analysis.pooled.rows_to_pool import rows_to_pool
from pdt_evidence.analysis.pooled.usual_strata import STRATA, named_strata, usual_strata
from pdt_evidence.analysis.progress import progress_bar
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.clock import window_place
from pdt_evidence.errors import EvidenceError, RequestError, known_options, warn
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.formatting import as_word, counted
from pdt_evidence.options import LEVEL, Choice, check_options

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["multiverse"]

Words = str | Sequence[str | Sequence[str] | None] | Mapping[str, Any] | None
Options = str | Sequence[str]
PLACE = "_place"


@known_options
def multiverse(
    table: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    measure: str | None = None,
    method: Options = "REML",
    test: Options = "knha",
    dependence: Options = "aggregate",
    rho: float | Sequence[float] = 0.6,
    aggregate: Options = "mean",
    events: Options = "fallback",
    comparison: Words = None,
    outcome: Words = None,
    follow_up: Words = None,
    risk_of_bias: Words = None,
    exclude: Mapping[str, Any] | Sequence[Any] | str | None = None,
    bias: Options = "none",
    direction: str | None = None,
    level: float = 0.95,
    executor: Executor | None = None,
    progress: bool = False,
) -> Multiverse:
    """Pool a table under every combination of choices.

    Parameters
    ----------
    table : DataFrame
        As `synthesize` takes it.
    by : str or list of str, optional
        Columns whose combinations are strata, each with a multiverse of its own. Without it outcome and
        follow-up window, where the table has them and they are no choice themselves.
    measure, level
        As in `synthesize`.
    method, test, dependence, rho, aggregate : one option or a list of them
        As in `synthesize`.
    events : one option or a list
        Which effects are used: as in `synthesize`, or "only", nothing but counts of persons.
    comparison, outcome, follow_up, risk_of_bias : list or mapping, optional
        Which rows are used, by their words (risk of bias: those in the column `rob`). Each entry of a list is one
        option: a word, several words that are taken together, or None, all rows. A mapping names the options.
    exclude : list or mapping, optional
        What is left out. Each entry of a list is one option: a row id, a trial or a study, or several that go
        together. A mapping names the options, each such a list, a mask of the rows (True: left out) or a function of
        the table. Besides these there is the option "nothing". A mapping of masks in it (None: nothing) is a choice
        of its own.
    bias : one option or a list
        "none", "pet-peese" (random effects; CR2 under dependence), "pet-peese-wls", "uwls", "waap-wls",
        "trim-and-fill", "selection" (3PSM), "selection-2-steps" (4PSM), "selection-beta", "p-uniform*", "limit",
        "worst-case" (non-affirmative results alone). Selection models and the worst case take clusters.
    direction : {"positive", "negative"}, optional
        Which effects selection favours, for the methods against bias; trials of two treatments need it.
    executor : concurrent.futures.Executor, optional
        Threads, processes or ``dask.distributed.Client.get_executor()`` to share the work; it is left open.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Multiverse
        One row a specification: its choices, the estimate with its interval, or NaN and the reason. Combinations
        that there cannot be are in `invalid`; those that come to the same are one specification, and `merged`
        counts them. An interrupt keeps what is done (`complete` is then False). `specification_curve` draws it.

    Raises
    ------
    EvidenceError
        As `synthesize`, and where the rows are of several measures.
    RequestError
        For unknown options, words that no row has, masks that do not fit; all at once.

    Warns
    -----
    EvidenceWarning
        As `synthesize`; and after an interrupt.

    References
    ----------
    .. [1] Simonsohn U, Simmons JP, Nelson LD. Nature Human Behaviour 4 (2020) 1208-1214.
       doi:10.1038/s41562-020-0912-z

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> table = pdt.trials(comparison="pdt_vs_cbt", outcome="depression", follow_up="post")
    >>> m = pdt.multiverse(table, method=["REML", "DL"], dependence=["aggregate", "three-level"])
    >>> len(m), len(m.invalid), m.choices
    (3, 1, ('dependence', 'method', 'test'))
    """
    check_options(level=(level, LEVEL), direction=(direction, Choice(DIRECTIONS)))
    grid = {"events": events, "dependence": dependence, "aggregate": aggregate, "rho": rho, "method": method,
            "test": test, "bias": bias}  # fmt: skip
    words = {
        "comparison": comparison,
        "outcome": outcome,
        "follow_up": follow_up,
        "risk_of_bias": risk_of_bias,
    }
    options = options_of(grid)
    given = given_columns(table)
    table = as_read(table)
    choices = row_choices(table, words, exclude)
    strata = _strata(table, by, choices)
    if twice := [choice.name for choice in choices if choice.column in strata]:
        raise RequestError(f"{', '.join(twice)} makes strata and is a choice; it can be one of them.")
    rows, left_out = _rows(table, strata, choices, measure, given)
    models, invalid, merged = model_grid(options, rows.measure)
    pools = _pools(rows, strata, choices, models)
    with progress_bar("specifications", len(pools), progress) as update:
        numbers, complete = fit_all(pools, rows, level, direction, executor, update)
    if not complete:
        done = int((numbers.reasons == "").sum())
        warn(
            f"Interrupted: {done} of {counted(len(pools), 'specification')} "
            f"{'has' if done == 1 else 'have'} a result; `reason` names the others."
        )
    return Multiverse.of(
        strata, choices, pools, numbers, rows, level=level, left_out=left_out, merged=merged, complete=complete,
        direction=direction, invalid=pd.DataFrame(invalid, columns=[*Model._fields, "reason"]),
    )  # fmt: skip


def _strata(
    table: pd.DataFrame, by: str | Sequence[str] | None, choices: Sequence[RowChoice]
) -> tuple[str, ...]:
    if by is not None:
        return named_strata(table, by)
    taken = {choice.column for choice in choices}
    return usual_strata(table, [name for name in STRATA if name not in taken])


def _rows(
    table: pd.DataFrame,
    strata: tuple[str, ...],
    choices: Sequence[RowChoice],
    measure: str | None,
    given: list[str],
) -> tuple[Rows, pd.DataFrame]:
    """The rows that can be pooled, checked once for all specifications."""
    apart = dict.fromkeys((*strata, *(choice.column for choice in choices if choice.column)))
    marked = table.assign(**{PLACE: np.arange(len(table))})
    usable, left_out = rows_to_pool(marked, tuple(apart), measure, given)
    measures = sorted(set(usable["measure"].dropna().astype(str))) if "measure" in usable.columns else ["GEN"]
    if len(measures) > 1:
        raise EvidenceError(
            f"The rows are of several measures ({', '.join(measures)}), and a multiverse is of one. "
            "Filter the table, or give measure=."
        )
    return Rows(usable, measures[0], strata), left_out


def _pools(
    rows: Rows, strata: tuple[str, ...], choices: Sequence[RowChoice], models: Sequence[Model]
) -> list[Pool]:
    """Every stratum under every option about rows, under every model."""
    place = rows.table[PLACE].to_numpy()
    found = []
    for key, inside in _by_stratum(rows.table, strata):
        for labels in product(*(choice.options for choice in choices)):
            kept = inside.copy()
            for choice, label in zip(choices, labels, strict=True):
                kept &= choice.options[label][place]
            found += [Pool(key, labels, kept, model, rows.values(kept, model)) for model in models]
    return found


def _by_stratum(table: pd.DataFrame, strata: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    """Each stratum and which rows are in it; windows in the order of time, others as they come."""
    if not strata:
        return [((), np.ones(len(table), dtype=bool))]
    words = [np.array(list(map(as_word, table[name].tolist())), dtype=object) for name in strata]
    first = {
        name: {word: at for at, word in enumerate(dict.fromkeys(column))}
        for name, column in zip(strata, words, strict=True)
    }
    keys = sorted(
        set(zip(*words, strict=True)),
        key=lambda key: [
            window_place(word) if name == "follow_up" else first[name][word]
            for name, word in zip(strata, key, strict=True)
        ],
    )
    return [
        (key, np.all([column == word for column, word in zip(words, key, strict=True)], axis=0))
        for key in keys
    ]
