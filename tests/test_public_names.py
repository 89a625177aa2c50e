"""The public surface: every name loads, is documented, and is known to type checkers."""

import re
from dataclasses import fields
from importlib import import_module
from inspect import isfunction, signature
from pathlib import Path

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import UnknownOptionError

TABLE = pd.DataFrame({"yi": [0.1, 0.2, 0.3], "vi": 0.1, "year": [1, 2, 3], "rating": ["a", "b", "a"]})
FIT = pdt.pool([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], columns={"year": [1, 2, 3]})


@pytest.mark.parametrize("name", pdt.__all__)
def test_every_public_name_loads_and_is_documented(name):
    assert getattr(pdt, name).__doc__


def test_the_stub_names_what_the_module_gives():
    stub = Path(pdt.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    assert sorted(re.findall(r" as (\w+)$", stub, flags=re.MULTILINE)) == pdt.__all__


@pytest.mark.parametrize("name", pdt.__all__)
def test_a_name_stays_what_it_is_whatever_is_imported_first(name):
    """A submodule of the same name would take its place once imported."""
    from importlib.util import find_spec

    assert find_spec(f"pdt_evidence.{name}") is None


def test_an_unknown_name_is_an_attribute_error_that_names_the_nearest():
    with pytest.raises(AttributeError, match="no attribute 'meta'"):
        _ = pdt.meta
    with pytest.raises(AttributeError, match=r"no attribute 'syntesize'\. Did you mean 'synthesize'\?"):
        _ = pdt.syntesize


@pytest.mark.parametrize(
    "name", ["", ".figures", ".evidence", ".evidence.readers", ".verdicts", ".reporting"]
)
def test_completion_offers_public_names_only(name):
    module = import_module(f"pdt_evidence{name}")
    offered = [one for one in dir(module) if not (one.startswith("__") and one.endswith("__"))]
    assert offered == sorted(module.__all__)


@pytest.mark.parametrize(
    "result", [FIT, pdt.leave_one_out(FIT), pdt.check_claims], ids=["pool", "series", "claims"]
)
def test_completion_of_a_result_offers_values_and_documented_methods(result):
    result = result() if callable(result) else result
    values = {one.name for one in fields(result)}
    offered = {name for name in dir(type(result)) if not name.startswith("_")} - values
    assert [name for name in sorted(offered) if not getattr(type(result), name).__doc__] == []


def test_the_documentation_lists_every_name_once_and_no_other():
    """Indented lines are names, the rest are headings and sentences."""
    lists = [line for line in pdt.__doc__.splitlines()[3:] if line.startswith("    ")]
    assert sorted(name for line in lists for name in line.split() if name.isidentifier()) == pdt.__all__


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pdt.trials(outcom="depression"), "trials() has no option 'outcom'. Did you mean 'outcome'?"),
        (
            lambda: pdt.forest(None, colums=["study"]),
            "forest() has no option 'colums'. Did you mean 'columns'?",
        ),
    ],
)
def test_an_unknown_option_is_a_type_error_that_names_the_nearest(call, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        call()


FUNCTIONS = [name for name in pdt.__all__ if isfunction(getattr(pdt, name))]
HANDS_ON = [
    name
    for name in FUNCTIONS
    if "VAR_KEYWORD" in {p.kind.name for p in signature(getattr(pdt, name)).parameters.values()}
]


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - set(HANDS_ON)))
def test_every_function_answers_an_unknown_option_alike(name):
    with pytest.raises(UnknownOptionError, match=rf"{name}\(\) has no option 'no_such_option'\."):
        getattr(pdt, name)(no_such_option=1)


def test_the_functions_that_hand_options_on_are_few():
    """They pass them to a function that answers, or take columns by name."""
    assert HANDS_ON == ["alt_text", "effect_sizes", "export", "forest_pages", "save", "to_table"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pdt.metareg("yi ~ yaer", TABLE), "no column 'yaer'. Did you mean 'year'?"),
        (lambda: pdt.compare_subgroups(TABLE, "raeting"), "no column 'raeting'. Did you mean 'rating'?"),
        (lambda: pdt.cumulative(FIT, order="yeer"), "no column of the result. Did you mean 'year'?"),
        (lambda: pdt.pool([0.1, 0.2], [1, 1], method="RELM"), "is not known. Did you mean 'REML'?"),
        (lambda: pdt.equivalence(FIT, margin="Steinert"), "Did you mean 'STEINERT_2017'?"),
        (lambda: pdt.equivalence(FIT, margin="mine"), "one of: 'STEINERT_2017' (0.25, equivalence margin"),
        (lambda: pdt.check_claims()["archives-vs-cbd"], "Did you mean 'archives-vs-cbt'?"),
        (lambda: pdt.synthesize(pdt.reviews()), "what is pooled is not pooled again"),
    ],
)
def test_what_is_not_known_brings_a_hint(call, message):
    with pytest.raises(pdt.EvidenceError, match=re.escape(message)):
        call()


def test_a_margin_may_be_given_by_its_name():
    tests = [pdt.equivalence(FIT, margin=m) for m in (pdt.STEINERT_2017, "STEINERT_2017", "Steinert 2017")]
    assert len({test.margin_source for test in tests}) == 1
    assert {test.margin for test in tests} == {0.25}
