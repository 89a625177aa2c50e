"""After the end of treatment: pools, trend, change within trials, and sentences that follow the numbers."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.conclusions.wording import about_follow_up
from pdt_evidence.analysis.over_time.follow_up import _spline, follow_up, published_changes
from pdt_evidence.analysis.over_time.visits import pooled_changes, unpaired_visits, visit_pairs
from pdt_evidence.errors import EvidenceError, EvidenceWarning, RequestError, SchemaError
from pdt_evidence.evidence import WINDOWS


@pytest.fixture(scope="module")
def found():
    return follow_up()


def made(trial, months, yi, vi=0.04, comparison="pdt_vs_control", instrument="BDI"):
    return {
        "row_id": f"{trial}-{instrument}-{months}",
        "trial_id": trial,
        "study": trial,
        "comparison": comparison,
        "arm_t_label": "pdt",
        "arm_c_label": "control",
        "outcome": "depression",
        "instrument": instrument,
        "rating": "self",
        "event_label": "",
        "score": "endpoint",
        "yi_basis": "means",
        "follow_up": "post" if months == 0 else "long" if months >= 9 else "medium",
        "months_since_end": float(months),
        "time_label": "",
        "measure": "SMD",
        "yi": yi,
        "vi": vi,
    }


def test_every_window_is_listed_also_without_trials(found):
    for comparison in ("pdt_vs_control", "pdt_vs_cbt"):
        own = found.pools[found.pools["comparison"].eq(comparison)]
        assert own["follow_up"].tolist() == list(WINDOWS)
    empty = found.pools[found.pools["trials"].eq(0)]
    assert empty["estimate"].isna().all()
    assert ("pdt_vs_cbt", "long") in set(zip(empty["comparison"], empty["follow_up"], strict=True))


def test_a_pool_is_what_synthesize_gives_of_symptoms(found):
    rows = pdt.trials(comparison="pdt_vs_control", follow_up="long")
    fit = pdt.synthesize(rows[rows["yi"].notna()], by="comparison", test="adhoc")["pdt_vs_control"]
    pool = found.pools.set_index(["comparison", "follow_up"]).loc[("pdt_vs_control", "long")]
    assert_allclose([pool["estimate"], pool["ci_low"], pool["ci_high"]], [fit.estimate, *fit.ci])
    assert pool["trials"] == fit.k == 5


def test_pairs_are_the_same_measure_of_the_same_trial(found):
    """Roten 2017 has one score at the end, at 3 and at 12 months: two pairs; its counts stand behind the score."""
    roten = found.pairs[found.pairs["trial_id"].eq("roten2017")]
    assert sorted(zip(roten["row_post"], roten["row_later"], strict=True)) == [
        ("T0251", "T0252"),
        ("T0251", "T0253"),
    ]
    assert sorted(roten["months"].round()) == [3, 12]


def test_change_and_its_variance_are_computed_by_hand():
    """0.5 to 0.8, variances 0.04 and 0.09, correlation 0.5: variance 0.13 - 2 x 0.5 x 0.06 = 0.07."""
    rows = pd.DataFrame([made("a", 0, 0.5, 0.04), made("a", 12, 0.8, 0.09)])
    pair = visit_pairs(rows, 0.5).iloc[0]
    assert pair["change"] == pytest.approx(0.3)
    assert pair["vi_change"] == pytest.approx(0.07)
    assert pair["ci_high"] - pair["ci_low"] == pytest.approx(2 * 1.959964 * 0.07**0.5, rel=1e-6)


def test_changes_are_pooled_with_one_value_a_trial():
    """Two measures of trial a agree, so its value is theirs; then the mean of -0.2 and 0.4 with equal weights."""
    rows = pd.DataFrame(
        [
            made("a", 0, 0.5),
            made("a", 12, 0.3),
            made("a", 0, 0.6, instrument="HDRS"),
            made("a", 12, 0.4, instrument="HDRS"),
            made("b", 0, 0.1),
            made("b", 12, 0.5),
        ]
    )
    pairs = visit_pairs(rows, 0.6)
    found = pooled_changes(rows, rho=0.6, rho_times=[0.6])
    assert (found["pairs"].item(), found["trials"].item()) == (3, 2)
    # trial a: variance of the mean of two changes that correlate by 0.6
    variance = pairs["vi_change"].iloc[0]
    fit = pdt.pool([-0.2, 0.4], [variance * (1 + 0.6) / 2, variance])
    assert found["estimate"].item() == pytest.approx(fit.estimate)
    assert found["ci_high"].item() == pytest.approx(fit.ci[1])


def test_two_measures_with_one_name_are_not_paired():
    """Where the end of treatment has the measure twice, there is no telling which of them goes on."""
    rows = pd.DataFrame([made("a", 0, 0.5), made("a", 0, 0.6), made("a", 12, 0.3)])
    rows["row_id"] = ["1", "2", "3"]
    assert visit_pairs(rows).empty


def test_an_unknown_time_is_a_follow_up_only_where_the_source_calls_it_one(found):
    named = found.pairs[found.pairs["months"].isna()]
    assert named["visit"].str.contains("follow-up").all()
    reasons = found.unpaired.set_index("row_id")["reason"]
    assert "is not known" in reasons["T0083"]  # 24, 30 and 42 months, and which of them is not stated
    rows = pd.DataFrame([made("a", 0, 0.5), made("b", 12, 0.3)])
    assert unpaired_visits(rows, visit_pairs(rows))["reason"].tolist() == [
        "nothing held of this contrast at the end of treatment"
    ]


def test_nothing_is_paired_and_reported_as_unpaired(found):
    assert not set(found.pairs["row_later"]) & set(found.unpaired["row_id"])


def test_too_few_trials_after_the_end_give_no_trend(found):
    rows = pdt.trials(comparison="pdt_vs_cbt", follow_up="post")
    row = follow_up(rows[rows["yi"].notna()]).trend.iloc[0]
    assert not row["fitted"]
    assert row["reason"] == "2 trials after the end are needed, 0 held"
    spline = found.trend[found.trend["term"].str.startswith("spline")]
    assert not spline["fitted"].any()
    assert spline["reason"].str.startswith("10 trials after the end at 4 times are needed").all()


def course(months_of, effect, noise=0.02):
    rng = np.random.default_rng(7)
    rows = []
    for number, months in enumerate(months_of):
        rows.append(made(f"t{number}", 0, effect(0) + rng.normal(0, noise), 0.01))
        rows.append(made(f"t{number}", months, effect(months) + rng.normal(0, noise), 0.01))
    return pd.DataFrame(rows)


def test_a_trend_that_is_there_is_found():
    rows = course([3, 6, 9, 12, 18, 24, 3, 6, 9, 12, 18, 24], lambda m: 0.3 + 0.2 * np.log1p(m))
    found = follow_up(rows, comparisons=["pdt_vs_control"])
    slope, spline = found.trend.iloc[0], found.trend.iloc[1]
    assert slope["estimate"] == pytest.approx(0.2, abs=0.02)
    assert slope["ci_low"] > 0
    assert spline["fitted"]
    assert spline["ci_low"] < 0 < spline["ci_high"]
    assert "Effects grow with time between trials" in " ".join(found.conclusions)
    assert "The advantage grew." in " ".join(found.conclusions)


def test_a_curve_is_seen_by_the_spline():
    rows = course([3, 6, 9, 12, 18, 24, 3, 6, 9, 12, 18, 24], lambda m: 0.3 + 0.3 * (0 < m < 10))
    spline = follow_up(rows, comparisons=["pdt_vs_control"]).trend.iloc[1]
    assert spline["p"] < 0.01


def test_the_spline_is_straight_beyond_its_outer_knots():
    x = np.linspace(0, 3, 31)
    curved = _spline(x)
    inside = np.quantile(x, [0.1, 0.9])
    assert_allclose(curved[x <= inside[0]], 0.0, atol=1e-12)
    beyond = x >= inside[1] - 1e-12
    assert_allclose(np.diff(curved[beyond], 2), 0.0, atol=1e-10)


def test_published_changes_are_never_in_a_pool(found):
    assert found.published["rows"].str.match(r"R\d{3}").all()
    assert not found.pools.astype(str).apply(lambda column: column.str.contains(r"R\d{3}")).any(axis=None)


def test_published_changes_count_from_the_end_of_treatment():
    """Leichsenring 2004 prints 1.39 and 1.57 since the start; Town 2012 prints 0.18 since the end."""
    table = published_changes().set_index("rows")
    assert table.loc["R011, R014", "change"] == pytest.approx(0.18)
    assert table.loc["R099", "change"] == pytest.approx(0.18)
    assert np.isnan(table.loc["R099", "earlier"])
    assert table.loc["R051, R052", "earlier_visit"] == "pre-treatment to short-term follow-up"
    assert table.loc["R011, R014", "earlier_visit"] == "end of treatment"
    assert table.loc["R051, R052", "change"] == pytest.approx(-0.17)  # short to long term: it fell
    assert not table.index.str.contains("R116").any()  # a value at the end is no change since the end


def test_conclusions_follow_the_intervals(found):
    """The same tables with one interval moved give another sentence."""
    joined = " ".join(found.conclusions)
    assert "That is too little to tell growth from loss." in joined
    assert "Neither growth nor loss is shown, and neither is ruled out." in joined
    pools = found.pools.copy()
    pools.loc[pools["follow_up"].eq("long"), "ci_low"] = 0.1
    again = about_follow_up(pools, found.trend, found.changes, found.rho_time, found.published)
    assert "which does not exclude 0" in found.conclusions[0]
    assert "which excludes 0" in again[0]


def test_a_table_without_what_is_needed_is_refused():
    with pytest.raises(SchemaError, match="column 'months_since_end' is missing"):
        follow_up(pdt.trials().drop(columns="months_since_end"))
    with pytest.raises(EvidenceError, match="No row of pdt_vs_cbt is on a symptom"):
        follow_up(pdt.trials(comparison="pdt_vs_control"), comparisons=["pdt_vs_cbt"])


def test_the_record_shows_itself(found):
    assert "PDT against CBT" in found.summary()
    assert all(f"<p>{text}</p>" in found._repr_html_() for text in found.conclusions)
    assert found.to_frame() is not found.pools


def test_a_verdict_and_the_follow_up_show_the_same_interval(found):
    """What is said of the long window in the claims is what this table has."""
    text = pdt.check_claims()["gains-increase-both"].can_be_said
    long = found.pools.set_index(["comparison", "follow_up"]).loc[("pdt_vs_control", "long")]
    shown = f"({long['estimate']:.2f} [{long['ci_low']:.2f}, {long['ci_high']:.2f}])".replace("-", "−")
    assert shown in text


def test_a_session_shows_it_in_a_line_and_a_table_of_a_few_columns(found):
    assert len(repr(found)) < 200
    assert "\n" not in repr(found)
    head = found._repr_html_().partition("</thead>")[0]
    assert 6 <= head.count("<th ") + head.count("<th>") <= 8


@pytest.mark.parametrize("rho_time", [-1, 1.0, float("inf"), True, "0.6"])
def test_a_correlation_that_is_none_is_refused(rho_time):
    with pytest.raises(RequestError, match=r"rho_time = .* must be a correlation"):
        follow_up(rho_time=rho_time)


def test_a_table_of_ones_own_needs_no_effects_and_no_names_of_trials():
    """Means of both arms and months, as `synthesize` takes them; what gives no effect is listed."""
    rows = [
        {
            "study": f"S{i}",
            "comparison": "pdt_vs_control",
            "outcome": "depression",
            "months_since_end": months,
        }
        | {
            "mean_t": 10.0 - i % 3,
            "sd_t": 4.0,
            "n_t": 30,
            "mean_c": 12.5,
            "sd_c": 4.5,
            "n_c": 28,
            "better": "lower",
        }
        for i in range(6)
        for months in (0, 12)
    ]
    table = pd.DataFrame(rows)
    pooled = pdt.synthesize(table, by=("comparison", "follow_up"), test="adhoc")
    with pytest.warns(EvidenceWarning, match="Left out, without an effect: row 1"):
        found = follow_up(table.assign(mean_t=table["mean_t"].mask(table.index == 0)))
    assert found.synthesis.left_out["row_id"].tolist() == ["row 1"]
    lines = found.pools.set_index(["comparison", "follow_up"])
    assert lines.loc[("pdt_vs_control", "post"), "trials"] == len(found.pairs) == 5
    assert lines.loc[("pdt_vs_control", "long"), "estimate"] == pooled["pdt_vs_control", "long"].estimate
