"""The forest plot: results to layout, layout to places, places to marks on Axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from pdt_evidence.errors import RequestError, did_you_mean, known_options, require_choice, warn
from pdt_evidence.figures.forests.drawables import drawable
from pdt_evidence.figures.forests.ends import grounds, limits_of, zone_of
from pdt_evidence.figures.forests.layout import forest_layout
from pdt_evidence.figures.forests.options import check_options
from pdt_evidence.figures.forests.place import place
from pdt_evidence.figures.forests.records import ForestLayout, ForestOptions, Row
from pdt_evidence.figures.forests.series import Series
from pdt_evidence.figures.forests.series_layout import series_layout
from pdt_evidence.figures.sheet.options import millimetres, numbers
from pdt_evidence.figures.sheet.settings import drawn, plain_axes
from pdt_evidence.figures.sheet.styles import MANY, Style, style_of, suited

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pdt_evidence.analysis.regression.subgroups import SubgroupComparison
    from pdt_evidence.figures.forests.drawables import Drawable
    from pdt_evidence.figures.forests.placement import PlacedRow, Placement
    from pdt_evidence.figures.sheet.vector import Vector
    from pdt_evidence.results import PooledEffect, Synthesis

__all__ = ["forest", "forest_pages"]

PREDICTIONS = ("bar", "band", "line", "off")
MM = 72 / 25.4
SUMMARY = ("pooled", "prediction", "note")


@drawn
@known_options
def forest(
    result: Drawable,
    *,
    ax: Axes | None = None,
    style: str | Style = "default",
    width: float | None = None,
    title: str | None = None,
    columns: Sequence[str] | None = None,
    arms: tuple[str, str] | None = None,
    favours: tuple[str, str] | None = None,
    sources: str | Sequence[str] | Mapping[str, str] | None = None,
    lights: Sequence[str] = (),
    sort: str | None = None,
    also: Mapping[str, PooledEffect | Synthesis] | None = None,
    overall: PooledEffect | None = None,
    difference: SubgroupComparison | None = None,
    margins: float | tuple[float, float] | None = None,
    lines: Sequence[float] = (),
    xlim: tuple[float, float] | None = None,
    digits: int | None = None,
    prediction: str = "bar",
    heterogeneity: bool = True,
    method: bool = True,
) -> Axes:
    """Draw a result as a forest: studies with what they come to, or pooled results one below the other.

    Parameters
    ----------
    result : result, table or mapping
        A pooled effect of k effects has k rows and what they come to [1]_; a synthesis the same for each stratum, in
        groups, comparison around outcome around follow-up. A table has a row an effect, with the columns of `trials`,
        or `study`, `yi` and `vi`; it is pooled first, by comparison, outcome and follow-up as far as it has them. A
        `leave_one_out`, `influence` or `cumulative` of k studies has k rows and the fit of all below; a `network` of t
        treatments t - 1, each against its reference, the largest effect first; a mapping of names to pooled effects,
        `bias`, `moderators` and `pdt_against_cbt` one for each result.
    ax : Axes, optional
        Where to draw: text and plot together take the box that it has. Without it, a figure of
        the right size is made; one of more than 60 studies has its rows closer together, and a warning names
        `forest_pages`.
    style : str or Style
        "default", "dark", "revman", "jama", "bmj", "lancet", "apa"; "slide" with text of 16 points (never less
        than 12) and thicker lines, as wide as a slide; or a record of your own.
    width : float, optional
        Width of a new figure in millimetres (journal columns: 85 and 170); as wide as the text
        needs, and at most 182 (style "slide": 325) if it can be, without it.
    title : str, optional
        Instead of the words of the stratum; "" for none.
    columns : sequence of str, optional
        Text columns in order: "study", "n", "effect", "weight" or any of the result's own
        columns; "plot" stands for the plot, "arms" for means, SDs, events and patients of each arm, "counts" for
        these in one column an arm ("No of events / total"), "bias" for the lights of all columns named "rob" or
        "rob_...". Without it those of the style, in its order, of which half of the studies or more have something;
        a narrow figure leaves out the weight first, then n. Where rows
        are pooled results: "study", "k", "effect", "p", "I2", "tau2", "pi".
    arms : (str, str), optional
        Names of arm 1 and arm 2, for the heads of n and the two directions.
    favours : (str, str), optional
        What stands left and right of no effect, instead of "Favours ..." with the arms' names;
        ("", "") for nothing, where an effect above 0 is not one that favours arm 1.
    sources : str, sequence or mapping, optional
        The line under the plot: a text, names, or a name for each `source_id` (bundled ones are cited by author and
        year without it); "" for none.
    lights : sequence of str, optional
        Columns of judgements to show as traffic lights, right of the plot where `columns` does not name them.
        Columns of `columns` named "rob" or "rob_..." are lights without being named here. Lights are drawn where
        each cell is a judgement ("low", "some concerns", "high", ...), its sign (+ ? −) or its letter (L S H U);
        a dash beside words, an empty cell and "NA" are not reported; a number is no judgement.
    sort : {"year", "effect", "precision", "weight", "label", "given"}, optional
        Order of the studies within their stratum: by year where each has one, in its column or at the end of its
        label, else by effect; "given": as in the result. Rows of one trial in a model of several effects a trial stay
        together.
        Pooled results: "effect", "precision" or "label".
    also : mapping of str to PooledEffect or Synthesis, optional
        The same studies by further models: a diamond and an interval each, under the first, in a
        colour of their own and named by their key; the note has a line on each model.
    overall : PooledEffect, optional
        What all strata come to, below them. If it rests on the very rows of the strata, weights are
        percentages of it.
    difference : SubgroupComparison, optional
        The test of the groups against one another, as `compare_subgroups` gives it; a line below them.
    margins : float or (float, float), optional
        A margin of equivalence, shaded; one number stands for both sides of no effect.
    lines : sequence of float, optional
        Further reference values, as dotted lines; ratios on their natural scale.
    xlim : (float, float), optional
        Ends of the axis, ratios on their natural scale. Intervals that go on beyond get arrows.
    digits : int, optional
        Decimals of effects; two without it, and more where all effects are so small that two would say nothing. A
        ratio and the end of an interval have one more where they would be printed as 0 or as no effect.
    prediction : {"bar", "band", "line", "off"}
        The prediction interval: a row of its own, that row and a shaded band behind the studies, a line
        through the diamond, or nothing. Rows that are pooled results have theirs as a thin line.
    heterogeneity, method : bool
        Whether to write Q, I2 and tau2 under each summary, and the methods under the plot.

    Returns
    -------
    Axes
        Its x axis is the effect axis (logarithmic for ratios), its y axis runs down the rows. The plot is headed
        by the measure in full, the column by its short name; a standardised mean difference is Hedges' g. Marks
        and texts carry gids: "intervals", "squares", "diamonds", "study:...:estimate" and so on.

    Raises
    ------
    RequestError
        For an unknown option, one that says nothing of this kind of result, a column that is not there, or
        a result that has no forest. Where even text of the style's smallest size does not fit the width or
        the Axes given: nothing is printed over anything else.

    References
    ----------
    .. [1] Lewis S, Clarke M. BMJ 322 (2001) 1479-1480. doi:10.1136/bmj.322.7300.1479

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> ax = pdt.forest(pdt.pool([0.6, 0.2, 0.4], [0.04, 0.03, 0.09], labels=["A 2001", "B 2004", "C 2010"]))
    >>> [text.get_text() for text in ax.texts if text.get_gid() == "head:study:1"]
    ['Study']
    """
    layout, chosen, width, limits, extras = options_of(
        drawable(result),
        style=style,
        width=width,
        title=title,
        columns=columns,
        arms=arms,
        favours=favours,
        sources=sources,
        lights=lights,
        sort=sort,
        also=also,
        overall=overall,
        difference=difference,
        margins=margins,
        lines=lines,
        xlim=xlim,
        digits=digits,
        prediction=prediction,
        heterogeneity=heterogeneity,
        method=method,
    )
    if ax is None and layout.studies > MANY:
        warn(
            f"{layout.studies} studies make one long sheet. forest_pages() with the same options sets them on pages, "
            "each with its heads and its axis."
        )
    return draw(layout, chosen, ax, width, limits, extras)


def options_of(
    result: PooledEffect | Synthesis | Series,
    *,
    style: str | Style = "default",
    width: float | None = None,
    margins: float | tuple[float, float] | None = None,
    lines: Sequence[float] = (),
    xlim: tuple[float, float] | None = None,
    **options: Any,
) -> tuple[ForestLayout, Style, float | None, tuple[float, float], dict[str, Any]]:
    """What the options of `forest` come to: layout, style, width, axis and extras."""
    known = {field.name for field in fields(ForestOptions)}
    unknown = [name for name in options if name not in known]
    if unknown:
        names = ("style", "width", "margins", "lines", "xlim", *sorted(known))
        hint = did_you_mean(unknown[0], names)
        raise RequestError(f"{', '.join(unknown)}: no such option.{hint} There are: {', '.join(names)}.")
    requested = ForestOptions(**options)
    check_options(requested)
    require_choice("prediction", requested.prediction, PREDICTIONS)
    chosen = style_of(style)
    if isinstance(result, Series):
        layout = series_layout(result, chosen, requested)
    else:
        layout = forest_layout(result, chosen, requested)
    layout = layout.tidied()
    if not isinstance(style, Style):  # a record of one's own is taken as it is
        chosen = suited(chosen, layout.measure, layout.studies)
    zone = zone_of(margins, layout)
    layout = replace(layout, notes=(*layout.notes, *grounds(layout, zone, margins, requested.prediction)))
    extras = {
        "prediction": requested.prediction,
        "lines": numbers(lines, "lines", "a list of numbers"),
        "zone": zone,
    }
    return layout, chosen, width, limits_of(layout, xlim, zone), extras


@drawn
@known_options
def forest_pages(result: Drawable, *, height: float = 247.0, **options: Any) -> list[Axes]:
    """Draw a forest plot on as many pages as it takes, for `save` to put into one PDF.

    Parameters
    ----------
    result : any that `forest` draws
    height : float
        Greatest height of a page in millimetres; the default leaves A4 its margins.
    **options
        As in `forest`, but not `ax`.

    Returns
    -------
    list of Axes
        One a page, all of one width, with one axis and the same columns under heads of their own; a heading
        at the foot of a page goes to the next one, those of a group that goes on are said again, and the
        notes stand on the last.

    Raises
    ------
    RequestError
        As `forest`, or where not even ten rows fit on a page.

    Examples
    --------
    >>> import pdt_evidence as pdt
    >>> fit = pdt.pool([0.3] * 60 + [0.5] * 60, [0.04] * 120)
    >>> len(pdt.forest_pages(fit))
    3
    """
    layout, style, width, limits, extras = options_of(drawable(result), **options)
    whole = _alone(layout, style, width, limits)
    room = height * MM
    pages: list[Axes] = []
    start = 0
    while start < len(whole.rows):
        above = _running(whole.rows[:start], whole.rows[start].row)
        rows = [*above, *whole.rows[start:]]
        count = _fitting(whole, rows, room)
        last = count == len(rows)
        notes = whole.notes if last else ()
        page = replace(whole.with_rows(rows[:count]), notes=notes)
        pages.append(_drawn(_sheet_of(page), layout, page, limits, extras))
        start += count - len(above)
        while start < len(whole.rows) and whole.rows[start].row.kind == "gap":
            start += 1
    return pages


def _running(before: Sequence[PlacedRow], first: Row) -> list[PlacedRow]:
    """The headings of earlier pages under which a page begins."""
    available: list[PlacedRow] = []
    for placed in before:
        if placed.row.kind == "heading":
            available = [*available[: placed.row.indent], placed]
    return [placed for placed in available if placed.row.indent < first.indent]


def _fitting(whole: Placement, rows: Sequence[PlacedRow], room: float) -> int:
    """How many of these rows go on one page; headings stay with what they head, summaries with the last study."""
    from pdt_evidence.figures.forests.placement import FOOTROOM
    from pdt_evidence.figures.sheet.canvas import MARGIN

    page = whole.with_rows(rows)
    if page.height <= room - 2 * MARGIN:
        return len(rows)
    page = replace(page, notes=())  # they stand on the last page alone
    free = room - page.top - page.bottom - FOOTROOM * page.style.size - 2 * MARGIN
    count = sum(row.middle + row.height / 2 <= free for row in page.rows[:-1])
    while count and (rows[count - 1].row.kind in ("heading", "gap") or rows[count].row.kind in SUMMARY):
        count -= 1
    if count < min(10, len(rows)):
        raise RequestError(f"A page of {room / MM:.0f} mm has no room for ten rows. Give a greater height.")
    return count


def draw(
    layout: ForestLayout,
    style: Style,
    ax: Axes | None,
    width: float | None,
    ends: tuple[float, float],
    extras: Mapping[str, Any],
) -> Axes:
    """Place the layout and draw it, on `ax` or on a figure of its own."""
    from pdt_evidence.figures.sheet import canvas
    from pdt_evidence.figures.sheet.vector import Vector

    if isinstance(ax, Vector):
        return _written(ax, layout, _alone(layout, style, width, ends), ends, extras)
    if ax is None:
        placed = _alone(layout, style, width, ends)
        ax = _sheet_of(placed)
    else:
        plain_axes(ax)
        placed = place(layout, style, _share(layout, ends), ax.figure.dpi, *canvas.available(ax))
    return _drawn(ax, layout, placed, ends, extras)


def _alone(layout: ForestLayout, style: Style, width: float | None, limits: tuple[float, float]) -> Placement:
    """The places on a figure of its own."""
    from pdt_evidence.figures.sheet.canvas import DPI, MARGIN

    content = None if width is None else _content(width, MARGIN)
    return place(layout, style, _share(layout, limits), DPI, content, margin=MARGIN)


def _sheet_of(placed: Placement) -> Axes:
    """New Axes that hold just this."""
    from pdt_evidence.figures.sheet.canvas import new_axes

    return new_axes(placed.width, placed.height, placed.style.paper)


def _drawn(
    ax: Axes,
    layout: ForestLayout,
    placed: Placement,
    limits: tuple[float, float],
    extras: Mapping[str, Any],
) -> Axes:
    """What is placed, as marks and text."""
    from pdt_evidence.figures.forests import paint, panel
    from pdt_evidence.figures.sheet.beside_plot import Sheet

    panel.prepare(ax, layout, placed, limits)
    sheet = Sheet(ax, placed.face, placed.style)
    paint.write_all(sheet, placed)
    panel.draw_all(sheet, layout, placed, limits, panel.Extras(**extras))
    locate: Any = ax.get_axes_locator()
    ax.apply_aspect(locate(ax, None))  # so that it is in place before it is first drawn
    return ax


def _written(
    sheet: Vector,
    layout: ForestLayout,
    placed: Placement,
    limits: tuple[float, float],
    extras: Mapping[str, Any],
) -> Any:
    """What is placed, on a sheet that is an SVG alone."""
    from pdt_evidence.figures.forests import paint, panel

    plot, sides = (placed.panel, placed.body), (placed.left, placed.right, placed.top, placed.bottom)
    ticks = panel.tick_marks(layout, placed, limits)
    sheet.lay(placed.face, placed.style, plot, sides, layout.scale, limits, ticks)
    paint.write_all(sheet, placed)
    panel.draw_all(sheet, layout, placed, limits, panel.Extras(**extras))
    return sheet


def _content(width: float, margin: float) -> float:
    if not (math.isfinite(millimetres(width, "width")) and 40 <= width <= 2000):
        raise RequestError(f"width = {width!r} is not a width. Give millimetres, from 40 to 2000.")
    return width * MM - 2 * margin


def _share(layout: ForestLayout, limits: tuple[float, float]) -> float:
    """How far across the plot the line of no effect stands, at its edge where it is out of sight."""
    low, high, null = (float(value) for value in layout.scale.place([*limits, layout.scale.null]))
    return min(max((null - low) / (high - low), 0.0), 1.0)
