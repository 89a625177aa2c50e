"""The eleven claims, judged on the bundled data; and verdicts that move when the data do."""

import re

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.analysis.conclusions.wording import rising_changes
from pdt_evidence.formatting import PAGE
from pdt_evidence.verdicts import check as check_module
from pdt_evidence.verdicts import facts as facts_module
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.questions import FEWEST_TRIALS, equivalent, intervals_in_favour
from pdt_evidence.verdicts.recipes import RECIPES
from pdt_evidence.verdicts.rules import VERDICTS, judge


@pytest.fixture(scope="module")
def report():
    return pdt.check_claims()


def test_every_claim_has_a_recipe_and_a_verdict(report):
    assert {one.claim.claim_id for one in report} == set(RECIPES) == set(pdt.claims()["claim_id"])
    assert [one.claim.number for one in report] == list(range(1, 12))
    assert all(one.verdict in VERDICTS for one in report)


def test_a_verdict_is_what_the_rules_make_of_its_findings(report):
    for one in report:
        kind = Facts().stands_in(one.claim.review_id)
        again = judge(one.findings, judged_by=one.claim.judged_by, source_kind=kind)
        assert again == (one.verdict, one.why)


def test_every_claim_says_which_numbers_answer_for_it_and_why(report):
    by = {one.claim.number: one.claim.judged_by for one in report}
    assert {number for number, word in by.items() if word == "the review"} == {2, 3, 6, 7}
    assert all(one.claim.how_judged() in " ".join(report.summary().split()) for one in report)
    assert all(one.claim.judged_why.endswith(".") for one in report)


def test_the_way_of_judging_is_data_and_not_code(report, monkeypatch):
    """The same findings under the other word: what was open is then answered by other evidence."""
    table = pdt.claims()
    table.loc[table["number"].eq(2), "judged_by"] = "any evidence"
    monkeypatch.setattr(check_module, "claims", lambda: table)
    assert report["cochrane-all-outcomes"].verdict == "cannot be checked"
    assert pdt.check_claims()["cochrane-all-outcomes"].verdict == "partly supported"


def test_counts_in_the_reason_are_those_of_the_list(report):
    for one in report:
        for part, findings in one.by_part().items():
            used = [finding for finding in findings if one.counts(finding)]
            available = [finding for finding in used if finding.holds is not None]
            yes = sum(bool(finding.holds) for finding in available)
            assert not available or f"{part.capitalize()}: {yes} of {len(available)} answered" in one.why
        assert sum(map(len, one.by_part().values())) == len(one.findings)


def test_no_pool_of_fewer_than_three_trials_answers_anything(report):
    thin = [
        finding
        for one in report
        for finding in one.findings
        if (count := re.search(r"k = (\d+)|(\d+) trials?\b", finding.source))
        and int(count[1] or count[2]) < FEWEST_TRIALS
    ]
    assert len(thin) >= 3
    assert all(finding.holds is None and finding.source.endswith("too few") for finding in thin)


def test_pools_behind_verdicts_are_never_narrower_than_wald():
    effect = Facts().pooled(outcome="general_symptoms")
    assert effect.test == "adhoc"
    plain = pdt.pool(effect.yi, effect.vi, test="z")
    assert effect.ci[0] <= plain.ci[0]
    assert effect.ci[1] >= plain.ci[1]


@pytest.mark.parametrize(
    ("estimate", "intervals", "content", "wording"),
    [
        (0.0, ((-0.1, 0.1), (-0.12, 0.12)), True, True),
        (-0.15, ((-0.23, -0.08), (-0.24, -0.06)), True, False),
        (0.0, ((-0.6, 0.6), (-0.7, 0.7)), False, None),  # low power is no support
        (0.15, ((0.08, 0.23), (0.06, 0.24)), True, None),  # better is not "as effective"
        (-0.6, ((-0.8, -0.4), (-0.9, -0.3)), False, False),
    ],
)
def test_no_significant_difference_supports_nothing_without_equivalence(
    estimate, intervals, content, wording
):
    found = equivalent("made", estimate, intervals, "here")
    assert [one.holds for one in found] == [content, wording]


def test_only_an_interval_beyond_the_margin_is_contrary_to_equivalence():
    wide, far = ((-0.6, 0.6), (-0.7, 0.7)), ((-0.8, -0.4), (-0.9, -0.3))
    assert equivalent("made", 0.0, wide, "here")[0].answer == "not shown"
    assert equivalent("made", -0.6, far, "here")[0].answer == "contrary"


def test_an_odds_ratio_excludes_no_effect_above_1():
    """0.5 to 0.9 lies above 0 and says the opposite of 1.2 to 3."""
    rows = {"row_id": ["R1", "R2", "R3"], "measure": ["OR", "SMD", "RR"]}
    table = pd.DataFrame(rows | {"ci_low": [1.2, 0.1, 0.5], "ci_high": [3.0, 0.4, 0.9]})
    found = intervals_in_favour(table)
    assert (found.shown, found.holds) == ("2 of 3, 1 against", False)
    assert intervals_in_favour(table.iloc[:2]).holds is True
    assert intervals_in_favour(table.assign(measure="SMD")).shown == "3 of 3"


def test_both_limits_of_a_printed_range_count_once():
    published = pd.DataFrame(
        {
            "review_id": ["a", "a", "b"],
            "group": ["treated"] * 3,
            "outcome": ["pain (lowest of range)", "pain (highest of range)", "pain"],
            "change": [0.2, 1.0, -0.1],
        }
    )
    assert rising_changes(published) == (1, 2)


def test_findings_say_what_they_compare(report):
    lasting = report["cochrane-lasting"]
    assert all("control" in finding.question for finding in lasting.findings)
    assert "differences between treated and control groups" in lasting.can_be_said
    assert any("later evidence (Keefe 2020)" in one.question for one in report["apa-personality"].findings)
    cbt = [one.question for one in report["archives-vs-cbt"].findings if "network" in one.question]
    assert all(question.startswith("PDT against CBT (") for question in cbt)
    assert any("social anxiety network" in question for question in cbt)
    assert all(
        "point estimate" in one.question for one in report["cochrane-depression-anxiety"].by_part()["wording"]
    )


def test_what_cannot_be_checked_says_which_numbers_are_missing(report):
    unchecked = [one for one in report if one.verdict == "cannot be checked"]
    assert unchecked
    assert all(one.missing for one in unchecked)


def test_claims_that_the_data_can_judge_are_judged(report):
    judged = {one.claim.number for one in report if one.verdict != "cannot be checked"}
    assert {1, 4, 5, 7, 9, 10, 11} <= judged


def with_reviews(monkeypatch, change):
    table = change(pdt.reviews())
    monkeypatch.setattr(facts_module, "reviews", lambda: table)
    return pdt.check_claims()


def set_where(table, where, **values):
    table = table.copy()
    table.loc[where(table), list(values)] = list(values.values())
    return table


def test_the_cbt_verdict_falls_when_the_equivalence_does(report, monkeypatch):
    """Widen Steinert's interval past the margin: no estimate is left that shows equivalence."""
    changed = with_reviews(
        monkeypatch,
        lambda t: set_where(
            t, lambda t: t["review_id"].eq("steinert2017") & t["follow_up"].eq("post"), ci_low=-0.4
        ),
    )
    assert report["archives-vs-cbt"].verdict == "overstated"
    assert changed["archives-vs-cbt"].verdict == "not supported"


def test_the_160_studies_verdict_follows_the_sources(report, monkeypatch):
    sources = pdt.sources().set_index("source_id")
    sources.loc["shedler2010_apa_release", "reviews_included"] = 1
    sources.loc["abbass2006", "trials_included"] = 160
    monkeypatch.setattr(Facts, "source", lambda self, source_id: sources.loc[source_id])
    assert report["apa-160-studies"].verdict == "misattributed"
    assert pdt.check_claims()["apa-160-studies"].verdict == "supported"


def test_growth_is_no_longer_overstated_when_controlled_effects_grow(report, monkeypatch):
    def grow(table):
        long = table["review_id"].eq("abbass2006") & table["follow_up"].eq("long")
        table = table.copy()
        table.loc[long, ["estimate", "ci_low", "ci_high"]] += 2
        return table

    assert report["apa-ongoing-change"].verdict == "overstated"
    changed = with_reviews(monkeypatch, grow)["apa-ongoing-change"]
    assert changed.verdict == "partly supported"  # what the trials held cannot answer stays open
    against = [finding.question for finding in changed.findings if finding.holds is False]
    assert against == [
        "Trials held: does the effect against control grow with the months since the end?",
        "Trials held: does the advantage over control grow within a trial?",
    ]


@pytest.mark.filterwarnings("ignore:Left out")
def test_what_can_be_said_follows_the_numbers(report, monkeypatch):
    """The sentence on CBT changes with Steinert's interval; none is a fixed text."""
    text = report["archives-vs-cbt"].can_be_said
    assert "not the same as being as effective" in text
    assert "equivalent within 0.25 and yet below 0 (−0.15)" in text
    changed = with_reviews(
        monkeypatch,
        lambda t: set_where(
            t,
            lambda t: t["review_id"].eq("steinert2017") & t["follow_up"].eq("post"),
            estimate=0.0,
            ci_low=-0.1,
            ci_high=0.1,
        ),
    )
    assert "by its printed interval: equivalent." in changed["archives-vs-cbt"].can_be_said
    numbers = report["archives-vs-control"].can_be_said
    symptoms = Facts().trials.query(
        "comparison == 'pdt_vs_control' and follow_up == 'post' and outcome not in ('dropout', 'service_use')"
    )
    own = pdt.synthesize(symptoms, by="comparison", test="adhoc")["pdt_vs_control"]
    assert f"In {own.k} trials" in numbers
    assert f"({own.estimate:.2f} [{own.ci[0]:.2f}, {own.ci[1]:.2f}])" in numbers


def test_claims_without_data_over_time_stay_open_where_they_must(report):
    """CBT after its end is held nowhere, so the claim about both can at best be partly supported."""
    both = report["gains-increase-both"]
    assert any(finding.holds is None and "CBT" in finding.question for finding in both.findings)
    assert both.verdict == "partly supported"
    assert "of CBT over time nothing is held" in both.can_be_said


@pytest.mark.warns("nothing about its file is known")
def test_imported_trials_of_the_cochrane_review_answer_for_it():
    words = [
        "general_symptoms",
        "somatic_symptoms",
        "anxiety",
        "depression",
        "interpersonal_problems",
        "social_adjustment",
    ]
    rows = [
        {
            "row_id": f"{word}{window}{i}",
            "trial_id": f"t{i}",
            "study": f"Trial {i}",
            "comparison": "pdt_vs_control",
            "outcome": word,
            "follow_up": window,
            "measure": "SMD",
            "yi": 0.5 + 0.05 * i,
            "vi": 0.02,
        }
        for word in words
        for window in ("short", "long")
        for i in range(6)
    ]
    judged = pdt.check_claims(pd.DataFrame(rows), review="abbass2014")
    assert judged["cochrane-all-outcomes"].verdict == "supported"
    assert judged["cochrane-lasting"].verdict == "supported"
    assert any(finding.cited and finding.holds for finding in judged["cochrane-all-outcomes"].findings)
    flat = pd.DataFrame(rows).assign(yi=-0.5)
    assert pdt.check_claims(flat, review="abbass2014")["cochrane-all-outcomes"].verdict == "not supported"


def test_tables_of_the_report_have_one_row_each(report):
    frame, findings = report.to_frame(), report.findings()
    assert len(frame) == 11
    assert len(findings) == sum(len(one.findings) for one in report)
    assert set(findings["answer"]) == {"yes", "not shown", "contrary", "open"}
    assert "OVERSTATED" in report.summary()
    assert "<table>" in report._repr_html_()


def test_one_claim_is_printed_as_text_and_its_limits_show_their_side_of_no_effect():
    judgement = pdt.check_claims()["archives-vs-cbt"]
    assert str(judgement) == judgement.summary()
    assert judgement.summary() in pdt.check_claims().summary()
    assert PAGE.interval((-0.342, -0.0049)) == "−0.34 to −0.005"
    assert PAGE.interval((-0.342, 0.0)) == "−0.34 to 0.00"
