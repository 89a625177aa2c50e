"""The bundled data package: valid, traceable, signed as promised, and true to its sources.

The values typed here were not copied from the CSV files, so that a slip in either shows.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections import Counter, defaultdict
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data"
PACKAGE = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
RATIOS = {"OR", "RR"}


def read(name: str) -> list[dict[str, str]]:
    with open(DATA / f"{name}.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


TRIALS, REVIEWS, MEMBERS = read("trials"), read("reviews"), read("members")
SOURCES, CLAIMS, WANTED = read("sources"), read("claims"), read("wanted")
STATEMENTS = read("statements")


def trials(**where: str) -> list[dict[str, str]]:
    return [row for row in TRIALS if all(row[name] == value for name, value in where.items())]


def the_trial(**where: str) -> dict[str, str]:
    (row,) = trials(**where)
    return row


def number(text: str) -> float:
    return float(text) if text else math.nan


def test_frictionless_finds_the_package_valid():
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(DATA / "datapackage.json"))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "message"])


@pytest.mark.parametrize("resource", PACKAGE["resources"], ids=lambda resource: resource["name"])
def test_every_file_has_the_hash_the_size_and_the_columns_that_are_declared(resource):
    content = (DATA / resource["path"]).read_bytes()
    assert resource["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
    assert resource["bytes"] == len(content)
    assert b"\r" not in content
    header = content.split(b"\n", 1)[0].decode().split(",")
    assert header == [field["name"] for field in resource["schema"]["fields"]]
    assert all(field["description"] for field in resource["schema"]["fields"])


@pytest.mark.parametrize("name", ["trials", "reviews", "members", "claims", "statements"])
def test_every_row_names_a_source_that_exists(name):
    known = {row["source_id"] for row in SOURCES}
    for row in read(name):
        assert row["source_id"] in known, row
        assert row["locator"], row
        if name != "members":  # a member that is only believed was not seen anywhere
            assert row["verification"] in ("primary", "database", "secondary", "derived"), row


def test_every_number_of_a_source_says_where_it_stands_and_how_far_it_was_verified():
    counts = ("trials_included", "reviews_included", "participants_included")
    for row in SOURCES:
        counted = any(row[name] for name in counts)
        assert counted == bool(row["included_locator"]) == bool(row["included_verification"]), row


def test_every_source_is_used_and_has_terms():
    used = {row["source_id"] for table in (TRIALS, REVIEWS, MEMBERS, CLAIMS, STATEMENTS) for row in table}
    assert used == {row["source_id"] for row in SOURCES}
    assert all(row["licence"] and row["attribution"] for row in SOURCES)


def test_every_source_has_an_address_or_a_doi_or_says_that_none_is_known():
    for row in SOURCES:
        assert row["doi"] or row["url"] or "No address" in row["note"], row["source_id"]


def test_members_link_to_trials_that_are_held_and_wanted_rows_to_claims_that_exist():
    available = {row["trial_id"] for row in TRIALS}
    assert {row["trial_id"] for row in MEMBERS} - {""} <= available
    named = {claim for row in WANTED for claim in row["claims"].split(";")} - {""}
    assert named <= {row["claim_id"] for row in CLAIMS}


@pytest.mark.parametrize(("comparison", "least"), [("pdt_vs_control", 40), ("pdt_vs_cbt", 10)])
def test_enough_trials_are_usable_as_they_stand(comparison, least):
    usable = trials(comparison=comparison, status="ok", preferred="true")
    assert len({row["trial_id"] for row in usable}) >= least


def test_the_two_large_trials_against_cbt_are_there():
    against_cbt = {row["trial_id"] for row in trials(comparison="pdt_vs_cbt", status="ok", preferred="true")}
    assert {"connollygibbons2016", "leichsenring2013"} <= against_cbt


def test_one_row_of_a_contrast_is_preferred_and_says_why_where_there_was_a_choice():
    contrasts = defaultdict(list)
    for row in TRIALS:
        contrasts[row["contrast_id"]].append(row)
    for name, rows in contrasts.items():
        (chosen,) = [row for row in rows if row["preferred"] == "true"]
        assert chosen["status"] == "ok" or all(row["status"] != "ok" for row in rows), name
        assert bool(chosen["preferred_why"]) == (len(rows) > 1), name
        assert len({row["trial_id"] for row in rows}) == 1, name


def test_no_arm_data_stand_in_two_rows_that_would_both_be_used():
    columns = [
        "trial_id",
        "comparison",
        "arm_t_label",
        "arm_c_label",
        "outcome",
        "instrument",
        "months_since_end",
    ]
    columns += ["mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c", "event_t", "event_c"]
    used = [row for row in trials(status="ok", preferred="true") if row["mean_t"] or row["event_t"]]
    seen = Counter(tuple(row[name] for name in columns) for row in used)
    assert not [key for key, count in seen.items() if count > 1]


def test_an_unknown_time_is_blank_and_only_an_unknown_time_is():
    for row in TRIALS:
        assert (row["months_basis"] == "unknown") == (row["months_since_end"] == ""), row["row_id"]
        if row["months_basis"] == "derived":
            assert "onth" in row["note"] or "week" in row["note"], row["row_id"]


def test_arm_columns_agree_with_the_kind_of_score():
    for row in TRIALS:
        means, events = row["mean_t"] != "", row["event_t"] != ""
        assert means == (row["score"] in ("endpoint", "change")), row["row_id"]
        assert events == (row["score"] == "events"), row["row_id"]
        assert means or events or row["reported"], row["row_id"]
        if means:
            assert all(row[name] for name in ("sd_t", "n_t", "mean_c", "sd_c", "n_c")), row["row_id"]
            assert min(float(row["sd_t"]), float(row["sd_c"])) > 0, row["row_id"]
        if events:
            assert int(row["event_t"]) <= int(row["n_t"]), row["row_id"]
            assert int(row["event_c"]) <= int(row["n_c"]), row["row_id"]


def test_a_row_that_is_not_ok_says_why_and_a_derived_one_how():
    for row in TRIALS + REVIEWS:
        assert (row["status"] == "ok") == (row["status_reason"] == ""), row["row_id"]
    for row in trials(verification="derived"):
        assert row["note"], row["row_id"]


@pytest.mark.parametrize(
    ("rows", "value", "prefix"), [(TRIALS, "reported", "reported_"), (REVIEWS, "estimate", "")]
)
def test_intervals_are_ordered_and_hold_their_estimate(rows, value, prefix):
    for row in rows:
        low, estimate, high = (number(row[name]) for name in (f"{prefix}ci_low", value, f"{prefix}ci_high"))
        upside_down = low > estimate or estimate > high or low > high  # a missing limit compares false
        assert not upside_down, row["row_id"]


def recomputed_g(row: dict[str, str]) -> float:
    """Hedges' g from arm means, or ln(OR) sqrt(3)/pi J from counts; + favours the first arm."""
    n_t, n_c = float(row["n_t"]), float(row["n_c"])
    j = 1 - 3 / (4 * (n_t + n_c - 2) - 1)
    sign = 1 if row["better"] == "higher" else -1
    if row["mean_t"]:
        squares = (n_t - 1) * float(row["sd_t"]) ** 2 + (n_c - 1) * float(row["sd_c"]) ** 2
        return sign * j * (float(row["mean_t"]) - float(row["mean_c"])) / math.sqrt(squares / (n_t + n_c - 2))
    a, c = float(row["event_t"]), float(row["event_c"])
    if not (0 < a < n_t and 0 < c < n_c):
        return math.nan
    return sign * j * math.sqrt(3) / math.pi * math.log(a * (n_c - c) / ((n_t - a) * c))


def test_arm_data_give_the_effect_the_source_gives_sign_and_all():
    """0.01: the sources round g to two or three places; a slip in sign, arm or `better` is far larger."""
    compared = 0
    for row in trials(reported_metric="g"):
        if row["mean_t"] or row["event_t"]:
            g = recomputed_g(row)
            if not math.isnan(g):
                assert g == pytest.approx(float(row["reported"]), abs=0.01), row["row_id"]
                compared += 1
    assert compared >= 100


def printed_pairs(row: dict[str, str]) -> list[tuple[str, str]]:
    """(printed, ours): a turned interval has its ends swapped."""
    low, high = ("ci_high", "ci_low") if row["flipped"] == "true" else ("ci_low", "ci_high")
    return [
        (row["printed_estimate"], row["estimate"]),
        (row["printed_ci_low"], row[low]),
        (row["printed_ci_high"], row[high]),
    ]


def test_every_pooled_estimate_is_the_printed_one_reversed_or_not():
    for row in REVIEWS:
        for printed, ours in printed_pairs(row):
            if not ours:
                assert not printed or row["status"] != "ok" or row["measure"] == "count", row["row_id"]
            elif row["flipped"] == "false":
                assert ours == printed, row["row_id"]
            elif row["measure"] in RATIOS:
                assert float(ours) * float(printed) == pytest.approx(1, abs=1e-8), row["row_id"]
            else:
                assert float(ours) == -float(printed), row["row_id"]


def test_a_printed_sign_against_the_first_arm_is_reversed():
    for row in REVIEWS:
        against = row["printed_direction"].startswith(
            ("negative favours", "negative = improvement", "below 1")
        )
        against |= row["printed_direction"].startswith(
            ("positive favours OTHER psychotherapies", "positive favours CBT", "positive favours the other")
        )
        assert (row["flipped"] == "true") == against, row["row_id"]


ABBASS_2006 = """
general_symptoms short 0.42 0.27 0.58 13 816
general_symptoms long 0.51 0.31 0.72 5 445
somatic_symptoms short 0.67 0.48 0.85 7 537
somatic_symptoms long 0.95 0.70 1.19 4 381
anxiety short 0.46 0.27 0.64 11 601
anxiety long 0.46 0.21 0.71 5 333
depression short 0.47 0.33 0.61 11 927
depression long 0.78 0.57 0.99 6 422
social_adjustment short 0.51 0.26 0.76 3 254
social_adjustment long 0.45 0.21 0.70 3 260
"""


def test_the_ten_cells_of_abbass_2006_are_there():
    names = ("outcome", "follow_up", "estimate", "ci_low", "ci_high", "k", "n")
    rows = [row for row in REVIEWS if row["review_id"] == "abbass2006"]
    assert [" ".join(row[name] for name in names) for row in rows] == ABBASS_2006.split("\n")[1:-1]


def test_the_six_values_of_leichsenring_2004_are_within_one_arm():
    rows = [row for row in REVIEWS if row["review_id"] == "leichsenring2004"]
    assert {row["design"] for row in rows} == {"pre-post"}
    assert {row["comparison"] for row in rows} == {"within_pdt"}
    values = {window: {} for window in ("post", "unknown")}
    for row in rows:
        values[row["follow_up"]][row["outcome"]] = row["estimate"]
    assert values["post"] == {
        "target_problems": "1.39",
        "general_symptoms": "0.90",
        "social_adjustment": "0.80",
    }
    assert values["unknown"] == {
        "target_problems": "1.57",
        "general_symptoms": "0.95",
        "social_adjustment": "1.19",
    }


def test_the_press_release_gives_two_values_of_unstated_design():
    rows = [row for row in REVIEWS if row["review_id"] == "shedler2010_apa_release"]
    assert [(row["estimate"], row["follow_up"], row["design"]) for row in rows] == [
        ("0.97", "post", "unstated"),
        ("1.51", "long", "unstated"),
    ]


def test_the_reviews_that_the_report_leans_on_are_there():
    available = {row["review_id"] for row in REVIEWS}
    assert {"steinert2017", "keefe2014", "keefe2020", "driessen2015"} <= available
    assert {"zhang2022", "wienicke2023", "smit2012", "lilliengren2025"} <= available


def test_a_misprinted_limit_stays_in_print_and_is_blank_here():
    steinert, trotta = (row for row in REVIEWS if row["status"] == "misprint")
    assert (steinert["printed_ci_high"], steinert["ci_high"], steinert["ci_low"]) == ("-0.038", "", "-0.137")
    assert (trotta["printed_ci_high"], trotta["ci_low"], trotta["ci_high"]) == ("-0.309", "", "0.991")


SEEN_2014 = "Alstrom 1984a, Alstrom 1984b, Baldoni 1995, Cooper 2003, Creed 2003, Hamilton 2000, Monsen 2000"
SEEN_2014 += ", Vitriol 2009, Winston 1994"


def test_membership_is_counted_and_never_filled_up():
    count = Counter((row["review_id"], row["membership"]) for row in MEMBERS)
    included = {row["source_id"]: row["trials_included"] for row in SOURCES}
    assert (included["abbass2014"], included["leichsenring2004"], included["abbass2006"]) == (
        "33",
        "17",
        "23",
    )
    for review, seen in (("abbass2014", 9), ("leichsenring2004", 0)):
        assert count[review, "seen"] == seen
        assert seen + count[review, "believed"] <= int(included[review])
    conflicts = {(row["review_id"], row["trial"]) for row in MEMBERS if row["membership"] == "conflict"}
    assert conflicts == {("abbass2014", "Simpson 2003"), ("leichsenring2004", "Woody 1990")}
    seen_2014 = (row for row in MEMBERS if (row["review_id"], row["membership"]) == ("abbass2014", "seen"))
    assert sorted(row["trial"] for row in seen_2014) == SEEN_2014.split(", ")


def test_the_eleven_claims_are_in_order():
    assert [row["number"] for row in CLAIMS] == [str(number) for number in range(1, 12)]


def test_the_missing_cells_of_the_2014_review_are_listed_by_outcome_and_window():
    cells = {
        (row["outcome"], row["follow_up"])
        for row in WANTED
        if row["review_id"] == "abbass2014" and row["outcome"]
    }
    outcomes = {
        "general_symptoms",
        "somatic_symptoms",
        "anxiety",
        "depression",
        "interpersonal_problems",
        "social_adjustment",
    }
    assert cells == {(outcome, window) for outcome in outcomes for window in ("short", "medium", "long")}


def test_every_member_without_effects_is_wanted():
    missing = [
        row
        for row in MEMBERS
        if row["review_id"] in ("abbass2014", "leichsenring2004") and not row["trial_id"]
    ]
    options = [row["what"] for row in WANTED]
    for row in missing:
        assert f"effects of {row['study_label']} ({row['membership']} member)" in options


SPOT = """
# plain arm data; the database has + for the better arm
source_id=metapsy_depression_psyctr, trial_id=heshmati2023
-> mean_t=21.81, sd_t=5.18, n_t=36, mean_c=29.33, sd_c=3.72, n_c=39, reported=1.661349, flipped=false
# the database has - for the better arm
source_id=metapsy_gad_psyctr, trial_id=andersson2012, instrument=BAI, comparison=pdt_vs_control
-> mean_t=15.88, n_t=26, mean_c=19.52, n_c=26, reported=0.372168, flipped=true, better=lower
# events, and months counted from the post-test at week 4
trial_id=roten2017, time_label=follow-up 1 (week 52), event_label=remission (MADRS of 7 or less)
-> event_t=24, event_c=10, n_t=76, n_c=73, reported=0.585459, flipped=true, months_since_end=11.0392
# a bad event: fewer is better
source_id=metapsy_borderline_psyctr, trial_id=bateman2009, score=events
-> event_t=2, n_t=71, event_c=16, n_c=63, better=lower, reported=1.350412, flipped=false
# the database has DBT first: arms swapped
trial_id=pistorello2012
-> mean_t=24.92, n_t=32, mean_c=13.64, n_c=31, reported=-0.66536, arm_c=dbt, flipped=true
# two active arms paired: no effect in the source
source_id=metapsy_sad_psyctr, trial_id=leichsenring2013, comparison=pdt_vs_cbt, instrument=LSAS
-> mean_t=50.71, sd_t=27.49, n_t=207, mean_c=42.94, sd_c=25.41, n_c=209, reported=, verification=derived
# percentages become counts: 26 and 36 percent of 207 and 209
source_id=leichsenring2013, comparison=pdt_vs_cbt, event_label=remission
-> event_t=54, event_c=75, n_t=207, n_c=209, verification=derived, status=ok
# printed without a direction, turned because the arm means favour cognitive therapy
trial_id=connollygibbons2016, reported_metric=MD
-> reported=-0.86, reported_ci_low=-2.42, reported_ci_high=0.70, n_t=118, n_c=119, flipped=true
trial_id=connollygibbons2016, source_id=nice_ng222_network
-> mean_t=-4.16, sd_t=5.31901306634981, mean_c=-5.02, sd_c=5.11862286166895, score=change, verification=derived
# a ratio above 1 that favours CBT: 13.40 [2.45, 73.42] in print
trial_id=poulsen2014, time_label=5 months
-> reported=0.07462686567, reported_ci_low=0.01362026696, reported_ci_high=0.4081632653, flipped=true
# a ratio that favours psychodynamic therapy above 1 as printed
trial_id=stefini2017, reported_metric=OR
-> reported=0.90, reported_ci_low=0.35, reported_ci_high=2.28, flipped=false, n_total=81
# CBT over psychodynamic, of a bad event: below 1 favours CBT as printed
trial_id=critschristoph1999, comparison=pdt_vs_cbt, outcome=dropout
-> event_t=83, event_c=79, n_t=124, n_c=119, reported=0.991799, better=lower, months_since_end=0, months_basis=derived
# psychodynamic over control, of a bad event: 0.955399 in the release, so the reciprocal
trial_id=jantschek1998, reported_metric=RR
-> reported=1.046683114, event_t=55, n_t=71, event_c=30, n_c=37, flipped=true, months_basis=unknown, score=events
trial_id=sattel2012
-> reported=0.42, reported_ci_low=0.15, reported_ci_high=0.69, months_since_end=9
# 18 months count from baseline, in the middle of which therapy ends
source_id=metapsytools_psyctrsubset
-> mean_t=8.7, mean_c=8.9, months_since_end=5, months_since_start=18, treatment_weeks=52
# two lengths of follow-up of one trial, from the abstract
trial_id=roten2017, time_label=3-month follow-up, reported_metric=d
-> reported=0.46, reported_ci_low=0.14, reported_ci_high=0.78, months_since_end=3, months_since_start=4
# fractions of women become percent, percentages stay
source_id=metapsy_ptsd_psyctr, comparison=pdt_vs_control
-> percent_women=79, mean_t=32.7, mean_c=46.5, n_c=23
trial_id=martini2011
-> percent_women=87, reported=-0.35676, arm_c=supportive
trial_id=hamilton2020, instrument=EPDS
-> status=mislabelled, mean_t=9.7, mean_c=14.3
"""


def cells(text: str) -> dict[str, str]:
    return dict(cell.split("=", 1) for cell in text.strip().split(", "))


def spot_checks() -> list[tuple[dict[str, str], dict[str, str]]]:
    lines = "\n".join(line for line in SPOT.strip().splitlines() if not line.startswith("#"))
    halves = [line.removeprefix("-> ") for line in lines.splitlines()]
    return [
        (cells(where), cells(expected)) for where, expected in zip(halves[::2], halves[1::2], strict=True)
    ]


@pytest.mark.parametrize(("where", "expected"), spot_checks(), ids=lambda half: next(iter(half.values())))
def test_a_row_says_what_its_source_says(where, expected):
    row = the_trial(**where)
    assert {name: row[name] for name in expected} == expected
