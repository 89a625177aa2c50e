"""The verdict follows from the findings, whatever the claim."""

from itertools import product

import pytest

import pdt_evidence as pdt
from pdt_evidence.verdicts.records import ANSWERS, PARTS, THE_REVIEW, Finding, Variant
from pdt_evidence.verdicts.rules import BORNE_OUT, RULES, SAYS, VERDICTS, Rules, combined, judge


def finding(part, holds, cited=False, against=False, about="", body=""):
    return Finding(
        question="?",
        part=part,
        holds=holds,
        shown="",
        source="",
        cited=cited,
        against=against,
        about=about,
        body=body,
    )


YES, NO, OPEN = ("content", True), ("content", False), ("content", None)
SAID, LESS, UNSEEN = ("attribution", True), ("attribution", False), ("attribution", None)
CASES = [
    ("all content holds", [YES, YES], "supported"),
    ("half of the content fails", [YES, NO], "partly supported"),
    ("all content fails", [NO], "not supported"),
    ("nothing is held", [OPEN], "cannot be checked"),
    ("nothing is held, and the source says so", [OPEN, SAID], "stated, cannot be checked"),
    ("no finding at all", [], "cannot be checked"),
    ("the wording is too strong", [YES, ("wording", False)], "overstated"),
    ("the wording holds", [YES, ("wording", True)], "supported"),
    ("a part is not in the source", [YES, LESS], "partly supported"),
    ("the source was not seen", [YES, UNSEEN], "partly supported"),
    ("the source says so", [YES, SAID], "supported"),
    ("what stands beside does not decide", [YES, ("beside", False)], "supported"),
]


@pytest.mark.parametrize(("what", "answers", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_the_table_of_rules(what, answers, verdict):
    assert judge([finding(*answer) for answer in answers])[0] == verdict


def test_a_source_that_says_something_else_is_misattributed_whatever_the_numbers():
    for answer in (YES, NO, OPEN):
        verdict, why, answers = judge([finding(*answer), finding("attribution", False, against=True)])
        assert (verdict, answers.source) == ("misattributed", "misattributed")
        assert why.startswith("The source named does not say")


def test_the_two_questions_are_answered_apart():
    stated = [finding(*SAID)]
    assert {judge([*stated, finding(*one)])[2].source for one in (YES, NO, OPEN)} == {"stated"}
    numbers = [finding(*YES)]
    assert {judge([*numbers, finding(*one)])[2].numbers for one in (SAID, LESS, UNSEEN)} == {"borne out"}


def test_numbers_that_show_the_opposite_are_told_from_numbers_that_show_nothing():
    assert judge([finding(*NO)])[2].numbers == "not shown"
    assert judge([finding(*NO), finding("content", False, against=True)])[2].numbers == "contrary"


def test_findings_on_the_same_trials_count_once():
    """Three overlapping reviews against one other body: one yes and one no, not three to one."""
    same = [finding("content", True, about="a", body="one") for _ in range(3)]
    other = finding("content", False, about="a", body="two")
    assert judge([*same, other])[2].numbers == "partly"
    assert judge([*[finding("content", True, about="a") for _ in range(3)], other])[2].numbers == "borne out"


def test_every_subject_of_a_claim_must_come_out_for_it_to_be_borne_out():
    depression = [finding("content", True, about="depression") for _ in range(5)]
    assert judge(depression)[2].numbers == "borne out"
    assert judge([*depression, finding("content", None, about="panic")])[2].numbers == "partly"


def test_one_contrary_body_is_not_outvoted():
    assert combined(["yes"] * 9 + ["contrary"]) == "partly"
    assert combined(["contrary", "not shown"]) == "contrary"
    assert combined(["yes", "open", "open"]) == "yes"
    assert combined(["yes", "yes", "not shown"], majority=0.8) == "partly"


def test_a_claim_about_a_review_needs_the_reviews_numbers():
    other = [finding("content", True), finding("content", None, cited=True)]
    assert judge(other, judged_by=THE_REVIEW)[0] == "cannot be checked"
    assert judge([finding("content", True, cited=True)], judged_by=THE_REVIEW)[0] == "supported"
    contrary = [finding("content", True), finding("content", False, cited=True)]
    assert judge(contrary)[0] == "partly supported"
    assert judge(contrary, judged_by=THE_REVIEW)[0] == "not supported"


def test_a_part_of_a_reviews_numbers_does_not_tell_of_the_others():
    part = [finding("content", False, cited=True, about="0")]
    part += [finding("content", None, cited=True, about=f"{place}") for place in range(1, 6)]
    assert judge(part, judged_by=THE_REVIEW)[0] == "cannot be checked"


def test_every_combination_gives_a_known_verdict_with_a_reason():
    options = list(product(PARTS, (True, False, None), (False, True)))
    for first, second in product(options, options):
        made = [finding(part, holds, against=against) for part, holds, against in (first, second)]
        verdict, why, answers = judge(made)
        assert verdict in VERDICTS
        assert answers.source in SAYS
        assert answers.numbers in BORNE_OUT
        assert why.endswith(".")


def test_the_rules_give_every_verdict_and_the_last_one_always_holds():
    assert {rule.verdict for rule in RULES} == set(VERDICTS)
    assert RULES[-1].verdict == "supported"
    assert all(rule.when.endswith(".") for rule in RULES)


def test_the_reason_counts_each_part_as_it_is_listed():
    found = [finding("content", True), finding("content", None, about="panic"), finding("wording", False)]
    _, why, _ = judge(found)
    assert "Content: 1 of 1 answered part comes out as claimed, 1 open." in why
    assert "Wording: 0 of 1 answered part comes out as claimed." in why
    assert "Attribution" not in why


@pytest.mark.parametrize(
    ("holds", "against", "answer"),
    [(True, False, "yes"), (False, False, "not shown"), (False, True, "contrary"), (None, True, "open")],
)
def test_answers(holds, against, answer):
    assert finding("content", holds, against=against).answer == answer
    assert answer in ANSWERS


def test_a_variant_with_too_few_trials_changes_nothing_and_any_other_does():
    def variant(holds, few):
        return Variant(rule="r", estimate=0.1, ci=(-0.1, 0.3), k=2, holds=holds, few=few)

    base = finding("content", True)
    few = Finding(
        question="?", part="content", holds=True, shown="", source="", variants=(variant(None, True),)
    )
    turned = Finding(
        question="?", part="content", holds=True, shown="", source="", variants=(variant(False, False),)
    )
    assert few.under("r").answer == base.answer == "yes"
    assert few.turns() == ()
    assert (turned.under("r").answer, turned.turns()) == ("not shown", ("r",))
    assert "then not shown" in turned.variants_said()


def test_rules_that_cannot_be_are_refused_all_at_once():
    with pytest.raises(pdt.EvidenceError, match=r"(?s)headline is empty.*fewest_trials = 0.*majority = 1"):
        Rules(headline=(), fewest_trials=0, majority=1)
    with pytest.raises(pdt.EvidenceError, match="Let the last rule hold always"):
        judge([finding(*YES)], rules=Rules(headline=RULES[:1]))
