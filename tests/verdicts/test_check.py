"""The eleven claims, judged on the bundled data; and verdicts that move when the data do."""

import re
from dataclasses import replace

import pandas as pd
import pytest
from changed_tables import changed

import pdt_evidence as pdt
from pdt_evidence.analysis.conclusions.wording import rising_changes
from pdt_evidence.errors import RequestError
from pdt_evidence.formatting import PAGE
from pdt_evidence.verdicts import Rules
from pdt_evidence.verdicts import check as check_module
from pdt_evidence.verdicts.facts import Facts
from pdt_evidence.verdicts.head_to_head import equivalent, interval_at
from pdt_evidence.verdicts.pools import conditions
from pdt_evidence.verdicts.questions import intervals_in_favour
from pdt_evidence.verdicts.recipes import OTHER_CARE, PERSONALITY, RECIPES
from pdt_evidence.verdicts.rules import BORNE_OUT, FEWEST_TRIALS, SAYS, VERDICTS, judge

SYMPTOMS = (
    "comparison == 'pdt_vs_control' and follow_up == 'post' "
    "and outcome not in ('dropout', 'service_use') and yi == yi"
)


@pytest.fixture(scope="module")
def report():
    return pdt.check_claims()


def test_every_claim_has_a_recipe_two_answers_and_a_verdict(report):
    assert {one.claim.claim_id for one in report} == set(RECIPES) == set(pdt.claims()["claim_id"])
    assert [one.claim.number for one in report] == list(range(1, 12))
    assert all(one.verdict in VERDICTS for one in report)
    assert all(one.source_says in SAYS and one.numbers_say in BORNE_OUT for one in report)


def test_a_session_shows_a_report_and_each_claim_in_one_line(report):
    lines = [repr(one) for one in (report, *report, *report[1].findings, report[1].claim)]
    assert all(len(line) < 200 and "\n" not in line for line in lines)
    assert lines[0].startswith("<ClaimReport: 11 claims: ")
    html = report._repr_html_()
    assert html.count("<tr>") == 12
    assert "does the source say so?" in html
    assert "<caption>1. " in report[1]._repr_html_()


def test_a_claim_is_found_by_number_and_by_name(report):
    assert report[5] is report["archives-vs-cbt"]
    with pytest.raises(pdt.EvidenceError, match="There is no claim 12"):
        report[12]
    with pytest.raises(pdt.EvidenceError, match="Did you mean 'archives-vs-cbt'"):
        report["archives-vs-cbd"]


def test_a_verdict_is_what_the_rules_make_of_its_findings(report):
    for one in report:
        verdict, why, answers = judge(one.findings, judged_by=one.claim.judged_by)
        assert (verdict, why) == (one.verdict, one.why)
        assert (answers.source, answers.numbers) == (one.source_says, one.numbers_say)


def test_what_the_abstract_of_2004_says_is_said_of_claims_4_to_6(report):
    assert [report[number].source_says for number in (4, 5, 6)] == ["stated"] * 3
    assert report[6].numbers_say == "cannot be checked with open data"
    assert report[6].verdict == "stated, cannot be checked"


def test_every_claim_has_its_place_in_the_article(report):
    text = "".join(report.summary().split())  # a line may break after any hyphen
    for one in report:
        assert one.claim.place
        assert "".join(one.claim.where().split()) in text
    assert [one.claim.number for one in report if not one.claim.cites] == [10]


def test_every_statement_has_a_locator_and_bears_on_a_claim():
    table = pdt.statements()
    assert table["locator"].ne("").all()
    assert table["statement"].str.endswith(".").all()
    assert set(table["source_id"]) <= set(pdt.sources()["source_id"])
    cited = table[table["cited"]]
    assert set(cited["claim_id"]) == set(pdt.claims()["claim_id"]) - {"gains-increase-both"}
    assert pdt.statements(claim="archives-domains")["says"].tolist() == ["yes"]
    with pytest.raises(pdt.EvidenceError, match="claim_id = 'nonsense' is not known"):
        pdt.statements(claim="nonsense")


def test_the_cbt_verdict_falls_when_the_equivalence_does(report):
    """Widen the two intervals that pass the margin: no estimate is left that shows equivalence."""
    passing = ("steinert2017", "smith_hewitt2024")
    turned = changed(
        pdt.reviews(), lambda t: t["review_id"].isin(passing) & t["follow_up"].eq("post"), ci_low=-0.6
    )
    assert report[5].verdict == "overstated"
    moved = pdt.check_claims(evidence={"reviews": turned})[5]
    assert (moved.numbers_say, moved.verdict) == ("not shown", "not supported")


def test_the_160_studies_verdict_follows_statements_and_sources(report):
    assert report[7].verdict == "misattributed"
    sources = pdt.sources()
    sources = changed(sources, lambda t: t["source_id"].eq("shedler2010_apa_release"), reviews_included=1)
    sources = changed(sources, lambda t: t["source_id"].eq("abbass2006"), trials_included=160)
    statements = changed(pdt.statements(), lambda t: t["claim_id"].eq("apa-160-studies"), says="yes")
    for some in ({"sources": sources}, {"statements": statements}):
        assert pdt.check_claims(evidence=some)[7].verdict == "misattributed"
    assert pdt.check_claims(evidence={"sources": sources, "statements": statements})[7].verdict == "supported"


def test_growth_is_no_longer_overstated_when_controlled_effects_grow(report):
    table = pdt.reviews()
    long = table["review_id"].eq("abbass2006") & table["follow_up"].eq("long")
    table.loc[long, ["estimate", "ci_low", "ci_high"]] += 2
    assert report[9].verdict == "overstated"
    assert pdt.check_claims(evidence={"reviews": table})[9].verdict in ("supported", "partly supported")


def test_the_way_of_judging_is_data_and_not_code(report, monkeypatch):
    """The same findings under the other word: what was open is then answered by other evidence."""
    table = changed(pdt.claims(), lambda t: t["number"].eq(2), judged_by="any evidence")
    monkeypatch.setattr(check_module, "claims", lambda: table)
    assert report[2].verdict == "cannot be checked"
    assert pdt.check_claims()[2].verdict == "partly supported"


def test_margin_thresholds_and_rules_can_be_others_and_the_report_says_what_moves(report):
    narrow = pdt.check_claims(margin=0.05)
    assert narrow[5].numbers_say in ("not shown", "contrary")
    assert all("within 0.25" not in one.question for one in narrow[5].findings)
    moved = report.changes(narrow)
    assert moved["claim_id"].tolist() == ["archives-vs-cbt"]
    assert moved["verdict_other"].tolist() == [narrow[5].verdict]
    assert report.changes(report).empty
    strict = pdt.check_claims(rules=Rules(modest=0.8, substantial=0.9))
    assert [strict[number].verdict for number in (1, 8)] == ["overstated", "overstated"]
    many = pdt.check_claims(rules=Rules(fewest_trials=1000))
    assert all(one.holds is None for one in many[4].findings if one.source.startswith("pooled here"))
    assert pdt.check_claims(margin="Cuijpers 2014")[5].findings != report[5].findings


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"review": "nonsense"}, "review = 'nonsense' is not known"),
        ({"evidence": {"trails": pd.DataFrame()}}, "Did you mean 'trials'"),
        ({"evidence": 3}, "expected a DataFrame, found int"),
        ({"evidence": {"reviews": pdt.reviews().drop(columns="patients")}}, "reviews: no column 'patients'"),
        ({"rules": "strict"}, "give a Rules"),
        ({"margin": "Steinart 2017"}, "Did you mean"),
        ({"margin": -1}, "above 0"),
        ({"imported": pd.DataFrame({"yi": [0.1]})}, "imported trials without review"),
    ],
)
def test_what_is_not_known_is_refused(options, words):
    with pytest.raises(pdt.EvidenceError, match=words):
        pdt.check_claims(**options)


def test_a_source_that_a_users_table_does_not_have_leaves_its_question_open():
    table = pdt.sources()
    found = pdt.check_claims(evidence={"sources": table[~table["source_id"].eq("leichsenring2004")]})
    (asked,) = [one for one in found[4].findings if "include 17 trials" in one.question]
    assert asked.answer == "open"


def test_a_verdict_rests_on_pools_under_every_other_rule(report):
    pool = next(one for one in report[4].findings if one.source.startswith("pooled here, k"))
    rules = [variant.rule for variant in pool.variants]
    assert {"from scores alone", "against waiting lists alone", "against care as usual alone"} <= set(rules)
    rows = pdt.trials().query(SYMPTOMS)
    fit = pdt.synthesize(rows, by="comparison", test="adhoc")["pdt_vs_control"]
    left = pdt.leave_one_out(fit)
    shown = {variant.rule: variant.estimate for variant in pool.variants}
    assert shown["without the one trial that raises it most"] == pytest.approx(min(left.estimate))
    assert shown["without the one trial that lowers it most"] == pytest.approx(max(left.estimate))
    kept = ~pdt.influence(fit).influential
    if not kept.all():
        without = pdt.pool(fit.yi[kept], fit.vi[kept], test="adhoc").estimate
        assert shown["without the trials flagged by influence"] == pytest.approx(without)
    scores = pdt.synthesize(rows, by="comparison", test="adhoc", events="never")["pdt_vs_control"]
    assert shown["from scores alone"] == pytest.approx(scores.estimate)
    waiting = pdt.synthesize(rows.query("arm_c == 'waitlist'"), by="comparison", test="adhoc")[
        "pdt_vs_control"
    ]
    assert shown["against waiting lists alone"] == pytest.approx(waiting.estimate)


def test_a_verdict_that_flips_says_so():
    """One huge trial carries the pool: without it nothing is shown."""
    table = pdt.trials().query(SYMPTOMS).groupby("trial_id").head(1).head(6).reset_index(drop=True)
    table = table.drop(columns="yi_basis").assign(
        yi=[3.0, 0.1, 0.12, 0.09, 0.11, 0.1], vi=0.002, outcome="depression", disorder="depression"
    )
    reviews = pdt.reviews()
    found = pdt.check_claims(evidence={"trials": table, "reviews": reviews[reviews["design"].ne("between")]})
    stands = pdt.check_claims(
        evidence={"trials": table.assign(yi=1.0), "reviews": reviews[reviews["design"].ne("between")]}
    )
    assert stands[4].numbers_say == "borne out"
    assert stands[4].flips() == ()
    assert stands[4].robustness().startswith("The verdict stays under all")
    single = next(one for one in found[4].findings if one.source.startswith("pooled here, k"))
    assert single.answer == "not shown"
    turned = {"without the one trial that raises it most", "without the trials flagged by influence"}
    assert turned <= set(single.turns())
    assert found[4].flips()
    assert "hangs on a choice" in found[4].robustness()


def test_personality_and_disorders_ask_every_held_review(report):
    table = pdt.reviews()
    usable = table["scope"].eq("pdt") & table["status"].eq("ok") & table["design"].eq("between")
    for word in conditions():
        rows = table[usable & table["patients"].eq(word)]
        asked = {row for one in report[11].findings for row in one.rows}
        assert set(rows["row_id"]) <= asked, word
    asked = {row for one in report[8].findings for row in one.rows}
    expected = table[usable & table["patients"].eq(PERSONALITY)]
    assert set(expected["row_id"]) <= asked
    assert len(expected) > 8
    assert Facts().reviews_of("social anxiety") == ("zhang2022", "mayowilson2014")
    against = {one.shown for one in report[8].speaks_against()}
    assert "−0.05 [−0.35, 0.25]" in against  # no more than other active care
    zhang = next(one for one in report[11].speaks_against() if "reviews R112" in one.source)
    assert zhang.answer == "contrary"
    assert not report[11].counts(zhang)
    assert set(table[usable & table["comparison"].isin(OTHER_CARE)]["review_id"]) >= {
        "keefe2020",
        "zhang2022",
    }


def test_anxiety_is_the_same_in_claims_1_and_11(report):
    for word in ("anxiety", "depression"):
        first, last = (
            [
                one
                for one in report[number].findings
                if one.about == word and one.part == "content" and not one.cited
            ]
            for number in (1, 11)
        )
        assert first == last


def test_claim_3_shows_both_terms_and_claim_10_both_arms(report):
    said = [one for one in report[3].findings if one.source.startswith("cadth")]
    assert [one.answer for one in said] == ["contrary"]
    assert "not statistically significant" in report[3].can_be_said
    both = [one for one in report[10].findings if "Leichsenring 2014" in one.question]
    assert {one.about for one in both} == {"psychodynamic therapy", "CBT"}
    assert both[0].shown in report[10].can_be_said


def test_smith_and_hewitt_is_read_at_its_own_level(report):
    later = next(one for one in report[5].findings if one.source == "reviews R161" and one.part == "wording")
    assert "90% interval −0.31 to −0.02" in later.shown
    assert "possibly worse" in later.shown
    assert later.holds is None
    assert interval_at(-0.16, -0.31, -0.02, 90)[0] == (-0.31, -0.02)


NUMBER = re.compile(r"−?\d+(?:\.\d+)?")


def numbers_behind(one):
    """Every number of the findings of a claim, their variants, and the tables that its sentence reads."""
    said = " ".join(
        f"{finding.question} {finding.shown} {finding.source} {finding.variants_said()}"
        for finding in one.findings
    )
    return set(NUMBER.findall(said))


def test_the_numbers_of_a_sentence_come_from_findings(report):
    """Those that no finding shows are recomputed here."""
    facts = Facts()
    pools = [facts.pooled(), facts.pooled(comparison="pdt_vs_cbt")]
    pools += [
        facts.pooled(comparison="pdt_vs_cbt", outcome="depression"),
        facts.pooled(condition=PERSONALITY),
    ]
    extra = " ".join(
        f"{PAGE.interval(pool.effect.pi)} {PAGE.interval(pool.leave_one_out)} {len(pool.flagged)}"
        for pool in pools
    )
    extra += " ".join(f" {PAGE.number(value)}" for value in facts.controls.table["estimate"])
    extra += f" {PAGE.p_value(facts.controls.table['p'].iloc[0])}"
    trend = facts.follow_up.trend.query("comparison == 'pdt_vs_control'").iloc[0]
    rising = " ".join(map(str, rising_changes(facts.follow_up.published)))
    extra += f" {trend['trials_after']} {trend['trials']} {rising}"
    test = pdt.equivalence(pools[1].effect, margin=0.25)
    extra += f" {PAGE.interval(test.ci90, 3)} {PAGE.interval(test.ci95, 3)} {test.margin} 90 95 2006 2013"
    for one in report:
        counts = {str(n) for n in range(len(one.findings) + 1)}
        unknown = (
            set(NUMBER.findall(one.can_be_said)) - numbers_behind(one) - set(NUMBER.findall(extra)) - counts
        )
        assert not unknown, (one.claim.claim_id, unknown)


def test_what_can_be_said_follows_the_numbers(report):
    """The sentence on CBT changes with Steinert's interval; none is a fixed text."""
    text = report[5].can_be_said
    assert "not the same as being as effective" in text
    assert "equivalent within 0.25 and yet below 0 (−0.15)" in text
    table = changed(
        pdt.reviews(),
        lambda t: t["review_id"].eq("steinert2017") & t["follow_up"].eq("post"),
        estimate=0.0,
        ci_low=-0.1,
        ci_high=0.1,
    )
    assert (
        "by its printed interval: equivalent ("
        in pdt.check_claims(evidence={"reviews": table})[5].can_be_said
    )
    numbers = report[4].can_be_said
    own = pdt.synthesize(pdt.trials().query(SYMPTOMS), by="comparison", test="adhoc")["pdt_vs_control"]
    assert f"In {own.k} trials" in numbers
    assert f"({own.estimate:.2f} [{own.ci[0]:.2f}, {own.ci[1]:.2f}])" in numbers


def test_no_pool_of_fewer_than_three_trials_answers_anything(report):
    thin = [
        finding
        for one in report
        for finding in one.findings
        if (count := re.search(r"k = (\d+)|(\d+) trials?\b", finding.source))
        and int(count[1] or count[2]) < FEWEST_TRIALS
    ]
    assert len(thin) >= 4
    assert all(finding.holds is None and finding.source.endswith("too few") for finding in thin)


def test_pools_behind_verdicts_are_never_narrower_than_wald():
    effect = Facts().pooled(outcome="anxiety").effect
    assert effect.test == "adhoc"
    plain = pdt.pool(effect.yi, effect.vi, test="z")
    assert effect.ci[0] <= plain.ci[0]
    assert effect.ci[1] >= plain.ci[1]


@pytest.mark.parametrize(
    ("estimate", "intervals", "content", "wording"),
    [
        (0.0, ((-0.1, 0.1), (-0.12, 0.12)), True, True),
        (-0.15, ((-0.23, -0.08), (-0.24, -0.06)), True, False),
        (-0.1, ((-0.19, -0.01), (-0.21, 0.01)), True, None),  # possibly worse
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
    assert all(
        PAGE.interval(intervals[0]) in one.shown and PAGE.interval(intervals[1]) in one.shown for one in found
    )


def test_only_an_interval_beyond_the_margin_is_contrary_to_equivalence():
    wide, far = ((-0.6, 0.6), (-0.7, 0.7)), ((-0.8, -0.4), (-0.9, -0.3))
    assert equivalent("made", 0.0, wide, "here")[0].answer == "not shown"
    assert equivalent("made", -0.6, far, "here")[0].answer == "contrary"


def test_an_odds_ratio_excludes_no_effect_above_1():
    """0.5 to 0.9 lies above 0 and says the opposite of 1.2 to 3."""
    rows = {"row_id": ["R1", "R2", "R3"], "measure": ["OR", "SMD", "RR"]}
    table = pd.DataFrame(rows | {"ci_low": [1.2, 0.1, 0.5], "ci_high": [3.0, 0.4, 0.9]})
    found = intervals_in_favour(table.to_dict("records"))
    assert (found.shown, found.holds) == ("2 of 3, 1 against", False)
    assert intervals_in_favour(table.iloc[:2].to_dict("records")).holds is True
    assert intervals_in_favour(table.assign(measure="SMD").to_dict("records")).shown == "3 of 3"


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


def test_what_cannot_be_checked_says_which_numbers_are_missing(report):
    unchecked = [one for one in report if one.numbers_say == "cannot be checked with open data"]
    assert unchecked
    assert all(one.missing for one in unchecked)


def test_tables_of_the_report_have_one_row_each(report):
    frame, findings = report.to_frame(), report.findings()
    assert len(frame) == 11
    assert {"place", "cites", "source_says", "numbers_say", "verdict", "robustness"} <= set(frame)
    assert len(findings) == sum(len(one.findings) for one in report)
    assert set(findings["answer"]) == {"yes", "not shown", "contrary", "open"}
    assert "OVERSTATED" in report.summary()


def test_the_terminal_shows_the_two_questions_apart(report):
    text = str(report[6])
    assert text == report[6].summary()
    assert "Does the source say so? stated." in text
    assert "Do the numbers bear it out? cannot be checked with open data." in text


def test_the_same_pools_are_computed_once(monkeypatch):
    """A second report of the bundled data computes no pool anew."""
    pdt.check_claims()
    from pdt_evidence.verdicts import pools

    def refuse(*_, **__):
        raise AssertionError("computed again")

    monkeypatch.setattr(pools, "synthesize", refuse)
    pdt.check_claims(margin=0.2)


def test_late_trials_against_cbt_and_rows_without_a_time_are_said(report):
    for number in (5, 9, 10):
        assert (
            "No trial against CBT can be pooled at a follow-up beyond 6 months" in report[number].can_be_said
        )
    table = pdt.trials()
    usable = table[table["yi"].notna()]
    undated = int(usable["follow_up"].eq("unknown").sum())
    assert f"{undated} of {len(usable)} rows of trials have no known time" in report[9].can_be_said
    later = table.assign(
        months_since_end=table["months_since_end"].mask(
            table["comparison"].eq("pdt_vs_cbt") & table["follow_up"].eq("post"), 12.0
        )
    )
    said = Facts(evidence={"trials": later}).late_against_cbt
    late = later[
        later["comparison"].eq("pdt_vs_cbt") & later["months_since_end"].eq(12) & later["yi"].notna()
    ]
    assert said.startswith(f"{late['trial_id'].nunique()} trials against CBT")


OWN = pd.DataFrame(
    {
        "study": ["Adams 2015", "Baker 2016", "Brown 2018", "Clark 2020"],
        "outcome": "depression",
        "months_since_end": 0,
        "mean_t": [10.1, 11.4, 12.0, 9.8],
        "sd_t": [6.2, 6.6, 7.1, 5.9],
        "n_t": [30, 28, 41, 35],
        "mean_c": [14.2, 14.4, 14.9, 12.6],
        "sd_c": [6.9, 6.8, 7.4, 6.1],
        "n_c": [31, 33, 40, 33],
        "better": "lower",
    }
)


def asked_of_trials(report):
    """What the trials cannot answer, by claim."""
    return {
        judged.claim.number: [
            one.shown for one in judged.findings if one.source == "trials" and one.holds is None
        ]
        for judged in report.judgements
    }


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "no row of the table says who is compared (such as pdt_vs_control): column 'comparison'"),
        (
            {"comparison": "pdt_vs_cbt"},
            "no row of the table has comparison = pdt_vs_control (there is pdt_vs_cbt)",
        ),
        (
            {"comparison": ["pdt_vs_control", None, "", "pdt_vs_cbt"], "months_since_end": 24},
            "has follow_up = post",
        ),
    ],
)
def test_what_a_table_of_ones_own_cannot_answer_is_open_with_the_reason(given, reason):
    report = pdt.check_claims(evidence=OWN.assign(**given))
    asked = asked_of_trials(report)
    late = (
        {9, 10} if "months_since_end" in given else set()
    )  # its one trial long after the end is shown there
    for number in {1, 4, 6, 8, 9, 10, 11} - late:
        assert any("cannot be checked: no row of the table" in shown for shown in asked[number]), number
    assert any(reason in shown for shown in asked[4])


@pytest.mark.parametrize(
    "without", ["disorder", "outcome", "follow_up", "arm_c", "months_since_end", "better"]
)
def test_bundled_trials_without_a_column_are_judged_all_the_same(without):
    table = pdt.trials(comparison="pdt_vs_control", outcome="depression").drop(columns=without)
    report = pdt.check_claims(evidence=table)
    assert [judged.claim.number for judged in report.judgements] == list(range(1, 12))


@pytest.mark.parametrize("kept", ["pdt_vs_cbt", "pdt_vs_control", "none"])
def test_without_control_or_cbt_the_other_claims_are_judged_as_before(report, kept):
    table = pdt.trials(comparison=["pdt_vs_control", "pdt_vs_cbt"])
    other = pdt.check_claims(evidence=table[table["comparison"].eq(kept)])
    asked = asked_of_trials(other)
    assert any("cannot be checked" in shown for shown in asked[4]) == (kept != "pdt_vs_control")
    assert any("cannot be checked" in shown for shown in asked[5]) == (kept != "pdt_vs_cbt")
    if kept == "pdt_vs_control":
        for one, before in zip(other[4].findings, report[4].findings, strict=True):
            assert replace(one, variants=()) == replace(before, variants=())
            for now, then in zip(one.variants, before.variants, strict=True):  # pooled beside other strata
                assert replace(now, estimate=0.0, ci=(0.0, 0.0)) == replace(then, estimate=0.0, ci=(0.0, 0.0))
                assert (now.estimate, *now.ci) == pytest.approx((then.estimate, *then.ci), rel=1e-11)


def test_a_table_without_studies_is_refused():
    with pytest.raises(RequestError, match="evidence, trials: column 'study' is missing"):
        pdt.check_claims(evidence=OWN.drop(columns="study"))


def test_a_table_of_ones_own_says_how_much_it_answered():
    report = pdt.check_claims(evidence=OWN.assign(comparison="pdt_vs_control"))
    asked = report.findings()
    asked = asked[asked["source"].str.match("pooled here|trials")]
    known = (asked["answer"] != "open").groupby([asked["claim_id"], asked["question"], asked["about"]]).any()
    number = int(known.sum())
    assert 0 < number < len(known)
    assert report.summary().startswith(
        f"Your table answered {number} of {len(known)} questions put to trials."
    )
    assert not pdt.check_claims().summary().startswith("Your table")
