"""The methods against publication bias that a multiverse can choose from: one more row here is one more option."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pdt_evidence.analysis.bias.asymmetry import trim_and_fill
from pdt_evidence.analysis.bias.pet_peese import pet_peese
from pdt_evidence.analysis.bias.records import Adjusted
from pdt_evidence.models.inference import REGRESSION_TESTS
from pdt_evidence.results import PooledEffect

__all__ = ["ADJUSTMENTS", "Adjustment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """One method, and which of the other choices arise with it."""

    estimate: Callable[
        [PooledEffect, str | None], Adjusted
    ]  # of a fit and the direction that selection favours
    clustered: bool = False  # whether it takes several effects a trial
    method: str = ""  # the only estimator that it has; "": those of `pool`
    tests: tuple[str, ...] = ()  # that it has; (): those of `pool`
    fixed_weights: bool = False  # neither estimator nor test can be chosen


def _unadjusted(fit: PooledEffect, _direction: str | None) -> Adjusted:
    return Adjusted(
        method="none", estimate=fit.estimate, se=fit.se, df=fit.df, p=fit.p, ci=fit.ci, k=fit.k, tau2=fit.tau2
    )


def _pet_peese(fit: PooledEffect, direction: str | None) -> Adjusted:
    return pet_peese(fit, direction=direction).adjusted


def _pet_peese_wls(fit: PooledEffect, direction: str | None) -> Adjusted:
    return pet_peese(fit, model="wls", direction=direction).adjusted


def _uwls(fit: PooledEffect, direction: str | None) -> Adjusted:
    return pet_peese(fit, model="wls", direction=direction or "positive").uwls  # which asks for no direction


def _waap(fit: PooledEffect, direction: str | None) -> Adjusted:
    return pet_peese(fit, model="wls", direction=direction or "positive").waap


def _trim_and_fill(fit: PooledEffect, direction: str | None) -> Adjusted:
    """Studies are missing from the side that selection does not favour."""
    side = {"positive": "left", "negative": "right", None: None}[direction]
    if fit.k < 3:
        return Adjusted(
            method="trim-and-fill", k=fit.k, why=f"a funnel needs 3 studies, and there are {fit.k}"
        )
    filled = trim_and_fill(fit, side=side)
    return Adjusted(
        method="trim-and-fill",
        estimate=filled.estimate,
        se=filled.se,
        ci=filled.ci,
        k=fit.k + filled.k0,
        tau2=filled.tau2,
    )


ADJUSTMENTS: Mapping[str, Adjustment] = {
    "none": Adjustment(estimate=_unadjusted, clustered=True),
    "pet-peese": Adjustment(estimate=_pet_peese, clustered=True, method="REML", tests=REGRESSION_TESTS),
    "pet-peese-wls": Adjustment(estimate=_pet_peese_wls, fixed_weights=True),
    "uwls": Adjustment(estimate=_uwls, fixed_weights=True),
    "waap-wls": Adjustment(estimate=_waap, fixed_weights=True),
    "trim-and-fill": Adjustment(estimate=_trim_and_fill),
}
