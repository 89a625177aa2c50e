"""From a row to the file it came from, in two steps: its `source_id`, and the record of that source."""

import hashlib
import json
import warnings

import pandas as pd
import pytest
from made_files import TRIALS, metapsy, rm5, web_tables, zipped

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceWarning
from pdt_evidence.evidence.readers.provenance import origin
from pdt_evidence.reporting.export import export


@pytest.fixture
def imported(saved, tmp_path):
    """A review's file, and the table that was made of it."""
    path = saved(rm5(), "CD004687StatsDataOnly.rm5")
    pdt.import_file(path, tmp_path / "out.csv", review="abbass2014")
    return path, tmp_path / "out.csv"


def test_a_row_leads_to_the_file_with_its_size_and_hash(imported):
    path, out = imported
    table = pdt.read_trials(out)
    row = table.iloc[3]
    source = pdt.sources(table).set_index("source_id").loc[row["source_id"]]
    assert (source["file"], source["imported_as"]) == (path.name, "out.csv")
    assert source["bytes"] == path.stat().st_size
    assert source["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "CD004687" in source["citation"]  # what is bundled of the review stands beside it


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (TRIALS, "mine.csv"),
        (rm5(), "CD1.rm5"),
        (zipped(web_tables()), "CD1.zip"),
        pytest.param(
            metapsy({}), "data.csv", marks=pytest.mark.warns("the sign of its effects is not decided")
        ),
    ],
)
def test_every_reader_keeps_the_file(saved, content, name):
    from pdt_evidence.evidence.readers import read_any

    path = saved(content, name)
    table = read_any(path)
    (source,) = pdt.sources(table).to_dict("records")
    assert (source["source_id"], source["file"]) == (path.stem, name)
    assert source["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert origin(table).startswith(f"{name} (")


def test_what_the_import_excluded_is_still_known_when_its_table_is_read(imported):
    path, out = imported
    first = pdt.read_revman(path, review="abbass2014")
    again = pdt.read_trials(out)
    assert len(first.log) > 0
    assert again.log.astype(str).values.tolist() == first.log.astype(str).values.tolist()
    assert again[again["outcome"] == "depression"].source["imported"]["file"] == path.name


def test_a_table_that_was_saved_again_as_it_was_is_not_called_changed(imported):
    _, out = imported
    out.write_bytes(b"\xef\xbb\xbf" + out.read_bytes().replace(b"\n", b"\r\n"))  # as Excel saves it
    with warnings.catch_warnings():
        warnings.simplefilter("error", EvidenceWarning)
        assert not pdt.read_trials(out).source["edited"]


def test_a_table_that_was_changed_says_so_everywhere(imported, tmp_path):
    _, out = imported
    out.write_text(out.read_text().replace(",12.1,", ",11.1,", 1))
    text = "out.csv was changed after it was imported from CD004687StatsDataOnly.rm5"
    with pytest.warns(EvidenceWarning, match=text):
        table = pdt.read_trials(out)
    assert text in table.log["reason"].iloc[-1]
    assert "changed since, SHA-256 now" in origin(table)
    assert pdt.sources(table)["imported_as"].tolist() == ["out.csv, changed since"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[1]",
        '{"source": 1, "table": 2, "log": 3}',
        "[" * 100_000,
        '{"source": {"file": "x"}, "table": {"sha256": "y"}, "log": []}',
        '{"source": {"file": "x", "bytes": 1, "sha256": "z", "format": "f"}, "table": {"sha256": 3}, "log": []}',
    ],
)
def test_another_json_beside_a_table_is_no_record(saved, content):
    path = saved(TRIALS, "mine.csv")
    saved(content, "mine.json")
    assert "imported" not in pdt.read_trials(path).source


def test_what_is_exported_names_the_file(imported, tmp_path):
    path, out = imported
    table = pdt.read_trials(out)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (ris,) = export(table, tmp_path / "sources.ris")
    assert f"read from {path.name}, {path.stat().st_size} bytes, SHA-256 {digest}" in ris.read_text()
    export(table, tmp_path / "package")
    available = pd.read_csv(tmp_path / "package" / "sources.csv")
    assert available[["source_id", "sha256"]].values.tolist() == [["abbass2014", digest]]


def test_the_record_beside_the_table_is_complete(imported):
    path, out = imported
    about = json.loads(out.with_suffix(".json").read_text())
    assert about["source"]["file"] == path.name
    assert about["table"]["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert about["table"]["rows"] == len(pdt.read_trials(out))
