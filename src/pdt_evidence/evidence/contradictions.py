"""Rows whose own numbers contradict each other: an effect against its interval, a variance against its error.

Both the readers and `lint` look for them: the first warn of each, the second lists them with what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdt_evidence.errors import warn
from pdt_evidence.evidence.p_values import read_p
from pdt_evidence.evidence.tables import set_aside

__all__ = ["contradictions", "tell_contradictions"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Found = Iterator[tuple[int, tuple[str, str, str]]]  # position; column, what is odd, how to fix it

OFF_MIDDLE = 0.3  # of half the interval: exact and profile intervals are lopsided, but by less
APART = 0.05  # relative, between a standard error and the root of its variance
WIDTHS = (0.6, 1.7)  # an interval to that of its error: t of few studies and 99 % are within
LEAST_LEVEL = 80  # percent; narrower intervals are not compared with their error
FEWEST_RATIOS = 3  # effects that all look like ratios
MOST_TOLD = 5  # contradictions that a warning names
Z_95 = 1.959963984540054  # standard normal quantile at 0.975
RATIOS = ("OR", "RR", "HR", "ROM", "IRR")
TRIPLES = (("reported", "reported_ci_low", "reported_ci_high"), ("yi", "ci_low", "ci_high"))
P_SLACK = 0.5  # between the z of an effect and that of its p, beside those widths: tests differ in that much
PRINTED_P = (  # effect, its limits and level, its error, its p
    ("reported", ("reported_ci_low", "reported_ci_high", "reported_ci_level"), "reported_se", "reported_p"),
    ("yi", ("ci_low", "ci_high", "ci_level"), "sei or vi", "p"),
)
P_FIX = "Check which of them the paper prints of this contrast, and on which scale the limits are."
FIX = "Check all three against the paper, and whether they are on one scale."


def contradictions(table: pd.DataFrame) -> Found:
    """Each row whose numbers cannot all be right, by its position."""
    yield from _intervals(table)
    yield from _ratios(table)
    yield from _errors(table)
    yield from _p_values(table)


def _number(table: pd.DataFrame, name: str) -> Floats:
    if name not in table:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _metric(table: pd.DataFrame) -> NDArray[np.object_]:
    if "reported_metric" not in table:
        return np.full(len(table), "", dtype=object)
    metric = table["reported_metric"].astype(object)
    return metric.where(metric.notna(), "").astype(str).str.upper().to_numpy()


def _at(mask: Mask) -> Sequence[int]:
    return np.flatnonzero(mask).tolist()


def _intervals(table: pd.DataFrame) -> Found:
    """Effects outside of their own interval, or far off its middle."""
    metric = _metric(table)
    for name, *limits in TRIPLES:
        value, low, high = (_number(table, column) for column in (name, *limits))
        complete = np.isfinite(value) & np.isfinite(low) & np.isfinite(high)
        outside = complete & ((value < low) | (value > high))
        for at in _at(outside):
            what = f"{value[at]:g} lies outside of its interval {low[at]:g} to {high[at]:g}."
            yield at, (name, what, "Check the sign of all three, and whether they are on one scale.")
        ratio = np.isin(metric, RATIOS) & (name == "reported")
        unknown = (metric == "") & (name == "reported")
        plain, logs = _far_off(value, low, high), _far_off(value, low, high, log=True)
        off = np.where(ratio, logs, np.where(unknown, plain & (logs | (low <= 0)), plain))
        for at in _at(complete & ~outside & off):
            scale = " (of the logarithms)" if ratio[at] else ""
            what = f"{value[at]:g} is far off the middle of its interval {low[at]:g} to {high[at]:g}{scale}."
            yield at, (name, what, FIX)


def _ratios(table: pd.DataFrame) -> Found:
    """Effects that are in the middle of their intervals as logarithms only, all of them: ratios where yi is meant."""
    value, low, high = (_number(table, column) for column in TRIPLES[1])
    complete = np.flatnonzero(np.isfinite(value) & (low > 0) & (high > low) & (value > low) & (value < high))
    if len(complete) < FEWEST_RATIOS or len(complete) < np.isfinite(value).sum():
        return
    y, a, b = value[complete], low[complete], high[complete]
    plain = np.abs(2 * y - a - b) / (b - a)
    logs = np.abs(2 * np.log(y) - np.log(a) - np.log(b)) / np.log(b / a)
    if np.median(logs) < 0.05 and np.median(plain) > 2 * np.median(logs) + 0.05 and (y < (a + b) / 2).all():
        for at in complete.tolist():
            what = f"{value[at]:g} is the middle of {low[at]:g} to {high[at]:g} as logarithms only, as a ratio is."
            yield (
                at,
                (
                    "yi",
                    what,
                    "yi of a ratio is its logarithm: give it so, or as reported with its metric (OR, RR, HR).",
                ),
            )


def _far_off(value: Floats, low: Floats, high: Floats, *, log: bool = False) -> Mask:
    """Whether a value is further from the middle than lopsided intervals and rounding explain."""
    rounding = _unit(value, low, high)  # half a unit of the value and half of the middle of its limits
    with np.errstate(invalid="ignore", divide="ignore"):
        if log:
            rounding = rounding / low
            value, low, high = np.log(value), np.log(low), np.log(high)
        return np.abs(value - (low + high) / 2) > OFF_MIDDLE * (high - low) / 2 + rounding


def _unit(*numbers: Floats) -> Floats:
    """One unit of the last digit of the most exact of some numbers."""
    together = np.column_stack(numbers)
    unit = np.full(len(together), 1e-6)
    for digits in range(5, -1, -1):
        fits = (np.abs(np.round(together, digits) - together) < 1e-9 * (1 + np.abs(together))).all(axis=1)
        unit = np.where(fits, 10.0**-digits, unit)
    return unit


def _errors(table: pd.DataFrame) -> Found:
    """A variance that is not the square of the standard error, and intervals that are of neither."""
    vi, sei = _number(table, "vi"), _number(table, "sei")
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(vi)
        rounding = _unit(sei) / 2 + _unit(vi) / 4 / root
        apart = np.abs(root - sei) > APART * sei + rounding
    for at in _at(apart):
        what = f"{vi[at]:g} is not the square of sei, {sei[at]:g} (which is {sei[at] ** 2:.3g})."
        yield at, ("vi", what, "vi is the variance: correct the one that is wrong, or leave it out.")
    errors = _standard_errors(table)
    limits = (("ci_low", "ci_high", "ci_level"), ("reported_ci_low", "reported_ci_high", "reported_ci_level"))
    for (words, error), (low, high, level) in zip(errors.items(), limits, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            width = (_number(table, high) - _number(table, low)) / (2 * Z_95 * error)
            usual = ~(_number(table, level) < LEAST_LEVEL)
            wrong = usual & ((width < WIDTHS[0]) | (width > WIDTHS[1]))
        for at in _at(wrong & ~apart):
            what = f"the interval is {width[at]:.2g} times as wide as {words} makes it."
            yield at, (low, what, "Check whether the error is an SD or a variance, and the limits.")


def _standard_errors(table: pd.DataFrame) -> dict[str, Floats]:
    """The columns of an error, in words, and the standard errors they give."""
    vi, sei = _number(table, "vi"), _number(table, "sei")
    with np.errstate(invalid="ignore"):
        given = np.where(np.isnan(sei), np.sqrt(vi), sei)
    ratio = np.isin(_metric(table), RATIOS)  # their interval is on another scale than their error
    return {"sei or vi": given, "reported_se": np.where(ratio, np.nan, _number(table, "reported_se"))}


def _p_values(table: pd.DataFrame) -> Found:
    """A p that is far from that of its effect and interval, or standard error."""
    from scipy.special import ndtr, ndtri

    metric, errors = _metric(table), _standard_errors(table)
    for name, limits, error, p_name in PRINTED_P:
        if p_name not in table or name not in table:
            continue
        logs = np.isin(metric, RATIOS) & (name == "reported")
        value, (low, high, level) = _number(table, name), (_number(table, column) for column in limits)
        with np.errstate(invalid="ignore", divide="ignore"):
            level = np.where(np.isnan(level), 95, level)
            width = 2 * ndtri((1 + np.where(level > 1, level / 100, level)) / 2)
            value, low, high = (np.where(logs, np.log(number), number) for number in (value, low, high))
            se = errors[error]
            z = np.abs(value) / np.where(np.isnan(se), (high - low) / width, se)
            p, bound, _ = read_p(table[p_name])
            p = np.where(bound == "ns", 0.05, p)
            of_p = ndtri(1 - p / 2)
            more = (z > np.maximum(WIDTHS[1] * of_p, of_p + P_SLACK)) & (bound != "<")
            less = (z < np.minimum(WIDTHS[0] * of_p, of_p - P_SLACK)) & ~np.isin(bound, (">", "ns"))
        known = np.isfinite(z) & (p > 0) & (p <= 1) & ((metric != "") | (name != "reported"))
        for at in _at(known & (more | less)):
            what = f"{table[p_name].iloc[at]} is printed; {name} and its error give {2 * ndtr(-z[at]):.2g}."
            yield at, (p_name, what, P_FIX)


def tell_contradictions(table: pd.DataFrame, lines: Sequence[int], part: str, where: str) -> None:
    """Warn of rows whose numbers cannot all be right; they are read as they stand."""
    used = (set_aside(table) == "").to_numpy()
    found = [
        f"{part} {lines[at]}, {column}: {what}" for at, (column, what, _) in contradictions(table) if used[at]
    ]
    if found:
        count = "1 contradiction" if len(found) == 1 else f"{len(found)} contradictions"
        more = f" And {len(found) - MOST_TOLD} more." if len(found) > MOST_TOLD else ""
        warn(
            f"{where}: {count} within rows, which are read as they stand. "
            f"{' '.join(found[:MOST_TOLD])}{more} `pdt-evidence check` lists all, with what to do."
        )
