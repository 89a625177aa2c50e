"""Whether all specifications together show more than chance: the same multiverse where there is no effect.

Without an effect, and with effects symmetric about 0, each trial could as well have come out the other way round.
All effects of a trial change their sign together, in every specification at once: what makes specifications alike
(the rows they share) and effects alike (the trial they share) stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pdt_evidence.analysis.multiverse.run import stack
from pdt_evidence.analysis.multiverse.values import Pool, Rows, Values
from pdt_evidence.analysis.pooled.multilevel_many import pool_multilevel_many
from pdt_evidence.analysis.pooled.pooling import pool_many
from pdt_evidence.analysis.progress import progress_bar
from pdt_evidence.analysis.synthesis import MULTILEVEL_TESTS
from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import TEXT
from pdt_evidence.options import SEED, Whole, check_options
from pdt_evidence.showing import Brief

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["NullTest", "null_test"]

Floats = NDArray[np.float64]
AT_ONCE = 200_000  # effects in one stack
TIE = 1e-9  # statistics that differ by rounding count as equal
ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NullTest(Brief):
    """Three statistics over all specifications, and how often chance alone gives as much, on either side.

    `median` of the estimates; `share` of specifications with p < .05 on the commoner side; `stouffer`, the sum of
    their z values over the root of their number.
    """

    specifications: int  # in the test
    untested: int  # that cannot be drawn anew: adjusted for bias, or fitted one by one
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
            f"{self.specifications} specifications of {self.trials} trials against {kind} {self.draws} arrangements of "
            "signs (no effect: each trial as likely either way round)",
            f"  median estimate {TEXT.number(self.median)}: {TEXT.p_value(self.median_p)}",
            f"  {100 * self.share:.0f}% with p < .05 on one side ({100 * self.expected_share:.0f}% expected): "
            f"{TEXT.p_value(self.share_p)}",
            f"  Stouffer's z {TEXT.number(self.stouffer, 2)}: {TEXT.p_value(self.stouffer_p)}",
        ]
        if self.untested:
            lines.append(
                f"  {self.untested} further specifications take no part: they are not fitted in batches."
            )
        return "\n".join(lines)

    __str__ = summary


def null_test(
    all_pools: Sequence[Pool],
    source: Rows,
    draws: int = 500,
    *,
    level: float = 0.95,
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
    seed : int, optional
        Of the draws.
    level, executor, progress
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
    pools = [pool for pool in all_pools if _drawable(pool, source)]
    if not pools:
        raise RequestError("No specification can be drawn anew: all failed, or are fitted one by one.")
    trials = np.unique(np.concatenate([pool.values.trial for pool in pools]))
    signs, exact = _signs(len(trials), draws, np.random.default_rng(seed))
    wide = np.ones((len(signs), int(trials.max()) + 1))
    wide[:, trials] = signs
    found = np.full((len(wide), len(pools), 2), np.nan)  # estimate, p
    with progress_bar("arrangements", len(wide), progress) as update:
        for part in _parts(len(wide), pools):
            found[part] = _refit(pools, source, wide[part], level, executor)
            if update:
                update(part.stop - part.start)
    return _compared(found, len(all_pools) - len(pools), len(trials), exact)


def _drawable(pool: Pool, source: Rows) -> bool:
    if pool.values.reason or pool.model.bias != "none" or len(pool.values.yi) < 2:
        return False
    return pool.model.dependence != "che" or source.is_plain(pool.values.rows, pool.model.rho)


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
    groups: dict[tuple[str, ...], list[int]] = {}
    for at, pool in enumerate(pools):
        multilevel = pool.model.dependence in MULTILEVEL_TESTS
        key = ("", pool.model.method, pool.model.test)
        groups.setdefault((pool.model.dependence, "", pool.model.test) if multilevel else key, []).append(at)
    for (dependence, method, test), where in groups.items():
        if dependence:
            found[:, where] = _multilevel([pools[at] for at in where], source, signs, dependence, test)
        else:
            found[:, where] = _univariate(
                [pools[at].values for at in where], signs, method, test, level, executor
            )
    return found


def _univariate(
    values: Sequence[Values], signs: Floats, method: str, test: str, level: float, executor: Executor | None
) -> Floats:
    y, v, trial = stack(values)
    y = y * signs[:, trial]
    many = pool_many(y, np.broadcast_to(v, y.shape), method=method, test=test, level=level, executor=executor)
    return np.stack([many.estimate, many.p], axis=-1)


def _multilevel(pools: Sequence[Pool], rows: Rows, signs: Floats, dependence: str, test: str) -> Floats:
    y = np.full((len(pools), len(rows.yi)), np.nan)
    for at, pool in enumerate(pools):
        y[at, pool.values.rows] = pool.values.yi
    present = ~np.isnan(y).all(axis=0)
    trial = rows.trial[present]
    reaches = int(trial.max()) + 1
    wide = np.ones((len(signs), max(reaches, signs.shape[1])))
    wide[:, : signs.shape[1]] = signs
    flipped = (y[:, present] * wide[:, None, trial]).reshape(-1, len(trial))
    rho = None if dependence == "three-level" else np.tile([pool.model.rho for pool in pools], len(signs))
    v = np.broadcast_to(rows.vi[present], flipped.shape)
    many = pool_multilevel_many(flipped, v, trial.tolist(), rho=rho, test="z" if test == "z" else "t")
    p = many.p
    if dependence == "che":
        p = np.where(np.isnan(many.robust.se), p, many.robust.p)
    return np.stack([many.estimate, p], axis=-1).reshape(len(signs), len(pools), 2)


def _compared(found: Floats, untested: int, trials: int, exact: bool) -> NullTest:
    estimate, p = found[..., 0], found[..., 1]
    z = np.sign(estimate) * -ndtri(np.maximum(p, 1e-300) / 2)
    statistics = {
        "median": np.nanmedian(estimate, axis=1),
        "share": np.maximum(
            ((p < ALPHA) & (estimate > 0)).mean(axis=1), ((p < ALPHA) & (estimate < 0)).mean(axis=1)
        ),
        "stouffer": np.nansum(z, axis=1) / np.sqrt(np.isfinite(z).sum(axis=1)),
    }
    size = {name: np.abs(values) for name, values in statistics.items()}
    more = {name: float((one >= one[0] * (1 - TIE) - TIE).mean()) for name, one in size.items()}
    return NullTest(
        specifications=found.shape[1], untested=untested, trials=trials, draws=len(found), exact=exact,
        expected_share=float(np.median(statistics["share"][1:])),
        **{name: float(values[0]) for name, values in statistics.items()},
        **{f"{name}_p": value for name, value in more.items()},
    )  # fmt: skip
