"""The table twin says what the figure says."""

from __future__ import annotations

import math
import re
from dataclasses import replace
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
    html = unescape(to_table(drawn).as_raw_html()).replace("\u00a0", " ")
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


@pytest.mark.parametrize(("name", "kept"), {"studies": ["NR: not reported."], "models": []}.items())
def test_what_stands_below_the_table_can_be_left_out(name, kept):
    """As the how-to page says it; what explains a cell stays."""
    assert "τ² by restricted maximum likelihood" in to_table(RESULTS[name]).as_raw_html()
    bare = to_table(RESULTS[name], method=False, sources="").as_raw_html()
    notes = re.findall(r'class="gt_sourcenote"[^>]*>(.*?)</td>', bare)
    assert [re.sub("<.*?>", "", note) for note in notes] == kept


def test_word_finds_alignment_and_rules_in_the_cells_and_no_interval_is_broken():
    """Word does not read the classes that great_tables sets cells by."""
    html = to_table(RESULTS["studies"]).as_raw_html(make_page=True)
    assert "charset" in html
    cells = re.findall(r'<td[^>]*style="([^"]*)"[^>]*>(\[[^<]*\])</td>', html)
    assert len(cells) > 3
    assert all("text-align: right" in look for look, _ in cells)
    assert all("\u00a0" in text and " " not in text for _, text in cells)
    assert "border-bottom: 1px solid #333333" in html


@pytest.mark.parametrize("columns", [None, ("study", "k", "effect", "pi")])
def test_what_cannot_be_computed_is_a_dash_that_is_explained(columns):
    """Of one study neither I2 nor a prediction interval; where all is known nothing is said of it."""
    fits = {"two": effect(8), "one": replace(effect(1), I2=math.nan, pi=(math.nan, math.nan))}
    options = {} if columns is None else {"columns": columns}
    html = to_table(fits, **options).as_raw_html()
    assert ">–</td>" in html
    assert html.count("–: cannot be computed.") == 1
    assert (
        "cannot be computed" not in to_table({"two": effect(8), "other": effect(9)}, **options).as_raw_html()
    )
