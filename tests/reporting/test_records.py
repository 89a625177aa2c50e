"""The results for machines: valid by their schema, the same numbers as the tables, every file accounted for."""

import hashlib
import json

import jsonschema
import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError
from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.own_table import own_table
from pdt_evidence.reporting.records import CRATE, RESULTS, results, results_schema, write_records


@pytest.fixture(scope="module")
def contents():
    return Contents()


@pytest.fixture(scope="module")
def made(contents, tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    (folder / "tables").mkdir()
    (folder / "tables" / "pooled.csv").write_text("a\n1\n")
    write_records(contents, folder, [folder / "tables" / "pooled.csv"])
    return folder


def test_results_follow_their_schema(made):
    found = json.loads((made / RESULTS).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(results_schema())
    jsonschema.validate(found, results_schema(), cls=jsonschema.Draft202012Validator)
    assert len(found["claims"]) == 11


def test_the_schema_refuses_what_is_not_a_result(contents):
    found = results(contents)
    found["pools"][0]["estimate"] = "0.5"
    with pytest.raises(jsonschema.ValidationError, match="is not of type"):
        jsonschema.validate(found, results_schema())


def test_results_are_those_of_the_table(contents):
    table: pd.DataFrame = contents.pooled_table()
    pools = results(contents)["pools"]
    assert [pool["estimate"] for pool in pools] == pytest.approx(table["estimate"].tolist(), nan_ok=True)
    assert [pool["k"] for pool in pools] == table["k"].tolist()


def test_the_crate_has_every_file_with_its_hash(made):
    graph = {one["@id"]: one for one in json.loads((made / CRATE).read_text(encoding="utf-8"))["@graph"]}
    action = graph["#reproduce"]
    assert {one["@id"] for one in action["result"]} == {RESULTS, "tables/pooled.csv"}
    assert graph[RESULTS]["sha256"] == hashlib.sha256((made / RESULTS).read_bytes()).hexdigest()
    assert "#data/trials.csv" in {one["@id"] for one in action["object"]}
    assert len(graph["#data/trials.csv"]["sha256"]) == 64
    assert set(graph["./"]) >= {"name", "description", "datePublished", "license"}
    parts = [one["@id"] for one in graph["./"]["hasPart"]]
    assert set(parts) <= set(graph)
    assert all((made / part).is_file() for part in parts)  # a part of a crate is in it


def test_records_are_the_same_bytes_on_every_run(contents, made, tmp_path):
    before = (made / RESULTS).read_bytes()
    write_records(contents, tmp_path, [])
    assert (tmp_path / RESULTS).read_bytes() == before


OWN = """study,outcome,ward,mean_t,sd_t,n_t,mean_c,sd_c,n_c,better
Adams 2001,depression,a,10.1,4.2,30,12.9,4.8,31,lower
Brown 2005,depression,a,11.4,5.0,45,12.6,5.1,44,lower
Clark 2010,depression,b,9.0,4.4,22,13.1,4.9,20,lower
Dahl 2012,depression,b,9.0,,22,13.1,4.9,20,lower
"""


@pytest.fixture
def own_file(tmp_path):
    (tmp_path / "my trials.csv").write_text(OWN, encoding="utf-8")
    return tmp_path / "my trials.csv"


def test_a_report_on_a_table_has_results_beside_it_that_follow_the_schema(own_file):
    page = pdt.report(own_file.parent / "out" / "report.html", table=own_file, by=["outcome", "ward"])
    found = json.loads((page.parent / RESULTS).read_text(encoding="utf-8"))
    jsonschema.validate(found, results_schema(), cls=jsonschema.Draft202012Validator)
    fits = pdt.synthesize(pdt.read_trials(own_file).iloc[:3], by=["outcome", "ward"])
    assert [pool["stratum"] for pool in found["pools"]] == [fit.stratum for fit in fits.strata.values()]
    assert [pool["estimate"] for pool in found["pools"]] == pytest.approx(
        [fit.estimate for fit in fits.strata.values()]
    )
    assert found["pools"][0]["outcome"] == "depression"
    assert found["pools"][0]["follow_up"] == ""
    assert found["claims"] == []
    assert [row["where"] for row in found["not_pooled"]] == ["line 5 (Dahl 2012)"]
    assert found["data_sha256"] == hashlib.sha256(own_file.read_bytes()).hexdigest()
    assert "above 0 favours" in found["sign"]


def test_a_report_on_a_table_has_a_crate_that_names_the_table_and_what_was_made(own_file):
    page = pdt.report(own_file.parent / "out" / "my report.html", table=own_file)
    graph = {
        one["@id"]: one for one in json.loads((page.parent / CRATE).read_text(encoding="utf-8"))["@graph"]
    }
    action = graph["#report"]
    assert [graph[one["@id"]]["sha256"] for one in action["object"]] == [
        hashlib.sha256(own_file.read_bytes()).hexdigest()
    ]
    made = {graph[one["@id"]]["name"]: graph[one["@id"]]["sha256"] for one in action["result"]}
    assert made == {
        name: hashlib.sha256((page.parent / name).read_bytes()).hexdigest()
        for name in ("my report.html", RESULTS)
    }
    assert "my%20report.html" in graph


def test_results_of_a_table_in_memory_have_the_hash_of_its_rows(own_file):
    table = pd.read_csv(own_file)
    found = results(own_table(table))
    assert found["data_sha256"] == results(own_table(table.copy()))["data_sha256"]
    table.loc[0, "mean_t"] = np.nextafter(10.1, 11)
    assert found["data_sha256"] != results(own_table(table))["data_sha256"]


@pytest.mark.parametrize("name", [RESULTS, CRATE])
def test_a_report_replaces_no_results_of_another_program(own_file, name):
    folder = own_file.parent / "out"
    folder.mkdir()
    (folder / name).write_text('{"mine": 1}', encoding="utf-8")
    with pytest.raises(EvidenceError, match=f"{name} was not written by pdt_evidence"):
        pdt.report(folder / "report.html", table=own_file)
    assert [path.name for path in folder.iterdir()] == [name]
