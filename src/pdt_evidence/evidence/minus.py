"""Signs of print that stand for minus before a number: U+2212, dashes and hyphens that are not the keyboard's."""

from __future__ import annotations

import re

__all__ = ["plain_minus"]

# Minus sign, hyphens, figure, en and em dash, small and full-width hyphen-minus: at the start or in an exponent.
PRINTED = re.compile(r"(^\s*|(?<=\d)[eE])[\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d]\s*(?=[\d.,])")


def plain_minus(word: str) -> str:
    """The word with "-" for a sign of print that stands for minus.

    Examples
    --------
    >>> plain_minus("\u22120.5"), plain_minus("1e\u20132"), plain_minus("3\u20135")
    ('-0.5', '1e-2', '3\u20135')
    """
    return word if word.isascii() else PRINTED.sub(r"\g<1>-", word)
