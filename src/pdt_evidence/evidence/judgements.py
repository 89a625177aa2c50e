"""Overall risk of bias as one of four words, whatever the tool wrote: low, some concerns, high, unclear."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["WORDS", "by_domain", "judged_domains", "of_a_tool", "overall_judgements", "worst_judgement"]

WORDS = ("Low", "Some concerns", "Unclear", "High")  # the worst last
SUM_TOOL = "0-4"  # how the tool says that its number counts criteria met, of four
OF_SUM = {"4": "Low", "3": "Some concerns", "2": "Some concerns", "1": "Some concerns", "0": "High"}
OF_WORD = {
    "low": "Low",
    "some": "Some concerns",
    "moderate": "Some concerns",
    "high": "High",
    "unclear": "Unclear",
}


def overall_judgements(rob: pd.Series, tool: pd.Series) -> NDArray[np.object_]:
    """The judgement of each row; "" where there is none.

    Parameters
    ----------
    rob, tool : Series
        The overall rating as its source gives it, and the tool.

    Returns
    -------
    ndarray of str
        Of a sum of the four criteria met (tool "... 0-4"): 4 is "Low", as the source defines it, 0 "High", what
        lies between "Some concerns"; a number of any other tool is "Unclear", as no source says what it means.

    Examples
    --------
    >>> tools = pd.Series(["RoB1 (4 items, 0-4)", "RoB1 (4 items, 0-4)", "RoB2", "RoB2", ""])
    >>> overall_judgements(pd.Series(["4", "2", "high risk", "0", ""]), tools).tolist()
    ['Low', 'Some concerns', 'High', 'Unclear', '']
    """
    words = [word.strip() for word in _texts(rob)]
    different = list(dict.fromkeys(words))
    numeric = pd.to_numeric(pd.Series(different, dtype=object), errors="coerce").notna()
    numbers = {word for word, is_number in zip(different, numeric.tolist(), strict=True) if is_number}
    judgement = cache(_judgement)  # the different words are few
    cells = zip(words, _texts(tool), strict=True)
    return np.array([judgement(word, used, word in numbers) for word, used in cells], dtype=object)


def by_domain(judged: Mapping[str, str]) -> str:
    """The judgements of a study's domains as one rating.

    Examples
    --------
    >>> by_domain({"Allocation concealment": "low risk", "Other bias": "unclear risk"})
    'Allocation concealment: low risk; Other bias: unclear risk'
    """
    return "; ".join(f"{domain}: {judgement}" for domain, judgement in judged.items())


def judged_domains(rating: object) -> list[str]:
    """The judgements of a rating as `by_domain` writes it; of any other, the rating itself.

    Examples
    --------
    >>> judged_domains("Allocation concealment: low risk; Other bias: unclear risk"), judged_domains("High")
    (['low risk', 'unclear risk'], ['High'])
    """
    return [part.rpartition(": ")[2] for part in str(rating).split("; ")]


def of_a_tool(table: pd.DataFrame) -> list[bool]:
    """Whether the `rob` of each row is a number or word of the tool that it names in `rob_tool`."""
    if "rob_tool" not in table.columns:
        return [False] * len(table)
    judged = overall_judgements(table["rob"], table["rob_tool"]) != ""
    return (judged & (np.array(_texts(table["rob_tool"])) != "")).tolist()


def _texts(column: pd.Series) -> list[str]:
    return column.fillna("").astype(str).tolist()


def _judgement(word: str, tool: str, is_number: bool) -> str:
    if found := OF_WORD.get(word.lower().split(" ")[0]):
        return found
    of_sum = OF_SUM.get(word.removesuffix(".0")) if SUM_TOOL in tool else None
    return of_sum or ("Unclear" if is_number else "")


def worst_judgement(text: object) -> str:
    """The worst of judgements that rows of one trial were joined to, "" where there is none.

    Examples
    --------
    >>> worst_judgement("Low / Some concerns"), worst_judgement("")
    ('Some concerns', '')
    """
    parts = [part for part in str(text).split(" / ") if part in WORDS]
    return max(parts, key=WORDS.index, default="")
