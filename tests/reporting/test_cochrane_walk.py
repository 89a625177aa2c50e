"""From the saved file of a review to verdicts on its claims, from Python and from the shell, on a made-up review."""

import sys
import warnings
from pathlib import Path

import pytest

import pdt_evidence as pdt
from pdt_evidence.cli import main
from pdt_evidence.errors import EvidenceWarning

CLAIMS = ("cochrane-depression-anxiety", "cochrane-all-outcomes", "cochrane-lasting")
NAME = "CD004687StatsDataOnly.rm5"


@pytest.fixture(scope="module")
def made():
    sys.path.insert(0, str(Path(__file__).parents[1] / "evidence" / "readers"))
    import made_review

    return made_review


@pytest.fixture
def saved(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def save(name=NAME, **options):
        Path(name).write_bytes(made.made_review(**options))
        return Path(name)

    return save


def test_every_outcome_and_window_is_understood(made, saved):
    review = pdt.read_revman(saved(), review="abbass2014")
    cells = review.groupby(["outcome", "follow_up"]).size()
    assert set(cells.index) == {(outcome, window) for outcome in made.OUTCOMES for window in made.WINDOWS}
    assert set(cells) == {12}
    assert review["study"].nunique() == made.STUDIES
    assert set(review["better"]) == {"lower"}
    assert set(review["comparison"]) == {"pdt_vs_control"}


@pytest.mark.warns("contradict the outcome")  # of the file whose labels are exchanged
def test_the_claims_are_judged_on_the_imported_trials(saved):
    """The verdicts follow the numbers of the file: made-up trials in favour, against, and favoured the other way."""
    bundled = pdt.check_claims()
    available = {name: bundled[name].verdict for name in CLAIMS}
    for_it, against, mirrored = (
        pdt.check_claims(pdt.read_revman(saved(**options), review="abbass2014"), review="abbass2014")
        for options in (
            {"effect": 0.6},
            {"effect": -0.6},
            {"effect": -0.6, "favours": ("Favours control", "Favours treatment")},
        )
    )
    assert available[CLAIMS[1]] == available[CLAIMS[2]] == "cannot be checked"
    # The numbers bear it out; that the review says so in words was not seen.
    assert [for_it[name].numbers_say for name in CLAIMS] == ["borne out"] * 3
    assert [for_it[name].verdict for name in CLAIMS] == ["partly supported"] * 3
    assert [against[name].verdict for name in CLAIMS[1:]] == ["not supported"] * 2
    assert against[CLAIMS[0]].verdict != "supported"
    assert [mirrored[name].numbers_say for name in CLAIMS] == ["borne out"] * 3
    assert [one.verdict for one in for_it][3:] == [one.verdict for one in against][3:]


def test_the_pool_that_a_claim_rests_on_is_that_of_the_imported_rows(saved):
    review = pdt.read_revman(saved(), review="abbass2014")
    judged = pdt.check_claims(review, review="abbass2014")
    (finding,) = [one for one in judged[CLAIMS[1]].findings if one.cited and "anxiety" in one.question]
    rows = review.query("outcome == 'anxiety' and follow_up == 'short'")
    pooled = pdt.synthesize(rows, by="comparison", test="adhoc")["pdt_vs_control"]
    assert finding.shown == f"{pooled.estimate:.2f} [{pooled.ci[0]:.2f}, {pooled.ci[1]:.2f}]"
    assert finding.rows == pooled.row_ids


def test_the_whole_way_from_the_shell(saved, capsys):
    saved()
    assert main(["import", NAME, "--review", "abbass2014", "-o", "abbass2014.csv"]) == 0
    assert main(["check", "abbass2014.csv"]) == 0
    assert main(["pool", "abbass2014.csv"]) == 0
    assert main(["forest", "abbass2014.csv", "-o", "forest.svg"]) == 0
    assert main(["claims", "--imported", "abbass2014.csv", "--review", "abbass2014"]) == 0
    captured = capsys.readouterr()
    assert "216 rows of 33 trials" in captured.out
    assert captured.out.count(NAME) >= 3  # what was written and shown says where it is from
    assert captured.err.startswith("note: 216 studies make one long sheet. ")  # and nothing else
    assert captured.err.count("\n") == 1


def stopped_by_the_warning(table, words):
    """The warning comes before anything is judged: where it is an error, nothing is."""
    with warnings.catch_warnings(), pytest.raises(EvidenceWarning, match=words):
        warnings.simplefilter("error", EvidenceWarning)
        pdt.check_claims(table, review="abbass2014")


@pytest.mark.parametrize("imported", [False, True])
def test_another_file_does_not_judge_the_review_without_a_word(saved, imported, capsys):
    path = saved("other.rm5")
    path.write_bytes(path.read_bytes().replace(b"CD004687", b"CD001234"))
    if imported:
        assert main(["import", "other.rm5", "--review", "abbass2014", "-o", "mine.csv"]) == 0
        assert "nothing about its file says CD004687" in capsys.readouterr().err
    table = pdt.read_trials("mine.csv") if imported else pdt.read_revman(path, review="abbass2014")
    stopped_by_the_warning(table, "taken for abbass2014, but nothing about its file says CD004687")


def test_a_table_of_nobody_knows_which_file_does_not_either(saved):
    import pandas as pd

    table = pd.DataFrame(pdt.read_revman(saved(), review="abbass2014"))
    stopped_by_the_warning(table, "nothing about its file is known")


def test_what_the_review_does_not_say_is_asked_for(saved):
    """Social adjustment is scored either way; without a label under the plot nothing is guessed."""
    path = saved(favours=("", ""))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        review = pdt.read_revman(path, review="abbass2014")
    assert set(review.loc[review["better"] == "", "outcome"]) == {"social_adjustment"}
    assert any(
        "1 outcome; their rows give no effect: 'social_adjustment' (analysis 1.16, 1.17, 1.18)"
        in str(one.message)
        for one in caught
    )
