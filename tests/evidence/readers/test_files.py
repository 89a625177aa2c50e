"""An import writes everything or nothing, and says where the rows came from."""

import hashlib
import json
import os

import pytest
from made_files import TRIALS, metapsy, rm5, web_tables, zipped

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import import_file, read_any, read_trials

NO_NAME = pytest.mark.warns(r"1 arm is not known, and keeps its own name: \(no name\)")
ANOTHER = pytest.mark.warns("this table is taken for abbass2014, but nothing about its file")
NOT_DECIDED = pytest.mark.warns("the sign of its effects is not decided")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("CD1.rm5", rm5, "RevMan 5"),
        ("CD1.zip", lambda: zipped(web_tables()), "data package"),
        pytest.param("CD1-data-rows.csv", lambda: web_tables()["data-rows.csv"], "study rows", marks=NO_NAME),
        ("data.csv", lambda: metapsy({}, {"study": "Bauer, 2012"}), "Metapsy"),
        ("mine.csv", lambda: TRIALS, "table of trials"),
    ],
)
def test_a_file_is_known_by_what_it_is(saved, name, content, kind):
    assert kind in read_any(saved(content(), name)).source["format"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("CD1.rm5", rm5, marks=ANOTHER),
        pytest.param("data.csv", lambda: metapsy({}), marks=[ANOTHER, NOT_DECIDED]),
    ],
)
def test_what_is_written_reads_back_as_it_was(saved, tmp_path, name, content):
    table = import_file(saved(content(), name), tmp_path / "out.csv", review="abbass2014")
    back = read_trials(tmp_path / "out.csv")
    assert set(back["source_id"]) == {"abbass2014"}
    for column in table:
        left, right = (
            frame[column].astype(object).fillna("").astype(str).tolist() for frame in (table, back)
        )
        assert left == right, column


def test_the_source_and_its_hash_stand_beside_the_table(saved, tmp_path):
    path = saved(rm5(), "CD1.rm5")
    table = import_file(path, tmp_path / "out.csv")
    about = json.loads((tmp_path / "out.json").read_text())
    assert about["source"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert about["table"]["sha256"] == hashlib.sha256((tmp_path / "out.csv").read_bytes()).hexdigest()
    assert len(about["log"]) == len(table.log) > 0
    assert {"line", "row", "action", "reason"} == set(about["log"][0])


def test_an_import_never_replaces_what_it_reads(saved, tmp_path):
    path = saved(TRIALS, "mine.csv")
    for given in (path, tmp_path / "." / "mine.csv"):
        with pytest.raises(EvidenceError, match=r"mine.csv is a file that is read. Give another name"):
            import_file(path, given)
    assert path.read_text() == TRIALS
    assert [file.name for file in path.parent.iterdir()] == ["mine.csv"]


def test_a_failed_import_leaves_everything_as_it_was(saved, tmp_path, monkeypatch):
    out = tmp_path / "out" / "trials.csv"
    out.parent.mkdir()
    import_file(saved(TRIALS, "mine.csv"), out)
    before = {path: path.read_bytes() for path in out.parent.iterdir()}
    with pytest.raises(EvidenceError):
        import_file(saved(b"<COCHRANE_REVIEW/>", "CD1.rm5"), out)
    replace = os.replace

    def fail_on_the_second(source, target):
        if str(target).endswith(".json"):
            raise OSError(28, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_on_the_second)
    with pytest.raises(
        EvidenceError, match=r"cannot be written: No space left on device. Nothing was changed"
    ):
        import_file(saved(rm5(), "CD1.rm5"), out)
    assert {path: path.read_bytes() for path in out.parent.iterdir()} == before


def test_a_missing_folder_is_said(saved, tmp_path):
    with pytest.raises(EvidenceError, match=r"cannot be written: .+ Nothing was changed"):
        import_file(saved(TRIALS, "mine.csv"), tmp_path / "no" / "out.csv")


def test_cells_that_a_spreadsheet_would_run_are_written_as_text(saved, tmp_path):
    text = 'study,yi,vi\n"=HYPERLINK(""http://x"")",0.1,0.2\n@cmd,0.3,0.2\n'
    import_file(saved(text, "mine.csv"), tmp_path / "out.csv")
    written = (tmp_path / "out.csv").read_text()
    assert "'=HYPERLINK" in written
    assert ",'@cmd" in written
    assert read_trials(tmp_path / "out.csv")["study"].tolist() == ['=HYPERLINK("http://x")', "@cmd"]


def test_a_review_that_nobody_knows_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("study,outcome,yi,vi\nAdams 2001,depression,0.5,0.04\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"review = 'abbas2014' is not known. Did you mean 'abbass2014'"):
        import_file(path, tmp_path / "out.csv", review="abbas2014")
    with pytest.raises(
        EvidenceError, match=r"is not known\. It says .* Leave it out for any other file: .* Choose one of"
    ):
        import_file(path, tmp_path / "out.csv", review="mine2030")
    assert not (tmp_path / "out.csv").exists()


def test_a_mapping_that_a_table_cannot_use_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("study,outcome,yi,vi\nAdams 2001,depression,0.5,0.04\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match="takes no mapping"):
        import_file(path, tmp_path / "out.csv", mapping=path)
