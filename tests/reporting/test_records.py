"""The results for machines: valid by their schema, the same numbers as the tables, every file accounted for."""

import hashlib
import json

import jsonschema
import pandas as pd
import pytest

from pdt_evidence.reporting.contents import Contents
from pdt_evidence.reporting.records import CRATE, RESULTS, results, results_schema, write_records


@pytest.fixture(scope="module")
def contents():
    return Contents()


@pytest.fixture(scope="module")
def made(contents, tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    (folder / "tables").mkdir()
    (folder / "tables" / "pooled.csv").write_text("a\n1\n")
    write_records(contents, folder)
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
    assert "data/trials.csv" in {one["@id"] for one in action["object"]}
    linked = [one["@id"] for one in graph["./"]["hasPart"]]
    assert set(linked) <= set(graph)
    assert len(graph["data/trials.csv"]["sha256"]) == 64


def test_records_are_the_same_bytes_on_every_run(contents, made, tmp_path):
    before = (made / RESULTS).read_bytes()
    write_records(contents, tmp_path)
    assert (tmp_path / RESULTS).read_bytes() == before
