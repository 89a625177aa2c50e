"""Rows that a result leaves out are named as their table names them: row, study, outcome, time; and why."""

import math

import pandas as pd
import pytest

import pdt_evidence as pdt

ROWS = pd.DataFrame(
    {
        "row_id": [f"r{at}" for at in range(12)],
        "trial_id": [f"t{at // 2}" for at in range(12)],
        "study": [f"Study {at // 2}" for at in range(12)],
        "comparison": "pdt_vs_control",
        "outcome": "depression",
        "follow_up": ["post", "short"] * 6,
        "year": [2001.0 + at for at in range(10)] + [math.nan] * 2,
        "arm_c": ["waitlist"] * 6 + ["tau"] * 4 + [""] * 2,
        "measure": "SMD",
        "instrument": "BDI",
        "yi_basis": ["means"] * 11 + ["events"],
        "yi": [0.1, 0.2, 0.4, 0.3, 0.2, 0.5, 0.3, 0.4, 0.6, 0.1, 0.2, math.nan],
        "vi": 0.05,
    }
)
NAMES = ["row_id", "study", "outcome", "follow_up"]
LAST = ["r11", "Study 5", "depression", "short"]


@pytest.mark.filterwarnings("ignore:Left out", "ignore:.* left out of the meta-regression")
@pytest.mark.parametrize(
    "result",
    [
        pdt.synthesize,
        lambda rows: pdt.synthesize(rows, dependence="one-per-trial"),
        lambda rows: pdt.synthesize(rows, style="revman"),
        lambda rows: pdt.moderators(rows, names=["year"]),
        lambda rows: pdt.model_windows(rows)["pdt_vs_control", "depression"],
        lambda rows: pdt.metareg("~ year", rows[1::2]),
        lambda rows: pdt.metareg("~ year", rows, cluster="trial_id"),
        lambda rows: pdt.compare_subgroups(rows, "arm_c", cluster="trial_id"),
        lambda rows: pdt.multiverse(rows[rows["follow_up"] == "short"], method=["REML", "DL"]),
    ],
    ids=[
        "pool",
        "one per trial",
        "revman",
        "moderators",
        "windows",
        "metareg",
        "by trial",
        "subgroups",
        "multiverse",
    ],
)
def test_what_was_left_out_is_named_by_row_study_outcome_and_time(result):
    out = result(ROWS).left_out
    assert [name for name in out if name != "row"] == [*NAMES, "reason"]
    assert LAST in out[NAMES].astype(str).to_numpy().tolist()
    assert (out["reason"] != "").all()


def test_a_table_without_these_columns_has_none_of_them():
    rows = pd.DataFrame({"study": list("ABC"), "group": "x", "yi": [0.1, 0.2, math.nan], "vi": 0.1})
    with pytest.warns(pdt.EvidenceWarning, match="Left out"):
        out = pdt.synthesize(rows, by="group").left_out
    assert out.to_dict("records") == [{"row_id": "row 3", "study": "C", "reason": "no yi or vi"}]


@pytest.mark.filterwarnings("ignore:Left out")
def test_what_is_printed_says_how_many_rows_were_left_out_and_where_to_see_them():
    found = pdt.moderators(ROWS, names=["year"])
    assert "1 row was left out, each with its reason (see left_out)." in found.summary()
    windows = pdt.model_windows(ROWS)["pdt_vs_control", "depression"]
    assert "1 row was left out, of any outcome, each with its reason (see left_out)." in windows.summary()
    whole = pdt.moderators(ROWS[ROWS["yi"].notna()], names=["year"])
    assert "left_out" not in whole.summary()
