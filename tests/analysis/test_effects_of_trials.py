"""Effects that trials share are nowhere called studies: texts, tables and alt texts of models of several effects."""

import re
from typing import Any

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import RequestError

SIZE = "15 effects of 10 trials"


@pytest.fixture(scope="module")
def table():
    """Fifteen effects of ten trials: five of depression and anxiety, five of depression alone."""
    number = [*range(10), *range(5)]
    effects = [0.9, 0.1, 0.5, 0.3, 0.6, 0.2, 0.8, 0.4, 0.05, 0.75, 0.7, 0.0, 0.45, 0.35, 0.5]
    return pd.DataFrame(
        {
            "study": [f"Trial {i}" for i in number],
            "yi": effects,
            "sei": [0.15 + 0.01 * i for i in range(15)],
            "outcome": ["depression"] * 10 + ["anxiety"] * 5,
            "follow_up": "post",
            "year": [2001 + i for i in number],
            "rob_blinding": ["low"] * 10 + ["high"] * 5,
        }
    )


@pytest.fixture(scope="module")
def fit(table):
    return pdt.synthesize(table, by="follow_up", measure="GEN", dependence="che")["post"]


def test_methods_of_bias_count_effects_of_trials(fit):
    found: Any = pdt.publication_sensitivity(fit)
    selected: Any = pdt.selection_model(fit)
    assert (found.k, found.trials) == (15, 10)
    assert f"({found.affirmative} of {SIZE})" in found.sentence
    assert "effects  weight" in selected.summary()
    assert f"k counts effects: {SIZE}." in pdt.pet_peese(fit).notes
    for text in (found.summary(), selected.summary(), pdt.alt_text(found, "s_value_curve")):
        assert not re.search(r"\d+ studies|studies +weight", text)
    assert SIZE in pdt.alt_text(selected, "selection_function")


def test_single_effects_are_studies_still():
    fit = pdt.pool([0.9, 0.7, 0.5, 0.1, -0.2], [0.05, 0.05, 0.04, 0.03, 0.03])
    found = pdt.publication_sensitivity(fit)
    assert f"tudies with significant positive results ({found.affirmative} of 5)" in found.sentence
    assert "studies  weight" in pdt.selection_model(fit).summary()


def test_regressions_and_subgroups_count_trials_beside_rows(table):
    rows = pdt.read_trials(table)
    slope: Any = pdt.metareg("~ year", rows, cluster="trial_id")
    assert pdt.alt_text(slope, "bubble").startswith(f"{SIZE} against year")
    groups = pdt.compare_subgroups(rows, "outcome", cluster="trial_id").groups
    assert groups[["k", "trials"]].to_numpy().tolist() == [[5, 5], [10, 10]]


def test_results_of_a_fit_count_trials(fit):
    assert f"estimates of {SIZE}" in fit.beyond(0.2).summary()
    assert SIZE in repr(pdt.leave_one_out(fit))
    with pytest.raises(RequestError, match=f"this result has {SIZE}"):
        pdt.power(fit, effect=0.3)
    assert pdt.power(fit, effect=0.3, k=10, n_per_arm=30, tau2=0.05).k == 10


def test_a_table_of_variants_counts_effects_and_says_whose_its_notes_are(table, fit):
    """Two fits of a small variance factor, each with its note, beside one with effects that trials share."""
    close = [pdt.pool([0.2, 0.35, 0.5 + i / 100], [0.04, 0.05, 0.06]) for i in range(2)]
    page = pdt.to_table({"all": close[0], "CHE": fit, "rho 0.9": close[1]}).as_raw_html()
    assert "10 (15 effects)" in page.replace("\u00a0", " ")
    assert all(f">{head}</th>" in page for head in ("Result", "95% PI", "τ²"))
    assert "Thin lines" not in page
    notes = re.findall(r"[\w. ]+: The Knapp.Hartung variance factor", page)
    assert [note.partition(":")[0].strip() for note in notes] == ["All", "Rho 0.9"]
    assert "rho 0.9: " not in page


def test_risk_of_bias_is_of_trials_by_their_worst_effect(fit):
    assert (
        pdt.alt_text(fit, "bias_summary")
        == "Risk of bias of 10 studies in 1 domain. Blinding: 5 low, 5 high."
    )
    ax: Any = pdt.bias_summary(fit, weights=[3.0] * 5 + [1.0] * 10)  # five trials with 3 + 1, five with 1
    assert [round(bar.get_width(), 6) for bar in ax.patches] == [20.0, 80.0]
