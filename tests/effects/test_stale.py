"""An effect that its own row no longer gives is named, not pooled in silence."""

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.effects.stale import effects_of_now
from pdt_evidence.errors import EvidenceWarning

ROWS = pdt.trials()
RATIOS = pd.DataFrame(
    {
        "study": list("abc"),
        "event_t": [0, 4, 7],
        "n_t": [20, 30, 40],
        "event_c": [3, 9, 8],
        "n_c": [21, 30, 41],
    }
)


def test_no_effect_of_a_bundled_row_is_old():
    assert np.isnan(effects_of_now(ROWS)).all()


@pytest.mark.parametrize(
    ("basis", "column", "change"),
    [
        ("means", "mean_t", 1.0),
        ("means", "sd_c", 1.0),
        ("means", "n_t", 5),
        ("change", "mean_c", 1.0),
        ("events", "event_t", 1),
        ("events", "n_c", 5),
        ("reported g", "reported", 0.1),
    ],
)
def test_a_changed_cell_tells_the_row_and_what_it_gives_now(basis, column, change):
    row = ROWS.index[ROWS["yi_basis"].eq(basis)][0]
    changed = ROWS.copy()
    changed.loc[row, column] += change
    now = effects_of_now(changed)
    assert np.flatnonzero(~np.isnan(now)).tolist() == [ROWS.index.get_loc(row)]
    again = pdt.effect_sizes(changed, measure="SMD")
    assert now[ROWS.index.get_loc(row)] == pytest.approx(again.loc[row, "yi"])
    assert np.isnan(effects_of_now(again)).all()


def test_a_turned_direction_and_an_emptied_cell_tell_it_too():
    row = ROWS.index[ROWS["yi_basis"].eq("means")][0]
    turned, emptied = ROWS.copy(), ROWS.copy()
    turned.loc[row, "better"] = {"lower": "higher", "higher": "lower"}[ROWS.loc[row, "better"]]
    emptied.loc[row, "mean_t"] = np.nan
    at = ROWS.index.get_loc(row)
    assert effects_of_now(turned)[at] == pytest.approx(-ROWS.loc[row, "yi"])
    assert np.isinf(effects_of_now(emptied)[at])


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
@pytest.mark.parametrize("rule", ["only-zero", "all"])
def test_the_rule_for_zero_cells_makes_no_effect_an_old_one(measure, rule):
    table = pdt.effect_sizes(RATIOS, measure=measure, zero_cells=rule, better="lower")
    assert np.isnan(effects_of_now(table)).all()


def test_arms_under_other_names_are_not_judged():
    table = pdt.effect_sizes(
        RATIOS.rename(columns={"event_t": "a"}), measure="RR", event_t="a", better="lower"
    )
    assert np.isnan(effects_of_now(table)).all()


@pytest.mark.parametrize("decimals", [2, 3, 4, 5])
def test_an_effect_as_a_file_wrote_it_with_few_decimals_is_no_old_one(decimals):
    written = ROWS.assign(yi=ROWS["yi"].round(decimals))
    assert np.isnan(effects_of_now(written)).all()
    moved = written.assign(yi=written["yi"] + 2 * 10.0**-decimals)
    one_way = (
        ROWS["yi_basis"].isin(["means", "change", "reported g"]) & ROWS["yi"].notna()
    )  # no rule for zero cells
    assert (~np.isnan(effects_of_now(moved)))[one_way.to_numpy()].all()


def test_it_is_said_where_the_row_is_pooled_and_where_claims_are_asked():
    rows = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post").dropna(subset="yi")
    rows.loc[rows["row_id"].eq("T0003"), "mean_t"] += 30
    with pytest.warns(EvidenceWarning, match=r"row T0003 \(Cooper 2003\): yi is 0.526, its row gives -6.049"):
        pdt.synthesize(rows)
    with pytest.warns(EvidenceWarning, match="T0003"):
        pdt.check_claims(evidence=rows)


def test_check_names_the_row(tmp_path):
    from pdt_evidence.reporting.check import check_file

    table = pdt.effect_sizes(RATIOS.assign(outcome="remission"), measure="OR", better="higher")
    table.loc[1, "event_t"] = 9
    path = tmp_path / "own.csv"
    table.to_csv(path, index=False)
    found = [one.what for one in check_file(path).findings if one.column == "yi"]
    assert len(found) == 1
    assert "give" in found[0]


@pytest.mark.parametrize("dependence", ["aggregate", "one-per-trial", "che"])
def test_a_value_made_of_several_rows_is_not_called_old(dependence):
    """Its arms, where it still has some, are those of its first row or shared by all."""
    rows = ROWS[ROWS["comparison"].eq("pdt_vs_control") & ROWS["follow_up"].eq("post") & ROWS["yi"].notna()]
    for fit in pdt.synthesize(rows, dependence=dependence).values():
        assert np.isnan(effects_of_now(fit.studies())).all()
    assert np.isnan(effects_of_now(pdt.aggregate_rows(rows))).all()
