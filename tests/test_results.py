"""The records: what they show, and that they hold and never change."""

import dataclasses
import json
import pickle

import numpy as np
import pandas as pd
import pytest

from pdt_evidence.analysis.pooled.pooling import pool
from pdt_evidence.errors import RequestError
from pdt_evidence.results import PooledEffect, Synthesis

YI = [0.12, 0.55, -0.20, 0.81, 0.43, 1.10]
VI = [0.04, 0.05, 0.09, 0.02, 0.10, 0.06]


@pytest.fixture
def effect():
    return pool(
        YI,
        VI,
        labels=[f"Trial {i}" for i in range(6)],
        stratum={"outcome": "depression", "follow_up": "post"},
        measure="SMD",
        row_ids=[f"T{i:04d}" for i in range(6)],
        columns={"year": [2001, 2002, 2003, 2004, 2005, 2006]},
    )


def synthesis(effect, **more):
    excluded = pd.DataFrame({"row_id": ["T0009"], "reason": ["no variance"]})
    strata = {("depression", "post"): effect, ("pain", "post"): pool([0.4], [0.04])}
    return Synthesis(by=("outcome", "follow_up"), strata=strata, left_out=excluded, rho=0.6, **more)


def test_a_record_cannot_be_changed(effect):
    with pytest.raises(dataclasses.FrozenInstanceError):
        effect.k = 3
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
        effect.colour = "red"


def test_a_record_can_be_made_by_hand_and_still_says_something():
    bare = PooledEffect()
    assert "k = 0" in bare.summary()
    assert bare.to_dict()["estimate"] is None
    assert len(bare.to_frame()) == 1
    assert bare.studies().empty


def test_the_dictionary_is_json_and_holds_every_field(effect):
    plain = effect.to_dict()
    assert set(plain) == {item.name for item in dataclasses.fields(PooledEffect)}
    back = json.loads(json.dumps(plain, allow_nan=False))
    assert back["ci"] == list(effect.ci)
    assert back["yi"] == YI
    assert json.loads(json.dumps(pool([0.4], [0.04]).to_dict(), allow_nan=False))["tau2"] is None


def test_a_record_survives_pickling(effect):
    again = pickle.loads(pickle.dumps(effect))
    assert again.to_dict() == effect.to_dict()


def test_the_frame_is_one_row_that_starts_with_the_stratum(effect):
    frame = effect.to_frame()
    assert list(frame.columns[:4]) == ["outcome", "follow_up", "measure", "k"]
    assert frame.loc[0, "ci_low"] == effect.ci[0]
    assert frame.loc[0, "pi_rule"] == "HTS-t(k-2)"


def test_studies_are_one_row_each_with_their_wald_interval(effect):
    studies = effect.studies()
    assert list(studies["label"]) == list(effect.labels)
    assert list(studies["row_ids"]) == list(effect.row_ids)
    np.testing.assert_allclose(studies["ci_high"] - studies["yi"], 1.959963984540054 * np.sqrt(VI))
    assert studies["weight"].sum() == pytest.approx(100)
    assert list(studies["year"]) == [2001, 2002, 2003, 2004, 2005, 2006]


def test_the_summary_names_its_rules(effect):
    text = effect.summary()
    for part in (
        "depression, post: Random-effects model (REML), k = 6",
        "test: knha (Knapp-Hartung)",
        "95% CI (q-profile)",
        f"Q(df = 5) = {effect.Q:.4f}, p {'< .0001' if effect.Q_p < 1e-4 else f'= {effect.Q_p:.4f}'}",
        "prediction interval by HTS-t(k-2)",
        f"{effect.estimate:.4f}",
        f"{effect.pi[1]:.4f}",
    ):
        assert part in text
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if line.lstrip().startswith("estimate      se"))
    assert len(lines[head]) == len(lines[head + 1])
    assert "Note: One study" in pool([0.4], [0.04]).summary()


def test_the_html_is_a_small_table_with_escaped_text(effect):
    html = dataclasses.replace(effect, stratum={"outcome": "<b>"}, notes=("k < 3",))._repr_html_()
    assert "<table>" in html
    assert "&lt;b&gt;" in html
    assert "k &lt; 3" in html
    assert "<b>" not in html


def test_numbers_of_any_size_stay_readable():
    text = PooledEffect(estimate=3.2e-9, se=4.5e12, ci=(-1.0, 2.0), p=1e-12).summary()
    assert "3.2e-09" in text
    assert "4.5e+12" in text
    assert "<.0001" in text


def test_a_synthesis_is_keyed_by_its_strata(effect):
    syn = synthesis(effect)
    assert syn["depression", "post"] is effect
    assert list(syn) == [("depression", "post"), ("pain", "post")] == syn.keys()
    assert len(syn) == 2
    assert ("pain", "post") in syn
    assert ("pain", "long") not in syn
    assert [key for key, _ in syn.items()] == syn.keys()
    assert syn.values() == [one for _, one in syn.items()]
    with pytest.raises(
        RequestError, match=r"No stratum 'pain, long' .* There are: depression, post; pain, post\."
    ):
        syn["pain", "long"]


def test_a_synthesis_is_asked_by_the_words_that_tell_a_stratum_apart(effect):
    syn = synthesis(effect)
    assert syn["depression"] is effect
    assert syn["post", "depression"] is effect
    with pytest.raises(
        RequestError,
        match=r"'post' is not one stratum but 2 by outcome, follow_up: depression, post; pain, post\. Name one, as in "
        r"syn\['depression', 'post'\]\.",
    ):
        syn["post"]
    with pytest.raises(
        RequestError, match=r"No stratum 'depresion' .*Did you mean 'depression'\? There are: "
    ):
        syn["depresion"]
    with pytest.raises(RequestError, match=r"syn\[\(\)\] is no stratum: .* by outcome, follow_up"):
        syn[()]


def test_a_synthesis_by_one_column_is_keyed_by_the_word_too(effect):
    syn = Synthesis(by=("outcome",), strata={("pain",): effect}, left_out=pd.DataFrame({"row_id": []}))
    assert syn["pain"] is syn["pain",] is effect
    assert "pain" in syn
    assert "sleep" not in syn


def test_a_synthesis_shows_a_line_a_stratum_and_what_was_excluded(effect):
    syn = synthesis(effect, notes=("two rows share a control arm",))
    assert len(syn.to_frame()) == 2
    text = syn.summary()
    assert "rho = 0.6" in text
    assert "1 row went into no stratum" in text
    assert "Note: two rows share a control arm" in text
    assert any(line.startswith("pain") for line in text.splitlines())
    assert "<table" in syn._repr_html_()
    empty = Synthesis(by=("outcome",), strata={}, left_out=pd.DataFrame({"row_id": []}))
    assert empty.to_frame().empty
    assert "outcome" in empty.to_frame().columns
    assert "k" in empty.summary()


def test_the_notes_of_the_strata_stand_under_the_table(effect):
    lone = ("One study: its own estimate and Wald interval; what lies between studies cannot be known.",)
    lines = synthesis(effect).summary().splitlines()
    row = next(line for line in lines if line.startswith("pain"))
    assert row.endswith("[1]")
    assert f"[1] {lone[0]}" in lines
    assert not next(line for line in lines if line.startswith("depression")).endswith("]")


def test_ratios_are_said_to_be_logarithms_and_shown_as_ratios():
    text = pool([0.5, 0.7, 0.3], [0.04, 0.05, 0.03], measure="OR", test="z").summary()
    fit = pool([0.5, 0.7, 0.3], [0.04, 0.05, 0.03], measure="OR", test="z")
    assert "measure: log OR" in text
    assert (
        f"exp: OR {np.exp(fit.estimate):.2f} [{np.exp(fit.ci[0]):.2f}, {np.exp(fit.ci[1]):.2f}], pi" in text
    )
    assert "OR [95% CI]</th>" in fit._repr_html_()
    assert (
        f"<td>{np.exp(fit.estimate):.2f} [{np.exp(fit.ci[0]):.2f}, {np.exp(fit.ci[1]):.2f}]</td>"
        in fit._repr_html_()
    )
    assert "exp" not in pool([0.5, 0.7], [0.04, 0.05], measure="SMD").summary()
    excluded = pd.DataFrame({"row_id": [], "reason": []})
    one = Synthesis(by=("outcome",), strata={("pain",): fit}, left_out=excluded, measure="OR")
    assert one.summary().startswith("log OR by outcome")


def test_strata_of_several_measures_name_their_own(effect):
    excluded = pd.DataFrame({"row_id": [], "reason": []})
    strata = {("a",): effect, ("b",): pool([0.5, 0.7], [0.04, 0.05], measure="OR")}
    lines = Synthesis(by=("outcome",), strata=strata, left_out=excluded).summary().splitlines()
    assert [line.split()[1] for line in lines[3:5]] == ["SMD", "log"]


def test_records_have_short_names(effect):
    assert repr(effect) == "<PooledEffect depression post, REML knha k=6: SMD 0.49 [0.01, 0.97]>"
    assert repr(synthesis(effect)) == (
        "<Synthesis of 2 strata by outcome, follow_up: SMD, REML knha, aggregate rho=0.6>"
    )
    assert repr(PooledEffect()) == "<PooledEffect REML knha k=0: - [-, -]>"


def test_no_limit_of_a_ratios_interval_rounds_onto_no_effect_or_nought():
    fit = PooledEffect(measure="OR", k=3, estimate=np.log(0.0042), ci=(np.log(0.0001), np.log(0.9997)))
    assert "exp: OR 0.004 [<0.001, <1]" in fit.summary()


def test_printing_a_result_shows_its_numbers(effect):
    assert str(effect) == effect.summary()
    assert str(synthesis(effect)) == synthesis(effect).summary()
    assert repr(effect).startswith("<PooledEffect")
