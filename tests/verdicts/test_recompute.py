"""Published results: reproduced where the same rows are held, and never by decree."""

import numpy as np
import pytest

import pdt_evidence as pdt
from pdt_evidence.verdicts import recompute
from pdt_evidence.verdicts.recompute import Ours, Printed, Target, published_results
from reference import load

REFERENCE = load("published", cases=3)
ASKED = {
    "Metapsy depression",
    "NICE NG222 network",
    "Wienicke 2023",
    "Zhang 2022",
    "Keefe 2014",
    "Keefe 2020",
    "Steinert 2017",
    "Abbass 2006",
}


@pytest.fixture(scope="module")
def table():
    return published_results()


def test_every_publication_asked_for_is_there(table):
    assert set(table["publication"]) == ASKED
    assert set(table["status"]) <= set(recompute.STATUSES)
    explained = table["status"].isin(["differs, because", "cannot be checked"])
    assert table.loc[explained, "because"].ne("").all()
    assert table.loc[table["status"].eq("reproduced"), "because"].eq("").all()


def test_a_publication_that_is_not_known_is_refused():
    with pytest.raises(
        pdt.EvidenceError, match=r"'Steinert 2016' is not known\. Did you mean 'Steinert 2017'"
    ):
        published_results(["Steinert 2016"])


@pytest.mark.parametrize("place", range(3))
def test_the_depression_release_is_reproduced_as_metafor_pools_it(table, place):
    case = REFERENCE["cases"][place]
    row = table[table["publication"].eq("Metapsy depression")].iloc[place]
    assert (row["ours_k"], row["status"]) == (case["k"], "reproduced")
    ours = [row["ours"], row["ours_low"], row["ours_high"]]
    np.testing.assert_allclose(ours, [case["estimate"], *case["ci"]], rtol=1e-6)
    assert [row["published"], row["published_low"], row["published_high"]] == [
        round(value, 2) for value in (case["estimate"], *case["ci"])
    ]


def test_the_same_rows_go_in_as_in_the_reference():
    both = ["pdt_vs_control", "pdt_vs_active_control"]
    rows = pdt.trials(source="metapsy_depression_psyctr", comparison=both, preferred=False)
    chosen = recompute.one_per_trial(rows, recompute.release_order()).chosen
    assert sorted(chosen["row_id"]) == sorted(REFERENCE["rows"])


def test_steinert_passes_its_margin_from_its_own_numbers(table):
    row = table[table["result"].str.startswith("smallest margin")].iloc[0]
    assert row["status"] == "reproduced"
    assert row["ours"] < 0.25
    assert "equivalent" in row["how"]


def test_a_number_that_is_not_available_cannot_be_checked(table):
    row = table[table["publication"].eq("NICE NG222 network")].iloc[0]
    assert np.isnan(row["published"])
    assert (row["status"], row["because"]) == ("cannot be checked", "the published number is not held")
    assert row["ours_k"] == 63


@pytest.mark.filterwarnings("ignore:Strata mix comparisons")
def test_both_intervals_of_a_row_have_one_level(table):
    row = table[table["result"].str.startswith("target symptoms")].iloc[0]
    assert row["level"] == 0.90
    rows = recompute._held()
    rows = rows[rows["comparison"].isin(["pdt_vs_cbt", "pdt_vs_medication"]) & rows["follow_up"].eq("post")]
    fit = pdt.synthesize(rows.assign(all_="x"), by="all_", dependence="one-per-trial", level=0.90)["x"]
    assert (row["ours"], row["ours_low"], row["ours_k"]) == (fit.estimate, fit.ci[0], fit.k)


def compared(monkeypatch, printed, ours, structure=""):
    target = Target(
        name="made", result="made", printed=lambda: printed, ours=lambda: ours, structure=structure
    )
    monkeypatch.setattr(recompute, "TARGETS", (target,))
    return published_results().iloc[0]


def test_the_status_follows_the_numbers(monkeypatch):
    printed = Printed(estimate=0.62, ci=(0.47, 0.76), k=11)
    same = compared(monkeypatch, printed, Ours(estimate=0.6249, ci=(0.4651, 0.7649), k=11))
    assert (same["status"], same["inside"]) == ("reproduced", "yes")
    other = compared(monkeypatch, printed, Ours(estimate=0.626, ci=(0.47, 0.76), k=11), "individual data")
    assert (other["status"], other["because"]) == ("differs, because", "individual data")
    fewer = compared(monkeypatch, printed, Ours(estimate=0.2, ci=(0.0, 0.4), k=3))
    assert (fewer["because"], fewer["inside"]) == ("other trials: k = 11 there and 3 here", "no")
    none = compared(monkeypatch, printed, Ours())
    assert (none["status"], none["because"]) == (
        "cannot be checked",
        "no trial held here fits its definition",
    )


def test_a_difference_in_a_limit_alone_is_a_difference(monkeypatch):
    printed = Printed(estimate=0.50, ci=(0.22, 0.79), k=14)
    found = compared(monkeypatch, printed, Ours(estimate=0.50, ci=(0.18, 0.82), k=14))
    assert (found["status"], found["because"]) == ("differs; why is not known", "")


def test_a_reason_is_given_only_where_one_is_known(monkeypatch):
    unsaid = compared(
        monkeypatch, Printed(estimate=0.77, ci=(0.58, 0.95)), Ours(estimate=0.5, ci=(0.2, 0.8), k=4)
    )
    assert unsaid["status"] == "differs; why is not known"
    assert unsaid["because"] == "its number of trials is not held"


def test_limits_that_are_not_printed_are_not_asked_for(monkeypatch):
    found = compared(monkeypatch, Printed(estimate=0.64), Ours(estimate=0.641, ci=(0.1, 0.9), k=5))
    assert (found["status"], found["inside"]) == ("reproduced", "")
