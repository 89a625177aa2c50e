"""An effect as a source printed it, brought to the scale and the variance of a measure.

Only what is sound: an SMD comes from g, d, t or an odds ratio, and every other measure only from itself.
A printed risk ratio, risk difference or mean difference says nothing of the SMD without the data of the arms.
Printed effects are taken as signed already: above 0 (a ratio: above 1) favours arm 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.effects.arrays import Array, Effect
from pdt_evidence.effects.convert import d_from_t, log_or_to_smd, se_from_ci, se_from_p
from pdt_evidence.effects.inputs import Inputs
from pdt_evidence.effects.smd import bias_correction, smd_variance

__all__ = ["P_OF_0", "Reported", "as_fraction", "reported_effects"]

# How sources write each metric: in lower case, without blanks, dots, apostrophes, underscores, hyphens.
SPELLINGS = {
    "g": ("g", "hedgesg", "smd"),
    "d": ("d", "cohend", "cohensd"),
    "t": ("t",),
    "MD": ("md", "wmd", "meandifference"),
    "ROM": ("rom",),
    "log ROM": ("logrom", "lnrom", "lnrr"),
    "OR": ("or", "oddsratio"),
    "log OR": ("logor", "lnor", "logoddsratio"),
    "RR": ("rr", "riskratio", "relativerisk"),
    "log RR": ("logrr",),
    "RD": ("rd", "riskdifference"),
    "HR": ("hr", "hazardratio"),
    "log HR": ("loghr", "lnhr"),
}
CANONICAL = {spelling: metric for metric, spellings in SPELLINGS.items() for spelling in spellings}
RATIOS = ("ROM", "OR", "RR", "HR")
USABLE = {
    "SMD": ("g", "d", "t", "OR", "log OR"),
    "MD": ("MD",),
    "ROM": ("ROM", "log ROM"),
    "OR": ("OR", "log OR"),
    "RR": ("RR", "log RR"),
    "RD": ("RD",),
    "HR": ("HR", "log HR"),
}


P_OF_0 = "a p printed as 0 is a bound, from which no error follows: write it as the source means it, such as < 0.001"


class Reported(NamedTuple):
    """Effects from printed ones; NaN with a reason where there is no sound way."""

    yi: Array
    vi: Array
    basis: NDArray[np.object_]  # "reported g", ...
    reason: NDArray[np.object_]  # "" where yi is a number, and where nothing was printed
    own_error: NDArray[
        np.bool_
    ]  # the variance is from a printed standard error or interval, not from persons


def reported_effects(inputs: Inputs, measure: str, vtype: str) -> Reported:
    """Effects on the scale of `measure` from the roles `reported*`, for all rows at once."""
    metric = _canonical(inputs.words("reported_metric"))
    printed = ~np.isnan(inputs["reported"])
    usable = np.isin(metric.astype(str), USABLE[measure]) & printed
    estimate, se = _on_log_scale(inputs, metric)
    bound = inputs.bound("reported_p")
    p = np.where(np.isin(bound.astype(str), (">", "ns")), np.nan, inputs["reported_p"])
    if measure == "SMD":
        yi, vi = _as_smd(inputs, metric, estimate, se, p, vtype)
    else:
        df = _t_df(metric, inputs["n_t"] + inputs["n_c"])
        from_p = se_from_p(estimate, p, df)
        yi, vi = estimate, _first([se, from_p]) ** 2
    found = usable & np.isfinite(yi) & np.isfinite(vi)
    basis = np.where(found, "reported " + metric, "").astype(object)
    bounded = found & (bound == "<") & np.isnan(se) & _of_p(inputs, measure)
    words = np.array([f"; p < {value:g} taken as p = {value:g}" for value in p.tolist()], dtype=object)
    basis = np.where(bounded, basis + words, basis)
    reason = _reasons(metric, measure, printed, usable, found, np.isfinite(yi))
    bound_of_0 = ~found & usable & np.isfinite(yi) & (inputs["reported_p"] == 0)
    reason = np.where(bound_of_0, P_OF_0, reason)
    return Reported(np.where(found, yi, np.nan), np.where(found, vi, np.nan), basis, reason, ~np.isnan(se))


def _of_p(inputs: Inputs, measure: str) -> NDArray[np.bool_]:
    """Where a printed p is what gives the variance, if there is no standard error: of an SMD persons come first."""
    return np.isnan(inputs["n_t"] + inputs["n_c"]) if measure == "SMD" else np.ones(inputs.rows, dtype=bool)


def as_fraction(level: Array) -> Array:
    """Confidence levels as fractions: 95 and 0.95 mean the same, NaN means 95."""
    level = np.where(np.isnan(level), 0.95, level)
    return np.where(level > 1, level / 100, level)


def _canonical(words: NDArray[np.object_]) -> NDArray[np.object_]:
    """The metric's usual name; an unknown word as it stands."""
    names = {word: CANONICAL.get(_plain(word), word) for word in set(words)}
    return np.array([names[word] for word in words], dtype=object).reshape(words.shape)


def _plain(word: str) -> str:
    return word.lower().translate(str.maketrans("", "", " .'’_-"))


def _on_log_scale(inputs: Inputs, metric: NDArray[np.object_]) -> tuple[Array, Array]:
    """Estimates and standard errors, ratios turned into logarithms.

    A standard error printed beside a ratio is not used, for it may be that of the ratio or of its log; the
    limits of the interval leave no doubt.
    """
    is_ratio = np.isin(metric.astype(str), RATIOS)
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate, low, high = (
            np.where(is_ratio, np.log(inputs[role]), inputs[role])
            for role in ("reported", "reported_ci_low", "reported_ci_high")
        )
    se = np.where(is_ratio, np.nan, inputs["reported_se"])
    from_ci = se_from_ci(low, high, as_fraction(inputs["reported_ci_level"]))
    return estimate, _first([se, np.where(from_ci > 0, from_ci, np.nan)])


def _as_smd(
    inputs: Inputs, metric: NDArray[np.object_], estimate: Array, se: Array, p: Array, vtype: str
) -> Effect:
    """SMDs from g, d and t (SE first, then interval, then arm sizes, then p) and from odds ratios.

    Where only the total of both arms is known it gives the correction of d, but no variance.
    """
    n_t, n_c = inputs["n_t"], inputs["n_c"]
    is_t, is_log_or = metric == "t", np.isin(metric.astype(str), ("OR", "log OR"))
    correct = np.where(metric == "g", 1.0, bias_correction(_first([n_t + n_c, inputs["n_total"]]) - 2))
    g = correct * np.where(is_t, d_from_t(estimate, n_t, n_c), estimate)
    p_of_means = np.where((metric == "g") | ~np.isnan(n_t + n_c), p, np.nan)
    vi = _first([np.where(is_t, np.nan, (correct * se) ** 2), smd_variance(g, n_t, n_c, vtype=vtype)])
    p_left = np.where(np.isnan(vi), p_of_means, np.nan)
    vi = _first([vi, se_from_p(g, p_left, _t_df(metric, n_t + n_c)) ** 2])
    log_or_vi = _first([se**2, se_from_p(estimate, p) ** 2])
    or_yi, or_vi = log_or_to_smd(estimate, log_or_vi)
    return np.where(is_log_or, or_yi, g), np.where(is_log_or, or_vi, vi)


def _first(candidates: list[Array]) -> Array:
    """Element by element the first candidate that is not NaN."""
    chosen = candidates[0]
    for candidate in candidates[1:]:
        chosen = np.where(np.isnan(chosen), candidate, chosen)
    return chosen


def _t_df(metric: NDArray[np.object_], n: Array) -> Array:
    """Degrees of freedom of the test behind a p: Student's for means of known sizes, else infinite."""
    of_means = np.isin(metric.astype(str), ("g", "d", "MD"))
    return np.where(of_means & ~np.isnan(n), n - 2, np.inf)


def _reasons(
    metric: NDArray[np.object_],
    measure: str,
    printed: NDArray[np.bool_],
    usable: NDArray[np.bool_],
    found: NDArray[np.bool_],
    has_estimate: NDArray[np.bool_],
) -> NDArray[np.object_]:
    of_means = np.isin(metric.astype(str), ("g", "d", "t"))
    named = np.where(metric == "", "effect of no named metric", metric)
    reason = np.select(
        [found | ~printed, ~usable, ~has_estimate & of_means, ~has_estimate, of_means],
        [
            np.full(len(metric), "", dtype=object),
            "a reported " + named + f" cannot be turned into {measure} without the data of the arms",
            "a reported " + named + " needs n_t and n_c to be turned into g",
            "the reported " + named + " is no number on the log scale",
            "the reported " + named + " comes without standard error, confidence limits or arm sizes",
        ],
        default="the reported " + named + " comes without standard error, confidence limits or p",
    )
    return np.asarray(reason, dtype=object)
