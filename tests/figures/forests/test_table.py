"""The table twin says what the figure says."""

from __future__ import annotations

from html import unescape

import pytest
from made_results import NETWORK, clustered, effect, synthesis

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.robustness.cumulative import cumulative
from pdt_evidence.analysis.robustness.influence import leave_one_out
from pdt_evidence.figures import forest, to_table

pytest.importorskip("great_tables")


YI, VI = [0.6, 0.2, 0.4, 0.9], [0.04, 0.03, 0.09, 0.05]
RESULTS = {
    "studies": effect(5),
    "groups": synthesis(),
    "CHE": clustered("che"),
    "network": NETWORK,
    "leave-one-out": leave_one_out(pool(YI, VI, measure="SMD")),
    "cumulative": cumulative(pool(YI, VI, measure="SMD")),
    "models": {"REML": effect(4), "DL": effect(4, ci=(0.003, 0.9))},
    "ratio": effect(4, measure="OR", ci=(-9.0, -0.0004)),
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_word_of_the_rows_is_in_the_table(name):
    drawn = RESULTS[name]
    html = unescape(to_table(drawn).as_raw_html())
    rows = [
        text
        for text in forest(drawn).texts
        if str(text.get_gid()).startswith(("study:", "pooled:", "heading:", "row:"))
    ]
    assert len(rows) > 5
    for text in rows:
        assert text.get_text() in html


def test_options_reach_the_table():
    html = to_table(effect(3), columns=["plot", "effect"], digits=3, title="Mine").as_raw_html()
    assert "Mine" in html
    assert "Weight" not in html
    assert "$" not in html
