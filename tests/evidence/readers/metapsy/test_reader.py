"""Metapsy databases: one table from every dialect, and signs that are decided, said and overridable."""

import math
import warnings

import pandas as pd
import pytest
from made_files import metapsy
from numpy.testing import assert_allclose

from pdt_evidence.effects.table import effect_sizes
from pdt_evidence.errors import EvidenceError, EvidenceWarning, SchemaError
from pdt_evidence.evidence.readers import read_metapsy, read_trials
from pdt_evidence.evidence.readers.files import read_any

NA = dict.fromkeys(("mean_arm1", "sd_arm1", "n_arm1", "mean_arm2", "sd_arm2", "n_arm2"), "NA")
NOT_DECIDED = pytest.mark.warns("the sign of its effects is not decided")
SECOND = {"study": "Bauer, 2012", "mean_arm1": "9.0", ".g": "-0.95"}


def test_a_row_is_read_into_the_columns_of_this_library(saved):
    table = read_metapsy(saved(metapsy({}, SECOND), "data.csv"))
    row = table.iloc[0]
    assert row[
        ["trial_id", "study", "comparison", "arm_t", "arm_c", "outcome", "rating", "follow_up"]
    ].tolist() == [
        "alder2010",
        "Alder 2010",
        "pdt_vs_control",
        "pdt",
        "waitlist",
        "depression",
        "self",
        "post",
    ]
    assert_allclose(
        row[["mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"]].astype(float), [10.5, 6.1, 30, 15.25, 6.9, 29]
    )
    assert_allclose(row["percent_women"], 61)  # a fraction in the file
    assert (row["rob_tool"], row["rob"], row["rob_d1"]) == ("RoB2", "some concerns", "low risk")


def test_letters_that_broke_on_the_way_are_mended_and_the_log_says_so(saved):
    """As a release of Metapsy has them; every number is that of the same file with whole letters."""
    names = {"study": "HÃ¶rz, 2010", "full_ref": "HÃ¶rz, S., GaliÃ¡n, M. A trial.Â\xa0Psychiatry,Â\xa0196(5)"}
    whole = {"study": "Hörz, 2010", "full_ref": "Hörz, S., Galián, M. A trial.\xa0Psychiatry,\xa0196(5)"}
    found, expected = (read_metapsy(saved(metapsy(one, SECOND), "data.csv")) for one in (names, whole))
    assert found["reference"].iloc[0] == whole["full_ref"]
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))
    said = found.log.loc[found.log["row"].isin(["study", "full_ref"]), ["action", "reason"]].values.tolist()
    assert ["noted", "'HÃ¶rz,' is read as 'Hörz,': its UTF-8 was taken for Windows-1252"] in said
    assert len(said) == 2
    assert not expected.log["reason"].str.contains("UTF-8").any()


@pytest.mark.parametrize("dialect", [(";", ","), (",", ","), ("\t", "."), (";", ".")])
def test_separators_and_decimal_marks_make_no_difference(saved, dialect):
    sep, decimal = dialect
    expected = read_metapsy(saved(metapsy({}, SECOND), "a.csv"))
    table = read_metapsy(saved(metapsy({}, SECOND, sep=sep, decimal=decimal), "b.csv"))
    pd.testing.assert_frame_equal(
        pd.DataFrame(table.drop(columns="source_id")), pd.DataFrame(expected.drop(columns="source_id"))
    )


OLD = {
    "instrument": "Outc_measure",
    "rating": "sr_clinician",
    "time": "Time",
    "time_weeks": "Time_weeks",
    "condition_arm1": "Cond_spec_trt1",
    "condition_arm2": "Cond_spec_trt2",
    "mean_arm1": "Post_M_trt1",
    "mean_arm2": "Post_M_trt2",
    "sd_arm1": "Post_SD_trt1",
    "sd_arm2": "Post_SD_trt2",
    "n_arm1": "Post_N_trt1",
    "n_arm2": "Post_N_trt2",
    "event_arm1": "Improved_N_trt1",
    "totaln_arm1": "Rand_N_trt1",
    "multi_arm1": "multiple_arms_trt1",
    ".g": "es",
    ".g_se": "se",
}
HEADS = ("condition", "multi", "mean", "sd", "n", "mean_change", "sd_change", "n_change", "event", "totaln")


def with_suffixes(first, second):
    """The heads of the standard with other words for the two arms."""
    return {f"{head}_arm{n}": f"{head}{word}" for head in HEADS for n, word in ((1, first), (2, second))}


@pytest.mark.parametrize(
    "heads",
    [
        OLD,
        {ours: theirs.replace("_trt1", "_ig").replace("_trt2", "_cg") for ours, theirs in OLD.items()},
        with_suffixes("_trt1", "_trt2"),
        with_suffixes("_ig", "_cg"),
        with_suffixes(".arm1", ".arm2"),
    ],
    ids=["first release", "first release, ig and cg", "trt1 and trt2", "ig and cg", "points"],
)
def test_every_wide_dialect_is_the_same_table_and_known_for_one(saved, heads):
    expected = read_metapsy(saved(metapsy({}, SECOND), "data.csv"))
    path = saved(metapsy({}, SECOND, rename=heads), "data.csv")
    for read in (read_metapsy, read_any):
        pd.testing.assert_frame_equal(pd.DataFrame(read(path)), pd.DataFrame(expected))
    with pytest.raises(SchemaError, match=r"It looks like a Metapsy database, which read_metapsy\(\) reads"):
        read_trials(path)


@pytest.mark.parametrize("label", ["dyn", "pdp", "PD", "Psychodynamic psychotherapy", "mbt", "tfp"])
@NOT_DECIDED
def test_psychodynamic_therapy_goes_by_many_names(saved, label):
    assert read_metapsy(saved(metapsy({"condition_arm1": label}), "data.csv"))["arm_t"].tolist() == ["pdt"]


@pytest.mark.parametrize(
    ("condition", "multi", "word"),
    [
        ("Other psy", "dyn (ISTDP)", "pdt"),
        ("Other psy", "NA", "other_psy"),
        ("cbt", "dyn", "cbt"),
        ("NA", "dyn", "pdt"),
    ],
)
@NOT_DECIDED
def test_a_therapy_hidden_in_multi_arm1_is_found(saved, condition, multi, word):
    table = read_metapsy(saved(metapsy({"condition_arm1": condition, "multi_arm1": multi}), "data.csv"))
    assert table["arm_t"].tolist() == [word]
    if multi != "NA":
        assert multi in table["arm_t_label"].iloc[0]


def test_psychodynamic_therapy_becomes_arm_1(saved):
    table = read_metapsy(
        saved(metapsy({"condition_arm1": "cbt", "condition_arm2": "dyn"}, SECOND), "data.csv")
    )
    row = table.iloc[0]
    assert row[["arm_t", "arm_c", "comparison", "mean_t", "mean_c"]].tolist() == [
        "pdt",
        "cbt",
        "pdt_vs_cbt",
        15.25,
        10.5,
    ]
    assert row["reported"] < 0
    assert effect_sizes(table)["yi"].iloc[0] < 0
    assert "arms exchanged: PDT is the second arm" in table.log["reason"].tolist()


def test_the_first_complete_numbers_are_taken_as_metapsytools_takes_them(saved):
    """Means, else changes, else events, else the effect as given."""
    change = {
        "mean_change_arm1": "-8",
        "sd_change_arm1": "6",
        "n_change_arm1": "30",
        "mean_change_arm2": "-3",
        "sd_change_arm2": "6.5",
        "n_change_arm2": "29",
    }
    events = {
        "event_arm1": "15",
        "totaln_arm1": "30",
        "event_arm2": "8",
        "totaln_arm2": "30",
        "dich_type": "response",
    }
    given = {"precalc_g": "-0.5", "precalc_g_se": "0.2", ".g": "-0.5", ".g_se": "0.2"}
    rows = [
        change | events,
        NA | change | events | {"study": "B, 2001"},
        NA | events | {"study": "C, 2002"},
        NA | given | {"study": "D, 2003"},
        SECOND,
    ]
    table = read_metapsy(saved(metapsy(*rows), "data.csv"))
    assert table["score"].tolist() == ["endpoint", "change", "events", "reported", "endpoint"]
    assert (effect_sizes(table)["yi"] > 0).all()


def test_a_log_risk_ratio_is_taken_where_there_is_nothing_else(saved):
    bare = NA | {
        ".g": "NA",
        ".g_se": "NA",
        "dich_type": "deterioration",
        ".log_rr": "-0.7",
        ".log_rr_se": "0.3",
    }
    table = read_metapsy(saved(metapsy({}, SECOND, bare | {"study": "C, 2002"}), "data.csv"))
    row = table.iloc[2]
    assert row["reported_metric"] == "RR"
    assert_allclose(row["reported"], math.exp(0.7))  # fewer deteriorate with arm 1: above 1 favours it
    assert row["reported_ci_low"] < row["reported"] < row["reported_ci_high"]


def test_a_database_that_subtracts_is_reversed(saved):
    """Lower means are better and .g is negative with them: below 0 favours arm 1 there."""
    table = read_metapsy(saved(metapsy({}, SECOND), "data.csv"))
    assert_allclose(table["reported"], [0.72, 0.95])
    assert table["flipped"].all()
    assert ".g is arm 1 less arm 2 in 2 of 2 rows with means" in table.source["sign"]


def test_a_database_that_favours_is_left_and_tells_which_scales_are_better_high(saved):
    rows = [
        {".g": "0.72"},
        {"study": "B, 2001", ".g": "0.95"},
        {"study": "C, 2002", ".g": "0.8"},
        {"study": "D, 2003", ".g": "0.8"},
        {
            "study": "E, 2004",
            ".g": "0.6",
            "instrument": "Own scale",
            "outcome_domain": "zest",
            "mean_arm1": "20",
        },
    ]
    with pytest.warns(EvidenceWarning, match="1 outcome is not known"):
        table = read_metapsy(saved(metapsy(*rows), "data.csv"))
    assert_allclose(table["reported"], [0.72, 0.95, 0.8, 0.8, 0.6])
    assert not table["flipped"].any()
    assert table["better"].tolist() == ["lower"] * 4 + ["higher"]
    assert (effect_sizes(table)["yi"] > 0).all()
    assert "above 0 favours arm 1" in table.source["sign"]


def test_a_sign_that_cannot_be_decided_is_asked_for_and_not_guessed(saved):
    content = metapsy(NA, NA | {"study": "B, 2001"}, {"study": "C, 2002", ".g": "NA"})
    said = (
        "the sign of its effects is not decided: 0 rows have both means and .g. .* 2 of its 3 rows left out"
    )
    with pytest.warns(EvidenceWarning, match=said):
        table = read_metapsy(saved(content, "data.csv"))
    assert table["study"].tolist() == ["C 2002"]
    dropped = table.log.loc[table.log["action"] == "dropped", "reason"]
    assert dropped.tolist() == ["its effect cannot be signed; pass sign='+' or '-'"] * 2


@pytest.mark.parametrize(("sign", "expected"), [("-", 0.72), ("+", -0.72)])
def test_the_user_may_say_the_sign(saved, sign, expected):
    table = read_metapsy(saved(metapsy(NA, {"study": "C, 2002", ".g": "NA"}), "data.csv"), sign=sign)
    assert_allclose(table["reported"].iloc[0], expected)
    assert table.source["sign"] == f"given: {sign} favours arm 1"


def test_a_sign_by_which_treatments_harm_is_warned_of(saved):
    rows = [{"study": f"S{i}, 2001", ".g": "-0.7"} for i in range(6)]
    with pytest.warns(EvidenceWarning, match="the treatments do worse than what they are compared with"):
        read_metapsy(saved(metapsy(*rows), "data.csv"), sign="+")


def test_rows_whose_effect_contradicts_their_means_are_noted(saved):
    rows = [{"study": f"S{i}, 2001"} for i in range(5)]
    table = read_metapsy(saved(metapsy(*rows, {"study": "Odd, 2002", ".g": "0.7"}), "data.csv"))
    noted = table.log[table.log["action"] == "noted"]
    assert noted["reason"].tolist() == ["its own effect contradicts its means"]
    assert noted["row"].iloc[0].startswith("Odd, 2002")


@pytest.mark.parametrize(
    ("event", "better"), [("remission", "higher"), ("suicide attempt", "lower"), ("dropout", "lower")]
)
@NOT_DECIDED
def test_the_kind_of_event_says_which_direction_is_good(saved, event, better):
    counts = {
        "event_arm1": "5",
        "totaln_arm1": "30",
        "event_arm2": "9",
        "totaln_arm2": "30",
        "dich_type": event,
    }
    table = read_metapsy(saved(metapsy(NA | counts | {".g": "NA", ".g_se": "NA"}, SECOND), "data.csv"))
    assert table["better"].iloc[0] == better


def test_follow_ups_count_from_the_end_of_treatment(saved):
    rows = [
        {"time_weeks": "12"},
        {"time": "fu1", "time_weeks": "38"},
        {"time": "FU2", "time_weeks": "64"},
        {"study": "B, 2001", "time": "fu1", "time_weeks": "30"},
        {"study": "C, 2002", "time_weeks": "0"},
    ]
    table = read_metapsy(saved(metapsy(*rows), "data.csv"))
    assert table["follow_up"].tolist() == ["post", "medium", "long", "unknown", "post"]
    assert table["months_basis"].tolist() == ["labelled", "derived", "derived", "unknown", "labelled"]
    assert_allclose(table["months_since_end"].iloc[1], 26 * 7 * 12 / 365.25)
    assert math.isnan(table["weeks"].iloc[4])


def test_what_is_excluded_is_listed(saved):
    rows = [
        {},
        {},
        NA | {"study": "B, 2001", ".g": "NA"},
        {"study": "C, 2002", "mean_age": "old", "percent_women": "140"},
    ]
    table = read_metapsy(saved(metapsy(*rows), "data.csv"))
    found = {tuple(row) for row in table.log[["action", "reason"]].values.tolist()}
    assert ("merged", "the same as row M0001") in found
    assert ("dropped", "no means, changes, events or effect") in found
    assert ("blanked", "expected a number, found 'old'") in found
    assert ("blanked", "percent_women = 140 is not between 0 and 100") in found
    assert len(table) == 2


@pytest.mark.warns("1 outcome is not known")
def test_a_direction_that_nothing_tells_is_said_and_may_be_given(saved):
    row = {"instrument": "Own", "outcome_domain": "zest", ".g": "NA", ".g_se": "NA"}
    path = saved(metapsy(row), "data.csv")
    with pytest.warns(EvidenceWarning, match=r"good of 1 row: zest \(1\). So none of its rows gives"):
        assert read_metapsy(path)["better"].tolist() == [""]
    with pytest.warns(EvidenceWarning):
        assert read_metapsy(path, better="higher")["better"].tolist() == ["higher"]


def test_another_table_is_refused(saved):
    with pytest.raises(SchemaError, match="there is no column study, condition_arm1, condition_arm2"):
        read_metapsy(saved("a,b\n1,2\n", "data.csv"))
    with pytest.raises(SchemaError, match="It has one row an arm; give the wide form"):
        read_metapsy(saved("study,condition,Post_M\nA,ig,3\n", "data.csv"))


def test_a_database_without_a_usable_row_is_refused(saved):
    with pytest.raises(EvidenceError, match="none of its 1 rows has usable numbers"):
        read_metapsy(saved(metapsy(NA | {".g": "NA"}), "data.csv"))


def test_an_ordinary_database_warns_of_nothing(saved):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_metapsy(saved(metapsy({}, SECOND, {"study": "Conti, 2014", ".g": "-0.7"}), "data.csv"))
    assert len(table) == 3


LOST_POINT = {"mean_arm1": "1050", "mean_arm2": "1525"}  # 10.50 and 15.25 without their decimal sign


@pytest.mark.warns("in 3 of 4 rows the means give an effect of another size .* Their own effect is used")
def test_means_that_most_effects_contradict_are_not_used(saved):
    rows = [LOST_POINT | {"study": f"S{at}, 2001"} for at in range(3)]
    table = read_metapsy(saved(metapsy(*rows, {"study": "Right, 2002"}), "lost.csv"))
    assert table["score"].tolist() == ["reported"] * 3 + ["endpoint"]
    assert table["reported"].tolist() == [0.72] * 4
    assert (table.log["reason"].str.contains("the means are not used")).sum() == 3


@pytest.mark.warns("in 1 of 4 rows the means .*line 2 .S, 2001.. The means are used")
def test_one_row_that_contradicts_itself_is_named_and_used_as_it_stands(saved):
    rows = [LOST_POINT | {"study": "S, 2001"}, *({"study": f"R{at}, 2002"} for at in range(3))]
    table = read_metapsy(saved(metapsy(*rows), "slip.csv"))
    assert set(table["score"]) == {"endpoint"}


NO_NAMES = dict.fromkeys(("outcome_domain", "instrument", "mean_arm1", "mean_arm2", ".g", ".g_se"), "NA")
COUNTS = {"event_arm1": "4", "event_arm2": "9", "totaln_arm1": "30", "totaln_arm2": "30"}


@pytest.mark.warns("2 outcomes are not known")
def test_outcomes_told_apart_by_their_type_alone_keep_its_words_and_both_rows(saved):
    rows = [NO_NAMES | COUNTS | {"outcome_type": name} for name in ("responders", "remitters")]
    table = read_metapsy(saved(metapsy(*rows), "types.csv"))
    assert table["outcome"].tolist() == ["responders", "remitters"]
    assert table["event_label"].tolist() == ["responders", "remitters"]


NO_EFFECT = {".g": "NA", ".g_se": "NA"}
SCALES = [
    ("PANSS_total", "psychotic_symptoms"),
    ("PANSS_positive", "positive_symptoms"),
    ("BPRS_total", "psychotic_symptoms"),
    ("SANS_negative", "negative_symptoms"),
    ("PECC_negative", "negative_symptoms"),
    ("PG-SI", "gambling"),
    ("sogs", "gambling"),
    ("nods", "gambling"),
    ("OCI-R", "obsessive_compulsive_symptoms"),
    ("Y-BOCS", "obsessive_compulsive_symptoms"),
    ("EDE-Q", "eating_disorder"),
    ("ede-q global", "eating_disorder"),
    ("ICG", "grief"),
    ("PG-13", "grief"),
    ("PHQ-15", "somatic_symptoms"),
    ("PHQ-9", "depression"),
]


@pytest.mark.parametrize(("instrument", "outcome"), SCALES, ids=[name for name, _ in SCALES])
def test_scales_of_other_disorders_are_known_and_lower_is_better(saved, instrument, outcome):
    table = read_metapsy(
        saved(metapsy(NO_EFFECT | {"instrument": instrument, "outcome_domain": "NA"}), "d.csv")
    )
    assert table[["outcome", "better"]].values.tolist() == [[outcome, "lower"]]


def test_domains_of_other_databases_are_known(saved):
    rows = [NO_EFFECT | {"instrument": "own", "outcome_domain": word} for word in ("gambling", "som", "depr")]
    table = read_metapsy(saved(metapsy(*rows), "d.csv"))
    assert table["outcome"].tolist() == ["gambling", "somatic_symptoms", "depression"]
    assert set(table["better"]) == {"lower"}


def test_one_trial_keeps_its_symptom_domains_apart(saved):
    """The psychosis database: three subscales of one instrument are three outcomes."""
    kinds = ("total", "positive", "negative")
    rows = [
        NO_EFFECT | {"instrument": f"PANSS_{kind}", "symptom_domain": kind, "outcome_domain": "NA"}
        for kind in kinds
    ]
    table = read_metapsy(saved(metapsy(*rows), "d.csv"))
    assert table["outcome"].tolist() == ["psychotic_symptoms", "positive_symptoms", "negative_symptoms"]


@pytest.mark.warns("1 outcome is not known")
def test_the_question_for_directions_has_the_lines_that_answer_it(saved):
    rows = [NO_EFFECT | {"instrument": "Own", "outcome_domain": "zest"}, SECOND]
    path = saved(metapsy(*rows), "data.csv")
    with pytest.warns(EvidenceWarning, match="1 of its 2 rows gives no effect") as told:
        read_metapsy(path, sign="-")
    block = str(told[-1].message).partition(":\n")[2]
    mapping = saved(block.replace("?", "higher"), "names.csv")
    assert read_metapsy(path, sign="-", mapping=mapping)["better"].tolist() == ["higher", "lower"]


@pytest.mark.parametrize("column", [".g", ".g_se"])
def test_an_effect_that_lost_its_decimal_sign_is_none(saved, column):
    """The gambling database: -806857980385137 for -0.0806857980385137, beside means that are right."""
    rows = [{"study": f"S{at}, 2001", column: "-806857980385137"} for at in range(3)]
    table = read_metapsy(saved(metapsy(*rows), "lost.csv"))
    assert set(table["score"]) == {"endpoint"}
    assert table[{".g": "reported", ".g_se": "reported_se"}[column]].isna().all()
    assert table.log["reason"].str.contains("its decimal sign is lost").sum() == 3
