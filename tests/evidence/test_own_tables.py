"""A table in memory is pooled as its file would be: names, our words, numbers and windows are taken alike."""

import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.evidence.own_tables import as_read

K = 6
ROWS = pd.DataFrame(
    {
        "study": [f"S{place}" for place in range(K)],
        "year": range(2001, 2001 + K),
        "outcome": "depression",
        "months_since_end": 0.0,
        "better": "lower",
        "mean_t": [9.8, 9.5, 11.0, 10.2, 8.7, 10.9],
        "sd_t": 4.0,
        "n_t": [30, 28, 25, 40, 22, 31],
        "mean_c": [13.0, 12.8, 13.5, 12.9, 13.1, 13.3],
        "sd_c": 5.0,
        "n_c": [29, 30, 26, 38, 24, 30],
    }
)
SIX_AND_NONE = ROWS.assign(months_since_end=[0.0, 6.0] * 3)
POST = ("depression", "post")
TAKE_MONTHS = {
    "synthesize": pdt.synthesize,
    "multiverse": pdt.multiverse,
    "sensitivity": pdt.sensitivity,
    "model_strata": pdt.model_strata,
}
NAMES = {
    "numbers and texts": [1, "1", 2, "2 ", 3, 3.0],
    "numbers with points": [1.0, 1.0, 2.0, 2.0, 3.0, 3.0],
    "categories": pd.Categorical([1, 1, 2, 2, 3, 3]),
}


def pools(table, **options):
    found = pdt.synthesize(table, **options)
    return {key: (fit.k, fit.trials, round(fit.estimate, 8)) for key, fit in found.items()}


def test_a_multiverse_makes_windows_of_months():
    """All follow-ups were one stratum."""
    found = pdt.multiverse(SIX_AND_NONE, method=["REML", "DL"]).to_frame()
    assert list(dict.fromkeys(found["follow_up"])) == ["post", "medium"]
    fits = pdt.synthesize(SIX_AND_NONE)
    first = found[found["method"] == "REML"].set_index("follow_up")["estimate"]
    assert_allclose([first["post"], first["medium"]], [fit.estimate for fit in fits.strata.values()])


@pytest.mark.parametrize("name", TAKE_MONTHS)
def test_months_in_words_are_refused(name):
    with pytest.raises(
        pdt.EvidenceError, match="row 1, column 'months_since_end': expected a number, found 'post'"
    ):
        TAKE_MONTHS[name](ROWS.assign(months_since_end="post"))


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("column", ["trial_id", "study"])
def test_a_trial_is_one_however_its_name_is_typed(column, kind):
    """1, "1" and 1.0 were three trials, with the same persons in each."""
    table = ROWS.assign(**{column: NAMES[kind]})
    text = ROWS.assign(**{column: ["1", "1", "2", "2", "3", "3"]})
    assert pools(table)[POST][1] == 3
    assert pools(table) == pools(text) == pools(pdt.read_trials(table))
    assert len(pdt.aggregate_rows(table)) == 3
    by_cluster = [pdt.metareg("yi ~ 1", one, cluster=column).coefficients["se"] for one in (table, text)]
    assert_allclose(*by_cluster)


SPELLED = {
    "outcome": ["depression", "Depression", "depression ", " depression", "DEPRESSION", "depression"],
    "better": ["Lower", "lower", "LOWER ", "lower", "lower", "lower"],
    "follow_up": ["post", "Post", "post ", "POST", "post", "post"],
    "comparison": ["pdt_vs_cbt", "PDT vs CBT", "pdt_vs_cbt ", "pdt_vs_cbt", "pdt_vs_cbt", "pdt_vs_cbt"],
}


@pytest.mark.parametrize("column", SPELLED)
def test_capitals_and_blanks_split_no_stratum(column):
    by = ["comparison", "outcome", "follow_up"]
    table = ROWS.assign(comparison="pdt_vs_cbt").assign(**{column: SPELLED[column]})
    found = pools(table, by=by)
    assert found == pools(pdt.read_trials(table), by=by)
    assert list(found) == [("pdt_vs_cbt", *POST)]


def test_a_model_of_windows_takes_words_and_names_as_reading_does():
    later = ROWS.assign(months_since_end=6.0)
    plain = pd.concat([ROWS, later], ignore_index=True).assign(comparison="pdt_vs_cbt")
    mixed = plain.assign(
        outcome=["Depression"] * K + ["depression "] * K, study=[*range(K), *map(str, range(K))]
    )
    found, expected = (
        pdt.model_windows(table)["pdt_vs_cbt", "depression"].windows for table in (mixed, plain)
    )
    assert_allclose(found["estimate"], expected["estimate"])
    assert_allclose(found["se"], expected["se"])


def test_effects_read_directions_in_capitals():
    found, plain = (pdt.effect_sizes(ROWS.assign(better=word)) for word in ("Lower ", "lower"))
    assert_allclose(found["yi"], plain["yi"])
    assert set(found["better"]) == {"Lower "}  # the copy has the cells as they are


def test_words_of_ones_own_keep_their_capitals_and_lose_blanks_around_them():
    table = ROWS.assign(outcome=["Burnout", "Burnout ", " Burnout", "burnout", "burnout", "burnout"])
    assert [(key[0], fit[0]) for key, fit in pools(table).items()] == [("Burnout", 3), ("burnout", 3)]


@pytest.mark.parametrize("words", [["no", "yes"], ["FALSE", "TRUE"], [" False", None], [0, 1]])
def test_rows_that_are_not_preferred_are_told_of_in_any_spelling(words):
    with pytest.warns(pdt.EvidenceWarning, match="not the preferred row of its contrast: 3"):
        pdt.synthesize(ROWS.assign(preferred=words * 3))


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_blank_window_is_no_window(blank):
    with pytest.raises(pdt.EvidenceError, match="column 'follow_up' is blank in row 2 of 6"):
        pdt.synthesize(ROWS.assign(follow_up=["post", blank, *["post"] * 4]))


@pytest.mark.parametrize("column", ["n_t", "mean_t", "sd_c", "months_since_end"])
def test_numbers_kept_as_categories_are_numbers(column):
    """Each of these ended in Python's own TypeError."""
    table = ROWS.astype({column: "category"})
    assert_allclose(pdt.effect_sizes(table)["yi"], pdt.effect_sizes(ROWS)["yi"])
    assert pools(table) == pools(ROWS)
    assert_allclose(pdt.aggregate_rows(table)["yi"], pdt.aggregate_rows(ROWS)["yi"])
    slopes = [pdt.metareg("yi ~ year", one).coefficients["estimate"] for one in (table, ROWS)]
    assert_allclose(*slopes)


def test_effects_kept_as_categories_are_numbers():
    effects = pdt.effect_sizes(ROWS)
    table = effects.astype({"yi": "category", "vi": "category"})
    assert pools(table) == pools(effects)
    assert_allclose(pdt.metareg("yi ~ year", table).R2, pdt.metareg("yi ~ year", effects).R2)


@pytest.mark.parametrize("name", ["synthesize", "multiverse", "sensitivity"])
def test_a_column_named_twice_makes_strata_once(name):
    twice = TAKE_MONTHS[name](ROWS, by=["outcome", "outcome"])
    once = TAKE_MONTHS[name](ROWS, by="outcome")
    twice, once = (one if isinstance(one, pd.DataFrame) else one.to_frame() for one in (twice, once))
    pd.testing.assert_frame_equal(twice, once)


@pytest.mark.parametrize("name", TAKE_MONTHS)
def test_strata_of_lists_are_refused(name):
    expected = r"column 'group': expected words or numbers that make strata, found \['a'\]"
    with pytest.raises(pdt.EvidenceError, match=expected):
        TAKE_MONTHS[name](ROWS.assign(group=[["a"], ["b"]] * 3), by=["group"])


@pytest.mark.parametrize("options", [{}, {"cluster": "study"}])
def test_an_empty_table_is_refused_by_bias_as_elsewhere(options):
    with pytest.raises(pdt.EvidenceError, match="There is nothing to pool: the table has no rows"):
        pdt.bias(ROWS.iloc[:0], **options)


def test_a_table_that_is_as_reading_gives_it_is_given_back():
    table = ROWS.assign(follow_up="post")
    assert as_read(table) is table
