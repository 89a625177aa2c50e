"""Corrections for publication bias on the page: strata with trials enough, and what is said of the others."""

import numpy as np
import pandas as pd

import pdt_evidence as pdt
from pdt_evidence.reporting.corrections import corrections


def synthesis(comparison, sizes):
    rng = np.random.default_rng(3)
    strata = {}
    for i, k in enumerate(sizes):
        vi = rng.uniform(0.02, 0.1, k)
        key = (f"outcome_{i}", "post")
        words = {"comparison": comparison, "outcome": key[0], "follow_up": "post"}
        strata[key] = pdt.pool(rng.normal(0.4, np.sqrt(vi + 0.05)), vi, stratum=words)
    nothing = pd.DataFrame({"row_id": [], "reason": []})
    return pdt.Synthesis(by=("outcome", "follow_up"), strata=strata, left_out=nothing)


def both():
    names = {"pdt_vs_control": [9, 10, 25], "pdt_vs_cbt": [12, 4]}
    return corrections({name: synthesis(name, sizes) for name, sizes in names.items()})


def test_only_strata_with_ten_trials_and_a_direction_are_corrected():
    found = both()
    assert [one.effect.stratum["outcome"] for one in found.strata] == ["outcome_1", "outcome_2"]
    assert (found.small, found.largest, found.undirected) == (2, 9, ("pdt_vs_cbt",))
    row = found.strata[1]
    assert "uncorrected" not in {one.method for one in row.made}
    assert len(row.made) == sum(one.estimate == one.estimate for one in row.found.rows) - 1
    assert row.open_to == sum(one.ci[0] <= 0 <= one.ci[1] for one in row.made)
    assert "as likely" in row.sentence or "However much" in row.sentence


def test_the_table_has_every_method_of_those_and_says_why_the_others_are_silent():
    frame = both().to_frame()
    assert list(frame.columns[:3]) == ["comparison", "outcome", "follow_up"]
    corrected = frame[~frame["why"].str.startswith("no correction")]
    assert corrected["method"].nunique() == 12
    assert len(corrected) == 24
    silent = frame[frame["why"].str.startswith("no correction")].set_index(["comparison", "outcome"])["why"]
    assert "fewer than 10 trials" in silent["pdt_vs_control", "outcome_0"]
    assert "which arm selection favours is not known" in silent["pdt_vs_cbt", "outcome_0"]
    assert len(silent) == 3
    assert corrections({}).to_frame().empty


def test_a_table_of_ones_own_needs_no_comparison():
    found = corrections({"": synthesis("", [12])})
    assert len(found.strata) == 1
    assert found.undirected == ()
