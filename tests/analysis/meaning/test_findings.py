"""The summary of findings: rules, numbers, suggestions, and what a person decided."""

import inspect
import re
import warnings
from dataclasses import replace

import docx
import docx.enum.text
import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.analysis.meaning.certainty import DOMAINS, domains_of, judgements_of


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


def test_patients_are_those_of_the_studies_whose_size_is_known():
    """The cell and the domain count the same persons."""
    row = pdt.findings(fit_of(n=(900, np.nan, 800)), control_rate=0.2).rows[0]
    assert row.cells()[1] == "3 (1700 in the 2 of known size)"
    assert "; 1700 patients in the 2 trials of known size, " in row.domains[3].number
    assert pdt.findings(fit_of(), control_rate=0.2).rows[0].cells()[1] == "3 (2700)"


@pytest.mark.parametrize("shares", [(1, 1, 1), (2, 3, 5, 7, 11, 13), (995, 4, 1), (1,) * 8, (1, 200)])
def test_the_shares_of_risk_of_bias_add_to_100(shares):
    words = ("Low", "High", "Some concerns", "", "Unclear", "Low", "", "High")[: len(shares)]
    vi = 1 / np.array(shares)
    fit = pdt.pool(np.full(len(shares), 0.3), vi, method="EE", columns={"rob_overall": words})
    number = domains_of(fit, 0.24, 0.9)[0].number
    assert sum(int(part) for part in re.findall(r"(\d+)%", number)) == 100
    assert all(word.lower() in number for word in {*words, "Low", "High"} - {""})


def own_table():
    """Of a stratum of the bundled trials, without who responds."""
    return pd.DataFrame(
        {
            "study": list("ABCDE"),
            "comparison": "pdt_vs_control",
            "outcome": "depression",
            "follow_up": "post",
            "measure": "SMD",
            "yi": [0.5, 0.3, 0.4, 0.6, 0.2],
            "vi": [0.04, 0.05, 0.03, 0.06, 0.05],
        }
    )


def test_a_bundled_control_rate_of_an_own_table_is_named_in_every_output(tmp_path):
    fit = pdt.synthesize(own_table(), by=("comparison", "outcome", "follow_up"))
    found = pdt.findings(fit)
    found.to_word(tmp_path / "own.docx")
    document = docx.Document(str(tmp_path / "own.docx"))
    word = " ".join(
        [*(p.text for p in document.paragraphs), *(c.text for c in document.tables[0].rows[1].cells)]
    )
    frame = found.to_frame()["control_rate_basis"].iloc[0]
    for text in (found.summary(), found.to_html(), found.to_latex(), word, found._repr_html_(), frame):
        assert "of the bundled trials, not of the trials pooled" in text
    for text in (found.summary(), found.to_html(), found.to_latex(), word):
        assert "(rate of the bundled trials)" in text
    given = pdt.findings(fit, control_rate=0.2)
    assert "bundled" not in given.summary()
    assert "as given by the user" in given.to_frame()["control_rate_basis"].iloc[0]


def test_numbers_stand_on_the_right_in_word(synthesis, tmp_path):
    pdt.findings(synthesis).to_word(tmp_path / "found.docx")
    for row in docx.Document(str(tmp_path / "found.docx")).tables[0].rows:
        right = [
            cell.paragraphs[0].alignment == docx.enum.text.WD_ALIGN_PARAGRAPH.RIGHT for cell in row.cells
        ]
        assert right == [False, *[True] * 5, *[False] * 6]


def test_bundled_trials_borrow_nothing_and_say_what_they_count(synthesis):
    found = pdt.findings(synthesis)
    assert "bundled" not in found.summary()
    assert found.rows[0].cells()[3:5] == (
        "response in 209 per 1,000",
        "response in 379 per 1,000 (294 to 471)",
    )


def test_a_ratio_counts_what_its_rows_count():
    fit = pdt.pool(
        [0.3, 0.2, 0.4],
        [0.04, 0.05, 0.03],
        measure="OR",
        columns={"event_label": ["Remission (BDI)", "remission", "remission"]},
    )
    assert "remission in 300 per 1,000" in pdt.findings(fit, control_rate=0.3).summary()
    assert pdt.absolute(fit, control_rate=0.3, event="recovery").control_arms.what == "recovery"


@pytest.mark.parametrize(
    ("domain", "words"), [("imprecision", "not serious"), ("publication bias", "strongly suspected")]
)
def test_a_person_may_judge_in_the_words_of_grade(synthesis, domain, words):
    found = pdt.findings(synthesis)
    said = found.confirm(found.rows[0].key, domain, words, by="A", date="2026-11-29")
    assert f"{words} (confirmed by A)" in said.summary()
    with pytest.raises(pdt.EvidenceError, match="is not known"):
        found.confirm(found.rows[0].key, "inconsistency", "undetected", by="A", date="2026-11-29")


def test_every_stratum_has_its_row_and_its_numbers(synthesis):
    found = pdt.findings(synthesis)
    frame = found.to_frame()
    assert len(frame) == len(synthesis)
    assert frame["estimate"].tolist() == [fit.estimate for _, fit in synthesis.items()]
    first = found.rows[0]
    assert frame["difference_per_1000"].iloc[0] == 1000 * (first.meaning.rate - first.meaning.control_rate)
    for name in DOMAINS:
        assert (frame[f"{name.replace(' ', '_')}_rule"] != "").all()


def test_confirm_says_every_word_that_it_takes(synthesis):
    said = inspect.getdoc(type(pdt.findings(synthesis)).confirm)
    words = {*DOMAINS, *(word for domain in DOMAINS for word in judgements_of(domain))}
    assert [word for word in words if f'"{word}"' not in said] == []


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
    assert [re.sub(r"\[\d+\]$", "", cell.text) for cell in table.rows[1].cells] == list(found.rows[0].cells())
    assert len(table.rows) == len(found) + 1
    assert list(tmp_path.iterdir()) == [tmp_path / "findings.docx"]
    assert found.to_html().count("<tr>") == len(found) + 1
    assert found.to_latex().count("\\\\") == len(found) + 1
    with pytest.raises(pdt.EvidenceError, match=r"ends in \.docx"):
        found.to_word(tmp_path / "findings.doc")


@pytest.mark.parametrize(
    ("judgements", "level"),
    [
        (("no concern", "not serious", "no concern", "no concern", "undetected"), "high"),
        (("no concern", "serious", "no concern", "no concern", "undetected"), "moderate"),
        (("no concern", "serious", "no concern", "serious", "undetected"), "low"),
        (("no concern", "very serious", "no concern", "no concern", "strongly suspected"), "very low"),
        (("extremely serious", "very serious", "serious", "no concern", "undetected"), "very low"),
        (("no concern", "serious", "not assessed", "no concern", "undetected"), "not judged"),
    ],
)
def test_certainty_follows_from_what_was_confirmed_and_from_nothing_else(judgements, level):
    found = pdt.findings(fit_of(), control_rate=0.2)
    key = found.rows[0].key
    for domain, judgement in zip(DOMAINS, judgements, strict=True):
        certainty = found.rows[0].certainty
        assert (certainty.level, certainty.unjudged[-1]) == ("not judged", "publication bias")
        found = found.confirm(key, domain, judgement, by="A", date="2026-11-29")
    assert found.rows[0].certainty.level == level == found.to_frame()["certainty"].iloc[0]
    for text in (found.summary(), found.to_html(), found.to_latex().replace("$-$", "−")):
        assert str(found.rows[0].certainty) in text


def test_rows_have_words_for_readers_and_cells_the_numbers_of_their_notes(synthesis):
    key = ("depression", "post")
    said = pdt.findings(synthesis).confirm(key, "imprecision", "serious", by="A", date="2026-11-29")
    name = "Depression, end of treatment, PDT against control"
    assert [row.name for row in said if row.key == key] == [name]
    html = said.to_html()
    notes = re.findall("<li>(.*?)</li>", html)
    marks = [int(n) for cell in re.findall(r"<sup>\[(.*?)\]</sup>", html) for n in cell.split(", ")]
    assert sorted(marks) == list(range(1, len(notes) + 1))
    marked = re.search(r"<td>serious \(confirmed by A\)[^<]*<sup>\[(\d+)\]", html)
    assert notes[int(marked[1]) - 1] == f"{name}, imprecision: serious, confirmed by A on 2026-11-29."
    assert "border:1px solid" in html


def test_only_ratios_are_called_relative():
    assert "Relative effect: OR" in pdt.findings(replace(fit_of(), measure="OR"), control_rate=0.2).summary()
    assert "Relative" not in pdt.findings(fit_of(), control_rate=0.2).summary()


def test_bad_rates_and_strata_are_refused(synthesis):
    with pytest.raises(pdt.EvidenceError) as error:
        pdt.findings(synthesis, control_rate=1.5)
    assert len(error.value.problems) == len(synthesis)
    with pytest.raises(pdt.EvidenceError, match="is no stratum"):
        pdt.findings(synthesis, control_rate={("depression", "never"): 0.2})
    with pytest.raises(pdt.EvidenceError, match="takes a Synthesis"):
        pdt.findings(3)
