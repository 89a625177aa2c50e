"""What is said of the claims: words for both answers, few words for each claim, findings without an answer folded."""

from pdt_evidence.evidence import claims
from pdt_evidence.reporting.names import CLAIMS, named, of_two
from pdt_evidence.reporting.page.judged import in_few_words, listed, numbers_words, source_words
from pdt_evidence.verdicts.records import Claim, Finding
from pdt_evidence.verdicts.rules import BORNE_OUT, SAYS

WIDEST = 42  # letters on one line of a label


def test_both_answers_have_words_of_their_own():
    for of, words in ((SAYS, source_words), (BORNE_OUT, numbers_words)):
        assert len({words(answer).answer for answer in of}) == len(of)
        assert len({words(answer).mark for answer in of}) == len(of)
    assert source_words("stated").mark == "source says it"
    assert numbers_words("borne out").mark == "numbers bear it out"


def test_every_claim_has_a_few_words():
    assert list(CLAIMS) == claims()["claim_id"].tolist()
    assert all(len(words) <= WIDEST for words in CLAIMS.values())
    own = Claim(claim_id="new", number=12, statement="It helps.", review_id="", judged_by="", judged_why="")
    assert in_few_words(own) == "It helps."


def finding(holds, shown="0.10 [0.01, 0.19]", source="reviews R001"):
    return Finding(question="better?", part="content", holds=holds, shown=shown, source=source)


def test_many_findings_without_an_answer_share_a_line_that_says_why():
    bare = [finding(None, "0.35, no interval printed")] * 3
    far = finding(None, "0.1 [-5, 5]", "pooled here, k = 2: too few")
    found = listed([finding(True), *bare, far, finding(False)])
    assert [one.holds for one in found.each] == [True, False]
    assert found.folded == (*bare, far)
    assert found.words == "4 results cannot answer: 3 printed without an interval, 1 of too few trials"
    few = listed([finding(True), *bare])
    assert len(few.each) == 4
    assert few.folded == ()


def test_two_treatments_of_a_network_are_named_in_words():
    assert named("cbt+medication:cbt+placebo") == "CBT with medication against CBT with placebo"
    assert named("self_help:waitlist") == "self-help against waiting list"
    assert named("pdt_vs_cbt") == "PDT against CBT"


def test_only_of_two_studies_is_it_said_that_they_settle_nothing():
    assert of_two(2) == "two trials settle nothing"
    assert of_two(2, "studies") == "two studies settle nothing"
    assert of_two(1) == of_two(3) == ""
