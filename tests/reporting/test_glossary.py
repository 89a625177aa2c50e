"""The words of the page: no option, no name of a table, nothing that is "held"."""

import pytest

from page_words import unwanted
from pdt_evidence.reporting.glossary import plain, plain_page


def test_what_is_looked_for_is_found():
    assert (
        len(unwanted("<p>not held; test knha; abbass2014 and nice_ng222; cbt+placebo</p><code>che</code>"))
        == 5
    )


def test_the_words_are_replaced_outside_of_code_and_places():
    where = '<td class="where again" data-at="R1">held 1</td>'
    page = f'<p title="held">Not held here.</p><code>held</code>{where}<b>held</b> holds'
    assert plain_page(page) == (
        '<p title="held">Not available to us.</p><code>held</code><td class="where again" data-at="R1">held 1</td>'
        "<b>available to us</b> holds"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "counts persons with an event; row a has a score",
            "only counts patients who had an outcome; row a has a score",
        ),
        ("effects of Monsen 2000 (seen member)", "effects of Monsen 2000 (known to be in the review)"),
        ("Trials held against CBT: how many?", "Trials available to us against CBT: how many?"),
        (
            "how many kept their gains is held of no review",
            "how many kept their gains is available of no review",
        ),
        ("No control arm is held for this result", "No control arm is available to us for this result"),
        (
            "of the network, trials with an arm are held",
            "of the network, trials with an arm are available to us",
        ),
    ],
)
def test_sentences_stay_sentences(text, words):
    assert plain(text) == words
