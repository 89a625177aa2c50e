"""A meta-regression drawn: every study at its value of the moderator, the regression with its intervals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.errors import RequestError, known_options
from pdt_evidence.figures.charts.chart import MM, Chart, Ruler, chart
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.colors import mixed
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import RATIOS, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.regression.location_scale import LocationScale
    from pdt_evidence.analysis.regression.result import MetaRegression

__all__ = ["Bubbles", "bubble", "bubbles_of"]

Array = NDArray[np.float64]
KINDS = ("MetaRegression", "ClusteredMetaRegression", "LocationScale")
POINTS = 60  # of the line
LARGEST = 3.9 * MM  # diameter of the study that weighs most
BESIDE = 0.08  # of the range that is free on both sides
APART = 0.16  # of the distance of two levels: how far studies of one level stand apart at most


class Term(NamedTuple):
    """A moderator: the levels of a factor, and its columns in the design of the mean and in that of log tau2."""

    levels: tuple[str, ...]  # () for a number
    columns: tuple[list[int], ...]  # one list a design, empty where it has not the moderator


class Bubbles(NamedTuple):
    """What is drawn of a regression."""

    moderator: str
    levels: tuple[str, ...]  # of a factor, at 0, 1, ...; () for a number
    x: Array  # of each study
    weights: Array  # percent
    at: Array  # where the regression is drawn
    fitted: Any  # DataFrame: estimate ci_low ci_high pi_low pi_high at each


@known_options
def bubble(
    regression: MetaRegression | LocationScale,
    moderator: str | None = None,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 130.0,
    height: float = 95.0,
    title: str = "",
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Axes:
    """Draw the studies of a meta-regression against a moderator, with the regression and its intervals.

    Parameters
    ----------
    regression : MetaRegression or LocationScale
        From `metareg`, with or without clusters, with or without `scale`: with it the prediction interval is as wide
        as tau2 at each place says, and bubbles weigh by the tau2 of their own study.
    moderator : str, optional
        The term that runs along the axis, as the coefficients name it ("year", "rating"), of the mean or of the scale;
        the first without it. Other moderators stay at their mean over the studies.
    ax, style, width, height, title
        As in `funnel`.

    xlabel, ylabel : str, optional
        What stands at the axes; without them the moderator, and the measure of the effects, in words.

    Returns
    -------
    Axes
        Areas of the bubbles are proportional to the weights, of which the legend shows three. Gids: "studies",
        "regression", "ci", "pi" (of a factor: one mark a level). Where tau2 is 0 both intervals are one, and so
        is what is drawn ("ci").

    Raises
    ------
    RequestError
        For another kind of result, a moderator that the model does not have, or a model without any.

    Examples
    --------
    >>> import pandas as pd
    >>> import pdt_evidence as pdt
    >>> table = pd.DataFrame({"yi": [0.6, 0.2, 0.4, 0.1], "vi": [0.04, 0.03, 0.09, 0.05],
    ...                       "year": [2001, 2004, 2010, 2015]})
    >>> regression = pdt.metareg("yi ~ year", table)
    >>> ax = pdt.bubble(regression)
    >>> pdt.alt_text(regression, figure="bubble")
    '4 studies against year; mean effect 0.45 (95% confidence interval -0.18 to 1.09) at 2001; 0.11 (95% confidence
    interval -0.72 to 0.94) at 2015.'
    """
    found = bubbles_of(regression, moderator)
    levels = level_words(found)
    made = chart(ax, style, width, height, levels)
    low, high = float(found.at.min()), float(found.at.max())
    room = BESIDE * (high - low) if not found.levels else 0.6
    made.ax.set_xlim(low - room, high + room)
    rows = found.fitted
    reach = np.concatenate([regression.yi, rows["ci_low"], rows["ci_high"], rows["pi_low"], rows["pi_high"]])
    reach = reach[np.isfinite(reach)]
    made.ax.set_ylim(reach.min() - 0.06 * np.ptp(reach), reach.max() + 0.06 * np.ptp(reach))
    drawn = _levels(made, found, regression.level) if found.levels else _line(made, found, regression.level)
    look = made.style
    made.ax.axhline(0.0, color=look.faint, linewidth=0.7, zorder=1.5, gid="zero")
    areas = LARGEST**2 * found.weights / found.weights.max()
    made.ax.scatter(
        found.x,
        regression.yi,
        s=areas,
        color=look.study,
        alpha=0.55,
        linewidth=0.6,
        edgecolor=look.paper,
        gid="studies",
        zorder=2,
    )
    return made.finish(
        title=title,
        xlabel=moderator_words(found) if xlabel is None else xlabel,
        ylabel=_measured(regression.measure) if ylabel is None else ylabel,
        legend=[*drawn, *_sizes(made, found)],
        x=list(enumerate(levels)) if levels else Ruler(whole=bool((found.x == np.round(found.x)).all())),
    )


def _measured(measure: str) -> str:
    """The measure as the axis has it: ratios are regressed as logarithms."""
    name = words.full_measure(measure)
    return f"{name} (logarithm)" if measure in RATIOS else name


def moderator_words(found: Bubbles) -> str:
    """The moderator as a reader knows it: "Number of sessions" of n_sessions, and of C(n_sessions)."""
    return words.spoken(_column(found))


def level_words(found: Bubbles) -> list[str]:
    """The levels of a factor as a reader knows them; a short therapy is no short-term follow-up."""
    timed = _column(found) == "follow_up"
    return [
        level[:1].upper() + level[1:] if level in words.WINDOWS and not timed else words.spoken(level)
        for level in found.levels
    ]


def _column(found: Bubbles) -> str:
    factor = re.fullmatch(r"C\((.+)\)", found.moderator)
    return factor[1] if factor else found.moderator


def bubbles_of(regression: Any, moderator: str | None = None) -> Bubbles:
    """Where studies and regression stand along a moderator."""
    if type(regression).__name__ not in KINDS:
        raise RequestError(f"bubble() draws what metareg() gives, found {type(regression).__name__}.")
    designs = [(regression.design, regression.spec)]
    if type(regression).__name__ == "LocationScale":
        designs.append((regression.scale_design, regression.scale_spec))
    terms = _terms(designs)
    name = next(iter(terms), "") if moderator is None else _named(str(moderator), terms)
    if not name:
        raise RequestError("The model has no moderator to draw: bubble() needs one in the formula.")
    levels = terms[name].levels
    X, columns = next((X, own) for (X, _), own in zip(designs, terms[name].columns, strict=True) if own)
    weights = 100 / (regression.vi + regression.tau2)
    weights = 100 * weights / weights.sum()
    if levels:
        own = X[:, columns]
        x = np.where(own.any(axis=1), own.argmax(axis=1) + len(levels) - len(columns), 0).astype(float)
        at, x = np.arange(len(levels), dtype=float), _spread(x, regression.yi)
    else:
        x = X[:, columns[0]]
        at = np.linspace(x.min(), x.max(), POINTS)
    rows = [_rows(X, own, at, levels) for (X, _), own in zip(designs, terms[name].columns, strict=True)]
    return Bubbles(name, levels, x, weights, at, regression.at_design(*rows))


def _rows(X: Array, columns: list[int], at: Array, levels: tuple[str, ...]) -> Array:
    """Rows of a design along the moderator, the others at their mean."""
    rows = np.repeat(X.mean(axis=0)[None], len(at), axis=0)
    if columns:
        rows[:, columns] = np.eye(len(levels))[:, len(levels) - len(columns) :] if levels else at[:, None]
    return rows


def _terms(designs: list[tuple[Array, Any]]) -> dict[str, Term]:
    """Each term of one factor but the intercept."""
    found: dict[str, Term] = {}
    for place, (X, spec) in enumerate(designs):
        contrasts = {str(factor): state.levels for factor, state in spec.factor_contrasts.items()}
        for term, columns in spec.term_indices.items():
            name, columns = str(term), list(columns)
            levels = tuple(map(str, contrasts.get(name, ())))
            if ":" in name or not np.ptp(X[:, columns], axis=0).any() or not (levels or len(columns) == 1):
                continue
            none = Term(levels, tuple([] for _ in designs))
            found.setdefault(name, none).columns[place].extend(columns)
    return found


def _named(moderator: str, terms: dict[str, Term]) -> str:
    """The term that is meant: C(rating) by the name of its column as well."""
    for name in (moderator, f"C({moderator})"):
        if name in terms:
            return name
    raise RequestError(
        f"The model has no moderator {moderator!r} to draw. It has: {', '.join(terms) or 'none'}."
    )


def _spread(x: Array, y: Array) -> Array:
    """Studies of one level side by side in the order of their effects, so that none hides another."""
    out = x.copy()
    for level in np.unique(x):
        own = np.flatnonzero(x == level)
        order = np.argsort(np.argsort(y[own]))
        out[own] += APART * ((order % 3) - 1) if len(own) > 2 else 0.0
    return out


def _intervals(rows: Any) -> list[tuple[str, str]]:
    """The intervals that are drawn, the wider first: one where tau2 is 0, so that both are the same."""
    if all(np.allclose(rows[f"ci_{end}"], rows[f"pi_{end}"], equal_nan=True) for end in ("low", "high")):
        return [("ci", "confidence and prediction interval (τ² = 0)")]
    return [("pi", "prediction interval"), ("ci", "confidence interval")]


def _line(made: Chart, found: Bubbles, level: float) -> list[Any]:
    """The regression with its two bands."""
    look, rows = made.style, found.fitted
    bands = []
    for kind, name in _intervals(rows):
        tone, share = (look.prediction, 0.84) if kind == "pi" else (look.muted, 0.7)
        color = mixed(tone, look.paper, share)  # opaque, so that one over the other is as the legend has it
        label = f"{percent(level)} {name}"
        low, high = rows[f"{kind}_low"], rows[f"{kind}_high"]
        bands.append(
            made.ax.fill_between(
                found.at, low, high, color=color, linewidth=0, gid=kind, label=label, zorder=1
            )
        )
    line = made.ax.plot(
        found.at,
        rows["estimate"],
        color=look.ink,
        linewidth=1.3,
        gid="regression",
        label="Regression",
        zorder=3,
    )
    return [*line, *bands[::-1]]


def _levels(made: Chart, found: Bubbles, level: float) -> list[Any]:
    """The mean of each level with its two intervals."""
    look, rows = made.style, found.fitted
    handles = []
    for kind, name in _intervals(rows):
        color, width = (look.prediction, 1.0) if kind == "pi" else (look.ink, 3.2)
        label = f"{percent(level)} {name}"
        spans = (rows[f"{kind}_low"], rows[f"{kind}_high"])
        handles.append(
            made.ax.vlines(
                found.at + 0.3, *spans, color=color, linewidth=width, gid=kind, label=label, zorder=2.5
            )
        )
    mark = made.ax.scatter(
        found.at + 0.3,
        rows["estimate"],
        marker="D",
        s=34,
        color=look.paper,
        edgecolor=look.ink,
        linewidth=1.0,
        gid="regression",
        label="Mean",
        zorder=3,
    )
    return [mark, *handles[::-1]]


def _sizes(made: Chart, found: Bubbles) -> list[Any]:
    """Three bubbles of the legend: the least, the middle and the largest weight."""
    values = np.unique([found.weights.min(), np.median(found.weights), found.weights.max()].copy())
    return [
        made.ax.scatter(
            [],
            [],
            s=LARGEST**2 * value / found.weights.max(),
            color=made.style.study,
            alpha=0.55,
            linewidth=0,
            label=f"{made.style.format.number(float(value), 1)}% of the weight",
        )
        for value in values
    ]
