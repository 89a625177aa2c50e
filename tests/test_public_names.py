"""The public surface: every name loads, is documented, and is known to type checkers."""

import re
from pathlib import Path

import pytest

import pdt_evidence as pdt


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


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'meta'"):
        _ = pdt.meta
