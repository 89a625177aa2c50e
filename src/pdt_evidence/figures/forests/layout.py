"""From results to rows, columns and words: what a forest plot shows, before anything is drawn.

Every number comes from the results; rows carry an id of their own, so that two studies of one
name stay two rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pdt_evidence.errors import RequestError, require_choice
from pdt_evidence.evidence.short_citations import short_citations
from pdt_evidence.figures.forests.arms import GENERAL, arms_of, directed, favours_of, turned
from pdt_evidence.figures.forests.columns import columns_of
from pdt_evidence.figures.forests.labels import known
from pdt_evidence.figures.forests.records import Column, ForestLayout, ForestOptions, Row
from pdt_evidence.figures.forests.rows import GIVEN, SORTS, Rows, path_of, shared_weights
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.axis import scale_of
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import NOT_REPORTED, RATIOS, decimals_for
from pdt_evidence.options import DIGITS, check_options
from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["check_digits", "forest_layout", "in_order", "levels_of", "refuse_mixed", "with_digits"]

SEVERAL = re.compile(r" / |\+")  # between the sources of a value that was aggregated of several rows
NEGATIVE = (
    "A weight below 0 (hollow point): among the correlated effects of one trial, the less precise ones correct the "
    "more precise ones."
)
NO_BREAK = "\u00a0"
ARMS_SAID = "Arm 1: the therapy under study; arm 2: what it is compared with."
COMPUTED = {"estimate", "ci", "effect", "weight"}  # columns that no source fills
LEVELS = ("comparison", "outcome", "follow_up")  # outermost first; other columns come after


def forest_layout(
    result: PooledEffect | Synthesis, style: Style, options: ForestOptions | None = None
) -> ForestLayout:
    """Rows and columns of a forest plot of one stratum, or of all strata of a synthesis.

    Parameters
    ----------
    result : PooledEffect or Synthesis
    style : Style
        Decides how numbers are printed.
    options : Wishes, optional
        What the caller asked for.
    """
    options = options or ForestOptions()
    strata = [result] if isinstance(result, PooledEffect) else list(result.strata.values())
    strata = [stratum for stratum in strata if stratum.k > 0]
    if not strata:
        raise RequestError("There is nothing to draw: the result holds no study.")
    _refuse(strata, options)
    options = with_digits(options, strata)
    levels, shared = levels_of(strata, result.by if isinstance(result, Synthesis) else (), LEVELS)
    strata = in_order(strata, levels)
    measure = strata[0].measure
    scale = scale_of(measure)
    arms = options.arms or arms_of(strata)
    columns = columns_of(strata, arms, options, style)
    rows = Rows(style.format, options, scale, levels, columns).of(strata)
    return ForestLayout(
        columns=columns,
        rows=rows,
        scale=scale,
        title=words.heading(shared) if options.title is None else options.title,
        panel=panel_head(strata[0], style),
        favours=options.favours or favours_of(arms, strata),
        notes=_notes(strata, rows, columns, options, arms),
        measure=measure,
        fixed_columns=options.columns is not None,
    )


def panel_head(effect: PooledEffect, style: Style) -> str:
    """What stands over the plot: the measure in words, and the model where the style has it there."""
    measure = words.full_measure(effect.measure)
    if not style.model_in_head:
        return measure
    return f"{measure}, {words.model_head(effect).replace(' ', NO_BREAK)}"


def _refuse(strata: Sequence[PooledEffect], options: ForestOptions) -> None:
    """What cannot be drawn on one axis, or is no known option."""
    others = [other for other in (options.overall, *(options.also or {}).values()) if other is not None]
    refuse_mixed([*strata, *others])
    require_choice("sort", options.sort, [None, *SORTS, GIVEN])
    if options.sort == "weight" and not all(len(stratum.weights) for stratum in strata):
        raise RequestError("sort = 'weight' needs weights, and this result has none. Sort by 'precision'.")
    check_digits(options.digits)


def with_digits(options: ForestOptions, effects: Sequence[PooledEffect]) -> ForestOptions:
    """The options with decimals that show the effects, where none are asked for."""
    if options.digits is not None:
        return options
    if any(effect.measure in RATIOS for effect in effects):
        return replace(options, digits=2)
    values = [value for effect in effects for value in (effect.estimate, *effect.yi.tolist())]
    return replace(options, digits=decimals_for(values, 2))


def check_digits(digits: int | None) -> None:
    """Decimals are few and whole."""
    if digits is not None:
        check_options(digits=(digits, DIGITS))


def refuse_mixed(results: Sequence[PooledEffect | Synthesis]) -> None:
    """One axis has one measure."""
    found = sorted({result.measure for result in results})
    if len(found) > 1:
        raise RequestError(
            f"One axis cannot show {', '.join(found)} together. Draw each measure on its own: forest(result[key]) with "
            "the key of a stratum, or a mapping of those of one measure."
        )


def levels_of(
    strata: Sequence[PooledEffect], by: Sequence[str], order: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """The columns that tell the strata apart, outermost first, and the words all of them share."""
    names = list(dict.fromkeys([*by, *(name for stratum in strata for name in stratum.stratum)]))
    names.sort(key=lambda name: order.index(name) if name in order else len(order))
    values = {name: {stratum.stratum.get(name, "") for stratum in strata} for name in names}
    shared = {name: next(iter(values[name])) for name in names if len(values[name]) == 1}
    for name in LEVELS:  # what no stratum is named by may still be one word in all rows
        if name not in names and (word := words.shared_word(strata, name)):
            shared[name] = word
    # What they share is a title: the comparison comes first in it.
    titled = sorted(shared, key=lambda name: LEVELS.index(name) if name in LEVELS else len(LEVELS))
    return [name for name in names if name not in shared], {k: shared[k] for k in titled if shared[k]}


def in_order(strata: list[PooledEffect], levels: Sequence[str]) -> list[PooledEffect]:
    """Strata of one heading side by side: follow-ups in the order of time, others as they first come."""
    first: dict[tuple[str, ...], int] = {}
    times = list(words.WINDOWS)

    def rank(path: tuple[str, ...]) -> tuple[int, int]:
        timed = levels[len(path) - 1] == "follow_up" and path[-1] in times
        return times.index(path[-1]) if timed else len(times), first[path]

    paths = [path_of(stratum, levels) for stratum in strata]
    steps = [[path[: depth + 1] for depth in range(len(levels))] for path in paths]
    for i, path in enumerate(steps):
        for step in path:
            first.setdefault(step, i)
    order = sorted(range(len(strata)), key=lambda i: ([rank(step) for step in steps[i]], i))
    return [strata[i] for i in order]


def _notes(
    strata: Sequence[PooledEffect],
    rows: Sequence[Row],
    columns: Sequence[Column],
    options: ForestOptions,
    arms: tuple[str, str],
) -> tuple[str, ...]:
    if options.prediction == "off":  # then nothing below the plot speaks of it
        strata = [words.without_prediction(stratum) for stratum in strata]
    texts = [_methods(strata)] if options.method else []
    keys = {column.key for column in columns}
    absent = _absent(rows, keys)
    by_lights = absent and any(
        c.signs or c.stands_for for c in columns
    )  # then it belongs to the key of lights
    texts += [words.ABSENT] if absent and not by_lights else []
    texts += words.not_computed(
        text for row in rows for key, text in row.cells.items() if key in keys & COMPUTED
    )
    if arms == GENERAL and (keys & {"n_t", "n_c", "mean_t", "event_t"} or directed(strata)):
        texts.append(ARMS_SAID)
    if "weight" in keys and options.overall is not None and shared_weights(strata, options.overall):
        texts.append("Weights are percentages of the overall estimate.")
    elif "weight" in keys and len(strata) > 1:
        texts.append("Weights are percentages within each group.")
    if any(row.weight < 0 for row in rows):
        texts.append(NEGATIVE)
    notes = [
        text for text in (words.ABSENT if by_lights else "", turned(strata, arms), " ".join(texts)) if text
    ]
    if options.method:
        overall = [options.overall] if options.overall is not None else []
        own = words.remarks([*strata, *overall])
        notes += own
        for name, other in (options.also or {}).items():
            texts = [_methods(_strata_of(other, options)), *words.remarks(_strata_of(other, options))]
            labels = [texts[0], *(line for line in texts[1:] if line not in own)]
            notes.append(f"{name}: {words.inner(' '.join(labels))}")
    sources = _sources(strata, options)
    return (*notes, sources) if sources else tuple(notes)


def _absent(rows: Sequence[Row], keys: Collection[str]) -> bool:
    """Whether a study has something that is not reported in one of the columns that are shown."""
    return any(
        text == NOT_REPORTED
        for row in rows
        if row.kind == "study"
        for key, text in row.cells.items()
        if key in keys and key not in COMPUTED
    )


def _methods(strata: Sequence[PooledEffect]) -> str:
    """Strata of one synthesis share their rules, save that one of them may have no interval."""
    lines = [words.method_line(stratum) for stratum in strata if stratum.k > 1]
    return max(lines, key=len) if lines else words.lone_line(strata[0])


def _strata_of(other: PooledEffect | Synthesis, options: ForestOptions) -> list[PooledEffect]:
    """Those of a further model, as silent on prediction intervals as the figure."""
    strata = [other] if isinstance(other, PooledEffect) else [s for s in other.strata.values() if s.k]
    return [words.without_prediction(s) for s in strata] if options.prediction == "off" else strata


def _sources(strata: Sequence[PooledEffect], options: ForestOptions) -> str:
    requested = options.sources
    if isinstance(requested, str):
        return requested
    available = dict.fromkeys(str(v) for s in strata for v in s.columns.get("source_id", ()) if known(v))
    ids = dict.fromkeys(part for value in available for part in SEVERAL.split(value))
    if requested is None:
        requested = short_citations()  # those that are bundled, the others by the names that they have
    if isinstance(requested, Mapping):
        names = list(dict.fromkeys(requested.get(name, name) for name in ids))
    else:
        names = list(requested)
    return f"Sources: {'; '.join(names)}." if names else ""
