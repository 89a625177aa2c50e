"""The summary of findings: rules, numbers, suggestions, and what a person decided."""

import warnings
from dataclasses import replace

import docx
import numpy as np
import pytest

import pdt_evidence as pdt
from pdt_evidence.analysis.meaning.certainty import DOMAINS, domains_of


@pytest.fixture(scope="module")
def synthesis():
    table = pdt.trials(comparison="pdt_vs_control")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pdt.EvidenceWarning)
        return pdt.synthesize(
            table[table.outcome.isin(["depression", "anxiety"])], by=("outcome", "follow_up")
        )


def fit_of(ci=(0.3, 0.5), pi=(0.2, 0.6), rob=("Low", "Low", "High"), n=(900, 900, 900)):
    fit = pdt.pool(
        [0.39, 0.4, 0.41],
        [0.01, 0.01, 0.01],
        measure="SMD",
        columns={"rob_overall": rob, "n_total": n},
    )
    return replace(fit, ci=ci, pi=pi, tau2=0.0)


def suggested(fit):
    return {one.name: one.suggestion for one in domains_of(fit, 0.24, 0.9)}


def test_a_clear_result_raises_no_concern():
    found = suggested(fit_of())
    assert (found["risk of bias"], found["inconsistency"], found["imprecision"]) == ("no concern",) * 3
    assert found["indirectness"] == found["publication bias"] == "not assessed"


@pytest.mark.parametrize(
    ("domain", "changed", "expected"),
    [
        ("inconsistency", {"pi": (-0.1, 0.6)}, "serious"),
        ("inconsistency", {"pi": (-0.3, 0.6)}, "very serious"),
        ("inconsistency", {"pi": (np.nan, np.nan)}, "not assessed"),
        ("imprecision", {"ci": (-0.1, 0.5)}, "serious"),
        ("imprecision", {"ci": (-0.3, 0.5)}, "very serious"),
        ("imprecision", {"n": (90, 90, 90)}, "serious"),
        ("risk of bias", {"rob": ("Low", "High", "Some concerns")}, "serious"),
        ("risk of bias", {"rob": ("Low", "High", "High")}, "very serious"),
        ("risk of bias", {"rob": ("Low", "", "")}, "not assessed"),
    ],
)
def test_each_rule_suggests_what_it_says(domain, changed, expected):
    assert suggested(fit_of(**changed))[domain] == expected


def test_small_studies_with_larger_effects_suggest_publication_bias():
    vi = np.linspace(0.01, 0.3, 14)
    wiggle = np.tile([0.02, -0.02], 7)
    lopsided = pdt.pool(0.1 + 2 * np.sqrt(vi) + wiggle, vi, measure="SMD")
    even = pdt.pool(np.full(14, 0.3) + wiggle, vi, measure="SMD")
    assert suggested(lopsided)["publication bias"] == "serious"
    assert suggested(even)["publication bias"] == "no concern"


def test_choices_of_the_test_that_disagree_are_all_shown_and_suggest_nothing(synthesis):
    """Depression after treatment: p = 0.026 with Egger's weights; with random effects 0.347, as on the page of bias."""
    fit = synthesis["depression", "post"]
    found = {one.name: one for one in domains_of(fit, 0.24, 0.9)}["publication bias"]
    test = pdt.regression_test(fit)
    assert test.disagree
    assert found.suggestion == "not assessed"
    assert f"random effects on the standard error p = {test.p:.3f}" in found.number
    assert "Egger's weights on the standard error p = 0.026" in found.number
    assert found.number.count("p = ") == 1 + len(test.others)


def test_small_studies_that_favour_the_other_side_suggest_it_only_where_the_direction_is_not_known():
    vi = np.linspace(0.01, 0.3, 14)
    yi = 0.9 - 2 * np.sqrt(vi) + np.tile([0.02, -0.02], 7)
    for comparison, expected in (("pdt_vs_control", "no concern"), ("pdt_vs_cbt", "serious")):
        fit = pdt.pool(yi, vi, measure="SMD", columns={"comparison": [comparison] * 14})
        assert suggested(fit)["publication bias"] == expected


def test_a_multilevel_result_is_tested_by_trial_and_counts_its_trials():
    table = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pdt.EvidenceWarning)
        row = pdt.findings(pdt.synthesize(table, dependence="che")).rows[0]
    assert "effects clustered by trial" in row.domains[-1].number
    assert row.cells()[1].startswith(f"{row.fit.trials:g} with {row.fit.k} effects")


def test_every_stratum_has_its_row_and_its_numbers(synthesis):
    found = pdt.findings(synthesis)
    frame = found.to_frame()
    assert len(frame) == len(synthesis)
    assert frame["estimate"].tolist() == [fit.estimate for _, fit in synthesis.items()]
    first = found.rows[0]
    assert frame["difference_per_1000"].iloc[0] == 1000 * (first.meaning.rate - first.meaning.control_rate)
    for name in DOMAINS:
        assert (frame[f"{name.replace(' ', '_')}_rule"] != "").all()


def test_a_person_confirms_by_name_and_date(synthesis):
    found = pdt.findings(synthesis)
    key = found.rows[0].key
    said = found.confirm(key, "indirectness", "no concern", by="A. Panel", date="2026-11-29")
    assert found.rows[0].domains[2].by == ""
    assert "no concern (confirmed by A. Panel)" in said.to_html()
    assert said.to_frame()["indirectness_date"].iloc[0] == "2026-11-29"
    with pytest.raises(pdt.EvidenceError) as error:
        found.confirm("x", "bias", "bad", by="A", date="2026-11-29")
    assert len(error.value.problems) == 3
    with pytest.raises(pdt.EvidenceError, match="must be a date"):
        found.confirm(key, "imprecision", "serious", by="A", date="yesterday")


def test_word_html_and_latex_hold_the_same_cells(synthesis, tmp_path):
    found = pdt.findings(synthesis)
    found.to_word(tmp_path / "findings.docx")
    table = docx.Document(str(tmp_path / "findings.docx")).tables[0]
    assert [cell.text for cell in table.rows[1].cells] == list(found.rows[0].cells())
    assert len(table.rows) == len(found) + 1
    assert list(tmp_path.iterdir()) == [tmp_path / "findings.docx"]
    assert found.to_html().count("<tr>") == len(found) + 1
    assert found.to_latex().count("\\\\") == len(found) + 1
    with pytest.raises(pdt.EvidenceError, match=r"ends in \.docx"):
        found.to_word(tmp_path / "findings.doc")


def test_bad_rates_and_strata_are_refused(synthesis):
    with pytest.raises(pdt.EvidenceError) as error:
        pdt.findings(synthesis, control_rate=1.5)
    assert len(error.value.problems) == len(synthesis)
    with pytest.raises(pdt.EvidenceError, match="is no stratum"):
        pdt.findings(synthesis, control_rate={("depression", "never"): 0.2})
    with pytest.raises(pdt.EvidenceError, match="takes a Synthesis"):
        pdt.findings(3)
