"""Files are untrusted: what is no data is refused with a sentence, and nothing else happens."""

import io
import os
import stat
import zipfile

import pytest
from made_files import rm5, web_tables, zipped

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import read_revman, read_trials, safe

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<COCHRANE_REVIEW><COVER_SHEET><TITLE>&b;</TITLE></COVER_SHEET></COCHRANE_REVIEW>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<COCHRANE_REVIEW><COVER_SHEET><TITLE>&a;</TITLE></COVER_SHEET></COCHRANE_REVIEW>"""


@pytest.mark.parametrize("content", [LAUGHS, EXTERNAL, LAUGHS.decode().encode("utf-16")])
def test_documents_with_entities_are_not_read(saved, content):
    with pytest.raises(EvidenceError, match=r"declares a document type or entities|is not well-formed XML"):
        read_revman(saved(content, "CD1.rm5"))


def test_a_workbook_with_entities_is_not_read(saved):
    parts = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<!DOCTYPE x><workbook/>"}
    with pytest.raises(EvidenceError, match=r"its part xl/workbook.xml declares a document type"):
        read_trials(saved(zipped(parts, folder=""), "mine.xlsx"))


def test_a_bomb_is_refused_by_its_ratio(saved):
    with pytest.raises(EvidenceError, match="unpacks to more than 200 times its size"):
        read_revman(saved(zipped({"data-rows.csv": b"0" * 5_000_000}), "CD1.zip"))


def test_a_bomb_that_lies_about_its_size_is_stopped_while_unpacking(saved, monkeypatch):
    monkeypatch.setattr(safe, "MAX_UNPACKED", 10_000)
    monkeypatch.setattr(safe, "MAX_RATIO", 10**9)
    with pytest.raises(EvidenceError, match="unpacks to more than is read of a file of its size"):
        read_revman(saved(zipped({"data-rows.csv": b"0" * 20_000}), "CD1.zip"))


def test_a_small_parquet_file_that_unpacks_to_much_is_refused_before_it_does(tmp_path):
    """A long word that every row repeats takes no room in the file, and a gigabyte as a table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    words = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), ["x" * 50_000])
    pq.write_table(
        pa.table({"study": words, "yi": [0.1] * 20_000, "vi": [0.2] * 20_000}), tmp_path / "mine.parquet"
    )
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(
        EvidenceError, match=r"unpacked are more than a file of that size may be. Save it as CSV"
    ):
        read_trials(tmp_path / "mine.parquet")
    assert pa.default_memory_pool().max_memory() - before < 50_000_000


def test_a_parquet_file_with_lists_names_the_column(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"study": ["A"], "yi": [[0.1]], "vi": [{"a": 1}]})
    pq.write_table(table, tmp_path / "mine.parquet")
    with pytest.raises(EvidenceError) as caught:
        read_trials(tmp_path / "mine.parquet")
    assert [problem.split(",")[0] for problem in caught.value.problems] == [
        "column 'yi' holds list<element: double>",
        "column 'vi' holds struct<a: int64>",
    ]


def test_a_workbook_with_more_cells_than_its_size_allows_is_refused(saved, monkeypatch):
    import pandas as pd

    from pdt_evidence.evidence.readers.tabular import excel

    stream = io.BytesIO()
    pd.DataFrame({"study": [f"Study {at}" for at in range(50)], "yi": 0.1, "vi": 0.2}).to_excel(
        stream, index=False
    )
    path = saved(stream.getvalue(), "mine.xlsx")
    assert len(read_trials(path)) == 50
    monkeypatch.setattr(excel, "BYTES_A_ROW", 5_000_000)
    with pytest.raises(
        EvidenceError, match="more cells than are read of a file of its size, counted in row 11"
    ):
        read_trials(path)


def test_an_archive_of_very_many_files_is_not_even_listed(saved):
    many = zipped({f"{number}.csv": b"" for number in range(3000)}, folder="")
    with pytest.raises(EvidenceError, match="holds 3000 files; at most 2000 are read"):
        read_revman(saved(many, "CD1.zip"))


@pytest.mark.parametrize("name", ["CD1.rm5", "CD1.zip"])
def test_a_review_of_more_rows_than_its_size_allows_is_refused(saved, monkeypatch, name):
    from pdt_evidence.evidence.readers.revman import review

    monkeypatch.setattr(review, "MAX_ROWS", 20)
    content = rm5() if name.endswith("rm5") else zipped(web_tables())
    with pytest.raises(EvidenceError, match="of a file of its size"):
        read_revman(saved(content, name))


def entry(name, mode=0o644, content=b"x"):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "../data-rows.csv",
        "/etc/data-rows.csv",
        "a/../../data-rows.csv",
        "C:/data-rows.csv",
        "..\\data-rows.csv",
    ],
)
def test_names_that_leave_the_archive_are_refused(saved, name):
    with pytest.raises(EvidenceError, match="points outside of the archive"):
        read_revman(saved(entry(name), "CD1.zip"))


def test_links_are_refused(saved):
    with pytest.raises(EvidenceError, match="is a link, not a file"):
        read_revman(saved(entry("CD1-data-rows.csv", stat.S_IFLNK | 0o777, b"/etc/passwd"), "CD1.zip"))


def test_archives_in_archives_end_at_the_second(saved):
    three = zipped({"c.zip": zipped({"b.zip": zipped({"data-rows.csv": b"x"})})})
    with pytest.raises(EvidenceError, match=r"holds archives 3 deep. Unpack the inner one first"):
        read_revman(saved(three, "CD1.zip"))


def test_an_archive_without_study_rows_says_what_was_expected(saved):
    with pytest.raises(
        EvidenceError, match=r"holds no file ending in data-rows.csv. Expected a RevMan data package"
    ):
        read_revman(saved(zipped({"readme.txt": b"hello"}), "CD1.zip"))


def test_a_cut_download_is_said_to_be_one(saved):
    with pytest.raises(EvidenceError, match=r"cannot be read as a zip archive: .*Download it again"):
        read_revman(saved(zipped(web_tables())[:500], "CD1.zip"))
    with pytest.raises(EvidenceError, match=r"is not well-formed XML: .*Download it again"):
        read_revman(saved(rm5()[:900], "CD1.rm5"))


def test_a_file_over_the_limit_is_not_read(saved, monkeypatch):
    path = saved(b"x" * 100, "big.csv")
    with pytest.raises(EvidenceError, match="is larger than 0 MB, the most that is read at once"):
        safe.file_bytes(path, limit=50)


def test_pipes_and_devices_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(EvidenceError, match="is not a file"):
        read_trials(tmp_path / "pipe.csv")


def test_reading_opens_no_connection_and_runs_nothing(saved, monkeypatch):
    import socket
    import subprocess

    def refuse(*_, **__):
        raise AssertionError("a reader went outside")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert len(read_revman(saved(rm5(), "CD1.rm5"))) > 0
    assert len(read_revman(saved(zipped(web_tables()), "CD1.zip"))) > 0
