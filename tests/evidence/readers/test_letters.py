"""Letters that broke when UTF-8 was read as Windows-1252, in tables of every format."""

import pandas as pd
import pytest
from made_files import revman_csv, rm5, web_tables, zipped

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


NAMED = {"rm5": rm5, "zip": lambda: zipped(web_tables()), "csv": revman_csv}


@pytest.mark.parametrize("ending", NAMED)
def test_a_review_is_read_with_whole_letters_and_the_log_names_what_was_mended(tmp_path, ending):
    def broken(content):
        return content.replace(
            b"Dubois 2010", "HÃ¶rzÂ\xa02010".encode("latin-1" if ending == "rm5" else "utf-8")
        )

    path = tmp_path / f"CD1.{ending}"
    content = NAMED[ending]()
    if ending == "zip":
        content = zipped({name: broken(_bytes(text)) for name, text in web_tables().items()})
    else:
        content = broken(_bytes(content))
    path.write_bytes(content)
    read = pdt.read_revman(path)
    assert "Hörz 2010" in set(read["study"])
    assert not read["study"].str.contains("Ã|Â").any()
    assert "horz2010" in set(read["trial_id"])
    noted = read.log[read.log["action"] == "noted"]["reason"]
    assert noted.str.contains("its UTF-8 was taken for Windows-1252").any()


def _bytes(content):
    return content if isinstance(content, bytes) else content.encode()


RIS = "TY  - JOUR\nAU  - HÃ¶rz, S.\nTI  - A trialÂ\xa0of\nPY  - 2010\nER  - \n"
LIST = 'Title,Authors,Published Year\nA trialÂ\xa0of,"HÃ¶rz, S.",2010\n'


@pytest.mark.filterwarnings("ignore:included.csv, column 'Title'")
@pytest.mark.parametrize(("name", "text"), [("included.ris", RIS), ("included.csv", LIST)])
def test_a_list_of_studies_is_read_with_whole_letters_and_says_so(tmp_path, name, text):
    if name.endswith("ris"):
        pytest.importorskip("rispy")
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.warns(
        pdt.EvidenceWarning, match=f"{name}, .*'HÃ¶rz,' is read as 'Hörz,': its UTF-8 was taken"
    ):
        (row,) = pdt.read_studies(path).to_dict("records")
    assert (row["study"], row["authors"], row["title"]) == ("Hörz 2010", "Hörz, S.", "A trial\xa0of")
