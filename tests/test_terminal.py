"""What a terminal shows: as wide as it is, coloured where it may be, and a first word at once."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.cli import main
from pdt_evidence.cli.arguments import command_parser
from pdt_evidence.formatting import aligned
from pdt_evidence.screen import colours, emphasised, fitted, within, wrapped

TRIALS = """study,outcome,follow_up,mean_t,sd_t,n_t,mean_c,sd_c,n_c,better,year
Adams 2001,depression,post,10.1,4.2,30,12.9,4.8,31,lower,2001
Brown 2005,depression,post,11.4,5.0,45,12.6,5.1,44,lower,2005
Clark 2010,depression,post,9.0,4.4,22,13.1,4.9,20,lower,2010
Dunne 2014,depression,post,9.5,4.6,40,11.1,4.7,41,lower,2014
Evans 2018,depression,post,8.8,4.1,33,12.0,5.2,30,lower,2018
Clark 2010,anxiety,post,19.0,7.4,22,21.1,6.9,20,lower,2010
"""
CBT = ["--bundled", "--comparison", "pdt_vs_cbt", "--outcome", "depression", "--follow-up", "post"]
COMMANDS = {
    "pool": ["pool", "FILE"],
    "pool bundled": ["pool", *CBT],
    "equivalence": ["equivalence", "FILE"],
    "equivalence bundled": ["equivalence", *CBT],
    "metareg": ["metareg", "yi ~ year", "FILE", "--outcome", "depression"],
    "bias": ["bias", "FILE", "--outcome", "depression"],
    "findings": ["findings", "FILE", "--outcome", "depression"],
    "sensitivity": ["sensitivity", "FILE", "--outcome", "depression"],
    "compare": ["compare", "OLD", "FILE"],
    "check": ["check", "FILE"],
    "sources": ["sources"],
    "coverage": ["coverage"],
}


@pytest.fixture
def trials(tmp_path):
    path = tmp_path / "my_trials.csv"
    path.write_text(TRIALS, encoding="utf-8")
    path.with_name("old.csv").write_text("".join(TRIALS.splitlines(keepends=True)[:-2]), encoding="utf-8")
    return path


def run(command, path, capsys):
    files = {"FILE": path, "OLD": path.with_name("old.csv")}
    assert main([str(files.get(word, word)) for word in command]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_wider_than_the_terminal_and_no_word_is_broken(name, trials, capsys, monkeypatch):
    wide = run(COMMANDS[name], trials, capsys)
    monkeypatch.setenv("COLUMNS", "80")
    narrow = run(COMMANDS[name], trials, capsys)
    address = re.compile(r"\S{60,}|doi:\S+")  # what cannot be broken
    assert [line for line in narrow.splitlines() if len(line) > 80 and not address.search(line)] == []
    of_tables = re.sub(r"\(a wider terminal also shows [^)]*\)", "", narrow)
    assert set(of_tables.split()) <= set(wide.split())


def test_a_table_leaves_out_what_is_worth_least_and_says_so(trials, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    text = run(["pool", "FILE"], trials, capsys)
    assert "(a wider terminal also shows tau2, pi.lb, pi.ub" in text
    assert "estimate" in text


def test_words_of_a_table_are_broken_between_words_where_columns_do_not_suffice():
    rows = [("what", "n"), ("a long story of many words", "12")]
    with within(18):
        lines, words, missing = fitted(rows, 1)
    assert (words, missing) == (1, ())
    assert lines == [("what", "n"), ("a long story", "12"), ("of many words", "")]
    assert fitted(rows, 1)[0] == rows


def test_a_column_of_names_stands_over_its_rows_where_it_has_no_room_before_them():
    rows = [("comparison", "outcome", "k"), ("pdt_vs_cbt", "anxiety", "4"), ("pdt_vs_cbt", "dropout", "12")]
    with within(20):
        assert aligned(rows, 2) == [
            "comparison",
            "  outcome   k",
            "pdt_vs_cbt",
            "  anxiety   4",
            "  dropout  12",
        ]
    assert aligned(rows, 2)[1] == "pdt_vs_cbt  anxiety   4"


def test_long_lines_go_on_below_their_beginning():
    assert wrapped("one\n  two three four", 13) == "one\n  two three\n    four".replace(
        "two three", "two three"
    )
    assert wrapped("one two") == "one two"


def test_integers_have_no_decimals(capsys):
    assert main(["coverage"]) == 0
    assert not re.search(r"\d\.0\b", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("environment", "is_terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colour_only_on_a_terminal_and_never_against_no_color(
    environment, is_terminal, coloured, monkeypatch
):
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    assert colours() is coloured
    assert emphasised("overstated") == ("\033[1;33moverstated\033[0m" if coloured else "overstated")


def test_a_verdict_is_bold_and_has_its_colour(trials, capsys, monkeypatch):
    plain = run(["equivalence", "FILE", "--outcome", "depression"], trials, capsys)
    assert "\033[" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run(["equivalence", "FILE", "--outcome", "depression"], trials, capsys)
    assert "\033[1;32msuperior\033[0m" in coloured
    assert re.sub(r"\033\[[\d;]*m", "", coloured) == plain


def test_the_verdicts_of_claims_are_marked(monkeypatch):
    from pdt_evidence.cli.commands import highlighted

    monkeypatch.setenv("FORCE_COLOR", "1")
    text = " 1. cochrane-depression-anxiety: partly supported\n   OVERSTATED. It says overstated."
    assert highlighted(text) == (
        " 1. cochrane-depression-anxiety: \033[1;33mpartly supported\033[0m\n"
        "   \033[1;33mOVERSTATED\033[0m. It says overstated."
    )


def test_reproduce_says_at_once_what_it_does(tmp_path, capsys, monkeypatch):
    """Before anything is computed, and before the library is loaded."""
    said = []

    def reproduce(out, *, progress):
        said.append(capsys.readouterr().err)
        progress("  1 of 5: pooling the trials")
        said.append(capsys.readouterr().err)
        return "2 files\n 1. a-claim: overstated"

    monkeypatch.setattr("pdt_evidence.reporting.reproduce", reproduce)
    assert main(["reproduce", "--out", str(tmp_path)]) == 0
    assert said[0].startswith("Computing every pool, figure and verdict anew from the bundled data")
    assert str(tmp_path) in said[0]
    assert said[1] == "  1 of 5: pooling the trials\n"
    assert "a-claim: overstated" in capsys.readouterr().out


def test_a_run_shows_its_first_line_before_it_computes(tmp_path):
    """In a process of its own, ended as soon as it has spoken."""
    command = [sys.executable, "-m", "pdt_evidence.cli", "reproduce", "--out", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        line = process.stderr.readline()
        written = list(tmp_path.rglob("*.*"))
        still_runs = process.poll() is None
        process.terminate()
    assert line.startswith("Computing every pool")
    assert still_runs
    assert not written


def test_help_says_what_the_program_is_for(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert text.split("\n\n")[1].startswith("What is known of psychodynamic therapy")
    assert "pdt-evidence pool --bundled" in text
    for name in ("equivalence", "metareg", "funnel", "sensitivity", "bias"):
        assert re.search(rf"^    {name}\b", text, re.MULTILINE)


@pytest.mark.parametrize("command", ["pool", "equivalence", "metareg", "forest"])
def test_help_fits_80_columns(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("example:")]
    assert max(map(len, lines)) <= 80


def test_the_bundled_trials_are_pooled_by_their_words(capsys):
    assert main(["pool", "--bundled", "--comparison", "pdt_vs_cbt", "--outcome", "depression"]) == 0
    text = capsys.readouterr().out
    assert "SMD by comparison, outcome, follow_up" in text
    assert re.search(r"^pdt_vs_cbt  depression  post +\d", text, re.MULTILINE)
    assert "rows of the bundled trials (data " in text


def test_equivalence_has_the_margin_of_the_field_or_the_one_that_is_given(trials, capsys):
    text = run(["equivalence", "FILE", "--outcome", "anxiety"], trials, capsys)
    assert "margin 0.25 (Steinert 2017" in text
    text = run(["equivalence", "FILE", "--outcome", "anxiety", "--margin", "0.5"], trials, capsys)
    assert "margin 0.5." in text


def test_a_regression_names_its_rows_and_warns_of_mixtures(trials, capsys):
    assert main(["metareg", "yi ~ year", str(trials)]) == 0
    captured = capsys.readouterr()
    assert "Mixed-effects" in captured.out or "Correlated and hierarchical effects" in captured.out
    assert "Data: my_trials.csv" in captured.out
    assert "2 kinds of outcome go into one model (anxiety, depression)" in captured.err


def test_a_regression_without_moderators_gives_the_pool(capsys):
    rows = ["--bundled", "--comparison", "pdt_vs_control", "--outcome", "depression", "--follow-up", "post"]
    found = {}
    for rule in ("aggregate", "che"):
        assert main(["pool", *rows, "--dependence", rule]) == 0
        pooled = re.search(r"^pdt_vs_control .*?(\d\.\d{4})", capsys.readouterr().out, re.MULTILINE)
        assert main(["metareg", "yi ~ 1", *rows, "--dependence", rule]) == 0
        captured = capsys.readouterr()
        regressed = re.search(r"^Intercept +(\d\.\d{4})", captured.out, re.MULTILINE)
        assert "count persons" not in captured.err
        found[rule] = pooled[1]
        assert pooled[1] == regressed[1]
    assert found["aggregate"] != found["che"]


def test_a_regression_of_the_terminal_has_no_three_levels(trials, capsys):
    assert main(["metareg", "yi ~ year", str(trials), "--dependence", "three-level"]) == 1
    assert "--dependence che" in capsys.readouterr().err


def test_a_file_without_outcomes_is_one(trials, capsys):
    table = pd.read_csv(trials).query("outcome == 'depression'").drop(columns="outcome")
    table.to_csv(trials, index=False)
    expected = pdt.synthesize(pdt.read_trials(trials))["post",].estimate
    for command in (["pool"], ["metareg", "yi ~ 1"]):
        assert main([*command, str(trials)]) == 0
        assert f"{expected:.4f}" in capsys.readouterr().out


def test_a_funnel_is_written(trials, tmp_path, capsys):
    out = tmp_path / "funnel.svg"
    assert main(["funnel", str(trials), "--outcome", "depression", "-o", str(out)]) == 0
    assert out.stat().st_size > 5_000
    assert f"wrote {out}" in capsys.readouterr().out


BAD = {
    "no evidence at all": (["pool"], 2, "give one of the two: a FILE, or --bundled"),
    "both": (["pool", "FILE", "--bundled"], 2, "give one of the two: a FILE, or --bundled"),
    "an outcome that is none": (["bias", "FILE", "--outcome", "sleep"], 1, "outcome = sleep is in no row"),
    "several strata in one funnel": (
        ["funnel", "FILE", "-o", "x.png"],
        1,
        "This shows one stratum, and there are 2 by outcome, follow_up: depression, post; anxiety, post. Name one, "
        "as in --outcome depression, or make fewer with --by.",
    ),
    "a margin that is none": (
        ["equivalence", "FILE", "--margin", "wide"],
        1,
        "margin = 'wide' is not known.",
    ),
    "no margin of another measure": (
        ["equivalence", "FILE", "--measure", "MD"],
        1,
        "A margin is needed for MD: --margin 0.25",
    ),
    "a formula of columns that are not there": (["metareg", "yi ~ size", "FILE"], 1, "size"),
    "a test by another name": (["pool", "FILE", "--test", "hksj"], 1, "Did you mean 'knha'?"),
    "a direction that is none": (["bias", "FILE", "--direction", "up"], 2, "invalid choice: 'up'"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_request_that_cannot_be_met_is_one_sentence(fault, trials, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, code, sentence = BAD[fault]
    words = [str(trials) if word == "FILE" else word for word in command]
    try:
        found = main(words)
    except SystemExit as end:
        found = end.code
    captured = capsys.readouterr()
    assert found == code
    assert sentence in captured.err
    assert "Traceback" not in captured.err
    assert not (tmp_path / "x.png").exists()


def test_the_commands_of_the_page_on_the_terminal_are_commands(tmp_path, monkeypatch, capsys):
    """Each is understood whole; the two that write are run, the others are run in `COMMANDS` above."""
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[1] / "docs" / "how-to" / "from-the-terminal.md"
    lines = re.findall(r"^pdt-evidence (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) >= 7
    for line in lines:
        _, unknown = command_parser().parse_known_args(shlex.split(line))
        assert unknown == [], line
    for line in (line for line in lines if " -o " in line):
        assert main(shlex.split(line)) == 0, line
    assert {path.name for path in tmp_path.iterdir()} == {"funnel.svg", "forest.svg"}


def test_a_summary_of_findings_is_printed_or_written(trials, capsys, tmp_path):
    asked = ["findings", str(trials), "--outcome", "depression"]
    assert main([*asked, "--control-rate", "0.3", "--minimal", "0.5"]) == 0
    printed = capsys.readouterr().out
    assert "Control rate: 30%" in printed
    for ending, word in ((".html", "<table"), (".tex", "tabular"), (".csv", "imprecision_suggestion")):
        out = tmp_path / f"findings{ending}"
        assert main([*asked, "-o", str(out)]) == 0
        assert word in out.read_text(encoding="utf-8")
    assert main([*asked, "-o", str(tmp_path / "findings.pdf")]) == 1
    assert "written as one of .html, .docx, .tex, .csv" in capsys.readouterr().err
