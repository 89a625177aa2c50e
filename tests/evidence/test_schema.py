"""The shared check: typed columns in, every problem of a table out."""

from io import BytesIO

import pandas as pd
import pytest

from pdt_evidence.errors import EvidenceError, SchemaError
from pdt_evidence.evidence.package import read_csv_table
from pdt_evidence.evidence.schema import Field, check_table, listed, missing_column

FIELDS = (
    Field(name="row_id", type="string", required=True, unique=True),
    Field(name="n", type="integer", minimum=2),
    Field(name="sd", type="number"),
    Field(name="rating", type="string", enum=("self", "clinician")),
    Field(name="preferred", type="boolean"),
)


def read(text: str) -> pd.DataFrame:
    return read_csv_table(BytesIO(text.encode()), FIELDS, where="rows.csv")[0]


def test_cells_get_the_type_of_their_column():
    table = read("row_id,n,sd,rating,preferred,extra\na,10,1.5,self,true,x\nb,,,,false,\n")
    assert table["n"].tolist()[0] == 10
    assert table["n"].isna().tolist() == [False, True]
    assert table["preferred"].tolist() == [True, False]
    assert table["rating"].tolist() == ["self", ""]
    assert table["extra"].tolist() == ["x", ""]


def test_text_in_numbers_is_named_with_line_row_and_column():
    with pytest.raises(EvidenceError) as caught:
        read("row_id,n,sd\na,ten,1\nb,2.5,inf\n")
    assert len(caught.value.problems) == 3
    text = "Write it as a number, or leave the cell blank if it is not known."
    texts = [f"line 2 (row a), column 'n': expected a whole number, found 'ten'. {text}"]
    texts += [f"line 3 (row b), column 'sd': expected a number, found 'inf'. {text}"]
    assert set(texts) < set(caught.value.problems)


@pytest.mark.parametrize("text", ["nan", "NaN", "NA", "-inf", "1,5", "0x10", "1_000"])
def test_what_only_looks_like_a_number_is_refused(text):
    with pytest.raises(EvidenceError, match="column 'sd': expected a number"):
        read(f'row_id,sd\na,"{text}"\n')


def test_all_broken_constraints_come_at_once():
    table = read("row_id,n,rating\na,1,self\na,10,doctor\n,5,\n")
    with pytest.raises(EvidenceError) as caught:
        check_table(table, FIELDS, where="rows.csv")
    text = " ".join(caught.value.problems)
    assert "column 'n': expected at least 2, found 1." in text
    assert "column 'rating': expected one of self, clinician, found 'doctor'" in text
    assert "line 3 (row a), column 'row_id': expected a value not used before" in text
    assert "line 4, column 'row_id': expected a value, found nothing." in text
    assert len(caught.value.problems) == 4


def test_a_misspelt_column_is_recognised():
    table = pd.DataFrame({"row_ids": ["a"]})
    with pytest.raises(SchemaError, match=r"column 'row_id' is missing\. Did you mean 'row_ids'\?"):
        check_table(table, FIELDS, where="rows.csv")


def test_the_likeliest_name_comes_before_a_short_list_of_all():
    sentence = missing_column("better", ["beter", *(f"column_{i}" for i in range(60))])
    assert sentence.startswith("column 'better' is missing. Did you mean 'beter'? The")
    assert sentence.endswith("column_10 and 49 more.")
    assert listed(["a", "b"]) == "a, b"


def test_a_cell_has_one_problem_and_problems_stand_by_line():
    fields = (Field(name="n", type="integer", minimum=2), Field(name="year", type="integer", maximum=2030))
    with pytest.raises(EvidenceError) as caught:
        check_table(pd.DataFrame({"n": [5.0, 1.0], "year": [20008.0, 2000.0]}), fields, where="rows.csv")
    assert caught.value.problems == (
        "line 2, column 'year': expected at most 2030, found 20008.",
        "line 3, column 'n': expected at least 2, found 1.",
    )
