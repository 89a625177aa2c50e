"""Entry point to selection models: the mean had every study had the same chance to be published."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdt_evidence.analysis.bias.selection_inference import inference, resampled
from pdt_evidence.analysis.bias.selection_records import SelectionModel, SelectionTest
from pdt_evidence.analysis.bias.studies import DIRECTIONS, Evidence, Studies, direction_of, studies_of
from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.formatting import TEXT, counted, effects_of
from pdt_evidence.models.bias.selection import Model, Selected, fit_selected, scaled
from pdt_evidence.models.bias.step_function import interval_of
from pdt_evidence.options import LEVEL, SEED, Choice, Whole, check_options

__all__ = ["selection_model"]

Floats = NDArray[np.float64]
KINDS = ("step", "beta")
BOUNDS = (1e-5, 1 - 1e-5)
FEW = 10
A_PRIORI = {  # doi:10.1037/1082-989X.10.4.428, table 1, as printed in the documentation of metafor's selmodel
    "moderate": (1, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, 0.50, 0.50, 0.50, 0.50, 0.50, 0.50),
    "severe": (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.40, 0.35, 0.30, 0.25, 0.10, 0.10, 0.10, 0.10),
}
A_PRIORI_STEPS = (0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995)


@known_options
def selection_model(
    yi: Evidence,
    vi: ArrayLike | None = None,
    *,
    steps: Sequence[float] | None = None,
    kind: str = "step",
    weights: Sequence[float] | str | None = None,
    direction: str | None = None,
    cluster: Iterable[Hashable] | str | None = None,
    bootstrap: int = 0,
    seed: int | None = None,
    level: float | None = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> SelectionModel:
    """Estimate mean, heterogeneity and how the chance to be published falls with the p-value, by maximum likelihood.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and their variances; or a `PooledEffect` or the table of one stratum as `yi`, and no `vi`.
    steps : sequence of float, optional
        One-sided p-values at which the weight changes: (0.025,), the 3-parameter model, unless given;
        (0.025, 0.5) is the one with 4. Of "beta" the two p-values beyond which the weight is constant.
    kind : {"step", "beta"}
        A weight for each interval of p, or p^(a - 1) (1 - p)^(b - 1).
    weights : sequence of float, or {"moderate", "severe"}, optional
        Of the intervals, given in advance: the first is 1. The words are the one-tailed examples of [3]_.
    direction : {"positive", "negative"}, optional
        Which effects selection favours. Without it positive, but trials of two treatments need it.
    cluster
        One name an effect, or a column of the table. A multilevel fit brings it along, a table with `trial_id`
        too. The model is that of independent effects; standard errors are cluster-robust, as in [4]_.
    bootstrap : int
        Resamples of the clusters for a percentile interval; 0 has none. 1,999 take some seconds; an interrupt keeps
        those that are done.
    seed : int, optional
        Of the resamples; the same seed gives the same numbers whatever the executor.
    level : float, optional
        Of the intervals; that of the fit, else 0.95.
    executor : concurrent.futures.Executor, optional
        Threads, processes or ``dask.distributed.Client.get_executor()`` to share the resamples; it is left open.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    SelectionModel
        `.estimate`, `.ci`, `.tau2`, `.weights`, `.log_likelihood`, `.lrt`. Intervals are by profile likelihood for
        independent effects, and `.p` by the likelihood ratio. NaN with a reason in `why` where it is not determined.

    Raises
    ------
    EvidenceError
        For bad effects and variances, as in `pool`.
    RequestError
        For an unknown option, or a direction that must be given.

    Warns
    -----
    EvidenceWarning
        After an interrupt, with the number of resamples that are done.

    References
    ----------
    .. [1] Vevea, Hedges (1995). doi:10.1007/BF02294384
    .. [2] Citkowicz, Vevea (2017). doi:10.1037/met0000119
    .. [3] Vevea, Woods (2005). doi:10.1037/1082-989X.10.4.428
    .. [4] Pustejovsky, Citkowicz, Joshi (2025), as in their R package metaselection.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.9, 0.6, 0.5, 0.3, 0.2, 0.1], [0.16, 0.08, 0.05, 0.02, 0.02, 0.03]
    >>> found = pdt.selection_model(yi, vi, weights="moderate")
    >>> round(found.unadjusted, 2), round(found.estimate, 2)
    (0.3, 0.27)
    """
    check_options(
        kind=(kind, Choice(KINDS)),
        direction=(direction, Choice(DIRECTIONS)),
        bootstrap=(bootstrap, Whole(least=0)),
        seed=(seed, SEED),
        **({"level": (level, LEVEL)} if level is not None else {}),
    )
    edges, given = _weight_function(kind, steps, weights)
    studies = studies_of(yi, vi, cluster=cluster, caller="selection_model")
    sign, note = direction_of(studies, direction)
    level = studies.level if level is None else level
    counts = _counts(studies, sign, edges) if kind == "step" else ()
    clusters = int(studies.codes.max()) + 1
    base: dict[str, Any] = {
        "kind": kind,
        "steps": edges,
        "counts": counts,
        "k": studies.k,
        "clusters": clusters,
    }
    base |= {"level": level, "sign": sign, "given": given is not None}
    test = "likelihood ratio" if studies.cluster is None else "robust Wald"
    why = _undetermined(studies, kind, edges, counts, given)
    if why:
        return SelectionModel(**base, lrt=SelectionTest(kind=test), why=why, notes=(note,))
    data = scaled(studies.yi, studies.vi, sign)
    load = None if given is None else np.tile(np.array(given), (studies.k, 1))
    model = Model(kind=kind, steps=np.array(edges), weights=load)
    found = fit_selected(data, model, level if studies.cluster is None else None)
    plain = {"unadjusted": data.mean * data.unit, "unadjusted_tau2": data.tau2 * data.unit**2}
    if found.edge.any():
        base |= plain | {"why": _no_maximum(found, kind), "lrt": SelectionTest(kind=test), "notes": (note,)}
        return SelectionModel(**base)
    drawn = resampled(studies, data, model, found, bootstrap, seed, executor, progress)
    more = inference(studies, data, model, found, level, drawn)
    notes = (note, *more.pop("notes"), *_asides(studies, found, drawn, bootstrap), *_unbounded(more["ci"]))
    return SelectionModel(
        **base,
        **plain,
        **more,
        estimate=float(found.theta[0]),
        tau2=float(found.theta[1]),
        weights=_relative(found.theta[2:], kind, given),
        log_likelihood=found.log_likelihood,
        draws=drawn,
        notes=notes,
    )


def _weight_function(
    kind: str, steps: Sequence[float] | None, weights: Sequence[float] | str | None
) -> tuple[tuple[float, ...], tuple[float, ...] | None]:
    """The p-values between the intervals, and the weights where they are given; all faults at once."""
    given: Sequence[float] | None = None
    if isinstance(weights, str):
        if weights not in A_PRIORI:
            raise RequestError(
                f"weights = {weights!r} is not known. Give numbers, or one of: {', '.join(map(repr, A_PRIORI))}."
            )
        if steps is not None:
            raise RequestError(f"weights = {weights!r} has steps of its own: leave steps out.")
        given, steps = A_PRIORI[weights], A_PRIORI_STEPS
    elif weights is not None:
        given = weights
    if steps is None:
        steps = (0.025,) if kind == "step" else BOUNDS
    problems = []
    edges = tuple(float(step) for step in np.atleast_1d(np.asarray(steps, dtype=float)))
    if any(not 0 < one < 1 for one in edges) or any(np.diff(edges) <= 0):
        problems.append(
            f"steps = {steps!r} must be rising one-sided p-values between 0 and 1, such as (0.025, 0.5)."
        )
    if kind == "beta" and len(edges) != 2:
        problems.append(
            f"steps = {steps!r} of kind='beta' are the two p-values beyond which the weight is constant."
        )
    if kind == "beta" and given is not None:
        problems.append("kind='beta' takes no weights: its two exponents are estimated.")
    loads = None if given is None else tuple(float(one) for one in given)
    if kind == "step" and loads is not None:
        if len(loads) != len(edges) + 1:
            problems.append(
                f"weights has {counted(len(loads), 'value')} for {len(edges) + 1} intervals of p; give one each."
            )
        elif loads[0] != 1 or any(not 0 < one < np.inf for one in loads):
            problems.append(f"weights = {given!r} must be above 0, the first of them 1.")
    if problems:
        raise RequestError.from_problems(problems)
    return edges, loads


def _counts(studies: Studies, sign: float, edges: tuple[float, ...]) -> tuple[int, ...]:
    where = interval_of(sign * studies.yi, studies.vi, np.array(edges))
    return tuple(int(n) for n in np.bincount(where, minlength=len(edges) + 1))


def _undetermined(
    studies: Studies, kind: str, edges: tuple[float, ...], counts: tuple[int, ...], given: object
) -> str:
    """Why there is no maximum to look for; "" where there is one."""
    size = 4 if kind == "beta" else 2 if given is not None else 2 + len(edges)
    units = studies.k if studies.cluster is None else int(studies.cluster.max()) + 1
    if units <= size:
        what = "studies" if studies.cluster is None else "clusters"
        return f"{size} parameters need more than {size} {what}, and there are {units}"
    if kind == "beta" or given is not None or all(counts):
        return ""
    one = "study" if studies.cluster is None else "effect"
    bounds = (0.0, *edges, 1.0)
    empty = [f"{bounds[i]:g} to {bounds[i + 1]:g}" for i, count in enumerate(counts) if not count]
    return (
        f"no {one} has a one-sided p-value from {' or from '.join(empty)}: nothing tells the chance that such a "
        f"{one} is published (fewer steps may do, or weights given in advance)"
    )


def _no_maximum(found: Selected, kind: str) -> str:
    if found.edge[0] or found.edge[1]:
        return "the likelihood rises without end as the mean leaves the effects: it is not determined"
    what = "an exponent of the weight" if kind == "beta" else "the weight of an interval of p"
    return f"the likelihood rises without end as {what} goes to 0 or to infinity: it is not determined"


def _relative(logs: Floats, kind: str, given: tuple[float, ...] | None) -> tuple[float, ...]:
    if given is not None:
        return given
    values = tuple(float(one) for one in np.exp(logs))
    return values if kind == "beta" else (1.0, *values)


def _unbounded(ci: tuple[float, float]) -> tuple[str, ...]:
    """What an interval without an end says of the estimate."""
    open_ends = np.isinf(ci).sum()
    if not open_ends:
        return ()
    side = "on one side" if open_ends == 1 else "on either side"
    return (f"The data do not bound the mean {side}: the estimate is hardly told by them.",)


def _asides(studies: Studies, found: Selected, drawn: Floats | None, bootstrap: int) -> tuple[str, ...]:
    said = []
    if found.theta[1] == 0:
        said.append("tau2 is estimated as 0, on its edge.")
    if studies.is_beyond(float(found.theta[0])):
        effects = TEXT.interval((float(studies.yi.min()), float(studies.yi.max())))
        said.append(f"The estimate lies outside of all effects observed ({effects}): no trial bears it out.")
    size = effects_of(studies.k, studies.trials)
    if studies.trials < FEW:
        said.append(
            f"{size} {'is' if studies.k == 1 else 'are'} few for a selection model: "
            "the interval says how little they tell."
        )
    if studies.cluster is not None and drawn is None:
        said.append(
            "Cluster-robust intervals are too narrow for few clusters; bootstrap=1999 resamples the clusters."
        )
    if drawn is not None and len(drawn) < bootstrap:
        said.append(f"Interrupted after {len(drawn):,} of {bootstrap:,} resamples: the interval is of these.")
    if drawn is not None and (lost := int(np.isnan(drawn[:, 0]).sum())):
        said.append(f"{lost:,} of {len(drawn):,} resamples left the model undetermined and are not counted.")
    return tuple(said)
