"""A bubble plot shows the model that it is given: one tau2 or one that varies."""

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import RequestError
from pdt_evidence.figures.charts.bubbles import bubbles_of

RNG = np.random.default_rng(8)
X = np.linspace(0, 1, 40)
TABLE = pd.DataFrame(
    {
        "yi": 0.3 + 0.2 * X + RNG.normal(0, 0.1 + 0.7 * X),
        "vi": 0.02,
        "dose": X,
        "control": np.where(np.arange(40) % 2, "waitlist", "usual"),
    }
)


def edges(ax, gid):
    band = next(one for one in ax.collections if one.get_gid() == gid)
    return band.get_paths()[0].vertices


@pytest.mark.parametrize(("formula", "scale"), [("yi ~ dose", "~ dose"), ("yi ~ 1", "~ dose")])
def test_the_band_of_a_location_scale_model_is_as_wide_as_tau2_says(formula, scale):
    fit = pdt.metareg(formula, TABLE, scale=scale)
    rows = bubbles_of(fit).fitted
    ends = fit.predict({"dose": [0.0, 1.0]})
    for name in ("estimate", "tau2", "pi_low", "pi_high"):
        assert_allclose(rows[name].iloc[[0, -1]], ends[name], err_msg=name)
    drawn = edges(pdt.bubble(fit), "pi")
    at_end = [np.ptp(drawn[np.isclose(drawn[:, 0], x), 1]) for x in (0.0, 1.0)]
    assert_allclose(at_end, ends["pi_high"] - ends["pi_low"])
    assert at_end[1] > 1.5 * at_end[0]


def test_levels_of_a_scale_have_their_own_intervals():
    fit = pdt.metareg("yi ~ dose", TABLE, scale="~ control")
    found = bubbles_of(fit, "control")
    assert found.levels == ("usual", "waitlist")
    mean = fit.predict({"dose": [X.mean()] * 2, "control": list(found.levels)})
    assert_allclose(found.fitted["pi_high"], mean["pi_high"])
    assert_allclose(found.weights, 100 / (0.02 + fit.tau2) / (1 / (0.02 + fit.tau2)).sum())
    assert "tau2" in pdt.alt_text(fit, figure="bubble")


def test_one_tau2_gives_the_band_of_predict():
    fit = pdt.metareg("yi ~ dose + control", TABLE)
    rows = bubbles_of(fit, "dose").fitted
    assert "tau2" not in rows or rows["tau2"].nunique() == 1
    with pytest.raises(RequestError, match=r"no moderator 'year' to draw\. It has: dose, control"):
        pdt.bubble(fit, "year")


def test_axes_have_whole_years_and_words_for_readers():
    rows = pd.DataFrame(
        {
            "yi": [0.6, 0.2, 0.4, 0.1, 0.5],
            "vi": [0.04, 0.03, 0.09, 0.05, 0.04],
            "year": [2005, 2006, 2009, 2012, 2014],
            "n_sessions": [8, 12.5, 16, 20, 24],
            "arm_c": ["care_as_usual", "waitlist"] * 2 + ["waitlist"],
        }
    )
    ax = pdt.bubble(pdt.metareg("~ year", rows), ylabel="Hedges’ g")
    assert all(re.fullmatch(r"\d{4}", label.get_text()) for label in ax.get_xticklabels())
    assert ax.get_ylabel() == "Hedges’ g"
    assert pdt.bubble(pdt.metareg("~ n_sessions", rows)).get_xlabel() == "Number of sessions"
    kinds = pdt.metareg("~ C(arm_c)", rows)
    ax = pdt.bubble(kinds)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["Care as usual", "Waitlist"]
    assert ax.get_xlabel() == "Comparison arm"
    assert "at care as usual" in pdt.alt_text(kinds, "bubble")


def test_one_interval_is_drawn_where_both_are_the_same():
    """Without tau2 a new study is as uncertain as the mean; with it the two bands have colours of the legend."""
    rows = pd.DataFrame({"vi": [0.04] * 4, "year": [2001, 2002, 2003, 2004]})
    for yi, drawn in (([0.3, 0.31, 0.32, 0.34], {"ci"}), ([3.0, -3.0, 2.0, -1.0], {"ci", "pi"})):
        fit = pdt.metareg("~ year", rows.assign(yi=yi))
        assert (fit.tau2 == 0) == (drawn == {"ci"})
        ax: Any = pdt.bubble(fit)
        bands = [mark for mark in ax.collections if mark.get_gid() in ("ci", "pi")]
        assert {mark.get_gid() for mark in bands} == drawn
        assert all(mark.get_alpha() is None for mark in bands)


@pytest.mark.parametrize(
    ("measure", "label"),
    [("SMD", "Standardised mean difference"), ("RR", "Risk ratio (logarithm)"), ("", "Effect")],
)
def test_the_axis_of_effects_names_their_measure(measure, label):
    table = pd.DataFrame(
        {"yi": [0.6, 0.2, 0.4, 0.1], "vi": [0.04, 0.03, 0.09, 0.05], "year": [2001, 2004, 2010, 2015]}
    )
    if measure:
        table["measure"] = measure
    assert pdt.bubble(pdt.metareg("yi ~ year", table)).get_ylabel() == label
    assert pdt.bubble(pdt.metareg("yi ~ year", table), ylabel="g").get_ylabel() == "g"
    other = table.rename(columns={"yi": "difference"})
    assert pdt.metareg("difference ~ year", other).measure == "GEN"


def test_the_bubbles_of_the_legend_keep_apart():
    """One below the other, as in a narrow column; a bubble stands at the height of its text."""
    table = TABLE.iloc[:8].assign(vi=[0.02, 0.021, 0.022, 0.02, 0.3, 0.5, 0.021, 0.02])
    ax = pdt.bubble(pdt.metareg("yi ~ dose", table), width=60)
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    bubbles = [
        (text.get_window_extent().y0 * 72 / ax.figure.dpi, np.sqrt(mark.get_sizes()[0]) / 2)
        for mark, text in zip(legend.legend_handles, legend.get_texts(), strict=True)
        if "of the weight" in text.get_text()
    ]
    assert len(bubbles) == 3
    for (above, first), (below, second) in pairwise(bubbles):
        assert above - below > first + second + 1.0
