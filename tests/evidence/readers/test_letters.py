"""Letters that broke when UTF-8 was read as Windows-1252, in tables of every format."""

import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.evidence.readers.letters import whole_letters

SAID = "'HÃ¶rz' is read as 'Hörz': its UTF-8 was taken for Windows-1252"


@pytest.mark.parametrize(
    "word", ["Pierò", "López-Ibor", "Łukasz", "£5", "”Â”", "São Paulo", "ÀÂ", "Â", "中", "plain"]
)
def test_whole_letters_stay(word):
    assert whole_letters([word]) == ([word], "")


@pytest.mark.parametrize(
    "word", ["Hörz", "Pierò", "López-Ibor", "it’s 0–5", "Łukasz Święcicki", "中文", "Ángel, Íñigo"]
)
def test_a_word_comes_back_whole(word):
    """Of Latin-1, and of Windows-1252 as browsers and R have it: the bytes that it leaves free are those of Latin-1."""
    as_latin = word.encode().decode("latin-1")
    signs = {chr(byte): bytes([byte]).decode("cp1252", errors="ignore") for byte in range(0x80, 0xA0)}
    as_windows = "".join(signs.get(letter) or letter for letter in as_latin)
    assert whole_letters([as_latin, as_windows])[0] == [word, word]


def test_a_blank_that_broke_is_a_blank():
    assert whole_letters(["Â\xa0"]) == (["\xa0"], "'Â' is read as '': its UTF-8 was taken for Windows-1252")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_table_is_read_with_whole_letters_and_the_log_names_the_column(tmp_path, ending):
    table = pd.DataFrame(
        {"study": ["HÃ¶rz", "Adler"], "yi": [0.2, 0.3], "vi": [0.1, 0.1], "wo": ["MÃ¼nchen", "Ulm"]}
    )
    path = tmp_path / f"mine.{ending}"
    {"csv": table.to_csv, "xlsx": table.to_excel, "parquet": table.to_parquet}[ending](path, index=False)
    read = pdt.read_trials(path)
    assert read[["study", "wo", "yi"]].values.tolist() == [["Hörz", "München", 0.2], ["Adler", "Ulm", 0.3]]
    assert ["study", SAID] in read.log[["row", "reason"]].values.tolist()


def test_check_says_it_too(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("study,yi,vi\nHÃ¶rz,0.2,0.1\n", encoding="utf-8")
    from pdt_evidence.reporting.check import check_file

    assert f"study: {SAID}." in check_file(path).notes


def test_no_bundled_text_has_broken_letters():
    from pdt_evidence.evidence.package import load

    for name in ("trials", "reviews", "sources", "members", "statements", "claims", "wanted", "networks"):
        table = load(name)
        for column in table.select_dtypes(exclude="number"):
            words = list(dict.fromkeys(table[column].dropna().astype(str)))
            assert whole_letters(words)[1] == "", (name, column)
            assert [word for word in words if "Â " in word or "Ã" in word] == [], (name, column)
