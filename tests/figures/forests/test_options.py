"""Options of a wrong kind are refused in one sentence that says what would do; judgements asked for are shown."""

from __future__ import annotations

from dataclasses import replace

import geometry
import numpy as np
import pytest
from geometry import assert_readable
from made_results import clustered, effect, synthesis

from pdt_evidence import figures, trim_and_fill
from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.robustness.cumulative import cumulative
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.figures import forest, funnel, save
from pdt_evidence.figures.sheet import axis

FIT = effect(5)
REFUSED = {
    "width = '85mm' is not a number of millimetres": lambda: forest(FIT, width="85mm"),
    "height = 'tall' is not a number of millimetres": lambda: funnel(FIT, height="tall"),
    "favours = 'PDT' is not two texts. Give both, such as favours=": lambda: forest(FIT, favours="PDT"),
    "arms = ('PDT',) is not two texts": lambda: forest(FIT, arms=("PDT",)),
    "columns = 'effect' is not a list of names. Give one, such as columns=['effect']": lambda: forest(
        FIT, columns="effect"
    ),
    "also = 'CHE' is no pooled result": lambda: forest(FIT, also="CHE"),
    "difference = 3 is no test. Give what compare_subgroups returns": lambda: forest(FIT, difference=3),
    "xlim = 'wide' is not two numbers": lambda: forest(FIT, xlim="wide"),
    "xlim = (0, 1, 2) is not a range": lambda: forest(FIT, xlim=(0, 1, 2)),
    "lines = 0.5 is not a list of numbers": lambda: forest(FIT, lines=0.5),
    "funnel(), result: This is a synthesis of 8 strata; give a stratum, such as synthesis['pdt_vs_control', ": (
        lambda: funnel(synthesis())
    ),
    "baujat draws one PooledEffect, found dict": lambda: figures.baujat({}),
    "orchard draws one PooledEffect, found list": lambda: figures.orchard([0.2]),
    "filled = True is not a TrimAndFill. Give what trim_and_fill(fit) returns": lambda: funnel(
        FIT, filled=True
    ),
    "regression = 1 is not a RegressionTest": lambda: funnel(FIT, regression=1),
    "network_plot draws a Network, found str": lambda: figures.network_plot("depression_nice"),
    "subsets = 3 is not a Gosh": lambda: figures.gosh_plot(3),
    "Draw each measure on its own: forest(result[key])": lambda: forest(
        {"a": FIT, "b": effect(4, measure="OR")}
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_wrong_kind_is_refused_with_what_would_do(message):
    with pytest.raises(RequestError) as refused:
        REFUSED[message]()
    assert message in str(refused.value)


def judged(values, **columns):
    return replace(effect(3), columns={**effect(3).columns, "rob": values, **columns})


def test_a_column_named_in_lights_is_shown():
    ax = forest(judged(("low", "high", "low")), lights=["rob"])
    assert_readable(ax)
    assert len(geometry.mark(ax, "lights:rob").get_offsets()) == 3
    once = forest(judged(("low", "high", "low")), lights=["rob"], columns=["study", "rob", "plot", "effect"])
    assert len(geometry.mark(once, "lights:rob").get_offsets()) == 3


def test_sums_over_items_are_said_to_be_no_judgements():
    with pytest.raises(RequestError) as refused:
        forest(judged(("4", "1", "0"), rob_tool=("RoB1 (4 items, 0-4)",) * 3), lights=["rob"])
    assert "holds '4', '1', '0' (by RoB1 (4 items, 0-4))" in str(refused.value)
    assert "Numbers, such as sums over items, are no judgements" in str(refused.value)


def test_a_prediction_interval_beyond_the_axis_ends_in_arrows():
    series = cumulative(pool([0.1, 0.5, 0.3, 0.4], [0.03] * 4, labels=list("abcd")))
    assert np.isfinite(series.pi[2]).all()
    ax = forest(series, xlim=(0.0, 0.6))
    for side in ("left", "right"):
        assert (
            len(geometry.mark(ax, f"arrows-{side}:reach").get_offsets()) == np.isfinite(series.pi[:, 0]).sum()
        )
    line = forest(effect(8), prediction="line", xlim=(0.3, 0.6))
    (spot,) = geometry.mark(line, "arrows-left:prediction").get_offsets()
    (shown,) = geometry.mark(line, "diamonds-cut").get_segments()  # a line where the axis cuts the diamond
    assert spot[1] == pytest.approx(shown[0][1])


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_the_automatic_axis_cuts_no_mark_in_half(seed, log):
    rng = np.random.default_rng(seed)
    at = rng.normal(0.4, 1.0, 9) * np.where(rng.random(9) < 0.2, 6, 1)
    scale, half = axis.Scale(log), rng.uniform(0.2, 3, 9)
    shown = np.exp if log else np.asarray
    low, high = axis.limits(
        scale, shown(at).tolist(), list(zip(shown(at - half), shown(at + half), strict=True)), [(1.0, 1.2)]
    )
    share = (at - scale.place(low)) / float(scale.place(high) - scale.place(low))
    assert not ((np.abs(share) < 0.025) | (np.abs(1 - share) < 0.025)).any()


def test_the_line_of_trim_and_fill_stands_in_the_key():
    yi = np.array([0.1, 0.3, 0.35, 0.6, 0.9, 1.1])
    fit = pool(yi, np.array([0.01, 0.02, 0.03, 0.08, 0.15, 0.2]))
    filled = trim_and_fill(fit)
    assert filled.k0
    ax = funnel(fit, filled=filled)
    assert_readable(ax)
    legend = ax.get_legend() or ax.figure.legends[0]
    assert "Estimate with those filled in" in [text.get_text() for text in legend.get_texts()]


def test_notes_have_the_signs_of_figures():
    fit = replace(effect(4), notes=("tau2 was held at 0.1.",))
    note = " ".join(text.get_text() for text in forest(fit).texts)
    assert "τ² was held" in note
    assert "tau2" not in note


@pytest.mark.parametrize("ending", ["pdf", "svg", "png", "tiff"])
def test_a_drawing_that_fails_leaves_the_file_as_it_was(tmp_path, ending, monkeypatch):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"before")
    drawn = forest(effect(3)).figure
    begin = type(drawn).draw

    def fails(self, renderer):
        begin(self, renderer)
        raise OSError("no room on the disk")

    monkeypatch.setattr(type(drawn), "draw", fails)
    with pytest.raises(OSError, match="no room"):
        save(drawn, path)
    assert path.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_file_that_cannot_be_written_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "a.pdf").mkdir()
    with pytest.raises(EvidenceError, match="it is a folder"):
        save(forest(clustered("che")), tmp_path / "a.pdf")
