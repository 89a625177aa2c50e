"""How much of each review is held here, and how much is not: said before anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pdt_evidence.errors import known_options
from pdt_evidence.evidence.package import load
from pdt_evidence.evidence.tables import members

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["coverage"]

CITED = ("abbass2014", "leichsenring2004", "shedler2010")  # the article's three reviews come first


@known_options
def coverage() -> pd.DataFrame:
    """Count, review by review, what is held and what is missing.

    Returns
    -------
    DataFrame
        One row a review: `trials_included` as the review states it (NaN where not seen), of these
        `seen` as members, only `believed` to be, `conflict` (sources disagree; counted in neither),
        and `unidentified`, if all believed ones are right; `with_effects`, the members of which
        effects are held, in `effect_rows`
        rows; `estimates_held` of the review's own pooled results, and `cells_wanted`, the numbers
        known to exist and not held.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.coverage().set_index("review_id").loc["abbass2014", ["trials_included", "seen"]].astype(int).tolist()
    [33, 9]
    """
    import pandas as pd

    listed, printed, wanted = load("members"), load("reviews"), load("wanted")
    ids = _in_order({*listed["review_id"], *printed["review_id"], *wanted["review_id"]} - {""})
    table = pd.DataFrame([{"review_id": review_id, **_membership(review_id)} for review_id in ids])
    table.insert(1, "trials_included", table["review_id"].map(_trials_included()))
    unidentified = table["trials_included"] - table["seen"] - table["believed"]
    table.insert(5, "unidentified", unidentified.where(table["seen"] + table["believed"] > 0))
    table["estimates_held"] = _count(
        table["review_id"], printed.loc[printed["estimate"].notna(), "review_id"]
    )
    cells = wanted.groupby("review_id")["cells"].sum()
    table["cells_wanted"] = table["review_id"].map(cells).fillna(0).astype(int)
    return table


def _in_order(review_ids: set[str]) -> list[str]:
    return [*(review for review in CITED if review in review_ids), *sorted(review_ids - set(CITED))]


def _membership(review_id: str) -> dict[str, int]:
    if review_id not in set(load("members")["review_id"]):
        return dict.fromkeys(("seen", "believed", "conflict", "with_effects", "effect_rows"), 0)
    table = members(review_id)
    kinds = table["membership"].value_counts()
    counted = table[table["membership"] != "conflict"]
    return {
        **{kind: int(kinds.get(kind, 0)) for kind in ("seen", "believed", "conflict")},
        "with_effects": int((counted["effect_rows"] > 0).sum()),
        "effect_rows": int(counted["effect_rows"].sum()),
    }


def _trials_included() -> pd.Series:
    """Number of trials a review says it includes, by review."""
    return load("sources").set_index("source_id")["trials_included"]


def _count(ids: pd.Series, available: pd.Series) -> pd.Series:
    return ids.map(available.value_counts()).fillna(0).astype(int)
