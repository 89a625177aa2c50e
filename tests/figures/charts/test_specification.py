"""The specification curve: every estimate in order, and under it the options that it took."""

from __future__ import annotations

from typing import Any

import geometry
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence import specification_curve
from pdt_evidence.errors import RequestError, SchemaError

KINDS = ("excludes", "holds", "bare")
METHODS = {
    "REML": "restricted likelihood",
    "DL": "DerSimonian–Laird",
    "PM": "Paule–Mandel",
}  # as readers know them


def runs(n=22, seed=3):
    rng = np.random.default_rng(seed)
    estimate, half = rng.normal(0.2, 0.15, n), rng.uniform(0.1, 0.4, n)
    table = pd.DataFrame({"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half})
    table["method"] = rng.choice(["REML", "DL", "PM"], n)
    table["outcome_definition"] = rng.choice(["self", "clinician-rated or whichever was called primary"], n)
    table["outliers_in"] = rng.choice([True, False], n)
    table["rho"] = rng.choice([0.0, 0.5, np.nan], n)
    table.loc[::9, ["ci_low", "ci_high"]] = np.nan
    return table


def curve(*args: Any, **options: Any) -> Any:
    return specification_curve(*args, **options)


def drawn(ax, name):
    """Offsets of the marks of every kind together, by x."""
    inside = [ax, *ax.child_axes]
    found = [geometry.mark(one, f"{name}:{kind}") for one in inside for kind in KINDS]
    points = np.concatenate([np.asarray(one.get_offsets()) for one in found if one is not None])
    return points[np.lexsort(points.T[::-1])]


def text_at(ax, gid):
    """Middle of a text's box in pixels, down the figure."""
    box = geometry.boxes(ax)[gid]
    return (box.y0 + box.y1) / 2


@pytest.mark.parametrize("n", [1, 2, 5, 22, 200, 400])
@pytest.mark.parametrize("style", ["default", "lancet"])
def test_texts_neither_overlap_nor_leave_the_figure(n, style):
    geometry.assert_readable(curve(runs(n), style=style, title="A curve"))


def test_estimates_stand_in_order_of_size_with_their_intervals():
    table = runs()
    ordered = table.sort_values("estimate", kind="stable", ignore_index=True)
    ax = curve(table)
    assert_allclose(drawn(ax, "estimates"), np.column_stack([np.arange(22), ordered["estimate"]]))
    for kind in ("excludes", "holds"):
        at = np.asarray(geometry.mark(ax, f"estimates:{kind}").get_offsets())[:, 0].astype(int)
        segments = np.array(geometry.mark(ax, f"intervals:{kind}").get_segments())
        low, high = ax.get_ylim()
        assert_allclose(segments[:, 0], np.column_stack([at, ordered["ci_low"][at].clip(low)]))
        assert_allclose(segments[:, 1], np.column_stack([at, ordered["ci_high"][at].clip(upper=high)]))


@pytest.mark.parametrize("reference", [0.0, 0.3, -0.2])
def test_the_kind_says_whether_the_interval_holds_the_reference(reference):
    table = runs().sort_values("estimate", kind="stable", ignore_index=True)
    ax = curve(table, reference=reference)
    holds = (table["ci_low"] <= reference) & (table["ci_high"] >= reference)
    bare = table["ci_low"].isna()
    expected = {"excludes": ~holds & ~bare, "holds": holds, "bare": bare}
    for kind, which in expected.items():
        found = geometry.mark(ax, f"estimates:{kind}")
        at = [] if found is None else np.asarray(found.get_offsets())[:, 0]
        assert_allclose(at, np.flatnonzero(which), err_msg=kind)
    assert geometry.mark(ax, "intervals:bare") is None
    line = next(line for line in ax.lines if line.get_gid() == "reference")
    assert_allclose(line.get_ydata(), reference)
    assert ax.get_ylim()[0] < reference < ax.get_ylim()[1]


def test_an_interval_that_ends_on_the_reference_holds_it():
    table = pd.DataFrame({"estimate": [0.2], "ci_low": [0.0], "ci_high": [0.4], "method": ["DL"]})
    assert geometry.mark(curve(table), "estimates:holds") is not None


def test_kinds_differ_in_shape_and_fill_as_well_as_colour():
    ax = curve(runs(), style="apa")
    found = [geometry.mark(ax, f"estimates:{kind}") for kind in KINDS]
    assert (
        len({one.get_paths()[0].vertices.shape + tuple(one.get_paths()[0].vertices[0]) for one in found}) == 3
    )
    assert found[0].get_facecolor().tolist() != found[1].get_facecolor().tolist()


@pytest.mark.parametrize("n", [5, 22, 200])
def test_every_mark_stands_below_its_estimate_and_beside_its_option(n):
    table = runs(n)
    choices = ["method", "outcome_definition", "outliers_in", "rho"]
    ax = curve(table, choices=choices)
    ordered = table.sort_values("estimate", kind="stable", ignore_index=True)
    (inset,) = ax.child_axes
    ax.figure.canvas.draw()
    assert_allclose(inset.bbox.x0, ax.bbox.x0)
    assert_allclose(inset.bbox.x1, ax.bbox.x1)
    assert inset.bbox.y1 < ax.bbox.y0
    where = {}
    for name in choices[:1] + choices[2:]:
        for value in ordered[name].dropna().unique():
            word = {True: "yes", False: "no"}[bool(value)] if name == "outliers_in" else value
            word = f"{word:g}" if name == "rho" else METHODS.get(word, word)
            where[name, value] = text_at(ax, f"option:{name}:{word}")
    marks = inset.transData.transform(drawn(ax, "used"))
    for (name, value), y in where.items():
        at = ax.transData.transform([(int(i), 0) for i in np.flatnonzero(ordered[name] == value)])[:, 0]
        near = np.sort(marks[np.abs(marks[:, 1] - y) < 6, 0])
        assert_allclose(near, at, atol=0.5, err_msg=f"{name}: {value}")
    assert len(marks) == 3 * n + ordered["rho"].notna().sum()


def test_choices_are_columns_of_words_that_vary_unless_they_are_named():
    table = runs().assign(disorder="depression", note="")
    gids = [t.get_gid().split(":") for t in curve(table).texts]
    named = {f"choice:{gid[1]}" for gid in gids if gid[0] == "choice"}  # without the numbers of further lines
    assert named == {"choice:method", "choice:outcome_definition", "choice:outliers_in"}
    lone = curve(table, choices="disorder")
    assert [t.get_text() for t in lone.texts if t.get_gid().startswith("option:")] == ["depression"]


def test_choice_names_are_bold_and_left_of_their_options():
    ax = curve(runs())
    found = geometry.boxes(ax)
    names = [t for t in ax.texts if t.get_gid().startswith("choice:")]
    assert {t.get_fontweight() for t in names} == {"bold"}
    options = [box.x0 for gid, box in found.items() if gid.startswith("option:")]
    assert max(found[t.get_gid()].x1 for t in names) < min(options)


def test_the_order_of_rows_changes_no_mark():
    table = runs()
    table["method"] = pd.Categorical(table["method"], ["PM", "REML", "DL"])
    table["outcome_definition"] = table["outcome_definition"].astype("category")
    pick = ["method", "outcome_definition", "rho"]
    first, second = (drawn(curve(t, choices=pick), "used") for t in (table, table.iloc[::-1]))
    assert_allclose(first, second)


def test_estimates_that_are_not_known_are_counted_below():
    table = runs(6)
    table.loc[2, "estimate"] = np.nan
    ax = curve(table)
    assert len(drawn(ax, "estimates")) == 5
    note = next(t for t in ax.texts if t.get_gid() == "note:1")
    assert note.get_text() == "5 specifications, by size of the estimate; not shown: 1 without an estimate"


def test_an_interval_many_times_wider_than_the_others_is_cut_off_with_an_arrow():
    table = runs(12).fillna({"ci_low": 0.0, "ci_high": 0.5})
    table.loc[4, ["ci_low", "ci_high"]] = [-90.0, np.inf]
    ax = curve(table)
    assert ax.get_ylim()[0] > -5
    arrows = [np.asarray(one.get_offsets()) for one in ax.collections if one.get_gid() == "arrow"]
    assert sorted(len(one) for one in arrows) == [1, 1]


def test_it_draws_inside_given_axes_in_place():
    figure = Figure(figsize=(10, 5), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    assert curve(runs(40), ax=right, style="dark", title="Given") is right
    left.set_title("Other")
    geometry.assert_readable(right)
    (inset,) = right.child_axes
    assert inset.bbox.y0 > 0
    assert left.bbox.x1 < min(box.x0 for box in geometry.boxes(right).values())


def test_both_directions_stand_beside_the_axis():
    ax = curve(runs(), arms=("PDT", "control"), reference=0.1)
    texts = {t.get_gid(): t.get_text() for t in ax.texts}
    assert texts["above:1"] == "↑ Favours PDT"
    assert texts["below:1"] == "↓ Favours control"
    assert text_at(ax, "above:1") > text_at(ax, "ylabel:1") > text_at(ax, "below:1")


def test_it_draws_what_sensitivity_gives():
    table = pdt.sensitivity(
        pdt.trials(comparison="pdt_vs_cbt", outcome="depression"), rhos=[0, 0.5], by="outcome"
    )
    ax = curve(table, choices=["dependence", "rho"])
    assert_allclose(drawn(ax, "estimates")[:, 1], np.sort(table["estimate"]))
    geometry.assert_readable(ax)


def test_unknown_columns_are_named_together_with_the_nearest_ones():
    with pytest.raises(SchemaError) as caught:
        curve(runs(), estimate="estimat", choices=["methods"])
    assert str(caught.value) == (
        "The table has no column 'estimat'. Did you mean 'estimate'? It has no column 'methods'. Did you mean "
        "'method'? Its columns: 'estimate', 'ci_low', 'ci_high', 'method', 'outcome_definition', 'outliers_in', 'rho'."
    )


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda t: t.assign(estimate=np.nan), {}, "column 'estimate' holds no estimate"),
        (lambda t: t.iloc[:0], {}, "column 'estimate' holds no estimate"),
        (lambda t: t, {"ci": ("ci_high", "ci_low")}, "Give `ci` the lower end first"),
        (lambda t: t, {"ci": "ci_low"}, "expected the names of two columns"),
        (lambda t: t, {"estimate": "method"}, "Column 'method' holds something that is not a number"),
        (lambda t: t, {"reference": np.nan}, "is not a finite number"),
        (lambda t: t[["estimate", "ci_low", "ci_high"]], {}, "There is no choice to draw"),
        (lambda t: pd.concat([t, t["method"]], axis=1), {}, "several columns 'method'"),
        (lambda t: t.to_dict(), {}, "Cannot draw a specification curve of dict. Give a DataFrame"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, options, said):
    with pytest.raises((RequestError, SchemaError), match=said):
        curve(change(runs()), **({"choices": ["method"]} if "several" in said else {}), **options)


def test_more_options_than_a_page_holds_are_refused():
    table = runs(80).assign(label=[f"run {i}" for i in range(80)])
    with pytest.raises(RequestError, match=r"87 options .*label \(80\).*Name fewer columns"):
        curve(table)


def test_axes_too_small_for_the_text_are_refused():
    figure = Figure(figsize=(2, 1))
    with pytest.raises(RequestError, match="specification curve does not fit 39 x 20 mm"):
        curve(runs(), ax=figure.subplots())


def test_rules_of_pooling_stand_in_words_and_words_of_other_columns_as_they_are():
    table = runs(4).assign(
        test=["z", "CR2", "LR", "sandwich"],
        events=["fallback", "never", "pool", "pool"],
        arm=["z", "t", "LR", "z"],
    )
    options = [t.get_text() for t in curve(table).texts if t.get_gid().startswith("option:")]
    assert {"normal distribution", "cluster-robust", "likelihood ratio", "not used", "beside scores"} <= set(
        options
    )
    assert {"z", "t", "LR"} == {word for word in options if len(word) < 3} - {"no"}
    assert "fallback" not in options
