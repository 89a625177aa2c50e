"""What a figure shows, said in sentences for those who do not see it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, require_choice
from pdt_evidence.figures import alt_companions as companions
from pdt_evidence.figures import words
from pdt_evidence.figures.drawables import drawable
from pdt_evidence.figures.labels import labels_of
from pdt_evidence.figures.layout import arms_of
from pdt_evidence.figures.sentences import STYLE, about, counted, listed, pooled, shown, size_of
from pdt_evidence.figures.series import ADAPTERS, Series, kind_of, series_of
from pdt_evidence.results import PooledEffect, Synthesis

if TYPE_CHECKING:
    from pdt_evidence.analysis.gosh import Gosh
    from pdt_evidence.figures.drawables import Drawable

__all__ = ["alt_text"]


def alt_text(result: Drawable | Gosh, figure: str = "", **options: Any) -> str:
    """Say what a figure of `result` shows, with the numbers that it shows.

    Parameters
    ----------
    result
        What the figure draws.
    figure : str, optional
        The name of the function that draws it, such as "funnel" or "specification_curve". Without it the
        forest, or the GOSH plot of a `Gosh`.
    **options
        Those given to that function that change what it says: `arms` of a forest, `filled` and `regression` of
        a funnel, `study` of a GOSH plot, `months` of a trajectory, `without` of a Baujat plot, and of a
        specification curve `estimate`, `ci`, `choices` and `reference`.

    Returns
    -------
    str
        What is drawn and how much of it; estimate, interval, which side it favours, prediction interval and
        heterogeneity; and what is not known or left out.

    Raises
    ------
    RequestError
        For an unknown figure, a result that it does not draw, or one without studies.

    Examples
    --------
    >>> from pdt_evidence.analysis.pooling import pool
    >>> alt_text(pool([0.5], [0.04], measure="SMD"))
    'Forest plot of 1 study: Hedges’ g 0.50 (95% confidence interval 0.11 to 0.89, favours arm 1).'
    """
    name = figure or ("gosh_plot" if kind_of(result, {"Gosh": None}) else "forest")
    require_choice("figure", name, list(FIGURES))
    kinds, describe = FIGURES[name]
    if kinds and not kind_of(result, dict.fromkeys(kinds)):
        raise RequestError(f"{name} draws {listed(kinds)}, found {type(result).__name__}.")
    if isinstance(result, PooledEffect) and not result.k:
        raise RequestError("There is nothing to describe: the result holds no study.")
    return describe(result, **options)


Arms = tuple[str, str] | None


def _forest(result: Any, *, arms: Arms = None) -> str:
    found = drawable(result)
    if isinstance(found, Series):
        return _of_series(found, arms)
    return _of_strata(found, arms) if isinstance(found, Synthesis) else _of_studies(found, arms)


def _summary(result: Any, *, arms: Arms = None) -> str:
    return _of_series(series_of(result), arms)


def _of_studies(effect: PooledEffect, arms: Arms) -> str:
    return f"Forest plot of {size_of(effect)}{about(effect)}: {_sentence(effect, arms)}{_range(effect)}"


def _of_strata(synthesis: Synthesis, arms: Arms) -> str:
    strata = [stratum for stratum in synthesis.strata.values() if stratum.k]
    if not strata:
        raise RequestError("There is nothing to describe: the result holds no study.")
    rows = counted(sum(s.k for s in strata), "row")
    lines = [f"Forest plot of {rows} in {counted(len(strata), 'group')}."]
    lines += [f"{words.heading(s.stratum)}, {size_of(s)}: {_sentence(s, arms)}" for s in strata]
    return " ".join(lines)


def _sentence(effect: PooledEffect, arms: Arms) -> str:
    if effect.k == 1:
        return f"{pooled(effect, arms)}."
    by = f", by {words.inner(words.title_of(effect))}" if words.clustered(effect) else ""
    return f"pooled {pooled(effect, arms)}{by}{_heterogeneity(effect)}."


def _heterogeneity(effect: Any) -> str:
    pieces = words.heterogeneity(effect, STYLE)
    return f"; heterogeneity {' '.join(pieces)}" if pieces else "; heterogeneity not known"


def _range(effect: PooledEffect) -> str:
    """The two studies furthest apart."""
    if effect.k < 3:
        return ""
    labels = labels_of(effect)
    order = sorted(range(effect.k), key=lambda i: effect.yi[i])
    least, most = (
        f"{shown(float(effect.yi[i]), effect.measure)} ({labels[i]})" for i in (order[0], order[-1])
    )
    return f" The {'effects' if words.clustered(effect) else 'studies'} lie between {least} and {most}."


def _of_series(series: Series, arms: Arms) -> str:
    arms = arms or series.arms or arms_of(series.effects)
    title = f" ({words.inner(series.title)})" if series.title else ""
    if series.whole is None:
        return _of_rows(series, title, arms)
    steps = _of_steps(series, title, arms) if series.in_turn else _of_omissions(series, title)
    return f"{steps} All {size_of(series.whole)}: {_sentence(series.whole, arms)}"


def _of_rows(series: Series, title: str, arms: tuple[str, str]) -> str:
    over = f", {words.inner(series.over)}" if series.over else ""
    lines = [f"Forest plot of {counted(len(series.effects), 'pooled result')}{title}{over}."]
    for effect, path in zip(series.effects, series.paths, strict=True):
        name = _name(series, path) or words.title_of(effect)
        own = (name, arms[1]) if series.over else arms
        size = counted(effect.k, "direct study") if series.over else size_of(effect)
        lines.append(f"{name}, {size}: {pooled(effect, own)}.")
    if series.spread is not None:
        lines.append(f"All comparisons: {_heterogeneity(series.spread).removeprefix('; ')}.")
    return " ".join(lines)


def _name(series: Series, path: tuple[str, ...]) -> str:
    said = [words.told(level, word) for level, word in zip(series.levels, path, strict=False) if word]
    return ", ".join([said[0], *map(words.inner, said[1:])]) if said else ""


def _of_omissions(series: Series, title: str) -> str:
    """The least and the greatest estimate, and whose omission changes what the interval says."""
    names = [path[-1] for path in series.paths]
    seen = [(e, name) for e, name in zip(series.effects, names, strict=True) if not math.isnan(e.estimate)]
    lines = [f"Forest plot of {counted(len(names), 'estimate')}, each without one study{title}."]
    if seen:
        order = sorted(seen, key=lambda pair: pair[0].estimate)
        ends = [f"{shown(e.estimate, e.measure)} (without {name})" for e, name in (order[0], order[-1])]
        lines.append(f"They lie between {ends[0]} and {ends[1]}.")
    whole = series.whole
    turned = [name for e, name in seen if whole is not None and _side(e) != _side(whole)]
    lines.append(
        f"Without {listed(turned)} the interval says something else of no effect."
        if turned
        else "No omission changes whether the interval includes no effect."
    )
    return " ".join(lines)


def _side(effect: PooledEffect) -> int:
    """Below no effect, above it, or neither; an interval that is not known is on no side."""
    return int(effect.ci[0] > 0) - int(effect.ci[1] < 0)


def _of_steps(series: Series, title: str, arms: tuple[str, str]) -> str:
    """The first and the last step, and since when the interval has been where it is."""
    effects, names = series.effects, [path[-1] for path in series.paths]
    lines = [f"Cumulative forest plot of {counted(len(names), 'step')}{title}."]
    lines.append(f"The first ({names[0]}): {pooled(effects[0], arms)}.")
    last = effects[-1]
    since = len(effects)
    while since and _side(effects[since - 1]) == _side(last):
        since -= 1
    if _side(last):
        begin = f"from step {since + 1} ({names[since]}) on" if since else "from the first step on"
        lines.append(f"The interval excludes no effect {begin}.")
    else:
        lines.append("At the last step the interval includes no effect or is not known.")
    return " ".join(lines)


Describe = Callable[..., str]
# By the function that draws it: the kinds of result that it takes (any at all where none stands), and its sentences.
FIGURES: dict[str, tuple[tuple[str, ...], Describe]] = {
    "forest": ((), _forest),
    "summary_forest": (tuple(ADAPTERS), _summary),
    "funnel": (("PooledEffect",), companions.funnel),
    "radial": (("PooledEffect",), companions.radial),
    "baujat": (("PooledEffect",), companions.baujat),
    "drapery": (("PooledEffect",), companions.drapery),
    "orchard": (("PooledEffect",), companions.orchard),
    "tau2_profile": (("PooledEffect",), companions.tau2_profile),
    "bias_summary": (("PooledEffect", "Mapping"), companions.bias_summary),
    "trajectory": (("Synthesis",), companions.trajectory),
    "network_plot": (("Network",), companions.network_plot),
    "gosh_plot": (("Gosh",), companions.gosh_plot),
    "specification_curve": (("DataFrame",), companions.specification_curve),
}
