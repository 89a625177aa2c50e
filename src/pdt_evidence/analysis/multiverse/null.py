"""Whether all specifications together show more than chance: the same multiverse where there is no effect.

Without an effect, and with effects symmetric about 0, each trial could as well have come out the other way round.
All effects of a trial change their sign together, in every specification at once: what makes specifications alike
(the rows they share) and effects alike (the trial they share) stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pdt_evidence.analysis.multiverse.null_singly import refit_singly
from pdt_evidence.analysis.multiverse.run import row_by_row, shared_rho, stack
from pdt_evidence.analysis.multiverse.values import Pool, Rows, Values
from pdt_evidence.analysis.pooled.multilevel_many import pool_multilevel_many
from pdt_evidence.analysis.pooled.pooling import pool_many
from pdt_evidence.analysis.progress import progress_bar
from pdt_evidence.analysis.synthesis import MULTILEVEL_TESTS
from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import TEXT, counted
from pdt_evidence.options import SEED, Whole, check_options
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["NullTest", "null_test"]

Floats = NDArray[np.float64]
AT_ONCE = 200_000  # effects in one stack
TIE = 1e-9  # statistics that differ by rounding count as equal
ALPHA = 0.05
TAKEN_IN = " (one_by_one=True takes them in)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NullTest(Brief):
    """Three statistics over all specifications, and how often chance alone gives as much, on either side.

    `median` of the estimates; `share` of specifications with p < .05 on the commoner side; `stouffer`, the sum of
    their z values over the root of their number.
    """

    specifications: int  # in the test
    untested: Mapping[str, int]  # why specifications take no part, and how many for each reason
    trials: int
    draws: int
    exact: bool  # every arrangement of signs, or a random sample of them
    median: float
    median_p: float
    share: float
    share_p: float
    expected_share: float  # the median of the draws
    stouffer: float
    stouffer_p: float

    def summary(self) -> str:
        """The three statistics with their p-values, in sentences."""
        kind = "all" if self.exact else "a random sample of"
        lines = [
            f"{counted(self.specifications, 'specification')} of {counted(self.trials, 'trial')} "
            f"against {kind} {self.draws} arrangements of "
            "signs (no effect: each trial as likely either way round)",
            f"  median estimate {TEXT.number(self.median)}: {TEXT.p_value(self.median_p)}",
            f"  {100 * self.share:.0f}% with p < .05 on one side ({100 * self.expected_share:.0f}% expected): "
            f"{TEXT.p_value(self.share_p)}",
            f"  Stouffer's z {TEXT.number(self.stouffer, 2)}: {TEXT.p_value(self.stouffer_p)}",
        ]
        lines += [f"  {count} further take no part: {reason}" for reason, count in self.untested.items()]
        return "\n".join(lines)

    __str__ = summary


def null_test(
    all_pools: Sequence[Pool],
    source: Rows,
    draws: int = 500,
    *,
    one_by_one: bool = False,
    level: float = 0.95,
    direction: str | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> NullTest:
    """Compare a multiverse with what it would show if there were no effect.

    Parameters
    ----------
    all_pools, source : sequence of Pool, and Rows
        The specifications of one stratum, and the rows of their table.
    draws : int
        Arrangements of signs; where the trials have no more than that, all of them, and the p-values are exact.
    one_by_one : bool
        Whether specifications take part that no batch covers, such as those adjusted for bias. Each is fitted anew
        under each arrangement: some milliseconds for a line, a tenth of a second for a selection model. Where a method
        has no estimate under an arrangement, the statistics are of the others, as they are of what is observed.
    seed : int, optional
        Of the draws.
    level, direction, executor, progress
        As in `multiverse`.

    Returns
    -------
    NullTest
        Two-sided p-values; the observed arrangement is one of those counted.

    Raises
    ------
    RequestError
        For no specification that can be drawn anew.

    References
    ----------
    .. [1] Simonsohn U, Simmons JP, Nelson LD. Nature Human Behaviour 4 (2020) 1208-1214.
       doi:10.1038/s41562-020-0912-z
    .. [2] Follmann, Proschan (1999), Biometrics 55, 732. doi:10.1111/j.0006-341X.1999.00732.x
    """
    check_options(draws=(draws, Whole(least=19)), seed=(seed, SEED))
    known: dict[tuple[int, float], float | None] = {}
    reasons = [_why_not(pool, source, known, one_by_one) for pool in all_pools]
    pools = [pool for pool, reason in zip(all_pools, reasons, strict=True) if not reason]
    if not pools:
        why = "; ".join(dict.fromkeys(reasons))
        raise RequestError(f"No specification can be drawn anew: {why}.")
    trials = np.unique(np.concatenate([pool.values.trial for pool in pools]))
    signs, exact = _signs(len(trials), draws, np.random.default_rng(seed))
    wide = np.ones((len(signs), int(trials.max()) + 1))
    wide[:, trials] = signs
    found = np.full((len(wide), len(pools), 2), np.nan)  # estimate, p
    single = np.array([bool(_why_not(pool, source, known)) for pool in pools])
    batched, singly = [np.flatnonzero(which) for which in (~single, single)]
    with progress_bar(
        "arrangements", len(wide) * (bool(len(batched)) + bool(len(singly))), progress
    ) as update:
        own = [pools[at] for at in batched]
        for part in _parts(len(wide), own) if own else ():
            found[part, batched] = _refit(own, source, wide[part], level, executor)
            if update:
                update(part.stop - part.start)
        if len(singly):
            own = [pools[at] for at in singly]
            found[:, singly] = refit_singly(own, source, wide, level, direction, executor, update)
    return _compared(found, Counter(filter(None, reasons)), len(trials), exact)


def _why_not(
    pool: Pool, source: Rows, known: dict[tuple[int, float], float | None], one_by_one: bool = False
) -> str:
    """Why a specification is not drawn anew; "" where it is."""
    if pool.values.reason:
        return "they have nothing to pool"
    if len(pool.values.yi) < 2:
        return "they are of one effect"
    if one_by_one:
        return ""
    if pool.model.bias != "none":
        return f"adjusted for bias ({pool.model.bias}), each draw is a search of its own{TAKEN_IN}"
    if (
        pool.model.dependence in MULTILEVEL_TESTS
        and shared_rho(source, pool.values, pool.model, known) is None
    ):
        return (
            "a trial among their rows has no covariance of its own, so that they are fitted one by one"
            f"{TAKEN_IN}"
        )
    return ""


def _signs(trials: int, draws: int, rng: np.random.Generator) -> tuple[Floats, bool]:
    """Arrangements of signs, shape (n, trials), the observed one first."""
    if trials < 63 and 2**trials <= draws:
        return 1.0 - 2.0 * (np.arange(2**trials)[:, None] >> np.arange(trials) & 1), True
    drawn = 1.0 - 2.0 * rng.integers(0, 2, (draws - 1, trials)).astype(np.float64)
    return np.concatenate([np.ones((1, trials)), drawn]), False


def _parts(count: int, pools: Sequence[Pool]) -> Iterator[slice]:
    step = max(1, AT_ONCE // sum(len(pool.values.yi) for pool in pools))
    for number in range(ceil(count / step)):
        yield slice(number * step, min(count, (number + 1) * step))


def _refit(
    pools: Sequence[Pool], source: Rows, signs: Floats, level: float, executor: Executor | None
) -> Floats:
    """Estimate and p of every specification under each arrangement, shape (arrangements, pools, 2)."""
    found = np.full((len(signs), len(pools), 2), np.nan)
    groups: dict[tuple[Any, ...], list[int]] = {}
    known: dict[tuple[int, float], float | None] = {}
    for at, pool in enumerate(pools):
        model = pool.model
        key: tuple[Any, ...] = (model.method, model.test)
        if model.dependence in MULTILEVEL_TESTS:
            key = (model.dependence, model.test, shared_rho(source, pool.values, model, known))
        groups.setdefault(key, []).append(at)
    for key, where in groups.items():
        own = [pools[at] for at in where]
        if len(key) == 3:
            found[:, where] = _multilevel(own, source, signs, key, executor)
        else:
            method, test = key
            found[:, where] = _univariate([pool.values for pool in own], signs, method, test, level, executor)
    return found


def _univariate(
    values: Sequence[Values], signs: Floats, method: str, test: str, level: float, executor: Executor | None
) -> Floats:
    y, v, trial = stack(values)
    y = y * signs[:, trial]
    many = pool_many(y, np.broadcast_to(v, y.shape), method=method, test=test, level=level, executor=executor)
    return np.stack([many.estimate, many.p], axis=-1)


def _multilevel(
    pools: Sequence[Pool],
    rows: Rows,
    signs: Floats,
    key: tuple[str, str, float],
    executor: Executor | None,
) -> Floats:
    y, present, options = row_by_row(pools, rows, key)
    trial = rows.trial[present]
    wide = np.ones((len(signs), max(int(trial.max()) + 1, signs.shape[1])))
    wide[:, : signs.shape[1]] = signs
    flipped = (y * wide[:, None, trial]).reshape(-1, len(trial))
    if "rho" in options:
        options["rho"] = np.tile(options["rho"], len(signs))
    v = np.broadcast_to(rows.vi[present], flipped.shape)
    many = pool_multilevel_many(flipped, v, trial.tolist(), executor=executor, **options)
    p = many.p
    if key[0] == "che":
        p = np.where(np.isnan(many.robust.se), p, many.robust.p)
    return np.stack([many.estimate, p], axis=-1).reshape(len(signs), len(pools), 2)


def _compared(found: Floats, untested: Mapping[str, int], trials: int, exact: bool) -> NullTest:
    estimate, p = found[..., 0], found[..., 1]
    none: NDArray[np.bool_] = np.logical_and.reduce(
        np.isnan(estimate), axis=1
    )  # under such an arrangement there is nothing to see
    estimate = np.where(none[:, None], 0.0, estimate)
    z = np.sign(estimate) * -ndtri(np.maximum(p, 1e-300) / 2)
    statistics = {
        "median": np.nanmedian(estimate, axis=1),
        "share": np.maximum(
            ((p < ALPHA) & (estimate > 0)).mean(axis=1), ((p < ALPHA) & (estimate < 0)).mean(axis=1)
        ),
        "stouffer": np.nansum(z, axis=1) / np.sqrt(np.maximum(np.isfinite(z).sum(axis=1), 1)),
    }
    size = {name: np.abs(values) for name, values in statistics.items()}
    more = {name: float((one >= one[0] * (1 - TIE) - TIE).mean()) for name, one in size.items()}
    return NullTest(
        specifications=found.shape[1], untested=dict(untested), trials=trials, draws=len(found), exact=exact,
        expected_share=float(np.median(statistics["share"][1:])),
        **{name: float(values[0]) for name, values in statistics.items()},
        **{f"{name}_p": value for name, value in more.items()},
    )  # fmt: skip
