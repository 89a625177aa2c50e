"""A methods paragraph says what was done: its words and references move with the options."""

import math
import re

import pytest

import pdt_evidence as pdt
from pdt_evidence.models.estimators import ESTIMATORS
from pdt_evidence.models.inference import TESTS_BY_CODE
from pdt_evidence.models.prediction import PI_RULES_BY_CODE
from pdt_evidence.models.works import WORKS, bibtex_entry
from reference import load

Y, V = [0.1, 0.5, 0.9, 0.3, 0.4], [0.04, 0.05, 0.03, 0.06, 0.05]
ROWS = pdt.trials(comparison="pdt_vs_control", outcome="anxiety", follow_up="post")
ROWS = ROWS[ROWS["yi"].notna()]


def test_the_words_and_references_are_those_of_the_options():
    text = pdt.pool(Y, V, measure="SMD").methods()
    assert "restricted maximum likelihood" in text
    assert "Knapp–Hartung" in text
    assert "10.1002/sim.791" in text.references
    other = pdt.pool(Y, V, measure="OR", method="PM", test="z", tau2_ci_method="generalised-q").methods()
    assert "log odds ratios" in other
    assert "Paule–Mandel" in other
    assert "Wald (normal)" in other
    assert "10.1002/sim.791" not in other.references
    assert "10.1002/jrsm.1081" in other.references
    equal = pdt.pool(Y, V, method="EE", test="z").methods()
    assert "equal-effects model" in equal
    assert "Heterogeneity" not in equal


def test_every_reference_is_numbered_in_the_text_and_has_an_entry():
    text = pdt.pool(Y, V, measure="SMD").methods()
    numbers = {int(n) for found in re.findall(r"\[([\d, ]+)\]", text) for n in found.split(",")}
    assert numbers == set(range(1, len(text.references) + 1))
    assert text.bibtex.count("doi = ") == len(text.references) >= 5
    assert {"item 12", "item 13d"} <= set(re.findall(r"item \d+\w?", text))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "their plain mean"),
        ({"aggregate": "gls"}, "inverse of their covariance"),
        ({"rho": 0.3}, "correlation of 0.3"),
        ({"dependence": "one-per-trial"}, "one was chosen"),
        ({"dependence": "che"}, "cluster-robust (CR2)"),
    ],
)
def test_a_synthesis_says_what_became_of_several_rows_of_a_trial(options, words):
    assert words in pdt.synthesize(ROWS, by="outcome", **options).methods()


@pytest.mark.parametrize(
    "options",
    [{}, {"aggregate": "gls"}, {"rho": 0.3}, {"dependence": "one-per-trial"}, {"dependence": "che"}],
)
def test_a_stratum_says_of_its_values_what_the_synthesis_says(options):
    synthesis = pdt.synthesize(ROWS, by="outcome", **options)
    whole, one = synthesis.methods(), synthesis["anxiety"].methods()
    text = whole.paragraph.replace(" They were pooled by outcome (item 13a).", "")
    assert one.paragraph == re.sub(
        r" \d+ rows? went into no pool, each with its reason \(item 13a\)\.", "", text
    )
    assert whole.references == one.references


CLUSTERED = pdt.pool_multilevel(Y, V, ["a", "a", "b", "c", "d"], rho=0.6)


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        (pdt.pool(Y, V), "prediction intervals (Higgins–Thompson–Spiegelhalter, t with k − 2 df)"),
        (pdt.pool(Y[:2], V[:2]), ""),  # too few for one
        (pdt.pool(Y, V, method="EE"), ""),
        (CLUSTERED, "prediction intervals (a new effect of a new trial, t with trials − 1 df)"),
        (CLUSTERED.with_robust(), "t with the degrees of freedom of the cluster-robust inference)"),
        (pdt.pool_multilevel(Y[:3], V[:3], ["a", "a", "b"]), ""),
        (pdt.pool_bayes(Y, V, prior=pdt.HalfNormal(0.5)), "prediction intervals (posterior predictive)"),
    ],
)
def test_a_prediction_interval_is_named_where_one_is_given(fit, words):
    assert math.isnan(fit.pi[0]) == (not words)
    assert words in fit.methods()
    assert ("prediction" in fit.methods()) == bool(words)


def test_an_interval_of_several_effects_a_trial_has_the_degrees_of_freedom_of_trials():
    assert "Wald (t, trials − 1 df)" in CLUSTERED.methods()


def test_nothing_is_said_of_combining_where_no_trial_has_several_values():
    single = ROWS.drop_duplicates("trial_id")
    assert "combined" not in pdt.synthesize(single, by="outcome").methods()


def test_a_bayesian_result_is_not_described_as_another_model():
    text = pdt.pool_bayes(Y, V, prior=pdt.HalfNormal(0.5)).methods()
    assert "maximum likelihood" not in text
    assert "Bayes" in text


@pytest.mark.parametrize(
    ("options", "said", "unsaid"),
    [
        ({}, "only where a trial had no score of the same outcome", "were not pooled with scores"),
        ({"events": "never"}, "Counts of persons were not pooled with scores", "√3/π"),
        ({"events": "pool"}, "Counts of persons stood beside scores (item 13a).", "only where"),
    ],
)
def test_what_became_of_counts_of_persons_is_in_the_paragraph(options, said, unsaid):
    rows = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    text = pdt.synthesize(rows[rows["yi"].notna()], **options).methods()
    assert said in text
    assert unsaid not in text
    converted = options != {"events": "never"}
    assert ("√3/π" in text) == ("10.1037/0033-2909.117.1.167" in text.references) == converted


def test_an_entry_says_what_the_manual_says_that_it_comes_from():
    """Nothing in an entry is recalled: each is the line of a manual, with the page that has it."""
    printed = load("works", cases=19, of="works")["works"]
    assert set(WORKS) - set(printed) == {
        "10.1002/9780470743386.ch24"
    }  # a book, as the library's docstrings give it
    for doi, one in printed.items():
        work, line = WORKS[doi], _letters(one["line"])
        for words in (*work.author.split(" and "), str(work.year), work.title, work.journal):
            assert _letters(words) in line, (doi, words, one["line"])
        first, last = work.pages.split("--")
        volume = rf"{work.volume}[\W_]+{work.number}[\W_]+" if work.number else rf"{work.volume}[\W_]+"
        (end,) = re.findall(rf"\b{volume}{first}-+(\d+)", one["line"])
        assert last[: len(last) - len(end)] + end == last
        assert first[: len(first) - len(end)] == last[: len(last) - len(end)]


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text)


def test_every_work_that_a_paragraph_can_refer_to_has_more_than_its_doi():
    named = {
        one.source for registry in (ESTIMATORS, TESTS_BY_CODE, PI_RULES_BY_CODE) for one in registry.values()
    }
    dois = {source for source in named if source.startswith("10.")}
    assert dois <= set(WORKS)
    entry = bibtex_entry("ref1", "10.1002/sim.791")
    for line in (
        "author = {Hartung, J. and Knapp, G.}",
        "year = {2001}",
        "journal = {Statistics in Medicine}",
        "volume = {20}",
        "title = {{On tests of the overall treatment effect in meta-analysis with normally distributed responses}}",
    ):
        assert line in entry
