"""Columns as they come: numbers kept as text, blanks, categories in their order, tables that are subclasses."""

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceWarning, SchemaError

DOSE = [4, 10, 9, 20, 7, 30, 12, 2, 15, 25]
TABLE = pd.DataFrame(
    {
        "study": [f"s{i}" for i in range(10)],
        "outcome": "depression",
        "yi": [0.1, 0.4, 0.3, 0.5, 0.2, 0.9, 0.3, 0.0, 0.4, 0.6],
        "vi": [0.03, 0.05, 0.04, 0.06, 0.03, 0.05, 0.04, 0.06, 0.03, 0.05],
        "dose": DOSE,
        "stage": ["low", "mid", "mid", "high", "low", "high", "mid", "low", "high", "high"],
    }
)
ORDER = ["low", "mid", "high"]


def read(tmp_path, table, **options):
    table.to_csv(tmp_path / "t.csv", index=False, **options)
    return pdt.read_trials(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (DOSE, "i"),
        ([*DOSE[:9], ""], "f"),
        ([*DOSE[:9], "NA"], "f"),
        ([0.5, *DOSE[1:]], "f"),
        ([-1e-3, *DOSE[1:]], "f"),
        (["0,5", "1,25", *DOSE[2:]], "f"),
        (["007", *DOSE[1:]], "text"),  # an identifier: its zeros are part of it
        ([12345678901234567890, *DOSE[1:]], "text"),  # not the same number as a float
        pytest.param(["inf", *DOSE[1:]], "text", marks=pytest.mark.warns("kept as words")),
        pytest.param(["4 mg", *DOSE[1:]], "text", marks=pytest.mark.warns("kept as words")),
        ([""] * 10, "text"),
        (["1e3", *DOSE[1:]], "i"),
    ],
)
def test_a_column_of_the_users_own_is_numeric_if_all_its_filled_cells_are(tmp_path, cells, kind):
    column = read(tmp_path, TABLE.assign(dose=cells))["dose"]
    found = column.dtype.kind if pd.api.types.is_numeric_dtype(column.dtype) else "text"
    assert found == kind
    if kind != "text":
        expected = [str(cell).replace(",", ".").replace("NA", "") for cell in cells]
        assert column.tolist() == pytest.approx([float(c or "nan") for c in expected], nan_ok=True)


def test_numbers_of_a_file_enter_a_regression_as_numbers(tmp_path):
    expected = pdt.metareg("yi ~ dose", TABLE).coefficients
    got = pdt.metareg("yi ~ dose", read(tmp_path, TABLE)).coefficients
    pd.testing.assert_frame_equal(got, expected)


@pytest.mark.parametrize("blank", [np.nan, None, "", "  ", pd.NA])
@pytest.mark.parametrize("name", ["dose", "stage"])
@pytest.mark.parametrize("imported", [False, True])
def test_a_blank_moderator_leaves_its_row_out(tmp_path, blank, name, imported):
    cells = TABLE[name].astype(object).to_list()
    cells[3] = blank
    table = read(tmp_path, TABLE) if imported else TABLE.copy()
    table[name] = pd.Series(cells, dtype=object)
    expected = pdt_without(TABLE.drop(index=3), name)
    with pytest.warns(pdt.EvidenceWarning, match="1 of 10 rows left out"):
        fit = pdt.metareg(f"yi ~ {name}", table)
    pd.testing.assert_frame_equal(fit.coefficients, expected)
    assert fit.left_out["row"].tolist() == [3]
    assert fit.left_out["reason"].tolist() == [f"no {name}"]


def pdt_without(table, name):
    return pdt.metareg(f"yi ~ {name}", table).coefficients


@pytest.mark.warns("Numbers kept as text are taken as numbers: dose")
def test_numbers_kept_as_text_are_numbers_unless_the_formula_has_them_as_codes():
    text = TABLE.assign(dose=TABLE["dose"].astype(str), part=list("1212121212"))
    expected = pdt.metareg("yi ~ dose", TABLE)
    fit = pdt.metareg("yi ~ dose", text)
    pd.testing.assert_frame_equal(fit.coefficients, expected.coefficients)
    new = pd.DataFrame({"dose": ["5", "6"]})
    pd.testing.assert_frame_equal(fit.predict(new), expected.predict(new.astype(float)))
    codes = pdt.metareg("yi ~ C(part)", text)
    assert codes.coefficients.index.tolist() == ["Intercept", "C(part)[T.2]"]
    assert codes.predict(pd.DataFrame({"part": ["2"]})).shape == (1, 6)


def test_dates_are_no_moderators():
    dated = TABLE.assign(when=pd.to_datetime("2001-01-01"))
    with pytest.raises(SchemaError, match="column 'when' holds dates"):
        pdt.metareg("yi ~ when", dated)


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "int32", "object"])
def test_the_type_of_a_column_of_numbers_does_not_matter(dtype):
    expected = pdt.metareg("yi ~ dose", TABLE).coefficients
    got = pdt.metareg("yi ~ dose", TABLE.assign(dose=TABLE["dose"].astype(dtype))).coefficients
    pd.testing.assert_frame_equal(got, expected)


@pytest.mark.parametrize("tau2", ["common", "separate"])
@pytest.mark.parametrize("ordered", [True, False])
def test_groups_are_in_the_order_of_their_categories_each_with_its_own_numbers(tau2, ordered):
    plain = pdt.compare_subgroups(TABLE, "stage", tau2=tau2)
    kind = pd.CategoricalDtype(["never", *ORDER], ordered=ordered)
    found = pdt.compare_subgroups(TABLE.assign(stage=TABLE["stage"].astype(kind)), "stage", tau2=tau2)
    assert plain.groups.index.tolist() == sorted(ORDER)
    assert found.groups.index.tolist() == ORDER
    pd.testing.assert_frame_equal(
        found.groups.sort_index(), plain.groups, check_index_type=False, check_names=False
    )
    assert found.p == pytest.approx(plain.p, rel=1e-12)


def test_groups_that_are_numbers_are_in_their_order():
    number = pdt.compare_subgroups(TABLE.assign(arm=[10, 9] * 5), "arm")
    assert number.groups.index.tolist() == ["9", "10"]
    words = pdt.compare_subgroups(TABLE.assign(arm=["b", "a"] * 5), "arm")
    np.testing.assert_allclose(number.groups, words.groups)


@pytest.mark.parametrize("contrast", ["stage", "C(stage)"])
def test_coefficients_are_named_for_the_categories_they_are_of(contrast):
    kind = pd.CategoricalDtype(ORDER, ordered=True)
    fit = pdt.metareg(f"yi ~ {contrast}", TABLE.assign(stage=TABLE["stage"].astype(kind)))
    by_hand = TABLE.assign(mid=TABLE["stage"].eq("mid") * 1.0, high=TABLE["stage"].eq("high") * 1.0)
    expected = pdt.metareg("yi ~ mid + high", by_hand).coefficients
    assert [name.rpartition(".")[2].strip("]") for name in fit.coefficients.index[1:]] == ["mid", "high"]
    np.testing.assert_allclose(fit.coefficients, expected)


def test_studies_enter_in_the_order_of_categories():
    kind = pd.CategoricalDtype(ORDER, ordered=True)
    stage = TABLE["stage"].astype(kind)
    expected = pdt.cumulative(TABLE["yi"], TABLE["vi"], order=[ORDER.index(word) for word in stage])
    for order in (stage, stage.array, pd.Categorical(stage)):
        assert pdt.cumulative(TABLE["yi"], TABLE["vi"], order=order).labels == expected.labels


def test_groups_made_of_numbers_and_a_few_words_are_said():
    dose = ["10", "20", "10", "30", *["20", "10"] * 3, "10", "1,250"]
    table = pd.DataFrame({"yi": [0.1, 0.2, 0.3, 0.4] * 3, "vi": 0.1, "dose": dose})
    with pytest.warns(
        EvidenceWarning, match="dose is taken for groups, as 1 of its values is no number: '1,250'"
    ):
        pdt.metareg("yi ~ dose", table)


def test_a_table_without_effects_is_told_what_computes_them():
    raw = pd.DataFrame({"study": list("abcd"), "yi": [0.1, 0.5, 0.9, 0.3], "sei": 0.2, "dose": [1, 2, 3, 4]})
    with pytest.raises(SchemaError, match=r"no column 'vi'. Give effect_sizes\(table\)"):
        pdt.metareg("yi ~ dose", raw)
