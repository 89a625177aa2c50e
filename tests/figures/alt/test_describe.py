"""The sentences for those who do not see the figure say what it shows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from examples import PINNED_EXAMPLES
from made_results import NETWORK, clustered, effect, synthesis

from pdt_evidence import figures
from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.robustness.cumulative import cumulative
from pdt_evidence.analysis.robustness.gosh import gosh
from pdt_evidence.analysis.robustness.influence import influence, leave_one_out
from pdt_evidence.errors import RequestError
from pdt_evidence.figures import alt_text, forest
from pdt_evidence.figures.registry import FIGURES
from pdt_evidence.models.bias.small_study import regression_test, trim_and_fill


def refit(k, seed=1, shift=0.0):
    made = effect(k, seed)
    return pool(
        made.yi + shift,
        made.vi,
        labels=made.labels,
        measure="SMD",
        stratum=made.stratum,
        columns=made.columns,
    )


def printed(value, digits=2):
    return f"{value:.{digits}f}".replace("-", "−")


def test_the_description_has_the_numbers_of_the_figure():
    fit = effect(8)
    sentence = alt_text(fit)
    drawn = {text.get_gid(): text.get_text() for text in forest(fit).texts}
    assert "Forest plot of 8 studies (PDT versus control: depression, end of treatment)" in sentence
    where = "pooled:pdt_vs_control/depression/post"
    assert f"Hedges’ g {drawn[f'{where}:estimate']} " in sentence
    assert drawn[f"{where}:ci"].strip("[]").replace(", ", " to ") in sentence
    assert "favours PDT" in sentence
    assert "τ² = 0.080" in sentence


def test_an_interval_over_no_effect_favours_nothing():
    assert "includes no effect" in alt_text(effect(4, ci=(-0.1, 0.9)))


def test_an_interval_that_is_not_known_is_said_to_be():
    nothing = (float("nan"),) * 2
    assert "(95% confidence interval not known)" in alt_text(effect(4, ci=nothing, pi=nothing))


def test_a_ratio_is_said_as_the_figure_prints_it():
    fit = effect(4, measure="OR", estimate=math.log(0.02), ci=(math.log(0.0002), math.log(0.9996)))
    assert "OR 0.02 (95% confidence interval <0.01 to <1.00, favours control)" in alt_text(fit)


def test_every_stratum_of_a_synthesis_is_described():
    text = alt_text(synthesis())
    assert text.startswith("Forest plot of 25 rows in 8 groups.")
    assert text.count("confidence interval") == 8
    rows = alt_text(synthesis(), "summary_forest")
    assert rows.startswith("Forest plot of 8 pooled results.")
    assert "Anxiety, long-term follow-up, PDT versus CBT, 4 studies: Hedges’ g" in rows


def test_effects_of_one_trial_are_counted_apart_and_the_model_is_named():
    text = alt_text(clustered("che"))
    assert text.startswith("Forest plot of 8 effects of 4 trials (depression): pooled")
    assert ", by CHE, ρ = 0.6, CR2; heterogeneity" in text


def test_a_network_is_described_treatment_by_treatment():
    text = alt_text(NETWORK)
    base = NETWORK.treatments.index("waitlist")
    assert text.startswith("Forest plot of 3 pooled results (network meta-analysis), against waitlist.")
    for name, i in (("PDT", NETWORK.treatments.index("pdt")), ("CBT", NETWORK.treatments.index("cbt"))):
        low, high = NETWORK.ci_low[i, base], NETWORK.ci_high[i, base]
        numbers = f"{printed(NETWORK.estimates[i, base])} (95% confidence interval {printed(low)} to {printed(high)}"
        assert f"{name}, 2 direct studies: Effect {numbers}, favours {name})" in text
    assert "All comparisons: heterogeneity Q = " in text


def test_a_leave_one_out_series_names_the_omissions_that_turn_the_result():
    fit = refit(6, shift=-0.21)
    series = leave_one_out(fit)
    text = alt_text(series)
    least = series.labels[int(np.argmin(series.estimate))]
    assert f"{printed(series.estimate.min())} (without {least})" in text
    sign_reversed = [
        name for name, ci in zip(series.labels, series.ci, strict=True) if (ci[0] > 0) != (fit.ci[0] > 0)
    ]
    assert sign_reversed
    assert all(name in text.split("Without ")[1] for name in sign_reversed)
    assert f"All 6 studies: pooled Hedges’ g {printed(fit.estimate)}" in text
    assert alt_text(influence(fit)) == text
    assert "No omission changes" in alt_text(leave_one_out(refit(12)))


def test_a_cumulative_series_says_since_when_it_is_clear():
    series = cumulative(refit(12), order="year")
    available = [not low <= 0 <= high for low, high in series.ci]
    since = max(i for i, clear in enumerate(available) if not clear) + 1
    assert f"excludes no effect from step {since + 1} ({series.labels[since]}) on." in alt_text(series)
    unclear = alt_text(cumulative(refit(12, shift=-0.6), order="year"))
    assert "At the last step the interval includes no effect" in unclear


def test_a_mapping_is_described_under_its_names():
    text = alt_text({"REML": effect(5), "DL": effect(6)}, arms=("PDT", "CBT"))
    assert "REML, 5 studies: Hedges’ g" in text
    assert "DL, 6 studies: Hedges’ g" in text


def test_a_funnel_counts_sides_and_says_what_is_added():
    fit = refit(9)
    fill, line = trim_and_fill(fit.yi, fit.vi), regression_test(fit.yi, fit.vi)
    text = alt_text(fit, "funnel", filled=replace(fill, k0=2, side="left"), regression=line)
    assert f"{(fit.yi < fit.estimate).sum()} lie left and {(fit.yi > fit.estimate).sum()} right" in text
    outside = (np.abs(fit.yi - fit.estimate) > 1.959964 * np.sqrt(fit.vi)).sum()
    assert f"{outside} outside the 95% funnel" in text
    assert "Trim-and-fill adds 2 studies on the left" in text
    assert f"Egger’s test: p = {line.p:.2f}" in text
    other = alt_text(fit, "funnel", regression=replace(line, model="random"))
    assert f"Regression test with random effects: p = {line.p:.2f}" in other
    assert "adds no study" in alt_text(fit, "funnel", filled=replace(fill, k0=0))


def test_a_baujat_plot_names_who_stands_furthest_out():
    fit = refit(9)
    series = leave_one_out(fit)
    moved = (series.estimate - fit.estimate) ** 2 / series.se**2
    text = alt_text(fit, "baujat")
    assert f"most influence on the pooled effect has {fit.labels[int(np.argmax(moved))]}" in text


def test_a_gosh_plot_tells_subsets_with_and_without_a_study():
    found = gosh(refit(6))
    text = alt_text(found, study=2)
    assert text.startswith("GOSH plot of all 63 subsets of 6 studies")
    available = found.included(2)
    with_it, without = (printed(np.median(found.estimate[kept])) for kept in (available, ~available))
    assert f"With {found.labels[2]} the median is {with_it}, without it {without}." in text
    assert "6 subsets without an I² not drawn." in text


def test_a_trajectory_says_every_window_and_those_excluded():
    strata = {(w,): effect(4, n, stratum={"follow_up": w}) for n, w in enumerate(("post", "long", "unknown"))}
    text = alt_text(replace(synthesis(), by=("follow_up",), strata=strata), "trajectory")
    assert "2 windows. At 0 months, 4 studies, Hedges’ g" in text
    assert "at 12 months" in text
    assert "1 window without a place in time left out." in text


def test_a_network_graph_says_who_is_compared_with_whom():
    text = alt_text(NETWORK, "network_plot")
    assert text.startswith("Network graph of 4 treatments in 7 studies: 5 of 6 pairs are compared directly.")
    assert "PDT and Waitlist: 2 studies" in text


def test_a_specification_curve_counts_what_excludes_the_reference():
    runs = pd.DataFrame(
        {
            "estimate": [0.4, 0.3, -0.1, float("nan"), 0.2],
            "ci_low": [0.1, -0.1, -0.3, 0.0, float("nan")],
            "ci_high": [0.7, 0.7, 0.1, 0.0, float("nan")],
            "method": ["REML", "DL", "REML", "DL", "DL"],
        }
    )
    text = alt_text(runs, "specification_curve")
    assert "4 specifications: estimates from −0.10 to 0.40, median 0.25." in text
    assert "1 of 3 intervals exclude 0; 3 estimates above it, 1 below. 1 without an interval." in text
    assert "1 without an estimate left out. Variance between studies: " in text


def test_risk_of_bias_is_counted_with_what_is_not_reported():
    text = alt_text({"rob_allocation": ["low", "+", None], "rob_blinding": ["H", "S", "U"]}, "bias_summary")
    assert text == (
        "Risk of bias of 3 studies in 2 domains. Allocation: 2 low, 1 not reported. "
        "Blinding: 1 some concerns, 1 unclear, 1 high."
    )


@pytest.mark.parametrize("figure", ["radial", "drapery", "orchard", "tau2_profile"])
def test_the_other_figures_of_a_result_say_its_size_and_estimate(figure):
    fit = effect(12)
    text = alt_text(fit, figure)
    assert "12 studies" in text
    wanted = printed(fit.tau2, 3) if figure == "tau2_profile" else f"pooled Hedges’ g {printed(fit.estimate)}"
    assert wanted in text


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_its_words(name):
    example = next(one for one in PINNED_EXAMPLES.values() if one.figure == name)
    given = example.made()
    text = alt_text(given, name)
    assert text.endswith(".")
    assert any(
        word in text
        for word in ("plot", "curve", "graph", "studies", "windows", "funnel", "Intervals", "strata")
    )


def test_an_empty_result_is_refused():
    with pytest.raises(RequestError, match="nothing to describe"):
        alt_text(effect(1, yi=effect(1).yi).__class__())


@pytest.mark.parametrize("figure", ["alt_text", "trajectory", "bias_summary"])
def test_what_cannot_be_shown_is_refused_by_its_kind(figure):
    with pytest.raises(RequestError, match="list"):
        getattr(figures, figure)([1, 2])


def test_a_result_that_a_figure_does_not_draw_is_refused():
    with pytest.raises(RequestError, match="trajectory draws Synthesis, found PooledEffect"):
        alt_text(effect(3), "trajectory")
    with pytest.raises(RequestError, match="figure = 'pie' is not known"):
        alt_text(effect(3), "pie")
