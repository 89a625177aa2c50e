"""Files are written whole or not at all, wherever it breaks: nothing is lost, and nothing is left behind."""

import csv
import os
import tempfile
import time
from io import StringIO

import pandas as pd
import pytest
from made_files import TRIALS, metapsy, rm5, web_tables, zipped

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import read_any
from pdt_evidence.evidence.readers.writing import csv_text, guarded, write_all

STEPS = [(step, call) for step in ("mkstemp", "write", "fsync", "chmod", "replace") for call in (1, 2)]
FAULTS = [
    OSError(28, "No space left on device"),
    PermissionError(13, "Permission denied"),
    KeyboardInterrupt(),
]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def break_at(monkeypatch, step, call, fault):
    """Let the given call of a step fail, once; what follows it works again."""
    home = {"mkstemp": tempfile}.get(step, os)
    calls = 0

    def breaking(function):
        def act(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == call:
                raise fault
            return function(*args, **kwargs)

        return act

    if step == "write":
        opened = os.fdopen

        def fdopen(*args, **kwargs):
            stream = opened(*args, **kwargs)
            proxy = type(
                "Stream", (), {"__enter__": lambda self: self, "__exit__": lambda self, *_: stream.close()}
            )()
            proxy.write, proxy.flush, proxy.fileno = breaking_write(stream.write), stream.flush, stream.fileno
            return proxy

        breaking_write = breaking
        monkeypatch.setattr(os, "fdopen", fdopen)
    else:
        monkeypatch.setattr(home, step, breaking(getattr(home, step)))


@pytest.mark.parametrize("there", [False, True], ids=["new files", "files of before"])
@pytest.mark.parametrize("fault", FAULTS, ids=["disk full", "permission denied", "interrupted"])
@pytest.mark.parametrize(("step", "call"), STEPS)
def test_a_break_at_any_step_leaves_everything_as_it_was(tmp_path, monkeypatch, step, call, fault, there):
    files = {tmp_path / "a.csv": b"new a", tmp_path / "a.json": b"new json"}
    if there:
        write_all({path: b"old " + path.name.encode() for path in files})
    before = contents(tmp_path)
    break_at(monkeypatch, step, call, fault)
    with pytest.raises(KeyboardInterrupt if isinstance(fault, KeyboardInterrupt) else EvidenceError):
        write_all(files)
    monkeypatch.undo()
    assert contents(tmp_path) == before
    write_all(files)
    assert contents(tmp_path) == {"a.csv": b"new a", "a.json": b"new json"}


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_a_folder_in_the_place_of_a_file_is_said(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(EvidenceError, match=r"cannot be written: it is a folder. Nothing was changed."):
        write_all({tmp_path / "a.csv": b"1", tmp_path / "a.json": b"2"})
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_link_stays_one_and_its_file_is_new(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.csv").write_bytes(b"old")
    (tmp_path / "a.csv").symlink_to(tmp_path / "elsewhere" / "real.csv")
    write_all({tmp_path / "a.csv": b"new"})
    assert (tmp_path / "a.csv").is_symlink()
    assert contents(tmp_path / "elsewhere") == {"real.csv": b"new"}


def test_a_file_system_without_links_is_written_to_as_well(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    write_all({path: b"old"})

    def no_links(*_, **__):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", no_links)
    break_at(monkeypatch, "replace", 1, OSError(28, "No space left on device"))
    with pytest.raises(EvidenceError):
        write_all({path: b"new"})
    assert contents(tmp_path) == {"a.csv": b"old"}
    write_all({path: b"new"})
    assert contents(tmp_path) == {"a.csv": b"new"}


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to the superuser")
def test_a_folder_that_may_not_be_written_to_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(EvidenceError, match=r"Permission denied. Nothing was changed"):
        write_all({tmp_path / "a.csv": b"1"})
    tmp_path.chmod(0o700)


def rows_of(table):
    """Rows in, by what was said of them: those that are there, and those that were dropped or merged."""
    gone = table.log[table.log["action"].isin(["dropped", "merged"])]
    return len(table), len(gone)


@pytest.mark.parametrize("seed", range(8))
def test_every_row_of_a_file_is_in_the_table_or_in_the_log(saved, seed):
    """Rows in = rows out + rows logged, for every reader, whatever is missing or twice."""
    import numpy as np

    draw = np.random.default_rng(seed)
    changes = [{"study": f"Study {n}, 2001"} for n in range(12)]
    for at in draw.choice(12, 3, replace=False):
        changes[at] |= {"mean_arm1": "NA", ".g": "NA"}
    changes += [changes[at] for at in draw.choice(12, 2)]
    there, gone = rows_of(read_any(saved(metapsy(*changes), "data.csv")))
    assert there + gone == len(changes)

    blanks = "\n" * int(draw.integers(0, 4))
    text = TRIALS.rstrip("\n") + "\n" + blanks + "a9,Zorn 2001,pain,lower,endpoint,0,1,1,9,2,1,9,\n"
    there, gone = rows_of(read_any(saved(text, "mine.csv")))
    assert (there, gone) == (4, len(blanks))

    content = rm5()
    for name in (b'SD_1="6.1"', b'TOTAL_1="40"')[: int(draw.integers(1, 3))]:
        content = content.replace(name, name.split(b"=")[0] + b'="0"')
    for path in (saved(content, "CD1.rm5"), saved(zipped(web_tables()), "CD1.zip")):
        table = pdt.read_revman(path)
        assert sum(rows_of(table)) == len(table.analyses)


@pytest.mark.warns("the sign of its effects is not decided")
def test_every_entry_of_a_log_says_what_and_why(saved):
    for content, name in ((rm5(), "CD1.rm5"), (metapsy({}, {"mean_arm1": "NA", ".g": "NA"}), "data.csv")):
        log = read_any(saved(content, name)).log
        assert len(log) > 0
        assert (log["reason"].str.len() > 5).all()
        assert set(log["action"]) <= {"dropped", "merged", "turned", "blanked", "noted"}


RUNS = [
    "=1+1",
    "+1+1",
    "-cmd",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\n  \t @x",
    "\u00a0=1",
    "\ufeff=1",
    "\u200b\n=1",
    "＝1+1",
]
PLAIN = ["a=1", "3-4", "-0.5", "+1e3", "", "one\n=2", "x@y.z"]


@pytest.mark.parametrize("cell", RUNS, ids=ascii)
@pytest.mark.parametrize("kind", [object, "string", "category"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe_wherever_it_stands(cell, kind):
    """In cells of text and of categories, in names of columns, and after blanks and line breaks."""
    table = pd.DataFrame({"text": pd.Series([cell, "plain"], dtype=kind), cell: [1, 2]})
    safe = guarded(table)
    kept = cell.replace("\r", "\n")  # as a carriage return would end the line
    assert safe["text"].tolist() == [f"'{kept}", "plain"]
    assert list(safe.columns) == ["text", f"'{kept}"]
    assert list(table.columns) == ["text", cell]  # the table itself stays


@pytest.mark.parametrize("cell", PLAIN, ids=ascii)
@pytest.mark.parametrize("kind", [object, "category"])
def test_other_texts_and_numbers_as_they_were_printed_stay(cell, kind):
    assert guarded(pd.DataFrame({"text": pd.Series([cell], dtype=kind)}))["text"].tolist() == [cell]


def test_an_ordered_category_and_missing_cells_survive_the_guard():
    kinds = pd.Categorical(["=b", None, "a"], ["=b", "a"], ordered=True)
    assert csv_text(pd.DataFrame({"kind": kinds, "n": [1.0, 2.0, float("nan")]})) == "kind,n\n'=b,1\n,2\na,\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "table.csv"
    path.write_text("old")
    path.chmod(mode)
    write_all({path: b"new"})
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == mode


def test_what_a_killed_run_left_goes_with_the_next_but_nothing_of_a_run_at_work(tmp_path):
    left, at_work, own = (tmp_path / name for name in (".x.csv.abcdefgh", ".x.csv.ijklmnop", ".x.csv.mine"))
    for path in (left, at_work, own):
        path.write_text("half")
    long_ago = time.time() - 7200
    for path in (left, own):
        os.utime(path, (long_ago, long_ago))
    write_all({tmp_path / "x.csv": b"new"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".x.csv.ijklmnop", ".x.csv.mine", "x.csv"]


@pytest.mark.parametrize("broken", ["a\r=1+1", "a\r\n=1+1", "\r=1+1"])
def test_no_text_of_a_table_ends_a_line_of_its_csv(broken):
    table = pd.DataFrame({"study": ["A", "B"], "note": [broken, "plain"], f"{broken} of mine": "x"})
    for rows in (table, table.assign(note=table["note"].astype("category"))):
        text = csv_text(rows)
        assert "\r" not in text
        assert [len(row) for row in csv.reader(StringIO(text, newline=""))] == [3, 3, 3]
