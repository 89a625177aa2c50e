"""The words for where intervals lie between minus a margin, 0 and the margin."""

from __future__ import annotations

__all__ = ["VERDICTS", "verdict_of"]

Interval = tuple[float, float]

# Where the 1 - 2 alpha interval lies (in the direction of benefit), and the wider 1 - alpha one -> the words for it.
VERDICTS = {
    "superior beyond the margin": "the interval lies wholly above the margin",
    "superior": "both intervals lie above 0 and reach the margin",
    "not equivalent; possibly better": "the interval lies above 0 and reaches the margin, the wider one holds 0",
    "equivalent, trivially better": "both intervals lie above 0, the narrower within the margin",
    "equivalent, possibly trivially better": "the interval lies within the margin and above 0, the wider one holds 0",
    "equivalent": "the interval lies within the margin and holds 0",
    "equivalent, possibly trivially worse": "the interval lies within the margin and below 0, the wider one holds 0",
    "equivalent, trivially worse": "both intervals lie below 0, the narrower within the margin",
    "non-inferior": "the interval holds 0, stays above minus the margin and reaches the margin",
    "non-superior": "the interval holds 0, stays below the margin and reaches minus the margin",
    "not equivalent; possibly worse": "the interval lies below 0 and reaches minus the margin, the wider one holds 0",
    "inferior": "both intervals lie below 0 and reach minus the margin",
    "inferior beyond the margin": "the interval lies wholly below minus the margin",
    "inconclusive": "the interval reaches both margins",
}


def verdict_of(narrow: Interval, wide: Interval, margin: float) -> str:
    """A key of `VERDICTS`, from the 1 - 2 alpha and the 1 - alpha interval, above 0 for benefit.

    Better or worse is said only where both intervals exclude 0.

    Examples
    --------
    >>> verdict_of((-0.34, -0.01), (-0.38, 0.03), 0.25), verdict_of((-0.34, -0.05), (-0.38, -0.01), 0.25)
    ('not equivalent; possibly worse', 'inferior')
    """
    low, high = narrow
    above, below = low > 0, high < 0
    doubtful = (above or below) and wide[0] <= 0 <= wide[1]
    word = "better" if above else "worse"
    if low > -margin and high < margin:
        if not (above or below):
            return "equivalent"
        return f"equivalent, {'possibly ' if doubtful else ''}trivially {word}"
    if doubtful:
        return f"not equivalent; possibly {word}"
    if low >= margin or high <= -margin:
        return f"{'superior' if above else 'inferior'} beyond the margin"
    if above or below:
        return "superior" if above else "inferior"
    if low > -margin:
        return "non-inferior"
    return "non-superior" if high < margin else "inconclusive"
