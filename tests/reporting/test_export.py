"""What leaves the library can be read by others: R, reference managers, JSON and data package tools."""

import json
import math
import re

import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import read_trials
from pdt_evidence.reporting.citations import Citation, as_bibtex, as_ris
from pdt_evidence.reporting.export import export, results_schema

pytestmark = pytest.mark.filterwarnings("ignore::pdt_evidence.errors.EvidenceWarning")


@pytest.fixture(scope="module")
def table():
    return pdt.trials(comparison="pdt_vs_cbt")


@pytest.fixture(scope="module")
def synthesis(table):
    return pdt.synthesize(table)


def test_a_tidy_table_reads_back(table, tmp_path):
    (written,) = export(table, tmp_path / "trials.csv")
    back = read_trials(written)
    assert back["row_id"].tolist() == table["row_id"].tolist()
    assert_allclose(back["yi"], table["yi"])


def test_a_synthesis_as_csv_has_a_row_a_stratum(synthesis, tmp_path):
    (written,) = export(synthesis, tmp_path / "pooled.csv")
    rows = pd.read_csv(written)
    assert len(rows) == len(synthesis)
    assert_allclose(rows["estimate"], [effect.estimate for _, effect in synthesis.items()])


def test_the_script_for_metafor_has_the_values_that_were_pooled(synthesis, tmp_path):
    """R is not run here: the weighted means of the exported values are those of the equal-effects pool."""
    simple = pdt.synthesize(pdt.trials(comparison="pdt_vs_cbt"), method="EE", test="z")
    script, effects, pooled = export(simple, tmp_path / "pool.R")
    values, expected = (
        pd.read_csv(effects, dtype={"stratum": str}),
        pd.read_csv(pooled, dtype={"stratum": str}),
    )
    for stratum, rows in values.groupby("stratum"):
        weights = 1 / rows["vi"]
        mean = (weights * rows["yi"]).sum() / weights.sum()
        assert_allclose(mean, expected.loc[expected["stratum"] == stratum, "estimate"].iloc[0])
        assert not rows["slab"].duplicated().any()
    text = script.read_text()
    assert 'method = "EE", test = "z", level = 95' in text
    assert f'read.csv("{effects.name}"' in text
    assert f'read.csv("{pooled.name}"' in text
    assert "{" + "method}" not in text


def test_a_table_is_synthesized_for_the_script(table, tmp_path):
    script, effects, _ = export(table, tmp_path / "pool.R")
    assert 'method = "REML", test = "knha"' in script.read_text()
    assert len(pd.read_csv(effects)) == sum(effect.k for _, effect in pdt.synthesize(table).items())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"dependence": "three-level"}, "is a multilevel model, which this script does not write"),
        ({"test": "adhoc-ci"}, "test = 'adhoc-ci' has no counterpart in metafor"),
    ],
)
def test_what_metafor_has_not_is_said(table, tmp_path, options, sentence):
    with pytest.raises(EvidenceError, match=re.escape(sentence)):
        export(pdt.synthesize(table, **options), tmp_path / "pool.R")
    assert not list(tmp_path.iterdir())


def test_results_fit_the_schema_written_beside_them(synthesis, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    written, schema = export(synthesis, tmp_path / "results.json")
    content = json.loads(written.read_text())
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.read_text()))
    jsonschema.validate(content, json.loads(schema.read_text()))
    first = content["strata"][0]
    assert_allclose(first["estimate"], next(iter(synthesis.items()))[1].estimate)
    assert content["settings"]["by"] == ["outcome", "follow_up"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content | {"strata": [first | {"estimate": "large"}]}, results_schema())


def test_results_hold_no_number_that_json_has_not(synthesis, tmp_path):
    written, _ = export(synthesis, tmp_path / "results.json")
    assert not re.search(r"\b(NaN|Infinity)\b", written.read_text())
    assert any(math.isnan(effect.df) for _, effect in synthesis.items())


def test_references_name_the_sources_and_the_trials(table, tmp_path):
    (ris,) = export(table, tmp_path / "sources.ris")
    text = ris.read_text()
    named = set(table["source_id"]) | set(table["trial_id"])
    assert text.count("TY  - ") == text.count("ER  - ") == len(named)
    assert "ID  - metapsy_sad_psyctr" in text
    assert "DO  - 10.5281/zenodo.12726122" in text
    (bib,) = export(table, tmp_path / "sources.bib")
    entries = re.findall(r"^@(\w+)\{([^,]+),", bib.read_text(), flags=re.MULTILINE)
    assert len(entries) == len(set(entries)) == text.count("TY  - ")


def test_what_bibtex_would_read_as_a_command_is_escaped():
    entry = Citation(key="a b", kind="trial", text="50% of {x} & y_1 \\ $", doi="10.1/x_y")
    assert "title = {{50\\% of \\{x\\} \\& y\\_1 \\textbackslash{} \\$}}" in as_bibtex([entry])
    assert "@article{a_b" in as_bibtex([entry])
    assert as_ris([entry]).splitlines()[0] == "TY  - JOUR"


def test_a_selection_is_a_valid_data_package(table, tmp_path):
    frictionless = pytest.importorskip("frictionless")
    written = export(table, tmp_path / "selection")
    assert sorted(path.name for path in written) == ["datapackage.json", "sources.csv", "trials.csv"]
    report = frictionless.validate(tmp_path / "selection" / "datapackage.json")
    assert report.valid, report.flatten(["type", "message"])
    descriptor = json.loads((tmp_path / "selection" / "datapackage.json").read_text())
    named = {field["name"]: field for field in descriptor["resources"][0]["schema"]["fields"]}
    assert named["mean_t"]["type"] == "number"
    assert named["mean_t"]["description"]
    held = pd.read_csv(tmp_path / "selection" / "sources.csv")
    assert set(held["source_id"]) == set(table["source_id"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("x.docx", "expected a name ending in .csv, .r, .json, .ris, .bib"), ("x.json", "JSON holds results")],
)
def test_what_does_not_fit_is_said_and_nothing_is_written(table, tmp_path, name, sentence):
    with pytest.raises(EvidenceError, match=re.escape(sentence)):
        export(table, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.bib", "package"])
def test_references_and_packages_belong_to_tables(synthesis, tmp_path, name):
    with pytest.raises(EvidenceError, match="Give the table that was synthesized"):
        export(synthesis, tmp_path / name)
