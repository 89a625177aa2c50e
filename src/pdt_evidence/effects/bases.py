"""Each basis of an effect: from the columns that a trial printed to effects, with what was assumed for them.

A basis is named in `yi_basis`; behind a semicolon stands what was assumed, so that nobody takes an effect made of
medians for one of means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, Effect
from pdt_evidence.effects.convert import log_or_to_smd, se_from_ci
from pdt_evidence.effects.inputs import BASES, Inputs
from pdt_evidence.effects.means import log_ratio_of_means, mean_difference
from pdt_evidence.effects.prepost import ppc2, smcc, smcr, smcrp
from pdt_evidence.effects.printed import TESTS, effect_of_test, sign_of
from pdt_evidence.effects.quantiles import FEWEST, mean_and_sd
from pdt_evidence.effects.ratios import log_odds_ratio, log_risk_ratio, risk_difference
from pdt_evidence.effects.reported import P_OF_0, as_fraction, reported_effects
from pdt_evidence.effects.smd import hedges_g, smdh

__all__ = ["FORMULAS", "NO_DIRECTION", "FromBasis", "Mask", "Words", "from_basis", "plain_basis"]

Words = NDArray[np.object_]
Mask = NDArray[np.bool_]
Formula = Callable[[Inputs, Mapping[str, str]], Effect]

UNADJUSTED = "taken for an unpaired, unadjusted test"
NO_WAY = "says how large the effect is, not which way: write 'arm 1' or 'arm 2' in the column 'favours'"
NO_DIRECTION = "column 'better' does not say which direction is good"
NO_BOUND = {
    ">": "a p above a bound says that the effect is small, not how small",
    "ns": "'not significant' says that the effect is small, not how small",
}


class FromBasis(NamedTuple):
    """Effects of one basis; NaN with a reason where there is none."""

    yi: Array
    vi: Array
    basis: Words
    reason: Words  # "" where yi is a number, and where the table has nothing of this basis
    own_error: Mask  # the variance is a printed one, not made of the number of persons


def plain_basis(word: str) -> str:
    """What an effect was made of, without what was assumed for it.

    Examples
    --------
    >>> plain_basis("events; times the design effect 2, of ...")
    'events'
    """
    return word.split(";", 1)[0]


def from_basis(name: str, inputs: Inputs, measure: str, options: Mapping[str, str]) -> FromBasis:
    """Effects from one basis for all rows."""
    none = np.zeros(inputs.rows, dtype=bool)
    if name == "reported":
        if not (inputs.has("reported") and inputs.has("reported_metric")):
            return _nothing(inputs)
        return FromBasis(*reported_effects(inputs, measure, options["vtype"]))
    if name in TESTS:
        return _from_test(name, inputs, options["vtype"])
    if name == "medians":
        return _from_medians(inputs, measure, options["vtype"])
    yi, vi = FORMULAS[name, measure if name != "baseline" else "PPC2"](inputs, options)
    if name in ("means", "baseline"):  # the mean of one person has no SD
        alone = (inputs["n_t"] < 2) | (inputs["n_c"] < 2)
        yi, vi = np.where(alone, np.nan, yi), np.where(alone, np.nan, vi)
    if name == "given":
        reason = np.where(np.isnan(yi), "no yi", "yi without vi, sei or confidence limits").astype(object)
        return FromBasis(yi, vi, np.full(inputs.rows, "given", dtype=object), reason, ~none)
    lost = ~(np.isfinite(yi) & np.isfinite(vi) & (vi > 0))
    words, reason = _basis_words(name, inputs), _arm_reasons(name, inputs, measure, lost, options)
    signed = yi * _sign(inputs) + 0.0  # no -0.0
    return FromBasis(signed, vi, words, reason, none)


def _nothing(inputs: Inputs) -> FromBasis:
    nan, empty = np.full(inputs.rows, np.nan), np.full(inputs.rows, "", dtype=object)
    return FromBasis(nan, nan, empty, empty, np.zeros(inputs.rows, dtype=bool))


def _sign(inputs: Inputs) -> Array:
    """-1 where a lower score or fewer events are better; NaN where the table should say and does not."""
    if not inputs.has("better"):
        return np.ones(inputs.rows)
    better = inputs.words("better")
    return np.select([better == "higher", better == "lower"], [1.0, -1.0], np.nan)


def _basis_words(name: str, inputs: Inputs) -> Words:
    if name == "means":
        return np.where(inputs.words("score") == "change", "change", "means").astype(object)
    if name in ("change", "raw change", "baseline"):
        word = "change in SDs before" if name == "baseline" else "pre-post"
        return np.array([f"{word}; r = {r:g}" for r in inputs["r"].tolist()], dtype=object)
    return np.full(inputs.rows, name, dtype=object)


def _arm_reasons(name: str, inputs: Inputs, measure: str, lost: Mask, options: Mapping[str, str]) -> Words:
    """Why arm data gave no effect (`lost`): "" where there are none or all is well, else what stands in the way."""
    complete = inputs.all_present(name)
    own = [role for role in BASES[name] if role not in ("n_t", "n_c", "n", "r")]
    begun = np.logical_or.reduce([~np.isnan(inputs[role]) for role in own])
    reason = np.full(inputs.rows, "", dtype=object)
    for role in BASES[name]:
        lacking = begun & np.isnan(inputs[role])
        if lacking.any():
            reason = np.where(lacking, reason + np.where(reason == "", "no ", ", ") + role, reason)
    reason = np.where(complete & lost, _without_value(name, inputs, measure, options), reason)
    undirected = complete & ~lost & np.isnan(_sign(inputs))
    return np.where(undirected, NO_DIRECTION, reason)


def _without_value(name: str, inputs: Inputs, measure: str, options: Mapping[str, str]) -> Words:
    """Why complete data of the arms have no effect."""
    reason = np.full(inputs.rows, f"{measure} has no value for these data", dtype=object)
    if name in ("means", "baseline"):
        one = (inputs["n_t"] < 2) | (inputs["n_c"] < 2)
        return np.where(one, "an arm of one person has no SD", reason)
    if name != "events":
        return reason
    counts = [inputs[f"event_{arm}"] for arm in "tc"] + [
        inputs[f"n_{arm}"] - inputs[f"event_{arm}"] for arm in "tc"
    ]
    alike = (counts[0] + counts[1] == 0) | (counts[2] + counts[3] == 0)
    if options["zero_cells"] == "none":
        empty = np.logical_or.reduce([count == 0 for count in counts])
        reason = np.where(empty, f"a count of 0 gives no {measure} without a correction", reason)
    both = f"nobody had the event in either arm, or everybody had it: no {measure} without a correction"
    return np.where(alike, both, reason)


def _from_medians(inputs: Inputs, measure: str, vtype: str) -> FromBasis:
    """As from means, each arm without a mean or an SD by its median."""
    arms: list[Array] = []
    taken_for: list[Words] = []
    begun = np.zeros(inputs.rows, dtype=bool)
    for arm in "tc":
        of = mean_and_sd(*(inputs[f"{role}_{arm}"] for role in ("median", "q1", "q3", "min", "max", "n")))
        mean, sd = inputs[f"mean_{arm}"], inputs[f"sd_{arm}"]
        missing = np.isnan(mean) | np.isnan(sd)
        arms += [np.where(missing, of.mean, mean), np.where(missing, of.sd, sd), inputs[f"n_{arm}"]]
        skewed = np.where(
            of.skewed, "skewed, so a " + of.family + " distribution was fitted", "taken as normal"
        )
        taken_for.append(np.where(missing, np.where(of.skewed, skewed, "taken as normal"), ""))
        begun |= ~np.isnan(inputs[f"median_{arm}"])
    formulas = {"SMD": hedges_g, "SMDH": smdh, "MD": mean_difference}
    yi, vi = hedges_g(*arms, vtype=vtype) if measure == "SMD" else formulas[measure](*arms)
    yi = np.where(begun, yi * _sign(inputs) + 0.0, np.nan)  # no -0.0
    words = [
        "medians; " + (a if a == c or not c else c if not a else f"arm 1 {a}, arm 2 {c}")
        for a, c in zip(*taken_for, strict=True)
    ]
    return FromBasis(
        yi,
        vi,
        np.array(words, dtype=object),
        _median_reasons(inputs, begun, yi),
        np.zeros(inputs.rows, dtype=bool),
    )


def _median_reasons(inputs: Inputs, begun: Mask, yi: Array) -> Words:
    reason = np.full(inputs.rows, "", dtype=object)
    for arm in "tc":
        at = {
            role: inputs[f"{role}_{arm}"] for role in ("mean", "sd", "median", "q1", "q3", "min", "max", "n")
        }
        open_ = begun & np.isnan(at["mean"] + at["sd"]) & (reason == "")
        spread = ~np.isnan(at["q3"] - at["q1"]) | ~np.isnan(at["max"] - at["min"])
        negative = np.fmin(np.fmin(at["min"], at["q1"]), at["median"]) < 0
        for lacks, words in (
            (np.isnan(at["median"]), f"no median_{arm}"),
            (np.isnan(at["n"]), f"no n_{arm}"),
            (
                ~spread,
                f"a median needs its quartiles or its range: no q1_{arm} and q3_{arm}, no min_{arm} and max_{arm}",
            ),
            (at["n"] < FEWEST, f"a median of fewer than {FEWEST} persons gives no mean and SD"),
            (np.isnan(yi) & negative, "skewed scores below 0 fit none of the distributions for medians"),
        ):
            reason = np.where(open_ & lacks & (reason == ""), words, reason)
    undirected = begun & np.isnan(_sign(inputs)) & (reason == "")
    reason = np.where(undirected, NO_DIRECTION, reason)
    return np.where(begun & np.isnan(yi) & (reason == ""), "medians have no value for these data", reason)


def _from_test(name: str, inputs: Inputs, vtype: str) -> FromBasis:
    """Effects from a t, an F or a p and the persons of both arms."""
    value, n_t, n_c = inputs[name], inputs["n_t"], inputs["n_c"]
    difference = inputs["mean_t"] - inputs["mean_c"]
    better = _sign(inputs) if inputs.has("better") else np.full(inputs.rows, np.nan)
    sign = sign_of(inputs.words("favours"), difference, better)
    bound = inputs.bound(name)
    usable = ~np.isin(bound.astype(str), tuple(NO_BOUND))
    yi, vi = effect_of_test(name, np.where(usable, value, np.nan), n_t, n_c, sign, vtype=vtype)
    printed = ~np.isnan(value)
    called = {"t": "t", "f": "F", "p": "p"}[name]
    words = np.full(inputs.rows, f"{called}; {UNADJUSTED}", dtype=object)
    for at in np.flatnonzero(bound == "<").tolist():
        words[at] = (
            f"p < {value[at]:g}; taken as p = {value[at]:g}, so the effect is at least this large; {UNADJUSTED}"
        )
    reason = np.select(
        [
            ~printed & (bound == ""),
            ~usable,
            np.isnan(n_t + n_c),
            np.isnan(sign) & np.full(inputs.rows, name != "t"),
        ],
        [
            np.full(inputs.rows, "", dtype=object),
            np.array([NO_BOUND.get(str(word), "") for word in bound], dtype=object),
            np.full(inputs.rows, f"{called} needs n_t and n_c to be turned into g", dtype=object),
            np.full(inputs.rows, f"{called} {NO_WAY}", dtype=object),
        ],
        default=np.where(np.isnan(yi), P_OF_0 if name == "p" else f"{called} = 0 gives no effect", ""),
    )
    return FromBasis(yi, vi, words, np.asarray(reason, dtype=object), np.zeros(inputs.rows, dtype=bool))


def _change(inputs: Inputs, arm: str) -> Array:
    """Mean change of an arm: as printed, else the mean after less the mean before."""
    mean = inputs[f"mean_{arm}"]
    return np.where(inputs.words("score") == "change", mean, mean - inputs[f"mean_pre_{arm}"])


def _of_baseline(inputs: Inputs, options: Mapping[str, str]) -> Effect:
    del options
    arms = [(_change(inputs, arm), inputs[f"sd_pre_{arm}"], inputs[f"n_{arm}"]) for arm in "tc"]
    return ppc2(*arms[0], *arms[1], inputs["r"])


def _arms(inputs: Inputs) -> list[Array]:
    return [inputs[role] for role in BASES["means"]]


def _events(inputs: Inputs) -> list[Array]:
    return [inputs[role] for role in BASES["events"]]


def _smd_of_events(inputs: Inputs, options: Mapping[str, str]) -> Effect:
    return log_or_to_smd(*log_odds_ratio(*_events(inputs), **_zero_rules(options)))


def _zero_rules(options: Mapping[str, str]) -> dict[str, str]:
    return {rule: options[rule] for rule in ("zero_cells", "double_zero")}


def _given(inputs: Inputs, options: Mapping[str, str]) -> Effect:
    del options
    from_ci = se_from_ci(inputs["ci_low"], inputs["ci_high"], as_fraction(inputs["ci_level"]))
    vi = inputs["vi"]
    for se in (inputs["sei"], from_ci):
        vi = np.where(np.isnan(vi), se**2, vi)
    return inputs["yi"], vi


FORMULAS: Mapping[tuple[str, str], Formula] = {
    ("means", "SMD"): lambda at, options: hedges_g(*_arms(at), vtype=options["vtype"]),
    ("means", "SMDH"): lambda at, options: smdh(*_arms(at)),
    ("means", "MD"): lambda at, options: mean_difference(*_arms(at)),
    ("means", "ROM"): lambda at, options: log_ratio_of_means(*_arms(at)),
    ("baseline", "PPC2"): _of_baseline,
    ("events", "SMD"): _smd_of_events,
    ("events", "OR"): lambda at, options: log_odds_ratio(*_events(at), **_zero_rules(options)),
    ("events", "RR"): lambda at, options: log_risk_ratio(*_events(at), **_zero_rules(options)),
    ("events", "RD"): lambda at, options: risk_difference(*_events(at), zero_cells=options["zero_cells"]),
    ("change", "SMCC"): lambda at, options: smcc(*(at[role] for role in BASES["change"])),
    ("change", "SMCRP"): lambda at, options: smcrp(*(at[role] for role in BASES["change"])),
    ("raw change", "SMCR"): lambda at, options: smcr(*(at[role] for role in BASES["raw change"])),
    ("given", "GEN"): _given,
}
