"""Pooling as Review Manager does it, against totals from another package."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.as_revman.synthesis import synthesize_as_revman
from pdt_evidence.analysis.synthesis import synthesize
from pdt_evidence.errors import EvidenceError, EvidenceWarning
from pdt_evidence.evidence.readers import import_file, read_revman, read_trials


@pytest.fixture(scope="module")
def made():
    sys.path.insert(0, str(Path(__file__).parents[2] / "evidence" / "readers"))
    import made_files

    return made_files


@pytest.fixture
def review(made, tmp_path):
    path = tmp_path / "CD1.rm5"
    path.write_bytes(made.rm5())
    return read_revman(path)


def reference(made, kind, **settings):
    return next(
        analysis
        for analysis in made.REVIEW["analyses"]
        if analysis["kind"] == kind and all(analysis[name] == value for name, value in settings.items())
    )


@pytest.mark.parametrize(
    ("options", "kind", "settings", "outcome"),
    [
        ({"measure": "SMD", "random": True}, "continuous", {"measure": "SMD", "random": True}, "depression"),
        ({"measure": "MD", "random": False}, "continuous", {"measure": "MD"}, "depression"),
        (
            {"measure": "OR", "events": "MH", "random": False},
            "dichotomous",
            {"method": "MH", "measure": "OR"},
            "dropout",
        ),
        ({"events": "PETO"}, "dichotomous", {"method": "PETO"}, "dropout"),
    ],
)
def test_a_stratum_is_pooled_to_the_total_of_its_review(made, review, options, kind, settings, outcome):
    """The review prints arm 1 less arm 2; here lower is better, so that the sign is turned."""
    expected = reference(made, kind, **settings)["overall"]
    fit = synthesize_as_revman(review, by="outcome", **options)[outcome]
    assert fit.k == 6
    assert_allclose(
        [-fit.estimate, fit.se, fit.Q, fit.I2],
        [expected[name] for name in ("estimate", "se", "Q", "I2")],
        rtol=1e-10,
        atol=1e-12,
    )
    assert_allclose(
        sorted(np.abs(fit.ci)), sorted(np.abs([expected["ci_low"], expected["ci_high"]])), rtol=1e-10
    )
    assert fit.row_ids == tuple(review.loc[review["outcome"] == outcome, "row_id"])


def test_scales_on_which_high_is_good_are_reversed_before_they_are_pooled(review):
    part = pd.DataFrame(review[review["outcome"] == "depression"]).reset_index(drop=True)
    sign_reversed = part.copy()
    sign_reversed.loc[::2, ["mean_t", "mean_c"]] *= -1
    sign_reversed.loc[::2, "better"] = "higher"
    one, other = (synthesize_as_revman(rows, by="outcome")["depression"] for rows in (part, sign_reversed))
    assert_allclose([one.estimate, one.se, one.tau2], [other.estimate, other.se, other.tau2], rtol=1e-12)


@pytest.mark.filterwarnings("ignore:Left out, without an effect")
def test_rows_that_do_not_fit_their_stratum_are_excluded_with_the_reason(review):
    mixed = pd.DataFrame(review).assign(outcome="everything")
    result = synthesize_as_revman(mixed, by="outcome")
    assert result["everything"].k == 6
    assert set(result.left_out["reason"]) == {
        "the stratum is of means; the row counts persons",
        "the stratum is of means; the row has none",
    }
    assert len(result.left_out) + 6 == len(mixed)


@pytest.mark.filterwarnings("ignore:Left out, without an effect")
def test_trials_without_a_difference_in_events_are_excluded_with_the_reason():
    rows = {
        "row_id": list("abcd"),
        "study": list("ABCD"),
        "outcome": "x",
        "better": "lower",
        "event_t": [4, 0, 9, 5],
        "n_t": [20, 10, 9, 20],
        "event_c": [8, 0, 9, 6],
        "n_c": [20, 10, 9, 22],
    }
    result = synthesize_as_revman(pd.DataFrame(rows), by="outcome")
    assert result["x"].row_ids == ("a", "d")
    assert result["x"].k == len(result["x"].yi) == 2
    assert result.left_out["row_id"].tolist() == ["b", "c"]
    assert all("not estimable" in reason for reason in result.left_out["reason"])


def own_table(**columns):
    means = {"sd_t": 1.0, "n_t": 20, "sd_c": 1.0, "n_c": 20, "better": "lower"}
    rows = {
        "study": list("ABCD"),
        "outcome": "x",
        "mean_t": [1.0, 2.0, 3.0, 4.0],
        "mean_c": [2.0, 3.0, 4.0, 5.0],
    }
    return pd.DataFrame(rows | means | columns)


def test_a_table_of_ones_own_needs_no_names_of_rows():
    table = own_table()
    unnamed, named = (
        synthesize(rows, style="revman")["x",] for rows in (table, table.assign(row_id=list("abcd")))
    )
    assert unnamed.estimate == named.estimate
    assert unnamed.row_ids == ("row 1", "row 2", "row 3", "row 4")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"sd_t": [1.0, 0.0, 1.0, 1.0]}, "column 'sd_t': expected an SD above 0, found 0"),
        ({"n_t": ["20", "1,030", "20", "NR"]}, "column 'n_t': expected a number, found '1,030'"),
        ({"mean_t": [1.0, "4,5", 3.0, 4.0]}, "column 'mean_t': expected a number, found '4,5'"),
        ({"better": "less"}, "column 'better': expected 'lower' or 'higher', found 'less'"),
    ],
)
def test_what_gives_no_effect_anywhere_is_refused_in_the_same_words(columns, said):
    refusals = []
    for style in ("library", "revman"):
        with pytest.raises(EvidenceError) as caught:
            synthesize(own_table(row_id=list("abcd"), **columns), style=style)
        refusals.append(str(caught.value))
    assert said in refusals[0]
    assert refusals[0] == refusals[1]


@pytest.mark.filterwarnings("ignore:Left out, without an effect")
def test_rows_of_means_without_an_effect_are_left_out_for_the_same_reasons():
    table = own_table(n_t=[1, 20, 20, 20], sd_c=[1.0, np.nan, 1.0, 1.0])
    kept, revman = (synthesize(table, style=style) for style in ("library", "revman"))
    assert revman["x",].k == kept["x",].k == 2
    assert revman.left_out["reason"].tolist() == ["an arm of one person has no SD", "no sd_c"]
    assert revman.left_out.equals(kept.left_out)


def test_numbers_that_came_as_text_are_pooled_as_numbers():
    numbers, texts = own_table(), own_table(n_t="20", sd_t="1.0")
    fits = [synthesize(table, style="revman")["x",] for table in (texts, numbers)]
    assert fits[0].ci == fits[1].ci


@pytest.mark.filterwarnings("ignore:Left out, without an effect")
def test_a_stratum_whose_data_do_not_give_the_measure_asked_for_says_so():
    events = {"event_t": [np.nan, np.nan, np.nan, 3], "event_c": [np.nan, np.nan, np.nan, 5]}
    table = own_table(**events, mean_t=[1.0, 2.0, 3.0, np.nan])
    asked = "Pooled as SMD, not as OR, which was asked for: the stratum holds means."
    result = synthesize(table, style="revman", measure="OR")
    assert [str(note) for note in result["x",].notes].count(asked) == 1
    assert result.left_out["reason"].tolist() == ["the stratum is of means; the row counts persons"]
    for measure in (None, "SMD"):
        assert not any(
            "asked for" in note for note in synthesize(table, style="revman", measure=measure)["x",].notes
        )
    peto = synthesize_as_revman(ARMS_ALIKE.iloc[1:], by="outcome", measure="RR", events="PETO")["dropout"]
    assert "Pooled as OR, not as RR, which was asked for: Peto's method is one of odds ratios." in peto.notes


@pytest.mark.parametrize("style", ["library", "revman"])
def test_rows_without_a_direction_are_left_out_with_that_reason(style):
    with pytest.warns(EvidenceWarning, match="Left out, without an effect: row 3"):
        left = synthesize(own_table(better=["lower", "lower", "", "lower"]), style=style).left_out
    assert left[["row_id", "reason"]].to_numpy().tolist() == [
        ["row 3", "column 'better' does not say which direction is good"]
    ]
    with pytest.raises(EvidenceError, match=r"rows 1, 2, 3, 4: column 'better' does not say") as caught:
        synthesize(own_table(better=""), style=style)
    assert len(caught.value.problems) == 1  # one reason, however many rows have it


@pytest.mark.parametrize("style", ["library", "revman"])
def test_effects_of_several_measures_are_not_pooled(style):
    table = own_table()[["study", "outcome"]].assign(yi=0.2, vi=0.04, measure=["SMD", "SMD", "OR", "OR"])
    with pytest.raises(EvidenceError, match="expected one value, found OR, SMD"):
        synthesize(table, style=style)


def test_effects_alone_are_pooled_by_inverse_variance():
    table = pd.DataFrame(
        {"row_id": ["a", "b"], "study": ["A", "B"], "outcome": "x", "yi": [0.2, 0.4], "vi": [0.04, 0.04]}
    )
    fit = synthesize_as_revman(table, by="outcome")["x"]
    assert_allclose([fit.estimate, fit.se], [0.3, 0.02**0.5])


def test_an_unknown_option_lists_the_known_ones(review):
    with pytest.raises(EvidenceError, match="events = 'GLMM' is not known"):
        synthesize_as_revman(review, events="GLMM")
    with pytest.raises(EvidenceError, match="column 'outcom' is missing"):
        synthesize_as_revman(review, by="outcom")


MODELS = [("OR", "MH", False), ("RR", "MH", True), ("RD", "IV", False), ("OR", "PETO", False), ("MD", "IV", False),
          ("SMD", "IV", True), ("HR", "IV", True)]  # fmt: skip
HEADS = {"RR": "log RR", "OR": "log OR", "HR": "log HR"}


@pytest.mark.parametrize(("measure", "method", "random"), MODELS)
@pytest.mark.parametrize("kept", ["in memory", "as it was imported"])
def test_measure_method_and_model_are_those_of_the_review(made, tmp_path, measure, method, random, kept):
    """Nothing asked for: the totals are the review's own, and the heading names what was really pooled."""
    settings = {"measure": measure, "method": method, "random": random}
    analysis = next(
        one for one in made.REVIEW["analyses"] if all(one[name] == word for name, word in settings.items())
    )
    path, out = tmp_path / "CD1.rm5", tmp_path / "imported.csv"
    path.write_bytes(made.rm5([analysis]))
    table = import_file(path, out)
    table = table if kept == "in memory" else read_trials(out)
    result = synthesize(table, by="outcome", style="revman")
    fit, expected = result[analysis_outcome(table)], analysis["overall"]
    assert_allclose(
        [-fit.estimate, fit.se, fit.Q], [expected[name] for name in ("estimate", "se", "Q")], rtol=1e-10
    )
    assert fit.measure == result.measure == measure
    assert fit.method == method + (", DL" if random else "")
    assert result.summary().startswith(f"{HEADS.get(measure, measure)} by outcome")
    assert_allclose(fit.weights.sum(), 100)
    model = "Random-effects model" if random else "Equal-effects model"
    assert model in fit.summary()


def analysis_outcome(table):
    return table["outcome"].unique().item()


def test_analyses_that_differ_in_one_stratum_are_pooled_by_the_defaults_and_said(review):
    fit = synthesize_as_revman(review.assign(outcome="x")[review["score"] == "events"], by="outcome")["x"]
    assert fit.measure in ("OR", "RR", "RD")
    parts = review[review["score"] == "events"].copy()
    parts["analysis"] = [f"1.{1 + at % 2}" for at in range(len(parts))]
    parts.source = {"analyses": {"1.1": {"measure": "RR", "method": "MH", "random": False},
                                 "1.2": {"measure": "OR", "method": "MH", "random": True}}}  # fmt: skip
    fit = synthesize_as_revman(parts, by="outcome")["dropout"]
    assert (fit.measure, fit.method) == ("OR", "MH, DL")
    assert any("different measures, models or methods" in note for note in fit.notes)


def test_a_measure_that_was_asked_for_holds_where_it_fits(review):
    by_outcome = synthesize_as_revman(review, by="outcome", measure="RD", events="MH", random=False)
    assert by_outcome["dropout"].measure == "RD"
    assert by_outcome["depression"].measure in ("SMD", "MD")


def test_the_risk_ratio_of_a_bad_event_is_that_of_the_event():
    """Not that of its absence: 4/20 against 8/20 is 0.5, turned to 2 for fewer in arm 1."""
    rows = {
        "row_id": ["a"],
        "study": ["A"],
        "outcome": "x",
        "better": "lower",
        "event_t": [4],
        "n_t": [20],
        "event_c": [8],
        "n_c": [20],
    }
    fit = synthesize_as_revman(pd.DataFrame(rows), by="outcome", measure="RR")["x"]
    assert_allclose(fit.estimate, np.log(2))


ARMS_ALIKE = pd.DataFrame(
    {
        "row_id": ["R1", "R2", "R3"],
        "study": ["A", "B", "C"],
        "trial_id": ["A", "B", "C"],
        "outcome": "dropout",
        "better": "lower",
        "event_t": [0.0, 3, 5],
        "n_t": [63.0, 60, 50],
        "event_c": [0.0, 5, 5],
        "n_c": [60.0, 61, 52],
    }
)


@pytest.mark.filterwarnings("ignore:Left out, without an effect")
@pytest.mark.parametrize(("measure", "k"), [("RD", 3), ("RR", 2), ("OR", 2)])
def test_a_study_in_which_nobody_had_the_event_tells_of_a_difference_and_not_of_a_ratio(measure, k):
    found = synthesize_as_revman(ARMS_ALIKE, by="outcome", measure=measure)
    assert found["dropout"].k == k
    assert found.left_out["row_id"].tolist() == ["R1"][: 3 - k]


def test_means_are_pooled_whatever_events_stand_beside_them():
    means = ARMS_ALIKE.assign(mean_t=[5.0, 4, 3], sd_t=2.0, mean_c=6.0, sd_c=2.0)
    assert synthesize_as_revman(means, by="outcome")["dropout"].k == 3
