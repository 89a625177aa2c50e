"""Effects and variances as the entry points take them: arrays out, or every fault of the input at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.ordered import in_their_order
from pdt_evidence.arguments import give_a_stratum, is_synthesis, shown
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.formatting import counted, effects_of
from pdt_evidence.models.pool import Options
from pdt_evidence.results import PooledEffect

__all__ = [
    "LARGEST",
    "SMALLEST",
    "checked_arrays",
    "checked_studies",
    "checked_weights",
    "fault_of_effect",
    "fault_of_variance",
    "numbers",
    "one_value_a_trial",
    "per_study",
    "read_only",
    "require_workable",
    "without_variances",
]

Floats = NDArray[np.float64]
SMALLEST = 1e-100  # variance: products of several weights must be numbers still
MOST_ERRORS = 1e12  # an effect of so many standard errors and its variance are not in one double
LARGEST = 1e100  # effect, either way: weighted squares must be numbers still


def one_value_a_trial(fit: PooledEffect, caller: str, instead: str = "") -> None:
    """Refuse effects that trials share, where neither their number nor their variances are those of trials.

    Raises
    ------
    RequestError
        For a result with several effects a trial.
    """
    if fit.is_multilevel:
        raise RequestError(
            f"{caller}() takes a pool of one value a trial, and this result has {effects_of(fit.k, fit.trials)}. Give "
            f"one of synthesize with dependence='aggregate' or 'one-per-trial'{instead}."
        )


def checked_studies(
    yi: ArrayLike, vi: ArrayLike, labels: Sequence[object] | None
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """yi and vi as arrays of shape (k,) and the studies' names, or every problem at once."""
    y, y_text = numbers(yi)
    v, v_text = numbers(vi)
    if y.ndim != 1 or v.ndim != 1:
        raise EvidenceError(
            f"pool() takes yi and vi of shape (k,), got {y.shape} and {v.shape}; pool_many() takes more."
        )
    if y.size != v.size:
        raise EvidenceError(
            f"yi has {counted(y.size, 'value')} and vi has {v.size}; each study needs one of each."
        )
    if y.size == 0:
        raise EvidenceError("There is no study to pool: yi and vi are empty.")
    if labels is not None and len(labels) != y.size:
        raise EvidenceError(
            f"labels has {counted(len(labels), 'name')} for {counted(y.size)}; each study needs one."
        )
    names = tuple(map(str, range(1, y.size + 1) if labels is None else labels))
    # The sums are finite only if every value is; then one minimum settles the rest.
    whole = (
        math.isfinite(y.sum() + v.sum()) and v.min() >= SMALLEST and -LARGEST <= y.min() <= y.max() <= LARGEST
    )
    if y_text or v_text or not whole:
        rows = [f"study {i + 1}" + (f" ({names[i]})" if labels is not None else "") for i in range(y.size)]
        problems = [
            f"{row}: {problem}"
            for i, row in enumerate(rows)
            for problem in (fault_of_effect(y[i], y_text.get(i)), fault_of_variance(v[i], v_text.get(i)))
            if problem
        ]
        if problems:
            raise EvidenceError.from_problems(problems, "pool()")
    return y, v, names


def fault_of_effect(value: float, text: object) -> str:
    if text is not None:
        return f"yi = {text!r} is not a number."
    if math.isnan(value):
        return "yi is missing (NaN). Leave the study out or give its effect."
    if not math.isfinite(value):
        return f"yi = {value} is not finite."
    if abs(value) <= LARGEST:
        return ""
    return f"yi = {value:g} is beyond {LARGEST:g}, too large to compute with. Give yi in another unit."


def require_workable(y: Floats, v: Floats, caller: str) -> None:
    """Raise `EvidenceError` for numbers that `pool` can weigh and a model that inverts matrices cannot; NaN passes."""
    largest, smallest = float(np.nanmax(np.abs(y), initial=0.0)), float(np.nanmin(v, initial=math.inf))
    if largest > 1e40 or smallest < 1e-80:
        named = f"yi = {largest:g} is beyond 1e+40" if largest > 1e40 else f"vi = {smallest:g} is below 1e-80"
        raise EvidenceError(
            f"{caller}: {named}, which this model cannot compute with. Give yi in another unit."
        )
    if largest > MOST_ERRORS * math.sqrt(smallest):
        raise EvidenceError(
            f"{caller}: an effect of {largest:g} is more than {MOST_ERRORS:g} times the smallest standard error, "
            f"{math.sqrt(smallest):g}: this model cannot weigh them together. Is one of them in another unit?"
        )


def without_variances(effects: object) -> RequestError:
    """The error of effects that came without variances: of a whole synthesis it asks for one of its strata."""
    if is_synthesis(effects):
        return RequestError(give_a_stratum(effects))
    return RequestError("Effects need their variances: give yi and vi, or a pooled effect alone.")


def fault_of_variance(value: float, text: object) -> str:
    if text is not None:
        return f"vi = {text!r} is not a number."
    if math.isnan(value):
        return "vi is missing (NaN). Leave the study out or give its variance."
    if not math.isfinite(value):
        return f"vi = {value} is not finite."
    if not value > 0:
        return f"vi = {value:g}, but a sampling variance is above 0."
    if value >= SMALLEST:
        return ""
    return f"vi = {value:g} is below {SMALLEST:g}, too small to compute with. Give yi in another unit."


def numbers(values: ArrayLike) -> tuple[Floats, dict[int, object]]:
    """Values as floats, and by flat position those that are no numbers (NaN in the array)."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(cast("Any", values).astype(float), np.nan)
    array = np.asarray(values)
    if array.dtype.kind in "fiu":
        return np.ascontiguousarray(array, dtype=float), {}
    if array.dtype.kind in "mM":  # dates and spans of time, which as objects can turn into whole numbers
        return np.full(array.shape, np.nan), dict(enumerate(map(str, array.ravel())))
    # Anew as objects: numpy has turned the numbers beside a word into words.
    flat = np.asarray(values, dtype=object).ravel().tolist()
    numeric = [isinstance(value, Real) and value is not True and value is not False for value in flat]
    absent = [value is None or type(value).__name__ == "NAType" for value in flat]
    words = {i: value for i, value in enumerate(flat) if not (numeric[i] or absent[i])}
    numbers = [float(value) if ok else math.nan for value, ok in zip(flat, numeric, strict=True)]
    return np.array(numbers, dtype=float).reshape(array.shape), words


def checked_arrays(yi: ArrayLike, vi: ArrayLike, caller: str = "pool_many()") -> tuple[Floats, Floats, bool]:
    """yi and vi of one shape (..., k) and whether no study is absent, or every problem at once."""
    (y, y_text), (v, v_text) = numbers(yi), numbers(vi)
    try:
        if y.shape != v.shape:
            y, v = np.broadcast_arrays(y, v)
    except ValueError as error:
        raise EvidenceError(f"yi has shape {y.shape} and vi {v.shape}; give both the same shape.") from error
    if y.ndim == 0 or y.shape[-1] == 0:
        raise EvidenceError(f"yi and vi have shape {y.shape}; the last axis must hold at least one study.")
    # Extremes carry a NaN on and need no work arrays: most often they settle it.
    if y.size and not y_text and not v_text and _is_finite(y) and v.min() >= SMALLEST and v.max() < math.inf:
        return y, v, True
    problems = [
        f"{name}: {text!r} is not a number."
        for name, words in (("yi", y_text), ("vi", v_text))
        for text in words.values()
    ]
    for name, array, bad in (
        ("yi", y, np.abs(y) > LARGEST),
        ("vi", v, v <= 0),
        ("vi", v, (v > 0) & (v < SMALLEST)),
    ):
        if bad.any():
            where = [tuple(at) for at in np.argwhere(bad).tolist()]
            need = f"is beyond {LARGEST:g}" if name == "yi" else "is not above 0"
            need = f"is below {SMALLEST:g}" if array[where[0]] > 0 and name == "vi" else need
            problems += [
                f"{name}{list(at)} = {array[at]:g} {need if np.isfinite(array[at]) else 'is not finite'}."
                for at in where
            ]
    if problems:
        raise EvidenceError.from_problems(problems, caller)
    return y, v, False


def _is_finite(array: Floats) -> bool:
    return bool(array.min() >= -LARGEST and array.max() <= LARGEST)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A copy that cannot be written to: results do not change with what they were made of."""
    array = np.array(array)
    array.setflags(write=False)
    return array


def checked_weights(weights: ArrayLike, options: Options, y: Floats) -> Floats:
    if options.tau2_ci_method != "generalised-q":
        raise RequestError("tau2_ci_weights belongs to tau2_ci_method = 'generalised-q' alone.")
    array, text = numbers(weights)
    array = np.broadcast_to(array, y.shape) if array.shape == y.shape[-1:] else array
    if text or array.shape != y.shape or not (np.isfinite(array).all() and (array > 0).all()):
        raise EvidenceError("tau2_ci_weights needs one finite weight above 0 for each study.")
    return array


def per_study(
    k: int, columns: Mapping[str, Sequence[Any]] | None, row_ids: Sequence[str] | None
) -> tuple[dict[str, tuple[Any, ...]], tuple[str, ...]]:
    problems = [
        f"columns[{name!r}] = {shown(values)}, but it must be a list of {counted(k, 'value')}."
        for name, values in (columns or {}).items()
        if isinstance(values, str) or not hasattr(values, "__len__")
    ]
    if problems:
        raise EvidenceError.from_problems(problems, "pool()")
    kept = {name: in_their_order(values) for name, values in (columns or {}).items()}
    ids = tuple(map(str, row_ids or ()))
    problems = [
        f"columns[{name!r}] has {counted(len(values), 'value')} for {counted(k)}."
        for name, values in kept.items()
        if len(values) != k
    ]
    if ids and len(ids) != k:
        problems.append(f"row_ids has {counted(len(ids), 'value')} for {counted(k)}.")
    if problems:
        raise EvidenceError.from_problems(problems, "pool()")
    return kept, ids
