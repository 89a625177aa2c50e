"""One registry of figures: whatever lists them agrees with it, and what is forgotten fails here."""

from __future__ import annotations

import importlib.util
import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from examples import EXAMPLES, GALLERY_EXAMPLES, PINNED_EXAMPLES
from test_every_figure import DRAWN

from pdt_evidence import figures
from pdt_evidence.figures.forests.series import ADAPTERS
from pdt_evidence.figures.registry import FIGURES

ROOT = Path(__file__).parents[2]
MM = 25.4


def functions_that_draw() -> set[str]:
    """Names of the public functions of every module of the figures that return one Axes."""
    found = set()
    for info in pkgutil.walk_packages(figures.__path__, "pdt_evidence.figures."):
        module = import_module(info.name)
        for name in () if info.ispkg else getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isfunction(value) and value.__annotations__.get("return") == "Axes":
                found.add(name)
    return found


def test_whatever_draws_a_result_is_registered():
    helpers = {"new_axes", "given_axes"}  # of the sheet: they hand out empty Axes
    assert functions_that_draw() - helpers == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_its_function_and_its_words(name):
    for home in (FIGURES[name].module, FIGURES[name].words):
        module = import_module(f"pdt_evidence.figures.{home}")
        assert name in module.__all__
        assert inspect.isfunction(getattr(module, name))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_its_examples_and_its_test(name):
    for what, table in (("pinned", PINNED_EXAMPLES), ("shown in the gallery", GALLERY_EXAMPLES)):
        assert name in {one.figure for one in table.values()}, f"No example of {name} is {what}."
    assert name in DRAWN, f"test_every_figure.py draws no {name} of random results."


def test_no_example_is_of_an_unknown_figure():
    assert {one.figure for one in EXAMPLES.values()} <= set(FIGURES)


def test_rows_of_pooled_results_are_those_that_the_forest_knows():
    assert FIGURES["summary_forest"].kinds == tuple(ADAPTERS)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_as_large_by_itself_as_registered(name):
    taken = inspect.signature(getattr(figures, name)).parameters
    texts = tuple(taken[side].default if side in taken else None for side in ("width", "height"))
    assert texts == FIGURES[name].size
    example = next(one for one in PINNED_EXAMPLES.values() if one.figure == name)
    ax = example.draw(
        **{key: value for key, value in example.options.items() if key not in ("width", "height")}
    )
    drawn = ax.figure.get_size_inches() * MM
    for wanted, found in zip(FIGURES[name].size, drawn, strict=True):
        assert wanted is None or found == pytest.approx(wanted)


def test_what_stands_as_text_is_as_the_registry_has_it():
    spec = importlib.util.spec_from_file_location("list_figures", ROOT / "tools" / "list_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stale = [
        str(path.relative_to(ROOT))
        for path, text in module.lists().items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert not stale, f"{', '.join(stale)}: run python tools/list_figures.py"
