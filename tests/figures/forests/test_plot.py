"""The forest plot, measured: where its texts and marks are, and that they say what the results say."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import geometry
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from geometry import assert_readable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_results import PAGES, effect, synthesis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.testing import assert_allclose

from pdt_evidence.errors import EvidenceError, EvidenceWarning, RequestError
from pdt_evidence.figures import STYLES, forest, forest_pages, summary_forest
from pdt_evidence.figures.forests.layout import forest_layout
from pdt_evidence.figures.sheet.lines import Line
from thorough import cases

EXAMPLES = cases(4, 12)
FEW = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
SCRIPTS = (
    "北京大学研究 2010",
    "Пиотровский 2004",
    "عبد الله 2012",
    "สมชาย 2015",
    "Ωμέγα $2 & $3 2001",
    "Ł 1999",
)


@pytest.mark.parametrize(
    "k", [1, 2, 3, 14, 40, pytest.param(200, marks=pytest.mark.warns("200 studies make one long sheet"))]
)
def test_texts_neither_overlap_nor_leave_the_canvas_at_any_number_of_studies(k):
    assert_readable(forest(effect(k)))


@pytest.mark.parametrize("width", [85, 120, 170, 254])
@pytest.mark.parametrize("long", [False, True])
def test_texts_fit_every_width_from_a_column_to_a_slide(width, long):
    ax = forest(effect(9, long=long), width=width)
    assert ax.figure.get_figwidth() * 25.4 == pytest.approx(width)
    assert_readable(ax)


@pytest.mark.random
@FEW
@given(
    k=st.integers(1, 25),
    seed=st.integers(0, 10_000),
    spread=st.sampled_from([0.01, 0.3, 1.0, 4.0]),
    width=st.sampled_from([None, 85, 130]),
    style=st.sampled_from(sorted(PAGES)),
    measure=st.sampled_from(["SMD", "OR", "RD"]),
    label=st.text(
        st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=["C"]),
        min_size=1,
        max_size=90,
    ),
)
def test_any_result_is_readable_and_drawn_where_its_numbers_are(
    k, seed, spread, width, style, measure, label
):
    fit = effect(k, seed, spread=spread, measure=measure, labels=(label,) * k)
    ax = forest(fit, width=width, style=style)
    assert_readable(ax)
    assert_drawn_as(ax, fit)


def assert_drawn_as(ax, fit):
    """Every mark is where the result has it, cut off at the ends of the axis."""
    scale = np.exp if fit.measure == "OR" else np.asarray
    half = 1.959963984540054 * np.sqrt(fit.vi)
    low, high = ax.get_xlim()
    wanted = np.column_stack([scale(fit.yi - half), scale(fit.yi + half)])
    wanted = wanted[(wanted[:, 0] <= high) & (wanted[:, 1] >= low)]
    assert_allclose(geometry.ends(ax), np.clip(wanted, low, high), rtol=1e-9)
    if fit.k == 1:
        assert geometry.mark(ax, "diamonds") is None
        return
    corners = geometry.mark(ax, "diamonds").get_paths()[0].vertices
    assert_allclose([corners[:, 0].min(), corners[:, 0].max()], scale(np.array(fit.ci)), rtol=1e-9)
    seen = (scale(fit.yi) >= low) & (scale(fit.yi) <= high)
    areas = geometry.mark(ax, "squares").get_sizes()
    assert_allclose(areas / areas.max(), fit.weights[seen] / fit.weights[seen].max(), rtol=1e-9)


def test_a_synthesis_nests_comparison_outcome_and_follow_up():
    ax = forest(synthesis())
    assert_readable(ax)
    heads = [text.get_text() for text in ax.texts if str(text.get_gid()).startswith("heading:")]
    assert heads[:4] == ["PDT versus control", "Depression", "End of treatment", "Long-term follow-up"]
    assert len(heads) == 2 + 4 + 8


def test_a_stratum_of_one_study_has_no_summary_row():
    drawn = synthesis()
    several = sum(stratum.k > 1 for stratum in drawn.strata.values())
    assert len(geometry.mark(forest(drawn), "diamonds").get_paths()) == several


def test_studies_of_one_name_stay_two_rows():
    fit = effect(4, labels=("Cooper 2003",) * 4, row_ids=("T1", "T1", "T2", "T3"))
    ax = forest(fit)
    assert len(geometry.ends(ax)) == 4
    names = {text.get_text() for text in ax.texts}
    assert {f"Cooper 2003 ({n})" for n in (1, 2, 3, 4)} <= names


def test_an_interval_beyond_the_axis_is_cut_off_with_an_arrow():
    fit = effect(6, yi=np.array([0.2, 0.3, 0.4, 0.5, 0.6, 30.0]))
    ax = forest(fit, xlim=(-0.5, 1.0))
    low, high = ax.get_xlim()
    assert geometry.ends(ax).min() >= low
    assert geometry.ends(ax).max() <= high
    tips = geometry.mark(ax, "arrows-right:study").get_offsets()
    beyond = (fit.yi + 1.96 * np.sqrt(fit.vi)) > high
    assert len(tips) == beyond.sum()
    assert_allclose(tips[:, 0], high)


def test_a_single_wide_interval_does_not_squeeze_the_others():
    vi = np.full(12, 0.06)
    vi[5] = 400.0
    ax = forest(effect(12, vi=vi))
    low, high = ax.get_xlim()
    assert high - low < 6
    assert geometry.mark(ax, "arrows-left:study") is not None


def test_a_stratum_of_two_studies_does_not_set_the_axis():
    """By t with one degree of freedom its interval is many times wider than its studies: it gets arrows."""
    many = effect(8, stratum={"outcome": "depression"})
    two = effect(2, 1, stratum={"outcome": "anxiety"}, ci=(-2.3, 2.8))
    strata = {("depression",): many, ("anxiety",): two}
    both = forest(replace(synthesis(), by=("outcome",), strata=strata))
    ends = [end for one in (many, two) for i in (-2.0, 2.0) for end in one.yi + i * np.sqrt(one.vi)]
    low, high = both.get_xlim()
    assert min(ends) - 0.5 < low
    assert high < max(ends) + 0.5
    for side in ("left", "right"):
        assert len(geometry.mark(both, f"arrows-{side}:pooled").get_offsets()) == 1


def test_a_result_of_two_studies_does_not_squeeze_the_other_results():
    fits = {name: effect(6, seed, pi=(np.nan, np.nan)) for seed, name in enumerate("abcde")}
    narrow = summary_forest(fits).get_xlim()
    wide = summary_forest(fits | {"two": replace(fits["a"], ci=(-9.0, 9.0))})
    assert_allclose(wide.get_xlim(), narrow, atol=0.2 * np.ptp(narrow))
    assert len(geometry.mark(wide, "arrows-right:estimate").get_offsets()) == 1


def test_limits_of_a_column_have_the_same_decimals():
    """One that would be rounded onto no effect says on which side of it it lies."""
    fit = effect(6, yi=np.array([0.2, 0.3, 0.4, 0.5, 0.6, 0.1961]), vi=np.full(6, 0.01))
    found = [text.get_text() for text in forest(fit).texts if re.search(r":ci$", str(text.get_gid()))]
    assert any(">0.00" in one for one in found)
    assert all(re.fullmatch(r"\[[<>]?−?\d+\.\d\d, [<>]?−?\d+\.\d\d\]", one) for one in found)


def test_ratios_stand_on_a_log_axis_with_their_natural_values():
    ax = forest(effect(8, measure="OR", spread=0.6))
    assert ax.get_xscale() == "log"
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert "1" in ticks
    assert [float(text) for text in ticks] == pytest.approx(list(ax.get_xticks()))


def test_the_text_says_the_interval_that_studies_has():
    fit = effect(5)
    texts = [
        t.get_text()
        for t in forest(fit).texts
        if str(t.get_gid()).startswith("study:") and ":ci" in t.get_gid()
    ]
    table = fit.studies()
    wanted = [
        f"[{a:.2f}, {b:.2f}]".replace("-", "−") for a, b in zip(table.ci_low, table.ci_high, strict=True)
    ]
    assert texts == wanted


def test_what_is_not_reported_is_a_dash_and_is_explained():
    ax = forest(effect(6))
    texts = {text.get_gid(): text.get_text() for text in ax.texts}
    assert texts["study:T0004:n_t"] == "NR"
    assert texts["pooled:pdt_vs_control/depression/post:n_t"].startswith("≥ ")
    assert any("NR: not reported." in text for text in texts.values())


def test_methods_heterogeneity_directions_and_sources_are_said():
    sentence = " ".join(
        text.get_text() for text in forest(effect(6, stratum={"comparison": "pdt_vs_cbt"})).texts
    )
    for part in (
        "Q = ",
        "df = 5",
        "p < 0.001",
        "I² = 62.3%",
        "τ² = 0.080",
        "REML",
        "Knapp–Hartung",
    ):
        assert part in sentence
    assert "← Favours CBT" in sentence
    assert "Favours PDT →" in sentence
    assert "Sources: metapsy; cochrane2014; trial2001." in sentence


def test_dollar_signs_in_a_label_are_not_mathtext():
    ax = forest(effect(3, labels=("A $x^2$ 2001", "B $5 2002", "C")))
    assert any(text.get_text() == "A $x^2$ 2001" and not text.get_parse_math() for text in ax.texts)


@pytest.mark.filterwarnings(
    "ignore:Text in"
)  # CJK and Thai: no font of ours has these letters, and it is said
@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("label", SCRIPTS)
def test_labels_in_any_script_fit(label):
    assert_readable(forest(effect(4, labels=(label,) * 4), width=110))


def test_drawing_on_given_axes_stays_in_their_box_and_changes_no_global_state():
    before = dict(mpl.rcParams)
    figure = Figure(figsize=(12, 5), layout="constrained", dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2)
    for ax in axes:
        assert forest(effect(8), ax=ax) is ax
        assert_readable(ax)
    first, second = (geometry.boxes(ax) for ax in axes)
    assert max(box.x1 for box in first.values()) < min(box.x0 for box in second.values())
    assert dict(mpl.rcParams) == before


def test_a_forest_in_a_subfigure_stays_there():
    figure = Figure(figsize=(8, 8), dpi=100)
    FigureCanvasAgg(figure)
    upper, _ = figure.subfigures(2, 1)
    ax = forest(effect(5), ax=upper.subplots())
    assert_readable(ax)
    assert min(box.y0 for box in geometry.boxes(ax).values()) > 400


def test_axes_too_small_are_refused_with_the_size_that_is_needed():
    figure = Figure(figsize=(2, 1))
    FigureCanvasAgg(figure)
    with pytest.raises(RequestError, match="does not fit 39 x 20 mm: at 6 pt") as caught:
        forest(effect(30), ax=figure.subplots())
    wide, tall = re.search(r"need (\d+) x (\d+) mm", str(caught.value)).groups()
    larger = Figure(figsize=(int(wide) / 25.4, int(tall) / 25.4))
    FigureCanvasAgg(larger)
    ax = forest(effect(30), ax=larger.add_axes((0, 0, 1, 1)))
    assert_readable(ax)
    assert min(text.get_size() for text in ax.texts) >= 6


def test_without_axes_the_figure_is_one_that_a_notebook_shows():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    figure = forest(effect(3)).figure
    assert plt.fignum_exists(figure.number)
    assert len(plt.get_fignums()) == len(before) + 1


def test_in_given_axes_no_figure_is_opened():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    figure = Figure(figsize=(8, 5))
    FigureCanvasAgg(figure)
    forest(effect(3), ax=figure.subplots())
    assert plt.get_fignums() == before


def look(ax):
    """All that can be seen of a figure: texts, segments, places and colours."""
    texts = tuple((t.get_gid(), t.get_text(), t.get_size(), t.get_color()) for t in ax.texts)
    marks = tuple((c.get_gid(), c.get_facecolor().tobytes(), c.get_paths().__len__()) for c in ax.collections)
    artists = tuple(str(a.get_gid()) for a in (*ax.artists, *ax.patches, *ax.lines))
    return texts, marks, artists, ax.get_xlim(), tuple(ax.figure.get_size_inches())


OTHER = effect(6, estimate=0.3, ci=(0.1, 0.5))
OPTIONS = {
    "style": "bmj",
    "width": 140,
    "title": "Mine",
    "columns": ["study", "plot", "effect"],
    "arms": ("PDT", "waiting list"),
    "favours": ("worse", "better"),
    "sources": {"metapsy": "Metapsy (2024)"},
    "lights": ["country"],
    "sort": "effect",
    "also": {"CHE": OTHER},
    "overall": OTHER,
    "difference": SimpleNamespace(statistic=4.2, df=(1.0, float("nan")), p=0.04),
    "margins": 0.25,
    "lines": [0.3],
    "xlim": (-1, 2),
    "digits": 1,
    "prediction": "off",
    "heterogeneity": False,
    "method": False,
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_changes_the_figure(name):
    fit = with_a_country()
    if name == "lights":
        shown = {"columns": ["study", "plot", "effect", "country"]}
        assert look(forest(fit, **shown, lights=OPTIONS[name])) != look(forest(fit, **shown))
    else:
        assert look(forest(fit, **{name: OPTIONS[name]})) != plain_look()


def with_a_country():
    fit = effect(6)
    return replace(fit, columns={**fit.columns, "country": ("low",) * 6})


@cache
def plain_look():
    """The same figure without an option, drawn once for all of them."""
    return look(forest(with_a_country()))


def test_every_option_is_tested():
    import inspect

    assert set(inspect.signature(forest).parameters) - {"result", "ax"} == set(OPTIONS)


@pytest.mark.parametrize("prediction", ["bar", "band", "line"])
def test_the_prediction_interval_is_as_wide_as_its_numbers(prediction):
    fit = effect(12)
    ax = forest(fit, prediction=prediction)
    assert_allclose(geometry.ends(ax, "predictions"), [fit.pi])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "nature"}, "style = 'nature' is not known. Choose one of: 'default'"),
        ({"prediction": "x"}, "prediction = 'x' is not known. Choose one of: 'bar', 'band', 'line', 'off'."),
        ({"sort": "size"}, "sort = 'size' is not known"),
        ({"columns": ["mean_age"]}, "asks for 'mean_age'. This result has: 'study', 'n', 'effect'"),
        ({"xlim": (2, 1)}, "xlim = (2, 1) is not a range"),
        ({"margins": -1}, "margins = -1: one margin for both sides is a number above 0"),
        ({"digits": 9}, "digits = 9 is not a whole number from 0 to 6"),
        ({"width": 1}, "width = 1 is not a width"),
    ],
)
def test_an_unknown_option_is_refused_by_name(options, message):
    with pytest.raises(RequestError) as caught:
        forest(effect(4), **options)
    assert message in str(caught.value)


def test_two_measures_on_one_axis_are_refused():
    drawn = synthesis()
    key = next(iter(drawn.strata))
    mixed = replace(drawn, strata=dict(drawn.strata) | {key: replace(drawn.strata[key], measure="OR")})
    with pytest.raises(EvidenceError, match="One axis cannot show OR, SMD together"):
        forest(mixed)


def test_an_empty_result_is_refused():
    with pytest.raises(EvidenceError, match="nothing to draw"):
        forest(replace(effect(2), k=0))


def test_judgements_are_drawn_as_risk_of_bias_symbols():
    fit = effect(3)
    fit = replace(fit, columns={**fit.columns, "rob_blinding": ("low", "some concerns", "high")})
    ax = forest(fit, columns=["study", "plot", "effect", "rob_blinding"])
    colors = geometry.mark(ax, "lights:rob_blinding").get_facecolor()
    assert len({tuple(color) for color in colors}) == 3
    signs = [t.get_text() for t in ax.texts if str(t.get_gid()).endswith(":rob_blinding")]
    assert signs == ["+", "~", "−"]
    assert_readable(ax)


def test_a_column_chosen_is_never_excluded():
    options = ["n", "plot", "effect", "weight"]
    ax = forest(
        effect(5), width=95, columns=options
    )  # older versions of Matplotlib measure text wider by a little
    assert any(str(text.get_gid()).endswith(":weight") for text in ax.texts)
    assert_readable(ax)
    with pytest.raises(RequestError) as caught:
        forest(effect(5), width=60, columns=options)
    assert "does not fit 60 mm" in str(caught.value)
    needed = int(re.search(r"need (\d+) mm", str(caught.value)).group(1))
    assert needed <= 95
    assert_readable(forest(effect(5), width=needed, columns=options))
    with pytest.raises(RequestError):
        forest(effect(5), width=needed - 2, columns=options)


@pytest.mark.parametrize("k", [1, 9, 33])
@pytest.mark.parametrize("style", PAGES)
def test_in_a_journal_column_the_plot_keeps_its_width_and_text_its_size(k, style):
    ax = forest(effect(k, long=True), width=85, style=style)
    assert ax.bbox.width / ax.figure.dpi * 25.4 > 21.99
    assert min(text.get_size() for text in ax.texts) >= 6


def test_a_figure_that_becomes_too_small_says_so_once():
    figure = Figure(figsize=(8, 6), dpi=100)
    FigureCanvasAgg(figure)
    forest(effect(20), ax=figure.subplots())
    figure.draw_without_rendering()
    figure.set_size_inches(8, 3)
    with pytest.warns(EvidenceWarning, match="draw it again at this size") as caught:
        figure.draw_without_rendering()
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()


@pytest.mark.parametrize("shape", ["side by side", "subfigures", "constrained", "constrained subfigures"])
def test_two_forests_share_a_figure(shape):
    layout = "constrained" if "constrained" in shape else None
    figure = Figure(figsize=(9, 4.5), dpi=100, layout=layout)
    FigureCanvasAgg(figure)
    if "subfigures" in shape:
        places = [part.subplots() for part in figure.subfigures(1, 2)]
    else:
        places = list(figure.subplots(1, 2))
    figure.suptitle("Two forests")
    axes = [forest(effect(k, long=k == 5), ax=ax) for k, ax in zip((5, 12), places, strict=True)]
    for ax in axes:
        assert_readable(ax)
    found = {f"{n}:{name}": box for n, ax in enumerate(axes) for name, box in geometry.boxes(ax).items()}
    assert geometry.overlapping(found) == []


def test_the_test_of_group_differences_stands_below_the_groups():
    test = SimpleNamespace(statistic=4.2, df=(1.0, 12.0), p=0.04)
    ax = forest(synthesis(), difference=test)
    assert_readable(ax)
    sentence = " ".join(text.get_text() for text in ax.texts if str(text.get_gid()).startswith("difference"))
    assert sentence == "Test of group differences: F = 4.20, df = 1, 12, p = 0.040"


def test_follow_ups_stand_in_the_order_of_time():
    drawn = synthesis(sizes=(2,))
    sign_reversed = replace(drawn, strata=dict(reversed(drawn.strata.items())))
    layout = forest_layout(sign_reversed, STYLES["default"])
    texts = [row.cells["study"] for row in layout.rows if row.kind == "heading" and row.deepest]
    assert texts == ["End of treatment", "Long-term follow-up"] * 4


def test_the_prediction_interval_of_a_further_model_has_its_colour():
    fit = effect(6)
    ax = forest(fit, also={"CHE": fit})
    style = STYLES["default"]
    drawn = geometry.mark(ax, "predictions").get_colors()
    assert_allclose(drawn, to_rgba_array([style.prediction, style.second]))


@pytest.mark.parametrize("dpi", [72, 100, 150])
def test_the_pieces_of_a_line_of_statistics_keep_apart_at_every_resolution(dpi, monkeypatch):
    """Hinted letters are up to a tenth wider or narrower than those that were measured."""
    pieces = []
    draw = Line.draw

    def noted(self, renderer):
        if not self.symbols:
            pieces.append((self.get_text(), self.get_window_extent(renderer)))
        draw(self, renderer)

    ax = forest(effect(6))
    face = next(text for text in ax.texts if str(text.get_gid()).startswith("heterogeneity")).face
    monkeypatch.setattr(Line, "draw", noted)
    ax.figure.savefig(io.BytesIO(), dpi=dpi)
    text, box = next((text, box) for text, box in pieces if "df" in text)
    assert box.width == pytest.approx(face.width(text, STYLES["default"].small) * dpi / 72, abs=1.5)


def head(ax, key):
    return next(text for text in ax.texts if text.get_gid() in (f"head:{key}:1", f"head:{key}:shared"))


@pytest.mark.parametrize("name", sorted(STYLES))
def test_columns_stand_in_the_order_of_the_style_and_heads_have_its_brackets(name):
    style = STYLES[name]
    ax = forest(synthesis(sizes=(5,)), style=name)
    assert_readable(ax)
    shared = {"n": "n_t", "arms": "n_t", "counts": "n_t"} | (
        {} if style.model_in_head else {"effect": "estimate"}
    )
    shown = [key for key in style.columns if key != "bias"]  # no judgements here
    found = [head(ax, shared.get(key, key)).get_window_extent() for key in shown if key != "plot"]
    plot = ax.get_window_extent()
    found.insert(shown.index("plot"), plot)
    middles = [(box.x0 + box.x1) / 2 for box in found]
    assert middles == sorted(middles)
    if not style.model_in_head:
        before, _, after = style.interval
        assert head(ax, "estimate").get_text().endswith(f" {before}95% CI{after}")


def test_pages_hold_every_row_once_and_share_an_axis():
    drawn = synthesis(sizes=(9, 8, 12, 7, 7, 6, 2, 4))
    pages = forest_pages(drawn, height=160)
    assert len(pages) > 2
    assert len({page.get_xlim() for page in pages}) == 1
    assert len({page.figure.get_figwidth() for page in pages}) == 1
    plots = [page.get_window_extent() for page in pages]
    assert np.ptp([(plot.x0, plot.x1) for plot in plots], axis=0).max() < 1e-6, "a plot has moved"
    assert sum(len(geometry.ends(page)) for page in pages) == sum(s.k for s in drawn.strata.values())
    for page in pages:
        assert_readable(page)
        assert page.figure.get_figheight() * 25.4 <= 160.01


def test_a_group_that_goes_on_is_headed_again():
    pages = forest_pages(synthesis(sizes=(9, 8, 12, 30, 7)), height=160)
    assert len(pages) > 3
    for page in pages:
        gids = [str(text.get_gid()) for text in page.texts]
        depths = {gid.count("/") for gid in gids if gid.startswith("heading:")}
        assert depths == {0, 1, 2}, "studies without the headings above them"
        first = next(n for n, gid in enumerate(gids) if gid.startswith("study:"))
        assert {gid.count("/") for gid in gids[:first] if gid.startswith("heading:")} == {0, 1, 2}


def test_a_page_too_low_for_ten_rows_is_refused():
    with pytest.raises(RequestError, match="no room for ten rows"):
        forest_pages(synthesis(), height=60)


def test_a_table_is_pooled_and_drawn():
    table = pd.DataFrame(
        {"study": ["A", "B", "C"], "yi": [0.1, 0.4, 0.6], "vi": [0.1, 0.2, 0.1], "country": list("xyz")}
    )
    ax = forest(table, columns=["country", "plot", "effect"])
    assert_readable(ax)
    assert len(geometry.mark(ax, "diamonds").get_paths()) == 1
    with pytest.raises(EvidenceError, match=r"effects already, in column .yi"):
        forest(table.drop(columns="vi"))
    with pytest.raises(EvidenceError, match="Cannot draw a forest of list"):
        forest([1, 2])


def test_a_summary_without_an_interval_is_hollow_and_negative_weights_have_no_area():
    nothing = (float("nan"), float("nan"))
    fit = effect(4, ci=nothing, pi=nothing, weights=np.array([60.0, 45.0, -5.0, 0.0]))
    ax = forest(fit)
    assert_readable(ax)
    assert geometry.mark(ax, "diamonds") is None
    assert len(geometry.mark(ax, "diamonds-without-interval").get_offsets()) == 1
    assert len(geometry.mark(ax, "squares").get_sizes()) == 2
    assert len(geometry.mark(ax, "points-without-weight").get_offsets()) == 2


def test_without_a_prediction_interval_nothing_speaks_of_it():
    texts = " ".join(text.get_text() for text in forest(effect(9), prediction="off").figure.findobj(Text))
    assert "prediction" not in texts
    assert "prediction" in " ".join(text.get_text() for text in forest(effect(9)).figure.findobj(Text))


def test_a_slide_has_large_text_and_thicker_lines_and_fits_a_slide():
    page, slide = forest(effect(8)), forest(effect(8), style="slide")
    assert_readable(slide)
    assert {text.get_fontsize() for text in slide.texts} <= {12.0, 13.0, 16.0, 17.0}
    widths = [geometry.mark(ax, "intervals").get_linewidths()[0] for ax in (page, slide)]
    assert widths[1] == pytest.approx(1.8 * widths[0])
    across, down = slide.figure.get_size_inches() * 25.4
    assert 254 < across < 338
    assert down < 190
    for drawn in (effect(8), effect(1), effect(20, long=True), synthesis(), effect(9, measure="OR")):
        narrow = forest(drawn, style="slide", width=254)
        assert_readable(narrow)
        assert min(text.get_fontsize() for text in narrow.texts) >= 12


def test_what_the_signs_of_judgements_mean_is_said_below_the_plot():
    fit = effect(3)
    fit = replace(
        fit,
        columns={**fit.columns, "rob_a": ("low", "some concerns", "low"), "rob_b": ("low", "unclear", "")},
    )
    ax = forest(fit, columns=["study", "plot", "effect", "bias"])
    said = " ".join(t.get_text() for t in ax.texts if "note:" in str(t.get_gid()))
    assert said.startswith("Risk of bias: A A; B B; + low, ~ some concerns, ? unclear.")


def test_a_column_of_bias_that_is_asked_for_and_not_drawn_is_said():
    fit = effect(3)
    fit = replace(fit, columns={**fit.columns, "rob_overall": ("low", "terrible", "high")})
    with pytest.warns(EvidenceWarning, match="rob_overall is not drawn: .* found 'terrible' \\("):
        forest(fit, columns=["study", "plot", "effect", "bias"])
    with pytest.warns(EvidenceWarning, match="no risk of bias to draw"):
        forest(effect(3), columns=["study", "plot", "effect", "bias"])
