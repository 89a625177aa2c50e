"""Names of metafor, meta, statsmodels and PyMARE are answered with what they are here."""

import copy
import pickle

import pandas as pd
import pytest

import pdt_evidence as pdt

ROWS = pd.DataFrame(
    {"study": list("abcde"), "outcome": "d", "year": range(5), "yi": [0.1, 0.3, 0.2, 0.4, 0.6], "vi": 0.1}
)


@pytest.fixture(scope="module")
def results():
    fit = pdt.pool(ROWS["yi"], ROWS["vi"])
    return {
        "pool": fit,
        "pool_many": pdt.pool_many([ROWS["yi"]] * 2, [ROWS["vi"]] * 2),
        "metareg": pdt.metareg("~ year", ROWS),
        "synthesize": pdt.synthesize(ROWS),
        "bias": pdt.bias(fit),
    }


@pytest.mark.parametrize(
    ("of", "name", "ours"),
    [
        ("pool", "ci_low", "ci[0]"),
        ("pool", "ci_ub", "ci[1]"),
        ("pool", "ci.lb", "ci[0]"),
        ("pool", "lower", "ci[0]"),
        ("pool", "cr_ub", "pi[1]"),
        ("pool", "pval", "p"),
        ("pool", "zval", "statistic"),
        ("pool", "b", "estimate"),
        ("pool", "QEp", "Q_p"),
        ("pool", "bse", "se"),
        ("pool", "conf_int", "ci"),
        ("pool", "i2", "I2"),
        ("pool", "nobs", "k"),
        ("pool", "summary_frame", "to_frame()"),
        ("pool_many", "ci_low", "ci[..., 0]"),
        ("metareg", "beta", "coefficients"),
        ("metareg", "pvalues", "coefficients"),
        ("metareg", "se", "coefficients"),
        ("metareg", "QEp", "QE_p"),
        ("metareg", "vcov", "covariance"),
        ("synthesize", "estimate", "to_frame()"),
        ("bias", "pval", "to_frame()"),
    ],
)
def test_a_field_under_the_name_of_others_is_named(results, of, name, ours):
    result = results[of]
    with pytest.raises(AttributeError) as caught:
        getattr(result, name)
    said = f"'{type(result).__name__}' object has no attribute '{name}'. Did you mean '{ours}'?"
    assert str(caught.value) == said
    assert not hasattr(result, name)
    eval(f"result.{ours}")  # is there


def test_a_name_that_nobody_uses_gets_the_answer_of_python(results):
    with pytest.raises(AttributeError, match=r"^'PooledEffect' object has no attribute 'nonsense'$"):
        _ = results["pool"].nonsense


def test_results_are_copied_and_pickled_as_before(results):
    for result in results.values():
        assert type(pickle.loads(pickle.dumps(result))) is type(copy.deepcopy(result)) is type(result)


@pytest.mark.parametrize(
    ("name", "ours"),
    [("rma", "pool"), ("escalc", "effect_sizes"), ("rma_mv", "pool_multilevel"), ("netmeta", "network")],
)
def test_a_function_under_the_name_of_others_is_named(name, ours):
    with pytest.raises(AttributeError, match=f"Did you mean '{ours}'"):
        getattr(pdt, name)
