"""The sentences for those who do not see the figure say what it shows."""

from __future__ import annotations

import pytest
from made_results import effect, synthesis

from pdt_evidence.errors import RequestError
from pdt_evidence.figures import alt_text, forest


def test_the_description_has_the_numbers_of_the_figure():
    fit = effect(8)
    said = alt_text(fit)
    drawn = {text.get_gid(): text.get_text() for text in forest(fit).texts}
    assert "Forest plot of 8 studies (PDT versus control: depression, end of treatment)" in said
    where = "pooled:pdt_vs_control/depression/post"
    assert f"Hedges’ g {drawn[f'{where}:estimate']} " in said
    assert drawn[f"{where}:ci"].strip("[]").replace(", ", " to ") in said
    assert "favours PDT" in said
    assert "τ² = 0.080" in said


def test_an_interval_over_no_effect_favours_nothing():
    assert "includes no effect" in alt_text(effect(4, ci=(-0.1, 0.9)))


def test_an_interval_that_is_not_known_is_said_to_be():
    nothing = (float("nan"),) * 2
    assert "(95% confidence interval not known)" in alt_text(effect(4, ci=nothing, pi=nothing))


def test_every_stratum_of_a_synthesis_is_described():
    said = alt_text(synthesis())
    assert said.startswith("Forest plot of 25 rows in 8 groups.")
    assert said.count("confidence interval") == 8


def test_an_empty_result_is_refused():
    with pytest.raises(RequestError, match="nothing to describe"):
        alt_text(effect(1, yi=effect(1).yi).__class__())


@pytest.mark.parametrize("figure", ["alt_text", "trajectory", "bias_summary"])
def test_what_cannot_be_shown_is_refused_by_its_kind(figure):
    from pdt_evidence import figures

    with pytest.raises(RequestError, match="found list"):
        getattr(figures, figure)([1, 2])
