"""How much a pooled estimate depends on what is done with several rows of one trial.

A trial reports several instruments, raters and comparisons with one control arm. The ways to use them, the
correlation `rho` that some of them need and no trial reports, and what becomes of counts of persons, side by side.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import product
from math import isnan, nan
from typing import Any

import pandas as pd

from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.effects.standing import EVENTS
from pdt_evidence.errors import EvidenceError, EvidenceWarning, known_options
from pdt_evidence.options import RHO, check_options
from pdt_evidence.results import PooledEffect

__all__ = ["RHO_GRID", "sensitivity"]

RHO_GRID = tuple(step / 10 for step in range(10))  # 0 to 0.9
WITHOUT_RHO = ("one-per-trial", "three-level")
WITH_RHO = ("aggregate", "che")
GLS = "aggregate, weighed"  # the rule "aggregate" with its other weights


@known_options
def sensitivity(
    table: pd.DataFrame,
    *,
    by: str | Sequence[str] = ("outcome", "follow_up"),
    rhos: Sequence[float] = RHO_GRID,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    rules: bool = False,
) -> pd.DataFrame:
    """Pool every stratum under every rule for dependent rows, and every correlation.

    Parameters
    ----------
    table : DataFrame
        As `synthesize` takes it.
    by, method, test, level
        As in `synthesize`; `method` and `test` where one value a trial is pooled, as the multilevel models
        have their own (`inference` names them).
    rhos : sequence of float
        Correlations between two measurements of the same persons, from 0 to below 1.
    rules : bool
        Whether also one value a trial weighed by the inverse of the covariance ("aggregate, weighed"), and each
        rule with counts of persons never used and always used, is shown; `events` then says which.

    Returns
    -------
    DataFrame
        One row a stratum, rule and correlation: the columns of `by`, `dependence`, `rho` (NaN for
        "one-per-trial" and "three-level", which use none), `rows` that went in, `trials`, `estimate`, `se`,
        `df`, `ci_low`, `ci_high`, `p`, `tau2` (squared units of the estimate), `inference` (the test used)
        and `constant_correlation`, the trials whose own covariance was not positive definite, so that a
        constant correlation stood in. Contrasts that share an arm keep their exact covariance under
        "aggregate" and "che".

    Raises
    ------
    EvidenceError
        As `synthesize`.
    RequestError
        Where a correlation is not from 0 to below 1.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> from pdt_evidence.analysis.robustness.dependence import sensitivity
    >>> table = sensitivity(pdt.trials(comparison="pdt_vs_cbt", outcome="depression"), rhos=[0, 0.5])
    >>> table[["dependence", "rho"]].to_numpy().tolist()
    [['one-per-trial', nan], ['three-level', nan], ['aggregate', 0.0], ['aggregate', 0.5], ['che', 0.0], ['che', 0.5]]
    """
    check_options(**{f"rhos[{place}]": (rho, RHO) for place, rho in enumerate(rhos)})
    columns = (by,) if isinstance(by, str) else tuple(by)
    with_rho = (*WITH_RHO, GLS) if rules else WITH_RHO
    runs = [(rule, nan) for rule in WITHOUT_RHO] + [(rule, rho) for rule in with_rho for rho in rhos]
    rows: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for events, (rule, rho) in product(EVENTS if rules else EVENTS[:1], runs):
        options: dict[str, Any] = {"level": level, "events": events}
        options |= {} if isnan(rho) else {"rho": rho}
        if rule not in ("three-level", "che"):
            options |= {"method": method, "test": test, "aggregate": "gls" if rule == GLS else "mean"}
        dependence = "aggregate" if rule == GLS else rule
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", EvidenceWarning
            )  # the same rows each time; `synthesize` names them
            try:
                found = synthesize(table, by=columns, dependence=dependence, **options)
            except EvidenceError:
                if events != "never":
                    raise
                continue  # no score at all
        for key, effect in found.strata.items():
            words = dict(zip(columns, key, strict=True))
            row: dict[str, object] = {**words, "dependence": rule, "rho": rho}
            row |= {"events": events} if rules else {}
            row |= _numbers(effect, table, rho)
            rows.setdefault(key, []).append(row)
    return pd.DataFrame([row for stratum in rows.values() for row in stratum])


def _numbers(effect: PooledEffect, table: pd.DataFrame, rho: float) -> dict[str, object]:
    used = {row for ids in effect.row_ids for row in ids.split("+")}
    replaced: tuple[object, ...] = ()
    if not isnan(rho) and "row_id" in table.columns:
        replaced = covariance_blocks(table[table["row_id"].isin(used)].reset_index(drop=True), rho).replaced
    return {
        "rows": len(used),
        "trials": len(set(effect.columns["trial_id"])),
        "estimate": effect.estimate,
        "se": effect.se,
        "df": effect.df,
        "ci_low": effect.ci[0],
        "ci_high": effect.ci[1],
        "p": effect.p,
        "tau2": effect.tau2,
        "inference": effect.test,
        "constant_correlation": " ".join(map(str, replaced)),
    }
