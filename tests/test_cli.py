"""The command line as a user meets it: text, files and exit codes."""

import hashlib
import json
import re
import subprocess
import sys

import pandas as pd
import pytest

import pdt_evidence as pdt
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


@pytest.mark.parametrize("command", ["pool", "sensitivity"])
def test_a_column_named_twice_makes_strata_once(command, trials, capsys):
    """It ended in a traceback."""
    found = []
    for by in ("outcome,outcome", "outcome"):
        assert main([command, str(trials), "--by", by]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1]


def test_pool_as_review_manager_does(trials, capsys, tmp_path):
    out = tmp_path / "pooled.csv"
    assert main(["pool", str(trials), "--style", "revman", "-o", str(out)]) == 0
    assert "as Review Manager pools" in capsys.readouterr().out
    assert pd.read_csv(out)["method"].tolist() == ["IV, DL", "IV, DL"]
    assert main(["pool", str(trials), "--style", "stata"]) == 1
    assert "Choose one of: 'library', 'revman'" in capsys.readouterr().err


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
    assert message in captured.err + captured.out
    assert "Traceback" not in captured.err


def test_a_file_that_is_not_there_is_exit_code_1(tmp_path, capsys):
    assert main(["pool", str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["pool"], ["forest"]])
@pytest.mark.parametrize("out", ["none/forest.png/x.png", "folder.png"])
def test_what_cannot_be_written_is_one_sentence(trials, tmp_path, capsys, command, out, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none").write_text("")
    (tmp_path / "folder.png").mkdir()
    assert main([*command, str(trials), "-o", out]) == 1
    err = capsys.readouterr().err
    assert "cannot be written" in err or "does not exist" in err
    assert err.count("\n") == 1


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


LACKING = TRIALS + "Dahl 2012,depression,post,9.0,,22,13.1,4.9,20,lower\n"


@pytest.mark.parametrize("command", [["pool"], ["forest", "-o", "forest.svg"]])
def test_a_pool_says_from_which_file_it_is(trials, capsys, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["import", str(trials), "-o", "imported.csv"]) == 0
    assert main([command[0], "imported.csv", *command[1:]]) == 0
    digest = hashlib.sha256(trials.read_bytes()).hexdigest()
    text = (
        f"imported.csv, imported from my_trials.csv (table of trials, {trials.stat().st_size} bytes, SHA-256 "
    )
    assert f"Data: {text}{digest})" in capsys.readouterr().out
    if command[0] == "forest":
        drawn = " ".join(re.findall(r">([^<]+)<", (tmp_path / "forest.svg").read_text()))
        assert f"SHA-256 {digest[:12]}" in " ".join(drawn.split())


@pytest.mark.parametrize("command", [["pool"], ["forest", "-o", "forest.svg"]])
def test_rows_excluded_are_listed_with_their_line_and_reason(trials, capsys, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trials.write_text(LACKING, encoding="utf-8")
    assert main([command[0], str(trials), *command[1:]]) == 0
    captured = capsys.readouterr()
    assert captured.out.endswith("\n1 row of the file went into no stratum:\n  line 6 (Dahl 2012): no sd_t\n")
    assert "left_out" not in captured.out + captured.err


def test_rows_that_the_table_sets_aside_are_pooled_by_none_and_told(trials, capsys):
    rows = TRIALS.replace("better\n", "better,status\n").replace("lower\nBrown", "lower,disputed\nBrown")
    trials.write_text(rows.replace("lower\n", "lower,\n"), encoding="utf-8")
    assert main(["pool", str(trials)]) == 0
    out = capsys.readouterr().out
    assert "depression  post       2" in out
    assert "line 2 (Adams 2001): its status is disputed" in out


def test_check_prints_json_for_programs(trials, capsys):
    trials.write_text(TRIALS.replace("10.1", "ten"), encoding="utf-8")
    assert main(["check", str(trials), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["errors"] == 1


def test_check_calls_rows_as_the_file_does(trials, capsys):
    trials.write_text(LACKING, encoding="utf-8")
    assert main(["check", str(trials)]) == 0
    assert "line 6 (Dahl 2012), sd_t: warning: no effect can be computed" in capsys.readouterr().out
    trials.write_text("study,row_id,yi,vi\nAdams 2001,a,,0.1\n", encoding="utf-8")
    assert main(["check", str(trials)]) == 0
    out = capsys.readouterr().out
    assert "my_trials.csv: 1 row of 1 trial fits the schema; 1 warning.\n" in out
    assert "line 2, row a (Adams 2001), yi: warning: no effect can be computed: yi is blank." in out


def test_check_lists_columns_that_it_does_not_know(trials, capsys):
    trials.write_text("study,outcome,dose,site,yi,vi\nAdams 2001,pain,2,A,0.2,0.1\n", encoding="utf-8")
    assert main(["check", str(trials)]) == 0
    assert (
        "note: columns of your own, kept as they are and not checked: dose, site." in capsys.readouterr().out
    )


@pytest.mark.parametrize("command", ["check", "pool"])
def test_without_an_outcome_the_columns_of_the_file_are_offered(trials, capsys, command):
    trials.write_text("study,site,yi,vi\nAdams 2001,A,0.2,0.1\nBrown 2005,B,0.2,0.1\n", encoding="utf-8")
    assert main([command, str(trials)]) == 0
    captured = capsys.readouterr()
    assert (
        "note: there is no column 'outcome', so `pool` and `forest` take all rows as one outcome. Add it, or choose "
        "strata with --by, of the columns of your file: site, follow_up (all rows are in one).\n"
    ) in (captured.err or captured.out)


@pytest.mark.parametrize("command", ["check", "pool", "forest", "report"])
def test_an_outcome_under_another_name_is_refused_by_all_alike(trials, capsys, command):
    rows = "study,domain,site,yi,vi\nAdams 2001,pain,A,0.2,0.1\nBrown 2005,pain,B,0.2,0.1\n"
    trials.write_text(rows, encoding="utf-8")
    out = (
        []
        if command in ("check", "pool")
        else ["-o", str(trials.with_suffix(".html" if command == "report" else ".svg"))]
    )
    assert main([command, str(trials), *out]) == 1
    captured = capsys.readouterr()
    assert "column 'outcome' is missing" in captured.out + captured.err
    assert "'domain'" in captured.out + captured.err
    with pytest.raises(pdt.EvidenceError, match="column 'outcome' is missing"):
        pdt.synthesize(pdt.read_trials(trials))
    assert main(["pool", str(trials), "--by", "domain"]) == 0


def test_a_column_that_is_to_be_renamed_is_not_called_one_of_the_readers_own(trials, capsys):
    trials.write_text("author,domain,site,fu_months,yi,vi\nAdams 2001,pain,A,0,0.2,0.1\n", encoding="utf-8")
    assert main(["check", str(trials)]) == 1
    out = capsys.readouterr().out
    assert "Rename author to study" in out
    assert "column 'fu_months' is kept as one of your own. If it is 'months_since_end', rename it" in out
    assert "note: columns of your own, kept as they are and not checked: site.\n" in out
    assert "of the columns of your file: domain, site, follow_up" in out


def test_a_blank_cell_makes_no_stratum_without_a_name(trials, capsys):
    trials.write_text("study,site,yi,vi\nAdams 2001,A,0.2,0.1\nBrown 2005,,0.2,0.1\n", encoding="utf-8")
    assert main(["pool", str(trials), "--by", "site"]) == 0
    captured = capsys.readouterr()
    assert "\nunknown  1" in captured.out
    assert captured.err == "note: 1 row without site in stratum 'unknown'\n"


@pytest.mark.parametrize("command", ["check", "pool", "forest"])
def test_help_says_which_columns_are_needed(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    out = capsys.readouterr().out
    for words in (
        "mean_t sd_t n_t mean_c sd_c n_c",
        "better ",
        "outcome ",
        "pdt-evidence template --columns",
    ):
        assert words in out


def test_the_measure_that_is_asked_for_is_pooled_on_its_log_scale(trials, capsys):
    header = "study,outcome,better,event_t,n_t,event_c,n_c"
    rows = "A 2001,pain,lower,5,30,9,31\nB 2005,pain,lower,8,40,9,38"
    trials.write_text(f"{header}\n{rows}\n", encoding="utf-8")
    assert main(["pool", str(trials), "--measure", "OR"]) == 0
    assert capsys.readouterr().out.startswith("log OR by outcome, follow_up")


def test_a_table_without_the_direction_that_is_good_is_refused(trials, capsys):
    trials.write_text(TRIALS.replace(",better", ",beter"), encoding="utf-8")
    assert main(["pool", str(trials)]) == 1
    assert "column 'beter' is not known. Did you mean 'better'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "files"),
    [
        ("x.csv", ["x.csv"]),
        ("x.R", ["x.R", "x_effects.csv", "x_pooled.csv"]),
        ("x.json", ["x.json", "x.schema.json"]),
        ("x.ris", ["x.ris"]),
        ("x.bib", ["x.bib"]),
        ("pack", ["pack/datapackage.json", "pack/sources.csv", "pack/trials.csv"]),
    ],
)
def test_export_writes_every_format(trials, tmp_path, monkeypatch, capsys, out, files):
    monkeypatch.chdir(tmp_path)
    assert main(["export", trials.name, "--select", "outcome=depression", "-o", out]) == 0
    assert sorted(capsys.readouterr().out.split()) == sorted(
        word for name in files for word in ("wrote", name)
    )
    assert all(
        "anxiety" not in (tmp_path / name).read_text() for name in files if not name.endswith("schema.json")
    )


def test_the_bundled_trials_are_exported_without_a_file(tmp_path):
    out = tmp_path / "x.csv"
    assert (
        main(["export", "--select", "comparison=pdt_vs_cbt", "--select", "outcome=anxiety", "-o", str(out)])
        == 0
    )
    rows = pd.read_csv(out)
    assert len(rows) > 2
    assert set(rows["comparison"]) == {"pdt_vs_cbt"}


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("outcom=anxiety", "Did you mean 'outcome'?"),
        ("outcome", "expected column=word"),
        (
            "outcome=anxity",
            "outcome = anxity is in no row of the table. Did you mean 'anxiety'? There is: anxiety, depression.",
        ),
    ],
)
def test_a_selection_that_is_none_is_said(trials, tmp_path, capsys, condition, said):
    assert main(["export", str(trials), "--select", condition, "-o", str(tmp_path / "x.csv")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()


EVENTS = """study,outcome,better,score,event_t,n_t,event_c,n_c
Adams 2001,remission,higher,events,12,30,8,31
Brown 2005,remission,higher,events,20,45,16,44
"""
CONVERTED = "2 rows hold events alone: converted to SMDs from their log odds ratios. --measure OR keeps them as events."
REVIEWED = "2 rows hold events, pooled by RR as in their review. --measure SMD converts them."


@pytest.mark.parametrize(
    ("measures", "options", "pooled", "said"),
    [
        (["RR"], [], "log RR by", REVIEWED),
        (["RR"], ["--measure", "SMD"], "SMD by", ""),
        (["RR"], ["--style", "revman"], "log RR by outcome", ""),
        (["OR", "RR"], [], "SMD by", CONVERTED.replace("OR keeps", "OR or RR keeps")),
        (None, [], "SMD by", CONVERTED),
    ],
)
def test_events_are_pooled_as_their_review_pools_them_or_said_to_be_converted(
    tmp_path, capsys, measures, options, pooled, said
):
    path = tmp_path / "events.csv"
    path.write_text(EVENTS, encoding="utf-8")
    if measures:
        out = tmp_path / "imported.csv"
        assert main(["import", str(path), "-o", str(out)]) == 0
        about = json.loads(out.with_suffix(".json").read_text())
        about["source"]["event_measures"] = measures
        out.with_suffix(".json").write_text(json.dumps(about))
        path = out
    capsys.readouterr()
    assert main(["pool", str(path), *options]) == 0
    out = capsys.readouterr().out
    assert pooled in out
    assert re.findall(r"Events: (.*)", out) == ([said] if said else [])
    assert main(["check", str(path)]) == 0
    assert (said or REVIEWED) in capsys.readouterr().out


def test_imported_trials_without_a_review_are_refused_or_reported_on_by_themselves(trials, capsys):
    """They are passed over by nothing: everything about the article needs the review, a page of their own does not."""
    assert main(["reproduce", "--imported", str(trials)]) == 1
    assert "without --review" in capsys.readouterr().err
    assert main(["claims", "--imported", str(trials)]) == 0
    assert "none is judged by this table" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "near"), [("--methd", "--method"), ("--studs", ""), ("--measur2=OR", "--measure")]
)
def test_an_option_that_is_none_is_named_with_its_nearest(trials, capsys, word, near):
    with pytest.raises(SystemExit) as stopped:
        main(["pool", str(trials), word])
    assert stopped.value.code == 2
    err = capsys.readouterr().err
    assert f"unrecognized arguments: {word}" in err
    assert (f"Did you mean {near!r}?" in err) if near else ("Did you mean" not in err)


def test_a_forest_takes_width_style_columns_and_title(trials, tmp_path, capsys):
    figure = tmp_path / "forest.svg"
    options = ["--width", "170", "--style", "jama", "--columns", "study,effect", "--title", "Trials of mine"]
    assert main(["forest", str(trials), "-o", str(figure), *options]) == 0
    drawn = figure.read_text()
    assert "Trials of mine" in " ".join(drawn.split())
    width = float(re.search(r'<svg[^>]* width="([0-9.]+)pt"', drawn)[1])
    assert width == pytest.approx(170 / 25.4 * 72, abs=1)
    assert main(["forest", str(trials), "-o", str(figure), "--style", "jma"]) == 1
    assert "Did you mean 'jama'?" in capsys.readouterr().err
    assert main(["forest", str(trials), "-o", str(figure), "--style", "revman"]) == 0
    assert "not known" not in capsys.readouterr().err


def test_an_import_says_how_many_rows_give_an_effect_and_fails_where_none_does(tmp_path, capsys):
    text = (
        "study,condition_arm1,condition_arm2,instrument,time,mean_arm1,sd_arm1,n_arm1,mean_arm2,sd_arm2,n_arm2\n"
        "A 2001,cbt,wl,Zest,post,10,4,30,12,4,30\nB 2002,cbt,wl,Zest,post,9,4,30,12,4,\n"
    )
    file, out = tmp_path / "database.csv", tmp_path / "imported.csv"
    file.write_text(text)
    command = ["import", str(file), "-o", str(out)]
    assert main(command) == 1
    said = capsys.readouterr()
    assert "effects: 0 of 1 row give one" in said.out
    assert "1 row: column 'better' does not say which direction is good" in said.out
    assert "--better lower" in said.err
    assert main([*command, "--better", "lower"]) == 0
    assert "effects: 1 of 1 row gives one" in capsys.readouterr().out


def test_only_counts_that_were_pooled_are_said_to_be_converted(tmp_path, capsys):
    file = tmp_path / "both.csv"
    file.write_text(
        "study,outcome,better,mean_t,sd_t,mean_c,sd_c,event_t,event_c,n_t,n_c\n"
        "A 2001,depression,lower,10,4,12,4,,,30,30\nA 2001,depression,lower,,,,,9,15,30,30\n"
        "B 2002,depression,lower,9,4,12,4,,,30,30\n"
    )
    assert main(["pool", str(file)]) == 0
    assert "hold" not in capsys.readouterr().out


def test_bundled_trials_are_exported_in_the_same_strata_named_or_not(tmp_path, capsys):
    selection = ["--outcome", "depression", "--follow-up", "post"]
    for name, bundled in (("named", ["--bundled"]), ("unnamed", [])):
        assert main(["export", *bundled, *selection, "-o", str(tmp_path / f"{name}.json")]) == 0
    named, unnamed = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("named", "unnamed"))
    assert unnamed["settings"] == named["settings"]
    assert len(unnamed["strata"]) == len(named["strata"]) > 1


def test_what_python_would_write_is_advised_as_options(tmp_path, trials, capsys):
    file = tmp_path / "mixed.csv"
    lines = TRIALS.splitlines()
    words = ["comparison", "pdt_vs_cbt", "pdt_vs_control", "pdt_vs_cbt", "pdt_vs_control"]
    file.write_text("\n".join(f"{line},{word}" for line, word in zip(lines, words, strict=True)))
    assert main(["pool", str(file), "--by", "outcome,follow_up"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "write --by comparison,outcome,follow_up." in said
    assert main(["compare", str(trials), str(trials)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "; --claims judges them" in said


def test_numbers_of_a_column_with_blanks_are_selected_as_the_file_has_them(tmp_path, capsys):
    file = tmp_path / "blanks.csv"
    file.write_text(TRIALS + "Dean 2012,depression,post,9.0,4.4,,13.1,4.9,20,lower\n")
    assert main(["pool", str(file), "--select", "n_t=30"]) == 0
    assert "depression" in capsys.readouterr().out


def test_a_regression_knows_the_studies_by_the_name_that_the_file_has(trials, capsys):
    main(["metareg", "yi ~ study", str(trials)])
    assert "no column 'study'" not in capsys.readouterr().err
