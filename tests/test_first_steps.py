"""What a newcomer types first and not quite right is answered in one sentence that says what to type."""

import pytest
from matplotlib.figure import Figure

import pdt_evidence as pdt
from pdt_evidence.cli import main
from pdt_evidence.errors import EvidenceWarning, RequestError


@pytest.fixture(scope="module")
def table():
    return pdt.trials(comparison="pdt_vs_control", outcome=["depression", "quality_of_life"])


@pytest.fixture(scope="module")
def syn(table):
    with pytest.warns(EvidenceWarning, match="Left out"):
        return pdt.synthesize(table)


@pytest.mark.parametrize("key", [0, 1.5, None, slice(None), [0, 1], (), (0, "post"), {"a": 1}, b"post"])
def test_a_stratum_is_asked_for_by_words(syn, table, key):
    with pytest.raises(RequestError, match=r"is no stratum: .* as in syn\['depression', 'post'\]"):
        syn[key]
    assert key not in syn


@pytest.mark.warns("Left out")
def test_strata_by_numbers_are_found_by_the_number(table):
    by_year = pdt.synthesize(table[table["outcome"] == "depression"], by="year")
    assert by_year[2012] is by_year[2012.0] is by_year["2012.0"]


@pytest.mark.parametrize("dpi", [-1, 0, 0.5, "300", float("nan"), float("inf"), 1e9, 10**400, None, True])
@pytest.mark.parametrize("name", ["f.tiff", "f.pdf", "f.svg"])
def test_dots_per_inch_are_a_number_that_can_be_drawn(tmp_path, dpi, name):
    with pytest.raises(RequestError, match=r"dpi = .* must be a number of dots per inch from 1 to 2400"):
        pdt.save(Figure(), tmp_path / name, dpi=dpi)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (lambda t: pdt.trials(comparison="pdt_vs_contol"), "pdt_vs_control"),
        (lambda t: pdt.trials(outcome=["depression", "anxeity"]), "anxiety"),
        (lambda t: pdt.reviews(review="steinert2071"), "steinert2017"),
        (lambda t: pdt.statements(claim="archive-vs-cbt"), "archives-vs-cbt"),
        (lambda t: pdt.synthesize(t, roh=0.3), "rho"),
        (lambda t: pdt.synthesize(t, lvel=0.9), "level"),
        (lambda t: pdt.synthesize(t, yb="outcome"), "by"),
    ],
)
def test_the_nearest_word_is_named(table, call, near):
    with pytest.raises(RequestError, match=f"Did you mean '{near}'"):
        call(table)


def test_the_nearest_stratum_is_named(syn):
    with pytest.raises(RequestError, match="Did you mean 'depression'"):
        syn["Deprssion", "post"]


def test_capitals_blanks_and_hyphens_do_no_harm(syn):
    assert len(pdt.trials(outcome="General symptoms")) == len(pdt.trials(outcome="general_symptoms")) > 0
    assert len(pdt.trials(comparison=["PDT vs CBT", "pdt-vs-control"])) == len(
        pdt.trials(comparison=["pdt_vs_cbt", "pdt_vs_control"])
    )
    assert len(pdt.reviews(review="Steinert2017")) == len(pdt.reviews(review="steinert2017")) > 0
    assert syn["Quality of life", "Post"] is syn["quality_of_life", "post"]
    assert syn.only(outcome="Depression").keys() == syn.only(outcome="depression").keys()


@pytest.mark.parametrize(
    "call",
    [
        pdt.bias,
        pdt.pool,
        pdt.influence,
        pdt.absolute,
        pdt.what_if,
        pdt.funnel,
        lambda syn: pdt.equivalence(syn, margin=0.2),
        lambda syn: pdt.power(fit=syn),
        lambda syn: pdt.information_size(syn, minimal=0.2),
    ],
)
def test_a_whole_synthesis_where_one_pool_is_meant_is_answered_with_a_stratum(syn, call):
    said = r"This is a synthesis of [0-9]+ strata; give a stratum, such as synthesis\['depression', 'post'\]"
    with pytest.raises(RequestError, match=said):
        call(syn)


@pytest.mark.parametrize(
    "words",
    [
        "pool --bundled --comparison PDT-vs-CBT --outcome Depression --follow-up Post",
        "pool --bundled --select Comparison=pdt_vs_CBT --outcome DEPRESSION --follow-up post",
    ],
)
def test_the_command_line_takes_capitals_too(capsys, words):
    main(
        ["pool", "--bundled", "--comparison", "pdt_vs_cbt", "--outcome", "depression", "--follow-up", "post"]
    )
    plain = capsys.readouterr().out
    assert main(words.split()) == 0
    assert capsys.readouterr().out == plain


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("pool --bundled --outcome depresion", "depression"),
        ("pool --bundled --select outcme=depression", "outcome"),
        ("pool --bundled --method RELM", "REML"),
    ],
)
def test_the_command_line_names_the_nearest_word(capsys, words, near):
    assert main(words.split()) == 1
    assert f"Did you mean {near!r}?" in capsys.readouterr().err


def test_a_review_without_its_trials_is_not_passed_over(capsys):
    assert main(["claims", "--review", "abbass2014"]) == 1
    assert "Give them as well, as --imported FILE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda t: pdt.synthesize(t, exclude=["T1", "T2"]),
            "table[~table[\"study\"].isin(['T1', 'T2'])]",
        ),
        (lambda t: pdt.metareg("yi ~ 1", t, subset="T1"), "table[~table[\"study\"].isin(['T1'])]"),
        (lambda t: pdt.sensitivity(t, drop=t["year"] < 2000), "table[~mask]"),
        (lambda t: pdt.pool([0.1], [0.1], exclude=[0]), "Leave rows out of the table that is pooled."),
    ],
)
def test_an_option_to_leave_rows_out_is_answered_with_how_it_is_done(table, call, said):
    with pytest.raises(RequestError) as refused:
        call(table)
    assert said in str(refused.value)
