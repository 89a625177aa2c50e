"""Published results: reproduced where the same rows are held, and never by decree."""

import numpy as np
import pytest

import pdt_evidence as pdt
from pdt_evidence.verdicts import recompute
from pdt_evidence.verdicts.recompute import Ours, Printed, Target, published_results
from reference import load

REFERENCE = load("published", cases=3)
ASKED = {
    "NICE NG222 network",
    "Wienicke 2023",
    "Zhang 2022",
    "Keefe 2014",
    "Keefe 2020",
    "Steinert 2017",
    "Abbass 2006",
    "Mayo-Wilson 2014 network",
    "Smith & Hewitt 2024",
    "World Psychiatry 2024",
}


@pytest.fixture(scope="module")
def table():
    return published_results()


def test_every_publication_asked_for_is_there(table):
    assert set(table["publication"][~table["where"].str.startswith("trials")]) == ASKED
    assert set(table["status"]) <= set(recompute.STATUSES)
    explained = table["status"].isin(["differs, because", "cannot be checked"])
    assert table.loc[explained, "because"].ne("").all()
    assert table.loc[table["status"].eq("reproduced"), "because"].eq("").all()


def test_the_social_anxiety_network_comes_near_what_its_review_prints(table):
    rows = table[table["publication"].eq("Mayo-Wilson 2014 network")].set_index("result")
    lists = rows.loc["social anxiety, PDT against waiting lists"]
    assert (lists["published"], lists["published_low"], lists["published_high"]) == (0.62, 0.31, 0.93)
    assert lists["ours"] == pytest.approx(0.5913, abs=5e-4)
    assert (lists["inside"], lists["status"]) == ("yes", "differs, because")
    assert rows.loc["social anxiety, PDT against CBT", "status"] == "cannot be checked"


def test_a_publication_that_is_not_known_is_refused():
    with pytest.raises(
        pdt.EvidenceError, match=r"'Steinert 2016' is not known\. Did you mean 'Steinert 2017'"
    ):
        published_results(["Steinert 2016"])


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=["REML", "DL", "knha"])
def test_own_check_the_depression_release_pools_as_metafor_pools_it(case):
    """No publication prints these: our own run of metafor (tests/reference/published.R), so not "reproduced"."""
    rows = pdt.trials(source="metapsy_depression_psyctr", preferred=False, disputed=True)
    rows = rows[rows["row_id"].isin(REFERENCE["rows"])]
    assert len(rows) == case["k"]
    found = [
        pdt.pool(rows["reported"], rows["reported_se"] ** 2, method=method, test=test)
        for method, test in (("REML", "z"), ("DL", "z"), ("REML", "knha"))
    ][REFERENCE["cases"].index(case)]
    np.testing.assert_allclose([found.estimate, *found.ci], [case["estimate"], *case["ci"]], rtol=1e-6)


def test_nothing_that_only_this_project_computed_is_called_reproduced(table):
    """Every printed number is that of a row of `reviews` or of a trial's own publication."""
    printed = table[table["published"].notna()]
    assert printed["where"].str.fullmatch(r"(reviews R|trials T)\d+").all()
    kinds = pdt.sources().set_index("source_id")["kind"]
    rows = pdt.trials(disputed=True, preferred=False).set_index("row_id")
    own = printed[printed["where"].str.startswith("trials")]
    assert len(own) >= 5
    for _, row in own.iterrows():
        there = rows.loc[row["where"].split()[1]]
        assert kinds[there["source_id"]] == "trial"
        assert there["reported"] == row["published"]


def test_single_trials_are_reported_hit_or_miss(table):
    own = table[table["where"].str.startswith("trials")]
    status = own.groupby(own["publication"].str.lower())["status"].agg(set)
    assert status.filter(like="johansson").map(lambda found: "reproduced" in found).any()
    assert (own["status"] != "reproduced").any()
    missed = own[own["status"].ne("reproduced")]
    assert missed["because"].str.contains("not that of the arms").all()


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
