"""Whether a comma in a column of numbers stands before decimals or between thousands: the whole column decides."""

from __future__ import annotations

import re

from pdt_evidence.evidence.minus import plain_minus

__all__ = ["decimal_points", "doubtful_point", "minus_signs"]

DECIMAL = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
POINTS = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")


def decimal_points(words: list[str], *, semicolons: bool) -> tuple[list[str], str]:
    """The different words of a column with points for decimal commas, and one of which that is certain.

    Between semicolons a comma is a decimal one. Elsewhere "1,234" may be either: then another number of
    the column must show it, as "0,5" does. A column that has points as well is left as it is.

    Parameters
    ----------
    words : list of str
        The different words of a column of numbers.
    semicolons : bool
        Whether semicolons part the columns of the file.

    Returns
    -------
    words, example
        The words unchanged and "" where no comma is certain to be a decimal one.

    Examples
    --------
    >>> decimal_points(["0,5", "1,234", ""], semicolons=False)
    (['0.5', '1.234', ''], '0,5')
    >>> decimal_points(["1,234"], semicolons=False)
    (['1,234'], '')
    """
    commas = [word for word in words if "," in word]
    if not commas or any("." in word for word in words) or not all(map(DECIMAL.fullmatch, commas)):
        return words, ""
    example = next((word for word in commas if semicolons or not THOUSANDS.fullmatch(word)), "")
    return ([word.replace(",", ".") for word in words], example) if example else (words, "")


def minus_signs(words: list[str]) -> tuple[list[str], str]:
    """The words with a hyphen for each sign of print that stands for minus (U+2212, en dash), and what was read so.

    Examples
    --------
    >>> minus_signs(["\u22120.5", "1e\u20132", "3\u20135"])
    (['-0.5', '1e-2', '3\u20135'], "'\u22120.5' is read as -0.5")
    """
    plain = [plain_minus(word) for word in words]
    example = next((f"{a!r} is read as {b}" for a, b in zip(words, plain, strict=True) if a != b), "")
    return plain, example


def doubtful_point(words: list[str]) -> str:
    """A sentence on a number such as "1.030" among semicolons, if all that have a point are like it; else "".

    Examples
    --------
    >>> doubtful_point(["950", "1.030"])
    "'1.030' is read as 1.03; if its point parts thousands, write 1030"
    >>> doubtful_point(["0.950", "1.030"])
    ''
    """
    pointed = [word for word in words if "." in word]
    if not pointed or not all(map(POINTS.fullmatch, pointed)):
        return ""
    whole = pointed[0].replace(".", "")
    return f"{pointed[0]!r} is read as {float(pointed[0]):g}; if its point parts thousands, write {whole}"
