"""Selection models as they are called: dependence, what is not determined, and what is written."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.bias import selection_inference
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.models.bias.step_function import Steps
from reference import load

CASE = load("selection", cases=7)["cases"][5]
CLUSTERED = load("selection_dependent", cases=4)["cases"][3]


def test_a_fit_a_table_and_arrays_give_the_same():
    found = pdt.selection_model(CASE["yi"], CASE["vi"])
    fit = pdt.pool(CASE["yi"], CASE["vi"])
    assert pdt.selection_model(fit).estimate == found.estimate
    of_table = pdt.selection_model(pd.DataFrame({"yi": CASE["yi"], "vi": CASE["vi"]}))
    assert_allclose(of_table.ci, found.ci, rtol=1e-9)  # sums of arrays that lie elsewhere in memory
    assert_allclose((found.estimate, found.lrt.p), (CASE["fits"][0]["b"], CASE["fits"][0]["LRTp"]), atol=1e-6)
    assert found.ci[0] < found.estimate < found.ci[1]
    assert found.lrt.kind == "likelihood ratio"


def test_the_p_value_and_the_interval_agree():
    """Both are by the likelihood: the interval at the level of 1 - p ends at 0."""
    found = pdt.selection_model(CASE["yi"], CASE["vi"])
    again = pdt.selection_model(CASE["yi"], CASE["vi"], level=1 - found.p)
    assert_allclose(again.ci[0], 0.0, atol=1e-4)


def test_clusters_are_resampled_alike_on_any_executor():
    arguments = (CLUSTERED["yi"], CLUSTERED["vi"])
    options = {"cluster": CLUSTERED["cluster"], "bootstrap": 600, "seed": 7}
    found = pdt.selection_model(*arguments, **options)
    with ThreadPoolExecutor(2) as executor:
        again = pdt.selection_model(*arguments, **options, executor=executor)
    assert_allclose(again.draws, found.draws)
    assert again.ci == found.ci
    assert "resamples" in found.inference
    robust = pdt.selection_model(*arguments, cluster=CLUSTERED["cluster"])
    assert robust.inference == "cluster-robust"
    assert 0.5 < (found.ci[1] - found.ci[0]) / (robust.ci[1] - robust.ci[0]) < 2
    assert any("bootstrap=1999" in note for note in robust.notes)
    assert pdt.selection_model(*arguments, **options, level=0.8).ci[0] > found.ci[0]


def test_the_sandwich_is_that_of_numerical_derivatives():
    yi, vi, codes = np.array(CLUSTERED["yi"]), np.array(CLUSTERED["vi"]), CLUSTERED["cluster"]
    found = pdt.selection_model(yi, vi, cluster=codes)
    theta = np.array([found.estimate, found.tau2, np.log(found.weights[1])])
    value = Steps(yi=yi, vi=vi, steps=np.array([0.025]))

    def each(theta):
        return value.parts(theta[None], np.zeros(1, dtype=int))[0][0]

    h = 1e-4 * np.eye(3)
    score = np.array([(each(theta + step) - each(theta - step)) / 2e-4 for step in h])
    sums = pd.DataFrame(score.T).groupby(codes).sum().to_numpy()
    total = [
        [each(theta + s * a + t * b).sum() * s * t / 4e-8 for s in (1, -1) for t in (1, -1)]
        for a in h
        for b in h
    ]
    bread = np.linalg.inv(np.reshape(np.sum(total, axis=1), (3, 3)))
    assert_allclose(found.se, np.sqrt((bread @ sums.T @ sums @ bread)[0, 0]), rtol=1e-3)


def test_one_effect_a_cluster_is_no_cluster():
    alone = pdt.selection_model(CASE["yi"], CASE["vi"], cluster=list(range(len(CASE["yi"]))))
    assert alone.inference == "profile likelihood"


@pytest.mark.parametrize(
    ("yi", "vi", "options", "words"),
    [
        ([0.5, 0.6, 0.7, 0.9, 0.8], [0.01] * 5, {}, "no study has a one-sided p-value from 0.025 to 1"),
        ([0.01, 0.02, 0.0, -0.1, 0.05], [0.1] * 5, {}, "no study has a one-sided p-value from 0 to 0.025"),
        ([0.5, 0.1], [0.02, 0.1], {}, "3 parameters need more than 3 studies, and there are 2"),
        (
            [0.5, 0.1, 0.2, 0.7],
            [0.02, 0.1, 0.1, 0.1],
            {"kind": "beta"},
            "4 parameters need more than 4 studies",
        ),
        ([0.9, 0.6, 0.1, 0.2, 0.1], [0.1] * 5, {"cluster": "aabbc"}, "more than 3 clusters, and there are 3"),
    ],
)
def test_what_is_not_determined_is_said_and_nan(yi, vi, options, words):
    if "cluster" in options:
        options = {"cluster": list(options["cluster"])}
    found = pdt.selection_model(yi, vi, **options)
    assert np.isnan([found.estimate, found.se, *found.ci, found.p, found.tau2]).all()
    assert words in found.why
    assert words in found.summary()


def test_a_likelihood_without_a_maximum_is_said():
    """Every study just beyond the step: the fewer are published below it, the likelier these are."""
    rng = np.random.default_rng(4)
    z = np.concatenate([1.9600 + rng.exponential(0.02, 40), [0.5]])
    vi = rng.uniform(0.01, 0.1, 41)
    found = pdt.selection_model(z * np.sqrt(vi), vi)
    assert np.isnan(found.estimate) or found.ci[0] == -np.inf or found.ci[1] - found.ci[0] > 0.05


def test_negative_selection_is_the_mirror():
    yi = -np.array(CASE["yi"])
    found = pdt.selection_model(yi, CASE["vi"], direction="negative")
    assert_allclose(found.estimate, -CASE["fits"][0]["b"], atol=1e-6)
    assert found.weights[1] < 1
    between = pd.DataFrame({"yi": yi, "vi": CASE["vi"], "comparison": "pdt_vs_cbt"})
    with pytest.raises(RequestError, match="not known for pdt_vs_cbt"):
        pdt.selection_model(between)


def test_bad_options_are_refused_together():
    with pytest.raises(RequestError, match="rising one-sided p-values"):
        pdt.selection_model(CASE["yi"], CASE["vi"], steps=(0.5, 0.025))
    with pytest.raises(RequestError, match="3 values for 2 intervals"):
        pdt.selection_model(CASE["yi"], CASE["vi"], weights=(1, 0.5, 0.2))
    with pytest.raises(RequestError, match="leave steps out"):
        pdt.selection_model(CASE["yi"], CASE["vi"], weights="severe", steps=(0.5,))
    with pytest.raises(EvidenceError, match="vi"):
        pdt.selection_model([0.1, 0.2], [0.1, -0.2])


def test_it_writes_itself():
    found = pdt.selection_model(CASE["yi"], CASE["vi"], steps=(0.025, 0.5))
    assert found.intervals()["k"].tolist() == [22, 5, 6]
    assert "p 0.025 to 0.5" in found.summary()
    row = found.to_frame().iloc[0]
    assert (row["lrt_df"], row["k"]) == (2, 33)
    assert_allclose(found.weight([0.01, 0.3, 0.9]), found.weights)
    beta = pdt.selection_model(CASE["yi"], CASE["vi"], kind="beta")
    a, b = beta.weights
    assert_allclose(beta.weight(0.2), 0.2 ** (a - 1) * 0.8 ** (b - 1))
    assert "exponent a" in beta.summary()
    assert "<table" in found._repr_html_()


@pytest.mark.warns("Interrupted: 500 of 1,999 resamples are done")
def test_an_interrupt_keeps_the_resamples_that_are_done(monkeypatch):
    options = {"cluster": CLUSTERED["cluster"], "seed": 7}
    whole = pdt.selection_model(CLUSTERED["yi"], CLUSTERED["vi"], bootstrap=500, **options)
    real, calls = selection_inference._one_piece, []

    def piece(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(selection_inference, "_one_piece", piece)
    found = pdt.selection_model(CLUSTERED["yi"], CLUSTERED["vi"], bootstrap=1999, **options)
    assert found.ci == whole.ci
    assert len(found.draws) == 500
    assert any("Interrupted after 500 of 1,999 resamples" in note for note in found.notes)
    calls[:] = [1, 1]
    with pytest.raises(KeyboardInterrupt):  # nothing is done that could be kept
        pdt.selection_model(CLUSTERED["yi"], CLUSTERED["vi"], bootstrap=1999, **options)
