"""What the effect goes with: one table, held against metafor, with nothing dropped in silence."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.regression.moderators import MODERATORS, harmonised_rob, holm, moderators
from pdt_evidence.effects.symptoms import symptom_rows
from pdt_evidence.errors import EvidenceError, EvidenceWarning
from reference import load

REFERENCE = load("moderators", cases=3)


@pytest.fixture(scope="module")
def found():
    return moderators()


@pytest.mark.parametrize("name", ["control", "rating", "year"])
def test_levels_slopes_and_tests_agree_with_the_reference(found, name):
    rows = found.table[found.table["moderator"].eq(name)]
    fitted = rows[rows["tested"].astype(bool)]
    case = REFERENCE[name]
    keep = slice(None) if name != "year" else slice(1, None)  # the reference lists the intercept too
    assert fitted["rows"].sum() == case["rows"]
    for column in ("estimate", "se", "df"):
        assert_allclose(fitted[column], case[column][keep], rtol=1e-4, err_msg=column)
    for column in ("F", "df2", "p"):
        assert_allclose(rows[column].iloc[0], case[column], rtol=1e-3, err_msg=column)


def test_every_row_is_in_a_level_or_counted_as_missing(found):
    for name in MODERATORS:
        rows = found.table[found.table["moderator"].eq(name)]
        if rows["level"].str.startswith("per ").any():
            assert rows["rows"].item() + rows["missing_rows"].item() == found.rows
        else:
            assert rows["rows"].sum() == found.rows, name
            unknown = rows.loc[rows["level"].eq("unknown"), "rows"].sum()
            assert rows["missing_rows"].iloc[0] == unknown, name


def test_rows_are_those_that_a_pool_of_the_symptoms_takes(found):
    available = pdt.trials(comparison="pdt_vs_control", follow_up="post")
    symptoms = available[~available["outcome"].isin(["dropout", "service_use"])]
    with pytest.warns(EvidenceWarning, match="Left out, without an effect"):
        pooled = pdt.synthesize(symptoms, by="comparison")
    (fit,) = pooled.values()
    out = set(found.left_out["row_id"])
    assert out == set(pooled.left_out["row_id"]) | set(available["row_id"]) - set(symptoms["row_id"])
    assert (found.rows, found.trials) == (len(available) - len(out), fit.k)
    assert found.left_out["reason"].str.len().gt(0).all()


def test_a_count_beside_a_score_is_set_aside_unless_asked_for(found):
    counts = found.left_out["reason"].str.startswith("counts persons")
    assert any(f"{counts.sum()} rows that count persons are not pooled" in note for note in found.notes)
    every = moderators(names=["year"], events="pool")
    assert every.rows == found.rows + counts.sum()
    assert moderators(names=["year"], events="never").rows < found.rows
    with pytest.raises(EvidenceError, match="events = 'none'"):
        moderators(names=["year"], events="none")


def test_a_level_of_all_rows_is_their_pool():
    rows = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    rows = rows[rows["yi"].notna()].assign(arm_c="waitlist")
    found = moderators(rows, names=["control"]).table.iloc[0]
    fit = pdt.synthesize(rows, dependence="che")["depression", "post"]
    assert (found["rows"], found["trials"]) == (fit.k, fit.trials)
    assert found["estimate"] == pytest.approx(fit.estimate, abs=1e-6)


def test_tables_of_several_measures_are_refused_and_several_comparisons_said():
    own = pd.DataFrame({"study": list("ABCDEF"), "yi": [0.1, 0.2, 0.3, 0.4, 0.2, 0.1], "vi": 0.1})
    own["year"] = range(2001, 2007)
    with pytest.raises(EvidenceError, match="'measure': expected one value, found OR, SMD"):
        moderators(own.assign(measure=["SMD", "OR"] * 3), names=["year"])
    with pytest.warns(EvidenceWarning, match=r"The table mixes comparisons \(a, b\)\. Filter the table\.$"):
        moderators(own.assign(comparison=list("aaabbb")), names=["year"])


@pytest.mark.parametrize("name", ["study", "trial_id"])
def test_trials_are_named_in_either_column(name):
    own = pd.DataFrame({"yi": [0.1, 0.2, 0.3, 0.4], "vi": 0.1, "year": range(2001, 2005)})
    with pytest.raises(EvidenceError, match="study"):
        moderators(own, names=["year"])
    named = own.assign(**{name: list("ABCD"), "outcome": ["anxiety"] * 3 + ["dropout"]})
    found = moderators(named, names=["year"])
    assert found.left_out.to_dict("records") == [
        {
            "row_id": "row 4",
            "study": "D",
            "outcome": "dropout",
            "reason": "of an outcome that is no symptom",
        }
    ]
    assert found.trials == 3


def test_p_values_are_adjusted_for_all_moderators_tested(found):
    tests = found.tests().dropna(subset="p")
    assert_allclose(tests["p_holm"], holm(tests["p"].tolist()))
    assert (tests["p_holm"] >= tests["p"]).all()
    assert f"the {len(tests)} moderators tested" in found.notes[0]
    alone = moderators(names=["waitlist"]).tests()
    assert alone["p_holm"].item() == alone["p"].item()


def test_what_is_not_coded_is_said(found):
    assert any("allegiance is not coded" in note for note in found.notes)


def test_a_level_of_few_trials_is_shown_and_not_tested(found):
    row = found.table[found.table["level"].eq("placebo")].iloc[0]
    assert row["trials"] < 3
    assert not row["tested"]
    assert np.isnan(row["estimate"])
    assert "fewer than 3 trials" in row["note"]


def test_holm_agrees_with_a_hand_computation_and_lets_nan_be():
    """Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1, never falling: 0.02, 0.03, 0.06, 0.06."""
    assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert_allclose(holm([0.01, np.nan, 0.9]), [0.02, np.nan, 0.9])
    assert holm([0.7, 0.8]) == [1.0, 1.0]


def test_only_documented_scales_of_bias_are_made_one():
    table = pd.DataFrame(
        [
            ("RoB1 (4 items, 0-4)", "4", "low"),
            ("RoB1 (4 items, 0-4)", "3", "not low"),
            ("RoB1 (4 items, 0-4)", "0", "not low"),
            ("RoB2", "Low", "low"),
            ("RoB2", "Some concerns", "not low"),
            ("RoB2", "high risk", "not low"),
            ("RoB2 (overall only)", "some concerns", "not low"),
            ("RoB2", "0", "unknown"),
            ("RoB1", "4", "unknown"),
            ("RoB1 items (0/0.5/1)", "0.5", "unknown"),
            ("not rated (NA in db)", "", "unknown"),
            ("", "", "unknown"),
        ],
        columns=["rob_tool", "rob", "expected"],
    )
    assert harmonised_rob(table).tolist() == table["expected"].tolist()


def test_a_known_slope_is_found_again():
    """Effects that are exactly 0.2 + 0.1 per decade: no residual variance, so the slope is exact."""
    year = np.array([1990, 1995, 2000, 2005, 2010, 2015, 2020, 2020])
    rows = pd.DataFrame(
        {
            "row_id": [f"r{i}" for i in range(8)],
            "trial_id": [f"t{i}" for i in range(8)],
            "outcome": "depression",
            "year": year,
            "yi": 0.2 + 0.01 * (year - 2010),
            "vi": 0.02 + 0.001 * np.arange(8),
        }
    )
    line = moderators(rows, names=["year"]).table.iloc[0]
    assert line["estimate"] == pytest.approx(0.1, abs=1e-9)
    assert line["level"] == "per 10 years"


def test_an_unknown_moderator_is_refused_with_the_known_ones():
    with pytest.raises(EvidenceError, match=r"names has allegiance; there is: control, waitlist, rating"):
        moderators(names=["allegiance"])


def test_a_table_without_effects_is_refused():
    rows = pdt.trials(comparison="pdt_vs_control", outcome="dropout")
    with pytest.raises(EvidenceError, match="no row of the table is on a symptom"):
        moderators(rows)


def test_dropout_is_no_symptom():
    kept = symptom_rows(pdt.trials(comparison="pdt_vs_cbt"))
    assert "dropout" not in set(kept["outcome"])
    assert kept["yi"].notna().all()


def test_the_record_shows_itself(found):
    assert "waitlist" in found.summary()
    assert "<table>" in found._repr_html_()
    assert found.to_frame() is not found.table


def test_a_session_shows_it_in_a_line_and_a_table_of_a_few_columns(found):
    assert len(repr(found)) < 200
    assert "\n" not in repr(found)
    head = found._repr_html_().partition("</thead>")[0]
    assert 6 <= head.count("<th ") + head.count("<th>") <= 8
    assert found.to_frame() is not found.table


def test_a_table_without_some_columns_is_tested_for_what_it_has():
    rng = np.random.default_rng(3)
    own = pd.DataFrame(
        {"study": [f"s{at}" for at in range(9)], "year": range(2001, 2010), "yi": rng.normal(size=9)}
    )
    found = moderators(own.assign(vi=0.1))
    assert found.table["moderator"].unique().tolist() == ["year"]
    assert "control (no column 'arm_c')" in " ".join(found.notes)
    with pytest.raises(EvidenceError, match=r"does not tell of waitlist \(no column 'arm_c'\)"):
        moderators(own.assign(vi=0.1), names=["waitlist"])


def test_what_gives_no_effect_is_named_row_by_row():
    own = pd.DataFrame(
        {
            "row_id": ["a"],
            "study": "A",
            "mean_t": [1.0],
            "sd_t": 1.0,
            "n_t": 20,
            "mean_c": 1.0,
            "sd_c": 1.0,
            "better": "lower",
            "year": 2001,
        }
    )
    with pytest.raises(
        EvidenceError, match="no row of the table gives an effect and its variance: row a: no n_c"
    ):
        moderators(own.assign(n_c=np.nan))
