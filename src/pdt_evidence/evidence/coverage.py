"""How much of each review is held here, and how much is not: said before anything else."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import known_options
from pdt_evidence.evidence.package import load
from pdt_evidence.evidence.tables import NOT_SYMPTOMS, members
from pdt_evidence.formatting import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LATE", "coverage", "late_said", "undated_said"]

LATE = 6  # months after the end of treatment
CITED = ("abbass2014", "leichsenring2004", "shedler2010")  # the article's three reviews come first


@known_options
def coverage() -> pd.DataFrame:
    """Count, review by review, what is held and what is missing.

    Returns
    -------
    DataFrame
        One row a review: `trials_included` as the review states it (NaN where not seen), of these
        `seen` as members, only `believed` to be, `conflict` (sources disagree; counted in neither),
        and `unidentified`: not seen, the believed ones among them; `with_effects`, the members (seen or
        believed) of which effects are held, in `effect_rows` rows, `undated_rows` of these without months
        since the end of treatment; `with_usable_effect`, the members with an effect of the right kind: an undisputed
        row that can give a standardised difference of a symptom, in a comparison that the review makes (`compares` in
        `sources`); `estimates_held` of the review's own pooled results, and `cells_wanted`, the
        numbers known to exist and not held; `would_need`, what would close each hole that is open.
        `attrs` has `rows` and `undated_rows`, the counts over all trials held, `late_head_to_head_trials`: trials
        with an effect against CBT that can be pooled from a visit more than 6 months after the end; and
        `says`, these in a sentence.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.coverage().set_index("review_id").loc["abbass2014", ["trials_included", "seen"]].astype(int).tolist()
    [33, 9]
    """
    import pandas as pd

    listed, printed, wanted = load("members"), load("reviews"), load("wanted")
    ids = _in_order({*listed["review_id"], *printed["review_id"], *wanted["review_id"]} - {""})
    trials = load("trials")
    usable = trials[_usable(trials)]
    table = pd.DataFrame([{"review_id": one, **_membership(one, listed, trials, usable)} for one in ids])
    table.insert(1, "trials_included", table["review_id"].map(_trials_included()))
    unidentified = table["trials_included"] - table["seen"]
    table.insert(5, "unidentified", unidentified.where(table["seen"] + table["believed"] > 0))
    table["estimates_held"] = _count(
        table["review_id"], printed.loc[printed["estimate"].notna(), "review_id"]
    )
    cells = wanted.groupby("review_id")["cells"].sum()
    table["cells_wanted"] = table["review_id"].map(cells).fillna(0).astype(int)
    table["would_need"] = [_would_need(row) for row in table.to_dict("records")]
    late = usable[usable["comparison"].eq("pdt_vs_cbt") & (usable["months_since_end"] > LATE)]
    table.attrs = {
        "rows": len(trials),
        "undated_rows": int(trials["months_since_end"].isna().sum()),
        "late_head_to_head_trials": int(late["trial_id"].nunique()),
    }
    rows, undated, late_trials = table.attrs.values()
    table.attrs["says"] = f"{undated_said(rows, undated)} {late_said(late_trials)}"
    return table


def undated_said(rows: int, undated: int) -> str:
    """How many rows of trials stand in no window."""
    return f"{undated} of {counted(rows, 'row')} of trials have no known time since the end of treatment."


def late_said(late: int) -> str:
    """How many trials compare with CBT late after the end."""
    return (
        f"{late or 'No'} {'trial' if late < 2 else 'trials'} against CBT can be pooled at a follow-up beyond "
        f"{LATE} months after the end."
    )


def _in_order(review_ids: set[str]) -> list[str]:
    return [*(review for review in CITED if review in review_ids), *sorted(review_ids - set(CITED))]


def _membership(
    review_id: str, listed: pd.DataFrame, trials: pd.DataFrame, usable: pd.DataFrame
) -> dict[str, int]:
    if not listed["review_id"].eq(review_id).any():
        names = (
            "seen",
            "believed",
            "conflict",
            "with_effects",
            "with_usable_effect",
            "effect_rows",
            "undated_rows",
        )
        return dict.fromkeys(names, 0)
    table = members(review_id)
    right = usable[_compared(usable, review_id)]
    kinds = table["membership"].value_counts()
    counted = table[table["membership"] != "conflict"]
    return {
        **{kind: int(kinds.get(kind, 0)) for kind in ("seen", "believed", "conflict")},
        "with_effects": int((counted["effect_rows"] > 0).sum()),
        "with_usable_effect": int(counted["trial_id"].isin(right["trial_id"]).sum()),
        "effect_rows": int(counted["effect_rows"].sum()),
        "undated_rows": int(
            (trials["trial_id"].isin(counted["trial_id"]) & trials["months_since_end"].isna()).sum()
        ),
    }


def _usable(trials: pd.DataFrame) -> pd.Series:
    """Undisputed first choices that can give a standardised difference: arm data, or an effect with its precision."""
    arms = trials["score"].isin(["endpoint", "change", "events"])
    sizes = trials[["n_t", "n_c"]].notna().all(axis=1)
    limits = trials[["reported_ci_low", "reported_ci_high"]].notna().all(axis=1)
    in_sds = trials["reported_metric"].isin(["g", "d", "SMD"]) & (
        sizes | limits | trials["reported_se"].notna()
    )
    symptom = ~trials["outcome"].isin(NOT_SYMPTOMS)
    effect = arms | in_sds | (trials["reported_metric"].eq("OR") & limits)
    return symptom & effect & trials["status"].eq("ok") & trials["preferred"]


def _compared(trials: pd.DataFrame, review_id: str) -> pd.Series:
    """Rows of the comparisons that a review says it makes; all of them where that was not seen."""
    sources = load("sources").set_index("source_id")["compares"]
    words = sources.get(review_id, "")
    return trials["comparison"].isin(words.split(";")) if words else trials["comparison"].notna()


def _would_need(row: dict[Hashable, Any]) -> str:
    """What each hole of a review needs, in words; "" where nothing is known to be open."""
    unnamed = row["unidentified"] - row["believed"]
    known = row["seen"] + row["believed"]
    needs = [
        (row["believed"], "believed members: the review's list of trials"),
        (0 if unnamed != unnamed else int(max(unnamed, 0)), "members without a name: the same list"),
        (row["conflict"], "members on which sources disagree: the same list"),
        (
            known - row["with_usable_effect"],
            "known members: means, SDs and sizes of the arms, or counts, of a symptom",
        ),
        (row["cells_wanted"], "printed numbers: the places in wanted.csv"),
    ]
    return "; ".join(f"{count} {what}" for count, what in needs if count > 0)


def _trials_included() -> pd.Series:
    """Number of trials a review says it includes, by review."""
    return load("sources").set_index("source_id")["trials_included"]


def _count(ids: pd.Series, available: pd.Series) -> pd.Series:
    return ids.map(available.value_counts()).fillna(0).astype(int)
