"""The evidence as a user asks for it: filtered tables, and how much of each review they cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import RequestError, did_you_mean, known_options
from pdt_evidence.evidence.package import load
from pdt_evidence.evidence.schema import TRUTH
from pdt_evidence.evidence.windows import WINDOW_EDGES, WINDOWS, follow_up_window
from pdt_evidence.other_names import as_written

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "NOT_SYMPTOMS",
    "claims",
    "members",
    "reviews",
    "select_trials",
    "set_aside",
    "sources",
    "statements",
]

NOT_SYMPTOMS = ("dropout", "service_use")  # outcomes that are not what "helps" means

VOCABULARY = {"follow_up": set(WINDOWS)}  # words that are right even where no row has them
Wanted = str | Sequence[str] | None


def select_trials(
    *,
    comparison: Wanted = None,
    disorder: Wanted = None,
    outcome: Wanted = None,
    follow_up: Wanted = None,
    source: Wanted = None,
    review: Wanted = None,
    disputed: bool = False,
    preferred: bool = True,
    edges: Sequence[float] = WINDOW_EDGES,
    table: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Trial-level contrasts as reported, before any effect size is computed, or of a `table` of them; see `trials`."""
    table = load("trials") if table is None else table
    window = follow_up_window(table["months_since_end"], edges)
    filters = {
        "comparison": comparison,
        "disorder": disorder,
        "outcome": outcome,
        "follow_up": follow_up,
        "source_id": source,
    }
    wanted = _matching(table.assign(follow_up=window), filters)
    if review is not None:
        listed = _select(load("members"), {"review_id": review})
        wanted &= table["trial_id"].isin(listed.loc[listed["membership"] != "conflict", "trial_id"])
    wanted &= table["status"] != "retracted" if disputed else table["status"] == "ok"
    if preferred:
        wanted &= table["preferred"]
    table = table[wanted].reset_index(drop=True)
    at: Any = table.columns.get_loc("months_since_end")
    table.insert(at, "follow_up", window[wanted.to_numpy()])
    return table


def set_aside(table: pd.DataFrame) -> pd.Series:
    """Which rows their table says not to use, and why: "" for those to be used."""
    import pandas as pd

    reason = pd.Series("", index=table.index, dtype=object).to_numpy(copy=True)
    if "preferred" in table:
        reason[~_preferred(table["preferred"])] = "not the preferred row of its contrast"
    if "status" in table:
        doubtful = (table["status"].notna() & ~table["status"].isin(["", "ok"])).to_numpy()
        reason[doubtful] = [f"its status is {word}" for word in table["status"][doubtful]]
    return pd.Series(reason, index=table.index, dtype=object)


def _preferred(cells: pd.Series) -> NDArray[np.bool_]:
    """Truth values, or the words for them that reading a file takes; blank: nobody said that another row is."""
    if cells.dtype == bool:
        return cells.to_numpy()
    words = cells.astype(object).where(cells.notna(), True).tolist()
    return np.array(
        [TRUTH.get(word.strip().lower(), True) if isinstance(word, str) else bool(word) for word in words],
        dtype=bool,
    )


@known_options
def reviews(
    *,
    review: Wanted = None,
    comparison: Wanted = None,
    outcome: Wanted = None,
    follow_up: Wanted = None,
    design: Wanted = None,
) -> pd.DataFrame:
    """Published pooled estimates, signed so that above 0 favours psychodynamic therapy.

    Parameters
    ----------
    review, comparison, outcome, follow_up, design : str or list of str, optional
        Keep the rows with these values.

    Returns
    -------
    DataFrame
        One row a printed estimate. `estimate`, `ci_low`, `ci_high` are signed here, the `printed_*`
        columns are as the source has them. `design` is "between" (two groups) or "pre-post" (one
        group over time): the two never pool or plot together; "unstated" where the source does not say.
        NaN means not printed, or (see `status`) printed in a way that cannot be right.

    Raises
    ------
    RequestError
        For values that are not known; the error lists those that are.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.reviews(review="steinert2017", follow_up="post")[["estimate", "ci_low", "ci_high"]].values.tolist()
    [[-0.153, -0.227, -0.079]]
    """
    filters = {
        "review_id": review,
        "comparison": comparison,
        "outcome": outcome,
        "follow_up": follow_up,
        "design": design,
    }
    return _select(load("reviews"), filters).reset_index(drop=True)


@known_options
def members(review_id: str) -> pd.DataFrame:
    """The known trials of a review.

    Parameters
    ----------
    review_id : str
        For example "abbass2014".

    Returns
    -------
    DataFrame
        One row a trial: `membership` says whether it was `seen` in the review or is only `believed`
        to be in it (`conflict`: sources disagree); `effect_rows` is the number of effects held of it.

    Raises
    ------
    RequestError
        For a review that is not known; the error lists those that are.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.members("abbass2014")["membership"].value_counts().to_dict()
    {'believed': 24, 'seen': 9, 'conflict': 1}
    """
    table = _select(load("members"), {"review_id": review_id}).reset_index(drop=True)
    available = load("trials")["trial_id"].value_counts()
    return table.assign(effect_rows=table["trial_id"].map(available).fillna(0).astype(int))


@known_options
def sources(table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Where every number comes from: citation, DOI, version, licence, and how many rows rest on it.

    Parameters
    ----------
    table : DataFrame, optional
        Only the sources of this table of trials. If it was read from a file, also the file's name, size and
        SHA-256 (`file`, `bytes`, `sha256`), and the table it was imported as.

    Returns
    -------
    DataFrame
        One row a source: `source_id`, `kind`, `citation`, `year`, `doi`, `url`, `version`, `licence` and the
        rest of its entry, and `rows`.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> used = pdt.sources(pdt.trials(comparison="pdt_vs_cbt", outcome="depression"))
    >>> used.set_index("source_id").loc["metapsy_depression_psyctr", ["doi", "version", "licence"]].tolist()
    ['10.5281/zenodo.7254845', '24.0.2', 'ODC-By 1.0']
    """
    if table is not None:
        from pdt_evidence.evidence.readers.provenance import sources_of

        return sources_of(table)
    table = load("sources")
    for name in ("trials", "reviews"):
        counts = load(name)["source_id"].value_counts()
        table[f"{name}_rows"] = table["source_id"].map(counts).fillna(0).astype(int)
    return table


@known_options
def claims() -> pd.DataFrame:
    """What the popular article says, in our words; `check_claims` judges each.

    Returns
    -------
    DataFrame
        One row a claim: `claim_id`, `number`, `statement`, the review that it cites, what it is judged by and why.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.claims()["claim_id"].head(3).tolist()
    ['cochrane-depression-anxiety', 'cochrane-all-outcomes', 'cochrane-lasting']
    """
    return load("claims")


@known_options
def statements(*, claim: Wanted = None, source: Wanted = None) -> pd.DataFrame:
    """What sources say in words of the article's claims, each with its place.

    Parameters
    ----------
    claim, source : str or list of str, optional
        Keep the rows of these claims, or of these sources.

    Returns
    -------
    DataFrame
        One row a statement: `source_id`, the `claim_id` and the `part` of it that it bears on, whether the article
        `cited` this source for it, what the source `says` ("yes", "no", "otherwise", "not seen"), the `statement`
        in our words, its `locator` and `verification`.

    Raises
    ------
    RequestError
        For values that are not known; the error lists those that are.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.statements(claim="archives-vs-cbt", source="leichsenring2004")["says"].tolist()
    ['yes']
    """
    return _select(load("statements"), {"claim_id": claim, "source_id": source}).reset_index(drop=True)


def _select(table: pd.DataFrame, filters: Mapping[str, Wanted]) -> pd.DataFrame:
    return table[_matching(table, filters)]


def _matching(table: pd.DataFrame, filters: Mapping[str, Wanted]) -> pd.Series:
    """The rows that match every filter; words are checked against the whole table, so no row is a valid answer."""
    import pandas as pd

    options = {
        column: [words] if isinstance(words, str) else list(words)
        for column, words in filters.items()
        if words is not None
    }
    problems = [
        f"{column} = {filters[column]!r} names no value." for column, words in options.items() if not words
    ]
    for column, asked in options.items():
        known = sorted(VOCABULARY.get(column, set(table[column])) - {""})
        options[column] = words = [as_written(word, known) for word in asked]
        absent = [word for word in words if word not in known]
        if absent:
            unknown = ", ".join(map(repr, absent))
            near = did_you_mean(absent[0], known)
            problems.append(f"{column} = {unknown} is not known.{near} There is: {', '.join(known)}.")
    if problems:
        raise RequestError.from_problems(problems)
    wanted = pd.Series(True, index=table.index)
    for column, words in options.items():
        wanted &= table[column].isin(words)
    return wanted
