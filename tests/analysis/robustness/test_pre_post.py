"""The correlation of two measurements is varied where it was assumed, and only there."""

import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError, RequestError

GROUPS = {
    "study": list("ABC"),
    "mean_post": [18.0, 17.0, 20.0],
    "mean_pre": [26.0, 25.0, 24.0],
    "sd_post": [8.0, 7.0, 9.0],
    "sd_pre": [8.0, 8.0, 8.5],
    "n": [40, 30, 50],
    "better": "lower",
}
ARMS = {
    "study": list("ABC"),
    "score": "change",
    "mean_t": [7.9, 3.3, 2.0],
    "sd_pre_t": [15, 3.1, 5],
    "n_t": [20, 50, 30],
    "mean_c": [-3.4, 0.4, 1],
    "sd_pre_c": [13.8, 4.1, 5],
    "n_c": [20, 42, 30],
    "better": "higher",
}
TABLES = {"PPC2": ARMS, "SMD": ARMS, "SMCC": GROUPS, "SMCR": GROUPS, "SMCRP": GROUPS}


@pytest.mark.parametrize("measure", list(TABLES))
def test_every_row_is_the_pool_by_hand(measure):
    table = pd.DataFrame(TABLES[measure])
    found = pdt.pre_post_sensitivity(table, measure=measure, rs=[-0.2, 0.3, 0.8], test="z")
    assert found["assumed"].tolist() == [3, 3, 3]
    for row in found.itertuples():
        effects = pdt.effect_sizes(table, measure, r=row.r)
        fit = pdt.pool(effects["yi"], effects["vi"], test="z")
        assert_allclose((row.estimate, row.ci_low, row.ci_high, row.tau2), (fit.estimate, *fit.ci, fit.tau2))


def test_what_a_trial_reports_stays():
    table = pd.DataFrame(ARMS).assign(r=[0.5, None, None], outcome=["depression", "depression", "anxiety"])
    found = pdt.pre_post_sensitivity(table, rs=[0.1, 0.9], by="study")
    assert found["study"].tolist() == ["A", "A", "B", "B", "C", "C"]
    assert found["assumed"].tolist() == [0, 0, 1, 1, 1, 1]
    assert found["se"][0] == found["se"][1]
    assert found["se"][2] > found["se"][3]
    assert pdt.pre_post_sensitivity(table, rs=[0.1])["outcome"].tolist() == ["depression", "anxiety"]


def test_what_cannot_be_varied_is_refused():
    table = pd.DataFrame(ARMS)
    with pytest.raises(RequestError, match=r"(?s)rs\[0\] = 1.*rs\[2\] = nan must be a correlation"):
        pdt.pre_post_sensitivity(table, rs=[1, 0.5, float("nan")])
    with pytest.raises(RequestError, match="rs is empty"):
        pdt.pre_post_sensitivity(table, rs=[])
    with pytest.raises(RequestError, match="There is nothing to vary"):
        pdt.pre_post_sensitivity(table.assign(r=0.4))
    with pytest.raises(EvidenceError, match=r"(?s)'high'.*1.2"):
        pdt.pre_post_sensitivity(table.assign(r=["high", 1.2, None]))
