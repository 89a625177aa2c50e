"""All corrections at once: the same numbers as each alone, the same columns for each, silence with a reason."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.bias.overview import COLUMNS, SECTIONS
from pdt_evidence.errors import RequestError
from reference import load

CASE = load("selection", cases=7)["cases"][5]
CLUSTERED = load("selection_dependent", cases=4)["cases"][3]
FIT = pdt.pool(CASE["yi"], CASE["vi"])


def test_every_row_is_what_the_method_gives_alone():
    found = pdt.bias(FIT)
    frame = found.to_frame().set_index("method")
    assert tuple(frame.reset_index().columns) == COLUMNS
    assert tuple(frame.index) == SECTIONS
    assert frame.loc["uncorrected", "estimate"] == FIT.estimate
    alone = {
        "PET-PEESE": pdt.pet_peese(FIT),
        "selection model, 1 step": pdt.selection_model(FIT),
        "selection model, 2 steps": pdt.selection_model(FIT, steps=(0.025, 0.5)),
        "p-uniform*": pdt.p_uniform(FIT),
        "limit meta-analysis": pdt.limit_meta(FIT),
        "trim and fill": pdt.trim_and_fill(FIT, side="left"),
        "Henmi-Copas": pdt.henmi_copas(FIT.yi, FIT.vi),
        "worst case": pdt.publication_sensitivity(FIT).worst_case,
    }
    for name, one in alone.items():
        assert_allclose(frame.loc[name, "estimate"], one.estimate, rtol=1e-9, err_msg=name)
    for name in set(alone) - {"PET-PEESE"}:
        assert_allclose(
            frame.loc[name, ["ci_low", "ci_high"]].tolist(), alone[name].ci, rtol=1e-9, err_msg=name
        )
    assert frame["applies"].tolist() == frame["estimate"].notna().tolist()
    assert (frame.loc[~frame["applies"], "why"] != "").all()


def test_clusters_silence_the_methods_that_do_not_know_them():
    found = pdt.bias(CLUSTERED["yi"], CLUSTERED["vi"], cluster=CLUSTERED["cluster"], rho=0.6)
    fit = pdt.pool_multilevel(CLUSTERED["yi"], CLUSTERED["vi"], CLUSTERED["cluster"], rho=0.6).with_robust()
    assert_allclose(found["uncorrected"].ci, fit.ci)
    assert "every effect as independent" in found["p-uniform*"].why
    assert found["selection model, 1 step"].se > 0
    again = pdt.bias(fit)
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame(), rtol=1e-6)


def test_fewer_than_ten_trials_are_left_alone_and_it_says_so():
    found = pdt.bias(CASE["yi"][:9], CASE["vi"][:9])
    assert found.why == "9 trials are fewer than 10: nothing is corrected for bias."
    assert found.to_frame()["applies"].tolist() == [True] + [False] * 11
    assert found.why in str(found)
    assert pdt.bias(CASE["yi"][:9], CASE["vi"][:9], least=9).to_frame()["applies"].sum() > 5


def test_the_mirror_turns_every_row():
    found = pdt.bias(CASE["yi"], CASE["vi"]).to_frame()
    turned = pdt.bias(-np.array(CASE["yi"]), CASE["vi"], direction="negative").to_frame()
    assert_allclose(turned["estimate"], -found["estimate"], rtol=1e-6)
    assert_allclose(turned["ci_low"], -found["ci_high"], rtol=1e-5, atol=1e-6)


def test_the_direction_between_two_treatments_must_be_given():
    table = pd.DataFrame({"yi": CASE["yi"], "vi": CASE["vi"], "comparison": "pdt_vs_cbt"})
    with pytest.raises(RequestError, match="not known for pdt_vs_cbt"):
        pdt.bias(table)
    assert pdt.bias(table, direction="negative").direction == "negative"


@pytest.mark.parametrize("yi", [np.full(12, 0.3), np.linspace(-0.2, 0.1, 12), np.linspace(2, 3, 12)])
def test_no_number_stands_where_nothing_can_be_said(yi):
    """Equal effects, none affirmative, all affirmative, equal variances: NaN and a reason, never an error."""
    frame = pdt.bias(yi, np.full(12, 0.05)).to_frame()
    assert frame["applies"].iloc[0]
    silent = frame[~frame["applies"]]
    assert silent[["se", "ci_low", "ci_high", "p"]].isna().all(axis=None)
    assert (silent["why"] != "").all()
    assert "PET-PEESE" in silent["method"].tolist()


def test_it_is_drawn_and_said():
    found = pdt.bias(FIT)
    ax = pdt.forest(found)
    assert ax.figure is not None
    text = pdt.alt_text(found)
    assert "PET-PEESE, 33 studies" in text
    assert "Worst case, 11 studies" in text
