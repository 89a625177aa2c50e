"""Why a pooled number moved is computed from the rows then and now, and CHANGELOG says what is computed."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
POST = ("pdt_vs_cbt", "anxiety", "post")


def _tool():
    spec = importlib.util.spec_from_file_location("compare_pools", ROOT / "tools" / "compare_pools.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _tool()


def rows(**changes):
    """Two rows of one trial and one of another in one pool; `changes` by row and column."""
    table = pd.DataFrame(
        {
            "row_id": ["T1", "T2", "T3"],
            "study": ["A 2000", "A 2000", "B 2001"],
            "comparison": "pdt_vs_cbt",
            "outcome": "anxiety",
            "follow_up": "post",
            "status": "ok",
            "preferred": True,
            "yi": [0.1, 0.2, 0.3],
            "vi": 0.04,
            "pooled": True,
            "status_reason": "",
            "why": "",
        }
    ).set_index("row_id", drop=False)
    for name, columns in changes.items():
        for column, value in columns.items():
            table.loc[name, column] = value
    return table.reset_index(drop=True)


OUT = {"pooled": False}


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        ({}, {"T3": {"status": "disputed", **OUT}}, "now disputed: B 2001 (T3)"),
        ({}, {"T3": {"preferred": False, **OUT}}, "another row of its contrast is first choice: B 2001 (T3)"),
        ({}, {"T3": {"follow_up": "medium"}}, "went to window medium: B 2001 (T3)"),
        ({}, {"T3": {"yi": float("nan"), **OUT}}, "no longer gives an effect: B 2001 (T3)"),
        ({}, {"T3": {"why": "counts persons …", **OUT}}, "counts of persons beside a score: B 2001 (T3)"),
        ({"T3": {"follow_up": "unknown"}}, {}, "came from window unknown: B 2001 (T3)"),
        ({"T3": {"status": "disputed", **OUT}}, {}, "no longer disputed: B 2001 (T3)"),
        ({"T3": {"preferred": False, **OUT}}, {}, "now first choice of its contrast: B 2001 (T3)"),
        ({}, {"T3": {"yi": 0.5}}, "read anew: B 2001 (T3 (0.30 to 0.50))"),
    ],
)
def test_each_way_in_which_a_pool_moves_is_named(then, now, why):
    assert why in TOOL.reasons(POST, rows(**then), rows(**now))


def test_a_trial_and_a_further_row_of_a_trial_that_come_in_are_told_apart():
    without = rows()
    assert TOOL.reasons(POST, without[without["row_id"] != "T3"], rows())[0] == "trial came in: B 2001 (T3)"
    assert TOOL.reasons(POST, without[without["row_id"] != "T2"], rows())[0] == "row came in: A 2000 (T2)"


def test_the_rule_for_several_rows_is_named_only_where_a_trial_has_several():
    assert TOOL.reasons(POST, rows(), rows()) == ["plain mean of a trial's rows: A 2000"]
    one = rows()
    one = one[one["row_id"] != "T2"]
    assert TOOL.reasons(POST, one, one) == []


def test_changelog_has_every_pool_that_moved_with_its_reason():
    lines = TOOL.lines()
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    missing = [line for line in lines if TOOL.MINUS.sub("−", line) not in text]
    assert not missing
    assert not [line for line in lines if "arithmetic alone" in line or "set aside" in line]
