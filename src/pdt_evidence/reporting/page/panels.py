"""What stands behind one effect: its arms, the formula with their numbers in it, how far it was verified."""

from __future__ import annotations

import math
from typing import Any

from pdt_evidence.effects.smd import bias_correction, pooled_sd
from pdt_evidence.formatting import PAGE, counted
from pdt_evidence.verdicts.words import true_minus

__all__ = ["VERIFIED", "panel", "remark", "verified"]

VERIFIED = {
    "primary": "seen in the paper or its abstract",
    "database": "as a named open database extracted it",
    "secondary": "as another page quotes it",
    "derived": "computed from printed numbers",
}
IN_SHORT = {
    "primary": "in the paper",
    "database": "in a database",
    "secondary": "as quoted",
    "derived": "computed",
}
WHEN = {"post": "post-treatment"}  # where a source has no word for it
REMARKS = {"ok": "", "mislabelled": "labelled wrongly in its source", "conflict": "sources disagree"}
AGREE = 5e-7  # the numbers written out give the effect to six decimals, or are not written out


def remark(row: dict[str, Any]) -> str:
    """Why a row is not simply pooled, in a word or two; "" for one that is."""
    status = REMARKS.get(row["status"], row["status"])
    return status or ("" if row["preferred"] else "second choice")


def verified(word: str) -> str:
    """How far an effect was verified, in a word or two."""
    return IN_SHORT.get(word, word)


def panel(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and texts of one row's panel, those that have something to say."""
    measured = ", ".join(
        filter(None, (row["instrument"], _rated(row), WHEN.get(row["time_label"], row["time_label"])))
    )
    lines = [
        ("Measured by", measured or row["outcome_label"]),
        (row["arm_t_label"] or "Treated", _arm(row, "t")),
        (row["arm_c_label"] or "Compared", _arm(row, "c")),
        ("Printed", _printed(row)),
        ("Effect", _formula(row)),
        ("Verified", VERIFIED.get(row["verification"], row["verification"])),
        ("Status", ": ".join(filter(None, (remark(row), row["status_reason"] or row["preferred_why"])))),
        ("Note", row["note"]),
        ("Trial", row["reference"]),
    ]
    return [(name, true_minus(text)) for name, text in lines if text]


def _rated(row: dict[str, Any]) -> str:
    return f"rated by {row['rating']}" if row["rating"] in ("clinician", "self") else ""


def _arm(row: dict[str, Any], arm: str) -> str:
    """n, mean, SD and events of an arm as far as they are available."""
    n, mean, sd, event = (row[f"{what}_{arm}"] for what in ("n", "mean", "sd", "event"))
    parts = []
    if not math.isnan(mean):
        parts.append(f"mean {mean:g}" + ("" if math.isnan(sd) else f", SD {sd:g}"))
    if not math.isnan(event):
        what = f" ({row['event_label']})" if row["event_label"] else ""
        parts.append(f"{event:g} with the event{what}")
    parts += [] if math.isnan(n) else [f"n = {n:g}"]
    return "; ".join(parts)


def _printed(row: dict[str, Any]) -> str:
    if math.isnan(row["reported"]):
        return ""
    sign = ", sign reversed" if row["flipped"] else ""
    se = "" if math.isnan(row["reported_se"]) else f", SE {row['reported_se']:.4g}"
    low, high = row["reported_ci_low"], row["reported_ci_high"]
    ci = "" if math.isnan(low) else f", interval {low:g} to {high:g}"
    p = "" if math.isnan(row["reported_p"]) else f", p = {row['reported_p']:g}"
    return f"{row['reported_metric']} = {row['reported']:.4g}{se}{ci}{p}{sign}"


def _formula(row: dict[str, Any]) -> str:
    """The effect as it follows from the numbers of the row, written out where that gives the very effect."""
    if math.isnan(row["yi"]):
        return row["yi_reason"]
    written = ""
    if row["yi_basis"] in ("means", "change"):
        written = _of_means(row)
    elif row["yi_basis"] == "events":
        written = _of_events(row)
    elif row["yi_basis"].startswith("reported"):
        written = f"from the printed {row['yi_basis'].removeprefix('reported ')}, "
    variance = "" if math.isnan(row["vi"]) else f", standard error {math.sqrt(row['vi']):.3f}"
    return f"{written}g = {PAGE.number(row['yi'], 3)}{variance}"


def _of_means(row: dict[str, Any]) -> str:
    n_t, n_c, df = row["n_t"], row["n_c"], row["n_t"] + row["n_c"] - 2
    sd = float(pooled_sd(row["sd_t"], n_t, row["sd_c"], n_c))
    factor = float(bias_correction(df))
    first, second = (row["mean_t"], row["mean_c"])
    if row["better"] == "lower":
        first, second = second, first
    if not abs(factor * (first - second) / sd - row["yi"]) < AGREE:
        return ""
    kind = "changes" if row["yi_basis"] == "change" else "means"
    return (
        f"J × difference of {kind} / pooled SD = {factor:.4f} × ({first:g} − {_minus(second)}) / {sd:.4g}, "
        f"J for {counted(df, 'degree of freedom')}, pooled SD = √[({n_t - 1:g} × {row['sd_t']:g}² + {n_c - 1:g} × "
        f"{row['sd_c']:g}²) / {df:g}]: "
    )


def _of_events(row: dict[str, Any]) -> str:
    a, c = row["event_t"], row["event_c"]
    b, d = row["n_t"] - a, row["n_c"] - c
    sign = -1.0 if row["better"] == "lower" else 1.0
    add = 0.0 if min(a, b, c, d) > 0 else 0.5
    log_or = sign * math.log((a + add) * (d + add) / ((b + add) * (c + add)))
    if not abs(log_or * math.sqrt(3) / math.pi - row["yi"]) < AGREE:
        return ""
    plus = " (0.5 added to each, as one is 0)" if add else ""
    turned = "minus " if sign < 0 else ""
    return f"{turned}log odds ratio × √3/π = {turned and '−'}ln[({a:g} × {d:g}) / ({b:g} × {c:g})]{plus} × 0.5513: "


def _minus(value: float) -> str:
    return f"({value:g})" if value < 0 else f"{value:g}"
