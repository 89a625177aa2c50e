"""Hazard ratios stay hazard ratios."""

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt

TABLE = pd.DataFrame(
    {
        "study": ["A", "B", "C"],
        "reported_metric": ["HR", "hazard ratio", "log HR"],
        "reported": [1.5, 0.8, np.log(1.2)],
        "reported_ci_low": [1.1, 0.5, np.log(0.9)],
        "reported_ci_high": [1.5**2 / 1.1, 0.8**2 / 0.5, np.log(1.2**2 / 0.9)],
    }
)


def test_a_hazard_ratio_and_its_logarithm_are_pooled_on_the_log_scale():
    found = pdt.effect_sizes(TABLE, "HR")
    np.testing.assert_allclose(found["yi"], np.log([1.5, 0.8, 1.2]))
    np.testing.assert_allclose(
        np.sqrt(found["vi"]), np.log([1.5 / 1.1, 0.8 / 0.5, 1.2 / 0.9]) / 1.959963984540054
    )
    assert found["yi_basis"].tolist() == ["reported HR", "reported HR", "reported log HR"]


@pytest.mark.parametrize("measure", ["SMD", "OR", "RR"])
def test_it_is_turned_into_nothing_else(measure):
    found = pdt.effect_sizes(TABLE, measure)
    assert found["yi"].isna().all()
    assert found["yi_reason"].str.contains("HR cannot be turned into").all()


def test_its_forest_has_a_ratio_axis():
    table = TABLE.assign(outcome="relapse", follow_up="post", year=2001)
    fit = pdt.synthesize(table, measure="HR")["relapse", "post"]
    assert fit.measure == "HR"
    assert "exp: HR" in fit.summary()
    assert pdt.forest(fit).get_xscale() == "log"
