"""What a figure shows, said in sentences for those who do not see it."""

from __future__ import annotations

import math

from pdt_evidence.errors import RequestError
from pdt_evidence.figures import words
from pdt_evidence.figures.axis import scale_of
from pdt_evidence.figures.labels import label_of
from pdt_evidence.figures.layout import arms_of
from pdt_evidence.figures.styles import STYLES
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["alt_text"]

STYLE = STYLES["default"]


def alt_text(result: PooledEffect | Synthesis) -> str:
    """Say what a forest plot of `result` shows, with the numbers that it shows.

    Parameters
    ----------
    result : PooledEffect or Synthesis

    Returns
    -------
    str
        One sentence on what is drawn, then one a stratum: estimate, interval, which side it
        favours, prediction interval and heterogeneity.

    Raises
    ------
    RequestError
        For a result without studies.

    Examples
    --------
    >>> from pdt_evidence.analysis.pooling import pool
    >>> alt_text(pool([0.5], [0.04], measure="SMD"))
    'Forest plot of 1 study: Hedges’ g 0.50 (95% confidence interval 0.11 to 0.89, favours arm 1).'
    """
    if isinstance(result, PooledEffect):
        if result.k == 0:
            raise RequestError("There is nothing to describe: the result holds no study.")
        about = words.heading(result.stratum)
        head = f"Forest plot of {_studies(result.k)}{f' ({about})' if about else ''}: "
        return head + _sentence(result) + _range(result)
    if not isinstance(result, Synthesis):
        raise RequestError(
            f"alt_text() describes a PooledEffect or a Synthesis, found {type(result).__name__}. "
            "Its summary() says the same in words."
        )
    strata = [stratum for stratum in result.strata.values() if stratum.k]
    if not strata:
        raise RequestError("There is nothing to describe: the result holds no study.")
    count = f"{len(strata)} {'group' if len(strata) == 1 else 'groups'}"
    lines = [f"Forest plot of {_studies(sum(s.k for s in strata), 'row')} in {count}."]
    lines += [f"{words.heading(s.stratum)}, {_studies(s.k)}: {_sentence(s)}" for s in strata]
    return " ".join(lines)


def _studies(k: int, word: str = "study") -> str:
    plural = {"study": "studies", "row": "rows"}[word]
    return f"{k} {word if k == 1 else plural}"


def _sentence(effect: PooledEffect) -> str:
    scale = scale_of(effect.measure)
    level = words.percent(effect.level)
    shown = words.number(scale.shown(effect.estimate), 2, STYLE)
    pooled = "pooled " if effect.k > 1 else ""
    said = f"{pooled}{words.short_measure(effect.measure)} {shown} ({level} confidence interval "
    known = not math.isnan(effect.ci[0])
    said += f"{_to(effect.ci, effect.measure)}, {_favours(effect)})" if known else "not known)"
    if not math.isnan(effect.pi[0]):
        said += f", {level} prediction interval {_to(effect.pi, effect.measure)}"
    if effect.k > 1:
        said += f"; heterogeneity {' '.join(words.heterogeneity(effect, STYLE))}"
    return said + "."


def _to(pair: tuple[float, float], measure: str) -> str:
    scale = scale_of(measure)
    low, high = (words.number(scale.shown(value), 2, STYLE) for value in pair)
    return f"{low} to {high}"


def _favours(effect: PooledEffect) -> str:
    if effect.ci[0] <= 0 <= effect.ci[1]:
        return "which includes no effect"
    first, second = arms_of([effect])
    return f"favours {first if effect.estimate > 0 else second}"


def _range(effect: PooledEffect) -> str:
    """The two studies furthest apart."""
    if effect.k < 3:
        return ""
    scale = scale_of(effect.measure)
    order = sorted(range(effect.k), key=lambda i: effect.yi[i])
    least, most = (
        f"{words.number(scale.shown(float(effect.yi[i])), 2, STYLE)} ({label_of(effect, i)})"
        for i in (order[0], order[-1])
    )
    return f" The studies lie between {least} and {most}."
