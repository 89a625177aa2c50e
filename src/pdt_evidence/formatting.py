"""How a number, a p value, an interval is printed: one place for figures, tables, page and terminal.

A `Format` holds the conventions of one of these; besides, tables as aligned text and plain values for JSON.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from pdt_evidence.screen import SPARE, fitted, too_wide

__all__ = [
    "NOT_REPORTED",
    "PAGE",
    "PRINTED",
    "RATIOS",
    "TEXT",
    "Format",
    "aligned",
    "as_text",
    "counted",
    "counted_below",
    "decimals_for",
    "note_lines",
    "percent",
    "plain",
    "root",
    "scale_name",
]

MOST_DECIMALS = 8
ROUNDING = 1e-10  # what sums of numbers of the size of effects leave where they should be 0
# What a source does not report (no dash, which is a minus beside numbers); what cannot be computed is `Format.unknown`.
NOT_REPORTED = "NR"
RATIOS = ("OR", "RR", "ROM", "HR", "IRR")  # pooled as logarithms


def counted(number: float, noun: str = "study", several: str = "", *, decimals: int = 0) -> str:
    """The number with its noun in the singular or the plural; every count that a reader sees goes through here.

    Examples
    --------
    >>> counted(1), counted(3), counted(2, "row"), counted(0, "subset")
    ('1 study', '3 studies', '2 rows', '0 subsets')
    >>> counted(1.0, "degree of freedom"), counted(2.75, "degree of freedom", decimals=1)
    ('1 degree of freedom', '2.8 degrees of freedom')
    >>> counted(3.0, "degree of freedom", decimals=1)
    '3 degrees of freedom'
    >>> counted(1, "stratum", "strata"), counted(0, "stratum", "strata")
    ('1 stratum', '0 strata')
    """
    shown = f"{number:.{decimals}f}"
    shown = shown.removesuffix(f".{'0' * decimals}")
    if float(shown) == 1:
        return f"1 {noun}"
    head, _, rest = noun.partition(" of ")
    plural = (
        f"{head[:-1]}ies" if re.search("[^aeiou]y$", head) else f"{head}{'es' if head.endswith('s') else 's'}"
    )
    return f"{shown} {several or plural + (f' of {rest}' if rest else '')}"


def counted_below(limit: float, number: float, noun: str) -> str:
    """As `counted` with one decimal, or as many as show that the number is below the limit."""
    decimals = next((places for places in range(1, 16) if round(number, places) < limit), 16)
    return counted(number, noun, decimals=decimals)


def effects_of(k: float, trials: float = math.nan) -> str:
    """How many studies; of effects that trials share, how many effects of how many trials.

    Examples
    --------
    >>> effects_of(10, 10), effects_of(15, 10), effects_of(3)
    ('10 studies', '15 effects of 10 trials', '3 studies')
    """
    if math.isnan(trials) or trials == k:
        return counted(k)
    return f"{counted(k, 'effect')} of {counted(trials, 'trial')}"


def as_word(value: object) -> str:
    """A cell as a word: of a column of whole numbers with blanks, which makes them floats, without a point.

    Examples
    --------
    >>> as_word(2012.0), as_word(1.5), as_word("2012.0")
    ('2012', '1.5', '2012.0')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def stratum_in_words(stratum: Mapping[str, str]) -> str:
    """The words of a stratum as a heading has them.

    Examples
    --------
    >>> stratum_in_words({"outcome": "depression", "follow_up": "unknown"})
    'depression, time of assessment unknown'
    """
    undated = ("follow_up", "unknown")
    said = ("time of assessment unknown" if one == undated else one[1] for one in stratum.items())
    return ", ".join(map(str, said))


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int)) else str(value)


def aligned(
    rows: list[tuple[str, ...]], words: int, spare: Sequence[Sequence[str]] | None = None
) -> list[str]:
    """Rows as text, the head first: the first `words` columns flush left, the others flush right.

    Where the terminal is too narrow, those of `spare` are left out (`screen.within`), and a last line names them;
    where that is not enough, the first of several columns of words stands over the rows instead of before them.

    Examples
    --------
    >>> rows = [("comparison", "outcome", "k"), ("pdt_vs_cbt", "anxiety", "4"), ("pdt_vs_cbt", "dropout", "12")]
    >>> from pdt_evidence.screen import within
    >>> with within(20):
    ...     print("\\n".join(aligned(rows, 2)))
    comparison
      outcome   k
    pdt_vs_cbt
      anxiety   4
      dropout  12
    """
    rows, words, missing = fitted(rows, words, spare or SPARE)
    if words > 1 and too_wide(rows):
        lines: list[str] = []
        before = ""
        for row, line in zip(rows, _lines([row[1:] for row in rows], words - 1), strict=True):
            # A cell that was broken goes on without its first word.
            lines += [row[0]] * (row[0] not in ("", before)) + [f"  {line}"]
            before = row[0] or before
    else:
        lines = _lines(rows, words)
    return [*lines, f"(a wider terminal also shows {', '.join(missing)})"] if missing else lines


def _lines(rows: Sequence[tuple[str, ...]], words: int) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How numbers are printed in one place: a figure, the page, the terminal.

    Attributes
    ----------
    minus, decimal : str
        The sign before a negative number, and the decimal mark.
    brackets : tuple of three str
        What stands before, between and after the two limits of an interval.
    unknown : str
        What stands for a number that cannot be computed (NaN).
    digits : int
        Decimals where a call names none.
    small_as_is : bool
        Whether a number too small for its decimals keeps its first digits (0.00004 is 4e-05, not 0.0000), unless it
        is no more than rounding leaves of a 0.
    least_p : str
        The smallest p value that is printed, with its decimals; below it is "< 0.001".
    p_digits : int
        Decimals of p values from 0.1 on; below they have those of `least_p`.
    leading_zero : bool
        Whether p values keep the zero before the decimal mark.
    tight : bool
        Whether "<" stands directly before a p value in a cell.
    even : bool
        Whether what would be rounded onto no effect keeps its decimals (">0.00"), as in a column of a figure, and
        has not one more ("0.004").

    Examples
    --------
    >>> lancet = Format(decimal="·", brackets=("(", " to ", ")"))
    >>> lancet.number(-0.5), lancet.interval((-0.5, 0.004)), lancet.p_value(0.0004)
    ('−0·50', '(−0·50 to 0·004)', 'p < 0·001')
    """

    minus: str = "−"
    decimal: str = "."
    brackets: tuple[str, str, str] = ("[", ", ", "]")
    unknown: str = "–"
    digits: int = 2
    small_as_is: bool = False
    least_p: str = "0.001"
    p_digits: int = 3
    leading_zero: bool = True
    tight: bool = False
    even: bool = False

    def signs(self, text: str) -> str:
        """The text of a number with this minus sign and this decimal mark."""
        return text.replace("-", self.minus).replace(".", self.decimal)

    def number(self, value: float | None, digits: int | None = None) -> str:
        """`value` to `digits` decimals; a huge one shortened, 0 without a sign."""
        if value is None or math.isnan(value):
            return self.unknown
        if math.isinf(value):
            return f"{self.minus if value < 0 else ''}∞"
        digits = self.digits if digits is None else digits
        small = self.small_as_is and ROUNDING < abs(value) < 10.0**-digits
        return self.signs(f"{value:.{digits}g}" if small else _fixed(value, digits))

    def unitless(self, value: float, digits: int | None = None) -> str:
        """A percent or a statistic: no unit makes it small, so that it is printed to its decimals whatever its size.

        Examples
        --------
        >>> TEXT.number(0.00004), TEXT.unitless(0.00004), TEXT.unitless(2e-14, 1)
        ('4e-05', '0.0000', '0.0')
        """
        return replace(self, small_as_is=False).number(value, digits)

    def effect(self, value: float, digits: int | None = None, null: float = 0.0) -> str:
        """An effect; a ratio (`null` is 1) has one decimal more where it would be printed as 0, which none is.

        Examples
        --------
        >>> [PAGE.effect(ratio, 2, 1.0) for ratio in (1.234, 0.041, 0.004, 0.0004)]
        ['1.23', '0.04', '0.004', '<0.001']
        """
        if null != 1 or not math.isfinite(value):
            return self.number(value, digits)
        return self.signs(_effect(value, self.digits if digits is None else digits, null, self.even))

    def limit(self, value: float, digits: int | None = None, null: float = 0.0) -> str:
        """One limit of an interval, which never rounds onto no effect: whether that lies within must be seen.

        Examples
        --------
        >>> [PAGE.limit(ratio, 2, 1.0) for ratio in (0.97, 0.998, 0.9999, 1.0, 1.004)]
        ['0.97', '0.998', '<1', '1.00', '1.004']
        >>> [Format(even=True).limit(ratio, 2, 1.0) for ratio in (0.97, 0.998, 1.0, 1.004, 0.004)]
        ['0.97', '<1.00', '1.00', '>1.00', '<0.01']
        """
        if not math.isfinite(value) or (self.small_as_is and null == 0):
            return self.number(value, digits)
        return self.signs(_limit(value, self.digits if digits is None else digits, null, self.even))

    def interval(self, limits: tuple[float, float], digits: int | None = None, null: float = 0.0) -> str:
        """Both limits in brackets, or one sign for unknown where neither is known."""
        if all(map(math.isnan, limits)):
            return self.unknown
        before, between, after = self.brackets
        return before + between.join(self.limit(value, digits, null) for value in limits) + after

    def estimate(self, value: float, ci: tuple[float, float]) -> str:
        """An estimate with its interval, both in two decimals, and in more where all of them are smaller than that.

        Examples
        --------
        >>> PAGE.estimate(0.0012, (0.0004, 0.002))
        '0.0012 [0.0004, 0.0020]'
        >>> PAGE.estimate(-0.2, (-0.41, 0.004))
        '−0.20 [−0.41, 0.004]'
        """
        digits = decimals_for((value, *ci), 2)
        plain = self if not self.small_as_is else replace(self, small_as_is=False)
        low, high = (plain.limit(end, digits) for end in ci)
        return f"{plain.number(value, digits)} [{low}, {high}]"

    def p(self, p: float) -> str:
        """A p value as a cell of a table has it, never 0."""
        return self.unknown if math.isnan(p) else self._p(p, "<" if self.tight else "< ")

    def p_value(self, p: float, symbol: str = "p") -> str:
        """A p value with its symbol and relation.

        Examples
        --------
        >>> PAGE.p_value(0.0123), PAGE.p_value(1e-9), PAGE.p_value(math.nan)
        ('p = 0.012', 'p < 0.001', 'p not known')
        """
        if math.isnan(p):
            return f"{symbol} not known"
        return f"{symbol} {self._p(p, '< ', '= ')}"

    def _p(self, p: float, below: str, equal: str = "") -> str:
        digits = len(self.least_p.partition(".")[2]) if p < 0.1 else self.p_digits
        tiny = p < float(self.least_p)
        text = self.signs(self.least_p if tiny else f"{p:.{digits}f}")
        return (below if tiny else equal) + (text if self.leading_zero else text.removeprefix("0"))

    def variance(self, value: float) -> str:
        """A variance to three decimals, to five where it is small."""
        return self.number(value, 0 if value == 0 else 5 if value < 0.0005 else 3)

    def shortest(self, value: float) -> str:
        """A number with no more decimals than it has, to six digits."""
        return self.signs(f"{value:g}")


PAGE = Format(brackets=("", " to ", ""))  # findings, sentences and the report
PRINTED = replace(PAGE, unknown=NOT_REPORTED)  # what a source prints, as the report quotes it
TEXT = Format(
    minus="-",
    brackets=("", " to ", ""),
    unknown="-",
    digits=4,
    small_as_is=True,
    least_p=".0001",
    p_digits=4,
    tight=True,
)


def decimals_for(values: Iterable[float], digits: int) -> int:
    """`digits`, or as many as show two figures of the largest of the values where all would be printed as 0.

    Examples
    --------
    >>> decimals_for([0.4, 0.002], 2), decimals_for([0.004, -0.0011], 2)
    (2, 4)
    """
    known = [abs(value) for value in values if math.isfinite(value)]
    largest = max(known, default=0.0)
    if largest == 0 or largest >= 10.0**-digits:
        return digits
    return min(1 - math.floor(math.log10(largest)), MOST_DECIMALS)


def _fixed(value: float, digits: int) -> str:
    if abs(value) >= 1e7:
        return f"{value:.{max(digits, 1)}g}"
    text = f"{value:.{digits}f}"
    return text if float(text) else text.lstrip("-")


def _effect(value: float, digits: int, null: float, even: bool) -> str:
    if null != 1 or float(_fixed(value, digits)):
        return _fixed(value, digits)
    if even:
        return f"<{_fixed(10.0**-digits, digits)}"
    least = 10.0 ** -(digits + 1)
    # A ratio is never 0.
    return f"<{_fixed(least, digits + 1)}" if value < least / 2 else _fixed(value, digits + 1)


def _limit(value: float, digits: int, null: float, even: bool) -> str:
    text = _effect(value, digits, null, even)
    if value == null or text != _fixed(null, digits):
        return text
    side = "<" if value < null else ">"
    if even:
        return f"{side}{text}"
    finer = _fixed(value, digits + 1)
    return finer if finer != _fixed(null, digits + 1) else f"{side}{null:g}"


def percent(level: float) -> str:
    """A confidence level as it is spoken: 95%."""
    return f"{100 * level:g}%"


def root(pair: tuple[float, float]) -> tuple[float, float]:
    return math.sqrt(pair[0]), math.sqrt(pair[1])


def as_text(table: Any) -> str:
    """A DataFrame as text: numbers to three decimals, a 0 without a sign, blank where one is not known."""
    shown = table.round(3)
    numbers = shown.select_dtypes("float")
    return shown.assign(**(numbers + 0.0)).to_string(index=False, na_rep="")


def note_lines(notes: tuple[str, ...]) -> list[str]:
    return ["", *(f"Note: {note}" for note in notes)] if notes else []


def scale_name(measure: str) -> str:
    """The measure on the scale that its numbers are on: ratios are pooled as logarithms."""
    return f"log {measure}" if measure in RATIOS else measure
