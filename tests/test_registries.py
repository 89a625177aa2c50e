"""Each estimator, test and rule is one record, and everything that names it reads that record.

A record that is forgotten somewhere fails here: in figures, exports, help, docstrings or references.
"""

import inspect
import re

import numpy as np
import pytest

import pdt_evidence as pdt
from pdt_evidence.analysis.networks.network import NETWORK_METHODS
from pdt_evidence.cli.arguments import command_parser
from pdt_evidence.errors import RequestError
from pdt_evidence.figures.sheet.words import method_line
from pdt_evidence.models.estimators import (
    ESTIMATORS,
    METHODS,
    REGRESSION_METHODS,
    estimate_tau2,
    regression_tau2,
    regression_tau2_se,
    tau2_standard_error,
)
from pdt_evidence.models.gosh import GOSH_METHODS
from pdt_evidence.models.inference import REGRESSION_TESTS, TESTS, TESTS_BY_CODE, infer
from pdt_evidence.models.prediction import PI_RULES, PI_RULES_BY_CODE, prediction_half_width
from pdt_evidence.models.weights import prepare
from pdt_evidence.reporting.metafor_script import metafor_files
from reference import load

YI, VI = [0.12, 0.55, -0.20, 0.81, 0.43, 1.10], [0.04, 0.05, 0.09, 0.02, 0.10, 0.06]
TABLE = {"study": list("ABCDEF"), "trial_id": list("ABCDEF"), "yi": YI, "vi": VI, "year": range(6)}
REFERENCE = load("pool", cases=19)
RECORDS = [*ESTIMATORS.values(), *TESTS_BY_CODE.values(), *PI_RULES_BY_CODE.values()]


def synthesis(**options):
    import pandas as pd

    table = pd.DataFrame(TABLE).assign(outcome="depression", follow_up="post", row_id=list("abcdef"))
    return pdt.synthesize(table, **options)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.code)
def test_every_record_has_a_name_and_a_source_or_the_reason_why_none(record):
    assert record.name
    assert re.fullmatch(r"10\.\d{4,}/\S+", record.source) or re.fullmatch(r"none: .{20,}", record.source)


@pytest.mark.parametrize("record", [*ESTIMATORS.values(), *TESTS_BY_CODE.values()], ids=lambda one: one.code)
def test_every_record_has_a_counterpart_in_metafor_or_the_reason_why_none(record):
    assert bool(record.metafor) != bool(record.not_in_metafor)


def test_names_for_readers_are_distinguished():
    for records in (ESTIMATORS, TESTS_BY_CODE, PI_RULES_BY_CODE):
        assert len({one.name for one in records.values()}) == len(records)


@pytest.mark.parametrize("method", METHODS)
def test_every_estimator_is_named_in_figures_and_exported(method):
    result = synthesis(method=method)
    line = method_line(result["depression", "post"])
    named = "Equal-effects model" if method == "EE" else f"τ² by {ESTIMATORS[method].name} ({method})"
    assert named in line
    script = metafor_files(result, "pool")["pool.R"]
    assert f"fit <- rma(yi, vi, data = rows, {ESTIMATORS[method].metafor}, test = " in script


@pytest.mark.parametrize("test", TESTS)
def test_every_test_is_named_in_figures_and_summaries_and_exported(test):
    result = synthesis(test=test)
    effect = result["depression", "post"]
    assert f"confidence interval: {TESTS_BY_CODE[test].name}" in method_line(effect)
    assert f"test: {test} ({TESTS_BY_CODE[test].meaning})" in effect.summary()
    script = metafor_files(result, "pool")["pool.R"]
    assert all(f'"{word}"' in script for word in TESTS_BY_CODE[test].metafor)


@pytest.mark.parametrize("rule", PI_RULES)
def test_every_rule_of_the_prediction_interval_is_named_in_figures(rule):
    fit = pdt.pool(YI, VI, pi_rule=rule, **({"seed": 1} if rule == "bootstrap" else {}))
    assert f"prediction interval: {PI_RULES_BY_CODE[rule].name}." in method_line(fit)


def test_every_estimator_and_test_of_pool_has_a_reference():
    """adhoc-ci is the wider of two that have one."""
    for case in REFERENCE["cases"]:
        assert set(case["methods"]) == set(METHODS)
    tests = {
        test for case in REFERENCE["cases"] for found in case["methods"].values() for test in found["tests"]
    }
    assert tests == {test for test in TESTS if not TESTS_BY_CODE[test].or_wald}


@pytest.mark.parametrize(
    ("function", "option", "codes"),
    [
        (pdt.pool, "method", METHODS),
        (pdt.pool, "test", TESTS),
        (pdt.pool, "pi_rule", PI_RULES),
        (pdt.metareg, "method", REGRESSION_METHODS),
        (pdt.metareg, "test", REGRESSION_TESTS),
    ],
)
def test_the_documentation_of_an_option_lists_every_code(function, option, codes):
    text = re.split(rf"^{option} : ", inspect.getdoc(function), flags=re.MULTILINE)[1]
    entry = re.split(r"\n(?=\w)", text)[0]
    assert set(re.findall(r'"([^"]+)"', entry)) == set(codes)


def test_the_help_of_the_command_line_lists_every_code(capsys):
    with pytest.raises(SystemExit):
        command_parser().parse_args(["pool", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for codes in (METHODS, TESTS):
        assert f"{', '.join(codes[:-1])} or {codes[-1]}" in text


def test_other_models_have_no_method_that_is_not_registered():
    assert set(GOSH_METHODS) | set(NETWORK_METHODS) <= set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_a_regression_has_an_estimator_or_refuses_it(method):
    import pandas as pd

    table = pd.DataFrame(TABLE)
    if ESTIMATORS[method].regression is None:
        with pytest.raises(RequestError, match=f"method = '{method}' is not known"):
            pdt.metareg("yi ~ year", table, method=method)
    else:
        alone = pdt.metareg("yi ~ 1", table, method=method)
        assert alone.tau2 == pytest.approx(pdt.pool(YI, VI, method=method).tau2, rel=1e-9, abs=1e-12)


def test_an_unknown_code_is_refused_by_the_models_themselves():
    """No branch of last resort gives it a number."""
    batch = prepare(np.array([YI]), np.array([VI]))
    Q, y, v, t = np.full((1, 6, 1), 6**-0.5), np.array([YI]), np.array(VI), np.zeros(1)
    for call in (
        lambda: estimate_tau2(batch, "XX"),
        lambda: tau2_standard_error(batch, "XX", t, batch.at0),
        lambda: regression_tau2(Q, y, v, "XX"),
        lambda: regression_tau2_se(Q, y, v, t, "XX"),
        lambda: infer(batch, batch.at0, "XX", 0.95),
        lambda: prediction_half_width("XX", batch.n, t, t, t, 0.95),
        lambda: prediction_half_width("bootstrap", batch.n, t, t, t, 0.95),
    ):
        with pytest.raises(RequestError, match=r"'XX' is not known|no half-width"):
            call()
