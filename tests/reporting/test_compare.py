"""Two states of the evidence: what came, changed and went, in rows, estimates, weights and verdicts."""

import json

import numpy as np
import pandas as pd
import pytest

import pdt_evidence as pdt
from pdt_evidence.cli.run import main
from pdt_evidence.errors import EvidenceError

OLD = pd.DataFrame(
    {
        "row_id": ["r1", "r2", "r3", "r4"],
        "study": ["Adams 2001", "Brown 2003", "Clark 2007", "Clark 2007"],
        "trial_id": ["adams", "brown", "clark", "clark"],
        "outcome": ["depression", "depression", "depression", "anxiety"],
        "instrument": ["BDI", "BDI", "HDRS", "BAI"],
        "yi": [0.6, 0.2, 0.9, 0.1],
        "vi": [0.04, 0.05, 0.06, 0.06],
    }
)


def updated():
    """One row corrected, one withdrawn, one new."""
    new = OLD.drop(index=3).assign(yi=[0.6, 0.25, 0.9])
    row = {"row_id": "r9", "study": "Davis 2026", "trial_id": "davis", "outcome": "depression",
           "instrument": "BDI", "yi": -0.4, "vi": 0.05}  # fmt: skip
    return pd.concat([new, pd.DataFrame([row])], ignore_index=True)


def test_rows_that_came_changed_and_were_withdrawn_are_told_apart():
    change = pdt.compare(OLD, updated(), by="outcome")
    assert change.rows.to_numpy().tolist() == [
        ["came", "r9", "Davis 2026", "", "", ""],
        ["changed", "r2", "Brown 2003", "yi", "0.2", "0.25"],
        ["withdrawn", "r4", "Clark 2007", "", "", ""],
    ]


def test_every_number_is_that_of_its_own_synthesis():
    change = pdt.compare(OLD, updated(), by="outcome")
    fits = [pdt.synthesize(table, by="outcome")["depression"] for table in (OLD, updated())]
    row = change.to_frame().set_index("outcome").loc["depression"]
    for side, fit in zip(("old", "new"), fits, strict=True):
        for name in ("k", "estimate", "tau2", "I2", "p"):
            assert row[f"{name}_{side}"] == getattr(fit, name)
        assert (row[f"ci_low_{side}"], row[f"ci_high_{side}"]) == fit.ci
    assert row["estimate_change"] == fits[1].estimate - fits[0].estimate
    weights = change.weights[change.weights["outcome"] == "depression"].set_index("study")
    assert weights.loc["Adams 2001", "weight_old"] == fits[0].weights[0]
    assert weights.loc["Davis 2026", "weight_new"] == fits[1].weights[-1]
    assert np.isnan(weights.loc["Davis 2026", "weight_old"])
    assert change.to_frame().set_index("outcome").loc["anxiety", "status"] == "gone"


def test_a_flip_is_an_interval_that_is_elsewhere():
    old = pdt.pool([0.45, 0.5, 0.55], [0.02, 0.02, 0.02], labels=list("abc"))
    new = pdt.pool([0.45, 0.5, 0.55, -2.0], [0.02, 0.02, 0.02, 0.02], labels=list("abcd"))
    row = pdt.compare(old, new).estimates.iloc[0]
    assert (row["reading_old"], row["reading_new"], row["flips"]) == ("above 0", "includes 0", True)
    assert not pdt.compare(old, old).estimates["flips"].any()
    assert "The interval, which was above 0, now includes 0." in pdt.compare(old, new).summary()


def test_nothing_changed_is_said():
    same = "No row was added, changed or withdrawn. All 2 estimates are the same."
    assert pdt.compare(OLD, OLD.copy(), by="outcome", claims=False).summary() == same
    assert pdt.compare(OLD, OLD.copy(), by="outcome").summary() == (
        f"{same} No verdicts are compared: neither table has rows of the bundled evidence, which the article's claims "
        "are about; claims=True judges them by these tables all the same."
    )
    pooled = pdt.synthesize(OLD, by="outcome")
    assert "and the old side is pooled already" in pdt.compare(pooled, OLD).summary()


def test_a_part_of_the_evidence_that_claims_cannot_be_judged_on_is_compared_without_them():
    part = pdt.trials(comparison="pdt_vs_cbt")
    change = pdt.compare(part.iloc[:-5], part)
    assert change.verdicts is None
    assert "PDT against CBT, " in change.summary()


def test_the_way_back_undoes_the_way_there():
    there, back = pdt.compare(OLD, updated(), by="outcome"), pdt.compare(updated(), OLD, by="outcome")
    assert (there.rows["what"] == "came").sum() == (back.rows["what"] == "withdrawn").sum()
    ways = [one.estimates.set_index("outcome")["estimate_change"]["depression"] for one in (there, back)]
    assert ways[0] == -ways[1]


def test_row_order_changes_nothing():
    moved = updated().sample(frac=1, random_state=1)
    one, other = (pdt.compare(OLD, new, by="outcome") for new in (updated(), moved))
    pd.testing.assert_frame_equal(one.rows, other.rows)
    assert one.estimates["estimate_new"].tolist() == pytest.approx(
        other.estimates["estimate_new"].tolist(), nan_ok=True
    )


def test_rows_that_only_have_line_numbers_are_matched_by_what_they_are():
    """A row put in at the top shifts every line; only that row is new."""
    new = pd.concat([updated().tail(1), OLD], ignore_index=True)
    old, new = (
        table.assign(row_id=[f"line {at}" for at in range(2, len(table) + 2)]) for table in (OLD, new)
    )
    assert pdt.compare(old, new, by="outcome").rows[["what", "study"]].to_numpy().tolist() == [
        ["came", "Davis 2026"]
    ]


def test_syntheses_bring_their_rows_along():
    one, other = (pdt.synthesize(table, by="outcome") for table in (OLD, updated()))
    by_rows, by_values = pdt.compare(OLD, updated(), by="outcome"), pdt.compare(one, other)
    assert by_values.rows["row_id"].tolist() == by_rows.rows["row_id"].tolist()
    assert by_values.estimates["estimate_new"].equals(by_rows.estimates["estimate_new"])


def test_a_table_is_pooled_as_the_synthesis_beside_it():
    synthesis = pdt.synthesize(OLD, by="outcome", method="DL", test="z")
    change = pdt.compare(synthesis, OLD)
    assert not change.estimates["changed"].any()
    assert change.rules.empty
    other = pdt.compare(synthesis, OLD, test="knha")
    assert other.rules.to_numpy().tolist() == [["test", "z", "knha"]]
    assert "Part of this comes of other rules of pooling (test z to knha)" in other.summary()


def test_rows_set_aside_by_their_table_count_as_withdrawn():
    table = OLD.assign(status=["ok", "ok", "disputed", "ok"])
    assert pdt.compare(OLD.assign(status="ok"), table, by="outcome").rows.to_numpy().tolist() == [
        ["withdrawn", "r3", "Clark 2007", "", "", ""]
    ]


def release(folder, estimate, verdict):
    """A folder as `reproduce` leaves it, with one pool and one claim."""
    pool = {"comparison": "pdt_vs_cbt", "outcome": "depression", "follow_up": "post", "k": 2, "measure": "SMD",
            "estimate": estimate, "se": 0.1, "ci": [estimate - 0.2, estimate + 0.2], "level": 0.95, "p": 0.03,
            "pi": [None, None], "tau2": 0.0, "tau2_ci": [0, None], "I2": 0.0, "I2_ci": [0, 50], "Q": 1.0, "Q_df": 1,
            "Q_p": 0.5, "method": "REML", "test": "knha", "row_ids": ["T1", "T2"], "notes": []}  # fmt: skip
    claim = {"number": 4, "claim_id": "c", "statement": "It works.", "source_says": "stated",
             "numbers_say": "borne out", "verdict": verdict, "why": ""}  # fmt: skip
    folder.mkdir()
    made = {"pdt_evidence": "1.0", "pools": [pool], "claims": [claim]}
    (folder / "results.json").write_text(json.dumps(made), encoding="utf-8")
    return folder


def test_verdicts_of_releases_that_flip_are_said(tmp_path):
    old, new = release(tmp_path / "a", 0.3, "supported"), release(tmp_path / "b", 0.1, "overstated")
    change = pdt.compare(old, new / "results.json")
    assert change.verdicts[["number", "verdict_old", "verdict_new", "flips"]].to_numpy().tolist() == [
        [4, "supported", "overstated", True]
    ]
    assert "1 verdict flips: claim 4 (c) from 'supported' to 'overstated'." in change.summary()
    assert "Weights are not known on both sides everywhere." in change.summary()
    assert "was above 0, now includes 0" in change.summary()


def test_the_table_of_pools_of_a_release_is_read(tmp_path):
    table = pdt.synthesize(
        OLD.assign(comparison="pdt_vs_cbt", follow_up="post"), by=["comparison", "outcome", "follow_up"]
    )
    table.to_frame().to_csv(tmp_path / "pooled.csv", index=False)
    change = pdt.compare(tmp_path / "pooled.csv", table)
    assert not change.estimates["changed"].any()
    assert "pooled.csv has estimates only, so rows and weights are not compared." in change.summary()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (1, OLD, "old is a int: expected a synthesis, a pooled effect, a table of trials, or the path"),
        ("nothing.csv", OLD, "nothing.csv is not there."),
        ("nothing.json", OLD, "nothing.json is not there. Give a folder that"),
        (".", OLD, "has no results.json: expected a folder that `pdt-evidence reproduce` wrote."),
        (
            pdt.synthesize(OLD, by="outcome"),
            pdt.synthesize(OLD, by="instrument"),
            "Make both by the same columns.",
        ),
        (OLD, OLD.drop(columns="yi"), "measure SMD cannot be computed from columns"),
        (pdt.PooledEffect(), OLD, "The old result holds no studies"),
    ],
)
def test_what_is_no_state_is_said_in_one_sentence(tmp_path, monkeypatch, old, new, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EvidenceError, match=said):
        pdt.compare(old, new, **({} if isinstance(old, pdt.Synthesis) else {"by": "outcome"}))


def test_options_for_tables_are_refused_where_there_is_none():
    fit = pdt.pool([0.1, 0.2], [0.1, 0.1])
    with pytest.raises(EvidenceError, match="test would pool tables, and neither side is one"):
        pdt.compare(fit, fit, test="z")


def test_a_results_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "results.json").write_text('{"pools": [{}]}', encoding="utf-8")
    with pytest.raises(EvidenceError, match="is not what `pdt-evidence reproduce` writes"):
        pdt.compare(tmp_path, OLD)


def test_the_command_says_and_writes_it(tmp_path, capsys):
    for name, table in (("old.csv", OLD), ("new.csv", updated())):
        table.drop(columns="row_id").to_csv(tmp_path / name, index=False)
    paths = [str(tmp_path / name) for name in ("old.csv", "new.csv")]
    assert main(["compare", *paths, "--by", "outcome", "-o", str(tmp_path / "strata.csv")]) == 0
    out = capsys.readouterr().out
    assert (
        "1 row was added (Davis 2026), 1 row was changed (Brown 2003, yi: 0.2 to 0.25) and 1 row was withdrawn"
        in " ".join(out.split())
    )
    assert pd.read_csv(tmp_path / "strata.csv")["k_new"].tolist() == [4, 0]
    assert main(["compare", *paths, "--by", "outcome", "-o", str(tmp_path / "x.svg")]) == 0
    assert (tmp_path / "x.svg").stat().st_size > 1000
    assert main(["compare", paths[0], str(tmp_path / "none.csv")]) == 1
    assert "none.csv is not there" in capsys.readouterr().err
