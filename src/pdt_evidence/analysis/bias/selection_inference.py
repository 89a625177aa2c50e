"""Standard errors, intervals and tests of a selection model: by likelihood, by the sandwich, by resamples."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pdt_evidence.analysis.bias.records import NAN, NO_INTERVAL
from pdt_evidence.analysis.bias.selection_records import SelectionTest
from pdt_evidence.analysis.bias.studies import Studies
from pdt_evidence.analysis.progress import progress_bar
from pdt_evidence.errors import warn
from pdt_evidence.models.bias.selection import Model, Scaled, Selected, refit_selected
from pdt_evidence.models.distributions import chi2_tail, two_sided_p
from pdt_evidence.models.tasks import in_order

__all__ = ["inference", "resampled"]

Floats = NDArray[np.float64]
PIECE = 250  # resamples in one task


def inference(
    studies: Studies, data: Scaled, model: Model, found: Selected, level: float, drawn: Floats | None
) -> dict[str, Any]:
    """Standard error, interval and tests: by the likelihood, by the sandwich for clusters, by resamples if drawn."""
    more = (
        _by_likelihood(data, model, found)
        if studies.cluster is None
        else _by_sandwich(studies, model, found, level)
    )
    if drawn is not None:
        more |= _by_resamples(drawn, model, level)
    return more


def _by_likelihood(data: Scaled, model: Model, found: Selected) -> dict[str, Any]:
    with np.errstate(invalid="ignore"):
        se = float(np.sqrt(found.cov[0, 0]))
    root = float(np.sqrt(max(2 * (found.log_likelihood - found.without_mean), 0.0)))
    statistic = root if found.theta[0] >= 0 else -root
    fall = max(2 * (found.log_likelihood - data.log_likelihood), 0.0)
    df = 0 if model.weights is not None else model.extra
    p = float(chi2_tail(fall, float(df))) if df else NAN
    return {
        "se": se,
        "statistic": statistic,
        "p": float(two_sided_p(statistic, NAN)),
        "ci": _pair(found.ci[0]),
        "tau2_ci": _pair(found.ci[1]),
        "weights_ci": _weight_ends(np.exp(found.ci[2:]), model),
        "lrt": SelectionTest(kind="likelihood ratio", statistic=fall if df else NAN, df=df, p=p),
        "inference": "profile likelihood",
        "notes": () if np.isfinite(se) else ("The likelihood is flat at its maximum: no standard error.",),
    }


def _by_sandwich(studies: Studies, model: Model, found: Selected, level: float) -> dict[str, Any]:
    clusters = int(studies.codes.max()) + 1
    sums = np.zeros((clusters, len(found.theta)))
    np.add.at(sums, studies.codes, found.scores)
    bread = np.nan_to_num(found.cov)  # a parameter on its edge is taken as known
    V = bread @ (sums.T @ sums) @ bread
    se = np.sqrt(np.diag(V))
    se[np.isnan(np.diag(found.cov))] = np.nan
    half = float(ndtri(0.5 + level / 2)) * se
    ends = np.column_stack([found.theta - half, found.theta + half])
    extra = 0 if model.weights is not None else model.extra
    wald, p = NAN, NAN
    if extra and np.isfinite(se[2:]).all():
        wald = float(found.theta[2:] @ np.linalg.solve(V[2:, 2:], found.theta[2:]))
        p = float(chi2_tail(wald, float(extra)))
    statistic = float(found.theta[0] / se[0])
    return {
        "se": float(se[0]),
        "statistic": statistic,
        "p": float(two_sided_p(statistic, NAN)),
        "ci": _pair(ends[0]),
        "weights_ci": _weight_ends(np.exp(ends[2:]), model),
        "lrt": SelectionTest(kind="robust Wald", statistic=wald, df=extra, p=p),
        "inference": "cluster-robust",
        "notes": (),
    }


def _by_resamples(drawn: Floats, model: Model, level: float) -> dict[str, Any]:
    """Percentile intervals; the standard error is that of the resampled means."""
    kept = drawn[~np.isnan(drawn[:, 0])]
    if len(kept) < 0.5 * len(drawn) or len(kept) < 2:
        gone = {
            "se": NAN,
            "statistic": NAN,
            "p": NAN,
            "ci": NO_INTERVAL,
            "tau2_ci": NO_INTERVAL,
            "weights_ci": (),
        }
        return gone | {"inference": "bootstrap, failed"}
    ends = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2], axis=0).T
    return {
        "se": float(kept[:, 0].std(ddof=1)),
        "statistic": NAN,
        "p": _bootstrap_p(kept[:, 0]),
        "ci": _pair(ends[0]),
        "tau2_ci": _pair(ends[1]),
        "weights_ci": _weight_ends(np.exp(ends[2:]), model),
        "inference": f"percentiles of {len(kept):,} resamples",
    }


def _bootstrap_p(means: Floats) -> float:
    """Twice the share of resampled means beyond 0, on the smaller side."""
    fewer = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return min(1.0, (2 * fewer + 1) / (len(means) + 1))


def _pair(ends: Floats) -> tuple[float, float]:
    return float(ends[0]), float(ends[1])


def _weight_ends(ends: Floats, model: Model) -> tuple[tuple[float, float], ...]:
    if model.weights is not None:
        return ()
    pairs = tuple(_pair(one) for one in ends)
    return pairs if model.kind == "beta" else ((1.0, 1.0), *pairs)


def resampled(
    studies: Studies,
    data: Scaled,
    model: Model,
    found: Selected,
    bootstrap: int,
    seed: int | None,
    executor: Executor | None,
    progress: bool,
) -> Floats | None:
    """Maxima of resampled clusters (n, P), of those done where the run is interrupted; None where none are wanted.

    An interrupt before the first is raised.
    """
    if not bootstrap:
        return None
    base = int(np.random.SeedSequence(seed).generate_state(1)[0])  # drawn anew where no seed is given
    pieces = [(i, min(PIECE, bootstrap - i)) for i in range(0, bootstrap, PIECE)]
    job = partial(_one_piece, data, model, studies.codes, found.theta, base)
    done: list[Floats] = []
    try:
        with (
            progress_bar("resamples", bootstrap, progress) as bar,
            in_order(job, pieces, executor) as results,
        ):
            for piece in results:
                done.append(piece)
                if bar:
                    bar(len(piece))
    except KeyboardInterrupt:
        if not done:
            raise
        kept = sum(map(len, done))
        warn(f"Interrupted: {kept:,} of {bootstrap:,} resamples are done, and the result is of these.")
    return np.concatenate(done)


def _one_piece(
    data: Scaled, model: Model, codes: NDArray[np.intp], start: Floats, base: int, piece: tuple[int, int]
) -> Floats:
    first, size = piece
    clusters = int(codes.max()) + 1
    rng = np.random.default_rng([base, first])
    counts = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=size)
    return refit_selected(data, model, counts[:, codes].astype(float), start)
