"""From specifications to numbers: those of one kind together, the others each by itself; all in one place.

One value a trial goes through `pool_many`, a stack of specifications a call; multilevel models go through
`pool_multilevel_many`, those whose contrasts share arms by correlation. What no batch covers (methods against bias,
trials whose own covariance cannot be) is fitted one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.multiverse.adjustments import ADJUSTMENTS
from pdt_evidence.analysis.multiverse.specifications import Model
from pdt_evidence.analysis.multiverse.values import Pool, Rows, Values
from pdt_evidence.analysis.pooled.multilevel_many import pool_multilevel_many
from pdt_evidence.analysis.pooled.pooling import pool_many
from pdt_evidence.analysis.pooled.strata import Table
from pdt_evidence.analysis.pooled.stratified import MULTILEVEL_TESTS, Stratified, pooled_values
from pdt_evidence.errors import EvidenceError
from pdt_evidence.models.tasks import in_order
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = [
    "COLUMNS",
    "NOT_RUN",
    "Numbers",
    "fit_all",
    "fit_group",
    "row_by_row",
    "shared_rho",
    "stack",
    "starts_from",
    "univariate",
]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
COLUMNS = ("rows", "trials", "k", "estimate", "se", "df", "ci_low", "ci_high", "p", "tau2")
NOT_RUN = "not run, as the call was interrupted"
NO_VALUE = "the model gives no estimate for these rows"
AT_ONCE = 2000  # specifications in one call: an interrupt loses no more
STRATUM = ("specification",)
FAILURES = (EvidenceError, np.linalg.LinAlgError, ArithmeticError)


class Numbers:
    """One value a specification in every column; NaN until it is known, and `reasons` why it is not."""

    def __init__(self, size: int) -> None:
        self.columns = {name: np.full(size, np.nan) for name in COLUMNS}
        self.reasons = np.full(size, NOT_RUN, dtype=object)

    def put(self, where: Places, found: dict[str, Any], reasons: Any = "") -> None:
        """The values of some specifications."""
        for name, values in found.items():
            self.columns[name][where] = values
        self.reasons[where] = reasons
        self.reasons[where[np.isnan(self.columns["estimate"][where]) & (self.reasons[where] == "")]] = (
            NO_VALUE
        )


def fit_all(
    pools: Sequence[Pool],
    rows: Rows,
    level: float,
    direction: str | None,
    executor: Executor | None,
    progress: Callable[[int], object] | None,
) -> tuple[Numbers, bool]:
    """Numbers of every specification, and whether all were run: an interrupt keeps what is done."""
    numbers = Numbers(len(pools))
    try:
        for done in _steps(pools, rows, level, direction, executor, numbers):
            if progress:
                progress(done)
    except KeyboardInterrupt:
        return numbers, False
    return numbers, True


def _steps(
    pools: Sequence[Pool],
    rows: Rows,
    level: float,
    direction: str | None,
    executor: Executor | None,
    numbers: Numbers,
) -> Iterator[int]:
    """Run everything, in steps; gives how many specifications each has done."""
    empty = np.array([at for at, pool in enumerate(pools) if pool.values.reason], dtype=np.intp)
    numbers.put(empty, {"k": 0, "rows": 0, "trials": 0}, [pools[at].values.reason for at in empty])
    yield len(empty)
    kinds = _sorted_by_kind(pools, rows)
    for (method, test), where in kinds["univariate"].items():
        for part in _parts(where, [len(pools[at].values.yi) for at in where]):
            numbers.put(part, univariate([pools[at].values for at in part], method, test, level, executor))
            yield len(part)
    for key, where in kinds["multilevel"].items():
        for part in _parts(where, [0] * len(where)):
            numbers.put(part, _multilevel([pools[at] for at in part], rows, key, level, executor))
            yield len(part)
    yield from _one_by_one(kinds["single"], pools, rows, level, direction, executor, numbers)


def _sorted_by_kind(pools: Sequence[Pool], rows: Rows) -> dict[str, dict[tuple[Any, ...], list[int]]]:
    """Which specifications go together: by estimator and test, by model and test, or by the fit they start from."""
    kinds: dict[str, dict[tuple[Any, ...], list[int]]] = {"univariate": {}, "multilevel": {}, "single": {}}
    shared: dict[tuple[int, float], float | None] = {}
    for at, (_, _, _, model, values) in enumerate(pools):
        if values.reason:
            continue
        kind, key = "single", starts_from(pools[at])
        if model.bias == "none" and model.dependence not in MULTILEVEL_TESTS:
            kind, key = "univariate", (model.method, model.test)
        elif model.bias == "none":
            rho = shared_rho(rows, values, model, shared)
            if rho is not None:
                kind, key = "multilevel", (model.dependence, model.test, rho)
        kinds[kind].setdefault(key, []).append(at)
    return kinds


def starts_from(pool: Pool) -> tuple[Any, ...]:
    """What specifications have in common that are fitted one by one from the same values."""
    model = pool.model
    return (id(pool.values), model.dependence, model.aggregate, str(model.rho))


def shared_rho(
    rows: Rows, values: Values, model: Model, known: dict[tuple[int, float], float | None]
) -> float | None:
    """The correlation by which a multilevel model goes with others: -1 where all go together, as no arm is shared.

    None where it goes with no others.
    """
    if model.dependence != "che":
        return -1.0
    key = (id(values), model.rho)
    if key not in known:
        plain, holds = rows.is_plain(values.rows, model.rho), rows.holds(values.rows, model.rho)
        known[key] = -1.0 if plain else model.rho if holds else None
    return known[key]


def _parts(where: list[int], sizes: list[int]) -> Iterator[Places]:
    """In portions of about one size, so that the stacks of a portion hold few absent studies."""
    order = np.array(where, dtype=np.intp)[np.argsort(sizes, kind="stable")]
    for start in range(0, len(order), AT_ONCE):
        yield order[start : start + AT_ONCE]


def stack(values: Sequence[Values]) -> tuple[Floats, Floats, Places]:
    """Effects, variances and trials of shape (n, most), NaN (and trial 0) where there is no further value."""
    most = max(len(one.yi) for one in values)
    y, v = np.full((2, len(values), most), np.nan)
    trial = np.zeros((len(values), most), dtype=np.intp)
    for at, one in enumerate(values):
        y[at, : len(one.yi)], v[at, : len(one.yi)], trial[at, : len(one.yi)] = one.yi, one.vi, one.trial
    return y, v, trial


def univariate(
    values: Sequence[Values], method: str, test: str, level: float, executor: Executor | None
) -> dict[str, Any]:
    """One value a trial: each different set of values is pooled once."""
    different = {id(one): one for one in values}
    place = {key: at for at, key in enumerate(different)}
    back = np.array([place[id(one)] for one in values])
    y, v, _ = stack(list(different.values()))
    many = pool_many(y, v, method=method, test=test, level=level, executor=executor)
    found = {name: getattr(many, name)[back] for name in ("k", "estimate", "se", "df", "p", "tau2")}
    found |= {"ci_low": many.ci[back, 0], "ci_high": many.ci[back, 1]}
    return found | {"trials": found["k"], "rows": [len(one.rows) for one in values]}


def row_by_row(
    pools: Sequence[Pool], rows: Rows, key: tuple[str, str, float]
) -> tuple[Floats, NDArray[np.bool_], dict[str, Any]]:
    """Effects by specification and row, NaN where one leaves it out; which rows any has; options of the model."""
    dependence, test, shared = key
    y = np.full((len(pools), len(rows.yi)), np.nan)
    for at, pool in enumerate(pools):
        y[at, pool.values.rows] = pool.values.yi
    present: NDArray[np.bool_] = np.logical_or.reduce(~np.isnan(y), axis=0)
    options: dict[str, Any] = {"test": "z" if test == "z" else "t"}
    if dependence == "che" and shared >= 0:
        options["V"] = rows.covariance(shared)[0][np.ix_(present, present)]
    elif dependence == "che":
        options["rho"] = np.array([pool.model.rho for pool in pools])
    return y[:, present], present, options


def _multilevel(
    pools: Sequence[Pool], rows: Rows, key: tuple[str, str, float], level: float, executor: Executor | None
) -> dict[str, Any]:
    """The same rows of the table in every specification, NaN where one leaves them out."""
    y, present, options = row_by_row(pools, rows, key)
    many = pool_multilevel_many(
        y,
        np.broadcast_to(rows.vi[present], y.shape),
        rows.trial[present].tolist(),
        level=level,
        executor=executor,
        **options,
    )
    found = {name: getattr(many, name) for name in ("se", "df", "p", "ci")}
    if key[0] == "che":  # with a single cluster the model's own stay, as in `with_robust`
        robust = ~np.isnan(many.robust.se)
        found = {
            name: np.where(robust[:, None] if name == "ci" else robust, getattr(many.robust, name), one)
            for name, one in found.items()
        }
    ci = found.pop("ci")
    found |= {"ci_low": ci[:, 0], "ci_high": ci[:, 1]}
    found |= {"estimate": many.estimate, "tau2": many.tau2, "k": many.k, "rows": many.k}
    return found | {"trials": many.n_clusters}


def _one_by_one(
    groups: dict[tuple[Any, ...], list[int]],
    pools: Sequence[Pool],
    rows: Rows,
    level: float,
    direction: str | None,
    executor: Executor | None,
    numbers: Numbers,
) -> Iterator[int]:
    """One fit for each group, and every method against bias that starts from it."""
    pieces: Iterable[tuple[Places, list[Model]]] = (
        (pools[group[0]].values.rows, [pools[at].model for at in group]) for group in groups.values()
    )
    job = partial(fit_group, rows.table, level, direction)
    with in_order(job, pieces, executor) as parts:
        for group, found in zip(groups.values(), parts, strict=True):
            for at, (columns, reason) in zip(group, found, strict=True):
                numbers.put(np.array([at]), columns, reason)
            yield len(group)


def fit_group(
    table: pd.DataFrame, level: float, direction: str | None, piece: tuple[Places, list[Model]]
) -> list[tuple[dict[str, float], str]]:
    """The rows are brought together once; then each estimator and test once, whatever follows from it."""
    rows, models = piece
    sizes, fits = {"rows": float(len(rows))}, {}
    found: list[tuple[dict[str, float], str]] = []
    own = Stratified(table.take(rows).reset_index(drop=True).assign(**{STRATUM[0]: "all"}), STRATUM)
    values = None
    try:
        rho = 0.0 if np.isnan(models[0].rho) else models[0].rho
        how = (models[0].dependence, rho, models[0].aggregate or "mean")
        if how[0] not in MULTILEVEL_TESTS:
            values, _ = own.values(*how)
        for model in models:
            if (model.method, model.test) not in fits:
                fits[model.method, model.test] = _fit(own, values, model, level, how)
            found.append(_adjusted(fits[model.method, model.test], model, direction, sizes))
    except FAILURES as error:
        found += [(sizes, str(error))] * (len(models) - len(found))
    return found


def _fit(
    rows: Stratified, values: Table | None, model: Model, level: float, how: tuple[str, float, str]
) -> PooledEffect:
    """As `synthesize` pools these rows as one stratum."""
    test = (
        "knha" if ADJUSTMENTS[model.bias].own_test else model.test
    )  # it starts from the effects, not the test
    settings = {"method": model.method or "REML", "test": test, "level": level}
    if values is not None:
        return pooled_values(values, STRATUM, settings)[("all",)]
    settings["test"] = "CR2" if model.dependence == "che" else "t"
    return rows.pooled(settings, *how)[0][("all",)]


def _adjusted(
    fit: PooledEffect, model: Model, direction: str | None, sizes: dict[str, float]
) -> tuple[dict[str, float], str]:
    sizes = sizes | {"trials": fit.trials, "k": float(fit.k)}
    try:
        one = ADJUSTMENTS[model.bias].estimate(fit, direction)
    except FAILURES as error:
        return sizes, str(error)
    found = {name: float(getattr(one, name)) for name in ("estimate", "se", "df", "p", "tau2")}
    found |= {"ci_low": one.ci[0], "ci_high": one.ci[1], "k": float(one.k)}
    return sizes | found, one.why
