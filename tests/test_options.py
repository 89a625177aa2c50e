"""One check of options: the same words everywhere, always a `RequestError`, all faults of a call at once."""

import re

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import RequestError

Y, V = [0.1, 0.3, 0.2, 0.6], [0.04, 0.05, 0.03, 0.06]
TABLE = pd.DataFrame({"yi": Y, "vi": V, "year": [1, 2, 3, 5], "rating": list("aabb")})
CALLS = {
    "pool": lambda **o: pdt.pool(Y, V, **o),
    "pool_many": lambda **o: pdt.pool_many([Y], [V], **o),
    "henmi_copas": lambda **o: pdt.henmi_copas(Y, V, **o),
    "pool_bayes": lambda **o: pdt.pool_bayes(Y, V, **o),
    "pool_multilevel": lambda **o: pdt.pool_multilevel(Y, V, list("aabb"), **o),
    "pool_multilevel_many": lambda **o: pdt.pool_multilevel_many(Y, V, list("aabb"), **o),
    "metareg": lambda **o: pdt.metareg("yi ~ year", TABLE, **o),
    "compare_subgroups": lambda **o: pdt.compare_subgroups(TABLE, "rating", **o),
    "synthesize": lambda **o: pdt.synthesize(TABLE, **o),
    "network": lambda **o: pdt.network(Y, V, list("aaab"), list("bccc"), list("1234"), reference="c", **o),
}


@pytest.mark.parametrize("level", ["95", 95, 0, 1, True, None, float("nan")])
@pytest.mark.parametrize("name", CALLS)
def test_a_level_is_refused_in_the_same_words_everywhere(name, level):
    text = re.escape(f"level = {level!r} must be a number between 0 and 1, such as 0.95.")
    with pytest.raises(RequestError, match=f"^{text}$"):
        CALLS[name](level=level)


@pytest.mark.parametrize("name", CALLS)
def test_an_unknown_option_is_a_request_error_with_a_hint(name):
    """And a TypeError, as it is for any other function."""
    with pytest.raises(
        RequestError, match=re.escape(f"{name}() has no option 'levle'. Did you mean 'level'?")
    ) as found:
        CALLS[name](levle=0.9)
    assert isinstance(found.value, TypeError)


def test_all_faults_of_a_call_are_said_at_once():
    with pytest.raises(RequestError) as found:
        pdt.pool(Y, V, method="RELM", test="Z", level="95", seed=-1)
    assert [problem.split(" ")[0] for problem in found.value.problems] == ["method", "test", "level", "seed"]


def test_a_number_of_numpy_is_a_number():
    assert pdt.pool(Y, V, level=np.float32(0.9)).level == pytest.approx(0.9)


@pytest.mark.parametrize("name", ["metareg", "compare_subgroups", "synthesize"])
@pytest.mark.parametrize("rho", ["0.6", 1, -0.1, True])
def test_a_correlation_is_refused_in_the_same_words(name, rho):
    with pytest.raises(
        RequestError, match=re.escape(f"rho = {rho!r} must be a correlation from 0 to below 1")
    ):
        CALLS[name](rho=rho)


def test_words_of_an_array_are_words():
    words = np.array(["REML", "knha"])
    fits = [
        pdt.pool([0.2, 0.5, 0.4], [0.04, 0.05, 0.06], method=m, test=t) for m, t in (words, ("REML", "knha"))
    ]
    assert fits[0].ci == fits[1].ci
    with pytest.raises(pdt.EvidenceError, match="is not known"):
        pdt.pool([0.2, 0.5], [0.04, 0.05], method=True)


def test_a_reference_may_be_a_number_where_arms_are():
    fit = pdt.network([0.2, 0.5], [0.04, 0.05], [1, 2], [3, 3], ["A", "B"], reference=3)
    assert fit.reference == "3"
