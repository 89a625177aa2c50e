"""PDT against CBT through networks: the whole and its parts agree, and nothing is concluded from an absence."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.conclusions.equivalence import equivalence
from pdt_evidence.analysis.networks.comparison import network_table, networks, pdt_against_cbt
from pdt_evidence.errors import RequestError

SAD, NICE, MANY = "sad_mayowilson2014", "depression_nice", "metapsy_pdt_multiarm:depression"


@pytest.fixture(scope="module")
def found():
    return pdt_against_cbt()


def rows_of(found, network):
    return found.table[found.table["network"].eq(network)].set_index("evidence")


def test_every_network_with_both_arms_is_compared(found):
    listed = networks()
    assert set(found.table["network"]) == set(listed.loc[listed["with_both"] > 0, "network"])
    assert {SAD, NICE, MANY} <= set(listed["network"])
    assert len(found.table) == 3 * found.table["network"].nunique()


@pytest.mark.parametrize("network", [SAD, NICE, MANY])
def test_mixed_is_direct_and_indirect_weighed_by_their_variances(found, network):
    rows = rows_of(found, network)
    weight = 1 / rows["se"] ** 2
    parts = rows.loc[["direct", "indirect"]]
    assert_allclose(
        rows.loc["mixed", "estimate"], np.average(parts["estimate"], weights=weight[parts.index]), rtol=1e-9
    )
    assert_allclose(weight["mixed"], weight["direct"] + weight["indirect"], rtol=1e-9)
    assert_allclose(rows["direct_share"], weight["direct"] / weight["mixed"], rtol=1e-9)


@pytest.mark.parametrize("network", [SAD, NICE, MANY])
def test_the_split_test_is_that_of_the_two_estimates(found, network):
    rows = rows_of(found, network)
    apart = rows.loc["direct", "estimate"] - rows.loc["indirect", "estimate"]
    assert_allclose(rows["split_difference"], apart, rtol=1e-9)
    z = apart / np.hypot(rows.loc["direct", "se"], rows.loc["indirect", "se"])
    from scipy.special import ndtr

    assert_allclose(rows["split_p"], 2 * ndtr(-abs(z)), rtol=1e-9)


def test_verdicts_are_those_of_equivalence(found):
    for network, fit in found.fits.items():
        for evidence, row in rows_of(found, network).iterrows():
            if np.isnan(row["estimate"]):
                assert row["verdict"] == ""
                continue
            test = equivalence(fit.comparison("pdt", "cbt", evidence), margin=0.25)
            assert (row["verdict"], row["p_equivalence"]) == (test.verdict, pytest.approx(test.p))


def test_a_trial_alone_has_no_indirect_evidence(found):
    """Brom 1989 in PTSD: desensitisation, psychodynamic therapy, waiting list; the row is the trial's own SMD."""
    rows = rows_of(found, "metapsy_pdt_multiarm:ptsd")
    assert rows.loc["indirect", "note"] == "no indirect evidence"
    assert np.isnan(rows.loc["indirect", "estimate"])
    assert rows.loc["mixed", "estimate"] == pytest.approx(rows.loc["direct", "estimate"])
    held = pdt.trials(comparison="pdt_vs_cbt", disorder="ptsd")
    own = held.loc[held["trial_id"].eq("brom1989"), "yi"].item()
    # The network takes the SD over three arms, the trial's row over two: the same two means, divided by SDs that
    # differ by the third arm's. No tighter bound follows from the data; a wrong arm or sign is off by far more.
    assert rows.loc["direct", "estimate"] == pytest.approx(own, abs=0.03)


def test_the_direct_studies_are_the_ones_with_both_arms(found):
    listed = networks().set_index("network")
    for network in found.fits:
        assert rows_of(found, network)["k_direct"].eq(listed.loc[network, "with_both"]).all()


def test_a_wide_margin_turns_the_verdict():
    table = pdt_against_cbt([NICE], margin=1.0).table.set_index("evidence")
    assert table.loc["mixed", "verdict"] == "equivalent"
    assert table.loc["mixed", "margin"] == 1.0


def test_the_fixed_model_can_be_asked_for(found):
    fixed = pdt_against_cbt([SAD], method="EE").table.set_index("evidence")
    assert (fixed["tau2"] == 0).all()
    assert fixed.loc["mixed", "se"] < rows_of(found, SAD).loc["mixed", "se"]


def test_transitivity_shows_what_is_available_and_names_what_is_not(found):
    table = found.transitivity()
    head = table[table["comparison"].eq("cbt:pdt")].set_index("network")
    assert head.loc[NICE, ["k", "year_low", "year_high"]].tolist() == [2, 2016, 2019]
    assert np.isnan(head.loc[SAD, "n_median"])
    assert "n" in found.not_held()[SAD]
    assert "n" not in found.not_held()[NICE]
    assert all("baseline severity" in words for words in found.not_held().values())
    ages = table[table["network"].eq(MANY)].set_index("comparison")
    # Cooper 2003, Fonagy 2019, Covi 1987 and McLean 1979, as the table of trials has them
    assert ages.loc["cbt:pdt", "mean_age_median"] == pytest.approx(np.median([27.69, 37.9, 43.8, 39.2]))
    assert any(word.startswith("sessions (known of ") for word in found.not_held()[MANY])


def test_disputed_and_second_choice_arms_stay_out():
    rows = network_table(MANY)
    assert rows["preferred"].all()
    assert rows["status"].eq("ok").all()
    assert "Bastos 2015" not in set(rows["study"])


def test_an_unknown_network_is_refused_with_the_known_ones():
    with pytest.raises(RequestError, match="sad_mayowilson2014"):
        network_table("anxiety")


def test_the_record_shows_itself(found):
    assert "non-superior" in found.summary()
    assert "<table>" in found._repr_html_()
    assert found.to_frame() is not found.table


def test_a_session_shows_it_in_a_line_and_a_table_of_a_few_columns(found):
    assert len(repr(found)) < 200
    assert "\n" not in repr(found)
    head = found._repr_html_().partition("</thead>")[0]
    assert 6 <= head.count("<th ") + head.count("<th>") <= 8
