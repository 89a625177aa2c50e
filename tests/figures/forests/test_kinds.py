"""Every kind of result has its forest: networks, series, models of several effects a trial, tables."""

from __future__ import annotations

import math
from dataclasses import replace

import geometry
import numpy as np
import pandas as pd
import pytest
from geometry import assert_readable
from made_results import NETWORK, clustered, effect, synthesis
from numpy.testing import assert_allclose

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.regression.metaregression import metareg
from pdt_evidence.analysis.robustness.cumulative import cumulative
from pdt_evidence.analysis.robustness.influence import influence, leave_one_out
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.errors import EvidenceError, RequestError
from pdt_evidence.figures import forest, forest_pages, summary_forest


def refit(k, seed=1):
    """A result that `pool` gives, as case deletion needs one."""
    made = effect(k, seed)
    return pool(
        made.yi, made.vi, labels=made.labels, measure="SMD", stratum=made.stratum, columns=made.columns
    )


def texts(ax):
    return {text.get_gid(): text.get_text() for text in ax.texts}


def said(ax, start):
    return " ".join(text for gid, text in texts(ax).items() if str(gid).startswith(start))


def names(ax, start="study:"):
    return [text for gid, text in texts(ax).items() if str(gid).startswith(start) and ":study:1" in str(gid)]


def test_a_network_is_a_forest_against_its_reference_with_its_direct_studies():
    ax = forest(NETWORK)
    assert_readable(ax)
    reported = texts(ax)
    assert reported["heading:all:study:1"] == "Against waitlist"
    base = NETWORK.treatments.index("waitlist")
    effects = [text.replace("−", "-") for gid, text in reported.items() if str(gid).endswith(":estimate")]
    assert list(map(float, effects)) == sorted(map(float, effects), reverse=True)
    for i, name in enumerate(NETWORK.treatments):
        if i != base:
            low, high = NETWORK.ci_low[i, base], NETWORK.ci_high[i, base]
            assert reported[f"row:{name}:k"] == str(NETWORK.direct.k[i, base])
            assert reported[f"row:{name}:ci"] == f"[{low:.2f}, {high:.2f}]".replace("-", "−")
    assert "df" in said(ax, "heterogeneity")
    assert [*names(forest(NETWORK, sort="label"), "row:")] == sorted(names(ax, "row:"))


def test_a_leave_one_out_forest_has_a_row_a_study_and_the_whole_as_diamond_and_line():
    fit = refit(7)
    series = leave_one_out(fit)
    ax = forest(series)
    assert_readable(ax)
    assert_allclose(geometry.ends(ax), series.ci)
    assert names(ax, "row:") == list(fit.labels)
    assert len(geometry.mark(ax, "diamonds").get_paths()) == 1
    line = geometry.mark(ax, "estimate-lines").get_segments()[0]
    assert_allclose(line[:, 0], fit.estimate)
    assert texts(ax)["pooled:overall:k"] == "7"
    assert texts(ax)["row:" + fit.labels[0] + ":k"] == "6"
    assert_allclose(geometry.ends(forest(influence(fit))), series.ci)


def test_a_cumulative_forest_keeps_its_order():
    series = cumulative(refit(33), order="year")
    ax = forest(series)
    assert_readable(ax)
    assert names(ax, "row:") == list(series.labels)
    assert texts(ax)["head:study:1"] == "Study added"
    with pytest.raises(RequestError, match="every row of a cumulative series holds the studies above it"):
        forest(series, sort="effect")


@pytest.mark.parametrize("width", [85, 120])
def test_every_kind_of_result_is_readable_in_one_journal_column(width):
    fit = refit(6)
    for drawn in (
        NETWORK,
        leave_one_out(fit),
        cumulative(fit),
        clustered("che"),
        {"one": fit, "two": clustered("che")},
    ):
        assert_readable(forest(drawn, width=width))
    assert_readable(forest(fit, width=width, also={"CHE": clustered("che")}))


@pytest.mark.parametrize("draw", [forest, summary_forest])
def test_a_series_is_one_figure_by_both_names(draw):
    assert texts(draw(leave_one_out(refit(4)))) == texts(forest(leave_one_out(refit(4))))


def test_rows_of_results_can_go_without_prediction_intervals():
    series = leave_one_out(refit(6))
    low, high = (ax := forest(series)).get_xlim()
    assert_allclose(geometry.ends(ax, "predictions:rows"), np.clip(series.pi, low, high))
    ax = forest(series, prediction="off")
    assert geometry.mark(ax, "predictions:rows") is geometry.mark(ax, "predictions") is None
    assert "rediction" not in " ".join(texts(ax).values())


def test_rows_of_a_summary_are_sorted_under_their_headings():
    by_effect = summary_forest(synthesis(), sort="effect")
    reported = texts(by_effect)
    keys = [gid for gid in reported if str(gid).endswith(":estimate")]
    heads = [key.split("/")[0] for key in keys]
    assert heads == sorted(heads, key=heads.index)
    for outcome in ("depression", "anxiety"):
        for window in ("post", "long"):
            values = [
                float(reported[key].replace("−", "-"))
                for key in keys
                if key.startswith(f"row:{outcome}/{window}")
            ]
            assert values == sorted(values)
            assert len(values) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"also": {"CHE": effect(3)}}, "also: an option for rows that are studies"),
        ({"overall": effect(3), "sources": "x"}, "overall, sources: an option for rows that are studies"),
        (
            {"sort": "weight"},
            "sort = 'weight' is not known. Choose one of: None, 'effect', 'precision', 'label'",
        ),
        (
            {"columns": ["n"]},
            "asks for 'n'. This result has: 'study', 'k', 'plot', 'effect', 'p', 'I2', 'tau2'",
        ),
    ],
)
def test_what_says_nothing_of_pooled_rows_is_refused(options, message):
    with pytest.raises(RequestError) as caught:
        forest(NETWORK, **options)
    assert message in str(caught.value)


def test_what_has_no_forest_is_refused_with_where_it_goes():
    table = pd.DataFrame({"yi": [0.1, 0.4, 0.6, 0.2], "vi": [0.1, 0.2, 0.1, 0.1], "year": [1, 2, 3, 5]})
    with pytest.raises(RequestError, match=r"of MetaRegression\. Its coefficients have units of their own"):
        forest(metareg("yi ~ year", table))
    with pytest.raises(RequestError, match="this one holds int"):
        forest({"a": 1})


def test_pages_hold_series_too():
    pages = forest_pages(cumulative(refit(60), order="year"), height=120)
    assert len(pages) > 1
    assert sum(len(geometry.ends(page)) for page in pages) == 60


def test_rows_of_one_trial_stand_together_in_any_order_and_are_distinguished():
    fit = clustered("che")
    for sort in (None, "effect", "precision", "label", "weight"):
        ax = forest(fit, sort=sort)
        assert_readable(ax)
        trials = [name.split(",")[0] for name in names(ax)]
        assert len(set(names(ax))) == fit.k
        assert [a for a, b in zip(trials, [None, *trials], strict=False) if a != b] == list(
            dict.fromkeys(trials)
        )
    assert "Abbass 2001, BDI" in names(ax)
    assert "Abbass 2001, HDRS, remission" in names(ax)
    weights = {gid: text for gid, text in texts(ax).items() if str(gid).endswith(":weight")}
    assert len(weights) == fit.k + 1


def test_models_of_several_effects_a_trial_are_named_with_their_correlation():
    che, three = clustered("che"), clustered("three-level")
    assert "CHE, ρ = 0.6, CR2" in names(forest(che), "pooled:")
    assert "Three-level model" in names(forest(three), "pooled:")
    assert "between" in said(forest(three), "heterogeneity")
    notes = said(forest(three), "note:")
    assert "Three-level random-effects model" in notes
    assert "(t, clusters − 1 df)" in notes


def test_a_negative_weight_is_explained_and_no_other():
    fit = clustered("che")
    below = replace(fit, weights=np.array([60.0, -5.0, *([45.0 / (fit.k - 2)] * (fit.k - 2))]))
    assert "A weight below 0 (hollow point)" in said(forest(below), "note:")
    above = replace(fit, weights=np.full(fit.k, 100 / fit.k))
    assert "A weight below 0" not in said(forest(above), "note:")


def test_every_further_model_has_a_line_of_its_own():
    table = clustered_table()
    one = synthesize(table, by="outcome")["depression"]
    ax = forest(
        one, also={"CHE": clustered("che"), "DL": pool(one.yi, one.vi, method="DL", test="z", measure="SMD")}
    )
    assert_readable(ax)
    notes = said(ax, "note:")
    assert "CHE: correlated and hierarchical effects (CHE) model, ρ = 0.6" in notes
    assert "DL: random-effects model, τ² by DerSimonian–Laird (DL); 95% confidence interval: Wald" in notes
    assert {"CHE", "DL"} <= set(names(ax, "pooled:"))
    assert "DL: random-effects" not in said(forest(one, also={"DL": one}, method=False), "note:")


def clustered_table():
    from made_results import rows_of_trials

    return rows_of_trials()


def test_a_table_with_groups_has_headings_and_subtotals_without_trial_ids():
    table = pd.DataFrame(
        {
            "study": list("ABCD"),
            "outcome": ["depression"] * 2 + ["anxiety"] * 2,
            "yi": [0.1, 0.3, 0.2, 0.6],
            "vi": [0.04] * 4,
            "measure": "SMD",
        }
    )
    ax = forest(table)
    assert_readable(ax)
    assert names(ax, "heading:") == ["Depression", "Anxiety"]
    # Of two studies each, by t with 1 degree of freedom: the axis cuts both, so they are lines with a small diamond.
    assert len(geometry.mark(ax, "diamonds-cut").get_segments()) == 2
    assert len(geometry.mark(ax, "diamonds-small").get_offsets()) == 2


@pytest.mark.parametrize(
    ("column", "words", "wanted"),
    [
        ("rating", ("self", "clinician"), ["Rating: self", "Rating: clinician"]),
        ("format", ("group", ""), ["Format: group", "Format: not stated"]),
        ("dose", ("3", "8"), ["Dose: 3", "Dose: 8"]),
        ("outcome", ("depression", "anxiety"), ["Depression", "Anxiety"]),
    ],
)
def test_a_heading_names_the_column_where_its_word_alone_says_nothing(column, words, wanted):
    made = {(word,): effect(3, n, stratum={column: word}) for n, word in enumerate(words)}
    drawn = replace(synthesis(), by=(column,), strata=made)
    assert names(forest(drawn), "heading:") == wanted
    assert names(summary_forest(drawn), "row:") == wanted
    alone = replace(drawn, strata=dict([next(iter(made.items()))]))
    assert said(forest(alone), "title") == wanted[0]


def test_weights_are_of_the_overall_result_where_it_rests_on_the_same_rows():
    parts = [effect(4, seed, stratum={"outcome": name}) for seed, name in ((1, "depression"), (2, "anxiety"))]
    parts[1] = replace(parts[1], row_ids=tuple(f"U{i}" for i in range(4)))
    drawn = replace(synthesis(), by=("outcome",), strata={(p.stratum["outcome"],): p for p in parts})
    yi, vi = (np.concatenate([getattr(p, name) for p in parts]) for name in ("yi", "vi"))
    whole = pool(yi, vi, measure="SMD", row_ids=[*parts[0].row_ids, *parts[1].row_ids])
    reported = texts(forest(drawn, overall=whole))
    shown = [
        float(text)
        for gid, text in reported.items()
        if str(gid).startswith("study:") and gid.endswith(":weight")
    ]
    assert_allclose(shown, whole.weights, atol=0.051)
    subtotals = [float(reported[f"pooled:{name}:weight"]) for name in ("depression", "anxiety")]
    assert_allclose(subtotals, [whole.weights[:4].sum(), whole.weights[4:].sum()], atol=0.051)
    assert "Weights are percentages of the overall estimate." in " ".join(reported.values())
    other = texts(forest(drawn, overall=effect(8)))
    assert other["pooled:depression:weight"] == "100.0"
    assert "Weights are percentages within each group." in " ".join(other.values())


@pytest.mark.parametrize(
    ("ci", "wanted"),
    [
        ((0.0041, 0.62), "[<0.01, 0.62]"),
        ((0.0002, 0.9996), "[<0.01, <1.00]"),
        ((1.003, 2.5), "[>1.00, 2.50]"),
        ((0.997, 1.2), "[<1.00, 1.20]"),
        ((1.0, 1.2), "[1.00, 1.20]"),
    ],
)
def test_the_limit_of_a_ratios_interval_is_neither_nought_nor_rounded_onto_no_effect(ci, wanted):
    fit = effect(4, measure="OR", ci=(math.log(ci[0]), math.log(ci[1])), estimate=math.log(math.prod(ci)) / 2)
    where = "pooled:pdt_vs_control/depression/post:ci"
    assert texts(forest(fit))[where] == wanted
    assert texts(summary_forest({"a": fit}))["row:a:ci"] == wanted


def test_a_difference_next_to_no_effect_is_not_rounded_onto_it():
    where = "pooled:pdt_vs_control/depression/post:ci"
    assert texts(forest(effect(4, ci=(0.003, 0.7))))[where] == "[>0.00, 0.70]"
    assert texts(forest(effect(4, ci=(-0.0001, 0.7))))[where] == "[<0.00, 0.70]"


@pytest.mark.parametrize(
    ("values", "signs", "drawn"),
    [
        (("+", "-", "?"), ["+", "−", "?"], 3),
        (("+", "−", "–"), ["+", "−", "−"], 3),
        (("L", "S", "H"), ["+", "~", "−"], 3),
        (("low", None, "high"), ["+", "NR", "−"], 2),
        (("Low", "–", "NA"), ["+", "NR", "NR"], 1),
        (("M", "S", "C"), ["~", "−", "!"], 3),
        ((float("nan"), "U", "high risk"), ["NR", "?", "−"], 2),
    ],
)
def test_judgements_by_word_sign_or_letter_are_risk_of_bias_symbols(values, signs, drawn):
    fit = effect(3)
    fit = replace(fit, columns={**fit.columns, "rob_blinding": values})
    ax = forest(fit, columns=["study", "plot", "effect", "rob_blinding"])
    assert_readable(ax)
    reported = texts(ax)
    assert [reported[f"study:T000{i}:rob_blinding"] for i in range(3)] == signs
    assert len(geometry.mark(ax, "lights:rob_blinding").get_offsets()) == drawn


@pytest.mark.parametrize(
    ("name", "values"),
    [("rob", (3, 0, 4)), ("rob_a", ("Y", "N", "?")), ("change", ("+", "-", "+")), ("dose", ("low",) * 3)],
)
def test_numbers_and_words_that_are_no_judgements_of_bias_are_no_risk_of_bias_symbols(name, values):
    fit = effect(3)
    fit = replace(fit, columns={**fit.columns, name: values})
    ax = forest(fit, columns=["study", "plot", "effect", name])
    assert geometry.mark(ax, f"lights:{name}") is None
    assert [texts(ax)[f"study:T000{i}:{name}"] for i in range(3)] == list(map(str, values))


def test_any_column_of_judgements_is_risk_of_bias_symbols_when_asked_for():
    fit = effect(3)
    fit = replace(fit, columns={**fit.columns, "quality": ("+", "-", "?"), "n_sessions": (8, 12, 20)})
    options = {"columns": ["study", "plot", "effect", "quality"], "lights": ["quality"]}
    assert len(geometry.mark(forest(fit, **options), "lights:quality").get_offsets()) == 3
    with pytest.raises(RequestError, match=r"'n_sessions' holds 8, 12, 20\. Expected judgements alone"):
        forest(fit, lights=["n_sessions"])
    with pytest.raises(RequestError, match="names 'colour', which no study has"):
        forest(fit, lights=["colour"])


def test_risk_of_bias_columns_survive_subsetting():
    table = clustered_table().assign(
        rob_blinding=["low", "high", "some concerns", "low", "", "high", "low", "low"]
    )
    kept = table[table["instrument"] == "BDI"]
    syn = synthesize(kept, by="outcome", dependence="one-per-trial").only(outcome="depression")
    ax = forest(syn, columns=["study", "plot", "effect", "rob_blinding"])
    shown = [text for gid, text in texts(ax).items() if str(gid).endswith(":rob_blinding")]
    words = {"low": "+", "high": "−", "some concerns": "~", "": "NR"}
    assert shown == [words[value] for value in kept["rob_blinding"]]


def test_a_missing_light_is_explained_in_the_key_of_lights():
    fit = effect(3)
    ax = forest(
        replace(fit, columns={**fit.columns, "rob_blinding": ("low", "", "high")}),
        columns=["study", "plot", "effect", "rob_blinding"],
    )
    key, *others = (text for gid, text in texts(ax).items() if str(gid).startswith("note:"))
    assert key.startswith("Risk of bias: ")
    assert key.endswith(" NR: not reported.")
    assert "NR" not in " ".join(others)


def test_an_empty_series_is_refused():
    with pytest.raises(EvidenceError, match="nothing to draw"):
        forest({})


def test_models_under_names_of_their_own_are_distinguished_below_and_count_trials():
    table = clustered_table()
    models = {"Means": synthesize(table, by="outcome")["depression"], "CHE": clustered("che")}
    ax = forest(models)
    assert_readable(ax)
    notes = said(ax, "note:")
    assert "Means: random-effects model, τ² by" in notes
    assert "CHE: correlated and hierarchical effects (CHE) model, ρ = 0.6" in notes
    assert (texts(ax)["row:CHE:k"], texts(ax)["row:Means:k"]) == ("4 (8 effects)", "4")
    assert said(forest({"a": effect(3), "b": effect(4)}), "note:").count("Random-effects model") == 1


def test_words_of_follow_up_windows_are_read_so_in_that_column_alone():
    made = {(word,): effect(3, n, stratum={"duration": word}) for n, word in enumerate(("short", "long"))}
    drawn = replace(synthesis(), by=("duration",), strata=made)
    assert names(forest(drawn), "heading:") == ["Duration: short", "Duration: long"]
    fit = effect(2, labels=("Abbass 2009",) * 2)
    fit = replace(fit, columns={"rating": ("unknown", "self")})
    assert names(forest(fit)) == ["Abbass 2009, rating: unknown", "Abbass 2009, rating: self"]


def test_one_domain_of_bias_stands_under_its_name():
    table = clustered_table().assign(rob_overall="low")
    ax = forest(
        synthesize(table, by="outcome").only(outcome="depression"),
        columns=["study", "plot", "effect", "bias"],
    )
    assert "Overall" in texts(ax).values()
    assert "A overall" not in said(ax, "note:")
