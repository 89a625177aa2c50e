"""The figures beside the forest plot: texts stand apart, marks are where their numbers are."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest
from types import SimpleNamespace

import geometry
import matplotlib as mpl
import numpy as np
import pytest
from made_results import effect, synthesis
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence import pool
from pdt_evidence.analysis.bias.selection import selection_model
from pdt_evidence.analysis.bias.sensitivity import publication_sensitivity
from pdt_evidence.analysis.networks.network import network
from pdt_evidence.analysis.robustness.cumulative import cumulative
from pdt_evidence.analysis.robustness.gosh import gosh
from pdt_evidence.analysis.robustness.influence import leave_one_out
from pdt_evidence.errors import RequestError
from pdt_evidence.figures import (
    STYLES,
    baujat,
    bias_summary,
    drapery,
    forest,
    funnel,
    gosh_plot,
    network_plot,
    orchard,
    radial,
    s_value_curve,
    save,
    selection_function,
    summary_forest,
    tau2_profile,
    trajectory,
)
from pdt_evidence.models.bias.small_study import regression_test, trim_and_fill

TREATMENTS = ("pdt", "cbt", "waitlist", "care_as_usual", "medication")
NETWORK = SimpleNamespace(
    treatments=TREATMENTS,
    studies=[SimpleNamespace(arms=np.array(arms)) for arms in ((0, 1), (0, 1), (1, 2), (0, 2, 3), (3, 4))],
)


def fitted(k=8, **values):
    """A result that `pool` made, of the studies of a result made by hand."""
    made = effect(k, **values)
    return pool(
        made.yi,
        made.vi,
        labels=made.labels,
        measure=made.measure,
        stratum=made.stratum,
        columns=made.columns,
        row_ids=made.row_ids,
    )


def course():
    """Four windows of two comparisons, the same trials again and again."""
    strata = {}
    for comparison in ("pdt_vs_control", "pdt_vs_cbt"):
        for i, window in enumerate(("post", "short", "medium", "long", "unknown")):
            key = (comparison, window)
            stratum = {"comparison": comparison, "follow_up": window}
            made = effect(9 - 2 * i, seed=i, stratum=stratum)
            trials = tuple(f"trial{j}" for j in range(made.k))
            strata[key] = replace(made, columns={**made.columns, "trial_id": trials})
    return replace(synthesis(), by=("comparison", "follow_up"), strata=strata)


def subsets(**options):
    return gosh_plot(gosh(fitted(7)), study="Gibbons 1989", **options)


def filled_funnel(**options):
    fit = fitted(9)
    fill = trim_and_fill(fit.yi, fit.vi)
    return funnel(fit, filled=fill, regression=regression_test(fit.yi, fit.vi), **options)


FIGURES = {
    "baujat": lambda **o: baujat(fitted(12), **o),
    "bias_summary": lambda **o: bias_summary(
        {"rob_allocation": ["low", "high"], "rob_blinding": ["some", "no information"]}, **o
    ),
    "cumulative": lambda **o: summary_forest(
        cumulative(fitted(6)), **{k: v for k, v in o.items() if k != "height"}
    ),
    "drapery": lambda **o: drapery(fitted(), **o),
    "funnel": lambda **o: filled_funnel(**o),
    "funnel of ratios": lambda **o: funnel(fitted(measure="OR"), **o),
    "gosh": lambda **o: subsets(**o),
    "leave-one-out": lambda **o: summary_forest(
        leave_one_out(fitted(6)), **{k: v for k, v in o.items() if k != "height"}
    ),
    "network_plot": lambda **o: network_plot(NETWORK, **o),
    "orchard": lambda **o: orchard(fitted(), **o),
    "radial": lambda **o: radial(fitted(), **o),
    "summary_forest": lambda **o: summary_forest(
        synthesis(), **{k: v for k, v in o.items() if k != "height"}
    ),
    "tau2_profile": lambda **o: tau2_profile(fitted(), **o),
    "trajectory": lambda **o: trajectory(course(), **o),
}


@pytest.mark.warns("excluded|not pooled|count persons|effect")
def test_a_trajectory_by_the_start_stands_where_its_windows_do():
    drawn = pdt.synthesize(pdt.trials(comparison="pdt_vs_control", outcome="depression"), clock="start")
    ax = trajectory(drawn)
    assert ax.get_xlabel().startswith("Windows after the start of treatment")
    assert "since the start of treatment" in pdt.alt_text(drawn, "trajectory")
    windows = [key[1] for key, one in drawn.strata.items() if key[1] != "unknown" and one.k]
    shown = {text.get_gid().split(":")[-1] for text in ax.texts if (text.get_gid() or "").startswith("k:")}
    assert shown == set(windows)
    later = drawn["depression", "12 to 24 months"]
    months = [m for m in later.columns["months_since_start"] if m == m]
    assert 12 <= min(months) <= max(months) < 24


@pytest.mark.parametrize("name", FIGURES)
def test_texts_neither_overlap_nor_leave_the_canvas(name):
    before = dict(mpl.rcParams)
    ax = FIGURES[name]()
    geometry.assert_readable(ax)
    assert dict(mpl.rcParams) == before


NAMES = [*FIGURES]


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        *((pair, "constrained") for pair in zip_longest(NAMES[::2], NAMES[1::2], fillvalue="funnel")),
        *(((name, name), None) for name in ("funnel", "network_plot", "trajectory")),
    ],
)
def test_two_figures_side_by_side_keep_to_their_boxes_in_any_style(names, layout):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.8), layout=layout)
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2)
    for name, ax in zip(names, axes, strict=True):
        assert FIGURES[name](ax=ax, style="dark") is ax
        colors = {to_hex(text.get_color()) for text in ax.texts} | {to_hex(ax.xaxis.label.get_color())}
        assert STYLES["dark"].ink in colors
    found = {}
    for n, ax in enumerate(axes):
        found |= {f"{n}:{text}": box for text, box in geometry.assert_readable(ax).items()}
    assert geometry.overlapping(found) == []
    figure.canvas.draw()


@pytest.mark.parametrize("name", FIGURES)
def test_axes_far_too_small_are_refused(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.2, 0.8))
    FigureCanvasAgg(figure)
    with pytest.raises(RequestError, match=r"\d+ x \d+ mm"):
        FIGURES[name](ax=figure.subplots())


@pytest.mark.parametrize("name", ["funnel", "trajectory", "summary_forest"])
def test_the_same_figure_gives_the_same_bytes(name, tmp_path):
    first, second = (save(FIGURES[name](), tmp_path / f"{n}.svg").read_bytes() for n in "ab")
    assert first == second


def test_the_funnel_has_its_points_and_contours_where_they_belong():
    fit = fitted(10)
    ax = funnel(fit)
    points = geometry.mark(ax, "studies").get_offsets()
    assert_allclose(points, np.column_stack([fit.yi, np.sqrt(fit.vi)]))
    wedge = next(patch for patch in ax.patches if patch.get_gid() == "contour:0.05").get_xy()
    assert_allclose(np.abs(wedge[1, 0]) / wedge[1, 1], 1.959963984540054)
    cone = next(line for line in ax.lines if line.get_gid() == "funnel")
    assert_allclose(cone.get_xdata()[1], fit.estimate)


def test_filled_studies_stand_where_trim_and_fill_puts_them():
    fit = fitted(14, seed=8)
    fill = trim_and_fill(fit.yi, fit.vi, side="left")
    fill = replace(fill, k0=2, yi=np.array([-0.5, -0.7]), vi=np.array([0.05, 0.06]))
    points = geometry.mark(funnel(fit, filled=fill), "filled").get_offsets()
    assert_allclose(points, np.column_stack([fill.yi, np.sqrt(fill.vi)]))


def test_baujat_squares_residuals_and_changes():
    fit = fitted(7)
    found = geometry.mark(baujat(fit), "studies").get_offsets()
    assert_allclose(found[:, 0], (fit.yi - fit.estimate) ** 2 / (fit.vi + fit.tau2))
    keep = np.arange(7) != 3
    without = pool(fit.yi[keep], fit.vi[keep])
    assert_allclose(found[3, 1], ((without.estimate - fit.estimate) / without.se) ** 2, rtol=1e-6)


def test_the_trajectory_joins_pooled_effects_in_order_of_time():
    drawn = course()
    ax = trajectory(drawn, trials=False)
    line = next(line for line in ax.lines if line.get_gid() == "course:PDT versus control")
    wanted = [drawn["pdt_vs_control", window].estimate for window in ("post", "short", "medium", "long")]
    assert_allclose(line.get_ydata(), wanted)
    assert "Not shown: 2 groups without a known time." in ax.get_xlabel()
    assert {text.get_text() for text in ax.texts} == {"k = 9", "k = 7", "k = 5", "k = 3"}


def test_the_profile_of_tau2_says_what_its_marks_are():
    fit = fitted()
    legend = tau2_profile(fit).get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == [
        f"Estimate ({fit.method})",
        f"95% CI ({fit.tau2_ci_method})",
        "95% by likelihood: above this line",
    ]


def test_many_courses_stay_on_the_axis_and_are_distinguished():
    one = course()
    strata = {
        (name, window): replace(effect, stratum={"outcome": name, "follow_up": window})
        for name in "abcdefghij"
        for (comparison, window), effect in one.strata.items()
        if comparison == "pdt_vs_control"
    }
    ax = trajectory(replace(one, by=("outcome", "follow_up"), strata=strata), height=140)
    found = [mark for mark in ax.collections if str(mark.get_gid()).startswith("pooled:")]
    places = np.concatenate([mark.get_offsets()[:, 0] for mark in found])
    low, high = ax.get_xlim()
    assert low + 0.3 < places.min() < places.max() < high - 0.3
    looks = {(mark.get_facecolor().tobytes(), mark.get_paths()[0].vertices.tobytes()) for mark in found}
    assert len(looks) == len(found) == 10


def test_no_line_leads_to_a_window_of_too_few_trials():
    drawn = course()
    few = {"k": 2, "columns": {"trial_id": ("trial0", "trial1")}}
    strata = {
        key: replace(effect, **few) if key[1] in ("short", "long") else effect
        for key, effect in drawn.strata.items()
    }
    ax = trajectory(replace(drawn, strata=strata), trials=False)
    assert not [line for line in ax.lines if str(line.get_gid()).startswith("course:")]
    assert not [band for band in ax.collections if str(band.get_gid()).startswith("band:")]
    assert "Lines join windows of 3 trials or more." in ax.get_xlabel()
    pooled = geometry.mark(ax, "pooled:PDT versus control")
    assert len(pooled.get_offsets()) == 4
    assert "Lines join" not in trajectory(drawn).get_xlabel()


def test_an_absurd_interval_does_not_ruin_the_axis_of_a_trajectory():
    drawn = course()
    key = next(iter(drawn))
    wide = replace(drawn, strata={**drawn.strata, key: replace(drawn[key], ci=(-10.0, 8.0))})
    ax = trajectory(wide)
    low, high = ax.get_ylim()
    assert -5 < low < high < 5
    assert len([mark for mark in ax.collections if mark.get_gid() == "arrow"]) == 2
    geometry.assert_readable(ax)


def test_the_diamond_of_two_studies_does_not_ruin_the_axis():
    two = pool([0.1, 1.2], [0.04, 0.05], measure="SMD")
    assert two.ci[1] - two.ci[0] > 10
    ax = forest(two)
    low, high = ax.get_xlim()
    assert high - low < 5
    assert geometry.mark(ax, "arrows-left:pooled") is not None


def test_notes_of_the_results_stand_under_forests():
    same = pool([0.10, 0.12, 0.11], [0.04, 0.05, 0.03], measure="SMD")
    ax = forest(same)
    geometry.assert_readable(ax)
    sentence = " ".join(text.get_text() for text in ax.texts if str(text.get_gid()).startswith("note:"))
    assert "The Knapp-Hartung variance factor is" in sentence
    quiet = forest(same, method=False)
    assert "Knapp-Hartung variance" not in " ".join(text.get_text() for text in quiet.texts)
    two = summary_forest({"z": pool([0.1, 0.3], [0.04, 0.05], measure="SMD", test="z")})
    geometry.assert_readable(two)
    assert "With two studies no prediction interval can be computed." in " ".join(
        text.get_text() for text in two.texts
    )
    several = {"knha": same, "two": pool([0.1, 0.3], [0.04, 0.05], measure="SMD")}
    sentence = " ".join(text.get_text() for text in summary_forest(several).texts)
    assert "Notes on 2 of these results are in their summary()." in sentence


@pytest.mark.parametrize("network", ["depression_nice", "sad_mayowilson2014"])
def test_names_and_numbers_of_a_large_network_keep_apart(network):
    from pdt_evidence.analysis.networks.comparison import pdt_against_cbt

    ax = network_plot(pdt_against_cbt([network]).fits[network], title="Treatments")
    names = {name: box for name, box in geometry.boxes(ax).items() if str(name).startswith("name:")}
    assert geometry.overlapping(names) == []
    texts = {text.get_text().split("\n")[0] for text in ax.texts if str(text.get_gid()).startswith("name:")}
    assert {"CBT", "PDT", "PDT + medication", "Waitlist"} <= texts


def test_edges_are_as_thick_as_their_number_of_studies():
    ax = network_plot(NETWORK)
    widths = {line.get_gid(): line.get_linewidth() for line in ax.lines}
    assert widths["edge:pdt|cbt"] == pytest.approx(2 * widths["edge:cbt|waitlist"])
    assert "edge:pdt|waitlist" in widths  # of the study with three arms
    areas = geometry.mark(ax, "treatments").get_sizes()
    assert_allclose(areas / areas.max(), np.array([3, 3, 2, 2, 1]) / 3)


def test_the_summary_forest_marks_comparisons_apart_and_keeps_their_intervals():
    drawn = synthesis()
    ax = summary_forest(drawn)
    assert len(geometry.mark(ax, "intervals").get_segments()) == len(drawn)
    first, second = (geometry.mark(ax, f"estimates:{hue}") for hue in (0, 1))
    assert to_hex(first.get_facecolor()[0]) != to_hex(second.get_facecolor()[0])
    low, high = ax.get_xlim()
    wanted = sorted(tuple(np.clip(s.ci, low, high)) for s in drawn.strata.values())
    assert_allclose(sorted(map(tuple, geometry.ends(ax))), wanted)


def test_bias_shares_add_up_to_a_hundred():
    ax = bias_summary({"rob_a": ["low", "high", "high", None]}, weights=[1, 2, 1, 9])
    assert_allclose(sum(bar.get_width() for bar in ax.patches), 100)
    assert_allclose([bar.get_width() for bar in ax.patches], [25, 75])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: baujat(effect(1)), "A Baujat plot needs two studies or more; this result has 1."),
        (lambda: funnel(effect(3), contours=[5]), "contours = [5]: 5 is no p value between 0 and 1."),
        (lambda: tau2_profile(effect(1)), "needs a random-effects result of two studies or more"),
        (lambda: bias_summary(effect(3)), "There is no judgement to draw"),
        (lambda: trajectory(replace(synthesis(), by=("outcome",))), "needs a synthesis by 'follow_up'"),
        (lambda: network_plot(NETWORK, sizes={"pdt": 3}), "sizes says nothing of 'cbt'"),
        (lambda: summary_forest({}), "There is nothing to draw"),
        (
            lambda: summary_forest(synthesis(), columns=["n"]),
            "asks for 'n'. This result has: 'study', 'k'",
        ),
        (lambda: orchard(effect(3), by="country"), "by = 'country' is no column of this result"),
        (lambda: gosh_plot(gosh(fitted(4)), study="Nobody 1900"), "Nobody 1900"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(RequestError) as caught:
        call()
    assert message in str(caught.value)


def test_a_network_is_drawn_against_its_reference():
    fit = network(
        [0.5, 0.3, 0.6, 0.1, 0.2],
        [0.04, 0.05, 0.05, 0.06, 0.04],
        ["pdt", "cbt", "pdt", "pdt", "cbt"],
        ["waitlist", "waitlist", "waitlist", "cbt", "waitlist"],
        ["a", "b", "c", "d", "e"],
        reference="waitlist",
    )
    ax = summary_forest(fit)
    geometry.assert_readable(ax)
    at = fit.treatments.index("waitlist")
    ranked = sorted((i for i in range(3) if i != at), key=lambda i: -fit.estimates[i, at])
    wanted = [(fit.ci_low[i, at], fit.ci_high[i, at]) for i in ranked]
    assert_allclose(geometry.ends(ax), wanted)
    texts = {text.get_gid(): text.get_text() for text in ax.texts}
    assert texts["row:pdt:k"] == "2"
    assert texts["favours:right:1"] == "Favours treatment →"


def some_results():
    rng = np.random.default_rng(11)
    vi = rng.uniform(0.02, 0.12, 18)
    return rng.normal(0.3, np.sqrt(vi + 0.05)), vi


def test_the_curve_of_s_values_has_its_numbers():
    found = publication_sensitivity(*some_results())
    ax = s_value_curve(found)
    line = next(line for line in ax.lines if line.get_gid() == "curve")
    assert_allclose(line.get_ydata(), found.curve["estimate"])
    dot = next(dots for dots in ax.collections if dots.get_gid() == "s-value-ci")
    assert_allclose(np.exp(dot.get_offsets()[0, 0]), found.s_value_ci)
    worst = next(line for line in ax.lines if line.get_gid() == "worst-case")
    assert_allclose(worst.get_ydata(), found.worst_case.estimate)
    with pytest.raises(RequestError, match="no study is significant"):
        s_value_curve(publication_sensitivity([0.1, 0.1, 0.1], [0.1, 0.1, 0.2]))


def test_the_selection_function_has_its_steps():
    found = selection_model(*some_results(), steps=(0.025, 0.5))
    line = next(line for line in selection_function(found).lines if line.get_gid() == "weights")
    assert_allclose(np.unique(line.get_xdata() ** 2), [0, 0.025, 0.5, 1])
    assert_allclose(line.get_ydata()[::2], found.weights)
    with pytest.raises(RequestError, match="no weights to draw"):
        selection_function(selection_model([0.1, 0.1, 0.1, 0.2], [0.1, 0.1, 0.2, 0.2]))


def test_contours_are_told_apart_in_grey():
    """Neighbouring regions differ by a twelfth of full brightness or more."""
    patches = funnel(fitted(12)).patches
    greys = sorted({round(float(np.mean(patch.get_facecolor()[:3])), 4) for patch in patches})
    assert len(greys) == 4
    assert np.diff(greys).min() > 0.08


@pytest.mark.parametrize(
    "weights", [[], [1.0], ["a", "b", "c"], [1, 2, np.nan], [1, 2, -1], [0, 0, 0], [[1], [2], [3]]]
)
def test_weights_of_judgements_are_a_number_for_each_study(weights):
    judgements = {"Randomisation": ["low", "low", "high"], "Blinding": ["high", "high", "unclear"]}
    with pytest.raises(RequestError, match="expected a number, 0 or more, for each of 3 studies"):
        pdt.bias_summary(judgements, weights=weights)


def test_domains_of_different_lengths_are_refused():
    with pytest.raises(RequestError, match="differ in their number of judgements"):
        pdt.bias_summary({"Randomisation": ["low", "low"], "Blinding": ["high"]})


@pytest.mark.parametrize("most", [0, -1.0, np.inf, np.nan, "wide"])
def test_a_profile_ends_above_0(most):
    with pytest.raises(RequestError, match="most = "):
        pdt.tau2_profile(pdt.pool([0.1, 0.5, 0.9], [0.04, 0.05, 0.03]), most=most)


def test_words_that_are_no_judgements_are_named_beside_those_that_are():
    with pytest.raises(RequestError) as refused:
        pdt.bias_summary({"selection": ["low", "mid"], "attrition": ["+", "perhaps"]})
    text = str(refused.value)
    assert "'selection' holds 'mid'" in text
    assert "'attrition' holds 'perhaps'" in text
    assert "'Some concerns', 'Unclear', 'High'" in text
    assert "inapplicable" not in text


def test_a_summary_of_bias_says_of_how_many_studies_each_share_is():
    ax = pdt.bias_summary({"selection": ["low", "", "high"], "attrition": ["low", "low", "high"]})
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "Selection (2 of 3)",
        "Attrition (3 of 3)",
    ]
    assert ax.get_xlabel() == "Share of studies with a judgement (%)"
    whole = pdt.bias_summary({"selection": ["low", "low", "high"]})
    assert [label.get_text() for label in whole.get_yticklabels()] == ["Selection"]
