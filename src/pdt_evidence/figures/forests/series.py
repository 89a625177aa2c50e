"""Pooled results as rows: strata, models, steps of a series, treatments of a network.

`ADAPTERS` has for every kind of result how it comes to such rows; one layout serves them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, require_choice
from pdt_evidence.figures.forests.arms import arms_of, favours_of, turned
from pdt_evidence.figures.forests.columns import chosen_of, effect_columns
from pdt_evidence.figures.forests.layout import check_digits, in_order, levels_of, refuse_mixed
from pdt_evidence.figures.forests.records import Column, ForestLayout, ForestOptions
from pdt_evidence.figures.forests.rows import Rows, path_of
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.axis import scale_of
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import Format
from pdt_evidence.results import PooledEffect, Synthesis

if TYPE_CHECKING:
    from pdt_evidence.analysis.bias.overview import Bias
    from pdt_evidence.analysis.networks.result import Network
    from pdt_evidence.analysis.robustness.refits import PooledSeries

__all__ = ["ADAPTERS", "Series", "kind_of", "series_layout", "series_of"]

MOST_MODELS = 5  # whose methods are told apart under the plot
LEVELS = ("outcome", "follow_up")  # headings, outermost first; the comparison comes last, as the row
OF_STUDIES = ("also", "overall", "difference", "sources", "lights")  # options that rows without studies lack
SORTS: dict[str, Callable[[PooledEffect, str], Any]] = {
    "effect": lambda effect, _: effect.estimate,
    "precision": lambda effect, _: effect.se,
    "label": lambda _, name: name.casefold(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Results in order with the words that stand for each: headings, then the row's own."""

    effects: Sequence[PooledEffect]
    paths: Sequence[tuple[str, ...]]
    title: str = ""
    stratum: Mapping[str, str] = field(
        default_factory=dict
    )  # what all rows share, a title where there is none
    levels: Sequence[str] = ("",)  # the columns that the words of a path are of
    head: str = ""
    over: str = ""  # a heading above all rows
    hues: Sequence[int] = ()
    arms: tuple[str, str] | None = None
    counts: str = "Studies"  # what k is the number of
    whole: PooledEffect | None = None  # what all rows are variations of: a diamond below them
    spread: Any = None  # heterogeneity that the rows share
    in_turn: bool = False  # each row builds on the one before
    signed: bool = False  # above no effect is good for the row's own treatment
    models: bool = False  # the rows are models, each with a method of its own
    notes: Sequence[str] = ()

    @property
    def studies(self) -> Sequence[PooledEffect]:
        """The results that hold the rows' studies, each study once."""
        if self.whole is not None:
            return [self.whole]
        return self.effects[:1] if self.models else self.effects


def kind_of(result: Any, kinds: Mapping[str, Any]) -> str:
    """Which of `kinds` a result is, by the names of its classes, so that asking imports none; "" for none."""
    names = [cls.__name__ for cls in type(result).__mro__]
    names += ["Mapping"] if isinstance(result, Mapping) else []
    return next((name for name in names if name in kinds), "")


def series_of(result: Any) -> Series:
    """The rows of a result of one of the kinds of `ADAPTERS`."""
    return ADAPTERS[kind_of(result, ADAPTERS)](result)


def _of_strata(synthesis: Synthesis) -> Series:
    strata = [stratum for stratum in synthesis.strata.values() if stratum.k]
    _refuse_empty(strata)
    by = synthesis.by
    order = (*LEVELS, *(name for name in by if name not in (*LEVELS, "comparison")), "comparison")
    levels, shared = levels_of(strata, by, order)
    strata = in_order(strata, levels)
    kinds = list(dict.fromkeys(stratum.stratum.get("comparison", "") for stratum in strata))
    return Series(
        effects=strata,
        paths=[path_of(stratum, levels) or ("",) for stratum in strata],
        stratum=shared,
        levels=levels or [""],
        hues=[kinds.index(stratum.stratum.get("comparison", "")) for stratum in strata],
    )


def _of_mapping(results: Mapping[str, PooledEffect]) -> Series:
    if not all(isinstance(effect, PooledEffect) for effect in results.values()):
        found = sorted({type(effect).__name__ for effect in results.values()} - {"PooledEffect"})
        raise RequestError(
            f"A mapping of names to PooledEffect is drawn as rows; this one holds {', '.join(found)}."
        )
    effects = [effect for effect in results.values() if effect.k]
    _refuse_empty(effects)
    stratum = dict(effects[0].stratum)
    same = all(dict(effect.stratum) == stratum for effect in effects)
    paths = [(str(name),) for name, effect in results.items() if effect.k]
    return Series(effects=effects, paths=paths, stratum=stratum if same else {}, models=True)


def _of_bias(found: Bias) -> Series:
    """The methods that apply, the uncorrected estimate first and told apart; why the others do not, below."""
    effects = found.effects()
    _refuse_empty(list(effects.values()))
    heading = words.heading(found.stratum)
    return Series(
        effects=list(effects.values()),
        paths=[(name[0].upper() + name[1:],) for name in effects],
        title=f"{heading}: corrected for publication bias" if heading else "Corrected for publication bias",
        head="Method",
        hues=[int(name != "uncorrected") for name in effects],
        counts="Effects" if found.trials < found.k else "Studies",
        notes=[f"Not shown: {'; '.join(found.silent)}."] if found.silent else [],
    )


def _of_refits(series: PooledSeries) -> Series:
    """Each step a row; below them the fit of all studies."""
    full = series.full
    shared = {name: getattr(series, name) for name in ("measure", "method", "test", "level", "pi_rule")}
    effects = [
        PooledEffect(
            **shared,
            **_numbers(series, i),
            k=int(series.k[i]),
            ci=(float(series.ci[i][0]), float(series.ci[i][1])),
            pi=(float(series.pi[i][0]), float(series.pi[i][1])),
        )
        for i in range(len(series))
    ]
    in_turn = series.kind == "cumulative"
    return Series(
        effects=effects,
        paths=[(name,) for name in series.labels],
        stratum=levels_of([full], (), LEVELS)[1],
        head="Study added" if in_turn else "Study left out",
        arms=arms_of([full]),
        whole=full,
        in_turn=in_turn,
    )


def _numbers(series: PooledSeries, i: int) -> dict[str, Any]:
    names = ("estimate", "se", "p", "df", "tau2", "I2")
    return {name: float(getattr(series, name)[i]) for name in names}


def _of_network(network: Network) -> Series:
    """Every other treatment against the reference, the largest effect first; k counts direct studies."""
    names = list(network.treatments)
    base = names.index(network.reference)
    others = sorted((i for i in range(len(names)) if i != base), key=lambda i: -network.estimates[i, base])
    effects = [
        PooledEffect(
            measure=network.measure,
            method=network.method,
            test="z",
            level=network.level,
            k=int(network.direct.k[i, base]),
            estimate=float(network.estimates[i, base]),
            se=float(network.standard_errors[i, base]),
            ci=(float(network.ci_low[i, base]), float(network.ci_high[i, base])),
            p=network.comparison(names[i], network.reference).p,
        )
        for i in others
    ]
    reference = words.within("", network.reference)
    size = f"{network.k} {'study' if network.k == 1 else 'studies'} of {len(names)} treatments"
    return Series(
        effects=effects,
        paths=[(names[i],) for i in others],
        title="Network meta-analysis",
        head="Treatment",
        over=f"Against {reference}",
        arms=("treatment", reference),
        counts="Direct studies",
        signed=True,
        spread=network,
        notes=(
            f"Network of {size}; direct studies compare a treatment with {reference} themselves.",
            *(words.in_signs(note) for note in network.notes),
        ),
    )


def _refuse_empty(effects: Sequence[PooledEffect]) -> None:
    if not effects:
        raise RequestError("There is nothing to draw: no result holds a study.")


ADAPTERS: dict[str, Callable[[Any], Series]] = {
    "Synthesis": _of_strata,
    "PooledSeries": _of_refits,
    "Influence": lambda found: _of_refits(found.leave_one_out),
    "Network": _of_network,
    "Bias": _of_bias,
    "Mapping": _of_mapping,
}


def series_layout(series: Series, style: Style, options: ForestOptions) -> ForestLayout:
    """Rows and columns of a forest plot of pooled results."""
    _refuse(series, options)
    first = series.effects[0]
    arms = options.arms or series.arms or arms_of(series.effects)
    return ForestLayout(
        columns=chosen_of(_there(series, style), options.columns or _default(series)),
        rows=_rows(series, style, options),
        scale=scale_of(first.measure),
        title=(series.title or words.heading(series.stratum)) if options.title is None else options.title,
        panel=words.full_measure(first.measure),
        favours=options.favours or favours_of(arms, [] if series.signed else series.studies),
        notes=tuple(text for text in (turned(series.studies, arms), *_notes(series, options)) if text),
        measure=first.measure,
        fixed_columns=options.columns is not None,
    )


def _refuse(series: Series, options: ForestOptions) -> None:
    refuse_mixed([*series.effects, *([series.whole] if series.whole else [])])
    vain = [name for name in OF_STUDIES if getattr(options, name)]
    if vain:
        raise RequestError(
            f"{', '.join(vain)}: an option for rows that are studies; these are pooled results. Leave it out, or draw "
            "a PooledEffect or a Synthesis by forest."
        )
    require_choice("sort", options.sort, [None, *SORTS])
    if options.sort and series.in_turn:
        raise RequestError(
            f"sort = {options.sort!r}: every row of a cumulative series holds the studies above it. "
            "Ask `cumulative` for another order."
        )
    check_digits(options.digits)


def _there(series: Series, style: Style) -> Mapping[str, list[Column]]:
    return {
        "study": [Column(key="study", head=series.head, align="left")],
        "k": [Column(key="k", head=series.counts)],
        "plot": [],
        "effect": effect_columns(series.effects[0], style),
        "p": [Column(key="p", head="p", left=False, order=1)],
        "I2": [Column(key="I2", head="I² (%)", left=False, order=2)],
        "tau2": [Column(key="tau2", head="τ²", left=False, order=2)],
    }


def _default(series: Series) -> tuple[str, ...]:
    known = any(not math.isnan(effect.I2) for effect in series.effects)
    return ("study", "k", "plot", "effect", "I2") if known else ("study", "k", "plot", "effect")


def _rows(series: Series, style: Style, options: ForestOptions) -> tuple[Any, ...]:
    """Headings, one row a result, then what all of them are variations of."""
    rows = Rows(style.format, options, scale_of(series.effects[0].measure), series.levels[:-1])
    if series.over:
        rows.add("heading:all", "heading", cells={"study": series.over}, deepest=True)
    before: tuple[str, ...] = ()
    for n, i in enumerate(_order(series, options.sort)):
        path = series.paths[i]
        rows.headings(before, path[:-1], n)
        before = path[:-1]
        _row(rows, series, i, n)
    end = len(series.effects)
    if series.whole is not None:
        rows.overall("All studies: ", series.whole, end, _cells(series.whole, rows.form))
    if series.spread is not None:
        rows.heterogeneity("heterogeneity:all", series.spread, 0, end)
    return tuple(rows.rows)


def _order(series: Series, sort: str | None) -> list[int]:
    """Rows as asked for, under their headings as those come."""
    order = list(range(len(series.effects)))
    if sort is None:
        return order
    heads = list(dict.fromkeys(path[:-1] for path in series.paths))
    key = SORTS[sort]
    return sorted(
        order,
        key=lambda i: (heads.index(series.paths[i][:-1]), key(series.effects[i], series.paths[i][-1])),
    )


def _row(rows: Rows, series: Series, i: int, n: int) -> None:
    effect, path, level = series.effects[i], series.paths[i], series.levels[-1]
    shown, limits = rows.scale.shown(effect.estimate), rows.shown(effect.ci)
    named = words.told(level, path[-1]) if level or path[-1] else words.title_of(effect)
    rows.add(
        "row:" + "/".join(path),
        "estimate",
        estimate=shown,
        low=limits[0],
        high=limits[1],
        reach=(math.nan, math.nan) if rows.options.prediction == "off" else rows.shown(effect.pi),
        cells={"study": named, **_cells(effect, rows.form), **rows.numbers(shown, limits)},
        indent=len(path) - 1 + bool(series.over),
        stratum=n,
        hue=series.hues[i] if series.hues else 0,
    )


def _cells(effect: PooledEffect, form: Format) -> dict[str, str]:
    return {
        "k": f"{effect.trials:g}" if words.clustered(effect) else str(effect.k),
        "p": form.p(effect.p),
        "I2": form.number(effect.I2, 0),
        "tau2": form.variance(effect.tau2),
    }


def _notes(series: Series, options: ForestOptions) -> tuple[str, ...]:
    if not options.method:
        return ()
    silent = options.prediction == "off"
    lines: dict[str, list[str]] = {}
    for effect, name in _named(series):
        if effect.k != 1:
            line = words.method_line(words.without_prediction(effect) if silent else effect)
            lines.setdefault(line, []).append(name)
    apart: list[str] = []
    if series.models and 1 < len(lines) <= MOST_MODELS:
        apart = [f"{'; '.join(names)}: {words.inner(line)}" for line, names in lines.items()]
    # Of more than two a line would say something that holds for some rows only.
    text = [max(lines, key=len)] if lines and len(lines) <= 2 and not apart else []
    text += series.notes
    if options.prediction != "off" and any(not math.isnan(effect.pi[0]) for effect in series.effects):
        text.append("Thin lines: prediction intervals.")
    if any(e.k == 1 for e in series.effects) and len(series.effects) > 1 and series.counts == "Studies":
        text.append("Rows of one study show its own interval.")
    whole = [] if series.whole is None else [series.whole]
    shared = (" ".join(text),) if text else ()
    return (*apart, *shared, *words.remarks([*series.effects, *whole]))


def _named(series: Series) -> list[tuple[PooledEffect, str]]:
    rows = [(effect, path[-1]) for effect, path in zip(series.effects, series.paths, strict=True)]
    return rows if series.whole is None else [*rows, (series.whole, "")]
