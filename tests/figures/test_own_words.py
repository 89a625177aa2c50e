"""Figures of imported tables: the source's own names and numbers, and what was turned on the way."""

from __future__ import annotations

from dataclasses import replace

import geometry
import pandas as pd
import pytest
from geometry import assert_readable
from made_results import clustered, effect

from pdt_evidence import effect_sizes, synthesize
from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.analysis.robustness.influence import leave_one_out
from pdt_evidence.errors import RequestError
from pdt_evidence.figures import alt_text, forest, summary_forest

TURNED = "Odds ratios above 1 favour Aspirin: lower is better, so each is turned (1/OR)."
NAMES = ("MRC 1974", "CDP 1976", "GASP 1979", "PARIS 1980", "AMIS 1980")


def deaths(**columns):
    """Deaths under aspirin and under its control, as an import has them."""
    table = pd.DataFrame(
        {
            "row_id": list("abcde"),
            "study": NAMES,
            "trial_id": NAMES,
            "outcome": "Deaths after Infarction",
            "follow_up": "post",
            "better": "lower",
            "arm_t": "aspirin",
            "arm_t_label": "Aspirin",
            "arm_c": "other_control",
            "arm_c_label": "Control",
            "event_t": [49, 44, 32, 85, 246],
            "n_t": [615, 758, 317, 810, 2267],
            "event_c": [67, 64, 38, 52, 219],
            "n_c": [624, 771, 309, 406, 2257],
            "rob_allocation": ["low", "high", "low", "unclear", "low"],
            "rob_blinding_of_patients": ["low risk"] * 5,
        }
    )
    return table.assign(**columns)


def as_revman(table=None, **options):
    found = synthesize(deaths() if table is None else table, style="revman", **options)
    return next(iter(found.strata.values()))


def texts(ax):
    return {str(text.get_gid()): text.get_text() for text in ax.texts}


def said(ax, start):
    return " ".join(text for gid, text in texts(ax).items() if gid.startswith(start))


def test_ratios_of_a_bad_outcome_are_said_to_be_reversed():
    ax = forest(as_revman(), style="revman")
    assert_readable(ax)
    assert TURNED in said(ax, "note:")
    assert TURNED in alt_text(as_revman())
    assert said(ax, "favours") == "← Favours Control Favours Aspirin →"
    plain = pool([0.1, 0.2], [0.1, 0.1], measure="OR", columns={"better": ["lower"] * 2})
    assert "turned" not in said(forest(plain), "note:"), "nothing is known of effects as given"
    assert "turned" not in said(forest(as_revman(deaths(better="higher"))), "note:")


def test_some_ratios_that_are_reversed_are_counted():
    table = effect_sizes(deaths(better=["lower", "lower", "higher", "lower", "higher"]), "OR")
    fit = synthesize(table, by="outcome")["Deaths after Infarction"]
    wanted = "Odds ratios above 1 favour Aspirin: 3 of 5, where lower is better, are turned (1/OR)."
    assert wanted in said(forest(fit), "note:")
    assert wanted in said(forest(leave_one_out(fit)), "note:")
    assert wanted in said(summary_forest({"one": fit, "two": fit}), "note:")
    reported = replace(fit, columns={"yi_basis": ("reported OR",) * 5, "flipped": (True, *[False] * 4)})
    assert "above 1 favour arm 1: 1 of 5" in said(forest(reported), "note:")


def test_arms_have_the_words_of_their_rows_where_those_agree():
    wl = deaths(arm_c="waitlist", arm_c_label="wl")
    assert "Favours waitlist" in said(forest(as_revman(wl)), "favours")
    mixed = deaths(arm_t=["aspirin"] * 4 + ["cbt"], arm_t_label=["Aspirin"] * 4 + ["CT"])
    assert said(forest(as_revman(mixed)), "favours") == "← Favours Control Favours arm 1 →"


def test_the_style_of_review_manager_shows_each_arm_and_the_judgements():
    ax = forest(as_revman(), style="revman")
    reported = texts(ax)
    assert [reported[f"study:a:{key}"] for key in ("event_t", "n_t", "event_c", "n_c")] == [
        "49",
        "615",
        "67",
        "624",
    ]
    total = "pooled:Deaths after Infarction/post:"
    assert (reported[f"{total}event_t"], reported[f"{total}n_c"]) == ("456", "4367")
    assert len(geometry.mark(ax, "lights:rob_allocation").get_offsets()) == 5
    assert "Risk of bias: A allocation; B blinding of patients; + low, − high, ? unclear." in said(
        ax, "note:"
    )
    narrow = forest(as_revman(), style="revman", width=85)
    assert_readable(narrow)
    assert "Risk of bias" not in said(narrow, "note:")
    assert said(forest(as_revman(), columns=["event_t", "plot"]), "head:event_t") == "Events Aspirin"


@pytest.mark.parametrize(
    ("events", "random", "wanted", "row"),
    [
        ("MH", True, "τ² by DerSimonian–Laird with Q about the Mantel–Haenszel estimate", "Random-effects"),
        ("MH", False, "Equal-effects model, Mantel–Haenszel;", "Equal-effects"),
        ("PETO", True, "Equal-effects model, Peto’s method;", "Equal-effects"),
    ],
)
def test_the_method_of_review_manager_is_in_words(events, random, wanted, row):
    from pdt_evidence.analysis.as_revman.synthesis import synthesize_as_revman

    fit = next(iter(synthesize_as_revman(deaths(), events=events, random=random).strata.values()))
    ax = forest(fit)
    assert wanted in said(ax, "note:")
    assert said(ax, "pooled:Deaths after Infarction/post:study").startswith(row)


def test_a_ratio_axis_has_a_tick_on_either_side_that_is_in_sight():
    for limits in ((0.72, 2.2), (0.4, 1.3), (0.55, 30.0)):
        ticks = forest(as_revman(), xlim=limits).get_xticks()
        assert min(ticks) < 1 < max(ticks), limits


def test_names_keep_their_capitals_and_coded_words_lose_theirs_inside_a_sentence():
    assert alt_text(as_revman()).startswith(
        "Forest plot of 5 studies (Deaths after Infarction, end of treatment):"
    )
    assert alt_text(effect(3, stratum={"outcome": "depression"})).startswith(
        "Forest plot of 3 studies (depression):"
    )


def test_a_title_says_what_all_rows_share():
    fit = effect(3, stratum={"follow_up": "post"})
    shared = replace(fit, columns={"outcome": ("anxiety",) * 3})
    assert said(forest(shared), "title") == "Anxiety, end of treatment"
    other = replace(fit, columns={"outcome": ("anxiety", "anxiety", "pain")})
    assert said(forest(other), "title") == "End of treatment"


def test_further_models_keep_their_heterogeneity_and_their_cautions():
    che = clustered("che")
    fit = pool(che.yi, che.vi, measure="SMD")
    ax = forest(fit, also={"CHE": che})
    assert_readable(ax)
    assert said(ax, "pooled:all:study") == "Random-effects estimate (REML)"
    assert "τ² = " in said(ax, "heterogeneity:all:CHE")
    assert che.notes
    assert all(note in said(ax, "note:") for note in che.notes)


def test_the_description_says_what_options_add():
    che = clustered("che")
    fit = pool(che.yi, che.vi, measure="SMD")
    reported = alt_text(fit, also={"CHE": che}, margins=0.25, lines=[0.4], style="bmj", width=120)
    assert "by random-effects estimate (REML)" in reported
    assert f"By CHE: pooled Hedges’ g {che.estimate:.2f}" in reported
    assert "Shaded: a margin of equivalence from −0.25 to 0.25. Reference lines at 0.40." in reported
    assert f"Overall, 8 studies: pooled Hedges’ g {fit.estimate:.2f}" in alt_text(fit, overall=fit)
    assert "prediction interval" not in alt_text(fit, prediction="off")
    assert "heterogeneity" not in alt_text(fit, heterogeneity=False)
    with pytest.raises(RequestError, match="colour: no option of forest"):
        alt_text(fit, colour="red")
    with pytest.raises(RequestError, match=r"filed: no option of funnel\. Did you mean 'filled'"):
        alt_text(fit, "funnel", filed=None)
    with pytest.raises(RequestError, match="also: an option for rows that are studies"):
        alt_text({"a": fit}, also={"CHE": che})
