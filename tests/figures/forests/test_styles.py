"""Styles as the journals' own layouts have them: columns, heads, colours; what few studies have, and long forests."""

import matplotlib as mpl
import pandas as pd
import pytest
from geometry import assert_readable
from made_results import effect

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceWarning
from pdt_evidence.figures import forest, forest_pages, specification_curve
from pdt_evidence.figures.forests.plot import options_of
from pdt_evidence.figures.sheet.styles import STYLES, style_of
from pdt_evidence.figures.sheet.words import model_head

EVENTS = pd.DataFrame(
    {
        "study": ["A 2001", "B 2004", "C 2007", "D 2010"],
        "outcome": "death",
        "event_t": [4, 6, 9, 11],
        "n_t": [40, 50, 61, 70],
        "event_c": [9, 12, 11, 15],
        "n_c": [41, 51, 60, 72],
        "better": "lower",
    }
)
SCORES = pd.DataFrame(
    {
        "study": ["A 2001", "B 2004", "C 2007", "D 2010"],
        "outcome": "depression",
        "mean_t": [10.1, 11.4, 9.0, 8.2],
        "sd_t": [4.2, 5.0, 4.4, 4.0],
        "n_t": [40, 50, 61, 70],
        "mean_c": [12.9, 12.6, 13.1, 9.9],
        "sd_c": [4.8, 5.1, 4.9, 4.2],
        "n_c": [41, 51, 60, 72],
        "better": "lower",
    }
)


def of_events(measure="OR"):
    return pdt.synthesize(pdt.read_trials(EVENTS), by="outcome", measure=measure)


def of_scores():
    return pdt.synthesize(pdt.read_trials(SCORES), by="outcome")


def keys(result, **options):
    layout = options_of(result, **options)[0]
    return [column.key for column in layout.columns if column.left], [
        column.key for column in layout.columns if not column.left
    ]


def written(ax, start):
    return [text.get_text() for text in ax.texts if str(text.get_gid()).startswith(start)]


def test_revman_has_arms_weights_and_effects_before_the_plot_with_the_model_over_them():
    left, right = keys(of_events(), style="revman")
    assert left == ["study", "event_t", "n_t", "event_c", "n_c", "weight", "effect"]
    assert right == []
    ax = forest(of_events(), style="revman")
    assert written(ax, "head:effect") == ["IV,\xa0Random,\xa095%\xa0CI", "OR"]
    assert " ".join(written(ax, "head:plot")) == "Odds ratio, IV,\xa0Random,\xa095%\xa0CI"
    assert_readable(ax)


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("REML", "IV, Random, 95% CI"),
        ("EE", "IV, Fixed, 95% CI"),
        ("MH", "M-H, Fixed, 95% CI"),
        ("MH, DL", "M-H, Random, 95% CI"),
        ("PETO", "Peto, Fixed, 95% CI"),
    ],
)
def test_the_model_is_named_as_review_manager_names_it(method, head):
    assert model_head(pdt.PooledEffect(k=3, method=method)) == head


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_revman_is_blue_for_events_and_green_for_scores(measure):
    assert options_of(of_events(measure), style="revman")[1].study == STYLES["revman"].events
    assert options_of(of_scores(), style="revman")[1].study == STYLES["revman"].study
    red, green, blue = mpl.colors.to_rgb(STYLES["revman"].events)
    assert blue > max(red, green)


def test_bmj_joins_events_and_patients_of_an_arm_and_adds_them_up():
    assert keys(of_events(), style="bmj") == (
        ["study", "event_n_t", "event_n_c"],
        ["weight", "estimate", "ci"],
    )
    ax = forest(of_events(), style="bmj")
    assert "No of events / total" in [text.get_text() for text in ax.texts]
    rows = options_of(of_events(), style="bmj")[0].rows
    assert [row.cells["event_n_t"] for row in rows if row.kind == "study"] == [
        "4 / 40",
        "6 / 50",
        "9 / 61",
        "11 / 70",
    ]
    assert [row.cells["event_n_t"] for row in rows if row.kind == "pooled"] == ["30 / 221"]
    assert_readable(ax)


def test_bmj_joins_means_and_numbers_of_one_column_have_one_number_of_decimals():
    rows = options_of(of_scores(), style="bmj")[0].rows
    cells = [row.cells["mean_n_t"] for row in rows if row.kind == "study"]
    assert cells == ["10.1 (4.2) / 40", "11.4 (5.0) / 50", "9.0 (4.4) / 61", "8.2 (4.0) / 70"]
    assert_readable(forest(of_scores(), style="bmj"))


def test_jama_has_source_and_effect_before_the_plot_and_nothing_after_it():
    assert keys(of_events(), style="jama") == (["study", "estimate", "ci"], [])
    assert written(forest(of_events(), style="jama"), "head:study") == ["Source"]


@pytest.mark.parametrize(("missing", "shown"), [(2, True), (3, False)])
def test_what_most_studies_lack_is_shown_only_where_it_is_chosen(missing, shown):
    table = SCORES.assign(yi=[0.6, 0.2, 0.9, 0.4], vi=0.04).drop(columns=["mean_t", "sd_t", "mean_c", "sd_c"])
    table.loc[: missing - 1, ["n_t", "n_c"]] = float("nan")
    fit = pdt.pool(
        table["yi"], table["vi"], labels=table["study"], columns=table[["n_t", "n_c"]].to_dict("list")
    )
    assert ("n_t" in keys(fit)[0]) is shown
    assert "n_t" in keys(fit, columns=["study", "n", "plot"])[0]


def test_arms_leave_out_what_few_studies_report_of_them():
    table = SCORES.assign(yi=[0.6, 0.2, 0.9, 0.4], vi=0.04)
    table.loc[:2, ["mean_t", "sd_t", "mean_c", "sd_c"]] = float("nan")
    columns = table[["mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"]].to_dict("list")
    fit = pdt.pool(table["yi"], table["vi"], labels=table["study"], columns=columns)
    assert keys(fit, style="revman")[0] == ["study", "n_t", "n_c", "weight", "effect"]


def test_a_long_forest_has_its_rows_closer_and_says_that_pages_exist():
    few, many = effect(60), effect(61)
    assert options_of(few)[1].pitch == style_of("default").pitch
    assert options_of(many)[1].pitch < style_of("default").pitch
    assert options_of(many, style=style_of("default"))[1].pitch == style_of("default").pitch
    with pytest.warns(EvidenceWarning, match="61 studies make one long sheet. forest_pages"):
        forest(many)
    assert len(forest_pages(many)) > 1


def test_studies_without_years_stand_by_effect():
    fit = pdt.pool([0.5, 0.1, 0.9], [0.04, 0.05, 0.06], labels=["B", "C", "A"])
    rows = [row.cells["study"] for row in options_of(fit)[0].rows if row.kind == "study"]
    assert rows == ["C", "B", "A"]
    rows = [row.cells["study"] for row in options_of(fit, sort="given")[0].rows if row.kind == "study"]
    assert rows == ["B", "C", "A"]


def test_a_specification_curve_of_one_comparison_says_whom_each_side_favours():
    runs = pd.DataFrame(
        {
            "comparison": "pdt_vs_cbt",
            "estimate": [0.4, 0.3],
            "ci_low": [0.1, -0.1],
            "ci_high": [0.7, 0.7],
            "method": ["REML", "DL"],
        }
    )

    def words(table):
        ax = specification_curve(table)
        return {text.get_text() for one in (ax, *ax.child_axes) for text in one.texts}

    assert {"↑ Favours PDT", "↓ Favours CBT"} <= words(runs)
    mixed = runs.assign(comparison=["pdt_vs_cbt", "pdt_vs_control"])
    assert not any("Favours" in word for word in words(mixed))


@pytest.mark.parametrize("name", sorted(set(STYLES) - {"revman", "lancet", "apa"}))
def test_a_style_has_one_blue(name):
    assert STYLES[name].palette[0] == STYLES[name].study
