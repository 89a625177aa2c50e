"""The sweep of wrong arguments, without figures and what is slow: what ends in another error can only become less."""

import dataclasses
import warnings
from collections import Counter

import numpy as np
import pytest
import sweep_arguments

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError
from pdt_evidence.showing import Brief

# Function and argument -> how many wrong values still end in another error than ours; an entry may only go.
LEFT: dict[tuple[str, str], int] = {}


QUICK = sorted({*sweep_arguments.NAMES} - {*sweep_arguments.FIGURES, *sweep_arguments.SLOW})


@pytest.mark.parametrize("name", QUICK)
def test_no_wrong_value_ends_in_an_error_of_another_library(name):
    found = list(sweep_arguments.sweep([name]))
    counts = Counter((name, argument) for name, argument, _, _ in found)
    more = {key: n for key, n in counts.items() if n > LEFT.get(key, 0)}
    assert not more, [f"{n}({a} = {said}): {error!r}"[:200] for n, a, said, error in found if (n, a) in more]


@pytest.mark.parametrize("name", sweep_arguments.FIGURES)
def test_figures_refuse_what_is_no_result(name):
    function, options = sweep_arguments.right_calls()[name]
    argument = next(iter(options))
    for said in ("None", "text", "dict", "list", "empty frame", "object", "array", "number as text"):
        with pytest.raises(EvidenceError):
            function(**{**options, argument: sweep_arguments.WRONG[said]})


def test_every_public_function_is_in_the_sweep():
    functions = {name for name in pdt.__all__ if type(getattr(pdt, name)).__name__ == "function"}
    assert set(sweep_arguments.NAMES) == functions
    assert set(sweep_arguments.FIGURES + sweep_arguments.SLOW) <= functions


def arrays(result, where=""):
    """Every array that a reader reaches from a result, and where it is."""
    if isinstance(result, np.ndarray):
        yield where, result
    elif type(result) in (list, tuple):
        for at, one in enumerate(result):
            yield from arrays(one, f"{where}[{at}]")
    elif isinstance(result, dict):
        for key, one in result.items():
            yield from arrays(one, f"{where}[{key!r}]")
    elif isinstance(result, Brief) and dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            if not field.name.startswith("_"):
                yield from arrays(getattr(result, field.name), f"{where}.{field.name}")


@pytest.mark.parametrize("name", QUICK)
def test_the_call_that_the_wrong_values_are_put_into_is_right_and_its_result_is_frozen(
    name, tmp_path, monkeypatch
):
    """Else every value would be refused for another reason. Nor does a result hold an array that was given."""
    monkeypatch.chdir(tmp_path)
    function, options = sweep_arguments.right_calls()[name]
    lists = {key: value for key, value in options.items() if isinstance(value, list) and value}
    given = {key: np.array(value) for key, value in lists.items() if isinstance(value[0], (float, list))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = function(**{**options, **given})
    for where, array in arrays(result) if isinstance(result, Brief) else ():
        assert not array.flags.writeable, where
        assert not [key for key in given if np.shares_memory(array, given[key])], where
    assert all(array.flags.writeable for array in given.values())
