"""The verdict follows from the findings, whatever the claim."""

from itertools import product

import pytest

from pdt_evidence.verdicts.records import Finding
from pdt_evidence.verdicts.rules import VERDICTS, judge


def finding(part, holds, cited=False):
    return Finding(question="?", part=part, holds=holds, shown="", source="", cited=cited)


CASES = [
    ("all content holds", [("content", True), ("content", True)], "supported"),
    ("some content fails", [("content", True), ("content", False)], "partly supported"),
    ("some content is unknown", [("content", True), ("content", None)], "partly supported"),
    ("all content fails", [("content", False)], "not supported"),
    ("nothing is held", [("content", None)], "cannot be checked"),
    ("no finding at all", [], "cannot be checked"),
    ("the wording is too strong", [("content", True), ("strength", False)], "overstated"),
    ("the wording holds", [("content", True), ("strength", True)], "supported"),
    ("the source does not say so", [("content", True), ("attribution", False)], "misattributed"),
    ("the source says so", [("content", True), ("attribution", True)], "supported"),
]


@pytest.mark.parametrize(("what", "answers", "verdict"), CASES, ids=[case[0] for case in CASES])
def test_the_table_of_rules(what, answers, verdict):
    assert judge([finding(*answer) for answer in answers])[0] == verdict


def test_a_claim_about_a_review_needs_the_reviews_numbers():
    other = [finding("content", True), finding("content", None, cited=True)]
    assert judge(other)[0] == "partly supported"
    assert judge(other, about_the_review=True)[0] == "cannot be checked"
    assert judge([finding("content", True, cited=True)], about_the_review=True)[0] == "supported"
    contrary = [finding("content", True), finding("content", False, cited=True)]
    assert judge(contrary)[0] == "partly supported"
    assert judge(contrary, about_the_review=True)[0] == "not supported"


def test_every_combination_gives_a_known_verdict_with_a_reason():
    answers = list(product(("attribution", "content", "strength"), (True, False, None)))
    for first, second in product(answers, answers):
        verdict, why = judge([finding(*first), finding(*second)])
        assert verdict in VERDICTS
        assert why.endswith(".")


def test_more_support_never_turns_supported_into_something_worse():
    content = [finding("content", True)]
    assert judge(content * 5)[0] == "supported"
