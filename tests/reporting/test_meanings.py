"""What effects mean, for the page: people and shares of the strata with trials enough, all from public functions."""

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.reporting.meanings import MINIMAL, meanings


@pytest.fixture(scope="module")
def pooled():
    table = pdt.trials(comparison="pdt_vs_control", outcome="depression")
    with pytest.warns(pdt.EvidenceWarning, match="Left out"):
        return {"pdt_vs_control": pdt.synthesize(table)}


def test_rows_are_those_of_the_public_functions(pooled):
    found = meanings(pooled)
    effect = pooled["pdt_vs_control"]["depression", "post"]
    row = next(one for one in found.rows if one.effect is effect)
    assert row.people is not None
    assert row.people.nnt == pdt.absolute(effect).nnt
    assert row.above.share == effect.beyond(0.0).share
    assert row.matters is not None
    assert row.matters.share == effect.beyond(MINIMAL).share
    assert found.pictured is row
    assert row.arms == ("control", "PDT")


def test_small_strata_are_left_out_and_no_rate_is_no_picture():
    few = pdt.pool([0.1, 0.3], [0.04, 0.05], measure="SMD")
    more = pdt.pool([0.1, 0.3, 0.2], [0.04, 0.05, 0.06], measure="SMD")
    nothing = pd.DataFrame({"row_id": [], "reason": []})
    made = pdt.Synthesis(by=("outcome",), strata={("a",): few, ("b",): more}, left_out=nothing)
    found = meanings({"": made})
    assert [row.effect.k for row in found.rows] == [3]
    assert found.pictured is None
    assert np.isnan(found.to_frame()["nnt"]).all()
    assert meanings({}).to_frame().empty


def test_the_table_has_one_row_a_stratum(pooled):
    found = meanings(pooled)
    frame = found.to_frame()
    assert len(frame) == len(found.rows)
    assert frame["comparison"].eq("pdt_vs_control").all()
    assert frame.filter(like="share_").notna().all(axis=None)
