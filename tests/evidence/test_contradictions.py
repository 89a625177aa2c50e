"""Rows whose own numbers contradict each other: said by the reader, by `check`, and by `lint`."""

import pandas as pd
import pytest

from pdt_evidence.errors import EvidenceWarning
from pdt_evidence.evidence.contradictions import contradictions
from pdt_evidence.evidence.readers import read_trials
from pdt_evidence.reporting.check import check_file


def found(**row):
    return [column for _, (column, _, _) in contradictions(pd.DataFrame([row]))]


def reported(metric, value, low, high, **more):
    return {
        "reported_metric": metric,
        "reported": value,
        "reported_ci_low": low,
        "reported_ci_high": high,
    } | more


WRONG = [
    reported("OR", 2.0, 3.0, 9.0),
    reported("OR", 2.0, 1.9, 9.0),
    reported("or", 8.9, 1.9, 9.0),
    reported("RR", 0.5, 0.49, 0.9),
    reported("SMD", 0.5, 0.45, 1.4),
    reported("", 2.0, 1.9, 9.0),
    {"yi": 0.5, "ci_low": 0.6, "ci_high": 0.9},
    {"yi": 0.5, "ci_low": 0.48, "ci_high": 0.9},
    {"yi": 0.5, "vi": 0.2, "sei": 0.2},
    {"yi": 0.5, "vi": 0.04, "sei": 0.04},
    {"yi": 0.5, "sei": 0.2, "ci_low": 0.4, "ci_high": 0.6},
    {"yi": 0.5, "vi": 0.2, "ci_low": 0.1, "ci_high": 0.9},
    reported("SMD", 0.5, 0.4, 0.6, reported_se=0.3),
    reported("OR", 2.0, 1.1, 3.6, reported_p=0.8),
    reported("SMD", 0.5, 0.1, 0.9, reported_p=".9"),
    reported("SMD", 0.9, 0.5, 1.3, reported_p="ns"),
    reported("SMD", 0.1, -0.3, 0.5, reported_p="< .001"),
    {"reported_metric": "SMD", "reported": 0.5, "reported_se": 0.2, "reported_p": 0.9},
    {"yi": 0.5, "vi": 0.04, "p": 0.9},
    {"yi": 0.4, "vi": 0.04, "p": "<0.0001"},
]
RIGHT = [
    reported("OR", 2.0, 1.1, 3.6, reported_p=0.022),
    reported("SMD", 0.5, 0.1, 0.9, reported_p="< .05"),
    reported("SMD", 0.5, 0.1, 0.9, reported_p=0.0),  # a p rounded to 0 is a bound
    reported("SMD", 0.4, -0.02, 0.82, reported_p=0.04),  # of another test, near enough
    reported("SMD", 0.4, -0.02, 0.82, reported_p="ns"),
    {"yi": 0.5, "vi": 0.04, "p": 0.0125},
    reported("OR", 2.0, 1.0, 4.0),
    reported("OR", 4.0, 1.9, 9.0),
    reported("OR", 1.1, 1.0, 1.2),
    reported("RR", 0.81, 0.62, 1.05, reported_se=0.13),
    reported("HR", 0.1, 0.0, 0.7),  # a limit rounded to 0 has no logarithm to be off by
    reported("", 4.0, 1.9, 9.0),
    reported("", 0.5, -0.1, 1.1),
    {"yi": 0.5, "vi": 0.0416, "sei": 0.204},
    {"yi": 0.5, "vi": 0.04, "sei": 0.2, "ci_low": 0.108, "ci_high": 0.892},
    {"yi": 0.5, "sei": 0.2, "ci_low": -0.02, "ci_high": 1.02},  # 99 %
    {"yi": 0.5, "sei": 0.2, "ci_low": 0.365, "ci_high": 0.635, "ci_level": 50.0},
    {"yi": 0.5, "vi": 0.04, "sei": float("nan")},
]


@pytest.mark.parametrize("row", WRONG)
def test_numbers_that_cannot_all_be_right_are_found_once(row):
    assert len(found(**row)) == 1


@pytest.mark.parametrize("row", RIGHT)
def test_rounded_and_lopsided_intervals_are_none(row):
    assert found(**row) == []


TABLE = "study,yi,vi,sei,ci_low,ci_high\nA,0.5,0.2,0.2,,\nB,0.3,0.04,,0.6,1.38\nC,0.3,0.04,0.2,,\n"


def test_the_reader_says_each_and_check_lists_it(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    with pytest.warns(
        EvidenceWarning, match="2 contradictions within rows.* line 3, yi: .* line 2, vi: 0.2 is not"
    ) as caught:
        table = read_trials(path)
    assert len(table) == 3
    assert len(caught) == 1
    lines = [
        one.line for one in check_file(path).warnings if "square of sei" in one.what or "outside" in one.what
    ]
    assert lines == [2, 3]


@pytest.fixture
def book(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["study", "yi", "vi", "percent_women"])
    for name in "ABC":
        book.active.append([name, 0.3, 0.04, 0.105])
    yield book.active
    book.save(tmp_path / "mine.xlsx")


def saved(sheet, path):
    sheet.parent.save(path)
    return path


@pytest.mark.parametrize("shown", ["0%", "0.00%", "0.0 %"])
def test_percents_of_a_workbook_are_said(book, tmp_path, shown):
    for at in (2, 3, 4):
        book.cell(at, 4).number_format = shown
    path = saved(book, tmp_path / "mine.xlsx")
    with pytest.warns(EvidenceWarning, match="column 'percent_women' .* 10.5 % is read as 0.105"):
        table = read_trials(path)
    assert "10.5 %" in table.log["reason"].item()
    assert any("10.5 %" in str(one) for one in check_file(path).warnings)


def test_hidden_rows_of_a_workbook_are_said(book, tmp_path):
    book.row_dimensions[3].hidden = True
    path = saved(book, tmp_path / "mine.xlsx")
    with pytest.warns(EvidenceWarning, match=r"1 row is hidden in its sheet 'Sheet' .*\(row 3\)"):
        assert len(read_trials(path)) == 3
    assert any("1 row is hidden" in str(one) for one in check_file(path).warnings)


def test_a_workbook_without_either_is_read_without_a_word(book, tmp_path):
    assert len(read_trials(saved(book, tmp_path / "mine.xlsx")).log) == 0
