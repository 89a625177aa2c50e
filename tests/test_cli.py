"""The command line as a user meets it: text, files and exit codes."""

import subprocess
import sys

import pandas as pd
import pytest

from pdt_evidence.cli import main

TRIALS = """study,outcome,follow_up,mean_t,sd_t,n_t,mean_c,sd_c,n_c,better
Adams 2001,depression,post,10.1,4.2,30,12.9,4.8,31,lower
Brown 2005,depression,post,11.4,5.0,45,12.6,5.1,44,lower
Clark 2010,depression,post,9.0,4.4,22,13.1,4.9,20,lower
Clark 2010,anxiety,post,19.0,7.4,22,21.1,6.9,20,lower
"""


@pytest.fixture
def trials(tmp_path):
    path = tmp_path / "my_trials.csv"
    path.write_text(TRIALS, encoding="utf-8")
    return path


def test_pool_prints_a_line_a_stratum(trials, capsys):
    assert main(["pool", str(trials)]) == 0
    out = capsys.readouterr().out
    assert "depression  post       3" in out
    assert "anxiety     post       1" in out


def test_pool_takes_strata_and_models(trials, capsys, tmp_path):
    out = tmp_path / "deep" / "pooled.csv"
    options = ["--by", "outcome", "--method", "DL", "--test", "z", "--level", "0.9", "-o", str(out)]
    assert main(["pool", str(trials), *options]) == 0
    assert "DL, z, 90% intervals" in capsys.readouterr().out
    assert pd.read_csv(out)["method"].tolist() == ["DL", "DL"]


@pytest.mark.parametrize("ending", ["pdf", "svg", "png"])
def test_forest_writes_a_figure(trials, tmp_path, ending):
    figure = tmp_path / f"forest.{ending}"
    assert main(["forest", str(trials), "-o", str(figure)]) == 0
    assert figure.stat().st_size > 5_000


def test_check_says_that_all_is_well(trials, capsys):
    assert main(["check", str(trials)]) == 0
    assert "4 rows" in capsys.readouterr().out


BAD = {
    "a misspelt column": (TRIALS.replace("sd_t", "sdt"), "sd_t"),
    "text in a number": (TRIALS.replace("10.1", "ten"), "expected a number, found 'ten'"),
    "an SD of nothing": (TRIALS.replace("4.2", "0"), "sd_t"),
    "one patient": (TRIALS.replace(",22,", ",1,"), "n_t"),
    "an unknown window": (
        TRIALS.replace("post", "later", 1),
        "expected one of post, short, medium, long, unknown",
    ),
    "no rows": (TRIALS.split("\n")[0] + "\n", "no rows"),
}


@pytest.mark.parametrize("command", ["check", "pool"])
@pytest.mark.parametrize("fault", BAD)
def test_bad_evidence_is_one_message_and_exit_code_1(trials, capsys, fault, command):
    text, message = BAD[fault]
    trials.write_text(text, encoding="utf-8")
    assert main([command, str(trials)]) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_a_file_that_is_not_there_is_exit_code_1(tmp_path, capsys):
    assert main(["pool", str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err


def test_nothing_is_written_when_the_request_fails(trials, tmp_path):
    figure = tmp_path / "forest.pdf"
    assert main(["forest", str(trials), "-o", str(figure), "--method", "MAGIC"]) == 1
    assert not figure.exists()


@pytest.mark.parametrize("arguments", [["pool"], ["dance"], [], ["forest", "x.csv"]])
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "found"), [("claims", "OVERSTATED"), ("sources", "ODC-By"), ("coverage", "33")]
)
def test_tables_print(command, found, capsys):
    assert main([command]) == 0
    assert found in capsys.readouterr().out


def test_the_command_is_there_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "pdt_evidence.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("pdt-evidence ")
