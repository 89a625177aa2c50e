"""What a figure shows, said in sentences for those who do not see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, did_you_mean, known_options, require_choice
from pdt_evidence.figures.alt.sentences import FORMAT, about, listed, pooled, shown, size_of
from pdt_evidence.figures.forests.arms import arms_of, directed, turned
from pdt_evidence.figures.forests.drawables import drawable
from pdt_evidence.figures.forests.labels import labels_of
from pdt_evidence.figures.forests.records import ForestOptions
from pdt_evidence.figures.forests.rows import others_of
from pdt_evidence.figures.forests.series import Series, kind_of, series_of
from pdt_evidence.figures.registry import FIGURES
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.axis import scale_of
from pdt_evidence.formatting import counted
from pdt_evidence.results import PooledEffect, Synthesis

if TYPE_CHECKING:
    from pdt_evidence.analysis.robustness.gosh import Gosh
    from pdt_evidence.figures.forests.drawables import Drawable

__all__ = ["alt_text", "forest", "summary_forest"]


@known_options
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
        Those given to that function; what they change in what is shown is said: `arms`, `also`, `overall`,
        `difference`, `margins`, `lines`, `prediction` and `heterogeneity` of a forest, `filled` and `regression`
        of a funnel, `study` of a GOSH plot, `months` of a trajectory, `without` of a Baujat plot, and of a
        specification curve `estimate`, `ci`, `choices` and `reference`.

    Returns
    -------
    str
        What is drawn and how much of it; estimate, interval, which side it favours, prediction interval and
        heterogeneity; and what is not known or excluded.

    Raises
    ------
    RequestError
        For an unknown figure, an option that it does not have, a result that it does not draw, or one without
        studies.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> pdt.alt_text(pdt.pool([0.5], [0.04], measure="SMD"))
    'Forest plot of 1 study: Hedges’ g 0.50 (95% confidence interval 0.11 to 0.89, above no effect).'
    """
    name = figure or ("gosh_plot" if kind_of(result, {"Gosh": None}) else "forest")
    require_choice("figure", name, list(FIGURES))
    kinds = FIGURES[name].kinds
    if kinds and not kind_of(result, dict.fromkeys(kinds)):
        raise RequestError(f"{name} draws {listed(kinds)}, found {type(result).__name__}.")
    if isinstance(result, PooledEffect) and not result.k:
        raise RequestError("There is nothing to describe: the result holds no study.")
    describe = _words_of(name)
    return describe(result, **_telling(name, describe, options))


Describe = Callable[..., str]


def _words_of(name: str) -> Describe:
    """The function of the figure's own name, in the module that the registry names."""
    return getattr(import_module(f"pdt_evidence.figures.{FIGURES[name].words}"), name)


def _telling(name: str, describe: Describe, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those options of the figure that its description depends on; one that it does not have is refused."""
    if not options:
        return {}
    from inspect import signature

    from pdt_evidence import figures

    there = list(signature(getattr(figures, name)).parameters)[1:]
    unknown = [option for option in options if option not in there]
    if unknown:
        hint = did_you_mean(unknown[0], there)
        raise RequestError(f"{', '.join(unknown)}: no option of {name}.{hint} There are: {', '.join(there)}.")
    taken = signature(describe).parameters
    every = any(one.kind is one.VAR_KEYWORD for one in taken.values())
    return {option: value for option, value in options.items() if every or option in taken}


def forest(result: Any, **options: Any) -> str:
    return _reported(drawable(result), options)


def summary_forest(result: Any, *, prediction: bool = True, **options: Any) -> str:
    return _reported(series_of(result), options | ({} if prediction else {"prediction": "off"}))


def _reported(found: PooledEffect | Synthesis | Series, options: Mapping[str, Any]) -> str:
    """A forest with what its options add to it or take from it."""
    options = {name: value for name, value in options.items() if name != "ax"}
    requested = ForestOptions(
        **{field.name: options[field.name] for field in fields(ForestOptions) if field.name in options}
    )
    extras: Mapping[str, Any] = {}
    if set(options) - {"arms"}:
        from pdt_evidence.figures.forests.plot import options_of

        extras = options_of(found, **options)[-1]  # which refuses what the figure refuses
    if isinstance(found, Series):
        reported, measure = _of_series(found, requested), found.effects[0].measure
    else:
        strata = [found] if isinstance(found, PooledEffect) else [s for s in found.strata.values() if s.k]
        if not strata:
            raise RequestError("There is nothing to describe: the result holds no study.")
        reported, measure = _of_strata(strata, requested, isinstance(found, Synthesis)), strata[0].measure
    return " ".join([*reported, *_marked(measure, extras)])


def _of_strata(strata: Sequence[PooledEffect], requested: ForestOptions, grouped: bool) -> list[str]:
    """Each stratum by every model, what all come to, and what was turned."""
    arms = requested.arms or arms_of(strata)
    rows = counted(sum(s.k for s in strata), "row")
    lines = [f"Forest plot of {rows} in {counted(len(strata), 'group')}."] if grouped else []
    for effect in strata:
        name = f"{words.heading(effect.stratum)}, {size_of(effect)}"
        about_it = name if grouped else f"Forest plot of {size_of(effect)}{about(effect)}"
        lines.append(f"{about_it}: {_sentence(effect, requested, arms)}")
        others = others_of(effect, requested.also) if effect.k > 1 else {}
        lines += [f"By {key}: {_sentence(other, requested, arms)}" for key, other in others.items()]
        lines += [] if grouped else _range(effect)
    if requested.overall is not None:
        lines.append(
            f"Overall, {size_of(requested.overall)}: {_sentence(requested.overall, requested, arms)}"
        )
    if requested.difference is not None:
        lines.append(f"{' '.join(words.difference(requested.difference, FORMAT))}.")
    return [*lines, *filter(None, [turned(strata, arms)])]


def _marked(measure: str, extras: Mapping[str, Any]) -> list[str]:
    """What is drawn behind the rows: a zone of equivalence and reference lines."""

    def number(value: float) -> str:
        return FORMAT.effect(value, 2, scale_of(measure).null)

    lines = []
    if extras.get("zone"):
        lines.append(f"Shaded: a margin of equivalence from {' to '.join(map(number, extras['zone']))}.")
    if extras.get("lines"):
        lines.append(f"Reference lines at {listed(map(number, extras['lines']))}.")
    return lines


def _sentence(effect: PooledEffect, requested: ForestOptions, arms: tuple[str, str]) -> str:
    if requested.prediction == "off":
        effect = words.without_prediction(effect)
    if effect.k == 1:
        return f"{pooled(effect, arms)}."
    several = words.clustered(effect) or requested.also
    by = f", by {words.inner(words.model_of(effect))}" if several else ""
    return f"pooled {pooled(effect, arms)}{by}{_heterogeneity(effect) if requested.heterogeneity else ''}."


def _heterogeneity(effect: Any) -> str:
    pieces = words.heterogeneity(effect, FORMAT)
    return f"; heterogeneity {' '.join(pieces)}" if pieces else "; heterogeneity not known"


def _range(effect: PooledEffect) -> list[str]:
    """The two studies furthest apart."""
    if effect.k < 3:
        return []
    labels = labels_of(effect)
    order = sorted(range(effect.k), key=lambda i: effect.yi[i])
    least, most = (
        f"{shown(float(effect.yi[i]), effect.measure)} ({labels[i]})" for i in (order[0], order[-1])
    )
    return [f"The {'effects' if words.clustered(effect) else 'studies'} lie between {least} and {most}."]


def _of_series(series: Series, requested: ForestOptions) -> list[str]:
    arms = requested.arms or series.arms or arms_of(series.effects)
    sentence = words.inner(series.title) or words.heading(series.stratum, inside=True)
    title = f" ({sentence})" if sentence else ""
    also = [text for text in [turned(series.studies, arms)] if text]
    if series.whole is None:
        return [_of_rows(series, title, arms, requested), *also]
    steps = _of_steps(series, title, arms) if series.in_turn else _of_omissions(series, title)
    return [f"{steps} All {size_of(series.whole)}: {_sentence(series.whole, requested, arms)}", *also]


def _of_rows(series: Series, title: str, arms: tuple[str, str], requested: ForestOptions) -> str:
    over = f", {words.inner(series.over)}" if series.over else ""
    lines = [f"Forest plot of {counted(len(series.effects), 'pooled result')}{title}{over}."]
    signed = series.signed or directed(series.studies)
    for effect, path in zip(series.effects, series.paths, strict=True):
        name = _name(series, path) or words.title_of(effect)
        own = (name, arms[1]) if series.over else arms
        size = counted(effect.k, "direct study") if series.over else size_of(effect)
        seen = words.without_prediction(effect) if requested.prediction == "off" else effect
        lines.append(f"{name}, {size}: {pooled(seen, own, signed)}.")
    if series.spread is not None:
        lines.append(f"All comparisons: {_heterogeneity(series.spread).removeprefix('; ')}.")
    return " ".join(lines)


def _name(series: Series, path: tuple[str, ...]) -> str:
    pairs = [(level, word) for level, word in zip(series.levels, path, strict=False) if word]
    return ", ".join([words.told(*pairs[0]), *(words.within(*pair) for pair in pairs[1:])]) if pairs else ""


def _of_omissions(series: Series, title: str) -> str:
    """The least and the greatest estimate, and whose omission changes what the interval says."""
    names = [path[-1] for path in series.paths]
    seen = [(e, name) for e, name in zip(series.effects, names, strict=True) if not math.isnan(e.estimate)]
    lines = [f"Forest plot of {counted(len(names), 'estimate')}, each without one study{title}."]
    if seen:
        order = sorted(seen, key=lambda pair: pair[0].estimate)
        limits = [f"{shown(e.estimate, e.measure)} (without {name})" for e, name in (order[0], order[-1])]
        lines.append(f"They lie between {limits[0]} and {limits[1]}.")
    whole = series.whole
    changed = [name for e, name in seen if whole is not None and _side(e) != _side(whole)]
    lines.append(
        f"Without {listed(changed)} the interval says something else of no effect."
        if changed
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
