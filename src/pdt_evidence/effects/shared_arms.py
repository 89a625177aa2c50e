"""Which rows of a trial share an arm, and the covariance that follows.

Two rows share an arm where `trial_id`, the arm's word (`arm_t`, `arm_c`) and its label (`arm_t_label`,
`arm_c_label`, which tells two arms of one kind apart) agree. They are the same measurement where outcome,
instrument, rating, score and time agree. An arm that is not named is known by its numbers where they tell it apart
(`unnamed_arms`); where no arm is named and no number tells, all rows of a trial are taken to compare the same two arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, codes_of, joint_codes, numbers_in, words_in
from pdt_evidence.effects.dependence import Blocks, constant_correlation, positive_definite
from pdt_evidence.effects.ratios import cells
from pdt_evidence.effects.unnamed_arms import ARM_NUMBERS, tell_apart
from pdt_evidence.errors import EvidenceError, SchemaError, warn
from pdt_evidence.options import RHO, check_options

__all__ = ["Covariances", "arm_keys", "covariance_blocks"]

ARMS = {"arm_t", "arm_c", "arm_t_label", "arm_c_label"}  # columns that name the arms of a row
TELLING = ARMS | {f"{number}_{side}" for number in ARM_NUMBERS for side in "tc"}
SAME_MEASUREMENT = (
    "outcome",
    "outcome_label",
    "instrument",
    "rating",
    "score",
    "event_label",
    "follow_up",
    "weeks",
    "months_since_end",
    "yi_basis",
)
OF_MEANS = ("means", "change")


def covariance_blocks(table: pd.DataFrame, rho: float = 0.6, *, cluster: str = "trial_id") -> Blocks:
    """Sampling covariance of the effects of each trial.

    Two rows of the same two arms correlate by `rho`: the covariance is rho sqrt(v_i v_j). Two rows that
    share one arm covary by what that arm adds to both variances (for SMDs from means with the further term of
    Gleser and Olkin, see `smd_shared_arm_covariance`; for log odds ratios the variance of the shared arm's log
    odds), times `rho` where they are not the same measurement. An arm that is arm 1 of one row and arm 2 of
    the other makes that term negative. Rows without an arm in common are independent.

    Parameters
    ----------
    table : DataFrame
        Rows of `effect_sizes`, all with `yi` and `vi`.
    rho : float
        Correlation between two measurements of the same persons, from 0 to below 1.
    cluster : str
        Column that names the trial.

    Returns
    -------
    Blocks
        `V.dense()` is the k by k matrix, `V.by_cluster()` one block a trial. Where numbers of different
        sources together give a matrix that is not positive definite, that trial gets the constant
        correlation `rho` and is listed in `replaced`.

    Raises
    ------
    SchemaError
        Without the columns `yi`, `vi` or `cluster`.
    RequestError
        With `rho` outside 0 to 1.
    """
    check_options(rho=(rho, RHO))
    return Covariances(table, cluster).blocks(rho)


class Covariances:
    """The rows of a table as `covariance_blocks` takes them: what does not depend on `rho` is read off once."""

    def __init__(self, table: pd.DataFrame, cluster: str = "trial_id") -> None:
        _require(table, ("yi", "vi", cluster))
        self._table, self._cluster = table, cluster
        self._trial, self._vi = table[cluster].to_numpy(), numbers_in(table, "vi")
        self._known: dict[float, Blocks] = {}

    @cached_property
    def arms(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """As `arm_keys`."""
        return self._told[:2]

    @cached_property
    def _told(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        return _arms(self._table, self._cluster)

    @cached_property
    def _measurement(self) -> NDArray[np.intp]:
        return _codes(self._table, SAME_MEASUREMENT)

    @cached_property
    def _parts(self) -> _Parts:
        return _arm_parts(self._table, self._vi)

    def blocks(self, rho: float) -> Blocks:
        """The covariance for one correlation."""
        if rho not in self._known:
            self._known[rho] = self._blocks(rho)
        return self._known[rho]

    def _blocks(self, rho: float) -> Blocks:
        plain = constant_correlation(self._vi, self._trial, rho)
        if not TELLING & set(self._table.columns):
            return plain
        if not self._known and self._told[2].any():
            _say_unclear(self._table, self._told[2], self._cluster)
        (arm_t, arm_c), measurement, vi = self.arms, self._measurement, self._vi
        groups, replaced = [], []
        for places, rows, constant in plain.groups:
            block = _block(arm_t[rows], arm_c[rows], measurement[rows], vi[rows], self._parts.of(rows), rho)
            sound = positive_definite(block)
            replaced += [plain.clusters[place] for place in places[~sound].tolist()]
            groups.append((places, rows, np.where(sound[:, None, None], block, constant)))
        return Blocks(clusters=plain.clusters, groups=tuple(groups), k=plain.k, replaced=tuple(replaced))


class _Parts(NamedTuple):
    """What each arm adds to the variance of its row, and the SMDs whose denominator is estimated too."""

    of_t: Array
    of_c: Array
    smd: Array  # g where it was computed from means, else 0

    def of(self, rows: NDArray[np.intp]) -> _Parts:
        return _Parts(self.of_t[rows], self.of_c[rows], self.smd[rows])


def _block(
    arm_t: NDArray[np.intp],
    arm_c: NDArray[np.intp],
    measurement: NDArray[np.intp],
    vi: Array,
    parts: _Parts,
    rho: float,
) -> Array:
    """Covariance (m, s, s) of the rows (m, s) of m trials."""

    def pairs(left: NDArray, right: NDArray) -> NDArray[np.bool_]:
        return left[:, :, None] == right[:, None, :]

    def geometric_mean(left: Array, right: Array) -> Array:
        return np.sqrt(left[:, :, None] * right[:, None, :])

    sides = [
        (pairs(arm_t, arm_t), geometric_mean(parts.of_t, parts.of_t), 1.0),
        (pairs(arm_c, arm_c), geometric_mean(parts.of_c, parts.of_c), 1.0),
        (pairs(arm_t, arm_c), geometric_mean(parts.of_t, parts.of_c), -1.0),
        (pairs(arm_c, arm_t), geometric_mean(parts.of_c, parts.of_t), -1.0),
    ]
    shared_part = sum(np.where(shared, part, 0.0) for shared, part, _ in sides)
    signed_part = sum(np.where(shared, sign * part, 0.0) for shared, part, sign in sides)
    n = 1 / parts.of_t + 1 / parts.of_c  # persons of a row; meant only where `smd` is not 0
    with np.errstate(divide="ignore", invalid="ignore"):
        n_total = n[:, :, None] + n[:, None, :] - 1 / shared_part
        spread = parts.smd[:, :, None] * parts.smd[:, None, :] / (2 * n_total)
    one_arm = np.where(shared_part > 0, signed_part + np.where(np.isfinite(spread), spread, 0.0), 0.0)
    block = np.where(pairs(measurement, measurement), 1.0, rho) * one_arm
    both = rho * geometric_mean(vi, vi)
    block = np.where(sides[0][0] & sides[1][0], both, block)
    block = np.where(sides[2][0] & sides[3][0], -both, block)
    return np.where(np.eye(vi.shape[1], dtype=bool), vi[:, :, None], block)


def _arm_parts(table: pd.DataFrame, vi: Array) -> _Parts:
    """Split each variance by arm: 1/n for an SMD from means, else in proportion to what the arms tell."""
    n_t, n_c = numbers_in(table, "n_t"), numbers_in(table, "n_c")
    basis, measure = words_in(table, "yi_basis"), words_in(table, "measure")
    of_means = np.isin(basis, OF_MEANS) & (measure == "SMD") & ~np.isnan(n_t + n_c)
    raw_t, raw_c = 1 / n_t, 1 / n_c
    for takes, (more_t, more_c) in (
        (np.isin(basis, OF_MEANS) & (measure != "SMD"), _mean_parts(table, measure)),
        (basis == "events", _event_parts(table, measure)),
    ):
        raw_t, raw_c = np.where(takes, more_t, raw_t), np.where(takes, more_c, raw_c)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = raw_t / (raw_t + raw_c)
    share = np.where(np.isfinite(share), share, 0.5)  # nothing known of the arms: half each
    yi = numbers_in(table, "yi")
    return _Parts(
        np.where(of_means, 1 / n_t, vi * share),
        np.where(of_means, 1 / n_c, vi * (1 - share)),
        np.where(of_means, yi, 0.0),
    )


def _mean_parts(table: pd.DataFrame, measure: NDArray[np.object_]) -> tuple[Array, Array]:
    parts = []
    for arm in ("t", "c"):
        mean = np.where(measure == "ROM", numbers_in(table, f"mean_{arm}"), 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append((numbers_in(table, f"sd_{arm}") / mean) ** 2 / numbers_in(table, f"n_{arm}"))
    return parts[0], parts[1]


def _event_parts(table: pd.DataFrame, measure: NDArray[np.object_]) -> tuple[Array, Array]:
    a, b, c, d = cells(*(numbers_in(table, name) for name in ("event_t", "n_t", "event_c", "n_c")))
    parts = []
    for event, free in ((a, b), (c, d)):
        with np.errstate(invalid="ignore", divide="ignore"):
            log_odds, log_risk = 1 / event + 1 / free, 1 / event - 1 / (event + free)
            risk = event * free / (event + free) ** 3
        parts.append(np.select([measure == "RR", measure == "RD"], [log_risk, risk], log_odds))
    return parts[0], parts[1]


def arm_keys(table: pd.DataFrame, cluster: str = "trial_id") -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """One number for every arm of every trial: those of arm 1 and those of arm 2 of each row.

    An arm is known by its label, and by its class (`arm_t`, `arm_c`) only where it has none: sources class the
    same arm differently, one as waitlist, one as support. A row that leaves an arm unnamed means the one that its
    numbers show (`tell_apart`), or else the one that the trial's other rows name on that side, if that is one. The
    two arms of a row are never the same.
    """
    return _arms(table, cluster)[:2]


def _arms(table: pd.DataFrame, cluster: str) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """The numbers of `arm_keys`, and the rows of which it is unclear whether they have an arm in common."""
    trial = codes_of(table[cluster])
    names = [_arm_names(table, side) for side in "tc"]
    open_rows = np.zeros(len(table), dtype=bool)
    if any((name == "").any() for name in names):
        numbers = [_arm_numbers(table, side) for side in "tc"]
        same = (trial, _codes(table, SAME_MEASUREMENT))
        for own, other in ((0, 1), (1, 0)):
            against = _filled_in(names[other], trial)
            told = tell_apart(names[own], against, (numbers[own], numbers[other]), same)
            names[own], open_rows = told.names, open_rows | told.unclear
        names = [_filled_in(name, trial) for name in names]
    unnamed = names[0] == names[1]
    sides = np.concatenate(
        [np.where(unnamed | (name == ""), place, 0) for place, name in enumerate(names, start=1)]
    )
    words = codes_of(pd.Series(np.concatenate(names), dtype=object))
    codes = joint_codes([np.tile(trial, 2), words, sides])
    return codes[: len(table)], codes[len(table) :], open_rows


def _arm_names(table: pd.DataFrame, side: str) -> NDArray[np.object_]:
    """As they are typed, whatever their capitals and blanks: "Waitlist" is "waitlist "."""
    label = _as_one(words_in(table, f"arm_{side}_label"))
    return np.where(label == "", _as_one(words_in(table, f"arm_{side}")), label)


def _as_one(words: NDArray[np.object_]) -> NDArray[np.object_]:
    plain = {word: " ".join(str(word).split()).casefold() for word in set(words)}
    return np.array([plain[word] for word in words], dtype=object)


def _filled_in(name: NDArray[np.object_], trial: NDArray[np.intp]) -> NDArray[np.object_]:
    """The names of one side's arms, a blank one taken for the only name that its trial has on that side."""
    blank = name == ""
    if not blank.any():
        return name
    words = codes_of(pd.Series(name, dtype=object))
    named, first = np.unique(np.column_stack([trial, words])[~blank], axis=0, return_index=True)
    count = np.bincount(named[:, 0], minlength=trial.max() + 1)
    only = np.full(trial.max() + 1, "", dtype=object)
    only[named[:, 0]] = name[~blank][first]
    return np.where(blank & (count[trial] == 1), only[trial], name)


def _arm_numbers(table: pd.DataFrame, side: str) -> Array:
    return np.column_stack([numbers_in(table, f"{number}_{side}") for number in ARM_NUMBERS])


def _say_unclear(table: pd.DataFrame, unclear: NDArray[np.bool_], cluster: str) -> None:
    trials = table["trial_id" if "trial_id" in table.columns else cluster][unclear].astype(str).unique()
    named = ", ".join(trials[:5]) + (f" and {len(trials) - 5} more" if len(trials) > 5 else "")
    warn(
        f"Trial {named}: rows of one measurement name the same arm on one side and none on the other, and no number"
        " says whether they compare several arms with it or the same two. Their covariance is a guess until both arms"
        " are named: arm_t_label and arm_c_label."
    )


def _require(table: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in table.columns]
    if missing:
        listed = ", ".join(str(name) for name in table.columns)
        raise SchemaError.from_problems(
            [f"column {name!r} is missing; the table has {listed}." for name in missing]
        )
    for name in columns:
        empty = np.flatnonzero(table[name].isna())
        if len(empty):
            problems = [f"row {at}, column {name!r}: expected a value, found none." for at in empty.tolist()]
            raise EvidenceError.from_problems(problems)


def _codes(table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.intp]:
    """One number for each combination of the columns that are there; missing values are alike."""
    present = [name for name in names if name in table.columns]
    if not present:
        return np.zeros(len(table), dtype=np.intp)
    return joint_codes([codes_of(table[name]) for name in present])
