"""Sensitivity to publication bias beside PublicationBias, by its invariants, and where it cannot be computed."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.bias.sensitivity import _selection
from pdt_evidence.analysis.bias.studies import studies_of
from pdt_evidence.errors import RequestError
from reference import load

CASES = load("publication_bias", cases=11)["cases"]
YI, VI = [0.9, 0.7, 0.5, 0.1, -0.2], [0.05, 0.05, 0.04, 0.03, 0.03]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_corrected_means_agree_with_publicationbias(case):
    """To 1e-4: the tau2 of its weights stops at metafor's default threshold, the means with it."""
    studies = studies_of(case["yi"], case["vi"], cluster=case.get("cluster"))
    for model in ("fixed", "robust"):
        data = _selection(studies, 1.0, model, 0.05, 0.95)
        assert data.affirmative.tolist() == case["affirmative"]
        rows = [row for row in case["corrected"] if row.get("model") == model]
        found = data.corrected(np.array([float(row["eta"]) for row in rows]))
        for name, ours in (
            ("est", found.estimate),
            ("se", found.se),
            ("lo", found.ci[:, 0]),
            ("hi", found.ci[:, 1]),
        ):
            assert_allclose(
                ours, [row[name] for row in rows], atol=1e-9 if model == "fixed" else 1e-4, err_msg=name
            )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_s_values_agree_with_publicationbias(case):
    for row in (row for row in case["svalue"] if "s_est" in row):
        found = pdt.publication_sensitivity(
            case["yi"], case["vi"], q=float(row["q"]), model=row["model"], cluster=case.get("cluster")
        )
        for ours, theirs in ((found.s_value, row["s_est"]), (found.s_value_ci, row["s_ci"])):
            agrees(ours, theirs)


def agrees(ours, theirs):
    """Its searches stop at 200, and its optimiser a ten-thousandth short; "--": the interval holds q."""
    if theirs == "Not possible":
        assert np.isinf(ours)
    elif theirs == "--":
        assert ours == 1
    elif theirs.startswith(">"):
        assert ours > 200
    else:
        assert_allclose(ours, float(theirs), rtol=2e-3)


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.get("cluster")], ids=lambda case: case["id"]
)
def test_the_worst_case_is_that_of_the_others_alone(case):
    found = pdt.publication_sensitivity(pdt.pool(case["yi"], case["vi"], test="z")).worst_case
    want = case["worst_case_reml"]
    assert_allclose(
        (found.estimate, found.se, found.tau2), (want["est"], want["se"], want["tau2"]), atol=1e-6
    )


def test_a_ratio_of_one_is_the_uncorrected_mean():
    found = pdt.publication_sensitivity(YI, VI, model="fixed")
    plain = pdt.pool(YI, VI, method="EE", test="z")
    assert_allclose((found.naive.estimate, found.naive.se), (plain.estimate, plain.se))
    assert_allclose(found.curve["estimate"].iloc[0], plain.estimate)


def test_the_s_value_brings_the_mean_to_q():
    for model in ("fixed", "robust"):
        found = pdt.publication_sensitivity(YI, VI, model=model, q=0.05)
        data = _selection(studies_of(YI, VI), 1.0, model, 0.05, 0.95)
        assert_allclose(data.corrected(np.array([found.s_value])).estimate, 0.05, atol=1e-10)


def test_the_mirror_turns_everything_round():
    found = pdt.publication_sensitivity(YI, VI)
    turned = pdt.publication_sensitivity(-np.array(YI), VI, direction="negative")
    assert turned.s_value == found.s_value
    assert_allclose(turned.worst_case.ci[::-1], -np.array(found.worst_case.ci))
    assert_allclose(turned.curve["ci_low"], -found.curve["ci_high"])
    assert "negative results" in turned.sentence


@pytest.mark.parametrize(
    ("yi", "options", "words"),
    [
        ([0.1, 0.1, 0.2], {}, "no study is significant"),
        ([2.0, 2.1, 2.2], {}, "every study is significant"),
        ([2.0, -3.0, -3.0], {}, "at or beyond q already"),
        ([2.0, 0.1, 0.2], {"cluster": ["a", "a", "a"]}, "at least 2 independent studies"),
    ],
)
def test_what_cannot_be_computed_is_said(yi, options, words):
    found = pdt.publication_sensitivity(yi, [0.1] * 3, **options)
    assert np.isnan([found.s_value, found.s_value_ci, found.worst_case.estimate]).all()
    assert words in found.why
    assert words in found.summary()


def test_the_sentences_say_what_the_numbers_are():
    """The mean is named where it is not the estimate that was pooled: two numbers of one name contradict each other."""
    found = pdt.publication_sensitivity(YI, VI, model="fixed")
    assert (
        "13 times as likely to be published as the others to bring the common-effect mean of 0.31 to 0"
        in found.sentence
    )
    never = pdt.publication_sensitivity([0.9, 0.7, 0.6, 0.3, 0.2], [0.03] * 5, model="fixed")
    assert np.isinf(never.s_value)
    assert "would not bring the common-effect mean" in never.sentence
    assert never.to_frame().loc[0, "affirmative"] == 3
    with pytest.raises(RequestError, match="not known for pdt_vs_cbt"):
        pdt.publication_sensitivity(pd.DataFrame({"yi": YI, "vi": VI, "comparison": "pdt_vs_cbt"}))
