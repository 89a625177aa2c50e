"""From what is pooled, checked, to the results of a batch of fits: one `PooledEffect` a meta-analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pdt_evidence.analysis.checks import checked_studies, per_study, read_only
from pdt_evidence.models.pool import Options, PooledArrays
from pdt_evidence.options import MEASURE, check_options
from pdt_evidence.results import Note, PooledEffect

__all__ = ["results_of", "studies_of"]

_NUMBERS = (
    "estimate",
    "se",
    "statistic",
    "df",
    "p",
    "log_p",
    "tau2",
    "tau2_se",
    "I2",
    "H2",
    "I2_Q",
    "H2_Q",
    "Q",
    "Q_p",
    "log_likelihood",
)
_INTERVALS = ("ci", "pi", "tau2_ci", "I2_ci", "H2_ci")


def studies_of(
    yi: ArrayLike,
    vi: ArrayLike,
    labels: Sequence[object] | None,
    measure: str,
    stratum: Mapping[str, str] | None,
    row_ids: Sequence[str] | None,
    columns: Mapping[str, Sequence[Any]] | None,
) -> dict[str, Any]:
    """What is pooled, as fields of a result."""
    check_options(measure=(measure, MEASURE))
    y, v, names = checked_studies(yi, vi, labels)
    kept, ids = per_study(len(names), columns, row_ids)
    return {
        "yi": read_only(y),
        "vi": read_only(v),
        "labels": names,
        "measure": measure,
        "stratum": dict(stratum or {}),
        "row_ids": ids,
        "columns": kept,
    }


def results_of(
    studies: Sequence[Mapping[str, Any]], many: PooledArrays, options: Options
) -> list[PooledEffect]:
    """A result of each meta-analysis of a batch."""
    found: dict[str, list[Any]] = {name: getattr(many, name).tolist() for name in _NUMBERS}
    found |= {name: [tuple(ends) for ends in getattr(many, name).tolist()] for name in _INTERVALS}
    rules = {
        name: getattr(options, name) for name in ("method", "test", "level", "pi_rule", "tau2_ci_method")
    }
    made: list[PooledEffect] = []
    for at, one in enumerate(studies):
        values: dict[str, Any] = {name: numbers[at] for name, numbers in found.items()}
        k = one["yi"].size
        notes, weights = tuple(_notes(options, k, values)), read_only(many.weights[at, :k])
        made.append(PooledEffect(**one, **rules, **values, k=k, Q_df=k - 1, weights=weights, notes=notes))
    return made


def _notes(options: Options, k: int, values: Mapping[str, Any]) -> Iterator[Note]:
    """What a reader must know about the numbers, one sentence each."""
    if k == 1:
        yield Note(
            "one-study",
            "One study: its own estimate and Wald interval; what lies between studies cannot be known.",
        )
        return
    if options.method == "EE":
        yield Note(
            "equal-effects",
            "Method EE assumes one true effect: tau2 is 0, and there is nothing to predict beyond the estimate.",
        )
    elif options.pi_rule == "bootstrap":
        yield Note(
            "bootstrap-prediction",
            "The bootstrap prediction interval has rules of its own (DerSimonian-Laird, Hartung-Knapp), whatever "
            "method and test are; it need not contain the confidence interval.",
        )
    elif k == 2 and options.pi_rule == "HTS-t(k-2)":
        yield Note("prediction-needs-three", "With two studies no prediction interval can be computed.")
    if options.tau2_ci_method in ("q-profile", "generalised-q") and values["tau2_ci"][1] == 0:
        yield Note(
            "empty-tau2-interval",
            f"The {options.tau2_ci_method} interval of tau2 is empty, as the studies agree more than "
            "chance would have it; both bounds are given as 0.",
        )
    if options.test == "knha" and np.isnan(values["se"]):
        yield Note(
            "identical-effects",
            "The effects are identical, so the Knapp-Hartung standard error would be 0: there is nothing to judge the "
            "mean by, and no interval and no test (test 'adhoc' or 'z' has them).",
        )
    elif options.test == "knha" and values["Q"] < k - 1 and values["tau2"] == 0:
        yield Note(
            "narrower-than-wald",
            f"The Knapp-Hartung variance factor is {values['H2_Q']:.3g}, below 1: the standard error is "
            "smaller than the Wald one.",
        )
