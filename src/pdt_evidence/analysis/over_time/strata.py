"""`model_strata`: every stratum of a table in one model, where `synthesize` pools each by itself.

A trial that measured depression and anxiety, after treatment and a year later, is four rows of the same persons.
Here its strata keep the covariance of their sampling errors, and that of the true effects is estimated, so that a
stratum with few trials borrows from the others, and the difference of two strata has an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.analysis.pooled.multivariate import METHODS, TESTS, Multivariate, pool_multivariate
from pdt_evidence.analysis.pooled.rows_to_pool import about_counts, rows_to_pool
from pdt_evidence.analysis.pooled.strata import strata_of
from pdt_evidence.analysis.pooled.usual_strata import with_strata
from pdt_evidence.arguments import given_columns
from pdt_evidence.effects.arrays import codes_of, joint_codes, numbers_in
from pdt_evidence.effects.clock import CLOCKS, on_clock
from pdt_evidence.effects.columns import Columns
from pdt_evidence.effects.shared_arms import Covariances
from pdt_evidence.effects.standing import EVENTS, scores_before_events
from pdt_evidence.errors import EvidenceError, RequestError, known_options
from pdt_evidence.evidence.frames import as_pandas, with_numbers
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.models.multivariate import STRUCTURES
from pdt_evidence.options import LEVEL, RHO, Choice, check_options

__all__ = ["model_strata"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
ROWS_SHOWN = 8


@known_options
def model_strata(
    table: Any,
    *,
    by: str | Sequence[str] | None = None,
    measure: str | None = None,
    struct: str = "CS",
    method: str = "REML",
    test: str = "t",
    level: float = 0.95,
    rho: float = 0.6,
    rho_outcomes: float | None = None,
    phi: float | None = None,
    events: str = "fallback",
    clock: str = "end",
) -> Multivariate:
    """Pool all strata of a table in one model: outcome by follow-up, of trials that report several.

    Parameters
    ----------
    table, by, measure, events, clock
        As in `synthesize`. Rows of one trial in one stratum become their mean.
    struct, method, test, level
        As in `pool_multivariate`. "CS" takes one variance and one correlation for all strata; "UN" a variance for
        each and a correlation for each pair, which takes many trials with both.
    rho : float
        Correlation of the sampling errors of two rows of the same arms. Rows that share one arm keep what that arm
        adds to both, as `covariance_blocks` has it.
    rho_outcomes : float, optional
        Between rows of two outcomes; `rho` without it.
    phi : float, optional
        Correlations fall by it a month between two measurements (`months_since_end`). Without it time does not count.

    Returns
    -------
    Multivariate
        `coefficients` has a line a stratum, named by its words ("depression, post"), in the order of `synthesize`;
        `contrast("depression, post", "depression, 6m")` is the difference of two. `k` counts values, one a trial and
        stratum.

    Raises
    ------
    EvidenceError
        As `synthesize` and `pool_multivariate`; with `phi` for rows without `months_since_end`, all at once.
    RequestError
        For an unknown option, `rho_outcomes` where no column is `outcome`.

    Warns
    -----
    EvidenceWarning
        As `synthesize`.

    References
    ----------
    .. [1] Jackson D, White IR, Thompson SG. Statistics in Medicine 29 (2010) 1282. doi:10.1002/sim.3602

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> rows = pdt.trials(comparison="pdt_vs_control", outcome=["depression", "anxiety"], follow_up="post")
    >>> fit = pdt.model_strata(rows[rows["yi"].notna()])
    >>> fit.coefficients["k"].to_dict()
    {'depression, post': 17, 'anxiety, post': 11}
    """
    check_options(
        struct=(struct, Choice(STRUCTURES)),
        method=(method, Choice(METHODS)),
        test=(test, Choice(TESTS)),
        level=(level, LEVEL),
        rho=(rho, RHO),
        events=(events, Choice(EVENTS)),
        clock=(clock, Choice(CLOCKS)),
    )
    also = {"rho_outcomes": rho_outcomes, "phi": phi}
    check_options(**{name: (r, RHO) for name, r in also.items() if r is not None})
    table = as_pandas(table)
    given = given_columns(table)
    table, by = with_strata(as_read(table), by)
    rows, aside = scores_before_events(_rows(table, by, measure, clock, given), events, by)
    rows = rows.reset_index(drop=True)
    values, V, strata, trials = _one_each(rows, by, _covariance(rows, rho, rho_outcomes, phi))
    fit = pool_multivariate(values, V, strata, trials, struct=struct, method=method, test=test, level=level)
    return replace(fit, notes=(*fit.notes, *about_counts(len(aside), events)))


def _rows(
    table: pd.DataFrame, by: tuple[str, ...], measure: str | None, clock: str, given: list[str]
) -> pd.DataFrame:
    """The rows that give an effect."""
    if clock != "end" and "follow_up" not in by:
        raise RequestError(f"clock = {clock!r}, but by = {by!r} has no 'follow_up' for it. Add it to by.")
    return rows_to_pool(table if clock == "end" else on_clock(table, clock), by, measure, given)[0]


def _covariance(rows: pd.DataFrame, rho: float, rho_outcomes: float | None, phi: float | None) -> Array:
    """Of the sampling errors of all rows, 0 between trials."""
    covariances = Covariances(Columns.of(rows))
    V = covariances.blocks(rho).dense()
    factor = np.ones_like(V)
    if rho_outcomes is not None:
        if "outcome" not in rows.columns:
            raise RequestError("rho_outcomes needs a column 'outcome', which the table does not have.")
        outcome = codes_of(rows["outcome"])
        V = np.where(outcome[:, None] == outcome, V, covariances.blocks(rho_outcomes).dense())
    if phi is not None:
        months = numbers_in(with_numbers(rows, "months_since_end"), "months_since_end")
        if (undated := np.isnan(months)).any():
            names = rows.loc[undated, "row_id"].astype(str).tolist()
            more = f" and {len(names) - ROWS_SHOWN} more" if len(names) > ROWS_SHOWN else ""
            raise EvidenceError(
                f"phi needs months_since_end in each row; it is missing in {', '.join(names[:ROWS_SHOWN])}{more}. "
                "Fill it in, leave these rows out, or leave phi out."
            )
        factor *= phi ** np.abs(months[:, None] - months)
    return np.where(np.eye(len(V), dtype=bool), V, V * factor)


def _one_each(rows: pd.DataFrame, by: tuple[str, ...], V: Array) -> tuple[Array, Array, list[str], list[int]]:
    """The mean of each trial in each stratum, their covariance, and the stratum and trial of each."""
    trial = codes_of(rows["trial_id"])
    names = {at: ", ".join(key) for key, own in strata_of(rows, by) for at in own}
    stratum = codes_of(pd.Series([names[at] for at in range(len(rows))]))
    order = {name: place for place, name in enumerate(dict.fromkeys(names.values()))}
    cell = joint_codes([trial, stratum])
    first = np.array([np.flatnonzero(cell == one)[0] for one in range(int(cell.max()) + 1)])
    first = first[np.argsort([order[names[int(at)]] for at in first], kind="stable")]
    mean = (cell[first][:, None] == cell).astype(float)
    mean /= mean.sum(axis=1, keepdims=True)
    return (
        mean @ rows["yi"].to_numpy(dtype=float),
        mean @ V @ mean.T,
        [names[int(at)] for at in first],
        trial[first].tolist(),
    )
