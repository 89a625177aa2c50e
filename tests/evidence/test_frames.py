"""The same calls on tables of pandas, polars and pyarrow give the same numbers, and refuse the same rows."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt

ROWS = {
    "study": ["A 2001", "A 2001", "B 2005", "C 2010", "D 2012"],
    "year": [2001, 2001, 2005, 2010, None],
    "outcome": ["depression"] * 5,
    "instrument": ["BDI", "HDRS", "BDI", "BDI", None],
    "months_since_end": [0.0, 0.0, 0.0, 6.0, None],
    "better": ["lower"] * 5,
    "mean_t": [10.0, 9.5, 12.0, 11.0, 8.0],
    "sd_t": [5.0, 4.0, 6.0, 5.5, 5.0],
    "n_t": [30, 30, 25, 40, 22],
    "mean_c": [14.0, 13.0, 13.0, 14.5, 12.0],
    "sd_c": [5.5, 4.5, 6.0, 5.0, 5.0],
    "n_c": [28, 28, 27, 41, 20],
}
MAKERS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}
OTHERS = ["polars", "pyarrow"]


def made(library, **changed):
    return MAKERS[library](ROWS | changed)


@pytest.mark.parametrize("library", OTHERS)
def test_effects_are_those_of_pandas(library):
    expected, found = (pdt.effect_sizes(made(name)) for name in ("pandas", library))
    assert_allclose(found[["yi", "vi"]], expected[["yi", "vi"]])
    assert isinstance(found, pd.DataFrame)


@pytest.mark.parametrize("library", list(MAKERS))
def test_a_first_call_works_and_windows_follow_from_months(library):
    syn = pdt.synthesize(made(library))
    assert syn.keys() == [("depression", "post"), ("depression", "medium"), ("depression", "unknown")]
    assert syn["depression", "post"].k == 2
    assert_allclose(
        syn["depression", "post"].estimate, pdt.synthesize(made("pandas"))["depression", "post"].estimate
    )


@pytest.mark.parametrize("library", list(MAKERS))
def test_a_table_is_read_as_a_file_is(library, tmp_path):
    path = tmp_path / "trials.csv"
    pd.DataFrame(ROWS).to_csv(path, index=False)
    expected, found = pdt.read_trials(path), pdt.read_trials(made(library))
    same = [name for name in expected.columns if name not in ("row_id", "source_id")]
    pd.testing.assert_frame_equal(pd.DataFrame(found)[same], pd.DataFrame(expected)[same])
    assert found.lines[found["row_id"].iloc[0]] == 1


@pytest.mark.parametrize("library", list(MAKERS))
def test_bad_rows_are_all_refused_at_once_as_in_a_file(library):
    bad = made(library, sd_t=[0.0, 4.0, 6.0, -1.0, 5.0], n_c=[28, 1, 27, 41, 20])
    with pytest.raises(pdt.EvidenceError) as found:
        pdt.read_trials(bad)
    assert len(found.value.problems) == 2  # an arm of one person refuses its row, not the table


@pytest.mark.parametrize("library", list(MAKERS))
def test_a_forest_is_drawn_of_a_table(library):
    ax = pdt.forest(made(library))
    assert "A 2001" in {text.get_text() for text in ax.texts}


def test_what_is_no_table_is_refused():
    for call in (pdt.effect_sizes, pdt.synthesize, pdt.read_trials):
        with pytest.raises(
            pdt.EvidenceError, match="Give a DataFrame of pandas or polars or a Table of pyarrow"
        ):
            call({"yi": [1.0]})
