"""The sweep of wrong arguments, without the figures: what ends in another error than ours can only become less."""

from collections import Counter

import pytest
import sweep_arguments

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError

# Function and argument -> how many wrong values still end in another error than ours; an entry may only go.
LEFT: dict[tuple[str, str], int] = {}


def test_no_wrong_value_ends_in_an_error_of_another_library():
    found = list(sweep_arguments.sweep(figures=False))
    counts = Counter((name, argument) for name, argument, _, _ in found)
    more = {key: n for key, n in counts.items() if n > LEFT.get(key, 0)}
    assert not more, [f"{n}({a} = {said}): {error!r}"[:200] for n, a, said, error in found if (n, a) in more]


@pytest.mark.parametrize("name", sweep_arguments.FIGURES)
def test_figures_refuse_what_is_no_result(name):
    function, options = sweep_arguments.calls_of(name)
    argument = next(iter(options))
    for said in ("None", "text", "dict", "list", "empty frame", "object", "array", "number as text"):
        with pytest.raises(EvidenceError):
            function(**{**options, argument: sweep_arguments.WRONG[said]})


def test_every_public_function_is_in_the_sweep_or_named_here():
    without = {
        "audit", "check_claims", "claims", "coverage", "follow_up", "forest_pages", "gosh_plot", "import_file",
        "moderators", "networks", "pdt_against_cbt", "published_results", "publication_sensitivity", "report", "save",
        "selection_model", "template", "trajectory", "absolute", "bias", "findings", "information_size", "limit_meta",
        "multiverse", "p_uniform", "pictograph", "pool_multilevel_many", "power", "power_curve", "rank_test",
        "equivalence_plot", "s_value_curve", "selection_function", "statements",
    }  # fmt: skip
    functions = {name for name in pdt.__all__ if type(getattr(pdt, name)).__name__ == "function"}
    assert set(sweep_arguments.NAMES) <= functions
    assert functions - set(sweep_arguments.NAMES) <= without
