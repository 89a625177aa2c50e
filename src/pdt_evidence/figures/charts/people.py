"""What an effect comes to among a hundred people, drawn as people: without, and with psychodynamic therapy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import known_options
from pdt_evidence.figures.charts.chart import Chart, chart
from pdt_evidence.figures.sheet import words
from pdt_evidence.figures.sheet.people import PEOPLE, arms_of_people, people_of
from pdt_evidence.figures.sheet.settings import drawn
from pdt_evidence.figures.sheet.styles import Style
from pdt_evidence.formatting import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.meaning.absolute import Absolute

__all__ = ["pictograph"]

ROW = 10
APART = 4.0  # columns between the two groups


@drawn
@known_options
def pictograph(
    meaning: Absolute,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float = 150.0,
    height: float = 85.0,
    title: str | None = None,
) -> Axes:
    """Draw a hundred people without and a hundred with the therapy, and who of them responds.

    Parameters
    ----------
    meaning : Absolute
        From `absolute`, with a control rate.
    ax, style, width, height, title
        As in `funnel`.

    Returns
    -------
    Axes
        One dot a person. Gids: "people:either", "people:more" (or "people:fewer" where arm 1 does worse),
        "people:none", once a group.

    Raises
    ------
    RequestError
        Where no rates are known.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> yi, vi = [0.6, 0.2, 0.4, 0.1], [0.04, 0.03, 0.09, 0.05]
    >>> fit = pdt.pool(yi, vi, measure="SMD", labels=["A 2001", "B 2004", "C 2010", "D 2015"])
    >>> meaning = pdt.absolute(fit, control_rate=0.2)
    >>> ax = pdt.pictograph(meaning)
    >>> sorted({mark.get_gid() for mark in ax.collections if mark.get_gid()})
    ['people:either', 'people:more', 'people:none']
    """
    without, with_it = people_of(meaning)
    names = arms_of_people(meaning)
    made = chart(ax, style, width, height, names)
    made.ax.set_xlim(-0.8, 2 * ROW + APART - 0.2)
    made.ax.set_ylim(ROW - 0.3, -0.7)
    handles = _draw(made, meaning, names)
    middle = (ROW - 1) / 2
    below = [
        (middle, f"{names[0][:1].upper()}{names[0][1:]}: {without} of {PEOPLE}"),
        (middle + ROW + APART, f"{names[1]}: {with_it} of {PEOPLE}{_limits(meaning)}"),
    ]
    heading = words.heading(meaning.stratum) if title is None else title
    axes = made.finish(title=heading, x=below, y=None, legend=handles)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def _draw(made: Chart, meaning: Absolute, names: tuple[str, str]) -> list[Any]:
    """Both groups of people; what the legend shows."""
    look = made.style
    without, with_it = people_of(meaning)
    both = min(without, with_it)
    event = meaning.control_arms.what if meaning.control_arms else "response"
    kinds = {
        "either": (look.study, f"{event.capitalize()} with either"),
        "more": (look.prediction, f"{event.capitalize()} with {names[1]} only"),
        "fewer": (look.lights["high"], f"{event.capitalize()} with {names[0]} only"),
        "none": (look.faint, f"No {event}"),
    }
    extra = "more" if with_it > without else "fewer"
    handles: dict[str, Any] = {}
    for group, count in enumerate((without, with_it)):
        first = 0
        for kind, size in (("either", both), (extra, count - both), ("none", PEOPLE - count)):
            places = range(first, first + size)
            first += size
            if size:
                handles[kind] = made.ax.scatter(
                    [n % ROW + group * (ROW + APART) for n in places],
                    [n // ROW for n in places],
                    s=_area(made.room),
                    color=kinds[kind][0],
                    linewidth=0,
                    gid=f"people:{kind}",
                    label=kinds[kind][1],
                    zorder=2,
                )
    return [handles[kind] for kind in kinds if kind in handles]


def _limits(meaning: Absolute) -> str:
    low, high = meaning.rate_ci
    if math.isnan(low + high):
        return ""
    return f"\n({percent(meaning.level)} CI {PEOPLE * low:.0f} to {PEOPLE * high:.0f})"


def _area(room: tuple[float, float]) -> float:
    """Of a dot in square points, so that people of a row do not touch."""
    step = min(room[0] / (2 * ROW + APART), 0.75 * room[1] / ROW)
    return (0.72 * step) ** 2
