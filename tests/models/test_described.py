"""A methods paragraph says what was done: its words and references move with the options."""

import re
from pathlib import Path

import pytest

import pdt_evidence as pdt
from pdt_evidence.models.estimators import ESTIMATORS
from pdt_evidence.models.inference import TESTS_BY_CODE
from pdt_evidence.models.prediction import PI_RULES_BY_CODE
from pdt_evidence.models.works import WORKS, bibtex_entry

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


def test_an_entry_has_what_a_docstring_of_the_library_gives_beside_its_doi():
    """Nothing in an entry is recalled: names, journal, year, volume and page stand beside the DOI in the code."""
    beside = _docstring_references()
    dated = {doi: work for doi, work in WORKS.items() if work.year}
    assert set(WORKS) - set(dated) == {
        "10.1111/j.1467-9876.2005.00489.x"
    }  # names alone, from that of the estimator
    for doi, work in dated.items():
        names = [name.partition(",")[0] for name in work.author.split(" and ")]
        words = [*names, str(work.year), work.journal, work.volume, work.pages.replace("--", "-"), work.title]
        assert any(all(word in text for word in words) for text in beside[doi]), (doi, words, beside[doi])


def test_every_work_that_a_paragraph_can_refer_to_has_more_than_its_doi():
    named = {
        one.source for registry in (ESTIMATORS, TESTS_BY_CODE, PI_RULES_BY_CODE) for one in registry.values()
    }
    dois = {source for source in named if source.startswith("10.")}
    assert dois - set(WORKS) == {"10.1016/j.cct.2006.04.004"}  # named nowhere but by its DOI
    entry = bibtex_entry("ref1", "10.1002/sim.791")
    for line in (
        "author = {Hartung and Knapp}",
        "year = {2001}",
        "journal = {Statistics in Medicine}",
        "volume = {20}",
    ):
        assert line in entry


def _docstring_references() -> dict[str, list[str]]:
    """What stands before each DOI in a References section, on one line."""
    found: dict[str, list[str]] = {}
    for path in Path(pdt.__file__).parent.rglob("*.py"):
        for reference in re.findall(
            r"\.\. \[\d+\] (.*?doi:\S+)", path.read_text(encoding="utf-8"), re.DOTALL
        ):
            text, _, doi = " ".join(reference.split()).rpartition("doi:")
            found.setdefault(doi, []).append(text)
    return found
