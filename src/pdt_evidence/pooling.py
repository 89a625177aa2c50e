"""The doors to the engine: `pool` for one meta-analysis, `pool_many` for arrays of them.

Here input is checked, every fault of it listed at once, and results become records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.errors import EvidenceError, RequestError, require_choice
from pdt_evidence.models.henmi_copas import henmi_copas_interval
from pdt_evidence.models.inference import TESTS
from pdt_evidence.models.intervals import TAU2_CI_METHODS
from pdt_evidence.models.pool import Options, PooledArrays, fit
from pdt_evidence.models.prediction import PI_RULES
from pdt_evidence.models.tau2 import METHODS, estimate_tau2
from pdt_evidence.models.weights import prepare
from pdt_evidence.results import HenmiCopas, PooledEffect

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["henmi_copas", "pool", "pool_many"]

Floats = NDArray[np.float64]


def pool(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    labels: Sequence[object] | None = None,
    pi_rule: str = "HTS-t(k-2)",
    tau2_ci_method: str = "q-profile",
    tau2_ci_weights: ArrayLike | None = None,
    bootstrap_draws: int = 25_000,
    seed: int | None = None,
    measure: str = "GEN",
    stratum: Mapping[str, str] | None = None,
    row_ids: Sequence[str] | None = None,
    columns: Mapping[str, Sequence[Any]] | None = None,
    **unknown: object,
) -> PooledEffect:
    """Pool the effects of one meta-analysis.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects on the scale they are pooled on (log for ratios), and their variances.
    method : str
        Estimator of tau2: "EE" (none, equal effects), "DL", "REML", "PM", "ML", "EB", "HE", "HS",
        "SJ", "DL2".
    test : str
        "z", "t", "knha" (Knapp-Hartung), "adhoc" (its variance factor at least 1), "adhoc-ci"
        (the wider of "knha" and "z").
    level : float
        Of every interval, between 0 and 1.
    labels : sequence, length k, optional
        Names of the studies; "1", "2", ... if None.
    pi_rule : str
        Prediction interval: "HTS-t(k-2)", "HTS-t(k-1)", "metafor", "bootstrap".
    tau2_ci_method : str
        "q-profile", "profile-likelihood" (methods "REML" and "ML"), "generalised-q", "wald".
    tau2_ci_weights : array_like, shape (k,), optional
        Weights of "generalised-q"; 1 / vi if None.
    bootstrap_draws, seed : int
        Of the rule "bootstrap"; without a seed each call draws anew.
    measure, stratum, row_ids, columns
        Kept in the result: the measure's name, what the stratum is, the evidence rows behind
        each study, further columns of length k for figures.

    Returns
    -------
    PooledEffect
        For k = 1 the study's own estimate and Wald interval, NaN for what cannot be known.

    Raises
    ------
    EvidenceError
        Where yi or vi are no finite numbers, a variance is not above 0, lengths differ or
        there is no study; all bad rows at once.
    RequestError
        For an unknown option or value; it lists the known ones.

    Examples
    --------
    >>> fit = pool([0.2, 0.5, 0.9], [0.04, 0.05, 0.03], method="DL", test="z")
    >>> round(fit.estimate, 4), round(fit.tau2, 4)
    (0.5434, 0.1008)
    """
    _refuse(unknown, pool)
    options = _options(
        method, test, level, pi_rule, tau2_ci_method, bootstrap_draws=bootstrap_draws, seed=seed
    )
    y, v, names = _checked_studies(yi, vi, labels)
    columns, ids = _per_study(len(names), columns, row_ids)
    if tau2_ci_weights is not None:
        options = replace(options, tau2_ci_weights=_checked_weights(tau2_ci_weights, options, y)[None])
    many = fit(y[None], v[None], options)
    values: dict[str, Any] = {name: float(getattr(many, name)[0]) for name in _NUMBERS}
    values |= {name: tuple(getattr(many, name)[0].tolist()) for name in _INTERVALS}
    k = len(names)
    return PooledEffect(
        stratum=dict(stratum or {}), measure=measure, method=method, test=test, level=options.level,
        pi_rule=pi_rule, tau2_ci_method=tau2_ci_method, k=k, Q_df=k - 1, labels=names,
        yi=_read_only(y), vi=_read_only(v), weights=_read_only(many.weights[0]), row_ids=ids, columns=columns,
        notes=tuple(_notes(options, k, values)), **values,
    )  # fmt: skip


def pool_many(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    pi_rule: str = "HTS-t(k-2)",
    tau2_ci_method: str | None = None,
    tau2_ci_weights: ArrayLike | None = None,
    bootstrap_draws: int = 25_000,
    seed: int | None = None,
    executor: Executor | None = None,
    **unknown: object,
) -> PooledArrays:
    """Pool many meta-analyses in one call; `pool` is the batch of one of the same code.

    Parameters
    ----------
    yi, vi : array_like, shape (..., k)
        Effects and variances, studies on the last axis; NaN in either, or an infinite
        variance, marks an absent study, so that k may differ.
    tau2_ci_method : str or None
        As in `pool`. The default, None, leaves tau2_se and the intervals of tau2, I2 and H2
        NaN: they cost more than everything else together.
    method, test, level, pi_rule, tau2_ci_weights, bootstrap_draws, seed
        As in `pool`.
    executor : concurrent.futures.Executor, optional
        Works on slices of the arrays side by side, such as a ThreadPoolExecutor; the numbers
        are the same. Without one everything runs here.

    Returns
    -------
    PooledArrays
        The names of `PooledEffect`, arrays of shape (...); NaN where no study is present.

    Raises
    ------
    EvidenceError
        For text, infinite effects and variances not above 0; every position is listed.
    RequestError
        For an unknown option or value; it lists the known ones.

    Examples
    --------
    >>> many = pool_many([[0.2, 0.5, 0.9], [0.1, 0.3, float("nan")]], [[0.04, 0.05, 0.03]] * 2)
    >>> many.k.tolist(), many.estimate.round(3).tolist()
    ([3, 2], [0.544, 0.189])
    """
    _refuse(unknown, pool_many)
    options = _options(
        method, test, level, pi_rule, tau2_ci_method, bootstrap_draws=bootstrap_draws, seed=seed
    )
    y, v = _checked_arrays(yi, vi)
    if tau2_ci_weights is not None:
        weights = _checked_weights(tau2_ci_weights, options, y)
        options = replace(options, tau2_ci_weights=weights.reshape(-1, y.shape[-1]))
    return fit(y, v, options, executor)


def henmi_copas(yi: ArrayLike, vi: ArrayLike, *, level: float = 0.95) -> HenmiCopas:
    """Equal-effects estimate with the Henmi-Copas interval, which small studies sway less.

    Parameters
    ----------
    yi, vi, level
        As in `pool`.

    Raises
    ------
    EvidenceError
        As in `pool`.

    References
    ----------
    .. [1] Henmi, Copas. Statistics in Medicine 29 (2010) 2969. doi:10.1002/sim.4029

    Examples
    --------
    >>> result = henmi_copas([0.2, 0.5, 0.9], [0.04, 0.05, 0.03])
    >>> round(result.estimate, 3)
    0.574
    """
    level = _options("DL", "z", level, "HTS-t(k-2)", None, 25_000, None).level
    y, v, _ = _checked_studies(yi, vi, None)
    with np.errstate(invalid="ignore", divide="ignore"):
        batch = prepare(y[None], v[None])
        low, high = henmi_copas_interval(batch, level)[:, 0].tolist()
        tau2 = estimate_tau2(batch, "DL") * batch.unit**2
    return HenmiCopas(
        k=y.size,
        level=level,
        estimate=float(batch.locate(batch.at0.mean)[0]),
        ci=(low, high),
        tau2=float(tau2[0]),
    )


_NUMBERS = ("estimate", "se", "statistic", "df", "p", "log_p", "tau2", "tau2_se", "I2", "H2", "I2_Q", "H2_Q",
            "Q", "Q_p", "log_likelihood")  # fmt: skip
_INTERVALS = ("ci", "pi", "tau2_ci", "I2_ci", "H2_ci")


def _refuse(unknown: Mapping[str, object], door: Callable[..., object]) -> None:
    if unknown:
        import inspect

        kinds = inspect.signature(door).parameters.values()
        known = ", ".join(item.name for item in kinds if item.kind is item.KEYWORD_ONLY)
        asked = ", ".join(map(repr, unknown))
        raise RequestError(f"{door.__name__}() has no option {asked}. It has: {known}.")


def _options(
    method: str, test: str, level: float, pi_rule: str, tau2_ci_method: str | None,
    bootstrap_draws: int, seed: int | None,
) -> Options:  # fmt: skip
    require_choice("method", method, tuple(METHODS))
    require_choice("test", test, TESTS)
    require_choice("pi_rule", pi_rule, PI_RULES)
    if tau2_ci_method is not None:
        require_choice("tau2_ci_method", tau2_ci_method, TAU2_CI_METHODS)
    if tau2_ci_method == "profile-likelihood" and method not in ("REML", "ML"):
        raise RequestError(
            f"tau2_ci_method = 'profile-likelihood' needs method 'REML' or 'ML'; method is {method!r}."
        )
    if not (isinstance(level, Real) and 0 < level < 1):
        raise RequestError(f"level = {level!r} must be a number between 0 and 1, such as 0.95.")
    if not (isinstance(bootstrap_draws, Integral) and bootstrap_draws >= 100):
        raise RequestError(f"bootstrap_draws = {bootstrap_draws!r} must be a whole number of at least 100.")
    if seed is not None and not (isinstance(seed, Integral) and seed >= 0):
        raise RequestError(f"seed = {seed!r} must be a whole number of at least 0, or None.")
    return Options(
        method=method, test=test, level=float(level), pi_rule=pi_rule, tau2_ci_method=tau2_ci_method,
        bootstrap_draws=int(bootstrap_draws), seed=None if seed is None else int(seed),
    )  # fmt: skip


def _checked_studies(
    yi: ArrayLike, vi: ArrayLike, labels: Sequence[object] | None
) -> tuple[Floats, Floats, tuple[str, ...]]:
    """yi and vi as arrays of shape (k,) and the studies' names, or every problem at once."""
    y, y_text = _numbers(yi)
    v, v_text = _numbers(vi)
    if y.ndim != 1 or v.ndim != 1:
        raise EvidenceError(
            f"pool() takes yi and vi of shape (k,), got {y.shape} and {v.shape}; pool_many() takes more."
        )
    if y.size != v.size:
        raise EvidenceError(f"yi has {y.size} values and vi has {v.size}; each study needs one of each.")
    if y.size == 0:
        raise EvidenceError("There is no study to pool: yi and vi are empty.")
    if labels is not None and len(labels) != y.size:
        raise EvidenceError(f"labels has {len(labels)} names for {y.size} studies; each study needs one.")
    names = tuple(map(str, range(1, y.size + 1) if labels is None else labels))
    # The sums are finite only if every value is; then one minimum settles the rest.
    if y_text or v_text or not math.isfinite(y.sum() + v.sum()) or not v.min() > 0:
        rows = [f"study {i + 1}" + (f" ({names[i]})" if labels is not None else "") for i in range(y.size)]
        problems = [
            f"{row}: {problem}"
            for i, row in enumerate(rows)
            for problem in (_fault_of_effect(y[i], y_text.get(i)), _fault_of_variance(v[i], v_text.get(i)))
            if problem
        ]
        if problems:
            raise EvidenceError.from_problems(problems, "pool()")
    return y, v, names


def _fault_of_effect(value: float, text: object) -> str:
    if text is not None:
        return f"yi = {text!r} is not a number."
    if math.isnan(value):
        return "yi is missing (NaN). Leave the study out or give its effect."
    return "" if math.isfinite(value) else f"yi = {value} is not finite."


def _fault_of_variance(value: float, text: object) -> str:
    if text is not None:
        return f"vi = {text!r} is not a number."
    if math.isnan(value):
        return "vi is missing (NaN). Leave the study out or give its variance."
    if not math.isfinite(value):
        return f"vi = {value} is not finite."
    return "" if value > 0 else f"vi = {value:g}, but a sampling variance is above 0."


def _numbers(values: ArrayLike) -> tuple[Floats, dict[int, object]]:
    """Values as floats, and by flat position those that are no numbers (NaN in the array)."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(cast("Any", values).astype(float), np.nan)
    array = np.asarray(values)
    if array.dtype.kind in "fiu":
        return np.ascontiguousarray(array, dtype=float), {}
    # Anew as objects: numpy has turned the numbers beside a word into words.
    flat = np.asarray(values, dtype=object).ravel().tolist()
    numeric = [isinstance(value, Real) and value is not True and value is not False for value in flat]
    absent = [value is None or type(value).__name__ == "NAType" for value in flat]
    words = {i: value for i, value in enumerate(flat) if not (numeric[i] or absent[i])}
    numbers = [float(value) if ok else math.nan for value, ok in zip(flat, numeric, strict=True)]
    return np.array(numbers, dtype=float).reshape(array.shape), words


def _checked_arrays(yi: ArrayLike, vi: ArrayLike) -> tuple[Floats, Floats]:
    """yi and vi of one shape (..., k), or every problem at once."""
    (y, y_text), (v, v_text) = _numbers(yi), _numbers(vi)
    try:
        if y.shape != v.shape:
            y, v = np.broadcast_arrays(y, v)
    except ValueError as error:
        raise EvidenceError(f"yi has shape {y.shape} and vi {v.shape}; give both the same shape.") from error
    if y.ndim == 0 or y.shape[-1] == 0:
        raise EvidenceError(f"yi and vi have shape {y.shape}; the last axis must hold at least one study.")
    problems = [f"{name}: {text!r} is not a number." for name, words in (("yi", y_text), ("vi", v_text))
                for text in words.values()]  # fmt: skip
    for name, array, bad in (("yi", y, np.isinf(y)), ("vi", v, v <= 0)):
        if bad.any():
            need = "is not finite" if name == "yi" else "is not above 0"
            where = map(tuple, np.argwhere(bad).tolist())
            problems += [f"{name}{list(at)} = {array[at]:g} {need}." for at in where]
    if problems:
        raise EvidenceError.from_problems(problems, "pool_many()")
    return y, v


def _checked_weights(weights: ArrayLike, options: Options, y: Floats) -> Floats:
    if options.tau2_ci_method != "generalised-q":
        raise RequestError("tau2_ci_weights belongs to tau2_ci_method = 'generalised-q' alone.")
    array, text = _numbers(weights)
    array = np.broadcast_to(array, y.shape) if array.shape == y.shape[-1:] else array
    if text or array.shape != y.shape or not (np.isfinite(array).all() and (array > 0).all()):
        raise EvidenceError("tau2_ci_weights needs one finite weight above 0 for each study.")
    return array


def _per_study(
    k: int, columns: Mapping[str, Sequence[Any]] | None, row_ids: Sequence[str] | None
) -> tuple[dict[str, tuple[Any, ...]], tuple[str, ...]]:
    kept = {name: tuple(values) for name, values in (columns or {}).items()}
    ids = tuple(map(str, row_ids or ()))
    problems = [f"columns[{name!r}] has {len(values)} values for {k} studies."
                for name, values in kept.items() if len(values) != k]  # fmt: skip
    if ids and len(ids) != k:
        problems.append(f"row_ids has {len(ids)} values for {k} studies.")
    if problems:
        raise EvidenceError.from_problems(problems, "pool()")
    return kept, ids


def _read_only(array: Floats) -> Floats:
    array = array.copy()
    array.setflags(write=False)
    return array


def _notes(options: Options, k: int, values: Mapping[str, Any]) -> Iterator[str]:
    """What a reader must know about the numbers, one sentence each."""
    if k == 1:
        yield "One study: its own estimate and Wald interval; what lies between studies cannot be known."
        return
    if options.method == "EE":
        yield "Method EE assumes one true effect: tau2 is 0, and there is nothing to predict beyond the estimate."
    elif k == 2 and options.pi_rule == "HTS-t(k-2)":
        yield "The prediction interval HTS-t(k-2) needs 3 studies; there are 2."
    if options.tau2_ci_method in ("q-profile", "generalised-q") and values["tau2_ci"][1] == 0:
        yield (f"The {options.tau2_ci_method} interval of tau2 is empty, as the studies agree more than "
               "chance would have it; both bounds are given as 0.")  # fmt: skip
    if options.test in ("knha", "adhoc-ci") and values["se"] == 0:
        yield "The effects are identical, so the Knapp-Hartung standard error is 0."
    elif options.test == "knha" and values["Q"] < k - 1 and values["tau2"] == 0:
        yield (f"The Knapp-Hartung variance factor is {values['H2_Q']:.3g}, below 1: the standard error is "
               "smaller than the Wald one (test 'adhoc' does not allow that).")  # fmt: skip
