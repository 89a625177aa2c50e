"""A multiverse is a loop of `synthesize`, in batches; what cannot be is said, and nothing is lost on the way."""

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pdt_evidence as pdt
from pdt_evidence.analysis.multiverse import run
from pdt_evidence.analysis.multiverse.multiverse import multiverse
from pdt_evidence.effects.dependence import constant_correlation
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.errors import EvidenceError, RequestError

ROWS = pd.DataFrame(
    {
        "row_id": [f"r{n}" for n in range(1, 10)],
        "trial_id": list("AABBCDEFF"),
        "study": list("AABBCDEFF"),
        "outcome": ["depression"] * 7 + ["anxiety"] * 2,
        "follow_up": ["post"] * 9,
        "comparison": "x_vs_y",
        "rob": ["low", "low", "high", "high", "low", "high", "low", "low", "high"],
        "yi": [0.1, 0.5, 0.9, 0.3, -0.2, 0.6, 0.4, 0.2, 0.8],
        "vi": [0.04, 0.05, 0.03, 0.06, 0.09, 0.05, 0.02, 0.04, 0.07],
        "measure": "SMD",
        "yi_basis": ["means", "events", "means", "means", "events", "means", "means", "means", "means"],
    }
)
GRID = {
    "method": ["REML", "DL", "EE"],
    "test": ["knha", "z"],
    "dependence": ["aggregate", "one-per-trial", "three-level", "che"],
    "rho": [0.3, 0.6],
    "aggregate": ["mean", "gls"],
    "events": ["fallback", "never", "pool"],
}
NUMBERS = ["k", "estimate", "se", "df", "ci_low", "ci_high", "p", "tau2"]


def numbers(frame):
    return frame[NUMBERS].to_numpy(dtype=float, na_value=np.nan)


def by_hand(table, row, made):
    """The same specification by `synthesize`, once for all strata; `made` keeps what was pooled."""
    options = {"events": row.events, "dependence": row.dependence}
    if row.dependence != "three-level":
        options["rho"] = row.rho
    if row.dependence == "aggregate":
        options["aggregate"] = row.aggregate
    if row.dependence in ("aggregate", "one-per-trial"):
        options |= {"method": row.method, "test": row.test}
    elif row.dependence == "three-level":
        options["test"] = row.test
    key = tuple(options.items())
    if key not in made:
        made[key] = pdt.synthesize(table, by="outcome", **options)
    fit = made[key][row.outcome]
    return np.array([fit.k, fit.estimate, fit.se, fit.df, *fit.ci, fit.p, fit.tau2], float)


def test_every_specification_is_what_synthesize_gives():
    made = {}
    m = multiverse(ROWS, by="outcome", **GRID)
    assert set(m.to_frame()["dependence"]) == set(GRID["dependence"])
    for row, got in zip(m.to_frame().itertuples(), numbers(m.to_frame()), strict=True):
        assert_allclose(got, by_hand(ROWS, row, made), rtol=1e-6, atol=1e-8, err_msg=str(row))


def test_bundled_trials_with_shared_arms_are_what_synthesize_gives(monkeypatch):
    table = pdt.trials(comparison="pdt_vs_control", outcome="suicidal_behaviour", follow_up="post")
    real, single = run.fit_group, []

    def one_by_one(*arguments):
        single.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(run, "fit_group", one_by_one)
    m = multiverse(table, by="outcome", dependence=["aggregate", "one-per-trial", "che"], rho=[0.3, 0.7])
    assert not single  # the models go together though contrasts share an arm:
    rows = table[table["yi"].notna()].reset_index(drop=True)
    plain = constant_correlation(rows["vi"], rows["trial_id"], 0.3).dense()
    assert not np.allclose(covariance_blocks(rows, 0.3).dense(), plain)
    for row, got in zip(m.to_frame().itertuples(), numbers(m.to_frame()), strict=True):
        assert_allclose(got, by_hand(table, row, {}), rtol=1e-6, atol=1e-8, err_msg=str(row))


def test_a_small_multiverse_by_hand():
    """Equal effects of two trials: a mean weighted by 1 / v, and without the second trial the first alone."""
    table = pd.DataFrame({"study": ["A", "B"], "yi": [0.2, 0.8], "vi": [0.1, 0.2]})
    m = multiverse(table, method="EE", test="z", exclude={"without B": [False, True]})
    frame = m.to_frame()
    assert frame["exclude"].tolist() == ["nothing", "without B"]
    assert_allclose(frame["estimate"], [(0.2 / 0.1 + 0.8 / 0.2) / 15, 0.2])
    assert_allclose(frame["se"], [np.sqrt(1 / 15), np.sqrt(0.1)])
    assert m.spread([0.3]).loc[0, ["positive", "above_0.3"]].tolist() == [1.0, 0.5]
    assert_allclose(m.spread()["median"], (0.4 + 0.2) / 2)
    assert m.explained()["choice"].tolist() == ["exclude"]
    assert_allclose(m.explained()["alone"], 1.0)


def test_the_order_of_rows_changes_nothing():
    turned = ROWS.iloc[::-1].reset_index(drop=True)
    keys = ["outcome", *GRID]
    frames = [multiverse(table, by="outcome", **GRID).to_frame() for table in (ROWS, turned)]
    first, second = (frame.sort_values(keys, kind="stable") for frame in frames)
    assert_allclose(numbers(first), numbers(second), rtol=1e-6, atol=1e-8)


def test_options_about_rows_keep_the_rows_they_name():
    m = multiverse(
        ROWS,
        by=(),
        outcome=["depression", ["depression", "anxiety"]],
        risk_of_bias={"any": None, "low": "low"},
        exclude={"r9 out": ["r9"], "B out": lambda table: table["trial_id"] == "B"},
        events="pool",
    )
    frame = m.to_frame()
    assert len(m) == 2 * 2 * 3
    out = {"nothing": True, "r9 out": ROWS["row_id"] != "r9", "B out": ROWS["trial_id"] != "B"}
    for at, row in frame.iterrows():
        kept = ROWS["outcome"].isin(row["outcome"].split(" + ")) & out[row["exclude"]]
        if row["risk_of_bias"] == "low":
            kept &= ROWS["rob"] == "low"
        assert m.row_ids(at) == tuple(ROWS.loc[kept, "row_id"])
        assert row["rows"] == kept.sum()
    assert m.choices == ("outcome", "risk_of_bias", "exclude")


def test_masks_of_masks_are_choices_of_their_own():
    small = {"in": None, "out": ROWS["vi"] > 0.06}
    m = multiverse(ROWS, by="outcome", exclude={"small": small, "D": {"in": None, "out": ["r6"]}})
    assert m.choices == ("small", "D")
    assert len(m["depression"]) == 4


def test_what_cannot_be_is_listed_with_its_reason():
    options = {"method": ["REML", "DL"], "test": ["knha", "adhoc"], "dependence": ["three-level", "che"]}
    m = multiverse(ROWS, by="outcome", **options)
    assert len(m) == 2 * 2  # in each stratum one of each model
    assert len(m.invalid) == 2 * 2 * 2 - 2
    assert m.invalid["reason"].str.contains("REML only|no test 'adhoc'").all()


def test_combinations_that_come_to_the_same_are_one():
    m = multiverse(ROWS, by="outcome", dependence="three-level", rho=[0.2, 0.5, 0.8], test=["knha", "t"])
    assert (len(m), m.merged) == (2, 5)


def test_every_combination_is_a_row_or_invalid_or_merged():
    m = multiverse(ROWS, by="outcome", **GRID)
    assert len(m["anxiety"]) + len(m.invalid) + m.merged == len(list(product(*GRID.values())))


def test_failures_are_rows_with_a_reason():
    everything = {"all of it": ROWS["outcome"] == "anxiety"}  # all rows of one stratum
    m = multiverse(ROWS, by="outcome", exclude=everything, bias=["none", "pet-peese"], direction="positive")
    frame = m.to_frame()
    lost = frame["estimate"].isna()
    assert lost.any()
    assert ((frame["reason"] != "") == lost).all()
    assert "no row of the table is left" in set(frame.loc[lost, "reason"])


def test_a_direction_that_is_not_known_is_the_reason():
    frame = multiverse(
        ROWS.assign(comparison="pdt_vs_cbt"), by="outcome", bias=["none", "pet-peese"]
    ).to_frame()
    assert frame.loc[frame["bias"] == "pet-peese", "reason"].str.contains("direction").all()
    assert frame.loc[frame["bias"] == "none", "estimate"].notna().all()


def alone(name, fit):
    """Each method as a user calls it."""
    if name == "limit":
        return pdt.limit_meta(fit)
    if name == "p-uniform*":
        return pdt.p_uniform(fit, direction="positive")
    if name == "worst-case":
        return pdt.publication_sensitivity(fit, direction="positive").worst_case
    options = {"selection-2-steps": {"steps": (0.025, 0.5)}, "selection-beta": {"kind": "beta"}}
    return pdt.selection_model(fit, direction="positive", **options.get(name, {}))


@pytest.mark.parametrize("dependence", ["aggregate", "che"])
@pytest.mark.parametrize(
    "name", ["selection", "selection-2-steps", "selection-beta", "p-uniform*", "limit", "worst-case"]
)
def test_every_method_against_bias_is_the_one_that_a_user_calls(name, dependence):
    """Or its reason; what takes one value a trial cannot be combined with a multilevel model."""
    m = multiverse(ROWS, by="outcome", dependence=dependence, bias=name, direction="positive")
    if dependence == "che" and name in ("p-uniform*", "limit"):
        assert m.invalid["reason"].tolist() == [
            f"{name} takes one value a trial, and che models have several"
        ]
        return
    synthesis = pdt.synthesize(ROWS, by="outcome", dependence=dependence)
    for row in m.to_frame().to_dict("records"):
        one = alone(name, synthesis[row["outcome"]])
        assert row["estimate"] == pytest.approx(one.estimate, rel=1e-6, nan_ok=True)
        assert row["ci_low"] == pytest.approx(one.ci[0], rel=1e-5, nan_ok=True)
        assert row["reason"] == one.why


def test_selection_models_take_clusters_whatever_their_model():
    options = {"dependence": ["three-level", "che"], "rho": [0.2, 0.8], "direction": "positive"}
    m = multiverse(ROWS, by="outcome", bias="selection", **options)
    assert m.merged == 3
    assert set(m.to_frame()["test"]) == {"sandwich"}


@pytest.mark.parametrize("dependence", ["aggregate", "che"])
def test_a_method_against_bias_starts_from_the_fit_of_synthesize(dependence):
    m = multiverse(ROWS, by="outcome", dependence=dependence, bias="pet-peese", direction="positive")
    fit = pdt.synthesize(ROWS, by="outcome", dependence=dependence)["depression"]
    one = pdt.pet_peese(fit, direction="positive").adjusted
    row = m["depression"].to_frame().iloc[0]
    assert_allclose([row["estimate"], row["se"], row["p"]], [one.estimate, one.se, one.p])


def test_methods_with_fixed_weights_have_neither_estimator_nor_test():
    m = multiverse(ROWS, by="outcome", method=["REML", "DL"], test=["knha", "z"], bias="uwls")
    assert m["depression"].to_frame()[["method", "test"]].to_numpy().tolist() == [["", "t"]]


def test_an_executor_changes_nothing():
    fewer = {"rho": 0.6, "events": "fallback", "method": ["REML", "DL"], "aggregate": "mean"}
    options = GRID | fewer | {"bias": ["none", "pet-peese", "uwls"], "direction": "positive"}
    with ThreadPoolExecutor(2) as executor:
        shared = multiverse(ROWS, by="outcome", executor=executor, **options)
    pd.testing.assert_frame_equal(shared.to_frame(), multiverse(ROWS, by="outcome", **options).to_frame())


@pytest.mark.warns("Interrupted")
def test_an_interrupt_keeps_what_is_done(monkeypatch):
    options = {"method": ["REML", "DL"], "test": ["knha", "z"]}
    whole = multiverse(ROWS, by="outcome", **options).to_frame()
    real, calls = run.univariate, []

    def univariate(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(run, "univariate", univariate)
    m = multiverse(ROWS, by="outcome", **options)
    frame = m.to_frame()
    done = frame["reason"] == ""
    assert (m.complete, done.sum()) == (False, 4)
    assert set(frame.loc[~done, "reason"]) == {run.NOT_RUN}
    assert_allclose(numbers(frame[done]), numbers(whole[done]))


def test_the_vibration_of_ratios_is_that_of_the_ratios():
    logs = pd.DataFrame({"study": list("AB"), "yi": [0.1, 0.9], "vi": [0.1, 0.1], "measure": "OR"})
    m = multiverse(logs, method="EE", test="z", exclude={"A": [True, False], "B": [False, True]})
    low, high = np.percentile([0.5, 0.9, 0.1], [1, 99])
    assert_allclose(m.spread()["vibration"], np.exp(high - low))


def test_a_whole_grid_explains_alone_what_it_explains_beyond():
    out = {"x": ["r5"], "y": ["r3", "r4"]}
    table = multiverse(ROWS, by="outcome", method=["EE", "REML"], exclude=out)["depression"].explained()
    assert table["choice"].tolist() == ["exclude", "method"]
    assert_allclose(table["alone"], table["beyond"], atol=1e-12)
    assert_allclose(table["alone"].sum(), table["together"])


def test_one_stratum_is_drawn_as_it_is():
    m = multiverse(ROWS, by="outcome", method=["REML", "DL"], test=["knha", "z"])
    assert pdt.specification_curve(m["depression"], width=170).child_axes
    assert "Variance between studies: " in pdt.alt_text(m["depression"], "specification_curve")
    words = "This multiverse has 2 strata; draw one, as in m[('depression',)]."
    with pytest.raises(RequestError, match=re.escape(words)):
        pdt.specification_curve(m)


def test_summary_says_what_there_is():
    text = multiverse(ROWS, by="outcome", **GRID).summary([0.24])
    for words in (
        "Multiverse: ",
        "depression: ",
        "above 0.24: ",
        "explains",
        "combinations of choices cannot",
    ):
        assert words in text


def test_a_list_names_rows_trials_or_studies_to_leave_out_each_by_itself():
    table = ROWS.assign(study=["Smith 2010"] * 2 + list(ROWS["study"][2:]), outcome="depression")
    m = multiverse(table, method="EE", test="z", exclude=["r9", "smith 2010", ["B", "C"]])
    frame = m.frame.set_index("exclude")
    assert list(frame.index) == ["nothing", "r9", "smith 2010", "B + C"]
    out = {
        "nothing": [],
        "r9": ["r9"],
        "smith 2010": ["r1", "r2"],
        "B + C": ["r3", "r4", "r5"],
    }
    for name, rows in out.items():
        rest = table[~table["row_id"].isin(rows)]
        one = pdt.synthesize(rest, by="outcome", method="EE", test="z")["depression"]
        assert frame.loc[name, "estimate"] == pytest.approx(one.estimate, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": ["REML", "DL2x"]}, "method = 'DL2x' is not known."),
        ({"rho": [0.5, 2]}, "rho = 2 must be a correlation"),
        ({"test": []}, "test has no option. Give at least one."),
        ({"outcome": ["depresion"]}, "outcome = 'depresion' is in no row. Did you mean 'depression'?"),
        ({"exclude": {"x": [True]}}, "exclude, 'x': 1 value for 9 rows; each row needs one."),
        (
            {"exclude": {"x": [False] * 9}},
            "exclude, 'x': it leaves out 0 of 9 rows, which is no specification",
        ),
        (
            {"exclude": {"D": {"in": None, "out": [True] * 9}}},
            "'out': it leaves out 9 of 9 rows, so that nothing",
        ),
        ({"exclude": {"x": ["nix"]}}, "exclude, 'x': no row, trial or study 'nix'."),
        ({"exclude": ["r1", "r10"]}, "exclude, 'r10': no row, trial or study 'r10'. Did you mean 'r1'?"),
        ({"exclude": "nix"}, "exclude, 'nix': no row, trial or study 'nix'."),
        (
            {"exclude": [0, 1]},
            "exclude = [0, 1]: expected row ids or names of studies, as in exclude=['Smith 2010'",
        ),
        ({"exclude": 3}, "exclude = 3: expected row ids or names of studies"),
        ({"exclude": {"x": [0.5] * 9}}, "exclude, 'x': expected True (left out) or False in every row"),
        ({"exclude": [True] * 9}, "or names and masks, as in exclude={'no outliers': mask}."),
        ({"by": "outcome", "outcome": ["anxiety"]}, "outcome makes strata and is a choice; it can be one"),
        ({"bias": "petpeese"}, "bias = 'petpeese' is not known. Did you mean 'pet-peese'?"),
    ],
)
def test_bad_requests_are_named(options, words):
    with pytest.raises(RequestError, match=re.escape(words)):
        multiverse(ROWS, **options)


def test_several_measures_are_refused():
    table = ROWS.assign(measure=["SMD"] * 7 + ["OR"] * 2)
    with pytest.raises(EvidenceError, match=re.escape("The rows are of several measures (OR, SMD)")):
        multiverse(table, by="outcome")


def test_corrections_of_few_trials_are_said_to_tell_little():
    rows = pd.DataFrame({"study": [f"S{n}" for n in range(12)], "yi": np.linspace(0.9, 0.1, 12)})
    rows = rows.assign(vi=np.linspace(0.2, 0.01, 12))
    options = {"bias": ["none", "pet-peese-wls"], "direction": "positive"}
    said = "fewer than 10 trials are corrected for bias in 1 specification: that tells little"
    assert said in pdt.multiverse(rows[:9], **options).summary()
    assert "fewer than 10" not in pdt.multiverse(rows, **options).summary()
    assert "fewer than 10" not in pdt.multiverse(rows[:9]).summary()
