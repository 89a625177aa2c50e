"""A review's printed totals, recomputed: every number of a made review, in both formats.

The totals in the made files come from another package (tests/reference/revman.R), so that what is
tested is not the library against itself.
"""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pdt_evidence.analysis.as_revman.audit import audit
from pdt_evidence.analysis.as_revman.pooling import pool_as_revman
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence.readers import import_file, read_any, read_revman

CELLS = {"estimate", "ci_low", "ci_high", "statistic", "p", "Q", "Q_df", "Q_p", "I2", "tau2"}
SAMPLES = Path(__file__).parents[4] / "shared" / "samples"


@pytest.fixture(scope="module")
def made():
    sys.path.insert(0, str(Path(__file__).parents[2] / "evidence" / "readers"))
    import made_files

    return made_files


@pytest.fixture(params=["rm5", "zip", "csv"])
def review(request, made, tmp_path):
    path = tmp_path / f"CD1.{request.param}"
    contents = {"rm5": made.rm5, "zip": lambda: made.zipped(made.web_tables()), "csv": made.revman_csv}
    path.write_bytes(contents[request.param]())
    return read_revman(path)


def test_every_printed_number_is_reproduced(review):
    """8 analyses of all kinds, fixed and random, each overall and in two subgroups."""
    result = audit(review)
    assert len(result.not_reproduced) == 0, result.summary()
    assert set(result.cells["cell"]) >= CELLS | {"between_Q", "between_p", "between_I2"}
    totals = result.cells[result.cells["study"] == ""]
    assert len(totals.groupby(["analysis", "subgroup"])) == 8 * 3
    assert result.summary().endswith("(24 of 24 totals in every number).")


@pytest.mark.parametrize("ending", ["rm5", "zip"])
def test_every_way_of_pooling_is_reproduced(made, tmp_path, ending):
    """OR, RR and RD by Mantel-Haenszel and inverse variance, Peto, MD, SMD, HR, O - E; fixed and random."""
    ways = made.REVIEW["combinations"]
    path = tmp_path / f"CD1.{ending}"
    path.write_bytes(made.rm5(ways) if ending == "rm5" else made.zipped(made.web_tables(ways)))
    result = audit(read_revman(path))
    assert len(result.not_reproduced) == 0, result.summary()
    totals = result.cells[result.cells["study"] == ""]
    assert len(totals.groupby(["analysis", "subgroup"])) == 3 * len(ways) == 3 * 20
    assert set(result.cells.loc[result.cells["study"] != "", "cell"]) == {"weight"}
    assert (result.cells["cell"] == "weight").sum() == sum(way["overall"]["k"] for way in ways)
    texts = {(way["measure"], way["method"], way["random"]) for way in ways}
    assert texts >= {(m, by, r) for m in ("OR", "RR", "RD") for by in ("MH", "IV") for r in (False, True)}


def test_a_number_that_is_printed_wrong_is_the_one_that_is_listed(made, tmp_path):
    total = made.REVIEW["analyses"][4]["overall"]["estimate"]
    path = tmp_path / "CD1.rm5"
    path.write_bytes(made.rm5().replace(f'EFFECT_SIZE="{total!r}"'.encode(), b'EFFECT_SIZE="-2.5"'))
    wrong = audit(read_revman(path)).not_reproduced
    assert wrong[["analysis", "subgroup", "cell", "printed"]].values.tolist() == [
        ["1.5", "", "estimate", -2.5]
    ]
    assert_allclose(wrong["recomputed"], total, rtol=1e-12)
    assert "1.5: estimate printed -2.5, recomputed" in audit(path).summary()


def test_a_weight_that_is_printed_wrong_is_told_with_its_study(made, tmp_path):
    path = tmp_path / "CD1.rm5"
    weight = made.REVIEW["analyses"][4]["overall"]["weights"][1]
    path.write_bytes(made.rm5().replace(f'WEIGHT="{weight}"'.encode(), b'WEIGHT="99.0"'))
    assert (
        "1.5, Short-term (less than 3 months), Berger 2003: weight printed 99, recomputed"
        in audit(path).summary()
    )


def test_rounding_is_allowed_for_and_no_more(made, tmp_path):
    """Three printed decimals: half a unit of the last one is agreement, one unit is not."""
    total = made.REVIEW["analyses"][4]["overall"]["estimate"]
    verdicts = {}
    for printed in (round(total, 3), round(total, 3) + 0.001):
        path = tmp_path / "CD1.rm5"
        changed = made.rm5().replace(
            f'EFFECT_SIZE="{total!r}"'.encode(), f'EFFECT_SIZE="{printed:.3f}"'.encode()
        )
        path.write_bytes(changed)
        cells = audit(path).cells
        cell = cells[
            (cells["analysis"] == "1.5") & (cells["subgroup"] == "") & (cells["cell"] == "estimate")
        ].iloc[0]
        verdicts[printed] = bool(cell["reproduced"])
        assert cell["tolerance"] == 0.0005
    assert list(verdicts.values()) == [True, False]


def test_arms_that_change_places_leave_the_audit_alone(made, tmp_path):
    """The review's own rows are pooled, not the table with PDT as arm 1."""
    path = tmp_path / "CD1.rm5"
    content = made.rm5().replace(b"<GROUP_LABEL_1>STPP", b"<GROUP_LABEL_1>Waiting list")
    path.write_bytes(content.replace(b"<GROUP_LABEL_2>Treatment as usual", b"<GROUP_LABEL_2>STPP"))
    imported = read_revman(path)
    assert set(imported["arm_c"]) == {"waitlist"}
    assert len(audit(imported).not_reproduced) == 0


def test_events_and_non_events_change_places_where_the_review_says_so(made):
    """The odds ratio of the persons without the event is the inverse."""
    data = made.REVIEW["data"]["dich"]
    event_t, n_t, event_c, n_c = (np.array(data[name]) for name in ("e1", "n1", "e2", "n2"))
    settings = {"kind": "dichotomous", "measure": "OR", "method": "IV", "random": True}
    columns = {"event_t": event_t, "n_t": n_t, "event_c": event_c, "n_c": n_c}
    plain = pool_as_revman(columns, **settings)
    swapped = pool_as_revman(columns | {"event_t": n_t - event_t, "event_c": n_c - event_c}, **settings)
    assert_allclose(swapped.estimate, -plain.estimate, rtol=1e-12)


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mine.csv", "a table of trials"),
        pytest.param(
            "data.csv",
            "a Metapsy database",
            marks=pytest.mark.warns("the sign of its effects is not decided"),
        ),
    ],
)
def test_what_prints_no_totals_is_said_by_its_kind(made, tmp_path, name, kind, opened):
    path = tmp_path / name
    path.write_bytes(made.TRIALS.encode() if name == "mine.csv" else made.metapsy({}))
    with pytest.raises(EvidenceError) as caught:
        audit(read_any(path) if opened else path)
    assert str(caught.value) == (
        f"audit: {name} is {kind}, in which no totals are printed: there is nothing to compare. "
        "Give the Review Manager file of a review (.rm5, or its data package .zip)."
    )


def test_a_table_that_was_imported_leads_to_the_file_with_the_totals(made, tmp_path):
    path = tmp_path / "CD1.rm5"
    path.write_bytes(made.rm5())
    import_file(path, tmp_path / "out.csv")
    with pytest.raises(
        EvidenceError, match=r"Its totals are in CD1\.rm5, from which it was imported: audit that file\."
    ):
        audit(tmp_path / "out.csv")


def test_a_review_that_prints_no_totals_is_said_to(made, tmp_path):
    path = tmp_path / "CD1.rm5"
    path.write_bytes(re.sub(rb'(TOTALS=)"YES"', rb'\1"NO"', made.rm5()))
    with pytest.raises(EvidenceError, match="prints no totals, so there is nothing to compare"):
        audit(path)


def test_newer_options_of_the_review_are_followed(made):
    """REML and Hartung-Knapp-Sidik-Jonkman, as the engine has them."""
    from pdt_evidence.analysis.pooled.pooling import pool

    data = made.REVIEW["data"]["gen"]
    columns = {"estimate": data["est"], "se": data["se"]}
    ours = pool_as_revman(
        columns, kind="generic", measure="HR", method="IV", random=True, estimator="REML", interval="hksj"
    )
    engine = pool(data["est"], np.square(data["se"]), method="REML", test="knha")
    assert_allclose(
        [ours.estimate, *ours.ci, ours.tau2], [engine.estimate, *engine.ci, engine.tau2], rtol=1e-12
    )


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples of real files are not here")
@pytest.mark.parametrize("name", ["Fleiss1993.rm5", "Fleiss1993-data.zip", "Fleiss1993.zip"])
@pytest.mark.filterwarnings("ignore:Fleiss1993:pdt_evidence.errors.EvidenceWarning")  # asks for names
def test_the_totals_of_a_real_review_are_reproduced(name):
    result = audit(SAMPLES / name)
    assert len(result.reproduced) >= 15
    assert len(result.not_reproduced) == 0


@pytest.mark.parametrize(("estimator", "interval", "test"), [("REML", "wald", "z"), ("DL", "hksj", "knha")])
def test_one_newer_option_without_the_other_is_followed(made, estimator, interval, test):
    from pdt_evidence.analysis.pooled.pooling import pool

    data = made.REVIEW["data"]["gen"]
    settings = {"kind": "generic", "measure": "HR", "method": "IV", "random": True}
    columns = {"estimate": data["est"], "se": data["se"]}
    ours = pool_as_revman(columns, **settings, estimator=estimator, interval=interval)
    engine = pool(data["est"], np.square(data["se"]), method=estimator, test=test)
    assert_allclose(
        [ours.estimate, *ours.ci, ours.tau2], [engine.estimate, *engine.ci, engine.tau2], rtol=1e-12
    )
    plain = pool_as_revman(columns, **settings)
    assert abs(ours.ci[0] - plain.ci[0]) > 1e-4


def test_tau2_printed_beside_a_fixed_effect_total_is_no_number_of_it(made, tmp_path):
    """Review Manager 5 writes TAU2="0.0" there; it is not compared, and nothing is made of it."""
    path = tmp_path / "CD1.rm5"
    path.write_bytes(re.sub(rb'TAU2="[^"]*"', b'TAU2="7.0"', made.rm5()))
    fixed = {f"1.{number}" for number, one in enumerate(made.REVIEW["analyses"], 1) if not one["random"]}
    cells = audit(path).cells
    assert fixed
    assert not (cells["analysis"].isin(fixed) & (cells["cell"] == "tau2")).any()


@pytest.mark.parametrize(
    ("events", "difference", "ci"),
    [
        ((0, 63, 0, 60), 0.0, (-0.0313, 0.0313)),  # as Review Manager prints them
        ((63, 63, 60, 60), 0.0, (-0.0313, 0.0313)),
    ],
)
def test_an_empty_table_keeps_its_plain_risk_difference(events, difference, ci):
    columns = {
        name: [float(value)] for name, value in zip(("event_t", "n_t", "event_c", "n_c"), events, strict=True)
    }
    total = pool_as_revman(columns, kind="dichotomous", measure="RD", method="IV")
    assert total.estimate == difference
    assert_allclose(total.ci, ci, atol=5e-5)


ONE_AND_NONE = """<DICH_OUTCOME NO="1" EFFECT_MEASURE="RR" METHOD="IV" TOTALS="YES" SUBGROUPS="YES" RANDOM="NO"
CHI2="0.0" DF="0" P_CHI2="1.0" I2="0.0" CI_TOTAL="95" EFFECT_SIZE="0.5" CI_START="0.09701" CI_END="2.57713"
STUDIES="1" TOTAL_1="40" TOTAL_2="40" EVENTS_1="2" EVENTS_2="4"><NAME>Depression</NAME>
<DICH_SUBGROUP NO="1" CHI2="0.0" DF="0" P_CHI2="0.0" I2="0.0" STUDIES="0" TOTAL_1="0" TOTAL_2="0" EVENTS_1="0"
EVENTS_2="0" CI_START="0.0" CI_END="0.0" EFFECT_SIZE="0.0" ESTIMABLE="NO"><NAME>Late</NAME></DICH_SUBGROUP>
<DICH_SUBGROUP NO="2" CHI2="0.0" DF="0" P_CHI2="1.0" I2="0.0" STUDIES="1" TOTAL_1="40" TOTAL_2="40" EVENTS_1="2"
EVENTS_2="4" CI_START="0.09701" CI_END="2.57713" EFFECT_SIZE="0.5"><NAME>End</NAME>
<DICH_DATA EVENTS_1="2" TOTAL_1="40" EVENTS_2="4" TOTAL_2="40" STUDY_ID="STD-Adler-1999"/></DICH_SUBGROUP>
</DICH_OUTCOME>"""


@pytest.mark.warns("arm|outcome|direction|assessed")
def test_what_is_printed_of_one_study_and_of_none_is_reproduced(made, tmp_path):
    """No degrees of freedom: P = 1 and I2 = 0 are printed; a subtotal without studies counts zeros."""
    path = tmp_path / "CD1.rm5"
    path.write_bytes(made.rm5(body=ONE_AND_NONE))
    found = audit(path)
    assert found.not_reproduced[["subgroup", "cell", "printed", "recomputed"]].to_numpy().tolist() == []
    cells = found.cells.set_index(["subgroup", "cell"])["recomputed"]
    assert cells["", "Q_p"] == 1
    assert cells["", "I2"] == 0
    assert cells["Late", "n_t"] == 0
    path.write_bytes(made.rm5(body=ONE_AND_NONE.replace('I2="0.0" CI_TOTAL', 'I2="12.0" CI_TOTAL')))
    assert audit(path).not_reproduced["cell"].tolist() == ["I2"]
