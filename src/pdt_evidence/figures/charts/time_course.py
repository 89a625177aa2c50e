"""The trajectory: how an effect goes on after treatment has ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import LINE, LINEAR, Chart, Ruler, along, chart, golden
from pdt_evidence.figures.forests.labels import known
from pdt_evidence.figures.forests.layout import refuse_mixed
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.axis import ordinary, scale_of
from pdt_evidence.figures.sheet.colors import legible
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import counted, percent
from pdt_evidence.results import PooledEffect, Synthesis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["courses_of", "since_start", "trajectory"]

# Where a window stands if its studies do not say their months: its middle, as the windows are by default.
MONTHS = {"post": 0.0, "short": 1.5, "medium": 6.0, "long": 12.0}
SINCE_START = {
    "to 3 months": 1.5,
    "3 to 6 months": 4.5,
    "6 to 12 months": 9.0,
    "12 to 24 months": 18.0,
    "from 24 months": 30.0,
}
SHORT = {"post": "At the end", "short": "Short-term", "medium": "Medium-term", "long": "Long-term"}
SHAPES = ("o", "s", "D", "^", "v", "P", "X")
SWARM = 0.5  # of the room between two windows: how far the trials of one are spread
FEWEST = 3  # trials in a window for a line to lead to it
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Course:
    """One line: the windows of one comparison or outcome in order of time."""

    name: str
    months: tuple[float, ...]
    places: tuple[float, ...]  # across: months, or the number of the window
    effects: tuple[PooledEffect, ...]
    trials: tuple[tuple[Point, ...], ...]


@drawn
@known_options
def trajectory(
    result: Synthesis,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 150.0,
    height: float = 95.0,
    title: str | None = None,
    trials: bool = True,
    months: Mapping[str, float] | None = None,
) -> Axes:
    """Draw effects by time since the end of treatment, or since its start.

    Parameters
    ----------
    result : Synthesis
        By "follow_up", alone or with other columns: each further combination is a line of its own. With
        `clock="start"` the months count from the start.
    ax : Axes, optional
        Where to draw: text and plot together take the box that it has. A new figure of `width` by `height`
        millimetres without it.
    style, title
        As in `forest`.
    width, height : float
        Millimetres, of a new figure.
    trials : bool
        Whether the trials stand behind the pooled effects, those with several follow-ups as lines.
    months : mapping of str to float, optional
        Where each window stands on an axis of months. Without it the windows that there are stand side by side, each
        with the median of the months that its studies state.

    Returns
    -------
    Axes
        Pooled effects with intervals and the k of each. A line with a band joins neighbouring windows of three
        trials or more; one or two trials say too little of a course. An interval many times wider than the
        others is cut off, with an arrow. Windows "unknown" have no place in time and are excluded; a line
        under the axis says so.

    Raises
    ------
    RequestError
        If the synthesis is not by follow-up, no window has a place in time, or the figure is too small.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> rows = pdt.trials(comparison="pdt_vs_control", outcome="anxiety")
    >>> pooled = pdt.synthesize(rows[rows["yi"].notna()])
    >>> ax = pdt.trajectory(pooled)
    >>> pdt.alt_text(pooled, figure="trajectory")
    'Effects by time since the end of treatment (PDT versus control: anxiety), 1 window. At 0 months, 11 studies,
    Hedges’ g 0.48 (95% confidence interval 0.22 to 0.74, favours PDT), 95% prediction interval −0.19 to 1.14.'
    """
    courses, shared, placed, excluded = courses_of(result, months)
    made = chart(ax, style, width, height, [course.name for course in courses])
    handles = [_draw(made, course, n, len(courses), trials) for n, course in enumerate(courses)]
    windows = [] if months else _windows(placed)
    return _finish(made, placed, courses, handles, shared if title is None else title, excluded, windows)


def courses_of(
    result: Synthesis, months: Mapping[str, float] | None = None
) -> tuple[list[_Course], str, list[PooledEffect], int]:
    """The lines of a trajectory, the words they share, their windows, and how many have no place in time."""
    if not isinstance(result, Synthesis):
        raise RequestError(f"A trajectory needs a Synthesis by 'follow_up', found {type(result).__name__}.")
    if "follow_up" not in result.by:
        raise RequestError(
            f"A trajectory needs a synthesis by 'follow_up'; this one is by {', '.join(map(repr, result.by))}."
        )
    places = MONTHS | SINCE_START | dict(months or {})
    strata = [stratum for stratum in result.strata.values() if stratum.k]
    refuse_mixed(strata)
    placed = [s for s in strata if s.stratum.get("follow_up") in places]
    if not placed:
        raise RequestError("No stratum has a place in time. Give `months` for its follow-up words.")
    courses, shared = _courses(placed, result.by, places, months or {})
    return courses, shared, placed, len(strata) - len(placed)


def _courses(
    strata: Sequence[PooledEffect], by: Sequence[str], places: Mapping[str, float], fixed: Mapping[str, float]
) -> tuple[list[_Course], str]:
    names = dict.fromkeys([*by, *(name for stratum in strata for name in stratum.stratum)])
    others = [name for name in names if name != "follow_up"]
    groups: dict[tuple[str, ...], list[PooledEffect]] = {}
    for stratum in strata:
        groups.setdefault(tuple(stratum.stratum.get(name, "") for name in others), []).append(stratum)
    strip = {} if fixed else {word: float(n) for n, (word, _) in enumerate(_windows(strata))}
    varied = [i for i in range(len(others)) if len({key[i] for key in groups}) > 1]
    first = next(iter(groups))
    same = {others[i]: first[i] for i in range(len(others)) if i not in varied}
    found = []
    for key, members in groups.items():
        timed = sorted(
            ((_month(m, places, fixed), m) for m in members),
            key=lambda pair: strip.get(pair[1].stratum["follow_up"], pair[0]),
        )
        name = words.heading({others[i]: key[i] for i in varied}) if varied else ""
        effects = tuple(effect for _, effect in timed)
        at = tuple(strip.get(effect.stratum["follow_up"], month) for month, effect in timed)
        trials = _trials(list(zip(at, effects, strict=True)), SWARM / max(len(groups), 2) if strip else 0.0)
        found.append(_Course(name, tuple(month for month, _ in timed), at, effects, trials))
    order = ("comparison", "outcome")
    same = {name: same[name] for name in sorted(same, key=lambda n: order.index(n) if n in order else 9)}
    return found, words.heading(same)


def since_start(effect: PooledEffect) -> bool:
    """Whether the window of a stratum counts from the start of treatment."""
    return effect.stratum.get("follow_up") in SINCE_START


def _month(effect: PooledEffect, places: Mapping[str, float], fixed: Mapping[str, float]) -> float:
    word = effect.stratum["follow_up"]
    texts = [float(v) for v in effect.columns.get(_clock(effect), ()) if known(v)]
    return float(np.median(texts)) if texts and word not in fixed else places[word]


def _clock(effect: PooledEffect) -> str:
    return "months_since_start" if since_start(effect) else "months_since_end"


def _windows(strata: Sequence[PooledEffect]) -> list[tuple[str, str]]:
    """The windows that there are in order of time, each with the words below it."""
    found: list[tuple[str, str]] = []
    for word in (
        word for word in MONTHS | SINCE_START if any(s.stratum["follow_up"] == word for s in strata)
    ):
        stated = [
            float(value)
            for effect in strata
            if effect.stratum["follow_up"] == word
            for value in effect.columns.get(_clock(effect), ())
            if known(value)
        ]
        median = f"{np.median(stated):.3g}" if stated else ""
        below = f"\n{median} month{'' if median == '1' else 's'}" if stated and word != "post" else ""
        found.append((word, SHORT.get(word, word) + below))
    return found


def _trials(timed: Sequence[tuple[float, PooledEffect]], swarm: float) -> tuple[tuple[Point, ...], ...]:
    """Each trial's effects in order of time; trials are told apart by id, never by name.

    With a `swarm` those of one window are spread sideways by that much, else they stand at their own months.
    """
    scale = scale_of(timed[0][1].measure)
    points: dict[str, list[Point]] = {}
    for month, effect in timed:
        ids: Any = effect.columns.get("trial_id") or effect.labels or [str(i) for i in range(effect.k)]
        own: Any = effect.columns.get(_clock(effect)) or (None,) * effect.k
        spread = swarm * golden(effect.yi)
        for i in range(effect.k):
            x = float(own[i]) if known(own[i]) and not swarm else month + spread[i]
            points.setdefault(str(ids[i]), []).append((x, scale.shown(float(effect.yi[i]))))
    return tuple(tuple(sorted(values)) for values in points.values())


def _draw(made: Chart, course: _Course, n: int, count: int, trials: bool) -> Any:
    """Trials behind, then band and line, then pooled effects with their intervals and k."""
    style, plot = made.style, made.ax
    color = style.palette[n % len(style.palette)]
    shape = SHAPES[(n + n // len(style.palette)) % len(SHAPES)]  # another one when colours come round again
    scale = scale_of(course.effects[0].measure)
    gid = course.name or "all"
    shift = _shift(n, count)
    if trials:
        for points in course.trials:
            x, y = zip(*points, strict=True)
            moved = [month + shift for month in x]
            look: dict[str, Any] = {"alpha": 0.3, "linewidth": 0.7, "marker": "o", "markersize": 2.2}
            plot.plot(moved, y, color=color, markeredgewidth=0, zorder=1.6, gid=f"trial:{gid}", **look)
    x = [place + shift for place in course.places]
    y = [scale.shown(effect.estimate) for effect in course.effects]
    low, high = ([scale.shown(effect.ci[side]) for effect in course.effects] for side in (0, 1))
    for at in _stretches(course.effects):
        known_ends = [i for i in at if not math.isnan(low[i] + high[i])]
        kept = [np.array(values)[known_ends] for values in (x, low, high)]
        plot.fill_between(*kept, color=color, alpha=0.14, linewidth=0, gid=f"band:{gid}", zorder=1.8)
        joined = [np.array(values)[at] for values in (x, y)]
        plot.plot(*joined, color=color, linewidth=1.4, gid=f"course:{gid}", zorder=2.4)
    plot.vlines(x, low, high, color=color, linewidth=1.4, gid=f"intervals:{gid}", zorder=2.5)
    found = plot.scatter(
        x,
        y,
        s=34,
        color=color,
        marker=shape,
        edgecolor=style.paper,
        linewidth=0.7,
        zorder=3,
        gid=f"pooled:{gid}",
        label=course.name,
    )
    return found


def _stretches(effects: Sequence[PooledEffect]) -> list[list[int]]:
    """Runs of two or more neighbouring windows that hold trials enough."""
    runs: list[list[int]] = [[]]
    for i, effect in enumerate(effects):
        trials = effect.k if math.isnan(effect.trials) else effect.trials
        if trials >= FEWEST:
            runs[-1].append(i)
        else:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _cut_off(made: Chart, courses: Sequence[_Course]) -> None:
    """End the axis where the usual intervals and the trials do, with arrows on intervals that go on."""
    effects = [effect for course in courses for effect in course.effects if not math.isnan(sum(effect.ci))]
    scale = scale_of(courses[0].effects[0].measure)
    pairs = [(scale.shown(effect.ci[0]), scale.shown(effect.ci[1])) for effect in effects]
    usual = ordinary(scale, pairs)
    if len(usual) == len(pairs):
        return
    seen = [end for pair in usual for end in pair] + [scale.shown(effect.estimate) for effect in effects]
    trials = [y for course in courses for points in course.trials for _, y in points]
    at = scale.place([*seen, *trials, scale.null])
    margin = 0.06 * (at.max() - at.min())
    low, high = scale.unplace(at.min() - margin), scale.unplace(at.max() + margin)
    made.ax.set_ylim(low, high)
    for n, course in enumerate(courses):
        shift, color = _shift(n, len(courses)), made.style.palette[n % len(made.style.palette)]
        for month, effect in zip(course.places, course.effects, strict=True):
            for end, limit, marker in ((effect.ci[0], low, "v"), (effect.ci[1], high, "^")):
                beyond = scale.shown(end) < low if marker == "v" else scale.shown(end) > high
                if beyond:
                    look: dict[str, Any] = {"marker": marker, "clip_on": False, "linewidth": 0, "zorder": 3}
                    made.ax.scatter([month + shift], [limit], s=22, color=color, gid="arrow", **look)


def _shift(n: int, count: int) -> float:
    """Courses that share a month stand side by side."""
    return min(0.22, 0.8 / count) * (n - (count - 1) / 2)


def _finish(
    made: Chart,
    strata: Sequence[PooledEffect],
    courses: Sequence[_Course],
    handles: Sequence[Any],
    title: str,
    excluded: int,
    windows: Sequence[tuple[str, str]],
) -> Any:
    plot, style = made.ax, made.style
    scale = scale_of(strata[0].measure)
    if scale.log:
        plot.set_yscale("log")
    plot.axhline(scale.null, color=style.muted, linewidth=0.7, gid="no-effect", zorder=1)
    if windows:
        plot.set_xlim(-0.75, len(windows) - 0.25)
    else:
        last = max(max(course.places) for course in courses)
        limits = [x for course in courses for points in course.trials for x, _ in points]
        right = max([last, *limits])
        beside = _shift(len(courses) - 1, len(courses)) + 0.4
        plot.set_xlim(-max(0.06 * right + 0.4, beside), right + max(0.04 * right + 0.6, beside))
    _cut_off(made, courses)
    notes = []
    joined = [sum(map(len, _stretches(course.effects))) == len(course.effects) for course in courses]
    if not all(joined[n] or len(course.effects) == 1 for n, course in enumerate(courses)):
        notes.append(f"Lines join windows of {FEWEST} trials or more.")
    if excluded:
        notes.append(f"Not shown: {counted(excluded, 'group')} without a known time.")
    clock = "start" if since_start(strata[0]) else "end"
    medians = " (median months)" if any("\n" in text for _, text in windows) else ""
    axis = (
        f"Windows after the {clock} of treatment{medians}"
        if windows
        else f"Months since the {clock} of treatment"
    )
    label = "\n".join([axis, *notes])
    measure = words.full_measure(strata[0].measure)
    ylabel = along(f"{measure} ({percent(strata[0].level)}\u00a0CI)", strata)  # never broken there
    made.finish(
        title=title,
        xlabel=label,
        ylabel=ylabel,
        x=[(float(n), text) for n, (_, text) in enumerate(windows)] if windows else LINEAR,
        y=Ruler(scale),
        grid="y",
        above=len(courses),
        legend=handles if len(courses) > 1 else (),
    )
    _counts(made, courses)
    return plot


def _counts(made: Chart, courses: Sequence[_Course]) -> None:
    """k of every window above the plot, one row a course; those of windows close together stand side by side."""
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    plot, style = made.ax, made.style
    base = blended_transform_factory(plot.transData, plot.transAxes)
    low, high = plot.get_xlim()
    month = (high - low) / made.panel[0]  # months a point
    for n, course in enumerate(reversed(courses)):
        color = legible(style.palette[(len(courses) - 1 - n) % len(style.palette)], style.paper)
        up = (3.0 + n * LINE * style.small) / 72
        place = base + ScaledTranslation(0, up, plot.figure.dpi_scale_trans)
        texts = [_size(effect) for effect in course.effects]
        widths = [(made.face.width(text, style.small) + 4) * month for text in texts]
        places = _side_by_side(course.places, widths, low, high)
        for x, text, effect in zip(places, texts, course.effects, strict=True):
            look = {"color": color, "ha": "center", "transform": place, "va": "bottom"}
            made.text(x, 1.0, text, f"k:{course.name or 'all'}:{effect.stratum['follow_up']}", **look)


def _size(effect: PooledEffect) -> str:
    several = not math.isnan(effect.trials) and effect.trials != effect.k
    return f"k = {effect.k} ({counted(effect.trials, 'trial')})" if several else f"k = {effect.k}"


def _side_by_side(at: Sequence[float], widths: Sequence[float], low: float, high: float) -> list[float]:
    """Middles as near to `at` as widths and both ends allow."""
    found = list(at)
    for order, end, sign in ((range(len(at)), low, 1), (range(len(at) - 1, -1, -1), high, -1)):
        edge = end
        for i in order:
            found[i] = sign * max(sign * found[i], sign * edge + widths[i] / 2)
            edge = found[i] + sign * widths[i] / 2
    return found
