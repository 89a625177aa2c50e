"""Review Manager files: every kind of outcome, in both formats, as one table of trials."""

import math
import random
import warnings

import numpy as np
import pandas as pd
import pytest
from made_files import REVIEW, records, revman_csv, rm5, web_tables, zipped
from numpy.testing import assert_allclose

from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import EvidenceError, EvidenceWarning
from pdt_evidence.evidence.readers import read_revman
from pdt_evidence.evidence.readers.names import load_names
from pdt_evidence.evidence.readers.revman.direction import contradictions
from pdt_evidence.evidence.readers.revman.review import Analysis

SHORT, LONG = "Short-term (less than 3 months)", "Long-term (9 months or more)"


CONTENTS = {"rm5": rm5, "zip": lambda: zipped(web_tables()), "csv": revman_csv}


@pytest.fixture(params=CONTENTS)
def review(request, saved):
    return read_revman(saved(CONTENTS[request.param](), f"CD1.{request.param}"))


@pytest.fixture(params=["rm5", "zip"])
def full_review(request, saved):
    """In the formats that have footnotes and risk of bias."""
    return read_revman(saved(CONTENTS[request.param](), f"CD1.{request.param}"))


def test_all_kinds_of_outcome_are_read_with_names_of_this_library(review):
    assert set(review["outcome"]) == {"dropout", "depression", "anxiety", "somatic_symptoms"}
    assert set(review["follow_up"]) == {"short", "long"}
    assert set(review["comparison"]) == {"pdt_vs_control"}
    assert set(review["arm_t"]) == {"pdt"}
    assert set(review["arm_c"]) == {"care_as_usual"}
    assert set(review["better"]) == {"lower"}


def test_the_numbers_of_each_arm_are_those_of_the_file(review):
    row = review[(review["study"] == "Dubois 2010") & (review["outcome"] == "depression")].iloc[0]
    assert_allclose(
        row[["mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"]].astype(float), [8.8, 4.9, 33, 13.4, 5.8, 35]
    )
    assert row["year"] == 2010
    assert row["trial_id"] == "dubois2010"
    assert row["follow_up"] == "long"


def test_effects_without_arm_data_are_reversed_to_favour_psychodynamic_therapy(review):
    """A log hazard ratio of -0.31 that favours STPP becomes a ratio above 1."""
    row = review[(review["study"] == "Adler 1999") & (review["outcome"] == "anxiety")].iloc[0]
    assert row["reported_metric"] == "HR"
    assert_allclose(row["reported"], math.exp(0.31), rtol=1e-12)
    assert row["reported_ci_low"] < row["reported"] < row["reported_ci_high"]
    assert row["flipped"]
    o_minus_e = review[(review["study"] == "Adler 1999") & (review["outcome"] == "somatic_symptoms")].iloc[0]
    assert_allclose(o_minus_e["reported"], math.exp(3.2 / 7.1), rtol=1e-12)


def test_footnotes_and_risk_of_bias_come_along(full_review):
    review = full_review
    assert set(review.loc[review["study"] == "Conti 2005", "note"]) == {"Completers only"}
    assert (
        review.loc[review["study"] == "Adler 1999", "rob"]
        .str.contains("Allocation concealment: low risk")
        .all()
    )


def test_each_domain_of_bias_is_a_column_that_a_forest_draws_as_risk_of_bias_symbols(full_review):
    from pdt_evidence.analysis.synthesis import synthesize
    from pdt_evidence.figures import forest

    row = full_review[full_review["study"] == "Adler 1999"].iloc[0]
    assert row["rob_allocation_concealment"] == "low risk"
    with pytest.warns(EvidenceWarning, match="without an effect"):
        results = synthesize(full_review)
    ax = forest(results, columns=["study", "plot", "effect", "rob_allocation_concealment"])
    assert "lights:rob_allocation_concealment" in [mark.get_gid() for mark in ax.collections]
    assert "+" in [text.get_text() for text in ax.texts]


def test_rows_that_come_back_with_the_same_numbers_are_merged_and_listed(review):
    """Two analyses pool the same dropouts by different methods, a third leaves one study out."""
    dropout = review[review["outcome"] == "dropout"]
    assert len(dropout) == 6
    assert not dropout["row_id"].duplicated().any()
    merged = review.log[review.log["action"] == "merged"]
    assert len(merged) == 6 + 5 + 6 + 6  # RR, RD and Peto repeat the dropouts, MD and SMD the scores
    assert merged["reason"].str.startswith("the same numbers as analysis").all()


def test_nothing_is_lost(review):
    in_the_file = sum(len(records(analysis)) for analysis in REVIEW["analyses"])
    taken_out = review.log["action"].isin(["dropped", "merged"]).sum()
    assert len(review) + taken_out == in_the_file == len(review.analyses)


def test_the_table_is_pooled_like_any_other(review):
    from pdt_evidence.analysis.synthesis import synthesize

    with pytest.warns(EvidenceWarning, match="without an effect"):  # a hazard ratio is no SMD
        pooled = synthesize(review)
    assert pooled["depression", "short"].k == 3
    assert pooled["depression", "long"].estimate > 0


def test_both_formats_give_the_same_table(saved):
    one, other = read_revman(saved(rm5(), "CD1.rm5")), read_revman(saved(zipped(web_tables()), "CD1.zip"))
    shared = [name for name in one if not name.startswith(("locator", "rob", "reference"))]
    pd.testing.assert_frame_equal(
        pd.DataFrame(one[shared]).sort_values("contrast_id", ignore_index=True).drop(columns="row_id"),
        pd.DataFrame(other[shared]).sort_values("contrast_id", ignore_index=True).drop(columns="row_id"),
        rtol=1e-12,
    )


def test_a_package_inside_the_export_of_a_review_is_found(saved):
    inner = zipped(web_tables())
    whole = zipped({"article.pdf": b"%PDF", "files/CD1-data.zip": inner}, folder="CD1/")
    assert len(read_revman(saved(whole, "CD1.zip"))) == len(read_revman(saved(inner, "CD2.zip")))


def test_the_study_rows_alone_are_read_and_their_direction_asked_for(saved):
    path = saved(web_tables()["data-rows.csv"], "CD1-data-rows.csv")
    with pytest.warns(EvidenceWarning, match="1 arm is not known"):
        table = read_revman(path)
    assert set(table["score"]) == {"events", "endpoint", "reported"}
    assert table.totals.empty


def test_without_printed_directions_the_outcome_decides(saved):
    table = read_revman(saved(zipped(web_tables(graph_labels=False)), "CD1.zip"))
    assert set(table["better"]) == {"lower"}


UNKNOWN = """<CONT_OUTCOME NO="1" EFFECT_MEASURE="SMD" METHOD="IV" TOTALS="NO" SUBGROUPS="NO"><NAME>Zest</NAME>
<GROUP_LABEL_1>Zen</GROUP_LABEL_1><GROUP_LABEL_2>Yoga</GROUP_LABEL_2>
<CONT_DATA MEAN_1="1" SD_1="1" TOTAL_1="20" MEAN_2="2" SD_2="1" TOTAL_2="20" STUDY_ID="STD-Adler-1999"/>
<CONT_DATA MEAN_1="1" SD_1="0" TOTAL_1="20" MEAN_2="2" SD_2="1" TOTAL_2="20" STUDY_ID="STD-Falk-2014"/>
</CONT_OUTCOME>"""


TWO_MORE = """<CONT_OUTCOME NO="2" EFFECT_MEASURE="SMD" METHOD="IV" TOTALS="NO"><NAME>Social adjustment</NAME>
<CONT_DATA MEAN_1="1" SD_1="1" TOTAL_1="20" MEAN_2="2" SD_2="1" TOTAL_2="20" STUDY_ID="STD-Adler-1999"/></CONT_OUTCOME>
<CONT_OUTCOME NO="3" EFFECT_MEASURE="SMD" METHOD="IV" TOTALS="NO"><NAME>Depression symptoms</NAME>
<CONT_DATA MEAN_1="1" SD_1="1" TOTAL_1="20" MEAN_2="2" SD_2="1" TOTAL_2="20" STUDY_ID="STD-Adler-1999"/>
</CONT_OUTCOME>"""


@pytest.mark.warns(
    "1 outcome is not known", "do not say when they were assessed|does not say when it was assessed"
)
def test_the_direction_is_said_outcome_by_outcome(saved):
    """A file that prints no direction: one outcome is known, of the others the mapping tells."""
    path = saved(rm5(body=UNKNOWN + TWO_MORE), "CD1.rm5")
    with pytest.warns(EvidenceWarning, match="good of 2 outcomes") as text:
        assert read_revman(path)["better"].tolist() == ["", "", "lower"]
    requested = next(str(warning.message) for warning in text if "good of" in str(warning.message))
    lines = requested[requested.index("field,") : requested.index("\nOr pass")]
    assert lines.splitlines()[1:] == [
        "outcome,Zest,Zest,?",
        "outcome,social adjust,social_adjustment,?",
    ]
    with pytest.raises(EvidenceError, match=r"column 'better': expected lower or higher, found '\?'"):
        read_revman(path, mapping=saved(lines, "mine.csv"))
    answered = lines.replace("Zest,?", "Zest,higher").replace("?", "lower")
    table = read_revman(path, mapping=saved(answered, "mine.csv"))
    assert table["better"].tolist() == ["higher", "lower", "lower"]


@pytest.mark.warns("1 analysis does not say when it was assessed")
def test_a_mapping_saved_by_a_spreadsheet_is_read(saved):
    text = "\ufefffield;contains;word;better\r\nOutcome;zest;quality_of_life;Higher\r\n;;;\r\n"
    table = read_revman(saved(rm5(body=UNKNOWN), "CD1.rm5"), mapping=saved(text, "names.csv"))
    assert table[["outcome", "better"]].values.tolist() == [["quality_of_life", "higher"]]


@pytest.mark.warns("1 analysis does not say when it was assessed", "nothing says which direction")
def test_lines_of_a_mapping_that_match_nothing_are_listed(saved):
    mapping = saved("field,contains,word\noutcome,zest,zeal\noutcome,zesst,zeal\narm,zen,pdt\n", "names.csv")
    table = read_revman(saved(rm5(body=UNKNOWN), "CD1.rm5"), mapping=mapping)
    noted = table.log[table.log["row"] == "mapping"]
    assert noted[["line", "reason"]].values.tolist() == [[3, "outcome 'zesst' matches no name of this file"]]


def test_every_slip_of_a_mapping_is_said_at_once(saved):
    text = "field,contains,word,better\noutcom,zest,zeal,\nfollow_up,year,longer,\noutcome,?,zeal,more\n"
    with pytest.raises(EvidenceError) as caught:
        read_revman(saved(rm5(), "CD1.rm5"), mapping=saved(text, "names.csv"))
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "line 2, column 'field'",
        "line 3, column 'word'",
        "line 4, column 'better'",
        "line 4",
    ]
    assert caught.value.problems[0].endswith("found 'outcom'. Did you mean 'outcome'?")


def test_thousands_of_an_export_are_parted_by_commas(saved):
    text = revman_csv().decode().replace(",40,", ',"1,040",', 1)
    assert 1040 in read_revman(saved(text, "CD1.csv"))["n_t"].tolist()
    with pytest.raises(EvidenceError, match=r"expected a number, found '0,5'"):
        read_revman(saved(revman_csv().decode().replace(",40,", ',"0,5",', 1), "CD1.csv"))


def test_a_ratio_of_an_export_may_be_printed_as_its_log(saved):
    """Its interval tells; where that fits neither, the row gives no effect and the log says why."""
    shown = read_revman(saved(revman_csv(), "CD1.csv")).sort_values("contrast_id", ignore_index=True)
    logs = read_revman(saved(revman_csv(logs=True), "CD1.csv")).sort_values("contrast_id", ignore_index=True)
    assert_allclose(logs["reported"], shown["reported"], rtol=1e-12)
    broken = read_revman(saved(revman_csv(stretch=1.5), "CD1.csv"))
    why = "its interval and standard error do not tell whether its effect is a ratio or the log of one"
    assert why in broken.log["reason"].tolist()
    assert "anxiety" not in broken["outcome"].tolist()


def test_an_export_with_tables_of_bias_says_how_to_export_again(saved):
    text = revman_csv().decode() + '"Random sequence generation","Low risk"\n'
    with pytest.raises(
        EvidenceError, match="The field 'Risk of bias tables' breaks the lines: export again without"
    ):
        read_revman(saved(text, "CD1.csv"))


def test_names_that_are_not_understood_are_kept_and_said(saved):
    path = saved(rm5(body=UNKNOWN), "CD1.rm5")
    with pytest.warns(EvidenceWarning) as text:
        table = read_revman(path)
    messages = " ".join(str(warning.message) for warning in text)
    assert "2 arms are not known, and keep their own names: Zen / STPP" not in messages
    assert "1 outcome is not known, and keeps its own name: Zest" in messages
    assert "its follow-up is 'unknown': Zest" in messages
    assert (
        "nothing says which direction is good of 1 outcome; their rows give no effect: 'Zest' (analysis 1.1)"
        in messages
    )
    assert "field,contains,word,better\noutcome,Zest,Zest,?" in messages
    assert table["outcome"].tolist() == ["Zest"]
    assert table["follow_up"].tolist() == ["unknown"]


def test_a_row_that_gives_no_effect_is_dropped_with_its_reason(saved):
    with pytest.warns(EvidenceWarning):
        table = read_revman(saved(rm5(body=UNKNOWN), "CD1.rm5"))
    dropped = table.log[table.log["action"] == "dropped"]
    assert dropped["reason"].tolist() == ["expected SDs above 0, found 0 and 1"]
    assert "Falk 2014" in dropped["row"].iloc[0]


def test_a_mapping_of_ones_own_names_what_was_not_understood(saved):
    mapping = saved(
        "field,contains,word,better\narm,zen,pdt,\narm,yoga,relaxation,\noutcome,zest,quality_of_life,higher\n"
        "follow_up,zest,post,\n",
        "names.csv",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", EvidenceWarning)
        table = read_revman(saved(rm5(body=UNKNOWN), "CD1.rm5"), mapping=mapping)
    assert table[["arm_t", "arm_c", "outcome", "better", "follow_up"]].values.tolist() == [
        ["pdt", "relaxation", "quality_of_life", "higher", "post"]
    ]
    assert table["comparison"].tolist() == ["pdt_vs_other_therapy"]


def direction_body(left, right, swap="NO"):
    return f"""<DICH_OUTCOME NO="1" EFFECT_MEASURE="OR" METHOD="MH" TOTALS="NO" SUBGROUPS="NO" SWAP_EVENTS="{swap}">
<NAME>Response at end of treatment</NAME>
<GROUP_LABEL_1>Control</GROUP_LABEL_1><GROUP_LABEL_2>Psychodynamic therapy</GROUP_LABEL_2>
<GRAPH_LABEL_1>{left}</GRAPH_LABEL_1><GRAPH_LABEL_2>{right}</GRAPH_LABEL_2>
<DICH_DATA EVENTS_1="5" TOTAL_1="20" EVENTS_2="12" TOTAL_2="22" STUDY_ID="STD-Adler-1999"/></DICH_OUTCOME>"""


@pytest.mark.warns("1 outcome is not known")
@pytest.mark.parametrize(
    ("left", "right", "swap", "better"),
    [
        ("Favours PDT", "Favours control", "NO", "higher"),
        ("Favours control", "Favours psychodynamic therapy", "NO", "lower"),
        ("Favours control", "", "NO", "lower"),
        ("Favours control", "Favours psychodynamic therapy", "YES", "higher"),
    ],
)
def test_what_is_printed_under_the_plot_decides_the_direction(saved, left, right, swap, better):
    """Arm 1 of the file is the control: an effect on its left favours what stands there."""
    body = direction_body(left, right, swap).replace("Response at", "Events by")  # of no known direction
    table = read_revman(saved(rm5(body=body), "CD1.rm5"))
    assert table["better"].tolist() == [better]


@pytest.mark.warns("1 outcome is not known")
def test_psychodynamic_therapy_becomes_arm_1_wherever_the_review_has_it(saved):
    table = read_revman(saved(rm5(body=direction_body("Favours PDT", "Favours control")), "CD1.rm5"))
    assert table[["arm_t", "arm_c", "event_t", "n_t", "event_c", "n_c"]].values.tolist() == [
        ["pdt", "other_control", 12.0, 22.0, 5.0, 20.0]
    ]
    assert "arms exchanged" in table.log.loc[table.log["action"] == "turned", "reason"].iloc[0]
    assert effect_sizes(table, "OR")["yi"].iloc[0] > 0


def test_text_where_numbers_belong_is_listed_with_every_line(saved):
    broken = rm5().replace(b'MEAN_1="12.1"', b'MEAN_1="twelve"').replace(b'TOTAL_1="40"', b'TOTAL_1="4o"')
    with pytest.raises(EvidenceError, match=r"line \d+, MEAN_1: expected a number, found 'twelve'") as caught:
        read_revman(saved(broken, "CD1.rm5"))
    assert any("TOTAL_1: expected a number, found '4o'" in problem for problem in caught.value.problems)


@pytest.mark.parametrize("name", ["CD1.rm5", "CD1.zip"])
def test_a_name_without_an_end_is_cut(saved, name):
    """A million letters would be searched for every word of the mapping."""
    long = "Depression " + "".join(random.Random(1).choices("abcdefghij", k=1_000_000))
    if name.endswith("rm5"):
        content = rm5().replace(b"<NAME>Depression symptoms", f"<NAME>{long}".encode())
    else:
        tables = {part: text.replace(b"Depression", long.encode(), 1) for part, text in web_tables().items()}
        content = zipped(tables)
    table = read_revman(saved(content, name))
    assert table["outcome_label"].str.len().max() <= 2000
    assert "depression" in set(table["outcome"])


def test_another_document_is_refused_by_name(saved):
    with pytest.raises(EvidenceError, match="the document is a <rss>, not a Review Manager 5 review"):
        read_revman(saved("<rss><channel/></rss>", "feed.rm5"))


@pytest.mark.parametrize("name", ["CD1.rm5", "CD1.zip"])
def test_a_web_page_saved_in_place_of_the_data_is_said_to_be_one(saved, name):
    page = "\n<!DOCTYPE html><html><body>Please log in</body></html>"
    with pytest.raises(EvidenceError, match="is a web page, not the data: the download did not go through"):
        read_revman(saved(page, name))


def test_the_history_survives_selecting_and_copying(review):
    part = review[review["outcome"] == "depression"].sort_values("study").copy()
    assert part.source["sha256"] == review.source["sha256"]
    assert part.log.equals(review.log)
    assert np.isfinite(part["mean_t"]).all()


def test_the_title_of_the_review_is_no_reference_of_its_trials(saved):
    table = read_revman(saved(rm5(), "CD1.rm5"))
    assert table.source["title"]
    assert "reference" not in table


def test_arms_that_are_not_known_keep_their_own_names(saved):
    content = rm5(body=UNKNOWN.replace("Zen", "Moonbathing")).replace(b"STPP versus control", b"Two arms")
    path = saved(content, "CD1.rm5")
    with warnings.catch_warnings(record=True) as sentence:
        warnings.simplefilter("always", EvidenceWarning)
        table = read_revman(path)
    messages = [str(one.message) for one in sentence]
    assert any("not known, and keep" in text and "Moonbathing" in text for text in messages), messages
    assert "Moonbathing" in set(table["arm_t_label"])


def exchanged(file):
    """The same review with the words under its plots on the wrong sides."""
    return (
        file.replace(b"_1>Favours STPP<", b"_1>Favours xx<")
        .replace(b"_2>Favours control<", b"_2>Favours STPP<")
        .replace(b"_1>Favours xx<", b"_1>Favours control<")
    )


def test_labels_on_the_wrong_side_of_known_outcomes_are_said_and_hold(saved):
    """They turn every sign: depression would be better higher, dropout better more often."""
    with pytest.warns(EvidenceWarning, match='"Favours" labels of .* contradict the outcome') as told:
        table = read_revman(saved(exchanged(rm5()), "CD1.rm5"))
    assert set(table["better"]) == {"higher"}
    noted = table.log.loc[table.log["reason"].str.contains("the other way round"), "row"]
    assert set(noted) == {f"analysis {number}" for number in table["analysis"].unique()}
    lines = str(told[-1].message).partition(":\n")[2]
    mapping = saved(lines.replace("?", "lower"), "names.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set(read_revman(saved(exchanged(rm5()), "CD1.rm5"), mapping=mapping)["better"]) == {"lower"}


@pytest.mark.parametrize(
    ("name", "left", "contradicts"),
    [
        ("Response to treatment", "Favours STPP", True),
        ("Response to treatment", "Favours control", False),
        ("No response to treatment", "Favours STPP", False),
        ("Not improved", "Favours STPP", False),
        ("Suicide attempts", "Favours STPP", False),
        ("Suicide attempts", "Favours control", True),
        ("Caseness of depression", "Favours control", False),
    ],
)
def test_the_labels_of_events_are_judged_by_the_event_and_not_by_the_symptom(name, left, contradicts):
    right = "Favours control" if left == "Favours STPP" else "Favours STPP"
    options = {
        "number": "1.1",
        "comparison": "STPP versus control",
        "method": "MH",
        "measure": "RR",
        "random": False,
    }
    labels = {"label_t": "STPP", "label_c": "control", "favours_left": left, "favours_right": right}
    analysis = Analysis(outcome=name, kind="dichotomous", log_scale=True, **options, **labels)
    assert bool(contradictions([analysis], load_names())) == contradicts
