"""Entry points to the engine: `pool` for one meta-analysis, `pool_many` for arrays of them.

Here input is checked, every fault of it listed at once, and results become records.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.checks import checked_arrays, checked_studies, checked_weights, read_only
from pdt_evidence.analysis.pooled.fitted import results_of, studies_of
from pdt_evidence.analysis.progress import progress_bar
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.models.estimators import ESTIMATORS, METHODS, estimate_tau2
from pdt_evidence.models.henmi_copas import HenmiCopas, henmi_copas_interval
from pdt_evidence.models.inference import TESTS
from pdt_evidence.models.intervals import TAU2_CI_METHODS
from pdt_evidence.models.pool import Options, PooledArrays, fit
from pdt_evidence.models.prediction import PI_RULES
from pdt_evidence.models.priors import Prior
from pdt_evidence.models.weights import prepare
from pdt_evidence.options import LEVEL, SEED, Choice, Whole, check_options
from pdt_evidence.results import PooledEffect

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["henmi_copas", "pool", "pool_each", "pool_many"]

Floats = NDArray[np.float64]
BOOTSTRAP_DRAWS = 25_000


@known_options
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
    bootstrap_draws: int = BOOTSTRAP_DRAWS,
    seed: int | None = None,
    prior: Prior | None = None,
    measure: str = "GEN",
    stratum: Mapping[str, str] | None = None,
    row_ids: Sequence[str] | None = None,
    columns: Mapping[str, Sequence[Any]] | None = None,
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
        Prediction interval: "HTS-t(k-2)", "HTS-t(k-1)", "metafor", "bootstrap". The last has rules of its
        own (DerSimonian-Laird and Hartung-Knapp, doi:10.1177/0962280218773520), whatever `method` and `test`.
    tau2_ci_method : str
        "q-profile", "profile-likelihood" (methods "REML" and "ML"), "generalised-q", "wald".
    tau2_ci_weights : array_like, shape (k,), optional
        Weights of "generalised-q"; 1 / vi if None.
    bootstrap_draws, seed : int
        Of the rule "bootstrap"; without a seed each call draws anew.
    prior : Prior, optional
        A prior of tau, such as ``HalfNormal(0.5)``: the result is then the posterior of `pool_bayes`, and
        the options that belong to the other models (method, test, rules of intervals) are refused.
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

    References
    ----------
    .. [1] Viechtbauer. J. Educational and Behavioral Statistics 30 (2005) 261. doi:10.3102/10769986030003261
    .. [2] Hartung, Knapp. Statistics in Medicine 20 (2001) 1771. doi:10.1002/sim.791

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> fit = pdt.pool([0.2, 0.5, 0.9], [0.04, 0.05, 0.03], method="DL", test="z")
    >>> round(fit.estimate, 4), round(fit.tau2, 4)
    (0.5434, 0.1008)
    """
    if prior is not None:
        requested = {
            "method": method,
            "test": test,
            "pi_rule": pi_rule,
            "tau2_ci_method": tau2_ci_method,
            "tau2_ci_weights": tau2_ci_weights,
            "bootstrap_draws": bootstrap_draws,
            "seed": seed,
        }
        _refuse_beside_prior(requested)
        from pdt_evidence.analysis.pooled.bayes import pool_bayes

        return pool_bayes(
            yi,
            vi,
            prior,
            level=level,
            measure=measure,
            labels=labels,
            row_ids=row_ids,
            columns=columns,
            stratum=stratum,
        )
    options = _options(
        method, test, level, pi_rule, tau2_ci_method, bootstrap_draws=bootstrap_draws, seed=seed
    )
    studies = studies_of(yi, vi, labels, measure, stratum, row_ids, columns)
    y, v = studies["yi"], studies["vi"]
    if tau2_ci_weights is not None:
        options = replace(options, tau2_ci_weights=checked_weights(tau2_ci_weights, options, y)[None])
    return results_of([studies], fit(y[None], v[None], options, whole=True), options)[0]


def pool_each(
    tables: Sequence[Mapping[str, Any]], *, method: str, test: str, level: float
) -> list[PooledEffect]:
    """What `pool` gives of each of some tables, all fitted in one call.

    Parameters
    ----------
    tables : sequence of mapping
        Arguments of `pool` that say what is pooled: yi, vi, labels, measure, stratum, row_ids, columns.
    method, test, level
        As in `pool`, the same for all.

    Raises
    ------
    EvidenceError, RequestError
        As `pool`.
    """
    options = _options(method, test, level)
    studies = [studies_of(**table) for table in tables]
    most = max((one["yi"].size for one in studies), default=0)
    y, v = np.full((2, len(studies), most), np.nan)
    for at, one in enumerate(studies):
        y[at, : one["yi"].size], v[at, : one["vi"].size] = one["yi"], one["vi"]
    return results_of(studies, fit(y, v, options), options) if studies else []


@known_options
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
    bootstrap_draws: int = BOOTSTRAP_DRAWS,
    seed: int | None = None,
    executor: Executor | None = None,
    progress: bool = False,
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
        Threads, processes or ``dask.distributed.Client.get_executor()`` to share the work, up to 32 tasks
        at once; it is left open. An error in a task is raised as it is; an interrupt cancels those that wait.
        The numbers are the same as without one, when everything runs here.
    progress : bool
        Show a progress bar on stderr.

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

    References
    ----------
    .. [1] Viechtbauer. J. Educational and Behavioral Statistics 30 (2005) 261. doi:10.3102/10769986030003261

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> many = pdt.pool_many([[0.2, 0.5, 0.9], [0.1, 0.3, float("nan")]], [[0.04, 0.05, 0.03]] * 2)
    >>> many.k.tolist(), many.estimate.round(3).tolist()
    ([3, 2], [0.544, 0.189])
    """
    options = _options(
        method, test, level, pi_rule, tau2_ci_method, bootstrap_draws=bootstrap_draws, seed=seed
    )
    y, v, whole = checked_arrays(yi, vi)
    if tau2_ci_weights is not None:
        weights = checked_weights(tau2_ci_weights, options, y)
        options = replace(options, tau2_ci_weights=weights.reshape(-1, y.shape[-1]))
    with progress_bar("meta-analyses", math.prod(y.shape[:-1]), progress) as update:
        return fit(read_only(y), read_only(v), options, executor, whole, update)


@known_options
def henmi_copas(yi: ArrayLike, vi: ArrayLike, *, level: float = 0.95) -> HenmiCopas:
    """Equal-effects estimate with the Henmi-Copas interval, which small studies sway less.

    Parameters
    ----------
    yi, vi, level
        As in `pool`.

    Returns
    -------
    PooledEffect
        Its `estimate` is the equal-effects mean; only `ci` is that of Henmi and Copas.

    Raises
    ------
    EvidenceError
        As in `pool`.

    References
    ----------
    .. [1] Henmi, Copas. Statistics in Medicine 29 (2010) 2969. doi:10.1002/sim.4029

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> result = pdt.henmi_copas([0.2, 0.5, 0.9], [0.04, 0.05, 0.03])
    >>> round(result.estimate, 3)
    0.574
    """
    level = _options("DL", "z", level).level
    y, v, _ = checked_studies(yi, vi, None)
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


def _refuse_beside_prior(requested: Mapping[str, object]) -> None:
    import inspect

    defaults = {name: item.default for name, item in inspect.signature(pool).parameters.items()}
    changed = [
        name for name, value in requested.items() if value is not defaults[name] and value != defaults[name]
    ]
    if changed:
        raise RequestError(
            f"{', '.join(changed)} cannot be chosen together with a prior: the posterior has no such rule. "
            "Leave out the one or the other."
        )


def _options(
    method: str,
    test: str,
    level: float,
    pi_rule: str = "HTS-t(k-2)",
    tau2_ci_method: str | None = "q-profile",
    bootstrap_draws: int = BOOTSTRAP_DRAWS,
    seed: int | None = None,
) -> Options:
    check_options(
        method=(method, Choice(METHODS)),
        test=(test, Choice(TESTS)),
        pi_rule=(pi_rule, Choice(PI_RULES)),
        tau2_ci_method=(tau2_ci_method or TAU2_CI_METHODS[0], Choice(TAU2_CI_METHODS)),
        level=(level, LEVEL),
        bootstrap_draws=(bootstrap_draws, Whole(least=100)),
        seed=(seed, SEED),
    )
    if tau2_ci_method == "profile-likelihood" and not ESTIMATORS[method].maximises_it:
        having = " or ".join(repr(code) for code, one in ESTIMATORS.items() if one.maximises_it)
        raise RequestError(
            f"tau2_ci_method = 'profile-likelihood' needs method {having}; method is {method!r}."
        )
    if pi_rule != "bootstrap" and (seed is not None or bootstrap_draws != BOOTSTRAP_DRAWS):
        raise RequestError("seed and bootstrap_draws belong to pi_rule = 'bootstrap' alone.")
    return Options(
        method=method,
        test=test,
        level=float(level),
        pi_rule=pi_rule,
        tau2_ci_method=tau2_ci_method,
        bootstrap_draws=int(bootstrap_draws),
        seed=None if seed is None else int(seed),
    )
