"""Each verdict flips when what its source says, or the numbers that may answer for it, are turned."""

import warnings

import pandas as pd
import pytest
from changed_tables import changed

import pdt_evidence as pdt


@pytest.fixture(scope="module")
def report():
    return pdt.check_claims()


SEEN = ["archives-vs-control", "archives-vs-cbt", "archives-domains", "apa-ongoing-change"]
UNSEEN = ["cochrane-depression-anxiety", "cochrane-all-outcomes", "cochrane-lasting", "apa-personality"]


@pytest.mark.parametrize(
    ("says", "answer"), [("otherwise", "misattributed"), ("no", "not stated"), ("yes", "stated")]
)
def test_a_statement_that_is_turned_turns_the_answer_about_the_source(report, says, answer):
    table = changed(pdt.statements(), lambda t: t["cited"], says=says)
    moved = pdt.check_claims(evidence={"statements": table})
    for claim in (*SEEN, *UNSEEN, "works-across-disorders"):
        assert moved[claim].source_says == answer
        assert moved[claim].numbers_say == report[claim].numbers_say
        if answer == "misattributed":
            assert moved[claim].verdict == "misattributed"


def turned_numbers(sign):
    """Every published number between groups and every trial on one side, or on the other."""
    reviews, trials = pdt.reviews(), pdt.trials()
    between = reviews["design"].eq("between") & reviews["measure"].isin(["g", "d", "SMD", "ES"])
    size = {"estimate": sign * 0.6, "ci_low": sign * 0.6 - 0.1, "ci_high": sign * 0.6 + 0.1, "ci_level": 95.0}
    return {
        "reviews": changed(reviews, lambda t: between & t["ci_low"].notna(), **size),
        "trials": trials.assign(yi=trials["yi"].abs() * 0.1 + sign * 0.6).drop(columns="yi_basis"),
    }


@pytest.fixture(scope="module")
def turned():
    """The claims judged by numbers that all favour PDT, and by numbers that all speak against it."""
    return {sign: pdt.check_claims(evidence=turned_numbers(sign)) for sign in (1, -1)}


def test_numbers_that_are_turned_turn_the_answer_about_the_numbers(turned):
    good, bad = turned[1], turned[-1]
    for claim in (1, 4, 8, 11):
        assert good[claim].numbers_say in ("borne out", "partly")
        assert bad[claim].numbers_say == "contrary"
        assert bad[claim].verdict == "not supported"
        assert bad[claim].source_says == good[claim].source_says


def trials_of_a_review(sign, windows, comparison="pdt_vs_control"):
    """Trials as a user may bring them of a review that is not open: six an outcome and window, alike."""
    words = ["general_symptoms", "somatic_symptoms", "anxiety", "depression", "interpersonal_problems"]
    words.append("social_adjustment")
    rows = [
        {
            "row_id": f"{word}{window}{i}",
            "trial_id": f"t{i}",
            "study": f"Trial {i}",
            "comparison": comparison,
            "outcome": word,
            "follow_up": window,
            "measure": "SMD",
            "yi": sign * (0.5 + 0.05 * i),
            "vi": 0.02,
        }
        for word in words
        for window in windows
        for i in range(6)
    ]
    return pd.DataFrame(rows)


def judged_by_imported(review, table):
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", pdt.EvidenceWarning
        )  # nothing about a table of ours says that it is that review
        return pdt.check_claims(table, review=review)


@pytest.fixture(scope="module")
def imported():
    """The claims about a review judged by its trials: those of 2014 and of 2004, on either side of no effect."""
    found = {}
    for sign in (1, -1):
        found["abbass2014", sign] = judged_by_imported(
            "abbass2014", trials_of_a_review(sign, ("short", "long"))
        )
        table = trials_of_a_review(sign, ("post",))
        same = trials_of_a_review(1, ("post",), "pdt_vs_cbt").assign(yi=0.0 if sign > 0 else -0.9, vi=0.005)
        both = pd.concat([table, same.assign(row_id="c" + same["row_id"], trial_id="c" + same["trial_id"])])
        found["leichsenring2004", sign] = judged_by_imported("leichsenring2004", both)
    return found


def test_the_two_questions_of_claims_about_a_review_turn_with_its_imported_trials(imported):
    for claim in (2, 3):
        judged = imported["abbass2014", 1][claim]
        assert judged.numbers_say == "borne out"
        assert judged.verdict == "partly supported"  # that the review says so in words was not seen
        assert any(finding.cited and finding.holds for finding in judged.findings)
        flat = imported["abbass2014", -1][claim]
        assert (flat.numbers_say, flat.verdict) == ("contrary", "not supported")
    assert imported["leichsenring2004", 1][6].numbers_say == "borne out"
    assert imported["leichsenring2004", 1][6].verdict == "supported"  # its abstract says so
    cited = [
        one for one in imported["leichsenring2004", 1][5].findings if one.cited and one.part == "content"
    ]
    assert [one.holds for one in cited] == [True]


@pytest.fixture(scope="module")
def read_otherwise():
    """The claims as if every cited source said so, and as if it said something else."""
    reviews_ = {"sources": one_review_of_160_trials()}
    tables = {
        says: changed(pdt.statements(), lambda t: t["cited"], says=says) for says in ("yes", "otherwise")
    }
    return {says: pdt.check_claims(evidence={"statements": tables[says]} | reviews_) for says in tables}


def one_review_of_160_trials():
    """Sources as claim 7 has them: its release counts one meta-analysis, and that has 160 trials."""
    sources = changed(
        pdt.sources(), lambda t: t["source_id"].eq("shedler2010_apa_release"), reviews_included=1
    )
    return changed(sources, lambda t: t["source_id"].eq("abbass2006"), trials_included=160)


@pytest.mark.parametrize("number", [n for n in range(1, 12) if n != 10])  # the article names no source for 10
def test_each_verdict_flips_with_what_its_source_says(read_otherwise, number):
    said, other = (read_otherwise[says][number] for says in ("yes", "otherwise"))
    assert said.verdict != other.verdict == "misattributed"
    assert said.numbers_say == other.numbers_say


def test_a_claim_without_a_source_has_no_statement_to_turn(report):
    assert report[10].source_says == "no source named"
    assert not pdt.statements(claim=report[10].claim.claim_id)["cited"].any()


def fewer_patients():
    """The one meta-analysis of the release with more than 1,400 patients, with fewer."""
    return {
        "reviews": changed(pdt.reviews(), lambda t: t["review_id"].eq("shedler2010_apa_release"), n=100.0)
    }


def flat_within():
    """No growth in any group, and none against control."""
    table = pdt.reviews()
    size = {"estimate": 0.5, "ci_low": 0.4, "ci_high": 0.6, "ci_level": 95.0}
    return {"reviews": changed(table, lambda t: t["measure"].isin(["g", "d", "SMD", "ES"]), **size)}


def wide_against_other_therapies():
    """The two intervals that pass the margin of equivalence, wider than it."""
    passing = ("steinert2017", "smith_hewitt2024")
    return {
        "reviews": changed(
            pdt.reviews(), lambda t: t["review_id"].isin(passing) & t["follow_up"].eq("post"), ci_low=-0.6
        )
    }


WORSE = {5: wide_against_other_therapies, 9: flat_within}


@pytest.mark.parametrize("number", range(1, 12))
def test_each_verdict_flips_with_its_numbers(report, turned, imported, read_otherwise, number):
    """Numbers for the claim and against it; where only the review's own may answer, trials brought of it."""
    if number in (2, 3):
        good, bad = (imported["abbass2014", sign][number] for sign in (1, -1))
    elif number == 6:
        good, bad = (imported["leichsenring2004", sign][number] for sign in (1, -1))
    elif number == 7:
        good = read_otherwise["yes"][7]
        bad = pdt.check_claims(evidence=fewer_patients() | {"sources": one_review_of_160_trials()})[7]
    elif number in (5, 9):
        good, bad = report[number], pdt.check_claims(evidence=WORSE[number]())[number]
    else:
        good, bad = turned[1][number], turned[-1][number]
    assert good.numbers_say in ("borne out", "partly")
    assert bad.numbers_say in ("not shown", "contrary")
    assert good.verdict != bad.verdict
    if number != 7:  # there the numbers of the source are what it is said to say, too
        assert bad.verdict == "not supported"
        assert good.source_says == bad.source_says
