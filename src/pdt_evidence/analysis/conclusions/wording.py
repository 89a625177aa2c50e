"""What follows from numbers, in sentences that say no more than the numbers do."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pdt_evidence.analysis.regression.clustered import FEWEST_DF
from pdt_evidence.formatting import TEXT, counted

__all__ = ["about_follow_up", "rising_changes"]

NAMES = {"pdt_vs_control": "PDT against control", "pdt_vs_cbt": "PDT against CBT"}
AFTER = ("short", "medium", "long")
RANGE_END = r" \((?:lowest|highest) of range\)$"


def about_follow_up(
    pools: pd.DataFrame, trend: pd.DataFrame, changes: pd.DataFrame, rho_time: float, published: pd.DataFrame
) -> tuple[str, ...]:
    """What can and cannot be concluded about the time after therapy."""
    texts = []
    for comparison in dict.fromkeys(map(str, pools["comparison"])):
        name = NAMES.get(comparison, comparison.replace("_", " "))
        own = pools[pools["comparison"].eq(comparison)].set_index("follow_up")
        texts.append(_windows(name, own))
        texts.append(_trend(name, trend[trend["comparison"].eq(comparison)].iloc[0]))
        texts.append(_change(name, changes[changes["comparison"].eq(comparison)], rho_time))
    texts.append(_published(published))
    return tuple(texts)


def _windows(name: str, own: pd.DataFrame) -> str:
    by_window: dict[str, Any] = {str(window): row for window, row in own.iterrows()}
    post, after = int(by_window["post"]["trials"]), {word: int(by_window[word]["trials"]) for word in AFTER}
    shown = ", ".join(f"{count} in the {window} window" for window, count in after.items() if count)
    unknown = int(by_window["unknown"]["trials"])
    text = f"{name}: {counted(post, 'trial')} at the end of treatment; after it {shown or 'none at a known time'}"
    text += f"; {unknown} at a time that no source states." if unknown else "."
    for window, count in after.items():
        if count:
            row = by_window[window]
            result = TEXT.estimate(row["estimate"], (row["ci_low"], row["ci_high"]))
            settled = row["ci_low"] > 0 or row["ci_high"] < 0
            verdict = "excludes 0" if settled else "does not exclude 0"
            text += f" {window.capitalize()}: {result}, which {verdict}."
    return text


def _trend(name: str, row: pd.Series) -> str:
    if not row["fitted"]:
        return f"{name}: no trend over months can be estimated ({row['reason']})."
    result = TEXT.estimate(row["estimate"], (row["ci_low"], row["ci_high"]))
    text = (
        f"{name}: slope on log(1 + months) {result}, resting on {row['trials_after']} of "
        f"{counted(row['trials'], 'trial')}"
    )
    if pd.isna(row["df"]):
        return f"{text}; no degrees of freedom are left, so that no test can be made."
    text += f" ({counted(row['df'], 'degree of freedom', decimals=1)})."
    if row["df"] < FEWEST_DF:
        return f"{text} That is too little to tell growth from loss."
    if row["ci_low"] > 0 or row["ci_high"] < 0:
        word = "grow" if row["estimate"] > 0 else "shrink"
        return (
            f"{text} Effects {word} with time between trials; trials measured late may differ in other ways."
        )
    return f"{text} Neither growth nor loss is shown."


def _change(name: str, changes: pd.DataFrame, rho_time: float) -> str:
    if changes.empty:
        return f"{name}: no trial is held with one measure both at the end and later."
    row = changes[changes["rho_time"].eq(rho_time)].iloc[0]
    result = TEXT.estimate(row["estimate"], (row["ci_low"], row["ci_high"]))
    count = int(row["trials"])
    text = (
        f"{name}: change from the end to follow-up within {counted(count, 'trial')} {result} "
        f"(a correlation of {rho_time:g} between visits is assumed)."
    )
    if row["ci_low"] > 0:
        text += " The advantage grew."
    elif row["ci_high"] < 0:
        text += " The advantage shrank."
    else:
        text += " Neither growth nor loss is shown, and neither is ruled out."
    if _sign(changes).nunique() > 1:
        other = ", ".join(f"{rho:g}" for rho in changes.loc[_sign(changes) != _sign(row), "rho_time"])
        text += f" With a correlation of {other} it would come out otherwise."
    return text


def _sign(changes: pd.DataFrame | pd.Series) -> pd.Series:
    """1 where the interval lies above 0, -1 below, 0 where it holds 0."""
    return (changes["ci_low"] > 0) * 1 - (changes["ci_high"] < 0) * 1


def rising_changes(published: pd.DataFrame) -> tuple[int, int]:
    """How many published changes are upward, and how many there are; both ends of one range are one figure."""
    figure = published["outcome"].str.replace(RANGE_END, "", regex=True)
    lowest = published.groupby(["review_id", "group", figure], sort=False)["change"].min()
    return int((lowest > 0).sum()), len(lowest)


def _published(published: pd.DataFrame) -> str:
    rising, figures = rising_changes(published)
    picked, _ = rising_changes(published[published["outcome"].str.contains("further improvement")])
    among = f", {picked} of them printed only for outcomes that improved" if picked else ""
    return (
        f"Published changes of the treated group alone: {rising} of {figures} (a printed range counts once{among}) are "
        "larger at the later visit. Without a control group these cannot be told from natural recovery, further "
        "treatment, or the loss of patients who did less well, so they do not show that therapy set going a process of "
        "its own."
    )
