"""A bare table where one meta-analysis is meant is what `synthesize` makes of it, or is refused by its strata."""

import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError, RequestError

TABLE = pd.DataFrame(
    {
        "trial_id": ["A", "A", "B", "C", "D", "E"],
        "outcome": "depression",
        "follow_up": "post",
        "year": [2009, 2009, 2001, 2005, 1999, 2003],
        "yi": [0.5, 0.4, 0.3, None, 0.2, 0.9],
        "vi": [0.04, 0.05, 0.06, 0.05, 0.03, 0.07],
    }
)
VALUES = {  # of each function that looks at one meta-analysis, something that a row more would change
    "bias": lambda found: found.to_frame().loc[0, ["k", "estimate"]].tolist(),
    "cumulative": lambda found: found.estimate.tolist(),
    "gosh": lambda found: found.estimate.tolist(),
    "influence": lambda found: found.rstudent.tolist(),
    "leave_one_out": lambda found: found.estimate.tolist(),
    "limit_meta": lambda found: [found.k, found.estimate],
    "p_uniform": lambda found: [found.k, found.estimate],
    "pet_peese": lambda found: [found.pet.k, found.pet.estimate],
    "publication_sensitivity": lambda found: [found.k, found.naive.estimate],
    "rank_test": lambda found: [found.k, found.tau],
    "regression_test": lambda found: [found.slope, found.p],
    "selection_model": lambda found: [found.k, found.estimate],
    "trim_and_fill": lambda found: [found.k0, found.estimate],
    "what_if": lambda found: found.to_frame()["estimate"].tolist(),
}
OPTIONS = {"what_if": {"effect": 0.2, "vi": 0.05}}


@pytest.mark.warns(r"Left out, without an effect: row 4 \(.*\): no yi or vi\.")
@pytest.mark.parametrize("name", VALUES)
def test_a_table_is_the_stratum_that_synthesize_makes_of_it(name):
    """One value a trial, and a row without an effect left out with its reason."""
    ask, value, options = getattr(pdt, name), VALUES[name], OPTIONS.get(name, {})
    fit = pdt.synthesize(TABLE[TABLE["yi"].notna()])["depression", "post"]
    assert fit.k == 4
    assert_allclose(value(ask(TABLE, **options)), value(ask(fit, **options)), rtol=1e-9)


@pytest.mark.parametrize("name", VALUES)
def test_several_strata_are_refused_by_their_names(name):
    table = TABLE[TABLE["yi"].notna()].assign(follow_up=["post", "long", "post", "post", "post"])
    with pytest.raises(
        RequestError, match=rf"{name}\(\) looks at one .* 2 strata \(depression, post; depression, long\)"
    ):
        getattr(pdt, name)(table, **OPTIONS.get(name, {}))


def test_a_row_without_a_stratum_is_refused_as_by_synthesize():
    with pytest.raises(EvidenceError, match="column 'follow_up' is blank in row 2 of"):
        pdt.bias(TABLE.assign(follow_up=["post", None, "post", "post", "post", "post"]))


@pytest.mark.warns(r"Left out, without an effect: row T0224 \(.*\), row T0225 \(")
def test_counts_of_persons_stand_back_where_a_trial_has_a_score():
    """Scores and counts of one trial are no two studies: the bundled depression trials are as many as in synthesize."""
    table = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    fit = pdt.synthesize(table)["depression", "post"]
    first = pdt.bias(table)
    assert first.to_frame().loc[0, "k"] == fit.k < len(table)
    assert first.to_frame().loc[0, "estimate"] == pytest.approx(fit.estimate)
    assert any("a score" in note and "Left out" in note for note in first.notes)


@pytest.mark.warns(r"Left out, without an effect: row 4 \(.*\): no yi or vi\.")
def test_given_clusters_keep_every_row_with_an_effect():
    found = pdt.pet_peese(TABLE, cluster="trial_id")
    again = pdt.pet_peese(TABLE, cluster=TABLE["trial_id"].tolist())
    assert found.pet.k == again.pet.k == 5
    assert found.pet.estimate == again.pet.estimate


@pytest.mark.warns(r"Left out, without an effect: row 4 \(.*\): no yi or vi\.")
def test_sensitivity_names_the_rows_that_it_leaves_out():
    assert set(pdt.sensitivity(TABLE, rhos=[0.5], rules=False)["trials"]) == {4}


def test_the_order_of_a_table_is_a_column_of_it():
    rows = TABLE[TABLE["yi"].notna()]
    assert pdt.cumulative(rows, order="year").labels == ("D", "B", "E", "A")


def test_the_sentence_on_selection_starts_from_a_mean_that_it_names():
    """The row "uncorrected" and the sentence are two means under clusters; a note says which is which."""
    found = pdt.bias(
        pdt.synthesize(TABLE.assign(yi=TABLE["yi"].fillna(0.6)), dependence="che")["depression", "post"],
        least=3,
    )
    naive = found.sensitivity.naive.estimate
    assert found.to_frame().loc[0, "estimate"] != pytest.approx(naive, abs=1e-3)
    assert (
        f"bring this method's own mean (each effect weighted as if independent, errors robust by trial) of {naive:.2f}"
        in found.summary()
    )
    assert any(note.startswith("Two means stand here") for note in found.notes)


def test_effects_of_a_bare_table_are_computed_as_synthesize_computes_them():
    raw = pd.DataFrame(
        {
            "study": list("ABC"),
            "better": "lower",
            "mean_t": [5.0, 4, 3],
            "sd_t": 2.0,
            "n_t": 20,
            "mean_c": 6.0,
        }
    ).assign(sd_c=2.0, n_c=20)
    fit = pdt.synthesize(raw.assign(all="all"), by="all")["all"]
    assert pdt.bias(raw, direction="negative").to_frame()["estimate"].iloc[0] == fit.estimate
    with pytest.raises(pdt.EvidenceError, match="read_trials"):
        pdt.bias(
            pd.DataFrame({"study": list("ABC"), "yi": [0.1, 0.2, 0.3], "sei": 0.2}), direction="negative"
        )
