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

from pdt_evidence.effects.arrays import Array, codes_of, joint_codes
from pdt_evidence.effects.columns import Columns
from pdt_evidence.effects.dependence import (
    Blocks,
    Clusters,
    constant_correlation,
    correlated,
    positive_definite,
)
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
    return Covariances(Columns.of(table), cluster).blocks(rho)


class Covariances:
    """The rows of a table as `covariance_blocks` takes them: what does not depend on `rho` is worked out once.

    Parameters
    ----------
    columns : Columns
        Of rows that all have `yi` and `vi`.
    cluster : str
        Column that names the trial.
    trials : Clusters, optional
        Of that column, where they are known already.
    """

    def __init__(self, columns: Columns, cluster: str = "trial_id", trials: Clusters | None = None) -> None:
        _require(columns, ("yi", "vi", cluster))
        self._columns, self._cluster = columns, cluster
        self._trials = Clusters.of(columns[cluster]) if trials is None else trials
        self._known: dict[float, Blocks] = {}

    @cached_property
    def arms(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """As `arm_keys`."""
        return self._told[:2]

    @cached_property
    def _told(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        return _arms(self._columns, self._cluster)

    @cached_property
    def _vi(self) -> Array:
        return self._columns.numbers("vi")

    @cached_property
    def _measurement(self) -> NDArray[np.intp]:
        return self._columns.codes(SAME_MEASUREMENT)

    @cached_property
    def _parts(self) -> _Parts:
        return _arm_parts(self._columns, self._vi)

    def blocks(self, rho: float) -> Blocks:
        """The covariance for one correlation."""
        if rho not in self._known:
            self._known[rho] = self._blocks(rho)
        return self._known[rho]

    def _blocks(self, rho: float) -> Blocks:
        trials = self._trials
        if not len(trials.rows) or TELLING.isdisjoint(self._columns):
            return constant_correlation(self._vi, self._columns[self._cluster], rho)
        if not self._known and self._told[2].any():
            _say_unclear(self._columns, self._told[2], self._cluster)
        groups = trials.by_size()
        own, blocks = self._covariance(*_pairs([rows for _, rows in groups]), rho), []
        replaced: list[int] = []
        indefinite: list[int] = []
        for places, rows in groups:
            size = rows.size * rows.shape[1]
            block, own = own[:size].reshape(*rows.shape, -1), own[size:]
            bad = np.flatnonzero(~positive_definite(block))
            if len(bad):
                block[bad] = correlated(self._vi[rows[bad]], rho)
                replaced += places[bad].tolist()
                indefinite += places[bad[~positive_definite(block[bad])]].tolist()
            blocks.append((places, rows, block))
        return Blocks(
            clusters=trials.labels,
            groups=tuple(blocks),
            k=len(trials.rows),
            replaced=tuple(trials.labels[place] for place in replaced),
            indefinite=tuple(trials.labels[place] for place in indefinite),
        )

    def _covariance(self, left: NDArray[np.intp], right: NDArray[np.intp], rho: float) -> Array:
        """Of pairs of rows of one trial; `left` and `right` are places of rows."""
        (arm_t, arm_c), vi, parts = self.arms, self._vi, self._parts
        sides = [
            (arm_t[left] == arm_t[right], np.sqrt(parts.of_t[left] * parts.of_t[right]), 1.0),
            (arm_c[left] == arm_c[right], np.sqrt(parts.of_c[left] * parts.of_c[right]), 1.0),
            (arm_t[left] == arm_c[right], np.sqrt(parts.of_t[left] * parts.of_c[right]), -1.0),
            (arm_c[left] == arm_t[right], np.sqrt(parts.of_c[left] * parts.of_t[right]), -1.0),
        ]
        shared_part = sum(np.where(shared, part, 0.0) for shared, part, _ in sides)
        signed_part = sum(np.where(shared, sign * part, 0.0) for shared, part, sign in sides)
        n = 1 / parts.of_t + 1 / parts.of_c  # persons of a row; meant only where `smd` is not 0
        with np.errstate(divide="ignore", invalid="ignore"):
            n_total = n[left] + n[right] - 1 / shared_part
            spread = parts.smd[left] * parts.smd[right] / (2 * n_total)
        one_arm = np.where(shared_part > 0, signed_part + np.where(np.isfinite(spread), spread, 0.0), 0.0)
        covariance = np.where(self._measurement[left] == self._measurement[right], 1.0, rho) * one_arm
        both = rho * np.sqrt(vi[left] * vi[right])
        covariance = np.where(sides[0][0] & sides[1][0], both, covariance)
        covariance = np.where(sides[2][0] & sides[3][0], -both, covariance)
        return np.where(left == right, vi[left], covariance)


class _Parts(NamedTuple):
    """What each arm adds to the variance of its row, and the SMDs whose denominator is estimated too."""

    of_t: Array
    of_c: Array
    smd: Array  # g where it was computed from means, else 0


def _pairs(groups: Sequence[NDArray[np.intp]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Every two rows of a cluster, and each row with itself, group by group: of rows (m, s), m s s pairs."""
    left = [np.repeat(rows.ravel(), rows.shape[1]) for rows in groups]
    right = [np.repeat(rows, rows.shape[1], axis=0).ravel() for rows in groups]
    return np.concatenate(left), np.concatenate(right)


def _arm_parts(columns: Columns, vi: Array) -> _Parts:
    """Split each variance by arm: 1/n for an SMD from means, else in proportion to what the arms tell."""
    n_t, n_c = columns.numbers("n_t"), columns.numbers("n_c")
    basis, measure = columns.words("yi_basis"), columns.words("measure")
    from_means, smd = np.logical_or.reduce([basis == word for word in OF_MEANS]), measure == "SMD"
    of_means = from_means & smd & ~np.isnan(n_t + n_c)
    raw_t, raw_c = 1 / n_t, 1 / n_c
    for takes, parts in ((from_means & ~smd, _mean_parts), (basis == "events", _event_parts)):
        if takes.any():
            more_t, more_c = parts(columns, measure)
            raw_t, raw_c = np.where(takes, more_t, raw_t), np.where(takes, more_c, raw_c)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = raw_t / (raw_t + raw_c)
    share = np.where(np.isfinite(share), share, 0.5)  # nothing known of the arms: half each
    yi = columns.numbers("yi")
    return _Parts(
        np.where(of_means, 1 / n_t, vi * share),
        np.where(of_means, 1 / n_c, vi * (1 - share)),
        np.where(of_means, yi, 0.0),
    )


def _mean_parts(columns: Columns, measure: NDArray[np.object_]) -> tuple[Array, Array]:
    parts = []
    for arm in ("t", "c"):
        mean = np.where(measure == "ROM", columns.numbers(f"mean_{arm}"), 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append((columns.numbers(f"sd_{arm}") / mean) ** 2 / columns.numbers(f"n_{arm}"))
    return parts[0], parts[1]


def _event_parts(columns: Columns, measure: NDArray[np.object_]) -> tuple[Array, Array]:
    a, b, c, d = cells(*(columns.numbers(name) for name in ("event_t", "n_t", "event_c", "n_c")))
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
    return _arms(Columns.of(table), cluster)[:2]


def _arms(columns: Columns, cluster: str) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """The numbers of `arm_keys`, and the rows of which it is unclear whether they have an arm in common."""
    trial = codes_of(columns[cluster])
    names = _arm_names(columns)
    open_rows = np.zeros(columns.rows, dtype=bool)
    if any((name == "").any() for name in names):
        numbers = [_arm_numbers(columns, side) for side in "tc"]
        same = (trial, columns.codes(SAME_MEASUREMENT))
        for own, other in ((0, 1), (1, 0)):
            against = _filled_in(names[other], trial)
            told = tell_apart(names[own], against, (numbers[own], numbers[other]), same)
            names[own], open_rows = told.names, open_rows | told.unclear
        names = [_filled_in(name, trial) for name in names]
    unnamed = names[0] == names[1]
    sides = np.concatenate(
        [np.where(unnamed | (name == ""), place, 0) for place, name in enumerate(names, start=1)]
    )
    words = codes_of(np.concatenate(names))
    codes = joint_codes([np.tile(trial, 2), words, sides])
    return codes[: columns.rows], codes[columns.rows :], open_rows


def _arm_names(columns: Columns) -> list[NDArray[np.object_]]:
    """Of arm 1 and of arm 2, as they are typed, whatever their capitals and blanks: "Waitlist" is "waitlist "."""
    words = np.concatenate([columns.words(f"arm_{name}") for name in ("t", "c", "t_label", "c_label")])
    plain = {word: " ".join(str(word).split()).casefold() for word in set(words.tolist())}
    *classes, label_t, label_c = np.array([plain[word] for word in words.tolist()], dtype=object).reshape(
        4, -1
    )
    return [np.where(label == "", own, label) for own, label in zip(classes, (label_t, label_c), strict=True)]


def _filled_in(name: NDArray[np.object_], trial: NDArray[np.intp]) -> NDArray[np.object_]:
    """The names of one side's arms, a blank one taken for the only name that its trial has on that side."""
    blank = name == ""
    if not blank.any():
        return name
    words = codes_of(name)
    named, first = np.unique(np.column_stack([trial, words])[~blank], axis=0, return_index=True)
    count = np.bincount(named[:, 0], minlength=trial.max() + 1)
    only = np.full(trial.max() + 1, "", dtype=object)
    only[named[:, 0]] = name[~blank][first]
    return np.where(blank & (count[trial] == 1), only[trial], name)


def _arm_numbers(columns: Columns, side: str) -> Array:
    return np.column_stack([columns.numbers(f"{number}_{side}") for number in ARM_NUMBERS])


def _say_unclear(columns: Columns, unclear: NDArray[np.bool_], cluster: str) -> None:
    names = columns["trial_id" if "trial_id" in columns else cluster]
    trials = list(dict.fromkeys(map(str, names[unclear].tolist())))
    named = ", ".join(trials[:5]) + (f" and {len(trials) - 5} more" if len(trials) > 5 else "")
    warn(
        f"Trial {named}: rows of one measurement name the same arm on one side and none on the other, and no number"
        " says whether they compare several arms with it or the same two. Their covariance is a guess until both arms"
        " are named: arm_t_label and arm_c_label."
    )


def _require(columns: Columns, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in columns]
    if missing:
        listed = ", ".join(map(str, columns))
        raise SchemaError.from_problems(
            [f"column {name!r} is missing; the table has {listed}." for name in missing]
        )
    for name in names:
        empty = np.flatnonzero(pd.isna(columns[name]))
        if len(empty):
            problems = [f"row {at}, column {name!r}: expected a value, found none." for at in empty.tolist()]
            raise EvidenceError.from_problems(problems)
