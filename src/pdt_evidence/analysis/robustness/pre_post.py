"""How much a pooled change from before to after depends on the correlation of the two measurements.

Trials seldom print it, and effects in units of the SD before rest on it: what was assumed is varied, what a trial
reports stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import pandas as pd

from pdt_evidence.analysis.pooled.usual_strata import named_strata, usual_strata
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import RequestError, known_options, unheard
from pdt_evidence.evidence.frames import as_pandas
from pdt_evidence.evidence.own_tables import as_read
from pdt_evidence.models.estimators import METHODS
from pdt_evidence.models.inference import TESTS
from pdt_evidence.options import LEVEL, RHO, Choice, Number, check_options

__all__ = ["R_GRID", "pre_post_sensitivity"]

R_GRID = tuple(step / 10 for step in range(10))  # 0 to 0.9
R = Number(low=-1, high=1, expected="a correlation between -1 and 1, such as 0.5")
MEASURES = ("PPC2", "SMD", "SMCC", "SMCR", "SMCRP")
WHOLE = "_all"  # where the table has no column that makes strata
NUMBERS = ("k", "estimate", "se", "df", "p", "tau2", "I2")


@known_options
def pre_post_sensitivity(
    table: Any,
    *,
    measure: str = "PPC2",
    rs: Sequence[float] = R_GRID,
    by: str | Sequence[str] | None = None,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    rho: float = 0.6,
) -> pd.DataFrame:
    """Pool effects that rest on the correlation of two measurements, under one value of it after the other.

    Parameters
    ----------
    table : DataFrame
        As `effect_sizes` takes it, with the columns of `measure`. Where the column `r` has a number, that is what
        the trial reports, and it stays.
    measure : {"PPC2", "SMD", "SMCC", "SMCR", "SMCRP"}
        As in `effect_sizes`; of "SMD" the rows that only tell changes vary.
    rs : sequence of float
        Correlations between -1 and 1 that stand in where none is reported.
    by : str or list of str, optional
        Columns that make strata; without it "outcome" and "follow_up" where the table has them, else one pool.
    method, test, level, rho
        As in `synthesize`, with its rule "aggregate" where a trial has several rows.

    Returns
    -------
    DataFrame
        One row a stratum and correlation: the columns of `by`, `r`, `assumed` (rows whose effect rests on it), `k`,
        `estimate`, `se`, `df`, `p`, `tau2`, `I2`, `ci_low`, `ci_high`.

    Raises
    ------
    EvidenceError
        As `effect_sizes` and `synthesize`.
    RequestError
        For an unknown option, no correlation, one that is not between -1 and 1, and where no effect rests on one.

    Examples
    --------
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> arms = {"mean_t": [7.9, 3.3], "sd_pre_t": [15, 3.1], "n_t": [20, 50]}
    >>> arms |= {"mean_c": [-3.4, 0.4], "sd_pre_c": [13.8, 4.1], "n_c": [20, 42]}
    >>> trials = pd.DataFrame({"study": ["A", "B"], "score": "change", "better": "higher", **arms})
    >>> found = pdt.pre_post_sensitivity(trials, rs=[0.3, 0.7], test="z")
    >>> found[["r", "assumed", "ci_low", "ci_high"]].round(2).values.tolist()
    [[0.3, 2.0, 0.38, 1.21], [0.7, 2.0, 0.51, 1.07]]
    """
    values = list(rs)
    check_options(
        measure=(measure, Choice(MEASURES)),
        method=(method, Choice(METHODS)),
        test=(test, Choice(TESTS)),
        level=(level, LEVEL),
        rho=(rho, RHO),
        **{f"rs[{place}]": (r, R) for place, r in enumerate(values)},
    )
    if not values:
        raise RequestError("rs is empty: give one or more correlations, such as [0.3, 0.5, 0.7].")
    rows = as_read(as_pandas(table))
    strata = usual_strata(rows) if by is None else named_strata(rows, by)
    rows = rows if strata else rows.assign(**{WHOLE: ""})
    settings = {"by": strata or (WHOLE,), "method": method, "test": test, "level": level, "rho": rho}
    found: list[dict[str, Any]] = []
    for place, r in enumerate(values):
        with unheard() if place else nullcontext():  # the first one has said it
            found += _pools(rows, measure, float(r), settings)
    if not any(row["assumed"] for row in found):
        raise RequestError(
            "No effect of the table rests on an assumed correlation: each has its own in column 'r', or is made of "
            "other numbers. There is nothing to vary."
        )
    ordered = pd.DataFrame(found)
    return ordered.sort_values("_stratum", kind="stable", ignore_index=True).drop(
        columns=["_stratum", *([] if strata else [WHOLE])]
    )


def _pools(rows: pd.DataFrame, measure: str, r: float, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Every stratum, with `r` wherever the table has none."""
    column = rows["r"] if "r" in rows.columns else pd.Series(np.nan, index=rows.index)
    missing = column.isna() | column.astype(str).str.strip().eq("")
    effects = effect_sizes(rows.assign(r=column.where(~missing, r)), measure)
    rests = (
        effects["yi"].notna() & missing.to_numpy() & effects["yi_basis"].str.contains("; r = ", regex=False)
    )
    by = settings["by"]
    words = list(map(tuple, effects.loc[rests, list(by)].astype(str).to_numpy().tolist()))
    return [
        dict(zip(by, key, strict=True))
        | {"r": r, "assumed": words.count(tuple(map(str, key)))}
        | {name: getattr(fit, name) for name in NUMBERS}
        | {"ci_low": fit.ci[0], "ci_high": fit.ci[1], "_stratum": place}
        for place, (key, fit) in enumerate(synthesize(effects, **settings).items())
    ]
