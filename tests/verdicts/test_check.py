"""The eleven claims, judged on the bundled data; and verdicts that move when the data do."""

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.verdicts import facts as facts_module
from pdt_evidence.verdicts.facts import Facts
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
    from pdt_evidence.verdicts.recipes import ABOUT_THE_REVIEW

    for one in report:
        again = judge(one.findings, about_the_review=one.claim.claim_id in ABOUT_THE_REVIEW)
        assert again == (one.verdict, one.why)


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
    assert all(finding.holds is not False for finding in changed.findings)


@pytest.mark.filterwarnings("ignore:Left out")
def test_what_can_be_said_follows_the_numbers(report, monkeypatch):
    """The sentence on CBT changes with Steinert's interval; none is a fixed text."""
    said = report["archives-vs-cbt"].can_be_said
    assert "not the same as being as effective" in said
    assert "equivalent within 0.25 and yet below 0 (-0.15)" in said
    changed = with_reviews(
        monkeypatch,
        lambda t: set_where(
            t, lambda t: t["review_id"].eq("steinert2017") & t["follow_up"].eq("post"),
            estimate=0.0, ci_low=-0.1, ci_high=0.1,
        ),
    )  # fmt: skip
    assert "by its printed interval: equivalent." in changed["archives-vs-cbt"].can_be_said
    numbers = report["archives-vs-control"].can_be_said
    own = pdt.synthesize(Facts().trials.query("comparison == 'pdt_vs_control' and follow_up == 'post' and "
                                              "outcome != 'dropout' and outcome != 'service_use'"),
                         by="comparison")["pdt_vs_control"]  # fmt: skip
    assert f"In {own.k} trials" in numbers
    assert f"({own.estimate:.2f} [{own.ci[0]:.2f}, {own.ci[1]:.2f}])" in numbers


def test_claims_without_data_over_time_stay_open_where_they_must(report):
    """CBT after its end is held nowhere, so the claim about both can at best be partly supported."""
    both = report["gains-increase-both"]
    assert any(finding.holds is None and "CBT" in finding.question for finding in both.findings)
    assert both.verdict == "partly supported"
    assert "of CBT over time nothing is held" in both.can_be_said


def test_imported_trials_of_the_cochrane_review_answer_for_it():
    words = ["general_symptoms", "somatic_symptoms", "anxiety", "depression", "interpersonal_problems",
             "social_adjustment"]  # fmt: skip
    rows = [
        {"row_id": f"{word}{window}{i}", "trial_id": f"t{i}", "study": f"Trial {i}", "comparison": "pdt_vs_control",
         "outcome": word, "follow_up": window, "measure": "SMD", "yi": 0.5 + 0.05 * i, "vi": 0.02}
        for word in words for window in ("short", "long") for i in range(6)
    ]  # fmt: skip
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
    assert set(findings["holds"]) == {"yes", "no", "cannot be checked"}
    assert "OVERSTATED" in report.summary()
    assert "<table>" in report._repr_html_()
