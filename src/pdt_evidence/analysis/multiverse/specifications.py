"""The grid: which combinations of choices are specifications, which coincide, and which there cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import isnan, nan
from typing import Any, NamedTuple

from pdt_evidence.analysis.multiverse.adjustments import ADJUSTMENTS
from pdt_evidence.analysis.synthesis import DEPENDENCE, MULTILEVEL_TESTS, test_done
from pdt_evidence.effects.per_trial import AGGREGATES
from pdt_evidence.effects.standing import EVENTS
from pdt_evidence.errors import RequestError
from pdt_evidence.models.estimators import METHODS
from pdt_evidence.models.inference import TESTS
from pdt_evidence.options import RHO, Choice

__all__ = ["BASES", "Model", "model_grid", "options_of"]

BASES = (*EVENTS, "only")  # "only": nothing but counts of persons
KINDS: Mapping[str, Any] = {
    "events": Choice(BASES),
    "dependence": Choice(DEPENDENCE),
    "aggregate": Choice(AGGREGATES),
    "rho": RHO,
    "method": Choice(METHODS),
    "test": Choice(TESTS),
    "bias": Choice(tuple(ADJUSTMENTS)),
}


class Model(NamedTuple):
    """What is done with rows once they are chosen; "" and NaN where a choice does not arise."""

    events: str
    dependence: str
    aggregate: str
    rho: float
    method: str
    test: str
    bias: str


def options_of(given: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The options of each choice as a tuple, each once, all of them checked.

    Raises
    ------
    RequestError
        With every option that is not known, and every choice without one.
    """
    listed = {name: _listed(options) for name, options in given.items()}
    problems: dict[str, None] = {}  # each once
    for name, options in listed.items():
        if not options:
            problems[f"{name} has no option. Give at least one."] = None
        faults = (KINDS[name].fault(name, option) for option in options)
        problems |= dict.fromkeys(fault for fault in faults if fault)
    if problems:
        raise RequestError.from_problems(list(problems))
    return {name: tuple(dict.fromkeys(options)) for name, options in listed.items()}


def _listed(options: Any) -> list[Any]:
    """The options of one choice, whatever they are; what is no list is one option."""
    if isinstance(options, str):
        return [options]
    try:
        return list(options)
    except TypeError:
        return [options]


def model_grid(
    options: Mapping[str, Sequence[Any]], measure: str
) -> tuple[list[Model], list[dict[str, Any]], int]:
    """The models of the grid; the combinations that there cannot be, with the reason; how many coincide."""
    models: dict[tuple[Any, ...], Model] = {}
    invalid, merged = [], 0
    for combination in product(*(options[name] for name in Model._fields)):
        asked = Model(*combination)
        reason = _fault(asked)
        if reason:
            invalid.append(asked._asdict() | {"reason": reason})
            continue
        model = _settled(asked, measure)
        merged += _key(model) in models
        models.setdefault(_key(model), model)
    return list(models.values()), invalid, merged


def _key(model: Model) -> tuple[Any, ...]:
    """Equal for models that come to the same: NaN is not equal to itself, and some take clusters of any model."""
    if model.dependence in MULTILEVEL_TESTS and ADJUSTMENTS[model.bias].clusters_only:
        model = model._replace(dependence="clusters")
    return tuple(None if isinstance(one, float) and isnan(one) else one for one in model)


def _fault(asked: Model) -> str:
    """Why there is no such model; "" where there is."""
    tests = MULTILEVEL_TESTS.get(asked.dependence)
    if tests and asked.method != "REML":
        return f"{asked.dependence} models are fitted by REML only"
    if tests and asked.test not in tests:
        words = " or ".join(repr(test) for test in tests)
        return f"{asked.dependence} models have no test {asked.test!r}; give {words}"
    adjustment = ADJUSTMENTS[asked.bias]
    if tests and not adjustment.clustered:
        return f"{asked.bias} takes one value a trial, and {asked.dependence} models have several"
    if adjustment.tests and not tests and asked.test not in adjustment.tests:
        return f"{asked.bias} has no test {asked.test!r}"
    if adjustment.method and asked.method != adjustment.method:
        return f"{asked.bias} has an estimator of its own ({adjustment.method})"
    return ""


def _settled(asked: Model, measure: str) -> Model:
    """With what is really done in the place of what was asked for, and nothing where a choice does not arise."""
    adjustment, test = ADJUSTMENTS[asked.bias], asked.test
    by_row = asked.dependence in MULTILEVEL_TESTS
    if by_row:
        own = adjustment.clusters_only or ("CR2" if asked.bias != "none" else "")
        test = own or test_done(asked.dependence, test)
    elif adjustment.own_test:
        test = adjustment.own_test
    return asked._replace(
        events=asked.events if measure == "SMD" else "",
        aggregate=asked.aggregate if asked.dependence == "aggregate" else "",
        rho=nan
        if asked.dependence == "three-level" or (by_row and adjustment.clusters_only)
        else float(asked.rho),
        method=asked.method if adjustment.estimated else "",
        test=test,
    )
