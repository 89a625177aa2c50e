"""Every command and line of code of docs/bring-your-own-evidence.md runs as it stands, in order, on made-up files."""

import contextlib
import io
import re
import shlex
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest

from pdt_evidence.cli import main

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "bring-your-own-evidence.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)
SLOW = "pdt-evidence report "  # draws every figure; tests/reporting/test_reproduce.py runs it


@pytest.fixture
def made():
    sys.path.insert(0, str(ROOT / "tests" / "evidence" / "readers"))
    import made_files

    return made_files


def test_every_block_runs(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("CD004687StatsDataOnly.rm5").write_bytes(made.rm5())
    Path("data.csv").write_bytes(made.metapsy({}, {"study": "Bauer, 2012", "mean_arm1": "11.2"}))
    own = {"author_year": "Adams 2001", "outcome": "depression", "months_since_end": 0, "better": "lower"}
    arms = {"M_pdt": 10.1, "SD_pdt": 4.2, "N_pdt": 30, "mean_c": 12.9, "sd_c": 4.8, "n_c": 31}
    pd.DataFrame([own | arms]).to_excel("sheets.xlsx", sheet_name="Extraction", index=False)
    text, names = io.StringIO(), {}
    with warnings.catch_warnings(), contextlib.redirect_stdout(text):
        warnings.simplefilter("ignore")
        for language, block in BLOCKS:
            if language == "python":
                exec(block, names)
            if block.startswith("field,contains,word,better\n"):
                Path("my_names.csv").write_text(block, encoding="utf-8")
            for line in block.splitlines() if not language else ():
                if line.startswith("pdt-evidence ") and not line.startswith(SLOW):
                    assert main(shlex.split(line)[1:]) == 0, line
    assert "printed numbers reproduced (24 of 24 totals in every number)" in text.getvalue()
    assert len(list(tmp_path.iterdir())) > 12
    assert names["chosen"]["mean_t"].tolist() == [10.1]


def test_the_guide_shows_every_command_that_takes_a_file():
    shown = set(re.findall(r"^pdt-evidence (\w+)", GUIDE, flags=re.MULTILINE))
    assert shown >= {"import", "check", "pool", "forest", "audit", "claims", "report", "template", "export"}


def test_the_messages_that_it_quotes_are_those_that_are_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    header = "study,outcome,follow_up,mean_t,sd_t,n_t,mean_c,sd_c,n_c,beter\n"
    row = "depression,post,10.1,4.2,30,12.9,4.8,31,lower\n"
    rows = "".join(f"{name},{row}" for name in ("Adams 2001", "Brown 2005", "Clark 2010"))
    rows += "Clark 2010,anxiety,post,19.0,7.4,30,21.1,6.9,31,lower\n"
    rows += "Dahl 2012,depression,post,9.0,,22,13.1,4.9,20,lower\n"
    rows = rows.replace("Brown 2005,depression,post,10.1", "Brown 2005,depression,post,11.4")
    rows = rows.replace("Clark 2010,depression,post,10.1", "Clark 2010,depression,post,9.8")
    rows = rows.replace(
        "Brown 2005,depression,post,11.4,4.2,30,12.9", "Brown 2005,depression,post,11.4,4.2,30,13.9"
    )
    rows = rows.replace(
        "Clark 2010,depression,post,9.8,4.2,30,12.9", "Clark 2010,depression,post,9.8,4.2,30,12.1"
    )
    Path("my_trials.csv").write_text(header + rows, encoding="utf-8")
    assert main(["pool", "my_trials.csv"]) == 1
    assert capsys.readouterr().err.removeprefix("pdt-evidence: ").strip() in GUIDE
    Path("my_trials.csv").write_text(header.replace("beter", "better") + rows, encoding="utf-8")
    assert main(["check", "my_trials.csv"]) == 0
    assert capsys.readouterr().out.strip() in GUIDE
    shared = "".join(f"{name},{row}" for name in ("Adams 2015a", "Adams 2015b"))
    rows = shared.replace("Adams 2015b,depression,post,10.1", "Adams 2015b,depression,post,11.4")
    Path("my_trials.csv").write_text(header.replace("beter", "better") + rows, encoding="utf-8")
    assert main(["check", "my_trials.csv"]) == 0
    assert capsys.readouterr().out.split("\n")[0] in GUIDE


def test_the_template_has_examples_to_delete_and_is_never_written_over_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["template", "-o", "my_trials.csv"]) == 0
    assert main(["check", "my_trials.csv"]) == 0
    text = capsys.readouterr().out
    assert text.count("an example of the template. Delete the row.") == 2
    assert text.endswith("2 rows of 2 trials fit the schema; 2 warnings.\n")
    Path("my_trials.csv").write_text("filled in")
    assert main(["template", "-o", "my_trials.csv"]) == 1
    assert "is there already, and is left as it is" in capsys.readouterr().err
    assert Path("my_trials.csv").read_text() == "filled in"


def test_every_column_of_the_template_is_explained(capsys):
    from pdt_evidence.evidence.readers import template

    assert main(["template", "--columns"]) == 0
    explained = set(
        re.findall(
            r"^(\w+) \((?:string|number|integer|boolean)\): \S", capsys.readouterr().out, flags=re.MULTILINE
        )
    )
    assert set(template().split("\n")[0].split(",")) <= explained


@pytest.mark.parametrize(
    "command",
    [
        "reproduce",
        "pool",
        "forest",
        "check",
        "template",
        "import",
        "export",
        "audit",
        "claims",
        "report",
        "sources",
        "coverage",
    ],
)
def test_help_shows_an_example_that_is_a_command(command, capsys):
    from pdt_evidence.cli.arguments import command_parser

    with pytest.raises(SystemExit):
        main([command, "--help"])
    (example,) = re.findall(r"^example: pdt-evidence (.*)$", capsys.readouterr().out, flags=re.MULTILINE)
    assert command_parser().parse_args(shlex.split(example)).command.__name__ == f"{command}_command"
