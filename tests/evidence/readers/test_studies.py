"""A list of references becomes a list of studies; nothing is dropped, repeats are said."""

import numpy as np
import pytest

from pdt_evidence import read_studies
from pdt_evidence.errors import EvidenceError

RIS = """TY  - JOUR
AU  - Adler, Anna
AU  - Berg, B.
PY  - 1999/03//
TI  - A trial of psychodynamic therapy
T2  - Journal of Trials
DO  - https://doi.org/10.1000/abc.1
AN  - 77
ER  -

TY  - JOUR
A1  - Conti, C.
Y1  - 2004
T1  - Another trial
JO  - J Tri
ER  -

TY  - THES
TI  - A thesis that nobody signed
ER  -
"""
# The head of a real export: review_283729_included_csv_20240320131744.csv of github.com/jonrhodes/nexus-4.3-review.
COVIDENCE = (
    "Title,Authors,Abstract,Published Year,Published Month,Journal,Volume,Issue,Pages,Accession Number,DOI,Ref,"
    "Covidence #,Study,Notes,Tags\n"
    '"A trial of psychodynamic therapy","Adler, Anna; Berg, B.",,1999,,Journal of Trials,1,2,3-4,77,10.1000/abc.1,,#12,'
    'Adler 1999,"","Grey Literature"\n'
    'Another trial,"Conti, C.",,2004,,J Tri,,,,,,,#13,,"wait for data",""\n'
)
# The head of extracted data: review_283729_20230922170037.csv there.
EXTRACTED = "Covidence #,Study ID,Title,Reviewer Name,Country\n12,Adler 1999,A trial,Consensus,\n"


def written(tmp_path, text, name):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_ris_gives_a_study_for_every_reference(tmp_path):
    table = read_studies(written(tmp_path, RIS, "included.ris"))
    assert table["study"].tolist() == ["Adler 1999", "Conti 2004", "A thesis that nobody"]
    assert table["trial_id"].tolist()[:2] == ["adler1999", "conti2004"]
    assert table["authors"][0] == "Adler, Anna; Berg, B."
    assert table["doi"].tolist() == ["10.1000/abc.1", "", ""]
    assert table["journal"].tolist() == ["Journal of Trials", "J Tri", ""]
    assert np.isnan(table["year"][2])
    assert table["line"].tolist() == [1, 11, 18]


def test_a_table_as_covidence_exports_it_is_the_same_list(tmp_path):
    table = read_studies(written(tmp_path, COVIDENCE, "review_included.csv"))
    same = read_studies(written(tmp_path, RIS, "included.ris")).head(2)
    for name in ("study", "trial_id", "year", "title", "authors", "doi"):
        assert table[name].tolist() == same[name].tolist(), name
    assert table["record"].tolist() == ["#12", "#13"]
    assert table["notes"].tolist() == ["", "wait for data"]
    assert table["tags"].tolist() == ["Grey Literature", ""]
    assert table["source_id"].unique().tolist() == ["review_included"]
    extracted = read_studies(written(tmp_path, EXTRACTED, "extracted.csv"))
    assert extracted[["study", "year", "record"]].values.tolist() == [["Adler 1999", 1999.0, "12"]]


def test_the_study_that_covidence_names_in_ris_is_the_study(tmp_path):
    named = RIS.replace("T1  - Another trial", "T1  - Another trial\nNS  - Conti 2004b")
    assert read_studies(written(tmp_path, named, "named.ris"))["study"][1] == "Conti 2004b"


@pytest.mark.warns("lines 2, 4 have the DOI '10.1000/abc.1'")
def test_repeats_are_said_and_kept(tmp_path):
    again = COVIDENCE + "A trial again,Adler,,1999,,,,,,,10.1000/ABC.1,,#14,Adler 1999b,,\n"
    assert len(read_studies(written(tmp_path, again, "twice.csv"))) == 3


def test_what_is_no_list_of_references_is_refused_with_the_reason(tmp_path):
    for text, name, words in (
        ("hello\n", "a.ris", "expected references in RIS"),
        (RIS.replace("ER  -\n\nTY  - THES", "TY  - THES"), "cut.ris", "3 references begin"),
        ("TY  - JOUR\nTI  - a\nTY  - JOUR\nTI  - b\nER  - \nER  - \n", "mixed.ris", r"mixed\.ris: "),
        ("a,b\n1,2\n", "b.csv", "'Title' or 'Study'; it has a, b. Columns are known by these heads: 'Study'"),
        ("Title,TITLE,Authors\na,b,c\n", "twice.csv", "more than one column is named"),
        ("Title,Authors\n,\nx,\n", "c.csv", ""),
    ):
        path = written(tmp_path, text, name)
        if words:
            with pytest.raises(EvidenceError, match=words):
                read_studies(path)
    nameless = written(tmp_path, "Title,Journal\n,J\n,K\nA,B\n", "d.csv")
    with pytest.raises(EvidenceError) as caught:
        read_studies(nameless)
    assert [problem[:6] for problem in caught.value.problems] == ["line 2", "line 3"]
