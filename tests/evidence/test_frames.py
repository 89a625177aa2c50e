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


POOLED = {
    "study": list("ABCDEFGH"),
    "trial_id": list("ABCDEFGH"),
    "row_id": list("abcdefgh"),
    "comparison": ["pdt_vs_control"] * 8,
    "outcome": ["depression"] * 8,
    "follow_up": ["post"] * 6 + ["long"] * 2,
    "year": list(range(2000, 2008)),
    "arm_c": ["waitlist"] * 4 + ["tau"] * 4,
    "rob": ["low", "high"] * 4,
    "measure": ["SMD"] * 8,
    "yi": [0.1, 0.5, 0.3, 0.6, 0.2, 0.4, 0.5, None],
    "vi": [0.05] * 8,
}
POST = {name: cells[:6] for name, cells in POOLED.items()}
CALLS = {
    "absolute": (
        POST,
        lambda rows: pdt.absolute(pdt.synthesize(rows)["depression", "post"], control_rate=0.3, table=rows),
    ),
    "aggregate_rows": (POST, pdt.aggregate_rows),
    "alt_text": (POST, pdt.alt_text),
    "bias": (POST, pdt.bias),
    "check_claims": (POST, lambda rows: pdt.check_claims(evidence={"trials": rows})),
    "compare": (POST, lambda rows: pdt.compare(rows, rows)),
    "compare_subgroups": (POST, lambda rows: pdt.compare_subgroups(rows, "arm_c", cluster="trial_id")),
    "cumulative": (POST, pdt.cumulative),
    "findings": (POST, lambda rows: pdt.findings(pdt.synthesize(rows), table=rows)),
    "influence": (POST, pdt.influence),
    "metareg": (POST, lambda rows: pdt.metareg("~ year", rows)),
    "metareg, predict": (POST, lambda rows: pdt.metareg("~ year", pd.DataFrame(POST)).predict(rows)),
    "model_strata": (POOLED, pdt.model_strata),
    "model_windows": (POOLED, lambda rows: pdt.model_windows(rows)["pdt_vs_control", "depression"].windows),
    "moderators": (POST, lambda rows: pdt.moderators(rows, names=["year", "waitlist"])),
    "multiverse": (POST, lambda rows: pdt.multiverse(rows, method=["REML", "DL"])),
    "pet_peese": (POST, pdt.pet_peese),
    "sensitivity": (POST, pdt.sensitivity),
    "sources": (POST, pdt.sources),
    "synthesize": (POOLED, pdt.synthesize),
    "what_if": (POST, lambda rows: pdt.what_if(rows, effect=0.2, n_per_arm=40)),
}


@pytest.mark.filterwarnings("ignore::pdt_evidence.EvidenceWarning")
@pytest.mark.parametrize(("rows", "call"), CALLS.values(), ids=CALLS)
def test_whatever_takes_a_table_takes_one_of_every_library(rows, call):
    expected, *found = (call(make(rows)) for make in MAKERS.values())
    for other in found:
        if hasattr(expected, "to_frame"):
            pd.testing.assert_frame_equal(other.to_frame(), expected.to_frame())
        elif isinstance(expected, pd.DataFrame):
            pd.testing.assert_frame_equal(other, expected)
        else:
            assert str(other) == str(expected)
