"""Rows and columns of a forest whose rows are pooled results."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pdt_evidence.errors import RequestError, require_choice
from pdt_evidence.figures.forests.arms import arms_of, favours_of, turned
from pdt_evidence.figures.forests.columns import chosen_of, effect_columns
from pdt_evidence.figures.forests.layout import check_digits, refuse_mixed, with_digits
from pdt_evidence.figures.forests.records import Column, ForestLayout, ForestOptions
from pdt_evidence.figures.forests.rows import Rows
from pdt_evidence.figures.forests.series import SORTS, Series
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.axis import scale_of
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import counted, percent
from pdt_evidence.results import PooledEffect

__all__ = ["series_layout"]

MOST_MODELS = 5  # whose methods are told apart under the plot
THIN_LINES = "Thin lines: prediction intervals."
OF_STUDIES = ("also", "overall", "difference", "sources", "lights")  # options that rows without studies lack


def series_layout(series: Series, style: Style, options: ForestOptions) -> ForestLayout:
    """Rows and columns of a forest plot of pooled results."""
    _refuse(series, options)
    options = with_digits(options, series.effects)
    first = series.effects[0]
    arms = options.arms or series.arms or arms_of(series.effects)
    columns = chosen_of(_there(series, style), options.columns or _default(series))
    rows = _rows(series, style, options)
    keys = {column.key for column in columns}
    absent = words.not_computed(text for row in rows for key, text in row.cells.items() if key in keys)
    return ForestLayout(
        columns=columns,
        rows=rows,
        scale=scale_of(first.measure),
        title=(series.title or words.heading(series.stratum)) if options.title is None else options.title,
        panel=words.full_measure(first.measure),
        favours=options.favours or favours_of(arms, [] if series.signed else series.studies),
        notes=tuple(
            text for text in (turned(series.studies, arms), *_notes(series, options, absent)) if text
        ),
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
        "pi": [Column(key="pi", head=f"{percent(series.effects[0].level)} PI", left=False, order=3)],
    }


def columns_of_table(series: Series) -> tuple[str, ...]:
    """The columns of a table of models: what a figure draws as thin lines, and tau2, are in cells."""
    known = (("pi", lambda effect: effect.pi[0]), ("tau2", lambda effect: effect.tau2))
    more = [
        name
        for name, value in known
        if series.models and not all(math.isnan(value(effect)) for effect in series.effects)
    ]
    return (*_default(series), *more)


def _default(series: Series) -> tuple[str, ...]:
    known = any(not math.isnan(effect.I2) for effect in series.effects)
    return ("study", "k", "plot", "effect", "I2") if known else ("study", "k", "plot", "effect")


def _rows(series: Series, style: Style, options: ForestOptions) -> tuple[Any, ...]:
    """Headings, one row a result, then what all of them are variations of."""
    rows = Rows(style.format, options, scale_of(series.effects[0].measure), series.levels[:-1])
    if series.over:
        rows.add("heading:all", "heading", cells={"study": series.over}, deepest=True)
    before: tuple[str, ...] = ()
    group = 0
    for n, i in enumerate(_order(series, options.sort)):
        path = series.paths[i]
        if before != path[:-1]:
            _test(rows, series, before, n)
            group = n
        rows.headings(before, path[:-1], n)
        before = path[:-1]
        _row(rows, series, i, group if series.results else n)
    _test(rows, series, before, len(series.effects))
    end = len(series.effects)
    if series.whole is not None:
        rows.overall("All studies: ", series.whole, end, _cells(series, series.whole, rows))
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


def _test(rows: Rows, series: Series, path: tuple[str, ...], n: int) -> None:
    """The test of the rows of a group, below them."""
    if path in series.tests:
        rows.add(f"test:{'/'.join(path)}", "note", pieces=series.tests[path], indent=len(path), stratum=n)


def _row(rows: Rows, series: Series, i: int, n: int) -> None:
    effect, path, level = series.effects[i], series.paths[i], series.levels[-1]
    shown, limits = rows.scale.shown(effect.estimate), rows.shown(effect.ci)
    named = words.told(level, path[-1]) if level or path[-1] else words.title_of(effect)
    rows.add(
        "row:" + "/".join(path),
        "pooled" if i in series.results else "estimate",
        estimate=shown,
        low=limits[0],
        high=limits[1],
        reach=(math.nan, math.nan) if rows.options.prediction == "off" else rows.shown(effect.pi),
        cells={"study": named, **_cells(series, effect, rows), **rows.numbers(shown, limits)},
        indent=len(path) - 1 + bool(series.over),
        stratum=n,
        hue=series.hues[i] if series.hues else 0,
    )


def _cells(series: Series, effect: PooledEffect, rows: Rows) -> dict[str, str]:
    form, reach = rows.form, rows.shown(effect.pi)
    size = str(effect.k)
    if words.clustered(effect) and effect.trials < effect.k and series.counts == "Studies":
        size = f"{effect.trials:g} ({counted(effect.k, 'effect')})"
    return {
        "k": size,
        "pi": rows.numbers(reach[0], reach)["ci"],
        "p": form.p(effect.p),
        "I2": form.number(effect.I2, 0),
        "tau2": form.variance(effect.tau2),
    }


def _notes(series: Series, options: ForestOptions, absent: Sequence[str]) -> tuple[str, ...]:
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
        text.append(THIN_LINES)
    if any(e.k == 1 for e in series.effects) and len(series.effects) > 1 and series.counts == "Studies":
        text.append("Rows of one study show its own interval.")
    text += absent
    whole = [] if series.whole is None else [series.whole]
    shared = (" ".join(text),) if text else ()
    names = [name for _, name in _named(series)] if series.models else ()
    return (*apart, *shared, *words.remarks([*series.effects, *whole], names=names))


def _named(series: Series) -> list[tuple[PooledEffect, str]]:
    level = series.levels[-1]
    names = [words.told(level, path[-1]) if path[-1] else "" for path in series.paths]
    rows = list(zip(series.effects, names, strict=True))
    return rows if series.whole is None else [*rows, (series.whole, "")]
