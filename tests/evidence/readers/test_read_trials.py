"""A user's own table: four formats, one schema, and every problem of a file in one message."""

import io
import re
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
from made_files import TRIALS

from pdt_evidence.errors import EvidenceError, EvidenceWarning, SchemaError
from pdt_evidence.evidence.readers import column_guide, read_trials, template
from pdt_evidence.evidence.readers.columns import own_columns
from pdt_evidence.evidence.readers.tabular import tables, text_table
from pdt_evidence.reporting.check import check_file

HEADER = "row_id,study,better,mean_t,sd_t,n_t,mean_c,sd_c,n_c"


def test_the_template_is_a_table_that_can_be_read(saved):
    table = read_trials(saved(template(), "my_trials.csv"))
    assert table["score"].tolist() == ["endpoint", "events"]
    assert table["follow_up"].tolist() == ["post", "medium"]
    assert template().splitlines()[0].startswith("row_id,trial_id,study,year,disorder,comparison,arm_t,arm_c")


def test_the_guide_describes_every_column_of_the_template():
    guide = column_guide()
    for name in template().splitlines()[0].split(","):
        assert re.search(rf"^{name} \((string|number|integer|boolean)\): \S", guide, flags=re.MULTILINE), name
    assert "lower, higher" in guide
    assert re.search(r"^    depression, anxiety, .*, or a word of your own$", guide, flags=re.MULTILINE)


def test_a_table_is_typed_and_gets_what_it_lacks(saved):
    table = read_trials(saved(TRIALS, "mine.csv"))
    assert table["trial_id"].tolist() == ["Adler 1999", "Berger, 2003", "Conti 2005"]
    assert table["follow_up"].tolist() == ["post", "medium", "unknown"]
    assert table["note"].tolist() == ["", 'said "better" twice', ""]
    assert table["mean_t"].dtype == float
    assert len(table.source["sha256"]) == 64


@pytest.mark.parametrize("kind", ["csv", "tsv", "semicolons", "bom", "crlf", "xlsx", "parquet"])
def test_every_format_gives_the_same_table(saved, tmp_path, kind):
    expected = pd.DataFrame(read_trials(saved(TRIALS, "plain.csv"))).assign(source_id="mine")
    frame = pd.read_csv(io.StringIO(TRIALS), keep_default_na=False)
    path = tmp_path / f"mine.{kind if kind in ('tsv', 'xlsx', 'parquet') else 'csv'}"
    if kind == "tsv":
        frame.to_csv(path, sep="\t", index=False)
    elif kind == "semicolons":
        frame.to_csv(path, sep=";", decimal=",", index=False)
    elif kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path)
    else:
        path.write_bytes(
            {
                "bom": b"\xef\xbb\xbf" + TRIALS.encode(),
                "crlf": TRIALS.replace("\n", "\r\n").encode(),
                "csv": TRIALS.encode(),
            }[kind]
        )
    pd.testing.assert_frame_equal(pd.DataFrame(read_trials(path)), expected, check_dtype=False)


def test_every_problem_of_a_file_is_said_at_once(saved):
    rows = [
        "a,Adler 1999,lower,twelve,6.1,25,15.3,6.8,24",
        "a,Berger 2003,worse,9.8,-5.2,0,12.9,5.9,41",
        "c,,lower,inf,7.7,18,14.9,0,20.5",
    ]
    with pytest.raises(EvidenceError) as caught:
        read_trials(saved("\n".join([HEADER, *rows]), "mine.csv"))
    text = "\n".join(caught.value.problems)
    for sentence in (
        "line 2 (row a), column 'mean_t': expected a number, found 'twelve'.",
        "line 3 (row a), column 'row_id': expected a value not used before, found 'a'.",
        "line 3 (row a), column 'better': expected one of lower, higher, found 'worse'.",
        "line 3 (row a), column 'sd_t': expected an SD above 0, found -5.2. Correct it, or leave the cell blank.",
        "line 3 (row a), column 'n_t': expected at least 1 person, found 0. Correct it, or leave the cell blank.",
        "line 4 (row c), column 'study': expected a name, found nothing. Name the trial in each of its rows;",
        "line 4 (row c), column 'mean_t': expected a number, found 'inf'.",
        "line 4 (row c), column 'sd_c': expected an SD above 0, found 0. Correct it, or leave the cell blank.",
        "line 4 (row c), column 'n_c': expected a whole number, found '20.5'.",
    ):
        assert sentence in text
    cells = [re.sub(r" \(row .\)|:.*", "", problem) for problem in caught.value.problems]
    assert len(cells) == len(set(cells))
    assert cells == sorted(cells, key=lambda cell: cell.split(",")[0])


@pytest.mark.parametrize(
    ("header", "row", "sentence"),
    [
        ("study,yi,vi", "A,0.1,-0.2", "column 'vi': expected a variance above 0, found -0.2."),
        ("study,yi,vi", "A,nan,0.2", "column 'yi': expected a number, found 'nan'."),
        (
            "study,reported_metric,reported,reported_ci_low,reported_ci_high",
            "A,g,0.4,0.6,0.2",
            "column 'reported_ci_low': expected at most reported_ci_high of its row, found 0.6. Swap the two limits.",
        ),
        (
            "study,better,event_t,n_t,event_c,n_c",
            "A,lower,31,30,2,30",
            "column 'event_t': expected at most n_t of its row, found 31. Count each person once.",
        ),
        (
            "study,reported_metric,reported,reported_se",
            "A,g,0.4,0",
            "column 'reported_se': expected a standard error above 0, found 0.",
        ),
        ("study,outcome,yi,vi", "A,depresion,0.1,0.2", "found 'depresion'. Did you mean 'depression'?"),
        ("study,reported_metric,reported", "A,kappa,0.4", "column 'reported_metric': expected one of g, d,"),
    ],
)
def test_what_cannot_be_true_is_refused(saved, header, row, sentence):
    with pytest.raises(EvidenceError) as caught:
        read_trials(saved(f"{header}\n{row}\n", "mine.csv"))
    assert sentence in str(caught.value)


def test_misspelt_columns_are_named_with_their_likeliest_meaning(saved):
    with pytest.raises(SchemaError) as caught:
        read_trials(saved("studdy,mean_t,sd_t,n_t,mean_c,sdc,n_c\nA,1,2,20,3,2,20\n", "mine.csv"))
    assert caught.value.problems[:2] == (
        "column 'studdy' is not known. Did you mean 'study'? Rename it; "
        "a column of your own needs a name that is less like it.",
        "column 'sdc' is not known. Did you mean 'sd_c'? Rename it; "
        "a column of your own needs a name that is less like it.",
    )


@pytest.mark.parametrize(("arm", "called"), [("cbt", "CBT"), ("TAU", "TAU"), ("(waitlist)", "waitlist")])
def test_of_a_sheet_with_columns_by_arm_every_column_is_named_with_ours(saved, arm, called):
    header = f"study,better,M_pdt,SD_pdt,N_pdt,M_{arm},SD_{arm},N_{arm}"
    with pytest.raises(SchemaError) as caught:
        read_trials(saved(f"{header}\nA,lower,1,2,20,3,2,20\n", "mine.csv"))
    assert caught.value.problems == (
        f"columns have other names than ours. Rename M_pdt to mean_t, SD_pdt to sd_t, N_pdt to n_t, M_{arm} to mean_c, "
        f"SD_{arm} to sd_c, N_{arm} to n_c, if that is what they are. Figures name the arms if you add columns "
        f"arm_t_label = 'PDT' and arm_c_label = {called!r}.",
    )


def test_of_a_sheet_of_three_arms_it_is_not_guessed_which_is_the_second(saved):
    header = "study,better,M_pdt,SD_pdt,N_pdt,M_cbt,SD_cbt,N_cbt,M_tau,SD_tau,N_tau"
    with pytest.raises(SchemaError) as caught:
        read_trials(saved(f"{header}\nA,lower,1,2,20,3,2,20,4,2,20\n", "mine.csv"))
    assert caught.value.problems[0].startswith(
        "columns have other names than ours. Rename M_pdt to mean_t, SD_pdt to sd_t, N_pdt to n_t, if"
    )
    assert caught.value.problems[1].startswith(
        "no columns give an effect. Missing are for means mean_c, sd_c, n_c."
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "study,yi,se\nA,1,2\n",
            "columns have other names than ours. Rename se to sei, if that is what they are.",
        ),
        (
            "study,better,mean_t,sd_t,n_t,mean_c,n_c\nA,lower,1,2,20,3,20\n",
            "no columns give an effect. Missing are for "
            "means sd_c. The table has study, better, mean_t, sd_t, n_t, mean_c, n_c.",
        ),
    ],
)
def test_of_the_columns_that_give_an_effect_those_nearly_there_are_asked_for(saved, text, sentence):
    with pytest.raises(SchemaError) as caught:
        read_trials(saved(text, "mine.csv"))
    assert caught.value.problems == (sentence,)


NO_DIRECTION = (
    "column 'better' is missing: which direction of the score is good, lower or higher? "
    "Say it in each row; without it means and events do not tell whom they favour."
)


@pytest.mark.parametrize(
    "text",
    [
        "study,mean_t,sd_t,n_t,mean_c,sd_c,n_c\nA,10,4,20,13,4,20\n",
        "study,event_t,n_t,event_c,n_c\nA,10,20,13,20\n",
        "study,reported_metric,reported,mean_t,sd_t,n_t,mean_c,sd_c,n_c\nA,g,0.7,10,4,20,13,4,20\n",
    ],
)
def test_means_and_events_need_the_direction_that_is_good(saved, text):
    """Without it their effect would be arm 1 less arm 2, where above 0 has to favour arm 1."""
    with pytest.raises(SchemaError) as caught:
        read_trials(saved(text, "mine.csv"))
    assert caught.value.problems == (NO_DIRECTION,)


def test_a_row_with_the_data_of_its_arms_needs_a_direction_and_no_other_does(saved):
    rows = ["A,,10,4,20,13,4,20,,", "B,lower,10,4,20,13,4,20,,", "C,,,,,,,,g,0.4"]
    header = "study,better,mean_t,sd_t,n_t,mean_c,sd_c,n_c,reported_metric,reported"
    with pytest.raises(EvidenceError) as caught:
        read_trials(saved("\n".join([header, *rows]), "mine.csv"))
    assert caught.value.problems == (
        "line 2, column 'better': expected lower or higher, the direction of the score that is good, found nothing. "
        "Without it means and events do not tell whom they favour.",
    )


def test_beside_effects_that_are_given_means_get_no_direction_of_their_own(saved):
    from pdt_evidence.effects.table import effect_sizes

    text = "study,yi,vi,mean_t,sd_t,n_t,mean_c,sd_c,n_c\nA,0.7,0.1,10,4,20,13,4,20\n"
    table = read_trials(saved(text, "mine.csv"))
    assert table["yi"].tolist() == [0.7]
    computed = effect_sizes(table, measure="SMD")
    assert computed["yi"].isna().all()
    assert computed["yi_reason"].tolist() == ["column 'better' does not say which direction is good"]


@pytest.mark.parametrize(
    ("own", "ours"),
    [
        ("beter", "better"),
        ("Better", "better"),
        ("follow-up", "follow_up"),
        ("sdc", "sd_c"),
        ("n_tt", "n_t"),
    ],
)
def test_a_column_without_which_a_table_is_of_no_use_is_refused_under_a_near_name(saved, own, ours):
    """What is needed, and names that are ours but for capitals and punctuation."""
    names = ["study", "mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c", "better", "follow_up"]
    header = [own if name == ours or (own == "Better" and name == "better") else name for name in names]
    with pytest.raises(SchemaError, match=f"column '{own}' is not known. Did you mean '{ours}'?"):
        read_trials(saved(f"{','.join(header)}\nA,1,2,20,3,2,20,lower,post\n", "mine.csv"))


@pytest.mark.parametrize(
    ("own", "ours"),
    [("sessions", "n_sessions"), ("outcom", "outcome"), ("years", "year"), ("beter", "better")],
)
@pytest.mark.parametrize("cell", ["12", "twelve"])
def test_a_near_name_that_is_not_needed_is_kept_and_asked_about(saved, own, ours, cell):
    path = saved(f"study,yi,vi,{own}\nA,0.1,0.2,{cell}\n", "mine.csv")
    with pytest.warns(
        EvidenceWarning, match=f"column '{own}' is kept as one of your own. If it is '{ours}', rename it"
    ):
        table = read_trials(path)
    assert str(table[own].item()) == cell
    found = check_file(path)
    (said,) = (finding for finding in found.findings if own in finding.what and ours in finding.what)
    assert (said.severity == "error") == (ours == "outcome")  # pools refuse the file, too


def test_a_name_like_ours_is_the_users_own_where_the_table_has_ours_too(saved):
    table = read_trials(saved("study,yi,vi,note,notes,dose\nA,0.1,0.2,x,y,1\n", "mine.csv"))
    assert table["notes"].tolist() == ["y"]
    assert own_columns(table) == ["notes", "dose"]


def test_no_columns_of_ours_are_strange_to_the_schema(saved):
    import pdt_evidence as pdt

    assert own_columns(pdt.trials()) == []
    path = saved(pdt.trials().to_csv(index=False), "bundled.csv")
    assert len(read_trials(path)) == len(pdt.trials())


def test_a_blank_outcome_is_refused_and_a_blank_time_is_unknown(saved):
    with pytest.raises(EvidenceError) as caught:
        read_trials(saved("study,outcome,yi,vi\nA, ,0.1,0.2\nB,pain,0.1,0.2\n", "mine.csv"))
    assert caught.value.problems == (
        "line 2, column 'outcome': expected a word, found nothing. "
        "Write what was measured: depression, anxiety, ... or a word of your own.",
    )
    text = "study,trial_id,follow_up,months_since_end,yi,vi\nA,,,,0.1,0.2\nB,b,,6,0.1,0.2\nC,,post,,0.1,0.2\n"
    table = read_trials(saved(text, "mine.csv"))
    assert table["follow_up"].tolist() == ["unknown", "medium", "post"]
    assert table["trial_id"].tolist() == ["A", "b", "C"]


def test_rows_without_an_id_are_called_by_their_line(saved):
    table = read_trials(saved("study,yi,vi\nA,0.1,0.2\n\nB,0.3,0.2\n", "mine.csv"))
    assert table["row_id"].tolist() == ["line 2", "line 4"]
    assert table[table["study"] == "B"].lines["line 4"] == 4


@pytest.mark.warns("1 contradiction within rows")
def test_the_spread_of_an_effect_may_be_an_error_or_an_interval(saved):
    """A row's `vi` is taken first, then `sei`, then the interval, as `effect_sizes` does it."""
    from pdt_evidence.effects.table import effect_sizes

    rows = ["A,0.3,0.2,9,,,", "B,0.3,,0.2,,,", "C,0.3,,,0.1,0.5,", "D,0.3,,,0.1,0.5,0.9"]
    text = "\n".join(["study,yi,vi,sei,ci_low,ci_high,ci_level", *rows])
    table = read_trials(saved(text, "mine.csv"))
    expected = effect_sizes(pd.read_csv(io.StringIO(text)), measure="GEN")["vi"]
    np.testing.assert_allclose(table["vi"], expected, rtol=1e-12)
    assert table["sei"].tolist()[:2] == [9, 0.2]
    assert read_trials(saved("study,yi,sei\nA,0.3,0.5\n", "mine.csv"))["vi"].tolist() == [0.25]
    only = read_trials(saved("study,yi,ci_low,ci_high\nA,0.3,0.1,0.5\n", "mine.csv"))
    np.testing.assert_allclose(only["vi"], expected[2], rtol=1e-12)


@pytest.mark.parametrize(
    ("header", "row", "sentence"),
    [
        ("study,yi,sei", "A,0.1,0", "column 'sei': expected a standard error above 0, found 0. Correct it"),
        ("study,yi,ci_low,ci_high", "A,0.1,0.4,0.2", "column 'ci_low': expected at most ci_high of its row"),
        (
            "study,yi,ci_low,ci_high,ci_level",
            "A,0.1,0,0.2,100",
            "column 'ci_level': expected a confidence level such",
        ),
    ],
)
def test_a_spread_that_cannot_be_true_is_refused(saved, header, row, sentence):
    with pytest.raises(EvidenceError) as caught:
        read_trials(saved(f"{header}\n{row}\n", "mine.csv"))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "study,yi,yi\nA,1,2\n",
            "line 1: the header names column 'yi' 2 times. Rename or remove the others.",
        ),
        ("study,yi,vi\nA,1\nB,1,2,3\n", "line 2: expected 3 cells as in the header, found 2."),
        ("study,yi,vi\nA,1\nB,1,2,3\n", "line 3: expected 3 cells as in the header, found 4."),
        ('study,yi,vi\n"A,1,2\n', "Check the quotation marks"),
        ("study,yi,vi\n", "has no rows: expected a header line and at least one trial below it"),
        ("\n\n", "has no header"),
        (
            b"study,yi,vi\nM\xfcller,1,2\nM\xc3\xbcller,1,2\n",
            "line 2: expected UTF-8 text, found the byte 0xfc, which is none, and UTF-8 letters in line 3.",
        ),
        (
            b"study,yi,vi\nM\x81ller,1,2\n",
            "line 2: expected UTF-8 text, found the byte 0x81. Save it as 'CSV UTF-8'.",
        ),
        ("study,yi,vi\nA,1,2\n".encode("utf-16")[:-1], "begins as UTF-16 and is damaged"),
        ("study,yi,vi\nA\0,1,2\n", "line 2: found a zero byte"),
        (b"", "is empty (0 bytes)"),
        ("study," * 3000 + "\nA\n", "has more than 2000 columns"),
    ],
)
def test_the_shape_of_a_file_is_checked_first(saved, text, sentence):
    with pytest.raises(EvidenceError) as caught:
        read_trials(saved(text, "mine.csv"))
    assert sentence in str(caught.value)


SMALL = "study;outcome;yi;vi\nMüller 2001;depression;0,5;0,1\nØrsted – 2003;anxiety;1,25;0,2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize(("sep", "name"), [(";", "mine.csv"), ("\t", "mine.txt")])
def test_a_text_says_its_encoding_with_a_byte_order_mark(saved, encoding, sep, name):
    """Excel saves "Unicode text" as UTF-16 with tabs, with the decimal mark of the country."""
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    table = read_trials(saved(mark + SMALL.replace(";", sep).encode(encoding), name))
    assert table["study"].tolist() == ["Müller 2001", "Ørsted – 2003"]
    assert table["yi"].tolist() == [0.5, 1.25]
    assert "Windows" not in table.log["reason"].str.cat()


def test_a_text_that_is_no_utf8_is_read_as_windows_1252_and_said_to_be(saved):
    path = saved(SMALL.replace("Müller", "“Müller”").encode("cp1252"), "mine.csv")
    with pytest.warns(EvidenceWarning, match="If that is not what was written, save the file as 'CSV UTF-8'"):
        table = read_trials(path)
    assert table["study"].tolist() == ["“Müller” 2001", "Ørsted – 2003"]
    noted = table.log[table.log["action"] == "noted"]
    assert noted["line"].tolist() == [2]
    assert noted["reason"].tolist() == [
        "the file is no UTF-8 and was read as Windows-1252: its line 2 has '“Müller'"
    ]


@pytest.mark.parametrize("sep", [",", "\t"])
def test_decimal_commas_are_seen_in_the_whole_column(saved, sep):
    cells = [["study", "yi", "vi"], ["A", '"0,5"', "0.1"], ["B", '"1,234"', "0.2"], ["C", "2", "0.2"]]
    table = read_trials(saved("\n".join(map(sep.join, cells)), "mine.tsv" if sep == "\t" else "mine.csv"))
    assert table["yi"].tolist() == [0.5, 1.234, 2]
    assert table.log[["row", "action", "reason"]].values.tolist() == [
        ["yi", "noted", "decimal commas are read as points: '0,5' as 0.5"]
    ]


@pytest.mark.parametrize(
    ("yi", "lines"), [(['"1,234"', '"2,5"', "0.5"], [2, 3]), (['"1,234"', "5", '"12,500"'], [2, 4])]
)
def test_a_comma_that_may_part_thousands_is_refused(saved, yi, lines):
    text = "study,yi,vi\n" + "".join(f"A,{cell},0.1\n" for cell in yi)
    with pytest.raises(EvidenceError) as caught:
        read_trials(saved(text, "mine.csv"))
    assert [int(problem.split()[1].rstrip(",")) for problem in caught.value.problems] == lines
    assert caught.value.problems[0] == (
        "line 2, column 'yi': expected a number, found '1,234'. A comma may part decimals or thousands: "
        "write a point before the decimals, and nothing between thousands."
    )


def test_of_a_column_full_of_the_same_slip_some_are_listed_and_all_counted(saved):
    text = "study,yi,vi\n" + "A,x,0.1\n" * 5000 + "A,1,-1\n"
    with pytest.raises(EvidenceError) as caught:
        read_trials(saved(text, "mine.csv"))
    sentence = "\n".join(caught.value.problems)
    assert sentence.startswith(
        "line 2, column 'yi': expected a number, found 'x'. Write it as a number, or leave"
    )
    assert "line 202, column 'yi': expected a number, in 4800 lines from here on. Write" in sentence
    assert caught.value.problems[-1].startswith("line 5002, column 'vi': expected a variance above 0")


def test_a_very_long_cell_is_shown_by_its_start(saved):
    with pytest.raises(
        EvidenceError, match=r"found 'x{80}' and 999920 more characters\. Write it as a number"
    ):
        read_trials(saved(f"study,yi,vi\nA,{'x' * 1_000_000},1\n", "mine.csv"))


def test_lines_are_those_of_the_file_even_behind_cells_of_several_lines(saved):
    text = 'study,note,yi,vi\nA,"one\ntwo\nthree",0.1,0.2\nB,,0.1,x\n'
    with pytest.raises(EvidenceError, match="line 5, column 'vi'"):
        read_trials(saved(text, "mine.csv"))


def test_blank_lines_are_excluded_and_listed(saved):
    table = read_trials(saved("study,yi,vi\nA,0.1,0.2\n\n,,\nB,0.3,0.2\n", "mine.csv"))
    assert table["study"].tolist() == ["A", "B"]
    assert table.log[["line", "action", "reason"]].values.tolist() == [
        [3, "dropped", "a blank line"],
        [4, "dropped", "a blank line"],
    ]


def test_missing_values_may_be_written_as_r_and_excel_write_them(saved):
    table = read_trials(saved("study,instrument,yi,vi\nA,NA,0.1,0.2\nB,BDI,#N/A,0.2\n", "mine.csv"))
    assert table["instrument"].tolist() == ["", "BDI"]
    assert np.isnan(table["yi"].iloc[1])


def test_own_words_and_own_columns_are_kept(saved):
    table = read_trials(saved("study,outcome,dose,yi,vi\nA,sleep,high,0.1,0.2\n", "mine.csv"))
    assert table[["outcome", "dose"]].values.tolist() == [["sleep", "high"]]


DOSES = "study,dose,yi,vi\nA,10,0.1,0.2\nB,20,0.1,0.2\nC,30,0.2,0.2\nD,12,0.1,0.2\nE,{},0.1,0.2\n"


@pytest.mark.parametrize("cell", ["n/a", "NR", "n.r.", "-", "–", ".", "?", "Not reported", "NaN", "unclear"])
def test_what_says_nothing_among_numbers_of_ones_own_is_a_missing_number(saved, cell):
    dose = read_trials(saved(DOSES.format(cell), "mine.csv"))["dose"]
    assert dose.iloc[:4].tolist() == [10, 20, 30, 12]
    assert np.isnan(dose.iloc[4])


@pytest.mark.parametrize("cell", ["25%", "15-20", "none", "10 mg", "> 5"])
def test_a_column_of_ones_own_is_not_kept_as_words_in_silence_where_most_cells_are_numbers(saved, cell):
    path = saved(DOSES.format(cell), "mine.csv")
    expected = f"'dose' is kept as words, as 1 of its 5 filled cells is no number: '{cell}' (line 6)."
    with pytest.warns(EvidenceWarning, match=re.escape(expected)):
        assert read_trials(path)["dose"].iloc[0] == "10"
    assert any("kept as words" in one.what for one in check_file(path).warnings)


@pytest.mark.parametrize("codes", [("07", "08", "10", "11", "12"), ("a", "b", "3", "4", "c")])
def test_codes_and_words_are_kept_without_a_word(saved, codes):
    rows = "".join(f"{name},{code},0.1,0.2\n" for name, code in zip("ABCDE", codes, strict=True))
    assert read_trials(saved(f"study,dose,yi,vi\n{rows}", "mine.csv"))["dose"].tolist() == list(codes)


def test_a_formula_without_a_saved_value_is_refused_and_none_is_run(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for row in (["study", "yi", "vi"], ["A", "=1+1", 0.2]):
        book.active.append(row)
    book.save(tmp_path / "mine.xlsx")
    with pytest.raises(EvidenceError, match=r"row 2: found a formula without a saved value \('=1\+1'\)"):
        read_trials(tmp_path / "mine.xlsx")


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("NR", "or leave the cell blank if it is not known."),
        ("–", "or leave the cell blank if it is not known."),
        ("post", "Write 0 for the end of treatment."),
        ("12 %", "Write the number without the sign; of persons write how many, not the percentage."),
        ("12 (3.4)", "Write each of its numbers into a column of its own"),
        ("12.1 ± 3.4", "Write each of its numbers into a column of its own"),
        ("2024-10-01 00:00:00", "made a date of it"),
        ("01. Okt", "made a date of it"),
        ("12-May", "made a date of it"),
        ("#DIV/0!", "A formula failed there"),
        ("1 030", "Write nothing between thousands."),
        ("<5", "Write the number alone"),
    ],
)
def test_what_teams_write_for_numbers_is_refused_with_what_to_do(saved, cell, advice):
    with pytest.raises(EvidenceError) as caught:
        read_trials(saved(f"study,yi,vi\nA,{cell},0.1\n", "mine.csv"))
    assert f"found {cell!r}. " in str(caught.value)
    assert advice in str(caught.value)


def test_points_that_may_part_thousands_are_said(saved):
    table = read_trials(saved("study;yi;vi\nA;1.030;0.150\nB;950;1\n", "mine.csv"))
    assert table.log[["row", "reason"]].to_numpy().tolist() == [
        ["yi", "'1.030' is read as 1.03; if its point parts thousands, write 1030"]
    ]


@pytest.fixture
def workbook(tmp_path):
    """A saved workbook, of sheets by name, each its rows; those whose name begins with _ are hidden."""
    from openpyxl import Workbook

    def save(**sheets):
        book = Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name.strip("_"))
            sheet.sheet_state = "hidden" if name.startswith("_") else "visible"
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "mine.xlsx")
        return tmp_path / "mine.xlsx"

    return save


ROWS = (["study", "yi", "vi"], ["A", 0.3, 0.2])


def test_the_first_sheet_that_is_not_hidden_is_read_and_the_others_are_named(workbook):
    path = workbook(_Lists=[["lower"]], Trials=ROWS, Empty=[], Anxiety=ROWS, _More=ROWS)
    with pytest.warns(EvidenceWarning, match="only its sheet 'Trials' is read, and not 'Anxiety'. Save each"):
        table = read_trials(path)
    assert table["yi"].tolist() == [0.3]
    assert "not 'Anxiety'" in table.log["reason"].item()


def test_one_sheet_with_rows_needs_no_warning(workbook):
    assert len(read_trials(workbook(Trials=ROWS, Sheet2=[], _Lists=[["lower"]])).log) == 0


def test_a_title_above_the_names_of_the_columns_is_told_as_one_fault(workbook):
    with pytest.raises(EvidenceError, match=r"in line 1, found 'Team X'; most rows below have more cells"):
        read_trials(workbook(Trials=[["Team X"], [], *ROWS]))


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (None, "two lines of names become one"),
        ("note", "2 columns of the header have no name. Name them, in one"),
    ],
)
def test_two_lines_of_names_are_told(workbook, end, message):
    two = [["study", "Therapy", None, None, end], [None, "mean", "sd", "n", end], ["A", 1, 2, 3, end]]
    with pytest.raises(EvidenceError, match=message):
        read_trials(workbook(Trials=two))


@pytest.mark.parametrize("sheet", [1, 2])
def test_a_row_of_very_many_cells_is_refused_before_it_is_taken(workbook, sheet):
    """A small file of a row that would take hundreds of MB, in the sheet that is read or in another."""
    path = workbook(Trials=ROWS, Other=ROWS)
    cells = "".join(
        np.random.default_rng(1).choice(["<c><v>1</v></c>", "<c><v>2</v></c>", "<c><v>3</v></c>"], 300_000)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts[f"xl/worksheets/sheet{sheet}.xml"] = (
        f'<worksheet xmlns="{main}"><sheetData><row>{cells}</row></sheetData></worksheet>'.encode()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    with pytest.raises(
        EvidenceError, match=rf"a row of its part xl/worksheets/sheet{sheet}.xml is longer than"
    ):
        read_trials(path)


def test_an_old_or_protected_workbook_is_told_so(saved):
    with pytest.raises(EvidenceError, match=r"protected by a password. Open it in Excel"):
        read_trials(saved(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "mine.xlsx"))


def test_a_name_without_a_known_ending_is_refused(saved):
    with pytest.raises(EvidenceError, match=r"expected a name ending in .csv, .tsv, .txt, .xlsx, .parquet"):
        read_trials(saved(TRIALS, "mine.doc"))


def test_the_fast_road_and_the_exact_one_agree():
    """Every text that the fast road takes, it reads as the exact one does."""
    rng = np.random.default_rng(5)
    pieces, taken = ["a", "b", ",", '"', "\n", "1", "é", " ", '""', ";"], 0
    for _ in range(700):
        rows = ["x,y,z"]
        for _ in range(rng.integers(1, 5)):
            cells = [
                "".join(rng.choice(pieces, rng.integers(0, 4))) for _ in range(rng.choice([3, 3, 3, 2, 4]))
            ]
            rows.append(",".join(quoted(cell) if rng.random() < 0.8 else cell for cell in cells))
        text = "\n".join(rows) + "\n"
        fast = tables._plain(text.encode(), ",", ".")
        if fast is not None:
            taken += 1
            by_pandas = tables._cells_by_pandas(text.encode().partition(b"\n")[2], ",", ["x", "y", "z"])
            assert by_pandas.values.tolist() == fast.data.values.tolist(), text
            exact = text_table.table_of(tables._csv_rows(csv_reader(text), "f"), "f")
            assert fast.data.values.tolist() == exact.data.values.tolist(), text
            assert fast.lines == exact.lines, text
    assert taken > 80


def test_many_rows_are_taken_in_parts_and_none_is_lost(saved, monkeypatch):
    text = "study,yi,vi\n" + "".join(f"A{number},0.1,0.2\n\n" for number in range(7))
    whole = read_trials(saved(text, "mine.csv"))
    monkeypatch.setattr(text_table, "ROWS_AT_ONCE", 3)
    parts = read_trials(saved(text, "mine.csv"))
    pd.testing.assert_frame_equal(pd.DataFrame(parts), pd.DataFrame(whole))
    assert parts["study"].tolist() == [f"A{number}" for number in range(7)]
    assert parts.log.equals(whole.log)


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\n') else cell


def csv_reader(text):
    import csv

    return csv.reader(io.StringIO(text, newline=""), strict=True)


def test_a_hundred_thousand_rows_are_read(tmp_path):
    """How fast is a question for the benchmarks."""
    rng = np.random.default_rng(1)
    n = 100_000
    table = pd.DataFrame(
        {
            "row_id": [f"R{i}" for i in range(n)],
            "study": [f"Trial {i // 4}" for i in range(n)],
            "outcome": "depression",
            "better": "lower",
            "months_since_end": 0,
            "mean_t": rng.normal(10, 2, n).round(2),
            "sd_t": 8.1,
            "n_t": rng.integers(10, 90, n),
            "mean_c": rng.normal(12, 2, n).round(2),
            "sd_c": 8.4,
            "n_c": 31,
        }
    )
    path = tmp_path / "large.csv"
    table.to_csv(path, index=False)
    read = read_trials(path)
    assert len(read) == n
    assert read["trial_id"].nunique() == n // 4


def test_a_parquet_file_whose_words_are_no_text_is_refused(tmp_path):
    path = tmp_path / "mine.parquet"
    pd.DataFrame({"study": ["Berger 2003", "Moller 2004"], "yi": [0.1, 0.2], "vi": [0.1, 0.1]}).to_parquet(
        path, compression=None
    )
    path.write_bytes(path.read_bytes().replace(b"Berger", b"Ber\xffer"))
    with pytest.raises(EvidenceError, match=r"cannot be read as Parquet: .*Invalid UTF8"):
        read_trials(path)


def test_rows_whose_source_is_not_named_have_that_of_their_file(tmp_path):
    import pdt_evidence as pdt

    path = tmp_path / "mine.csv"
    path.write_text("study,yi,vi,source_id\nA,0.1,0.1,\nB,0.2,0.1,elsewhere\n", encoding="utf-8")
    table = pdt.read_trials(path)
    assert table["source_id"].tolist() == ["mine", "elsewhere"]
    bare = tmp_path / "bare.csv"
    bare.write_text("study,yi,vi\nA,0.1,0.1\n", encoding="utf-8")
    assert pdt.sources(pdt.read_trials(bare))["source_id"].tolist() == ["bare"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04\x14\x00", "an archive (ZIP) or an Excel workbook"),
        (b"\n<!DOCTYPE HTML>\n<html>", "a web page"),
    ],
)
def test_a_file_that_is_no_table_is_called_what_it_is(tmp_path, content, what):
    path = tmp_path / "trials.csv"
    path.write_bytes(content)
    with pytest.raises(EvidenceError, match=re.escape(f"trials.csv is {what}")):
        read_trials(path)


def test_months_with_their_unit_are_no_date(tmp_path):
    path = tmp_path / "trials.csv"
    path.write_text("study,yi,vi,months_since_end\nA,0.1,0.1,6 months\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match="Write the number alone, in the unit of the column"):
        read_trials(path)


def test_capitals_of_our_words_are_read_over_and_noted(tmp_path):
    path = tmp_path / "trials.csv"
    path.write_text("study,yi,vi,outcome,better,comparison\nA,0.1,0.1,Depression,Lower,PDT vs CBT\n", "utf-8")
    table = read_trials(path)
    assert table.loc[0, ["outcome", "better", "comparison"]].tolist() == ["depression", "lower", "pdt_vs_cbt"]
    assert "'Lower' is read as 'lower'" in table.log["reason"].tolist()


@pytest.mark.parametrize(
    ("column", "word", "ours"), [("better", "low", "lower"), ("reported_metric", "Hedges g", "g")]
)
def test_a_word_that_is_nearly_ours_is_asked_about(tmp_path, column, word, ours):
    path = tmp_path / "trials.csv"
    path.write_text(f"study,yi,vi,{column}\nA,0.1,0.1,{word}\n", "utf-8")
    with pytest.raises(EvidenceError, match=f"Did you mean '{ours}'"):
        read_trials(path)


@pytest.mark.parametrize("sign", ["\u2212", "\u2013"])
def test_signs_of_print_are_read_as_minus_and_noted(saved, sign):
    table = read_trials(saved(f"study,yi,vi,own\nA,{sign}0.5,0.1,{sign}3\nB,0.25,0.1,2\n", "mine.csv"))
    assert table["yi"].tolist() == [-0.5, 0.25]
    assert table["own"].tolist() == [-3, 2]
    assert set(table.log["reason"]) == {f"'{sign}0.5' is read as -0.5", f"'{sign}3' is read as -3"}


def test_signs_of_print_stand_before_decimal_commas_too(saved):
    table = read_trials(saved("study;yi;vi\nA;\u22120,5;0,1\n", "mine.csv"))
    assert table["yi"].tolist() == [-0.5]


def test_rows_of_one_person_an_arm_do_not_refuse_the_file(saved):
    rows = ["A,lower,0,1,0,1", "B,lower,4,20,8,20"]
    table = read_trials(saved("\n".join(["study,better,event_t,n_t,event_c,n_c", *rows]), "mine.csv"))
    assert table["n_t"].tolist() == [1, 20]


@pytest.mark.parametrize("first", [[["Read me first"]], []], ids=["words", "empty"])
def test_the_sheet_that_is_not_read_is_named_where_the_first_is_no_table(tmp_path, first):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "About"
    for row in first:
        book.active.append(row)
    sheet = book.create_sheet("Trials")
    sheet.append(["study", "yi", "vi"])
    sheet.append(["A", 0.1, 0.2])
    path = tmp_path / "book.xlsx"
    book.save(path)
    with (
        pytest.raises(EvidenceError, match=r"sheet 'About' \(not read: 'Trials'\)"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", EvidenceWarning)
        read_trials(path)


ARMS_OF = "study,outcome,better,mean_t,sd_t,n_t,mean_c,sd_c,n_c\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("study,outcome,yi,vi\nA,d,.3,.1\nb,d,.5,.1\nB,d,.4,.1\n", "'B' and 'b' .* differ only in case"),
        (
            "study,outcome,yi,vi\nA,d,.3,.1\nb,d,.5,.1\nTotal,d,.4,.03\n",
            r"line 4 \(Total\), study: a total of other rows",
        ),
        (
            f"{ARMS_OF}A,d,lower,10,0.9,30,14,0.8,30\nB,d,lower,11,5,30,13,6,30\n",
            "the arms differ by 4.6 SDs",
        ),
        (
            f"{ARMS_OF}A,d,lower,10,5,30,14,5,30\nB,d,higher,11,5,30,13,6,30\nC,d,lower,10,4,30,12,5,30\n",
            r"line 3 \(B\), better: 'higher', where line 2 \(A\) has 'lower' of the same outcome",
        ),
        (
            "study,outcome,yi,ci_low,ci_high\nA,d,1.8,1.2,2.7\nB,d,2.1,1.0,4.4\nC,d,0.9,0.5,1.6\n",
            "1.8 is the middle of 1.2 to 2.7 as logarithms only, as a ratio is",
        ),
    ],
)
def test_what_would_be_a_wrong_number_in_silence_is_said_on_reading(saved, text, said):
    with pytest.warns(EvidenceWarning, match=said):
        read_trials(saved(text, "mine.csv"))


def test_differences_that_look_like_ratios_in_one_row_only_are_let_be(saved):
    text = "study,outcome,yi,ci_low,ci_high\nA,d,1.8,1.2,2.4\nB,d,2.1,1.0,3.2\nC,d,0.9,0.2,1.6\n"
    assert len(read_trials(saved(text, "mine.csv"))) == 3
    scales = f"{ARMS_OF[:-1]},instrument\nA,d,lower,10,5,30,14,5,30,BDI\nB,d,higher,11,5,30,13,6,30,GAF\n"
    assert len(read_trials(saved(scales, "scales.csv"))) == 2


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("n=40", "Write the number alone"),
        ("15.0*", "Write the number alone"),
        ("4.4 pts", "Write the number alone"),
        ("SE 0.8", "A standard error is no SD"),
        ("8/41", "a column of its own"),
        ("45%", "of persons write how many, not the percentage"),
        ("Mar-05", "made a date of it"),
    ],
)
def test_a_cell_with_more_than_a_number_is_answered_with_what_to_do(saved, cell, advice):
    with pytest.raises(EvidenceError, match=advice):
        read_trials(saved(f"{ARMS_OF}A,d,lower,10,5,30,14,{cell},30\n", "mine.csv"))
