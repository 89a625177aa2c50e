"""Files are untrusted: what is no data is refused with a sentence, and nothing else happens."""

import io
import os
import stat
import zipfile

import pytest
from made_files import rm5, web_tables, zipped

from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import read_revman, read_trials, safe

pytestmark = pytest.mark.filterwarnings("ignore::pdt_evidence.errors.EvidenceWarning")

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
    with pytest.raises(EvidenceError, match="unpacks to more than 0 MB, the most that is read at once"):
        read_revman(saved(zipped({"data-rows.csv": b"0" * 20_000}), "CD1.zip"))


def entry(name, mode=0o644, content=b"x"):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["../data-rows.csv", "/etc/data-rows.csv", "a/../../data-rows.csv", "C:/data-rows.csv",
                                  "..\\data-rows.csv"])  # fmt: skip
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
