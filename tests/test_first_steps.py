"""What a newcomer types first and not quite right is answered in one sentence that says what to type."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

import pdt_evidence as pdt
from pdt_evidence.cli import main
from pdt_evidence.errors import EvidenceError, EvidenceWarning, RequestError


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


def own(**columns):
    """A table of three trials as somebody types it."""
    arms = {"mean_t": [10, 11, 12], "sd_t": 5.0, "n_t": 20, "mean_c": 13, "sd_c": 6.0, "n_c": [20, 21, 22]}
    return pd.DataFrame({"study": ["A 2001", "B 2002", "C 2003"], "outcome": "depression", **arms, **columns})


READS = r"read_trials\(table\) gives a table of one's own what it leaves to be understood: row_id, trial_id"


POOLED_BY = [pdt.synthesize, pdt.sensitivity, pdt.multiverse, pdt.forest, pdt.bias]


@pytest.mark.parametrize("pooled_by", POOLED_BY)
def test_a_table_as_it_was_typed_is_pooled_as_far_as_it_names_strata(pooled_by):
    typed = own(better="lower")
    pooled_by(typed)
    pooled_by(typed.drop(columns="outcome"))
    with pytest.raises(EvidenceError, match="expected 'lower' or 'higher', found 'smaller'"):
        pooled_by(own(better="smaller"))
    with pytest.warns(EvidenceWarning, match=r"no column 'outcome', .* several of 1 trial: A 2001"):
        pooled_by(typed.assign(study=["A 2001", "A 2001", "C 2003"]).drop(columns="outcome"))


def test_strata_that_are_asked_for_are_there_or_refused():
    typed = own(better="lower").drop(columns="outcome")
    assert list(pdt.synthesize(typed)) == [("all rows",)]
    with pytest.raises(EvidenceError, match="'outcome' is missing"):
        pdt.synthesize(typed, by="outcome")


@pytest.mark.parametrize("pooled_by", POOLED_BY)
def test_a_column_that_may_make_strata_is_asked_about(pooled_by):
    with pytest.raises(EvidenceError, match=f"{READS}.* Rename 'months' to 'months_since_end' first"):
        pooled_by(own(better="lower", months=3))
    with pytest.raises(EvidenceError, match=r"'outcome' is missing\. Did you mean 'Outcome'"):
        pooled_by(own(better="lower").rename(columns={"outcome": "Outcome"}))


def test_a_study_under_another_name_is_asked_about():
    with pytest.raises(EvidenceError, match=f"'study' is missing. Did you mean 'Author'.* {READS}"):
        pdt.synthesize(own(follow_up="post").rename(columns={"study": "Author"}))


@pytest.mark.parametrize("options", [{}, {"style": "revman"}])
def test_so_is_one_put_below_another(table, options):
    both = pd.concat([table, own(follow_up="post")])
    rows = ", ".join(str(len(both) - less) for less in (2, 1, 0))
    with pytest.raises(EvidenceError, match=rf"'row_id' is blank in rows {rows} of {len(both)}\. .*{READS}"):
        pdt.synthesize(both, **options)


@pytest.mark.parametrize(
    "names",
    [
        "Author m1 sd1 n1 m2 sd2 n2",
        "Study.Name m1i sd1i n1i m2i sd2i n2i",
        "studlab mean.e sd.e n.e mean_control sd_control n_control",
    ],
)
def test_columns_with_the_names_of_other_programs_are_renamed_by_name(names):
    ours = ["study", "mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"]
    others = own(better="lower").rename(columns=dict(zip(ours, names.split(), strict=True)))
    theirs = dict(zip(names.split(), ours, strict=True))
    pairs = ", ".join(f"{name} to {theirs[name]}" for name in others.columns if name in theirs)
    with pytest.raises(EvidenceError) as refused:
        pdt.read_trials(others)
    assert f"Rename {pairs}, if that is what they are." in str(refused.value)
    with pytest.raises(EvidenceError) as refused:
        pdt.effect_sizes(others)
    assert f"effect_sizes(table, mean_t='{others.columns[2]}', sd_t='{others.columns[3]}'" in str(
        refused.value
    )
    assert len(pdt.read_trials(others.rename(columns=theirs))) == 3


@pytest.mark.parametrize("pooled_by", POOLED_BY)
def test_a_row_that_is_there_twice_is_said_where_it_is_pooled(pooled_by):
    typed = own(better="lower")
    twice = pd.concat([typed, typed[1:2]], ignore_index=True)
    with pytest.warns(
        EvidenceWarning, match=r"1 row is a copy .* row 4 \(B 2002\) repeats row 2 \(B 2002\)\. Remove it"
    ):
        pooled_by(twice)
    pooled_by(twice.assign(instrument=["BDI", "BDI", "BDI", "HRSD"]))


def test_a_row_that_is_there_twice_is_said_on_reading():
    typed = own(better="lower")
    with pytest.warns(
        EvidenceWarning, match=r"3 rows are copies .* line 4 \(A 2001\) repeats line 1 \(A 2001\);"
    ):
        pdt.read_trials(pd.concat([typed, typed], ignore_index=True))


def test_tables_read_one_by_one_and_put_together_are_told_how():
    one, other = (pdt.read_trials(own(better="lower", study=list(names))) for names in ("ABC", "DEF"))
    with pytest.raises(EvidenceError, match=r"found again: line 1, .* drop the column, as in pandas.concat"):
        pdt.synthesize(pd.concat([one, other]))
    assert pdt.synthesize(pd.concat([one, other]).drop(columns="row_id"))["depression", "unknown"].k == 6


@pytest.mark.parametrize("function", [pdt.pool, pdt.pool_many, pdt.pool_multilevel])
def test_a_table_where_effects_are_meant_is_sent_to_synthesize(function):
    with pytest.raises(RequestError, match=r"was given a table\. synthesize\(table\) pools one"):
        function(own())


@pytest.mark.parametrize(
    ("column", "word", "said"),
    [
        ("better", "smaller", "Did you mean 'lower'"),
        ("better", "Higher is better", "Did you mean 'higher'"),
        ("rating", "observer-rated", "Did you mean 'clinician'"),
        ("score", "final", "Did you mean 'endpoint'"),
        ("status", "withdrawn", "Did you mean 'retracted'"),
        ("comparison", "PDT vs. TAU", "Did you mean 'pdt_vs_control'"),
        ("follow_up", "end of treatment", "Did you mean 'post'"),
        ("follow_up", "6 months", "Give months in months_since_end, as a number"),
    ],
)
def test_a_word_that_others_use_is_answered_with_ours(column, word, said):
    with pytest.raises(EvidenceError, match=said):
        pdt.read_trials(own(better="lower").assign(**{column: word}))


def test_computing_effects_answers_words_as_reading_does():
    with pytest.raises(
        EvidenceError, match=r"row 2, column 'better': .* found 'larger'\. Did you mean 'higher'\?$"
    ):
        pdt.effect_sizes(own(better=["lower", "larger", "lower"]))


def test_own_words_are_not_taken_for_ours_where_they_are_welcome():
    assert (
        pdt.read_trials(own(better="lower", arm_c="placebo", outcome="suicidality"))["arm_c"].tolist()
        == ["placebo"] * 3
    )


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("clock", "randomisation", "'start'"),
        ("aggregate", "weighted", "'gls'"),
        ("outcome_kind", "scores", "'score'"),
    ],
)
def test_an_option_in_words_of_others_is_answered_with_ours(option, value, said):
    with pytest.raises(RequestError, match=f"Did you mean {said}"):
        pdt.synthesize(own(better="lower"), **{option: value})


def test_a_near_name_that_nothing_needs_is_kept_in_peace_but_for_months():
    pdt.read_trials(own(better="lower", treatment="PDT", lower=1.0, follow_up="post", months=3))
    with pytest.warns(EvidenceWarning, match=r"the table: .* If it is 'months_since_end', rename it"):
        pdt.read_trials(own(better="lower", months=3))
