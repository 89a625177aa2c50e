"""`check` says everything at once, as a linter does: errors and warnings, by line, in every format."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers.trials import read_trials
from pdt_evidence.reporting.check import check_file

HEADER = "study,outcome,follow_up,mean_t,sd_t,n_t,mean_c,sd_c,n_c,better,dose"
LINES = (
    "Adams 2001,depression,post,10.1,4.2,30,12.9,4.8,31,lower,2",
    "Brown 2005,depresion,post,ten,0,45,12.6,5.1,44,lower,2",
    "Clark 2010,depression,post,39.0,4.4,22,13.1,4.9,20,lower,2",
    "Clark 2010,anxiety,later,19.0,7.4,22,21.1,6.9,20,,2",
    "Dahl 2012,depression,post,,,22,13.1,4.9,20,lower,2",
)
FOUND = [  # row of the table, severity, column
    (1, "error", "mean_t"),
    (1, "error", "outcome"),
    (1, "error", "sd_t"),
    (2, "warning", "mean_t"),
    (3, "error", "better"),
    (3, "error", "follow_up"),
    (4, "warning", "mean_t"),
]


@pytest.fixture
def made():
    sys.path.insert(0, str(Path(__file__).parents[1] / "evidence" / "readers"))
    import made_files

    return made_files


def write(folder, ending):
    """The table in a format, and the line of its first row."""
    path = folder / f"mine.{ending}"
    rows = pd.DataFrame([line.split(",") for line in LINES], columns=HEADER.split(","))
    if ending == "xlsx":
        rows.to_excel(path, index=False, sheet_name="Trials")
    elif ending == "parquet":
        rows.to_parquet(path)
    else:
        mark = {"csv": ",", "tsv": "\t"}[ending]
        path.write_text("\n".join([HEADER, *LINES]).replace(",", mark) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("ending", "first", "place"),
    [
        ("csv", 2, "line 4 (Clark 2010)"),
        ("tsv", 2, "line 4 (Clark 2010)"),
        ("xlsx", 2, "sheet 'Trials', row 4 (Clark 2010)"),
        ("parquet", 1, "row 3 (Clark 2010)"),
    ],
)
def test_errors_and_warnings_are_told_together_by_line(tmp_path, ending, first, place):
    found = check_file(write(tmp_path, ending))
    texts = [(finding.line, finding.severity, finding.column) for finding in found.findings]
    assert [line for line, *_ in texts] == sorted(line for line, *_ in texts)
    assert sorted(texts) == sorted((first + row, *rest) for row, *rest in FOUND)
    assert found.findings[3].place == place
    assert all(finding.what.endswith(".") and finding.place for finding in found.findings)
    assert found.summary().endswith("5 errors and 2 warnings in 5 rows of 4 trials.")


def test_what_is_lacking_for_an_effect_is_named(tmp_path):
    last = check_file(write(tmp_path, "csv")).findings[-1]
    assert str(last) == (
        "line 6 (Dahl 2012), mean_t: warning: no effect can be computed: mean_t and sd_t are blank. Fill them in; "
        "as it is, the row stays out of every pool."
    )


@pytest.mark.parametrize(
    ("header", "row", "column", "what"),
    [
        (
            "reported_metric,reported",
            "g,0.5",
            "reported",
            "comes without standard error, confidence limits or arm sizes",
        ),
        ("reported_metric,reported,n_t", "MD,0.5,20", "reported", "MD"),
        ("yi,vi", ",0.1", "yi", "yi is blank"),
        ("yi,sei", "0.2,", "vi", "yi has no vi, no sei, and not both limits"),
        ("better,event_t,n_t,event_c,n_c", "lower,3,20,,20", "event_c", "event_c is blank"),
        (
            "yi,vi,better,mean_t,sd_t,n_t,mean_c,sd_c,n_c",
            ",,lower,10,4,30,13,5,31",
            "yi",
            "yi or vi is blank, and means of both arms are not used beside effects that are given.",
        ),
    ],
)
def test_rows_of_every_kind_say_why_they_give_no_effect(tmp_path, header, row, column, what):
    path = tmp_path / "mine.csv"
    path.write_text(f"study,outcome,{header}\nAdams 2001,depression,{row}\n", encoding="utf-8")
    (found,) = check_file(path).findings
    assert (found.severity, found.column) == ("warning", column)
    assert what in found.what


def test_a_misspelt_column_does_not_hide_the_rest(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([HEADER.replace("better", "beter"), *LINES]) + "\n", encoding="utf-8")
    found = check_file(path)
    assert (found.errors[0].place, found.errors[0].column) == ("header", "beter")
    assert {finding.column for finding in found.errors} == {"beter", "mean_t", "sd_t", "outcome", "follow_up"}


def test_rows_of_unequal_length_are_all_told(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([HEADER, LINES[0], *("Adams 2001,x",) * 30]) + "\n", encoding="utf-8")
    found = check_file(path)
    assert len(found.errors) == 30
    assert found.errors[0].what.startswith("line 3: expected 11 cells as in the header, found 2.")


def test_findings_for_a_program(tmp_path):
    content = json.loads(check_file(write(tmp_path, "csv")).to_json())
    assert (content["errors"], content["warnings"], content["rows"], content["trials"]) == (5, 2, 5, 4)
    assert content["findings"][0] == {
        "line": 3,
        "row_id": "",
        "column": "mean_t",
        "what": "expected a number, found 'ten'.",
        "how_to_mend": "Write it as a number, or leave the cell blank if it is not known.",
        "severity": "error",
        "place": "line 3 (Brown 2005)",
    }


def test_a_review_is_told_by_comparison_outcome_and_study(made, tmp_path):
    path = tmp_path / "CD1.rm5"
    path.write_bytes(made.rm5().replace(b'MEAN_1="12.1"', b'MEAN_1="52.1"'))
    (found, *_) = [finding for finding in check_file(path).findings if finding.column == "mean_t"]
    short = "STPP versus control / Depression symptoms / Short-term (less than 3 months)"
    assert found.place == f"analysis 1.5 ({short}), Adler 1999"
    assert path.read_text("iso-8859-1").splitlines()[found.line - 1].startswith('<CONT_DATA MEAN_1="52.1"')


def test_a_database_is_told_by_line_with_what_was_excluded(made, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(
        made.metapsy({"mean_arm2": "80"}, {"mean_arm1": "", "sd_arm1": "", "n_arm1": "", ".g": ""})
    )
    found = check_file(path).findings
    assert (2, "mean_t") in {(finding.line, finding.column) for finding in found}
    assert [finding.what for finding in found if finding.line == 3] == [
        "dropped: no means, changes, events or effect."
    ]


def test_a_broken_review_is_told_in_full(made, tmp_path):
    path = tmp_path / "CD1.rm5"
    path.write_bytes(made.rm5().replace(b'TOTAL_1="25"', b'TOTAL_1="2x"'))
    found = check_file(path)
    assert len(found.errors) > 1
    assert all("expected a number, found '2x'" in finding.what for finding in found.errors)


def test_blank_lines_own_columns_and_rows_set_aside_are_noted(tmp_path):
    path = tmp_path / "mine.csv"
    text = "study,outcome,yi,vi,status,site\nA 1,pain,9,0.1,disputed,x\n\nB 2,pain,0.2,0.1,,y\n"
    path.write_text(text, encoding="utf-8")
    found = check_file(path)
    assert found.findings == ()
    assert found.notes == (
        "columns of your own, kept as they are and not checked: site.",
        "1 blank line left out.",
        "1 row set aside, not checked and not pooled: its status is disputed.",
    )


def test_what_cannot_be_read_at_all_is_one_error(tmp_path):
    with pytest.raises(EvidenceError, match=r"none.csv is not there"):
        check_file(tmp_path / "none.csv")
    with pytest.raises(EvidenceError, match="is a folder"):
        check_file(tmp_path)


def test_what_a_reader_warns_of_is_said_once(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes("study,outcome,yi,vi\nMüller 1,pain,0.2,0.1\n".encode("cp1252"))
    found = check_file(path)
    assert "Windows-1252" in found.findings[0].what
    assert found.notes == ()
    assert found.summary().endswith("1 row of 1 trial fits the schema; 1 warning.")


def test_a_row_of_a_sheet_is_named_once_and_half_an_interval_is_none(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(
        ["study", "outcome", "reported_metric", "reported", "reported_ci_low", "reported_ci_high"]
    )
    for row in (["A", "pain", "g", 0.5, 0.6, 0.9], ["B", "pain", "g", 0.5, 0.9, 0.1]):
        book.active.append(row)
    book.save(tmp_path / "mine.xlsx")
    outside, upside_down = map(str, check_file(tmp_path / "mine.xlsx").findings)
    assert outside.startswith("sheet 'Sheet', row 2 (A), reported: warning: 0.5 lies outside")
    assert upside_down.startswith("sheet 'Sheet', row 3 (B), reported_ci_low: error: expected at most")


def test_a_word_that_is_no_judgement_of_bias_is_asked_about(tmp_path):
    path = tmp_path / "own.csv"
    rows = (
        "A,depression,0.2,0.1,low,+\nB,depression,0.3,0.1,moderately,\nC,depression,0.4,0.1,Some concerns,-\n"
    )
    path.write_text(f"study,outcome,yi,vi,rob_allocation,rob_blinding\n{rows}", encoding="utf-8")
    (found,) = check_file(path).findings
    assert (found.line, found.column) == (3, "rob_allocation")
    assert "'moderately' is no judgement of risk of bias" in found.what
    assert "Low, Some concerns, Unclear, High" in found.how_to_mend


@pytest.mark.parametrize("file", ["a.rm5", "a.zip", "b.csv"])
def test_what_a_reader_takes_over_on_risk_of_bias_is_known(tmp_path, made, file):
    """Review Manager's words by domain, and a rating in numbers of the tool that the row names."""
    contents = {
        "a.rm5": made.rm5,
        "a.zip": lambda: made.zipped(made.web_tables()),
        "b.csv": lambda: made.metapsy({}, {"study": "Bell, 2011", "mean_arm1": "9", "ROB": "2"}),
    }
    content = contents[file]()
    (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    pdt.import_file(tmp_path / file, tmp_path / "mine.csv")
    assert any(read_trials(tmp_path / "mine.csv")["rob"] != "")
    assert [
        finding for finding in check_file(tmp_path / "mine.csv").findings if "rob" in finding.column
    ] == []


def test_the_bundled_ratings_of_bias_are_known(tmp_path):
    pdt.trials().to_csv(tmp_path / "all.csv", index=False)
    assert [finding for finding in check_file(tmp_path / "all.csv").findings if "rob" in finding.column] == []


def test_a_number_of_no_tool_and_another_word_of_a_domain_are_asked_about(tmp_path):
    path = tmp_path / "own.csv"
    rows = "A,0.2,0.1,2\nB,0.3,0.1,Allocation: maybe; Blinding: low risk\nC,0.4,0.1,Blinding: low risk\n"
    path.write_text(f"study,yi,vi,rob\n{rows}", encoding="utf-8")
    assert [(finding.line, finding.column) for finding in check_file(path).findings] == [
        (2, "rob"),
        (3, "rob"),
    ]


def test_rows_of_unequal_length_do_not_hide_the_faults_of_the_others(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "study,outcome,yi,vi\nA,pain,0.2,0.1\nB,pain,x,0.1\nC,pain\nD,pain,0.1,-1\n", encoding="utf-8"
    )
    found = check_file(path)
    assert [finding.what[:30] for finding in found.errors if finding.line is None] == [
        "line 4: expected 4 cells as in"
    ]
    assert {(finding.line, finding.column) for finding in found.errors[1:]} == {(3, "yi"), (5, "vi")}
    with pytest.raises(EvidenceError) as refused:
        read_trials(path)
    assert [problem[:7] for problem in refused.value.problems] == ["line 4:", "line 3,", "line 5,"]
