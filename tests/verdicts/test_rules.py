"""The verdict follows from the findings, whatever the claim."""

from itertools import product

import pytest

from pdt_evidence.verdicts.records import ANSWERS, PARTS, THE_REVIEW, Finding
from pdt_evidence.verdicts.rules import RULES, VERDICTS, judge


def finding(part, holds, cited=False, against=False):
    return Finding(question="?", part=part, holds=holds, shown="", source="", cited=cited, against=against)


CASES = [
    ("all content holds", [("content", True), ("content", True)], "supported"),
    ("some content fails", [("content", True), ("content", False)], "partly supported"),
    ("some content is unknown", [("content", True), ("content", None)], "partly supported"),
    ("all content fails", [("content", False)], "not supported"),
    ("nothing is held", [("content", None)], "cannot be checked"),
    ("no finding at all", [], "cannot be checked"),
    ("the wording is too strong", [("content", True), ("wording", False)], "overstated"),
    ("the wording holds", [("content", True), ("wording", True)], "supported"),
    ("the source does not say so", [("content", True), ("attribution", False)], "misattributed"),
    ("the source says so", [("content", True), ("attribution", True)], "supported"),
]


@pytest.mark.parametrize(("what", "answers", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_the_table_of_rules(what, answers, verdict):
    assert judge([finding(*answer) for answer in answers])[0] == verdict


def test_a_claim_about_a_review_needs_the_reviews_numbers():
    other = [finding("content", True), finding("content", None, cited=True)]
    assert judge(other)[0] == "partly supported"
    assert judge(other, judged_by=THE_REVIEW)[0] == "cannot be checked"
    assert judge([finding("content", True, cited=True)], judged_by=THE_REVIEW)[0] == "supported"
    contrary = [finding("content", True), finding("content", False, cited=True)]
    assert judge(contrary)[0] == "partly supported"
    assert judge(contrary, judged_by=THE_REVIEW)[0] == "not supported"


def test_every_combination_gives_a_known_verdict_with_a_reason():
    answers = list(product(("attribution", "content", "wording"), (True, False, None)))
    for first, second in product(answers, answers):
        verdict, why = judge([finding(*first), finding(*second)])
        assert verdict in VERDICTS
        assert why.endswith(".")


def test_more_support_never_turns_supported_into_something_worse():
    content = [finding("content", True)]
    assert judge(content * 5)[0] == "supported"


def test_the_rules_give_every_verdict_and_the_last_one_always_holds():
    assert {rule.verdict for rule in RULES} == set(VERDICTS)
    assert RULES[-1].verdict == "supported"
    assert all(rule.when.endswith(".") for rule in RULES)


def test_the_reason_counts_each_part_as_it_is_listed():
    found = [
        finding("content", True),
        finding("content", None),
        finding("wording", False),
        finding("wording", None),
    ]
    _, why = judge(found)
    assert "Content: 1 of 1 answered question comes out as claimed, 1 open." in why
    assert "Wording: 0 of 1 answered question comes out as claimed, 1 open." in why
    assert "Attribution" not in why
    _, why = judge([*found, finding("content", None, cited=True)], judged_by=THE_REVIEW)
    assert "Content: 1 question open, none answered." in why  # what is only shown is not counted


def test_a_press_release_is_not_taken_for_the_publication_it_announces():
    denied = [finding("content", True), finding("attribution", False)]
    assert judge(denied)[1].startswith("The source named does not contain what is attributed to it.")
    _, why = judge(denied, source_kind="press_release")
    assert why.startswith("What is held of the source (a press release) says otherwise.")


@pytest.mark.parametrize(
    ("holds", "against", "answer"),
    [(True, False, "yes"), (False, False, "not shown"), (False, True, "contrary"), (None, True, "open")],
)
def test_numbers_that_show_nothing_are_told_from_numbers_that_show_the_opposite(holds, against, answer):
    assert finding("content", holds, against=against).answer == answer
    assert answer in ANSWERS


def test_the_opposite_changes_no_verdict():
    for part in PARTS:
        found = [finding("content", True), finding(part, False)]
        assert judge(found) == judge([found[0], finding(part, False, against=True)])


def test_a_part_of_a_reviews_numbers_does_not_tell_of_the_others():
    from pdt_evidence.verdicts.records import THE_REVIEW

    part = [finding("content", False, cited=True), *[finding("content", None, cited=True)] * 5]
    assert judge(part, judged_by=THE_REVIEW)[0] == "cannot be checked"
    assert judge([finding("content", False, cited=True)] * 6, judged_by=THE_REVIEW)[0] == "not supported"
