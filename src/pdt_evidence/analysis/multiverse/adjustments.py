"""The methods against publication bias that a multiverse can choose from: one more row here is one more option."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pdt_evidence.analysis.bias.asymmetry import trim_and_fill
from pdt_evidence.analysis.bias.limits import limit_meta, p_uniform
from pdt_evidence.analysis.bias.pet_peese import pet_peese
from pdt_evidence.analysis.bias.records import Adjusted
from pdt_evidence.analysis.bias.selection import selection_model
from pdt_evidence.analysis.bias.selection_records import SelectionModel
from pdt_evidence.analysis.bias.sensitivity import publication_sensitivity
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
    own_test: str = ""  # the only one that it has, which none can choose; "": see `tests`
    estimated: bool = True  # whether the estimator of tau2 can be chosen
    clusters_only: str = ""  # its test under dependence, where it takes clusters whatever their model


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


def _selection(fit: PooledEffect, direction: str | None, **options: Any) -> Adjusted:
    return _of_selection(selection_model(fit, direction=direction, **options))


def _of_selection(found: SelectionModel) -> Adjusted:
    return Adjusted(
        method="selection model", estimate=found.estimate, se=found.se, p=found.p, ci=found.ci, k=found.k,
        tau2=found.tau2, why=found.why,
    )  # fmt: skip


def _p_uniform(fit: PooledEffect, direction: str | None) -> Adjusted:
    return p_uniform(fit, direction=direction)


def _limit(fit: PooledEffect, _direction: str | None) -> Adjusted:
    return limit_meta(fit)


def _worst_case(fit: PooledEffect, direction: str | None) -> Adjusted:
    return publication_sensitivity(fit, direction=direction).worst_case


def _trim_and_fill(fit: PooledEffect, direction: str | None) -> Adjusted:
    """Studies are missing from the side that selection does not favour."""
    side = {"positive": "left", "negative": "right", None: None}[direction]
    filled = trim_and_fill(fit, side=side)
    return Adjusted(
        method="trim-and-fill",
        estimate=filled.estimate,
        se=filled.se,
        ci=filled.ci,
        k=fit.k + filled.k0,
        tau2=filled.tau2,
        why=filled.why,
    )


LIKELIHOOD: Mapping[str, Any] = {
    "clustered": True, "own_test": "LR", "estimated": False, "clusters_only": "sandwich"
}  # fmt: skip
ADJUSTMENTS: Mapping[str, Adjustment] = {
    "none": Adjustment(estimate=_unadjusted, clustered=True),
    "pet-peese": Adjustment(estimate=_pet_peese, clustered=True, method="REML", tests=REGRESSION_TESTS),
    "pet-peese-wls": Adjustment(estimate=_pet_peese_wls, own_test="t", estimated=False),
    "uwls": Adjustment(estimate=_uwls, own_test="t", estimated=False),
    "waap-wls": Adjustment(estimate=_waap, own_test="t", estimated=False),
    "trim-and-fill": Adjustment(estimate=_trim_and_fill),
    "selection": Adjustment(estimate=_selection, **LIKELIHOOD),
    "selection-2-steps": Adjustment(estimate=partial(_selection, steps=(0.025, 0.5)), **LIKELIHOOD),
    "selection-beta": Adjustment(estimate=partial(_selection, kind="beta"), **LIKELIHOOD),
    "p-uniform*": Adjustment(estimate=_p_uniform, own_test="LR", estimated=False),
    "limit": Adjustment(estimate=_limit, own_test="z"),
    "worst-case": Adjustment(
        estimate=_worst_case, clustered=True, own_test="robust", estimated=False, clusters_only="robust"
    ),
}
