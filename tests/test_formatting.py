"""The one formatter, and notes that are sentences with a code."""

import copy
import json
import math
import pickle
import re

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence import pool, pool_multilevel
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.styles import STYLES
from pdt_evidence.formatting import PAGE, TEXT, counted_below, plain
from pdt_evidence.results import ABOUT_PREDICTION, Note, code_of


@pytest.mark.parametrize(
    ("form", "number", "interval", "p"),
    [
        (TEXT, "-0.5000", "-0.5000 to 0.0040", "p < .0001"),
        (PAGE, "−0.50", "−0.50 to 0.004", "p < 0.001"),
        (STYLES["lancet"].format, "−0·50", "(−0·50 to >0·00)", "p < 0·001"),
        (STYLES["apa"].format, "−0.50", "[−0.50, >0.00]", "p < .001"),
    ],
)
def test_each_place_has_its_conventions(form, number, interval, p):
    assert form.number(-0.5) == number
    assert form.interval((-0.5, 0.004)) == interval
    assert form.p_value(1e-9) == p


@pytest.mark.parametrize("form", [TEXT, PAGE, *(style.format for style in STYLES.values())])
def test_what_is_unknown_and_what_is_zero_prints_one_way(form):
    assert form.number(math.nan) == form.p(math.nan) == form.interval((math.nan, math.nan)) == form.unknown
    assert not form.number(-0.0).startswith(form.minus)
    assert form.p_value(math.nan) == "p not known"


def test_a_p_value_has_as_many_decimals_as_its_place():
    assert (TEXT.p(0.0234), PAGE.p(0.234), STYLES["default"].format.p(0.234)) == ("0.0234", "0.234", "0.23")
    assert STYLES["apa"].format.p(0.034) == ".034"
    assert (TEXT.p(1e-9), PAGE.p(1e-9)) == ("<.0001", "< 0.001")


def test_a_note_is_its_sentence_and_has_a_code():
    note = pool([0.2, 0.5], [0.01, 0.02]).notes[0]
    assert note.code in ABOUT_PREDICTION
    assert note == str(note) == note.text == "With two studies no prediction interval can be computed."
    for same in (pickle.loads(pickle.dumps(note)), copy.deepcopy(note)):
        assert isinstance(same, Note)
        assert (same, same.code) == (note, note.code)
    assert json.loads(json.dumps(plain([note]))) == [note]
    assert type(plain(note)) is str
    assert code_of("written by hand") == ""


def test_only_notes_about_the_prediction_interval_go_with_it():
    effect = pool([0.2, 0.25], [0.01, 0.02])
    assert {code_of(note) for note in effect.notes} == {"prediction-needs-three", "narrower-than-wald"}
    kept = words.without_prediction(effect)
    assert [code_of(note) for note in kept.notes] == ["narrower-than-wald"]


def test_a_result_says_whether_it_is_multilevel():
    yi, vi = [0.2, 0.5, 0.1], [0.01, 0.02, 0.03]
    assert not pool(yi, vi).is_multilevel
    assert pool_multilevel(yi, vi, cluster=["a", "a", "b"]).is_multilevel


NUMBER_OF_MANY = re.compile(
    r"(?<![\d.,/−-])1 (rows|trials|studies|clusters|effects|degrees|values|strata|windows|pairs|results|names|arms|"
    r"contrasts|groups|findings|methods|estimates|specifications|treatments|rows?s|counts|boxes)\b"
)


def test_one_is_singular_in_what_a_reader_sees():
    """Small results, each with one of something: no "1 rows", "1 clusters", "1 degrees of freedom"."""
    one = pdt.pool([0.2], [0.1], measure="SMD")
    two = pdt.pool_multilevel([0.2, 0.3, 0.5], [0.1, 0.1, 0.2], ["a", "a", "b"], rho=0.5)
    table = pd.DataFrame(
        {
            "study": ["A", "B"],
            "outcome": "depression",
            "follow_up": "post",
            "yi": [0.2, 0.4],
            "vi": [0.1, 0.2],
        }
    )
    syn = pdt.synthesize(table)
    update = pdt.compare(table, pd.concat([table, table.assign(study="C").head(1)]))
    texts = [
        *(found.summary() for found in (one, two, syn, update)),
        *map(repr, (one, two, syn, update, pdt.influence(pdt.pool([0.2, 0.3], [0.1, 0.1])))),
        pdt.alt_text(one),
        pdt.alt_text(syn),
        *pdt.findings(syn),
        str(pdt.multiverse(table)),
    ]
    assert not [found.group(0) for text in texts for found in NUMBER_OF_MANY.finditer(str(text))]
    assert "1 row was added" in update.summary()


@pytest.mark.parametrize(("df", "shown"), [(2.75, "2.8"), (3.963, "3.96"), (3.9996, "3.9996")])
def test_a_number_below_a_limit_is_printed_below_it(df, shown):
    assert counted_below(4, df, "degree of freedom") == f"{shown} degrees of freedom"
