"""The table twin says what the figure says."""

from __future__ import annotations

import pytest
from made_results import effect, synthesis

from pdt_evidence.figures import forest, to_table

pytest.importorskip("great_tables")


def test_every_word_of_the_rows_is_in_the_table():
    drawn = synthesis()
    html = to_table(drawn).as_raw_html()
    for text in forest(drawn).texts:
        if str(text.get_gid()).startswith(("study:", "pooled:", "heading:")):
            assert text.get_text().replace("’", "’") in html


def test_options_reach_the_table():
    html = to_table(effect(3), columns=["plot", "effect"], digits=3, title="Mine").as_raw_html()
    assert "Mine" in html
    assert "Weight" not in html
    assert "$" not in html
