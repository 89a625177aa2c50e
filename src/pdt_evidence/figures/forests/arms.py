"""Which arm is which: their names, the two directions, and what was sign reversed so that up favours arm 1."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pdt_evidence.evidence.comparisons import ARMS
from pdt_evidence.figures.forests.labels import known
from pdt_evidence.figures.sheet import words
from pdt_evidence.results import PooledEffect

__all__ = ["GENERAL", "arms_of", "directed", "directions", "favours_of", "turned"]

GENERAL = ("arm 1", "arm 2")
CATCH_ALL = ("other_control", "active_control", "other_therapy")  # the source's own name says more
OF_ARMS = {
    "means",
    "medians",
    "change",
    "change in SDs before",
    "events",
    "pre-post",
}  # bases whose sign follows from `better`
SEVERAL = re.compile(r" / ")  # between the words of rows that were combined


def arms_of(strata: Sequence[PooledEffect]) -> tuple[str, str]:
    """Names of arm 1 and arm 2 from the comparison, else from the rows where they agree, else general ones."""
    pairs = [ARMS.get(_comparison(stratum)) for stratum in strata]
    available = {pair for pair in pairs if pair}
    if not available or None in pairs:
        return _named(strata, "t") or GENERAL[0], _named(strata, "c") or GENERAL[1]
    firsts, seconds = ({pair[i] for pair in available} for i in (0, 1))
    return firsts.pop() if len(firsts) == 1 else "PDT", seconds.pop() if len(seconds) == 1 else "comparator"


def _comparison(stratum: PooledEffect) -> str:
    return stratum.stratum.get("comparison", "") or words.shared_word([stratum], "comparison")


def _named(strata: Sequence[PooledEffect], arm: str) -> str:
    """The one name of an arm in all rows: the word that it is coded as, or the source's own; "" where they differ."""
    word, label = (words.shared_word(strata, f"arm_{arm}{kind}") for kind in ("", "_label"))
    own = word in CATCH_ALL or re.sub(r"\W+", "_", label.lower()) == word
    return label if label and (own or not word) else words.within("", word) if word else ""


def favours_of(arms: tuple[str, str], strata: Sequence[PooledEffect]) -> tuple[str, str]:
    """What stands left and right of no effect: nothing where the rows leave open which side is good for whom."""
    return (f"Favours {arms[1]}", f"Favours {arms[0]}") if directed(strata) else ("", "")


def directions(strata: Sequence[PooledEffect]) -> str:
    """Both directions as one line along the effect axis; "" where they are not known.

    Examples
    --------
    >>> directions([PooledEffect(k=1, stratum={"comparison": "pdt_vs_cbt"})])
    '← Favours CBT | Favours PDT →'
    """
    left, right = favours_of(arms_of(strata), strata)
    return f"← {left} | {right} →" if left and right else ""


def directed(strata: Sequence[PooledEffect]) -> bool:
    """Whether all rows say that above no effect is good for arm 1.

    A row says so by the direction of its score (`better`), by the sign that its source was turned to (`flipped`),
    as an effect that was printed with its direction (`reported`), or as evidence of a comparison that is signed.

    Examples
    --------
    >>> directed([PooledEffect(measure="RR", k=1, columns={"better": ("lower",)})])
    True
    >>> directed([PooledEffect(measure="RR", k=1)])
    False
    """
    return all(ARMS.get(_comparison(stratum)) or _all_signed(stratum) for stratum in strata)


def _all_signed(effect: PooledEffect) -> bool:
    def cells(name: str) -> Sequence[object]:
        return effect.columns.get(name, ())

    def some(name: str, i: int) -> bool:
        return i < len(cells(name)) and known(cells(name)[i])

    return effect.k > 0 and all(
        some("better", i)
        or some("flipped", i)
        or (some("yi_basis", i) and str(cells("yi_basis")[i]).startswith("reported"))
        for i in range(effect.k)
    )


def turned(strata: Sequence[PooledEffect], arms: tuple[str, str]) -> str:
    """What a reader must know who compares ratios or raw differences with the source; "" for nothing.

    Examples
    --------
    >>> rows = {"better": ("lower", "lower"), "yi_basis": ("events", "events")}
    >>> turned([PooledEffect(measure="OR", k=2, columns=rows)], ("aspirin", "control"))
    'Odds ratios above 1 favour aspirin: lower is better, so each is turned (1/OR).'
    """
    measure = strata[0].measure if strata else ""
    how = words.turning(measure)
    count, k = sum(_sign_reversed(s, i) for s in strata for i in range(s.k)), sum(s.k for s in strata)
    if not (how and count):
        return ""
    which = "lower is better, so each is" if count == k else f"{count} of {k}, where lower is better, are"
    null = 1 if measure in words.RATIOS else 0
    return f"{words.several(measure)} above {null} favour {arms[0]}: {which} turned ({how})."


def _sign_reversed(effect: PooledEffect, i: int) -> bool:
    """Whether a row's effect is not the one that its source has; effects as given know it by `flipped` alone."""
    cells = {
        name: effect.columns[name][i] for name in ("better", "yi_basis", "flipped") if name in effect.columns
    }
    parts = {name: set(SEVERAL.split(str(value))) for name, value in cells.items() if known(value)}
    if {basis.split(";")[0] for basis in parts.get("yi_basis", ())} & OF_ARMS:
        return "lower" in parts.get("better", ())
    return bool(parts.get("flipped", set()) & {"True", "true", "1", "1.0"})
