"""The tables as a user asks for them."""

import pytest

import pdt_evidence as pdt
from pdt_evidence.errors import EvidenceError
from pdt_evidence.evidence import select_trials


def test_filters_take_one_value_or_several():
    one = pdt.trials(comparison="pdt_vs_cbt")
    two = pdt.trials(comparison=["pdt_vs_cbt", "pdt_vs_control"])
    assert set(one["comparison"]) == {"pdt_vs_cbt"}
    assert set(two["comparison"]) == {"pdt_vs_cbt", "pdt_vs_control"}


def test_filters_join():
    table = pdt.trials(comparison="pdt_vs_control", outcome="depression", follow_up="post")
    assert table[["comparison", "outcome", "follow_up"]].drop_duplicates().shape[0] == 1


def test_unknown_words_are_all_named_with_the_known_ones():
    with pytest.raises(EvidenceError) as caught:
        pdt.trials(comparison="pdt_vs_yoga", outcome=["depression", "mood"])
    text = str(caught.value)
    assert "comparison = 'pdt_vs_yoga' is not known. There is: pdt_plus_medication_vs_medication, " in text
    assert "outcome = 'mood' is not known" in text


def test_a_known_word_that_no_row_has_gives_no_rows():
    assert pdt.trials(follow_up="short", comparison="pdt_vs_cbt").empty


def test_disputed_rows_are_excluded_unless_asked_for():
    assert set(pdt.trials()["status"]) == {"ok"}
    assert {"disputed", "mislabelled"} <= set(pdt.trials(disputed=True)["status"])


def test_a_contrast_counts_once_unless_asked_otherwise():
    assert not pdt.trials()["contrast_id"].duplicated().any()
    assert pdt.trials(preferred=False)["contrast_id"].duplicated().any()


def test_trials_of_a_review_are_its_known_members():
    table = pdt.trials(review="abbass2014")
    known = pdt.members("abbass2014")
    assert set(table["trial_id"]) <= set(known.loc[known["membership"] != "conflict", "trial_id"])
    assert "cooper2003" in set(table["trial_id"])
    assert "simpson2003" not in set(table["trial_id"])  # on the review's list of excluded studies


def test_windows_can_be_moved():
    default = select_trials(follow_up="long")
    assert len(default) > len(select_trials(follow_up="long", edges=(0, 3, 10)))


def test_review_filters_and_signs():
    rows = pdt.reviews(review="abbass2006")
    assert len(rows) == 10
    assert (rows["estimate"] > 0).all()  # printed negative
    assert (rows["printed_estimate"].astype(float) < 0).all()
    assert set(pdt.reviews(design="pre-post")["design"]) == {"pre-post"}


def test_members_count_the_effects_available_of_them():
    table = pdt.members("abbass2014").set_index("trial")
    assert table.loc["Cooper 2003", "membership"] == "seen"
    assert table.loc["Cooper 2003", "effect_rows"] > 0
    assert (table.loc[table["trial_id"] == "", "effect_rows"] == 0).all()


def test_an_unknown_review_lists_the_known_ones():
    with pytest.raises(
        EvidenceError, match=r"'abbass' is not known. Did you mean 'abbass2014'\? There is: abbass2014"
    ):
        pdt.members("abbass")


def test_sources_count_the_rows_that_rest_on_them():
    table = pdt.sources().set_index("source_id")
    assert table["trials_rows"].sum() == len(pdt.trials(disputed=True, preferred=False))
    assert table["reviews_rows"].sum() == len(pdt.reviews())
    assert (table["licence"] != "").all()


def test_coverage_adds_up():
    table = pdt.coverage().set_index("review_id")
    for review, total in (("abbass2014", 33), ("leichsenring2004", 17)):
        row = table.loc[review]
        assert row["trials_included"] == total
        assert row["seen"] + row["unidentified"] == total  # what is only believed was not seen
        assert row["with_usable_effect"] <= row["with_effects"]
        assert "list of trials" in row["would_need"]
        assert row["with_effects"] <= row["seen"] + row["believed"]
    assert table.loc["abbass2014", "estimates_held"] == 0
    assert table.loc["abbass2014", "cells_wanted"] >= 18  # six outcomes, three windows
    assert list(table.index[:3]) == ["abbass2014", "leichsenring2004", "shedler2010"]


def test_coverage_says_how_many_rows_have_no_window():
    undated = pdt.trials(disputed=True, preferred=False)["follow_up"].eq("unknown").sum()
    assert pdt.coverage().attrs["undated_rows"] == undated > 0


@pytest.mark.parametrize(("months", "late"), [(None, 0), (7.0, 1)])
def test_late_visits_against_cbt_are_counted(months, late, monkeypatch):
    from pdt_evidence.evidence import coverage as module

    real, table = module.load, module.load("trials")
    if months:  # one visit of one trial, were it later
        row = table.query(
            "comparison == 'pdt_vs_cbt' and status == 'ok' and preferred and score == 'endpoint'"
        )
        table.loc[row.index[0], "months_since_end"] = months
    monkeypatch.setattr(module, "load", lambda name: table.copy() if name == "trials" else real(name))
    assert pdt.coverage().attrs["late_head_to_head_trials"] == late


def test_a_member_whose_rows_are_disputed_has_no_usable_effect(monkeypatch):
    from pdt_evidence.evidence import coverage as module

    before = pdt.coverage().set_index("review_id").loc["abbass2014"]
    disputed = module.load("trials").assign(status="disputed")
    real = module.load
    monkeypatch.setattr(module, "load", lambda name: disputed.copy() if name == "trials" else real(name))
    after = pdt.coverage().set_index("review_id").loc["abbass2014"]
    assert before["with_usable_effect"] > after["with_usable_effect"] == 0
    assert before["with_effects"] == after["with_effects"]


def test_a_member_that_was_seen_says_how_far_it_is_verified():
    for review in ("abbass2014", "leichsenring2004", "keefe2014", "trotta2024"):
        table = pdt.members(review)
        assert (table["verification"] != "").eq(table["membership"] == "seen").all()
        assert (table.loc[table["n"].notna(), "verification"] == "primary").all()


def test_a_member_counts_by_an_effect_of_the_kind_its_review_pools(monkeypatch):
    from pdt_evidence.evidence import coverage as module

    real = module.load
    before = pdt.coverage().set_index("review_id").loc["abbass2014", "with_usable_effect"]
    for column, word in (("outcome", "dropout"), ("comparison", "pdt_vs_medication")):
        other = real("trials").assign(**{column: word})
        monkeypatch.setattr(
            module, "load", lambda name, table=other: table if name == "trials" else real(name)
        )
        assert pdt.coverage().set_index("review_id").loc["abbass2014", "with_usable_effect"] == 0 < before
