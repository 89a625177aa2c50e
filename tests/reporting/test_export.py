"""What leaves the library can be read by others: R, reference managers, JSON and data package tools."""

import json
import math
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import rispy
from numpy.testing import assert_allclose
from pybtex.database import parse_file as parse_bibtex

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError, EvidenceWarning, RequestError
from pdt_evidence.evidence.readers import read_trials
from pdt_evidence.reporting.citations import Citation, as_bibtex, as_ris
from pdt_evidence.reporting.export import export, results_schema
from pdt_evidence.reporting.reproduce import write_table

LEFT_OUT = pytest.mark.warns("Left out, without an effect")


@pytest.fixture(scope="module")
def table():
    return pdt.trials(comparison="pdt_vs_cbt")


@pytest.fixture(scope="module")
def synthesis(table):
    with pytest.warns(EvidenceWarning, match="Left out, without an effect"):
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


@LEFT_OUT
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


@LEFT_OUT
def test_a_table_is_synthesized_for_the_script(table, tmp_path):
    script, effects, _ = export(table, tmp_path / "pool.R")
    assert 'method = "REML", test = "knha"' in script.read_text()
    assert len(pd.read_csv(effects)) == sum(effect.k for _, effect in pdt.synthesize(table).items())


@LEFT_OUT
def test_what_metafor_has_not_is_said(table, tmp_path):
    result = pdt.synthesize(table)
    with pytest.raises(
        EvidenceError, match=r"method = 'QM' has no counterpart in metafor\. Choose one of: EE, "
    ):
        export(replace(result, method="QM"), tmp_path / "pool.R")
    with pytest.raises(
        EvidenceError, match=r"test = 'CR2' has no counterpart in metafor \(clubSandwich has it"
    ):
        export(replace(result, test="CR2"), tmp_path / "pool.R")
    assert not list(tmp_path.iterdir())


POOLS = {
    "Hartung-Knapp": {},
    "OR": {"measure": "OR", "method": "DL", "test": "z"},
    "adhoc": {"method": "PM", "test": "adhoc", "level": 0.9},
    "DL2": {"method": "DL2"},
    "adhoc-ci": {"test": "adhoc-ci"},
    "three-level": {"dependence": "three-level"},
    "CHE": {"dependence": "che", "rho": 0.8},
}
# Every script in one R, each as if it were the first: no package and no name of another one is there.
ONE_BY_ONE = """
packages <- search()
for (script in commandArgs(TRUE)) {
  cat("\n===", basename(dirname(script)), "\n")
  try(source(script, local = new.env(), chdir = TRUE))
  for (package in setdiff(search(), packages)) detach(package, character.only = TRUE)
}
"""


@pytest.fixture(scope="module")
def said_by_r(table, tmp_path_factory):
    """What R says to the script of each pool, by its name."""
    ask = ["Rscript", "-e", "find.package(c('metafor', 'clubSandwich'))"]
    if not shutil.which("Rscript") or subprocess.run(ask, capture_output=True, check=False).returncode:
        pytest.skip("R with metafor and clubSandwich is not here")
    folder = tmp_path_factory.mktemp("R")
    scripts = []
    for name, options in POOLS.items():
        (folder / name).mkdir()
        rows = table[table["event_t" if options.get("measure") == "OR" else "yi"].notna()]
        scripts.append(str(export(rows, folder / name / "pool.R", **options)[0]))
    run = ["Rscript", "-e", ONE_BY_ONE, *scripts]
    done = subprocess.run(run, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return dict(part.split(" \n", 1) for part in done.stdout.split("\n=== ")[1:])


@pytest.mark.parametrize("name", POOLS)
def test_metafor_gives_the_same_pool(said_by_r, name):
    """The script stops unless it does: apart by under 1e-6, models of several rows a trial by under 1e-5."""
    assert "gives the same" in said_by_r[name], said_by_r[name]
    assert "Error" not in said_by_r[name], said_by_r[name]


@LEFT_OUT
def test_a_model_of_several_rows_has_its_covariances(table, tmp_path):
    from pdt_evidence.effects.shared_arms import covariance_blocks

    *_, covariances = export(table, tmp_path / "pool.R", dependence="che", rho=0.5)
    expected = []
    for effect in pdt.synthesize(table, dependence="che", rho=0.5).strata.values():
        V = covariance_blocks(table.set_index("row_id").loc[list(effect.row_ids)].reset_index(), 0.5).dense()
        expected += V[np.nonzero(np.tril(V, -1))].tolist()
    assert len(expected) > 2
    assert_allclose(pd.read_csv(covariances)["v"], expected)


def test_results_fit_the_schema_written_beside_them(synthesis, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    written, schema = export(synthesis, tmp_path / "results.json")
    content = json.loads(written.read_text())
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.read_text()))
    jsonschema.validate(content, json.loads(schema.read_text()))
    first = content["strata"][0]
    assert_allclose(first["estimate"], next(iter(synthesis.items()))[1].estimate)
    assert content["settings"]["by"] == ["outcome", "follow_up"]
    assert {"source_id", "citation", "doi", "licence"} <= set(content["sources"][0])
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
    available = pd.read_csv(tmp_path / "selection" / "sources.csv")
    assert set(available["source_id"]) == set(table["source_id"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x.docx", "expected a name ending in .csv, .r, .json, .ris, .bib"),
        ("x.ris", "method are options of a synthesis, and none is made here"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_written(table, tmp_path, name, sentence):
    with pytest.raises(EvidenceError, match=re.escape(sentence)):
        export(table, tmp_path / name, **({"method": "DL"} if name == "x.ris" else {}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.bib", "package"])
def test_references_and_packages_belong_to_tables(synthesis, tmp_path, name):
    with pytest.raises(EvidenceError, match="Give the table that was synthesized"):
        export(synthesis, tmp_path / name)


@LEFT_OUT
@pytest.mark.parametrize("dependence", ["three-level", "che"])
def test_results_of_every_model_fit_the_schema(table, tmp_path, dependence):
    jsonschema = pytest.importorskip("jsonschema")
    written, schema = export(table, tmp_path / "results.json", dependence=dependence)
    jsonschema.validate(json.loads(written.read_text()), json.loads(schema.read_text()))


def test_a_table_that_was_read_names_its_file_in_the_results(tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    (tmp_path / "mine.csv").write_text("study,outcome,yi,vi\nA 2001,pain,0.2,0.1\nB 2002,pain,0.4,0.1\n")
    written, schema = export(read_trials(tmp_path / "mine.csv"), tmp_path / "results.json")
    content = json.loads(written.read_text())
    jsonschema.validate(content, json.loads(schema.read_text()))
    (source,) = content["sources"]
    assert (source["file"], source["bytes"]) == ("mine.csv", (tmp_path / "mine.csv").stat().st_size)
    assert len(source["sha256"]) == 64


FORMULA = '=HYPERLINK("http://x")'


@pytest.mark.parametrize("name", ["x.csv", "x.R", "pooled", "package"])
def test_no_exported_csv_has_a_cell_that_a_spreadsheet_would_run(tmp_path, name):
    rows = pd.DataFrame(
        {
            "row_id": ["a", "b"],
            "study": [FORMULA, "@cmd"],
            "trial_id": ["a", "b"],
            "outcome": FORMULA,
            "follow_up": "post",
            "yi": [-0.1, 0.2],
            "vi": 0.1,
            "source_id": "+1",
            "measure": "SMD",
        }
    )
    if name == "pooled":
        write_table(pdt.synthesize(rows).to_frame(), tmp_path / "pooled.csv")
    else:
        export(rows, tmp_path / name)
    written = list(tmp_path.rglob("*.csv"))
    assert written
    for path in written:
        cells = pd.read_csv(path, dtype=str, keep_default_na=False)
        text = cells.apply(lambda column: column[pd.to_numeric(column, errors="coerce").isna()]).stack()
        assert not text.str.match(r"[=+@\t\r-]").any(), path


def test_a_number_that_is_kept_as_it_was_printed_is_no_formula(tmp_path):
    write_table(pd.DataFrame({"printed": ["-0.42", "-0.42 to 0.1", "+1"]}), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().split("\n")[1:4] == ["-0.42", "'-0.42 to 0.1", "+1"]


def test_every_reference_has_a_type_and_a_title_and_what_is_known_of_year_and_doi(tmp_path):
    table = pdt.trials(disputed=True, preferred=False)
    (bib,), (ris,) = (export(table, tmp_path / f"all.{ending}") for ending in ("bib", "ris"))
    entry = r"^@(article|misc)\{[\w:-]+,\n((?:  \w+ = \{.*\},?\n)+)\}$"
    entries = re.findall(entry, bib.read_text(), flags=re.MULTILINE)
    records = ris.read_text().split("ER  - \n")[:-1]
    assert len(entries) == len(records) == len(re.findall("^@", bib.read_text(), flags=re.MULTILINE))
    assert all("title = {{" in body for _, body in entries)
    assert all("\nT1  - " in record and record.strip().startswith("TY  - ") for record in records)
    known = pdt.sources(table)
    assert sum("DO  - " in record for record in records) >= (known["doi"] != "").sum()
    assert sum("PY  - " in record for record in records) >= known["year"].notna().sum()


@pytest.mark.parametrize("ending", ["bib", "ris"])
def test_reference_managers_can_read_the_references(table, tmp_path, ending):
    (path,) = export(table, tmp_path / f"all.{ending}")
    if ending == "bib":
        found = [entry.fields["title"] for entry in parse_bibtex(str(path)).entries.values()]
    else:
        found = [entry.get("title") or entry["primary_title"] for entry in rispy.loads(path.read_text())]
    assert len(found) == len(set(table["source_id"]) | set(table["trial_id"]))


def test_a_pool_by_mantel_haenszel_gets_no_script_that_would_not_give_it(tmp_path):
    rows = {
        "row_id": ["a", "b"],
        "study": ["A", "B"],
        "outcome": "dropout",
        "better": "lower",
        "event_t": [4, 5],
        "n_t": [20, 20],
        "event_c": [8, 6],
        "n_c": [20, 22],
    }
    pooled = pdt.synthesize(pd.DataFrame(rows), by="outcome", style="revman")
    with pytest.raises(EvidenceError, match="dropout: pooled by Mantel-Haenszel or Peto"):
        export(pooled, tmp_path / "pool.R")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_an_export_without_a_name_writes_nowhere(table, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match="needs the name of a file or a folder"):
        export(table, name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["rows.csv", "folder"])
def test_a_table_whose_numbers_could_not_be_read_again_is_not_written(tmp_path, name):
    numbers = {
        "mean_t": 1.0,
        "sd_t": ["x", 0, 1],
        "n_t": ["20", "NR", "1,030"],
        "mean_c": 2.0,
        "sd_c": 1.0,
        "n_c": 9,
    }
    table = pd.DataFrame({"study": list("ABC"), "outcome": "depression", "better": "lower", **numbers})
    with pytest.raises(EvidenceError) as caught:
        pdt.export(table, tmp_path / name)
    assert [problem.partition(". ")[0] for problem in caught.value.problems] == [
        "row 1, column 'sd_t': expected an SD above 0, found 'x'",
        "row 2, column 'sd_t': expected an SD above 0, found 0",
        "row 2, column 'n_t': expected a whole number, 1 or more, found 'NR'",
        "row 3, column 'n_t': expected a whole number, 1 or more, found '1,030'",
    ]
    assert not list(tmp_path.iterdir())
