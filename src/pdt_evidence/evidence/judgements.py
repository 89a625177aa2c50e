"""Overall risk of bias as one of four words, whatever the tool wrote: low, some concerns, high, unclear."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["WORDS", "overall_judgements", "worst_judgement"]

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
    cells = rob.fillna("").astype(str).str.strip()
    by_sum = tool.fillna("").astype(str).str.contains(SUM_TOOL, regex=False)
    number = cells.str.removesuffix(".0")
    word = cells.str.lower().str.split(" ").str[0]
    of_sum, of_word = number.map(OF_SUM), word.map(OF_WORD)
    numeric = pd.to_numeric(cells, errors="coerce").notna().to_numpy()
    plain = np.where(by_sum & of_sum.notna(), of_sum.to_numpy(), np.where(numeric, "Unclear", ""))
    return np.where(of_word.notna(), of_word.to_numpy(), plain).astype(object)


def worst_judgement(text: object) -> str:
    """The worst of judgements that rows of one trial were joined to, "" where there is none.

    Examples
    --------
    >>> worst_judgement("Low / Some concerns"), worst_judgement("")
    ('Some concerns', '')
    """
    parts = [part for part in str(text).split(" / ") if part in WORDS]
    return max(parts, key=WORDS.index, default="")
